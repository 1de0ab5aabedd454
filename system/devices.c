/*
 * -device: makes a device, sets its properties, finds its bus.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/startup.h"

#include "config-host.h"
#include "hw/core/device.h"
#include "system/cpus.h"
#include "util/keyval.h"

/* The class, if a user may make one; errors name the nearest type that a user may. */
static DeviceClass *device_class(const char *type, Error **errp)
{
    ObjectClass *k = object_class_by_name(type);
    g_autofree char *on_pci = g_str_has_prefix(type, "virtio-") ? g_strconcat(type, "-pci", NULL)
                                                               : NULL;
    g_autoptr(GPtrArray) list = NULL;
    const char *near;

    if (!k && on_pci) { /* a short name */
        k = object_class_by_name(on_pci);
    }
    if (k && object_class_is(k, TYPE_DEVICE)) {
        if (!object_class_is_abstract(k) && DEVICE_CLASS(k)->user_creatable) {
            return DEVICE_CLASS(k);
        }
        error_setg(errp, "a '%s' cannot be made with -device: it is part of the board", type);
        return NULL;
    }
#ifndef CONFIG_PIXMAN
    if (!strcmp(type, "ramfb") || g_str_has_prefix(type, "virtio-gpu")) {
        error_setg(errp, "this build has no graphics devices: it was configured without pixman "
                   "(Debian package libpixman-1-dev)");
        return NULL;
    }
#endif
    list = object_class_list(TYPE_DEVICE, false);
    for (guint i = 0; i < list->len;) {
        if (DEVICE_CLASS(list->pdata[i])->user_creatable) {
            list->pdata[i] = (char *)object_class_name(list->pdata[i]);
            i++;
        } else {
            g_ptr_array_remove_index(list, i);
        }
    }
    g_ptr_array_add(list, NULL);
    near = nearest_name(type, (const char *const *)list->pdata);
    if (near) {
        error_setg(errp, "no device type '%s' (did you mean '%s'?)", type, near);
    } else {
        error_setg(errp, "no device type '%s' (-device help lists them)", type);
    }
    return NULL;
}

/* /machine/peripheral/ID, or a number among the nameless. */
static bool place(DeviceState *dev, const char *id, Error **errp)
{
    Object *c = object_container(id ? "/machine/peripheral" : "/machine/peripheral-anon");
    g_autofree char *name = NULL;

    if (id) {
        if (!*id) {
            error_setg(errp, "'id' must not be empty");
            return false;
        }
        if (object_child(c, id)) {
            error_setg(errp, "id '%s' is in use already", id);
            return false;
        }
        dev->id = g_strdup(id);
        return object_add_child(c, id, dev, errp);
    }
    for (unsigned n = c->children ? c->children->len : 0;; n++) {
        name = g_strdup_printf("device[%u]", n);
        if (!object_child(c, name)) {
            return object_add_child(c, name, dev, errp);
        }
        g_clear_pointer(&name, g_free);
    }
}

static bool plug(DeviceState *dev, DeviceClass *dc, const char *bus_name, Error **errp)
{
    BusState *bus;

    if (!dc->bus_type) {
        if (bus_name) {
            error_setg(errp, "a '%s' sits on no bus", object_type_name(dev));
            return false;
        }
        return true;
    }
    bus = bus_find(object_resolve_path("/machine"), dc->bus_type, bus_name, errp);
    return bus && bus_attach(bus, dev, errp);
}

static DeviceState *make(const char *text, bool hotplug, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "driver", false, errp);
    const char *type, *id, *bus;
    DeviceClass *dc;
    DeviceState *dev;

    if (!kv) {
        return NULL;
    }
    type = keyval_take(kv, "driver");
    id = keyval_take(kv, "id");
    bus = keyval_take(kv, "bus");
    if (!type || !*type) {
        error_setg(errp, "the device type is missing (-device help lists them)");
        return NULL;
    }
    dc = device_class(type, errp);
    if (!dc) {
        return NULL;
    }
    if (hotplug && !dc->hotpluggable) {
        error_setg(errp, "a '%s' cannot be added to a machine that has been started: its guest looks "
                         "for one only when it boots", type);
        return NULL;
    }
    dev = DEVICE(object_new_known(object_class_name(&dc->parent_class)));
    /* The tree holds it from here on, so that undoing is one call. */
    if (place(dev, id, errp)) {
        dev->dma_as = &current_machine()->as;
        if (object_set_keyvals(dev, kv, errp) && plug(dev, dc, bus, errp) &&
            device_realize(dev, errp)) {
            object_unref(dev);
            return dev;
        }
        bus_detach(dev);
        object_unparent(dev);
    }
    object_unref(dev);
    return NULL;
}

DeviceState *device_add(const char *text, Error **errp)
{
    return make(text, false, errp);
}

bool device_hot_add(const char *text, Error **errp)
{
    bool running = run_state_is_running();
    DeviceState *dev;

    if (running) {
        cpus_pause_all();
    }
    dev = make(text, true, errp);
    if (dev) {
        device_reset(dev);
    }
    if (running) {
        cpus_resume_all();
    }
    return dev != NULL;
}

bool device_hot_del(const char *id, Error **errp)
{
    Object *obj = object_child(object_container("/machine/peripheral"), id);
    bool running = run_state_is_running();
    DeviceState *dev;

    if (!obj) {
        error_setg(errp, "there is no device with id '%s'", id);
        return false;
    }
    dev = DEVICE(obj);
    if (!DEVICE_GET_CLASS(dev)->hotpluggable) {
        error_setg(errp, "'%s', a '%s', cannot be taken from the machine", id, object_type_name(dev));
        return false;
    }
    if (running) {
        cpus_pause_all();
    }
    device_unrealize(dev);
    bus_detach(dev);
    object_unparent(dev);
    if (running) {
        cpus_resume_all();
    }
    return true;
}
