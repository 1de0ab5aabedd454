/*
 * The AIA of the accelerator's kernel on the `virt` board: with -M aia=aplic-imsic the interrupt files are
 * always the kernel's under KVM, since a hart reaches them by CSRs, and the APLIC is unless
 * kernel-irqchip=split. Guests see what they see with ours.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

#include "accel/kvm/kvm-cpu.h"
#include "hw/intc/riscv_kernel_aia.h"

/* The board and the accelerator's options fit together. */
bool virt_kernel_aia_check(const VirtMachineState *s, Error **errp)
{
    if (!kvm_enabled()) {
        return true;
    }
    if (virt_has_imsic(s) && !MACHINE(s)->host_aia) {
        error_setg(errp, "-M aia=aplic-imsic: under KVM the interrupt files are in the kernel, which "
                   "kernel-irqchip=off does not allow; use on or split, or aia=aplic");
        return false;
    }
    if (s->aclint) {
        error_setg(errp, "-M aclint=on: ACLINT devices are for M-mode, which guests do not have under "
                   "KVM");
        return false;
    }
    return true;
}

bool virt_has_kernel_imsic(const VirtMachineState *s)
{
    return virt_has_imsic(s) && MACHINE(s)->host_aia;
}

bool virt_has_kernel_aplic(const VirtMachineState *s)
{
    return virt_has_kernel_imsic(s) && !MACHINE(s)->host_aia->split;
}

MemMapEntry virt_place_kernel_aia(const VirtMachineState *s, unsigned n)
{
    return virt_has_kernel_aplic(s) ? virt_place_aplic_s(s, 0) : virt_place_imsic_s(s, 0);
}

static unsigned bits_for(unsigned count)
{
    unsigned bits = 0;

    while ((1u << bits) < count) {
        bits++;
    }
    return bits;
}

bool virt_setup_kernel_aia(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    unsigned harts = MACHINE(s)->smp.cpus, most = 0;
    g_autofree hwaddr *imsic = g_new(hwaddr, harts);
    HostAIAConfig config = {
        .aplic = virt_place_aplic_s(s, 0).base,
        .sources = virt_has_kernel_aplic(s) ? VIRT_IRQ_SOURCES : 0,
        .ids = VIRT_MSI_IDS,
        .nr_harts = harts,
        .imsic = imsic,
        .guest_bits = virt_guest_bits(s),
        .group_bits = bits_for(s->nr_sockets),
        .group_shift = VIRT_IMSIC_GROUP_SHIFT,
    };

    for (unsigned h = 0; h < harts; h++) {
        imsic[h] = virt_place_imsic_s(s, h).base;
    }
    for (unsigned i = 0; i < s->nr_sockets; i++) {
        most = MAX(most, s->sockets[i].nr_harts);
        if (config.sources) {
            s->sockets[i].irqchip = dev; /* one for all of them */
        }
    }
    config.hart_bits = bits_for(most);
    riscv_kernel_aia_configure(dev, MACHINE(s)->host_aia, &config);
    s->kernel_aia = dev;
    return true;
}

unsigned virt_msi_ids(const VirtMachineState *s)
{
    return s->kernel_aia ? riscv_kernel_aia_config(s->kernel_aia)->ids : VIRT_MSI_IDS;
}
