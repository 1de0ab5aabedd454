/*
 * What the compiler of hot code asks about instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/emit.h"

#include "target/riscv/insn-fn.h"
#include "target/riscv/isa.h"

static JitKind kind(const TCGOp *op)
{
    unsigned flags = riscv_insn_flags(op->row), row = riscv_insn_body(op->row);

    if (flags & INSN_BRANCH)
        return JIT_BRANCH;
    if (flags & INSN_JUMP)
        return JIT_JUMP;
    if (row == INSN_jalr)
        return JIT_INDIRECT;
    return flags & INSN_EXIT ? JIT_EXIT : JIT_PLAIN;
}

static bool emit(IRBuilder *b, const TCGOp *op)
{
    EmitFn fn = riscv_insn_emit(riscv_insn_body(op->row));

    if (riscv_insn_flags(op->row) & INSN_VS)
        return riscv_emit_vector(b, op);
    if (!fn && riscv_emit_vector_csr(b, op))
        return true;
    if (!fn) {
        riscv_emit_forget_vstart(b);
        return riscv_emit_csr(b, op);
    }
    fn(b, op);
    return true;
}

static TCGOpFn body(const TCGOp *op)
{
    return riscv_insn_fn(op->row);
}

static bool is_csr(unsigned row)
{
    switch (row) {
    case INSN_csrrw:
    case INSN_csrrs:
    case INSN_csrrc:
    case INSN_csrrwi:
    case INSN_csrrsi:
    case INSN_csrrci:
        return true;
    default:
        return false;
    }
}

/* Fences that end no block: the page tables that are read behind them are those of before, in a repetition. */
static bool is_fence(unsigned row)
{
    return row == INSN_hfence_vvma || row == INSN_hfence_gvma || row == INSN_hinval_vvma ||
           row == INSN_hinval_gvma;
}

/* CSRs without a fast form may be clocks, timers and interrupt files; what ends a block may switch anything. */
static bool repeats(const TCGOp *op)
{
    unsigned row = riscv_insn_body(op->row);

    return !(riscv_insn_flags(op->row) & INSN_EXIT) && !is_csr(row) && !is_fence(row);
}

const TCGJitOps riscv_jit_ops = {
    .x_offset = offsetof(CPURISCVState, x),
    .f_offset = offsetof(CPURISCVState, f),
    .reserve_addr = offsetof(CPURISCVState, reserve_addr),
    .reserve_value = offsetof(CPURISCVState, reserve_value),
    .reserve_size = offsetof(CPURISCVState, reserve_size),
    .status = &riscv_jit_sstatus,
    .flags = &riscv_jit_fflags,
    .kind = kind,
    .begin = riscv_emit_begin,
    .emit = emit,
    .body = body,
    .repeats = repeats,
    .shadow_new = riscv_shadow_new,
    .shadow_free = riscv_shadow_free,
    .shadow_copy = riscv_shadow_copy,
    .settle = riscv_shadow_settle,
    .differences = riscv_shadow_differences,
};
