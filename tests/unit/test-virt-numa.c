/*
 * The virt board with NUMA nodes and ACLINT: who serves which hart, up to the last of each socket.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <libfdt.h>

#include "hw/core/machine.h"
#include "system/numa.h"
#include "target/riscv/cpu.h"
#include "util/bits.h"

#define HARTS 7 /* 0-1, 2, 3-6 */
#define MSWI(socket) (0x2000000ull + (socket) * 0x10000)
#define MTIMER(socket) (MSWI(socket) + 0x4000)
#define SSWI(socket) (0x2f00000ull + (socket) * 0x4000)
#define PLIC(socket) (0xc000000ull + (socket) * 0x600000)

static const unsigned first[] = { 0, 2, 3 }, count[] = { 2, 1, 4 };
static MachineState *ms;

static void poke(hwaddr addr, uint64_t v, unsigned size)
{
    g_assert_cmpint(address_space_st(&ms->as, addr, v, size), ==, MEMTX_OK);
}

static uint64_t peek(hwaddr addr, unsigned size)
{
    uint64_t v = 0xdead;
    g_assert_cmpint(address_space_ld(&ms->as, addr, &v, size), ==, MEMTX_OK);
    return v;
}

static void expect_only(unsigned hart, unsigned bit)
{
    for (unsigned h = 0; h < HARTS; h++) {
        uint64_t mip = __atomic_load_n(&riscv_env(cpu_list()->cpus[h])->mip, __ATOMIC_RELAXED);

        g_assert_cmpint(mip >> bit & 1, ==, h == hart);
    }
}

static void test_software_interrupts(void)
{
    for (unsigned s = 0; s < 3; s++) {
        for (unsigned h = 0; h < count[s]; h++) {
            CPURISCVState *env = riscv_env(cpu_list()->cpus[first[s] + h]);

            poke(MSWI(s) + h * 4, 1, 4);
            expect_only(first[s] + h, 3);
            poke(MSWI(s) + h * 4, 0, 4);
            expect_only(HARTS, 3);

            poke(SSWI(s) + h * 4, 0, 4);
            expect_only(HARTS, 1);
            poke(SSWI(s) + h * 4, 1, 4);
            expect_only(first[s] + h, 1);
            g_assert_cmphex(peek(SSWI(s) + h * 4, 4), ==, 0);
            /* The hart's to clear, and then it can be set again. */
            __atomic_fetch_and(&env->mip, ~2ull, __ATOMIC_RELAXED);
            poke(SSWI(s) + h * 4, 1, 4);
            expect_only(first[s] + h, 1);
            __atomic_fetch_and(&env->mip, ~2ull, __ATOMIC_RELAXED);
        }
        /* Behind the last hart is nothing, whatever other sockets have. */
        poke(MSWI(s) + count[s] * 4, 1, 4);
        poke(SSWI(s) + count[s] * 4, 1, 4);
        poke(SSWI(s) + 0x3ffc, 1, 4);
        expect_only(HARTS, 3);
        expect_only(HARTS, 1);
    }
    g_assert_cmpint(address_space_st(&ms->as, SSWI(3), 1, 4), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_st(&ms->as, SSWI(0), 1, 8), ==, MEMTX_DECODE_ERROR);
}

/* Every compare register of every socket is its own; those behind the last do not exist. */
static void test_timers(void)
{
    for (unsigned s = 0; s < 3; s++) {
        for (unsigned h = 0; h < count[s]; h++) {
            poke(MTIMER(s) + h * 8, UINT64_MAX, 8);
        }
        poke(MTIMER(s) + count[s] * 8, 0, 8);
        poke(MTIMER(s) + 0x7ff0, 0, 8);
        g_assert_cmphex(peek(MTIMER(s) + 0x7ff0, 8), ==, 0);
    }
    expect_only(HARTS, 7);
    for (unsigned s = 0; s < 3; s++) {
        for (unsigned h = 0; h < count[s]; h++) {
            poke(MTIMER(s) + h * 8, 0, 8);
            expect_only(first[s] + h, 7);
            poke(MTIMER(s) + h * 8, UINT64_MAX, 8);
        }
    }
    /* One time for all sockets. */
    poke(MTIMER(0) + count[0] * 8 - 8, 1ull << 60, 8);
    poke(MTIMER(2) + 0x7ff8, 1ull << 60, 8);
    expect_only(first[0] + count[0] - 1, 7);
    g_assert_cmphex(peek(MTIMER(1) + 0x7ff8, 8) >> 60, ==, 1);
    poke(MTIMER(1) + 0x7ff8, 0, 8);
    expect_only(HARTS, 7);
}

/* The UART is the first socket's, the virtio windows are the second's. */
static void test_interrupt_controllers(void)
{
    poke(0x10000001, 2, 1); /* transmitter empty: source 10 */
    g_assert_cmphex(peek(PLIC(0) + 0x1000, 4), ==, 1 << 10);
    g_assert_cmphex(peek(PLIC(1) + 0x1000, 4), ==, 0);
    poke(PLIC(0) + 10 * 4, 1, 4);
    poke(PLIC(0) + 0x2000 + 3 * 0x80, 1 << 10, 4); /* S mode of hart 1 */
    expect_only(1, 9);
    poke(PLIC(0) + 0x2000 + 3 * 0x80, 0, 4);
    poke(PLIC(0) + 0x2000 + 4 * 0x80, 1 << 10, 4); /* a context that is not there */
    expect_only(HARTS, 11);
    g_assert_cmphex(peek(PLIC(0) + 0x2000 + 4 * 0x80, 4), ==, 0);

    Object *window = object_child(&ms->parent_obj, "virtio-mmio[0]");
    irq_raise(&DEVICE(window)->irq_out[0]);
    g_assert_cmphex(peek(PLIC(1) + 0x1000, 4), ==, 1 << 1);
    poke(PLIC(1) + 4, 1, 4);
    poke(PLIC(1) + 0x2000, 1 << 1, 4);
    expect_only(2, 11);
    irq_lower(&DEVICE(window)->irq_out[0]);
    MACHINE_GET_CLASS(ms)->reset(ms);
    expect_only(HARTS, 11);
}

static uint32_t cell(const char *node, const char *prop, int n)
{
    int off = fdt_path_offset(ms->fdt, node), len = 0;
    const fdt32_t *p = off >= 0 ? fdt_getprop(ms->fdt, off, prop, &len) : NULL;

    return p && n * 4 < len ? fdt32_to_cpu(p[n]) : UINT32_MAX;
}

static void test_tree(void)
{
    g_assert_cmpuint(cell("/memory@80000000", "numa-node-id", 0), ==, 0);
    g_assert_cmpuint(cell("/memory@84000000", "numa-node-id", 0), ==, 2); /* node 1 has none */
    g_assert_cmpint(fdt_path_offset(ms->fdt, "/memory@86000000"), <, 0);
    g_assert_cmpuint(cell("/cpus/cpu@6", "numa-node-id", 0), ==, 2);
    g_assert_cmpuint(cell("/soc/plic@cc00000", "numa-node-id", 0), ==, 2);
    g_assert_cmpuint(cell("/soc/sswi@2f04000", "numa-node-id", 0), ==, 1);
    g_assert_cmpint(fdt_path_offset(ms->fdt, "/soc/clint@2000000"), <, 0);
    g_assert_cmpuint(cell("/cpus/cpu-map/cluster2/core3", "cpu", 0), ==,
                     cell("/cpus/cpu@6", "phandle", 0));
    g_assert_cmpuint(cell("/distance-map", "distance-matrix", 5), ==, 15);
    g_assert_cmpuint(cell("/distance-map", "distance-matrix", 8), ==, 40);
    g_assert_cmpuint(cell("/distance-map", "distance-matrix", 26), ==, 10);
}

static void build(void)
{
    static const char *const numa[] = {
        "node,cpus=0-1,mem=64M", "node,cpus=2,mem=0", "node,cpus=3,cpus=4-6,mem=32M",
        "dist,src=0,dst=1,val=15", "dist,src=0,dst=2,val=40", "dist,src=1,dst=2,val=20",
    };
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    Error *err = NULL;

    ms = MACHINE(object_new_known("virt-machine"));
    ms->smp.cpus = ms->smp.max_cpus = HARTS;
    ms->ram_size = 96 * MiB;
    object_property_set_known(ms, "firmware", "none");
    object_property_set_known(ms, "aclint", "on");
    for (size_t i = 0; i < G_N_ELEMENTS(numa); i++) {
        g_ptr_array_add(texts, (char *)numa[i]);
    }
    g_assert_true(object_add_child(object_root(), "machine", ms, NULL));
    MachineClass *mc = MACHINE_GET_CLASS(ms);
    if (!numa_parse(texts, ms, &err) || !mc->init(ms, &err) || !mc->done(ms, &err)) {
        g_error("%s", error_get_pretty(err));
    }
    mc->reset(ms);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    build();
    g_test_add_func("/virt-numa/software-interrupts", test_software_interrupts);
    g_test_add_func("/virt-numa/timers", test_timers);
    g_test_add_func("/virt-numa/interrupt-controllers", test_interrupt_controllers);
    g_test_add_func("/virt-numa/tree", test_tree);
    return g_test_run();
}
