/*
 * Tells ThreadSanitizer about GLib's locks, which GLib makes from futexes that it cannot see through.
 * In builds with -Db_sanitize=thread only: these definitions stand in front of GLib's and call them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <glib.h>

void __tsan_acquire(void *addr);
void __tsan_release(void *addr);

/* Looked up at each call: no state to race on, and a sanitizer build is slow anyway. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define LOCK(Type, lock, unlock, trylock) \
    void lock(Type *m)                    \
    {                                     \
        REAL(lock)(m);                    \
        __tsan_acquire(m);                \
    }                                     \
    void unlock(Type *m)                  \
    {                                     \
        __tsan_release(m);                \
        REAL(unlock)(m);                  \
    }                                     \
    gboolean trylock(Type *m)             \
    {                                     \
        gboolean ok = REAL(trylock)(m);   \
        if (ok)                           \
            __tsan_acquire(m);            \
        return ok;                        \
    }

LOCK(GMutex, g_mutex_lock, g_mutex_unlock, g_mutex_trylock)
LOCK(GRecMutex, g_rec_mutex_lock, g_rec_mutex_unlock, g_rec_mutex_trylock)
LOCK(GRWLock, g_rw_lock_writer_lock, g_rw_lock_writer_unlock, g_rw_lock_writer_trylock)
LOCK(GRWLock, g_rw_lock_reader_lock, g_rw_lock_reader_unlock, g_rw_lock_reader_trylock)

void g_cond_wait(GCond *cond, GMutex *m)
{
    __tsan_release(m);
    REAL(g_cond_wait)(cond, m);
    __tsan_acquire(m);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *m, gint64 end_time)
{
    gboolean woken;

    __tsan_release(m);
    woken = REAL(g_cond_wait_until)(cond, m, end_time);
    __tsan_acquire(m);
    return woken;
}
