/*
 * The test finisher: what each write asks the process for.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>

#include "hw/core/device.h"
#include "hw/core/machine.h"
#include "hw/misc/finisher-core.h"

static struct {
    unsigned shutdowns, resets;
    ShutdownCause cause;
    int code;
} asked;

static void ask_shutdown(ShutdownCause cause, int code)
{
    asked.shutdowns++;
    asked.cause = cause;
    asked.code = code;
}

static void ask_reset(ShutdownCause cause)
{
    asked.resets++;
    asked.cause = cause;
}

static const MachineRunOps ops = { ask_shutdown, ask_reset };

static void test_decode(void)
{
    int code;

    g_assert_cmpint(finisher_decode(0, 0x5555, &code), ==, FINISHER_PASS);
    g_assert_cmpint(code, ==, 0);
    g_assert_cmpint(finisher_decode(0, 0xffff3333, &code), ==, FINISHER_FAIL);
    g_assert_cmpint(code, ==, 0xffff);
    g_assert_cmpint(finisher_decode(0, 0x7777, &code), ==, FINISHER_RESET);
    g_assert_cmpint(finisher_decode(0, 0x5554, &code), ==, FINISHER_NOTHING);
    g_assert_cmpint(finisher_decode(4, 0x5555, &code), ==, FINISHER_NOTHING);
}

/* The same through the device's window. */
static void test_device(void)
{
    DeviceState *dev = DEVICE(object_new_known("riscv.sifive.test"));
    uint64_t v = 1;

    machine_set_run_ops(&ops);
    g_assert_true(device_realize(dev, NULL));
    MemoryRegion *mr = dev->mmio[0];
    g_assert_cmpint(memory_region_dispatch_read(mr, 0, &v, 4), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0);
    g_assert_cmpint(memory_region_dispatch_write(mr, 0, 0, 4), ==, MEMTX_OK);
    g_assert_cmpint(memory_region_dispatch_write(mr, 0xffc, 0x5555, 4), ==, MEMTX_OK);
    g_assert_cmpint(memory_region_dispatch_write(mr, 0, 0x55, 1), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(memory_region_dispatch_write(mr, 0, 0x5555, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpuint(asked.shutdowns + asked.resets, ==, 0);

    memory_region_dispatch_write(mr, 0, 0x5555, 4);
    g_assert_cmpuint(asked.shutdowns, ==, 1);
    g_assert_cmpint(asked.cause, ==, SHUTDOWN_GUEST_SHUTDOWN);
    g_assert_cmpint(asked.code, ==, 0);
    memory_region_dispatch_write(mr, 0, 0x00073333, 4);
    g_assert_cmpuint(asked.shutdowns, ==, 2);
    g_assert_cmpint(asked.cause, ==, SHUTDOWN_GUEST_PANIC);
    g_assert_cmpint(asked.code, ==, 7);
    memory_region_dispatch_write(mr, 0, 0x7777, 2);
    g_assert_cmpuint(asked.resets, ==, 1);
    g_assert_cmpint(asked.cause, ==, SHUTDOWN_GUEST_RESET);
    machine_set_run_ops(NULL);
    object_unref(dev);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/finisher/decode", test_decode);
    g_test_add_func("/finisher/device", test_device);
    return g_test_run();
}
