/*
 * Private to target/riscv/sbi/: parts of the SBI implementation.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SBI_INTERNAL_H
#define VIREO_TARGET_RISCV_SBI_INTERNAL_H

#include "target/riscv/sbi/sbi.h"

static inline void sbi_result(SBICall *call, int64_t error, uint64_t value)
{
    call->error = error;
    call->value = value;
}

/*
 * Shared memory as the calls name it: two words of address, of which RV64 uses the lower. Whether
 * [lo, lo + len) is RAM or ROM of the guest and does not wrap around.
 */
bool sbi_memory_ok(const RISCVCPU *cpu, uint64_t lo, uint64_t hi, uint64_t len);
/* The same, and the guest may write to all of it. */
bool sbi_memory_writable(const RISCVCPU *cpu, uint64_t lo, uint64_t hi, uint64_t len);

/* console.c: the legacy console and DBCN. */
void sbi_legacy_putchar(RISCVCPU *cpu, SBICall *call);
void sbi_legacy_getchar(RISCVCPU *cpu, SBICall *call);
void sbi_dbcn(RISCVCPU *cpu, SBICall *call);

#endif
