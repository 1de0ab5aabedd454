/*
 * BF16: conversions and the widening multiply-add.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/fp.h"

/* SEW is 16, frm is valid, and the registers are as a widening instruction wants them; with `narrow` vd is
 * the narrow one. */
static void check(CPURISCVState *env, const TCGOp *op, bool narrow, bool vector)
{
    int lmul = env->vcfg.lmul, dlmul = narrow ? lmul : lmul + 1, slmul = narrow ? lmul + 1 : lmul;
    unsigned dsew = narrow ? 1 : 2, ssew = narrow ? 2 : 1;

    vec_require(env, op, env->vcfg.vlmax && env->frm <= FP_RMM && env->vcfg.sew == 1 &&
                             vec_aligned(op->rd, dlmul) && vec_mask_ok(op, op->rd) &&
                             vec_aligned(op->rs2, slmul) && vec_mask_ok(op, op->rs2) &&
                             vec_dest_ok(op->rd, dlmul, dsew, op->rs2, slmul, ssew));
    if (vector)
        vec_require(env, op, vec_aligned(op->rs1, lmul) && vec_mask_ok(op, op->rs1) &&
                                 vec_dest_ok(op->rd, dlmul, dsew, op->rs1, lmul, 1));
}

/* Exact but for signaling NaNs. */
static inline uint64_t widen(uint64_t v, FpEnv *e)
{
    if (likely((v & 0x7f80) != 0x7f80 || !(v & 0x7f)))
        return v << 16;
    return ieee_convert(&fp_binary32, &fp_bf16, v, e);
}

EXEC(vfncvtbf16_f_f_w)
{
    FpEnv e = { .rm = env->frm };

    check(env, op, true, false);
    for (unsigned i = (unsigned)env->vstart; i < env->vl; i++)
        if (vec_active(env, op, i))
            vec_put(VRD, 1, i, ieee_convert(&fp_bf16, &fp_binary32, vec_get(VRS2, 2, i), &e));
    env->fflags |= (uint8_t)e.flags;
    vec_done(env);
}

EXEC(vfwcvtbf16_f_f_v)
{
    FpEnv e = { .rm = env->frm };

    check(env, op, false, false);
    for (unsigned i = (unsigned)env->vstart; i < env->vl; i++)
        if (vec_active(env, op, i))
            vec_put(VRD, 2, i, widen(vec_get(VRS2, 1, i), &e));
    env->fflags |= (uint8_t)e.flags;
    vec_done(env);
}

static void multiply_add(CPURISCVState *env, const TCGOp *op, bool vector)
{
    uint64_t x = vector ? 0 : fp_unbox_bf16(FRS1);
    TCGOp v = vec_rounding(op, FP_DYN);
    FpEnv e = { .rm = env->frm };

    check(env, op, false, vector);
    vec_require(env, op, vec_accumulator_ok(op, env->vcfg.lmul, vector));
    for (unsigned i = (unsigned)env->vstart; i < env->vl; i++) {
        uint64_t a, b;

        if (!vec_active(env, op, i))
            continue;
        a = vec_box(2, widen(vector ? vec_get(VRS1, 1, i) : x, &e));
        b = vec_box(2, widen(vec_get(VRS2, 1, i), &e));
        vec_put(VRD, 2, i, vec_fp(env, &v, VF_MADD, 2, a, b, vec_fp_get(VRD, 2, i)));
    }
    env->fflags |= (uint8_t)e.flags;
    vec_done(env);
}

EXEC(vfwmaccbf16_vv) { multiply_add(env, op, true); }
EXEC(vfwmaccbf16_vf) { multiply_add(env, op, false); }
