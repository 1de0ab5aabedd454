/*
 * "riscv.sifive.test": a write ends the run or resets the machine. Guests find it as a syscon,
 * whose poweroff and reboot nodes the board adds.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/misc/finisher-core.h"

#include <inttypes.h>

#include "hw/core/device.h"
#include "hw/core/fdt.h"
#include "hw/core/machine.h"

#define TYPE_SIFIVE_TEST "riscv.sifive.test"
OBJECT_DECLARE_SIMPLE(SiFiveTest, SIFIVE_TEST, TYPE_SIFIVE_TEST)

struct SiFiveTest {
    DeviceState parent_obj;
    MemoryRegion mr;
};

static MemTxResult test_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    *value = 0;
    return MEMTX_OK;
}

static MemTxResult test_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    int code;

    switch (finisher_decode(addr, (uint32_t)value, &code)) {
    case FINISHER_PASS:
        machine_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN, code);
        break;
    case FINISHER_FAIL:
        machine_request_shutdown(SHUTDOWN_GUEST_PANIC, code);
        break;
    case FINISHER_RESET:
        machine_request_reset(SHUTDOWN_GUEST_RESET);
        break;
    default:
        device_guest_error(opaque, "write of 0x%" PRIx64 " to 0x%" PRIx64 " means nothing", value,
                           addr);
        break;
    }
    return MEMTX_OK;
}

static const MemoryRegionOps test_ops = {
    .read = test_read,
    .write = test_write,
    .valid = { .min = 2, .max = 4 },
};

static bool test_realize(DeviceState *dev, Error **errp)
{
    device_init_mmio(dev, &SIFIVE_TEST(dev)->mr, &test_ops, TYPE_SIFIVE_TEST, 0x1000);
    return true;
}

static void test_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    g_autofree char *node = g_strdup_printf("%s/test@%" PRIx64, ctx->parent, ctx->base);

    fdt_set_strv(fdt, node, "compatible",
                 (const char *const[]){ "sifive,test1", "sifive,test0", "syscon", NULL });
    fdt_set_reg(fdt, node, ctx->base, ctx->size);
    fdt_phandle(fdt, node);
}

static void test_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = test_realize;
    dc->fdt = test_fdt;
}

static const TypeInfo test_info = {
    .name = TYPE_SIFIVE_TEST,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(SiFiveTest),
    .desc = "SiFive test finisher: power-off and reset",
    .class_init = test_class_init,
};

type_init(test_info)
