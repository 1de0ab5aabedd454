/*
 * Clocks. CLOCK_VIRTUAL is the host's monotonic clock minus an offset while the machine runs, and a
 * fixed value while it is stopped; both cases fit one atomic word, so that readers take no lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/clock.h"

#include <time.h>

#include "hw/core/time-internal.h"

/*
 * Bit 0: running. The rest, as a signed number: the offset when running, the value when not. There
 * is one flow of time in a process, as there is one machine; 0 is "stopped at 0".
 */
static int64_t virtual_word;

static int64_t host_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_get_ns(ClockType clock)
{
    int64_t word;

    switch (clock) {
    case CLOCK_HOST:
        return host_ns(CLOCK_REALTIME);
    case CLOCK_MONO:
        return host_ns(CLOCK_MONOTONIC);
    case CLOCK_VIRTUAL:
        break;
    }
    word = __atomic_load_n(&virtual_word, __ATOMIC_ACQUIRE);
    return word & 1 ? host_ns(CLOCK_MONOTONIC) - (word >> 1) : word >> 1;
}

void clock_virtual_enable(bool on)
{
    int64_t word = __atomic_load_n(&virtual_word, __ATOMIC_ACQUIRE);
    int64_t now = clock_get_ns(CLOCK_VIRTUAL);

    if ((word & 1) == on) {
        return;
    }
    word = on ? (int64_t)((uint64_t)(host_ns(CLOCK_MONOTONIC) - now) << 1 | 1)
              : (int64_t)((uint64_t)now << 1);
    __atomic_store_n(&virtual_word, word, __ATOMIC_RELEASE);
    timers_clock_changed();
}

void clock_virtual_set_ns(int64_t ns)
{
    if (!(__atomic_load_n(&virtual_word, __ATOMIC_ACQUIRE) & 1)) {
        __atomic_store_n(&virtual_word, (int64_t)((uint64_t)ns << 1), __ATOMIC_RELEASE);
        timers_clock_changed();
    }
}

int64_t clock_virtual_to_mono(int64_t ns)
{
    int64_t word = __atomic_load_n(&virtual_word, __ATOMIC_ACQUIRE);
    int64_t mono;

    if (!(word & 1) || __builtin_add_overflow(ns, word >> 1, &mono)) {
        return INT64_MAX;
    }
    return mono;
}
