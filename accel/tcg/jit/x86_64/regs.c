/*
 * Which guest registers are in which host registers.
 *
 * At the borders of regions the convention holds, so that one region leads to another without moving
 * anything: the ten registers that compiled code names most. A region that does not use one of
 * them, or much less than another one, gives its place to that one. If it has a loop it takes the count of
 * instructions into a register, too.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

/* ra, sp, s0, s1 survive calls of C; a0 to a5. */
const uint8_t x86_convention[X86_REGS] = {
    [RAX] = JIT_NONE, [RCX] = JIT_NONE, [RDX] = JIT_NONE, [RSP] = JIT_NONE, [RBP] = JIT_NONE,
    [R15] = JIT_NONE,
    [RBX] = 2, [R12] = 1, [R13] = 8, [R14] = 9,
    [RDI] = 10, [RSI] = 11, [R8] = 12, [R9] = 13, [R10] = 14, [R11] = 15,
};

/* Less than this a variable is not worth the moves at entries and exits. */
#define WORTH 16

static unsigned heaviest(const Emit *e)
{
    unsigned best = JIT_NONE;

    for (unsigned v = 1; v < JIT_FP; v++) {
        if (e->reg[v] < 0 && e->r->weight[v] >= WORTH &&
            (best == JIT_NONE || e->r->weight[v] > e->r->weight[best]))
            best = v;
    }
    return best;
}

/* The register whose variable is named least. */
static unsigned lightest(const Emit *e)
{
    unsigned best = JIT_NONE;

    for (unsigned h = 0; h < X86_REGS; h++) {
        if (e->var[h] != JIT_NONE &&
            (best == JIT_NONE || e->r->weight[e->var[h]] < e->r->weight[e->var[best]]))
            best = h;
    }
    return best;
}

static unsigned heaviest_float(const Emit *e)
{
    unsigned best = JIT_NONE;

    for (unsigned v = JIT_FP; v < JIT_VARS; v++) {
        if (e->reg[v] < 0 && e->r->weight[v] >= WORTH &&
            (best == JIT_NONE || e->r->weight[v] > e->r->weight[best]))
            best = v;
    }
    return best;
}

static bool has_loop(const Region *r)
{
    for (unsigned n = 0; n < r->n_edges; n++) {
        if (r->edges[n].block >= 0 && r->edges[n].backward)
            return true;
    }
    return false;
}

/* At the borders floating-point registers are in env. */
static void assign_float(Emit *e)
{
    unsigned end = e->count ? e->count : X86_REGS;

    memset(e->fvar, JIT_NONE, sizeof(e->fvar));
    for (unsigned h = e->r->n_vecs ? XMM_FIRST_VECTORS : XMM_FIRST; h < end; h++) {
        unsigned v = heaviest_float(e);
        if (v == JIT_NONE)
            break;
        e->fvar[h] = (uint8_t)v;
        e->reg[v] = (int8_t)h;
        e->moved = true;
    }
}

void x86_assign(Emit *e)
{
    memset(e->reg, -1, sizeof(e->reg));
    memcpy(e->var, x86_convention, sizeof(e->var));
    e->moved = false;
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (e->var[h] != JIT_NONE)
            e->reg[e->var[h]] = (int8_t)h;
    }
    for (;;) {
        unsigned v = heaviest(e), h = lightest(e);
        if (v == JIT_NONE || e->r->weight[v] < 2 * e->r->weight[e->var[h]] + WORTH)
            break;
        e->reg[e->var[h]] = -1;
        e->var[h] = (uint8_t)v;
        e->reg[v] = (int8_t)h;
        e->moved = true;
    }
    if (has_loop(e->r)) {
        e->count = X86_REGS - 1;
        e->moved = true;
    }
    assign_float(e);
}

/* ---- The count of instructions ---- */

enum { RETIRE_MAX = 128, RETIRE_STEP = 16 };

bool x86_count_init(Jit *j)
{
    uint8_t *table = jit_data(j, (RETIRE_MAX + 1) * RETIRE_STEP);

    for (uint64_t n = 0; table && n <= RETIRE_MAX; n++)
        memcpy(table + n * RETIRE_STEP, &n, sizeof(n));
    j->count_table = table;
    return table != NULL;
}

void x86_retire(Emit *e, unsigned n)
{
    if (!e->count && n)
        asm_alu_mem_imm(&e->a, ALU_ADD, true, ENV, ENV_TCG(icount), (int32_t)n);
    for (; e->count && n; n -= MIN(n, RETIRE_MAX))
        asm_vex_rip(&e->a, X86_OP(0x66, MAP_0F, 0xd4), false, e->count, e->count,
                    e->j->count_table + RETIRE_STEP * MIN(n, RETIRE_MAX)); /* vpaddq */
}

static void fill_count(Emit *e)
{
    if (e->count)
        asm_vex_rm(&e->a, X86_OP(0xf3, MAP_0F, 0x7e), false, e->count, 0, ENV, ENV_TCG(icount));
}

static void spill_count(Emit *e)
{
    if (e->count)
        asm_vex_rm(&e->a, X86_OP(0x66, MAP_0F, 0xd6), false, e->count, 0, ENV, ENV_TCG(icount));
}

/* ---- Moving ---- */

static void fill_float(Emit *e)
{
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (e->fvar[h] != JIT_NONE)
            asm_vex_rm(&e->a, X86_OP(0xf3, MAP_0F, 0x7e), false, h, 0, ENV,
                       x86_offset(e, e->fvar[h])); /* vmovq */
    }
}

static void spill_float(Emit *e)
{
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (e->fvar[h] != JIT_NONE && (e->r->written >> e->fvar[h] & 1))
            asm_vex_rm(&e->a, X86_OP(0x66, MAP_0F, 0xd6), false, h, 0, ENV,
                       x86_offset(e, e->fvar[h]));
    }
}

static bool moved(const Emit *e, unsigned h)
{
    return e->var[h] != x86_convention[h];
}

void x86_enter(Emit *e)
{
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (moved(e, h)) {
            asm_store(&e->a, ENV, x86_offset(e, x86_convention[h]), h);
            asm_load(&e->a, h, ENV, x86_offset(e, e->var[h]));
        }
    }
    fill_float(e);
    fill_count(e);
}

void x86_leave(Emit *e)
{
    x86_keep_flush(e);
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (!moved(e, h))
            continue;
        if (e->r->written >> e->var[h] & 1)
            asm_store(&e->a, ENV, x86_offset(e, e->var[h]), h);
        asm_load(&e->a, h, ENV, x86_offset(e, x86_convention[h]));
    }
    spill_float(e);
    spill_count(e);
}

/* Keeps every register. */
void x86_spill(Emit *e)
{
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (e->var[h] != JIT_NONE && (!moved(e, h) || (e->r->written >> e->var[h] & 1)))
            asm_store(&e->a, ENV, x86_offset(e, e->var[h]), h);
    }
    spill_float(e);
    spill_count(e);
}

/* Keeps rax. */
void x86_fill(Emit *e)
{
    asm_load(&e->a, TLB, ENV, ENV_TCG(tlb));
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (e->var[h] != JIT_NONE)
            asm_load(&e->a, h, ENV, x86_offset(e, e->var[h]));
    }
    fill_float(e);
    fill_count(e);
}

void x86_copy(Emit *e, unsigned var, unsigned scratch)
{
    if (var == 0)
        asm_mov_imm(&e->a, scratch, 0);
    else if (e->reg[var] >= 0)
        asm_mov(&e->a, scratch, (unsigned)e->reg[var]);
    else if (e->held_at == e->a.p && e->held_var == var)
        asm_mov(&e->a, scratch, e->held_reg);
    else
        asm_load(&e->a, scratch, ENV, x86_offset(e, var));
}

unsigned x86_use(Emit *e, unsigned var, unsigned scratch)
{
    if (var && e->reg[var] >= 0)
        return (unsigned)e->reg[var];
    x86_copy(e, var, scratch);
    return scratch;
}

void x86_define(Emit *e, unsigned var, unsigned reg)
{
    if (var >= JIT_VARS)
        return;
    if (e->reg[var] >= 0)
        asm_mov(&e->a, (unsigned)e->reg[var], reg);
    else
        asm_store(&e->a, ENV, x86_offset(e, var), reg);
    e->held_var = (uint8_t)var;
    e->held_reg = (uint8_t)reg;
    e->held_at = e->a.p;
}
