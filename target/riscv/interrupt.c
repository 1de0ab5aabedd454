/*
 * Interrupts: which one is taken, and the registers mip, mie, sip, sie.
 *
 * mip holds the input lines, set and cleared by devices on their threads, and the bits that software
 * sets. SEIP is both at once: software's bit is kept apart in mip_sw, so that neither side can lose
 * the other's (priv. spec, mip); likewise hvip beside VSTIP and VSEIP. Everything else of a vCPU
 * belongs to its thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/aia.h"
#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "target/riscv/rnmi.h"
#include "target/riscv/sbi/firmware.h"
#include "target/riscv/trap.h"
#include "util/bits.h"

/* What lines of guest external interrupts make of SGEIP and VSEIP. */
static uint64_t guest_external(const CPURISCVState *env, uint64_t hgeip)
{
    uint64_t status = __atomic_load_n(&env->hstatus, __ATOMIC_RELAXED), bits = 0;

    if (hgeip & __atomic_load_n(&env->hgeie, __ATOMIC_RELAXED))
        bits |= MIP_SGEIP;
    if ((hgeip >> ((status & HSTATUS_VGEIN) >> HSTATUS_VGEIN_SHIFT)) & 1)
        bits |= MIP_VSEIP;
    return bits;
}

/* While mvien has SEI, software's bit is in mvip only (AIA, 5.3). */
static uint64_t mip_now(const CPURISCVState *env)
{
    uint64_t hgeip = __atomic_load_n(&env->hgeip, __ATOMIC_ACQUIRE);
    uint64_t pending = __atomic_load_n(&env->mip, __ATOMIC_ACQUIRE) |
                       (__atomic_load_n(&env->mip_sw, __ATOMIC_RELAXED) &
                        ~__atomic_load_n(&env->mvien, __ATOMIC_RELAXED)) |
                       (__atomic_load_n(&env->hvip, __ATOMIC_RELAXED) & MIP_VS);

    return unlikely(hgeip) ? pending | guest_external(env, hgeip) : pending;
}

/* What of sip comes from mvip: what mvien gives and mideleg does not. */
static uint64_t virtual_s(const CPURISCVState *env)
{
    return __atomic_load_n(&env->mvien, __ATOMIC_RELAXED) &
           ~__atomic_load_n(&env->mideleg, __ATOMIC_RELAXED);
}

static uint64_t mvip_now(const CPURISCVState *env)
{
    return __atomic_load_n(&env->mvip, __ATOMIC_RELAXED) |
           __atomic_load_n(&env->mip_sw, __ATOMIC_RELAXED);
}

static uint64_t mie_now(const CPURISCVState *env)
{
    return __atomic_load_n(&env->mie, __ATOMIC_RELAXED);
}

/* What S has not got itself it cannot give on (AIA, 5.3). */
uint64_t riscv_hideleg(const CPURISCVState *env)
{
    return __atomic_load_n(&env->hideleg, __ATOMIC_RELAXED) &
           (__atomic_load_n(&env->mideleg, __ATOMIC_RELAXED) |
            __atomic_load_n(&env->mvien, __ATOMIC_RELAXED));
}

uint64_t riscv_irqs_at(const CPURISCVState *env, RISCVIrqLevel level)
{
    uint64_t pending = mip_now(env) & mie_now(env), below;
    uint64_t mideleg = __atomic_load_n(&env->mideleg, __ATOMIC_RELAXED);

    if (level == IRQ_LEVEL_M)
        return pending & ~mideleg;
    below = (pending & mideleg) |
            (mvip_now(env) & virtual_s(env) & __atomic_load_n(&env->sie_virt, __ATOMIC_RELAXED));
    return level == IRQ_LEVEL_VS ? below & riscv_hideleg(env) : below & ~riscv_hideleg(env);
}

int riscv_next_interrupt(const CPURISCVState *env, RISCVIrqLevel *level)
{
    uint64_t pending = riscv_irqs_at(env, IRQ_LEVEL_M);

    *level = IRQ_LEVEL_M;
    if (unlikely(!(env->mnstatus & MNSTATUS_NMIE)))
        return -1;
    if (pending && (env->priv < PRV_M || (env->mstatus & MSTATUS_MIE)))
        return riscv_aia_first(env, IRQ_LEVEL_M, pending);
    pending = riscv_irqs_at(env, IRQ_LEVEL_S);
    *level = IRQ_LEVEL_S;
    if (pending && (env->priv < PRV_S || env->virt ||
                    (env->priv == PRV_S && (env->mstatus & MSTATUS_SIE))))
        return riscv_aia_first(env, IRQ_LEVEL_S, pending);
    if (!env->virt)
        return -1;
    *level = IRQ_LEVEL_VS;
    if (riscv_vs_has_work(env) && (env->priv < PRV_S || (env->vsstatus & MSTATUS_SIE)))
        return riscv_vs_first(env);
    return -1;
}

int riscv_pending_interrupt(const CPURISCVState *env)
{
    RISCVIrqLevel level;

    if (unlikely(riscv_nmi_waiting(env)) && (env->mnstatus & MNSTATUS_NMIE))
        return 0;
    return riscv_next_interrupt(env, &level);
}

bool riscv_has_work(CPUState *cpu)
{
    CPURISCVState *env = riscv_env(cpu);

    if (unlikely(__atomic_load_n(&cpu->critical_error, __ATOMIC_RELAXED)))
        return false;
    if (unlikely(riscv_nmi_waiting(env)))
        return true;
    if (unlikely(env_cpu(env)->sbi_builtin)) {
        int sbi = riscv_sbi_has_work(env_cpu(env));

        if (sbi)
            return sbi > 0;
    }
    return riscv_irqs_at(env, IRQ_LEVEL_M) || riscv_irqs_at(env, IRQ_LEVEL_S) ||
           riscv_vs_has_work(env) ||
           __atomic_load_n(&env->pmu_due, __ATOMIC_RELAXED);
}

bool riscv_update_interrupts(CPURISCVState *env)
{
    CPUState *cpu = &env_cpu(env)->parent_obj;

    if (riscv_pending_interrupt(env) < 0)
        return false;
    __atomic_fetch_or(&cpu->attention, CPU_ATTN_IRQ, __ATOMIC_SEQ_CST);
    return true;
}

void riscv_mip_change(CPURISCVState *env, uint64_t set, uint64_t clear)
{
    uint64_t old;

    if (clear)
        __atomic_fetch_and(&env->mip, ~clear, __ATOMIC_ACQ_REL);
    if (!set)
        return;
    old = __atomic_fetch_or(&env->mip, set, __ATOMIC_ACQ_REL);
    if (set & ~old)
        cpu_attention(&env_cpu(env)->parent_obj, CPU_ATTN_IRQ);
}

void riscv_hgeip_change(CPURISCVState *env, uint64_t set, uint64_t clear)
{
    uint64_t old;

    if (clear)
        __atomic_fetch_and(&env->hgeip, ~clear, __ATOMIC_ACQ_REL);
    if (!set)
        return;
    old = __atomic_fetch_or(&env->hgeip, set, __ATOMIC_ACQ_REL);
    if (set & ~old)
        cpu_attention(&env_cpu(env)->parent_obj, CPU_ATTN_IRQ);
}

/* ---- The registers ---- */

/* A counter may have overflowed since the last look. */
static void look_at_counters(CPURISCVState *env)
{
    if (unlikely(env->pmu_armed))
        riscv_pmu_sync(env, riscv_instret(env));
}

CSR_READ(mip)
{
    look_at_counters(env);
    return mip_now(env);
}

CSR_READ(sip)
{
    look_at_counters(env);
    return (mip_now(env) & env->mideleg & ~MIP_H) | (mvip_now(env) & virtual_s(env));
}

CSR_READ(hip)
{
    return mip_now(env) & MIP_H;
}

/* What of vsip comes from hvip: local interrupts that hvien gives and hideleg does not. */
static uint64_t virtual_vs(const CPURISCVState *env)
{
    return env->hvien & ~riscv_hideleg(env) & LOCAL_INTERRUPTS;
}

/* And what is an alias of sip and sie, bit for bit. */
static uint64_t local_to_vs(const CPURISCVState *env)
{
    return riscv_hideleg(env) & LOCAL_INTERRUPTS;
}

/* What VS sees of its own interrupts lies one bit lower. */
CSR_READ(vsip)
{
    return (mip_now(env) & env->hideleg & MIP_VS) >> 1 | (env->hvip & virtual_vs(env)) |
           (read_sip(env, csr) & local_to_vs(env));
}

CSR_READ(sie)
{
    return (env->mie & env->mideleg & ~MIP_H) | (env->sie_virt & virtual_s(env));
}

CSR_READ(hie)
{
    return env->mie & MIP_H;
}

CSR_READ(vsie)
{
    return (env->mie & env->hideleg & MIP_VS) >> 1 | (env->vsie_virt & virtual_vs(env)) |
           (read_sie(env, csr) & local_to_vs(env));
}

CSR_READ(hgeip)
{
    return __atomic_load_n(&env->hgeip, __ATOMIC_ACQUIRE);
}

/* hvip belongs to the vCPU's thread; others read it. */
static void hvip_write(CPURISCVState *env, uint64_t value, uint64_t mask)
{
    __atomic_store_n(&env->hvip, (env->hvip & ~mask) | (value & mask), __ATOMIC_RELEASE);
}

/* Only the bits that the instruction names are touched: a device may be setting others. */
static void mip_write(CPURISCVState *env, uint64_t value, uint64_t mask)
{
    uint64_t plain = mask & ~(MIP_SEIP | MIP_VSSIP);

    if (mask & MIP_SEIP)
        __atomic_store_n(&env->mip_sw, value & MIP_SEIP, __ATOMIC_RELAXED);
    if (mask & MIP_VSSIP)
        hvip_write(env, value, MIP_VSSIP);
    if (plain & ~value)
        __atomic_fetch_and(&env->mip, ~(plain & ~value), __ATOMIC_ACQ_REL);
    if (plain & value)
        __atomic_fetch_or(&env->mip, plain & value, __ATOMIC_ACQ_REL);
}

static void mvip_store(CPURISCVState *env, uint64_t value, uint64_t mask)
{
    __atomic_store_n(&env->mvip, (env->mvip & ~mask) | (value & mask), __ATOMIC_RELAXED);
}

/* The counter overflow interrupt's bit, if there is one. */
static uint64_t lcofi_bit(const CPURISCVState *env)
{
    return riscv_ext_on(env, EXT_SSCOFPMF) ? MIP_LCOFIP : 0;
}

CSR_WRITE_FN(mideleg)
{
    env->mideleg = (value & (MIDELEG_MASK | lcofi_bit(env))) |
                   (riscv_ext_on(env, EXT_H) ? MIP_H : 0); /* read-only one */
    return 0;
}

CSR_READ(hideleg)
{
    return riscv_hideleg(env);
}

CSR_WRITE_FN(hideleg)
{
    uint64_t can = MIP_VS | (riscv_ext_on(env, EXT_SSAIA) ? LOCAL_INTERRUPTS : lcofi_bit(env));

    __atomic_store_n(&env->hideleg, value & can & (env->mideleg | env->mvien), __ATOMIC_RELAXED);
    return 0;
}

CSR_WRITE_FN(mip)
{
    uint64_t can = 0;

    if (riscv_ext_on(env, EXT_S)) {
        can = MIP_SSIP | MIP_SEIP | MIP_STIP;
        if (env->menvcfg & MENVCFG_STCE) /* then STIP is stimecmp's */
            can &= ~MIP_STIP;
    }
    if (riscv_ext_on(env, EXT_H))
        can |= MIP_VSSIP;
    can |= lcofi_bit(env);
    mip_write(env, value, mask & can & ~(env->mvien & MIP_SEIP));
    return 0;
}

CSR_WRITE_FN(hip)
{
    mip_write(env, value, mask & MIP_VSSIP);
    return 0;
}

CSR_WRITE_FN(hvip)
{
    hvip_write(env, value, MIP_VS | (riscv_ext_on(env, EXT_SSAIA) ? LOCAL_INTERRUPTS : 0));
    return 0;
}

CSR_WRITE_FN(vsip)
{
    mip_write(env, value << 1, (mask << 1) & MIP_VSSIP & env->hideleg);
    hvip_write(env, value, mask & virtual_vs(env));
    return write_sip(env, csr, value, mask & local_to_vs(env));
}

CSR_WRITE_FN(hgeie)
{
    __atomic_store_n(&env->hgeie, value & MASK_ULL(env_cpu(env)->geilen + 1) & ~1ULL,
                     __ATOMIC_RELAXED);
    return 0;
}

CSR_WRITE_FN(sip)
{
    uint64_t local = mask & (MIP_SSIP | LOCAL_INTERRUPTS) & virtual_s(env);

    mip_write(env, value, mask & (MIP_SSIP | MIP_LCOFIP) & env->mideleg);
    mvip_store(env, value, local);
    return 0;
}

/* SSIP and STIP of mvip are those of mip where M has not made SSI virtual, and where software can
 * write STIP; SEIP is software's bit (AIA, 5.3). */
CSR_READ(mvip)
{
    uint64_t alias = MIP_SSIP & ~env->mvien;

    if (!(env->menvcfg & MENVCFG_STCE))
        alias |= MIP_STIP;
    return (mvip_now(env) & ~(MIP_SSIP & ~env->mvien)) |
           (__atomic_load_n(&env->mip, __ATOMIC_ACQUIRE) & alias);
}

CSR_WRITE_FN(mvip)
{
    uint64_t alias = MIP_SEIP | (MIP_SSIP & ~env->mvien);

    if (!(env->menvcfg & MENVCFG_STCE))
        alias |= MIP_STIP;
    mip_write(env, value, mask & alias);
    mvip_store(env, value, mask & (LOCAL_INTERRUPTS | (MIP_SSIP & env->mvien)));
    return 0;
}

static void mie_write(CPURISCVState *env, uint64_t value, uint64_t mask)
{
    uint64_t can = MIP_MSIP | MIP_MTIP | MIP_MEIP;

    if (riscv_ext_on(env, EXT_S))
        can |= MIP_SSIP | MIP_STIP | MIP_SEIP;
    if (riscv_ext_on(env, EXT_H))
        can |= MIP_H;
    can |= lcofi_bit(env);
    mask &= can;
    __atomic_store_n(&env->mie, (env->mie & ~mask) | (value & mask), __ATOMIC_RELAXED);
}

CSR_WRITE_FN(mie)
{
    mie_write(env, value, ~0ULL);
    return 0;
}

static void sie_write(CPURISCVState *env, uint64_t value, uint64_t mask)
{
    uint64_t own = virtual_s(env) & mask;

    mie_write(env, value, mask & env->mideleg & ~MIP_H);
    __atomic_store_n(&env->sie_virt, (env->sie_virt & ~own) | (value & own), __ATOMIC_RELAXED);
}

CSR_WRITE_FN(sie)
{
    sie_write(env, value, ~0ULL);
    return 0;
}

CSR_WRITE_FN(hie)
{
    mie_write(env, value, MIP_H);
    return 0;
}

CSR_WRITE_FN(vsie)
{
    uint64_t own = virtual_vs(env);

    mie_write(env, value << 1, env->hideleg & MIP_VS);
    sie_write(env, value, local_to_vs(env));
    __atomic_store_n(&env->vsie_virt, (env->vsie_virt & ~own) | (value & own), __ATOMIC_RELAXED);
    return 0;
}
