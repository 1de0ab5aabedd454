/*
 * Counters: cycle, time, instret and the hardware performance monitor.
 *
 * A counter that runs is stored as its distance from the source it counts, one that is inhibited or
 * counts nothing as its value, so that counting costs nothing. Whatever starts, stops or redirects a
 * counter converts it. cycle counts nanoseconds of machine time: a hart of 1 GHz.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "target/riscv/trap.h"
#include "util/bits.h"

/* Values of mhpmevent that count something; others read back as they were before. */
enum { EVENT_NONE = 0, EVENT_CYCLES = 1, EVENT_INSTRUCTIONS = 2 };

static unsigned counter_event(const CPURISCVState *env, unsigned n)
{
    return n == 0 ? EVENT_CYCLES : n == 2 ? EVENT_INSTRUCTIONS : env->mhpmevent[n];
}

/* The source of counter n now; 0 if it does not run. */
static uint64_t counter_source(CPURISCVState *env, unsigned n)
{
    if ((env->mcountinhibit >> n) & 1)
        return 0;
    switch (counter_event(env, n)) {
    case EVENT_CYCLES:
        return (uint64_t)clock_get_ns(CLOCK_VIRTUAL);
    case EVENT_INSTRUCTIONS:
        return riscv_instret(env);
    default:
        return 0;
    }
}

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
        return false;
    if (env->priv == PRV_M)
        return true;
    if (!((env->mcounteren >> n) & 1))
        return false;
    return env->priv == PRV_S || !riscv_ext_on(env, EXT_S) || ((env->scounteren >> n) & 1);
}

CSR_CHECK(time)
{
    return env_cpu(env)->timebase && check_counter(env, csr);
}

CSR_READ(time)
{
    return timebase_read(env_cpu(env)->timebase);
}

CSR_READ(counter)
{
    unsigned n = counter_number(csr);

    return counter_source(env, n) + env->counter[n];
}

CSR_WRITE_FN(counter)
{
    unsigned n = counter_number(csr);
    uint64_t source = counter_source(env, n);

    /* The instruction that writes instret does not count itself: the next one reads the value. */
    if (source && counter_event(env, n) == EVENT_INSTRUCTIONS)
        source++;
    env->counter[n] = value - source;
    return 0;
}

CSR_WRITE_FN(counteren)
{
    *(csr == 0x306 ? &env->mcounteren : &env->scounteren) = value & counter_mask(env);
    return 0;
}

CSR_WRITE_FN(mcountinhibit)
{
    uint64_t now = value & counter_mask(env) & ~COUNTER_TM, changed = now ^ env->mcountinhibit;
    uint64_t values[32];

    for (unsigned n = 0; n < 32; n++)
        if ((changed >> n) & 1)
            values[n] = read_counter(env, n);
    env->mcountinhibit = now;
    for (unsigned n = 0; n < 32; n++)
        if ((changed >> n) & 1)
            env->counter[n] = values[n] - counter_source(env, n);
    return 0;
}

/* There is an event register for each number; those without a counter stay zero. */
CSR_READ(mhpmevent)
{
    return env->mhpmevent[counter_number(csr)];
}

CSR_WRITE_FN(mhpmevent)
{
    unsigned n = counter_number(csr);
    uint64_t count;

    if (value > EVENT_INSTRUCTIONS || !check_hpm(env, csr))
        return 0;
    count = read_counter(env, n);
    env->mhpmevent[n] = value;
    env->counter[n] = count - counter_source(env, n);
    return 0;
}
