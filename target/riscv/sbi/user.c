/*
 * The calls that KVM hands to user space: those that need a console or the whole machine, and probes of
 * the ranges of extension numbers that it leaves to us.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/causes.h"
#include "target/riscv/sbi/internal.h"
#include "util/log.h"

/* KVM knows its own extensions; what it asks us about is not here. */
static void probe(SBICall *call)
{
    uint64_t ext = call->args[0];
    bool here = ext == SBI_LEGACY_PUTCHAR || ext == SBI_LEGACY_GETCHAR || ext == SBI_DBCN ||
                ext == SBI_SUSP;

    sbi_result(call, SBI_SUCCESS, here);
}

/*
 * KVM has checked the arguments and the other harts, and the vCPU goes on at the resume address when
 * it runs again. A device that wants attention already ends the sleep before it begins.
 */
static SBIOutcome suspend(RISCVCPU *cpu, SBICall *call)
{
    sbi_result(call, SBI_SUCCESS, 0);
    if (__atomic_load_n(&cpu->env.mip, __ATOMIC_ACQUIRE) & MIP_SEIP)
        return SBI_RETURN;
    machine_request_suspend();
    return SBI_LEAVE;
}

SBIOutcome riscv_sbi_user_call(RISCVCPU *cpu, SBICall *call)
{
    SBIOutcome outcome = SBI_RETURN;

    sbi_result(call, SBI_ERR_NOT_SUPPORTED, call->ext <= SBI_LEGACY_LAST ? call->args[1] : 0);
    switch (call->ext) {
    case SBI_LEGACY_PUTCHAR:
        sbi_legacy_putchar(cpu, call);
        break;
    case SBI_LEGACY_GETCHAR:
        sbi_legacy_getchar(cpu, call);
        break;
    case SBI_BASE:
        if (call->fn == 3)
            probe(call);
        break;
    case SBI_DBCN:
        sbi_dbcn(cpu, call);
        break;
    case SBI_SUSP:
        if (call->fn == 0)
            outcome = suspend(cpu, call);
        break;
    default:
        /* MPXY has no channels here; nobody has vendor's or experimental calls. */
        break;
    }
    if (log_enabled(LOG_SBI))
        riscv_sbi_log(cpu, call);
    return outcome;
}
