/*
 * Vectors: loads and stores of elements that follow one another.
 *
 * One look at the window of the base register for all of them; what crosses a page, and what the window does
 * not show after the TLB was asked, is the body's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/vec.h"

/* As what the window is looked at. */
static IRInsn access_of(const IRInsn *i, const IRVec *v)
{
    IRInsn f = *i;

    f.op = v->op == IRV_store ? IR_store : IR_load;
    f.d = f.b = f.c = JIT_NONE;
    f.imm = 0;
    f.size = 8;
    return f;
}

/* What is read and written, which may be more than the elements. */
static unsigned length(const IRVec *v)
{
    return align_up(v->n << v->size, 16);
}

static void load(VecEmit *x, const Piece *p)
{
    asm_vex_rm(x->a, X86_OP(0xf3, MAP_0F, 0x6f) | (p->l ? X86_L : 0), false, Y_A, 0, RDX,
               (int32_t)p->at);
    if (x->blend)
        vec_mask(x, p);
    vec_result(x, p);
}

static void store(VecEmit *x, const Piece *p)
{
    v_load(x, p->l, Y_A, x->v->d + p->at);
    if (!x->blend) {
        asm_vex_rm(x->a, X86_OP(0xf3, MAP_0F, 0x7f) | (p->l ? X86_L : 0), false, Y_A, 0, RDX,
                   (int32_t)p->at);
        return;
    }
    vec_mask(x, p);
    /* vpmaskmovd and q: the others' bytes are not written, which might race. */
    asm_vex_rm(x->a, P38(0x8e) | (p->l ? X86_L : 0), x->v->size == 3, Y_A, Y_MASK, RDX, (int32_t)p->at);
}

void vec_load_store(VecEmit *x)
{
    const IRVec *v = x->v;
    IRInsn f = access_of(x->i, v);

    if (x->partial && v->op == IRV_store && v->size < 2) {
        x->body->froms[x->body->n_from++] = asm_jmp(x->a);
        return;
    }
    x->miss = x86_window(x->e, &f, STUB_VEC_MISS);
    x->miss->insn = x->i;
    asm_alu_imm(x->a, ALU_CMP, false, RCX, (int32_t)(TARGET_PAGE_SIZE - length(v)));
    vec_to_body(x, CC_A);
    asm_rx(x->a, 0x8d, true, RDX, RDX, RCX, 0, 0);
    if (x->partial)
        vec_tail_pointer(x);
    for (unsigned k = 0; k < x->n_pieces; k++) {
        Piece p = vec_begin(x, k);
        if (v->op == IRV_load)
            load(x, &p);
        else
            store(x, &p);
    }
    vec_end(x);
}

/* ---- Each element at an address of its own ---- */

/* rax = the address of element k */
static void address(VecEmit *x, unsigned k)
{
    static const unsigned load[] = { X86_OP(0, MAP_0F, 0xb6), X86_OP(0, MAP_0F, 0xb7), 0x8b, 0x8b };
    const IRVec *v = x->v;
    Emit *e = x->e;

    if (v->op == IRV_gather || v->op == IRV_scatter) {
        asm_rm(x->a, load[v->narrow], v->narrow == 3, RAX, ENV, (int32_t)(v->a + (k << v->narrow)));
    } else if (k == 0) {
        x86_copy(e, x->i->a, RAX);
        return;
    } else {
        x86_copy(e, x->i->b, RAX);
        asm_rr(x->a, 0x69, true, RAX, RAX); /* imul */
        asm_imm32(x->a, k);
    }
    if (x->i->a)
        asm_alu(x->a, ALU_ADD, true, RAX, x86_use(e, x->i->a, RCX));
}

static void element(VecEmit *x, unsigned k)
{
    static const unsigned load[] = { X86_OP(0, MAP_0F, 0xb6), X86_OP(0, MAP_0F, 0xb7), 0x8b, 0x8b };
    static const unsigned store[] = { 0x88, X86_OP(0x66, 0, 0x89), 0x89, 0x89 };
    unsigned size = x->v->size;
    int32_t reg = (int32_t)(x->v->d + (k << size));
    bool w = size == 3;

    if (x->v->op == IRV_scatter || x->v->op == IRV_sstride) {
        asm_rm(x->a, load[size], w, RAX, ENV, reg);
        asm_rm(x->a, store[size], w, RAX, RDX, 0);
    } else {
        asm_rm(x->a, load[size], w, RAX, RDX, 0);
        asm_rm(x->a, store[size], w, RAX, ENV, reg);
    }
}

/* Through the TLB; vstart goes along, so that the body can go on where that has nothing to show. */
void vec_walk(VecEmit *x)
{
    const IRVec *v = x->v;
    MMUAccess access = v->op == IRV_scatter || v->op == IRV_sstride ? MMU_STORE : MMU_LOAD;
    uint8_t *over = asm_jmp(x->a);
    const uint8_t *body = asm_here(x->a);

    x->body->froms[x->body->n_from++] = asm_jmp(x->a);
    asm_aim(x->a, over);
    for (unsigned k = 0; k < v->n; k++) {
        Stub miss = { 0 };
        if (k) {
            asm_rm(x->a, 0xc7, true, 0, ENV, (int32_t)v->start_offset);
            asm_imm32(x->a, k);
        }
        address(x, k);
        x86_tlb(x->e, access, 1u << v->size, &miss);
        for (unsigned n = 0; n < miss.n_from; n++)
            asm_aim_at(x->a, miss.froms[n], body);
        element(x, k);
    }
    asm_rm(x->a, 0xc7, true, 0, ENV, (int32_t)v->start_offset);
    asm_imm32(x->a, 0);
}

void vec_miss_stub(Emit *e, const Stub *s)
{
    const IRVec *v = &e->r->vec[s->insn->target];
    IRInsn f = access_of(s->insn, v);
    JitSite *site;

    site = x86_site(e, s->insn);
    asm_aim(&e->a, s->from);
    if (!site)
        return;
    site->size = 0;
    site->room = (uint32_t)TARGET_PAGE_SIZE - length(v);
    x86_window_miss(e, &f, site);
    asm_jcc_to(&e->a, CC_AE, s->back);
    x86_call(e, s->insn);
    asm_jmp_to(&e->a, s->after);
}
