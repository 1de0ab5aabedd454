/*
 * DMA, RAM blocks and dirty bits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/memory.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/bits.h"

typedef struct Fixture {
    MemoryRegion root, ram, high, io;
    AddressSpace as;
    unsigned io_accesses;
} Fixture;

static MemTxResult io_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    ((Fixture *)opaque)->io_accesses++;
    *value = 0;
    return MEMTX_OK;
}

static MemTxResult io_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    ((Fixture *)opaque)->io_accesses++;
    return MEMTX_OK;
}

static const MemoryRegionOps io_ops = { .read = io_read, .write = io_write };

static void setup(Fixture *f, gconstpointer data)
{
    memory_region_init(&f->root, NULL, "root", UINT64_MAX);
    address_space_init(&f->as, &f->root, "dma");
    g_assert_true(memory_region_init_ram(&f->ram, NULL, "ram", 0x4000, NULL));
    g_assert_true(memory_region_init_ram(&f->high, NULL, "high", 0x4000, NULL));
    memory_region_init_io(&f->io, NULL, &io_ops, f, NULL, "io", 0x1000);
    memory_region_add_subregion(&f->root, 0x80000000, &f->ram);
    memory_region_add_subregion(&f->root, 0x80004000, &f->high);
    memory_region_add_subregion(&f->root, 0x80008000, &f->io);
}

static void teardown(Fixture *f, gconstpointer data)
{
    address_space_destroy(&f->as);
    memory_region_destroy(&f->ram);
    memory_region_destroy(&f->high);
    memory_region_destroy(&f->io);
    memory_region_destroy(&f->root);
    flatview_reclaim();
}

static void test_copy(Fixture *f, gconstpointer data)
{
    uint8_t out[0x2000], in[0x2000];

    for (unsigned i = 0; i < sizeof(out); i++) {
        out[i] = i * 7;
    }
    /* Across two blocks. */
    g_assert_true(dma_write(&f->as, 0x80003000, out, sizeof(out)));
    g_assert_true(dma_read(&f->as, 0x80003000, in, sizeof(in)));
    g_assert_cmpmem(in, sizeof(in), out, sizeof(out));
    g_assert_cmpmem(f->high.ram->host, 0x1000, out + 0x1000, 0x1000);
    g_assert_true(dma_read(&f->as, 0x80003000, in, 0));
}

static void test_refuses_registers(Fixture *f, gconstpointer data)
{
    uint8_t buf[64] = { 0xff };
    uint16_t v;

    g_assert_false(dma_read(&f->as, 0x80008000, buf, 4));
    g_assert_false(dma_write(&f->as, 0x80008000, buf, 4));
    /* Nothing of a transfer that ends in registers is done. */
    g_assert_false(dma_write(&f->as, 0x80007ff0, buf, 32));
    g_assert_cmphex(f->high.ram->host[0x3ff0], ==, 0);
    g_assert_false(dma_read(&f->as, 0x7fffffff, buf, 2));
    g_assert_false(dma_read(&f->as, 0x80000000, buf, UINT64_MAX));
    g_assert_null(dma_map(&f->as, 0x80008000, 4, false));
    g_assert_null(dma_map(&f->as, 0x80007ff0, 32, false));
    g_assert_null(dma_map(&f->as, 0x80003ff0, 32, false)); /* two pieces */
    g_assert_null(dma_map(&f->as, 0x80003ff0, 0, false));
    g_assert_null(dma_map(&f->as, 0x80003ff0, UINT64_MAX, false));
    g_assert_false(dma_load_u16(&f->as, 0x80008000, &v));
    g_assert_false(dma_store_u16(&f->as, 0x80008000, 1));
    g_assert_false(dma_load_u16(&f->as, 0x80000001, &v));
    g_assert_cmpuint(f->io_accesses, ==, 0);
}

static void test_u16(Fixture *f, gconstpointer data)
{
    uint16_t v = 0;

    g_assert_true(dma_store_u16(&f->as, 0x80003ffe, 0xbeef));
    g_assert_true(dma_load_u16(&f->as, 0x80003ffe, &v));
    g_assert_cmphex(v, ==, 0xbeef);
    g_assert_cmphex(f->ram.ram->host[0x3ffe], ==, 0xef);
}

/* A mapped buffer outlives the region: an I/O thread may be in the middle of it. */
static void test_map_keeps_ram(Fixture *f, gconstpointer data)
{
    MemoryRegion temp;
    uint8_t *p;
    uint64_t offset;

    g_assert_true(memory_region_init_ram(&temp, NULL, "temp", 0x2000, NULL));
    memory_region_add_subregion(&f->root, 0x1000, &temp);
    p = dma_map(&f->as, 0x1800, 0x1000, true);
    g_assert_nonnull(p);
    g_assert_true(ram_block_from_host(p, &offset) == temp.ram);
    g_assert_cmphex(offset, ==, 0x800);
    memory_region_destroy(&temp);
    flatview_reclaim();
    memset(p, 0xaa, 0x1000);
    dma_unmap(&f->as, p, 0x1000, true, 0x1000);
    flatview_reclaim();
    g_assert_null(ram_block_from_host(p, &offset));
    g_assert_false(dma_read(&f->as, 0x1800, &offset, 8));
}

static void test_dirty(Fixture *f, gconstpointer data)
{
    RAMBlock *b = f->ram.ram;
    unsigned long pages[4] = { 0 };
    uint8_t *p;

    /* Everything is, before anybody asked. */
    for (unsigned c = DIRTY_MIGRATION; c <= DIRTY_DISPLAY; c++) {
        g_assert_true(ram_block_collect_dirty(b, c, 0, 0x4000, pages));
        g_assert_cmphex(pages[0], ==, 0xf);
        g_assert_false(ram_block_collect_dirty(b, c, 0, 0x4000, pages));
        g_assert_cmphex(pages[0], ==, 0);
    }
    g_assert_true(ram_block_page_watched(b, 0x1000));
    g_assert_true(dma_write(&f->as, 0x80001fff, "xy", 2));
    g_assert_cmpint(address_space_st(&f->as, 0x80003008, 1, 8), ==, MEMTX_OK);
    for (unsigned page = 0; page < 4; page++) {
        g_assert_cmpint(ram_block_page_dirty(b, DIRTY_MIGRATION, page * 0x1000), ==, page != 0);
        g_assert_cmpint(ram_block_page_dirty(b, DIRTY_DISPLAY, page * 0x1000), ==, page != 0);
    }
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x1000, 0x2000, pages));
    g_assert_cmphex(pages[0], ==, 3);
    g_assert_true(ram_block_page_dirty(b, DIRTY_DISPLAY, 0x3000));
    g_assert_true(ram_block_test_and_clear_dirty(b, DIRTY_MIGRATION, 0x1000, 0x1000));
    g_assert_false(ram_block_test_and_clear_dirty(b, DIRTY_MIGRATION, 0x1000, 0x1000));
    g_assert_true(ram_block_page_dirty(b, DIRTY_MIGRATION, 0x2000));
    g_assert_true(ram_block_test_and_clear_dirty(b, DIRTY_MIGRATION, 0, b->size));
    p = dma_map(&f->as, 0x80000000, 0x4000, true);
    dma_unmap(&f->as, p, 0x4000, true, 0x1001);
    g_assert_true(ram_block_page_dirty(b, DIRTY_MIGRATION, 0x1000));
    g_assert_false(ram_block_page_dirty(b, DIRTY_MIGRATION, 0x2000));
    ram_block_set_dirty(b, DIRTY_MIGRATION, 0, b->size);
    ram_block_set_dirty(b, DIRTY_DISPLAY, 0, b->size);
    g_assert_false(ram_block_page_watched(b, 0x1000));
}

static struct {
    unsigned calls;
    uint64_t offset, len;
    uint8_t byte; /* at offset when the hook ran */
} hooked;

static void hook(RAMBlock *block, uint64_t offset, uint64_t len)
{
    hooked.calls++;
    hooked.offset = offset;
    hooked.len = len;
    hooked.byte = block->host[offset];
    ram_block_set_dirty(block, DIRTY_CODE, offset, len);
}

static void test_code_hook(Fixture *f, gconstpointer data)
{
    RAMBlock *b = f->ram.ram;

    ram_set_code_write_hook(hook);
    g_assert_true(dma_write(&f->as, 0x80001000, "x", 1));
    g_assert_cmpuint(hooked.calls, ==, 0); /* no code was made */
    ram_block_test_and_clear_dirty(b, DIRTY_CODE, 0x1000, 0x1000);
    g_assert_true(dma_write(&f->as, 0x80000ff0, "12345678", 8));
    g_assert_cmpuint(hooked.calls, ==, 0);
    g_assert_true(dma_write(&f->as, 0x80001000, "yz", 2));
    g_assert_cmpuint(hooked.calls, ==, 1);
    g_assert_cmphex(hooked.offset, ==, 0x1000);
    g_assert_cmpuint(hooked.len, ==, 2);
    g_assert_cmpint(hooked.byte, ==, 'x'); /* before the bytes change */
    g_assert_true(dma_write(&f->as, 0x80001000, "yz", 2));
    g_assert_cmpuint(hooked.calls, ==, 1);
    ram_set_code_write_hook(NULL);
}

static void test_many_pages(void)
{
    RAMBlock *b = ram_block_new("big", 1000 * 0x1000, NULL);

    g_assert_nonnull(b);
    g_assert_true(ram_block_test_and_clear_dirty(b, DIRTY_DISPLAY, 0, b->size));
    ram_block_set_dirty(b, DIRTY_DISPLAY, 63 * 0x1000ULL, 66 * 0x1000);
    for (uint64_t page = 0; page < 1000; page++) {
        g_assert_cmpint(ram_block_page_dirty(b, DIRTY_DISPLAY, page << 12), ==,
                        page >= 63 && page < 129);
    }
    g_assert_true(ram_block_test_and_clear_dirty(b, DIRTY_DISPLAY, 64 << 12, 64 << 12));
    g_assert_true(ram_block_page_dirty(b, DIRTY_DISPLAY, 63 << 12));
    g_assert_false(ram_block_page_dirty(b, DIRTY_DISPLAY, 64 << 12));
    g_assert_true(ram_block_page_dirty(b, DIRTY_DISPLAY, 128 << 12));
    /* Ranges that end beyond the block stay inside the bitmap. */
    ram_block_set_dirty(b, DIRTY_DISPLAY, 999 << 12, UINT64_MAX);
    ram_block_set_dirty(b, DIRTY_DISPLAY, 5000 << 12, 10);
    g_assert_false(ram_block_page_dirty(b, DIRTY_DISPLAY, 5000 << 12));
    ram_block_unref(b);
    flatview_reclaim();
}

static void test_blocks(void)
{
    RAMBlock *a = ram_block_new("a", 1, NULL);
    RAMBlock *b = ram_block_new("b", 5 * MiB, NULL);
    Error *err = NULL;

    g_assert_cmpuint(a->size, ==, 0x1000);
    g_assert_true(b->ram_addr >= a->ram_addr + a->size || a->ram_addr >= b->ram_addr + b->size);
    g_assert_cmphex((uintptr_t)b->host % (2 * MiB), ==, 0);
    g_assert_cmphex(b->host[5 * MiB - 1], ==, 0);
    g_assert_true(ram_block_from_host(b->host + b->size - 1, NULL) == b);
    g_assert_null(ram_block_from_host(b->host + b->size, NULL));
    g_assert_null(ram_block_from_host(&a, NULL));
    g_assert_null(ram_block_new("huge", 1ULL << 60, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "'huge'"));
    error_free(err);
    g_assert_null(ram_block_new("none", 0, NULL));
    ram_block_unref(a);
    ram_block_unref(b);
    flatview_reclaim();
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
    siglongjmp(fault, 1);
}

static bool faults(volatile uint8_t *p)
{
    struct sigaction act = { .sa_handler = on_fault }, old_segv, old_bus;
    volatile bool hit = true;

    sigaction(SIGSEGV, &act, &old_segv);
    sigaction(SIGBUS, &act, &old_bus);
    if (sigsetjmp(fault, 1) == 0) {
        (void)*p;
        hit = false;
    }
    sigaction(SIGSEGV, &old_segv, NULL);
    sigaction(SIGBUS, &old_bus, NULL);
    return hit;
}

static void test_guards(void)
{
    RAMBlock *b = ram_block_new("guarded", 3 * MiB, NULL);

    g_assert_false(faults(b->host));
    g_assert_false(faults(b->host + b->size - 1));
    g_assert_true(faults(b->host - 1));
    g_assert_true(faults(b->host + b->size));
    ram_block_unref(b);
    flatview_reclaim();
}

#define ADD(name, fn) g_test_add("/dma/" name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("copy", test_copy);
    ADD("refuses-registers", test_refuses_registers);
    ADD("u16", test_u16);
    ADD("map-keeps-ram", test_map_keeps_ram);
    ADD("dirty", test_dirty);
    ADD("code-hook", test_code_hook);
    g_test_add_func("/dma/ram/many-pages", test_many_pages);
    g_test_add_func("/dma/ram/blocks", test_blocks);
    g_test_add_func("/dma/ram/guards", test_guards);
    return g_test_run();
}
