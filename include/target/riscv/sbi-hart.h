/*
 * What the SBI implementation keeps of a hart; part of RISCVCPU. What it says about the hart's own
 * registers (delegation, counters, memory protection) is kept in those.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SBI_HART_H
#define VIREO_TARGET_RISCV_SBI_HART_H

#include <stdbool.h>
#include <stdint.h>

/* How a guest of which we (or KVM) play the firmware starts; set by the board, see smode. */
typedef struct RISCVSModeStart {
    uint64_t entry; /* pc */
    uint64_t fdt;   /* a1 */
    bool boot;      /* this hart starts; the others wait for HSM */
} RISCVSModeStart;

/* HSM states by the SBI's numbers. The *_PENDING states between are short. */
typedef enum SBIHartState {
    SBI_HART_STARTED,
    SBI_HART_STOPPED,
    SBI_HART_START_PENDING,
    SBI_HART_STOP_PENDING,
    SBI_HART_SUSPENDED,
    SBI_HART_SUSPEND_PENDING,
    SBI_HART_RESUME_PENDING,
} SBIHartState;

/* A fence that another hart asks for. */
typedef struct SBIFence {
    uint64_t start, size; /* size UINT64_MAX: all addresses */
    int64_t asid;         /* -1: all */
} SBIFence;

/* A software event (SSE). */
typedef struct SBIEvent {
    uint8_t state;        /* SBI_SSE_* */
    bool pending;
    uint32_t priority, config;
    uint64_t hart;        /* preferred, or the one that handles it */
    uint64_t entry_pc, entry_arg;
    uint64_t sepc, flags, a6, a7; /* what it interrupted */
} SBIEvent;

enum { SBI_LOCAL_EVENTS = 3, SBI_FW_COUNTERS = 16, SBI_MAX_FENCES = 8 };

typedef struct RISCVSbi {
    uint8_t hsm;          /* SBIHartState; atomic: other harts read it and start us */
    bool resume_jump;     /* SUSPENDED: wakes up at start_addr, and not where it was */
    uint64_t start_addr, opaque; /* pc and a1 of START_PENDING, and of resume_jump */
    uint32_t todo;        /* SBI_TODO_*, atomic: what the hart is to look at before it runs on */
    bool console_stuck;   /* the last byte found no room: the next does not wait for it */

    /* Fences asked for by others; under the device's lock. posted and done are atomic. */
    SBIFence fence[SBI_MAX_FENCES];
    uint8_t nr_fences;
    bool fence_i;
    uint32_t fence_posted, fence_done;

    uint8_t fwft_locked;  /* bits by feature number */

    SBIEvent event[SBI_LOCAL_EVENTS];
    SBIEvent global_event; /* that of the first hart is the machine's */
    bool sse_unmasked;

    /* Firmware counters. The value is atomic: others count what they did to us. */
    uint64_t fw_value[SBI_FW_COUNTERS];
    uint32_t fw_event[SBI_FW_COUNTERS]; /* code; UINT32_MAX: none */
    uint32_t fw_started;  /* bits; atomic */
    uint32_t pmu_used;    /* hardware counters configured, by number */
    uint64_t snapshot;    /* shared memory of PMU; UINT64_MAX: none */

    uint64_t steal_shmem; /* STA; UINT64_MAX: none */
    uint64_t steal_ns;    /* told so far */
    uint64_t steal_base;  /* what the host said when the reports began */
    uint64_t steal_next;  /* CLOCK_MONO ns of the next look */
} RISCVSbi;

#endif
