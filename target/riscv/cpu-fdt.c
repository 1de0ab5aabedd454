/*
 * The hart's node of the device tree.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu-impl.h"

#include <inttypes.h>
#include <string.h>

#include "target/riscv/ext.h"

static const char *mmu_type(const RISCVCPU *cpu)
{
    if (!cpu->mmu)
        return "riscv,none";
    return cpu->sv57   ? "riscv,sv57"
           : cpu->sv48 ? "riscv,sv48"
           : cpu->sv39 ? "riscv,sv39"
                       : "riscv,none";
}

void riscv_cpu_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    RISCVCPU *cpu = RISCV_CPU(dev);
    /* The unit address in decimal: QEMU has it so, and guests find it so. */
    g_autofree char *node = g_strdup_printf("%s/cpu@%" PRIu64, ctx->parent, cpu->hartid);
    g_autofree char *intc = g_strdup_printf("%s/interrupt-controller", node);
    g_autofree char *isa = riscv_ext_isa_string(cpu->ext);
    g_autofree const char **list = riscv_ext_isa_list(cpu->ext);

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
}
