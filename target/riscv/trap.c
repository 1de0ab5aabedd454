/*
 * Traps: entry, return, and the privileged instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/trap.h"

#include <inttypes.h>

#include "hw/core/symbols.h"
#include "target/riscv/bits.h"
#include "target/riscv/explain.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "util/bits.h"
#include "util/log.h"

_Noreturn void riscv_raise(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    env->exc_cause = cause;
    env->exc_tval = tval;
    env->exc_why = NULL;
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

_Noreturn void riscv_ecall(CPURISCVState *env)
{
    riscv_raise(env, EXC_ECALL_U + env->priv, 0);
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
    if (cause == EXC_ILLEGAL_INST && !env->exc_why) {
        g_string_append(out, ": ");
        riscv_explain_illegal(env, (uint32_t)tval, out);
    } else if (!(cause & CAUSE_INTERRUPT) && env->exc_why) {
        g_string_append_printf(out, ": %s", env->exc_why);
    }
}

static void log_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, RISCVPriv to)
{
    RISCVCPU *cpu = env_cpu(env);
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "hart %" PRIu64 ": %s %" PRIu64 " (%s) pc %016" PRIx64, cpu->hartid,
                           cause & CAUSE_INTERRUPT ? "interrupt" : "exception",
                           (uint64_t)(cause & ~CAUSE_INTERRUPT), riscv_cause_name(cause),
                           env->tcg.pc);
    symbol_append(out, env->tcg.pc);
    g_string_append_printf(out, " tval %016" PRIx64 " %c -> %c", tval, "US-M"[env->priv], "US-M"[to]);
    append_why(env, cause, tval, out);
    log_printf(LOG_INT, "%s\n", out->str);
}

/* What a correct guest rarely does: also for those who log guest errors only. */
static void log_refused(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    RISCVCPU *cpu = env_cpu(env);
    g_autoptr(GString) out = g_string_new(NULL);

    if (cause != EXC_ILLEGAL_INST && cause != EXC_INST_ACCESS_FAULT &&
        cause != EXC_LOAD_ACCESS_FAULT && cause != EXC_STORE_ACCESS_FAULT)
        return;
    g_string_append_printf(out, "%" PRIu64 ": %s at pc %#" PRIx64, cpu->hartid,
                           riscv_cause_name(cause), env->tcg.pc);
    symbol_append(out, env->tcg.pc);
    g_string_append_printf(out, " in %c, %s %#" PRIx64, "US-M"[env->priv],
                           cause == EXC_ILLEGAL_INST ? "bits" : "address", tval);
    append_why(env, cause, tval, out);
    log_guest_error(&cpu->parent_obj.exec_limit, "hart", "%s", out->str);
}

/* Counters may be asked to stand in one of the two modes. */
static void set_priv(CPURISCVState *env, RISCVPriv to, uint64_t instret)
{
    bool filtered = env->pmu_filtered;

    if (unlikely(filtered))
        riscv_pmu_begin(env, instret);
    env->priv = to;
    if (unlikely(filtered))
        riscv_pmu_end(env, instret);
}

/* Enters the handler of mode `to` from tcg.pc. */
static void enter_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, RISCVPriv to)
{
    uint64_t s = env->mstatus, vec;
    uint64_t offset = cause & CAUSE_INTERRUPT ? 4 * (cause & ~CAUSE_INTERRUPT) : 0;

    if (unlikely(log_enabled(LOG_INT)))
        log_trap(env, cause, tval, to);
    if (to == PRV_S) {
        s = deposit64(s, 5, 1, (s >> 1) & 1); /* SPIE = SIE */
        s = deposit64(s, 8, 1, env->priv);    /* SPP */
        s &= ~MSTATUS_SIE;
        env->scause = cause;
        env->sepc = env->tcg.pc;
        env->stval = tval;
        vec = env->stvec;
    } else {
        s = deposit64(s, 7, 1, (s >> 3) & 1); /* MPIE = MIE */
        s = deposit64(s, MSTATUS_MPP_SHIFT, 2, env->priv);
        s &= ~MSTATUS_MIE;
        env->mcause = cause;
        env->mepc = env->tcg.pc;
        env->mtval = tval;
        vec = env->mtvec;
    }
    env->mstatus = s;
    set_priv(env, to, env->tcg.icount);
    env->tcg.pc = (vec & ~3ULL) + (vec & 1 ? offset : 0);
    riscv_mode_update(env);
    riscv_tlb_switch(env);
}

void riscv_deliver_exception(CPURISCVState *env)
{
    uint64_t cause = env->exc_cause;
    bool to_s = env->priv <= PRV_S && ((env->medeleg >> cause) & 1);

    if (unlikely(log_enabled(LOG_GUEST_ERRORS)))
        log_refused(env, cause, env->exc_tval);
    enter_trap(env, cause, env->exc_tval, to_s ? PRV_S : PRV_M);
}

bool riscv_take_interrupt(CPURISCVState *env)
{
    RISCVIrqLevel level;
    int n;

    if (unlikely(env->pmu_armed || __atomic_load_n(&env->pmu_due, __ATOMIC_RELAXED)))
        riscv_pmu_poll(env);
    n = riscv_next_interrupt(env, &level);
    if (n < 0)
        return false;
    __atomic_store_n(&env_cpu(env)->parent_obj.halted, false, __ATOMIC_RELAXED);
    enter_trap(env, CAUSE_INTERRUPT | (unsigned)n, 0, level == IRQ_LEVEL_M ? PRV_M : PRV_S);
    return true;
}

/* ---- Privileged instructions ---- */

static void trap_return(CPURISCVState *env, uint64_t status, RISCVPriv to, uint64_t epc)
{
    if (to != PRV_M)
        status &= ~MSTATUS_MPRV;
    env->mstatus = status;
    set_priv(env, to, riscv_instret(env) + 1);
    env->tcg.pc = epc & (riscv_ext_on(env, EXT_ZCA) ? ~1ULL : ~3ULL);
    riscv_mode_update(env);
    riscv_tlb_switch(env);
    riscv_update_interrupts(env);
}

void riscv_mret(CPURISCVState *env, const TCGOp *op)
{
    uint64_t s = env->mstatus;
    RISCVPriv to = (s & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;

    if (env->priv != PRV_M)
        riscv_raise_illegal(env, op);
    s = deposit64(s, 3, 1, (s >> 7) & 1); /* MIE = MPIE */
    s |= MSTATUS_MPIE;
    s = deposit64(s, MSTATUS_MPP_SHIFT, 2, riscv_ext_on(env, EXT_U) ? PRV_U : PRV_M);
    trap_return(env, s, to, env->mepc);
}

void riscv_sret(CPURISCVState *env, const TCGOp *op)
{
    uint64_t s = env->mstatus;
    RISCVPriv to = (s >> 8) & 1;

    if (env->priv < PRV_S || !riscv_ext_on(env, EXT_S) ||
        (env->priv == PRV_S && (s & MSTATUS_TSR)))
        riscv_raise_illegal(env, op);
    s = deposit64(s, 1, 1, (s >> 5) & 1); /* SIE = SPIE */
    s |= MSTATUS_SPIE;
    s &= ~MSTATUS_SPP;
    trap_return(env, s, to, env->sepc);
}

void riscv_wfi(CPURISCVState *env, const TCGOp *op)
{
    CPUState *cpu = &env_cpu(env)->parent_obj;

    if (env->priv != PRV_M && ((env->mstatus & MSTATUS_TW) ||
                               (env->priv == PRV_U && riscv_ext_on(env, EXT_S))))
        riscv_raise_illegal(env, op);
    env->tcg.pc = riscv_next_pc(env);
    /* A device that sets mip after this look also wakes the vCPU, whose loop asks again. */
    if (!riscv_has_work(cpu))
        __atomic_store_n(&cpu->halted, true, __ATOMIC_RELAXED);
}

void riscv_wrs(CPURISCVState *env, const TCGOp *op, bool no_timeout)
{
    if (no_timeout && env->priv != PRV_M && (env->mstatus & MSTATUS_TW))
        riscv_raise_illegal(env, op);
    if (env->reserve_addr != UINT64_MAX)
        tcg_yield(env);
}

void riscv_sfence_vma(CPURISCVState *env, const TCGOp *op)
{
    uint64_t va = env->x[op->rs1];
    int64_t asid = SATP_ASID(env->x[op->rs2] << 44);

    if (env->priv == PRV_U || !riscv_ext_on(env, EXT_S) ||
        (env->priv == PRV_S && (env->mstatus & MSTATUS_TVM)))
        riscv_raise_illegal(env, op);
    if (op->rs1 && op->rs2)
        tcg_tlb_flush_page(env, va, asid);
    else if (op->rs1)
        tcg_tlb_flush_page(env, va, -1);
    else if (op->rs2)
        tcg_tlb_flush_asid(env, asid);
    else
        tcg_tlb_flush_all(env);
}

void riscv_sfence_inval(CPURISCVState *env, const TCGOp *op)
{
    if (env->priv == PRV_U)
        riscv_raise_illegal(env, op);
}

void riscv_cbo_check(CPURISCVState *env, const TCGOp *op, RISCVCbo kind)
{
    uint64_t need = kind == CBO_INVAL ? ENVCFG_CBIE : kind == CBO_ZERO ? ENVCFG_CBZE : ENVCFG_CBCFE;

    if (env->priv == PRV_M)
        return;
    if (!(env->menvcfg & need) ||
        (env->priv == PRV_U && riscv_ext_on(env, EXT_S) && !(env->senvcfg & need)))
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
