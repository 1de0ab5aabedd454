/*
 * What the files of the x86-64 back end share.
 *
 * Registers. rbp is near env (x86_env_bias()), r15 the TLB table of explicit accesses with its windows in front
 * of it, rax is free between operations, and rcx and rdx where nothing is held in them (share.c). The other ten
 * hold guest registers: at the borders of regions those of x86_convention, within a region those that it uses
 * most. In a region with a loop the count of instructions is in an xmm register (Emit.count): in memory, each
 * round would have to wait for the store of the one before.
 *
 * The stack frame of compiled code is FRAME bytes above rsp, 16-byte aligned: see common.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_X86_64_EMIT_H
#define VIREO_ACCEL_TCG_JIT_X86_64_EMIT_H

#include "accel/tcg/jit/jit.h"
#include "accel/tcg/jit/x86_64/asm.h"
#include "accel/tcg/tlb.h"

#define X86_REGS 16
#define X86_LABEL_USES (2 * REGION_EDGES)
#define X86_STUBS 4096

enum { ENV = RBP, TLB = R15 };
enum { XMM_FIRST = 3, XMM_FIRST_VECTORS = 6 }; /* those below are free between operations */

/* Slots of the frame, from rsp. */
enum { FRAME_VALUE = 0, FRAME_SITE = 8, FRAME_ACCESS = 8, FRAME_SPARE = 16, FRAME = 24 };

/* Where a table's mask is, from the table; what it never exceeds. */
enum { TLB_MASK_AT = -8, TLB_MASK_MAX = ((1 << TLB_BITS_MAX) - 1) * sizeof(TLBEntry) };

/* The distance from env to where rbp points: so that what is needed most can be told by 8 bits, the last words
 * of CPUTCGState, if registers are behind it, and the first registers. */
static inline int32_t x86_env_bias(const TCGJitOps *model)
{
    enum { TAIL = sizeof(CPUTCGState) - offsetof(CPUTCGState, tlb_fetch), REACH = 128 };

    return (int32_t)model->x_offset - TAIL + REACH;
}

#define ENV_TCG(field) ((int32_t)offsetof(CPUTCGState, field))

/* The guest register that a host register holds at the borders of regions; JIT_NONE: not one. */
extern const uint8_t x86_convention[X86_REGS];

typedef enum StubKind { STUB_LOAD, STUB_STORE, STUB_BODY, STUB_INTERPRET, STUB_NAN, STUB_EDGE, STUB_ATTENTION,
               STUB_LOOKUP, STUB_GUESS, STUB_MOVE, STUB_VEC_PART, STUB_VEC_MISS, STUB_VEC_RESUME, STUB_VEC_SET,
               STUB_VEC_EACH } StubKind;

/* What an access, or several, asks of the page at lo to hi (not included) from a base register. */
typedef struct X86Check {
    uint8_t var;
    bool store;               /* else only loaded from */
    bool window;
    uint8_t guess;            /* instead: 1 and the number of the window that may be it; 0: none */
    bool chased;              /* an address that loads give each other in turn: they are waited for */
    int64_t lo, hi;
} X86Check;

/* Pieces of vector registers in host registers, by their bits: see vec-keep.c. */
typedef struct X86KeepMap {
    uint32_t regs, wide, written; /* assigned; of 32 bytes, not 16; some operation writes it */
    bool loop;                    /* on the way back all are valid */
    uint32_t offset[32];          /* in env */
} X86KeepMap;
typedef struct X86Kept {
    uint32_t valid, dirty;
    uint8_t block;                /* whose map it is */
    bool off;                     /* everything is in env */
} X86Kept;

/* Code away from the main path, written behind it. */
typedef struct Stub {
    StubKind kind;
    const IRInsn *insn;
    uint8_t *from;        /* the jump that leads here */
    const uint8_t *back;  /* where to go on: the access itself */
    const uint8_t *after; /* or behind it */
    unsigned edge;
    uint8_t *froms[8];    /* body, interpret, vectors: all of them */
    unsigned n_from;
    int resume;           /* body: go on in the copy of a stretch, at this operation; 0: at after */
    uint8_t reg, restore; /* NaN: the register; body: that becomes what restore is, unless equal */
    bool window;          /* it was a window that did not fit */
    int32_t bytes;        /* vectors: that were asked for */
    bool whole;           /* and all are accessed */
    X86Kept kept, then;   /* vectors kept where it is left, and where it comes back */
    struct {
        uint32_t valid, dirty, first;
    } kept_at[8];         /* resume: at each of froms, with the element to begin with */
    uint8_t held;         /* guess: the register for the addend */
    X86Check check;       /* load, store, guess, move */
} Stub;

/* Where an access is made. */
typedef struct X86Place {
    unsigned base, index;
    int32_t disp;
} X86Place;

/* A check that rcx or rdx holds the addend of, up to operation `until`. */
typedef struct X86Held {
    X86Check check;
    int first, until;
} X86Held;

/* rcx or rdx holds what, rotated by `shift` and masked, is the TLB's entry for operation `of`, an access. */
typedef struct X86Ahead {
    int of;                   /* 0: none */
    int64_t lo;               /* of its check */
    uint8_t reg, shift;
} X86Ahead;

/* Operations in which something is held, and what was known where they begin. */
typedef struct X86Stretch {
    int first, end;
    const uint8_t *back;      /* behind them */
    uint64_t boxed;
    uint32_t fast;
    X86Kept kept;
} X86Stretch;
#define X86_STRETCHES 256

/* Operations that a way back leads over: see x86_find_loops(). */
typedef struct X86Loop {
    unsigned first, end;
    uint32_t steady, guess;   /* registers */
    uint32_t written;
} X86Loop;
#define X86_LOOPS 48

#define X86_FAILS 1024

typedef struct Emit {
    Jit *j;
    const Region *r;
    Asm a;
    int8_t reg[JIT_VARS];      /* where a variable is; -1: in env */
    uint8_t var[X86_REGS];     /* what a register holds */
    uint8_t fvar[X86_REGS];    /* and an xmm register; reg[] of such a variable is its number */
    bool moved;                /* var differs from the convention, or fvar is not empty, or count is set */
    uint8_t count;             /* xmm register that tcg.icount is in; 0: none, it is in env */
    uint64_t boxed;            /* floating-point variables known to hold a boxed number */
    uint32_t fast;             /* bits of env's bytes that were tested in this block */
    const uint8_t *held_at;    /* NULL, or code after which held_reg still holds held_var, as env does */
    uint8_t held_var, held_reg;
    const uint8_t *label[REGION_BLOCKS];
    const uint8_t *again[REGION_BLOCKS]; /* the way back of a loop that keeps vectors */
    X86KeepMap keep[REGION_BLOCKS];
    X86Kept kept;
    struct {
        uint8_t *place;
        unsigned block;
    } uses[X86_LABEL_USES];    /* jumps to blocks that are not there yet */
    unsigned n_uses;
    JitExit *exits[REGION_EDGES];
    const uint8_t *leave;      /* NULL, or code that leaves to look up rax */
    uint8_t *flags;            /* of the guest by those of the host; NULL: not needed so far */
    const void *spill, *fill;  /* routines of this region, or the common ones */
    const uint8_t *head;       /* JitHead */
    struct {
        uint64_t bits;
        const void *place;
    } vec_const[16];           /* constants of vectors among this region's data */
    unsigned n_vec_const;
    const IRInsn *lr;          /* NULL, or an LR whose reservation is surely still there, its base unchanged */
    bool lr_value;             /* and so is its result */
    const IRInsn *unless;      /* up to here set_env is done out of line */
    unsigned block_end;        /* of the block being written, in insns */
    uint32_t windowed;         /* base registers that have windows at this operation */
    uint32_t guessed;          /* those of which loads guess one */
    const IRInsn *guess_at;    /* the load that made the last guess */
    unsigned n_guesses;
    const IRInsn *asked;       /* the load that was looked at last: is it chased? */
    bool chased;
    const X86Loop *in_loop;    /* the smallest around this operation; NULL: none */
    unsigned in_loop_end;      /* up to here */
    X86Ahead ahead;
    unsigned n_loops;
    X86Held held[2];           /* rcx, rdx */
    bool cold;                 /* a copy of a stretch is being written */
    unsigned n_stretches, n_fails;
    unsigned n_stubs;
    Stub stubs[X86_STUBS];
    X86Loop loop[X86_LOOPS];
    X86Stretch stretch[X86_STRETCHES];
    struct {
        uint8_t *from;
        int insn;
    } fails[X86_FAILS];        /* jumps into the copies */
    const uint8_t *cold_label[REGION_INSNS];
} Emit;

/* ---- backend.c ---- */
void x86_operation(Emit *e, const IRInsn *i, unsigned next_block);

/* ---- common.c ---- */
bool x86_init(Jit *j);
/* For what will run behind the code that there is. */
Asm x86_draft(const Jit *j);
/* Tests whether attention is wanted. Returns the condition under which it is. */
unsigned x86_attention(const Jit *j, Asm *a);
/* ---- lookup.c ---- */
/* Writes j->lookup; out: the way back to C. */
void x86_lookup_init(Jit *j, Asm *a, const uint8_t *out);

/* ---- access.c ---- */
void x86_access_init(Jit *j, Asm *a);

/* ---- regs.c ---- */
void x86_assign(Emit *e);
/* From the convention's registers to the region's, and back. */
void x86_enter(Emit *e);
void x86_leave(Emit *e);
void x86_spill(Emit *e);
void x86_fill(Emit *e);
/* n instructions of the guest have run. Flags are kept, unless in a region without a loop. */
void x86_retire(Emit *e, unsigned n);
/* What x86_retire() adds. False: no room. */
bool x86_count_init(Jit *j);

static inline int32_t x86_offset(const Emit *e, unsigned var)
{
    return (int32_t)region_var_offset(e->r, var);
}
/* A register that holds var: its own, or scratch after loading it. */
unsigned x86_use(Emit *e, unsigned var, unsigned scratch);
/* scratch becomes a copy of var. */
void x86_copy(Emit *e, unsigned var, unsigned scratch);
/* The register to compute var's new value in: its own, or scratch. x86_define() then stores that. */
static inline unsigned x86_dest(const Emit *e, unsigned var, unsigned scratch)
{
    return var < JIT_VARS && e->reg[var] >= 0 ? (unsigned)e->reg[var] : scratch;
}
void x86_define(Emit *e, unsigned var, unsigned reg);

/* ---- alu.c ---- */
/* d = imm; rax is kept. */
void x86_constant(Emit *e, unsigned d, uint64_t value);
void x86_alu(Emit *e, const IRInsn *i);
/* ---- muldiv.c ---- */
void x86_muldiv(Emit *e, const IRInsn *i);

/* ---- mem.c ---- */
void x86_access(Emit *e, const IRInsn *i);
/* d = offset of the TLB's entry of the address in s; they may be the same. */
void x86_tlb_entry(Asm *a, unsigned d, unsigned s);
/* rax = var + offset */
void x86_address(Emit *e, unsigned var, int64_t offset);
/* The number of the window that c asks. */
unsigned x86_window(const X86Check *c);
/* h becomes what the entry of b + (a << scale) + lo is found by: see X86Ahead. */
void x86_index(Emit *e, const IRInsn *i, unsigned scale, int32_t lo, unsigned h);
/* h, rcx or rdx, becomes the addend of what c asks for; no: the jumps of a failure, NULL where there is none.
 * rax is used. */
void x86_check(Emit *e, const X86Check *c, unsigned h, uint8_t *no[2]);
/* Out of line: the window becomes the page that c asks for, with rdx the addend, and on at back; what the
 * TLB does not let pass falls through. */
void x86_move_window(Emit *e, const X86Check *c, const uint8_t *back);
/* rdx and rcx become the addends of the pages of the first byte and of the last; rax is used. */
void x86_check_two(Emit *e, const X86Check *c, uint8_t *no[2]);
/* Out of line: h becomes the addend, by the TLB, and on at back; the guessed window perhaps moves. What the TLB
 * does not let pass falls through. rax is used. */
void x86_guess(Emit *e, const X86Check *c, unsigned h, const uint8_t *back);
/* rdx = host address of size bytes at the address in rax, through the TLB; to the stub if the address
 * is misaligned or the page not to be accessed so. rax is kept, rcx used. */
void x86_tlb(Emit *e, MMUAccess access, unsigned size, Stub *s);
void x86_amo(Emit *e, const IRInsn *i);
void x86_load_reserved(Emit *e, const IRInsn *i);
void x86_store_conditional(Emit *e, const IRInsn *i);
/* i was written: what is left of the reservation? */
void x86_track_reservation(Emit *e, const IRInsn *i);
void x86_zero(Emit *e, const IRInsn *i);
void x86_memory_stub(Emit *e, const Stub *s);
void x86_guess_stub(Emit *e, const Stub *s);
void x86_move_stub(Emit *e, const Stub *s);
/* ---- share.c ---- */
void x86_find_loops(Emit *e);
void x86_enter_block(Emit *e, unsigned block);
void x86_enter_operation(Emit *e, unsigned k);
static inline bool x86_windowed(const Emit *e, unsigned var)
{
    return var && (e->windowed >> var & 1);
}
X86Check x86_check_of(Emit *e, const IRInsn *i);
/* Whether *h holds the addend of an access, which this may have brought about. */
bool x86_shared(Emit *e, const IRInsn *i, unsigned *h);
void x86_end_operation(Emit *e, unsigned k);
/* Where C that is called on behalf of i has to come back to: see Stub.resume. */
int x86_resume(const Emit *e, const IRInsn *i);
void x86_cold_copies(Emit *e);
/* A site for the guest operation of i. NULL: no room. */
JitSite *x86_site(Emit *e, const IRInsn *i);

/* ---- state.c ---- */
void x86_state(Emit *e, const IRInsn *i);
void x86_status(Emit *e, const IRInsn *i);

/* ---- flow.c ---- */
void x86_branch(Emit *e, const IRInsn *i);
void x86_jump(Emit *e, const IRInsn *i, unsigned next_block);
/* rax becomes the target and keeps it up to x86_lookup(). */
void x86_jump_to(Emit *e, const IRInsn *i);
void x86_lookup(Emit *e, const IRInsn *i);
void x86_link(Emit *e, const IRInsn *i);
void x86_call(Emit *e, const IRInsn *i);
void x86_interpret(Emit *e, const IRInsn *i);
void x86_guard(Emit *e, const IRInsn *i);
void x86_flow_stub(Emit *e, const Stub *s);

/* ---- fp.c ---- */
void x86_float(Emit *e, const IRInsn *i);
/* Once in a block: to the stub unless the bit of the byte at env_offset is set; fused: it is of
 * fp_fast_fma. */
void x86_test_fast(Emit *e, Stub *s, unsigned env_offset, unsigned bit, bool fused);
/* To the stub unless var is a boxed number of 32 bits. Uses rax. */
void x86_test_boxed(Emit *e, Stub *s, unsigned var);
void x86_nan_stub(Emit *e, const Stub *s);
/* Loads and stores of floating-point variables: the access itself. */
void x86_float_load(Emit *e, const IRInsn *i, X86Place p);
void x86_float_store(Emit *e, const IRInsn *i, X86Place p);
/* A variable becomes the bits in rax. */
void x86_float_define(Emit *e, unsigned var);
/* What was known no longer holds: a block begins, or C was called. */
static inline void x86_forget(Emit *e)
{
    e->boxed = 0;
    e->fast = 0;
    e->held_at = NULL;
}

/* ---- vec.c ---- */
bool x86_has_vector(const IRVec *v);
/* What all regions share. False: no room. */
bool x86_vector_init(Jit *j);
/* And expect, set_env and clamp. */
void x86_vector(Emit *e, const IRInsn *i);
void x86_vector_stub(Emit *e, const Stub *s);

/* ---- vec-keep.c ---- */
/* A block begins. Whether it is a loop that keeps vectors: from here on its own way back leads. */
bool x86_keep_enter(Emit *e, unsigned block);
/* Before a way to a block: whether it is that of such a loop, to again[]. */
bool x86_keep_loops(Emit *e, int block);
/* The state becomes precise. */
void x86_keep_flush(Emit *e);
/* C was called: nothing is in registers. */
void x86_keep_lost(Emit *e);
/* What the code that is jumped to counts on. */
void x86_keep_restore(Emit *e, const X86Kept *to);

/* Four times these 8 bytes, near the code. NULL: no room. */
const void *x86_bytes(Emit *e, uint64_t bits);

Stub *x86_stub(Emit *e, StubKind kind, const IRInsn *i);

#endif
