/*
 * Element groups with the cryptography instructions of x86-64 hosts, and the choice at run time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/groups.h"

#include <stdbool.h>

#define REST                                                                                \
    [VG_AESKF1] = vec_aeskf1, [VG_AESKF2] = vec_aeskf2, [VG_SHA512MS] = vec_sha512ms,       \
    [VG_SHA512CL] = vec_sha512cl, [VG_SHA512CH] = vec_sha512ch, [VG_SM4K] = vec_sm4k,       \
    [VG_SM4R] = vec_sm4r, [VG_SM3ME] = vec_sm3me, [VG_SM3C] = vec_sm3c, [VG_AESZ] = vec_aesz
#define AES(p)                                                                              \
    [VG_AESDM] = p##_aesdm, [VG_AESDF] = p##_aesdf, [VG_AESEM] = p##_aesem,                 \
    [VG_AESEF] = p##_aesef, [VG_GHSH] = p##_ghsh
#define SHA(p)                                                                              \
    [VG_SHA256MS] = p##_sha256ms, [VG_SHA256CL] = p##_sha256cl, [VG_SHA256CH] = p##_sha256ch

static const VecGroups groups_plain = { { AES(vec), SHA(vec), REST }, vec_clmul, vec_clmulh };

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define STORE(p, v) _mm_storeu_si128((__m128i *)(p), v)

/* ---- AES ---- */

#define ROUND(name, expr)                                                                   \
    __attribute__((target("aes"))) static void host_##name(void *d, const void *a,          \
                                                           const void *b, size_t arg, size_t n)\
    {                                                                                       \
        const uint8_t *keys = a;                                                            \
        for (__m128i *s = d; n; n--, s++, keys += arg) {                                    \
            __m128i state = LOAD(s), key = LOAD(keys);                                      \
            STORE(s, expr);                                                                 \
        }                                                                                   \
    }
ROUND(aesem, _mm_aesenc_si128(state, key))
ROUND(aesef, _mm_aesenclast_si128(state, key))
/* The key is added before the columns are mixed back; the host's round adds it after. */
ROUND(aesdm, _mm_aesimc_si128(_mm_aesdeclast_si128(state, key)))
ROUND(aesdf, _mm_aesdeclast_si128(state, key))

/* ---- Carry-less products ---- */

#define CARRYLESS(name, half)                                                               \
    __attribute__((target("pclmul,sse4.1"))) static void host_##name(                       \
        void *d, const void *a, const void *b, size_t arg, size_t n)                        \
    {                                                                                       \
        const long long *as = a, *bs = b;                                                   \
        long long *ds = d;                                                                  \
        for (size_t i = 0; i < n; i++) {                                                    \
            __m128i r = _mm_clmulepi64_si128(_mm_cvtsi64_si128(as[i]),                      \
                                             _mm_cvtsi64_si128(bs[arg ? i : 0]), 0);        \
            ds[i] = _mm_extract_epi64(r, half);                                             \
        }                                                                                   \
    }
CARRYLESS(clmul, 0)
CARRYLESS(clmulh, 1)

/* The bits of each byte reversed: nibble by nibble from a table. */
__attribute__((target("ssse3"))) static __m128i brev8(__m128i v)
{
    const __m128i nibbles = _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
    const __m128i low = _mm_set1_epi8(15);
    __m128i l = _mm_shuffle_epi8(nibbles, _mm_and_si128(v, low));
    __m128i h = _mm_shuffle_epi8(nibbles, _mm_and_si128(_mm_srli_epi16(v, 4), low));

    return _mm_or_si128(_mm_slli_epi16(l, 4), h);
}

/* Modulo x^128 + x^7 + x^2 + x + 1: what stands above bit 128 is folded in, 0x87 times. */
__attribute__((target("pclmul,ssse3"))) static __m128i field_product(__m128i x, __m128i y)
{
    const __m128i poly = _mm_cvtsi64_si128(0x87);
    __m128i low = _mm_clmulepi64_si128(x, y, 0x00), high = _mm_clmulepi64_si128(x, y, 0x11);
    __m128i mid = _mm_xor_si128(_mm_clmulepi64_si128(x, y, 0x01), _mm_clmulepi64_si128(x, y, 0x10));
    __m128i fold;

    low = _mm_xor_si128(low, _mm_slli_si128(mid, 8));
    high = _mm_xor_si128(high, _mm_srli_si128(mid, 8));
    fold = _mm_clmulepi64_si128(high, poly, 0x01);
    low = _mm_xor_si128(low, _mm_slli_si128(fold, 8));
    high = _mm_xor_si128(high, _mm_srli_si128(fold, 8));
    return _mm_xor_si128(low, _mm_clmulepi64_si128(high, poly, 0x00));
}

__attribute__((target("pclmul,ssse3"))) static void host_ghsh(void *d, const void *a, const void *b,
                                                              size_t arg, size_t n)
{
    const __m128i *h = a, *x = b;

    for (__m128i *y = d; n; n--, y++, h++) {
        __m128i s = LOAD(y);

        if (x)
            s = _mm_xor_si128(s, LOAD(x++));
        STORE(y, brev8(field_product(brev8(s), brev8(LOAD(h)))));
    }
}

/* ---- SHA-256: the state lies as the host's instructions want it ---- */

#define SHA_FN(name)                                                                        \
    __attribute__((target("sha,ssse3"))) static void name(void *d, const void *a, const void *b,\
                                                          size_t arg, size_t n)
#define COMPRESS(name, pick)                                                                \
    SHA_FN(name)                                                                            \
    {                                                                                       \
        const __m128i *ab = a, *words = b;                                                  \
        for (__m128i *cd = d; n; n--, cd++, ab++, words++) {                                \
            __m128i w = LOAD(words);                                                        \
            STORE(cd, _mm_sha256rnds2_epu32(LOAD(cd), LOAD(ab), pick));                     \
        }                                                                                   \
    }
COMPRESS(sha_sha256cl, w)
COMPRESS(sha_sha256ch, _mm_srli_si128(w, 8))

SHA_FN(sha_sha256ms)
{
    const __m128i *mid = a, *late = b;

    for (__m128i *w = d; n; n--, w++, mid++, late++) {
        __m128i m = LOAD(mid), l = LOAD(late);
        __m128i t = _mm_sha256msg1_epu32(LOAD(w), m); /* takes W[4] of m */

        t = _mm_add_epi32(t, _mm_alignr_epi8(l, m, 4)); /* W[9] to W[12] */
        STORE(w, _mm_sha256msg2_epu32(t, l));
    }
}

static const VecGroups groups_aes = { { AES(host), SHA(vec), REST }, host_clmul, host_clmulh };
static const VecGroups groups_all = { { AES(host), SHA(sha), REST }, host_clmul, host_clmulh };

static bool has_sha(void)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

const VecGroups *riscv_vec_groups(void)
{
    if (__builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") &&
        __builtin_cpu_supports("sse4.1"))
        return has_sha() ? &groups_all : &groups_aes;
    return &groups_plain;
}
#else
const VecGroups *riscv_vec_groups(void)
{
    return &groups_plain;
}
#endif
