/*
 * The virtio transport over PCI (VIRTIO 1.3, 4.1): a PCI function that has a virtio device as its part.
 * What the device is, is its part's doing; see virtio-pci-types.c. The registers are in
 * virtio-pci-modern.c and virtio-pci-legacy.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtio-pci.h"

#include "hw/virtio/queue-bell.h"
#include "hw/virtio/virtio-pci-internal.h"

#define BAR_MSIX 1

/* ---- Interrupts ---- */

static void notify(VirtIOPCI *s, uint16_t vector)
{
    PCIDevice *d = &s->parent_obj;

    if (pci_msix_enabled(d)) {
        pci_msix_notify(d, vector); /* NO_VECTOR is beyond them all */
        pci_set_irq(d, false);
    } else {
        pci_set_irq(d, s->vdev->isr != 0);
    }
}

static void notify_queue(void *transport, unsigned queue)
{
    VirtIOPCI *s = transport;

    notify(s, s->queue_vector[queue]);
}

static void notify_config(void *transport)
{
    VirtIOPCI *s = transport;

    notify(s, s->config_vector);
}

static void queues_changed(void *transport)
{
    VirtIOPCI *s = transport;
    VirtIODevice *vdev = s->vdev;
    bool on = s->ioeventfd && !vdev->broken && vdev->status & VIRTIO_S_DRIVER_OK;

    memory_region_transaction_begin();
    for (uint32_t n = 0; n < vdev->nr_vq; n++) {
        const MemoryEventfd at = vdev->legacy ? virtio_pci_legacy_bell(n) : virtio_pci_modern_bell(n);

        if (n >= s->bells->len) {
            g_ptr_array_add(s->bells, NULL);
        }
        queue_bell_want((QueueBell **)&s->bells->pdata[n], on && vdev->vq[n].ready, vdev, n,
                        vdev->legacy ? &s->ports : &s->window, at);
    }
    memory_region_transaction_commit();
}

static const VirtIOTransportOps pci_ops = {
    .notify_queue = notify_queue,
    .notify_config = notify_config,
    .queues_changed = queues_changed,
};

/* ---- What both interfaces have ---- */

uint16_t virtio_pci_legal_vector(VirtIOPCI *s, uint32_t v)
{
    return v < pci_msix_vectors(&s->parent_obj) ? (uint16_t)v : VIRTIO_PCI_NO_VECTOR;
}

static void reset_vectors(VirtIOPCI *s)
{
    s->config_vector = VIRTIO_PCI_NO_VECTOR;
    for (unsigned n = 0; n < VIRTIO_MAX_QUEUES; n++) {
        s->queue_vector[n] = VIRTIO_PCI_NO_VECTOR;
    }
}

void virtio_pci_set_status(VirtIOPCI *s, bool legacy, uint8_t status)
{
    /* A reset is heard from either side. */
    if (status && !virtio_speak(s->vdev, legacy)) {
        return;
    }
    virtio_set_status(s->vdev, status);
    if (!status) {
        s->host_features_sel = s->guest_features_sel = s->queue_sel = 0;
        reset_vectors(s);
        pci_set_irq(&s->parent_obj, false);
    }
}

uint8_t virtio_pci_read_isr(VirtIOPCI *s)
{
    uint8_t v = s->vdev->isr;

    s->vdev->isr = 0;
    pci_set_irq(&s->parent_obj, false);
    return v;
}

/* ---- The device ---- */

static bool choose_interface(VirtIOPCI *s, Error **errp)
{
    bool behind_port = s->parent_obj.bus->bridge;
    bool legacy = s->disable_legacy == ON_OFF_AUTO_OFF ||
                  (s->disable_legacy == ON_OFF_AUTO_AUTO && !behind_port);

    if (VIRTIO_DEVICE_GET_CLASS(s->vdev)->modern_only) {
        /* The options are for those that have a choice: this is no reason to fail. */
        s->interface = VIRTIO_MODERN;
        return true;
    }
    if (s->disable_modern && !legacy) {
        error_setg(errp, s->disable_legacy == ON_OFF_AUTO_ON
                             ? "disable-modern=on with disable-legacy=on: no interface is left"
                             : "disable-modern=on: no interface is left, because disable-legacy=auto is "
                               "on behind a port (accepted there: disable-legacy=off)");
        return false;
    }
    s->interface = s->disable_modern ? VIRTIO_LEGACY : legacy ? VIRTIO_TRANSITIONAL : VIRTIO_MODERN;
    return true;
}

/* 4.1.2: what drivers find it by. */
static void identify(VirtIOPCI *s)
{
    PCIDevice *d = &s->parent_obj;
    uint16_t type = VIRTIO_DEVICE_GET_CLASS(s->vdev)->device_id;

    if (s->interface == VIRTIO_MODERN) {
        pci_set16(d->config + PCI_DEVICE_ID, (uint16_t)(0x1040 + type));
        d->config[PCI_REVISION] = 1;
    } else {
        pci_set16(d->config + PCI_DEVICE_ID, virtio_pci_legacy_id(type));
        pci_set16(d->config + PCI_SUBSYSTEM_ID, type);
    }
}

static bool virtio_pci_realize(PCIDevice *d, Error **errp)
{
    VirtIOPCI *s = VIRTIO_PCI(d);
    DeviceState *dev = &d->parent_obj, *part = &s->vdev->parent_obj;
    BusState *bus;

    if (!choose_interface(s, errp)) {
        return false;
    }
    bus = bus_new("virtio-pci-bus", dev, "virtio-bus");
    bus->max_devices = 1;
    s->bells = g_ptr_array_new();
    reset_vectors(s);
    part->id = g_strdup(dev->id);
    virtio_attach_transport(s->vdev, dev, &pci_ops, s->interface);
    if (!bus_attach(bus, part, errp) || !device_realize(part, errp)) {
        g_clear_pointer(&s->bells, g_ptr_array_unref);
        return false;
    }
    identify(s);
    pci_set_pin(d, 1);
    pci_msix_init(d, s->vectors == VIRTIO_PCI_VECTORS_AUTO ? s->vdev->nr_vq + 1 : s->vectors,
                  BAR_MSIX);
    if (s->interface != VIRTIO_LEGACY) {
        virtio_pci_add_modern(s);
    }
    if (s->interface != VIRTIO_MODERN) {
        virtio_pci_add_legacy(s);
    }
    return true;
}

static void virtio_pci_unrealize(PCIDevice *d)
{
    VirtIOPCI *s = VIRTIO_PCI(d);

    for (guint n = 0; n < s->bells->len; n++) {
        queue_bell_want((QueueBell **)&s->bells->pdata[n], false, s->vdev, n, &s->window,
                        (MemoryEventfd){ 0 });
    }
    if (s->interface != VIRTIO_LEGACY) {
        memory_region_destroy(&s->window);
    }
    if (s->interface != VIRTIO_MODERN) {
        memory_region_destroy(&s->ports);
    }
    g_clear_pointer(&s->bells, g_ptr_array_unref);
}

/* The part is reset after this, through its bus. */
static void virtio_pci_reset(PCIDevice *d)
{
    VirtIOPCI *s = VIRTIO_PCI(d);

    virtio_reset(s->vdev);
    reset_vectors(s);
}

static Object *virtio_pci_part(Object *obj)
{
    return &VIRTIO_PCI(obj)->vdev->parent_obj.parent_obj;
}

static void virtio_pci_init(Object *obj)
{
    VirtIOPCI *s = VIRTIO_PCI(obj);
    Object *part = object_new_known(obj->klass->part_type);

    s->vdev = VIRTIO_DEVICE(part);
    object_add_child(obj, "virtio-backend", part, NULL);
    object_unref(part); /* the tree has its reference */
}

static const StateField virtio_pci_rows[] = {
    S_U32(VirtIOPCI, host_features_sel),
    S_U32(VirtIOPCI, guest_features_sel),
    S_U16(VirtIOPCI, queue_sel),
    S_U16(VirtIOPCI, config_vector, .flags = STATE_NO_RESET),
    S_U16(VirtIOPCI, queue_vector, .count = VIRTIO_MAX_QUEUES, .flags = STATE_NO_RESET),
    S_END
};

static const StateTable virtio_pci_state = { .name = TYPE_VIRTIO_PCI, .fields = virtio_pci_rows };

static bool vectors_changed(Object *obj, const Property *prop, Error **errp)
{
    uint32_t v = VIRTIO_PCI(obj)->vectors;

    if (v > 2048 && v != VIRTIO_PCI_VECTORS_AUTO) {
        error_setg(errp, "vectors=%u: a device has at most 2048", v);
        return false;
    }
    return true;
}

static const Property virtio_pci_props[] = {
    PROP_BOOL("ioeventfd", VirtIOPCI, ioeventfd, true,
              "with KVM: notifications of queues do not stop the hart"),
    { PROP_(prop_u32, "vectors", VirtIOPCI, vectors), .def.u = VIRTIO_PCI_VECTORS_AUTO,
      .changed = vectors_changed,
      .help = "MSI-X vectors; 0: none, 4294967295: one for each queue and one for changes" },
    PROP_END
};

static const Property chooser_props[] = {
    { PROP_(prop_on_off_auto, "disable-legacy", VirtIOPCI, disable_legacy),
      .help = "no interface from before VIRTIO 1.0; auto is on behind a port, off on the root bus" },
    PROP_BOOL("disable-modern", VirtIOPCI, disable_modern, false,
              "no interface of VIRTIO 1.0 and later"),
    PROP_END
};

static void chooser_class_init(ObjectClass *klass, const void *data)
{
    klass->props = chooser_props;
}

static void transitional_init(Object *obj)
{
    VIRTIO_PCI(obj)->disable_legacy = ON_OFF_AUTO_OFF;
}

static void modern_init(Object *obj)
{
    VIRTIO_PCI(obj)->disable_legacy = ON_OFF_AUTO_ON;
}

static void virtio_pci_class_init(ObjectClass *klass, const void *data)
{
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    klass->props = virtio_pci_props;
    klass->state = &virtio_pci_state;
    pc->vendor_id = 0x1af4;
    pc->realize = virtio_pci_realize;
    pc->unrealize = virtio_pci_unrealize;
    pc->reset = virtio_pci_reset;
    pc->config_read = virtio_pci_modern_config_read;
    pc->config_written = virtio_pci_modern_config_written;
    klass->part = virtio_pci_part;
}

static const TypeInfo virtio_pci_types[] = {
    {
        .name = "virtio-pci-bus",
        .parent = TYPE_VIRTIO_BUS,
    },
    {
        .name = TYPE_VIRTIO_PCI,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(VirtIOPCI),
        .abstract = true,
        .class_init = virtio_pci_class_init,
        .instance_init = virtio_pci_init,
    },
    {
        .name = TYPE_VIRTIO_PCI_ANY,
        .parent = TYPE_VIRTIO_PCI,
        .abstract = true,
        .class_init = chooser_class_init,
    },
    {
        .name = TYPE_VIRTIO_PCI_TRANSITIONAL,
        .parent = TYPE_VIRTIO_PCI,
        .abstract = true,
        .instance_init = transitional_init,
    },
    {
        .name = TYPE_VIRTIO_PCI_MODERN,
        .parent = TYPE_VIRTIO_PCI,
        .abstract = true,
        .instance_init = modern_init,
    },
};
type_init_array(virtio_pci_types);
