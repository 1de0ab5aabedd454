/*
 * Zfa: constants, minimum and maximum, rounding to an integer, quiet comparisons, the conversion that
 * JavaScript wants.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"
#include "target/riscv/fpu/ops.h"

#define ZFA(s, bits)                                                                        \
    EXEC(fli_##s) { FRD = fp_box##bits(ieee_constant(&fp_binary##bits, op->aux)); }         \
    EXEC(fminm_##s) { fp_exact_minm##bits(env, op, &FRD, &FRS1, &FRS2); }                   \
    EXEC(fmaxm_##s) { fp_exact_maxm##bits(env, op, &FRD, &FRS1, &FRS2); }                   \
    EXEC(fltq_##s) { fp_exact_ltq##bits(env, op, &RD, &FRS1, &FRS2); }                      \
    EXEC(fleq_##s) { fp_exact_leq##bits(env, op, &RD, &FRS1, &FRS2); }                      \
    EXEC(fround_##s) { fp_exact_round##bits(env, op, &FRD, &FRS1); }                        \
    EXEC(froundnx_##s) { fp_exact_roundnx##bits(env, op, &FRD, &FRS1); }

ZFA(h, 16)
ZFA(s, 32)
ZFA(d, 64)

EXEC(fcvtmod_w_d) { fp_exact_to_i32_mod(env, op, &RD, &FRS1); }
