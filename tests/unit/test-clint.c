/*
 * The register machines of the core-local interruptor, with the most harts it can have.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>

#include "hw/intc/aclint-core.h"
#include "hw/intc/riscv_aclint.h"

#define MTIME 0x7ff8

static void test_msip(void)
{
    SwiCore c;
    uint32_t v, hart = 99;

    swi_core_init(&c, 3);
    g_assert_true(swi_core_write(&c, 8, 0xffffffff, &hart));
    g_assert_cmpuint(hart, ==, 2);
    g_assert_true(swi_core_read(&c, 8, &v));
    g_assert_cmphex(v, ==, 1); /* one bit exists */
    g_assert_true(swi_core_read(&c, 4, &v));
    g_assert_cmphex(v, ==, 0);
    g_assert_true(swi_core_write(&c, 8, 0xfffffffe, &hart));
    g_assert_true(swi_core_read(&c, 8, &v));
    g_assert_cmphex(v, ==, 0);
    g_assert_false(swi_core_write(&c, 12, 1, &hart));
    g_assert_false(swi_core_read(&c, 0x3ffc, &v));
    g_assert_cmphex(v, ==, 0);
    swi_core_destroy(&c);
}

static void test_compare(void)
{
    MtimerCore c;
    uint64_t v, time = 0;
    uint32_t hart = 99;

    mtimer_core_init(&c, 2);
    g_assert_cmpint(mtimer_core_write(&c, 8, 8, 0x1122334455667788, 0, &hart, &time), ==,
                    MTIMER_WRITE_CMP);
    g_assert_cmpuint(hart, ==, 1);
    g_assert_true(mtimer_core_read(&c, 8, 8, 0, &v));
    g_assert_cmphex(v, ==, 0x1122334455667788);
    g_assert_true(mtimer_core_read(&c, 12, 4, 0, &v));
    g_assert_cmphex(v, ==, 0x11223344);
    g_assert_cmpint(mtimer_core_write(&c, 12, 4, 0xffffffff, 0, &hart, &time), ==,
                    MTIMER_WRITE_CMP);
    g_assert_cmpint(mtimer_core_write(&c, 8, 4, 0x1, 0, &hart, &time), ==, MTIMER_WRITE_CMP);
    g_assert_true(mtimer_core_read(&c, 8, 8, 0, &v));
    g_assert_cmphex(v, ==, 0xffffffff00000001);

    g_assert_true(mtimer_core_pending(&c, 0, 0)); /* 0 >= 0 */
    g_assert_false(mtimer_core_pending(&c, 1, 0xffffffff00000000));
    g_assert_true(mtimer_core_pending(&c, 1, 0xffffffff00000001));
    g_assert_true(mtimer_core_pending(&c, 1, UINT64_MAX));

    g_assert_cmpint(mtimer_core_write(&c, 16, 8, 1, 0, &hart, &time), ==, MTIMER_WRITE_NONE);
    g_assert_false(mtimer_core_read(&c, 16, 8, 0, &v));
    g_assert_false(mtimer_core_read(&c, 0x7ff0, 8, 0, &v));
    mtimer_core_destroy(&c);
}

static void test_mtime(void)
{
    MtimerCore c;
    uint64_t v, time;
    uint32_t hart;

    mtimer_core_init(&c, RISCV_ACLINT_MAX_HARTS);
    g_assert_true(mtimer_core_read(&c, MTIME, 8, 0xaaaabbbbccccdddd, &v));
    g_assert_cmphex(v, ==, 0xaaaabbbbccccdddd);
    g_assert_true(mtimer_core_read(&c, MTIME, 4, 0xaaaabbbbccccdddd, &v));
    g_assert_cmphex(v, ==, 0xccccdddd);
    g_assert_true(mtimer_core_read(&c, MTIME + 4, 4, 0xaaaabbbbccccdddd, &v));
    g_assert_cmphex(v, ==, 0xaaaabbbb);
    g_assert_cmpint(mtimer_core_write(&c, MTIME, 8, 5, 77, &hart, &time), ==, MTIMER_WRITE_TIME);
    g_assert_cmphex(time, ==, 5);
    g_assert_cmpint(mtimer_core_write(&c, MTIME + 4, 4, 5, 77, &hart, &time), ==,
                    MTIMER_WRITE_TIME);
    g_assert_cmphex(time, ==, 0x50000004d);
    /* The last hart's compare register lies right before mtime. */
    g_assert_cmpint(mtimer_core_write(&c, MTIME - 8, 8, 3, 0, &hart, &time), ==, MTIMER_WRITE_CMP);
    g_assert_cmpuint(hart, ==, RISCV_ACLINT_MAX_HARTS - 1);
    mtimer_core_destroy(&c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clint/msip", test_msip);
    g_test_add_func("/clint/compare", test_compare);
    g_test_add_func("/clint/mtime", test_mtime);
    return g_test_run();
}
