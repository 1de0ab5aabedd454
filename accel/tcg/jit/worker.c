/*
 * A thread that compiles, so that vCPUs go on interpreting meanwhile.
 *
 * A vCPU collects a region's blocks (that needs what it remembers of jumps), and the thread does the rest, one
 * region after the other. What was dropped in the meantime is noticed under TCGState.lock before the code
 * is published. Memory of blocks and code is taken back only while the thread stands still.
 *
 * A wake-up costs the vCPU more than collecting the region does (on a virtual host, an interrupt to another
 * processor), and regions come in bursts. So the thread looks for work by itself while there was some lately,
 * and is woken only after a time without.
 *
 * While it waits, it has the host clear the memory that blocks will take next. Where that is slow (a virtual
 * host that has not used it yet: milliseconds for a huge page) vCPUs would wait for it.
 *
 * Locks: busy, which is held while a region is compiled, before TCGState.lock, which guards the queue.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/mman.h>

#include "accel/tcg/jit/jit.h"

#define SLOTS 16     /* regions that wait; what finds no room is left to be come to again */
#define NAP_US 200   /* before it looks again; twice as long each time that there is nothing */
#define NAPS 6       /* without work, 12 ms, before it wants to be woken */

struct JitWorker {
    Jit *j;
    GThread *thread; /* NULL: there has been nothing to do yet */
    GMutex busy;
    GCond wake;
    bool stop;
    bool asleep;         /* wants to be woken */
    Region *slot[SLOTS]; /* a ring; made when first used */
    unsigned first, n;
};

/* Holds busy and the lock while there is something to do. */
static Region *begin(JitWorker *w)
{
    g_mutex_lock(&w->busy);
    g_mutex_lock(&w->j->s->lock);
    return w->n && !w->stop ? w->slot[w->first] : NULL;
}

static void end(JitWorker *w)
{
    g_mutex_unlock(&w->j->s->lock);
    g_mutex_unlock(&w->busy);
}

static void done_with_first(JitWorker *w)
{
    w->first = (w->first + 1) % SLOTS;
    w->n--;
}

/* With the lock held, which it lets go meanwhile. False: there was nothing to be had. */
static bool take_memory(TCGState *s)
{
    size_t size;
    void *p = tb_memory_ahead(s, &size);

    if (!p)
        return false;
    g_mutex_unlock(&s->lock);
#ifdef MADV_POPULATE_WRITE
    madvise(p, size, MADV_POPULATE_WRITE); /* if it fails, whoever writes there asks for it */
#endif
    g_mutex_lock(&s->lock);
    return true;
}

/* With the lock held, which it lets go while it waits. */
static void wait_a_while(JitWorker *w, unsigned naps)
{
    if (take_memory(w->j->s))
        return;
    if (naps < NAPS) {
        g_mutex_unlock(&w->j->s->lock);
        g_usleep(NAP_US << naps);
        g_mutex_lock(&w->j->s->lock);
        return;
    }
    w->asleep = true;
    g_cond_wait(&w->wake, &w->j->s->lock);
    w->asleep = false;
}

static bool wait_for_work(JitWorker *w)
{
    bool stop;

    g_mutex_lock(&w->j->s->lock);
    for (unsigned naps = 0; !w->n && !w->stop; naps++)
        wait_a_while(w, naps);
    stop = w->stop;
    g_mutex_unlock(&w->j->s->lock);
    return !stop;
}

static gpointer work(gpointer opaque)
{
    JitWorker *w = opaque;

    while (wait_for_work(w)) {
        Region *r = begin(w);
        if (r) {
            jit_finish(w->j, r, true);
            done_with_first(w);
        }
        end(w);
    }
    return NULL;
}

JitWorker *jit_worker_new(Jit *j)
{
    JitWorker *w = g_new0(JitWorker, 1);

    w->j = j;
    g_mutex_init(&w->busy);
    g_cond_init(&w->wake);
    return w;
}

void jit_worker_free(JitWorker *w)
{
    if (!w)
        return;
    if (w->thread) {
        g_mutex_lock(&w->j->s->lock);
        w->stop = true;
        g_cond_signal(&w->wake);
        g_mutex_unlock(&w->j->s->lock);
        g_thread_join(w->thread);
    }
    for (unsigned n = 0; n < SLOTS; n++)
        g_free(w->slot[n]);
    g_cond_clear(&w->wake);
    g_mutex_clear(&w->busy);
    g_free(w);
}

Region *jit_worker_slot(JitWorker *w)
{
    Region **slot = &w->slot[(w->first + w->n) % SLOTS];

    if (w->n == SLOTS)
        return NULL;
    if (!*slot)
        *slot = g_new(Region, 1);
    return *slot;
}

void jit_worker_push(JitWorker *w)
{
    w->n++;
    if (!w->thread)
        w->thread = g_thread_new("jit", work, w);
    if (w->asleep)
        g_cond_signal(&w->wake);
}

void jit_pause(TCGState *s)
{
    if (s->jit && s->jit->worker)
        g_mutex_lock(&s->jit->worker->busy);
}

void jit_resume(TCGState *s)
{
    if (s->jit && s->jit->worker)
        g_mutex_unlock(&s->jit->worker->busy);
}

void jit_forget_waiting(TCGState *s)
{
    JitWorker *w = s->jit ? s->jit->worker : NULL;

    while (w && w->n) {
        __atomic_store_n(&w->slot[w->first]->head->hits, 0, __ATOMIC_RELAXED);
        done_with_first(w);
    }
}
