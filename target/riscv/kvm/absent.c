/*
 * The CPU model of a binary that was built without KVM.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm.h"

#include "accel/kvm/kvm-cpu.h"

const KVMCPUOps riscv_kvm_ops;

bool riscv_kvm_config_begin(RISCVCPU *cpu, Error **errp)
{
    return true;
}

bool riscv_kvm_config_check(RISCVCPU *cpu, Error **errp)
{
    return true;
}

void riscv_kvm_add_named(RISCVCPU *cpu)
{
}

void riscv_kvm_unrealize(RISCVCPU *cpu)
{
}

void riscv_kvm_reset(RISCVCPU *cpu)
{
}

uint64_t riscv_kvm_frequency(const RISCVCPU *cpu)
{
    return 0;
}
