/*
 * Vector cryptography: instructions on element groups, carry-less products.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/groups.h"
#include "target/riscv/vector/vec.h"

/* What an instruction on groups of `size` elements of 2^sew bytes demands: SEW, whole groups in vl and
 * vstart, and registers that have room for one group (zvk.adoc, "Instruction Constraints"). */
static void check(CPURISCVState *env, const TCGOp *op, unsigned sew, unsigned size, unsigned regs)
{
    vec_require(env, op, env->vcfg.vlmax >= size && env->vcfg.sew == sew &&
                             !((env->vl | env->vstart) & (size - 1)) &&
                             !((regs | 32) & env->vcfg.align));
}

/* vd's group must not overlap n registers at r. */
static void check_apart(CPURISCVState *env, const TCGOp *op, unsigned r, unsigned n)
{
    vec_require(env, op, !vec_overlap(op->rd, vec_regs(env->vcfg.lmul), r, n));
}

/* a and b: operands; step: bytes from a group in a to the next. */
static void run(CPURISCVState *env, VecGroupFn *fn, uint8_t *d, const uint8_t *a, size_t step,
                const uint8_t *b, size_t arg, unsigned bytes)
{
    unsigned sew = env->vcfg.sew;
    uint64_t start = env->vstart << sew, end = env->vl << sew;

    if (start < end)
        fn(d + start, a + start / bytes * step, b ? b + start : NULL, arg, (end - start) / bytes);
    vec_done(env);
}

/* ---- Groups of 128 bits with a key in vs2: for each group, or one for all ---- */

#define KEYED_VV(name, k)                                                                   \
    EXEC(name##_vv)                                                                         \
    {                                                                                       \
        check(env, op, 2, 4, op->rd | op->rs2);                                             \
        run(env, env->vg->fn[k], VRD, VRS2, 16, NULL, 16, 16);                              \
    }
#define KEYED_VS(name, k)                                                                   \
    EXEC(name##_vs)                                                                         \
    {                                                                                       \
        check(env, op, 2, 4, op->rd);                                                       \
        check_apart(env, op, op->rs2, 1);                                                   \
        run(env, env->vg->fn[k], VRD, VRS2, 0, NULL, 0, 16);                                \
    }
#define KEYED(name, k) KEYED_VV(name, k) KEYED_VS(name, k)
KEYED(vaesdm, VG_AESDM)
KEYED(vaesdf, VG_AESDF)
KEYED(vaesem, VG_AESEM)
KEYED(vaesef, VG_AESEF)
KEYED_VS(vaesz, VG_AESZ)
KEYED(vsm4r, VG_SM4R)

#define SCHEDULE(name, k)                                                                   \
    EXEC(name##_vi)                                                                         \
    {                                                                                       \
        check(env, op, 2, 4, op->rd | op->rs2);                                             \
        run(env, env->vg->fn[k], VRD, VRS2, 16, NULL, IMM, 16);                             \
    }
SCHEDULE(vaeskf1, VG_AESKF1)
SCHEDULE(vaeskf2, VG_AESKF2)
SCHEDULE(vsm4k, VG_SM4K)

/* ---- GHASH ---- */

EXEC(vgmul_vv)
{
    check(env, op, 2, 4, op->rd | op->rs2);
    run(env, env->vg->fn[VG_GHSH], VRD, VRS2, 16, NULL, 0, 16);
}

EXEC(vghsh_vv)
{
    check(env, op, 2, 4, op->rd | op->rs2 | op->rs1);
    run(env, env->vg->fn[VG_GHSH], VRD, VRS2, 16, VRS1, 0, 16);
}

/* ---- SHA-2: SEW says which ---- */

static void sha2(CPURISCVState *env, const TCGOp *op, VecGroup k256, VecGroup k512)
{
    bool wide = env->vcfg.sew == 3 && riscv_ext_on(env, EXT_ZVKNHB);
    unsigned sew = wide ? 3 : 2, regs = vec_regs(env->vcfg.lmul);

    check(env, op, sew, 4, op->rd | op->rs2 | op->rs1);
    check_apart(env, op, op->rs2, regs);
    check_apart(env, op, op->rs1, regs);
    run(env, env->vg->fn[wide ? k512 : k256], VRD, VRS2, 4u << sew, VRS1, 0, 4u << sew);
}

EXEC(vsha2ms_vv) { sha2(env, op, VG_SHA256MS, VG_SHA512MS); }
EXEC(vsha2cl_vv) { sha2(env, op, VG_SHA256CL, VG_SHA512CL); }
EXEC(vsha2ch_vv) { sha2(env, op, VG_SHA256CH, VG_SHA512CH); }

/* ---- SM3: groups of 256 bits ---- */

EXEC(vsm3me_vv)
{
    check(env, op, 2, 8, op->rd | op->rs2 | op->rs1);
    check_apart(env, op, op->rs2, vec_regs(env->vcfg.lmul));
    run(env, env->vg->fn[VG_SM3ME], VRD, VRS2, 32, VRS1, 0, 32);
}

EXEC(vsm3c_vi)
{
    check(env, op, 2, 8, op->rd | op->rs2);
    check_apart(env, op, op->rs2, vec_regs(env->vcfg.lmul));
    run(env, env->vg->fn[VG_SM3C], VRD, VRS2, 32, NULL, IMM, 32);
}

/* ---- Carry-less products: elements of 64 bits, with masks ---- */

static void carryless(CPURISCVState *env, const TCGOp *op, VecGroupFn *fn, const void *b, size_t step)
{
    unsigned regs = op->rd | op->rs2 | (step ? op->rs1 : 0);

    vec_require(env, op, env->vcfg.sew == 3 && !((regs | 32) & env->vcfg.align) &&
                             (UNMASKED(op) || (op->rd && op->rs2 && (!step || op->rs1))));
    if (env->vstart == 0 && UNMASKED(op)) {
        fn(VRD, VRS2, b, step, env->vl);
    } else if (env->vstart < env->vl) {
        VecBuf t;

        fn(t, VRS2, b, step, env->vl);
        vec_blend(env, op, VRD, t, 3);
    }
    vec_done(env);
}

#define CARRYLESS(name)                                                                     \
    EXEC(v##name##_vv) { carryless(env, op, env->vg->name, VRS1, 8); }                      \
    EXEC(v##name##_vx) { carryless(env, op, env->vg->name, &RS1, 0); }
CARRYLESS(clmul)
CARRYLESS(clmulh)
