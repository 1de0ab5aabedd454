/*
 * Frames over a datagram socket, one in each; what cannot be sent now is lost, as on a wire, unless
 * the socket will say when there is room.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static void receive(NetDgram *d)
{
    g_autofree uint8_t *buf = g_malloc(NET_MAX_FRAME + 1);

    for (unsigned n = 0; n < NET_BATCH && !net_congested(d->nb); n++) {
        ssize_t len = recv(d->fd, buf, NET_MAX_FRAME + 1, MSG_DONTWAIT);

        if (len < 0) {
            /* ECONNREFUSED: the peer is not there yet; it was told of an earlier frame. */
            if (errno == EINTR || errno == ECONNREFUSED) {
                continue;
            }
            return;
        }
        if (len <= NET_MAX_FRAME) {
            net_deliver(d->nb, buf, len);
        }
    }
    g_source_set_ready_time(d->source, 0);
}

/* False: the socket will say when it has room. */
static bool send_one(NetDgram *d, const Frame *f)
{
    for (;;) {
        ssize_t n = d->remote.len
            ? sendto(d->fd, f->data, f->len, MSG_NOSIGNAL | MSG_DONTWAIT, &d->remote.sa,
                     d->remote.len)
            : send(d->fd, f->data, f->len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        /* A local socket's room is its peer's, which poll() knows nothing of. */
        return n >= 0 || errno != EAGAIN ||
               (d->remote.len && d->remote.sa.sa_family == AF_UNIX);
    }
}

static void transmit(NetDgram *d)
{
    for (unsigned n = 0; n < NET_BATCH; n++) {
        if (!d->out) {
            d->out = net_take(d->nb);
        }
        if (!d->out || !send_one(d, d->out)) {
            return;
        }
        g_clear_pointer(&d->out, g_free);
    }
    g_source_set_ready_time(d->source, 0);
}

static void ready(void *opaque)
{
    NetDgram *d = opaque;

    net_service(d->nb);
    if (!net_congested(d->nb)) {
        receive(d);
    }
    transmit(d);
    net_service(d->nb);
    g_source_modify_unix_fd(d->source, d->tag, (net_congested(d->nb) ? 0 : G_IO_IN) |
                                               (d->out ? G_IO_OUT : 0));
}

/* local, if given, says which interface the group is on. */
static bool join(int fd, const NetAddr *group, const NetAddr *local, Error **errp)
{
    const struct sockaddr_in *g = (const struct sockaddr_in *)&group->storage;
    const struct sockaddr_in *l = (const struct sockaddr_in *)&local->storage;
    struct ip_mreq mreq = { .imr_multiaddr = g->sin_addr };
    int on = 1;

    if (group->sa.sa_family != AF_INET || (local->len && local->sa.sa_family != AF_INET)) {
        error_setg(errp, "'%s': only IPv4 groups are supported", group->text);
        return false;
    }
    if (local->len) {
        mreq.imr_interface = l->sin_addr;
    }
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof(on)) ||
        (local->len && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq.imr_interface,
                                  sizeof(mreq.imr_interface)))) {
        error_setg_errno(errp, errno, "cannot join the group '%s'", group->text);
        return false;
    }
    return true;
}

static int open_socket(NetDgram *d, Error **errp)
{
    bool group = net_addr_is_multicast(&d->remote);
    int fd;

    if (group) {
        fd = net_addr_bind(&d->remote, SOCK_DGRAM, true, errp);
        if (fd >= 0 && !join(fd, &d->remote, &d->local, errp)) {
            close(fd);
            return -1;
        }
        return fd;
    }
    fd = net_addr_bind(&d->local, SOCK_DGRAM, false, errp);
    d->bound = fd >= 0 && net_addr_path(&d->local);
    return fd;
}

bool net_dgram_start(NetDgram *d, NetBackend *nb, int fd, Error **errp)
{
    d->nb = nb;
    d->fd = fd >= 0 ? fd : open_socket(d, errp);
    if (d->fd < 0) {
        return false;
    }
    d->source = net_source_new("net-dgram", ready, d);
    d->tag = g_source_add_unix_fd(d->source, d->fd, G_IO_IN);
    net_source_start(d->source, nb);
    return true;
}

void net_dgram_stop(NetDgram *d)
{
    if (!d->nb) {
        return;
    }
    net_source_stop(&d->source, d->nb);
    if (d->fd >= 0) {
        close(d->fd);
    }
    if (d->bound) {
        unlink(net_addr_path(&d->local));
    }
    g_free(d->out);
    net_addr_clear(&d->local);
    net_addr_clear(&d->remote);
    d->nb = NULL;
}
