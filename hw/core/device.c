/*
 * Devices: life cycle, register windows, output lines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/device.h"

static bool device_is_frozen(const Object *obj)
{
    const DeviceState *dev = object_dynamic_cast(obj, TYPE_DEVICE);

    return dev && dev->realized;
}

/* Runs before main() like the registration of types: properties ask about devices from then on. */
static void __attribute__((constructor)) device_register_frozen_check(void)
{
    object_property_set_frozen_check(device_is_frozen);
}

static void device_instance_init(Object *obj)
{
    DeviceState *dev = DEVICE(obj);

    g_mutex_init(&dev->lock);
    dev->buses = g_ptr_array_new_with_free_func(object_unref);
    for (unsigned i = 0; i < DEVICE_MAX_MMIO; i++) {
        dev->mmio_addr[i] = UINT64_MAX;
    }
}

static void device_instance_finalize(Object *obj)
{
    DeviceState *dev = DEVICE(obj);

    if (dev->realized) {
        device_unrealize(dev);
    }
    bus_detach(dev);
    for (unsigned i = 0; i < dev->nr_mmio; i++) {
        memory_region_destroy(dev->mmio[i]);
    }
    for (guint i = 0; i < dev->buses->len; i++) {
        BusState *bus = g_ptr_array_index(dev->buses, i);
        bus->owner = NULL;
    }
    g_ptr_array_unref(dev->buses);
    g_free(dev->irq_out);
    g_free(dev->id);
    g_mutex_clear(&dev->lock);
}

bool device_realize(DeviceState *dev, Error **errp)
{
    DeviceClass *dc = DEVICE_GET_CLASS(dev);
    BusState *bus = dev->parent_bus;
    BusClass *bc = bus ? BUS_CLASS(bus->parent_obj.klass) : NULL;

    if (dev->realized) {
        return true;
    }
    if (dc->bus_type && !bus) {
        error_setg(errp, "device '%s' needs a bus of type '%s'", object_type_name(dev),
                   dc->bus_type);
        return false;
    }
    if (bc && bc->plug && !bc->plug(bus, dev, errp)) {
        return false;
    }
    if (dc->realize && !dc->realize(dev, errp)) {
        if (bc && bc->unplug) {
            bc->unplug(bus, dev);
        }
        return false;
    }
    dev->realized = true;
    return true;
}

void device_unrealize(DeviceState *dev)
{
    DeviceClass *dc = DEVICE_GET_CLASS(dev);
    BusState *bus = dev->parent_bus;

    if (!dev->realized) {
        return;
    }
    for (guint i = 0; i < dev->buses->len; i++) {
        BusState *child = g_ptr_array_index(dev->buses, i);
        for (guint j = child->devices->len; j-- > 0;) {
            device_unrealize(g_ptr_array_index(child->devices, j));
        }
    }
    if (dc->unrealize) {
        dc->unrealize(dev);
    }
    for (unsigned i = 0; i < dev->nr_mmio; i++) {
        if (dev->mmio[i]->container) {
            memory_region_del_subregion(dev->mmio[i]->container, dev->mmio[i]);
            dev->mmio_addr[i] = UINT64_MAX;
        }
    }
    dev->realized = false;
    if (bus) {
        BusClass *bc = BUS_CLASS(bus->parent_obj.klass);
        if (bc->unplug) {
            bc->unplug(bus, dev);
        }
    }
}

void device_reset(DeviceState *dev)
{
    DeviceClass *dc = DEVICE_GET_CLASS(dev);

    g_mutex_lock(&dev->lock);
    object_state_reset(dev);
    if (dc->reset) {
        dc->reset(dev);
    }
    g_mutex_unlock(&dev->lock);
    for (guint i = 0; i < dev->buses->len; i++) {
        BusState *bus = g_ptr_array_index(dev->buses, i);
        for (guint j = 0; j < bus->devices->len; j++) {
            DeviceState *child = g_ptr_array_index(bus->devices, j);
            if (child->realized) {
                device_reset(child);
            }
        }
    }
}

unsigned device_add_mmio(DeviceState *dev, MemoryRegion *mr)
{
    unsigned n = dev->nr_mmio;

    if (n == DEVICE_MAX_MMIO) {
        /* lint: a device's own code adds windows, before the guest runs */
        g_error("%s: more than %d register windows", object_type_name(dev), DEVICE_MAX_MMIO);
    }
    dev->mmio[n] = mr;
    dev->nr_mmio++;
    return n;
}

unsigned device_init_mmio(DeviceState *dev, MemoryRegion *mr, const MemoryRegionOps *ops,
                          const char *name, uint64_t size)
{
    memory_region_init_io(mr, dev, ops, dev, &dev->lock, name, size);
    return device_add_mmio(dev, mr);
}

void device_map(DeviceState *dev, unsigned n, MemoryRegion *parent, hwaddr addr)
{
    dev->mmio_addr[n] = addr;
    memory_region_add_subregion(parent, addr, dev->mmio[n]);
}

void device_init_irqs(DeviceState *dev, unsigned count)
{
    g_free(dev->irq_out);
    dev->irq_out = g_new0(IRQ, count);
    dev->nr_irq_out = count;
}

void device_connect_irq(DeviceState *dev, unsigned n, DeviceState *to, int in)
{
    irq_connect(&dev->irq_out[n], DEVICE_GET_CLASS(to)->irq_in, to, in);
}

static const TypeInfo device_type = {
    .name = TYPE_DEVICE,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(DeviceState),
    .class_size = sizeof(DeviceClass),
    .abstract = true,
    .instance_init = device_instance_init,
    .instance_finalize = device_instance_finalize,
};
type_init(device_type);
