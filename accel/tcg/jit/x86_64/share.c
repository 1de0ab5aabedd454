/*
 * One check for several accesses.
 *
 * Accesses off the same base register, close together and with nothing between that changes it but
 * additions of constants, are covered by the check of the first: the addend that it finds stays in rcx or
 * rdx (it is *held*) up to the last of them, and each is one instruction of the host. So up to two base
 * registers are held at a time.
 *
 * What of a stretch of operations in which something is held fails its check, goes on in a copy of the
 * stretch, out of line, in which every access is a call (access.c): a miss, an access to a device, one
 * that crosses into another page. (If only the window is of another page it moves, and the stretch goes on.)
 * No access of the stretch itself ever calls C; what else may (the body of a floating-point operation) comes
 * back to the copy. The copy ends where the stretch does.
 *
 * Between a check and the accesses that it covers this hart does not leave compiled code, so what may
 * change the mapping (a flush, an exclusive section) cannot come between. Another hart may make the page
 * one with code: a store that passed its check is then found as any other such is (recheck.c).
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

#define SPAN 256     /* bytes: further apart, too many checks would fail at the end of a page */
#define AHEAD 96     /* operations looked at */
#define CHASE 64     /* operations looked back at; in a loop of more, other things take time */
#define STRIDE 256   /* a register that moves by more is on another page too often */

enum { HELD_RCX = 1, HELD_RDX = 2, HELD_ALL = 3 };
static const uint8_t held_reg[] = { RCX, RDX };

static bool in_reg(const Emit *e, unsigned var)
{
    return var && var < JIT_VARS && e->reg[var] >= 0;
}

static bool is_access(const IRInsn *i)
{
    return i->op == IR_load || i->op == IR_store;
}

/* ---- What is known of base registers ---- */

/* Registers that walk by small steps in these operations, if at all, and those that are computed. */
static void look_at_bases(const Region *r, X86Loop *l)
{
    l->steady = l->guess = UINT32_MAX;
    l->written = 0;
    for (unsigned n = l->first; n < l->end; n++) {
        const IRInsn *i = &r->insns[n];
        bool walks = i->op == IR_add && i->a == i->d && i->b == JIT_NONE;
        if (i->d >= JIT_FP)
            continue;
        l->written |= 1u << i->d;
        if (!walks || i->imm < -STRIDE || i->imm > STRIDE)
            l->steady &= ~(1u << i->d);
        if (walks)
            l->guess &= ~(1u << i->d);
    }
    l->guess &= ~l->steady;
}

/* Where the way back is taken. */
static unsigned end_of(const Region *r, unsigned edge)
{
    const RegionBlock *blk = &r->blocks[r->edges[edge].from];

    for (unsigned k = blk->first; k < blk->end; k++) {
        const IRInsn *i = &r->insns[k];
        if ((i->op == IR_branch || i->op == IR_jump) && i->target == edge)
            return k + 1;
    }
    return blk->end;
}

void x86_find_loops(Emit *e)
{
    const Region *r = e->r;

    for (unsigned n = 0; n < r->n_edges && e->n_loops < X86_LOOPS; n++) {
        const RegionEdge *g = &r->edges[n];
        if (g->block < 0 || (unsigned)g->block > g->from)
            continue;
        X86Loop *l = &e->loop[e->n_loops++];
        l->first = r->blocks[g->block].first;
        l->end = end_of(r, n);
        look_at_bases(r, l);
    }
    e->n_guesses = (unsigned)(r->head->pc >> 1); /* so that not all regions begin with the same */
}

void x86_enter_block(Emit *e, unsigned block)
{
    e->block_end = e->r->blocks[block].end;
    e->held[0].until = e->held[1].until = -1;
    e->lr = NULL;
}

/* The registers that a sum is made of, by bit; 0: it is no sum. */
static uint32_t summands(const IRInsn *i)
{
    switch (i->op) {
    case IR_mov:
        return 1u << i->a;
    case IR_add:
    case IR_sh1add ... IR_sh3add:
        return 1u << i->a | (i->b == JIT_NONE ? 0 : 1u << i->b);
    case IR_sll:
        return i->b == JIT_NONE ? 1u << i->a : 0;
    default:
        return 0;
    }
}

/*
 * Whether the address of the load at k comes from one that, in the round before, led to itself. Looks back from
 * k, and on from the loop's end, as if no branch were there: it need not be right.
 * What is masked, shifted down or not 8 bytes stays in a table as a rule, which a guess is good for.
 */
static bool chased(const Emit *e, int k)
{
    const Region *r = e->r;
    const X86Loop *l = e->in_loop;
    uint32_t from = 1u << r->insns[k].a;
    int loads[4] = { k }, n = k;
    unsigned n_loads = 1;

    if (l->end - l->first > CHASE)
        return false;
    for (unsigned left = 2 * (l->end - l->first); left && (from & l->written); left--) {
        const IRInsn *i;
        n = n > (int)l->first ? n - 1 : (int)l->end - 1;
        i = &r->insns[n];
        if (i->d == 0 || i->d >= JIT_FP || !(from >> i->d & 1))
            continue;
        from &= ~(1u << i->d);
        if (i->op != IR_load) {
            from |= summands(i);
            continue;
        }
        if (i->size != 8 || n_loads == ARRAY_SIZE(loads))
            continue;
        for (unsigned m = 0; m < n_loads; m++) {
            if (loads[m] == n)
                return true;
        }
        loads[n_loads++] = n;
        from |= 1u << i->a;
    }
    return false;
}

X86Check x86_check_of(Emit *e, const IRInsn *i)
{
    X86Check c = { .var = i->a, .store = i->op == IR_store, .lo = i->imm, .hi = i->imm + i->size,
                   .window = x86_windowed(e, i->a) };

    if (i->op == IR_load && i->a && !e->cold && (e->guessed >> i->a & 1)) {
        if (e->asked != i)
            e->chased = chased(e, (int)(i - e->r->insns));
        e->asked = i;
        c.chased = e->chased;
        if (c.chased)
            return c;
        e->n_guesses += e->guess_at != i;
        e->guess_at = i;
        c.guess = (uint8_t)(1 + e->n_guesses % TLB_GUESSES);
    }
    return c;
}

/* ---- What disturbs ---- */

/* b, or an immediate, is put into rcx. */
static unsigned needs_b(const Emit *e, const IRInsn *i)
{
    return in_reg(e, i->b) ? 0 : HELD_RCX;
}

/* Immediates of 64 bits are. */
static unsigned needs_wide(const IRInsn *i)
{
    return i->b == JIT_NONE && i->imm != (int32_t)i->imm ? HELD_RCX : 0;
}

/* The registers that an operation uses of its own (test-jit-mem.c asks all of them); *ends: nothing may be held
 * over it at all. */
static unsigned disturbs(const Emit *e, const IRInsn *i, bool *ends)
{
    *ends = false;
    switch (i->op) {
    case IR_load:
    case IR_store:
    case IR_mov ... IR_cpopw:
    case IR_slli_uw:
    case IR_set_bits:
    case IR_nothing:
    case IR_fmv_to_int:
    case IR_fadd ... IR_fsgnjx:
    case IR_ffrom_i32 ... IR_ffrom_u64:
        return 0;
    case IR_const:
    case IR_add ... IR_xor:
    case IR_addw ... IR_subw:
        return needs_wide(i);
    case IR_andn ... IR_xnor:
    case IR_bext ... IR_binv:
    case IR_fmv_from_int:
    case IR_feq ... IR_fclass:
    case IR_fto_i32 ... IR_fto_u64:
    case IR_fflags_get ... IR_fflags_put:
        return HELD_RCX;
    case IR_sll ... IR_ror:
    case IR_sllw ... IR_rorw:
        return i->b == JIT_NONE ? 0 : HELD_RCX;
    case IR_mul ... IR_mulw:
    case IR_min ... IR_maxu:
    case IR_sh1add ... IR_sh3add_uw:
        return needs_b(e, i);
    case IR_slt ... IR_sltu:
        return HELD_RDX | needs_wide(i);
    default:
        *ends = true;
        return HELD_ALL;
    }
}

/* ---- Planning ---- */

typedef struct Plan {
    X86Check check;
    int until;        /* the last access covered */
    unsigned regs;    /* that are undisturbed up to there */
} Plan;

/* The base register goes on by a constant. */
static bool goes_on(const IRInsn *i, unsigned var)
{
    return i->op == IR_add && i->d == var && i->a == var && i->b == JIT_NONE &&
           i->imm == (int32_t)i->imm;
}

/* Takes the access into the plan if the check can cover it. The base has gone on by `by` since. */
static bool include(Plan *p, const IRInsn *i, int k, unsigned regs, int64_t by)
{
    int64_t lo = MIN(p->check.lo, i->imm + by), hi = MAX(p->check.hi, i->imm + by + i->size);

    if (i->imm != (int32_t)i->imm || hi - lo > SPAN)
        return false;
    p->check.lo = lo;
    p->check.hi = hi;
    p->check.store |= i->op == IR_store;
    p->until = k;
    p->regs = regs;
    return true;
}

/* What is held now over operation k, or needed by a later one. */
static unsigned taken(const Emit *e, int k)
{
    return (e->held[0].until > k ? HELD_RCX : 0) | (e->held[1].until > k ? HELD_RDX : 0);
}

static Plan plan(Emit *e, const IRInsn *first, int k, unsigned regs)
{
    const Region *r = e->r;
    Plan p = { .check = x86_check_of(e, first), .until = k, .regs = regs };
    int64_t by = 0;
    bool ends = first->a == 0 || first->imm != (int32_t)first->imm || first->d == first->a;

    for (int n = k + 1; !ends && n < (int)e->block_end && n <= k + AHEAD; n++) {
        const IRInsn *i = &r->insns[n];

        regs &= ~disturbs(e, i, &ends);
        if (ends || !regs)
            break;
        if (is_access(i) && i->a == first->a)
            include(&p, i, n, regs, by);
        if (goes_on(i, first->a))
            by += i->imm;
        else
            ends = i->d == first->a;
    }
    return p;
}

/* A chased address that is the sum of something that the loop does not change, and of an index: what of it is
 * the page can be told without scaling the index. */
static void index_ahead(Emit *e, int k)
{
    const IRInsn *i = &e->r->insns[k];
    unsigned regs = HELD_ALL & ~taken(e, k);
    bool ends = false;

    if (i->op < IR_sh1add || i->op > IR_sh3add || i->b >= JIT_FP || !in_reg(e, i->a) ||
        (e->in_loop->written >> i->b & 1) || !(e->guessed >> i->d & 1))
        return;
    regs &= ~disturbs(e, i, &ends);
    for (int n = k + 1; regs && n < (int)e->block_end && n <= k + 8; n++) {
        const IRInsn *to = &e->r->insns[n];
        if (is_access(to)) {
            Plan p = plan(e, to, n, HELD_ALL & ~taken(e, n));
            if (to->a != i->d || !p.check.chased || p.check.lo != (int32_t)p.check.lo)
                return;
            unsigned scale = i->op - IR_sh1add + 1, h = regs & HELD_RCX ? RCX : RDX;
            x86_index(e, i, scale, (int32_t)p.check.lo, h);
            e->ahead = (X86Ahead){ .of = n, .lo = p.check.lo, .reg = (uint8_t)h,
                                   .shift = (uint8_t)(TLB_INDEX_SHIFT - scale) };
            return;
        }
        regs &= ~disturbs(e, to, &ends);
        if (ends || to->d == i->d)
            return;
    }
}

/* The smallest loop around k, up to where one begins or ends. */
static void find_loop(Emit *e, unsigned k)
{
    const X86Loop *in = NULL;

    e->in_loop_end = REGION_INSNS;
    for (unsigned n = 0; n < e->n_loops; n++) {
        const X86Loop *l = &e->loop[n];
        if (l->first > k || k >= l->end) {
            if (l->first > k)
                e->in_loop_end = MIN(e->in_loop_end, l->first);
            continue;
        }
        e->in_loop_end = MIN(e->in_loop_end, l->end);
        if (!in || l->end - l->first < in->end - in->first)
            in = l;
    }
    e->in_loop = in;
}

void x86_enter_operation(Emit *e, unsigned k)
{
    enum { STACK_AND_GLOBALS = 1 << 2 | 1 << 3 | 1 << 4 }; /* sp, gp, tp */

    if (k >= e->in_loop_end) {
        find_loop(e, k);
        e->windowed = STACK_AND_GLOBALS | (e->in_loop ? e->in_loop->steady : 0);
        e->guessed = e->in_loop ? e->in_loop->guess & ~e->windowed : 0;
    }
    if (e->in_loop)
        index_ahead(e, (int)k);
}

/* The stretch that k is in ends behind `until` at the earliest. */
static bool stretch(Emit *e, int k, int until)
{
    X86Stretch *s = &e->stretch[e->n_stretches];

    if (e->n_stretches && s[-1].end > k) {
        s[-1].end = MAX(s[-1].end, until + 1);
        return true;
    }
    if (e->n_stretches == X86_STRETCHES)
        return false;
    *s = (X86Stretch){ .first = k, .end = until + 1, .boxed = e->boxed, .fast = e->fast,
                       .kept = e->kept };
    e->n_stretches++;
    return true;
}

static void fails_to(Emit *e, uint8_t *from, int k)
{
    if (!from)
        return;
    if (e->n_fails == X86_FAILS) {
        e->a.full = true;
        return;
    }
    e->fails[e->n_fails].from = from;
    e->fails[e->n_fails++].insn = k;
}

/* How far the base that is held has gone on when operation k begins. */
static int64_t gone_on(const Emit *e, const X86Held *held, int k)
{
    int64_t by = 0;

    for (int n = held->first; n < k; n++) {
        if (goes_on(&e->r->insns[n], held->check.var))
            by += e->r->insns[n].imm;
    }
    return by;
}

static bool covers(const Emit *e, const X86Held *held, const IRInsn *i, int k)
{
    const X86Check *c = &held->check;
    int64_t at;

    if (held->until < k || c->var != i->a || (!c->store && i->op == IR_store))
        return false;
    at = i->imm + gone_on(e, held, k);
    return at >= c->lo && at + i->size <= c->hi;
}

bool x86_shared(Emit *e, const IRInsn *i, unsigned *h)
{
    int k = (int)(i - e->r->insns);
    unsigned busy;

    for (unsigned n = 0; n < 2; n++) {
        if (covers(e, &e->held[n], i, k)) {
            *h = held_reg[n];
            return true;
        }
    }
    busy = taken(e, k);
    if (busy == HELD_ALL) { /* the one that is needed longer makes room */
        unsigned n = e->held[0].until < e->held[1].until;
        e->held[n].until = k - 1;
        busy = taken(e, k);
    }
    Plan p = plan(e, i, k, HELD_ALL & ~busy);
    if (p.until == k && !busy)
        return false;
    if (!stretch(e, k, p.until)) {
        e->a.full = true;
        return false;
    }
    unsigned n = p.regs & HELD_RDX ? 1 : 0;
    uint8_t *no[2];

    e->held[n] = (X86Held){ .check = p.check, .first = k, .until = p.until };
    *h = held_reg[n];
    if (p.check.store)
        p.check.guess = 0;
    x86_check(e, &p.check, *h, no);
    if (p.check.guess || p.check.window) {
        Stub *s = x86_stub(e, p.check.window ? STUB_MOVE : STUB_GUESS, i);
        s->from = no[0];
        s->held = (uint8_t)*h;
        s->check = p.check;
        s->back = asm_here(&e->a);
    } else {
        fails_to(e, no[0], k);
    }
    fails_to(e, no[1], k);
    return true;
}

void x86_end_operation(Emit *e, unsigned k)
{
    X86Stretch *s = &e->stretch[e->n_stretches];

    if (e->n_stretches && s[-1].end == (int)k + 1)
        s[-1].back = asm_here(&e->a);
    x86_track_reservation(e, &e->r->insns[k]);
}

int x86_resume(const Emit *e, const IRInsn *i)
{
    int k = (int)(i - e->r->insns);

    return !e->cold && taken(e, k) ? k + 1 : 0;
}

void x86_guess_stub(Emit *e, const Stub *s)
{
    asm_aim(&e->a, s->from);
    x86_guess(e, &s->check, s->held, s->back);
    asm_jmp_to(&e->a, e->cold_label[s->insn - e->r->insns]);
}

/* On with what the check asks next. */
void x86_move_stub(Emit *e, const Stub *s)
{
    enum { DISTANCE = 4 }; /* bytes of a jump's, which is what from is */
    const X86Check *c = &s->check;
    Asm *a = &e->a;

    asm_aim(a, s->from);
    x86_address(e, c->var, c->lo);
    asm_push_imm(a, (int8_t)x86_window(c));
    asm_call_to(a, e->j->access[c->store].move);
    asm_jcc_to(a, CC_B, s->from + DISTANCE + a->delta);
    asm_jmp_to(a, e->cold_label[s->insn - e->r->insns]);
}

/* ---- The copies ---- */

void x86_cold_copies(Emit *e)
{
    e->cold = true;
    for (unsigned n = 0; n < e->n_stretches; n++) {
        const X86Stretch *s = &e->stretch[n];

        e->boxed = s->boxed;
        e->fast = s->fast;
        e->kept = s->kept;
        e->lr = NULL;
        for (int k = s->first; k < s->end; k++) {
            e->cold_label[k] = asm_here(&e->a);
            e->held_at = NULL;
            x86_operation(e, &e->r->insns[k], REGION_BLOCKS);
        }
        asm_jmp_to(&e->a, s->back);
    }
    for (unsigned n = 0; n < e->n_fails; n++)
        asm_aim_at(&e->a, e->fails[n].from, e->cold_label[e->fails[n].insn]);
}
