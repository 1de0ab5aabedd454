/*
 * virtio-rng: filling, the rate limit, a source that runs dry, malformed chains; and its back ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-rig.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "backend/rng.h"
#include "qom/user-creatable.h"

static void start(Rig *r, Ring *q)
{
    rig_negotiate(r, 0);
    ring_setup(q, r, 0, 16);
    rig_driver_ok(r);
}

static Object *object(const char *type, const char *options, char **msg)
{
    g_autoptr(KeyVals) kv = keyval_parse(options, NULL, false, NULL);
    Error *err = NULL;
    Object *o = user_creatable_new(type, "/objects", "r0", kv, &err);

    if (msg) {
        *msg = err ? g_strdup(error_get_pretty(err)) : NULL;
    } else {
        g_assert_null(err);
    }
    error_free(err);
    return o;
}

static void test_fill(void)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        Rig *r = rig_new(legacy);
        Seg segs[] = { { RIG_FREE, 16, true }, { RIG_FREE + 100, 1, true },
                       { RIG_FREE + 200, 1000, true } };
        uint8_t buf[1000] = { 0 };
        unsigned zeros = 0;
        Ring q;

        rig_plug(r, "virtio-rng-device", NULL);
        g_assert_cmpint(rd(r, R_DEVICE_ID), ==, 4);
        g_assert_cmphex(rd(r, R_CONFIG), ==, 0xffffffff); /* it has no configuration */
        start(r, &q);
        ring_add(&q, segs, 3);
        ring_kick(&q);
        g_assert_cmpint(ring_wait(&q, NULL), ==, 1017);
        rig_peek(r, RIG_FREE + 200, buf, 1000);
        for (unsigned i = 0; i < 1000; i++) {
            zeros += !buf[i];
        }
        g_assert_cmpint(zeros, <, 50);
        rig_free(r);
    }
}

/* A chain of a gigabyte is not filled to its end. */
static void test_big(void)
{
    Rig *r = rig_new(false);
    Seg segs[15];
    Ring q;

    rig_plug(r, "virtio-rng-device", NULL);
    start(r, &q);
    for (unsigned i = 0; i < 15; i++) {
        segs[i] = (Seg){ RIG_FREE, 8 * MiB, true };
    }
    ring_add(&q, segs, 15);
    ring_kick(&q);
    g_assert_cmpint(ring_wait(&q, NULL), ==, 64 * KiB);
    rig_free(r);
}

static void test_limit(void)
{
    static const char *const props[] = { "max-bytes", "100", "period", "50", NULL };
    Rig *r = rig_new(false);
    Seg s = { RIG_FREE, 64, true };
    int64_t before;
    Ring q;

    clock_virtual_enable(true);
    rig_plug(r, "virtio-rng-device", props);
    start(r, &q);
    before = clock_get_ns(CLOCK_VIRTUAL);
    for (int i = 0; i < 4; i++) {
        ring_add(&q, &s, 1);
    }
    ring_kick(&q);
    g_assert_cmpint(ring_take(&q, NULL), ==, 64);
    g_assert_cmpint(ring_take(&q, NULL), ==, 36);
    g_assert_cmpint(ring_used_idx(&q), ==, 2);
    ring_kick(&q); /* asking again does not help, nor does a reset */
    g_assert_cmpint(ring_used_idx(&q), ==, 2);
    g_assert_cmpint(ring_wait(&q, NULL), ==, 64);
    g_assert_cmpint(clock_get_ns(CLOCK_VIRTUAL) - before, >=, 50 * 1000000);
    g_assert_cmpint(ring_wait(&q, NULL), ==, 36);
    start(r, &q);
    ring_add(&q, &s, 1);
    ring_kick(&q);
    g_assert_cmpint(ring_used_idx(&q), ==, 0);
    ring_wait(&q, NULL);
    rig_free(r);
    clock_virtual_enable(false);
}

static void test_dry(void)
{
    g_autofree char *path = NULL, *opt = NULL;
    static const char *const props[] = { "rng", "r0", NULL };
    int fd = g_file_open_tmp("vireo-rng-XXXXXX", &path, NULL);
    Rig *r = rig_new(false);
    Seg s = { RIG_FREE, 8, true };
    uint8_t got[8];
    Ring q;

    clock_virtual_enable(true);
    g_assert_cmpint(write(fd, "entropy!", 8), ==, 8);
    opt = g_strdup_printf("filename=%s", path);
    object("rng-random", opt, NULL);
    rig_plug(r, "virtio-rng-device", props);
    start(r, &q);
    ring_add(&q, &s, 1);
    ring_add(&q, &s, 1);
    ring_kick(&q);
    g_assert_cmpint(ring_take(&q, NULL), ==, 8);
    rig_peek(r, RIG_FREE, got, 8);
    g_assert_cmpmem(got, 8, "entropy!", 8);
    ring_settle();
    g_assert_cmpint(ring_used_idx(&q), ==, 1); /* the file is at its end */
    g_assert_cmpint(write(fd, "moremore", 8), ==, 8);
    g_assert_cmpint(ring_wait(&q, NULL), ==, 8);
    rig_peek(r, RIG_FREE, got, 8);
    g_assert_cmpmem(got, 8, "moremore", 8);
    rig_free(r);
    object_unparent(object_resolve_path("/objects/r0"));
    clock_virtual_enable(false);
    close(fd);
    g_unlink(path);
}

static void test_malformed(void)
{
    static const Seg bad[][2] = {
        { { RIG_FREE, 8, false }, { 0 } },
        { { RIG_FREE, 8, false }, { RIG_FREE, 8, true } },
        { { RIG_TRAP, 8, true }, { 0 } },
    };
    Rig *r = rig_new(false);
    Seg s = { RIG_FREE, 8, true };
    Ring q;

    rig_plug(r, "virtio-rng-device", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        start(r, &q);
        ring_add(&q, bad[i], bad[i][1].len ? 2 : 1);
        ring_kick(&q);
        g_assert_true(rig_broken(r));
        start(r, &q);
        ring_add(&q, &s, 1);
        ring_kick(&q);
        g_assert_cmpint(ring_wait(&q, NULL), ==, 8);
    }
    rig_free(r);
}

static void test_backends(void)
{
    g_autofree char *msg = NULL, *msg2 = NULL;
    uint8_t a[1000] = { 0 }, b[1000] = { 0 };
    RngBackend *rng = RNG_BACKEND(object("rng-builtin", "", NULL));

    g_assert_cmpint(RNG_BACKEND_GET_CLASS(rng)->fill(rng, a, 1000), ==, 1000);
    g_assert_cmpint(RNG_BACKEND_GET_CLASS(rng)->fill(rng, b, 1000), ==, 1000);
    g_assert_cmpint(memcmp(a, b, 1000), !=, 0);
    object_unparent(rng);
    g_assert_null(object("rng-random", "filename=/nonexistent", &msg));
    g_assert_nonnull(strstr(msg, "cannot open '/nonexistent'"));
    g_assert_null(object("rng-random", "filename=/", &msg2));
    g_assert_nonnull(strstr(msg2, "directory"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-rng/fill", test_fill);
    g_test_add_func("/virtio-rng/big", test_big);
    g_test_add_func("/virtio-rng/limit", test_limit);
    g_test_add_func("/virtio-rng/dry", test_dry);
    g_test_add_func("/virtio-rng/malformed", test_malformed);
    g_test_add_func("/virtio-rng/backends", test_backends);
    return g_test_run();
}
