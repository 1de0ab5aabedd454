/*
 * vCPU threads: one per hart, the same loop whatever runs the hart.
 *
 * Everything a vCPU waits for is decided under cpu->mutex: who gives it a reason to wake takes the
 * mutex after giving it (cpu_attention()), so a wake-up falls either before the look or into the wait.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/cpus.h"

#include <signal.h>

#include "accel/accel.h"
#include "system/profile.h"
#include "util/bits.h"

/* What cpus_start() hands to a new thread. */
typedef struct VCPUStart {
    CPUState *cpu;
    Error *err;
    bool done, failed; /* under cpu->mutex */
} VCPUStart;

/* Signals are for the main thread, except those that mean a bug on this one. */
static void block_signals(void)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
    sigset_t set;

    sigfillset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        sigdelset(&set, own[i]);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
}

/* Stands still until told otherwise. Mutex held. */
static void stand_still(CPUState *cpu)
{
    cpu->stop_requested = true;
    if (!cpu->stopped) {
        cpu->stopped = true;
        g_cond_broadcast(&cpu->cond);
    }
}

static void handle_exit(CPUState *cpu, CPUExit why)
{
    switch (why) {
    case CPU_EXIT_ATTENTION:
    case CPU_EXIT_HALTED:
        return;
    case CPU_EXIT_DEBUG:
        stand_still(cpu);
        vm_request_stop(RUN_STATE_DEBUG);
        return;
    case CPU_EXIT_ERROR:
        stand_still(cpu);
        vm_request_stop(RUN_STATE_INTERNAL_ERROR);
        return;
    }
}

/* Mutex held, as with all that wait for cpu->cond on this thread. */
static void sleep_until_woken(CPUState *cpu)
{
    cpu->sleeping = true;
    g_cond_wait(&cpu->cond, &cpu->mutex);
    cpu->sleeping = false;
}

/* The loop. Mutex held on entry and return. */
static void vcpu_loop(CPUState *cpu)
{
    CPUClass *cc = CPU_GET_CLASS(cpu);

    for (;;) {
        if (!g_queue_is_empty(&cpu->work)) {
            g_mutex_unlock(&cpu->mutex);
            cpu_process_work(cpu);
            g_mutex_lock(&cpu->mutex);
            continue;
        }
        if (cpu->unplug)
            return;
        if (cpu->stop_requested) {
            stand_still(cpu);
            sleep_until_woken(cpu);
            continue;
        }
        if (cpu->halted && !cpu->debug.step && !cpu->accel_waits) {
            if (!cc->has_work(cpu)) {
                sleep_until_woken(cpu);
                continue;
            }
            __atomic_store_n(&cpu->halted, false, __ATOMIC_SEQ_CST);
        }
        g_mutex_unlock(&cpu->mutex);
        CPUExit why = cpu->accel->exec(cpu);
        if (unlikely(cpu->sample_due))
            profile_take(cpu);
        g_mutex_lock(&cpu->mutex);
        handle_exit(cpu, why);
    }
}

static void *vcpu_thread(void *opaque)
{
    VCPUStart *start = opaque;
    CPUState *cpu = start->cpu;
    bool ok;

    block_signals();
    this_cpu = cpu;
    ok = cpu->accel->cpu_create(cpu, &start->err);
    g_mutex_lock(&cpu->mutex);
    start->failed = !ok;
    start->done = true; /* and gone once the mutex is free */
    cpu->stop_requested = true;
    cpu->stopped = true;
    cpu->created = ok;
    g_cond_broadcast(&cpu->cond);
    if (ok)
        vcpu_loop(cpu);
    cpu->created = false;
    g_mutex_unlock(&cpu->mutex);
    return NULL;
}

static bool vcpu_start(CPUState *cpu, const AccelClass *accel, Error **errp)
{
    VCPUStart start = { .cpu = cpu };
    GError *gerr = NULL;
    g_autofree char *name = g_strdup_printf("CPU %d/%s", cpu->cpu_index, accel->name);

    cpu->accel = accel;
    cpu->accel_kick = accel->kick;
    cpu->unplug = false;
    cpu->thread = g_thread_try_new(name, vcpu_thread, &start, &gerr);
    if (!cpu->thread) {
        error_setg(errp, "cannot make the thread of vCPU %d: %s", cpu->cpu_index, gerr->message);
        g_error_free(gerr);
        return false;
    }
    g_mutex_lock(&cpu->mutex);
    while (!start.done)
        g_cond_wait(&cpu->cond, &cpu->mutex);
    g_mutex_unlock(&cpu->mutex);
    if (!start.failed)
        return true;
    g_thread_join(cpu->thread);
    cpu->thread = NULL;
    error_setg(errp, "vCPU %d: %s", cpu->cpu_index, error_get_pretty(start.err));
    error_free(start.err);
    return false;
}

bool cpus_start(MachineState *ms, Error **errp)
{
    const AccelClass *accel = ACCEL_CLASS(((Object *)ms->accel)->klass);
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        if (!vcpu_start(cpu, accel, errp)) {
            cpus_destroy();
            return false;
        }
    }
    return true;
}

void cpus_pause_all(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        g_mutex_lock(&cpu->mutex);
        cpu->stop_requested = true;
        g_mutex_unlock(&cpu->mutex);
        cpu_kick(cpu);
    }
    CPU_FOREACH(cpu) {
        g_mutex_lock(&cpu->mutex);
        while (cpu->created && !cpu->stopped)
            g_cond_wait(&cpu->cond, &cpu->mutex);
        g_mutex_unlock(&cpu->mutex);
    }
}

void cpus_resume_all(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        if (cpu->debug.hold) {
            continue;
        }
        g_mutex_lock(&cpu->mutex);
        cpu->stop_requested = false;
        cpu->stopped = false;
        g_cond_broadcast(&cpu->cond);
        g_mutex_unlock(&cpu->mutex);
    }
}

void cpus_destroy(void)
{
    CPUState *cpu;

    cpus_pause_all();
    CPU_FOREACH(cpu) {
        if (!cpu->thread)
            continue;
        g_mutex_lock(&cpu->mutex);
        cpu->unplug = true;
        g_cond_broadcast(&cpu->cond);
        g_mutex_unlock(&cpu->mutex);
        g_thread_join(cpu->thread);
        cpu->thread = NULL;
    }
    /* Only now: a vCPU that still ran could look at another's state. */
    CPU_FOREACH(cpu) {
        if (cpu->accel && cpu->accel->cpu_destroy)
            cpu->accel->cpu_destroy(cpu);
    }
}
