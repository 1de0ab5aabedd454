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

static void counter_write(CPURISCVState *env, unsigned n, uint64_t value)
{
    uint64_t instret = riscv_instret(env);
    bool running = (env->pmu_running >> n) & 1;

    riscv_pmu_begin(env, instret);
    env->counter[n] = value;
    /* The instruction that writes instret does not count itself: the next one reads the value. */
    if (n == 2 && running)
        env->counter[n]--;
    riscv_pmu_end(env, instret);
}

CSR_WRITE_FN(counter)
{
    counter_write(env, counter_number(csr), value);
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

static void event_write(CPURISCVState *env, unsigned n, uint64_t value)
{
    uint64_t instret = riscv_instret(env), event = value & MHPMEVENT_IDX;

    riscv_pmu_begin(env, instret);
    /* An event that nothing counts leaves the field as it was. */
    if (!riscv_pmu_event_known(event))
        event = env->mhpmevent[n] & MHPMEVENT_IDX;
    if (riscv_ext_on(env, EXT_SSCOFPMF))
        event |= value & (MHPMEVENT_OF | MHPMEVENT_INH |
                          (riscv_ext_on(env, EXT_H) ? MHPMEVENT_VINH : 0));
    env->mhpmevent[n] = event;
    riscv_pmu_end(env, instret);
}

CSR_WRITE_FN(mhpmevent)
{
    if (check_hpm(env, csr))
        event_write(env, counter_number(csr), value);
    return 0;
}

/* ---- Filtering of cycle and instret by mode (Smcntrpmf) ---- */

static void countercfg_write(CPURISCVState *env, unsigned n, uint64_t value)
{
    uint64_t instret = riscv_instret(env), can = MHPMEVENT_MINH;

    if (riscv_ext_on(env, EXT_S))
        can |= MHPMEVENT_SINH;
    if (riscv_ext_on(env, EXT_U))
        can |= MHPMEVENT_UINH;
    if (riscv_ext_on(env, EXT_H))
        can |= MHPMEVENT_VINH;
    riscv_pmu_begin(env, instret);
    *(n == 0 ? &env->mcyclecfg : &env->minstretcfg) = value & can;
    riscv_pmu_end(env, instret);
}

CSR_WRITE_FN(countercfg)
{
    countercfg_write(env, csr == 0x321 ? 0 : 2, value);
    return 0;
}

/* ---- Delegation (Smcdeleg, Ssccfg) ----
 *
 * siselect 0x40 to 0x5F: with n = 1 the counter, with n = 2 what it counts and in which modes. M's
 * inhibition is not S's to see or change. */

static bool delegating(const CPURISCVState *env)
{
    return (env->menvcfg & MENVCFG_CDE) != 0;
}

static CSRAccess delegated_check(CPURISCVState *env, unsigned select, unsigned n, bool vs)
{
    unsigned counter = select - ISELECT_COUNTER;
    bool fixed = counter < 3;

    if (!riscv_ext_on(env, EXT_SSCCFG) || !delegating(env))
        return CSR_ILLEGAL;
    if (vs)
        return env->virt ? CSR_VIRTUAL : CSR_ILLEGAL;
    if (counter == 1 || n > 2 || !((env->mcounteren >> counter) & 1) ||
        !riscv_ext_on(env, fixed ? EXT_ZICNTR : EXT_ZIHPM))
        return CSR_ILLEGAL;
    return n == 1 || !fixed || riscv_ext_on(env, EXT_SMCNTRPMF);
}

static uint64_t delegated_read(CPURISCVState *env, unsigned select, unsigned n, bool vs)
{
    unsigned counter = select - ISELECT_COUNTER;

    if (n == 1)
        return read_counter(env, counter);
    return (counter == 0   ? env->mcyclecfg
            : counter == 2 ? env->minstretcfg
                           : read_mhpmevent(env, counter)) & ~MHPMEVENT_MINH;
}

static unsigned delegated_write(CPURISCVState *env, unsigned select, unsigned n, bool vs,
                                uint64_t value, uint64_t mask)
{
    unsigned counter = select - ISELECT_COUNTER;

    if (n == 1) {
        counter_write(env, counter, value);
        return 0;
    }
    value &= ~MHPMEVENT_MINH;
    if (counter == 0)
        countercfg_write(env, 0, value | (env->mcyclecfg & MHPMEVENT_MINH));
    else if (counter == 2)
        countercfg_write(env, 2, value | (env->minstretcfg & MHPMEVENT_MINH));
    else
        event_write(env, counter, value | (env->mhpmevent[counter] & MHPMEVENT_MINH));
    return 0;
}

const IndirectRange riscv_indirect_counters = {
    ISELECT_COUNTER, ISELECT_COUNTER_LAST, delegated_check, delegated_read, delegated_write,
};

CSR_CHECK(scountinhibit)
{
    if (!delegating(env))
        return CSR_ILLEGAL;
    return env->virt ? CSR_VIRTUAL : CSR_OK;
}

CSR_READ(scountinhibit)
{
    return env->mcountinhibit & env->mcounteren;
}

CSR_WRITE_FN(scountinhibit)
{
    return write_mcountinhibit(env, csr, (env->mcountinhibit & ~env->mcounteren) |
                               (value & env->mcounteren), mask);
}

/* ---- Overflow ---- */

CSR_CHECK(scountovf)
{
    return env->virt && delegating(env) ? CSR_VIRTUAL : CSR_OK;
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
