/*
 * HSM, SUSP and SRST: harts and the machine start, stop and sleep.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/csr.h"
#include "target/riscv/ext.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/sbi/firmware.h"
#include "target/riscv/sbi/internal.h"
#include "target/riscv/sstc.h"
#include "target/riscv/trap.h"

/* ---- What M-mode would have set up ---- */

/* Everything goes to S but its own calls. Written as M-mode writes, so that what does not exist stays
 * zero. Called with the device's lock held at reset: nothing here may take it. */
void sbi_setup_machine(RISCVCPU *cpu)
{
    CPURISCVState *env = &cpu->env;
    const struct {
        unsigned csr;
        uint64_t value;
    } rows[] = {
        { 0x302, ~(1ULL << EXC_ECALL_S) },  /* medeleg */
        { 0x303, ~0ULL },                   /* mideleg */
        { 0x304, 0 },                       /* mie */
        { 0x306, ~0ULL },                   /* mcounteren */
        { 0x106, COUNTER_CY | COUNTER_TM | COUNTER_IR }, /* scounteren */
        { 0x320, ~(COUNTER_CY | COUNTER_TM | COUNTER_IR) }, /* mcountinhibit */
        { 0x30C, ~0ULL }, { 0x30D, ~0ULL }, { 0x30E, ~0ULL }, { 0x30F, ~0ULL }, /* mstateen */
        { 0x3B0, ~0ULL },                   /* pmpaddr0: everything */
        { 0x3A0, 0x1f },                    /* pmpcfg0: NAPOT, RWX */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        riscv_csr_write_debug(env, rows[i].csr, rows[i].value);
    env->mstatus |= cpu->mstatus_mask & (MSTATUS_FS | MSTATUS_VS);
    env->mstatus &= ~MSTATUS_MDT;
    env->mnstatus |= MNSTATUS_NMIE; /* or there would be no interrupts at all */
    if (riscv_ext_on(env, EXT_ZKR))
        env->mseccfg |= MSECCFG_SSEED; /* a kernel that sees Zkr reads seed early */
    if (riscv_ext_on(env, EXT_ZICBOM))
        env->menvcfg |= ENVCFG_CBIE | ENVCFG_CBCFE;
    if (riscv_ext_on(env, EXT_ZICBOZ))
        env->menvcfg |= ENVCFG_CBZE;
    if (riscv_ext_on(env, EXT_SSTC))
        __atomic_store_n(&env->menvcfg, env->menvcfg | MENVCFG_STCE, __ATOMIC_RELAXED);
    /* Without Sstc it is the firmware's timer, see sbi_time(). */
    __atomic_store_n(&env->stimecmp, UINT64_MAX, __ATOMIC_RELAXED);
    __atomic_fetch_and(&env->mip, ~(MIP_SSIP | MIP_STIP | MIP_LCOFIP), __ATOMIC_ACQ_REL);
    cpu->sbi.fwft_locked = 0;
    sbi_sse_reset(cpu);
    sbi_pmu_reset(cpu);
    cpu->sbi.steal_shmem = UINT64_MAX;
}

void sbi_jump(RISCVCPU *cpu, uint64_t pc, uint64_t opaque)
{
    CPURISCVState *env = &cpu->env;

    env->mstatus &= ~(MSTATUS_SIE | MSTATUS_MPRV);
    env->satp = 0;
    env->virt = false;
    riscv_set_priv(env, PRV_S);
    env->x[10] = cpu->hartid;
    env->x[11] = opaque;
    env->tcg.pc = pc;
    riscv_mode_update(env);
    riscv_tlb_switch(env);
    __atomic_store_n(&cpu->parent_obj.halted, false, __ATOMIC_RELAXED);
}

void riscv_smode_reset(RISCVCPU *cpu)
{
    CPURISCVState *env = &cpu->env;
    bool boot = cpu->start.boot;

    if (cpu->sbi_builtin)
        sbi_setup_machine(cpu);
    env->priv = PRV_S;
    env->pc = env->tcg.pc = cpu->start.entry;
    env->x[10] = cpu->hartid;
    env->x[11] = cpu->start.fdt;
    cpu->sbi.hsm = boot ? SBI_HART_STARTED : SBI_HART_STOPPED;
    __atomic_store_n(&cpu->parent_obj.halted, !boot, __ATOMIC_RELAXED);
}

/* ---- HSM ---- */

static uint8_t state_of(const RISCVCPU *cpu)
{
    return __atomic_load_n(&cpu->sbi.hsm, __ATOMIC_ACQUIRE);
}

static void set_state(RISCVCPU *cpu, SBIHartState state)
{
    __atomic_store_n(&cpu->sbi.hsm, (uint8_t)state, __ATOMIC_SEQ_CST);
}

static bool can_run(const RISCVCPU *cpu, uint64_t pc)
{
    return !(pc & 1) && sbi_memory_ok(cpu, pc, 0, 2);
}

static void hart_start(RISCVCPU *cpu, SBICall *call)
{
    RISCVCPU *target = sbi_hart(call->args[0]);
    uint8_t stopped = SBI_HART_STOPPED;

    if (!target) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
    } else if (!can_run(cpu, call->args[1])) {
        sbi_result(call, SBI_ERR_INVALID_ADDRESS, 0);
    } else if (!__atomic_compare_exchange_n(&target->sbi.hsm, &stopped, SBI_HART_STOP_PENDING,
                                            false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        sbi_result(call, SBI_ERR_ALREADY_AVAILABLE, 0);
    } else {
        /* It is ours until the state says that it may look. */
        target->sbi.start_addr = call->args[1];
        target->sbi.opaque = call->args[2];
        set_state(target, SBI_HART_START_PENDING);
        cpu_attention(&target->parent_obj, CPU_ATTN_IRQ);
    }
}

/* Sleeps until an interrupt is pending that sie lets through, as wfi does. */
static void hart_suspend(RISCVCPU *cpu, SBICall *call)
{
    uint32_t type = (uint32_t)call->args[0];
    bool jump = type >> 31;

    if (type != 0 && type != 0x80000000u) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    if (jump && !can_run(cpu, call->args[1])) {
        sbi_result(call, SBI_ERR_INVALID_ADDRESS, 0);
        return;
    }
    cpu->sbi.resume_jump = jump;
    cpu->sbi.start_addr = call->args[1];
    cpu->sbi.opaque = call->args[2];
    set_state(cpu, SBI_HART_SUSPENDED);
    __atomic_store_n(&cpu->parent_obj.halted, true, __ATOMIC_RELAXED);
    /* What is pending already is looked at before the hart sleeps. */
    cpu_attention(&cpu->parent_obj, CPU_ATTN_IRQ);
}

SBINext sbi_hsm(RISCVCPU *cpu, SBICall *call)
{
    const RISCVCPU *target;

    sbi_result(call, SBI_SUCCESS, 0);
    switch (call->fn) {
    case 0:
        hart_start(cpu, call);
        break;
    case 1:
        cpu->env.reserve_addr = UINT64_MAX;
        __atomic_store_n(&cpu->parent_obj.halted, true, __ATOMIC_RELAXED);
        set_state(cpu, SBI_HART_STOPPED);
        return SBI_NEXT_JUMPED;
    case 2:
        target = sbi_hart(call->args[0]);
        sbi_result(call, target ? SBI_SUCCESS : SBI_ERR_INVALID_PARAM,
                   target ? state_of(target) : 0);
        break;
    case 3:
        hart_suspend(cpu, call);
        break;
    default:
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        break;
    }
    return SBI_NEXT_RETURN;
}

/* ---- SUSP, SRST ---- */

SBINext sbi_susp(RISCVCPU *cpu, SBICall *call)
{
    CPUState *other;

    if (call->fn != 0) {
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        return SBI_NEXT_RETURN;
    }
    if ((uint32_t)call->args[0] != 0) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return SBI_NEXT_RETURN;
    }
    CPU_FOREACH(other) {
        if ((RISCVCPU *)other != cpu && state_of((RISCVCPU *)other) != SBI_HART_STOPPED) {
            sbi_result(call, SBI_ERR_DENIED, 0);
            return SBI_NEXT_RETURN;
        }
    }
    if (!can_run(cpu, call->args[1])) {
        sbi_result(call, SBI_ERR_INVALID_ADDRESS, 0);
        return SBI_NEXT_RETURN;
    }
    sbi_result(call, SBI_SUCCESS, 0);
    /* With an interrupt pending the sleep is over before it began. */
    if (!riscv_has_work(&cpu->parent_obj))
        machine_request_suspend();
    sbi_jump(cpu, call->args[1], call->args[2]);
    return SBI_NEXT_JUMPED;
}

void sbi_srst(RISCVCPU *cpu, SBICall *call)
{
    uint32_t type = (uint32_t)call->args[0], reason = (uint32_t)call->args[1];

    sbi_result(call, SBI_SUCCESS, 0);
    if (call->fn != 0)
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
    else if (type > 2 || reason > 1)
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
    else if (type != 0)
        machine_request_reset(SHUTDOWN_GUEST_RESET);
    else if (reason == 1)
        machine_request_shutdown(SHUTDOWN_GUEST_PANIC, 1);
    else
        machine_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN, 0);
}

/* ---- The hart's side ---- */

static SBIAttend wake_up(RISCVCPU *cpu)
{
    if (!riscv_has_work(&cpu->parent_obj))
        return SBI_ATTEND_ASLEEP;
    set_state(cpu, SBI_HART_STARTED);
    __atomic_store_n(&cpu->parent_obj.halted, false, __ATOMIC_RELAXED);
    if (!cpu->sbi.resume_jump)
        return SBI_ATTEND_NOTHING;
    sbi_jump(cpu, cpu->sbi.start_addr, cpu->sbi.opaque);
    return SBI_ATTEND_ENTERED;
}

static void start(RISCVCPU *cpu)
{
    sbi_setup_machine(cpu);
    riscv_tlb_flush(&cpu->env);
    riscv_stimer_update(cpu);
    set_state(cpu, SBI_HART_STARTED);
    sbi_jump(cpu, cpu->sbi.start_addr, cpu->sbi.opaque);
}

SBIAttend riscv_sbi_attend(CPURISCVState *env)
{
    RISCVCPU *cpu = env_cpu(env);
    uint32_t todo = __atomic_load_n(&cpu->sbi.todo, __ATOMIC_ACQUIRE);

    if (todo & SBI_TODO_FENCE)
        sbi_fence_attend(cpu);
    switch (state_of(cpu)) {
    case SBI_HART_STARTED:
        break;
    case SBI_HART_START_PENDING:
        start(cpu);
        return SBI_ATTEND_ENTERED;
    case SBI_HART_SUSPENDED:
        if (wake_up(cpu) == SBI_ATTEND_ASLEEP)
            return SBI_ATTEND_ASLEEP;
        break;
    default:
        return SBI_ATTEND_ASLEEP;
    }
    if (todo & SBI_TODO_SSE) {
        __atomic_fetch_and(&cpu->sbi.todo, ~(uint32_t)SBI_TODO_SSE, __ATOMIC_SEQ_CST);
        if (sbi_sse_deliver(cpu))
            return SBI_ATTEND_ENTERED;
    }
    return SBI_ATTEND_NOTHING;
}

int riscv_sbi_has_work(const RISCVCPU *cpu)
{
    switch (state_of(cpu)) {
    case SBI_HART_STARTED:
    case SBI_HART_SUSPENDED:
        return (__atomic_load_n(&cpu->sbi.todo, __ATOMIC_ACQUIRE) & SBI_TODO_SSE) &&
               sbi_sse_ready(cpu);
    case SBI_HART_START_PENDING:
        return 1;
    default:
        return -1;
    }
}
