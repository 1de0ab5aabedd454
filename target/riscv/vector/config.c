/*
 * vsetvli, vsetivli, vsetvl.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/bits.h"
#include "target/riscv/vector/vec.h"

static uint64_t set(CPURISCVState *env, uint64_t avl, uint64_t vtype)
{
    if (unlikely(vtype != env->vtype)) {
        env->vtype = riscv_vtype_legal(env, vtype);
        riscv_vector_derive(env);
    }
    env->vl = MIN(avl, env->vcfg.vlmax);
    vec_done(env);
    return env->vl;
}

/* x0 as rs1 asks for VLMAX, or with x0 as rd for the vl that there is. */
static inline uint64_t avl(CPURISCVState *env, const TCGOp *op)
{
    return op->rs1 ? RS1 : RD_FIELD ? UINT64_MAX : env->vl;
}

EXEC(vsetvli) { RD = set(env, avl(env, op), IMM); }
EXEC(vsetivli) { RD = set(env, op->aux, IMM); }
EXEC(vsetvl) { RD = set(env, avl(env, op), RS2); }
