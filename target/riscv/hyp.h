/*
 * The hypervisor's instructions, as their bodies call them; see trap.h for the rules.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_HYP_H
#define VIREO_TARGET_RISCV_HYP_H

#include "target/riscv/cpu.h"

/* Around one access of guest memory, whose address is a guest virtual one; executable: hlvx. If the
 * access raises an exception, the trap ends it. */
void riscv_hlv_begin(CPURISCVState *env, const TCGOp *op, bool executable);
void riscv_hlv_end(CPURISCVState *env);

/* hfence.vvma and hinval.vvma, hfence.gvma and hinval.gvma. The mapping of what runs does not
 * change: the block goes on. */
void riscv_hfence_vvma(CPURISCVState *env, const TCGOp *op);
void riscv_hfence_gvma(CPURISCVState *env, const TCGOp *op);
/* What the first does, and sfence.vma with V=1: of the virtual machine that hgatp names. */
void riscv_guest_fence(CPURISCVState *env, const TCGOp *op);

#endif
