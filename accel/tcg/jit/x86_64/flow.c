/*
 * From block to block, out of the region, into C.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

static JitExit *exit_to(Emit *e, vaddr pc)
{
    JitExit *x = jit_exit_new(e->j, pc);

    if (!x)
        e->a.full = true;
    return x;
}

/* Several edges may have one. If the way is from another page the TLB is asked; if not, the exit must not be
 * linked by one from there, where the page may have been another one then. */
static JitExit *exit_of(Emit *e, unsigned edge)
{
    const RegionEdge *g = e->r->edges;

    for (unsigned n = 0; n < e->r->n_edges; n++) {
        if (e->exits[n] && g[n].pc == g[edge].pc && g[n].cross_page == g[edge].cross_page)
            return e->exits[n];
    }
    return e->exits[edge] = exit_to(e, g[edge].pc);
}

/* Compares the fetch TLB's entry with the page of pc: equal if it is that one's. rcx is the entry then; rax is
 * used. */
static void compare_page(Emit *e, vaddr pc)
{
    uint32_t entry = (uint32_t)((pc >> TARGET_PAGE_BITS) * sizeof(TLBEntry));

    asm_mov_imm(&e->a, RCX, entry & TLB_MASK_MAX);
    asm_alu_load(&e->a, ALU_AND, false, RCX, ENV, ENV_TCG(tlb_fetch_mask));
    asm_alu_load(&e->a, ALU_ADD, true, RCX, ENV, ENV_TCG(tlb_fetch));
    asm_mov_imm(&e->a, RAX, pc & TARGET_PAGE_MASK);
    asm_alu_load(&e->a, ALU_CMP, true, RAX, RCX, 8 * MMU_FETCH);
}

/* Whether the fetch TLB still shows the exit's page as it was; rdx is the exit. */
static void test_page(Emit *e, const RegionEdge *edge)
{
    compare_page(e, edge->pc);
    asm_jcc_to(&e->a, CC_NE, e->j->exit_unlinked);
    asm_load(&e->a, RAX, RDX, offsetof(JitExit, addend));
    asm_alu_load(&e->a, ALU_CMP, true, RAX, RCX, offsetof(TLBEntry, addend));
    asm_jcc_to(&e->a, CC_NE, e->j->exit_unlinked);
}

/* The same where the block that is there belongs to the region: to the stub if it is another page. */
static void test_page_of(Emit *e, vaddr pc, uintptr_t addend, Stub *s)
{
    compare_page(e, pc);
    s->froms[s->n_from++] = asm_jcc(&e->a, CC_NE);
    asm_mov_imm(&e->a, RAX, addend);
    asm_alu_load(&e->a, ALU_CMP, true, RAX, RCX, offsetof(TLBEntry, addend));
    s->froms[s->n_from++] = asm_jcc(&e->a, CC_NE);
}

/* On the way to another page. */
static void guard_edge(Emit *e, unsigned edge)
{
    const RegionEdge *g = &e->r->edges[edge];
    Stub *s = x86_stub(e, STUB_ATTENTION, NULL);

    s->edge = edge;
    test_page_of(e, g->pc, e->r->blocks[g->block].tb->addend, s);
}

void x86_guard(Emit *e, const IRInsn *i)
{
    const TranslationBlock *tb = e->r->guest[i->guest].tb;
    Stub *s = x86_stub(e, STUB_INTERPRET, i);

    test_page_of(e, (tb->pc & TARGET_PAGE_MASK) + TARGET_PAGE_SIZE, (uintptr_t)i->imm, s);
}

static void leave_by(Emit *e, unsigned edge)
{
    const RegionEdge *g = &e->r->edges[edge];
    JitExit *x = exit_of(e, edge);

    if (!x)
        return;
    x86_leave(e);
    asm_rip(&e->a, 0x8d, true, RDX, x, 0);
    if (g->backward) {
        unsigned wanted = x86_attention(e->j, &e->a);
        asm_jcc_to(&e->a, wanted, e->j->exit_unlinked);
    }
    if (g->cross_page)
        test_page(e, g);
    asm_rm(&e->a, 0xff, false, 4, RDX, offsetof(JitExit, jump));
}

static const uint8_t *label(const Emit *e, unsigned block, bool again)
{
    return again ? e->again[block] : e->label[block];
}

static void go_to_block(Emit *e, unsigned block, bool again)
{
    if (e->label[block]) {
        asm_jmp_to(&e->a, label(e, block, again));
        return;
    }
    if (e->n_uses == X86_LABEL_USES) {
        e->a.full = true;
        return;
    }
    e->uses[e->n_uses].place = asm_jmp(&e->a);
    e->uses[e->n_uses++].block = block;
}

/* Goes to an edge's block, which is in the region, if cc holds. */
static void jcc_to_block(Emit *e, unsigned cc, unsigned block, bool again)
{
    if (e->label[block]) {
        asm_jcc_to(&e->a, cc, label(e, block, again));
    } else if (e->n_uses == X86_LABEL_USES) {
        e->a.full = true;
    } else {
        e->uses[e->n_uses].place = asm_jcc(&e->a, cc);
        e->uses[e->n_uses++].block = block;
    }
}

static void go(Emit *e, unsigned edge, unsigned next_block)
{
    const RegionEdge *g = &e->r->edges[edge];
    bool again;

    x86_retire(e, g->retired);
    if (g->block < 0) {
        leave_by(e, edge);
        return;
    }
    again = x86_keep_loops(e, g->block);
    if (g->cross_page)
        guard_edge(e, edge);
    if (g->backward) {
        Stub *s = x86_stub(e, STUB_ATTENTION, NULL);
        unsigned wanted = x86_attention(e->j, &e->a);
        s->edge = edge;
        if ((unsigned)g->block != next_block) {
            jcc_to_block(e, wanted ^ 1, (unsigned)g->block, again);
            s->froms[s->n_from++] = asm_jmp(&e->a);
        } else {
            s->froms[s->n_from++] = asm_jcc(&e->a, wanted);
        }
        return;
    }
    if ((unsigned)g->block != next_block)
        go_to_block(e, (unsigned)g->block, again);
}

void x86_jump(Emit *e, const IRInsn *i, unsigned next_block)
{
    go(e, i->target, next_block);
}

/* The condition under which i is taken, after comparing its operands. */
static unsigned compare(Emit *e, const IRInsn *i)
{
    static const uint8_t cc[] = { CC_E, CC_NE, CC_L, CC_GE, CC_B, CC_AE };
    static const uint8_t swapped[] = { CC_E, CC_NE, CC_G, CC_LE, CC_A, CC_BE };
    Asm *a = &e->a;
    bool swap = !i->a && i->b != JIT_NONE;
    unsigned x = swap ? i->b : i->a, y = swap ? 0 : i->b;
    int32_t imm = i->b == JIT_NONE ? (int32_t)i->imm : 0;

    if (x && e->reg[x] < 0) {
        /* From where it is. */
        if (y == 0 || y == JIT_NONE)
            asm_alu_mem_imm(a, ALU_CMP, true, ENV, x86_offset(e, x), imm);
        else if (e->reg[y] >= 0)
            asm_rm(a, ALU_CMP << 3 | 1, true, (unsigned)e->reg[y], ENV, x86_offset(e, x));
        else
            asm_alu_load(a, ALU_CMP, true, x86_use(e, x, RAX), ENV, x86_offset(e, y));
        return (swap ? swapped : cc)[i->cond];
    }
    x = x86_use(e, x, RAX);
    if ((y == 0 || y == JIT_NONE) && imm == 0)
        asm_rr(a, 0x85, true, x, x);
    else if (y == 0 || y == JIT_NONE)
        asm_alu_imm(a, ALU_CMP, true, x, imm);
    else if (e->reg[y] >= 0)
        asm_alu(a, ALU_CMP, true, x, (unsigned)e->reg[y]);
    else
        asm_alu_load(a, ALU_CMP, true, x, ENV, x86_offset(e, y));
    return (swap ? swapped : cc)[i->cond];
}

void x86_branch(Emit *e, const IRInsn *i)
{
    const RegionEdge *g = &e->r->edges[i->target];
    unsigned cc = compare(e, i);

    if (g->block >= 0 && g->backward) {
        /* The way back of a loop: no detour over a stub. */
        uint8_t *over = asm_jcc(&e->a, cc ^ 1);
        X86Kept kept = e->kept;
        go(e, i->target, REGION_BLOCKS);
        e->kept = kept;
        asm_aim(&e->a, over);
        return;
    }
    Stub *s = x86_stub(e, STUB_EDGE, i);
    s->edge = i->target;
    s->from = asm_jcc(&e->a, cc);
}

void x86_jump_to(Emit *e, const IRInsn *i)
{
    if (i->imm && e->reg[i->a] >= 0) {
        asm_lea(&e->a, RAX, (unsigned)e->reg[i->a], (int32_t)i->imm);
    } else {
        x86_copy(e, i->a, RAX);
        if (i->imm)
            asm_alu_imm(&e->a, ALU_ADD, true, RAX, (int32_t)i->imm);
    }
    asm_alu_imm(&e->a, ALU_AND, true, RAX, -2);
}

/* Element of one of the arrays in env that rcx is an offset into. */
static void ras_op(Emit *e, unsigned op, unsigned reg, size_t array)
{
    asm_rx(&e->a, op, true, reg, ENV, RCX, 0, (int32_t)array);
}

/*
 * Calls push what they return to, unless call and return are both in the region; a return compares the
 * newest of them with its target. The tag says that the mapping and the mode are what they were at the
 * call, which was made from the same page. What was popped is made invalid, so that no loop lives on
 * returns alone: they do not look at attention.
 */
static void push_return(Emit *e, const IRInsn *i)
{
    const TranslationBlock *tb = e->r->guest[i->guest].tb;
    uint64_t pc = (uint64_t)i->imm; /* of a link, or of the lookup of a call */
    JitExit *x = exit_to(e, pc);

    if (!x)
        return;
    asm_rm(&e->a, X86_OP(0, MAP_0F, 0xb6), false, RCX, ENV, ENV_TCG(ras_top));
    asm_alu_imm(&e->a, ALU_ADD, false, RCX, sizeof(uint64_t));
    asm_rm(&e->a, 0x88, false, RCX, ENV, ENV_TCG(ras_top));
    asm_rr(&e->a, X86_OP(0, MAP_0F, 0xb6), false, RCX, RCX);
    asm_mov_imm(&e->a, RDX, (tb->pc ^ pc) & TARGET_PAGE_MASK ? TB_DEAD_PC : pc);
    ras_op(e, 0x89, RDX, offsetof(CPUTCGState, ras_pc));
    asm_load(&e->a, RDX, ENV, ENV_TCG(mode));
    ras_op(e, 0x89, RDX, offsetof(CPUTCGState, ras_tag));
    asm_rip(&e->a, 0x8d, true, RDX, x, 0);
    ras_op(e, 0x89, RDX, offsetof(CPUTCGState, ras_exit));
}

static void pop_return(Emit *e)
{
    asm_rm(&e->a, X86_OP(0, MAP_0F, 0xb6), false, RCX, ENV, ENV_TCG(ras_top));
    asm_rm(&e->a, 0x80, false, ALU_SUB, ENV, ENV_TCG(ras_top));
    asm_byte(&e->a, sizeof(uint64_t));
    ras_op(e, ALU_CMP << 3 | 3, RAX, offsetof(CPUTCGState, ras_pc));
    asm_jcc_to(&e->a, CC_NE, e->j->lookup);
    asm_load(&e->a, RDX, ENV, ENV_TCG(mode));
    ras_op(e, ALU_CMP << 3 | 3, RDX, offsetof(CPUTCGState, ras_tag));
    asm_jcc_to(&e->a, CC_NE, e->j->lookup);
    ras_op(e, 0x8b, RDX, offsetof(CPUTCGState, ras_exit));
    ras_op(e, 0xc7, 0, offsetof(CPUTCGState, ras_pc));
    asm_imm32(&e->a, TB_DEAD_PC);
    asm_rm(&e->a, 0xff, false, 4, RDX, offsetof(JitExit, jump));
}

void x86_link(Emit *e, const IRInsn *i)
{
    x86_constant(e, i->d, (uint64_t)i->imm);
    push_return(e, i);
}

/* The call that this returns from may have been pushed. */
static void pop_if_top(Emit *e)
{
    asm_rm(&e->a, X86_OP(0, MAP_0F, 0xb6), false, RCX, ENV, ENV_TCG(ras_top));
    ras_op(e, ALU_CMP << 3 | 3, RAX, offsetof(CPUTCGState, ras_pc));
    uint8_t *other = asm_jcc(&e->a, CC_NE);
    asm_rm(&e->a, 0x80, false, ALU_SUB, ENV, ENV_TCG(ras_top));
    asm_byte(&e->a, sizeof(uint64_t));
    asm_aim(&e->a, other);
}

/* The targets that were seen before: rax is compared with each. */
static void known_targets(Emit *e, const IRInsn *i)
{
    const RegionEdge *g = &e->r->edges[i->target];
    bool backward = false;

    for (unsigned n = 0; n < i->sign; n++)
        backward |= g[n].backward;
    if (backward) {
        Stub *s = x86_stub(e, STUB_LOOKUP, i);
        unsigned wanted = x86_attention(e->j, &e->a);
        s->from = asm_jcc(&e->a, wanted);
    }
    /* Distances from the first are short where addresses are not. */
    asm_mov_imm(&e->a, RCX, -g[0].pc);
    asm_alu(&e->a, ALU_ADD, true, RCX, RAX);
    for (unsigned n = 0; n < i->sign; n++) {
        if (n)
            asm_alu_imm(&e->a, ALU_CMP, true, RCX, (int32_t)(g[n].pc - g[0].pc));
        bool pop = i->cond == LOOKUP_RETURN && !g[n].paired;
        if (pop || g[n].cross_page) {
            uint8_t *other = asm_jcc(&e->a, CC_NE);
            if (pop)
                pop_if_top(e);
            if (g[n].cross_page)
                guard_edge(e, i->target + n);
            go_to_block(e, (unsigned)g[n].block, false);
            asm_aim(&e->a, other);
        } else {
            jcc_to_block(e, CC_E, (unsigned)g[n].block, false);
        }
    }
}

/* The target is in rax. */
void x86_lookup(Emit *e, const IRInsn *i)
{
    x86_retire(e, i->size);
    x86_keep_flush(e);
    if (i->sign)
        known_targets(e, i);
    x86_leave(e);
    if (i->cond == LOOKUP_RETURN) {
        pop_return(e);
        return;
    }
    if (i->cond == LOOKUP_CALL)
        push_return(e, i);
    asm_jmp_to(&e->a, e->j->lookup);
}

void x86_interpret(Emit *e, const IRInsn *i)
{
    JitSite *site = x86_site(e, i);

    if (!site)
        return;
    x86_leave(e);
    asm_rip(&e->a, 0x8d, true, RDX, site, 0);
    asm_jmp_to(&e->a, e->j->interpret);
}

/* The body gets a copy of its operation with a stop behind it: a threaded handler goes on there. */
void x86_call(Emit *e, const IRInsn *i)
{
    JitSite *site = x86_site(e, i);
    TCGOp *ops = jit_data(e->j, 2 * sizeof(TCGOp));

    if (!site || !ops) {
        e->a.full = true;
        return;
    }
    /* All but the function, which may be jit_enter() and is not to be read by a thread that compiles. */
    memcpy(&ops[0].imm, &site->op->imm, sizeof(ops[0]) - offsetof(TCGOp, imm));
    ops[0].fn = e->r->model->body(site->op);
    ops[1].fn = jit_stop;
    site->op = ops;
    site->fn = ops[0].fn;
    x86_keep_flush(e);
    asm_rip(&e->a, 0x8d, true, RDX, site, 0);
    asm_call_to(&e->a, e->j->call_body);
    x86_keep_lost(e);
}

void x86_flow_stub(Emit *e, const Stub *s)
{
    if (s->from)
        asm_aim(&e->a, s->from);
    for (unsigned n = 0; n < s->n_from; n++)
        asm_aim(&e->a, s->froms[n]);
    if (s->kind == STUB_EDGE) {
        go(e, s->edge, REGION_BLOCKS);
        return;
    }
    /* The look-up looks at attention, too; with tcg.pc the main loop then knows where to go on. */
    if (s->kind == STUB_ATTENTION)
        asm_mov_imm(&e->a, RAX, e->r->edges[s->edge].pc);
    x86_keep_flush(e);
    if (e->leave) {
        asm_jmp_to(&e->a, e->leave);
        return;
    }
    e->leave = asm_here(&e->a);
    x86_leave(e);
    asm_jmp_to(&e->a, e->j->lookup);
}
