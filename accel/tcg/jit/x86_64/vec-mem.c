/*
 * Vectors: loads and stores of elements that follow one another.
 *
 * One check for all of them, as mem.c has it. What crosses a page is done out of line if the TLB shows both,
 * and what it does not let pass is the body's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/vec.h"

/* What is read and written, which may be more than the elements. */
static unsigned length(const IRVec *v)
{
    return align_up(v->n << v->size, 16);
}

static X86Check check_of(const Emit *e, const IRInsn *i, const IRVec *v)
{
    X86Check c = { .var = i->a, .store = v->op == IRV_store, .hi = length(v) };

    c.window = x86_windowed(e, i->a) && c.hi <= (int64_t)TARGET_PAGE_SIZE;
    return c;
}

static void load(VecEmit *x, const Piece *p)
{
    unsigned h = x->blend ? Y_A : v_target(x, p->l, Y_A, x->v->d + p->at);

    asm_ymm_mem(x->a, 0x6f, p->l, h, RDX, (int32_t)p->at);
    if (h != Y_A)
        return;
    if (x->blend)
        vec_mask(x, p);
    vec_result(x, p);
}

static void store(VecEmit *x, const Piece *p)
{
    unsigned h = v_source(x, p->l, Y_A, x->v->d + p->at);

    if (!x->blend) {
        asm_ymm_mem(x->a, 0x7f, p->l, h, RDX, (int32_t)p->at);
        return;
    }
    vec_mask(x, p);
    /* vpmaskmovd and q: the others' bytes are not written, which might race. */
    asm_vex_rm(x->a, P38(0x8e) | (p->l ? X86_L : 0), x->v->size == 3, h, Y_MASK, RDX, (int32_t)p->at);
}

void vec_load_store(VecEmit *x)
{
    const IRVec *v = x->v;
    X86Check c = check_of(x->e, x->i, v);
    uint8_t *no[2];

    if (x->partial && v->op == IRV_store && v->size < 2) {
        x->body->froms[x->body->n_from++] = asm_jmp(x->a);
        return;
    }
    x->miss = x86_stub(x->e, STUB_VEC_MISS, x->i);
    x86_check(x->e, &c, RDX, no);
    x->miss->from = no[0];
    x->miss->window = c.window;
    x->miss->bytes = (int32_t)c.hi;
    x->miss->whole = !x->blend;
    x->miss->back = asm_here(x->a);
    if (no[1])
        x->miss->froms[x->miss->n_from++] = no[1];
    x86_copy(x->e, c.var, RAX);
    asm_alu(x->a, ALU_ADD, true, RDX, RAX);
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

/* If all elements are in the page of the first, which is aligned as the last is, rdx becomes where that is, and
 * the register that has the stride is given back; else each is looked up, out of line. */
static unsigned one_page(VecEmit *x)
{
    Stub tlb = { 0 };

    x->miss = x86_stub(x->e, STUB_VEC_EACH, x->i);
    x86_copy(x->e, x->i->a, RAX);
    x86_copy(x->e, x->i->b, RCX);
    /* By so little that none of them is further away than the last. */
    asm_lea(x->a, RDX, RCX, TARGET_PAGE_SIZE);
    asm_alu_imm(x->a, ALU_CMP, true, RDX, 2 * TARGET_PAGE_SIZE);
    x->miss->froms[x->miss->n_from++] = asm_jcc(x->a, CC_A);
    asm_rr(x->a, 0x69, true, RCX, RCX); /* imul */
    asm_imm32(x->a, x->v->n - 1);
    asm_alu(x->a, ALU_ADD, true, RCX, RAX);
    asm_alu(x->a, ALU_XOR, true, RCX, RAX);
    asm_rr(x->a, 0xf7, true, 0, RCX); /* test */
    asm_imm32(x->a, (uint32_t)TARGET_PAGE_MASK | ((1u << x->v->size) - 1));
    x->miss->froms[x->miss->n_from++] = asm_jcc(x->a, CC_NE);
    x86_tlb(x->e, MMU_LOAD, 1u << x->v->size, &tlb);
    x->miss->froms[x->miss->n_from++] = tlb.froms[0];
    return x86_use(x->e, x->i->b, RCX);
}

/* Loads of 4 and 8 bytes: a piece is put together in a register, and the body begins with the one that has an
 * element which the TLB does not show. */
static void walk_pieces(VecEmit *x)
{
    const IRVec *v = x->v;
    unsigned in_half = 16u >> v->size, stride = 0;
    bool wide = v->size == 3;

    if (v->op == IRV_lstride && !x->each)
        stride = one_page(x);
    for (unsigned k = 0; k < x->n_pieces; k++) {
        Piece p = vec_piece(x, k);
        Stub *s = k ? x86_stub(x->e, STUB_VEC_RESUME, x->i) : x->resume;

        x->walk[k] = s;
        for (unsigned n = 0; n < in_half << p.l; n++) {
            unsigned reg = n < in_half ? Y_A : Y_B, at = n % in_half;
            Stub miss = { 0 };

            if (!stride) {
                address(x, p.first + n);
                x86_tlb(x->e, MMU_LOAD, 1u << v->size, &miss);
                vec_leave_from(x, s, p.first, miss.froms[0]);
            } else if (p.first + n) {
                asm_alu(x->a, ALU_ADD, true, RDX, stride);
            }
            if (at) {
                asm_vex_rm(x->a, P3A(0x22), wide, reg, reg, RDX, 0); /* vpinsrd, vpinsrq */
                asm_byte(x->a, at);
            } else {
                asm_vex_rm(x->a, wide ? X86_OP(0xf3, MAP_0F, 0x7e) : P66(0x6e), false, reg, 0, RDX, 0);
            }
        }
        if (p.l)
            v_rrri(x, P3A(0x38), false, 1, Y_A, Y_A, Y_B, 1); /* vinserti128 */
        v_store(x, p.l, v->d + p.at, Y_A);
    }
}

/* Through the TLB; vstart goes along, so that the body can go on where that has nothing to show. */
void vec_walk(VecEmit *x)
{
    const IRVec *v = x->v;
    MMUAccess access = v->op == IRV_scatter || v->op == IRV_sstride ? MMU_STORE : MMU_LOAD;
    uint8_t *over;
    const uint8_t *body;

    if (vec_walks_pieces(v)) {
        walk_pieces(x);
        return;
    }
    over = asm_jmp(x->a);
    body = asm_here(x->a);
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

static void push(Asm *a, unsigned reg)
{
    asm_byte(a, 0x50 + reg);
}

static void pop(Asm *a, unsigned reg)
{
    asm_byte(a, 0x58 + reg);
}

/* rcx bytes from rsi to rdi, which stay; the last first, so that what is aligned is moved whole. rep movsb
 * takes hundreds of cycles for so few. */
static void copy(Asm *a)
{
    static const struct {
        unsigned bytes, load, store;
        bool imm;
    } step[] = {
        { 32, X86_OP(0xf3, MAP_0F, 0x6f) | X86_L, X86_OP(0xf3, MAP_0F, 0x7f) | X86_L, false },
        { 8, X86_OP(0xf3, MAP_0F, 0x7e), P66(0xd6), false },
        { 4, P66(0x6e), P66(0x7e), false },
        { 2, P66(0xc4), P3A(0x15), true },
        { 1, P3A(0x20), P3A(0x14), true },
    };

    for (unsigned n = 0; n < ARRAY_SIZE(step); n++) {
        const uint8_t *again = asm_here(a);
        asm_alu_imm(a, ALU_CMP, false, RCX, (int32_t)step[n].bytes);
        uint8_t *less = asm_jcc(a, CC_B);
        asm_alu_imm(a, ALU_SUB, false, RCX, (int32_t)step[n].bytes);
        asm_vex_rx(a, step[n].load, false, Y_A, 0, RSI, RCX, 0);
        if (step[n].imm)
            asm_byte(a, 0);
        asm_vex_rx(a, step[n].store, false, Y_A, 0, RDI, RCX, 0);
        if (step[n].imm)
            asm_byte(a, 0);
        asm_jmp_to(a, again);
        asm_aim(a, less);
    }
}

/*
 * All of it is in two pages that the TLB shows: if they follow one another on the host, too, it is accessed as
 * ever, else copied in two parts between them and the state.
 */
static void cross(Emit *e, const Stub *s, const X86Check *c)
{
    const IRVec *v = &e->r->vec[s->insn->target];
    unsigned reg = c->store ? RSI : RDI, memory = c->store ? RDI : RSI;
    X86Kept kept = e->kept;
    Asm *a = &e->a;
    uint8_t *no[2];

    x86_check_two(e, c, no);
    asm_alu(a, ALU_CMP, true, RCX, RDX);
    asm_jcc_to(a, CC_E, s->back);
    x86_keep_flush(e);
    x86_copy(e, c->var, RAX);
    push(a, RSI);
    push(a, RDI);
    push(a, RCX);
    asm_lea(a, reg, ENV, (int32_t)v->d);
    asm_mov(a, memory, RDX);
    asm_alu(a, ALU_ADD, true, memory, RAX);
    asm_mov(a, RCX, RAX); /* what is left of the first page */
    asm_rr(a, 0xf7, true, 3, RCX);
    asm_alu_imm(a, ALU_AND, false, RCX, (int32_t)TARGET_PAGE_SIZE - 1);
    asm_mov(a, RDX, RCX);
    asm_alu(a, ALU_ADD, true, RAX, RCX);
    copy(a);
    asm_alu(a, ALU_ADD, true, reg, RDX);
    pop(a, memory);
    asm_alu(a, ALU_ADD, true, memory, RAX);
    asm_mov_imm(a, RCX, (uint64_t)s->bytes);
    asm_alu(a, ALU_SUB, true, RCX, RDX);
    copy(a);
    pop(a, RDI);
    pop(a, RSI);
    x86_keep_lost(e);
    x86_keep_restore(e, &s->then);
    asm_jmp_to(a, s->after);
    e->kept = kept;
    asm_aim(a, no[0]);
    asm_aim(a, no[1]);
}

void vec_miss_stub(Emit *e, const Stub *s)
{
    X86Check c = check_of(e, s->insn, &e->r->vec[s->insn->target]);

    c.hi = s->bytes;
    asm_aim(&e->a, s->from);
    if (s->n_from)
        asm_aim(&e->a, s->froms[0]);
    if (s->window)
        x86_move_window(e, &c, s->back);
    if (s->whole)
        cross(e, s, &c);
    x86_call(e, s->insn);
    x86_keep_restore(e, &s->then);
    asm_jmp_to(&e->a, s->after);
}
