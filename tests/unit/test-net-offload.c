/*
 * Software segmentation and checksums: segments of random frames are checked by a receiver that
 * knows nothing of how they were made, and nonsense is dropped.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>

#include "net/offload.h"
#include "util/byteorder.h"

typedef struct Packet {
    uint8_t data[NET_MAX_FRAME];
    size_t l3, l4, head, len;
    bool v6, udp;
    NetOffload off;
} Packet;

/* ---- The receiver's view ---- */

/* Ones' complement sum of the bytes as big-endian words, the plain way. */
static uint32_t sum(const uint8_t *p, size_t len, uint32_t s)
{
    for (size_t i = 0; i < len; i++) {
        s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
        s = (s & 0xffff) + (s >> 16);
    }
    return s;
}

static uint32_t pseudo(const Packet *p, const uint8_t *f, size_t l4_len)
{
    uint8_t tail[4] = { 0, p->udp ? 17 : 6, l4_len >> 8, l4_len & 0xff };

    return sum(tail, 4, p->v6 ? sum(f + p->l3 + 8, 32, 0) : sum(f + p->l3 + 12, 8, 0));
}

static void check_ip(const Packet *p, const uint8_t *f, size_t len)
{
    if (p->v6) {
        g_assert_cmpuint(ld16_be(f + p->l3 + 4), ==, len - p->l3 - 40);
    } else {
        g_assert_cmpuint(ld16_be(f + p->l3 + 2), ==, len - p->l3);
        g_assert_cmphex(sum(f + p->l3, p->l4 - p->l3, 0), ==, 0xffff);
    }
}

/* ---- Making frames ---- */

static void make(Packet *p, GRand *r, bool v6, bool udp, unsigned tags, size_t payload)
{
    uint8_t *f = p->data, *ip;
    unsigned options = v6 || g_rand_boolean(r) ? 0 : 8, tcp_options = g_rand_int_range(r, 0, 4) * 4;

    for (size_t i = 0; i < 200 + payload; i++) {
        f[i] = g_rand_int(r);
    }
    p->v6 = v6;
    p->udp = udp;
    p->l3 = 14 + 4 * tags;
    for (unsigned t = 0; t < tags; t++) {
        st16_be(f + 12 + 4 * t, t + 1 < tags ? 0x88a8 : 0x8100);
    }
    st16_be(f + p->l3 - 2, v6 ? 0x86dd : 0x0800);
    ip = f + p->l3;
    p->l4 = p->l3 + (v6 ? 40 : 20 + options);
    p->head = p->l4 + (udp ? 8 : 20 + tcp_options);
    p->len = p->head + payload;
    if (v6) {
        ip[0] = 0x60;
        ip[6] = udp ? 17 : 6;
    } else {
        ip[0] = 0x40 | (5 + options / 4);
        ip[9] = udp ? 17 : 6;
        st16_be(ip + 6, 0x4000);
        st16_be(ip + 2, p->len - p->l3);
    }
    if (!udp) {
        f[p->l4 + 12] = (5 + tcp_options / 4) << 4;
        f[p->l4 + 13] = 0x80 | 0x18 | 0x01; /* CWR, PSH, ACK, FIN */
    }
    p->off = (NetOffload){ .flags = NET_F_NEEDS_CSUM, .csum_start = p->l4,
                           .csum_offset = udp ? 6 : 16, .hdr_len = p->head };
}

/* ---- Tests ---- */

static void cut_one(Packet *p, GRand *r)
{
    g_autofree uint8_t *out = g_malloc(NET_MAX_FRAME), *got = g_malloc(NET_MAX_FRAME);
    NetSegments s;
    size_t n, at = 0, payload = p->len - p->head;
    unsigned count = 0;

    g_assert_true(net_segments_begin(&s, &p->off, p->data, p->len));
    while ((n = net_segments_next(&s, out))) {
        size_t data = n - p->head;
        bool last = at + data == payload;

        g_assert_cmpuint(n, <=, net_segments_room(&s));
        g_assert_cmpuint(data, <=, p->off.gso_size);
        g_assert_true(last || data == p->off.gso_size);
        check_ip(p, out, n);
        g_assert_cmphex(sum(out + p->l4, n - p->l4, pseudo(p, out, n - p->l4)), ==, 0xffff);
        if (p->udp) {
            g_assert_cmpuint(ld16_be(out + p->l4 + 4), ==, n - p->l4);
        } else {
            g_assert_cmphex(ld32_be(out + p->l4 + 4), ==,
                            (uint32_t)(ld32_be(p->data + p->l4 + 4) + at));
            g_assert_cmphex(out[p->l4 + 13], ==, (at ? 0 : 0x80) | (last ? 0x19 : 0x10));
        }
        if (!p->v6) {
            g_assert_cmphex(ld16_be(out + p->l3 + 4), ==,
                            (uint16_t)(ld16_be(p->data + p->l3 + 4) + count));
        }
        memcpy(got + at, out + p->head, data);
        at += data;
        count++;
    }
    g_assert_cmpmem(got, at, p->data + p->head, payload);
    g_assert_cmpuint(count, ==, payload ? (payload + p->off.gso_size - 1) / p->off.gso_size : 1);
}

static void test_segments(void)
{
    g_autofree Packet *p = g_new0(Packet, 1);
    GRand *r = g_rand_new_with_seed(5);

    for (int i = 0; i < 400; i++) {
        bool udp = i & 1, v6 = i & 2;

        make(p, r, v6, udp, g_rand_int_range(r, 0, 3), g_rand_int_range(r, 0, 65000));
        p->off.gso = udp ? NET_GSO_UDP_L4 : (v6 ? NET_GSO_TCPV6 : NET_GSO_TCPV4) |
                                            (i & 4 ? NET_GSO_ECN : 0);
        p->off.gso_size = g_rand_int_range(r, 32, 9000);
        cut_one(p, r);
    }
    g_rand_free(r);
}

/* Fragments put together give the datagram, with its checksum. */
static void test_fragments(void)
{
    g_autofree Packet *p = g_new0(Packet, 1);
    g_autofree uint8_t *out = g_malloc(NET_MAX_FRAME), *got = g_malloc0(NET_MAX_FRAME);
    GRand *r = g_rand_new_with_seed(6);

    for (int i = 0; i < 100; i++) {
        size_t n, at = 0;
        NetSegments s;
        uint32_t id = 0;

        make(p, r, i & 1, true, 0, g_rand_int_range(r, 2000, 60000));
        p->off.gso = NET_GSO_UDP;
        p->off.gso_size = 1480;
        st16_be(p->data + p->l4 + 4, p->len - p->l4);
        g_assert_true(net_segments_begin(&s, &p->off, p->data, p->len));
        while ((n = net_segments_next(&s, out))) {
            size_t head = p->l4 + (p->v6 ? 8 : 0), here;
            bool more;

            g_assert_cmpuint(n, <=, net_segments_room(&s));
            check_ip(p, out, n);
            if (p->v6) {
                uint8_t *frag = out + p->l4;

                g_assert_cmpint(out[p->l3 + 6], ==, 44);
                g_assert_cmpint(frag[0], ==, 17);
                here = ld16_be(frag + 2) & ~7u;
                more = ld16_be(frag + 2) & 1;
                g_assert_true(!at || id == ld32_be(frag + 4));
                id = ld32_be(frag + 4);
            } else {
                here = (ld16_be(out + p->l3 + 6) & 0x1fff) * 8;
                more = ld16_be(out + p->l3 + 6) & 0x2000;
            }
            g_assert_cmpuint(here, ==, at);
            memcpy(got + p->l4 + at, out + head, n - head);
            at += n - head;
            g_assert_cmpint(more, ==, at < p->len - p->l4);
        }
        g_assert_cmpuint(at, ==, p->len - p->l4);
        memcpy(got, p->data, p->l4);
        g_assert_cmphex(sum(got + p->l4, at, pseudo(p, got, at)), ==, 0xffff);
        g_assert_cmpmem(got + p->head, p->len - p->head, p->data + p->head, p->len - p->head);
    }
    g_rand_free(r);
}

/* Only the checksum, as drivers ask for it: the sum of the pseudo header is in the field. */
static void test_checksum(void)
{
    g_autofree Packet *p = g_new0(Packet, 1);
    g_autofree uint8_t *out = g_malloc(NET_MAX_FRAME);
    GRand *r = g_rand_new_with_seed(7);

    for (int i = 0; i < 200; i++) {
        NetSegments s;

        make(p, r, i & 1, i & 2, i % 3, g_rand_int_range(r, 0, 1500));
        st16_be(p->data + p->l4 + p->off.csum_offset, pseudo(p, p->data, p->len - p->l4));
        g_assert_true(net_segments_begin(&s, &p->off, p->data, p->len));
        g_assert_cmpuint(net_segments_next(&s, out), ==, p->len);
        g_assert_cmphex(sum(out + p->l4, p->len - p->l4, pseudo(p, out, p->len - p->l4)), ==,
                        0xffff);
        g_assert_cmpuint(net_segments_next(&s, out), ==, 0);
    }
    g_rand_free(r);
}

static void test_refused(void)
{
    g_autofree Packet *p = g_new0(Packet, 1);
    GRand *r = g_rand_new_with_seed(8);
    NetSegments s;

#define REFUSED(change)                                                                   \
    do {                                                                                  \
        make(p, r, false, false, 0, 5000);                                                \
        p->off.gso = NET_GSO_TCPV4;                                                       \
        p->off.gso_size = 1448;                                                           \
        g_assert_true(net_segments_begin(&s, &p->off, p->data, p->len));                  \
        change;                                                                           \
        g_assert_false(net_segments_begin(&s, &p->off, p->data, p->len));                 \
    } while (0)
    REFUSED(p->off.gso = NET_GSO_TCPV6);
    REFUSED(p->off.gso = NET_GSO_UDP_L4);
    REFUSED(p->off.gso = 2);
    REFUSED(p->off.gso = 0x7f);
    REFUSED(p->off.gso_size = 0);
    REFUSED(p->off.gso_size = 1);
    REFUSED(p->off.flags = 0);
    REFUSED(p->off.csum_start = 0);
    REFUSED(p->off.csum_start = 65535);
    REFUSED(p->off.csum_start += 2);
    REFUSED(p->off.csum_offset = 18);
    REFUSED(p->len = p->l4 + 19);
    REFUSED(p->len = 13);
    REFUSED(p->data[p->l4 + 12] = 0x40);              /* a TCP header shorter than the least */
    REFUSED(p->data[p->l4 + 12] = 0xf0; p->len = p->l4 + 24);
    REFUSED(p->data[p->l3] = 0x65);
    REFUSED(p->data[p->l3] = 0x4f);
    REFUSED(p->data[p->l3 + 9] = 17);
    REFUSED(p->data[p->l3 + 6] = 0x20);               /* a fragment */
    REFUSED(st16_be(p->data + 12, 0x0806));
    REFUSED(st16_be(p->data + 12, 0x8100));
    REFUSED(p->off.gso = 0; p->off.csum_start = p->len - 1; p->off.csum_offset = 0);
    REFUSED(p->off.gso = 0; p->off.csum_start = 65535; p->off.csum_offset = 65535);
    g_rand_free(r);
}

/* Random bytes and headers: never more bytes than announced, always an end. */
static void test_noise(void)
{
    g_autofree Packet *p = g_new0(Packet, 1);
    GRand *r = g_rand_new_with_seed(9);
    unsigned fine = 0;

    for (int i = 0; i < 20000; i++) {
        NetSegments s;

        make(p, r, i & 1, i & 2, i % 3, g_rand_int_range(r, 0, 300));
        p->off.gso = g_rand_int_range(r, 0, 6);
        p->off.gso_size = g_rand_int_range(r, 0, 200);
        for (int k = g_rand_int_range(r, 0, 4); k > 0; k--) {
            p->data[g_rand_int_range(r, 12, 80)] ^= 1u << g_rand_int_range(r, 0, 8);
        }
        if (g_rand_boolean(r)) {
            p->len = g_rand_int_range(r, 1, p->len + 1);
        }
        if (g_rand_int_range(r, 0, 4) == 0) {
            p->off.csum_start = g_rand_int_range(r, 0, 400);
        }
        /* Copies of the exact size, so that a sanitizer sees any access beyond. */
        g_autofree uint8_t *frame = g_memdup2(p->data, p->len);
        if (net_segments_begin(&s, &p->off, frame, p->len)) {
            g_autofree uint8_t *out = g_malloc(net_segments_room(&s));
            unsigned n = 0;

            while (net_segments_next(&s, out)) {
                g_assert_cmpuint(n++, <, 64);
            }
            fine++;
        }
    }
    g_assert_cmpuint(fine, >, 1000);
    g_rand_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net-offload/segments", test_segments);
    g_test_add_func("/net-offload/fragments", test_fragments);
    g_test_add_func("/net-offload/checksum", test_checksum);
    g_test_add_func("/net-offload/refused", test_refused);
    g_test_add_func("/net-offload/noise", test_noise);
    return g_test_run();
}
