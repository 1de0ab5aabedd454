/*
 * The boot order as the firmware reads it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/bootorder.h"

static int collect(Object *obj, void *list)
{
    DeviceState *dev = object_dynamic_cast(obj, TYPE_DEVICE);

    /* Of a device with a part, the part has the property, and is visited itself. */
    if (dev && DEVICE_GET_CLASS(dev)->boot_name && !obj->klass->part_type &&
        object_property_find(obj->klass, "bootindex") && dev->bootindex >= 0) {
        g_ptr_array_add(list, dev);
    }
    return 0;
}

static gint by_index(gconstpointer a, gconstpointer b)
{
    const DeviceState *x = *(DeviceState *const *)a, *y = *(DeviceState *const *)b;

    return (x->bootindex > y->bootindex) - (x->bootindex < y->bootindex);
}

/* The buses' owners first. */
static void append_path(DeviceState *dev, GString *out)
{
    DeviceClass *dc = DEVICE_GET_CLASS(dev);

    if (dev->parent_bus && dev->parent_bus->owner) {
        append_path(dev->parent_bus->owner, out);
    }
    if (dc->boot_name) {
        g_autofree char *name = dc->boot_name(dev);
        g_string_append_printf(out, "/%s", name);
    }
}

static const char *name_of(const DeviceState *dev)
{
    return dev->id ? dev->id : object_type_name(dev);
}

bool boot_order_text(Object *root, bool strict, char **text, uint32_t *len, Error **errp)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_autoptr(GString) out = g_string_new(NULL);

    *text = NULL;
    *len = 0;
    object_walk(root, collect, list);
    g_ptr_array_sort(list, by_index);
    for (guint i = 0; i < list->len; i++) {
        DeviceState *dev = list->pdata[i], *next = i + 1 < list->len ? list->pdata[i + 1] : NULL;

        if (next && next->bootindex == dev->bootindex) {
            error_setg(errp, "bootindex=%d is given to two devices: '%s' and '%s'",
                       dev->bootindex, name_of(dev), name_of(next));
            return false;
        }
        if (out->len) {
            g_string_append_c(out, '\n');
        }
        append_path(dev, out);
    }
    if (strict) {
        g_string_append(out, out->len ? "\nHALT" : "HALT");
    }
    if (out->len) {
        *len = (uint32_t)out->len + 1;
        *text = g_strdup(out->str);
    }
    return true;
}
