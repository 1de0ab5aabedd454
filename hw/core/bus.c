/*
 * Buses: where devices of -device go.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/device.h"

#include "util/keyval.h"

static void bus_instance_init(Object *obj)
{
    BUS(obj)->devices = g_ptr_array_new();
}

static void bus_instance_finalize(Object *obj)
{
    BusState *bus = BUS(obj);

    for (guint i = 0; i < bus->devices->len; i++) {
        DeviceState *dev = g_ptr_array_index(bus->devices, i);
        dev->parent_bus = NULL;
    }
    g_ptr_array_unref(bus->devices);
    g_free(bus->name);
}

BusState *bus_new(const char *type_name, DeviceState *dev, const char *name)
{
    BusState *bus = BUS(object_new_known(type_name));

    bus->name = g_strdup(name);
    bus->owner = dev;
    g_ptr_array_add(dev->buses, bus);
    object_add_child(&dev->parent_obj, name, bus, NULL);
    return bus;
}

static bool bus_is_full(const BusState *bus)
{
    return bus->max_devices && bus->devices->len >= bus->max_devices;
}

bool bus_attach(BusState *bus, DeviceState *dev, Error **errp)
{
    const char *wanted = DEVICE_GET_CLASS(dev)->bus_type;

    if (!wanted) {
        error_setg(errp, "device '%s' does not go on a bus", object_type_name(dev));
        return false;
    }
    if (!object_class_is(bus->parent_obj.klass, wanted)) {
        error_setg(errp, "device '%s' needs a bus of type '%s', but '%s' is of type '%s'",
                   object_type_name(dev), wanted, bus->name, object_type_name(bus));
        return false;
    }
    if (bus_is_full(bus)) {
        error_setg(errp, "bus '%s' has no free slot for device '%s'", bus->name,
                   object_type_name(dev));
        return false;
    }
    bus_detach(dev);
    g_ptr_array_add(bus->devices, dev);
    dev->parent_bus = bus;
    return true;
}

void bus_detach(DeviceState *dev)
{
    if (dev->parent_bus) {
        g_ptr_array_remove(dev->parent_bus->devices, dev);
        dev->parent_bus = NULL;
    }
}

typedef struct BusSearch {
    const char *type_name;
    const char *name;
    BusState *found;
    unsigned of_type;  /* buses of the type, full ones too */
    GPtrArray *names;  /* of all buses, for a suggestion */
} BusSearch;

static int bus_search(Object *obj, void *opaque)
{
    BusSearch *s = opaque;
    BusState *bus = object_dynamic_cast(obj, TYPE_BUS);

    if (!bus) {
        return 0;
    }
    g_ptr_array_add(s->names, bus->name);
    if (s->name) {
        if (g_strcmp0(bus->name, s->name) == 0) {
            s->found = bus;
        }
    } else if (object_class_is(obj->klass, s->type_name)) {
        s->of_type++;
        if (!bus_is_full(bus)) {
            s->found = bus;
        }
    }
    return s->found != NULL;
}

BusState *bus_find(Object *root, const char *type_name, const char *name, Error **errp)
{
    BusSearch s = { .type_name = type_name, .name = name, .names = g_ptr_array_new() };

    object_walk(root, bus_search, &s);
    if (!s.found && name) {
        const char *near;
        g_ptr_array_add(s.names, NULL);
        near = nearest_name(name, (const char *const *)s.names->pdata);
        if (near) {
            error_setg(errp, "no bus '%s' (did you mean '%s'?)", name, near);
        } else {
            error_setg(errp, "no bus '%s'", name);
        }
    } else if (!s.found && s.of_type) {
        error_setg(errp, "no free slot: all %u buses of type '%s' are taken", s.of_type, type_name);
    } else if (!s.found) {
        error_setg(errp, "the machine has no bus of type '%s'", type_name);
    } else if (!object_class_is(s.found->parent_obj.klass, type_name)) {
        error_setg(errp, "bus '%s' is of type '%s', not '%s'", name, object_type_name(s.found),
                   type_name);
        s.found = NULL;
    } else if (bus_is_full(s.found)) {
        error_setg(errp, "bus '%s' has no free slot", name);
        s.found = NULL;
    }
    g_ptr_array_unref(s.names);
    return s.found;
}

static const TypeInfo bus_type = {
    .name = TYPE_BUS,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(BusState),
    .class_size = sizeof(BusClass),
    .abstract = true,
    .instance_init = bus_instance_init,
    .instance_finalize = bus_instance_finalize,
};
type_init(bus_type);
