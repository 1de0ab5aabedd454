/*
 * Control-flow integrity: landing pads (Zicfilp) and shadow stacks (Zicfiss).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_CFI_H
#define VIREO_TARGET_RISCV_CFI_H

#include "target/riscv/cpu.h"

/* Values of tval that say why a software check failed. */
enum { CHECK_LANDING_PAD = 2, CHECK_SHADOW_STACK = 3 };

/* Whether landing pads (shadow stacks) are active in a mode: the manual's xLPE and xSSE. */
bool riscv_landing_pads(const CPURISCVState *env, RISCVPriv priv, bool virt);
bool riscv_shadow_stacks(const CPURISCVState *env, RISCVPriv priv, bool virt);
/* The bits of the mode word that follow. */
uint32_t riscv_cfi_mode(const CPURISCVState *env);

/* A return from a trap into a mode: a landing pad is expected there if it was when the trap was taken
 * (pelp) and the mode has them on. */
static inline void riscv_elp_return(CPURISCVState *env, RISCVPriv priv, bool virt, bool pelp)
{
    env->elp = pelp && riscv_landing_pads(env, priv, virt);
}

/* Raises a software check at the instruction being run; kind: CHECK_*. why: for the log. */
_Noreturn void riscv_raise_check(CPURISCVState *env, uint64_t kind, const char *why);

/* The instructions, as their bodies call them. */
void riscv_sspush(CPURISCVState *env, uint64_t value);
void riscv_sspopchk(CPURISCVState *env, uint64_t value);
/* Raises unless ssamoswap is legal here. */
void riscv_ssamoswap_check(CPURISCVState *env, const TCGOp *op);
/* Host address of size aligned bytes of shadow stack that may be read and written. */
void *riscv_shadow_host(CPURISCVState *env, vaddr va, unsigned size);
/* Raises if the cache block at va is part of a shadow stack. */
void riscv_cbo_shadow_check(CPURISCVState *env, vaddr va);

#endif
