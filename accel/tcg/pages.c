/*
 * RAM pages that hold translated code, and what happens when somebody writes to them.
 *
 * Two levels: the CODE bit of a RAM page (clear: there is code) sends every write through the slow
 * path, where one bit per 64 bytes says whether code was really touched, so that data beside code
 * costs a look-up only.
 *
 * Watching a page costs its stores, and beginning to watch it costs a look at every TLB, though mostly only
 * at the entries of few virtual pages, which are kept with the page. So a page whose
 * last block goes is let go at once the first time, when it is most likely no code any more, but if
 * it becomes code again it is kept for a number of stores, which doubles each time. A page that
 * does hold code is let go, with that code, after many more stores that hit none: who executes it then
 * makes the blocks again, who only overwrites what was freed has quick stores.
 *
 * A store that comes that way writes first and looks second; a translation marks first and reads the
 * bytes (once more) second. So either the store sees the mark or the translation sees the bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/mman.h>

#include "accel/exclusive.h"
#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"

#define GRANULE_BITS 6 /* 64 bits cover 4 KiB */

/* A block in a list of a page; bit 0: through its second page. */
typedef uintptr_t TaggedTB;

typedef struct CodePage {
    TaggedTB first;
    uint64_t granules; /* atomic: which 64 bytes hold code */
    uint32_t stores;   /* atomic, roughly: noticed since the page got code */
    uint32_t patience; /* atomic: stores that it is watched for without code; 0: never let go yet */
    RAMBlock *block;
    uint64_t offset;
    uint64_t swept;    /* stamp of the last code_page_sweep() */
    uint32_t hot[64];  /* a bit per 2 bytes: what begins there was compiled once */
} CodePage;

/* Two levels over the numbering of all RAM pages. */
#define CHUNK_BITS 14 /* 64 MiB of RAM */
#define NR_CHUNKS (1u << 18) /* 16 TiB */

typedef struct Chunk {
    CodePage *code[1 << CHUNK_BITS];      /* atomic */
    TLBPlaces stored[1 << CHUNK_BITS];    /* atomic: what TLBs may write to it unnoticed by */
} Chunk;

struct CodePages {
    Chunk **chunks;      /* atomic; NR_CHUNKS, mapped on demand */
    GPtrArray *all;      /* of CodePage, to reset */
};

#define CHUNKS_BYTES (NR_CHUNKS * sizeof(Chunk *))

static uint64_t page_number(const RAMBlock *block, uint64_t offset)
{
    return (block->ram_addr + offset) >> TARGET_PAGE_BITS;
}

CodePages *code_pages_new(void)
{
    CodePages *p;
    void *chunks = mmap(NULL, CHUNKS_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (chunks == MAP_FAILED)
        return NULL;
    p = g_new0(CodePages, 1);
    p->chunks = chunks;
    p->all = g_ptr_array_new();
    return p;
}

void code_pages_free(CodePages *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < p->all->len; i++)
        g_free(p->all->pdata[i]);
    for (unsigned i = 0; i < NR_CHUNKS; i++) {
        if (p->chunks[i])
            munmap(p->chunks[i], sizeof(Chunk));
    }
    munmap(p->chunks, CHUNKS_BYTES);
    g_ptr_array_free(p->all, TRUE);
    g_free(p);
}

static Chunk *chunk_peek(CodePages *p, uint64_t page)
{
    if ((page >> CHUNK_BITS) >= NR_CHUNKS)
        return NULL;
    return __atomic_load_n(&p->chunks[page >> CHUNK_BITS], __ATOMIC_ACQUIRE);
}

/* NULL only beyond what we number, or without memory: the page is then not cached at all. */
static Chunk *chunk_get(CodePages *p, uint64_t page)
{
    Chunk *c = chunk_peek(p, page), *expected = NULL;

    if (c || (page >> CHUNK_BITS) >= NR_CHUNKS)
        return c;
    c = mmap(NULL, sizeof(Chunk), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c == MAP_FAILED)
        return NULL;
    if (!__atomic_compare_exchange_n(&p->chunks[page >> CHUNK_BITS], &expected, c, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        munmap(c, sizeof(Chunk));
        c = expected;
    }
    return c;
}

static CodePage *code_page_peek(CodePages *p, uint64_t page)
{
    Chunk *c = chunk_peek(p, page);

    return c ? __atomic_load_n(&c->code[page & ((1 << CHUNK_BITS) - 1)], __ATOMIC_ACQUIRE) : NULL;
}

static uint64_t granule_mask(unsigned off, unsigned len)
{
    unsigned first = off >> GRANULE_BITS, last = (off + len - 1) >> GRANULE_BITS;

    return (MASK_ULL(last - first + 1)) << first;
}

void code_page_note_store(TCGState *s, RAMBlock *block, uint64_t offset, vaddr va)
{
    uint64_t page = page_number(block, offset);
    Chunk *c = chunk_get(s->pages, page);
    TLBPlaces *stored, before, after;

    if (!c)
        return;
    stored = &c->stored[page & ((1 << CHUNK_BITS) - 1)];
    before = __atomic_load_n(stored, __ATOMIC_SEQ_CST);
    do {
        after = tlb_places_add(before, va);
        if (after == before)
            return;
    } while (!__atomic_compare_exchange_n(stored, &before, after, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
}

enum { PATIENCE_FIRST = 8, PATIENCE_EMPTY_MAX = 1024, PATIENCE_MAX = 1 << 20, PATIENCE_CODE = 32 };

/* Stores were noticed that hit no code. Whether the page has been watched for long enough. */
static bool patience_ends(CodePage *cp, bool empty, unsigned len)
{
    uint32_t n = __atomic_load_n(&cp->stores, __ATOMIC_RELAXED) + 1 + len / 16;
    uint32_t p = __atomic_load_n(&cp->patience, __ATOMIC_RELAXED);

    __atomic_store_n(&cp->stores, n, __ATOMIC_RELAXED);
    return n > (empty ? MIN(p, PATIENCE_EMPTY_MAX) : PATIENCE_CODE * MAX(p, PATIENCE_FIRST));
}

bool code_page_protect(TCGState *s, RAMBlock *block, uint64_t offset)
{
    uint64_t page = page_number(block, offset);
    Chunk *c = chunk_get(s->pages, page);
    unsigned i = page & ((1 << CHUNK_BITS) - 1);
    CodePage *cp;

    if (!c)
        return false;
    cp = c->code[i];
    if (!cp) {
        cp = g_new0(CodePage, 1);
        cp->block = block;
        cp->offset = offset;
        g_ptr_array_add(s->pages->all, cp);
        __atomic_store_n(&c->code[i], cp, __ATOMIC_RELEASE);
    }
    if (!ram_block_test_and_clear_dirty(block, DIRTY_CODE, offset, TARGET_PAGE_SIZE))
        return true;
    __atomic_store_n(&cp->stores, 0, __ATOMIC_RELAXED);
    /* Pairs with insert() of the TLB: note, then read the bit. */
    TLBPlaces stored = __atomic_exchange_n(&c->stored[i], 0, __ATOMIC_SEQ_CST);
    if (stored) {
        bool others = false;
        for (unsigned n = 0; n < s->nr_cpus; n++) {
            TCGCPU *cpu = __atomic_load_n(&s->cpus[n], __ATOMIC_ACQUIRE);
            if (cpu &&
                tlb_protect_page(env_tcg(cpu->env)->tlbs, (uintptr_t)block->host + offset, stored))
                others |= cpu->cpu != this_cpu;
        }
        if (others)
            recheck_add(s, block, offset);
    }
    return true;
}

void code_page_mark(TCGState *s, uint64_t ram_page, unsigned off, unsigned len)
{
    CodePage *cp = code_page_peek(s->pages, ram_page);

    __atomic_fetch_or(&cp->granules, granule_mask(off, len), __ATOMIC_SEQ_CST);
}

void code_page_add(TCGState *s, TranslationBlock *tb, unsigned n)
{
    CodePage *cp = code_page_peek(s->pages, tb->ram_page[n]);

    if (!cp->first)
        __atomic_store_n(&cp->stores, 0, __ATOMIC_RELAXED);
    tb->page_next[n] = cp->first;
    cp->first = (TaggedTB)tb | n;
}

void code_page_note_hot(TCGState *s, const TranslationBlock *tb, bool hot)
{
    CodePage *cp = code_page_peek(s->pages, tb->ram_page[0]);
    unsigned off = tb->pc & ~TARGET_PAGE_MASK;
    uint32_t bit = 1u << (off >> 1) % 32;

    if (cp && hot)
        cp->hot[off >> GRANULE_BITS] |= bit;
    else if (cp)
        cp->hot[off >> GRANULE_BITS] &= ~bit;
}

bool code_page_was_hot(TCGState *s, const TranslationBlock *tb)
{
    const CodePage *cp = code_page_peek(s->pages, tb->ram_page[0]);
    unsigned off = tb->pc & ~TARGET_PAGE_MASK;

    return cp && (cp->hot[off >> GRANULE_BITS] >> (off >> 1) % 32 & 1);
}

/* First byte and length of the part of tb that lies on its page n. */
static void tb_extent(const TranslationBlock *tb, unsigned n, unsigned *off, unsigned *len)
{
    unsigned start = tb->pc & ~TARGET_PAGE_MASK;

    if (n == 0) {
        *off = start;
        *len = MIN(tb->size, TARGET_PAGE_SIZE - start);
    } else {
        *off = 0;
        *len = start + tb->size - TARGET_PAGE_SIZE;
    }
}

void code_page_foreach(TCGState *s, uint64_t ram_page,
                       void (*fn)(TCGState *s, TranslationBlock *tb, void *opaque), void *opaque)
{
    CodePage *cp = code_page_peek(s->pages, ram_page);
    TaggedTB next;

    for (TaggedTB t = cp ? cp->first : 0; t; t = next) {
        TranslationBlock *tb = (TranslationBlock *)(t & ~(TaggedTB)1);
        next = tb->page_next[t & 1];
        fn(s, tb, opaque);
    }
}

/* Kills the blocks of the page that meet the mask and rebuilds the marks from the rest. Whether there was
 * compiled code of them. */
static bool code_page_invalidate(TCGState *s, CodePage *cp, uint64_t mask)
{
    TaggedTB *link = &cp->first;
    uint64_t left = 0;
    bool compiled = false;

    while (*link) {
        TranslationBlock *tb = (TranslationBlock *)(*link & ~(TaggedTB)1);
        unsigned n = *link & 1, off, len;

        tb_extent(tb, n, &off, &len);
        uint64_t own = granule_mask(off, len);
        bool dead = tb->key_pc == TB_DEAD_PC;
        if (!dead && (own & mask)) {
            compiled |= tb->jit_parts != NULL;
            tb_kill(s, tb);
            dead = true;
        }
        if (dead) {
            *link = tb->page_next[n];
        } else {
            left |= own;
            link = &tb->page_next[n];
        }
    }
    for (uint64_t bits = mask; bits; bits &= bits - 1)
        cp->hot[__builtin_ctzll(bits)] = 0;
    __atomic_store_n(&cp->granules, left, __ATOMIC_SEQ_CST);
    return compiled;
}

/* A compiled loop that nobody leaves would not see for ever that it is not what memory holds any more
 * (Ziccid: without a fence.i it does so eventually). */
static void leave_compiled_code(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu)
        cpu_attention(cpu, CPU_ATTN_EXIT);
}

void code_page_sweep(TCGState *s, const TranslationBlock *tb, unsigned n, uint64_t stamp)
{
    CodePage *cp = code_page_peek(s->pages, tb->ram_page[n]);

    if (!cp || cp->swept == stamp)
        return;
    cp->swept = stamp;
    code_page_invalidate(s, cp, 0);
}

bool code_page_written(TCGState *s, RAMBlock *block, uint64_t offset, unsigned len)
{
    CodePage *cp = code_page_peek(s->pages, page_number(block, offset));
    uint64_t mask = granule_mask(offset & ~TARGET_PAGE_MASK, len);
    bool clean = false, compiled;

    if (!cp)
        return true;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (ram_block_page_dirty(block, DIRTY_CODE, offset))
        return true; /* it is watched for another reason */
    uint64_t granules = __atomic_load_n(&cp->granules, __ATOMIC_SEQ_CST);
    if (!(granules & mask)) {
        if (!patience_ends(cp, !granules, len))
            return false;
        mask = UINT64_MAX;
    }
    g_mutex_lock(&s->lock);
    compiled = code_page_invalidate(s, cp, mask);
    if (!cp->first && (mask == UINT64_MAX || patience_ends(cp, true, len))) {
        uint32_t p = cp->patience;
        __atomic_store_n(&cp->patience, p ? MIN(2 * p, PATIENCE_MAX) : PATIENCE_FIRST,
                         __ATOMIC_RELAXED);
        ram_block_set_dirty(block, DIRTY_CODE, cp->offset, TARGET_PAGE_SIZE);
        clean = true;
    }
    g_mutex_unlock(&s->lock);
    if (compiled)
        leave_compiled_code();
    return clean;
}

void code_pages_write_hook(RAMBlock *block, uint64_t offset, uint64_t len)
{
    const CPUList *list = cpu_list();
    TCGCPU *c = list->nr ? __atomic_load_n(&list->cpus[0]->accel_state, __ATOMIC_ACQUIRE) : NULL;

    while (c && len) {
        unsigned n = MIN(len, TARGET_PAGE_SIZE - (offset & ~TARGET_PAGE_MASK));
        code_page_written(c->s, block, offset, n);
        offset += n;
        len -= n;
    }
}

/* A vCPU on its way through the fast path is past the tag and not yet at the bytes: none may be. */
static void protect_leave(RAMBlock *block, uint64_t offset, uint64_t len)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        TCGCPU *c = __atomic_load_n(&cpu->accel_state, __ATOMIC_ACQUIRE);

        if (c)
            tlb_protect_range(env_tcg(c->env)->tlbs, (uintptr_t)block->host + offset, len);
    }
    end_exclusive();
}

const RAMProtectHooks code_pages_protect_hooks = { start_exclusive, protect_leave };

/* The pages themselves stay: a device's thread may be looking at one. */
void code_pages_reset(CodePages *p)
{
    for (unsigned i = 0; i < p->all->len; i++) {
        CodePage *cp = p->all->pdata[i];
        ram_block_set_dirty(cp->block, DIRTY_CODE, cp->offset, TARGET_PAGE_SIZE);
        cp->first = 0;
        __atomic_store_n(&cp->granules, 0, __ATOMIC_SEQ_CST);
    }
}
