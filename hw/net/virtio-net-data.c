/*
 * virtio-net: frames in both directions, and the header in front of each (VIRTIO 1.3, 5.1.6).
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/net/virtio-net.h"

#include <string.h>

#include "util/byteorder.h"

static unsigned header_len(VirtIONet *s)
{
    VirtIODevice *vdev = &s->parent_obj;

    return virtio_has_feature(vdev, VIRTIO_F_VERSION_1) || virtio_has_feature(vdev, F_MRG_RXBUF)
        ? NET_HDR_FULL : NET_HDR_LEGACY;
}

/* ---- Receive ---- */

static void give_back(VirtQueue *vq, VirtQueueElement **elems, unsigned n)
{
    while (n > 0) {
        virtqueue_unpop(vq, elems[--n]);
    }
}

/* Takes chains until `need` bytes fit; 0 if there are not enough, which leaves them in the queue. */
static unsigned gather(VirtIONet *s, VirtQueue *vq, VirtQueueElement **elems, size_t need,
                       bool *too_small)
{
    bool mergeable = virtio_has_feature(&s->parent_obj, F_MRG_RXBUF);
    uint64_t room = 0;
    unsigned n = 0;

    while (room < need) {
        VirtQueueElement *e = n < VIRTQUEUE_MAX_SIZE ? virtqueue_pop(vq, sizeof(*e)) : NULL;

        if (!e) {
            /* More than the whole ring can hold will never fit. */
            *too_small = n >= vq->num;
            give_back(vq, elems, n);
            return 0;
        }
        elems[n++] = e;
        room += e->in_len;
        if (e->out_num || elems[0]->in_len < header_len(s)) {
            virtio_error(&s->parent_obj, "receive buffer without room for a header");
            give_back(vq, elems, n);
            return 0;
        }
        if (!mergeable && room < need) {
            *too_small = true;
            give_back(vq, elems, n);
            return 0;
        }
    }
    return n;
}

static void put_header(const NetOffload *off, unsigned buffers, uint8_t hdr[NET_HDR_FULL])
{
    memset(hdr, 0, NET_HDR_FULL);
    if (off) {
        hdr[0] = off->flags;
        hdr[1] = off->gso;
        st16_le(hdr + 2, off->hdr_len);
        st16_le(hdr + 4, off->gso_size);
        st16_le(hdr + 6, off->csum_start);
        st16_le(hdr + 8, off->csum_offset);
    }
    st16_le(hdr + NET_HDR_NUM_BUFFERS, buffers);
}

static void put_frame(VirtIONet *s, VirtQueue *vq, VirtQueueElement **elems, unsigned n,
                      const NetOffload *off, const uint8_t *frame, size_t len)
{
    uint8_t hdr[NET_HDR_FULL];
    unsigned hlen = header_len(s);
    size_t done = 0;

    put_header(off, n, hdr);
    for (unsigned i = 0; i < n; i++) {
        VirtQueueElement *e = elems[i];
        size_t head = i ? 0 : iov_copy_in(e->in_sg, e->in_num, 0, hdr, hlen);
        size_t body = iov_copy_in(e->in_sg, e->in_num, head, frame + done, len - done);

        done += body;
        virtqueue_fill(vq, e, head + body, i);
        g_free(e);
    }
    virtqueue_flush(vq, n);
    virtqueue_notify(vq);
}

/* Lock held. False: the frame must wait for buffers. */
static bool receive_locked(VirtIONet *s, unsigned queue, const NetOffload *off,
                           const uint8_t *frame, size_t len)
{
    VirtQueue *vq = virtio_queue(&s->parent_obj, 2 * (queue % s->curr_pairs));
    VirtQueueElement *elems[VIRTQUEUE_MAX_SIZE];
    bool too_small = false;
    unsigned n;

    if (!virtio_queue_live(vq) || !s->link_up || !virtio_net_accepts(s, frame, len)) {
        return true;
    }
    n = gather(s, vq, elems, len + header_len(s), &too_small);
    if (n) {
        put_frame(s, vq, elems, n, off, frame, len);
        return true;
    }
    if (too_small || s->parent_obj.broken) {
        device_guest_error(s, "receive buffer too small for a frame of %zu bytes", len);
        return true;
    }
    s->rx_starved = true;
    return false;
}

static bool net_receive(void *opaque, unsigned queue, const NetOffload *off, const uint8_t *frame,
                        size_t len)
{
    VirtIONet *s = opaque;
    bool taken;

    virtio_lock(&s->parent_obj);
    taken = receive_locked(s, queue, off, frame, len);
    virtio_unlock(&s->parent_obj);
    return taken;
}

void virtio_net_wake_backend(VirtIONet *s)
{
    if (s->rx_starved) {
        s->rx_starved = false;
        net_can_receive(s->nb);
    }
}

void virtio_net_rx_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    virtio_net_wake_backend(VIRTIO_NET(vdev));
}

/* ---- Transmit ---- */

/* What the driver leaves to us; false if it did not negotiate that. */
static bool get_offload(VirtIONet *s, VirtQueueElement *e, NetOffload *off)
{
    static const struct {
        uint8_t gso;
        unsigned feature;
    } kinds[] = {
        { NET_GSO_TCPV4, F_HOST_TSO4 }, { NET_GSO_TCPV6, F_HOST_TSO6 },
        { NET_GSO_UDP, F_HOST_UFO }, { NET_GSO_UDP_L4, F_HOST_USO },
    };
    VirtIODevice *vdev = &s->parent_obj;
    uint8_t hdr[NET_HDR_LEGACY];

    iov_copy_out(e->out_sg, e->out_num, 0, hdr, sizeof(hdr));
    *off = (NetOffload){
        .flags = hdr[0] & NET_F_NEEDS_CSUM, .gso = hdr[1], .hdr_len = ld16_le(hdr + 2),
        .gso_size = ld16_le(hdr + 4), .csum_start = ld16_le(hdr + 6),
        .csum_offset = ld16_le(hdr + 8),
    };
    if (off->flags && !virtio_has_feature(vdev, F_CSUM)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if ((off->gso & ~NET_GSO_ECN) == kinds[i].gso) {
            bool all_tcp = virtio_has_feature(vdev, F_GSO) && kinds[i].gso != NET_GSO_UDP &&
                           kinds[i].gso != NET_GSO_UDP_L4;

            return virtio_has_feature(vdev, kinds[i].feature) || all_tcp;
        }
    }
    return off->gso == NET_GSO_NONE;
}

/* False: the back end has no room. */
static bool send_frame(VirtIONet *s, VirtQueue *vq, VirtQueueElement *e)
{
    struct iovec part[VIRTQUEUE_MAX_SIZE];
    unsigned hlen = header_len(s), n;
    uint64_t len = e->out_len - hlen;
    NetOffload off;

    if (!s->nb || !s->link_up || len > NET_MAX_FRAME) {
        return true;
    }
    if (!get_offload(s, e, &off)) {
        device_guest_error(s, "frame with an offload (flags 0x%x, type 0x%x) that was not "
                           "negotiated", off.flags, off.gso);
        return true;
    }
    n = iov_slice(part, e->out_sg, e->out_num, hlen, len);
    return net_send(s->nb, vq->index / 2, &off, part, n);
}

void virtio_net_tx_handle(VirtIODevice *vdev, VirtQueue *vq)
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
        if (!send_frame(s, vq, e)) {
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
    for (unsigned i = 0; i < s->max_pairs; i++) {
        virtio_queue_notify(vdev, 2 * i + 1);
    }
    virtio_unlock(vdev);
}

/* ---- Events ---- */

static void net_link(void *opaque, bool up)
{
    VirtIONet *s = opaque;

    virtio_lock(&s->parent_obj);
    s->link_up = up;
    virtio_notify_config(&s->parent_obj);
    virtio_unlock(&s->parent_obj);
}

static void net_announce_guest(void *opaque)
{
    VirtIONet *s = opaque;

    virtio_lock(&s->parent_obj);
    if (virtio_has_feature(&s->parent_obj, F_GUEST_ANNOUNCE)) {
        s->announce = true;
        virtio_notify_config(&s->parent_obj);
    }
    virtio_unlock(&s->parent_obj);
}

const NetFrontend virtio_net_frontend = {
    .receive = net_receive,
    .writable = net_writable,
    .link = net_link,
    .announce = net_announce_guest,
};
