/*
 * Element groups in plain C: AES, the GHASH field, carry-less products.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/groups.h"

#include <stdbool.h>
#include <string.h>

#include "target/riscv/sbox.h"

typedef struct Block {
    uint8_t b[16];
} Block;

static inline uint8_t times2(uint8_t x)
{
    return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b);
}

static Block sub_shift(Block s)
{
    Block r;

    for (unsigned i = 0; i < 16; i++)
        r.b[i] = riscv_aes_sbox[s.b[(i + 4 * (i & 3)) & 15]];
    return r;
}

static Block inv_sub_shift(Block s)
{
    Block r;

    for (unsigned i = 0; i < 16; i++)
        r.b[i] = riscv_aes_inv_sbox[s.b[(i - 4 * (i & 3)) & 15]];
    return r;
}

static Block mix(Block s)
{
    Block r;

    for (unsigned i = 0; i < 16; i++) {
        const uint8_t *c = s.b + (i & 12);
        uint8_t a = c[i & 3], b = c[(i + 1) & 3];

        r.b[i] = (uint8_t)(times2(a ^ b) ^ b ^ c[(i + 2) & 3] ^ c[(i + 3) & 3]);
    }
    return r;
}

/* The inverse is mix() of columns to which 4 times each row's neighbour but one was added. */
static Block inv_mix(Block s)
{
    Block r;

    for (unsigned i = 0; i < 16; i++) {
        const uint8_t *c = s.b + (i & 12);

        r.b[i] = (uint8_t)(c[i & 3] ^ times2(times2(c[i & 3] ^ c[(i + 2) & 3])));
    }
    return mix(r);
}

static Block add(Block s, const uint8_t *key)
{
    for (unsigned i = 0; i < 16; i++)
        s.b[i] ^= key[i];
    return s;
}

#define AES_ROUND(name, expr)                                                               \
    void vec_##name(void *d, const void *a, const void *b, size_t arg, size_t n)            \
    {                                                                                       \
        const uint8_t *key = a;                                                             \
        for (Block *s = d; n; n--, s++, key += arg)                                         \
            *s = (expr);                                                                    \
    }
AES_ROUND(aesem, add(mix(sub_shift(*s)), key))
AES_ROUND(aesef, add(sub_shift(*s), key))
AES_ROUND(aesdm, inv_mix(add(inv_sub_shift(*s), key)))
AES_ROUND(aesdf, add(inv_sub_shift(*s), key))
AES_ROUND(aesz, add(*s, key))

/* ---- Key schedule ---- */

static uint32_t sub_word(uint32_t w)
{
    return riscv_aes_sbox[w & 255] | (uint32_t)riscv_aes_sbox[w >> 8 & 255] << 8 |
           (uint32_t)riscv_aes_sbox[w >> 16 & 255] << 16 | (uint32_t)riscv_aes_sbox[w >> 24] << 24;
}

static inline uint32_t rot_word(uint32_t w)
{
    return w >> 8 | w << 24;
}

static const uint8_t round_constant[10] = { 1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36 };

/* w0 of the next key from `mixed`; each further word from the one before it and from an old one. */
static void next_key(uint32_t *d, uint32_t mixed, const uint32_t *old)
{
    uint32_t w = mixed;

    for (unsigned i = 0; i < 4; i++) {
        w ^= old[i];
        d[i] = w;
    }
}

void vec_aeskf1(void *d, const void *a, const void *b, size_t arg, size_t n)
{
    unsigned round = arg & 15;
    const uint32_t *key = a;

    if (round == 0 || round > 10)
        round ^= 8;
    for (uint32_t *r = d; n; n--, r += 4, key += 4)
        next_key(r, sub_word(rot_word(key[3])) ^ round_constant[round - 1], key);
}

void vec_aeskf2(void *d, const void *a, const void *b, size_t arg, size_t n)
{
    unsigned round = arg & 15;
    const uint32_t *key = a;

    if (round < 2 || round > 14)
        round ^= 8;
    for (uint32_t *r = d; n; n--, r += 4, key += 4)
        next_key(r, round & 1 ? sub_word(key[3])
                              : sub_word(rot_word(key[3])) ^ round_constant[round / 2 - 1], r);
}

/* ---- GF(2^128) with the bits of each byte reversed ---- */

typedef struct U128 {
    uint64_t low, high;
} U128;

static uint64_t brev8(uint64_t v)
{
    v = (v >> 1 & 0x5555555555555555) | (v & 0x5555555555555555) << 1;
    v = (v >> 2 & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
    return (v >> 4 & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
}

static U128 multiply(U128 s, U128 h)
{
    U128 z = { 0, 0 };

    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t take = 0 - ((bit < 64 ? s.low >> bit : s.high >> (bit - 64)) & 1);
        uint64_t reduce = 0 - (h.high >> 63);

        z.low ^= h.low & take;
        z.high ^= h.high & take;
        h.high = h.high << 1 | h.low >> 63;
        h.low = h.low << 1 ^ (reduce & 0x87);
    }
    return z;
}

/* b NULL: nothing is added. */
void vec_ghsh(void *d, const void *a, const void *b, size_t arg, size_t n)
{
    const uint64_t *h = a, *x = b;

    for (uint64_t *y = d; n; n--, y += 2, h += 2) {
        U128 s = { y[0], y[1] }, z;

        if (x) {
            s.low ^= x[0];
            s.high ^= x[1];
            x += 2;
        }
        z = multiply((U128){ brev8(s.low), brev8(s.high) }, (U128){ brev8(h[0]), brev8(h[1]) });
        y[0] = brev8(z.low);
        y[1] = brev8(z.high);
    }
}

/* ---- Carry-less products ---- */

static U128 carryless(uint64_t a, uint64_t b)
{
    U128 r = { b & 1 ? a : 0, 0 };

    for (unsigned i = 1; i < 64; i++) {
        uint64_t take = 0 - (b >> i & 1);

        r.low ^= a << i & take;
        r.high ^= a >> (64 - i) & take;
    }
    return r;
}

#define CARRYLESS(name, half)                                                               \
    void vec_##name(void *d, const void *a, const void *b, size_t arg, size_t n)            \
    {                                                                                       \
        const uint64_t *as = a, *bs = b;                                                    \
        uint64_t *ds = d;                                                                   \
        for (size_t i = 0; i < n; i++)                                                      \
            ds[i] = carryless(as[i], bs[arg ? i : 0]).half;                                 \
    }
CARRYLESS(clmul, low)
CARRYLESS(clmulh, high)
