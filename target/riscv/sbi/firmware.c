/*
 * The firmware's front door: an ecall from S-mode, and the extensions that are short.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/sbi/firmware.h"

#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/ext.h"
#include "target/riscv/mode.h"
#include "target/riscv/sbi/internal.h"
#include "target/riscv/sstc.h"
#include "target/riscv/trap.h"
#include "util/bits.h"
#include "util/log.h"

#define SPEC_VERSION 0x3000000 /* 3.0 */
#define IMPL_ID 0x56495245     /* none of the registered ones */
#define IMPL_VERSION 1

/* ---- BASE ---- */

static bool extension_here(const RISCVCPU *cpu, uint64_t ext)
{
    switch (ext) {
    case SBI_BASE:
    case SBI_TIME:
    case SBI_IPI:
    case SBI_RFENCE:
    case SBI_HSM:
    case SBI_SRST:
    case SBI_PMU:
    case SBI_DBCN:
    case SBI_SUSP:
    case SBI_STA:
    case SBI_SSE:
    case SBI_FWFT:
        return true;
    default:
        return ext <= SBI_LEGACY_SHUTDOWN;
    }
}

void sbi_base(RISCVCPU *cpu, SBICall *call)
{
    const uint64_t values[] = {
        SPEC_VERSION, IMPL_ID, IMPL_VERSION, extension_here(cpu, call->args[0]),
        cpu->mvendorid, cpu->marchid, cpu->mimpid,
    };

    if (call->fn < ARRAY_SIZE(values))
        sbi_result(call, SBI_SUCCESS, values[call->fn]);
    else
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
}

/* ---- TIME, IPI ---- */

/* With or without Sstc the comparison is that of stimecmp; without it only we can write there. */
static void set_timer(RISCVCPU *cpu, uint64_t when)
{
    sbi_fw_count(cpu, SBI_FW_SET_TIMER);
    __atomic_store_n(&cpu->env.stimecmp, when, __ATOMIC_RELAXED);
    riscv_stimer_update(cpu);
}

void sbi_time(RISCVCPU *cpu, SBICall *call)
{
    sbi_result(call, SBI_SUCCESS, 0);
    if (call->fn == 0)
        set_timer(cpu, call->args[0]);
    else
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
}

/* A hart that does not run loses it. */
static void send_ipi(RISCVCPU *target, void *data)
{
    RISCVCPU *self = data;
    uint8_t state = __atomic_load_n(&target->sbi.hsm, __ATOMIC_ACQUIRE);

    sbi_fw_count(self, SBI_FW_IPI_SENT);
    if (state != SBI_HART_STARTED && state != SBI_HART_SUSPENDED)
        return;
    sbi_fw_count(target, SBI_FW_IPI_RECEIVED);
    riscv_mip_change(&target->env, MIP_SSIP, 0);
}

void sbi_ipi(RISCVCPU *cpu, SBICall *call)
{
    sbi_result(call, SBI_SUCCESS, 0);
    if (call->fn != 0)
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
    else if (!sbi_for_harts(call->args[0], call->args[1], send_ipi, cpu))
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
}

/* ---- The legacy calls ---- */

/*
 * Their masks are in the caller's virtual memory. Appends a call of the new kind for each word; false
 * if there is no such memory: the caller gets the fault at its ecall.
 */
static bool legacy_masks(RISCVCPU *cpu, SBICall *call, void (*fn)(RISCVCPU *, SBICall *))
{
    CPURISCVState *env = &cpu->env;
    CPUState *cs = &cpu->parent_obj;
    uint64_t va = call->args[0];

    call->args[4] = call->args[3];
    call->args[3] = call->args[2];
    call->args[2] = call->args[1];
    call->args[1] = UINT64_MAX;
    for (unsigned n = 0; va && n < cpu_list()->nr; n += 64) {
        uint64_t mask = 0;
        unsigned left = cpu_list()->nr - n;

        for (unsigned i = 0; i < 8; i++) {
            uint64_t byte = va + n / 8 + i;
            uint8_t b = 0;
            hwaddr pa;

            if (!CPU_GET_CLASS(cs)->translate_debug(cs, byte, &pa, NULL) ||
                !address_space_read_ram(cs->as, pa, &b, 1)) {
                env->exc_tval = byte;
                return false;
            }
            mask |= (uint64_t)b << (8 * i);
        }
        call->args[0] = left < 64 ? mask & ((1ULL << left) - 1) : mask;
        call->args[1] = n;
        fn(cpu, call);
    }
    if (!va)
        fn(cpu, call);
    return true;
}

static bool legacy_with_masks(RISCVCPU *cpu, SBICall *call)
{
    uint64_t a1 = call->args[1];
    SBICall modern = *call;
    bool ok;

    modern.fn = call->ext - SBI_LEGACY_FENCE_I;
    if (call->ext == SBI_LEGACY_SEND_IPI)
        modern.fn = 0;
    ok = legacy_masks(cpu, &modern, call->ext == SBI_LEGACY_SEND_IPI ? sbi_ipi : sbi_rfence);
    sbi_result(call, modern.error, a1);
    return ok;
}

/* False: a fault was recorded. */
static bool legacy(RISCVCPU *cpu, SBICall *call)
{
    uint64_t old;

    sbi_result(call, SBI_SUCCESS, call->args[1]);
    switch (call->ext) {
    case SBI_LEGACY_SET_TIMER:
        set_timer(cpu, call->args[0]);
        break;
    case SBI_LEGACY_PUTCHAR:
        sbi_legacy_putchar(cpu, call);
        break;
    case SBI_LEGACY_GETCHAR:
        sbi_legacy_getchar(cpu, call);
        break;
    case SBI_LEGACY_CLEAR_IPI:
        old = __atomic_fetch_and(&cpu->env.mip, ~MIP_SSIP, __ATOMIC_ACQ_REL);
        call->error = (old & MIP_SSIP) != 0;
        break;
    case SBI_LEGACY_SEND_IPI:
    case SBI_LEGACY_FENCE_I:
    case SBI_LEGACY_SFENCE_VMA:
    case SBI_LEGACY_SFENCE_VMA_ASID:
        return legacy_with_masks(cpu, call);
    case SBI_LEGACY_SHUTDOWN:
        machine_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN, 0);
        break;
    default:
        call->error = SBI_ERR_NOT_SUPPORTED;
        break;
    }
    return true;
}

/* ---- The call ---- */

static SBINext dispatch(RISCVCPU *cpu, SBICall *call)
{
    switch (call->ext) {
    case SBI_TIME:
        sbi_time(cpu, call);
        break;
    case SBI_IPI:
        sbi_ipi(cpu, call);
        break;
    case SBI_RFENCE:
        sbi_rfence(cpu, call);
        break;
    case SBI_BASE:
        sbi_base(cpu, call);
        break;
    case SBI_DBCN:
        sbi_dbcn(cpu, call);
        break;
    case SBI_PMU:
        sbi_pmu(cpu, call);
        break;
    case SBI_SRST:
        sbi_srst(cpu, call);
        break;
    case SBI_STA:
        sbi_sta(cpu, call);
        break;
    case SBI_FWFT:
        sbi_fwft(cpu, call);
        break;
    case SBI_HSM:
        return sbi_hsm(cpu, call);
    case SBI_SUSP:
        return sbi_susp(cpu, call);
    case SBI_SSE:
        return sbi_sse(cpu, call);
    default:
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        break;
    }
    return SBI_NEXT_RETURN;
}

void riscv_sbi_ecall(CPURISCVState *env)
{
    RISCVCPU *cpu = env_cpu(env);
    SBICall call = { .ext = env->x[17], .fn = env->x[16] };
    SBINext next = SBI_NEXT_RETURN;
    uint64_t pc = env->tcg.pc;

    memcpy(call.args, &env->x[10], sizeof(call.args));
    env->tcg.pc = pc + 4;
    if (call.ext <= SBI_LEGACY_LAST) {
        if (!legacy(cpu, &call)) {
            env->tcg.pc = pc;
            env->exc_cause = EXC_LOAD_PAGE_FAULT;
            riscv_deliver_exception(env);
            return;
        }
    } else {
        next = dispatch(cpu, &call);
    }
    if (next == SBI_NEXT_RETURN) {
        env->x[10] = (uint64_t)call.error;
        env->x[11] = call.value;
    }
    if (unlikely(log_enabled(LOG_SBI)))
        riscv_sbi_log(cpu, &call);
    if (unlikely(cpu->sbi.steal_shmem != UINT64_MAX))
        sbi_sta_update(cpu);
}

/* The only interrupt that is kept from S is the overflow of counters, when S wants it as an event. */
bool riscv_sbi_interrupt(CPURISCVState *env, int n)
{
    if (n == IRQ_LCOF) {
        __atomic_fetch_and(&env->mip, ~MIP_LCOFIP, __ATOMIC_ACQ_REL);
        sbi_sse_overflow(env_cpu(env));
    }
    return true;
}

void riscv_sbi_count(RISCVCPU *cpu, unsigned cause)
{
    static const int8_t events[] = {
        [EXC_ILLEGAL_INST] = SBI_FW_ILLEGAL_INSN,
        [EXC_LOAD_MISALIGNED] = SBI_FW_MISALIGNED_LOAD,
        [EXC_LOAD_ACCESS_FAULT] = SBI_FW_ACCESS_LOAD,
        [EXC_STORE_MISALIGNED] = SBI_FW_MISALIGNED_STORE,
        [EXC_STORE_ACCESS_FAULT] = SBI_FW_ACCESS_STORE,
    };

    if (cause == EXC_LOAD_MISALIGNED || (cause < ARRAY_SIZE(events) && events[cause]))
        sbi_fw_count(cpu, (unsigned)events[cause]);
}
