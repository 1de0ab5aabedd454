/*
 * The device tree of the `virt` board. Devices and CPUs write their own nodes; here is what belongs
 * to nobody: root, memory, CPU topology, buses, aliases, power-off, and /chosen.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

#include <inttypes.h>

#include "hw/core/fdt.h"
#include "util/random.h"

/* Path of the device's node as guests know it; g_free(). */
static char *node_path(const char *name, VirtMap map)
{
    return g_strdup_printf("/soc/%s@%" PRIx64, name, virt_memmap[map].base);
}

static void write_root(VirtMachineState *s, FDTBuilder *fdt)
{
    fdt_set_u32(fdt, "/", "#address-cells", 2);
    fdt_set_u32(fdt, "/", "#size-cells", 2);
    fdt_set_str(fdt, "/", "compatible", s->dt_compatible ? s->dt_compatible : "riscv-virtio");
    fdt_set_str(fdt, "/", "model", "riscv-virtio,qemu");

    fdt_set_empty(fdt, "/soc", "ranges");
    fdt_set_str(fdt, "/soc", "compatible", "simple-bus");
    fdt_set_u32(fdt, "/soc", "#size-cells", 2);
    fdt_set_u32(fdt, "/soc", "#address-cells", 2);
}

static void write_cpus(VirtMachineState *s, FDTBuilder *fdt)
{
    const DeviceFDTContext ctx = { .parent = "/cpus", .board = s };
    const NumaState *numa = &MACHINE(s)->numa;
    CPUState *cpu;

    fdt_set_u32(fdt, "/cpus", "#address-cells", 1);
    fdt_set_u32(fdt, "/cpus", "#size-cells", 0);
    fdt_set_u32(fdt, "/cpus", "timebase-frequency", (uint32_t)s->timebase.freq_hz);
    CPU_FOREACH(cpu) {
        DeviceClass *dc = DEVICE_GET_CLASS(cpu);
        if (dc->fdt) {
            dc->fdt(DEVICE(cpu), fdt, &ctx);
        }
    }
    /* A cluster for each NUMA node, whatever -smp says of sockets, as QEMU's board has it. */
    CPU_FOREACH(cpu) {
        unsigned n = (unsigned)cpu->cpu_index;
        int cluster = numa_cpu_node(numa, n);
        g_autofree char *core = g_strdup_printf("/cpus/cpu-map/cluster%d/core%u", cluster,
                                                n - s->sockets[cluster].first_hart);
        g_autofree char *node = g_strdup_printf("/cpus/cpu@%u", n);

        fdt_set_u32(fdt, core, "cpu", fdt_phandle(fdt, node));
        fdt_set_numa_node(fdt, node, numa->nr_nodes ? cluster + 1 : 0);
    }
}

static void write_memory_range(FDTBuilder *fdt, hwaddr base, uint64_t size, int numa_node)
{
    g_autofree char *node = g_strdup_printf("/memory@%" PRIx64, base);

    fdt_set_reg(fdt, node, base, size);
    fdt_set_str(fdt, node, "device_type", "memory");
    fdt_set_numa_node(fdt, node, numa_node);
}

static void write_memory(VirtMachineState *s, FDTBuilder *fdt)
{
    const MachineState *ms = MACHINE(s);
    hwaddr base = virt_memmap[VIRT_DRAM].base;

    if (!ms->numa.nr_nodes) {
        write_memory_range(fdt, base, ms->ram_size, 0);
    }
    for (unsigned n = 0; n < ms->numa.nr_nodes; n++) {
        uint64_t size = ms->numa.nodes[n].mem;

        if (size) {
            write_memory_range(fdt, base, size, (int)n + 1);
            base += size;
        }
    }
}

/* The matrix as triples: from, to, distance. */
static void write_distances(VirtMachineState *s, FDTBuilder *fdt)
{
    const NumaState *numa = &MACHINE(s)->numa;
    uint32_t cells[VIRT_MAX_SOCKETS * VIRT_MAX_SOCKETS * 3];
    int k = 0;

    if (!numa->have_distance) {
        return;
    }
    for (unsigned i = 0; i < numa->nr_nodes; i++) {
        for (unsigned j = 0; j < numa->nr_nodes; j++) {
            cells[k++] = i;
            cells[k++] = j;
            cells[k++] = numa->nodes[i].distance[j];
        }
    }
    fdt_set_str(fdt, "/distance-map", "compatible", "numa-distance-map-v1");
    fdt_set_cells(fdt, "/distance-map", "distance-matrix", cells, k);
}

static void write_devices(VirtMachineState *s, FDTBuilder *fdt)
{
    bool numa = MACHINE(s)->numa.nr_nodes > 0;

    for (unsigned n = 0; n < s->devices->len; n++) {
        const VirtInstance *i = &g_array_index(s->devices, VirtInstance, n);
        g_autofree char *irqchip = virt_irqchip_path(s, virt_irq_socket(s, i->row->map));
        DeviceClass *dc = DEVICE_GET_CLASS(i->dev);
        const DeviceFDTContext ctx = {
            .parent = "/soc",
            .base = i->at.base,
            .size = i->at.size,
            .irq_phandle = i->row->irq ? fdt_phandle(fdt, irqchip) : 0,
            .irq_cells = virt_irq_cells(s),
            .irq = i->row->irq ? i->row->irq + (int)i->n : 0,
            .msi_phandle = virt_msi_parent(s, fdt),
            .numa_node = numa && i->row->per_socket ? (int)i->n + 1 : 0,
            .board = s,
        };
        if (dc->fdt) {
            dc->fdt(i->dev, fdt, &ctx);
        }
    }
}

/* Power-off and reset are writes to the test finisher's register. */
static void write_syscon(FDTBuilder *fdt)
{
    static const struct {
        const char *node, *compatible;
        uint32_t value;
    } rows[] = {
        { "/poweroff", "syscon-poweroff", 0x5555 },
        { "/reboot", "syscon-reboot", 0x7777 },
    };
    g_autofree char *test = node_path("test", VIRT_TEST);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fdt_set_str(fdt, rows[i].node, "compatible", rows[i].compatible);
        fdt_set_u32(fdt, rows[i].node, "regmap", fdt_phandle(fdt, test));
        fdt_set_u32(fdt, rows[i].node, "offset", 0);
        fdt_set_u32(fdt, rows[i].node, "value", rows[i].value);
    }
}

/* Room for devices that a firmware of the machine brings itself; none is built in. */
static void write_platform_bus(VirtMachineState *s, FDTBuilder *fdt)
{
    const MemMapEntry *map = &virt_memmap[VIRT_PLATFORM_BUS];
    g_autofree char *node = g_strdup_printf("/platform-bus@%" PRIx64, map->base);
    g_autofree char *irqchip = virt_irqchip_path(s, 0);

    fdt_set_strv(fdt, node, "compatible",
                 (const char *const[]){ "qemu,platform", "simple-bus", NULL });
    fdt_set_u32(fdt, node, "#size-cells", 1);
    fdt_set_u32(fdt, node, "#address-cells", 1);
    fdt_cells(fdt, node, "ranges", 0, (uint32_t)(map->base >> 32), (uint32_t)map->base,
              (uint32_t)map->size);
    fdt_set_u32(fdt, node, "interrupt-parent", fdt_phandle(fdt, irqchip));
}

/* One node for both banks. */
static void write_flash(FDTBuilder *fdt)
{
    const MemMapEntry *map = &virt_memmap[VIRT_FLASH];
    g_autofree char *node = g_strdup_printf("/flash@%" PRIx64, map->base);
    uint32_t reg[VIRT_NR_FLASH * 4];

    for (unsigned n = 0; n < VIRT_NR_FLASH; n++) {
        hwaddr base = map->base + n * map->size;

        reg[n * 4 + 0] = (uint32_t)(base >> 32);
        reg[n * 4 + 1] = (uint32_t)base;
        reg[n * 4 + 2] = (uint32_t)(map->size >> 32);
        reg[n * 4 + 3] = (uint32_t)map->size;
    }
    fdt_set_str(fdt, node, "compatible", "cfi-flash");
    fdt_set_cells(fdt, node, "reg", reg, G_N_ELEMENTS(reg));
    fdt_set_u32(fdt, node, "bank-width", 4);
}

static void write_chosen(FDTBuilder *fdt)
{
    g_autofree char *uart = node_path("serial", VIRT_UART0);
    uint8_t seed[32];

    fdt_set_str(fdt, "/aliases", "serial0", uart);
    fdt_set_str(fdt, "/chosen", "stdout-path", uart);
    /* Without a seed the guest gathers its own; that costs time, not correctness. */
    if (guest_random(seed, sizeof(seed)) == sizeof(seed)) {
        fdt_set_bytes(fdt, "/chosen", "rng-seed", seed, sizeof(seed));
    }
}

FDTBuilder *virt_create_fdt(VirtMachineState *s, Error **errp)
{
    MachineState *ms = MACHINE(s);

    if (ms->dtb) {
        FDTBuilder *given = fdt_builder_from_file(ms->dtb, errp);
        if (!given) {
            error_prepend(errp, "-dtb ");
        }
        return given;
    }
    FDTBuilder *fdt = fdt_builder_new();
    fdt_set_first_phandle(fdt, ms->phandle_start);
    write_root(s, fdt);
    write_memory(s, fdt);
    write_distances(s, fdt);
    write_cpus(s, fdt);
    virt_aia_fdt(s, fdt);
    write_devices(s, fdt);
    write_syscon(fdt);
    write_flash(fdt);
    write_platform_bus(s, fdt);
    write_chosen(fdt);
    return fdt;
}
