/*
 * What the bodies of vector instructions share: which registers an instruction may name, masks, and
 * the way from a loop over elements to an instruction.
 *
 * The loops (kernels.h) know neither masks nor vstart. An unmasked instruction that begins at element 0
 * runs one on the register groups themselves; any other runs it into a buffer, out of which the active
 * elements are taken. Tail and masked-off elements are left undisturbed, whatever vtype says.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_VEC_H
#define VIREO_TARGET_RISCV_VECTOR_VEC_H

#include "target/riscv/exec.h"
#include "target/riscv/vector/kernels.h"
#include "target/riscv/vector/vector.h"

/* Bytes of the largest register group; more elements there cannot be either. */
#define VEC_GROUP (RISCV_MAX_VLEN / 8 * 8)
typedef uint8_t VecBuf[VEC_GROUP] __attribute__((aligned(32)));

#define VRD riscv_vreg(env, op->rd)
#define VRS1 riscv_vreg(env, op->rs1)
#define VRS2 riscv_vreg(env, op->rs2)

/* rd as the bits have it: x0 is directed to the sink in op->rd. */
#define RD_FIELD (op->insn >> 7 & 31)
#define UNMASKED(op) ((op)->insn >> 25 & 1)

static inline void vec_require(CPURISCVState *env, const TCGOp *op, bool ok)
{
    if (unlikely(!ok))
        riscv_raise_illegal(env, op);
}

/* A group of 2^lmul registers may begin at r; lmul from -3 to 3, or no such group exists. */
static inline bool vec_aligned(unsigned r, int lmul)
{
    return lmul >= -3 && lmul <= 3 && (lmul <= 0 || !(r & ((1u << lmul) - 1)));
}

static inline unsigned vec_regs(int lmul)
{
    return lmul > 0 ? 1u << lmul : 1;
}

static inline bool vec_overlap(unsigned a, unsigned na, unsigned b, unsigned nb)
{
    return a < b + nb && b < a + na;
}

/* Whether the destination may overlap a source as it does (v-st-ext.adoc, "Vector Operands"): equal
 * widths; the lowest part of a wider source; the highest part of a wider destination, where the
 * source is a whole register at least. */
static inline bool vec_dest_ok(unsigned d, int dlmul, unsigned dsew, unsigned s, int slmul,
                               unsigned ssew)
{
    unsigned nd = vec_regs(dlmul), ns = vec_regs(slmul);

    if (dsew == ssew || !vec_overlap(d, nd, s, ns))
        return true;
    if (dsew < ssew)
        return d == s;
    return slmul >= 0 && s + ns == d + nd;
}

/* d, of twice the width, is read as well as written: no source may share a register with it, for that
 * would be read with two widths. vector: vs1 is one. */
static inline bool vec_accumulator_ok(const TCGOp *op, int lmul, bool vector)
{
    unsigned nd = vec_regs(lmul + 1), ns = vec_regs(lmul);

    return !vec_overlap(op->rd, nd, op->rs2, ns) &&
           !(vector && vec_overlap(op->rd, nd, op->rs1, ns));
}

/* vill, and a masked instruction whose destination or one of its sources is v0: a destination that is
 * no mask must not be, and no register may be read with two element widths. */
static inline bool vec_mask_ok(const TCGOp *op, unsigned r)
{
    return UNMASKED(op) || r != 0;
}

static inline bool vec_bit(const uint8_t *mask, unsigned i)
{
    return mask[i >> 3] >> (i & 7) & 1;
}

static inline void vec_set_bit(uint8_t *mask, unsigned i, bool on)
{
    mask[i >> 3] = (uint8_t)((mask[i >> 3] & ~(1u << (i & 7))) | (unsigned)on << (i & 7));
}

/* Element i is worked on: from vstart on, and not masked off. */
static inline bool vec_active(CPURISCVState *env, const TCGOp *op, unsigned i)
{
    return UNMASKED(op) || vec_bit((uint8_t *)env->vreg, i);
}

/* Every vector instruction ends so. */
static inline void vec_done(CPURISCVState *env)
{
    env->vstart = 0;
    riscv_vs_dirty(env);
}

static inline uint64_t vec_get(const void *base, unsigned sew, unsigned i)
{
    switch (sew) {
    case 0:
        return ((const uint8_t *)base)[i];
    case 1:
        return ((const uint16_t *)base)[i];
    case 2:
        return ((const uint32_t *)base)[i];
    default:
        return ((const uint64_t *)base)[i];
    }
}

static inline int64_t vec_get_signed(const void *base, unsigned sew, unsigned i)
{
    return sextract64(vec_get(base, sew, i), 0, 8u << sew);
}

static inline void vec_put(void *base, unsigned sew, unsigned i, uint64_t v)
{
    switch (sew) {
    case 0:
        ((uint8_t *)base)[i] = (uint8_t)v;
        break;
    case 1:
        ((uint16_t *)base)[i] = (uint16_t)v;
        break;
    case 2:
        ((uint32_t *)base)[i] = (uint32_t)v;
        break;
    default:
        ((uint64_t *)base)[i] = v;
        break;
    }
}

/* Bytes 255 for the active elements below n, 0 for the others. */
void vec_expand_mask(CPURISCVState *env, const TCGOp *op, uint8_t *m, unsigned n);

/* The active ones of vl elements in t go to d; vstart counts. */
void vec_blend(CPURISCVState *env, const TCGOp *op, void *d, const void *t, unsigned sew);

/* Bits [vstart, vl) of d become the truth values in t (0 or 1), where active if masked. */
void vec_put_bits(CPURISCVState *env, const TCGOp *op, uint8_t *d, const uint8_t *t, bool masked);

/* fn on groups that may be used in place or not; dsew: of the destination. b_size: 0 for a scalar. */
void vec_run_slow(CPURISCVState *env, const TCGOp *op, VecFn *fn, void *d, const void *a,
                  const void *b, unsigned dsew);

static inline void vec_run(CPURISCVState *env, const TCGOp *op, VecFn *fn, void *d, const void *a,
                           const void *b, unsigned dsew)
{
    if (likely(env->vstart == 0 && UNMASKED(op)))
        fn(d, a, b, env->vl);
    else
        vec_run_slow(env, op, fn, d, a, b, dsew);
    vec_done(env);
}

#endif
