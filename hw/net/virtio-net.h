/*
 * What the files of virtio-net share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_NET_VIRTIO_NET_H
#define VIREO_HW_NET_VIRTIO_NET_H

#include "backend/net.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_NET "virtio-net-device"
OBJECT_DECLARE_SIMPLE(VirtIONet, VIRTIO_NET, TYPE_VIRTIO_NET)

#define VIRTIO_ID_NET 1

enum {
    F_CSUM = 0,
    F_GUEST_CSUM = 1,
    F_CTRL_GUEST_OFFLOADS = 2,
    F_MTU = 3,
    F_MAC = 5,
    F_GSO = 6, /* legacy: HOST_TSO4, HOST_TSO6 and HOST_ECN in one */
    F_GUEST_TSO4 = 7,
    F_GUEST_TSO6 = 8,
    F_GUEST_ECN = 9,
    F_GUEST_UFO = 10,
    F_HOST_TSO4 = 11,
    F_HOST_TSO6 = 12,
    F_HOST_ECN = 13,
    F_HOST_UFO = 14,
    F_MRG_RXBUF = 15,
    F_STATUS = 16,
    F_CTRL_VQ = 17,
    F_CTRL_RX = 18,
    F_CTRL_VLAN = 19,
    F_CTRL_RX_EXTRA = 20,
    F_GUEST_ANNOUNCE = 21,
    F_MQ = 22,
    F_CTRL_MAC_ADDR = 23,
    F_GUEST_USO4 = 54,
    F_GUEST_USO6 = 55,
    F_HOST_USO = 56,
    F_SPEED_DUPLEX = 63,
};

/* Features that need the control queue, CSUM and GUEST_CSUM (5.1.3.1). */
#define CTRL_FEATURES                                                                     \
    (BIT_ULL(F_CTRL_VQ) | BIT_ULL(F_CTRL_RX) | BIT_ULL(F_CTRL_VLAN) |                     \
     BIT_ULL(F_CTRL_RX_EXTRA) | BIT_ULL(F_CTRL_MAC_ADDR) | BIT_ULL(F_GUEST_ANNOUNCE) |    \
     BIT_ULL(F_MQ) | BIT_ULL(F_CTRL_GUEST_OFFLOADS))
#define HOST_FEATURES                                                                     \
    (BIT_ULL(F_GSO) | BIT_ULL(F_HOST_TSO4) | BIT_ULL(F_HOST_TSO6) | BIT_ULL(F_HOST_ECN) | \
     BIT_ULL(F_HOST_UFO) | BIT_ULL(F_HOST_USO))
#define GUEST_GSO_FEATURES                                                                \
    (BIT_ULL(F_GUEST_TSO4) | BIT_ULL(F_GUEST_TSO6) | BIT_ULL(F_GUEST_ECN) |               \
     BIT_ULL(F_GUEST_UFO) | BIT_ULL(F_GUEST_USO4) | BIT_ULL(F_GUEST_USO6))
/* What CTRL_GUEST_OFFLOADS_SET may switch. */
#define GUEST_OFFLOADS (BIT_ULL(F_GUEST_CSUM) | GUEST_GSO_FEATURES)

#define MAC_TABLE_SIZE 64
/* Header of every frame: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset and, since
 * version 1.0 or with MRG_RXBUF, num_buffers. */
#define NET_HDR_NUM_BUFFERS 10
#define NET_HDR_LEGACY 10
#define NET_HDR_FULL 12

struct VirtIONet {
    VirtIODevice parent_obj;

    Object *netdev;
    NetBackend *nb;      /* the same, attached; NULL without */
    uint8_t conf_mac[6];
    uint64_t wanted[1];  /* feature bits by property */
    uint16_t host_mtu;
    int32_t speed;
    int duplex;
    uint16_t rx_queue_size, tx_queue_size;

    bool ctrl;           /* has a control queue */
    uint16_t max_pairs;
    bool link_up;
    bool rx_starved;     /* a frame waits for buffers */
    bool tx_blocked;     /* the back end had no room */

    /* Set by the driver. */
    uint16_t curr_pairs;
    bool announce;       /* asked to, not acknowledged yet */
    uint64_t offloads;   /* of GUEST_OFFLOADS, in force */
    uint8_t mac[6];
    bool promisc, allmulti, alluni, nomulti, nouni, nobcast;
    bool uni_overflow, multi_overflow; /* the table was too long: take all */
    uint32_t nr_uni, nr_multi;
    uint8_t uni[6 * MAC_TABLE_SIZE], multi[6 * MAC_TABLE_SIZE];
    uint8_t vlans[4096 / 8];
};

/* virtio-net-data.c */
extern const NetFrontend virtio_net_frontend; /* without opaque and name */
void virtio_net_rx_handle(VirtIODevice *vdev, VirtQueue *vq);
void virtio_net_tx_handle(VirtIODevice *vdev, VirtQueue *vq);
/* There are buffers again, or a driver that wants none. */
void virtio_net_wake_backend(VirtIONet *s);

/* Tells the back end what s->offloads and s->curr_pairs say. */
void virtio_net_apply_offloads(VirtIONet *s);

/* virtio-net-ctrl.c */
/* Whether the card takes a frame from the network. */
bool virtio_net_accepts(VirtIONet *s, const uint8_t *frame, size_t len);
void virtio_net_reset_filter(VirtIONet *s);
void virtio_net_ctrl_handle(VirtIODevice *vdev, VirtQueue *vq);

#endif
