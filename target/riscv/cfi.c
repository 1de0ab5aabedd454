/*
 * Control-flow integrity: who has it on, and what the instructions of shadow stacks do.
 *
 * An access of a shadow stack is made in a TLB context of its own, chosen by CPURISCVState.hlv for the
 * one access: its entries are pages of shadow stacks only, and no other access finds them writable.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cfi.h"

#include "accel/tcg/ldst.h"
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/csr-impl.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"

bool riscv_landing_pads(const CPURISCVState *env, RISCVPriv priv, bool virt)
{
    if (!riscv_ext_on(env, EXT_ZICFILP))
        return false;
    switch (priv) {
    case PRV_M:
        return env->mseccfg & MSECCFG_MLPE;
    case PRV_S:
        return (virt ? env->henvcfg : env->menvcfg) & ENVCFG_LPE;
    default:
        return (riscv_ext_on(env, EXT_S) ? env->senvcfg : env->menvcfg) & ENVCFG_LPE;
    }
}

bool riscv_shadow_stacks(const CPURISCVState *env, RISCVPriv priv, bool virt)
{
    uint64_t all = env->menvcfg;

    if (priv == PRV_M || !riscv_ext_on(env, EXT_ZICFISS) || !riscv_ext_on(env, EXT_S))
        return false;
    if (virt)
        all &= env->henvcfg;
    if (priv == PRV_U)
        all &= env->senvcfg;
    return all & ENVCFG_SSE;
}

uint32_t riscv_cfi_mode(const CPURISCVState *env)
{
    uint32_t mode = 0;

    if (riscv_landing_pads(env, env->priv, env->virt))
        mode |= MODE_LPE | (env->elp ? MODE_ELP : 0);
    if (riscv_shadow_stacks(env, env->priv, env->virt))
        mode |= MODE_SSE;
    return mode;
}

_Noreturn void riscv_raise_check(CPURISCVState *env, uint64_t kind, const char *why)
{
    env->exc_cause = EXC_SOFTWARE_CHECK;
    env->exc_tval = kind;
    env->exc_why = why;
    env->exc_gva = false;
    env->exc_gpa = env->exc_tinst = 0;
    cpu_loop_exit_exception(env);
}

CSR_CHECK(ssp)
{
    if (env->priv == PRV_M)
        return CSR_OK;
    if (!(env->menvcfg & ENVCFG_SSE))
        return CSR_ILLEGAL;
    if (riscv_shadow_stacks(env, env->priv, env->virt))
        return CSR_OK;
    return env->virt ? CSR_VIRTUAL : CSR_ILLEGAL;
}

void riscv_ssamoswap_check(CPURISCVState *env, const TCGOp *op)
{
    if (env->priv != PRV_M && !(env->menvcfg & ENVCFG_SSE))
        riscv_raise_illegal(env, op);
    if (!riscv_ext_on(env, EXT_S))
        riscv_raise_illegal(env, op);
    if (env->priv == PRV_M || riscv_shadow_stacks(env, env->priv, env->virt))
        return;
    if (env->virt)
        riscv_raise_virtual(env, op);
    riscv_raise_illegal(env, op);
}

static void begin(CPURISCVState *env)
{
    env->hlv = ACCESS_SHADOW;
    riscv_tlb_switch(env);
}

static void end(CPURISCVState *env)
{
    env->hlv = HLV_OFF;
    riscv_tlb_switch(env);
}

void *riscv_shadow_host(CPURISCVState *env, vaddr va, unsigned size)
{
    void *host;

    begin(env);
    host = tcg_atomic_host(env, va, size);
    end(env);
    return host;
}

void riscv_sspush(CPURISCVState *env, uint64_t value)
{
    vaddr va = env->ssp - 8;

    __atomic_store_n((uint64_t *)riscv_shadow_host(env, va, 8), value, __ATOMIC_RELAXED);
    env->ssp = va;
}

/* Only a load, though its faults are those of a store: D stays as it is. */
void riscv_sspopchk(CPURISCVState *env, uint64_t value)
{
    const uint64_t *host;

    begin(env);
    host = tcg_load_reserved_host(env, env->ssp, 8);
    end(env);
    if (__atomic_load_n(host, __ATOMIC_RELAXED) != value)
        riscv_raise_check(env, CHECK_SHADOW_STACK,
                          "the return address is not what the shadow stack has");
    env->ssp += 8;
}
