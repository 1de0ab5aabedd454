/*
 * Private to target/riscv/sbi/: parts of the SBI implementation.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SBI_INTERNAL_H
#define VIREO_TARGET_RISCV_SBI_INTERNAL_H

#include "target/riscv/sbi/sbi.h"

enum { SBI_TODO_FENCE = 1, SBI_TODO_SSE = 2 };

static inline void sbi_result(SBICall *call, int64_t error, uint64_t value)
{
    call->error = error;
    call->value = value;
}

/*
 * Shared memory as the calls name it: two words of address, of which RV64 uses the lower. Whether
 * [lo, lo + len) is RAM or ROM of the guest and does not wrap around.
 */
bool sbi_memory_ok(const RISCVCPU *cpu, uint64_t lo, uint64_t hi, uint64_t len);
/* The same, and the guest may write to all of it. */
bool sbi_memory_writable(const RISCVCPU *cpu, uint64_t lo, uint64_t hi, uint64_t len);

/* console.c: the legacy console and DBCN. */
void sbi_legacy_putchar(RISCVCPU *cpu, SBICall *call);
void sbi_legacy_getchar(RISCVCPU *cpu, SBICall *call);
void sbi_dbcn(RISCVCPU *cpu, SBICall *call);

/* ---- The rest is the firmware's: vCPU thread, between blocks. ---- */

/* harts.c: the hart of that number; NULL: there is none. */
RISCVCPU *sbi_hart(uint64_t hartid);
/* Calls fn for each hart of a mask; base -1: all. False, and nothing happens, if one does not exist. */
bool sbi_for_harts(uint64_t mask, uint64_t base, void (*fn)(RISCVCPU *target, void *data),
                   void *data);
/* The hart looks at its todo before it runs on. Any thread. */
void sbi_notify(RISCVCPU *cpu, uint32_t todo);

/* Handlers fill error and value. What the hart does next follows from SBIOutcome. */
void sbi_time(RISCVCPU *cpu, SBICall *call);
void sbi_ipi(RISCVCPU *cpu, SBICall *call);
void sbi_base(RISCVCPU *cpu, SBICall *call);

/* fence.c */
void sbi_rfence(RISCVCPU *cpu, SBICall *call);
void sbi_fence_attend(RISCVCPU *cpu);

/* hsm.c. JUMPED: the registers are set, error and value are not to be written. */
typedef enum SBINext { SBI_NEXT_RETURN, SBI_NEXT_JUMPED } SBINext;
SBINext sbi_hsm(RISCVCPU *cpu, SBICall *call);
SBINext sbi_susp(RISCVCPU *cpu, SBICall *call);
void sbi_srst(RISCVCPU *cpu, SBICall *call);
/* Registers of a hart that starts or resumes: S, satp 0, SIE 0, a0, a1. */
void sbi_jump(RISCVCPU *cpu, uint64_t pc, uint64_t opaque);
void sbi_setup_machine(RISCVCPU *cpu);

/* pmu.c */
void sbi_pmu(RISCVCPU *cpu, SBICall *call);
void sbi_pmu_reset(RISCVCPU *cpu);
enum {
    SBI_FW_MISALIGNED_LOAD = 0,
    SBI_FW_MISALIGNED_STORE = 1,
    SBI_FW_ACCESS_LOAD = 2,
    SBI_FW_ACCESS_STORE = 3,
    SBI_FW_ILLEGAL_INSN = 4,
    SBI_FW_SET_TIMER = 5,
    SBI_FW_IPI_SENT = 6,
    SBI_FW_IPI_RECEIVED = 7,
    SBI_FW_FENCE_I_SENT = 8,
    SBI_FW_FENCE_I_RECEIVED = 9,
    SBI_FW_LAST = 21,
};
void sbi_fw_count(RISCVCPU *cpu, unsigned event);

/* fwft.c */
void sbi_fwft(RISCVCPU *cpu, SBICall *call);

/* sse.c */
SBINext sbi_sse(RISCVCPU *cpu, SBICall *call);
/* Enters the handler of the event that comes first, if one may be taken now. */
bool sbi_sse_deliver(RISCVCPU *cpu);
/* A counter overflowed and the guest wants that as an event. */
void sbi_sse_overflow(RISCVCPU *cpu);
void sbi_sse_reset(RISCVCPU *cpu);
/* Whether an event would be delivered. Any thread: a guess that is looked at again. */
bool sbi_sse_ready(const RISCVCPU *cpu);

/* sta.c */
void sbi_sta(RISCVCPU *cpu, SBICall *call);
/* Tells the guest how long it waited for a core of the host, now and then. */
void sbi_sta_update(RISCVCPU *cpu);

#endif
