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
/* Which interfaces there are is told by properties, or by the type. */
#define TYPE_VIRTIO_PCI_ANY "virtio-pci-any"
#define TYPE_VIRTIO_PCI_TRANSITIONAL "virtio-pci-transitional"
#define TYPE_VIRTIO_PCI_MODERN "virtio-pci-non-transitional"

#define VIRTIO_PCI_VECTORS_AUTO UINT32_MAX

struct VirtIOPCI {
    PCIDevice parent_obj;
    MemoryRegion window;  /* of the modern interface */
    MemoryRegion ports;   /* of the legacy interface */
    VirtIODevice *vdev;   /* the part; lives as long as this */
    GPtrArray *bells;     /* QueueBell by queue, NULL where there is none */
    unsigned pci_cap;     /* of access through configuration space; 0: no modern interface */

    int disable_legacy;   /* properties */
    bool disable_modern;
    bool ioeventfd;
    uint32_t vectors;
    VirtIOInterface interface; /* what they come to */

    uint32_t host_features_sel, guest_features_sel;
    uint16_t queue_sel, config_vector;
    uint16_t queue_vector[VIRTIO_MAX_QUEUES];
};

#endif
