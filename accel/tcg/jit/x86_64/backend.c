/*
 * The x86-64 back end: a region's operations, one after the other, with what is rarely needed behind them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <cpuid.h>

#include "accel/tcg/jit/x86_64/emit.h"

Stub *x86_stub(Emit *e, StubKind kind, const IRInsn *i)
{
    Stub *s = &e->stubs[e->n_stubs];

    if (e->n_stubs < X86_STUBS - 1)
        e->n_stubs++;
    else
        e->a.full = true;
    *s = (Stub){ .kind = kind, .insn = i, .kept = e->kept, .then = e->kept };
    return s;
}

static void set_bits(Emit *e, const IRInsn *i)
{
    asm_alu_mem_imm(&e->a, ALU_OR, false, ENV, i->target, (int32_t)i->imm);
}

/* What only computes. Whether other ways may lead to what follows: it has taken one. */
static bool compute(Emit *e, const IRInsn *i)
{
    if (i->op >= IR_fadd) {
        x86_float(e, i);
        return true;
    }
    if (i->op >= IR_mul && i->op <= IR_remuw)
        x86_muldiv(e, i);
    else
        x86_alu(e, i);
    return false;
}

void x86_operation(Emit *e, const IRInsn *i, unsigned next_block)
{
    switch (i->op) {
    case IR_load:
    case IR_store:
        x86_access(e, i);
        break;
    case IR_set_bits:
        set_bits(e, i);
        break;
    case IR_call:
        x86_call(e, i);
        x86_forget(e);
        break;
    case IR_amo:
        x86_amo(e, i);
        break;
    case IR_load_reserved:
        x86_load_reserved(e, i);
        break;
    case IR_store_conditional:
        x86_store_conditional(e, i);
        break;
    case IR_zero:
        x86_zero(e, i);
        break;
    case IR_fence:
        /* lock or dword [rsp - 4], 0: cheaper than mfence, and as good between stores and loads. */
        asm_byte(&e->a, 0xf0);
        asm_alu_mem_imm(&e->a, ALU_OR, false, RSP, -4, 0);
        break;
    case IR_guard:
        x86_guard(e, i);
        break;
    case IR_nothing:
        break;
    case IR_get:
    case IR_put:
    case IR_swap:
        x86_state(e, i);
        break;
    case IR_status:
        x86_status(e, i);
        x86_forget(e);
        break;
    case IR_expect:
    case IR_unless:
    case IR_set_env:
    case IR_clamp:
    case IR_vector:
        x86_vector(e, i);
        break;
    case IR_branch:
        x86_branch(e, i);
        break;
    case IR_jump:
        x86_jump(e, i, next_block);
        break;
    case IR_link:
        x86_link(e, i);
        break;
    case IR_jump_to:
        x86_jump_to(e, i);
        break;
    case IR_lookup:
        x86_lookup(e, i);
        break;
    case IR_interpret:
        x86_interpret(e, i);
        break;
    default:
        if (!compute(e, i))
            return;
        break;
    }
    e->held_at = NULL; /* other ways may lead to what follows */
}

/* Loops begin where fetching does. */
static void align_loop(Emit *e, unsigned block)
{
    static const uint8_t nops[][8] = {
        { 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 }, { 0x0f, 0x1f, 0x40 },
        { 0x0f, 0x1f, 0x44 }, { 0x66, 0x0f, 0x1f, 0x44 }, { 0x0f, 0x1f, 0x80 }, { 0x0f, 0x1f, 0x84 },
    };
    const Region *r = e->r;
    unsigned left = -(uintptr_t)asm_here(&e->a) & 15;
    bool loop = false;

    for (unsigned n = 0; n < r->n_edges; n++)
        loop |= r->edges[n].block == (int)block && r->edges[n].backward;
    while (loop && left) {
        unsigned n = MIN(left, 8);
        for (unsigned k = 0; k < n; k++)
            asm_byte(&e->a, nops[n - 1][k]);
        left -= n;
    }
}

/* In front of the code. */
static JitHead *write_head(Emit *e)
{
    size_t size = align_up(sizeof(JitHead) + e->r->n_blocks * sizeof(TranslationBlock *), 16);
    JitHead *head = (JitHead *)e->a.p;

    if (size > (size_t)(e->a.end - e->a.p))
        return NULL;
    for (unsigned n = 0; n < e->r->n_blocks; n++)
        head->tb[n] = e->r->blocks[n].tb;
    e->head = asm_here(&e->a);
    e->a.p = e->a.start = e->a.p + size;
    return head;
}

static void routines(Emit *e)
{
    e->spill = e->j->spill;
    e->fill = e->j->fill;
    if (!e->moved)
        return;
    e->spill = asm_here(&e->a);
    x86_spill(e);
    asm_byte(&e->a, 0xc3);
    e->fill = asm_here(&e->a);
    x86_fill(e);
    asm_byte(&e->a, 0xc3);
}

/* The fast form of an instruction declined. */
static void declined_stub(Emit *e, const Stub *s)
{
    if (!s->n_from)
        return;
    for (unsigned n = 0; n < s->n_from; n++)
        asm_aim(&e->a, s->froms[n]);
    if (s->kind == STUB_INTERPRET) {
        x86_interpret(e, s->insn);
        return;
    }
    if (s->restore != s->reg)
        asm_vex_rr(&e->a, X86_OP(0, MAP_0F, 0x28), false, s->reg, 0, s->restore); /* vmovaps */
    x86_call(e, s->insn);
    x86_keep_restore(e, &s->then);
    asm_jmp_to(&e->a, s->resume ? e->cold_label[s->resume] : s->after);
}

static void mark(Emit *e, JitCode *out, const IRInsn *i)
{
    const GuestOp *g = &e->r->guest[i->guest];

    if (unlikely(out->marks) && !tcg_op_is_chain(g->op)) /* a chain belongs to what is before it */
        jit_mark(out, (size_t)(e->a.p - e->a.start), g->tb->pc + g->op->pc_off);
}

/* What must hold at the head, else the interpreter takes over. */
static void needs(Emit *e)
{
    Asm *a = &e->a;
    Stub *s;

    if (!e->r->n_needs)
        return;
    s = x86_stub(e, STUB_INTERPRET, &e->r->insns[0]);
    for (unsigned n = 0; n < e->r->n_needs; n++) {
        const RegionNeed *need = &e->r->needs[n];

        asm_rm(a, need->byte ? X86_OP(0, MAP_0F, 0xb6) : 0x8b, false, RAX, ENV, need->offset);
        asm_rr(a, 0xf7, false, 2, RAX); /* not */
        asm_rr(a, 0xf7, false, 0, RAX); /* test */
        asm_imm32(a, need->bits);
        s->froms[s->n_from++] = asm_jcc(a, CC_NE);
    }
}

static bool compile(Jit *j, const Region *r, JitCode *out)
{
    Emit *e = j->emit;
    size_t total, data = j->data_used;
    JitHead *head;

    memset(e, 0, offsetof(Emit, stubs));
    e->j = j;
    e->r = r;
    e->a = x86_draft(j);
    head = write_head(e);
    if (!head)
        return false;
    out->start = asm_here(&e->a);
    x86_assign(e);
    x86_find_loops(e);
    routines(e);
    head->spill = e->spill;
    head->fill = e->fill;
    out->entry = asm_here(&e->a);
    out->entries = j->s && j->s->jit_stats ? jit_data(j, sizeof(uint64_t)) : NULL;
    if (out->entries)
        asm_rip(&e->a, 0xff, true, 0, out->entries, 0);
    x86_enter(e);
    needs(e);
    for (unsigned n = 0; n < r->n_blocks; n++) {
        if (!e->r->n_vecs)
            align_loop(e, n);
        e->label[n] = asm_here(&e->a);
        x86_forget(e);
        e->fast = r->blocks[n].known.fast;
        e->boxed = r->blocks[n].known.boxed;
        if (x86_keep_enter(e, n)) {
            align_loop(e, n);
            e->again[n] = asm_here(&e->a);
        }
        x86_enter_block(e, n);
        for (unsigned k = r->blocks[n].first; k < r->blocks[n].end; k++) {
            mark(e, out, &r->insns[k]);
            x86_enter_operation(e, k);
            x86_operation(e, &r->insns[k], n + 1);
            x86_end_operation(e, k);
        }
    }
    x86_cold_copies(e);
    for (unsigned n = 0; n < e->n_stubs; n++) {
        const Stub *s = &e->stubs[n];
        if (s->insn)
            mark(e, out, s->insn);
        e->kept = s->kept;
        if (s->kind == STUB_LOAD || s->kind == STUB_STORE)
            x86_memory_stub(e, s);
        else if (s->kind == STUB_GUESS)
            x86_guess_stub(e, s);
        else if (s->kind == STUB_MOVE)
            x86_move_stub(e, s);
        else if (s->kind == STUB_BODY || s->kind == STUB_INTERPRET)
            declined_stub(e, s);
        else if (s->kind == STUB_NAN)
            x86_nan_stub(e, s);
        else if (s->kind >= STUB_VEC_PART)
            x86_vector_stub(e, s);
        else
            x86_flow_stub(e, s);
    }
    for (unsigned n = 0; n < e->n_uses; n++)
        asm_aim_at(&e->a, e->uses[n].place, e->label[e->uses[n].block]);
    out->size = (uint32_t)(e->a.p - e->a.start);
    total = (size_t)(e->a.p - j->draft);
    if (e->a.full || !jit_code_put(j, j->code_used, total)) {
        j->data_used = data;
        return false;
    }
    j->code_used = align_up(j->code_used + total, 16);
    return true;
}

static bool init(Jit *j)
{
    j->emit = g_new(Emit, 1);
    return x86_init(j);
}

static void done(Jit *j)
{
    g_free(j->emit);
}

static const TCGOp *run(const Jit *j, CPUArchState *env, const void *code)
{
    return ((const TCGOp *(*)(CPUArchState *, const void *))j->run)(env, code);
}

static const JitBackend backend = {
    .name = "x86-64",
    .init = init,
    .done = done,
    .compile = compile,
    .has_vector = x86_has_vector,
    .run = run,
};

/* LZCNT, which not every compiler's __builtin_cpu_supports() knows: CPUID 80000001h, ECX bit 5. */
static bool host_has_lzcnt(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c >> 5 & 1);
}

const JitBackend *jit_backend(const char **reason)
{
    if (!__builtin_cpu_supports("avx") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
        !__builtin_cpu_supports("popcnt") || !host_has_lzcnt()) {
        *reason = "this host's processor lacks AVX, FMA, BMI1, BMI2, LZCNT or POPCNT";
        return NULL;
    }
    return &backend;
}
