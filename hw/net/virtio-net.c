/*
 * virtio-net: a network card (VIRTIO 1.3, 5.1), queues and life cycle. No offloads. The receive
 * filter and the control queue are virtio-net-ctrl.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/net/virtio-net.h"

#include <string.h>

#include "hw/core/bootorder.h"
#include "util/byteorder.h"

enum { CFG_MAC = 0, CFG_STATUS = 6, CFG_MAX_PAIRS = 8, CFG_SIZE = 10 };
#define STATUS_LINK_UP 1

/* Header of every frame: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset and, since
 * version 1.0 or with MRG_RXBUF, num_buffers. */
#define HDR_NUM_BUFFERS 10
#define HDR_LEGACY 10
#define HDR_FULL 12

static unsigned header_len(VirtIONet *s)
{
    VirtIODevice *vdev = &s->parent_obj;

    return virtio_has_feature(vdev, VIRTIO_F_VERSION_1) || virtio_has_feature(vdev, F_MRG_RXBUF)
        ? HDR_FULL : HDR_LEGACY;
}

/* ---- Receive ---- */

static void give_back(VirtIONet *s, VirtQueueElement **elems, unsigned n)
{
    while (n > 0) {
        virtqueue_unpop(s->rx, elems[--n]);
    }
}

/* Takes chains until `need` bytes fit; 0 if there are not enough, which leaves them in the queue. */
static unsigned gather(VirtIONet *s, VirtQueueElement **elems, size_t need, bool *too_small)
{
    bool mergeable = virtio_has_feature(&s->parent_obj, F_MRG_RXBUF);
    uint64_t room = 0;
    unsigned n = 0;

    while (room < need) {
        VirtQueueElement *e = n < VIRTQUEUE_MAX_SIZE ? virtqueue_pop(s->rx, sizeof(*e)) : NULL;

        if (!e) {
            give_back(s, elems, n);
            return 0;
        }
        elems[n++] = e;
        room += e->in_len;
        if (e->out_num || elems[0]->in_len < header_len(s)) {
            virtio_error(&s->parent_obj, "receive buffer without room for a header");
            give_back(s, elems, n);
            return 0;
        }
        if (!mergeable && room < need) {
            *too_small = true;
            give_back(s, elems, n);
            return 0;
        }
    }
    return n;
}

static void put_frame(VirtIONet *s, VirtQueueElement **elems, unsigned n, const uint8_t *frame,
                      size_t len)
{
    uint8_t hdr[HDR_FULL] = { 0 };
    unsigned hlen = header_len(s);
    size_t done = 0;

    st16_le(hdr + HDR_NUM_BUFFERS, n);
    for (unsigned i = 0; i < n; i++) {
        VirtQueueElement *e = elems[i];
        size_t head = i ? 0 : iov_copy_in(e->in_sg, e->in_num, 0, hdr, hlen);
        size_t body = iov_copy_in(e->in_sg, e->in_num, head, frame + done, len - done);

        done += body;
        virtqueue_fill(s->rx, e, head + body, i);
        g_free(e);
    }
    virtqueue_flush(s->rx, n);
    virtqueue_notify(s->rx);
}

/* Lock held. False: the frame must wait for buffers. */
static bool receive_locked(VirtIONet *s, const uint8_t *frame, size_t len)
{
    VirtQueueElement *elems[VIRTQUEUE_MAX_SIZE];
    bool too_small = false;
    unsigned n;

    if (!virtio_queue_live(s->rx) || !virtio_net_accepts(s, frame, len)) {
        return true;
    }
    n = gather(s, elems, len + header_len(s), &too_small);
    if (n) {
        put_frame(s, elems, n, frame, len);
        return true;
    }
    if (too_small || s->parent_obj.broken) {
        device_guest_error(s, "receive buffer too small for a frame of %zu bytes", len);
        return true;
    }
    s->rx_starved = true;
    return false;
}

static bool net_receive(void *opaque, const uint8_t *frame, size_t len)
{
    VirtIONet *s = opaque;
    bool taken;

    virtio_lock(&s->parent_obj);
    taken = receive_locked(s, frame, len);
    virtio_unlock(&s->parent_obj);
    return taken;
}

static void wake_backend(VirtIONet *s)
{
    if (s->rx_starved) {
        s->rx_starved = false;
        net_can_receive(s->nb);
    }
}

static void rx_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    wake_backend(VIRTIO_NET(vdev));
}

/* ---- Transmit ---- */

/* False: the back end has no room. */
static bool send_frame(VirtIONet *s, VirtQueueElement *e)
{
    struct iovec part[VIRTQUEUE_MAX_SIZE];
    unsigned hlen = header_len(s), n;
    uint64_t len = e->out_len - hlen;

    if (!s->nb || len > NET_MAX_FRAME) {
        return true;
    }
    n = iov_slice(part, e->out_sg, e->out_num, hlen, len);
    return net_send(s->nb, part, n);
}

static void tx_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    for (unsigned n = 0; !s->tx_blocked; n++) {
        VirtQueueElement *e;

        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            break;
        }
        if (e->in_num || e->out_len < header_len(s)) {
            virtio_error(vdev, "frame without header or with a writable buffer");
            virtqueue_drop(vq, e);
            g_free(e);
            return;
        }
        if (!send_frame(s, e)) {
            virtqueue_unpop(vq, e);
            s->tx_blocked = true;
            break;
        }
        virtqueue_push(vq, e, 0);
        g_free(e);
    }
    virtqueue_notify(vq);
}

static void net_writable(void *opaque)
{
    VirtIONet *s = opaque;
    VirtIODevice *vdev = &s->parent_obj;

    virtio_lock(vdev);
    s->tx_blocked = false;
    virtio_queue_notify(vdev, s->tx->index);
    virtio_unlock(vdev);
}

/* ---- Features and configuration ---- */

static uint64_t net_features(VirtIODevice *vdev)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    return BIT_ULL(F_MAC) | (s->wanted[0] & ~(s->ctrl ? 0 : CTRL_FEATURES));
}

/* A driver that takes the VLAN filter begins with an empty list; without it all pass. */
static void net_set_features(VirtIODevice *vdev)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    memset(s->vlans, virtio_has_feature(vdev, F_CTRL_VLAN) ? 0 : 0xff, sizeof(s->vlans));
}

static void net_get_config(VirtIODevice *vdev, uint8_t *c)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    memcpy(c + CFG_MAC, s->mac, 6);
    st16_le(c + CFG_STATUS, s->link_up ? STATUS_LINK_UP : 0);
    st16_le(c + CFG_MAX_PAIRS, 1);
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
    wake_backend(VIRTIO_NET(vdev)); /* of frames that waited for a driver that is gone */
}

static void net_reset(VirtIODevice *vdev)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    memcpy(s->mac, s->conf_mac, 6);
    virtio_net_reset_filter(s);
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

static bool net_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIONet *s = VIRTIO_NET(vdev);
    NetFrontend fe = { .receive = net_receive, .writable = net_writable, .opaque = s };

    if (s->netdev && !net_attach(NETDEV(s->netdev), &fe, errp)) {
        return false;
    }
    s->nb = s->netdev ? NETDEV(s->netdev) : NULL;
    choose_mac(s);
    memcpy(s->mac, s->conf_mac, 6);
    virtio_net_reset_filter(s);
    s->link_up = true;
    s->ctrl = s->wanted[0] & BIT_ULL(F_CTRL_VQ);
    s->rx = virtio_add_queue(vdev, rx_handle);
    s->tx = virtio_add_queue(vdev, tx_handle);
    if (s->ctrl) {
        virtio_add_queue(vdev, virtio_net_ctrl_handle);
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

static const StateField net_rows[] = {
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

static const StateTable net_state = { .name = TYPE_VIRTIO_NET, .fields = net_rows };

#define FEATURE(name_, bit_, help_) \
    { PROP_(prop_bit, name_, VirtIONet, wanted), .bit = (bit_), .def.u = 1, .help = (help_) }

static const Property net_props[] = {
    PROP_BOOTINDEX,
    PROP_LINK("netdev", VirtIONet, netdev, TYPE_NETDEV, "/netdevs", "the network (-netdev id=)"),
    { PROP_(prop_macaddr, "mac", VirtIONet, conf_mac),
      .help = "Ethernet address; zeros: the next free one from 52:54:00:12:34:56" },
    FEATURE("mrg_rxbuf", F_MRG_RXBUF, "a frame may be spread over several buffers"),
    FEATURE("status", F_STATUS, "link status"),
    FEATURE("ctrl_vq", F_CTRL_VQ, "control queue"),
    FEATURE("ctrl_rx", F_CTRL_RX, "receive modes"),
    FEATURE("ctrl_rx_extra", F_CTRL_RX_EXTRA, "more receive modes"),
    FEATURE("ctrl_vlan", F_CTRL_VLAN, "VLAN filter"),
    FEATURE("ctrl_mac_addr", F_CTRL_MAC_ADDR, "the driver may set the address"),
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
