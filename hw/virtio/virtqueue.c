/*
 * Split virtqueues (VIRTIO 1.3, 2.7): taking chains, returning them, telling the driver.
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

#include "util/byteorder.h"

#define DESC_F_NEXT 1
#define DESC_F_WRITE 2
#define DESC_F_INDIRECT 4
#define DESC_SIZE 16
#define AVAIL_F_NO_INTERRUPT 1

typedef struct Desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
} Desc;

static AddressSpace *as_of(const VirtQueue *vq)
{
    return vq->vdev->parent_obj.dma_as;
}

/* avail: flags, idx, ring[num], used_event; used: flags, idx, ring[num] of 8 bytes, avail_event. */
static uint64_t avail_bytes(const VirtQueue *vq)
{
    return 6 + 2 * (uint64_t)vq->num;
}

static uint64_t used_bytes(const VirtQueue *vq)
{
    return 6 + 8 * (uint64_t)vq->num;
}

static bool is_ram(VirtQueue *vq, uint64_t addr, uint64_t len, bool is_write)
{
    void *host = dma_map(as_of(vq), addr, len, is_write);

    dma_unmap(as_of(vq), host, len, is_write, 0);
    return host != NULL;
}

bool virtqueue_check_layout(VirtQueue *vq)
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
    if (!is_ram(vq, vq->desc, DESC_SIZE * (uint64_t)vq->num, false) ||
        !is_ram(vq, vq->avail, avail_bytes(vq), false) ||
        !is_ram(vq, vq->used, used_bytes(vq), true)) {
        virtio_error(vq->vdev, "queue %u: an area is outside RAM", vq->index);
        return false;
    }
    return true;
}

/* ---- Ring words. The layout was checked to be RAM, but a failure still costs only an error. ---- */

static bool load_u16(VirtQueue *vq, uint64_t addr, uint16_t *value)
{
    if (!dma_load_u16(as_of(vq), addr, value)) {
        virtio_error(vq->vdev, "queue %u: ring is no longer in RAM", vq->index);
        return false;
    }
    return true;
}

static void store_u16(VirtQueue *vq, uint64_t addr, uint16_t value)
{
    if (!dma_store_u16(as_of(vq), addr, value)) {
        virtio_error(vq->vdev, "queue %u: ring is no longer in RAM", vq->index);
    }
}

/* Looks at the driver's index; false if it is nonsense. */
static bool refresh_avail(VirtQueue *vq)
{
    uint16_t idx;

    if (!load_u16(vq, vq->avail + 2, &idx)) {
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

bool virtqueue_empty(VirtQueue *vq)
{
    if (!virtio_queue_live(vq)) {
        return true;
    }
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
    store_u16(vq, vq->used + 4 + 8 * (uint64_t)vq->num, vq->seen_avail);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return vq->vdev->broken || !refresh_avail(vq) || vq->seen_avail == vq->last_avail;
}

/* ---- Chains ---- */

static bool read_desc(VirtQueue *vq, uint64_t table, unsigned i, Desc *d)
{
    uint8_t raw[DESC_SIZE];

    if (!dma_read(as_of(vq), table + (uint64_t)i * DESC_SIZE, raw, sizeof(raw))) {
        virtio_error(vq->vdev, "queue %u: descriptor %u is not in RAM", vq->index, i);
        return false;
    }
    d->addr = ld64_le(raw);
    d->len = ld32_le(raw + 8);
    d->flags = ld16_le(raw + 12);
    d->next = ld16_le(raw + 14);
    return true;
}

static bool check_indirect(VirtQueue *vq, const Desc *d, bool nested)
{
    const char *what = NULL;
    uint64_t end;

    if (!virtio_has_feature(vq->vdev, VIRTIO_F_INDIRECT_DESC)) {
        what = "was not negotiated";
    } else if (nested) {
        what = "inside an indirect table";
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

/* Copies the chain that starts at head into segs; returns their number, 0 after virtio_error(). */
static unsigned read_chain(VirtQueue *vq, unsigned head, Desc *segs, VirtQueueElement *e)
{
    VirtIODevice *vdev = vq->vdev;
    uint64_t table = vq->desc;
    unsigned max = vq->num, i = head, in_table = 0, n = 0;
    bool indirect = false;

    for (;;) {
        Desc d;

        if (!read_desc(vq, table, i, &d)) {
            return 0;
        }
        if (d.flags & DESC_F_INDIRECT) {
            if (!check_indirect(vq, &d, indirect)) {
                return 0;
            }
            table = d.addr;
            max = d.len / DESC_SIZE;
            i = in_table = 0;
            indirect = true;
            continue;
        }
        if (d.len == 0) {
            virtio_error(vdev, "queue %u: buffer without length", vq->index);
            return 0;
        }
        if (!(d.flags & DESC_F_WRITE) && e->in_num) {
            virtio_error(vdev, "queue %u: readable buffer after a writable one", vq->index);
            return 0;
        }
        if (n == VIRTQUEUE_MAX_SIZE || e->in_len + e->out_len + d.len > VIRTQUEUE_MAX_BYTES) {
            virtio_error(vdev, "queue %u: chain too long", vq->index);
            return 0;
        }
        segs[n++] = d;
        if (d.flags & DESC_F_WRITE) {
            e->in_num++;
            e->in_len += d.len;
        } else {
            e->out_num++;
            e->out_len += d.len;
        }
        if (!(d.flags & DESC_F_NEXT)) {
            return n;
        }
        i = d.next;
        if (i >= max || ++in_table >= max) {
            virtio_error(vdev, "queue %u: chain %s", vq->index,
                         i >= max ? "leaves its table" : "has a cycle");
            return 0;
        }
    }
}

static void unmap(VirtQueue *vq, VirtQueueElement *e, uint64_t written)
{
    for (unsigned i = 0; i < e->out_num; i++) {
        dma_unmap(as_of(vq), e->out_sg[i].iov_base, e->out_sg[i].iov_len, false, 0);
    }
    for (unsigned i = 0; i < e->in_num; i++) {
        uint64_t len = e->in_sg[i].iov_len;
        uint64_t here = MIN(written, len);

        dma_unmap(as_of(vq), e->in_sg[i].iov_base, len, true, here);
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
        e->out_sg[i].iov_base = dma_map(as_of(vq), segs[i].addr, segs[i].len, write);
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

void *virtqueue_pop(VirtQueue *vq, size_t size)
{
    Desc segs[VIRTQUEUE_MAX_SIZE];
    VirtQueueElement head = { .vq = vq, .epoch = vq->epoch };
    VirtQueueElement *e;
    unsigned n;

    if (virtqueue_empty(vq) ||
        !load_u16(vq, vq->avail + 4 + 2 * (uint64_t)(vq->last_avail & (vq->num - 1)),
                  &head.head)) {
        return NULL;
    }
    if (head.head >= vq->num) {
        virtio_error(vq->vdev, "queue %u: head %u is outside the ring", vq->index, head.head);
        return NULL;
    }
    if (vq->inflight >= vq->num) {
        virtio_error(vq->vdev, "queue %u: more chains than descriptors", vq->index);
        return NULL;
    }
    n = read_chain(vq, head.head, segs, &head);
    if (!n) {
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
    vq->last_avail++;
    vq->inflight++;
    return e;
}

void virtqueue_unpop(VirtQueue *vq, VirtQueueElement *e)
{
    unmap(vq, e, 0);
    if (!virtqueue_elem_stale(e)) {
        vq->last_avail--;
        vq->inflight--;
    }
    g_free(e);
}

void virtqueue_drop(VirtQueue *vq, VirtQueueElement *e)
{
    unmap(vq, e, e->in_len);
    if (!virtqueue_elem_stale(e)) {
        vq->inflight--;
    }
}

void virtqueue_fill(VirtQueue *vq, VirtQueueElement *e, uint32_t len, unsigned n)
{
    uint8_t raw[8];

    if (virtqueue_elem_stale(e) || vq->vdev->broken) {
        unmap(vq, e, e->in_len);
        return;
    }
    unmap(vq, e, len);
    st32_le(raw, e->head);
    st32_le(raw + 4, len);
    if (!dma_write(as_of(vq), vq->used + 4 + 8 * (uint64_t)((vq->used_idx + n) & (vq->num - 1)),
                   raw, sizeof(raw))) {
        virtio_error(vq->vdev, "queue %u: ring is no longer in RAM", vq->index);
    }
}

void virtqueue_flush(VirtQueue *vq, unsigned count)
{
    uint16_t old = vq->used_idx, new = old + count;

    vq->inflight -= MIN(vq->inflight, count);
    if (vq->vdev->broken) {
        return;
    }
    /* The release store orders the elements before the index. */
    store_u16(vq, vq->used + 2, new);
    vq->used_idx = new;
    vq->unsignalled = true;
    if ((int16_t)(new - vq->signalled) < (uint16_t)(new - old)) {
        vq->signalled_valid = false; /* the index has passed the mark by a whole round */
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

/* 2.7.7: whether the driver wants an interrupt for what has been returned. */
static bool wants_interrupt(VirtQueue *vq)
{
    VirtIODevice *vdev = vq->vdev;
    uint16_t flags, event, old = vq->signalled, new = vq->used_idx;
    bool valid = vq->signalled_valid;

    /* The index must be visible before the driver's wish is read, or both sides wait. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (virtio_has_feature(vdev, VIRTIO_F_NOTIFY_ON_EMPTY) && !vq->inflight &&
        virtqueue_empty(vq)) {
        return true;
    }
    if (!virtio_has_feature(vdev, VIRTIO_F_EVENT_IDX)) {
        return load_u16(vq, vq->avail, &flags) && !(flags & AVAIL_F_NO_INTERRUPT);
    }
    vq->signalled = new;
    vq->signalled_valid = true;
    if (!load_u16(vq, vq->avail + 4 + 2 * (uint64_t)vq->num, &event)) {
        return false;
    }
    return !valid || (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

void virtqueue_notify(VirtQueue *vq)
{
    VirtIODevice *vdev = vq->vdev;

    if (!vq->unsignalled || !virtio_queue_live(vq)) {
        return;
    }
    vq->unsignalled = false;
    if (wants_interrupt(vq) && !vdev->broken) {
        vdev->isr |= VIRTIO_ISR_QUEUE;
        vdev->ops->notify_queue(vdev->transport, vq->index);
    }
}
