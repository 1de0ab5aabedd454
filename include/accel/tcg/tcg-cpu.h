/*
 * The boundary between the translator and a CPU model: the state the translator keeps per vCPU, and
 * what the CPU model supplies.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_TCG_CPU_H
#define VIREO_ACCEL_TCG_TCG_CPU_H

#include <setjmp.h>

#include "accel/tcg/op.h"
#include "hw/core/cpu.h"

typedef struct TranslationBlock TranslationBlock;
typedef struct TBBuilder TBBuilder;
typedef struct CPUTLB CPUTLB;
typedef struct TLBEntry TLBEntry;

#define TARGET_PAGE_BITS 12
#define TARGET_PAGE_SIZE (1ULL << TARGET_PAGE_BITS)
#define TARGET_PAGE_MASK (~(TARGET_PAGE_SIZE - 1))

typedef enum MMUAccess { MMU_LOAD, MMU_STORE, MMU_FETCH } MMUAccess;
enum { PAGE_READ = 1, PAGE_WRITE = 2, PAGE_EXEC = 4 };

/* One fast-path entry. The tags hold the page's virtual address; a bit from 3 to 11 is set for an
 * entry that is invalid or needs the slow path for that kind of access. Another hart may set such a
 * bit in the store tag (the page now holds code), so that one is read atomically. */
struct TLBEntry {
    uint64_t tag[3];   /* by MMUAccess */
    uintptr_t addend;  /* host address minus guest virtual address */
};

/*
 * Tables have 2^n entries, more where there are many misses. In front of each stands the mask that makes
 * the offset of a page's entry from the address: see tlb_entry().
 */
#define TLB_INDEX_SHIFT (TARGET_PAGE_BITS - 5) /* an entry takes 32 bytes */
_Static_assert(sizeof(TLBEntry) == 32, "TLB_INDEX_SHIFT");

static inline uint64_t tlb_mask(const TLBEntry *table)
{
    return ((const uint64_t *)table)[-1];
}

static inline TLBEntry *tlb_entry(const TLBEntry *table, vaddr va)
{
    return (TLBEntry *)((uintptr_t)table + ((va >> TLB_INDEX_SHIFT) & tlb_mask(table)));
}

/*
 * First member of the CPU model's env; the integer registers should follow. Belongs to the vCPU's thread.
 */
typedef struct CPUTCGState {
    uint32_t *attention;    /* &cpu->attention */
    TLBEntry *tlb;          /* table for explicit loads and stores in the current regime */
    vaddr pc;               /* where to go on, valid outside blocks */
    const TCGOp *cur;       /* operation being run, stored by those that may trap */
    const TranslationBlock *tb; /* block being run: gives cur its pc */
    uint64_t icount_limit;  /* -icount: what icount may reach before the main loop looks again */
    uint64_t icount_hash;   /* of the blocks that were run, with -icount */
    bool icount_yield;      /* the vCPU gives up its turn */
    CPUState *cpu;
    const struct TCGCPUOps *ops;
    CPUTLB *tlbs;           /* all contexts; private to accel/tcg */
    struct JumpCache *jump_cache;
    uint32_t jit_threshold;    /* hits of a block at which it is compiled; 0: never */
    struct JitExit *jit_exit;  /* exit of compiled code that asks to be linked */
    uint32_t jit_calls;        /* 1: compiled code has called the operation, and looks up what follows */
    uint32_t verify_left;      /* verify=on: jumps back until compiled code comes out */
    struct Verify *verify;     /* verify=on, while compiled code runs, or it is done again; else NULL */
    sigjmp_buf *unwind;
    /* Calls made by compiled code: a ring of return addresses, each with tcg_tag() as it was then and where
     * the translation of what is there is found. Forgotten with the jump cache. */
    vaddr ras_pc[32];
    uint64_t ras_tag[32];
    struct JitExit *ras_exit[32];
    /* What compiled code names most, together with the registers that should follow. */
    TLBEntry *tlb_fetch;    /* table for instruction fetch (MPRV makes them differ) */
    uint64_t tlb_fetch_mask; /* tlb_mask(tlb_fetch) */
    uint8_t ras_top;        /* offset into each array of the newest */
    _Alignas(8)
    uint32_t mode;          /* mode word: part of the block key; kept up to date by the CPU model */
    uint32_t fetch_gen;     /* of the fetch context since its last flush; with mode it is tcg_tag() */
    uint64_t icount;        /* instructions retired, brought up to date at block ends and traps */
} CPUTCGState;
_Static_assert(sizeof(((CPUTCGState *)0)->ras_pc) == 256, "ras_top wraps");
_Static_assert(offsetof(CPUTCGState, fetch_gen) == offsetof(CPUTCGState, mode) + 4, "tcg_tag()");

static inline CPUTCGState *env_tcg(CPUArchState *env)
{
    return (CPUTCGState *)env;
}

/* While this stays the same, what was a valid way from a virtual address to a block still is one, for this
 * vCPU: the mode word and which flushes there have been. */
static inline uint64_t tcg_tag(const CPUTCGState *t)
{
    return (uint64_t)t->fetch_gen << 32 | t->mode;
}

/* What a page walk found. */
typedef struct TLBFill {
    hwaddr pa;           /* of the byte asked for */
    unsigned prot;       /* PAGE_*: what this entry may be used for without asking again */
    unsigned page_bits;  /* log2 of the mapping's size, 12 or more: what a flush of any address in it
                            takes along; below 12 if PMP cuts the 4 KiB page: then the entry holds
                            for this one access only */
    bool global;         /* survives a flush by ASID */
    unsigned same_bits;  /* log2 of the aligned piece around va in which all this holds, pa going along: up to
                            page_bits. Below 12: of no use beyond this page */
} TLBFill;

/*
 * A translation regime's identity: what must be equal for a cached translation to hold. Contexts
 * are kept per key, so that a satp write or a mode switch changes a pointer and flushes nothing.
 */
typedef struct TLBKey {
    uint64_t root;  /* page table root and mode: satp without ASID; 0 for bare */
    uint64_t g_root; /* the same of a guest's second stage; 0 for bare or no guest */
    uint32_t asid;  /* ASID, and VMID above it */
    uint32_t mode;  /* privilege, SUM, MXR, virtualisation: whatever changes permissions */
    uint32_t ignored; /* upper bits of addresses that do not matter; entries are kept under the
                         address as the program gave it, flushes take all that differ there */
} TLBKey;

/* What the CPU model supplies to the translator. All called on the vCPU's thread. */
typedef struct TCGCPUOps {
    /* The vCPU's env. */
    CPUArchState *(*get_env)(CPUState *cpu);
    /* Appends the operations of one instruction; see accel/tcg/translate.h. insn holds 16 or 32 bits. */
    void (*translate_insn)(TBBuilder *b, uint32_t insn, unsigned len);
    /* Length in bytes of the instruction that starts with these 16 bits: 2 or 4. */
    unsigned (*insn_len)(uint16_t parcel);
    /* Walks the page tables for the current regime. False: an exception was recorded in env with
     * cause and value, and is raised by the caller with cpu_loop_exit_exception(). */
    bool (*tlb_fill)(CPUArchState *env, vaddr va, MMUAccess access, unsigned size, TLBFill *out);
    /* The address that a load or store to va goes to, where upper bits are ignored; NULL: va. */
    vaddr (*data_address)(CPUArchState *env, vaddr va);
    /* Watchpoints of the CPU's own, beside the debugger's: whether any may look at these bytes, asked when
     * a page enters the TLB (flush it when the answer changes), and an access to such a page, which has
     * been translated and is not made yet. The latter may raise. NULL: it has none. */
    bool (*watches)(CPUArchState *env, vaddr first, vaddr last);
    void (*watch_access)(CPUArchState *env, vaddr va, unsigned size, bool load, bool store);
    /* The access reached nothing or was refused by the bus: record the exception. */
    void (*bus_error)(CPUArchState *env, vaddr va, hwaddr pa, MMUAccess access);
    /* Keys of the current regime, for loads and stores, and for fetches. */
    void (*tlb_keys)(CPUArchState *env, TLBKey *data, TLBKey *fetch);
    /* Delivers the recorded exception: sets pc and mode. tcg.pc holds the faulting pc. */
    void (*deliver_exception)(CPUArchState *env);
    /* Takes the highest enabled pending interrupt, if any; true if pc changed. */
    bool (*take_interrupt)(CPUArchState *env);
    /* Around every exec(), on the vCPU's thread: set up and fold what the host keeps for the guest
     * (floating-point flags). NULL: nothing to do. The engine moves the pc between tcg.pc and
     * CPUClass.get_pc/set_pc itself. */
    void (*exec_enter)(CPUArchState *env);
    void (*exec_leave)(CPUArchState *env);
    /* For compiled code; NULL: there is none of this model. */
    const struct TCGJitOps *jit;
    /* One line per register for -d cpu. */
    void (*dump)(CPUArchState *env, GString *out);
} TCGCPUOps;

/* ---- Called by the CPU model ---- */

/* Sets up env->tcg for a vCPU; called by the accelerator. */
bool tcg_cpu_init(CPUState *cpu, CPUArchState *env, Error **errp);

/* Leaves the running block at tcg.cur, whose instruction did not retire, with the exception that is
 * recorded in env. Brings pc and icount up to date. Only from within exec(). */
_Noreturn void cpu_loop_exit_exception(CPUArchState *env);
/* Leaves the running block before tcg.cur's instruction (it will run again), with no exception. */
_Noreturn void cpu_loop_exit_restart(CPUArchState *env);

/* The pc of the operation being run; valid in handlers that store tcg.cur. */
vaddr tcg_current_pc(CPUArchState *env);
/* Instructions retired up to and without the one being run. */
uint64_t tcg_current_icount(CPUArchState *env);

/* The regime may have changed (mode word, satp, SUM, MXR, MPRV ...): choose the contexts again. */
void tcg_tlb_switch(CPUArchState *env);

/* Flushes of this vCPU's contexts; cheap if nothing matches. */
void tcg_tlb_flush_all(CPUArchState *env);
/* Page va (all sizes) in contexts of that ASID; asid -1: every ASID, globals included. */
void tcg_tlb_flush_page(CPUArchState *env, vaddr va, int64_t asid);
/* Everything that is not global in contexts of that ASID. */
void tcg_tlb_flush_asid(CPUArchState *env, int64_t asid);
/* The same two in contexts whose key's asid agrees with asid in the bits of mask; globals: these too. */
void tcg_tlb_flush_page_match(CPUArchState *env, vaddr va, uint32_t asid, uint32_t mask,
                              bool globals);
void tcg_tlb_flush_match(CPUArchState *env, uint32_t asid, uint32_t mask, bool globals);

/* fence.i on this hart: code that any hart wrote before is seen after. */
void tcg_fence_i(CPUArchState *env);

/* With -icount: take_interrupt() is called again before more than this many instructions have run.
 * False, and nothing happens, if instructions are not counted down. */
bool tcg_limit_insns(CPUArchState *env, uint64_t insns);

/* The hart spins, waiting for another one: gives that the host's core, or with thread=single the
 * next turn (at the next look at attention). */
void tcg_yield(CPUArchState *env);

#endif
