/*
 * Address translation: Sv39, Sv48, Sv57 with Svnapot, Svpbmt, Svade and Svadu, and for guests their two
 * stages: VS-stage, whose tables are themselves guest physical memory, and G-stage (Sv39x4 ...).
 *
 * One walker serves the running guest and the debugger, who can have each step written down. Page
 * tables are read from RAM only; every step is checked by PMP with S privilege before it is made,
 * and an access fault on the way is reported as one of the original access (priv. spec, "Virtual
 * Address Translation Process").
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/walk.h"

#include <inttypes.h>

#include "target/riscv/bits.h"
#include "target/riscv/mode.h"
#include "target/riscv/walk-impl.h"

/* Pseudoinstructions that say which implicit access of VS-stage faulted. */
enum { TINST_PTE_READ = 0x3000, TINST_PTE_WRITE = 0x3020 };

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
        EXPLAIN(w, " %s %#" PRIx64 "\n", pte & (PTE_R | PTE_W | PTE_X) ? "page" : "table",
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
static WalkResult update_pte(Walk *w, const Stage *s, hwaddr pa, uint64_t old, uint64_t now, bool *again)
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
    EXPLAIN(w, "%s set in the entry (%s.ADUE=1)\n", old & PTE_A ? "D is" : now & PTE_D
            ? "A and D are" : "A is", s->kind == STAGE_VS ? "henvcfg" : "menvcfg");
    *again = false;
    if (w->dry)
        return WALK_OK;
    *again = !__atomic_compare_exchange_n(host, &expect, htole64(now), false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED);
    if (!*again)
        ram_block_mark_dirty(range->mr->ram, range->offset + (pa - range->start), 8);
    return WALK_OK;
}

static WalkResult fault(Walk *w, const Stage *s, const char *reason)
{
    w->reason = reason;
    EXPLAIN(w, "%spage fault: %s\n", s->kind == STAGE_G ? "guest-" : "", reason);
    return s->kind == STAGE_G ? WALK_GUEST_PAGE_FAULT : WALK_PAGE_FAULT;
}

static const char *needs_update(const Stage *s, uint64_t pte)
{
    if (s->kind == STAGE_VS)
        return pte & PTE_A ? "D=0 in the entry, and henvcfg.ADUE=0 (or no Svadu)"
                           : "A=0 in the entry, and henvcfg.ADUE=0 (or no Svadu)";
    return pte & PTE_A ? "D=0 in the entry, and menvcfg.ADUE=0 (or no Svadu)"
                       : "A=0 in the entry, and menvcfg.ADUE=0 (or no Svadu)";
}

static WalkResult translate_g(Walk *w, uint64_t gpa, bool implicit, MMUAccess access, TLBFill *out);

/* Where an entry is. Tables of VS-stage are in guest physical memory: G-stage says. */
static WalkResult entry_address(Walk *w, const Stage *s, uint64_t at, MMUAccess access, hwaddr *pa)
{
    TLBFill fill;
    WalkResult r;

    *pa = at;
    if (likely(s->kind != STAGE_VS))
        return WALK_OK;
    r = translate_g(w, at, true, access, &fill);
    *pa = fill.pa;
    return r;
}

/* The leaf: permission, A and D, and what the TLB may keep. at: of the entry, as the stage has it. */
static WalkResult take_leaf(Walk *w, const Stage *s, uint64_t at, hwaddr pte_pa, uint64_t pte,
                            uint64_t va, unsigned level, TLBFill *out, bool *again)
{
    uint64_t need = PTE_A | (s->access == MMU_STORE ? PTE_D : 0);
    const char *reason = walk_bad_leaf(pte, level);

    if (!reason && !w->debug) {
        reason = walk_mode_permission(s, pte);
        if (!reason && unlikely(s->sse || s->shadow)) {
            reason = walk_shadow_permission(s, pte);
            if (reason)
                return refused(w, reason);
        }
        if (!reason)
            reason = walk_leaf_permission(s, pte, &out->prot);
    }
    if (reason)
        return fault(w, s, reason);
    if (!w->debug && (pte & need) != need) {
        WalkResult r;

        if (!s->adue)
            return fault(w, s, needs_update(s, pte));
        r = entry_address(w, s, at, MMU_STORE, &pte_pa);
        if (r != WALK_OK)
            return r;
        r = update_pte(w, s, pte_pa, pte, pte | need, again);
        if (r != WALK_OK || *again)
            return r;
        pte |= need;
    }
    /* The first store must come here again to set D. */
    if (!(pte & PTE_D))
        out->prot &= ~PAGE_WRITE;
    walk_leaf_address(pte, va, level, out);
    return WALK_OK;
}

static void explain_stage(const Walk *w, const Stage *s, unsigned va_bits, hwaddr table)
{
    static const char *const names[] = { "", "VS-stage ", "G-stage " };

    if (s->kind == STAGE_G)
        EXPLAIN(w, "G-stage Sv%ux4, root %#" PRIx64 ", VMID %u\n", va_bits - 2, table,
                (unsigned)HGATP_VMID(s->atp));
    else
        EXPLAIN(w, "%sSv%u, root %#" PRIx64 ", ASID %u\n", names[s->kind], va_bits, table,
                (unsigned)SATP_ASID(s->atp));
}

static WalkResult walk_once(Walk *w, const Stage *s, uint64_t va, TLBFill *out, bool *again)
{
    uint64_t pte;
    unsigned levels = SATP_MODE(s->atp) - SATP_SV39 + 3;
    unsigned wide = s->kind == STAGE_G ? 2 : 0; /* the root of G-stage is four pages */
    unsigned va_bits = 12 + 9 * levels + wide;
    hwaddr table = SATP_PPN(s->atp) << 12;
    bool global = false;

    if (unlikely(w->why))
        explain_stage(w, s, va_bits, table);
    if (wide) {
        if (va >> va_bits)
            return fault(w, s, "the guest physical address is too wide");
    } else if ((uint64_t)sextract64(va, 0, va_bits) != va) {
        return fault(w, s, "the address is not canonical: its upper bits differ");
    }

    for (int level = levels - 1; level >= 0; level--) {
        unsigned bits = 9 + (level == (int)levels - 1 ? wide : 0);
        uint64_t at = table + 8 * extract64(va, 12 + 9 * level, bits);
        hwaddr pa;
        WalkResult r = entry_address(w, s, at, MMU_LOAD, &pa);
        const char *reason;

        if (r == WALK_OK)
            r = read_pte(w, pa, level, &pte);
        if (r != WALK_OK)
            return r;
        reason = walk_reserved_entry(w->env, s, pte);
        if (reason)
            return fault(w, s, reason);
        global |= (pte & PTE_G) != 0;
        if (pte & (PTE_R | PTE_W | PTE_X)) {
            out->global = global;
            return take_leaf(w, s, at, pa, pte, va, level, out, again);
        }
        if (pte & (PTE_D | PTE_A | PTE_U | PTE_N | PTE_PBMT))
            return fault(w, s, "reserved bits of a pointer to a table are set");
        table = PTE_PPN(pte) << 12;
    }
    return fault(w, s, "no leaf at the last level");
}

static WalkResult walk(Walk *w, const Stage *s, uint64_t va, TLBFill *out)
{
    bool again;
    WalkResult r;

    do {
        again = false;
        r = walk_once(w, s, va, out, &again);
    } while (again);
    return r;
}

static const TLBFill identity = {
    .prot = PAGE_READ | PAGE_WRITE | PAGE_EXEC, .page_bits = 12, .global = true,
};

/* Whether A and D are written at this stage, by its environment configuration. */
static bool updates(const CPURISCVState *env, uint64_t envcfg)
{
    return riscv_ext_on(env, EXT_SVADU) ? (envcfg & MENVCFG_ADUE) != 0
                                        : !riscv_ext_on(env, EXT_SVADE);
}

/* implicit: the access is that of an entry of VS-stage, and not what the instruction does. */
static WalkResult translate_g(Walk *w, uint64_t gpa, bool implicit, MMUAccess access, TLBFill *out)
{
    const CPURISCVState *env = w->env;
    const Stage s = {
        .kind = STAGE_G,
        .atp = env->hgatp,
        .access = access,
        .priv = PRV_U,
        .mxr = !implicit && (env->mstatus & MSTATUS_MXR),
        .hlvx = !implicit && w->hlvx,
        .shadow = !implicit && w->shadow,
        .pbmte = (env->menvcfg & MENVCFG_PBMTE) != 0,
        .adue = updates(env, env->menvcfg),
    };
    WalkResult r;

    *out = identity;
    out->pa = gpa;
    if (HGATP_MODE(env->hgatp) == SATP_BARE)
        return WALK_OK;
    r = walk(w, &s, gpa, out);
    if (r == WALK_GUEST_PAGE_FAULT) {
        w->gpa = gpa;
        w->tinst = !implicit ? 0 : access == MMU_STORE ? TINST_PTE_WRITE : TINST_PTE_READ;
    }
    return r;
}

/* Both stages. The flush of an address takes along what VS-stage maps with it. */
static WalkResult translate_guest(Walk *w, vaddr va, TLBFill *out)
{
    const CPURISCVState *env = w->env;
    uint64_t envcfg = env->henvcfg & env->menvcfg;
    const Stage s = {
        .kind = STAGE_VS,
        .atp = env->vsatp,
        .access = w->access,
        .priv = w->priv,
        .sum = (env->vsstatus & MSTATUS_SUM) != 0,
        .mxr = ((env->vsstatus | env->mstatus) & MSTATUS_MXR) != 0,
        .hlvx = w->hlvx,
        .sse = (envcfg & ENVCFG_SSE) != 0,
        .shadow = w->shadow,
        .cbo = w->cbo,
        .pbmte = (envcfg & MENVCFG_PBMTE) != 0,
        .adue = updates(env, envcfg),
    };
    unsigned bits = 0;
    TLBFill g;
    WalkResult r;

    *out = identity;
    out->pa = va;
    if (SATP_MODE(env->vsatp) != SATP_BARE) {
        r = walk(w, &s, va, out);
        if (r != WALK_OK)
            return r;
        bits = out->page_bits;
        EXPLAIN(w, "guest physical address %#" PRIx64 "\n", out->pa);
    } else if (unlikely(w->shadow)) {
        return refused(w, "a shadow stack where vsatp translates nothing");
    }
    r = translate_g(w, out->pa, false, w->access, &g);
    out->pa = g.pa;
    out->prot &= g.prot;
    out->same_bits = SATP_MODE(env->vsatp) == SATP_BARE    ? g.page_bits
                     : HGATP_MODE(env->hgatp) == SATP_BARE ? bits : MIN(bits, g.page_bits);
    return r;
}

WalkResult riscv_walk(Walk *w, vaddr va, TLBFill *out)
{
    const CPURISCVState *env = w->env;

    if (unlikely(w->virt))
        return translate_guest(w, va, out);
    *out = identity;
    out->pa = va;
    if (w->priv == PRV_M || SATP_MODE(env->satp) == SATP_BARE) {
        if (unlikely(w->shadow))
            return refused(w, "a shadow stack in a mode that translates nothing");
        EXPLAIN(w, "no translation in %s\n", w->priv == PRV_M ? "M mode" : "bare mode");
        return WALK_OK;
    }
    const Stage s = {
        .kind = STAGE_S,
        .atp = env->satp,
        .access = w->access,
        .priv = w->priv,
        .sum = (env->mstatus & MSTATUS_SUM) != 0,
        .mxr = (env->mstatus & MSTATUS_MXR) != 0,
        .sse = (env->menvcfg & ENVCFG_SSE) != 0,
        .shadow = w->shadow,
        .cbo = w->cbo,
        .pbmte = (env->menvcfg & MENVCFG_PBMTE) != 0,
        .adue = updates(env, env->menvcfg),
    };
    WalkResult r = walk(w, &s, va, out);
    out->same_bits = out->page_bits;
    return r;
}

WalkResult riscv_look_up(Walk *w, vaddr va, unsigned size, TLBFill *out)
{
    unsigned need = w->shadow ? PAGE_READ | PAGE_WRITE : walk_access_prot[w->access], prot;
    WalkResult r = riscv_walk(w, va, out);
    bool ok;

    if (r != WALK_OK)
        return r;
    ok = riscv_pmp_check(w->env, out->pa, size, w->priv, need, &prot, &out->page_bits);
    if (unlikely(w->why))
        riscv_pmp_explain(w->env, out->pa, size, w->priv, need, w->why);
    if (!ok)
        return refused(w, "PMP refuses the access");
    out->prot &= prot;
    if (out->same_bits > 12)
        out->same_bits = MIN(out->same_bits, riscv_pmp_same_bits(w->env, out->pa, w->priv));
    return WALK_OK;
}
