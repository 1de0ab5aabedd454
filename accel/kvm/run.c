/*
 * Running a vCPU: KVM_RUN in a loop, and a row for each reason that it comes back for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <inttypes.h>

#include "accel/exclusive.h"
#include "util/byteorder.h"

/* ---- Exits ---- */

static KVMExitResult exit_mmio(KVMCPU *c, struct kvm_run *run, Error **errp)
{
    uint64_t addr = run->mmio.phys_addr, value = 0;
    unsigned len = run->mmio.len;

    if (len != 1 && len != 2 && len != 4 && len != 8) {
        error_setg(errp, "an access of %u bytes at %#" PRIx64 " cannot be carried out", len, addr);
        return KVM_EXIT_FAILED;
    }
    /* A bus error cannot be told to the guest: a load yields 0. The device has logged it. */
    if (run->mmio.is_write) {
        address_space_st(c->cpu->as, addr, ldn_le(run->mmio.data, len), len);
    } else {
        address_space_ld(c->cpu->as, addr, &value, len);
        stn_le(run->mmio.data, len, value);
    }
    return KVM_EXIT_RESUME;
}

static KVMExitResult exit_cpu_model(KVMCPU *c, struct kvm_run *run, Error **errp)
{
    return c->s->ops->handle_exit(c->cpu, run, errp);
}

/* The guest asked by SRST, or by the legacy shutdown call. The kernel has stopped all vCPUs. */
static KVMExitResult exit_system_event(KVMCPU *c, struct kvm_run *run, Error **errp)
{
    bool failed = run->system_event.ndata > 0 && run->system_event.data[0] == 1;

    switch (run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        if (failed) {
            log_guest_error(&c->cpu->exec_limit, "kvm", "the guest shuts down after a failure");
        }
        machine_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN, 0);
        return KVM_EXIT_ATTENTION;
    case KVM_SYSTEM_EVENT_RESET:
        machine_request_reset(SHUTDOWN_GUEST_RESET);
        return KVM_EXIT_ATTENTION;
    case KVM_SYSTEM_EVENT_CRASH:
        machine_request_shutdown(SHUTDOWN_GUEST_PANIC, 0);
        return KVM_EXIT_ATTENTION;
    default:
        error_setg(errp, "system event %u is not known", run->system_event.type);
        return KVM_EXIT_FAILED;
    }
}

static KVMExitResult exit_fail_entry(KVMCPU *c, struct kvm_run *run, Error **errp)
{
    uint64_t why = run->fail_entry.hardware_entry_failure_reason;

    if (why & KVM_EXIT_FAIL_ENTRY_NO_VSFILE) {
        error_setg(errp, "host CPU %u has no guest interrupt file left for it "
                   "(-accel kvm,riscv-aia=emul does without)", run->fail_entry.cpu);
    } else {
        error_setg(errp, "host CPU %u could not enter the guest, reason %#" PRIx64,
                   run->fail_entry.cpu, why);
    }
    return KVM_EXIT_FAILED;
}

static KVMExitResult exit_internal_error(KVMCPU *c, struct kvm_run *run, Error **errp)
{
    static const char *const names[] = {
        [KVM_INTERNAL_ERROR_EMULATION] = "an instruction could not be emulated",
        [KVM_INTERNAL_ERROR_SIMUL_EX] = "two exceptions at once",
        [KVM_INTERNAL_ERROR_DELIVERY_EV] = "an exception while an event was delivered",
        [KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "an unexpected exit of the hardware",
    };
    uint32_t sub = run->internal.suberror;
    g_autoptr(GString) data = g_string_new(NULL);

    for (uint32_t i = 0; i < MIN(run->internal.ndata, G_N_ELEMENTS(run->internal.data)); i++) {
        g_string_append_printf(data, "%s%#" PRIx64, i ? " " : ", data ", run->internal.data[i]);
    }
    error_setg(errp, "internal error of KVM: %s (%u)%s",
               sub < G_N_ELEMENTS(names) && names[sub] ? names[sub] : "not known", sub, data->str);
    return KVM_EXIT_FAILED;
}

static KVMExitResult exit_unknown(KVMCPU *c, struct kvm_run *run, Error **errp)
{
    error_setg(errp, "KVM does not know why the guest stopped (hardware says %#" PRIx64 ")",
               run->hw.hardware_exit_reason);
    return KVM_EXIT_FAILED;
}

static KVMExitResult exit_nothing(KVMCPU *c, struct kvm_run *run, Error **errp)
{
    return KVM_EXIT_RESUME;
}

typedef struct ExitRow {
    KVMExitResult (*handle)(KVMCPU *c, struct kvm_run *run, Error **errp);
    /* The kernel finishes the instruction when KVM_RUN is called again: until then registers are those
     * from before, or half of each. */
    bool completes;
} ExitRow;

static const ExitRow exits[] = {
    [KVM_EXIT_UNKNOWN] = { exit_unknown },
    [KVM_EXIT_DEBUG] = { exit_cpu_model },
    [KVM_EXIT_MMIO] = { exit_mmio, .completes = true },
    [KVM_EXIT_FAIL_ENTRY] = { exit_fail_entry },
    [KVM_EXIT_INTR] = { exit_nothing },
    [KVM_EXIT_INTERNAL_ERROR] = { exit_internal_error },
    [KVM_EXIT_SYSTEM_EVENT] = { exit_system_event },
    [KVM_EXIT_RISCV_SBI] = { exit_cpu_model, .completes = true },
    [KVM_EXIT_RISCV_CSR] = { exit_cpu_model, .completes = true },
};

static KVMExitResult handle_exit(KVMCPU *c, Error **errp)
{
    struct kvm_run *run = c->run;
    uint32_t reason = run->exit_reason;
    const ExitRow *row = reason < G_N_ELEMENTS(exits) ? &exits[reason] : NULL;

    if (!row || !row->handle) {
        error_setg(errp, "exit reason %u of KVM is not known", reason);
        return KVM_EXIT_FAILED;
    }
    c->pending = row->completes;
    return row->handle(c, run, errp);
}

/* KVM_RUN failed with err, and not because somebody wanted the thread. */
static void run_failed(KVMCPU *c, int err, Error **errp)
{
    g_autoptr(GString) why = g_string_new(NULL);

    switch (err) {
    case EOPNOTSUPP:
    case EIO:
        kvm_state_out(c->cpu);
        if (c->s->ops->explain_failure) {
            c->s->ops->explain_failure(c->cpu, err, why);
        }
        error_setg(errp, "the host's kernel cannot emulate an instruction of the guest%s%s",
                   why->len ? ": " : "", why->str);
        break;
    case EFAULT:
        error_setg(errp, "the host cannot give the guest a page of its memory (out of memory, or the "
                   "file behind it was truncated)");
        break;
    default:
        error_setg_errno(errp, err, "KVM_RUN failed");
    }
}

/* Lets the kernel finish what the last exit began, without entering the guest. */
static void settle(KVMCPU *c)
{
    int r = 0;

    if (!c->pending) {
        return;
    }
    do {
        __atomic_store_n(&c->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        r = kvm_sys()->ioctl(c->fd, KVM_RUN, NULL);
    } while (r == -EAGAIN);
    c->pending = false;
    if (r < 0 && r != -EINTR) {
        warn_report("KVM: vCPU %d: completing an access failed: %s", c->cpu->cpu_index,
                    g_strerror(-r));
    }
}

/* Writes what changed outside and enters the guest. KVM_EXIT_RESUME: nothing came of it. */
static KVMExitResult enter(KVMCPU *c, Error **errp)
{
    CPUState *cpu = c->cpu;
    int r;

    if (c->dirty) {
        if (!c->s->ops->put(cpu, c->level, errp)) {
            return KVM_EXIT_FAILED;
        }
        c->dirty = false;
    }
    /* Not only when attention was given: lines that fall give none. */
    kvm_put_interrupts(cpu);
    c->synced = false;
    r = kvm_sys()->ioctl(c->fd, KVM_RUN, NULL);
    c->pending = false;
    kvm_drain(c->s, cpu->as);
    if (r == -EINTR || r == -EAGAIN) {
        return KVM_EXIT_RESUME;
    }
    if (r < 0) {
        run_failed(c, -r, errp);
        return KVM_EXIT_FAILED;
    }
    return handle_exit(c, errp);
}

static CPUExit run(KVMCPU *c)
{
    CPUState *cpu = c->cpu;
    Error *err = NULL;

    for (;;) {
        uint32_t attention;

        __atomic_store_n(&c->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        attention = __atomic_exchange_n(&cpu->attention, 0, __ATOMIC_SEQ_CST);
        if (attention & CPU_ATTN_EXIT) {
            return CPU_EXIT_ATTENTION;
        }
        switch (enter(c, &err)) {
        case KVM_EXIT_RESUME:
            break;
        case KVM_EXIT_ATTENTION:
            return CPU_EXIT_ATTENTION;
        case KVM_EXIT_STOPPED:
            return CPU_EXIT_DEBUG;
        case KVM_EXIT_FAILED:
            error_prepend(&err, "KVM: vCPU %d: ", cpu->cpu_index);
            error_report_err(err);
            return CPU_EXIT_ERROR;
        }
    }
}

CPUExit kvm_exec(CPUState *cpu)
{
    KVMCPU *c = kvm_cpu(cpu);
    CPUExit why;

    cpu_exec_start(cpu);
    why = run(c);
    settle(c);
    cpu_exec_end(cpu);
    return why;
}
