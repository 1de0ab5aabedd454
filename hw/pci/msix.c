/*
 * Message-signalled interrupts: MSI (PCI Local Bus 3.0, 6.8.1) and MSI-X (6.8.2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/pci/pci-host.h"

#include <string.h>

#include "util/bits.h"

enum { MSI_CONTROL = 2, MSI_ADDR = 4, MSI_ADDR_HIGH = 8, MSI_DATA = 12, MSI_LEN = 14 };
enum { MSI_ENABLE = 1 << 0, MSI_64BIT = 1 << 7 };
enum { MSIX_CONTROL = 2, MSIX_TABLE = 4, MSIX_PBA = 8, MSIX_LEN = 12 };
enum { MSIX_MASK_ALL = 1 << 14, MSIX_ENABLE = 1 << 15 };
enum { ENTRY_ADDR = 0, ENTRY_DATA = 8, ENTRY_CONTROL = 12, ENTRY_SIZE = 16 };

void pci_send_msi(PCIDevice *d, hwaddr addr, uint32_t data)
{
    const MSITarget *msi = d->bus->host->msi;

    /* A message is a write by the device as a bus master. */
    if (msi && d->config[PCI_COMMAND] & PCI_COMMAND_MASTER) {
        msi->send(msi->opaque, addr, data);
    }
}

/* ---- MSI ---- */

void pci_msi_init(PCIDevice *d, unsigned nr)
{
    unsigned log2 = 0;
    unsigned at;

    if (!d->bus->host->msi) {
        return;
    }
    while (1u << log2 < nr) {
        log2++;
    }
    at = pci_add_capability(d, PCI_CAP_MSI, MSI_LEN);
    d->msi_cap = (uint8_t)at;
    pci_set16(d->config + at + MSI_CONTROL, (uint16_t)(MSI_64BIT | log2 << 1));
    pci_set16(d->wmask + at + MSI_CONTROL, MSI_ENABLE | 7 << 4);
    pci_set32(d->wmask + at + MSI_ADDR, ~3u);
    pci_set32(d->wmask + at + MSI_ADDR_HIGH, ~0u);
    pci_set16(d->wmask + at + MSI_DATA, 0xffff);
}

bool pci_msi_enabled(const PCIDevice *d)
{
    return d->msi_cap && pci_get16(d->config + d->msi_cap + MSI_CONTROL) & MSI_ENABLE;
}

void pci_msi_notify(PCIDevice *d, unsigned vector)
{
    const uint8_t *cap = d->config + d->msi_cap;
    uint16_t control = pci_get16(cap + MSI_CONTROL);
    /* The driver may have enabled fewer than there are, and more than it was offered. */
    unsigned offered = extract64(control, 1, 3), enabled = extract64(control, 4, 3);
    uint16_t low = (uint16_t)MASK_ULL(enabled < offered ? enabled : offered);

    pci_send_msi(d, pci_get32(cap + MSI_ADDR) | (uint64_t)pci_get32(cap + MSI_ADDR_HIGH) << 32,
                 (pci_get16(cap + MSI_DATA) & ~low) | (vector & low));
}

/* ---- MSI-X ---- */

bool pci_msix_present(const PCIDevice *d)
{
    return d->msix.nr > 0;
}

unsigned pci_msix_vectors(const PCIDevice *d)
{
    return d->msix.nr;
}

bool pci_msix_enabled(const PCIDevice *d)
{
    return d->msix.nr && pci_get16(d->config + d->msix.cap + MSIX_CONTROL) & MSIX_ENABLE;
}

static bool masked(const PCIDevice *d, unsigned vector)
{
    const PCIMSIX *s = &d->msix;

    return pci_get16(d->config + s->cap + MSIX_CONTROL) & MSIX_MASK_ALL ||
           s->table[vector * ENTRY_SIZE + ENTRY_CONTROL] & 1;
}

static void send(PCIDevice *d, unsigned vector)
{
    const uint8_t *entry = d->msix.table + vector * ENTRY_SIZE;

    pci_send_msi(d, pci_get32(entry) | (uint64_t)pci_get32(entry + 4) << 32,
                 pci_get32(entry + ENTRY_DATA));
}

void pci_msix_notify(PCIDevice *d, unsigned vector)
{
    PCIMSIX *s = &d->msix;

    if (!pci_msix_enabled(d) || vector >= s->nr) {
        return;
    }
    if (masked(d, vector)) {
        s->pba[vector / 8] |= (uint8_t)(1 << vector % 8);
    } else {
        send(d, vector);
    }
}

/* Messages that waited and are not masked any more. */
static void deliver(PCIDevice *d)
{
    PCIMSIX *s = &d->msix;

    for (unsigned v = 0; v < s->nr; v++) {
        if (s->pba[v / 8] >> v % 8 & 1 && !masked(d, v)) {
            s->pba[v / 8] &= (uint8_t)~(1 << v % 8);
            send(d, v);
        }
    }
}

void pci_msi_written(PCIDevice *d)
{
    if (pci_msix_enabled(d)) {
        deliver(d);
    }
}

static MemTxResult table_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    const PCIDevice *d = opaque;
    const PCIMSIX *s = &d->msix;

    *value = addr + size <= s->table_len ? pci_get32(s->table + addr)
             : addr >= s->pba_offset && addr - s->pba_offset + size <= s->pba_len
                 ? pci_get32(s->pba + (addr - s->pba_offset)) : 0;
    return MEMTX_OK;
}

static MemTxResult table_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PCIDevice *d = opaque;
    PCIMSIX *s = &d->msix;

    if (addr + size <= s->table_len) {
        if (addr % ENTRY_SIZE == ENTRY_CONTROL) {
            value &= 1;
        } else if (addr % ENTRY_SIZE == ENTRY_ADDR) {
            value &= ~3u;
        }
        pci_set32(s->table + addr, (uint32_t)value);
        if (pci_msix_enabled(d)) {
            deliver(d);
        }
    }
    return MEMTX_OK;
}

/* 6.8.2: whole words, or two of them at once. */
static const MemoryRegionOps table_ops = {
    .read = table_read,
    .write = table_write,
    .valid = { .min = 4, .max = 8 },
    .impl = { .min = 4, .max = 4 },
};

void pci_msix_init(PCIDevice *d, unsigned nr, unsigned bar)
{
    PCIMSIX *s = &d->msix;
    uint64_t size = 4096;

    if (!d->bus->host->msi || nr == 0) {
        return;
    }
    s->nr = nr;
    s->table_len = nr * ENTRY_SIZE;
    s->pba_len = (uint32_t)align_up(nr, 64) / 8;
    while (size < s->table_len + s->pba_len) {
        size *= 2;
    }
    s->pba_offset = (uint32_t)(size / 2 >= s->table_len ? size / 2 : size);
    if (s->pba_offset + s->pba_len > size) {
        size *= 2;
    }
    s->table = g_malloc0(s->table_len);
    s->pba = g_malloc0(s->pba_len);
    for (unsigned v = 0; v < nr; v++) {
        s->table[v * ENTRY_SIZE + ENTRY_CONTROL] = 1;
    }
    memory_region_init_io(&s->window, d, &table_ops, d, &d->parent_obj.lock, "msix", size);
    pci_register_bar(d, bar, PCI_BAR_MEM32, &s->window);
    s->cap = pci_add_capability(d, PCI_CAP_MSIX, MSIX_LEN);
    pci_set16(d->config + s->cap + MSIX_CONTROL, (uint16_t)(nr - 1));
    pci_set16(d->wmask + s->cap + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK_ALL);
    pci_set32(d->config + s->cap + MSIX_TABLE, bar);
    pci_set32(d->config + s->cap + MSIX_PBA, s->pba_offset | bar);
}

void pci_msix_reset(PCIDevice *d)
{
    PCIMSIX *s = &d->msix;

    if (s->nr) {
        memset(s->table, 0, s->table_len);
        memset(s->pba, 0, s->pba_len);
        for (unsigned v = 0; v < s->nr; v++) {
            s->table[v * ENTRY_SIZE + ENTRY_CONTROL] = 1;
        }
    }
}

void pci_msix_free(PCIDevice *d)
{
    PCIMSIX *s = &d->msix;

    if (s->nr) {
        s->nr = s->table_len = s->pba_len = 0;
        memory_region_destroy(&s->window);
        g_clear_pointer(&s->table, g_free);
        g_clear_pointer(&s->pba, g_free);
    }
}
