/*
 * Semihosting: calls of the guest to the host, made by an instruction sequence that the CPU model knows
 * and answered by system/, which installs itself here when the user asked for it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_SEMIHOSTING_H
#define VIREO_HW_CORE_SEMIHOSTING_H

#include "hw/core/cpu.h"

/* How to reach the memory of the vCPU that calls, as it would itself. False: some of it cannot be, or is
 * not RAM; less may have been written then. */
typedef struct SemihostGuest {
    CPUState *cpu;
    bool (*read)(CPUState *cpu, vaddr va, void *buf, size_t len);
    bool (*write)(CPUState *cpu, vaddr va, const void *buf, size_t len);
} SemihostGuest;

typedef enum SemihostOutcome {
    SEMIHOST_DONE,  /* *result is for the guest */
    SEMIHOST_AGAIN, /* nothing has happened yet: make the same call again soon */
} SemihostOutcome;

typedef struct SemihostOps {
    bool userspace; /* U mode may call too */
    /* On the vCPU's thread. */
    SemihostOutcome (*call)(const SemihostGuest *g, uint64_t number, uint64_t arg,
                            uint64_t *result);
} SemihostOps;

/* Before the vCPUs run, and NULL after. */
void semihost_set_ops(const SemihostOps *ops);
/* NULL: there is no semihosting. */
const SemihostOps *semihost_ops(void);

#endif
