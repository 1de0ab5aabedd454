/*
 * Vectors: results that are masks, operations on masks, and element 0.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/vec.h"

/* eax = the highest bits of Y_A's elements. */
static void gather_bits(VecEmit *x, const Piece *p)
{
    switch (x->v->size) {
    case 0:
        v_rrr(x, P66(0xd7), false, p->l, RAX, 0, Y_A);
        break;
    case 1:
        /* Halves to bytes; of 32 bytes, the upper lane's are put beside the lower's. */
        v_rrr(x, P66(0x63), false, p->l, Y_A, Y_A, Y_A);
        if (p->l)
            v_rrri(x, P3A(0x00), true, 1, Y_A, 0, Y_A, 0x08); /* vpermq */
        v_rrr(x, P66(0xd7), false, 0, RAX, 0, Y_A);
        if (!p->l)
            asm_alu_imm(x->a, ALU_AND, false, RAX, 0xff);
        break;
    default:
        v_rrr(x, FP_OP(x->v->size, 0x50), false, p->l, RAX, 0, Y_A);
        break;
    }
}

/* The low count bits of rdx to d, from bit `first` on, those that are active. Always as eight bytes: see
 * expand(). */
static void put_bits(VecEmit *x, unsigned first, unsigned count)
{
    const IRVec *v = x->v;
    Asm *a = x->a;
    int32_t d = (int32_t)(v->d + first / 8);
    uint8_t *none = NULL, *all = NULL;

    if (!x->blend && count == 64) {
        asm_store(a, ENV, d, RDX);
        return;
    }
    if (!x->blend) {
        asm_load(a, RAX, ENV, d);
        asm_shift_imm(a, SH_SHR, true, RAX, count);
        asm_shift_imm(a, SH_SHL, true, RAX, count);
        asm_alu(a, ALU_OR, true, RAX, RDX);
        asm_store(a, ENV, d, RAX);
        return;
    }
    /* rax = which ones */
    asm_mov_imm(a, RAX, count == 64 ? UINT64_MAX : (1ULL << count) - 1);
    if (v->masked)
        asm_alu_load(a, ALU_AND, true, RAX, ENV, (int32_t)(v->mask + first / 8));
    if (x->partial && v->vl) {
        asm_load(a, RCX, ENV, (int32_t)v->vl_offset);
        if (first) {
            asm_alu_imm(a, ALU_SUB, true, RCX, (int32_t)first);
            none = asm_jcc(a, CC_B);
        }
        /* It looks at 8 bits of what it is told, and all of 256 elements would be none. */
        if (v->n - first > 255) {
            asm_alu_imm(a, ALU_CMP, true, RCX, 255);
            all = asm_jcc(a, CC_A);
        }
        asm_vex_rr(a, X86_OP(0, MAP_0F38, 0xf5), true, RAX, RCX, RAX); /* bzhi */
        if (all)
            asm_aim(a, all);
    }
    asm_load(a, RCX, ENV, d);
    asm_alu(a, ALU_XOR, true, RDX, RCX);
    asm_alu(a, ALU_AND, true, RDX, RAX);
    asm_alu(a, ALU_XOR, true, RDX, RCX);
    asm_store(a, ENV, d, RDX);
    if (none)
        asm_aim(a, none);
}

/* Y_A = elements of ones where a and b compare; true: where they do not. */
static bool compare(VecEmit *x, const Piece *p)
{
    if (x->v->op < IRV_feq)
        return vec_int_compare(x, p, vec_operand(x, p));
    if (x->partial && p->first)
        vec_tail_pointer(x); /* put_bits() uses rcx */
    if (x->blend)
        vec_mask(x, p);
    vec_float_compare(x, p, x->blend ? 0 : vec_operand(x, p));
    return false;
}

/* The bits are collected in rdx, up to 64 of them. */
void vec_compare(VecEmit *x)
{
    const IRVec *v = x->v;
    unsigned done = 0, have = 0;

    if (v->from != IRV_REG)
        vec_splat(x, Y_SCALAR);
    for (unsigned k = 0; k < x->n_pieces; k++) {
        Piece p = vec_piece(x, k);
        unsigned count = MIN(p.count, v->n - p.first);
        bool invert = compare(x, &p);

        gather_bits(x, &p);
        if (invert)
            asm_alu_imm(x->a, ALU_XOR, false, RAX, -1);
        if (count < 32 && (invert || count < p.count))
            asm_alu_imm(x->a, ALU_AND, false, RAX, (int32_t)((1u << count) - 1));
        if (have) {
            asm_shift_imm(x->a, SH_SHL, true, RAX, have);
            asm_alu(x->a, ALU_OR, true, RDX, RAX);
        } else {
            asm_mov(x->a, RDX, RAX);
        }
        have += count;
        if (have == 64 || k + 1 == x->n_pieces) {
            put_bits(x, done, have);
            done += have;
            have = 0;
        }
    }
}

/* ---- Between masks: at most 64 bits ---- */

static void combine(VecEmit *x)
{
    static const struct {
        uint8_t alu;
        bool not_b, not_result;
    } how[] = { { ALU_AND, false, false }, { ALU_AND, false, true }, { ALU_AND, true, false },
                { ALU_XOR, false, false }, { ALU_OR, false, false }, { ALU_OR, false, true },
                { ALU_OR, true, false },   { ALU_XOR, false, true } };
    unsigned n = x->v->op - IRV_mand;
    Asm *a = x->a;

    asm_load(a, RAX, ENV, (int32_t)x->v->b);
    if (how[n].not_b)
        asm_rr(a, 0xf7, true, 2, RAX);
    asm_alu_load(a, how[n].alu, true, RAX, ENV, (int32_t)x->v->a);
    if (how[n].not_result)
        asm_rr(a, 0xf7, true, 2, RAX);
    if (x->v->n < 64) {
        asm_load(a, RCX, ENV, (int32_t)x->v->d);
        asm_alu(a, ALU_XOR, true, RAX, RCX);
        asm_mov_imm(a, RDX, (1ULL << x->v->n) - 1);
        asm_alu(a, ALU_AND, true, RAX, RDX);
        asm_alu(a, ALU_XOR, true, RAX, RCX);
    }
    asm_store(a, ENV, (int32_t)x->v->d, RAX);
}

void vec_bits(VecEmit *x)
{
    const IRVec *v = x->v;
    Asm *a = x->a;

    if (v->op < IRV_mcount) {
        combine(x);
        return;
    }
    asm_load(a, RAX, ENV, (int32_t)v->a);
    if (v->masked)
        asm_alu_load(a, ALU_AND, true, RAX, ENV, (int32_t)v->mask);
    if (v->n < 64) {
        asm_mov_imm(a, RDX, (1ULL << v->n) - 1);
        asm_alu(a, ALU_AND, true, RAX, RDX);
    }
    if (v->op == IRV_mcount) {
        asm_rr(a, X86_OP(0xf3, MAP_0F, 0xb8), true, RAX, RAX); /* popcnt */
    } else {
        asm_mov_imm(a, RDX, UINT64_MAX);
        asm_rr(a, X86_OP(0xf3, MAP_0F, 0xbc), true, RAX, RAX); /* tzcnt: carry of 0 */
        asm_rr(a, X86_OP(0, MAP_0F, 0x40 | CC_B), true, RAX, RDX);
    }
    x86_define(x->e, x->i->d, RAX);
}

/* ---- Element 0 ---- */

static void to_int(VecEmit *x)
{
    static const unsigned op[] = { X86_OP(0, MAP_0F, 0xbe), X86_OP(0, MAP_0F, 0xbf), 0x63, 0x8b };

    asm_rm(x->a, op[x->v->size], true, RAX, ENV, (int32_t)x->v->a);
    x86_define(x->e, x->i->d, RAX);
}

/* Nothing is written if vl is 0. */
static void from_scalar(VecEmit *x, unsigned reg)
{
    static const unsigned op[] = { 0x88, X86_OP(0x66, 0, 0x89), 0x89, 0x89 };

    asm_rm(x->a, op[x->v->size], x->v->size == 3, reg, ENV, (int32_t)x->v->d);
}

void vec_one(VecEmit *x)
{
    const IRVec *v = x->v;
    Emit *e = x->e;
    uint8_t *none = NULL;

    if (v->op == IRV_to_int) {
        to_int(x);
        return;
    }
    if (v->op == IRV_to_float) {
        if (v->size == 2) {
            asm_rm(x->a, 0x8b, false, RAX, ENV, (int32_t)v->a);
            asm_mov_imm(x->a, RCX, 0xffffffff00000000);
            asm_alu(x->a, ALU_OR, true, RAX, RCX);
        } else {
            asm_load(x->a, RAX, ENV, (int32_t)v->a);
        }
        x86_float_define(e, x->i->d);
        if (v->size == 2)
            e->boxed |= 1ULL << x->i->d;
        return;
    }
    if (v->vl_offset) {
        asm_alu_mem_imm(x->a, ALU_CMP, true, ENV, (int32_t)v->vl_offset, 0);
        none = asm_jcc(x->a, CC_E);
    }
    if (v->op == IRV_from_int) {
        x86_copy(e, x->i->a, RAX);
    } else if (e->reg[x->i->a] >= 0) {
        v_rrr(x, P66(0x7e), true, 0, (unsigned)e->reg[x->i->a], 0, RAX);
    } else {
        asm_load(x->a, RAX, ENV, x86_offset(e, x->i->a));
    }
    from_scalar(x, RAX);
    if (none)
        asm_aim(x->a, none);
}
