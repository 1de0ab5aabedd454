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

/* Constants: lui and addi, auipc and a load, li of a loop's bounds. */
static void fold_insn(IRInsn *i, Known *k)
{
    if (i->op <= IR_binv) {
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

static void count_var(Region *r, unsigned v, unsigned weight)
{
    if (v < JIT_VARS && v) {
        r->used |= 1ULL << v;
        r->weight[v] += weight;
    }
}

/* Blocks that a backward edge leads over are in a loop: what is named there counts more. */
static unsigned block_weight(const Region *r, unsigned n)
{
    unsigned w = 1;

    for (unsigned i = 0; i < r->n_edges; i++) {
        const RegionEdge *e = &r->edges[i];
        if (e->block >= 0 && (unsigned)e->block <= n && e->from >= n && w < 4096)
            w *= 8;
    }
    return w;
}

void region_optimise(Region *r)
{
    r->used = r->written = 0;
    memset(r->weight, 0, sizeof(r->weight));
    for (unsigned n = 0; n < r->n_blocks; n++) {
        Known k = { .set = 1 };
        uint32_t bits_set = 0;
        unsigned weight = block_weight(r, n);
        for (unsigned j = r->blocks[n].first; j < r->blocks[n].end; j++) {
            IRInsn *i = &r->insns[j];
            fold_insn(i, &k);
            once(i, &bits_set);
            count_var(r, i->d, weight);
            count_var(r, i->a, weight);
            count_var(r, i->b, weight);
            count_var(r, i->c, weight);
            if (i->d < JIT_VARS)
                r->written |= 1ULL << i->d;
        }
    }
}
