/*
 * TLB contexts: choosing, filling, flushing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/tlb.h"

#include <sys/mman.h>

#include "accel/tcg/internal.h"

#define FAST_BYTES (TLB_FAST_SIZE * sizeof(TLBEntry))
#define WINDOW_BYTES (TLB_WINDOWS * sizeof(TLBWindow))
#define FULL_BYTES (TLB_FAST_SIZE * sizeof(TLBFull))
#define TABLE_BYTES (FAST_BYTES + WINDOW_BYTES + FULL_BYTES)

static bool key_equal(const TLBKey *a, const TLBKey *b)
{
    return a->root == b->root && a->g_root == b->g_root && a->asid == b->asid &&
           a->mode == b->mode && a->ignored == b->ignored;
}

static void entry_clear(TLBEntry *e)
{
    e->tag[MMU_LOAD] = e->tag[MMU_FETCH] = TLB_TAG_NONE;
    __atomic_store_n(&e->tag[MMU_STORE], TLB_TAG_NONE, __ATOMIC_RELAXED);
}

static void window_close(TLBWindow *w)
{
    __atomic_store_n(&w->room, 0, __ATOMIC_RELAXED);
}

static void windows_close(TLBContext *ctx)
{
    for (unsigned i = 0; i < TLB_WINDOWS; i++)
        window_close(&tlb_windows(ctx->fast)[i]);
}

static void context_flush(TLBContext *ctx)
{
    ctx->gen = 0;
    windows_close(ctx);
    for (unsigned w = 0; w < TLB_FAST_SIZE / 64; w++) {
        for (uint64_t bits = ctx->used[w]; bits; bits &= bits - 1)
            entry_clear(&ctx->fast[w * 64 + __builtin_ctzll(bits)]);
        ctx->used[w] = 0;
    }
    if (ctx->any_victim) {
        for (unsigned i = 0; i < TLB_VICTIMS; i++)
            entry_clear(&ctx->victim[i]);
        ctx->any_victim = false;
    }
    ctx->large_lo = UINT64_MAX;
    ctx->large_hi = 0;
}

/* Pages come from the kernel when touched, so a context that is never used costs no memory. */
static bool context_alloc(TLBContext *ctx)
{
    void *p = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return false;
    ctx->fast = p;
    ctx->full = (TLBFull *)((uint8_t *)p + FAST_BYTES + WINDOW_BYTES);
    for (unsigned i = 0; i < TLB_FAST_SIZE; i++)
        entry_clear(&ctx->fast[i]);
    for (unsigned i = 0; i < TLB_VICTIMS; i++)
        entry_clear(&ctx->victim[i]);
    ctx->large_lo = UINT64_MAX;
    return true;
}

/* Where the context of a key was found last: few are in use at a time, and switches are frequent. */
static uint8_t *hint_of(CPUTLB *t, const TLBKey *key)
{
    return &t->hint[(key->mode >> 3 ^ key->mode ^ key->asid << 1) % ARRAY_SIZE(t->hint)];
}

/* The context of this key: the live one, else a fresh one in place of the longest unused. */
static TLBContext *context_get(CPUTLB *t, const TLBKey *key)
{
    TLBContext *free_ctx = NULL, *oldest = NULL;
    uint8_t *hint = hint_of(t, key);

    if (t->ctx[*hint].live && key_equal(&t->ctx[*hint].key, key))
        return &t->ctx[*hint];
    for (unsigned i = 0; i < t->nr_ctx; i++) {
        TLBContext *ctx = &t->ctx[i];
        if (ctx->live && key_equal(&ctx->key, key)) {
            *hint = (uint8_t)i;
            return ctx;
        }
        if (ctx == t->data || ctx == t->fetch)
            continue;
        if (!ctx->live && (ctx->fast || !free_ctx))
            free_ctx = ctx;
        if (ctx->fast && (!oldest || ctx->last_use < oldest->last_use))
            oldest = ctx;
    }
    if (free_ctx && !free_ctx->fast && !context_alloc(free_ctx))
        free_ctx = NULL;
    if (!free_ctx)
        free_ctx = oldest;
    context_flush(free_ctx);
    free_ctx->key = *key;
    free_ctx->live = true;
    return free_ctx;
}

/* The fetch context is another one, or was flushed: what was remembered of it holds no longer. */
static void new_fetch_gen(CPUTCGState *s)
{
    CPUTLB *t = s->tlbs;

    if (!t->fetch->gen) {
        if (++t->gen_clock == 0) {
            /* All numbers are used up: forget who has which. */
            for (unsigned i = 0; i < TLB_CONTEXTS; i++)
                t->ctx[i].gen = 0;
            tcg_jump_cache_clear(s->cpu->accel_state);
            t->gen_clock = 1;
        }
        t->fetch->gen = t->gen_clock;
    }
    s->fetch_gen = t->fetch->gen;
}

void tcg_tlb_switch(CPUArchState *env)
{
    CPUTCGState *s = env_tcg(env);
    CPUTLB *t = s->tlbs;
    TLBKey data, fetch;

    s->ops->tlb_keys(env, &data, &fetch);
    if (likely(key_equal(&data, &t->data->key) && key_equal(&fetch, &t->fetch->key)))
        return;
    tlb_lock(t);
    /* The old ones stay put while the new are chosen: the second choice must not take the first. */
    t->fetch = context_get(t, &fetch);
    t->data = key_equal(&data, &fetch) ? t->fetch : context_get(t, &data);
    t->fetch->last_use = t->data->last_use = ++t->use_clock;
    tlb_unlock(t);
    s->tlb = t->data->fast;
    s->tlb_fetch = t->fetch->fast;
    new_fetch_gen(s);
}

/* ---- Flushing ---- */

void tcg_tlb_flush_all(CPUArchState *env)
{
    CPUTLB *t = env_tcg(env)->tlbs;

    tlb_lock(t);
    t->n_flushes++;
    for (unsigned i = 0; i < t->nr_ctx; i++) {
        if (t->ctx[i].fast)
            context_flush(&t->ctx[i]);
    }
    tlb_unlock(t);
    new_fetch_gen(env_tcg(env));
}

/* Whether a flush by ASID concerns the context. Bare contexts hold no translations of a table. */
static bool context_matches(const TLBContext *ctx, uint32_t asid, uint32_t mask)
{
    return ctx->live && ctx->fast && (ctx->key.root | ctx->key.g_root) &&
           ((ctx->key.asid ^ asid) & mask) == 0;
}

/* Clears the entries that fn says, fast and victim. */
static void context_flush_if(TLBContext *ctx, vaddr va, bool globals,
                             bool (*fn)(const TLBContext *, const TLBEntry *, const TLBFull *, vaddr))
{
    ctx->gen = 0;
    windows_close(ctx);
    for (unsigned w = 0; w < TLB_FAST_SIZE / 64; w++) {
        for (uint64_t bits = ctx->used[w]; bits; bits &= bits - 1) {
            unsigned i = w * 64 + __builtin_ctzll(bits);
            if ((globals || !ctx->full[i].global) && fn(ctx, &ctx->fast[i], &ctx->full[i], va)) {
                entry_clear(&ctx->fast[i]);
                ctx->used[w] &= ~(1ULL << (i % 64));
            }
        }
    }
    for (unsigned i = 0; ctx->any_victim && i < TLB_VICTIMS; i++) {
        if ((globals || !ctx->victim_full[i].global) &&
            fn(ctx, &ctx->victim[i], &ctx->victim_full[i], va))
            entry_clear(&ctx->victim[i]);
    }
}

/* Under whichever upper bits: those that are ignored do not count. */
static bool covers(const TLBContext *ctx, const TLBEntry *e, const TLBFull *f, vaddr va)
{
    uint64_t page = tlb_entry_page(e);

    return page != TLB_TAG_NONE && (((page ^ va) << ctx->key.ignored >> ctx->key.ignored) >>
                                    f->page_bits) == 0;
}

static bool any(const TLBContext *ctx, const TLBEntry *e, const TLBFull *f, vaddr va)
{
    return true;
}

static void context_flush_page(TLBContext *ctx, vaddr va, bool globals)
{
    unsigned i = (va >> TARGET_PAGE_BITS) & (TLB_FAST_SIZE - 1);

    ctx->gen = 0;
    /* One leaf of a large page covers many entries. */
    if ((va >= ctx->large_lo && va <= ctx->large_hi) ||
        (ctx->key.ignored && ctx->large_lo <= ctx->large_hi)) {
        context_flush_if(ctx, va, globals, covers);
        return;
    }
    for (unsigned n = 0; n < TLB_WINDOWS; n++) {
        TLBWindow *w = &tlb_windows(ctx->fast)[n];
        if (((w->page ^ va) << ctx->key.ignored >> ctx->key.ignored) < TARGET_PAGE_SIZE)
            window_close(w);
    }
    if (covers(ctx, &ctx->fast[i], &ctx->full[i], va) && (globals || !ctx->full[i].global))
        entry_clear(&ctx->fast[i]);
    for (i = 0; ctx->any_victim && i < TLB_VICTIMS; i++) {
        if (covers(ctx, &ctx->victim[i], &ctx->victim_full[i], va) &&
            (globals || !ctx->victim_full[i].global))
            entry_clear(&ctx->victim[i]);
    }
}

void tcg_tlb_flush_page_match(CPUArchState *env, vaddr va, uint32_t asid, uint32_t mask,
                              bool globals)
{
    CPUTLB *t = env_tcg(env)->tlbs;

    tlb_lock(t);
    for (unsigned i = 0; i < t->nr_ctx; i++) {
        if (context_matches(&t->ctx[i], asid, mask))
            context_flush_page(&t->ctx[i], va, globals);
    }
    tlb_unlock(t);
    new_fetch_gen(env_tcg(env));
}

void tcg_tlb_flush_match(CPUArchState *env, uint32_t asid, uint32_t mask, bool globals)
{
    CPUTLB *t = env_tcg(env)->tlbs;

    tlb_lock(t);
    t->n_flushes++;
    for (unsigned i = 0; i < t->nr_ctx; i++) {
        TLBContext *ctx = &t->ctx[i];

        /* All of an address space: then also where nothing is translated (what PMP allows). */
        if (globals) {
            if (ctx->live && ctx->fast && ((ctx->key.asid ^ asid) & mask) == 0)
                context_flush(ctx);
        } else if (context_matches(ctx, asid, mask)) {
            context_flush_if(ctx, 0, false, any);
        }
    }
    tlb_unlock(t);
    new_fetch_gen(env_tcg(env));
}

void tcg_tlb_flush_page(CPUArchState *env, vaddr va, int64_t asid)
{
    tcg_tlb_flush_page_match(env, va, (uint32_t)asid, asid < 0 ? 0 : UINT32_MAX, asid < 0);
}

void tcg_tlb_flush_asid(CPUArchState *env, int64_t asid)
{
    tcg_tlb_flush_match(env, (uint32_t)asid, UINT32_MAX, false);
}

/* ---- Pages with code, and pages that are logged ---- */

static bool protect_entry(TLBEntry *e, uintptr_t host, uint64_t len)
{
    uint64_t tag = e->tag[MMU_STORE];

    if ((tag & (TLB_INVALID | TLB_SLOW | TLB_CODE)) ||
        (tag & TARGET_PAGE_MASK) + e->addend - host >= len)
        return false;
    __atomic_store_n(&e->tag[MMU_STORE], tag | TLB_CODE, __ATOMIC_RELAXED);
    return true;
}

/* After the tags: see write_miss() of the back end, which does the two the other way round. */
static void protect_windows(TLBContext *ctx, uintptr_t host, uint64_t len)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (unsigned n = TLB_WINDOWS / 2; n < TLB_WINDOWS; n++) {
        TLBWindow *w = &tlb_windows(ctx->fast)[n];
        if (__atomic_load_n(&w->host, __ATOMIC_RELAXED) - host < len)
            window_close(w);
    }
}

static bool protect(CPUTLB *t, uintptr_t host, uint64_t len)
{
    bool any_marked = false;

    tlb_lock(t);
    for (unsigned c = 0; c < t->nr_ctx; c++) {
        TLBContext *ctx = &t->ctx[c];
        if (!ctx->fast)
            continue;
        for (unsigned w = 0; w < TLB_FAST_SIZE / 64; w++) {
            for (uint64_t bits = ctx->used[w]; bits; bits &= bits - 1)
                any_marked |= protect_entry(&ctx->fast[w * 64 + __builtin_ctzll(bits)], host, len);
        }
        for (unsigned i = 0; ctx->any_victim && i < TLB_VICTIMS; i++)
            any_marked |= protect_entry(&ctx->victim[i], host, len);
        protect_windows(ctx, host, len);
    }
    tlb_unlock(t);
    return any_marked;
}

bool tlb_protect_page(CPUTLB *t, uintptr_t host_page)
{
    return protect(t, host_page, TARGET_PAGE_SIZE);
}

void tlb_protect_range(CPUTLB *t, uintptr_t host, uint64_t len)
{
    protect(t, host, len);
}

/* ---- Set-up ---- */

bool tlb_init(CPUArchState *env, unsigned nr_cpus, Error **errp)
{
    CPUTCGState *s = env_tcg(env);
    CPUTLB *t = g_new0(CPUTLB, 1);

    /* A live context takes up to 88 KiB: bound what hundreds of harts add up to. */
    t->nr_ctx = nr_cpus <= 16 ? TLB_CONTEXTS : nr_cpus <= 64 ? 8 : 4;
    for (unsigned i = 0; i < t->nr_ctx; i++)
        t->ctx[i].large_lo = UINT64_MAX;
    /* Data and fetch may both be pinned while a third is wanted: these must exist. */
    for (unsigned i = 0; i < 3; i++) {
        if (!context_alloc(&t->ctx[i])) {
            error_setg(errp, "cannot allocate the TLB of a vCPU");
            s->tlbs = t;
            tlb_finalize(env);
            return false;
        }
    }
    t->data = t->fetch = &t->ctx[0];
    t->ctx[0].key = (TLBKey){ .mode = UINT32_MAX };
    t->ctx[0].live = true;
    s->tlbs = t;
    s->tlb = s->tlb_fetch = t->ctx[0].fast;
    return true;
}

void tlb_finalize(CPUArchState *env)
{
    CPUTCGState *s = env_tcg(env);

    if (!s->tlbs)
        return;
    for (unsigned i = 0; i < TLB_CONTEXTS; i++) {
        if (s->tlbs->ctx[i].fast)
            munmap(s->tlbs->ctx[i].fast, TABLE_BYTES);
    }
    g_free(s->tlbs);
    s->tlbs = NULL;
    s->tlb = s->tlb_fetch = NULL;
}
