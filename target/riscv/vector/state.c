/*
 * vtype, and what follows from it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vector.h"

#include <inttypes.h>

#include "target/riscv/bits.h"
#include "target/riscv/mode.h"
#include "target/riscv/vector/fpkernels.h"
#include "target/riscv/vector/groups.h"
#include "target/riscv/vector/kernels.h"

static int vtype_lmul(uint64_t vtype)
{
    return sextract64(vtype, 0, 3);
}

/* For fractional LMUL elements up to LMUL * ELEN exist: what Zve32* and V have is the largest
 * element that each supports (v-st-ext.adoc, vlmul). */
static unsigned elen_log2(const CPURISCVState *env)
{
    return riscv_ext_on(env, EXT_ZVE64X) ? 3 : 2;
}

uint64_t riscv_vtype_legal(const CPURISCVState *env, uint64_t vtype)
{
    unsigned sew = VTYPE_VSEW(vtype), elen = elen_log2(env);
    int lmul = vtype_lmul(vtype);

    if (vtype >> 8 || sew > elen || lmul == -4 || (int)sew > (int)elen + MIN(lmul, 0))
        return VTYPE_VILL;
    return vtype;
}

RISCVVecConfig riscv_vector_config(CPURISCVState *env, uint64_t vtype)
{
    unsigned vlenb = env_cpu(env)->vlen / 8u;
    RISCVVecConfig c = { .vlenb = (uint16_t)vlenb };

    c.fp = (uint8_t)(riscv_ext_on(env, EXT_ZVFH) << 1 | riscv_ext_on(env, EXT_ZVE32F) << 2 |
                     riscv_ext_on(env, EXT_ZVE64D) << 3);
    if (vtype & VTYPE_VILL) {
        c.align = 32;
        return c;
    }
    c.sew = (uint8_t)VTYPE_VSEW(vtype);
    c.lmul = (int8_t)vtype_lmul(vtype);
    c.vlmax = (uint32_t)(vlenb << 3 >> (3 - c.lmul) >> c.sew);
    c.align = c.lmul > 0 ? (uint8_t)((1u << c.lmul) - 1) : 0;
    return c;
}

void riscv_vector_derive(CPURISCVState *env)
{
    env->vk = riscv_vec_kernels();
    if (!env->vg)
        env->vg = riscv_vec_groups();
    env->vf = riscv_vec_fp_kernels();
    env->vcfg = riscv_vector_config(env, env->vtype);
}

bool riscv_vector_state_valid(const RISCVCPU *cpu, Error **errp)
{
    const CPURISCVState *env = &cpu->env;
    uint64_t vlmax = 0;

    if (env->vtype != VTYPE_VILL) {
        if (VTYPE_VSEW(env->vtype) > 3 || vtype_lmul(env->vtype) == -4 || env->vtype >> 8) {
            error_setg(errp, "vtype %#" PRIx64 " does not exist", env->vtype);
            return false;
        }
        vlmax = (uint64_t)cpu->vlen >> (3 - vtype_lmul(env->vtype)) >> VTYPE_VSEW(env->vtype);
    }
    if (env->vl > vlmax || env->vstart >= cpu->vlen || env->vxrm > 3 || env->vxsat > 1) {
        error_setg(errp, "vl %" PRIu64 ", vstart %" PRIu64 ", vxrm %" PRIu64 " or vxsat %" PRIu64
                   " is out of range", env->vl, env->vstart, env->vxrm, env->vxsat);
        return false;
    }
    return true;
}
