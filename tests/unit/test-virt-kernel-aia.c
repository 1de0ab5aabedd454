/*
 * The virt board with the AIA of an accelerator's kernel: which devices there are, what the kernel is told,
 * what the device tree says. The kernel is a table that remembers; two sockets with two and one harts.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <libfdt.h>
#include <string.h>
#include <unistd.h>

#include "hw/core/host-aia.h"
#include "hw/riscv/virt.h"
#include "system/numa.h"
#include "util/bits.h"

enum { HARTS = 3 };

static MachineState *ms;
static HostAIAConfig told;
static hwaddr told_imsic[HARTS];
static bool lines[VIRT_IRQ_SOURCES + 1]; /* the APLIC counts from 1 */
static hwaddr msi_addr;
static uint32_t msi_data;

static bool k_create(HostAIAConfig *config, Error **errp)
{
    config->ids = 191; /* fewer than the board wants */
    told = *config;
    g_assert_cmpuint(config->nr_harts, ==, HARTS);
    memcpy(told_imsic, config->imsic, sizeof(told_imsic));
    return true;
}

static void k_set_line(unsigned source, bool level)
{
    g_assert_cmpuint(source, <=, VIRT_IRQ_SOURCES);
    lines[source] = level;
}

static unsigned lines_up(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i <= VIRT_IRQ_SOURCES; i++) {
        n += lines[i];
    }
    return n;
}

static void k_send_msi(hwaddr addr, uint32_t data)
{
    msi_addr = addr;
    msi_data = data;
}

static bool k_set_aplic(unsigned offset, uint32_t value)
{
    return true;
}

static bool k_set_imsic(unsigned hart, unsigned reg, uint64_t value)
{
    return true;
}

static const char *k_mode(void)
{
    return "made up";
}

#define OPS .create = k_create, .set_line = k_set_line, .send_msi = k_send_msi, \
            .set_aplic = k_set_aplic, .set_imsic = k_set_imsic, .mode = k_mode
static const HostAIA whole = { OPS }, split = { OPS, .split = true };

static uint32_t cell(const char *node, const char *prop, int n)
{
    int off = fdt_path_offset(ms->fdt, node), len = 0;
    const fdt32_t *p = off >= 0 ? fdt_getprop(ms->fdt, off, prop, &len) : NULL;

    return p && n * 4 < len ? fdt32_to_cpu(p[n]) : UINT32_MAX;
}

static bool has(const char *node)
{
    return fdt_path_offset(ms->fdt, node) >= 0;
}

/* The interrupt files are at ours' addresses. */
static void check_common(unsigned sources)
{
    g_assert_cmpuint(told.sources, ==, sources);
    g_assert_cmphex(told_imsic[0], ==, 0x28000000);
    g_assert_cmphex(told_imsic[1], ==, 0x28002000);
    g_assert_cmphex(told_imsic[2], ==, 0x29000000);
    g_assert_cmpuint(told.guest_bits, ==, 1);
    g_assert_cmpuint(told.hart_bits, ==, 1);
    g_assert_cmpuint(told.group_bits, ==, 1);
    g_assert_cmpuint(told.group_shift, ==, 24);

    g_assert_true(has("/soc/interrupt-controller@28000000"));
    g_assert_cmpuint(cell("/soc/interrupt-controller@28000000", "riscv,num-ids", 0), ==, 191);
    g_assert_cmpuint(cell("/soc/interrupt-controller@d000000", "msi-parent", 0), ==,
                     cell("/soc/interrupt-controller@28000000", "phandle", 0));
    g_assert_cmpuint(cell("/soc/serial@10000000", "interrupt-parent", 0), ==,
                     cell("/soc/interrupt-controller@d000000", "phandle", 0));
    /* Nothing of machine level. */
    g_assert_false(has("/soc/interrupt-controller@24000000"));
    g_assert_false(has("/soc/interrupt-controller@c000000"));
    g_assert_false(has("/soc/plic@c000000"));
    g_assert_false(has("/soc/clint@2000000"));
}

static void test_whole(void)
{
    Object *window = object_child(&ms->parent_obj, "virtio-mmio[0]");

    check_common(VIRT_IRQ_SOURCES);
    g_assert_cmphex(told.aplic, ==, 0xd000000);
    /* One APLIC for all sockets, which takes the second's lines too. */
    g_assert_false(has("/soc/interrupt-controller@d008000"));
    g_assert_cmpuint(cell("/soc/virtio_mmio@10001000", "interrupt-parent", 0), ==,
                     cell("/soc/interrupt-controller@d000000", "phandle", 0));
    told.ready(told.opaque);
    irq_raise(&DEVICE(window)->irq_out[0]);
    g_assert_true(lines[1]);
    g_assert_cmpuint(lines_up(), ==, 1);
    MACHINE_GET_CLASS(ms)->reset(ms);
    g_assert_cmpuint(lines_up(), ==, 0);
}

/* Our APLIC sends what the guest has set as a source's target. */
static void test_split(void)
{
    Object *window = object_child(&ms->parent_obj, "virtio-mmio[0]");
    const hwaddr aplic = 0xd008000; /* the second socket's */

    check_common(0);
    g_assert_true(has("/soc/interrupt-controller@d008000"));
    g_assert_cmpuint(cell("/soc/virtio_mmio@10001000", "interrupt-parent", 0), ==,
                     cell("/soc/interrupt-controller@d008000", "phandle", 0));
    told.ready(told.opaque);
    address_space_st(&ms->as, aplic, 0x100, 4);              /* domaincfg.IE */
    address_space_st(&ms->as, aplic + 4, 6, 4);              /* source 1: level, high */
    address_space_st(&ms->as, aplic + 0x3004, 1 << 18 | 42, 4); /* hart index 1, identity 42 */
    address_space_st(&ms->as, aplic + 0x1edc, 1, 4);         /* enabled */
    irq_raise(&DEVICE(window)->irq_out[0]);
    g_assert_cmphex(msi_addr, ==, 0x28002000);
    g_assert_cmpuint(msi_data, ==, 42);
    g_assert_cmpuint(lines_up(), ==, 0);
}

static void build(const HostAIA *host)
{
    static const char *const numa[] = { "node,cpus=0-1,mem=64M", "node,cpus=2,mem=32M" };
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    Error *err = NULL;
    g_autofree char *kernel = NULL;
    int fd = g_file_open_tmp("vireo-XXXXXX", &kernel, NULL);

    /* A guest that starts in S-mode needs a kernel. */
    g_assert_true(g_file_set_contents(kernel, "\x13\0\0\0\x13\0\0\0", 8, NULL));
    ms = MACHINE(object_new_known("virt-machine"));
    ms->smp.cpus = ms->smp.max_cpus = HARTS;
    ms->ram_size = 96 * MiB;
    ms->smode = true;
    ms->host_aia = host;
    object_property_set_known(ms, "kernel", kernel);
    object_property_set_known(ms, "aia", "aplic-imsic");
    object_property_set_known(ms, "aia-guests", "1");
    for (size_t i = 0; i < G_N_ELEMENTS(numa); i++) {
        g_ptr_array_add(texts, (char *)numa[i]);
    }
    g_assert_true(object_add_child(object_root(), "machine", ms, NULL));
    MachineClass *mc = MACHINE_GET_CLASS(ms);
    if (!numa_parse(texts, ms, &err) || !mc->init(ms, &err) || !mc->done(ms, &err)) {
        g_error("%s", error_get_pretty(err));
    }
    mc->reset(ms);
    close(fd);
    g_unlink(kernel);
}

/* One machine to a process. */
int main(int argc, char **argv)
{
    bool is_split = g_strcmp0(g_getenv("VIREO_TEST_SPLIT"), "1") == 0;

    g_test_init(&argc, &argv, NULL);
    build(is_split ? &split : &whole);
    if (is_split) {
        g_test_add_func("/virt-kernel-aia/split", test_split);
    } else {
        g_test_add_func("/virt-kernel-aia/whole", test_whole);
    }
    return g_test_run();
}
