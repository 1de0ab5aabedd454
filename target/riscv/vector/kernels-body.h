/*
 * The loops of kernels.def; included by a file that has said for which host, and defines VEC_TABLE
 * and VEC_BYTES, the bytes of the host's vectors (16 if it does not say).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_KERNELS_BODY_H
#define VIREO_TARGET_RISCV_VECTOR_KERNELS_BODY_H

#include "target/riscv/vector/kernels.h"

#ifndef VEC_BYTES
#define VEC_BYTES 16
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned __int128 u128;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef __int128 s128;

/* Equal pointers carry nothing from one element to another. */
#ifdef __clang__
#define VEC_LOOP(n) _Pragma("clang loop vectorize(assume_safety)") for (size_t i = 0; i < (n); i++)
#else
#define VEC_LOOP(n) _Pragma("GCC ivdep") for (size_t i = 0; i < (n); i++)
#endif
#define VEC_INLINE static inline __attribute__((always_inline, unused))

VEC_INLINE u64 vec_brev8(u64 v)
{
    v = (v >> 1 & 0x5555555555555555) | (v & 0x5555555555555555) << 1;
    v = (v >> 2 & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
    return (v >> 4 & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
}

VEC_INLINE u64 vec_rev8(u64 v, unsigned bits)
{
    return __builtin_bswap64(v) >> (64 - bits);
}

VEC_INLINE u64 vec_brev(u64 v, unsigned bits)
{
    return vec_rev8(vec_brev8(v), bits);
}

/* For a width: the names that the expressions use are types here. */
#define VEC_NAMES(bits, wide)                                                               \
    enum { BITS = bits };                                                                   \
    typedef u##bits u;                                                                      \
    typedef s##bits s;                                                                      \
    typedef u##wide U;                                                                      \
    typedef s##wide S;                                                                      \
    (void)sizeof(U[1]), (void)sizeof(S[1]), (void)sizeof(s[1]), (void)sizeof(u[1]), (void)BITS;

#define VEC_BOTH(name, bits, wide, td, ta, tb, ...)                                         \
    VEC_VV(name, bits, wide, td, ta, tb, __VA_ARGS__)                                       \
    VEC_VX(name, bits, wide, td, ta, tb, __VA_ARGS__)
#define VEC_VV(name, bits, wide, td, ta, tb, ...)                                           \
    static void name##_vv##bits(void *dp, const void *ap, const void *bp, size_t n)         \
    {                                                                                       \
        VEC_NAMES(bits, wide)                                                               \
        td *ds = dp;                                                                        \
        const ta *as = ap;                                                                  \
        const tb *bs = bp;                                                                  \
        VEC_LOOP(n)                                                                         \
        {                                                                                   \
            ta a = as[i];                                                                   \
            tb b = bs[i];                                                                   \
            td d = ds[i];                                                                   \
            (void)a, (void)b, (void)d;                                                      \
            ds[i] = (td)(__VA_ARGS__);                                                      \
        }                                                                                   \
    }
#define VEC_VX(name, bits, wide, td, ta, tb, ...)                                           \
    static void name##_vx##bits(void *dp, const void *ap, const void *bp, size_t n)         \
    {                                                                                       \
        VEC_NAMES(bits, wide)                                                               \
        td *ds = dp;                                                                        \
        const ta *as = ap;                                                                  \
        tb b = *(const tb *)bp;                                                             \
        (void)b;                                                                            \
        VEC_LOOP(n)                                                                         \
        {                                                                                   \
            ta a = as[i];                                                                   \
            td d = ds[i];                                                                   \
            (void)a, (void)d;                                                               \
            ds[i] = (td)(__VA_ARGS__);                                                      \
        }                                                                                   \
    }
#define VEC_ONE(name, bits, wide, ...)                                                      \
    static void name##_v##bits(void *dp, const void *ap, const void *bp, size_t n)          \
    {                                                                                       \
        VEC_NAMES(bits, wide)                                                               \
        u *ds = dp;                                                                         \
        const u *as = ap;                                                                   \
        VEC_LOOP(n)                                                                         \
        {                                                                                   \
            u a = as[i];                                                                    \
            ds[i] = (u)(__VA_ARGS__);                                                       \
        }                                                                                   \
    }

/* Compilers do not see that shifts of narrow elements by the same count can stay narrow. */
#define VEC_SHIFT(name, bits, wide, t, ...)                                                 \
    VEC_VV(name, bits, wide, t, t, t, __VA_ARGS__)                                          \
    static void name##_vx##bits(void *dp, const void *ap, const void *bp, size_t n)         \
    {                                                                                       \
        VEC_NAMES(bits, wide)                                                               \
        typedef t V __attribute__((vector_size(VEC_BYTES), aligned(1)));                    \
        enum { PER = VEC_BYTES * 8 / bits };                                                \
        t *ds = dp, b = (t)(*(const t *)bp & (BITS - 1));                                   \
        const t *as = ap;                                                                   \
        for (; n >= PER; n -= PER, as += PER, ds += PER) {                                  \
            V a = *(const V *)as;                                                           \
            *(V *)ds = (__VA_ARGS__);                                                       \
        }                                                                                   \
        for (; n; n--, as++, ds++) {                                                        \
            t a = *as;                                                                      \
            *ds = (t)(__VA_ARGS__);                                                         \
        }                                                                                   \
    }
#define KS(name, t, ...)                                                                    \
    VEC_SHIFT(name, 8, 16, t, __VA_ARGS__) VEC_SHIFT(name, 16, 32, t, __VA_ARGS__)          \
    VEC_SHIFT(name, 32, 64, t, __VA_ARGS__) VEC_SHIFT(name, 64, 128, t, __VA_ARGS__)
#define K2(name, t, ...)                                                                    \
    VEC_BOTH(name, 8, 16, t, t, t, __VA_ARGS__) VEC_BOTH(name, 16, 32, t, t, t, __VA_ARGS__) \
    VEC_BOTH(name, 32, 64, t, t, t, __VA_ARGS__) VEC_BOTH(name, 64, 128, t, t, t, __VA_ARGS__)
#define KC(name, t, ...)                                                                    \
    VEC_BOTH(name, 8, 16, u8, t, t, __VA_ARGS__) VEC_BOTH(name, 16, 32, u8, t, t, __VA_ARGS__) \
    VEC_BOTH(name, 32, 64, u8, t, t, __VA_ARGS__) VEC_BOTH(name, 64, 128, u8, t, t, __VA_ARGS__)
#define KW(name, t, ...)                                                                    \
    VEC_BOTH(name, 8, 16, U, t, t, __VA_ARGS__) VEC_BOTH(name, 16, 32, U, t, t, __VA_ARGS__) \
    VEC_BOTH(name, 32, 64, U, t, t, __VA_ARGS__)
#define KWW(name, t, ...)                                                                   \
    VEC_BOTH(name, 8, 16, U, U, t, __VA_ARGS__) VEC_BOTH(name, 16, 32, U, U, t, __VA_ARGS__) \
    VEC_BOTH(name, 32, 64, U, U, t, __VA_ARGS__)
#define KN(name, t, ...)                                                                    \
    VEC_BOTH(name, 8, 16, u, U, u, __VA_ARGS__) VEC_BOTH(name, 16, 32, u, U, u, __VA_ARGS__) \
    VEC_BOTH(name, 32, 64, u, U, u, __VA_ARGS__)
#define K1(name, t, ...)                                                                    \
    VEC_ONE(name, 8, 16, __VA_ARGS__) VEC_ONE(name, 16, 32, __VA_ARGS__)                    \
    VEC_ONE(name, 32, 64, __VA_ARGS__) VEC_ONE(name, 64, 128, __VA_ARGS__)
#include "target/riscv/vector/kernels.def"
#undef K2
#undef KS
#undef KC
#undef KW
#undef KWW
#undef KN
#undef K1

#define VEC_EXT(to, from)                                                                   \
    static void zext##to##_##from(void *dp, const void *ap, const void *bp, size_t n)       \
    {                                                                                       \
        u##to *d = dp;                                                                      \
        const u##from *a = ap;                                                              \
        VEC_LOOP(n)                                                                         \
        d[i] = a[i];                                                                        \
    }                                                                                       \
    static void sext##to##_##from(void *dp, const void *ap, const void *bp, size_t n)       \
    {                                                                                       \
        s##to *d = dp;                                                                      \
        const s##from *a = ap;                                                              \
        VEC_LOOP(n)                                                                         \
        d[i] = a[i];                                                                        \
    }
VEC_EXT(16, 8)
VEC_EXT(32, 8)
VEC_EXT(32, 16)
VEC_EXT(64, 8)
VEC_EXT(64, 16)
VEC_EXT(64, 32)

#define VEC_BLEND(bits)                                                                     \
    static void blend##bits(void *dp, const void *tp, const uint8_t *m, size_t n)           \
    {                                                                                       \
        u##bits *d = dp;                                                                    \
        const u##bits *t = tp;                                                              \
        VEC_LOOP(n)                                                                         \
        {                                                                                   \
            u##bits k = (u##bits)(s##bits)(s8)m[i];                                         \
            d[i] = (d[i] & ~k) | (t[i] & k);                                                \
        }                                                                                   \
    }
VEC_BLEND(8)
VEC_BLEND(16)
VEC_BLEND(32)
VEC_BLEND(64)

#define VEC_ROW4(name)                                                                      \
    [VK_##name] = { { name##_vv8, name##_vv16, name##_vv32, name##_vv64 },                  \
                    { name##_vx8, name##_vx16, name##_vx32, name##_vx64 } },
#define VEC_ROW3(name)                                                                      \
    [VK_##name] = { { name##_vv8, name##_vv16, name##_vv32 },                               \
                    { name##_vx8, name##_vx16, name##_vx32 } },
#define K2(name, t, ...) VEC_ROW4(name)
#define KS(name, t, ...) VEC_ROW4(name)
#define KC(name, t, ...) VEC_ROW4(name)
#define KW(name, t, ...) VEC_ROW3(name)
#define KWW(name, t, ...) VEC_ROW3(name)
#define KN(name, t, ...) VEC_ROW3(name)
#define K1(name, t, ...)                                                                    \
    [VK_##name] = { { name##_v8, name##_v16, name##_v32, name##_v64 }, { NULL } },
const VecKernels VEC_TABLE = {
    .op = {
#include "target/riscv/vector/kernels.def"
    },
    .zext = { { NULL, zext16_8, zext32_16, zext64_32 },
              { NULL, NULL, zext32_8, zext64_16 },
              { NULL, NULL, NULL, zext64_8 } },
    .sext = { { NULL, sext16_8, sext32_16, sext64_32 },
              { NULL, NULL, sext32_8, sext64_16 },
              { NULL, NULL, NULL, sext64_8 } },
    .blend = { blend8, blend16, blend32, blend64 },
};
#undef K2
#undef KS
#undef KC
#undef KW
#undef KWW
#undef KN
#undef K1

#endif
