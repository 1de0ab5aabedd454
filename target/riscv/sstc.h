/*
 * Sstc: the supervisor's timer compare register drives STIP.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SSTC_H
#define VIREO_TARGET_RISCV_SSTC_H

#include "target/riscv/cpu.h"

/* At realize and the end. */
void riscv_stimer_init(RISCVCPU *cpu);
void riscv_stimer_fini(RISCVCPU *cpu);
/* stimecmp, menvcfg.STCE or the timebase changed: sets or clears STIP and arms the timer. */
void riscv_stimer_update(RISCVCPU *cpu);

#endif
