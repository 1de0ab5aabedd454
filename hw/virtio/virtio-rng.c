/*
 * virtio-rng: an entropy device (VIRTIO 1.3, 5.4). One queue; the device fills what it is given.
 *
 * max-bytes and period limit the rate: when a period's bytes are spent, chains stay in the queue
 * until the next period begins.
 *
 * SPDX-License-Identifier: MIT
 */
#include "backend/rng.h"
#include "hw/core/clock.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_RNG "virtio-rng-device"
OBJECT_DECLARE_SIMPLE(VirtIORNG, VIRTIO_RNG, TYPE_VIRTIO_RNG)

#define VIRTIO_ID_RNG 4
/* A longer buffer is not filled to its end: the driver asks again, other devices get their turn. */
#define MAX_CHAIN_BYTES (64 * KiB)

struct VirtIORNG {
    VirtIODevice parent_obj;
    Object *rng_link;
    RngBackend *rng;
    uint64_t max_bytes;
    uint32_t period_ms;

    VirtQueue *vq;
    uint64_t spent;      /* bytes of this period */
    Timer timer;         /* end of the period; armed when something was spent */
};

static size_t fill_chain(VirtIORNG *s, VirtQueueElement *e)
{
    uint64_t want = MIN(e->in_len, MIN(s->max_bytes - s->spent, MAX_CHAIN_BYTES));
    size_t done = 0;

    for (unsigned i = 0; i < e->in_num && done < want; i++) {
        size_t here = MIN(e->in_sg[i].iov_len, want - done);
        size_t got = RNG_BACKEND_GET_CLASS(s->rng)->fill(s->rng, e->in_sg[i].iov_base, here);

        done += got;
        if (got < here) {
            break;
        }
    }
    return done;
}

static void arm(VirtIORNG *s, uint32_t ms)
{
    if (!timer_pending(&s->timer)) {
        timer_mod_ns(&s->timer, clock_get_ns(CLOCK_VIRTUAL) + ms * INT64_C(1000000));
    }
}

static void rng_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIORNG *s = VIRTIO_RNG(vdev);
    bool limited = s->max_bytes < INT64_MAX;
    VirtQueueElement *e;

    for (unsigned n = 0; s->spent < s->max_bytes; n++) {
        size_t got;

        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            break;
        }
        if (e->out_num || !e->in_num) {
            virtio_error(vdev, "entropy request with readable buffers or none");
            virtqueue_drop(vq, e);
            g_free(e);
            return;
        }
        got = fill_chain(s, e);
        if (!got) { /* the source is dry: ask it again soon */
            virtqueue_unpop(vq, e);
            arm(s, 10);
            break;
        }
        if (limited) {
            s->spent += got;
        }
        virtqueue_push(vq, e, got);
        g_free(e);
    }
    if (limited && s->spent) {
        arm(s, s->period_ms);
    }
    virtqueue_notify(vq);
}

static void period_over(void *opaque)
{
    VirtIORNG *s = opaque;
    VirtIODevice *vdev = &s->parent_obj;

    virtio_lock(vdev);
    s->spent = 0;
    if (virtio_queue_live(s->vq)) {
        rng_handle(vdev, s->vq);
    }
    virtio_unlock(vdev);
}

static bool rng_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIORNG *s = VIRTIO_RNG(vdev);

    s->rng = s->rng_link ? RNG_BACKEND(s->rng_link)
                         : RNG_BACKEND(object_new_known(TYPE_RNG_BUILTIN));
    s->vq = virtio_add_queue(vdev, rng_handle);
    timer_init(&s->timer, CLOCK_VIRTUAL, period_over, s);
    return true;
}

static void rng_unrealize(VirtIODevice *vdev)
{
    VirtIORNG *s = VIRTIO_RNG(vdev);

    timer_del(&s->timer);
    if (!s->rng_link) {
        object_unref(s->rng);
    }
    s->rng = NULL;
}

static void rng_post_load(Object *obj)
{
    VirtIORNG *s = VIRTIO_RNG(obj);

    if (s->spent) {
        arm(s, s->period_ms);
    }
}

static const StateField rng_rows[] = {
    /* A driver that resets the device gets no new quota by that. */
    S_U64(VirtIORNG, spent, .flags = STATE_NO_RESET),
    S_END
};

static const StateTable rng_state = {
    .name = TYPE_VIRTIO_RNG, .fields = rng_rows, .post_load = rng_post_load,
};

static const Property rng_props[] = {
    PROP_LINK("rng", VirtIORNG, rng_link, TYPE_RNG_BACKEND, "/objects",
              "source of the bytes (default: rng-builtin)"),
    PROP_U64("max-bytes", VirtIORNG, max_bytes, INT64_MAX, 1, INT64_MAX, "most bytes per period"),
    PROP_U32("period", VirtIORNG, period_ms, 1 << 16, 1, UINT32_MAX, "period in milliseconds"),
    PROP_END
};

static void rng_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    klass->props = rng_props;
    klass->state = &rng_state;
    vdc->parent_class.category = DEVICE_CATEGORY_MISC;
    vdc->device_id = VIRTIO_ID_RNG;
    vdc->realize = rng_realize;
    vdc->unrealize = rng_unrealize;
}

static const TypeInfo rng_type = {
    .name = TYPE_VIRTIO_RNG,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio source of random bytes",
    .instance_size = sizeof(VirtIORNG),
    .class_init = rng_class_init,
};
type_init(rng_type);
