/*
 * BARs: where the registers of a function are in memory and I/O space.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/pci/pci-host.h"
#include "util/bits.h"

void pci_register_bar(PCIDevice *d, unsigned n, PCIBarType type, MemoryRegion *mr)
{
    uint64_t size = mr->size;
    bool wide = type & PCI_BAR_MEM64;
    uint8_t *config = d->config + PCI_BAR0 + 4 * n, *wmask = d->wmask + PCI_BAR0 + 4 * n;

    if (!is_pow2(size) || n + wide >= PCI_NUM_BARS) {
        /* lint: a device's own code registers BARs, before the guest runs */
        g_error("%s: BAR %u cannot be made", object_type_name(d), n);
    }
    d->bars[n] = (PCIBar){ mr, type, size, UINT64_MAX };
    pci_set32(config, type);
    pci_set32(wmask, (uint32_t)~(size - 1) & (type == PCI_BAR_IO ? ~3u : ~15u));
    if (wide) {
        pci_set32(wmask + 4, (uint32_t)(~(size - 1) >> 32));
    }
}

/* Where the registers say that BAR n is; UINT64_MAX: nowhere. */
static hwaddr bar_address(const PCIDevice *d, unsigned n)
{
    const PCIBar *bar = &d->bars[n];
    const uint8_t *config = d->config + PCI_BAR0 + 4 * n;
    bool io = bar->type == PCI_BAR_IO;
    uint64_t addr = pci_get32(config) & (io ? ~3u : ~15u);
    uint64_t max = io ? UINT16_MAX : UINT32_MAX;

    if (!(d->config[PCI_COMMAND] & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY))) {
        return UINT64_MAX;
    }
    if (bar->type & PCI_BAR_MEM64) {
        addr |= (uint64_t)pci_get32(config + 4) << 32;
        max = UINT64_MAX - 1;
    }
    /* While its size is asked for, a BAR is all ones. Port 0 is a place like any other: EDK2 begins
     * there. */
    return addr > max || max - addr < bar->size - 1 ? UINT64_MAX : addr;
}

void pci_update_bars(PCIDevice *d)
{
    memory_region_transaction_begin();
    for (unsigned n = 0; n < PCI_NUM_BARS; n++) {
        PCIBar *bar = &d->bars[n];
        MemoryRegion *space = bar->type == PCI_BAR_IO ? d->bus->io : d->bus->mem;
        hwaddr addr = bar->mr ? bar_address(d, n) : UINT64_MAX;

        if (!bar->mr || addr == bar->addr) {
            continue;
        }
        if (bar->addr != UINT64_MAX) {
            memory_region_del_subregion(space, bar->mr);
        }
        bar->addr = addr;
        if (addr != UINT64_MAX) {
            /* Guests may lay them over each other; which one answers is not defined. */
            memory_region_add_subregion_overlap(space, addr, bar->mr, 1);
        }
    }
    memory_region_transaction_commit();
}
