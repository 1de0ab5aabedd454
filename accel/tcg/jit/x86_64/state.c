/*
 * Words of the state beside guest registers: control registers that are nothing but their value, and the
 * status register.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

/* reg &= mask, with rdx to spare. */
static void mask_reg(Emit *e, unsigned reg, int64_t mask)
{
    if (mask == -1)
        return;
    if (mask == (int32_t)mask) {
        asm_alu_imm(&e->a, ALU_AND, true, reg, (int32_t)mask);
        return;
    }
    asm_mov_imm(&e->a, RDX, (uint64_t)mask);
    asm_alu(&e->a, ALU_AND, true, reg, RDX);
}

/* A register with what is to be put into the word. */
static unsigned operand(Emit *e, const IRInsn *i)
{
    if (i->b != JIT_NONE && i->imm == -1)
        return x86_use(e, i->b, RCX);
    if (i->b == JIT_NONE) {
        asm_mov_imm(&e->a, RCX, (uint64_t)i->imm);
        return RCX;
    }
    x86_copy(e, i->b, RCX);
    mask_reg(e, RCX, i->imm);
    return RCX;
}

static void get(Emit *e, const IRInsn *i)
{
    unsigned d = x86_dest(e, i->d, RAX);

    asm_load(&e->a, d, ENV, i->target);
    mask_reg(e, d, i->imm);
    if (d == RAX)
        x86_define(e, i->d, RAX);
}

void x86_state(Emit *e, const IRInsn *i)
{
    unsigned v;

    if (i->op == IR_get) {
        get(e, i);
        return;
    }
    v = operand(e, i);
    if (i->op == IR_swap)
        asm_load(&e->a, RAX, ENV, i->target);
    asm_store(&e->a, ENV, i->target, v);
    if (i->op == IR_swap)
        x86_define(e, i->d, RAX);
}

/* ---- The status register ---- */

/* rcx = what the instruction makes of the old value in rax. */
static void status_new(Emit *e, const IRInsn *i)
{
    Asm *a = &e->a;

    if (i->b != JIT_NONE)
        x86_copy(e, i->b, RCX);
    else
        asm_mov_imm(a, RCX, (uint64_t)i->imm);
    if (i->cond == IR_STATUS_SET)
        asm_alu(a, ALU_OR, true, RCX, RAX);
    if (i->cond == IR_STATUS_CLEAR) {
        asm_rr(a, 0xf7, true, 2, RCX); /* not */
        asm_alu(a, ALU_AND, true, RCX, RAX);
    }
}

static void test_imm(Emit *e, unsigned reg, uint32_t imm)
{
    asm_rr(&e->a, 0xf7, false, 0, reg);
    asm_imm32(&e->a, imm);
}

/* Interrupts become enabled: none may be waiting. */
static void status_enable(Emit *e, const JitStatus *st, Stub *s)
{
    Asm *a = &e->a;

    asm_alu(a, ALU_AND, false, RCX, RDX);
    test_imm(e, RCX, st->enable);
    uint8_t *not = asm_jcc(a, CC_E);
    asm_load(a, RCX, ENV, st->idle[0]);
    for (unsigned n = 1; n < ARRAY_SIZE(st->idle) && st->idle[n]; n++)
        asm_alu_load(a, ALU_OR, true, RCX, ENV, st->idle[n]);
    asm_rr(a, 0x85, true, RCX, RCX);
    s->froms[s->n_from++] = asm_jcc(a, CC_NE);
    test_imm(e, RAX, st->barred);
    s->froms[s->n_from++] = asm_jcc(a, CC_NE);
    asm_aim(a, not);
}

/* The register's old value, in rax, as it is read. */
static void status_read(Emit *e, const IRInsn *i, const JitStatus *st)
{
    Asm *a = &e->a;

    asm_rx(a, 0x8d, false, RCX, RAX, RAX, 0, 0);
    asm_alu(a, ALU_AND, false, RCX, RAX);
    asm_mov_imm(a, RDX, st->visible);
    asm_alu(a, ALU_AND, true, RAX, RDX);
    asm_alu(a, ALU_XOR, false, RDX, RDX);
    test_imm(e, RCX, st->dirty);
    asm_setcc(a, CC_NE, RDX);
    asm_shift_imm(a, SH_SHL, true, RDX, 63);
    asm_alu(a, ALU_OR, true, RAX, RDX);
    x86_define(e, i->d, RAX);
}

/* rax: the old value, rcx: the new one, rdx: the bits that change. */
void x86_status(Emit *e, const IRInsn *i)
{
    const JitStatus *st = e->r->model->status;
    Asm *a = &e->a;
    Stub *s;

    asm_load(a, RAX, ENV, st->offset);
    if (i->cond == IR_STATUS_READ) {
        status_read(e, i, st);
        return;
    }
    s = x86_stub(e, STUB_BODY, i);
    status_new(e, i);
    asm_mov(a, RDX, RCX);
    asm_alu(a, ALU_XOR, true, RDX, RAX);
    test_imm(e, RDX, st->writable & ~st->quick);
    s->froms[s->n_from++] = asm_jcc(a, CC_NE);
    asm_alu_imm(a, ALU_AND, false, RDX, (int32_t)st->quick);
    if (i->cond != IR_STATUS_CLEAR)
        status_enable(e, st, s);
    asm_alu(a, ALU_XOR, true, RDX, RAX);
    asm_store(a, ENV, st->offset, RDX);
    if (i->d != JIT_NONE)
        status_read(e, i, st);
    s->after = asm_here(a);
}
