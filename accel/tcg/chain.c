/*
 * From block to block without leaving the threaded code: chains, the jump cache, the ends of handlers.
 *
 * A chain is an operation whose imm is the block it leads to (0: not known yet). What may make it
 * wrong is checked where it can happen: within a page nothing can (what changes the mapping or the
 * mode ends its block), across pages the fetch TLB must still show the target's host page.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"

#define ENTER_TB(env, t, tb_)                 \
    do {                                      \
        const TCGOp *first_ = (tb_)->ops;     \
        (t)->tb = (tb_);                      \
        TCG_GOTO(env, first_);                \
    } while (0)

static inline bool attention(const CPUTCGState *t)
{
    return unlikely(__atomic_load_n(t->attention, __ATOMIC_RELAXED) != 0);
}

/* Whether the fetch TLB says what tb was made with. */
static inline bool fetch_matches(const CPUTCGState *t, const TranslationBlock *tb, vaddr pc)
{
    const TLBEntry *e = tlb_entry(t->tlb_fetch, pc);

    return e->tag[MMU_FETCH] == (pc & TARGET_PAGE_MASK) && e->addend == tb->addend;
}

static inline TranslationBlock *jump_cache_probe(const CPUTCGState *t, vaddr pc)
{
    unsigned index = jump_cache_index(pc);

    for (unsigned way = 0; way < JUMP_CACHE_WAYS; way++) {
        const JumpEntry *e = &t->jump_cache->entry[index ^ way];
        TranslationBlock *tb = e->tb;
        if (e->pc == pc && likely(__atomic_load_n(&tb->key_pc, __ATOMIC_ACQUIRE) == pc) &&
            (likely(e->tag == tcg_tag(t)) || (tb->mode == t->mode && fetch_matches(t, tb, pc))))
            return tb;
    }
    return NULL;
}

/* Back to the main loop, which finds the block at tcg.pc and, if asked, links the chain to it. */
static const TCGOp *chain_leave(CPUArchState *env, const TCGOp *op, bool link)
{
    CPUTCGState *t = env_tcg(env);

    t->pc = chain_target(t->tb, op);
    if (link)
        env_tcgcpu(env)->pending_link = (TCGOp *)op;
    return NULL;
}

static const TCGOp *chain_same(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    const TranslationBlock *tb = chain_load(op);

    t->icount += op->index;
    if (unlikely(!tb))
        return chain_leave(env, op, true);
    ENTER_TB(env, t, tb);
}

static const TCGOp *chain_same_back(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    const TranslationBlock *tb = chain_load(op);

    t->icount += op->index;
    if (unlikely(!tb) || attention(t))
        return chain_leave(env, op, !tb);
    ENTER_TB(env, t, tb);
}

/* The guard failed or there is no link: the jump cache may still know. */
static const TCGOp *chain_second_try(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    TranslationBlock *tb = chain_load(op);

    if (tb) {
        tb = jump_cache_probe(t, chain_target(t->tb, op));
        if (tb)
            ENTER_TB(env, t, tb);
        return chain_leave(env, op, false);
    }
    return chain_leave(env, op, true);
}

static const TCGOp *chain_cross(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    const TranslationBlock *tb = chain_load(op);

    t->icount += op->index;
    if (unlikely(!tb || !fetch_matches(t, tb, tb->pc)))
        return chain_second_try(env, op);
    ENTER_TB(env, t, tb);
}

static const TCGOp *chain_cross_back(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    const TranslationBlock *tb = chain_load(op);

    t->icount += op->index;
    if (attention(t))
        return chain_leave(env, op, false);
    if (unlikely(!tb || !fetch_matches(t, tb, tb->pc)))
        return chain_second_try(env, op);
    ENTER_TB(env, t, tb);
}

/* A jump back, where code is compiled: counts how often its target is come to. */
static const TCGOp *chain_hot(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    TranslationBlock *tb = chain_load(op);

    t->icount += op->index;
    if (attention(t))
        return chain_leave(env, op, false);
    if (unlikely(!tb || (op->pc_off == CHAIN_CROSS_PAGE && !fetch_matches(t, tb, tb->pc))))
        return chain_second_try(env, op);
    if (tb_hit(t, tb))
        jit_compile(env_tcgcpu(env), tb);
    ENTER_TB(env, t, tb);
}

static const TCGOp *chain_never(CPUArchState *env, const TCGOp *op)
{
    env_tcg(env)->icount += op->index;
    return chain_leave(env, op, false);
}

bool tcg_op_is_chain(const TCGOp *op)
{
    return op->fn == chain_same || op->fn == chain_same_back || op->fn == chain_cross ||
           op->fn == chain_cross_back || op->fn == chain_hot;
}

bool tcg_chain_backward(const TCGOp *op)
{
    return op->fn == chain_same_back || op->fn == chain_cross_back || op->fn == chain_hot;
}

bool tcg_chain_counts(const TCGOp *op)
{
    return op->fn == chain_hot;
}

TCGOpFn tcg_chain_fn(ChainKind kind, bool backward, bool hot)
{
    if (hot && backward && kind != CHAIN_NEVER)
        return chain_hot;
    switch (kind) {
    case CHAIN_SAME_PAGE:
        return backward ? chain_same_back : chain_same;
    case CHAIN_CROSS_PAGE:
        return backward ? chain_cross_back : chain_cross;
    default:
        return chain_never;
    }
}

/* First operation of a block whose only instruction crosses into a second page: imm is the addend
 * that page had. If the TLB does not show it so any more, the main loop looks again, and a fault on
 * the second page is raised there. */
static const TCGOp *guard_second_page(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    vaddr page = (t->tb->pc & TARGET_PAGE_MASK) + TARGET_PAGE_SIZE;
    const TLBEntry *e = tlb_entry(t->tlb_fetch, page);

    if (unlikely(e->tag[MMU_FETCH] != page || (int64_t)e->addend != op->imm)) {
        t->pc = t->tb->pc;
        return NULL;
    }
    TCG_NEXT(env, op);
}

TCGOpFn tcg_guard_fn(void)
{
    return guard_second_page;
}

/* What compiled code gets when the operation that it called leads on to tcg.pc. */
const TCGOp tcg_op_lookup;

/* To the block at tcg.pc. */
static const TCGOp *go_on(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    TCGCPU *c = env_tcgcpu(env);
    TranslationBlock *tb;

    if (attention(t))
        return NULL;
    if (t->jit_calls)
        return &tcg_op_lookup;
    tb = jump_cache_probe(t, t->pc);
    if (unlikely(!tb))
        return NULL;
    if (tb_hit(t, tb))
        jit_compile(c, tb);
    ENTER_TB(env, t, tb);
}

const TCGOp *tcg_exit_lookup(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    TCGCPU *c = env_tcgcpu(env);

    t->icount += op->index + 1;
    if (c->targets && !t->jit_calls)
        jump_targets_note(c->targets, t->tb->pc + op->pc_off, t->pc);
    TCG_TAIL(go_on(env, op));
}

/* As the main loop does with one that siglongjmp() brings. */
const TCGOp *tcg_exit_exception(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);

    t->icount += op->index;
    t->pc = t->tb->pc + op->pc_off;
    t->cur = env_tcgcpu(env)->s->dummy->ops;
    t->ops->deliver_exception(env);
    if (unlikely(t->cpu->halted)) /* by firmware of ours */
        return NULL;
    TCG_TAIL(go_on(env, op));
}

const TCGOp *tcg_exit_main(CPUArchState *env, const TCGOp *op)
{
    env_tcg(env)->icount += op->index + 1;
    return NULL;
}
