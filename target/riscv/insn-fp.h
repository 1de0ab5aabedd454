/*
 * The bodies that every floating-point format has. FP1, FP2 and FP3 (operations of one, two and three
 * operands) are the including file's: it knows whether the host's FPU can help.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_INSN_FP_H
#define VIREO_TARGET_RISCV_INSN_FP_H

#include "target/riscv/exec.h"
#include "target/riscv/fpu/ops.h"

#define F1(bits) fp_unbox##bits(FRS1)
#define F2(bits) fp_unbox##bits(FRS2)
#define SIGN(bits) (1ULL << (bits - 1))

/* What only moves bits, for a format. */
#define FP_SIGN_BODIES(s, bits)                                                             \
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
    FP_SIGN_BODIES(s, bits)

#endif
