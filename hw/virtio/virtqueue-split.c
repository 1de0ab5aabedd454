/*
 * Split rings (VIRTIO 1.3, 2.7): a table of descriptors, a ring of heads from the driver, a ring of
 * heads and lengths from the device.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtqueue-int.h"

#include "util/byteorder.h"

#define AVAIL_F_NO_INTERRUPT 1

/* avail: flags, idx, ring[num], used_event; used: flags, idx, ring[num] of 8 bytes, avail_event. */
static uint64_t avail_bytes(const VirtQueue *vq)
{
    return 6 + 2 * (uint64_t)vq->num;
}

static uint64_t used_bytes(const VirtQueue *vq)
{
    return 6 + 8 * (uint64_t)vq->num;
}

static bool check_layout(VirtQueue *vq)
{
    if (!is_pow2(vq->num) || vq->num > vq->num_max) {
        virtio_error(vq->vdev, "queue %u: size %u is not a power of two up to %u", vq->index,
                     vq->num, vq->num_max);
        return false;
    }
    if ((vq->desc & 15) || (vq->avail & 1) || (vq->used & 3)) {
        virtio_error(vq->vdev, "queue %u: an area is not aligned", vq->index);
        return false;
    }
    if (!virtqueue_is_ram(vq, vq->desc, DESC_SIZE * (uint64_t)vq->num, false) ||
        !virtqueue_is_ram(vq, vq->avail, avail_bytes(vq), false) ||
        !virtqueue_is_ram(vq, vq->used, used_bytes(vq), true)) {
        virtio_error(vq->vdev, "queue %u: an area is outside RAM", vq->index);
        return false;
    }
    return true;
}

/* Looks at the driver's index; false if it is nonsense. */
static bool refresh_avail(VirtQueue *vq)
{
    uint16_t idx;

    if (!virtqueue_load_u16(vq, vq->avail + 2, &idx)) {
        return false;
    }
    if ((uint16_t)(idx - vq->last_avail) > vq->num) {
        virtio_error(vq->vdev, "queue %u: available index moved from %u to %u, queue size is %u",
                     vq->index, vq->last_avail, idx, vq->num);
        return false;
    }
    vq->seen_avail = idx;
    return true;
}

static bool empty(VirtQueue *vq)
{
    if (vq->seen_avail != vq->last_avail) {
        return false;
    }
    if (!refresh_avail(vq)) {
        return true;
    }
    if (vq->seen_avail != vq->last_avail || !virtio_has_feature(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        return vq->seen_avail == vq->last_avail;
    }
    /* Ask to be told of the next entry, then look again: the driver may have added it between. */
    virtqueue_store_u16(vq, vq->used + 4 + 8 * (uint64_t)vq->num, vq->seen_avail);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return vq->vdev->broken || !refresh_avail(vq) || vq->seen_avail == vq->last_avail;
}

static unsigned follow(VirtQueue *vq, Desc *segs, VirtQueueElement *e)
{
    uint64_t table = vq->desc;
    unsigned max = vq->num, i = e->head, in_table = 0, n = 0;
    bool indirect = false;

    for (;;) {
        Desc d;

        if (!virtqueue_read_desc(vq, table, i, &d)) {
            return 0;
        }
        if (d.flags & DESC_F_INDIRECT) {
            if (indirect) {
                virtio_error(vq->vdev, "queue %u: indirect descriptor inside an indirect table",
                             vq->index);
                return 0;
            }
            if (!virtqueue_check_indirect(vq, &d)) {
                return 0;
            }
            table = d.addr;
            max = d.len / DESC_SIZE;
            i = in_table = 0;
            indirect = true;
            continue;
        }
        if (!virtqueue_add_segment(vq, e, segs, n, &d)) {
            return 0;
        }
        n++;
        if (!(d.flags & DESC_F_NEXT)) {
            return n;
        }
        i = d.last;
        if (i >= max || ++in_table >= max) {
            virtio_error(vq->vdev, "queue %u: chain %s", vq->index,
                         i >= max ? "leaves its table" : "has a cycle");
            return 0;
        }
    }
}

static unsigned read_chain(VirtQueue *vq, Desc *segs, VirtQueueElement *e)
{
    uint16_t head;

    if (!virtqueue_load_u16(vq, vq->avail + 4 + 2 * (uint64_t)(vq->last_avail & (vq->num - 1)),
                            &head)) {
        return 0;
    }
    if (head >= vq->num) {
        virtio_error(vq->vdev, "queue %u: head %u is outside the ring", vq->index, head);
        return 0;
    }
    e->head = head;
    e->slots = 1;
    return follow(vq, segs, e);
}

static void take(VirtQueue *vq, unsigned slots)
{
    vq->last_avail++;
}

static void untake(VirtQueue *vq, unsigned slots)
{
    vq->last_avail--;
}

static void put_used(VirtQueue *vq, unsigned first, unsigned count)
{
    uint16_t old = vq->used_idx, new = old + count;

    for (unsigned i = 0; i < count; i++) {
        const VirtQueueUsed *u = &vq->pending[(first + i) % vq->num];
        uint64_t at = vq->used + 4 + 8 * (uint64_t)((old + i) & (vq->num - 1));
        uint8_t raw[8];

        st32_le(raw, u->id);
        st32_le(raw + 4, u->len);
        if (!dma_write(virtqueue_as(vq), at, raw, sizeof(raw))) {
            virtqueue_lost(vq);
            return;
        }
    }
    /* The release store orders the elements before the index. */
    virtqueue_store_u16(vq, vq->used + 2, new);
    vq->used_idx = new;
    if ((int16_t)(new - vq->signalled) < (uint16_t)(new - old)) {
        vq->signalled_valid = false; /* the index has passed the mark by a whole round */
    }
}

/* 2.7.7: whether the driver wants an interrupt for what has been returned. */
static bool wants_interrupt(VirtQueue *vq)
{
    VirtIODevice *vdev = vq->vdev;
    uint16_t flags, event, old = vq->signalled, new = vq->used_idx;
    bool valid = vq->signalled_valid;

    if (virtio_has_feature(vdev, VIRTIO_F_NOTIFY_ON_EMPTY) && !vq->inflight &&
        virtqueue_empty(vq)) {
        return true;
    }
    if (!virtio_has_feature(vdev, VIRTIO_F_EVENT_IDX)) {
        return virtqueue_load_u16(vq, vq->avail, &flags) && !(flags & AVAIL_F_NO_INTERRUPT);
    }
    vq->signalled = new;
    vq->signalled_valid = true;
    if (!virtqueue_load_u16(vq, vq->avail + 4 + 2 * (uint64_t)vq->num, &event)) {
        return false;
    }
    return !valid || (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

const VirtRingOps virtring_split = {
    .check_layout = check_layout,
    .empty = empty,
    .read_chain = read_chain,
    .take = take,
    .untake = untake,
    .put_used = put_used,
    .wants_interrupt = wants_interrupt,
};
