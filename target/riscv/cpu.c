/*
 * The CPU device: its class, its life, its interrupt lines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu.h"

#include "target/riscv/bits.h"
#include "target/riscv/cfi.h"
#include "target/riscv/cpu-impl.h"
#include "target/riscv/ctr.h"
#include "target/riscv/emit.h"
#include "target/riscv/explain.h"
#include "target/riscv/fpu/fpu.h"
#include "target/riscv/kvm/kvm.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "target/riscv/sbi/firmware.h"
#include "target/riscv/profile.h"
#include "target/riscv/rnmi.h"
#include "target/riscv/sstc.h"
#include "target/riscv/translate.h"
#include "target/riscv/trap.h"
#include "target/riscv/trigger.h"

void riscv_mode_update(CPURISCVState *env)
{
    static const struct {
        uint8_t ext;
        uint32_t bit;
    } letters[] = {
        { EXT_A, MODE_MISA_OFF_A }, { EXT_B, MODE_MISA_OFF_B }, { EXT_C, MODE_MISA_OFF_C },
        { EXT_D, MODE_MISA_OFF_D }, { EXT_F, MODE_MISA_OFF_F }, { EXT_M, MODE_MISA_OFF_M },
        { EXT_V, MODE_MISA_OFF_V }, { EXT_H, MODE_MISA_OFF_H },
    };
    const RISCVCPU *cpu = env_cpu(env);
    uint32_t mode = env->priv;

    if (env->virt)
        mode |= MODE_VIRT;
    if (unlikely(env->virt)) {
        uint64_t both = env->mstatus & env->vsstatus;

        if ((env->vsstatus & MSTATUS_FS) && (env->mstatus & MSTATUS_FS))
            mode |= MODE_FS | ((both & MSTATUS_FS) == MSTATUS_FS ? 0 : MODE_FS_CLEAN);
        if ((env->vsstatus & MSTATUS_VS) && (env->mstatus & MSTATUS_VS))
            mode |= MODE_VS | ((both & MSTATUS_VS) == MSTATUS_VS ? 0 : MODE_VS_CLEAN);
    } else {
        if (env->mstatus & MSTATUS_FS)
            mode |= MODE_FS;
        if (env->mstatus & MSTATUS_VS)
            mode |= MODE_VS;
    }
    if (unlikely(cpu->misa_w))
        for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
            if (ext_get(cpu->ext, letters[i].ext) && !ext_get(env->ext_on, letters[i].ext))
                mode |= letters[i].bit;
    if (unlikely(env->ctr_on))
        mode |= riscv_ctr_mode(env);
    if (unlikely((env->trigger_modes >> (env->priv + (env->virt ? 4 : 0))) & 1))
        mode |= MODE_TRIGGERS;
    if (riscv_ext_on(env, EXT_ZICFILP) || riscv_ext_on(env, EXT_ZICFISS))
        mode |= riscv_cfi_mode(env);
    env->tcg.mode = mode;
}

/* ---- Realize and reset ---- */

static bool check_block(const char *name, unsigned size, Error **errp)
{
    if (is_pow2(size) && size >= 8 && size <= 4096)
        return true;
    error_setg(errp, "%s=%u: a power of two from 8 to 4096 is needed", name, size);
    return false;
}

/*
 * sv39, sv48 and sv57 name the largest mode: one that is switched on leaves out the larger ones, and
 * without any the smallest that is switched off does. A mode always comes with the smaller ones.
 */
static bool choose_satp_modes(RISCVCPU *cpu, Error **errp)
{
    static const char *const names[] = { "sv39", "sv48", "sv57" };
    bool *modes[] = { &cpu->sv39, &cpu->sv48, &cpu->sv57 };
    int largest = 2, below = 2; /* of the defaults; of what the user has not switched off */
    bool named = false;

    for (int i = 2; i >= 0; i--) {
        bool chosen = (cpu->sv_chosen >> i) & 1;

        if (!*modes[i])
            largest = i - 1;
        if (chosen && !*modes[i])
            below = i - 1;
    }
    for (int i = 2; i >= 0 && !named; i--) {
        if (!((cpu->sv_chosen >> i) & 1) || !*modes[i])
            continue;
        if (below < i) {
            error_setg(errp, "%s=on needs %s, which is off", names[i], names[below + 1]);
            return false;
        }
        largest = i;
        named = true;
    }
    for (int i = 0; i < 3; i++)
        *modes[i] = i <= largest;
    return true;
}

static bool check_config(RISCVCPU *cpu, Error **errp)
{
    if (!riscv_kvm_config_begin(cpu, errp) || !riscv_profiles_apply(cpu, errp) ||
        !(cpu->kvm ? riscv_ext_finalize_any : riscv_ext_finalize)(cpu->ext, cpu->ext_chosen, errp) ||
        !riscv_ext_limit(cpu->ext, cpu->ext_chosen, (unsigned)cpu->priv_spec, errp))
        return false;
    if (!check_block("cbom_blocksize", cpu->cbom_blocksize, errp) ||
        !check_block("cbop_blocksize", cpu->cbop_blocksize, errp) ||
        !check_block("cboz_blocksize", cpu->cboz_blocksize, errp))
        return false;
    if (!is_pow2(cpu->vlen)) {
        error_setg(errp, "vlen=%u: a power of two from %u to %u is needed", cpu->vlen,
                   RISCV_MIN_VLEN, RISCV_MAX_VLEN);
        return false;
    }
    if (cpu->elen != 64) {
        error_setg(errp, "elen=%u: only 64 is implemented", cpu->elen);
        return false;
    }
    if (cpu->num_pmp_regions != 0 && cpu->num_pmp_regions != 16 && cpu->num_pmp_regions != 64) {
        error_setg(errp, "num-pmp-regions=%u: 0, 16 or 64 is needed", cpu->num_pmp_regions);
        return false;
    }
    if (ext_get(cpu->ext, EXT_SMEPMP) && !(cpu->pmp && cpu->num_pmp_regions)) {
        if (ext_get(cpu->ext_chosen, EXT_SMEPMP)) {
            error_setg(errp, "extension 'smepmp' needs PMP, which is off");
            return false;
        }
        ext_put(cpu->ext, EXT_SMEPMP, false);
    }
    if (!choose_satp_modes(cpu, errp) || !riscv_profiles_check(cpu, errp))
        return false;
    if (ext_get(cpu->ext, EXT_H) && !(cpu->mmu && cpu->sv39)) {
        if (ext_get(cpu->ext_chosen, EXT_H)) {
            error_setg(errp, "extension 'h' needs Sv39, which is off (%s)",
                       cpu->mmu ? "sv39=off" : "mmu=off");
            return false;
        }
        ext_put(cpu->ext, EXT_H, false);
    }
    if (cpu->pmu_mask & 7) {
        error_setg(errp, "pmu-mask=%#x: counters 0 to 2 are not programmable", cpu->pmu_mask);
        return false;
    }
    return riscv_kvm_config_check(cpu, errp);
}

static uint64_t mstatus_mask(const RISCVCPU *cpu)
{
    uint64_t mask = MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP;

    if (ext_get(cpu->ext, EXT_S))
        mask |= MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SUM | MSTATUS_MXR |
                MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR;
    if (ext_get(cpu->ext, EXT_U))
        mask |= MSTATUS_MPRV | MSTATUS_TW;
    if (ext_get(cpu->ext, EXT_F))
        mask |= MSTATUS_FS;
    if (ext_get(cpu->ext, EXT_ZVE32X))
        mask |= MSTATUS_VS;
    if (ext_get(cpu->ext, EXT_ZICFILP))
        mask |= MSTATUS_MPELP | (ext_get(cpu->ext, EXT_S) ? MSTATUS_SPELP : 0);
    if (ext_get(cpu->ext, EXT_SSDBLTRP))
        mask |= MSTATUS_SDT; /* see riscv_status_mask() */
    if (ext_get(cpu->ext, EXT_SMDBLTRP))
        mask |= MSTATUS_MDT;
    if (ext_get(cpu->ext, EXT_H))
        mask |= MSTATUS_MPV | MSTATUS_GVA;
    return mask;
}

static bool riscv_cpu_realize(DeviceState *dev, Error **errp)
{
    RISCVCPU *cpu = RISCV_CPU(dev);

    if (!check_config(cpu, errp)) {
        riscv_kvm_unrealize(cpu);
        return false;
    }
    riscv_ext_add_named(cpu->ext, cpu->cbom_blocksize == 64 && cpu->cbop_blocksize == 64 &&
                                      cpu->cboz_blocksize == 64, cpu->vlen);
    ext_put(cpu->ext, EXT_SDTRIG, cpu->debug && ext_get(cpu->ext, EXT_ZICSR) && !cpu->kvm);
    if (!ext_get(cpu->ext, EXT_S))
        cpu->mmu = false;
    if (cpu->kvm)
        riscv_kvm_add_named(cpu);
    cpu->mstatus_mask = mstatus_mask(cpu);
    riscv_stimer_init(cpu);
    riscv_pmu_init(cpu);
    return true;
}

static void riscv_cpu_unrealize(DeviceState *dev)
{
    riscv_stimer_fini(RISCV_CPU(dev));
    riscv_pmu_fini(RISCV_CPU(dev));
    riscv_kvm_unrealize(RISCV_CPU(dev));
}

/* The device lock is held; nothing here takes it again. */
static void riscv_cpu_reset(DeviceState *dev)
{
    RISCVCPU *cpu = RISCV_CPU(dev);

    timer_del(&cpu->stimer);
    timer_del(&cpu->vstimer);
    timer_del(&cpu->pmu_timer);
    riscv_csr_reset(cpu);
    if (cpu->kvm)
        riscv_kvm_reset(cpu);
    riscv_state_derive(cpu);
    __atomic_store_n(&cpu->parent_obj.halted, false, __ATOMIC_RELAXED);
    if (cpu->smode)
        riscv_smode_reset(cpu);
    riscv_state_derive(cpu);
}

/* ---- Interrupt lines, from devices ---- */

static void riscv_cpu_irq_in(void *dev, int n, bool level)
{
    RISCVCPU *cpu = RISCV_CPU(dev);
    uint64_t bit;

    if (n > IRQ_GUEST0 && n <= IRQ_GUEST0 + cpu->geilen) {
        bit = BIT_ULL(n - IRQ_GUEST0);
        riscv_hgeip_change(&cpu->env, level ? bit : 0, level ? 0 : bit);
        return;
    }
    if (n >= IRQ_NMI0 && n < IRQ_NMI0 + IRQ_NMI_LINES) {
        riscv_nmi_line(cpu, n - IRQ_NMI0, level);
        return;
    }
    if (n < 0 || n > 63)
        return;
    bit = BIT_ULL(n);
    if (level)
        machine_request_wakeup();
    /* SSIP is software's to clear: a line only sets it. */
    if (level)
        riscv_mip_change(&cpu->env, bit, 0);
    else if (bit != MIP_SSIP)
        riscv_mip_change(&cpu->env, 0, bit);
}

/* ---- Class ---- */

static vaddr riscv_get_pc(CPUState *cpu)
{
    return riscv_env(cpu)->pc;
}

static void riscv_set_pc(CPUState *cpu, vaddr pc)
{
    riscv_env(cpu)->pc = pc;
}

/* An hlv that was left to be run again has not ended. */
static void riscv_exec_leave(CPURISCVState *env)
{
    env->hlv = HLV_OFF;
    fp_exec_leave(env);
}

static const TCGCPUOps riscv_tcg_ops = {
    .get_env = riscv_env,
    .translate_insn = riscv_translate_insn,
    .jit = &riscv_jit_ops,
    .insn_len = riscv_insn_len,
    .tlb_fill = riscv_tlb_fill,
    .data_address = riscv_data_address,
    .bus_error = riscv_bus_error,
    .watches = riscv_trigger_watches,
    .watch_access = riscv_trigger_access,
    .tlb_keys = riscv_tlb_keys,
    .deliver_exception = riscv_deliver_exception,
    .take_interrupt = riscv_take_interrupt,
    .exec_enter = fp_exec_enter,
    .exec_leave = riscv_exec_leave,
    .dump = riscv_env_dump,
};

static void riscv_cpu_class_init(ObjectClass *klass, const void *class_data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    CPUClass *cc = CPU_CLASS(klass);

    klass->props = riscv_cpu_props;
    klass->state = &riscv_cpu_state;
    dc->realize = riscv_cpu_realize;
    dc->unrealize = riscv_cpu_unrealize;
    dc->reset = riscv_cpu_reset;
    dc->irq_in = riscv_cpu_irq_in;
    dc->fdt = riscv_cpu_fdt;
    cc->has_work = riscv_has_work;
    cc->get_pc = riscv_get_pc;
    cc->set_pc = riscv_set_pc;
    cc->dump = riscv_cpu_dump;
    cc->nmi = riscv_nmi;
    cc->explain_access = riscv_explain_access;
    cc->explain_interrupts = riscv_explain_interrupts;
    cc->translate_debug = riscv_translate_debug;
    cc->dump_mappings = riscv_dump_mappings;
    cc->disas = riscv_disas;
    cc->sample = riscv_cpu_sample;
    cc->read_kernel = riscv_read_kernel;
    cc->tcg_ops = &riscv_tcg_ops;
    cc->kvm_ops = &riscv_kvm_ops;
    cc->debug_ops = &riscv_debug_ops;
}

static const TypeInfo riscv_cpu_type = {
    .name = TYPE_RISCV_CPU,
    .parent = TYPE_CPU,
    .instance_size = sizeof(RISCVCPU),
    .abstract = true,
    .class_init = riscv_cpu_class_init,
};
type_init(riscv_cpu_type);
