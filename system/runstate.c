/*
 * The run state of the machine: starting and stopping all of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/cpus.h"

#include "accel/accel.h"
#include "backend/block.h"
#include "hw/core/clock.h"

static const char *const names[] = {
    [RUN_STATE_PRELAUNCH] = "paused (prelaunch)",
    [RUN_STATE_RUNNING] = "running",
    [RUN_STATE_PAUSED] = "paused",
    [RUN_STATE_DEBUG] = "paused (debug)",
    [RUN_STATE_SUSPENDED] = "paused (suspended)",
    [RUN_STATE_SHUTDOWN] = "paused (shutdown)",
    [RUN_STATE_IO_ERROR] = "paused (io-error)",
    [RUN_STATE_GUEST_PANICKED] = "paused (guest-panicked)",
    [RUN_STATE_INTERNAL_ERROR] = "paused (internal-error)",
};

typedef struct Listener {
    RunStateListener fn;
    void *opaque;
} Listener;

/* One process runs one machine. The state is written on the main thread, read by anybody. */
static RunState state = RUN_STATE_PRELAUNCH;
static GArray *listeners;

const char *run_state_name(RunState s)
{
    return names[s];
}

RunState run_state(void)
{
    return __atomic_load_n(&state, __ATOMIC_RELAXED);
}

bool run_state_is_running(void)
{
    return run_state() == RUN_STATE_RUNNING;
}

void run_state_add_listener(RunStateListener fn, void *opaque)
{
    Listener l = { fn, opaque };

    if (!listeners) {
        listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    }
    g_array_append_val(listeners, l);
}

void run_state_remove_listener(RunStateListener fn, void *opaque)
{
    for (guint i = 0; listeners && i < listeners->len; i++) {
        Listener *l = &g_array_index(listeners, Listener, i);

        if (l->fn == fn && l->opaque == opaque) {
            g_array_remove_index(listeners, i);
            return;
        }
    }
}

static void set_state(RunState s)
{
    __atomic_store_n(&state, s, __ATOMIC_RELAXED);
    for (guint i = 0; listeners && i < listeners->len; i++) {
        Listener *l = &g_array_index(listeners, Listener, i);

        l->fn(l->opaque, s == RUN_STATE_RUNNING, s);
    }
}

void vm_start(void)
{
    vm_start_clock(true);
}

void vm_start_clock(bool clock)
{
    if (run_state_is_running()) {
        return;
    }
    if (clock) {
        clock_virtual_enable(true);
    }
    accel_run_changed(true);
    set_state(RUN_STATE_RUNNING);
    blk_resume_all();
    cpus_resume_all();
}

void vm_stop(RunState reason)
{
    if (!run_state_is_running()) {
        set_state(reason);
        return;
    }
    cpus_pause_all();
    accel_run_changed(false);
    clock_virtual_enable(false);
    set_state(reason);
    /* What devices had in flight still completes into guest memory, and reaches the disk. */
    blk_pause_all();
    blk_flush_all();
}
