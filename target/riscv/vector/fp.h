/*
 * Floating point on elements: what one element's operation is. The scalar operations of fpu/ do the
 * work: on the host's FPU where that is exact, else in integers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_FP_H
#define VIREO_TARGET_RISCV_VECTOR_FP_H

#include "target/riscv/fpu/ops.h"
#include "target/riscv/vector/fpkernels.h"
#include "target/riscv/vector/vec.h"

#define VEC_ALWAYS static inline __attribute__((always_inline, unused))

VEC_ALWAYS const FpFormat *vec_format(unsigned sew)
{
    return sew == 1 ? &fp_binary16 : sew == 2 ? &fp_binary32 : &fp_binary64;
}

VEC_ALWAYS uint64_t vec_box(unsigned sew, uint64_t v)
{
    return sew == 1 ? fp_box16(v) : sew == 2 ? fp_box32(v) : v;
}

/* A scalar operand: f register to element. */
VEC_ALWAYS uint64_t vec_unbox(unsigned sew, uint64_t v)
{
    return sew == 1 ? fp_unbox16(v) : sew == 2 ? fp_unbox32(v) : v;
}

/* The instruction with its rounding mode, as the scalar operations look for it. */
VEC_ALWAYS TCGOp vec_rounding(const TCGOp *op, unsigned rm)
{
    TCGOp v = *op;

    v.aux = (uint8_t)rm;
    return v;
}

#define VEC_FP_CALL_(name, ...)                                                             \
    do {                                                                                    \
        if (sew == 3 ? !fp_try_##name##64(__VA_ARGS__)                                      \
                     : sew == 1 || !fp_try_##name##32(__VA_ARGS__)) {                       \
            if (sew == 3)                                                                   \
                fp_exact_##name##64(__VA_ARGS__);                                           \
            else if (sew == 2)                                                              \
                fp_exact_##name##32(__VA_ARGS__);                                           \
            else                                                                            \
                fp_exact_##name##16(__VA_ARGS__);                                           \
        }                                                                                   \
    } while (0)

/* Boxed operands and result; v from vec_rounding(). sew and what are constants at every use. */
VEC_ALWAYS uint64_t vec_fp(CPURISCVState *env, const TCGOp *v, VecFp what, unsigned sew, uint64_t a,
                           uint64_t b, uint64_t c)
{
    uint64_t sign = 1ULL << ((8 << sew) - 1), d = 0;

    switch (what) {
    case VF_ADD:
        VEC_FP_CALL_(add, env, v, &d, &a, &b);
        return d;
    case VF_SUB:
        VEC_FP_CALL_(sub, env, v, &d, &a, &b);
        return d;
    case VF_RSUB:
        VEC_FP_CALL_(sub, env, v, &d, &b, &a);
        return d;
    case VF_MUL:
        VEC_FP_CALL_(mul, env, v, &d, &a, &b);
        return d;
    case VF_DIV:
        VEC_FP_CALL_(div, env, v, &d, &a, &b);
        return d;
    case VF_RDIV:
        VEC_FP_CALL_(div, env, v, &d, &b, &a);
        return d;
    case VF_SQRT:
        VEC_FP_CALL_(sqrt, env, v, &d, &a);
        return d;
    case VF_MIN:
        VEC_FP_CALL_(min, env, v, &d, &a, &b);
        return d;
    case VF_MAX:
        VEC_FP_CALL_(max, env, v, &d, &a, &b);
        return d;
    case VF_SGNJ:
        return (a & ~sign) | (b & sign);
    case VF_SGNJN:
        return (a & ~sign) | (~b & sign);
    case VF_SGNJX:
        return a ^ (b & sign);
    case VF_MADD:
        VEC_FP_CALL_(fmadd, env, v, &d, &a, &b, &c);
        return d;
    case VF_MSUB:
        VEC_FP_CALL_(fmsub, env, v, &d, &a, &b, &c);
        return d;
    case VF_NMADD:
        VEC_FP_CALL_(fnmadd, env, v, &d, &a, &b, &c);
        return d;
    case VF_NMSUB:
        VEC_FP_CALL_(fnmsub, env, v, &d, &a, &b, &c);
        return d;
    case VF_EQ:
        VEC_FP_CALL_(eq, env, v, &d, &a, &b);
        return d;
    case VF_NE:
        VEC_FP_CALL_(eq, env, v, &d, &a, &b);
        return !d;
    case VF_LT:
        VEC_FP_CALL_(lt, env, v, &d, &a, &b);
        return d;
    case VF_LE:
        VEC_FP_CALL_(le, env, v, &d, &a, &b);
        return d;
    case VF_GT:
        VEC_FP_CALL_(lt, env, v, &d, &b, &a);
        return d;
    case VF_GE:
        VEC_FP_CALL_(le, env, v, &d, &b, &a);
        return d;
    default:
        return 0;
    }
}

/* A boxed element of half the width; exact. */
VEC_ALWAYS uint64_t vec_widen(CPURISCVState *env, const TCGOp *v, unsigned sew, uint64_t a)
{
    uint64_t d = 0;

    if (sew == 1)
        fp_exact_widen16_32(env, v, &d, &a);
    else if (!fp_try_widen(env, v, &d, &a))
        fp_exact_widen(env, v, &d, &a);
    return d;
}

/* An element of a vector, boxed. */
VEC_ALWAYS uint64_t vec_fp_get(const void *base, unsigned sew, unsigned i)
{
    return vec_box(sew, vec_get(base, sew, i));
}

/* frm is valid (even where nothing rounds), and there is floating point of the width. */
static inline void vec_fp_check(CPURISCVState *env, const TCGOp *op, unsigned sew)
{
    vec_require(env, op, env->vcfg.vlmax && env->frm <= FP_RMM && (env->vcfg.fp >> sew & 1));
}

#endif
