/*
 * Vectors: integer arithmetic, comparisons, extension, reductions.
 *
 * What AVX2 lacks is put together where that is a handful of instructions: products of 8 and 64
 * bits, arithmetic shifts of 64 bits, minima and unsigned comparisons of 64 bits. vec_int_has() says
 * what is left out.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/vec.h"

#define SIGN64 0x8000000000000000ULL

/* The instruction for each width; 0: there is none. */
static const unsigned simple[IRV_NR][4] = {
    [IRV_add] = { P66(0xfc), P66(0xfd), P66(0xfe), P66(0xd4) },
    [IRV_sub] = { P66(0xf8), P66(0xf9), P66(0xfa), P66(0xfb) },
    [IRV_and] = { P66(0xdb), P66(0xdb), P66(0xdb), P66(0xdb) },
    [IRV_or] = { P66(0xeb), P66(0xeb), P66(0xeb), P66(0xeb) },
    [IRV_xor] = { P66(0xef), P66(0xef), P66(0xef), P66(0xef) },
    [IRV_minu] = { P66(0xda), P38(0x3a), P38(0x3b) },
    [IRV_min] = { P38(0x38), P66(0xea), P38(0x39) },
    [IRV_maxu] = { P66(0xde), P38(0x3e), P38(0x3f) },
    [IRV_max] = { P38(0x3c), P66(0xee), P38(0x3d) },
    [IRV_mul] = { 0, P66(0xd5), P38(0x40) },
    [IRV_mulh] = { 0, P66(0xe5) },
    [IRV_mulhu] = { 0, P66(0xe4) },
    /* By one count for all elements, in an xmm register. */
    [IRV_sll] = { 0, P66(0xf1), P66(0xf2), P66(0xf3) },
    [IRV_srl] = { 0, P66(0xd1), P66(0xd2), P66(0xd3) },
    [IRV_sra] = { 0, P66(0xe1), P66(0xe2) },
};

static const unsigned equal[] = { P66(0x74), P66(0x75), P66(0x76), P38(0x29) };
static const unsigned greater[] = { P66(0x64), P66(0x65), P66(0x66), P38(0x37) };

static bool is_shift(unsigned op)
{
    return op == IRV_sll || op == IRV_srl || op == IRV_sra;
}

bool vec_int_has(const IRVec *v)
{
    if (is_shift(v->op)) {
        if (v->from == IRV_REG)
            return v->size >= 2;
        return v->size > 0;
    }
    if (v->op == IRV_mulh || v->op == IRV_mulhu)
        return v->size == 1 || v->size == 2;
    return true;
}

/* By immediates that are part of the instruction; op: srl 2, sra 4, sll 6. */
static void shift_by(VecEmit *x, unsigned l, unsigned size, unsigned op, unsigned d, unsigned s, unsigned n)
{
    v_rrri(x, P66(0x70 + size), false, l, op, d, s, n);
}

/* d = a * b; Y_T and Y_U are used. */
static void product(VecEmit *x, unsigned l, unsigned d, unsigned a, unsigned b)
{
    unsigned size = x->v->size;

    if (size == 1 || size == 2) {
        v_rrr(x, simple[IRV_mul][size], false, l, d, a, b);
    } else if (size == 0) {
        shift_by(x, l, 1, 2, Y_T, a, 8);
        shift_by(x, l, 1, 2, Y_U, b, 8);
        v_rrr(x, P66(0xd5), false, l, Y_T, Y_T, Y_U);
        v_rrr(x, P66(0xd5), false, l, d, a, b);
        shift_by(x, l, 1, 6, Y_T, Y_T, 8);
        shift_by(x, l, 1, 6, d, d, 8);
        shift_by(x, l, 1, 2, d, d, 8);
        v_rrr(x, P66(0xeb), false, l, d, d, Y_T);
    } else {
        shift_by(x, l, 3, 2, Y_T, a, 32);
        v_rrr(x, P66(0xf4), false, l, Y_T, Y_T, b);
        shift_by(x, l, 3, 2, Y_U, b, 32);
        v_rrr(x, P66(0xf4), false, l, Y_U, Y_U, a);
        v_rrr(x, P66(0xd4), false, l, Y_T, Y_T, Y_U);
        shift_by(x, l, 3, 6, Y_T, Y_T, 32);
        v_rrr(x, P66(0xf4), false, l, d, a, b);
        v_rrr(x, P66(0xd4), false, l, d, d, Y_T);
    }
}

static void high_product(VecEmit *x, unsigned l, unsigned b)
{
    unsigned wide = x->v->op == IRV_mulh ? P38(0x28) : P66(0xf4); /* vpmuldq, vpmuludq */

    if (x->v->size == 1) {
        v_rrr(x, simple[x->v->op][1], false, l, Y_A, Y_A, b);
        return;
    }
    shift_by(x, l, 3, 2, Y_T, Y_A, 32);
    shift_by(x, l, 3, 2, Y_U, b, 32);
    v_rrr(x, wide, false, l, Y_T, Y_T, Y_U);
    v_rrr(x, wide, false, l, Y_A, Y_A, b);
    shift_by(x, l, 3, 2, Y_A, Y_A, 32);
    v_rrri(x, P3A(0x02), false, l, Y_A, Y_A, Y_T, 0xaa); /* vpblendd: the odd ones of Y_T */
}

/* Y_T = a > b of 64 bits, for both kinds of numbers. */
static void greater64(VecEmit *x, unsigned l, unsigned a, unsigned b, bool sign)
{
    if (!sign) {
        vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), l, Y_U, 0, SIGN64);
        v_rrr(x, P66(0xef), false, l, Y_T, a, Y_U);
        v_rrr(x, P66(0xef), false, l, Y_U, b, Y_U);
        a = Y_T;
        b = Y_U;
    }
    v_rrr(x, P38(0x37), false, l, Y_T, a, b);
}

/* Y_A = the less or greater of it and b, of 64 bits. */
static void extreme64(VecEmit *x, unsigned l, unsigned op, unsigned b)
{
    greater64(x, l, Y_A, b, op == IRV_min || op == IRV_max);
    if (op == IRV_min || op == IRV_minu)
        v_blend(x, l, Y_A, Y_A, b, Y_T);
    else
        v_blend(x, l, Y_A, b, Y_A, Y_T);
}

/* Counts, modulo the width. */
static void shift(VecEmit *x, unsigned l, unsigned b)
{
    static const unsigned by_vector[] = { [IRV_sll - IRV_sll] = P38(0x47), [IRV_srl - IRV_sll] = P38(0x45),
                                          [IRV_sra - IRV_sll] = P38(0x46) };
    unsigned op = x->v->op, size = x->v->size;
    bool vector = x->v->from == IRV_REG, sign64 = op == IRV_sra && size == 3;
    unsigned code;

    if (vector)
        vec_const(x, P66(0xdb), l, b, b, vec_repeat((8u << size) - 1, size));
    if (sign64)
        op = IRV_srl;
    code = vector ? by_vector[op - IRV_sll] : simple[op][size];
    v_rrr(x, code, vector && size == 3, l, Y_A, Y_A, b);
    if (sign64) {
        vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), l, Y_T, 0, SIGN64);
        v_rrr(x, code, vector, l, Y_T, Y_T, b);
        v_rrr(x, P66(0xef), false, l, Y_A, Y_A, Y_T);
        v_rrr(x, P66(0xfb), false, l, Y_A, Y_A, Y_T);
    }
}

/* xmm Y_SCALAR = the count for all elements. */
static void shift_count(VecEmit *x)
{
    unsigned most = (8u << x->v->size) - 1;

    if (x->v->from == IRV_INT) {
        x86_copy(x->e, x->i->a, RAX);
        asm_alu_imm(x->a, ALU_AND, false, RAX, (int32_t)most);
    } else {
        asm_mov_imm(x->a, RAX, (uint64_t)x->v->imm & most);
    }
    v_rrr(x, P66(0x6e), false, 0, Y_SCALAR, 0, RAX); /* vmovd */
}

/* Those that multiply, and add to or subtract from the third operand. */
static bool multiply_add(VecEmit *x, const Piece *p, unsigned b)
{
    const IRVec *v = x->v;
    bool accumulate = v->op == IRV_macc || v->op == IRV_nmsac;
    bool subtract = v->op == IRV_nmsac || v->op == IRV_nmsub;

    if (v->op < IRV_macc || v->op > IRV_nmsub)
        return false;
    v_load(x, p->l, Y_A, (accumulate ? v->a : v->d) + p->at);
    product(x, p->l, Y_A, Y_A, b);
    v_load(x, p->l, Y_T, (accumulate ? v->d : v->a) + p->at);
    v_rrr(x, simple[subtract ? IRV_sub : IRV_add][v->size], false, p->l, Y_A, Y_T, Y_A);
    return true;
}

/* One instruction, from and to where the pieces are. */
static bool direct(VecEmit *x, const Piece *p, unsigned b)
{
    const IRVec *v = x->v;
    unsigned code = v->op < IRV_sll ? simple[v->op][v->size] : 0, a, d;

    if (x->blend || !code || (v->op == IRV_mulh && v->size == 2))
        return false;
    a = v_source_any(x, p->l, Y_A, v->a + p->at);
    d = v_target(x, p->l, Y_A, v->d + p->at);
    v_any(x, code, v->size == 3, p->l, d, a, b);
    if (d == Y_A)
        v_store(x, p->l, v->d + p->at, d);
    return true;
}

static void one_piece(VecEmit *x, const Piece *p, unsigned b)
{
    unsigned op = x->v->op, size = x->v->size;

    if (multiply_add(x, p, b))
        return;
    v_load(x, p->l, Y_A, x->v->a + p->at);
    switch (op) {
    case IRV_rsub:
        v_rrr(x, simple[IRV_sub][size], false, p->l, Y_A, b, Y_A);
        break;
    case IRV_mul:
        product(x, p->l, Y_A, Y_A, b);
        break;
    case IRV_mulh:
    case IRV_mulhu:
        high_product(x, p->l, b);
        break;
    case IRV_sll:
    case IRV_srl:
    case IRV_sra:
        shift(x, p->l, b);
        break;
    default:
        if (simple[op][size])
            v_rrr(x, simple[op][size], false, p->l, Y_A, Y_A, b);
        else
            extreme64(x, p->l, op, b);
        break;
    }
}

void vec_int(VecEmit *x)
{
    if (is_shift(x->v->op) && x->v->from != IRV_REG)
        shift_count(x);
    else if (x->v->from != IRV_REG)
        vec_splat(x, Y_SCALAR);
    for (unsigned k = 0; k < x->n_pieces; k++) {
        Piece p = vec_begin(x, k);
        unsigned b = vec_operand(x, &p);
        if (direct(x, &p, b))
            continue;
        one_piece(x, &p, b);
        if (x->blend)
            vec_mask(x, &p);
        vec_result(x, &p);
    }
    vec_end(x);
}

/* ---- Comparisons ---- */

bool vec_int_compare(VecEmit *x, const Piece *p, unsigned b)
{
    unsigned op = x->v->op, size = x->v->size;
    bool is_unsigned = op == IRV_sltu || op == IRV_sleu || op == IRV_sgtu;
    bool less = op == IRV_slt || op == IRV_sltu;

    v_load(x, p->l, Y_A, x->v->a + p->at);
    if (op == IRV_seq || op == IRV_sne) {
        v_rrr(x, equal[size], false, p->l, Y_A, Y_A, b);
        return op == IRV_sne;
    }
    if (is_unsigned && size < 3) {
        /* a is the least of both, or the greatest: then it is not greater, or not less. */
        v_rrr(x, simple[less ? IRV_maxu : IRV_minu][size], false, p->l, Y_T, Y_A, b);
        v_rrr(x, equal[size], false, p->l, Y_A, Y_A, Y_T);
        return op != IRV_sleu;
    }
    if (size == 3) {
        greater64(x, p->l, less ? b : Y_A, less ? Y_A : b, !is_unsigned);
        v_rrr(x, P66(0x6f), false, p->l, Y_A, 0, Y_T);
    } else if (less) {
        v_rrr(x, greater[size], false, p->l, Y_A, b, Y_A);
    } else {
        v_rrr(x, greater[size], false, p->l, Y_A, Y_A, b);
    }
    return op == IRV_sle || op == IRV_sleu;
}

/* ---- Extension ---- */

void vec_extend(VecEmit *x)
{
    /* By how much narrower it is, and the result's width; vpmovzx is 16 more. */
    static const uint8_t code[4][4] = { { 0 }, { 0, 0x20, 0x23, 0x25 }, { 0, 0, 0x21, 0x24 },
                                        { 0, 0, 0, 0x22 } };
    const IRVec *v = x->v;
    unsigned op = P38(code[v->narrow][v->size] + (v->op == IRV_zext ? 0x10 : 0));

    /* The source may be the highest part of the destination: it is read before that is written. */
    for (unsigned k = 0; k < x->n_pieces; k++) {
        Piece p = vec_begin(x, k);
        v_rrm(x, op, false, p.l, Y_A, 0, v->a + (p.at >> v->narrow));
        if (x->blend)
            vec_mask(x, &p);
        vec_result(x, &p);
    }
    vec_end(x);
}

/* ---- Reductions ---- */

static void combine(VecEmit *x, unsigned l, unsigned b)
{
    static const uint8_t op[] = { IRV_add, IRV_and, IRV_or, IRV_xor, IRV_minu, IRV_min, IRV_maxu, IRV_max };

    v_rrr(x, simple[op[x->v->op - IRV_redsum]][x->v->size], false, l, Y_A, Y_A, b);
}

/* Where elements do not take part, what changes nothing. */
static void only_active(VecEmit *x, const Piece *p, unsigned reg)
{
    static const uint64_t lowest[] = { 0x80, 0x8000, 0x80000000, SIGN64 };
    unsigned op = x->v->op, size = x->v->size;
    uint64_t neutral = op == IRV_redand || op == IRV_redminu ? UINT64_MAX
                       : op == IRV_redmin                    ? lowest[size] - 1
                       : op == IRV_redmax                    ? lowest[size]
                                                             : 0;

    if (!x->blend)
        return;
    vec_mask(x, p);
    vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), p->l, Y_T, 0, vec_repeat(neutral, size));
    v_blend(x, p->l, reg, Y_T, reg, Y_MASK);
}

void vec_reduce(VecEmit *x)
{
    static const unsigned insert[] = { P3A(0x14), P3A(0x15), P3A(0x16), P3A(0x16) }; /* vpextr */
    const IRVec *v = x->v;
    unsigned size = v->size;
    Piece first = vec_piece(x, 0);
    uint8_t *none = NULL;

    if (x->partial) { /* of no elements nothing is written */
        asm_alu_mem_imm(x->a, ALU_CMP, true, ENV, (int32_t)v->vl_offset, 0);
        none = asm_jcc(x->a, CC_E);
    }
    v_load(x, first.l, Y_A, v->a);
    only_active(x, &first, Y_A);
    for (unsigned k = 1; k < x->n_pieces; k++) {
        Piece p = vec_piece(x, k);
        v_load(x, p.l, Y_B, v->a + p.at);
        only_active(x, &p, Y_B);
        /* The last may be a half one: its upper half of zeros must not count. */
        if (!p.l) {
            v_rrri(x, P3A(0x39), false, 1, Y_A, 0, Y_T, 1);
            combine(x, 0, Y_B);
            combine(x, 0, Y_T);
            first.l = 0;
            break;
        }
        combine(x, 1, Y_B);
    }
    if (first.l) {
        v_rrri(x, P3A(0x39), false, 1, Y_A, 0, Y_T, 1); /* vextracti128 */
        combine(x, 0, Y_T);
    }
    for (unsigned bytes = 8; bytes >= 1u << size; bytes /= 2) {
        v_rrri(x, P66(0x73), false, 0, 3, Y_T, Y_A, bytes); /* vpsrldq */
        combine(x, 0, Y_T);
    }
    v_load(x, 0, Y_T, v->b);
    combine(x, 0, Y_T);
    v_rrm(x, insert[size], size == 3, 0, Y_A, 0, v->d);
    asm_byte(x->a, 0);
    if (none)
        asm_aim(x->a, none);
}
