/*
 * virtio-net: the receive filter and the control queue that sets it (VIRTIO 1.3, 5.1.6.5).
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/net/virtio-net.h"

#include <string.h>

#include "util/byteorder.h"

enum { CTRL_RX = 0, CTRL_MAC = 1, CTRL_VLAN = 2, CTRL_ANNOUNCE = 3, CTRL_MQ = 4, CTRL_OFFLOADS = 5 };
enum { RX_PROMISC, RX_ALLMULTI, RX_ALLUNI, RX_NOMULTI, RX_NOUNI, RX_NOBCAST };
enum { MAC_TABLE_SET, MAC_ADDR_SET };
enum { VLAN_ADD, VLAN_DEL };
enum { ACK_OK = 0, ACK_ERR = 1 };

#define ETH_P_VLAN 0x8100

/* ---- Filter ---- */

void virtio_net_reset_filter(VirtIONet *s)
{
    s->promisc = true;
    s->allmulti = s->alluni = s->nomulti = s->nouni = s->nobcast = false;
    s->uni_overflow = s->multi_overflow = false;
    s->nr_uni = s->nr_multi = 0;
    memset(s->vlans, 0xff, sizeof(s->vlans));
}

static bool in_table(const uint8_t *table, uint32_t n, const uint8_t *mac)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!memcmp(table + 6 * i, mac, 6)) {
            return true;
        }
    }
    return false;
}

bool virtio_net_accepts(VirtIONet *s, const uint8_t *frame, size_t len)
{
    static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    if (len < 14) {
        return false;
    }
    if (s->promisc) {
        return true;
    }
    if (len >= 18 && ld16_be(frame + 12) == ETH_P_VLAN &&
        virtio_has_feature(&s->parent_obj, F_CTRL_VLAN)) {
        unsigned vid = ld16_be(frame + 14) & 0xfff;

        if (!(s->vlans[vid / 8] & (1u << (vid % 8)))) {
            return false;
        }
    }
    if (frame[0] & 1) {
        if (!memcmp(frame, broadcast, 6)) {
            return !s->nobcast;
        }
        return !s->nomulti &&
               (s->allmulti || s->multi_overflow || in_table(s->multi, s->nr_multi, frame));
    }
    return !s->nouni && (s->alluni || s->uni_overflow || !memcmp(frame, s->mac, 6) ||
                         in_table(s->uni, s->nr_uni, frame));
}

/* ---- Commands. The data of a command begins after class and command. ---- */

typedef struct Command {
    const VirtQueueElement *elem;
    size_t pos;
} Command;

static bool take(Command *c, void *buf, size_t len)
{
    if (c->elem->out_len - c->pos < len) {
        return false;
    }
    c->pos += iov_copy_out(c->elem->out_sg, c->elem->out_num, c->pos, buf, len);
    return true;
}

static bool set_rx_mode(VirtIONet *s, uint8_t cmd, Command *c)
{
    bool *const mode[] = { &s->promisc, &s->allmulti, &s->alluni,
                           &s->nomulti, &s->nouni,    &s->nobcast };
    unsigned feature = cmd <= RX_ALLMULTI ? F_CTRL_RX : F_CTRL_RX_EXTRA;
    uint8_t on;

    if (cmd > RX_NOBCAST || !virtio_has_feature(&s->parent_obj, feature) || !take(c, &on, 1)) {
        return false;
    }
    *mode[cmd] = on != 0;
    return true;
}

/* One of the two tables: a count, then so many addresses. A table that is too long means "all". */
static bool read_table(Command *c, uint8_t *table, uint32_t *nr, bool *overflow)
{
    uint8_t raw[4];
    uint64_t bytes;

    if (!take(c, raw, 4)) {
        return false;
    }
    bytes = 6 * (uint64_t)ld32_le(raw);
    if (bytes > c->elem->out_len - c->pos) {
        return false;
    }
    *overflow = bytes > 6 * MAC_TABLE_SIZE;
    if (*overflow) {
        *nr = 0;
        c->pos += bytes;
        return true;
    }
    *nr = bytes / 6;
    return take(c, table, bytes);
}

static bool set_mac(VirtIONet *s, uint8_t cmd, Command *c)
{
    uint8_t uni[6 * MAC_TABLE_SIZE], multi[6 * MAC_TABLE_SIZE];
    uint32_t nr_uni, nr_multi;
    bool all_uni, all_multi;

    if (cmd == MAC_ADDR_SET) {
        return virtio_has_feature(&s->parent_obj, F_CTRL_MAC_ADDR) &&
               c->elem->out_len - c->pos == 6 && take(c, s->mac, 6);
    }
    if (cmd != MAC_TABLE_SET || !virtio_has_feature(&s->parent_obj, F_CTRL_RX) ||
        !read_table(c, uni, &nr_uni, &all_uni) ||
        !read_table(c, multi, &nr_multi, &all_multi) || c->pos != c->elem->out_len) {
        return false;
    }
    memcpy(s->uni, uni, 6 * (size_t)nr_uni);
    memcpy(s->multi, multi, 6 * (size_t)nr_multi);
    s->nr_uni = nr_uni;
    s->nr_multi = nr_multi;
    s->uni_overflow = all_uni;
    s->multi_overflow = all_multi;
    return true;
}

static bool set_vlan(VirtIONet *s, uint8_t cmd, Command *c)
{
    uint8_t raw[2];
    unsigned vid;

    if (cmd > VLAN_DEL || !virtio_has_feature(&s->parent_obj, F_CTRL_VLAN) || !take(c, raw, 2)) {
        return false;
    }
    vid = ld16_le(raw);
    if (vid >= 4096) {
        return false;
    }
    if (cmd == VLAN_ADD) {
        s->vlans[vid / 8] |= 1u << (vid % 8);
    } else {
        s->vlans[vid / 8] &= ~(1u << (vid % 8));
    }
    return true;
}

static bool announced(VirtIONet *s, uint8_t cmd)
{
    if (cmd != 0 || !virtio_has_feature(&s->parent_obj, F_GUEST_ANNOUNCE)) {
        return false;
    }
    s->announce = false;
    return true;
}

static bool set_pairs(VirtIONet *s, uint8_t cmd, Command *c)
{
    uint8_t raw[2];

    if (cmd != 0 || !virtio_has_feature(&s->parent_obj, F_MQ) || !take(c, raw, 2) ||
        ld16_le(raw) == 0 || ld16_le(raw) > s->max_pairs) {
        return false;
    }
    s->curr_pairs = ld16_le(raw);
    virtio_net_apply_offloads(s);
    return true;
}

static bool set_offloads(VirtIONet *s, uint8_t cmd, Command *c)
{
    VirtIODevice *vdev = &s->parent_obj;
    uint8_t raw[8];

    if (cmd != 0 || !virtio_has_feature(vdev, F_CTRL_GUEST_OFFLOADS) || !take(c, raw, 8) ||
        (ld64_le(raw) & ~(vdev->guest_features & GUEST_OFFLOADS))) {
        return false;
    }
    s->offloads = ld64_le(raw);
    virtio_net_apply_offloads(s);
    return true;
}

static bool run_command(VirtIONet *s, const VirtQueueElement *e)
{
    Command c = { .elem = e };
    uint8_t head[2];

    take(&c, head, 2);
    switch (head[0]) {
    case CTRL_RX:
        return set_rx_mode(s, head[1], &c);
    case CTRL_MAC:
        return set_mac(s, head[1], &c);
    case CTRL_VLAN:
        return set_vlan(s, head[1], &c);
    case CTRL_ANNOUNCE:
        return announced(s, head[1]);
    case CTRL_MQ:
        return set_pairs(s, head[1], &c);
    case CTRL_OFFLOADS:
        return set_offloads(s, head[1], &c);
    default:
        return false;
    }
}

void virtio_net_ctrl_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIONet *s = VIRTIO_NET(vdev);
    VirtQueueElement *e;

    for (unsigned n = 0; n < vq->num; n++) {
        uint8_t ack;

        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            virtqueue_notify(vq);
            return;
        }
        if (e->out_len < 2 || e->in_len < 1) {
            virtio_error(vdev, "control command without header or room for the answer");
            virtqueue_drop(vq, e);
            g_free(e);
            return;
        }
        ack = run_command(s, e) ? ACK_OK : ACK_ERR;
        iov_copy_in(e->in_sg, e->in_num, 0, &ack, 1);
        virtqueue_push(vq, e, 1);
        g_free(e);
    }
    virtqueue_notify(vq);
    virtqueue_kick_later(vq);
}
