/*
 * Monitor topics of "info".
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/internal.h"

#include <inttypes.h>
#include <string.h>

#include "accel/accel.h"
#include "config-host.h"
#include "hw/core/device.h"
#include "hw/pci/pci-host.h"
#include "system/cpus.h"
#include "util/keyval.h"

/* ---- CPUs ---- */

typedef struct Registers {
    GString *out;
    unsigned flags;
} Registers;

static void dump_registers(CPUState *cpu, void *data)
{
    Registers *r = data;

    g_string_append_printf(r->out, "\nCPU#%d\n", cpu->cpu_index);
    CPU_GET_CLASS(cpu)->dump(cpu, r->out, r->flags);
}

static void info_registers(Monitor *mon, const char *args)
{
    Registers r = { g_string_new(NULL), CPU_DUMP_FPU | CPU_DUMP_CSR | CPU_DUMP_VPU };
    CPUState *cpu = monitor_cpu(mon);
    Error *err = NULL;
    uint64_t n;

    if (g_str_equal(args, "-a")) {
        CPU_FOREACH(cpu) {
            accel_run_on(cpu, dump_registers, &r);
        }
    } else if (cpu && *args && !parse_u64("cpu", args, 0, cpu_list()->nr - 1, &n, &err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    } else if (cpu) {
        accel_run_on(*args ? cpu_list()->cpus[n] : cpu, dump_registers, &r);
    }
    monitor_write(mon, r.out->str, r.out->len);
    g_string_free(r.out, TRUE);
}

static void info_jit(Monitor *mon, const char *args)
{
    AccelState *accel = current_machine()->accel;
    const AccelClass *k = ACCEL_CLASS(accel->parent_obj.klass);
    GString *out = g_string_new(NULL);

    if (k->info_jit)
        k->info_jit(accel, out);
    else
        g_string_append(out, "This accelerator runs the guest's code as it is\n");
    monitor_write(mon, out->str, out->len);
    g_string_free(out, TRUE);
}

typedef struct CPULine {
    uint64_t pc;
} CPULine;

static void ask_pc(CPUState *cpu, void *data)
{
    ((CPULine *)data)->pc = CPU_GET_CLASS(cpu)->get_pc(cpu);
}

static bool has_critical_error(CPUState *cpu)
{
    return __atomic_load_n(&cpu->critical_error, __ATOMIC_RELAXED);
}

static void info_cpus(Monitor *mon, const char *args)
{
    CPUState *chosen = monitor_cpu(mon), *cpu;

    CPU_FOREACH(cpu) {
        CPULine l = { 0 };
        bool halted = __atomic_load_n(&cpu->halted, __ATOMIC_RELAXED);
        accel_run_on(cpu, ask_pc, &l);
        monitor_printf(mon, "%c CPU #%d: pc=0x%016" PRIx64 "%s\n", cpu == chosen ? '*' : ' ',
                       cpu->cpu_index, l.pc, has_critical_error(cpu) ? " (critical error)"
                                             : halted                ? " (halted)" : "");
    }
}

static void dump_mappings(CPUState *cpu, void *out)
{
    CPU_GET_CLASS(cpu)->dump_mappings(cpu, out);
}

static void info_mem(Monitor *mon, const char *args)
{
    CPUState *cpu = monitor_cpu(mon);
    GString *out = g_string_new(NULL);

    if (cpu) {
        accel_run_on(cpu, dump_mappings, out);
    }
    monitor_write(mon, out->str, out->len);
    g_string_free(out, TRUE);
}

/* ---- The machine ---- */

static void info_status(Monitor *mon, const char *args)
{
    CPUState *cpu;

    monitor_printf(mon, "VM status: %s", run_state_name(run_state()));
    CPU_FOREACH(cpu) {
        if (has_critical_error(cpu)) {
            monitor_printf(mon, ", CPU #%d has stopped with a critical error", cpu->cpu_index);
        }
    }
    monitor_printf(mon, "\n");
}

static void info_version(Monitor *mon, const char *args)
{
    monitor_printf(mon, "Vireo %s\n", VIREO_VERSION);
}

static void info_history(Monitor *mon, const char *args)
{
    const char *line;

    for (unsigned i = 0; (line = readline_history(mon->rl, i)); i++) {
        monitor_printf(mon, "%u: '%s'\n", i, line);
    }
}

static void info_mtree(Monitor *mon, const char *args)
{
    bool flat = g_str_equal(args, "-f");
    GString *out = g_string_new(NULL);

    if (*args && !flat) {
        monitor_printf(mon, "info mtree: '%s': only -f is accepted\n", args);
    } else if (current_machine()) {
        memory_print(&current_machine()->as, flat, out);
        monitor_write(mon, out->str, out->len);
    }
    g_string_free(out, TRUE);
}

/* ---- Devices ---- */

static void print_properties(GString *out, Object *obj, int indent)
{
    g_autofree const char **props = object_property_names(obj->klass);

    for (size_t i = 0; props[i]; i++) {
        const Property *p = object_property_find(obj->klass, props[i]);
        g_autofree char *value = NULL;
        if (p && !(p->flags & PROP_HIDDEN) &&
            (value = object_property_get_str(obj, props[i], NULL))) {
            g_string_append_printf(out, "%*s%s = %s\n", indent, "", props[i], value);
        }
    }
}

static void print_device(GString *out, DeviceState *dev, int indent)
{
    DeviceClass *dc = DEVICE_GET_CLASS(dev);

    g_string_append_printf(out, "%*sdev: %s, id \"%s\"\n", indent, "", object_type_name(dev),
                           dev->id ? dev->id : "");
    indent += 2;
    if (dev->nr_irq_out) {
        g_string_append_printf(out, "%*sirq-out %u\n", indent, "", dev->nr_irq_out);
    }
    print_properties(out, &dev->parent_obj, indent);
    if (dc->describe && dev->realized) {
        g_autofree char *text = dc->describe(dev);
        if (text) {
            g_string_append_printf(out, "%*s%s\n", indent, "", text);
        }
    }
    for (unsigned i = 0; i < dev->nr_mmio; i++) {
        g_string_append_printf(out, "%*smmio %016" PRIx64 "/%016" PRIx64 "\n", indent, "",
                               dev->mmio_addr[i], dev->mmio[i]->size);
    }
    for (unsigned b = 0; dev->buses && b < dev->buses->len; b++) {
        BusState *bus = g_ptr_array_index(dev->buses, b);
        g_string_append_printf(out, "%*sbus: %s\n%*stype %s\n", indent, "", bus->name,
                               indent + 2, "", object_type_name(bus));
        for (unsigned d = 0; bus->devices && d < bus->devices->len; d++) {
            print_device(out, g_ptr_array_index(bus->devices, d), indent + 2);
        }
    }
}

/* Devices on the board itself; the others are found through their buses. */
static int qtree_visit(Object *obj, void *opaque)
{
    DeviceState *dev = object_dynamic_cast(obj, TYPE_DEVICE);

    if (dev && !dev->parent_bus && !object_dynamic_cast(obj, TYPE_CPU)) {
        print_device(opaque, dev, 2);
    }
    return 0;
}

static int pci_visit(Object *obj, void *opaque)
{
    PCIHost *host = object_dynamic_cast(obj, TYPE_GPEX_HOST);

    if (host) {
        pci_print(host, opaque);
    }
    return 0;
}

static void info_pci(Monitor *mon, const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);
    MachineState *ms = current_machine();

    if (ms) {
        object_walk(&ms->parent_obj, pci_visit, out);
    }
    monitor_write(mon, out->str, out->len);
}

static void info_qtree(Monitor *mon, const char *args)
{
    GString *out = g_string_new("bus: main-system-bus\n  type System\n");
    MachineState *ms = current_machine();

    if (ms) {
        object_walk(&ms->parent_obj, qtree_visit, out);
    }
    monitor_write(mon, out->str, out->len);
    g_string_free(out, TRUE);
}

static int qom_tree_visit(Object *obj, void *opaque)
{
    g_autofree char *path = object_path(obj);
    int depth = 0;

    for (const char *p = path; *p; p++) {
        depth += *p == '/' && p[1];
    }
    g_string_append_printf(opaque, "%*s/%s (%s)\n", depth > 0 ? (depth - 1) * 2 : 0, "",
                           obj->name ? obj->name : "", object_type_name(obj));
    return 0;
}

static void info_qom_tree(Monitor *mon, const char *args)
{
    Object *root = object_resolve_path(*args ? args : "/machine");
    GString *out = g_string_new(NULL);

    if (root) {
        object_walk(root, qom_tree_visit, out);
        monitor_write(mon, out->str, out->len);
    } else {
        monitor_printf(mon, "no object at '%s'\n", *args ? args : "/machine");
    }
    g_string_free(out, TRUE);
}

const MonitorCommand monitor_info_commands[] = {
    { "balloon", NULL, "", "the memory that the guest has, and what it says of it",
      monitor_info_balloon },
    { "block", NULL, "[id]", "the disks", monitor_info_block },
    { "chardev", NULL, "", "the character devices and their other sides", monitor_info_chardev },
    { "cpus", NULL, "", "the CPUs and where they are", info_cpus },
    { "history", NULL, "", "the lines entered", info_history },
    { "interrupts", NULL, "", "each pending interrupt, and why it is taken or not",
      monitor_info_interrupts },
    { "iothreads", NULL, "", "the threads of -object iothread", monitor_info_iothreads },
    { "jit", NULL, "", "what of the guest's code is compiled", info_jit },
    { "kvm", NULL, "", "whether kvm runs the machine", monitor_info_kvm },
    { "mem", NULL, "", "what the page tables of the chosen CPU map", info_mem },
    { "memdev", NULL, "", "the memory backends", monitor_info_memdev },
    { "memory_size_summary", NULL, "", "how much RAM there is",
      monitor_info_memory_size_summary },
    { "mice", NULL, "", "the mice, and which of them is moved", monitor_info_mice },
    { "mtree", NULL, "[-f]", "the memory map; -f: as it is in force", info_mtree },
    { "name", NULL, "", "the name of the guest", monitor_info_name },
    { "network", NULL, "", "the networks and the cards on them", monitor_info_network },
    { "numa", NULL, "", "the NUMA nodes, their CPUs and memory", monitor_info_numa },
    { "pci", NULL, "", "the PCI functions and where their BARs are", info_pci },
    { "qom-tree", NULL, "[path]", "the tree of objects", info_qom_tree },
    { "qtree", NULL, "", "the devices, their properties and buses", info_qtree },
    { "registers", NULL, "[-a|cpu]", "the registers of this, that or every CPU",
      info_registers },
    { "roms", NULL, "", "what was loaded into memory, and where", monitor_info_roms },
    { "status", NULL, "", "whether the machine runs", info_status },
    { "usernet", NULL, "", "the connections of user networks", monitor_info_usernet },
    { "uuid", NULL, "", "the identity of the guest", monitor_info_uuid },
    { "version", NULL, "", "the version", info_version },
    { "why", NULL, "address [load|store|fetch] [u|s|m|vu|vs]",
      "what an access goes through: page tables, PMP, memory; and where it is refused",
      monitor_info_why },
    { "vnc", NULL, "", "the VNC servers and their clients", monitor_info_vnc },
    { NULL },
};
