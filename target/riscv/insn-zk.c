/*
 * Zbkb, Zbkx, Zknd, Zkne, Zknh, Zksed, Zksh: scalar cryptography. What Zbkb and Zbkc share with Zbb and
 * Zbc is in insn-b.c; Zkr is a CSR.
 *
 * Zkt asks that time does not depend on data. Here it does not in the number of operations; what host
 * caches do with the substitution tables is the host's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"
#include "target/riscv/sbox.h"

EXEC_INLINE uint64_t ror64(uint64_t v, unsigned n)
{
    return v >> n | v << (64 - n);
}

EXEC_INLINE uint32_t ror32(uint32_t v, unsigned n)
{
    return v >> n | v << (-n & 31);
}

/* Zbkb, Zbkx. */
EXEC(pack) { RD = (uint32_t)RS1 | RS2 << 32; }
EXEC(packh) { RD = (uint8_t)RS1 | (uint64_t)(uint8_t)RS2 << 8; }
EXEC(packw) { RD = SEXT32((uint16_t)RS1 | (uint32_t)RS2 << 16); }

EXEC(brev8)
{
    const uint64_t ones = 0x5555555555555555ULL, pairs = 0x3333333333333333ULL;
    const uint64_t nibbles = 0x0f0f0f0f0f0f0f0fULL;
    uint64_t v = RS1;
    v = (v >> 1 & ones) | (v & ones) << 1;
    v = (v >> 2 & pairs) | (v & pairs) << 2;
    RD = (v >> 4 & nibbles) | (v & nibbles) << 4;
}

EXEC(xperm4)
{
    uint64_t v = RS1, index = RS2, r = 0;
    for (unsigned i = 0; i < 64; i += 4)
        r |= (v >> ((index >> i & 15) * 4) & 15) << i;
    RD = r;
}

/* An index beyond 7 gives 0. */
EXEC(xperm8)
{
    uint64_t v = RS1, index = RS2, r = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        unsigned n = index >> i & 0xff;
        r |= (v >> (n & 7) * 8 & (n < 8 ? 0xff : 0)) << i;
    }
    RD = r;
}

/* Zkne, Zknd: half a round, on columns 0 and 1 of the state (rs1 is its low half). */
EXEC_INLINE uint64_t at(uint64_t v, unsigned from, unsigned to)
{
    return (v >> 8 * from & 0xff) << 8 * to;
}

EXEC_INLINE uint64_t shift_rows(uint64_t lo, uint64_t hi)
{
    return at(lo, 0, 0) | at(lo, 5, 1) | at(hi, 2, 2) | at(hi, 7, 3) |
           at(lo, 4, 4) | at(hi, 1, 5) | at(hi, 6, 6) | at(lo, 3, 7);
}

EXEC_INLINE uint64_t unshift_rows(uint64_t lo, uint64_t hi)
{
    return at(lo, 0, 0) | at(hi, 5, 1) | at(hi, 2, 2) | at(lo, 7, 3) |
           at(lo, 4, 4) | at(lo, 1, 5) | at(hi, 6, 6) | at(hi, 3, 7);
}

EXEC(aes64es) { RD = sbox64(riscv_aes_sbox, shift_rows(RS1, RS2)); }
EXEC(aes64esm) { RD = aes_mix_columns(sbox64(riscv_aes_sbox, shift_rows(RS1, RS2))); }
EXEC(aes64ds) { RD = sbox64(riscv_aes_inv_sbox, unshift_rows(RS1, RS2)); }
EXEC(aes64dsm) { RD = aes_unmix_columns(sbox64(riscv_aes_inv_sbox, unshift_rows(RS1, RS2))); }
EXEC(aes64im) { RD = aes_unmix_columns(RS1); }

EXEC(aes64ks1i)
{
    static const uint8_t constants[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36 };
    uint32_t word = (uint32_t)(RS1 >> 32);
    if (IMM != 10) /* the step of a 256-bit key that neither rotates nor adds */
        word = ror32(word, 8);
    word = sbox32(riscv_aes_sbox, word) ^ constants[IMM & 15];
    RD = word | (uint64_t)word << 32;
}

EXEC(aes64ks2)
{
    uint32_t w0 = (uint32_t)(RS1 >> 32) ^ (uint32_t)RS2;
    RD = w0 | (uint64_t)(w0 ^ (uint32_t)(RS2 >> 32)) << 32;
}

/* Zknh: SHA-256 and SHA-512. */
EXEC_INLINE uint64_t mix3(uint32_t a, uint32_t b, uint32_t c)
{
    return SEXT32(a ^ b ^ c);
}

EXEC(sha256sum0)
{
    uint32_t v = (uint32_t)RS1;
    RD = mix3(ror32(v, 2), ror32(v, 13), ror32(v, 22));
}

EXEC(sha256sum1)
{
    uint32_t v = (uint32_t)RS1;
    RD = mix3(ror32(v, 6), ror32(v, 11), ror32(v, 25));
}

EXEC(sha256sig0)
{
    uint32_t v = (uint32_t)RS1;
    RD = mix3(ror32(v, 7), ror32(v, 18), v >> 3);
}

EXEC(sha256sig1)
{
    uint32_t v = (uint32_t)RS1;
    RD = mix3(ror32(v, 17), ror32(v, 19), v >> 10);
}

EXEC(sha512sum0) { RD = ror64(RS1, 28) ^ ror64(RS1, 34) ^ ror64(RS1, 39); }
EXEC(sha512sum1) { RD = ror64(RS1, 14) ^ ror64(RS1, 18) ^ ror64(RS1, 41); }
EXEC(sha512sig0) { RD = ror64(RS1, 1) ^ ror64(RS1, 8) ^ RS1 >> 7; }
EXEC(sha512sig1) { RD = ror64(RS1, 19) ^ ror64(RS1, 61) ^ RS1 >> 6; }

/* Zksh: SM3. */
EXEC(sm3p0)
{
    uint32_t v = (uint32_t)RS1;
    RD = mix3(v, ror32(v, 23), ror32(v, 15));
}

EXEC(sm3p1)
{
    uint32_t v = (uint32_t)RS1;
    RD = mix3(v, ror32(v, 17), ror32(v, 9));
}

/*
 * Zksed: SM4, one byte of rs2 at a time. The standard's words have their first byte on top, registers
 * that were loaded from memory have it at the bottom: the linear layer is applied to the byte as the
 * topmost of a word, and the result turned round.
 */
EXEC_INLINE uint32_t sm4_byte(uint64_t word, uint64_t which)
{
    return (uint32_t)riscv_sm4_sbox[word >> 8 * which & 0xff] << 24;
}

EXEC_INLINE uint64_t sm4_result(uint32_t x, uint64_t which, uint64_t rs1)
{
    return SEXT32(ror32(__builtin_bswap32(x), (unsigned)(-8 * which) & 31) ^ (uint32_t)rs1);
}

EXEC(sm4ed)
{
    uint32_t x = sm4_byte(RS2, IMM);
    x ^= ror32(x, 30) ^ ror32(x, 22) ^ ror32(x, 14) ^ ror32(x, 8);
    RD = sm4_result(x, IMM, RS1);
}

EXEC(sm4ks)
{
    uint32_t x = sm4_byte(RS2, IMM);
    x ^= ror32(x, 19) ^ ror32(x, 9);
    RD = sm4_result(x, IMM, RS1);
}
