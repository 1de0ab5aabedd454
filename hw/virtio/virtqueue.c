/*
 * Virtqueues (VIRTIO 1.3, 2.6): taking chains, returning them, telling the driver. What is common
 * to both formats of rings; virtqueue-split.c and virtqueue-packed.c have the rest.
 *
 * Nothing in a ring is believed. An index is read once, atomically; a descriptor is copied once and
 * the copy is checked; a chain has at most as many segments as its table, and as VIRTQUEUE_MAX_SIZE,
 * so cycles end; its bytes are bounded; every buffer must be RAM. What fails a check ends in
 * virtio_error(), and the driver must reset the device.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtio.h"

#include <string.h>

#include "hw/virtio/virtqueue-int.h"
#include "util/byteorder.h"

static const VirtRingOps *ring_ops(const VirtQueue *vq)
{
    return vq->packed ? &virtring_packed : &virtring_split;
}

/* ---- Set-up ---- */

bool virtqueue_is_ram(VirtQueue *vq, uint64_t addr, uint64_t len, bool is_write)
{
    void *host = dma_map(virtqueue_as(vq), addr, len, is_write);

    dma_unmap(virtqueue_as(vq), host, len, is_write, 0);
    return host != NULL;
}

bool virtqueue_open(VirtQueue *vq)
{
    /* The formats are latched with the layout: before FEATURES_OK the driver may change its mind. */
    vq->packed = virtio_has_feature(vq->vdev, VIRTIO_F_RING_PACKED);
    vq->in_order = virtio_has_feature(vq->vdev, VIRTIO_F_IN_ORDER);
    if (!ring_ops(vq)->check_layout(vq)) {
        return false;
    }
    vq->avail_wrap = vq->used_wrap = true;
    virtqueue_alloc_pending(vq);
    return true;
}

void virtqueue_alloc_pending(VirtQueue *vq)
{
    g_free(vq->pending);
    vq->pending = g_new0(VirtQueueUsed, vq->num);
    vq->taken = vq->returned = 0;
}

/* ---- Ring words ---- */

void virtqueue_lost(VirtQueue *vq)
{
    virtio_error(vq->vdev, "queue %u: ring is no longer in RAM", vq->index);
}

bool virtqueue_load_u16(VirtQueue *vq, uint64_t addr, uint16_t *value)
{
    if (!dma_load_u16(virtqueue_as(vq), addr, value)) {
        virtqueue_lost(vq);
        return false;
    }
    return true;
}

void virtqueue_store_u16(VirtQueue *vq, uint64_t addr, uint16_t value)
{
    if (!dma_store_u16(virtqueue_as(vq), addr, value)) {
        virtqueue_lost(vq);
    }
}

/* ---- Chains ---- */

bool virtqueue_read_desc(VirtQueue *vq, uint64_t table, unsigned i, Desc *d)
{
    uint8_t raw[DESC_SIZE];

    if (!dma_read(virtqueue_as(vq), table + (uint64_t)i * DESC_SIZE, raw, sizeof(raw))) {
        virtio_error(vq->vdev, "queue %u: descriptor %u is not in RAM", vq->index, i);
        return false;
    }
    d->addr = ld64_le(raw);
    d->len = ld32_le(raw + 8);
    if (vq->packed) {
        d->last = ld16_le(raw + 12);
        d->flags = ld16_le(raw + 14);
    } else {
        d->flags = ld16_le(raw + 12);
        d->last = ld16_le(raw + 14);
    }
    return true;
}

bool virtqueue_check_indirect(VirtQueue *vq, const Desc *d)
{
    const char *what = NULL;
    uint64_t end;

    if (!virtio_has_feature(vq->vdev, VIRTIO_F_INDIRECT_DESC)) {
        what = "was not negotiated";
    } else if (d->flags & DESC_F_NEXT) {
        what = "is followed by another";
    } else if (d->len == 0 || d->len % DESC_SIZE) {
        what = "has a table of an odd size";
    } else if (!u64_add(d->addr, d->len, &end)) {
        what = "wraps around";
    }
    if (what) {
        virtio_error(vq->vdev, "queue %u: indirect descriptor %s", vq->index, what);
    }
    return !what;
}

bool virtqueue_add_segment(VirtQueue *vq, VirtQueueElement *e, Desc *segs, unsigned n,
                           const Desc *d)
{
    VirtIODevice *vdev = vq->vdev;

    if (d->len == 0) {
        virtio_error(vdev, "queue %u: buffer without length", vq->index);
        return false;
    }
    if (!(d->flags & DESC_F_WRITE) && e->in_num) {
        virtio_error(vdev, "queue %u: readable buffer after a writable one", vq->index);
        return false;
    }
    if (n == VIRTQUEUE_MAX_SIZE || e->in_len + e->out_len + d->len > VIRTQUEUE_MAX_BYTES) {
        virtio_error(vdev, "queue %u: chain too long", vq->index);
        return false;
    }
    segs[n] = *d;
    if (d->flags & DESC_F_WRITE) {
        e->in_num++;
        e->in_len += d->len;
    } else {
        e->out_num++;
        e->out_len += d->len;
    }
    return true;
}

static void unmap(VirtQueue *vq, VirtQueueElement *e, uint64_t written)
{
    for (unsigned i = 0; i < e->out_num; i++) {
        dma_unmap(virtqueue_as(vq), e->out_sg[i].iov_base, e->out_sg[i].iov_len, false, 0);
    }
    for (unsigned i = 0; i < e->in_num; i++) {
        uint64_t len = e->in_sg[i].iov_len;
        uint64_t here = MIN(written, len);

        dma_unmap(virtqueue_as(vq), e->in_sg[i].iov_base, len, true, here);
        written -= here;
    }
    e->out_num = e->in_num = 0;
}

static bool map(VirtQueue *vq, VirtQueueElement *e, const Desc *segs)
{
    unsigned n = e->out_num + e->in_num;

    for (unsigned i = 0; i < n; i++) {
        bool write = i >= e->out_num;

        e->out_sg[i].iov_len = segs[i].len;
        e->out_sg[i].iov_base = dma_map(virtqueue_as(vq), segs[i].addr, segs[i].len, write);
        if (!e->out_sg[i].iov_base) {
            virtio_error(vq->vdev, "queue %u: buffer at 0x%" G_GINT64_MODIFIER "x, %u bytes, is not %sRAM",
                         vq->index, segs[i].addr, segs[i].len, write ? "writable " : "");
            e->in_num = write ? i - e->out_num : 0;
            e->out_num = MIN(e->out_num, i);
            unmap(vq, e, 0);
            return false;
        }
    }
    return true;
}

bool virtqueue_empty(VirtQueue *vq)
{
    return !virtio_queue_live(vq) || ring_ops(vq)->empty(vq);
}

void *virtqueue_pop(VirtQueue *vq, size_t size)
{
    Desc segs[VIRTQUEUE_MAX_SIZE];
    VirtQueueElement head = { .vq = vq, .epoch = vq->epoch };
    VirtQueueElement *e;
    unsigned n;

    if (virtqueue_empty(vq)) {
        return NULL;
    }
    n = ring_ops(vq)->read_chain(vq, segs, &head);
    if (!n) {
        return NULL;
    }
    if (vq->inflight + head.slots > vq->num) {
        virtio_error(vq->vdev, "queue %u: more chains than descriptors", vq->index);
        return NULL;
    }
    size = align_up(size, sizeof(struct iovec));
    e = g_malloc(size + n * sizeof(struct iovec));
    memset(e, 0, size);
    *e = head;
    e->out_sg = (struct iovec *)((char *)e + size);
    e->in_sg = e->out_sg + e->out_num;
    if (!map(vq, e, segs)) {
        g_free(e);
        return NULL;
    }
    e->turn = vq->taken++;
    ring_ops(vq)->take(vq, e->slots);
    vq->inflight += e->slots;
    return e;
}

void virtqueue_unpop(VirtQueue *vq, VirtQueueElement *e)
{
    unmap(vq, e, 0);
    if (!virtqueue_elem_stale(e)) {
        vq->taken--;
        ring_ops(vq)->untake(vq, e->slots);
        vq->inflight -= e->slots;
    }
    g_free(e);
}

void virtqueue_drop(VirtQueue *vq, VirtQueueElement *e)
{
    unmap(vq, e, e->in_len);
    if (!virtqueue_elem_stale(e)) {
        vq->inflight -= e->slots;
    }
}

void virtqueue_fill(VirtQueue *vq, VirtQueueElement *e, uint32_t len, unsigned n)
{
    VirtQueueUsed *u;

    if (virtqueue_elem_stale(e) || vq->vdev->broken) {
        unmap(vq, e, e->in_len);
        return;
    }
    unmap(vq, e, len);
    /* 2.6.9: with in_order a chain waits until all that were taken before it are returned. */
    u = &vq->pending[(vq->in_order ? e->turn : vq->returned + n) % vq->num];
    *u = (VirtQueueUsed){ .id = e->head, .slots = e->slots, .len = len, .done = true };
}

void virtqueue_flush(VirtQueue *vq, unsigned count)
{
    unsigned first = vq->returned, slots = 0, n;

    if (vq->vdev->broken) {
        return;
    }
    for (n = 0; vq->in_order ? n < vq->num : n < count; n++) {
        VirtQueueUsed *u = &vq->pending[(first + n) % vq->num];

        if (!u->done) {
            break;
        }
        u->done = false;
        slots += u->slots;
    }
    if (n) {
        ring_ops(vq)->put_used(vq, first % vq->num, n);
        vq->returned += n;
        vq->inflight -= MIN(vq->inflight, slots);
        vq->unsignalled = true;
    }
}

void virtqueue_push(VirtQueue *vq, VirtQueueElement *e, uint32_t len)
{
    bool stale = virtqueue_elem_stale(e);

    virtqueue_fill(vq, e, len, 0);
    if (!stale) {
        virtqueue_flush(vq, 1);
    }
}

void virtqueue_notify(VirtQueue *vq)
{
    VirtIODevice *vdev = vq->vdev;

    if (!vq->unsignalled || !virtio_queue_live(vq)) {
        return;
    }
    vq->unsignalled = false;
    /* What was returned must be visible before the driver's wish is read, or both sides wait. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (ring_ops(vq)->wants_interrupt(vq) && !vdev->broken) {
        vdev->isr |= VIRTIO_ISR_QUEUE;
        vdev->ops->notify_queue(vdev->transport, vq->index);
    }
}
