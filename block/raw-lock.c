/*
 * Locks on image files, so that no two writers share one.
 *
 * Locks of open file descriptions, on the bytes that QEMU uses, so that the two respect each other:
 * byte 100+P says "I use permission P", byte 200+P "nobody else may use it". All are read locks;
 * conflicts are found by asking whether a write lock would be refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define USE 100
#define FORBID 200
enum { PERM_READ = 0, PERM_WRITE = 1 };

static int lock_byte(int fd, off_t byte)
{
    struct flock fl = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

    return fcntl(fd, F_OFD_SETLK, &fl) ? errno : 0;
}

static bool held_by_other(int fd, off_t byte)
{
    struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

    return fcntl(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK;
}

bool raw_lock(int fd, const BlockOpen *o, Error **errp)
{
    int e;

    if (o->locking == LOCKING_OFF) {
        return true;
    }
    e = lock_byte(fd, USE + PERM_READ);
    if (!e && !o->force_share) {
        e = lock_byte(fd, FORBID + PERM_WRITE);
    }
    if (!e && o->writer) {
        e = lock_byte(fd, USE + PERM_WRITE);
    }
    if (e && e != EAGAIN && e != EACCES) {
        if (o->locking == LOCKING_ON) {
            error_setg(errp, "locking=on: '%s' cannot be locked: %s", o->name, strerror(e));
            return false;
        }
        return true; /* a file system without locks */
    }
    if ((!o->force_share && (e || held_by_other(fd, USE + PERM_WRITE))) ||
        held_by_other(fd, FORBID + PERM_READ)) {
        error_setg(errp, "'%s' is in use: another drive or process writes it", o->name);
        return false;
    }
    if (o->writer && held_by_other(fd, FORBID + PERM_WRITE)) {
        error_setg(errp, "'%s' is in use: another drive or process reads it, and could share it "
                   "only with readonly=on or snapshot=on", o->name);
        return false;
    }
    return true;
}
