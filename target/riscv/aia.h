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
/* Nominal priorities that are no number: above and below all numbers in the default order, and
 * that of an SEI which no controller raises (AIA, 5.4.1). */
enum { AIA_PRIO_ABOVE = 0, AIA_PRIO_NO_SOURCE = 256, AIA_PRIO_BELOW = 4096 };
/* Place in the default order, 0 the first. */
unsigned riscv_aia_rank(unsigned n);
/* Whether mstateen0 lets the present mode have what the bit stands for. */
bool riscv_aia_stateen(const CPURISCVState *env, uint64_t bit);
/* Whether the number selects a register of an interrupt file. */
bool riscv_aia_is_imsic(uint64_t reg);

/* mireg: whether miselect names a register, and the access; returns the value before. */
bool riscv_aia_has_mireg(const CPURISCVState *env);
uint64_t riscv_aia_mireg(CPURISCVState *env, uint64_t value, uint64_t mask);

/* hideleg as it reads: what mideleg or mvien gives to S. Any thread. */
uint64_t riscv_hideleg(const CPURISCVState *env);

/* VS level (aia-vs.c): pending and enabled, numbered as the guest sees them. Any thread. */
uint64_t riscv_vs_irqs(const CPURISCVState *env);
bool riscv_vs_has_work(const CPURISCVState *env); /* the same, and what hvictl makes up */
/* The number of the interrupt file that the guest has (hstatus.VGEIN), or 0. */
unsigned riscv_vs_file(const CPURISCVState *env);
/* The one that is taken, or -1. */
int riscv_vs_first(const CPURISCVState *env);
/* Appends why one of the indirect registers or top interrupts cannot be accessed now. */
void riscv_aia_explain(const CPURISCVState *env, unsigned csr, GString *out);
/* Recomputes what follows from the registers. */
void riscv_aia_derive(CPURISCVState *env);

#endif
