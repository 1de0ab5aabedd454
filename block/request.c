/*
 * Carries out one request: on an I/O thread, or on that of a device that cannot wait.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/bits.h"

static int sync_node(BlockBackend *blk)
{
    /* What snapshot=on writes need not outlive the process. */
    if (!blk->flushes || blk->overlay || blk->read_only) {
        return 0;
    }
    return block_file_sync(blk->node);
}

static bool all_zero(const struct iovec *iov, int cnt)
{
    for (int i = 0; i < cnt; i++) {
        const char *p = iov[i].iov_base;
        size_t len = iov[i].iov_len;

        /* p[0] is 0 and every byte equals its predecessor. */
        if (len && (p[0] || memcmp(p, p + 1, len - 1))) {
            return false;
        }
    }
    return true;
}

static int write_zeroes(BlockBackend *blk, uint64_t offset, uint64_t bytes, bool may_unmap)
{
    if (blk->overlay) {
        return overlay_write_zeroes(blk->overlay, blk, offset, bytes);
    }
    return bytes ? block_file_write_zeroes(blk->node, blk->offset + offset, bytes,
                                           may_unmap && blk->discard) : 0;
}

static int write_data(BlockBackend *blk, BlockRequest *req)
{
    if (blk->detect_zeroes != DETECT_ZEROES_OFF && all_zero(req->iov, req->iovcnt)) {
        return write_zeroes(blk, req->offset, req->bytes,
                            blk->detect_zeroes == DETECT_ZEROES_UNMAP);
    }
    if (blk->overlay) {
        return overlay_pwritev(blk->overlay, blk, req->iov, req->iovcnt, req->offset,
                               req->bytes);
    }
    return block_file_pwritev(blk->node, req->iov, req->iovcnt, blk->offset + req->offset);
}

static bool is_write(BlockOp op)
{
    return op == BLOCK_WRITE || op == BLOCK_DISCARD || op == BLOCK_WRITE_ZEROES;
}

int blk_execute(BlockBackend *blk, BlockRequest *req)
{
    int r = 0;

    if (req->op == BLOCK_FLUSH) {
        return sync_node(blk);
    }
    if (!range_within(req->offset, req->bytes, blk_size(blk))) {
        return -EIO;
    }
    if (is_write(req->op) && blk->read_only) {
        return -EROFS;
    }
    switch (req->op) {
    case BLOCK_READ:
        return blk->overlay
            ? overlay_preadv(blk->overlay, blk, req->iov, req->iovcnt, req->offset)
            : block_file_preadv(blk->node, req->iov, req->iovcnt, blk->offset + req->offset);
    case BLOCK_WRITE:
        r = write_data(blk, req);
        break;
    case BLOCK_WRITE_ZEROES:
        r = write_zeroes(blk, req->offset, req->bytes, req->may_unmap);
        break;
    case BLOCK_DISCARD:
        return blk->discard && !blk->overlay && req->bytes
            ? block_file_discard(blk->node, blk->offset + req->offset, req->bytes) : 0;
    case BLOCK_FLUSH:
        break;
    }
    return r || !req->fua ? r : sync_node(blk);
}

int blk_pread(BlockBackend *blk, uint64_t offset, void *buf, uint64_t bytes)
{
    struct iovec iov = { buf, bytes };
    BlockRequest req = {
        .op = BLOCK_READ, .offset = offset, .bytes = bytes, .iov = &iov, .iovcnt = 1,
    };

    return blk_execute(blk, &req);
}

int blk_pwrite(BlockBackend *blk, uint64_t offset, const void *buf, uint64_t bytes)
{
    struct iovec iov = { (void *)buf, bytes };
    BlockRequest req = {
        .op = BLOCK_WRITE, .offset = offset, .bytes = bytes, .iov = &iov, .iovcnt = 1,
        .fua = !blk_write_cache(blk),
    };

    return blk_execute(blk, &req);
}
