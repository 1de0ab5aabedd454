/*
 * PCI Express on the `virt` board: where its windows are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/pci/pci-host.h"
#include "hw/riscv/virt.h"
#include "util/bits.h"

#define HIGH_WINDOW (16 * GiB)

/* The 64-bit window follows RAM, at a multiple of its size. */
static PCIWindow high_window(const VirtMachineState *s)
{
    hwaddr ram_end = virt_memmap[VIRT_DRAM].base + MACHINE(s)->ram_size;

    return (PCIWindow){ align_up(ram_end, HIGH_WINDOW), HIGH_WINDOW };
}

static PCIWindow window(VirtMap map)
{
    return (PCIWindow){ virt_memmap[map].base, virt_memmap[map].size };
}

bool virt_setup_pcie(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp)
{
    PCIHost *host = GPEX_HOST(dev);

    host->ecam_size = virt_memmap[VIRT_PCIE_ECAM].size;
    host->mem32 = window(VIRT_PCIE_MMIO);
    host->mem64 = high_window(s);
    host->ports = window(VIRT_PCIE_PIO);
    host->msi = virt_has_imsic(s) ? &s->msi : NULL;
    s->pcie = dev;
    return true;
}

void virt_map_pcie(VirtMachineState *s)
{
    const PCIHost *host = GPEX_HOST(s->pcie);
    const PCIWindow *windows[] = { &host->mem32, &host->mem64, &host->ports };

    for (unsigned n = 0; n < ARRAY_SIZE(windows); n++) {
        device_map(s->pcie, n + 1, &MACHINE(s)->system_memory, windows[n]->base);
    }
}
