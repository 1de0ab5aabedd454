/*
 * The RISC-V CPU under KVM, as the rest of the CPU model sees it. RISCVCPU.kvm is NULL without.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_KVM_H
#define VIREO_TARGET_RISCV_KVM_H

#include "target/riscv/cpu.h"

struct KVMCPUOps;

/* CPUClass.kvm_ops. */
extern const struct KVMCPUOps riscv_kvm_ops;

/* Realize, first step: asks what the host has and makes it the default of what the user did not choose.
 * Does nothing without KVM. */
bool riscv_kvm_config_begin(RISCVCPU *cpu, Error **errp);
/* When the configuration is complete: what the host lacks, or cannot hide, is said. */
bool riscv_kvm_config_check(RISCVCPU *cpu, Error **errp);
/* What the vCPU has of the features that follow from others. */
void riscv_kvm_add_named(RISCVCPU *cpu);
void riscv_kvm_unrealize(RISCVCPU *cpu);
/* After riscv_csr_reset(): a guest of KVM starts in S mode, with everything delegated to it. */
void riscv_kvm_reset(RISCVCPU *cpu);
/* Frequency of time, Hz; 0: not known. */
uint64_t riscv_kvm_frequency(const RISCVCPU *cpu);

#endif
