/*
 * PCI and PCI Express devices: configuration space, BARs, capabilities, interrupts.
 * Names of registers are those of the PCI Local Bus 3.0 and PCI Express 4.0 specifications.
 *
 * A function's configuration space belongs to its device lock: accesses through ECAM take it, and so
 * does a device that raises an interrupt. What the address map of a bus looks like changes on the
 * thread that writes the registers, in a memory transaction.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_PCI_PCI_H
#define VIREO_HW_PCI_PCI_H

#include "hw/core/device.h"
#include "hw/core/msi.h"

#define TYPE_PCI_DEVICE "pci-device"
OBJECT_DECLARE(PCIDevice, PCIDeviceClass, PCI_DEVICE, TYPE_PCI_DEVICE)
#define TYPE_PCI_BUS "PCI" /* the name that users know it by */
OBJECT_DECLARE_SIMPLE(PCIBus, PCI_BUS, TYPE_PCI_BUS)

#define PCI_CONFIG_SIZE 4096
#define PCI_NUM_BARS 6
#define PCI_NUM_PINS 4
#define PCI_SLOT(devfn) ((devfn) >> 3)
#define PCI_FUNC(devfn) ((devfn) & 7)

/* The first 64 bytes of configuration space. */
enum {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08,
    PCI_CLASS_PROG = 0x09,
    PCI_CLASS_DEVICE = 0x0a,
    PCI_CACHE_LINE = 0x0c,
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_PRIMARY_BUS = 0x18, /* from here to 0x30: bridges */
    PCI_SECONDARY_BUS = 0x19,
    PCI_SUBORDINATE_BUS = 0x1a,
    PCI_IO_BASE = 0x1c,
    PCI_IO_LIMIT = 0x1d,
    PCI_MEMORY_BASE = 0x20,
    PCI_MEMORY_LIMIT = 0x22,
    PCI_PREF_BASE = 0x24,
    PCI_PREF_LIMIT = 0x26,
    PCI_PREF_BASE_UPPER = 0x28,
    PCI_PREF_LIMIT_UPPER = 0x2c,
    PCI_IO_BASE_UPPER = 0x30,
    PCI_IO_LIMIT_UPPER = 0x32,
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM_ID = 0x2e,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
    PCI_BRIDGE_CONTROL = 0x3e,
};

enum { /* command register */
    PCI_COMMAND_IO = 1 << 0,
    PCI_COMMAND_MEMORY = 1 << 1,
    PCI_COMMAND_MASTER = 1 << 2,
    PCI_COMMAND_PARITY = 1 << 6,
    PCI_COMMAND_SERR = 1 << 8,
    PCI_COMMAND_INTX_DISABLE = 1 << 10,
};
enum { PCI_STATUS_INTERRUPT = 1 << 3, PCI_STATUS_CAP_LIST = 1 << 4 };
enum { PCI_CAP_MSI = 0x05, PCI_CAP_VENDOR = 0x09, PCI_CAP_EXPRESS = 0x10, PCI_CAP_MSIX = 0x11 };

typedef enum PCIBarType {
    PCI_BAR_MEM32 = 0x0,
    PCI_BAR_IO = 0x1,
    PCI_BAR_MEM64 = 0x4,
    PCI_BAR_MEM64_PREFETCH = 0xc,
} PCIBarType;

typedef struct PCIBar {
    MemoryRegion *mr; /* NULL: none */
    PCIBarType type;
    uint64_t size;    /* a power of two */
    hwaddr addr;      /* where it is mapped; UINT64_MAX: not */
} PCIBar;

typedef struct PCIHost PCIHost; /* hw/pci/pci-host.h */

typedef struct PCIMSIX {
    uint32_t nr;         /* vectors; 0: no MSI-X */
    unsigned cap;
    MemoryRegion window;
    uint32_t pba_offset, table_len, pba_len; /* bytes */
    uint8_t *table;      /* nr entries of 16 bytes */
    uint8_t *pba;        /* a bit for each: a message that waits for its mask */
} PCIMSIX;

struct PCIBus {
    BusState parent_obj;
    PCIHost *host;
    PCIDevice *bridge;    /* what it is behind; NULL: the root bus */
    PCIDevice *functions[256]; /* by devfn; fixed while the machine runs */
    MemoryRegion *mem, *io; /* where BARs of its devices are mapped */
};

struct PCIDevice {
    DeviceState parent_obj;
    PCIBus *bus;
    uint8_t devfn;
    char *addr;             /* property: "SLOT[.FUNCTION]" */
    bool multifunction;     /* property */

    uint8_t config[PCI_CONFIG_SIZE];
    uint8_t wmask[PCI_CONFIG_SIZE];   /* bits that writes change; 0 after reset */
    uint8_t w1cmask[PCI_CONFIG_SIZE]; /* bits that writing 1 clears */
    uint16_t next_cap;      /* where the next capability goes */
    PCIBar bars[PCI_NUM_BARS];
    bool intx;              /* what the device wants of its pin */
    bool intx_asserted;     /* what the pin is */
    AddressSpace dma;       /* memory as a bus master sees it: nothing until it is one */
    MemoryRegion dma_root, dma_alias;
    uint8_t msi_cap;        /* 0: none */
    PCIMSIX msix;
};

struct PCIDeviceClass {
    DeviceClass parent_class;
    uint16_t vendor_id, device_id, subsystem_vendor, subsystem_id;
    uint32_t class_code;    /* 24 bits */
    uint8_t revision;
    bool bridge;            /* header type 1 */
    bool conventional;      /* has no PCI Express capability */
    /* Adds BARs and capabilities. False leaves nothing behind. */
    bool (*realize)(PCIDevice *d, Error **errp);
    void (*unrealize)(PCIDevice *d);
    void (*reset)(PCIDevice *d);
    /* Around accesses of the configuration space, with the lock: before a read of [at, at+size), and
     * after a write. NULL: nothing. */
    void (*config_read)(PCIDevice *d, unsigned at, unsigned size);
    void (*config_written)(PCIDevice *d, unsigned at, unsigned size);
};

/* ---- For devices, in realize ---- */

/* mr's size is a power of two, 16 bytes (I/O: 4) at least. mr stays the device's. */
void pci_register_bar(PCIDevice *d, unsigned n, PCIBarType type, MemoryRegion *mr);
/* Appends a capability of len bytes, header included; returns where it is. */
unsigned pci_add_capability(PCIDevice *d, uint8_t id, unsigned len);
/* A pin that pci_set_irq() drives: 1 to 4. */
void pci_set_pin(PCIDevice *d, unsigned pin);

/* ---- Interrupts; the device's lock held ---- */
void pci_set_irq(PCIDevice *d, bool level);

/* MSI with nr vectors (a power of two up to 32), 64-bit, without masks. Does nothing, and the device
 * goes on with its pin, if the machine has no receiver of messages. */
void pci_msi_init(PCIDevice *d, unsigned nr);
bool pci_msi_enabled(const PCIDevice *d);
void pci_msi_notify(PCIDevice *d, unsigned vector);

/* MSI-X with nr vectors, its table and pending bits in a BAR of their own. The same holds. */
void pci_msix_init(PCIDevice *d, unsigned nr, unsigned bar);
bool pci_msix_present(const PCIDevice *d);
bool pci_msix_enabled(const PCIDevice *d);
unsigned pci_msix_vectors(const PCIDevice *d);
void pci_msix_notify(PCIDevice *d, unsigned vector);

/* ---- Little-endian fields of configuration space ---- */
static inline uint16_t pci_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t pci_get32(const uint8_t *p)
{
    return pci_get16(p) | (uint32_t)pci_get16(p + 2) << 16;
}
static inline void pci_set16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void pci_set32(uint8_t *p, uint32_t v)
{
    pci_set16(p, (uint16_t)v);
    pci_set16(p + 2, (uint16_t)(v >> 16));
}

#endif
