/*
 * Character devices whose other side is a pair of file descriptors.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_CHARDEV_FD_H
#define VIREO_CHARDEV_FD_H

#include "chardev/chardev-int.h"

#define TYPE_CHARDEV_FD "chardev-fd"
OBJECT_DECLARE(FdChardev, FdChardevClass, FD_CHARDEV, TYPE_CHARDEV_FD)

struct FdChardev {
    Chardev parent_obj;
    int in_fd, out_fd; /* -1: none; may be the same */
    guint in_tag;      /* of the watch for input, 0: not watching */
};

struct FdChardevClass {
    ChardevClass parent_class;
    /* Input ended or failed; NULL: nothing more is read. Main thread. */
    void (*hangup)(FdChardev *f);
    /* Takes out of the input what is not for the front end; the bytes that stay. May be NULL. */
    size_t (*filter)(FdChardev *f, uint8_t *buf, size_t len);
};

/* Takes over the descriptors and goes to work. */
void fd_chardev_start(FdChardev *f, int in_fd, int out_fd);
/* Stops watching and closes them. */
void fd_chardev_stop(FdChardev *f);

#endif
