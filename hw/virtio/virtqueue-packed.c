/*
 * Packed rings (VIRTIO 1.3, 2.8): one ring, in which the driver writes descriptors and the device
 * writes over the first of each chain when it is done. Two bits of a descriptor say, with a wrap
 * counter on each side, whose it is.
 *
 * last_avail and used_idx are places in the ring here. A driver that keeps descriptors looking
 * available without taking back what was returned gets no more than a ring's worth per look: the
 * handlers bound their loops, and what is in flight is bounded by the size of the ring.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtqueue-int.h"

#include "util/byteorder.h"

#define DESC_F_AVAIL (1 << 7)
#define DESC_F_USED (1 << 15)

/* The event suppression areas: a place with its wrap bit, then what to do. */
#define EVENT_OFF_WRAP 0
#define EVENT_FLAGS 2
#define EVENT_WRAP (1 << 15)
enum { EVENT_ENABLE = 0, EVENT_DISABLE = 1, EVENT_DESC = 2 };

static bool check_layout(VirtQueue *vq)
{
    if (!vq->num || vq->num > vq->num_max) {
        virtio_error(vq->vdev, "queue %u: size %u is not 1 to %u", vq->index, vq->num,
                     vq->num_max);
        return false;
    }
    if ((vq->desc & 15) || (vq->avail & 3) || (vq->used & 3)) {
        virtio_error(vq->vdev, "queue %u: an area is not aligned", vq->index);
        return false;
    }
    if (!virtqueue_is_ram(vq, vq->desc, DESC_SIZE * (uint64_t)vq->num, true) ||
        !virtqueue_is_ram(vq, vq->avail, 4, false) || !virtqueue_is_ram(vq, vq->used, 4, true)) {
        virtio_error(vq->vdev, "queue %u: an area is outside RAM", vq->index);
        return false;
    }
    return true;
}

static uint64_t flags_at(const VirtQueue *vq, unsigned slot)
{
    return vq->desc + DESC_SIZE * (uint64_t)slot + 14;
}

/* Whether the next place holds a chain of this round that was not used yet. */
static bool nothing_there(VirtQueue *vq)
{
    uint16_t flags;

    if (!virtqueue_load_u16(vq, flags_at(vq, vq->last_avail), &flags)) {
        return true;
    }
    return !!(flags & DESC_F_AVAIL) != vq->avail_wrap || !!(flags & DESC_F_USED) == vq->avail_wrap;
}

static bool empty(VirtQueue *vq)
{
    if (!nothing_there(vq)) {
        return false;
    }
    if (vq->vdev->broken || !virtio_has_feature(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        return true; /* the area says EVENT_ENABLE since the driver made it */
    }
    /* Ask to be told of the next chain, then look again: the driver may have added it between. */
    virtqueue_store_u16(vq, vq->used + EVENT_OFF_WRAP,
                        vq->last_avail | (vq->avail_wrap ? EVENT_WRAP : 0));
    virtqueue_store_u16(vq, vq->used + EVENT_FLAGS, EVENT_DESC);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return vq->vdev->broken || nothing_there(vq);
}

/* 2.8.7: every entry of the table is part of the chain, and of its flags only one counts. */
static unsigned read_table(VirtQueue *vq, const Desc *table, Desc *segs, VirtQueueElement *e)
{
    unsigned count = table->len / DESC_SIZE;

    if (!virtqueue_check_indirect(vq, table)) {
        return 0;
    }
    for (unsigned i = 0; i < count; i++) {
        Desc d;

        if (!virtqueue_read_desc(vq, table->addr, i, &d) ||
            !virtqueue_add_segment(vq, e, segs, i, &d)) {
            return 0;
        }
    }
    return count;
}

static unsigned read_chain(VirtQueue *vq, Desc *segs, VirtQueueElement *e)
{
    for (unsigned n = 0;; n++) {
        unsigned slot = vq->last_avail + n;
        Desc d;

        if (!virtqueue_read_desc(vq, vq->desc, slot < vq->num ? slot : slot - vq->num, &d)) {
            return 0;
        }
        if (d.flags & DESC_F_INDIRECT) {
            if (n) {
                virtio_error(vq->vdev, "queue %u: indirect descriptor in a chain", vq->index);
                return 0;
            }
            e->head = d.last;
            e->slots = 1;
            return read_table(vq, &d, segs, e);
        }
        if (!virtqueue_add_segment(vq, e, segs, n, &d)) {
            return 0;
        }
        if (!(d.flags & DESC_F_NEXT)) {
            e->head = d.last; /* the id is that of the last descriptor */
            e->slots = n + 1;
            return n + 1;
        }
        if (n + 1 == vq->num) {
            virtio_error(vq->vdev, "queue %u: chain has no end", vq->index);
            return 0;
        }
    }
}

static void take(VirtQueue *vq, unsigned slots)
{
    unsigned next = vq->last_avail + slots;

    if (next >= vq->num) {
        next -= vq->num;
        vq->avail_wrap = !vq->avail_wrap;
    }
    vq->last_avail = next;
}

static void untake(VirtQueue *vq, unsigned slots)
{
    if (slots > vq->last_avail) {
        vq->avail_wrap = !vq->avail_wrap;
        vq->last_avail += vq->num;
    }
    vq->last_avail -= slots;
}

static bool write_used(VirtQueue *vq, const VirtQueueUsed *u, unsigned slot, bool wrap)
{
    uint8_t raw[6];

    st32_le(raw, u->len);
    st16_le(raw + 4, u->id);
    if (!dma_write(virtqueue_as(vq), vq->desc + DESC_SIZE * (uint64_t)slot + 8, raw,
                   sizeof(raw))) {
        virtqueue_lost(vq);
        return false;
    }
    /* The release store orders the rest of the descriptor before its flags. */
    virtqueue_store_u16(vq, flags_at(vq, slot), (wrap ? DESC_F_AVAIL | DESC_F_USED : 0) |
                                                    (u->len ? DESC_F_WRITE : 0));
    return true;
}

/* The first is written last: the driver looks at the others only when it sees that one. */
static void put_used(VirtQueue *vq, unsigned first, unsigned count)
{
    const VirtQueueUsed *u = &vq->pending[first];
    unsigned slot = vq->used_idx, moved = 0;
    bool wrap = vq->used_wrap;

    for (unsigned i = 0; i < count; i++) {
        const VirtQueueUsed *other = &vq->pending[(first + i) % vq->num];

        if (i && !write_used(vq, other, slot, wrap)) {
            return;
        }
        slot += other->slots;
        moved += other->slots;
        if (slot >= vq->num) {
            slot -= vq->num;
            wrap = !wrap;
        }
    }
    if (!write_used(vq, u, vq->used_idx, vq->used_wrap)) {
        return;
    }
    if (wrap != vq->used_wrap) {
        vq->signalled -= vq->num; /* it counts from the beginning of this round */
    }
    vq->used_idx = slot;
    vq->used_wrap = wrap;
    if ((uint16_t)(slot - vq->signalled) > vq->num || moved > vq->num) {
        vq->signalled_valid = false; /* the place has passed the mark by a whole round */
    }
}

/* 2.8.10: whether the driver wants an interrupt for what has been returned. */
static bool wants_interrupt(VirtQueue *vq)
{
    uint16_t flags, event, old = vq->signalled, new = vq->used_idx;
    bool valid = vq->signalled_valid;

    if (!virtqueue_load_u16(vq, vq->avail + EVENT_FLAGS, &flags)) {
        return false;
    }
    vq->signalled = new;
    vq->signalled_valid = true;
    if ((flags & 3) == EVENT_DISABLE) {
        return false;
    }
    if ((flags & 3) != EVENT_DESC || !virtio_has_feature(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        return true;
    }
    /* The driver writes the place before the flags; they were read in the other order. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (!virtqueue_load_u16(vq, vq->avail + EVENT_OFF_WRAP, &event)) {
        return false;
    }
    if (!!(event & EVENT_WRAP) == vq->used_wrap) {
        event &= ~EVENT_WRAP;
    } else {
        event = (event & ~EVENT_WRAP) - vq->num; /* of the round before */
    }
    return !valid || (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

const VirtRingOps virtring_packed = {
    .check_layout = check_layout,
    .empty = empty,
    .read_chain = read_chain,
    .take = take,
    .untake = untake,
    .put_used = put_used,
    .wants_interrupt = wants_interrupt,
};
