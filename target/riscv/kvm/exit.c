/*
 * Exits of KVM_RUN that are the architecture's: calls of the SBI, CSRs that the kernel leaves to us,
 * breakpoints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm-impl.h"

#include <inttypes.h>
#include <string.h>

#include "accel/debug.h"
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/sbi/sbi.h"
#include "util/random.h"

#define CSR_SEED 0x015
/* seed: the state of the source, and 16 bits of entropy. */
#define SEED_ES16 (2u << 30)
#define SEED_WAIT (1u << 30)

static KVMExitResult sbi_exit(RISCVCPU *cpu, struct kvm_run *run)
{
    SBICall call = { .ext = run->riscv_sbi.extension_id, .fn = run->riscv_sbi.function_id };
    SBIOutcome outcome;

    memcpy(call.args, run->riscv_sbi.args, sizeof(call.args));
    outcome = riscv_sbi_user_call(cpu, &call);
    run->riscv_sbi.ret[0] = (uint64_t)call.error;
    run->riscv_sbi.ret[1] = call.value;
    return outcome == SBI_LEAVE ? KVM_EXIT_ATTENTION : KVM_EXIT_RESUME;
}

static KVMExitResult csr_exit(struct kvm_run *run, Error **errp)
{
    uint8_t entropy[2];

    if (run->riscv_csr.csr_num != CSR_SEED) {
        error_setg(errp, "KVM leaves CSR %#" PRIx64 " to us, which only seed is known to be",
                   (uint64_t)run->riscv_csr.csr_num);
        return KVM_EXIT_FAILED;
    }
    if (guest_random(entropy, sizeof(entropy)) == sizeof(entropy))
        run->riscv_csr.ret_value = SEED_ES16 | entropy[1] << 8 | entropy[0];
    else
        run->riscv_csr.ret_value = SEED_WAIT;
    return KVM_EXIT_RESUME;
}

/* ---- Breakpoints ---- */

#define CSR_ID(n) KVM_REG64(KVM_REG_TYPE_CSR, KVM_REG_CSR_GENERAL, n)
enum { SSTATUS = 0, STVEC = 2, SEPC = 4, SCAUSE = 5, STVAL = 6 };
#define PC_ID KVM_REG64(KVM_REG_TYPE_CORE, 0, KVM_REG_CORE_PC)
#define MODE_ID KVM_REG64(KVM_REG_TYPE_CORE, 0, KVM_REG_CORE_MODE)

/* The guest's own ebreak: the trap that it would have had without a debugger. */
static KVMExitResult give_back(RISCVCPU *cpu, uint64_t pc, Error **errp)
{
    uint64_t status, stvec, mode;
    int r = riscv_kvm_read(cpu, CSR_ID(SSTATUS), &status);

    if (r == 0)
        r = riscv_kvm_read(cpu, CSR_ID(STVEC), &stvec);
    if (r == 0)
        r = riscv_kvm_read(cpu, MODE_ID, &mode);
    if (r == 0) {
        const struct {
            uint64_t id, value;
        } writes[] = {
            { CSR_ID(SEPC), pc },
            { CSR_ID(SCAUSE), EXC_BREAKPOINT },
            { CSR_ID(STVAL), pc },
            { CSR_ID(SSTATUS), (status & ~(MSTATUS_SPP | MSTATUS_SPIE | MSTATUS_SIE)) |
                                   (mode == KVM_MODE_S ? MSTATUS_SPP : 0) |
                                   (status & MSTATUS_SIE ? MSTATUS_SPIE : 0) },
            { MODE_ID, KVM_MODE_S },
            { PC_ID, stvec & ~3ULL }, /* exceptions go to the base, in vectored mode too */
        };
        for (size_t i = 0; r == 0 && i < G_N_ELEMENTS(writes); i++)
            r = riscv_kvm_write(cpu, writes[i].id, writes[i].value);
    }
    if (r == 0)
        return KVM_EXIT_RESUME;
    error_setg_errno(errp, -r, "the guest's ebreak at %#" PRIx64 " cannot be given back to it", pc);
    return KVM_EXIT_FAILED;
}

KVMExitResult riscv_kvm_debug_exit(CPUState *cs, Error **errp)
{
    const DebugPoint *point;
    uint64_t pc;
    int r = riscv_kvm_read((RISCVCPU *)cs, PC_ID, &pc);

    if (r < 0) {
        error_setg_errno(errp, -r, "KVM does not say where the vCPU stopped");
        return KVM_EXIT_FAILED;
    }
    point = debug_break_at(pc);
    if (!point)
        return give_back((RISCVCPU *)cs, pc, errp);
    cs->debug.stop = CPU_STOP_POINT;
    cs->debug.kind = point->kind;
    cs->debug.addr = pc;
    return KVM_EXIT_STOPPED;
}

KVMExitResult riscv_kvm_handle_exit(CPUState *cs, struct kvm_run *run, Error **errp)
{
    switch (run->exit_reason) {
    case KVM_EXIT_RISCV_SBI:
        return sbi_exit((RISCVCPU *)cs, run);
    case KVM_EXIT_RISCV_CSR:
        return csr_exit(run, errp);
    case KVM_EXIT_DEBUG:
        return riscv_kvm_debug_exit(cs, errp);
    default:
        error_setg(errp, "KVM_RUN came back with a reason that is not the CPU's: %u",
                   run->exit_reason);
        return KVM_EXIT_FAILED;
    }
}
