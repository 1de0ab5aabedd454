/*
 * The performance monitor.
 *
 * Overflow (Sscofpmf). A counter whose OF is clear is "armed". Misses are looked at where they are
 * counted. The moment at which cycles overflow is known: a host timer. How fast instructions go is not:
 * while there are many to go a timer comes early rather than late and looks again; when few are left
 * the vCPU asks for its own attention at every block end. So running code never counts anything down,
 * and the interrupt comes at the end of the block in which the counter overflowed. With -icount the
 * engine counts down anyway, and stops at the instruction.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/pmu.h"

#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/mode.h"
#include "target/riscv/trap.h"
#include "util/bits.h"

#define NEAR_INSTRUCTIONS 1000000 /* a millisecond: what the timer may be late */
#define INSTRUCTIONS_PER_NS 4 /* more than any host runs */

bool riscv_pmu_event_known(uint64_t event)
{
    switch (event) {
    case PMU_EVENT_NONE:
    case PMU_EVENT_CYCLES:
    case PMU_EVENT_INSTRUCTIONS:
    case PMU_EVENT_DTLB_READ_MISS:
    case PMU_EVENT_DTLB_WRITE_MISS:
    case PMU_EVENT_ITLB_MISS:
        return true;
    default:
        return false;
    }
}

static uint64_t counter_event(const CPURISCVState *env, unsigned n)
{
    return n == 0   ? PMU_EVENT_CYCLES
           : n == 2 ? PMU_EVENT_INSTRUCTIONS
                    : env->mhpmevent[n] & MHPMEVENT_IDX;
}

/* The modes in which it stands, as mhpmevent has them. */
static uint64_t counter_filter(const CPURISCVState *env, unsigned n)
{
    return (n == 0 ? env->mcyclecfg : n == 2 ? env->minstretcfg : env->mhpmevent[n]) &
           (MHPMEVENT_INH | MHPMEVENT_VINH);
}

static uint64_t event_source(const CPURISCVState *env, uint64_t event, uint64_t instret)
{
    switch (event) {
    case PMU_EVENT_CYCLES:
        return (uint64_t)clock_get_ns(CLOCK_VIRTUAL);
    case PMU_EVENT_INSTRUCTIONS:
        return instret;
    case PMU_EVENT_DTLB_READ_MISS:
        return env->tlb_misses[MMU_LOAD];
    case PMU_EVENT_DTLB_WRITE_MISS:
        return env->tlb_misses[MMU_STORE];
    case PMU_EVENT_ITLB_MISS:
        return env->tlb_misses[MMU_FETCH];
    default:
        return 0;
    }
}

static bool is_miss(uint64_t event)
{
    return event >= PMU_EVENT_DTLB_READ_MISS;
}

uint64_t riscv_pmu_read(CPURISCVState *env, unsigned n, uint64_t instret)
{
    uint64_t value = env->counter[n];

    if ((env->pmu_running >> n) & 1)
        value += event_source(env, counter_event(env, n), instret);
    return value;
}

/* ---- What runs ---- */

static uint64_t inhibit_bit(const CPURISCVState *env)
{
    if (env->virt)
        return env->priv == PRV_S ? MHPMEVENT_VSINH : MHPMEVENT_VUINH;
    return env->priv == PRV_M   ? MHPMEVENT_MINH
           : env->priv == PRV_S ? MHPMEVENT_SINH
                                : MHPMEVENT_UINH;
}

static uint32_t running_now(const CPURISCVState *env)
{
    uint32_t running = 0;
    uint64_t inhibit = inhibit_bit(env);

    for (unsigned n = 0; n < 32; n++)
        if (n != 1 && counter_event(env, n) && !(counter_filter(env, n) & inhibit))
            running |= 1u << n;
    return running & ~(uint32_t)env->mcountinhibit;
}

/* What follows from the registers, the counters being left alone. */
static void recompute(CPURISCVState *env, uint64_t instret)
{
    bool overflow = riscv_ext_on(env, EXT_SSCOFPMF);

    env->pmu_running = running_now(env);
    env->pmu_armed = env->pmu_armed_misses = 0;
    env->pmu_filtered = counter_filter(env, 0) || counter_filter(env, 2);
    for (unsigned n = 3; n < 32; n++) {
        uint64_t event = env->mhpmevent[n];

        if (counter_filter(env, n) && (event & MHPMEVENT_IDX))
            env->pmu_filtered = true;
        if (!overflow || (event & MHPMEVENT_OF) || !((env->pmu_running >> n) & 1))
            continue;
        env->pmu_armed |= 1u << n;
        if (is_miss(event & MHPMEVENT_IDX))
            env->pmu_armed_misses |= 1u << n;
        env->pmu_seen[n] = riscv_pmu_read(env, n, instret);
    }
}

/* ---- Overflow ---- */

static void overflowed(CPURISCVState *env, unsigned n)
{
    env->mhpmevent[n] |= MHPMEVENT_OF;
    env->pmu_armed &= ~(1u << n);
    env->pmu_armed_misses &= ~(1u << n);
    riscv_mip_change(env, MIP_LCOFIP, 0);
}

static void sync_mask(CPURISCVState *env, uint32_t mask, uint64_t instret)
{
    for (uint32_t bits = mask; bits; bits &= bits - 1) {
        unsigned n = __builtin_ctz(bits);
        uint64_t value = riscv_pmu_read(env, n, instret);

        /* Between two looks a counter does not go all the way round. */
        if (value < env->pmu_seen[n])
            overflowed(env, n);
        else
            env->pmu_seen[n] = value;
    }
}

void riscv_pmu_sync(CPURISCVState *env, uint64_t instret)
{
    sync_mask(env, env->pmu_armed, instret);
}

/* Whatever is armed is looked at again in time. */
static void set_deadline(CPURISCVState *env)
{
    RISCVCPU *cpu = env_cpu(env);
    uint64_t wait = UINT64_MAX; /* ns */
    bool near = false;

    for (uint32_t bits = env->pmu_armed & ~env->pmu_armed_misses; bits; bits &= bits - 1) {
        unsigned n = __builtin_ctz(bits);
        uint64_t left = -env->pmu_seen[n]; /* 0: all of 2^64 */

        if (left == 0)
            continue;
        if (counter_event(env, n) == PMU_EVENT_INSTRUCTIONS) {
            if (tcg_limit_insns(env, left))
                continue;
            near |= left < NEAR_INSTRUCTIONS;
            left /= INSTRUCTIONS_PER_NS;
        }
        wait = MIN(wait, left);
    }
    if (near)
        __atomic_fetch_or(&cpu->parent_obj.attention, CPU_ATTN_IRQ, __ATOMIC_RELAXED);
    if (near || wait >= INT64_MAX / 2) {
        if (timer_pending(&cpu->pmu_timer))
            timer_del(&cpu->pmu_timer);
    } else {
        timer_mod_ns(&cpu->pmu_timer, clock_get_ns(CLOCK_VIRTUAL) + (int64_t)wait);
    }
}

void riscv_pmu_poll(CPURISCVState *env)
{
    if (__atomic_load_n(&env->pmu_due, __ATOMIC_RELAXED))
        __atomic_store_n(&env->pmu_due, false, __ATOMIC_SEQ_CST);
    riscv_pmu_sync(env, env->tcg.icount);
    set_deadline(env);
}

void riscv_pmu_miss(CPURISCVState *env, MMUAccess access)
{
    env->tlb_misses[access]++;
    if (unlikely(env->pmu_armed_misses))
        sync_mask(env, env->pmu_armed_misses, 0);
}

/* Main thread: everything belongs to the vCPU, which is to look. */
static void timer_fired(void *opaque)
{
    RISCVCPU *cpu = opaque;

    __atomic_store_n(&cpu->env.pmu_due, true, __ATOMIC_SEQ_CST);
    cpu_attention(&cpu->parent_obj, CPU_ATTN_IRQ);
}

/* ---- Changes ---- */

void riscv_pmu_begin(CPURISCVState *env, uint64_t instret)
{
    riscv_pmu_sync(env, instret);
    for (uint32_t bits = env->pmu_running; bits; bits &= bits - 1) {
        unsigned n = __builtin_ctz(bits);
        env->counter[n] = riscv_pmu_read(env, n, instret);
    }
    env->pmu_running = 0;
}

void riscv_pmu_end(CPURISCVState *env, uint64_t instret)
{
    uint32_t was_armed = env->pmu_armed;

    for (uint32_t bits = running_now(env); bits; bits &= bits - 1) {
        unsigned n = __builtin_ctz(bits);
        env->counter[n] -= event_source(env, counter_event(env, n), instret);
    }
    recompute(env, instret);
    if (env->pmu_armed | was_armed)
        set_deadline(env);
}

void riscv_pmu_derive(CPURISCVState *env)
{
    recompute(env, env->tcg.icount);
    set_deadline(env);
}

void riscv_pmu_init(RISCVCPU *cpu)
{
    timer_init(&cpu->pmu_timer, CLOCK_VIRTUAL, timer_fired, cpu);
}

void riscv_pmu_fini(RISCVCPU *cpu)
{
    timer_del(&cpu->pmu_timer);
}
