/*
 * Integer arithmetic: one width, widening, narrowing, extension, comparisons, carries.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

/* ---- Legality ---- */

/* All operands of SEW and LMUL; vs1 is 0 where it is none. */
static __attribute__((noinline)) void check_masked(CPURISCVState *env, const TCGOp *op, unsigned vs1)
{
    vec_require(env, op, op->rd && op->rs2 && vs1);
}

static inline void check(CPURISCVState *env, const TCGOp *op, unsigned regs, unsigned vs1)
{
    vec_require(env, op, !((regs | 32) & env->vcfg.align));
    if (!UNMASKED(op))
        check_masked(env, op, vs1);
}

/* d of 2*SEW, vs2 of SEW or with `wide` of 2*SEW, vs1 (if there is one) of SEW. */
static inline void check_widening(CPURISCVState *env, const TCGOp *op, bool vector, bool wide)
{
    int lmul = env->vcfg.lmul;
    unsigned sew = env->vcfg.sew;

    vec_require(env, op, env->vcfg.vlmax && sew < (riscv_ext_on(env, EXT_ZVE64X) ? 3 : 2) &&
                             vec_aligned(op->rd, lmul + 1) && vec_mask_ok(op, op->rd) &&
                             vec_aligned(op->rs2, wide ? lmul + 1 : lmul) &&
                             vec_mask_ok(op, op->rs2));
    if (!wide)
        vec_require(env, op, vec_dest_ok(op->rd, lmul + 1, sew + 1, op->rs2, lmul, sew));
    if (vector)
        vec_require(env, op, vec_aligned(op->rs1, lmul) && vec_mask_ok(op, op->rs1) &&
                                 vec_dest_ok(op->rd, lmul + 1, sew + 1, op->rs1, lmul, sew));
    if (vector && wide)
        vec_require(env, op, !vec_overlap(op->rs2, vec_regs(lmul + 1), op->rs1, vec_regs(lmul)));
}

/* d and vs1 of SEW, vs2 of 2*SEW. */
static inline void check_narrowing(CPURISCVState *env, const TCGOp *op, bool vector)
{
    int lmul = env->vcfg.lmul;
    unsigned sew = env->vcfg.sew;

    vec_require(env, op, env->vcfg.vlmax && sew < (riscv_ext_on(env, EXT_ZVE64X) ? 3 : 2) &&
                             vec_aligned(op->rd, lmul) && vec_mask_ok(op, op->rd) &&
                             vec_aligned(op->rs2, lmul + 1) && vec_mask_ok(op, op->rs2) &&
                             vec_dest_ok(op->rd, lmul, sew, op->rs2, lmul + 1, sew + 1));
    if (vector)
        vec_require(env, op, vec_aligned(op->rs1, lmul) && vec_mask_ok(op, op->rs1) &&
                                 !vec_overlap(op->rs2, vec_regs(lmul + 1), op->rs1,
                                              vec_regs(lmul)));
}

/* ---- One width ---- */

#define VV(name, k)                                                                         \
    EXEC(name)                                                                              \
    {                                                                                       \
        check(env, op, op->rd | op->rs2 | op->rs1, op->rs1);                                \
        vec_run(env, op, env->vk->op[k].vv[env->vcfg.sew], VRD, VRS2, VRS1, env->vcfg.sew); \
    }
#define VS(name, k, scalar)                                                                 \
    EXEC(name)                                                                              \
    {                                                                                       \
        uint64_t x = (uint64_t)(scalar);                                                    \
        check(env, op, op->rd | op->rs2, 1);                                                \
        vec_run(env, op, env->vk->op[k].vx[env->vcfg.sew], VRD, VRS2, &x, env->vcfg.sew);   \
    }
#define VX(name, k) VS(name, k, RS1)
#define VI(name, k) VS(name, k, IMM)
#define V_VX(n) VV(v##n##_vv, VK_##n) VX(v##n##_vx, VK_##n)
#define V_VXI(n) V_VX(n) VI(v##n##_vi, VK_##n)

V_VXI(add)
V_VX(sub)
VX(vrsub_vx, VK_rsub)
VI(vrsub_vi, VK_rsub)
V_VXI(and)
V_VXI(or)
V_VXI(xor)
V_VX(minu)
V_VX(min)
V_VX(maxu)
V_VX(max)
V_VXI(sll)
V_VXI(srl)
V_VXI(sra)
V_VX(mul)
V_VX(divu)
V_VX(div)
V_VX(remu)
V_VX(rem)
V_VX(macc)
V_VX(nmsac)
V_VX(madd)
V_VX(nmsub)

/* Zvkb, Zvbb. */
V_VX(andn)
V_VX(rol)
V_VXI(ror)
#define V1(name, k)                                                                         \
    EXEC(name)                                                                              \
    {                                                                                       \
        check(env, op, op->rd | op->rs2, 1);                                                \
        vec_run(env, op, env->vk->op[k].vv[env->vcfg.sew], VRD, VRS2, NULL, env->vcfg.sew); \
    }
V1(vbrev8_v, VK_brev8)
V1(vrev8_v, VK_rev8)
V1(vbrev_v, VK_brev)
V1(vclz_v, VK_clz)
V1(vctz_v, VK_ctz)
V1(vcpop_v, VK_cpop)

/* The high half of a product of 64 bits is not part of Zve64x. */
#define V_HIGH(n)                                                                           \
    EXEC(v##n##_vv)                                                                         \
    {                                                                                       \
        vec_require(env, op, env->vcfg.sew < 3 || riscv_ext_on(env, EXT_V));                \
        check(env, op, op->rd | op->rs2 | op->rs1, op->rs1);                                \
        vec_run(env, op, env->vk->op[VK_##n].vv[env->vcfg.sew], VRD, VRS2, VRS1, env->vcfg.sew); \
    }                                                                                       \
    EXEC(v##n##_vx)                                                                         \
    {                                                                                       \
        uint64_t x = RS1;                                                                   \
        vec_require(env, op, env->vcfg.sew < 3 || riscv_ext_on(env, EXT_V));                \
        check(env, op, op->rd | op->rs2, 1);                                                \
        vec_run(env, op, env->vk->op[VK_##n].vx[env->vcfg.sew], VRD, VRS2, &x, env->vcfg.sew); \
    }
V_HIGH(mulh)
V_HIGH(mulhu)
V_HIGH(mulhsu)

/* ---- Widening and narrowing ---- */

/* Source and destination may overlap in part: by way of a buffer then. */
static void run_apart(CPURISCVState *env, const TCGOp *op, VecFn *fn, const void *b, unsigned dsew)
{
    VecBuf t;

    if (env->vstart < env->vl) {
        memcpy(t, VRD, env->vl << dsew);
        fn(t, VRS2, b, env->vl);
        vec_blend(env, op, VRD, t, dsew);
    }
    vec_done(env);
}

#define WIDE(name, k, form, vector, wide, scalar, operand)                                  \
    EXEC(name)                                                                              \
    {                                                                                       \
        uint64_t x = (uint64_t)(scalar);                                                    \
        (void)x;                                                                            \
        check_widening(env, op, vector, wide);                                              \
        if (k >= VK_wmaccu && k <= VK_wmaccus)                                              \
            vec_require(env, op, vec_accumulator_ok(op, env->vcfg.lmul, vector));           \
        run_apart(env, op, env->vk->op[k].form[env->vcfg.sew], operand, env->vcfg.sew + 1u);\
    }
#define WIDE_VV(name, k) WIDE(name, k, vv, true, false, 0, VRS1)
#define WIDE_VX(name, k) WIDE(name, k, vx, false, false, RS1, &x)
#define WIDE_VX2(n) WIDE_VV(v##n##_vv, VK_##n) WIDE_VX(v##n##_vx, VK_##n)
#define WIDE_WX2(n)                                                                         \
    WIDE(v##n##_wv, VK_##n##_w, vv, true, true, 0, VRS1)                                    \
    WIDE(v##n##_wx, VK_##n##_w, vx, false, true, RS1, &x)
WIDE_VX2(waddu)
WIDE_VX2(wadd)
WIDE_VX2(wsubu)
WIDE_VX2(wsub)
WIDE_WX2(waddu)
WIDE_WX2(wadd)
WIDE_WX2(wsubu)
WIDE_WX2(wsub)
WIDE_VX2(wmulu)
WIDE_VX2(wmul)
WIDE_VX2(wmulsu)
WIDE_VX2(wmaccu)
WIDE_VX2(wmacc)
WIDE_VX2(wmaccsu)
WIDE_VX(vwmaccus_vx, VK_wmaccus)
WIDE_VX2(wsll)
WIDE(vwsll_vi, VK_wsll, vx, false, false, IMM, &x)

#define NARROW(name, k, form, vector, scalar, operand)                                      \
    EXEC(name)                                                                              \
    {                                                                                       \
        uint64_t x = (uint64_t)(scalar);                                                    \
        (void)x;                                                                            \
        check_narrowing(env, op, vector);                                                   \
        run_apart(env, op, env->vk->op[k].form[env->vcfg.sew], operand, env->vcfg.sew);     \
    }
#define NARROW_WXI(n)                                                                       \
    NARROW(v##n##_wv, VK_##n, vv, true, 0, VRS1)                                            \
    NARROW(v##n##_wx, VK_##n, vx, false, RS1, &x)                                           \
    NARROW(v##n##_wi, VK_##n, vx, false, IMM, &x)
NARROW_WXI(nsrl)
NARROW_WXI(nsra)

static void extend(CPURISCVState *env, const TCGOp *op, VecFn *const fns[4], unsigned log)
{
    int lmul = env->vcfg.lmul, slmul = lmul - (int)log;
    unsigned sew = env->vcfg.sew;

    vec_require(env, op, env->vcfg.vlmax && sew >= log && vec_aligned(op->rd, lmul) &&
                             vec_aligned(op->rs2, slmul) && vec_mask_ok(op, op->rd) &&
                             vec_mask_ok(op, op->rs2) &&
                             vec_dest_ok(op->rd, lmul, sew, op->rs2, slmul, sew - log));
    run_apart(env, op, fns[sew], NULL, sew);
}

EXEC(vzext_vf2) { extend(env, op, env->vk->zext[0], 1); }
EXEC(vzext_vf4) { extend(env, op, env->vk->zext[1], 2); }
EXEC(vzext_vf8) { extend(env, op, env->vk->zext[2], 3); }
EXEC(vsext_vf2) { extend(env, op, env->vk->sext[0], 1); }
EXEC(vsext_vf4) { extend(env, op, env->vk->sext[1], 2); }
EXEC(vsext_vf8) { extend(env, op, env->vk->sext[2], 3); }

/* ---- Comparisons: a mask, which may be v0 and may overlap the lowest part of a source ---- */

static void check_compare(CPURISCVState *env, const TCGOp *op, bool vector)
{
    int lmul = env->vcfg.lmul;
    bool ok = env->vcfg.vlmax && vec_aligned(op->rs2, lmul) && vec_mask_ok(op, op->rs2) &&
              (op->rd == op->rs2 || !vec_overlap(op->rd, 1, op->rs2, vec_regs(lmul)));

    if (vector)
        ok = ok && vec_aligned(op->rs1, lmul) && vec_mask_ok(op, op->rs1) &&
             (op->rd == op->rs1 || !vec_overlap(op->rd, 1, op->rs1, vec_regs(lmul)));
    vec_require(env, op, ok);
}

static void compare(CPURISCVState *env, const TCGOp *op, VecFn *fn, const void *b)
{
    VecBuf t;

    fn(t, VRS2, b, env->vl);
    vec_put_bits(env, op, VRD, t, !UNMASKED(op));
    vec_done(env);
}

#define CMP_VV(n)                                                                           \
    EXEC(vm##n##_vv)                                                                        \
    {                                                                                       \
        check_compare(env, op, true);                                                       \
        compare(env, op, env->vk->op[VK_##n].vv[env->vcfg.sew], VRS1);                      \
    }
#define CMP_S(n, form, scalar)                                                              \
    EXEC(vm##n##_##form)                                                                    \
    {                                                                                       \
        uint64_t x = (uint64_t)(scalar);                                                    \
        check_compare(env, op, false);                                                      \
        compare(env, op, env->vk->op[VK_##n].vx[env->vcfg.sew], &x);                        \
    }
#define CMP_VXI(n) CMP_VV(n) CMP_S(n, vx, RS1) CMP_S(n, vi, IMM)
CMP_VXI(seq)
CMP_VXI(sne)
CMP_VXI(sleu)
CMP_VXI(sle)
CMP_VV(sltu)
CMP_S(sltu, vx, RS1)
CMP_VV(slt)
CMP_S(slt, vx, RS1)
CMP_S(sgtu, vx, RS1)
CMP_S(sgtu, vi, IMM)
CMP_S(sgt, vx, RS1)
CMP_S(sgt, vi, IMM)

/* ---- Carries: v0 is an operand, of every element ---- */

/* What comes out of element i, and with `out` the carry instead. */
static inline uint64_t carry(uint64_t a, uint64_t b, bool in, bool sub, bool out, unsigned sew)
{
    unsigned bits = 8u << sew;
    unsigned __int128 r = sub ? (unsigned __int128)a - b - in : (unsigned __int128)a + b + in;

    return out ? (uint64_t)(r >> bits) & 1 : (uint64_t)r;
}

static void carry_all(CPURISCVState *env, const TCGOp *op, void *t, const void *b, bool sub, bool out)
{
    const uint8_t *v0 = (const uint8_t *)env->vreg;
    unsigned sew = env->vcfg.sew;
    uint64_t x = b ? 0 : (uint64_t)(op->insn >> 12 & 4 ? RS1 : IMM), ones = UINT64_MAX >> (64 - (8 << sew));

    for (unsigned i = 0; i < env->vl; i++) {
        uint64_t y = b ? vec_get(b, sew, i) : x & ones;
        bool in = !UNMASKED(op) && vec_bit(v0, i);
        uint64_t r = carry(vec_get(VRS2, sew, i), y, in, sub, out, sew);

        vec_put(t, out ? 0 : sew, i, r);
    }
}

static void add_carry(CPURISCVState *env, const TCGOp *op, bool vector, bool sub)
{
    unsigned start = (unsigned)env->vstart, n = (unsigned)env->vl, sew = env->vcfg.sew;
    VecBuf t;

    /* Never v0 as destination, and the operands are no masks. */
    check(env, op, op->rd | op->rs2 | (vector ? op->rs1 : 0), vector ? op->rs1 : 1);
    if (start < n) {
        carry_all(env, op, t, vector ? VRS1 : NULL, sub, false);
        memcpy(VRD + ((size_t)start << sew), t + ((size_t)start << sew), (size_t)(n - start) << sew);
    }
    vec_done(env);
}

static void mask_carry(CPURISCVState *env, const TCGOp *op, bool vector, bool sub)
{
    VecBuf t;

    check_compare(env, op, vector);
    carry_all(env, op, t, vector ? VRS1 : NULL, sub, true);
    vec_put_bits(env, op, VRD, t, false);
    vec_done(env);
}

EXEC(vadc_vvm) { add_carry(env, op, true, false); }
EXEC(vadc_vxm) { add_carry(env, op, false, false); }
EXEC(vadc_vim) { add_carry(env, op, false, false); }
EXEC(vsbc_vvm) { add_carry(env, op, true, true); }
EXEC(vsbc_vxm) { add_carry(env, op, false, true); }
EXEC(vmadc_vvm) { mask_carry(env, op, true, false); }
EXEC(vmadc_vxm) { mask_carry(env, op, false, false); }
EXEC(vmadc_vim) { mask_carry(env, op, false, false); }
EXEC(vmadc_vv) { mask_carry(env, op, true, false); }
EXEC(vmadc_vx) { mask_carry(env, op, false, false); }
EXEC(vmadc_vi) { mask_carry(env, op, false, false); }
EXEC(vmsbc_vvm) { mask_carry(env, op, true, true); }
EXEC(vmsbc_vxm) { mask_carry(env, op, false, true); }
EXEC(vmsbc_vv) { mask_carry(env, op, true, true); }
EXEC(vmsbc_vx) { mask_carry(env, op, false, true); }
