/*
 * -netdev socket, stream and dgram: the options.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/link.h"

#include <string.h>

#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/bits.h"

/* An address in parts, as addr.*, local.* and remote.* give it. */
typedef enum AddrType { ADDR_NONE, ADDR_INET, ADDR_UNIX, ADDR_FD } AddrType;

typedef struct AddrProps {
    int type;
    char *host, *port, *path, *str;
    bool ipv4, ipv6, keep_alive, abstract, tight;
} AddrProps;

static const EnumName addr_types[] = {
    { "inet", ADDR_INET, "host and port" }, { "unix", ADDR_UNIX, "path" },
    { "fd", ADDR_FD, "str: a descriptor handed over" }, { "none", ADDR_NONE, NULL }, { NULL },
};

#define ADDR_PROPS(prefix, State, field)                                                  \
    PROP_ENUM(prefix ".type", State, field.type, ADDR_NONE, addr_types, "kind of address"), \
    PROP_STR(prefix ".host", State, field.host, NULL, "host name or address"),            \
    PROP_STR(prefix ".port", State, field.port, NULL, "port"),                            \
    PROP_STR(prefix ".path", State, field.path, NULL, "local socket"),                    \
    PROP_STR(prefix ".str", State, field.str, NULL, "number of a descriptor"),            \
    PROP_BOOL(prefix ".ipv4", State, field.ipv4, true, "use IPv4"),                       \
    PROP_BOOL(prefix ".ipv6", State, field.ipv6, true, "use IPv6"),                       \
    PROP_BOOL(prefix ".abstract", State, field.abstract, false, "path is no file"),       \
    PROP_BOOL(prefix ".tight", State, field.tight, true, "abstract: no padding")

static bool needed(const char *prefix, const char *key, const char *value, Error **errp)
{
    if (!value) {
        error_setg(errp, "'%s.%s' is missing", prefix, key);
    }
    return value != NULL;
}

/* Fills addr, or *fd for a descriptor. */
static bool resolve(const AddrProps *p, const char *prefix, bool passive, int type, NetAddr *addr,
                    int *fd, Error **errp)
{
    g_autofree char *key = g_strconcat(prefix, ".str", NULL);

    switch (p->type) {
    case ADDR_INET:
        if (!p->ipv4 && !p->ipv6) {
            error_setg(errp, "'%s.ipv4' and '%s.ipv6' are both off", prefix, prefix);
            return false;
        }
        return needed(prefix, "port", p->port, errp) &&
               net_addr_inet(addr, p->host, p->port, passive,
                             !p->ipv6 ? AF_INET : !p->ipv4 ? AF_INET6 : AF_UNSPEC, type, errp);
    case ADDR_UNIX:
        return needed(prefix, "path", p->path, errp) &&
               net_addr_unix(addr, p->path, p->abstract, p->tight, errp);
    case ADDR_FD:
        if (!needed(prefix, "str", p->str, errp)) {
            return false;
        }
        *fd = net_socket_from_fd(key, p->str, type, errp);
        return *fd >= 0;
    default:
        return needed(prefix, "type", NULL, errp);
    }
}

static char *describe_stream(const NetStream *s, const char *name)
{
    return g_strdup_printf("%s,%s=%s%s", name, s->server ? "listen" : "connect",
                           s->addr.text ? s->addr.text : "fd",
                           s->fd >= 0 && !s->connecting ? ",connected" : "");
}

static char *describe_dgram(const NetDgram *d, const char *name)
{
    return g_strdup_printf("%s,local=%s,remote=%s", name, d->local.text ? d->local.text : "",
                           d->remote.text ? d->remote.text : "");
}

/* ---- stream ---- */

#define TYPE_NETDEV_STREAM "netdev-stream"
OBJECT_DECLARE_SIMPLE(StreamNet, STREAM_NET, TYPE_NETDEV_STREAM)

struct StreamNet {
    NetBackend parent_obj;
    AddrProps addr;
    bool server;
    uint32_t reconnect, reconnect_ms;
    NetStream stream;
};

static bool stream_complete(Object *obj, Error **errp)
{
    StreamNet *s = STREAM_NET(obj);
    int fd = -1;

    if (s->reconnect && s->reconnect_ms) {
        error_setg(errp, "'reconnect' and 'reconnect-ms' exclude each other");
        return false;
    }
    if (s->server && (s->reconnect || s->reconnect_ms)) {
        error_setg(errp, "'reconnect-ms' is for clients: server=on waits for a peer anyway");
        return false;
    }
    if (!resolve(&s->addr, "addr", s->server, SOCK_STREAM, &s->stream.addr, &fd, errp)) {
        return false;
    }
    s->stream.server = s->server;
    s->stream.reconnect_ms = s->reconnect ? s->reconnect * 1000 : s->reconnect_ms;
    return net_stream_start(&s->stream, NETDEV(s), fd, errp);
}

static void stream_finalize(Object *obj)
{
    net_stream_stop(&STREAM_NET(obj)->stream);
    net_addr_clear(&STREAM_NET(obj)->stream.addr);
}

static char *stream_describe(NetBackend *nb)
{
    return describe_stream(&STREAM_NET(nb)->stream, "stream");
}

static const Property stream_props[] = {
    ADDR_PROPS("addr", StreamNet, addr),
    PROP_BOOL("addr.keep-alive", StreamNet, addr.keep_alive, false, "accepted"),
    PROP_BOOL("server", StreamNet, server, false, "wait for a peer instead of calling one"),
    PROP_U32("reconnect", StreamNet, reconnect, 0, 0, 3600, "the same in seconds"),
    PROP_U32("reconnect-ms", StreamNet, reconnect_ms, 0, 0, 3600000,
             "client: call again after this time, 0 never"),
    PROP_END
};

static void stream_class_init(ObjectClass *klass, const void *data)
{
    klass->props = stream_props;
    NETDEV_CLASS(klass)->describe = stream_describe;
    user_creatable_set_complete(klass, stream_complete);
}

/* ---- dgram ---- */

#define TYPE_NETDEV_DGRAM "netdev-dgram"
OBJECT_DECLARE_SIMPLE(DgramNet, DGRAM_NET, TYPE_NETDEV_DGRAM)

struct DgramNet {
    NetBackend parent_obj;
    AddrProps local, remote;
    NetDgram dgram;
};

static bool dgram_complete(Object *obj, Error **errp)
{
    DgramNet *d = DGRAM_NET(obj);
    NetDgram *g = &d->dgram;
    int fd = -1;

    g->fd = -1;
    if (d->local.type == ADDR_NONE && d->remote.type == ADDR_NONE) {
        error_setg(errp, "'local.type' is missing");
        return false;
    }
    if (d->remote.type == ADDR_FD) {
        error_setg(errp, "'remote.type' must be inet or unix");
        return false;
    }
    if ((d->local.type != ADDR_NONE &&
         !resolve(&d->local, "local", true, SOCK_DGRAM, &g->local, &fd, errp)) ||
        (d->remote.type != ADDR_NONE &&
         !resolve(&d->remote, "remote", false, SOCK_DGRAM, &g->remote, &fd, errp))) {
        return false;
    }
    if (!net_addr_is_multicast(&g->remote) && fd < 0) {
        if (d->local.type == ADDR_NONE || d->remote.type == ADDR_NONE) {
            error_setg(errp, "'%s.type' is missing (only a multicast group does without)",
                       d->local.type == ADDR_NONE ? "local" : "remote");
            return false;
        }
        if (g->local.sa.sa_family != g->remote.sa.sa_family) {
            error_setg(errp, "'local' and 'remote' are addresses of different kinds");
            return false;
        }
    }
    return net_dgram_start(g, NETDEV(d), fd, errp);
}

static void dgram_finalize(Object *obj)
{
    net_dgram_stop(&DGRAM_NET(obj)->dgram);
    net_addr_clear(&DGRAM_NET(obj)->dgram.local);
    net_addr_clear(&DGRAM_NET(obj)->dgram.remote);
}

static char *dgram_describe(NetBackend *nb)
{
    return describe_dgram(&DGRAM_NET(nb)->dgram, "dgram");
}

static const Property dgram_props[] = {
    ADDR_PROPS("local", DgramNet, local),
    ADDR_PROPS("remote", DgramNet, remote),
    PROP_END
};

static void dgram_class_init(ObjectClass *klass, const void *data)
{
    klass->props = dgram_props;
    NETDEV_CLASS(klass)->describe = dgram_describe;
    user_creatable_set_complete(klass, dgram_complete);
}

/* ---- socket: the older way to write both ---- */

#define TYPE_NETDEV_SOCKET "netdev-socket"
OBJECT_DECLARE_SIMPLE(SocketNet, SOCKET_NET, TYPE_NETDEV_SOCKET)

struct SocketNet {
    NetBackend parent_obj;
    char *fd, *listen, *connect, *mcast, *udp, *localaddr;
    NetStream stream;
    NetDgram dgram;
};

static bool socket_check(const SocketNet *s, Error **errp)
{
    unsigned given = !!s->fd + !!s->listen + !!s->connect + !!s->mcast + !!s->udp;

    if (given != 1) {
        error_setg(errp, "exactly one of 'fd', 'listen', 'connect', 'mcast' and 'udp' is needed");
    } else if (s->udp && !s->localaddr) {
        error_setg(errp, "'localaddr' is missing: where udp= receives");
    } else if (s->localaddr && !s->udp && !s->mcast) {
        error_setg(errp, "'localaddr' goes with 'mcast' and 'udp' only");
    } else {
        return true;
    }
    return false;
}

static bool start_dgram(SocketNet *s, Error **errp)
{
    NetDgram *d = &s->dgram;

    d->fd = -1;
    if (s->mcast) {
        if (!net_addr_host_port(&d->remote, "mcast", s->mcast, false, SOCK_DGRAM, errp)) {
            return false;
        }
        if (!net_addr_is_multicast(&d->remote)) {
            error_setg(errp, "mcast=%s: not a multicast address (224.0.0.0 to 239.255.255.255)",
                       s->mcast);
            return false;
        }
        if (s->localaddr &&
            !net_addr_inet(&d->local, s->localaddr, "0", true, AF_INET, SOCK_DGRAM, errp)) {
            return false;
        }
    } else if (!net_addr_host_port(&d->remote, "udp", s->udp, false, SOCK_DGRAM, errp) ||
               !net_addr_host_port(&d->local, "localaddr", s->localaddr, true, SOCK_DGRAM,
                                   errp)) {
        return false;
    }
    return net_dgram_start(d, NETDEV(s), -1, errp);
}

static bool socket_complete(Object *obj, Error **errp)
{
    SocketNet *s = SOCKET_NET(obj);
    int fd = -1;

    if (!socket_check(s, errp)) {
        return false;
    }
    if (s->mcast || s->udp) {
        return start_dgram(s, errp);
    }
    if (s->fd) {
        fd = net_socket_from_fd("fd", s->fd, SOCK_STREAM, errp);
        if (fd < 0) {
            return false;
        }
    } else if (!net_addr_host_port(&s->stream.addr, s->listen ? "listen" : "connect",
                                   s->listen ? s->listen : s->connect, s->listen != NULL,
                                   SOCK_STREAM, errp)) {
        return false;
    }
    s->stream.server = s->listen != NULL;
    return net_stream_start(&s->stream, NETDEV(s), fd, errp);
}

static void socket_finalize(Object *obj)
{
    SocketNet *s = SOCKET_NET(obj);

    net_stream_stop(&s->stream);
    net_dgram_stop(&s->dgram);
    net_addr_clear(&s->stream.addr);
    net_addr_clear(&s->dgram.local);
    net_addr_clear(&s->dgram.remote);
}

static char *socket_describe(NetBackend *nb)
{
    SocketNet *s = SOCKET_NET(nb);

    return s->dgram.nb ? describe_dgram(&s->dgram, "socket") : describe_stream(&s->stream, "socket");
}

static const Property socket_props[] = {
    PROP_STR("listen", SocketNet, listen, NULL, "[HOST]:PORT, wait there for a peer"),
    PROP_STR("connect", SocketNet, connect, NULL, "HOST:PORT, call the peer there"),
    PROP_STR("mcast", SocketNet, mcast, NULL, "ADDRESS:PORT, a group that all hear"),
    PROP_STR("udp", SocketNet, udp, NULL, "HOST:PORT, send datagrams there"),
    PROP_STR("localaddr", SocketNet, localaddr, NULL,
             "udp: [HOST]:PORT to receive at; mcast: address of the interface"),
    PROP_STR("fd", SocketNet, fd, NULL, "number of a connected stream socket"),
    PROP_END
};

static void socket_class_init(ObjectClass *klass, const void *data)
{
    klass->props = socket_props;
    NETDEV_CLASS(klass)->describe = socket_describe;
    user_creatable_set_complete(klass, socket_complete);
}

static const TypeInfo link_types[] = {
    {
        .name = TYPE_NETDEV_STREAM,
        .parent = TYPE_NETDEV,
        .desc = "frames over a stream socket to one peer",
        .instance_size = sizeof(StreamNet),
        .class_init = stream_class_init,
        .instance_finalize = stream_finalize,
    },
    {
        .name = TYPE_NETDEV_DGRAM,
        .parent = TYPE_NETDEV,
        .desc = "frames in datagrams, to a peer or a group",
        .instance_size = sizeof(DgramNet),
        .class_init = dgram_class_init,
        .instance_finalize = dgram_finalize,
    },
    {
        .name = TYPE_NETDEV_SOCKET,
        .parent = TYPE_NETDEV,
        .desc = "both, in the older form of the options",
        .instance_size = sizeof(SocketNet),
        .class_init = socket_class_init,
        .instance_finalize = socket_finalize,
    },
};
type_init_array(link_types);
