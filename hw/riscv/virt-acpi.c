/*
 * The ACPI tables of the `virt` board (ACPI 6.5; RHCT and the RISC-V structures of MADT and SRAT as RISC-V
 * International's ECRs have them). Devices describe themselves in DSDT; here is what belongs to
 * nobody, and the order.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

#include <string.h>

#include "hw/acpi/aml.h"
#include "hw/acpi/tables.h"
#include "target/riscv/cpu.h"
#include "target/riscv/ext.h"
#include "util/bits.h"
#include "util/byteorder.h"

enum { MADT_RINTC = 0x18, MADT_IMSIC = 0x19, MADT_APLIC = 0x1a, MADT_PLIC = 0x1b };
enum { SRAT_MEMORY = 1, SRAT_RINTC = 7 };
enum { RHCT_ISA = 0, RHCT_CMO = 1, RHCT_MMU = 2, RHCT_HART = 0xffff };
enum { MMU_SV39 = 0, MMU_SV48 = 1, MMU_SV57 = 2 };

/* ---- MADT: harts and interrupt controllers ---- */

/* One hart's structure; it stands in MADT and, as _MAT, in the hart's device. */
static void rintc(const VirtMachineState *s, const CPUState *cpu, uint8_t out[36])
{
    unsigned socket = (unsigned)numa_cpu_node(&MACHINE(s)->numa, (unsigned)cpu->cpu_index);
    /* The controller's number in the upper 8 bits, the hart's S-mode context (PLIC) or its structure
     * (APLIC) there in the lower 16. With interrupt files it is not for the hart to know. */
    uint32_t hart = (uint32_t)cpu->cpu_index - s->sockets[socket].first_hart;
    uint32_t context = virt_has_aplic(s) || s->no_mmode ? hart : 2 * hart + 1;

    memset(out, 0, 36);
    out[0] = MADT_RINTC;
    out[1] = 36;
    out[2] = 1;            /* version */
    st32_le(out + 4, 1);   /* enabled */
    st64_le(out + 8, RISCV_CPU(cpu)->hartid);
    st32_le(out + 16, (uint32_t)cpu->cpu_index);
    if (virt_has_imsic(s)) {
        MemMapEntry file = virt_place_imsic_s(s, (unsigned)cpu->cpu_index);

        st64_le(out + 24, file.base);
        st32_le(out + 32, (uint32_t)file.size);
    } else {
        st32_le(out + 20, (uint32_t)socket << 24 | context);
    }
}

static void madt_imsic(const VirtMachineState *s, AcpiTables *t)
{
    acpi_u8(t, MADT_IMSIC);
    acpi_u8(t, 16);
    acpi_u8(t, 1);  /* version */
    acpi_u8(t, 0);
    acpi_u32(t, 0); /* flags */
    acpi_u16(t, (uint16_t)virt_msi_ids(s));
    acpi_u16(t, (uint16_t)virt_msi_ids(s)); /* of guests' files */
    acpi_u8(t, (uint8_t)virt_guest_bits(s));
    acpi_u8(t, (uint8_t)virt_hart_bits(s));
    acpi_u8(t, (uint8_t)virt_group_bits(s));
    acpi_u8(t, VIRT_IMSIC_GROUP_SHIFT);
}

static void madt_aplic(const VirtMachineState *s, AcpiTables *t, unsigned n)
{
    MemMapEntry at = virt_place_aplic_s(s, n);

    acpi_u8(t, MADT_APLIC);
    acpi_u8(t, 36);
    acpi_u8(t, 1);                /* version */
    acpi_u8(t, (uint8_t)n);
    acpi_u32(t, 0);               /* flags */
    acpi_u64(t, 0);               /* hardware id */
    acpi_u16(t, (uint16_t)(virt_has_imsic(s) ? 0 : s->sockets[n].nr_harts));
    acpi_u16(t, VIRT_IRQ_SOURCES);
    acpi_u32(t, VIRT_IRQ_SOURCES * n); /* its first interrupt number */
    acpi_u64(t, at.base);
    acpi_u32(t, (uint32_t)at.size);
}

static void madt_plic(AcpiTables *t, unsigned n)
{
    acpi_u8(t, MADT_PLIC);
    acpi_u8(t, 36);
    acpi_u8(t, 1);                /* version */
    acpi_u8(t, (uint8_t)n);
    acpi_u64(t, 0);               /* hardware id */
    acpi_u16(t, VIRT_IRQ_SOURCES - 1);
    acpi_u16(t, VIRT_IRQ_PRIORITIES);
    acpi_u32(t, 0);               /* flags */
    acpi_u32(t, (uint32_t)virt_memmap[VIRT_PLIC].size);
    acpi_u64(t, virt_memmap[VIRT_PLIC].base + n * virt_memmap[VIRT_PLIC].size);
    acpi_u32(t, VIRT_IRQ_SOURCES * n); /* its first interrupt number */
}

static void write_madt(VirtMachineState *s, AcpiTables *t)
{
    uint32_t madt = acpi_begin(t, "APIC", 6);
    CPUState *cpu;

    acpi_u32(t, 0); /* no local interrupt controller in memory */
    acpi_u32(t, 0); /* flags */
    CPU_FOREACH(cpu) {
        uint8_t entry[36];
        rintc(s, cpu, entry);
        acpi_bytes(t, entry, sizeof(entry));
    }
    if (virt_has_imsic(s)) {
        madt_imsic(s, t);
    }
    /* The kernel has one APLIC for all sockets. */
    for (unsigned n = 0; n < (virt_has_kernel_aplic(s) ? 1 : s->nr_sockets); n++) {
        if (virt_has_aplic(s)) {
            madt_aplic(s, t, n);
        } else {
            madt_plic(t, n);
        }
    }
    acpi_end(t, madt, true);
}

/* ---- RHCT: what the harts can do ---- */

/* Every hart has the model of the first. */
static void write_rhct(VirtMachineState *s, AcpiTables *t)
{
    RISCVCPU *cpu = RISCV_CPU(cpu_list()->cpus[0]);
    uint64_t told[4];
    riscv_ext_told(cpu, told);
    g_autofree char *isa = riscv_ext_isa_string(told);
    bool cbom = ext_get(cpu->ext, EXT_ZICBOM), cboz = ext_get(cpu->ext, EXT_ZICBOZ);
    bool cbop = ext_get(cpu->ext, EXT_ZICBOP), cmo = cbom || cboz || cbop;
    bool mmu = cpu->mmu && (cpu->sv57 || cpu->sv48 || cpu->sv39);
    uint16_t isa_len = (uint16_t)(strlen(isa) + 1), padded = (uint16_t)align_up(8 + isa_len, 2);
    unsigned nodes = 1 + cmo + mmu + MACHINE(s)->smp.cpus;
    uint32_t rhct = acpi_begin(t, "RHCT", 1), offsets[3], count = 0;
    CPUState *hart;

    acpi_u32(t, 0); /* flags */
    acpi_u64(t, s->timebase.freq_hz);
    acpi_u32(t, nodes);
    acpi_u32(t, 56); /* where they begin */

    offsets[count++] = t->data->len - rhct;
    acpi_u16(t, RHCT_ISA);
    acpi_u16(t, padded);
    acpi_u16(t, 1);
    acpi_u16(t, isa_len);
    acpi_bytes(t, isa, isa_len);
    acpi_zeros(t, padded - 8u - isa_len);
    if (cmo) {
        offsets[count++] = t->data->len - rhct;
        acpi_u16(t, RHCT_CMO);
        acpi_u16(t, 10);
        acpi_u16(t, 1);
        acpi_u8(t, 0);
        acpi_u8(t, cbom ? (uint8_t)__builtin_ctz(cpu->cbom_blocksize) : 0);
        acpi_u8(t, cbop ? (uint8_t)__builtin_ctz(cpu->cbop_blocksize) : 0);
        acpi_u8(t, cboz ? (uint8_t)__builtin_ctz(cpu->cboz_blocksize) : 0);
    }
    if (mmu) {
        offsets[count++] = t->data->len - rhct;
        acpi_u16(t, RHCT_MMU);
        acpi_u16(t, 8);
        acpi_u16(t, 1);
        acpi_u8(t, 0);
        acpi_u8(t, cpu->sv57 ? MMU_SV57 : cpu->sv48 ? MMU_SV48 : MMU_SV39);
    }
    CPU_FOREACH(hart) {
        acpi_u16(t, RHCT_HART);
        acpi_u16(t, (uint16_t)(12 + 4 * count));
        acpi_u16(t, 1);
        acpi_u16(t, (uint16_t)count);
        acpi_u32(t, (uint32_t)hart->cpu_index);
        for (uint32_t i = 0; i < count; i++) {
            acpi_u32(t, offsets[i]);
        }
    }
    acpi_end(t, rhct, true);
}

/* ---- FADT, SPCR ---- */

static void write_fadt(AcpiTables *t, uint32_t dsdt)
{
    uint32_t fadt = acpi_begin(t, "FACP", 6);

    acpi_zeros(t, 112 - 36);
    acpi_u32(t, 1u << 20); /* hardware-reduced: none of the fixed registers */
    acpi_zeros(t, 131 - 116);
    acpi_u8(t, 5);         /* minor revision */
    acpi_zeros(t, 8);      /* no FACS */
    acpi_address_of(t, dsdt);
    acpi_zeros(t, 268 - 148);
    acpi_bytes(t, "VIREO\0\0\0", 8); /* hypervisor */
    acpi_end(t, fadt, true);
}

/* The console. */
static void write_spcr(AcpiTables *t)
{
    uint32_t spcr = acpi_begin(t, "SPCR", 4);

    acpi_u8(t, 0x12); /* 16550 with its address as a generic one */
    acpi_zeros(t, 3);
    acpi_register(t, virt_memmap[VIRT_UART0].base, 8, 8);
    acpi_u8(t, 1 << 4); /* interrupt of a PLIC or APLIC */
    acpi_u8(t, 0);
    acpi_u32(t, VIRT_IRQ_UART0);
    acpi_u8(t, 7); /* 115200 baud */
    acpi_u8(t, 0); /* no parity */
    acpi_u8(t, 1); /* one stop bit */
    acpi_u8(t, 0); /* no flow control */
    acpi_u8(t, 3); /* ANSI terminal */
    acpi_u8(t, 0);
    acpi_u32(t, 0xffffffff); /* not on PCI */
    acpi_zeros(t, 8);
    acpi_u32(t, 0); /* the clock is not given */
    acpi_u32(t, 0); /* nor the exact rate */
    acpi_u16(t, 2); /* the name in the namespace: "." for none */
    acpi_u16(t, 88);
    acpi_bytes(t, ".", 2);
    acpi_end(t, spcr, true);
}

/* ---- MCFG: where configuration space is ---- */

static void write_mcfg(AcpiTables *t)
{
    const MemMapEntry *ecam = &virt_memmap[VIRT_PCIE_ECAM];
    uint32_t mcfg = acpi_begin(t, "MCFG", 1);

    acpi_zeros(t, 8);
    acpi_u64(t, ecam->base);
    acpi_u16(t, 0); /* segment */
    acpi_u8(t, 0);  /* first bus */
    acpi_u8(t, (uint8_t)((ecam->size >> 20) - 1));
    acpi_u32(t, 0);
    acpi_end(t, mcfg, true);
}

/* ---- SRAT and SLIT: which harts and memory are near each other ---- */

static void write_srat(const MachineState *ms, AcpiTables *t)
{
    uint32_t srat = acpi_begin(t, "SRAT", 3);
    hwaddr base = virt_memmap[VIRT_DRAM].base;
    CPUState *cpu;

    acpi_u32(t, 1); /* reserved, but 1 */
    acpi_zeros(t, 8);
    CPU_FOREACH(cpu) {
        acpi_u8(t, SRAT_RINTC);
        acpi_u8(t, 20);
        acpi_u16(t, 0);
        acpi_u32(t, (uint32_t)numa_cpu_node(&ms->numa, (unsigned)cpu->cpu_index));
        acpi_u32(t, (uint32_t)cpu->cpu_index);
        acpi_u32(t, 1); /* enabled */
        acpi_u32(t, 0); /* clock domain */
    }
    for (unsigned n = 0; n < ms->numa.nr_nodes; n++) {
        uint64_t size = ms->numa.nodes[n].mem;
        if (!size) {
            continue;
        }
        acpi_u8(t, SRAT_MEMORY);
        acpi_u8(t, 40);
        acpi_u32(t, n);
        acpi_u16(t, 0);
        acpi_u64(t, base);
        acpi_u64(t, size);
        acpi_u32(t, 0);
        acpi_u32(t, 1); /* enabled */
        acpi_u64(t, 0);
        base += size;
    }
    acpi_end(t, srat, true);
}

static void write_slit(const NumaState *numa, AcpiTables *t)
{
    uint32_t slit = acpi_begin(t, "SLIT", 1);

    acpi_u64(t, numa->nr_nodes);
    for (unsigned from = 0; from < numa->nr_nodes; from++) {
        acpi_bytes(t, numa->nodes[from].distance, numa->nr_nodes);
    }
    acpi_end(t, slit, true);
}

/* ---- DSDT: the namespace ---- */

static gint by_row_and_number(gconstpointer a, gconstpointer b)
{
    const VirtInstance *x = a, *y = b;

    if (x->row != y->row) {
        return x->row < y->row ? -1 : 1;
    }
    return (x->n > y->n) - (x->n < y->n);
}

static void write_harts(const VirtMachineState *s, Aml *aml)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        g_autofree char *name = aml_numbered("C", (unsigned)cpu->cpu_index);
        uint8_t entry[36];

        rintc(s, cpu, entry);
        aml_open_device(aml, name);
        aml_name_str(aml, "_HID", "ACPI0007");
        aml_name_int(aml, "_UID", (unsigned)cpu->cpu_index);
        aml_name(aml, "_MAT");
        aml_buffer(aml, entry, sizeof(entry));
        aml_close(aml);
    }
}

static uint32_t write_dsdt(VirtMachineState *s, AcpiTables *t)
{
    g_autoptr(GArray) sorted = g_array_copy(s->devices);
    uint32_t dsdt = acpi_begin(t, "DSDT", 2);
    Aml aml;

    aml_init(&aml);
    aml_open_scope(&aml, "\\_SB");
    write_harts(s, &aml);
    g_array_sort(sorted, by_row_and_number);
    for (guint n = 0; n < sorted->len; n++) {
        const VirtInstance *i = &g_array_index(sorted, VirtInstance, n);
        DeviceClass *dc = DEVICE_GET_CLASS(i->dev);
        const DeviceACPIContext ctx = {
            .base = i->at.base,
            .size = i->at.size,
            .n = i->n,
            .irq = i->row->irq ? (uint32_t)i->row->irq + i->n +
                                     VIRT_IRQ_SOURCES * virt_irq_socket(s, i->row->map) : 0,
        };
        if (dc->acpi) {
            dc->acpi(i->dev, &aml, &ctx);
        }
    }
    aml_close(&aml);
    acpi_bytes(t, aml.out->data, aml.out->len);
    aml_clear(&aml);
    acpi_end(t, dsdt, false);
    return dsdt;
}

bool virt_acpi_setup(VirtMachineState *s, Error **errp)
{
    MachineState *ms = MACHINE(s);
    AcpiTables t;

    if (s->acpi == ON_OFF_AUTO_OFF) {
        return true;
    }
    acpi_tables_init(&t);
    write_fadt(&t, write_dsdt(s, &t));
    write_madt(s, &t);
    write_rhct(s, &t);
    write_spcr(&t);
    write_mcfg(&t);
    if (ms->numa.nr_nodes) {
        write_srat(ms, &t);
        if (ms->numa.have_distance) {
            write_slit(&ms->numa, &t);
        }
    }
    bool ok = acpi_tables_publish(&t, fw_cfg_find(), errp);
    acpi_tables_clear(&t);
    return ok;
}
