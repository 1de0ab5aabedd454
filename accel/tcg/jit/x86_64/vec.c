/*
 * Vectors: what their lowerings have in common, and the state that says what they are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/vec.h"

typedef enum Class {
    MEM, WALK, INT, SHIFT, MUL, CMP, MOVE, MERGE, EXT, RED, FP, FMA, FCMP, FRED, ONE, BITS
} Class;

static const uint8_t classes[] = {
#define V(name, class) class,
#include "accel/tcg/jit/vec.def"
#undef V
};

bool x86_vector_init(Jit *j)
{
    VecTables *t = jit_data(j, sizeof(*t));

    if (!t)
        return false;
    memset(t->ones, 255, sizeof(t->ones));
    memset(t->zeros, 0, sizeof(t->zeros));
    for (unsigned i = 0; i < 32; i++) {
        t->spread[i] = (uint8_t)(i / 8);
        t->bit8[i] = (uint8_t)(1u << (i & 7));
        t->bit16[i % 16] = (uint16_t)(1u << i % 16);
        t->bit32[i % 8] = 1u << i % 8;
        t->bit64[i % 8] = 1u << i % 8;
    }
    j->vec_tables = (const uint8_t *)t;
    return true;
}

bool x86_has_vector(const IRVec *v)
{
    unsigned bytes = v->n << v->size;

    if (!__builtin_cpu_supports("avx2") || bytes > IR_VEC_BYTES)
        return false;
    switch (classes[v->op]) {
    case MEM:
        /* There is no store of some bytes or half-words. */
        return v->op == IRV_load || v->size >= 2 || (!v->masked && bytes % 16 == 0);
    case WALK:
        return !v->masked && v->n <= 32;
    case INT:
    case SHIFT:
    case MUL:
        return vec_int_has(v);
    case RED:
        return !v->masked && bytes % 16 == 0 && (v->size < 3 || v->op <= IRV_redxor);
    case FP:
    case FMA:
        return v->size >= 2;
    case FCMP:
        return v->size >= 2;
    case FRED:
        return v->size >= 2 && !v->masked;
    case BITS:
        return v->n <= 64;
    default:
        return true;
    }
}

/* ---- Constants ---- */

uint64_t vec_repeat(uint64_t bits, unsigned size)
{
    static const uint64_t times[] = { 0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1 };

    return size == 3 ? bits : (bits & ((1ULL << (8 << size)) - 1)) * times[size];
}

const void *x86_bytes(Emit *e, uint64_t bits)
{
    uint64_t *place;

    for (unsigned n = 0; n < e->n_vec_const; n++) {
        if (e->vec_const[n].bits == bits)
            return e->vec_const[n].place;
    }
    place = jit_data(e->j, 32);
    if (!place) {
        e->a.full = true;
        return NULL;
    }
    for (unsigned n = 0; n < 4; n++)
        place[n] = bits;
    if (e->n_vec_const < ARRAY_SIZE(e->vec_const)) {
        e->vec_const[e->n_vec_const].bits = bits;
        e->vec_const[e->n_vec_const++].place = place;
    }
    return place;
}

void vec_const(VecEmit *x, unsigned op, unsigned l, unsigned d, unsigned a, uint64_t bits)
{
    const void *place = x86_bytes(x->e, bits);

    if (place)
        asm_vex_rip(x->a, op | (l ? X86_L : 0), false, d, a, place);
}

/* ---- Masks ---- */

static void table(VecEmit *x, unsigned op, unsigned l, unsigned d, unsigned a, size_t offset)
{
    asm_vex_rip(x->a, op | (l ? X86_L : 0), false, d, a, x->e->j->vec_tables + offset);
}

/* The bits of v0 that belong to the piece, one to an element. Four bytes at most are read: they were
 * written as eight, and come without delay from where the processor keeps what it has not yet written. */
static void expand(VecEmit *x, const Piece *p)
{
    static const unsigned broadcast[] = { P38(0x58), P38(0x79), P38(0x58), P38(0x58) };
    static const unsigned equal[] = { P66(0x74), P66(0x75), P66(0x76), P38(0x29) };
    static const size_t bits[] = { offsetof(VecTables, bit8), offsetof(VecTables, bit16),
                                   offsetof(VecTables, bit32), offsetof(VecTables, bit64) };
    unsigned size = x->v->size;
    size_t at = bits[size] + (size >= 2 ? (p->first & 7) << size : 0);

    v_rrm(x, broadcast[size], false, p->l, Y_MASK, 0, x->v->mask + p->first / 8);
    if (size == 0)
        table(x, P38(0x00), p->l, Y_MASK, Y_MASK, offsetof(VecTables, spread));
    table(x, P66(0xdb), p->l, Y_MASK, Y_MASK, at);
    table(x, equal[size], p->l, Y_MASK, Y_MASK, at);
}

void vec_mask(VecEmit *x, const Piece *p)
{
    if (x->v->masked)
        expand(x, p);
    if (x->partial)
        asm_vex_rm(x->a, (x->v->masked ? P66(0xdb) : X86_OP(0xf3, MAP_0F, 0x6f)) | (p->l ? X86_L : 0),
                   false, Y_MASK, x->v->masked ? Y_MASK : 0, RCX, (int32_t)p->at);
}

void vec_tail_pointer(VecEmit *x)
{
    const IRVec *v = x->v;
    const uint8_t *zeros = x->e->j->vec_tables + offsetof(VecTables, zeros);

    if (!v->vl) {
        asm_rip(x->a, 0x8d, true, RCX, zeros - (v->n << v->size), 0);
        return;
    }
    asm_load(x->a, RAX, ENV, (int32_t)v->vl_offset);
    if (v->size)
        asm_shift_imm(x->a, SH_SHL, true, RAX, v->size);
    asm_rip(x->a, 0x8d, true, RCX, zeros, 0);
    asm_alu(x->a, ALU_SUB, true, RCX, RAX);
}

Piece vec_begin(VecEmit *x, unsigned k)
{
    Piece p = vec_piece(x, k);

    if (x->partial && x->v->vl && k) {
        asm_alu_mem_imm(x->a, ALU_CMP, true, ENV, (int32_t)x->v->vl_offset, (int32_t)p.first);
        x->done[x->n_done++] = asm_jcc(x->a, CC_BE);
    }
    return p;
}

void vec_end(VecEmit *x)
{
    while (x->n_done)
        asm_aim(x->a, x->done[--x->n_done]);
}

/* ---- Operands ---- */

void vec_splat(VecEmit *x, unsigned reg)
{
    static const unsigned broadcast[] = { P38(0x78), P38(0x79), P38(0x58), P38(0x59) };
    Emit *e = x->e;
    unsigned from = reg;

    switch (x->v->from) {
    case IRV_INT:
        v_rrr(x, P66(0x6e), true, 0, reg, 0, x86_use(e, x->i->a, RAX)); /* vmovq */
        break;
    case IRV_FLOAT:
        if (e->reg[x->i->a] >= 0)
            from = (unsigned)e->reg[x->i->a];
        else
            v_rrm(x, X86_OP(0xf3, MAP_0F, 0x7e), false, 0, reg, 0, (uint32_t)x86_offset(e, x->i->a));
        break;
    case IRV_IMM:
        if (x->v->imm)
            vec_const(x, X86_OP(0xf3, MAP_0F, 0x6f), 1, reg, 0,
                      vec_repeat((uint64_t)x->v->imm, x->v->size));
        else
            v_rrr(x, P66(0xef), false, 1, reg, reg, reg);
        return;
    default:
        return;
    }
    v_rrr(x, broadcast[x->v->size], false, 1, reg, 0, from);
}

unsigned vec_operand(VecEmit *x, const Piece *p)
{
    if (x->v->from != IRV_REG)
        return Y_SCALAR;
    if (classes[x->v->op] != SHIFT)
        return v_source(x, p->l, Y_B, x->v->b + p->at);
    v_load(x, p->l, Y_B, x->v->b + p->at);
    return Y_B;
}

void vec_result(VecEmit *x, const Piece *p)
{
    if (x->blend) {
        v_load(x, p->l, Y_T, x->v->d + p->at);
        v_blend(x, p->l, Y_A, Y_T, Y_A, Y_MASK);
    }
    v_store(x, p->l, x->v->d + p->at, Y_A);
}

void vec_leave_from(VecEmit *x, Stub *s, unsigned first, uint8_t *jump)
{
    if (s->n_from == ARRAY_SIZE(s->froms)) {
        x->a->full = true;
        return;
    }
    s->kept_at[s->n_from].valid = x->e->kept.valid;
    s->kept_at[s->n_from].dirty = x->e->kept.dirty;
    s->kept_at[s->n_from].first = first;
    s->froms[s->n_from++] = jump;
}

void vec_to_body(VecEmit *x, unsigned cc)
{
    vec_leave_from(x, x->body, 0, asm_jcc(x->a, cc));
}

void vec_to_body_from(VecEmit *x, const Piece *p, unsigned cc)
{
    vec_leave_from(x, x->resume, p->first, asm_jcc(x->a, cc));
}

/* ---- One operation ---- */

/* d = b, or the elements' numbers, or by v0 b or a. */
static void move(VecEmit *x)
{
    const IRVec *v = x->v;

    if (v->from != IRV_NONE)
        vec_splat(x, Y_SCALAR);
    for (unsigned k = 0; k < x->n_pieces; k++) {
        bool partial = x->partial;
        Piece p = vec_begin(x, k);
        unsigned b = v->from == IRV_NONE ? Y_A : vec_operand(x, &p);

        if (v->op == IRV_merge) {
            /* v0 chooses; below vl. */
            x->partial = false;
            vec_mask(x, &p);
            v_load(x, p.l, Y_T, v->a + p.at);
            v_blend(x, p.l, Y_A, Y_T, b, Y_MASK);
            x->partial = partial;
            if (partial)
                asm_vex_rm(x->a, X86_OP(0xf3, MAP_0F, 0x6f) | (p.l ? X86_L : 0), false, Y_MASK, 0, RCX,
                           (int32_t)p.at);
            x->blend = partial;
        } else {
            if (b != Y_A)
                v_rrr(x, P66(0x6f), false, p.l, Y_A, 0, b);
            if (x->blend)
                vec_mask(x, &p);
        }
        vec_result(x, &p);
    }
    vec_end(x);
}

static void run(VecEmit *x)
{
    switch (classes[x->v->op]) {
    case MEM:
        vec_load_store(x);
        break;
    case WALK:
        vec_walk(x);
        break;
    case INT:
    case SHIFT:
    case MUL:
        vec_int(x);
        break;
    case CMP:
    case FCMP:
        vec_compare(x);
        break;
    case MOVE:
    case MERGE:
        move(x);
        break;
    case EXT:
        vec_extend(x);
        break;
    case RED:
        vec_reduce(x);
        break;
    case FP:
    case FMA:
        vec_float(x);
        break;
    case FRED:
        vec_float_reduce(x);
        break;
    case ONE:
        vec_one(x);
        break;
    default:
        vec_bits(x);
        break;
    }
}

/* What is worked on bytewise, so that a tail is a question of the last piece. */
static bool in_pieces(const IRVec *v)
{
    unsigned class = classes[v->op];

    return class != WALK && class != ONE && class != BITS && class != FRED;
}

/* In line it has the likely vl, unless that makes it odd. */
static void shape(VecEmit *x, const IRVec *v, bool likely)
{
    x->v = v;
    if (likely && v->vl && v->likely && (!in_pieces(v) || (v->likely << v->size) % 16 == 0)) {
        x->own = *v;
        x->own.n = x->own.vl = v->likely;
        x->v = &x->own;
    }
    x->n_pieces = ((x->v->n << x->v->size) + 31) / 32;
}

/* Less than a piece is always a question of masks. */
static bool odd(const VecEmit *x)
{
    return in_pieces(x->v) && (x->v->n << x->v->size) % 16;
}

VecUse vec_use(VecEmit *x, const IRVec *v)
{
    VecUse u = { .mask = v->masked };
    VecAccess how;

    shape(x, v, true);
    how = in_pieces(v) && !odd(x) ? VEC_PIECES : VEC_OTHERWISE;
    u.d = classes[v->op] == WALK && vec_walks_pieces(x->v) ? VEC_PIECES : how;
    u.b = v->from == IRV_REG ? how : VEC_NOT;
    switch (classes[v->op]) {
    case MEM:
        break;
    case CMP:
    case FCMP:
        u.d = VEC_OTHERWISE;
        u.a = how;
        break;
    case MERGE:
        u.mask = true;
        u.a = how;
        break;
    case MOVE:
        break;
    case EXT:
        u.a = VEC_OTHERWISE;
        break;
    case RED:
        u.a = how;
        u.b = u.d = VEC_OTHERWISE;
        break;
    default:
        u.a = how;
        break;
    }
    return u;
}

static void start(VecEmit *x, Emit *e, const IRInsn *i, bool likely)
{
    *x = (VecEmit){ .e = e, .a = &e->a, .i = i };
    shape(x, &e->r->vec[i->target], likely);
    x->body = x86_stub(e, STUB_BODY, i);
    x->interpret = x86_stub(e, STUB_INTERPRET, i);
    x->resume = x86_stub(e, STUB_VEC_RESUME, i);
}

static void operation(VecEmit *x, bool partial)
{
    x->partial = partial;
    x->blend = partial || x->v->masked;
    if (partial && classes[x->v->op] != MEM)
        vec_tail_pointer(x);
    run(x);
}

static void finish(VecEmit *x, const uint8_t *after, const X86Kept *then)
{
    x->body->after = x->resume->after = after;
    x->body->then = x->resume->then = *then;
    for (unsigned k = 1; k < ARRAY_SIZE(x->walk) && x->walk[k]; k++) {
        x->walk[k]->after = after;
        x->walk[k]->then = *then;
    }
    if (x->miss) {
        x->miss->after = after;
        x->miss->then = *then;
    }
}

static void vector(Emit *e, const IRInsn *i)
{
    VecEmit x;
    Stub *part = NULL;

    start(&x, e, i, true);
    if (x.v->fast_offset)
        vec_float_ready(&x);
    if (x.v->vl && !odd(&x)) {
        asm_alu_mem_imm(x.a, ALU_CMP, true, ENV, (int32_t)x.v->vl_offset, (int32_t)x.v->vl);
        if (in_pieces(x.v)) {
            part = x86_stub(e, STUB_VEC_PART, i);
            part->from = asm_jcc(x.a, CC_NE);
        } else {
            vec_to_body(&x, CC_NE);
        }
    }
    operation(&x, odd(&x));
    finish(&x, asm_here(x.a), &e->kept);
    if (part) {
        part->after = asm_here(x.a);
        part->then = e->kept;
    }
}

/* In the state alone; each: the likely shape, but every element is looked up. */
static void part_stub(Emit *e, const Stub *s, bool each)
{
    VecEmit x;

    x86_keep_flush(e);
    x86_keep_lost(e);
    e->kept.off = true;
    start(&x, e, s->insn, each);
    x.each = each;
    operation(&x, !each);
    finish(&x, s->after, &s->then);
    e->kept.off = false;
    x86_keep_restore(e, &s->then);
    asm_jmp_to(x.a, s->after);
}

/* From a piece on: the body begins with its first element. Those that leave the same piece are together. */
static void resume_stub(Emit *e, const Stub *s)
{
    const IRVec *v = &e->r->vec[s->insn->target];
    uint8_t *over[8];
    unsigned n_over = 0;

    for (unsigned n = 0, end; n < s->n_from; n = end) {
        for (end = n; end < s->n_from && s->kept_at[end].first == s->kept_at[n].first; end++)
            asm_aim(&e->a, s->froms[end]);
        e->kept.valid = s->kept_at[n].valid;
        e->kept.dirty = s->kept_at[n].dirty;
        x86_keep_flush(e);
        if (s->kept_at[n].first) {
            asm_rm(&e->a, 0xc7, true, 0, ENV, (int32_t)v->start_offset);
            asm_imm32(&e->a, s->kept_at[n].first);
        }
        if (end < s->n_from)
            over[n_over++] = asm_jmp(&e->a);
    }
    while (n_over)
        asm_aim(&e->a, over[--n_over]);
    x86_call(e, s->insn);
    x86_keep_restore(e, &s->then);
    asm_jmp_to(&e->a, s->after);
}

void x86_vector_stub(Emit *e, const Stub *s)
{
    if (s->kind == STUB_VEC_PART) {
        asm_aim(&e->a, s->from);
        part_stub(e, s, false);
    } else if (s->kind == STUB_VEC_EACH) {
        for (unsigned n = 0; n < s->n_from; n++)
            asm_aim(&e->a, s->froms[n]);
        part_stub(e, s, true);
    } else if (s->n_from && s->kind == STUB_VEC_RESUME) {
        resume_stub(e, s);
    } else if (s->kind == STUB_VEC_MISS) {
        vec_miss_stub(e, s);
    } else if (s->kind == STUB_VEC_SET) {
        vec_set_stub(e, s);
    }
}

void x86_vector(Emit *e, const IRInsn *i)
{
    switch (i->op) {
    case IR_expect:
        vec_expect(e, i);
        break;
    case IR_unless:
        vec_unless(e, i);
        break;
    case IR_set_env:
        if (i > e->unless)
            vec_set_env(e, i);
        break;
    case IR_clamp:
        vec_clamp(e, i);
        break;
    default:
        vector(e, i);
        break;
    }
}
