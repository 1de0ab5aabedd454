/*
 * -object iothread: a thread that runs a main context for devices.
 *
 * SPDX-License-Identifier: MIT
 */
#include "backend/iothread.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "qom/property.h"
#include "qom/user-creatable.h"

struct IOThread {
    Object parent_obj;
    /* properties; threads here wait in poll(2), so these are only kept */
    int64_t poll_max_ns, poll_grow, poll_shrink, aio_max_batch;
    int64_t thread_pool_min, thread_pool_max;

    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    int tid;        /* atomic; of the host */
    unsigned users; /* main thread */
    GMutex lock;    /* of what follows */
    GCond cond;
    uint64_t synced;
};

static gpointer run(gpointer opaque)
{
    IOThread *t = opaque;

    __atomic_store_n(&t->tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
    g_main_context_push_thread_default(t->context);
    g_main_loop_run(t->loop);
    g_main_context_pop_thread_default(t->context);
    return NULL;
}

GMainContext *iothread_hold(IOThread *t)
{
    t->users++;
    return t->context;
}

void iothread_release(IOThread *t)
{
    t->users--;
}

static gboolean sync_cb(gpointer opaque)
{
    IOThread *t = opaque;

    g_mutex_lock(&t->lock);
    t->synced++;
    g_cond_signal(&t->cond);
    g_mutex_unlock(&t->lock);
    return G_SOURCE_REMOVE;
}

void iothread_sync(IOThread *t)
{
    GSource *source = g_idle_source_new();
    uint64_t target;

    g_mutex_lock(&t->lock);
    target = t->synced + 1;
    g_source_set_priority(source, G_PRIORITY_HIGH);
    g_source_set_callback(source, sync_cb, t, NULL);
    g_source_attach(source, t->context);
    g_source_unref(source);
    while (t->synced < target) {
        g_cond_wait(&t->cond, &t->lock);
    }
    g_mutex_unlock(&t->lock);
}

char *iothread_describe(IOThread *t)
{
    return g_strdup_printf("%s: thread_id=%d, users=%u", t->parent_obj.name,
                           __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE), t->users);
}

static bool iothread_complete(Object *obj, Error **errp)
{
    IOThread *t = IOTHREAD(obj);
    g_autofree char *name = g_strdup_printf("IO %.12s", obj->name);
    GError *err = NULL;

    if (t->thread_pool_min > t->thread_pool_max) {
        error_setg(errp, "'thread-pool-min' is greater than 'thread-pool-max'");
        return false;
    }
    t->context = g_main_context_new();
    t->loop = g_main_loop_new(t->context, FALSE);
    t->thread = g_thread_try_new(name, run, t, &err);
    if (!t->thread) {
        error_setg(errp, "cannot start a thread: %s", err->message);
        g_error_free(err);
        return false;
    }
    iothread_sync(t);
    return true;
}

static bool iothread_can_delete(Object *obj, Error **errp)
{
    IOThread *t = IOTHREAD(obj);

    if (t->users) {
        error_setg(errp, "iothread '%s' is in use by %u device%s", obj->name, t->users,
                   t->users == 1 ? "" : "s");
    }
    return !t->users;
}

static void iothread_init(Object *obj)
{
    g_mutex_init(&IOTHREAD(obj)->lock);
    g_cond_init(&IOTHREAD(obj)->cond);
}

static void iothread_finalize(Object *obj)
{
    IOThread *t = IOTHREAD(obj);

    if (t->thread) {
        g_main_loop_quit(t->loop);
        g_thread_join(t->thread);
    }
    if (t->loop) {
        g_main_loop_unref(t->loop);
        g_main_context_unref(t->context);
    }
    g_mutex_clear(&t->lock);
    g_cond_clear(&t->cond);
}

#define KEPT(name_, field_, def_, help_) \
    { PROP_(prop_i64, name_, IOThread, field_), .def.i = (def_), .max = INT64_MAX, .help = (help_) }

static const Property iothread_props[] = {
    KEPT("poll-max-ns", poll_max_ns, 32768, "accepted; the thread sleeps when it has no work"),
    KEPT("poll-grow", poll_grow, 0, "accepted"),
    KEPT("poll-shrink", poll_shrink, 0, "accepted"),
    KEPT("aio-max-batch", aio_max_batch, 0, "accepted"),
    KEPT("thread-pool-min", thread_pool_min, 0, "accepted; each disk has its own threads"),
    KEPT("thread-pool-max", thread_pool_max, 64, "accepted"),
    PROP_END
};

static void iothread_class_init(ObjectClass *klass, const void *data)
{
    klass->props = iothread_props;
    user_creatable_set_complete(klass, iothread_complete);
    user_creatable_set_can_delete(klass, iothread_can_delete);
}

static const char *const iothread_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo iothread_type = {
    .name = TYPE_IOTHREAD,
    .parent = TYPE_OBJECT,
    .desc = "thread that serves devices",
    .instance_size = sizeof(IOThread),
    .class_init = iothread_class_init,
    .instance_init = iothread_init,
    .instance_finalize = iothread_finalize,
    .interfaces = iothread_interfaces,
};
type_init(iothread_type);
