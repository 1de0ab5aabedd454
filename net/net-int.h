/*
 * What the files of net/ share: the base of back ends, and frame queues.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_NET_INT_H
#define VIREO_NET_INT_H

#include <netinet/in.h>

#include "net/offload.h"
#include "qom/object.h"
#include "util/error.h"
#include "util/log.h"

typedef struct Frame {
    size_t len;
    uint16_t queue;
    NetOffload off;
    uint8_t data[];
} Frame;

/* Frames that wait; bounded by their number and their bytes. */
typedef struct FrameQueue {
    GQueue q;
    unsigned max;
    size_t bytes;
} FrameQueue;

#define NET_MAX_QUEUED_BYTES (16 * 1024 * 1024)

/* Sees every frame of a back end, on the main thread. */
typedef struct NetFilter {
    void (*frame)(struct NetFilter *f, bool from_guest, const uint8_t *data, size_t len);
} NetFilter;

struct NetBackend {
    Object parent_obj;
    bool attached;     /* main thread, like fe */
    NetFrontend fe;
    char *owner;
    unsigned queues;   /* set by complete(), 1 unless it says otherwise */
    bool vnet;         /* the network takes NetOffload as it is */
    bool link_down;
    GPtrArray *filters; /* NetFilter */
    uint32_t accept;   /* NET_ACCEPT_*, atomic */

    GMutex lock;       /* of what follows */
    FrameQueue to_net; /* from the guest */
    bool starved;      /* net_send() returned false */
    bool can_receive;  /* net_can_receive() was called */
    GSource *source;   /* made ready when there is work; NULL: not started */

    /* Main thread only. */
    FrameQueue to_guest; /* what the card had no room for */
    Frame *cut;          /* being cut into segments, or NULL */
    NetSegments segments;
};

struct NetBackendClass {
    ObjectClass parent_class;
    char *(*describe)(NetBackend *nb);
    /* What the card accepts, or the queues it serves, have changed. Any thread; may be NULL. */
    void (*set_accept)(NetBackend *nb, uint32_t accept);
    void (*set_queues)(NetBackend *nb, unsigned queues);
};

/* For back ends, on the main thread. A frame for the card; kept if it has no room. */
void net_deliver(NetBackend *nb, const uint8_t *buf, size_t len);
void net_deliver_offload(NetBackend *nb, unsigned queue, const NetOffload *off, const uint8_t *buf,
                         size_t len);
/* Whether it is time to deliver: nothing waits for the card. False with no card: drop it. */
bool net_congested(const NetBackend *nb);
/* The next frame of the guest (g_free()), or NULL. Its `off` is all done unless vnet. */
Frame *net_take(NetBackend *nb);
/* When the source is dispatched: offers the card what it had no room for, wakes a starved card. */
void net_service(NetBackend *nb);

void net_add_filter(NetBackend *nb, NetFilter *f);
void net_remove_filter(NetBackend *nb, NetFilter *f);

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
/* Begins (on) or ends forwarding as f says. */
bool user_net_forward(UserNet *un, const HostFwd *f, bool on, Error **errp);
char *user_net_info(UserNet *un); /* connections, or NULL; g_free() */

#endif
