/*
 * Floating-point arithmetic on vectors: one width, comparisons, widening.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/fp.h"

#include "target/riscv/vector/estimate.h"
#include "target/riscv/vector/fpblock.h"

static inline void check(CPURISCVState *env, const TCGOp *op, bool vector, bool has_vs2)
{
    unsigned regs = op->rd | (has_vs2 ? op->rs2 : 0) | (vector ? op->rs1 : 0);

    vec_fp_check(env, op, env->vcfg.sew);
    vec_require(env, op, !((regs | 32) & env->vcfg.align) &&
                             (UNMASKED(op) || (op->rd && op->rs2 && (!vector || op->rs1))));
}

VEC_ALWAYS void loop(CPURISCVState *env, const TCGOp *op, VecFp what, VecOrder order, unsigned sew,
                     const void *bs, uint64_t x, uint64_t start)
{
    TCGOp v = vec_rounding(op, FP_DYN);
    unsigned n = (unsigned)env->vl;
    const void *as = VRS2;
    void *d = VRD;

    for (unsigned i = (unsigned)start; i < n; i++) {
        uint64_t a, b, c;

        if (!vec_active(env, op, i))
            continue;
        a = vec_fp_get(as, sew, i);
        b = bs ? vec_fp_get(bs, sew, i) : x;
        c = order ? vec_fp_get(d, sew, i) : 0;
        if (order == PLAIN)
            vec_put(d, sew, i, vec_fp(env, &v, what, sew, a, b, 0));
        else if (order == ACC)
            vec_put(d, sew, i, vec_fp(env, &v, what, sew, b, a, c));
        else
            vec_put(d, sew, i, vec_fp(env, &v, what, sew, c, b, a));
    }
}

VEC_ALWAYS void exactly(CPURISCVState *env, const TCGOp *op, VecFp what, VecOrder order,
                        const void *bs, uint64_t x, uint64_t start)
{
    if (likely(start >= env->vl))
        return;
    if (env->vcfg.sew == 1)
        loop(env, op, what, order, 1, bs, x, start);
    else if (env->vcfg.sew == 2)
        loop(env, op, what, order, 2, bs, x, start);
    else
        loop(env, op, what, order, 3, bs, x, start);
}

VEC_ALWAYS void run(CPURISCVState *env, const TCGOp *op, VecFp what, VecOrder order, bool vector)
{
    unsigned sew = env->vcfg.sew;
    const void *bs;
    uint64_t x;

    check(env, op, vector, true);
    bs = vector ? VRS1 : NULL;
    x = vector ? 0 : vec_box(sew, vec_unbox(sew, FRS1));
    exactly(env, op, what, order, bs, x, vec_fp_block(env, op, what, order, bs, x));
    vec_done(env);
}

#define VV(name, what, order) EXEC(name##_vv) { run(env, op, what, order, true); }
#define VF(name, what, order) EXEC(name##_vf) { run(env, op, what, order, false); }
#define V_VF(name, what, order) VV(name, what, order) VF(name, what, order)
V_VF(vfadd, VF_ADD, PLAIN)
V_VF(vfsub, VF_SUB, PLAIN)
VF(vfrsub, VF_RSUB, PLAIN)
V_VF(vfmul, VF_MUL, PLAIN)
V_VF(vfdiv, VF_DIV, PLAIN)
VF(vfrdiv, VF_RDIV, PLAIN)
V_VF(vfmin, VF_MIN, PLAIN)
V_VF(vfmax, VF_MAX, PLAIN)
V_VF(vfsgnj, VF_SGNJ, PLAIN)
V_VF(vfsgnjn, VF_SGNJN, PLAIN)
V_VF(vfsgnjx, VF_SGNJX, PLAIN)
V_VF(vfmacc, VF_MADD, ACC)
V_VF(vfnmacc, VF_NMADD, ACC)
V_VF(vfmsac, VF_MSUB, ACC)
V_VF(vfnmsac, VF_NMSUB, ACC)
V_VF(vfmadd, VF_MADD, MUL)
V_VF(vfnmadd, VF_NMADD, MUL)
V_VF(vfmsub, VF_MSUB, MUL)
V_VF(vfnmsub, VF_NMSUB, MUL)

/* ---- One operand ---- */

EXEC(vfsqrt_v)
{
    check(env, op, false, true);
    exactly(env, op, VF_SQRT, PLAIN, VRS2, 0, vec_fp_block(env, op, VF_SQRT, PLAIN, VRS2, 0));
    vec_done(env);
}

static void each(CPURISCVState *env, const TCGOp *op, VecFp what)
{
    const FpFormat *f = vec_format(env->vcfg.sew);
    FpEnv e = { .rm = env->frm };

    check(env, op, false, true);
    for (unsigned i = (unsigned)env->vstart; i < env->vl; i++) {
        uint64_t a;

        if (!vec_active(env, op, i))
            continue;
        a = vec_get(VRS2, env->vcfg.sew, i);
        a = what == VF_CLASS  ? ieee_class(f, a)
            : what == VF_REC7 ? vec_rec7(f, a, &e)
                              : vec_rsqrt7(f, a, &e);
        vec_put(VRD, env->vcfg.sew, i, a);
    }
    env->fflags |= (uint8_t)e.flags;
    vec_done(env);
}

EXEC(vfclass_v) { each(env, op, VF_CLASS); }
EXEC(vfrec7_v) { each(env, op, VF_REC7); }
EXEC(vfrsqrt7_v) { each(env, op, VF_RSQRT7); }

/* ---- Comparisons ---- */

VEC_ALWAYS void compare_loop(CPURISCVState *env, const TCGOp *op, VecFp what, unsigned sew,
                             const void *bs, uint64_t x, uint8_t *t)
{
    TCGOp v = vec_rounding(op, FP_DYN);

    for (unsigned i = (unsigned)env->vstart; i < env->vl; i++)
        if (vec_active(env, op, i))
            t[i] = (uint8_t)vec_fp(env, &v, what, sew, vec_fp_get(VRS2, sew, i),
                                   bs ? vec_fp_get(bs, sew, i) : x, 0);
}

static void check_compare(CPURISCVState *env, const TCGOp *op, bool vector)
{
    unsigned regs = vec_regs(env->vcfg.lmul);

    vec_fp_check(env, op, env->vcfg.sew);
    vec_require(env, op, !((op->rs2 | (vector ? op->rs1 : 0)) & env->vcfg.align) &&
                             vec_mask_ok(op, op->rs2) && (!vector || vec_mask_ok(op, op->rs1)) &&
                             (op->rd == op->rs2 || !vec_overlap(op->rd, 1, op->rs2, regs)) &&
                             (!vector || op->rd == op->rs1 ||
                              !vec_overlap(op->rd, 1, op->rs1, regs)));
}

VEC_ALWAYS void compare(CPURISCVState *env, const TCGOp *op, VecFp what, bool vector)
{
    unsigned sew = env->vcfg.sew;
    const void *bs;
    uint64_t x;
    VecBuf t;

    check_compare(env, op, vector);
    bs = vector ? VRS1 : NULL;
    x = vector ? 0 : vec_box(sew, vec_unbox(sew, FRS1));
    if (vec_fp_compare(env, op, what, bs, x, t)) {
        vec_put_bits(env, op, VRD, t, false);
        vec_done(env);
        return;
    }
    memset(t, 0, (env->vl + 7) & ~7ULL);
    if (sew == 1)
        compare_loop(env, op, what, 1, bs, x, t);
    else if (sew == 2)
        compare_loop(env, op, what, 2, bs, x, t);
    else
        compare_loop(env, op, what, 3, bs, x, t);
    vec_put_bits(env, op, VRD, t, !UNMASKED(op));
    vec_done(env);
}

#define CMP(name, what)                                                                     \
    EXEC(name##_vv) { compare(env, op, what, true); }                                       \
    EXEC(name##_vf) { compare(env, op, what, false); }
CMP(vmfeq, VF_EQ)
CMP(vmfne, VF_NE)
CMP(vmflt, VF_LT)
CMP(vmfle, VF_LE)
EXEC(vmfgt_vf) { compare(env, op, VF_GT, false); }
EXEC(vmfge_vf) { compare(env, op, VF_GE, false); }

/* ---- Widening: operands made wider (exactly), then the operation there ---- */

static void check_wide(CPURISCVState *env, const TCGOp *op, bool vector, bool wide)
{
    int lmul = env->vcfg.lmul;
    unsigned sew = env->vcfg.sew;

    vec_require(env, op, sew < 3);
    vec_fp_check(env, op, sew);
    vec_fp_check(env, op, sew + 1);
    vec_require(env, op, vec_aligned(op->rd, lmul + 1) && vec_mask_ok(op, op->rd) &&
                             vec_aligned(op->rs2, wide ? lmul + 1 : lmul) &&
                             vec_mask_ok(op, op->rs2) &&
                             (wide || vec_dest_ok(op->rd, lmul + 1, sew + 1, op->rs2, lmul, sew)));
    if (vector)
        vec_require(env, op, vec_aligned(op->rs1, lmul) && vec_mask_ok(op, op->rs1) &&
                                 vec_dest_ok(op->rd, lmul + 1, sew + 1, op->rs1, lmul, sew) &&
                                 (!wide || !vec_overlap(op->rs2, vec_regs(lmul + 1), op->rs1,
                                                        vec_regs(lmul))));
}

/* Element by element from the first: what is read lies at or behind what was written. */
VEC_ALWAYS void wide_loop(CPURISCVState *env, const TCGOp *op, VecFp what, bool wide, bool acc,
                          unsigned sew, const void *bs, uint64_t x)
{
    TCGOp v = vec_rounding(op, FP_DYN);

    for (unsigned i = (unsigned)env->vstart; i < env->vl; i++) {
        uint64_t a, b, r;

        if (!vec_active(env, op, i))
            continue;
        a = wide ? vec_fp_get(VRS2, sew + 1, i)
                 : vec_widen(env, &v, sew, vec_fp_get(VRS2, sew, i));
        b = vec_widen(env, &v, sew, bs ? vec_fp_get(bs, sew, i) : x);
        r = acc ? vec_fp(env, &v, what, sew + 1, b, a, vec_fp_get(VRD, sew + 1, i))
                : vec_fp(env, &v, what, sew + 1, a, b, 0);
        vec_put(VRD, sew + 1, i, r);
    }
}

VEC_ALWAYS void widening(CPURISCVState *env, const TCGOp *op, VecFp what, bool wide, bool acc,
                         bool vector)
{
    unsigned sew = env->vcfg.sew;
    const void *bs;
    uint64_t x;

    check_wide(env, op, vector, wide);
    if (acc)
        vec_require(env, op, vec_accumulator_ok(op, env->vcfg.lmul, vector));
    bs = vector ? VRS1 : NULL;
    x = vector ? 0 : vec_box(sew, vec_unbox(sew, FRS1));
    if (vec_fp_wide_block(env, op, what, wide, acc, bs, x))
        ;
    else if (sew == 1)
        wide_loop(env, op, what, wide, acc, 1, bs, x);
    else
        wide_loop(env, op, what, wide, acc, 2, bs, x);
    vec_done(env);
}

#define WIDE(name, what, acc)                                                               \
    EXEC(name##_vv) { widening(env, op, what, false, acc, true); }                          \
    EXEC(name##_vf) { widening(env, op, what, false, acc, false); }
#define WIDER(name, what)                                                                   \
    EXEC(name##_wv) { widening(env, op, what, true, false, true); }                         \
    EXEC(name##_wf) { widening(env, op, what, true, false, false); }
WIDE(vfwadd, VF_ADD, false)
WIDE(vfwsub, VF_SUB, false)
WIDER(vfwadd, VF_ADD)
WIDER(vfwsub, VF_SUB)
WIDE(vfwmul, VF_MUL, false)
WIDE(vfwmacc, VF_MADD, true)
WIDE(vfwnmacc, VF_NMADD, true)
WIDE(vfwmsac, VF_MSUB, true)
WIDE(vfwnmsac, VF_NMSUB, true)

/* ---- Reductions: in the elements' order, also where any would do ---- */

static void check_reduce(CPURISCVState *env, const TCGOp *op, unsigned sew)
{
    vec_fp_check(env, op, env->vcfg.sew);
    vec_require(env, op, sew <= 3);
    vec_fp_check(env, op, sew);
    vec_require(env, op, env->vstart == 0 && vec_aligned(op->rs2, env->vcfg.lmul) &&
                             vec_mask_ok(op, op->rs2) && vec_mask_ok(op, op->rs1) &&
                             (sew == env->vcfg.sew ||
                              !vec_overlap(op->rs1, 1, op->rs2, vec_regs(env->vcfg.lmul))));
}

VEC_ALWAYS uint64_t reduce_loop(CPURISCVState *env, const TCGOp *op, VecFp what, unsigned sew, bool wide)
{
    TCGOp v = vec_rounding(op, FP_DYN);
    uint64_t acc = vec_fp_get(VRS1, wide ? sew + 1 : sew, 0);

    for (unsigned i = 0; i < env->vl; i++) {
        uint64_t b;

        if (!vec_active(env, op, i))
            continue;
        b = vec_fp_get(VRS2, sew, i);
        if (wide)
            b = vec_widen(env, &v, sew, b);
        acc = vec_fp(env, &v, what, wide ? sew + 1 : sew, acc, b, 0);
    }
    return acc;
}

VEC_ALWAYS void reduce(CPURISCVState *env, const TCGOp *op, VecFp what, bool wide)
{
    unsigned sew = env->vcfg.sew, dsew = wide ? sew + 1 : sew;

    check_reduce(env, op, dsew);
    if (env->vl) {
        uint64_t r = sew == 1   ? reduce_loop(env, op, what, 1, wide)
                     : sew == 2 ? reduce_loop(env, op, what, 2, wide)
                                : reduce_loop(env, op, what, 3, false);
        vec_put(VRD, dsew, 0, r);
    }
    vec_done(env);
}

EXEC(vfredusum_vs) { reduce(env, op, VF_ADD, false); }
EXEC(vfredosum_vs) { reduce(env, op, VF_ADD, false); }
EXEC(vfredmin_vs) { reduce(env, op, VF_MIN, false); }
EXEC(vfredmax_vs) { reduce(env, op, VF_MAX, false); }
EXEC(vfwredusum_vs) { reduce(env, op, VF_ADD, true); }
EXEC(vfwredosum_vs) { reduce(env, op, VF_ADD, true); }
