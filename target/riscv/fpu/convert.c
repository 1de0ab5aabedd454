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

uint64_t ieee_to_int(const FpFormat *f, uint64_t a, unsigned bits, bool is_signed, FpEnv *e)
{
    FpNum n = fp_unpack(f, a);

    if (n.kind == FPK_ZERO) {
        return 0;
    }
    if (n.kind != FPK_FINITE || n.exp >= 64) {
        return saturate(n.sign && !fp_is_nan(&n), bits, is_signed, e);
    }
    /* 64 bits before the binary point and 64 after it. */
    u128 fixed = fp_shift_jam((u128)n.sig << 64, (unsigned)(63 - n.exp));
    u128 whole = fixed >> 64;
    uint64_t rest = (uint64_t)fixed, half = 1ULL << 63;
    whole += fp_rounds_up(e->rm, n.sign, whole & 1, rest != 0,
                          rest > half ? 1 : rest == half ? 0 : -1);

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
