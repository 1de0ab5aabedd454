/*
 * vCPU threads, and the run state of the machine.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_CPUS_H
#define VIREO_SYSTEM_CPUS_H

#include "hw/core/cpu.h"
#include "hw/core/machine.h"

typedef enum RunState {
    RUN_STATE_PRELAUNCH,      /* built, never started (-S) */
    RUN_STATE_RUNNING,
    RUN_STATE_PAUSED,         /* by the user */
    RUN_STATE_DEBUG,          /* by the debugger */
    RUN_STATE_SUSPENDED,      /* the guest sleeps until something wakes it */
    RUN_STATE_SHUTDOWN,       /* the guest powered off, and -no-shutdown keeps us */
    RUN_STATE_IO_ERROR,
    RUN_STATE_GUEST_PANICKED,
    RUN_STATE_INTERNAL_ERROR, /* a vCPU cannot go on */
} RunState;

/* "running", "paused (debug)": the words of "info status". */
const char *run_state_name(RunState state);
/* Any thread. */
RunState run_state(void);
bool run_state_is_running(void);

/*
 * Main thread only. vm_start() lets virtual time and every vCPU go; vm_stop() pauses all of them,
 * then stops virtual time and drains and flushes the disks, so that the machine stands still when
 * it returns. Both do nothing if the machine is in that condition already (vm_stop then only
 * changes the reason).
 */
void vm_start(void);
/* The same with virtual time standing still, if clock is false: for single steps. */
void vm_start_clock(bool clock);
void vm_stop(RunState reason);
/* From any other thread: the main loop will vm_stop(). */
void vm_request_stop(RunState reason);

/* A change of the run state, on the main thread; running says whether vCPUs may run. */
typedef void (*RunStateListener)(void *opaque, bool running, RunState state);
void run_state_add_listener(RunStateListener fn, void *opaque);
void run_state_remove_listener(RunStateListener fn, void *opaque);

/*
 * vCPU threads (system/cpus.c). cpus_start() makes a thread for every vCPU of the list and waits
 * until each has entered its loop, paused. On failure no thread is left.
 */
bool cpus_start(MachineState *ms, Error **errp);
/* Asks every vCPU to pause and waits until all have; vCPU threads themselves may not call it. */
void cpus_pause_all(void);
/* All but those that the debugger holds. */
void cpus_resume_all(void);
/* Ends and joins every vCPU thread; they are paused first. */
void cpus_destroy(void);

#endif
