/*
 * "help" as an option's argument: what there is, read from the types.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/startup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "accel/accel.h"
#include "backend/block.h"
#include "backend/fs.h"
#include "backend/net.h"
#include "config-host.h"
#include "qom/user-creatable.h"
#include "system/chardev.h"
#include "util/keyval.h"
#include "util/log.h"

static bool is_help(const char *text)
{
    return !strcmp(text, "help") || !strcmp(text, "?");
}

/* "NAME,...,help": the name, g_free(); NULL if this asks for no such help. */
static char *help_subject(const char *text)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "type", true, NULL);
    const char *type = kv ? keyval_get(kv, "type") : NULL;

    return type && keyval_get(kv, "help") ? g_strdup(type) : NULL;
}

static void add_line(GString *out, const char *name, const char *desc)
{
    if (desc) {
        g_string_append_printf(out, "  %-24s %s\n", name, desc);
    } else {
        g_string_append_printf(out, "  %s\n", name);
    }
}

/* A type's name without what all types of its kind share; g_free(). */
static char *short_name(const ObjectClass *k, const char *prefix, const char *suffix)
{
    const char *name = object_class_name(k);
    size_t len;

    name += g_str_has_prefix(name, prefix) ? strlen(prefix) : 0;
    len = strlen(name);
    len -= g_str_has_suffix(name, suffix) ? strlen(suffix) : 0;
    return g_strndup(name, len);
}

/* The concrete types of a base. */
static void list_types(GString *out, const char *base, const char *prefix, const char *suffix)
{
    g_autoptr(GPtrArray) list = object_class_list(base, false);

    for (guint i = 0; i < list->len; i++) {
        ObjectClass *k = g_ptr_array_index(list, i);
        g_autofree char *shown = short_name(k, prefix, suffix);

        add_line(out, shown, object_class_desc(k));
    }
}

static void class_help(GString *out, const char *title, ObjectClass *k)
{
    g_string_append_printf(out, "%s:\n", title);
    object_property_help(k, out);
}

/* The properties of PREFIX + name + SUFFIX, or an error by way of object_new(). */
static bool type_help(GString *out, const char *what, const char *name, const char *prefix,
                      const char *suffix, const char *base, Error **errp)
{
    g_autofree char *type = g_strconcat(prefix, name, suffix, NULL);
    g_autofree char *title = g_strdup_printf("properties of %s '%s'", what, name);
    g_autoptr(GPtrArray) list = NULL;
    const char *near;
    ObjectClass *k = object_class_by_name(type);

    if (k && object_class_is(k, base) && !object_class_is_abstract(k)) {
        class_help(out, title, k);
        return true;
    }
    list = object_class_list(base, false);
    for (guint i = 0; i < list->len; i++) {
        list->pdata[i] = short_name(list->pdata[i], prefix, suffix);
    }
    g_ptr_array_set_free_func(list, g_free);
    g_ptr_array_add(list, NULL);
    near = nearest_name(name, (const char *const *)list->pdata);
    if (near) {
        error_setg(errp, "no %s '%s' (did you mean '%s'?)", what, name, near);
    } else {
        error_setg(errp, "no %s '%s' ('help' lists all)", what, name);
    }
    return false;
}

static void machines_help(GString *out)
{
    g_autoptr(GPtrArray) list = object_class_list(TYPE_MACHINE, false);

    g_string_append(out, "machines:\n");
    for (guint i = 0; i < list->len; i++) {
        MachineClass *mc = MACHINE_CLASS(list->pdata[i]);

        add_line(out, mc->name, mc->desc);
    }
}

static const struct {
    DeviceCategory category;
    const char *title;
} categories[] = {
    { DEVICE_CATEGORY_STORAGE, "storage devices" }, { DEVICE_CATEGORY_NETWORK, "network devices" },
    { DEVICE_CATEGORY_INPUT, "input devices" },     { DEVICE_CATEGORY_DISPLAY, "display devices" },
    { DEVICE_CATEGORY_USB, "USB devices" },         { DEVICE_CATEGORY_BRIDGE, "bridges" },
    { DEVICE_CATEGORY_CPU, "CPUs" },        { DEVICE_CATEGORY_MISC, "other devices" },
};

static void devices_help(GString *out)
{
    g_autoptr(GPtrArray) list = object_class_list(TYPE_DEVICE, false);

    for (size_t c = 0; c < G_N_ELEMENTS(categories); c++) {
        bool titled = false;

        for (guint i = 0; i < list->len; i++) {
            DeviceClass *dc = DEVICE_CLASS(list->pdata[i]);

            if (!dc->user_creatable || dc->category != categories[c].category) {
                continue;
            }
            if (!titled) {
                g_string_append_printf(out, "%s:\n", categories[c].title);
                titled = true;
            }
            add_line(out, object_class_name(&dc->parent_class),
                     object_class_desc(&dc->parent_class));
        }
    }
}

static void log_help(GString *out)
{
    g_string_append(out, "log items:\n");
    for (const LogItem *it = log_items; it->name; it++) {
        add_line(out, it->name, it->help);
    }
}

/* Drives, netdevs and chardevs have options of their own. */
static void objects_help(GString *out)
{
    g_autoptr(GPtrArray) list = object_class_list(TYPE_USER_CREATABLE, false);

    g_string_append(out, "object types:\n");
    for (guint i = 0; i < list->len; i++) {
        ObjectClass *k = g_ptr_array_index(list, i);

        if (!object_class_is(k, TYPE_CHARDEV) && !object_class_is(k, TYPE_NETDEV) &&
            !object_class_is(k, TYPE_BLOCK_BACKEND) && !object_class_is(k, TYPE_FS_BACKEND)) {
            add_line(out, object_class_name(k), object_class_desc(k));
        }
    }
}

/* One row per option whose argument may ask for help. */
typedef struct HelpRow {
    const char *option;
    size_t list_offset; /* GPtrArray * in Options */
    const char *title, *base, *prefix, *suffix, *what;
    void (*list)(GString *out); /* instead of the types of `base` */
} HelpRow;

static const HelpRow rows[] = {
    { "M", offsetof(Options, machine), "machines", TYPE_MACHINE, "", MACHINE_TYPE_SUFFIX,
      "machine", machines_help },
    { "accel", offsetof(Options, accel), "accelerators", TYPE_ACCEL, "", ACCEL_TYPE_SUFFIX,
      "accelerator", accel_help },
    { "device", offsetof(Options, device), "devices", TYPE_DEVICE, "", "", "device type",
      devices_help },
    { "netdev", offsetof(Options, netdev), "network types", TYPE_NETDEV, "netdev-", "",
      "network type" },
    { "nic", offsetof(Options, nic), "network types", TYPE_NETDEV, "netdev-", "",
      "network type" },
    { "chardev", offsetof(Options, chardev), "chardev backends", TYPE_CHARDEV,
      CHARDEV_TYPE_PREFIX, "", "chardev backend" },
    { "fsdev", offsetof(Options, fsdev), "shared directory types", TYPE_FS_BACKEND, "fsdev-", "",
      "fsdev type" },
    { "virtfs", offsetof(Options, virtfs), "shared directory types", TYPE_FS_BACKEND, "fsdev-", "",
      "fsdev type" },
    { "object", offsetof(Options, object), "object types", TYPE_USER_CREATABLE, "", "",
      "object type", objects_help },
};

/* 1: printed, 0: no help asked for, -1: error. */
static int help_of_row(const Options *o, const HelpRow *row, GString *out, Error **errp)
{
    GPtrArray *texts = *(GPtrArray *const *)((const char *)o + row->list_offset);

    for (guint i = 0; i < texts->len; i++) {
        const char *text = g_ptr_array_index(texts, i);
        g_autofree char *subject = NULL;

        if (is_help(text)) {
            if (row->list) {
                row->list(out);
            } else {
                g_string_append_printf(out, "%s:\n", row->title);
                list_types(out, row->base, row->prefix, row->suffix);
            }
            return 1;
        }
        subject = help_subject(text);
        if (subject) {
            if (!type_help(out, row->what, subject, row->prefix, row->suffix, row->base, errp)) {
                option_prepend(errp, row->option, text);
                return -1;
            }
            return 1;
        }
    }
    return 0;
}

/* CPU models belong to a machine; without -M, to the first there is. */
static int cpu_help(const Options *o, GString *out, Error **errp)
{
    g_autofree char *subject = o->cpu ? help_subject(o->cpu) : NULL;
    g_autofree char *suffix = NULL;
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(KeyVals) props = NULL;
    MachineClass *mc = NULL;

    if (!o->cpu || (!is_help(o->cpu) && !subject)) {
        return 0;
    }
    list = object_class_list(TYPE_MACHINE, false);
    if (o->machine->len) {
        mc = machine_choose(o, &props, errp);
    } else if (list->len) {
        mc = MACHINE_CLASS(list->pdata[0]);
    }
    if (!mc) {
        return -1;
    }
    suffix = g_strconcat("-", mc->cpu_type, NULL);
    if (!subject) {
        g_string_append(out, "CPU models:\n");
        list_types(out, mc->cpu_type, "", suffix);
        return 1;
    }
    if (!type_help(out, "CPU model", subject, "", suffix, mc->cpu_type, errp)) {
        option_prepend(errp, "cpu", o->cpu);
        return -1;
    }
    return 1;
}

static int drive_help(const Options *o, GString *out)
{
    for (guint i = 0; i < o->drive->len; i++) {
        if (is_help(g_ptr_array_index(o->drive, i))) {
            g_string_append(out, "properties of -drive:\n");
            add_line(out, "if=<none|virtio|pflash>", "what it is connected to (default: virtio)");
            add_line(out, "id=<str>", "name, for drive= of -device");
            object_property_help(object_class_by_name(TYPE_BLOCK_DRIVE), out);
            return 1;
        }
    }
    return 0;
}

static int blockdev_help(const Options *o, GString *out)
{
    for (guint i = 0; i < o->blockdev->len; i++) {
        const char *text = g_ptr_array_index(o->blockdev, i);
        g_autofree char *subject = help_subject(text);

        if (is_help(text) || subject) {
            g_string_append(out, "properties of -blockdev:\n");
            add_line(out, "node-name=<str>", "name, for drive= of -device and file= of another");
            object_property_help(object_class_by_name(TYPE_BLOCK_NODE), out);
            return 1;
        }
    }
    return 0;
}

static bool asks_help(const GPtrArray *texts)
{
    for (guint i = 0; i < texts->len; i++) {
        if (is_help(texts->pdata[i])) {
            return true;
        }
    }
    return false;
}

/* 1: out holds help, 0: no help asked for, -1: error. */
static int collect_help(const Options *o, GString *out, Error **errp)
{
    int r = 0;

    if (o->help) {
        options_help(out);
        return 1;
    }
    if (o->version) {
        g_string_append(out, "Vireo version " VIREO_VERSION "\n");
        return 1;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows) && !r; i++) {
        r = help_of_row(o, &rows[i], out, errp);
    }
    if (!r) {
        r = cpu_help(o, out, errp);
    }
    if (!r) {
        r = drive_help(o, out);
    }
    if (!r) {
        r = blockdev_help(o, out);
    }
    if (!r && (asks_help(o->serial) || asks_help(o->monitor))) {
        g_string_append(out, "forms of -serial and -monitor:\n");
        chardev_forms_help(out);
        r = 1;
    }
    if (!r && o->display && is_help(o->display)) {
        g_string_append(out, "displays:\n");
        add_line(out, "none", "no picture (default)");
        add_line(out, "vnc=HOST:DISPLAY", "for VNC clients, as -vnc");
        r = 1;
    }
    if (!r && asks_help(o->vnc)) {
        g_string_append(out, "forms of -vnc:\n");
        add_line(out, "HOST:DISPLAY[,KEY=...]", "TCP port 5900 + DISPLAY, or one of the next (to=)");
        add_line(out, "unix:PATH[,KEY=...]", "a local socket");
        g_string_append(out, "keys: id, to, password, password-secret, share, display, head\n");
        r = 1;
    }
    if (!r && asks_help(o->numa)) {
        g_string_append(out, "kinds of -numa:\n");
        add_line(out, "node", "nodeid=, mem= or memdev=, cpus=FIRST-LAST, initiator=");
        add_line(out, "dist", "src=, dst=, val=");
        add_line(out, "cpu", "node-id=, core-id=");
        r = 1;
    }
    if (!r && o->log_items && is_help(o->log_items)) {
        log_help(out);
        r = 1;
    }
    return r;
}

bool help_requested(const Options *o, bool *ok, Error **errp)
{
    g_autoptr(GString) out = g_string_new(NULL);
    int r = collect_help(o, out, errp);

    *ok = r >= 0;
    if (r > 0) {
        *ok = fputs(out->str, stdout) >= 0 && fflush(stdout) == 0;
        if (!*ok) {
            error_setg_errno(errp, errno, "cannot write to the standard output");
        }
    }
    return r != 0;
}
