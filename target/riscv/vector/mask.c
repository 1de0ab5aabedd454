/*
 * Operations on masks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

/* ---- Bit by bit: in bytes, with care at both ends ---- */

#define LOGIC(name, expr)                                                                   \
    EXEC(vm##name##_mm)                                                                     \
    {                                                                                       \
        unsigned start = (unsigned)env->vstart, n = (unsigned)env->vl;                      \
        uint8_t *d = VRD;                                                                   \
        const uint8_t *as = VRS2, *bs = VRS1;                                               \
        vec_require(env, op, env->vcfg.vlmax);                                              \
        for (unsigned i = start / 8; start < n && i <= (n - 1) / 8; i++) {                  \
            unsigned a = as[i], b = bs[i], keep = 0;                                        \
            if (i == start / 8)                                                             \
                keep = (1u << (start & 7)) - 1;                                             \
            if (n - i * 8 < 8)                                                              \
                keep |= 0xffu << (n - i * 8);                                               \
            d[i] = (uint8_t)((d[i] & keep) | ((expr) & ~keep));                             \
        }                                                                                   \
        vec_done(env);                                                                      \
    }
LOGIC(and, a & b)
LOGIC(nand, ~(a & b))
LOGIC(andn, a & ~b)
LOGIC(xor, a ^ b)
LOGIC(or, a | b)
LOGIC(nor, ~(a | b))
LOGIC(orn, a | ~b)
LOGIC(xnor, ~(a ^ b))

/* ---- Counting and searching: vstart must be 0 ---- */

static void check_start(CPURISCVState *env, const TCGOp *op)
{
    vec_require(env, op, env->vcfg.vlmax && env->vstart == 0);
}

/* Bits i * 8 and up of vs2 that are active and below vl. */
static inline unsigned active_bits(CPURISCVState *env, const TCGOp *op, const uint8_t *v, unsigned i)
{
    unsigned bits = v[i], n = (unsigned)env->vl;

    if (!UNMASKED(op))
        bits &= ((const uint8_t *)env->vreg)[i];
    if (n - i * 8 < 8)
        bits &= (1u << (n - i * 8)) - 1;
    return bits;
}

EXEC(vcpop_m)
{
    unsigned count = 0;

    check_start(env, op);
    for (unsigned i = 0; i < (env->vl + 7) / 8; i++)
        count += (unsigned)__builtin_popcount(active_bits(env, op, VRS2, i));
    RD = count;
    vec_done(env);
}

static int64_t first_bit(CPURISCVState *env, const TCGOp *op, const uint8_t *v)
{
    for (unsigned i = 0; i < (env->vl + 7) / 8; i++) {
        unsigned bits = active_bits(env, op, v, i);
        if (bits)
            return (int64_t)(i * 8) + __builtin_ctz(bits);
    }
    return -1;
}

EXEC(vfirst_m)
{
    check_start(env, op);
    RD = (uint64_t)first_bit(env, op, VRS2);
    vec_done(env);
}

/* Active bits become 1 before, up to, or only at the first that is set. */
static void set_first(CPURISCVState *env, const TCGOp *op, bool before, bool at)
{
    unsigned n = (unsigned)env->vl;
    int64_t first;
    uint8_t *d;

    check_start(env, op);
    vec_require(env, op, op->rd != op->rs2 && vec_mask_ok(op, op->rd));
    first = first_bit(env, op, VRS2);
    d = VRD;
    for (unsigned i = 0; i < n; i++) {
        if (!vec_active(env, op, i))
            continue;
        vec_set_bit(d, i, (before && (first < 0 || i < (uint64_t)first)) ||
                              (at && (int64_t)i == first));
    }
    vec_done(env);
}

EXEC(vmsbf_m) { set_first(env, op, true, false); }
EXEC(vmsif_m) { set_first(env, op, true, true); }
EXEC(vmsof_m) { set_first(env, op, false, true); }

EXEC(viota_m)
{
    int lmul = env->vcfg.lmul;
    unsigned sew = env->vcfg.sew;
    uint64_t sum = 0;

    check_start(env, op);
    vec_require(env, op, vec_aligned(op->rd, lmul) && vec_mask_ok(op, op->rd) &&
                             !vec_overlap(op->rd, vec_regs(lmul), op->rs2, 1));
    for (unsigned i = 0; i < env->vl; i++) {
        if (!vec_active(env, op, i))
            continue;
        vec_put(VRD, sew, i, sum);
        sum += vec_bit(VRS2, i);
    }
    vec_done(env);
}

EXEC(vid_v)
{
    vec_require(env, op, !((op->rd | 32) & env->vcfg.align) && vec_mask_ok(op, op->rd));
    for (unsigned i = (unsigned)env->vstart; i < env->vl; i++)
        if (vec_active(env, op, i))
            vec_put(VRD, env->vcfg.sew, i, i);
    vec_done(env);
}
