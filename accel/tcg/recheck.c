/*
 * Stores that were on their way when a page became code.
 *
 * A vCPU compares a store's address with its TLB's tag, then stores. If between the two another vCPU
 * makes the page's first block, which marks the tag, the store is not noticed: the window is two
 * instructions, but the host may take the CPU away in the middle. The guest has to execute fence.i
 * before it may expect to run what was stored, so that is where such pages are compared with their
 * blocks, until every vCPU that could have been in the window has been through its main loop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/internal.h"
#include "util/byteorder.h"

typedef struct Suspect {
    RAMBlock *block;
    uint64_t offset;    /* of the page */
    uint64_t passes[];  /* of each vCPU when the page became code */
} Suspect;

uint32_t recheck_sum(uint32_t sum, const uint8_t *host, unsigned len)
{
    for (unsigned i = 0; i < len; i += 2)
        sum = sum * 0x01000193 + tcg_code_parcel(host + i);
    return sum;
}

static uint64_t passes_of(TCGState *s, unsigned n)
{
    TCGCPU *c = __atomic_load_n(&s->cpus[n], __ATOMIC_ACQUIRE);

    return c ? __atomic_load_n(&c->passes, __ATOMIC_ACQUIRE) : 0;
}

void recheck_add(TCGState *s, RAMBlock *block, uint64_t offset)
{
    Suspect *p = g_malloc(sizeof(*p) + s->nr_cpus * sizeof(p->passes[0]));

    p->block = block;
    p->offset = offset;
    for (unsigned n = 0; n < s->nr_cpus; n++)
        p->passes[n] = passes_of(s, n);
    g_ptr_array_add(s->suspects, p);
    __atomic_store_n(&s->n_suspects, s->suspects->len, __ATOMIC_RELEASE);
}

/* Whether no vCPU can be where it was when the page became code. */
static bool all_passed(TCGState *s, const Suspect *p)
{
    for (unsigned n = 0; n < s->nr_cpus; n++) {
        TCGCPU *c = __atomic_load_n(&s->cpus[n], __ATOMIC_ACQUIRE);
        if (c && c->cpu != this_cpu && passes_of(s, n) == p->passes[n] &&
            __atomic_load_n(&c->cpu->running, __ATOMIC_SEQ_CST))
            return false;
    }
    return true;
}

/* A block of two pages is dropped rather than summed: it is one instruction. */
static void check_block(TCGState *s, TranslationBlock *tb, void *opaque)
{
    const Suspect *p = opaque;
    const uint8_t *host = p->block->host + p->offset + (tb->pc & ~TARGET_PAGE_MASK);

    if (tb->key_pc == TB_DEAD_PC)
        return;
    if (tb->ram_page[1] != TB_NO_PAGE || recheck_sum(0, host, tb->size) != tb->code_sum)
        tb_kill(s, tb);
}

void recheck_run(TCGState *s)
{
    if (likely(!__atomic_load_n(&s->n_suspects, __ATOMIC_ACQUIRE)))
        return;
    g_mutex_lock(&s->lock);
    for (unsigned i = s->suspects->len; i-- > 0;) {
        Suspect *p = s->suspects->pdata[i];
        /* Decided first: a store that lands after the comparison must be seen by a later one. */
        bool last = all_passed(s, p);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        code_page_foreach(s, (p->block->ram_addr + p->offset) >> TARGET_PAGE_BITS, check_block, p);
        if (last)
            g_ptr_array_remove_index_fast(s->suspects, i);
    }
    __atomic_store_n(&s->n_suspects, s->suspects->len, __ATOMIC_RELEASE);
    g_mutex_unlock(&s->lock);
}

void recheck_clear(TCGState *s)
{
    g_ptr_array_set_size(s->suspects, 0);
    __atomic_store_n(&s->n_suspects, 0, __ATOMIC_RELEASE);
}
