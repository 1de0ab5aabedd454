/*
 * Packed rings under the toy device: wrap counters, event suppression, buffers in order, sizes that
 * are no powers of two, and what a hostile driver does.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-toy.h"

#include "util/log.h"

static Rig *packed_rig(const char *more)
{
    const char *const props[] = { "packed", "on", more, "on", NULL };
    Rig *r = rig_new(false);

    rig_plug(r, TYPE_TOY, props);
    return r;
}

static void test_features(void)
{
    const char *const props[] = { "packed", "on", "in_order", "on", "notification_data", "on", NULL };
    Rig *r = packed_rig(NULL);
    Ring q;

    g_assert_cmphex(rig_offered(r) & RIG_FORMATS & ~BIT_ULL(34), ==, 0);
    g_assert_cmphex(rig_offered(r) & BIT_ULL(34), !=, 0);
    /* A driver that does not take it has split rings. */
    start(r, &q, 0, 8, BIT_ULL(VIRTIO_F_RING_PACKED));
    g_assert_false(q.packed);
    echo(&q);
    start(r, &q, 0, 8, 0);
    g_assert_true(q.packed);
    echo(&q);
    rig_free(r);
    /* Legacy drivers know nothing of it. */
    r = rig_new(true);
    rig_plug(r, TYPE_TOY, props);
    g_assert_cmphex(rig_offered(r) & RIG_FORMATS, ==, 0);
    start(r, &q, 0, 8, 0);
    echo(&q);
    rig_free(r);
}

/* Chains of one to five descriptors around rings of every size: they meet the end everywhere. */
static void test_wrap(void)
{
    for (unsigned num = 1; num <= 40; num += num < 12 ? 1 : 7) {
        Rig *r = packed_rig(num & 1 ? "in_order" : NULL);
        Seg s[5];
        Ring q;

        for (unsigned i = 0; i < 5; i++) {
            s[i] = (Seg){ RIG_FREE + 16 * i, 4, i >= 2 };
        }
        start(r, &q, 0, num, 0);
        for (unsigned i = 0; i < 300; i++) {
            unsigned n = 1 + i % MIN(num, 5), head, used;

            head = ring_add(&q, n == 1 ? s + 2 : s, n);
            ring_kick(&q);
            g_assert_cmpint(ring_take(&q, &used), ==, n > 2 ? MIN(8, 4 * (n - 2)) : 0);
            g_assert_cmpint(used, ==, head);
        }
        g_assert_false(rig_broken(r));
        rig_free(r);
    }
}

static void test_indirect(void)
{
    Rig *r = packed_rig(NULL);
    Seg s[600];
    char got[8] = { 0 };
    Ring q;

    start(r, &q, 0, 3, 0);
    rig_poke(r, RIG_FREE, "table", 5);
    s[0] = (Seg){ RIG_FREE, 5, false };
    for (unsigned i = 1; i < G_N_ELEMENTS(s); i++) {
        s[i] = (Seg){ RIG_FREE + 0x1000 + i, 1, true };
    }
    for (unsigned i = 0; i < 10; i++) {
        ring_add_table(&q, RIG_FREE + 0x100000, s, G_N_ELEMENTS(s));
        ring_kick(&q);
        g_assert_cmpint(ring_take(&q, NULL), ==, 5);
    }
    rig_peek(r, RIG_FREE + 0x1001, got, 5);
    g_assert_cmpstr(got, ==, "table");
    rig_free(r);
}

/* Chains of queue 1 come back in the order in which the test returns them, or in which it gave
 * them if that was agreed. */
static void test_order(void)
{
    for (int in_order = 0; in_order < 2; in_order++) {
        Rig *r = packed_rig(in_order ? "in_order" : NULL);
        Toy *t = TOY(r->dev);
        Seg s = { RIG_FREE, 4, true };
        unsigned heads[4], head;
        VirtQueueElement *last;
        Ring q;

        start(r, &q, 1, 4, 0);
        for (unsigned round = 0; round < 5; round++) {
            for (unsigned i = 0; i < 4; i++) {
                heads[i] = ring_add(&q, &s, 1);
            }
            ring_kick(&q);
            g_assert_cmpint(t->nr_kept, ==, 4);
            /* The last one first. */
            last = t->kept[3];
            t->nr_kept = 3;
            virtio_lock(&t->parent_obj);
            virtqueue_push(last->vq, last, 4);
            virtqueue_notify(last->vq);
            virtio_unlock(&t->parent_obj);
            g_free(last);
            if (!in_order) {
                ring_take(&q, &head);
                g_assert_cmpint(head, ==, heads[3]);
            }
            g_assert_cmpint(ring_used_idx(&q), ==, q.used_seen);
            toy_return(t);
            for (unsigned i = 0; i < (in_order ? 4 : 3); i++) {
                ring_take(&q, &head);
                g_assert_cmpint(head, ==, heads[i]);
            }
        }
        rig_free(r);
    }
}

static void suppress(Ring *q, uint16_t where, uint16_t flags)
{
    rig_poke16(q->rig, q->avail, where);
    rig_poke16(q->rig, q->avail + 2, flags);
}

static bool interrupts(Ring *q)
{
    Seg s = { RIG_FREE, 4, true };
    bool irq;

    ring_add(q, &s, 1);
    ring_kick(q);
    ring_take(q, NULL);
    irq = q->rig->irq;
    wr(q->rig, R_ACK, rd(q->rig, R_ISR));
    return irq;
}

static void test_events(void)
{
    Rig *r = packed_rig(NULL);
    unsigned count = 0;
    Ring q;

    start(r, &q, 0, 6, 0);
    g_assert_true(interrupts(&q));
    suppress(&q, 0, 1);
    g_assert_false(interrupts(&q));
    suppress(&q, 0, 0);
    g_assert_true(interrupts(&q));
    /* At a place of this round, and of the next one: once each, at that chain. */
    suppress(&q, 5 | 1 << 15, 2);
    g_assert_false(interrupts(&q)); /* at 3 */
    g_assert_false(interrupts(&q));
    g_assert_true(interrupts(&q));  /* at 5 */
    suppress(&q, 2, 2);
    for (unsigned i = 0; i < 6; i++) {
        bool irq = interrupts(&q);

        g_assert_cmpint(irq, ==, i == 2);
        count += irq;
    }
    g_assert_cmpint(count, ==, 1);
    /* The device says where it wants the next notification: behind the last chain it saw. */
    g_assert_cmphex(rig_peek16(r, q.used), ==, q.next_free | q.avail_wrap << 15);
    g_assert_cmphex(rig_peek16(r, q.used + 2), ==, 2);
    /* Without event index the place does not count. */
    start(r, &q, 0, 6, BIT_ULL(VIRTIO_F_EVENT_IDX));
    suppress(&q, 5 | 1 << 15, 2);
    g_assert_true(interrupts(&q));
    suppress(&q, 0, 1);
    g_assert_false(interrupts(&q));
    g_assert_cmphex(rig_peek16(r, q.used + 2), ==, 0);
    rig_free(r);
}

static void test_save_load(void)
{
    Rig *a = packed_rig("in_order"), *b = packed_rig("in_order");
    g_autoptr(GByteArray) dev = g_byte_array_new(), mmio = g_byte_array_new();
    g_autofree uint8_t *ram = g_malloc(RIG_RAM_SIZE);
    Error *err = NULL;
    VirtQueue *vq;
    Ring q;

    start(a, &q, 0, 7, 0);
    for (int i = 0; i < 13; i++) {
        echo(&q);
    }
    object_state_save(a->dev, dev);
    object_state_save(a->transport, mmio);
    rig_peek(a, RIG_RAM, ram, RIG_RAM_SIZE);
    rig_poke(b, RIG_RAM, ram, RIG_RAM_SIZE);
    b->features = a->features;
    g_assert_true(object_state_load(b->dev, dev->data, dev->len, &err));
    g_assert_true(object_state_load(b->transport, mmio->data, mmio->len, &err));
    q.rig = b;
    for (int i = 0; i < 13; i++) {
        echo(&q);
    }
    /* A place that is not in the ring. */
    vq = &TOY(a->dev)->parent_obj.vq[0];
    vq->last_avail = 7;
    g_byte_array_set_size(dev, 0);
    object_state_save(a->dev, dev);
    g_assert_false(object_state_load(b->dev, dev->data, dev->len, &err));
    error_free(err);
    echo(&q);
    rig_free(a);
    rig_free(b);
}

/* ---- What a hostile driver does ---- */

typedef struct Hostile {
    const char *name;
    uint64_t drop;
    void (*act)(Ring *q);
    bool tolerated;
} Hostile;

#define TABLE (RIG_FREE + 0x100000)

/* One descriptor, available, with these flags. */
static void one(Ring *q, uint64_t addr, uint32_t len, uint16_t flags)
{
    packed_put(q->rig, q->desc, q->next_free, addr, len, 0x1234, flags | packed_avail(q));
    ring_kick(q);
}
static void table_entry(Ring *q, unsigned i, uint64_t addr, uint32_t len, uint16_t flags)
{
    packed_put(q->rig, TABLE, i, addr, len, 0, flags);
}
static void h_zero(Ring *q) { one(q, RIG_FREE, 0, D_WRITE); }
static void h_mmio(Ring *q) { one(q, RIG_TRAP, 16, D_WRITE); }
static void h_rom(Ring *q) { one(q, RIG_ROM, 16, D_WRITE); }
static void h_unmapped(Ring *q) { one(q, 0x40000000, 16, 0); }
static void h_wrap(Ring *q) { one(q, UINT64_MAX - 7, 16, D_WRITE); }
static void h_end(Ring *q) { one(q, RIG_RAM + RIG_RAM_SIZE - 8, 16, D_WRITE); }
static void h_huge(Ring *q) { one(q, RIG_RAM, UINT32_MAX, D_WRITE); }
static void h_endless(Ring *q)
{
    for (unsigned i = 0; i < q->num; i++) {
        packed_put(q->rig, q->desc, i, RIG_FREE, 1, 0, D_NEXT | D_AVAIL);
    }
    ring_kick(q);
}
static void h_order(Ring *q)
{
    packed_put(q->rig, q->desc, 1, RIG_FREE, 8, 0, 0);
    one(q, RIG_FREE, 8, D_WRITE | D_NEXT);
}
static void h_ind(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, D_WRITE);
    one(q, TABLE, 16, D_INDIRECT);
}
static void h_ind_next(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, D_WRITE);
    one(q, TABLE, 16, D_INDIRECT | D_NEXT);
}
static void h_ind_second(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, D_WRITE);
    packed_put(q->rig, q->desc, 1, TABLE, 16, 0, D_INDIRECT);
    one(q, RIG_FREE, 8, D_NEXT);
}
static void h_ind_flags(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, D_WRITE | D_NEXT | D_INDIRECT | D_AVAIL | D_USED);
    one(q, TABLE, 16, D_INDIRECT | D_WRITE);
}
static void h_ind_zero(Ring *q) { one(q, TABLE, 0, D_INDIRECT); }
static void h_ind_odd(Ring *q) { one(q, TABLE, 24, D_INDIRECT); }
static void h_ind_mmio(Ring *q) { one(q, RIG_TRAP, 16, D_INDIRECT); }
static void h_ind_wrap(Ring *q) { one(q, UINT64_MAX - 15, 32, D_INDIRECT); }
static void h_ind_entry(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, 0);
    table_entry(q, 1, RIG_TRAP, 8, D_WRITE);
    one(q, TABLE, 32, D_INDIRECT);
}
static void h_ind_long(Ring *q)
{
    for (unsigned i = 0; i < 1025; i++) {
        table_entry(q, i, RIG_FREE + i, 1, D_WRITE);
    }
    one(q, TABLE, 1025 * 16, D_INDIRECT);
}
static void h_ind_max(Ring *q) { one(q, RIG_RAM, 0xfffffff0, D_INDIRECT); }
static void h_total(Ring *q)
{
    for (unsigned i = 0; i < 65; i++) {
        table_entry(q, i, RIG_RAM, RIG_RAM_SIZE, 0);
    }
    one(q, TABLE, 65 * 16, D_INDIRECT);
}

/* Makes every descriptor available for the round that the device is in, again and again: it can
 * take no more than the ring has. The other queue of the toy keeps what it takes. */
static void h_never_empty(Ring *q)
{
    Ring k;

    ring_setup(&k, q->rig, 1, 4);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 4; i++) {
            packed_put(q->rig, k.desc, i, RIG_FREE, 8, i, D_WRITE | (round & 1 ? D_USED : D_AVAIL));
        }
        ring_kick(&k);
    }
}
/* A chain over descriptors that the device still has. */
static void h_overlap(Ring *q)
{
    Seg s = { RIG_FREE, 8, true };
    Ring k;

    ring_setup(&k, q->rig, 1, 4);
    for (unsigned i = 0; i < 3; i++) {
        ring_add(&k, &s, 1);
    }
    ring_kick(&k);
    packed_put(q->rig, k.desc, 3, RIG_FREE, 8, 3, D_NEXT | D_AVAIL);
    packed_put(q->rig, k.desc, 0, RIG_FREE, 8, 3, D_WRITE);
    ring_kick(&k);
}

static void relayout(Ring *q, Ring *bad)
{
    wr(q->rig, R_QUEUE_SEL, 0);
    wr(q->rig, R_READY, 0);
    ring_write_layout(bad);
    wr(q->rig, R_READY, 1);
    g_assert_cmpint(rd(q->rig, R_READY), ==, 0);
}
#define LAYOUT(name, change)        \
    static void name(Ring *q)       \
    {                               \
        Ring b = *q;                \
        change;                     \
        relayout(q, &b);            \
    }
LAYOUT(h_num_0, b.num = 0)
LAYOUT(h_num_1025, b.num = 1025)
LAYOUT(h_desc_odd, b.desc += 8)
LAYOUT(h_avail_odd, b.avail += 2)
LAYOUT(h_used_odd, b.used += 2)
LAYOUT(h_desc_rom, b.desc = RIG_ROM)
LAYOUT(h_avail_mmio, b.avail = RIG_TRAP)
LAYOUT(h_used_rom, b.used = RIG_ROM)
LAYOUT(h_desc_end, b.desc = RIG_RAM + RIG_RAM_SIZE - 16)
LAYOUT(h_used_wrap, b.used = UINT64_MAX - 3)

/* The format is settled with the layout, whatever is negotiated afterwards. */
static void h_switch(Ring *q)
{
    Rig *r = q->rig;

    wr(r, R_STATUS, 0);
    wr(r, R_STATUS, 3);
    for (unsigned i = 0; i < 2; i++) {
        wr(r, R_DRV_FEATURES_SEL, i);
        wr(r, R_DRV_FEATURES, (r->features & ~BIT_ULL(34)) >> (32 * i));
    }
    ring_place(q, r, 0, 4);
    ring_write_layout(q);
    wr(r, R_READY, 1); /* split */
    wr(r, R_DRV_FEATURES_SEL, 1);
    wr(r, R_DRV_FEATURES, r->features >> 32); /* and now packed */
    wr(r, R_STATUS, 0xb);
    wr(r, R_STATUS, 0xf);
    for (unsigned i = 0; i < 200; i++) {
        ring_publish(q, i & 3);
        desc_put(r, q->desc, i & 3, RIG_FREE, 8, D_WRITE, 0);
        ring_kick(q);
    }
}

static const Hostile hostile[] = {
    { "buffer without length", 0, h_zero },
    { "writes a device", 0, h_mmio },
    { "writes ROM", 0, h_rom },
    { "nothing at that address", 0, h_unmapped },
    { "wraps around", 0, h_wrap },
    { "over the end of RAM", 0, h_end },
    { "4 GiB long", 0, h_huge },
    { "chain without an end", 0, h_endless },
    { "readable after writable", 0, h_order },
    { "indirect without the feature", BIT_ULL(VIRTIO_F_INDIRECT_DESC), h_ind },
    { "indirect, then another", 0, h_ind_next },
    { "indirect in a chain", 0, h_ind_second },
    { "all flags in an indirect table", 0, h_ind_flags, .tolerated = true },
    { "indirect table without length", 0, h_ind_zero },
    { "indirect table of one and a half", 0, h_ind_odd },
    { "indirect table in a device", 0, h_ind_mmio },
    { "indirect table wraps around", 0, h_ind_wrap },
    { "second entry bad", 0, h_ind_entry },
    { "indirect chain of 1025", 0, h_ind_long },
    { "indirect table of 4 GiB", 0, h_ind_max },
    { "1 GiB in total", 0, h_total },
    { "ring that is never empty", 0, h_never_empty },
    { "chain over what is in flight", 0, h_overlap },
    { "size 0", 0, h_num_0 },
    { "size 1025", 0, h_num_1025 },
    { "ring not aligned", 0, h_desc_odd },
    { "driver area not aligned", 0, h_avail_odd },
    { "device area not aligned", 0, h_used_odd },
    { "ring in ROM", 0, h_desc_rom },
    { "driver area in a device", 0, h_avail_mmio },
    { "device area in ROM", 0, h_used_rom },
    { "ring over the end of RAM", 0, h_desc_end },
    { "device area wraps around", 0, h_used_wrap },
    { "changes the format later", 0, h_switch, .tolerated = true },
};

static void test_hostile(gconstpointer data)
{
    const Hostile *h = data;

    for (int in_order = 0; in_order < 2; in_order++) {
        Rig *r = packed_rig(in_order ? "in_order" : NULL);
        Toy *t = TOY(r->dev);
        unsigned handled;
        Ring q;

        start(r, &q, 0, 15, h->drop);
        h->act(&q);
        g_assert_cmpint(rig_broken(r), ==, !h->tolerated);
        if (!h->tolerated) {
            handled = t->handled;
            ring_kick(&q);
            g_assert_cmpint(t->handled, ==, handled);
        }
        toy_return(t);
        ring_settle();
        start(r, &q, 0, 16, 0);
        g_assert_false(r->irq);
        echo(&q);
        device_reset(r->transport);
        start(r, &q, 0, 5, 0);
        echo(&q);
        rig_free(r);
    }
}

/* Random descriptors with every flag, in rings of random sizes. */
static void test_random(void)
{
    GRand *rand = g_rand_new_with_seed(20240608);
    Rig *r = packed_rig("in_order");
    Ring q;

    for (int round = 0; round < 300; round++) {
        start(r, &q, round & 1, g_rand_int_range(rand, 1, 20), 0);
        for (int i = 0; i < 100; i++) {
            static const uint16_t flags[] = { 0, D_WRITE, D_NEXT, D_INDIRECT, D_WRITE | D_NEXT };
            uint64_t addr = RIG_RAM + g_rand_int_range(rand, 0, RIG_RAM_SIZE / 16) * 16ull;

            packed_put(r, q.desc, g_rand_int_range(rand, 0, q.num),
                       g_rand_int_range(rand, 0, 20) ? addr : g_rand_int(rand),
                       g_rand_int_range(rand, 0, 20) ? 16u * g_rand_int_range(rand, 1, 9)
                                                     : g_rand_int(rand),
                       g_rand_int(rand),
                       flags[g_rand_int_range(rand, 0, 5)] |
                           (g_rand_boolean(rand) ? D_AVAIL : D_USED));
            ring_kick(&q);
            if (g_rand_boolean(rand)) {
                toy_return(TOY(r->dev));
            }
        }
        toy_return(TOY(r->dev));
    }
    start(r, &q, 0, 16, 0);
    echo(&q);
    g_rand_free(rand);
    rig_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtqueue-packed/features", test_features);
    g_test_add_func("/virtqueue-packed/wrap", test_wrap);
    g_test_add_func("/virtqueue-packed/indirect", test_indirect);
    g_test_add_func("/virtqueue-packed/order", test_order);
    g_test_add_func("/virtqueue-packed/events", test_events);
    g_test_add_func("/virtqueue-packed/save-load", test_save_load);
    for (unsigned i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autofree char *path = g_strdup_printf("/virtqueue-packed/hostile/%s", hostile[i].name);

        g_test_add_data_func(path, &hostile[i], test_hostile);
    }
    g_test_add_func("/virtqueue-packed/random", test_random);
    return g_test_run();
}
