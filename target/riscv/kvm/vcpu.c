/*
 * A vCPU's settings, made before it runs, and its state after power-on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm-impl.h"

#include <errno.h>

#include "accel/kvm/sys.h"
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/cpu-impl.h"
#include "util/bits.h"

/* Linux: this thread and those that it makes may use vectors. Where it is not on, KVM hides V. */
#define PR_RISCV_V_SET_CONTROL 69
#define PR_RISCV_V_GET_CONTROL 70
#define PR_RISCV_V_VSTATE_CTRL_OFF 1
#define PR_RISCV_V_VSTATE_CTRL_ON 2

bool riscv_kvm_init_machine(MachineState *ms, Error **errp)
{
    int now = kvm_sys()->prctl(PR_RISCV_V_GET_CONTROL, 0);

    /* A host without vectors knows nothing of it (EINVAL). */
    if (now < 0 || (now & 3) == PR_RISCV_V_VSTATE_CTRL_ON)
        return true;
    if (kvm_sys()->prctl(PR_RISCV_V_SET_CONTROL, PR_RISCV_V_VSTATE_CTRL_ON) < 0 &&
        (now & 3) == PR_RISCV_V_VSTATE_CTRL_OFF)
        warn_report("the host has vectors, but this process may not use them: the guest has none");
    return true;
}

/* ---- Settings ---- */

static bool switch_extension(RISCVCPU *cpu, unsigned n, unsigned ext, Error **errp)
{
    uint64_t id = KVM_REG64(KVM_REG_TYPE_ISA_EXT, KVM_REG_EXT_SINGLE, n), now;
    bool want = ext_get(cpu->ext, ext);
    int r;

    if (riscv_kvm_read(cpu, id, &now) < 0 || (now != 0) == want)
        return true;
    r = riscv_kvm_write(cpu, id, want);
    /* What cannot be hidden was said when the configuration was checked. */
    if (r == 0 || (!want && r == -EINVAL))
        return true;
    error_setg_errno(errp, -r, "KVM does not switch extension '%s' %s", riscv_ext_rows[ext].name,
                     want ? "on" : "off");
    return false;
}

static bool set_identity(RISCVCPU *cpu, unsigned index, const char *name, uint64_t value, Error **errp)
{
    uint64_t id = KVM_REG64(KVM_REG_TYPE_CONFIG, 0, index), now;
    int r;

    if (riscv_kvm_read(cpu, id, &now) < 0 || now == value)
        return true;
    r = riscv_kvm_write(cpu, id, value);
    if (r < 0)
        error_setg_errno(errp, -r, "KVM does not set %s to %#" G_GINT64_MODIFIER "x", name, value);
    return r >= 0;
}

/* What the kernel hands to us only if it is told so: the console and system suspend. */
static void switch_sbi(RISCVCPU *cpu)
{
    static const uint8_t wanted[] = { KVM_SBI_DBCN, KVM_SBI_SUSP };

    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        uint64_t id = KVM_REG64(KVM_REG_TYPE_SBI_EXT, KVM_REG_EXT_SINGLE, wanted[i]), now;

        if (riscv_kvm_read(cpu, id, &now) == 0 && !now)
            riscv_kvm_write(cpu, id, 1); /* a kernel that will not do it goes on without */
    }
}

bool riscv_kvm_init_vcpu(CPUState *cs, Error **errp)
{
    RISCVCPU *cpu = (RISCVCPU *)cs;
    unsigned ext;

    if (!cpu->kvm) {
        error_setg(errp, "the CPU was made before KVM");
        return false;
    }
    for (unsigned n = 0; riscv_kvm_ext(n, &ext); n++)
        if (ext != EXT_END_ && !switch_extension(cpu, n, ext, errp))
            return false;
    if (!set_identity(cpu, KVM_REG_CONFIG_MVENDORID, "mvendorid", cpu->mvendorid, errp) ||
        !set_identity(cpu, KVM_REG_CONFIG_MARCHID, "marchid", cpu->marchid, errp) ||
        !set_identity(cpu, KVM_REG_CONFIG_MIMPID, "mimpid", cpu->mimpid, errp))
        return false;
    switch_sbi(cpu);
    return riscv_kvm_regs_init(cpu, errp);
}

/* ---- After reset ---- */

void riscv_kvm_reset(RISCVCPU *cpu)
{
    CPURISCVState *env = &cpu->env;

    /* M mode is the host's kernel, which delegates all there is and switches on all that it gives: so
     * that what looks at our state (the debugger, "info mem") finds what the guest meets. */
    env->priv = PRV_S;
    env->medeleg = MEDELEG_MASK;
    env->mideleg = MIP_SSIP | MIP_STIP | MIP_SEIP | MIP_LCOFIP;
    env->mcounteren = COUNTER_CY | COUNTER_TM | COUNTER_IR;
    env->menvcfg = ENVCFG_FIOM | ENVCFG_CBO;
    if (ext_get(cpu->ext, EXT_SVPBMT))
        env->menvcfg |= MENVCFG_PBMTE;
    if (ext_get(cpu->ext, EXT_SSTC))
        env->menvcfg |= MENVCFG_STCE;
    if (ext_get(cpu->ext, EXT_SVADU))
        env->menvcfg |= MENVCFG_ADUE;
    for (unsigned i = 0; i < ARRAY_SIZE(env->mstateen); i++)
        env->mstateen[i] = ~0ULL;
    env->scounteren = COUNTER_CY | COUNTER_TM | COUNTER_IR; /* as a new vCPU of the kernel */
    env->stimecmp = UINT64_MAX;
    cpu->kvm_saved.timer_on = false;
    /* The others are started by the boot hart, through the kernel's SBI. */
    cpu->kvm_saved.mp_state = cpu->start.boot ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_STOPPED;
    if (cpu->start.boot) {
        env->pc = env->tcg.pc = cpu->start.entry;
        env->x[10] = cpu->hartid;
        env->x[11] = cpu->start.fdt;
    }
}

const KVMCPUOps riscv_kvm_ops = {
    .init_machine = riscv_kvm_init_machine,
    .init_vcpu = riscv_kvm_init_vcpu,
    .put = riscv_kvm_put,
    .get = riscv_kvm_get,
    .put_interrupts = riscv_kvm_put_interrupts,
    .clock = riscv_kvm_clock,
    .handle_exit = riscv_kvm_handle_exit,
    .debug_point = riscv_kvm_debug_point,
    .explain_failure = riscv_kvm_explain_failure,
};
