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
    F_MAC = 5,
    F_MRG_RXBUF = 15,
    F_STATUS = 16,
    F_CTRL_VQ = 17,
    F_CTRL_RX = 18,
    F_CTRL_VLAN = 19,
    F_CTRL_RX_EXTRA = 20,
    F_CTRL_MAC_ADDR = 23,
};

/* Features that need the control queue. */
#define CTRL_FEATURES                                                                     \
    (BIT_ULL(F_CTRL_VQ) | BIT_ULL(F_CTRL_RX) | BIT_ULL(F_CTRL_VLAN) |                     \
     BIT_ULL(F_CTRL_RX_EXTRA) | BIT_ULL(F_CTRL_MAC_ADDR))

#define MAC_TABLE_SIZE 64

struct VirtIONet {
    VirtIODevice parent_obj;

    Object *netdev;
    NetBackend *nb;      /* the same, attached; NULL without */
    uint8_t conf_mac[6];
    uint64_t wanted[1];  /* feature bits by property */

    VirtQueue *rx, *tx;
    bool ctrl;           /* has a control queue */
    bool link_up;
    bool rx_starved;     /* a frame waits for buffers */
    bool tx_blocked;     /* the back end had no room */

    /* Receive filter, set through the control queue. */
    uint8_t mac[6];
    bool promisc, allmulti, alluni, nomulti, nouni, nobcast;
    bool uni_overflow, multi_overflow; /* the table was too long: take all */
    uint32_t nr_uni, nr_multi;
    uint8_t uni[6 * MAC_TABLE_SIZE], multi[6 * MAC_TABLE_SIZE];
    uint8_t vlans[4096 / 8];
};

/* Whether the card takes a frame from the network. */
bool virtio_net_accepts(VirtIONet *s, const uint8_t *frame, size_t len);
void virtio_net_reset_filter(VirtIONet *s);
void virtio_net_ctrl_handle(VirtIODevice *vdev, VirtQueue *vq);

#endif
