/*
 * What the kinds of character devices share.
 *
 * A back end implements output() and feeds input with chr_deliver(); the base class keeps the
 * output ring and calls output() on the main thread only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_CHARDEV_INT_H
#define VIREO_CHARDEV_INT_H

#include <sys/types.h>

#include "backend/chardev.h"
#include "qom/property.h"

#define CHR_RING_SIZE 65536

struct Chardev {
    Object parent_obj;
    ChrFrontend fe; /* main thread */
    bool attached;
    guint out_tag;  /* of the watch for room at out_fd(), 0: none; main thread */

    GMutex lock; /* guards the ring and the flags that follow */
    uint8_t *ring; /* CHR_RING_SIZE bytes, made on first use */
    size_t head, used;
    bool connected; /* somebody is there; if not, output is dropped */
    bool was_full;  /* chr_write() took less than it was given: `writable` is owed */
    bool draining;  /* a drain is queued on the main loop, or waits for out_fd */
    bool pulling;   /* an accept_input is queued on the main loop */

    char *log_path; /* logfile=: a copy of the output */
    bool log_append;
    int log_fd;     /* -1: none */
};

struct ChardevClass {
    ObjectClass parent_class;
    /* Writes what it can without blocking; the count, or a negative errno, -EAGAIN meaning that
     * out_fd() must become writable first. Main thread. */
    ssize_t (*output)(Chardev *chr, const uint8_t *buf, size_t len);
    int (*out_fd)(Chardev *chr);
    /* The front end can take input (again). Main thread. */
    void (*accept_input)(Chardev *chr);
    /* Instead of the ring and of the single front end; chardev-mux and chardev-ringbuf. */
    size_t (*write)(Chardev *chr, const uint8_t *buf, size_t len);
    bool (*attach)(Chardev *chr, const ChrFrontend *fe, Error **errp);
    void (*detach)(Chardev *chr, void *opaque);
    bool (*in_use)(Chardev *chr); /* NULL: `attached` */
    /* The other side in words, g_free(); NULL: the name of the backend. */
    char *(*describe)(Chardev *chr);
};

/* For back ends, on the main thread. */
size_t chr_can_receive(Chardev *chr);
void chr_deliver(Chardev *chr, const uint8_t *buf, size_t len);
void chr_send_event(Chardev *chr, ChrEvent event);
/* Sets `connected` and tells the front end. Disconnecting drops what the ring holds. */
void chr_set_connected(Chardev *chr, bool connected);
/* Writes out what the ring holds, waiting at most timeout_ms for a slow peer. Main thread. */
void chr_flush(Chardev *chr, int timeout_ms);

#endif
