/*
 * The goldfish clock's register machine, on a host clock of the test's making.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>

#include "hw/rtc/goldfish-core.h"

#define NOW 0x17f00000ffff0000ull

static GoldfishCore c;

static uint32_t rd(uint64_t addr, uint64_t now)
{
    uint32_t v;
    g_assert_true(goldfish_core_read(&c, addr, now, &v));
    return v;
}

static void wr(uint64_t addr, uint32_t v, uint64_t now)
{
    g_assert_true(goldfish_core_write(&c, addr, v, now));
}

static uint64_t guest_time(uint64_t now)
{
    uint64_t low = rd(RTC_TIME_LOW, now);
    return low | (uint64_t)rd(RTC_TIME_HIGH, now) << 32;
}

static void test_time(void)
{
    memset(&c, 0, sizeof(c));
    g_assert_cmphex(guest_time(NOW), ==, NOW);
    /* The high half is that of the moment when the low half was read. */
    rd(RTC_TIME_LOW, 0x1ffffffff);
    g_assert_cmphex(rd(RTC_TIME_HIGH, 0x200000000), ==, 1);
    /* Linux writes the high half first. */
    wr(RTC_TIME_HIGH, 0x12345678, NOW);
    wr(RTC_TIME_LOW, 0x9abcdef0, NOW);
    g_assert_cmphex(guest_time(NOW), ==, 0x123456789abcdef0);
    g_assert_cmphex(guest_time(NOW + 1000), ==, 0x123456789abcdef0 + 1000);
}

static void test_alarm(void)
{
    uint64_t deadline, at = NOW + 5000000000ull;

    memset(&c, 0, sizeof(c));
    g_assert_false(goldfish_core_deadline(&c, &deadline));
    wr(RTC_IRQ_ENABLED, 1, NOW);
    wr(RTC_ALARM_HIGH, (uint32_t)(at >> 32), NOW);
    g_assert_cmpuint(rd(RTC_ALARM_STATUS, NOW), ==, 0);
    wr(RTC_ALARM_LOW, (uint32_t)at, NOW);
    g_assert_cmpuint(rd(RTC_ALARM_STATUS, NOW), ==, 1);
    g_assert_true(goldfish_core_deadline(&c, &deadline));
    g_assert_cmphex(deadline, ==, at);
    goldfish_core_tick(&c, at - 1);
    g_assert_false(goldfish_core_irq(&c));
    goldfish_core_tick(&c, at);
    g_assert_true(goldfish_core_irq(&c));
    g_assert_cmpuint(rd(RTC_ALARM_STATUS, at), ==, 0);
    g_assert_false(goldfish_core_deadline(&c, &deadline));
    wr(RTC_IRQ_ENABLED, 0, at);
    g_assert_false(goldfish_core_irq(&c)); /* masked, still pending */
    wr(RTC_IRQ_ENABLED, 1, at);
    g_assert_true(goldfish_core_irq(&c));
    wr(RTC_CLEAR_INTERRUPT, 1, at);
    g_assert_false(goldfish_core_irq(&c));
}

static void test_alarm_edges(void)
{
    uint64_t deadline;

    memset(&c, 0, sizeof(c));
    wr(RTC_IRQ_ENABLED, 1, NOW);
    wr(RTC_ALARM_HIGH, 0, NOW);
    wr(RTC_ALARM_LOW, 1, NOW); /* in the past: at once */
    g_assert_true(goldfish_core_irq(&c));
    wr(RTC_CLEAR_INTERRUPT, 0, NOW);

    wr(RTC_ALARM_HIGH, UINT32_MAX, NOW);
    wr(RTC_ALARM_LOW, 0, NOW);
    wr(RTC_CLEAR_ALARM, 0, NOW);
    g_assert_false(goldfish_core_deadline(&c, &deadline));
    goldfish_core_tick(&c, UINT64_MAX);
    g_assert_false(goldfish_core_irq(&c));

    /* Setting the clock past the alarm fires it; the deadline follows the guest's clock. */
    wr(RTC_ALARM_HIGH, 0x20000000, NOW);
    wr(RTC_ALARM_LOW, 0, NOW);
    wr(RTC_TIME_HIGH, 0x1fffffff, NOW);
    g_assert_true(goldfish_core_deadline(&c, &deadline));
    g_assert_cmphex(deadline, ==, NOW + (0x2000000000000000 - 0x1fffffffffff0000));
    wr(RTC_TIME_HIGH, 0x20000000, NOW);
    g_assert_true(goldfish_core_irq(&c));
}

static void test_no_register(void)
{
    uint32_t v;

    memset(&c, 0, sizeof(c));
    g_assert_false(goldfish_core_read(&c, RTC_CLEAR_ALARM, NOW, &v));
    g_assert_false(goldfish_core_read(&c, 0x20, NOW, &v));
    g_assert_cmpuint(v, ==, 0);
    g_assert_false(goldfish_core_write(&c, RTC_ALARM_STATUS, 1, NOW));
    g_assert_false(goldfish_core_write(&c, 0x20, 1, NOW));
    g_assert_cmpuint(rd(RTC_IRQ_ENABLED, NOW), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtc/time", test_time);
    g_test_add_func("/rtc/alarm", test_alarm);
    g_test_add_func("/rtc/alarm-edges", test_alarm_edges);
    g_test_add_func("/rtc/no-register", test_no_register);
    return g_test_run();
}
