/*
 * chardev-socket: a stream socket, local or TCP, as server or client, with one peer at a time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chardev/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/telnet.h"
#include "qom/user-creatable.h"
#include "system/chardev.h"
#include "system/mainloop.h"

struct SocketChardev {
    FdChardev parent_obj;
    char *path, *host, *port;
    bool server, wait, nodelay, telnet;
    uint32_t reconnect_s, reconnect_ms;
    TelnetState telnet_state;
    int listen_fd;       /* -1: none */
    guint listen_tag;    /* 0 while a peer is connected: others wait in the backlog */
    guint reconnect_tag; /* timer of a client that lost its server */
    bool bound;          /* `path` is ours to remove */
};

static const Property socket_props[] = {
    PROP_STR("path", SocketChardev, path, NULL, "local socket"),
    PROP_STR("host", SocketChardev, host, NULL, "TCP host name or address"),
    PROP_STR("port", SocketChardev, port, NULL, "TCP port"),
    PROP_BOOL("server", SocketChardev, server, false, "wait for a peer instead of calling one"),
    PROP_BOOL("wait", SocketChardev, wait, true, "server: start only when a peer has connected"),
    PROP_BOOL("nodelay", SocketChardev, nodelay, false, "TCP: send every byte at once"),
    PROP_BOOL("telnet", SocketChardev, telnet, false, "speak the telnet protocol"),
    { PROP_(prop_u32, "reconnect", SocketChardev, reconnect_s), .max = 3600,
      .help = "the same as reconnect-ms, in seconds" },
    PROP_U32("reconnect-ms", SocketChardev, reconnect_ms, 0, 0, 3600000,
             "client: call again after this time, 0 never"),
    PROP_END,
};

static char *describe(const SocketChardev *s)
{
    return s->path ? g_strdup_printf("unix:%s", s->path)
                   : g_strdup_printf("%s:%s:%s", s->telnet ? "telnet" : "tcp",
                                     s->host ? s->host : "", s->port);
}

static char *socket_describe(Chardev *chr)
{
    const SocketChardev *s = SOCKET_CHARDEV(chr);
    g_autofree char *where = describe(s);

    return g_strdup_printf("%s%s%s", chr->connected ? "" : "disconnected:", where,
                           s->server ? ",server=on" : "");
}

static gboolean listen_ready(gint fd, GIOCondition cond, gpointer data);

static void watch_listener(SocketChardev *s)
{
    if (s->listen_fd >= 0 && !s->listen_tag) {
        s->listen_tag = g_unix_fd_add(s->listen_fd, G_IO_IN, listen_ready, s);
    }
}

static void connected(SocketChardev *s, int fd)
{
    int one = 1;

    if (!s->path && s->nodelay) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    if (s->telnet) {
        telnet_start(&s->telnet_state, fd);
    }
    fd_chardev_start(FD_CHARDEV(s), fd, fd);
}

static gboolean listen_ready(gint listen_fd, GIOCondition cond, gpointer data)
{
    SocketChardev *s = data;
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) {
        return G_SOURCE_CONTINUE; /* the peer has gone again, or there is no descriptor to be had */
    }
    s->listen_tag = 0;
    connected(s, fd);
    return G_SOURCE_REMOVE;
}

static gboolean reconnect(gpointer data)
{
    SocketChardev *s = data;
    int fd = socket_chardev_connect(s->path, s->host, s->port, NULL);

    if (fd < 0) {
        return G_SOURCE_CONTINUE;
    }
    s->reconnect_tag = 0;
    connected(s, fd);
    return G_SOURCE_REMOVE;
}

/* The peer is gone: its half-read input is done with, its unread output is dropped. */
static void lost(SocketChardev *s)
{
    fd_chardev_stop(FD_CHARDEV(s));
    chr_set_connected(CHARDEV(s), false);
    watch_listener(s);
    if (!s->server && s->reconnect_ms && !s->reconnect_tag) {
        s->reconnect_tag = g_timeout_add(s->reconnect_ms, reconnect, s);
    }
}

static size_t socket_filter(FdChardev *f, uint8_t *buf, size_t len)
{
    SocketChardev *s = SOCKET_CHARDEV(f);

    return s->telnet ? telnet_input(&s->telnet_state, CHARDEV(f), buf, len) : len;
}

static void socket_hangup(FdChardev *f)
{
    lost(SOCKET_CHARDEV(f));
}

static ssize_t socket_output(Chardev *chr, const uint8_t *buf, size_t len)
{
    FdChardev *f = FD_CHARDEV(chr);
    ssize_t n;

    if (f->out_fd < 0) {
        return -EPIPE;
    }
    do {
        n = SOCKET_CHARDEV(chr)->telnet
                ? telnet_send(&SOCKET_CHARDEV(chr)->telnet_state, f->out_fd, buf, len)
                : send(f->out_fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return n;
    }
    if (errno == EAGAIN) {
        return -EAGAIN;
    }
    lost(SOCKET_CHARDEV(chr));
    return -EPIPE;
}

/* A guest that must not miss its first lines waits here; signals still end the process. */
static bool wait_for_peer(SocketChardev *s, Error **errp)
{
    g_autofree char *where = describe(s);

    error_report("waiting for a connection on %s", where);
    while (!CHARDEV(s)->connected) {
        if (!main_loop_step()) {
            error_setg(errp, "ended while waiting for a connection on %s", where);
            return false;
        }
    }
    return true;
}

static bool check_props(SocketChardev *s, Error **errp)
{
    if (s->path && (s->host || s->port)) {
        error_setg(errp, "'path' excludes 'host' and 'port'");
        return false;
    }
    if (!s->path && !s->port) {
        error_setg(errp, "either 'path' or 'port' is needed");
        return false;
    }
    if (s->path && !*s->path) {
        error_setg(errp, "'path' must not be empty");
        return false;
    }
    if (s->server && (s->reconnect_s || s->reconnect_ms)) {
        error_setg(errp, "'%s' is for clients: a server waits for its peer to come back",
                   s->reconnect_ms ? "reconnect-ms" : "reconnect");
        return false;
    }
    if (s->reconnect_s && s->reconnect_ms) {
        error_setg(errp, "'reconnect' and 'reconnect-ms' exclude each other");
        return false;
    }
    s->reconnect_ms += s->reconnect_s * 1000;
    return true;
}

static bool socket_complete(Object *obj, Error **errp)
{
    SocketChardev *s = SOCKET_CHARDEV(obj);

    if (!check_props(s, errp)) {
        return false;
    }
    if (!s->server) {
        /* A client that calls again does so from the start: its server may come up later. */
        int fd = socket_chardev_connect(s->path, s->host, s->port,
                                        s->reconnect_ms ? NULL : errp);

        if (fd >= 0) {
            connected(s, fd);
        } else if (s->reconnect_ms) {
            s->reconnect_tag = g_timeout_add(s->reconnect_ms, reconnect, s);
        }
        return fd >= 0 || s->reconnect_ms;
    }
    s->listen_fd = socket_chardev_listen(s->path, s->host, s->port, errp);
    if (s->listen_fd < 0) {
        return false;
    }
    s->bound = s->path != NULL;
    watch_listener(s);
    return !s->wait || wait_for_peer(s, errp);
}

static void socket_init(Object *obj)
{
    SOCKET_CHARDEV(obj)->listen_fd = -1;
}

static void socket_finalize(Object *obj)
{
    SocketChardev *s = SOCKET_CHARDEV(obj);

    if (s->listen_tag) {
        g_source_remove(s->listen_tag);
    }
    if (s->reconnect_tag) {
        g_source_remove(s->reconnect_tag);
    }
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
    }
    if (s->bound) {
        unlink(s->path);
    }
}

static void socket_class_init(ObjectClass *klass, const void *data)
{
    klass->props = socket_props;
    CHARDEV_CLASS(klass)->output = socket_output;
    CHARDEV_CLASS(klass)->describe = socket_describe;
    FD_CHARDEV_CLASS(klass)->hangup = socket_hangup;
    FD_CHARDEV_CLASS(klass)->filter = socket_filter;
    user_creatable_set_complete(klass, socket_complete);
}

static const TypeInfo socket_info = {
    .name = TYPE_CHARDEV_SOCKET,
    .parent = TYPE_CHARDEV_FD,
    .instance_size = sizeof(SocketChardev),
    .desc = "local or TCP stream socket",
    .class_init = socket_class_init,
    .instance_init = socket_init,
    .instance_finalize = socket_finalize,
};
type_init(socket_info);
