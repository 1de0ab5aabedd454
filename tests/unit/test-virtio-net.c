/*
 * virtio-net under hand-driven rings, with a toy network and with the user-mode network behind it:
 * both directions, flow control, the filter and its control queue, malformed chains; and the
 * options of -netdev user.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-rig.h"

#include "config-host.h"
#include "net/net-int.h"
#include "qom/user-creatable.h"

#define HDR 12
#define TXBUF RIG_FREE
#define RXBUF (RIG_FREE + 0x100000)
#define F_MRG (1ull << 15)

/* ---- A network that keeps what it gets ---- */

#define TYPE_TOYNET "netdev-toy"

static GSource *toy_source;
static GPtrArray *toy_got; /* Frame */
static bool toy_deaf;      /* takes nothing from its queue */
static NetBackend *toy;

static gboolean toy_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    Frame *f;

    g_source_set_ready_time(source, -1);
    while (!toy_deaf && (f = net_take(toy))) {
        g_ptr_array_add(toy_got, f);
    }
    net_service(toy);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs toy_funcs = { .dispatch = toy_dispatch };

static uint32_t toy_accept;
static unsigned toy_queues;

static void toy_set_accept(NetBackend *nb, uint32_t accept)
{
    toy_accept = accept;
}

static void toy_set_queues(NetBackend *nb, unsigned queues)
{
    toy_queues = queues;
}

static bool toy_complete(Object *obj, Error **errp)
{
    toy = NETDEV(obj);
    toy->queues = 3;
    toy_accept = toy_queues = 0;
    toy_got = g_ptr_array_new_with_free_func(g_free);
    toy_deaf = false;
    toy_source = g_source_new(&toy_funcs, sizeof(GSource));
    g_source_attach(toy_source, NULL);
    toy->source = toy_source;
    return true;
}

static void toy_finalize(Object *obj)
{
    g_source_destroy(toy_source);
    g_source_unref(toy_source);
    g_ptr_array_unref(toy_got);
}

static void toy_class_init(ObjectClass *klass, const void *data)
{
    user_creatable_set_complete(klass, toy_complete);
    NETDEV_CLASS(klass)->set_accept = toy_set_accept;
    NETDEV_CLASS(klass)->set_queues = toy_set_queues;
}

static const TypeInfo toy_type = {
    .name = TYPE_TOYNET,
    .parent = TYPE_NETDEV,
    .instance_size = sizeof(NetBackend),
    .class_size = sizeof(NetBackendClass),
    .class_init = toy_class_init,
    .instance_finalize = toy_finalize,
};
type_init(toy_type);

static Object *netdev(const char *type, const char *id, const char *options, char **msg)
{
    Error *err = NULL;
    g_autoptr(KeyVals) kv = keyval_parse_list(options, NULL, false, &err);
    Object *o = kv ? user_creatable_new(type, "/netdevs", id, kv, &err) : NULL;

    if (msg) {
        *msg = err ? g_strdup(error_get_pretty(err)) : NULL;
    } else if (err) {
        g_error("%s", error_get_pretty(err));
    }
    error_free(err);
    return o;
}

/* ---- Card and rings ---- */

typedef struct Card {
    Rig *r;
    Ring rx, tx, ctrl;
    unsigned hdr;
} Card;

static void card_start(Card *c, uint64_t drop, unsigned rx_num)
{
    rig_negotiate(c->r, drop);
    ring_setup(&c->rx, c->r, 0, rx_num);
    ring_setup(&c->tx, c->r, 1, 64);
    ring_setup(&c->ctrl, c->r, 2, 64);
    rig_driver_ok(c->r);
    c->hdr = rd(c->r, R_VERSION) == 1 && !(c->r->features & F_MRG) ? 10 : HDR;
}

static Card *card_new(bool legacy, const char *type, const char *options)
{
    static const char *const props[] = { "netdev", "n", NULL };
    Card *c = g_new0(Card, 1);

    netdev(type, "n", options, NULL);
    c->r = rig_new(legacy);
    rig_plug(c->r, "virtio-net-device", props);
    return c;
}

static void card_free(Card *c)
{
    Object *n = object_resolve_path("/netdevs/n");

    rig_free(c->r);
    object_unparent(n);
    g_free(c);
}

static void rx_add(Card *c, unsigned slot, uint32_t len)
{
    Seg s = { RXBUF + slot * 0x1000ull, len, true };

    ring_add(&c->rx, &s, 1);
    ring_kick(&c->rx);
}

static void tx_frame(Card *c, const void *frame, size_t len)
{
    uint8_t hdr[HDR] = { 0 };
    Seg segs[] = { { TXBUF, c->hdr, false }, { TXBUF + 64, len, false } };

    rig_poke(c->r, TXBUF, hdr, c->hdr);
    rig_poke(c->r, TXBUF + 64, frame, len);
    ring_add(&c->tx, segs, 2);
    ring_kick(&c->tx);
}

/* A frame to `mac`, `len` bytes, with a pattern. */
static void make_frame(uint8_t *f, size_t len, const uint8_t *mac)
{
    for (size_t i = 0; i < len; i++) {
        f[i] = i * 13 + len;
    }
    memcpy(f, mac, 6);
    st16_be(f + 12, 0x88b5);
}

static const uint8_t card_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static const uint8_t bcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* ---- Tests ---- */

static void test_config(void)
{
    Card *c = card_new(false, TYPE_TOYNET, "");
    uint64_t f = rig_offered(c->r) & ~RIG_FORMATS;

    for (unsigned i = 0; i < 64; i++) {
        bool want = i <= 2 || i == 5 || (i >= 7 && i <= 21) || i == 23 || i == 28 || i == 29 ||
                    i == 32 || i == 40 || (i >= 54 && i <= 56);
        g_assert_cmpint((f >> i) & 1, ==, want);
    }
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmphex(rig_read(c->r, R_CONFIG + i, 1), ==, card_mac[i]);
    }
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 6, 2), ==, 1);
    card_free(c);
}

static void test_transmit(void)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        for (int mrg = 0; mrg < 2; mrg++) {
            Card *c = card_new(legacy, TYPE_TOYNET, "");
            uint8_t f[1514];

            card_start(c, mrg ? 0 : F_MRG, 16);
            for (unsigned len = 14; len <= 1514; len += 250) {
                make_frame(f, len, bcast);
                tx_frame(c, f, len);
                ring_wait(&c->tx, NULL);
                ring_settle();
                g_assert_cmpint(toy_got->len, ==, 1);
                Frame *got = g_ptr_array_index(toy_got, 0);
                g_assert_cmpmem(got->data, got->len, f, len);
                g_ptr_array_set_size(toy_got, 0);
            }
            card_free(c);
        }
    }
}

static void expect_rx(Card *c, const uint8_t *f, size_t len)
{
    uint8_t buf[2048];

    g_assert_cmpint(ring_wait(&c->rx, NULL), ==, len + c->hdr);
    rig_peek(c->r, RXBUF, buf, len + c->hdr);
    g_assert_cmpint(buf[0], ==, 0);
    if (c->hdr == HDR) {
        g_assert_cmpint(ld16_le(buf + 10), ==, 1);
    }
    g_assert_cmpmem(buf + c->hdr, len, f, len);
}

static void test_receive(void)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        for (int mrg = 0; mrg < 2; mrg++) {
            Card *c = card_new(legacy, TYPE_TOYNET, "");
            uint8_t f[1514];

            make_frame(f, 600, card_mac);
            net_deliver(toy, f, 600); /* nobody is there: dropped */
            card_start(c, mrg ? 0 : F_MRG, 16);
            ring_settle();
            for (unsigned len = 60; len <= 1514; len += 100) {
                make_frame(f, len, card_mac);
                rx_add(c, 0, 2048);
                net_deliver(toy, f, len);
                expect_rx(c, f, len);
            }
            g_assert_true(c->r->irq);
            card_free(c);
        }
    }
}

/* One frame over several buffers, all visible at once. */
static void test_mergeable(void)
{
    Card *c = card_new(false, TYPE_TOYNET, "");
    uint8_t f[1514], buf[2048];
    size_t at = 0;

    card_start(c, 0, 16);
    make_frame(f, 1514, card_mac);
    for (unsigned i = 0; i < 8; i++) {
        rx_add(c, i, 400);
    }
    net_deliver(toy, f, 1514);
    g_assert_cmpint(ring_used_idx(&c->rx), ==, 4);
    for (unsigned i = 0; i < 4; i++) {
        uint32_t n = ring_take(&c->rx, NULL);

        g_assert_cmpint(n, ==, i < 3 ? 400 : 1514 + HDR - 1200);
        rig_peek(c->r, RXBUF + i * 0x1000, buf + at, n);
        at += n;
    }
    g_assert_cmpint(ld16_le(buf + 10), ==, 4);
    g_assert_cmpmem(buf + HDR, at - HDR, f, 1514);
    /* Not mergeable: a buffer that is too small costs the frame, not the device. */
    card_start(c, F_MRG, 16);
    rx_add(c, 0, 400);
    net_deliver(toy, f, 1514);
    ring_settle();
    g_assert_cmpint(ring_used_idx(&c->rx), ==, 0);
    make_frame(f, 100, card_mac);
    net_deliver(toy, f, 100);
    expect_rx(c, f, 100);
    card_free(c);
}

/* Frames wait for buffers, in order; they are dropped while there is no driver. */
static void test_back_pressure_rx(void)
{
    Card *c = card_new(false, TYPE_TOYNET, "");
    uint8_t f[100];

    card_start(c, 0, 16);
    for (unsigned i = 0; i < 10; i++) {
        make_frame(f, 60 + i, card_mac);
        net_deliver(toy, f, 60 + i);
    }
    ring_settle();
    g_assert_cmpint(ring_used_idx(&c->rx), ==, 0);
    for (unsigned i = 0; i < 10; i++) {
        make_frame(f, 60 + i, card_mac);
        rx_add(c, 0, 2048);
        expect_rx(c, f, 60 + i);
    }
    for (unsigned i = 0; i < 6000; i++) {
        net_deliver(toy, f, 60); /* more than is kept */
    }
    g_assert_cmpint(toy->to_guest.q.length, <=, 4096);
    wr(c->r, R_STATUS, 0);
    ring_settle();
    g_assert_cmpint(toy->to_guest.q.length, ==, 0);
    card_start(c, 0, 16);
    rx_add(c, 0, 2048);
    make_frame(f, 99, card_mac);
    net_deliver(toy, f, 99);
    expect_rx(c, f, 99);
    card_free(c);
}

/* A network that does not read stops the transmit queue, and starts it again. */
static void test_back_pressure_tx(void)
{
    Card *c = card_new(false, TYPE_TOYNET, "");
    uint8_t f[100];
    unsigned sent = 0;

    card_start(c, 0, 16);
    toy_deaf = true;
    make_frame(f, 100, bcast);
    while (sent < 5000) {
        tx_frame(c, f, 100);
        sent++;
        if (ring_used_idx(&c->tx) == c->tx.used_seen) {
            break;
        }
        ring_take(&c->tx, NULL);
    }
    g_assert_cmpint(sent, >, 1000);
    g_assert_cmpint(sent, <, 5000);
    ring_settle();
    g_assert_cmpint(ring_used_idx(&c->tx), ==, c->tx.used_seen);
    toy_deaf = false;
    g_source_set_ready_time(toy_source, 0);
    ring_wait(&c->tx, NULL);
    ring_settle();
    g_assert_cmpint(toy_got->len, ==, sent);
    card_free(c);
}

static uint8_t command(Card *c, uint8_t class, uint8_t cmd, const void *data, size_t len)
{
    uint8_t head[2] = { class, cmd }, ack = 0xee;
    Seg segs[3] = { { TXBUF, 2, false }, { TXBUF + 64, len, false }, { TXBUF + 0x8000, 1, true } };

    rig_poke(c->r, TXBUF, head, 2);
    rig_poke(c->r, TXBUF + 0x8000, &ack, 1);
    if (len) {
        rig_poke(c->r, TXBUF + 64, data, len);
        ring_add(&c->ctrl, segs, 3);
    } else {
        segs[1] = segs[2];
        ring_add(&c->ctrl, segs, 2);
    }
    ring_kick(&c->ctrl);
    ring_wait(&c->ctrl, NULL);
    rig_peek(c->r, TXBUF + 0x8000, &ack, 1);
    return ack;
}

static bool hears(Card *c, const uint8_t *mac)
{
    uint8_t f[64];
    bool heard;

    make_frame(f, 64, mac);
    net_deliver(toy, f, 64);
    heard = ring_used_idx(&c->rx) != c->rx.used_seen;
    if (heard) {
        ring_take(&c->rx, NULL);
        rx_add(c, 0, 2048);
    }
    return heard;
}

static void set_mode(Card *c, uint8_t cmd, uint8_t on)
{
    g_assert_cmpint(command(c, 0, cmd, &on, 1), ==, 0);
}

static void test_filter(void)
{
    static const uint8_t multi[6] = { 0x33, 0x33, 0, 0, 0, 1 }, other[6] = { 2, 0, 0, 0, 0, 9 };
    static const uint8_t own[6] = { 2, 1, 1, 1, 1, 1 };
    Card *c = card_new(false, TYPE_TOYNET, "");
    uint8_t table[8 + 12] = { 0 };

    card_start(c, 0, 16);
    rx_add(c, 0, 2048);
    g_assert_true(hears(c, other)); /* promiscuous until told otherwise */
    set_mode(c, 0, 0);
    g_assert_false(hears(c, other));
    g_assert_false(hears(c, multi));
    g_assert_true(hears(c, card_mac));
    g_assert_true(hears(c, bcast));
    set_mode(c, 1, 1);
    g_assert_true(hears(c, multi));
    set_mode(c, 3, 1);
    g_assert_false(hears(c, multi));
    set_mode(c, 3, 0);
    set_mode(c, 1, 0);
    set_mode(c, 2, 1);
    g_assert_true(hears(c, other));
    set_mode(c, 4, 1);
    g_assert_false(hears(c, card_mac));
    set_mode(c, 4, 0);
    set_mode(c, 2, 0);
    set_mode(c, 5, 1);
    g_assert_false(hears(c, bcast));
    set_mode(c, 5, 0);
    /* Tables. */
    st32_le(table, 1);
    memcpy(table + 4, other, 6);
    st32_le(table + 10, 1);
    memcpy(table + 14, multi, 6);
    g_assert_cmpint(command(c, 1, 0, table, 20), ==, 0);
    g_assert_true(hears(c, other));
    g_assert_true(hears(c, multi));
    g_assert_false(hears(c, own));
    g_assert_cmpint(command(c, 1, 1, own, 6), ==, 0);
    g_assert_true(hears(c, own));
    g_assert_false(hears(c, card_mac));
    g_assert_cmphex(rig_read(c->r, R_CONFIG, 1), ==, 2);
    /* Everything ends with a reset. */
    card_start(c, 0, 16);
    g_assert_cmphex(rig_read(c->r, R_CONFIG, 1), ==, 0x52);
    rx_add(c, 0, 2048);
    g_assert_true(hears(c, other));
    card_free(c);
}

static void test_commands(void)
{
    Card *c = card_new(false, TYPE_TOYNET, "");
    g_autofree uint8_t *big = g_malloc0(8 + 100 * 6);
    uint8_t b[16] = { 0 };

    card_start(c, 0, 16);
    g_assert_cmpint(command(c, 0, 0, NULL, 0), ==, 1);      /* no data */
    g_assert_cmpint(command(c, 0, 6, b, 1), ==, 1);         /* no such command */
    g_assert_cmpint(command(c, 9, 0, b, 1), ==, 1);         /* no such class */
    g_assert_cmpint(command(c, 1, 0, b, 4), ==, 1);         /* half of it */
    g_assert_cmpint(command(c, 1, 0, b, 3), ==, 1);
    g_assert_cmpint(command(c, 1, 0, b, 9), ==, 1);         /* too much */
    g_assert_cmpint(command(c, 1, 1, b, 5), ==, 1);
    g_assert_cmpint(command(c, 1, 1, b, 7), ==, 1);
    st32_le(b, UINT32_MAX);                                 /* a count that would overflow */
    g_assert_cmpint(command(c, 1, 0, b, 8), ==, 1);
    st32_le(b, 0x2aaaaaab);                                 /* times 6 is 2 in 32 bits */
    g_assert_cmpint(command(c, 1, 0, b, 10), ==, 1);
    st32_le(big, 100);                                      /* long, but whole */
    g_assert_cmpint(command(c, 1, 0, big, 8 + 100 * 6), ==, 0);
    st16_le(b, 4096);
    g_assert_cmpint(command(c, 2, 0, b, 2), ==, 1);
    st16_le(b, 5);
    g_assert_cmpint(command(c, 2, 0, b, 2), ==, 0);
    g_assert_cmpint(command(c, 2, 2, b, 2), ==, 1);
    g_assert_false(rig_broken(c->r));
    card_free(c);
}

static void test_malformed(void)
{
    static const struct {
        unsigned queue, n;
        Seg segs[2];
    } bad[] = {
        { 1, 1, { { TXBUF, 11, false } } },                           /* shorter than the header */
        { 1, 2, { { TXBUF, 64, false }, { TXBUF, 8, true } } },       /* writable in transmit */
        { 1, 2, { { TXBUF, 12, false }, { RIG_TRAP, 60, false } } },
        { 1, 1, { { TXBUF, 64, true } } },
        { 2, 1, { { TXBUF, 2, false } } },                            /* no room for the answer */
        { 2, 2, { { TXBUF, 1, false }, { TXBUF + 64, 1, true } } },   /* half a header */
        { 2, 1, { { TXBUF, 1, true } } },
        { 0, 1, { { RXBUF, 11, true } } },                            /* no room for a header */
        { 0, 1, { { RXBUF, 2048, false } } },
        { 0, 2, { { RXBUF, 16, false }, { RXBUF, 2048, true } } },
        { 0, 1, { { RIG_TRAP, 2048, true } } },
    };
    Card *c = card_new(false, TYPE_TOYNET, "");
    uint8_t f[100];

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        Ring *q;

        card_start(c, 0, 16);
        q = bad[i].queue == 0 ? &c->rx : bad[i].queue == 1 ? &c->tx : &c->ctrl;
        ring_add(q, bad[i].segs, bad[i].n);
        ring_kick(q);
        make_frame(f, 100, card_mac);
        net_deliver(toy, f, 100);
        ring_settle();
        g_assert_true(rig_broken(c->r));
        card_start(c, 0, 16);
        rx_add(c, 0, 2048);
        net_deliver(toy, f, 100);
        expect_rx(c, f, 100);
        g_ptr_array_set_size(toy_got, 0);
        tx_frame(c, f, 100);
        ring_wait(&c->tx, NULL);
        ring_settle();
        g_assert_cmpint(toy_got->len, ==, 1);
    }
    /* Frames that no network carries cost nothing. */
    g_ptr_array_set_size(toy_got, 0);
    Seg empty = { TXBUF, 12, false }, huge[] = { { TXBUF, 12, false }, { TXBUF, 200000, false } };
    ring_add(&c->tx, &empty, 1);
    ring_add(&c->tx, huge, 2);
    ring_kick(&c->tx);
    ring_wait(&c->tx, NULL);
    ring_wait(&c->tx, NULL);
    ring_settle();
    g_assert_cmpint(toy_got->len, ==, 0);
    card_free(c);
}

/* ---- Offloads and queues ---- */

static const NetOffload tso = { .flags = NET_F_NEEDS_CSUM, .gso = NET_GSO_TCPV4, .hdr_len = 54,
                                .gso_size = 1000, .csum_start = 34, .csum_offset = 16 };

static void make_tcp(uint8_t *f, size_t len)
{
    make_frame(f, len, card_mac);
    st16_be(f + 12, 0x0800);
    f[14] = 0x45;
    st16_be(f + 20, 0);
    f[23] = 6;
    f[46] = 0x50;
}

/* Sends a frame with a header in front. */
static void tx_offload(Card *c, const NetOffload *off, const uint8_t *frame, size_t len)
{
    uint8_t hdr[HDR] = { off->flags, off->gso };
    Seg segs[] = { { TXBUF, c->hdr, false }, { TXBUF + 64, len, false } };

    st16_le(hdr + 2, off->hdr_len);
    st16_le(hdr + 4, off->gso_size);
    st16_le(hdr + 6, off->csum_start);
    st16_le(hdr + 8, off->csum_offset);
    rig_poke(c->r, TXBUF, hdr, c->hdr);
    rig_poke(c->r, TXBUF + 64, frame, len);
    ring_add(&c->tx, segs, 2);
    ring_kick(&c->tx);
    ring_wait(&c->tx, NULL);
    ring_settle();
}

static void test_offload_tx(void)
{
    uint8_t f[3054];

    make_tcp(f, sizeof(f));
    for (int vnet = 0; vnet < 2; vnet++) {
        Card *c = card_new(false, TYPE_TOYNET, "");
        Frame *got;

        toy->vnet = vnet;
        card_start(c, 0, 16);
        tx_offload(c, &tso, f, sizeof(f));
        if (vnet) { /* as it is */
            g_assert_cmpuint(toy_got->len, ==, 1);
            got = toy_got->pdata[0];
            g_assert_cmpmem(got->data, got->len, f, sizeof(f));
            g_assert_cmpmem(&got->off, sizeof(tso), &tso, sizeof(tso));
        } else { /* cut */
            g_assert_cmpuint(toy_got->len, ==, 3);
            for (int i = 0; i < 3; i++) {
                got = toy_got->pdata[i];
                g_assert_cmpuint(got->len, ==, 1054);
                g_assert_cmpmem(got->data + 54, 1000, f + 54 + 1000 * i, 1000);
            }
        }
        /* What was not negotiated is dropped, and the device goes on. */
        g_ptr_array_set_size(toy_got, 0);
        card_start(c, BIT_ULL(11), 16);
        tx_offload(c, &tso, f, sizeof(f));
        g_assert_cmpuint(toy_got->len, ==, 0);
        card_start(c, BIT_ULL(0), 16);
        tx_offload(c, &(NetOffload){ .flags = NET_F_NEEDS_CSUM, .csum_start = 34,
                                     .csum_offset = 16 }, f, 100);
        g_assert_cmpuint(toy_got->len, ==, 0);
        tx_frame(c, f, 100);
        ring_wait(&c->tx, NULL);
        ring_settle();
        g_assert_cmpuint(toy_got->len, ==, 1);
        card_free(c);
    }
}

/* A large segment for a driver that takes it, and for one that does not. */
static void test_offload_rx(void)
{
    Card *c = card_new(false, TYPE_TOYNET, "");
    uint8_t f[3054], buf[4096];
    uint64_t off;

    make_tcp(f, sizeof(f));
    card_start(c, 0, 16);
    g_assert_cmphex(toy_accept, ==, 0x7f);
    rx_add(c, 0, 4096);
    net_deliver_offload(toy, 0, &tso, f, sizeof(f));
    g_assert_cmpuint(ring_wait(&c->rx, NULL), ==, sizeof(f) + HDR);
    rig_peek(c->r, RXBUF, buf, sizeof(f) + HDR);
    g_assert_cmpint(buf[0], ==, 1);
    g_assert_cmpint(buf[1], ==, NET_GSO_TCPV4);
    g_assert_cmpint(ld16_le(buf + 4), ==, 1000);
    g_assert_cmpint(ld16_le(buf + 6), ==, 34);
    g_assert_cmpint(ld16_le(buf + 8), ==, 16);
    g_assert_cmpmem(buf + HDR, sizeof(f), f, sizeof(f));
    /* It switches them off through the control queue. */
    off = 0;
    g_assert_cmpint(command(c, 5, 0, &off, 8), ==, 0);
    g_assert_cmphex(toy_accept, ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        rx_add(c, i, 4096);
    }
    net_deliver_offload(toy, 0, &tso, f, sizeof(f));
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpuint(ring_wait(&c->rx, NULL), ==, 1054 + HDR);
        rig_peek(c->r, RXBUF + i * 0x1000, buf, 1054 + HDR);
        g_assert_cmpint(buf[0] | buf[1], ==, 0);
        g_assert_cmpmem(buf + HDR + 54, 1000, f + 54 + i * 1000, 1000);
    }
    st64_le(&off, BIT_ULL(1) | BIT_ULL(7));
    g_assert_cmpint(command(c, 5, 0, &off, 8), ==, 0);
    g_assert_cmphex(toy_accept, ==, NET_ACCEPT_CSUM | NET_ACCEPT_TSO4);
    st64_le(&off, BIT_ULL(11)); /* none of those that can be switched */
    g_assert_cmpint(command(c, 5, 0, &off, 8), ==, 1);
    g_assert_cmpint(command(c, 5, 1, &off, 8), ==, 1);
    g_assert_cmpint(command(c, 5, 0, &off, 7), ==, 1);
    wr(c->r, R_STATUS, 0);
    g_assert_cmphex(toy_accept, ==, 0);
    card_free(c);
}

static void test_queues(void)
{
    static const char *const props[] = { "netdev", "n", "mq", "on", "host_mtu", "1400",
                                         "speed", "1000", "duplex", "full", NULL };
    Card *c = g_new0(Card, 1);
    Ring rx[3], tx[3];
    uint8_t f[100], n[2];

    netdev(TYPE_TOYNET, "n", "", NULL);
    c->r = rig_new(false);
    rig_plug(c->r, "virtio-net-device", props);
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 8, 2), ==, 3);
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 10, 2), ==, 1400);
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 12, 4), ==, 1000);
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 16, 1), ==, 1);
    for (int round = 0; round < 2; round++) {
        rig_negotiate(c->r, 0);
        for (unsigned i = 0; i < 3; i++) {
            ring_setup(&rx[i], c->r, 2 * i, 16);
            ring_setup(&tx[i], c->r, 2 * i + 1, 16);
        }
        ring_setup(&c->ctrl, c->r, 6, 16);
        rig_driver_ok(c->r);
        c->hdr = HDR;
        make_frame(f, 100, card_mac);
        for (unsigned pairs = 1; pairs <= 3; pairs++) {
            st16_le(n, pairs);
            g_assert_cmpint(command(c, 4, 0, n, 2), ==, 0);
            g_assert_cmpint(toy_queues, ==, pairs);
            for (unsigned i = 0; i < 3; i++) {
                Ring *q = &rx[i % pairs];
                Seg s = { RXBUF, 2048, true };

                ring_add(q, &s, 1);
                ring_kick(q);
                net_deliver_offload(toy, i, NULL, f, 100);
                g_assert_cmpuint(ring_wait(q, NULL), ==, 100 + HDR);
                c->tx = tx[i];
                tx_frame(c, f, 100);
                ring_wait(&c->tx, NULL);
                tx[i] = c->tx;
            }
        }
        st16_le(n, 4);
        g_assert_cmpint(command(c, 4, 0, n, 2), ==, 1);
        st16_le(n, 0);
        g_assert_cmpint(command(c, 4, 0, n, 2), ==, 1);
        wr(c->r, R_STATUS, 0);
        g_assert_cmpint(toy_queues, ==, 1);
    }
    ring_settle();
    g_assert_cmpuint(toy_got->len, ==, 18);
    g_assert_cmpuint(((Frame *)toy_got->pdata[17])->queue, ==, 2);
    card_free(c);
}

static void test_events(void)
{
    Card *c = card_new(false, TYPE_TOYNET, "");
    uint8_t f[100];

    card_start(c, 0, 16);
    net_set_link(toy, false);
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 6, 2), ==, 0);
    g_assert_cmpint(rd(c->r, R_ISR) & 2, ==, 2);
    make_frame(f, 100, card_mac);
    tx_frame(c, f, 100);
    ring_wait(&c->tx, NULL);
    net_set_link(toy, true);
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 6, 2), ==, 1);
    net_announce(toy);
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 6, 2), ==, 3);
    g_assert_cmpint(command(c, 3, 0, NULL, 0), ==, 0);
    g_assert_cmpint(rig_read(c->r, R_CONFIG + 6, 2), ==, 1);
    g_assert_cmpint(command(c, 3, 1, NULL, 0), ==, 1);
    ring_settle();
    g_assert_cmpuint(toy_got->len, ==, 0);
    card_free(c);
}

static void test_one_card(void)
{
    static const char *const props[] = { "netdev", "n", NULL };
    Card *c = card_new(false, TYPE_TOYNET, "");
    Rig *other = rig_new(false);
    DeviceState *dev = rig_device(other, "virtio-net-device", props);
    Error *err = NULL;

    g_assert_false(device_realize(dev, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "in use"));
    error_free(err);
    bus_detach(dev);
    object_unref(dev);
    rig_plug(other, "virtio-net-device", NULL); /* without a network: a card nobody hears */
    rig_free(other);
    card_free(c);
}

/* ---- The user-mode network ---- */

#ifdef CONFIG_SLIRP
static void put_ip(uint8_t *p, uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    p[0] = a, p[1] = b, p[2] = c, p[3] = d;
}

/* The host answers for its address, and not for others. */
static void test_user_arp(void)
{
    Card *c = card_new(false, TYPE_NETDEV_USER, "net=192.168.76.0/24,hostfwd=tcp:127.0.0.1:0-:22");
    uint8_t f[42] = { 0 }, got[2048];

    clock_virtual_enable(true);
    card_start(c, 0, 16);
    memset(f, 0xff, 6);
    memcpy(f + 6, card_mac, 6);
    st16_be(f + 12, 0x0806);
    st16_be(f + 14, 1);
    st16_be(f + 16, 0x0800);
    f[18] = 6;
    f[19] = 4;
    st16_be(f + 20, 1);
    memcpy(f + 22, card_mac, 6);
    put_ip(f + 28, 192, 168, 76, 15);
    put_ip(f + 38, 192, 168, 76, 2);
    rx_add(c, 0, 2048);
    tx_frame(c, f, sizeof(f));
    g_assert_cmpint(ring_wait(&c->rx, NULL), >=, 42 + HDR);
    rig_peek(c->r, RXBUF, got, sizeof(got));
    g_assert_cmpint(ld16_be(got + HDR + 20), ==, 2);
    g_assert_cmpmem(got + HDR + 28, 4, f + 38, 4);
    card_free(c);
    clock_virtual_enable(false);
}

static void test_user_options(void)
{
    static const struct {
        const char *options, *text;
    } bad[] = {
        { "hostfwd=tcp::22", "invalid host forwarding rule 'tcp::22'" },
        { "hostfwd=sctp::22-:22", "invalid host forwarding rule" },
        { "hostfwd=tcp::99999-:22", "invalid host forwarding rule" },
        { "hostfwd=tcp:1.2.3:5x-:22", "invalid host forwarding rule" },
        { "hostfwd=tcp::5-:0", "invalid host forwarding rule" },
        { "hostfwd=", "invalid host forwarding rule" },
        { "net=10.0.2", "'net'" },
        { "net=hello", "'net'" },
        { "net=10.0.0.0/33", "4 to 30 bits" },
        { "net=10.0.0.0/255.0.255.0", "4 to 30 bits" },
        { "host=11.0.0.1", "inside the network" },
        { "dns=10.0.2.2", "same address" },
        { "dhcpstart=10.0.2.3", "'dhcpstart'" },
        { "dhcpstart=x", "'dhcpstart'" },
        { "ipv4=off,ipv6=off", "no network" },
        { "ipv6-net=fec0::/200", "'ipv6-net'" },
        { "ipv6-host=fe80::1", "inside the network" },
        { "restrict=maybe", "restrict" },
        { "hostfw=tcp::1-:1", "did you mean 'hostfwd'" },
    };
    static const char *const good[] = {
        "", "net=172.20.0.0", "net=192.168.1.0/255.255.255.0,host=192.168.1.1,dns=192.168.1.4",
        "restrict=on,hostname=vireo,domainname=example.org,dnssearch=a.org,dnssearch=b.org",
        "ipv6=off", "ipv4=off", "net=10.1.0.0/16,dhcpstart=10.1.9.9,tftp=/tmp,bootfile=x",
        ("hostfwd=tcp:127.0.0.1:0-:22,hostfwd=udp:127.0.0.1:0-10.0.2.15:53,"
         "hostfwd=:127.0.0.1:0-:80"),
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *msg = NULL;

        g_assert_null(netdev(TYPE_NETDEV_USER, "u", bad[i].options, &msg));
        if (!strstr(msg, bad[i].text)) {
            g_error("%s: '%s' does not contain '%s'", bad[i].options, msg, bad[i].text);
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        Object *o = netdev(TYPE_NETDEV_USER, "u", good[i], NULL);
        g_autofree char *d = net_describe(NETDEV(o)), *fwd = NULL;

        g_assert_true(g_str_has_prefix(d, "user,net="));
        if (i == G_N_ELEMENTS(good) - 1) {
            fwd = object_property_get_str(o, "hostfwd", NULL);
            g_assert_nonnull(strstr(fwd, "udp:127.0.0.1:0-10.0.2.15:53"));
        }
        ring_settle();
        object_unparent(o);
    }
}
#endif /* CONFIG_SLIRP */

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-net/config", test_config);
    g_test_add_func("/virtio-net/transmit", test_transmit);
    g_test_add_func("/virtio-net/receive", test_receive);
    g_test_add_func("/virtio-net/mergeable", test_mergeable);
    g_test_add_func("/virtio-net/back-pressure-rx", test_back_pressure_rx);
    g_test_add_func("/virtio-net/back-pressure-tx", test_back_pressure_tx);
    g_test_add_func("/virtio-net/filter", test_filter);
    g_test_add_func("/virtio-net/commands", test_commands);
    g_test_add_func("/virtio-net/malformed", test_malformed);
    g_test_add_func("/virtio-net/offload-tx", test_offload_tx);
    g_test_add_func("/virtio-net/offload-rx", test_offload_rx);
    g_test_add_func("/virtio-net/queues", test_queues);
    g_test_add_func("/virtio-net/events", test_events);
    g_test_add_func("/virtio-net/one-card", test_one_card);
#ifdef CONFIG_SLIRP
    g_test_add_func("/virtio-net/user/arp", test_user_arp);
    g_test_add_func("/virtio-net/user/options", test_user_options);
#endif
    return g_test_run();
}
