/*
 * Atomic memory operations: the host's locked ones, or with a single vCPU (Jit.alone) the same without lock;
 * LR and SC as a compare-and-swap of the value read, as insn-a.c of the target has it; blocks that become zero.
 *
 * They go through the TLB, not through windows: they want the page writable and the address aligned, which
 * one comparison says. What does not pass is done by the instruction's body.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

/* The new value in rcx, of the old one in rax and the operand. */
static void combine(Emit *e, const IRInsn *i, bool w)
{
    static const uint8_t alu[] = { [IR_AMO_AND] = ALU_AND, [IR_AMO_OR] = ALU_OR,
                                   [IR_AMO_XOR] = ALU_XOR };
    static const uint8_t keep[] = { [IR_AMO_MIN] = CC_G, [IR_AMO_MAX] = CC_L, [IR_AMO_MINU] = CC_A,
                                    [IR_AMO_MAXU] = CC_B };
    Asm *a = &e->a;

    if (i->cond <= IR_AMO_XOR) {
        x86_copy(e, i->b, RCX);
        asm_alu(a, alu[i->cond], w, RCX, RAX);
        return;
    }
    /* rcx = old; the operand instead if it is less (greater). */
    asm_mov(a, RCX, RAX);
    if (i->b == 0 || e->reg[i->b] < 0) {
        /* From memory (or 0), for want of a third register. */
        if (i->b == 0)
            asm_alu_imm(a, ALU_CMP, w, RCX, 0);
        else
            asm_alu_load(a, ALU_CMP, w, RCX, ENV, x86_offset(e, i->b));
        uint8_t *stays = asm_jcc(a, keep[i->cond] ^ 1);
        x86_copy(e, i->b, RCX);
        asm_aim(a, stays);
        return;
    }
    asm_alu(a, ALU_CMP, w, RCX, (unsigned)e->reg[i->b]);
    asm_rr(a, X86_OP(0, MAP_0F, 0x40 | keep[i->cond]), true, RCX, (unsigned)e->reg[i->b]);
}

void x86_amo(Emit *e, const IRInsn *i)
{
    Asm *a = &e->a;
    Stub *s = x86_stub(e, STUB_BODY, i);
    bool w = i->size == 8;

    x86_copy(e, i->a, RAX);
    x86_tlb(e, MMU_STORE, i->size, s);
    switch (i->cond) {
    case IR_AMO_SWAP:
        if (e->j->alone) {
            unsigned v = x86_use(e, i->b, RCX);
            asm_rm(a, 0x8b, w, RAX, RDX, 0);
            asm_rm(a, 0x89, w, v, RDX, 0);
            break;
        }
        x86_copy(e, i->b, RAX);
        asm_rm(a, 0x87, w, RAX, RDX, 0); /* xchg locks by itself */
        break;
    case IR_AMO_ADD:
        x86_copy(e, i->b, RAX);
        if (!e->j->alone)
            asm_byte(a, 0xf0);
        asm_rm(a, X86_OP(0, MAP_0F, 0xc1), w, RAX, RDX, 0);
        break;
    default: {
        asm_rm(a, 0x8b, w, RAX, RDX, 0);
        const uint8_t *again = asm_here(a);
        combine(e, i, w);
        if (e->j->alone) {
            asm_rm(a, 0x89, w, RCX, RDX, 0);
            break;
        }
        asm_byte(a, 0xf0);
        asm_rm(a, X86_OP(0, MAP_0F, 0xb1), w, RCX, RDX, 0); /* cmpxchg */
        asm_jcc_to(a, CC_NE, again);
        break;
    }
    }
    if (!w)
        asm_rr(a, 0x63, true, RAX, RAX);
    if (i->d != JIT_NONE)
        x86_define(e, i->d, RAX);
    s->after = asm_here(a);
}

void x86_load_reserved(Emit *e, const IRInsn *i)
{
    const TCGJitOps *m = e->r->model;
    Stub *s = x86_stub(e, STUB_BODY, i);

    x86_copy(e, i->a, RAX);
    x86_tlb(e, MMU_LOAD, i->size, s);
    asm_store(&e->a, ENV, (int32_t)m->reserve_addr, RAX);
    asm_rm(&e->a, 0x8b, i->size == 8, RAX, RDX, 0);
    if (i->size == 4)
        asm_rr(&e->a, 0x63, true, RAX, RAX);
    asm_store(&e->a, ENV, (int32_t)m->reserve_value, RAX);
    asm_rm(&e->a, 0xc6, false, 0, ENV, (int32_t)m->reserve_size); /* mov byte */
    asm_byte(&e->a, i->size);
    if (i->d != JIT_NONE)
        x86_define(e, i->d, RAX);
    s->after = asm_here(&e->a);
    e->lr = e->cold ? NULL : i;
    e->lr_value = i->d && i->d != JIT_NONE;
}

void x86_track_reservation(Emit *e, const IRInsn *i)
{
    if (!e->lr)
        return;
    if (i->op == IR_call || i->op == IR_status || i->op == IR_store_conditional || i->d == e->lr->a)
        e->lr = NULL;
    else if (i != e->lr && i->d == e->lr->d)
        e->lr_value = false;
}

/*
 * Without a matching reservation the body finds out what that means. Behind its LR it surely matches: where
 * that was done by its body, the store's check passes only if the page is RAM, and then the body has made one.
 */
void x86_store_conditional(Emit *e, const IRInsn *i)
{
    const TCGJitOps *m = e->r->model;
    Stub *s = x86_stub(e, STUB_BODY, i);
    Asm *a = &e->a;
    bool w = i->size == 8, paired = e->lr && e->lr->a == i->a && e->lr->size == i->size;

    x86_copy(e, i->a, RAX);
    if (!paired) {
        asm_alu_load(a, ALU_CMP, true, RAX, ENV, (int32_t)m->reserve_addr);
        s->froms[s->n_from++] = asm_jcc(a, CC_NE);
        asm_rm(a, 0x80, false, ALU_CMP, ENV, (int32_t)m->reserve_size);
        asm_byte(a, i->size);
        s->froms[s->n_from++] = asm_jcc(a, CC_NE);
    }
    x86_tlb(e, MMU_STORE, i->size, s);
    if (paired && e->lr_value)
        x86_copy(e, e->lr->d, RAX);
    else
        asm_load(a, RAX, ENV, (int32_t)m->reserve_value);
    unsigned v = x86_use(e, i->b, RCX);
    if (e->j->alone) {
        asm_rm(a, ALU_CMP << 3 | 3, w, RAX, RDX, 0);
        uint8_t *differs = asm_jcc(a, CC_NE);
        asm_rm(a, 0x89, w, v, RDX, 0);
        asm_aim(a, differs);
    } else {
        asm_byte(a, 0xf0);
        asm_rm(a, X86_OP(0, MAP_0F, 0xb1), w, v, RDX, 0); /* cmpxchg */
    }
    asm_setcc(a, CC_NE, RAX);
    asm_rr(a, X86_OP(0, MAP_0F, 0xb6), false, RAX, RAX);
    asm_rm(a, 0xc7, true, 0, ENV, (int32_t)m->reserve_addr);
    asm_imm32(a, UINT32_MAX);
    if (i->d != JIT_NONE)
        x86_define(e, i->d, RAX);
    s->after = asm_here(a);
}

/* 16 bytes at a time: hosts with AVX make such stores at once. */
void x86_zero(Emit *e, const IRInsn *i)
{
    Stub *s = x86_stub(e, STUB_BODY, i);
    Asm *a = &e->a;

    if (i->imm) {
        asm_rm(a, 0x8b, false, RAX, ENV, i->target);
        asm_rr(a, 0xf7, false, 2, RAX); /* not */
        asm_rr(a, 0xf7, false, 0, RAX); /* test */
        asm_imm32(a, (uint32_t)i->imm);
        s->froms[s->n_from++] = asm_jcc(a, CC_NE);
    }
    x86_copy(e, i->a, RAX);
    asm_alu_imm(a, ALU_AND, true, RAX, -(int32_t)i->size);
    x86_tlb(e, MMU_STORE, 8, s);
    asm_vex_rr(a, X86_OP(0x66, MAP_0F, 0xef), false, 0, 0, 0); /* vpxor */
    for (unsigned n = 0; n < i->size; n += 16)
        asm_vex_rm(a, X86_OP(0x66, MAP_0F, 0x7f), false, 0, 0, RDX, (int32_t)n); /* vmovdqa */
    s->after = asm_here(a);
}
