/*
 * Integer reductions: element 0 of vs1 and the active elements of vs2 to element 0 of vd.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

/* vstart must be 0; vd and vs1 are single registers, and may be vs2 or v0. */
static void check(CPURISCVState *env, const TCGOp *op)
{
    int lmul = env->vcfg.lmul;

    vec_require(env, op, env->vcfg.vlmax && env->vstart == 0 && vec_aligned(op->rs2, lmul) &&
                             vec_mask_ok(op, op->rs2) && vec_mask_ok(op, op->rs1));
}

#define REDUCE(name, type, expr)                                                            \
    static inline __attribute__((always_inline)) type name##_##type(CPURISCVState *env,     \
                                                                    const TCGOp *op)        \
    {                                                                                       \
        const type *v = (const type *)VRS2;                                                 \
        type a = *(const type *)VRS1;                                                       \
        unsigned n = (unsigned)env->vl;                                                     \
        if (UNMASKED(op)) {                                                                 \
            for (unsigned i = 0; i < n; i++) {                                              \
                type b = v[i];                                                              \
                a = (type)(expr);                                                           \
            }                                                                               \
            return a;                                                                       \
        }                                                                                   \
        for (unsigned i = 0; i < n; i++) {                                                  \
            type b = v[i];                                                                  \
            if (vec_active(env, op, i))                                                     \
                a = (type)(expr);                                                           \
        }                                                                                   \
        return a;                                                                           \
    }
#define BODY(name, t)                                                                       \
    EXEC(v##name##_vs)                                                                      \
    {                                                                                       \
        uint64_t r;                                                                         \
        check(env, op);                                                                     \
        if (!env->vl) {                                                                     \
            vec_done(env);                                                                  \
            return;                                                                         \
        }                                                                                   \
        switch (env->vcfg.sew) {                                                            \
        case 0:                                                                             \
            r = (uint64_t)name##_##t##8_t(env, op);                                         \
            break;                                                                          \
        case 1:                                                                             \
            r = (uint64_t)name##_##t##16_t(env, op);                                        \
            break;                                                                          \
        case 2:                                                                             \
            r = (uint64_t)name##_##t##32_t(env, op);                                        \
            break;                                                                          \
        default:                                                                            \
            r = (uint64_t)name##_##t##64_t(env, op);                                        \
            break;                                                                          \
        }                                                                                   \
        vec_put(VRD, env->vcfg.sew, 0, r);                                                  \
        vec_done(env);                                                                      \
    }
#define REDUCE4(name, t, expr)                                                              \
    REDUCE(name, t##8_t, expr)                                                              \
    REDUCE(name, t##16_t, expr)                                                             \
    REDUCE(name, t##32_t, expr)                                                             \
    REDUCE(name, t##64_t, expr)                                                             \
    BODY(name, t)

REDUCE4(redsum, uint, a + b)
REDUCE4(redand, uint, a & b)
REDUCE4(redor, uint, a | b)
REDUCE4(redxor, uint, a ^ b)
REDUCE4(redminu, uint, a < b ? a : b)
REDUCE4(redmin, int, a < b ? a : b)
REDUCE4(redmaxu, uint, a > b ? a : b)
REDUCE4(redmax, int, a > b ? a : b)

/* vd and vs1 of 2*SEW. */
static void widening_sum(CPURISCVState *env, const TCGOp *op, bool sign)
{
    unsigned sew = env->vcfg.sew;
    uint64_t sum;

    check(env, op);
    vec_require(env, op, sew < (riscv_ext_on(env, EXT_ZVE64X) ? 3 : 2) &&
                             !vec_overlap(op->rs1, 1, op->rs2, vec_regs(env->vcfg.lmul)));
    if (env->vl) {
        sum = vec_get(VRS1, sew + 1, 0);
        for (unsigned i = 0; i < env->vl; i++)
            if (vec_active(env, op, i))
                sum += sign ? (uint64_t)vec_get_signed(VRS2, sew, i) : vec_get(VRS2, sew, i);
        vec_put(VRD, sew + 1, 0, sum);
    }
    vec_done(env);
}

EXEC(vwredsum_vs) { widening_sum(env, op, true); }
EXEC(vwredsumu_vs) { widening_sum(env, op, false); }
