/*
 * The virt board without running it: what stands in memory at power-on, who answers at which
 * address, and which line ends in which pending bit of which hart.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <libfdt.h>

#include "hw/core/machine.h"
#include "target/riscv/cpu.h"
#include "util/bits.h"

#define HARTS 5
#define UART 0x10000000ull
#define PLIC 0xc000000ull
#define CLINT 0x2000000ull

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

static bool mip(unsigned hart, unsigned bit)
{
    CPURISCVState *env = riscv_env(cpu_list()->cpus[hart]);
    return __atomic_load_n(&env->mip, __ATOMIC_RELAXED) >> bit & 1;
}

static void expect_mip(unsigned hart, unsigned bit)
{
    for (unsigned h = 0; h < HARTS; h++) {
        g_assert_cmpint(mip(h, bit), ==, h == hart);
    }
}

static void test_power_on(void)
{
    /* auipc t0; addi a2; csrr a0; ld a1; ld t0; jr t0; start; device tree; fw_dynamic info */
    static const uint32_t code[6] = { 0x00000297, 0x02828613, 0xf1402573,
                                      0x0202b583, 0x0182b283, 0x00028067 };
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmphex(peek(0x1000 + i * 4, 4), ==, code[i]);
    }
    g_assert_cmphex(peek(0x1018, 8), ==, 0x80000000);
    hwaddr fdt = peek(0x1020, 8);
    g_assert_cmphex(fdt, ==, 0x80000000 + 64 * MiB - 2 * MiB);
    g_assert_cmphex(peek(0x1028, 8), ==, 0x4942534f);
    g_assert_cmphex(peek(0x1030, 8), ==, 2);
    g_assert_cmphex(peek(0x1038, 8), ==, 0x80000000); /* the kernel */
    g_assert_cmphex(peek(0x1040, 8), ==, 1);
    g_assert_cmphex(peek(0x80000000, 4), ==, 0x6f);

    g_autofree uint8_t *blob = g_malloc((gsize)ms->fdt_size);
    g_assert_true(address_space_read_ram(&ms->as, fdt, blob, (uint64_t)ms->fdt_size));
    g_assert_cmpint(fdt_check_full(blob, (size_t)ms->fdt_size), ==, 0);
    int chosen = fdt_path_offset(blob, "/chosen"), len;
    g_assert_cmpstr(fdt_getprop(blob, chosen, "bootargs", &len), ==, "quiet");
    g_assert_cmpint(fdt_path_offset(blob, "/cpus/cpu@4"), >=, 0);
    g_assert_cmpint(fdt_path_offset(blob, "/cpus/cpu@5"), <, 0);

    CPUState *cpu;
    CPU_FOREACH(cpu) {
        g_assert_cmphex(CPU_GET_CLASS(cpu)->get_pc(cpu), ==, 0x1000);
    }
}

static void test_map(void)
{
    uint64_t v;

    g_assert_cmphex(peek(UART + 5, 1), ==, 0x60);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(peek(0x10001000 + i * 0x1000, 4), ==, 0x74726976);
        g_assert_cmpint(address_space_ld(&ms->as, 0x10001200 + i * 0x1000, &v, 4), ==,
                        MEMTX_DECODE_ERROR);
    }
    g_assert_cmpuint(peek(0x101004, 4) | peek(0x101000, 4), !=, 0);
    g_assert_cmphex(peek(0x100000, 4), ==, 0);
    g_assert_cmpint(address_space_ld(&ms->as, UART + 8, &v, 1), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_ld(&ms->as, PLIC, &v, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_st(&ms->as, 0x1000, 0, 4), !=, MEMTX_OK); /* mask ROM */
    g_assert_cmpint(address_space_ld(&ms->as, 0x80000000 + 64 * MiB, &v, 1), ==,
                    MEMTX_DECODE_ERROR);
    poke(0x80000000 + 64 * MiB - 8, 0x1122334455667788, 8);
    g_assert_cmphex(peek(0x80000000 + 64 * MiB - 4, 4), ==, 0x11223344);
}

static void test_clint_lines(void)
{
    for (unsigned h = 0; h < HARTS; h++) {
        poke(CLINT + h * 4, 1, 4);
        expect_mip(h, 3);
        poke(CLINT + h * 4, 0, 4);
        g_assert_false(mip(h, 3));
        poke(CLINT + 0x4000 + h * 8, UINT64_MAX, 8);
        g_assert_false(mip(h, 7));
    }
    for (unsigned h = 0; h < HARTS; h++) {
        poke(CLINT + 0x4000 + h * 8, 0, 8);
        expect_mip(h, 7);
        poke(CLINT + 0x4000 + h * 8, UINT64_MAX, 8);
    }
    /* A write of mtime moves every deadline. */
    poke(CLINT + 0x4000 + 3 * 8, 1000000000000, 8);
    g_assert_false(mip(3, 7));
    poke(CLINT + 0xbff8, 1000000000000, 8);
    expect_mip(3, 7);
    poke(CLINT + 0xbff8, 0, 8);
    g_assert_false(mip(3, 7));
    g_assert_cmpint(address_space_st(&ms->as, CLINT + 0x4000, 0, 2), ==, MEMTX_DECODE_ERROR);
}

/* The UART's transmitter-empty interrupt is source 10; contexts alternate M and S per hart. */
static void test_plic_lines(void)
{
    poke(UART + 1, 2, 1);
    g_assert_cmphex(peek(PLIC + 0x1000, 4), ==, 1 << 10);
    poke(PLIC + 10 * 4, 1, 4);
    for (unsigned c = 0; c < 2 * HARTS; c++) {
        poke(PLIC + 0x2000 + c * 0x80, 1 << 10, 4);
        expect_mip(c / 2, c % 2 ? 9 : 11);
        poke(PLIC + 0x2000 + c * 0x80, 0, 4);
        g_assert_false(mip(c / 2, c % 2 ? 9 : 11));
    }
    poke(PLIC + 0x2000 + 3 * 0x80, 1 << 10, 4);
    g_assert_cmphex(peek(PLIC + 0x203004, 4), ==, 10);
    g_assert_false(mip(1, 9));
    g_assert_cmphex(peek(UART + 2, 1), ==, 2);
    poke(PLIC + 0x203004, 10, 4);
    g_assert_false(mip(1, 9));
}

static void test_reset(void)
{
    poke(0x80000000, 0, 8);
    poke(CLINT + 4, 1, 4);
    poke(UART + 1, 0, 1);
    poke(UART + 1, 2, 1); /* pending at the PLIC, enabled for hart 1 */
    g_assert_true(mip(1, 3) && mip(1, 9));
    MACHINE_GET_CLASS(ms)->reset(ms);
    g_assert_cmphex(peek(0x80000000, 4), ==, 0x6f);
    g_assert_cmphex(peek(PLIC + 0x1000, 4), ==, 0);
    for (unsigned h = 0; h < HARTS; h++) {
        /* mtimecmp and mtime are both 0: the timer alone is pending, as on QEMU's board. */
        g_assert_cmphex(riscv_env(cpu_list()->cpus[h])->mip, ==, 1 << 7);
    }
    g_assert_cmphex(peek(CLINT + 4, 4), ==, 0);
    MACHINE_GET_CLASS(ms)->reset(ms); /* again, with the line high already */
    g_assert_cmphex(riscv_env(cpu_list()->cpus[2])->mip, ==, 1 << 7);
}

/* Every device of the board: what it saved, it loads after a reset, and is then what it was. */
static void test_save_and_load(void)
{
    static const char *const names[] = { "swi", "mtimer", "plic", "uart0", "rtc" };
    GByteArray *before[G_N_ELEMENTS(names)], *after = g_byte_array_new();
    g_autoptr(Error) err = NULL;

    poke(CLINT + 8, 1, 4);
    poke(CLINT + 0x4000 + 16, 0x123456789abcdef0, 8);
    poke(PLIC + 10 * 4, 5, 4);
    poke(PLIC + 0x2000 + 5 * 0x80, 1 << 10, 4);
    poke(PLIC + 0x205000, 2, 4);
    poke(UART + 2, 0x81, 1);
    poke(UART + 7, 0xa5, 1);
    poke(UART + 1, 2, 1);
    poke(0x101010, 1, 4);
    poke(0x10100c, 0x7fffffff, 4);
    g_assert_true(mip(2, 3) && mip(2, 9));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        before[i] = g_byte_array_new();
        object_state_save(object_child(&ms->parent_obj, names[i]), before[i]);
    }
    MACHINE_GET_CLASS(ms)->reset(ms);
    g_assert_false(mip(2, 3) || mip(2, 9));

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        Object *dev = object_child(&ms->parent_obj, names[i]);
        g_assert_true(object_state_load(dev, before[i]->data, before[i]->len, &err));
        g_assert_false(object_state_load(dev, before[i]->data, before[i]->len - 1, NULL));
        g_byte_array_set_size(after, 0);
        object_state_save(dev, after);
        g_assert_cmpmem(after->data, after->len, before[i]->data, before[i]->len);
        g_byte_array_unref(before[i]);
    }
    g_assert_true(mip(2, 3) && mip(2, 9));
    g_assert_cmphex(peek(UART + 7, 1), ==, 0xa5);
    g_assert_cmphex(peek(CLINT + 0x4000 + 16, 8), ==, 0x123456789abcdef0);
    g_assert_cmphex(peek(0x10100c, 4), ==, 0x7fffffff);
    g_byte_array_unref(after);
    MACHINE_GET_CLASS(ms)->reset(ms);
}

/* Slot 7 is first in both trees and has bus 7. */
static void test_virtio_order(void)
{
    BusState *bus = bus_find(&ms->parent_obj, "virtio-mmio-bus", NULL, NULL);

    g_assert_nonnull(bus);
    g_assert_cmpstr(bus->name, ==, "virtio-mmio-bus.7");
    g_assert_cmphex(bus->owner->mmio_addr[0], ==, 0x10008000);
}

static void test_properties(void)
{
    static const char *const refused[][2] = {
        { "iommu-sys", "on" },
    };
    g_autoptr(Error) err = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_clear_pointer(&err, error_free);
        g_assert_false(object_property_set_str(ms, refused[i][0], refused[i][1], &err));
        g_assert_nonnull(strstr(error_get_pretty(err), "not supported yet"));
    }
    g_assert_true(object_property_set_str(ms, "aia", "none", NULL));
    g_assert_true(object_property_set_str(ms, "acpi", "off", NULL));
}

static void build(void)
{
    static const uint8_t loop[4] = { 0x6f }; /* j . */
    g_autofree char *kernel = NULL;
    Error *err = NULL;
    int fd = g_file_open_tmp("virt-XXXXXX", &kernel, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_file_set_contents(kernel, (const char *)loop, sizeof(loop), NULL));
    ms = MACHINE(object_new_known("virt-machine"));
    ms->smp.cpus = HARTS;
    ms->ram_size = 64 * MiB;
    object_property_set_known(ms, "firmware", "none");
    object_property_set_known(ms, "kernel", kernel);
    object_property_set_known(ms, "append", "quiet");
    g_assert_true(object_add_child(object_root(), "machine", ms, NULL));
    MachineClass *mc = MACHINE_GET_CLASS(ms);
    if (!mc->init(ms, &err) || !mc->done(ms, &err)) {
        g_error("%s", error_get_pretty(err));
    }
    mc->reset(ms);
    close(fd);
    g_unlink(kernel);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    build();
    g_test_add_func("/virt/power-on", test_power_on);
    g_test_add_func("/virt/map", test_map);
    g_test_add_func("/virt/clint-lines", test_clint_lines);
    g_test_add_func("/virt/plic-lines", test_plic_lines);
    g_test_add_func("/virt/reset", test_reset);
    g_test_add_func("/virt/save-and-load", test_save_and_load);
    g_test_add_func("/virt/virtio-order", test_virtio_order);
    g_test_add_func("/virt/properties", test_properties);
    return g_test_run();
}
