/*
 * Between virtqueue.c, which knows elements, and the two formats of rings.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_VIRTIO_VIRTQUEUE_INT_H
#define VIREO_HW_VIRTIO_VIRTQUEUE_INT_H

#include "hw/virtio/virtio.h"

#define DESC_F_NEXT 1
#define DESC_F_WRITE 2
#define DESC_F_INDIRECT 4
#define DESC_SIZE 16

/* A descriptor, copied from guest memory. `last` is next of a split ring, the id of a packed one. */
typedef struct Desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, last;
} Desc;

/* A chain that the device has returned and the ring does not show yet. */
struct VirtQueueUsed {
    uint32_t len;
    uint16_t id, slots;
    bool done; /* with in_order, where it waits for those before it */
};

/* What a format of rings does. All but check_layout are called for a queue that is enabled. */
typedef struct VirtRingOps {
    bool (*check_layout)(VirtQueue *vq);
    /* Whether there is no chain to take. Asks to be told of the next one if there is none. */
    bool (*empty)(VirtQueue *vq);
    /* Copies the next chain to segs, readable ones first, fills e's numbers, head and slots;
     * returns the count of segments, 0 after virtio_error(). Takes nothing. */
    unsigned (*read_chain)(VirtQueue *vq, Desc *segs, VirtQueueElement *e);
    /* Past the chain of so many slots, and back. */
    void (*take)(VirtQueue *vq, unsigned slots);
    void (*untake)(VirtQueue *vq, unsigned slots);
    /* Returns count chains, the pending[(first + i) % num], and makes them visible at once. */
    void (*put_used)(VirtQueue *vq, unsigned first, unsigned count);
    /* Whether the driver wants an interrupt for what was returned since `signalled`. */
    bool (*wants_interrupt)(VirtQueue *vq);
} VirtRingOps;

extern const VirtRingOps virtring_split, virtring_packed;

static inline AddressSpace *virtqueue_as(const VirtQueue *vq)
{
    return vq->vdev->parent_obj.dma_as;
}

/* Copies a descriptor of a table. */
bool virtqueue_read_desc(VirtQueue *vq, uint64_t table, unsigned i, Desc *d);
/* Checks a descriptor that points to a table; what else is in its chain is the format's matter. */
bool virtqueue_check_indirect(VirtQueue *vq, const Desc *d);
/* Checks a buffer and appends it to the n that segs has. */
bool virtqueue_add_segment(VirtQueue *vq, VirtQueueElement *e, Desc *segs, unsigned n,
                           const Desc *d);

/* Ring words. The layout was checked to be RAM, but a failure still costs only an error. */
bool virtqueue_load_u16(VirtQueue *vq, uint64_t addr, uint16_t *value);
void virtqueue_store_u16(VirtQueue *vq, uint64_t addr, uint16_t value);
bool virtqueue_is_ram(VirtQueue *vq, uint64_t addr, uint64_t len, bool is_write);
void virtqueue_lost(VirtQueue *vq);

#endif
