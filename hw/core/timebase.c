/*
 * The board's time counter.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/clock.h"

#include "hw/core/time-internal.h"

typedef struct TimebaseListener {
    void (*changed)(void *opaque);
    void *opaque;
} TimebaseListener;

static uint64_t raw_ticks(const Timebase *tb)
{
    return (unsigned __int128)clock_get_ns(CLOCK_VIRTUAL) * tb->freq_hz / NS_PER_S;
}

void timebase_init(Timebase *tb, uint64_t freq_hz)
{
    *tb = (Timebase){
        .freq_hz = freq_hz,
        .listeners = g_array_new(FALSE, FALSE, sizeof(TimebaseListener)),
    };
}

void timebase_destroy(Timebase *tb)
{
    g_clear_pointer(&tb->listeners, g_array_unref);
}

uint64_t timebase_read(const Timebase *tb)
{
    return raw_ticks(tb) + __atomic_load_n(&tb->offset, __ATOMIC_RELAXED);
}

void timebase_write(Timebase *tb, uint64_t ticks)
{
    __atomic_store_n(&tb->offset, ticks - raw_ticks(tb), __ATOMIC_RELAXED);
    for (guint i = 0; i < tb->listeners->len; i++) {
        TimebaseListener *l = &g_array_index(tb->listeners, TimebaseListener, i);
        l->changed(l->opaque);
    }
}

int64_t timebase_deadline_ns(const Timebase *tb, uint64_t ticks)
{
    uint64_t raw = raw_ticks(tb);
    uint64_t now = raw + __atomic_load_n(&tb->offset, __ATOMIC_RELAXED);
    unsigned __int128 ns;

    if (ticks <= now) {
        return 0;
    }
    ns = ((unsigned __int128)raw + (ticks - now)) * NS_PER_S + tb->freq_hz - 1;
    ns /= tb->freq_hz;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

void timebase_add_listener(Timebase *tb, void (*changed)(void *opaque), void *opaque)
{
    TimebaseListener l = { changed, opaque };

    g_array_append_val(tb->listeners, l);
}
