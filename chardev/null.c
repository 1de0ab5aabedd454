/*
 * chardev-null: takes everything, gives nothing: nobody is ever connected to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chardev/chardev-int.h"
#include "system/chardev.h"

static const TypeInfo null_info = {
    .name = TYPE_CHARDEV_NULL,
    .parent = TYPE_CHARDEV,
    .desc = "drops all output, has no input",
};
type_init(null_info);
