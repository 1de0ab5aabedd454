/*
 * What every vCPU has, whatever its architecture and whatever runs it.
 *
 * A vCPU belongs to its thread: only that thread touches the architectural state while the machine
 * runs. Everybody else asks through the few atomic words here, or with cpu_run_on().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_CPU_H
#define VIREO_HW_CORE_CPU_H

#include "hw/core/device.h"

#define TYPE_CPU "cpu"
OBJECT_DECLARE(CPUState, CPUClass, CPU, TYPE_CPU)

typedef uint64_t vaddr;
typedef struct AccelClass AccelClass;
struct TCGCPUOps;
struct CPUDebugOps;

/*
 * CPUState.attention: the one word that running code looks at, on backward edges and block ends.
 * Non-zero means: leave the code and look. Set with an atomic or from any thread, cleared by the
 * vCPU's thread before it looks at the reasons, so that no wake-up is lost.
 */
enum {
    CPU_ATTN_IRQ = 1 << 0,  /* the architecture should look for interrupts to take */
    CPU_ATTN_EXIT = 1 << 1, /* leave exec(): stop request, queued work, exclusive section */
};

typedef struct CPUWork CPUWork;

/* The numbers are those of the Z packets of the remote protocol. */
typedef enum DebugKind {
    DEBUG_BREAK_SW,
    DEBUG_BREAK_HW,
    DEBUG_WATCH_WRITE,
    DEBUG_WATCH_READ,
    DEBUG_WATCH_ACCESS,
} DebugKind;

typedef enum CPUStopReason {
    CPU_STOP_NONE,
    CPU_STOP_STEP,
    CPU_STOP_POINT, /* kind and addr say which */
} CPUStopReason;

enum {
    CPU_STEP_ENABLE = 1 << 0,
    CPU_STEP_NO_IRQ = 1 << 1, /* no interrupt is taken while stepping */
};

/* What the debugger asks of a vCPU, set while it is paused, and what it gets back. */
typedef struct CPUDebug {
    uint8_t step;                /* CPU_STEP_*; 0: run */
    vaddr step_first, step_last; /* step on while pc is there; first > last: one instruction */
    bool hold;                   /* stays paused when the others go on */
    CPUStopReason stop;          /* why exec() returned CPU_EXIT_DEBUG */
    DebugKind kind;
    vaddr addr;                  /* of the breakpoint, or of the data */
} CPUDebug;

/* Where the guest was when a signal came, as far as the accelerator knows. */
typedef struct CPUNote {
    vaddr pc;
    uint32_t mode; /* the CPU model's mode word then */
} CPUNote;

#define CPU_SAMPLE_FRAMES 128

/* Where a vCPU is, for the profiler. */
typedef struct CPUSample {
    char mode;           /* 'u', 's', 'm', of a guest 'U', 'S' */
    uint64_t space;      /* the page tables in force: address of the root; 0: none */
    uint32_t asid, vmid;
    vaddr thread;        /* what the kernel keeps at hand for the running thread; 0: not known */
    vaddr link;          /* where the innermost function returns to if it has only just begun; 0: not known */
    unsigned n;          /* frames, the innermost first */
    vaddr pc[CPU_SAMPLE_FRAMES];
} CPUSample;

struct CPUState {
    DeviceState parent_obj;
    int cpu_index;          /* 0 .. smp-1 */
    AddressSpace *as;       /* physical memory as the vCPU sees it */

    uint32_t attention;     /* atomic; see above */

    /* Guarded by `mutex`; `cond` wakes the vCPU thread. */
    GMutex mutex;
    GCond cond;
    GQueue work;            /* of CPUWork */
    bool sleeping;          /* its thread waits for cond */
    bool created;           /* its thread runs */
    bool stop_requested;    /* asked to pause */
    bool stopped;           /* has paused */
    bool unplug;            /* its thread is to end */

    bool halted;            /* waiting for an interrupt; vCPU thread only, others read it atomically */
    bool critical_error;    /* halted for good, until a reset; written and read like halted */
    bool running;           /* inside exec(); for exclusive sections, see accel/exclusive.h */
    bool waiting_exclusive;
    bool in_exclusive;

    GThread *thread;
    const AccelClass *accel;
    void (*accel_attention)(CPUState *cpu); /* called after attention was set; atomic, may be NULL */
    bool accel_waits;       /* exec() waits while halted; it is called all the same */
    void (*accel_kick)(CPUState *cpu); /* accel->kick, set together with accel; may be NULL */
    void *accel_state;      /* the accelerator's own */
    uint64_t guest_errors;
    LogLimit exec_limit;
    CPUDebug debug;
    struct VCPUProfile *profile; /* of system/profile.c; atomic, NULL: nobody takes samples */
    bool sample_due;        /* set in a signal handler on the vCPU's thread, which takes one after exec() */
};

/* In the order of MMUAccess. */
typedef enum CPUAccessKind { CPU_ACCESS_LOAD, CPU_ACCESS_STORE, CPU_ACCESS_FETCH } CPUAccessKind;

typedef enum CPUDumpFlags { CPU_DUMP_FPU = 1, CPU_DUMP_CSR = 2, CPU_DUMP_VPU = 4 } CPUDumpFlags;

struct CPUClass {
    DeviceClass parent_class;
    /* Whether a halted vCPU has a reason to run. Any thread, under cpu->mutex; reads atomics. */
    bool (*has_work)(CPUState *cpu);
    vaddr (*get_pc)(CPUState *cpu);
    void (*set_pc)(CPUState *cpu, vaddr pc);
    /* Appends the registers as "info registers" shows them. vCPU paused or on its thread. */
    void (*dump)(CPUState *cpu, GString *out, unsigned flags);
    /* Translates for the debugger, without side effects; false if not mapped. If why is not NULL
     * each step of the walk and its outcome is appended. */
    bool (*translate_debug)(CPUState *cpu, vaddr va, hwaddr *pa, GString *why);
    /* Appends what an access of one byte would go through: translation, protection, memory. mode: 'u',
     * 's', 'm', of a guest 'U' and 'S', or 0 for the present one. False if it would fault. No side
     * effects. vCPU paused or on its thread, as for the next. */
    bool (*explain_access)(CPUState *cpu, vaddr va, CPUAccessKind kind, char mode, GString *out);
    /* Raises a non-maskable interrupt, once. NULL: there is no such thing. Any thread. */
    bool (*nmi)(CPUState *cpu, Error **errp);
    /* Appends for each pending interrupt why it is taken or not. */
    void (*explain_interrupts)(CPUState *cpu, GString *out);
    /* Appends what the page tables in force map, a range to a line. vCPU paused or on its thread. */
    void (*dump_mappings)(CPUState *cpu, GString *out);
    /* Disassembles the instruction at va, from bytes; returns its length in bytes (0: none). */
    unsigned (*disas)(CPUState *cpu, vaddr va, const uint8_t *bytes, unsigned len, GString *out);
    /* Fills in where it is, by frame pointers, with the caller of the innermost function last. note: where
     * it was a moment ago, in another mode perhaps; NULL: it is there still. No side effects, as for the
     * next, which reads memory as the kernel sees it. vCPU paused or on its thread. NULL: cannot. */
    void (*sample)(CPUState *cpu, const CPUNote *note, CPUSample *out);
    bool (*read_kernel)(CPUState *cpu, vaddr va, void *buf, size_t len);
    const struct TCGCPUOps *tcg_ops; /* NULL in builds without */
    const struct KVMCPUOps *kvm_ops; /* accel/kvm/kvm-cpu.h */
    const struct CPUDebugOps *debug_ops; /* hw/core/cpu-debug.h; NULL: no debugger */
};

/* The vCPU whose thread this is, or NULL. The only thread-local of the project. */
extern __thread CPUState *this_cpu;

/* Sets attention bits and makes a halted or sleeping vCPU look. Any thread that does not hold
 * cpu->mutex; cheap. */
void cpu_attention(CPUState *cpu, uint32_t bits);

/* Wakes a halted vCPU so that it calls has_work() again, and makes a running one leave exec().
 * Any thread that does not hold cpu->mutex. */
void cpu_kick(CPUState *cpu);

/* Runs fn(cpu, data) on the vCPU's thread, outside exec(), and waits. Called from that very thread
 * or before the thread exists it runs at once. No lock may be held, and the caller is not inside
 * exec(): two vCPUs waiting for each other would never wake. */
void cpu_run_on(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data);
/* The same without waiting; data must live until then. */
void cpu_run_on_async(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data);
/* The vCPU thread's side: runs everything queued. */
void cpu_process_work(CPUState *cpu);

/* All vCPUs of the machine, indexed by cpu_index; set up before their threads start. */
typedef struct CPUList {
    CPUState **cpus;
    unsigned nr;
} CPUList;
const CPUList *cpu_list(void);
void cpu_list_add(CPUState *cpu);
void cpu_list_remove(CPUState *cpu);
#define CPU_FOREACH(cpu)                                                                    \
    for (unsigned i_ = 0; i_ < cpu_list()->nr && ((cpu) = cpu_list()->cpus[i_], true); i_++)

#endif
