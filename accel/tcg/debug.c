/*
 * Breakpoints, watchpoints and single steps in translated code. A breakpoint is an operation in front
 * of the instruction's, a watchpoint a tag bit that sends accesses to its page the slow way, a step
 * a block of one instruction that is not kept (exec.c): nothing of this is there when nobody asks for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/debug.h"

#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"

bool tcg_debug_changed(AccelState *accel, bool code, bool data, Error **errp)
{
    TCGState *s = TCG_STATE(accel);

    if (code)
        tb_flush(s);
    for (unsigned i = 0; data && i < s->nr_cpus; i++) {
        if (s->cpus[i])
            tcg_tlb_flush_all(s->cpus[i]->env);
    }
    return true;
}

static _Noreturn void stop_here(CPUArchState *env, const DebugPoint *p, vaddr addr)
{
    CPUDebug *d = &env_tcg(env)->cpu->debug;

    d->stop = CPU_STOP_POINT;
    d->kind = p->kind;
    d->addr = addr;
    tcg_loop_exit_debug(env);
}

static const TCGOp *op_break(CPUArchState *env, const TCGOp *op)
{
    const DebugPoint *p;

    env_tcg(env)->cur = op;
    p = debug_break_at(tcg_current_pc(env));
    if (p)
        stop_here(env, p, p->addr);
    TCG_NEXT(env, op);
}

void tcg_debug_translate(TBBuilder *b)
{
    if (!debug_break_at(b->pc))
        return;
    tb_append(b, op_break, 0, 0);
    b->model_state = 0; /* no sequence runs across it */
}

void tcg_debug_access(CPUArchState *env, vaddr va, unsigned size, bool load, bool store)
{
    const TCGCPUOps *ops = env_tcg(env)->ops;
    const DebugPoint *p;

    if (ops->data_address)
        va = ops->data_address(env, va);
    p = debug_watch_at(va, size, load, store);
    if (p)
        stop_here(env, p, va > p->addr ? va : p->addr);
    if (ops->watch_access)
        ops->watch_access(env, va, size, load, store);
}
