/*
 * The legacy interface of virtio over PCI (VIRTIO 1.3, 4.1.4.10 and 4.1.5.1.4): ports in BAR 0, and one
 * page number for each queue.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtio-pci-internal.h"

#include <inttypes.h>

/* 4.1.4.10. The vectors are there while MSI-X is enabled; the device's own part follows. */
enum {
    REG_DEVICE_FEATURES = 0x00,
    REG_DRIVER_FEATURES = 0x04,
    REG_QUEUE_PFN = 0x08,
    REG_QUEUE_SIZE = 0x0c,
    REG_QUEUE_SEL = 0x0e,
    REG_QUEUE_NOTIFY = 0x10,
    REG_STATUS = 0x12,
    REG_ISR = 0x13,
    REG_CONFIG_VECTOR = 0x14,
    REG_QUEUE_VECTOR = 0x16,
    REGS_END = 0x18,
};
#define BAR_LEGACY 0
#define PAGE 4096

/* Where the device's own configuration begins. */
static unsigned config_start(const VirtIOPCI *s)
{
    return pci_msix_enabled(&s->parent_obj) ? REGS_END : REG_CONFIG_VECTOR;
}

/* Fields are accessed in their own width. */
static bool is_field(hwaddr addr, unsigned size)
{
    return addr < REG_QUEUE_SIZE ? size == 4 && addr % 4 == 0
           : addr == REG_STATUS || addr == REG_ISR ? size == 1
                                                   : size == 2 && addr % 2 == 0;
}

static uint32_t read_field(VirtIOPCI *s, hwaddr addr)
{
    VirtIODevice *vdev = s->vdev;
    VirtQueue *vq = virtio_queue(vdev, s->queue_sel);

    switch (addr) {
    case REG_DEVICE_FEATURES:
        return virtio_features_word(vdev, true, 0);
    case REG_DRIVER_FEATURES:
        return (uint32_t)vdev->guest_features;
    case REG_QUEUE_PFN:
        return vq && vq->ready ? (uint32_t)(vq->desc / PAGE) : 0;
    case REG_QUEUE_SIZE:
        return vq ? vq->num_max : 0;
    case REG_QUEUE_SEL:
        return s->queue_sel;
    case REG_STATUS:
        return vdev->status;
    case REG_ISR:
        return virtio_pci_read_isr(s);
    case REG_CONFIG_VECTOR:
        return s->config_vector;
    case REG_QUEUE_VECTOR:
        return vq ? s->queue_vector[vq->index] : VIRTIO_PCI_NO_VECTOR;
    }
    return 0;
}

static void write_queue(VirtIOPCI *s, hwaddr addr, uint32_t v)
{
    VirtQueue *vq = virtio_queue(s->vdev, s->queue_sel);

    if (!vq) {
        device_guest_error(s, "register 0x%" PRIx64 " of queue %u, which does not exist", addr,
                           s->queue_sel);
    } else if (addr == REG_QUEUE_VECTOR) {
        s->queue_vector[vq->index] = virtio_pci_legal_vector(s, v);
    } else if (virtio_speak(s->vdev, true)) {
        virtio_queue_set_page(vq, (uint64_t)v * PAGE, PAGE);
    }
}

static void write_field(VirtIOPCI *s, hwaddr addr, uint32_t v)
{
    switch (addr) {
    case REG_DRIVER_FEATURES:
        if (virtio_speak(s->vdev, true)) {
            virtio_set_features_word(s->vdev, 0, v);
        }
        return;
    case REG_QUEUE_PFN:
    case REG_QUEUE_VECTOR:
        write_queue(s, addr, v);
        return;
    case REG_QUEUE_SEL:
        s->queue_sel = (uint16_t)v;
        return;
    case REG_QUEUE_NOTIFY:
        virtio_queue_notify(s->vdev, v);
        return;
    case REG_STATUS:
        virtio_pci_set_status(s, true, (uint8_t)v);
        return;
    case REG_CONFIG_VECTOR:
        s->config_vector = virtio_pci_legal_vector(s, v);
        return;
    }
}

static MemTxResult ports_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    VirtIOPCI *s = opaque;
    unsigned start = config_start(s);

    *value = 0;
    if (addr >= start) {
        *value = virtio_config_read(s->vdev, (uint32_t)(addr - start), size) & MASK_ULL(8 * size);
    } else if (is_field(addr, size)) {
        *value = read_field(s, addr);
    } else {
        device_guest_error(s, "read of %u bytes at port 0x%" PRIx64, size, addr);
    }
    return MEMTX_OK;
}

static MemTxResult ports_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VirtIOPCI *s = opaque;
    unsigned start = config_start(s);

    if (addr >= start) {
        virtio_config_write(s->vdev, (uint32_t)(addr - start), (uint32_t)value, size);
    } else if (is_field(addr, size)) {
        write_field(s, addr, (uint32_t)value);
    } else {
        device_guest_error(s, "write of %u bytes at port 0x%" PRIx64, size, addr);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps ports_ops = {
    .read = ports_read,
    .write = ports_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 4 },
};

/* ---- Set-up ---- */

MemoryEventfd virtio_pci_legacy_bell(uint32_t queue)
{
    return (MemoryEventfd){ .addr = REG_QUEUE_NOTIFY, .size = 2, .match = true, .data = queue };
}

/* 4.1.2.1: device numbers of before 1.0 do not follow from the type's number. */
uint16_t virtio_pci_legacy_id(uint16_t type)
{
    static const uint16_t ids[] = { [1] = 0x1000, [2] = 0x1001, [3] = 0x1003, [4] = 0x1005,
                                    [5] = 0x1002, [8] = 0x1004, [9] = 0x1009 };

    return type < ARRAY_SIZE(ids) ? ids[type] : 0;
}

void virtio_pci_add_legacy(VirtIOPCI *s)
{
    PCIDevice *d = &s->parent_obj;
    uint32_t len = REGS_END + VIRTIO_DEVICE_GET_CLASS(s->vdev)->config_len, size = 32;

    while (size < len) {
        size *= 2;
    }
    memory_region_init_io(&s->ports, s, &ports_ops, s, &d->parent_obj.lock, "virtio-pci-legacy",
                          size);
    pci_register_bar(d, BAR_LEGACY, PCI_BAR_IO, &s->ports);
}
