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

static void class(IRBuilder *b, const TCGOp *op, IROp ir, unsigned size)
{
    ir_float(b, ir, D, FA, JIT_NONE, JIT_NONE, (IRFloat){ .size = (uint8_t)size });
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

/* Both sizes of what the name stands for: with _s and _d behind it. */
#define EMIT_BOTH(name, form, ...)                        \
    EMIT(name##_s) { form(b, op, __VA_ARGS__, 4); }       \
    EMIT(name##_d) { form(b, op, __VA_ARGS__, 8); }

EMIT_BOTH(fadd, rounding, IR_fadd, FB)
EMIT_BOTH(fsub, rounding, IR_fsub, FB)
EMIT_BOTH(fmul, rounding, IR_fmul, FB)
EMIT_BOTH(fdiv, rounding, IR_fdiv, FB)
EMIT_BOTH(fsqrt, rounding, IR_fsqrt, JIT_NONE)
EMIT_BOTH(fmadd, fused, IR_fmadd)
EMIT_BOTH(fmsub, fused, IR_fmsub)
EMIT_BOTH(fnmsub, fused, IR_fnmsub)
EMIT_BOTH(fnmadd, fused, IR_fnmadd)
EMIT_BOTH(fmin, exact, IR_fmin)
EMIT_BOTH(fmax, exact, IR_fmax)
EMIT_BOTH(fsgnj, bits, IR_fsgnj)
EMIT_BOTH(fsgnjn, bits, IR_fsgnjn)
EMIT_BOTH(fsgnjx, bits, IR_fsgnjx)
EMIT_BOTH(feq, compare, IR_feq)
EMIT_BOTH(flt, compare, IR_flt)
EMIT_BOTH(fle, compare, IR_fle)
EMIT_BOTH(fclass, class, IR_fclass)
EMIT_BOTH(fcvt_w, to_integer, IR_fto_i32)
EMIT_BOTH(fcvt_wu, to_integer, IR_fto_u32)
EMIT_BOTH(fcvt_l, to_integer, IR_fto_i64)
EMIT_BOTH(fcvt_lu, to_integer, IR_fto_u64)

EMIT(fcvt_s_w) { from_integer(b, op, IR_ffrom_i32, 4, false); }
EMIT(fcvt_s_wu) { from_integer(b, op, IR_ffrom_u32, 4, false); }
EMIT(fcvt_s_l) { from_integer(b, op, IR_ffrom_i64, 4, false); }
EMIT(fcvt_s_lu) { from_integer(b, op, IR_ffrom_u64, 4, false); }
EMIT(fcvt_d_w) { from_integer(b, op, IR_ffrom_i32, 8, true); }
EMIT(fcvt_d_wu) { from_integer(b, op, IR_ffrom_u32, 8, true); }
EMIT(fcvt_d_l) { from_integer(b, op, IR_ffrom_i64, 8, false); }
EMIT(fcvt_d_lu) { from_integer(b, op, IR_ffrom_u64, 8, false); }
