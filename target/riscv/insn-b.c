/*
 * Zba, Zbb, Zbc, Zbs: bit manipulation.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"

/* Zba: address generation. */
EXEC(sh1add) { RD = (RS1 << 1) + RS2; }
EXEC(sh2add) { RD = (RS1 << 2) + RS2; }
EXEC(sh3add) { RD = (RS1 << 3) + RS2; }
EXEC(add_uw) { RD = (uint32_t)RS1 + RS2; }
EXEC(sh1add_uw) { RD = ((uint64_t)(uint32_t)RS1 << 1) + RS2; }
EXEC(sh2add_uw) { RD = ((uint64_t)(uint32_t)RS1 << 2) + RS2; }
EXEC(sh3add_uw) { RD = ((uint64_t)(uint32_t)RS1 << 3) + RS2; }
EXEC(slli_uw) { RD = (uint64_t)(uint32_t)RS1 << (IMM & 63); }

/* Zbb: basic bit manipulation. */
EXEC(andn) { RD = RS1 & ~RS2; }
EXEC(orn) { RD = RS1 | ~RS2; }
EXEC(xnor) { RD = ~(RS1 ^ RS2); }
EXEC(clz) { RD = RS1 ? __builtin_clzll(RS1) : 64; }
EXEC(ctz) { RD = RS1 ? __builtin_ctzll(RS1) : 64; }
EXEC(cpop) { RD = __builtin_popcountll(RS1); }
EXEC(clzw) { RD = (uint32_t)RS1 ? __builtin_clz((uint32_t)RS1) : 32; }
EXEC(ctzw) { RD = (uint32_t)RS1 ? __builtin_ctz((uint32_t)RS1) : 32; }
EXEC(cpopw) { RD = __builtin_popcount((uint32_t)RS1); }
EXEC(sext_b) { RD = (int64_t)(int8_t)RS1; }
EXEC(sext_h) { RD = (int64_t)(int16_t)RS1; }
EXEC(zext_h) { RD = (uint16_t)RS1; }
EXEC(min) { RD = (int64_t)RS1 < (int64_t)RS2 ? RS1 : RS2; }
EXEC(minu) { RD = RS1 < RS2 ? RS1 : RS2; }
EXEC(max) { RD = (int64_t)RS1 > (int64_t)RS2 ? RS1 : RS2; }
EXEC(maxu) { RD = RS1 > RS2 ? RS1 : RS2; }

/* The complement of the count is masked, so that a count of 0 shifts by 0 both ways. */
EXEC_INLINE uint64_t ror64(uint64_t v, uint64_t n)
{
    return v >> (n & 63) | v << (-n & 63);
}

EXEC_INLINE uint32_t ror32(uint32_t v, uint64_t n)
{
    return v >> (n & 31) | v << (-n & 31);
}

EXEC(rol) { RD = ror64(RS1, -RS2); }
EXEC(ror) { RD = ror64(RS1, RS2); }
EXEC(rori) { RD = ror64(RS1, IMM); }
EXEC(rolw) { RD = SEXT32(ror32(RS1, -RS2)); }
EXEC(rorw) { RD = SEXT32(ror32(RS1, RS2)); }
EXEC(roriw) { RD = SEXT32(ror32(RS1, IMM)); }
EXEC(rev8) { RD = __builtin_bswap64(RS1); }

/* Each byte that is not zero becomes 0xff: its top bit is made the or of all its bits, the carry of
 * adding 0x7f to the low seven, and spread. */
EXEC(orc_b)
{
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7fULL;
    uint64_t v = RS1;
    uint64_t top = (((v & low7) + low7) | v) & ~low7;
    RD = (top >> 7) * 0xff;
}

/* Zbc: carry-less multiplication. */
EXEC_INLINE uint64_t clmul64(uint64_t a, uint64_t b)
{
    uint64_t r = 0;
    for (; b; b &= b - 1)
        r ^= a << __builtin_ctzll(b);
    return r;
}

/* Bits 64 to 126 of the product. */
EXEC_INLINE uint64_t clmulh64(uint64_t a, uint64_t b)
{
    uint64_t r = 0;
    for (b &= ~1ULL; b; b &= b - 1)
        r ^= a >> (64 - __builtin_ctzll(b));
    return r;
}

EXEC(clmul) { RD = clmul64(RS1, RS2); }
EXEC(clmulh) { RD = clmulh64(RS1, RS2); }
/* Bits 63 to 126. */
EXEC(clmulr) { RD = clmulh64(RS1, RS2) << 1 | clmul64(RS1, RS2) >> 63; }

/* Zbs: single bits. */
EXEC(bclr) { RD = RS1 & ~(1ULL << (RS2 & 63)); }
EXEC(bclri) { RD = RS1 & ~(1ULL << (IMM & 63)); }
EXEC(bext) { RD = RS1 >> (RS2 & 63) & 1; }
EXEC(bexti) { RD = RS1 >> (IMM & 63) & 1; }
EXEC(binv) { RD = RS1 ^ 1ULL << (RS2 & 63); }
EXEC(binvi) { RD = RS1 ^ 1ULL << (IMM & 63); }
EXEC(bset) { RD = RS1 | 1ULL << (RS2 & 63); }
EXEC(bseti) { RD = RS1 | 1ULL << (IMM & 63); }
