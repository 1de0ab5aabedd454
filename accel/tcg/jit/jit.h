/*
 * The compiler of hot code: its memory, what compiled code shares with the C around it, the interface of
 * a back end.
 *
 * Compiled code is entered from the interpreter (jit_enter(), which stands in the first operation of a
 * compiled block) and gives back the operation at which the interpreter goes on, or NULL for the main
 * loop. While it runs, guest registers are in host registers by a convention of the back end at the
 * borders of regions, and as each region chose inside.
 *
 * Threads. Code is written through one mapping and run through another; what is published never
 * changes, except for JitExit.jump, an atomic pointer to where an exit leads. Everything here but
 * running code and reading that pointer is guarded by TCGState.lock; while a region is compiled, its
 * memory and that which is not used yet belong to who compiles: a vCPU that holds the lock, or the thread of
 * worker.c without it. Memory is reused only in an
 * exclusive section, with all blocks; vCPUs keep pointers to exits in their ring of return addresses, which
 * tcg_jump_cache_clear() empties.
 *
 * Compiled code comes to blocks, regions and exits that another vCPU made by plain loads of JitExit.jump,
 * JitExit.target and TranslationBlock.jit_code, which the host keeps in order (x86-64 does). C that it leads to
 * such a thing goes on from there: what orders the two for the C compiler, and for ThreadSanitizer, which
 * does not see the loads of compiled code, is Jit.published.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_JIT_H
#define VIREO_ACCEL_TCG_JIT_JIT_H

#include "accel/tcg/jit/ir.h"

/* A way out of a region to a block whose address is known. */
typedef struct JitExit {
    const void *jump;        /* atomic: code to go on at: of the block, or one of the back end's common
                                routines */
    uintptr_t target;        /* atomic: the block, with JIT_LINKED, or the guest's address until it is linked */
    uintptr_t addend;        /* of the block, for an exit to another page: what the fetch TLB must say */
} JitExit;
enum { JIT_LINKED = 1 };

/* An exit that is linked. */
typedef struct JitLink {
    JitExit *exit;
    struct JitLink *next;      /* in TranslationBlock.jit_in */
    struct JitLink **link;     /* what points to it there */
    struct JitLink *next_made; /* in JitGeneration.linked of the exit's */
    struct JitLink **made;     /* what points to it there */
} JitLink;

/* A place that leaves compiled code for the body of an operation, or for the interpreter. */
typedef struct JitSite {
    TranslationBlock *tb;
    const TCGOp *op;         /* the operation being run; a copy with a stop behind it if fn is called */
    TCGOpFn fn;              /* calls of bodies */
    const void *spill, *fill; /* code that stores guest registers to env, and loads them again */
} JitSite;

/* What the accesses of a region share; in front of its code, aligned to 16 bytes. */
typedef struct JitHead {
    const void *spill, *fill; /* as above */
    TranslationBlock *tb[];   /* its blocks */
} JitHead;

/*
 * A load or store that C may have to do. There are so many that each is a number, which a back end has in its
 * code: what is accessed, the operation, its block, and how far behind the head the code is (which says nothing
 * to C).
 */
enum {
    JIT_ACCESS_SIZE = 3,      /* log2 of the bytes */
    JIT_ACCESS_SIGN = 4,      /* a load extends the sign; of 8 bytes: there are 4, boxed */
    JIT_ACCESS_KINDS = 8,
    JIT_ACCESS_BLOCK = 3,     /* shifts */
    JIT_ACCESS_OP = 8,
    JIT_ACCESS_FAR = 17,
};
_Static_assert(REGION_BLOCKS <= 1 << (JIT_ACCESS_OP - JIT_ACCESS_BLOCK), "JIT_ACCESS_BLOCK");
_Static_assert(TCG_MAX_OPS <= 1 << (JIT_ACCESS_FAR - JIT_ACCESS_OP), "JIT_ACCESS_OP");

static inline unsigned jit_access_bytes(uint32_t access)
{
    unsigned kind = access % JIT_ACCESS_KINDS;

    return kind == (JIT_ACCESS_SIGN | 3) ? 4 : 1u << (kind & JIT_ACCESS_SIZE);
}

/* A region that was compiled. */
typedef struct JitCode JitCode;
typedef struct JitPart {     /* a block's membership in one */
    JitCode *code;
    struct JitPart *next;    /* of the same block */
    struct JitPart **link;   /* what points to it there; NULL: nothing any more */
} JitPart;
/* From here on code belongs to the instruction at pc. */
typedef struct JitMark {
    uint32_t host;           /* distance from JitCode.start */
    vaddr pc;
} JitMark;
struct JitCode {
    TranslationBlock *head;
    const uint8_t *start;    /* all of it, size bytes */
    GArray *marks;           /* of JitMark, by host; NULL: nobody wants them */
    const void *entry;       /* with the convention's registers loaded */
    uint32_t size;
    uint32_t n_insns;        /* of the guest */
    bool dead;
    uint64_t *entries;       /* how often it was entered, roughly; NULL: not counted */
    char *text;              /* verify=on: the operations */
    uint32_t n_runs;         /* verify=on: how often it was compared */
    unsigned n_parts;
    JitPart parts[];
};

/* What must be cut off before memory is used again. */
typedef struct JitGeneration {
    GPtrArray *codes;        /* of JitCode */
    JitLink *linked;
} JitGeneration;

typedef struct JitBackend {
    const char *name;
    /* Writes what all regions share. False: there is no room. */
    bool (*init)(Jit *j);
    void (*done)(Jit *j);
    /* Writes a region; false: there is no room. */
    bool (*compile)(Jit *j, const Region *r, JitCode *out);
    /* Whether IR_vector is there for this; NULL: the host has no vectors that would do. */
    bool (*has_vector)(const IRVec *v);
    /* Runs code from a block's entry. */
    const TCGOp *(*run)(const Jit *j, CPUArchState *env, const void *code);
} JitBackend;

/* NULL: there is none for this host. reason: why. */
const JitBackend *jit_backend(const char **reason);

/* What compiled code counts of scalar loads, and of stores, by all harts, roughly. */
typedef struct JitMemCounts {
    uint64_t made[2];             /* by compiled code itself: what it did not leave to C */
    uint64_t window_missed[2], guess_missed;
    uint64_t checks;              /* of which one is good for several; those of vectors, too */
} JitMemCounts;

struct Jit {
    TCGState *s;
    const JitBackend *backend;
    uint8_t *code;                /* to be read and run */
    uint8_t *data;                /* behind code: what it reads, and its exits */
    uint8_t *draft;               /* JIT_ROOM bytes: code is written here first */
    uint8_t *code_rw;             /* a second mapping, to write by; NULL: code_fd does that */
    int code_fd;                  /* the memory of this process, as a file */
    uint8_t *space;               /* what was mapped for code and data */
    size_t space_size;
    size_t code_size, data_size;
    size_t code_used, data_used;  /* of the current generation; from the beginning of all */
    size_t code_end, data_end;    /* where that ends */
    size_t code_keep, data_keep;  /* used by what all regions share */
    Generations gens;             /* of code; those of data are as many, of half the size */
    JitGeneration gen[TCG_GENERATIONS];
    int attention_offset;         /* of CPUState.attention from env */
    bool alone;                   /* nobody but the one vCPU changes memory by more than plain stores: what it
                                     does atomically need not lock */
    bool verify;                  /* jumps back are counted down instead, in tcg.verify_left */
    const TCGJitOps *model;
    Region *region;               /* being compiled, where there is no worker */
    struct JitWorker *worker;     /* NULL: vCPUs compile themselves */
    void *emit;                   /* the back end's */
    struct JitWatch *watch;       /* NULL: nobody watches; see show.h */
    /* Common routines of the back end. */
    const void *run, *exit_unlinked, *exit_interpret, *lookup, *call_body;
    const void *interpret, *spill, *fill;
    const void *try_window[2];    /* of an addend in rcx, in rdx */
    struct {
        const void *slow;         /* C does it */
        const void *plain[JIT_ACCESS_KINDS]; /* the TLB is asked first */
        const void *moving[JIT_ACCESS_KINDS]; /* and a window becomes its page */
        const void *move;         /* a window becomes another page */
    } access[2];                  /* loads, stores */
    const uint8_t *vec_tables;    /* constants of vectors, among the data */
    const uint8_t *count_table;   /* and those added to the count of instructions */
    uint64_t n_regions, n_insns, n_killed, n_refused, n_linked; /* for info jit */
    JitMemCounts *counts;         /* NULL: not counted */
    uint32_t published;           /* atomic: changes before a pointer does that compiled code follows */
};

/* Before the pointer is stored. Lock held. */
static inline void jit_publish(Jit *j)
{
    __atomic_store_n(&j->published, j->published + 1, __ATOMIC_RELEASE);
}

/* In C that compiled code has led to something: all that was written to it before is there. */
static inline void jit_acquire(const Jit *j)
{
    (void)__atomic_load_n(&j->published, __ATOMIC_ACQUIRE);
}

/* Bodies that compiled code calls do without, since their operation came by the same way as the code; the
 * sanitizer has to be told. */
#ifdef __SANITIZE_THREAD__
#define JIT_TELLS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define JIT_TELLS_SANITIZER 1
#endif
#endif
#ifndef JIT_TELLS_SANITIZER
#define JIT_TELLS_SANITIZER 0
#endif

/* For back ends: what is written from here on belongs to the instruction at pc. */
static inline void jit_mark(JitCode *code, size_t host, vaddr pc)
{
    const GArray *m = code->marks;

    if (unlikely(m) && (!m->len || g_array_index(m, JitMark, m->len - 1).pc != pc))
        g_array_append_vals(code->marks, &(JitMark){ (uint32_t)host, pc }, 1);
}

/* ---- cache.c ---- */
/* size bytes of code and half as many of data; false: the host gives no such memory. */
bool jit_cache_init(Jit *j, size_t size);
void jit_cache_free(Jit *j);
/* Room for data, zeroed, aligned to 16 bytes; NULL: full. */
void *jit_data(Jit *j, size_t size);
/* An exit to pc that leads nowhere yet; NULL: no room. */
JitExit *jit_exit_new(Jit *j, vaddr pc);
#define JIT_ROOM (256 * KiB) /* more code than a region ever takes; of data, half */
/* Puts the first bytes of the draft where they will run, `at` bytes into the code. One thread at a time; false:
 * the host has no memory for it. */
bool jit_code_put(Jit *j, size_t at, size_t size);

/* ---- worker.c: a thread that compiles. All but new and free: lock held ---- */
typedef struct JitWorker JitWorker;
JitWorker *jit_worker_new(Jit *j);
void jit_worker_free(JitWorker *w);
/* Room for a region to be compiled; NULL: too many wait. */
Region *jit_worker_slot(JitWorker *w);
/* It has been filled. */
void jit_worker_push(JitWorker *w);
/* ---- jit.c ---- */
/* Compiles what was built and publishes it, if it is still what guest memory says. Lock held; unlock: it is
 * not, meanwhile. */
void jit_finish(Jit *j, Region *r, bool unlock);
/* What compiled code calls. */
uint64_t jit_load_slow(CPUArchState *env, vaddr va, const JitHead *head, uint32_t access);
void jit_store_slow(CPUArchState *env, vaddr va, uint64_t value, const JitHead *head, uint32_t access);
/* Before a body, if JIT_TELLS_SANITIZER. */
void jit_body_begins(const Jit *j);
/* Behind the copy of an operation whose body is called: gives itself back. */
const TCGOp *jit_stop(CPUArchState *env, const TCGOp *op);

#endif
