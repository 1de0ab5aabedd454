/*
 * Addition, multiplication, fused multiply-add, division and square root in integers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/fpu/unpack.h"

/* A finite non-zero term of a sum: sig * 2^(exp - 127). */
typedef struct Term {
    bool sign;
    int exp;
    u128 sig;
} Term;

static Term term_of(const FpNum *n)
{
    return (Term){ n->sign, n->exp, (u128)n->sig << 64 };
}

/*
 * The sum of two terms whose low 20 bits are 0 (a product has at most 106 significant bits), which
 * leaves room for a carry above and makes the bit that records what was shifted out sit below
 * everything that can matter: where it is set the terms are two or more binades apart, so
 * subtraction loses at most one leading bit.
 */
static uint64_t add_terms(const FpFormat *f, Term a, Term b, FpEnv *e)
{
    if (b.exp > a.exp || (b.exp == a.exp && b.sig > a.sig)) {
        Term t = a;
        a = b;
        b = t;
    }
    a.sig >>= 1;
    b.sig = fp_shift_jam(b.sig, (unsigned)(a.exp - b.exp) + 1);
    /* a was normalised, so its magnitude is not less than b's even at the same exponent. */
    u128 sum = a.sign == b.sign ? a.sig + b.sig : a.sig - b.sig;
    if (sum == 0) {
        return fp_pack_zero(f, e->rm == FP_RDN);
    }
    return fp_round_pack(f, a.sign, a.exp + 1, sum, e);
}

static uint64_t add(const FpFormat *f, FpNum a, FpNum b, FpEnv *e)
{
    if (fp_is_nan(&a) || fp_is_nan(&b)) {
        return fp_nan_result(f, a.kind == FPK_SNAN || b.kind == FPK_SNAN, e);
    }
    if (a.kind == FPK_INF || b.kind == FPK_INF) {
        if (a.kind == b.kind && a.sign != b.sign) {
            return fp_invalid(f, e);
        }
        return fp_pack_inf(f, a.kind == FPK_INF ? a.sign : b.sign);
    }
    if (a.kind == FPK_ZERO && b.kind == FPK_ZERO) {
        return fp_pack_zero(f, a.sign == b.sign ? a.sign : e->rm == FP_RDN);
    }
    if (a.kind == FPK_ZERO || b.kind == FPK_ZERO) {
        Term t = term_of(a.kind == FPK_ZERO ? &b : &a);
        return fp_round_pack(f, t.sign, t.exp, t.sig, e);
    }
    return add_terms(f, term_of(&a), term_of(&b), e);
}

uint64_t ieee_add(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    return add(f, fp_unpack(f, a), fp_unpack(f, b), e);
}

uint64_t ieee_sub(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    FpNum nb = fp_unpack(f, b);
    nb.sign = !nb.sign;
    return add(f, fp_unpack(f, a), nb, e);
}

/* The exact product, normalised to bit 127. */
static Term multiply(const FpNum *a, const FpNum *b)
{
    Term t = { a->sign != b->sign, a->exp + b->exp + 1, (u128)a->sig * b->sig };
    if (!(t.sig >> 127)) {
        t.sig <<= 1;
        t.exp--;
    }
    return t;
}

uint64_t ieee_mul(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    FpNum na = fp_unpack(f, a), nb = fp_unpack(f, b);
    bool sign = na.sign != nb.sign;

    if (fp_is_nan(&na) || fp_is_nan(&nb)) {
        return fp_nan_result(f, na.kind == FPK_SNAN || nb.kind == FPK_SNAN, e);
    }
    if (na.kind == FPK_INF || nb.kind == FPK_INF) {
        if (na.kind == FPK_ZERO || nb.kind == FPK_ZERO) {
            return fp_invalid(f, e);
        }
        return fp_pack_inf(f, sign);
    }
    if (na.kind == FPK_ZERO || nb.kind == FPK_ZERO) {
        return fp_pack_zero(f, sign);
    }
    Term t = multiply(&na, &nb);
    return fp_round_pack(f, t.sign, t.exp, t.sig, e);
}

uint64_t ieee_fma(const FpFormat *f, uint64_t a, uint64_t b, uint64_t c, unsigned flips, FpEnv *e)
{
    FpNum na = fp_unpack(f, a), nb = fp_unpack(f, b), nc = fp_unpack(f, c);
    bool product_inf = na.kind == FPK_INF || nb.kind == FPK_INF;
    bool product_zero = na.kind == FPK_ZERO || nb.kind == FPK_ZERO;

    na.sign ^= (flips & FMA_NEG_PRODUCT) != 0;
    nc.sign ^= (flips & FMA_NEG_ADDEND) != 0;
    bool sign = na.sign != nb.sign;

    if (fp_is_nan(&na) || fp_is_nan(&nb) || fp_is_nan(&nc)) {
        /* Infinity times zero is invalid even if the addend is a quiet NaN. */
        return fp_nan_result(f, na.kind == FPK_SNAN || nb.kind == FPK_SNAN ||
                             nc.kind == FPK_SNAN || (product_inf && product_zero), e);
    }
    if (product_inf) {
        if (product_zero || (nc.kind == FPK_INF && nc.sign != sign)) {
            return fp_invalid(f, e);
        }
        return fp_pack_inf(f, sign);
    }
    if (product_zero || nc.kind == FPK_INF) {
        FpNum zero = { .kind = FPK_ZERO, .sign = sign };
        return add(f, zero, nc, e);
    }
    Term t = multiply(&na, &nb);
    if (nc.kind == FPK_ZERO) {
        return fp_round_pack(f, t.sign, t.exp, t.sig, e);
    }
    return add_terms(f, t, term_of(&nc), e);
}

uint64_t ieee_div(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e)
{
    FpNum na = fp_unpack(f, a), nb = fp_unpack(f, b);
    bool sign = na.sign != nb.sign;

    if (fp_is_nan(&na) || fp_is_nan(&nb)) {
        return fp_nan_result(f, na.kind == FPK_SNAN || nb.kind == FPK_SNAN, e);
    }
    if (na.kind == nb.kind && na.kind != FPK_FINITE) {
        return fp_invalid(f, e); /* 0/0, inf/inf */
    }
    if (na.kind == FPK_INF) {
        return fp_pack_inf(f, sign);
    }
    if (nb.kind == FPK_ZERO) {
        e->flags |= FP_DZ;
        return fp_pack_inf(f, sign);
    }
    if (na.kind == FPK_ZERO || nb.kind == FPK_INF) {
        return fp_pack_zero(f, sign);
    }
    /* 63 or 64 bits of quotient, more than any format needs to round. */
    u128 dividend = (u128)na.sig << 63;
    uint64_t quotient = (uint64_t)(dividend / nb.sig);
    bool rest = (u128)quotient * nb.sig != dividend;
    return fp_round_pack(f, sign, na.exp - nb.exp, (u128)quotient << 64 | rest, e);
}

/* The integer square root of n >= 2^126. */
static uint64_t isqrt(u128 n)
{
    uint64_t root = 0;

    for (int bit = 63; bit >= 0; bit--) {
        uint64_t next = root | 1ULL << bit;
        if ((u128)next * next <= n) {
            root = next;
        }
    }
    return root;
}

uint64_t ieee_sqrt(const FpFormat *f, uint64_t a, FpEnv *e)
{
    FpNum n = fp_unpack(f, a);

    if (fp_is_nan(&n)) {
        return fp_nan_result(f, n.kind == FPK_SNAN, e);
    }
    if (n.kind == FPK_ZERO) {
        return fp_pack_zero(f, n.sign);
    }
    if (n.sign) {
        return fp_invalid(f, e);
    }
    if (n.kind == FPK_INF) {
        return fp_pack_inf(f, false);
    }
    /* An even exponent halves exactly; an odd one lends a factor of two to the significand. */
    bool odd = n.exp & 1;
    u128 square = (u128)n.sig << (63 + odd);
    uint64_t root = isqrt(square);
    bool rest = (u128)root * root != square;
    return fp_round_pack(f, false, (n.exp - odd) / 2, (u128)root << 64 | rest, e);
}
