/*
 * Misses: the victims, then the CPU model's page walk, and what becomes of its result.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/tlb.h"

#include "accel/debug.h"
#include "accel/tcg/internal.h"
#include "accel/tcg/ldst.h"

/* What lies behind a physical page: RAM with a host address if all of the page is one piece. */
static void page_backing(CPUState *cpu, hwaddr page, TLBFull *full)
{
    const FlatView *view = address_space_view(cpu->as);
    const FlatRange *r = flatview_lookup(view, page, NULL);

    full->pa = page;
    full->block = NULL;
    full->readonly = true;
    if (!r || !r->direct || !r->mr->ram || r->last - page < TARGET_PAGE_SIZE - 1)
        return;
    full->offset = r->offset + (page - r->start);
    /* RAM that is not page-aligned in its block cannot be tracked by page. */
    if (full->offset & ~TARGET_PAGE_MASK)
        return;
    full->block = r->mr->ram;
    full->readonly = r->readonly || r->mr->kind != MR_RAM;
}

static void probe_from(TLBProbe *out, vaddr va, const TLBFull *full)
{
    uint64_t in_page = va & ~TARGET_PAGE_MASK;

    out->pa = full->pa | in_page;
    out->block = full->block;
    out->offset = full->offset + in_page;
    out->host = full->block ? full->block->host + out->offset : NULL;
    out->addend = (uintptr_t)out->host - va;
    out->watch = false;
}

/* The entry may serve this access: report what it says. */
static bool probe_hit(TLBProbe *out, vaddr va, MMUAccess access, TLBEntry *e, const TLBFull *full)
{
    uint64_t tag = access == MMU_STORE ? tlb_store_tag(e) : e->tag[access];

    if ((tag & TLB_INVALID) || (tag & TARGET_PAGE_MASK) != (va & TARGET_PAGE_MASK))
        return false;
    probe_from(out, va, full);
    if (tag & TLB_SLOW)
        out->host = NULL;
    out->code = (tag & TLB_CODE) != 0;
    out->watch = (tag & TLB_WATCH) != 0;
    out->entry = e;
    return true;
}

/* Moves what is in the way to the victims. Lock held. */
static void evict(TLBContext *ctx, unsigned index)
{
    TLBEntry *e = &ctx->fast[index];
    unsigned v;

    if (tlb_entry_page(e) == TLB_TAG_NONE)
        return;
    v = ctx->next_victim++ % TLB_VICTIMS;
    ctx->victim[v] = *e;
    ctx->victim_full[v] = ctx->full[index];
    ctx->any_victim = true;
}

static bool victim_hit(TLBContext *ctx, vaddr va, MMUAccess access)
{
    unsigned index = (va >> TARGET_PAGE_BITS) & (TLB_FAST_SIZE - 1);

    for (unsigned i = 0; i < TLB_VICTIMS; i++) {
        TLBEntry *v = &ctx->victim[i];
        if ((v->tag[access] & TLB_INVALID) ||
            (v->tag[access] & TARGET_PAGE_MASK) != (va & TARGET_PAGE_MASK))
            continue;
        TLBEntry e = ctx->fast[index];
        TLBFull f = ctx->full[index];
        ctx->fast[index] = *v;
        ctx->full[index] = ctx->victim_full[i];
        *v = e;
        ctx->victim_full[i] = f;
        ctx->used[index / 64] |= 1ULL << (index % 64);
        return true;
    }
    return false;
}

/* Whether a watchpoint looks at these bytes, where the access goes to. */
static bool watched(CPUArchState *env, vaddr va, uint64_t size)
{
    const TCGCPUOps *ops = env_tcg(env)->ops;

    if (ops->data_address)
        va = ops->data_address(env, va);
    return debug_watches(va, va + (size - 1)) ||
           (ops->watches && ops->watches(env, va, va + (size - 1)));
}

/* Enters a translation. The dirty bit is read under the lock, after the page was noted as one that
 * may be written: whoever protects it later finds the entry, whoever did before cleared the bit. */
static TLBEntry *insert(CPUArchState *env, TLBContext *ctx, vaddr va, const TLBFill *fill,
                        TLBFull *full)
{
    TCGState *s = env_tcgcpu(env)->s;
    unsigned index = (va >> TARGET_PAGE_BITS) & (TLB_FAST_SIZE - 1);
    uint64_t page = va & TARGET_PAGE_MASK;
    TLBEntry *e = &ctx->fast[index];
    uint64_t slow = full->block ? 0 : TLB_SLOW;
    uint64_t watch = watched(env, page, TARGET_PAGE_SIZE) ? TLB_WATCH : 0;
    uint64_t store = page | slow | watch;

    if (tlb_entry_page(e) != page)
        evict(ctx, index);
    if (full->readonly)
        store |= TLB_SLOW;
    if (!(store & TLB_SLOW) && (fill->prot & PAGE_WRITE)) {
        code_page_note_store(s, full->block, full->offset);
        if (ram_block_page_watched(full->block, full->offset))
            store |= TLB_CODE;
    }
    e->addend = (uintptr_t)(full->block ? full->block->host + full->offset : NULL) - page;
    e->tag[MMU_LOAD] = fill->prot & PAGE_READ ? page | slow | watch : TLB_TAG_NONE;
    e->tag[MMU_FETCH] = fill->prot & PAGE_EXEC ? page | slow : TLB_TAG_NONE;
    __atomic_store_n(&e->tag[MMU_STORE], fill->prot & PAGE_WRITE ? store : TLB_TAG_NONE,
                     __ATOMIC_RELAXED);
    ctx->full[index] = *full;
    ctx->used[index / 64] |= 1ULL << (index % 64);
    if (fill->page_bits > TARGET_PAGE_BITS) {
        vaddr span = fill->page_bits >= 64 ? UINT64_MAX : (1ULL << fill->page_bits) - 1;
        ctx->large_lo = MIN(ctx->large_lo, va & ~span);
        ctx->large_hi = MAX(ctx->large_hi, va | span);
    }
    return e;
}

bool tlb_probe(CPUArchState *env, vaddr va, MMUAccess access, unsigned size, TLBProbe *out)
{
    CPUTCGState *s = env_tcg(env);
    CPUTLB *t = s->tlbs;
    TLBContext *ctx = access == MMU_FETCH ? t->fetch : t->data;
    unsigned index = (va >> TARGET_PAGE_BITS) & (TLB_FAST_SIZE - 1);
    TLBFill fill;
    TLBFull full = { 0 };

    if (probe_hit(out, va, access, &ctx->fast[index], &ctx->full[index]))
        return true;
    if (ctx->any_victim) {
        tlb_lock(t);
        bool hit = victim_hit(ctx, va, access);
        tlb_unlock(t);
        if (hit)
            return probe_hit(out, va, access, &ctx->fast[index], &ctx->full[index]);
    }
    memset(&fill, 0, sizeof(fill));
    if (!s->ops->tlb_fill(env, va, access, size, &fill))
        return false;
    page_backing(s->cpu, fill.pa & TARGET_PAGE_MASK, &full);
    full.page_bits = MAX(fill.page_bits, TARGET_PAGE_BITS);
    full.global = fill.global;
    if (fill.page_bits < TARGET_PAGE_BITS) {
        /* PMP cuts the page: good for these bytes only. No tag says whether the page holds code, so
         * a store has to look. */
        probe_from(out, va, &full);
        out->entry = NULL;
        out->code = access == MMU_STORE;
        out->watch = access != MMU_FETCH && watched(env, va, size);
        if (full.readonly && access == MMU_STORE)
            out->host = NULL;
        return true;
    }
    tlb_lock(t);
    t->n_fills++;
    TLBEntry *e = insert(env, ctx, va, &fill, &full);
    tlb_unlock(t);
    if (!probe_hit(out, va, access, e, &ctx->full[index])) {
        /* The model granted the access but not for others like it. */
        probe_from(out, va, &full);
        out->entry = NULL;
        out->code = access == MMU_STORE;
        out->watch = access != MMU_FETCH && watched(env, va, size);
        if (full.readonly && access == MMU_STORE)
            out->host = NULL;
    }
    return true;
}

void tlb_unprotect_entry(CPUArchState *env, const TLBProbe *p)
{
    CPUTLB *t = env_tcg(env)->tlbs;

    code_page_note_store(env_tcgcpu(env)->s, p->block, p->offset);
    tlb_lock(t);
    if (!ram_block_page_watched(p->block, p->offset))
        __atomic_fetch_and(&p->entry->tag[MMU_STORE], ~(uint64_t)TLB_CODE, __ATOMIC_RELAXED);
    tlb_unlock(t);
}
