/*
 * What trap.c, trap-log.c and priv.c share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_TRAP_IMPL_H
#define VIREO_TARGET_RISCV_TRAP_IMPL_H

#include "target/riscv/trap.h"

/* Where a trap goes, and whom a mode belongs to. */
typedef struct TrapMode {
    RISCVPriv priv;
    bool virt;
} TrapMode;

/* ---- trap.c ---- */
/* Changes the mode after instret instructions; counters may be asked to stand in one of the two. */
void riscv_set_mode(CPURISCVState *env, TrapMode to, uint64_t instret);

/* ---- trap-log.c ---- */
void riscv_log_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, TrapMode to);
/* What a correct guest rarely does: also for those who log guest errors only. */
void riscv_log_refused(CPURISCVState *env, uint64_t cause, uint64_t tval);

#endif
