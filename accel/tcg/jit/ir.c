/*
 * Building and printing the intermediate form.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/ir.h"

#include <inttypes.h>

static const char *const names[] = {
#define IR(name, form) #name,
#include "accel/tcg/jit/ir.def"
#undef IR
};

static const char *const vec_names[] = {
#define V(name, class) #name,
#include "accel/tcg/jit/vec.def"
#undef V
};

const char *ir_vec_name(IRVecOp op)
{
    return op < IRV_NR ? vec_names[op] : "?";
}

const char *ir_name(IROp op)
{
    return op < IR_NR ? names[op] : "?";
}

IRInsn *ir_append(IRBuilder *b, IROp op)
{
    Region *r = b->r;
    IRInsn *i = &r->insns[r->n_insns];

    if (r->n_insns < REGION_INSNS - 1)
        r->n_insns++;
    else
        r->full = true;
    *i = (IRInsn){ .op = op, .d = JIT_NONE, .a = JIT_NONE, .b = JIT_NONE, .c = JIT_NONE, .guest = b->guest };
    return i;
}

/* With these variables. */
static IRInsn *append(IRBuilder *b, IROp op, unsigned d, unsigned a, unsigned v)
{
    IRInsn *i = ir_append(b, op);

    i->d = d;
    i->a = a;
    i->b = v;
    return i;
}

void ir_op2(IRBuilder *b, IROp op, unsigned d, unsigned a, unsigned v)
{
    if (d == JIT_NONE)
        return;
    append(b, op, d, a, v);
}

void ir_op2i(IRBuilder *b, IROp op, unsigned d, unsigned a, int64_t imm)
{
    if (d == JIT_NONE)
        return;
    append(b, op, d, a, JIT_NONE)->imm = imm;
}

void ir_op1(IRBuilder *b, IROp op, unsigned d, unsigned a)
{
    if (d == JIT_NONE)
        return;
    append(b, op, d, a, JIT_NONE);
}

void ir_const(IRBuilder *b, unsigned d, int64_t value)
{
    if (d == JIT_NONE)
        return;
    append(b, IR_const, d, JIT_NONE, JIT_NONE)->imm = value;
}

void ir_load(IRBuilder *b, unsigned d, unsigned a, int64_t offset, unsigned size, bool sign)
{
    IRInsn *i = append(b, IR_load, d, a, JIT_NONE);

    i->imm = offset;
    i->size = size;
    i->sign = sign;
}

void ir_store(IRBuilder *b, unsigned a, int64_t offset, unsigned v, unsigned size)
{
    IRInsn *i = append(b, IR_store, JIT_NONE, a, v);

    i->imm = offset;
    i->size = size;
}

void ir_amo(IRBuilder *b, IRAmo amo, unsigned d, unsigned a, unsigned v, unsigned size)
{
    IRInsn *i = append(b, IR_amo, d, a, v);

    i->cond = amo;
    i->size = size;
}

void ir_load_reserved(IRBuilder *b, unsigned d, unsigned a, unsigned size)
{
    append(b, IR_load_reserved, d, a, JIT_NONE)->size = size;
}

void ir_store_conditional(IRBuilder *b, unsigned d, unsigned a, unsigned v, unsigned size)
{
    append(b, IR_store_conditional, d, a, v)->size = size;
}

void ir_zero(IRBuilder *b, unsigned a, unsigned size, unsigned env_offset, uint32_t bits)
{
    IRInsn *i = append(b, IR_zero, JIT_NONE, a, JIT_NONE);

    i->size = size;
    i->target = env_offset;
    i->imm = bits;
}

void ir_fence(IRBuilder *b)
{
    ir_append(b, IR_fence);
}

void ir_call(IRBuilder *b)
{
    ir_append(b, IR_call);
}

void ir_nothing(IRBuilder *b)
{
    ir_append(b, IR_nothing);
}

void ir_float(IRBuilder *b, IROp op, unsigned d, unsigned a, unsigned v, unsigned c, IRFloat how)
{
    IRInsn *i = append(b, op, d, a, v);

    i->c = c;
    i->size = how.size;
    i->cond = how.bit;
    i->target = how.fast_offset;
    i->sign = how.rz;
    i->imm = how.down ? IR_ROUND_DOWN : how.up ? IR_ROUND_UP : 0;
}

void ir_branch(IRBuilder *b, IRCond cond, unsigned a, unsigned v)
{
    IRInsn *i = append(b, IR_branch, JIT_NONE, a, v);

    i->cond = cond;
    i->target = b->edge;
}

void ir_jump_to(IRBuilder *b, unsigned a, int64_t offset, bool back)
{
    IRInsn *i = append(b, IR_jump_to, JIT_NONE, a, JIT_NONE);

    i->imm = offset;
    b->back = back;
}

void ir_link(IRBuilder *b, unsigned d, int64_t value)
{
    append(b, IR_link, d, JIT_NONE, JIT_NONE)->imm = value;
}

void ir_set_bits(IRBuilder *b, unsigned env_offset, uint32_t bits)
{
    IRInsn *i = ir_append(b, IR_set_bits);
    i->target = env_offset;
    i->imm = bits;
}

void ir_get(IRBuilder *b, unsigned d, unsigned env_offset, int64_t mask)
{
    if (d == JIT_NONE)
        return;
    IRInsn *i = append(b, IR_get, d, JIT_NONE, JIT_NONE);

    i->target = env_offset;
    i->imm = mask;
}

void ir_put(IRBuilder *b, unsigned env_offset, unsigned v, int64_t mask)
{
    IRInsn *i = append(b, IR_put, JIT_NONE, JIT_NONE, v);

    i->target = env_offset;
    i->imm = mask;
}

void ir_swap(IRBuilder *b, unsigned d, unsigned env_offset, unsigned v, int64_t mask)
{
    IRInsn *i = append(b, IR_swap, d, JIT_NONE, v);

    i->target = env_offset;
    i->imm = mask;
}

void ir_status(IRBuilder *b, IRStatus how, unsigned d, unsigned v, int64_t imm)
{
    IRInsn *i = append(b, IR_status, d, JIT_NONE, v);

    i->cond = how;
    i->imm = imm;
}

uint32_t ir_mode(const IRBuilder *b)
{
    return b->r->guest[b->guest].tb->mode;
}

/* ---- Vectors ---- */

bool ir_has_vector(const IRBuilder *b, const IRVec *v)
{
    return b->has_vector && b->has_vector(v);
}

void ir_vector(IRBuilder *b, const IRVec *v, unsigned d, unsigned a)
{
    Region *r = b->r;
    IRInsn *i = ir_append(b, IR_vector);

    r->vec[r->n_vecs] = *v;
    i->target = (uint16_t)r->n_vecs;
    if (v->op == IRV_lstride || v->op == IRV_sstride)
        i->b = v->stride;
    i->d = d;
    i->a = a;
    if (r->n_vecs < REGION_VECS - 1)
        r->n_vecs++;
    else
        r->full = true;
}

void ir_expect(IRBuilder *b, unsigned env_offset, uint32_t value)
{
    IRInsn *i = ir_append(b, IR_expect);

    i->target = (uint16_t)env_offset;
    i->imm = value;
}

void ir_unless(IRBuilder *b, unsigned env_offset, uint32_t value, unsigned count)
{
    IRInsn *i = ir_append(b, IR_unless);

    i->target = (uint16_t)env_offset;
    i->imm = value;
    i->size = (uint8_t)count;
}

void ir_set_env(IRBuilder *b, unsigned env_offset, unsigned size, uint64_t value)
{
    IRInsn *i = ir_append(b, IR_set_env);

    i->target = (uint16_t)env_offset;
    i->size = (uint8_t)size;
    i->imm = (int64_t)value;
}

void ir_clamp(IRBuilder *b, unsigned d, unsigned a, uint32_t limit, unsigned env_offset)
{
    IRInsn *i = append(b, IR_clamp, d, a, JIT_NONE);

    i->imm = limit;
    i->target = (uint16_t)env_offset;
}

uint64_t *ir_facts(IRBuilder *b)
{
    return &b->r->facts;
}

CPUArchState *ir_env(const IRBuilder *b)
{
    return b->env;
}

/* ---- Printing ---- */

static void dump_vec(GString *out, const IRVec *v)
{
    g_string_append_printf(out, " %s %u x %u%s%s", ir_vec_name(v->op), v->n, 8u << v->size,
                           v->masked ? " masked" : "", v->vl ? " up to vl" : "");
}

static void dump_var(GString *out, const char *before, unsigned v)
{
    if (v == JIT_NONE)
        return;
    g_string_append_printf(out, "%s%c%u", before, v < JIT_FP ? 'x' : 'f', v & (JIT_FP - 1));
}

static void dump_edge(GString *out, const RegionEdge *e)
{
    if (e->block >= 0)
        g_string_append_printf(out, " -> block %d", e->block);
    else
        g_string_append_printf(out, " -> exit 0x%" PRIx64, e->pc);
    g_string_append_printf(out, "%s%s +%u", e->backward ? " backward" : "",
                           e->cross_page ? " other page" : "", e->retired);
}

void ir_dump(const Region *r, GString *out)
{
    for (unsigned n = 0; n < r->n_blocks; n++) {
        const RegionBlock *blk = &r->blocks[n];
        g_string_append_printf(out, "block %u: 0x%" PRIx64 "\n", n, blk->tb->pc);
        for (unsigned k = blk->first; k < blk->end; k++) {
            const IRInsn *i = &r->insns[k];
            const GuestOp *g = &r->guest[i->guest];
            g_string_append_printf(out, "  %6" PRIx64 "  %-10s", g->tb->pc + g->op->pc_off,
                                   ir_name(i->op));
            if (i->op == IR_load || i->op == IR_store)
                g_string_append_printf(out, " %u%s", 8u * i->size, i->sign ? "s" : "");
            if (i->op == IR_branch)
                g_string_append_printf(out, " %s",
                    ((const char *const[]){ "eq", "ne", "lt", "ge", "ltu", "geu" })[i->cond]);
            if (i->op == IR_vector)
                dump_vec(out, &r->vec[i->target]);
            dump_var(out, " ", i->d);
            dump_var(out, i->d == JIT_NONE ? " " : ", ", i->a);
            dump_var(out, ", ", i->b);
            dump_var(out, ", ", i->c);
            if (i->op == IR_status)
                g_string_append_printf(out, " %s",
                    ((const char *const[]){ "write", "set", "clear", "read" })[i->cond]);
            if (i->op >= IR_get && i->op <= IR_swap)
                g_string_append_printf(out, " state+%u", i->target);
            if (i->op < IR_fadd && (i->b == JIT_NONE || i->op == IR_store))
                g_string_append_printf(out, ", %" PRId64, i->imm);
            if (i->op == IR_branch || i->op == IR_jump)
                dump_edge(out, &r->edges[i->target]);
            g_string_append_c(out, '\n');
        }
    }
}
