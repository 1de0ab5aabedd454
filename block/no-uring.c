/*
 * io_uring in a build without liburing: there is none, as on hosts that forbid it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

BlkUring *blk_uring_new(int event_fd)
{
    return NULL;
}

void blk_uring_free(BlkUring *u)
{
}

bool blk_uring_submit(BlkUring *u, BlockBackend *blk, BlockRequest *req)
{
    return false;
}

BlockRequest *blk_uring_reap(BlkUring *u, bool wait, bool *redo)
{
    return NULL;
}

bool blk_uring_busy(const BlkUring *u, bool (*match)(BlockRequest *req, void *opaque),
                    void *opaque)
{
    return false;
}
