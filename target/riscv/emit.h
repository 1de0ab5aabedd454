/*
 * EMIT: an instruction's fast form, as operations of the compiler (include/accel/tcg/jit.h). It stands
 * beside the EXEC of the same name, which is what it means; a row without one has its body called.
 *
 *   EMIT(addi) { ir_op2i(b, IR_add, D, A, op->imm); }
 *
 * gen.py finds the names in emit-*.c and makes the table. What EXEC's comment says of operands holds here:
 * legality was asked when the block was made.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_EMIT_H
#define VIREO_TARGET_RISCV_EMIT_H

#include "accel/tcg/jit.h"
#include "target/riscv/cpu.h"
#include "target/riscv/insn-list.h" /* generated */

#define EMIT(name)                                             \
    void emit_##name(IRBuilder *b, const TCGOp *op);           \
    void emit_##name(IRBuilder *b, const TCGOp *op)

/* Operands as variables. */
#define D (op->rd == TARGET_REG_SINK ? JIT_NONE : op->rd)
#define A (op->rs1)
#define B (op->rs2)
#define FD (JIT_FP + op->rd)
#define FA (JIT_FP + op->rs1)
#define FB (JIT_FP + op->rs2)
#define FC (JIT_FP + op->rs3)

typedef void (*EmitFn)(IRBuilder *b, const TCGOp *op);
/* NULL: there is no fast form. Generated insn-emit.c. */
EmitFn riscv_insn_emit(unsigned row);

/* An access to a CSR. False: its body is called. */
bool riscv_emit_csr(IRBuilder *b, const TCGOp *op);

extern const JitStatus riscv_jit_sstatus;
extern const JitFlags riscv_jit_fflags;
/* ---- emit-fp.c ---- */
/* fflags become v, and d what they were; either may be JIT_NONE. */
void riscv_emit_fflags(IRBuilder *b, unsigned d, unsigned v);
/* ---- emit-vec.c ---- */
void riscv_emit_begin(IRBuilder *b);
/* As TCGJitOps.emit, of rows that need the vector unit. */
bool riscv_emit_vector(IRBuilder *b, const TCGOp *op);
/* Reads of vl and vlenb. False: it is something else. */
bool riscv_emit_vector_csr(IRBuilder *b, const TCGOp *op);
/* Something may write the vstart CSR. */
void riscv_emit_forget_vstart(IRBuilder *b);
/* The fast form of a row, given what is known of vtype; false: there is none. */
typedef struct VecShape VecShape;
typedef bool (*EmitVecFn)(IRBuilder *b, const TCGOp *op, const VecShape *c, unsigned kind);
typedef struct EmitVecRow {
    EmitVecFn fn;
    uint8_t kind;
} EmitVecRow;

extern const TCGJitOps riscv_jit_ops;

/* verify.c: the last members of TCGJitOps. */
CPUArchState *riscv_shadow_new(void);
void riscv_shadow_free(CPUArchState *shadow);
void riscv_shadow_copy(CPUArchState *shadow, CPUArchState *env);
void riscv_shadow_settle(CPUArchState *env);
void riscv_shadow_differences(CPUArchState *compiled, CPUArchState *interpreted, bool exception,
                              GString *out);

#endif
