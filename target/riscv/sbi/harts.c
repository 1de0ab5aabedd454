/*
 * Harts by number and by mask, and waking them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/sbi/internal.h"

RISCVCPU *sbi_hart(uint64_t hartid)
{
    const CPUList *list = cpu_list();
    CPUState *cpu;

    /* On our boards the numbers agree. */
    if (hartid < list->nr && ((RISCVCPU *)list->cpus[hartid])->hartid == hartid)
        return (RISCVCPU *)list->cpus[hartid];
    CPU_FOREACH(cpu) {
        if (((RISCVCPU *)cpu)->hartid == hartid)
            return (RISCVCPU *)cpu;
    }
    return NULL;
}

bool sbi_for_harts(uint64_t mask, uint64_t base, void (*fn)(RISCVCPU *target, void *data),
                   void *data)
{
    CPUState *cpu;

    if (base == UINT64_MAX) {
        CPU_FOREACH(cpu)
            fn((RISCVCPU *)cpu, data);
        return true;
    }
    for (uint64_t bits = mask; bits; bits &= bits - 1) {
        uint64_t id = base + (unsigned)__builtin_ctzll(bits);

        if (id < base || !sbi_hart(id))
            return false;
    }
    for (uint64_t bits = mask; bits; bits &= bits - 1)
        fn(sbi_hart(base + (unsigned)__builtin_ctzll(bits)), data);
    return true;
}

void sbi_notify(RISCVCPU *cpu, uint32_t todo)
{
    __atomic_fetch_or(&cpu->sbi.todo, todo, __ATOMIC_SEQ_CST);
    cpu_attention(&cpu->parent_obj, CPU_ATTN_IRQ);
}
