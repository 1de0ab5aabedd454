/*
 * What the files of net/ share: the base of back ends, and frame queues.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_NET_INT_H
#define VIREO_NET_INT_H

#include <netinet/in.h>

#include "backend/net.h"
#include "qom/object.h"
#include "util/error.h"
#include "util/log.h"

typedef struct Frame {
    size_t len;
    uint8_t data[];
} Frame;

/* Frames that wait; bounded by their number. */
typedef struct FrameQueue {
    GQueue q;
    unsigned max;
} FrameQueue;

struct NetBackend {
    Object parent_obj;
    bool attached;     /* main thread, like fe */
    NetFrontend fe;

    GMutex lock;       /* of what follows */
    FrameQueue to_net; /* from the guest */
    bool starved;      /* net_send() returned false */
    bool can_receive;  /* net_can_receive() was called */
    GSource *source;   /* made ready when there is work; NULL: not started */

    FrameQueue to_guest; /* main thread only: what the card had no room for */
};

struct NetBackendClass {
    ObjectClass parent_class;
    char *(*describe)(NetBackend *nb);
};

/* For back ends, on the main thread. A frame for the card; kept if it has no room. */
void net_deliver(NetBackend *nb, const uint8_t *buf, size_t len);
/* The next frame of the guest (g_free()), or NULL. */
Frame *net_take(NetBackend *nb);
/* When the source is dispatched: offers the card what it had no room for, wakes a starved card. */
void net_service(NetBackend *nb);

/* -netdev user: what the options say. All addresses in network byte order. */
#define TYPE_NETDEV_USER "netdev-user"
OBJECT_DECLARE_SIMPLE(UserNet, USER_NET, TYPE_NETDEV_USER)

typedef struct HostFwd {
    char *text;
    bool udp;
    struct in_addr host_addr, guest_addr;
    int host_port, guest_port;
} HostFwd;

struct UserNet {
    NetBackend parent_obj;
    /* properties */
    bool ipv4, ipv6, restricted;
    char *net, *host, *dhcpstart, *dns;
    char *ipv6_net, *ipv6_host, *ipv6_dns;
    char *hostname, *domainname, *tftp, *bootfile, *tftp_server_name;
    GPtrArray *hostfwd;   /* HostFwd */
    GPtrArray *dnssearch; /* char *, NULL at the end once started */

    struct in_addr a_net, a_mask, a_host, a_dhcp, a_dns;
    struct in6_addr a6_net, a6_host, a6_dns;
    uint8_t a6_prefix;
    LogLimit limit;
    void *impl; /* of slirp.c */
};

/* slirp.c, or no-slirp.c when built without libslirp. */
bool user_net_start(UserNet *un, Error **errp);
void user_net_stop(UserNet *un);
char *user_net_info(UserNet *un); /* connections, or NULL; g_free() */

#endif
