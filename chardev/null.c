/*
 * chardev-null: takes everything, gives nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chardev/chardev-int.h"
#include "system/chardev.h"

static size_t null_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    return len;
}

static void null_class_init(ObjectClass *klass, const void *data)
{
    CHARDEV_CLASS(klass)->write = null_write;
}

static const TypeInfo null_info = {
    .name = TYPE_CHARDEV_NULL,
    .parent = TYPE_CHARDEV,
    .desc = "drops all output, has no input",
    .class_init = null_class_init,
};
type_init(null_info);
