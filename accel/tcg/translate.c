/*
 * From guest bytes to a block: fetching through the TLB, appending operations, publishing the result.
 *
 * A block lies on one page, except that an instruction which crosses into the next page is a block of
 * its own, behind a guard for the second page. Code that cannot be cached (not RAM, or a page that
 * PMP cuts) is translated one instruction at a time, each time it runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/translate.h"

#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"

#define MAX_INSNS 128
#define MAX_BRANCHES 6   /* conditional ones that a block goes on behind */
#define OPS_PER_INSN 16  /* room kept for one more instruction and the chains at the end */

typedef struct TBBuild {
    TBBuilder pub;
    ChainKind chain_kind; /* in general: CHAIN_NEVER, or CHAIN_CROSS_PAGE for a crossing block */
    unsigned n_ops, n_branches;
    unsigned copied;                    /* bytes of code read */
    uint8_t code[MAX_INSNS * 4];        /* as read, to see whether it changed meanwhile */
    TCGOp ops[TCG_MAX_OPS];
} TBBuild;

/* Where a page of code is. */
typedef struct FetchPage {
    TLBProbe p;
    uint64_t ram_page;
} FetchPage;

TBBuild *tb_build_new(void)
{
    return g_new0(TBBuild, 1);
}

void tb_build_free(TBBuild *b)
{
    g_free(b);
}

/* ---- What the CPU model calls ---- */

TCGOp *tb_append(TBBuilder *pub, TCGOpFn fn, uint32_t insn, unsigned len)
{
    TBBuild *b = pub->priv;
    TCGOp *op = &b->ops[b->n_ops];

    /* Room for OPS_PER_INSN was made before the instruction; a model that appends more than that
     * gets its last one replaced rather than memory overwritten. */
    if (b->n_ops < TCG_MAX_OPS - 1)
        b->n_ops++;
    memset(op, 0, sizeof(*op));
    op->fn = fn;
    op->insn = insn;
    op->len = len;
    op->pc_off = pub->pc - pub->pc_first;
    op->index = pub->n_insns;
    return op;
}

static void append_chain(TBBuild *b, vaddr target, unsigned retired)
{
    ChainKind kind = b->chain_kind;
    TCGOp *op;

    if (kind == CHAIN_SAME_PAGE && ((target ^ b->pub.pc_first) & TARGET_PAGE_MASK))
        kind = CHAIN_CROSS_PAGE;
    op = tb_append(&b->pub, tcg_chain_fn(kind, target <= b->pub.pc, env_tcgcpu(b->pub.env)->s->jit), 0, 0);
    op->insn = (uint32_t)(target - b->pub.pc_first);
    op->index = retired;
    op->pc_off = kind;
    op->link = NULL;
    chain_store(op, NULL);
}

void tb_end_branch(TBBuilder *pub, vaddr not_taken, vaddr taken)
{
    TBBuild *b = pub->priv;

    append_chain(b, taken, pub->n_insns + 1);
    if (++b->n_branches >= MAX_BRANCHES) {
        append_chain(b, not_taken, pub->n_insns + 1);
        pub->ended = true;
    }
}

void tb_end_jump(TBBuilder *pub, vaddr target)
{
    append_chain(pub->priv, target, pub->n_insns + 1);
    pub->ended = true;
}

void tb_end_exit(TBBuilder *pub)
{
    pub->ended = true;
}

/* ---- Fetching ---- */

/* The page of code at va; raises the fetch fault. False: the page cannot be cached. */
static bool fetch_page(TCGCPU *c, vaddr va, FetchPage *fp)
{
    if (!tlb_probe(c->env, va, MMU_FETCH, 2, &fp->p))
        tcg_loop_exit_at_pc(c->env);
    if (!fp->p.host || !fp->p.entry)
        return false;
    fp->ram_page = (fp->p.block->ram_addr + fp->p.offset) >> TARGET_PAGE_BITS;
    return fp->ram_page < TB_NO_PAGE;
}

/* Two bytes of code wherever they are. */
static uint16_t fetch_slow(TCGCPU *c, vaddr va)
{
    FetchPage fp;
    uint64_t value;

    if (fetch_page(c, va, &fp))
        return tcg_code_parcel(fp.p.host);
    if (address_space_ld(c->cpu->as, fp.p.pa, &value, 2) != MEMTX_OK) {
        env_tcg(c->env)->ops->bus_error(c->env, va, fp.p.pa, MMU_FETCH);
        tcg_loop_exit_at_pc(c->env);
    }
    return value;
}

/* ---- Building ---- */

static void build_start(TBBuild *b, CPUArchState *env, ChainKind kind)
{
    CPUTCGState *t = env_tcg(env);

    b->pub = (TBBuilder){ .env = env, .pc = t->pc, .pc_first = t->pc, .mode = t->mode, .priv = b };
    b->chain_kind = kind;
    b->n_ops = b->n_branches = b->copied = 0;
}

static void build_icount(TBBuild *b, const TCGCPU *c)
{
    if (c->s->icount)
        tb_append(&b->pub, icount_check_fn(), 0, 0);
}

static void build_insn(TBBuild *b, uint32_t insn, unsigned len)
{
    CPUTCGState *t = env_tcg(b->pub.env);

    tcg_debug_translate(&b->pub);
    memcpy(b->code + b->copied, &insn, len); /* host order: compared with the same */
    b->copied += len;
    t->ops->translate_insn(&b->pub, insn, len);
    b->pub.n_insns++;
    b->pub.pc += len;
}

static void build_page(TBBuild *b, const uint8_t *host)
{
    CPUTCGState *t = env_tcg(b->pub.env);
    unsigned left = TARGET_PAGE_SIZE - (b->pub.pc & ~TARGET_PAGE_MASK);

    while (!b->pub.ended) {
        uint32_t insn;
        unsigned len = 2;

        if (left >= 2) {
            insn = tcg_code_parcel(host);
            len = t->ops->insn_len(insn);
        }
        if (left < len || b->pub.n_insns == MAX_INSNS || b->n_ops > TCG_MAX_OPS - OPS_PER_INSN) {
            append_chain(b, b->pub.pc, b->pub.n_insns);
            break;
        }
        if (len == 4)
            insn |= (uint32_t)tcg_code_parcel(host + 2) << 16;
        build_insn(b, insn, len);
        host += len;
        left -= len;
    }
}

static void build_one(TBBuild *b, uint32_t insn, unsigned len)
{
    build_insn(b, insn, len);
    if (!b->pub.ended)
        append_chain(b, b->pub.pc, b->pub.n_insns);
}

static void tb_fill(TranslationBlock *tb, const TBBuild *b)
{
    tb->hash_next = NULL;
    tb->page_next[0] = tb->page_next[1] = 0;
    tb->jmp_in = NULL;
    tb->jit_in = NULL;
    tb->jit_parts = NULL;
    tb->jit = NULL;
    tb->jit_code = NULL;
    tb->hits = 0;
    tb->ram_page[0] = tb->ram_page[1] = TB_NO_PAGE;
    tb->size = b->pub.pc - b->pub.pc_first;
    tb->n_insns = b->pub.n_insns;
    tb->n_ops = b->n_ops;
    tb->pc = tb->key_pc = b->pub.pc_first;
    tb->addend = 0;
    tb->mode = b->pub.mode;
    tb->code_sum = recheck_sum(0, b->code, b->copied);
    memcpy(tb->ops, b->ops, b->n_ops * sizeof(TCGOp));
}

/* Whether guest memory still holds what was translated. */
static bool code_unchanged(const TBBuild *b, const FetchPage *first, const FetchPage *second)
{
    unsigned left = TARGET_PAGE_SIZE - (b->pub.pc_first & ~TARGET_PAGE_MASK);

    for (unsigned i = 0; i < b->copied; i += 2) {
        const uint8_t *host = i < left ? first->p.host + i : second->p.host + (i - left);
        uint16_t then;
        memcpy(&then, b->code + i, 2);
        if (tcg_code_parcel(host) != then)
            return false;
    }
    return true;
}

typedef enum Published { PUBLISHED, PUBLISH_CHANGED, PUBLISH_FULL, PUBLISH_UNTRACKED } Published;

static Published publish(TCGCPU *c, TBBuild *b, const FetchPage *pages, unsigned n_pages,
                         TranslationBlock **out)
{
    TCGState *s = c->s;
    TranslationBlock *tb;
    unsigned start = b->pub.pc_first & ~TARGET_PAGE_MASK;
    Published result = PUBLISHED;

    g_mutex_lock(&s->lock);
    tb = tb_alloc(s, b->n_ops);
    if (!tb) {
        g_mutex_unlock(&s->lock);
        return PUBLISH_FULL;
    }
    tb_fill(tb, b);
    tb->addend = pages[0].p.addend;
    for (unsigned n = 0; n < n_pages; n++) {
        tb->ram_page[n] = (uint32_t)pages[n].ram_page;
        if (!code_page_protect(s, pages[n].p.block, pages[n].p.offset & TARGET_PAGE_MASK)) {
            g_mutex_unlock(&s->lock);
            return PUBLISH_UNTRACKED;
        }
    }
    code_page_mark(s, tb->ram_page[0], start, MIN(tb->size, TARGET_PAGE_SIZE - start));
    if (n_pages == 2)
        code_page_mark(s, tb->ram_page[1], 0, start + tb->size - TARGET_PAGE_SIZE);
    if (code_page_was_hot(s, tb)) /* it need not prove that again; what it leads to should be there */
        tb->hits = s->jit_threshold - s->jit_threshold / 4;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (code_unchanged(b, &pages[0], &pages[1])) {
        for (unsigned n = 0; n < n_pages; n++)
            code_page_add(s, tb, n);
        tb_insert(s, tb);
        *out = tb;
    } else {
        result = PUBLISH_CHANGED;
    }
    g_mutex_unlock(&s->lock);
    return result;
}

TranslationBlock *tb_get_single(TCGCPU *c)
{
    TBBuild *b = c->build;
    vaddr pc = env_tcg(c->env)->pc;
    uint32_t insn = fetch_slow(c, pc);
    unsigned len = env_tcg(c->env)->ops->insn_len(insn);

    if (len == 4)
        insn |= (uint32_t)fetch_slow(c, pc + 2) << 16;
    build_start(b, c->env, CHAIN_NEVER);
    build_one(b, insn, len);
    if (!c->uncached)
        c->uncached = g_malloc0(sizeof(TranslationBlock) + TCG_MAX_OPS * sizeof(TCGOp));
    tb_fill(c->uncached, b);
    c->uncached->key_pc = TB_DEAD_PC;
    return c->uncached;
}

/* Translates at tcg.pc; the instruction there crosses into pages[1] if n_pages is 2. */
static Published translate(TCGCPU *c, const FetchPage *pages, unsigned n_pages,
                           TranslationBlock **out)
{
    TBBuild *b = c->build;

    if (n_pages == 2) {
        uint32_t insn = tcg_code_parcel(pages[0].p.host);
        insn |= (uint32_t)tcg_code_parcel(pages[1].p.host) << 16;
        build_start(b, c->env, CHAIN_CROSS_PAGE);
        tb_append(&b->pub, tcg_guard_fn(), 0, 0)->imm = (int64_t)pages[1].p.addend;
        build_icount(b, c);
        build_one(b, insn, 4);
    } else {
        build_start(b, c->env, CHAIN_SAME_PAGE);
        build_icount(b, c);
        build_page(b, pages[0].p.host);
    }
    return publish(c, b, pages, n_pages, out);
}

TranslationBlock *tb_get(TCGCPU *c)
{
    CPUTCGState *t = env_tcg(c->env);
    vaddr pc = t->pc;
    FetchPage pages[2];
    unsigned n_pages;
    TranslationBlock *tb;

    for (;;) {
        if (!fetch_page(c, pc, &pages[0]))
            return tb_get_single(c);
        n_pages = 1;
        pages[1].ram_page = TB_NO_PAGE;
        if ((pc & ~TARGET_PAGE_MASK) == TARGET_PAGE_SIZE - 2 &&
            t->ops->insn_len(tcg_code_parcel(pages[0].p.host)) == 4) {
            if (!fetch_page(c, pc + 2, &pages[1]))
                return tb_get_single(c);
            n_pages = 2;
        }
        tb = tb_lookup(c->s, pages[0].ram_page, pc, t->mode, pages[1].ram_page,
                       pages[0].p.addend);
        if (tb)
            return tb;
        switch (translate(c, pages, n_pages, &tb)) {
        case PUBLISHED:
            if (log_enabled(LOG_IN_ASM | LOG_OP))
                tcg_log_translated(c, tb, c->build->code);
            return tb;
        case PUBLISH_CHANGED:
            continue;
        case PUBLISH_FULL:
            return NULL;
        case PUBLISH_UNTRACKED:
            return tb_get_single(c);
        }
    }
}
