/*
 * Checksums and segmentation in software, for networks that take finished frames only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_NET_OFFLOAD_H
#define VIREO_NET_OFFLOAD_H

#include "backend/net.h"

/* Cuts one frame into finished ones. The frame must stay until the end. */
typedef struct NetSegments {
    const uint8_t *frame;
    size_t len;
    NetOffload off;
    uint8_t gso;         /* without NET_GSO_ECN */
    bool v6;
    size_t l3, l4, head; /* where the IP header, the next header and the data begin */
    size_t step;         /* data in each */
    size_t pos;          /* data done */
    unsigned count;
    bool finished;
    uint16_t udp_sum;    /* NET_GSO_UDP: of the whole datagram */
} NetSegments;

/* Most that net_segments_next() adds to the head and step of a frame: an IPv6 fragment header. */
#define NET_SEGMENT_EXTRA 8

/* False: the headers, or off, make no sense; the frame is to be dropped. */
bool net_segments_begin(NetSegments *s, const NetOffload *off, const uint8_t *frame, size_t len);
/* Bytes that net_segments_next() needs at most. */
size_t net_segments_room(const NetSegments *s);
/* The next finished frame in out; its length, or 0 at the end. */
size_t net_segments_next(NetSegments *s, uint8_t *out);

/* Whether off leaves anything to do. */
static inline bool net_offload_pending(const NetOffload *off)
{
    return off && ((off->flags & NET_F_NEEDS_CSUM) || off->gso);
}

#endif
