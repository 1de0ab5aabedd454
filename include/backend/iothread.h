/*
 * A thread with a main context, for devices that are to be served elsewhere than on the main
 * thread: -object iothread. Implemented in system/.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BACKEND_IOTHREAD_H
#define VIREO_BACKEND_IOTHREAD_H

#include "qom/object.h"

#define TYPE_IOTHREAD "iothread"
OBJECT_DECLARE_SIMPLE(IOThread, IOTHREAD, TYPE_IOTHREAD)

/* The caller uses the thread's context until it gives it back; main thread. */
GMainContext *iothread_hold(IOThread *t);
void iothread_release(IOThread *t);
/* Returns when what the thread is doing now is done: sources that were destroyed before no longer
 * run then, and what was written before is seen by those that will. Main thread, no lock held. */
void iothread_sync(IOThread *t);
/* One line for "info iothreads"; g_free(). */
char *iothread_describe(IOThread *t);

#endif
