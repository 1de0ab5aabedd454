/*
 * Integer operations that are a few instructions of the host.
 *
 * An operand that is in env is used from there. A result is computed in its own register where no
 * operand is overwritten too early, else in rax.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

static bool immediate(const IRInsn *i)
{
    return i->b == JIT_NONE;
}

static bool in_reg(const Emit *e, unsigned var)
{
    return var && var < JIT_VARS && e->reg[var] >= 0;
}

static bool fits32(int64_t v)
{
    return v == (int32_t)v;
}

/* d = d op b */
static void alu_with_b(Emit *e, unsigned alu, bool w, unsigned d, const IRInsn *i)
{
    if (immediate(i) && fits32(i->imm)) {
        asm_alu_imm(&e->a, alu, w, d, (int32_t)i->imm);
    } else if (immediate(i)) {
        asm_mov_imm(&e->a, RCX, (uint64_t)i->imm);
        asm_alu(&e->a, alu, w, d, RCX);
    } else if (i->b == 0) {
        asm_alu_imm(&e->a, alu, w, d, 0);
    } else if (in_reg(e, i->b)) {
        asm_alu(&e->a, alu, w, d, (unsigned)e->reg[i->b]);
    } else {
        asm_alu_load(&e->a, alu, w, d, ENV, x86_offset(e, i->b));
    }
}

/* The register for the result, if it may be written before b is read. */
static unsigned early_dest(const Emit *e, const IRInsn *i)
{
    return i->d == i->b ? RAX : x86_dest(e, i->d, RAX);
}

static void alu64(Emit *e, unsigned alu, const IRInsn *i)
{
    /* In memory: add [rbp + x], b */
    if (i->d == i->a && !in_reg(e, i->d) && immediate(i) && fits32(i->imm)) {
        asm_alu_mem_imm(&e->a, alu, true, ENV, x86_offset(e, i->d), (int32_t)i->imm);
        return;
    }
    unsigned d = early_dest(e, i);
    x86_copy(e, i->a, d);
    alu_with_b(e, alu, true, d, i);
    x86_define(e, i->d, d);
}

static void commutative(Emit *e, unsigned alu, const IRInsn *i)
{
    IRInsn swapped = *i;

    if (!immediate(i) && i->d == i->b) {
        swapped.a = i->b;
        swapped.b = i->a;
    }
    alu64(e, alu, &swapped);
}

static void add(Emit *e, const IRInsn *i)
{
    unsigned d = x86_dest(e, i->d, RAX);

    if (in_reg(e, i->d) && in_reg(e, i->a) && i->d != i->a && i->d != i->b) {
        if (immediate(i) && fits32(i->imm)) {
            asm_lea(&e->a, d, (unsigned)e->reg[i->a], (int32_t)i->imm);
            return;
        }
        if (in_reg(e, i->b)) {
            asm_rx(&e->a, 0x8d, true, d, (unsigned)e->reg[i->a], (unsigned)e->reg[i->b], 0, 0);
            return;
        }
    }
    commutative(e, ALU_ADD, i);
}

/* Sign extension of the low half of s into the result. */
static void finish32(Emit *e, const IRInsn *i, unsigned s)
{
    unsigned d = x86_dest(e, i->d, RAX);

    asm_rr(&e->a, 0x63, true, d, s);
    x86_define(e, i->d, d);
}

static void add32(Emit *e, unsigned alu, const IRInsn *i)
{
    if (immediate(i) && i->imm == 0) {
        finish32(e, i, x86_use(e, i->a, RAX));
        return;
    }
    unsigned d = early_dest(e, i);
    bool apart = alu == ALU_ADD && i->d != i->a && in_reg(e, i->a);
    if (apart && immediate(i) && fits32(i->imm)) {
        asm_rm(&e->a, 0x8d, false, d, (unsigned)e->reg[i->a], (int32_t)i->imm);
    } else if (apart && !immediate(i) && in_reg(e, i->b)) {
        asm_rx(&e->a, 0x8d, false, d, (unsigned)e->reg[i->a], (unsigned)e->reg[i->b], 0, 0);
    } else {
        x86_copy(e, i->a, d);
        alu_with_b(e, alu, false, d, i);
    }
    finish32(e, i, d);
}

/* and, or, xor of the complement of b. */
static void with_not(Emit *e, unsigned alu, const IRInsn *i)
{
    if (immediate(i)) {
        IRInsn plain = *i;
        plain.imm = ~i->imm;
        alu64(e, alu, &plain);
        return;
    }
    x86_copy(e, i->b, RAX);
    asm_rr(&e->a, 0xf7, true, 2, RAX); /* not */
    if (in_reg(e, i->a)) {
        asm_alu(&e->a, alu, true, RAX, (unsigned)e->reg[i->a]);
    } else {
        x86_copy(e, i->a, RCX);
        asm_alu(&e->a, alu, true, RAX, RCX);
    }
    x86_define(e, i->d, RAX);
}

static void shift_imm(Emit *e, unsigned sh, bool w, const IRInsn *i)
{
    unsigned n = (unsigned)i->imm & (w ? 63 : 31);
    unsigned d = x86_dest(e, i->d, RAX);

    if (!w && sh == SH_SAR && n) {
        /* Extended first, all is well. */
        asm_rr(&e->a, 0x63, true, d, x86_use(e, i->a, RAX));
        w = true;
    } else if (!w && sh == SH_SHR && n) {
        /* What comes in is 0, and so are the upper bits. */
        asm_mov32(&e->a, d, x86_use(e, i->a, RAX));
        asm_shift_imm(&e->a, sh, false, d, n);
        n = 0;
        w = true;
    } else {
        x86_copy(e, i->a, d);
    }
    if (n)
        asm_shift_imm(&e->a, sh, w, d, n);
    if (w)
        x86_define(e, i->d, d);
    else
        finish32(e, i, d);
}

static void shift(Emit *e, unsigned sh, bool w, const IRInsn *i)
{
    if (immediate(i)) {
        shift_imm(e, sh, w, i);
        return;
    }
    if (sh >= SH_SHL) {
        /* shlx, shrx, sarx: any count register, flags kept. */
        unsigned op = sh == SH_SHL ? X86_OP(0x66, MAP_0F38, 0xf7)
                    : sh == SH_SHR ? X86_OP(0xf2, MAP_0F38, 0xf7) : X86_OP(0xf3, MAP_0F38, 0xf7);
        unsigned a = x86_use(e, i->a, RAX), n = x86_use(e, i->b, RCX);
        unsigned d = w ? x86_dest(e, i->d, RAX) : RAX;
        asm_vex_rr(&e->a, op, w, d, n, a);
        if (w)
            x86_define(e, i->d, d);
        else
            finish32(e, i, d);
        return;
    }
    x86_copy(e, i->b, RCX);
    x86_copy(e, i->a, RAX);
    asm_shift_cl(&e->a, sh, w, RAX);
    if (w)
        x86_define(e, i->d, RAX);
    else
        finish32(e, i, RAX);
}

/* Compares a with b. */
static void compare(Emit *e, const IRInsn *i)
{
    alu_with_b(e, ALU_CMP, true, x86_use(e, i->a, RAX), i);
}

static void set(Emit *e, unsigned cc, const IRInsn *i)
{
    unsigned d = x86_dest(e, i->d, RDX);

    if (i->d == i->a || i->d == i->b)
        d = RDX;
    asm_alu(&e->a, ALU_XOR, false, d, d);
    compare(e, i);
    asm_setcc(&e->a, cc, d);
    x86_define(e, i->d, d);
}

static void min_max(Emit *e, unsigned cc, const IRInsn *i)
{
    unsigned b = immediate(i) ? RCX : x86_use(e, i->b, RCX);

    if (immediate(i))
        asm_mov_imm(&e->a, RCX, (uint64_t)i->imm);
    x86_copy(e, i->a, RAX);
    asm_alu(&e->a, ALU_CMP, true, RAX, b);
    asm_rr(&e->a, X86_OP(0, MAP_0F, 0x40 | cc), true, RAX, b);
    x86_define(e, i->d, RAX);
}

static void shift_add(Emit *e, unsigned scale, bool uw, const IRInsn *i)
{
    unsigned a = x86_use(e, i->a, RAX), b = RCX;
    unsigned d = x86_dest(e, i->d, RAX);

    if (uw) {
        asm_mov32(&e->a, RAX, a);
        a = RAX;
    }
    if (immediate(i))
        asm_mov_imm(&e->a, RCX, (uint64_t)i->imm);
    else
        b = x86_use(e, i->b, RCX);
    asm_rx(&e->a, 0x8d, true, d, b, a, scale, 0);
    x86_define(e, i->d, d);
}

/* a if b is (cc: what makes it 0) else 0. */
static void conditional_zero(Emit *e, unsigned cc, const IRInsn *i)
{
    if (immediate(i)) {
        if ((i->imm == 0) == (cc == CC_E))
            asm_mov_imm(&e->a, RAX, 0);
        else
            x86_copy(e, i->a, RAX);
        x86_define(e, i->d, RAX);
        return;
    }
    unsigned b = x86_use(e, i->b, RCX);
    x86_copy(e, i->a, RAX);
    asm_mov_imm(&e->a, RDX, 0);
    asm_rr(&e->a, 0x85, true, b, b);
    asm_rr(&e->a, X86_OP(0, MAP_0F, 0x40 | cc), true, RAX, RDX);
    x86_define(e, i->d, RAX);
}

/* bt, bts, btr, btc by their number in the group. */
static void bit(Emit *e, unsigned group, const IRInsn *i)
{
    x86_copy(e, i->a, RAX);
    if (immediate(i)) {
        asm_rr(&e->a, X86_OP(0, MAP_0F, 0xba), true, group, RAX);
        asm_byte(&e->a, (unsigned)i->imm & 63);
    } else {
        asm_rr(&e->a, X86_OP(0, MAP_0F, 0x83 | group << 3), true, x86_use(e, i->b, RCX), RAX);
    }
    if (group == 4) { /* bt */
        asm_setcc(&e->a, CC_B, RAX);
        asm_rr(&e->a, X86_OP(0, MAP_0F, 0xb6), false, RAX, RAX);
    }
    x86_define(e, i->d, RAX);
}

static void unary(Emit *e, unsigned op, bool w, const IRInsn *i)
{
    unsigned a = x86_use(e, i->a, RAX), d = x86_dest(e, i->d, RAX);

    asm_rr(&e->a, op, w, d, a);
    x86_define(e, i->d, d);
}

static void unary8(Emit *e, const IRInsn *i)
{
    unsigned a = x86_use(e, i->a, RAX);

    asm_mov(&e->a, RAX, a);
    asm_rr(&e->a, X86_OP(0, MAP_0F, 0xbe), true, RAX, RAX);
    x86_define(e, i->d, RAX);
}

static void reverse(Emit *e, const IRInsn *i)
{
    x86_copy(e, i->a, RAX);
    asm_byte(&e->a, 0x48); /* bswap rax */
    asm_byte(&e->a, 0x0f);
    asm_byte(&e->a, 0xc8);
    x86_define(e, i->d, RAX);
}

void x86_constant(Emit *e, unsigned d, uint64_t value)
{
    if (in_reg(e, d)) {
        asm_mov_imm(&e->a, (unsigned)e->reg[d], value);
    } else if (fits32((int64_t)value)) {
        asm_rm(&e->a, 0xc7, true, 0, ENV, x86_offset(e, d));
        asm_imm32(&e->a, (uint32_t)value);
    } else {
        asm_mov_imm(&e->a, RCX, value);
        x86_define(e, d, RCX);
    }
}

static void move(Emit *e, const IRInsn *i)
{
    unsigned d = x86_dest(e, i->d, RAX);

    x86_copy(e, i->a, d);
    x86_define(e, i->d, d);
}

static void bits(Emit *e, const IRInsn *i)
{
    switch (i->op) {
    case IR_sext_b:
        unary8(e, i);
        break;
    case IR_sext_h:
        unary(e, X86_OP(0, MAP_0F, 0xbf), true, i);
        break;
    case IR_zext_h:
        unary(e, X86_OP(0, MAP_0F, 0xb7), false, i);
        break;
    case IR_rev8:
        reverse(e, i);
        break;
    case IR_clz:
    case IR_clzw:
        unary(e, X86_OP(0xf3, MAP_0F, 0xbd), i->op == IR_clz, i);
        break;
    case IR_ctz:
    case IR_ctzw:
        unary(e, X86_OP(0xf3, MAP_0F, 0xbc), i->op == IR_ctz, i);
        break;
    case IR_cpop:
    case IR_cpopw:
        unary(e, X86_OP(0xf3, MAP_0F, 0xb8), i->op == IR_cpop, i);
        break;
    case IR_bext:
        bit(e, 4, i);
        break;
    case IR_bset:
        bit(e, 5, i);
        break;
    case IR_bclr:
        bit(e, 6, i);
        break;
    default: /* binv */
        bit(e, 7, i);
        break;
    }
}

static void shifts(Emit *e, const IRInsn *i)
{
    switch (i->op) {
    case IR_sll:
    case IR_sllw:
        shift(e, SH_SHL, i->op == IR_sll, i);
        break;
    case IR_srl:
    case IR_srlw:
        shift(e, SH_SHR, i->op == IR_srl, i);
        break;
    case IR_sra:
    case IR_sraw:
        shift(e, SH_SAR, i->op == IR_sra, i);
        break;
    case IR_rol:
    case IR_rolw:
        shift(e, SH_ROL, i->op == IR_rol, i);
        break;
    default:
        shift(e, SH_ROR, i->op == IR_ror, i);
        break;
    }
}

/* Low 32 bits, zero-extended, shifted by a constant. */
static void slli_uw(Emit *e, const IRInsn *i)
{
    unsigned d = x86_dest(e, i->d, RAX);

    asm_mov32(&e->a, d, x86_use(e, i->a, RAX));
    if (i->imm & 63)
        asm_shift_imm(&e->a, SH_SHL, true, d, (unsigned)i->imm & 63);
    x86_define(e, i->d, d);
}

static void logic(Emit *e, const IRInsn *i)
{
    switch (i->op) {
    case IR_and:
        commutative(e, ALU_AND, i);
        break;
    case IR_or:
        commutative(e, ALU_OR, i);
        break;
    case IR_xor:
        commutative(e, ALU_XOR, i);
        break;
    case IR_andn:
        with_not(e, ALU_AND, i);
        break;
    case IR_orn:
        with_not(e, ALU_OR, i);
        break;
    default:
        with_not(e, ALU_XOR, i);
        break;
    }
}

static void choose(Emit *e, const IRInsn *i)
{
    switch (i->op) {
    case IR_slt:
        set(e, CC_L, i);
        break;
    case IR_sltu:
        set(e, CC_B, i);
        break;
    case IR_min:
        min_max(e, CC_G, i);
        break;
    case IR_max:
        min_max(e, CC_L, i);
        break;
    case IR_minu:
        min_max(e, CC_A, i);
        break;
    case IR_maxu:
        min_max(e, CC_B, i);
        break;
    case IR_czero_eqz:
        conditional_zero(e, CC_E, i);
        break;
    default:
        conditional_zero(e, CC_NE, i);
        break;
    }
}

void x86_alu(Emit *e, const IRInsn *i)
{
    switch (i->op) {
    case IR_add:
        add(e, i);
        break;
    case IR_sub:
        alu64(e, ALU_SUB, i);
        break;
    case IR_and ... IR_xnor:
        logic(e, i);
        break;
    case IR_sll ... IR_ror:
    case IR_sllw ... IR_rorw:
        shifts(e, i);
        break;
    case IR_addw:
        add32(e, ALU_ADD, i);
        break;
    case IR_subw:
        add32(e, ALU_SUB, i);
        break;
    case IR_slt ... IR_sltu:
    case IR_min ... IR_maxu:
    case IR_czero_eqz ... IR_czero_nez:
        choose(e, i);
        break;
    case IR_sh1add ... IR_sh3add:
        shift_add(e, i->op - IR_sh1add + 1, false, i);
        break;
    case IR_add_uw ... IR_sh3add_uw:
        shift_add(e, i->op - IR_add_uw, true, i);
        break;
    case IR_slli_uw:
        slli_uw(e, i);
        break;
    case IR_mov:
        move(e, i);
        break;
    case IR_const:
        x86_constant(e, i->d, (uint64_t)i->imm);
        break;
    default:
        bits(e, i);
        break;
    }
}
