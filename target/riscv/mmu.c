/*
 * Address translation: Sv39, Sv48, Sv57 with Svnapot, Svpbmt, Svade and Svadu.
 *
 * One walker serves the running guest and the debugger, who can have each step written down. Page
 * tables are read from RAM only; every step is checked by PMP with S privilege before it is made,
 * and an access fault on the way is reported as one of the original access (priv. spec, "Virtual
 * Address Translation Process").
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/mmu.h"

#include <inttypes.h>

#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "util/bits.h"

typedef enum WalkResult { WALK_OK, WALK_PAGE_FAULT, WALK_ACCESS_FAULT } WalkResult;

typedef struct Walk {
    CPURISCVState *env;
    RISCVPriv priv;
    MMUAccess access;
    bool debug;   /* no permissions, no A and D */
    GString *why; /* NULL: not asked */
} Walk;

#define EXPLAIN(w, ...)                                       \
    do {                                                      \
        if (unlikely((w)->why))                               \
            g_string_append_printf((w)->why, __VA_ARGS__);    \
    } while (0)

static const uint8_t access_prot[] = {
    [MMU_LOAD] = PAGE_READ,
    [MMU_STORE] = PAGE_WRITE,
    [MMU_FETCH] = PAGE_EXEC,
};

RISCVPriv riscv_data_priv(const CPURISCVState *env)
{
    if (unlikely(env->mstatus & MSTATUS_MPRV))
        return (env->mstatus & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
    return env->priv;
}

/* Host address of the 8 aligned bytes at pa; NULL if that is not RAM (writable RAM to write). */
static uint64_t *pte_host(CPURISCVState *env, hwaddr pa, bool write, const FlatRange **range)
{
    CPUState *cpu = &env_cpu(env)->parent_obj;
    const FlatRange *r = flatview_lookup(address_space_view(cpu->as), pa, &env->pte_hint);

    if (!r || !r->direct || (write && r->readonly) || pa + 7 > r->last)
        return NULL;
    *range = r;
    return (uint64_t *)(r->mr->ram->host + r->offset + (pa - r->start));
}

static WalkResult read_pte(Walk *w, hwaddr pa, unsigned level, uint64_t *pte)
{
    const FlatRange *range;
    unsigned prot;
    uint64_t *host;

    if (!riscv_pmp_check(w->env, pa, 8, PRV_S, PAGE_READ, &prot, NULL)) {
        EXPLAIN(w, "level %u: entry at %#" PRIx64 " cannot be read: PMP\n", level, pa);
        return WALK_ACCESS_FAULT;
    }
    host = pte_host(w->env, pa, false, &range);
    if (!host) {
        EXPLAIN(w, "level %u: entry at %#" PRIx64 " cannot be read: no RAM there\n", level, pa);
        return WALK_ACCESS_FAULT;
    }
    *pte = le64toh(__atomic_load_n(host, __ATOMIC_ACQUIRE));
    EXPLAIN(w, "level %u: entry at %#" PRIx64 " = %#018" PRIx64 "\n", level, pa, *pte);
    return WALK_OK;
}

/* Sets A, and D for a store. WALK_OK with *again: somebody else changed the entry meanwhile. */
static WalkResult update_pte(Walk *w, hwaddr pa, uint64_t old, uint64_t now, bool *again)
{
    const FlatRange *range;
    unsigned prot;
    uint64_t expect = htole64(old), *host;

    if (!riscv_pmp_check(w->env, pa, 8, PRV_S, PAGE_READ | PAGE_WRITE, &prot, NULL)) {
        EXPLAIN(w, "A and D cannot be written: PMP\n");
        return WALK_ACCESS_FAULT;
    }
    host = pte_host(w->env, pa, true, &range);
    if (!host) {
        EXPLAIN(w, "A and D cannot be written: no writable RAM there\n");
        return WALK_ACCESS_FAULT;
    }
    *again = !__atomic_compare_exchange_n(host, &expect, htole64(now), false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED);
    if (!*again)
        ram_block_mark_dirty(range->mr->ram, range->offset + (pa - range->start), 8);
    return WALK_OK;
}

/* Encodings of any entry that are reserved, or need an extension that is off. */
static const char *reserved_entry(const CPURISCVState *env, uint64_t pte)
{
    if (!(pte & PTE_V))
        return "not valid";
    if ((pte & (PTE_R | PTE_W)) == PTE_W)
        return "reserved: W without R";
    if (pte & PTE_RESERVED)
        return "reserved bits are set";
    if ((pte & PTE_N) && !riscv_ext_on(env, EXT_SVNAPOT))
        return "N without Svnapot";
    if ((pte & PTE_PBMT) &&
        (!(env->menvcfg & MENVCFG_PBMTE) || (pte & PTE_PBMT) == PTE_PBMT))
        return "PBMT not enabled or reserved";
    return NULL;
}

/* Whether U, SUM, MXR, R, W, X allow the access; *prot receives what they allow at all. */
static const char *leaf_permission(const Walk *w, uint64_t pte, unsigned *prot)
{
    uint64_t status = w->env->mstatus;

    *prot = 0;
    if (w->priv == PRV_U && !(pte & PTE_U))
        return "no U page, and the access is from U";
    if (w->priv != PRV_U && (pte & PTE_U) && (w->access == MMU_FETCH || !(status & MSTATUS_SUM)))
        return "U page, and the access is from S";
    if ((pte & PTE_R) || ((pte & PTE_X) && (status & MSTATUS_MXR)))
        *prot |= PAGE_READ;
    if (pte & PTE_W)
        *prot |= PAGE_WRITE;
    /* With SUM, S may touch U pages but never execute them. */
    if ((pte & PTE_X) && (w->priv == PRV_U || !(pte & PTE_U)))
        *prot |= PAGE_EXEC;
    if (!(*prot & access_prot[w->access]))
        return "R, W, X do not allow it";
    return NULL;
}

static const char *bad_leaf(uint64_t pte, unsigned level)
{
    if (PTE_PPN(pte) & MASK_ULL(9 * level))
        return "misaligned superpage";
    if ((pte & PTE_N) && (level != 0 || (PTE_PPN(pte) & 15) != 8))
        return "reserved size with N";
    return NULL;
}

static void leaf_address(uint64_t pte, vaddr va, unsigned level, TLBFill *out)
{
    uint64_t base = PTE_PPN(pte) << 12;

    out->page_bits = 12 + 9 * level;
    if (pte & PTE_N) {
        out->page_bits = 16;
        base &= ~MASK_ULL(16);
    }
    out->pa = base | (va & MASK_ULL(out->page_bits));
}

static WalkResult fault(const Walk *w, const char *reason)
{
    EXPLAIN(w, "page fault: %s\n", reason);
    return WALK_PAGE_FAULT;
}

/* The leaf: permission, A and D, and what the TLB may keep. */
static WalkResult take_leaf(Walk *w, hwaddr pte_pa, uint64_t pte, vaddr va, unsigned level,
                            TLBFill *out, bool *again)
{
    CPURISCVState *env = w->env;
    uint64_t need = PTE_A | (w->access == MMU_STORE ? PTE_D : 0);
    const char *reason = w->debug ? NULL : leaf_permission(w, pte, &out->prot);

    if (!reason)
        reason = bad_leaf(pte, level);
    if (reason)
        return fault(w, reason);
    if (!w->debug && (pte & need) != need) {
        WalkResult r;

        if (riscv_ext_on(env, EXT_SVADU) ? !(env->menvcfg & MENVCFG_ADUE)
                                         : riscv_ext_on(env, EXT_SVADE))
            return fault(w, pte & PTE_A ? "D is clear" : "A is clear");
        r = update_pte(w, pte_pa, pte, pte | need, again);
        if (r != WALK_OK || *again)
            return r;
        pte |= need;
    }
    /* The first store must come here again to set D. */
    if (!(pte & PTE_D))
        out->prot &= ~PAGE_WRITE;
    leaf_address(pte, va, level, out);
    return WALK_OK;
}

static WalkResult walk_once(Walk *w, vaddr va, TLBFill *out, bool *again)
{
    uint64_t satp = w->env->satp, pte;
    unsigned levels = SATP_MODE(satp) - SATP_SV39 + 3;
    unsigned va_bits = 12 + 9 * levels;
    hwaddr table = SATP_PPN(satp) << 12;
    bool global = false;

    EXPLAIN(w, "Sv%u, root %#" PRIx64 ", ASID %u\n", va_bits, table, (unsigned)SATP_ASID(satp));
    if ((uint64_t)sextract64(va, 0, va_bits) != va)
        return fault(w, "address is not canonical");

    for (int level = levels - 1; level >= 0; level--) {
        hwaddr pa = table + 8 * extract64(va, 12 + 9 * level, 9);
        WalkResult r = read_pte(w, pa, level, &pte);
        const char *reason;

        if (r != WALK_OK)
            return r;
        reason = reserved_entry(w->env, pte);
        if (reason)
            return fault(w, reason);
        global |= (pte & PTE_G) != 0;
        if (pte & (PTE_R | PTE_X)) {
            out->global = global;
            return take_leaf(w, pa, pte, va, level, out, again);
        }
        if (pte & (PTE_D | PTE_A | PTE_U | PTE_N | PTE_PBMT))
            return fault(w, "reserved bits of a pointer to a table are set");
        table = PTE_PPN(pte) << 12;
    }
    return fault(w, "no leaf at the last level");
}

static WalkResult translate(Walk *w, vaddr va, TLBFill *out)
{
    bool again;
    WalkResult r;

    *out = (TLBFill){ .pa = va, .prot = PAGE_READ | PAGE_WRITE | PAGE_EXEC, .page_bits = 12,
                      .global = true };
    if (w->priv == PRV_M || SATP_MODE(w->env->satp) == SATP_BARE) {
        EXPLAIN(w, "no translation in %s\n", w->priv == PRV_M ? "M mode" : "bare mode");
        return WALK_OK;
    }
    do {
        again = false;
        r = walk_once(w, va, out, &again);
    } while (again);
    return r;
}

bool riscv_tlb_fill(CPURISCVState *env, vaddr va, MMUAccess access, unsigned size, TLBFill *out)
{
    static const uint8_t page_fault[] = { EXC_LOAD_PAGE_FAULT, EXC_STORE_PAGE_FAULT,
                                          EXC_INST_PAGE_FAULT };
    Walk w = { .env = env, .access = access };
    GString *why = NULL;
    WalkResult r;
    unsigned prot;

    riscv_pmu_miss(env, access);
    w.priv = access == MMU_FETCH ? env->priv : riscv_data_priv(env);
    if (unlikely(log_enabled(LOG_MMU)))
        w.why = why = g_string_new(NULL);
    r = translate(&w, va, out);
    if (r == WALK_OK) {
        if (riscv_pmp_check(env, out->pa, size, w.priv, access_prot[access], &prot,
                            &out->page_bits)) {
            out->prot &= prot;
        } else {
            EXPLAIN(&w, "access fault: PMP\n");
            r = WALK_ACCESS_FAULT;
        }
    }
    if (unlikely(why)) {
        static const char *const kinds[] = { "load", "store", "fetch" };
        log_printf(LOG_MMU, "hart %" PRIu64 ": %s at %#" PRIx64 "\n%s-> %#" PRIx64 "%s\n",
                   env_cpu(env)->hartid, kinds[access], va, why->str, out->pa,
                   r == WALK_OK ? "" : " (fault)");
        g_string_free(why, TRUE);
    }
    if (r == WALK_OK)
        return true;
    if (r == WALK_PAGE_FAULT) {
        env->exc_cause = page_fault[access];
        env->exc_tval = va;
    } else {
        riscv_bus_error(env, va, out->pa, access);
    }
    return false;
}

void riscv_bus_error(CPURISCVState *env, vaddr va, hwaddr pa, MMUAccess access)
{
    static const uint8_t cause[] = { EXC_LOAD_ACCESS_FAULT, EXC_STORE_ACCESS_FAULT,
                                     EXC_INST_ACCESS_FAULT };

    env->exc_cause = cause[access];
    env->exc_tval = va;
}

static TLBKey regime_key(const CPURISCVState *env, RISCVPriv priv)
{
    uint64_t satp = env->satp;
    TLBKey key = { .mode = priv };

    if (priv == PRV_M || SATP_MODE(satp) == SATP_BARE)
        return key;
    key.root = satp & ~(0xFFFFULL << 44);
    key.asid = SATP_ASID(satp);
    if (env->mstatus & MSTATUS_MXR)
        key.mode |= 1 << 2;
    if (priv == PRV_S && (env->mstatus & MSTATUS_SUM))
        key.mode |= 1 << 3;
    return key;
}

void riscv_tlb_keys(CPURISCVState *env, TLBKey *data, TLBKey *fetch)
{
    *fetch = regime_key(env, env->priv);
    *data = regime_key(env, riscv_data_priv(env));
}

void riscv_tlb_switch(CPURISCVState *env)
{
    if (env->tcg.tlbs)
        tcg_tlb_switch(env);
}

void riscv_tlb_flush(CPURISCVState *env)
{
    if (env->tcg.tlbs)
        tcg_tlb_flush_all(env);
}

bool riscv_translate_debug(CPUState *cpu, vaddr va, hwaddr *pa, GString *why)
{
    CPURISCVState *env = riscv_env(cpu);
    Walk w = { .env = env, .access = MMU_LOAD, .debug = true, .why = why };
    TLBFill fill;

    w.priv = riscv_data_priv(env);
    if (translate(&w, va, &fill) != WALK_OK)
        return false;
    *pa = fill.pa;
    EXPLAIN(&w, "-> %#" PRIx64 "\n", fill.pa);
    return true;
}
