/*
 * The hart's node of the device tree.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu-impl.h"

#include <inttypes.h>
#include <string.h>

#include "target/riscv/bits.h"
#include "target/riscv/ext.h"
#include "target/riscv/pmu.h"

static const char *mmu_type(const RISCVCPU *cpu)
{
    if (!cpu->mmu)
        return "riscv,none";
    return cpu->sv57   ? "riscv,sv57"
           : cpu->sv48 ? "riscv,sv48"
           : cpu->sv39 ? "riscv,sv39"
                       : "riscv,none";
}

/*
 * Which counters can count what. There is one node for all harts. The counters are named by number, and
 * OpenSBI writes the SBI's event number into mhpmevent, there being no other map.
 */
static void write_pmu(const RISCVCPU *cpu, FDTBuilder *fdt)
{
    uint32_t hpm = ext_get(cpu->ext, EXT_ZIHPM) ? cpu->pmu_mask : 0;
    const uint32_t map[][2] = {
        { PMU_EVENT_CYCLES, hpm | (uint32_t)COUNTER_CY },
        { PMU_EVENT_INSTRUCTIONS, hpm | (uint32_t)COUNTER_IR },
        { PMU_EVENT_DTLB_READ_MISS, hpm },
        { PMU_EVENT_DTLB_WRITE_MISS, hpm },
        { PMU_EVENT_ITLB_MISS, hpm },
    };
    uint32_t cells[3 * G_N_ELEMENTS(map)];

    for (size_t i = 0; i < G_N_ELEMENTS(map); i++) {
        cells[3 * i] = cells[3 * i + 1] = map[i][0];
        cells[3 * i + 2] = map[i][1];
    }
    fdt_node(fdt, "/pmu");
    fdt_set_cells(fdt, "/pmu", "riscv,event-to-mhpmcounters", cells, G_N_ELEMENTS(cells));
    fdt_set_str(fdt, "/pmu", "compatible", "riscv,pmu");
}

void riscv_cpu_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    RISCVCPU *cpu = RISCV_CPU(dev);
    /* The unit address in decimal: QEMU has it so, and guests find it so. */
    g_autofree char *node = g_strdup_printf("%s/cpu@%" PRIu64, ctx->parent, cpu->hartid);
    g_autofree char *intc = g_strdup_printf("%s/interrupt-controller", node);
    uint64_t told[4];
    g_autofree char *isa = NULL;
    g_autofree const char **list = NULL;

    riscv_ext_told(cpu, told);
    isa = riscv_ext_isa_string(told);
    list = riscv_ext_isa_list(told);
    fdt_node(fdt, "%s", node);
    fdt_phandle(fdt, node);
    fdt_set_str(fdt, node, "device_type", "cpu");
    fdt_set_u32(fdt, node, "reg", (uint32_t)cpu->hartid);
    fdt_set_str(fdt, node, "status", "okay");
    fdt_set_str(fdt, node, "compatible", "riscv");
    if (ext_get(cpu->ext, EXT_ZICBOP))
        fdt_set_u32(fdt, node, "riscv,cbop-block-size", cpu->cbop_blocksize);
    if (ext_get(cpu->ext, EXT_ZICBOZ))
        fdt_set_u32(fdt, node, "riscv,cboz-block-size", cpu->cboz_blocksize);
    if (ext_get(cpu->ext, EXT_ZICBOM))
        fdt_set_u32(fdt, node, "riscv,cbom-block-size", cpu->cbom_blocksize);
    fdt_set_strv(fdt, node, "riscv,isa-extensions", list);
    fdt_set_str(fdt, node, "riscv,isa-base", "rv64i");
    if (cpu->short_isa && strchr(isa, '_'))
        *strchr(isa, '_') = '\0';
    fdt_set_str(fdt, node, "riscv,isa", isa);
    fdt_set_str(fdt, node, "mmu-type", mmu_type(cpu));

    fdt_set_u32(fdt, intc, "#interrupt-cells", 1);
    fdt_set_empty(fdt, intc, "interrupt-controller");
    fdt_set_str(fdt, intc, "compatible", "riscv,cpu-intc");
    fdt_phandle(fdt, intc);
    /* Under KVM counters are the SBI's to explain. */
    if (cpu->parent_obj.cpu_index == 0 && !cpu->kvm)
        write_pmu(cpu, fdt);
}
