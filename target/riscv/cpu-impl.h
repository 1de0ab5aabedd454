/*
 * Private to the cpu-*.c files: the parts of the CPU device.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_CPU_IMPL_H
#define VIREO_TARGET_RISCV_CPU_IMPL_H

#include "hw/core/cpu-debug.h"
#include "hw/core/fdt.h"
#include "target/riscv/cpu.h"

/* cpu-props.c: the rows all models share. */
extern const Property riscv_cpu_props[];
/* cpu-state.c */
extern const StateTable riscv_cpu_state;
/* After the state table's reset values: what depends on the configuration. */
void riscv_csr_reset(RISCVCPU *cpu);
/* Recomputes what follows from the state: after reset and load. */
void riscv_state_derive(RISCVCPU *cpu);

/* cpu-dump.c: CPUClass.dump and TCGCPUOps.dump. */
void riscv_cpu_dump(CPUState *cpu, GString *out, unsigned flags);
void riscv_env_dump(CPURISCVState *env, GString *out);

/* cpu-debug.c: CPUClass.debug_ops. */
extern const CPUDebugOps riscv_debug_ops;

/* cpu-sample.c: CPUClass. */
void riscv_cpu_sample(CPUState *cpu, const CPUNote *note, CPUSample *s);
bool riscv_read_kernel(CPUState *cpu, vaddr va, void *buf, size_t len);

/* cpu-fdt.c: DeviceClass.fdt. */
void riscv_cpu_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx);

#endif
