/*
 * The registers of the debug triggers: WARL fields, and who may have contexts. What the triggers do is
 * in trigger.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/csr-impl.h"

#include "target/riscv/mode.h"
#include "target/riscv/trigger.h"

/* tinfo: version 1, and the types that each trigger can be. */
#define TINFO_VERSION (1ULL << 24)
#define TINFO_TYPES                                                                         \
    (1ULL << TRIGGER_MCONTROL | 1ULL << TRIGGER_ICOUNT | 1ULL << TRIGGER_ITRIGGER |         \
     1ULL << TRIGGER_ETRIGGER | 1ULL << TRIGGER_MCONTROL6 | 1ULL << TRIGGER_DISABLED)

static unsigned selected(const CPURISCVState *env)
{
    return env->tselect % RISCV_TRIGGERS;
}

/* ---- tdata1 ---- */

/* The bits of the modes that this hart has, given where a type keeps them; 64: nowhere. */
static uint64_t mode_mask(const CPURISCVState *env, unsigned m, unsigned s, unsigned u, unsigned vs,
                          unsigned vu)
{
    uint64_t mask = 1ULL << m;

    if (riscv_ext_on(env, EXT_S))
        mask |= 1ULL << s;
    if (riscv_ext_on(env, EXT_U))
        mask |= 1ULL << u;
    if (riscv_ext_on(env, EXT_H) && vs < 64)
        mask |= 1ULL << vs | 1ULL << vu;
    return mask;
}

/* Of mcontrol and mcontrol6: match, chain, and select, which is offered for opcodes only. */
static uint64_t legal_mcontrol(const CPURISCVState *env, uint64_t v, uint64_t select,
                               uint16_t matches)
{
    uint64_t out = v & (MC_LOAD | MC_STORE | MC_EXECUTE);

    if ((v & (MC_LOAD | MC_STORE | MC_EXECUTE)) == MC_EXECUTE)
        out |= v & select;
    if ((matches >> MC_MATCH(v)) & 1)
        out |= v & (15ULL << 7);
    if (selected(env) + 1 < RISCV_TRIGGERS)
        out |= v & MC_CHAIN;
    return out;
}

static uint64_t legal_tdata1(const CPURISCVState *env, uint64_t v)
{
    static const uint16_t matches2 = 0x313D, matches6 = 0x333F; /* NAPOT is for type 6 */
    uint64_t type = (uint64_t)trigger_type(v) << 60;
    unsigned size;

    switch (trigger_type(v)) {
    case TRIGGER_MCONTROL:
        size = ((v >> MC_SIZE_SHIFT) & 3) | ((v >> MC2_SIZE_HIGH_SHIFT) & 3) << 2;
        if (size > 3 && size != 5)
            size = 0;
        return type | legal_mcontrol(env, v, MC2_SELECT, matches2) | (v & MC2_HIT) |
               (v & mode_mask(env, 6, 4, 3, 64, 64)) | (uint64_t)(size & 3) << MC_SIZE_SHIFT |
               (uint64_t)(size >> 2) << MC2_SIZE_HIGH_SHIFT;
    case TRIGGER_MCONTROL6:
        size = (v >> MC_SIZE_SHIFT) & 7;
        if (size > 3 && size != 5)
            size = 0;
        return type | legal_mcontrol(env, v, MC6_SELECT, matches6) | (v & MC6_HIT) |
               (v & mode_mask(env, 6, 4, 3, 24, 23)) | (uint64_t)size << MC_SIZE_SHIFT;
    case TRIGGER_ICOUNT:
        return type | (v & (ICOUNT_HIT | ICOUNT_COUNT | ICOUNT_PENDING)) |
               (v & mode_mask(env, 9, 7, 6, 26, 25));
    case TRIGGER_ITRIGGER:
    case TRIGGER_ETRIGGER:
        return type | (v & TRAP_HIT) | (v & mode_mask(env, 9, 7, 6, 12, 11));
    default: /* "Writing 0 to this register must result in a trigger that is disabled" */
        return (uint64_t)TRIGGER_DISABLED << 60;
    }
}

/* A NAPOT range of all addresses there are is none: the largest is half of them. */
static uint64_t legal_tdata2(uint64_t tdata1, uint64_t v)
{
    bool napot = trigger_type(tdata1) == TRIGGER_MCONTROL6 && (MC_MATCH(tdata1) & 7) == 1;

    return napot && (v & MASK_ULL(63)) == MASK_ULL(63) ? v & ~(1ULL << 62) : v;
}

static uint64_t legal_tdata3(const CPURISCVState *env, uint64_t v)
{
    uint64_t out = v & ~MASK_ULL(51); /* mhvalue */
    unsigned mhselect = (v >> 48) & 7, sselect = v & 3;

    if (mhselect == 4 || (riscv_ext_on(env, EXT_H) && (mhselect & 3) != 3))
        out |= (uint64_t)mhselect << 48;
    if (riscv_ext_on(env, EXT_S))
        out |= (v & (MASK_ULL(40) ^ MASK_ULL(36))) | (v & (MASK_ULL(34) ^ 3)) |
               (sselect != 3 ? sselect : 0);
    return out;
}

CSR_READ(tdata)
{
    unsigned i = selected(env);

    return csr == 0x7A1 ? env->tdata1[i] : csr == 0x7A2 ? env->tdata2[i] : env->tdata3[i];
}

CSR_WRITE_FN(tdata)
{
    unsigned i = selected(env);

    if (csr == 0x7A1)
        env->tdata1[i] = legal_tdata1(env, value);
    if (csr == 0x7A3)
        env->tdata3[i] = legal_tdata3(env, value);
    env->tdata2[i] = legal_tdata2(env->tdata1[i], csr == 0x7A2 ? value : env->tdata2[i]);
    return riscv_trigger_derive(env) ? FX_MODE | FX_FLUSH : FX_MODE;
}

CSR_WRITE_FN(tselect)
{
    if (value < RISCV_TRIGGERS)
        env->tselect = value;
    return 0;
}

CSR_READ(tinfo)
{
    return TINFO_VERSION | TINFO_TYPES;
}

/* ---- Contexts ---- */

static CSRAccess check_context(CPURISCVState *env)
{
    if (env->priv == PRV_M || !riscv_ext_on(env, EXT_SMSTATEEN))
        return CSR_OK;
    if (!(env->mstateen[0] & STATEEN_CONTEXT))
        return CSR_ILLEGAL;
    return env->virt && !(env->hstateen[0] & STATEEN_CONTEXT) ? CSR_VIRTUAL : CSR_OK;
}

CSR_CHECK(hcontext)
{
    return riscv_ext_on(env, EXT_H) ? check_context(env) : CSR_ILLEGAL;
}

CSR_CHECK(scontext)
{
    return riscv_ext_on(env, EXT_S) ? check_context(env) : CSR_ILLEGAL;
}

CSR_READ(hcontext)
{
    return env->mcontext;
}

CSR_WRITE_FN(mcontext)
{
    env->mcontext = value & MASK_ULL(riscv_ext_on(env, EXT_H) ? 14 : 13);
    return 0;
}
