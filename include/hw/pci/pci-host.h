/*
 * What a PCI host bridge gives its buses, and the generic ECAM host of the boards.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_PCI_PCI_HOST_H
#define VIREO_HW_PCI_PCI_HOST_H

#include "hw/pci/pci.h"

#define TYPE_GPEX_HOST "gpex-pcihost"
OBJECT_DECLARE_SIMPLE(PCIHost, GPEX_HOST, TYPE_GPEX_HOST)

#define PCI_ROOT_BUS_NAME "pcie.0"

/* A part of the address map that belongs to PCI; addresses are the same on the bus (I/O: from 0). */
typedef struct PCIWindow {
    hwaddr base;
    uint64_t size;
} PCIWindow;

/*
 * Register window 0 is the ECAM: 1 MiB for each bus. Windows 1 to 3 are 32-bit memory, 64-bit memory
 * and I/O ports. Output lines 0 to 3 are INTA to INTD of slot 0; slot n is turned by n.
 */
struct PCIHost {
    DeviceState parent_obj;
    PCIBus *root;
    MemoryRegion ecam, mem, io;           /* the buses' address spaces */
    MemoryRegion mem_hole, io_hole;       /* what answers where no device does */
    MemoryRegion mem32_window, mem64_window, io_window;

    /* Set by the board before realize. */
    PCIWindow mem32, mem64, ports;
    uint64_t ecam_size;
    const MSITarget *msi;                 /* NULL: no messages, pins only */
    AddressSpace *dma_as;                 /* what bus masters reach */

    GMutex pins_lock;
    unsigned pins[PCI_NUM_PINS];          /* functions that assert INTA to INTD */
};

/* Appends what "info pci" shows. */
void pci_print(PCIHost *host, GString *out);

/* Private to hw/pci: the bridge in DSDT. */
void gpex_acpi(DeviceState *dev, struct Aml *aml, const struct DeviceACPIContext *ctx);
/* Private to hw/pci: an access of 1, 2 or 4 bytes at an offset, naturally aligned. Takes the lock. */
uint32_t pci_config_read(PCIDevice *d, unsigned at, unsigned size);
void pci_config_write(PCIDevice *d, unsigned at, uint32_t value, unsigned size);
/* Private to hw/pci: a function's pin (0 to 3) on its bus changed. */
void pci_bus_set_pin(PCIBus *bus, unsigned devfn, unsigned pin, bool level);
/* Private to hw/pci: a bus behind `bridge`, or the root bus of host. */
PCIBus *pci_bus_new(DeviceState *owner, const char *name, PCIHost *host, PCIDevice *bridge,
                    MemoryRegion *mem, MemoryRegion *io);
/* Private to hw/pci: BARs and windows follow what the registers say. Lock held. */
void pci_update_bars(PCIDevice *d);
/* Private to hw/pci: hw/pci/msix.c. What waits may be sent after a write of configuration space. */
void pci_msi_written(PCIDevice *d);
void pci_msix_reset(PCIDevice *d);
void pci_msix_free(PCIDevice *d);
/* Sends a message as the device, a bus master or not at all. */
void pci_send_msi(PCIDevice *d, hwaddr addr, uint32_t data);

#endif
