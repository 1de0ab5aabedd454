/*
 * What the files of floating point share: operands, results, and where to go with what cannot be done
 * here (fp.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_X86_64_FP_H
#define VIREO_ACCEL_TCG_JIT_X86_64_FP_H

#include "accel/tcg/jit/x86_64/emit.h"

/* Free between operations. */
enum { X0, X1, X2 };

static inline bool fp_single(const IRInsn *i)
{
    return i->size == 4;
}

/* The scalar opcode of that number, by size. */
static inline unsigned fp_scalar(const IRInsn *i, unsigned byte)
{
    return X86_OP(fp_single(i) ? 0xf3 : 0xf2, MAP_0F, byte);
}

/* Where to go with what cannot be done here, and with NaNs. */
typedef struct Decline {
    Stub *nan, *body, *interpreter;
} Decline;

static inline void fp_decline(Emit *e, Stub *s, unsigned cc)
{
    s->froms[s->n_from++] = asm_jcc(&e->a, cc);
}

/* vmovq to and from integer registers. */
static inline void fp_to_int(Emit *e, unsigned d, unsigned x)
{
    asm_vex_rr(&e->a, X86_OP(0x66, MAP_0F, 0x7e), true, x, 0, d);
}

static inline void fp_from_int(Emit *e, unsigned x, unsigned s)
{
    asm_vex_rr(&e->a, X86_OP(0x66, MAP_0F, 0x6e), true, x, 0, s);
}

/* ---- fp.c ---- */
/* An operand of i's size, boxed if it is narrow: see Decline.interpreter. */
unsigned fp_operand(Emit *e, const Decline *s, const IRInsn *i, unsigned var, unsigned scratch);
/* Where a result is computed: in var's register, or in xmm0. */
unsigned fp_dest(const Emit *e, unsigned var);
/* The result in x becomes var; boxed: as a narrow number. */
void fp_define(Emit *e, unsigned var, unsigned x, bool boxed);
/* The host's NaNs are not the canonical one, which the stub puts into x. */
void fp_canonical(Emit *e, const Decline *s, unsigned x, bool is_single);
/* d = a op the bits. */
void fp_with_bits(Emit *e, unsigned byte, unsigned d, unsigned a, uint64_t bits);
/* The bits of a narrow number in x are boxed. */
void fp_box(Emit *e, unsigned x);

/* ---- fp-convert.c ---- */
void fp_classify(Emit *e, const Decline *s, const IRInsn *i);
void fp_to_integer(Emit *e, const Decline *s, const IRInsn *i);
void fp_from_integer(Emit *e, const Decline *s, const IRInsn *i);
/* Between the sizes. */
void fp_convert(Emit *e, const Decline *s, const IRInsn *i);
/* The bits, to or from an integer variable. */
void fp_move(Emit *e, const IRInsn *i);

#endif
