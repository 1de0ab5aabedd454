/*
 * verify=on: running compiled code, running the same again in the interpreter, comparing; see verify.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/verify.h"

#include <inttypes.h>

#include "accel/tcg/tlb.h"
#include "util/host-fp.h"

#define MOST_JUMPS_BACK 24
#define UNWATCHED_JUMPS 256
#define WAIT_US 200000 /* for a device that may be writing */

/* Where a run ends: after so many instructions, at this pc, and perhaps in an exception. */
typedef struct Stop {
    uint64_t icount;
    vaddr pc;
    int how; /* UNWIND_* or 0 */
} Stop;

#if HOST_FP_CONTROL
static uint32_t fp_read(void)
{
    return host_fp_read();
}
#else
static uint32_t fp_read(void)
{
    return 0;
}
#endif

static void lose(Verify *v, const char *why)
{
    if (!v->lost)
        v->lost = why;
}

static bool is_shadow(CPUArchState *env)
{
    return env == env_tcg(env)->verify->shadow;
}

/* ---- Memory ---- */

static VerifyPage *find_page(Verify *v, const uint8_t *host)
{
    for (unsigned n = v->n_pages; n-- > 0;) {
        if (v->page[n].host == host)
            return &v->page[n];
    }
    return NULL;
}

static VerifyPage *copy_page(Verify *v, uint8_t *host, uint64_t ram_addr)
{
    VerifyPage *page = &v->page[v->n_pages];

    if (v->n_pages == VERIFY_PAGES) {
        lose(v, "many pages are written to");
        return NULL;
    }
    v->n_pages++;
    page->host = host;
    page->ram_addr = ram_addr;
    memcpy(page->copy, host, TARGET_PAGE_SIZE);
    return page;
}

void verify_access(CPUArchState *env, MMUAccess access, TLBProbe *p)
{
    Verify *v = env_tcg(env)->verify;
    uint64_t in_page = p->offset & ~TARGET_PAGE_MASK;
    VerifyPage *page;

    if (!p->host)
        return;
    page = find_page(v, p->host - in_page);
    if (!is_shadow(env)) {
        if (access == MMU_STORE && !page)
            copy_page(v, p->host - in_page, p->block->ram_addr + p->offset - in_page);
        return;
    }
    /* A store where compiled code made none finds what memory is now, and makes it differ. */
    if (access == MMU_STORE && !page)
        page = copy_page(v, p->host - in_page, p->block->ram_addr + p->offset - in_page);
    if (access == MMU_STORE && !page)
        cpu_loop_exit_restart(env); /* lost: nothing may be written */
    if (page)
        p->host = page->copy + in_page;
    p->entry = NULL;
    p->code = false;
}

/* ---- Devices ---- */

void verify_note_bus(CPUArchState *env, hwaddr pa, uint64_t value, unsigned size, bool store,
                     MemTxResult result)
{
    Verify *v = env_tcg(env)->verify;

    if (v->n_accesses == VERIFY_ACCESSES)
        lose(v, "devices are accessed often");
    else
        v->access[v->n_accesses++] = (VerifyAccess){ pa, value, result, (uint8_t)size, store };
}

bool verify_repeats_bus(CPUArchState *env, hwaddr pa, uint64_t *value, unsigned size, bool store,
                        MemTxResult *result)
{
    Verify *v = env_tcg(env)->verify;
    const VerifyAccess *a = &v->access[v->access_at];

    if (!is_shadow(env))
        return false;
    *result = MEMTX_OK;
    if (v->access_at == v->n_accesses || a->pa != pa || a->size != size || a->store != store ||
        (store && ((a->value ^ *value) & MASK_ULL(8 * size)))) {
        g_string_append_printf(v->wrong, "device access %u: the interpreter %s %u bytes at 0x%" PRIx64,
                               v->access_at, store ? "stores" : "loads", size, pa);
        if (store)
            g_string_append_printf(v->wrong, ", value 0x%" PRIx64, *value);
        if (v->access_at < v->n_accesses)
            g_string_append_printf(v->wrong, "; compiled code %s %u bytes at 0x%" PRIx64
                                   ", value 0x%" PRIx64, a->store ? "stored" : "loaded", a->size,
                                   a->pa, a->value);
        g_string_append_c(v->wrong, '\n');
        return true;
    }
    v->access_at++;
    if (!store)
        *value = a->value;
    *result = a->result;
    return true;
}

/* ---- The interpreter, one operation at a time ---- */

static const TCGOp *stop_here(CPUArchState *env, const TCGOp *op)
{
    return op;
}

static TCGOpFn handler_of(const TranslationBlock *tb, const TCGOp *op, const TCGJitOps *model)
{
    if (op->row)
        return model->body(op);
    return op == tb->ops && tb->jit_code ? tb->first_fn : op->fn;
}

/* Runs one operation. The next one, or NULL: on at tcg.pc. */
static const TCGOp *run_op(CPUArchState *shadow, const TCGJitOps *model, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(shadow);
    TCGOp ops[3];
    const TCGOp *next;

    /* A copy with stops behind it, which look like chains that lead nowhere yet. */
    memset(ops, 0, sizeof(ops));
    ops[0] = *op;
    ops[1].fn = ops[2].fn = stop_here;
    ops[1].imm = ops[2].imm = TCG_CHAIN_CHECK;
    ops[0].fn = handler_of(t->tb, op, model);
    next = ops[0].fn(shadow, ops);
    t->cur = env_tcgcpu(shadow)->s->dummy->ops;
    return next ? op + (next - ops) : NULL;
}

static void enter_block(Verify *v, TranslationBlock *tb)
{
    if (v->n_trail && v->trail[(v->n_trail - 1) % VERIFY_TRAIL] == tb)
        return;
    v->trail[v->n_trail++ % VERIFY_TRAIL] = tb;
}

static bool is_guard(const TranslationBlock *tb, const TCGOp *op)
{
    TCGOpFn guard = tcg_guard_fn();

    return !op->row && (op->fn == guard || (op == tb->ops && tb->jit_code && tb->first_fn == guard));
}

static vaddr pc_of(const TranslationBlock *tb, const TCGOp *op)
{
    return tb->pc + op->pc_off;
}

/* Until as many instructions have retired as compiled code said; then one more if that raised. */
static void interpret(Verify *v, const Stop *stop)
{
    CPUArchState *shadow = v->shadow;
    CPUTCGState *t = env_tcg(shadow);
    const TCGJitOps *model = t->ops->jit;
    const TCGOp *op = NULL;

    for (;;) {
        if (op && !op->row && tcg_op_is_chain(op)) {
            t->icount += op->index;
            t->pc = chain_target(t->tb, op);
            op = NULL;
        }
        if (t->icount + (op ? op->index : 0) >= stop->icount && stop->how != UNWIND_EXCEPTION)
            break;
        if (!op) {
            TranslationBlock *tb = tb_get(&v->shadow_cpu);
            if (!tb) {
                lose(v, "the memory for blocks is full");
                return;
            }
            if (tb != v->shadow_cpu.uncached)
                enter_block(v, tb);
            t->tb = tb;
            op = tb->ops;
            continue;
        }
        if (t->icount + op->index > stop->icount) {
            g_string_append(v->wrong, "the interpreter raises no exception\n");
            return;
        }
        /* tb_get() has just looked at the second page, too; the shadow's table shows it none. */
        op = is_guard(t->tb, op) ? op + 1 : run_op(shadow, model, op);
    }
    if (op) {
        t->icount += op->index;
        t->pc = pc_of(t->tb, op);
    }
}

/* How the interpreter came out: 0 or UNWIND_*. */
static int interpret_protected(Verify *v, const Stop *stop)
{
    int how = sigsetjmp(v->unwind, 0);

    if (how)
        return how;
    interpret(v, stop);
    return 0;
}

/* ---- Comparing ---- */

static void compare_pages(Verify *v)
{
    for (unsigned n = 0; n < v->n_pages; n++) {
        const VerifyPage *page = &v->page[n];
        unsigned i = 0;

        if (!memcmp(page->copy, page->host, TARGET_PAGE_SIZE))
            continue;
        while (page->copy[i] == page->host[i] && i < TARGET_PAGE_SIZE - 1)
            i++;
        uint64_t compiled, interpreted;
        i &= ~7u;
        memcpy(&compiled, page->host + i, 8);
        memcpy(&interpreted, page->copy + i, 8);
        g_string_append_printf(v->wrong, "RAM + 0x%-9" PRIx64 " %016" PRIx64 "  %016" PRIx64 "\n",
                               page->ram_addr + i, compiled, interpreted);
    }
}

static void compare(TCGCPU *c, const Stop *stop, int how)
{
    Verify *v = c->verify;
    const CPUTCGState *t = env_tcg(v->shadow);

    if (how != stop->how && (how || stop->how == UNWIND_EXCEPTION))
        g_string_append_printf(v->wrong, "compiled code %s, the interpreter %s\n",
                               stop->how ? "raises an exception" : "goes on",
                               how ? "raises an exception" : "goes on");
    if (t->icount != stop->icount)
        g_string_append_printf(v->wrong, "instructions  %16" PRIu64 "  %16" PRIu64 "\n", stop->icount,
                               t->icount);
    if (t->pc != stop->pc)
        g_string_append_printf(v->wrong, "pc            %016" PRIx64 "  %016" PRIx64 "\n", stop->pc,
                               t->pc);
    if (v->access_at != v->n_accesses)
        g_string_append_printf(v->wrong, "device accesses %14u  %16u\n", v->n_accesses, v->access_at);
    t->ops->jit->differences(c->env, v->shadow, stop->how == UNWIND_EXCEPTION || how == UNWIND_EXCEPTION,
                             v->wrong);
    compare_pages(v);
}

/* ---- A run ---- */

/* How many jumps back until compiled code comes out. It does not look at attention itself, and a loop that
 * is entered anew in each round, behind what is interpreted of it, would never come to the end of them. */
static uint32_t jumps_back(const CPUTCGState *t, uint32_t most)
{
    return __atomic_load_n(t->attention, __ATOMIC_RELAXED) ? 0 : most;
}

static void begin(TCGCPU *c)
{
    CPUTCGState *t = env_tcg(c->env), *st;
    Verify *v = c->verify;

    v->lost = NULL;
    v->n_pages = v->n_accesses = v->access_at = v->n_trail = 0;
    g_string_truncate(v->wrong, 0);
    t->ops->jit->shadow_copy(v->shadow, c->env);
    st = env_tcg(v->shadow);
    st->tlb = st->tlb_fetch = v->no_entries;
    st->tlb_fetch_mask = tlb_mask(v->no_entries);
    st->jump_cache = v->no_blocks;
    st->jit_threshold = st->jit_calls = 0;
    st->verify = v;
    st->pc = t->tb->pc;
    st->unwind = &v->unwind;
    v->random = v->random * 1664525 + 1013904223;
    t->verify_left = jumps_back(t, (v->random >> 16) % MOST_JUMPS_BACK);
    t->verify = v;
    tlb_notice_stores(c->env);
}

/* Compiled code itself. *next: what it gives back. */
static Stop run_compiled(TCGCPU *c, const void *code, const TCGOp **next)
{
    CPUTCGState *t = env_tcg(c->env);
    const Jit *j = c->s->jit;
    sigjmp_buf *outer = t->unwind, unwind;
    Stop stop = { 0 };

    *next = NULL;
    t->unwind = &unwind;
    stop.how = sigsetjmp(unwind, 0);
    if (!stop.how)
        *next = j->backend->run(j, c->env, code);
    t->unwind = outer;
    t->verify = NULL;
    stop.icount = t->icount;
    stop.pc = t->pc;
    if (*next && tcg_op_is_chain(*next)) {
        stop.icount += (*next)->index;
        stop.pc = chain_target(t->tb, *next);
    } else if (*next) {
        stop.icount += (*next)->index;
        stop.pc = pc_of(t->tb, *next);
    }
    return stop;
}

static void run_interpreted(TCGCPU *c, const Stop *stop)
{
    CPUTCGState *t = env_tcg(c->env);
    const TCGJitOps *model = t->ops->jit;
    Verify *v = c->verify;
    int how;

    tcg_tlb_switch(v->shadow);
    how = interpret_protected(v, stop);
    model->settle(v->shadow);
    tcg_tlb_switch(c->env);
    tlb_use_tables(c->env);
    if (!v->lost)
        compare(c, stop, how);
}

/* How much has happened that a run cannot be repeated behind: code dropped, the memory map changed. */
static uint64_t upheavals(const TCGCPU *c)
{
    return c->s->jit->n_killed + env_tcg(c->env)->tlbs->n_flushes;
}

/* Whether a difference may be somebody else's doing: a device's, which may just be about to say so. */
static bool excused(TCGCPU *c, uint64_t written, uint64_t upheaval)
{
    if (upheavals(c) != upheaval)
        return true;
    if (ram_times_written() == written)
        g_usleep(WAIT_US);
    return ram_times_written() != written;
}

/* Whether code was compared as often as the user wants. */
static bool is_enough(const TCGCPU *c, JitCode *code)
{
    return c->s->verify_runs && code && code->n_runs++ >= c->s->verify_runs;
}

const TCGOp *verify_run(TCGCPU *c, CPUArchState *env, const void *code)
{
    CPUTCGState *t = env_tcg(env);
    const TranslationBlock *tb = t->tb;
    Verify *v = c->verify;
    uint64_t written = ram_times_written(), upheaval = upheavals(c), icount = t->icount;
    uint32_t fp = fp_read(), fp_after;
    const TCGOp *next;
    Stop stop;

    if (is_enough(c, tb->jit)) {
        t->verify_left = jumps_back(t, UNWATCHED_JUMPS);
        return c->s->jit->backend->run(c->s->jit, env, code);
    }
    begin(c);
    stop = run_compiled(c, code, &next);
    t->ops->jit->settle(env);
    fp_after = fp_read();
    v->n_runs++;
    if (!v->lost) {
        host_fp_write(fp);
        run_interpreted(c, &stop);
        host_fp_write(fp_after);
    }
    if (v->wrong->len && excused(c, written, upheaval))
        lose(v, "memory or code was changed");
    if (v->lost) {
        v->n_lost++;
    } else if (unlikely(v->wrong->len)) {
        verify_report(c, tb, stop.icount - icount);
        t->icount = stop.icount;
        t->pc = stop.pc;
        return NULL;
    } else {
        v->n_verified += stop.icount - icount;
    }
    if (stop.how)
        siglongjmp(*t->unwind, stop.how);
    return next;
}

/* ---- Set-up ---- */

bool verify_cpu_init(TCGCPU *c, Error **errp)
{
    const TCGJitOps *model = env_tcg(c->env)->ops->jit;
    Verify *v;

    if (!c->s->want_verify || !c->s->jit || !model)
        return true;
    v = g_new0(Verify, 1);
    v->no_entries = tlb_table_new(TLB_BITS_MIN);
    if (!v->no_entries) {
        g_free(v);
        error_setg(errp, "cannot allocate what verify=on needs");
        return false;
    }
    v->shadow = model->shadow_new();
    v->shadow_cpu = (TCGCPU){ .s = c->s, .cpu = c->cpu, .env = v->shadow, .index = c->index,
                              .build = tb_build_new() };
    v->no_blocks = jump_cache_new(c->s->dummy);
    v->wrong = g_string_new(NULL);
    v->random = c->index;
    c->verify = v;
    return true;
}

void verify_cpu_free(TCGCPU *c)
{
    Verify *v = c->verify;

    if (!v)
        return;
    tlb_table_free(v->no_entries);
    env_tcg(c->env)->ops->jit->shadow_free(v->shadow);
    tb_build_free(v->shadow_cpu.build);
    g_free(v->shadow_cpu.uncached);
    jump_cache_free(v->no_blocks);
    g_string_free(v->wrong, TRUE);
    g_free(v);
    c->verify = NULL;
}

void verify_info(TCGState *s, GString *out)
{
    for (unsigned i = 0; i < s->nr_cpus; i++) {
        const TCGCPU *c = s->cpus[i];
        if (c && c->verify)
            g_string_append_printf(out, "vCPU %u: %" PRIu64 " runs repeated, %" PRIu64
                                   " instructions; not to be compared: %" PRIu64 " runs\n", i,
                                   c->verify->n_runs, c->verify->n_verified, c->verify->n_lost);
    }
}
