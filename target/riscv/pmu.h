/*
 * The performance monitor: what counts what, in which modes, and what happens when it overflows.
 *
 * A counter that runs is stored as its distance from the source it counts, one that stands as its
 * value, so that counting costs nothing. Whoever changes what a counter counts, or whether it runs,
 * does so between riscv_pmu_begin() and riscv_pmu_end(), when all of them stand.
 *
 * Everything here runs on the vCPU's thread. instret: the instructions retired until then, which
 * only the caller knows (riscv_instret() inside an instruction, tcg.icount between blocks).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_PMU_H
#define VIREO_TARGET_RISCV_PMU_H

#include "target/riscv/cpu.h"

/* Values of the event field of mhpmevent: as the SBI numbers them, which is what OpenSBI writes there
 * when the device tree maps events to counters only. */
enum {
    PMU_EVENT_NONE = 0,
    PMU_EVENT_CYCLES = 1,
    PMU_EVENT_INSTRUCTIONS = 2,
    PMU_EVENT_DTLB_READ_MISS = 0x10019,
    PMU_EVENT_DTLB_WRITE_MISS = 0x1001B,
    PMU_EVENT_ITLB_MISS = 0x10021,
};

#define MHPMEVENT_OF (1ULL << 63)
#define MHPMEVENT_MINH (1ULL << 62)
#define MHPMEVENT_SINH (1ULL << 61)
#define MHPMEVENT_UINH (1ULL << 60)
#define MHPMEVENT_VSINH (1ULL << 59)
#define MHPMEVENT_VUINH (1ULL << 58)
#define MHPMEVENT_VINH (MHPMEVENT_VSINH | MHPMEVENT_VUINH)
#define MHPMEVENT_INH (MHPMEVENT_MINH | MHPMEVENT_SINH | MHPMEVENT_UINH)
#define MHPMEVENT_IDX ((1ULL << 58) - 1)

bool riscv_pmu_event_known(uint64_t event);

/* The value of counter n (0 cycle, 2 instret, 3 to 31). */
uint64_t riscv_pmu_read(CPURISCVState *env, unsigned n, uint64_t instret);
void riscv_pmu_begin(CPURISCVState *env, uint64_t instret);
void riscv_pmu_end(CPURISCVState *env, uint64_t instret);
/* Looks whether a counter has overflowed: sets OF and LCOFIP. */
void riscv_pmu_sync(CPURISCVState *env, uint64_t instret);
/* The same between blocks, and makes sure to be called again when the next may have. */
void riscv_pmu_poll(CPURISCVState *env);
/* A page walk was needed. */
void riscv_pmu_miss(CPURISCVState *env, MMUAccess access);

/* After reset and load: what follows from the registers. */
void riscv_pmu_derive(CPURISCVState *env);
void riscv_pmu_init(RISCVCPU *cpu);
void riscv_pmu_fini(RISCVCPU *cpu);

#endif
