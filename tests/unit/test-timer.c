/*
 * Clocks, timers and the timebase.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/clock.h"

#include <poll.h>
#include <stdlib.h>

#define MS 1000000

static void test_virtual_clock(void)
{
    int64_t a, b, host;

    g_assert_cmpint(clock_get_ns(CLOCK_VIRTUAL), ==, 0);
    g_usleep(2000);
    g_assert_cmpint(clock_get_ns(CLOCK_VIRTUAL), ==, 0); /* starts stopped */
    clock_virtual_enable(true);
    clock_virtual_set_ns(77); /* only while stopped */
    a = clock_get_ns(CLOCK_VIRTUAL);
    g_usleep(2000);
    b = clock_get_ns(CLOCK_VIRTUAL);
    g_assert_cmpint(b - a, >=, 2 * MS);
    clock_virtual_enable(false);
    a = clock_get_ns(CLOCK_VIRTUAL);
    g_assert_cmpint(a, >=, b);
    g_usleep(2000);
    g_assert_cmpint(clock_get_ns(CLOCK_VIRTUAL), ==, a);
    host = g_get_monotonic_time();
    clock_virtual_enable(true);
    b = clock_get_ns(CLOCK_VIRTUAL);
    g_assert_cmpint(b, >=, a);
    /* The pause was not counted: no more than what has passed since. */
    g_assert_cmpint(b - a, <=, (g_get_monotonic_time() - host + 1) * 1000);
    clock_virtual_enable(false);
    clock_virtual_set_ns(123456789);
    g_assert_cmpint(clock_get_ns(CLOCK_VIRTUAL), ==, 123456789);
}

static bool wait_fd(int ms)
{
    struct pollfd p = { .fd = timers_fd(), .events = POLLIN };

    return poll(&p, 1, ms) == 1;
}

typedef struct Log {
    GString *s;
    Timer t[8];
} Log;

static Log lg;

static void fire(void *opaque)
{
    g_string_append_printf(lg.s, "%d ", (int)((Timer *)opaque - lg.t));
}

static void log_init(ClockType clock)
{
    lg.s = g_string_new(NULL);
    for (unsigned i = 0; i < 8; i++) {
        timer_init(&lg.t[i], clock, fire, &lg.t[i]);
    }
}

static void run_until(const char *expected)
{
    for (unsigned i = 0; i < 200 && g_strcmp0(lg.s->str, expected) != 0; i++) {
        if (wait_fd(50)) {
            timers_run();
        }
    }
    g_assert_cmpstr(lg.s->str, ==, expected);
}

static void test_order(gconstpointer data)
{
    ClockType clock = GPOINTER_TO_INT(data);
    int64_t now;

    clock_virtual_enable(true);
    log_init(clock);
    now = clock_get_ns(clock);
    timer_mod_ns(&lg.t[3], now + 30 * MS);
    timer_mod_ns(&lg.t[1], now + 10 * MS);
    timer_mod_ns(&lg.t[0], now + 90 * MS);
    timer_mod_ns(&lg.t[2], now + 20 * MS);
    timer_mod_ns(&lg.t[4], now + 15 * MS);
    timer_mod_ns(&lg.t[0], now + 5 * MS); /* earlier */
    timer_mod_ns(&lg.t[5], INT64_MAX);
    timer_del(&lg.t[4]);
    g_assert_true(timer_pending(&lg.t[1]));
    g_assert_false(timer_pending(&lg.t[4]));
    g_assert_true(timer_pending(&lg.t[5]));
    timer_mod_ns(&lg.t[6], now - 1000 * MS); /* the past */
    timer_mod_ns(&lg.t[7], -5);
    g_assert_true(wait_fd(1000));
    run_until("7 6 0 1 2 3 ");
    g_assert_false(timer_pending(&lg.t[1]));
    timer_del(&lg.t[5]);
    timer_del(&lg.t[5]);
    g_assert_false(wait_fd(0));
    g_string_free(lg.s, TRUE);
    clock_virtual_enable(false);
}

static void test_stopped(void)
{
    log_init(CLOCK_VIRTUAL);
    clock_virtual_enable(false);
    timer_mod_ns(&lg.t[0], clock_get_ns(CLOCK_VIRTUAL) + 5 * MS);
    g_assert_false(wait_fd(30)); /* time stands still */
    clock_virtual_enable(true);
    run_until("0 ");
    /* A deadline moved later: the early wake-up, if any, runs nothing. */
    timer_mod_ns(&lg.t[1], clock_get_ns(CLOCK_VIRTUAL) + 5 * MS);
    timer_mod_ns(&lg.t[1], clock_get_ns(CLOCK_VIRTUAL) + 60 * 1000LL * MS);
    if (wait_fd(30)) {
        timers_run();
    }
    g_assert_cmpstr(lg.s->str, ==, "0 ");
    g_assert_false(wait_fd(20));
    timer_del(&lg.t[1]);
    clock_virtual_enable(false);
    g_string_free(lg.s, TRUE);
}

static void test_heap(void)
{
    enum { N = 500 };
    Timer *t = g_new0(Timer, N);
    GString *s = g_string_new(NULL);
    int64_t now = clock_get_ns(CLOCK_MONO);
    GRand *rand = g_rand_new_with_seed(1);

    log_init(CLOCK_MONO);
    for (unsigned i = 0; i < N; i++) {
        timer_init(&t[i], CLOCK_MONO, fire, &lg.t[0]);
        timer_mod_ns(&t[i], now + 3600LL * 1000 * MS + g_rand_int_range(rand, 0, 1000));
    }
    for (unsigned i = 0; i < 5000; i++) {
        Timer *x = &t[g_rand_int_range(rand, 0, N)];
        if (g_rand_boolean(rand)) {
            timer_del(x);
        } else {
            timer_mod_ns(x, now + 3600LL * 1000 * MS + g_rand_int_range(rand, -1000, 1000));
        }
    }
    /* One in the past among them is found. */
    timer_init(&lg.t[1], CLOCK_MONO, fire, &lg.t[1]);
    timer_mod_ns(&lg.t[1], now);
    run_until("1 ");
    for (unsigned i = 0; i < N; i++) {
        timer_del(&t[i]);
    }
    g_assert_false(wait_fd(0));
    g_rand_free(rand);
    g_free(t);
    g_string_free(s, TRUE);
    g_string_free(lg.s, TRUE);
}

static unsigned rearmed;

static void rearm(void *opaque)
{
    rearmed++;
    timer_mod_ns(opaque, 0);
}

/* A timer that always rearms in the past keeps the main loop busy, not stuck. */
static void test_rearm_in_past(void)
{
    Timer t;

    timer_init(&t, CLOCK_MONO, rearm, &t);
    timer_mod_ns(&t, 0);
    g_assert_true(wait_fd(1000));
    timers_run();
    g_assert_cmpuint(rearmed, >, 0);
    g_assert_cmpuint(rearmed, <, 10000);
    g_assert_true(wait_fd(1000));
    timer_del(&t);
}

static gpointer hammer(gpointer opaque)
{
    for (unsigned i = 0; i < 20000; i++) {
        timer_mod_ns(opaque, clock_get_ns(CLOCK_MONO) + (i % 7) * 1000);
        if (i % 3 == 0) {
            timer_del(opaque);
        }
    }
    timer_del(opaque);
    return NULL;
}

static unsigned fired;

static void count(void *opaque)
{
    __atomic_fetch_add(&fired, 1, __ATOMIC_RELAXED);
}

static void test_threads(void)
{
    Timer t[2];
    GThread *th[2];

    for (int i = 0; i < 2; i++) {
        timer_init(&t[i], CLOCK_MONO, count, NULL);
        th[i] = g_thread_new("hammer", hammer, &t[i]);
    }
    for (int i = 0; i < 1000; i++) {
        if (wait_fd(0)) {
            timers_run();
        }
    }
    g_thread_join(th[0]);
    g_thread_join(th[1]);
    timers_run();
    g_assert_false(timer_pending(&t[0]));
    g_assert_false(wait_fd(0));
}

static void changed(void *opaque)
{
    (*(unsigned *)opaque)++;
}

static void test_timebase(void)
{
    unsigned calls = 0;
    Timebase tb;

    clock_virtual_enable(false);
    clock_virtual_set_ns(1000 * 1000LL * MS + 99); /* 1000 s and a bit */
    timebase_init(&tb, 10000000);
    for (unsigned i = 0; i < 20; i++) {
        timebase_add_listener(&tb, changed, &calls);
    }
    g_assert_cmpuint(timebase_read(&tb), ==, 10000000000);
    g_assert_cmpint(timebase_deadline_ns(&tb, 10000000000), ==, 0);
    g_assert_cmpint(timebase_deadline_ns(&tb, 10000000001), ==, 1000 * 1000LL * MS + 100);
    g_assert_cmpint(timebase_deadline_ns(&tb, UINT64_MAX), ==, INT64_MAX);
    timebase_write(&tb, 5);
    g_assert_cmpuint(calls, ==, 20);
    g_assert_cmpuint(timebase_read(&tb), ==, 5);
    g_assert_cmpint(timebase_deadline_ns(&tb, 4), ==, 0);
    g_assert_cmpint(timebase_deadline_ns(&tb, 15), ==, 1000 * 1000LL * MS + 1000);
    timebase_write(&tb, UINT64_MAX);
    g_assert_cmpuint(timebase_read(&tb), ==, UINT64_MAX);
    timebase_destroy(&tb);

    /* At a frequency that does not divide: the deadline is never early. */
    timebase_init(&tb, 32768);
    for (uint64_t i = 1; i < 1000; i++) {
        uint64_t ticks = timebase_read(&tb) + 1;
        int64_t when = timebase_deadline_ns(&tb, ticks);
        clock_virtual_set_ns(when - 1);
        g_assert_cmpuint(timebase_read(&tb), ==, ticks - 1);
        clock_virtual_set_ns(when);
        g_assert_cmpuint(timebase_read(&tb), ==, ticks);
    }
    timebase_destroy(&tb);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clock/virtual", test_virtual_clock);
    g_test_add_data_func("/timer/order/mono", GINT_TO_POINTER(CLOCK_MONO), test_order);
    g_test_add_data_func("/timer/order/virtual", GINT_TO_POINTER(CLOCK_VIRTUAL), test_order);
    g_test_add_data_func("/timer/order/host", GINT_TO_POINTER(CLOCK_HOST), test_order);
    g_test_add_func("/timer/stopped", test_stopped);
    g_test_add_func("/timer/heap", test_heap);
    g_test_add_func("/timer/rearm-in-past", test_rearm_in_past);
    g_test_add_func("/timer/threads", test_threads);
    g_test_add_func("/timer/timebase", test_timebase);
    return g_test_run();
}
