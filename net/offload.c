/*
 * Checksums (RFC 1071) and segmentation in software: TCP over IPv4 and IPv6, UDP datagrams, IP
 * fragments. Every length in the frame comes from a guest or a stranger: the headers are checked
 * once, before the first segment is made, and only offsets that were checked are used.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/offload.h"

#include <string.h>

#include "util/bits.h"
#include "util/byteorder.h"

#define ETH_HEAD 14
#define ETH_IP4 0x0800
#define ETH_IP6 0x86dd
#define IP4_HEAD 20
#define IP6_HEAD 40
#define TCP_HEAD 20
#define UDP_HEAD 8
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_FRAGMENT 44
#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80
/* Smaller segments would multiply a frame more than any network asks for. */
#define MIN_GSO_SIZE 32

/* ---- Checksums ---- */

static uint64_t sum16(const uint8_t *p, size_t len, uint64_t sum)
{
    for (; len >= 2; p += 2, len -= 2) {
        sum += ld16_be(p);
    }
    return len ? sum + ((uint64_t)p[0] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

/* Zero means "none" to UDP, and 0xffff is the same number. */
static uint16_t not_zero(uint16_t sum)
{
    return sum ? sum : 0xffff;
}

/* Of the addresses, protocol and length that TCP and UDP checksums cover. */
static uint64_t pseudo_sum(const NetSegments *s, const uint8_t *frame, unsigned proto, size_t len)
{
    const uint8_t *ip = frame + s->l3;

    return proto + len + (s->v6 ? sum16(ip + 8, 32, 0) : sum16(ip + 12, 8, 0));
}

/* ---- Checking ---- */

static bool find_ip(NetSegments *s)
{
    size_t at = ETH_HEAD - 2;
    unsigned type;

    if (s->len < ETH_HEAD) {
        return false;
    }
    type = ld16_be(s->frame + at);
    for (int tags = 0; (type == 0x8100 || type == 0x88a8) && tags < 2; tags++) {
        at += 4;
        if (s->len < at + 2) {
            return false;
        }
        type = ld16_be(s->frame + at);
    }
    s->l3 = at + 2;
    s->v6 = type == ETH_IP6;
    return type == ETH_IP4 || type == ETH_IP6;
}

/* The transport header begins at csum_start; IPv6 may have options before it. */
static bool check_ip(NetSegments *s, unsigned proto)
{
    const uint8_t *ip = s->frame + s->l3;

    s->l4 = s->off.csum_start;
    if (s->l4 > s->len || s->l4 < s->l3 + (s->v6 ? IP6_HEAD : IP4_HEAD)) {
        return false;
    }
    if (s->v6) {
        return ip[0] >> 4 == 6 && (s->l4 > s->l3 + IP6_HEAD || ip[6] == proto);
    }
    return ip[0] >> 4 == 4 && (size_t)(ip[0] & 15) * 4 == s->l4 - s->l3 && ip[9] == proto &&
           !(ld16_be(ip + 6) & 0x3fff); /* not a fragment itself */
}

static bool check_tcp(NetSegments *s)
{
    size_t size;

    if (!check_ip(s, PROTO_TCP) || s->len - s->l4 < TCP_HEAD) {
        return false;
    }
    size = (size_t)(s->frame[s->l4 + 12] >> 4) * 4;
    s->head = s->l4 + size;
    return size >= TCP_HEAD && size <= s->len - s->l4 && s->off.csum_offset == 16;
}

static bool check_udp(NetSegments *s)
{
    if (!check_ip(s, PROTO_UDP) || s->len - s->l4 < UDP_HEAD || s->off.csum_offset != 6) {
        return false;
    }
    s->head = s->l4 + UDP_HEAD;
    if (s->gso == NET_GSO_UDP && s->v6 && s->l4 != s->l3 + IP6_HEAD) {
        return false; /* whose next header is which would have to be found out */
    }
    if (s->gso == NET_GSO_UDP) {
        uint64_t sum = pseudo_sum(s, s->frame, PROTO_UDP, s->len - s->l4);

        /* Fragments of whole units of 8 bytes, the datagram's header in the first of them. */
        s->step &= ~(size_t)7;
        s->head = s->l4;
        sum += sum16(s->frame + s->l4, 6, 0);
        sum += sum16(s->frame + s->l4 + 8, s->len - s->l4 - 8, 0);
        s->udp_sum = not_zero(fold(sum));
    }
    return true;
}

bool net_segments_begin(NetSegments *s, const NetOffload *off, const uint8_t *frame, size_t len)
{
    *s = (NetSegments){ .frame = frame, .len = len, .off = *off, .step = off->gso_size };
    s->gso = off->gso & ~NET_GSO_ECN;
    if (len > NET_MAX_FRAME) {
        return false;
    }
    if (s->gso == NET_GSO_NONE) {
        return !(off->flags & NET_F_NEEDS_CSUM) ||
               (size_t)off->csum_start + off->csum_offset + 2 <= len;
    }
    if (!(off->flags & NET_F_NEEDS_CSUM) || s->step < MIN_GSO_SIZE || !find_ip(s)) {
        return false;
    }
    switch (s->gso) {
    case NET_GSO_TCPV4:
    case NET_GSO_TCPV6:
        return s->v6 == (s->gso == NET_GSO_TCPV6) && check_tcp(s);
    case NET_GSO_UDP:
    case NET_GSO_UDP_L4:
        return check_udp(s);
    default:
        return false;
    }
}

/* ---- Cutting ---- */

size_t net_segments_room(const NetSegments *s)
{
    return s->gso ? MIN(s->head + s->step, s->len) + NET_SEGMENT_EXTRA : s->len;
}

static size_t finish_whole(NetSegments *s, uint8_t *out)
{
    memcpy(out, s->frame, s->len);
    if (s->off.flags & NET_F_NEEDS_CSUM) {
        uint8_t *from = out + s->off.csum_start;

        /* The driver has put the sum of the pseudo header there. */
        st16_be(from + s->off.csum_offset,
                not_zero(fold(sum16(from, s->len - s->off.csum_start, 0))));
    }
    s->finished = true;
    return s->len;
}

static void finish_ip(NetSegments *s, uint8_t *out, size_t len, unsigned id_step)
{
    uint8_t *ip = out + s->l3;

    if (s->v6) {
        st16_be(ip + 4, len - s->l3 - IP6_HEAD);
        return;
    }
    st16_be(ip + 2, len - s->l3);
    st16_be(ip + 4, ld16_be(ip + 4) + id_step);
    st16_be(ip + 10, 0);
    st16_be(ip + 10, fold(sum16(ip, s->l4 - s->l3, 0)));
}

static void finish_tcp(NetSegments *s, uint8_t *out, size_t len, bool last)
{
    uint8_t *tcp = out + s->l4;

    st32_be(tcp + 4, ld32_be(tcp + 4) + (uint32_t)s->pos);
    if (!last) {
        tcp[13] &= ~(TCP_FIN | TCP_PSH);
    }
    if (s->count) {
        tcp[13] &= ~TCP_CWR;
    }
    st16_be(tcp + 16, 0);
    st16_be(tcp + 16, fold(sum16(tcp, len - s->l4,
                                 pseudo_sum(s, out, PROTO_TCP, len - s->l4))));
}

static void finish_udp(NetSegments *s, uint8_t *out, size_t len)
{
    uint8_t *udp = out + s->l4;

    st16_be(udp + 4, len - s->l4);
    st16_be(udp + 6, 0);
    st16_be(udp + 6, not_zero(fold(sum16(udp, len - s->l4,
                                         pseudo_sum(s, out, PROTO_UDP, len - s->l4)))));
}

/* A part of a datagram; the first holds the UDP header. */
static size_t finish_fragment(NetSegments *s, uint8_t *out, size_t data, bool last)
{
    size_t head = s->head;

    if (s->v6) {
        uint8_t *frag = out + s->l4;

        memmove(frag + 8, frag, data);
        memset(frag, 0, 8);
        frag[0] = PROTO_UDP;
        st16_be(frag + 2, s->pos | !last);
        /* Any number that other datagrams of these addresses do not have now. */
        st32_be(frag + 4, (uint32_t)s->udp_sum << 16 ^ ld32_be(s->frame + s->l4) ^ s->len);
        out[s->l3 + 6] = PROTO_FRAGMENT;
        head += 8;
    } else {
        st16_be(out + s->l3 + 6, s->pos / 8 | (last ? 0 : 0x2000));
    }
    if (s->pos == 0 && data >= UDP_HEAD) {
        st16_be(out + head + 6, s->udp_sum);
    }
    finish_ip(s, out, head + data, 0);
    return head + data;
}

size_t net_segments_next(NetSegments *s, uint8_t *out)
{
    size_t data, len;
    bool last;

    if (s->finished) {
        return 0;
    }
    if (!s->gso) {
        return finish_whole(s, out);
    }
    data = MIN(s->step, s->len - s->head - s->pos);
    last = s->head + s->pos + data == s->len;
    memcpy(out, s->frame, s->head);
    memcpy(out + s->head, s->frame + s->head + s->pos, data);
    len = s->head + data;
    if (s->gso == NET_GSO_UDP) {
        len = finish_fragment(s, out, data, last);
    } else {
        finish_ip(s, out, len, s->count);
        if (s->gso == NET_GSO_UDP_L4) {
            finish_udp(s, out, len);
        } else {
            finish_tcp(s, out, len, last);
        }
    }
    s->pos += data;
    s->count++;
    s->finished = last;
    return len;
}
