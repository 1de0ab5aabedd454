/*
 * What an accelerator is: it runs a vCPU until something needs attention.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_ACCEL_H
#define VIREO_ACCEL_ACCEL_H

#include "hw/core/cpu.h"
#include "hw/core/machine.h"

#define TYPE_ACCEL "accel"
#define ACCEL_TYPE_SUFFIX "-accel"
OBJECT_DECLARE_SIMPLE(AccelState, ACCEL, TYPE_ACCEL)

struct IcountConfig;

/* Why exec() came back. */
typedef enum CPUExit {
    CPU_EXIT_ATTENTION, /* kicked: requests are waiting */
    CPU_EXIT_HALTED,    /* waits for an interrupt (cpu->halted is set) */
    CPU_EXIT_DEBUG,     /* breakpoint or single step, for the debugger */
    CPU_EXIT_ERROR,     /* cannot go on; cpu->... says why; the machine pauses */
} CPUExit;

/* What somebody outside wants to see of code that is made, or of where it runs. */
typedef enum AccelObserve {
    ACCEL_PERFMAP, /* /tmp/perf-PID.map */
    ACCEL_JITDUMP, /* jit-PID.dump */
    ACCEL_PROFILE, /* note() is going to be called */
} AccelObserve;

struct AccelState {
    Object parent_obj;
};

struct AccelClass {
    ObjectClass parent_class;
    const char *name; /* for -accel */
    /* Whether it can work here; if not, *reason (g_free()) says why in a phrase that completes
     * "accelerator 'kvm' cannot be used: ". */
    bool (*available)(char **reason);
    /* Appends what the monitor's `info jit` says of it; NULL: it compiles nothing. */
    void (*info_jit)(AccelState *accel, GString *out);
    /* From now on that is done. vCPUs exist and have not run. NULL: it makes no code. */
    bool (*observe)(AccelState *accel, AccelObserve what, Error **errp);
    /* In a signal handler on the vCPU's thread, within exec(): where in the guest is it, the host being at
     * host_pc? noted() answers that later, on the same thread outside exec(). False: not known. NULL:
     * where exec() comes back is where the guest was. */
    void (*note)(CPUState *cpu, uintptr_t host_pc);
    bool (*noted)(CPUState *cpu, CPUNote *out);
    bool (*init_machine)(AccelState *accel, MachineState *ms, Error **errp);
    /* On the vCPU's own thread, before the first exec(). */
    bool (*cpu_create)(CPUState *cpu, Error **errp);
    void (*cpu_destroy)(CPUState *cpu);
    /* Runs until something needs attention. vCPU thread, no lock held. */
    CPUExit (*exec)(CPUState *cpu);
    /* Makes exec() return soon. Any thread. NULL: the attention word is enough. */
    void (*kick)(CPUState *cpu);
    /* The architectural state was changed by somebody else (reset, debugger, load), or is about to
     * be read. vCPU paused or on its thread. NULL: nothing is cached. */
    void (*state_in)(CPUState *cpu);
    void (*state_out)(CPUState *cpu);
    /* The vCPU was reset, all of it. NULL: state_in. */
    void (*state_reset)(CPUState *cpu);
    /* The machine stops or goes on; vCPUs are paused. NULL: its time is virtual time. */
    void (*run_changed)(AccelState *accel, bool running);
    /* The lists of include/accel/debug.h changed: breakpoints (code), watchpoints (data). In an
     * exclusive section; false: the one that was added is not possible. NULL: it has no such thing. */
    bool (*debug_changed)(AccelState *accel, bool code, bool data, Error **errp);
    /* CPUDebug.step has no effect: the debugger has to step with breakpoints. */
    bool no_step;
    /* include/accel/icount.h. NULL: cannot. */
    bool (*set_icount)(AccelState *accel, const struct IcountConfig *config, Error **errp);
};

static inline AccelClass *ACCEL_CLASS(const void *klass)
{
    return (AccelClass *)object_class_check_cast(klass, TYPE_ACCEL, __FILE__, __LINE__);
}

/* For the run state: run_changed() of the machine's accelerator. */
void accel_run_changed(bool running);

/* For the board: the vCPU was reset. It is paused. */
void accel_state_reset(CPUState *cpu);

/* Runs fn as cpu_run_on() does, when the CPU's struct shows its registers: for what reads them. */
void accel_run_on(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data);

/* Chooses the first that works of a NULL-terminated list of "name,prop=value" specifications;
 * says on stderr why an earlier one was passed over. NULL + errp if none works or one is wrong;
 * *failed is then the index of the one that errp speaks of. */
AccelState *accel_choose(const char *const *specs, MachineState *ms, unsigned *failed,
                         Error **errp);

/* Appends what -accel help shows: each accelerator, and why one cannot be used. */
void accel_help(GString *out);

#endif
