/*
 * Passes over a region's operations.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/ir.h"

/* What is known of variables at one place. */
typedef struct Known {
    uint64_t set; /* by variable */
    uint64_t value[JIT_VARS];
} Known;

static bool known(const Known *k, unsigned v)
{
    return v < JIT_VARS && (k->set >> v & 1);
}

static void forget(Known *k, unsigned v)
{
    if (v < JIT_VARS && v)
        k->set &= ~(1ULL << v);
}

static void make_const(IRInsn *i, Known *k, uint64_t value)
{
    i->op = IR_const;
    i->a = i->b = JIT_NONE;
    i->imm = (int64_t)value;
    k->set |= 1ULL << i->d;
    k->value[i->d] = value;
}

static bool fits32(uint64_t v)
{
    return (int64_t)v == (int32_t)v;
}

static bool commutes(unsigned op)
{
    switch (op) {
    case IR_add:
    case IR_and:
    case IR_or:
    case IR_xor:
    case IR_xnor:
    case IR_addw:
    case IR_mul:
    case IR_mulw:
    case IR_min:
    case IR_max:
    case IR_minu:
    case IR_maxu:
        return true;
    default:
        return false;
    }
}

/* Constants: lui and addi, auipc and a load, li of a loop's bounds; mv, which is an addition of x0. */
static void fold_insn(IRInsn *i, Known *k)
{
    if (i->op <= IR_binv) {
        if (known(k, i->a) && i->b < JIT_VARS && !known(k, i->b) && commutes(i->op)) {
            uint8_t b = i->b;
            i->b = i->a;
            i->a = b;
        }
        if (known(k, i->b) && fits32(k->value[i->b])) {
            i->imm = (int64_t)k->value[i->b];
            i->b = JIT_NONE;
        }
        if (known(k, i->a) && i->b == JIT_NONE) {
            make_const(i, k, ir_fold(i->op, k->value[i->a], (uint64_t)i->imm));
            return;
        }
        if (i->b == JIT_NONE && i->imm == 0 && (i->op == IR_add || i->op == IR_or || i->op == IR_xor))
            i->op = IR_mov;
    }
    if (i->op >= IR_mov && i->op <= IR_cpopw && known(k, i->a)) {
        make_const(i, k, ir_fold(i->op, k->value[i->a], 0));
        return;
    }
    if (i->op == IR_link) {
        k->set |= 1ULL << i->d;
        k->value[i->d] = (uint64_t)i->imm;
        return;
    }
    if (i->op == IR_const) {
        make_const(i, k, (uint64_t)i->imm);
        return;
    }
    if (i->op == IR_put && known(k, i->b)) {
        i->imm &= (int64_t)k->value[i->b];
        i->b = JIT_NONE;
    }
    if (i->op == IR_call)
        k->set = 1;
    forget(k, i->d);
}

/* Bits of the state that were set before in the block, with nothing between that could clear them. */
static void once(IRInsn *i, uint32_t *set)
{
    if (i->op == IR_call || i->op == IR_status)
        *set = 0;
    if (i->op != IR_set_bits)
        return;
    if (((uint32_t)i->imm & ~*set) == 0)
        i->op = IR_nothing;
    *set |= (uint32_t)i->imm;
}

/*
 * What was computed and not been asked for yet: the operation that computed each variable, if all since
 * then have neither read it nor could have shown the registers to anybody (faults, calls, exits).
 */
typedef struct Pending {
    uint64_t set;
    uint16_t at[JIT_VARS];
} Pending;

/* Whether it does nothing but compute d of its operands. */
static bool pure(unsigned op)
{
    return op <= IR_cpopw || op == IR_const;
}

static void read_var(Pending *p, unsigned v)
{
    if (v < JIT_VARS)
        p->set &= ~(1ULL << v);
}

/* Variables that are another one shifted left by a constant, both as they were then. */
typedef struct Shifted {
    uint64_t set;
    uint8_t of[JIT_VARS], by[JIT_VARS];
} Shifted;

/* What a shift to the right makes of v << 32, or an addition of v << by, if it is one operation. */
static bool merge(IRInsn *i, unsigned shifted, unsigned v, int64_t by)
{
    if (i->op == IR_srl && i->a == shifted && i->b == JIT_NONE && by == 32 && i->imm >= 1 &&
        i->imm <= 32) {
        i->op = IR_slli_uw;
        i->imm = 32 - i->imm;
    } else if (i->op == IR_add && i->b < JIT_VARS && (i->a == shifted) != (i->b == shifted) &&
               by >= 1 && by <= 3) {
        if (i->b == shifted)
            i->b = i->a;
        i->op = (uint8_t)(IR_sh1add + by - 1);
    } else {
        return false;
    }
    i->a = (uint8_t)v;
    return true;
}

/* Uses what was shifted instead of the result, which then perhaps nobody reads. */
static void through_shifts(IRInsn *i, Shifted *s)
{
    unsigned n = 0;

    for (unsigned v = i->a; n < 2; v = i->b, n++) {
        if (v < JIT_VARS && (s->set >> v & 1) && merge(i, v, s->of[v], s->by[v]))
            break;
    }
    if (i->op == IR_call)
        s->set = 0;
    if (i->d >= JIT_VARS)
        return;
    s->set &= ~(1ULL << i->d);
    for (uint64_t left = s->set; left; left &= left - 1) {
        unsigned v = (unsigned)__builtin_ctzll(left);
        if (s->of[v] == i->d)
            s->set &= ~(1ULL << v);
    }
    if (i->op == IR_sll && i->b == JIT_NONE && i->d != i->a && i->d) {
        s->set |= 1ULL << i->d;
        s->of[i->d] = i->a;
        s->by[i->d] = (uint8_t)(i->imm & 63);
    }
}

/* The same where the shift's operand is its result, too, and the second operation overwrites that. */
static void fuse(Region *r, IRInsn *i, Pending *p)
{
    unsigned v = i->d;
    IRInsn *first;

    if (v >= JIT_VARS || !v || !(p->set >> v & 1))
        return;
    first = &r->insns[p->at[v]];
    if (first->op != IR_sll || first->b != JIT_NONE || first->a != v ||
        !merge(i, v, v, first->imm & 63))
        return;
    first->op = IR_nothing;
    first->d = first->a = JIT_NONE;
    p->set &= ~(1ULL << v);
}

/* What nobody reads before it is overwritten need not be computed. */
static void drop_dead(Region *r, unsigned at, Pending *p)
{
    IRInsn *i = &r->insns[at];

    if (i->op == IR_nothing || i->op == IR_set_bits)
        return;
    if (!pure(i->op)) {
        p->set = 0;
        return;
    }
    fuse(r, i, p);
    read_var(p, i->a);
    read_var(p, i->b);
    if (i->d >= JIT_VARS || !i->d)
        return;
    if (p->set >> i->d & 1) {
        IRInsn *dead = &r->insns[p->at[i->d]];
        dead->op = IR_nothing;
        dead->d = dead->a = dead->b = JIT_NONE;
    }
    p->set |= 1ULL << i->d;
    p->at[i->d] = (uint16_t)at;
}

static void count_var(Region *r, unsigned v, unsigned weight)
{
    if (v < JIT_VARS && v) {
        r->used |= 1ULL << v;
        r->weight[v] += weight;
    }
}

#define DEEPEST 4 /* nested loops that make a difference */

/* Blocks that a backward edge leads over are in a loop: what is named there counts more. */
static void block_weights(const Region *r, unsigned *weight)
{
    int begin[REGION_BLOCKS + 1] = { 0 }, depth = 0;

    for (unsigned i = 0; i < r->n_edges; i++) {
        const RegionEdge *e = &r->edges[i];
        if (e->block >= 0 && (unsigned)e->block <= e->from) {
            begin[e->block]++;
            begin[e->from + 1]--;
        }
    }
    for (unsigned n = 0; n < r->n_blocks; n++) {
        depth += begin[n];
        weight[n] = 1u << 3 * MIN(depth, DEEPEST);
    }
}

void region_optimise(Region *r)
{
    unsigned weights[REGION_BLOCKS];

    r->used = r->written = 0;
    region_know(r);
    region_know_pages(r);
    memset(r->weight, 0, sizeof(r->weight));
    block_weights(r, weights);
    for (unsigned n = 0; n < r->n_blocks; n++) {
        Known k;
        Pending p;
        Shifted shifted;
        unsigned weight = weights[n];
        uint32_t bits_set = r->blocks[n].known.set;
        uint64_t narrow = 1;
        /* Values mean something only where set says so. */
        k.set = 1;
        k.value[0] = 0;
        p.set = shifted.set = 0;
        for (unsigned j = r->blocks[n].first; j < r->blocks[n].end; j++) {
            IRInsn *i = &r->insns[j];
            fold_insn(i, &k);
            ir_narrow(i, &narrow);
            once(i, &bits_set);
            through_shifts(i, &shifted);
            drop_dead(r, j, &p);
        }
        for (unsigned j = r->blocks[n].first; j < r->blocks[n].end; j++) {
            const IRInsn *i = &r->insns[j];
            count_var(r, i->d, weight);
            count_var(r, i->a, weight);
            count_var(r, i->b, weight);
            count_var(r, i->c, weight);
            if (i->d < JIT_VARS)
                r->written |= 1ULL << i->d;
        }
    }
}
