/*
 * The way from an instruction to the integer arithmetic: which rounding mode, where flags go.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/fpu/ops.h"

/* The mode that an instruction asks for; a dynamic one is legal only if frm holds a mode. */
static FpEnv begin(CPURISCVState *env, const TCGOp *op)
{
    unsigned rm = op->aux == FP_DYN ? env->frm : op->aux;

    if (unlikely(rm > FP_RMM)) {
        env->tcg.cur = op;
        riscv_raise_illegal(env, op);
    }
    return (FpEnv){ .rm = rm };
}

uint64_t fp_slow_unary(CPURISCVState *env, const TCGOp *op, const FpFormat *f, FpUnary *fn,
                       uint64_t a)
{
    FpEnv e = begin(env, op);
    uint64_t r = fn(f, a, &e);
    env->fflags |= e.flags;
    return r;
}

uint64_t fp_slow_binary(CPURISCVState *env, const TCGOp *op, const FpFormat *f, FpBinary *fn,
                        uint64_t a, uint64_t b)
{
    FpEnv e = begin(env, op);
    uint64_t r = fn(f, a, b, &e);
    env->fflags |= e.flags;
    return r;
}

uint64_t fp_slow_fma(CPURISCVState *env, const TCGOp *op, const FpFormat *f, unsigned flips,
                     uint64_t a, uint64_t b, uint64_t c)
{
    FpEnv e = begin(env, op);
    uint64_t r = ieee_fma(f, a, b, c, flips, &e);
    env->fflags |= e.flags;
    return r;
}

uint64_t fp_slow_to_int(CPURISCVState *env, const TCGOp *op, const FpFormat *f, uint64_t a,
                        unsigned bits, bool is_signed)
{
    FpEnv e = begin(env, op);
    uint64_t r = ieee_to_int(f, a, bits, is_signed, &e);
    env->fflags |= e.flags;
    return r;
}

uint64_t fp_slow_from_int(CPURISCVState *env, const TCGOp *op, const FpFormat *f, uint64_t v,
                          bool is_signed)
{
    FpEnv e = begin(env, op);
    uint64_t r = is_signed ? ieee_from_i64(f, (int64_t)v, &e) : ieee_from_u64(f, v, &e);
    env->fflags |= e.flags;
    return r;
}

uint64_t fp_slow_convert(CPURISCVState *env, const TCGOp *op, const FpFormat *to,
                         const FpFormat *from, uint64_t a)
{
    FpEnv e = begin(env, op);
    uint64_t r = ieee_convert(to, from, a, &e);
    env->fflags |= e.flags;
    return r;
}

uint64_t fp_slow_min_max(CPURISCVState *env, const FpFormat *f, FpBinary *fn, uint64_t a,
                         uint64_t b)
{
    FpEnv e = { .rm = FP_RNE };
    uint64_t r = fn(f, a, b, &e);
    env->fflags |= e.flags;
    return r;
}

bool fp_slow_compare(CPURISCVState *env, const FpFormat *f, FpCompare *fn, uint64_t a, uint64_t b)
{
    FpEnv e = { .rm = FP_RNE };
    bool r = fn(f, a, b, &e);
    env->fflags |= e.flags;
    return r;
}
