/*
 * What a character device may ask of the host. Implemented in chardev/; device models and the
 * monitor are front ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BACKEND_CHARDEV_H
#define VIREO_BACKEND_CHARDEV_H

#include "qom/object.h"

#define TYPE_CHARDEV "chardev"
OBJECT_DECLARE(Chardev, ChardevClass, CHARDEV, TYPE_CHARDEV)

typedef enum ChrEvent {
    CHR_EVENT_OPENED,  /* a peer is there; also at once by chr_attach() if there is one already */
    CHR_EVENT_CLOSED,
    CHR_EVENT_BREAK,
    CHR_EVENT_FOCUS,   /* behind a multiplexer: the keyboard is now this front end's */
    CHR_EVENT_UNFOCUS, /* also at once by chr_attach() if another front end has the keyboard */
} ChrEvent;

/* The front end's callbacks. All run on the main thread with no lock held. */
typedef struct ChrFrontend {
    /* Bytes that the front end can take now; 0 holds the input back until chr_accept_input(). */
    size_t (*can_receive)(void *opaque);
    void (*receive)(void *opaque, const uint8_t *buf, size_t len); /* len <= can_receive() */
    void (*event)(void *opaque, ChrEvent event); /* may be NULL */
    /* The output ring has room again after chr_write() took less than it was given; may be NULL. */
    void (*writable)(void *opaque);
    void *opaque;
    /* The character device is being freed with the front end still attached; may be NULL. */
    void (*gone)(void *opaque);
} ChrFrontend;

/* Connects the (one) front end; false if there is one already. A chardev-mux takes several. Main
 * thread. */
bool chr_attach(Chardev *chr, const ChrFrontend *fe, Error **errp);
void chr_detach(Chardev *chr, void *opaque);

/* Queues bytes for output and returns how many fitted. Never blocks; any thread. A back end that
 * has nobody listening takes everything and drops it. */
size_t chr_write(Chardev *chr, const uint8_t *buf, size_t len);

/* The front end can take input again. Any thread. */
void chr_accept_input(Chardev *chr);

#endif
