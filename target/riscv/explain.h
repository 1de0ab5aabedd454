/*
 * Answers to "why", for the monitor and the log.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_EXPLAIN_H
#define VIREO_TARGET_RISCV_EXPLAIN_H

#include "target/riscv/cpu.h"

/* CPUClass.explain_interrupts. */
void riscv_explain_interrupts(CPUState *cpu, GString *out);
/* Appends the rule that makes the instruction illegal in the present state. */
void riscv_explain_illegal(CPURISCVState *env, uint32_t insn, GString *out);

#endif
