/*
 * Floating point on whole register groups, with the host's vector unit.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_FPBLOCK_H
#define VIREO_TARGET_RISCV_VECTOR_FPBLOCK_H

#include "target/riscv/vector/fp.h"

/* Which operands a multiply-add multiplies: vs1 with vs2 onto vd, or vs1 with vd onto vs2. */
typedef enum VecOrder { PLAIN, ACC, MUL } VecOrder;

/* Whether the host rounds as frm says, or for what does not round is the guest's FPU at all. */
static inline bool vec_fp_host(CPURISCVState *env, VecFp what)
{
    unsigned fast = what >= VF_MADD && what <= VF_NMSUB ? env->fp_fast_fma : env->fp_fast;
    bool rounds = what <= VF_SQRT || (what >= VF_MADD && what <= VF_NMSUB);

    return env->vf && (fast >> (rounds ? FP_DYN : FP_ANY) & 1);
}

/* The element from which on the exact loop has to go on; env->vl: all is done. bs NULL: x, boxed. */
uint64_t vec_fp_block(CPURISCVState *env, const TCGOp *op, VecFp what, VecOrder order,
                      const void *bs, uint64_t x);

/* A byte of 0 or 1 for each element, also where masked off; false: not done. */
bool vec_fp_compare(CPURISCVState *env, const TCGOp *op, VecFp what, const void *bs, uint64_t x,
                    uint8_t *t);

/* The same for operations on elements of 64 bits that are made of 32 bits: vs1, and without `wide`
 * vs2; acc: vd is the third operand. */
bool vec_fp_wide_block(CPURISCVState *env, const TCGOp *op, VecFp what, bool wide, bool acc,
                       const void *bs, uint64_t x);

#endif
