/*
 * The built-in firmware of tcg (-bios builtin). The guest has no M-mode: the registers of M-mode say
 * what a firmware would have set up, and its calls end here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SBI_FIRMWARE_H
#define VIREO_TARGET_RISCV_SBI_FIRMWARE_H

#include "target/riscv/cpu.h"

/* After the state table's reset, with smode: entry, a0, a1; and what firmware sets up if that is us. */
void riscv_smode_reset(RISCVCPU *cpu);

/* ecall from S with cpu->sbi_builtin; tcg.pc is that of the ecall. vCPU thread, between blocks. */
void riscv_sbi_ecall(CPURISCVState *env);
/* An exception or interrupt that would go to M: the same places. False: not ours, it goes to S. */
bool riscv_sbi_interrupt(CPURISCVState *env, int n);

typedef enum SBIAttend {
    SBI_ATTEND_NOTHING, /* look for interrupts */
    SBI_ATTEND_ENTERED, /* pc changed */
    SBI_ATTEND_ASLEEP,  /* the hart does not run */
} SBIAttend;

/* Whether there is anything for riscv_sbi_attend() to do. Any thread. */
static inline bool riscv_sbi_wants(const RISCVCPU *cpu)
{
    return __atomic_load_n(&cpu->sbi.todo, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&cpu->sbi.hsm, __ATOMIC_ACQUIRE) != SBI_HART_STARTED;
}
/* Does what others asked of the hart. vCPU thread, between blocks. */
SBIAttend riscv_sbi_attend(CPURISCVState *env);

/* What the SBI says to CPUClass.has_work: -1 sleeps on, 1 wakes up, 0 nothing. Any thread. */
int riscv_sbi_has_work(const RISCVCPU *cpu);

/* S took a trap that it could not take (Ssdbltrp): an event, if the guest wants that. False: nobody does.
 * tcg.pc is where; its handler's after. */
bool riscv_sbi_double_trap(RISCVCPU *cpu);

/* A trap was taken that firmware could have counted (PMU firmware events). */
void riscv_sbi_count(RISCVCPU *cpu, unsigned event);

#endif
