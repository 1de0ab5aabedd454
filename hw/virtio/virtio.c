/*
 * The part of a virtio device that does not depend on its type: life cycle, features, status,
 * configuration space, queue set-up.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtio.h"

#include <stdarg.h>
#include <string.h>

#include "util/byteorder.h"

#define STATUS_BITS (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_DRIVER_OK | \
                     VIRTIO_S_FEATURES_OK | VIRTIO_S_FAILED)
#define LEGACY_FEATURES (BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY) | BIT_ULL(VIRTIO_F_ANY_LAYOUT))

/* ---- Errors and notifications ---- */

void virtio_notify_config(VirtIODevice *vdev)
{
    vdev->generation++;
    if (vdev->status & VIRTIO_S_DRIVER_OK) {
        vdev->isr |= VIRTIO_ISR_CONFIG;
        vdev->ops->notify_config(vdev->transport);
    }
}

static void queues_changed(VirtIODevice *vdev)
{
    if (vdev->ops && vdev->ops->queues_changed) {
        vdev->ops->queues_changed(vdev->transport);
    }
}

void virtio_error(VirtIODevice *vdev, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    device_guest_error(vdev, "%s", text);
    if (vdev->broken) {
        return;
    }
    vdev->broken = true;
    /* 2.1.2: the bit exists since version 1.0. */
    if (!vdev->legacy) {
        vdev->status |= VIRTIO_S_NEEDS_RESET;
        virtio_notify_config(vdev);
    }
}

/* ---- Queues ---- */

VirtQueue *virtio_add_queue(VirtIODevice *vdev, void (*handle)(VirtIODevice *vdev, VirtQueue *vq))
{
    VirtQueue *vq;

    if (!vdev->vq) {
        vdev->vq = g_new0(VirtQueue, VIRTIO_MAX_QUEUES);
    }
    if (vdev->nr_vq == VIRTIO_MAX_QUEUES) {
        /* lint: the device's own code adds queues, before the guest runs */
        g_error("%s: more than %d queues", object_type_name(vdev), VIRTIO_MAX_QUEUES);
    }
    vq = &vdev->vq[vdev->nr_vq];
    vq->vdev = vdev;
    vq->index = vdev->nr_vq++;
    vq->num_max = vq->num = VIRTQUEUE_MAX_SIZE;
    vq->align = 4096;
    vq->handle = handle;
    return vq;
}

VirtQueue *virtio_queue(VirtIODevice *vdev, uint32_t n)
{
    return n < vdev->nr_vq ? &vdev->vq[n] : NULL;
}

bool virtio_queue_live(const VirtQueue *vq)
{
    const VirtIODevice *vdev = vq->vdev;

    /* Drivers of the legacy interface may use queues before they set DRIVER_OK. */
    return vq->ready && !vdev->broken &&
           (vdev->legacy ? vdev->status : vdev->status & VIRTIO_S_DRIVER_OK);
}

void virtio_queue_enable(VirtQueue *vq)
{
    if (!vq->ready && !vq->vdev->broken && virtqueue_open(vq)) {
        vq->last_avail = vq->seen_avail = vq->used_idx = vq->signalled = 0;
        vq->signalled_valid = false;
        vq->ready = true;
        queues_changed(vq->vdev);
    }
}

void virtio_queue_set_page(VirtQueue *vq, uint64_t desc, uint32_t align)
{
    if (desc == 0) {
        virtio_queue_reset(vq);
        return;
    }
    if (vq->ready) {
        device_guest_error(vq->vdev, "queue %u is moved while in use", vq->index);
        return;
    }
    vq->desc = desc;
    vq->avail = desc + 16 * (uint64_t)vq->num;
    /* The available ring ends with used_event, negotiated or not: virtio 1.2, 2.7.2. */
    vq->used = align_up(vq->avail + 6 + 2 * (uint64_t)vq->num, align);
    virtio_queue_enable(vq);
}

/* Registers back to what they are after a reset; elements in flight belong to the past. */
static void queue_clear(VirtQueue *vq)
{
    vq->ready = false;
    vq->num = vq->num_max;
    vq->desc = vq->avail = vq->used = 0;
    vq->align = 4096;
    vq->last_avail = vq->seen_avail = vq->used_idx = vq->signalled = 0;
    vq->signalled_valid = vq->unsignalled = false;
    vq->packed = vq->in_order = vq->avail_wrap = vq->used_wrap = false;
    vq->inflight = 0;
    vq->taken = vq->returned = 0;
    g_free(vq->pending);
    vq->pending = NULL;
}

void virtio_queue_reset(VirtQueue *vq)
{
    VirtIODevice *vdev = vq->vdev;
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    vq->epoch++;
    if (vq->inflight && vdc->quiesce) {
        vdc->quiesce(vdev);
    }
    queue_clear(vq);
    queues_changed(vdev);
}

void virtio_queue_notify(VirtIODevice *vdev, uint32_t n)
{
    VirtQueue *vq = virtio_queue(vdev, n);

    if (!vq) {
        device_guest_error(vdev, "notification of queue %u, which does not exist", n);
    } else if (virtio_queue_live(vq) && vq->handle) {
        vq->handle(vdev, vq);
    }
}

static gboolean kick_cb(gpointer opaque)
{
    VirtIODevice *vdev = opaque;

    /* Unrealized meanwhile: the transport may be gone. */
    if (!vdev->parent_obj.realized) {
        return G_SOURCE_REMOVE;
    }
    virtio_lock(vdev);
    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        VirtQueue *vq = &vdev->vq[i];

        if (vq->kick_later) {
            vq->kick_later = false;
            virtio_queue_notify(vdev, i);
        }
    }
    virtio_unlock(vdev);
    return G_SOURCE_REMOVE;
}

void virtqueue_kick_later(VirtQueue *vq)
{
    if (!vq->kick_later) {
        GSource *s = g_idle_source_new();

        vq->kick_later = true;
        g_source_set_priority(s, G_PRIORITY_DEFAULT);
        g_source_set_callback(s, kick_cb, object_ref(vq->vdev), object_unref);
        g_source_attach(s, NULL);
        g_source_unref(s);
    }
}

/* ---- Features and status ---- */

static uint64_t legacy_only(const VirtIODevice *vdev)
{
    return LEGACY_FEATURES | VIRTIO_DEVICE_GET_CLASS(vdev)->legacy_features;
}

uint64_t virtio_offers(const VirtIODevice *vdev, bool legacy)
{
    return vdev->host_features & (legacy ? UINT32_MAX : ~legacy_only(vdev));
}

uint32_t virtio_features_word(const VirtIODevice *vdev, bool legacy, uint32_t sel)
{
    return sel < 2 ? (uint32_t)(virtio_offers(vdev, legacy) >> (32 * sel)) : 0;
}

bool virtio_speak(VirtIODevice *vdev, bool legacy)
{
    if (vdev->legacy == legacy) {
        return true;
    }
    if (vdev->interface != VIRTIO_TRANSITIONAL || vdev->status || vdev->guest_features) {
        device_guest_error(vdev, "a register of the %s interface is written by a driver of the other",
                           legacy ? "legacy" : "modern");
        return false;
    }
    vdev->legacy = legacy;
    return true;
}

static void features_settled(VirtIODevice *vdev)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    if (vdc->set_features) {
        vdc->set_features(vdev);
    }
}

void virtio_set_features_word(VirtIODevice *vdev, uint32_t sel, uint32_t value)
{
    if (sel > 1) {
        if (value) {
            device_guest_error(vdev, "driver features word %u is not 0", sel);
        }
        return;
    }
    if (vdev->status & (VIRTIO_S_FEATURES_OK | VIRTIO_S_DRIVER_OK)) {
        device_guest_error(vdev, "driver changes features after negotiation");
        return;
    }
    vdev->guest_features = deposit64(vdev->guest_features, 32 * sel, 32, value);
    if (vdev->legacy) {
        /* There is no FEATURES_OK to refuse with. */
        vdev->guest_features &= virtio_offers(vdev, true);
        features_settled(vdev);
    }
}

/* VERSION_1 may be missing (6.1 lets a device insist on it): xv6 never looks at the upper word. */
static bool features_acceptable(VirtIODevice *vdev)
{
    return !(vdev->guest_features & ~virtio_offers(vdev, false));
}

void virtio_set_status(VirtIODevice *vdev, uint8_t status)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);
    uint8_t set;

    if (status == 0) {
        virtio_reset(vdev);
        return;
    }
    /* 2.1.1: the driver must not clear a bit; what it clears stays. */
    set = status & STATUS_BITS & ~vdev->status;
    if (!vdev->legacy && (set & VIRTIO_S_FEATURES_OK)) {
        if (features_acceptable(vdev)) {
            vdev->status |= VIRTIO_S_FEATURES_OK;
            features_settled(vdev);
        } else {
            device_guest_error(vdev, "driver accepts features 0x%" G_GINT64_MODIFIER
                               "x of 0x%" G_GINT64_MODIFIER "x", vdev->guest_features,
                               vdev->host_features);
            set &= ~VIRTIO_S_FEATURES_OK;
        }
    }
    if (!vdev->legacy && (set & VIRTIO_S_DRIVER_OK) && !(vdev->status & VIRTIO_S_FEATURES_OK)) {
        virtio_error(vdev, "DRIVER_OK without FEATURES_OK");
        return;
    }
    vdev->status |= set;
    if (vdc->set_status) {
        vdc->set_status(vdev);
    }
    queues_changed(vdev);
    if ((set & VIRTIO_S_DRIVER_OK) && !vdev->legacy) {
        /* A notification that came too early was lost. */
        for (unsigned i = 0; i < vdev->nr_vq; i++) {
            if (vdev->vq[i].ready) {
                virtqueue_kick_later(&vdev->vq[i]);
            }
        }
    }
}

void virtio_reset(VirtIODevice *vdev)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        vdev->vq[i].epoch++;
    }
    if (vdc->quiesce) {
        vdc->quiesce(vdev);
    }
    object_state_reset(vdev);
    vdev->legacy = vdev->interface == VIRTIO_LEGACY;
    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        queue_clear(&vdev->vq[i]);
    }
    queues_changed(vdev);
    if (vdc->reset) {
        vdc->reset(vdev);
    }
}

/* ---- Configuration space ---- */

uint32_t virtio_config_read(VirtIODevice *vdev, uint32_t off, unsigned size)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);
    uint8_t config[VIRTIO_CONFIG_MAX] = { 0 };

    if (!vdc->get_config || !range_within(off, size, vdc->config_len)) {
        return UINT32_MAX;
    }
    vdc->get_config(vdev, config);
    return (uint32_t)ldn_le(config + off, size);
}

void virtio_config_write(VirtIODevice *vdev, uint32_t off, uint32_t value, unsigned size)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);
    uint8_t buf[8];

    if (!vdc->set_config || !range_within(off, size, vdc->config_len)) {
        device_guest_error(vdev, "write of %u bytes at 0x%x of the configuration", size, off);
        return;
    }
    st64_le(buf, value);
    vdc->set_config(vdev, off, buf, size);
}

/* ---- Life cycle ---- */

void virtio_attach_transport(VirtIODevice *vdev, DeviceState *transport,
                             const VirtIOTransportOps *ops, VirtIOInterface interface)
{
    vdev->transport = transport;
    vdev->lock = &transport->lock;
    vdev->ops = ops;
    vdev->interface = interface;
    vdev->legacy = interface == VIRTIO_LEGACY;
    vdev->parent_obj.dma_as = transport->dma_as;
}

static void free_queues(VirtIODevice *vdev)
{
    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        g_free(vdev->vq[i].pending);
    }
    g_free(vdev->vq);
    vdev->vq = NULL;
    vdev->nr_vq = 0;
}

static bool virtio_device_realize(DeviceState *dev, Error **errp)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(dev);

    if (!vdev->transport) {
        error_setg(errp, "device '%s' needs a virtio transport", object_type_name(dev));
        return false;
    }
    if (!vdc->realize(vdev, errp)) {
        free_queues(vdev);
        return false;
    }
    vdev->host_features = vdev->offered[0] | BIT_ULL(VIRTIO_F_VERSION_1);
    vdev->host_features |= vdc->get_features ? vdc->get_features(vdev) : 0;
    if (vdev->interface != VIRTIO_TRANSITIONAL) {
        vdev->host_features = virtio_offers(vdev, vdev->legacy);
    }
    return true;
}

static void virtio_device_unrealize(DeviceState *dev)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(dev);

    virtio_lock(vdev);
    virtio_reset(vdev);
    virtio_unlock(vdev);
    if (vdc->unrealize) {
        vdc->unrealize(vdev);
    }
    free_queues(vdev);
}

/* Reset of the machine. The transport's lock is free here: the transport resets itself first. */
static void virtio_device_reset(DeviceState *dev)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);

    virtio_lock(vdev);
    virtio_reset(vdev);
    virtio_unlock(vdev);
}

/* What the driver has made of it. */
static char *virtio_device_describe(DeviceState *dev)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    unsigned ready = 0, packed = 0;
    char *text;

    virtio_lock(vdev);
    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        ready += vdev->vq[i].ready;
        packed += vdev->vq[i].packed;
    }
    text = !vdev->status ? g_strdup("no driver")
                         : g_strdup_printf("driver: status 0x%02x%s, features 0x%" G_GINT64_MODIFIER
                                           "x, %u of %u queues ready%s", vdev->status,
                                           vdev->broken ? " (broken)" : "", vdev->guest_features,
                                           ready, vdev->nr_vq, packed ? ", packed" : "");
    virtio_unlock(vdev);
    return text;
}

static void virtio_instance_finalize(Object *obj)
{
    free_queues(VIRTIO_DEVICE(obj));
}

static const StateField queue_rows[] = {
    S_BOOL(VirtQueue, ready),
    S_BOOL(VirtQueue, packed),
    S_BOOL(VirtQueue, in_order),
    S_U16(VirtQueue, num, .max = VIRTQUEUE_MAX_SIZE, .reset = VIRTQUEUE_MAX_SIZE),
    S_U64(VirtQueue, desc),
    S_U64(VirtQueue, avail),
    S_U64(VirtQueue, used),
    S_U32(VirtQueue, align, .reset = 4096),
    S_U16(VirtQueue, last_avail),
    S_U16(VirtQueue, seen_avail, .flags = STATE_TRANSIENT),
    S_U16(VirtQueue, used_idx),
    S_BOOL(VirtQueue, avail_wrap),
    S_BOOL(VirtQueue, used_wrap),
    S_U16(VirtQueue, signalled),
    S_BOOL(VirtQueue, signalled_valid),
    S_BOOL(VirtQueue, unsignalled),
    /* The back ends are drained before a save. */
    S_U32(VirtQueue, inflight, .flags = STATE_TRANSIENT),
    S_U64(VirtQueue, taken, .flags = STATE_TRANSIENT),
    S_U64(VirtQueue, returned, .flags = STATE_TRANSIENT),
    S_U32(VirtQueue, epoch, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_BOOL(VirtQueue, kick_later, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_END
};

static const StateField virtio_rows[] = {
    S_U64(VirtIODevice, guest_features),
    S_U8(VirtIODevice, status),
    S_U8(VirtIODevice, isr, .max = VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG),
    S_BOOL(VirtIODevice, broken),
    S_BOOL(VirtIODevice, legacy, .flags = STATE_NO_RESET),
    S_U32(VirtIODevice, generation, .flags = STATE_NO_RESET),
    { STATE_(VirtIODevice, vq), .type = STATE_STRUCT, .size = sizeof(VirtQueue),
      .sub = queue_rows, .flags = STATE_POINTER,
      .count_offset = offsetof(VirtIODevice, nr_vq) },
    S_END
};

static bool virtio_state_check(const Object *scratch, Error **errp)
{
    const VirtIODevice *vdev = (const VirtIODevice *)scratch;

    if (vdev->interface != VIRTIO_TRANSITIONAL &&
        vdev->legacy != (vdev->interface == VIRTIO_LEGACY)) {
        error_setg(errp, "the saved driver speaks an interface that the device does not have");
        return false;
    }
    if (vdev->guest_features & ~virtio_offers(vdev, vdev->legacy)) {
        error_setg(errp, "the saved driver uses features that the device does not have");
        return false;
    }
    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        const VirtQueue *vq = &vdev->vq[i];

        if (vq->ready && ((!vq->packed && !is_pow2(vq->num)) || vq->num == 0 ||
                          vq->num > vq->num_max)) {
            error_setg(errp, "queue %u has size %u", i, vq->num);
            return false;
        }
        if (vq->ready && vq->packed && (vq->last_avail >= vq->num || vq->used_idx >= vq->num)) {
            error_setg(errp, "queue %u stands at %u and %u of a ring of %u", i, vq->last_avail,
                       vq->used_idx, vq->num);
            return false;
        }
    }
    return true;
}

static void virtio_state_post_load(Object *obj)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(obj);

    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        VirtQueue *vq = &vdev->vq[i];

        vq->seen_avail = vq->last_avail;
        vq->inflight = 0;
        vq->epoch++;
        if (vq->ready) {
            virtqueue_alloc_pending(vq);
        }
    }
    queues_changed(vdev);
    /* A notification may have been on its way when the state was saved. */
    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        if (virtio_queue_live(&vdev->vq[i])) {
            virtqueue_kick_later(&vdev->vq[i]);
        }
    }
}

static const StateTable virtio_state = {
    .name = TYPE_VIRTIO_DEVICE,
    .fields = virtio_rows,
    .check = virtio_state_check,
    .post_load = virtio_state_post_load,
};

/* There is no translation between a device and memory on this machine. */
static bool changed_platform(Object *obj, const Property *prop, Error **errp)
{
    if (VIRTIO_DEVICE(obj)->offered[0] & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM)) {
        error_setg(errp, "property 'iommu_platform' cannot be on: this machine has no IOMMU");
        return false;
    }
    return true;
}

#define FEATURE_(name_, bit_, on_, help_, ...) \
    { PROP_(prop_bit, name_, VirtIODevice, offered), .bit = (bit_), .def.u = (on_), \
      .help = (help_), __VA_ARGS__ }
#define FEATURE(name_, bit_, help_) FEATURE_(name_, bit_, 1, help_)

static const Property virtio_props[] = {
    FEATURE("indirect_desc", VIRTIO_F_INDIRECT_DESC, "indirect descriptors"),
    FEATURE("event_idx", VIRTIO_F_EVENT_IDX, "notification thresholds"),
    FEATURE("notify_on_empty", VIRTIO_F_NOTIFY_ON_EMPTY, "legacy: interrupt when a queue runs dry"),
    FEATURE("any_layout", VIRTIO_F_ANY_LAYOUT, "legacy: buffers may be cut anywhere"),
    FEATURE("queue_reset", VIRTIO_F_RING_RESET, "queues can be reset one by one"),
    FEATURE_("packed", VIRTIO_F_RING_PACKED, 0, "modern: packed rings"),
    FEATURE_("in_order", VIRTIO_F_IN_ORDER, 0, "modern: buffers come back in order"),
    FEATURE_("notification_data", VIRTIO_F_NOTIFICATION_DATA, 0,
             "modern: notifications say where the ring stands"),
    FEATURE_("iommu_platform", VIRTIO_F_ACCESS_PLATFORM, 0, "addresses are translated: not here",
             .changed = changed_platform),
    PROP_END
};

static void virtio_device_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = virtio_props;
    klass->state = &virtio_state;
    dc->bus_type = TYPE_VIRTIO_BUS;
    dc->user_creatable = true;
    dc->realize = virtio_device_realize;
    dc->unrealize = virtio_device_unrealize;
    dc->reset = virtio_device_reset;
    dc->describe = virtio_device_describe;
}

static const TypeInfo virtio_types[] = {
    {
        .name = TYPE_VIRTIO_DEVICE,
        .parent = TYPE_DEVICE,
        .abstract = true,
        .instance_size = sizeof(VirtIODevice),
        .class_size = sizeof(VirtIODeviceClass),
        .class_init = virtio_device_class_init,
        .instance_finalize = virtio_instance_finalize,
    },
};
type_init_array(virtio_types);
