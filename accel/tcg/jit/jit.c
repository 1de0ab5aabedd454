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

#define MOST_CODE (512 * MiB)   /* by distances of 32 bits, with its data, one half */

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
    next = unlikely(c->verify) ? verify_run(c, env, code) : j->backend->run(j, env, code);
    jit_acquire(j); /* next, tcg.tb, tcg.jit_exit may be another vCPU's work */
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

static uint64_t load(CPUArchState *env, vaddr va, unsigned kind)
{
    switch (kind) {
    case 0:
        return tcg_ld8(env, va);
    case 1:
        return tcg_ld16(env, va);
    case 2:
        return tcg_ld32(env, va);
    case 3:
        return tcg_ld64(env, va);
    case JIT_ACCESS_SIGN | 0:
        return (uint64_t)(int64_t)(int8_t)tcg_ld8(env, va);
    case JIT_ACCESS_SIGN | 1:
        return (uint64_t)(int64_t)(int16_t)tcg_ld16(env, va);
    case JIT_ACCESS_SIGN | 2:
        return (uint64_t)(int64_t)(int32_t)tcg_ld32(env, va);
    default:
        return tcg_ld32(env, va) | 0xffffffff00000000;
    }
}

static void store(CPUArchState *env, vaddr va, uint64_t value, unsigned kind)
{
    switch (kind) {
    case 0:
        tcg_st8(env, va, (uint8_t)value);
        break;
    case 1:
        tcg_st16(env, va, (uint16_t)value);
        break;
    case 2:
        tcg_st32(env, va, (uint32_t)value);
        break;
    default:
        tcg_st64(env, va, value);
        break;
    }
}

void jit_body_begins(const Jit *j)
{
    jit_acquire(j);
}

/* Why it is slow shows in what it does; one that faults does not come back. */
static JitSlow *slow_begins(TCGCPU *c, JitSlow *n, const JitHead *head, uint32_t access)
{
    CPUTCGState *t = env_tcg(c->env);

    jit_acquire(c->s->jit);
    t->tb = head->tb[access >> JIT_ACCESS_BLOCK & (REGION_BLOCKS - 1)];
    t->cur = &t->tb->ops[access >> JIT_ACCESS_OP & (TCG_MAX_OPS - 1)];
    n->all++;
    return n;
}

static void slow_ends(const CPUTCGState *t, JitSlow *n, vaddr va, uint32_t access, uint64_t fills)
{
    if (t->tlbs->n_fills != fills)
        n->filled++;
    else if ((va & ~TARGET_PAGE_MASK) + jit_access_bytes(access) > TARGET_PAGE_SIZE)
        n->crossing++;
    else
        n->other++;
}

uint64_t jit_load_slow(CPUArchState *env, vaddr va, const JitHead *head, uint32_t access)
{
    CPUTCGState *t = env_tcg(env);
    TCGCPU *c = env_tcgcpu(env);
    JitSlow *n = slow_begins(c, &c->counts.loads, head, access);
    uint64_t v, fills = t->tlbs->n_fills;

    v = load(env, va, access % JIT_ACCESS_KINDS);
    slow_ends(t, n, va, access, fills);
    return v;
}

void jit_store_slow(CPUArchState *env, vaddr va, uint64_t value, const JitHead *head, uint32_t access)
{
    CPUTCGState *t = env_tcg(env);
    TCGCPU *c = env_tcgcpu(env);
    JitSlow *n = slow_begins(c, &c->counts.stores, head, access);
    uint64_t fills = t->tlbs->n_fills;

    store(env, va, value, access % JIT_ACCESS_KINDS);
    slow_ends(t, n, va, access, fills);
}

/* ---- Linking ---- */

static const void *landing(const Jit *j, const TranslationBlock *tb)
{
    return tb->jit ? tb->jit->entry : j->exit_interpret;
}

static JitLink **linked_of(Jit *j, const JitExit *x)
{
    uint64_t n = (uint64_t)((const uint8_t *)x - j->data) / (j->gens.part / 2);

    return n == j->gens.going ? NULL : &j->gen[n].linked;
}

void jit_link(TCGCPU *c, JitExit *x, TranslationBlock *tb)
{
    TCGState *s = c->s;
    JitLink **made;

    g_mutex_lock(&s->lock);
    /* An exit keeps the first block it was linked to, as chains do; one whose generation is going gets none. */
    made = linked_of(s->jit, x);
    if (made && x->target == tb->pc && tb->key_pc != TB_DEAD_PC) {
        JitLink *l = g_new(JitLink, 1);

        *l = (JitLink){ x, tb->jit_in, &tb->jit_in, *made, made };
        if (l->next)
            l->next->link = &l->next;
        if (l->next_made)
            l->next_made->made = &l->next_made;
        tb->jit_in = *made = l;
        x->addend = tb->addend;
        s->jit->n_linked++;
        jit_publish(s->jit);
        __atomic_store_n(&x->target, (uintptr_t)tb | JIT_LINKED, __ATOMIC_RELEASE);
        __atomic_store_n(&x->jump, landing(s->jit, tb), __ATOMIC_RELEASE);
    }
    g_mutex_unlock(&s->lock);
}

/* The exit leads nowhere again. */
static void unlink_exit(const Jit *j, JitLink *l)
{
    const TranslationBlock *tb = (const TranslationBlock *)(l->exit->target - JIT_LINKED);

    __atomic_store_n(&l->exit->jump, j->exit_unlinked, __ATOMIC_RELEASE);
    __atomic_store_n(&l->exit->target, tb->pc, __ATOMIC_RELEASE);
    *l->link = l->next;
    if (l->next)
        l->next->link = l->link;
    *l->made = l->next_made;
    if (l->next_made)
        l->next_made->made = l->made;
    g_free(l);
}

static void relink(const Jit *j, TranslationBlock *tb)
{
    for (const JitLink *l = tb->jit_in; l; l = l->next)
        __atomic_store_n(&l->exit->jump, landing(j, tb), __ATOMIC_RELEASE);
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
    jump_cache_forget_code(j->s, head);
    __atomic_store_n(&head->ops[0].fn, first_fn(head), __ATOMIC_RELEASE);
    __atomic_store_n(&head->hits, 0, __ATOMIC_RELAXED);
    relink(j, head);
}

void jit_kill(TCGState *s, TranslationBlock *tb)
{
    Jit *j = s->jit;

    if (!j)
        return;
    for (JitPart *p = tb->jit_parts; p; p = p->next) {
        p->link = NULL;
        drop(j, p->code);
    }
    tb->jit_parts = NULL;
    while (tb->jit_in)
        unlink_exit(j, tb->jit_in);
}

/* ---- Generations ---- */

static void enter_generation(Jit *j, unsigned n)
{
    uint64_t part = j->gens.part;

    j->code_used = n ? n * part : j->code_keep;
    j->code_end = (n + 1) * part;
    j->data_used = n ? n * part / 2 : j->data_keep;
    j->data_end = (n + 1) * part / 2;
}

/* All are forgotten: of blocks that are no more. */
static void free_links(Jit *j)
{
    for (unsigned n = 0; n < TCG_GENERATIONS; n++) {
        for (JitLink *l = j->gen[n].linked, *next; l; l = next) {
            next = l->next_made;
            g_free(l);
        }
        j->gen[n].linked = NULL;
    }
}

void jit_flush(TCGState *s)
{
    Jit *j = s->jit;

    if (!j)
        return;
    for (unsigned n = 0; n < j->gens.n; n++)
        g_ptr_array_set_size(j->gen[n].codes, 0);
    free_links(j);
    generations_init(&j->gens, j->code_size, j->code_keep);
    enter_generation(j, 0);
}

bool jit_evict_start(TCGState *s)
{
    Jit *j = s->jit;

    if (!j)
        return false;
    j->gens.going = generations_oldest(&j->gens);
    return j->gens.going < j->gens.n;
}

/* What comes back has to prove itself again: memory is short. */
static void cut_code(Jit *j, JitCode *code)
{
    if (!code->dead)
        code_page_note_hot(j->s, code->head, false);
    drop(j, code);
    for (unsigned n = 0; n < code->n_parts; n++) {
        JitPart *p = &code->parts[n];
        if (!p->link)
            continue;
        *p->link = p->next;
        if (p->next)
            p->next->link = p->link;
    }
}

bool jit_evict_some(TCGState *s, unsigned n)
{
    Jit *j = s->jit;
    JitGeneration *g = &j->gen[j->gens.going];

    for (; n && g->codes->len; n--) {
        JitCode *code = g->codes->pdata[g->codes->len - 1];
        cut_code(j, code);
        g_ptr_array_set_size(g->codes, (int)g->codes->len - 1);
    }
    for (; n && g->linked; n--)
        unlink_exit(j, g->linked);
    return g->codes->len || g->linked;
}

void jit_evict_end(TCGState *s)
{
    Jit *j = s->jit;
    bool own = j->gens.going == j->gens.current;

    generations_emptied(&j->gens);
    if (own)
        enter_generation(j, j->gens.current);
}

/* ---- Compiling ---- */

static void enter_parts(const Region *r, JitCode *code)
{
    for (unsigned n = 0; n < r->n_blocks; n++) {
        TranslationBlock *tb = r->blocks[n].tb;
        JitPart *p = &code->parts[code->n_parts++];
        *p = (JitPart){ code, tb->jit_parts, &tb->jit_parts };
        if (p->next)
            p->next->link = &p->next;
        tb->jit_parts = p;
        code->n_insns += tb->n_insns;
    }
}

static char *region_text(const Region *r)
{
    GString *out = g_string_new(NULL);

    ir_dump(r, out);
    return g_string_free(out, FALSE);
}

static void publish(Jit *j, const Region *r, const JitCode *made)
{
    TranslationBlock *head = r->head;
    JitCode *code = g_malloc(sizeof(*code) + r->n_blocks * sizeof(JitPart));

    *code = *made;
    code->head = head;
    if (j->verify)
        code->text = region_text(r);
    g_ptr_array_add(j->gen[j->gens.current].codes, code);
    enter_parts(r, code);
    j->gens.used[j->gens.current] = j->code_used - j->gens.current * j->gens.part;
    j->n_regions++;
    j->n_insns += code->n_insns;
    head->jit = code;
    __atomic_store_n(&head->first_fn, head->ops[0].fn, __ATOMIC_RELAXED);
    jit_publish(j);
    __atomic_store_n(&head->jit_code, code->entry, __ATOMIC_RELEASE);
    __atomic_store_n(&head->ops[0].fn, jit_enter, __ATOMIC_RELEASE);
    relink(j, head);
    code_page_note_hot(j->s, head, true);
}

static bool has_room(const Jit *j)
{
    return j->code_end - j->code_used >= JIT_ROOM && j->data_end - j->data_used >= JIT_ROOM / 2 &&
           j->gens.going != j->gens.current;
}

/* Whether a region might not fit. */
static bool full(Jit *j)
{
    bool more;

    if (likely(has_room(j)))
        return false;
    more = generations_next(&j->gens);
    if (more)
        enter_generation(j, j->gens.current);
    if (generations_oldest(&j->gens) < j->gens.n)
        tb_want_room(j->s);
    return !more;
}

/* Whether every block is what it was when the region was built. */
static bool still_valid(const Region *r)
{
    for (unsigned n = 0; n < r->n_blocks; n++) {
        if (r->blocks[n].tb->key_pc == TB_DEAD_PC)
            return false;
    }
    return !r->head->jit;
}

static bool make(Jit *j, Region *r, JitCode *code)
{
    region_optimise(r);
    jit_show_optimised(r);
    if (jit_marks_wanted(j))
        code->marks = g_array_new(FALSE, FALSE, sizeof(JitMark));
    return j->backend->compile(j, r, code);
}

void jit_finish(Jit *j, Region *r, bool unlock)
{
    JitCode code = { 0 };
    size_t code_used, data_used;
    bool made;

    if (!still_valid(r))
        return;
    if (full(j)) {
        /* It may prove itself again, when there is room. */
        __atomic_store_n(&r->head->hits, 0, __ATOMIC_RELAXED);
        return;
    }
    code_used = j->code_used;
    data_used = j->data_used;
    if (unlock)
        g_mutex_unlock(&j->s->lock);
    made = make(j, r, &code);
    if (unlock)
        g_mutex_lock(&j->s->lock);
    if (made && still_valid(r) && j->gens.going != j->gens.current) {
        jit_watch_code(j, r, &code);
        publish(j, r, &code);
        return;
    }
    j->code_used = code_used;
    j->data_used = data_used;
    g_clear_pointer(&code.marks, g_array_unref);
    j->n_refused += !made;
}

void jit_compile(TCGCPU *c, TranslationBlock *tb)
{
    TCGState *s = c->s;
    Jit *j = s->jit;
    Region *r;

    if (!env_tcg(c->env)->jit_threshold || tcg_log_blocks())
        return;
    g_mutex_lock(&s->lock);
    r = j->worker ? jit_worker_slot(j->worker) : j->region;
    if (!r) {
        __atomic_store_n(&tb->hits, 0, __ATOMIC_RELAXED);
    } else if (tb->key_pc != TB_DEAD_PC && !tb->jit && tb != c->uncached) {
        if (!region_build(r, c, tb, j->backend->has_vector)) {
            j->n_refused++;
        } else {
            jit_show_built(c->cpu, r);
            if (j->worker)
                jit_worker_push(j->worker);
            else
                jit_finish(j, r, false);
        }
    }
    g_mutex_unlock(&s->lock);
}

/* ---- Set-up ---- */

static void code_free(void *p)
{
    JitCode *code = p;

    g_free(code->text);
    g_free(code);
}

/* Who asks for it by name is told; the same command line works on every host all the same. */
void jit_warn_not_compiled(const TCGState *s)
{
    if (s->jit_wanted == ON_OFF_AUTO_ON)
        warn_report("-accel tcg,jit=on: everything is interpreted: %s", jit_why_not(s));
}

static void give_up(TCGState *s)
{
    jit_free(s);
    jit_warn_not_compiled(s);
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
        jit_warn_not_compiled(s);
        return;
    }
    j = g_new0(Jit, 1);
    j->s = s;
    j->backend = backend;
    j->region = g_new(Region, 1);
    /* What is verified is compiled at once, so that a run can be repeated. */
    if (!s->want_verify && (s->jit_thread == ON_OFF_AUTO_ON ||
                            (s->jit_thread == ON_OFF_AUTO_AUTO && g_get_num_processors() > 1)))
        j->worker = jit_worker_new(j);
    j->verify = s->want_verify;
    for (unsigned n = 0; n < TCG_GENERATIONS; n++)
        j->gen[n].codes = g_ptr_array_new_with_free_func(code_free);
    s->jit = j;
    if (!jit_cache_init(j, MIN(s->tb_size * 3 / 8, MOST_CODE)))
        give_up(s); /* hosts may forbid code that is made; the interpreter needs none */
    else
        s->arena_size -= j->code_size + j->data_size;
}

bool jit_cpu_init(TCGState *s, CPUState *cpu, CPUArchState *env, Error **errp)
{
    Jit *j = s->jit;

    if (!j || j->model)
        return true;
    j->model = env_tcg(env)->ops->jit;
    j->alone = s->nr_cpus == 1 && !ram_is_shared();
    j->counts = s->jit_stats ? jit_data(j, sizeof(*j->counts)) : NULL;
    j->attention_offset = (int)((intptr_t)&cpu->attention - (intptr_t)env);
    if (j->model && !j->backend->init(j)) {
        error_setg(errp, "tb-size: %u MiB is too little for compiled code", s->tb_size_mib);
        return false;
    }
    j->code_keep = j->code_used;
    j->data_keep = j->data_used;
    generations_init(&j->gens, j->code_size, j->code_keep);
    enter_generation(j, 0);
    return true;
}

void jit_free(TCGState *s)
{
    Jit *j = s->jit;

    if (!j)
        return;
    jit_worker_free(j->worker);
    jit_watch_free(j);
    if (j->emit)
        j->backend->done(j);
    jit_cache_free(j);
    free_links(j);
    for (unsigned n = 0; n < TCG_GENERATIONS; n++)
        g_ptr_array_unref(j->gen[n].codes);
    g_free(j->region);
    g_free(j);
    s->jit = NULL;
}
