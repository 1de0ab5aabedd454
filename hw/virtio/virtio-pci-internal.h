/*
 * What the parts of the PCI transport of virtio share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_VIRTIO_VIRTIO_PCI_INTERNAL_H
#define VIREO_HW_VIRTIO_VIRTIO_PCI_INTERNAL_H

#include "hw/virtio/virtio-pci.h"

#define VIRTIO_PCI_NO_VECTOR 0xffff

/* Both interfaces. 4.1.5.1.2: what cannot be given reads back as NO_VECTOR. */
uint16_t virtio_pci_legal_vector(VirtIOPCI *s, uint32_t v);
/* A write of the status through a register of one of the interfaces. */
void virtio_pci_set_status(VirtIOPCI *s, bool legacy, uint8_t status);
/* 4.1.4.5: reading it clears it and lowers the pin. */
uint8_t virtio_pci_read_isr(VirtIOPCI *s);

/* Add the BAR and what belongs to it; virtio device realized. */
void virtio_pci_add_modern(VirtIOPCI *s);
void virtio_pci_add_legacy(VirtIOPCI *s);
/* Where drivers of an interface notify a queue. */
MemoryEventfd virtio_pci_modern_bell(uint32_t queue);
MemoryEventfd virtio_pci_legacy_bell(uint32_t queue);
/* Access to BAR 4 through configuration space. */
void virtio_pci_modern_config_read(PCIDevice *d, unsigned at, unsigned size);
void virtio_pci_modern_config_written(PCIDevice *d, unsigned at, unsigned size);
/* The PCI device number of a type's legacy interface; 0: it has none. */
uint16_t virtio_pci_legacy_id(uint16_t type);

#endif
