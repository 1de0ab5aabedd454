/*
 * Time: the virtual clock that stops with the machine, timers on it, and the board's timebase.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_CLOCK_H
#define VIREO_HW_CORE_CLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum ClockType {
    CLOCK_VIRTUAL, /* ns since power-on, standing still while the machine is stopped */
    CLOCK_HOST,    /* ns since the Unix epoch */
    CLOCK_MONO,    /* ns, monotonic, never stops */
} ClockType;

/* ns. Any thread, no lock. */
int64_t clock_get_ns(ClockType clock);

/*
 * The wall clock of the guest, ns since the Unix epoch: `source` plus an offset, by default the
 * host's. Devices arm timers on clock_rtc_source() at clock_rtc_deadline(ns). Set before the machine
 * is made; then any thread.
 */
void clock_rtc_set(ClockType source, int64_t offset_ns);
int64_t clock_rtc_ns(void);
ClockType clock_rtc_source(void);
int64_t clock_rtc_deadline(int64_t rtc_ns);

/* Stops and starts CLOCK_VIRTUAL. Main thread, vCPUs paused. The clock starts stopped at 0. */
void clock_virtual_enable(bool on);
/* Sets CLOCK_VIRTUAL while it is stopped (state load). */
void clock_virtual_set_ns(int64_t ns);

/*
 * Virtual time that is counted and not measured: by the accelerator, with -icount. Its timers are then
 * run by the accelerator's threads instead of the main loop. Before the machine runs; NULL: no more.
 */
typedef struct VirtualClock {
    int64_t (*now_ns)(void *opaque);           /* any thread, no lock */
    void (*set_ns)(void *opaque, int64_t ns);  /* while the machine stands */
    void (*deadline_changed)(void *opaque);    /* a timer was set; any thread, with locks of devices */
    void *opaque;
} VirtualClock;
void clock_virtual_set_source(const VirtualClock *source);

typedef struct Timer Timer;
typedef void (*TimerFn)(void *opaque);

struct Timer {
    ClockType clock;
    int64_t expire_ns; /* -1: not armed */
    TimerFn fn;
    void *opaque;
    uint32_t heap_index; /* private: 0 when not in the heap */
};

/*
 * fn runs on the main thread (with -icount on that of a vCPU, outside exec()) with no lock held, and
 * may already be running while another thread calls timer_del(): callbacks take the device's lock and
 * look at the device's state again.
 */
void timer_init(Timer *t, ClockType clock, TimerFn fn, void *opaque);
/* Arms for an absolute time in ns of the timer's clock; a time in the past fires at once; INT64_MAX
 * never fires. Replaces an earlier deadline. Any thread; costs no wake-up of the main loop. */
void timer_mod_ns(Timer *t, int64_t expire_ns);
void timer_del(Timer *t);
static inline bool timer_pending(const Timer *t)
{
    return __atomic_load_n(&t->expire_ns, __ATOMIC_RELAXED) >= 0;
}

/* Main loop: a file descriptor that becomes readable when a timer is due (-1 and errno if the host
 * gives none), and the function that runs what is due. */
int timers_fd(void);
void timers_run(void);
/* For who counts virtual time: when its next timer is due (INT64_MAX: none), and running those that are. */
int64_t timers_virtual_deadline(void);
void timers_run_virtual(void);

/*
 * The board's time counter (mtime): a fixed frequency derived from CLOCK_VIRTUAL, with an offset
 * that a write to mtime changes. One per machine; shared by CLINT and CPUs. Any thread, lock-free.
 */
typedef struct Timebase {
    uint64_t freq_hz; /* 1 .. 1,000,000,000 */
    uint64_t offset;  /* ticks added; atomic */
    GArray *listeners; /* private */
} Timebase;

void timebase_init(Timebase *tb, uint64_t freq_hz);
void timebase_destroy(Timebase *tb);
uint64_t timebase_read(const Timebase *tb);
void timebase_write(Timebase *tb, uint64_t ticks);
/* CLOCK_VIRTUAL ns at which the counter reaches `ticks` (rounded up), INT64_MAX if never. */
int64_t timebase_deadline_ns(const Timebase *tb, uint64_t ticks);
/* changed is called after the offset changed, on the writing thread: deadlines move. Added before
 * the machine runs. */
void timebase_add_listener(Timebase *tb, void (*changed)(void *opaque), void *opaque);

#endif
