/*
 * chardev-ringbuf: keeps the last bytes of the output in memory, for the monitor to read.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "chardev/chardev-int.h"
#include "qom/user-creatable.h"
#include "system/chardev.h"

OBJECT_DECLARE_SIMPLE(RingbufChardev, RINGBUF_CHARDEV, TYPE_CHARDEV_RINGBUF)

struct RingbufChardev {
    Chardev parent_obj;
    uint64_t size;      /* bytes, a power of two */
    uint8_t *data;      /* guarded by the base's lock, like what follows */
    uint64_t put, got;  /* bytes ever written and read; put - got <= size */
};

static const Property ringbuf_props[] = {
    PROP_SIZE("size", RingbufChardev, size, 65536, 1, 1u << 30,
              "bytes that are kept, a power of two"),
    PROP_END,
};

static size_t ringbuf_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    RingbufChardev *s = RINGBUF_CHARDEV(chr);

    g_mutex_lock(&chr->lock);
    for (size_t i = 0; i < len; i++) {
        s->data[s->put++ & (s->size - 1)] = buf[i];
    }
    if (s->put - s->got > s->size) {
        s->got = s->put - s->size; /* the oldest are lost */
    }
    g_mutex_unlock(&chr->lock);
    return len;
}

size_t chardev_ringbuf_read(Chardev *chr, uint8_t *buf, size_t len)
{
    RingbufChardev *s = RINGBUF_CHARDEV(chr);
    size_t n = 0;

    g_mutex_lock(&chr->lock);
    while (n < len && s->got < s->put) {
        buf[n++] = s->data[s->got++ & (s->size - 1)];
    }
    g_mutex_unlock(&chr->lock);
    return n;
}

static bool ringbuf_complete(Object *obj, Error **errp)
{
    RingbufChardev *s = RINGBUF_CHARDEV(obj);

    if (s->size & (s->size - 1)) {
        error_setg(errp, "'size' must be a power of two");
        return false;
    }
    s->data = g_try_malloc(s->size);
    if (!s->data) {
        error_setg(errp, "no memory for a buffer of %" G_GUINT64_FORMAT " bytes", s->size);
        return false;
    }
    chr_set_connected(CHARDEV(obj), true);
    return true;
}

static void ringbuf_finalize(Object *obj)
{
    g_free(RINGBUF_CHARDEV(obj)->data);
}

static void ringbuf_class_init(ObjectClass *klass, const void *data)
{
    klass->props = ringbuf_props;
    CHARDEV_CLASS(klass)->write = ringbuf_write;
    user_creatable_set_complete(klass, ringbuf_complete);
}

static const TypeInfo ringbuf_info = {
    .name = TYPE_CHARDEV_RINGBUF,
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(RingbufChardev),
    .desc = "memory that the monitor's ringbuf_read reads",
    .class_init = ringbuf_class_init,
    .instance_finalize = ringbuf_finalize,
};
type_init(ringbuf_info);
