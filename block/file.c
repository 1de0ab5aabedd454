/*
 * What is below a back end: opening files and block devices, and finding out what they are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
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

static const char *const drivers[] = { "raw", "file", "host_device", "null-co", "null-aio", NULL };
static const char *const other_drivers[] = {
    "qcow2", "qcow", "qed", "vmdk", "vhdx", "vpc", "vdi", "luks", "parallels", "bochs", "cloop",
    "dmg", "blkdebug", "blklogwrites", "blkverify", "copy-on-read", "quorum", "throttle", "nbd",
    "rbd", "nfs", "iscsi", "ssh", "http", "https", "ftp", "ftps", "nvme", "host_cdrom", "preallocate",
    "compress", "snapshot-access", "io_uring", "virtio-blk-vhost-user", NULL,
};

bool block_driver_is_null(const char *driver)
{
    return driver && g_str_has_prefix(driver, "null-");
}

bool block_driver_check(const char *driver, Error **errp)
{
    g_autofree char *all = NULL;
    const char *near;

    if (!driver || g_strv_contains(drivers, driver)) {
        return true;
    }
    all = g_strjoinv(", ", (char **)drivers);
    if (g_strv_contains(other_drivers, driver)) {
        error_setg(errp, "driver '%s' is not supported yet (there are: %s)", driver, all);
        return false;
    }
    near = nearest_name(driver, drivers);
    if (near) {
        error_setg(errp, "no driver '%s' (did you mean '%s'?)", driver, near);
    } else {
        error_setg(errp, "no driver '%s' (there are: %s)", driver, all);
    }
    return false;
}

static bool check_format(BlockFile *f, const BlockOpen *o, Error **errp)
{
    const char *found = o->probe_format ? foreign_format(f->fd) : NULL;

    if (found) {
        error_setg(errp, "'%s' looks like a %s image, which is not supported yet; format=raw would "
                   "show the guest its bytes as they are", f->name, found);
    }
    return !found;
}

static bool find_size(BlockFile *f, const BlockOpen *o, Error **errp)
{
    struct stat st;
    uint64_t bytes;

    if (fstat(f->fd, &st)) {
        error_setg_errno(errp, errno, "cannot look at '%s'", f->name);
        return false;
    }
    bytes = st.st_size;
    if (S_ISBLK(st.st_mode)) {
        if (ioctl(f->fd, BLKGETSIZE64, &bytes)) {
            error_setg_errno(errp, errno, "cannot find the size of '%s'", f->name);
            return false;
        }
        f->is_blkdev = true;
    } else if (!S_ISREG(st.st_mode)) {
        error_setg(errp, "'%s' is %s, not a disk image or block device", f->name,
                   S_ISDIR(st.st_mode) ? "a directory" : S_ISFIFO(st.st_mode) ? "a pipe"
                   : S_ISCHR(st.st_mode) ? "a character device" : "a special file");
        return false;
    }
    if (o->driver && !strcmp(o->driver, "host_device") && !f->is_blkdev) {
        error_setg(errp, "'%s' is no block device (driver=file is for files)", f->name);
        return false;
    }
    if (bytes == 0) {
        error_setg(errp, "'%s' is empty", f->name);
        return false;
    }
    if (bytes > INT64_MAX - BLOCK_SECTOR) {
        error_setg(errp, "'%s' is too large", f->name);
        return false;
    }
    /* A last sector that the file has only part of is readable, its rest zero. */
    f->bytes = align_up(bytes, BLOCK_SECTOR);
    f->missing = (unsigned)(f->bytes - bytes);
    return true;
}

/* ---- O_DIRECT ---- */

static bool try_alignment(int fd, void *buf, uint32_t align)
{
    ssize_t n = pread(fd, buf, align, 0);

    return n >= 0 || errno != EINVAL;
}

/* What the file system says, else what works. */
static bool find_alignment(BlockFile *f, Error **errp)
{
    void *buf = NULL;
    bool found = false;
    int size = 0;

#ifdef STATX_DIOALIGN
    struct statx sx;

    if (statx(f->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &sx) == 0 &&
        (sx.stx_mask & STATX_DIOALIGN) && sx.stx_dio_offset_align) {
        f->align = MAX(sx.stx_dio_offset_align, BLOCK_SECTOR);
        f->mem_align = MAX(sx.stx_dio_mem_align, 1);
        return true;
    }
#endif
    if (f->is_blkdev && ioctl(f->fd, BLKSSZGET, &size) == 0 && size >= 512) {
        f->align = f->mem_align = size;
        return true;
    }
    if (posix_memalign(&buf, 65536, 65536) == 0) {
        for (f->align = 512; f->align <= 65536 && !found; f->align *= 2) {
            found = try_alignment(f->fd, buf, f->align);
            f->mem_align = f->align;
        }
        f->align /= 2;
        free(buf);
    }
    if (!found) {
        error_setg(errp, "'%s': cannot find the alignment that O_DIRECT needs here; use "
                   "cache=writeback", f->name);
    }
    return found;
}

/* ---- Opening ---- */

static int try_open(const BlockOpen *o, bool writer)
{
    /* O_NONBLOCK: a pipe must not keep us waiting for its other end. */
    return open(o->name, (writer ? O_RDWR : O_RDONLY) | (o->direct ? O_DIRECT : 0) | O_CLOEXEC |
                O_NONBLOCK);
}

static int open_fd(BlockOpen *o, Error **errp)
{
    int fd = try_open(o, o->writer), e = errno;
    bool denied = e == EACCES || e == EROFS || e == EPERM, readable;

    if (fd < 0 && o->writer && o->auto_read_only && denied) {
        o->writer = false;
        fd = try_open(o, false);
        e = errno;
    }
    if (fd >= 0) {
        return fd;
    }
    if (e == EISDIR) {
        error_setg(errp, "'%s' is a directory, not a disk image or block device", o->name);
    } else if (e == EINVAL && o->direct) {
        error_setg(errp, "cannot open '%s': its file system has no O_DIRECT, which cache=none, "
                   "cache=directsync and cache.direct=on need", o->name);
    } else {
        readable = o->writer && denied && access(o->name, R_OK) == 0;
        error_setg(errp, "cannot open '%s'%s: %s%s", o->name, readable ? " for writing" : "",
                   strerror(e), readable ? " (readonly=on or snapshot=on would do)" : "");
    }
    return -1;
}

static bool setup_null(BlockFile *f, const BlockOpen *o)
{
    uint64_t bytes = o->options->length ? o->options->length : GiB;

    f->bytes = align_down(MIN(bytes, INT64_MAX), BLOCK_SECTOR);
    f->read_zeroes = o->options->read_zeroes;
    f->latency_ns = o->options->latency_ns;
    f->name = g_strconcat(o->driver, "://", NULL);
    return true;
}

BlockFile *block_file_open(BlockOpen *o, Error **errp)
{
    BlockFile *f = g_new0(BlockFile, 1);

    f->ref = 1;
    f->fd = -1;
    f->align = f->mem_align = 1;
    pthread_rwlock_init(&f->edges, NULL);
    if (block_driver_is_null(o->driver)) {
        setup_null(f, o);
        return f;
    }
    f->name = g_strdup(o->name);
    f->fd = open_fd(o, errp);
    f->direct = o->direct;
    if (f->fd < 0 || !find_size(f, o, errp) || !check_format(f, o, errp) ||
        (f->direct && !find_alignment(f, errp)) || !raw_lock(f->fd, o, errp)) {
        block_file_unref(f);
        return NULL;
    }
    return f;
}

BlockFile *block_file_ref(BlockFile *f)
{
    f->ref++;
    return f;
}

void block_file_unref(BlockFile *f)
{
    if (f && --f->ref == 0) {
        if (f->fd >= 0) {
            close(f->fd);
        }
        pthread_rwlock_destroy(&f->edges);
        g_free(f->name);
        g_free(f);
    }
}
