/*
 * vfrec7 and vfrsqrt7: estimates of 1/x and 1/sqrt(x), by the tables of the specification.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/estimate.h"

#include "target/riscv/fpu/unpack.h"

/* The seven highest bits of the result's significand, by those of the operand's. */
static const uint8_t rec7[128] = {
    127, 125, 123, 121, 119, 117, 116, 114, 112, 110, 109, 107, 105, 104, 102, 100, 99, 97, 96, 94,
    93, 91, 90, 88, 87, 85, 84, 83, 81, 80, 79, 77, 76, 75, 74, 72, 71, 70, 69, 68,
    66, 65, 64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47,
    46, 45, 44, 43, 42, 41, 40, 40, 39, 38, 37, 36, 35, 35, 34, 33, 32, 31, 31, 30,
    29, 28, 28, 27, 26, 25, 25, 24, 23, 23, 22, 21, 21, 20, 19, 19, 18, 17, 17, 16,
    15, 15, 14, 14, 13, 12, 12, 11, 11, 10, 9, 9, 8, 8, 7, 7, 6, 5, 5, 4,
    4, 3, 3, 2, 2, 1, 1, 0,
};

/* The same, by the lowest bit of the exponent and six bits of the significand. */
static const uint8_t rsqrt7[128] = {
    52, 51, 50, 48, 47, 46, 44, 43, 42, 41, 40, 39, 38, 36, 35, 34, 33, 32, 31, 30,
    30, 29, 28, 27, 26, 25, 24, 23, 23, 22, 21, 20, 19, 19, 18, 17, 16, 16, 15, 14,
    14, 13, 12, 12, 11, 10, 10, 9, 9, 8, 7, 7, 6, 6, 5, 4, 4, 3, 3, 2,
    2, 1, 1, 0, 127, 125, 123, 121, 119, 118, 116, 114, 113, 111, 109, 108, 106, 105, 103, 102,
    100, 99, 97, 96, 95, 93, 92, 91, 90, 88, 87, 86, 85, 84, 83, 82, 80, 79, 78, 77,
    76, 75, 74, 73, 72, 71, 70, 70, 69, 68, 67, 66, 65, 64, 63, 63, 62, 61, 60, 59,
    59, 58, 57, 56, 56, 55, 54, 53,
};

/* A finite number other than 0: its exponent as if there were no subnormals, and its significand without
 * the leading 1. */
static int normalize(const FpFormat *f, uint64_t a, uint64_t *frac)
{
    int exp = (int)(a >> f->frac_bits & ((1u << f->exp_bits) - 1));
    uint64_t mask = (1ULL << f->frac_bits) - 1;

    *frac = a & mask;
    if (exp)
        return exp;
    for (exp = 1; !(*frac >> f->frac_bits); exp--)
        *frac <<= 1;
    *frac &= mask;
    return exp;
}

uint64_t vec_rec7(const FpFormat *f, uint64_t a, FpEnv *e)
{
    bool sign = a >> (f->width - 1) & 1;
    int bias = (1 << (f->exp_bits - 1)) - 1, exp;
    uint64_t frac, sig;
    FpNum n = fp_unpack(f, a);

    if (fp_is_nan(&n))
        return fp_nan_result(f, n.kind == FPK_SNAN, e);
    if (n.kind == FPK_INF)
        return fp_pack_zero(f, sign);
    if (n.kind == FPK_ZERO) {
        e->flags |= FP_DZ;
        return fp_pack_inf(f, sign);
    }
    exp = 2 * bias - 1 - normalize(f, a, &frac);
    if (exp > 2 * bias) {
        e->flags |= FP_NX | FP_OF;
        if (e->rm == FP_RTZ || e->rm == (sign ? FP_RUP : FP_RDN))
            return fp_pack_inf(f, sign) - 1;
        return fp_pack_inf(f, sign);
    }
    sig = (uint64_t)rec7[frac >> (f->frac_bits - 7)] << (f->frac_bits - 7);
    if (exp <= 0) {
        sig = (sig | 1ULL << f->frac_bits) >> (1 - exp);
        exp = 0;
    }
    return fp_pack_zero(f, sign) | (uint64_t)exp << f->frac_bits | sig;
}

uint64_t vec_rsqrt7(const FpFormat *f, uint64_t a, FpEnv *e)
{
    bool sign = a >> (f->width - 1) & 1;
    int bias = (1 << (f->exp_bits - 1)) - 1, exp;
    uint64_t frac;
    FpNum n = fp_unpack(f, a);

    if (fp_is_nan(&n))
        return fp_nan_result(f, n.kind == FPK_SNAN, e);
    if (n.kind == FPK_ZERO) {
        e->flags |= FP_DZ;
        return fp_pack_inf(f, sign);
    }
    if (sign)
        return fp_invalid(f, e);
    if (n.kind == FPK_INF)
        return 0;
    exp = normalize(f, a, &frac);
    frac = rsqrt7[((unsigned)exp & 1) << 6 | (unsigned)(frac >> (f->frac_bits - 6))];
    /* Positive: the exponent of the largest number is less than 3 * bias - 1. */
    exp = (3 * bias - 1 - exp) / 2;
    return (uint64_t)exp << f->frac_bits | frac << (f->frac_bits - 7);
}
