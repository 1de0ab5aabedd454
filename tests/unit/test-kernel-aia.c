/*
 * The device that stands for the kernel's AIA: lines, messages, reset, save and load, against a kernel
 * that keeps the registers and says in which order they were written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/riscv_kernel_aia.h"

#include <inttypes.h>
#include <string.h>

#include "util/bits.h"

enum { SOURCES = 40, HARTS = 2, IDS = 127 };

static struct {
    HostAIAConfig config;
    bool refuse;
    uint32_t domaincfg, sourcecfg[SOURCES + 1], target[SOURCES + 1];
    uint64_t pending, enable, input; /* by source */
    uint64_t file[HARTS][256];
    unsigned delivered_early; /* lines or bits that took effect while they were put back */
    uint64_t msi_addr;
    uint32_t msi_data;
} k;

static bool k_create(HostAIAConfig *config, Error **errp)
{
    if (k.refuse) {
        error_setg(errp, "no");
        return false;
    }
    k.config = *config;
    return true;
}

static void k_deliver(void)
{
    k.delivered_early += (k.domaincfg & 256) && (k.pending & k.enable);
}

static void k_set_line(unsigned source, bool level)
{
    bool was = k.input >> source & 1;

    k.input = deposit64(k.input, source, 1, level);
    if ((k.sourcecfg[source] == 4 && level && !was) || (k.sourcecfg[source] == 6 && level)) {
        k.pending |= BIT_ULL(source);
    }
    k_deliver();
}

static void k_send_msi(hwaddr addr, uint32_t data)
{
    k.msi_addr = addr;
    k.msi_data = data;
}

static bool k_get_aplic(unsigned offset, uint32_t *v)
{
    if (offset == 0) {
        *v = k.domaincfg | 0x80000000u;
    } else if (offset < 0x1000) {
        *v = k.sourcecfg[offset / 4];
    } else if (offset >= 0x3000) {
        *v = k.target[(offset - 0x3000) / 4];
    } else {
        *v = (uint32_t)((offset < 0x1e00 ? k.pending : k.enable) >> (offset % 0x100 * 8));
    }
    return true;
}

/* As hardware has it: a level-sensitive source follows its line, an inactive one has no bits. */
static bool k_set_aplic(unsigned offset, uint32_t v)
{
    unsigned first = offset % 0x100 * 8;

    if (offset == 0) {
        k.domaincfg = v & 256;
        return true;
    } else if (offset < 0x1000) {
        k.sourcecfg[offset / 4] = v;
        return true;
    } else if (offset >= 0x3000) {
        k.target[(offset - 0x3000) / 4] = v;
        return true;
    }
    for (unsigned i = 0; i < 32; i++) {
        unsigned source = first + i;
        uint64_t bit = BIT_ULL(source);

        if (source == 0 || source > SOURCES || !(v >> i & 1)) {
            continue;
        }
        if (offset >= 0x1f00) {
            k.enable &= ~bit;
        } else if (offset >= 0x1e00) {
            k.enable |= k.sourcecfg[source] ? bit : 0;
        } else if (offset >= 0x1d00) {
            k.pending &= k.sourcecfg[source] == 6 || !k.sourcecfg[source] ? ~0ull : ~bit;
        } else if (k.sourcecfg[source] && !(k.sourcecfg[source] == 6 && !(k.input & bit))) {
            k.pending |= bit;
        }
    }
    k_deliver();
    return true;
}

static bool k_get_imsic(unsigned hart, unsigned reg, uint64_t *v)
{
    g_assert_cmpuint(hart, <, HARTS);
    g_assert_false((reg & 1) && reg >= 0x80); /* registers of 64 bits */
    *v = k.file[hart][reg];
    return true;
}

static bool k_set_imsic(unsigned hart, unsigned reg, uint64_t v)
{
    g_assert_cmpuint(hart, <, HARTS);
    g_assert_false((reg & 1) && reg >= 0x80);
    k.file[hart][reg] = v;
    k.delivered_early += k.file[hart][0x70] && reg != 0x70;
    return true;
}

static const char *k_mode(void)
{
    return "made up";
}

static const HostAIA host = {
    .create = k_create,
    .set_line = k_set_line,
    .send_msi = k_send_msi,
    .get_aplic = k_get_aplic,
    .set_aplic = k_set_aplic,
    .get_imsic = k_get_imsic,
    .set_imsic = k_set_imsic,
    .mode = k_mode,
};

static DeviceState *device_new(unsigned sources)
{
    static const hwaddr imsic[HARTS] = { 0x28000000, 0x28001000 };
    const HostAIAConfig config = { .sources = sources, .ids = IDS, .nr_harts = HARTS, .imsic = imsic };
    DeviceState *dev = DEVICE(object_new_known(TYPE_RISCV_KERNEL_AIA));

    memset(&k, 0, sizeof(k));
    riscv_kernel_aia_configure(dev, &host, &config);
    return dev;
}

static void device_free(DeviceState *dev)
{
    device_unrealize(dev);
    object_unref(dev);
}

static void line(DeviceState *dev, int n, bool level)
{
    DEVICE_GET_CLASS(dev)->irq_in(dev, n, level);
}

static void test_lines(void)
{
    DeviceState *dev = device_new(SOURCES);

    g_assert_true(device_realize(dev, NULL));
    g_assert_cmpuint(dev->nr_mmio, ==, 2);
    line(dev, 10, true); /* before there is anybody to tell */
    line(dev, 11, true);
    line(dev, 11, false);
    device_reset(dev);
    g_assert_cmphex(k.input, ==, 0);
    k.config.ready(k.config.opaque);
    g_assert_cmphex(k.input, ==, BIT_ULL(10));
    line(dev, 10, false);
    line(dev, SOURCES, true);
    line(dev, SOURCES + 1, true); /* there is none */
    line(dev, 0, true);
    g_assert_cmphex(k.input, ==, BIT_ULL(SOURCES));
    riscv_kernel_aia_msi(dev)->send(riscv_kernel_aia_msi(dev)->opaque, 0x28001000, 7);
    g_assert_cmphex(k.msi_addr, ==, 0x28001000);
    g_assert_cmpuint(k.msi_data, ==, 7);
    memory_region_dispatch_write(dev->mmio[1], 0x1000, 9, 4);
    g_assert_cmphex(k.msi_addr, ==, 0x28001000);
    g_assert_cmpuint(k.msi_data, ==, 9);
    device_free(dev);
}

/* What a guest might have made of it. */
static void fill(DeviceState *dev)
{
    k.sourcecfg[1] = k.sourcecfg[2] = k.sourcecfg[33] = 6;
    k.sourcecfg[3] = k.sourcecfg[4] = 4;
    for (unsigned i = 1; i <= SOURCES; i++) {
        k.target[i] = k.sourcecfg[i] ? (i & 1) << 18 | i : 0;
    }
    k.enable = BIT_ULL(1) | BIT_ULL(3) | BIT_ULL(33);
    line(dev, 1, true);  /* level: pending and, as in the kernel, sent at once */
    k.pending = 0;
    line(dev, 2, true);  /* not enabled: stays pending */
    line(dev, 3, true);
    k.pending &= ~BIT_ULL(3);
    k.pending |= BIT_ULL(4);
    k.domaincfg = 256;
    for (unsigned h = 0; h < HARTS; h++) {
        k.file[h][0x70] = 1;
        k.file[h][0x72] = h * 5;
        k.file[h][0x80] = 1ull << (h + 1);
        k.file[h][0x82] = 1ull << 60;
        k.file[h][0xc0] = ~1ull;
        k.file[h][0xc2] = h;
    }
    k.delivered_early = 0;
}

static void test_state(void)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    DeviceState *dev = device_new(SOURCES);
    Error *err = NULL;
    typeof(k) before;

    g_assert_true(device_realize(dev, NULL));
    k.config.ready(k.config.opaque);
    fill(dev);
    g_assert_cmphex(k.pending, ==, BIT_ULL(2) | BIT_ULL(4));
    before = k;
    object_state_save(dev, state);

    device_reset(dev);
    g_assert_cmphex(k.domaincfg, ==, 0);
    g_assert_cmphex(k.pending | k.enable, ==, 0);
    g_assert_cmphex(k.input, ==, before.input); /* the devices have not changed their minds */
    for (unsigned i = 1; i <= SOURCES; i++) {
        g_assert_cmphex(k.sourcecfg[i] | k.target[i], ==, 0);
    }
    for (unsigned h = 0; h < HARTS; h++) {
        for (unsigned reg = 0; reg < 256; reg++) {
            g_assert_cmphex(k.file[h][reg], ==, 0);
        }
    }
    if (!object_state_load(dev, state->data, state->len, &err)) {
        g_error("%s", error_get_pretty(err));
    }
    g_assert_cmpuint(k.delivered_early, ==, 0);
    g_assert_cmpmem(&k, sizeof(k), &before, sizeof(before));
    device_free(dev);
}

static void test_split(void)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    DeviceState *dev = device_new(0);
    g_autofree char *what = NULL;

    g_assert_true(device_realize(dev, NULL));
    g_assert_cmpuint(dev->nr_mmio, ==, 1); /* the files only */
    k.config.ready(k.config.opaque);
    line(dev, 1, true); /* the APLIC has the lines */
    g_assert_cmphex(k.input, ==, 0);
    k.file[1][0x70] = 1;
    k.file[1][0x82] = 2;
    DEVICE_GET_CLASS(dev)->explain_irqs(dev, text);
    g_assert_cmpstr(text->str, ==, "  hart 0: delivery off, threshold 0\n"
                                   "  hart 1: delivery on, threshold 0\n"
                                   "    identity 65: pending, not enabled\n");
    what = DEVICE_GET_CLASS(dev)->describe(dev);
    g_assert_cmpstr(what, ==, "interrupt files of 2 harts in the host's kernel, 127 identities, made up");
    object_state_save(dev, state);
    device_reset(dev);
    g_assert_true(object_state_load(dev, state->data, state->len, NULL));
    g_assert_cmphex(k.file[1][0x82], ==, 2);
    device_free(dev);
}

static void test_refused(void)
{
    DeviceState *dev = device_new(SOURCES);
    Error *err = NULL;

    k.refuse = true;
    g_assert_false(device_realize(dev, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "no");
    error_free(err);
    object_unref(dev);
    dev = DEVICE(object_new_known(TYPE_RISCV_KERNEL_AIA)); /* by hand */
    err = NULL;
    g_assert_false(device_realize(dev, &err));
    g_assert_nonnull(err);
    error_free(err);
    object_unref(dev);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel-aia/lines", test_lines);
    g_test_add_func("/kernel-aia/state", test_state);
    g_test_add_func("/kernel-aia/split", test_split);
    g_test_add_func("/kernel-aia/refused", test_refused);
    return g_test_run();
}
