/*
 * Zfhmin, Zfh: half precision. In integers only: see fpu/.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/insn-fp.h"

EXEC_LOAD(flh, 16) { FRD = fp_box16(value); }
EXEC_STORE(fsh, 16) { return FRS2; }

/* Moves take the bits as they are, boxed or not. */
EXEC(fmv_x_h) { RD = (uint64_t)(int64_t)(int16_t)FRS1; }
EXEC(fmv_h_x) { FRD = fp_box16((uint16_t)RS1); }

#define FP1(name, what, d, a) EXEC(name) { fp_exact_##what(env, op, &d, &a); }
#define FP2(name, what, d) EXEC(name) { fp_exact_##what(env, op, &d, &FRS1, &FRS2); }
#define FP3(name, what) EXEC(name) { fp_exact_##what(env, op, &FRD, &FRS1, &FRS2, &FRS3); }

FP1(fcvt_s_h, widen16_32, FRD, FRS1)
FP1(fcvt_d_h, widen16_64, FRD, FRS1)
FP1(fcvt_h_s, narrow32_16, FRD, FRS1)
FP1(fcvt_h_d, narrow64_16, FRD, FRS1)
FP_BODIES(h, 16)
