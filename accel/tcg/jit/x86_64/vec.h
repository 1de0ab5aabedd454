/*
 * What the files of the vector lowerings share.
 *
 * An operation is a row of pieces of 32 or 16 bytes, each loaded, computed and stored by itself: registers that
 * overlap are the same ones. It comes in two shapes: for all of its elements, and with a mask, which
 * is that of v0, of the elements below vl, or both.
 *
 * Registers. In a region with vectors xmm0 to xmm5 are free between operations. Within one, Y_A is the first
 * operand and the result, Y_B the second, Y_MASK the piece's mask, Y_SCALAR a scalar for all pieces. rcx
 * points into the table of tails, from where a piece's offset leads to its mask.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_X86_64_VEC_H
#define VIREO_ACCEL_TCG_JIT_X86_64_VEC_H

#include "accel/tcg/jit/x86_64/emit.h"

enum { Y_A, Y_B, Y_MASK, Y_T, Y_U, Y_SCALAR };

/* What compiled code reads; a copy is among its data. */
typedef struct VecTables {
    uint8_t ones[IR_VEC_BYTES], zeros[IR_VEC_BYTES]; /* the tail at n bytes: from zeros - n on */
    uint8_t spread[32]; /* byte i / 8 to byte i, within 16 */
    uint8_t bit8[32];   /* 1 << i, modulo the width */
    uint16_t bit16[16];
    uint32_t bit32[8];
    uint64_t bit64[8];
} VecTables;

typedef struct Piece {
    unsigned at;    /* bytes from the start */
    unsigned l;     /* 1: 32 bytes, 0: 16 */
    unsigned first; /* element */
    unsigned count;
} Piece;

/* How an operation uses what it names. */
typedef enum VecAccess { VEC_NOT, VEC_PIECES, VEC_OTHERWISE } VecAccess;
typedef struct VecUse {
    VecAccess d, a, b;
    bool mask;
} VecUse;

typedef struct VecEmit {
    Emit *e;
    Asm *a;
    const IRInsn *i;
    const IRVec *v;
    IRVec own;      /* its likely shape */
    bool partial;   /* not all of n elements, perhaps */
    bool blend;     /* partial or masked */
    bool each;      /* every element is looked up */
    unsigned n_pieces;
    Stub *body, *interpret, *resume, *miss;
    Stub *walk[8];      /* from each piece to the body */
    uint8_t *done[8];   /* from pieces that are beyond vl */
    unsigned n_done;
} VecEmit;

static inline Piece vec_piece(const VecEmit *x, unsigned k)
{
    unsigned bytes = x->v->n << x->v->size, at = k * 32, l = bytes - at > 16;

    return (Piece){ at, l, at >> x->v->size, (l ? 32u : 16u) >> x->v->size };
}

/* ---- Instructions; op as X86_OP() ---- */

#define P66(byte) X86_OP(0x66, MAP_0F, byte)
#define P38(byte) X86_OP(0x66, MAP_0F38, byte)
#define P3A(byte) X86_OP(0x66, MAP_0F3A, byte)
#define FP_OP(size, byte) X86_OP((size) == 3 ? 0x66 : 0, MAP_0F, byte)

static inline void v_rrr(VecEmit *x, unsigned op, bool w, unsigned l, unsigned d, unsigned a, unsigned b)
{
    asm_vex_rr(x->a, op | (l ? X86_L : 0), w, d, a, b);
}

static inline void v_rrm(VecEmit *x, unsigned op, bool w, unsigned l, unsigned d, unsigned a,
                         uint32_t env_offset)
{
    asm_vex_rm(x->a, op | (l ? X86_L : 0), w, d, a, ENV, (int32_t)env_offset);
}

/* Pieces of registers, which may be kept in registers of the host (vec-keep.c). */
void v_load(VecEmit *x, unsigned l, unsigned d, uint32_t env_offset);
void v_store(VecEmit *x, unsigned l, uint32_t env_offset, unsigned s);
/* The register that keeps it and is to be written, in place of v_store(); scratch: none does. */
unsigned v_target(VecEmit *x, unsigned l, unsigned scratch, uint32_t env_offset);
/* Where it is, or scratch after loading it; not to be written to. any: also above 15, for v_any(). */
unsigned v_source(VecEmit *x, unsigned l, unsigned scratch, uint32_t env_offset);
unsigned v_source_any(VecEmit *x, unsigned l, unsigned scratch, uint32_t env_offset);

static inline void v_any(VecEmit *x, unsigned op, bool w, unsigned l, unsigned d, unsigned a, unsigned b)
{
    asm_ymm_op(x->a, op | (l ? X86_L : 0), w, d, a, b);
}

/* With a byte that follows. */
static inline void v_rrri(VecEmit *x, unsigned op, bool w, unsigned l, unsigned d, unsigned a,
                          unsigned b, unsigned imm)
{
    v_rrr(x, op, w, l, d, a, b);
    asm_byte(x->a, imm);
}

/* d = mask ? b : a, by bytes */
static inline void v_blend(VecEmit *x, unsigned l, unsigned d, unsigned a, unsigned b, unsigned mask)
{
    v_rrri(x, P3A(0x4c), false, l, d, a, b, mask << 4);
}

/* op with 64 bits, repeated, as its last operand. */
void vec_const(VecEmit *x, unsigned op, unsigned l, unsigned d, unsigned a, uint64_t bits);
/* bits of an element, repeated. */
uint64_t vec_repeat(uint64_t bits, unsigned size);

/* ---- vec.c ---- */
/* The shape in which v is in line; *x is good for vec_piece(). */
VecUse vec_use(VecEmit *x, const IRVec *v);
/* Piece k, unless that is beyond vl: then to vec_end(), which stands behind the last. */
Piece vec_begin(VecEmit *x, unsigned k);
void vec_end(VecEmit *x);
/* rcx: where the mask of the first piece is, if some are partial. Uses rax. */
void vec_tail_pointer(VecEmit *x);
/* Y_MASK becomes the piece's mask. */
void vec_mask(VecEmit *x, const Piece *p);
/* reg becomes the scalar b, in all elements. */
void vec_splat(VecEmit *x, unsigned reg);
/* The second operand's register, loaded if it is a vector. */
unsigned vec_operand(VecEmit *x, const Piece *p);
/* Y_A to d, where the mask is set. */
void vec_result(VecEmit *x, const Piece *p);
/* To the body, if the condition holds: from the first element, or from this piece on. */
void vec_to_body(VecEmit *x, unsigned cc);
void vec_to_body_from(VecEmit *x, const Piece *p, unsigned cc);
/* The same for a jump that is there already, and a stub for it. */
void vec_leave_from(VecEmit *x, Stub *s, unsigned first, uint8_t *jump);

/* ---- vec-state.c: one operation each ---- */
void vec_expect(Emit *e, const IRInsn *i);
void vec_unless(Emit *e, const IRInsn *i);
void vec_set_stub(Emit *e, const Stub *s);
void vec_set_env(Emit *e, const IRInsn *i);
void vec_clamp(Emit *e, const IRInsn *i);

/* ---- vec-mem.c ---- */
void vec_load_store(VecEmit *x);
void vec_walk(VecEmit *x);
/* Whether the result is written in pieces. */
static inline bool vec_walks_pieces(const IRVec *v)
{
    return (v->op == IRV_gather || v->op == IRV_lstride) && v->size >= 2 && (v->n << v->size) % 16 == 0;
}
void vec_miss_stub(Emit *e, const Stub *s);

/* ---- vec-int.c ---- */
bool vec_int_has(const IRVec *v);
void vec_int(VecEmit *x);
void vec_extend(VecEmit *x);
void vec_reduce(VecEmit *x);
/* Y_A = a compared with b; true: the bits are to be inverted. */
bool vec_int_compare(VecEmit *x, const Piece *p, unsigned b);

/* ---- vec-fp.c ---- */
void vec_float(VecEmit *x);
void vec_float_compare(VecEmit *x, const Piece *p, unsigned b);
void vec_float_reduce(VecEmit *x);
/* Asks what can be asked before: see ir_float(). */
void vec_float_ready(VecEmit *x);

/* ---- vec-mask.c ---- */
void vec_compare(VecEmit *x);
void vec_bits(VecEmit *x);
void vec_one(VecEmit *x);

#endif
