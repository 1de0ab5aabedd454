/*
 * A device for tests of the virtio core and its rings, and a driver's first steps with it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_VIRTIO_TOY_H
#define VIREO_TESTS_VIRTIO_TOY_H

#include "tests/unit/virtio-rig.h"

/* ---- The toy: queue 0 copies what it reads to what it may write; queue 1 keeps its chains. ---- */

#define TYPE_TOY "virtio-toy-device"
OBJECT_DECLARE_SIMPLE(Toy, TOY, TYPE_TOY)

struct Toy {
    VirtIODevice parent_obj;
    VirtQueueElement *kept[64];
    unsigned nr_kept;
    unsigned handled;
};

static void toy_echo(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtQueueElement *e;

    TOY(vdev)->handled++;
    while ((e = virtqueue_pop(vq, sizeof(*e)))) {
        uint8_t buf[4096];
        size_t n = iov_copy_out(e->out_sg, e->out_num, 0, buf, sizeof(buf));

        n = iov_copy_in(e->in_sg, e->in_num, 0, buf, n);
        virtqueue_push(vq, e, n);
        g_free(e);
    }
    virtqueue_notify(vq);
}

static void toy_keep(VirtIODevice *vdev, VirtQueue *vq)
{
    Toy *t = TOY(vdev);
    VirtQueueElement *e;

    while ((e = virtqueue_pop(vq, sizeof(*e)))) {
        g_assert_cmpuint(t->nr_kept, <, G_N_ELEMENTS(t->kept));
        t->kept[t->nr_kept++] = e;
    }
}

static inline void toy_return(Toy *t)
{
    VirtIODevice *vdev = &t->parent_obj;

    virtio_lock(vdev);
    for (unsigned i = 0; i < t->nr_kept; i++) {
        VirtQueue *vq = t->kept[i]->vq;

        if (!virtqueue_elem_stale(t->kept[i]) && t->kept[i]->in_num) {
            memset(t->kept[i]->in_sg[0].iov_base, 0x5a, t->kept[i]->in_sg[0].iov_len);
        }
        virtqueue_push(vq, t->kept[i], t->kept[i]->in_len);
        virtqueue_notify(vq);
        g_free(t->kept[i]);
    }
    t->nr_kept = 0;
    virtio_unlock(vdev);
}

static bool toy_realize(VirtIODevice *vdev, Error **errp)
{
    virtio_add_queue(vdev, toy_echo);
    virtio_add_queue(vdev, toy_keep);
    return true;
}

static void toy_get_config(VirtIODevice *vdev, uint8_t *c)
{
    for (unsigned i = 0; i < 12; i++) {
        c[i] = i + 1;
    }
}

static void toy_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    vdc->device_id = 42;
    vdc->config_len = 12;
    vdc->realize = toy_realize;
    vdc->get_config = toy_get_config;
}

static const TypeInfo toy_type = {
    .name = TYPE_TOY,
    .parent = TYPE_VIRTIO_DEVICE,
    .instance_size = sizeof(Toy),
    .class_init = toy_class_init,
};
type_init(toy_type);

static inline Rig *toy_rig(bool legacy)
{
    Rig *r = rig_new(legacy);

    rig_plug(r, TYPE_TOY, NULL);
    return r;
}

static inline void start(Rig *r, Ring *q, unsigned index, unsigned num, uint64_t drop)
{
    rig_negotiate(r, drop);
    ring_setup(q, r, index, num);
    rig_driver_ok(r);
    ring_settle();
}

/* One echo through the ring: the proof that a device works. */
static inline void echo(Ring *q)
{
    Rig *r = q->rig;
    Seg segs[] = { { RIG_FREE, 5, false }, { RIG_FREE + 100, 3, true }, { RIG_FREE + 200, 64, true } };
    char got[8] = { 0 };
    unsigned head, used;

    rig_poke(r, RIG_FREE, "hello", 5);
    head = ring_add(q, segs, 3);
    ring_kick(q);
    g_assert_cmpint(ring_take(q, &used), ==, 5);
    g_assert_cmpint(used, ==, head);
    rig_peek(r, RIG_FREE + 100, got, 3);
    rig_peek(r, RIG_FREE + 200, got + 3, 2);
    g_assert_cmpstr(got, ==, "hello");
}

#endif
