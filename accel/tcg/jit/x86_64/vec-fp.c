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

enum { UNORDERED = 3 };

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

/* Y_A's NaNs become the canonical one. An addend that is a NaN: the host does not raise NV for infinity
 * times zero then. */
static void canonical(VecEmit *x, const Piece *p)
{
    const IRVec *v = x->v;
    uint64_t nan = v->size == 3 ? 0x7ff8000000000000 : 0x7fc000007fc00000;
    uint8_t *over;

    compare(x, p->l, Y_T, Y_A, Y_A, UNORDERED);
    v_rrr(x, P38(0x17), false, p->l, Y_T, 0, Y_T); /* vptest */
    over = asm_jcc(x->a, CC_E);
    if (fused(v->op)) {
        operand(x, p, Y_U, v->op <= IRV_fnmsac ? v->d : v->a, Y_B);
        compare(x, p->l, Y_U, Y_U, Y_U, UNORDERED);
        v_rrr(x, P38(0x17), false, p->l, Y_U, 0, Y_U);
        vec_to_body_from(x, p, CC_NE);
    }
    vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), p->l, Y_U, 0, nan);
    v_blend(x, p->l, Y_A, Y_A, Y_U, Y_T);
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

/* Y_A = what the names say of d, a and b. */
static void multiply_add(VecEmit *x, const Piece *p, unsigned b)
{
    static const uint8_t code[] = { 0xb8, 0xba, 0xbe, 0xbc, 0xb8, 0xba, 0xbe, 0xbc };
    const IRVec *v = x->v;
    bool accumulate = v->op <= IRV_fnmsac;

    operand(x, p, Y_A, accumulate ? v->d : v->a, Y_T);
    operand(x, p, Y_U, accumulate ? v->a : v->d, Y_T);
    v_rrr(x, P38(code[v->op - IRV_fmacc]), v->size == 3, p->l, Y_A, Y_U, b);
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

void vec_float(VecEmit *x)
{
    if (x->v->from != IRV_REG && x->v->from != IRV_NONE)
        vec_splat(x, Y_SCALAR);
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

    operand(x, p, Y_A, x->v->a, Y_T);
    if (x->blend)
        b = second(x, p);
    compare(x, p->l, Y_A, Y_A, b, how[x->v->op - IRV_feq]);
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
