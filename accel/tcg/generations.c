/*
 * The memory of blocks and of compiled code, filled one generation after the other, and how the oldest goes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/exclusive.h"
#include "accel/tcg/internal.h"

#define LEAST_PART (1 * MiB) /* a generation of less is not worth having */
#define SLICE 64             /* pieces that are cut off before others get the lock */

void generations_init(Generations *g, uint64_t size, uint64_t kept)
{
    *g = (Generations){ .n = MIN(TCG_GENERATIONS, MAX(1, size / LEAST_PART)), .kept = kept,
                        .n_emptied = g->n_emptied };
    g->part = align_down(size / g->n, 4096);
    g->going = g->n;
    g->used[0] = kept;
}

static uint64_t empty(const Generations *g, unsigned part)
{
    return part ? 0 : g->kept;
}

bool generations_next(Generations *g)
{
    unsigned next = (g->current + 1) % g->n;

    if (g->used[next] > empty(g, next) || next == g->going || g->n == 1) {
        g->full = true;
        return false;
    }
    g->current = next;
    return true;
}

unsigned generations_oldest(const Generations *g)
{
    unsigned next = (g->current + 1) % g->n;

    /* Of few, none can be spared beforehand. */
    return g->going == g->n && (g->full || (g->n > 3 && g->used[next] > empty(g, next)))
               ? next : g->n;
}

void generations_emptied(Generations *g)
{
    g->used[g->going] = empty(g, g->going);
    g->going = g->n;
    g->full = false;
    g->n_emptied++;
}

void tb_want_room(TCGState *s)
{
    __atomic_store_n(&s->room_wanted, true, __ATOMIC_RELAXED);
}

bool tb_going(const TCGState *s, const void *p)
{
    const Generations *g = &s->blocks;

    return unlikely(g->going < g->n) && ((const uint8_t *)p - s->arena) / g->part == g->going;
}

static void forget_everywhere(TCGState *s)
{
    jit_forget_waiting(s);
    for (unsigned i = 0; i < s->nr_cpus; i++) {
        TCGCPU *c = s->cpus[i];
        if (!c)
            continue;
        tcg_jump_cache_clear(c);
        c->pending_link = NULL;
        env_tcg(c->env)->jit_exit = NULL;
        env_tcg(c->env)->tb = s->dummy;
    }
}

/* A place in the generation of blocks that is being emptied. */
typedef struct Sweep {
    uint8_t *at, *end;
    void (*fn)(TCGState *s, TranslationBlock *tb, uint64_t stamp);
} Sweep;

static TranslationBlock *sweep_next(Sweep *w)
{
    TranslationBlock *tb = (TranslationBlock *)w->at;

    if (w->at >= w->end)
        return NULL;
    w->at += tb_bytes(tb->n_ops);
    return tb;
}

/* A chain of a block that goes: out of the list of where it leads to, with all others like it. */
static void cut_chains(TCGState *s, const TranslationBlock *tb)
{
    for (unsigned i = 0; i < tb->n_ops; i++) {
        TranslationBlock *to = tcg_op_is_chain(&tb->ops[i]) ? chain_load(&tb->ops[i]) : NULL;
        TCGOp **link = to ? &to->jmp_in : NULL;

        while (link && *link) {
            TCGOp *op = *link;
            if (tb_going(s, op)) {
                *link = op->link;
                op->link = NULL;
                chain_store(op, NULL);
            } else {
                link = &op->link;
            }
        }
    }
}

static void cut_off(TCGState *s, TranslationBlock *tb, uint64_t stamp)
{
    if (tb->key_pc != TB_DEAD_PC)
        tb_kill(s, tb);
    cut_chains(s, tb);
}

/* Behind that: no block of the generation is alive. */
static void leave_pages(TCGState *s, TranslationBlock *tb, uint64_t stamp)
{
    for (unsigned n = 0; n < 2; n++) {
        if (tb->ram_page[n] != TB_NO_PAGE)
            code_page_sweep(s, tb, n, stamp);
    }
}

static Sweep sweep_start(const TCGState *s, void (*fn)(TCGState *, TranslationBlock *, uint64_t))
{
    const Generations *g = &s->blocks;
    uint8_t *at = s->arena + g->going * g->part;

    return (Sweep){ at, at + g->used[g->going], fn };
}

/* Gives others the lock. False: somebody has dropped everything meanwhile. */
static bool breathe(TCGState *s, uint64_t flushes)
{
    g_mutex_unlock(&s->lock);
    g_mutex_lock(&s->lock);
    return s->n_flushes == flushes;
}

/* False: there is nothing left to do. Lock held, and given to others now and then. */
static bool evict_blocks(TCGState *s)
{
    static void (*const passes[])(TCGState *, TranslationBlock *, uint64_t) = { cut_off, leave_pages };
    uint64_t flushes = s->n_flushes;

    s->blocks.going = generations_oldest(&s->blocks);
    if (s->blocks.going == s->blocks.n)
        return false;
    for (unsigned pass = 0; pass < ARRAY_SIZE(passes); pass++) {
        Sweep w = sweep_start(s, passes[pass]);
        TranslationBlock *tb;
        for (unsigned n = 1; (tb = sweep_next(&w)); n++) {
            w.fn(s, tb, s->blocks.n_emptied + 1);
            if (n % SLICE == 0 && !breathe(s, flushes))
                return false;
        }
    }
    return true;
}

static bool evict_code(TCGState *s)
{
    uint64_t flushes = s->n_flushes;

    if (!jit_evict_start(s))
        return false;
    while (jit_evict_some(s, SLICE)) {
        if (!breathe(s, flushes))
            return false;
    }
    return true;
}

void tb_make_room(TCGState *s)
{
    uint64_t flushes;

    g_mutex_lock(&s->room_lock);
    g_mutex_lock(&s->lock);
    flushes = s->n_flushes;
    __atomic_store_n(&s->room_wanted, false, __ATOMIC_RELAXED);
    bool blocks = evict_blocks(s), code = evict_code(s);
    g_mutex_unlock(&s->lock);
    if (blocks || code) {
        start_exclusive();
        jit_pause(s);
        g_mutex_lock(&s->lock);
        if (s->n_flushes == flushes) {
            forget_everywhere(s);
            if (blocks)
                generations_emptied(&s->blocks);
            if (code)
                jit_evict_end(s);
        }
        g_mutex_unlock(&s->lock);
        jit_resume(s);
        end_exclusive();
    }
    g_mutex_unlock(&s->room_lock);
}

void tb_flush(TCGState *s)
{
    jit_pause(s);
    g_mutex_lock(&s->lock);
    tb_drop_all(s);
    generations_init(&s->blocks, s->arena_size, 0);
    s->n_flushes++;
    jit_flush(s);
    forget_everywhere(s);
    g_mutex_unlock(&s->lock);
    jit_resume(s);
}
