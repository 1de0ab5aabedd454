/*
 * Resumable non-maskable interrupts (Smrnmi), and traps that come where no trap may come: double traps in
 * M (Smdbltrp) and the critical-error state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_RNMI_H
#define VIREO_TARGET_RISCV_RNMI_H

#include "target/riscv/cpu.h"

/* CPUClass.nmi: non-maskable interrupt 0, taken once. */
bool riscv_nmi(CPUState *cpu, Error **errp);
/* A line, of IRQ_NMI_LINES. Any thread. */
void riscv_nmi_line(RISCVCPU *cpu, int n, bool level);

static inline bool riscv_nmi_waiting(const CPURISCVState *env)
{
    return (__atomic_load_n(&env->nmi_lines, __ATOMIC_ACQUIRE) |
            __atomic_load_n(&env->nmi_edges, __ATOMIC_ACQUIRE)) != 0;
}

/* ---- For trap.c, on the vCPU's thread ---- */

/* The cause of the non-maskable interrupt to be taken now, as in mncause; 0: there is none. */
uint64_t riscv_nmi_next(CPURISCVState *env);
/* Saves where the hart is for mnret, with NMIE off from now on. The caller changes mode and pc. */
void riscv_nmi_stack(CPURISCVState *env, uint64_t cause, RISCVPriv priv, bool virt);

/* Whether a trap into M would be one too many. */
bool riscv_trap_unexpected(const CPURISCVState *env);
/* The hart stops where it is, until a reset. why: what is not possible, for the log. */
void riscv_critical_error(CPURISCVState *env, uint64_t cause, uint64_t tval, const char *why);

#endif
