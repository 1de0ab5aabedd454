/*
 * Floating point to and from integers, between its sizes, and its classes; see fp.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/fp.h"

/* eax = plus, or minus if the sign in bit `sign` of rax is set. */
static void by_sign(Emit *e, unsigned sign, int32_t plus, int32_t minus)
{
    asm_shift_imm(&e->a, SH_SHR, true, RAX, sign);
    asm_rr(&e->a, 0xf7, false, 3, RAX); /* neg */
    asm_alu_imm(&e->a, ALU_AND, false, RAX, minus - plus);
    asm_alu_imm(&e->a, ALU_ADD, false, RAX, plus);
}

/* Normal numbers, whose exponent plus 1 is more than 1 modulo what it can be, and zeros; the rest is
 * declined. */
void fp_classify(Emit *e, const Decline *s, const IRInsn *i)
{
    enum { MINUS_NORMAL = 1 << 1, MINUS_ZERO = 1 << 3, PLUS_ZERO = 1 << 4, PLUS_NORMAL = 1 << 6 };
    unsigned a = fp_operand(e, s, i, i->a, X0);
    unsigned sign = fp_single(i) ? 31 : 63, fraction = fp_single(i) ? 23 : 52;
    Asm *p = &e->a;

    if (i->d == JIT_NONE)
        return;
    asm_vex_rr(p, X86_OP(0x66, MAP_0F, 0x7e), !fp_single(i), a, 0, RAX);
    asm_mov_imm(p, RCX, 1ULL << (fraction + 1));
    asm_rx(p, 0x8d, !fp_single(i), RCX, RCX, RAX, 1, 0);
    asm_shift_imm(p, SH_SHR, !fp_single(i), RCX, fraction + 2);
    uint8_t *normal = asm_jcc(p, CC_NE);
    asm_mov(p, RCX, RAX);
    asm_alu(p, ALU_ADD, !fp_single(i), RCX, RCX);
    fp_decline(e, s->body, CC_NE);
    by_sign(e, sign, PLUS_ZERO, MINUS_ZERO);
    uint8_t *end = asm_jmp(p);
    asm_aim(p, normal);
    by_sign(e, sign, PLUS_NORMAL, MINUS_NORMAL);
    asm_aim(p, end);
    x86_define(e, i->d, RAX);
}

/* Operands that stay in range however they are rounded; see FP_IN_* in fpu/ops.h. */
static void decline_range(Emit *e, const Decline *s, const IRInsn *i)
{
    bool is_signed = i->op == IR_fto_i32 || i->op == IR_fto_i64;
    uint64_t limit; /* the first that is out of range */

    if (fp_single(i))
        limit = i->op == IR_fto_i32 ? 0x4f000000 : i->op == IR_fto_u32 ? 0x4f800000 : 0x5f000000;
    else
        limit = i->op == IR_fto_i32 ? 0x41dfffffffc00001
              : i->op == IR_fto_u32 ? 0x41efffffffe00001 : 0x43e0000000000000;
    if (is_signed) {
        asm_rr(&e->a, X86_OP(0, MAP_0F, 0xba), true, 6, RAX); /* btr */
        asm_byte(&e->a, fp_single(i) ? 31 : 63);
    }
    asm_mov_imm(&e->a, RCX, limit);
    asm_alu(&e->a, ALU_CMP, true, RAX, RCX);
    fp_decline(e, s->body, CC_AE);
}

void fp_to_integer(Emit *e, const Decline *s, const IRInsn *i)
{
    unsigned a = fp_operand(e, s, i, i->a, X0);
    bool word = i->op == IR_fto_i32 || i->op == IR_fto_u32;

    if (fp_single(i))
        asm_vex_rr(&e->a, X86_OP(0x66, MAP_0F, 0x7e), false, a, 0, RAX); /* vmovd */
    else
        fp_to_int(e, RAX, a);
    decline_range(e, s, i);
    if (i->imm) { /* vroundss, vroundsd */
        asm_vex_rr(&e->a, X86_OP(0x66, MAP_0F3A, fp_single(i) ? 0x0a : 0x0b), false, X2, a, a);
        asm_byte(&e->a, i->imm == IR_ROUND_DOWN ? 1 : 2);
        a = X2;
    }
    asm_vex_rr(&e->a, fp_scalar(i, i->sign ? 0x2c : 0x2d), true, RAX, 0, a);
    if (word)
        asm_rr(&e->a, 0x63, true, RAX, RAX);
    if (i->d != JIT_NONE)
        x86_define(e, i->d, RAX);
}

void fp_from_integer(Emit *e, const Decline *s, const IRInsn *i)
{
    unsigned a = x86_use(e, i->a, RAX), d = fp_dest(e, i->d);

    if (i->op == IR_ffrom_u32) {
        asm_mov32(&e->a, RAX, a);
        a = RAX;
    } else if (i->op == IR_ffrom_u64) {
        asm_rr(&e->a, 0x85, true, a, a);
        fp_decline(e, s->body, CC_S);
    }
    asm_vex_rr(&e->a, X86_OP(0, MAP_0F, 0x57), false, d, d, d);
    asm_vex_rr(&e->a, fp_scalar(i, 0x2a), i->op != IR_ffrom_i32, d, d, a);
    if (fp_single(i))
        fp_box(e, d);
    fp_define(e, i->d, d, fp_single(i));
}

/* size: of the source. */
void fp_convert(Emit *e, const Decline *s, const IRInsn *i)
{
    unsigned a = fp_operand(e, s, i, i->a, X0), d = fp_dest(e, i->d);
    bool narrow = i->op == IR_fnarrow;

    asm_vex_rr(&e->a, fp_scalar(i, 0x5a), false, d, a, a);
    if (narrow)
        fp_box(e, d);
    fp_canonical(e, s, d, narrow);
    fp_define(e, i->d, d, narrow);
}

void fp_move(Emit *e, const IRInsn *i)
{
    if (i->op == IR_fmv_to_int) {
        if (i->d == JIT_NONE)
            return;
        if (e->reg[i->a] >= 0)
            fp_to_int(e, RAX, (unsigned)e->reg[i->a]);
        else
            asm_load(&e->a, RAX, ENV, x86_offset(e, i->a));
        if (fp_single(i))
            asm_rr(&e->a, 0x63, true, RAX, RAX);
        x86_define(e, i->d, RAX);
        return;
    }
    if (fp_single(i)) {
        asm_mov32(&e->a, RAX, x86_use(e, i->a, RAX));
        asm_mov_imm(&e->a, RCX, 0xffffffff00000000);
        asm_alu(&e->a, ALU_OR, true, RAX, RCX);
    } else {
        x86_copy(e, i->a, RAX);
    }
    x86_float_define(e, i->d);
    if (fp_single(i))
        e->boxed |= 1ULL << i->d;
}
