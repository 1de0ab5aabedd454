/*
 * Requests through io_uring: plain reads, writes and flushes of a file. What ends otherwise than
 * with all of its bytes is done again by the threads, which know what to do about it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <limits.h>
#include <liburing.h>

#include "util/bits.h"

#ifndef RWF_DSYNC
#define RWF_DSYNC 2
#endif

struct BlkUring {
    struct io_uring ring;
    unsigned nr;
    BlockRequest *in_ring[BLK_URING_DEPTH];
};

BlkUring *blk_uring_new(int event_fd)
{
    BlkUring *u = g_new0(BlkUring, 1);

    /* Hosts without it, or that forbid it. */
    if (io_uring_queue_init(BLK_URING_DEPTH, &u->ring, 0) < 0) {
        g_free(u);
        return NULL;
    }
    if (io_uring_register_eventfd(&u->ring, event_fd) < 0) {
        io_uring_queue_exit(&u->ring);
        g_free(u);
        return NULL;
    }
    return u;
}

void blk_uring_free(BlkUring *u)
{
    if (u) {
        io_uring_queue_exit(&u->ring);
        g_free(u);
    }
}

static bool suitable(BlockBackend *blk, const BlockRequest *req)
{
    const BlockFile *f = blk->node;

    if (blk->overlay || f->fd < 0) {
        return false;
    }
    if (req->op == BLOCK_FLUSH) {
        return blk->flushes && !blk->read_only;
    }
    if ((req->op != BLOCK_READ && req->op != BLOCK_WRITE) || req->bytes == 0 ||
        req->iovcnt > IOV_MAX || !range_within(req->offset, req->bytes, blk_size(blk)) ||
        !block_file_aligned(f, req->iov, req->iovcnt, blk->offset + req->offset)) {
        return false;
    }
    /* Writes of parts of blocks exclude other writes, which is known to the threads only. */
    return req->op == BLOCK_READ ||
           (!blk->read_only && blk->detect_zeroes == DETECT_ZEROES_OFF && f->align <= BLOCK_SECTOR);
}

bool blk_uring_submit(BlkUring *u, BlockBackend *blk, BlockRequest *req)
{
    struct io_uring_sqe *sqe;
    uint64_t offset = blk->offset + req->offset;
    int fd = blk->node->fd;

    if (u->nr == BLK_URING_DEPTH || !suitable(blk, req)) {
        return false;
    }
    sqe = io_uring_get_sqe(&u->ring);
    if (!sqe) {
        return false;
    }
    switch (req->op) {
    case BLOCK_READ:
        io_uring_prep_readv(sqe, fd, req->iov, req->iovcnt, offset);
        break;
    case BLOCK_WRITE:
        io_uring_prep_writev(sqe, fd, req->iov, req->iovcnt, offset);
        sqe->rw_flags = req->fua && blk->flushes ? RWF_DSYNC : 0;
        break;
    default:
        io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
        break;
    }
    io_uring_sqe_set_data(sqe, req);
    u->in_ring[u->nr++] = req;
    /* What the kernel does not take now, the next call submits. */
    io_uring_submit(&u->ring);
    return true;
}

static void forget(BlkUring *u, BlockRequest *req)
{
    for (unsigned i = 0; i < u->nr; i++) {
        if (u->in_ring[i] == req) {
            u->in_ring[i] = u->in_ring[--u->nr];
            return;
        }
    }
}

BlockRequest *blk_uring_reap(BlkUring *u, bool wait, bool *redo)
{
    struct io_uring_cqe *cqe = NULL;
    BlockRequest *req;
    int r;

    if (!u->nr) {
        return NULL;
    }
    if (io_uring_sq_ready(&u->ring)) {
        io_uring_submit(&u->ring);
    }
    do {
        r = wait ? io_uring_wait_cqe(&u->ring, &cqe) : io_uring_peek_cqe(&u->ring, &cqe);
    } while (r == -EINTR);
    if (r < 0 || !cqe) {
        return NULL;
    }
    req = io_uring_cqe_get_data(cqe);
    *redo = cqe->res < 0 || (req->op != BLOCK_FLUSH && (uint64_t)cqe->res != req->bytes);
    req->ret = 0;
    io_uring_cqe_seen(&u->ring, cqe);
    forget(u, req);
    return req;
}

bool blk_uring_busy(const BlkUring *u, bool (*match)(BlockRequest *req, void *opaque),
                    void *opaque)
{
    for (unsigned i = 0; i < u->nr; i++) {
        if (match(u->in_ring[i], opaque)) {
            return true;
        }
    }
    return false;
}
