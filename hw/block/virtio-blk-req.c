/*
 * virtio-blk: requests. They go to the back end's I/O threads and are returned on the main thread or
 * the device's iothread; those that fail may wait until the user has made room.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/block/virtio-blk.h"

#include <errno.h>
#include <string.h>

#include "hw/core/machine.h"
#include "util/bits.h"
#include "util/byteorder.h"

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
#define T_BARRIER 0x80000000u /* legacy: a hint that needs nothing of us */
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

#define HEADER_SIZE 16
#define ID_BYTES 20
#define RANGE_SIZE 16
#define RANGE_F_UNMAP 1

/* Bytes in flight after which chains stay in their queues: what a stop or an exit waits for. */
#define MAX_IN_FLIGHT GiB

typedef struct BlkReq {
    VirtQueueElement elem;
    BlockRequest req;
    VirtIOBlk *dev;     /* referenced while the back end has it */
    struct iovec *iov;
    uint8_t *status;    /* in guest memory, mapped by elem */
    struct BlkReq *next; /* of those that failed */
} BlkReq;

/* ---- Completion ---- */

/* Lock held. Frees r. */
static void complete(BlkReq *r, uint8_t status)
{
    VirtQueue *vq = r->elem.vq;

    if (!virtqueue_elem_stale(&r->elem)) {
        *r->status = status;
    }
    virtqueue_push(vq, &r->elem, MIN(r->elem.in_len, UINT32_MAX));
    g_free(r->iov);
    g_free(r);
}

/* Lock held: the back end is done with so many bytes. */
static void release(VirtIOBlk *s, uint64_t bytes)
{
    s->in_flight -= bytes;
    if (s->throttled && s->in_flight < MAX_IN_FLIGHT) {
        s->throttled = false;
        for (unsigned i = 0; i < s->parent_obj.nr_vq; i++) {
            virtqueue_kick_later(&s->parent_obj.vq[i]);
        }
    }
}

/* Keeps it for another try once the machine goes on. */
static void keep_failed(VirtIOBlk *s, BlkReq *r)
{
    BlkReq **end = &s->failed;

    while (*end) {
        end = &(*end)->next;
    }
    r->next = NULL;
    *end = r;
    machine_request_io_stop();
}

/* Lock held. */
static void finish(VirtIOBlk *s, BlkReq *r, int ret)
{
    bool is_read = r->req.op == BLOCK_READ;
    VirtQueue *vq = r->elem.vq;

    if (virtqueue_elem_stale(&r->elem)) {
        complete(r, S_IOERR);
        return;
    }
    if (ret && ret != -ENOTSUP) {
        switch (blk_error_action(s->blk, is_read ? s->rerror : s->werror, !is_read, ret)) {
        case BLOCK_ON_ERROR_STOP:
            keep_failed(s, r);
            return;
        case BLOCK_ON_ERROR_IGNORE:
            ret = 0;
            break;
        default:
            break;
        }
    }
    complete(r, ret == 0 ? S_OK : ret == -ENOTSUP ? S_UNSUPP : S_IOERR);
    virtqueue_notify(vq);
}

static void io_done(BlockRequest *req, int ret)
{
    BlkReq *r = req->opaque;
    VirtIOBlk *s = r->dev;

    virtio_lock(&s->parent_obj);
    release(s, req->iov ? req->bytes : 0);
    finish(s, r, ret);
    virtio_unlock(&s->parent_obj);
    object_unref(s);
}

static void send(BlkReq *r)
{
    r->dev->in_flight += r->iov ? r->req.bytes : 0;
    object_ref(r->dev);
    blk_submit(r->dev->blk, &r->req);
}

static void submit(BlkReq *r, BlockOp op, uint64_t offset, uint64_t bytes)
{
    r->req.op = op;
    r->req.offset = offset;
    r->req.bytes = bytes;
    r->req.iov = r->iov;
    r->req.fua = !r->dev->wce;
    r->req.done = io_done;
    r->req.opaque = r;
    send(r);
}

/* ---- Requests ---- */

/* Sectors to bytes; false if the range is not on the disk. */
static bool to_bytes(VirtIOBlk *s, uint64_t sector, uint64_t bytes, uint64_t *offset)
{
    return u64_mul(sector, BLOCK_SECTOR, offset) && range_within(*offset, bytes, blk_size(s->blk));
}

static void read_write(VirtIOBlk *s, BlkReq *r, bool write, uint64_t sector)
{
    VirtQueueElement *e = &r->elem;
    uint64_t bytes = write ? e->out_len - HEADER_SIZE : e->in_len - 1;
    uint64_t offset;

    if (bytes % s->logical_block_size || !to_bytes(s, sector, bytes, &offset) ||
        offset % s->logical_block_size || (write && blk_read_only(s->blk))) {
        complete(r, S_IOERR);
        return;
    }
    r->iov = g_new(struct iovec, write ? e->out_num : e->in_num);
    r->req.iovcnt = write ? iov_slice(r->iov, e->out_sg, e->out_num, HEADER_SIZE, bytes)
                          : iov_slice(r->iov, e->in_sg, e->in_num, 0, bytes);
    submit(r, write ? BLOCK_WRITE : BLOCK_READ, offset, bytes);
}

/* 5.2.6: one range per request, as the configuration says. */
static void discard_or_zero(VirtIOBlk *s, BlkReq *r, bool zero)
{
    uint32_t max = zero ? s->max_write_zeroes_sectors : s->max_discard_sectors;
    uint8_t raw[RANGE_SIZE];
    uint64_t offset, bytes;
    uint32_t flags;

    if (!(zero ? s->write_zeroes : s->discard) || r->elem.out_len != HEADER_SIZE + RANGE_SIZE) {
        complete(r, S_UNSUPP);
        return;
    }
    iov_copy_out(r->elem.out_sg, r->elem.out_num, HEADER_SIZE, raw, sizeof(raw));
    bytes = (uint64_t)ld32_le(raw + 8) * BLOCK_SECTOR;
    flags = ld32_le(raw + 12);
    if (flags & ~(zero ? RANGE_F_UNMAP : 0)) {
        complete(r, S_UNSUPP);
    } else if (bytes > (uint64_t)max * BLOCK_SECTOR || blk_read_only(s->blk) ||
               !to_bytes(s, ld64_le(raw), bytes, &offset)) {
        complete(r, S_IOERR);
    } else {
        r->req.may_unmap = flags & RANGE_F_UNMAP;
        submit(r, zero ? BLOCK_WRITE_ZEROES : BLOCK_DISCARD, offset, bytes);
    }
}

static void get_id(VirtIOBlk *s, BlkReq *r)
{
    char id[ID_BYTES] = { 0 };

    if (s->serial) {
        memcpy(id, s->serial, MIN(strlen(s->serial), sizeof(id)));
    }
    iov_copy_in(r->elem.in_sg, r->elem.in_num, 0, id, MIN(r->elem.in_len - 1, sizeof(id)));
    complete(r, S_OK);
}

/* Whether the chain has a header and room for the status, which is found here. */
static bool parse_frame(BlkReq *r, uint8_t header[HEADER_SIZE])
{
    VirtQueueElement *e = &r->elem;
    struct iovec *last;

    if (e->out_len < HEADER_SIZE || e->in_len < 1) {
        return false;
    }
    iov_copy_out(e->out_sg, e->out_num, 0, header, HEADER_SIZE);
    last = &e->in_sg[e->in_num - 1];
    r->status = (uint8_t *)last->iov_base + last->iov_len - 1;
    return true;
}

static void start_request(VirtIOBlk *s, BlkReq *r)
{
    uint8_t header[HEADER_SIZE];

    r->dev = s;
    if (!parse_frame(r, header)) {
        virtio_error(&s->parent_obj, "request without header or status");
        virtqueue_drop(r->elem.vq, &r->elem);
        g_free(r);
        return;
    }
    switch (ld32_le(header) & ~T_BARRIER) {
    case T_IN:
        read_write(s, r, false, ld64_le(header + 8));
        break;
    case T_OUT:
        read_write(s, r, true, ld64_le(header + 8));
        break;
    case T_FLUSH:
        submit(r, BLOCK_FLUSH, 0, 0);
        break;
    case T_GET_ID:
        get_id(s, r);
        break;
    case T_DISCARD:
        discard_or_zero(s, r, false);
        break;
    case T_WRITE_ZEROES:
        discard_or_zero(s, r, true);
        break;
    default:
        complete(r, S_UNSUPP);
        break;
    }
}

void virtio_blk_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    for (unsigned n = 0;; n++) {
        BlkReq *r;

        if (s->paused) {
            break; /* resume() looks again */
        }
        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        if (s->in_flight >= MAX_IN_FLIGHT) {
            s->throttled = true; /* release() goes on */
            break;
        }
        r = virtqueue_pop(vq, sizeof(*r));
        if (!r) {
            break;
        }
        start_request(s, r);
    }
    virtqueue_notify(vq); /* of those that needed no I/O */
}

/* ---- Reset, stop and start ---- */

static bool is_stale(BlockRequest *req, void *opaque)
{
    return virtqueue_elem_stale(&((BlkReq *)req->opaque)->elem);
}

void virtio_blk_quiesce(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);
    BlkReq **at = &s->failed;

    while (*at) {
        BlkReq *r = *at;

        if (virtqueue_elem_stale(&r->elem)) {
            *at = r->next;
            complete(r, S_IOERR);
        } else {
            at = &r->next;
        }
    }
    blk_cancel(s->blk, is_stale, NULL);
}

static void dev_pause(void *opaque)
{
    VirtIOBlk *s = opaque;

    virtio_lock(&s->parent_obj);
    s->paused = true;
    virtio_unlock(&s->parent_obj);
}

static void dev_resume(void *opaque)
{
    VirtIOBlk *s = opaque;
    VirtIODevice *vdev = &s->parent_obj;
    BlkReq *r, *next;

    virtio_lock(vdev);
    s->paused = false;
    r = s->failed;
    s->failed = NULL;
    for (; r; r = next) {
        next = r->next;
        send(r);
    }
    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        virtio_queue_notify(vdev, i);
    }
    virtio_unlock(vdev);
}

static void dev_resized(void *opaque)
{
    VirtIOBlk *s = opaque;

    virtio_lock(&s->parent_obj);
    virtio_notify_config(&s->parent_obj);
    virtio_unlock(&s->parent_obj);
}

const BlockDevOps virtio_blk_dev_ops = {
    .pause = dev_pause,
    .resume = dev_resume,
    .resized = dev_resized,
};
