/*
 * Floating-point operations as instruction bodies use them: on the host's FPU where its result and
 * flags are exactly right, in integers elsewhere. fflags is kept; FS is the caller's.
 *
 * Operands and results are bits in the low part of a uint64_t; the number in a name is the format's
 * width. op->aux is the rm field (5 and 6 are refused by the decoder). An operation that rounds
 * raises illegal instruction, with nothing changed, if the mode is dynamic and frm is reserved.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_FPU_OPS_H
#define VIREO_TARGET_RISCV_FPU_OPS_H

#include "target/riscv/fpu/fpu.h"
#include "target/riscv/fpu/host.h"

/* Through integers, with the rounding mode of op and flags into env. */
typedef uint64_t FpUnary(const FpFormat *f, uint64_t a, FpEnv *e);
typedef uint64_t FpBinary(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
uint64_t fp_slow_unary(CPURISCVState *env, const TCGOp *op, const FpFormat *f, FpUnary *fn,
                       uint64_t a);
uint64_t fp_slow_binary(CPURISCVState *env, const TCGOp *op, const FpFormat *f, FpBinary *fn,
                        uint64_t a, uint64_t b);
uint64_t fp_slow_fma(CPURISCVState *env, const TCGOp *op, const FpFormat *f, unsigned flips,
                     uint64_t a, uint64_t b, uint64_t c);
uint64_t fp_slow_to_int(CPURISCVState *env, const TCGOp *op, const FpFormat *f, uint64_t a,
                        unsigned bits, bool is_signed);
uint64_t fp_slow_from_int(CPURISCVState *env, const TCGOp *op, const FpFormat *f, uint64_t v,
                          bool is_signed);
uint64_t fp_slow_convert(CPURISCVState *env, const TCGOp *op, const FpFormat *to,
                         const FpFormat *from, uint64_t a);

/* What does not round has no use for op. */
typedef bool FpCompare(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
uint64_t fp_slow_min_max(CPURISCVState *env, const FpFormat *f, FpBinary *fn, uint64_t a,
                         uint64_t b);
bool fp_slow_compare(CPURISCVState *env, const FpFormat *f, FpCompare *fn, uint64_t a, uint64_t b);

static inline uint64_t fp_box32(uint64_t v)
{
    return v | 0xffffffff00000000ULL;
}

/* A narrow operand that is not NaN-boxed counts as the canonical NaN. */
static inline uint64_t fp_unbox32(uint64_t v)
{
    return likely(v >> 32 == 0xffffffff) ? (uint32_t)v : 0x7fc00000;
}

static inline uint64_t fp_box64(uint64_t v)
{
    return v;
}

static inline uint64_t fp_unbox64(uint64_t v)
{
    return v;
}

#if FP_HOST
#define FP_ON_HOST_(mask, rm) likely(((mask) >> (rm)) & 1)
#define FP_IF_HOST_(...) __VA_ARGS__
#else
#define FP_IF_HOST_(...)
#endif

#define FP_BINARY_(name, bits, type)                                                        \
    static inline uint64_t fp_##name##bits(CPURISCVState *env, const TCGOp *op, uint64_t a, \
                                           uint64_t b)                                      \
    {                                                                                       \
        FP_IF_HOST_(if (FP_ON_HOST_(env->fp_fast, op->aux)) {                               \
            type r = host_##name##bits(FP_TO_##bits(a), FP_TO_##bits(b));                   \
            if (likely(r == r))                                                             \
                return FP_BITS_##bits(r);                                                   \
        })                                                                                  \
        return fp_slow_binary(env, op, &fp_binary##bits, ieee_##name, a, b);                \
    }

#define FP_FMA_(name, bits, type, flips)                                                    \
    static inline uint64_t fp_##name##bits(CPURISCVState *env, const TCGOp *op, uint64_t a, \
                                           uint64_t b, uint64_t c)                          \
    {                                                                                       \
        FP_IF_HOST_(if (FP_ON_HOST_(env->fp_fast_fma, op->aux)) {                           \
            type r = host_##name##bits(FP_TO_##bits(a), FP_TO_##bits(b), FP_TO_##bits(c));  \
            if (likely(r == r))                                                             \
                return FP_BITS_##bits(r);                                                   \
        })                                                                                  \
        return fp_slow_fma(env, op, &fp_binary##bits, flips, a, b, c);                      \
    }

/* Equal operands (zeros of both signs) and NaNs are left to the integers. */
#define FP_MIN_MAX_(name, bits, less, greater)                                              \
    static inline uint64_t fp_##name##bits(CPURISCVState *env, uint64_t a, uint64_t b)      \
    {                                                                                       \
        FP_IF_HOST_(if (FP_ON_HOST_(env->fp_fast, FP_ANY)) {                                \
            if (host_gt_quiet##bits(FP_TO_##bits(b), FP_TO_##bits(a)))                      \
                return less;                                                                \
            if (host_gt_quiet##bits(FP_TO_##bits(a), FP_TO_##bits(b)))                      \
                return greater;                                                             \
        })                                                                                  \
        return fp_slow_min_max(env, &fp_binary##bits, ieee_##name, a, b);                   \
    }

#define FP_COMPARE_(name, bits, on_host)                                                    \
    static inline bool fp_##name##bits(CPURISCVState *env, uint64_t a, uint64_t b)          \
    {                                                                                       \
        FP_IF_HOST_(if (FP_ON_HOST_(env->fp_fast, FP_ANY)) return on_host;)                 \
        return fp_slow_compare(env, &fp_binary##bits, ieee_##name, a, b);                   \
    }

/*
 * To signed integers the host says INT_MIN for whatever it cannot represent (and for INT_MIN), with
 * invalid as the only flag. Truncation needs no rounding mode.
 */
#define FP_TO_SIGNED_(bits, ibits)                                                          \
    static inline uint64_t fp_to_i##ibits##_##bits(CPURISCVState *env, const TCGOp *op,     \
                                                   uint64_t a)                              \
    {                                                                                       \
        FP_IF_HOST_(if (FP_ON_HOST_(env->fp_fast, op->aux == FP_RTZ ? FP_ANY : op->aux)) {  \
            int##ibits##_t r = op->aux == FP_RTZ ? host_trunc_i##ibits##_##bits(FP_TO_##bits(a)) \
                                                 : host_to_i##ibits##_##bits(FP_TO_##bits(a));   \
            if (likely(r != INT##ibits##_MIN))                                              \
                return (uint64_t)(int64_t)r;                                                \
        })                                                                                  \
        return fp_slow_to_int(env, op, &fp_binary##bits, a, ibits, true);                   \
    }

/* To unsigned integers by way of a signed one of 64 bits, for operands from +0 to `limit`, which no
 * rounding takes out of range. 32-bit results are sign-extended, as registers hold them. */
#define FP_TO_UNSIGNED_(bits, ibits, limit)                                                 \
    static inline uint64_t fp_to_u##ibits##_##bits(CPURISCVState *env, const TCGOp *op,     \
                                                   uint64_t a)                              \
    {                                                                                       \
        FP_IF_HOST_(if (a <= (limit) &&                                                     \
                        FP_ON_HOST_(env->fp_fast, op->aux == FP_RTZ ? FP_ANY : op->aux)) {  \
            int64_t r = op->aux == FP_RTZ ? host_trunc_i64_##bits(FP_TO_##bits(a))          \
                                          : host_to_i64_##bits(FP_TO_##bits(a));            \
            return (uint64_t)(int64_t)(int##ibits##_t)r;                                    \
        })                                                                                  \
        return (uint64_t)(int64_t)(int##ibits##_t)fp_slow_to_int(env, op, &fp_binary##bits, \
                                                                 a, ibits, false);          \
    }

#define FP_FROM_INT_(name, bits, itype, hosttype, is_signed, fits)                          \
    static inline uint64_t fp_from_##name##_##bits(CPURISCVState *env, const TCGOp *op,     \
                                                   uint64_t x)                              \
    {                                                                                       \
        itype v = (itype)x;                                                                 \
        FP_IF_HOST_(if ((fits) && FP_ON_HOST_(env->fp_fast, op->aux))                       \
            return FP_BITS_##bits(host_from_##hosttype##_##bits(v));)                       \
        return fp_slow_from_int(env, op, &fp_binary##bits, (uint64_t)v, is_signed);         \
    }

#define FP_TO_32(v) bits_to_f32((uint32_t)(v))
#define FP_TO_64(v) bits_to_f64(v)
#define FP_BITS_32(f) f32_to_bits(f)
#define FP_BITS_64(d) f64_to_bits(d)

#define FP_OPERATIONS_(bits, type, u32_limit, u64_limit)                                    \
    FP_BINARY_(add, bits, type)                                                             \
    FP_BINARY_(sub, bits, type)                                                             \
    FP_BINARY_(mul, bits, type)                                                             \
    FP_BINARY_(div, bits, type)                                                             \
    static inline uint64_t fp_sqrt##bits(CPURISCVState *env, const TCGOp *op, uint64_t a)   \
    {                                                                                       \
        FP_IF_HOST_(if (FP_ON_HOST_(env->fp_fast, op->aux)) {                               \
            type r = host_sqrt##bits(FP_TO_##bits(a));                                      \
            if (likely(r == r))                                                             \
                return FP_BITS_##bits(r);                                                   \
        })                                                                                  \
        return fp_slow_unary(env, op, &fp_binary##bits, ieee_sqrt, a);                      \
    }                                                                                       \
    FP_FMA_(fmadd, bits, type, 0)                                                           \
    FP_FMA_(fmsub, bits, type, FMA_NEG_ADDEND)                                              \
    FP_FMA_(fnmsub, bits, type, FMA_NEG_PRODUCT)                                            \
    FP_FMA_(fnmadd, bits, type, FMA_NEG_PRODUCT | FMA_NEG_ADDEND)                           \
    FP_MIN_MAX_(min, bits, a, b)                                                            \
    FP_MIN_MAX_(max, bits, b, a)                                                            \
    FP_COMPARE_(eq, bits, host_ge_quiet##bits(FP_TO_##bits(a), FP_TO_##bits(b)) &&          \
                          host_ge_quiet##bits(FP_TO_##bits(b), FP_TO_##bits(a)))            \
    FP_COMPARE_(lt, bits, host_gt##bits(FP_TO_##bits(b), FP_TO_##bits(a)))                  \
    FP_COMPARE_(le, bits, host_ge##bits(FP_TO_##bits(b), FP_TO_##bits(a)))                  \
    FP_TO_SIGNED_(bits, 32)                                                                 \
    FP_TO_SIGNED_(bits, 64)                                                                 \
    FP_TO_UNSIGNED_(bits, 32, u32_limit)                                                    \
    FP_TO_UNSIGNED_(bits, 64, u64_limit)                                                    \
    FP_FROM_INT_(i32, bits, int32_t, i32, true, true)                                       \
    FP_FROM_INT_(i64, bits, int64_t, i64, true, true)                                       \
    FP_FROM_INT_(u32, bits, uint32_t, i64, false, true)                                     \
    FP_FROM_INT_(u64, bits, uint64_t, i64, false, (int64_t)v >= 0)

/* The limits: the largest numbers not above 2^32 - 1 and below 2^63. */
FP_OPERATIONS_(32, float, 0x4f7fffff, 0x5effffff)
FP_OPERATIONS_(64, double, 0x41efffffffe00000, 0x43dfffffffffffff)

static inline uint64_t fp_widen(CPURISCVState *env, const TCGOp *op, uint64_t a)
{
    FP_IF_HOST_(if (FP_ON_HOST_(env->fp_fast, op->aux)) {
        double r = host_widen(FP_TO_32(a));
        if (likely(r == r))
            return f64_to_bits(r);
    })
    return fp_slow_convert(env, op, &fp_binary64, &fp_binary32, a);
}

static inline uint64_t fp_narrow(CPURISCVState *env, const TCGOp *op, uint64_t a)
{
    FP_IF_HOST_(if (FP_ON_HOST_(env->fp_fast, op->aux)) {
        float r = host_narrow(bits_to_f64(a));
        if (likely(r == r))
            return f32_to_bits(r);
    })
    return fp_slow_convert(env, op, &fp_binary32, &fp_binary64, a);
}

#endif
