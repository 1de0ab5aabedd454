/*
 * What the files of the debugger's server share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_GDBSTUB_INTERNAL_H
#define VIREO_GDBSTUB_INTERNAL_H

#include "backend/chardev.h"
#include "gdbstub/packet.h"
#include "hw/core/cpu-debug.h"
#include "system/cpus.h"

/* Steps as the debugger asks for them; the numbers are QEMU's, in qqemu.sstepbits. */
enum { GDB_STEP_ENABLE = 1, GDB_STEP_NO_IRQ = 2, GDB_STEP_NO_TIMER = 4 };

/* All on the main thread. */
typedef struct GDBStub {
    Chardev *chr;
    bool own_chardev;
    GDBReader reader;
    GByteArray *out;     /* what the character device has not taken yet */
    GString *reply;      /* of the packet being answered */
    GString *last;       /* framed; sent again if the peer asks */
    GHashTable *xml;     /* of the target description: name to text, as of the first question */
    bool connected, busy;
    bool no_ack, multiprocess, swbreak, hwbreak;
    bool attached;       /* to the one process; false after a detach */
    bool resumed;        /* the debugger waits for a stop */
    guint report;        /* idle source that will tell it; 0: none */
    int cpu_g, cpu_c;    /* of the H packets */
    int next_thread;     /* of qsThreadInfo */
    bool physical;       /* memory by physical address */
    unsigned step_flags; /* GDB_STEP_* */
} GDBStub;

/* One command: the letters a packet starts with, and what answers what follows them. A handler
 * fills stub->reply; false: there will be an answer later, or none. */
typedef bool (*GDBHandler)(GDBStub *stub, const char *args, size_t len);
typedef struct GDBCommand {
    const char *name;
    GDBHandler run;
} GDBCommand;

/* ---- commands.c ---- */
bool gdb_command(GDBStub *stub, const char *packet, size_t len);
/* The first row whose name the packet starts with. */
bool gdb_dispatch(GDBStub *stub, const GDBCommand *table, const char *packet, size_t len);
bool gdb_ok(GDBStub *stub);
bool gdb_error(GDBStub *stub, unsigned number);
enum { GDB_EINVAL = 0x22, GDB_EFAULT = 0x14 };

/* ---- query.c: q and Q packets ---- */
bool gdb_query(GDBStub *stub, const char *args, size_t len);
bool gdb_set(GDBStub *stub, const char *args, size_t len);

/* ---- resume.c: running, stopping, and what is said about it ---- */
bool gdb_cont(GDBStub *stub, const char *args, size_t len);
bool gdb_step(GDBStub *stub, const char *args, size_t len);
bool gdb_vcont(GDBStub *stub, const char *args, size_t len);
bool gdb_why(GDBStub *stub, const char *args, size_t len);
/* The machine stops for the debugger; nothing is said. */
void gdb_halt(GDBStub *stub);
/* No breakpoint, no step, no debugger waiting. */
void gdb_forget(GDBStub *stub);
/* Listener of the run state. */
void gdb_run_state(void *opaque, bool running, RunState state);

/* ---- memory.c ---- */
bool gdb_read_memory(GDBStub *stub, const char *args, size_t len);
bool gdb_write_memory(GDBStub *stub, const char *args, size_t len);
bool gdb_write_binary(GDBStub *stub, const char *args, size_t len);

/* ---- Threads: a process of number 1, and hart n is its thread n + 1 ---- */
enum { GDB_THREAD_ANY = 0, GDB_THREAD_ALL = -1, GDB_THREAD_BAD = -2 };
/* Cuts a thread id ("1f", "p1.1f", "-1") off *p: a hart's index plus 1, or one of the above. */
int gdb_thread_parse(const char **p);
void gdb_thread_append(GDBStub *stub, GString *out, int cpu_index);
/* The hart with that index, which there is. */
CPUState *gdb_cpu(int index);
const CPUDebugOps *gdb_ops(CPUState *cpu);

/* ---- server.c ---- */
void gdb_send(GDBStub *stub, const char *data, size_t len);

#endif
