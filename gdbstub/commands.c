/*
 * The packets that are not questions: registers, breakpoints, threads, the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gdbstub/internal.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/debug.h"

bool gdb_ok(GDBStub *stub)
{
    g_string_assign(stub->reply, "OK");
    return true;
}

bool gdb_error(GDBStub *stub, unsigned number)
{
    g_string_printf(stub->reply, "E%02x", number);
    return true;
}

const CPUDebugOps *gdb_ops(CPUState *cpu)
{
    return CPU_GET_CLASS(cpu)->debug_ops;
}

/* The accelerator learns that registers changed. */
static void changed(CPUState *cpu)
{
    if (cpu->accel && cpu->accel->state_in) {
        cpu->accel->state_in(cpu);
    }
}

/* ---- Registers ---- */

static bool read_core(GDBStub *stub, const char *args, size_t len)
{
    CPUState *cpu = gdb_cpu(stub->cpu_g);
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    for (unsigned i = 0; i < gdb_ops(cpu)->nr_core; i++) {
        gdb_ops(cpu)->read(cpu, i, bytes);
    }
    gdb_hex_append(stub->reply, bytes->data, bytes->len);
    return true;
}

static bool write_core(GDBStub *stub, const char *args, size_t len)
{
    CPUState *cpu = gdb_cpu(stub->cpu_g);
    g_autofree uint8_t *bytes = g_malloc(len / 2 + 1);
    size_t done = 0;

    if (len % 2 || !gdb_hex_bytes(args, bytes, len / 2)) {
        return gdb_error(stub, GDB_EINVAL);
    }
    for (unsigned i = 0; i < gdb_ops(cpu)->nr_core; i++) {
        unsigned n = gdb_ops(cpu)->write(cpu, i, bytes + done, len / 2 - done);
        if (!n) {
            changed(cpu);
            return gdb_error(stub, GDB_EINVAL);
        }
        done += n;
    }
    changed(cpu);
    return gdb_ok(stub);
}

static bool read_one(GDBStub *stub, const char *args, size_t len)
{
    CPUState *cpu = gdb_cpu(stub->cpu_g);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint64_t reg;

    if (!gdb_hex_number(&args, &reg) || *args || reg > UINT16_MAX ||
        !gdb_ops(cpu)->read(cpu, (unsigned)reg, bytes)) {
        return gdb_error(stub, GDB_EINVAL);
    }
    gdb_hex_append(stub->reply, bytes->data, bytes->len);
    return true;
}

static bool write_one(GDBStub *stub, const char *args, size_t len)
{
    CPUState *cpu = gdb_cpu(stub->cpu_g);
    uint8_t bytes[64];
    uint64_t reg;
    size_t n;

    if (!gdb_hex_number(&args, &reg) || reg > UINT16_MAX || *args++ != '=') {
        return gdb_error(stub, GDB_EINVAL);
    }
    n = strlen(args) / 2;
    if (n > sizeof(bytes) || !gdb_hex_bytes(args, bytes, n) || args[2 * n] ||
        gdb_ops(cpu)->write(cpu, (unsigned)reg, bytes, n) != n || !n) {
        return gdb_error(stub, GDB_EINVAL);
    }
    changed(cpu);
    return gdb_ok(stub);
}

/* ---- Breakpoints ---- */

static bool point(GDBStub *stub, const char *args, bool set)
{
    uint64_t kind, addr, n;
    bool ok;

    if (!gdb_hex_number(&args, &kind) || *args++ != ',' || !gdb_hex_number(&args, &addr) ||
        *args++ != ',' || !gdb_hex_number(&args, &n) || (*args && *args != ';')) {
        return gdb_error(stub, GDB_EINVAL);
    }
    if (kind > DEBUG_WATCH_ACCESS) {
        return true; /* the empty answer: there is no such kind here */
    }
    ok = set ? debug_insert((DebugKind)kind, addr, n, NULL)
             : debug_remove((DebugKind)kind, addr, n, NULL);
    return ok ? gdb_ok(stub) : gdb_error(stub, GDB_EINVAL);
}

static bool set_point(GDBStub *stub, const char *args, size_t len)
{
    return point(stub, args, true);
}

static bool remove_point(GDBStub *stub, const char *args, size_t len)
{
    return point(stub, args, false);
}

/* ---- Threads ---- */

static bool choose(GDBStub *stub, const char *args, size_t len)
{
    char what = *args ? *args++ : 0;
    int thread = gdb_thread_parse(&args);

    if ((what != 'g' && what != 'c') || thread == GDB_THREAD_BAD || *args) {
        return gdb_error(stub, GDB_EINVAL);
    }
    if (thread > 0) {
        *(what == 'g' ? &stub->cpu_g : &stub->cpu_c) = thread - 1;
    }
    return gdb_ok(stub);
}

static bool alive(GDBStub *stub, const char *args, size_t len)
{
    return gdb_thread_parse(&args) > 0 && !*args ? gdb_ok(stub) : gdb_error(stub, GDB_EINVAL);
}

/* ---- The end ---- */

static bool detach(GDBStub *stub, const char *args, size_t len)
{
    RunState state = run_state();

    if (*args && strcmp(args, ";1") != 0) {
        return gdb_error(stub, GDB_EINVAL);
    }
    gdb_forget(stub);
    stub->attached = false;
    if (state == RUN_STATE_PRELAUNCH || state == RUN_STATE_PAUSED || state == RUN_STATE_DEBUG) {
        vm_start();
    }
    return gdb_ok(stub);
}

static bool kill_machine(GDBStub *stub, const char *args, size_t len)
{
    machine_request_shutdown(SHUTDOWN_HOST_UI, 0);
    return false;
}

static bool v_kill(GDBStub *stub, const char *args, size_t len)
{
    kill_machine(stub, args, len);
    return gdb_ok(stub);
}

static bool v_attach(GDBStub *stub, const char *args, size_t len)
{
    uint64_t process;

    if (!gdb_hex_number(&args, &process) || process != 1) {
        return gdb_error(stub, GDB_EINVAL);
    }
    stub->attached = true;
    return gdb_why(stub, args, len);
}

static bool unknown(GDBStub *stub, const char *args, size_t len)
{
    return true; /* the empty answer */
}

static bool first_why(GDBStub *stub, const char *args, size_t len)
{
    /* A debugger that was here before may have left them. */
    debug_remove_all();
    return gdb_why(stub, args, len);
}

static const GDBCommand commands[] = {
    { "?", first_why },        { "g", read_core },        { "G", write_core },
    { "p", read_one },         { "P", write_one },        { "m", gdb_read_memory },
    { "M", gdb_write_memory }, { "X", gdb_write_binary }, { "Z", set_point },
    { "z", remove_point },     { "c", gdb_cont },         { "C", gdb_cont },
    { "s", gdb_step },         { "S", gdb_step },         { "H", choose },
    { "T", alive },            { "D", detach },           { "k", kill_machine },
    { "q", gdb_query },        { "Q", gdb_set },          { "vCont", gdb_vcont },
    { "vKill;", v_kill },      { "vAttach;", v_attach },  { "", unknown },
    { NULL },
};

bool gdb_dispatch(GDBStub *stub, const GDBCommand *table, const char *packet, size_t len)
{
    for (const GDBCommand *c = table; c->name; c++) {
        size_t n = strlen(c->name);
        if (strncmp(packet, c->name, n) == 0) {
            return c->run(stub, packet + n, len - n);
        }
    }
    return true;
}

bool gdb_command(GDBStub *stub, const char *packet, size_t len)
{
    return gdb_dispatch(stub, commands, packet, len);
}
