/*
 * -object, -chardev, -drive, -netdev, -nic, -fsdev, -virtfs: the host's side of devices.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/startup.h"

#include <inttypes.h>
#include <string.h>

#include "backend/block.h"
#include "backend/fs.h"
#include "backend/net.h"
#include "qom/user-creatable.h"
#include "system/drives.h"
#include "system/chardev.h"
#include "util/keyval.h"

#define NETDEV_TYPE_PREFIX "netdev-"
#define FSDEV_TYPE_PREFIX "fsdev-"

typedef struct BackendContext {
    const Options *options;
    MachineClass *mc;
    GPtrArray *devices; /* ImpliedDevice */
    const char *net_card, *net_host; /* the two halves of -net */
} BackendContext;

void implied_device_free(gpointer data)
{
    ImpliedDevice *d = data;

    g_free(d->text);
    g_free(d->device);
    g_free(d);
}

/* Takes `device`. */
static void imply(BackendContext *c, const char *option, const char *text, char *device)
{
    ImpliedDevice *d = g_new(ImpliedDevice, 1);

    *d = (ImpliedDevice){ .option = option, .text = g_strdup(text), .device = device };
    g_ptr_array_add(c->devices, d);
}

/* A value as a part of option text: its commas doubled. */
static char *quote(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);

    return g_strjoinv(",,", parts);
}

/* Suggests one of `names`, to which the final NULL is added here. */
static bool unknown_name(const char *what, const char *name, GPtrArray *names, Error **errp)
{
    g_autofree char *all = NULL;
    const char *near;

    g_ptr_array_add(names, NULL);
    near = nearest_name(name, (const char *const *)names->pdata);
    all = g_strjoinv(", ", (char **)names->pdata);
    if (near) {
        error_setg(errp, "no %s '%s' (did you mean '%s'?)", what, name, near);
    } else if (*all) {
        error_setg(errp, "no %s '%s' (there are: %s)", what, name, all);
    } else {
        error_setg(errp, "no %s '%s': none is built in", what, name);
    }
    return false;
}

static bool no_such_netdev(const char *name, Error **errp)
{
    g_autoptr(GPtrArray) list = object_class_list(TYPE_NETDEV, false);

    for (guint i = 0; i < list->len; i++) {
        list->pdata[i] = (char *)object_class_name(list->pdata[i]) + strlen(NETDEV_TYPE_PREFIX);
    }
    return unknown_name("network type", name, list, errp);
}

static bool is_concrete(const char *type, const char *base)
{
    ObjectClass *k = object_class_by_name(type);

    return k && object_class_is(k, base) && !object_class_is_abstract(k);
}

/* ---- -object ---- */

/* Drives, netdevs and chardevs have options of their own, which put them where links look. */
static bool is_plain_object(const ObjectClass *k)
{
    return object_class_is(k, TYPE_USER_CREATABLE) && !object_class_is_abstract(k) &&
           !object_class_is(k, TYPE_CHARDEV) && !object_class_is(k, TYPE_NETDEV) &&
           !object_class_is(k, TYPE_BLOCK_BACKEND) && !object_class_is(k, TYPE_FS_BACKEND);
}

static bool no_such_object(const char *type, Error **errp)
{
    g_autoptr(GPtrArray) list = object_class_list(TYPE_USER_CREATABLE, false);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < list->len; i++) {
        if (is_plain_object(list->pdata[i])) {
            g_ptr_array_add(names, (char *)object_class_name(list->pdata[i]));
        }
    }
    return unknown_name("object type", type, names, errp);
}

/* Whether it needs what other options make. */
static bool is_late(const char *text)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "qom-type", false, NULL);
    const char *type = kv ? keyval_get(kv, "qom-type") : NULL;
    ObjectClass *k = type ? object_class_by_name(type) : NULL;

    return k && is_plain_object(k) && user_creatable_is_late(k);
}

static bool make_object(const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "qom-type", false, errp);
    const char *type, *id;
    ObjectClass *k;

    if (!kv) {
        return false;
    }
    type = keyval_take(kv, "qom-type");
    id = keyval_take(kv, "id");
    k = type ? object_class_by_name(type) : NULL;
    if (!k || !is_plain_object(k)) {
        return no_such_object(type ? type : "", errp);
    }
    if (!id || !*id) {
        error_setg(errp, "'id' is missing (id=NAME)");
        return false;
    }
    return user_creatable_new(type, "/objects", id, kv, errp) != NULL;
}

static bool object_option(BackendContext *c, const char *text, Error **errp)
{
    return is_late(text) || make_object(text, errp);
}

static bool late_object_option(BackendContext *c, const char *text, Error **errp)
{
    return !is_late(text) || make_object(text, errp);
}

/* ---- -chardev ---- */

static bool chardev_option(BackendContext *c, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "backend", true, errp);

    return kv && chardev_new(kv, errp);
}

/* ---- -drive ---- */

static char *free_id(const char *container, const char *stem)
{
    Object *c = object_container(container);

    for (unsigned n = 0;; n++) {
        char *id = g_strdup_printf("%s%u", stem, n);

        if (!object_child(c, id)) {
            return id;
        }
        g_free(id);
    }
}

/* Gives the drive to the flash bank that unit= or index= says, else to the first without one. */
static bool attach_flash(const char *id, const char *unit, Error **errp)
{
    MachineState *ms = current_machine();
    uint64_t n = 0;

    if (unit && !parse_u64("unit", unit, 0, UINT32_MAX, &n, errp)) {
        return false;
    }
    for (;; n++) {
        g_autofree char *prop = g_strdup_printf("pflash%" PRIu64, n);
        g_autofree char *now = NULL;

        if (!object_property_find(ms->parent_obj.klass, prop)) {
            error_setg(errp, n ? "the board has no flash bank %" PRIu64
                               : "the board has no flash bank", n);
            return false;
        }
        now = object_property_get_str(ms, prop, NULL);
        if (!now || !*now) {
            return object_property_set_str(ms, prop, id, errp);
        }
        if (unit) {
            error_setg(errp, "flash bank %" PRIu64 " has drive '%s' already", n, now);
            return false;
        }
    }
}

static bool drive_option(BackendContext *c, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, NULL, false, errp);
    const char *interface, *id, *unit, *index;
    g_autofree char *made_id = NULL, *quoted = NULL;
    bool attach, flash;

    if (!kv) {
        if (errp && !strchr(text, '=')) {
            g_clear_pointer(errp, error_free);
            error_setg(errp, "'%s' has no key (a file is given as file=%s)", text, text);
        }
        return false;
    }
    interface = keyval_take(kv, "if");
    id = keyval_take(kv, "id");
    index = keyval_take(kv, "index"); /* of flash banks; other disks come in order */
    flash = interface && !strcmp(interface, "pflash");
    unit = flash ? keyval_take(kv, "unit") : NULL;
    if (interface && !flash && strcmp(interface, "none") && strcmp(interface, "virtio")) {
        error_setg(errp, "if=%s is not supported (there are: none, virtio, pflash)", interface);
        return false;
    }
    attach = !interface || !strcmp(interface, "virtio");
    if (id && !*id) {
        error_setg(errp, "'id' must not be empty");
        return false;
    }
    if (!drive_check_keys(kv, c->options && c->options->snapshot, errp)) {
        return false;
    }
    if (!id) {
        id = made_id = free_id("/drives", attach ? "virtio" : flash ? "pflash" : "none");
    }
    if (attach && !c->mc->block_if_virtio) {
        error_setg(errp, "board '%s' has no default disk device: use if=none and -device",
                   c->mc->name);
        return false;
    }
    if (!user_creatable_new(TYPE_BLOCK_DRIVE, "/drives", id, kv, errp)) {
        return false;
    }
    if (flash) {
        return attach_flash(id, unit ? unit : index, errp);
    }
    if (attach) {
        quoted = quote(id);
        imply(c, "drive", text, g_strdup_printf("%s,drive=%s", c->mc->block_if_virtio, quoted));
    }
    return true;
}

static bool blockdev_option(BackendContext *c, const char *text, Error **errp)
{
    return blockdev_new(text, errp);
}

/* ---- -netdev and -nic ---- */

static bool netdev_new(KeyVals *kv, const char *type, const char *id, Error **errp)
{
    g_autofree char *full = g_strconcat(NETDEV_TYPE_PREFIX, type, NULL);

    if (!is_concrete(full, TYPE_NETDEV)) {
        return no_such_netdev(type, errp);
    }
    return user_creatable_new(full, "/netdevs", id, kv, errp) != NULL;
}

static bool netdev_option(BackendContext *c, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "type", false, errp);
    const char *type, *id;

    if (!kv) {
        return false;
    }
    type = keyval_take(kv, "type");
    id = keyval_take(kv, "id");
    if (!id || !*id) {
        error_setg(errp, "'id' is missing (id=NAME)");
        return false;
    }
    return netdev_new(kv, type ? type : "", id, errp);
}

static bool nic_option(BackendContext *c, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "type", false, errp);
    const char *type, *model, *mac;
    g_autofree char *id = NULL;
    GString *dev;

    if (!kv) {
        return false;
    }
    type = keyval_take(kv, "type");
    if (type && !strcmp(type, "none")) {
        return keyval_check_used(kv, (const char *const[]){ "type", NULL }, errp);
    }
    model = keyval_take(kv, "model");
    mac = keyval_take(kv, "mac");
    if (!model) {
        model = c->mc->default_nic;
    } else if (!strcmp(model, "virtio")) {
        model = "virtio-net-pci";
    }
    if (!model) {
        error_setg(errp, "board '%s' has no default network card: give model=", c->mc->name);
        return false;
    }
    id = g_strdup(keyval_take(kv, "id"));
    if (!id) {
        id = free_id("/netdevs", "nic");
    }
    if (!netdev_new(kv, type ? type : "", id, errp)) {
        return false;
    }
    dev = g_string_new(NULL);
    g_string_printf(dev, "%s,netdev=%s", model, id);
    if (mac) {
        g_string_append_printf(dev, ",mac=%s", mac);
    }
    imply(c, "nic", text, g_string_free(dev, FALSE));
    return true;
}

/* ---- -fsdev and -virtfs ---- */

static bool fsdev_new(KeyVals *kv, const char *id, Error **errp)
{
    const char *type = keyval_take(kv, "fsdriver");
    g_autofree char *full = g_strconcat(FSDEV_TYPE_PREFIX, type ? type : "", NULL);

    if (!is_concrete(full, TYPE_FS_BACKEND)) {
        g_autoptr(GPtrArray) list = object_class_list(TYPE_FS_BACKEND, false);

        for (guint i = 0; i < list->len; i++) {
            list->pdata[i] = (char *)object_class_name(list->pdata[i]) + strlen(FSDEV_TYPE_PREFIX);
        }
        return unknown_name("fsdev type", type ? type : "", list, errp);
    }
    return user_creatable_new(full, FSDEV_CONTAINER, id, kv, errp) != NULL;
}

static bool fsdev_option(BackendContext *c, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "fsdriver", false, errp);
    const char *id = kv ? keyval_take(kv, "id") : NULL;

    if (!kv) {
        return false;
    }
    if (!id || !*id) {
        error_setg(errp, "'id' is missing (id=NAME)");
        return false;
    }
    return fsdev_new(kv, id, errp);
}

static bool virtfs_option(BackendContext *c, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "fsdriver", false, errp);
    const char *id = kv ? keyval_take(kv, "id") : NULL;
    const char *tag = kv ? keyval_take(kv, "mount_tag") : NULL;
    g_autofree char *quoted_id = NULL, *quoted_tag = NULL;

    if (!kv) {
        return false;
    }
    if (!tag || !*tag) {
        error_setg(errp, "'mount_tag' is missing: the name that the guest mounts");
        return false;
    }
    if (!fsdev_new(kv, id && *id ? id : tag, errp)) {
        return false;
    }
    quoted_id = quote(id && *id ? id : tag);
    quoted_tag = quote(tag);
    imply(c, "virtfs", text, g_strdup_printf("virtio-9p-device,fsdev=%s,mount_tag=%s", quoted_id,
                                             quoted_tag));
    return true;
}

/* ---- -net: the old form of -nic, a card and a network as two options ---- */

static bool net_option(BackendContext *c, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "type", false, errp);
    const char *type = kv ? keyval_take(kv, "type") : NULL;
    const char **half;

    if (!kv) {
        return false;
    }
    if (type && !strcmp(type, "none")) {
        return keyval_check_used(kv, (const char *const[]){ "type", NULL }, errp);
    }
    half = type && !strcmp(type, "nic") ? &c->net_card : &c->net_host;
    if (*half) {
        error_setg(errp, "-net makes one card with one network (-nic and -netdev make more)");
        return false;
    }
    *half = text;
    return true;
}

static bool net_pair(BackendContext *c, Error **errp)
{
    g_autoptr(KeyVals) kv = NULL;
    g_autoptr(GString) nic = NULL;
    const char *model, *mac;
    bool ok;

    if (!c->net_card || !c->net_host) {
        if (c->net_card || c->net_host) {
            error_setg(errp, "%s is missing beside it (-nic makes both at once)",
                       c->net_card ? "-net TYPE, such as -net user," : "-net nic");
            option_prepend(errp, "net", c->net_card ? c->net_card : c->net_host);
        }
        return !c->net_card && !c->net_host;
    }
    kv = keyval_parse_list(c->net_card, "type", false, errp);
    keyval_take(kv, "type");
    model = keyval_take(kv, "model");
    mac = keyval_take(kv, "macaddr");
    ok = keyval_check_used(kv, (const char *const[]){ "type", "model", "macaddr", NULL }, errp);
    if (!ok) {
        option_prepend(errp, "net", c->net_card);
        return false;
    }
    nic = g_string_new(c->net_host);
    if (model) {
        g_string_append_printf(nic, ",model=%s", model);
    }
    if (mac) {
        g_string_append_printf(nic, ",mac=%s", mac);
    }
    if (!nic_option(c, nic->str, errp)) {
        option_prepend(errp, "net", c->net_host);
        return false;
    }
    return true;
}

static bool each(BackendContext *c, GPtrArray *texts, const char *option,
                 bool (*fn)(BackendContext *, const char *, Error **), Error **errp)
{
    for (guint i = 0; i < texts->len; i++) {
        if (!fn(c, g_ptr_array_index(texts, i), errp)) {
            option_prepend(errp, option, g_ptr_array_index(texts, i));
            return false;
        }
    }
    return true;
}

bool backends_create(const Options *o, MachineClass *mc, GPtrArray *devices, Error **errp)
{
    BackendContext c = { .options = o, .mc = mc, .devices = devices };

    return each(&c, o->object, "object", object_option, errp) &&
           each(&c, o->chardev, "chardev", chardev_option, errp) &&
           each(&c, o->blockdev, "blockdev", blockdev_option, errp) &&
           each(&c, o->drive, "drive", drive_option, errp) &&
           each(&c, o->netdev, "netdev", netdev_option, errp) &&
           each(&c, o->net, "net", net_option, errp) && net_pair(&c, errp) &&
           each(&c, o->nic, "nic", nic_option, errp) &&
           each(&c, o->fsdev, "fsdev", fsdev_option, errp) &&
           each(&c, o->virtfs, "virtfs", virtfs_option, errp) &&
           each(&c, o->object, "object", late_object_option, errp);
}

/* ---- While the machine runs ---- */

static bool any_object_option(BackendContext *c, const char *text, Error **errp)
{
    return make_object(text, errp);
}

static const struct {
    const char *option, *container;
    bool (*add)(BackendContext *c, const char *text, Error **errp);
} hot[] = {
    { "object", "/objects", any_object_option },
    { "chardev", "/chardevs", chardev_option },
    { "netdev", "/netdevs", netdev_option },
};

static int hot_row(const char *option)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hot); i++) {
        if (g_str_equal(hot[i].option, option)) {
            return (int)i;
        }
    }
    g_assert_not_reached();
}

bool backend_hot_add(const char *option, const char *text, Error **errp)
{
    BackendContext c = { .mc = MACHINE_GET_CLASS(current_machine()) };

    return hot[hot_row(option)].add(&c, text, errp);
}

bool backend_hot_del(const char *option, const char *id, Error **errp)
{
    const char *container = hot[hot_row(option)].container;

    if (!object_child(object_container(container), id)) {
        error_setg(errp, "there is no %s '%s'", option, id);
        return false;
    }
    return user_creatable_delete(container, id, errp);
}
