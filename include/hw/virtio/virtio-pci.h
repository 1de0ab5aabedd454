/*
 * The virtio transport over PCI: base type of virtio-blk-pci and its like.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_VIRTIO_VIRTIO_PCI_H
#define VIREO_HW_VIRTIO_VIRTIO_PCI_H

#include "hw/pci/pci.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_PCI "virtio-pci"
OBJECT_DECLARE_SIMPLE(VirtIOPCI, VIRTIO_PCI, TYPE_VIRTIO_PCI)

#define VIRTIO_PCI_VECTORS_AUTO UINT32_MAX

struct VirtIOPCI {
    PCIDevice parent_obj;
    MemoryRegion window;
    VirtIODevice *vdev;   /* the part; lives as long as this */
    GPtrArray *bells;     /* QueueBell by queue, NULL where there is none */
    unsigned pci_cap;     /* of access through configuration space */

    int disable_legacy;   /* properties */
    bool ioeventfd;
    uint32_t vectors;

    uint32_t host_features_sel, guest_features_sel;
    uint16_t queue_sel, config_vector;
    uint16_t queue_vector[VIRTIO_MAX_QUEUES];
};

#endif
