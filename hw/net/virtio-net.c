/*
 * virtio-net: a network card (VIRTIO 1.3, 5.1), features, configuration and life cycle. Frames are
 * virtio-net-data.c; the receive filter and the control queue virtio-net-ctrl.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/net/virtio-net.h"

#include <string.h>

#include "hw/core/bootorder.h"
#include "util/byteorder.h"

enum { CFG_MAC = 0, CFG_STATUS = 6, CFG_MAX_PAIRS = 8, CFG_MTU = 10, CFG_SPEED = 12,
       CFG_DUPLEX = 16, CFG_SIZE = 17 };
#define STATUS_LINK_UP 1
#define STATUS_ANNOUNCE 2
enum { DUPLEX_HALF = 0, DUPLEX_FULL = 1, DUPLEX_UNKNOWN = 0xff };

/* ---- Features and configuration ---- */

static uint64_t net_features(VirtIODevice *vdev)
{
    VirtIONet *s = VIRTIO_NET(vdev);
    uint64_t f = s->wanted[0];

    f &= ~(s->ctrl ? 0 : CTRL_FEATURES);
    f &= ~(f & BIT_ULL(F_CSUM) ? 0 : HOST_FEATURES);
    f &= ~(f & BIT_ULL(F_GUEST_CSUM) ? 0 : GUEST_GSO_FEATURES);
    f |= s->host_mtu ? BIT_ULL(F_MTU) : 0;
    f |= s->speed >= 0 || s->duplex != DUPLEX_UNKNOWN ? BIT_ULL(F_SPEED_DUPLEX) : 0;
    return f | BIT_ULL(F_MAC);
}

void virtio_net_apply_offloads(VirtIONet *s)
{
    static const struct {
        unsigned feature;
        uint32_t accept;
    } map[] = {
        { F_GUEST_CSUM, NET_ACCEPT_CSUM }, { F_GUEST_TSO4, NET_ACCEPT_TSO4 },
        { F_GUEST_TSO6, NET_ACCEPT_TSO6 }, { F_GUEST_ECN, NET_ACCEPT_ECN },
        { F_GUEST_UFO, NET_ACCEPT_UFO },   { F_GUEST_USO4, NET_ACCEPT_USO4 },
        { F_GUEST_USO6, NET_ACCEPT_USO6 },
    };
    uint32_t accept = 0;

    for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
        accept |= s->offloads & BIT_ULL(map[i].feature) ? map[i].accept : 0;
    }
    if (s->nb) {
        net_set_accept(s->nb, accept);
        net_set_queues(s->nb, s->curr_pairs);
    }
}

/* A driver that takes the VLAN filter begins with an empty list; without it all pass. */
static void net_set_features(VirtIODevice *vdev)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    memset(s->vlans, virtio_has_feature(vdev, F_CTRL_VLAN) ? 0 : 0xff, sizeof(s->vlans));
    s->offloads = vdev->guest_features & GUEST_OFFLOADS;
    virtio_net_apply_offloads(s);
}

static void net_get_config(VirtIODevice *vdev, uint8_t *c)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    memcpy(c + CFG_MAC, s->mac, 6);
    st16_le(c + CFG_STATUS, (s->link_up ? STATUS_LINK_UP : 0) |
                            (s->announce ? STATUS_ANNOUNCE : 0));
    st16_le(c + CFG_MAX_PAIRS, s->max_pairs);
    st16_le(c + CFG_MTU, s->host_mtu);
    st32_le(c + CFG_SPEED, s->speed);
    c[CFG_DUPLEX] = s->duplex;
}

/* 5.1.4: only legacy drivers may write, and only the address. */
static void net_set_config(VirtIODevice *vdev, unsigned off, const uint8_t *buf, unsigned size)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    if (!vdev->legacy || virtio_has_feature(vdev, F_CTRL_MAC_ADDR) || off + size > 6) {
        device_guest_error(s, "write of %u bytes at 0x%x of the configuration", size, off);
        return;
    }
    memcpy(s->mac + off, buf, size);
}

static void net_set_status(VirtIODevice *vdev)
{
    virtio_net_wake_backend(VIRTIO_NET(vdev)); /* of frames that waited for a driver that is gone */
}

static void net_reset(VirtIODevice *vdev)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    memcpy(s->mac, s->conf_mac, 6);
    virtio_net_reset_filter(s);
    virtio_net_apply_offloads(s);
    if (s->nb) {
        net_can_receive(s->nb);
    }
}

/* ---- Life cycle ---- */

static int mac_taken(Object *obj, void *opaque)
{
    VirtIONet *s = object_dynamic_cast(obj, TYPE_VIRTIO_NET);

    return s && s->parent_obj.parent_obj.realized && !memcmp(s->conf_mac, opaque, 6);
}

/* The first address of QEMU's range that no other card has. */
static void choose_mac(VirtIONet *s)
{
    static const uint8_t zero[6];
    uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

    if (memcmp(s->conf_mac, zero, 6)) {
        return;
    }
    while (object_walk(object_root(), mac_taken, mac)) {
        mac[5]++;
    }
    memcpy(s->conf_mac, mac, 6);
}

/* Which queue is the control queue depends on what was negotiated (5.1.2). */
static void handle_queue(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIONet *s = VIRTIO_NET(vdev);
    unsigned pairs = virtio_has_feature(vdev, F_MQ) ? s->max_pairs : 1;

    if (vq->index == 2 * pairs) {
        if (s->ctrl) {
            virtio_net_ctrl_handle(vdev, vq);
        }
    } else if (vq->index > 2 * pairs) {
        device_guest_error(s, "notification of queue %u, which has no purpose", vq->index);
    } else if (vq->index & 1) {
        virtio_net_tx_handle(vdev, vq);
    } else {
        virtio_net_rx_handle(vdev, vq);
    }
}

static void add_queue(VirtIODevice *vdev, unsigned size)
{
    VirtQueue *vq = virtio_add_queue(vdev, handle_queue);

    vq->num_max = vq->num = size;
}

static bool net_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIONet *s = VIRTIO_NET(vdev);
    NetFrontend fe = virtio_net_frontend;

    fe.opaque = s;
    fe.name = vdev->parent_obj.id ? vdev->parent_obj.id : TYPE_VIRTIO_NET;
    if (s->netdev && !net_attach(NETDEV(s->netdev), &fe, errp)) {
        return false;
    }
    s->nb = s->netdev ? NETDEV(s->netdev) : NULL;
    choose_mac(s);
    memcpy(s->mac, s->conf_mac, 6);
    virtio_net_reset_filter(s);
    s->link_up = !s->nb || net_link_up(s->nb);
    s->ctrl = s->wanted[0] & BIT_ULL(F_CTRL_VQ);
    s->max_pairs = s->nb && s->ctrl && (s->wanted[0] & BIT_ULL(F_MQ)) ? net_queues(s->nb) : 1;
    s->curr_pairs = 1;
    for (unsigned i = 0; i < s->max_pairs; i++) {
        add_queue(vdev, s->rx_queue_size);
        add_queue(vdev, s->tx_queue_size);
    }
    if (s->ctrl) {
        add_queue(vdev, 64);
    }
    return true;
}

static void net_unrealize(VirtIODevice *vdev)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    if (s->nb) {
        net_detach(s->nb, s);
    }
    s->nb = NULL;
}

static bool changed_queue_size(Object *obj, const Property *prop, Error **errp)
{
    uint16_t n = *(uint16_t *)((char *)obj + prop->offset);

    if (!is_pow2(n)) {
        error_setg(errp, "property '%s' is %u, expected a power of two", prop->name, n);
        return false;
    }
    return true;
}

static bool changed_mtu(Object *obj, const Property *prop, Error **errp)
{
    uint16_t n = VIRTIO_NET(obj)->host_mtu;

    if (n && n < 68) {
        error_setg(errp, "property 'host_mtu' is %u, expected 0 or at least 68", n);
        return false;
    }
    return true;
}

static bool net_state_check(const Object *scratch, Error **errp)
{
    const VirtIONet *s = (const VirtIONet *)scratch;

    if (s->curr_pairs == 0 || s->curr_pairs > s->max_pairs) {
        error_setg(errp, "the saved driver uses %u queue pairs of %u", s->curr_pairs,
                   s->max_pairs);
        return false;
    }
    return true;
}

static void net_post_load(Object *obj)
{
    virtio_net_apply_offloads(VIRTIO_NET(obj));
}

static const StateField net_rows[] = {
    S_U16(VirtIONet, curr_pairs, .reset = 1),
    S_BOOL(VirtIONet, announce),
    S_U64(VirtIONet, offloads),
    S_BOOL(VirtIONet, link_up, .flags = STATE_NO_RESET),
    S_BYTES(VirtIONet, mac, 6),
    S_BOOL(VirtIONet, promisc, .reset = 1),
    S_BOOL(VirtIONet, allmulti),
    S_BOOL(VirtIONet, alluni),
    S_BOOL(VirtIONet, nomulti),
    S_BOOL(VirtIONet, nouni),
    S_BOOL(VirtIONet, nobcast),
    S_BOOL(VirtIONet, uni_overflow),
    S_BOOL(VirtIONet, multi_overflow),
    S_U32(VirtIONet, nr_uni, .max = MAC_TABLE_SIZE),
    S_U32(VirtIONet, nr_multi, .max = MAC_TABLE_SIZE),
    S_BYTES(VirtIONet, uni, 6 * MAC_TABLE_SIZE),
    S_BYTES(VirtIONet, multi, 6 * MAC_TABLE_SIZE),
    S_BYTES(VirtIONet, vlans, 4096 / 8),
    /* The first failure or notification after a load finds out again. */
    S_BOOL(VirtIONet, rx_starved, .flags = STATE_TRANSIENT),
    S_BOOL(VirtIONet, tx_blocked, .flags = STATE_TRANSIENT),
    S_END
};

static const StateTable net_state = {
    .name = TYPE_VIRTIO_NET,
    .fields = net_rows,
    .check = net_state_check,
    .post_load = net_post_load,
};

static const EnumName duplex_names[] = {
    { "unknown", DUPLEX_UNKNOWN, NULL }, { "half", DUPLEX_HALF, NULL },
    { "full", DUPLEX_FULL, NULL }, { NULL },
};

#define FEATURE(name_, bit_, help_) FEATURE_(name_, bit_, 1, help_)
#define FEATURE_(name_, bit_, def_, help_) \
    { PROP_(prop_bit, name_, VirtIONet, wanted), .bit = (bit_), .def.u = (def_), .help = (help_) }

static const Property net_props[] = {
    PROP_BOOTINDEX,
    PROP_LINK("netdev", VirtIONet, netdev, TYPE_NETDEV, "/netdevs", "the network (-netdev id=)"),
    { PROP_(prop_macaddr, "mac", VirtIONet, conf_mac),
      .help = "Ethernet address; zeros: the next free one from 52:54:00:12:34:56" },
    FEATURE("csum", F_CSUM, "checksums of sent frames may be left to the device"),
    FEATURE("gso", F_GSO, "legacy: segmentation of sent TCP in one feature"),
    FEATURE("host_tso4", F_HOST_TSO4, "segmentation of sent TCP over IPv4"),
    FEATURE("host_tso6", F_HOST_TSO6, "segmentation of sent TCP over IPv6"),
    FEATURE("host_ecn", F_HOST_ECN, "the same with congestion notification"),
    FEATURE("host_ufo", F_HOST_UFO, "fragmentation of sent UDP"),
    FEATURE("host_uso", F_HOST_USO, "segmentation of sent UDP"),
    FEATURE("guest_csum", F_GUEST_CSUM, "received frames may lack a checksum"),
    FEATURE("guest_tso4", F_GUEST_TSO4, "received TCP over IPv4 may be in large segments"),
    FEATURE("guest_tso6", F_GUEST_TSO6, "received TCP over IPv6 may be in large segments"),
    FEATURE("guest_ecn", F_GUEST_ECN, "the same with congestion notification"),
    FEATURE("guest_ufo", F_GUEST_UFO, "received UDP may be one large datagram"),
    FEATURE("guest_uso4", F_GUEST_USO4, "received UDP over IPv4 may be in large segments"),
    FEATURE("guest_uso6", F_GUEST_USO6, "received UDP over IPv6 may be in large segments"),
    FEATURE("mrg_rxbuf", F_MRG_RXBUF, "a frame may be spread over several buffers"),
    FEATURE("status", F_STATUS, "link status"),
    FEATURE("ctrl_vq", F_CTRL_VQ, "control queue"),
    FEATURE("ctrl_rx", F_CTRL_RX, "receive modes"),
    FEATURE("ctrl_rx_extra", F_CTRL_RX_EXTRA, "more receive modes"),
    FEATURE("ctrl_vlan", F_CTRL_VLAN, "VLAN filter"),
    FEATURE("ctrl_mac_addr", F_CTRL_MAC_ADDR, "the driver may set the address"),
    FEATURE("ctrl_guest_offloads", F_CTRL_GUEST_OFFLOADS, "the driver may switch guest_*"),
    FEATURE("guest_announce", F_GUEST_ANNOUNCE, "the guest may be asked to announce itself"),
    FEATURE_("mq", F_MQ, 0, "as many queue pairs as the network has"),
    { PROP_(prop_u16, "rx_queue_size", VirtIONet, rx_queue_size), .def.u = 256, .min = 64,
      .max = VIRTQUEUE_MAX_SIZE, .changed = changed_queue_size, .help = "size of receive queues" },
    { PROP_(prop_u16, "tx_queue_size", VirtIONet, tx_queue_size), .def.u = 256, .min = 64,
      .max = VIRTQUEUE_MAX_SIZE, .changed = changed_queue_size,
      .help = "size of transmit queues" },
    { PROP_(prop_u16, "host_mtu", VirtIONet, host_mtu), .changed = changed_mtu,
      .help = "largest packet the guest should send; 0: not told" },
    { PROP_(prop_i32, "speed", VirtIONet, speed), .def.i = -1, .min = (uint64_t)-1,
      .max = INT32_MAX, .help = "link speed in Mbit/s that the guest is told; -1: unknown" },
    PROP_ENUM("duplex", VirtIONet, duplex, DUPLEX_UNKNOWN, duplex_names,
              "duplex mode that the guest is told"),
    PROP_END
};

static char *net_boot_name(DeviceState *dev)
{
    return g_strdup("ethernet-phy@0");
}

static void net_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    klass->props = net_props;
    klass->state = &net_state;
    vdc->parent_class.category = DEVICE_CATEGORY_NETWORK;
    vdc->parent_class.boot_name = net_boot_name;
    vdc->device_id = VIRTIO_ID_NET;
    vdc->config_len = CFG_SIZE;
    vdc->realize = net_realize;
    vdc->unrealize = net_unrealize;
    vdc->legacy_features = BIT_ULL(F_GSO);
    vdc->get_features = net_features;
    vdc->set_features = net_set_features;
    vdc->get_config = net_get_config;
    vdc->set_config = net_set_config;
    vdc->set_status = net_set_status;
    vdc->reset = net_reset;
}

static const TypeInfo net_type = {
    .name = TYPE_VIRTIO_NET,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio network card",
    .instance_size = sizeof(VirtIONet),
    .class_init = net_class_init,
};
type_init(net_type);
