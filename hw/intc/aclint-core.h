/*
 * The register machine of the core-local interruptor: msip bits, timer compare registers, mtime.
 * No lock, no I/O. Time is handed in; deadlines and lines are what the shell asks for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INTC_ACLINT_CORE_H
#define VIREO_HW_INTC_ACLINT_CORE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct SwiCore {
    uint32_t nr_harts;
    uint8_t *msip; /* [nr_harts] 0 or 1 */
} SwiCore;

void swi_core_init(SwiCore *c, uint32_t nr_harts);
void swi_core_destroy(SwiCore *c);
/* 32-bit accesses; false beyond the last hart. A write says which hart's line to drive. */
bool swi_core_read(const SwiCore *c, uint64_t addr, uint32_t *value);
bool swi_core_write(SwiCore *c, uint64_t addr, uint32_t value, uint32_t *hart);

typedef struct MtimerCore {
    uint32_t nr_harts;
    uint64_t *mtimecmp; /* [nr_harts] */
} MtimerCore;

typedef enum MtimerWrite {
    MTIMER_WRITE_NONE, /* no such register */
    MTIMER_WRITE_CMP,  /* *hart: its deadline changed */
    MTIMER_WRITE_TIME, /* *time: set the counter to this */
} MtimerWrite;

void mtimer_core_init(MtimerCore *c, uint32_t nr_harts);
void mtimer_core_destroy(MtimerCore *c);
/* size 4 or 8; now is the counter. */
bool mtimer_core_read(const MtimerCore *c, uint64_t addr, unsigned size, uint64_t now,
                      uint64_t *value);
MtimerWrite mtimer_core_write(MtimerCore *c, uint64_t addr, unsigned size, uint64_t value,
                              uint64_t now, uint32_t *hart, uint64_t *time);

/* Whether hart's interrupt is pending at time now. */
static inline bool mtimer_core_pending(const MtimerCore *c, uint32_t hart, uint64_t now)
{
    return now >= c->mtimecmp[hart];
}

#endif
