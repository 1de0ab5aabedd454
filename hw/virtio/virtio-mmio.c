/*
 * The virtio transport of register windows (VIRTIO 1.3, 4.2), modern (version 2) and legacy
 * (version 1, 4.2.4).
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtio-mmio.h"

#include <inttypes.h>

#include "hw/acpi/aml.h"
#include "hw/core/fdt.h"
#include "hw/virtio/queue-bell.h"

enum {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_VENDOR_ID = 0x00c,
    REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SEL = 0x014,
    REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SEL = 0x024,
    REG_GUEST_PAGE_SIZE = 0x028, /* legacy */
    REG_QUEUE_SEL = 0x030,
    REG_QUEUE_NUM_MAX = 0x034,
    REG_QUEUE_NUM = 0x038,
    REG_QUEUE_ALIGN = 0x03c,     /* legacy */
    REG_QUEUE_PFN = 0x040,       /* legacy */
    REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESC_LOW = 0x080,
    REG_QUEUE_DESC_HIGH = 0x084,
    REG_QUEUE_AVAIL_LOW = 0x090,
    REG_QUEUE_AVAIL_HIGH = 0x094,
    REG_QUEUE_USED_LOW = 0x0a0,
    REG_QUEUE_USED_HIGH = 0x0a4,
    REG_SHM_LEN_LOW = 0x0b0,
    REG_SHM_LEN_HIGH = 0x0b4,
    REG_SHM_BASE_LOW = 0x0b8,
    REG_SHM_BASE_HIGH = 0x0bc,
    REG_QUEUE_RESET = 0x0c0,
    REG_CONFIG_GENERATION = 0x0fc,
    REG_CONFIG = 0x100,
};

#define MAGIC 0x74726976
#define VENDOR 0x554d4551 /* what drivers of the `virt` board have always seen */

static void update_irq(VirtIOMMIO *s)
{
    irq_set(&s->parent_obj.irq_out[0], s->vdev && s->vdev->isr);
}

static void notify_queue(void *transport, unsigned queue)
{
    update_irq(transport);
}

static void notify_config(void *transport)
{
    update_irq(transport);
}

/*
 * Queues that are live are notified by event descriptor: QueueNotify tells them apart by the value.
 * With notification data (4.2.3.3) the value holds more than the queue's number, which the kernel
 * cannot match: then there is one descriptor for all.
 */
static void want_bell(VirtIOMMIO *s, struct QueueBell **bell, bool want, uint32_t queue)
{
    const MemoryEventfd at = { .addr = REG_QUEUE_NOTIFY, .size = 4,
                               .match = queue != QUEUE_BELL_ALL, .data = queue };

    queue_bell_want(bell, want, s->vdev, queue, &s->window, at);
}

static void queues_changed(void *transport)
{
    VirtIOMMIO *s = transport;
    VirtIODevice *vdev = s->vdev;
    bool on = vdev && s->ioeventfd && !vdev->broken && (vdev->status & VIRTIO_S_DRIVER_OK);
    bool matched = on && !virtio_has_feature(vdev, VIRTIO_F_NOTIFICATION_DATA);
    uint32_t nr = matched ? vdev->nr_vq : 0;

    if (nr > s->bells->len) {
        g_ptr_array_set_size(s->bells, (int)nr);
    }
    memory_region_transaction_begin();
    for (uint32_t n = 0; n < s->bells->len; n++) {
        want_bell(s, (struct QueueBell **)&s->bells->pdata[n], n < nr && vdev->vq[n].ready, n);
    }
    want_bell(s, &s->bell_of_all, on && !matched, QUEUE_BELL_ALL);
    memory_region_transaction_commit();
}

static const VirtIOTransportOps mmio_ops = {
    .notify_queue = notify_queue,
    .notify_config = notify_config,
    .queues_changed = queues_changed,
};

/* ---- Reads ---- */

static uint32_t queue_pfn(const VirtIOMMIO *s, const VirtQueue *vq)
{
    return vq && vq->ready && s->guest_page_size ? vq->desc / s->guest_page_size : 0;
}

static bool read_legacy(VirtIOMMIO *s, VirtQueue *vq, hwaddr addr, uint32_t *v)
{
    if (addr != REG_QUEUE_PFN) {
        return false;
    }
    *v = queue_pfn(s, vq);
    return true;
}

static bool read_modern(VirtIOMMIO *s, VirtQueue *vq, hwaddr addr, uint32_t *v)
{
    switch (addr) {
    case REG_QUEUE_READY:
        *v = vq && vq->ready;
        return true;
    case REG_SHM_LEN_LOW: /* there are no shared memory regions: length and base are -1 */
    case REG_SHM_LEN_HIGH:
    case REG_SHM_BASE_LOW:
    case REG_SHM_BASE_HIGH:
        *v = UINT32_MAX;
        return true;
    case REG_QUEUE_RESET: /* a reset is over when the write returns */
        *v = 0;
        return true;
    case REG_CONFIG_GENERATION:
        *v = s->vdev->generation;
        return true;
    default:
        return false;
    }
}

static uint32_t read_reg(VirtIOMMIO *s, hwaddr addr)
{
    VirtIODevice *vdev = s->vdev;
    VirtQueue *vq;
    uint32_t v;

    switch (addr) {
    case REG_MAGIC:
        return MAGIC;
    case REG_VERSION:
        return s->legacy ? 1 : 2;
    case REG_VENDOR_ID:
        return VENDOR;
    }
    if (!vdev) {
        return 0; /* a device id of 0 says: nothing here */
    }
    vq = virtio_queue(vdev, s->queue_sel);
    switch (addr) {
    case REG_DEVICE_ID:
        return VIRTIO_DEVICE_GET_CLASS(vdev)->device_id;
    case REG_DEVICE_FEATURES:
        return virtio_features_word(vdev, s->legacy, s->host_features_sel);
    case REG_QUEUE_NUM_MAX:
        return vq ? vq->num_max : 0;
    case REG_INTERRUPT_STATUS:
        return vdev->isr;
    case REG_STATUS:
        return vdev->status;
    }
    if (s->legacy ? read_legacy(s, vq, addr, &v) : read_modern(s, vq, addr, &v)) {
        return v;
    }
    device_guest_error(s, "read of register 0x%03" PRIx64, addr);
    return 0;
}

static MemTxResult mmio_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    VirtIOMMIO *s = opaque;

    if (addr >= REG_CONFIG) {
        *value = s->vdev ? virtio_config_read(s->vdev, addr - REG_CONFIG, size) : 0;
        *value &= MASK_ULL(8 * size);
    } else if (size != 4) {
        device_guest_error(s, "read of %u bytes at register 0x%03" PRIx64, size, addr);
        *value = 0;
    } else {
        *value = read_reg(s, addr);
    }
    return MEMTX_OK;
}

/* ---- Writes ---- */

/* 4.2.4: one page number stands for all three areas. */
static void write_pfn(VirtIOMMIO *s, VirtQueue *vq, uint32_t pfn)
{
    if (pfn && (!is_pow2(s->guest_page_size) || !is_pow2(vq->align))) {
        device_guest_error(s, "queue %u: page size %u, alignment %u", vq->index,
                           s->guest_page_size, vq->align);
        return;
    }
    virtio_queue_set_page(vq, (uint64_t)pfn * s->guest_page_size, vq->align);
}

/* Registers that describe a queue. False: not one of them. */
static bool write_queue_reg(VirtIOMMIO *s, VirtQueue *vq, hwaddr addr, uint32_t v)
{
    switch (addr) {
    case REG_QUEUE_NUM:
        vq->num = v > VIRTQUEUE_MAX_SIZE ? 0 : v; /* 0 is refused when the queue is enabled */
        return true;
    case REG_QUEUE_ALIGN:
        vq->align = v;
        return s->legacy;
    case REG_QUEUE_DESC_LOW:
        vq->desc = deposit64(vq->desc, 0, 32, v);
        break;
    case REG_QUEUE_DESC_HIGH:
        vq->desc = deposit64(vq->desc, 32, 32, v);
        break;
    case REG_QUEUE_AVAIL_LOW:
        vq->avail = deposit64(vq->avail, 0, 32, v);
        break;
    case REG_QUEUE_AVAIL_HIGH:
        vq->avail = deposit64(vq->avail, 32, 32, v);
        break;
    case REG_QUEUE_USED_LOW:
        vq->used = deposit64(vq->used, 0, 32, v);
        break;
    case REG_QUEUE_USED_HIGH:
        vq->used = deposit64(vq->used, 32, 32, v);
        break;
    default:
        return false;
    }
    return true;
}

static bool is_queue_layout(const VirtIOMMIO *s, hwaddr addr)
{
    return addr == REG_QUEUE_NUM || (s->legacy && addr == REG_QUEUE_ALIGN) ||
           (!s->legacy && addr >= REG_QUEUE_DESC_LOW && addr <= REG_QUEUE_USED_HIGH &&
            (addr & 0x8) == 0);
}

static void write_queue(VirtIOMMIO *s, hwaddr addr, uint32_t v)
{
    VirtQueue *vq = virtio_queue(s->vdev, s->queue_sel);

    if (!vq) {
        device_guest_error(s, "write of register 0x%03" PRIx64 " for queue %u, which does not exist",
                           addr, s->queue_sel);
    } else if (is_queue_layout(s, addr)) {
        if (vq->ready) {
            device_guest_error(s, "queue %u is changed while in use", vq->index);
        } else {
            write_queue_reg(s, vq, addr, v);
        }
    } else if (addr == REG_QUEUE_PFN) {
        write_pfn(s, vq, v);
    } else if (addr == REG_QUEUE_READY) {
        if (v & 1) {
            virtio_queue_enable(vq);
        } else {
            virtio_queue_reset(vq);
        }
    } else if (v & 1) { /* REG_QUEUE_RESET */
        if (virtio_has_feature(s->vdev, VIRTIO_F_RING_RESET)) {
            virtio_queue_reset(vq);
        } else {
            device_guest_error(s, "queue reset was not negotiated");
        }
    }
}

static void write_status(VirtIOMMIO *s, uint32_t v)
{
    virtio_set_status(s->vdev, v & 0xff);
    if ((v & 0xff) == 0) {
        s->host_features_sel = s->guest_features_sel = s->queue_sel = 0;
    }
    update_irq(s);
}

static void write_reg(VirtIOMMIO *s, hwaddr addr, uint32_t v)
{
    switch (addr) {
    case REG_DEVICE_FEATURES_SEL:
        s->host_features_sel = v;
        return;
    case REG_DRIVER_FEATURES_SEL:
        s->guest_features_sel = v;
        return;
    case REG_DRIVER_FEATURES:
        virtio_set_features_word(s->vdev, s->guest_features_sel, v);
        return;
    case REG_QUEUE_SEL:
        s->queue_sel = v;
        return;
    case REG_QUEUE_NOTIFY:
        /* 4.2.3.3: the upper half may say where the ring stands; the ring says it as well. */
        virtio_queue_notify(s->vdev, virtio_has_feature(s->vdev, VIRTIO_F_NOTIFICATION_DATA)
                                         ? v & UINT16_MAX : v);
        return;
    case REG_INTERRUPT_ACK:
        s->vdev->isr &= ~v;
        update_irq(s);
        return;
    case REG_STATUS:
        write_status(s, v);
        return;
    }
    if (is_queue_layout(s, addr) ||
        (s->legacy ? addr == REG_QUEUE_PFN
                         : addr == REG_QUEUE_READY || addr == REG_QUEUE_RESET)) {
        write_queue(s, addr, v);
    } else if (s->legacy && addr == REG_GUEST_PAGE_SIZE) {
        s->guest_page_size = v;
    } else if (s->legacy || addr != 0xac /* SHMSel: there is none to select */) {
        device_guest_error(s, "write of 0x%x to register 0x%03" PRIx64, v, addr);
    }
}

static MemTxResult mmio_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VirtIOMMIO *s = opaque;

    if (!s->vdev) {
        return MEMTX_OK;
    }
    if (addr >= REG_CONFIG) {
        virtio_config_write(s->vdev, addr - REG_CONFIG, value, size);
    } else if (size != 4) {
        device_guest_error(s, "write of %u bytes at register 0x%03" PRIx64, size, addr);
    } else {
        write_reg(s, addr, value);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps mmio_window_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 4 },
};

/* ---- Device and bus ---- */

static bool bus_plug(BusState *bus, DeviceState *dev, Error **errp)
{
    VirtIOMMIO *s = VIRTIO_MMIO(bus->owner);

    /* Drivers of devices that came after the legacy interface refuse it. */
    s->legacy = s->force_legacy && !VIRTIO_DEVICE_GET_CLASS(dev)->modern_only;
    virtio_attach_transport(VIRTIO_DEVICE(dev), &s->parent_obj, &mmio_ops,
                            s->legacy ? VIRTIO_LEGACY : VIRTIO_MODERN);
    g_mutex_lock(&s->parent_obj.lock);
    s->vdev = VIRTIO_DEVICE(dev);
    g_mutex_unlock(&s->parent_obj.lock);
    return true;
}

static void bus_unplug(BusState *bus, DeviceState *dev)
{
    VirtIOMMIO *s = VIRTIO_MMIO(bus->owner);

    g_mutex_lock(&s->parent_obj.lock);
    s->vdev = NULL;
    queues_changed(s);
    s->legacy = s->force_legacy;
    update_irq(s);
    g_mutex_unlock(&s->parent_obj.lock);
}

static int count_transport(Object *obj, void *opaque)
{
    VirtIOMMIO *s = object_dynamic_cast(obj, TYPE_VIRTIO_MMIO);

    *(unsigned *)opaque += s && s->parent_obj.realized;
    return 0;
}

static bool mmio_realize(DeviceState *dev, Error **errp)
{
    VirtIOMMIO *s = VIRTIO_MMIO(dev);
    g_autofree char *name = NULL;
    unsigned n = 0;
    BusState *bus;

    object_walk(object_root(), count_transport, &n);
    name = g_strdup_printf("virtio-mmio-bus.%u", n);
    bus = bus_new("virtio-mmio-bus", dev, name);
    bus->max_devices = 1;
    s->legacy = s->force_legacy;
    s->bells = g_ptr_array_new();
    device_init_irqs(dev, 1);
    device_init_mmio(dev, &s->window, &mmio_window_ops, TYPE_VIRTIO_MMIO, VIRTIO_MMIO_SIZE);
    return true;
}

/* The device behind the bus is reset after this, and lowers the line again if it must. */
static void mmio_reset(DeviceState *dev)
{
    VirtIOMMIO *s = VIRTIO_MMIO(dev);

    if (s->vdev && s->vdev->parent_obj.realized) {
        virtio_reset(s->vdev);
    }
    update_irq(s);
}

static void mmio_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    g_autofree char *node = g_strdup_printf("%s/virtio_mmio@%" PRIx64, ctx->parent, ctx->base);

    fdt_set_str(fdt, node, "compatible", "virtio,mmio");
    fdt_set_reg(fdt, node, ctx->base, ctx->size);
    if (ctx->irq) {
        fdt_set_u32(fdt, node, "interrupt-parent", ctx->irq_phandle);
        if (ctx->irq_cells == 1) {
            fdt_cells(fdt, node, "interrupts", ctx->irq);
        } else {
            fdt_cells(fdt, node, "interrupts", ctx->irq, 4 /* level, active high */);
        }
    }
}

static const StateField mmio_rows[] = {
    S_U32(VirtIOMMIO, host_features_sel),
    S_U32(VirtIOMMIO, guest_features_sel),
    S_U32(VirtIOMMIO, queue_sel),
    S_U32(VirtIOMMIO, guest_page_size),
    S_END
};

static const StateTable mmio_state = { .name = TYPE_VIRTIO_MMIO, .fields = mmio_rows };

static const Property mmio_props[] = {
    PROP_BOOL("force-legacy", VirtIOMMIO, force_legacy, true,
              "offer the interface from before VIRTIO 1.0"),
    PROP_BOOL("ioeventfd", VirtIOMMIO, ioeventfd, true,
              "with KVM: notifications of queues do not stop the hart"),
    PROP_END
};

static void mmio_acpi(DeviceState *dev, Aml *aml, const DeviceACPIContext *ctx)
{
    g_autofree char *name = aml_numbered("VR", ctx->n);

    aml_open_device(aml, name);
    aml_name_str(aml, "_HID", "LNRO0005");
    aml_name_int(aml, "_UID", ctx->n);
    aml_name_int(aml, "_CCA", 1); /* DMA is coherent */
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_memory32(aml, (uint32_t)ctx->base, (uint32_t)ctx->size);
    aml_interrupt(aml, ctx->irq);
    aml_close(aml);
    aml_close(aml);
}

static char *mmio_boot_name(DeviceState *dev)
{
    return g_strdup_printf("virtio-mmio@%016" PRIx64, dev->mmio_addr[0]);
}

static void mmio_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = mmio_props;
    klass->state = &mmio_state;
    dc->category = DEVICE_CATEGORY_BRIDGE;
    dc->realize = mmio_realize;
    dc->reset = mmio_reset;
    dc->fdt = mmio_fdt;
    dc->acpi = mmio_acpi;
    dc->boot_name = mmio_boot_name;
}

static void virtio_bus_class_init(ObjectClass *klass, const void *data)
{
    BusClass *bc = BUS_CLASS(klass);

    bc->plug = bus_plug;
    bc->unplug = bus_unplug;
}

static void mmio_finalize(Object *obj)
{
    g_clear_pointer(&VIRTIO_MMIO(obj)->bells, g_ptr_array_unref);
}

static const TypeInfo mmio_types[] = {
    {
        .name = TYPE_VIRTIO_BUS,
        .parent = TYPE_BUS,
        .abstract = true,
    },
    {
        .name = "virtio-mmio-bus",
        .parent = TYPE_VIRTIO_BUS,
        .class_init = virtio_bus_class_init,
    },
    {
        .name = TYPE_VIRTIO_MMIO,
        .parent = TYPE_DEVICE,
        .desc = "virtio transport of register windows",
        .instance_size = sizeof(VirtIOMMIO),
        .class_init = mmio_class_init,
        .instance_finalize = mmio_finalize,
    },
};
type_init_array(mmio_types);
