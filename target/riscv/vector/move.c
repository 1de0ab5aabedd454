/*
 * Moves: between vector and scalar registers, of whole registers, and merges by mask.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

#include "target/riscv/fpu/ops.h"

static inline void check_group(CPURISCVState *env, const TCGOp *op, unsigned regs)
{
    vec_require(env, op, !((regs | 32) & env->vcfg.align));
}

/* ---- vmv.v.*, vmerge: the same encoding, unmasked and masked ---- */

static void splat(CPURISCVState *env, const TCGOp *op, uint64_t x)
{
    VecFn *fn = env->vk->op[VK_merge].vx[env->vcfg.sew];
    unsigned sew = env->vcfg.sew;

    check_group(env, op, op->rd);
    if (env->vstart < env->vl)
        fn(VRD + (env->vstart << sew), VRD, &x, env->vl - env->vstart);
    vec_done(env);
}

static void copy_group(CPURISCVState *env, const TCGOp *op)
{
    size_t start = env->vstart << env->vcfg.sew, end = env->vl << env->vcfg.sew;

    check_group(env, op, op->rd | op->rs1);
    if (start < end)
        memmove(VRD + start, VRS1 + start, end - start);
    vec_done(env);
}

EXEC(vmv_v_v) { copy_group(env, op); }
EXEC(vmv_v_x) { splat(env, op, RS1); }
EXEC(vmv_v_i) { splat(env, op, IMM); }

/* Every element from vstart on is written: with vs2's where the mask is 0. */
static void merge(CPURISCVState *env, const TCGOp *op, const void *b, uint64_t x)
{
    unsigned sew = env->vcfg.sew;
    size_t start = env->vstart << sew, end = env->vl << sew;
    VecBuf t, m;

    check_group(env, op, op->rd | op->rs2 | (b ? op->rs1 : 0));
    vec_require(env, op, op->rd && op->rs2 && (!b || op->rs1));
    if (start < end) {
        vec_expand_mask(env, op, m, (unsigned)env->vl);
        memcpy(t, VRS2, end);
        if (b) {
            env->vk->blend[sew](t, b, m, env->vl);
        } else {
            VecBuf all;
            env->vk->op[VK_merge].vx[sew](all, VRS2, &x, env->vl);
            env->vk->blend[sew](t, all, m, env->vl);
        }
        memcpy(VRD + start, t + start, end - start);
    }
    vec_done(env);
}

EXEC(vmerge_vvm) { merge(env, op, VRS1, 0); }
EXEC(vmerge_vxm) { merge(env, op, NULL, RS1); }
EXEC(vmerge_vim) { merge(env, op, NULL, IMM); }

/* ---- Element 0: any register, whatever LMUL is ---- */

EXEC(vmv_x_s)
{
    vec_require(env, op, env->vcfg.vlmax);
    RD = (uint64_t)vec_get_signed(VRS2, env->vcfg.sew, 0);
    vec_done(env);
}

static void put_first(CPURISCVState *env, const TCGOp *op, uint64_t x)
{
    if (env->vstart < env->vl)
        vec_put(VRD, env->vcfg.sew, 0, x);
    vec_done(env);
}

EXEC(vmv_s_x)
{
    vec_require(env, op, env->vcfg.vlmax);
    put_first(env, op, RS1);
}

/* ---- Floating point: only the bits move ---- */

static void check_fp(CPURISCVState *env, const TCGOp *op)
{
    vec_require(env, op, env->vcfg.vlmax && (env->vcfg.fp >> env->vcfg.sew & 1) && env->frm <= FP_RMM);
}

static uint64_t scalar(CPURISCVState *env, const TCGOp *op)
{
    return env->vcfg.sew == 1   ? fp_unbox16(FRS1)
           : env->vcfg.sew == 2 ? fp_unbox32(FRS1)
                                : FRS1;
}

EXEC(vfmv_v_f)
{
    check_fp(env, op);
    splat(env, op, scalar(env, op));
}

EXEC(vfmerge_vfm)
{
    check_fp(env, op);
    merge(env, op, NULL, scalar(env, op));
}

EXEC(vfmv_s_f)
{
    check_fp(env, op);
    put_first(env, op, scalar(env, op));
}

EXEC(vfmv_f_s)
{
    uint64_t x;

    check_fp(env, op);
    x = vec_get(VRS2, env->vcfg.sew, 0);
    FRD = env->vcfg.sew == 1 ? fp_box16(x) : env->vcfg.sew == 2 ? fp_box32(x) : x;
    vec_done(env);
}

/* ---- Whole registers: vl does not matter, vtype only for where vstart points ---- */

#define WHOLE(n)                                                                            \
    EXEC(vmv##n##r_v)                                                                       \
    {                                                                                       \
        size_t start = env->vstart << env->vcfg.sew, end = (size_t)n * env->vcfg.vlenb;     \
        vec_require(env, op, env->vcfg.vlmax && !((op->rd | op->rs2) & (n - 1)));           \
        if (start < end)                                                                    \
            memmove(VRD + start, VRS2 + start, end - start);                                \
        vec_done(env);                                                                      \
    }
WHOLE(1)
WHOLE(2)
WHOLE(4)
WHOLE(8)
