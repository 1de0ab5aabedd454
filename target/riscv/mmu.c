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
#include "target/riscv/mmu.h"

#include <inttypes.h>

#include "hw/core/symbols.h"
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/cfi.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "target/riscv/trap.h"
#include "target/riscv/trigger.h"
#include "util/bits.h"

typedef enum WalkResult {
    WALK_OK,
    WALK_PAGE_FAULT,
    WALK_GUEST_PAGE_FAULT,
    WALK_ACCESS_FAULT,
} WalkResult;

typedef struct Walk {
    CPURISCVState *env;
    RISCVPriv priv;
    bool virt;    /* two stages */
    bool hlvx;    /* a load that needs X instead of R */
    bool shadow;  /* of a shadow stack; its faults are those of a store */
    bool cbo;     /* by a cache-block operation */
    MMUAccess access;
    bool debug;   /* no permissions, no A and D */
    bool dry;     /* A and D are not written */
    GString *why; /* NULL: not asked */
    const char *reason; /* of a fault */
    uint64_t gpa;   /* of a guest-page fault */
    uint32_t tinst; /* its pseudoinstruction: 0 if the access itself faulted */
} Walk;

typedef enum StageKind { STAGE_S, STAGE_VS, STAGE_G } StageKind;

/* One stage of translation: where its tables are, and what it asks. */
typedef struct Stage {
    StageKind kind;
    uint64_t atp;     /* satp, vsatp or hgatp */
    MMUAccess access; /* of a table of the stage before: what that wants; else the access's own */
    RISCVPriv priv;
    bool sum, mxr, hlvx, pbmte, adue;
    bool sse;         /* there are pages of shadow stacks */
    bool shadow, cbo; /* as in Walk */
} Stage;

/* Pseudoinstructions that say which implicit access of VS-stage faulted. */
enum { TINST_PTE_READ = 0x3000, TINST_PTE_WRITE = 0x3020 };

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
    if (unlikely(env->hlv & HLV_ON))
        return env->hstatus & HSTATUS_SPVP ? PRV_S : PRV_U;
    if (unlikely(env->mstatus & MSTATUS_MPRV) && likely(env->mnstatus & MNSTATUS_NMIE))
        return (env->mstatus & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
    return env->priv;
}

bool riscv_data_virt(const CPURISCVState *env)
{
    if (unlikely(env->hlv & HLV_ON))
        return true;
    if (unlikely(env->mstatus & MSTATUS_MPRV) && likely(env->mnstatus & MNSTATUS_NMIE))
        return (env->mstatus & MSTATUS_MPV) && riscv_data_priv(env) != PRV_M;
    return env->virt;
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

static bool shadow_page(uint64_t pte)
{
    return (pte & (PTE_R | PTE_W | PTE_X)) == PTE_W;
}

/* Encodings of any entry that are reserved, or need an extension that is off. */
static const char *reserved_entry(const CPURISCVState *env, const Stage *s, uint64_t pte)
{
    if (!(pte & PTE_V))
        return "V=0 in the entry";
    if ((pte & (PTE_R | PTE_W)) == PTE_W && !(s->sse && shadow_page(pte)))
        return shadow_page(pte) && s->kind != STAGE_G && riscv_ext_on(env, EXT_ZICFISS)
                   ? "a shadow stack in the entry, and SSE=0 in menvcfg or henvcfg"
                   : "W without R in the entry is reserved";
    if (unlikely(pte & PTE_RESERVED) &&
        ((pte & PTE_RESERVED & ~PTE_RSW60T59) || !riscv_ext_on(env, EXT_SVRSW60T59B)))
        return "reserved bits of the entry are set";
    if ((pte & PTE_N) && !riscv_ext_on(env, EXT_SVNAPOT))
        return "N=1 in the entry, and Svnapot is off";
    if ((pte & PTE_PBMT) && (!s->pbmte || (pte & PTE_PBMT) == PTE_PBMT))
        return s->pbmte              ? "PBMT=3 in the entry is reserved"
               : s->kind == STAGE_VS ? "PBMT in the entry, and henvcfg.PBMTE=0"
                                     : "PBMT in the entry, and menvcfg.PBMTE=0";
    return NULL;
}

static const char *no_permission(const Stage *s, uint64_t pte)
{
    if (s->access == MMU_STORE)
        return "W=0 in the entry";
    if (s->access == MMU_FETCH || s->hlvx)
        return "X=0 in the entry";
    if (!(pte & PTE_X))
        return "R=0 in the entry";
    return s->kind == STAGE_VS ? "R=0 in the entry, and vsstatus.MXR=0"
                               : "R=0 in the entry, and mstatus.MXR=0";
}

/* Whether U and SUM allow the access. */
static const char *mode_permission(const Stage *s, uint64_t pte)
{
    if (s->priv == PRV_U && !(pte & PTE_U))
        return s->kind == STAGE_G ? "U=0 in the entry: G-stage maps for guests only what has it"
                                  : "U=0 in the entry, and the access is from U";
    if (s->priv != PRV_U && (pte & PTE_U) && (s->access == MMU_FETCH || !s->sum))
        return s->access == MMU_FETCH  ? "U=1 in the entry: S never executes such pages"
               : s->kind == STAGE_VS ? "U=1 in the entry, the access is from VS, and vsstatus.SUM=0"
                                     : "U=1 in the entry, the access is from S, and mstatus.SUM=0";
    return NULL;
}

/* The rules of shadow stacks that end in an access fault; G-stage knows no shadow stacks. */
static const char *shadow_permission(const Stage *s, uint64_t pte)
{
    if (s->kind == STAGE_G)
        return NULL;
    if (!shadow_page(pte))
        return s->shadow && (pte & (PTE_R | PTE_W | PTE_X)) != PTE_R
                   ? "the page is not a shadow stack's" : NULL;
    if (s->cbo)
        return "the page is a shadow stack's, and the access a cache-block operation";
    if (s->access == MMU_LOAD || s->shadow)
        return NULL;
    return s->access == MMU_FETCH ? "the page is a shadow stack's and holds no instructions"
                                  : "the page is a shadow stack's, and the store is none";
}

/* Whether MXR, R, W, X allow the access; *prot receives what they allow at all. */
static const char *leaf_permission(const Stage *s, uint64_t pte, unsigned *prot)
{
    bool both = (pte & PTE_R) && (pte & PTE_W);

    *prot = 0;
    if (unlikely(s->shadow)) {
        *prot = PAGE_READ | PAGE_WRITE;
        if (s->kind == STAGE_G)
            return both ? NULL : "a shadow stack needs R=1 and W=1 in the entry";
        return shadow_page(pte) ? NULL : "the page can be read, but is not a shadow stack's";
    }
    if (unlikely(s->sse && shadow_page(pte))) {
        *prot = PAGE_READ;
        return NULL;
    }
    if (s->hlvx) {
        *prot = pte & PTE_X ? PAGE_READ : 0;
        return pte & PTE_X ? NULL : no_permission(s, pte);
    }
    if ((pte & PTE_R) || ((pte & PTE_X) && s->mxr))
        *prot |= PAGE_READ;
    if (pte & PTE_W)
        *prot |= PAGE_WRITE;
    /* With SUM, S may touch U pages but never execute them. */
    if ((pte & PTE_X) && (s->priv == PRV_U || !(pte & PTE_U)))
        *prot |= PAGE_EXEC;
    return *prot & access_prot[s->access] ? NULL : no_permission(s, pte);
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
    const char *reason = bad_leaf(pte, level);

    if (!reason && !w->debug) {
        reason = mode_permission(s, pte);
        if (!reason && unlikely(s->sse || s->shadow)) {
            reason = shadow_permission(s, pte);
            if (reason)
                return refused(w, reason);
        }
        if (!reason)
            reason = leaf_permission(s, pte, &out->prot);
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
    leaf_address(pte, va, level, out);
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
        reason = reserved_entry(w->env, s, pte);
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

static WalkResult translate(Walk *w, vaddr va, TLBFill *out)
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

static const char *const access_names[] = { "load", "store", "fetch" };

/* The walk, then PMP for what it found. */
static WalkResult look_up(Walk *w, vaddr va, unsigned size, TLBFill *out)
{
    unsigned need = w->shadow ? PAGE_READ | PAGE_WRITE : access_prot[w->access], prot;
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
    if (out->same_bits > 12)
        out->same_bits = MIN(out->same_bits, riscv_pmp_same_bits(w->env, out->pa, w->priv));
    return WALK_OK;
}

/* What the trap handler is told besides cause and address. */
static void note_guest(CPURISCVState *env, vaddr va, MMUAccess access, bool virt, const Walk *w)
{
    env->exc_gva = virt;
    env->exc_gpa = w ? w->gpa : 0;
    env->exc_tinst = w && w->tinst ? w->tinst
                     : virt && access != MMU_FETCH ? riscv_transformed_insn(env, va) : 0;
}

bool riscv_tlb_fill(CPURISCVState *env, vaddr va, MMUAccess access, unsigned size, TLBFill *out)
{
    static const uint8_t page_fault[] = { EXC_LOAD_PAGE_FAULT, EXC_STORE_PAGE_FAULT,
                                          EXC_INST_PAGE_FAULT };
    static const uint8_t guest_page_fault[] = { EXC_LOAD_GUEST_PAGE_FAULT,
                                                EXC_STORE_GUEST_PAGE_FAULT,
                                                EXC_INST_GUEST_PAGE_FAULT };
    Walk w = { .env = env, .access = access };
    WalkResult r;

    riscv_pmu_miss(env, access);
    w.priv = access == MMU_FETCH ? env->priv : riscv_data_priv(env);
    w.virt = access == MMU_FETCH ? env->virt : riscv_data_virt(env);
    if (access != MMU_FETCH)
        va = riscv_masked_address(env, w.priv, w.virt, va);
    w.hlvx = access == MMU_LOAD && env->hlv == HLV_EXECUTABLE;
    w.shadow = access != MMU_FETCH && unlikely(env->hlv & ACCESS_SHADOW);
    if (unlikely(log_enabled(LOG_MMU)))
        w.why = g_string_new(NULL);
    r = look_up(&w, va, size, out);
    if (unlikely(w.why)) {
        log_printf(LOG_MMU, "hart %" PRIu64 ": %s at %#" PRIx64 " from %s\n%s-> %#" PRIx64 "%s\n",
                   env_cpu(env)->hartid, access_names[access], va, riscv_mode_name(w.priv, w.virt),
                   w.why->str, out->pa, r == WALK_OK ? "" : " (fault)");
        g_string_free(w.why, TRUE);
    }
    if (r == WALK_OK)
        return true;
    /* A trigger on the address comes before its fault. */
    if (unlikely(env->trigger_data) && access != MMU_FETCH &&
        riscv_trigger_data(env, va, size, access == MMU_LOAD, access == MMU_STORE))
        return false;
    if (unlikely(w.shadow))
        access = MMU_STORE;
    if (r == WALK_ACCESS_FAULT) {
        riscv_bus_error(env, va, out->pa, access);
    } else {
        env->exc_cause = r == WALK_PAGE_FAULT ? page_fault[access] : guest_page_fault[access];
        env->exc_tval = va;
        note_guest(env, va, access, w.virt, &w);
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

    w.priv = mode == 'u' || mode == 'U' ? PRV_U : mode == 's' || mode == 'S' ? PRV_S
             : mode == 'm' ? PRV_M : w.access == MMU_FETCH ? env->priv : riscv_data_priv(env);
    w.virt = mode ? mode == 'U' || mode == 'S'
                  : w.access == MMU_FETCH ? env->virt : riscv_data_virt(env);
    if (w.virt && !riscv_ext_on(env, EXT_H)) {
        g_string_append(out, "the hart has no VS and VU: the hypervisor extension (h) is off\n");
        return false;
    }
    g_string_append_printf(out, "%s at %#" PRIx64 " from %s mode", access_names[w.access], va,
                           riscv_mode_name(w.priv, w.virt));
    symbol_append(out, va);
    if (!mode && w.access != MMU_FETCH && (env->mstatus & MSTATUS_MPRV) &&
        (env->mnstatus & MNSTATUS_NMIE))
        g_string_append(out, " (mstatus.MPRV=1, MPP)");
    g_string_append_c(out, '\n');
    if (w.access != MMU_FETCH && riscv_masked_bits(env, w.priv, w.virt)) {
        va = riscv_masked_address(env, w.priv, w.virt, va);
        g_string_append_printf(out, "pointer masking ignores %u upper bits: %#" PRIx64 "\n",
                               riscv_masked_bits(env, w.priv, w.virt), va);
    }
    r = look_up(&w, va, 1, &fill);
    if (r != WALK_OK)
        return false;
    return explain_memory(env, fill.pa, w.access, out);
}

void riscv_bus_error(CPURISCVState *env, vaddr va, hwaddr pa, MMUAccess access)
{
    static const uint8_t cause[] = { EXC_LOAD_ACCESS_FAULT, EXC_STORE_ACCESS_FAULT,
                                     EXC_INST_ACCESS_FAULT };

    if (access != MMU_FETCH)
        va = riscv_data_address(env, va);
    if (unlikely(env->hlv & ACCESS_SHADOW))
        access = MMU_STORE;
    env->exc_cause = cause[access];
    env->exc_tval = va;
    note_guest(env, va, access, access == MMU_FETCH ? env->virt : riscv_data_virt(env), NULL);
    env->exc_why = "nothing answers at the physical address, or the device refused";
}

void riscv_cbo_shadow_check(CPURISCVState *env, vaddr va)
{
    Walk w = { .env = env, .access = MMU_LOAD, .cbo = true, .dry = true };
    TLBFill fill;

    w.priv = riscv_data_priv(env);
    w.virt = riscv_data_virt(env);
    va = riscv_masked_address(env, w.priv, w.virt, va);
    if (look_up(&w, va, 1, &fill) != WALK_ACCESS_FAULT)
        return;
    riscv_bus_error(env, va, fill.pa, MMU_STORE);
    env->exc_why = w.reason;
    cpu_loop_exit_exception(env);
}

/* Bits of TLBKey.mode; below them RISCVPriv. */
enum {
    KEY_MXR = 1 << 2,
    KEY_SUM = 1 << 3,
    KEY_VIRT = 1 << 4,
    KEY_HS_MXR = 1 << 5, /* of a guest: holds for both stages */
    KEY_HLVX = 1 << 6,
    KEY_SHADOW = 1 << 7,
};

static TLBKey guest_key(const CPURISCVState *env, RISCVPriv priv, bool hlvx)
{
    uint64_t vsatp = env->vsatp, hgatp = env->hgatp;
    TLBKey key = { .mode = priv | KEY_VIRT };

    key.asid = riscv_guest_asid(env, 0);
    if (HGATP_MODE(hgatp) != SATP_BARE)
        key.g_root = hgatp & ~(0x3FFFULL << 44);
    if (SATP_MODE(vsatp) != SATP_BARE) {
        key.root = vsatp & ~(0xFFFFULL << 44);
        key.asid |= SATP_ASID(vsatp);
        if (env->vsstatus & MSTATUS_MXR)
            key.mode |= KEY_MXR;
        if (priv == PRV_S && (env->vsstatus & MSTATUS_SUM))
            key.mode |= KEY_SUM;
    }
    if (env->mstatus & MSTATUS_MXR)
        key.mode |= KEY_HS_MXR;
    if (hlvx)
        key.mode |= KEY_HLVX;
    return key;
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
        key.mode |= KEY_MXR;
    if (priv == PRV_S && (env->mstatus & MSTATUS_SUM))
        key.mode |= KEY_SUM;
    return key;
}

void riscv_tlb_keys(CPURISCVState *env, TLBKey *data, TLBKey *fetch)
{
    RISCVPriv priv = riscv_data_priv(env);

    *fetch = unlikely(env->virt) ? guest_key(env, env->priv, false) : regime_key(env, env->priv);
    /* S fetches from no page of U's, so that programs' own pages cannot get in by way of a fetch. */
    fetch->mode &= ~(uint32_t)KEY_SUM;
    *data = unlikely(riscv_data_virt(env)) ? guest_key(env, priv, env->hlv == HLV_EXECUTABLE)
                                           : regime_key(env, priv);
    if (unlikely(env->hlv & ACCESS_SHADOW))
        data->mode |= KEY_SHADOW;
    data->ignored = riscv_masked_bits(env, priv, (data->mode & KEY_VIRT) != 0);
}

uint32_t riscv_guest_asid(const CPURISCVState *env, uint32_t asid)
{
    return ASID_VIRT | (uint32_t)HGATP_VMID(env->hgatp) << ASID_VMID_SHIFT | asid;
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

bool riscv_translate_as(CPUState *cpu, RISCVPriv priv, bool virt, vaddr va, hwaddr *pa)
{
    Walk w = { .env = riscv_env(cpu), .access = MMU_LOAD, .debug = true, .priv = priv, .virt = virt };
    TLBFill fill;

    if (translate(&w, va, &fill) != WALK_OK)
        return false;
    *pa = fill.pa;
    return true;
}

bool riscv_translate_debug(CPUState *cpu, vaddr va, hwaddr *pa, GString *why)
{
    CPURISCVState *env = riscv_env(cpu);
    Walk w = { .env = env, .access = MMU_LOAD, .debug = true, .why = why };
    TLBFill fill;

    w.priv = riscv_data_priv(env);
    w.virt = riscv_data_virt(env);
    if (translate(&w, va, &fill) != WALK_OK)
        return false;
    *pa = fill.pa;
    EXPLAIN(&w, "-> %#" PRIx64 "\n", fill.pa);
    return true;
}
