/*
 * Privileged instructions: returns from traps, waiting, fences of address translation, cache blocks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/trap-impl.h"

#include "target/riscv/bits.h"
#include "target/riscv/cfi.h"
#include "target/riscv/ctr.h"
#include "target/riscv/hyp.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/trigger.h"
#include "util/bits.h"

static void trap_return(CPURISCVState *env, TrapMode to, uint64_t epc, bool pelp)
{
    riscv_elp_return(env, to.priv, to.virt, pelp);
    epc &= riscv_ext_on(env, EXT_ZCA) ? ~1ULL : ~3ULL;
    if (unlikely(env->ctr_on))
        riscv_ctr_trap_return(env, to.priv, to.virt, tcg_current_pc(env), epc);
    if (to.priv != PRV_M)
        env->mstatus &= ~MSTATUS_MPRV;
    riscv_set_mode(env, to, riscv_instret(env) + 1);
    env->tcg.pc = epc;
    riscv_mode_update(env);
    riscv_tlb_switch(env);
    riscv_update_interrupts(env);
}

/* What a return from M, or from HS to a guest, says of double traps in the modes that it leads to. */
static void rearm_double_traps(CPURISCVState *env, TrapMode to)
{
    if (env->priv == PRV_M && (to.priv == PRV_U || to.virt))
        env->mstatus &= ~MSTATUS_SDT;
    if (to.virt && to.priv == PRV_U)
        env->vsstatus &= ~MSTATUS_SDT;
}

void riscv_mret(CPURISCVState *env, const TCGOp *op)
{
    uint64_t s = env->mstatus;
    TrapMode to = { (s & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT, false };

    if (env->priv != PRV_M)
        riscv_raise_illegal(env, op);
    to.virt = to.priv != PRV_M && (s & MSTATUS_MPV);
    s = deposit64(s, 3, 1, (s >> 7) & 1); /* MIE = MPIE */
    s |= MSTATUS_MPIE;
    s = deposit64(s, MSTATUS_MPP_SHIFT, 2, riscv_ext_on(env, EXT_U) ? PRV_U : PRV_M);
    env->mstatus = s & ~(MSTATUS_MPV | MSTATUS_MDT | MSTATUS_MPELP);
    if (unlikely(env->tcontrol)) /* MTE = MPTE */
        env->tcontrol = (env->tcontrol & TCONTROL_MPTE) | (env->tcontrol & TCONTROL_MPTE) >> 4;
    rearm_double_traps(env, to);
    trap_return(env, to, env->mepc, s & MSTATUS_MPELP);
}

void riscv_mnret(CPURISCVState *env, const TCGOp *op)
{
    TrapMode to = { (env->mnstatus & MNSTATUS_MNPP) >> MNSTATUS_MNPP_SHIFT, false };

    if (env->priv != PRV_M)
        riscv_raise_illegal(env, op);
    to.virt = to.priv != PRV_M && (env->mnstatus & MNSTATUS_MNPV);
    env->mnstatus |= MNSTATUS_NMIE;
    if (to.priv != PRV_M)
        env->mstatus &= ~MSTATUS_MDT;
    rearm_double_traps(env, to);
    trap_return(env, to, env->mnepc, env->mnstatus & MNSTATUS_MNPELP);
}

/* An instruction that only S may use, or that TRAP keeps from it: what a guest gets for it. */
static void check_supervisor(CPURISCVState *env, const TCGOp *op, uint64_t trap, uint64_t guest_trap)
{
    if (!riscv_ext_on(env, EXT_S))
        riscv_raise_illegal(env, op);
    if (env->virt) {
        if (env->priv == PRV_U || (env->hstatus & guest_trap))
            riscv_raise_virtual(env, op);
    } else if (env->priv == PRV_U || (env->priv == PRV_S && (env->mstatus & trap))) {
        riscv_raise_illegal(env, op);
    }
}

static uint64_t unstacked(uint64_t s)
{
    s = deposit64(s, 1, 1, (s >> 5) & 1); /* SIE = SPIE */
    s |= MSTATUS_SPIE;
    return s & ~(MSTATUS_SPP | MSTATUS_SDT | MSTATUS_SPELP);
}

void riscv_sret(CPURISCVState *env, const TCGOp *op)
{
    uint64_t *status = env->virt ? &env->vsstatus : &env->mstatus;
    TrapMode to = { (*status >> 8) & 1, env->virt };
    uint64_t epc = env->virt ? env->vsepc : env->sepc;
    bool pelp = *status & MSTATUS_SPELP;

    check_supervisor(env, op, MSTATUS_TSR, HSTATUS_VTSR);
    *status = unstacked(*status);
    if (!env->virt && riscv_ext_on(env, EXT_H)) {
        to.virt = (env->hstatus & HSTATUS_SPV) != 0;
        env->hstatus &= ~HSTATUS_SPV;
    }
    if (env->priv == PRV_M)
        env->mstatus &= ~MSTATUS_MDT;
    rearm_double_traps(env, to);
    trap_return(env, to, epc, pelp);
}

void riscv_wfi(CPURISCVState *env, const TCGOp *op)
{
    CPUState *cpu = &env_cpu(env)->parent_obj;

    if (env->priv != PRV_M) {
        if ((env->mstatus & MSTATUS_TW) ||
            (!env->virt && env->priv == PRV_U && riscv_ext_on(env, EXT_S)))
            riscv_raise_illegal(env, op);
        if (env->virt && (env->priv == PRV_U || (env->hstatus & HSTATUS_VTW)))
            riscv_raise_virtual(env, op);
    }
    env->tcg.pc = riscv_next_pc(env);
    /* A device that sets mip after this look also wakes the vCPU, whose loop asks again. */
    if (!riscv_has_work(cpu))
        __atomic_store_n(&cpu->halted, true, __ATOMIC_RELAXED);
}

void riscv_wrs(CPURISCVState *env, const TCGOp *op, bool no_timeout)
{
    if (no_timeout && env->priv != PRV_M) {
        if (env->mstatus & MSTATUS_TW)
            riscv_raise_illegal(env, op);
        if (env->virt && (env->hstatus & HSTATUS_VTW))
            riscv_raise_virtual(env, op);
    }
    if (env->reserve_addr != UINT64_MAX)
        tcg_yield(env);
}

void riscv_sfence_vma(CPURISCVState *env, const TCGOp *op)
{
    uint64_t va = env->x[op->rs1];
    uint32_t asid = env->x[op->rs2] & 0xFFFF;

    check_supervisor(env, op, MSTATUS_TVM, HSTATUS_VTVM);
    if (env->virt)
        riscv_guest_fence(env, op);
    else if (op->rs1 && op->rs2)
        tcg_tlb_flush_page(env, va, asid);
    else if (op->rs1)
        tcg_tlb_flush_page_match(env, va, 0, ASID_VIRT, true);
    else if (op->rs2)
        tcg_tlb_flush_asid(env, asid);
    else if (riscv_ext_on(env, EXT_H))
        tcg_tlb_flush_match(env, 0, ASID_VIRT, true);
    else
        tcg_tlb_flush_all(env);
}

void riscv_sfence_inval(CPURISCVState *env, const TCGOp *op)
{
    check_supervisor(env, op, 0, 0);
}

void riscv_cbo_check(CPURISCVState *env, const TCGOp *op, RISCVCbo kind)
{
    uint64_t need = kind == CBO_INVAL ? ENVCFG_CBIE : kind == CBO_ZERO ? ENVCFG_CBZE : ENVCFG_CBCFE;

    if (env->priv == PRV_M)
        return;
    if (!(env->menvcfg & need))
        riscv_raise_illegal(env, op);
    if (env->virt && (!(env->henvcfg & need) || (env->priv == PRV_U && !(env->senvcfg & need))))
        riscv_raise_virtual(env, op);
    if (env->priv == PRV_U && riscv_ext_on(env, EXT_S) && !(env->senvcfg & need))
        riscv_raise_illegal(env, op);
}
