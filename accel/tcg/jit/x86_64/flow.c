/*
 * From block to block, out of the region, into C.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

static JitExit *exit_of(Emit *e, unsigned edge)
{
    if (!e->exits[edge]) {
        JitExit *x = jit_data(e->j, sizeof(*x));
        if (!x) {
            e->a.full = true;
            return NULL;
        }
        x->pc = e->r->edges[edge].pc;
        x->jump = e->j->exit_unlinked;
        e->exits[edge] = x;
    }
    return e->exits[edge];
}

static void retire(Emit *e, unsigned n)
{
    if (n)
        asm_alu_mem_imm(&e->a, ALU_ADD, true, ENV, ENV_TCG(icount), (int32_t)n);
}

static void test_attention(Emit *e)
{
    asm_alu_mem_imm(&e->a, ALU_CMP, false, ENV, e->j->attention_offset, 0);
}

/* Whether the fetch TLB still shows the exit's page as it was; rdx is the exit. */
static void test_page(Emit *e, const RegionEdge *edge)
{
    int32_t entry = (int32_t)(((edge->pc >> TARGET_PAGE_BITS) & (TLB_FAST_SIZE - 1)) *
                              sizeof(TLBEntry));

    asm_load(&e->a, RCX, ENV, ENV_TCG(tlb_fetch));
    asm_mov_imm(&e->a, RAX, edge->pc & TARGET_PAGE_MASK);
    asm_alu_load(&e->a, ALU_CMP, true, RAX, RCX, entry + 8 * MMU_FETCH);
    asm_jcc_to(&e->a, CC_NE, e->j->exit_unlinked);
    asm_load(&e->a, RAX, RDX, offsetof(JitExit, addend));
    asm_alu_load(&e->a, ALU_CMP, true, RAX, RCX, entry + (int32_t)offsetof(TLBEntry, addend));
    asm_jcc_to(&e->a, CC_NE, e->j->exit_unlinked);
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
        test_attention(e);
        asm_jcc_to(&e->a, CC_NE, e->j->exit_unlinked);
    }
    if (g->cross_page)
        test_page(e, g);
    asm_rm(&e->a, 0xff, false, 4, RDX, offsetof(JitExit, jump));
}

static void go_to_block(Emit *e, unsigned block)
{
    if (e->label[block]) {
        asm_jmp_to(&e->a, e->label[block]);
        return;
    }
    if (e->n_uses == X86_LABEL_USES) {
        e->a.full = true;
        return;
    }
    e->uses[e->n_uses].place = asm_jmp(&e->a);
    e->uses[e->n_uses++].block = block;
}

static void go(Emit *e, unsigned edge, unsigned next_block)
{
    const RegionEdge *g = &e->r->edges[edge];

    retire(e, g->retired);
    if (g->block < 0) {
        leave_by(e, edge);
        return;
    }
    if (g->backward) {
        Stub *s = x86_stub(e, STUB_ATTENTION, NULL);
        test_attention(e);
        s->from = asm_jcc(&e->a, CC_NE);
        s->edge = edge;
    }
    if ((unsigned)g->block != next_block)
        go_to_block(e, (unsigned)g->block);
}

void x86_jump(Emit *e, const IRInsn *i, unsigned next_block)
{
    go(e, i->target, next_block);
}

void x86_branch(Emit *e, const IRInsn *i)
{
    static const uint8_t cc[] = { CC_E, CC_NE, CC_L, CC_GE, CC_B, CC_AE };
    const RegionEdge *g = &e->r->edges[i->target];
    unsigned a = x86_use(e, i->a, RAX);

    if (i->b == JIT_NONE)
        asm_alu_imm(&e->a, ALU_CMP, true, a, (int32_t)i->imm);
    else if (i->b == 0 && i->cond <= IR_NE)
        asm_rr(&e->a, 0x85, true, a, a);
    else if (i->b == 0)
        asm_alu_imm(&e->a, ALU_CMP, true, a, 0);
    else if (e->reg[i->b] >= 0)
        asm_alu(&e->a, ALU_CMP, true, a, (unsigned)e->reg[i->b]);
    else
        asm_alu_load(&e->a, ALU_CMP, true, a, ENV, x86_offset(e, i->b));
    if (g->block >= 0 && g->backward) {
        /* The way back of a loop: no detour over a stub. */
        uint8_t *over = asm_jcc(&e->a, cc[i->cond] ^ 1);
        go(e, i->target, REGION_BLOCKS);
        asm_aim(&e->a, over);
        return;
    }
    Stub *s = x86_stub(e, STUB_EDGE, i);
    s->edge = i->target;
    s->from = asm_jcc(&e->a, cc[i->cond]);
}

/* imm: instructions of the block. tcg.pc is in rax and in place. */
void x86_lookup(Emit *e, const IRInsn *i)
{
    retire(e, (unsigned)i->imm);
    x86_leave(e);
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
    ops[0] = *site->op;
    ops[0].fn = e->r->model->body(site->op);
    ops[1].fn = jit_stop;
    site->op = ops;
    site->fn = ops[0].fn;
    asm_rip(&e->a, 0x8d, true, RDX, site, 0);
    asm_call_to(&e->a, e->j->call_body);
}

void x86_flow_stub(Emit *e, const Stub *s)
{
    asm_aim(&e->a, s->from);
    if (s->kind == STUB_EDGE) {
        go(e, s->edge, REGION_BLOCKS);
        return;
    }
    JitExit *x = exit_of(e, s->edge);
    if (!x)
        return;
    x86_leave(e);
    asm_rip(&e->a, 0x8d, true, RDX, x, 0);
    asm_jmp_to(&e->a, e->j->exit_unlinked);
}
