/*
 * What holds wherever a block of a region begins, so that it need not be set or asked again: bits of the
 * state that set_bits sets, that the host may do floating point of a kind, that numbers of 32 bits are
 * boxed.
 *
 * On the way from block to block what holds at the place where each edge leaves is what counts; calls
 * of C end all of it. At its head a region may be come to from anywhere. What the head needs before
 * it can be left is asked once, there, so that it holds in a loop that goes back to the head, too.
 *
 * In the same way pages are known to be what they were when the region was made: whoever comes to the head
 * has found its page so, and ways to other pages look. Mappings change by instructions only with which the
 * region is left, so on a way back nothing has to be looked at.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/ir.h"

static bool ends_all(unsigned op)
{
    return op == IR_call || op == IR_status;
}

static uint64_t bit_of(unsigned var)
{
    return var >= JIT_FP && var < JIT_VARS ? 1ULL << var : 0;
}

/* Variables whose boxes an operation asks for: operands of 32 bits. */
static uint64_t asks_boxed(const IRInsn *i)
{
    if (i->op < IR_fadd || i->op >= IR_ffrom_i32 || i->size != 4)
        return 0;
    return bit_of(i->a) | bit_of(i->b) | bit_of(i->c);
}

/* Whether what it writes to a floating-point variable is boxed. */
static bool boxes(const IRInsn *i)
{
    if (i->op == IR_fnarrow)
        return true;
    return i->size == 4 && i->op != IR_fwiden && (i->op == IR_load || i->op >= IR_fadd);
}

static bool asks_host(const IRInsn *i)
{
    return i->op >= IR_fadd && i->target;
}

static void after(const IRInsn *i, RegionKnown *k)
{
    if (ends_all(i->op))
        *k = (RegionKnown){ 0 };
    else if (i->op == IR_set_bits)
        k->set |= (uint32_t)i->imm;
    else if (asks_host(i))
        k->fast |= ir_fast_bit(i->op, i->cond);
    k->boxed |= asks_boxed(i);
    k->boxed &= ~bit_of(i->d);
    if (boxes(i))
        k->boxed |= bit_of(i->d);
}

/* The edge is taken while k holds. True: less holds where it leads to than was thought. */
static bool flow(Region *r, unsigned edge, RegionKnown k)
{
    int to = r->edges[edge].block;
    RegionKnown *at, old;

    if (to < 0)
        return false;
    at = &r->blocks[to].known;
    old = *at;
    at->set &= k.set;
    at->fast &= k.fast;
    at->boxed &= k.boxed;
    return at->set != old.set || at->fast != old.fast || at->boxed != old.boxed;
}

static bool flow_block(Region *r, const RegionBlock *b)
{
    RegionKnown k = b->known;
    bool changed = false;

    for (unsigned n = b->first; n < b->end; n++) {
        const IRInsn *i = &r->insns[n];

        if (i->op == IR_branch || i->op == IR_jump)
            changed |= flow(r, i->target, k);
        for (unsigned t = 0; i->op == IR_lookup && t < i->sign; t++)
            changed |= flow(r, i->target + t, k);
        after(i, &k);
    }
    return changed;
}

/* False: no room. */
static bool need(Region *r, unsigned offset, bool byte, uint32_t bits)
{
    unsigned n = 0;

    while (n < r->n_needs && r->needs[n].offset != offset)
        n++;
    if (n == G_N_ELEMENTS(r->needs))
        return false;
    if (n == r->n_needs)
        r->needs[r->n_needs++] = (RegionNeed){ .offset = (uint16_t)offset, .byte = byte };
    r->needs[n].bits |= bits;
    return true;
}

static bool loops(const Region *r)
{
    for (unsigned n = 0; n < r->n_edges; n++) {
        if (r->edges[n].block == 0)
            return true;
    }
    return false;
}

/* What the head needs whichever way it is left. Where something is missing the interpreter does those
 * instructions, after which it is there. */
static RegionKnown head(Region *r)
{
    const RegionBlock *b = &r->blocks[0];
    RegionKnown k = { 0 };
    uint64_t written = 0;

    for (unsigned n = b->first; n < b->end; n++) {
        const IRInsn *i = &r->insns[n];

        if (ends_all(i->op) || (i->op >= IR_branch && i->op <= IR_interpret))
            break;
        if (i->op == IR_set_bits && !need(r, i->target, false, (uint32_t)i->imm))
            break;
        if (asks_host(i) && !need(r, i->target, true, 1u << i->cond))
            break;
        for (uint64_t ask = asks_boxed(i) & ~written; ask; ask &= ask - 1) {
            unsigned v = (unsigned)__builtin_ctzll(ask);
            if (need(r, region_var_offset(r, v) + 4, false, UINT32_MAX))
                k.boxed |= 1ULL << v;
        }
        written |= bit_of(i->d) | asks_boxed(i);
        if (i->op == IR_set_bits)
            k.set |= (uint32_t)i->imm;
        if (asks_host(i))
            k.fast |= ir_fast_bit(i->op, i->cond);
    }
    return k;
}

void region_know(Region *r)
{
    bool changed = false;

    r->n_needs = 0;
    for (unsigned n = 0; n < r->n_blocks; n++)
        r->blocks[n].known = (RegionKnown){ 0 };
    for (unsigned n = 0; n < r->n_insns && !changed; n++)
        changed = r->insns[n].op == IR_set_bits || asks_host(&r->insns[n]);
    if (!changed || !r->n_edges)
        return;
    for (unsigned n = 1; n < r->n_blocks; n++)
        r->blocks[n].known = (RegionKnown){ UINT32_MAX, UINT32_MAX, UINT64_MAX };
    if (loops(r))
        r->blocks[0].known = head(r);
    while (changed) {
        changed = false;
        for (unsigned n = 0; n < r->n_blocks; n++)
            changed |= flow_block(r, &r->blocks[n]);
    }
    if (!r->blocks[0].known.set && !r->blocks[0].known.fast && !r->blocks[0].known.boxed)
        r->n_needs = 0; /* the way back has lost it all */
}

/* ---- Pages ---- */

typedef struct Pages {
    uint32_t bit[REGION_BLOCKS];  /* of a block's page: by the first block on it; 0: that found another one */
    uint32_t seen[REGION_BLOCKS]; /* pages found as they were where a block begins */
    uint8_t from[REGION_EDGES];   /* block that an edge leaves */
    bool called[REGION_EDGES];    /* and C was called there before */
} Pages;

/* The first block on the page, or r->n_blocks. */
static unsigned page_of(const Region *r, vaddr pc)
{
    unsigned n = 0;

    while (n < r->n_blocks && ((r->blocks[n].tb->pc ^ pc) & TARGET_PAGE_MASK))
        n++;
    return n;
}

static void look_at_edges(const Region *r, Pages *p, unsigned block)
{
    const RegionBlock *b = &r->blocks[block];
    bool called = false;

    for (unsigned n = b->first; n < b->end; n++) {
        const IRInsn *i = &r->insns[n];
        unsigned edges = i->op == IR_branch || i->op == IR_jump ? 1 : i->op == IR_lookup ? i->sign : 0;

        for (unsigned t = 0; t < edges; t++) {
            p->from[i->target + t] = (uint8_t)block;
            p->called[i->target + t] = called;
        }
        called |= ends_all(i->op);
    }
}

static uint32_t seen_on(const Pages *p, unsigned edge)
{
    unsigned from = p->from[edge];

    return p->called[edge] ? p->bit[from] : p->seen[from];
}

static bool crosses(const Region *r)
{
    for (unsigned n = 0; n < r->n_edges; n++) {
        if (r->edges[n].cross_page)
            return true;
    }
    return false;
}

void region_know_pages(Region *r)
{
    bool changed = crosses(r);
    Pages p;

    if (!changed)
        return;
    memset(&p, 0, sizeof(p)); /* some edges are of operations that are no more */
    for (unsigned n = 0; n < r->n_blocks; n++) {
        const TranslationBlock *tb = r->blocks[n].tb;
        unsigned first = page_of(r, tb->pc);

        p.bit[n] = r->blocks[first].tb->addend == tb->addend ? 1u << first : 0;
        p.seen[n] = n ? UINT32_MAX : p.bit[n];
        look_at_edges(r, &p, n);
    }
    while (changed) {
        changed = false;
        for (unsigned n = 0; n < r->n_edges; n++) {
            int to = r->edges[n].block;
            uint32_t old, seen = seen_on(&p, n);

            if (to < 0)
                continue;
            old = p.seen[to];
            p.seen[to] &= seen | p.bit[to];
            changed |= p.seen[to] != old;
        }
    }
    for (unsigned n = 0; n < r->n_edges; n++) {
        RegionEdge *e = &r->edges[n];
        unsigned page = page_of(r, e->pc);
        uint32_t bit = e->block >= 0 ? p.bit[e->block] : page < r->n_blocks ? 1u << page : 0;

        if (seen_on(&p, n) & bit)
            e->cross_page = false;
    }
}
