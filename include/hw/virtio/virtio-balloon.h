/*
 * The memory balloon, for the monitor.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_VIRTIO_VIRTIO_BALLOON_H
#define VIREO_HW_VIRTIO_VIRTIO_BALLOON_H

#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_BALLOON "virtio-balloon-device"
OBJECT_DECLARE_SIMPLE(VirtIOBalloon, VIRTIO_BALLOON, TYPE_VIRTIO_BALLOON)

/* The machine's balloon, or NULL with errp. Main thread, like all of these. */
VirtIOBalloon *virtio_balloon_find(Error **errp);
/* Asks the guest to leave itself so many bytes of memory. */
void virtio_balloon_set_target(VirtIOBalloon *s, uint64_t bytes);
/* The memory that the guest has, by its own account. */
uint64_t virtio_balloon_actual(VirtIOBalloon *s);
/* Appends "name=value" lines of what the guest last said of its memory. */
void virtio_balloon_stats(VirtIOBalloon *s, GString *out);

#endif
