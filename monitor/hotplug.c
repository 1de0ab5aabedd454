/*
 * Monitor commands that add, remove and change what the machine is made of.
 * SPDX-License-Identifier: MIT
 */
#include "monitor/internal.h"

#include <inttypes.h>
#include <string.h>

#include "system/chardev.h"
#include "system/net.h"
#include "system/startup.h"
#include "util/keyval.h"

/* Says what went wrong, if anything did; takes err. */
static void report(Monitor *mon, Error *err)
{
    if (err) {
        monitor_printf(mon, "Error: %s\n", error_get_pretty(err));
        error_free(err);
    }
}

/* Commands of one argument that must be there. */
static bool need(Monitor *mon, const char *args, const char *what)
{
    if (!*args) {
        monitor_printf(mon, "Error: %s is missing\n", what);
    }
    return *args != 0;
}

void monitor_cmd_device_add(Monitor *mon, const char *args)
{
    Error *err = NULL;

    if (need(mon, args, "the device type")) {
        device_hot_add(args, &err);
        report(mon, err);
    }
}

void monitor_cmd_device_del(Monitor *mon, const char *args)
{
    Error *err = NULL;

    if (need(mon, args, "the id")) {
        device_hot_del(args, &err);
        report(mon, err);
    }
}

static void backend_add(Monitor *mon, const char *option, const char *args)
{
    Error *err = NULL;

    if (need(mon, args, "the type")) {
        backend_hot_add(option, args, &err);
        report(mon, err);
    }
}

static void backend_del(Monitor *mon, const char *option, const char *args)
{
    Error *err = NULL;

    if (need(mon, args, "the id")) {
        backend_hot_del(option, args, &err);
        report(mon, err);
    }
}

void monitor_cmd_netdev_add(Monitor *mon, const char *args)
{
    backend_add(mon, "netdev", args);
}

void monitor_cmd_netdev_del(Monitor *mon, const char *args)
{
    backend_del(mon, "netdev", args);
}

void monitor_cmd_object_add(Monitor *mon, const char *args)
{
    backend_add(mon, "object", args);
}

void monitor_cmd_object_del(Monitor *mon, const char *args)
{
    backend_del(mon, "object", args);
}

void monitor_cmd_chardev_add(Monitor *mon, const char *args)
{
    backend_add(mon, "chardev", args);
}

void monitor_cmd_chardev_remove(Monitor *mon, const char *args)
{
    backend_del(mon, "chardev", args);
}

/* ---- Character devices ---- */

static Chardev *find_chardev(Monitor *mon, const char *id)
{
    Object *obj = id ? object_child(object_container(CHARDEV_CONTAINER), id) : NULL;

    if (!obj) {
        monitor_printf(mon, "Error: there is no chardev '%s'\n", id ? id : "");
    }
    return obj ? CHARDEV(obj) : NULL;
}

void monitor_cmd_chardev_send_break(Monitor *mon, const char *args)
{
    Chardev *chr = find_chardev(mon, args);

    if (chr) {
        chardev_send_break(chr);
    }
}

static Chardev *find_ringbuf(Monitor *mon, const char *id)
{
    Chardev *chr = find_chardev(mon, id);

    if (chr && !object_dynamic_cast(chr, TYPE_CHARDEV_RINGBUF)) {
        monitor_printf(mon, "Error: chardev '%s' is no ringbuf\n", id);
        return NULL;
    }
    return chr;
}

void monitor_cmd_ringbuf_write(Monitor *mon, const char *args)
{
    g_autofree char *id = monitor_next_word(&args);
    Chardev *chr = find_ringbuf(mon, id);

    if (chr) {
        chr_write(chr, (const uint8_t *)args, strlen(args));
    }
}

void monitor_cmd_ringbuf_read(Monitor *mon, const char *args)
{
    g_autofree char *id = monitor_next_word(&args);
    g_autofree uint8_t *buf = NULL;
    Chardev *chr = find_ringbuf(mon, id);
    Error *err = NULL;
    uint64_t want;
    size_t n;

    if (!chr) {
        return;
    }
    if (!parse_u64("size", args, 1, 65536, &want, &err)) {
        report(mon, err);
        return;
    }
    buf = g_malloc(want);
    n = chardev_ringbuf_read(chr, buf, want);
    for (size_t i = 0; i < n; i++) { /* what a terminal would take as a command is shown as a code */
        if ((buf[i] < ' ' && buf[i] != '\n' && buf[i] != '\t') || buf[i] >= 127) {
            monitor_printf(mon, "\\x%02x", buf[i]);
        } else {
            monitor_write(mon, (const char *)&buf[i], 1);
        }
    }
    monitor_printf(mon, "\n");
}

/* ---- Host forwarding of -netdev user ---- */

/* "[netdev] rule": without a name, the only user network there is. */
static Object *forwarding_netdev(Monitor *mon, const char **args)
{
    Object *c = object_container("/netdevs"), *found = NULL;
    g_autofree char *first = monitor_next_word(args);
    unsigned n = 0;

    if (first && **args) {
        found = object_child(c, first);
        if (!found || !object_dynamic_cast(found, "netdev-user")) {
            monitor_printf(mon, "Error: there is no user network '%s'\n", first);
            return NULL;
        }
        return found;
    }
    for (guint i = 0; c->children && i < c->children->len; i++) {
        if (object_dynamic_cast(c->children->pdata[i], "netdev-user")) {
            found = c->children->pdata[i];
            n++;
        }
    }
    if (n != 1) {
        monitor_printf(mon, n ? "Error: there are several user networks: name one\n"
                              : "Error: there is no user network\n");
        return NULL;
    }
    return found;
}

static void forward(Monitor *mon, const char *args,
                    bool (*fn)(NetBackend *, const char *, Error **))
{
    g_autofree char *all = g_strdup(args);
    const char *rule = args;
    Object *netdev;
    Error *err = NULL;

    if (!need(mon, args, "the rule")) {
        return;
    }
    netdev = forwarding_netdev(mon, &rule);
    if (netdev) {
        fn(NETDEV(netdev), *rule ? rule : all, &err);
        report(mon, err);
    }
}

void monitor_cmd_hostfwd_add(Monitor *mon, const char *args)
{
    forward(mon, args, net_hostfwd_add);
}

void monitor_cmd_hostfwd_remove(Monitor *mon, const char *args)
{
    forward(mon, args, net_hostfwd_remove);
}

/* ---- Properties of any object ---- */

static Object *find_object(Monitor *mon, const char *path)
{
    Object *obj = path ? object_resolve_path(path) : NULL;

    if (!obj) {
        monitor_printf(mon, "Error: there is no object '%s'\n", path ? path : "");
    }
    return obj;
}

void monitor_cmd_qom_list(Monitor *mon, const char *args)
{
    Object *obj = find_object(mon, *args ? args : "/");
    g_autofree const char **props = NULL;

    if (!obj) {
        return;
    }
    props = object_property_names(obj->klass);
    for (size_t i = 0; props[i]; i++) {
        const Property *p = object_property_find(obj->klass, props[i]);

        monitor_printf(mon, "%s (%s)\n", props[i], p->type->name);
    }
    for (guint i = 0; obj->children && i < obj->children->len; i++) {
        Object *child = obj->children->pdata[i];

        monitor_printf(mon, "%s (child<%s>)\n", child->name, object_type_name(child));
    }
}

void monitor_cmd_qom_get(Monitor *mon, const char *args)
{
    g_autofree char *path = monitor_next_word(&args), *value = NULL;
    Object *obj = find_object(mon, path);
    Error *err = NULL;

    if (obj && need(mon, args, "the property")) {
        value = object_property_get_str(obj, args, &err);
        report(mon, err);
        if (value) {
            monitor_printf(mon, "%s\n", value);
        }
    }
}

void monitor_cmd_qom_set(Monitor *mon, const char *args)
{
    g_autofree char *path = monitor_next_word(&args), *name = monitor_next_word(&args);
    Object *obj = find_object(mon, path);
    Error *err = NULL;

    if (obj && need(mon, name ? name : "", "the property")) {
        object_property_set_str(obj, name, args, &err);
        report(mon, err);
    }
}
