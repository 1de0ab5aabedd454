/*
 * Guest loads, stores and atomics as instruction bodies use them: guest virtual addresses, the
 * current regime, little-endian. Each of them may leave the block with an exception (page fault,
 * access fault), so the handler must have stored tcg.cur, and may not hold a lock or half-done state.
 * Misaligned accesses are done in hardware, as one within 16 aligned bytes and else not atomically, both
 * pages checked before a byte moves.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_LDST_H
#define VIREO_ACCEL_TCG_LDST_H

#include <string.h>

#include "accel/tcg/tcg-cpu.h"

/* Out of line: miss, MMIO, page crossing, code page. size 1, 2, 4 or 8 bytes. */
uint64_t tcg_ld_slow(CPUArchState *env, vaddr va, unsigned size);
void tcg_st_slow(CPUArchState *env, vaddr va, uint64_t value, unsigned size);

static inline uint64_t tlb_store_tag(const TLBEntry *e)
{
    return __atomic_load_n(&e->tag[MMU_STORE], __ATOMIC_RELAXED);
}

#define TCG_LDST(bits)                                                                      \
    static inline uint##bits##_t tcg_ld##bits(CPUArchState *env, vaddr va)                  \
    {                                                                                       \
        const TLBEntry *e = tlb_entry(env_tcg(env)->tlb, va);                               \
        if (likely((va & (TARGET_PAGE_MASK | (bits / 8 - 1))) == e->tag[MMU_LOAD]))         \
            return __atomic_load_n((uint##bits##_t *)(va + e->addend), __ATOMIC_RELAXED);   \
        return (uint##bits##_t)tcg_ld_slow(env, va, bits / 8);                              \
    }                                                                                       \
    static inline void tcg_st##bits(CPUArchState *env, vaddr va, uint##bits##_t value)      \
    {                                                                                       \
        const TLBEntry *e = tlb_entry(env_tcg(env)->tlb, va);                               \
        if (likely((va & (TARGET_PAGE_MASK | (bits / 8 - 1))) == tlb_store_tag(e)))         \
            __atomic_store_n((uint##bits##_t *)(va + e->addend), value, __ATOMIC_RELAXED);  \
        else                                                                                \
            tcg_st_slow(env, va, value, bits / 8);                                          \
    }
TCG_LDST(8)
TCG_LDST(16)
TCG_LDST(32)
TCG_LDST(64)
#undef TCG_LDST

/*
 * Host address of `size` bytes (1 to 16, within 16 aligned ones) for an atomic read-modify-write, with both
 * load and store permission checked as for a store and the page marked written; never NULL: an
 * address that is not RAM raises a store access fault. Use it at once: the next guest access or
 * exit may make it stale.
 */
void *tcg_atomic_host_slow(CPUArchState *env, vaddr va, unsigned size);
static inline void *tcg_atomic_host(CPUArchState *env, vaddr va, unsigned size)
{
    const TLBEntry *e = tlb_entry(env_tcg(env)->tlb, va);

    if (likely((va & (TARGET_PAGE_MASK | (size - 1))) == tlb_store_tag(e)))
        return (void *)(uintptr_t)(va + e->addend);
    return tcg_atomic_host_slow(env, va, size);
}
/* The same for LR: load permission only, nothing marked. */
const void *tcg_load_reserved_host_slow(CPUArchState *env, vaddr va, unsigned size);
static inline const void *tcg_load_reserved_host(CPUArchState *env, vaddr va, unsigned size)
{
    const TLBEntry *e = tlb_entry(env_tcg(env)->tlb, va);

    if (likely((va & (TARGET_PAGE_MASK | (size - 1))) == e->tag[MMU_LOAD]))
        return (const void *)(uintptr_t)(va + e->addend);
    return tcg_load_reserved_host_slow(env, va, size);
}

/* Checks that size bytes at va may be stored to (cbo.zero), raising the store fault if not, and
 * returns the host address if all of it is plain RAM in one page, else NULL. */
void *tcg_probe_store(CPUArchState *env, vaddr va, unsigned size);
/* Whether size bytes at va can be loaded without an exception from RAM; raises none. */
bool tcg_probe_load(CPUArchState *env, vaddr va, unsigned size);
/* Checks that va may be loaded from or stored to, whichever, as cbo.inval, clean and flush ask;
 * raises the store fault if not. */
void tcg_probe_access(CPUArchState *env, vaddr va, unsigned size);

/* Eight bytes, aligned, read as an instruction is: with fetch permission, and its exceptions. */
uint64_t tcg_fetch64(CPUArchState *env, vaddr va);

#endif
