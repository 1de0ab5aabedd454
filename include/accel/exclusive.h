/*
 * Exclusive sections: no vCPU is inside exec() while one runs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_EXCLUSIVE_H
#define VIREO_ACCEL_EXCLUSIVE_H

#include "hw/core/cpu.h"

/* Brackets every exec() on the vCPU's thread; start waits while an exclusive section runs. */
void cpu_exec_start(CPUState *cpu);
void cpu_exec_end(CPUState *cpu);

/* Kicks every vCPU out of exec() and waits until they are out. From a vCPU thread outside its own
 * exec bracket, or from any other thread. Sections do not nest; they queue. No lock may be held. */
void start_exclusive(void);
void end_exclusive(void);

/* Runs fn on the vCPU's thread in an exclusive section: no vCPU is inside exec(). */
void cpu_run_exclusive_async(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data);

#endif
