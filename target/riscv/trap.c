/*
 * Traps: raising an exception, entry, interrupts. The way back is in priv.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/trap.h"

#include "target/riscv/bits.h"
#include "target/riscv/ctr.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "target/riscv/rnmi.h"
#include "target/riscv/sbi/firmware.h"
#include "target/riscv/trap-impl.h"
#include "target/riscv/trigger.h"
#include "util/bits.h"
#include "util/log.h"

static void record(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    env->exc_cause = cause;
    env->exc_tval = tval;
    env->exc_why = NULL;
    env->exc_gva = env->virt;
    env->exc_gpa = env->exc_tinst = 0;
}

_Noreturn void riscv_raise(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    record(env, cause, tval);
    if (unlikely(cause == EXC_LOAD_MISALIGNED || cause == EXC_STORE_MISALIGNED)) {
        env->exc_tval = tval = riscv_data_address(env, tval);
        if (riscv_data_virt(env)) {
            env->exc_gva = true;
            env->exc_tinst = riscv_transformed_insn(env, tval);
        }
    }
    cpu_loop_exit_exception(env);
}

_Noreturn void riscv_raise_illegal(CPURISCVState *env, const TCGOp *op)
{
    riscv_raise(env, EXC_ILLEGAL_INST, op->insn);
}

_Noreturn void riscv_raise_virtual(CPURISCVState *env, const TCGOp *op)
{
    riscv_raise(env, EXC_VIRTUAL_INST, op->insn);
}

void riscv_ecall(CPURISCVState *env)
{
    record(env, EXC_ECALL_U + env->priv + (env->virt && env->priv == PRV_S), 0);
}

_Noreturn void riscv_ebreak(CPURISCVState *env)
{
    riscv_raise(env, EXC_BREAKPOINT, tcg_current_pc(env));
}

void riscv_set_mode(CPURISCVState *env, TrapMode to, uint64_t instret)
{
    bool filtered = env->pmu_filtered;

    if (unlikely(filtered))
        riscv_pmu_begin(env, instret);
    env->priv = to.priv;
    env->virt = to.virt;
    if (unlikely(filtered))
        riscv_pmu_end(env, instret);
}

void riscv_set_priv(CPURISCVState *env, RISCVPriv to)
{
    riscv_set_mode(env, (TrapMode){ to, env->virt }, env->tcg.icount);
}

/* sstatus of a trap into S: SPIE, SPP, SIE, SDT. dte: of its mode. */
static uint64_t stacked(const CPURISCVState *env, uint64_t s, uint64_t dte)
{
    if (unlikely(dte & MENVCFG_DTE))
        s |= MSTATUS_SDT;
    s = deposit64(s, 5, 1, (s >> 1) & 1); /* SPIE = SIE */
    s = deposit64(s, 8, 1, env->priv);    /* SPP */
    s = deposit64(s, 23, 1, env->elp);    /* SPELP */
    return s & ~MSTATUS_SIE;
}

/* Causes that write an address to tval. */
#define CAUSES_OF_ADDRESS 0xB0B0FBULL

static bool writes_guest_address(const CPURISCVState *env, uint64_t cause)
{
    return !(cause & CAUSE_INTERRUPT) && env->exc_gva && ((CAUSES_OF_ADDRESS >> cause) & 1);
}

static uint64_t trap_to_vs(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    env->vsstatus = stacked(env, env->vsstatus, env->menvcfg & env->henvcfg);
    env->vscause = cause;
    env->vsepc = env->tcg.pc;
    env->vstval = tval;
    return env->vstvec;
}

static uint64_t trap_to_s(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    env->mstatus = stacked(env, env->mstatus, env->menvcfg);
    env->scause = cause;
    env->sepc = env->tcg.pc;
    env->stval = tval;
    if (riscv_ext_on(env, EXT_H)) {
        uint64_t h = deposit64(env->hstatus, 7, 1, env->virt); /* SPV */
        bool gva = writes_guest_address(env, cause);

        if (env->virt)
            h = deposit64(h, 8, 1, env->priv); /* SPVP */
        env->hstatus = deposit64(h, 6, 1, gva);
        env->htval = gva ? env->exc_gpa >> 2 : 0;
        env->htinst = gva ? env->exc_tinst : 0;
    }
    return env->stvec;
}

static uint64_t trap_to_m(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    uint64_t s = env->mstatus;

    s = deposit64(s, 7, 1, (s >> 3) & 1); /* MPIE = MIE */
    s = deposit64(s, MSTATUS_MPP_SHIFT, 2, env->priv);
    s = deposit64(s, 41, 1, env->elp); /* MPELP */
    s &= ~MSTATUS_MIE;
    if (riscv_ext_on(env, EXT_SMDBLTRP))
        s |= MSTATUS_MDT;
    if (unlikely(env->tcontrol)) /* MPTE = MTE, MTE = 0 */
        env->tcontrol = (env->tcontrol & TCONTROL_MTE) << 4;
    env->mcause = cause;
    env->mepc = env->tcg.pc;
    env->mtval = tval;
    if (riscv_ext_on(env, EXT_H)) {
        bool gva = writes_guest_address(env, cause);

        s = deposit64(s, 39, 1, env->virt); /* MPV */
        s = deposit64(s, 38, 1, gva);
        env->mtval2 = gva ? env->exc_gpa >> 2 : 0;
        env->mtinst = gva ? env->exc_tinst : 0;
    }
    env->mstatus = s;
    /* Exceptions of M while non-maskable interrupts are off (Smrnmi). */
    if (unlikely(!(env->mnstatus & MNSTATUS_NMIE)) && env->priv == PRV_M)
        return env_cpu(env)->rnmi_exception_vector & ~3ULL;
    return env->mtvec;
}

static void set_mode_and_pc(CPURISCVState *env, uint64_t cause, TrapMode to, vaddr pc)
{
    env->elp = false; /* it has been stacked */
    if (unlikely(env->ctr_on))
        riscv_ctr_trap(env, cause, to.priv, to.virt, pc);
    riscv_set_mode(env, to, env->tcg.icount);
    env->tcg.pc = pc;
    riscv_mode_update(env);
    riscv_tlb_switch(env);
}

/* Into the handler of non-maskable interrupts; priv and virt are what mnret returns to. */
static void enter_rnmi(CPURISCVState *env, uint64_t cause, TrapMode from)
{
    TrapMode to = { PRV_M, false };

    if (unlikely(log_enabled(LOG_INT)))
        riscv_log_trap(env, cause, 0, to);
    env->hlv = HLV_OFF;
    riscv_nmi_stack(env, cause, from.priv, from.virt);
    /* Its causes are numbered otherwise. */
    set_mode_and_pc(env, cause & CAUSE_INTERRUPT ? CAUSE_INTERRUPT : cause, to,
                    env_cpu(env)->rnmi_interrupt_vector);
}

/* A trap into M while M cannot take one (priv. spec, "Double Trap Control in mstatus"). */
static void unexpected_trap(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    if (riscv_ext_on(env, EXT_SMRNMI) && (env->mnstatus & MNSTATUS_NMIE))
        enter_rnmi(env, cause, (TrapMode){ PRV_M, false });
    else
        riscv_critical_error(env, cause, tval, env->mstatus & MSTATUS_MDT
                             ? "M cannot take a trap (mstatus.MDT=1)"
                             : "M cannot take a trap (mnstatus.NMIE=0)");
}

static void enter_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, TrapMode to);

/* The same with our own firmware: a guest's goes to its hypervisor, S has an event for its own. */
static void double_trap_builtin(CPURISCVState *env, uint64_t tval, TrapMode to)
{
    env->hlv = HLV_OFF;
    if (to.virt)
        enter_trap(env, EXC_DOUBLE_TRAP, tval, (TrapMode){ PRV_S, false });
    else if (!riscv_sbi_double_trap(env_cpu(env)))
        riscv_critical_error(env, EXC_DOUBLE_TRAP, tval,
                             "S cannot take a trap (sstatus.SDT=1) and has no event for that");
}

/* A trap into S or VS while that cannot take one: goes to M, with its cause in mtval2. */
static void double_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, TrapMode to)
{
    TrapMode m = { PRV_M, false };
    vaddr pc;

    if (env_cpu(env)->sbi_builtin) {
        double_trap_builtin(env, tval, to);
        return;
    }
    if (riscv_trap_unexpected(env)) {
        unexpected_trap(env, EXC_DOUBLE_TRAP, tval);
        return;
    }
    /* M numbers a guest's interrupts otherwise. */
    if (to.virt && (cause & CAUSE_INTERRUPT) &&
        ((cause & 63) == IRQ_S_SOFT || (cause & 63) == IRQ_S_TIMER || (cause & 63) == IRQ_S_EXT))
        cause++;
    if (unlikely(log_enabled(LOG_INT)))
        riscv_log_trap(env, EXC_DOUBLE_TRAP, tval, m);
    env->hlv = HLV_OFF;
    pc = trap_to_m(env, cause, tval);
    env->mtval2 = cause;
    env->mcause = EXC_DOUBLE_TRAP;
    set_mode_and_pc(env, EXC_DOUBLE_TRAP, m, pc & ~3ULL);
}

static void trap_triggers(CPURISCVState *env, uint64_t cause, TrapMode from);

/* Enters the handler of mode `to` from tcg.pc. */
static void enter_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, TrapMode to)
{
    uint64_t offset = cause & CAUSE_INTERRUPT ? 4 * (cause & ~CAUSE_INTERRUPT) : 0, vec;
    TrapMode from = { env->priv, env->virt };

    if (to.priv == PRV_M) {
        if (unlikely(riscv_trap_unexpected(env))) {
            unexpected_trap(env, cause, tval);
            return;
        }
    } else if (unlikely((to.virt ? env->vsstatus : env->mstatus) & MSTATUS_SDT)) {
        double_trap(env, cause, tval, to);
        return;
    }
    if (unlikely(log_enabled(LOG_INT)))
        riscv_log_trap(env, cause, tval, to);
    env->hlv = HLV_OFF;
    vec = to.priv == PRV_M ? trap_to_m(env, cause, tval)
          : to.virt        ? trap_to_vs(env, cause, tval)
                           : trap_to_s(env, cause, tval);
    set_mode_and_pc(env, cause, to, (vec & ~3ULL) + (vec & 1 ? offset : 0));
    if (unlikely(env->trigger_traps))
        trap_triggers(env, cause, from);
}

/* From a mode below M: through M, S and, from a guest, VS, as far as it is delegated. */
static TrapMode trap_target(const CPURISCVState *env, unsigned n, uint64_t deleg, uint64_t guest_deleg)
{
    if (env->priv == PRV_M || !((deleg >> n) & 1))
        return (TrapMode){ PRV_M, false };
    return (TrapMode){ PRV_S, env->virt && ((guest_deleg >> n) & 1) };
}

static TrapMode exception_target(CPURISCVState *env, uint64_t cause)
{
    TrapMode to = trap_target(env, (unsigned)cause, env->medeleg, env->hedeleg);

    /* What firmware does not want is S-mode's. */
    if (unlikely(env_cpu(env)->sbi_builtin) && to.priv == PRV_M)
        to = (TrapMode){ PRV_S, false };
    return to;
}

/* A debug trigger on the trap that has just been taken: a breakpoint before the handler's first
 * instruction. It ends, since a handler that could not be interrupted is left alone. */
static void trap_triggers(CPURISCVState *env, uint64_t cause, TrapMode from)
{
    if (riscv_trigger_trap(env, cause, from.priv, from.virt))
        enter_trap(env, EXC_BREAKPOINT, 0, exception_target(env, EXC_BREAKPOINT));
}

/* Triggers on instructions, and what they make of a fetch that faulted. */
static uint64_t triggers_before(CPURISCVState *env, uint64_t cause)
{
    bool fetch = cause == EXC_INST_PAGE_FAULT || cause == EXC_INST_ACCESS_FAULT ||
                 cause == EXC_INST_GUEST_PAGE_FAULT;

    env->trigger_counted = 0;
    if (!(fetch || (cause & CAUSE_INTERRUPT)) || !(env->tcg.mode & MODE_TRIGGERS))
        return cause;
    if (fetch && riscv_trigger_fetch(env, env->tcg.pc))
        return EXC_BREAKPOINT;
    riscv_trigger_count_trap(env);
    return cause;
}

void riscv_deliver_exception(CPURISCVState *env)
{
    uint64_t cause = env->exc_cause;

    if (unlikely(env->trigger_modes))
        cause = triggers_before(env, cause);
    if (unlikely(env_cpu(env)->sbi_builtin) && env->priv <= PRV_S) {
        if (cause == EXC_ECALL_S && !env->virt) {
            riscv_sbi_ecall(env);
            return;
        }
        riscv_sbi_count(env_cpu(env), (unsigned)cause);
    }
    if (unlikely(log_enabled(LOG_GUEST_ERRORS)))
        riscv_log_refused(env, cause, env->exc_tval);
    enter_trap(env, cause, env->exc_tval, exception_target(env, cause));
}

static void take_nmi(CPURISCVState *env, uint64_t cause)
{
    __atomic_store_n(&env_cpu(env)->parent_obj.halted, false, __ATOMIC_RELAXED);
    if (unlikely(env->trigger_modes))
        triggers_before(env, CAUSE_INTERRUPT);
    enter_rnmi(env, cause, (TrapMode){ env->priv, env->virt });
}

bool riscv_take_interrupt(CPURISCVState *env)
{
    RISCVIrqLevel level;
    uint64_t nmi;
    int n;

    if (unlikely(env_cpu(env)->parent_obj.critical_error))
        return false;
    if (unlikely(riscv_nmi_waiting(env)) && (nmi = riscv_nmi_next(env))) {
        take_nmi(env, nmi);
        return true;
    }
    if (unlikely(env->pmu_armed || __atomic_load_n(&env->pmu_due, __ATOMIC_RELAXED)))
        riscv_pmu_poll(env);
    if (unlikely(env_cpu(env)->sbi_builtin) && riscv_sbi_wants(env_cpu(env))) {
        SBIAttend what = riscv_sbi_attend(env);

        if (what != SBI_ATTEND_NOTHING)
            return what == SBI_ATTEND_ENTERED;
    }
    n = riscv_next_interrupt(env, &level);
    if (n < 0)
        return false;
    if (unlikely(env_cpu(env)->sbi_builtin) && level == IRQ_LEVEL_M &&
        riscv_sbi_interrupt(env, n))
        return false;
    __atomic_store_n(&env_cpu(env)->parent_obj.halted, false, __ATOMIC_RELAXED);
    if (unlikely(env->trigger_modes))
        triggers_before(env, CAUSE_INTERRUPT);
    enter_trap(env, CAUSE_INTERRUPT | (unsigned)n, 0,
               (TrapMode){ level == IRQ_LEVEL_M ? PRV_M : PRV_S, level == IRQ_LEVEL_VS });
    return true;
}

vaddr riscv_next_pc(CPURISCVState *env)
{
    if (!env_cpu(env)->parent_obj.running)
        return env->pc;
    return tcg_current_pc(env) + env->tcg.cur->len;
}

uint64_t riscv_instret(CPURISCVState *env)
{
    return env_cpu(env)->parent_obj.running ? tcg_current_icount(env) : env->tcg.icount;
}
