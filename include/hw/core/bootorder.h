/*
 * Which devices the firmware tries to boot from, in which order: the property "bootindex".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_BOOTORDER_H
#define VIREO_HW_CORE_BOOTORDER_H

#include "hw/core/device.h"

/* The row for a device that can be booted from; its class has boot_name. */
#define PROP_BOOTINDEX \
    { PROP_(prop_i32, "bootindex", DeviceState, bootindex), .def.i = -1, .min = (uint64_t)-1, \
      .max = INT32_MAX, .help = "place in the firmware's boot order, 0 first; -1: none" }

/*
 * The devices with a bootindex below root, lowest first, as firmware names them: one path a line,
 * and a final zero byte. With strict, "HALT" comes last. *text (g_free()) is NULL and *len 0 if there
 * is nothing to say. Two devices with one index are an error.
 */
bool boot_order_text(Object *root, bool strict, char **text, uint32_t *len, Error **errp);

#endif
