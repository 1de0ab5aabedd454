/*
 * CSRs of the hypervisor extension: what masks cannot say. Interrupts are in interrupt.c, timers in
 * sstc.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/csr-impl.h"

#include "target/riscv/mode.h"
#include "target/riscv/sstc.h"

/* The exception of landing pads and shadow stacks, as a bit of medeleg and hedeleg. */
static uint64_t software_check(const CPURISCVState *env)
{
    return riscv_ext_on(env, EXT_ZICFILP) || riscv_ext_on(env, EXT_ZICFISS) ? DELEG_SOFTWARE_CHECK : 0;
}

CSR_WRITE_FN(medeleg)
{
    uint64_t wmask = MEDELEG_MASK;

    if (riscv_ext_on(env, EXT_H))
        wmask |= MEDELEG_H_MASK;
    wmask |= software_check(env);
    env->medeleg = (env->medeleg & ~wmask) | (value & wmask);
    return 0;
}

CSR_WRITE_FN(hedeleg)
{
    env->hedeleg = value & (HEDELEG_MASK | software_check(env));
    return 0;
}

CSR_WRITE_FN(hstatus)
{
    uint64_t old = env->hstatus;
    unsigned vgein = (value & HSTATUS_VGEIN) >> HSTATUS_VGEIN_SHIFT;
    uint64_t wmask = HSTATUS_WRITE | (vgein <= env_cpu(env)->geilen ? HSTATUS_VGEIN : 0);

    if (riscv_ext_on(env, EXT_SSNPM))
        wmask |= riscv_pmm_mask(value, HSTATUS_HUPMM_SHIFT);
    /* The timer's and the devices' threads ask for VGEIN. */
    value = (old & ~wmask) | (value & wmask);
    __atomic_store_n(&env->hstatus, value, __ATOMIC_RELAXED);
    return (old ^ value) & HSTATUS_VGEIN ? FX_IRQ : 0;
}

/* ---- vsstatus: sstatus of the guest ---- */

CSR_READ(vsstatus)
{
    uint64_t v = env->vsstatus;

    if ((v & MSTATUS_FS) == MSTATUS_FS || (v & MSTATUS_VS) == MSTATUS_VS)
        v |= MSTATUS_SD;
    return v;
}

CSR_WRITE_FN(vsstatus)
{
    uint64_t wmask = riscv_status_mask(env, true) & SSTATUS_WRITE, old = env->vsstatus, changed;
    unsigned fx = 0;

    value = (old & ~wmask) | (value & wmask);
    env->vsstatus = value & MSTATUS_SDT ? value & ~MSTATUS_SIE : value;
    changed = old ^ env->vsstatus;
    if (env->vsstatus & changed & MSTATUS_SIE)
        fx |= FX_IRQ;
    if (changed & (MSTATUS_FS | MSTATUS_VS))
        fx |= FX_MODE;
    if (changed & (MSTATUS_SUM | MSTATUS_MXR))
        fx |= FX_TLB;
    return fx;
}

CSR_READ(vsepc)
{
    return env->vsepc & (riscv_ext_on(env, EXT_ZCA) ? ~1ULL : ~3ULL);
}

/* ---- Address translation ---- */

CSR_CHECK(hgatp)
{
    return env->priv != PRV_S || !(env->mstatus & MSTATUS_TVM);
}

CSR_WRITE_FN(hgatp)
{
    uint64_t wmask = 0x3FFFULL << 44 | ((1ULL << 44) - 4);

    /* Unlike satp's, a mode that does not exist leaves only the mode alone (priv. spec, hgatp). */
    if (riscv_satp_mode_exists(env_cpu(env), HGATP_MODE(value)))
        wmask |= 0xFULL << 60;
    env->hgatp = (env->hgatp & ~wmask) | (value & wmask);
    return FX_TLB;
}

/* ---- Environment configuration ---- */

/* What the guest cannot have because the hypervisor has not got it: reads as zero. */
static uint64_t henvcfg_absent(const CPURISCVState *env)
{
    return (MENVCFG_STCE | MENVCFG_PBMTE | MENVCFG_ADUE | MENVCFG_DTE | ENVCFG_SSE) & ~env->menvcfg;
}

CSR_CHECK(henvcfg)
{
    return env->priv == PRV_M || !riscv_ext_on(env, EXT_SMSTATEEN) ||
           (env->mstateen[0] & STATEEN_ENVCFG);
}

CSR_READ(henvcfg)
{
    return env->henvcfg & ~henvcfg_absent(env);
}

CSR_WRITE_FN(henvcfg)
{
    uint64_t old = env->henvcfg, wmask = riscv_envcfg_mask(env, csr) & ~henvcfg_absent(env);
    unsigned fx = 0;

    if ((value & ENVCFG_CBIE) == (2ULL << 4)) /* reserved: keeps its value */
        wmask &= ~ENVCFG_CBIE;
    wmask &= ~ENVCFG_PMM | riscv_pmm_mask(value, ENVCFG_PMM_SHIFT);
    value = (old & ~wmask) | (value & wmask);
    __atomic_store_n(&env->henvcfg, value, __ATOMIC_RELAXED); /* the timer's thread reads STCE */
    if (!(value & MENVCFG_DTE))
        env->vsstatus &= ~MSTATUS_SDT;
    if ((old ^ value) & (MENVCFG_PBMTE | MENVCFG_ADUE | ENVCFG_SSE))
        fx |= FX_FLUSH;
    if ((old ^ value) & (ENVCFG_LPE | ENVCFG_SSE))
        fx |= FX_MODE;
    if ((old ^ value) & ENVCFG_PMM)
        fx |= FX_TLB;
    if ((old ^ value) & MENVCFG_STCE) {
        riscv_stimer_update(env_cpu(env));
        fx |= FX_IRQ;
    }
    return fx;
}

/* ---- State enable: a bit that mstateen refuses reads as zero ---- */

CSR_CHECK(hstateen)
{
    return riscv_ext_on(env, EXT_H) &&
           (env->priv == PRV_M || (env->mstateen[csr & 3] & STATEEN_SE));
}

CSR_READ(hstateen)
{
    return env->hstateen[csr & 3] & env->mstateen[csr & 3];
}

CSR_WRITE_FN(hstateen)
{
    unsigned n = csr & 3;
    uint64_t wmask = env->mstateen[n] & (n == 0 ? STATEEN_SE | STATEEN_ENVCFG | STATEEN_CSRIND |
                                                    STATEEN_AIA | STATEEN_IMSIC | STATEEN_CONTEXT |
                                                    STATEEN_CTR | STATEEN_JVT
                                              : STATEEN_SE);

    env->hstateen[n] = (env->hstateen[n] & ~wmask) | (value & wmask);
    return 0;
}
