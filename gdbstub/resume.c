/*
 * Running and stopping: c, s, vCont, and the packets that say why the machine stands.
 *
 * The machine runs and stops as a whole. A hart that vCont does not name is held back by its
 * CPUDebug.hold; one that ends a step or meets a breakpoint stops all the others through the run state.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gdbstub/internal.h"

#include <inttypes.h>
#include <string.h>

#include "accel/accel.h"
#include "accel/debug.h"

#define MAX_ACTIONS 1024

typedef struct Action {
    char kind;         /* c, s, r, t */
    uint64_t from, to; /* of r: up to, but without `to` */
    int thread;
} Action;

/* ---- Threads ---- */

int gdb_thread_parse(const char **p)
{
    uint64_t n;

    if (**p == 'p') {
        ++*p;
        if (g_str_has_prefix(*p, "-1")) {
            *p += 2;
        } else if (!gdb_hex_number(p, &n) || n > 1) {
            return GDB_THREAD_BAD;
        }
        if (**p != '.') {
            return GDB_THREAD_ALL; /* a process means all of its threads */
        }
        ++*p;
    }
    if (g_str_has_prefix(*p, "-1")) {
        *p += 2;
        return GDB_THREAD_ALL;
    }
    return gdb_hex_number(p, &n) && n <= cpu_list()->nr ? (int)n : GDB_THREAD_BAD;
}

void gdb_thread_append(GDBStub *stub, GString *out, int cpu_index)
{
    g_string_append_printf(out, stub->multiprocess ? "p1.%x" : "%x", cpu_index + 1);
}

CPUState *gdb_cpu(int index)
{
    return cpu_list()->cpus[index];
}

/* ---- Stopping ---- */

void gdb_halt(GDBStub *stub)
{
    CPUState *cpu;

    if (run_state_is_running()) {
        vm_stop(RUN_STATE_PAUSED);
    }
    CPU_FOREACH(cpu) {
        if (cpu->accel && cpu->accel->state_out) {
            cpu->accel->state_out(cpu);
        }
    }
}

void gdb_forget(GDBStub *stub)
{
    stub->resumed = false;
    stub->physical = false;
    debug_remove_all();
}

static int signal_of(RunState state)
{
    switch (state) {
    case RUN_STATE_PAUSED:
        return 2; /* as for Ctrl-C */
    case RUN_STATE_SHUTDOWN:
        return 3;
    case RUN_STATE_GUEST_PANICKED:
    case RUN_STATE_INTERNAL_ERROR:
        return 6;
    case RUN_STATE_IO_ERROR:
        return 23;
    default:
        return 5;
    }
}

/* "watch:1234;" and its like. */
static void append_point(GDBStub *stub, const CPUDebug *d)
{
    static const char *const watch[] = {
        [DEBUG_WATCH_WRITE] = "watch", [DEBUG_WATCH_READ] = "rwatch", [DEBUG_WATCH_ACCESS] = "awatch",
    };

    switch (d->kind) {
    case DEBUG_BREAK_SW:
        g_string_append(stub->reply, stub->swbreak ? "swbreak:;" : "");
        break;
    case DEBUG_BREAK_HW:
        g_string_append(stub->reply, stub->hwbreak ? "hwbreak:;" : "");
        break;
    default:
        g_string_append_printf(stub->reply, "%s:%" PRIx64 ";", watch[d->kind], d->addr);
        break;
    }
}

bool gdb_why(GDBStub *stub, const char *args, size_t len)
{
    CPUState *cpu, *who = NULL;

    CPU_FOREACH(cpu) {
        if (cpu->debug.stop != CPU_STOP_NONE && !who) {
            who = cpu;
        }
    }
    if (who) {
        stub->cpu_g = stub->cpu_c = who->cpu_index;
    }
    g_string_printf(stub->reply, "T%02x", who ? 5 : signal_of(run_state()));
    if (who && who->debug.stop == CPU_STOP_POINT) {
        append_point(stub, &who->debug);
    }
    g_string_append(stub->reply, "thread:");
    gdb_thread_append(stub, stub->reply, stub->cpu_g);
    g_string_append_c(stub->reply, ';');
    return true;
}

/*
 * The machine also stops and goes on by itself, when it is reset: only one that still stands when the
 * main loop gets here is a stop for the debugger.
 */
static gboolean report(gpointer data)
{
    GDBStub *stub = data;

    stub->report = 0;
    if (stub->resumed && !run_state_is_running()) {
        stub->resumed = false;
        gdb_halt(stub);
        gdb_why(stub, NULL, 0);
        gdb_send(stub, stub->reply->str, stub->reply->len);
    }
    return G_SOURCE_REMOVE;
}

void gdb_run_state(void *opaque, bool running, RunState state)
{
    GDBStub *stub = opaque;
    CPUState *cpu;

    if (running) {
        return;
    }
    CPU_FOREACH(cpu) {
        cpu->debug.step = 0;
        cpu->debug.hold = false;
    }
    if (stub->resumed && !stub->report) {
        stub->report = g_idle_add_full(G_PRIORITY_DEFAULT, report, stub, NULL);
    }
}

/* ---- Running ---- */

/* False: the hart is held. */
static bool prepare(GDBStub *stub, CPUState *cpu, const Action *a, bool *timers)
{
    CPUDebug *d = &cpu->debug;

    d->stop = CPU_STOP_NONE;
    d->step = 0;
    d->step_first = 1;
    d->step_last = 0;
    d->hold = !a || a->kind == 't';
    if (d->hold) {
        return false;
    }
    if (a->kind == 'c') {
        *timers = true;
        return true;
    }
    d->step = CPU_STEP_ENABLE | (stub->step_flags & GDB_STEP_NO_IRQ ? CPU_STEP_NO_IRQ : 0);
    if (a->kind == 'r' && a->to > a->from) {
        d->step_first = a->from;
        d->step_last = a->to - 1;
        *timers = true; /* what is stepped over may wait for time to pass */
    }
    *timers |= !(stub->step_flags & GDB_STEP_NO_TIMER);
    return true;
}

static bool can_step(void)
{
    const AccelClass *accel = cpu_list()->nr ? cpu_list()->cpus[0]->accel : NULL;

    return !accel || !accel->no_step;
}

static bool resume(GDBStub *stub, const Action *actions, unsigned nr)
{
    RunState state = run_state();
    bool any = false, timers = false;
    CPUState *cpu;

    for (unsigned k = 0; k < nr && !can_step(); k++) {
        if (actions[k].kind == 's' || actions[k].kind == 'r') {
            g_string_assign(stub->reply, "E.KVM on RISC-V cannot step; breakpoints work");
            return true;
        }
    }

    if (state == RUN_STATE_SHUTDOWN || state == RUN_STATE_GUEST_PANICKED ||
        state == RUN_STATE_INTERNAL_ERROR) {
        return gdb_error(stub, GDB_EINVAL); /* nothing goes on before a reset */
    }
    CPU_FOREACH(cpu) {
        const Action *a = NULL;
        for (unsigned k = 0; k < nr && !a; k++) {
            int t = actions[k].thread;
            if (t == GDB_THREAD_ALL || t == GDB_THREAD_ANY || t == cpu->cpu_index + 1) {
                a = &actions[k];
            }
        }
        any |= prepare(stub, cpu, a, &timers);
    }
    if (!any) {
        CPU_FOREACH(cpu) {
            cpu->debug.hold = false;
        }
        return gdb_error(stub, GDB_EINVAL);
    }
    stub->resumed = true;
    vm_start_clock(timers);
    return false;
}

/* "c", "cADDR", "C05", "C05;ADDR": a signal is not passed on. */
static bool resume_plain(GDBStub *stub, const char *args, char kind, bool with_signal)
{
    Action actions[2] = { { .kind = kind, .thread = GDB_THREAD_ALL } };
    CPUState *cpu = gdb_cpu(stub->cpu_c);
    uint64_t value;

    if (with_signal) {
        if (!gdb_hex_number(&args, &value)) {
            return gdb_error(stub, GDB_EINVAL);
        }
        args += *args == ';';
    }
    if (*args) {
        if (!gdb_hex_number(&args, &value) || *args) {
            return gdb_error(stub, GDB_EINVAL);
        }
        CPU_GET_CLASS(cpu)->set_pc(cpu, value);
    }
    if (kind == 's') {
        actions[0].thread = cpu->cpu_index + 1;
    }
    return resume(stub, actions, 1);
}

bool gdb_cont(GDBStub *stub, const char *args, size_t len)
{
    return resume_plain(stub, args, 'c', args[-1] == 'C');
}

bool gdb_step(GDBStub *stub, const char *args, size_t len)
{
    return resume_plain(stub, args, 's', args[-1] == 'S');
}

/* One action of vCont, behind its ';'. */
static bool parse_action(const char **p, Action *a)
{
    uint64_t signal;

    *a = (Action){ .kind = *(*p)++, .thread = GDB_THREAD_ALL };
    switch (a->kind) {
    case 'C':
    case 'S':
        a->kind = g_ascii_tolower(a->kind);
        if (!gdb_hex_number(p, &signal)) {
            return false;
        }
        break;
    case 'c':
    case 's':
    case 't':
        break;
    case 'r':
        if (!gdb_hex_number(p, &a->from) || *(*p)++ != ',' || !gdb_hex_number(p, &a->to)) {
            return false;
        }
        break;
    default:
        return false;
    }
    if (**p == ':') {
        ++*p;
        a->thread = gdb_thread_parse(p);
    }
    return a->thread != GDB_THREAD_BAD && (**p == ';' || !**p);
}

bool gdb_vcont(GDBStub *stub, const char *args, size_t len)
{
    g_autofree Action *actions = NULL;
    unsigned nr = 0;

    if (strcmp(args, "?") == 0) {
        /* Without s and S, GDB sets a breakpoint behind the instruction instead. */
        g_string_assign(stub->reply, can_step() ? "vCont;c;C;s;S;t;r" : "vCont;c;C;t");
        return true;
    }
    actions = g_new(Action, MAX_ACTIONS);
    while (*args) {
        if (*args++ != ';' || nr == MAX_ACTIONS || !parse_action(&args, &actions[nr])) {
            return gdb_error(stub, GDB_EINVAL);
        }
        nr++;
    }
    return resume(stub, actions, nr);
}
