/*
 * TLB contexts: choosing, filling, flushing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/tlb.h"

#include <sys/mman.h>

#include "accel/tcg/internal.h"

/* A table, its front page, and behind it a context's full, used and global. */
static size_t full_offset(unsigned bits)
{
    return sizeof(TLBEntry) << bits;
}

static size_t used_offset(unsigned bits)
{
    return full_offset(bits) + (sizeof(TLBFull) << bits);
}

static size_t global_offset(unsigned bits)
{
    return used_offset(bits) + (1u << bits) / 8;
}

static size_t table_bytes(unsigned bits)
{
    return align_up(TARGET_PAGE_SIZE + global_offset(bits) + (1u << bits) / 8, TARGET_PAGE_SIZE);
}
_Static_assert(sizeof(TLBFront) <= TARGET_PAGE_SIZE, "the front of a table takes a page");

static unsigned table_bits(const TLBEntry *table)
{
    return (unsigned)__builtin_popcountll(tlb_mask(table));
}

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

/* The first of those that may be open. */
static unsigned windows_open(const TLBContext *ctx)
{
    return tlb_front(ctx->fast)->any_guess ? 0 : TLB_GUESSES;
}

static void windows_close(TLBContext *ctx)
{
    for (unsigned i = windows_open(ctx); i < TLB_WINDOWS; i++)
        window_close(&tlb_windows(ctx->fast)[i]);
    tlb_front(ctx->fast)->any_guess = 0;
}

static void large_clear(TLBContext *ctx)
{
    for (unsigned i = 0; ctx->any_large && i < TLB_LARGES; i++)
        ctx->large[i].va = TLB_TAG_NONE;
    ctx->any_large = ctx->any_huge = false;
    memset(ctx->large_at, 0, sizeof(ctx->large_at));
}

static void context_flush(TLBContext *ctx)
{
    ctx->gen = 0;
    windows_close(ctx);
    for (unsigned w = 0; w < (1u << ctx->bits) / 64; w++) {
        for (uint64_t bits = ctx->used[w]; bits; bits &= bits - 1)
            entry_clear(&ctx->fast[w * 64 + __builtin_ctzll(bits)]);
        ctx->used[w] = ctx->global[w] = 0;
    }
    if (ctx->any_victim) {
        for (unsigned i = 0; i < TLB_VICTIMS; i++)
            entry_clear(&ctx->victim[i]);
        ctx->any_victim = false;
    }
    large_clear(ctx);
    memset(&ctx->seen, 0, sizeof(ctx->seen));
    memset(&ctx->seen_code, 0, sizeof(ctx->seen_code));
    ctx->n_evicted = 0;
}

/* ---- Tables ---- */

/* Pages come from the kernel when touched, so what is never used costs no memory. */
TLBEntry *tlb_table_new(unsigned bits)
{
    uint8_t *p = mmap(NULL, table_bytes(bits), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    TLBEntry *table;

    if (p == MAP_FAILED)
        return NULL;
    table = (TLBEntry *)(p + TARGET_PAGE_SIZE);
    tlb_front(table)->mask = ((1ULL << bits) - 1) * sizeof(TLBEntry);
    for (unsigned i = 0; i < 1u << bits; i++)
        entry_clear(&table[i]);
    return table;
}

void tlb_table_free(TLBEntry *table)
{
    if (table)
        munmap((uint8_t *)table - TARGET_PAGE_SIZE, table_bytes(table_bits(table)));
}

static void context_take(TLBContext *ctx, TLBEntry *table)
{
    unsigned bits = table_bits(table);

    ctx->fast = table;
    ctx->bits = bits;
    ctx->full = (TLBFull *)((uint8_t *)table + full_offset(bits));
    ctx->used = (uint64_t *)((uint8_t *)table + used_offset(bits));
    ctx->global = (uint64_t *)((uint8_t *)table + global_offset(bits));
    ctx->n_evicted = 0;
}

static bool context_alloc(TLBContext *ctx)
{
    TLBEntry *table = tlb_table_new(TLB_BITS_MIN);

    if (!table)
        return false;
    context_take(ctx, table);
    for (unsigned i = 0; i < TLB_VICTIMS; i++)
        entry_clear(&ctx->victim[i]);
    ctx->any_large = true;
    large_clear(ctx);
    return true;
}

bool tlb_resize(CPUTLB *t, TLBContext *ctx, unsigned bits)
{
    TLBEntry *table = tlb_table_new(bits);
    TLBContext old = *ctx;

    if (!table) {
        ctx->n_evicted = 0;
        return false;
    }
    context_take(ctx, table);
    memcpy(tlb_windows(table), tlb_windows(old.fast), sizeof(tlb_front(table)->window));
    tlb_front(table)->any_guess = tlb_front(old.fast)->any_guess;
    for (unsigned w = 0; w < (1u << old.bits) / 64; w++) {
        for (uint64_t left = old.used[w]; left; left &= left - 1) {
            unsigned from = w * 64 + (unsigned)__builtin_ctzll(left);
            uint64_t page = tlb_entry_page(&old.fast[from]);
            if (page == TLB_TAG_NONE)
                continue;
            unsigned to = tlb_index(ctx, page);
            ctx->fast[to] = old.fast[from];
            ctx->full[to] = old.full[from];
            tlb_mark_used(ctx, to);
        }
    }
    tlb_table_free(old.fast);
    t->n_resized++;
    return true;
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

void tlb_use_tables(CPUArchState *env)
{
    CPUTCGState *s = env_tcg(env);

    if (unlikely(s->verify) && env != env_tcgcpu(env)->env)
        return; /* the shadow finds nothing in its table */
    s->tlb = s->tlbs->data->fast;
    s->tlb_fetch = s->tlbs->fetch->fast;
    s->tlb_fetch_mask = tlb_mask(s->tlb_fetch);
    new_fetch_gen(s);
    if (unlikely(s->verify))
        tlb_notice_stores(env);
}

/* Another address space need not be as large as the one that had the context. */
static void context_shrink(TLBContext *ctx)
{
    TLBEntry *table = tlb_table_new(TLB_BITS_FRESH);

    if (!table)
        return;
    tlb_table_free(ctx->fast);
    context_take(ctx, table);
}

/* Where the context of a key was found last: few are in use at a time, and switches are frequent. */
static uint8_t *hint_of(CPUTLB *t, const TLBKey *key)
{
    return &t->hint[(key->mode >> 3 ^ key->mode ^ key->asid << 1) % ARRAY_SIZE(t->hint)];
}

/* Of the contexts that have the same global mappings, and see them alike: the latest. */
static const TLBContext *relative(const CPUTLB *t, const TLBContext *ctx)
{
    const TLBKey *key = &ctx->key;
    const TLBContext *found = NULL;

    for (unsigned i = 0; key->root && i < t->nr_ctx; i++) {
        const TLBContext *c = &t->ctx[i];
        if (c != ctx && c->live && c->key.root && ((c->key.root ^ key->root) >> TLB_ROOT_MODE) == 0 &&
            c->key.g_root == key->g_root && ((c->key.asid ^ key->asid) >> TLB_ASID_BITS) == 0 &&
            c->key.mode == key->mode && c->key.ignored == key->ignored &&
            (!found || c->last_use > found->last_use))
            found = c;
    }
    return found;
}

/* An address space begins. Global mappings are in all of them (privileged spec, "Addressing and Memory
 * Protection"), so a kernel need not be walked for anew in each program. */
static void inherit_globals(const CPUTLB *t, TLBContext *ctx)
{
    const TLBContext *from = relative(t, ctx);

    if (!from)
        return;
    for (unsigned w = 0; w < (1u << from->bits) / 64; w++) {
        for (uint64_t bits = from->used[w] & from->global[w]; bits; bits &= bits - 1) {
            unsigned i = w * 64 + (unsigned)__builtin_ctzll(bits);
            uint64_t page = tlb_entry_page(&from->fast[i]);
            if (page == TLB_TAG_NONE)
                continue;
            unsigned to = tlb_index(ctx, page);
            ctx->fast[to] = from->fast[i];
            ctx->full[to] = from->full[i];
            tlb_mark_used(ctx, to);
            tlb_note_entry(ctx, page, &from->fast[i], from->full[i].page_bits);
        }
    }
    for (unsigned i = 0; from->any_large && i < TLB_LARGES; i++) {
        const TLBLarge *l = &from->large[i];
        if (l->va == TLB_TAG_NONE || !l->global)
            continue;
        ctx->large[i] = *l;
        ctx->any_large = true;
        tlb_note_large(ctx, l->va, l->page_bits);
    }
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
    if (free_ctx->bits > TLB_BITS_FRESH)
        context_shrink(free_ctx);
    context_flush(free_ctx);
    free_ctx->key = *key;
    free_ctx->live = true;
    inherit_globals(t, free_ctx);
    return free_ctx;
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
    tlb_use_tables(env);
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

/* Whether two addresses are in one piece of that size, whichever upper bits are ignored. */
static bool same_piece(const TLBContext *ctx, uint64_t a, uint64_t b, unsigned bits)
{
    uint64_t differ = (a ^ b) << ctx->key.ignored >> ctx->key.ignored;

    return bits > 63 || differ >> bits == 0;
}

/* What an entry was made from covers va; or all does, if every is set. */
static bool covers(const TLBContext *ctx, const TLBEntry *e, const TLBFull *f, vaddr va, bool every)
{
    uint64_t page = tlb_entry_page(e);

    return every || (page != TLB_TAG_NONE && same_piece(ctx, page, va, f->page_bits));
}

static void large_flush(TLBContext *ctx, vaddr va, bool globals, bool every)
{
    for (unsigned i = 0; ctx->any_large && i < TLB_LARGES; i++) {
        TLBLarge *l = &ctx->large[i];
        if ((globals || !l->global) && (every || same_piece(ctx, l->va, va, l->page_bits)))
            l->va = TLB_TAG_NONE;
    }
}

static void victims_flush(TLBContext *ctx, vaddr va, bool globals, bool every)
{
    for (unsigned i = 0; ctx->any_victim && i < TLB_VICTIMS; i++) {
        if ((globals || !ctx->victim_full[i].global) &&
            covers(ctx, &ctx->victim[i], &ctx->victim_full[i], va, every))
            entry_clear(&ctx->victim[i]);
    }
}

/* Clears what a leaf gave that covers va, or all, wherever it is. */
static void context_flush_if(TLBContext *ctx, vaddr va, bool globals, bool every)
{
    const unsigned piece = TLB_LARGE_BITS - TARGET_PAGE_BITS;
    unsigned w = 0, end = (1u << ctx->bits) / 64;

    ctx->gen = 0;
    windows_close(ctx);
    if (!every && !ctx->any_huge && !ctx->key.ignored && ctx->bits > piece) {
        /* The entries of a piece are side by side. */
        w = (tlb_index(ctx, va) & ~((1u << piece) - 1)) / 64;
        end = w + (1u << piece) / 64;
    }
    for (; w < end; w++) {
        for (uint64_t bits = ctx->used[w] & ~(globals ? 0 : ctx->global[w]); bits; bits &= bits - 1) {
            unsigned i = w * 64 + (unsigned)__builtin_ctzll(bits);
            if (covers(ctx, &ctx->fast[i], &ctx->full[i], va, every)) {
                entry_clear(&ctx->fast[i]);
                ctx->used[w] &= ~(1ULL << (i % 64));
                ctx->global[w] &= ~(1ULL << (i % 64));
            }
        }
    }
    victims_flush(ctx, va, globals, every);
    large_flush(ctx, va, globals, every);
}

static void context_flush_page(TLBContext *ctx, vaddr va, bool globals)
{
    unsigned i = tlb_index(ctx, va);

    /* One leaf of a large page covers many entries. */
    if (tlb_large_near(ctx, va)) {
        context_flush_if(ctx, va, globals, false);
        return;
    }
    /* Kernels flush what they have mapped just now, which nobody has seen. */
    if (!ctx->key.ignored && !tlb_page_in(&ctx->seen, va))
        return;
    if (ctx->key.ignored || tlb_page_in(&ctx->seen_code, va))
        ctx->gen = 0;
    for (unsigned n = windows_open(ctx); n < TLB_WINDOWS; n++) {
        TLBWindow *w = &tlb_windows(ctx->fast)[n];
        if (same_piece(ctx, w->page, va, TARGET_PAGE_BITS))
            window_close(w);
    }
    if ((globals || !ctx->full[i].global) && covers(ctx, &ctx->fast[i], &ctx->full[i], va, false))
        entry_clear(&ctx->fast[i]);
    victims_flush(ctx, va, globals, false);
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
            context_flush_if(ctx, 0, false, true);
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
    for (unsigned n = TLB_GUESSES; n < TLB_WINDOWS; n++) {
        TLBWindow *w = &tlb_windows(ctx->fast)[n];
        if (tlb_window_stores(n) && __atomic_load_n(&w->page, __ATOMIC_RELAXED) +
                __atomic_load_n(&w->addend, __ATOMIC_RELAXED) - host < len)
            window_close(w);
    }
}

static bool protect_context(TLBContext *ctx, uintptr_t host, uint64_t len, TLBPlaces places)
{
    bool any_marked = false;
    bool anywhere = tlb_places_nr(places) > TLB_PLACES;

    for (unsigned i = 0; !anywhere && i < tlb_places_nr(places); i++) {
        unsigned index = (unsigned)(places >> 16 * i) & ((1u << ctx->bits) - 1);
        any_marked |= protect_entry(&ctx->fast[index], host, len);
    }
    for (unsigned w = 0; anywhere && w < (1u << ctx->bits) / 64; w++) {
        for (uint64_t bits = ctx->used[w]; bits; bits &= bits - 1)
            any_marked |= protect_entry(&ctx->fast[w * 64 + __builtin_ctzll(bits)], host, len);
    }
    for (unsigned i = 0; ctx->any_victim && i < TLB_VICTIMS; i++)
        any_marked |= protect_entry(&ctx->victim[i], host, len);
    protect_windows(ctx, host, len);
    return any_marked;
}

static bool protect(CPUTLB *t, uintptr_t host, uint64_t len, TLBPlaces places)
{
    bool any_marked = false;

    tlb_lock(t);
    for (unsigned c = 0; c < t->nr_ctx; c++) {
        if (t->ctx[c].fast)
            any_marked |= protect_context(&t->ctx[c], host, len, places);
    }
    tlb_unlock(t);
    return any_marked;
}

bool tlb_protect_page(CPUTLB *t, uintptr_t host_page, TLBPlaces places)
{
    return protect(t, host_page, TARGET_PAGE_SIZE, places);
}

void tlb_protect_range(CPUTLB *t, uintptr_t host, uint64_t len)
{
    protect(t, host, len, TLB_ANYWHERE);
}

void tlb_notice_stores(CPUArchState *env)
{
    CPUTLB *t = env_tcg(env)->tlbs;

    tlb_lock(t);
    protect_context(t->data, 0, UINT64_MAX, TLB_ANYWHERE);
    tlb_unlock(t);
}

/* ---- Set-up ---- */

bool tlb_init(CPUArchState *env, unsigned nr_cpus, Error **errp)
{
    CPUTCGState *s = env_tcg(env);
    CPUTLB *t = g_new0(CPUTLB, 1);

    /* A live context takes up to 64 bytes an entry: bound what hundreds of harts add up to. */
    t->nr_ctx = nr_cpus <= 16 ? TLB_CONTEXTS : nr_cpus <= 64 ? 8 : 4;
    t->bits_max = nr_cpus <= 4 ? TLB_BITS_MAX : nr_cpus <= 16 ? TLB_BITS_MAX - 2 : TLB_BITS_MAX - 5;
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
    tlb_use_tables(env);
    return true;
}

void tlb_finalize(CPUArchState *env)
{
    CPUTCGState *s = env_tcg(env);

    if (!s->tlbs)
        return;
    for (unsigned i = 0; i < TLB_CONTEXTS; i++)
        tlb_table_free(s->tlbs->ctx[i].fast);
    g_free(s->tlbs);
    s->tlbs = NULL;
    s->tlb = s->tlb_fetch = NULL;
}
