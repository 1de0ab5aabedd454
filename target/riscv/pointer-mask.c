/*
 * Pointer masking (Ssnpm, Smnpm, Smmpm): loads and stores ignore the upper bits of their addresses.
 *
 * The soft TLB keeps an entry under the address as the program gave it, so that the fast path knows
 * nothing of all this; whoever walks, reports an address or compares one asks here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/mmu.h"

#include "target/riscv/bits.h"
#include "target/riscv/mode.h"
#include "util/bits.h"

/* By the value of a PMM field; 1 is reserved and never there. */
static const uint8_t lengths[] = { 0, 0, 7, 16 };

/* The register with the field for explicit accesses from a mode, and the field's first bit. */
static unsigned pmm(const CPURISCVState *env, RISCVPriv priv, bool virt)
{
    uint64_t reg;

    if (priv == PRV_M)
        reg = env->mseccfg;
    else if (priv == PRV_S)
        reg = virt ? env->henvcfg : env->menvcfg;
    else if (virt && (env->hlv & HLV_ON) && env->priv == PRV_U)
        return env->hstatus >> HSTATUS_HUPMM_SHIFT & 3;
    else
        reg = riscv_ext_on(env, EXT_S) ? env->senvcfg : env->menvcfg;
    return reg >> ENVCFG_PMM_SHIFT & 3;
}

/* MXR as it holds for that mode, whether or not anything is translated; M has none (zpm.adoc). */
static bool mxr(const CPURISCVState *env, RISCVPriv priv, bool virt)
{
    return priv != PRV_M && ((env->mstatus | (virt ? env->vsstatus : 0)) & MSTATUS_MXR);
}

unsigned riscv_masked_bits(const CPURISCVState *env, RISCVPriv priv, bool virt)
{
    uint64_t any = env->menvcfg | env->senvcfg | env->henvcfg | env->mseccfg;

    if (likely(!(any & ENVCFG_PMM) && !(env->hstatus & HSTATUS_HUPMM)))
        return 0;
    return mxr(env, priv, virt) ? 0 : lengths[pmm(env, priv, virt)];
}

vaddr riscv_masked_address(const CPURISCVState *env, RISCVPriv priv, bool virt, vaddr va)
{
    unsigned n = riscv_masked_bits(env, priv, virt);
    bool bare = priv == PRV_M || SATP_MODE(virt ? env->vsatp : env->satp) == SATP_BARE;

    if (likely(n == 0))
        return va;
    /* Physical addresses, a guest's too, are extended with zeroes. */
    return bare ? extract64(va, 0, 64 - n) : (uint64_t)sextract64(va, 0, 64 - n);
}

vaddr riscv_data_address(CPURISCVState *env, vaddr va)
{
    return riscv_masked_address(env, riscv_data_priv(env), riscv_data_virt(env), va);
}
