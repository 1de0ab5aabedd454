/*
 * Exclusive sections.
 *
 * `pending` is 0, or 1 plus the number of vCPUs that are still inside exec(). The two orders that
 * matter: a vCPU stores `running` and then loads `pending`; the section stores `pending` and then
 * loads every `running`. Both sequentially consistent, so at least one sees the other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/exclusive.h"

/* Belongs to the list of CPUs, of which there is one in the process. */
static struct {
    GMutex lock;
    GCond resume; /* pending fell to 0 */
    GCond idle;   /* pending fell to 1 */
    unsigned pending;
} excl;

static unsigned excl_pending(void)
{
    return __atomic_load_n(&excl.pending, __ATOMIC_SEQ_CST);
}

static void excl_set_pending(unsigned n)
{
    __atomic_store_n(&excl.pending, n, __ATOMIC_SEQ_CST);
}

/* This vCPU is out of exec(); tell the section if it waits for it. Lock held. */
static void excl_account(CPUState *cpu)
{
    if (cpu->waiting_exclusive) {
        cpu->waiting_exclusive = false;
        excl_set_pending(excl.pending - 1);
        if (excl.pending == 1)
            g_cond_signal(&excl.idle);
    }
}

void cpu_exec_start(CPUState *cpu)
{
    __atomic_store_n(&cpu->running, true, __ATOMIC_SEQ_CST);
    if (G_LIKELY(!excl_pending()))
        return;
    g_mutex_lock(&excl.lock);
    __atomic_store_n(&cpu->running, false, __ATOMIC_SEQ_CST);
    excl_account(cpu);
    while (excl.pending)
        g_cond_wait(&excl.resume, &excl.lock);
    /* Under the lock: the next section sees it. */
    __atomic_store_n(&cpu->running, true, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&excl.lock);
}

void cpu_exec_end(CPUState *cpu)
{
    __atomic_store_n(&cpu->running, false, __ATOMIC_SEQ_CST);
    if (G_LIKELY(!excl_pending()))
        return;
    g_mutex_lock(&excl.lock);
    excl_account(cpu);
    g_mutex_unlock(&excl.lock);
}

void start_exclusive(void)
{
    CPUState *cpu;
    unsigned inside = 0;

    g_mutex_lock(&excl.lock);
    while (excl.pending)
        g_cond_wait(&excl.resume, &excl.lock);
    excl_set_pending(1);
    CPU_FOREACH(cpu) {
        if (__atomic_load_n(&cpu->running, __ATOMIC_SEQ_CST)) {
            cpu->waiting_exclusive = true;
            inside++;
            cpu_kick(cpu);
        }
    }
    excl_set_pending(1 + inside);
    while (excl.pending > 1)
        g_cond_wait(&excl.idle, &excl.lock);
    g_mutex_unlock(&excl.lock);
    if (this_cpu)
        this_cpu->in_exclusive = true;
}

void end_exclusive(void)
{
    if (this_cpu)
        this_cpu->in_exclusive = false;
    g_mutex_lock(&excl.lock);
    excl_set_pending(0);
    g_cond_broadcast(&excl.resume);
    g_mutex_unlock(&excl.lock);
}

typedef struct ExclusiveWork {
    void (*fn)(CPUState *cpu, void *data);
    void *data;
} ExclusiveWork;

static void exclusive_work(CPUState *cpu, void *data)
{
    ExclusiveWork *w = data;

    start_exclusive();
    w->fn(cpu, w->data);
    end_exclusive();
    g_free(w);
}

void cpu_run_exclusive_async(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data)
{
    ExclusiveWork *w = g_new(ExclusiveWork, 1);

    w->fn = fn;
    w->data = data;
    cpu_run_on_async(cpu, exclusive_work, w);
}
