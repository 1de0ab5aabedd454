/*
 * Multiplication and division. Quotients that RISC-V defines and the host traps on are caught before.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

/* b in a register that is neither rax nor rdx. */
static unsigned second(Emit *e, const IRInsn *i)
{
    if (i->b != JIT_NONE)
        return x86_use(e, i->b, RCX);
    asm_mov_imm(&e->a, RCX, (uint64_t)i->imm);
    return RCX;
}

static void multiply_low(Emit *e, const IRInsn *i)
{
    bool w = i->op == IR_mul;
    unsigned b, d;

    if (i->b == JIT_NONE && i->imm == (int32_t)i->imm) {
        d = x86_dest(e, i->d, RAX);
        asm_rr(&e->a, 0x69, w, d, x86_use(e, i->a, RAX));
        asm_imm32(&e->a, (uint32_t)i->imm);
        if (!w)
            asm_rr(&e->a, 0x63, true, d, d);
        x86_define(e, i->d, d);
        return;
    }
    b = second(e, i);
    d = i->d != i->b ? x86_dest(e, i->d, RAX) : RAX;

    x86_copy(e, i->a, d);
    asm_rr(&e->a, X86_OP(0, MAP_0F, 0xaf), w, d, b);
    if (!w)
        asm_rr(&e->a, 0x63, true, d, d);
    x86_define(e, i->d, d);
}

/* One operand in rax, the other explicit; the high half comes in rdx. group: 4 mul, 5 imul. */
static void multiply_high(Emit *e, const IRInsn *i)
{
    unsigned b = second(e, i);

    x86_copy(e, i->a, RAX);
    asm_rr(&e->a, 0xf7, true, i->op == IR_mulh ? 5 : 4, b);
    if (i->op == IR_mulhsu) {
        /* a taken as unsigned counts 2^64 * b too much if it is negative. */
        unsigned a = x86_use(e, i->a, RAX);
        if (a != RAX)
            asm_mov(&e->a, RAX, a);
        asm_shift_imm(&e->a, SH_SAR, true, RAX, 63);
        asm_alu(&e->a, ALU_AND, true, RAX, b);
        asm_alu(&e->a, ALU_SUB, true, RDX, RAX);
    }
    x86_define(e, i->d, RDX);
}

static bool is_signed(IROp op)
{
    return op == IR_div || op == IR_rem || op == IR_divw || op == IR_remw;
}

static bool is_rem(IROp op)
{
    return op == IR_rem || op == IR_remu || op == IR_remw || op == IR_remuw;
}

static bool is_word(IROp op)
{
    return op >= IR_divw;
}

/*
 * By 0: all ones, or the dividend as remainder. By -1: the dividend negated, remainder 0, which is also
 * what the overflow of the most negative number gives.
 */
static void divide(Emit *e, const IRInsn *i)
{
    Asm *a = &e->a;
    bool w = !is_word(i->op), sign = is_signed(i->op), rem = is_rem(i->op);
    unsigned b = second(e, i);
    uint8_t *done[2], *by_zero, *by_minus_one = NULL;

    x86_copy(e, i->a, RAX);
    asm_rr(a, 0x85, w, b, b);
    by_zero = asm_jcc(a, CC_E);
    if (sign) {
        asm_alu_imm(a, ALU_CMP, w, b, -1);
        by_minus_one = asm_jcc(a, CC_E);
        if (w)
            asm_byte(a, 0x48);
        asm_byte(a, 0x99); /* cdq, cqo */
    } else {
        asm_alu(a, ALU_XOR, false, RDX, RDX);
    }
    asm_rr(a, 0xf7, w, sign ? 7 : 6, b);
    if (rem)
        asm_rr(a, 0x8b, w, RAX, RDX);
    done[0] = asm_jmp(a);
    asm_aim(a, by_zero);
    if (!rem)
        asm_mov_imm(a, RAX, ~0ULL);
    done[1] = asm_jmp(a);
    if (by_minus_one) {
        asm_aim(a, by_minus_one);
        if (rem)
            asm_mov_imm(a, RAX, 0);
        else
            asm_rr(a, 0xf7, w, 3, RAX); /* neg */
    }
    asm_aim(a, done[0]);
    asm_aim(a, done[1]);
    if (!w)
        asm_rr(a, 0x63, true, RAX, RAX);
    x86_define(e, i->d, RAX);
}

void x86_muldiv(Emit *e, const IRInsn *i)
{
    switch (i->op) {
    case IR_mul:
    case IR_mulw:
        multiply_low(e, i);
        break;
    case IR_mulh:
    case IR_mulhu:
    case IR_mulhsu:
        multiply_high(e, i);
        break;
    default:
        divide(e, i);
        break;
    }
}
