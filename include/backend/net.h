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

/* The card's callbacks, on the main thread with no lock held. */
typedef struct NetFrontend {
    /* A frame for the guest, without FCS. False: no room now; the back end keeps the frame and tries
     * again after net_can_receive(). */
    bool (*receive)(void *opaque, const uint8_t *frame, size_t len);
    /* There is room again after net_send() returned false; may be NULL. */
    void (*writable)(void *opaque);
    void (*link)(void *opaque, bool up); /* may be NULL */
    void *opaque;
} NetFrontend;

bool net_attach(NetBackend *nb, const NetFrontend *fe, Error **errp);
void net_detach(NetBackend *nb, void *opaque);
#define NET_MAX_FRAME (64 * 1024 + 64)
/* A frame from the guest, copied; one longer than NET_MAX_FRAME is dropped. False: no room, nothing
 * was taken; writable() follows. Any thread, never blocks. */
bool net_send(NetBackend *nb, const struct iovec *iov, int iovcnt);
/* The card has room again. Any thread. */
void net_can_receive(NetBackend *nb);
/* One line for "info network"; g_free(). */
char *net_describe(NetBackend *nb);

#endif
