/*
 * What the command line and the process need of character devices, beyond what a device may ask.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_CHARDEV_H
#define VIREO_SYSTEM_CHARDEV_H

#include "backend/chardev.h"
#include "util/keyval.h"

#define CHARDEV_CONTAINER "/chardevs"
#define CHARDEV_TYPE_PREFIX "chardev-"
#define TYPE_CHARDEV_STDIO "chardev-stdio"
#define TYPE_CHARDEV_FILE "chardev-file"
#define TYPE_CHARDEV_NULL "chardev-null"
#define TYPE_CHARDEV_SOCKET "chardev-socket"
#define TYPE_CHARDEV_MUX "chardev-mux"
#define TYPE_CHARDEV_PIPE "chardev-pipe"
#define TYPE_CHARDEV_PTY "chardev-pty"
#define TYPE_CHARDEV_RINGBUF "chardev-ringbuf"
#define TYPE_CHARDEV_SERIAL "chardev-serial"

/*
 * -chardev BACKEND,id=ID[,mux=on][,PROP=VALUE]: the object /chardevs/ID. With mux=on that is a
 * multiplexer, and the back end is /chardevs/ID-base. NULL leaves nothing behind.
 */
Chardev *chardev_new(KeyVals *kv, Error **errp);

/*
 * The short form of -serial and -monitor, see chardev_forms_help(): "stdio", "tcp:HOST:PORT,KEY=VALUE",
 * "chardev:ID", and "mon:FORM" for one that a monitor shares (*monitor is set). "none" gives
 * *chr = NULL.
 */
bool chardev_new_short(const char *id, const char *form, Chardev **chr, bool *monitor,
                       Error **errp);

/* Takes the oldest bytes out of a chardev-ringbuf; returns how many there were. Any thread. */
size_t chardev_ringbuf_read(Chardev *chr, uint8_t *buf, size_t len);

/* What the other side is, for "info chardev": "unix:/tmp/s,server=on". g_free(). Main thread. */
char *chardev_describe(Chardev *chr);

/* Bytes as if the other side had sent them, as far as the front end takes them. Main thread. */
size_t chardev_inject(Chardev *chr, const uint8_t *buf, size_t len);
/* The front end sees a BREAK. Main thread. */
void chardev_send_break(Chardev *chr);
/* Whether a front end is attached; a multiplexer counts as in use once it has one. Main thread. */
bool chardev_in_use(Chardev *chr);

/* Appends a line for each short form that chardev_new_short() takes. */
void chardev_forms_help(GString *out);

/* Writes out what all of them hold, for a slow peer within timeout_ms. Main thread. */
void chardev_flush_all(int timeout_ms);

/* The terminal: cooked before the process stops, raw again when it goes on. Main thread. */
void terminal_suspend(void);
void terminal_resume(void);
/* Puts the terminal back as it was found; async-signal-safe, may be called again. */
void terminal_restore(void);

#endif
