/*
 * Fixed-point arithmetic: saturation, averages, scaling shifts, clips.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

#define ALWAYS static inline __attribute__((always_inline))

typedef int64_t s64;
typedef __int128 s128;

typedef enum Fixed {
    SADDU, SADD, SSUBU, SSUB, AADDU, AADD, ASUBU, ASUB, SMUL, SSRL, SSRA, NCLIPU, NCLIP,
} Fixed;

static inline bool is_signed(Fixed what)
{
    return what == SADD || what == SSUB || what == AADD || what == ASUB || what == SMUL ||
           what == SSRA || what == NCLIP;
}

/*
 * An operation on elements of `bits`, in integers that are twice as wide at least: a and b are extended
 * as it takes them.
 */
#define FIXED(S, U)                                                                         \
    /* What is added to v >> d for the rounding mode: nearest up, nearest even, down, to odd. */ \
    ALWAYS unsigned increment_##S(U v, unsigned d, unsigned vxrm)                           \
    {                                                                                       \
        bool half, below, lsb;                                                              \
        if (d == 0 || vxrm == 2)                                                            \
            return 0;                                                                       \
        half = v >> (d - 1) & 1;                                                            \
        if (vxrm == 0)                                                                      \
            return half;                                                                    \
        below = v & (((U)1 << (d - 1)) - 1);                                                \
        lsb = v >> d & 1;                                                                   \
        return vxrm == 1 ? half && (below || lsb) : !lsb && (half || below);                \
    }                                                                                       \
    ALWAYS S clamp_##S(S v, S low, S high, bool *sat)                                       \
    {                                                                                       \
        S r = v < low ? low : v > high ? high : v;                                          \
        *sat |= r != v;                                                                     \
        return r;                                                                           \
    }                                                                                       \
    ALWAYS S fixed_##S(Fixed what, S a, S b, unsigned bits, unsigned vxrm, bool *sat)       \
    {                                                                                       \
        S low = is_signed(what) ? -((S)1 << (bits - 1)) : 0;                                \
        S high = is_signed(what) ? ((S)1 << (bits - 1)) - 1 : ((S)1 << bits) - 1;           \
        unsigned shift = (unsigned)b & (bits - 1);                                          \
        switch (what) {                                                                     \
        case SADDU:                                                                         \
        case SADD:                                                                          \
            return clamp_##S(a + b, low, high, sat);                                        \
        case SSUBU:                                                                         \
        case SSUB:                                                                          \
            return clamp_##S(a - b, low, high, sat);                                        \
        case AADDU:                                                                         \
        case AADD:                                                                          \
            return ((a + b) >> 1) + increment_##S((U)(a + b), 1, vxrm);                     \
        case ASUBU:                                                                         \
        case ASUB:                                                                          \
            return ((a - b) >> 1) + increment_##S((U)(a - b), 1, vxrm);                     \
        case SMUL:                                                                          \
            a *= b;                                                                         \
            return clamp_##S((a >> (bits - 1)) + increment_##S((U)a, bits - 1, vxrm), low, high, \
                             sat);                                                          \
        case SSRL:                                                                          \
        case SSRA:                                                                          \
            return (a >> shift) + increment_##S((U)a, shift, vxrm);                         \
        default:                                                                            \
            shift = (unsigned)b & (2 * bits - 1);                                           \
            return clamp_##S((a >> shift) + increment_##S((U)a, shift, vxrm), low, high, sat); \
        }                                                                                   \
    }
FIXED(s64, uint64_t)
FIXED(s128, unsigned __int128)

/* Of one width and one rounding mode. Sources of 64 bits need more than 64. */
ALWAYS bool some(const TCGOp *op, const uint8_t *mask, Fixed what, unsigned sew, void *d,
                 const void *as, const void *bs, bool one, unsigned start, unsigned n, unsigned vxrm)
{
    bool sign = is_signed(what), sat = false;
    unsigned asew = what >= NCLIPU ? sew + 1 : sew;

    for (unsigned i = start; i < n; i++) {
        unsigned at = one ? 0 : i;

        if (mask && !vec_bit(mask, i))
            continue;
        if (asew < 3) {
            s64 a = sign ? vec_get_signed(as, asew, i) : (s64)vec_get(as, asew, i);
            s64 b = sign ? vec_get_signed(bs, sew, at) : (s64)vec_get(bs, sew, at);
            vec_put(d, sew, i, (uint64_t)fixed_s64(what, a, b, 8u << sew, vxrm, &sat));
        } else {
            s128 a = sign ? (s128)vec_get_signed(as, asew, i) : (s128)vec_get(as, asew, i);
            s128 b = sign ? (s128)vec_get_signed(bs, sew, at) : (s128)vec_get(bs, sew, at);
            vec_put(d, sew, i, (uint64_t)fixed_s128(what, a, b, 8u << sew, vxrm, &sat));
        }
    }
    return sat;
}

ALWAYS void fixed_loop(CPURISCVState *env, const TCGOp *op, Fixed what, unsigned sew,
                       const void *bs, uint64_t x)
{
    const uint8_t *mask = UNMASKED(op) ? NULL : (const uint8_t *)env->vreg;
    unsigned start = (unsigned)env->vstart, n = (unsigned)env->vl, vxrm = (unsigned)env->vxrm;
    const void *b = bs ? bs : &x;
    bool sat;

    if (mask)
        sat = some(op, mask, what, sew, VRD, VRS2, b, !bs, start, n, vxrm);
    else if (vxrm == 0)
        sat = some(op, NULL, what, sew, VRD, VRS2, b, !bs, start, n, 0);
    else
        sat = some(op, NULL, what, sew, VRD, VRS2, b, !bs, start, n, vxrm);
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

ALWAYS void run(CPURISCVState *env, const TCGOp *op, Fixed what, bool vector, uint64_t x)
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
