/*
 * Counters: cycle, time, instret and the registers of the hardware performance monitor. How they
 * count is in pmu.c. cycle counts nanoseconds of machine time: a hart of 1 GHz.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "target/riscv/trap.h"
#include "util/bits.h"

/* cycle .. hpmcounter31 and mcycle .. mhpmcounter31 share the low five bits. */
static unsigned counter_number(unsigned csr)
{
    return csr & 31;
}

/* mhpmcounters that exist, with the three that always do. */
static uint64_t counter_mask(const CPURISCVState *env)
{
    uint64_t mask = COUNTER_CY | COUNTER_TM | COUNTER_IR;

    if (riscv_ext_on(env, EXT_ZIHPM))
        mask |= env_cpu((CPURISCVState *)env)->pmu_mask;
    return mask;
}

CSR_CHECK(hpm)
{
    return (counter_mask(env) >> counter_number(csr)) & 1;
}

CSR_CHECK(counter)
{
    unsigned n = counter_number(csr);

    if (!check_hpm(env, csr))
        return CSR_ILLEGAL;
    if (env->priv == PRV_M)
        return CSR_OK;
    if (!((env->mcounteren >> n) & 1))
        return CSR_ILLEGAL;
    if (env->virt && !((env->hcounteren >> n) & 1))
        return CSR_VIRTUAL;
    if (env->priv == PRV_S || !riscv_ext_on(env, EXT_S) || ((env->scounteren >> n) & 1))
        return CSR_OK;
    return env->virt ? CSR_VIRTUAL : CSR_ILLEGAL;
}

CSR_CHECK(time)
{
    return env_cpu(env)->timebase ? check_counter(env, csr) : CSR_ILLEGAL;
}

CSR_READ(time)
{
    return timebase_read(env_cpu(env)->timebase) + (env->virt ? env->htimedelta : 0);
}

CSR_READ(counter)
{
    return riscv_pmu_read(env, counter_number(csr), riscv_instret(env));
}

CSR_WRITE_FN(counter)
{
    unsigned n = counter_number(csr);
    uint64_t instret = riscv_instret(env);

    riscv_pmu_begin(env, instret);
    env->counter[n] = value;
    /* The instruction that writes instret does not count itself: the next one reads the value. */
    if (n == 2 && !(env->mcountinhibit & COUNTER_IR))
        env->counter[n]--;
    riscv_pmu_end(env, instret);
    return 0;
}

CSR_WRITE_FN(counteren)
{
    uint64_t *reg = csr == 0x306   ? &env->mcounteren
                    : csr == 0x606 ? &env->hcounteren
                                   : &env->scounteren;

    *reg = value & counter_mask(env);
    return 0;
}

CSR_WRITE_FN(mcountinhibit)
{
    uint64_t now = value & counter_mask(env) & ~COUNTER_TM, instret = riscv_instret(env);

    riscv_pmu_begin(env, instret);
    env->mcountinhibit = now;
    riscv_pmu_end(env, instret);
    return 0;
}

/* There is an event register for each number; those without a counter stay zero. */
CSR_READ(mhpmevent)
{
    if (unlikely(env->pmu_armed))
        riscv_pmu_sync(env, riscv_instret(env));
    return env->mhpmevent[counter_number(csr)];
}

CSR_WRITE_FN(mhpmevent)
{
    unsigned n = counter_number(csr);
    uint64_t instret = riscv_instret(env), event = value & MHPMEVENT_IDX;

    if (!check_hpm(env, csr))
        return 0;
    riscv_pmu_begin(env, instret);
    /* An event that nothing counts leaves the field as it was. */
    if (!riscv_pmu_event_known(event))
        event = env->mhpmevent[n] & MHPMEVENT_IDX;
    if (riscv_ext_on(env, EXT_SSCOFPMF))
        event |= value & (MHPMEVENT_OF | MHPMEVENT_INH |
                          (riscv_ext_on(env, EXT_H) ? MHPMEVENT_VINH : 0));
    env->mhpmevent[n] = event;
    riscv_pmu_end(env, instret);
    return 0;
}

/* The OF bits; S sees those of counters that mcounteren gives it. */
CSR_READ(scountovf)
{
    uint64_t v = 0;

    riscv_pmu_sync(env, riscv_instret(env));
    for (unsigned n = 3; n < 32; n++)
        if (env->mhpmevent[n] & MHPMEVENT_OF)
            v |= 1ULL << n;
    if (env->virt)
        v &= env->hcounteren;
    return env->priv == PRV_M ? v : v & env->mcounteren;
}
