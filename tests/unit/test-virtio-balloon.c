/*
 * virtio-balloon: pages go back to the host and come back as zeros, free pages are reported,
 * statistics are asked for at their interval, and page numbers of every kind of nonsense.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-rig.h"

#include <sys/mman.h>

#include "hw/virtio/virtio-balloon.h"

#define PAGE (RIG_FREE + 1 * MiB)
#define PFNS (RIG_FREE + 0x1000)

static Rig *balloon(bool legacy, const char *const *props)
{
    Rig *r = rig_new(legacy);

    rig_plug(r, "virtio-balloon-device", props);
    return r;
}

static void start(Rig *r, Ring *q, unsigned nr)
{
    rig_negotiate(r, 0);
    for (unsigned i = 0; i < nr; i++) {
        ring_setup(&q[i], r, i, 16);
    }
    rig_driver_ok(r);
    ring_settle();
}

static void fill(Rig *r, uint64_t addr, unsigned pages)
{
    uint8_t buf[4096];

    memset(buf, 0xa5, sizeof(buf));
    for (unsigned i = 0; i < pages; i++) {
        rig_poke(r, addr + i * sizeof(buf), buf, sizeof(buf));
    }
}

static uint8_t first_byte(Rig *r, uint64_t addr)
{
    uint8_t b;

    rig_peek(r, addr, &b, 1);
    return b;
}

static bool resident(Rig *r, uint64_t addr)
{
    unsigned char in = 0;

    g_assert_cmpint(mincore(r->ram.ram->host + (addr - RIG_RAM), 4096, &in), ==, 0);
    return in & 1;
}

static void give(Ring *q, const uint32_t *pfns, unsigned n)
{
    Seg s = { PFNS, 4 * n, false };

    for (unsigned i = 0; i < n; i++) {
        uint8_t b[4];

        st32_le(b, pfns[i]);
        rig_poke(q->rig, PFNS + 4 * i, b, 4);
    }
    ring_add(q, &s, 1);
    ring_kick(q);
    ring_wait(q, NULL);
}

static void test_inflate(void)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        Rig *r = balloon(legacy, NULL);
        /* Up, down, alone, twice. */
        uint32_t base = PAGE >> 12;
        uint32_t pfns[] = { base, base + 1, base + 2, base + 9, base + 8, base + 7, base + 20, base + 20 };
        Ring q[3];

        g_assert_cmpint(rd(r, R_DEVICE_ID), ==, 5);
        g_assert_cmphex(rig_offered(r) & 0x3f, ==, BIT_ULL(1) | BIT_ULL(4));
        start(r, q, 3);
        fill(r, PAGE, 32);
        g_assert_true(resident(r, PAGE));
        give(&q[0], pfns, G_N_ELEMENTS(pfns));
        for (unsigned i = 0; i < 32; i++) {
            bool gone = i <= 2 || (i >= 7 && i <= 9) || i == 20;

            g_assert_cmpint(resident(r, PAGE + 4096 * i), ==, !gone);
            g_assert_cmphex(first_byte(r, PAGE + 4096 * i), ==, gone ? 0 : 0xa5);
        }
        fill(r, PAGE, 1);
        give(&q[1], pfns, 3); /* deflating changes nothing */
        g_assert_cmphex(first_byte(r, PAGE), ==, 0xa5);
        /* What the guest says of itself. */
        wr(r, R_CONFIG + 4, 7);
        g_assert_cmpint(rd(r, R_CONFIG + 4), ==, 7);
        for (unsigned i = 0; i < 4; i++) { /* as drivers of the legacy interface do it */
            g_assert_cmpint(address_space_st(&r->as, RIG_MMIO + R_CONFIG + 4 + i, 0x11 * (i + 1), 1),
                            ==, MEMTX_OK);
        }
        g_assert_cmphex(rd(r, R_CONFIG + 4), ==, 0x44332211);
        wr(r, R_CONFIG, 1000); /* what the host wants is not the guest's to change */
        g_assert_cmpint(rd(r, R_CONFIG), ==, 0);
        wr(r, R_STATUS, 0);
        g_assert_cmpint(rd(r, R_CONFIG + 4), ==, 0);
        rig_free(r);
    }
}

static void test_reporting(void)
{
    Rig *r = balloon(false, (const char *[]){ "free-page-reporting", "on", NULL });
    Seg s[] = { { PAGE, 8192, true }, { PAGE + 0x10000, 4096 + 100, true } };
    Ring q[4];

    g_assert_cmphex(rig_offered(r) & BIT_ULL(5), !=, 0);
    for (unsigned poison = 0; poison < 2; poison++) {
        start(r, q, 4);
        fill(r, PAGE, 32);
        wr(r, R_CONFIG + 12, poison ? 0xaa : 0);
        ring_add(&q[3], s, 2);
        ring_kick(&q[3]);
        ring_take(&q[3], NULL);
        g_assert_cmphex(first_byte(r, PAGE), ==, poison ? 0xa5 : 0);
        g_assert_cmphex(first_byte(r, PAGE + 4096), ==, poison ? 0xa5 : 0);
        g_assert_cmphex(first_byte(r, PAGE + 8192), ==, 0xa5);
        g_assert_cmphex(first_byte(r, PAGE + 0x10000), ==, poison ? 0xa5 : 0);
        g_assert_cmphex(first_byte(r, PAGE + 0x11000), ==, 0xa5); /* not all of that page */
    }
    rig_free(r);
}

static void put_stats(Ring *q, uint64_t free)
{
    Seg s = { PFNS, 30, false };
    uint8_t raw[30];

    st16_le(raw, 4);
    st64_le(raw + 2, free);
    st16_le(raw + 10, 999); /* unknown */
    st64_le(raw + 12, 1);
    st16_le(raw + 20, 5);
    st64_le(raw + 22, 12345);
    rig_poke(q->rig, PFNS, raw, sizeof(raw));
    ring_add(q, &s, 1);
    ring_kick(q);
}

static void test_stats(void)
{
    Rig *r = balloon(false, NULL);
    VirtIOBalloon *b = VIRTIO_BALLOON(r->dev);
    GString *text = g_string_new(NULL);
    Ring q[3];

    start(r, q, 3);
    put_stats(&q[2], 1);
    virtio_balloon_stats(b, text);
    g_assert_cmpstr(text->str, ==, "stat-free-memory=1\nstat-total-memory=12345\n");
    g_assert_cmpint(ring_used_idx(&q[2]), ==, 0);
    /* From now on every second. */
    clock_virtual_enable(true);
    g_assert_true(object_property_set_str(b, "guest-stats-polling-interval", "1", NULL));
    for (unsigned i = 2; i < 4; i++) {
        g_autofree char *want = g_strdup_printf("stat-free-memory=%u\nstat-total-memory=12345\n", i);

        ring_wait(&q[2], NULL);
        put_stats(&q[2], i);
        g_string_truncate(text, 0);
        virtio_balloon_stats(b, text);
        g_assert_cmpstr(text->str, ==, want);
    }
    wr(r, R_STATUS, 0);
    g_string_truncate(text, 0);
    virtio_balloon_stats(b, text);
    g_assert_cmpstr(text->str, ==, "");
    clock_virtual_enable(false);
    g_string_free(text, TRUE);
    rig_free(r);
}

/* Numbers of pages that are not RAM, and lists of odd lengths: nothing happens, nothing breaks. */
static void test_hostile(void)
{
    Rig *r = balloon(false, NULL);
    static const uint32_t bad[] = {
        0, UINT32_MAX, UINT32_MAX - 1, RIG_TRAP >> 12, RIG_MMIO >> 12, RIG_ROM >> 12,
        (RIG_RAM >> 12) - 1, (RIG_RAM + RIG_RAM_SIZE) >> 12, 0x40000, 0x7fffffff, 0x80000000,
    };
    Seg s = { PFNS, 7, false }, w = { PFNS, 64, true }, big = { RIG_FREE, 8 * MiB, false };
    GRand *rand = g_rand_new_with_seed(7);
    Ring q[3];

    start(r, q, 3);
    give(&q[0], bad, G_N_ELEMENTS(bad));
    give(&q[1], bad, G_N_ELEMENTS(bad));
    /* A run over the end of RAM: none of it is RAM to be given away as a whole. */
    give(&q[0], (uint32_t[]){ ((RIG_RAM + RIG_RAM_SIZE) >> 12) - 1, (RIG_RAM + RIG_RAM_SIZE) >> 12 }, 2);
    for (unsigned i = 0; i < 3; i++) {
        ring_add(&q[i], &s, 1);
        ring_kick(&q[i]);
        ring_add(&q[i], &w, 1);
        ring_kick(&q[i]);
    }
    ring_settle();
    /* Two million page numbers in one chain. */
    for (uint64_t a = RIG_FREE; a < RIG_FREE + 8 * MiB; a += 4) {
        uint8_t b[4];

        st32_le(b, g_rand_int(rand));
        rig_poke(r, a, b, 4);
    }
    ring_add(&q[0], &big, 1);
    ring_kick(&q[0]);
    g_assert_false(rig_broken(r));
    wr(r, R_STATUS, 0);
    start(r, q, 3);
    give(&q[0], (uint32_t[]){ PAGE >> 12 }, 1);
    g_rand_free(rand);
    rig_free(r);
}

static void test_only_one(void)
{
    Rig *r = balloon(false, NULL), *other = rig_new(false);
    DeviceState *dev = rig_device(other, "virtio-balloon-device", NULL);
    Error *err = NULL;

    g_assert_true(object_add_child(object_container("/machine"), "balloon", r->dev, NULL));
    g_assert_false(device_realize(dev, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "the machine has a balloon already");
    error_free(err);
    bus_detach(dev);
    object_unref(dev);
    object_unparent(r->dev);
    rig_free(other);
    rig_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-balloon/inflate", test_inflate);
    g_test_add_func("/virtio-balloon/reporting", test_reporting);
    g_test_add_func("/virtio-balloon/stats", test_stats);
    g_test_add_func("/virtio-balloon/hostile", test_hostile);
    g_test_add_func("/virtio-balloon/only-one", test_only_one);
    return g_test_run();
}
