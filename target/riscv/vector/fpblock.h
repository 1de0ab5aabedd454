/*
 * Floating point on several elements at once, with the host's vector unit.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_FPBLOCK_H
#define VIREO_TARGET_RISCV_VECTOR_FPBLOCK_H

#include "target/riscv/vector/fp.h"

static inline bool vec_fp_block(CPURISCVState *env, const TCGOp *op, VecFp what, int order,
                                const void *bs, uint64_t x)
{
    return false;
}

#endif
