/*
 * The compiler's back end for this host: every integer operation with operands in registers, in env, as
 * constants, and each of them the result's place, against its meaning in fold.c; state, branches. Memory is in
 * test-jit-mem.c, floating point is compared by random programs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/jit-fixture.h"

/* Runs for all pairs of corners; b is NULL for an immediate. */
static void check_pairs(Fixture *f, const void *code, IROp op, unsigned d, unsigned a, unsigned b,
                        int64_t imm)
{
    for (unsigned m = 0; m < G_N_ELEMENTS(corners); m++) {
        for (unsigned n = 0; n < G_N_ELEMENTS(corners); n++) {
            uint64_t before[32], want;
            fill(f);
            if (b != JIT_NONE && b)
                f->env->x[b] = corners[n];
            if (a)
                f->env->x[a] = corners[m];
            memcpy(before, f->env->x, sizeof(before));
            want = ir_fold(op, before[a], b == JIT_NONE ? (uint64_t)imm : before[b]);
            run(f, code);
            if (f->env->x[d] != want)
                g_error("%s x%u, x%u, x%d (%" PRId64 ") of %" PRIx64 ": %" PRIx64 " instead of %"
                        PRIx64, ir_name(op), d, a, (int)b, imm, before[a], f->env->x[d], want);
            before[d] = want;
            g_assert_cmpmem(before, sizeof(before), f->env->x, sizeof(before));
            if (b == JIT_NONE)
                break;
        }
    }
}

static void test_registers(void)
{
    static const uint8_t places[] = { 0, REG_1, REG_2, MEM_1, MEM_2 };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned op = 0; op < IR_NR; op++) {
        if (form_is_op2[op] != 1 || op == IR_slli_uw)
            continue;
        for (unsigned d = 1; d < G_N_ELEMENTS(places); d++) {
            for (unsigned a = 0; a < G_N_ELEMENTS(places); a++) {
                for (unsigned v = 0; v < G_N_ELEMENTS(places); v++) {
                    IRBuilder b = begin(&f);
                    ir_op2(&b, op, places[d], places[a], places[v]);
                    check_pairs(&f, finish(&f, &b, false), op, places[d], places[a], places[v], 0);
                }
            }
        }
    }
    tear_down(&f);
}

static void test_immediates(void)
{
    static const uint8_t places[] = { REG_1, MEM_1, REG_3 };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned op = 0; op < IR_NR; op++) {
        if (form_is_op2[op] != 1)
            continue;
        for (unsigned n = 0; n < G_N_ELEMENTS(corners); n++) {
            for (unsigned d = 0; d < G_N_ELEMENTS(places); d++) {
                for (unsigned a = 0; a < 2; a++) {
                    IRBuilder b = begin(&f);
                    ir_op2i(&b, op, places[d], places[a], (int64_t)corners[n]);
                    check_pairs(&f, finish(&f, &b, false), op, places[d], places[a], JIT_NONE,
                                (int64_t)corners[n]);
                }
            }
        }
    }
    tear_down(&f);
}

static void test_unary(void)
{
    static const uint8_t places[] = { REG_1, MEM_1, REG_3 };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned op = 0; op < IR_NR; op++) {
        if (form_is_op2[op] != 2)
            continue;
        for (unsigned d = 0; d < G_N_ELEMENTS(places); d++) {
            for (unsigned a = 0; a < G_N_ELEMENTS(places); a++) {
                IRBuilder b = begin(&f);
                ir_op1(&b, op, places[d], places[a]);
                check_pairs(&f, finish(&f, &b, false), op, places[d], places[a], JIT_NONE, 0);
            }
        }
    }
    tear_down(&f);
}

/* Constants are computed when compiled, and give the same. */
static void test_folding(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned op = 0; op < IR_NR; op++) {
        if (form_is_op2[op] != 1 || op == IR_slli_uw) /* it has a constant only */
            continue;
        for (unsigned m = 0; m < G_N_ELEMENTS(corners); m++) {
            for (unsigned n = 0; n < G_N_ELEMENTS(corners); n++) {
                IRBuilder b = begin(&f);
                ir_const(&b, REG_1, (int64_t)corners[m]);
                ir_const(&b, MEM_1, (int64_t)corners[n]);
                ir_op2(&b, op, MEM_2, REG_1, MEM_1);
                fill(&f);
                run(&f, finish(&f, &b, true));
                g_assert_cmphex(f.env->x[MEM_2], ==, ir_fold(op, corners[m], corners[n]));
                g_assert_cmphex(f.env->x[REG_1], ==, corners[m]);
                g_assert_cmphex(f.env->x[MEM_1], ==, corners[n]);
            }
        }
    }
    tear_down(&f);
}

static void test_zero(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned size = 16; size <= 128; size *= 2) {
        for (unsigned n = 0; n < 3; n++) {
            unsigned base = n ? REG_1 : MEM_1, at = 1024 + (n == 2 ? 5 : size - 1);
            IRBuilder b = begin(&f);
            ir_zero(&b, base, size, offsetof(Env, word), 0x90);
            map_page(&f);
            fill(&f);
            f.env->x[base] = PAGE_VA + at;
            f.env->bodies = 0;
            f.env->word = 0x80;
            memset(f.page, 0xa5, TARGET_PAGE_SIZE);
            const void *code = finish(&f, &b, false);
            run(&f, code);
            g_assert_cmpuint(f.env->bodies, ==, 1);
            for (unsigned i = 0; i < TARGET_PAGE_SIZE; i++)
                g_assert_cmphex(f.page[i], ==, 0xa5);
            f.env->x[base] = PAGE_VA + at;
            f.env->word = 0xff;
            run(&f, code);
            g_assert_cmpuint(f.env->bodies, ==, 1);
            for (unsigned i = 0; i < TARGET_PAGE_SIZE; i++)
                g_assert_cmphex(f.page[i], ==, i >= 1024 && i < 1024 + size ? 0 : 0xa5);
        }
    }
    tear_down(&f);
}

/* Words of the state: every place of the operand and of the result, also the same for both. */
static void test_state(void)
{
    static const uint8_t places[] = { 0, REG_1, MEM_1, REG_2 };
    static const int64_t masks[] = { -1, ~1LL, ~3LL, 0x7fffffffffff };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned n = 0; n < 4 * 4 * 4; n++) {
        unsigned d = places[n & 3], v = places[n >> 2 & 3];
        int64_t mask = masks[n >> 4];
        uint64_t old = 0xfedcba9876543217, put;
        if (!d)
            continue;
        fill(&f);
        put = f.env->x[v] & (uint64_t)mask;
        f.env->word = old;
        IRBuilder b = begin(&f);
        ir_swap(&b, d, offsetof(Env, word), v, mask);
        run(&f, finish(&f, &b, false));
        g_assert_cmphex(f.env->x[d], ==, old);
        g_assert_cmphex(f.env->word, ==, put);

        b = begin(&f);
        ir_get(&b, d, offsetof(Env, word), mask);
        ir_put(&b, offsetof(Env, word), JIT_NONE, 0x1234567812345678);
        run(&f, finish(&f, &b, false));
        g_assert_cmphex(f.env->x[d], ==, put & (uint64_t)mask);
        g_assert_cmphex(f.env->word, ==, 0x1234567812345678);

        b = begin(&f);
        ir_const(&b, d, (int64_t)old);
        ir_put(&b, offsetof(Env, word), d, mask);
        run(&f, finish(&f, &b, true));
        g_assert_cmphex(f.env->word, ==, old & (uint64_t)mask);
    }
    tear_down(&f);
}

/* Whether the status register may become `now` without the body. */
static bool status_quick(const Env *env, uint64_t old, uint64_t now)
{
    uint64_t changed = (old ^ now) & status.writable;

    if (changed & ~status.quick)
        return false;
    return !(changed & now & status.enable) ||
           !(env->idle[0] | env->idle[1] | (old & status.barred));
}

static uint64_t status_seen(uint64_t v)
{
    bool dirty = (v >> 13 & 3) == 3 || (v >> 9 & 3) == 3;

    return (v & status.visible) | (uint64_t)dirty << 63;
}

static void check_status(Fixture *f, IRStatus how, unsigned d, unsigned v, int64_t imm)
{
    static const uint64_t values[] = { 0, 2, 0x22, 0x122, 0x6622, 0x6000, 0x2000, 0x600, 1ULL << 24,
                                       0xffffffffffffffff, 0xfffffffffffffffd };
    IRBuilder b = begin(f);
    const void *code;

    ir_status(&b, how, d, v, imm);
    code = finish(f, &b, false);
    for (unsigned n = 0; n < G_N_ELEMENTS(values) * G_N_ELEMENTS(values) * 3; n++) {
        uint64_t old = values[n % 11], operand = v == JIT_NONE ? (uint64_t)imm : values[n / 11 % 11];
        uint64_t now = how == IR_STATUS_SET ? old | operand : how == IR_STATUS_CLEAR ? old & ~operand
                       : how == IR_STATUS_READ ? old : operand;
        fill(f);
        if (v != JIT_NONE)
            f->env->x[v] = operand;
        f->env->status = old;
        f->env->idle[0] = n / 121 == 1;
        f->env->idle[1] = n / 121 == 2 ? 0x100000000 : 0;
        f->env->bodies = 0;
        run(f, code);
        if (!status_quick(f->env, old, now)) {
            g_assert_cmpuint(f->env->bodies, ==, 1);
            g_assert_cmphex(f->env->status, ==, old);
            continue;
        }
        g_assert_cmpuint(f->env->bodies, ==, 0);
        g_assert_cmphex(f->env->status, ==, old ^ ((old ^ now) & status.quick));
        if (d != JIT_NONE)
            g_assert_cmphex(f->env->x[d], ==, status_seen(old));
    }
}

static void test_status(void)
{
    static const uint8_t places[] = { JIT_NONE, REG_1, MEM_1, REG_2 };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned n = 0; n < 3 * 4 * 4; n++)
        check_status(&f, (IRStatus)(n / 16), places[n & 3], places[n >> 2 & 3], 2);
    check_status(&f, IR_STATUS_READ, REG_1, JIT_NONE, 0);
    check_status(&f, IR_STATUS_READ, MEM_1, JIT_NONE, 0);
    tear_down(&f);
}

/* Taken: the exit, which nothing is linked to; not taken: the interpreter. */
static void check_branch(Fixture *f, IRCond cond, unsigned a, unsigned v)
{
    IRBuilder b = begin(f);
    const void *code;

    f->r->n_edges = 1;
    f->r->edges[0] = (RegionEdge){ .pc = 0x4000, .block = -1, .retired = 3 };
    ir_branch(&b, cond, a, v);
    code = finish(f, &b, false);
    for (unsigned m = 0; m < G_N_ELEMENTS(corners); m++) {
        for (unsigned n = 0; n < G_N_ELEMENTS(corners); n++) {
            fill(f);
            if (v)
                f->env->x[v] = corners[n];
            if (a)
                f->env->x[a] = corners[m];
            uint64_t x = f->env->x[a], y = f->env->x[v];
            bool less = cond >= IR_LTU ? x < y : (int64_t)x < (int64_t)y;
            bool taken = cond <= IR_NE ? (x == y) == (cond == IR_EQ)
                                       : less == (cond == IR_LT || cond == IR_LTU);
            f->env->tcg.icount = 100;
            f->env->tcg.pc = 0;
            const TCGOp *op = f->j->backend->run(f->j, (CPUArchState *)f->env, code);
            g_assert_true(op == (taken ? NULL : &f->tb->ops[1]));
            g_assert_cmphex(f->env->tcg.pc, ==, taken ? 0x4000 : 0);
            g_assert_cmpuint(f->env->tcg.icount, ==, taken ? 103 : 100);
        }
    }
}

static void test_branches(void)
{
    static const uint8_t places[] = { 0, REG_1, REG_2, MEM_1, MEM_2 };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned cond = IR_EQ; cond <= IR_GEU; cond++) {
        for (unsigned a = 0; a < G_N_ELEMENTS(places); a++) {
            for (unsigned v = 0; v < G_N_ELEMENTS(places); v++)
                check_branch(&f, cond, places[a], places[v]);
        }
    }
    tear_down(&f);
}

/* A region whose head is a loop, with variables that the convention has not in registers. */
static void test_loop(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    IRBuilder b = begin(&f);
    f.r->n_edges = 1;
    f.r->edges[0] = (RegionEdge){ .pc = 0x4000, .block = 0, .retired = 2, .backward = true };
    for (unsigned v = 16; v < 26; v++)
        ir_op2i(&b, IR_add, v, v, v);
    ir_op2i(&b, IR_add, REG_1, REG_1, -1);
    ir_branch(&b, IR_NE, REG_1, 0);
    const void *code = finish(&f, &b, true);
    fill(&f);
    f.env->x[REG_1] = 1000;
    f.env->tcg.icount = 0;
    run(&f, code);
    for (unsigned v = 1; v < 32; v++)
        g_assert_cmphex(f.env->x[v], ==, v == REG_1 ? 0 : 0x1111111111111111ULL * v +
                                                          (v >= 16 && v < 26 ? 1000 * v : 0));
    g_assert_cmpuint(f.env->tcg.icount, ==, 2 * 999);
    /* Attention is seen at the way back, with everything in place. */
    fill(&f);
    f.env->attention = 1;
    g_assert_null(f.j->backend->run(f.j, (CPUArchState *)f.env, code));
    g_assert_cmphex(f.env->tcg.pc, ==, 0x4000);
    g_assert_cmphex(f.env->x[16], ==, 0x1111111111111111ULL * 16 + 16);
    g_assert_cmphex(f.env->x[3], ==, 0x3333333333333333);
    tear_down(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jit/registers", test_registers);
    g_test_add_func("/jit/immediates", test_immediates);
    g_test_add_func("/jit/unary", test_unary);
    g_test_add_func("/jit/folding", test_folding);
    g_test_add_func("/jit/zero", test_zero);
    g_test_add_func("/jit/state", test_state);
    g_test_add_func("/jit/status", test_status);
    g_test_add_func("/jit/branches", test_branches);
    g_test_add_func("/jit/loop", test_loop);
    return g_test_run();
}
