/*
 * What the files of the translator share: blocks, the per-vCPU and per-machine state.
 *
 * Threads. A block is written by one thread, then published by a release store (hash bucket, chain, jump
 * cache), and from then on only its atomic fields change: hash_next, key_pc, jit_code, first_fn, hits,
 * `fn` of its first operation and `imm` of its chains. Everything else about blocks (arena, page lists,
 * links) is guarded by TCGState.lock. Memory of blocks is reused only after an exclusive section, when
 * nobody can be running them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_INTERNAL_H
#define VIREO_ACCEL_TCG_INTERNAL_H

#include "accel/accel.h"
#include "accel/icount.h"
#include "accel/tcg/tcg-cpu.h"
#include "accel/tcg/translate.h"

#define TB_NO_PAGE UINT32_MAX /* numbers of pages with blocks are less */
#define TB_DEAD_PC 1 /* odd: no instruction is there */

struct TranslationBlock {
    struct JitLink *jit_in;       /* exits of compiled code that lead here */
    struct JitPart *jit_parts;    /* compiled regions that this is part of */
    struct JitCode *jit;          /* the one that begins here, or NULL */
    TCGOpFn first_fn;             /* atomic: of the first operation, while jit_enter() stands there */
    uintptr_t page_next[2];       /* next block on the first and second page */
    TCGOp *jmp_in;                /* chains that lead here */
    uint32_t n_ops;
    uint32_t code_sum;            /* of the guest bytes, see recheck.c */
    /* One cache line: what jumps look at, and who looks for a block in the hash. */
    const void *jit_code;         /* atomic: of jit, or NULL */
    vaddr key_pc;                 /* atomic: pc, or TB_DEAD_PC once the block is invalid */
    uintptr_t addend;             /* of the page pc is on: what the fetch TLB must say */
    TranslationBlock *hash_next;  /* atomic */
    vaddr pc;
    uint32_t mode;
    uint32_t hits;                /* atomic: see tb_hit() */
    uint32_t ram_page[2];         /* RAM page numbers of the code; TB_NO_PAGE: none */
    uint16_t size;                /* guest bytes */
    uint16_t n_insns;
    uint32_t pad;
    TCGOp ops[];
};
_Static_assert(offsetof(TranslationBlock, jit_code) == 64 && offsetof(TranslationBlock, ops) == 128,
               "blocks are aligned to 64 bytes");
_Static_assert(offsetof(TranslationBlock, ops) == TCG_TB_OPS, "TCG_TAKEN()");

#define TCG_MAX_OPS 512 /* of a block */

/*
 * Which block is at an address. An entry holds as long as its tag is tcg_tag(); else if mode and fetch TLB
 * agree with the block, which need not be alive any more. Only the vCPU's thread writes, but for code, which
 * any thread may set to NULL: see jump_cache_forget_code().
 */
#define JUMP_CACHE_BITS 14
typedef struct JumpEntry {
    vaddr pc;             /* TB_DEAD_PC where empty */
    uint64_t tag;         /* tcg_tag() when it was last found to be what the fetch TLB says */
    const void *code;     /* atomic: tb->jit_code, or NULL: look there */
    TranslationBlock *tb; /* never NULL; the dummy where empty */
} JumpEntry;

typedef struct JumpCache {
    JumpEntry entry[1 << JUMP_CACHE_BITS];
    unsigned turn;        /* which way gives its place next */
} JumpCache;

/* Of the entry that is looked at first; the others are its neighbours, index ^ way. */
#define JUMP_CACHE_WAYS 4
static inline unsigned jump_cache_index(vaddr pc)
{
    return ((pc >> 1) ^ (pc >> JUMP_CACHE_BITS)) & ((1 << JUMP_CACHE_BITS) - 1);
}

#define TYPE_TCG_ACCEL "tcg" ACCEL_TYPE_SUFFIX
OBJECT_DECLARE_SIMPLE(TCGState, TCG_STATE, TYPE_TCG_ACCEL)

typedef struct TCGCPU TCGCPU;
typedef struct CodePages CodePages;
typedef struct RoundRobin RoundRobin;
typedef struct Icount Icount;
typedef struct Jit Jit;
typedef struct JumpTargets JumpTargets;
typedef struct Verify Verify;

/* Values of siglongjmp() to the main loop. */
enum { UNWIND_EXCEPTION = 1, UNWIND_RESTART = 2, UNWIND_DEBUG = 3 };

/*
 * Memory that is filled part by part. When none is left the oldest part is emptied: what is in it is cut off
 * piece by piece while vCPUs run, and the exclusive section at the end only makes them forget it.
 */
#define TCG_GENERATIONS 16
typedef struct Generations {
    uint64_t part;        /* bytes of each */
    unsigned n, current;
    unsigned going;       /* the part that is being emptied; n: none */
    bool full;            /* nothing can be made until one has been */
    uint64_t kept;        /* bytes of the first one that stay */
    uint64_t used[TCG_GENERATIONS];
    uint64_t n_emptied;
} Generations;

/* Takes part of size bytes; kept: how many at the beginning of the first are never emptied. */
void generations_init(Generations *g, uint64_t size, uint64_t kept);
/* The current one has no room. Goes on in the next; false: that has to be emptied first. */
bool generations_next(Generations *g);
/* Which one to empty now, g->n if none: room is made before it is needed. */
unsigned generations_oldest(const Generations *g);
/* g->going is empty. */
void generations_emptied(Generations *g);

typedef enum TCGThreadMode { TCG_THREAD_MULTI, TCG_THREAD_SINGLE } TCGThreadMode;

struct TCGState {
    AccelState parent_obj;
    int thread_mode;      /* TCGThreadMode */
    uint32_t tb_size_mib;
    uint64_t tb_size;     /* bytes of the block arena, compiled code and its data */

    GMutex lock;
    uint8_t *arena;
    uint64_t arena_size;
    uint64_t arena_asked;    /* up to here the host was asked for memory beforehand, or had no need to be */
    Generations blocks;      /* of the arena */
    TranslationBlock **hash; /* buckets, atomic */
    CodePages *pages;
    TranslationBlock *dummy; /* matches no pc */
    TCGCPU **cpus;        /* by cpu_index; entries published atomically */
    unsigned nr_cpus;
    uint64_t n_tbs, n_flushes;
    RoundRobin *rr;       /* NULL with a thread each */
    Icount *icount;       /* NULL: time is the host's */
    Jit *jit;             /* NULL: everything is interpreted */
    int jit_wanted;       /* OnOffAuto */
    int jit_thread;       /* OnOffAuto: whether a thread of its own compiles */
    bool jit_stats;       /* compiled code counts, too */
    GMutex room_lock;     /* who makes room; not taken by a vCPU that counts as running */
    bool room_wanted;     /* atomic: a generation should be emptied */
    bool want_verify;
    uint32_t verify_runs; /* most comparisons of each region; 0: all */
    uint32_t jit_threshold;
    GPtrArray *suspects;  /* of Suspect, see recheck.c */
    uint32_t n_suspects;  /* atomic: its length */
    MemoryListener listener;
    unsigned nr_map_changes; /* by vCPUs; the memory lock guards it */
    bool has_listener;
};

/* What the vCPU did that compiled code is there to avoid; of its thread. */
typedef struct JitSlow {
    uint64_t all;          /* accesses that C made; those that are none of the next faulted */
    uint64_t filled;       /* the TLB had no entry */
    uint64_t crossing;     /* two pages */
    uint64_t other;        /* a device, a page with code, a watchpoint, an entry that was put aside */
} JitSlow;
typedef struct JitCounts {
    uint64_t entered;      /* from the interpreter, and left: */
    uint64_t unlinked;     /* by an exit that leads nowhere yet, or must look first: attention, another page */
    uint64_t looked_up;    /* for the main loop: a computed address that is not in the jump cache, attention */
    uint64_t cold;         /* for code that is not compiled */
    uint64_t interpreted;  /* for an instruction that is not */
    JitSlow loads, stores;
} JitCounts;

/* One vCPU's part. */
struct TCGCPU {
    TCGState *s;
    CPUState *cpu;
    CPUArchState *env;
    struct TBBuild *build;
    TranslationBlock *uncached; /* one-instruction block of a page that cannot be cached */
    unsigned index;             /* in TCGState.cpus */
    TCGOp *pending_link;        /* chain that asked for the block to be looked up */
    JumpTargets *targets;       /* NULL: nothing is compiled */
    JitCounts counts;
    uintptr_t note_host;        /* for the profiler: in compiled code; or 0, and then the next two */
    CPUNote note;
    bool noted;
    Verify *verify;             /* NULL without verify=on */
    uint64_t passes;            /* atomic: times through the main loop, where no store is half done */
};

static inline TCGCPU *env_tcgcpu(CPUArchState *env)
{
    return (TCGCPU *)env_tcg(env)->cpu->accel_state;
}

/* ---- tb.c ---- */
bool tb_init(TCGState *s, Error **errp);
void tb_finalize(TCGState *s);
/* Whether it is the valid block for this key. */
static inline bool tb_is(const TranslationBlock *tb, uint64_t ram_page, vaddr pc, uint32_t mode,
                         uint64_t ram_page1, uintptr_t addend)
{
    return __atomic_load_n(&tb->key_pc, __ATOMIC_RELAXED) == pc && tb->mode == mode &&
           tb->addend == addend && tb->ram_page[0] == ram_page &&
           ((pc & ~TARGET_PAGE_MASK) != TARGET_PAGE_SIZE - 2 || tb->ram_page[1] == ram_page1);
}

/* The valid block for this key, or NULL. ram_page1 is TB_NO_PAGE unless the instruction at pc
 * crosses into a second page. Any thread, no lock. */
TranslationBlock *tb_lookup(TCGState *s, uint64_t ram_page, vaddr pc, uint32_t mode,
                            uint64_t ram_page1, uintptr_t addend);
#define TCG_HUGE_PAGE (2 * MiB) /* of the host */
/* Asks the host for huge pages, but for the first 2 MiB: a small guest takes no more memory than it needs. */
void tcg_want_huge_pages(void *p, size_t size);
/* Memory that blocks will take soon, and that was not asked for yet: *size bytes; NULL: none. Lock held. */
void *tb_memory_ahead(TCGState *s, size_t *size);
/* Room for a block, aligned; NULL when the arena is full. Lock held. */
TranslationBlock *tb_alloc(TCGState *s, unsigned n_ops);
/* What a block of n_ops operations takes. */
static inline uint64_t tb_bytes(unsigned n_ops)
{
    return align_up(sizeof(TranslationBlock) + n_ops * sizeof(TCGOp), 64);
}
/* Makes the block visible. Lock held. */
void tb_insert(TCGState *s, TranslationBlock *tb);
/* Cuts the block off: no lookup or chain reaches it any more. Lock held. */
void tb_kill(TCGState *s, TranslationBlock *tb);
/* Lets chain lead to tb if both are still good. */
void tb_link(TCGState *s, TCGOp *chain, TranslationBlock *tb);
/* Empties the tables of blocks. Lock held. */
void tb_drop_all(TCGState *s);
/* Drops every block. In an exclusive section. */
void tb_flush(TCGState *s);
/* Whether p lies in the part of the arena that is being emptied. Lock held. */
bool tb_going(const TCGState *s, const void *p);
/* Says that a generation should be emptied, which the next vCPU in its main loop does. */
void tb_want_room(TCGState *s);
/* Does so: empties the oldest generation of blocks, of compiled code, or of both. Outside exec(). */
void tb_make_room(TCGState *s);
/* Forgets what this vCPU remembers of blocks. Its thread, or an exclusive section. */
void tcg_jump_cache_clear(TCGCPU *c);
JumpCache *jump_cache_new(TranslationBlock *dummy);
void jump_cache_free(JumpCache *j);
/* What tb was compiled to is no more: no vCPU comes to it by its jump cache. tb->jit_code is NULL already.
 * Lock held. */
void jump_cache_forget_code(TCGState *s, const TranslationBlock *tb);

/* ---- pages.c: RAM pages that hold translated code ---- */
CodePages *code_pages_new(void);
void code_pages_free(CodePages *p);
void code_pages_reset(CodePages *p);
/* From now on writes to the page are noticed, by every vCPU. False: the page cannot be tracked.
 * Lock held. */
bool code_page_protect(TCGState *s, RAMBlock *block, uint64_t offset);
/* Bytes [off, off + len) of a protected page hold code. Lock held. */
void code_page_mark(TCGState *s, uint64_t ram_page, unsigned off, unsigned len);
/* Enters tb into the list of its page n (0 or 1). Lock held. */
void code_page_add(TCGState *s, TranslationBlock *tb, unsigned n);
/* Whether what begins where tb does is worth compiling soon, also under another address (shared libraries in
 * several processes). Forgotten when the bytes are written. Lock held. */
void code_page_note_hot(TCGState *s, const TranslationBlock *tb, bool hot);
bool code_page_was_hot(TCGState *s, const TranslationBlock *tb);
/* Bytes of one page were written: kills the blocks that were made of them. Any thread, lock not
 * held. Returns whether the page holds no code (any more), so that writes may be quick again. */
bool code_page_written(TCGState *s, RAMBlock *block, uint64_t offset, unsigned len);
/* A vCPU may from now on write to the page without anybody noticing, by its TLB's entry of va. */
void code_page_note_store(TCGState *s, RAMBlock *block, uint64_t offset, vaddr va);
/* The hook for writes by devices and loaders. */
void code_pages_write_hook(RAMBlock *block, uint64_t offset, uint64_t len);
/* For ram_block_collect_dirty(). */
extern const RAMProtectHooks code_pages_protect_hooks;

/* Takes blocks that are no more out of the list of tb's page n, unless that was done with this stamp
 * before. Lock held. */
void code_page_sweep(TCGState *s, const TranslationBlock *tb, unsigned n, uint64_t stamp);
/* Blocks of the page, from the newest; the lock is held. fn may kill them. */
void code_page_foreach(TCGState *s, uint64_t ram_page,
                       void (*fn)(TCGState *s, TranslationBlock *tb, void *opaque), void *opaque);

/* ---- recheck.c: stores that were on their way when a page became code ---- */
/* The page got its first block, and other vCPUs could write to it until now. Lock held. */
void recheck_add(TCGState *s, RAMBlock *block, uint64_t offset);
/* At a fence.i: kills blocks of such pages that no longer agree with memory. */
void recheck_run(TCGState *s);
/* Drops the list. Lock held. */
void recheck_clear(TCGState *s);
uint32_t recheck_sum(uint32_t sum, const uint8_t *host, unsigned len);

/* ---- translate.c ---- */
struct TBBuild *tb_build_new(void);
void tb_build_free(struct TBBuild *b);
/* The block at tcg.pc in the current mode, made if need be. Raises fetch faults. NULL: the arena is
 * full and must be flushed. */
TranslationBlock *tb_get(TCGCPU *c);
/* A block of the one instruction at tcg.pc, not kept: good until the next is made. */
TranslationBlock *tb_get_single(TCGCPU *c);

/* ---- ldst.c ---- */
/* Two bytes of code from RAM, as one access. */
uint16_t tcg_code_parcel(const uint8_t *host);

/* ---- chain.c ---- */
/* In a chain's pc_off: what must hold for it to be followed. */
typedef enum ChainKind { CHAIN_NEVER, CHAIN_SAME_PAGE, CHAIN_CROSS_PAGE } ChainKind;
/* hot: jumps back count how often they are made. */
TCGOpFn tcg_chain_fn(ChainKind kind, bool backward, bool hot);
TCGOpFn tcg_guard_fn(void); /* checks the second page of a crossing instruction */

static inline vaddr chain_target(const TranslationBlock *tb, const TCGOp *chain)
{
    return tb->pc + (int64_t)(int32_t)chain->insn;
}

bool tcg_chain_counts(const TCGOp *op);

/* What a handler called with tcg.jit_calls gives back instead of looking up the block at tcg.pc. */
extern const TCGOp tcg_op_lookup;

/* NULL: not linked. */
static inline TranslationBlock *chain_load(const TCGOp *chain)
{
    uint64_t imm = __atomic_load_n(&chain->imm, __ATOMIC_ACQUIRE);

    return (TranslationBlock *)(uintptr_t)(imm & ~(uint64_t)TCG_CHAIN_CHECK);
}

static inline void chain_store(TCGOp *chain, TranslationBlock *tb)
{
    bool check = !tb || chain->pc_off != CHAIN_SAME_PAGE || tcg_chain_counts(chain);

    __atomic_store_n(&chain->imm, (int64_t)((uintptr_t)tb | (check ? TCG_CHAIN_CHECK : 0)),
                     __ATOMIC_RELEASE);
}

/* Whether it is a chain, and whether its jump goes back. */
bool tcg_op_is_chain(const TCGOp *op);
bool tcg_chain_backward(const TCGOp *op);

/* ---- jit/jit.c: compiled code ---- */
/* The block is come to by a jump back, an indirect jump, or from compiled code. Whether it has been
 * often enough to be compiled. Harts that count at once may lose some. */
static inline bool tb_hit(const CPUTCGState *t, TranslationBlock *tb)
{
    uint32_t hits = __atomic_load_n(&tb->hits, __ATOMIC_RELAXED) + 1;

    __atomic_store_n(&tb->hits, hits, __ATOMIC_RELAXED);
    return unlikely(hits == t->jit_threshold);
}
void jit_init(TCGState *s);
void jit_free(TCGState *s);
/* A vCPU comes into being: what depends on its layout. */
bool jit_cpu_init(TCGState *s, CPUState *cpu, CPUArchState *env, Error **errp);
/* The block has been come to often: compiles what begins there. vCPU thread, between blocks. */
void jit_compile(TCGCPU *c, TranslationBlock *tb);
/* Leads an exit to tb, which is where it goes, if both are good. */
void jit_link(TCGCPU *c, struct JitExit *x, TranslationBlock *tb);
/* The block is no more. Lock held. */
void jit_kill(TCGState *s, TranslationBlock *tb);
/* Drops everything. Lock held, in an exclusive section. */
void jit_flush(TCGState *s);
/* AccelClass.observe. */
bool jit_observe(TCGState *s, AccelObserve what, Error **errp);
/* Says why nothing is compiled, if jit=on asks for it. */
void jit_warn_not_compiled(const TCGState *s);
/* Starts to empty the oldest generation of compiled code, if it is time; then cuts off up to n pieces of it,
 * until it returns false; then takes it back, in an exclusive section. Lock held. */
bool jit_evict_start(TCGState *s);
bool jit_evict_some(TCGState *s, unsigned n);
void jit_evict_end(TCGState *s);
/* ---- jit/worker.c ---- */
/* Between these two nothing is being compiled. Lock not held by who calls. */
void jit_pause(TCGState *s);
void jit_resume(TCGState *s);
/* Blocks go: regions that wait to be compiled are given up. Paused, lock held. */
void jit_forget_waiting(TCGState *s);
/* ---- jit/info.c ---- */
/* Whether hot code is to be compiled, by the user's will; why it is not. */
bool jit_on(const TCGState *s);
const char *jit_why_not(const TCGState *s);
/* For info jit. Main thread. */
void jit_info(TCGState *s, GString *out);

/* ---- jit/targets.c: where indirect jumps go ---- */
#define JUMP_TARGETS 12
JumpTargets *jump_targets_new(void);
/* The interpreter jumped from pc to target. */
void jump_targets_note(JumpTargets *j, vaddr pc, vaddr target);
/* Up to max targets that make up most jumps of pc; 0 if they do not, or nothing is known. */
unsigned jump_targets_get(JumpTargets *j, vaddr pc, unsigned max, vaddr *out);

/* ---- sample.c: AccelClass.note, noted ---- */
void tcg_note(CPUState *cpu, uintptr_t host_pc);
bool tcg_noted(CPUState *cpu, CPUNote *out);
/* The host is in code that was compiled. */
bool jit_is_code(const Jit *j, uintptr_t host);
/* The instruction that this code belongs to. Any thread, lock not held. */
bool jit_find_insn(TCGState *s, uintptr_t host, CPUNote *out);

/* ---- jit/verify.c: compiled code against the interpreter ---- */
bool verify_cpu_init(TCGCPU *c, Error **errp);
void verify_cpu_free(TCGCPU *c);
/* JitBackend.run(), done again by the interpreter and compared. tcg.tb is where it begins. */
const TCGOp *verify_run(TCGCPU *c, CPUArchState *env, const void *code);
/* For info jit. */
void verify_info(TCGState *s, GString *out);
/*
 * With tcg.verify set. An access to memory was translated and is not made yet: the page is copied before it
 * changes; what the interpreter does again goes to the copy.
 */
struct TLBProbe;
void verify_access(CPUArchState *env, MMUAccess access, struct TLBProbe *p);
/* What a device answered, or was told, is noted; true: it was given already, and nothing is to be done. */
bool verify_repeats_bus(CPUArchState *env, hwaddr pa, uint64_t *value, unsigned size, bool store,
                        MemTxResult *result);
void verify_note_bus(CPUArchState *env, hwaddr pa, uint64_t value, unsigned size, bool store,
                     MemTxResult result);

/* ---- exec.c ---- */
CPUExit tcg_exec(CPUState *cpu);
/* An exception was recorded; pc and icount are right already (fetch faults, guards). */
_Noreturn void tcg_loop_exit_at_pc(CPUArchState *env);
/* Leaves the block before tcg.cur's instruction, for the debugger. */
_Noreturn void tcg_loop_exit_debug(CPUArchState *env);

/* ---- debug.c ---- */
bool tcg_debug_changed(AccelState *accel, bool code, bool data, Error **errp);
/* Appends what stops at a breakpoint on the instruction that comes next. */
void tcg_debug_translate(TBBuilder *b);
/* An access to a page with a watchpoint, the debugger's or the CPU's: leaves the block if it meets it. */
void tcg_debug_access(CPUArchState *env, vaddr va, unsigned size, bool load, bool store);

/* ---- rr.c: one vCPU at a time ---- */
RoundRobin *rr_new(void);
void rr_free(RoundRobin *rr);
/* False: attention came first. */
bool rr_enter(RoundRobin *rr, CPUState *cpu);
void rr_leave(RoundRobin *rr, CPUState *cpu);
/* Whether somebody waits for its turn. */
bool rr_wanted(RoundRobin *rr);

/* ---- icount.c: time that counts instructions, and turns by count ---- */
bool tcg_set_icount(AccelState *accel, const IcountConfig *config, Error **errp);
void icount_free(Icount *ic);
/* Waits for the turn, also of a halted vCPU, and says in icount_limit how far it goes. False: attention
 * came first. */
bool icount_enter(Icount *ic, TCGCPU *c);
void icount_leave(Icount *ic, TCGCPU *c);
/* A vCPU has attention, or is wanted out of icount_enter(). Any thread. */
void icount_wake(Icount *ic, bool kicked);
/* The vCPU's thread has ended. */
void icount_gone(Icount *ic, TCGCPU *c);
/* The first operation of a block: leaves it if it does not fit into what is left. */
TCGOpFn icount_check_fn(void);

static inline void icount_note(CPUTCGState *t, vaddr pc)
{
    t->icount_hash = (t->icount_hash ^ pc ^ t->icount << 40) * 0x100000001b3ULL;
}

/* ---- log.c ---- */
static inline bool tcg_log_blocks(void)
{
    return log_enabled(LOG_EXEC | LOG_CPU | LOG_NOCHAIN);
}
void tcg_log_enter(TCGCPU *c, const TranslationBlock *tb);
void tcg_log_translated(TCGCPU *c, const TranslationBlock *tb, const uint8_t *bytes);

#endif
