/*
 * Sstc. STIP is the level of "time >= stimecmp" while menvcfg.STCE is set, VSTIP that of "time +
 * htimedelta >= vstimecmp" while henvcfg.STCE is too. The comparison is made
 * where one of the two sides is changed (by the vCPU, or by a write to mtime on another thread) and
 * by a host timer at the moment that time gets there. The device lock orders these, so that a timer
 * which was about to fire cannot set STIP after the vCPU has moved stimecmp on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/sstc.h"

#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "target/riscv/trap.h"

static bool stce(const RISCVCPU *cpu)
{
    /* The built-in firmware has its timer here, Sstc or not. */
    if (cpu->sbi_builtin)
        return cpu->timebase != NULL;
    return ext_get(cpu->ext, EXT_SSTC) && cpu->timebase &&
           (__atomic_load_n(&cpu->env.menvcfg, __ATOMIC_RELAXED) & MENVCFG_STCE);
}

static bool guest_stce(const RISCVCPU *cpu)
{
    return stce(cpu) && ext_get(cpu->ext, EXT_H) && ext_get(cpu->ext, EXT_SSTC) &&
           (__atomic_load_n(&cpu->env.henvcfg, __ATOMIC_RELAXED) & MENVCFG_STCE);
}

/* The bit is the level of "time + delta >= compare"; the timer is set for when that changes. */
static void look(RISCVCPU *cpu, Timer *timer, uint64_t bit, uint64_t compare, uint64_t delta)
{
    uint64_t now = timebase_read(cpu->timebase), left, then;

    if (now + delta >= compare) {
        timer_del(timer);
        riscv_mip_change(&cpu->env, bit, 0);
        return;
    }
    left = compare - (now + delta);
    then = now + left < now ? UINT64_MAX : now + left;
    riscv_mip_change(&cpu->env, 0, bit);
    timer_mod_ns(timer, timebase_deadline_ns(cpu->timebase, then));
}

void riscv_stimer_update(RISCVCPU *cpu)
{
    CPURISCVState *env = &cpu->env;
    DeviceState *dev = DEVICE(cpu);

    if (!cpu->timebase)
        return;
    g_mutex_lock(&dev->lock);
    if (!stce(cpu))
        timer_del(&cpu->stimer);
    else
        look(cpu, &cpu->stimer, MIP_STIP, __atomic_load_n(&env->stimecmp, __ATOMIC_RELAXED), 0);
    if (guest_stce(cpu)) {
        look(cpu, &cpu->vstimer, MIP_VSTIP, __atomic_load_n(&env->vstimecmp, __ATOMIC_RELAXED),
             __atomic_load_n(&env->htimedelta, __ATOMIC_RELAXED));
    } else if (ext_get(cpu->ext, EXT_H)) {
        timer_del(&cpu->vstimer);
        riscv_mip_change(env, 0, MIP_VSTIP); /* hvip.VSTIP is kept apart */
    }
    g_mutex_unlock(&dev->lock);
}

static void stimer_changed(void *opaque)
{
    riscv_stimer_update(opaque);
}

void riscv_stimer_init(RISCVCPU *cpu)
{
    timer_init(&cpu->stimer, CLOCK_VIRTUAL, stimer_changed, cpu);
    timer_init(&cpu->vstimer, CLOCK_VIRTUAL, stimer_changed, cpu);
    if (cpu->timebase && (ext_get(cpu->ext, EXT_SSTC) || cpu->sbi_builtin))
        timebase_add_listener(cpu->timebase, stimer_changed, cpu);
}

void riscv_stimer_fini(RISCVCPU *cpu)
{
    timer_del(&cpu->stimer);
    timer_del(&cpu->vstimer);
}

/* From S the register is there only if M lets S have it; TM is asked as for `time`. Guests need the
 * hypervisor's leave too. */
CSR_CHECK(stimecmp)
{
    if (!env_cpu(env)->timebase)
        return CSR_ILLEGAL;
    if (env->priv == PRV_M)
        return CSR_OK;
    if (!(env->menvcfg & MENVCFG_STCE) || !(env->mcounteren & COUNTER_TM))
        return CSR_ILLEGAL;
    if (env->virt && (!(env->henvcfg & MENVCFG_STCE) || !(env->hcounteren & COUNTER_TM)))
        return CSR_VIRTUAL;
    return CSR_OK;
}

CSR_CHECK(vstimecmp)
{
    return riscv_ext_on(env, EXT_H) ? check_stimecmp(env, csr) : CSR_ILLEGAL;
}

CSR_WRITE_FN(stimecmp)
{
    __atomic_store_n(&env->stimecmp, value, __ATOMIC_RELAXED);
    riscv_stimer_update(env_cpu(env));
    return 0;
}

CSR_WRITE_FN(vstimecmp)
{
    __atomic_store_n(&env->vstimecmp, value, __ATOMIC_RELAXED);
    riscv_stimer_update(env_cpu(env));
    return 0;
}

CSR_WRITE_FN(htimedelta)
{
    __atomic_store_n(&env->htimedelta, value, __ATOMIC_RELAXED);
    riscv_stimer_update(env_cpu(env));
    return 0;
}
