/*
 * The soft TLB, driven by the toy CPU: flushes, contexts, victims, large pages, its size.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/toy-cpu.h"

static void test_tlb_flushes(void)
{
    setup(2);
    stn_le(ram + 0xb000, 4, 0xb);
    stn_le(ram + 0xc000, 4, 0xc);
    map(0, 20, 0xb, 7);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    map(0, 20, 0xc, 7);
    unsigned w = walks;
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb); /* still cached */
    g_assert_cmpuint(walks, ==, w);
    tcg_tlb_flush_page(env, 0x14000, 5); /* another ASID */
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    tcg_tlb_flush_page(env, 0x14000, 0);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xc);
    /* Globals survive a flush by ASID, not one of every ASID. */
    map(0, 20, 0xb, 7);
    tables[0][20].global = true;
    tcg_tlb_flush_asid(env, 0);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    map(0, 20, 0xc, 7);
    tcg_tlb_flush_asid(env, 0);
    tcg_tlb_flush_page(env, 0x14000, 0);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    tcg_tlb_flush_page(env, 0x14000, -1);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xc);
    /* One address of a large page flushes all of it. */
    for (unsigned i = 32; i < 48; i++)
        tables[0][i] = (ToyPTE){ .ppn = 0xb, .prot = 7, .page_bits = 16 };
    tcg_tlb_flush_all(env);
    load_once(0x21000);
    load_once(0x25000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    for (unsigned i = 32; i < 48; i++)
        tables[0][i].ppn = 0xc;
    tcg_tlb_flush_page(env, 0x2f000, 0);
    load_once(0x25000);
    g_assert_cmphex(env->x[1], ==, 0xc);
}

/* Contexts: coming back to an address space costs no walk. */
static void test_tlb_contexts(void)
{
    setup(2);
    load_once(0x14000);
    env->root = 1;
    env->asid = 1;
    tcg_tlb_switch(env);
    load_once(0x14000);
    unsigned w = walks;
    for (int i = 0; i < 10; i++) {
        env->root = i & 1;
        env->asid = i & 1;
        tcg_tlb_switch(env);
        load_once(0x14000);
    }
    g_assert_cmpuint(walks, ==, w);
}

static uint8_t *probe(vaddr va, MMUAccess access)
{
    TLBProbe p;

    g_assert_true(tlb_probe(env, va, access, 8, &p));
    return p.host;
}

/* Walks that it takes to come to n pages, first to last. */
static unsigned sweep(vaddr va, unsigned n)
{
    unsigned before = walks;

    for (unsigned i = 0; i < n; i++)
        g_assert_true(probe(va + i * 4096ULL, MMU_LOAD) == ram + ((va & 0xff000) + i * 4096ULL) % RAM_SIZE);
    return walks - before;
}

/* A table that is too small grows, what it holds comes along, and programs that are slow do not count. */
static void test_tlb_grows(void)
{
    setup(2);
    env->root = 1;
    env->asid = 77;
    tcg_tlb_switch(env);
    wide_bits = 12;
    wide_prot = PAGE_READ | PAGE_WRITE;
    uint64_t first = tlb_mask(env->tcg.tlb), resized = env->tcg.tlbs->n_resized;
    for (unsigned n = 0; n < 20 * 700; n++) {
        sweep(WIDE_VA + n % 700 * 4096, 1);
        env->tcg.icount += 10000;
    }
    g_assert_cmpuint(tlb_mask(env->tcg.tlb), ==, first);
    for (unsigned round = 0; round < 6; round++)
        sweep(WIDE_VA, 4000);
    g_assert_cmpuint(tlb_mask(env->tcg.tlb), >, first);
    g_assert_cmpuint(env->tcg.tlbs->n_resized, >, resized);
    g_assert_true(env->tcg.tlb == env->tcg.tlb_fetch);
    g_assert_cmpuint(tlb_mask(env->tcg.tlb), ==, env->tcg.tlb_fetch_mask);
    g_assert_cmpuint(sweep(WIDE_VA, 4000), ==, 0);
    /* Flushes find what is in a large one. */
    tcg_tlb_flush_page(env, WIDE_VA + 3999 * 4096ULL, 77);
    g_assert_cmpuint(sweep(WIDE_VA, 4000), ==, 1);
    tcg_tlb_flush_asid(env, 77);
    g_assert_cmpuint(sweep(WIDE_VA, 4000), ==, 4000);
    /* So does who protects pages. */
    probe(WIDE_VA + 5 * 4096, MMU_STORE);
    g_assert_true(tlb_protect_page(env->tcg.tlbs, (uintptr_t)ram + 5 * 4096, TLB_ANYWHERE));
    tcg_tlb_flush_all(env);
    g_assert_cmpuint(sweep(WIDE_VA, 4000), ==, 4000);
    wide_bits = 0;
    env->root = 0;
    env->asid = 0;
    tcg_tlb_switch(env);
}

/* A leaf of many pages is flushed as one, and what lies beside it stays. */
static void test_tlb_flush_near_large(void)
{
    setup(2);
    env->root = 1;
    env->asid = 78;
    tcg_tlb_switch(env);
    wide_prot = PAGE_READ | PAGE_WRITE;
    wide_bits = 12;
    for (unsigned round = 0; round < 6; round++)
        sweep(WIDE_VA, 4000);
    tcg_tlb_flush_all(env);
    g_assert_cmpuint(tlb_mask(env->tcg.tlb) / sizeof(TLBEntry), >=, 2047);
    g_assert_cmpuint(sweep(WIDE_VA, 512), ==, 512);
    wide_bits = 21; /* two pieces, each page of them asked for */
    g_assert_cmpuint(sweep(WIDE_VA + 512 * 4096, 1024), ==, 1024);
    wide_bits = 12;
    tcg_tlb_flush_page(env, WIDE_VA + 100 * 4096, 78);
    g_assert_cmpuint(sweep(WIDE_VA, 1536), ==, 1);
    tcg_tlb_flush_page(env, WIDE_VA + 700 * 4096, 78);
    g_assert_cmpuint(sweep(WIDE_VA, 1536), ==, 512);
    /* A GiB: all of it, wherever it is flushed. */
    wide_bits = 30;
    tcg_tlb_flush_page(env, WIDE_VA + 100 * 4096, 78);
    g_assert_cmpuint(sweep(WIDE_VA, 1536), ==, 1);
    wide_bits = 12;
    tcg_tlb_flush_page(env, WIDE_VA + 1400 * 4096, 78);
    g_assert_cmpuint(sweep(WIDE_VA, 1536), ==, 513);
    wide_bits = 0;
    env->root = 0;
    env->asid = 0;
    tcg_tlb_switch(env);
}

/* What was remembered of code goes with a page of code, in the table still or not, and stays with any other. */
static void test_tlb_flush_keeps_code(void)
{
    setup(2);
    wide_bits = 12;
    wide_prot = PAGE_READ | PAGE_EXEC;
    uint64_t apart = (tlb_mask(env->tcg.tlb) / sizeof(TLBEntry) + 1) * 4096;
    for (unsigned n = 0; n < 12; n++) /* more than an entry and its victims */
        probe(WIDE_VA + n * apart, MMU_FETCH);
    wide_prot = PAGE_READ | PAGE_WRITE;
    probe(WIDE_VA + 0x5000, MMU_STORE);
    uint64_t gen = env->tcg.fetch_gen;
    tcg_tlb_flush_page(env, WIDE_VA + 0x7000, 0); /* never seen */
    tcg_tlb_flush_page(env, WIDE_VA + 0x5000, 0);
    g_assert_cmpuint(env->tcg.fetch_gen, ==, gen);
    g_assert_cmpuint(sweep(WIDE_VA + 0x5000, 1), ==, 1);
    tcg_tlb_flush_page(env, WIDE_VA, 0);
    g_assert_cmpuint(env->tcg.fetch_gen, !=, gen);
    wide_bits = 0;
}

/* A fresh address space has what is global in another, of the same guest and with the same levels; and nothing else. */
static void test_tlb_inherits(void)
{
    setup(2);
    env->asid = 1;
    env->root = 1;
    for (unsigned i = 20; i < 24; i++) {
        map(0, i, 0xb, 7);
        map(1, i, 0xb, 7);
        tables[0][i].global = tables[1][i].global = i < 22;
    }
    tcg_tlb_switch(env);
    for (unsigned i = 20; i < 24; i++)
        load_once(i * 4096);
    unsigned w = walks;
    env->asid = 3;
    tcg_tlb_switch(env);
    load_once(20 * 4096);
    load_once(21 * 4096);
    unsigned code = walks - w; /* what the program itself needs */
    load_once(22 * 4096);
    g_assert_cmpuint(walks - w, ==, code + 1);
    /* Flushes of the one and of all find them. */
    w = walks;
    tcg_tlb_flush_page(env, 20 * 4096, 3); /* leaves what is global */
    load_once(20 * 4096);
    g_assert_cmpuint(walks, ==, w);
    tcg_tlb_flush_page(env, 20 * 4096, -1);
    load_once(20 * 4096);
    g_assert_cmpuint(walks, ==, w + 1);
    /* Another guest has nothing of it. */
    env->asid = 4 << 16;
    tcg_tlb_switch(env);
    w = walks;
    load_once(20 * 4096);
    load_once(21 * 4096);
    g_assert_cmpuint(walks - w, >=, 2 + code);
    env->root = 0;
    env->asid = 0;
    tcg_tlb_switch(env);
}

/* Begins to watch a page of RAM as one that holds code. Whether every entry of it notices, and other pages' do
 * not; shown: how many there are. */
static void watch(unsigned page, unsigned shown)
{
    TCGState *s = env_tcgcpu(env)->s;
    TLBProbe p;

    g_assert_true(tlb_probe(env, WIDE_VA + page * 4096, MMU_STORE, 8, &p));
    g_mutex_lock(&s->lock);
    g_assert_true(code_page_protect(s, p.block, p.offset & TARGET_PAGE_MASK));
    g_mutex_unlock(&s->lock);
    for (unsigned n = 0; n < shown; n++) {
        unsigned before = walks;
        g_assert_true(tlb_probe(env, WIDE_VA + page * 4096 + n * RAM_SIZE, MMU_STORE, 8, &p));
        g_assert_true(p.code);
        if (shown <= 3) /* more are not all there any more */
            g_assert_cmpuint(walks, ==, before);
        g_assert_true(tlb_probe(env, WIDE_VA + (page + 1) * 4096 + n * RAM_SIZE, MMU_STORE, 8, &p));
        g_assert_false(p.code);
    }
}

/* What other tests wrote to by many places was never watched. */
static void forget_stores(void)
{
    TCGState *s = env_tcgcpu(env)->s;
    TLBProbe p;

    g_assert_true(tlb_probe(env, WIDE_VA, MMU_LOAD, 8, &p));
    g_mutex_lock(&s->lock);
    for (uint64_t at = 0; at < RAM_SIZE; at += TARGET_PAGE_SIZE)
        g_assert_true(code_page_protect(s, p.block, at));
    g_mutex_unlock(&s->lock);
    ram_block_set_dirty(p.block, DIRTY_CODE, 0, RAM_SIZE);
    tcg_tlb_flush_all(env);
}

/* Who begins to watch a page finds its entries wherever they are: few and many, in tables of any size, in contexts
 * that are not in use, among the victims; and those that came to watch no more. */
static void test_tlb_watch(void)
{
    static const uint8_t shown[] = { 1, 2, 3, 4, 1, 2, 3, 12 };
    TLBProbe p;

    setup(2);
    env->root = 1;
    env->asid = 79;
    tcg_tlb_switch(env);
    wide_bits = 12;
    wide_prot = PAGE_READ | PAGE_WRITE;
    forget_stores();
    for (unsigned page = 30; page < 30 + ARRAY_SIZE(shown); page++) {
        if (page == 34) { /* a larger table, where they are not all at one place */
            wide_prot = PAGE_READ;
            for (unsigned round = 0; round < 6; round++)
                sweep(WIDE_VA + 0x400000000, 4000);
            wide_prot = PAGE_READ | PAGE_WRITE;
            g_assert_cmpuint(tlb_mask(env->tcg.tlb) / sizeof(TLBEntry), >=, 1023);
        }
        for (unsigned n = 0; n < shown[page - 30]; n++) {
            probe(WIDE_VA + page * 4096 + n * RAM_SIZE, n & 1 ? MMU_LOAD : MMU_STORE);
            probe(WIDE_VA + (page + 1) * 4096 + n * RAM_SIZE, MMU_STORE);
        }
        watch(page, shown[page - 30]);
    }
    /* As after many stores that hit no code. */
    probe(WIDE_VA + 50 * 4096 + RAM_SIZE, MMU_STORE);
    watch(50, 1);
    g_assert_true(tlb_probe(env, WIDE_VA + 50 * 4096 + RAM_SIZE, MMU_STORE, 8, &p));
    g_assert_true(p.code);
    ram_block_set_dirty(p.block, DIRTY_CODE, p.offset & TARGET_PAGE_MASK, 4096);
    tlb_unprotect_entry(env, &p);
    g_assert_true(tlb_probe(env, WIDE_VA + 50 * 4096 + RAM_SIZE, MMU_STORE, 8, &p));
    g_assert_false(p.code);
    /* In a context that is put aside meanwhile. */
    env->asid = 80;
    tcg_tlb_switch(env);
    watch(50, 1);
    env->asid = 79;
    tcg_tlb_switch(env);
    unsigned before = walks;
    g_assert_true(tlb_probe(env, WIDE_VA + 50 * 4096 + RAM_SIZE, MMU_STORE, 8, &p));
    g_assert_true(p.code);
    g_assert_cmpuint(walks, ==, before);
    tb_flush(env_tcgcpu(env)->s);
    wide_bits = 0;
    env->root = 0;
    env->asid = 0;
    tcg_tlb_switch(env);
}

/* Two pages that want the same entry: the victims have the other. */
static void test_tlb_victims(void)
{
    setup(2);
    wide_bits = 12;
    wide_prot = PAGE_READ | PAGE_WRITE;
    uint64_t apart = (tlb_mask(env->tcg.tlb) / sizeof(TLBEntry) + 1) * 4096;
    for (unsigned round = 0; round < 10; round++)
        for (unsigned n = 0; n < 4; n++)
            g_assert_true(probe(WIDE_VA + n * apart, MMU_LOAD) == ram + n * apart % RAM_SIZE);
    g_assert_cmpuint(walks, ==, 4);
    tcg_tlb_flush_page(env, WIDE_VA + 2 * apart, 0);
    for (unsigned n = 0; n < 4; n++)
        probe(WIDE_VA + n * apart, MMU_LOAD);
    g_assert_cmpuint(walks, ==, 5);
    wide_bits = 0;
}

/* What one leaf says of many pages is asked once, as far as it holds, and flushed as one. */
static void test_tlb_large(void)
{
    setup(2);
    wide_bits = wide_same = 21;
    wide_prot = PAGE_READ;
    g_assert_cmpuint(sweep(WIDE_VA, 256), ==, 1);
    g_assert_cmpuint(env->tcg.tlbs->n_large, >=, 255);
    /* The next piece is another one; pieces may be smaller than the mapping. */
    g_assert_cmpuint(sweep(WIDE_VA + (2 << 20), 256), ==, 1);
    wide_same = 16;
    tcg_tlb_flush_page(env, WIDE_VA + 0x77000, 0);
    g_assert_cmpuint(sweep(WIDE_VA, 256), ==, 16);
    /* A store was not allowed: the walk says so, or what has changed since. */
    wide_prot |= PAGE_WRITE;
    unsigned before = walks;
    g_assert_nonnull(probe(WIDE_VA + 0x3000, MMU_STORE));
    g_assert_nonnull(probe(WIDE_VA + 0x4000, MMU_STORE));
    g_assert_cmpuint(walks - before, ==, 1);
    /* Another mapping, seen after a flush of any of its addresses. */
    wide_offset = 0x10000;
    g_assert_true(probe(WIDE_VA + 0x5000, MMU_STORE) == ram + 0x5000);
    tcg_tlb_flush_page(env, WIDE_VA + 0x1ff000, 0);
    g_assert_true(probe(WIDE_VA + 0x5000, MMU_STORE) == ram + 0x15000);
    g_assert_true(probe(WIDE_VA + 0x6000, MMU_LOAD) == ram + 0x16000);
    /* And by address space. */
    wide_offset = 0;
    tcg_tlb_flush_asid(env, 0);
    g_assert_true(probe(WIDE_VA + 0x6000, MMU_LOAD) == ram + 0x6000);
    wide_bits = wide_same = 0;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/tlb-flushes", test_tlb_flushes);
    g_test_add_func("/tcg/tlb-contexts", test_tlb_contexts);
    g_test_add_func("/tcg/tlb-grows", test_tlb_grows);
    g_test_add_func("/tcg/tlb-victims", test_tlb_victims);
    g_test_add_func("/tcg/tlb-large", test_tlb_large);
    g_test_add_func("/tcg/tlb-flush-near-large", test_tlb_flush_near_large);
    g_test_add_func("/tcg/tlb-flush-keeps-code", test_tlb_flush_keeps_code);
    g_test_add_func("/tcg/tlb-inherits", test_tlb_inherits);
    g_test_add_func("/tcg/tlb-watch", test_tlb_watch);
    return g_test_run();
}
