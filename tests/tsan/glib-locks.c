/*
 * GLib's locks on top of pthreads, for ThreadSanitizer builds only. GLib's own are futexes in a
 * library that is not instrumented, so the sanitizer does not see them and reports every access
 * that they order. These definitions in the program come before the library's. The library itself
 * goes on with its own, so what it builds on them is here again if the program uses it: queues.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

G_STATIC_ASSERT(sizeof(GMutex) >= sizeof(void *));

/* The pthread object behind a zero-initialised GLib one, made on first use. */
#define BEHIND(type, lower, init)                                                         \
    static type *lower##_of(void *slot)                                                   \
    {                                                                                     \
        type **p = slot, *old = __atomic_load_n(p, __ATOMIC_ACQUIRE), *new;               \
                                                                                          \
        if (old) {                                                                        \
            return old;                                                                   \
        }                                                                                 \
        new = g_malloc0(sizeof(*new));                                                    \
        init;                                                                             \
        if (__atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_ACQ_REL,            \
                                        __ATOMIC_ACQUIRE)) {                              \
            return new;                                                                   \
        }                                                                                 \
        g_free(new);                                                                      \
        return old;                                                                       \
    }

static void init_recursive(pthread_mutex_t *m)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(m, &attr);
}

static void init_monotonic(pthread_cond_t *c)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attr);
}

BEHIND(pthread_mutex_t, mutex, pthread_mutex_init(new, NULL))
BEHIND(pthread_mutex_t, rec_mutex, init_recursive(new))
BEHIND(pthread_cond_t, cond, init_monotonic(new))

void g_mutex_init(GMutex *m)
{
    m->p = NULL;
}

void g_mutex_clear(GMutex *m)
{
    if (m->p) {
        pthread_mutex_destroy(m->p);
        g_free(m->p);
        m->p = NULL;
    }
}

void g_mutex_lock(GMutex *m)
{
    pthread_mutex_lock(mutex_of(m));
}

gboolean g_mutex_trylock(GMutex *m)
{
    return pthread_mutex_trylock(mutex_of(m)) == 0;
}

void g_mutex_unlock(GMutex *m)
{
    pthread_mutex_unlock(mutex_of(m));
}

void g_rec_mutex_init(GRecMutex *m)
{
    m->p = NULL;
}

void g_rec_mutex_clear(GRecMutex *m)
{
    if (m->p) {
        pthread_mutex_destroy(m->p);
        g_free(m->p);
        m->p = NULL;
    }
}

void g_rec_mutex_lock(GRecMutex *m)
{
    pthread_mutex_lock(rec_mutex_of(m));
}

gboolean g_rec_mutex_trylock(GRecMutex *m)
{
    return pthread_mutex_trylock(rec_mutex_of(m)) == 0;
}

void g_rec_mutex_unlock(GRecMutex *m)
{
    pthread_mutex_unlock(rec_mutex_of(m));
}

void g_cond_init(GCond *c)
{
    c->p = NULL;
}

void g_cond_clear(GCond *c)
{
    if (c->p) {
        pthread_cond_destroy(c->p);
        g_free(c->p);
        c->p = NULL;
    }
}

void g_cond_wait(GCond *c, GMutex *m)
{
    pthread_cond_wait(cond_of(c), mutex_of(m));
}

gboolean g_cond_wait_until(GCond *c, GMutex *m, gint64 end_time)
{
    struct timespec ts = { end_time / G_USEC_PER_SEC, end_time % G_USEC_PER_SEC * 1000 };

    return pthread_cond_timedwait(cond_of(c), mutex_of(m), &ts) == 0;
}

void g_cond_signal(GCond *c)
{
    pthread_cond_signal(cond_of(c));
}

void g_cond_broadcast(GCond *c)
{
    pthread_cond_broadcast(cond_of(c));
}

/* ---- Queues: those functions that the program calls; the struct is no other's business ---- */

struct _GAsyncQueue {
    GMutex lock;
    GCond filled;
    GQueue items;
};

GAsyncQueue *g_async_queue_new(void)
{
    GAsyncQueue *q = g_malloc0(sizeof(*q));

    g_queue_init(&q->items);
    return q;
}

void g_async_queue_unref(GAsyncQueue *q)
{
    g_queue_clear(&q->items);
    g_cond_clear(&q->filled);
    g_mutex_clear(&q->lock);
    g_free(q);
}

void g_async_queue_push(GAsyncQueue *q, gpointer item)
{
    g_mutex_lock(&q->lock);
    g_queue_push_tail(&q->items, item);
    g_cond_signal(&q->filled);
    g_mutex_unlock(&q->lock);
}

gpointer g_async_queue_pop(GAsyncQueue *q)
{
    gpointer item;

    g_mutex_lock(&q->lock);
    while (!q->items.length) {
        g_cond_wait(&q->filled, &q->lock);
    }
    item = g_queue_pop_head(&q->items);
    g_mutex_unlock(&q->lock);
    return item;
}
