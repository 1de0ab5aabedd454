/*
 * What the files of virtio-blk share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_BLOCK_VIRTIO_BLK_H
#define VIREO_HW_BLOCK_VIRTIO_BLK_H

#include "backend/block.h"
#include "backend/iothread.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_BLK "virtio-blk-device"
OBJECT_DECLARE_SIMPLE(VirtIOBlk, VIRTIO_BLK, TYPE_VIRTIO_BLK)

#define VIRTIO_ID_BLK 2

enum {
    F_SEG_MAX = 2,
    F_GEOMETRY = 4,
    F_RO = 5,
    F_BLK_SIZE = 6,
    F_FLUSH = 9,
    F_TOPOLOGY = 10,
    F_CONFIG_WCE = 11,
    F_MQ = 12,
    F_DISCARD = 13,
    F_WRITE_ZEROES = 14,
};

struct VirtIOBlk {
    VirtIODevice parent_obj;

    Object *drive;
    BlockBackend *blk;  /* the same, attached */
    char *serial;
    uint16_t num_queues;
    uint16_t queue_size;
    uint64_t logical_block_size, physical_block_size, min_io_size, opt_io_size;
    uint32_t max_discard_sectors, max_write_zeroes_sectors;
    bool config_wce, discard, write_zeroes;

    bool wce;           /* writes may stay in a cache; the driver may change it */
    uint64_t in_flight; /* bytes that the back end is reading or writing */
    bool throttled;     /* a queue was left because of that */
    bool paused;        /* the machine stands still: nothing is submitted */
    struct BlkReq *failed; /* wait for the machine to go on, the first to fail first */

    Object *iothread_link; /* property */
    IOThread *iothread; /* the same; NULL: vCPUs take requests, the main thread ends them */
    GSource *source;    /* in the iothread's context */
    bool *kicked;       /* by queue: the source is to look at it */
    int werror, rerror;
};

/* virtio-blk-req.c. A queue has requests; on any thread that has the lock. */
void virtio_blk_handle(VirtIODevice *vdev, VirtQueue *vq);
void virtio_blk_quiesce(VirtIODevice *vdev);
extern const BlockDevOps virtio_blk_dev_ops;

#endif
