/*
 * The block arena, the hash that finds blocks by physical page, pc and mode, and the links between them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/mman.h>

#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"

#define HASH_BITS 19 /* two buckets for a block of a large guest; memory comes as it is touched */
#define HASH_BYTES (sizeof(TranslationBlock *) << HASH_BITS)

/* Blocks of one page share some cache lines: who looks for one looks for its neighbours next. */
static TranslationBlock **hash_bucket(TCGState *s, uint64_t ram_page, vaddr pc, uint32_t mode)
{
    enum { PAGE_BUCKETS = 64 };
    uint64_t h = ram_page * 0x9e3779b97f4a7c15ULL;

    h ^= (pc >> TARGET_PAGE_BITS) * 0xc2b2ae3d27d4eb4fULL + mode;
    h *= 0x9e3779b97f4a7c15ULL;
    h = h >> (64 - HASH_BITS) & ~(uint64_t)(PAGE_BUCKETS - 1);
    return &s->hash[h + ((pc >> 1 ^ pc >> 7) & (PAGE_BUCKETS - 1))];
}

TranslationBlock *tb_lookup(TCGState *s, uint64_t ram_page, vaddr pc, uint32_t mode,
                            uint64_t ram_page1, uintptr_t addend)
{
    TranslationBlock *tb = __atomic_load_n(hash_bucket(s, ram_page, pc, mode), __ATOMIC_ACQUIRE);

    while (tb && !tb_is(tb, ram_page, pc, mode, ram_page1, addend))
        tb = __atomic_load_n(&tb->hash_next, __ATOMIC_ACQUIRE);
    return tb;
}

TranslationBlock *tb_alloc(TCGState *s, unsigned n_ops)
{
    Generations *g = &s->blocks;
    uint64_t size = tb_bytes(n_ops), at;

    if (size > g->part - g->used[g->current] || g->going == g->current) {
        bool more = generations_next(g);
        if (generations_oldest(g) < g->n)
            tb_want_room(s);
        if (!more)
            return NULL;
    }
    at = g->current * g->part + g->used[g->current];
    g->used[g->current] += size;
    return (TranslationBlock *)(s->arena + at);
}

void tb_insert(TCGState *s, TranslationBlock *tb)
{
    TranslationBlock **bucket = hash_bucket(s, tb->ram_page[0], tb->pc, tb->mode);

    tb->hash_next = *bucket;
    __atomic_store_n(bucket, tb, __ATOMIC_RELEASE);
    s->n_tbs++;
}

void tb_kill(TCGState *s, TranslationBlock *tb)
{
    TranslationBlock **link = hash_bucket(s, tb->ram_page[0], tb->pc, tb->mode);

    /* Jump caches of all vCPUs miss from here on. */
    __atomic_store_n(&tb->key_pc, TB_DEAD_PC, __ATOMIC_RELEASE);
    while (*link && *link != tb)
        link = &(*link)->hash_next;
    if (*link) {
        __atomic_store_n(link, tb->hash_next, __ATOMIC_RELEASE);
        s->n_tbs--;
    }
    for (TCGOp *op = tb->jmp_in, *next; op; op = next) {
        next = op->link;
        op->link = NULL;
        chain_store(op, NULL);
    }
    tb->jmp_in = NULL;
    jit_kill(s, tb);
}

void tb_link(TCGState *s, TCGOp *chain, TranslationBlock *tb)
{
    g_mutex_lock(&s->lock);
    /* A chain is on one list at a time, and keeps the first block it was linked to: one that leads
     * to different blocks as mappings change finds the others through the jump cache. */
    if (!chain_load(chain) && tb->key_pc != TB_DEAD_PC && !tb_going(s, chain)) {
        chain->link = tb->jmp_in;
        tb->jmp_in = chain;
        chain_store(chain, tb);
    }
    g_mutex_unlock(&s->lock);
}

/* ---- The jump cache ---- */

static void jump_cache_empty(JumpCache *j, TranslationBlock *dummy)
{
    for (unsigned i = 0; i < ARRAY_SIZE(j->entry); i++) {
        j->entry[i].pc = TB_DEAD_PC;
        j->entry[i].tb = dummy;
        __atomic_store_n(&j->entry[i].code, NULL, __ATOMIC_RELAXED);
    }
}

JumpCache *jump_cache_new(TranslationBlock *dummy)
{
    /* The ways of an entry are in two cache lines. What was allocated is noted in front. */
    enum { ALIGN = JUMP_CACHE_WAYS * sizeof(JumpEntry) };
    void *room = g_malloc(sizeof(JumpCache) + 2 * ALIGN);
    JumpCache *j = (JumpCache *)align_up((uintptr_t)room + ALIGN, ALIGN);

    ((void **)j)[-1] = room;
    j->turn = 0;
    jump_cache_empty(j, dummy);
    return j;
}

void jump_cache_free(JumpCache *j)
{
    if (j)
        g_free(((void **)j)[-1]);
}

/*
 * Compiled code that finds an entry without code sets it, makes that visible, and looks once more at
 * tb->jit_code, which we have cleared before: so either it sees that, or we come behind it.
 */
void jump_cache_forget_code(TCGState *s, const TranslationBlock *tb)
{
    unsigned index = jump_cache_index(tb->pc);

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (unsigned n = 0; n < s->nr_cpus; n++) {
        TCGCPU *c = __atomic_load_n(&s->cpus[n], __ATOMIC_ACQUIRE);
        for (unsigned way = 0; c && way < JUMP_CACHE_WAYS; way++)
            __atomic_store_n(&env_tcg(c->env)->jump_cache->entry[index ^ way].code, NULL,
                             __ATOMIC_RELAXED);
    }
}

void tcg_jump_cache_clear(TCGCPU *c)
{
    CPUTCGState *t = env_tcg(c->env);

    jump_cache_empty(t->jump_cache, c->s->dummy);
    for (unsigned i = 0; i < ARRAY_SIZE(t->ras_pc); i++)
        t->ras_pc[i] = TB_DEAD_PC;
}

void tb_drop_all(TCGState *s)
{
    code_pages_reset(s->pages);
    recheck_clear(s);
    memset(s->hash, 0, HASH_BYTES);
    s->n_tbs = 0;
}

enum { SMALL_GUEST = 2 * MiB }; /* of a guest that small no more is taken than it needs */

void tcg_want_huge_pages(void *p, size_t size)
{
    if (size > SMALL_GUEST)
        madvise((uint8_t *)p + SMALL_GUEST, size - SMALL_GUEST, MADV_HUGEPAGE);
}

void *tb_memory_ahead(TCGState *s, size_t *size)
{
    const Generations *g = &s->blocks;
    uint64_t at = g->current * g->part + g->used[g->current];
    uint64_t from = MAX(MAX(s->arena_asked, SMALL_GUEST), at);
    uint64_t end = align_down((uintptr_t)s->arena + from + TCG_HUGE_PAGE, TCG_HUGE_PAGE) - (uintptr_t)s->arena;

    if (at + TCG_HUGE_PAGE / 2 < from || end > s->arena_size)
        return NULL;
    s->arena_asked = end;
    *size = end - from;
    return s->arena + from;
}

bool tb_init(TCGState *s, Error **errp)
{
    void *arena = mmap(NULL, s->arena_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void *hash = mmap(NULL, HASH_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    s->arena = arena == MAP_FAILED ? NULL : arena;
    s->hash = hash == MAP_FAILED ? NULL : hash;
    generations_init(&s->blocks, s->arena_size, 0);
    s->pages = code_pages_new();
    s->suspects = g_ptr_array_new_with_free_func(g_free);
    if (!s->arena || !s->hash || !s->pages) {
        error_setg(errp, "tb-size: cannot reserve %u MiB for translated code",
                   s->tb_size_mib);
        return false;
    }
    tcg_want_huge_pages(s->arena, s->arena_size);
    s->dummy = g_malloc0(sizeof(TranslationBlock) + sizeof(TCGOp));
    s->dummy->key_pc = TB_DEAD_PC;
    return true;
}

void tb_finalize(TCGState *s)
{
    if (s->arena)
        munmap(s->arena, s->arena_size);
    if (s->hash)
        munmap(s->hash, HASH_BYTES);
    code_pages_free(s->pages);
    g_clear_pointer(&s->suspects, g_ptr_array_unref);
    g_free(s->dummy);
    s->arena = NULL;
    s->hash = NULL;
    s->pages = NULL;
    s->dummy = NULL;
}
