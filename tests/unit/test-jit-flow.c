/*
 * The compiler's passes over sequences of operations, against the same sequences computed one by one; and how
 * compiled code goes through indirect jumps, calls and returns.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/jit-rig.h"

#include <inttypes.h>

#include "accel/tcg/tlb.h"

typedef struct Env {
    CPUTCGState tcg;
    uint64_t x[33], f[32];
    uint32_t attention, bits;
    uint8_t fast;
} Env;

typedef struct Fixture {
    Jit *j;
    Region *r;
    Env *env;
    TranslationBlock *tb[4], *dummy;
} Fixture;

#define PC 0x12345000ULL

static TCGOpFn no_body(const TCGOp *op)
{
    return NULL;
}

static const TCGJitOps model = {
    .body = no_body,
    .x_offset = offsetof(Env, x),
    .f_offset = offsetof(Env, f),
};

static bool set_up(Fixture *f)
{
    f->j = jit_rig_new(&model, offsetof(Env, attention), false);
    if (!f->j)
        return false;
    f->r = g_new0(Region, 1);
    f->env = g_new0(Env, 1);
    for (unsigned n = 0; n < G_N_ELEMENTS(f->tb); n++)
        f->tb[n] = jit_rig_tb(PC + 0x100 * n);
    f->dummy = jit_rig_tb(TB_DEAD_PC);
    f->env->tcg.jump_cache = jump_cache_new(f->dummy);
    return true;
}

static void tear_down(Fixture *f)
{
    jit_rig_free(f->j);
    g_free(f->r);
    for (unsigned n = 0; n < G_N_ELEMENTS(f->tb); n++)
        g_free(f->tb[n]);
    g_free(f->dummy);
    jump_cache_free(f->env->tcg.jump_cache);
    g_free(f->env);
}

static IRBuilder begin(Fixture *f)
{
    return jit_rig_begin(f->j, f->r, f->tb[0]);
}

static void block(Fixture *f, IRBuilder *b, unsigned n)
{
    jit_rig_block(b, f->tb[n]);
}

static const void *finish(Fixture *f)
{
    return jit_rig_finish(f->j, f->r, true);
}

static const TCGOp *run(Fixture *f, const void *code)
{
    return f->j->backend->run(f->j, (CPUArchState *)f->env, code);
}

/* ---- Sequences ---- */

static uint64_t some_value(void)
{
    static const uint64_t corners[] = { 0, 1, 31, 32, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
                                        0xffffffff80000000, UINT64_MAX };

    if (g_test_rand_bit())
        return corners[g_test_rand_int_range(0, G_N_ELEMENTS(corners))];
    return (uint64_t)(uint32_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
}

/* One that the passes look for, or any other. Its effect on x, too. */
static void random_op(IRBuilder *b, const uint8_t *vars, unsigned n_vars, uint64_t *x, unsigned *last)
{
    static const uint8_t ops[] = { IR_add, IR_sub, IR_and, IR_or, IR_xor, IR_addw, IR_sll, IR_srl,
                                   IR_sra, IR_slt, IR_sltu, IR_mul, IR_mulw, IR_sh2add, IR_add_uw,
                                   IR_min, IR_maxu, IR_ror, IR_andn, IR_czero_eqz };
    static const uint8_t shifts[] = { 1, 2, 3, 32, 32, 31, 0, 4 };
    unsigned d = vars[g_test_rand_int_range(1, (gint32)n_vars)];
    unsigned a = vars[g_test_rand_int_range(0, (gint32)n_vars)];
    unsigned v = vars[g_test_rand_int_range(0, (gint32)n_vars)];
    unsigned op = ops[g_test_rand_int_range(0, G_N_ELEMENTS(ops))];
    int64_t imm = shifts[g_test_rand_int_range(0, G_N_ELEMENTS(shifts))];

    switch (g_test_rand_int_range(0, 9)) {
    case 6: /* sext.w, mostly of what was computed last */
        d = a = g_test_rand_bit() ? *last : a;
        ir_op2i(b, IR_addw, d, a, 0);
        x[d] = ir_fold(IR_addw, x[a], 0);
        break;
    case 7: /* any */
        op = (unsigned)g_test_rand_int_range(0, IR_mov);
        if (op == IR_slli_uw)
            op = IR_srlw;
        ir_op2(b, op, d, a, v);
        x[d] = ir_fold(op, x[a], x[v]);
        break;
    case 8:
        op = (unsigned)g_test_rand_int_range(IR_mov, IR_cpopw + 1);
        ir_op1(b, op, d, a);
        x[d] = ir_fold(op, x[a], 0);
        break;
    case 0:
        imm = (int64_t)some_value();
        ir_const(b, d, imm);
        x[d] = (uint64_t)imm;
        break;
    case 1:
        op = g_test_rand_bit() ? IR_sll : IR_srl;
        ir_op2i(b, op, d, a, imm);
        x[d] = ir_fold(op, x[a], (uint64_t)imm);
        break;
    case 2:
        imm = g_test_rand_int_range(-2048, 2048);
        ir_op2i(b, op, d, a, imm);
        x[d] = ir_fold(op, x[a], (uint64_t)imm);
        break;
    default:
        ir_op2(b, op, d, a, v);
        x[d] = ir_fold(op, x[a], x[v]);
        break;
    }
    x[0] = 0;
    *last = d ? d : *last;
}

static void test_sequences(void)
{
    static const uint8_t vars[] = { 0, 10, 15, 2, 20, 31 }; /* in registers, and in env */
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned round = 0; round < 3000; round++) {
        IRBuilder b = begin(&f);
        uint64_t x[32] = { 0 };
        unsigned last = 10;

        for (unsigned v = 1; v < 32; v++)
            f.env->x[v] = x[v] = some_value();
        block(&f, &b, 0);
        for (unsigned n = 0; n < 8; n++)
            random_op(&b, vars, G_N_ELEMENTS(vars), x, &last);
        ir_append(&b, IR_interpret);
        g_assert_true(run(&f, finish(&f)) == &f.tb[0]->ops[1]);
        for (unsigned v = 1; v < 32; v++)
            g_assert_cmphex(f.env->x[v], ==, x[v]);
    }
    tear_down(&f);
}

/* ---- Indirect jumps ---- */

static void lookup(IRBuilder *b, IRLookup how, unsigned n_edges, int64_t link)
{
    IRInsn *i = ir_append(b, IR_lookup);

    i->size = 3;
    i->cond = how;
    i->sign = (uint8_t)n_edges;
    i->imm = link;
}

/* A jump with two targets in the region, to these and to others; looking at attention if one is behind. */
static void test_targets(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    IRBuilder b = begin(&f);
    block(&f, &b, 0);
    ir_jump_to(&b, 10, 1, false);
    ir_const(&b, 20, 0x123456789abc);
    f.r->n_edges = 2;
    f.r->edges[0] = (RegionEdge){ .pc = f.tb[1]->pc, .block = 1, .backward = true };
    f.r->edges[1] = (RegionEdge){ .pc = f.tb[2]->pc, .block = 2 };
    lookup(&b, LOOKUP_PLAIN, 2, 0);
    for (unsigned n = 1; n <= 2; n++) {
        block(&f, &b, n);
        ir_const(&b, 11, n);
        ir_append(&b, IR_interpret);
    }
    const void *code = finish(&f);
    for (unsigned n = 0; n < 4; n++) {
        f.env->tcg.icount = 0;
        f.env->x[11] = 99;
        f.env->x[10] = f.tb[n]->pc - (n & 1); /* bit 0 of the sum is cleared */
        const TCGOp *op = run(&f, code);
        g_assert_cmpuint(f.env->tcg.icount, ==, 3);
        g_assert_cmphex(f.env->x[20], ==, 0x123456789abc);
        g_assert_cmpuint(f.env->x[11], ==, n == 1 || n == 2 ? n : 99);
        g_assert_true(op == (n == 1 || n == 2 ? &f.tb[n]->ops[1] : NULL));
        if (!op)
            g_assert_cmphex(f.env->tcg.pc, ==, f.tb[n]->pc);
    }
    /* Equal in the low half only. */
    f.env->x[10] = f.tb[1]->pc + (1ULL << 32);
    g_assert_null(run(&f, code));
    g_assert_cmphex(f.env->tcg.pc, ==, f.tb[1]->pc + (1ULL << 32));
    f.env->attention = 1;
    f.env->x[10] = f.tb[1]->pc;
    g_assert_null(run(&f, code));
    g_assert_cmphex(f.env->tcg.pc, ==, f.tb[1]->pc);
    tear_down(&f);
}

/* A jump to x10, and elsewhere the code of tb[1]. */
static const void *jump_and_target(Fixture *f, const void **target)
{
    IRBuilder b = begin(f);

    block(f, &b, 1);
    ir_const(&b, 11, 7);
    ir_append(&b, IR_interpret);
    *target = finish(f);
    size_t code_used = f->j->code_used, data_used = f->j->data_used;
    b = begin(f);
    f->j->code_used = code_used;
    f->j->data_used = data_used;
    block(f, &b, 0);
    ir_jump_to(&b, 10, 0, false);
    lookup(&b, LOOKUP_PLAIN, 0, 0);
    return finish(f);
}

/* Where the jump leads: 0 to the main loop, 1 to the block, 2 to its code. */
static int leads(Fixture *f, const void *jump)
{
    f->env->x[10] = f->tb[1]->pc;
    f->env->x[11] = 99;
    f->env->tcg.tb = NULL;
    f->env->tcg.pc = 0;
    const TCGOp *op = run(f, jump);
    g_assert_cmpuint(f->env->x[11], ==, op == &f->tb[1]->ops[1] ? 7 : 99);
    if (op == &f->tb[1]->ops[1])
        return 2;
    g_assert_true(op == NULL || (op == f->tb[1]->ops && f->env->tcg.tb == f->tb[1]));
    if (!op)
        g_assert_cmphex(f->env->tcg.pc, ==, f->tb[1]->pc);
    return op != NULL;
}

/* An entry of the jump cache, in each of its places: of a block that is compiled, dropped, dead, or has another tag. */
static void test_jump_cache(void)
{
    Fixture f;
    const void *target;

    if (!set_up(&f))
        return;
    const void *jump = jump_and_target(&f, &target);
    CPUTCGState *t = &f.env->tcg;
    TranslationBlock *tb = f.tb[1];
    TCGCPU cpu = { .env = (CPUArchState *)f.env }, *cpus[] = { NULL, &cpu };
    f.j->s->cpus = cpus;
    f.j->s->nr_cpus = 2;
    t->tlb_fetch = tlb_table_new(TLB_BITS_MIN);
    t->tlb_fetch_mask = tlb_mask(t->tlb_fetch);
    TLBEntry *page = tlb_entry(t->tlb_fetch, tb->pc);
    tb->addend = 0x5000;
    for (unsigned way = 0; way < JUMP_CACHE_WAYS; way++) {
        JumpEntry *e = &t->jump_cache->entry[jump_cache_index(tb->pc) ^ way], empty = *e;
        *e = (JumpEntry){ tb->pc, tcg_tag(t), NULL, tb };
        g_assert_cmpint(leads(&f, jump), ==, 1);
        tb->jit_code = target;
        g_assert_cmpint(leads(&f, jump), ==, 2);
        g_assert_true(e->code == target);
        g_assert_cmpint(leads(&f, jump), ==, 2);
        tb->jit_code = NULL;
        jump_cache_forget_code(f.j->s, tb);
        g_assert_cmpint(leads(&f, jump), ==, 1);
        tb->jit_code = target;
        /* Another tag: as the fetch TLB has it. */
        for (unsigned known = 0; known < 2; known++) {
            e->code = known ? target : NULL;
            page->tag[MMU_FETCH] = TLB_TAG_NONE;
            t->fetch_gen++;
            g_assert_cmpint(leads(&f, jump), ==, 0);
            page->tag[MMU_FETCH] = tb->pc & TARGET_PAGE_MASK;
            page->addend = 0x6000;
            g_assert_cmpint(leads(&f, jump), ==, 0);
            page->addend = 0x5000;
            t->mode = 1;
            g_assert_cmpint(leads(&f, jump), ==, 0);
            t->mode = 0;
            g_assert_cmpint(leads(&f, jump), ==, 2);
            g_assert_cmphex(e->tag, ==, tcg_tag(t));
        }
        tb->key_pc = TB_DEAD_PC;
        tb->jit_code = NULL;
        jump_cache_forget_code(f.j->s, tb);
        g_assert_cmpint(leads(&f, jump), ==, 0);
        t->fetch_gen++;
        g_assert_cmpint(leads(&f, jump), ==, 0);
        tb->key_pc = tb->pc;
        *e = empty;
        g_assert_cmpint(leads(&f, jump), ==, 0);
    }
    tlb_table_free(t->tlb_fetch);
    tear_down(&f);
}

/* A loop counts its instructions, however it is left. */
static void test_loop(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    IRBuilder b = begin(&f);
    block(&f, &b, 0);
    ir_op2i(&b, IR_add, 10, 10, -1);
    ir_op2(&b, IR_add, 11, 11, 10);
    f.r->n_edges = 2;
    f.r->edges[0] = (RegionEdge){ .pc = f.tb[1]->pc, .block = -1, .retired = 3 };
    f.r->edges[1] = (RegionEdge){ .pc = f.tb[0]->pc, .block = 0, .retired = 4, .backward = true };
    b.edge = 0;
    ir_branch(&b, IR_EQ, 10, 12);
    b.edge = 1;
    ir_branch(&b, IR_NE, 10, 0);
    ir_append(&b, IR_interpret);
    const void *code = finish(&f);
    for (unsigned n = 1; n < 20; n++) {
        for (unsigned by_exit = 0; by_exit < 2; by_exit++) {
            f.env->tcg.icount = 1ULL << 40;
            f.env->x[10] = n;
            f.env->x[11] = 0;
            f.env->x[12] = by_exit ? n / 2 : ~0ULL;
            uint64_t left = by_exit ? n / 2 : 0, rounds = n - left;
            const TCGOp *op = run(&f, code);
            g_assert_true(op == (by_exit ? NULL : &f.tb[0]->ops[1]));
            g_assert_cmphex(f.env->x[10], ==, left);
            g_assert_cmphex(f.env->x[11], ==, n * (n - 1) / 2 - (left ? left * (left - 1) / 2 : 0));
            g_assert_cmpuint(f.env->tcg.icount - (1ULL << 40), ==, 4 * (rounds - 1) + 3 * by_exit);
        }
    }
    f.env->attention = 1;
    f.env->tcg.icount = 0;
    f.env->x[10] = 5;
    g_assert_null(run(&f, code));
    g_assert_cmphex(f.env->x[10], ==, 4);
    g_assert_cmpuint(f.env->tcg.icount, ==, 4);
    tear_down(&f);
}

/* What a call pushes, a return to there finds, once, while the tag is the same. */
static void test_return(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    CPUTCGState *t = &f.env->tcg;
    for (unsigned kind = 0; kind < 4; kind++) {
        IRBuilder b = begin(&f);
        block(&f, &b, 0);
        ir_link(&b, 1, (int64_t)(kind == 3 ? PC + TARGET_PAGE_SIZE : PC + 0x80));
        if (kind == 1)
            ir_op2i(&b, IR_add, 1, 1, 2); /* not where the call came from */
        ir_append(&b, IR_call)->op = IR_nothing;
        ir_jump_to(&b, 1, 0, true);
        lookup(&b, LOOKUP_RETURN, 0, 0);
        const void *code = finish(&f);
        for (unsigned n = 0; n < 40; n++) {
            uint8_t top = t->ras_top;
            t->jit_exit = NULL;
            t->mode = n;
            g_assert_null(run(&f, code));
            g_assert_cmpuint(t->ras_top, ==, top);
            g_assert_cmphex(t->pc, ==, kind == 3 ? PC + TARGET_PAGE_SIZE : PC + 0x80 + 2 * (kind == 1));
            /* Through its exit, which asks to be linked, or not found. */
            g_assert_true((t->jit_exit != NULL) == (kind == 0 || kind == 2));
            if (t->jit_exit)
                g_assert_cmphex(t->jit_exit->target, ==, PC + 0x80);
        }
    }
    /* Pushed by one region, found by another, unless something changed in between. */
    for (unsigned changed = 0; changed < 3; changed++) {
        IRBuilder b = begin(&f);
        size_t used;
        block(&f, &b, 0);
        ir_link(&b, 1, (int64_t)PC + 0x80);
        ir_append(&b, IR_interpret);
        run(&f, finish(&f));
        used = f.j->code_used;
        b = begin(&f);
        f.j->code_used = used;
        f.j->data_used = 64 * KiB;
        block(&f, &b, 1);
        ir_jump_to(&b, 1, 0, true);
        lookup(&b, LOOKUP_RETURN, 0, 0);
        const void *back = finish(&f);
        t->mode += changed == 1;
        t->fetch_gen += changed == 2;
        t->jit_exit = NULL;
        g_assert_null(run(&f, back));
        g_assert_true((t->jit_exit != NULL) == (changed == 0));
        /* It was popped. */
        t->jit_exit = NULL;
        g_assert_null(run(&f, back));
        g_assert_null(t->jit_exit);
        g_assert_cmphex(t->pc, ==, PC + 0x80);
    }
    tear_down(&f);
}

/* A loop back to the head: what that needs is asked where the region is entered; what the way into another
 * block has done already is not done again there, unless it is a way that has not. */
static void test_known(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned kind = 0; kind < 3; kind++) {
        IRBuilder b = begin(&f);
        IRFloat how = { .size = 8, .bit = 3, .fast_offset = offsetof(Env, fast) };
        unsigned set[2];
        f.r->n_edges = 3;
        f.r->edges[0] = (RegionEdge){ .pc = f.tb[0]->pc, .block = 0, .backward = true };
        f.r->edges[1] = (RegionEdge){ .pc = f.tb[1]->pc, .block = 1 };
        f.r->edges[2] = (RegionEdge){ .pc = f.tb[1]->pc, .block = kind == 1 ? 1 : -1 };
        block(&f, &b, 0);
        ir_op2i(&b, IR_add, 10, 10, 1);
        if (kind == 1) { /* a way that leaves the head before */
            b.edge = 2;
            ir_branch(&b, IR_EQ, 10, 20);
        }
        set[0] = f.r->n_insns;
        ir_set_bits(&b, offsetof(Env, bits), 6);
        ir_float(&b, IR_fadd, JIT_FP + 1, JIT_FP + 1, JIT_FP + 2, JIT_NONE, how);
        how.size = 4;
        ir_float(&b, IR_fmul, JIT_FP + 3, JIT_FP + 3, JIT_FP + 4, JIT_NONE, how);
        if (kind == 2)
            ir_append(&b, IR_call);
        b.edge = 0;
        ir_branch(&b, IR_NE, 10, 11);
        ir_append(&b, IR_jump)->target = 1;
        block(&f, &b, 1);
        set[1] = f.r->n_insns;
        ir_set_bits(&b, offsetof(Env, bits), 4);
        ir_append(&b, IR_interpret);
        f.r->blocks[1].end = f.r->n_insns;
        region_optimise(f.r);
        g_assert_cmpuint(f.r->insns[set[0]].op, ==, kind ? IR_set_bits : IR_nothing);
        g_assert_cmpuint(f.r->insns[set[1]].op, ==, kind ? IR_set_bits : IR_nothing);
        g_assert_cmphex(f.r->blocks[1].known.fast, ==, kind ? 0 : 8);
        g_assert_cmpuint(f.r->n_needs, ==, kind ? 0 : 4);
        g_assert_cmphex(f.r->blocks[1].known.boxed, ==, kind ? 0 : 3ULL << (JIT_FP + 3));
        if (kind)
            continue;
        JitCode code = { 0 };
        g_assert_true(f.j->backend->compile(f.j, f.r, &code));
        for (unsigned n = 0; n < 6; n++) { /* two bits of a word, one of a byte, two boxes: one is missing */
            f.env->x[10] = 0;
            f.env->x[11] = 5;
            f.env->bits = n == 1 ? 4 : n == 2 ? 2 : 7;
            f.env->fast = n == 3 ? 0xf7 : 8;
            f.env->f[3] = n == 4 ? 0 : 0xffffffff00000000;
            f.env->f[4] = n == 5 ? 1ULL << 63 : 0xffffffff00000000;
            const TCGOp *op = run(&f, code.entry);
            g_assert_true(op == (n ? &f.tb[0]->ops[1] : &f.tb[1]->ops[1]));
            g_assert_cmpuint(f.env->x[10], ==, n ? 0 : 5);
        }
    }
    tear_down(&f);
}

/* ---- Pages ---- */

static void jump_over_pages(IRBuilder *b, unsigned from, unsigned to)
{
    Region *r = b->r;

    r->edges[r->n_edges] = (RegionEdge){ .pc = PC + TARGET_PAGE_SIZE * to, .from = from,
                                         .block = to < 3 ? (int)to : -1,
                                         .cross_page = true };
    ir_append(b, IR_jump)->target = (uint16_t)r->n_edges++;
}

/* Head on page 0, which leads to page 1, that back to page 0 and to page 2, and so on. */
static void test_pages(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned kind = 0; kind < 3; kind++) {
        IRBuilder b = begin(&f);
        Region *r = f.r;
        for (unsigned n = 0; n < 3; n++)
            f.tb[n]->pc = PC + TARGET_PAGE_SIZE * n;
        block(&f, &b, 0);
        jump_over_pages(&b, 0, 1);
        if (kind == 1)
            jump_over_pages(&b, 0, 2);
        block(&f, &b, 1);
        if (kind == 2)
            ir_append(&b, IR_call);
        unsigned edge = r->n_edges;
        jump_over_pages(&b, 1, 0);
        jump_over_pages(&b, 1, 2);
        block(&f, &b, 2);
        jump_over_pages(&b, 2, 1);
        jump_over_pages(&b, 2, 3);
        r->blocks[2].end = r->n_insns;
        region_know_pages(r);
        g_assert_true(r->edges[0].cross_page);
        g_assert_cmpint(r->edges[edge].cross_page, ==, kind == 2);
        g_assert_true(r->edges[edge + 1].cross_page);
        g_assert_cmpint(r->edges[edge + 2].cross_page, ==, kind == 1);
        g_assert_true(r->edges[edge + 3].cross_page);
    }
    tear_down(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jit-flow/sequences", test_sequences);
    g_test_add_func("/jit-flow/targets", test_targets);
    g_test_add_func("/jit-flow/jump-cache", test_jump_cache);
    g_test_add_func("/jit-flow/loop", test_loop);
    g_test_add_func("/jit-flow/return", test_return);
    g_test_add_func("/jit-flow/known", test_known);
    g_test_add_func("/jit-flow/pages", test_pages);
    return g_test_run();
}
