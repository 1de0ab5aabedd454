/*
 * The hart's part of the advanced interrupt architecture (AIA).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_AIA_H
#define VIREO_TARGET_RISCV_AIA_H

#include "target/riscv/cpu.h"

/* A level that interrupts can be taken at, with an order of its own. */
typedef enum RISCVIrqLevel { IRQ_LEVEL_M, IRQ_LEVEL_S, IRQ_LEVEL_VS } RISCVIrqLevel;

/* Which of the interrupts (bits by number, not 0) comes first at the level. */
int riscv_aia_first(const CPURISCVState *env, RISCVIrqLevel level, uint64_t pending);
/* What is pending and enabled at a level, whatever mstatus says; interrupt.c. Any thread. */
uint64_t riscv_irqs_at(const CPURISCVState *env, RISCVIrqLevel level);
/* Appends why one of the indirect registers or top interrupts cannot be accessed now. */
void riscv_aia_explain(const CPURISCVState *env, unsigned csr, GString *out);
/* Recomputes what follows from the registers. */
void riscv_aia_derive(CPURISCVState *env);

#endif
