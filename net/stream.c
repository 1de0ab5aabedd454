/*
 * Frames over a stream socket, each behind its length. A peer that sends nonsense is hung up on;
 * one that does not read stops the card, and nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "util/byteorder.h"

#define HEAD 4
#define IN_ROOM (HEAD + NET_MAX_FRAME)

static void start_connecting(NetStream *s);

static gboolean reconnect_cb(gpointer opaque)
{
    NetStream *s = opaque;

    s->reconnect_tag = 0;
    start_connecting(s);
    return G_SOURCE_REMOVE;
}

/* ---- The connection ---- */

static void drop_fd(NetStream *s)
{
    if (s->fd >= 0) {
        g_source_remove_unix_fd(s->source, s->tag);
        close(s->fd);
        s->fd = -1;
    }
    s->connecting = false;
    s->in_len = 0;
    s->out_done = 0;
    g_clear_pointer(&s->out, g_free);
}

static void hang_up(NetStream *s)
{
    drop_fd(s);
    if (s->listen_fd >= 0) {
        g_source_modify_unix_fd(s->source, s->listen_tag, G_IO_IN);
    } else if (s->reconnect_ms && !s->reconnect_tag) {
        s->reconnect_tag = g_timeout_add(s->reconnect_ms, reconnect_cb, s);
    }
}

static void use_fd(NetStream *s, int fd, bool connecting)
{
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* fails for local sockets */
    s->fd = fd;
    s->connecting = connecting;
    s->tag = g_source_add_unix_fd(s->source, fd, connecting ? G_IO_OUT : G_IO_IN);
}

static int begin_connect(const NetAddr *a, bool *done)
{
    int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0) {
        *done = connect(fd, &a->sa, a->len) == 0;
        if (!*done && errno != EINPROGRESS) {
            int e = errno;

            close(fd);
            errno = e;
            return -1;
        }
    }
    return fd;
}

static void start_connecting(NetStream *s)
{
    bool done;
    int fd = begin_connect(&s->addr, &done);

    if (fd < 0) {
        hang_up(s);
    } else {
        use_fd(s, fd, !done);
    }
}

static int connect_error(int fd)
{
    int e = 0;
    socklen_t len = sizeof(e);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) ? errno : e;
}

static void finish_connecting(NetStream *s)
{
    struct pollfd p = { .fd = s->fd, .events = POLLOUT };

    if (poll(&p, 1, 0) <= 0) {
        return;
    }
    if (connect_error(s->fd)) {
        hang_up(s);
    } else {
        s->connecting = false;
    }
}

static void accept_peer(NetStream *s)
{
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        /* Others wait in the backlog until this one has gone. */
        g_source_modify_unix_fd(s->source, s->listen_tag, 0);
        use_fd(s, fd, false);
    }
}

/* ---- Frames ---- */

/* Delivers what is whole in the buffer; false if the peer talks nonsense. */
static bool parse(NetStream *s)
{
    size_t at = 0;

    while (s->in_len - at >= HEAD && !net_congested(s->nb)) {
        uint32_t len = ld32_be(s->in + at);

        if (len == 0 || len > NET_MAX_FRAME) {
            return false;
        }
        if (s->in_len - at - HEAD < len) {
            break;
        }
        net_deliver(s->nb, s->in + at + HEAD, len);
        at += HEAD + len;
    }
    memmove(s->in, s->in + at, s->in_len - at);
    s->in_len -= at;
    return true;
}

static void receive(NetStream *s)
{
    for (int rounds = 0; rounds < 16; rounds++) {
        ssize_t n;

        if (!parse(s)) {
            log_guest_error(&s->limit, object_type_name(s->nb), "the peer of '%s' at '%s' sends "
                            "no frames; hanging up", s->nb->parent_obj.name,
                            s->addr.text ? s->addr.text : "fd");
            hang_up(s);
            return;
        }
        if (net_congested(s->nb) || s->in_len == IN_ROOM) {
            return;
        }
        n = recv(s->fd, s->in + s->in_len, IN_ROOM - s->in_len, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            hang_up(s);
            return;
        }
        if (n < 0) {
            return;
        }
        s->in_len += n;
    }
    g_source_set_ready_time(s->source, 0); /* the rest after other sources had their turn */
}

/* Sends what is left of s->out; false if the socket takes no more now, or is gone. */
static bool send_rest(NetStream *s)
{
    while (s->out) {
        uint8_t head[HEAD];
        size_t skip = s->out_done > HEAD ? s->out_done - HEAD : 0;
        struct iovec iov[2] = {
            { head + MIN(s->out_done, HEAD), HEAD - MIN(s->out_done, HEAD) },
            { s->out->data + skip, s->out->len - skip },
        };
        struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
        ssize_t n;

        st32_be(head, s->out->len);
        n = sendmsg(s->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            if (errno != EAGAIN) {
                hang_up(s);
            }
            return false;
        }
        s->out_done += n;
        if (s->out_done == HEAD + s->out->len) {
            g_clear_pointer(&s->out, g_free);
            s->out_done = 0;
        }
    }
    return true;
}

static void transmit(NetStream *s)
{
    unsigned n = 0;

    if (s->fd < 0 || s->connecting) {
        Frame *f;

        while (n++ < NET_BATCH && (f = net_take(s->nb))) {
            g_free(f); /* nobody is there */
        }
    } else {
        while (n++ < NET_BATCH && send_rest(s) && (s->out = net_take(s->nb))) {
        }
    }
    if (n > NET_BATCH) {
        g_source_set_ready_time(s->source, 0);
    }
}

static void ready(void *opaque)
{
    NetStream *s = opaque;

    if (s->fd < 0 && s->listen_fd >= 0) {
        accept_peer(s);
    }
    if (s->connecting) {
        finish_connecting(s);
    }
    net_service(s->nb);
    if (s->fd >= 0 && !s->connecting) {
        receive(s);
    }
    transmit(s);
    net_service(s->nb);
    if (s->fd >= 0) {
        g_source_modify_unix_fd(s->source, s->tag,
                                s->connecting ? G_IO_OUT
                                              : (net_congested(s->nb) ? 0 : G_IO_IN) |
                                                (s->out ? G_IO_OUT : 0));
    }
}

/* ---- Start and stop ---- */

/* A client that does not call again must be through now. */
static bool connect_now(NetStream *s, Error **errp)
{
    bool done;
    int fd = begin_connect(&s->addr, &done), e = errno;

    if (fd >= 0 && !done) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };

        e = poll(&p, 1, 10000) > 0 ? connect_error(fd) : ETIMEDOUT;
        if (e) {
            close(fd);
            fd = -1;
        }
    }
    if (fd < 0) {
        error_setg_errno(errp, e, "cannot connect to '%s'", s->addr.text);
        return false;
    }
    use_fd(s, fd, false);
    return true;
}

bool net_stream_start(NetStream *s, NetBackend *nb, int fd, Error **errp)
{
    s->nb = nb;
    s->fd = s->listen_fd = -1;
    s->in = g_malloc(IN_ROOM);
    s->source = net_source_new("net-stream", ready, s);
    if (fd >= 0) {
        use_fd(s, fd, false);
    } else if (s->server) {
        s->listen_fd = net_addr_bind(&s->addr, SOCK_STREAM, false, errp);
        if (s->listen_fd < 0) {
            return false;
        }
        s->listen_tag = g_source_add_unix_fd(s->source, s->listen_fd, G_IO_IN);
    } else if (s->reconnect_ms) {
        start_connecting(s);
    } else if (!connect_now(s, errp)) {
        return false;
    }
    net_source_start(s->source, nb);
    return true;
}

void net_stream_stop(NetStream *s)
{
    if (!s->nb) {
        return;
    }
    if (s->reconnect_tag) {
        g_source_remove(s->reconnect_tag);
    }
    if (s->fd >= 0) {
        drop_fd(s);
    }
    net_source_stop(&s->source, s->nb);
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
        if (net_addr_path(&s->addr)) {
            unlink(net_addr_path(&s->addr));
        }
    }
    g_free(s->in);
    net_addr_clear(&s->addr);
    s->nb = NULL;
}
