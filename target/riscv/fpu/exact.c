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

#define EXACT(name, args, start, result)                                                    \
    void fp_exact_##name args                                                               \
    {                                                                                       \
        FpEnv e = start;                                                                    \
        uint64_t r = result;                                                                \
        env->fflags |= (uint8_t)e.flags;                                                    \
        *d = r;                                                                             \
    }
#define ARGS1 (CPURISCVState *env, const TCGOp *op, uint64_t *d, const uint64_t *a)
#define ARGS2 \
    (CPURISCVState *env, const TCGOp *op, uint64_t *d, const uint64_t *a, const uint64_t *b)
#define ARGS3                                                                               \
    (CPURISCVState *env, const TCGOp *op, uint64_t *d, const uint64_t *a, const uint64_t *b, \
     const uint64_t *c)
#define ROUNDS begin(env, op)
#define NEVER_ROUNDS { .rm = FP_RNE }
#define F(bits) &fp_binary##bits
#define A(bits) fp_unbox##bits(*a)
#define B(bits) fp_unbox##bits(*b)
#define C(bits) fp_unbox##bits(*c)
#define SEXT32(v) (uint64_t)(int64_t)(int32_t)(v)

#define EXACT_FORMAT(bits)                                                                  \
    EXACT(add##bits, ARGS2, ROUNDS, fp_box##bits(ieee_add(F(bits), A(bits), B(bits), &e)))  \
    EXACT(sub##bits, ARGS2, ROUNDS, fp_box##bits(ieee_sub(F(bits), A(bits), B(bits), &e)))  \
    EXACT(mul##bits, ARGS2, ROUNDS, fp_box##bits(ieee_mul(F(bits), A(bits), B(bits), &e)))  \
    EXACT(div##bits, ARGS2, ROUNDS, fp_box##bits(ieee_div(F(bits), A(bits), B(bits), &e)))  \
    EXACT(sqrt##bits, ARGS1, ROUNDS, fp_box##bits(ieee_sqrt(F(bits), A(bits), &e)))         \
    EXACT(fmadd##bits, ARGS3, ROUNDS,                                                       \
          fp_box##bits(ieee_fma(F(bits), A(bits), B(bits), C(bits), 0, &e)))                \
    EXACT(fmsub##bits, ARGS3, ROUNDS,                                                       \
          fp_box##bits(ieee_fma(F(bits), A(bits), B(bits), C(bits), FMA_NEG_ADDEND, &e)))   \
    EXACT(fnmsub##bits, ARGS3, ROUNDS,                                                      \
          fp_box##bits(ieee_fma(F(bits), A(bits), B(bits), C(bits), FMA_NEG_PRODUCT, &e)))  \
    EXACT(fnmadd##bits, ARGS3, ROUNDS,                                                      \
          fp_box##bits(ieee_fma(F(bits), A(bits), B(bits), C(bits),                         \
                                FMA_NEG_PRODUCT | FMA_NEG_ADDEND, &e)))                     \
    EXACT(min##bits, ARGS2, NEVER_ROUNDS,                                                   \
          fp_box##bits(ieee_min(F(bits), A(bits), B(bits), &e)))                            \
    EXACT(max##bits, ARGS2, NEVER_ROUNDS,                                                   \
          fp_box##bits(ieee_max(F(bits), A(bits), B(bits), &e)))                            \
    EXACT(eq##bits, ARGS2, NEVER_ROUNDS, ieee_eq(F(bits), A(bits), B(bits), &e))            \
    EXACT(lt##bits, ARGS2, NEVER_ROUNDS, ieee_lt(F(bits), A(bits), B(bits), &e))            \
    EXACT(le##bits, ARGS2, NEVER_ROUNDS, ieee_le(F(bits), A(bits), B(bits), &e))            \
    EXACT(to_i32_##bits, ARGS1, ROUNDS, ieee_to_int(F(bits), A(bits), 32, true, &e))        \
    EXACT(to_u32_##bits, ARGS1, ROUNDS,                                                     \
          SEXT32(ieee_to_int(F(bits), A(bits), 32, false, &e)))                             \
    EXACT(to_i64_##bits, ARGS1, ROUNDS, ieee_to_int(F(bits), A(bits), 64, true, &e))        \
    EXACT(to_u64_##bits, ARGS1, ROUNDS, ieee_to_int(F(bits), A(bits), 64, false, &e))       \
    EXACT(from_i32_##bits, ARGS1, ROUNDS, fp_box##bits(ieee_from_i64(F(bits), (int32_t)*a, &e))) \
    EXACT(from_u32_##bits, ARGS1, ROUNDS,                                                   \
          fp_box##bits(ieee_from_u64(F(bits), (uint32_t)*a, &e)))                           \
    EXACT(from_i64_##bits, ARGS1, ROUNDS, fp_box##bits(ieee_from_i64(F(bits), (int64_t)*a, &e))) \
    EXACT(from_u64_##bits, ARGS1, ROUNDS, fp_box##bits(ieee_from_u64(F(bits), *a, &e)))

#define EXACT_ZFA(bits)                                                                     \
    EXACT(minm##bits, ARGS2, NEVER_ROUNDS,                                                  \
          fp_box##bits(ieee_minm(F(bits), A(bits), B(bits), &e)))                           \
    EXACT(maxm##bits, ARGS2, NEVER_ROUNDS,                                                  \
          fp_box##bits(ieee_maxm(F(bits), A(bits), B(bits), &e)))                           \
    EXACT(ltq##bits, ARGS2, NEVER_ROUNDS, ieee_ltq(F(bits), A(bits), B(bits), &e))          \
    EXACT(leq##bits, ARGS2, NEVER_ROUNDS, ieee_leq(F(bits), A(bits), B(bits), &e))          \
    EXACT(round##bits, ARGS1, ROUNDS, fp_box##bits(ieee_round(F(bits), A(bits), false, &e))) \
    EXACT(roundnx##bits, ARGS1, ROUNDS, fp_box##bits(ieee_round(F(bits), A(bits), true, &e)))

EXACT_FORMAT(16)
EXACT_ZFA(16)
EXACT_FORMAT(32)
EXACT_ZFA(32)
EXACT_ZFA(64)
EXACT(to_i32_mod, ARGS1, NEVER_ROUNDS, ieee_to_i32_mod(F(64), A(64), &e))
EXACT_FORMAT(64)
EXACT(widen, ARGS1, ROUNDS, ieee_convert(F(64), F(32), A(32), &e))
EXACT(narrow, ARGS1, ROUNDS, fp_box32(ieee_convert(F(32), F(64), *a, &e)))
EXACT(widenbf16_32, ARGS1, ROUNDS,
      fp_box32(ieee_convert(F(32), &fp_bf16, fp_unbox_bf16(*a), &e)))
EXACT(narrow32_bf16, ARGS1, ROUNDS, fp_box16(ieee_convert(&fp_bf16, F(32), A(32), &e)))
EXACT(widen16_32, ARGS1, ROUNDS, fp_box32(ieee_convert(F(32), F(16), A(16), &e)))
EXACT(widen16_64, ARGS1, ROUNDS, ieee_convert(F(64), F(16), A(16), &e))
EXACT(narrow32_16, ARGS1, ROUNDS, fp_box16(ieee_convert(F(16), F(32), A(32), &e)))
EXACT(narrow64_16, ARGS1, ROUNDS, fp_box16(ieee_convert(F(16), F(64), *a, &e)))
