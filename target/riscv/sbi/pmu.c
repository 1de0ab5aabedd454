/*
 * PMU: counters for S. Counter n below the first firmware counter is the CSR of that number (there is no
 * counter 1); the firmware's own counters follow. A hardware counter runs unless mcountinhibit says
 * that it does not, so that started and stopped are where M-mode keeps them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/pmu.h"

#include <string.h>

#include "target/riscv/bits.h"
#include "target/riscv/csr.h"
#include "target/riscv/ext.h"
#include "target/riscv/mode.h"
#include "target/riscv/sbi/internal.h"
#include "target/riscv/trap.h"
#include "util/bits.h"
#include "util/byteorder.h"

enum {
    CFG_SKIP_MATCH = 1 << 0,
    CFG_CLEAR_VALUE = 1 << 1,
    CFG_AUTO_START = 1 << 2,
    CFG_INHIBIT = 0xf8, /* VU, VS, U, S, M: in the order of mhpmevent, from bit 58 */
};
#define CFG_INHIBIT_TO_EVENT(flags) (((flags) & CFG_INHIBIT) << (58 - 3))
enum { START_SET_VALUE = 1, START_SNAPSHOT = 2 };
enum { STOP_RESET = 1, STOP_SNAPSHOT = 2 };
enum { TYPE_HARDWARE = 0, TYPE_CACHE = 1, TYPE_RAW = 2, TYPE_RAW_2 = 3, TYPE_FIRMWARE = 15 };

#define NO_EVENT UINT32_MAX
#define SNAPSHOT_SIZE 4096
#define SNAPSHOT_VALUES 8
#define MAX_EVENT_INFO 4096
#define LINUX_WRONG_BASE 4096

#define CSR_MCYCLE 0xB00
#define CSR_MHPMEVENT 0x320
#define CSR_MCOUNTINHIBIT 0x320
#define CSR_CYCLE 0xC00

/* ---- Which counters there are ---- */

static uint32_t hw_mask(const RISCVCPU *cpu)
{
    uint32_t mask = (uint32_t)(COUNTER_CY | COUNTER_IR);

    return riscv_ext_on(&cpu->env, EXT_ZIHPM) ? mask | cpu->pmu_mask : mask;
}

/* The number of the first firmware counter. */
static unsigned hw_count(const RISCVCPU *cpu)
{
    return 32 - (unsigned)__builtin_clz(hw_mask(cpu));
}

static bool is_hw(const RISCVCPU *cpu, uint64_t n)
{
    return n < 32 && ((hw_mask(cpu) >> n) & 1);
}

static bool is_fw(const RISCVCPU *cpu, uint64_t n)
{
    return n >= hw_count(cpu) && n < hw_count(cpu) + SBI_FW_COUNTERS;
}

/* Whether every counter of a set exists. */
static bool set_ok(const RISCVCPU *cpu, uint64_t base, uint64_t mask)
{
    for (uint64_t bits = mask; bits; bits &= bits - 1) {
        uint64_t n = base + (unsigned)__builtin_ctzll(bits);

        if (n < base || (!is_hw(cpu, n) && !is_fw(cpu, n)))
            return false;
    }
    return mask != 0;
}

/* ---- Firmware counters ---- */

void sbi_fw_count(RISCVCPU *cpu, unsigned event)
{
    RISCVSbi *sbi = &cpu->sbi;
    uint32_t started = __atomic_load_n(&sbi->fw_started, __ATOMIC_ACQUIRE);

    for (; unlikely(started); started &= started - 1) {
        unsigned i = (unsigned)__builtin_ctz(started);

        if (__atomic_load_n(&sbi->fw_event[i], __ATOMIC_RELAXED) == event)
            __atomic_fetch_add(&sbi->fw_value[i], 1, __ATOMIC_RELAXED);
    }
}

/* ---- Events ---- */

/* What to write into mhpmevent, or the code of a firmware event. False: nothing counts that. */
static bool find_event(uint32_t idx, uint64_t data, bool *firmware, uint64_t *event)
{
    unsigned type = idx >> 16, code = idx & 0xffff;

    *firmware = type == TYPE_FIRMWARE;
    *event = idx;
    switch (type) {
    case TYPE_HARDWARE:
        /* Reference cycles are those of a fixed clock: ours is. */
        if (code == 10)
            *event = PMU_EVENT_CYCLES;
        return code && riscv_pmu_event_known(*event);
    case TYPE_CACHE:
        return riscv_pmu_event_known(idx);
    case TYPE_RAW:
    case TYPE_RAW_2:
        *event = data;
        return code == 0 && data && data <= MHPMEVENT_IDX && riscv_pmu_event_known(data);
    case TYPE_FIRMWARE:
        *event = code;
        return code <= SBI_FW_LAST && data == 0;
    default:
        return false;
    }
}

/* Whether a hardware counter can count the event. The fixed ones cannot overflow nor stand in a mode,
 * so they are taken only where no other can do that either. */
static bool fits(const RISCVCPU *cpu, unsigned n, uint64_t event, uint64_t flags)
{
    if (n >= 3)
        return true;
    return event == (n == 0 ? PMU_EVENT_CYCLES : PMU_EVENT_INSTRUCTIONS) &&
           !(flags & CFG_INHIBIT & ~(1u << 7));
}

/* ---- Starting and stopping ---- */

static bool hw_started(const RISCVCPU *cpu, unsigned n)
{
    return !((cpu->env.mcountinhibit >> n) & 1);
}

static bool started(const RISCVCPU *cpu, unsigned n)
{
    if (n < hw_count(cpu))
        return hw_started(cpu, n);
    return (cpu->sbi.fw_started >> (n - hw_count(cpu))) & 1;
}

static uint64_t value_of(RISCVCPU *cpu, unsigned n)
{
    if (n < hw_count(cpu))
        return riscv_pmu_read(&cpu->env, n, riscv_instret(&cpu->env));
    return __atomic_load_n(&cpu->sbi.fw_value[n - hw_count(cpu)], __ATOMIC_RELAXED);
}

static void set_value(RISCVCPU *cpu, unsigned n, uint64_t value)
{
    if (n < hw_count(cpu))
        riscv_csr_write_debug(&cpu->env, CSR_MCYCLE + n, value);
    else
        __atomic_store_n(&cpu->sbi.fw_value[n - hw_count(cpu)], value, __ATOMIC_RELAXED);
}

static void run(RISCVCPU *cpu, unsigned n, bool on)
{
    CPURISCVState *env = &cpu->env;

    if (n >= hw_count(cpu)) {
        uint32_t bit = 1u << (n - hw_count(cpu));

        if (on)
            __atomic_fetch_or(&cpu->sbi.fw_started, bit, __ATOMIC_RELEASE);
        else
            __atomic_fetch_and(&cpu->sbi.fw_started, ~bit, __ATOMIC_RELEASE);
        return;
    }
    if (on && n >= 3)
        riscv_csr_write_debug(env, CSR_MHPMEVENT + n, env->mhpmevent[n] & ~MHPMEVENT_OF);
    riscv_csr_write_debug(env, CSR_MCOUNTINHIBIT,
                          deposit64(env->mcountinhibit, n, 1, !on));
}

/* A counter that was never configured counts nothing. */
static bool configured(const RISCVCPU *cpu, unsigned n)
{
    if (n < 3)
        return true;
    if (n < hw_count(cpu))
        return (cpu->sbi.pmu_used >> n) & 1;
    return cpu->sbi.fw_event[n - hw_count(cpu)] != NO_EVENT;
}

static void forget(RISCVCPU *cpu, unsigned n)
{
    if (n >= hw_count(cpu)) {
        __atomic_store_n(&cpu->sbi.fw_event[n - hw_count(cpu)], NO_EVENT, __ATOMIC_RELAXED);
        return;
    }
    cpu->sbi.pmu_used &= ~(1u << n);
    if (n >= 3)
        riscv_csr_write_debug(&cpu->env, CSR_MHPMEVENT + n, 0);
}

void sbi_pmu_reset(RISCVCPU *cpu)
{
    RISCVSbi *sbi = &cpu->sbi;

    __atomic_store_n(&sbi->fw_started, 0, __ATOMIC_RELEASE);
    memset(sbi->fw_event, 0xff, sizeof(sbi->fw_event));
    sbi->pmu_used = 0;
    sbi->snapshot = UINT64_MAX;
}

/* ---- The calls ---- */

static void configure(RISCVCPU *cpu, unsigned n, uint64_t flags, uint64_t event)
{
    if (n >= hw_count(cpu)) {
        __atomic_store_n(&cpu->sbi.fw_event[n - hw_count(cpu)], (uint32_t)event,
                         __ATOMIC_RELAXED);
    } else {
        cpu->sbi.pmu_used |= 1u << n;
        if (n >= 3)
            riscv_csr_write_debug(&cpu->env, CSR_MHPMEVENT + n,
                                  event | CFG_INHIBIT_TO_EVENT(flags) | MHPMEVENT_OF);
    }
    if (flags & CFG_CLEAR_VALUE)
        set_value(cpu, n, 0);
    if (flags & CFG_AUTO_START)
        run(cpu, n, true);
}

static void config_matching(RISCVCPU *cpu, SBICall *call)
{
    uint64_t base = call->args[0], mask = call->args[1], flags = call->args[2], event;
    bool firmware;
    int found = -1;

    if (flags >> 8 || call->args[3] >> 20 || !set_ok(cpu, base, mask)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    if (!find_event((uint32_t)call->args[3], call->args[4], &firmware, &event)) {
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        return;
    }
    /* From the top: the fixed counters come last. */
    for (uint64_t bits = mask; bits && found < 0;) {
        unsigned top = 63 - (unsigned)__builtin_clzll(bits);
        unsigned bit = flags & CFG_SKIP_MATCH ? (unsigned)__builtin_ctzll(bits) : top;
        unsigned n = (unsigned)base + bit;
        bool kind = firmware == (n >= hw_count(cpu)) && (firmware || fits(cpu, n, event, flags));
        bool unused = n < 3 ? !((cpu->sbi.pmu_used >> n) & 1) : !configured(cpu, n);

        if (kind && ((flags & CFG_SKIP_MATCH) || (unused && !started(cpu, n))))
            found = (int)n;
        else if (flags & CFG_SKIP_MATCH)
            break;
        bits &= ~BIT_ULL(bit);
    }
    if (found < 0) {
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        return;
    }
    configure(cpu, (unsigned)found, flags, event);
    sbi_result(call, SBI_SUCCESS, (uint64_t)found);
}

static void counter_start(RISCVCPU *cpu, SBICall *call)
{
    uint64_t base = call->args[0], mask = call->args[1], flags = call->args[2];
    bool from_snapshot = flags & START_SNAPSHOT;
    int64_t error = SBI_SUCCESS;

    /* Linux 6.12 restarts its counters after an overflow with 64 times the base that it means, which is
     * never a counter: taken at its word it would lose every sample after the first. */
    if (from_snapshot && base == LINUX_WRONG_BASE)
        base = 0;
    if (flags > START_SNAPSHOT || !set_ok(cpu, base, mask)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    if (from_snapshot && cpu->sbi.snapshot == UINT64_MAX) {
        sbi_result(call, SBI_ERR_NO_SHMEM, 0);
        return;
    }
    for (uint64_t bits = mask; bits; bits &= bits - 1) {
        unsigned i = (unsigned)__builtin_ctzll(bits), n = (unsigned)base + i;
        uint8_t word[8];

        if (!configured(cpu, n)) {
            error = SBI_ERR_INVALID_PARAM;
            continue;
        }
        if (started(cpu, n)) {
            error = SBI_ERR_ALREADY_STARTED;
            continue;
        }
        if (flags & START_SET_VALUE)
            set_value(cpu, n, call->args[3]);
        else if (from_snapshot && dma_read(cpu->parent_obj.as,
                                           cpu->sbi.snapshot + SNAPSHOT_VALUES + 8 * i, word, 8))
            set_value(cpu, n, ld64_le(word));
        run(cpu, n, true);
    }
    sbi_result(call, error, 0);
}

/* One counter's value and whether it overflowed, into the shared page. */
static void snapshot(RISCVCPU *cpu, unsigned n, unsigned i, uint64_t *overflowed)
{
    uint8_t word[8];

    st64_le(word, value_of(cpu, n));
    dma_write(cpu->parent_obj.as, cpu->sbi.snapshot + SNAPSHOT_VALUES + 8 * i, word, 8);
    if (n < 32 && is_hw(cpu, n) && (cpu->env.mhpmevent[n] & MHPMEVENT_OF) &&
        ((cpu->sbi.pmu_used >> n) & 1))
        *overflowed |= BIT_ULL(i);
}

static void counter_stop(RISCVCPU *cpu, SBICall *call)
{
    uint64_t base = call->args[0], mask = call->args[1], flags = call->args[2], overflowed = 0;
    bool snap = flags & STOP_SNAPSHOT;
    int64_t error = SBI_SUCCESS;
    uint8_t word[8];

    if (flags > (STOP_RESET | STOP_SNAPSHOT) || !set_ok(cpu, base, mask)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    if (snap && cpu->sbi.snapshot == UINT64_MAX) {
        sbi_result(call, SBI_ERR_NO_SHMEM, 0);
        return;
    }
    riscv_pmu_sync(&cpu->env, riscv_instret(&cpu->env));
    for (uint64_t bits = mask; bits; bits &= bits - 1) {
        unsigned i = (unsigned)__builtin_ctzll(bits), n = (unsigned)base + i;

        if (started(cpu, n))
            run(cpu, n, false);
        else
            error = SBI_ERR_ALREADY_STOPPED;
        if (snap)
            snapshot(cpu, n, i, &overflowed);
        if (flags & STOP_RESET)
            forget(cpu, n);
    }
    if (snap) {
        st64_le(word, overflowed);
        dma_write(cpu->parent_obj.as, cpu->sbi.snapshot, word, 8);
    }
    sbi_result(call, error, 0);
}

static void counter_info(RISCVCPU *cpu, SBICall *call)
{
    uint64_t n = call->args[0];

    if (is_hw(cpu, n))
        sbi_result(call, SBI_SUCCESS, (CSR_CYCLE + n) | 63 << 12);
    else if (is_fw(cpu, n))
        sbi_result(call, SBI_SUCCESS, BIT_ULL(63));
    else
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
}

static void set_shmem(RISCVCPU *cpu, SBICall *call)
{
    uint64_t lo = call->args[0], hi = call->args[1];

    sbi_result(call, SBI_SUCCESS, 0);
    if (call->args[2])
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
    else if (lo == UINT64_MAX && hi == UINT64_MAX)
        cpu->sbi.snapshot = UINT64_MAX;
    else if (lo & (SNAPSHOT_SIZE - 1))
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
    else if (!sbi_memory_writable(cpu, lo, hi, SNAPSHOT_SIZE))
        sbi_result(call, SBI_ERR_INVALID_ADDRESS, 0);
    else
        cpu->sbi.snapshot = lo;
}

static void event_info(RISCVCPU *cpu, SBICall *call)
{
    AddressSpace *as = cpu->parent_obj.as;
    uint64_t lo = call->args[0], n = call->args[2], event;
    bool firmware;

    if (call->args[3] || (lo & 15)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    if (n > UINT64_MAX / 16 || !sbi_memory_writable(cpu, lo, call->args[1], 16 * n)) {
        sbi_result(call, SBI_ERR_INVALID_ADDRESS, 0);
        return;
    }
    if (n > MAX_EVENT_INFO) {
        sbi_result(call, SBI_ERR_FAILED, 0);
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint8_t entry[16];
        uint32_t idx;

        if (!dma_read(as, lo + 16 * i, entry, 16))
            continue;
        idx = ld32_le(entry);
        if (idx >> 20) {
            sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
            return;
        }
        st32_le(entry + 4, find_event(idx, ld64_le(entry + 8), &firmware, &event));
        dma_write(as, lo + 16 * i + 4, entry + 4, 4);
    }
    sbi_result(call, SBI_SUCCESS, 0);
}

static void fw_read(RISCVCPU *cpu, SBICall *call, bool high)
{
    if (!is_fw(cpu, call->args[0]))
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
    else
        sbi_result(call, SBI_SUCCESS, high ? 0 : value_of(cpu, (unsigned)call->args[0]));
}

void sbi_pmu(RISCVCPU *cpu, SBICall *call)
{
    switch (call->fn) {
    case 0:
        sbi_result(call, SBI_SUCCESS, hw_count(cpu) + SBI_FW_COUNTERS);
        break;
    case 1:
        counter_info(cpu, call);
        break;
    case 2:
        config_matching(cpu, call);
        break;
    case 3:
        counter_start(cpu, call);
        break;
    case 4:
        counter_stop(cpu, call);
        break;
    case 5:
    case 6:
        fw_read(cpu, call, call->fn == 6);
        break;
    case 7:
        set_shmem(cpu, call);
        break;
    case 8:
        event_info(cpu, call);
        break;
    default:
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        break;
    }
}
