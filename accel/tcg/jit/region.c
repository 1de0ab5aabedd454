/*
 * From translation blocks to a region: which blocks belong to it, and their operations.
 *
 * Blocks are taken as the interpreter left them: those that direct jumps and branches lead to, and what
 * indirect jumps were seen to go to, if they have been run already. A way to another page looks whether
 * that page is still where it was. A block that is reached from two places is there once; one that
 * begins in the middle of another repeats what they share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/jit.h"

static bool add_page(Region *r, vaddr page)
{
    for (unsigned n = 0; n < r->n_pages; n++) {
        if (r->pages[n] == page)
            return true;
    }
    if (r->n_pages == REGION_PAGES)
        return false;
    r->pages[r->n_pages++] = page;
    return true;
}

/* What is compiled already is there a second time only if it is small: loops and functions that run often are
 * compiled first, and all that leads to them would repeat them. */
static bool repeats_much(const Region *r, const TranslationBlock *tb)
{
    return tb->jit && r->n_promised + tb->jit->n_insns > REGION_REPEATS;
}

/* Adds tb to the region, or finds it there; -1 if it does not belong. */
static int add_block(Region *r, TranslationBlock *tb)
{
    for (unsigned n = 0; n < r->n_blocks; n++) {
        if (r->blocks[n].tb == tb)
            return (int)n;
    }
    if (r->n_blocks == REGION_BLOCKS || r->n_promised + tb->n_insns > REGION_GROWTH ||
        (r->n_blocks && repeats_much(r, tb)) || !add_page(r, tb->pc & TARGET_PAGE_MASK))
        return -1;
    r->n_promised += tb->n_insns;
    r->blocks[r->n_blocks].tb = tb;
    r->blocks[r->n_blocks].facts = r->facts;
    return (int)r->n_blocks++;
}

/* A block that pc was found to be lately. Which one does not matter: where it is no longer, the region
 * is left. */
static int recent_block(Region *r, vaddr pc, TranslationBlock *tb)
{
    if (!tb || __atomic_load_n(&tb->key_pc, __ATOMIC_RELAXED) != pc || tb->mode != r->head->mode)
        return -1;
    return add_block(r, tb);
}

/* What the jump cache has at pc, or NULL. */
static TranslationBlock *known_block(const JumpCache *j, vaddr pc, uint32_t mode)
{
    for (unsigned way = 0; way < JUMP_CACHE_WAYS; way++) {
        const JumpEntry *e = &j->entry[jump_cache_index(pc) ^ way];
        if (e->pc == pc && (uint32_t)e->tag == mode)
            return e->tb;
    }
    return NULL;
}

/* The block at pc on the page of from; tb: what it probably is, or NULL. A way that nobody went lately is not
 * worth the look into the hash of all blocks, which mostly finds none. */
static int near_block(Region *r, TCGCPU *c, const TranslationBlock *from, vaddr pc,
                      TranslationBlock *tb)
{
    for (unsigned n = 0; n < 2; n++) {
        if (tb && tb_is(tb, from->ram_page[0], pc, from->mode, TB_NO_PAGE, from->addend))
            return add_block(r, tb);
        tb = known_block(env_tcg(c->env)->jump_cache, pc, from->mode);
    }
    return -1;
}

/* The block that a chain leads to, if it is one of ours or may become one. */
static int chain_block(Region *r, TCGCPU *c, const RegionBlock *from, vaddr pc, const TCGOp *chain)
{
    if (chain->pc_off == CHAIN_SAME_PAGE)
        return near_block(r, c, from->tb, pc, chain_load(chain));
    return recent_block(r, pc, chain_load(chain));
}

static unsigned add_edge(IRBuilder *b, TCGCPU *c, unsigned block, const TCGOp *chain)
{
    Region *r = b->r;
    const RegionBlock *blk = &r->blocks[block];
    RegionEdge *e = &r->edges[r->n_edges];

    if (r->n_edges < REGION_EDGES - 1)
        r->n_edges++;
    else
        r->full = true;
    e->from = block;
    e->pc = chain_target(blk->tb, chain);
    e->retired = chain->index;
    e->cross_page = chain->pc_off != CHAIN_SAME_PAGE;
    e->backward = tcg_chain_backward(chain);
    e->block = chain_block(r, c, blk, e->pc, chain);
    return (unsigned)(e - r->edges);
}

static void emit_jump(IRBuilder *b, TCGCPU *c, unsigned block, const TCGOp *chain)
{
    unsigned edge = add_edge(b, c, block, chain);

    ir_append(b, IR_jump)->target = edge;
}

/* The interpreter takes over at op. */
static void emit_interpret(IRBuilder *b)
{
    ir_append(b, IR_interpret);
}

/* The way of an indirect jump to pc, if there is such a block and it belongs to the region. */
static bool add_target(IRBuilder *b, TCGCPU *c, unsigned block, const TCGOp *op, vaddr pc)
{
    Region *r = b->r;
    const RegionBlock *blk = &r->blocks[block];
    RegionEdge *e = &r->edges[r->n_edges];
    vaddr from = blk->tb->pc + op->pc_off;
    bool cross_page = ((pc ^ from) & TARGET_PAGE_MASK) || blk->tb->ram_page[1] != TB_NO_PAGE;
    int to;

    /* Differences of two targets are 32 bits. */
    if (r->n_edges == REGION_EDGES - 1 || pc - from + GiB > 2 * GiB)
        return false;
    if (cross_page)
        to = recent_block(r, pc, known_block(env_tcg(c->env)->jump_cache, pc, r->head->mode));
    else
        to = near_block(r, c, blk->tb, pc, NULL);
    if (to < 0)
        return false;
    *e = (RegionEdge){ .pc = pc, .block = to, .from = block, .backward = pc <= from,
                       .cross_page = cross_page };
    r->n_edges++;
    return true;
}

/* Behind ir_jump_to() and perhaps a link. */
static void emit_lookup(IRBuilder *b, TCGCPU *c, unsigned block, const TCGOp *op)
{
    static const uint8_t max[] = { [LOOKUP_PLAIN] = 10, [LOOKUP_CALL] = 8, [LOOKUP_RETURN] = 3 };
    Region *r = b->r;
    IRInsn *before = &r->insns[r->n_insns - 1], *i = ir_append(b, IR_lookup);
    vaddr targets[JUMP_TARGETS];
    unsigned n;

    i->size = (uint8_t)(op->index + 1);
    i->cond = b->back ? LOOKUP_RETURN : LOOKUP_PLAIN;
    i->target = (uint16_t)r->n_edges;
    if (before->op == IR_link) {
        /* What is called within the region may return within it: only what is not is pushed. */
        before->op = IR_const;
        i->cond = LOOKUP_CALL;
        i->imm = before->imm;
    }
    n = jump_targets_get(c->targets, r->blocks[block].tb->pc + op->pc_off, max[i->cond], targets);
    for (unsigned k = 0; k < n; k++)
        i->sign += add_target(b, c, block, op, targets[k]);
}

/* The block that begins at pc, or -1. */
static int block_at(const Region *r, vaddr pc)
{
    for (unsigned n = 0; n < r->n_blocks; n++) {
        if (r->blocks[n].tb->pc == pc)
            return (int)n;
    }
    return -1;
}

/* Whether a return of the region leads to pc. */
static bool returns_to(Region *r, vaddr pc, bool pair)
{
    bool found = false;

    for (unsigned n = 0; n < r->n_insns; n++) {
        const IRInsn *i = &r->insns[n];
        if (i->op != IR_lookup || i->cond != LOOKUP_RETURN)
            continue;
        for (unsigned k = 0; k < i->sign; k++) {
            RegionEdge *e = &r->edges[i->target + k];
            if (e->pc == pc) {
                found = true;
                e->paired |= pair;
            }
        }
    }
    return found;
}

/* Calls to blocks of the region whose return is one of it need not be expected by others. */
static void pair_calls(Region *r)
{
    for (unsigned n = 0; n + 1 < r->n_insns; n++) {
        IRInsn *i = &r->insns[n];
        /* Calls through a pointer: only what leads out is pushed. */
        if (i->op == IR_lookup && i->cond == LOOKUP_CALL && i->sign)
            returns_to(r, (vaddr)i->imm, true);
        if (i->op == IR_link && i[1].op == IR_jump && r->edges[i[1].target].block >= 0 &&
            block_at(r, (vaddr)i->imm) >= 0 && returns_to(r, (vaddr)i->imm, true))
            i->op = IR_const;
    }
}

/* The body is called; or, if that could not be repeated to compare it, interpreted: then the block ends. */
static bool emit_call(IRBuilder *b, TCGCPU *c, const TCGOp *op)
{
    bool called = !c->s->want_verify || b->r->model->repeats(op);

    ir_append(b, called ? IR_call : IR_interpret);
    return called;
}

/* The operation at op, where guest is set to it. Returns how many operations of the block it takes; 0:
 * the block ends here. */
static unsigned emit_op(IRBuilder *b, TCGCPU *c, unsigned block, const TCGOp *op)
{
    const TCGJitOps *m = b->r->model;

    if (tcg_op_is_chain(op)) {
        emit_jump(b, c, block, op);
        return 0;
    }
    if (op->fn == tcg_guard_fn()) {
        ir_append(b, IR_guard)->imm = op->imm;
        return 1;
    }
    if (!op->row) {
        emit_interpret(b);
        return 0;
    }
    switch (m->kind(op)) {
    case JIT_PLAIN:
        return m->emit(b, op) || emit_call(b, c, op);
    case JIT_BRANCH:
        b->edge = add_edge(b, c, block, op + 1);
        if (!m->emit(b, op)) {
            emit_interpret(b);
            return 0;
        }
        return 2;
    case JIT_JUMP:
        if (!m->emit(b, op)) {
            emit_interpret(b);
            return 0;
        }
        emit_jump(b, c, block, op + 1);
        return 0;
    case JIT_INDIRECT:
        if (m->emit(b, op))
            emit_lookup(b, c, block, op);
        else
            emit_interpret(b);
        return 0;
    case JIT_EXIT:
        emit_call(b, c, op);
        return 0;
    default:
        emit_interpret(b);
        return 0;
    }
}

static void emit_block(IRBuilder *b, TCGCPU *c, unsigned block)
{
    Region *r = b->r;
    RegionBlock *blk = &r->blocks[block];
    const TCGOp *op = blk->tb->ops, *end = op + blk->tb->n_ops;

    blk->first = r->n_insns;
    r->facts = blk->facts;
    if (r->model->begin)
        r->model->begin(b);
    while (op < end && !r->full) {
        if (r->n_guest == REGION_GUEST_OPS) {
            r->full = true;
            break;
        }
        b->guest = r->n_guest++;
        r->guest[b->guest] = (GuestOp){ blk->tb, op };
        unsigned n = emit_op(b, c, block, op);
        if (!n)
            break;
        op += n;
    }
    blk->end = r->n_insns;
}

bool region_build(Region *r, TCGCPU *c, TranslationBlock *head,
                  bool (*has_vector)(const IRVec *v))
{
    IRBuilder b = { .r = r, .env = c->env, .has_vector = has_vector };

    r->model = env_tcg(c->env)->ops->jit;
    r->head = head;
    r->facts = 0;
    r->n_vecs = 0;
    r->n_blocks = r->n_edges = r->n_guest = r->n_insns = r->n_promised = r->n_pages = 0;
    r->full = false;
    if (add_block(r, head) < 0)
        return false;
    for (unsigned n = 0; n < r->n_blocks && !r->full; n++)
        emit_block(&b, c, n);
    pair_calls(r);
    /* Nothing but a way into the interpreter is not worth having. */
    return !r->full && !(r->n_insns == 1 && r->insns[0].op == IR_interpret);
}
