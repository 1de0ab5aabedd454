/*
 * Zfbfmin: BF16 conversions. Loads, stores and moves are Zfhmin's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"
#include "target/riscv/fpu/ops.h"

EXEC(fcvt_bf16_s) { fp_exact_narrow32_bf16(env, op, &FRD, &FRS1); }
EXEC(fcvt_s_bf16) { fp_exact_widenbf16_32(env, op, &FRD, &FRS1); }
