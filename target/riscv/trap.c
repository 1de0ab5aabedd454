/*
 * Traps: entry, return, and the privileged instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/trap.h"

#include <inttypes.h>

#include "hw/core/symbols.h"
#include "target/riscv/bits.h"
#include "target/riscv/cfi.h"
#include "target/riscv/ctr.h"
#include "target/riscv/explain.h"
#include "target/riscv/hyp.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "target/riscv/rnmi.h"
#include "target/riscv/sbi/firmware.h"
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

const char *riscv_cause_name(unsigned long long cause)
{
    static const char *const exceptions[] = {
        [EXC_INST_MISALIGNED] = "instruction address misaligned",
        [EXC_INST_ACCESS_FAULT] = "instruction access fault",
        [EXC_ILLEGAL_INST] = "illegal instruction",
        [EXC_BREAKPOINT] = "breakpoint",
        [EXC_LOAD_MISALIGNED] = "load address misaligned",
        [EXC_LOAD_ACCESS_FAULT] = "load access fault",
        [EXC_STORE_MISALIGNED] = "store address misaligned",
        [EXC_STORE_ACCESS_FAULT] = "store access fault",
        [EXC_ECALL_U] = "call from U",
        [EXC_ECALL_S] = "call from S",
        [EXC_ECALL_VS] = "call from VS",
        [EXC_ECALL_M] = "call from M",
        [EXC_INST_PAGE_FAULT] = "instruction page fault",
        [EXC_LOAD_PAGE_FAULT] = "load page fault",
        [EXC_STORE_PAGE_FAULT] = "store page fault",
        [EXC_DOUBLE_TRAP] = "double trap",
        [EXC_SOFTWARE_CHECK] = "software check",
        [EXC_INST_GUEST_PAGE_FAULT] = "instruction guest-page fault",
        [EXC_LOAD_GUEST_PAGE_FAULT] = "load guest-page fault",
        [EXC_VIRTUAL_INST] = "virtual instruction",
        [EXC_STORE_GUEST_PAGE_FAULT] = "store guest-page fault",
    };
    static const char *const interrupts[] = {
        [IRQ_S_SOFT] = "supervisor software", [IRQ_M_SOFT] = "machine software",
        [IRQ_S_TIMER] = "supervisor timer",   [IRQ_M_TIMER] = "machine timer",
        [IRQ_S_EXT] = "supervisor external",  [IRQ_M_EXT] = "machine external",
        [IRQ_VS_SOFT] = "virtual supervisor software",
        [IRQ_VS_TIMER] = "virtual supervisor timer",
        [IRQ_VS_EXT] = "virtual supervisor external",
        [IRQ_S_GUEST_EXT] = "supervisor guest external",
        [IRQ_LCOF] = "counter overflow",
    };
    const char *name = NULL;

    if (cause & CAUSE_INTERRUPT) {
        cause &= ~CAUSE_INTERRUPT;
        if (cause < ARRAY_SIZE(interrupts))
            name = interrupts[cause];
    } else if (cause < ARRAY_SIZE(exceptions)) {
        name = exceptions[cause];
    }
    return name ? name : "reserved";
}

/* Appends the rule that refused, if it is known. */
static void append_why(CPURISCVState *env, uint64_t cause, uint64_t tval, GString *out)
{
    if ((cause == EXC_ILLEGAL_INST || cause == EXC_VIRTUAL_INST) && !env->exc_why) {
        g_string_append(out, ": ");
        riscv_explain_illegal(env, (uint32_t)tval, out);
    } else if (!(cause & CAUSE_INTERRUPT) && env->exc_why) {
        g_string_append_printf(out, ": %s", env->exc_why);
    }
}

/* Where a trap goes, and whom a mode belongs to. */
typedef struct Mode {
    RISCVPriv priv;
    bool virt;
} Mode;

const char *riscv_mode_name(RISCVPriv priv, bool virt)
{
    static const char *const names[2][4] = { { "U", "S", "-", "M" }, { "VU", "VS", "-", "M" } };

    return names[virt][priv & 3];
}

static void log_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, Mode to)
{
    RISCVCPU *cpu = env_cpu(env);
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "hart %" PRIu64 ": %s %" PRIu64 " (%s) pc %016" PRIx64, cpu->hartid,
                           cause & CAUSE_INTERRUPT ? "interrupt" : "exception",
                           (uint64_t)(cause & ~CAUSE_INTERRUPT), riscv_cause_name(cause),
                           env->tcg.pc);
    symbol_append(out, env->tcg.pc);
    g_string_append_printf(out, " tval %016" PRIx64, tval);
    if (env->exc_gpa && !(cause & CAUSE_INTERRUPT))
        g_string_append_printf(out, " gpa %016" PRIx64, env->exc_gpa);
    g_string_append_printf(out, " %s -> %s", riscv_mode_name(env->priv, env->virt),
                           riscv_mode_name(to.priv, to.virt));
    append_why(env, cause, tval, out);
    log_printf(LOG_INT, "%s\n", out->str);
}

/* What a correct guest rarely does: also for those who log guest errors only. */
static void log_refused(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    RISCVCPU *cpu = env_cpu(env);
    g_autoptr(GString) out = g_string_new(NULL);

    if (cause != EXC_ILLEGAL_INST && cause != EXC_INST_ACCESS_FAULT &&
        cause != EXC_LOAD_ACCESS_FAULT && cause != EXC_STORE_ACCESS_FAULT &&
        cause != EXC_SOFTWARE_CHECK)
        return;
    g_string_append_printf(out, "%" PRIu64 ": %s at pc %#" PRIx64, cpu->hartid,
                           riscv_cause_name(cause), env->tcg.pc);
    symbol_append(out, env->tcg.pc);
    g_string_append_printf(out, " in %s, %s %#" PRIx64, riscv_mode_name(env->priv, env->virt),
                           cause == EXC_ILLEGAL_INST ? "bits" : "address", tval);
    append_why(env, cause, tval, out);
    log_guest_error(&cpu->parent_obj.exec_limit, "hart", "%s", out->str);
}

/* Counters may be asked to stand in one of the two modes. */
static void set_mode(CPURISCVState *env, Mode to, uint64_t instret)
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
    set_mode(env, (Mode){ to, env->virt }, env->tcg.icount);
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

static void set_mode_and_pc(CPURISCVState *env, uint64_t cause, Mode to, vaddr pc)
{
    env->elp = false; /* it has been stacked */
    if (unlikely(env->ctr_on))
        riscv_ctr_trap(env, cause, to.priv, to.virt, pc);
    set_mode(env, to, env->tcg.icount);
    env->tcg.pc = pc;
    riscv_mode_update(env);
    riscv_tlb_switch(env);
}

/* Into the handler of non-maskable interrupts; priv and virt are what mnret returns to. */
static void enter_rnmi(CPURISCVState *env, uint64_t cause, Mode from)
{
    Mode to = { PRV_M, false };

    if (unlikely(log_enabled(LOG_INT)))
        log_trap(env, cause, 0, to);
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
        enter_rnmi(env, cause, (Mode){ PRV_M, false });
    else
        riscv_critical_error(env, cause, tval, env->mstatus & MSTATUS_MDT
                             ? "M cannot take a trap (mstatus.MDT=1)"
                             : "M cannot take a trap (mnstatus.NMIE=0)");
}

static void enter_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, Mode to);

/* The same with our own firmware: a guest's goes to its hypervisor, S has an event for its own. */
static void double_trap_builtin(CPURISCVState *env, uint64_t tval, Mode to)
{
    env->hlv = HLV_OFF;
    if (to.virt)
        enter_trap(env, EXC_DOUBLE_TRAP, tval, (Mode){ PRV_S, false });
    else if (!riscv_sbi_double_trap(env_cpu(env)))
        riscv_critical_error(env, EXC_DOUBLE_TRAP, tval,
                             "S cannot take a trap (sstatus.SDT=1) and has no event for that");
}

/* A trap into S or VS while that cannot take one: goes to M, with its cause in mtval2. */
static void double_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, Mode to)
{
    Mode m = { PRV_M, false };
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
        log_trap(env, EXC_DOUBLE_TRAP, tval, m);
    env->hlv = HLV_OFF;
    pc = trap_to_m(env, cause, tval);
    env->mtval2 = cause;
    env->mcause = EXC_DOUBLE_TRAP;
    set_mode_and_pc(env, EXC_DOUBLE_TRAP, m, pc & ~3ULL);
}

static void trap_triggers(CPURISCVState *env, uint64_t cause, Mode from);

/* Enters the handler of mode `to` from tcg.pc. */
static void enter_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, Mode to)
{
    uint64_t offset = cause & CAUSE_INTERRUPT ? 4 * (cause & ~CAUSE_INTERRUPT) : 0, vec;
    Mode from = { env->priv, env->virt };

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
        log_trap(env, cause, tval, to);
    env->hlv = HLV_OFF;
    vec = to.priv == PRV_M ? trap_to_m(env, cause, tval)
          : to.virt        ? trap_to_vs(env, cause, tval)
                           : trap_to_s(env, cause, tval);
    set_mode_and_pc(env, cause, to, (vec & ~3ULL) + (vec & 1 ? offset : 0));
    if (unlikely(env->trigger_traps))
        trap_triggers(env, cause, from);
}

/* From a mode below M: through M, S and, from a guest, VS, as far as it is delegated. */
static Mode trap_target(const CPURISCVState *env, unsigned n, uint64_t deleg, uint64_t guest_deleg)
{
    if (env->priv == PRV_M || !((deleg >> n) & 1))
        return (Mode){ PRV_M, false };
    return (Mode){ PRV_S, env->virt && ((guest_deleg >> n) & 1) };
}

static Mode exception_target(CPURISCVState *env, uint64_t cause)
{
    Mode to = trap_target(env, (unsigned)cause, env->medeleg, env->hedeleg);

    /* What firmware does not want is S-mode's. */
    if (unlikely(env_cpu(env)->sbi_builtin) && to.priv == PRV_M)
        to = (Mode){ PRV_S, false };
    return to;
}

/* A debug trigger on the trap that has just been taken: a breakpoint before the handler's first
 * instruction. It ends, since a handler that could not be interrupted is left alone. */
static void trap_triggers(CPURISCVState *env, uint64_t cause, Mode from)
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
        log_refused(env, cause, env->exc_tval);
    enter_trap(env, cause, env->exc_tval, exception_target(env, cause));
}

static void take_nmi(CPURISCVState *env, uint64_t cause)
{
    __atomic_store_n(&env_cpu(env)->parent_obj.halted, false, __ATOMIC_RELAXED);
    if (unlikely(env->trigger_modes))
        triggers_before(env, CAUSE_INTERRUPT);
    enter_rnmi(env, cause, (Mode){ env->priv, env->virt });
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
               (Mode){ level == IRQ_LEVEL_M ? PRV_M : PRV_S, level == IRQ_LEVEL_VS });
    return true;
}

/* ---- Privileged instructions ---- */

static void trap_return(CPURISCVState *env, Mode to, uint64_t epc, bool pelp)
{
    riscv_elp_return(env, to.priv, to.virt, pelp);
    epc &= riscv_ext_on(env, EXT_ZCA) ? ~1ULL : ~3ULL;
    if (unlikely(env->ctr_on))
        riscv_ctr_trap_return(env, to.priv, to.virt, tcg_current_pc(env), epc);
    if (to.priv != PRV_M)
        env->mstatus &= ~MSTATUS_MPRV;
    set_mode(env, to, riscv_instret(env) + 1);
    env->tcg.pc = epc;
    riscv_mode_update(env);
    riscv_tlb_switch(env);
    riscv_update_interrupts(env);
}

/* What a return from M, or from HS to a guest, says of double traps in the modes that it leads to. */
static void rearm_double_traps(CPURISCVState *env, Mode to)
{
    if (env->priv == PRV_M && (to.priv == PRV_U || to.virt))
        env->mstatus &= ~MSTATUS_SDT;
    if (to.virt && to.priv == PRV_U)
        env->vsstatus &= ~MSTATUS_SDT;
}

void riscv_mret(CPURISCVState *env, const TCGOp *op)
{
    uint64_t s = env->mstatus;
    Mode to = { (s & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT, false };

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
    Mode to = { (env->mnstatus & MNSTATUS_MNPP) >> MNSTATUS_MNPP_SHIFT, false };

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
    Mode to = { (*status >> 8) & 1, env->virt };
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
