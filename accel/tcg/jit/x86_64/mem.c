/*
 * Loads and stores.
 *
 * Each base register has two windows in the current TLB context, one for loads and one for stores: the
 * page it was last used with. An access compares its address with the window, and only if it is
 * another page (or too near to its end) goes through the TLB, out of line, which moves the window. The
 * host address then does not wait for the guest's: both come from the window.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

static int32_t window(const IRInsn *i, size_t field)
{
    unsigned n = i->a + (i->op == IR_store ? TLB_WINDOWS / 2 : 0);

    return (int32_t)(TLB_FAST_SIZE * sizeof(TLBEntry) + n * sizeof(TLBWindow) + field);
}

static bool small(int64_t v)
{
    return v == (int32_t)v;
}

/* d = address */
static void address(Emit *e, const IRInsn *i, unsigned d)
{
    if (!small(i->imm)) {
        asm_mov_imm(&e->a, d, (uint64_t)i->imm);
        if (i->a && e->reg[i->a] >= 0)
            asm_alu(&e->a, ALU_ADD, true, d, (unsigned)e->reg[i->a]);
        else if (i->a)
            asm_alu_load(&e->a, ALU_ADD, true, d, ENV, x86_offset(e, i->a));
    } else if (i->a && e->reg[i->a] >= 0) {
        asm_lea(&e->a, d, (unsigned)e->reg[i->a], (int32_t)i->imm);
    } else {
        x86_copy(e, i->a, d);
        if (i->imm)
            asm_alu_imm(&e->a, ALU_ADD, true, d, (int32_t)i->imm);
    }
}

Stub *x86_window(Emit *e, const IRInsn *i, StubKind kind)
{
    Stub *s = x86_stub(e, kind, i);

    address(e, i, RCX);
    asm_alu_load(&e->a, ALU_SUB, true, RCX, TLB, window(i, offsetof(TLBWindow, page)));
    asm_alu_load(&e->a, ALU_CMP, true, RCX, TLB, window(i, offsetof(TLBWindow, room)));
    s->from = asm_jcc(&e->a, CC_AE);
    asm_load(&e->a, RDX, TLB, window(i, offsetof(TLBWindow, host)));
    s->back = asm_here(&e->a);
    return s;
}

void x86_tlb(Emit *e, MMUAccess access, unsigned size, Stub *s)
{
    Asm *a = &e->a;

    asm_mov(a, RCX, RAX);
    asm_shift_imm(a, SH_SHR, true, RCX, TARGET_PAGE_BITS);
    asm_alu_imm(a, ALU_AND, false, RCX, TLB_FAST_SIZE - 1);
    asm_shift_imm(a, SH_SHL, false, RCX, 5);
    asm_mov(a, RDX, RAX);
    asm_alu_imm(a, ALU_AND, true, RDX, (int32_t)TARGET_PAGE_MASK | ((int32_t)size - 1));
    asm_rx(a, ALU_CMP << 3 | 3, true, RDX, TLB, RCX, 0, 8 * access);
    s->froms[s->n_from++] = asm_jcc(a, CC_NE);
    asm_rx(a, 0x8b, true, RDX, TLB, RCX, 0, offsetof(TLBEntry, addend));
    asm_alu(a, ALU_ADD, true, RDX, RAX);
}

/* A pointer that leads to the next one is on another page each time: straight to the TLB. */
static bool chases(const IRInsn *i)
{
    return i->d == i->a && i->size == 8;
}

static void load_through_tlb(Emit *e, const IRInsn *i)
{
    Stub *s = x86_stub(e, STUB_LOAD, i);

    address(e, i, RAX);
    x86_tlb(e, MMU_LOAD, i->size, s);
    s->from = s->froms[0];
    /* As behind a window: rdx and rcx. */
    asm_alu(&e->a, ALU_XOR, false, RCX, RCX);
    s->back = asm_here(&e->a);
    unsigned d = x86_dest(e, i->d, RAX);
    asm_rx(&e->a, 0x8b, true, d, RDX, RCX, 0, 0);
    x86_define(e, i->d, d);
    s->after = asm_here(&e->a);
}

static unsigned load_op(const IRInsn *i, bool *w)
{
    *w = i->sign || i->size == 8;
    switch (i->size) {
    case 1:
        return X86_OP(0, MAP_0F, i->sign ? 0xbe : 0xb6);
    case 2:
        return X86_OP(0, MAP_0F, i->sign ? 0xbf : 0xb7);
    case 4:
        return i->sign ? 0x63 : 0x8b;
    default:
        return 0x8b;
    }
}

void x86_load(Emit *e, const IRInsn *i)
{
    if (chases(i)) {
        load_through_tlb(e, i);
        return;
    }
    Stub *s = x86_window(e, i, STUB_LOAD);
    if (i->d >= JIT_FP && i->d < JIT_VARS) {
        x86_float_load(e, i);
        s->after = asm_here(&e->a);
        return;
    }
    unsigned d = x86_dest(e, i->d, RAX);
    bool w;
    unsigned op = load_op(i, &w);

    asm_rx(&e->a, op, w, d, RDX, RCX, 0, 0);
    x86_define(e, i->d, d);
    s->after = asm_here(&e->a);
}

static void store_value(Emit *e, const IRInsn *i, unsigned v)
{
    if (i->size == 1)
        asm_rx8(&e->a, 0x88, v, RDX, RCX);
    else
        asm_rx(&e->a, i->size == 2 ? X86_OP(0x66, 0, 0x89) : 0x89, i->size == 8, v, RDX, RCX, 0, 0);
}

void x86_store(Emit *e, const IRInsn *i)
{
    Stub *s = x86_window(e, i, STUB_STORE);

    if (i->b >= JIT_FP)
        x86_float_store(e, i);
    else
        store_value(e, i, x86_use(e, i->b, RAX));
    s->after = asm_here(&e->a);
}

JitSite *x86_site(Emit *e, const IRInsn *i)
{
    JitSite *site = jit_data(e->j, sizeof(*site));
    const GuestOp *g = &e->r->guest[i->guest];

    if (!site) {
        e->a.full = true;
        return NULL;
    }
    site->tb = g->tb;
    site->op = g->op;
    site->spill = e->spill;
    site->fill = e->fill;
    return site;
}

void x86_window_miss(Emit *e, const IRInsn *i, const JitSite *site)
{
    address(e, i, RAX);
    asm_mov_imm(&e->a, RCX, (uint32_t)window(i, 0));
    asm_rip(&e->a, 0x8d, true, RDX, site, 0);
    asm_call_to(&e->a, i->op == IR_store ? e->j->store_miss : e->j->load_miss);
}

void x86_memory_stub(Emit *e, const Stub *s)
{
    const IRInsn *i = s->insn;
    JitSite *site = x86_site(e, i);

    asm_aim(&e->a, s->from);
    if (!site)
        return;
    site->size = i->size;
    site->sign = i->sign;
    site->room = (uint32_t)TARGET_PAGE_SIZE - i->size;
    if (i->op == IR_store && i->b >= JIT_FP && e->reg[i->b] >= 0)
        asm_vex_rm(&e->a, X86_OP(0x66, MAP_0F, 0xd6), false, (unsigned)e->reg[i->b], 0, RSP,
                   FRAME_VALUE);
    else if (i->op == IR_store)
        asm_store(&e->a, RSP, FRAME_VALUE, x86_use(e, i->b, RAX));
    x86_window_miss(e, i, site);
    /* Carry clear: rcx and rdx are as the access wants them. */
    asm_jcc_to(&e->a, CC_AE, s->back);
    if (i->op == IR_load && i->d >= JIT_FP && i->d < JIT_VARS) {
        if (i->size == 4) { /* boxed */
            asm_mov_imm(&e->a, RCX, 0xffffffff00000000);
            asm_alu(&e->a, ALU_OR, true, RAX, RCX);
        }
        x86_float_define(e, i->d);
    } else if (i->op == IR_load) {
        x86_define(e, i->d, RAX);
    }
    asm_jmp_to(&e->a, s->after);
}
