/*
 * Interrupt controllers of the advanced interrupt architecture on the `virt` board: which there are,
 * where they are, and how messages find them. -M aia=aplic gives each socket an APLIC in place of its
 * PLIC, aia=aplic-imsic also each hart its interrupt files.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

#include <inttypes.h>

#include "accel/kvm/kvm-cpu.h"
#include "hw/intc/riscv_aplic.h"
#include "hw/intc/riscv_imsic.h"
#include "hw/intc/riscv_kernel_aia.h"
#include "target/riscv/cpu.h"
#include "target/riscv/ext.h"
#include "util/bits.h"

const EnumName virt_aia_names[] = {
    { "none", VIRT_AIA_NONE, "PLIC" },
    { "aplic", VIRT_AIA_APLIC, "wired interrupts through APLICs" },
    { "aplic-imsic", VIRT_AIA_APLIC_IMSIC, "messages through APLICs and IMSICs" },
    { NULL },
};

enum { LEVEL_M, LEVEL_S }; /* of VirtMachineState.imsic */

/* ---- What there is ---- */

bool virt_has_plic(const VirtMachineState *s)
{
    return s->aia == VIRT_AIA_NONE;
}

bool virt_has_aplic(const VirtMachineState *s)
{
    return s->aia != VIRT_AIA_NONE;
}

bool virt_has_aplic_m(const VirtMachineState *s)
{
    return virt_has_aplic(s) && !s->no_mmode;
}

bool virt_has_imsic(const VirtMachineState *s)
{
    return s->aia == VIRT_AIA_APLIC_IMSIC;
}

bool virt_has_imsic_m(const VirtMachineState *s)
{
    return virt_has_imsic(s) && !s->no_mmode;
}

bool virt_makes_aplic_s(const VirtMachineState *s)
{
    return virt_has_aplic(s) && !virt_has_kernel_aplic(s);
}

bool virt_makes_imsic_s(const VirtMachineState *s)
{
    return virt_has_imsic(s) && !virt_has_kernel_imsic(s);
}

bool virt_aia_check(const VirtMachineState *s, Error **errp)
{
    if (s->aia_guests && !virt_has_imsic(s)) {
        error_setg(errp, "-M aia-guests=%u: guest interrupt files need aia=aplic-imsic",
                   s->aia_guests);
        return false;
    }
    return virt_kernel_aia_check(s, errp);
}

/* The CSRs come with the interrupt files, as on QEMU's board; those of M only if there is M. Under KVM
 * they are for the host to have. */
bool virt_aia_setup_cpu(const VirtMachineState *s, RISCVCPU *cpu, Error **errp)
{
    static const uint8_t needed[] = { EXT_SSAIA, EXT_SMAIA };

    if (!virt_has_imsic(s) || kvm_enabled()) {
        return true;
    }
    for (size_t i = 0; i < (s->no_mmode ? 1 : ARRAY_SIZE(needed)); i++) {
        if (ext_get(cpu->ext_chosen, needed[i]) && !ext_get(cpu->ext, needed[i])) {
            error_setg(errp, "%s=off: -M aia=aplic-imsic needs it on",
                       riscv_ext_rows[needed[i]].name);
            return false;
        }
        ext_put(cpu->ext, needed[i], true);
    }
    return true;
}

/* ---- Where it is ---- */

static unsigned bits_for(unsigned count)
{
    unsigned bits = 0;

    while ((1u << bits) < count) {
        bits++;
    }
    return bits;
}

unsigned virt_guest_bits(const VirtMachineState *s)
{
    return bits_for(s->aia_guests + 1);
}

unsigned virt_hart_bits(const VirtMachineState *s)
{
    unsigned most = 0;

    for (unsigned n = 0; n < s->nr_sockets; n++) {
        most = MAX(most, s->sockets[n].nr_harts);
    }
    return bits_for(most);
}

unsigned virt_group_bits(const VirtMachineState *s)
{
    return bits_for(s->nr_sockets);
}

MemMapEntry virt_place_aplic_m(const VirtMachineState *s, unsigned n)
{
    return (MemMapEntry){ virt_memmap[VIRT_PLIC].base + n * VIRT_APLIC_SIZE, VIRT_APLIC_SIZE };
}

MemMapEntry virt_place_aplic_s(const VirtMachineState *s, unsigned n)
{
    return (MemMapEntry){ virt_memmap[VIRT_APLIC_S].base + n * VIRT_APLIC_SIZE, VIRT_APLIC_SIZE };
}

static unsigned socket_of(const VirtMachineState *s, unsigned hart)
{
    unsigned n = 0;

    while (n + 1 < s->nr_sockets && hart - s->sockets[n].first_hart >= s->sockets[n].nr_harts) {
        n++;
    }
    return n;
}

static MemMapEntry place_imsic(const VirtMachineState *s, VirtMap map, unsigned hart, uint64_t size)
{
    unsigned n = socket_of(s, hart);

    return (MemMapEntry){ virt_memmap[map].base + (hwaddr)n * VIRT_IMSIC_GROUP +
                              (hart - s->sockets[n].first_hart) * size,
                          size };
}

MemMapEntry virt_place_imsic_m(const VirtMachineState *s, unsigned n)
{
    return place_imsic(s, VIRT_IMSIC_M, n, IMSIC_PAGE);
}

MemMapEntry virt_place_imsic_s(const VirtMachineState *s, unsigned n)
{
    return place_imsic(s, VIRT_IMSIC_S, n, (uint64_t)IMSIC_PAGE << virt_guest_bits(s));
}

/* ---- Messages ---- */

/* The file at an address in one level's window. */
static bool find_file(const VirtMachineState *s, int level, hwaddr offset, DeviceState **dev,
                      unsigned *file)
{
    unsigned shift = 12 + (level == LEVEL_S ? virt_guest_bits(s) : 0);
    unsigned socket = (unsigned)(offset / VIRT_IMSIC_GROUP);
    unsigned hart = (unsigned)(offset % VIRT_IMSIC_GROUP >> shift);

    if (!s->imsic[level] || socket >= s->nr_sockets || hart >= s->sockets[socket].nr_harts) {
        return false;
    }
    *dev = s->imsic[level][s->sockets[socket].first_hart + hart];
    *file = (unsigned)(offset & ((1u << shift) - 1)) / IMSIC_PAGE;
    return *dev && offset % IMSIC_PAGE == 0;
}

/* A controller's message reaches interrupt files and nothing else, whatever address the guest has
 * given it: so it cannot come back to a device whose lock is held. */
static void send_msi(void *opaque, hwaddr addr, uint32_t data)
{
    static const VirtMap maps[] = { [LEVEL_M] = VIRT_IMSIC_M, [LEVEL_S] = VIRT_IMSIC_S };
    VirtMachineState *s = opaque;

    for (int level = LEVEL_M; level <= LEVEL_S; level++) {
        const MemMapEntry *map = &virt_memmap[maps[level]];
        DeviceState *dev;
        unsigned file;

        if (addr - map->base < map->size &&
            find_file(s, level, addr - map->base, &dev, &file) &&
            riscv_imsic_msi(dev, file, data)) {
            return;
        }
    }
    log_guest_error(&s->msi_limit, "virt", "message 0x%x to 0x%" PRIx64
                    ", which no interrupt file takes", data, addr);
}

/* ---- Devices ---- */

static bool set_u32(DeviceState *dev, const char *name, uint32_t v, Error **errp)
{
    g_autofree char *text = g_strdup_printf("%u", v);

    return object_property_set_str(dev, name, text, errp);
}

static bool setup_aplic(VirtMachineState *s, DeviceState *dev, unsigned n, bool mmode, Error **errp)
{
    object_property_set_known(dev, "mmode", mmode ? "on" : "off");
    object_property_set_known(dev, "msimode", virt_has_imsic(s) ? "on" : "off");
    s->msi = s->kernel_aia ? *riscv_kernel_aia_msi(s->kernel_aia)
                           : (MSITarget){ .send = send_msi, .opaque = s };
    riscv_aplic_set_msi(dev, &s->msi);
    return set_u32(dev, "num-harts", s->sockets[n].nr_harts, errp) &&
           set_u32(dev, "hartid-base", s->sockets[n].first_hart, errp) &&
           /* Unlike the PLIC's, sources 1 to 96, as the device tree says. */
           set_u32(dev, "num-irqs", VIRT_IRQ_SOURCES + 1, errp) &&
           set_u32(dev, "iprio-bits", VIRT_IRQ_PRIORITY_BITS, errp) &&
           set_u32(dev, "aperture-size", VIRT_APLIC_SIZE, errp);
}

bool virt_setup_aplic_m(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    s->sockets[n].irqchip = dev;
    return setup_aplic(s, dev, n, true, errp);
}

bool virt_setup_aplic_s(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    if (!s->no_mmode) {
        riscv_aplic_set_parent(dev, s->sockets[n].irqchip);
    } else {
        const APLICAddress address = {
            .base_ppn = virt_memmap[VIRT_IMSIC_S].base >> 12,
            .lhxs = virt_guest_bits(s),
            .lhxw = virt_hart_bits(s),
            .hhxs = VIRT_IMSIC_GROUP_SHIFT - 24,
            .hhxw = virt_group_bits(s),
        };
        s->sockets[n].irqchip = dev;
        riscv_aplic_set_address(dev, &address);
    }
    return setup_aplic(s, dev, n, false, errp);
}

static bool setup_imsic(VirtMachineState *s, DeviceState *dev, unsigned n, int level, Error **errp)
{
    if (!s->imsic[level]) {
        s->imsic[level] = g_new0(DeviceState *, MACHINE(s)->smp.cpus);
    }
    s->imsic[level][n] = dev;
    object_property_set_known(dev, "mmode", level == LEVEL_M ? "on" : "off");
    return set_u32(dev, "hartid", n, errp) && set_u32(dev, "num-irqs", VIRT_MSI_IDS + 1, errp) &&
           set_u32(dev, "num-pages", level == LEVEL_M ? 1 : 1 + s->aia_guests, errp);
}

bool virt_setup_imsic_m(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    return setup_imsic(s, dev, n, LEVEL_M, errp);
}

bool virt_setup_imsic_s(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    return setup_imsic(s, dev, n, LEVEL_S, errp);
}

void virt_aia_connect(VirtMachineState *s)
{
    CPUState *cpu;

    if (virt_has_kernel_aplic(s)) { /* window 0 is the APLIC */
        device_map(s->kernel_aia, 1, &MACHINE(s)->system_memory, virt_place_imsic_s(s, 0).base);
    }
    CPU_FOREACH(cpu) {
        unsigned n = (unsigned)cpu->cpu_index;

        if (s->imsic[LEVEL_M]) {
            RISCV_CPU(cpu)->imsic_m = riscv_imsic_link(s->imsic[LEVEL_M][n]);
        }
        if (s->imsic[LEVEL_S]) {
            RISCV_CPU(cpu)->imsic_s = riscv_imsic_link(s->imsic[LEVEL_S][n]);
            RISCV_CPU(cpu)->geilen = (uint8_t)s->aia_guests;
        }
    }
}

void virt_aia_finalize(VirtMachineState *s)
{
    for (int level = LEVEL_M; level <= LEVEL_S; level++) {
        g_clear_pointer(&s->imsic[level], g_free);
    }
}
