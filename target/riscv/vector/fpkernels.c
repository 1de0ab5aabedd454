/*
 * Floating-point loops for x86-64 hosts with AVX2 and FMA.
 *
 * Every operation that may raise a flag is volatile assembly, for the reasons that fpu/host.h gives. Behind
 * the last element 1 is put, for which no operation raises one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/fpkernels.h"

#include <stdint.h>
#include <string.h>

#include "target/riscv/fpu/host.h"

#if FP_HOST && defined(__x86_64__)
#include <immintrin.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#define ALWAYS static inline __attribute__((always_inline))

/* Ones in the lowest n of 8 lanes of 32 bits. */
ALWAYS __m256i lanes(size_t n)
{
    static const int32_t table[16] = { -1, -1, -1, -1, -1, -1, -1, -1 };

    return _mm256_loadu_si256((const __m256i *)(table + 8 - n));
}

/* n of the elements at p, 1 in the others' place; n in lanes of 32 bits. */
ALWAYS __m256 part_ps(const void *p, size_t n)
{
    __m256i m = lanes(n), v = _mm256_maskload_epi32(p, m);

    return _mm256_or_ps(_mm256_castsi256_ps(v),
                        _mm256_andnot_ps(_mm256_castsi256_ps(m), _mm256_set1_ps(1)));
}

ALWAYS __m256d part_pd(const void *p, size_t n)
{
    __m256i m = lanes(n * 2), v = _mm256_maskload_epi32(p, m);

    return _mm256_or_pd(_mm256_castsi256_pd(v),
                        _mm256_andnot_pd(_mm256_castsi256_pd(m), _mm256_set1_pd(1)));
}

/* The lowest n of v, 1 in the others' place. */
ALWAYS __m256 only_ps(__m256 v, size_t n)
{
    return _mm256_blendv_ps(_mm256_set1_ps(1), v, _mm256_castsi256_ps(lanes(n)));
}

ALWAYS __m256d only_pd(__m256d v, size_t n)
{
    return _mm256_blendv_pd(_mm256_set1_pd(1), v, _mm256_castsi256_pd(lanes(n * 2)));
}

#define NAN_ps(r) (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(r, r, _CMP_UNORD_Q))
#define NAN_pd(r) (unsigned)_mm256_movemask_pd(_mm256_cmp_pd(r, r, _CMP_UNORD_Q))

/*
 * A loop of 32 bytes at a time. The last argument makes r from a, b and c; it may return i. Z: whether
 * there is a third operand. CHECK(r): whether r cannot stay.
 */
#define LOOP(name, s, T, V, one, Z, CHECK, ...)                                             \
    ALWAYS size_t name(void *dp, const void *xp, const void *yp, const void *zp, size_t n)  \
    {                                                                                       \
        const T *x = xp, *y = yp, *z = zp;                                                  \
        const size_t w = 32 / sizeof(T);                                                    \
        size_t i = 0;                                                                       \
        T *d = dp;                                                                          \
        V a, b, c = _mm256_setzero_##s(), r;                                                \
        (void)b;                                                                            \
        b = one ? _mm256_set1_##s(*y) : c;                                                  \
        for (; i + w <= n; i += w) {                                                        \
            a = _mm256_loadu_##s(x + i);                                                    \
            if (!one)                                                                       \
                b = _mm256_loadu_##s(y + i);                                                \
            if (Z)                                                                          \
                c = _mm256_loadu_##s(z + i);                                                \
            __VA_ARGS__                                                                     \
            if (CHECK(r))                                                                   \
                return i;                                                                   \
            _mm256_storeu_##s(d + i, r);                                                    \
        }                                                                                   \
        if (i < n) {                                                                        \
            a = part_##s(x + i, n - i);                                                     \
            b = one ? only_##s(b, n - i) : part_##s(y + i, n - i);                          \
            if (Z)                                                                          \
                c = part_##s(z + i, n - i);                                                 \
            __VA_ARGS__                                                                     \
            if (CHECK(r))                                                                   \
                return i;                                                                   \
            _mm256_maskstore_##s(d + i, lanes((n - i) * sizeof(T) / 4), r);                 \
        }                                                                                   \
        return n;                                                                           \
    }

#define NEVER(r) 0
#define BINARY(insn) __asm__ volatile(insn " %2, %1, %0" : "=x"(r) : "x"(a), "x"(b));
#define SWAPPED(insn) __asm__ volatile(insn " %2, %1, %0" : "=x"(r) : "x"(b), "x"(a));
#define UNARY(insn) __asm__ volatile(insn " %1, %0" : "=x"(r) : "x"(a));
#define FUSED(insn)                                                                         \
    r = c;                                                                                  \
    __asm__ volatile(insn " %2, %1, %0" : "+x"(r) : "x"(a), "x"(b));
/* Equal operands may be zeros of two signs: the bits of both, or those that both have, tell. */
#define MIN_MAX(insn, s, bits)                                                              \
    {                                                                                       \
        __typeof__(a) u, e;                                                                 \
        __asm__ volatile("vcmpunord" #s " %2, %1, %0" : "=x"(u) : "x"(a), "x"(b));          \
        if (_mm256_movemask_##s(u))                                                         \
            return i;                                                                       \
        __asm__ volatile(insn " %2, %1, %0" : "=x"(r) : "x"(a), "x"(b));                    \
        e = _mm256_cmp_##s(a, b, _CMP_EQ_OQ);                                               \
        r = _mm256_blendv_##s(r, bits(a, b), e);                                            \
    }
#define SIGN(s, expr)                                                                       \
    {                                                                                       \
        const __typeof__(a) sign = _mm256_set1_##s(-0.0f);                                  \
        r = expr;                                                                           \
    }

#define BOTH(name, s, T, V, Z, CHECK, ...)                                                  \
    LOOP(name##_v_##s, s, T, V, false, Z, CHECK, __VA_ARGS__)                               \
    LOOP(name##_f_##s, s, T, V, true, Z, CHECK, __VA_ARGS__)                                \
    static VecFpFn name##_vv_##s, name##_vf_##s;                                            \
    static size_t name##_vv_##s(void *d, const void *x, const void *y, const void *z, size_t n)\
    {                                                                                       \
        return name##_v_##s(d, x, y, z, n);                                                 \
    }                                                                                       \
    static size_t name##_vf_##s(void *d, const void *x, const void *y, const void *z, size_t n)\
    {                                                                                       \
        return name##_f_##s(d, x, y, z, n);                                                 \
    }
#define FORMAT(s, T, V)                                                                     \
    BOTH(add, s, T, V, false, NAN_##s, BINARY("vadd" #s))                                   \
    BOTH(sub, s, T, V, false, NAN_##s, BINARY("vsub" #s))                                   \
    BOTH(rsub, s, T, V, false, NAN_##s, SWAPPED("vsub" #s))                                 \
    BOTH(mul, s, T, V, false, NAN_##s, BINARY("vmul" #s))                                   \
    BOTH(div, s, T, V, false, NAN_##s, BINARY("vdiv" #s))                                   \
    BOTH(rdiv, s, T, V, false, NAN_##s, SWAPPED("vdiv" #s))                                 \
    BOTH(sqrt, s, T, V, false, NAN_##s, UNARY("vsqrt" #s))                                  \
    BOTH(min, s, T, V, false, NEVER, MIN_MAX("vmin" #s, s, _mm256_or_##s))                  \
    BOTH(max, s, T, V, false, NEVER, MIN_MAX("vmax" #s, s, _mm256_and_##s))                 \
    BOTH(sgnj, s, T, V, false, NEVER,                                                       \
         SIGN(s, _mm256_or_##s(_mm256_andnot_##s(sign, a), _mm256_and_##s(sign, b))))       \
    BOTH(sgnjn, s, T, V, false, NEVER,                                                      \
         SIGN(s, _mm256_or_##s(_mm256_andnot_##s(sign, a), _mm256_andnot_##s(b, sign))))    \
    BOTH(sgnjx, s, T, V, false, NEVER, SIGN(s, _mm256_xor_##s(a, _mm256_and_##s(sign, b)))) \
    BOTH(madd, s, T, V, true, NAN_##s, FUSED("vfmadd231" #s))                               \
    BOTH(msub, s, T, V, true, NAN_##s, FUSED("vfmsub231" #s))                               \
    BOTH(nmadd, s, T, V, true, NAN_##s, FUSED("vfnmsub231" #s))                             \
    BOTH(nmsub, s, T, V, true, NAN_##s, FUSED("vfnmadd231" #s))
FORMAT(ps, float, __m256)
FORMAT(pd, double, __m256d)

/* ---- Comparisons ---- */

/* Eight bits to eight bytes of 0 or 1. */
ALWAYS uint64_t to_bytes(unsigned bits)
{
    uint64_t v = (bits * 0x0101010101010101ULL) & 0x8040201008040201ULL;

    return (((v + 0x7f7f7f7f7f7f7f7fULL) | v) & 0x8080808080808080ULL) >> 7;
}

#define COMPARE_STEP(s, insn)                                                               \
    __asm__ volatile(insn " %2, %1, %0" : "=x"(r) : "x"(a), "x"(b));                        \
    bytes = to_bytes((unsigned)_mm256_movemask_##s(r));                                     \
    memcpy(d + i, &bytes, sizeof(bytes));
#define COMPARE(name, s, T, V, one, insn)                                                   \
    static size_t name(void *dp, const void *xp, const void *yp, const void *zp, size_t n)  \
    {                                                                                       \
        const T *x = xp, *y = yp;                                                           \
        const size_t w = 32 / sizeof(T);                                                    \
        uint8_t *d = dp;                                                                    \
        uint64_t bytes;                                                                     \
        size_t i = 0;                                                                       \
        V a, b = one ? _mm256_set1_##s(*y) : _mm256_setzero_##s(), r;                       \
        for (; i + w <= n; i += w) {                                                        \
            a = _mm256_loadu_##s(x + i);                                                    \
            if (!one)                                                                       \
                b = _mm256_loadu_##s(y + i);                                                \
            COMPARE_STEP(s, insn)                                                           \
        }                                                                                   \
        if (i < n) {                                                                        \
            a = part_##s(x + i, n - i);                                                     \
            if (!one)                                                                       \
                b = part_##s(y + i, n - i);                                                 \
            COMPARE_STEP(s, insn)                                                           \
        }                                                                                   \
        return n;                                                                           \
    }
#define COMPARES(s, T, V, one, f)                                                           \
    COMPARE(eq_##f##_##s, s, T, V, one, "vcmpeq_oq" #s)                                     \
    COMPARE(ne_##f##_##s, s, T, V, one, "vcmpneq_uq" #s)                                    \
    COMPARE(lt_##f##_##s, s, T, V, one, "vcmplt_os" #s)                                     \
    COMPARE(le_##f##_##s, s, T, V, one, "vcmple_os" #s)                                     \
    COMPARE(gt_##f##_##s, s, T, V, one, "vcmpgt_os" #s)                                     \
    COMPARE(ge_##f##_##s, s, T, V, one, "vcmpge_os" #s)
COMPARES(ps, float, __m256, false, vv)
COMPARES(ps, float, __m256, true, vf)
COMPARES(pd, double, __m256d, false, vv)
COMPARES(pd, double, __m256d, true, vf)

/* ---- Conversions: the operand is x ---- */

static size_t widen(void *dp, const void *xp, const void *yp, const void *zp, size_t n)
{
    const float *x = xp;
    double *d = dp;

    for (size_t i = 0; i < n; i += 4) {
        __m128 a = i + 4 <= n ? _mm_loadu_ps(x + i) : _mm256_castps256_ps128(part_ps(x + i, n - i));
        __m256d r;

        __asm__ volatile("vcvtps2pd %1, %0" : "=x"(r) : "x"(a));
        if (NAN_pd(r))
            return i;
        _mm256_storeu_pd(d + i, r);
    }
    return n;
}

static size_t narrow(void *dp, const void *xp, const void *yp, const void *zp, size_t n)
{
    const double *x = xp;
    float *d = dp;

    for (size_t i = 0; i < n; i += 4) {
        __m256d a = i + 4 <= n ? _mm256_loadu_pd(x + i) : part_pd(x + i, n - i);
        __m128 r;

        __asm__ volatile("vcvtpd2ps %1, %0" : "=x"(r) : "x"(a));
        if (_mm_movemask_ps(_mm_cmpunord_ps(r, r)))
            return i;
        _mm_storeu_ps(d + i, r);
    }
    return n;
}

/* What does not fit becomes the lowest integer, and so does that one. */
ALWAYS unsigned out_of_range(__m256 r)
{
    __m256i v = _mm256_castps_si256(r), lowest = _mm256_set1_epi32(INT32_MIN);

    return (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi32(v, lowest));
}

LOOP(to_int_ps, ps, float, __m256, false, false, out_of_range, UNARY("vcvtps2dq"))
LOOP(trunc_int_ps, ps, float, __m256, false, false, out_of_range, UNARY("vcvttps2dq"))
/* What stands in for elements that are not there, 0x3f800000, is exact as an integer, too. */
LOOP(from_int_ps, ps, float, __m256, false, false, NEVER, UNARY("vcvtdq2ps"))

#define EXPORT(name)                                                                        \
    static size_t name(void *d, const void *x, const void *y, const void *z, size_t n)      \
    {                                                                                       \
        return name##_ps(d, x, x, z, n);                                                    \
    }
EXPORT(to_int)
EXPORT(trunc_int)
EXPORT(from_int)

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#define ROW(name) { { name##_vv_ps, name##_vf_ps }, { name##_vv_pd, name##_vf_pd } }
static const VecFpKernels kernels = {
    .fn = {
        [VF_ADD] = ROW(add), [VF_SUB] = ROW(sub), [VF_RSUB] = ROW(rsub), [VF_MUL] = ROW(mul),
        [VF_DIV] = ROW(div), [VF_RDIV] = ROW(rdiv), [VF_SQRT] = ROW(sqrt), [VF_MIN] = ROW(min),
        [VF_MAX] = ROW(max), [VF_SGNJ] = ROW(sgnj), [VF_SGNJN] = ROW(sgnjn),
        [VF_SGNJX] = ROW(sgnjx), [VF_MADD] = ROW(madd), [VF_MSUB] = ROW(msub),
        [VF_NMADD] = ROW(nmadd), [VF_NMSUB] = ROW(nmsub), [VF_EQ] = ROW(eq), [VF_NE] = ROW(ne),
        [VF_LT] = ROW(lt), [VF_LE] = ROW(le), [VF_GT] = ROW(gt), [VF_GE] = ROW(ge),
    },
    .widen = widen,
    .narrow = narrow,
    .to_i32 = to_int,
    .trunc_i32 = trunc_int,
    .from_i32 = from_int,
};

const VecFpKernels *riscv_vec_fp_kernels(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels : NULL;
}
#else
const VecFpKernels *riscv_vec_fp_kernels(void)
{
    return NULL;
}
#endif
