/*
 * PCI functions and buses: where a function sits, what its configuration space begins with, and how
 * its pin reaches the host bridge.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/pci/pci.h"

#include <stdlib.h>
#include <string.h>

#include "hw/pci/pci-host.h"
#include "util/bits.h"

/* ---- Buses ---- */

PCIBus *pci_bus_new(DeviceState *owner, const char *name, PCIHost *host, PCIDevice *bridge,
                    MemoryRegion *mem, MemoryRegion *io)
{
    PCIBus *bus = PCI_BUS(bus_new(TYPE_PCI_BUS, owner, name));

    bus->host = host;
    bus->bridge = bridge;
    bus->mem = mem;
    bus->io = io;
    return bus;
}

/* "SLOT" or "SLOT.FUNCTION", in hexadecimal. */
static bool parse_addr(const char *text, unsigned *devfn, Error **errp)
{
    char *end;
    unsigned long slot = strtoul(text, &end, 16), fn = 0;

    if (end != text && *end == '.' && g_ascii_isxdigit(end[1])) {
        fn = strtoul(end + 1, &end, 16);
    }
    if (!g_ascii_isxdigit(*text) || *end || slot > 31 || fn > 7) {
        error_setg(errp, "addr=%s: not the address of a slot (accepted: 0 to 1f, in hexadecimal, and "
                         ".0 to .7 after it for a function)", text);
        return false;
    }
    *devfn = (unsigned)(slot << 3 | fn);
    return true;
}

static bool slot_is_free(const PCIBus *bus, unsigned slot)
{
    for (unsigned f = 0; f < 8; f++) {
        if (bus->functions[slot << 3 | f]) {
            return false;
        }
    }
    return true;
}

/* The first free slot; the number of slots if there is none. */
static unsigned free_slot(const PCIBus *bus, unsigned slots)
{
    unsigned slot = 0;

    while (slot < slots && !slot_is_free(bus, slot)) {
        slot++;
    }
    return slot;
}

static void taken(const PCIBus *bus, const PCIDevice *d, unsigned devfn, unsigned slots, Error **errp)
{
    unsigned slot = free_slot(bus, slots);
    g_autofree char *hint = slot == slots ? g_strdup("no slot is free")
                                          : g_strdup_printf("the first free slot: %x", slot);

    error_setg(errp, "addr=%s: taken by a '%s' on bus '%s' (%s)", d->addr,
               object_type_name(bus->functions[devfn]), bus->parent_obj.name, hint);
}

static bool choose_devfn(PCIBus *bus, PCIDevice *d, Error **errp)
{
    const unsigned slots = bus->bridge ? 1 : 32; /* a root port has one slot behind it */
    unsigned devfn;
    PCIDevice *first;

    if (!d->addr) {
        unsigned slot = free_slot(bus, slots);

        if (slot == slots) {
            error_setg(errp, "bus '%s' has no free slot", bus->parent_obj.name);
            return false;
        }
        d->devfn = (uint8_t)(slot << 3);
        return true;
    }
    if (!parse_addr(d->addr, &devfn, errp)) {
        return false;
    }
    if (PCI_SLOT(devfn) >= slots) {
        error_setg(errp, "addr=%s: bus '%s' is behind a port, which has slot 0 only", d->addr,
                   bus->parent_obj.name);
        return false;
    }
    if (bus->functions[devfn]) {
        taken(bus, d, devfn, slots, errp);
        return false;
    }
    /* Functions may come in any order, if each says that it is not alone. */
    first = bus->functions[devfn & ~7u];
    if (PCI_FUNC(devfn) == 0 && !d->multifunction && !slot_is_free(bus, PCI_SLOT(devfn))) {
        error_setg(errp, "addr=%s: with other functions in slot %x it needs multifunction=on", d->addr,
                   PCI_SLOT(devfn));
        return false;
    }
    if (PCI_FUNC(devfn) && (first ? !first->multifunction : !d->multifunction)) {
        error_setg(errp, "addr=%s: there is no multifunction=on device at %x.0 before it", d->addr,
                   PCI_SLOT(devfn));
        return false;
    }
    d->devfn = (uint8_t)devfn;
    return true;
}

static bool bus_plug(BusState *b, DeviceState *dev, Error **errp)
{
    PCIBus *bus = PCI_BUS(b);
    PCIDevice *d = PCI_DEVICE(dev);

    if (!choose_devfn(bus, d, errp)) {
        return false;
    }
    d->bus = bus;
    bus->functions[d->devfn] = d;
    return true;
}

static void bus_unplug(BusState *b, DeviceState *dev)
{
    PCI_BUS(b)->functions[PCI_DEVICE(dev)->devfn] = NULL;
}

/* ---- Pins ---- */

/* PCI-to-PCI Bridge Architecture 1.2, 9.1: on its way up, a pin is turned by the slot's number. */
void pci_bus_set_pin(PCIBus *bus, unsigned devfn, unsigned pin, bool level)
{
    PCIHost *host = bus->host;

    for (; bus->bridge; bus = bus->bridge->bus) {
        pin = (pin + PCI_SLOT(devfn)) % PCI_NUM_PINS;
        devfn = bus->bridge->devfn;
    }
    pin = (pin + PCI_SLOT(devfn)) % PCI_NUM_PINS;
    g_mutex_lock(&host->pins_lock);
    host->pins[pin] += level ? 1 : -1;
    irq_set(&host->parent_obj.irq_out[pin], host->pins[pin] > 0);
    g_mutex_unlock(&host->pins_lock);
}

static void update_pin(PCIDevice *d)
{
    unsigned pin = d->config[PCI_INTERRUPT_PIN];
    bool level = d->intx && pin && !(pci_get16(d->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);

    d->config[PCI_STATUS] = (uint8_t)(d->intx ? d->config[PCI_STATUS] | PCI_STATUS_INTERRUPT
                                              : d->config[PCI_STATUS] & ~PCI_STATUS_INTERRUPT);
    if (level != d->intx_asserted) {
        d->intx_asserted = level;
        pci_bus_set_pin(d->bus, d->devfn, pin - 1, level);
    }
}

void pci_set_pin(PCIDevice *d, unsigned pin)
{
    d->config[PCI_INTERRUPT_PIN] = (uint8_t)pin;
}

void pci_set_irq(PCIDevice *d, bool level)
{
    d->intx = level;
    update_pin(d);
}

/* ---- Configuration space ---- */

uint32_t pci_config_read(PCIDevice *d, unsigned at, unsigned size)
{
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(d);
    uint32_t v = 0;

    g_mutex_lock(&d->parent_obj.lock);
    if (pc->config_read) {
        pc->config_read(d, at, size);
    }
    for (unsigned i = size; i-- > 0;) {
        v = v << 8 | d->config[at + i];
    }
    g_mutex_unlock(&d->parent_obj.lock);
    return v;
}

static void update_master(PCIDevice *d)
{
    bool on = d->config[PCI_COMMAND] & PCI_COMMAND_MASTER;

    if (on != d->dma_alias.enabled) {
        memory_region_set_enabled(&d->dma_alias, on);
    }
}

void pci_config_write(PCIDevice *d, unsigned at, uint32_t value, unsigned size)
{
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(d);

    g_mutex_lock(&d->parent_obj.lock);
    for (unsigned i = 0; i < size; i++, value >>= 8) {
        uint8_t mask = d->wmask[at + i], old = d->config[at + i];

        d->config[at + i] = (uint8_t)(((old & ~mask) | (value & mask)) &
                                      ~(value & d->w1cmask[at + i]));
    }
    if (at < 0x40) {
        update_pin(d);
        update_master(d);
        pci_update_bars(d);
    } else {
        pci_msi_written(d);
    }
    if (pc->config_written) {
        pc->config_written(d, at, size);
    }
    g_mutex_unlock(&d->parent_obj.lock);
}

unsigned pci_add_capability(PCIDevice *d, uint8_t id, unsigned len)
{
    unsigned at = d->next_cap;

    if (at + len > 0x100) {
        /* lint: a device's own code adds capabilities, before the guest runs */
        g_error("%s: no room for a capability", object_type_name(d));
    }
    d->config[at] = id;
    d->config[at + 1] = d->config[PCI_CAPABILITIES];
    d->config[PCI_CAPABILITIES] = (uint8_t)at;
    d->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    d->next_cap = (uint16_t)align_up(at + len, 4);
    return at;
}

static bool has_ports(const PCIDevice *d)
{
    for (unsigned n = 0; n < PCI_NUM_BARS; n++) {
        if (d->bars[n].mr && d->bars[n].type == PCI_BAR_IO) {
            return true;
        }
    }
    return false;
}

/* PCI Express 4.0, 7.5.3: what kind of function it is; no slot, no link that could be managed. On the
 * root bus, one with I/O ports (1.3.2.3 forbids them) is no PCI Express function at all. */
static void add_express(PCIDevice *d, PCIDeviceClass *pc)
{
    enum { ENDPOINT = 0, LEGACY_ENDPOINT = 1, ROOT_PORT = 4, INTEGRATED_ENDPOINT = 9 };
    bool ports = has_ports(d);
    unsigned type = pc->bridge         ? ROOT_PORT
                    : !d->bus->bridge  ? INTEGRATED_ENDPOINT
                    : ports            ? LEGACY_ENDPOINT
                                       : ENDPOINT;
    unsigned at;

    if (ports && type == INTEGRATED_ENDPOINT) {
        return;
    }
    at = pci_add_capability(d, PCI_CAP_EXPRESS, 0x3c);
    pci_set16(d->config + at + 2, (uint16_t)(2 | type << 4));
    pci_set32(d->config + at + 4, 1 << 15); /* role-based error reporting */
    pci_set16(d->wmask + at + 8, 0x000f);   /* error reporting enables */
    pci_set16(d->w1cmask + at + 10, 0x000f);
    if (type != INTEGRATED_ENDPOINT) {
        pci_set32(d->config + at + 0x0c, 1 << 4 | 1); /* one lane at 2.5 GT/s */
        pci_set16(d->config + at + 0x12, 1 << 4 | 1);
        pci_set16(d->wmask + at + 0x10, 0x00c3);
    }
    if (type == ROOT_PORT) {
        pci_set16(d->wmask + at + 0x1c, 0x001f); /* root control */
    }
}

static void fill_config(PCIDevice *d, PCIDeviceClass *pc)
{
    uint8_t *c = d->config;

    pci_set16(c + PCI_VENDOR_ID, pc->vendor_id);
    pci_set16(c + PCI_DEVICE_ID, pc->device_id);
    c[PCI_REVISION] = pc->revision;
    c[PCI_CLASS_PROG] = (uint8_t)pc->class_code;
    pci_set16(c + PCI_CLASS_DEVICE, (uint16_t)(pc->class_code >> 8));
    c[PCI_HEADER_TYPE] = (uint8_t)((pc->bridge ? 1 : 0) | (d->multifunction ? 0x80 : 0));
    if (!pc->bridge) {
        pci_set16(c + PCI_SUBSYSTEM_VENDOR, pc->subsystem_vendor);
        pci_set16(c + PCI_SUBSYSTEM_ID, pc->subsystem_id);
    }
    pci_set16(d->wmask + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                                          PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
                                          PCI_COMMAND_INTX_DISABLE);
    pci_set16(d->w1cmask + PCI_STATUS, 0xf900);
    d->wmask[PCI_CACHE_LINE] = 0xff;
    d->wmask[PCI_INTERRUPT_LINE] = 0xff;
    d->next_cap = 0x40;
}

/* ---- The device ---- */

static void free_all(PCIDevice *d)
{
    for (unsigned n = 0; n < PCI_NUM_BARS; n++) {
        MemoryRegion *mr = d->bars[n].mr;

        if (mr && mr->container) {
            memory_region_del_subregion(mr->container, mr);
        }
        d->bars[n].mr = NULL;
    }
    pci_msix_free(d);
    address_space_destroy(&d->dma);
    memory_region_destroy(&d->dma_alias);
    memory_region_destroy(&d->dma_root);
}

static bool pci_realize(DeviceState *dev, Error **errp)
{
    PCIDevice *d = PCI_DEVICE(dev);
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(d);

    memory_region_init(&d->dma_root, d, "bus-master", UINT64_MAX);
    memory_region_init_alias(&d->dma_alias, d, "bus-master-memory", d->bus->host->dma_as->root, 0,
                             UINT64_MAX);
    memory_region_add_subregion(&d->dma_root, 0, &d->dma_alias);
    memory_region_set_enabled(&d->dma_alias, false);
    address_space_init(&d->dma, &d->dma_root, object_type_name(d));
    dev->dma_as = &d->dma;
    fill_config(d, pc);
    if (pc->realize && !pc->realize(d, errp)) {
        free_all(d);
        return false;
    }
    if (!pc->conventional) {
        add_express(d, pc);
    }
    return true;
}

static void pci_unrealize(DeviceState *dev)
{
    PCIDevice *d = PCI_DEVICE(dev);
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(d);

    if (d->intx_asserted) {
        pci_set_irq(d, false);
    }
    if (pc->unrealize) {
        pc->unrealize(d);
    }
    free_all(d);
}

static void pci_reset(DeviceState *dev)
{
    PCIDevice *d = PCI_DEVICE(dev);
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(d);

    for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++) {
        d->config[i] &= (uint8_t)~(d->wmask[i] | d->w1cmask[i]);
    }
    update_master(d);
    pci_update_bars(d);
    pci_msix_reset(d);
    if (pc->reset) {
        pc->reset(d);
    }
    pci_set_irq(d, false);
}

static char *pci_boot_name(DeviceState *dev)
{
    PCIDevice *d = PCI_DEVICE(dev);
    const char *what = "pci";

    switch (PCI_DEVICE_GET_CLASS(d)->class_code >> 16) {
    case 1: what = "scsi"; break;
    case 2: what = "ethernet"; break;
    case 3: what = "display"; break;
    case 6: what = "pci-bridge"; break;
    }
    return PCI_FUNC(d->devfn) ? g_strdup_printf("%s@%x,%x", what, PCI_SLOT(d->devfn),
                                                PCI_FUNC(d->devfn))
                              : g_strdup_printf("%s@%x", what, PCI_SLOT(d->devfn));
}

static char *pci_describe(DeviceState *dev)
{
    PCIDevice *d = PCI_DEVICE(dev);

    return g_strdup_printf("addr %02x.%x, %04x:%04x, class %06x", PCI_SLOT(d->devfn),
                           PCI_FUNC(d->devfn), pci_get16(d->config + PCI_VENDOR_ID),
                           pci_get16(d->config + PCI_DEVICE_ID),
                           (unsigned)PCI_DEVICE_GET_CLASS(d)->class_code);
}

static const StateField pci_rows[] = {
    S_BYTES(PCIDevice, config, PCI_CONFIG_SIZE, .flags = STATE_NO_RESET),
    { .name = "msix_table", .type = STATE_BYTES, .offset = offsetof(PCIDevice, msix.table),
      .count_offset = offsetof(PCIDevice, msix.table_len), .flags = STATE_POINTER | STATE_NO_RESET },
    { .name = "msix_pending", .type = STATE_BYTES, .offset = offsetof(PCIDevice, msix.pba),
      .count_offset = offsetof(PCIDevice, msix.pba_len), .flags = STATE_POINTER | STATE_NO_RESET },
    S_BOOL(PCIDevice, intx, .flags = STATE_NO_RESET),
    S_BOOL(PCIDevice, intx_asserted, .flags = STATE_NO_RESET | STATE_TRANSIENT),
    S_END
};

/* Where BARs and pins are follows from the registers. */
static void pci_post_load(Object *obj)
{
    PCIDevice *d = PCI_DEVICE(obj);

    update_pin(d);
    update_master(d);
    pci_update_bars(d);
}

static const StateTable pci_state = { .name = TYPE_PCI_DEVICE, .fields = pci_rows,
                                      .post_load = pci_post_load };

static const Property pci_props[] = {
    PROP_STR("addr", PCIDevice, addr, NULL,
             "SLOT[.FUNCTION] on the bus, in hexadecimal; without it the first free slot"),
    PROP_BOOL("multifunction", PCIDevice, multifunction, false,
              "the slot has more functions than this one"),
    PROP_END
};

static void pci_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    klass->props = pci_props;
    klass->state = &pci_state;
    dc->bus_type = TYPE_PCI_BUS;
    dc->realize = pci_realize;
    dc->unrealize = pci_unrealize;
    dc->reset = pci_reset;
    dc->boot_name = pci_boot_name;
    dc->describe = pci_describe;
    pc->vendor_id = 0x1b36;
    pc->subsystem_vendor = 0x1af4;
    pc->subsystem_id = 0x1100;
}

static void bus_class_init(ObjectClass *klass, const void *data)
{
    BUS_CLASS(klass)->plug = bus_plug;
    BUS_CLASS(klass)->unplug = bus_unplug;
}

static const TypeInfo pci_types[] = {
    {
        .name = TYPE_PCI_BUS,
        .parent = TYPE_BUS,
        .instance_size = sizeof(PCIBus),
        .class_init = bus_class_init,
    },
    {
        .name = TYPE_PCI_DEVICE,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(PCIDevice),
        .class_size = sizeof(PCIDeviceClass),
        .abstract = true,
        .class_init = pci_class_init,
    },
};
type_init_array(pci_types);
