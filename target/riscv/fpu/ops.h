/*
 * Floating-point operations as instruction bodies use them, in two forms. fp_try_X does the work on
 * the host's FPU and returns true, if result and flags are certain to be right that way; else it
 * has changed nothing that fp_exact_X, in integers, would not set as well. fp_exact_X always works.
 *
 * Operands and results are registers: 64-bit cells, narrow numbers NaN-boxed, 32-bit integers
 * sign-extended. The number in a name is the format's width. rm is the instruction's field (5 and 6
 * are refused by the decoder). fflags is kept; FS is the caller's. An exact operation that rounds raises
 * illegal instruction, with nothing changed, if the mode is dynamic and frm is reserved.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_FPU_OPS_H
#define VIREO_TARGET_RISCV_FPU_OPS_H

#include "target/riscv/fpu/fpu.h"
#include "target/riscv/fpu/host.h"

/* ---- NaN boxing ---- */

static inline uint64_t fp_box32(uint64_t v)
{
    return v | 0xffffffff00000000ULL;
}

static inline bool fp_boxed32(uint64_t v)
{
    return v >> 32 == 0xffffffff;
}

/* A narrow operand that is not NaN-boxed counts as the canonical NaN. */
static inline uint64_t fp_unbox32(uint64_t v)
{
    return likely(fp_boxed32(v)) ? (uint32_t)v : 0x7fc00000;
}

static inline uint64_t fp_box16(uint64_t v)
{
    return v | 0xffffffffffff0000ULL;
}

static inline uint64_t fp_unbox16(uint64_t v)
{
    return likely(v >> 16 == 0xffffffffffff) ? (uint16_t)v : 0x7e00;
}

static inline uint64_t fp_unbox_bf16(uint64_t v)
{
    return likely(v >> 16 == 0xffffffffffff) ? (uint16_t)v : 0x7fc0;
}

static inline uint64_t fp_box64(uint64_t v)
{
    return v;
}

static inline bool fp_boxed64(uint64_t v)
{
    return true;
}

static inline uint64_t fp_unbox64(uint64_t v)
{
    return v;
}

/* ---- In integers: exact.c ---- */

#define FP_EXACT1(name) \
    void fp_exact_##name(CPURISCVState *env, const TCGOp *op, uint64_t *d, const uint64_t *a);
#define FP_EXACT2(name)                                                                     \
    void fp_exact_##name(CPURISCVState *env, const TCGOp *op, uint64_t *d, const uint64_t *a, \
                         const uint64_t *b);
#define FP_EXACT3(name)                                                                     \
    void fp_exact_##name(CPURISCVState *env, const TCGOp *op, uint64_t *d, const uint64_t *a, \
                         const uint64_t *b, const uint64_t *c);
#define FP_EXACT_FORMAT(bits)                                                               \
    FP_EXACT2(add##bits) FP_EXACT2(sub##bits) FP_EXACT2(mul##bits) FP_EXACT2(div##bits)     \
    FP_EXACT1(sqrt##bits)                                                                   \
    FP_EXACT3(fmadd##bits) FP_EXACT3(fmsub##bits) FP_EXACT3(fnmadd##bits)                   \
    FP_EXACT3(fnmsub##bits)                                                                 \
    FP_EXACT2(min##bits) FP_EXACT2(max##bits)                                               \
    FP_EXACT2(eq##bits) FP_EXACT2(lt##bits) FP_EXACT2(le##bits)                             \
    FP_EXACT1(to_i32_##bits) FP_EXACT1(to_u32_##bits) FP_EXACT1(to_i64_##bits)              \
    FP_EXACT1(to_u64_##bits)                                                                \
    FP_EXACT1(from_i32_##bits) FP_EXACT1(from_u32_##bits) FP_EXACT1(from_i64_##bits)        \
    FP_EXACT1(from_u64_##bits)
FP_EXACT_FORMAT(32)
FP_EXACT_FORMAT(64)
FP_EXACT_FORMAT(16)
FP_EXACT1(widen)
FP_EXACT1(narrow)
#define FP_EXACT_ZFA(bits)                                                                  \
    FP_EXACT2(minm##bits) FP_EXACT2(maxm##bits) FP_EXACT2(ltq##bits) FP_EXACT2(leq##bits)   \
    FP_EXACT1(round##bits) FP_EXACT1(roundnx##bits)
FP_EXACT_ZFA(16)
FP_EXACT_ZFA(32)
FP_EXACT_ZFA(64)
FP_EXACT1(to_i32_mod)
FP_EXACT1(widenbf16_32) FP_EXACT1(narrow32_bf16)
FP_EXACT1(widen16_32) FP_EXACT1(widen16_64) FP_EXACT1(narrow32_16) FP_EXACT1(narrow64_16)

/* ---- On the host ---- */

#if FP_HOST
#define FP_LIVE(env) (((env)->fp_fast >> FP_ANY) & 1)
#define FP_MODE(env, op) likely(((env)->fp_fast >> (op)->aux) & 1)
#define FP_MODE_FMA(env, op) likely(((env)->fp_fast_fma >> (op)->aux) & 1)
#define FP_IF_HOST(...) __VA_ARGS__
#else
#define FP_IF_HOST(...) return false;
#endif

#define FP_TRY1_(name, ...)                                                                 \
    static inline bool fp_try_##name(CPURISCVState *env, const TCGOp *op, uint64_t *d,      \
                                     const uint64_t *a)                                     \
    {                                                                                       \
        FP_IF_HOST(__VA_ARGS__)                                                             \
    }
#define FP_TRY2_(name, ...)                                                                 \
    static inline bool fp_try_##name(CPURISCVState *env, const TCGOp *op, uint64_t *d,      \
                                     const uint64_t *a, const uint64_t *b)                  \
    {                                                                                       \
        FP_IF_HOST(__VA_ARGS__)                                                             \
    }
#define FP_TRY3_(name, ...)                                                                 \
    static inline bool fp_try_##name(CPURISCVState *env, const TCGOp *op, uint64_t *d,      \
                                     const uint64_t *a, const uint64_t *b, const uint64_t *c) \
    {                                                                                       \
        FP_IF_HOST(__VA_ARGS__)                                                             \
    }

/* The host's NaNs are not the canonical one, and for infinity times zero plus a quiet NaN it does
 * not raise invalid: every NaN result is made anew. */
#define FP_RESULT_(bits, r)                                                                 \
    if (unlikely((r) != (r)))                                                               \
        return false;                                                                       \
    host_store##bits(d, r);                                                                 \
    return true;

#define FP_TRY_BINARY_(name, bits, type)                                                    \
    FP_TRY2_(name##bits,                                                                    \
        if (!FP_MODE(env, op) || unlikely(!fp_boxed##bits(*a) || !fp_boxed##bits(*b)))      \
            return false;                                                                   \
        type r = host_##name##bits(host_load##bits(a), host_load##bits(b));                 \
        FP_RESULT_(bits, r))

#define FP_TRY_FMA_(name, bits, type)                                                       \
    FP_TRY3_(name##bits,                                                                    \
        if (!FP_MODE_FMA(env, op) ||                                                        \
            unlikely(!fp_boxed##bits(*a) || !fp_boxed##bits(*b) || !fp_boxed##bits(*c)))    \
            return false;                                                                   \
        type r = host_##name##bits(host_load##bits(a), host_load##bits(b),                  \
                                   host_load##bits(c));                                     \
        FP_RESULT_(bits, r))

/* Equal operands (zeros of both signs) and NaNs are left to the integers. */
#define FP_TRY_MIN_MAX_(name, bits, type, less, greater)                                    \
    FP_TRY2_(name##bits,                                                                    \
        if (!FP_LIVE(env) || unlikely(!fp_boxed##bits(*a) || !fp_boxed##bits(*b)))          \
            return false;                                                                   \
        type x = host_load##bits(a), y = host_load##bits(b);                                \
        bool below = host_gt_quiet##bits(y, x);                                             \
        if (!below && !host_gt_quiet##bits(x, y))                                           \
            return false;                                                                   \
        *d = below ? *less : *greater;                                                      \
        return true;)

#define FP_TRY_COMPARE_(name, bits, type, result)                                           \
    FP_TRY2_(name##bits,                                                                    \
        if (!FP_LIVE(env) || unlikely(!fp_boxed##bits(*a) || !fp_boxed##bits(*b)))          \
            return false;                                                                   \
        type x = host_load##bits(a), y = host_load##bits(b);                                \
        *d = result;                                                                        \
        return true;)

/*
 * To integers: for operands that no rounding takes out of range, so that the only flag is inexact.
 * In a mode that the host is not set to, truncate (which is inexact exactly where rounding is) and
 * correct: what truncation took off is computed exactly.
 */
#define FP_TO_INT_HELPER_(bits, type)                                                       \
    static inline int64_t fp_round_off_##bits(type x, unsigned rm)                          \
    {                                                                                       \
        int64_t v = host_trunc_i64_##bits(x);                                               \
        type rest = x - (type)v;                                                            \
        if (rest == 0)                                                                      \
            return v;                                                                       \
        switch (rm) {                                                                       \
        case FP_RDN:                                                                        \
            return v - (rest < 0);                                                          \
        case FP_RUP:                                                                        \
            return v + (rest > 0);                                                          \
        case FP_RNE:                                                                        \
            return rest > (type)0.5 || (rest == (type)0.5 && (v & 1)) ? v + 1               \
                   : rest < (type)-0.5 || (rest == (type)-0.5 && (v & 1)) ? v - 1 : v;      \
        case FP_RMM:                                                                        \
            return rest >= (type)0.5 ? v + 1 : rest <= (type)-0.5 ? v - 1 : v;              \
        default:                                                                            \
            return v;                                                                       \
        }                                                                                   \
    }

#define FP_TRY_TO_INT_(name, bits, ibits, type, in_range)                                   \
    FP_TRY1_(name##_##bits,                                                                 \
        uint64_t v = *a;                                                                    \
        unsigned rm = op->aux;                                                              \
        if (unlikely(!fp_boxed##bits(v) || !(in_range) || !FP_LIVE(env)))                   \
            return false;                                                                   \
        int64_t r;                                                                          \
        if (rm == FP_RTZ)                                                                   \
            r = host_trunc_i64_##bits(host_load##bits(a));                                  \
        else if (FP_MODE(env, op))                                                          \
            r = host_to_i64_##bits(host_load##bits(a));                                     \
        else if (rm <= FP_RMM)                                                              \
            r = fp_round_off_##bits(host_load##bits(a), rm);                                \
        else                                                                                \
            return false;                                                                   \
        *d = (uint64_t)(int64_t)(int##ibits##_t)r;                                          \
        return true;)

/* Operands (boxed, as v) that stay in range however they are rounded. Unsigned ones go by way of a
 * signed integer of 64 bits. */
#define FP_IN_I32_32 ((v & 0x7fffffff) < 0x4f000000)                /* below 2^31 */
#define FP_IN_I32_64 ((v & ~(1ULL << 63)) <= 0x41dfffffffc00000)    /* to 2^31 - 1 */
#define FP_IN_U32_32 ((uint32_t)v < 0x4f800000)                     /* from +0, below 2^32 */
#define FP_IN_U32_64 (v <= 0x41efffffffe00000)                      /* to 2^32 - 1 */
#define FP_IN_I64_32 ((v & 0x7fffffff) < 0x5f000000)                /* below 2^63 */
#define FP_IN_I64_64 ((v & ~(1ULL << 63)) < 0x43e0000000000000)
#define FP_IN_U64_32 ((uint32_t)v < 0x5f000000)
#define FP_IN_U64_64 (v < 0x43e0000000000000)

/* From integers: in any mode that exists if the result is exact, else in the host's. */
#define FP_TRY_FROM_INT_(name, bits, type, itype, hosttype, fits, exact)                    \
    FP_TRY1_(name##_##bits,                                                                 \
        itype v = (itype)*a;                                                                \
        if (!(fits) || !(FP_MODE(env, op) || (FP_LIVE(env) && op->aux <= FP_RMM && (exact)))) \
            return false;                                                                   \
        type r = host_from_##hosttype##_##bits(v);                                          \
        host_store##bits(d, r);                                                             \
        return true;)

#define FP_TRY_FORMAT_(bits, type, precision)                                               \
    FP_TRY_BINARY_(add, bits, type)                                                         \
    FP_TRY_BINARY_(sub, bits, type)                                                         \
    FP_TRY_BINARY_(mul, bits, type)                                                         \
    FP_TRY_BINARY_(div, bits, type)                                                         \
    FP_TRY1_(sqrt##bits,                                                                    \
        if (!FP_MODE(env, op) || unlikely(!fp_boxed##bits(*a)))                             \
            return false;                                                                   \
        type r = host_sqrt##bits(host_load##bits(a));                                       \
        FP_RESULT_(bits, r))                                                                \
    FP_TRY_FMA_(fmadd, bits, type)                                                          \
    FP_TRY_FMA_(fmsub, bits, type)                                                          \
    FP_TRY_FMA_(fnmsub, bits, type)                                                         \
    FP_TRY_FMA_(fnmadd, bits, type)                                                         \
    FP_TRY_MIN_MAX_(min, bits, type, a, b)                                                  \
    FP_TRY_MIN_MAX_(max, bits, type, b, a)                                                  \
    FP_TRY_COMPARE_(eq, bits, type, host_ge_quiet##bits(x, y) && host_ge_quiet##bits(y, x)) \
    FP_TRY_COMPARE_(lt, bits, type, host_gt##bits(y, x))                                    \
    FP_TRY_COMPARE_(le, bits, type, host_ge##bits(y, x))                                    \
    FP_IF_HOST_ONLY_(FP_TO_INT_HELPER_(bits, type))                                         \
    FP_TRY_TO_INT_(to_i32, bits, 32, type, FP_IN_I32_##bits)                                \
    FP_TRY_TO_INT_(to_i64, bits, 64, type, FP_IN_I64_##bits)                                \
    FP_TRY_TO_INT_(to_u32, bits, 32, type, FP_IN_U32_##bits)                                \
    FP_TRY_TO_INT_(to_u64, bits, 64, type, FP_IN_U64_##bits)                                \
    FP_TRY_FROM_INT_(from_i32, bits, type, int32_t, i32, true,                              \
                     precision > 32 || (v >= -(1 << 24) && v <= 1 << 24))                   \
    FP_TRY_FROM_INT_(from_u32, bits, type, uint32_t, i64, true,                             \
                     precision > 32 || v <= 1 << 24)                                        \
    FP_TRY_FROM_INT_(from_i64, bits, type, int64_t, i64, true,                              \
                     v >= -(1LL << precision) && v <= 1LL << precision)                     \
    FP_TRY_FROM_INT_(from_u64, bits, type, uint64_t, i64, (int64_t)v >= 0,                  \
                     v <= 1ULL << precision)

#if FP_HOST
#define FP_IF_HOST_ONLY_(...) __VA_ARGS__
#else
#define FP_IF_HOST_ONLY_(...)
#endif

FP_TRY_FORMAT_(32, float, 24)
FP_TRY_FORMAT_(64, double, 53)

FP_TRY1_(widen,
    if (!FP_MODE(env, op) || unlikely(!fp_boxed32(*a)))
        return false;
    double r = host_widen(host_load32(a));
    FP_RESULT_(64, r))

FP_TRY1_(narrow,
    if (!FP_MODE(env, op))
        return false;
    float r = host_narrow(host_load64(a));
    FP_RESULT_(32, r))

#endif
