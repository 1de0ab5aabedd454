/*
 * Floating point on whole register groups: masked elements, and what was not begun at the first one, by
 * way of buffers in which 1 stands for what is not worked on, so that it raises no flag.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/fpblock.h"

#define ONE(sew) ((sew) == 3 ? 0x3ff0000000000000 : 0x3f8000003f800000)

/* The active elements of v, and 1 for the others. */
static void only_active(CPURISCVState *env, uint8_t *t, const void *v, const uint8_t *m, unsigned sew)
{
    uint64_t one = ONE(sew);

    for (size_t i = 0; i < env->vl << sew; i += 8)
        memcpy(t + i, &one, 8);
    env->vk->blend[sew](t, v, m, env->vl);
}

static bool masked(CPURISCVState *env, const TCGOp *op, VecFpFn *fn, const void *const v[3])
{
    unsigned sew = env->vcfg.sew;
    VecBuf m, t[3], r;
    const void *p[3];

    vec_expand_mask(env, op, m, (unsigned)env->vl);
    for (unsigned i = 0; i < 3; i++) {
        p[i] = v[i];
        if (v[i]) {
            only_active(env, t[i], v[i], m, sew);
            p[i] = t[i];
        }
    }
    if (fn(r, p[0], p[1], p[2], env->vl) < env->vl)
        return false;
    env->vk->blend[sew](VRD, r, m, env->vl);
    return true;
}

uint64_t vec_fp_block(CPURISCVState *env, const TCGOp *op, VecFp what, VecOrder order,
                      const void *bs, uint64_t x)
{
    const void *b = bs ? bs : &x, *d = VRD, *a = VRS2;
    const void *v[3] = { order == MUL ? d : a, b, order == MUL ? a : order == ACC ? d : NULL };
    unsigned sew = env->vcfg.sew;
    VecFpFn *fn;
    VecBuf splat;

    if (!vec_fp_host(env, what) || sew < 2)
        return env->vstart;
    if (likely(UNMASKED(op) && env->vstart == 0)) {
        fn = env->vf->fn[what][sew == 3][!bs];
        return fn(VRD, v[0], v[1], v[2], env->vl);
    }
    if (env->vstart >= env->vl)
        return env->vl;
    if (!bs) {
        env->vk->op[VK_merge].vx[sew](splat, VRS2, &x, env->vl);
        v[1] = splat;
    }
    return masked(env, op, env->vf->fn[what][sew == 3][0], v) ? env->vl : env->vstart;
}

bool vec_fp_compare(CPURISCVState *env, const TCGOp *op, VecFp what, const void *bs, uint64_t x,
                    uint8_t *t)
{
    unsigned sew = env->vcfg.sew;

    if (!vec_fp_host(env, what) || sew < 2 || env->vstart || !UNMASKED(op))
        return false;
    env->vf->fn[what][sew == 3][!bs](t, VRS2, bs ? bs : &x, NULL, env->vl);
    return true;
}

bool vec_fp_wide_block(CPURISCVState *env, const TCGOp *op, VecFp what, bool wide, bool acc,
                       const void *bs, uint64_t x)
{
    const void *a = VRS2, *b = bs ? bs : &x;
    VecBuf ta, tb, r;

    if (!vec_fp_host(env, what) || env->vcfg.sew != 2 || env->vstart || !UNMASKED(op))
        return false;
    if (!wide) {
        if (env->vf->widen(ta, a, NULL, NULL, env->vl) < env->vl)
            return false;
        a = ta;
    }
    if (env->vf->widen(tb, b, NULL, NULL, bs ? env->vl : 1) < (bs ? env->vl : 1))
        return false;
    if (env->vf->fn[what][1][!bs](r, a, tb, acc ? VRD : NULL, env->vl) < env->vl)
        return false;
    memcpy(VRD, r, env->vl << 3);
    return true;
}
