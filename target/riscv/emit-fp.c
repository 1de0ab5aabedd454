/*
 * Fast forms of F and D.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/emit.h"

#include "target/riscv/bits.h"
#include "target/riscv/fpu/fpu.h"

/* The instruction makes FS Dirty. */
static void dirty(IRBuilder *b)
{
    ir_set_bits(b, offsetof(CPURISCVState, mstatus), MSTATUS_FS);
}

/* bit: of env->fp_fast. */
static IRFloat on_host(unsigned size, unsigned bit)
{
    return (IRFloat){ .size = (uint8_t)size, .bit = (uint8_t)bit,
                      .fast_offset = offsetof(CPURISCVState, fp_fast) };
}

/* A mode in the instruction itself that the host hardly ever has: the body sees to it. */
static bool other_mode(IRBuilder *b, const TCGOp *op)
{
    bool other = op->aux != FP_RNE && op->aux != FP_DYN;

    if (other)
        ir_call(b);
    return other;
}

static void rounding(IRBuilder *b, const TCGOp *op, IROp ir, unsigned v, unsigned size)
{
    if (other_mode(b, op))
        return;
    dirty(b);
    ir_float(b, ir, FD, FA, v, JIT_NONE, on_host(size, op->aux));
}

static void fused(IRBuilder *b, const TCGOp *op, IROp ir, unsigned size)
{
    IRFloat how = on_host(size, op->aux);

    if (other_mode(b, op))
        return;
    how.fast_offset = offsetof(CPURISCVState, fp_fast_fma);
    dirty(b);
    ir_float(b, ir, FD, FA, FB, FC, how);
}

static void exact(IRBuilder *b, const TCGOp *op, IROp ir, unsigned size)
{
    dirty(b);
    ir_float(b, ir, FD, FA, FB, JIT_NONE, on_host(size, FP_ANY));
}

/* Only bits move: no rounding, no flags. */
static void bits(IRBuilder *b, const TCGOp *op, IROp ir, unsigned size)
{
    dirty(b);
    ir_float(b, ir, FD, FA, FB, JIT_NONE, (IRFloat){ .size = (uint8_t)size });
}

static void compare(IRBuilder *b, const TCGOp *op, IROp ir, unsigned size)
{
    dirty(b);
    ir_float(b, ir, D, FA, FB, JIT_NONE, on_host(size, FP_ANY));
}

/* Towards zero, down and up in any mode, else in the host's. */
static void to_integer(IRBuilder *b, const TCGOp *op, IROp ir, unsigned size)
{
    bool rz = op->aux == FP_RTZ || op->aux == FP_RDN || op->aux == FP_RUP;
    IRFloat how = on_host(size, rz ? FP_ANY : op->aux);

    if (!rz && other_mode(b, op))
        return;
    how.rz = rz;
    how.down = op->aux == FP_RDN;
    how.up = op->aux == FP_RUP;
    dirty(b);
    ir_float(b, ir, D, FA, JIT_NONE, JIT_NONE, how);
}

/* always: exact in every mode that exists. */
static void from_integer(IRBuilder *b, const TCGOp *op, IROp ir, unsigned size, bool always)
{
    bool any = always && op->aux <= FP_RMM;

    if (!any && other_mode(b, op))
        return;
    dirty(b);
    ir_float(b, ir, FD, A, JIT_NONE, JIT_NONE, on_host(size, any ? FP_ANY : op->aux));
}

const JitFlags riscv_jit_fflags = {
    .offset = offsetof(CPURISCVState, fflags),
    .invalid = FP_NV, .by_zero = FP_DZ, .overflow = FP_OF, .underflow = FP_UF, .inexact = FP_NX,
};

void riscv_emit_fflags(IRBuilder *b, unsigned d, unsigned v)
{
    if (v != JIT_NONE)
        dirty(b);
    if (d != JIT_NONE)
        ir_float(b, IR_fflags_get, d, JIT_NONE, JIT_NONE, JIT_NONE, on_host(8, FP_ANY));
    if (v != JIT_NONE)
        ir_float(b, IR_fflags_put, JIT_NONE, v, JIT_NONE, JIT_NONE, on_host(8, FP_ANY));
}

/* Not dirty if the load raises. */
EMIT(flw) { ir_load(b, FD, A, op->imm, 4, false); dirty(b); }
EMIT(fld) { ir_load(b, FD, A, op->imm, 8, false); dirty(b); }
EMIT(fsw) { ir_store(b, A, op->imm, FB, 4); }
EMIT(fsd) { ir_store(b, A, op->imm, FB, 8); }

EMIT(fmv_x_w) { ir_float(b, IR_fmv_to_int, D, FA, JIT_NONE, JIT_NONE, (IRFloat){ .size = 4 }); }
EMIT(fmv_x_d) { ir_float(b, IR_fmv_to_int, D, FA, JIT_NONE, JIT_NONE, (IRFloat){ .size = 8 }); }
EMIT(fmv_w_x)
{
    dirty(b);
    ir_float(b, IR_fmv_from_int, FD, A, JIT_NONE, JIT_NONE, (IRFloat){ .size = 4 });
}
EMIT(fmv_d_x)
{
    dirty(b);
    ir_float(b, IR_fmv_from_int, FD, A, JIT_NONE, JIT_NONE, (IRFloat){ .size = 8 });
}

EMIT(fcvt_s_d) { rounding(b, op, IR_fnarrow, JIT_NONE, 8); }
EMIT(fcvt_d_s) { rounding(b, op, IR_fwiden, JIT_NONE, 4); }

EMIT(fadd_s) { rounding(b, op, IR_fadd, FB, 4); }
EMIT(fsub_s) { rounding(b, op, IR_fsub, FB, 4); }
EMIT(fmul_s) { rounding(b, op, IR_fmul, FB, 4); }
EMIT(fdiv_s) { rounding(b, op, IR_fdiv, FB, 4); }
EMIT(fsqrt_s) { rounding(b, op, IR_fsqrt, JIT_NONE, 4); }
EMIT(fmadd_s) { fused(b, op, IR_fmadd, 4); }
EMIT(fmsub_s) { fused(b, op, IR_fmsub, 4); }
EMIT(fnmsub_s) { fused(b, op, IR_fnmsub, 4); }
EMIT(fnmadd_s) { fused(b, op, IR_fnmadd, 4); }
EMIT(fmin_s) { exact(b, op, IR_fmin, 4); }
EMIT(fmax_s) { exact(b, op, IR_fmax, 4); }
EMIT(fsgnj_s) { bits(b, op, IR_fsgnj, 4); }
EMIT(fsgnjn_s) { bits(b, op, IR_fsgnjn, 4); }
EMIT(fsgnjx_s) { bits(b, op, IR_fsgnjx, 4); }
EMIT(feq_s) { compare(b, op, IR_feq, 4); }
EMIT(flt_s) { compare(b, op, IR_flt, 4); }
EMIT(fle_s) { compare(b, op, IR_fle, 4); }
EMIT(fclass_s) { ir_float(b, IR_fclass, D, FA, JIT_NONE, JIT_NONE, (IRFloat){ .size = 4 }); }
EMIT(fcvt_w_s) { to_integer(b, op, IR_fto_i32, 4); }
EMIT(fcvt_wu_s) { to_integer(b, op, IR_fto_u32, 4); }
EMIT(fcvt_l_s) { to_integer(b, op, IR_fto_i64, 4); }
EMIT(fcvt_lu_s) { to_integer(b, op, IR_fto_u64, 4); }
EMIT(fcvt_s_w) { from_integer(b, op, IR_ffrom_i32, 4, false); }
EMIT(fcvt_s_wu) { from_integer(b, op, IR_ffrom_u32, 4, false); }
EMIT(fcvt_s_l) { from_integer(b, op, IR_ffrom_i64, 4, false); }
EMIT(fcvt_s_lu) { from_integer(b, op, IR_ffrom_u64, 4, false); }

EMIT(fadd_d) { rounding(b, op, IR_fadd, FB, 8); }
EMIT(fsub_d) { rounding(b, op, IR_fsub, FB, 8); }
EMIT(fmul_d) { rounding(b, op, IR_fmul, FB, 8); }
EMIT(fdiv_d) { rounding(b, op, IR_fdiv, FB, 8); }
EMIT(fsqrt_d) { rounding(b, op, IR_fsqrt, JIT_NONE, 8); }
EMIT(fmadd_d) { fused(b, op, IR_fmadd, 8); }
EMIT(fmsub_d) { fused(b, op, IR_fmsub, 8); }
EMIT(fnmsub_d) { fused(b, op, IR_fnmsub, 8); }
EMIT(fnmadd_d) { fused(b, op, IR_fnmadd, 8); }
EMIT(fmin_d) { exact(b, op, IR_fmin, 8); }
EMIT(fmax_d) { exact(b, op, IR_fmax, 8); }
EMIT(fsgnj_d) { bits(b, op, IR_fsgnj, 8); }
EMIT(fsgnjn_d) { bits(b, op, IR_fsgnjn, 8); }
EMIT(fsgnjx_d) { bits(b, op, IR_fsgnjx, 8); }
EMIT(feq_d) { compare(b, op, IR_feq, 8); }
EMIT(flt_d) { compare(b, op, IR_flt, 8); }
EMIT(fle_d) { compare(b, op, IR_fle, 8); }
EMIT(fclass_d) { ir_float(b, IR_fclass, D, FA, JIT_NONE, JIT_NONE, (IRFloat){ .size = 8 }); }
EMIT(fcvt_w_d) { to_integer(b, op, IR_fto_i32, 8); }
EMIT(fcvt_wu_d) { to_integer(b, op, IR_fto_u32, 8); }
EMIT(fcvt_l_d) { to_integer(b, op, IR_fto_i64, 8); }
EMIT(fcvt_lu_d) { to_integer(b, op, IR_fto_u64, 8); }
EMIT(fcvt_d_w) { from_integer(b, op, IR_ffrom_i32, 8, true); }
EMIT(fcvt_d_wu) { from_integer(b, op, IR_ffrom_u32, 8, true); }
EMIT(fcvt_d_l) { from_integer(b, op, IR_ffrom_i64, 8, false); }
EMIT(fcvt_d_lu) { from_integer(b, op, IR_ffrom_u64, 8, false); }
