/*
 * The main loop: timers, descriptors, and what vCPUs and signals ask of the process.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/mainloop.h"

#include <glib-unix.h>

#include "hw/core/clock.h"
#include "hw/core/cpu.h"
#include "hw/core/machine.h"
#include "system/cpus.h"
#include "system/signals.h"

/* Requests come from any thread; the words are atomic, 0 means none. */
static struct {
    int shutdown;  /* ShutdownCause + 1 */
    int exit_code;
    int reset;     /* ShutdownCause + 1 */
    int stop;      /* RunState + 1 */
    int suspend;   /* 1: asked for */
    int wakeup;    /* 1: asked for */
} requests;

static RunPolicy policy;
static bool ending;   /* main thread */
static int exit_status;

static int take_request(int *word)
{
    return __atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL);
}

static void post_request(int *word, int value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    g_main_context_wakeup(NULL);
}

/*
 * The vCPU that asked does not run on until the main loop gets to it: guests do not expect to
 * survive the store that ends them. vm_stop() finds it stopped, vm_start() lets it go.
 */
static void hold_this_cpu(void)
{
    CPUState *cpu = this_cpu;

    if (cpu) {
        g_mutex_lock(&cpu->mutex);
        cpu->stop_requested = true;
        g_mutex_unlock(&cpu->mutex);
        cpu_attention(cpu, CPU_ATTN_EXIT);
    }
}

static void request_shutdown(ShutdownCause cause, int exit_code)
{
    hold_this_cpu();
    __atomic_store_n(&requests.exit_code, exit_code, __ATOMIC_RELAXED);
    post_request(&requests.shutdown, cause + 1);
}

static void request_reset(ShutdownCause cause)
{
    hold_this_cpu();
    post_request(&requests.reset, cause + 1);
}

static void request_suspend(void)
{
    hold_this_cpu();
    /* What woke us before does not count. */
    __atomic_store_n(&requests.wakeup, 0, __ATOMIC_RELEASE);
    post_request(&requests.suspend, 1);
}

/* Called for every rising interrupt line: cheap while the machine is awake. */
static void request_wakeup(void)
{
    if (run_state() == RUN_STATE_SUSPENDED ||
        __atomic_load_n(&requests.suspend, __ATOMIC_ACQUIRE))
        post_request(&requests.wakeup, 1);
}

void vm_request_stop(RunState reason)
{
    post_request(&requests.stop, reason + 1);
}

static void end_with(int status)
{
    exit_status = status;
    ending = true;
}

/* The guest reported a failure: it pauses, runs on, or ends the process with its own status. */
static void do_panic(int code)
{
    switch (policy.panic) {
    case PANIC_PAUSE:
        vm_stop(RUN_STATE_GUEST_PANICKED);
        break;
    case PANIC_NONE:
        if (run_state_is_running()) {
            cpus_resume_all(); /* the hart that asked was held */
        }
        break;
    case PANIC_EXIT_FAILURE:
        end_with(1);
        break;
    case PANIC_SHUTDOWN:
        if (policy.shutdown == SHUTDOWN_PAUSE) {
            vm_stop(RUN_STATE_GUEST_PANICKED);
        } else {
            end_with(code);
        }
        break;
    }
}

static void do_shutdown(ShutdownCause cause)
{
    bool by_guest = cause == SHUTDOWN_GUEST_SHUTDOWN || cause == SHUTDOWN_GUEST_RESET;
    int code = __atomic_load_n(&requests.exit_code, __ATOMIC_RELAXED);

    if (cause == SHUTDOWN_GUEST_PANIC) {
        do_panic(code);
    } else if (by_guest && policy.shutdown == SHUTDOWN_PAUSE) {
        vm_stop(RUN_STATE_SHUTDOWN);
    } else {
        end_with(code);
    }
}

static void do_reset(ShutdownCause cause)
{
    MachineState *ms = current_machine();
    bool was_running = run_state_is_running() || run_state() == RUN_STATE_SUSPENDED;

    if (cause == SHUTDOWN_GUEST_RESET && policy.reboot == REBOOT_SHUTDOWN) {
        __atomic_store_n(&requests.exit_code, 0, __ATOMIC_RELAXED);
        do_shutdown(cause);
        return;
    }
    if (was_running) {
        vm_stop(RUN_STATE_PAUSED);
    }
    MACHINE_GET_CLASS(ms)->reset(ms);
    if (was_running) {
        vm_start();
    }
}

/* The request is withdrawn after the state changed: whoever wakes finds one or the other. */
static void serve_suspend(void)
{
    if (__atomic_load_n(&requests.suspend, __ATOMIC_ACQUIRE)) {
        if (run_state_is_running()) {
            vm_stop(RUN_STATE_SUSPENDED);
        }
        __atomic_store_n(&requests.suspend, 0, __ATOMIC_RELEASE);
    }
    if (take_request(&requests.wakeup) && run_state() == RUN_STATE_SUSPENDED) {
        vm_start();
    }
}

static void serve_requests(void)
{
    int r;

    if ((r = take_request(&requests.shutdown))) {
        do_shutdown(r - 1);
    }
    if ((r = take_request(&requests.reset)) && !ending) {
        do_reset(r - 1);
    }
    if ((r = take_request(&requests.stop)) && !ending) {
        vm_stop(r - 1);
    }
    if (!ending) {
        serve_suspend();
    }
}

static gboolean timers_ready(gint fd, GIOCondition cond, gpointer data)
{
    timers_run();
    return G_SOURCE_CONTINUE;
}

static void request_io_stop(void)
{
    vm_request_stop(RUN_STATE_IO_ERROR);
}

static const MachineRunOps run_ops = {
    .request_shutdown = request_shutdown,
    .request_reset = request_reset,
    .request_io_stop = request_io_stop,
    .request_suspend = request_suspend,
    .request_wakeup = request_wakeup,
};

void main_loop_init(const RunPolicy *p)
{
    policy = *p;
    machine_set_run_ops(&run_ops);
    g_unix_fd_add(timers_fd(), G_IO_IN, timers_ready, NULL);
    signals_watch();
}

bool main_loop_step(void)
{
    serve_requests();
    if (!ending) {
        g_main_context_iteration(NULL, TRUE);
        serve_requests();
    }
    return !ending;
}

int main_loop_run(void)
{
    while (main_loop_step()) {
    }
    return exit_status;
}
