/*
 * Memory regions, flattening, dispatch and accesses through an address space.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/memory.h"

#include <string.h>

#include "util/bits.h"

/* A device that remembers what its handlers saw. */
typedef struct Probe {
    MemoryRegion mr;
    GMutex lock;
    GString *seen;
    uint8_t regs[64];
    MemTxResult answer;
} Probe;

static MemTxResult probe_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    Probe *p = opaque;

    g_string_append_printf(p->seen, "r%u@%x ", size, (unsigned)addr);
    *value = 0;
    memcpy(value, p->regs + addr, size);
    /* Junk above the access's size must not reach the guest. */
    if (size < 8) {
        *value |= 0xabULL << (size * 8);
    }
    return p->answer;
}

static MemTxResult probe_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    Probe *p = opaque;

    g_assert_false(g_mutex_trylock(&p->lock));
    g_string_append_printf(p->seen, "w%u@%x=%" G_GINT64_MODIFIER "x ", size, (unsigned)addr, value);
    memcpy(p->regs + addr, &value, size);
    return p->answer;
}

#define PROBE_OPS .read = probe_read, .write = probe_write

static void probe_init(Probe *p, const MemoryRegionOps *ops, uint64_t size)
{
    memset(p, 0, sizeof(*p));
    g_mutex_init(&p->lock);
    p->seen = g_string_new(NULL);
    for (unsigned i = 0; i < sizeof(p->regs); i++) {
        p->regs[i] = i;
    }
    memory_region_init_io(&p->mr, NULL, ops, p, &p->lock, "probe", size);
}

static void probe_free(Probe *p)
{
    memory_region_destroy(&p->mr);
    g_string_free(p->seen, TRUE);
    g_mutex_clear(&p->lock);
}

static void expect_seen(Probe *p, const char *seen)
{
    g_assert_cmpstr(p->seen->str, ==, seen);
    g_string_truncate(p->seen, 0);
}

static char *flat(AddressSpace *as)
{
    const FlatView *view = address_space_view(as);
    GString *s = g_string_new(NULL);

    for (unsigned i = 0; i < view->nr; i++) {
        const FlatRange *r = &view->ranges[i];
        g_string_append_printf(s, "%x-%x:%s+%x ", (unsigned)r->start, (unsigned)r->last,
                               r->mr->name, (unsigned)r->offset);
    }
    return g_string_free(s, FALSE);
}

static void expect_flat(AddressSpace *as, const char *text)
{
    g_autofree char *got = flat(as);

    g_assert_cmpstr(got, ==, text);
}

typedef struct Fixture {
    MemoryRegion root, ram;
    AddressSpace as;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    memory_region_init(&f->root, NULL, "root", UINT64_MAX);
    address_space_init(&f->as, &f->root, "test");
    g_assert_true(memory_region_init_ram(&f->ram, NULL, "ram", 0x4000, NULL));
    memory_region_add_subregion(&f->root, 0x1000, &f->ram);
}

static void teardown(Fixture *f, gconstpointer data)
{
    address_space_destroy(&f->as);
    memory_region_destroy(&f->ram);
    memory_region_destroy(&f->root);
    flatview_reclaim();
}

static const MemoryRegionOps any_ops = { PROBE_OPS };

static void test_overlap(Fixture *f, gconstpointer data)
{
    Probe a, b;

    probe_init(&a, &any_ops, 0x1000);
    probe_init(&b, &any_ops, 0x800);
    expect_flat(&f->as, "1000-4fff:ram+0 ");
    memory_region_add_subregion_overlap(&f->root, 0x2000, &a.mr, 1);
    expect_flat(&f->as, "1000-1fff:ram+0 2000-2fff:probe+0 3000-4fff:ram+2000 ");
    /* Less than the RAM: only seen where nothing else is. */
    memory_region_add_subregion_overlap(&f->root, 0x4c00, &b.mr, -1);
    expect_flat(&f->as, "1000-1fff:ram+0 2000-2fff:probe+0 3000-4fff:ram+2000 5000-53ff:probe+400 ");
    memory_region_del_subregion(&f->root, &a.mr);
    expect_flat(&f->as, "1000-4fff:ram+0 5000-53ff:probe+400 ");
    memory_region_set_address(&b.mr, 0x800);
    expect_flat(&f->as, "800-fff:probe+0 1000-4fff:ram+0 ");
    memory_region_set_enabled(&b.mr, false);
    expect_flat(&f->as, "1000-4fff:ram+0 ");
    /* Equal priority: the newest is seen. */
    memory_region_add_subregion_overlap(&f->root, 0x1000, &a.mr, 0);
    expect_flat(&f->as, "1000-1fff:probe+0 2000-4fff:ram+1000 ");
    probe_free(&a);
    probe_free(&b);
    expect_flat(&f->as, "1000-4fff:ram+0 ");
}

static void test_alias(Fixture *f, gconstpointer data)
{
    MemoryRegion alias, window, inner;

    memory_region_init_alias(&alias, NULL, "alias", &f->ram, 0x1800, 0x1000);
    memory_region_add_subregion(&f->root, 0x10000, &alias);
    expect_flat(&f->as, "1000-4fff:ram+0 10000-10fff:ram+1800 ");
    /* An alias longer than what it shows shows nothing beyond it. */
    memory_region_init_alias(&window, NULL, "window", &f->ram, 0x3000, 0x8000);
    memory_region_add_subregion(&f->root, 0x20000, &window);
    expect_flat(&f->as, "1000-4fff:ram+0 10000-10fff:ram+1800 20000-20fff:ram+3000 ");
    /* A container clips what lies in it. */
    memory_region_del_subregion(&f->root, &alias);
    memory_region_del_subregion(&f->root, &window);
    memory_region_init(&inner, NULL, "inner", 0x400);
    memory_region_add_subregion(&inner, 0x100, &alias);
    memory_region_add_subregion(&f->root, 0x30000, &inner);
    expect_flat(&f->as, "1000-4fff:ram+0 30100-303ff:ram+1800 ");
    g_assert_cmpint(address_space_st(&f->as, 0x30100, 0x1122334455667788, 8), ==, MEMTX_OK);
    uint64_t v;
    g_assert_cmpint(address_space_ld(&f->as, 0x2804, &v, 4), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x11223344);
    memory_region_destroy(&alias);
    memory_region_destroy(&window);
    memory_region_destroy(&inner);
}

static void test_alias_of_itself(Fixture *f, gconstpointer data)
{
    MemoryRegion box, loop;

    memory_region_init(&box, NULL, "box", 0x1000);
    memory_region_init_alias(&loop, NULL, "loop", &box, 0, 0x1000);
    memory_region_add_subregion(&box, 0, &loop);
    memory_region_add_subregion(&f->root, 0x8000, &box);
    expect_flat(&f->as, "1000-4fff:ram+0 ");
    memory_region_destroy(&loop);
    memory_region_destroy(&box);
}

static void test_whole_space(void)
{
    Probe p;
    MemoryRegion root;
    AddressSpace as;
    uint64_t v;

    memory_region_init(&root, NULL, "root", UINT64_MAX);
    probe_init(&p, &any_ops, 16);
    memory_region_add_subregion(&root, UINT64_MAX - 15, &p.mr);
    address_space_init(&as, &root, "whole");
    g_assert_cmpint(address_space_ld(&as, UINT64_MAX, &v, 1), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 15);
    g_assert_cmpint(address_space_ld(&as, UINT64_MAX - 2, &v, 8), ==, MEMTX_DECODE_ERROR);
    uint8_t buf[32];
    g_assert_false(dma_read(&as, UINT64_MAX - 3, buf, 32));
    g_assert_false(address_space_has_ram(&as, UINT64_MAX - 3, 32));
    address_space_destroy(&as);
    probe_free(&p);
    memory_region_destroy(&root);
    flatview_reclaim();
}

static void test_rom(Fixture *f, gconstpointer data)
{
    MemoryRegion rom;
    uint64_t v;

    g_assert_true(memory_region_init_rom(&rom, NULL, "rom", 0x1000, NULL));
    memory_region_add_subregion(&f->root, 0x10000, &rom);
    g_assert_true(address_space_write_rom(&f->as, 0x10010, "abcd", 4));
    g_assert_cmpint(address_space_ld(&f->as, 0x10010, &v, 4), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x64636261);
    g_assert_cmpint(address_space_st(&f->as, 0x10010, 0, 4), ==, MEMTX_ERROR);
    g_assert_cmpint(address_space_ld(&f->as, 0x10010, &v, 4), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x64636261);
    g_assert_false(dma_write(&f->as, 0x10010, "x", 1));
    g_assert_null(dma_map(&f->as, 0x10010, 1, true));
    memory_region_destroy(&rom);
}

static void test_rom_device(Fixture *f, gconstpointer data)
{
    Probe p;
    MemoryRegion romd;
    uint64_t v;

    probe_init(&p, &any_ops, 0x1000);
    g_assert_true(memory_region_init_rom_device(&romd, NULL, &any_ops, &p, "romd", 0x1000, NULL));
    romd.lock = &p.lock;
    memory_region_add_subregion(&f->root, 0x10000, &romd);
    romd.ram->host[8] = 0x5a;
    g_assert_cmpint(address_space_ld(&f->as, 0x10008, &v, 1), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x5a);
    expect_seen(&p, "");
    g_assert_cmpint(address_space_st(&f->as, 0x10008, 0x90, 1), ==, MEMTX_OK);
    expect_seen(&p, "w1@8=90 ");
    g_assert_cmphex(romd.ram->host[8], ==, 0x5a);
    memory_region_rom_device_set_romd(&romd, false);
    g_assert_cmpint(address_space_ld(&f->as, 0x10008, &v, 1), ==, MEMTX_OK);
    expect_seen(&p, "r1@8 ");
    g_assert_cmphex(v, ==, 0x90);
    /* The loader still reaches the contents. */
    g_assert_true(address_space_write_rom(&f->as, 0x10008, "\x77", 1));
    g_assert_cmphex(romd.ram->host[8], ==, 0x77);
    memory_region_destroy(&romd);
    probe_free(&p);
}

static void test_sizes(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { PROBE_OPS, .valid = { .min = 2, .max = 4 } };
    Probe p;
    uint64_t v = 1;

    probe_init(&p, &ops, 0x20);
    memory_region_add_subregion(&f->root, 0x10000, &p.mr);
    g_assert_cmpint(address_space_ld(&f->as, 0x10000, &v, 1), ==, MEMTX_DECODE_ERROR);
    g_assert_cmphex(v, ==, 0);
    g_assert_cmpint(address_space_ld(&f->as, 0x10000, &v, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_ld(&f->as, 0x10001, &v, 2), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_ld(&f->as, 0x1001e, &v, 4), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_ld(&f->as, 0x10000, &v, 3), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_st(&f->as, 0x10002, 0, 4), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(memory_region_dispatch_read(&p.mr, 0x20, &v, 2), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(memory_region_dispatch_read(&p.mr, UINT64_MAX, &v, 2), ==, MEMTX_DECODE_ERROR);
    expect_seen(&p, "");
    g_assert_cmpint(address_space_ld(&f->as, 0x10006, &v, 2), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x0706);
    g_assert_cmpint(address_space_st(&f->as, 0x10004, 0xffff12345678, 4), ==, MEMTX_OK);
    expect_seen(&p, "r2@6 w4@4=12345678 ");
    p.answer = MEMTX_ERROR;
    g_assert_cmpint(address_space_ld(&f->as, 0x10004, &v, 4), ==, MEMTX_ERROR);
    g_assert_cmphex(v, ==, 0);
    probe_free(&p);
}

static void test_split(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { PROBE_OPS, .impl = { .min = 4, .max = 4 } };
    static const MemoryRegionOps loose = { PROBE_OPS, .valid = { .min = 1, .max = 8, .unaligned = true },
                                           .impl = { .min = 4, .max = 4 } };
    Probe p;
    uint64_t v;

    probe_init(&p, &ops, 0x20);
    memory_region_add_subregion(&f->root, 0x10000, &p.mr);
    g_assert_cmpint(address_space_ld(&f->as, 0x10008, &v, 8), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x0f0e0d0c0b0a0908);
    expect_seen(&p, "r4@8 r4@c ");
    g_assert_cmpint(address_space_ld(&f->as, 0x1000e, &v, 2), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x0f0e);
    expect_seen(&p, "r4@c ");
    g_assert_cmpint(address_space_st(&f->as, 0x10008, 0x1111111122222222, 8), ==, MEMTX_OK);
    expect_seen(&p, "w4@8=22222222 w4@c=11111111 ");
    g_assert_cmpint(address_space_st(&f->as, 0x10009, 0xee, 1), ==, MEMTX_OK);
    expect_seen(&p, "w4@8=ee00 ");
    p.mr.ops = &loose;
    g_assert_cmpint(address_space_ld(&f->as, 0x10013, &v, 2), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x1413);
    expect_seen(&p, "r4@10 r4@14 ");
    probe_free(&p);
}

static void test_missing_handlers(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { .valid = { .min = 1, .max = 8 } };
    Probe p;
    uint64_t v;

    probe_init(&p, &ops, 0x20);
    memory_region_add_subregion(&f->root, 0x10000, &p.mr);
    g_assert_cmpint(address_space_ld(&f->as, 0x10000, &v, 4), ==, MEMTX_ERROR);
    g_assert_cmpint(address_space_st(&f->as, 0x10000, 0, 4), ==, MEMTX_ERROR);
    g_assert_cmpint(address_space_ld(&f->as, 0x99999, &v, 4), ==, MEMTX_DECODE_ERROR);
    probe_free(&p);
}

static void test_cross(Fixture *f, gconstpointer data)
{
    MemoryRegion more;
    Probe p;
    uint64_t v;

    g_assert_true(memory_region_init_ram(&more, NULL, "more", 0x1000, NULL));
    memory_region_add_subregion(&f->root, 0x5000, &more);
    probe_init(&p, &any_ops, 0x20);
    memory_region_add_subregion(&f->root, 0x6000, &p.mr);
    g_assert_cmpint(address_space_st(&f->as, 0x4ffd, 0x8877665544332211, 8), ==, MEMTX_OK);
    g_assert_cmpint(address_space_ld(&f->as, 0x4ffd, &v, 8), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x8877665544332211);
    g_assert_cmphex(more.ram->host[0], ==, 0x44);
    /* From RAM into registers: never split. */
    g_assert_cmpint(address_space_st(&f->as, 0x5ffc, 1, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_ld(&f->as, 0x5ffc, &v, 8), ==, MEMTX_DECODE_ERROR);
    expect_seen(&p, "");
    probe_free(&p);
    memory_region_destroy(&more);
}

/* ---- Listeners and transactions ---- */

typedef struct Mirror {
    MemoryListener l;
    GString *log;
} Mirror;

static void mirror_add(MemoryListener *l, const FlatRange *r)
{
    g_string_append_printf(container_of(l, Mirror, l)->log, "+%x-%x ", (unsigned)r->start,
                           (unsigned)r->last);
}

static void mirror_del(MemoryListener *l, const FlatRange *r)
{
    g_string_append_printf(container_of(l, Mirror, l)->log, "-%x-%x ", (unsigned)r->start,
                           (unsigned)r->last);
}

static void mirror_commit(MemoryListener *l)
{
    g_string_append(container_of(l, Mirror, l)->log, ". ");
}

static void test_listener(Fixture *f, gconstpointer data)
{
    Mirror m = { { .region_add = mirror_add, .region_del = mirror_del, .commit = mirror_commit },
                 g_string_new(NULL) };
    Probe a, b;

    probe_init(&a, &any_ops, 0x1000);
    probe_init(&b, &any_ops, 0x1000);
    memory_listener_register(&m.l, &f->as);
    memory_region_transaction_begin();
    memory_region_add_subregion(&f->root, 0x10000, &a.mr);
    memory_region_add_subregion(&f->root, 0x20000, &b.mr);
    expect_flat(&f->as, "1000-4fff:ram+0 ");
    memory_region_transaction_commit();
    memory_region_set_address(&a.mr, 0x11000);
    memory_region_set_address(&a.mr, 0x11000); /* nothing changed: nothing said */
    memory_listener_unregister(&m.l, &f->as);
    g_assert_cmpstr(m.log->str, ==,
                    "+1000-4fff . +10000-10fff +20000-20fff . -10000-10fff +11000-11fff . "
                    "-1000-4fff -11000-11fff -20000-20fff . ");
    probe_free(&a);
    probe_free(&b);
    g_string_free(m.log, TRUE);
}

/* ---- Readers while the map changes ---- */

typedef struct Race {
    Fixture *f;
    bool stop; /* atomic */
    uint64_t reads, misses, wrong;
} Race;

static gpointer reader(gpointer opaque)
{
    Race *r = opaque;

    while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
        uint64_t v;
        /* The second block moves between two places; the first never does. */
        if (address_space_ld(&r->f->as, 0x1010, &v, 8) != MEMTX_OK || v != 0x1234) {
            r->wrong++;
        }
        for (hwaddr at = 0x10000; at <= 0x20000; at += 0x10000) {
            MemTxResult res = address_space_ld(&r->f->as, at, &v, 8);
            if (res == MEMTX_OK && v != 0x5678) {
                r->wrong++;
            }
            r->misses += res != MEMTX_OK;
        }
        __atomic_fetch_add(&r->reads, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void test_lock_free_readers(Fixture *f, gconstpointer data)
{
    MemoryRegion mover;
    Race r = { .f = f };
    GThread *thread;

    g_assert_true(memory_region_init_ram(&mover, NULL, "mover", 0x1000, NULL));
    memory_region_add_subregion(&f->root, 0x10000, &mover);
    g_assert_cmpint(address_space_st(&f->as, 0x1010, 0x1234, 8), ==, MEMTX_OK);
    g_assert_cmpint(address_space_st(&f->as, 0x10000, 0x5678, 8), ==, MEMTX_OK);
    thread = g_thread_new("reader", reader, &r);
    for (unsigned i = 0; i < 20000; i++) {
        memory_region_set_address(&mover, i & 1 ? 0x10000 : 0x20000);
        flatview_reclaim();
    }
    while (__atomic_load_n(&r.reads, __ATOMIC_RELAXED) < 1000) {
        memory_region_set_address(&mover, 0x10000);
    }
    __atomic_store_n(&r.stop, true, __ATOMIC_RELEASE);
    g_thread_join(thread);
    g_assert_cmpuint(r.wrong, ==, 0);
    g_assert_cmpuint(r.misses, >, 0);
    memory_region_destroy(&mover);
}

static void test_print(Fixture *f, gconstpointer data)
{
    GString *out = g_string_new(NULL);
    MemoryRegion alias;

    memory_region_init_alias(&alias, NULL, "low", &f->ram, 0x1000, 0x1000);
    memory_region_add_subregion(&f->root, 0x8000, &alias);
    memory_print(&f->as, false, out);
    g_assert_cmpstr(out->str, ==,
                    "address-space: test\n"
                    "  0000000000000000-ffffffffffffffff (prio 0, i/o): root\n"
                    "    0000000000008000-0000000000008fff (prio 0, alias): alias low @ram "
                    "0000000000001000-0000000000001fff\n"
                    "    0000000000001000-0000000000004fff (prio 0, ram): ram\n");
    g_string_truncate(out, 0);
    memory_print(&f->as, true, out);
    g_assert_cmpstr(out->str, ==,
                    "FlatView\n AS \"test\", root: root\n"
                    "  0000000000001000-0000000000004fff (prio 0, ram): ram\n"
                    "  0000000000008000-0000000000008fff (prio 0, ram): ram @0000000000001000\n");
    g_string_free(out, TRUE);
    memory_region_destroy(&alias);
}

#define ADD(name, fn) g_test_add("/memory/" name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("overlap", test_overlap);
    ADD("alias", test_alias);
    ADD("alias-of-itself", test_alias_of_itself);
    g_test_add_func("/memory/whole-space", test_whole_space);
    ADD("rom", test_rom);
    ADD("rom-device", test_rom_device);
    ADD("sizes", test_sizes);
    ADD("split", test_split);
    ADD("missing-handlers", test_missing_handlers);
    ADD("cross", test_cross);
    ADD("listener", test_listener);
    ADD("lock-free-readers", test_lock_free_readers);
    ADD("print", test_print);
    return g_test_run();
}
