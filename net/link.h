/*
 * Networks of frames over sockets: streams and datagrams. The types are in socket.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_NET_LINK_H
#define VIREO_NET_LINK_H

#include "net/addr.h"
#include "net/net-int.h"

/* Frames handled in one round of the main loop. */
#define NET_BATCH 256

/* A source of the main loop that calls `ready` when a descriptor or net_send() has something. */
GSource *net_source_new(const char *name, void (*ready)(void *opaque), void *opaque);
/* Attaches it, and makes it the one that net_send() wakes. */
void net_source_start(GSource *source, NetBackend *nb);
void net_source_stop(GSource **source, NetBackend *nb);

/* Frames with their length, 4 bytes big-endian, in front. One peer at a time. */
typedef struct NetStream {
    NetBackend *nb;
    GSource *source;
    NetAddr addr;
    bool server;
    uint32_t reconnect_ms; /* client: 0 never */
    int listen_fd, fd;     /* -1: none */
    gpointer listen_tag, tag;
    bool connecting;
    guint reconnect_tag;
    uint8_t *in;           /* what has come of frames not delivered yet */
    size_t in_len;
    Frame *out;            /* being sent */
    size_t out_done;       /* bytes of it and its length */
    LogLimit limit;
} NetStream;

/* addr, server and reconnect_ms are set; or `fd` >= 0 is a connected socket. */
bool net_stream_start(NetStream *s, NetBackend *nb, int fd, Error **errp);
void net_stream_stop(NetStream *s);

/* One frame in a datagram. */
typedef struct NetDgram {
    NetBackend *nb;
    GSource *source;
    NetAddr local, remote; /* len 0: none */
    int fd;
    gpointer tag;
    bool bound;            /* the local path is ours to remove */
    Frame *out;            /* what the socket had no room for */
} NetDgram;

/* local and remote are set; or `fd` >= 0 is a socket. */
bool net_dgram_start(NetDgram *d, NetBackend *nb, int fd, Error **errp);
void net_dgram_stop(NetDgram *d);

#endif
