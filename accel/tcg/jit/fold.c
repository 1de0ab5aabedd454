/*
 * What the operations mean, in C: for constants, and for the test of the back ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/ir.h"

static uint64_t sext32(uint64_t v)
{
    return (uint64_t)(int64_t)(int32_t)v;
}

static uint64_t divide(int64_t a, int64_t b, bool rem)
{
    if (b == 0)
        return rem ? (uint64_t)a : ~0ULL;
    if (b == -1)
        return rem ? 0 : -(uint64_t)a;
    return (uint64_t)(rem ? a % b : a / b);
}

static uint64_t divide_unsigned(uint64_t a, uint64_t b, bool rem)
{
    if (b == 0)
        return rem ? a : ~0ULL;
    return rem ? a % b : a / b;
}

static uint64_t shift(IROp op, uint64_t a, unsigned n)
{
    switch (op) {
    case IR_sll:
        return a << (n & 63);
    case IR_srl:
        return a >> (n & 63);
    case IR_sra:
        return (uint64_t)((int64_t)a >> (n & 63));
    case IR_rol:
        return a << (n & 63) | a >> (-n & 63);
    case IR_ror:
        return a >> (n & 63) | a << (-n & 63);
    case IR_sllw:
        return sext32((uint32_t)a << (n & 31));
    case IR_srlw:
        return sext32((uint32_t)a >> (n & 31));
    case IR_sraw:
        return sext32((uint64_t)((int32_t)a >> (n & 31)));
    case IR_rolw:
        return sext32((uint32_t)a << (n & 31) | (uint32_t)a >> (-n & 31));
    case IR_rorw:
        return sext32((uint32_t)a >> (n & 31) | (uint32_t)a << (-n & 31));
    default:
        return (uint64_t)(uint32_t)a << (n & 63); /* slli_uw */
    }
}

static uint64_t multiply(IROp op, uint64_t a, uint64_t b)
{
    switch (op) {
    case IR_mul:
        return a * b;
    case IR_mulw:
        return sext32((uint32_t)a * (uint32_t)b);
    case IR_mulh:
        return (uint64_t)(((__int128)(int64_t)a * (int64_t)b) >> 64);
    case IR_mulhu:
        return (uint64_t)(((unsigned __int128)a * b) >> 64);
    case IR_mulhsu:
        return (uint64_t)(((__int128)(int64_t)a * (__int128)b) >> 64);
    case IR_div:
        return divide((int64_t)a, (int64_t)b, false);
    case IR_rem:
        return divide((int64_t)a, (int64_t)b, true);
    case IR_divu:
        return divide_unsigned(a, b, false);
    case IR_remu:
        return divide_unsigned(a, b, true);
    case IR_divw:
        return sext32(divide((int32_t)a, (int32_t)b, false));
    case IR_remw:
        return sext32(divide((int32_t)a, (int32_t)b, true));
    case IR_divuw:
        return sext32(divide_unsigned((uint32_t)a, (uint32_t)b, false));
    default:
        return sext32(divide_unsigned((uint32_t)a, (uint32_t)b, true));
    }
}

static uint64_t unary(IROp op, uint64_t a)
{
    switch (op) {
    case IR_mov:
        return a;
    case IR_sext_b:
        return (uint64_t)(int64_t)(int8_t)a;
    case IR_sext_h:
        return (uint64_t)(int64_t)(int16_t)a;
    case IR_zext_h:
        return (uint16_t)a;
    case IR_rev8:
        return __builtin_bswap64(a);
    case IR_clz:
        return a ? __builtin_clzll(a) : 64;
    case IR_ctz:
        return a ? __builtin_ctzll(a) : 64;
    case IR_cpop:
        return __builtin_popcountll(a);
    case IR_clzw:
        return (uint32_t)a ? __builtin_clz((uint32_t)a) : 32;
    case IR_ctzw:
        return (uint32_t)a ? __builtin_ctz((uint32_t)a) : 32;
    default:
        return __builtin_popcount((uint32_t)a);
    }
}

uint64_t ir_fold(IROp op, uint64_t a, uint64_t b)
{
    switch (op) {
    case IR_add:
        return a + b;
    case IR_sub:
        return a - b;
    case IR_and:
        return a & b;
    case IR_or:
        return a | b;
    case IR_xor:
        return a ^ b;
    case IR_andn:
        return a & ~b;
    case IR_orn:
        return a | ~b;
    case IR_xnor:
        return ~(a ^ b);
    case IR_slt:
        return (int64_t)a < (int64_t)b;
    case IR_sltu:
        return a < b;
    case IR_addw:
        return sext32(a + b);
    case IR_subw:
        return sext32(a - b);
    case IR_min:
        return (int64_t)a < (int64_t)b ? a : b;
    case IR_max:
        return (int64_t)a < (int64_t)b ? b : a;
    case IR_minu:
        return MIN(a, b);
    case IR_maxu:
        return MAX(a, b);
    case IR_sh1add:
    case IR_sh2add:
    case IR_sh3add:
        return (a << (op - IR_sh1add + 1)) + b;
    case IR_add_uw:
    case IR_sh1add_uw:
    case IR_sh2add_uw:
    case IR_sh3add_uw:
        return ((uint64_t)(uint32_t)a << (op - IR_add_uw)) + b;
    case IR_czero_eqz:
        return b ? a : 0;
    case IR_czero_nez:
        return b ? 0 : a;
    case IR_bext:
        return a >> (b & 63) & 1;
    case IR_bset:
        return a | 1ULL << (b & 63);
    case IR_bclr:
        return a & ~(1ULL << (b & 63));
    case IR_binv:
        return a ^ 1ULL << (b & 63);
    default:
        if (op >= IR_mul && op <= IR_remuw)
            return multiply(op, a, b);
        if (op >= IR_mov && op <= IR_cpopw)
            return unary(op, a);
        return shift(op, a, (unsigned)b);
    }
}
