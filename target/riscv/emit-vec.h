/*
 * What the files of the vector instructions' fast forms share.
 *
 * A form knows vtype, and with it which registers are meant and whether the instruction is legal: what is
 * not is left to its body, as is what the host has no code for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_EMIT_VEC_H
#define VIREO_TARGET_RISCV_EMIT_VEC_H

#include "target/riscv/emit.h"

/* vtype's consequences, and what is known of vl. */
struct VecShape {
    RISCVVecConfig cfg;
    bool vl_known;
    uint32_t n;      /* vl, if it is known, else the most that it may be */
    uint32_t likely; /* what it probably is */
};

/* Of emit-vec-rows.c, by row; fn NULL: no fast form. */
EmitVecRow riscv_emit_vec_row(unsigned row);

/* An operation on SEW and vl: rd, rs2 and the mask are in place, b is rs1. */
IRVec riscv_vec(const VecShape *c, const TCGOp *op, unsigned kind);
uint32_t riscv_vec_reg(const VecShape *c, unsigned n);
/* Appends it, with what must hold before and what becomes of the state. False: there is no code. d, a:
 * variables. */
bool riscv_vec_emit(IRBuilder *b, const TCGOp *op, const IRVec *v, unsigned d, unsigned a);

#endif
