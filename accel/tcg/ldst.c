/*
 * Loads and stores that the inline path cannot do. Guests may race with themselves as they like, so
 * this file is built without ThreadSanitizer, like the handlers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/ldst.h"

#include "accel/tcg/atomic16.h"
#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"
#include "util/host-fp.h"

static inline bool within_page(vaddr va, unsigned size)
{
    return (va & ~TARGET_PAGE_MASK) + size <= TARGET_PAGE_SIZE;
}

static void probe_or_raise(CPUArchState *env, vaddr va, MMUAccess access, unsigned size,
                           TLBProbe *p)
{
    if (!tlb_probe(env, va, access, size, p))
        cpu_loop_exit_exception(env);
    if (unlikely(env_tcg(env)->verify))
        verify_access(env, access, p);
}

static _Noreturn void bus_error(CPUArchState *env, vaddr va, hwaddr pa, MMUAccess access)
{
    env_tcg(env)->ops->bus_error(env, va, pa, access);
    cpu_loop_exit_exception(env);
}

/* The bus: what answers there is not the guest's code, and may use floating point. */
static MemTxResult bus_load(CPUArchState *env, hwaddr pa, uint64_t *value, unsigned size)
{
    uint32_t fp = host_fp_aside();
    MemTxResult r;

    if (unlikely(env_tcg(env)->verify) && verify_repeats_bus(env, pa, value, size, false, &r)) {
        host_fp_write(fp);
        return r;
    }
    r = address_space_ld(env_tcg(env)->cpu->as, pa, value, size);
    if (unlikely(env_tcg(env)->verify))
        verify_note_bus(env, pa, *value, size, false, r);
    host_fp_write(fp);
    return r;
}

static MemTxResult bus_store(CPUArchState *env, hwaddr pa, uint64_t value, unsigned size)
{
    uint32_t fp = host_fp_aside();
    MemTxResult r;

    if (unlikely(env_tcg(env)->verify) && verify_repeats_bus(env, pa, &value, size, true, &r)) {
        host_fp_write(fp);
        return r;
    }
    r = address_space_st(env_tcg(env)->cpu->as, pa, value, size);
    if (unlikely(env_tcg(env)->verify))
        verify_note_bus(env, pa, value, size, true, r);
    host_fp_write(fp);
    return r;
}

/*
 * Misaligned pieces. Within 16 aligned bytes they are one access, which is more than most harts
 * promise and what Zama16b does. Across that, guests may race with themselves as they like: the
 * bytes are then as mixed as a real machine's would be. TCGPair is little-endian on the hosts there are.
 */
static uint64_t host_load_unaligned(const uint8_t *p, unsigned size)
{
    unsigned offset = (uintptr_t)p & 15;
    uint64_t v = 0;

    if (likely(offset + size <= 16))
        return (uint64_t)(host_load16(p - offset) >> (8 * offset)) & MASK_ULL(8 * size);
    for (unsigned i = 0; i < size; i++)
        v |= (uint64_t)((const volatile uint8_t *)p)[i] << (8 * i);
    return v;
}

static void host_store_unaligned(uint8_t *p, uint64_t v, unsigned size)
{
    unsigned offset = (uintptr_t)p & 15;

    if (likely(offset + size <= 16)) {
        TCGPair mask = (TCGPair)MASK_ULL(8 * size) << (8 * offset);
        TCGPair bits = ((TCGPair)v << (8 * offset)) & mask, old = host_load16(p - offset);
        while (!host_cas16(p - offset, &old, (old & ~mask) | bits)) {
        }
        return;
    }
    for (unsigned i = 0; i < size; i++)
        ((volatile uint8_t *)p)[i] = v >> (8 * i);
}

static uint64_t host_load(const uint8_t *p, unsigned size)
{
    if (unlikely((uintptr_t)p & (size - 1)))
        return host_load_unaligned(p, size);
    switch (size) {
    case 1:
        return __atomic_load_n(p, __ATOMIC_RELAXED);
    case 2:
        return le16toh(__atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED));
    case 4:
        return le32toh(__atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED));
    default:
        return le64toh(__atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED));
    }
}

static void host_store(uint8_t *p, uint64_t v, unsigned size)
{
    if (unlikely((uintptr_t)p & (size - 1))) {
        host_store_unaligned(p, v, size);
        return;
    }
    switch (size) {
    case 1:
        __atomic_store_n(p, v, __ATOMIC_RELAXED);
        break;
    case 2:
        __atomic_store_n((uint16_t *)p, htole16(v), __ATOMIC_RELAXED);
        break;
    case 4:
        __atomic_store_n((uint32_t *)p, htole32(v), __ATOMIC_RELAXED);
        break;
    default:
        __atomic_store_n((uint64_t *)p, htole64(v), __ATOMIC_RELAXED);
        break;
    }
}

/* Bytes were written to a page whose store tag said that somebody wants to know. */
static void code_written(CPUArchState *env, const TLBProbe *p, unsigned size)
{
    ram_block_mark_logged(p->block, p->offset, size);
    if (code_page_written(env_tcgcpu(env)->s, p->block, p->offset, size) && p->entry)
        tlb_unprotect_entry(env, p);
}

uint16_t tcg_code_parcel(const uint8_t *host)
{
    return le16toh(__atomic_load_n((const uint16_t *)host, __ATOMIC_RELAXED));
}

/* A piece of an access across two pages, or of one through the bus. */
static uint64_t load_piece(CPUArchState *env, vaddr va, const TLBProbe *p, unsigned size)
{
    uint64_t value = 0, byte;

    if (p->host)
        return host_load_unaligned(p->host, size);
    for (unsigned i = 0; i < size; i++) {
        if (bus_load(env, p->pa + i, &byte, 1) != MEMTX_OK)
            bus_error(env, va + i, p->pa + i, MMU_LOAD);
        value |= byte << (8 * i);
    }
    return value;
}

static void store_piece(CPUArchState *env, vaddr va, const TLBProbe *p, uint64_t value,
                        unsigned size)
{
    if (p->host) {
        host_store_unaligned(p->host, value, size);
        if (p->code)
            code_written(env, p, size);
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        if (bus_store(env, p->pa + i, value >> (8 * i) & 0xff, 1) != MEMTX_OK)
            bus_error(env, va + i, p->pa + i, MMU_STORE);
    }
}

uint64_t tcg_ld_slow(CPUArchState *env, vaddr va, unsigned size)
{
    TLBProbe p, p2;
    uint64_t value;

    if (likely(within_page(va, size))) {
        probe_or_raise(env, va, MMU_LOAD, size, &p);
        if (unlikely(p.watch))
            tcg_debug_access(env, va, size, true, false);
        if (likely(p.host))
            return host_load(p.host, size);
        if (bus_load(env, p.pa, &value, size) != MEMTX_OK)
            bus_error(env, va, p.pa, MMU_LOAD);
        return value;
    }
    unsigned first = TARGET_PAGE_SIZE - (va & ~TARGET_PAGE_MASK);
    probe_or_raise(env, va, MMU_LOAD, first, &p);
    probe_or_raise(env, va + first, MMU_LOAD, size - first, &p2);
    if (unlikely(p.watch || p2.watch))
        tcg_debug_access(env, va, size, true, false);
    value = load_piece(env, va, &p, first);
    return value | load_piece(env, va + first, &p2, size - first) << (8 * first);
}

void tcg_st_slow(CPUArchState *env, vaddr va, uint64_t value, unsigned size)
{
    TLBProbe p, p2;

    if (likely(within_page(va, size))) {
        probe_or_raise(env, va, MMU_STORE, size, &p);
        if (unlikely(p.watch))
            tcg_debug_access(env, va, size, false, true);
        if (likely(p.host)) {
            host_store(p.host, value, size);
            if (unlikely(p.code))
                code_written(env, &p, size);
        } else if (bus_store(env, p.pa, value, size) != MEMTX_OK) {
            bus_error(env, va, p.pa, MMU_STORE);
        }
        return;
    }
    unsigned first = TARGET_PAGE_SIZE - (va & ~TARGET_PAGE_MASK);
    probe_or_raise(env, va, MMU_STORE, first, &p);
    probe_or_raise(env, va + first, MMU_STORE, size - first, &p2);
    if (unlikely(p.watch || p2.watch))
        tcg_debug_access(env, va, size, false, true);
    /* Entering the second may have moved the first's entry; what it says still holds. */
    p.entry = p2.entry = NULL;
    store_piece(env, va, &p, value, first);
    store_piece(env, va + first, &p2, value >> (8 * first), size - first);
}

void *tcg_atomic_host_slow(CPUArchState *env, vaddr va, unsigned size)
{
    TLBProbe p;

    probe_or_raise(env, va, MMU_STORE, size, &p);
    if (!p.host)
        bus_error(env, va, p.pa, MMU_STORE);
    if (unlikely(p.watch))
        tcg_debug_access(env, va, size, true, true);
    if (p.code)
        code_written(env, &p, size);
    return p.host;
}

const void *tcg_load_reserved_host_slow(CPUArchState *env, vaddr va, unsigned size)
{
    TLBProbe p;

    probe_or_raise(env, va, MMU_LOAD, size, &p);
    if (!p.host)
        bus_error(env, va, p.pa, MMU_LOAD);
    if (unlikely(p.watch))
        tcg_debug_access(env, va, size, true, false);
    return p.host;
}

void *tcg_probe_store(CPUArchState *env, vaddr va, unsigned size)
{
    TLBProbe p;

    probe_or_raise(env, va, MMU_STORE, size, &p);
    if (unlikely(p.watch))
        tcg_debug_access(env, va, size, false, true);
    if (p.host && p.code)
        code_written(env, &p, size);
    return within_page(va, size) ? p.host : NULL;
}

bool tcg_probe_load(CPUArchState *env, vaddr va, unsigned size)
{
    TLBProbe p;

    while (size) {
        unsigned piece = (unsigned)MIN(size, TARGET_PAGE_SIZE - (va & ~TARGET_PAGE_MASK));

        if (!tlb_probe(env, va, MMU_LOAD, piece, &p) || !p.host)
            return false;
        va += piece;
        size -= piece;
    }
    return true;
}

void tcg_probe_access(CPUArchState *env, vaddr va, unsigned size)
{
    TLBProbe p;

    if (!tlb_probe(env, va, MMU_LOAD, size, &p))
        probe_or_raise(env, va, MMU_STORE, size, &p);
}

uint64_t tcg_fetch64(CPUArchState *env, vaddr va)
{
    TLBProbe p;

    probe_or_raise(env, va, MMU_FETCH, 8, &p);
    if (!p.host)
        bus_error(env, va, p.pa, MMU_FETCH);
    return __atomic_load_n((const uint64_t *)p.host, __ATOMIC_RELAXED);
}
