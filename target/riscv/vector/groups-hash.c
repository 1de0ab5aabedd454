/*
 * Element groups in plain C: SHA-256, SHA-512, SM3, SM4.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/groups.h"

#include <string.h>

#include "target/riscv/sbox.h"

static inline uint32_t rotr32(uint32_t x, unsigned n)
{
    return x >> n | x << (-n & 31);
}

static inline uint64_t rotr64(uint64_t x, unsigned n)
{
    return x >> n | x << (-n & 63);
}

static inline uint32_t rotl32(uint32_t x, unsigned n)
{
    return x << n | x >> (-n & 31);
}

/* ---- SHA-2 (FIPS 180-4), in two widths ---- */

#define ROT3(w, x, i, j, k) (rotr##w(x, i) ^ rotr##w(x, j) ^ rotr##w(x, k))
#define ROT2(w, x, i, j, k) (rotr##w(x, i) ^ rotr##w(x, j) ^ (x) >> k)
#define SUM0_32(x) ROT3(32, x, 2, 13, 22)
#define SUM1_32(x) ROT3(32, x, 6, 11, 25)
#define SIG0_32(x) ROT2(32, x, 7, 18, 3)
#define SIG1_32(x) ROT2(32, x, 17, 19, 10)
#define SUM0_64(x) ROT3(64, x, 28, 34, 39)
#define SUM1_64(x) ROT3(64, x, 14, 18, 41)
#define SIG0_64(x) ROT2(64, x, 1, 8, 7)
#define SIG1_64(x) ROT2(64, x, 19, 61, 6)

/* The state lies as f, e, b, a in vs2 and as h, g, d, c in vd, lowest element first. */
#define SHA2(name, bits, type)                                                              \
    static void name##_rounds(type *cd, const type *ab, const type *words)                  \
    {                                                                                       \
        type f = ab[0], e = ab[1], b = ab[2], a = ab[3];                                    \
        type h = cd[0], g = cd[1], d = cd[2], c = cd[3];                                    \
        for (unsigned i = 0; i < 2; i++) {                                                  \
            type t1 = h + SUM1_##bits(e) + ((e & f) ^ (~e & g)) + words[i];                 \
            type t2 = SUM0_##bits(a) + ((a & b) ^ (a & c) ^ (b & c));                       \
            h = g, g = f, f = e, e = d + t1;                                                \
            d = c, c = b, b = a, a = t1 + t2;                                               \
        }                                                                                   \
        cd[0] = f, cd[1] = e, cd[2] = b, cd[3] = a;                                         \
    }                                                                                       \
    void vec_##name##cl(void *d, const void *a, const void *b, size_t arg, size_t n)        \
    {                                                                                       \
        for (size_t i = 0; i < n; i++)                                                      \
            name##_rounds((type *)d + 4 * i, (const type *)a + 4 * i, (const type *)b + 4 * i);\
    }                                                                                       \
    void vec_##name##ch(void *d, const void *a, const void *b, size_t arg, size_t n)        \
    {                                                                                       \
        for (size_t i = 0; i < n; i++)                                                      \
            name##_rounds((type *)d + 4 * i, (const type *)a + 4 * i,                       \
                          (const type *)b + 4 * i + 2);                                     \
    }                                                                                       \
    void vec_##name##ms(void *d, const void *a, const void *b, size_t arg, size_t n)        \
    {                                                                                       \
        const type *mid = a, *late = b;                                                     \
        for (type *w = d; n; n--, w += 4, mid += 4, late += 4) {                            \
            type w16 = SIG1_##bits(late[2]) + mid[1] + SIG0_##bits(w[1]) + w[0];            \
            type w17 = SIG1_##bits(late[3]) + mid[2] + SIG0_##bits(w[2]) + w[1];            \
            type w18 = SIG1_##bits(w16) + mid[3] + SIG0_##bits(w[3]) + w[2];                \
            type w19 = SIG1_##bits(w17) + late[0] + SIG0_##bits(mid[0]) + w[3];             \
            w[0] = w16, w[1] = w17, w[2] = w18, w[3] = w19;                                 \
        }                                                                                   \
    }
SHA2(sha256, 32, uint32_t)
SHA2(sha512, 64, uint64_t)

/* ---- SM3 (GB/T 32905): words are big-endian ---- */

static inline uint32_t p1(uint32_t x)
{
    return x ^ rotl32(x, 15) ^ rotl32(x, 23);
}

void vec_sm3me(void *d, const void *a, const void *b, size_t arg, size_t n)
{
    const uint32_t *early = b, *late = a;

    for (uint32_t *r = d; n; n--, r += 8, early += 8, late += 8) {
        uint32_t w[24];

        for (unsigned i = 0; i < 8; i++) {
            w[i] = __builtin_bswap32(early[i]);
            w[8 + i] = __builtin_bswap32(late[i]);
        }
        for (unsigned i = 16; i < 24; i++)
            w[i] = p1(w[i - 16] ^ w[i - 9] ^ rotl32(w[i - 3], 15)) ^ rotl32(w[i - 13], 7) ^ w[i - 6];
        for (unsigned i = 0; i < 8; i++)
            r[i] = __builtin_bswap32(w[16 + i]);
    }
}

typedef struct Sm3 {
    uint32_t a, b, c, d, e, f, g, h;
} Sm3;

static void sm3_round(Sm3 *s, unsigned j, uint32_t w, uint32_t x)
{
    uint32_t rot = rotl32(s->a, 12), t = j < 16 ? 0x79cc4519 : 0x7a879d8a;
    uint32_t ss1 = rotl32(rot + s->e + rotl32(t, j & 31), 7);
    uint32_t ff = j < 16 ? s->a ^ s->b ^ s->c : (s->a & s->b) | (s->a & s->c) | (s->b & s->c);
    uint32_t gg = j < 16 ? s->e ^ s->f ^ s->g : (s->e & s->f) | (~s->e & s->g);
    uint32_t tt1 = ff + s->d + (ss1 ^ rot) + x, tt2 = gg + s->h + ss1 + w;

    s->d = s->c;
    s->c = rotl32(s->b, 9);
    s->b = s->a;
    s->a = tt1;
    s->h = s->g;
    s->g = rotl32(s->f, 19);
    s->f = s->e;
    s->e = tt2 ^ rotl32(tt2, 9) ^ rotl32(tt2, 17);
}

void vec_sm3c(void *d, const void *a, const void *b, size_t arg, size_t n)
{
    const uint32_t *w = a;

    for (uint32_t *r = d; n; n--, r += 8, w += 8) {
        uint32_t v[8], m[8];
        Sm3 s;

        for (unsigned i = 0; i < 8; i++) {
            v[i] = __builtin_bswap32(r[i]);
            m[i] = __builtin_bswap32(w[i]);
        }
        memcpy(&s, v, sizeof(s));
        for (unsigned i = 0; i < 2; i++)
            sm3_round(&s, 2 * (unsigned)arg + i, m[i], m[i] ^ m[i + 4]);
        memcpy(v, &s, sizeof(s));
        for (unsigned i = 0; i < 8; i++)
            r[i] = __builtin_bswap32(v[i]);
    }
}

/* ---- SM4 (GB/T 32907) ---- */

static inline uint32_t sm4_sub(uint32_t w)
{
    return riscv_sm4_sbox[w & 255] | (uint32_t)riscv_sm4_sbox[w >> 8 & 255] << 8 |
           (uint32_t)riscv_sm4_sbox[w >> 16 & 255] << 16 | (uint32_t)riscv_sm4_sbox[w >> 24] << 24;
}

/* The round constant's bytes are multiples of 7, counted through all rounds. */
static uint32_t sm4_constant(unsigned round)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++)
        v = v << 8 | ((4 * round + i) * 7 & 255);
    return v;
}

void vec_sm4k(void *d, const void *a, const void *b, size_t arg, size_t n)
{
    const uint32_t *key = a;
    unsigned round = 4 * ((unsigned)arg & 7);

    for (uint32_t *r = d; n; n--, r += 4, key += 4) {
        uint32_t k[8];

        memcpy(k, key, 16);
        for (unsigned i = 0; i < 4; i++) {
            uint32_t s = sm4_sub(k[i + 1] ^ k[i + 2] ^ k[i + 3] ^ sm4_constant(round + i));
            k[i + 4] = k[i] ^ s ^ rotl32(s, 13) ^ rotl32(s, 23);
        }
        memcpy(r, k + 4, 16);
    }
}

void vec_sm4r(void *d, const void *a, const void *b, size_t arg, size_t n)
{
    const uint8_t *keys = a;

    for (uint32_t *r = d; n; n--, r += 4, keys += arg) {
        uint32_t x[8], k[4];

        memcpy(k, keys, 16);
        memcpy(x, r, 16);
        for (unsigned i = 0; i < 4; i++) {
            uint32_t s = sm4_sub(x[i + 1] ^ x[i + 2] ^ x[i + 3] ^ k[i]);
            x[i + 4] = x[i] ^ s ^ rotl32(s, 2) ^ rotl32(s, 10) ^ rotl32(s, 18) ^ rotl32(s, 24);
        }
        memcpy(r, x + 4, 16);
    }
}
