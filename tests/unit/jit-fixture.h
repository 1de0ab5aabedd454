/*
 * For tests of the compiler's back end: code is made of operations written by hand, and run on a small env.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_UNIT_JIT_FIXTURE_H
#define VIREO_TESTS_UNIT_JIT_FIXTURE_H

#include "tests/unit/jit-rig.h"

#include <inttypes.h>

#include "accel/tcg/tlb.h"

typedef struct Env {
    CPUTCGState tcg;
    uint64_t x[33], f[32];
    uint32_t attention, bodies;
    uint64_t word, status, idle[2], reserve_addr, reserve_value;
    uint8_t reserve_size;
} Env;

typedef struct Fixture {
    Jit *j;
    Region *r;
    Env *env;
    TranslationBlock *tb;
    TLBEntry *table;
    uint8_t *page;
} Fixture;

#define PAGE_VA 0x12345000ULL

/* Variables that are in registers at the borders, and that are in env. */
enum { REG_1 = 10, REG_2 = 15, REG_3 = 2, MEM_1 = 20, MEM_2 = 31 };

static const uint64_t corners[] = {
    0, 1, 2, 7, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
    0xffffffff, 0x100000000, 0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000,
    0x8000000000000001, 0xffffffff80000000, 0xfffffffffffffffe, 0xffffffffffffffff,
};

/* The body of the instruction at hand, where the fast form declines. */
static const TCGOp *body_fn(CPUArchState *env, const TCGOp *op)
{
    ((Env *)env)->bodies++;
    ((Env *)env)->x[REG_1] = 77;
    return op + 1;
}

static inline TCGOpFn body(const TCGOp *op)
{
    return body_fn;
}

static const JitStatus status = {
    .offset = offsetof(Env, status),
    .visible = 0x3000001e2,
    .dirty = 1u << 14 | 1u << 10,
    .writable = 0x6722,
    .quick = 0x122,
    .enable = 2,
    .barred = 1u << 24,
    .idle = { offsetof(Env, idle), offsetof(Env, idle) + 8 },
};

static const TCGJitOps model = {
    .body = body,
    .status = &status,
    .x_offset = offsetof(Env, x),
    .f_offset = offsetof(Env, f),
    .reserve_addr = offsetof(Env, reserve_addr),
    .reserve_value = offsetof(Env, reserve_value),
    .reserve_size = offsetof(Env, reserve_size),
};

static inline bool set_up(Fixture *f)
{
    f->j = jit_rig_new(&model, offsetof(Env, attention), false);
    if (!f->j)
        return false;
    f->r = g_new0(Region, 1);
    f->env = g_new0(Env, 1);
    f->tb = jit_rig_tb(0);
    f->table = tlb_table_new(TLB_BITS_MIN);
    g_assert_nonnull(f->table);
    f->page = g_malloc0(TARGET_PAGE_SIZE);
    f->env->tcg.tlb = f->env->tcg.tlb_fetch = f->table;
    f->env->tcg.tlb_fetch_mask = tlb_mask(f->table);
    return true;
}

static inline void tear_down(Fixture *f)
{
    jit_rig_free(f->j);
    g_free(f->r);
    g_free(f->env);
    g_free(f->tb);
    tlb_table_free(f->table);
    g_free(f->page);
}

/* The page is there, and writable. */
static inline void map_page(Fixture *f)
{
    TLBEntry *e = tlb_entry(f->table, PAGE_VA);

    e->tag[MMU_LOAD] = e->tag[MMU_STORE] = PAGE_VA;
    e->addend = (uintptr_t)f->page - PAGE_VA;
    for (unsigned i = 0; i < TLB_WINDOWS; i++)
        tlb_windows(f->table)[i].room = 0;
}

static inline IRBuilder begin(Fixture *f)
{
    IRBuilder b = jit_rig_begin(f->j, f->r, f->tb);

    jit_rig_block(&b, f->tb);
    return b;
}

static const void *finish(Fixture *f, IRBuilder *b, bool optimise)
{
    ir_append(b, IR_interpret);
    return jit_rig_finish(f->j, f->r, optimise);
}

static inline void run(Fixture *f, const void *code)
{
    const TCGOp *op = f->j->backend->run(f->j, (CPUArchState *)f->env, code);

    g_assert_true(op == &f->tb->ops[1]);
    g_assert_true(f->env->tcg.tb == f->tb);
}

static inline void fill(Fixture *f)
{
    for (unsigned v = 1; v < 32; v++)
        f->env->x[v] = 0x1111111111111111ULL * v;
}

static const uint8_t form_is_op2[IR_NR] = {
#define FORM_OP2 1
#define FORM_OP1 2
#define FORM_CONST 0
#define FORM_LOAD 0
#define FORM_STORE 0
#define FORM_AMO 0
#define FORM_NOTHING 0
#define FORM_SETBITS 0
#define FORM_STATE 0
#define FORM_ZERO 0
#define FORM_STATUS 0
#define FORM_CALL 0
#define FORM_BRANCH 0
#define FORM_JUMP 0
#define FORM_JUMP_TO 0
#define FORM_LOOKUP 0
#define FORM_INTERPRET 0
#define FORM_FP 0
#define FORM_EXPECT 0
#define FORM_UNLESS 0
#define FORM_SETENV 0
#define FORM_CLAMP 0
#define FORM_VECTOR 0
#define IR(name, form) FORM_##form,
#include "accel/tcg/jit/ir.def"
#undef IR
};

#endif
