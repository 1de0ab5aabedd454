/*
 * What the files of the x86-64 back end share.
 *
 * Registers. rbp is env, r15 the TLB table of explicit accesses with its windows behind it, rax, rcx and rdx
 * are free between operations. The other ten hold guest registers: at the borders of regions those of
 * x86_convention, within a region those that it uses most.
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
enum { FRAME_VALUE = 0, FRAME_RBX = 8, FRAME_SITE = 16, FRAME_RSI = 24, FRAME = 40 };

#define ENV_TCG(field) ((int32_t)offsetof(CPUTCGState, field))

/* The guest register that a host register holds at the borders of regions; JIT_NONE: not one. */
extern const uint8_t x86_convention[X86_REGS];

typedef enum StubKind { STUB_LOAD, STUB_STORE, STUB_BODY, STUB_INTERPRET, STUB_EDGE, STUB_ATTENTION,
               STUB_LOOKUP, STUB_VEC_PART, STUB_VEC_MISS, STUB_VEC_RESUME } StubKind;

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
} Stub;

typedef struct Emit {
    Jit *j;
    const Region *r;
    Asm a;
    int8_t reg[JIT_VARS];      /* where a variable is; -1: in env */
    uint8_t var[X86_REGS];     /* what a register holds */
    uint8_t fvar[X86_REGS];    /* and an xmm register; reg[] of such a variable is its number */
    bool moved;                /* var differs from the convention, or fvar is not empty */
    uint64_t boxed;            /* floating-point variables known to hold a boxed number */
    uint32_t fast;             /* bits of env's bytes that were tested in this block */
    const uint8_t *held_at;    /* NULL, or code after which held_reg still holds held_var, as env does */
    uint8_t held_var, held_reg;
    const uint8_t *label[REGION_BLOCKS];
    struct {
        uint8_t *place;
        unsigned block;
    } uses[X86_LABEL_USES];    /* jumps to blocks that are not there yet */
    unsigned n_uses;
    JitExit *exits[REGION_EDGES];
    const void *spill, *fill;  /* routines of this region, or the common ones */
    struct {
        uint64_t bits;
        const void *place;
    } vec_const[16];           /* constants of vectors among this region's data */
    unsigned n_vec_const;
    unsigned n_stubs;
    Stub stubs[X86_STUBS];
} Emit;

/* ---- common.c ---- */
bool x86_init(Jit *j);

/* ---- regs.c ---- */
void x86_assign(Emit *e);
/* From the convention's registers to the region's, and back. */
void x86_enter(Emit *e);
void x86_leave(Emit *e);
void x86_spill(Emit *e);
void x86_fill(Emit *e);

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
void x86_load(Emit *e, const IRInsn *i);
/* rcx = distance into the window of i's base, rdx = its host address; else to the stub, where
 * x86_window_miss() moves the window: carry clear then if the access fits into its page. */
Stub *x86_window(Emit *e, const IRInsn *i, StubKind kind);
void x86_window_miss(Emit *e, const IRInsn *i, const JitSite *site);
void x86_store(Emit *e, const IRInsn *i);
/* rdx = host address of size bytes at the address in rax, through the TLB; to the stub if the address
 * is misaligned or the page not to be accessed so. rax is kept, rcx used. */
void x86_tlb(Emit *e, MMUAccess access, unsigned size, Stub *s);
void x86_amo(Emit *e, const IRInsn *i);
void x86_load_reserved(Emit *e, const IRInsn *i);
void x86_store_conditional(Emit *e, const IRInsn *i);
void x86_zero(Emit *e, const IRInsn *i);
void x86_memory_stub(Emit *e, const Stub *s);
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
/* Once in a block: to the stub unless the bit of the byte at env_offset is set; fused: it is of fp_fast_fma. */
void x86_test_fast(Emit *e, Stub *s, unsigned env_offset, unsigned bit, bool fused);
/* To the stub unless var is a boxed number of 32 bits. Uses rax. */
void x86_test_boxed(Emit *e, Stub *s, unsigned var);
/* Loads and stores of floating-point variables: the access itself, at rdx + rcx. */
void x86_float_load(Emit *e, const IRInsn *i);
void x86_float_store(Emit *e, const IRInsn *i);
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

Stub *x86_stub(Emit *e, StubKind kind, const IRInsn *i);

#endif
