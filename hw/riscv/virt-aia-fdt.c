/*
 * Device-tree nodes of APLICs and IMSICs. They are written by the board, since one node stands for the
 * interrupt files of all harts, and since under KVM there may be no device at all behind them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

#include <inttypes.h>

#include "hw/core/fdt.h"
#include "target/riscv/causes.h"

enum { M_EXT = IRQ_M_EXT, S_EXT = IRQ_S_EXT };

/* "interrupts-extended": input irq of each of the harts. */
static void set_hart_inputs(FDTBuilder *fdt, const char *node, unsigned first, unsigned count,
                            uint32_t irq)
{
    g_autofree uint32_t *cells = g_new(uint32_t, count * 2);

    for (unsigned i = 0; i < count; i++) {
        g_autofree char *intc = g_strdup_printf("/cpus/cpu@%u/interrupt-controller", first + i);

        cells[i * 2] = fdt_phandle(fdt, intc);
        cells[i * 2 + 1] = irq;
    }
    fdt_set_cells(fdt, node, "interrupts-extended", cells, (int)count * 2);
}

/* ---- IMSIC ---- */

static char *imsic_path(VirtMap map)
{
    return g_strdup_printf("/soc/interrupt-controller@%" PRIx64, virt_memmap[map].base);
}

/* A group for each socket: where it begins and how long it is. */
static void set_imsic_reg(VirtMachineState *s, FDTBuilder *fdt, const char *node, VirtMap map)
{
    uint32_t reg[VIRT_MAX_SOCKETS * 4];
    uint64_t stride = map == VIRT_IMSIC_M ? 4096 : 4096ull << virt_guest_bits(s);

    for (unsigned n = 0; n < s->nr_sockets; n++) {
        hwaddr base = virt_memmap[map].base + (hwaddr)n * VIRT_IMSIC_GROUP;

        reg[n * 4 + 0] = (uint32_t)(base >> 32);
        reg[n * 4 + 1] = (uint32_t)base;
        reg[n * 4 + 2] = 0;
        reg[n * 4 + 3] = (uint32_t)(stride * s->sockets[n].nr_harts);
    }
    fdt_set_cells(fdt, node, "reg", reg, (int)s->nr_sockets * 4);
}

static void write_imsic(VirtMachineState *s, FDTBuilder *fdt, VirtMap map)
{
    g_autofree char *node = imsic_path(map);

    fdt_set_strv(fdt, node, "compatible",
                 (const char *const[]){ "qemu,imsics", "riscv,imsics", NULL });
    fdt_set_u32(fdt, node, "#interrupt-cells", 0);
    fdt_set_empty(fdt, node, "interrupt-controller");
    fdt_set_empty(fdt, node, "msi-controller");
    set_hart_inputs(fdt, node, 0, MACHINE(s)->smp.cpus, map == VIRT_IMSIC_M ? M_EXT : S_EXT);
    set_imsic_reg(s, fdt, node, map);
    fdt_set_u32(fdt, node, "riscv,num-ids", virt_msi_ids(s));
    if (map == VIRT_IMSIC_S && s->aia_guests) {
        fdt_set_u32(fdt, node, "riscv,guest-index-bits", virt_guest_bits(s));
    }
    if (s->nr_sockets > 1) {
        fdt_set_u32(fdt, node, "riscv,hart-index-bits", virt_hart_bits(s));
        fdt_set_u32(fdt, node, "riscv,group-index-bits", virt_group_bits(s));
        fdt_set_u32(fdt, node, "riscv,group-index-shift", VIRT_IMSIC_GROUP_SHIFT);
    }
    fdt_phandle(fdt, node);
}

uint32_t virt_msi_parent(const VirtMachineState *s, FDTBuilder *fdt)
{
    g_autofree char *node = imsic_path(VIRT_IMSIC_S);

    return virt_has_imsic(s) ? fdt_phandle(fdt, node) : 0;
}

/* ---- APLIC ---- */

static char *aplic_path(const VirtMachineState *s, bool machine, unsigned n)
{
    return g_strdup_printf("/soc/interrupt-controller@%" PRIx64,
                           (machine ? virt_place_aplic_m(s, n) : virt_place_aplic_s(s, n)).base);
}

/* One domain; child is that of the domain below it, or 0. */
static uint32_t write_domain(VirtMachineState *s, FDTBuilder *fdt, bool machine, unsigned n,
                             const char *child)
{
    MemMapEntry at = machine ? virt_place_aplic_m(s, n) : virt_place_aplic_s(s, n);
    g_autofree char *node = aplic_path(s, machine, n);
    g_autofree char *imsic = imsic_path(machine ? VIRT_IMSIC_M : VIRT_IMSIC_S);
    /* The number first: QEMU counts so. */
    uint32_t phandle = fdt_phandle(fdt, node);

    fdt_set_strv(fdt, node, "compatible",
                 (const char *const[]){ "qemu,aplic", "riscv,aplic", NULL });
    fdt_set_u32(fdt, node, "#address-cells", 0);
    fdt_set_u32(fdt, node, "#interrupt-cells", 2);
    fdt_set_empty(fdt, node, "interrupt-controller");
    if (virt_has_imsic(s)) {
        fdt_set_u32(fdt, node, "msi-parent", fdt_phandle(fdt, imsic));
    } else {
        set_hart_inputs(fdt, node, s->sockets[n].first_hart, s->sockets[n].nr_harts,
                        machine ? M_EXT : S_EXT);
    }
    fdt_set_reg(fdt, node, at.base, at.size);
    fdt_set_u32(fdt, node, "riscv,num-sources", VIRT_IRQ_SOURCES);
    if (child) {
        uint32_t below = fdt_phandle(fdt, child);

        fdt_set_u32(fdt, node, "riscv,children", below);
        /* The name that the binding settled on, and the one before. */
        fdt_cells(fdt, node, "riscv,delegation", below, 1, VIRT_IRQ_SOURCES);
        fdt_cells(fdt, node, "riscv,delegate", below, 1, VIRT_IRQ_SOURCES);
    }
    fdt_set_numa_node(fdt, node, MACHINE(s)->numa.nr_nodes ? (int)n + 1 : 0);
    return phandle;
}

char *virt_irqchip_path(const VirtMachineState *s, unsigned socket)
{
    if (virt_has_aplic(s)) {
        return aplic_path(s, false, virt_has_kernel_aplic(s) ? 0 : socket);
    }
    return g_strdup_printf("/soc/plic@%" PRIx64,
                           virt_memmap[VIRT_PLIC].base + socket * virt_memmap[VIRT_PLIC].size);
}

unsigned virt_irq_cells(const VirtMachineState *s)
{
    return virt_has_aplic(s) ? 2 : 1;
}

void virt_aia_fdt(VirtMachineState *s, FDTBuilder *fdt)
{
    if (virt_has_imsic(s)) {
        if (!s->no_mmode) {
            write_imsic(s, fdt, VIRT_IMSIC_M);
        }
        write_imsic(s, fdt, VIRT_IMSIC_S);
    }
    unsigned nr = !virt_has_aplic(s) ? 0 : virt_has_kernel_aplic(s) ? 1 : s->nr_sockets;

    for (unsigned n = nr; n-- > 0;) {
        g_autofree char *child = aplic_path(s, false, n);

        if (!s->no_mmode) {
            write_domain(s, fdt, true, n, child);
        }
        write_domain(s, fdt, false, n, NULL);
    }
}
