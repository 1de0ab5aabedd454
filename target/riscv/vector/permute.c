/*
 * Slides, gathers, compress. The result is put together in a buffer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

#include "target/riscv/fpu/ops.h"

/* vd of the group's width, which must not overlap what it is made of where `apart`. */
static void check(CPURISCVState *env, const TCGOp *op, bool apart)
{
    int lmul = env->vcfg.lmul;

    vec_require(env, op, !((op->rd | op->rs2 | 32) & env->vcfg.align) && vec_mask_ok(op, op->rd) &&
                             vec_mask_ok(op, op->rs2) &&
                             !(apart && vec_overlap(op->rd, vec_regs(lmul), op->rs2,
                                                    vec_regs(lmul))));
}

static void slide_up(CPURISCVState *env, const TCGOp *op, uint64_t offset)
{
    unsigned sew = env->vcfg.sew;
    VecBuf t;

    check(env, op, true);
    /* Elements below the offset keep their value. */
    if (env->vstart < env->vl && offset < env->vl) {
        memcpy(t, VRD, env->vl << sew);
        memcpy(t + (offset << sew), VRS2, (env->vl - offset) << sew);
        vec_blend(env, op, VRD, t, sew);
    }
    vec_done(env);
}

static void slide_down(CPURISCVState *env, const TCGOp *op, uint64_t offset)
{
    unsigned sew = env->vcfg.sew;
    uint64_t there = offset < env->vcfg.vlmax ? env->vcfg.vlmax - offset : 0;
    VecBuf t;

    check(env, op, false);
    if (env->vstart < env->vl) {
        there = MIN(there, env->vl);
        memcpy(t, VRS2 + ((there ? offset : 0) << sew), there << sew);
        memset(t + (there << sew), 0, (env->vl - there) << sew);
        vec_blend(env, op, VRD, t, sew);
    }
    vec_done(env);
}

EXEC(vslideup_vx) { slide_up(env, op, RS1); }
EXEC(vslideup_vi) { slide_up(env, op, IMM); }
EXEC(vslidedown_vx) { slide_down(env, op, RS1); }
EXEC(vslidedown_vi) { slide_down(env, op, IMM); }

static void slide1_up(CPURISCVState *env, const TCGOp *op, uint64_t x)
{
    unsigned sew = env->vcfg.sew;
    VecBuf t;

    check(env, op, true);
    if (env->vstart < env->vl) {
        memcpy(t + (1u << sew), VRS2, (env->vl - 1) << sew);
        vec_put(t, sew, 0, x);
        vec_blend(env, op, VRD, t, sew);
    }
    vec_done(env);
}

static void slide1_down(CPURISCVState *env, const TCGOp *op, uint64_t x)
{
    unsigned sew = env->vcfg.sew;
    VecBuf t;

    check(env, op, false);
    if (env->vstart < env->vl) {
        memcpy(t, VRS2 + (1u << sew), (env->vl - 1) << sew);
        vec_put(t, sew, (unsigned)env->vl - 1, x);
        vec_blend(env, op, VRD, t, sew);
    }
    vec_done(env);
}

static uint64_t fp_scalar(CPURISCVState *env, const TCGOp *op)
{
    vec_require(env, op, env->vcfg.vlmax && (env->vcfg.fp >> env->vcfg.sew & 1) && env->frm <= FP_RMM);
    return env->vcfg.sew == 1   ? fp_unbox16(FRS1)
           : env->vcfg.sew == 2 ? fp_unbox32(FRS1)
                                : FRS1;
}

EXEC(vslide1up_vx) { slide1_up(env, op, RS1); }
EXEC(vslide1down_vx) { slide1_down(env, op, RS1); }
EXEC(vfslide1up_vf) { slide1_up(env, op, fp_scalar(env, op)); }
EXEC(vfslide1down_vf) { slide1_down(env, op, fp_scalar(env, op)); }

/* ---- Gathers ---- */

static inline __attribute__((always_inline)) void gather_loop(CPURISCVState *env, const TCGOp *op,
                                                              unsigned sew, unsigned isew)
{
    unsigned n = (unsigned)env->vl;
    VecBuf t;

    if (env->vstart < n) {
        for (unsigned i = 0; i < n; i++) {
            uint64_t at = vec_get(VRS1, isew, i);
            vec_put(t, sew, i, at < env->vcfg.vlmax ? vec_get(VRS2, sew, (unsigned)at) : 0);
        }
        vec_blend(env, op, VRD, t, sew);
    }
    vec_done(env);
}

static void gather(CPURISCVState *env, const TCGOp *op, unsigned isew)
{
    int lmul = env->vcfg.lmul, ilmul = (int)isew - env->vcfg.sew + lmul;

    check(env, op, true);
    vec_require(env, op, vec_aligned(op->rs1, ilmul) && vec_mask_ok(op, op->rs1) &&
                             !vec_overlap(op->rd, vec_regs(lmul), op->rs1, vec_regs(ilmul)) &&
                             (isew == env->vcfg.sew ||
                              !vec_overlap(op->rs2, vec_regs(lmul), op->rs1, vec_regs(ilmul))));
    switch (env->vcfg.sew) {
    case 0:
        gather_loop(env, op, 0, isew);
        break;
    case 1:
        gather_loop(env, op, 1, isew);
        break;
    case 2:
        gather_loop(env, op, 2, isew);
        break;
    default:
        gather_loop(env, op, 3, isew);
        break;
    }
}

static void gather_one(CPURISCVState *env, const TCGOp *op, uint64_t at)
{
    unsigned sew = env->vcfg.sew;
    uint64_t x;
    VecBuf t;

    check(env, op, true);
    x = at < env->vcfg.vlmax ? vec_get(VRS2, sew, (unsigned)at) : 0;
    if (env->vstart < env->vl) {
        env->vk->op[VK_merge].vx[sew](t, VRS2, &x, env->vl);
        vec_blend(env, op, VRD, t, sew);
    }
    vec_done(env);
}

EXEC(vrgather_vv) { gather(env, op, env->vcfg.sew); }
EXEC(vrgatherei16_vv) { gather(env, op, 1); }
EXEC(vrgather_vx) { gather_one(env, op, RS1); }
EXEC(vrgather_vi) { gather_one(env, op, IMM); }

/* vs1 is the mask that chooses; vstart must be 0. */
EXEC(vcompress_vm)
{
    unsigned sew = env->vcfg.sew, k = 0, regs = vec_regs(env->vcfg.lmul);

    check(env, op, true);
    vec_require(env, op, env->vstart == 0 && !vec_overlap(op->rd, regs, op->rs1, 1) &&
                             !vec_overlap(op->rs2, regs, op->rs1, 1));
    for (unsigned i = 0; i < env->vl; i++)
        if (vec_bit(VRS1, i))
            vec_put(VRD, sew, k++, vec_get(VRS2, sew, i));
    vec_done(env);
}
