/*
 * The virtio core and its rings under a toy device: what a correct driver may do, and a table of
 * what a hostile one does, each entry of which must leave a device that a reset brings back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-toy.h"

#include "util/log.h"

/* ---- What a correct driver sees ---- */

static void test_registers(void)
{
    Rig *r = toy_rig(false);
    Ring q;

    g_assert_cmphex(rd(r, 0), ==, 0x74726976);
    g_assert_cmpint(rd(r, R_VERSION), ==, 2);
    g_assert_cmpint(rd(r, R_DEVICE_ID), ==, 42);
    g_assert_cmphex(rd(r, 0x0c), ==, 0x554d4551);
    g_assert_cmphex(rd(r, 0xb0), ==, 0xffffffff);
    g_assert_cmphex(rd(r, 0xbc), ==, 0xffffffff);
    g_assert_cmphex(rig_offered(r), ==, BIT_ULL(28) | BIT_ULL(29) | BIT_ULL(32) | BIT_ULL(40));
    wr(r, R_FEATURES_SEL, 7);
    g_assert_cmphex(rd(r, R_FEATURES), ==, 0);
    wr(r, R_QUEUE_SEL, 1);
    g_assert_cmpint(rd(r, R_NUM_MAX), ==, 1024);
    wr(r, R_QUEUE_SEL, 2);
    g_assert_cmpint(rd(r, R_NUM_MAX), ==, 0);
    wr(r, R_NUM, 4); /* of a queue that is not there */
    wr(r, R_READY, 1);
    /* Configuration space: any size, all ones behind its end. Registers: 4 bytes only. */
    g_assert_cmphex(rig_read(r, R_CONFIG + 3, 1), ==, 4);
    g_assert_cmphex(rig_read(r, R_CONFIG + 2, 2), ==, 0x0403);
    g_assert_cmphex(rig_read(r, R_CONFIG, 8), ==, 0x0807060504030201);
    g_assert_cmphex(rig_read(r, R_CONFIG + 12, 4), ==, 0xffffffff);
    g_assert_cmphex(rig_read(r, R_CONFIG + 0xfc, 4), ==, 0xffffffff);
    g_assert_cmphex(rig_read(r, 0, 1), ==, 0);
    wr(r, R_CONFIG, 1);
    start(r, &q, 0, 16, 0);
    echo(&q);
    rig_free(r);
}

static void test_empty_slot(void)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        Rig *r = rig_new(legacy);

        g_assert_cmphex(rd(r, 0), ==, 0x74726976);
        g_assert_cmpint(rd(r, R_VERSION), ==, legacy ? 1 : 2);
        for (unsigned reg = R_DEVICE_ID; reg < VIRTIO_MMIO_SIZE; reg += 4) {
            if (reg != 0x0c) {
                g_assert_cmphex(rd(r, reg), ==, 0);
            }
            wr(r, reg, 0xffffffff);
        }
        rig_free(r);
    }
}

static void test_legacy(void)
{
    Rig *r = toy_rig(true);
    Ring q;

    g_assert_cmpint(rd(r, R_VERSION), ==, 1);
    g_assert_cmphex(rig_offered(r), ==, BIT_ULL(24) | BIT_ULL(27) | BIT_ULL(28) | BIT_ULL(29));
    start(r, &q, 0, 8, 0);
    for (int i = 0; i < 20; i++) {
        echo(&q);
    }
    /* Page number 0 gives the queue back. */
    wr(r, R_PFN, 0);
    g_assert_cmphex(rd(r, R_PFN), ==, 0);
    ring_kick(&q);
    g_assert_cmpint(ring_used_idx(&q), ==, 20);
    rig_free(r);
}

static void test_features(void)
{
    Rig *r = toy_rig(false);
    Ring q;

    /* A bit that was not offered is not accepted. */
    for (unsigned word = 0; word < 2; word++) {
        wr(r, R_STATUS, 0);
        wr(r, R_STATUS, 3);
        wr(r, R_DRV_FEATURES_SEL, word);
        wr(r, R_DRV_FEATURES, 2);
        wr(r, R_STATUS, 0xb);
        g_assert_cmphex(rd(r, R_STATUS), ==, 3);
    }
    /* A driver that knows nothing of the upper word is: xv6 is one. */
    wr(r, R_STATUS, 0);
    wr(r, R_STATUS, 3);
    wr(r, R_DRV_FEATURES_SEL, 0);
    wr(r, R_DRV_FEATURES, 0);
    wr(r, R_STATUS, 0xb);
    g_assert_cmphex(rd(r, R_STATUS), ==, 0xb);
    start(r, &q, 0, 8, 0);
    /* Too late: ignored. */
    wr(r, R_DRV_FEATURES_SEL, 0);
    wr(r, R_DRV_FEATURES, 0xffffffff);
    g_assert_false(rig_broken(r));
    /* Bits cannot be taken back but by a reset. */
    wr(r, R_STATUS, 1);
    g_assert_cmphex(rd(r, R_STATUS), ==, 0xf);
    echo(&q);
    rig_free(r);
}

static void test_wrap(void)
{
    Rig *r = toy_rig(false);
    Ring q;

    start(r, &q, 0, 4, 0);
    for (unsigned i = 0; i < 70000; i++) {
        Seg s = { RIG_FREE, 4, true };

        ring_add(&q, &s, 1);
        ring_kick(&q);
        ring_take(&q, NULL);
    }
    g_assert_cmpint(ring_used_idx(&q), ==, (uint16_t)70000);
    echo(&q);
    rig_free(r);
}

/* Puts a table of n one-byte writable segments at `at`. */
static void table_of_bytes(Rig *r, uint64_t at, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        desc_put(r, at, i, RIG_FREE + 0x1000 + i, 1, D_WRITE | (i + 1 < n ? D_NEXT : 0), i + 1);
    }
}

static void test_indirect(void)
{
    Rig *r = toy_rig(false);
    uint64_t table = RIG_FREE + 0x100000;
    char got[8] = { 0 };
    Ring q;

    start(r, &q, 0, 4, 0);
    rig_poke(r, RIG_FREE, "table", 5);
    /* All in the table. */
    desc_put(r, table, 0, RIG_FREE, 5, D_NEXT, 2);
    desc_put(r, table, 2, RIG_FREE + 64, 8, D_WRITE, 0);
    desc_put(r, q.desc, 0, table, 48, D_INDIRECT, 0);
    ring_publish(&q, 0);
    ring_kick(&q);
    g_assert_cmpint(ring_take(&q, NULL), ==, 5);
    rig_peek(r, RIG_FREE + 64, got, 5);
    g_assert_cmpstr(got, ==, "table");
    /* A direct descriptor, then a table longer than the ring, as long as a chain may be. */
    table_of_bytes(r, table, 1023);
    desc_put(r, q.desc, 1, RIG_FREE, 5, D_NEXT, 2);
    desc_put(r, q.desc, 2, table, 1023 * 16, D_INDIRECT, 0);
    ring_publish(&q, 1);
    ring_kick(&q);
    g_assert_cmpint(ring_take(&q, NULL), ==, 5);
    g_assert_false(rig_broken(r));
    rig_free(r);
}

static void test_interrupts(void)
{
    Rig *r = toy_rig(false);
    Seg s = { RIG_FREE, 4, true };
    unsigned before;
    Ring q;

    /* Without event index: the flag. */
    start(r, &q, 0, 8, BIT_ULL(VIRTIO_F_EVENT_IDX));
    rig_poke16(r, q.avail, 1);
    ring_add(&q, &s, 1);
    ring_kick(&q);
    ring_take(&q, NULL);
    g_assert_false(r->irq);
    rig_poke16(r, q.avail, 0);
    ring_add(&q, &s, 1);
    ring_kick(&q);
    ring_take(&q, NULL);
    g_assert_true(r->irq);
    g_assert_cmphex(rd(r, R_ISR), ==, 1);
    wr(r, R_ACK, 2); /* another event */
    g_assert_true(r->irq);
    wr(r, R_ACK, 1);
    g_assert_false(r->irq);
    g_assert_cmphex(rd(r, R_ISR), ==, 0);

    /* With it: only the interrupt for the element asked for. */
    start(r, &q, 0, 8, 0);
    rig_poke16(r, q.avail + 4 + 2 * 8, 3);
    before = r->irqs;
    for (int i = 0; i < 5; i++) {
        ring_add(&q, &s, 1);
        ring_kick(&q);
        ring_take(&q, NULL);
        wr(r, R_ACK, rd(r, R_ISR));
    }
    g_assert_cmpint(r->irqs - before, ==, 2); /* the first ever, and the fourth */
    /* And the device says from where on it wants to be notified. */
    g_assert_cmpint(rig_peek16(r, q.used + 4 + 8 * 8), ==, 5);
    rig_free(r);
}

static void test_before_driver_ok(void)
{
    Rig *r = toy_rig(false);
    Seg s = { RIG_FREE, 4, true };
    Ring q;

    rig_negotiate(r, 0);
    ring_setup(&q, r, 0, 8);
    ring_add(&q, &s, 1);
    ring_kick(&q);
    ring_settle();
    g_assert_cmpint(ring_used_idx(&q), ==, 0);
    rig_driver_ok(r);
    ring_wait(&q, NULL);
    rig_free(r);
}

/* A queue that is enabled keeps its layout, whatever is written. */
static void test_latched(void)
{
    Rig *r = toy_rig(false);
    Ring q, other;

    start(r, &q, 0, 8, 0);
    echo(&q);
    ring_place(&other, r, 3, 1024);
    other.index = 0;
    ring_write_layout(&other);
    wr(r, R_READY, 1);
    for (int i = 0; i < 20; i++) {
        echo(&q);
    }
    g_assert_false(rig_broken(r));
    rig_free(r);
}

static void test_queue_reset(void)
{
    Rig *r = toy_rig(false);
    Toy *t = TOY(r->dev);
    Seg s = { RIG_FREE, 16, true };
    uint8_t got[16] = { 0 };
    Ring q0, q1;

    rig_negotiate(r, 0);
    ring_setup(&q0, r, 0, 8);
    ring_setup(&q1, r, 1, 8);
    rig_driver_ok(r);
    rig_poke(r, RIG_FREE, got, 16);
    ring_add(&q1, &s, 1);
    ring_kick(&q1);
    g_assert_cmpint(t->nr_kept, ==, 1);
    wr(r, R_QUEUE_SEL, 1);
    wr(r, R_QUEUE_RESET, 1);
    g_assert_cmpint(rd(r, R_QUEUE_RESET), ==, 0);
    g_assert_cmpint(rd(r, R_READY), ==, 0);
    toy_return(t);
    g_assert_cmpint(ring_used_idx(&q1), ==, 0);
    rig_peek(r, RIG_FREE, got, 16);
    g_assert_cmpint(got[0] | got[15], ==, 0);
    echo(&q0); /* the other queue has not noticed */
    /* Up again, with another size. */
    ring_setup(&q1, r, 1, 16);
    ring_add(&q1, &s, 1);
    ring_kick(&q1);
    toy_return(t);
    g_assert_cmpint(ring_take(&q1, NULL), ==, 16);
    rig_free(r);
}

static void test_reset_in_flight(void)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        Rig *r = toy_rig(legacy);
        Toy *t = TOY(r->dev);
        Seg s = { RIG_FREE, 16, true };
        uint8_t got[16] = { 0 };
        Ring q;

        start(r, &q, 1, 8, 0);
        rig_poke(r, RIG_FREE, got, 16);
        for (int i = 0; i < 5; i++) {
            ring_add(&q, &s, 1);
        }
        ring_kick(&q);
        g_assert_cmpint(t->nr_kept, ==, 5);
        /* The driver resets and begins anew at the same place before the device is done. */
        start(r, &q, 1, 8, 0);
        ring_add(&q, &s, 1);
        ring_kick(&q);
        g_assert_cmpint(t->nr_kept, ==, 6);
        for (unsigned i = 0; i < 5; i++) {
            g_assert_true(virtqueue_elem_stale(t->kept[i]));
        }
        toy_return(t);
        g_assert_cmpint(ring_used_idx(&q), ==, 1);
        g_assert_cmpint(ring_take(&q, NULL), ==, 16);
        g_assert_cmpint(rd(r, R_ISR), ==, 1);
        rig_free(r);
    }
}

static void test_save_load(void)
{
    Rig *a = toy_rig(false), *b = toy_rig(false);
    g_autoptr(GByteArray) dev = g_byte_array_new(), mmio = g_byte_array_new();
    uint8_t *ram = g_malloc(RIG_RAM_SIZE);
    Error *err = NULL;
    Ring q;

    start(a, &q, 0, 8, 0);
    for (int i = 0; i < 13; i++) {
        echo(&q);
    }
    object_state_save(a->dev, dev);
    object_state_save(a->transport, mmio);
    rig_peek(a, RIG_RAM, ram, RIG_RAM_SIZE);
    rig_poke(b, RIG_RAM, ram, RIG_RAM_SIZE);
    g_assert_true(object_state_load(b->dev, dev->data, dev->len, &err));
    g_assert_true(object_state_load(b->transport, mmio->data, mmio->len, &err));
    g_assert_cmphex(rd(b, R_STATUS), ==, 0xf);
    q.rig = b;
    for (int i = 0; i < 13; i++) {
        echo(&q);
    }
    /* A queue size that no driver could have set is refused. */
    TOY(a->dev)->parent_obj.vq[0].num = 7;
    g_byte_array_set_size(dev, 0);
    object_state_save(a->dev, dev);
    g_assert_false(object_state_load(b->dev, dev->data, dev->len, &err));
    g_assert_nonnull(err);
    error_free(err);
    echo(&q);
    g_free(ram);
    rig_free(a);
    rig_free(b);
}

/* ---- What a hostile driver does ---- */

typedef struct Hostile {
    const char *name;
    uint64_t drop;          /* features not to take */
    void (*act)(Ring *q);   /* ends with the notification */
    bool tolerated;         /* no error: the device only must not suffer */
} Hostile;

#define TABLE (RIG_FREE + 0x100000)

static void go(Ring *q, unsigned head)
{
    ring_publish(q, head);
    ring_kick(q);
}

static void one(Ring *q, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    desc_put(q->rig, q->desc, 0, addr, len, flags, next);
    go(q, 0);
}

static void table_entry(Ring *q, unsigned i, uint64_t addr, uint32_t len, uint16_t flags,
                        uint16_t next)
{
    desc_put(q->rig, TABLE, i, addr, len, flags, next);
}

static void h_head(Ring *q) { go(q, q->num); }
static void h_head_max(Ring *q) { go(q, 0xffff); }
static void h_jump(Ring *q)
{
    rig_poke16(q->rig, q->avail + 2, q->num + 1);
    ring_kick(q);
}
static void h_jump_back(Ring *q)
{
    rig_poke16(q->rig, q->avail + 2, 0xffff);
    ring_kick(q);
}
static void h_self(Ring *q) { one(q, RIG_FREE, 8, D_NEXT, 0); }
static void h_cycle(Ring *q)
{
    desc_put(q->rig, q->desc, 1, RIG_FREE, 8, D_WRITE | D_NEXT, 0);
    one(q, RIG_FREE, 8, D_WRITE | D_NEXT, 1);
}
static void h_next_out(Ring *q) { one(q, RIG_FREE, 8, D_NEXT, q->num); }
static void h_zero_out(Ring *q) { one(q, RIG_FREE, 0, 0, 0); }
static void h_zero_in(Ring *q) { one(q, RIG_FREE, 0, D_WRITE, 0); }
static void h_zero_tail(Ring *q)
{
    desc_put(q->rig, q->desc, 1, RIG_FREE + 64, 0, D_WRITE, 0);
    one(q, RIG_FREE, 16, D_NEXT, 1);
}
static void h_order(Ring *q)
{
    desc_put(q->rig, q->desc, 1, RIG_FREE, 8, 0, 0);
    one(q, RIG_FREE, 8, D_WRITE | D_NEXT, 1);
}
static void h_mmio_out(Ring *q) { one(q, RIG_TRAP, 16, 0, 0); }
static void h_mmio_in(Ring *q) { one(q, RIG_TRAP, 16, D_WRITE, 0); }
static void h_self_mmio(Ring *q) { one(q, RIG_MMIO + R_STATUS, 4, D_WRITE, 0); }
static void h_unmapped(Ring *q) { one(q, 0x40000000, 16, D_WRITE, 0); }
static void h_rom_in(Ring *q) { one(q, RIG_ROM, 16, D_WRITE, 0); }
static void h_rom_out(Ring *q) { one(q, RIG_ROM, 16, 0, 0); }
static void h_end(Ring *q) { one(q, RIG_RAM + RIG_RAM_SIZE - 8, 16, D_WRITE, 0); }
static void h_before(Ring *q) { one(q, RIG_RAM - 8, 16, D_WRITE, 0); }
static void h_wrap(Ring *q) { one(q, UINT64_MAX - 7, 16, D_WRITE, 0); }
static void h_null(Ring *q) { one(q, 0, 1, D_WRITE, 0); }
static void h_huge(Ring *q) { one(q, RIG_RAM, UINT32_MAX, D_WRITE, 0); }
static void h_total(Ring *q)
{
    for (unsigned i = 0; i < 65; i++) {
        table_entry(q, i, RIG_RAM, RIG_RAM_SIZE, i < 64 ? D_NEXT : 0, i + 1);
    }
    one(q, TABLE, 65 * 16, D_INDIRECT, 0);
}
static void h_second_bad(Ring *q)
{
    desc_put(q->rig, q->desc, 1, RIG_TRAP, 16, D_WRITE, 0);
    one(q, RIG_FREE, 16, D_NEXT, 1);
}
static void h_ind(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, D_WRITE, 0);
    one(q, TABLE, 16, D_INDIRECT, 0);
}
static void h_ind_nested(Ring *q)
{
    table_entry(q, 0, TABLE, 16, D_INDIRECT, 0);
    one(q, TABLE, 16, D_INDIRECT, 0);
}
static void h_ind_next(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, D_WRITE, 0);
    one(q, TABLE, 16, D_INDIRECT | D_NEXT, 1);
}
static void h_ind_zero(Ring *q) { one(q, TABLE, 0, D_INDIRECT, 0); }
static void h_ind_odd(Ring *q) { one(q, TABLE, 24, D_INDIRECT, 0); }
static void h_ind_short(Ring *q) { one(q, TABLE, 8, D_INDIRECT, 0); }
static void h_ind_mmio(Ring *q) { one(q, RIG_TRAP, 16, D_INDIRECT, 0); }
static void h_ind_unmapped(Ring *q) { one(q, 0x40000000, 4096, D_INDIRECT, 0); }
static void h_ind_wrap(Ring *q) { one(q, UINT64_MAX - 15, 32, D_INDIRECT, 0); }
static void h_ind_end(Ring *q)
{
    uint64_t at = RIG_RAM + RIG_RAM_SIZE - 16;

    desc_put(q->rig, at, 0, RIG_FREE, 8, D_NEXT, 1);
    one(q, at, 32, D_INDIRECT, 0);
}
static void h_ind_self(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, D_NEXT, 0);
    one(q, TABLE, 16 * 16, D_INDIRECT, 0);
}
static void h_ind_next_out(Ring *q)
{
    table_entry(q, 0, RIG_FREE, 8, D_NEXT, 1);
    one(q, TABLE, 16, D_INDIRECT, 0);
}
static void h_ind_long(Ring *q)
{
    table_of_bytes(q->rig, TABLE, 1025);
    one(q, TABLE, 1025 * 16, D_INDIRECT, 0);
}
static void h_ind_cycle_big(Ring *q)
{
    /* A table as long as the length field can say, whose entries chase each other. */
    table_entry(q, 0, RIG_FREE, 1, D_NEXT, 1);
    table_entry(q, 1, RIG_FREE, 1, D_NEXT, 0);
    one(q, TABLE, 0xfffffff0, D_INDIRECT, 0);
}
static void h_no_queue(Ring *q) { wr(q->rig, R_NOTIFY, 7); }
static void h_no_queue_max(Ring *q) { wr(q->rig, R_NOTIFY, 0xffffffff); }

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
LAYOUT(h_num_3, b.num = 3)
LAYOUT(h_num_2048, b.num = 2048)
LAYOUT(h_num_65536, b.num = 0x10008)
LAYOUT(h_desc_odd, b.desc += 8)
LAYOUT(h_avail_odd, b.avail += 1)
LAYOUT(h_used_odd, b.used += 2)
LAYOUT(h_desc_mmio, b.desc = RIG_TRAP)
LAYOUT(h_avail_mmio, b.avail = RIG_TRAP)
LAYOUT(h_used_mmio, b.used = RIG_TRAP)
LAYOUT(h_used_rom, b.used = RIG_ROM)
LAYOUT(h_desc_end, b.desc = RIG_RAM + RIG_RAM_SIZE - 16)
LAYOUT(h_avail_end, b.avail = RIG_RAM + RIG_RAM_SIZE - 8)
LAYOUT(h_used_end, b.used = RIG_RAM + RIG_RAM_SIZE - 8)
LAYOUT(h_desc_wrap, b.desc = UINT64_MAX - 15)
LAYOUT(h_all_0, b.desc = b.avail = b.used = 0)

static void h_driver_ok(Ring *q)
{
    wr(q->rig, R_STATUS, 0);
    wr(q->rig, R_STATUS, 3);
    wr(q->rig, R_STATUS, 7);
}

/* Head 0 made available again and again while the device still has it. */
static void h_reuse(Ring *q)
{
    Ring k;

    ring_setup(&k, q->rig, 1, 4);
    desc_put(q->rig, k.desc, 0, RIG_FREE, 8, D_WRITE, 0);
    for (int i = 0; i < 5; i++) {
        go(&k, 0);
    }
}

static const Hostile hostile[] = {
    { "head outside the ring", 0, h_head },
    { "head 65535", 0, h_head_max },
    { "available index too far ahead", 0, h_jump },
    { "available index behind", 0, h_jump_back },
    { "descriptor that follows itself", 0, h_self },
    { "cycle of two", 0, h_cycle },
    { "next outside the ring", 0, h_next_out },
    { "readable buffer without length", 0, h_zero_out },
    { "writable buffer without length", 0, h_zero_in },
    { "chain that ends without length", 0, h_zero_tail },
    { "readable after writable", 0, h_order },
    { "reads a device", 0, h_mmio_out },
    { "writes a device", 0, h_mmio_in },
    { "writes its own registers", 0, h_self_mmio },
    { "nothing at that address", 0, h_unmapped },
    { "writes ROM", 0, h_rom_in },
    { "reads ROM", 0, h_rom_out, .tolerated = true },
    { "over the end of RAM", 0, h_end },
    { "from before RAM", 0, h_before },
    { "wraps around", 0, h_wrap },
    { "address 0", 0, h_null },
    { "4 GiB long", 0, h_huge },
    { "1 GiB in total", 0, h_total },
    { "second buffer bad", 0, h_second_bad },
    { "indirect without the feature", BIT_ULL(VIRTIO_F_INDIRECT_DESC), h_ind },
    { "indirect in indirect", 0, h_ind_nested },
    { "indirect, then another", 0, h_ind_next },
    { "indirect table without length", 0, h_ind_zero },
    { "indirect table of one and a half", 0, h_ind_odd },
    { "indirect table of a half", 0, h_ind_short },
    { "indirect table in a device", 0, h_ind_mmio },
    { "indirect table nowhere", 0, h_ind_unmapped },
    { "indirect table wraps around", 0, h_ind_wrap },
    { "indirect table over the end of RAM", 0, h_ind_end },
    { "indirect entry follows itself", 0, h_ind_self },
    { "indirect next outside the table", 0, h_ind_next_out },
    { "indirect chain of 1025", 0, h_ind_long },
    { "indirect cycle in a huge table", 0, h_ind_cycle_big },
    { "notifies queue 7", 0, h_no_queue, .tolerated = true },
    { "notifies queue 2^32-1", 0, h_no_queue_max, .tolerated = true },
    { "size 0", 0, h_num_0 },
    { "size 3", 0, h_num_3 },
    { "size 2048", 0, h_num_2048 },
    { "size that is valid in 16 bits", 0, h_num_65536 },
    { "descriptors not aligned", 0, h_desc_odd },
    { "available ring not aligned", 0, h_avail_odd },
    { "used ring not aligned", 0, h_used_odd },
    { "descriptors in a device", 0, h_desc_mmio },
    { "available ring in a device", 0, h_avail_mmio },
    { "used ring in a device", 0, h_used_mmio },
    { "used ring in ROM", 0, h_used_rom },
    { "descriptors over the end of RAM", 0, h_desc_end },
    { "available ring over the end of RAM", 0, h_avail_end },
    { "used ring over the end of RAM", 0, h_used_end },
    { "descriptors wrap around", 0, h_desc_wrap },
    { "rings at address 0", 0, h_all_0 },
    { "DRIVER_OK without features", 0, h_driver_ok },
    { "one head many times in flight", 0, h_reuse },
};

static void test_hostile(gconstpointer data)
{
    const Hostile *h = data;
    Rig *r = toy_rig(false);
    Toy *t = TOY(r->dev);
    unsigned handled;
    Ring q;

    start(r, &q, 0, 16, h->drop);
    h->act(&q);
    g_assert_cmpint(rig_broken(r), ==, !h->tolerated);
    if (!h->tolerated) {
        /* It says so, and does no more until it is reset. */
        if (rd(r, R_STATUS) & VIRTIO_S_DRIVER_OK) {
            g_assert_true(r->irq);
            g_assert_cmphex(rd(r, R_ISR) & 2, ==, 2);
        }
        handled = t->handled;
        ring_kick(&q);
        g_assert_cmpint(t->handled, ==, handled);
    }
    toy_return(t);
    ring_settle();
    /* A reset, by the driver or of the machine, brings it back. */
    start(r, &q, 0, 16, 0);
    g_assert_false(r->irq);
    echo(&q);
    device_reset(r->transport);
    g_assert_cmphex(rd(r, R_STATUS), ==, 0);
    start(r, &q, 0, 16, 0);
    echo(&q);
    rig_free(r);
}

/* Legacy: no NEEDS_RESET to set, but the same refusal and the same way back. */
static void test_hostile_legacy(void)
{
    Rig *r = toy_rig(true);
    Ring q;

    for (unsigned i = 0; i < G_N_ELEMENTS(hostile); i++) {
        if (hostile[i].act == h_driver_ok || hostile[i].act == h_reuse ||
            g_str_has_prefix(hostile[i].name, "size") || strstr(hostile[i].name, "ring") ||
            strstr(hostile[i].name, "descriptors")) {
            continue; /* about registers that are not there */
        }
        start(r, &q, 0, 16, hostile[i].drop);
        hostile[i].act(&q);
        g_assert_cmpint(TOY(r->dev)->parent_obj.broken, ==, !hostile[i].tolerated);
        g_assert_cmphex(rd(r, R_STATUS) & VIRTIO_S_NEEDS_RESET, ==, 0);
        start(r, &q, 0, 16, 0);
        echo(&q);
    }
    /* Layouts of legacy rings. */
    wr(r, R_STATUS, 0);
    wr(r, R_STATUS, 3);
    for (unsigned i = 0; i < 6; i++) {
        wr(r, R_QUEUE_SEL, 0);
        wr(r, R_PAGE_SIZE, i == 0 ? 0 : i == 1 ? 0xffffffff : 4096);
        wr(r, R_NUM, i == 2 ? 0 : i == 3 ? 12345 : 16);
        wr(r, R_ALIGN, i == 4 ? 0 : 4096);
        wr(r, R_PFN, i == 5 ? 0xffffffff : RIG_RAM / 4096);
        g_assert_cmphex(rd(r, R_PFN), ==, 0);
        wr(r, R_STATUS, 0);
        wr(r, R_STATUS, 3);
    }
    start(r, &q, 0, 16, 0);
    echo(&q);
    rig_free(r);
}

/* Another thread changes a descriptor while the device looks at it: whatever value is seen is the
 * value that was checked. Sanitizers watch. */
static gpointer flipper(gpointer data)
{
    Rig *r = data;
    uint8_t *d = r->ram.ram->host; /* the first descriptor */

    for (unsigned i = 0; !__atomic_load_n(&r->trap.owner, __ATOMIC_RELAXED); i++) {
        __atomic_store_n((uint32_t *)(d + 8), htole32(i & 1 ? 64 : 0xfffffff0), __ATOMIC_RELAXED);
        __atomic_store_n((uint16_t *)(d + 12), htole16(i & 2 ? D_WRITE : D_INDIRECT),
                         __ATOMIC_RELAXED);
    }
    return NULL;
}

G_GNUC_UNUSED static void test_double_fetch(void)
{
    Rig *r = toy_rig(false);
    GThread *t;
    Ring q;

    rig_negotiate(r, 0);
    ring_setup(&q, r, 0, 16);
    rig_driver_ok(r);
    desc_put(r, q.desc, 0, RIG_FREE, 64, D_WRITE, 0);
    t = g_thread_new("flip", flipper, r);
    for (int i = 0; i < 20000; i++) {
        go(&q, 0);
        if (rig_broken(r)) {
            rig_negotiate(r, 0);
            ring_setup(&q, r, 0, 16);
            rig_driver_ok(r);
            desc_put(r, q.desc, 0, RIG_FREE, 64, D_WRITE, 0);
        }
    }
    __atomic_store_n(&r->trap.owner, r, __ATOMIC_RELAXED);
    g_thread_join(t);
    r->trap.owner = NULL;
    rig_free(r);
}

/* Random writes to every register, with rings that a fool filled. */
static void test_random(void)
{
    GRand *rand = g_rand_new_with_seed(20240607);
    Rig *r = toy_rig(false);
    Ring q;

    for (int round = 0; round < 200; round++) {
        start(r, &q, 0, 16, 0);
        for (int i = 0; i < 200; i++) {
            unsigned reg = g_rand_int_range(rand, 0, VIRTIO_MMIO_SIZE / 4) * 4;
            uint8_t d[16];

            for (unsigned k = 0; k < sizeof(d); k++) {
                d[k] = g_rand_int(rand) & (g_rand_boolean(rand) ? 0xff : 3);
            }
            if (g_rand_boolean(rand)) {
                st64_le(d, RIG_RAM + g_rand_int_range(rand, 0, RIG_RAM_SIZE));
            }
            rig_poke(r, q.desc + 16 * (uint64_t)g_rand_int_range(rand, 0, 16), d, sizeof(d));
            switch (g_rand_int_range(rand, 0, 4)) {
            case 0:
                wr(r, reg, g_rand_int(rand));
                break;
            case 1:
                wr(r, reg, g_rand_int_range(rand, 0, 32));
                break;
            case 2:
                (void)rig_read(r, reg, 1 << g_rand_int_range(rand, 0, 3));
                break;
            default:
                go(&q, g_rand_int_range(rand, 0, 20));
                break;
            }
            toy_return(TOY(r->dev));
        }
    }
    start(r, &q, 0, 16, 0);
    echo(&q);
    g_rand_free(rand);
    rig_free(r);
}

static void test_bus(void)
{
    Rig *r = rig_new(false);
    DeviceState *second = DEVICE(object_new_known(TYPE_TOY));
    Error *err = NULL;

    rig_plug(r, TYPE_TOY, NULL);
    g_assert_false(bus_attach(g_ptr_array_index(r->transport->buses, 0), second, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "no free slot"));
    error_free(err);
    object_unref(second);
    rig_free(r);
}

/* -global reaches types, and types that derive from them; the object's own setting wins. */
static void test_global(void)
{
    static const char *const bad[][3] = {
        { "virtio-mimo", "force-legacy", "off" }, { "virtio-mmio", "force_legacy", "off" },
        { "virtio-mmio", "force-legacy", "perhaps" },
    };
    const char *const props[] = { "indirect_desc", "on", NULL };
    Rig *r;

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        Error *err = NULL;

        g_assert_false(object_global_add(bad[i][0], bad[i][1], bad[i][2], &err));
        g_assert_nonnull(err);
        error_free(err);
    }
    g_assert_true(object_global_add("virtio-device", "event_idx", "off", NULL));
    g_assert_true(object_global_add(TYPE_TOY, "queue_reset", "off", NULL));
    g_assert_true(object_global_add(TYPE_TOY, "indirect_desc", "off", NULL));
    r = rig_new(false);
    rig_plug(r, TYPE_TOY, props);
    object_globals_clear();
    g_assert_cmphex(rig_offered(r), ==, BIT_ULL(28) | BIT_ULL(32));
    rig_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtqueue/registers", test_registers);
    g_test_add_func("/virtqueue/empty-slot", test_empty_slot);
    g_test_add_func("/virtqueue/legacy", test_legacy);
    g_test_add_func("/virtqueue/features", test_features);
    g_test_add_func("/virtqueue/wrap", test_wrap);
    g_test_add_func("/virtqueue/indirect", test_indirect);
    g_test_add_func("/virtqueue/interrupts", test_interrupts);
    g_test_add_func("/virtqueue/before-driver-ok", test_before_driver_ok);
    g_test_add_func("/virtqueue/latched", test_latched);
    g_test_add_func("/virtqueue/queue-reset", test_queue_reset);
    g_test_add_func("/virtqueue/reset-in-flight", test_reset_in_flight);
    g_test_add_func("/virtqueue/save-load", test_save_load);
    g_test_add_func("/virtqueue/bus", test_bus);
    g_test_add_func("/virtqueue/global", test_global);
    for (unsigned i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autofree char *path = g_strdup_printf("/virtqueue/hostile/%s", hostile[i].name);

        g_test_add_data_func(path, &hostile[i], test_hostile);
    }
    g_test_add_func("/virtqueue/hostile-legacy", test_hostile_legacy);
#ifndef __SANITIZE_THREAD__ /* the race is what is tested */
    g_test_add_func("/virtqueue/double-fetch", test_double_fetch);
#endif
    g_test_add_func("/virtqueue/random", test_random);
    return g_test_run();
}
