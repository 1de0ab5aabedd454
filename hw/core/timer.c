/*
 * Timers: one binary heap per clock, and host timers set to the earliest deadline. Arming a timer is
 * a timerfd_settime() at most, and nothing at all when the deadline moves later: the main loop
 * sleeps through it, and on the rare early wake-up sets the host timer again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "hw/core/time-internal.h"

#define NR_CLOCKS 3
#define MAX_FIRED_PER_RUN 256 /* so that a timer which rearms in the past cannot stop the main loop */

/* Two host timers: virtual and monotonic deadlines share one, the realtime one follows the host's
 * clock when that is set. */
enum { HOST_MONO, HOST_REAL, NR_HOST };

/* The timers of the process. */
static struct {
    GMutex lock;
    GPtrArray *heap[NR_CLOCKS];
    int fd[NR_HOST], epoll_fd;
    int64_t armed[NR_HOST]; /* what the host timer is set to; INT64_MAX: off */
} timers = { .epoll_fd = -1, .fd = { -1, -1 }, .armed = { INT64_MAX, INT64_MAX } };

static Timer *heap_at(GPtrArray *heap, guint i)
{
    return g_ptr_array_index(heap, i);
}

static void heap_put(GPtrArray *heap, guint i, Timer *t)
{
    g_ptr_array_index(heap, i) = t;
    t->heap_index = i + 1;
}

/* Moves the timer at i to where it belongs. */
static void heap_fix(GPtrArray *heap, guint i)
{
    Timer *t = heap_at(heap, i);

    while (i > 0 && heap_at(heap, (i - 1) / 2)->expire_ns > t->expire_ns) {
        heap_put(heap, i, heap_at(heap, (i - 1) / 2));
        i = (i - 1) / 2;
    }
    for (;;) {
        guint child = 2 * i + 1;

        if (child + 1 < heap->len &&
            heap_at(heap, child + 1)->expire_ns < heap_at(heap, child)->expire_ns) {
            child++;
        }
        if (child >= heap->len || heap_at(heap, child)->expire_ns >= t->expire_ns) {
            break;
        }
        heap_put(heap, i, heap_at(heap, child));
        i = child;
    }
    heap_put(heap, i, t);
}

static void heap_remove(GPtrArray *heap, Timer *t)
{
    guint i = t->heap_index - 1;
    Timer *last = heap_at(heap, heap->len - 1);

    t->heap_index = 0;
    g_ptr_array_set_size(heap, heap->len - 1);
    if (last != t) {
        heap_put(heap, i, last);
        heap_fix(heap, i);
    }
}

static GPtrArray *heap_of(ClockType clock)
{
    if (!timers.heap[clock]) {
        timers.heap[clock] = g_ptr_array_new();
    }
    return timers.heap[clock];
}

static int64_t earliest(ClockType clock)
{
    GPtrArray *heap = heap_of(clock);

    return heap->len ? heap_at(heap, 0)->expire_ns : INT64_MAX;
}

/* Sets a host timer to when, or leaves it if it is set to something earlier (unless force). */
static void arm_host(int which, int64_t when, bool force)
{
    struct itimerspec its = { 0 };

    if (timers.fd[which] < 0 || (when >= timers.armed[which] && !force) ||
        (when == INT64_MAX && timers.armed[which] == INT64_MAX)) {
        return;
    }
    timers.armed[which] = when;
    if (when != INT64_MAX) {
        /* 0 would switch it off; a time long past fires at once. */
        its.it_value.tv_sec = when > 0 ? when / NS_PER_S : 0;
        its.it_value.tv_nsec = when > 0 ? when % NS_PER_S : 1;
    }
    timerfd_settime(timers.fd[which], TFD_TIMER_ABSTIME, &its, NULL);
}

static void arm(bool force)
{
    int64_t mono = earliest(CLOCK_MONO);
    int64_t virt = earliest(CLOCK_VIRTUAL);

    if (clock_virtual_counted()) {
        virt = INT64_MAX;
    } else if (virt != INT64_MAX) {
        virt = clock_virtual_to_mono(virt);
    }
    arm_host(HOST_MONO, mono < virt ? mono : virt, force);
    arm_host(HOST_REAL, earliest(CLOCK_HOST), force);
}

void timers_clock_changed(void)
{
    g_mutex_lock(&timers.lock);
    arm(true);
    g_mutex_unlock(&timers.lock);
}

void timer_init(Timer *t, ClockType clock, TimerFn fn, void *opaque)
{
    *t = (Timer){ .clock = clock, .expire_ns = -1, .fn = fn, .opaque = opaque };
}

void timer_mod_ns(Timer *t, int64_t expire_ns)
{
    GPtrArray *heap;

    if (expire_ns < 0) {
        expire_ns = 0;
    }
    g_mutex_lock(&timers.lock);
    heap = heap_of(t->clock);
    __atomic_store_n(&t->expire_ns, expire_ns, __ATOMIC_RELAXED);
    if (!t->heap_index) {
        g_ptr_array_add(heap, t);
        t->heap_index = heap->len;
    }
    heap_fix(heap, t->heap_index - 1);
    arm(false);
    g_mutex_unlock(&timers.lock);
    if (t->clock == CLOCK_VIRTUAL) {
        clock_virtual_deadline_changed();
    }
}

void timer_del(Timer *t)
{
    g_mutex_lock(&timers.lock);
    if (t->heap_index) {
        heap_remove(heap_of(t->clock), t);
    }
    __atomic_store_n(&t->expire_ns, -1, __ATOMIC_RELAXED);
    g_mutex_unlock(&timers.lock);
}

static bool open_host_timers(void)
{
    static const int ids[NR_HOST] = { CLOCK_MONOTONIC, CLOCK_REALTIME };

    timers.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; timers.epoll_fd >= 0 && i < NR_HOST; i++) {
        struct epoll_event ev = { .events = EPOLLIN, .data.u32 = i };

        timers.fd[i] = timerfd_create(ids[i], TFD_NONBLOCK | TFD_CLOEXEC);
        if (timers.fd[i] < 0 ||
            epoll_ctl(timers.epoll_fd, EPOLL_CTL_ADD, timers.fd[i], &ev) != 0) {
            int err = errno;
            for (int j = 0; j < NR_HOST && timers.fd[j] >= 0; j++) {
                close(timers.fd[j]);
                timers.fd[j] = -1;
            }
            close(timers.epoll_fd);
            timers.epoll_fd = -1;
            errno = err;
            return false;
        }
    }
    return timers.epoll_fd >= 0;
}

int timers_fd(void)
{
    g_mutex_lock(&timers.lock);
    if (timers.epoll_fd < 0 && open_host_timers()) {
        arm(true);
    }
    g_mutex_unlock(&timers.lock);
    return timers.epoll_fd;
}

/* Takes a timer that is due out of its heap; NULL if there is none. Lock held. */
static Timer *pop_due(ClockType clock, int64_t now)
{
    GPtrArray *heap = heap_of(clock);
    Timer *t = heap->len ? heap_at(heap, 0) : NULL;

    if (!t || t->expire_ns > now || t->expire_ns == INT64_MAX) {
        return NULL;
    }
    heap_remove(heap, t);
    __atomic_store_n(&t->expire_ns, -1, __ATOMIC_RELAXED);
    return t;
}

/* Runs what is due on a clock, within the bound of *fired. Lock held, but not while they run. */
static void run_clock(ClockType clock, unsigned *fired)
{
    int64_t now = clock_get_ns(clock);
    Timer *t;

    while (*fired < MAX_FIRED_PER_RUN && (t = pop_due(clock, now))) {
        TimerFn fn = t->fn;
        void *opaque = t->opaque;

        ++*fired;
        g_mutex_unlock(&timers.lock);
        fn(opaque);
        g_mutex_lock(&timers.lock);
    }
}

int64_t timers_virtual_deadline(void)
{
    int64_t when;

    g_mutex_lock(&timers.lock);
    when = earliest(CLOCK_VIRTUAL);
    g_mutex_unlock(&timers.lock);
    return when;
}

void timers_run_virtual(void)
{
    unsigned fired = 0;

    g_mutex_lock(&timers.lock);
    run_clock(CLOCK_VIRTUAL, &fired);
    g_mutex_unlock(&timers.lock);
}

void timers_run(void)
{
    unsigned fired = 0;
    uint64_t count;

    g_mutex_lock(&timers.lock);
    for (int i = 0; i < NR_HOST; i++) {
        if (timers.fd[i] >= 0 && read(timers.fd[i], &count, sizeof(count)) > 0) {
            timers.armed[i] = INT64_MAX;
        }
    }
    for (int clock = 0; clock < NR_CLOCKS; clock++) {
        if (clock != CLOCK_VIRTUAL || !clock_virtual_counted()) {
            run_clock(clock, &fired);
        }
    }
    arm(true);
    g_mutex_unlock(&timers.lock);
}
