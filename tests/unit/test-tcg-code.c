/*
 * Code that changes, driven by the toy CPU: stores to it by the guest and by others, the generations of blocks, and
 * pages that are logged.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/toy-cpu.h"

/* A program stores over its own code, beside it, and over another block. */
static void test_self_modifying(void)
{
    setup(2);
    /* x2 = address, x3 = new instruction; store; sync; call it */
    put(0x1000, ST, 3, 2, 0);
    put(0x1004, SYNC, 0, 0, 0);
    put_rel(0x1008, JMP, 0, 0x100 - 8);
    put(0x1100, ADDI, 1, 0, 1);
    put(0x1104, HALT, 0, 0, 0);
    env->x[2] = 0x1100;
    for (int i = 1; i < 20; i++) {
        env->x[3] = ADDI | 1 << 8 | i << 24;
        run(0x1000);
        g_assert_cmpint(env->x[1], ==, i);
    }
    /* Data beside code, in another 64 bytes: nothing is translated again. */
    env->x[2] = 0x1800;
    env->x[3] = 1;
    run(0x1000);
    unsigned before = translations;
    for (int i = 0; i < 100; i++)
        run(0x1000);
    g_assert_cmpuint(translations, ==, before);
    g_assert_cmpuint(ldn_le(ram + 0x1800, 4), ==, 1);
}

/* Stores value to va by a program on a page of its own. */
static void store_by_guest(vaddr va, uint32_t value)
{
    env->x[2] = va;
    env->x[3] = value;
    run(0x3000);
}

/* Whether stores to the page are noticed. */
static bool is_watched(uint64_t offset)
{
    return !ram_block_page_dirty(ms->ram.ram, DIRTY_CODE, offset);
}

static void run_5000(int expected)
{
    run(0x5000);
    g_assert_cmpint(env->x[1], ==, expected);
}

/* How long a page is watched: what was freed is let go, what becomes code again and again is not, and
 * a page of code and data stays right whichever it is. */
static void test_page_patience(void)
{
    unsigned before, lost = 0;

    setup(2);
    put(0x3000, ST, 3, 2, 0);
    put(0x3004, SYNC, 0, 0, 0);
    put(0x3008, HALT, 0, 0, 0);
    put(0x5000, ADDI, 1, 0, 1);
    put(0x5004, HALT, 0, 0, 0);
    run_5000(1);
    g_assert_true(is_watched(0x5000));
    store_by_guest(0x5000, ADDI | 1 << 8 | 2 << 24);
    g_assert_false(is_watched(0x5000)); /* the first time at once */
    run_5000(2);
    for (int i = 3; i < 100; i++) {
        store_by_guest(0x5000, ADDI | 1 << 8 | i << 24);
        g_assert_true(is_watched(0x5000));
        run_5000(i);
    }
    for (int i = 0; i < 16; i++)
        store_by_guest(0x5000 + 8 * i, 0);
    g_assert_false(is_watched(0x5000));
    /* Data beside code: now and then the code is made again, and less and less often. */
    store_by_guest(0x5000, ADDI | 1 << 8 | 5 << 24);
    put(0x5004, HALT, 0, 0, 0);
    run_5000(5);
    before = translations;
    for (int i = 0; i < 20000; i++) {
        store_by_guest(0x5800, i);
        run_5000(5);
        g_assert_cmpuint(ldn_le(ram + 0x5800, 4), ==, i);
        lost += translations != before;
        before = translations;
    }
    g_assert_cmpuint(lost, >, 1);
    g_assert_cmpuint(lost, <, 10);
    store_by_guest(0x5000, ADDI | 1 << 8 | 6 << 24);
    run_5000(6);
}

/* Writes that do not come from a vCPU's TLB. */
static void test_dma_over_code(void)
{
    uint8_t insn[4] = { ADDI, 1, 0, 9 };

    setup(2);
    put(0x5000, ADDI, 1, 0, 8);
    put(0x5004, HALT, 0, 0, 0);
    run(0x5000);
    g_assert_true(dma_write(&ms->as, 0x5000, insn, 4));
    run(0x5000);
    g_assert_cmpuint(env->x[1], ==, 9);
    insn[3] = 10;
    void *host = dma_map(&ms->as, 0x5000, 4, true);
    memcpy(host, insn, 4);
    dma_unmap(&ms->as, host, 4, true, 4);
    run(0x5000);
    g_assert_cmpuint(env->x[1], ==, 10);
}

/* A store that passed its check before the page became code: fence.i finds what nobody noticed. */
static void test_recheck(void)
{
    TCGState *s;
    uint8_t insn[4] = { ADDI, 1, 0, 9 };

    setup(2);
    s = TCG_STATE(ms->accel);
    put(0x1000, SYNC, 0, 0, 0);
    put(0x1004, JR, 2, 0, 0);
    put(0x5000, ADDI, 1, 0, 8);
    put(0x5004, HALT, 0, 0, 0);
    env->x[2] = 0x5000;
    run(0x1000);
    g_mutex_lock(&s->lock);
    recheck_add(s, ms->ram.ram, 0x5000);
    g_mutex_unlock(&s->lock);
    memcpy(ram + 0x5000, insn, 4);
    run(0x5000);
    g_assert_cmpuint(env->x[1], ==, 8); /* without fence.i nothing is promised */
    run(0x1000);
    g_assert_cmpuint(env->x[1], ==, 9);
    g_assert_cmpuint(s->n_suspects, ==, 0);
}

/* More code than the arena holds: everything is dropped and made again. */
static void test_arena_full(void)
{
    setup(2);
    for (int round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 400; i++) {
            put(0x10000 + i * 8, ADDI, 1, 1, round & 1 ? 1 : 2);
            put_rel(0x10004 + i * 8, JMP, 0, 4);
        }
        put(0x10000 + 400 * 8, HALT, 0, 0, 0);
        env->x[1] = 0;
        g_assert_cmpuint(run(0x10000), ==, 801);
        g_assert_cmpuint(env->x[1], ==, round & 1 ? 400 : 800);
    }
}

/* The oldest blocks go while others stay, and nothing leads from one to the other afterwards. */
static void test_generations(void)
{
    enum { BLOCKS = 400, ROUNDS = 250 };
    TCGState *s;
    TranslationBlock *tb;
    uint64_t links = 0, size, flushes;

    setup(2);
    s = TCG_STATE(ms->accel);
    size = s->arena_size;
    s->arena_size = 4 * MiB;
    tb_flush(s);
    flushes = s->n_flushes;
    g_assert_cmpuint(s->blocks.n, ==, 4);
    put(0x9000, ADDI, 2, 2, 1);
    put(0x9004, HALT, 0, 0, 0);
    env->x[2] = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int step = round % 2 + 1;
        for (unsigned i = 0; i < BLOCKS; i++) {
            put(0x10000 + i * 8, ADDI, 1, 1, step);
            put_rel(0x10004 + i * 8, JMP, 0, 4);
        }
        put_rel(0x10000 + BLOCKS * 8, JMP, 0, 0x9000 - (0x10000 + BLOCKS * 8));
        env->x[1] = 0;
        run(0x10000);
        g_assert_cmpuint(env->x[1], ==, step * BLOCKS);
        g_assert_cmpuint(env->x[2], ==, round + 1);
        g_assert_cmpuint(s->n_tbs, <, 2 * BLOCKS);
        tb = tb_lookup(s, (ms->ram.ram->ram_addr + 0x9000) >> TARGET_PAGE_BITS, 0x9000, 0, TB_NO_PAGE,
                       (uintptr_t)ram);
        for (TCGOp *op = tb ? tb->jmp_in : NULL; op; op = op->link) {
            g_assert_true(chain_load(op) == tb);
            links++;
        }
    }
    g_assert_cmpuint(links, >, ROUNDS);
    g_assert_cmpuint(s->blocks.n_emptied, >, 4);
    g_assert_cmpuint(s->n_flushes, ==, flushes);
    s->arena_size = size;
    tb_flush(s);
}

/* The book-keeping alone. */
static void test_generation_order(void)
{
    Generations g = { 0 };

    generations_init(&g, 5 * MiB, 128);
    g_assert_cmpuint(g.n, ==, 5);
    for (unsigned n = 0; n < 4; n++) {
        g_assert_cmpuint(g.current, ==, n);
        g_assert_cmpuint(generations_oldest(&g), ==, g.n);
        g.used[n] = g.part;
        g_assert_true(generations_next(&g));
    }
    /* In the last one: the first should go now, and has to when that is full. */
    g_assert_cmpuint(generations_oldest(&g), ==, 0);
    g.used[4] = g.part;
    g_assert_false(generations_next(&g));
    g_assert_true(g.full);
    g.going = generations_oldest(&g);
    g_assert_cmpuint(g.going, ==, 0);
    g_assert_cmpuint(generations_oldest(&g), ==, g.n); /* one at a time */
    g_assert_false(generations_next(&g));
    generations_emptied(&g);
    g_assert_cmpuint(g.used[0], ==, 128);
    g_assert_false(g.full);
    g_assert_true(generations_next(&g));
    g_assert_cmpuint(g.current, ==, 0);
    /* Too little for more than one: it goes as a whole. */
    generations_init(&g, 1 * MiB, 0);
    g_assert_cmpuint(g.n, ==, 1);
    g.used[0] = 1;
    g_assert_cmpuint(generations_oldest(&g), ==, 1);
    g_assert_false(generations_next(&g));
    g_assert_cmpuint(generations_oldest(&g), ==, 0);
}

/* Stores that take the fast path are seen by those who log dirty pages. */
static void test_dirty_log(void)
{
    RAMBlock *b = ms->ram.ram;
    unsigned long pages[1];

    setup(2);
    put(0x1000, ST, 3, 2, 0);
    put(0x1004, HALT, 0, 0, 0);
    env->x[2] = 0x9000;
    run(0x1000); /* the TLB knows the page, and lets stores pass */
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x8000, 0x4000, pages));
    for (int i = 0; i < 3; i++) {
        g_assert_false(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x8000, 0x4000, pages));
        run(0x1000);
        run(0x1000); /* quick again */
        g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x8000, 0x4000, pages));
        g_assert_cmphex(pages[0], ==, 2);
    }
    /* Two who want to know, and a page that is mapped elsewhere too. */
    map(0, 20, 9, PAGE_READ | PAGE_WRITE);
    g_assert_true(ram_block_collect_dirty(b, DIRTY_MIGRATION, 0x9000, 0x1000, pages));
    env->x[2] = 20 * 0x1000;
    run(0x1000);
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x9000, 0x1000, pages));
    run(0x1000);
    g_assert_true(ram_block_collect_dirty(b, DIRTY_MIGRATION, 0x9000, 0x1000, pages));
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x9000, 0x1000, pages));
    /* Nobody any more. */
    ram_block_set_dirty(b, DIRTY_DISPLAY, 0, RAM_SIZE);
    ram_block_set_dirty(b, DIRTY_MIGRATION, 0, RAM_SIZE);
    run(0x1000);
    g_assert_false(ram_block_page_watched(b, 0x9000));
}

static uint32_t copied;

static void *copier(void *opaque)
{
    unsigned long pages[1];

    for (int i = 0; i < 300; i++) {
        if (ram_block_collect_dirty(ms->ram.ram, DIRTY_DISPLAY, 0x9000, 0x1000, pages)) {
            uint32_t now = __atomic_load_n((uint32_t *)(ram + 0x9000), __ATOMIC_RELAXED);

            g_assert_cmpuint(now, >=, copied);
            copied = now;
        }
        g_usleep(50);
    }
    __atomic_store_n(&env->irq, 1, __ATOMIC_SEQ_CST);
    cpu_attention(cpu, CPU_ATTN_IRQ);
    return NULL;
}

/* A copy that is made from what was written is complete in the end, whenever it was looked. */
static void test_dirty_race(void)
{
    unsigned long pages[1];

    setup(2);
    put(0x1000, ADDI, 1, 1, 1);
    put(0x1004, ST, 1, 2, 0);
    put_rel(0x1008, BNZ, 7, -8);
    put(0x100c, HALT, 0, 0, 0);
    env->x[2] = 0x9000;
    env->x[7] = 1;
    copied = 0;
    GThread *t = g_thread_new("copier", copier, NULL);
    run(0x1000);
    g_thread_join(t);
    if (ram_block_collect_dirty(ms->ram.ram, DIRTY_DISPLAY, 0x9000, 0x1000, pages)) {
        copied = ldn_le(ram + 0x9000, 4);
    }
    g_assert_cmpuint(copied, ==, ldn_le(ram + 0x9000, 4));
    g_assert_cmpuint(copied, >, 0);
    ram_block_set_dirty(ms->ram.ram, DIRTY_DISPLAY, 0, RAM_SIZE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/self-modifying", test_self_modifying);
    g_test_add_func("/tcg/page-patience", test_page_patience);
    g_test_add_func("/tcg/dma-over-code", test_dma_over_code);
    g_test_add_func("/tcg/recheck", test_recheck);
    g_test_add_func("/tcg/arena-full", test_arena_full);
    g_test_add_func("/tcg/generations", test_generations);
    g_test_add_func("/tcg/generation-order", test_generation_order);
    g_test_add_func("/tcg/dirty-log", test_dirty_log);
    g_test_add_func("/tcg/dirty-race", test_dirty_race);
    return g_test_run();
}
