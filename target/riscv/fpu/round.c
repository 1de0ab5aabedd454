/*
 * Taking numbers apart, and putting results together with one rounding.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/fpu/unpack.h"

const FpFormat fp_binary16 = { 16, 5, 10 };
const FpFormat fp_bf16 = { 16, 8, 7 };
const FpFormat fp_binary32 = { 32, 8, 23 };
const FpFormat fp_binary64 = { 64, 11, 52 };

static int bias(const FpFormat *f)
{
    return (1 << (f->exp_bits - 1)) - 1;
}

FpNum fp_unpack(const FpFormat *f, uint64_t bits)
{
    uint64_t frac = bits & ((1ULL << f->frac_bits) - 1);
    int exp_max = (1 << f->exp_bits) - 1;
    int exp = (int)(bits >> f->frac_bits) & exp_max;
    FpNum n = { .sign = (bits >> (f->width - 1)) & 1 };

    if (exp == exp_max) {
        bool quiet = (frac >> (f->frac_bits - 1)) & 1;
        n.kind = frac == 0 ? FPK_INF : quiet ? FPK_QNAN : FPK_SNAN;
    } else if (exp != 0) {
        n.kind = FPK_FINITE;
        n.exp = exp - bias(f);
        n.sig = (1ULL << 63) | frac << (63 - f->frac_bits);
    } else if (frac != 0) {
        unsigned shift = (unsigned)__builtin_clzll(frac);
        n.kind = FPK_FINITE;
        n.exp = 1 - bias(f) + (63 - f->frac_bits) - (int)shift;
        n.sig = frac << shift;
    }
    return n;
}

bool fp_rounds_up(unsigned rm, bool sign, bool lsb, bool rest, int rest_against_half)
{
    switch (rm) {
    case FP_RNE:
        return rest_against_half > 0 || (rest_against_half == 0 && lsb);
    case FP_RMM:
        return rest_against_half >= 0;
    case FP_RDN:
        return sign && rest;
    case FP_RUP:
        return !sign && rest;
    default:
        return false;
    }
}

/* sig without its low `drop` bits, rounded. */
static uint64_t round_off(u128 sig, unsigned drop, bool sign, unsigned rm, bool *inexact)
{
    uint64_t kept = (uint64_t)(sig >> drop);
    u128 rest = sig & (((u128)1 << drop) - 1);
    u128 half = (u128)1 << (drop - 1);
    int against_half = rest > half ? 1 : rest == half ? 0 : -1;

    *inexact = rest != 0;
    return kept + fp_rounds_up(rm, sign, kept & 1, rest != 0, against_half);
}

static uint64_t overflow(const FpFormat *f, bool sign, FpEnv *e)
{
    bool to_inf = e->rm == FP_RNE || e->rm == FP_RMM || e->rm == (sign ? FP_RDN : FP_RUP);

    e->flags |= FP_OF | FP_NX;
    /* The largest finite number's bits are those of infinity less one. */
    return fp_pack_inf(f, sign) - !to_inf;
}

uint64_t fp_round_pack(const FpFormat *f, bool sign, int exp, u128 sig, FpEnv *e)
{
    uint64_t high = (uint64_t)(sig >> 64);
    unsigned lead = (unsigned)(high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)sig));
    unsigned drop = 127 - f->frac_bits;
    int exp_min = 1 - bias(f);
    bool inexact, tiny = false;

    sig <<= lead;
    exp -= (int)lead;
    if (exp > bias(f)) {
        return overflow(f, sign, e);
    }
    if (exp < exp_min) {
        /* Tiny unless rounding as if the exponent had no bound reaches the smallest normal. */
        bool ignored;
        tiny = exp < exp_min - 1 ||
               round_off(sig, drop, sign, e->rm, &ignored) >> (f->frac_bits + 1) == 0;
        sig = fp_shift_jam(sig, (unsigned)(exp_min - exp));
        exp = exp_min;
    }

    /* kept includes the leading 1 of a normal number, which adds the missing one to the exponent
     * field; so does a carry out of rounding, from subnormal to normal as well. */
    uint64_t kept = round_off(sig, drop, sign, e->rm, &inexact);
    uint64_t bits = ((uint64_t)(exp - exp_min) << f->frac_bits) + kept;
    if (bits >= fp_pack_inf(f, false)) {
        return overflow(f, sign, e);
    }
    if (inexact) {
        e->flags |= tiny ? FP_UF | FP_NX : FP_NX;
    }
    return fp_pack_zero(f, sign) | bits;
}

uint64_t fp_nan_result(const FpFormat *f, bool signaling, FpEnv *e)
{
    if (signaling) {
        e->flags |= FP_NV;
    }
    return ieee_nan(f);
}

uint64_t fp_invalid(const FpFormat *f, FpEnv *e)
{
    return fp_nan_result(f, true, e);
}
