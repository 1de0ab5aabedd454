/*
 * Monitor topics of the host's side: disks, networks, threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/internal.h"

#include "backend/block.h"
#include "backend/iothread.h"
#include "backend/net.h"
#include "util/keyval.h"

static void for_each(const char *path, const char *type, void (*fn)(Monitor *mon, Object *obj),
                     Monitor *mon)
{
    Object *c = object_resolve_path(path);

    for (guint i = 0; c && c->children && i < c->children->len; i++) {
        Object *obj = g_ptr_array_index(c->children, i);

        if (object_dynamic_cast(obj, type)) {
            fn(mon, obj);
        }
    }
}

static void print_disk(Monitor *mon, Object *obj)
{
    g_autofree char *text = blk_describe(BLOCK_BACKEND(obj));

    monitor_printf(mon, "%s", text);
}

void monitor_info_block(Monitor *mon, const char *args)
{
    Object *obj = *args ? object_child(object_container("/drives"), args) : NULL;

    if (*args && !obj) {
        monitor_printf(mon, "there is no drive '%s'\n", args);
    } else if (obj) {
        print_disk(mon, obj);
    } else {
        for_each("/drives", TYPE_BLOCK_BACKEND, print_disk, mon);
    }
}

static void print_network(Monitor *mon, Object *obj)
{
    NetBackend *nb = NETDEV(obj);
    g_autofree char *text = net_describe(nb);

    monitor_printf(mon, "%s: type=%s%s\n", obj->name, text, net_link_up(nb) ? "" : ",link=down");
    if (net_owner(nb)) {
        monitor_printf(mon, " \\ %s\n", net_owner(nb));
    }
}

void monitor_info_network(Monitor *mon, const char *args)
{
    for_each("/netdevs", TYPE_NETDEV, print_network, mon);
}

static void print_iothread(Monitor *mon, Object *obj)
{
    g_autofree char *text = iothread_describe(IOTHREAD(obj));

    monitor_printf(mon, "%s\n", text);
}

void monitor_info_iothreads(Monitor *mon, const char *args)
{
    for_each("/objects", TYPE_IOTHREAD, print_iothread, mon);
}

void monitor_cmd_block_resize(Monitor *mon, const char *args)
{
    g_autofree char *id = monitor_next_word(&args);
    Object *obj = id ? object_child(object_container("/drives"), id) : NULL;
    Error *err = NULL;
    uint64_t bytes;

    if (!obj) {
        monitor_printf(mon, "Error: there is no drive '%s'\n", id ? id : "");
    } else if (!parse_size("size", args, 'M', &bytes, &err) ||
               !blk_resize(BLOCK_BACKEND(obj), bytes, &err)) {
        monitor_printf(mon, "Error: %s\n", error_get_pretty(err));
        error_free(err);
    }
}

/* By its own id, or by that of the card on it. */
static Object *netdev_of(const char *id)
{
    Object *netdevs = object_container("/netdevs"), *obj = object_child(netdevs, id), *card;
    g_autofree char *name = NULL;

    if (!obj && (card = object_child(object_container("/machine/peripheral"), id)) &&
        object_property_find(card->klass, "netdev")) {
        name = object_property_get_str(card, "netdev", NULL);
        obj = name ? object_child(netdevs, name) : NULL;
    }
    return obj;
}

void monitor_cmd_set_link(Monitor *mon, const char *args)
{
    g_autofree char *id = monitor_next_word(&args);
    Object *obj = id ? netdev_of(id) : NULL;
    Error *err = NULL;
    bool up;

    if (!obj) {
        monitor_printf(mon, "Error: there is no netdev or card '%s'\n", id ? id : "");
    } else if (!parse_bool("link", args, &up, &err)) {
        monitor_printf(mon, "Error: %s\n", error_get_pretty(err));
        error_free(err);
    } else {
        net_set_link(NETDEV(obj), up);
    }
}

static void announce(Monitor *mon, Object *obj)
{
    net_announce(NETDEV(obj));
}

void monitor_cmd_announce_self(Monitor *mon, const char *args)
{
    for_each("/netdevs", TYPE_NETDEV, announce, mon);
}
