/*
 * IEEE 754 binary arithmetic in integers, as RISC-V wants it: the exact reference for every
 * operation, rounding mode and flag.
 *
 * Operands and results are the bits of a number in the low `width` bits of a uint64_t (NaN boxing is
 * the caller's). Every NaN result is the canonical one. Tininess is detected after rounding. A
 * format is a row of parameters; nothing else here depends on which one it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_FPU_IEEE_H
#define VIREO_TARGET_RISCV_FPU_IEEE_H

#include <stdbool.h>
#include <stdint.h>

/* As frm and the rm field encode them. */
typedef enum FpRound { FP_RNE, FP_RTZ, FP_RDN, FP_RUP, FP_RMM, FP_DYN = 7 } FpRound;

/* As fflags encodes them. */
enum { FP_NX = 1, FP_UF = 2, FP_OF = 4, FP_DZ = 8, FP_NV = 16, FP_FLAGS = 31 };

typedef struct FpFormat {
    uint8_t width, exp_bits, frac_bits;
} FpFormat;

extern const FpFormat fp_binary16, fp_bf16, fp_binary32, fp_binary64;

/* How an operation rounds, and the flags it adds to. rm is 0..4. */
typedef struct FpEnv {
    unsigned rm;
    unsigned flags;
} FpEnv;

/* The canonical NaN of a format. */
static inline uint64_t ieee_nan(const FpFormat *f)
{
    return ((1ULL << (f->exp_bits + 1)) - 1) << (f->frac_bits - 1);
}

uint64_t ieee_add(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
uint64_t ieee_sub(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
uint64_t ieee_mul(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
uint64_t ieee_div(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
uint64_t ieee_sqrt(const FpFormat *f, uint64_t a, FpEnv *e);

/* a * b + c rounded once; the flips negate the product and the addend (fmsub, fnmadd, fnmsub). */
enum { FMA_NEG_PRODUCT = 1, FMA_NEG_ADDEND = 2 };
uint64_t ieee_fma(const FpFormat *f, uint64_t a, uint64_t b, uint64_t c, unsigned flips, FpEnv *e);

/* minimumNumber and maximumNumber: a number beats a NaN, -0 is less than +0. */
uint64_t ieee_min(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
uint64_t ieee_max(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);

/* minimum and maximum: a NaN beats a number. */
uint64_t ieee_minm(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
uint64_t ieee_maxm(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);

/* eq is quiet; lt and le signal on any NaN, ltq and leq on signaling ones only. */
bool ieee_eq(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
bool ieee_lt(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
bool ieee_le(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
bool ieee_ltq(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);
bool ieee_leq(const FpFormat *f, uint64_t a, uint64_t b, FpEnv *e);

/* The ten bits of fclass. */
unsigned ieee_class(const FpFormat *f, uint64_t a);

/* To an integer of `bits` (32 or 64), saturating with only NV raised; the result fills 64 bits,
 * sign-extended for signed, zero-extended for unsigned. */
uint64_t ieee_to_int(const FpFormat *f, uint64_t a, unsigned bits, bool is_signed, FpEnv *e);
/* Truncated to an integer of any size, of which the low 32 bits are the result, sign-extended; flags as
 * of a conversion to 32 bits. Infinities and NaN give 0. */
uint64_t ieee_to_i32_mod(const FpFormat *f, uint64_t a, FpEnv *e);
/* To an integer in the same format; exact: NX is raised if that is another number. */
uint64_t ieee_round(const FpFormat *f, uint64_t a, bool exact, FpEnv *e);
uint64_t ieee_from_i64(const FpFormat *f, int64_t v, FpEnv *e);
uint64_t ieee_from_u64(const FpFormat *f, uint64_t v, FpEnv *e);

/* The constant of fli with this number (0..31). */
uint64_t ieee_constant(const FpFormat *f, unsigned number);

/* From one format to another. */
uint64_t ieee_convert(const FpFormat *to, const FpFormat *from, uint64_t a, FpEnv *e);

#endif
