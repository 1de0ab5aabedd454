/*
 * virtio-9p: directories of the host over 9P (VIRTIO 1.3, 5.6 in its draft form; the queue has a
 * message per chain, the request in what can be read and the answer in what can be written).
 *
 * Files of the host may be slow, so a worker thread serves the requests, one after the other. It
 * works on a copy of the request and of the answer: guest memory is touched with the device's lock
 * held and only while the chain is not stale, so a reset waits for nothing. After one, the worker
 * drops requests of the old session when it comes to them, and then all fids.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "hw/9pfs/9p.h"
#include "hw/virtio/virtio.h"
#include "util/byteorder.h"

#define TYPE_VIRTIO_9P "virtio-9p-device"
OBJECT_DECLARE_SIMPLE(VirtIO9P, VIRTIO_9P, TYPE_VIRTIO_9P)

#define VIRTIO_ID_9P 9
#define F_MOUNT_TAG 0
#define TAG_MAX 32
#define QUEUE_SIZE 128
/* Requests that the worker has, of this session and of earlier ones. */
#define MAX_BACKLOG (2 * QUEUE_SIZE)

struct VirtIO9P {
    VirtIODevice parent_obj;
    char *tag;
    Object *fsdev;

    VirtQueue *vq;
    P9Session session;  /* the worker's */
    GThread *worker;
    GAsyncQueue *work;  /* of Job; &wake and &quit among them */
    uint32_t epoch;     /* counts resets; atomic */
    bool woken;         /* wake is in the queue */
    unsigned backlog;
    bool throttled;     /* chains were left in the queue because of it */
};

typedef struct Job {
    VirtQueueElement elem;
    uint32_t epoch;
    uint8_t *in, *out;
    size_t in_len, out_max;
} Job;

/* Things to push that are no requests. */
static const Job wake, quit;

/* ---- The worker ---- */

static void job_free(Job *j)
{
    g_free(j->in);
    g_free(j->out);
    g_free(j);
}

static void answer(VirtIO9P *s, Job *j, size_t len)
{
    VirtIODevice *vdev = &s->parent_obj;

    virtio_lock(vdev);
    if (!virtqueue_elem_stale(&j->elem)) {
        iov_copy_in(j->elem.in_sg, j->elem.in_num, 0, j->out, len);
    }
    virtqueue_push(s->vq, &j->elem, len);
    virtqueue_notify(s->vq);
    s->backlog--;
    if (s->throttled) {
        s->throttled = false;
        virtqueue_kick_later(s->vq);
    }
    virtio_unlock(vdev);
}

static gpointer worker(gpointer opaque)
{
    VirtIO9P *s = opaque;
    uint32_t mine = 0;

    for (;;) {
        Job *j = g_async_queue_pop(s->work);
        uint32_t now = __atomic_load_n(&s->epoch, __ATOMIC_ACQUIRE);
        size_t len = 0;

        if (j == &quit) {
            return NULL;
        }
        if (mine != now) {
            p9_session_reset(&s->session);
            mine = now;
        }
        if (j == &wake) {
            __atomic_store_n(&s->woken, false, __ATOMIC_RELEASE);
            continue;
        }
        if (j->epoch == now) {
            len = p9_serve(&s->session, j->in, j->in_len, j->out, j->out_max);
        }
        answer(s, j, len);
        job_free(j);
    }
}

/* ---- The queue ---- */

/* Copies the request out of guest memory; false after virtio_error(). */
static bool take_request(VirtIO9P *s, Job *j)
{
    VirtQueueElement *e = &j->elem;
    uint8_t header[P9_HEADER];
    uint32_t size;

    if (iov_copy_out(e->out_sg, e->out_num, 0, header, P9_HEADER) < P9_HEADER ||
        e->in_len < P9_HEADER + 4) {
        virtio_error(&s->parent_obj, "message without header, or without room for an answer");
        return false;
    }
    size = ld32_le(header);
    if (size < P9_HEADER || size > e->out_len || size > P9_MSIZE_MAX) {
        virtio_error(&s->parent_obj, "message of %u bytes in a buffer of %u", size,
                     (unsigned)e->out_len);
        return false;
    }
    j->epoch = s->epoch;
    j->in_len = size;
    j->out_max = MIN(e->in_len, P9_MSIZE_MAX);
    j->in = g_try_malloc(j->in_len);
    j->out = g_try_malloc(j->out_max);
    if (!j->in || !j->out) {
        virtio_error(&s->parent_obj, "no memory for a message of %u bytes", size);
        return false;
    }
    iov_copy_out(e->out_sg, e->out_num, 0, j->in, size);
    memcpy(j->in, header, P9_HEADER); /* what was checked, should the guest have changed it */
    return true;
}

static void p9_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIO9P *s = VIRTIO_9P(vdev);

    for (unsigned n = 0;; n++) {
        Job *j;

        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        if (s->backlog >= MAX_BACKLOG) {
            s->throttled = true; /* the worker goes on */
            break;
        }
        j = virtqueue_pop(vq, sizeof(*j));
        if (!j) {
            break;
        }
        if (!take_request(s, j)) {
            virtqueue_drop(vq, &j->elem);
            job_free(j);
            break;
        }
        s->backlog++;
        g_async_queue_push(s->work, j);
    }
}

/* ---- Life cycle ---- */

static bool check_properties(VirtIO9P *s, Error **errp)
{
    if (!s->fsdev) {
        error_setg(errp, "property 'fsdev' is missing: it names a directory given with -fsdev");
        return false;
    }
    if (!s->tag || !*s->tag) {
        error_setg(errp, "property 'mount_tag' is missing: the name that the guest mounts");
        return false;
    }
    if (strlen(s->tag) > TAG_MAX) {
        error_setg(errp, "property 'mount_tag' is longer than %d bytes", TAG_MAX);
        return false;
    }
    return true;
}

static bool p9_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIO9P *s = VIRTIO_9P(vdev);

    if (!check_properties(s, errp)) {
        return false;
    }
    s->vq = virtio_add_queue(vdev, p9_handle);
    s->vq->num = s->vq->num_max = QUEUE_SIZE;
    p9_session_init(&s->session, FS_BACKEND(s->fsdev));
    s->work = g_async_queue_new();
    s->worker = g_thread_new("9p", worker, s);
    return true;
}

static void p9_unrealize(VirtIODevice *vdev)
{
    VirtIO9P *s = VIRTIO_9P(vdev);

    /* The reset before this has made every request stale: what is queued is dropped, not served. */
    g_async_queue_push(s->work, (Job *)&quit);
    g_thread_join(s->worker);
    s->worker = NULL;
    g_async_queue_unref(s->work);
    p9_session_destroy(&s->session);
}

static void p9_reset(VirtIODevice *vdev)
{
    VirtIO9P *s = VIRTIO_9P(vdev);

    __atomic_store_n(&s->epoch, s->epoch + 1, __ATOMIC_RELEASE);
    if (!__atomic_exchange_n(&s->woken, true, __ATOMIC_ACQ_REL)) {
        g_async_queue_push(s->work, (Job *)&wake);
    }
}

static uint64_t p9_features(VirtIODevice *vdev)
{
    return BIT_ULL(F_MOUNT_TAG);
}

static void p9_get_config(VirtIODevice *vdev, uint8_t *c)
{
    VirtIO9P *s = VIRTIO_9P(vdev);

    st16_le(c, strlen(s->tag));
    memcpy(c + 2, s->tag, strlen(s->tag));
}

static const StateField p9_rows[] = {
    /* Of the worker, which a reset does not wait for. What the guest has open cannot be saved. */
    S_U32(VirtIO9P, backlog, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_U32(VirtIO9P, epoch, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_BOOL(VirtIO9P, woken, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_BOOL(VirtIO9P, throttled, .flags = STATE_TRANSIENT),
    S_END
};
static const StateTable p9_state = { .name = TYPE_VIRTIO_9P, .fields = p9_rows };

static const Property p9_props[] = {
    PROP_STR("mount_tag", VirtIO9P, tag, NULL, "the name that the guest mounts, up to 32 bytes"),
    PROP_LINK("fsdev", VirtIO9P, fsdev, TYPE_FS_BACKEND, FSDEV_CONTAINER,
              "the directory (-fsdev id=)"),
    PROP_END
};

static void p9_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    klass->props = p9_props;
    klass->state = &p9_state;
    vdc->parent_class.category = DEVICE_CATEGORY_STORAGE;
    vdc->device_id = VIRTIO_ID_9P;
    vdc->config_len = 2 + TAG_MAX;
    vdc->realize = p9_realize;
    vdc->unrealize = p9_unrealize;
    vdc->reset = p9_reset;
    vdc->get_features = p9_features;
    vdc->get_config = p9_get_config;
}

static const TypeInfo p9_type = {
    .name = TYPE_VIRTIO_9P,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio shared directory",
    .instance_size = sizeof(VirtIO9P),
    .class_init = p9_class_init,
};
type_init(p9_type);
