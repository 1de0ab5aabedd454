/*
 * Fixed-point arithmetic: saturation, averages, scaling shifts, clips.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

typedef __int128 s128;
typedef unsigned __int128 u128;

/* What is added to v >> d for the rounding mode vxrm: nearest up, nearest even, down, to odd. */
static inline unsigned increment(u128 v, unsigned d, unsigned vxrm)
{
    bool half, below, lsb;

    if (d == 0)
        return 0;
    half = v >> (d - 1) & 1;
    below = v & (((u128)1 << (d - 1)) - 1);
    lsb = v >> d & 1;
    switch (vxrm) {
    case 0:
        return half;
    case 1:
        return half && (below || lsb);
    case 2:
        return 0;
    default:
        return !lsb && (half || below);
    }
}

static inline s128 clamp(s128 v, s128 low, s128 high, bool *sat)
{
    if (v < low) {
        *sat = true;
        return low;
    }
    if (v > high) {
        *sat = true;
        return high;
    }
    return v;
}

typedef enum Fixed {
    SADDU, SADD, SSUBU, SSUB, AADDU, AADD, ASUBU, ASUB, SMUL, SSRL, SSRA, NCLIPU, NCLIP,
} Fixed;

static inline bool is_signed(Fixed what)
{
    return what == SADD || what == SSUB || what == AADD || what == ASUB || what == SMUL ||
           what == SSRA || what == NCLIP;
}

/* a and b are extended as the operation takes them. */
static inline s128 fixed(Fixed what, s128 a, s128 b, unsigned bits, unsigned vxrm, bool *sat)
{
    s128 low = is_signed(what) ? -((s128)1 << (bits - 1)) : 0;
    s128 high = is_signed(what) ? ((s128)1 << (bits - 1)) - 1 : ((s128)1 << bits) - 1;
    unsigned shift = (unsigned)b & (bits - 1);

    switch (what) {
    case SADDU:
    case SADD:
        return clamp(a + b, low, high, sat);
    case SSUBU:
    case SSUB:
        return clamp(a - b, low, high, sat);
    case AADDU:
    case AADD:
        return ((a + b) >> 1) + increment((u128)(a + b), 1, vxrm);
    case ASUBU:
    case ASUB:
        return ((a - b) >> 1) + increment((u128)(a - b), 1, vxrm);
    case SMUL:
        a *= b;
        return clamp((a >> (bits - 1)) + increment((u128)a, bits - 1, vxrm), low, high, sat);
    case SSRL:
    case SSRA:
        return (a >> shift) + increment((u128)a, shift, vxrm);
    default:
        shift = (unsigned)b & (2 * bits - 1);
        return clamp((a >> shift) + increment((u128)a, shift, vxrm), low, high, sat);
    }
}

static inline s128 element(const void *base, unsigned sew, unsigned i, bool sign)
{
    return sign ? (s128)vec_get_signed(base, sew, i) : (s128)vec_get(base, sew, i);
}

static inline __attribute__((always_inline)) void fixed_loop(CPURISCVState *env, const TCGOp *op,
                                                             Fixed what, unsigned sew,
                                                             const void *bs, uint64_t x)
{
    bool narrow = what >= NCLIPU, sign = is_signed(what), sat = false;
    unsigned vxrm = (unsigned)env->vxrm, n = (unsigned)env->vl;

    for (unsigned i = (unsigned)env->vstart; i < n; i++) {
        s128 a, b;

        if (!vec_active(env, op, i))
            continue;
        a = element(VRS2, narrow ? sew + 1 : sew, i, sign);
        b = element(bs ? bs : &x, sew, bs ? i : 0, sign);
        vec_put(VRD, sew, i, (uint64_t)fixed(what, a, b, 8u << sew, vxrm, &sat));
    }
    env->vxsat |= sat;
    vec_done(env);
}

static void check(CPURISCVState *env, const TCGOp *op, Fixed what, bool vector)
{
    int lmul = env->vcfg.lmul, slmul = what >= NCLIPU ? lmul + 1 : lmul;
    unsigned sew = env->vcfg.sew, ssew = what >= NCLIPU ? sew + 1 : sew;

    vec_require(env, op, env->vcfg.vlmax && ssew <= (riscv_ext_on(env, EXT_ZVE64X) ? 3 : 2) &&
                             vec_aligned(op->rd, lmul) && vec_mask_ok(op, op->rd) &&
                             vec_aligned(op->rs2, slmul) && vec_mask_ok(op, op->rs2) &&
                             vec_dest_ok(op->rd, lmul, sew, op->rs2, slmul, ssew));
    if (vector)
        vec_require(env, op, vec_aligned(op->rs1, lmul) && vec_mask_ok(op, op->rs1) &&
                                 (sew == ssew || !vec_overlap(op->rs2, vec_regs(slmul), op->rs1,
                                                              vec_regs(lmul))));
    if (what == SMUL)
        vec_require(env, op, sew < 3 || riscv_ext_on(env, EXT_V));
}

static inline __attribute__((always_inline)) void run(CPURISCVState *env, const TCGOp *op,
                                                      Fixed what, bool vector, uint64_t x)
{
    const void *b;

    check(env, op, what, vector);
    b = vector ? VRS1 : NULL;
    switch (env->vcfg.sew) {
    case 0:
        fixed_loop(env, op, what, 0, b, x);
        break;
    case 1:
        fixed_loop(env, op, what, 1, b, x);
        break;
    case 2:
        fixed_loop(env, op, what, 2, b, x);
        break;
    default:
        fixed_loop(env, op, what, 3, b, x);
        break;
    }
}

#define VV(name, what) EXEC(name) { run(env, op, what, true, 0); }
#define VX(name, what) EXEC(name) { run(env, op, what, false, RS1); }
#define VI(name, what) EXEC(name) { run(env, op, what, false, IMM); }
VV(vsaddu_vv, SADDU)
VX(vsaddu_vx, SADDU)
VI(vsaddu_vi, SADDU)
VV(vsadd_vv, SADD)
VX(vsadd_vx, SADD)
VI(vsadd_vi, SADD)
VV(vssubu_vv, SSUBU)
VX(vssubu_vx, SSUBU)
VV(vssub_vv, SSUB)
VX(vssub_vx, SSUB)
VV(vaaddu_vv, AADDU)
VX(vaaddu_vx, AADDU)
VV(vaadd_vv, AADD)
VX(vaadd_vx, AADD)
VV(vasubu_vv, ASUBU)
VX(vasubu_vx, ASUBU)
VV(vasub_vv, ASUB)
VX(vasub_vx, ASUB)
VV(vsmul_vv, SMUL)
VX(vsmul_vx, SMUL)
VV(vssrl_vv, SSRL)
VX(vssrl_vx, SSRL)
VI(vssrl_vi, SSRL)
VV(vssra_vv, SSRA)
VX(vssra_vx, SSRA)
VI(vssra_vi, SSRA)
VV(vnclipu_wv, NCLIPU)
VX(vnclipu_wx, NCLIPU)
VI(vnclipu_wi, NCLIPU)
VV(vnclip_wv, NCLIP)
VX(vnclip_wx, NCLIP)
VI(vnclip_wi, NCLIP)
