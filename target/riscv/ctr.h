/*
 * Control transfer records (Smctr, Ssctr): who was jumped to from where, in a ring of 16 to 256 entries.
 *
 * Whether anything is recorded now is a bit of the mode word, MODE_CTR: blocks of that mode have an
 * operation in front of each branch and jump, all other blocks are as they always are. Traps and
 * returns from them ask env->ctr_on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_CTR_H
#define VIREO_TARGET_RISCV_CTR_H

#include "accel/tcg/translate.h"
#include "target/riscv/cpu.h"
#include "target/riscv/isa.h"

/* Types of transfers; from 1 on bit 32 + type of the control register filters them. */
enum {
    CTR_EXCEPTION = 1,
    CTR_INTERRUPT = 2,
    CTR_TRAP_RETURN = 3,
    CTR_NOT_TAKEN = 4,
    CTR_TAKEN = 5,
    CTR_INDIRECT_CALL = 8,
    CTR_DIRECT_CALL = 9,
    CTR_INDIRECT_JUMP = 10,
    CTR_DIRECT_JUMP = 11,
    CTR_SWAP = 12,
    CTR_RETURN = 13,
    CTR_INDIRECT_LINK = 14,
    CTR_DIRECT_LINK = 15,
};

/* MODE_CTR if transfers of the present mode are recorded, or 0. Called when the mode word is made, since it
 * also starts and stops the cycle counter. */
uint32_t riscv_ctr_mode(CPURISCVState *env);
/* After reset and load: what follows from the registers. */
void riscv_ctr_derive(CPURISCVState *env);

/* Appends what records the instruction that comes next. */
void riscv_ctr_translate(TBBuilder *b, unsigned row, const RISCVOperands *o, uint32_t insn,
                         unsigned len);
/* A transfer that the instruction at `source` makes and that stays in its mode, for bodies that are not
 * branches or jumps; with MODE_CTR only. */
void riscv_ctr_record(CPURISCVState *env, unsigned type, vaddr source, vaddr target);
/* A trap from the present mode at tcg.pc, or a return at `source`; both before the mode changes. */
void riscv_ctr_trap(CPURISCVState *env, uint64_t cause, unsigned priv, bool virt, vaddr target);
void riscv_ctr_trap_return(CPURISCVState *env, unsigned priv, bool virt, vaddr source, vaddr target);

/* The instruction sctrclr. */
void riscv_sctrclr(CPURISCVState *env, const TCGOp *op);

#endif
