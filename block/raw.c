/*
 * Raw image files and block devices.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/bits.h"
#include "util/keyval.h"

/* ---- What the file is ---- */

static const struct {
    const char *name;
    unsigned offset;
    const char *magic;
    unsigned len;
} known_formats[] = {
    { "qcow2", 0, "QFI\xfb", 4 },
    { "qed", 0, "QED", 4 },
    { "vmdk", 0, "KDMV", 4 },
    { "vmdk", 0, "# Disk DescriptorFile", 21 },
    { "vhdx", 0, "vhdxfile", 8 },
    { "vpc", 0, "conectix", 8 },
    { "vdi", 64, "\x7f\x10\xda\xbe", 4 },
    { "luks", 0, "LUKS\xba\xbe", 6 },
    { "parallels", 0, "WithoutFreeSpace", 16 },
    { "parallels", 0, "WithouFreSpacExt", 16 },
};

static const char *foreign_format(int fd)
{
    char head[128] = { 0 };

    if (pread(fd, head, sizeof(head), 0) < 0) {
        return NULL;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(known_formats); i++) {
        if (!memcmp(head + known_formats[i].offset, known_formats[i].magic,
                    known_formats[i].len)) {
            return known_formats[i].name;
        }
    }
    return NULL;
}

static bool check_format(BlockBackend *blk, Error **errp)
{
    const char *found;

    if (blk->format && strcmp(blk->format, "raw")) {
        static const char *const names[] = { "raw", NULL };
        const char *near = nearest_name(blk->format, names);

        error_setg(errp, "format '%s' is not supported, only 'raw' is%s", blk->format,
                   near ? " (did you mean 'raw'?)" : "");
        return false;
    }
    found = blk->format ? NULL : foreign_format(blk->fd);
    if (found) {
        error_setg(errp, "'%s' looks like a %s image, which is not supported; format=raw would "
                   "show the guest its bytes as they are", blk->file, found);
        return false;
    }
    return true;
}

static bool find_size(BlockBackend *blk, const struct stat *st, Error **errp)
{
    uint64_t bytes = st->st_size;

    if (S_ISBLK(st->st_mode)) {
        if (ioctl(blk->fd, BLKGETSIZE64, &bytes)) {
            error_setg_errno(errp, errno, "cannot find the size of '%s'", blk->file);
            return false;
        }
        blk->is_blkdev = true;
    } else if (!S_ISREG(st->st_mode)) {
        error_setg(errp, "'%s' is %s, not a disk image or block device", blk->file,
                   S_ISDIR(st->st_mode) ? "a directory" : S_ISFIFO(st->st_mode) ? "a pipe"
                   : S_ISCHR(st->st_mode) ? "a character device" : "a special file");
        return false;
    }
    if (bytes == 0) {
        error_setg(errp, "'%s' is empty", blk->file);
        return false;
    }
    if (bytes > INT64_MAX - BLOCK_SECTOR) {
        error_setg(errp, "'%s' is too large", blk->file);
        return false;
    }
    /* A last sector that the file has only part of is readable, its rest zero. */
    blk->size = align_up(bytes, BLOCK_SECTOR);
    return true;
}

bool raw_open(BlockBackend *blk, Error **errp)
{
    bool writer = !blk->read_only && !blk->snapshot;
    struct stat st;
    int e;

    if (!blk->file || !blk->file[0]) {
        error_setg(errp, "property 'file' is missing");
        return false;
    }
    /* O_NONBLOCK: a pipe must not keep us waiting for its other end. */
    blk->fd = open(blk->file, (writer ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (blk->fd < 0) {
        e = errno;
        if (e == EISDIR) {
            error_setg(errp, "'%s' is a directory, not a disk image or block device", blk->file);
        } else {
            bool readable = writer && (e == EACCES || e == EROFS || e == EPERM) &&
                            access(blk->file, R_OK) == 0;
            error_setg(errp, "cannot open '%s'%s: %s%s", blk->file,
                       writer && readable ? " for writing" : "", strerror(e),
                       readable ? " (readonly=on or snapshot=on would do)" : "");
        }
        return false;
    }
    if (fstat(blk->fd, &st)) {
        error_setg_errno(errp, errno, "cannot look at '%s'", blk->file);
        return false;
    }
    return find_size(blk, &st, errp) && check_format(blk, errp) &&
           raw_lock(blk->fd, blk->file, writer, errp);
}

/* ---- I/O ---- */

/* Drops the first n bytes of the list. */
static void advance(struct iovec **iov, int *cnt, size_t n)
{
    while (*cnt && n >= (*iov)->iov_len) {
        n -= (*iov)->iov_len;
        (*iov)++;
        (*cnt)--;
    }
    if (*cnt) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + n;
        (*iov)->iov_len -= n;
    }
}

int raw_preadv(int fd, struct iovec *iov, int cnt, uint64_t offset)
{
    advance(&iov, &cnt, 0);
    while (cnt) {
        ssize_t n = preadv(fd, iov, cnt, offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        if (n == 0) { /* behind the end of the file */
            for (int i = 0; i < cnt; i++) {
                memset(iov[i].iov_base, 0, iov[i].iov_len);
            }
            return 0;
        }
        offset += n;
        advance(&iov, &cnt, n);
    }
    return 0;
}

int raw_pwritev(int fd, struct iovec *iov, int cnt, uint64_t offset)
{
    advance(&iov, &cnt, 0);
    while (cnt) {
        ssize_t n = pwritev(fd, iov, cnt, offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -ENOSPC;
        }
        offset += n;
        advance(&iov, &cnt, n);
    }
    return 0;
}

int raw_discard(BlockBackend *blk, uint64_t offset, uint64_t bytes)
{
    int r;

    do {
        r = fallocate(blk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
    } while (r && errno == EINTR);
    if (r && errno != EOPNOTSUPP && errno != ENOSYS && errno != ENODEV) {
        return -errno;
    }
    return 0; /* a hint: where it cannot be followed, nothing is wrong */
}

int raw_write_zeroes(int fd, uint64_t offset, uint64_t bytes, bool may_unmap)
{
    static const char zero[64 * 1024];
    int mode = may_unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE;

    if (fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, offset, bytes) == 0) {
        return 0;
    }
    while (bytes) {
        struct iovec iov = { (void *)zero, MIN(bytes, sizeof(zero)) };
        uint64_t n = iov.iov_len;
        int r = raw_pwritev(fd, &iov, 1, offset);

        if (r) {
            return r;
        }
        offset += n;
        bytes -= n;
    }
    return 0;
}
