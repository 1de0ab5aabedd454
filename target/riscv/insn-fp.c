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

EXEC(fcvt_s_d) { FRD = fp_box32(fp_narrow(env, op, FRS1)); }
EXEC(fcvt_d_s) { FRD = fp_widen(env, op, fp_unbox32(FRS1)); }

#define F1(bits) fp_unbox##bits(FRS1)
#define F2(bits) fp_unbox##bits(FRS2)
#define F3(bits) fp_unbox##bits(FRS3)
#define SIGN(bits) (1ULL << (bits - 1))

#define FP_BODIES(s, bits)                                                                      \
    EXEC(fadd_##s) { FRD = fp_box##bits(fp_add##bits(env, op, F1(bits), F2(bits))); }           \
    EXEC(fsub_##s) { FRD = fp_box##bits(fp_sub##bits(env, op, F1(bits), F2(bits))); }           \
    EXEC(fmul_##s) { FRD = fp_box##bits(fp_mul##bits(env, op, F1(bits), F2(bits))); }           \
    EXEC(fdiv_##s) { FRD = fp_box##bits(fp_div##bits(env, op, F1(bits), F2(bits))); }           \
    EXEC(fsqrt_##s) { FRD = fp_box##bits(fp_sqrt##bits(env, op, F1(bits))); }                   \
    EXEC(fmadd_##s)                                                                             \
    {                                                                                           \
        FRD = fp_box##bits(fp_fmadd##bits(env, op, F1(bits), F2(bits), F3(bits)));              \
    }                                                                                           \
    EXEC(fmsub_##s)                                                                             \
    {                                                                                           \
        FRD = fp_box##bits(fp_fmsub##bits(env, op, F1(bits), F2(bits), F3(bits)));              \
    }                                                                                           \
    EXEC(fnmsub_##s)                                                                            \
    {                                                                                           \
        FRD = fp_box##bits(fp_fnmsub##bits(env, op, F1(bits), F2(bits), F3(bits)));             \
    }                                                                                           \
    EXEC(fnmadd_##s)                                                                            \
    {                                                                                           \
        FRD = fp_box##bits(fp_fnmadd##bits(env, op, F1(bits), F2(bits), F3(bits)));             \
    }                                                                                           \
    EXEC(fsgnj_##s)                                                                             \
    {                                                                                           \
        FRD = fp_box##bits((F1(bits) & ~SIGN(bits)) | (F2(bits) & SIGN(bits)));                 \
    }                                                                                           \
    EXEC(fsgnjn_##s)                                                                            \
    {                                                                                           \
        FRD = fp_box##bits((F1(bits) & ~SIGN(bits)) | (~F2(bits) & SIGN(bits)));                \
    }                                                                                           \
    EXEC(fsgnjx_##s) { FRD = fp_box##bits(F1(bits) ^ (F2(bits) & SIGN(bits))); }                \
    EXEC(fmin_##s) { FRD = fp_box##bits(fp_min##bits(env, F1(bits), F2(bits))); }               \
    EXEC(fmax_##s) { FRD = fp_box##bits(fp_max##bits(env, F1(bits), F2(bits))); }               \
    EXEC(feq_##s) { RD = fp_eq##bits(env, F1(bits), F2(bits)); }                                \
    EXEC(flt_##s) { RD = fp_lt##bits(env, F1(bits), F2(bits)); }                                \
    EXEC(fle_##s) { RD = fp_le##bits(env, F1(bits), F2(bits)); }                                \
    EXEC(fclass_##s) { RD = ieee_class(&fp_binary##bits, F1(bits)); }                           \
    EXEC(fcvt_w_##s) { RD = fp_to_i32_##bits(env, op, F1(bits)); }                              \
    EXEC(fcvt_wu_##s) { RD = fp_to_u32_##bits(env, op, F1(bits)); }                             \
    EXEC(fcvt_l_##s) { RD = fp_to_i64_##bits(env, op, F1(bits)); }                              \
    EXEC(fcvt_lu_##s) { RD = fp_to_u64_##bits(env, op, F1(bits)); }                             \
    EXEC(fcvt_##s##_w) { FRD = fp_box##bits(fp_from_i32_##bits(env, op, RS1)); }                \
    EXEC(fcvt_##s##_wu) { FRD = fp_box##bits(fp_from_u32_##bits(env, op, RS1)); }               \
    EXEC(fcvt_##s##_l) { FRD = fp_box##bits(fp_from_i64_##bits(env, op, RS1)); }                \
    EXEC(fcvt_##s##_lu) { FRD = fp_box##bits(fp_from_u64_##bits(env, op, RS1)); }

FP_BODIES(s, 32)
FP_BODIES(d, 64)
