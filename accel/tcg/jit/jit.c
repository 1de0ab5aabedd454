/*
 * Compiled code: when it comes into being, how it is entered, linked and dropped.
 *
 * A block that is come to often by jumps back or indirect jumps becomes the head of a region. Its first
 * operation is then jit_enter(), so the interpreter needs to know nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/jit.h"

#include "accel/tcg/jit/show.h"
#include "accel/tcg/ldst.h"
#include "accel/tcg/tlb.h"

#define REGION_ROOM (256 * KiB) /* more than a region ever takes */

/* ---- Running ---- */

static TCGOpFn first_fn(const TranslationBlock *tb)
{
    return __atomic_load_n(&tb->first_fn, __ATOMIC_RELAXED);
}

static const TCGOp *jit_enter(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);
    TCGCPU *c = env_tcgcpu(env);
    const Jit *j = c->s->jit;
    const void *code = __atomic_load_n(&t->tb->jit_code, __ATOMIC_ACQUIRE);
    const TCGOp *next;
    TranslationBlock *tb;

    if (unlikely(!code || tcg_log_blocks())) /* dropped just now, or blocks are logged one by one */
        return first_fn(t->tb)(env, op);
    c->counts.entered++;
    next = j->backend->run(j, env, code);
    if (!next) {
        if (t->jit_exit)
            c->counts.unlinked++;
        else
            c->counts.looked_up++;
        return NULL;
    }
    tb = (TranslationBlock *)t->tb;
    if (next == tb->ops) {
        c->counts.cold++;
        /* Compiled code leaves its own first operation to the interpreter. */
        if (__atomic_load_n(&tb->jit_code, __ATOMIC_ACQUIRE))
            return first_fn(tb)(env, next);
        /* Or it has come to a block that is not compiled yet. */
        if (tb_hit(t, tb))
            jit_compile(c, tb);
    } else {
        c->counts.interpreted++;
    }
    TCG_GOTO(env, next);
}

const TCGOp *jit_stop(CPUArchState *env, const TCGOp *op)
{
    return op;
}

static uint64_t load(CPUArchState *env, vaddr va, const JitSite *site)
{
    uint64_t v;

    switch (site->size) {
    case 0: /* the body will do it */
        return 0;
    case 1:
        v = tcg_ld8(env, va);
        return site->sign ? (uint64_t)(int64_t)(int8_t)v : v;
    case 2:
        v = tcg_ld16(env, va);
        return site->sign ? (uint64_t)(int64_t)(int16_t)v : v;
    case 4:
        v = tcg_ld32(env, va);
        return site->sign ? (uint64_t)(int64_t)(int32_t)v : v;
    default:
        return tcg_ld64(env, va);
    }
}

static void store(CPUArchState *env, vaddr va, uint64_t value, const JitSite *site)
{
    switch (site->size) {
    case 0:
        break;
    case 1:
        tcg_st8(env, va, (uint8_t)value);
        break;
    case 2:
        tcg_st16(env, va, (uint16_t)value);
        break;
    case 4:
        tcg_st32(env, va, (uint32_t)value);
        break;
    default:
        tcg_st64(env, va, value);
        break;
    }
}

/* Why it is slow shows in what it does; one that faults does not come back. */
static JitSlow *slow_begins(CPUTCGState *t, JitSlow *n, const JitSite *site)
{
    t->tb = site->tb;
    t->cur = site->op;
    n->all++;
    return n;
}

static void slow_ends(const CPUTCGState *t, JitSlow *n, vaddr va, const JitSite *site, uint64_t fills)
{
    if (t->tlbs->n_fills != fills)
        n->filled++;
    else if ((va & ~TARGET_PAGE_MASK) + site->size > TARGET_PAGE_SIZE)
        n->crossing++;
    else
        n->other++;
}

uint64_t jit_load_slow(CPUArchState *env, vaddr va, const JitSite *site)
{
    CPUTCGState *t = env_tcg(env);
    JitSlow *n = slow_begins(t, &env_tcgcpu(env)->counts.loads, site);
    uint64_t v, fills = t->tlbs->n_fills;

    v = load(env, va, site);
    slow_ends(t, n, va, site, fills);
    return v;
}

void jit_store_slow(CPUArchState *env, vaddr va, uint64_t value, const JitSite *site)
{
    CPUTCGState *t = env_tcg(env);
    JitSlow *n = slow_begins(t, &env_tcgcpu(env)->counts.stores, site);
    uint64_t fills = t->tlbs->n_fills;

    store(env, va, value, site);
    slow_ends(t, n, va, site, fills);
}

/* ---- Linking ---- */

static const void *landing(const Jit *j, const TranslationBlock *tb)
{
    return tb->jit ? tb->jit->entry : j->exit_interpret;
}

void jit_link(TCGCPU *c, JitExit *x, TranslationBlock *tb)
{
    TCGState *s = c->s;

    g_mutex_lock(&s->lock);
    /* An exit keeps the first block it was linked to, as chains do. */
    if (!x->tb && tb->key_pc != TB_DEAD_PC && tb->pc == x->pc) {
        x->next = tb->jit_in;
        tb->jit_in = x;
        x->addend = tb->addend;
        s->jit->n_linked++;
        __atomic_store_n(&x->tb, tb, __ATOMIC_RELEASE);
        __atomic_store_n(&x->jump, landing(s->jit, tb), __ATOMIC_RELEASE);
    }
    g_mutex_unlock(&s->lock);
}

static void relink(const Jit *j, TranslationBlock *tb)
{
    for (JitExit *x = tb->jit_in; x; x = x->next)
        __atomic_store_n(&x->jump, landing(j, tb), __ATOMIC_RELEASE);
}

/* ---- Dropping ---- */

static void drop(Jit *j, JitCode *code)
{
    TranslationBlock *head = code->head;

    if (code->dead)
        return;
    code->dead = true;
    j->n_killed++;
    head->jit = NULL;
    __atomic_store_n(&head->jit_code, NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&head->ops[0].fn, first_fn(head), __ATOMIC_RELEASE);
    __atomic_store_n(&head->hits, 0, __ATOMIC_RELAXED);
    relink(j, head);
}

void jit_kill(TCGState *s, TranslationBlock *tb)
{
    Jit *j = s->jit;

    if (!j)
        return;
    for (JitPart *p = tb->jit_parts; p; p = p->next)
        drop(j, p->code);
    tb->jit_parts = NULL;
    for (JitExit *x = tb->jit_in; x; x = x->next) {
        __atomic_store_n(&x->jump, j->exit_unlinked, __ATOMIC_RELEASE);
        __atomic_store_n(&x->tb, NULL, __ATOMIC_RELEASE);
    }
    tb->jit_in = NULL;
}

void jit_flush(TCGState *s)
{
    Jit *j = s->jit;

    if (!j)
        return;
    g_ptr_array_set_size(j->codes, 0);
    g_ptr_array_set_size(j->parts, 0);
    j->code_used = j->code_keep;
    j->data_used = j->data_keep;
    s->jit_full = false;
}

/* ---- Compiling ---- */

static void enter_parts(Jit *j, const Region *r, JitCode *code)
{
    for (unsigned n = 0; n < r->n_blocks; n++) {
        JitPart *p = g_new(JitPart, 1);
        p->code = code;
        p->next = r->blocks[n].tb->jit_parts;
        r->blocks[n].tb->jit_parts = p;
        g_ptr_array_add(j->parts, p);
        code->n_insns += r->blocks[n].tb->n_insns;
    }
}

static void publish(Jit *j, const Region *r, const JitCode *made)
{
    TranslationBlock *head = r->head;
    JitCode *code = g_memdup2(made, sizeof(*made));

    code->head = head;
    g_ptr_array_add(j->codes, code);
    enter_parts(j, r, code);
    j->n_regions++;
    j->n_insns += code->n_insns;
    head->jit = code;
    __atomic_store_n(&head->first_fn, head->ops[0].fn, __ATOMIC_RELAXED);
    __atomic_store_n(&head->jit_code, code->entry, __ATOMIC_RELEASE);
    __atomic_store_n(&head->ops[0].fn, jit_enter, __ATOMIC_RELEASE);
    relink(j, head);
    code_page_note_hot(j->s, head);
}

/* Whether a region might not fit: then everything is dropped when a vCPU comes to its main loop. */
static bool full(Jit *j)
{
    if (j->code_size - j->code_used >= REGION_ROOM && j->data_size - j->data_used >= REGION_ROOM)
        return false;
    __atomic_store_n(&j->s->jit_full, true, __ATOMIC_RELAXED);
    return true;
}

void jit_compile(TCGCPU *c, TranslationBlock *tb)
{
    TCGState *s = c->s;
    Jit *j = s->jit;
    JitCode code = { 0 };

    if (!env_tcg(c->env)->jit_threshold || tcg_log_blocks())
        return;
    g_mutex_lock(&s->lock);
    if (tb->key_pc == TB_DEAD_PC || tb->jit || tb == c->uncached || full(j)) {
        g_mutex_unlock(&s->lock);
        return;
    }
    if (region_build(j->region, c, tb, j->backend->has_vector)) {
        jit_show_built(c->cpu, j->region);
        region_optimise(j->region);
        jit_show_optimised(j->region);
        if (jit_marks_wanted(j))
            code.marks = g_array_new(FALSE, FALSE, sizeof(JitMark));
        if (j->backend->compile(j, j->region, &code)) {
            jit_watch_code(j, j->region, &code);
            publish(j, j->region, &code);
        } else {
            g_clear_pointer(&code.marks, g_array_unref);
            j->n_refused++;
        }
    } else {
        j->n_refused++;
    }
    g_mutex_unlock(&s->lock);
}

/* ---- Set-up ---- */

/* Who asks for it by name is told; the same command line works on every host all the same. */
static void warn_not_compiled(const TCGState *s)
{
    if (s->jit_wanted == ON_OFF_AUTO_ON)
        warn_report("-accel tcg,jit=on: everything is interpreted: %s", jit_why_not(s));
}

static void give_up(TCGState *s)
{
    jit_free(s);
    warn_not_compiled(s);
}

bool jit_observe(TCGState *s, AccelObserve what, Error **errp)
{
    if (s->jit && !s->icount)
        return jit_watch(s->jit, what, errp);
    if (what == ACCEL_PROFILE)
        return true;
    error_setg(errp, "there is no compiled code to tell perf of: %s", jit_why_not(s));
    return false;
}

void jit_init(TCGState *s)
{
    const char *reason = NULL;
    const JitBackend *backend = jit_backend(&reason);
    Jit *j;

    if (!jit_on(s))
        return;
    if (!backend) {
        warn_not_compiled(s);
        return;
    }
    j = g_new0(Jit, 1);
    j->s = s;
    j->backend = backend;
    j->region = g_new(Region, 1);
    j->codes = g_ptr_array_new_with_free_func(g_free);
    j->parts = g_ptr_array_new_with_free_func(g_free);
    s->jit = j;
    if (!jit_cache_init(j, MIN(s->tb_size / 2, 512 * MiB)))
        give_up(s); /* hosts may forbid code that is made; the interpreter needs none */
}

bool jit_cpu_init(TCGState *s, CPUState *cpu, CPUArchState *env, Error **errp)
{
    Jit *j = s->jit;

    if (!j || j->model)
        return true;
    j->model = env_tcg(env)->ops->jit;
    j->window_misses = s->jit_stats ? jit_data(j, 2 * sizeof(uint64_t)) : NULL;
    j->attention_offset = (int)((intptr_t)&cpu->attention - (intptr_t)env);
    if (j->model && !j->backend->init(j)) {
        error_setg(errp, "tb-size: %u MiB is too little for compiled code", s->tb_size_mib);
        return false;
    }
    j->code_keep = j->code_used;
    j->data_keep = j->data_used;
    return true;
}

void jit_free(TCGState *s)
{
    Jit *j = s->jit;

    if (!j)
        return;
    jit_watch_free(j);
    if (j->emit)
        j->backend->done(j);
    jit_cache_free(j);
    g_ptr_array_unref(j->codes);
    g_ptr_array_unref(j->parts);
    g_free(j->region);
    g_free(j);
    s->jit = NULL;
}
