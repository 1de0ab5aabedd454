/*
 * What a network card may ask of the host. Implemented in net/.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BACKEND_NET_H
#define VIREO_BACKEND_NET_H

#include <sys/uio.h>

#include "qom/object.h"

#define TYPE_NETDEV "netdev"
OBJECT_DECLARE(NetBackend, NetBackendClass, NETDEV, TYPE_NETDEV)

/* What a frame leaves to the next one to do; the values are those of virtio's frame header. All
 * zero, and a NULL pointer: nothing. */
enum { NET_F_NEEDS_CSUM = 1, NET_F_DATA_VALID = 2 };
enum {
    NET_GSO_NONE = 0,
    NET_GSO_TCPV4 = 1,
    NET_GSO_UDP = 3,     /* IP fragments */
    NET_GSO_TCPV6 = 4,
    NET_GSO_UDP_L4 = 5,  /* datagrams */
    NET_GSO_ECN = 0x80,
};

typedef struct NetOffload {
    uint8_t flags, gso;
    uint16_t hdr_len, gso_size, csum_start, csum_offset;
} NetOffload;

/* What a card takes undone. */
enum {
    NET_ACCEPT_CSUM = 1 << 0,
    NET_ACCEPT_TSO4 = 1 << 1,
    NET_ACCEPT_TSO6 = 1 << 2,
    NET_ACCEPT_ECN = 1 << 3,
    NET_ACCEPT_UFO = 1 << 4,
    NET_ACCEPT_USO4 = 1 << 5,
    NET_ACCEPT_USO6 = 1 << 6,
};

/* The card's callbacks, on the main thread with no lock held. */
typedef struct NetFrontend {
    /* A frame for the guest, without FCS, of a queue of the back end, with nothing left to do that
     * the card does not accept. False: no room now; the back end keeps the frame and tries again
     * after net_can_receive(). */
    bool (*receive)(void *opaque, unsigned queue, const NetOffload *off, const uint8_t *frame,
                    size_t len);
    /* There is room again after net_send() returned false; may be NULL. */
    void (*writable)(void *opaque);
    void (*link)(void *opaque, bool up); /* may be NULL */
    void (*announce)(void *opaque);      /* the guest should tell its neighbours; may be NULL */
    void *opaque;
    const char *name;                    /* of the card, for messages; copied */
} NetFrontend;

bool net_attach(NetBackend *nb, const NetFrontend *fe, Error **errp);
void net_detach(NetBackend *nb, void *opaque);
/* Queues in each direction; fixed. */
unsigned net_queues(const NetBackend *nb);

/* Longer ones are dropped. */
#define NET_MAX_FRAME (64 * 1024 + 64)
/* A frame from the guest, copied. What `off` (may be NULL) leaves to do is done in software if the
 * network behind does not; nonsense in it drops the frame. False: no room, nothing was taken;
 * writable() follows. Any thread, never blocks. */
bool net_send(NetBackend *nb, unsigned queue, const NetOffload *off, const struct iovec *iov,
              int iovcnt);
/* The card has room again. Any thread. */
void net_can_receive(NetBackend *nb);
/* What the card takes undone (NET_ACCEPT_*), at first nothing, and how many queues it serves, at
 * first one. Any thread. */
void net_set_accept(NetBackend *nb, uint32_t accept);
void net_set_queues(NetBackend *nb, unsigned queues);

/* ---- For the monitor; main thread ---- */

/* One line for "info network"; g_free(). */
char *net_describe(NetBackend *nb);
/* The card attached, or NULL. */
const char *net_owner(const NetBackend *nb);
/* Pulls the plug, or puts it back: frames are dropped while it is out. */
void net_set_link(NetBackend *nb, bool up);
bool net_link_up(const NetBackend *nb);
void net_announce(NetBackend *nb);

#endif
