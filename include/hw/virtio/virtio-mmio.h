/*
 * The virtio transport of register windows, as the `virt` board has eight of.
 *
 * A window of 0x200 bytes, one output line (level), one bus "virtio-mmio-bus.N" of type
 * TYPE_VIRTIO_BUS; N counts the transports in the order they are realized.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_VIRTIO_VIRTIO_MMIO_H
#define VIREO_HW_VIRTIO_VIRTIO_MMIO_H

#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_MMIO "virtio-mmio"
OBJECT_DECLARE_SIMPLE(VirtIOMMIO, VIRTIO_MMIO, TYPE_VIRTIO_MMIO)

#define VIRTIO_MMIO_SIZE 0x200

struct VirtIOMMIO {
    DeviceState parent_obj;
    MemoryRegion window;
    bool force_legacy;   /* property: version 1 of the interface */
    bool ioeventfd;      /* property: notifications do not leave the guest, where the kernel can */
    bool legacy;         /* version 1 is spoken: not with devices that never had it */
    VirtIODevice *vdev;  /* what is plugged in, or NULL */
    GPtrArray *bells;    /* QueueBell by queue, NULL where there is none */
    struct QueueBell *bell_of_all;

    uint32_t host_features_sel, guest_features_sel;
    uint32_t queue_sel;
    uint32_t guest_page_size; /* legacy; survives a reset by the driver */
};

#endif
