/*
 * Sstc. STIP is the level of "time >= stimecmp" while menvcfg.STCE is set. The comparison is made
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
    return ext_get(cpu->ext, EXT_SSTC) && cpu->timebase &&
           (__atomic_load_n(&cpu->env.menvcfg, __ATOMIC_RELAXED) & MENVCFG_STCE);
}

void riscv_stimer_update(RISCVCPU *cpu)
{
    CPURISCVState *env = &cpu->env;
    DeviceState *dev = DEVICE(cpu);
    uint64_t stimecmp;

    if (!cpu->timebase)
        return;
    g_mutex_lock(&dev->lock);
    if (!stce(cpu)) {
        timer_del(&cpu->stimer);
    } else {
        stimecmp = __atomic_load_n(&env->stimecmp, __ATOMIC_RELAXED);
        if (timebase_read(cpu->timebase) >= stimecmp) {
            timer_del(&cpu->stimer);
            riscv_mip_change(env, MIP_STIP, 0);
        } else {
            riscv_mip_change(env, 0, MIP_STIP);
            timer_mod_ns(&cpu->stimer, timebase_deadline_ns(cpu->timebase, stimecmp));
        }
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
    if (cpu->timebase && ext_get(cpu->ext, EXT_SSTC))
        timebase_add_listener(cpu->timebase, stimer_changed, cpu);
}

void riscv_stimer_fini(RISCVCPU *cpu)
{
    timer_del(&cpu->stimer);
}

/* From S the register is there only if M lets S have it; TM is asked as for `time`. */
CSR_CHECK(stimecmp)
{
    if (!env_cpu(env)->timebase)
        return false;
    return env->priv == PRV_M ||
           ((env->menvcfg & MENVCFG_STCE) && (env->mcounteren & COUNTER_TM));
}

CSR_WRITE_FN(stimecmp)
{
    __atomic_store_n(&env->stimecmp, value, __ATOMIC_RELAXED);
    riscv_stimer_update(env_cpu(env));
    return 0;
}
