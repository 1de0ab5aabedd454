/*
 * What a translation depends on, as the TLB has it, and the TLB of a hart that no translator runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/mmu.h"

#include "target/riscv/bits.h"

/* Bits of TLBKey.mode; below them RISCVPriv. */
enum {
    KEY_MXR = 1 << 2,
    KEY_SUM = 1 << 3,
    KEY_VIRT = 1 << 4,
    KEY_HS_MXR = 1 << 5, /* of a guest: holds for both stages */
    KEY_HLVX = 1 << 6,
    KEY_SHADOW = 1 << 7,
};

static TLBKey guest_key(const CPURISCVState *env, RISCVPriv priv, bool hlvx)
{
    uint64_t vsatp = env->vsatp, hgatp = env->hgatp;
    TLBKey key = { .mode = priv | KEY_VIRT };

    key.asid = riscv_guest_asid(env, 0);
    if (HGATP_MODE(hgatp) != SATP_BARE)
        key.g_root = hgatp & ~(0x3FFFULL << 44);
    if (SATP_MODE(vsatp) != SATP_BARE) {
        key.root = vsatp & ~(0xFFFFULL << 44);
        key.asid |= SATP_ASID(vsatp);
        if (env->vsstatus & MSTATUS_MXR)
            key.mode |= KEY_MXR;
        if (priv == PRV_S && (env->vsstatus & MSTATUS_SUM))
            key.mode |= KEY_SUM;
    }
    if (env->mstatus & MSTATUS_MXR)
        key.mode |= KEY_HS_MXR;
    if (hlvx)
        key.mode |= KEY_HLVX;
    return key;
}

static TLBKey regime_key(const CPURISCVState *env, RISCVPriv priv)
{
    uint64_t satp = env->satp;
    TLBKey key = { .mode = priv };

    if (priv == PRV_M || SATP_MODE(satp) == SATP_BARE)
        return key;
    key.root = satp & ~(0xFFFFULL << 44);
    key.asid = SATP_ASID(satp);
    if (env->mstatus & MSTATUS_MXR)
        key.mode |= KEY_MXR;
    if (priv == PRV_S && (env->mstatus & MSTATUS_SUM))
        key.mode |= KEY_SUM;
    return key;
}

void riscv_tlb_keys(CPURISCVState *env, TLBKey *data, TLBKey *fetch)
{
    RISCVPriv priv = riscv_data_priv(env);

    *fetch = unlikely(env->virt) ? guest_key(env, env->priv, false) : regime_key(env, env->priv);
    /* S fetches from no page of U's, so that programs' own pages cannot get in by way of a fetch. */
    fetch->mode &= ~(uint32_t)KEY_SUM;
    *data = unlikely(riscv_data_virt(env)) ? guest_key(env, priv, env->hlv == HLV_EXECUTABLE)
                                           : regime_key(env, priv);
    if (unlikely(env->hlv & ACCESS_SHADOW))
        data->mode |= KEY_SHADOW;
    data->ignored = riscv_masked_bits(env, priv, (data->mode & KEY_VIRT) != 0);
}

uint32_t riscv_guest_asid(const CPURISCVState *env, uint32_t asid)
{
    return ASID_VIRT | (uint32_t)HGATP_VMID(env->hgatp) << ASID_VMID_SHIFT | asid;
}

void riscv_tlb_switch(CPURISCVState *env)
{
    if (env->tcg.tlbs)
        tcg_tlb_switch(env);
}

void riscv_tlb_flush(CPURISCVState *env)
{
    if (env->tcg.tlbs)
        tcg_tlb_flush_all(env);
}
