/*
 * Every fast form of an instruction (EMIT) against its meaning (EXEC), on a hart of the CPU model: all rows that
 * have one, with corner operands in host registers and in the state, in all rounding modes. What is left of
 * registers, flags, the reservation and memory must be the same.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <inttypes.h>

#include "accel/tcg/jit/jit.h"
#include "accel/tcg/ldst.h"
#include "accel/tcg/tlb.h"
#include "riscv-fixture.h"
#include "target/riscv/emit.h"
#include "target/riscv/fpu/fpu.h"
#include "target/riscv/insn-fn.h"
#include "target/riscv/isa.h"
#include "target/riscv/mode.h"

#define PAGE_VA 0x12345000ULL
#define OPERAND 64 /* where in the page memory operands are */

static const uint64_t integers[] = {
    0, 1, 31, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
    0xffffffff80000000, 0x123456789abcdef0,
};

#define BOXED(v) (0xffffffff00000000ULL | (v))
static const uint64_t doubles[] = {
    0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, /* 0, -0, 1, -1 */
    1, 0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, /* least, subnormal, least normal, largest */
    0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000000123, /* infinities, quiet NaNs */
    0x7ff0000000000001, 0x3fe0000000000000, 0x3ff8000000000000, 0x3fd5555555555555, /* signaling, .5, 1.5, 1/3 */
    0x41dfffffffe00000, 0xc1e0000000000000, 0x41efffffffe00000, 0x43e0000000000000, /* about 2^31, 2^32, 2^63 */
    0xc3e0000000000000, 0x43efffffffffffff, 0x36a0000000000000, 0x47efffffe0000000, /* 2^64, float's limits */
    0x380fffffffffffff,
};
static const uint64_t singles[] = {
    BOXED(0), BOXED(0x80000000), BOXED(0x3f800000), BOXED(0xbf800000),
    BOXED(1), BOXED(0x807fffff), BOXED(0x00800000), BOXED(0x7f7fffff),
    BOXED(0x7f800000), BOXED(0xff800000), BOXED(0x7fc00000), BOXED(0xffc00123),
    BOXED(0x7f800001), BOXED(0x3f000000), BOXED(0x3fc00000), BOXED(0x3eaaaaab),
    BOXED(0x4effffff), BOXED(0xcf000000), BOXED(0x4f7fffff), BOXED(0x5effffff),
    BOXED(0xdf000000), BOXED(0x5f7fffff), BOXED(0x00ffffff), 0x3f800000, 0xfffffffe3f800000,
};

typedef struct Case {
    const char *name;
    TCGOp op;
    const uint64_t *values; /* of the f registers */
    unsigned n_values;
    bool fp, memory;
} Case;

typedef struct Fixture {
    Hart h;
    Jit *j;
    Region *r;
    TLBEntry *table;
    uint8_t *page;
    TranslationBlock *tb;
} Fixture;

typedef struct Result {
    uint64_t x[32], f[32], mstatus, reserve_addr, reserve_value, memory[2];
    unsigned fflags, reserve_size;
} Result;

/* Where operands are: in registers at the borders of regions, in the state, and in one place. rd, rs1, rs2, rs3. */
static const uint8_t places[][4] = {
    { 10, 11, 12, 13 }, { 20, 21, 22, 23 }, { 14, 14, 25, 15 }, { 26, 12, 26, 12 }, { 31, 13, 13, 13 },
    { 10, 10, 11, 12 }, { 11, 10, 11, 12 }, { 12, 10, 11, 12 }, { 10, 10, 10, 11 }, { 10, 11, 10, 10 },
    { 10, 10, 11, 10 }, { 10, 10, 10, 10 },
};

static const TCGOp *stop(CPUArchState *env, const TCGOp *op)
{
    return op;
}

static bool set_up(Fixture *f)
{
    const char *reason;
    const JitBackend *backend = jit_backend(&reason);
    TLBEntry *e;

    if (!backend) {
        g_test_message("nothing to test: %s", reason);
        return false;
    }
    hart_init(&f->h, "max");
    f->j = g_new0(Jit, 1);
    f->j->backend = backend;
    f->j->model = &riscv_jit_ops;
    f->j->attention_offset =
        (int)((intptr_t)&f->h.cpu->parent_obj.attention - (intptr_t)f->h.env);
    g_assert_true(jit_cache_init(f->j, 4 * MiB));
    g_assert_true(backend->init(f->j));
    f->j->code_keep = f->j->code_used;
    f->j->data_keep = f->j->data_used;
    f->r = g_new0(Region, 1);
    f->tb = g_malloc0(sizeof(TranslationBlock) + 4 * sizeof(TCGOp));
    f->page = g_malloc0(TARGET_PAGE_SIZE);
    f->table = tlb_table_new(TLB_BITS_MIN);
    e = (TLBEntry *)tlb_entry(f->table, PAGE_VA);
    e->tag[MMU_LOAD] = e->tag[MMU_STORE] = PAGE_VA;
    e->addend = (uintptr_t)f->page - PAGE_VA;
    f->h.env->mstatus |= MSTATUS_FS;
    return true;
}

static void tear_down(Fixture *f)
{
    f->j->backend->done(f->j);
    jit_cache_free(f->j);
    tlb_table_free(f->table);
    hart_done(&f->h);
    g_free(f->j);
    g_free(f->r);
    g_free(f->tb);
    g_free(f->page);
}

/* Which f registers are in host registers. */
enum { FLOATS_NONE, FLOATS_ALL, FLOATS_ODD, FLOATS_EVEN, FLOATS_NR };

/* The instruction alone as a region. */
static const void *compile(Fixture *f, const TCGOp *op, unsigned floats)
{
    Region *r = f->r;
    IRBuilder b = { .r = r, .env = f->h.env };
    JitCode code = { 0 };

    f->tb->ops[0] = *op;
    r->model = &riscv_jit_ops;
    r->head = f->tb;
    r->n_blocks = 1;
    r->n_edges = r->n_insns = 0;
    r->n_guest = 2;
    r->full = false;
    r->blocks[0] = (RegionBlock){ .tb = f->tb };
    r->guest[0] = (GuestOp){ f->tb, &f->tb->ops[0] };
    r->guest[1] = (GuestOp){ f->tb, &f->tb->ops[1] };
    f->j->code_used = f->j->code_keep;
    f->j->data_used = f->j->data_keep;
    g_assert_true(riscv_jit_ops.emit(&b, &f->tb->ops[0]));
    b.guest = 1;
    ir_append(&b, IR_interpret);
    r->blocks[0].end = r->n_insns;
    region_optimise(r);
    for (unsigned n = 0; n < 32; n++) {
        bool in = floats == FLOATS_ALL || floats == (n & 1 ? FLOATS_ODD : FLOATS_EVEN);
        r->weight[JIT_FP + n] *= in ? 100 : 0;
    }
    g_assert_true(f->j->backend->compile(f->j, r, &code));
    return code.entry;
}

static void prepare(Fixture *f, const Case *c, const uint64_t *v, unsigned frm, uint64_t memory)
{
    CPURISCVState *env = f->h.env;

    for (unsigned n = 1; n < 32; n++) {
        env->x[n] = 0x0101010101010101ULL * n;
        env->f[n] = BOXED(0x40000000 + n);
    }
    for (unsigned n = 3; n-- > 0;) {
        unsigned reg = n == 0 ? c->op.rs1 : n == 1 ? c->op.rs2 : c->op.rs3;
        if (reg < 32) {
            env->x[reg] = v[n];
            env->f[reg] = v[n];
        }
    }
    if (c->memory)
        env->x[c->op.rs1] = PAGE_VA + OPERAND - (uint64_t)c->op.imm;
    env->x[0] = 0;
    memcpy(f->page + OPERAND, &memory, 8);
    memset(f->page + OPERAND + 8, 0x5a, 8);
    env->reserve_addr = PAGE_VA + OPERAND;
    env->reserve_value = v[1] & 1 ? memory : v[2];
    env->reserve_size = c->op.insn >> 12 & 1 ? 8 : 4;
    fp_exec_enter(env);
    fp_set_frm(env, frm);
    fp_set_fflags(env, 0);
    env->tcg.tlb = env->tcg.tlb_fetch = f->table;
    env->tcg.tb = f->tb;
    for (unsigned n = 0; n < TLB_WINDOWS; n++)
        tlb_windows(f->table)[n].room = 0;
}

static void collect(Fixture *f, Result *r)
{
    CPURISCVState *env = f->h.env;

    memset(r, 0, sizeof(*r));
    r->fflags = fp_get_fflags(env);
    fp_exec_leave(env);
    memcpy(r->x, env->x, sizeof(r->x));
    memcpy(r->f, env->f, sizeof(r->f));
    memcpy(r->memory, f->page + OPERAND, sizeof(r->memory));
    r->mstatus = env->mstatus;
    r->reserve_addr = env->reserve_addr;
    if (r->reserve_addr != UINT64_MAX) {
        r->reserve_value = env->reserve_value;
        r->reserve_size = env->reserve_size;
    }
}

static void run_exec(Fixture *f, const TCGOp *op)
{
    TCGOp ops[2] = { *op };

    ops[0].fn = riscv_insn_fn(op->row);
    ops[1].fn = stop;
    g_assert_true(ops[0].fn(f->h.env, ops) == &ops[1]);
}

static void run_code(Fixture *f, const Case *c, const void *code)
{
    const TCGOp *next = f->j->backend->run(f->j, f->h.env, code);

    /* Or it leaves the instruction to the interpreter, having changed nothing. */
    if (next == &f->tb->ops[0])
        run_exec(f, &c->op);
    else if (next != &f->tb->ops[1])
        g_error("%s imm %" PRId64 ": ends at %p", c->name, c->op.imm, (const void *)next);
}

static void differs(const Case *c, const uint64_t *v, unsigned frm, const Result *is, const Result *want)
{
    const TCGOp *op = &c->op;

    for (unsigned n = 0; n < 32; n++) {
        if (is->x[n] != want->x[n])
            g_test_message("x%u: %016" PRIx64 " instead of %016" PRIx64, n, is->x[n], want->x[n]);
        if (is->f[n] != want->f[n])
            g_test_message("f%u: %016" PRIx64 " instead of %016" PRIx64, n, is->f[n], want->f[n]);
    }
    g_test_message("flags %02x instead of %02x, mstatus %" PRIx64 " instead of %" PRIx64 ", memory %" PRIx64
                   " instead of %" PRIx64, is->fflags, want->fflags, is->mstatus, want->mstatus,
                   is->memory[0], want->memory[0]);
    g_error("%s rd %u rs %u %u %u, rm %u, frm %u of %016" PRIx64 " %016" PRIx64 " %016" PRIx64,
            c->name, op->rd, op->rs1, op->rs2, op->rs3, op->aux, frm, v[0], v[1], v[2]);
}

static void check(Fixture *f, const Case *c, const void *code, const uint64_t *v, unsigned frm)
{
    Result want, is;
    uint64_t memory = v[1] ^ v[0] << 1;

    prepare(f, c, v, frm, memory);
    run_exec(f, &c->op);
    collect(f, &want);
    prepare(f, c, v, frm, memory);
    run_code(f, c, code);
    collect(f, &is);
    if (memcmp(&is, &want, sizeof(is)))
        differs(c, v, frm, &is, &want);
}

/* All pairs, with a third operand that takes its turns. */
static void check_values(Fixture *f, const Case *c, unsigned frm, unsigned floats)
{
    const void *code = compile(f, &c->op, floats);
    unsigned third = 0;

    for (unsigned a = 0; a < c->n_values; a++) {
        for (unsigned b = 0; b < c->n_values; b++) {
            uint64_t v[3] = { c->values[a], c->values[b], c->values[third++ % c->n_values] };
            check(f, c, code, v, frm);
        }
    }
}

static void check_places(Fixture *f, Case *c, unsigned frm, bool all)
{
    for (unsigned n = 0; n < (all ? G_N_ELEMENTS(places) : 2); n++) {
        c->op.rd = places[n][0];
        c->op.rs1 = places[n][1];
        c->op.rs2 = places[n][2];
        c->op.rs3 = places[n][3];
        if (c->memory && c->op.rs1 == c->op.rs2)
            continue; /* that is no place of a pointer */
        for (unsigned floats = 0; floats < (c->fp ? FLOATS_NR : 1); floats++)
            check_values(f, c, frm, floats);
    }
}

/* Which registers it works on. */
static bool is_float(unsigned row)
{
    const char *name = riscv_insn_name(row);

    return name[0] == 'f' && !g_str_has_prefix(name, "fence");
}

static void check_row(Fixture *f, unsigned row)
{
    static const int64_t imms[] = { 0, 1, 5, 31 };
    unsigned flags = riscv_insn_flags(row);
    const char *name = riscv_insn_name(row);
    Case c = { .name = name, .op = { .row = (uint16_t)row, .len = 4 } };
    bool single = g_str_has_suffix(name, ".s") || g_str_has_suffix(name, ".w.x") ||
                  strstr(name, ".s.") || strstr(name, "flw") || strstr(name, "fsw");

    c.fp = is_float(row);
    c.memory = flags & (INSN_LOAD | INSN_STORE);
    c.values = c.fp ? single ? singles : doubles : integers;
    c.n_values = c.fp ? single ? G_N_ELEMENTS(singles) : G_N_ELEMENTS(doubles) : G_N_ELEMENTS(integers);
    c.op.insn = 0xff0fu << 12; /* of a fence: everything before everything */
    if (g_str_has_suffix(name, ".w"))
        c.op.insn &= ~(1u << 12);
    if (flags & INSN_RM) {
        for (c.op.aux = 0; c.op.aux <= 4; c.op.aux++)
            check_places(f, &c, 0, c.op.aux == 0);
        c.op.aux = 7;
        for (unsigned frm = 0; frm <= 4; frm++)
            check_places(f, &c, frm, false);
        return;
    }
    for (unsigned n = 0; n < (c.memory ? 1 : G_N_ELEMENTS(imms)); n++) {
        c.op.imm = imms[n];
        check_places(f, &c, 1, n == 0);
    }
}

static void test_rows(gconstpointer data)
{
    bool fp = GPOINTER_TO_INT(data);
    Fixture f;
    unsigned n = 0;

    if (!set_up(&f))
        return;
    for (unsigned row = 1; row < INSN_NR; row++) {
        unsigned flags = riscv_insn_flags(row);
        if (!riscv_insn_emit(row) || (flags & (INSN_BRANCH | INSN_JUMP | INSN_EXIT | INSN_VS)) ||
            is_float(row) != fp || row == INSN_cbo_zero) /* its body wants a whole translator */
            continue;
        check_row(&f, row);
        if (g_str_has_prefix(riscv_insn_name(row), "amo") || g_str_has_prefix(riscv_insn_name(row), "sc")) {
            f.j->alone = true;
            check_row(&f, row);
            f.j->alone = false;
        }
        n++;
    }
    g_test_message("%u instructions", n);
    g_assert_cmpuint(n, >, fp ? 50 : 100);
    tear_down(&f);
}

/* ---- fflags and frm: flags in env, flags in the host, both ---- */

static void raise_in_host(Fixture *f, unsigned which)
{
    static const uint64_t operands[][2] = { /* divided: inexact; by zero; invalid */
        { 0x3ff0000000000000, 0x4008000000000000 }, { 0x3ff0000000000000, 0 }, { 0, 0 },
    };
    CPURISCVState *env = f->h.env;
    TCGOp op = { .row = INSN_fdiv_d, .rd = 9, .rs1 = 7, .rs2 = 8, .len = 4 };

    if (!which)
        return;
    env->f[7] = operands[which - 1][0];
    env->f[8] = operands[which - 1][1];
    run_exec(f, &op);
}

static void check_csr(Fixture *f, const Case *c, uint64_t value)
{
    const void *code = compile(f, &c->op, FLOATS_NONE);
    uint64_t v[3] = { value, value, value };
    Result want, is;

    for (unsigned n = 0; n < 4 * 4; n++) {
        static const uint8_t flags[] = { 0, 1, 16, 31 };
        for (unsigned how = 0; how < 2; how++) {
            prepare(f, c, v, n % 5, 0);
            fp_set_fflags(f->h.env, flags[n / 4]);
            raise_in_host(f, n % 4);
            if (how)
                run_code(f, c, code);
            else
                run_exec(f, &c->op);
            collect(f, how ? &is : &want);
        }
        if (memcmp(&is, &want, sizeof(is)))
            differs(c, v, n, &is, &want);
    }
}

static void test_fflags(void)
{
    static const struct {
        unsigned row, csr, rd, rs1;
    } forms[] = {
        { INSN_csrrs, 1, 10, 0 }, { INSN_csrrs, 1, 20, 0 }, { INSN_csrrw, 1, TARGET_REG_SINK, 11 },
        { INSN_csrrw, 1, TARGET_REG_SINK, 21 }, { INSN_csrrw, 1, TARGET_REG_SINK, 0 },
        { INSN_csrrw, 1, 20, 11 }, { INSN_csrrw, 1, 10, 21 }, { INSN_csrrs, 2, 10, 0 },
        { INSN_csrrs, 2, 20, 0 },
    };
    Fixture f;

    if (!set_up(&f))
        return;
    f.tb->mode = f.h.env->tcg.mode = PRV_M | MODE_FS;
    for (unsigned n = 0; n < G_N_ELEMENTS(forms); n++) {
        Case c = { .name = riscv_insn_name(forms[n].row),
                   .op = { .row = (uint16_t)forms[n].row, .rd = (uint8_t)forms[n].rd,
                           .rs1 = (uint8_t)forms[n].rs1, .rs2 = 40, .rs3 = 40, .imm = forms[n].csr,
                           .len = 4 } };
        for (unsigned k = 0; k < G_N_ELEMENTS(integers); k++)
            check_csr(&f, &c, integers[k]);
        for (unsigned k = 0; k < 32; k++)
            check_csr(&f, &c, k);
    }
    tear_down(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/emit/integer", GINT_TO_POINTER(0), test_rows);
    g_test_add_data_func("/emit/float", GINT_TO_POINTER(1), test_rows);
    g_test_add_func("/emit/fflags", test_fflags);
    return g_test_run();
}
