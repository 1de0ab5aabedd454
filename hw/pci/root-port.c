/*
 * A PCI Express root port: a bridge with one slot behind it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/pci/pci-host.h"
#include "util/bits.h"

#define TYPE_PCIE_ROOT_PORT "pcie-root-port"
OBJECT_DECLARE_SIMPLE(RootPort, PCIE_ROOT_PORT, TYPE_PCIE_ROOT_PORT)

/* A range of the parent bus' addresses that goes on to the bus behind. */
typedef struct Window {
    MemoryRegion alias;
    hwaddr base;
    uint64_t size; /* 0: shut */
} Window;

struct RootPort {
    PCIDevice parent_obj;
    uint8_t port, chassis; /* properties */
    uint16_t slot;
    PCIBus *behind;
    MemoryRegion mem, io;  /* the address spaces of the bus behind */
    Window windows[3];     /* memory, prefetchable memory, I/O */
};

/* Registers hold the upper bits of the first and of the last address. */
static void read_window(const uint8_t *c, unsigned n, hwaddr *base, hwaddr *limit)
{
    switch (n) {
    case 0:
        *base = (hwaddr)(pci_get16(c + PCI_MEMORY_BASE) & 0xfff0) << 16;
        *limit = (hwaddr)(pci_get16(c + PCI_MEMORY_LIMIT) & 0xfff0) << 16 | 0xfffff;
        return;
    case 1:
        *base = (hwaddr)(pci_get16(c + PCI_PREF_BASE) & 0xfff0) << 16 |
                (hwaddr)pci_get32(c + PCI_PREF_BASE_UPPER) << 32;
        *limit = (hwaddr)(pci_get16(c + PCI_PREF_LIMIT) & 0xfff0) << 16 | 0xfffff |
                 (hwaddr)pci_get32(c + PCI_PREF_LIMIT_UPPER) << 32;
        return;
    default:
        *base = (hwaddr)(c[PCI_IO_BASE] & 0xf0) << 8 |
                (hwaddr)pci_get16(c + PCI_IO_BASE_UPPER) << 16;
        *limit = (hwaddr)(c[PCI_IO_LIMIT] & 0xf0) << 8 | 0xfff |
                 (hwaddr)pci_get16(c + PCI_IO_LIMIT_UPPER) << 16;
        return;
    }
}

static void update_windows(RootPort *p)
{
    PCIDevice *d = &p->parent_obj;

    memory_region_transaction_begin();
    for (unsigned n = 0; n < ARRAY_SIZE(p->windows); n++) {
        Window *w = &p->windows[n];
        bool io = n == 2;
        hwaddr base, limit;
        uint64_t size;

        read_window(d->config, n, &base, &limit);
        size = limit >= base && d->config[PCI_COMMAND] & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)
                   ? limit - base + 1 : 0;
        if (base == w->base && size == w->size) {
            continue;
        }
        if (w->size) {
            memory_region_destroy(&w->alias);
        }
        w->base = base;
        w->size = size;
        if (size) {
            memory_region_init_alias(&w->alias, p, "bridge-window", io ? &p->io : &p->mem, base,
                                     size);
            memory_region_add_subregion_overlap(io ? d->bus->io : d->bus->mem, base, &w->alias, 1);
        }
    }
    memory_region_transaction_commit();
}

static void port_config_written(PCIDevice *d, unsigned at, unsigned size)
{
    if (at < 0x40) {
        update_windows(PCIE_ROOT_PORT(d));
    }
}

static bool port_realize(PCIDevice *d, Error **errp)
{
    RootPort *p = PCIE_ROOT_PORT(d);
    DeviceState *dev = &d->parent_obj;
    const char *name = dev->id;
    g_autofree char *made = NULL;

    if (d->bus->bridge) {
        error_setg(errp, "a root port sits on the root bus (bus=" PCI_ROOT_BUS_NAME ")");
        return false;
    }
    if (!name) {
        name = made = g_strdup_printf("pcie-port.%02x.%x", PCI_SLOT(d->devfn), PCI_FUNC(d->devfn));
    }
    memory_region_init(&p->mem, p, "bridge-memory", UINT64_MAX);
    memory_region_init(&p->io, p, "bridge-io", 0x10000);
    p->behind = pci_bus_new(dev, name, d->bus->host, d, &p->mem, &p->io);
    for (unsigned i = PCI_PRIMARY_BUS; i < PCI_SUBORDINATE_BUS + 2; i++) {
        d->wmask[i] = 0xff; /* and the latency timer, which is read-only here: */
    }
    d->wmask[PCI_SUBORDINATE_BUS + 1] = 0;
    d->wmask[PCI_IO_BASE] = d->wmask[PCI_IO_LIMIT] = 0xf0;
    pci_set16(d->wmask + PCI_MEMORY_BASE, 0xfff0);
    pci_set16(d->wmask + PCI_MEMORY_LIMIT, 0xfff0);
    pci_set16(d->wmask + PCI_PREF_BASE, 0xfff0);
    pci_set16(d->wmask + PCI_PREF_LIMIT, 0xfff0);
    pci_set16(d->config + PCI_PREF_BASE, 1); /* 64 bits wide */
    pci_set16(d->config + PCI_PREF_LIMIT, 1);
    pci_set32(d->wmask + PCI_PREF_BASE_UPPER, ~0u);
    pci_set32(d->wmask + PCI_PREF_LIMIT_UPPER, ~0u);
    pci_set16(d->wmask + PCI_BRIDGE_CONTROL, 0x0043); /* parity, SERR, reset of what is behind */
    pci_set_pin(d, 1);
    pci_msi_init(d, 1);
    return true;
}

static void port_unrealize(PCIDevice *d)
{
    RootPort *p = PCIE_ROOT_PORT(d);

    for (unsigned n = 0; n < ARRAY_SIZE(p->windows); n++) {
        if (p->windows[n].size) {
            memory_region_destroy(&p->windows[n].alias);
            p->windows[n].size = 0;
        }
    }
    memory_region_destroy(&p->mem);
    memory_region_destroy(&p->io);
}

static void port_reset(PCIDevice *d)
{
    update_windows(PCIE_ROOT_PORT(d));
}

static const Property port_props[] = {
    { PROP_(prop_u8, "port", RootPort, port), .help = "number of the port; for people" },
    { PROP_(prop_u8, "chassis", RootPort, chassis), .help = "number of the chassis; for people" },
    { PROP_(prop_u16, "slot", RootPort, slot), .help = "number of the slot; for people" },
    PROP_END
};

static void port_class_init(ObjectClass *klass, const void *data)
{
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    klass->props = port_props;
    pc->parent_class.category = DEVICE_CATEGORY_BRIDGE;
    pc->parent_class.user_creatable = true;
    pc->device_id = 0x000c;
    pc->class_code = 0x060400;
    pc->bridge = true;
    pc->realize = port_realize;
    pc->unrealize = port_unrealize;
    pc->reset = port_reset;
    pc->config_written = port_config_written;
}

static const TypeInfo port_type = {
    .name = TYPE_PCIE_ROOT_PORT,
    .parent = TYPE_PCI_DEVICE,
    .desc = "PCI Express root port, with one slot behind it",
    .instance_size = sizeof(RootPort),
    .class_init = port_class_init,
};
type_init(port_type);
