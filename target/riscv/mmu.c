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

#include "hw/core/symbols.h"
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
    bool dry;     /* A and D are not written */
    GString *why; /* NULL: not asked */
    const char *reason; /* of a fault */
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

/* A step that is no page fault but cannot be made. */
static WalkResult refused(Walk *w, const char *reason)
{
    w->reason = reason;
    EXPLAIN(w, "access fault: %s\n", reason);
    return WALK_ACCESS_FAULT;
}

static void explain_pte(const Walk *w, uint64_t pte)
{
    static const char *const types[] = { "", " PBMT=NC", " PBMT=IO", " PBMT=3" };
    char flags[] = "DAGUXWRV";

    for (unsigned i = 0; i < 8; i++)
        if (!((pte >> (7 - i)) & 1))
            flags[i] = '-';
    EXPLAIN(w, " [%s%s%s]", flags, types[pte >> 61 & 3], pte & PTE_N ? " N" : "");
    if (!(pte & PTE_V))
        EXPLAIN(w, "\n");
    else
        EXPLAIN(w, " %s %#" PRIx64 "\n", pte & (PTE_R | PTE_X) ? "page" : "table",
                (uint64_t)PTE_PPN(pte) << 12);
}

static WalkResult read_pte(Walk *w, hwaddr pa, unsigned level, uint64_t *pte)
{
    const FlatRange *range;
    unsigned prot;
    uint64_t *host;

    if (!riscv_pmp_check(w->env, pa, 8, PRV_S, PAGE_READ, &prot, NULL)) {
        EXPLAIN(w, "level %u: entry at %#" PRIx64 "\n", level, pa);
        if (w->why)
            riscv_pmp_explain(w->env, pa, 8, PRV_S, PAGE_READ, w->why);
        return refused(w, "PMP does not let the page table be read");
    }
    host = pte_host(w->env, pa, false, &range);
    if (!host) {
        EXPLAIN(w, "level %u: entry at %#" PRIx64 "\n", level, pa);
        return refused(w, "the page table is not in RAM");
    }
    *pte = le64toh(__atomic_load_n(host, __ATOMIC_ACQUIRE));
    if (unlikely(w->why)) {
        EXPLAIN(w, "level %u: entry at %#" PRIx64 " = 0x%016" PRIx64, level, pa, *pte);
        explain_pte(w, *pte);
    }
    return WALK_OK;
}

/* Sets A, and D for a store. WALK_OK with *again: somebody else changed the entry meanwhile. */
static WalkResult update_pte(Walk *w, hwaddr pa, uint64_t old, uint64_t now, bool *again)
{
    const FlatRange *range;
    unsigned prot;
    uint64_t expect = htole64(old), *host;

    if (!riscv_pmp_check(w->env, pa, 8, PRV_S, PAGE_READ | PAGE_WRITE, &prot, NULL)) {
        if (w->why)
            riscv_pmp_explain(w->env, pa, 8, PRV_S, PAGE_READ | PAGE_WRITE, w->why);
        return refused(w, "PMP does not let A and D be written");
    }
    host = pte_host(w->env, pa, true, &range);
    if (!host) {
        return refused(w, "A and D cannot be written: the page table is not in writable RAM");
    }
    EXPLAIN(w, "%s set in the entry (menvcfg.ADUE=1)\n", old & PTE_A ? "D is" : now & PTE_D
            ? "A and D are" : "A is");
    *again = false;
    if (w->dry)
        return WALK_OK;
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
        return "V=0 in the entry";
    if ((pte & (PTE_R | PTE_W)) == PTE_W)
        return "W without R in the entry is reserved";
    if (pte & PTE_RESERVED)
        return "reserved bits of the entry are set";
    if ((pte & PTE_N) && !riscv_ext_on(env, EXT_SVNAPOT))
        return "N=1 in the entry, and Svnapot is off";
    if ((pte & PTE_PBMT) &&
        (!(env->menvcfg & MENVCFG_PBMTE) || (pte & PTE_PBMT) == PTE_PBMT))
        return env->menvcfg & MENVCFG_PBMTE ? "PBMT=3 in the entry is reserved"
                                             : "PBMT in the entry, and menvcfg.PBMTE=0";
    return NULL;
}

/* Whether U, SUM, MXR, R, W, X allow the access; *prot receives what they allow at all. */
static const char *leaf_permission(const Walk *w, uint64_t pte, unsigned *prot)
{
    uint64_t status = w->env->mstatus;

    *prot = 0;
    if (w->priv == PRV_U && !(pte & PTE_U))
        return "U=0 in the entry, and the access is from U";
    if (w->priv != PRV_U && (pte & PTE_U) && (w->access == MMU_FETCH || !(status & MSTATUS_SUM)))
        return w->access == MMU_FETCH ? "U=1 in the entry: S never executes such pages"
                                      : "U=1 in the entry, the access is from S, and mstatus.SUM=0";
    if ((pte & PTE_R) || ((pte & PTE_X) && (status & MSTATUS_MXR)))
        *prot |= PAGE_READ;
    if (pte & PTE_W)
        *prot |= PAGE_WRITE;
    /* With SUM, S may touch U pages but never execute them. */
    if ((pte & PTE_X) && (w->priv == PRV_U || !(pte & PTE_U)))
        *prot |= PAGE_EXEC;
    if (!(*prot & access_prot[w->access]))
        {
        if (w->access == MMU_STORE)
            return "W=0 in the entry";
        if (w->access == MMU_FETCH)
            return "X=0 in the entry";
        return pte & PTE_X ? "R=0 in the entry, and mstatus.MXR=0" : "R=0 in the entry";
    }
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

static WalkResult fault(Walk *w, const char *reason)
{
    w->reason = reason;
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
            return fault(w, pte & PTE_A ? "D=0 in the entry, and menvcfg.ADUE=0 (or no Svadu)"
                                        : "A=0 in the entry, and menvcfg.ADUE=0 (or no Svadu)");
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
        return fault(w, "the address is not canonical: its upper bits differ");

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

static const char *const access_names[] = { "load", "store", "fetch" };

/* The walk, then PMP for what it found. */
static WalkResult look_up(Walk *w, vaddr va, unsigned size, TLBFill *out)
{
    unsigned need = access_prot[w->access], prot;
    WalkResult r = translate(w, va, out);
    bool ok;

    if (r != WALK_OK)
        return r;
    ok = riscv_pmp_check(w->env, out->pa, size, w->priv, need, &prot, &out->page_bits);
    if (unlikely(w->why))
        riscv_pmp_explain(w->env, out->pa, size, w->priv, need, w->why);
    if (!ok)
        return refused(w, "PMP refuses the access");
    out->prot &= prot;
    return WALK_OK;
}

bool riscv_tlb_fill(CPURISCVState *env, vaddr va, MMUAccess access, unsigned size, TLBFill *out)
{
    static const uint8_t page_fault[] = { EXC_LOAD_PAGE_FAULT, EXC_STORE_PAGE_FAULT,
                                          EXC_INST_PAGE_FAULT };
    Walk w = { .env = env, .access = access };
    WalkResult r;

    riscv_pmu_miss(env, access);
    w.priv = access == MMU_FETCH ? env->priv : riscv_data_priv(env);
    if (unlikely(log_enabled(LOG_MMU)))
        w.why = g_string_new(NULL);
    r = look_up(&w, va, size, out);
    if (unlikely(w.why)) {
        log_printf(LOG_MMU, "hart %" PRIu64 ": %s at %#" PRIx64 " from %c\n%s-> %#" PRIx64 "%s\n",
                   env_cpu(env)->hartid, access_names[access], va, "US-M"[w.priv], w.why->str,
                   out->pa, r == WALK_OK ? "" : " (fault)");
        g_string_free(w.why, TRUE);
    }
    if (r == WALK_OK)
        return true;
    if (r == WALK_PAGE_FAULT) {
        env->exc_cause = page_fault[access];
        env->exc_tval = va;
    } else {
        riscv_bus_error(env, va, out->pa, access);
    }
    env->exc_why = w.reason;
    return false;
}

/* What is behind a physical address, and whether it may take the access. */
static bool explain_memory(CPURISCVState *env, hwaddr pa, MMUAccess access, GString *out)
{
    CPUState *cpu = &env_cpu(env)->parent_obj;
    const FlatRange *r = flatview_lookup(address_space_view(cpu->as), pa, NULL);

    if (!r) {
        g_string_append_printf(out, "memory: nothing at %#" PRIx64 "\naccess fault\n", pa);
        return false;
    }
    g_string_append_printf(out, "memory: %s '%s' + %#" PRIx64 "%s\n",
                           !r->direct ? "device" : r->readonly ? "ROM" : "RAM",
                           r->mr->name ? r->mr->name : "?", r->offset + (pa - r->start),
                           !r->direct ? ", which decides itself" : "");
    if (r->direct && r->readonly && access == MMU_STORE) {
        g_string_append(out, "access fault: it cannot be written\n");
        return false;
    }
    return true;
}

bool riscv_explain_access(CPUState *cpu, vaddr va, CPUAccessKind kind, char mode, GString *out)
{
    CPURISCVState *env = riscv_env(cpu);
    Walk w = { .env = env, .access = (MMUAccess)kind, .dry = true, .why = out };
    TLBFill fill = { 0 };
    WalkResult r;

    w.priv = mode == 'u' ? PRV_U : mode == 's' ? PRV_S : mode == 'm' ? PRV_M
             : w.access == MMU_FETCH ? env->priv : riscv_data_priv(env);
    g_string_append_printf(out, "%s at %#" PRIx64 " from %c mode", access_names[w.access], va,
                           "US-M"[w.priv]);
    symbol_append(out, va);
    if (!mode && w.access != MMU_FETCH && (env->mstatus & MSTATUS_MPRV))
        g_string_append(out, " (mstatus.MPRV=1, MPP)");
    g_string_append_c(out, '\n');
    r = look_up(&w, va, 1, &fill);
    if (r != WALK_OK)
        return false;
    return explain_memory(env, fill.pa, w.access, out);
}

void riscv_bus_error(CPURISCVState *env, vaddr va, hwaddr pa, MMUAccess access)
{
    static const uint8_t cause[] = { EXC_LOAD_ACCESS_FAULT, EXC_STORE_ACCESS_FAULT,
                                     EXC_INST_ACCESS_FAULT };

    env->exc_cause = cause[access];
    env->exc_tval = va;
    env->exc_why = "nothing answers at the physical address, or the device refused";
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
