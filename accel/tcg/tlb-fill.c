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
    ctx->n_evicted++;
}

static bool victim_hit(TLBContext *ctx, vaddr va, MMUAccess access)
{
    unsigned index = tlb_index(ctx, va);

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
        tlb_mark_used(ctx, index);
        ctx->n_evicted++;
        return true;
    }
    return false;
}

/*
 * As many entries were thrown out as there are, and quickly: a table four times as large. Programs that take
 * their time over it are no better off with more entries.
 */
static void maybe_grow(CPUArchState *env, TLBContext *ctx)
{
    enum { INSNS_PER_MISS = 4000 };
    CPUTCGState *s = env_tcg(env);
    CPUTLB *t = s->tlbs;
    uint64_t n = 1ULL << ctx->bits;

    if (likely(ctx->n_evicted < n))
        return;
    if (s->icount - ctx->icount < n * INSNS_PER_MISS && ctx->bits < t->bits_max) {
        tlb_lock(t);
        tlb_resize(t, ctx, MIN(ctx->bits + 2, t->bits_max));
        tlb_unlock(t);
        tlb_use_tables(env);
    }
    ctx->n_evicted = 0;
    ctx->icount = s->icount;
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

/* Of an access that no entry stands for: no tag says whether the page holds code, so a store has to look. */
static void probe_alone(CPUArchState *env, TLBProbe *out, vaddr va, MMUAccess access, unsigned size,
                        const TLBFull *full)
{
    probe_from(out, va, full);
    out->entry = NULL;
    out->code = access == MMU_STORE;
    out->watch = access != MMU_FETCH && watched(env, va, size);
    if (full->readonly && access == MMU_STORE)
        out->host = NULL;
}

static TLBLarge *large_slot(TLBContext *ctx, vaddr va)
{
    return &ctx->large[(va >> TLB_LARGE_BITS) & (TLB_LARGES - 1)];
}

static void large_enter(TLBContext *ctx, vaddr va, const TLBFill *fill)
{
    unsigned bits = MIN(fill->same_bits, TLB_LARGE_BITS);
    uint64_t in_piece = bits > TARGET_PAGE_BITS ? (1ULL << bits) - 1 : 0;

    if (!in_piece)
        return;
    *large_slot(ctx, va) = (TLBLarge){
        .va = va & ~in_piece, .pa = fill->pa & ~in_piece, .bits = bits, .prot = fill->prot,
        .page_bits = fill->page_bits, .global = fill->global,
    };
    ctx->any_large = true;
}

static const uint8_t prot_needed[] = {
    [MMU_LOAD] = PAGE_READ, [MMU_STORE] = PAGE_WRITE, [MMU_FETCH] = PAGE_EXEC,
};

/* What a walk would find, if a leaf that covers va was seen before and allows the access. */
static bool large_hit(TLBContext *ctx, vaddr va, MMUAccess access, TLBFill *fill)
{
    const TLBLarge *l = large_slot(ctx, va);

    if (!ctx->any_large || l->va == TLB_TAG_NONE || (va ^ l->va) >> l->bits ||
        !(l->prot & prot_needed[access]))
        return false;
    *fill = (TLBFill){ .pa = l->pa + (va - l->va), .prot = l->prot, .page_bits = l->page_bits,
                       .global = l->global };
    return true;
}

/* Enters a translation. The dirty bit is read under the lock, after the page was noted as one that
 * may be written: whoever protects it later finds the entry, whoever did before cleared the bit. */
static TLBEntry *insert(CPUArchState *env, TLBContext *ctx, vaddr va, const TLBFill *fill,
                        TLBFull *full)
{
    TCGState *s = env_tcgcpu(env)->s;
    unsigned index = tlb_index(ctx, va);
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
        code_page_note_store(s, full->block, full->offset, page);
        if (ram_block_page_watched(full->block, full->offset) || env_tcg(env)->verify)
            store |= TLB_CODE;
    }
    e->addend = (uintptr_t)(full->block ? full->block->host + full->offset : NULL) - page;
    e->tag[MMU_LOAD] = fill->prot & PAGE_READ ? page | slow | watch : TLB_TAG_NONE;
    e->tag[MMU_FETCH] = fill->prot & PAGE_EXEC ? page | slow : TLB_TAG_NONE;
    __atomic_store_n(&e->tag[MMU_STORE], fill->prot & PAGE_WRITE ? store : TLB_TAG_NONE,
                     __ATOMIC_RELAXED);
    ctx->full[index] = *full;
    tlb_mark_used(ctx, index);
    tlb_note_entry(ctx, page, e, full->page_bits);
    if (fill->page_bits > TARGET_PAGE_BITS)
        large_enter(ctx, va, fill);
    return e;
}

bool tlb_probe(CPUArchState *env, vaddr va, MMUAccess access, unsigned size, TLBProbe *out)
{
    CPUTCGState *s = env_tcg(env);
    CPUTLB *t = s->tlbs;
    TLBContext *ctx = access == MMU_FETCH ? t->fetch : t->data;
    unsigned index = tlb_index(ctx, va);
    TLBFill fill;
    TLBFull full = { 0 };

    if (probe_hit(out, va, access, &ctx->fast[index], &ctx->full[index]))
        return true;
    maybe_grow(env, ctx);
    index = tlb_index(ctx, va);
    if (ctx->any_victim) {
        tlb_lock(t);
        bool hit = victim_hit(ctx, va, access);
        tlb_unlock(t);
        t->n_victim += hit;
        if (hit)
            return probe_hit(out, va, access, &ctx->fast[index], &ctx->full[index]);
    }
    if (large_hit(ctx, va, access, &fill)) {
        t->n_large++;
    } else {
        memset(&fill, 0, sizeof(fill));
        if (!s->ops->tlb_fill(env, va, access, size, &fill))
            return false;
    }
    page_backing(s->cpu, fill.pa & TARGET_PAGE_MASK, &full);
    full.page_bits = MAX(fill.page_bits, TARGET_PAGE_BITS);
    full.global = fill.global;
    if (fill.page_bits < TARGET_PAGE_BITS) {
        /* PMP cuts the page: good for these bytes only. */
        probe_alone(env, out, va, access, size, &full);
        return true;
    }
    tlb_lock(t);
    t->n_fills++;
    TLBEntry *e = insert(env, ctx, va, &fill, &full);
    tlb_unlock(t);
    /* Or else the model granted the access but not for others like it. */
    if (!probe_hit(out, va, access, e, &ctx->full[tlb_index(ctx, va)]))
        probe_alone(env, out, va, access, size, &full);
    return true;
}

void tlb_unprotect_entry(CPUArchState *env, const TLBProbe *p)
{
    CPUTLB *t = env_tcg(env)->tlbs;

    code_page_note_store(env_tcgcpu(env)->s, p->block, p->offset, (uintptr_t)p->host - p->addend);
    tlb_lock(t);
    if (!ram_block_page_watched(p->block, p->offset))
        __atomic_fetch_and(&p->entry->tag[MMU_STORE], ~(uint64_t)TLB_CODE, __ATOMIC_RELAXED);
    tlb_unlock(t);
}
