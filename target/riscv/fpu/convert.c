/*
 * Conversions between integers and floating-point formats, in integers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/fpu/unpack.h"

/* What an input beyond the range becomes. NaN counts as positive. */
static uint64_t saturate(bool negative, unsigned bits, bool is_signed, FpEnv *e)
{
    e->flags |= FP_NV;
    if (!is_signed) {
        return negative ? 0 : ~0ULL >> (64 - bits);
    }
    uint64_t max = ~0ULL >> (65 - bits);
    return negative ? ~max : max;
}

/* What is above the binary point, rounded; *rest is what was below it. For exp < 64. */
static u128 split(const FpNum *n, unsigned rm, uint64_t *rest)
{
    /* 64 bits before the binary point and 64 after it. */
    u128 fixed = fp_shift_jam((u128)n->sig << 64, (unsigned)(63 - n->exp)), whole = fixed >> 64;
    uint64_t half = 1ULL << 63;

    *rest = (uint64_t)fixed;
    return whole + fp_rounds_up(rm, n->sign, whole & 1, *rest != 0,
                                *rest > half ? 1 : *rest == half ? 0 : -1);
}

uint64_t ieee_to_int(const FpFormat *f, uint64_t a, unsigned bits, bool is_signed, FpEnv *e)
{
    FpNum n = fp_unpack(f, a);

    if (n.kind == FPK_ZERO) {
        return 0;
    }
    if (n.kind != FPK_FINITE || n.exp >= 64) {
        return saturate(n.sign && !fp_is_nan(&n), bits, is_signed, e);
    }
    uint64_t rest;
    u128 whole = split(&n, e->rm, &rest);
    u128 limit = is_signed ? ((u128)1 << (bits - 1)) - !n.sign
                           : n.sign ? 0 : ((u128)1 << bits) - 1;
    if (whole > limit) {
        return saturate(n.sign, bits, is_signed, e);
    }
    if (rest) {
        e->flags |= FP_NX;
    }
    return n.sign ? 0 - (uint64_t)whole : (uint64_t)whole;
}

uint64_t ieee_to_i32_mod(const FpFormat *f, uint64_t a, FpEnv *e)
{
    FpNum n = fp_unpack(f, a);
    uint64_t low, rest;

    if (n.kind != FPK_FINITE) {
        e->flags |= n.kind == FPK_ZERO ? 0 : FP_NV;
        return 0;
    }
    if (n.exp >= 63) {
        /* An integer, of which shifting leaves what is below 2^64. */
        low = n.exp - 63 < 64 ? n.sig << (n.exp - 63) : 0;
        e->flags |= FP_NV;
    } else {
        low = (uint64_t)split(&n, FP_RTZ, &rest);
        if (low > (uint64_t)INT32_MAX + n.sign) {
            e->flags |= FP_NV;
        } else if (rest) {
            e->flags |= FP_NX;
        }
    }
    return (uint64_t)(int64_t)(int32_t)(n.sign ? 0 - low : low);
}

uint64_t ieee_round(const FpFormat *f, uint64_t a, bool exact, FpEnv *e)
{
    FpNum n = fp_unpack(f, a);
    uint64_t rest, whole;

    if (fp_is_nan(&n)) {
        return fp_nan_result(f, n.kind == FPK_SNAN, e);
    }
    if (n.kind != FPK_FINITE || n.exp >= f->frac_bits) {
        return a;
    }
    whole = (uint64_t)split(&n, e->rm, &rest);
    if (exact && rest) {
        e->flags |= FP_NX;
    }
    return whole ? fp_round_pack(f, n.sign, 63, (u128)whole << 64, e) : fp_pack_zero(f, n.sign);
}

uint64_t ieee_constant(const FpFormat *f, unsigned number)
{
    /* The upper 16 bits as a double, which are all that is not 0. */
    static const uint16_t doubles[32] = {
        0xbff0, 0, 0x3ef0, 0x3f00, 0x3f70, 0x3f80, 0x3fb0, 0x3fc0, 0x3fd0, 0x3fd4, 0x3fd8,
        0x3fdc, 0x3fe0, 0x3fe4, 0x3fe8, 0x3fec, 0x3ff0, 0x3ff4, 0x3ff8, 0x3ffc, 0x4000, 0x4004,
        0x4008, 0x4010, 0x4020, 0x4030, 0x4060, 0x4070, 0x40e0, 0x40f0, 0x7ff0, 0x7ff8,
    };
    FpEnv e = { .rm = FP_RNE };

    number &= 31;
    if (number == 1) {
        return 1ULL << f->frac_bits; /* the smallest normal number */
    }
    return ieee_convert(f, &fp_binary64, (uint64_t)doubles[number] << 48, &e);
}

static uint64_t from_magnitude(const FpFormat *f, bool sign, uint64_t magnitude, FpEnv *e)
{
    if (magnitude == 0) {
        return 0;
    }
    return fp_round_pack(f, sign, 63, (u128)magnitude << 64, e);
}

uint64_t ieee_from_i64(const FpFormat *f, int64_t v, FpEnv *e)
{
    return from_magnitude(f, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, e);
}

uint64_t ieee_from_u64(const FpFormat *f, uint64_t v, FpEnv *e)
{
    return from_magnitude(f, false, v, e);
}

uint64_t ieee_convert(const FpFormat *to, const FpFormat *from, uint64_t a, FpEnv *e)
{
    FpNum n = fp_unpack(from, a);

    switch (n.kind) {
    case FPK_ZERO:
        return fp_pack_zero(to, n.sign);
    case FPK_INF:
        return fp_pack_inf(to, n.sign);
    case FPK_QNAN:
    case FPK_SNAN:
        return fp_nan_result(to, n.kind == FPK_SNAN, e);
    default:
        return fp_round_pack(to, n.sign, n.exp, (u128)n.sig << 64, e);
    }
}
