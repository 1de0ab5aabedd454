/*
 * Which blocks make a region: those that chains lead to, within its limits, and of those that are compiled already
 * only as many as it may repeat.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>

#include "accel/tcg/jit/jit.h"

#define PC 0x12345000ULL

typedef struct Env {
    CPUTCGState tcg;
    uint64_t x[33], f[32];
} Env;

typedef struct Rig {
    Env *env;
    TCGCPUOps ops;
    TCGState s;
    TCGCPU c;
    Region *r;
    JitCode *code;
    TranslationBlock *tb[4];
} Rig;

static const TCGJitOps model = { .x_offset = offsetof(Env, x), .f_offset = offsetof(Env, f) };

/* A block of so many instructions that jumps to the next one, the last to the first. */
static void set_up(Rig *g, unsigned first, unsigned second, unsigned third, unsigned fourth)
{
    const unsigned sizes[] = { first, second, third, fourth };

    memset(g, 0, sizeof(*g));
    g->env = g_new0(Env, 1);
    g->ops.jit = &model;
    g->env->tcg.ops = &g->ops;
    g->c.env = (CPUArchState *)g->env;
    g->c.s = &g->s;
    g->r = g_new0(Region, 1);
    g->code = g_new0(JitCode, 1);
    for (unsigned n = 0; n < 4; n++)
        g->tb[n] = g_malloc0(sizeof(TranslationBlock) + sizeof(TCGOp));
    for (unsigned n = 0; n < 4; n++) {
        TranslationBlock *tb = g->tb[n], *to = g->tb[(n + 1) % 4];
        tb->pc = tb->key_pc = PC + 0x100 * n;
        tb->ram_page[0] = 7;
        tb->ram_page[1] = TB_NO_PAGE;
        tb->n_insns = (uint16_t)sizes[n];
        tb->n_ops = 1;
        tb->ops[0].fn = tcg_chain_fn(CHAIN_SAME_PAGE, n == 3, false);
        tb->ops[0].index = (uint16_t)sizes[n];
        tb->ops[0].insn = (uint32_t)(PC + 0x100 * ((n + 1) % 4) - tb->pc);
        tb->ops[0].pc_off = CHAIN_SAME_PAGE;
        chain_store(&tb->ops[0], to);
    }
}

static void tear_down(Rig *g)
{
    for (unsigned n = 0; n < 4; n++)
        g_free(g->tb[n]);
    g_free(g->r);
    g_free(g->code);
    g_free(g->env);
}

/* How many of the blocks the region of the first has: they follow each other. */
static unsigned blocks(Rig *g)
{
    g_assert_true(region_build(g->r, &g->c, g->tb[0], NULL));
    for (unsigned n = 0; n < g->r->n_blocks; n++) {
        const RegionEdge *e = &g->r->edges[n];
        unsigned to = n + 1 < g->r->n_blocks ? n + 1 : 0;

        g_assert_true(g->r->blocks[n].tb == g->tb[n]);
        g_assert_cmphex(e->pc, ==, g->tb[(n + 1) % 4]->pc);
        g_assert_cmpint(e->block, ==, to == (n + 1) % 4 ? (int)to : -1);
    }
    g_assert_cmpuint(g->r->n_edges, ==, g->r->n_blocks);
    return g->r->n_blocks;
}

static void set_compiled(Rig *g, unsigned n, unsigned insns)
{
    g->code->n_insns = insns;
    g->tb[n]->jit = g->code;
}

static void test_loop(void)
{
    Rig g;

    set_up(&g, 3, 4, 5, 6);
    g_assert_cmpuint(blocks(&g), ==, 4);
    g_assert_cmpuint(g.r->n_promised, ==, 18);
    g_assert_true(g.r->edges[3].backward);
    tear_down(&g);
}

/* What is compiled joins while all of its region, which would be there twice, is small beside ours. */
static void test_repeats(void)
{
    const unsigned before = 7; /* instructions of the blocks that are taken in already */
    Rig g;

    set_up(&g, 3, 4, 5, 6);
    set_compiled(&g, 2, REGION_REPEATS - before);
    g_assert_cmpuint(blocks(&g), ==, 4);
    set_compiled(&g, 2, REGION_REPEATS - before + 1);
    g_assert_cmpuint(blocks(&g), ==, 2);
    /* It was dropped: its code is not there a second time. */
    g.tb[2]->jit = NULL;
    g_assert_cmpuint(blocks(&g), ==, 4);
    tear_down(&g);
    /* What is not compiled has only the limit of all regions. */
    set_up(&g, REGION_REPEATS, REGION_REPEATS, 5, 6);
    g_assert_cmpuint(blocks(&g), ==, 4);
    set_compiled(&g, 2, 1);
    g_assert_cmpuint(blocks(&g), ==, 2);
    tear_down(&g);
}

/* The head may have been compiled with others, and a way back to it is one within the region. */
static void test_compiled_head(void)
{
    Rig g;

    set_up(&g, 3, 4, 5, 6);
    set_compiled(&g, 0, REGION_REPEATS + 1);
    g_assert_cmpuint(blocks(&g), ==, 4);
    g_assert_cmpint(g.r->edges[3].block, ==, 0);
    tear_down(&g);
}

static void test_growth(void)
{
    Rig g;

    set_up(&g, REGION_GROWTH - 10, 5, 5, 1);
    g_assert_cmpuint(blocks(&g), ==, 3);
    tear_down(&g);
    set_up(&g, REGION_GROWTH - 10, 5, 6, 1);
    g_assert_cmpuint(blocks(&g), ==, 2);
    tear_down(&g);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jit-region/loop", test_loop);
    g_test_add_func("/jit-region/repeats", test_repeats);
    g_test_add_func("/jit-region/compiled-head", test_compiled_head);
    g_test_add_func("/jit-region/growth", test_growth);
    return g_test_run();
}
