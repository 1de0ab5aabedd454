/*
 * Comparison, minimum and maximum, classification: operations that never round.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/fpu/unpack.h"

static bool is_nan(const FpFormat *f, uint64_t a)
{
    return (a & ~fp_pack_zero(f, true)) > fp_pack_inf(f, false);
}

static bool is_snan(const FpFormat *f, uint64_t a)
{
    return is_nan(f, a) && !(a >> (f->frac_bits - 1) & 1);
}

/* Integers in the order of the numbers, with -0 just below +0. */
static int64_t key(const FpFormat *f, uint64_t a)
{
    uint64_t sign = fp_pack_zero(f, true);
    return a & sign ? -(int64_t)(a ^ sign) - 1 : (int64_t)a;
}

static bool both_zero(const FpFormat *f, uint64_t a, uint64_t b)
{
    return ((a | b) & ~fp_pack_zero(f, true)) == 0;
}

static uint64_t min_max(const FpFormat *f, uint64_t a, uint64_t b, bool max, FpEnv *e)
{
    if (is_snan(f, a) || is_snan(f, b)) {
        e->flags |= FP_NV;
    }
    if (is_nan(f, a)) {
        return is_nan(f, b) ? ieee_nan(f) : b;
    }
    if (is_nan(f, b)) {
        return a;
    }
    return (key(f, a) < key(f, b)) != max ? a : b;
}

uint64_t ieee_min(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    return min_max(f, a, b, false, e);
}

uint64_t ieee_max(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    return min_max(f, a, b, true, e);
}

static uint64_t nan_first(const FpFormat *f, uint64_t a, uint64_t b, bool max, FpEnv *e)
{
    if (is_nan(f, a) || is_nan(f, b)) {
        return fp_nan_result(f, is_snan(f, a) || is_snan(f, b), e);
    }
    return min_max(f, a, b, max, e);
}

uint64_t ieee_minm(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    return nan_first(f, a, b, false, e);
}

uint64_t ieee_maxm(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    return nan_first(f, a, b, true, e);
}

bool ieee_eq(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    if (is_nan(f, a) || is_nan(f, b)) {
        if (is_snan(f, a) || is_snan(f, b)) {
            e->flags |= FP_NV;
        }
        return false;
    }
    return a == b || both_zero(f, a, b);
}

bool ieee_lt(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    if (is_nan(f, a) || is_nan(f, b)) {
        e->flags |= FP_NV;
        return false;
    }
    return key(f, a) < key(f, b) && !both_zero(f, a, b);
}

bool ieee_le(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    if (is_nan(f, a) || is_nan(f, b)) {
        e->flags |= FP_NV;
        return false;
    }
    return key(f, a) <= key(f, b) || both_zero(f, a, b);
}

/* Whether an operand is a NaN; a signaling one is invalid. */
static bool unordered_quiet(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    if (is_snan(f, a) || is_snan(f, b)) {
        e->flags |= FP_NV;
    }
    return is_nan(f, a) || is_nan(f, b);
}

bool ieee_ltq(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    return !unordered_quiet(f, a, b, e) && ieee_lt(f, a, b, e);
}

bool ieee_leq(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    return !unordered_quiet(f, a, b, e) && ieee_le(f, a, b, e);
}

unsigned ieee_class(const FpFormat *f, uint64_t a)
{
    bool sign = a >> (f->width - 1) & 1;
    uint64_t magnitude = a & ~fp_pack_zero(f, true);

    if (magnitude > fp_pack_inf(f, false)) {
        return is_snan(f, a) ? 1 << 8 : 1 << 9;
    }
    if (magnitude == fp_pack_inf(f, false)) {
        return sign ? 1 << 0 : 1 << 7;
    }
    if (magnitude >> f->frac_bits) {
        return sign ? 1 << 1 : 1 << 6;
    }
    if (magnitude) {
        return sign ? 1 << 2 : 1 << 5;
    }
    return sign ? 1 << 3 : 1 << 4;
}
