/*
 * Loads and stores.
 *
 * An access is checked in one of two ways, and then made at its guest address plus an addend.
 *
 * Through the TLB: the entry of the address's page is compared, in line. Or through a window: each base
 * register has two in the current TLB context, one for loads and one for stores, which are the page it
 * was last used with. That is shorter, and the host address does not wait for the guest's; but it must
 * be the same page nearly always. So windows serve the stack pointer and its like, and registers that
 * walk through memory in a loop; share.c says which. Where the page is another one, the TLB is asked out
 * of line, and the window moves.
 *
 * Other loads in a loop guess a window of their own, as what they load is often waited for: a table may be
 * all on one page. Where the page is another one the TLB is asked out of line; the window
 * moves only if it misses seldom, else it stays closed for long, and the jump is predicted.
 * Loads that give each other their addresses (they are *chased*: a list, a tree) rarely stay on a page, and
 * guess nothing. All wait for them, so the way to their TLB entry is kept short: it is found by the base
 * without the offset, or by an index before it is scaled (x86_index()).
 *
 * A check may be good for several accesses: share.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

#define NEAR 64 /* bytes behind its base that a field is sought by the base: see by_base() */

unsigned x86_window(const X86Check *c)
{
    return c->guess ? c->guess - 1u : tlb_window_number(c->var, c->store);
}

static int32_t window(const X86Check *c, size_t field)
{
    return (int32_t)(x86_window(c) * sizeof(TLBWindow) + field) - (int32_t)sizeof(TLBFront);
}

static bool small(int64_t v)
{
    return v == (int32_t)v;
}

static bool in_reg(const Emit *e, unsigned var)
{
    return var && e->reg[var] >= 0;
}

/* d = var + offset */
static void address(Emit *e, unsigned var, int64_t offset, unsigned d)
{
    if (!small(offset)) {
        asm_mov_imm(&e->a, d, (uint64_t)offset);
        if (in_reg(e, var))
            asm_alu(&e->a, ALU_ADD, true, d, (unsigned)e->reg[var]);
        else if (var)
            asm_alu_load(&e->a, ALU_ADD, true, d, ENV, x86_offset(e, var));
    } else if (var == 0) {
        asm_mov_imm(&e->a, d, (uint64_t)offset);
    } else if (in_reg(e, var)) {
        asm_lea(&e->a, d, (unsigned)e->reg[var], (int32_t)offset);
    } else {
        x86_copy(e, var, d);
        if (offset)
            asm_alu_imm(&e->a, ALU_ADD, true, d, (int32_t)offset);
    }
}

void x86_address(Emit *e, unsigned var, int64_t offset)
{
    address(e, var, offset, RAX);
}

/* For info jit. */
static void count(Emit *e, const uint64_t *n)
{
    asm_rip(&e->a, 0xff, true, 0, n, 0); /* inc */
}

/* ---- Checks: h becomes the addend; rax is used ---- */

void x86_index(Emit *e, const IRInsn *i, unsigned scale, int32_t lo, unsigned h)
{
    Asm *a = &e->a;

    address(e, i->b, lo, h);
    asm_shift_imm(a, SH_SHR, true, h, scale);
    asm_alu(a, ALU_ADD, true, h, (unsigned)e->reg[i->a]);
}

/* Whether the entry is looked for by the base alone, which is there a cycle earlier. If that is on the page
 * before, the check fails and is made again out of line. */
static bool by_base(const Emit *e, const X86Check *c)
{
    return c->chased && c->lo > 0 && c->lo <= NEAR && in_reg(e, c->var);
}

static void entry_of(Asm *a, unsigned d, unsigned s, unsigned shift)
{
    asm_rorx(a, d, s, shift);
    asm_alu_load(a, ALU_AND, false, d, TLB, TLB_MASK_AT);
}

void x86_tlb_entry(Asm *a, unsigned d, unsigned s)
{
    entry_of(a, d, s, TLB_INDEX_SHIFT);
}

static uint8_t *check_tlb(Emit *e, const X86Check *c, unsigned h)
{
    Asm *a = &e->a;
    int32_t last = (int32_t)(c->hi - c->lo) - 1;
    unsigned s = RAX;

    if ((c->lo == 0 && in_reg(e, c->var)) || by_base(e, c)) {
        s = (unsigned)e->reg[c->var];
        last += (int32_t)c->lo;
    } else {
        address(e, c->var, c->lo, RAX);
    }
    if (e->ahead.of && e->ahead.lo == c->lo)
        entry_of(a, h, e->ahead.reg, e->ahead.shift);
    else
        x86_tlb_entry(a, h, s);
    /* Of the last byte's page: it is the entry's if that is where the first byte is. */
    asm_lea(a, RAX, s, last);
    asm_alu_imm(a, ALU_AND, true, RAX, (int32_t)TARGET_PAGE_MASK);
    asm_rx(a, ALU_CMP << 3 | 3, true, RAX, TLB, h, 0, 8 * (c->store ? MMU_STORE : MMU_LOAD));
    uint8_t *no = asm_jcc(a, CC_NE);
    asm_rx(a, 0x8b, true, h, TLB, h, 0, offsetof(TLBEntry, addend));
    return no;
}

/* Whoever is in the last bytes of a page is not in the window. */
static void check_window(Emit *e, const X86Check *c, unsigned h, uint8_t *no[2])
{
    Asm *a = &e->a;
    int32_t bytes = (int32_t)(c->hi - c->lo);

    address(e, c->var, c->lo, RAX);
    asm_alu_load(a, ALU_SUB, true, RAX, TLB, window(c, offsetof(TLBWindow, page)));
    asm_alu_load(a, ALU_CMP, true, RAX, TLB, window(c, offsetof(TLBWindow, room)));
    no[0] = asm_jcc(a, CC_AE);
    no[1] = NULL;
    if (bytes > 8) {
        asm_alu_imm(a, ALU_CMP, false, RAX, (int32_t)TARGET_PAGE_SIZE - bytes);
        no[1] = asm_jcc(a, CC_A);
    }
    asm_load(a, h, TLB, window(c, offsetof(TLBWindow, addend)));
}

void x86_check(Emit *e, const X86Check *c, unsigned h, uint8_t *no[2])
{
    if (e->j->counts)
        count(e, &e->j->counts->checks);
    if (c->window || c->guess) {
        check_window(e, c, h, no);
    } else {
        no[0] = check_tlb(e, c, h);
        no[1] = NULL;
    }
}

void x86_check_two(Emit *e, const X86Check *c, uint8_t *no[2])
{
    Asm *a = &e->a;
    int32_t tag = 8 * (c->store ? MMU_STORE : MMU_LOAD);

    address(e, c->var, c->lo, RAX);
    x86_tlb_entry(a, RCX, RAX);
    asm_mov(a, RDX, RAX);
    asm_alu_imm(a, ALU_AND, true, RDX, (int32_t)TARGET_PAGE_MASK);
    asm_rx(a, ALU_CMP << 3 | 3, true, RDX, TLB, RCX, 0, tag);
    no[0] = asm_jcc(a, CC_NE);
    asm_rx(a, 0x8b, true, RDX, TLB, RCX, 0, offsetof(TLBEntry, addend));
    asm_lea(a, RAX, RAX, (int32_t)(c->hi - c->lo) - 1);
    x86_tlb_entry(a, RCX, RAX);
    asm_alu_imm(a, ALU_AND, true, RAX, (int32_t)TARGET_PAGE_MASK);
    asm_rx(a, ALU_CMP << 3 | 3, true, RAX, TLB, RCX, 0, tag);
    no[1] = asm_jcc(a, CC_NE);
    asm_rx(a, 0x8b, true, RCX, TLB, RCX, 0, offsetof(TLBEntry, addend));
}

void x86_tlb(Emit *e, MMUAccess access, unsigned size, Stub *s)
{
    Asm *a = &e->a;

    x86_tlb_entry(a, RCX, RAX);
    asm_mov(a, RDX, RAX);
    asm_alu_imm(a, ALU_AND, true, RDX, (int32_t)TARGET_PAGE_MASK | ((int32_t)size - 1));
    asm_rx(a, ALU_CMP << 3 | 3, true, RDX, TLB, RCX, 0, 8 * access);
    s->froms[s->n_from++] = asm_jcc(a, CC_NE);
    asm_rx(a, 0x8b, true, RDX, TLB, RCX, 0, offsetof(TLBEntry, addend));
    asm_alu(a, ALU_ADD, true, RDX, RAX);
}

/* ---- Accesses ---- */

/* Where the access is, once h is the addend. May use rax. */
static X86Place place(Emit *e, const IRInsn *i, unsigned h)
{
    X86Place p = { .base = h, .index = RAX };

    if (in_reg(e, i->a) && small(i->imm)) {
        p.index = (unsigned)e->reg[i->a];
        p.disp = (int32_t)i->imm;
    } else {
        address(e, i->a, i->imm, RAX);
    }
    return p;
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

static void do_load(Emit *e, const IRInsn *i, unsigned h)
{
    X86Place p = place(e, i, h);

    if (i->d >= JIT_FP && i->d < JIT_VARS) {
        x86_float_load(e, i, p);
        return;
    }
    unsigned d = x86_dest(e, i->d, RAX);
    bool w;
    unsigned op = load_op(i, &w);

    asm_rx(&e->a, op, w, d, p.base, p.index, 0, p.disp);
    x86_define(e, i->d, d);
}

/* A value that is in env, when rax is taken. */
static void store_from_env(Emit *e, const IRInsn *i, X86Place p)
{
    enum { X0 };
    Asm *a = &e->a;

    asm_vex_rm(a, X86_OP(0xf3, MAP_0F, 0x7e), false, X0, 0, ENV, x86_offset(e, i->b)); /* vmovq */
    switch (i->size) {
    case 1:
    case 2:
        asm_vex_rx(a, X86_OP(0x66, MAP_0F3A, i->size == 1 ? 0x14 : 0x15), false, X0, 0, p.base, p.index,
                   p.disp); /* vpextrb, vpextrw */
        asm_byte(a, 0);
        break;
    case 4:
        asm_vex_rx(a, X86_OP(0x66, MAP_0F, 0x7e), false, X0, 0, p.base, p.index, p.disp); /* vmovd */
        break;
    default:
        asm_vex_rx(a, X86_OP(0x66, MAP_0F, 0xd6), false, X0, 0, p.base, p.index, p.disp);
        break;
    }
}

static void store_zero(Emit *e, const IRInsn *i, X86Place p)
{
    Asm *a = &e->a;

    asm_rx(a, i->size == 1 ? 0xc6 : i->size == 2 ? X86_OP(0x66, 0, 0xc7) : 0xc7, i->size == 8, 0, p.base,
           p.index, 0, p.disp);
    if (i->size >= 4) {
        asm_imm32(a, 0);
        return;
    }
    for (unsigned n = 0; n < i->size; n++)
        asm_byte(a, 0);
}

static void do_store(Emit *e, const IRInsn *i, unsigned h)
{
    X86Place p = place(e, i, h);

    if (i->b >= JIT_FP) {
        x86_float_store(e, i, p);
        return;
    }
    if (i->b == 0) {
        store_zero(e, i, p);
        return;
    }
    if (!in_reg(e, i->b) && p.index == RAX) {
        store_from_env(e, i, p);
        return;
    }
    unsigned v = x86_use(e, i->b, RAX);
    if (i->size == 1)
        asm_rx8(&e->a, 0x88, v, p.base, p.index, p.disp);
    else
        asm_rx(&e->a, i->size == 2 ? X86_OP(0x66, 0, 0x89) : 0x89, i->size == 8, v, p.base, p.index, 0,
               p.disp);
}

static void do_access(Emit *e, const IRInsn *i, unsigned h)
{
    if (e->j->counts)
        count(e, &e->j->counts->made[i->op == IR_store]);
    if (i->op == IR_store)
        do_store(e, i, h);
    else
        do_load(e, i, h);
}

/* On its own: what fails its check is done out of line. */
static void alone(Emit *e, const IRInsn *i)
{
    Stub *s = x86_stub(e, i->op == IR_store ? STUB_STORE : STUB_LOAD, i);
    X86Check c = x86_check_of(e, i);
    uint8_t *no[2];

    x86_check(e, &c, RDX, no);
    s->from = no[0];
    s->window = c.window;
    s->check = c;
    s->back = asm_here(&e->a);
    do_access(e, i, RDX);
    s->after = asm_here(&e->a);
}

/* Out of line: the number of the access whose call returns to ret. */
static uint32_t access_number(Emit *e, const IRInsn *i, unsigned kind, const uint8_t *ret)
{
    const GuestOp *g = &e->r->guest[i->guest];
    uint32_t far = (uint32_t)(ret - e->head) / 16, block = 0;

    while (block < e->r->n_blocks - 1 && e->r->blocks[block].tb != g->tb)
        block++;
    if (far >> (32 - JIT_ACCESS_FAR))
        e->a.full = true;
    return far << JIT_ACCESS_FAR | (uint32_t)(g->op - g->tb->ops) << JIT_ACCESS_OP |
           block << JIT_ACCESS_BLOCK | kind;
}

static unsigned access_kind(const IRInsn *i)
{
    unsigned size = (unsigned)__builtin_ctz(i->size);

    if (i->op == IR_store)
        return size;
    if (i->d >= JIT_FP && i->d < JIT_VARS)
        return i->size == 4 ? JIT_ACCESS_SIGN | 3 : 3;
    return i->sign && size < 3 ? JIT_ACCESS_SIGN | size : size;
}

/* rcx = what is stored */
static void stored_value(Emit *e, const IRInsn *i)
{
    if (i->b >= JIT_FP && e->reg[i->b] >= 0)
        asm_vex_rr(&e->a, X86_OP(0x66, MAP_0F, 0x7e), true, (unsigned)e->reg[i->b], 0, RCX); /* vmovq */
    else if (i->b == 0)
        asm_alu(&e->a, ALU_XOR, false, RCX, RCX);
    else
        x86_copy(e, i->b, RCX);
}

typedef enum { BY_C, BY_TLB, BY_TLB_AND_MOVE } Way;

/* A common routine does it. then: the vectors that are kept behind it. */
static void out_of_line(Emit *e, const IRInsn *i, Way way, X86Kept then)
{
    enum { BEHIND = 10 }; /* bytes from mov edx, .. to where the call returns to */
    bool store = i->op == IR_store;
    unsigned kind = access_kind(i);
    Asm *a = &e->a;

    if (store)
        stored_value(e, i);
    x86_keep_flush(e);
    address(e, i->a, i->imm, RAX);
    if (way == BY_TLB_AND_MOVE) {
        asm_push_imm(a, (int8_t)tlb_window_number(i->a, store));
    }
    asm_mov_imm(a, RDX, access_number(e, i, kind, asm_here(a) + BEHIND));
    asm_call_to(a, way == BY_C ? e->j->access[store].slow : way == BY_TLB ?
                e->j->access[store].plain[kind] : e->j->access[store].moving[kind]);
    x86_keep_lost(e);
    if (!store && i->d >= JIT_FP && i->d < JIT_VARS) {
        x86_float_define(e, i->d);
        if (i->size == 4)
            e->boxed |= 1ULL << i->d;
    } else if (!store) {
        x86_define(e, i->d, RAX);
    }
    x86_keep_restore(e, &then);
}

void x86_access(Emit *e, const IRInsn *i)
{
    unsigned h;

    if (e->ahead.of != (int)(i - e->r->insns))
        e->ahead.of = 0;
    if (e->cold)
        out_of_line(e, i, BY_TLB, e->kept);
    else if (x86_shared(e, i, &h))
        do_access(e, i, h);
    else
        alone(e, i);
    e->ahead.of = 0;
}

/* ---- Out of line ---- */

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

/* As the routine in access.c does. */
void x86_move_window(Emit *e, const X86Check *c, const uint8_t *back)
{
    Asm *a = &e->a;
    int32_t tag = 8 * (c->store ? MMU_STORE : MMU_LOAD);
    int32_t room = window(c, offsetof(TLBWindow, room));

    if (e->j->counts)
        count(e, &e->j->counts->window_missed[c->store]);
    address(e, c->var, c->lo, RAX);
    x86_tlb_entry(a, RCX, RAX);
    asm_lea(a, RAX, RAX, (int32_t)(c->hi - c->lo) - 1);
    asm_alu_imm(a, ALU_AND, true, RAX, (int32_t)TARGET_PAGE_MASK);
    asm_rx(a, ALU_CMP << 3 | 3, true, RAX, TLB, RCX, 0, tag);
    uint8_t *no = asm_jcc(a, CC_NE);
    asm_store(a, TLB, window(c, offsetof(TLBWindow, page)), RAX);
    asm_rx(a, 0x8b, true, RDX, TLB, RCX, 0, offsetof(TLBEntry, addend));
    asm_store(a, TLB, window(c, offsetof(TLBWindow, addend)), RDX);
    asm_mov_imm(a, RAX, TLB_WINDOW_ROOM);
    if (c->store) {
        asm_rm(a, 0x87, true, RAX, TLB, room); /* xchg is a barrier */
        asm_load(a, RAX, TLB, window(c, offsetof(TLBWindow, page)));
        asm_rx(a, ALU_CMP << 3 | 3, true, RAX, TLB, RCX, 0, tag);
        asm_jcc_to(a, CC_E, back);
        asm_alu(a, ALU_XOR, false, RAX, RAX);
        asm_store(a, TLB, room, RAX);
    } else {
        asm_store(a, TLB, room, RAX);
        asm_jmp_to(a, back);
    }
    asm_aim(a, no);
}

void x86_guess(Emit *e, const X86Check *c, unsigned h, const uint8_t *back)
{
    Asm *a = &e->a;

    if (e->j->counts)
        count(e, &e->j->counts->guess_missed);
    uint8_t *no = check_tlb(e, c, h);
    asm_alu_mem_imm(a, ALU_SUB, false, TLB, window(c, offsetof(TLBWindow, left)), 1);
    asm_jcc_to(a, CC_AE, back);
    asm_push_imm(a, (int8_t)x86_window(c));
    asm_call_to(a, e->j->try_window[h == RDX]);
    asm_jmp_to(a, back);
    asm_aim(a, no);
}

void x86_memory_stub(Emit *e, const Stub *s)
{
    asm_aim(&e->a, s->from);
    if (s->check.guess)
        x86_guess(e, &s->check, RDX, s->back);
    out_of_line(e, s->insn, s->window ? BY_TLB_AND_MOVE : by_base(e, &s->check) ? BY_TLB : BY_C, s->then);
    asm_jmp_to(&e->a, s->after);
}
