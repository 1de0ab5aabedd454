/*
 * Notifications of a queue by event descriptor: the accelerator's kernel signals it and lets the
 * guest run on, and the main loop, or the device's iothread, calls the queue's handler.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_VIRTIO_QUEUE_BELL_H
#define VIREO_HW_VIRTIO_QUEUE_BELL_H

#include "hw/virtio/virtio.h"

typedef struct QueueBell QueueBell;

#define QUEUE_BELL_ALL UINT32_MAX /* the store does not say which queue: it is for all of them */

/* Stores as `at` describes them (its fd aside) into mr notify the queue. NULL: no descriptors left, or
 * nobody to signal them; the stores then come to the region's handler as before. */
QueueBell *queue_bell_new(VirtIODevice *vdev, uint32_t queue, MemoryRegion *mr, MemoryEventfd at);
/* Makes *bell what is wanted: as the two below, if it is not so yet. */
void queue_bell_want(QueueBell **bell, bool want, VirtIODevice *vdev, uint32_t queue,
                     MemoryRegion *mr, MemoryEventfd at);
/* It does not ring any more when this returns. The device's lock is held, as in the above. */
void queue_bell_free(QueueBell *bell);

#endif
