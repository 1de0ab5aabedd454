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
/* -icount: who counts instead. Set before the machine runs. */
static VirtualClock counter;

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
    if (counter.now_ns) {
        return counter.now_ns(counter.opaque);
    }
    word = __atomic_load_n(&virtual_word, __ATOMIC_ACQUIRE);
    return word & 1 ? host_ns(CLOCK_MONOTONIC) - (word >> 1) : word >> 1;
}

/* Written before there are vCPUs. */
static struct {
    ClockType source;
    int64_t offset_ns;
} rtc = { CLOCK_HOST, 0 };

void clock_rtc_set(ClockType source, int64_t offset_ns)
{
    rtc.source = source;
    rtc.offset_ns = offset_ns;
}

int64_t clock_rtc_ns(void)
{
    return (int64_t)((uint64_t)clock_get_ns(rtc.source) + (uint64_t)rtc.offset_ns);
}

ClockType clock_rtc_source(void)
{
    return rtc.source;
}

int64_t clock_rtc_deadline(int64_t rtc_ns)
{
    int64_t ns;

    if (__builtin_sub_overflow(rtc_ns, rtc.offset_ns, &ns)) {
        return rtc.offset_ns < 0 ? INT64_MAX : 0;
    }
    return MAX(ns, 0);
}

void clock_virtual_set_source(const VirtualClock *source)
{
    counter = source ? *source : (VirtualClock){ 0 };
}

bool clock_virtual_counted(void)
{
    return counter.now_ns != NULL;
}

void clock_virtual_deadline_changed(void)
{
    if (counter.deadline_changed) {
        counter.deadline_changed(counter.opaque);
    }
}

void clock_virtual_enable(bool on)
{
    int64_t word = __atomic_load_n(&virtual_word, __ATOMIC_ACQUIRE);
    int64_t now = clock_get_ns(CLOCK_VIRTUAL);

    if ((word & 1) == on || clock_virtual_counted()) {
        return;
    }
    word = on ? (int64_t)((uint64_t)(host_ns(CLOCK_MONOTONIC) - now) << 1 | 1)
              : (int64_t)((uint64_t)now << 1);
    __atomic_store_n(&virtual_word, word, __ATOMIC_RELEASE);
    timers_clock_changed();
}

void clock_virtual_set_ns(int64_t ns)
{
    if (counter.set_ns) {
        counter.set_ns(counter.opaque, ns);
        return;
    }
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
