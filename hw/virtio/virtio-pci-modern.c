/*
 * The modern interface of virtio over PCI (VIRTIO 1.3, 4.1.4): structures in BAR 4, and capabilities
 * that say where they are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtio-pci-internal.h"

#include <inttypes.h>

/* Structures in BAR 4, each with a page of its own. */
enum { COMMON = 0x0000, ISR = 0x1000, CONFIG = 0x2000, NOTIFY = 0x3000, BAR_SIZE = 0x4000 };
enum { NOTIFY_STEP = 4, BAR_MODERN = 4 };

/* 4.1.4: types of capabilities. */
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4, CAP_PCI = 5 };
enum { CAP_LEN = 16, CAP_NOTIFY_LEN = 20, CAP_PCI_LEN = 20, CAP_PCI_BAR = 4, CAP_PCI_OFFSET = 8,
       CAP_PCI_LENGTH = 12, CAP_PCI_DATA = 16 };

/* 4.1.4.3: the common configuration. */
enum {
    REG_DEVICE_FEATURES_SEL = 0x00,
    REG_DEVICE_FEATURES = 0x04,
    REG_DRIVER_FEATURES_SEL = 0x08,
    REG_DRIVER_FEATURES = 0x0c,
    REG_CONFIG_VECTOR = 0x10,
    REG_NUM_QUEUES = 0x12,
    REG_STATUS = 0x14,
    REG_GENERATION = 0x15,
    REG_QUEUE_SEL = 0x16,
    REG_QUEUE_SIZE = 0x18,
    REG_QUEUE_VECTOR = 0x1a,
    REG_QUEUE_ENABLE = 0x1c,
    REG_QUEUE_NOTIFY_OFF = 0x1e,
    REG_QUEUE_DESC = 0x20,
    REG_QUEUE_DRIVER = 0x28,
    REG_QUEUE_DEVICE = 0x30,
    REG_QUEUE_NOTIFY_DATA = 0x38,
    REG_QUEUE_RESET = 0x3a,
};

/* ---- The common configuration ---- */

static uint64_t *queue_address(VirtQueue *vq, hwaddr addr)
{
    return addr < REG_QUEUE_DRIVER ? &vq->desc : addr < REG_QUEUE_DEVICE ? &vq->avail : &vq->used;
}

static uint32_t read_queue(VirtIOPCI *s, VirtQueue *vq, hwaddr addr)
{
    switch (addr) {
    case REG_QUEUE_SIZE:
        return vq->num;
    case REG_QUEUE_VECTOR:
        return s->queue_vector[vq->index];
    case REG_QUEUE_ENABLE:
        return vq->ready;
    case REG_QUEUE_NOTIFY_OFF:
    case REG_QUEUE_NOTIFY_DATA:
        return vq->index;
    case REG_QUEUE_RESET: /* a reset is over when the write returns */
        return 0;
    }
    return (uint32_t)(*queue_address(vq, addr) >> (addr & 4 ? 32 : 0));
}

static uint32_t read_common(VirtIOPCI *s, hwaddr addr)
{
    VirtIODevice *vdev = s->vdev;
    VirtQueue *vq = virtio_queue(vdev, s->queue_sel);

    switch (addr) {
    case REG_DEVICE_FEATURES_SEL:
        return s->host_features_sel;
    case REG_DEVICE_FEATURES:
        return virtio_features_word(vdev, false, s->host_features_sel);
    case REG_DRIVER_FEATURES_SEL:
        return s->guest_features_sel;
    case REG_DRIVER_FEATURES:
        return s->guest_features_sel > 1 ? 0
                   : (uint32_t)(vdev->guest_features >> (32 * s->guest_features_sel));
    case REG_CONFIG_VECTOR:
        return s->config_vector;
    case REG_NUM_QUEUES:
        return vdev->nr_vq;
    case REG_STATUS:
        return vdev->status;
    case REG_GENERATION:
        return vdev->generation & 0xff;
    case REG_QUEUE_SEL:
        return s->queue_sel;
    }
    return vq ? read_queue(s, vq, addr) : 0;
}

static void write_queue(VirtIOPCI *s, hwaddr addr, uint32_t v)
{
    VirtQueue *vq = virtio_queue(s->vdev, s->queue_sel);

    if (!vq) {
        device_guest_error(s, "register 0x%" PRIx64 " of queue %u, which does not exist", addr,
                           s->queue_sel);
    } else if (addr == REG_QUEUE_VECTOR) {
        s->queue_vector[vq->index] = virtio_pci_legal_vector(s, v);
    } else if (addr == REG_QUEUE_RESET) {
        if (v == 1 && virtio_has_feature(s->vdev, VIRTIO_F_RING_RESET)) {
            virtio_queue_reset(vq);
        } else {
            device_guest_error(s, "queue reset was not negotiated, or with %u instead of 1", v);
        }
    } else if (vq->ready) {
        device_guest_error(s, "queue %u is changed while in use", vq->index);
    } else if (addr == REG_QUEUE_ENABLE) {
        if (v == 1) { /* 4.1.4.3.2: never 0 */
            virtio_queue_enable(vq);
        }
    } else if (addr == REG_QUEUE_SIZE) {
        vq->num = v > VIRTQUEUE_MAX_SIZE ? 0 : (uint16_t)v; /* 0 is refused when it is enabled */
    } else if (addr >= REG_QUEUE_DESC && addr < REG_QUEUE_NOTIFY_DATA) {
        uint64_t *p = queue_address(vq, addr);
        *p = deposit64(*p, addr & 4 ? 32 : 0, 32, v);
    }
}

static void write_common(VirtIOPCI *s, hwaddr addr, uint32_t v)
{
    switch (addr) {
    case REG_DEVICE_FEATURES_SEL:
        s->host_features_sel = v;
        return;
    case REG_DRIVER_FEATURES_SEL:
        s->guest_features_sel = v;
        return;
    case REG_DRIVER_FEATURES:
        if (virtio_speak(s->vdev, false)) {
            virtio_set_features_word(s->vdev, s->guest_features_sel, v);
        }
        return;
    case REG_CONFIG_VECTOR:
        s->config_vector = virtio_pci_legal_vector(s, v);
        return;
    case REG_STATUS:
        virtio_pci_set_status(s, false, v & 0xff);
        return;
    case REG_QUEUE_SEL:
        s->queue_sel = (uint16_t)v;
        return;
    }
    if (addr >= REG_QUEUE_SIZE && addr <= REG_QUEUE_RESET && virtio_speak(s->vdev, false)) {
        write_queue(s, addr, v);
    }
}

/* 4.1.3.1: fields are accessed in their own width, those of 64 bits in halves. */
static bool is_field(hwaddr addr, unsigned size)
{
    if (addr < REG_CONFIG_VECTOR || (addr >= REG_QUEUE_DESC && addr < REG_QUEUE_NOTIFY_DATA)) {
        return size == 4 && addr % 4 == 0;
    }
    if (addr == REG_STATUS || addr == REG_GENERATION) {
        return size == 1;
    }
    return size == 2 && addr % 2 == 0 && addr <= REG_QUEUE_RESET;
}

/* ---- BAR 4 ---- */

static uint32_t modern_read(VirtIOPCI *s, hwaddr addr, unsigned size)
{
    switch (addr & ~0xfffull) {
    case COMMON:
        if (is_field(addr, size)) {
            return read_common(s, addr);
        }
        device_guest_error(s, "read of %u bytes at 0x%" PRIx64 " of the common configuration", size,
                           addr);
        return 0;
    case ISR: /* 4.1.4.5 */
        return addr == ISR ? virtio_pci_read_isr(s) : 0;
    case CONFIG:
        return virtio_config_read(s->vdev, (uint32_t)(addr - CONFIG), size);
    default:
        return 0;
    }
}

static void modern_write(VirtIOPCI *s, hwaddr addr, uint32_t v, unsigned size)
{
    switch (addr & ~0xfffull) {
    case COMMON:
        if (is_field(addr, size)) {
            write_common(s, addr, v);
        } else {
            device_guest_error(s, "write of %u bytes at 0x%" PRIx64 " of the common configuration",
                               size, addr);
        }
        return;
    case CONFIG:
        virtio_config_write(s->vdev, (uint32_t)(addr - CONFIG), v, size);
        return;
    case NOTIFY: /* the address says which queue */
        virtio_queue_notify(s->vdev, (uint32_t)(addr - NOTIFY) / NOTIFY_STEP);
        return;
    }
}

static MemTxResult window_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    *value = modern_read(opaque, addr, size) & MASK_ULL(8 * size);
    return MEMTX_OK;
}

static MemTxResult window_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    modern_write(opaque, addr, (uint32_t)value, size);
    return MEMTX_OK;
}

static const MemoryRegionOps window_ops = {
    .read = window_read,
    .write = window_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 4 },
};

/* ---- Access through configuration space (4.1.4.9), for firmware that cannot reach BARs ---- */

static bool pci_access(VirtIOPCI *s, hwaddr *addr, unsigned *size)
{
    const uint8_t *cap = s->parent_obj.config + s->pci_cap;

    *addr = pci_get32(cap + CAP_PCI_OFFSET);
    *size = pci_get32(cap + CAP_PCI_LENGTH);
    return cap[CAP_PCI_BAR] == BAR_MODERN && (*size == 1 || *size == 2 || *size == 4) &&
           *addr % *size == 0 && *addr <= BAR_SIZE - *size;
}

static bool touches_data(const VirtIOPCI *s, unsigned at, unsigned size)
{
    unsigned data = s->pci_cap + CAP_PCI_DATA;

    return s->pci_cap && at < data + 4 && at + size > data;
}

void virtio_pci_modern_config_read(PCIDevice *d, unsigned at, unsigned size)
{
    VirtIOPCI *s = VIRTIO_PCI(d);
    hwaddr addr;
    unsigned len;

    if (touches_data(s, at, size) && pci_access(s, &addr, &len)) {
        pci_set32(d->config + s->pci_cap + CAP_PCI_DATA, modern_read(s, addr, len));
    }
}

void virtio_pci_modern_config_written(PCIDevice *d, unsigned at, unsigned size)
{
    VirtIOPCI *s = VIRTIO_PCI(d);
    hwaddr addr;
    unsigned len;

    if (touches_data(s, at, size) && pci_access(s, &addr, &len)) {
        uint32_t v = pci_get32(d->config + s->pci_cap + CAP_PCI_DATA);
        modern_write(s, addr, (uint32_t)(v & MASK_ULL(8 * len)), len);
    }
}

/* ---- Set-up ---- */

static unsigned add_cap(PCIDevice *d, uint8_t type, unsigned len, uint32_t offset, uint32_t length)
{
    unsigned at = pci_add_capability(d, PCI_CAP_VENDOR, len);

    d->config[at + 2] = (uint8_t)len;
    d->config[at + 3] = type;
    d->config[at + CAP_PCI_BAR] = BAR_MODERN;
    pci_set32(d->config + at + CAP_PCI_OFFSET, offset);
    pci_set32(d->config + at + CAP_PCI_LENGTH, length);
    return at;
}

static void add_caps(VirtIOPCI *s)
{
    PCIDevice *d = &s->parent_obj;
    unsigned at;

    add_cap(d, CAP_COMMON, CAP_LEN, COMMON, 0x1000);
    add_cap(d, CAP_ISR, CAP_LEN, ISR, 0x1000);
    add_cap(d, CAP_DEVICE, CAP_LEN, CONFIG, 0x1000);
    at = add_cap(d, CAP_NOTIFY, CAP_NOTIFY_LEN, NOTIFY, 0x1000);
    pci_set32(d->config + at + 16, NOTIFY_STEP);
    at = add_cap(d, CAP_PCI, CAP_PCI_LEN, 0, 0);
    d->config[at + CAP_PCI_BAR] = 0;
    d->wmask[at + CAP_PCI_BAR] = 0xff;
    pci_set32(d->wmask + at + CAP_PCI_OFFSET, ~0u);
    pci_set32(d->wmask + at + CAP_PCI_LENGTH, ~0u);
    pci_set32(d->wmask + at + CAP_PCI_DATA, ~0u);
    s->pci_cap = at;
}

MemoryEventfd virtio_pci_modern_bell(uint32_t queue)
{
    return (MemoryEventfd){ .addr = NOTIFY + queue * NOTIFY_STEP, .size = 2 };
}

void virtio_pci_add_modern(VirtIOPCI *s)
{
    PCIDevice *d = &s->parent_obj;

    memory_region_init_io(&s->window, s, &window_ops, s, &d->parent_obj.lock, "virtio-pci", BAR_SIZE);
    pci_register_bar(d, BAR_MODERN, PCI_BAR_MEM64_PREFETCH, &s->window);
    add_caps(s);
}
