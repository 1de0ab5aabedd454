/*
 * The hart's state table: what is reset, saved and loaded. The registers that csr.def keeps in a
 * field are rows made from it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu-impl.h"

#include <inttypes.h>

#include "target/riscv/aia.h"
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/ctr.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "target/riscv/sstc.h"
#include "target/riscv/trigger.h"
#include "target/riscv/vector/vector.h"

static const StateField sbi_event_fields[] = {
    S_U8(SBIEvent, state, .max = 3),
    S_BOOL(SBIEvent, pending),
    S_U32(SBIEvent, priority),
    S_U32(SBIEvent, config, .max = 1),
    S_U64(SBIEvent, hart),
    S_U64(SBIEvent, entry_pc),
    S_U64(SBIEvent, entry_arg),
    S_U64(SBIEvent, sepc),
    S_U64(SBIEvent, flags),
    S_U64(SBIEvent, a6),
    S_U64(SBIEvent, a7),
    S_END,
};

static const StateField fields[] = {
    S_U64(RISCVCPU, env.x, .count = 33),
    S_U64(RISCVCPU, env.f, .count = 32),
    S_U64(RISCVCPU, env.pc), /* after reset: resetvec */
    S_U8(RISCVCPU, env.fflags, .max = 31),
    S_U8(RISCVCPU, env.frm, .max = 7),
    S_U8(RISCVCPU, env.priv, .reset = PRV_M, .max = PRV_M),
    S_BOOL(RISCVCPU, env.virt),
    S_BOOL(RISCVCPU, env.elp),
    S_U64(RISCVCPU, env.reserve_addr, .reset = UINT64_MAX),
    S_U64(RISCVCPU, env.reserve_value),
    S_U8(RISCVCPU, env.reserve_size, .max = 8),
    S_U64(RISCVCPU, env.exc_cause, .flags = STATE_TRANSIENT),
    S_U64(RISCVCPU, env.exc_tval, .flags = STATE_TRANSIENT),
    S_U64(RISCVCPU, env.exc_gpa, .flags = STATE_TRANSIENT),
    S_U32(RISCVCPU, env.exc_tinst, .flags = STATE_TRANSIENT),
    S_BOOL(RISCVCPU, env.exc_gva, .flags = STATE_TRANSIENT),
    S_U8(RISCVCPU, env.hlv, .flags = STATE_TRANSIENT),

#define CSR(number, name_, requires, check, field_, reset_, mask, read, write, fx) \
    S_U64(RISCVCPU, env.field_, .reset = (reset_)),
#define CSR_VIEW(...)
#define CSR_RANGE(...)
#include "target/riscv/csr.def"
#undef CSR
#undef CSR_VIEW
#undef CSR_RANGE

    S_U64(RISCVCPU, env.ctr_source, .count = 256),
    S_U64(RISCVCPU, env.ctr_target, .count = 256),
    S_U64(RISCVCPU, env.ctr_data, .count = 256),
    S_U64(RISCVCPU, env.ctr_cycles),
    S_BOOL(RISCVCPU, env.ctr_counting),
    S_BOOL(RISCVCPU, env.ctr_timed),

    S_BYTES(RISCVCPU, env.vreg, 32 * RISCV_MAX_VLEN / 8),

    /* Lines keep their level over a reset; what software set is cleared in riscv_csr_reset(). */
    S_U64(RISCVCPU, env.mip, .flags = STATE_NO_RESET),
    S_U64(RISCVCPU, env.mip_sw),
    S_U64(RISCVCPU, env.mstateen, .count = 4),
    S_U64(RISCVCPU, env.sstateen0),
    S_U64(RISCVCPU, env.hstateen, .count = 4),
    S_U64(RISCVCPU, env.hgeip, .flags = STATE_NO_RESET), /* lines */
    S_U64(RISCVCPU, env.nmi_lines, .flags = STATE_NO_RESET),
    S_U64(RISCVCPU, env.nmi_edges),
    S_U64(RISCVCPU, env.tdata1, .count = RISCV_TRIGGERS, .reset = (uint64_t)TRIGGER_DISABLED << 60),
    S_U64(RISCVCPU, env.tdata2, .count = RISCV_TRIGGERS),
    S_U64(RISCVCPU, env.tdata3, .count = RISCV_TRIGGERS),
    S_U64(RISCVCPU, env.trigger_counted),
    S_U64(RISCVCPU, env.mvip),
    S_U64(RISCVCPU, env.sie_virt),
    S_U64(RISCVCPU, env.vsie_virt),
    S_U8(RISCVCPU, env.miprio, .count = 64),
    S_U8(RISCVCPU, env.siprio, .count = 64),
    S_U8(RISCVCPU, env.hviprio, .count = 64),
    S_U64(RISCVCPU, env.pmpaddr, .count = RISCV_MAX_PMP),
    S_U8(RISCVCPU, env.pmpcfg, .count = RISCV_MAX_PMP),
    S_U64(RISCVCPU, env.counter, .count = 32),
    S_U64(RISCVCPU, env.mhpmevent, .count = 32),
    S_U64(RISCVCPU, env.tlb_misses, .count = 3),
    S_U64(RISCVCPU, env.tcg.icount),
    /* What is not zero after reset: riscv_smode_reset(). */
    S_U8(RISCVCPU, sbi.hsm, .max = SBI_HART_RESUME_PENDING),
    S_BOOL(RISCVCPU, sbi.resume_jump),
    S_U64(RISCVCPU, sbi.start_addr),
    S_U64(RISCVCPU, sbi.opaque),
    S_U32(RISCVCPU, sbi.todo),
    S_BOOL(RISCVCPU, sbi.console_stuck, .flags = STATE_TRANSIENT),
    /* A loaded hart has nothing cached that a fence would have to remove. */
    S_BYTES(RISCVCPU, sbi.fence, sizeof(((RISCVCPU *)0)->sbi.fence), .flags = STATE_TRANSIENT),
    S_U8(RISCVCPU, sbi.nr_fences, .flags = STATE_TRANSIENT),
    S_BOOL(RISCVCPU, sbi.fence_i, .flags = STATE_TRANSIENT),
    S_U32(RISCVCPU, sbi.fence_posted, .flags = STATE_TRANSIENT),
    S_U32(RISCVCPU, sbi.fence_done, .flags = STATE_TRANSIENT),
    S_U8(RISCVCPU, sbi.fwft_locked),
    S_STRUCTS(RISCVCPU, sbi.event, SBI_LOCAL_EVENTS, SBIEvent, sbi_event_fields),
    S_STRUCTS(RISCVCPU, sbi.global_event, 1, SBIEvent, sbi_event_fields),
    S_BOOL(RISCVCPU, sbi.sse_unmasked),
    S_U64(RISCVCPU, sbi.fw_value, .count = SBI_FW_COUNTERS),
    S_U32(RISCVCPU, sbi.fw_event, .count = SBI_FW_COUNTERS, .reset = UINT32_MAX),
    S_U32(RISCVCPU, sbi.fw_started, .max = (1u << SBI_FW_COUNTERS) - 1),
    S_U32(RISCVCPU, sbi.pmu_used),
    S_U64(RISCVCPU, sbi.snapshot, .reset = UINT64_MAX),
    S_U64(RISCVCPU, sbi.steal_shmem, .reset = UINT64_MAX),
    S_U64(RISCVCPU, sbi.steal_ns),
    S_U64(RISCVCPU, sbi.steal_base, .flags = STATE_TRANSIENT),
    S_U64(RISCVCPU, sbi.steal_next, .flags = STATE_TRANSIENT),
    S_U64(RISCVCPU, kvm_saved.time, .flags = STATE_NO_RESET),
    S_BOOL(RISCVCPU, kvm_saved.timer_on),
    S_U32(RISCVCPU, kvm_saved.mp_state),
    S_U64(RISCVCPU, kvm_saved.other_id, .count = RISCV_KVM_OTHER),
    S_U64(RISCVCPU, kvm_saved.other, .count = RISCV_KVM_OTHER),
    S_BOOL(RISCVCPU, parent_obj.halted),
    S_BOOL(RISCVCPU, parent_obj.critical_error),
    S_END,
};

static bool check(const Object *scratch, Error **errp)
{
    const RISCVCPU *cpu = (const RISCVCPU *)scratch;
    const CPURISCVState *env = &cpu->env;
    uint64_t all = riscv_ext_misa(cpu->ext);
    const struct {
        const char *name;
        const uint64_t *value;
    } roots[] = {
        { "satp", &env->satp }, { "vsatp", &env->vsatp }, { "hgatp", &env->hgatp },
    };

    if (env->priv == 2) {
        error_setg(errp, "privilege 2 does not exist");
        return false;
    }
    if (env->misa & ~all) {
        error_setg(errp, "misa %#" PRIx64 " has extensions that this CPU lacks (%#" PRIx64 ")",
                   env->misa, all);
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(roots); i++) {
        uint64_t v = *roots[i].value;
        if (SATP_MODE(v) != SATP_BARE && (SATP_MODE(v) < SATP_SV39 || SATP_MODE(v) > SATP_SV57)) {
            error_setg(errp, "%s %#" PRIx64 " has a mode that does not exist", roots[i].name, v);
            return false;
        }
    }
    if (env->virt && (env->priv == PRV_M || !ext_get(cpu->ext, EXT_H))) {
        error_setg(errp, "a guest runs (V=1), but %s",
                   env->priv == PRV_M ? "the mode is M" : "this CPU lacks extension 'h'");
        return false;
    }
    if (env->sctrdepth > CTRDEPTH_MAX || (env->sctrstatus & CTRSTATUS_WRPTR) >> (env->sctrdepth + 4)) {
        error_setg(errp, "sctrdepth %#" PRIx64 " and sctrstatus %#" PRIx64 " do not go together",
                   env->sctrdepth, env->sctrstatus);
        return false;
    }
    if (!riscv_vector_state_valid(cpu, errp))
        return false;
    for (unsigned n = 0; n < 32; n++) {
        if (!riscv_pmu_event_known(env->mhpmevent[n] & MHPMEVENT_IDX)) {
            error_setg(errp, "mhpmevent%u %#" PRIx64 " has an event that does not exist", n,
                       env->mhpmevent[n]);
            return false;
        }
    }
    return true;
}

void riscv_csr_reset(RISCVCPU *cpu)
{
    CPURISCVState *env = &cpu->env;

    env->pc = env->tcg.pc = cpu->resetvec;
    env->misa = riscv_ext_misa(cpu->ext);
    if (ext_get(cpu->ext, EXT_U))
        env->mstatus |= MSTATUS_UXL_64;
    else
        env->mstatus |= MSTATUS_MPP; /* M is the only value there is */
    if (ext_get(cpu->ext, EXT_S))
        env->mstatus |= MSTATUS_SXL_64;
    /* Firmware that knows nothing of menvcfg finds what it would find without these extensions
     * having an enable, as on QEMU. */
    if (ext_get(cpu->ext, EXT_SVPBMT))
        env->menvcfg |= MENVCFG_PBMTE;
    if (ext_get(cpu->ext, EXT_SVADU) && !ext_get(cpu->ext, EXT_SVADE))
        env->menvcfg |= MENVCFG_ADUE;
    /* Nor does it know who may read seed, where Linux reads it as soon as the device tree has Zkr. */
    if (ext_get(cpu->ext, EXT_ZKR) && ext_get(cpu->ext, EXT_S))
        env->mseccfg |= MSECCFG_SSEED;
    if (ext_get(cpu->ext, EXT_H))
        env->mideleg = MIP_H;
    if (ext_get(cpu->ext, EXT_SMDBLTRP))
        env->mstatus |= MSTATUS_MDT;
    __atomic_fetch_and(&env->mip, ~(MIP_SSIP | MIP_STIP | MIP_VSTIP | MIP_LCOFIP),
                       __ATOMIC_ACQ_REL);
    /* cycle counts machine time, which goes on over a reset. */
    env->counter[0] = -(uint64_t)clock_get_ns(CLOCK_VIRTUAL);
}

void riscv_state_derive(RISCVCPU *cpu)
{
    CPURISCVState *env = &cpu->env;

    riscv_ext_without(cpu->ext, riscv_ext_misa(cpu->ext) & ~env->misa, env->ext_on);
    if (!ext_get(cpu->ext, EXT_SMRNMI))
        env->mnstatus = MNSTATUS_NMIE;
    riscv_pmp_update(env);
    riscv_pmu_derive(env);
    riscv_vector_derive(env);
    riscv_aia_derive(env);
    riscv_ctr_derive(env);
    riscv_trigger_derive(env);
    riscv_mode_update(env);
    riscv_tlb_flush(env);
    riscv_tlb_switch(env);
}

static void post_load(Object *obj)
{
    RISCVCPU *cpu = RISCV_CPU(obj);

    riscv_state_derive(cpu);
    riscv_stimer_update(cpu);
}

const StateTable riscv_cpu_state = {
    .name = "riscv-cpu",
    .fields = fields,
    .check = check,
    .post_load = post_load,
};
