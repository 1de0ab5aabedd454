/*
 * The `virt` board, compatible with QEMU's: made by walking the rows of virt_devices[].
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

#include <errno.h>
#include <stdio.h>

#include "accel/accel.h"
#include "accel/kvm/kvm-cpu.h"
#include "hw/block/pflash_cfi01.h"
#include "hw/char/serial.h"
#include "hw/core/fdt.h"
#include "hw/intc/riscv_aclint.h"
#include "hw/intc/riscv_aplic.h"
#include "hw/intc/riscv_imsic.h"
#include "hw/intc/riscv_kernel_aia.h"
#include "hw/intc/sifive_plic.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/pci-host.h"
#include "target/riscv/causes.h"
#include "target/riscv/cpu.h"
#include "target/riscv/ext.h"
#include "target/riscv/kvm/kvm.h"
#include "util/bits.h"

const MemMapEntry virt_memmap[VIRT_MAP_ENTRIES] = {
    [VIRT_DEBUG]        = { 0x0,        0x100 },
    [VIRT_MROM]         = { 0x1000,     0xf000 },
    [VIRT_TEST]         = { 0x100000,   0x1000 },
    [VIRT_RTC]          = { 0x101000,   0x1000 },
    [VIRT_CLINT]        = { 0x2000000,  0x10000 },
    [VIRT_ACLINT_SSWI]  = { 0x2f00000,  0x4000 },
    [VIRT_PCIE_PIO]     = { 0x3000000,  0x10000 },
    [VIRT_IOMMU_SYS]    = { 0x3010000,  0x1000 },
    [VIRT_PLATFORM_BUS] = { 0x4000000,  0x2000000 },
    [VIRT_PLIC]         = { 0xc000000,  0x600000 },
    [VIRT_APLIC_S]      = { 0xd000000,  0x600000 },
    [VIRT_UART0]        = { 0x10000000, 0x100 },
    [VIRT_VIRTIO]       = { 0x10001000, 0x1000 },
    [VIRT_FW_CFG]       = { 0x10100000, 0x18 },
    [VIRT_FLASH]        = { 0x20000000, 0x2000000 }, /* each of two */
    [VIRT_IMSIC_M]      = { 0x24000000, 0x4000000 },
    [VIRT_IMSIC_S]      = { 0x28000000, 0x8000000 },
    [VIRT_PCIE_ECAM]    = { 0x30000000, 0x10000000 },
    [VIRT_PCIE_MMIO]    = { 0x40000000, 0x40000000 },
    [VIRT_DRAM]         = { 0x80000000, 0x0 },
};

/* ---- The fixed devices ---- */

static bool set_u64(DeviceState *dev, const char *name, uint64_t v, Error **errp)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, v);
    return object_property_set_str(dev, name, text, errp);
}

static bool setup_harts(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    return set_u64(dev, "num-harts", s->sockets[n].nr_harts, errp) &&
           set_u64(dev, "hartid-base", s->sockets[n].first_hart, errp);
}

/* Timers and inter-processor interrupts of machine level. */
static bool has_mmode(const VirtMachineState *s)
{
    return !s->no_mmode;
}

/* An ACLINT beside interrupt files has the timer only: a message does for a software interrupt. */
static bool timer_only(const VirtMachineState *s)
{
    return s->aclint && virt_has_imsic(s);
}

static bool has_swi(const VirtMachineState *s)
{
    return has_mmode(s) && !timer_only(s);
}

static bool has_sswi(const VirtMachineState *s)
{
    return has_swi(s) && s->aclint;
}

static MemMapEntry place_mtimer(const VirtMachineState *s, unsigned n)
{
    const MemMapEntry *map = &virt_memmap[VIRT_CLINT];

    if (timer_only(s)) {
        return (MemMapEntry){ map->base + n * RISCV_ACLINT_MTIMER_SIZE, map->size };
    }
    return (MemMapEntry){ map->base + n * map->size + RISCV_ACLINT_SWI_SIZE, map->size };
}

static bool setup_swi(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    object_property_set_known(dev, "part", s->aclint ? "mswi" : "clint");
    return setup_harts(s, dev, n, errp);
}

static bool setup_sswi(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    object_property_set_known(dev, "part", "sswi");
    return setup_harts(s, dev, n, errp);
}

static bool setup_mtimer(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    riscv_aclint_mtimer_set_timebase(dev, &s->timebase);
    object_property_set_known(dev, "aclint", s->aclint ? "on" : "off");
    return setup_harts(s, dev, n, errp);
}

static bool setup_plic(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    s->sockets[n].irqchip = dev;
    object_property_set_known(dev, "mmode", s->no_mmode ? "off" : "on");
    return setup_harts(s, dev, n, errp) &&
           set_u64(dev, "num-sources", VIRT_IRQ_SOURCES, errp) &&
           set_u64(dev, "num-priorities", VIRT_IRQ_PRIORITIES, errp) &&
           set_u64(dev, "aperture-size", virt_memmap[VIRT_PLIC].size, errp);
}

static bool setup_uart(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    GPtrArray *serial = MACHINE(s)->serial;
    Object *chr = serial && n < serial->len ? g_ptr_array_index(serial, n) : NULL;

    return !chr || object_property_set_str(dev, "chardev", chr->name, errp);
}

static bool setup_flash(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    g_autofree char *name = g_strdup_printf("virt.flash%u", n);

    object_property_set_known(dev, "name", name);
    return !s->pflash[n] || object_property_set_str(dev, "drive", s->pflash[n], errp);
}

/*
 * In the order they are made. The interrupt controller comes before the devices whose lines it
 * takes; a reset walks backwards, so that the devices' lines have fallen when it is its turn.
 */
static const VirtDevice virt_devices[] = {
    { TYPE_RISCV_ACLINT_SWI, "swi", VIRT_CLINT, .per_socket = true, .hart_irqs = { 3 },
      .wanted = has_swi, .setup = setup_swi },
    { TYPE_RISCV_ACLINT_MTIMER, "mtimer", VIRT_CLINT, .per_socket = true, .hart_irqs = { 7 },
      .wanted = has_mmode, .place = place_mtimer, .setup = setup_mtimer },
    { TYPE_RISCV_ACLINT_SWI, "sswi", VIRT_ACLINT_SSWI, .per_socket = true, .hart_irqs = { 1 },
      .wanted = has_sswi, .setup = setup_sswi },
    { TYPE_SIFIVE_PLIC, "plic", VIRT_PLIC, .per_socket = true, .hart_irqs = { 11, 9 },
      .wanted = virt_has_plic, .setup = setup_plic },
    { TYPE_RISCV_IMSIC, "imsic-m", VIRT_IMSIC_M, .per_hart = true, .hart_irqs = { 11 },
      .wanted = virt_has_imsic_m, .place = virt_place_imsic_m, .setup = virt_setup_imsic_m },
    { TYPE_RISCV_IMSIC, "imsic-s", VIRT_IMSIC_S, .per_hart = true, .hart_irqs = { 9 },
      .wanted = virt_makes_imsic_s, .place = virt_place_imsic_s, .setup = virt_setup_imsic_s },
    { TYPE_RISCV_KERNEL_AIA, "aia", VIRT_APLIC_S, .wanted = virt_has_kernel_imsic,
      .place = virt_place_kernel_aia, .setup = virt_setup_kernel_aia },
    { TYPE_RISCV_APLIC, "aplic-m", VIRT_PLIC, .per_socket = true, .hart_irqs = { 11 },
      .wanted = virt_has_aplic_m, .place = virt_place_aplic_m, .setup = virt_setup_aplic_m },
    { TYPE_RISCV_APLIC, "aplic-s", VIRT_APLIC_S, .per_socket = true, .hart_irqs = { 9 },
      .wanted = virt_makes_aplic_s, .place = virt_place_aplic_s, .setup = virt_setup_aplic_s },
    { "riscv.sifive.test", "test", VIRT_TEST },
    { "virtio-mmio", "virtio-mmio", VIRT_VIRTIO, .count = VIRT_NR_VIRTIO,
      .irq = VIRT_IRQ_VIRTIO },
    { "serial-mm", "uart0", VIRT_UART0, .irq = VIRT_IRQ_UART0, .setup = setup_uart },
    { "goldfish_rtc", "rtc", VIRT_RTC, .irq = VIRT_IRQ_RTC },
    { TYPE_FW_CFG, "fw_cfg", VIRT_FW_CFG },
    { TYPE_GPEX_HOST, "pcie", VIRT_PCIE_ECAM, .irq = VIRT_IRQ_PCIE, .setup = virt_setup_pcie },
    { TYPE_PFLASH_CFI01, "flash", VIRT_FLASH, .count = VIRT_NR_FLASH, .setup = setup_flash },
};

static MemMapEntry place(const VirtMachineState *s, const VirtDevice *row, unsigned n)
{
    const MemMapEntry *map = &virt_memmap[row->map];

    return row->place ? row->place(s, n)
                      : (MemMapEntry){ map->base + row->offset + n * map->size, map->size };
}

static unsigned device_count(const VirtMachineState *s, const VirtDevice *row)
{
    return row->wanted && !row->wanted(s) ? 0
           : row->per_socket              ? s->nr_sockets
           : row->per_hart                ? MACHINE(s)->smp.cpus
                                          : MAX(row->count, 1);
}

/* Of a device that belongs to one hart: line 0 is the level's interrupt, line n that of guest n. */
static void wire_to_hart(const VirtInstance *i)
{
    CPUState *cpu = cpu_list()->cpus[i->n];

    for (unsigned k = 0; k < i->dev->nr_irq_out; k++) {
        device_connect_irq(i->dev, k, DEVICE(cpu),
                           k ? IRQ_GUEST0 + (int)k : (int)i->row->hart_irqs[0]);
    }
}

/* Output line h * k + j goes to input hart_irqs[j] of the socket's hart h, where k inputs are
 * given. */
static void wire_to_harts(const VirtMachineState *s, const VirtInstance *i)
{
    const VirtSocket *socket = &s->sockets[i->row->per_socket ? i->n : 0];
    unsigned irqs[2] = { i->row->hart_irqs[0], i->row->hart_irqs[1] };
    unsigned k = irqs[1] ? 2 : irqs[0] ? 1 : 0;
    CPUState *cpu;

    if (k == 2 && s->no_mmode) {
        irqs[0] = irqs[1]; /* the first was M-mode's */
        k = 1;
    }
    CPU_FOREACH(cpu) {
        unsigned h = (unsigned)cpu->cpu_index - socket->first_hart;

        for (unsigned j = 0; h < socket->nr_harts && j < k; j++) {
            device_connect_irq(i->dev, h * k + j, DEVICE(cpu), (int)irqs[j]);
        }
    }
}

/* What to call an instance in an error: what the user wrote about it, if anything. */
static char *instance_what(const VirtMachineState *s, const VirtInstance *i)
{
    const char *drive = i->row->map == VIRT_FLASH ? s->pflash[i->n] : NULL;

    return drive ? g_strdup_printf("-M pflash%u=%s", i->n, drive)
                 : g_strdup(i->dev->parent_obj.name);
}

/* Makes device n of a row and puts it into the tree. */
static bool create_device(VirtMachineState *s, const VirtDevice *row, unsigned n, Error **errp)
{
    MachineState *ms = MACHINE(s);
    VirtInstance i = { .row = row, .n = n, .at = place(s, row, n) };
    bool several = row->count || row->per_hart || (row->per_socket && s->nr_sockets > 1);
    g_autofree char *name = several ? g_strdup_printf("%s[%u]", row->name, n)
                                    : g_strdup(row->name);
    Object *obj = object_new(row->type, errp);

    if (!obj) {
        return false;
    }
    i.dev = DEVICE(obj);
    bool ok = object_add_child(&ms->parent_obj, name, obj, errp);
    object_unref(obj); /* the tree has its reference */
    if (!ok) {
        return false;
    }
    i.dev->dma_as = &ms->as;
    if (row->setup && !row->setup(s, i.dev, n, errp)) {
        g_autofree char *what = instance_what(s, &i);

        error_prepend(errp, "%s: ", what);
        return false;
    }
    g_array_append_val(s->devices, i);
    return true;
}

static bool realize_device(VirtMachineState *s, const VirtInstance *i, Error **errp)
{
    if (!device_realize(i->dev, errp)) {
        g_autofree char *what = instance_what(s, i);

        error_prepend(errp, "%s: ", what);
        return false;
    }
    device_map(i->dev, 0, &MACHINE(s)->system_memory, i->at.base);
    for (unsigned k = 0; i->row->irq && k < i->dev->nr_irq_out; k++) {
        device_connect_irq(i->dev, k, s->sockets[virt_irq_socket(s, i->row->map)].irqchip,
                           i->row->irq + (int)(i->n + k));
    }
    if (i->row->per_hart) {
        wire_to_hart(i);
    } else {
        wire_to_harts(s, i);
    }
    return true;
}

/*
 * Of equal devices the last stands first in the object tree and in the device tree, as on QEMU's
 * board: a -device without bus= takes the first bus with room, that of the last window, and Linux
 * finds it first. But they are realized in ascending order, which numbers their buses.
 */
static bool create_devices(VirtMachineState *s, Error **errp)
{
    for (size_t r = 0; r < ARRAY_SIZE(virt_devices); r++) {
        const VirtDevice *row = &virt_devices[r];
        unsigned first = s->devices->len;

        for (unsigned n = device_count(s, row); n-- > 0;) {
            if (!create_device(s, row, n, errp)) {
                return false;
            }
        }
        for (unsigned k = s->devices->len; k-- > first;) {
            if (!realize_device(s, &g_array_index(s->devices, VirtInstance, k), errp)) {
                return false;
            }
        }
    }
    return true;
}

static bool create_cpus(VirtMachineState *s, Error **errp)
{
    MachineState *ms = MACHINE(s);

    const char *spec = ms->cpu_spec   ? ms->cpu_spec
                       : kvm_enabled() ? "host"
                                       : MACHINE_GET_CLASS(ms)->default_cpu;

    for (unsigned n = 0; n < ms->smp.cpus; n++) {
        g_autofree char *name = g_strdup_printf("cpu[%u]", n);
        RISCVCPU *cpu = riscv_cpu_create_from_spec(spec, errp);
        if (!cpu) {
            error_prepend(errp, "-cpu %s: ", spec);
            return false;
        }
        cpu->hartid = n;
        cpu->timebase = &s->timebase;
        cpu->resetvec = virt_memmap[VIRT_MROM].base;
        cpu->smode = ms->smode;
        cpu->sbi_builtin = s->builtin;
        CPU(cpu)->cpu_index = (int)n;
        CPU(cpu)->as = &ms->as;
        DEVICE(cpu)->dma_as = &ms->as;
        bool ok = virt_aia_setup_cpu(s, cpu, errp) &&
                  object_add_child(&ms->parent_obj, name, cpu, errp) &&
                  device_realize(DEVICE(cpu), errp);
        object_unref(cpu);
        if (!ok) {
            error_prepend(errp, "-cpu %s: ", spec);
            return false;
        }
        cpu_list_add(CPU(cpu));
        if (s->builtin && !ext_get(cpu->ext, EXT_S)) {
            error_setg(errp, "-bios builtin: -cpu %s has no S-mode for the guest to start in", spec);
            return false;
        }
    }
    /* Under KVM time is the host's. */
    uint64_t hz = riscv_kvm_frequency(RISCV_CPU(cpu_list()->cpus[0]));
    if (hz) {
        s->timebase.freq_hz = hz;
    }
    return true;
}

/* The firmware's console is the first UART. */
static void find_console(VirtMachineState *s)
{
    MachineState *ms = MACHINE(s);
    CPUState *cpu;

    for (unsigned i = 0; i < s->devices->len; i++) {
        const VirtInstance *d = &g_array_index(s->devices, VirtInstance, i);

        if (d->row->map == VIRT_UART0) {
            ms->console = serial_mm_console(d->dev);
        }
    }
    CPU_FOREACH(cpu) {
        RISCV_CPU(cpu)->console = &ms->console;
    }
}

static bool virt_init(MachineState *ms, Error **errp)
{
    VirtMachineState *s = VIRT_MACHINE(ms);

    if (!virt_check_builtin(s, errp)) {
        return false;
    }
    s->no_mmode = ms->smode;
    if (!virt_aia_check(s, errp) || !virt_make_sockets(s, errp)) {
        return false;
    }
    timebase_init(&s->timebase, VIRT_TIMEBASE_HZ);
    image_loader_init(&s->loader, &ms->as);
    ms->loader = &s->loader;
    s->devices = g_array_new(false, false, sizeof(VirtInstance));
    if (!machine_init_ram(ms, "riscv_virt_board.ram", errp) ||
        !memory_region_init_rom(&s->mrom, ms, "riscv_virt_board.mrom",
                                virt_memmap[VIRT_MROM].size, errp)) {
        return false;
    }
    memory_region_add_subregion(&ms->system_memory, virt_memmap[VIRT_DRAM].base, &ms->ram);
    memory_region_add_subregion(&ms->system_memory, virt_memmap[VIRT_MROM].base, &s->mrom);
    if (!create_cpus(s, errp) || !create_devices(s, errp)) {
        return false;
    }
    virt_aia_connect(s);
    virt_map_pcie(s);
    find_console(s);
    return true;
}

/* In place, not by way of a temporary file beside it: FILE may be /dev/stdout. */
static bool dump_dtb(MachineState *ms, Error **errp)
{
    FILE *f = fopen(ms->dumpdtb, "wb");
    bool ok = f && fwrite(ms->fdt, 1, ms->fdt_size, f) == (size_t)ms->fdt_size;

    if ((f && fclose(f) != 0) || !ok) {
        error_setg_errno(errp, errno, "-M dumpdtb=%s", ms->dumpdtb);
        return false;
    }
    return true;
}

static bool virt_done(MachineState *ms, Error **errp)
{
    VirtMachineState *s = VIRT_MACHINE(ms);
    g_autoptr(FDTBuilder) fdt = virt_create_fdt(s, errp);

    if (!fdt || !virt_boot_setup(s, fdt, errp) || !virt_fw_cfg_setup(s, errp)) {
        return false;
    }
    return !ms->dumpdtb || dump_dtb(ms, errp);
}

/* Those of -device; what sits on a bus is reset with it. */
static int reset_without_bus(Object *obj, void *opaque)
{
    DeviceState *dev = object_dynamic_cast(obj, TYPE_DEVICE);

    if (dev && dev->realized && !dev->parent_bus) {
        device_reset(dev);
    }
    return 0;
}

/*
 * Main thread, vCPUs paused. The harts go first and forget what was pending, then the devices lower
 * their lines, then the interrupt controller, then the CLINT, whose timer says anew what is due.
 */
static void virt_reset(MachineState *ms)
{
    VirtMachineState *s = VIRT_MACHINE(ms);
    CPUState *cpu;

    image_loader_reset(&s->loader);
    timebase_write(&s->timebase, 0);
    CPU_FOREACH(cpu) {
        device_reset(DEVICE(cpu));
        accel_state_reset(cpu);
    }
    for (unsigned i = s->devices->len; i-- > 0;) {
        device_reset(g_array_index(s->devices, VirtInstance, i).dev);
    }
    object_walk(object_container("/machine/peripheral"), reset_without_bus, NULL);
    object_walk(object_container("/machine/peripheral-anon"), reset_without_bus, NULL);
}

/* ---- Properties: those of QEMU's board; what is not built yet says so. ---- */

static bool not_yet(const Property *prop, const char *value, const char *now, Error **errp)
{
    error_setg(errp, "%s=%s: not supported yet, only %s", prop->name, value, now);
    return false;
}

static bool iommu_changed(Object *obj, const Property *prop, Error **errp)
{
    return VIRT_MACHINE(obj)->iommu_sys != ON_OFF_AUTO_ON ||
           not_yet(prop, "on", "off or auto", errp);
}

static const Property virt_props[] = {
    PROP_BOOL("aclint", VirtMachineState, aclint, false, "split the CLINT into ACLINT devices"),
    { PROP_(prop_on_off_auto, "acpi", VirtMachineState, acpi),
      .help = "ACPI tables for the firmware" },
    { PROP_(prop_enum, "aia", VirtMachineState, aia), .names = virt_aia_names,
      .help = "interrupt controllers" },
    { PROP_(prop_u32, "aia-guests", VirtMachineState, aia_guests), .max = 7,
      .help = "guest interrupt files of each IMSIC" },
    { PROP_(prop_on_off_auto, "iommu-sys", VirtMachineState, iommu_sys),
      .changed = iommu_changed, .help = "the IOMMU as a platform device" },
    PROP_STR("dt-compatible", VirtMachineState, dt_compatible, NULL,
             "\"compatible\" of the device tree's root"),
    PROP_STR("pflash0", VirtMachineState, pflash[0], NULL, "drive of the first flash bank"),
    PROP_STR("pflash1", VirtMachineState, pflash[1], NULL, "drive of the second flash bank"),
    PROP_END,
};

static void virt_finalize(Object *obj)
{
    VirtMachineState *s = VIRT_MACHINE(obj);

    if (s->devices) { /* virt_init() has run */
        g_array_unref(s->devices);
        image_loader_destroy(&s->loader);
        MACHINE(s)->loader = NULL;
        memory_region_destroy(&s->mrom);
        virt_aia_finalize(s);
    }
}

static void virt_class_init(ObjectClass *klass, const void *data)
{
    MachineClass *mc = MACHINE_CLASS(klass);

    klass->props = virt_props;
    mc->name = "virt";
    mc->desc = "RISC-V VirtIO board";
    mc->max_cpus = VIRT_MAX_CPUS;
    mc->default_ram_size = 128 * MiB;
    mc->max_ram_size = 1ULL << 55; /* half of what a 56-bit physical address reaches */
    mc->default_cpu = "rv64";
    mc->cpu_type = TYPE_RISCV_CPU;
    mc->default_nic = "virtio-net-device";
    mc->nr_serial = 1;
    mc->block_if_virtio = "virtio-blk-pci";
    mc->init = virt_init;
    mc->done = virt_done;
    mc->reset = virt_reset;
}

static const TypeInfo virt_info = {
    .name = TYPE_VIRT_MACHINE,
    .parent = TYPE_MACHINE,
    .instance_size = sizeof(VirtMachineState),
    .desc = "RISC-V VirtIO board",
    .class_init = virt_class_init,
    .instance_finalize = virt_finalize,
};

type_init(virt_info)
