/*
 * Virtual time that counts instructions.
 *
 * Every vCPU keeps its thread, but one at a time has the turn, in order of their numbers, for a fixed
 * number of instructions or until it waits. Who has the turn also runs the timers that are due, so that
 * they fire at an instruction and not at a time of the host's. Whatever the host does meanwhile (kicks,
 * work for a vCPU's thread, pauses) interrupts a turn and does not end it.
 *
 * A block begins with a look at what is left until the next deadline; one that does not fit
 * is left to the main loop, which goes on instruction by instruction. Attention is looked at there as
 * well, so interrupts are taken at the same block whether or not blocks were chained when it came.
 *
 * The lock is a leaf but for that of the timers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/icount.h"

#include <inttypes.h>

#include "accel/tcg/internal.h"

#define SLICE_INSNS 50000
#define ALIGN_NS (2 * 1000 * 1000)        /* how far ahead of the host's time does not matter */
#define REBASE_NS (1000 * 1000 * 1000)    /* a pause, not a slow host */
#define ADJUST_NS (50 * 1000 * 1000)      /* how often shift=auto looks */

struct Icount {
    IcountConfig config;
    GMutex lock;
    unsigned nr;
    GCond *conds;        /* of each vCPU's thread, by index */
    int owner, last;     /* indexes of vCPUs; owner -1: nobody has the turn */
    bool over;           /* the owner's turn is: somebody else's comes next */
    bool busy;           /* timers run, or a thread sleeps until the next one is due */
    uint64_t left;       /* instructions of the owner's turn, not counting those of a run */
    uint64_t start;      /* the owner's icount when it began to run */
    bool running;        /* it does */
    int64_t ns;          /* atomic: virtual time, not counting what runs */
    int shift;           /* atomic */
    uint64_t total, hash;
    int64_t host_zero;   /* align: the host's time at which virtual time was 0 */
    int64_t adjust_host, adjust_ns; /* auto: when it last looked */
};

/* Everybody looks again. */
static void wake_all(Icount *ic)
{
    for (unsigned i = 0; i < ic->nr; i++)
        g_cond_signal(&ic->conds[i]);
}

static int64_t now_locked(const Icount *ic)
{
    return __atomic_load_n(&ic->ns, __ATOMIC_RELAXED);
}

static void set_now(Icount *ic, int64_t ns)
{
    __atomic_store_n(&ic->ns, ns, __ATOMIC_RELAXED);
}

/* This thread runs the owner's instructions: only it changes what this looks at. */
static TCGCPU *running_here(const Icount *ic)
{
    CPUState *cpu = this_cpu;

    return cpu && cpu->running && cpu->cpu_index == ic->owner && ic->running ? cpu->accel_state
                                                                               : NULL;
}

/* ---- The clock ---- */

static int64_t clock_now(void *opaque)
{
    const Icount *ic = opaque;
    int64_t ns = now_locked(ic);
    TCGCPU *c = running_here(ic);

    if (c)
        ns += (int64_t)((tcg_current_icount(c->env) - ic->start) << ic->shift);
    return ns;
}

static void clock_set(void *opaque, int64_t ns)
{
    set_now(opaque, ns);
}

static uint64_t insns_until(const Icount *ic, int64_t from, int64_t deadline)
{
    if (deadline == INT64_MAX)
        return UINT64_MAX / 2;
    return deadline <= from ? 0 : (uint64_t)(deadline - from + (1 << ic->shift) - 1) >> ic->shift;
}

/* A timer was set. By the code that runs: its limit comes nearer. By anybody else: who has the turn, or
 * sleeps, looks again. */
static void deadline_changed(void *opaque)
{
    Icount *ic = opaque;
    TCGCPU *c = running_here(ic);
    CPUState *owner = NULL;

    if (c) {
        CPUTCGState *t = env_tcg(c->env);
        uint64_t limit = tcg_current_icount(c->env) +
                         insns_until(ic, clock_now(ic), timers_virtual_deadline());
        if (limit < t->icount_limit)
            t->icount_limit = limit;
        return;
    }
    g_mutex_lock(&ic->lock);
    if (ic->running)
        owner = cpu_list()->cpus[ic->owner];
    wake_all(ic);
    g_mutex_unlock(&ic->lock);
    if (owner)
        cpu_attention(owner, CPU_ATTN_EXIT);
}

/* ---- Turns. The lock is held. ---- */

static bool can_run(CPUState *cpu)
{
    return !cpu->debug.hold && (!__atomic_load_n(&cpu->halted, __ATOMIC_RELAXED) ||
                                cpu->debug.step || CPU_GET_CLASS(cpu)->has_work(cpu));
}

/* Gives the turn to the next that can use it. */
static bool elect(Icount *ic)
{
    const CPUList *list = cpu_list();

    ic->owner = -1;
    ic->over = false;
    for (unsigned i = 1; i <= list->nr; i++) {
        int n = (ic->last + (int)i) % (int)list->nr;
        if (can_run(list->cpus[n])) {
            ic->owner = ic->last = n;
            ic->left = SLICE_INSNS;
            g_cond_signal(&ic->conds[n]);
            return true;
        }
    }
    return false;
}

static void run_timers(Icount *ic)
{
    ic->busy = true;
    g_mutex_unlock(&ic->lock);
    timers_run_virtual();
    g_mutex_lock(&ic->lock);
    ic->busy = false;
    wake_all(ic);
}

/* All wait: time goes on to the next deadline, at once or as the host's does. */
static void pass_time(Icount *ic, GCond *cond)
{
    int64_t deadline = timers_virtual_deadline(), from = now_locked(ic);
    int64_t host = clock_get_ns(CLOCK_MONO), passed;

    if (deadline <= from) {
        run_timers(ic);
        return;
    }
    if (deadline == INT64_MAX || ic->config.sleep) {
        ic->busy = true;
        if (deadline == INT64_MAX)
            g_cond_wait(cond, &ic->lock);
        else
            g_cond_wait_until(cond, &ic->lock,
                              g_get_monotonic_time() + (deadline - from + 999) / 1000);
        ic->busy = false;
        wake_all(ic);
        if (!ic->config.sleep)
            return;
        passed = clock_get_ns(CLOCK_MONO) - host;
        set_now(ic, deadline - from < passed ? deadline : from + passed);
    } else {
        set_now(ic, deadline);
    }
}

/* A guest that is ahead of the host's time waits. By who has the turn, without the lock. */
static void align(Icount *ic)
{
    int64_t host = clock_get_ns(CLOCK_MONO), ahead = now_locked(ic) - (host - ic->host_zero);

    if (!ic->host_zero || ahead < -REBASE_NS || ahead > REBASE_NS)
        ic->host_zero = host - now_locked(ic);
    else if (ahead > ALIGN_NS)
        g_usleep((gulong)(ahead / 1000));
}

static void adjust(Icount *ic)
{
    int64_t host = clock_get_ns(CLOCK_MONO), passed = host - ic->adjust_host;
    int64_t counted = now_locked(ic) - ic->adjust_ns;

    if (passed < ADJUST_NS)
        return;
    if (passed < REBASE_NS) {
        if (counted < passed - passed / 4 && ic->shift < ICOUNT_MAX_SHIFT)
            __atomic_store_n(&ic->shift, ic->shift + 1, __ATOMIC_RELAXED);
        else if (counted > passed + passed / 2 && ic->shift > 0)
            __atomic_store_n(&ic->shift, ic->shift - 1, __ATOMIC_RELAXED);
    }
    ic->adjust_host = host;
    ic->adjust_ns = now_locked(ic);
}

/* A vCPU's trace goes into that of the machine. */
static void mix(Icount *ic, const CPUTCGState *t)
{
    ic->hash = (ic->hash ^ t->icount_hash ^ t->icount) * 0x9e3779b97f4a7c15ULL;
}

/* ---- What exec() calls ---- */

/* Whether something other than running is wanted of this thread; the word is then spent. */
static bool wanted(CPUState *cpu)
{
    if (!(__atomic_load_n(&cpu->attention, __ATOMIC_SEQ_CST) & CPU_ATTN_EXIT))
        return false;
    __atomic_fetch_and(&cpu->attention, ~(uint32_t)CPU_ATTN_EXIT, __ATOMIC_SEQ_CST);
    return true;
}

/* With the turn: what is due first. False: the turn has gone. */
static bool prepare(Icount *ic, CPUState *cpu)
{
    if (timers_virtual_deadline() <= now_locked(ic)) {
        run_timers(ic);
        return false;
    }
    if (ic->over || !can_run(cpu)) {
        elect(ic);
        return false;
    }
    return true;
}

bool icount_enter(Icount *ic, TCGCPU *c)
{
    CPUState *cpu = c->cpu;
    CPUTCGState *t = env_tcg(c->env);
    GCond *cond = &ic->conds[c->index];
    uint64_t insns;

    g_mutex_lock(&ic->lock);
    for (;;) {
        if (wanted(cpu)) {
            g_mutex_unlock(&ic->lock);
            return false;
        }
        if (ic->owner >= 0 && !ic->running && cpu_list()->cpus[ic->owner]->debug.hold)
            elect(ic);
        if (ic->busy) {
            g_cond_wait(cond, &ic->lock);
        } else if (ic->owner < 0) {
            if (!elect(ic))
                pass_time(ic, cond);
        } else if (ic->owner != cpu->cpu_index) {
            g_cond_wait(cond, &ic->lock);
        } else if (prepare(ic, cpu)) {
            break;
        }
    }
    __atomic_store_n(&cpu->halted, false, __ATOMIC_RELAXED);
    insns = insns_until(ic, now_locked(ic), timers_virtual_deadline());
    ic->start = t->icount;
    t->icount_limit = t->icount + MIN(insns, ic->left);
    ic->running = true;
    g_mutex_unlock(&ic->lock);
    return true;
}

void icount_leave(Icount *ic, TCGCPU *c)
{
    CPUState *cpu = c->cpu;
    CPUTCGState *t = env_tcg(c->env);
    uint64_t used = t->icount - ic->start;

    g_mutex_lock(&ic->lock);
    ic->running = false;
    ic->total += used;
    set_now(ic, now_locked(ic) + (int64_t)(used << ic->shift));
    ic->left -= MIN(used, ic->left);
    if (ic->config.align) {
        g_mutex_unlock(&ic->lock);
        align(ic);
        g_mutex_lock(&ic->lock);
    }
    ic->over = !ic->left || t->icount_yield || __atomic_load_n(&cpu->halted, __ATOMIC_RELAXED);
    t->icount_yield = false;
    if (ic->over)
        mix(ic, t);
    if (ic->config.shift == ICOUNT_SHIFT_AUTO)
        adjust(ic);
    /* One that has asked for the end of the run keeps the turn: nobody goes on before it comes. */
    if (ic->over && !__atomic_load_n(&cpu->stop_requested, __ATOMIC_RELAXED))
        elect(ic);
    g_mutex_unlock(&ic->lock);
}

void icount_wake(Icount *ic, bool kicked)
{
    g_mutex_lock(&ic->lock);
    /* An interrupt is for who sleeps; who runs looks at its attention by itself. */
    if (kicked || ic->owner < 0)
        wake_all(ic);
    g_mutex_unlock(&ic->lock);
}

void icount_gone(Icount *ic, TCGCPU *c)
{
    mix(ic, env_tcg(c->env));
}

/* ---- In blocks ---- */

static const TCGOp *op_icount(CPUArchState *env, const TCGOp *op)
{
    CPUTCGState *t = env_tcg(env);

    if (unlikely(__atomic_load_n(t->attention, __ATOMIC_RELAXED) ||
                 (int64_t)(t->icount_limit - t->icount) < t->tb->n_insns)) {
        t->pc = t->tb->pc;
        return NULL;
    }
    icount_note(t, t->tb->pc);
    TCG_NEXT(env, op);
}

TCGOpFn icount_check_fn(void)
{
    return op_icount;
}

/* ---- Set-up ---- */

bool tcg_set_icount(AccelState *accel, const IcountConfig *config, Error **errp)
{
    TCGState *s = TCG_STATE(accel);
    Icount *ic;
    VirtualClock clock = { clock_now, clock_set, deadline_changed, NULL };

    if (s->want_verify) {
        error_setg(errp, "everything is interpreted, so verify=on has nothing to compare: choose one");
        return false;
    }
    clock.opaque = ic = g_new0(Icount, 1);
    ic->config = *config;
    ic->shift = config->shift == ICOUNT_SHIFT_AUTO ? 3 : config->shift;
    ic->owner = ic->last = -1;
    rr_free(s->rr);
    s->rr = NULL;
    g_mutex_init(&ic->lock);
    ic->nr = s->nr_cpus;
    ic->conds = g_new0(GCond, ic->nr);
    for (unsigned i = 0; i < ic->nr; i++)
        g_cond_init(&ic->conds[i]);
    s->icount = ic;
    if (s->jit)
        jit_warn_not_compiled(s);
    clock_virtual_set_source(&clock);
    return true;
}

void icount_free(Icount *ic)
{
    if (!ic)
        return;
    log_printf(LOG_ICOUNT, "icount: %" PRIu64 " instructions, %" PRId64 " ns, trace %016" PRIx64 "\n",
               ic->total, now_locked(ic), ic->hash);
    clock_virtual_set_source(NULL);
    g_mutex_clear(&ic->lock);
    for (unsigned i = 0; i < ic->nr; i++)
        g_cond_clear(&ic->conds[i]);
    g_free(ic->conds);
    g_free(ic);
}
