/*
 * Floating point on the host's own unit.
 *
 * The host's sticky flags are the guest's, and its rounding mode follows frm (target/riscv/fpu/fpu.h), so that
 * a bit of env says whether an operation may be done here. Where not, and where an operand is not boxed, the
 * interpreter takes over, so that what was tested once in a block holds for the rest of it. Results that
 * are NaNs become the canonical one in a stub, with the flags that they have raised. Where these may
 * be others (a fused infinity times zero, plus a NaN), with a minimum of NaNs and with integers out of
 * range, the instruction's body is called there: what it reads was not changed by then, or is
 * restored, and no flag raised that it would not raise as well.
 *
 * Numbers of 32 bits are kept boxed: three-operand instructions carry bits 32 to 63 over from their first
 * operand.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/fp.h"

/* ucomis and comis. */
static unsigned compare_op(const IRInsn *i, unsigned byte)
{
    return X86_OP(fp_single(i) ? 0 : 0x66, MAP_0F, byte);
}

static void copy(Emit *e, unsigned d, unsigned s)
{
    if (d != s)
        asm_vex_rr(&e->a, X86_OP(0, MAP_0F, 0x28), false, d, 0, s); /* vmovaps */
}

void x86_test_fast(Emit *e, Stub *s, unsigned env_offset, unsigned bit, bool fused)
{
    uint32_t known = 1u << bit << (fused ? 8 : 0);

    if (e->fast & known)
        return;
    asm_rm(&e->a, 0xf6, false, 0, ENV, (int32_t)env_offset); /* test byte */
    asm_byte(&e->a, 1u << bit);
    fp_decline(e, s, CC_E);
    e->fast |= known;
}

/* Asks, once in a block, whether the host may do this: see Decline.interpreter. */
static void test_fast(Emit *e, const Decline *s, const IRInsn *i)
{
    if (i->target)
        x86_test_fast(e, s->interpreter, i->target, i->cond, i->op >= IR_fmadd && i->op <= IR_fnmadd);
}

/* All 64 bits of var in a register: its own, or scratch. */
static unsigned whole(Emit *e, unsigned var, unsigned scratch)
{
    if (e->reg[var] >= 0)
        return (unsigned)e->reg[var];
    asm_vex_rm(&e->a, X86_OP(0xf3, MAP_0F, 0x7e), false, scratch, 0, ENV, x86_offset(e, var));
    return scratch;
}

void x86_test_boxed(Emit *e, Stub *s, unsigned var)
{
    if (e->boxed >> var & 1)
        return;
    if (e->reg[var] >= 0) {
        fp_to_int(e, RAX, (unsigned)e->reg[var]);
        asm_shift_imm(&e->a, SH_SHR, true, RAX, 32);
        asm_alu_imm(&e->a, ALU_CMP, false, RAX, -1);
    } else {
        asm_alu_mem_imm(&e->a, ALU_CMP, false, ENV, x86_offset(e, var) + 4, -1);
    }
    fp_decline(e, s, CC_NE);
    e->boxed |= 1ULL << var;
}

unsigned fp_operand(Emit *e, const Decline *s, const IRInsn *i, unsigned var, unsigned scratch)
{
    if (fp_single(i))
        x86_test_boxed(e, s->interpreter, var);
    return whole(e, var, scratch);
}

unsigned fp_dest(const Emit *e, unsigned var)
{
    return e->reg[var] >= 0 ? (unsigned)e->reg[var] : X0;
}

void fp_define(Emit *e, unsigned var, unsigned x, bool boxed)
{
    if (e->reg[var] >= 0)
        copy(e, (unsigned)e->reg[var], x);
    else
        asm_vex_rm(&e->a, X86_OP(0x66, MAP_0F, 0xd6), false, x, 0, ENV, x86_offset(e, var));
    if (boxed)
        e->boxed |= 1ULL << var;
    else
        e->boxed &= ~(1ULL << var);
}

/* To the stub if x is a NaN. */
static void test_nan(Emit *e, Stub *s, unsigned x, bool is_single)
{
    asm_vex_rr(&e->a, X86_OP(is_single ? 0 : 0x66, MAP_0F, 0x2e), false, x, 0, x);
    fp_decline(e, s, CC_P);
}

void fp_canonical(Emit *e, const Decline *s, unsigned x, bool is_single)
{
    test_nan(e, s->nan, x, is_single);
    s->nan->reg = (uint8_t)x;
    s->nan->edge = is_single;
    s->nan->after = asm_here(&e->a);
}

void x86_nan_stub(Emit *e, const Stub *s)
{
    if (!s->n_from)
        return;
    asm_aim(&e->a, s->froms[0]);
    asm_vex_rip(&e->a, X86_OP(0xf3, MAP_0F, 0x7e), false, s->reg, 0,
                x86_bytes(e, s->edge ? 0xffffffff7fc00000 : 0x7ff8000000000000)); /* vmovq */
    asm_jmp_to(&e->a, s->after);
}

static void binary(Emit *e, const Decline *s, const IRInsn *i, unsigned byte)
{
    unsigned a = fp_operand(e, s, i, i->a, X0), b = fp_operand(e, s, i, i->b, X1), d = fp_dest(e, i->d);

    asm_vex_rr(&e->a, fp_scalar(i, byte), false, d, a, b);
    fp_canonical(e, s, d, fp_single(i));
    fp_define(e, i->d, d, fp_single(i));
}

static void square_root(Emit *e, const Decline *s, const IRInsn *i)
{
    unsigned a = fp_operand(e, s, i, i->a, X0), d = fp_dest(e, i->d);

    asm_vex_rr(&e->a, fp_scalar(i, 0x51), false, d, a, a);
    fp_canonical(e, s, d, fp_single(i));
    fp_define(e, i->d, d, fp_single(i));
}

/* byte: the opcode for d = a * b + d. A register that the body reads is saved if it is written. */
static void fused(Emit *e, const Decline *s, const IRInsn *i, unsigned byte)
{
    enum { D_IS_FACTOR = 0x10 }; /* opcodes for d = a * d + c are so much less */
    unsigned a = fp_operand(e, s, i, i->a, X1), b = fp_operand(e, s, i, i->b, X2);
    unsigned c = fp_operand(e, s, i, i->c, X0), d = fp_dest(e, i->d), saved = d;

    if (d == c) {
        if (d != X0)
            copy(e, saved = X0, d);
    } else if (d == a || d == b) {
        if (d == b) {
            b = a;
            copy(e, saved = X2, d);
        } else {
            copy(e, saved = X1, d);
        }
        byte -= D_IS_FACTOR;
        a = b;
        b = c;
    } else {
        copy(e, d, c);
    }
    asm_vex_rr(&e->a, X86_OP(0x66, MAP_0F38, byte), !fp_single(i), d, a, b);
    test_nan(e, s->body, d, fp_single(i));
    if (saved != d) {
        s->body->restore = (uint8_t)saved;
        s->body->reg = (uint8_t)d;
    }
    fp_define(e, i->d, d, fp_single(i));
}

/* NaNs are declined. Equal operands are the same or zeros, of which the sign bits say what is less. */
static void min_max(Emit *e, const Decline *s, const IRInsn *i, unsigned byte)
{
    bool min = i->op == IR_fmin;
    unsigned a = fp_operand(e, s, i, i->a, X0), b = fp_operand(e, s, i, i->b, X1);

    asm_vex_rr(&e->a, compare_op(i, 0x2e), false, a, 0, b);
    fp_decline(e, s->body, CC_P);
    asm_vex_rr(&e->a, fp_scalar(i, byte), false, X2, a, b);
    uint8_t *differ = asm_jcc(&e->a, CC_NE);
    asm_vex_rr(&e->a, X86_OP(0, MAP_0F, min ? 0x56 : 0x54), false, X2, a, b); /* vorps, vandps */
    asm_aim(&e->a, differ);
    fp_define(e, i->d, X2, fp_single(i));
}

/* feq is quiet, the others signal: x86's "above" and "above or equal" are false if unordered. */
static void compare(Emit *e, const Decline *s, const IRInsn *i)
{
    unsigned a = fp_operand(e, s, i, i->a, X0), b = fp_operand(e, s, i, i->b, X1);

    if (i->op == IR_feq) {
        asm_vex_rr(&e->a, compare_op(i, 0x2e), false, a, 0, b);
        asm_setcc(&e->a, CC_NP, RAX);
        asm_setcc(&e->a, CC_E, RCX);
        asm_rr8(&e->a, 0x22, RAX, RCX); /* and al, cl */
    } else {
        asm_vex_rr(&e->a, compare_op(i, 0x2f), false, b, 0, a);
        asm_setcc(&e->a, i->op == IR_flt ? CC_A : CC_AE, RAX);
    }
    asm_rr(&e->a, X86_OP(0, MAP_0F, 0xb6), false, RAX, RAX);
    if (i->d != JIT_NONE)
        x86_define(e, i->d, RAX);
}

void fp_with_bits(Emit *e, unsigned byte, unsigned d, unsigned a, uint64_t bits)
{
    const void *place = x86_bytes(e, bits);

    if (place)
        asm_vex_rip(&e->a, X86_OP(0, MAP_0F, byte), false, d, a, place);
}

void fp_box(Emit *e, unsigned x)
{
    fp_with_bits(e, 0x56, x, x, 0xffffffff00000000);
}

static void sign_injection(Emit *e, const Decline *s, const IRInsn *i)
{
    enum { AND = 0x54, ANDN = 0x55, OR = 0x56, XOR = 0x57 }; /* vandps and so on; ~a & b */
    uint64_t sign = fp_single(i) ? 0x80000000 : 0x8000000000000000;
    unsigned a = fp_operand(e, s, i, i->a, X0), b = fp_operand(e, s, i, i->b, X1), d = fp_dest(e, i->d);

    if (i->a == i->b) {
        if (i->op == IR_fsgnj)
            d = a;
        else if (i->op == IR_fsgnjn)
            fp_with_bits(e, XOR, d, a, sign);
        else
            fp_with_bits(e, AND, d, a, ~sign);
    } else {
        fp_with_bits(e, i->op == IR_fsgnjn ? ANDN : AND, X1, b, sign);
        if (i->op != IR_fsgnjx) {
            fp_with_bits(e, AND, X0, a, ~sign);
            a = X0;
        }
        asm_vex_rr(&e->a, X86_OP(0, MAP_0F, i->op == IR_fsgnjx ? XOR : OR), false, d, a, X1);
    }
    fp_define(e, i->d, d, fp_single(i));
}

void x86_float_define(Emit *e, unsigned var)
{
    if (e->reg[var] >= 0)
        fp_from_int(e, (unsigned)e->reg[var], RAX);
    else
        asm_store(&e->a, ENV, x86_offset(e, var), RAX);
    e->boxed &= ~(1ULL << var);
}

void x86_float_load(Emit *e, const IRInsn *i, X86Place p)
{
    if (!fp_single(i)) {
        unsigned x = e->reg[i->d] >= 0 ? (unsigned)e->reg[i->d] : X0;
        asm_vex_rx(&e->a, X86_OP(0xf3, MAP_0F, 0x7e), false, x, 0, p.base, p.index, p.disp);
        fp_define(e, i->d, x, false);
        return;
    }
    unsigned x = fp_dest(e, i->d);

    asm_vex_rx(&e->a, X86_OP(0xf3, MAP_0F, 0x10), false, x, 0, p.base, p.index, p.disp);
    fp_box(e, x);
    fp_define(e, i->d, x, true);
}

void x86_float_store(Emit *e, const IRInsn *i, X86Place p)
{
    unsigned x = whole(e, i->b, X0);

    if (fp_single(i))
        asm_vex_rx(&e->a, X86_OP(0xf3, MAP_0F, 0x11), false, x, 0, p.base, p.index, p.disp);
    else
        asm_vex_rx(&e->a, X86_OP(0x66, MAP_0F, 0xd6), false, x, 0, p.base, p.index, p.disp);
}

/* Where the guest's flags for each value of MXCSR's low 6 bits are. IE, DE (of a subnormal operand: the
 * guest has none), ZE, OE, UE, PE. */
static const uint8_t *flags_table(Emit *e)
{
    const JitFlags *f = e->r->model->flags;
    const uint8_t guest[6] = { f->invalid, 0, f->by_zero, f->overflow, f->underflow, f->inexact };

    if (e->flags)
        return e->flags;
    e->flags = jit_data(e->j, 64);
    if (!e->flags) {
        e->a.full = true;
        return NULL;
    }
    for (unsigned v = 0; v < 64; v++) {
        e->flags[v] = 0;
        for (unsigned n = 0; n < 6; n++)
            e->flags[v] |= v >> n & 1 ? guest[n] : 0;
    }
    return e->flags;
}

/* eax = the flags; rcx is used. */
static void flags_of_host(Emit *e)
{
    Asm *a = &e->a;
    const uint8_t *table = flags_table(e);

    if (!table)
        return;
    asm_vex_rm(a, X86_OP(0, MAP_0F, 0xae), false, 3, 0, RSP, FRAME_VALUE); /* vstmxcsr */
    asm_rm(a, 0x8b, false, RAX, RSP, FRAME_VALUE);
    asm_alu_imm(a, ALU_AND, false, RAX, 63);
    asm_rip(a, 0x8d, true, RCX, table, 0);
    asm_rx(a, X86_OP(0, MAP_0F, 0xb6), false, RAX, RCX, RAX, 0, 0);
    asm_rm(a, 0x0a, false, RAX, ENV, e->r->model->flags->offset); /* or al */
}

/* Programs save flags, compare and restore them: writing what is there already is the quick case. */
static void flags(Emit *e, const Decline *s, const IRInsn *i)
{
    const JitFlags *f = e->r->model->flags;

    flags_of_host(e);
    if (i->op == IR_fflags_get) {
        x86_define(e, i->d, RAX);
        return;
    }
    x86_copy(e, i->a, RCX);
    asm_alu_imm(&e->a, ALU_AND, false, RCX,
                f->invalid | f->by_zero | f->overflow | f->underflow | f->inexact);
    asm_alu(&e->a, ALU_CMP, false, RAX, RCX);
    fp_decline(e, s->body, CC_NE);
}

static void operation(Emit *e, const Decline *s, const IRInsn *i)
{
    switch (i->op) {
    case IR_fadd:
        binary(e, s, i, 0x58);
        break;
    case IR_fsub:
        binary(e, s, i, 0x5c);
        break;
    case IR_fmul:
        binary(e, s, i, 0x59);
        break;
    case IR_fdiv:
        binary(e, s, i, 0x5e);
        break;
    case IR_fmin:
        min_max(e, s, i, 0x5d);
        break;
    case IR_fmax:
        min_max(e, s, i, 0x5f);
        break;
    case IR_fmadd:
        fused(e, s, i, 0xb9);
        break;
    case IR_fmsub:
        fused(e, s, i, 0xbb);
        break;
    case IR_fnmsub:
        fused(e, s, i, 0xbd);
        break;
    case IR_fnmadd:
        fused(e, s, i, 0xbf);
        break;
    case IR_fsqrt:
        square_root(e, s, i);
        break;
    case IR_fnarrow:
    case IR_fwiden:
        fp_convert(e, s, i);
        break;
    case IR_fsgnj:
    case IR_fsgnjn:
    case IR_fsgnjx:
        sign_injection(e, s, i);
        break;
    case IR_feq:
    case IR_flt:
    case IR_fle:
        compare(e, s, i);
        break;
    case IR_fclass:
        fp_classify(e, s, i);
        break;
    case IR_fto_i32:
    case IR_fto_u32:
    case IR_fto_i64:
    case IR_fto_u64:
        fp_to_integer(e, s, i);
        break;
    case IR_fflags_get:
    case IR_fflags_put:
        flags(e, s, i);
        break;
    default:
        fp_from_integer(e, s, i);
        break;
    }
}

void x86_float(Emit *e, const IRInsn *i)
{
    if (i->op == IR_fmv_to_int || i->op == IR_fmv_from_int) {
        fp_move(e, i);
        return;
    }
    unsigned first = e->n_stubs;
    Decline d;
    d.nan = x86_stub(e, STUB_NAN, i);
    d.body = x86_stub(e, STUB_BODY, i);
    d.interpreter = x86_stub(e, STUB_INTERPRET, i);
    test_fast(e, &d, i);
    operation(e, &d, i);
    d.body->after = asm_here(&e->a);
    d.body->resume = x86_resume(e, i);
    /* Most ask for one of them only. */
    while (e->n_stubs > first && !e->stubs[e->n_stubs - 1].n_from)
        e->n_stubs--;
}
