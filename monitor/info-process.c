/*
 * Monitor topics of "info" about the process and the host's side of things.
 * SPDX-License-Identifier: MIT
 */
#include "monitor/internal.h"

#include <inttypes.h>

#include "accel/accel.h"
#include "hw/core/hostmem.h"
#include "hw/core/loader.h"
#include "system/chardev.h"
#include "system/net.h"
#include "system/process.h"

static int print_chardev(Object *obj, void *opaque)
{
    Chardev *chr = object_dynamic_cast(obj, TYPE_CHARDEV);

    if (chr) {
        g_autofree char *other = chardev_describe(chr);

        monitor_printf(opaque, "%s: filename=%s%s\n", obj->name, other,
                       chardev_in_use(chr) ? "" : " (unused)");
    }
    return 0;
}

void monitor_info_chardev(Monitor *mon, const char *args)
{
    object_walk(object_container(CHARDEV_CONTAINER), print_chardev, mon);
}

void monitor_info_name(Monitor *mon, const char *args)
{
    if (process_guest_name()) {
        monitor_printf(mon, "%s\n", process_guest_name());
    }
}

void monitor_info_uuid(Monitor *mon, const char *args)
{
    for (unsigned i = 0; i < 16; i++) {
        monitor_printf(mon, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                       current_machine()->uuid[i]);
    }
    monitor_printf(mon, "\n");
}

void monitor_info_kvm(Monitor *mon, const char *args)
{
    const AccelState *accel = current_machine()->accel;
    const AccelClass *k = ACCEL_CLASS(accel->parent_obj.klass);

    monitor_printf(mon, "kvm support: %s\n",
                   g_str_equal(k->name, "kvm") ? "enabled" : "disabled");
}

void monitor_info_roms(Monitor *mon, const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (current_machine()->loader) {
        image_loader_print(current_machine()->loader, out);
    }
    monitor_write(mon, out->str, out->len);
}

void monitor_info_memory_size_summary(Monitor *mon, const char *args)
{
    monitor_printf(mon, "base memory: %" PRIu64 "\nplugged memory: 0\n",
                   current_machine()->ram_size);
}

static int print_memdev(Object *obj, void *opaque)
{
    if (object_dynamic_cast(obj, TYPE_MEMORY_BACKEND)) {
        g_autofree char *size = object_property_get_str(obj, "size", NULL);
        g_autofree char *share = object_property_get_str(obj, "share", NULL);

        monitor_printf(opaque, "memory backend: %s\n  type: %s\n  size: %s\n  share: %s\n", obj->name,
                       object_type_name(obj), size, share);
    }
    return 0;
}

void monitor_info_memdev(Monitor *mon, const char *args)
{
    object_walk(object_container("/objects"), print_memdev, mon);
}

void monitor_info_numa(Monitor *mon, const char *args)
{
    const MachineState *ms = current_machine();

    monitor_printf(mon, "%u nodes\n", ms->numa.nr_nodes);
    for (unsigned n = 0; n < ms->numa.nr_nodes; n++) {
        monitor_printf(mon, "node %u cpus:", n);
        for (unsigned c = 0; c < ms->smp.cpus; c++) {
            if (numa_cpu_node(&ms->numa, c) == (int)n) {
                monitor_printf(mon, " %u", c);
            }
        }
        monitor_printf(mon, "\nnode %u size: %" PRIu64 " MB\n", n, ms->numa.nodes[n].mem >> 20);
    }
}

static int print_usernet(Object *obj, void *opaque)
{
    NetBackend *nb = object_dynamic_cast(obj, TYPE_NETDEV);
    g_autofree char *text = nb ? net_connections(nb) : NULL;

    if (text) {
        monitor_printf(opaque, "%s:\n%s", obj->name, text);
    }
    return 0;
}

void monitor_info_usernet(Monitor *mon, const char *args)
{
    object_walk(object_container("/netdevs"), print_usernet, mon);
}
