/*
 * Vectors: floating point on the host's own unit, under the rules of fp.c.
 *
 * Elements that do not take part compute with 1, which raises no flag. NaN results become the canonical
 * one; where the host raises other flags for them (an addend that is a NaN, minima) the piece is left
 * to the body, which begins there: the pieces before it are done.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/vec.h"

enum { UNORDERED = 3, K1 = 1 };

static uint64_t one(unsigned size)
{
    return size == 3 ? 0x3ff0000000000000 : 0x3f8000003f800000;
}

static uint64_t sign(unsigned size)
{
    return size == 3 ? 0x8000000000000000 : 0x8000000080000000;
}

static bool fused(unsigned op)
{
    return op >= IRV_fmacc && op <= IRV_fnmsub;
}

void vec_float_ready(VecEmit *x)
{
    const IRVec *v = x->v;
    unsigned var = x->i->a;

    x86_test_fast(x->e, x->interpret, v->fast_offset, v->bit, false);
    if (fused(v->op))
        x86_test_fast(x->e, x->interpret, v->fast_offset + 1, v->bit, true);
    if (v->from == IRV_FLOAT && v->size == 2 && var >= JIT_FP && var < JIT_VARS)
        x86_test_boxed(x->e, x->interpret, var);
}

/* reg = the piece at offset, 1 where it does not take part. scratch may be used. */
static void operand(VecEmit *x, const Piece *p, unsigned reg, uint32_t offset, unsigned scratch)
{
    if (!x->blend) {
        v_load(x, p->l, reg, offset + p->at);
        return;
    }
    vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), p->l, reg, 0, one(x->v->size));
    v_blend(x, p->l, reg, reg, v_source(x, p->l, scratch, offset + p->at), Y_MASK);
}

static unsigned second(VecEmit *x, const Piece *p)
{
    if (x->v->from == IRV_REG) {
        operand(x, p, Y_B, x->v->b, Y_T);
        return Y_B;
    }
    if (!x->blend)
        return Y_SCALAR;
    vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), p->l, Y_B, 0, one(x->v->size));
    v_blend(x, p->l, Y_B, Y_B, Y_SCALAR, Y_MASK);
    return Y_B;
}

static void compare(VecEmit *x, unsigned l, unsigned d, unsigned a, unsigned b, unsigned how)
{
    v_rrri(x, FP_OP(x->v->size, 0xc2), false, l, d, a, b, how);
}

/* To the body if a and b are unordered. */
static void body_if_nan(VecEmit *x, const Piece *p, unsigned a, unsigned b)
{
    compare(x, p->l, Y_T, a, b, UNORDERED);
    v_rrr(x, P38(0x17), false, p->l, Y_T, 0, Y_T); /* vptest */
    vec_to_body_from(x, p, CC_NE);
}

/* An addend that is a NaN: the host does not raise NV for infinity times zero then. To the body from piece
 * `from` on. */
static void body_if_nan_at(VecEmit *x, const Piece *p, const Piece *from)
{
    const IRVec *v = x->v;

    operand(x, p, Y_U, v->op <= IRV_fnmsac ? v->d : v->a, Y_T);
    compare(x, p->l, Y_U, Y_U, Y_U, UNORDERED);
    v_rrr(x, P38(0x17), false, p->l, Y_U, 0, Y_U);
    vec_to_body_from(x, from, CC_NE);
}

/* reg's NaNs become the canonical one. */
static void make_canonical(VecEmit *x, unsigned l, unsigned reg)
{
    uint64_t nan = x->v->size == 3 ? 0x7ff8000000000000 : 0x7fc000007fc00000;

    compare(x, l, Y_T, reg, reg, UNORDERED);
    vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), l, Y_U, 0, nan);
    v_blend(x, l, reg, reg, Y_U, Y_T);
}

static void canonical(VecEmit *x, const Piece *p)
{
    uint8_t *over;

    compare(x, p->l, Y_T, Y_A, Y_A, UNORDERED);
    v_rrr(x, P38(0x17), false, p->l, Y_T, 0, Y_T); /* vptest */
    over = asm_jcc(x->a, CC_E);
    if (fused(x->v->op))
        body_if_nan_at(x, p, p);
    make_canonical(x, p->l, Y_A);
    asm_aim(x->a, over);
}

/* The host takes the second of zeros that are equal, whatever their signs. */
static void min_max(VecEmit *x, const Piece *p, unsigned b)
{
    bool min = x->v->op == IRV_fmin;
    unsigned size = x->v->size;

    body_if_nan(x, p, Y_A, b);
    compare(x, p->l, Y_T, Y_A, b, 0);
    v_rrr(x, P66(min ? 0xeb : 0xdb), false, p->l, Y_U, Y_A, b);
    v_rrr(x, FP_OP(size, min ? 0x5d : 0x5f), false, p->l, Y_A, Y_A, b);
    v_blend(x, p->l, Y_A, Y_A, Y_U, Y_T);
}

static void sign_injection(VecEmit *x, const Piece *p, unsigned b)
{
    unsigned op = x->v->op;
    uint64_t s = sign(x->v->size);

    vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), p->l, Y_T, 0, s);
    if (op == IRV_fsgnjn)
        v_rrr(x, P66(0xdf), false, p->l, Y_U, b, Y_T); /* vpandn */
    else
        v_rrr(x, P66(0xdb), false, p->l, Y_U, b, Y_T);
    if (op == IRV_fsgnjx) {
        v_rrr(x, P66(0xef), false, p->l, Y_A, Y_A, Y_U);
        return;
    }
    v_rrr(x, P66(0xdf), false, p->l, Y_A, Y_T, Y_A);
    v_rrr(x, P66(0xeb), false, p->l, Y_A, Y_A, Y_U);
}

static unsigned fused_code(unsigned op)
{
    static const uint8_t code[] = { 0xb8, 0xba, 0xbe, 0xbc };

    return code[(op - IRV_fmacc) % 4];
}

/* Y_A = what the names say of d, a and b. */
static void multiply_add(VecEmit *x, const Piece *p, unsigned b)
{
    const IRVec *v = x->v;
    bool accumulate = v->op <= IRV_fnmsac;

    operand(x, p, Y_A, accumulate ? v->d : v->a, Y_T);
    operand(x, p, Y_U, accumulate ? v->a : v->d, Y_T);
    v_rrr(x, P38(fused_code(v->op)), v->size == 3, p->l, Y_A, Y_U, b);
}

static void one_piece(VecEmit *x, const Piece *p, unsigned b)
{
    unsigned op = x->v->op, size = x->v->size;

    if (fused(op)) {
        multiply_add(x, p, b);
        canonical(x, p);
        return;
    }
    operand(x, p, Y_A, x->v->a, Y_T);
    switch (op) {
    case IRV_fadd:
        v_rrr(x, FP_OP(size, 0x58), false, p->l, Y_A, Y_A, b);
        break;
    case IRV_fsub:
        v_rrr(x, FP_OP(size, 0x5c), false, p->l, Y_A, Y_A, b);
        break;
    case IRV_frsub:
        v_rrr(x, FP_OP(size, 0x5c), false, p->l, Y_A, b, Y_A);
        break;
    case IRV_fmul:
        v_rrr(x, FP_OP(size, 0x59), false, p->l, Y_A, Y_A, b);
        break;
    case IRV_fdiv:
        v_rrr(x, FP_OP(size, 0x5e), false, p->l, Y_A, Y_A, b);
        break;
    case IRV_frdiv:
        v_rrr(x, FP_OP(size, 0x5e), false, p->l, Y_A, b, Y_A);
        break;
    case IRV_fsqrt:
        v_rrr(x, FP_OP(size, 0x51), false, p->l, Y_A, 0, Y_A);
        break;
    case IRV_fmin:
    case IRV_fmax:
        min_max(x, p, b);
        return;
    default:
        sign_injection(x, p, b);
        return;
    }
    canonical(x, p);
}

/* ---- Arithmetic without a mask: two pieces at a time, which share the question for NaNs ---- */

static bool is_arithmetic(unsigned op)
{
    return fused(op) || (op >= IRV_fadd && op <= IRV_fsqrt);
}

/* Where the result is then: d; or in place, where nobody will ask for the operands again. */
static unsigned compute(VecEmit *x, const Piece *p, unsigned d)
{
    static const uint8_t code[] = { 0x58, 0x5c, 0x5c, 0x59, 0x5e, 0x5e, 0x51 };
    const IRVec *v = x->v;
    bool wide = v->size == 3, accumulate = v->op <= IRV_fnmsac;
    unsigned b = Y_SCALAR, a;

    if (v->from == IRV_REG)
        b = v_source_any(x, p->l, Y_U, v->b + p->at);
    if (fused(v->op)) {
        v_load(x, p->l, d, (accumulate ? v->d : v->a) + p->at);
        a = v_source_any(x, p->l, Y_T, (accumulate ? v->a : v->d) + p->at);
        v_any(x, P38(fused_code(v->op)), wide, p->l, d, a, b);
        return d;
    }
    a = v_source_any(x, p->l, Y_T, v->a + p->at);
    d = v_target(x, p->l, d, v->d + p->at);
    if (v->op == IRV_fsqrt)
        v_any(x, FP_OP(v->size, 0x51), wide, p->l, d, 0, a);
    else if (v->op == IRV_frsub || v->op == IRV_frdiv)
        v_any(x, FP_OP(v->size, code[v->op - IRV_fadd]), wide, p->l, d, b, a);
    else
        v_any(x, FP_OP(v->size, code[v->op - IRV_fadd]), wide, p->l, d, a, b);
    return d;
}

/* Not equal: a or b has a NaN. */
static void test_nans(VecEmit *x, unsigned l, unsigned a, unsigned b)
{
    if (a < X86_REGS && b < X86_REGS) {
        compare(x, l, Y_T, a, b, UNORDERED);
        v_rrr(x, P38(0x17), false, l, Y_T, 0, Y_T); /* vptest */
        return;
    }
    v_any(x, FP_OP(x->v->size, 0xc2), x->v->size == 3, l, K1, a, b);
    asm_byte(x->a, UNORDERED);
    asm_vex_rr(x->a, X86_OP(0, MAP_0F, 0x98), false, K1, 0, K1); /* kortestw */
}

static void canonical_anywhere(VecEmit *x, unsigned l, unsigned reg)
{
    unsigned low = reg < X86_REGS ? reg : Y_MASK;

    asm_ymm(x->a, l, low, reg);
    make_canonical(x, l, low);
    asm_ymm(x->a, l, reg, low);
}

static void arithmetic(VecEmit *x)
{
    static const uint8_t scratch[] = { Y_A, Y_B };
    const IRVec *v = x->v;

    for (unsigned k = 0, count; k < x->n_pieces; k += count) {
        Piece p[2] = { vec_piece(x, k), vec_piece(x, MIN(k + 1, x->n_pieces - 1)) };
        unsigned result[2];

        count = k + 1 < x->n_pieces && p[0].l == p[1].l ? 2 : 1;
        for (unsigned n = 0; n < count; n++)
            result[n] = compute(x, &p[n], scratch[n]);
        test_nans(x, p->l, result[0], result[count - 1]);
        uint8_t *over = asm_jcc(x->a, CC_E);
        for (unsigned n = 0; n < count && fused(v->op); n++)
            body_if_nan_at(x, &p[n], &p[0]);
        for (unsigned n = 0; n < count; n++)
            canonical_anywhere(x, p->l, result[n]);
        asm_aim(x->a, over);
        for (unsigned n = 0; n < count; n++) {
            if (result[n] == scratch[n])
                v_store(x, p[n].l, v->d + p[n].at, scratch[n]);
        }
    }
}

void vec_float(VecEmit *x)
{
    if (x->v->from != IRV_REG && x->v->from != IRV_NONE)
        vec_splat(x, Y_SCALAR);
    if (!x->blend && is_arithmetic(x->v->op)) {
        arithmetic(x);
        return;
    }
    for (unsigned k = 0; k < x->n_pieces; k++) {
        Piece p = vec_begin(x, k);
        if (x->blend)
            vec_mask(x, &p);
        one_piece(x, &p, x->v->from == IRV_NONE ? Y_A : second(x, &p));
        vec_result(x, &p);
    }
    vec_end(x);
}

/* Equality is quiet, order is not; both as the guest's. */
void vec_float_compare(VecEmit *x, const Piece *p, unsigned b)
{
    static const uint8_t how[] = { 0, 4, 1, 2, 14, 13 }; /* EQ_OQ, NEQ_UQ, LT_OS, LE_OS, GT_OS, GE_OS */

    unsigned a = Y_A;

    if (x->blend) {
        operand(x, p, Y_A, x->v->a, Y_T);
        b = second(x, p);
    } else {
        a = v_source(x, p->l, Y_A, x->v->a + p->at);
    }
    compare(x, p->l, Y_A, a, b, how[x->v->op - IRV_feq]);
}

/* In the elements' order. */
void vec_float_reduce(VecEmit *x)
{
    const IRVec *v = x->v;
    bool wide = v->size == 3;
    unsigned prefix = wide ? 0xf2 : 0xf3;

    asm_vex_rm(x->a, X86_OP(prefix, MAP_0F, 0x10), false, Y_A, 0, ENV, (int32_t)v->b);
    for (unsigned n = 0; n < v->n; n++)
        asm_vex_rm(x->a, X86_OP(prefix, MAP_0F, 0x58), false, Y_A, Y_A, ENV,
                   (int32_t)(v->a + (n << v->size)));
    asm_vex_rr(x->a, X86_OP(wide ? 0x66 : 0, MAP_0F, 0x2e), false, Y_A, 0, Y_A);
    vec_to_body(x, CC_P);
    asm_vex_rm(x->a, X86_OP(prefix, MAP_0F, 0x11), false, Y_A, 0, ENV, (int32_t)v->d);
}
