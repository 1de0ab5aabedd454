/*
 * What the SBI implementation keeps of a hart; part of RISCVCPU.
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

typedef struct RISCVSbi {
    uint8_t hsm;          /* SBIHartState; atomic: other harts read it and start us */
    bool console_stuck;   /* the last byte found no room: the next does not wait for it */
} RISCVSbi;

#endif
