/*
 * F and D: floating point in single and double precision. What the operations mean is in fpu/; here
 * is where their operands come from. The rows' flag fsw makes FS Dirty after the body.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/insn-fp.h"

EXEC_LOAD(flw, 32) { FRD = fp_box32(value); }
EXEC_LOAD(fld, 64) { FRD = value; }
EXEC_STORE(fsw, 32) { return FRS2; }
EXEC_STORE(fsd, 64) { return FRS2; }

/* Moves take the bits as they are, boxed or not. */
EXEC(fmv_x_w) { RD = SEXT32(FRS1); }
EXEC(fmv_x_d) { RD = FRS1; }
EXEC(fmv_w_x) { FRD = fp_box32((uint32_t)RS1); }
EXEC(fmv_d_x) { FRD = RS1; }

/* One, two, three operands: the host's FPU, and the integers for what it declines. */
#define FP1(name, what, d, a)                                                               \
    EXEC_TRY(name, fp_try_##what(env, op, &d, &a), fp_exact_##what(env, op, &d, &a))
#define FP2(name, what, d)                                                                  \
    EXEC_TRY(name, fp_try_##what(env, op, &d, &FRS1, &FRS2),                                \
             fp_exact_##what(env, op, &d, &FRS1, &FRS2))
#define FP3(name, what)                                                                     \
    EXEC_TRY(name, fp_try_##what(env, op, &FRD, &FRS1, &FRS2, &FRS3),                       \
             fp_exact_##what(env, op, &FRD, &FRS1, &FRS2, &FRS3))

FP1(fcvt_s_d, narrow, FRD, FRS1)
FP1(fcvt_d_s, widen, FRD, FRS1)

FP_BODIES(s, 32)
FP_BODIES(d, 64)
