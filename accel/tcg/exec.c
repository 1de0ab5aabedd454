/*
 * The main loop of a vCPU: attention, interrupts, finding blocks, running them, exceptions.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sched.h>

#include "accel/exclusive.h"
#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"

vaddr tcg_current_pc(CPUArchState *env)
{
    CPUTCGState *t = env_tcg(env);

    return t->tb->pc + t->cur->pc_off;
}

uint64_t tcg_current_icount(CPUArchState *env)
{
    CPUTCGState *t = env_tcg(env);

    return t->icount + t->cur->index;
}

void tcg_yield(CPUArchState *env)
{
    TCGCPU *c = env_tcgcpu(env);

    if (c->s->icount) {
        env_tcg(env)->icount_yield = true;
        env_tcg(env)->icount_limit = env_tcg(env)->icount;
        return;
    }
    /* With thread=single too: who gave us the turn may not have come so far as to ask for it again. */
    if (c->s->rr && rr_wanted(c->s->rr))
        cpu_attention(c->cpu, CPU_ATTN_EXIT);
    else
        sched_yield();
}

bool tcg_limit_insns(CPUArchState *env, uint64_t insns)
{
    CPUTCGState *t = env_tcg(env);
    uint64_t limit;

    if (!t->tlbs || !env_tcgcpu(env)->s->icount)
        return false;
    limit = tcg_current_icount(env) + MIN(insns, INT64_MAX / 2);
    if ((int64_t)(limit - t->icount_limit) < 0)
        t->icount_limit = limit;
    return true;
}

static _Noreturn void unwind_from_op(CPUArchState *env, int how)
{
    CPUTCGState *t = env_tcg(env);

    t->icount += t->cur->index;
    t->pc = tcg_current_pc(env);
    siglongjmp(*t->unwind, how);
}

void cpu_loop_exit_exception(CPUArchState *env)
{
    unwind_from_op(env, UNWIND_EXCEPTION);
}

void cpu_loop_exit_restart(CPUArchState *env)
{
    unwind_from_op(env, UNWIND_RESTART);
}

void tcg_loop_exit_debug(CPUArchState *env)
{
    unwind_from_op(env, UNWIND_DEBUG);
}

void tcg_loop_exit_at_pc(CPUArchState *env)
{
    siglongjmp(*env_tcg(env)->unwind, UNWIND_EXCEPTION);
}

void tcg_fence_i(CPUArchState *env)
{
    /* Whoever wrote code has already killed the blocks made from it; what is left is to see it, and
     * the rare store that nobody could notice. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    recheck_run(env_tcgcpu(env)->s);
}

/* A generation of blocks or of compiled code goes. */
static void make_room(TCGCPU *c)
{
    cpu_exec_end(c->cpu);
    tb_make_room(c->s);
    cpu_exec_start(c->cpu);
}

/* Whoever wanted to be linked does not lead to where we go now. */
static void forget_links(TCGCPU *c)
{
    c->pending_link = NULL;
    env_tcg(c->env)->jit_exit = NULL;
}

static void jump_entry_set(JumpEntry *e, TranslationBlock *tb, vaddr pc, uint64_t tag)
{
    e->pc = pc;
    e->tag = tag;
    e->tb = tb;
    __atomic_store_n(&e->code, NULL, __ATOMIC_RELAXED); /* compiled code will set it */
}

static bool jump_entry_dead(const JumpEntry *e)
{
    return __atomic_load_n(&e->tb->key_pc, __ATOMIC_RELAXED) != e->pc;
}

/* Comes first. What was there takes the place of tb or of a dead block, else of the others in turn. */
static void jump_cache_enter(CPUTCGState *t, TranslationBlock *tb)
{
    JumpCache *j = t->jump_cache;
    unsigned index = jump_cache_index(t->pc);
    JumpEntry *first = &j->entry[index], *to = NULL;

    for (unsigned way = 1; way < JUMP_CACHE_WAYS && first->tb != tb; way++) {
        JumpEntry *e = &j->entry[index ^ way];
        if (e->pc == t->pc && (e->tb == tb || jump_entry_dead(e)))
            to = e;
    }
    if (!to)
        to = &j->entry[index ^ (1 + j->turn++ % (JUMP_CACHE_WAYS - 1))];
    if (first->tb != tb && !(first->pc == t->pc && jump_entry_dead(first)))
        jump_entry_set(to, first->tb, first->pc, first->tag);
    jump_entry_set(first, tb, t->pc, tcg_tag(t));
}

/* The block at tcg.pc, remembered in the jump cache and linked to whoever asked for it. */
static TranslationBlock *find_block(TCGCPU *c)
{
    CPUTCGState *t = env_tcg(c->env);
    TCGOp *link = c->pending_link;
    struct JitExit *link_exit = t->jit_exit;
    TranslationBlock *tb;

    forget_links(c);
    if (unlikely(__atomic_load_n(&c->s->room_wanted, __ATOMIC_RELAXED))) {
        make_room(c);
        link = NULL;
        link_exit = NULL;
    }
    tb = tb_get(c);
    while (unlikely(!tb)) {
        make_room(c);
        link = NULL;
        link_exit = NULL;
        tb = tb_get(c);
    }
    if (unlikely(tb == c->uncached) || unlikely(tcg_log_blocks()))
        return tb;
    jump_cache_enter(t, tb);
    if (link)
        tb_link(c->s, link, tb);
    if (link_exit)
        jit_link(c, link_exit, tb);
    else if (tb_hit(t, tb)) /* a handler of traps, or what they go back to */
        jit_compile(c, tb);
    return tb;
}

static void run_block(TCGCPU *c, TranslationBlock *tb)
{
    const TCGOp *op = tb->ops;

    if (unlikely(tcg_log_blocks()))
        tcg_log_enter(c, tb);
    env_tcg(c->env)->tb = tb;
    do {
        op = __atomic_load_n(&op->fn, __ATOMIC_ACQUIRE)(c->env, op); /* jit_enter() may come */
    } while (op);
}

/* With -icount: the block at tcg.pc, or its first instruction alone if not all of it may run. */
static TranslationBlock *fitting_block(TCGCPU *c)
{
    CPUTCGState *t = env_tcg(c->env);
    TranslationBlock *tb = find_block(c);

    if (tb != c->uncached && t->icount_limit - t->icount < tb->n_insns)
        tb = tb_get_single(c);
    if (tb == c->uncached)
        icount_note(t, t->pc);
    return tb;
}

/* Whether the step that was asked for ends here. */
static bool step_ends(TCGCPU *c)
{
    CPUDebug *d = &c->cpu->debug;
    vaddr pc = env_tcg(c->env)->pc;

    if (pc >= d->step_first && pc <= d->step_last)
        return false;
    d->stop = CPU_STOP_STEP;
    return true;
}

static void step(TCGCPU *c)
{
    run_block(c, tb_get_single(c));
    /* A step over wfi does not wait. */
    __atomic_store_n(&c->cpu->halted, false, __ATOMIC_RELAXED);
}

/* Runs until something asks for the vCPU thread. Comes back by siglongjmp() as well. */
static CPUExit exec_loop(TCGCPU *c)
{
    CPUState *cpu = c->cpu;
    CPUTCGState *t = env_tcg(c->env);

    for (;;) {
        uint32_t attn = 0;
        t->cur = c->s->dummy->ops; /* no instruction is being run */
        __atomic_store_n(&c->passes, c->passes + 1, __ATOMIC_RELEASE);
        if (unlikely(__atomic_load_n(&cpu->attention, __ATOMIC_RELAXED)))
            attn = __atomic_exchange_n(&cpu->attention, 0, __ATOMIC_SEQ_CST);
        if (unlikely(attn)) {
            forget_links(c);
            if (attn & CPU_ATTN_EXIT) {
                /* The other reasons are looked at when exec() is entered again. */
                return CPU_EXIT_ATTENTION;
            }
            if ((attn & CPU_ATTN_IRQ) && !(cpu->debug.step & CPU_STEP_NO_IRQ) &&
                t->ops->take_interrupt(c->env) && cpu->debug.step && step_ends(c))
                return CPU_EXIT_DEBUG;
        }
        if (unlikely(cpu->debug.step)) {
            step(c);
            if (step_ends(c))
                return CPU_EXIT_DEBUG;
            continue;
        }
        if (unlikely(cpu->halted))
            return CPU_EXIT_HALTED;
        if (unlikely(c->s->icount)) {
            if ((int64_t)(t->icount_limit - t->icount) <= 0) {
                forget_links(c);
                return CPU_EXIT_ATTENTION;
            }
            run_block(c, fitting_block(c));
            continue;
        }
        run_block(c, find_block(c));
    }
}

static CPUExit exec_protected(TCGCPU *c)
{
    CPUTCGState *t = env_tcg(c->env);
    sigjmp_buf unwind;
    int how;

    t->unwind = &unwind;
    how = sigsetjmp(unwind, 0);
    t->jit_calls = 0;
    switch (how) {
    case UNWIND_EXCEPTION:
        forget_links(c);
        t->cur = c->s->dummy->ops;
        t->ops->deliver_exception(c->env);
        if (unlikely(c->cpu->debug.step) && step_ends(c))
            return CPU_EXIT_DEBUG;
        break;
    case UNWIND_DEBUG:
        forget_links(c);
        return CPU_EXIT_DEBUG;
    default:
        break;
    }
    return exec_loop(c);
}

CPUExit tcg_exec(CPUState *cpu)
{
    TCGCPU *c = cpu->accel_state;
    CPUTCGState *t = env_tcg(c->env);
    CPUClass *cc = CPU_GET_CLASS(cpu);
    CPUExit why;

    if (c->s->rr && !rr_enter(c->s->rr, cpu))
        return CPU_EXIT_ATTENTION;
    if (c->s->icount && !icount_enter(c->s->icount, c))
        return CPU_EXIT_ATTENTION;
    cpu_exec_start(cpu);
    t->pc = cc->get_pc(cpu);
    t->cur = c->s->dummy->ops;
    t->tb = c->s->dummy;
    if (unlikely(cpu->debug.step))
        tcg_jump_cache_clear(c); /* no way from a single instruction into other blocks */
    tcg_tlb_switch(c->env); /* a reset or a debugger may have changed the regime */
    if (t->ops->exec_enter)
        t->ops->exec_enter(c->env);
    /* What made interrupts possible while we were outside may have been cleared with attention. */
    __atomic_fetch_or(&cpu->attention, CPU_ATTN_IRQ, __ATOMIC_RELAXED);
    why = exec_protected(c);
    if (t->ops->exec_leave)
        t->ops->exec_leave(c->env);
    t->unwind = NULL;
    cc->set_pc(cpu, t->pc);
    cpu_exec_end(cpu);
    if (c->s->rr)
        rr_leave(c->s->rr, cpu);
    if (c->s->icount)
        icount_leave(c->s->icount, c);
    return why;
}
