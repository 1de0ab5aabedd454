/*
 * Debug triggers (Sdtrig): breakpoints, watchpoints, counts and traps that a guest watches for itself.
 *
 * Nothing of this costs anything while no trigger is armed. Triggers that look at instructions make a
 * mode of its own of the modes that they are armed in (MODE_TRIGGERS): blocks of it have an operation in
 * front of each instruction. Triggers that look at loads and stores send accesses to the pages concerned
 * the slow way, as the debugger's watchpoints do. The registers are in csr-trigger.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_TRIGGER_H
#define VIREO_TARGET_RISCV_TRIGGER_H

#include "target/riscv/cpu.h"

typedef enum TriggerType {
    TRIGGER_MCONTROL = 2,
    TRIGGER_ICOUNT = 3,
    TRIGGER_ITRIGGER = 4,
    TRIGGER_ETRIGGER = 5,
    TRIGGER_MCONTROL6 = 6,
    TRIGGER_DISABLED = 15,
} TriggerType;

static inline TriggerType trigger_type(uint64_t tdata1)
{
    return (TriggerType)(tdata1 >> 60);
}

/* Fields of tdata1, by type. */
#define MC_LOAD (1ULL << 0) /* both kinds of mcontrol */
#define MC_STORE (1ULL << 1)
#define MC_EXECUTE (1ULL << 2)
#define MC_MATCH(v) (((v) >> 7) & 15)
#define MC_CHAIN (1ULL << 11)
#define MC_SIZE_SHIFT 16
#define MC2_SELECT (1ULL << 19)
#define MC2_HIT (1ULL << 20)
#define MC2_SIZE_HIGH_SHIFT 21
#define MC6_SELECT (1ULL << 21)
#define MC6_HIT (1ULL << 22 | 1ULL << 25)
#define MC6_HIT_BEFORE (1ULL << 22)
#define ICOUNT_HIT (1ULL << 24)
#define ICOUNT_COUNT_SHIFT 10
#define ICOUNT_COUNT (0x3FFFULL << ICOUNT_COUNT_SHIFT)
#define ICOUNT_PENDING (1ULL << 8)
#define TRAP_HIT (1ULL << 58) /* itrigger and etrigger */

#define TCONTROL_MTE (1ULL << 3)
#define TCONTROL_MPTE (1ULL << 7)

/* Modes as bits: U, S, none, M, VU, VS. */
unsigned riscv_trigger_modes(uint64_t tdata1);
/* Recomputes what follows from the registers. Whether loads and stores are watched otherwise than
 * before: then the TLB must be flushed. */
bool riscv_trigger_derive(CPURISCVState *env);

/* Before an instruction; raises. */
void riscv_trigger_insn(CPURISCVState *env, uint32_t insn, unsigned len);
/* Whether a trigger fires on the fetch at pc, which faulted. */
bool riscv_trigger_fetch(CPURISCVState *env, vaddr pc);
/* Whether one fires on a load or store. */
bool riscv_trigger_data(CPURISCVState *env, vaddr va, unsigned size, bool load, bool store);
/* A trap begins that is not due to an instruction that riscv_trigger_insn() has seen. */
void riscv_trigger_count_trap(CPURISCVState *env);
/* Whether one fires at the beginning of the handler of a trap taken from that mode. */
bool riscv_trigger_trap(CPURISCVState *env, uint64_t cause, RISCVPriv priv, bool virt);

/* TCGCPUOps. */
bool riscv_trigger_watches(CPURISCVState *env, vaddr first, vaddr last);
void riscv_trigger_access(CPURISCVState *env, vaddr va, unsigned size, bool load, bool store);

#endif
