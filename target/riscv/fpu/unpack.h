/*
 * The inside of the integer arithmetic: numbers taken apart, and put together with one rounding.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_FPU_UNPACK_H
#define VIREO_TARGET_RISCV_FPU_UNPACK_H

#include "target/riscv/fpu/ieee.h"

typedef unsigned __int128 u128;

typedef enum FpKind { FPK_ZERO, FPK_FINITE, FPK_INF, FPK_QNAN, FPK_SNAN } FpKind;

/* A finite number is sig * 2^(exp - 63), with bit 63 of sig set: subnormals are normalised. */
typedef struct FpNum {
    FpKind kind;
    bool sign;
    int exp;
    uint64_t sig;
} FpNum;

FpNum fp_unpack(const FpFormat *f, uint64_t bits);

/* Rounds sig * 2^(exp - 127) into the format. sig is not 0 and need not be normalised; what was
 * lost below it is or-ed into its bit 0, which must then lie below the result's rounding bit. */
uint64_t fp_round_pack(const FpFormat *f, bool sign, int exp, u128 sig, FpEnv *e);

/* Whether rounding adds one unit: lsb of what is kept, and the rest compared with half a unit. */
bool fp_rounds_up(unsigned rm, bool sign, bool lsb, bool rest, int rest_against_half);

/* The canonical NaN, raising NV if an operand was signaling. */
uint64_t fp_nan_result(const FpFormat *f, bool signaling, FpEnv *e);
uint64_t fp_invalid(const FpFormat *f, FpEnv *e);

static inline bool fp_is_nan(const FpNum *n)
{
    return n->kind >= FPK_QNAN;
}

static inline uint64_t fp_pack_zero(const FpFormat *f, bool sign)
{
    return (uint64_t)sign << (f->width - 1);
}

static inline uint64_t fp_pack_inf(const FpFormat *f, bool sign)
{
    return (uint64_t)sign << (f->width - 1) | ((1ULL << f->exp_bits) - 1) << f->frac_bits;
}

/* v >> n, or-ing what falls out into bit 0. */
static inline u128 fp_shift_jam(u128 v, unsigned n)
{
    if (n == 0) {
        return v;
    }
    if (n > 127) {
        return v != 0;
    }
    return v >> n | ((v << (128 - n)) != 0);
}

#endif
