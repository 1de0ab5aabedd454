/*
 * virtio-blk under a hand-driven ring: requests, configuration, what malformed requests do, and a
 * reset with I/O in flight.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-rig.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backend/block.h"
#include "hw/core/machine.h"
#include "qom/user-creatable.h"

#define SECTORS 256
#define HDR RIG_FREE
#define STATUS (RIG_FREE + 0x100)
#define DATA (RIG_FREE + 0x1000)

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2 };

static char *image;

static BlockBackend *drive(const char *id, const char *more)
{
    g_autofree char *o = g_strdup_printf("file=%s,format=raw%s", image, more);
    Error *err = NULL;
    g_autoptr(KeyVals) kv = keyval_parse(o, NULL, false, NULL);
    Object *obj = user_creatable_new(TYPE_BLOCK_DRIVE, "/drives", id, kv, &err);

    if (!obj) {
        g_error("%s", error_get_pretty(err));
    }
    return BLOCK_BACKEND(obj);
}

static void fill_image(void)
{
    g_autofree uint8_t *buf = g_malloc(SECTORS * 512);

    for (unsigned i = 0; i < SECTORS * 512; i++) {
        buf[i] = i / 512;
    }
    g_assert_true(g_file_set_contents(image, (char *)buf, SECTORS * 512, NULL));
}

/* What the tests are run with again: how the host does it, and which thread serves the queues. */
static const char *aio = "threads";
static bool threaded;

static Rig *blk_rig(bool legacy, const char *drive_options, const char *prop, const char *value)
{
    const char *props[] = { "drive", "d", prop ? prop : "config-wce", prop ? value : "on",
                            threaded ? "iothread" : NULL, "t", NULL };
    g_autofree char *options = g_strdup_printf("%s,aio=%s", drive_options, aio);
    Rig *r = rig_new(legacy);

    if (threaded && !object_resolve_path("/objects/t")) {
        g_autoptr(KeyVals) kv = keyval_parse("", NULL, false, NULL);

        g_assert_nonnull(user_creatable_new("iothread", "/objects", "t", kv, NULL));
    }
    fill_image();
    drive("d", options);
    rig_plug(r, "virtio-blk-device", props);
    return r;
}

static void blk_free(Rig *r)
{
    Object *d = object_resolve_path("/drives/d");

    rig_free(r);
    object_unparent(d);
}

static void start(Rig *r, Ring *q, uint64_t drop)
{
    rig_negotiate(r, drop);
    ring_setup(q, r, 0, 64);
    rig_driver_ok(r);
}

static void put_header(Rig *r, uint32_t type, uint64_t sector)
{
    uint8_t h[16] = { 0 }, bad = 0xff;

    st32_le(h, type);
    st64_le(h + 8, sector);
    rig_poke(r, HDR, h, 16);
    rig_poke(r, STATUS, &bad, 1);
}

static uint8_t status(Rig *r)
{
    uint8_t s;

    rig_peek(r, STATUS, &s, 1);
    return s;
}

/* A request with `len` bytes of data at DATA; its status. */
static uint8_t request(Ring *q, uint32_t type, uint64_t sector, uint32_t len, bool from_device)
{
    Seg segs[] = { { HDR, 16, false }, { DATA, len, from_device }, { STATUS, 1, true } };

    put_header(q->rig, type, sector);
    if (len) {
        ring_add(q, segs, 3);
    } else {
        Seg two[] = { segs[0], segs[2] };
        ring_add(q, two, 2);
    }
    ring_kick(q);
    ring_wait(q, NULL);
    return status(q->rig);
}

static void expect_data(Rig *r, unsigned len, uint8_t v)
{
    g_autofree uint8_t *buf = g_malloc(len);

    rig_peek(r, DATA, buf, len);
    for (unsigned i = 0; i < len; i++) {
        g_assert_cmphex(buf[i], ==, v);
    }
}

static void fill_data(Rig *r, unsigned len, uint8_t v)
{
    g_autofree uint8_t *buf = g_malloc(len);

    memset(buf, v, len);
    rig_poke(r, DATA, buf, len);
}

static void works(Ring *q)
{
    g_assert_cmpint(request(q, IN, 9, 512, true), ==, OK);
    expect_data(q->rig, 512, 9);
}

/* ---- Tests ---- */

static void test_config(void)
{
    Rig *r = blk_rig(false, "", "num-queues", "3");
    uint64_t f = rig_offered(r) & ~RIG_FORMATS;

    for (unsigned i = 0; i < 64; i++) {
        bool want = i == 2 || i == 4 || i == 6 || (i >= 9 && i <= 14) || i == 28 || i == 29 ||
                    i == 32 || i == 40;
        g_assert_cmpint((f >> i) & 1, ==, want);
    }
    g_assert_cmpint(rd(r, R_DEVICE_ID), ==, 2);
    g_assert_cmpint(rig_read(r, R_CONFIG, 8), ==, SECTORS);
    g_assert_cmpint(rd(r, R_CONFIG + 12), ==, 254);
    g_assert_cmpint(rd(r, R_CONFIG + 20), ==, 512);
    g_assert_cmpint(rig_read(r, R_CONFIG + 18, 1), ==, 16);
    g_assert_cmpint(rig_read(r, R_CONFIG + 32, 1), ==, 1);
    g_assert_cmpint(rig_read(r, R_CONFIG + 34, 2), ==, 3);
    g_assert_cmpint(rd(r, R_CONFIG + 36), ==, 4194303);
    g_assert_cmpint(rig_read(r, R_CONFIG + 56, 1), ==, 1);
    for (unsigned i = 0; i < 4; i++) {
        wr(r, R_QUEUE_SEL, i);
        g_assert_cmpint(rd(r, R_NUM_MAX), ==, i < 3 ? 1024 : 0);
    }
    blk_free(r);
}

static void io(bool legacy, const char *options)
{
    Rig *r = blk_rig(legacy, options, "serial", "vireo-0123456789abcdef");
    char id[21] = { 0 };
    Ring q;

    start(r, &q, 0);
    works(&q);
    fill_data(r, 4096, 0xab);
    g_assert_cmpint(request(&q, OUT, 16, 4096, false), ==, OK);
    g_assert_cmpint(request(&q, FLUSH, 0, 0, false), ==, OK);
    g_assert_cmpint(request(&q, IN, 15, 512, true), ==, OK);
    expect_data(r, 512, 15);
    g_assert_cmpint(request(&q, IN, 16, 4096, true), ==, OK);
    expect_data(r, 4096, 0xab);
    g_assert_cmpint(request(&q, IN, 24, 512, true), ==, OK);
    expect_data(r, 512, 24);
    g_assert_cmpint(request(&q, GET_ID, 0, 20, true), ==, OK);
    rig_peek(r, DATA, id, 20);
    g_assert_cmpstr(id, ==, "vireo-0123456789abcd");
    g_assert_cmpint(request(&q, 1234, 0, 0, true), ==, UNSUPP);
    g_assert_cmpint(request(&q, IN | 0x80000000, 3, 512, true), ==, OK);
    expect_data(r, 512, 3);
    blk_free(r);
}

static void test_io(void)
{
    io(false, "");
    io(true, "");
    io(false, ",snapshot=on");
    io(false, ",cache=writethrough");
}

static void put_range(Rig *r, uint64_t sector, uint32_t num, uint32_t flags)
{
    uint8_t b[16];

    st64_le(b, sector);
    st32_le(b + 8, num);
    st32_le(b + 12, flags);
    rig_poke(r, DATA, b, 16);
}

static void test_discard_zeroes(void)
{
    Rig *r = blk_rig(false, ",discard=unmap", NULL, NULL);
    Ring q;

    start(r, &q, 0);
    put_range(r, 32, 8, 0);
    g_assert_cmpint(request(&q, ZEROES, 0, 16, false), ==, OK);
    g_assert_cmpint(request(&q, IN, 32, 4096, true), ==, OK);
    expect_data(r, 4096, 0);
    put_range(r, 40, 8, 1);
    g_assert_cmpint(request(&q, ZEROES, 0, 16, false), ==, OK);
    put_range(r, 48, 8, 0);
    g_assert_cmpint(request(&q, DISCARD, 0, 16, false), ==, OK);
    g_assert_cmpint(request(&q, IN, 40, 8192, true), ==, OK);
    expect_data(r, 8192, 0);
    g_assert_cmpint(request(&q, IN, 56, 512, true), ==, OK);
    expect_data(r, 512, 56);

    put_range(r, 48, 8, 1); /* discard has no unmap flag */
    g_assert_cmpint(request(&q, DISCARD, 0, 16, false), ==, UNSUPP);
    put_range(r, 48, 8, 2);
    g_assert_cmpint(request(&q, ZEROES, 0, 16, false), ==, UNSUPP);
    put_range(r, SECTORS - 1, 2, 0);
    g_assert_cmpint(request(&q, ZEROES, 0, 16, false), ==, IOERR);
    put_range(r, UINT64_MAX, 2, 0);
    g_assert_cmpint(request(&q, DISCARD, 0, 16, false), ==, IOERR);
    put_range(r, 0, UINT32_MAX, 0);
    g_assert_cmpint(request(&q, DISCARD, 0, 16, false), ==, IOERR);
    g_assert_cmpint(request(&q, DISCARD, 0, 0, false), ==, UNSUPP);
    g_assert_cmpint(request(&q, DISCARD, 0, 15, false), ==, UNSUPP);
    g_assert_cmpint(request(&q, ZEROES, 0, 32, false), ==, UNSUPP);
    works(&q);
    blk_free(r);
}

static void test_out_of_range(void)
{
    Rig *r = blk_rig(false, "", NULL, NULL);
    static const uint64_t bad[] = { SECTORS, SECTORS - 1, 1ull << 55, UINT64_MAX, UINT64_MAX / 512,
                                    UINT64_MAX / 512 + 1 };
    Ring q;

    start(r, &q, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpint(request(&q, IN, bad[i], 1024, true), ==, IOERR);
        g_assert_cmpint(request(&q, OUT, bad[i], 1024, false), ==, IOERR);
    }
    g_assert_cmpint(request(&q, IN, 0, 511, true), ==, IOERR);
    g_assert_cmpint(request(&q, OUT, 0, 100, false), ==, IOERR);
    g_assert_cmpint(request(&q, IN, 0, 0, true), ==, OK); /* nothing of nothing */
    works(&q);
    blk_free(r);
}

static void test_read_only(void)
{
    Rig *r = blk_rig(false, ",readonly=on", NULL, NULL);
    Ring q;

    g_assert_cmphex(rig_offered(r) & BIT_ULL(5), !=, 0);
    start(r, &q, 0);
    g_assert_cmpint(request(&q, OUT, 9, 512, false), ==, IOERR);
    put_range(r, 9, 1, 0);
    g_assert_cmpint(request(&q, ZEROES, 0, 16, false), ==, IOERR);
    works(&q);
    blk_free(r);
}

static void test_write_cache(void)
{
    Rig *r = blk_rig(false, "", NULL, NULL);
    Ring q;

    start(r, &q, 0);
    g_assert_cmpint(rig_read(r, R_CONFIG + 32, 1), ==, 1);
    address_space_st(&r->as, RIG_MMIO + R_CONFIG + 32, 0, 1);
    g_assert_cmpint(rig_read(r, R_CONFIG + 32, 1), ==, 0);
    g_assert_cmpint(request(&q, OUT, 1, 512, false), ==, OK);
    address_space_st(&r->as, RIG_MMIO + R_CONFIG, 0, 1); /* the capacity: no */
    g_assert_cmpint(rig_read(r, R_CONFIG, 8), ==, SECTORS);
    /* A driver without flush gets no cache. */
    start(r, &q, BIT_ULL(9) | BIT_ULL(11));
    g_assert_cmpint(rig_read(r, R_CONFIG + 32, 1), ==, 0);
    start(r, &q, 0);
    g_assert_cmpint(rig_read(r, R_CONFIG + 32, 1), ==, 1);
    blk_free(r);
}

/* Any cut of header, data and status into buffers is legal. */
static void test_layouts(void)
{
    Rig *r = blk_rig(false, "", NULL, NULL);
    uint8_t buf[513];
    Ring q;

    start(r, &q, 0);
    for (unsigned i = 0; i < 3; i++) {
        Seg cut[] = { { HDR, 1, false }, { HDR + 1, 7, false }, { HDR + 8, 8, false },
                      { DATA, 3, true }, { DATA + 3, 500, true }, { DATA + 503, 10, true } };

        put_header(r, IN, 20 + i);
        ring_add(&q, cut, 6);
        ring_kick(&q);
        g_assert_cmpint(ring_wait(&q, NULL), ==, 513);
        rig_peek(r, DATA, buf, 513);
        g_assert_cmpint(buf[0], ==, 20 + i);
        g_assert_cmpint(buf[511], ==, 20 + i);
        g_assert_cmpint(buf[512], ==, OK);
    }
    blk_free(r);
}

/* Chains that have no room for a header or a status: the device gives up until reset. */
static void test_malformed(void)
{
    static const struct {
        Seg segs[3];
        unsigned n;
    } bad[] = {
        { { { HDR, 16, false } }, 1 },                                /* no status */
        { { { STATUS, 1, true } }, 1 },                               /* no header */
        { { { HDR, 15, false }, { STATUS, 1, true } }, 2 },           /* short header */
        { { { HDR, 16, false }, { DATA, 512, false } }, 2 },          /* nothing writable */
        { { { DATA, 512, true }, { STATUS, 1, true } }, 2 },          /* nothing readable */
        { { { HDR, 16, false }, { STATUS, 0, true } }, 2 },           /* status of no length */
        { { { HDR, 16, false }, { RIG_TRAP, 512, true }, { STATUS, 1, true } }, 3 },
        { { { HDR, 16, false }, { DATA, 512, true }, { RIG_TRAP, 1, true } }, 3 },
        { { { RIG_TRAP, 16, false }, { DATA, 512, true }, { STATUS, 1, true } }, 3 },
    };
    Rig *r = blk_rig(false, "", NULL, NULL);
    Ring q;

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        start(r, &q, 0);
        put_header(r, IN, 1);
        ring_add(&q, bad[i].segs, bad[i].n);
        ring_kick(&q);
        ring_settle();
        g_assert_true(rig_broken(r));
        g_assert_cmpint(ring_used_idx(&q), ==, 0);
        start(r, &q, 0);
        works(&q);
    }
    blk_free(r);
}

/* Requests in flight when the driver resets: afterwards nothing writes to guest memory. */
static void test_reset_in_flight(void)
{
    Rig *r = blk_rig(false, "", NULL, NULL);
    Ring q;

    for (int round = 0; round < 50; round++) {
        uint8_t *ram = r->ram.ram->host + (DATA - RIG_RAM);

        start(r, &q, 0);
        for (int i = 0; i < 20; i++) {
            Seg segs[] = { { HDR, 16, false }, { DATA + i * 0x2000, 8192, true },
                           { STATUS, 1, true } };
            put_header(r, IN, 8);
            ring_add(&q, segs, 3);
        }
        ring_kick(&q);
        if (round % 2) {
            wr(r, R_STATUS, 0);
        } else {
            wr(r, R_QUEUE_SEL, 0);
            wr(r, R_QUEUE_RESET, 1);
        }
        uint16_t used = ring_used_idx(&q); /* an iothread may have been fast */

        g_assert_true(threaded || used == 0);
        memset(ram, 0x77, 20 * 0x2000);
        fill_data(r, 512, 0x77);
        rig_poke(r, STATUS, "\x77", 1);
        ring_settle();
        for (int i = 0; i < 20 * 0x2000; i++) {
            g_assert_cmphex(ram[i], ==, 0x77);
        }
        g_assert_cmphex(status(r), ==, 0x77);
        g_assert_cmpint(ring_used_idx(&q), ==, used);
        start(r, &q, 0);
        works(&q);
    }
    blk_free(r);
}

/* A request of 960 MiB: 120 times the same 8 MiB, through an indirect table. */
static void add_huge(Ring *q)
{
    Rig *r = q->rig;
    Seg segs[122];

    put_header(r, IN, 0);
    segs[0] = (Seg){ HDR, 16, false };
    for (unsigned i = 1; i <= 120; i++) {
        segs[i] = (Seg){ RIG_FREE + 1 * MiB, 8 * MiB, true };
    }
    segs[121] = (Seg){ STATUS, 1, true };
    ring_add_table(q, RIG_FREE + 0x2000, segs, G_N_ELEMENTS(segs));
}

/* However much a driver asks for, what is in flight is bounded, and a reset does not wait for it. */
G_GNUC_UNUSED static void test_huge(void)
{
    Rig *r = blk_rig(false, "", NULL, NULL);
    int64_t begin;
    Ring q;

    /* A larger disk: the same file, sparse. */
    blk_free(r);
    g_assert_cmpint(truncate(image, 1 * GiB), ==, 0);
    drive("d", "");
    r = rig_new(false);
    rig_plug(r, "virtio-blk-device", (const char *const[]){ "drive", "d", NULL });
    start(r, &q, 0);
    for (int i = 0; i < 3; i++) {
        add_huge(&q);
    }
    ring_kick(&q);
    g_assert_cmpint(VIRTIO_DEVICE(r->dev)->vq[0].inflight, ==, 2);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(ring_wait(&q, NULL), ==, 960 * MiB + 1);
    }
    g_assert_cmpint(status(r), ==, OK);
    begin = g_get_monotonic_time();
    for (int i = 0; i < 60; i++) {
        add_huge(&q);
    }
    ring_kick(&q);
    start(r, &q, 0);
    works(&q);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 20 * G_USEC_PER_SEC);
    blk_free(r);
}

/* The device goes while requests are in flight. */
static void test_unplug_in_flight(void)
{
    for (int round = 0; round < 10; round++) {
        Rig *r = blk_rig(false, "", NULL, NULL);
        Ring q;

        start(r, &q, 0);
        for (int i = 0; i < 20; i++) {
            Seg segs[] = { { HDR, 16, false }, { DATA, 8192, true }, { STATUS, 1, true } };
            put_header(r, IN, 8);
            ring_add(&q, segs, 3);
        }
        ring_kick(&q);
        blk_free(r);
    }
}

static void test_queues(void)
{
    Rig *r = blk_rig(false, "", "num-queues", "4");
    Ring q[4];

    rig_negotiate(r, 0);
    for (unsigned i = 0; i < 4; i++) {
        ring_setup(&q[i], r, i, 16);
    }
    rig_driver_ok(r);
    for (unsigned n = 0; n < 20; n++) {
        for (unsigned i = 0; i < 4; i++) {
            works(&q[i]);
        }
    }
    blk_free(r);
}

/* ---- Errors that stop the machine ---- */

static unsigned stops;

static void io_stop(void)
{
    stops++;
}

static const MachineRunOps stop_ops = { .request_io_stop = io_stop };

/* Writes beyond this size fail with EFBIG. */
static void limit_files(rlim_t bytes)
{
    struct rlimit l = { bytes, RLIM_INFINITY };

    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &l), ==, 0);
}

static void settle_failed(void)
{
    ring_settle();
    blk_pause_all();
    ring_settle();
}

static void test_stop_on_error(void)
{
    Rig *r = blk_rig(false, ",werror=stop", NULL, NULL);
    Ring q;

    machine_set_run_ops(&stop_ops);
    stops = 0;
    start(r, &q, 0);
    g_assert_cmpint(truncate(image, 512), ==, 0);
    limit_files(4096);
    for (unsigned i = 0; i < 3; i++) {
        Seg segs[] = { { HDR, 16, false }, { DATA, 512, false }, { STATUS, 1, true } };

        fill_data(r, 512, 0x42);
        put_header(r, OUT, 100);
        ring_add(&q, segs, 3);
    }
    ring_kick(&q);
    settle_failed();
    g_assert_cmpint(stops, ==, 3);
    g_assert_cmpint(ring_used_idx(&q), ==, 0);   /* the guest knows of nothing */
    ring_kick(&q);                               /* and nothing starts while it stands still */
    ring_settle();
    blk_resume_all();                            /* still no room */
    settle_failed();
    g_assert_cmpint(stops, ==, 6);
    g_assert_cmpint(ring_used_idx(&q), ==, 0);
    limit_files(RLIM_INFINITY);
    blk_resume_all();
    for (unsigned i = 0; i < 3; i++) {
        ring_wait(&q, NULL);
    }
    g_assert_cmpint(status(r), ==, OK);
    g_assert_cmpint(request(&q, IN, 100, 512, true), ==, OK);
    expect_data(r, 512, 0x42);
    /* A reset ends those that wait; one that is plain reports; one that is told to looks away. */
    g_assert_cmpint(truncate(image, 512), ==, 0);
    limit_files(4096);
    put_header(r, OUT, 100);
    ring_add(&q, (Seg[]){ { HDR, 16, false }, { DATA, 512, false }, { STATUS, 1, true } }, 3);
    ring_kick(&q);
    settle_failed();
    g_assert_cmpint(stops, ==, 7);
    start(r, &q, 0);
    blk_resume_all();
    ring_settle();
    g_assert_cmpint(ring_used_idx(&q), ==, 0);
    limit_files(RLIM_INFINITY);
    g_assert_cmpint(request(&q, OUT, 3, 512, false), ==, OK);
    blk_free(r);
    for (int ignore = 0; ignore < 2; ignore++) {
        r = blk_rig(false, ",werror=stop", "werror", ignore ? "ignore" : "report");
        start(r, &q, 0);
        g_assert_cmpint(truncate(image, 512), ==, 0);
        limit_files(4096);
        g_assert_cmpint(request(&q, OUT, 100, 512, false), ==, ignore ? OK : IOERR);
        limit_files(RLIM_INFINITY);
        blk_free(r);
    }
    g_assert_cmpint(stops, ==, 7);
    machine_set_run_ops(NULL);
}

/* The tests of I/O again. */
static void test_other_ways(void)
{
    static const char *const ways[] = { "threads", "io_uring" };

    for (int i = 0; i < 4; i++) {
        aio = ways[i & 1];
        threaded = i & 2;
        if (i) {
            test_io();
            test_reset_in_flight();
            test_unplug_in_flight();
            test_queues();
            test_stop_on_error();
        }
    }
    aio = "threads";
    threaded = false;
    g_assert_true(user_creatable_delete("/objects", "t", NULL));
}

static void test_properties(void)
{
    static const struct {
        const char *name, *value, *text;
    } bad[] = {
        { "num-queues", "0", "num-queues" },
        { "num-queues", "1025", "num-queues" },
        { "queue-size", "2", "queue-size" },
        { "queue-size", "1025", "queue-size" },
        { "drive", "nosuch", "nosuch" },
    };
    Rig *r = blk_rig(false, "", NULL, NULL);
    Rig *other = rig_new(false);
    const char *props[] = { "drive", "d", NULL };
    Error *err = NULL;
    DeviceState *dev;

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        dev = DEVICE(object_new_known("virtio-blk-device"));
        g_assert_false(object_property_set_str(dev, bad[i].name, bad[i].value, &err));
        g_assert_nonnull(strstr(error_get_pretty(err), bad[i].text));
        error_free(err);
        err = NULL;
        object_unref(dev);
    }
    /* One drive, two devices; and none. */
    dev = rig_device(other, "virtio-blk-device", props);
    g_assert_false(device_realize(dev, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "in use"));
    error_free(err);
    err = NULL;
    bus_detach(dev);
    object_unref(dev);
    dev = rig_device(other, "virtio-blk-device", NULL);
    g_assert_false(device_realize(dev, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "'drive' is missing"));
    error_free(err);
    err = NULL;
    bus_detach(dev);
    object_unref(dev);
    rig_free(other);
    blk_free(r);
}

int main(int argc, char **argv)
{
    int fd, result;

    g_test_init(&argc, &argv, NULL);
    signal(SIGXFSZ, SIG_IGN);
    fd = g_file_open_tmp("vireo-virtio-blk-XXXXXX", &image, NULL);
    close(fd);
    g_test_add_func("/virtio-blk/config", test_config);
    g_test_add_func("/virtio-blk/io", test_io);
    g_test_add_func("/virtio-blk/discard-zeroes", test_discard_zeroes);
    g_test_add_func("/virtio-blk/out-of-range", test_out_of_range);
    g_test_add_func("/virtio-blk/read-only", test_read_only);
    g_test_add_func("/virtio-blk/write-cache", test_write_cache);
    g_test_add_func("/virtio-blk/layouts", test_layouts);
    g_test_add_func("/virtio-blk/malformed", test_malformed);
    g_test_add_func("/virtio-blk/reset-in-flight", test_reset_in_flight);
#ifndef __SANITIZE_THREAD__ /* gigabytes of shadow memory: minutes, and nothing about threads */
    if (!rig_again()) {
        g_test_add_func("/virtio-blk/huge", test_huge);
    }
#endif
    g_test_add_func("/virtio-blk/unplug-in-flight", test_unplug_in_flight);
    g_test_add_func("/virtio-blk/queues", test_queues);
    g_test_add_func("/virtio-blk/stop-on-error", test_stop_on_error);
    g_test_add_func("/virtio-blk/other-ways", test_other_ways);
    g_test_add_func("/virtio-blk/properties", test_properties);
    result = g_test_run();
    g_unlink(image);
    g_free(image);
    return result;
}
