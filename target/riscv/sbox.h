/*
 * Substitution tables of AES and SM4, and the arithmetic of AES columns, for the scalar and the
 * vector instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SBOX_H
#define VIREO_TARGET_RISCV_SBOX_H

#include <stdint.h>

extern const uint8_t riscv_aes_sbox[256], riscv_aes_inv_sbox[256], riscv_sm4_sbox[256];

/* Each byte looked up. */
static inline uint32_t sbox32(const uint8_t *box, uint32_t x)
{
    return box[x & 0xff] | (uint32_t)box[(x >> 8) & 0xff] << 8 |
           (uint32_t)box[(x >> 16) & 0xff] << 16 | (uint32_t)box[x >> 24] << 24;
}

static inline uint64_t sbox64(const uint8_t *box, uint64_t x)
{
    return sbox32(box, (uint32_t)x) | (uint64_t)sbox32(box, (uint32_t)(x >> 32)) << 32;
}

/* Two columns of a state of AES at once: a column is 32 bits, its first byte the lowest. */

/* Each byte times x, modulo x^8 + x^4 + x^3 + x + 1. */
static inline uint64_t aes_double(uint64_t v)
{
    return (v & 0x7f7f7f7f7f7f7f7fULL) << 1 ^ ((v >> 7) & 0x0101010101010101ULL) * 0x1b;
}

/* Byte i of each column becomes the one that was byte i + 1, or i + 2. */
static inline uint64_t aes_next_byte(uint64_t v)
{
    return ((v >> 8) & 0x00ffffff00ffffffULL) | (v & 0x000000ff000000ffULL) << 24;
}

static inline uint64_t aes_swap_halves(uint64_t v)
{
    return ((v >> 16) & 0x0000ffff0000ffffULL) | (v & 0x0000ffff0000ffffULL) << 16;
}

static inline uint64_t aes_mix_columns(uint64_t v)
{
    uint64_t both = v ^ aes_next_byte(v); /* 2a + 3b + c + d = 2(a + b) + b + (c + d) */

    return aes_double(both) ^ aes_next_byte(v) ^ aes_swap_halves(both);
}

/* 14, 11, 13 and 9 are 2, 3, 1 and 1 times 5, 0, 4 and 0. */
static inline uint64_t aes_unmix_columns(uint64_t v)
{
    return aes_mix_columns(v ^ aes_double(aes_double(v ^ aes_swap_halves(v))));
}

#endif
