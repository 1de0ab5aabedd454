/*
 * "pvpanic-pci": a register by which the guest tells us that it has crashed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/machine.h"
#include "hw/pci/pci.h"

#define TYPE_PVPANIC_PCI "pvpanic-pci"
OBJECT_DECLARE_SIMPLE(PVPanic, PVPANIC_PCI, TYPE_PVPANIC_PCI)

enum {
    EVENT_PANICKED = 1 << 0,
    EVENT_CRASH_LOADED = 1 << 1, /* it crashed, and its own crash kernel takes over */
    EVENT_SHUTDOWN = 1 << 2,
    EVENTS = EVENT_PANICKED | EVENT_CRASH_LOADED | EVENT_SHUTDOWN,
};

struct PVPanic {
    PCIDevice parent_obj;
    MemoryRegion window;
    uint8_t events; /* property: what it takes */
};

static MemTxResult panic_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    *value = addr == 0 ? PVPANIC_PCI(opaque)->events : 0;
    return MEMTX_OK;
}

static MemTxResult panic_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PVPanic *s = opaque;

    value &= addr == 0 ? s->events : 0;
    if (value & EVENT_PANICKED) {
        machine_request_shutdown(SHUTDOWN_GUEST_PANIC, 0);
    } else if (value & EVENT_SHUTDOWN) {
        machine_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN, 0);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps panic_ops = {
    .read = panic_read,
    .write = panic_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 1 },
};

static bool panic_realize(PCIDevice *d, Error **errp)
{
    PVPanic *s = PVPANIC_PCI(d);

    memory_region_init_io(&s->window, s, &panic_ops, s, &d->parent_obj.lock, TYPE_PVPANIC_PCI, 16);
    pci_register_bar(d, 0, PCI_BAR_MEM32, &s->window);
    return true;
}

static void panic_unrealize(PCIDevice *d)
{
    memory_region_destroy(&PVPANIC_PCI(d)->window);
}

static const Property panic_props[] = {
    { PROP_(prop_u8, "events", PVPanic, events), .def.u = EVENTS, .max = EVENTS,
      .help = "what it takes: 1 a crash, 2 a crash with a crash kernel, 4 a shutdown; the sum" },
    PROP_END
};

static void panic_class_init(ObjectClass *klass, const void *data)
{
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    klass->props = panic_props;
    pc->parent_class.user_creatable = true;
    pc->device_id = 0x0011;
    pc->revision = 1;
    pc->class_code = 0x088000;
    pc->conventional = true;
    pc->realize = panic_realize;
    pc->unrealize = panic_unrealize;
}

static const TypeInfo panic_type = {
    .name = TYPE_PVPANIC_PCI,
    .parent = TYPE_PCI_DEVICE,
    .desc = "register by which the guest tells that it has crashed",
    .instance_size = sizeof(PVPanic),
    .class_init = panic_class_init,
};
type_init(panic_type);
