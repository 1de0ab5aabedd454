/*
 * The I/O threads of a back end, its io_uring if it has one, and the way back to the main loop.
 *
 * Threads are made as requests come in, up to BLK_MAX_THREADS. A finished request goes to a list; the
 * first one on it writes to an event descriptor, so that a busy disk costs one wake-up of the main
 * loop for many completions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void list_init(ReqList *l)
{
    l->head = NULL;
    l->tail = &l->head;
}

static void list_append(ReqList *l, BlockRequest *req)
{
    req->next = NULL;
    *l->tail = req;
    l->tail = &req->next;
}

static BlockRequest *list_take(ReqList *l)
{
    BlockRequest *req = l->head;

    if (req) {
        l->head = req->next;
        if (!l->head) {
            l->tail = &l->head;
        }
    }
    return req;
}

static void tell(BlkPool *p)
{
    uint64_t one = 1;
    /* Cannot fail: the counter is read to 0 before it could overflow. */
    ssize_t n = write(p->event_fd, &one, sizeof(one));

    (void)n;
}

/* Lock held. */
static void finish(BlkPool *p, BlockRequest *req)
{
    bool first = !p->finished.head;

    list_append(&p->finished, req);
    g_cond_broadcast(&p->progress);
    if (first) {
        tell(p);
    }
}

static gpointer io_thread(gpointer opaque)
{
    BlockBackend *blk = opaque;
    BlkPool *p = &blk->pool;
    BlockRequest **running;

    g_mutex_lock(&p->lock);
    running = &p->running[p->started++];
    for (;;) {
        BlockRequest *req = list_take(&p->pending);

        if (req) {
            *running = req;
            g_mutex_unlock(&p->lock);
            req->ret = blk_execute(blk, req);
            g_mutex_lock(&p->lock);
            *running = NULL;
            finish(p, req);
        } else if (p->quit) {
            break;
        } else {
            p->idle++;
            g_cond_wait(&p->work, &p->lock);
            p->idle--;
        }
    }
    g_mutex_unlock(&p->lock);
    return NULL;
}

/* Lock held. */
static bool add_thread(BlockBackend *blk, Error **errp)
{
    BlkPool *p = &blk->pool;
    GError *err = NULL;
    GThread *t = g_thread_try_new("block-io", io_thread, blk, &err);

    if (!t) {
        error_setg(errp, "cannot start an I/O thread: %s", err->message);
        g_error_free(err);
        return false;
    }
    g_ptr_array_add(p->handles, t);
    p->threads++;
    return true;
}

/* Lock held. */
static void give_to_threads(BlockBackend *blk, BlockRequest *req)
{
    BlkPool *p = &blk->pool;

    list_append(&p->pending, req);
    if (p->idle) {
        g_cond_signal(&p->work);
    } else if (p->threads < BLK_MAX_THREADS) {
        add_thread(blk, NULL); /* those there are do it if this fails */
    }
}

void blk_submit(BlockBackend *blk, BlockRequest *req)
{
    BlkPool *p = &blk->pool;

    req->blk = blk;
    req->ret = 0;
    g_mutex_lock(&p->lock);
    p->in_flight++;
    if (!p->uring || !blk_uring_submit(p->uring, blk, req)) {
        give_to_threads(blk, req);
    }
    g_mutex_unlock(&p->lock);
}

/* Lock held: takes one that io_uring has ended. */
static bool reap_one(BlockBackend *blk, bool wait)
{
    BlkPool *p = &blk->pool;
    bool redo = false;
    BlockRequest *req = p->uring ? blk_uring_reap(p->uring, wait, &redo) : NULL;

    if (req && redo) {
        give_to_threads(blk, req);
    } else if (req) {
        list_append(&p->finished, req);
    }
    return req != NULL;
}

/* Runs done() for what has finished. The thread of the context, or the main thread. */
static void run_finished(BlockBackend *blk)
{
    BlkPool *p = &blk->pool;
    BlockRequest *req;
    uint64_t count = 0;

    g_mutex_lock(&p->lock);
    while (reap_one(blk, false)) {
    }
    req = p->finished.head;
    list_init(&p->finished);
    g_mutex_unlock(&p->lock);
    while (req) {
        BlockRequest *next = req->next; /* done() frees req */

        req->done(req, req->ret);
        count++;
        req = next;
    }
    g_mutex_lock(&p->lock);
    p->in_flight -= count;
    g_cond_broadcast(&p->progress);
    g_mutex_unlock(&p->lock);
}

static gboolean event_cb(gint fd, GIOCondition cond, gpointer opaque)
{
    uint64_t n;
    ssize_t r = read(fd, &n, sizeof(n));

    (void)r; /* nothing to read: blk_drain() was faster */
    run_finished(opaque);
    return G_SOURCE_CONTINUE;
}

void blk_set_context(BlockBackend *blk, GMainContext *context)
{
    BlkPool *p = &blk->pool;

    if (p->source) {
        g_source_destroy(p->source);
        g_source_unref(p->source);
    }
    p->source = g_unix_fd_source_new(p->event_fd, G_IO_IN);
    g_source_set_callback(p->source, G_SOURCE_FUNC(event_cb), blk, NULL);
    g_source_attach(p->source, context);
}

bool blk_pool_start(BlockBackend *blk, Error **errp)
{
    BlkPool *p = &blk->pool;
    bool ok;

    p->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (p->event_fd < 0) {
        error_setg_errno(errp, errno, "cannot make an event descriptor");
        return false;
    }
    g_mutex_init(&p->lock);
    g_cond_init(&p->work);
    g_cond_init(&p->progress);
    list_init(&p->pending);
    list_init(&p->finished);
    p->handles = g_ptr_array_new();
    if (blk->aio != AIO_THREADS && blk->node->fd >= 0) {
        p->uring = blk_uring_new(p->event_fd);
    }
    blk_set_context(blk, NULL);
    blk->pool_running = true;
    /* At least one thread must exist, so that every request ends. */
    g_mutex_lock(&p->lock);
    ok = add_thread(blk, errp);
    g_mutex_unlock(&p->lock);
    if (!ok) {
        blk_pool_stop(blk);
    }
    return ok;
}

void blk_pool_stop(BlockBackend *blk)
{
    BlkPool *p = &blk->pool;

    if (!blk->pool_running) {
        return;
    }
    blk_drain(blk);
    g_mutex_lock(&p->lock);
    p->quit = true;
    g_cond_broadcast(&p->work);
    g_mutex_unlock(&p->lock);
    for (guint i = 0; i < p->handles->len; i++) {
        g_thread_join(g_ptr_array_index(p->handles, i));
    }
    g_ptr_array_unref(p->handles);
    g_source_destroy(p->source);
    g_source_unref(p->source);
    p->source = NULL;
    blk_uring_free(p->uring);
    p->uring = NULL;
    close(p->event_fd);
    g_mutex_clear(&p->lock);
    g_cond_clear(&p->work);
    g_cond_clear(&p->progress);
    blk->pool_running = false;
}

static bool is_running(BlkPool *p, bool (*match)(BlockRequest *req, void *opaque), void *opaque)
{
    for (unsigned i = 0; i < BLK_MAX_THREADS; i++) {
        if (p->running[i] && match(p->running[i], opaque)) {
            return true;
        }
    }
    return false;
}

/* True: what io_uring left to the threads may be among them now. */
static bool cancel_once(BlockBackend *blk, bool (*match)(BlockRequest *req, void *opaque),
                        void *opaque)
{
    BlkPool *p = &blk->pool;
    BlockRequest *req, *next;
    bool again = false;

    g_mutex_lock(&p->lock);
    req = p->pending.head;
    list_init(&p->pending);
    for (; req; req = next) {
        next = req->next;
        if (match(req, opaque)) {
            req->ret = -ECANCELED;
            finish(p, req);
        } else {
            list_append(&p->pending, req);
        }
    }
    while (p->uring && blk_uring_busy(p->uring, match, opaque)) {
        reap_one(blk, true);
        again = true;
    }
    while (is_running(p, match, opaque)) {
        g_cond_wait(&p->progress, &p->lock);
    }
    g_mutex_unlock(&p->lock);
    return again;
}

void blk_cancel(BlockBackend *blk, bool (*match)(BlockRequest *req, void *opaque), void *opaque)
{
    while (cancel_once(blk, match, opaque)) {
    }
    /* What was reaped here is in the list, which nobody was told of. */
    g_mutex_lock(&blk->pool.lock);
    tell(&blk->pool);
    g_mutex_unlock(&blk->pool.lock);
}

void blk_drain(BlockBackend *blk)
{
    BlkPool *p = &blk->pool;

    g_mutex_lock(&p->lock);
    while (p->in_flight) {
        if (p->finished.head) {
            g_mutex_unlock(&p->lock);
            run_finished(blk);
            g_mutex_lock(&p->lock);
        } else if (!reap_one(blk, true)) {
            g_cond_wait(&p->progress, &p->lock);
        }
    }
    g_mutex_unlock(&p->lock);
}
