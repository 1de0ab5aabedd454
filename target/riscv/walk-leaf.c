/*
 * What an entry of a page table allows, and where a leaf leads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/walk-impl.h"

#include "target/riscv/bits.h"
#include "target/riscv/mode.h"

const uint8_t walk_access_prot[] = {
    [MMU_LOAD] = PAGE_READ,
    [MMU_STORE] = PAGE_WRITE,
    [MMU_FETCH] = PAGE_EXEC,
};

static bool shadow_page(uint64_t pte)
{
    return (pte & (PTE_R | PTE_W | PTE_X)) == PTE_W;
}

const char *walk_reserved_entry(const CPURISCVState *env, const Stage *s, uint64_t pte)
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

const char *walk_mode_permission(const Stage *s, uint64_t pte)
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

const char *walk_shadow_permission(const Stage *s, uint64_t pte)
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

const char *walk_leaf_permission(const Stage *s, uint64_t pte, unsigned *prot)
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
    return *prot & walk_access_prot[s->access] ? NULL : no_permission(s, pte);
}

const char *walk_bad_leaf(uint64_t pte, unsigned level)
{
    if (PTE_PPN(pte) & MASK_ULL(9 * level))
        return "misaligned superpage";
    if ((pte & PTE_N) && (level != 0 || (PTE_PPN(pte) & 15) != 8))
        return "reserved size with N";
    return NULL;
}

void walk_leaf_address(uint64_t pte, vaddr va, unsigned level, TLBFill *out)
{
    uint64_t base = PTE_PPN(pte) << 12;

    out->page_bits = 12 + 9 * level;
    if (pte & PTE_N) {
        out->page_bits = 16;
        base &= ~MASK_ULL(16);
    }
    out->pa = base | (va & MASK_ULL(out->page_bits));
}
