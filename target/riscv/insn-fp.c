/*
 * F and D: floating point in single and double precision. What the operations mean is in fpu/; here
 * is where their operands come from. The rows' flag fsw makes FS Dirty after the body.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"
#include "target/riscv/fpu/ops.h"

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

#define F1(bits) fp_unbox##bits(FRS1)
#define F2(bits) fp_unbox##bits(FRS2)
#define SIGN(bits) (1ULL << (bits - 1))

#define FP_BODIES(s, bits)                                                                  \
    FP2(fadd_##s, add##bits, FRD)                                                           \
    FP2(fsub_##s, sub##bits, FRD)                                                           \
    FP2(fmul_##s, mul##bits, FRD)                                                           \
    FP2(fdiv_##s, div##bits, FRD)                                                           \
    FP1(fsqrt_##s, sqrt##bits, FRD, FRS1)                                                   \
    FP3(fmadd_##s, fmadd##bits)                                                             \
    FP3(fmsub_##s, fmsub##bits)                                                             \
    FP3(fnmsub_##s, fnmsub##bits)                                                           \
    FP3(fnmadd_##s, fnmadd##bits)                                                           \
    FP2(fmin_##s, min##bits, FRD)                                                           \
    FP2(fmax_##s, max##bits, FRD)                                                           \
    FP2(feq_##s, eq##bits, RD)                                                              \
    FP2(flt_##s, lt##bits, RD)                                                              \
    FP2(fle_##s, le##bits, RD)                                                              \
    FP1(fcvt_w_##s, to_i32_##bits, RD, FRS1)                                                \
    FP1(fcvt_wu_##s, to_u32_##bits, RD, FRS1)                                               \
    FP1(fcvt_l_##s, to_i64_##bits, RD, FRS1)                                                \
    FP1(fcvt_lu_##s, to_u64_##bits, RD, FRS1)                                               \
    FP1(fcvt_##s##_w, from_i32_##bits, FRD, RS1)                                            \
    FP1(fcvt_##s##_wu, from_u32_##bits, FRD, RS1)                                           \
    FP1(fcvt_##s##_l, from_i64_##bits, FRD, RS1)                                            \
    FP1(fcvt_##s##_lu, from_u64_##bits, FRD, RS1)                                           \
    EXEC(fclass_##s) { RD = ieee_class(&fp_binary##bits, F1(bits)); }                       \
    EXEC(fsgnj_##s)                                                                         \
    {                                                                                       \
        FRD = fp_box##bits((F1(bits) & ~SIGN(bits)) | (F2(bits) & SIGN(bits)));             \
    }                                                                                       \
    EXEC(fsgnjn_##s)                                                                        \
    {                                                                                       \
        FRD = fp_box##bits((F1(bits) & ~SIGN(bits)) | (~F2(bits) & SIGN(bits)));            \
    }                                                                                       \
    EXEC(fsgnjx_##s) { FRD = fp_box##bits(F1(bits) ^ (F2(bits) & SIGN(bits))); }

FP_BODIES(s, 32)
FP_BODIES(d, 64)
