/*
 * The "local" back end of shared directories: -fsdev local. Properties, reading and writing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fsdev/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/bits.h"

#define DIR_BUFFER (32 * KiB)

/* ---- Looking ---- */

static int local_stat(FsBackend *fs, const char *path, struct stat *st)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    const char *name = NULL;
    g_autofree char *dir = *path ? local_split(path, &name) : g_strdup("");
    int dirfd = -1, fd, ret = 0;

    if (name && local_reserved_name(s, name)) {
        return -ENOENT;
    }
    fd = local_open_path(s, path, O_PATH);
    if (fd < 0) {
        return fd;
    }
    if (fstatat(fd, "", st, AT_EMPTY_PATH) != 0) {
        ret = -errno;
    } else if (local_is_mapped(s) && !S_ISLNK(st->st_mode)) {
        dirfd = local_open_dir(s, dir);
        ret = dirfd < 0 ? dirfd : local_cred_load(s, dirfd, name, fd, st);
    }
    if (dirfd >= 0) {
        close(dirfd);
    }
    close(fd);
    return ret;
}

static int local_file_id(FsBackend *fs, uint64_t dev, uint64_t ino, uint64_t *id)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    uint64_t n;

    *id = ino;
    if (dev == s->root_dev || s->multidevs == MULTIDEVS_WARN) {
        return 0;
    }
    if (s->multidevs == MULTIDEVS_FORBID) {
        return -ENODEV;
    }
    g_mutex_lock(&s->lock);
    n = GPOINTER_TO_SIZE(g_hash_table_lookup(s->devs, GSIZE_TO_POINTER(dev)));
    if (!n) {
        n = g_hash_table_size(s->devs) + 1;
        g_hash_table_insert(s->devs, GSIZE_TO_POINTER(dev), GSIZE_TO_POINTER(n));
    }
    g_mutex_unlock(&s->lock);
    /* Numbers of inodes are small on all but few file systems; there a collision is improbable. */
    *id = ino ^ (n << 48);
    return 0;
}

static int local_open(FsBackend *fs, const char *path, int flags)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    struct stat st;
    int fd;

    if (s->readonly && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))) {
        return -EROFS;
    }
    /* A device or a pipe of the host is not the guest's to open, not even for a moment. */
    fd = local_open_path(s, path, O_PATH);
    if (fd < 0) {
        return fd;
    }
    if (fstatat(fd, "", &st, AT_EMPTY_PATH) != 0 ||
        (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        close(fd);
        return S_ISLNK(st.st_mode) ? -ELOOP : -ENXIO;
    }
    close(fd);
    fd = local_open_path(s, path, (flags & ~(O_CREAT | O_EXCL)) | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && (fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))) {
        close(fd);
        return -ENXIO;
    }
    return fd;
}

static ssize_t local_readlink(FsBackend *fs, const char *path, char *buf, size_t size)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    int fd = local_open_path(s, path, O_PATH);
    struct stat st;
    ssize_t ret;

    if (fd < 0) {
        return fd;
    }
    if (fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && !S_ISLNK(st.st_mode) && local_is_mapped(s)) {
        close(fd);
        fd = local_open(fs, path, O_RDONLY);
        if (fd < 0) {
            return fd;
        }
        ret = pread(fd, buf, size, 0);
    } else {
        ret = readlinkat(fd, "", buf, size);
    }
    ret = ret < 0 ? -errno : ret;
    close(fd);
    return ret;
}

static int local_statfs(FsBackend *fs, const char *path, struct statfs *st)
{
    int fd = local_open_path(FSDEV_LOCAL(fs), path, O_PATH), ret;

    if (fd < 0) {
        return fd;
    }
    ret = fstatfs(fd, st) != 0 ? -errno : 0;
    close(fd);
    return ret;
}

/* ---- Open files ---- */

static ssize_t local_read(FsBackend *fs, int fd, void *buf, size_t size, uint64_t offset)
{
    ssize_t n;

    if (offset > INT64_MAX) {
        return -EINVAL;
    }
    do {
        n = pread(fd, buf, size, offset);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static ssize_t local_write(FsBackend *fs, int fd, const void *buf, size_t size, uint64_t offset)
{
    ssize_t n;

    if (offset > INT64_MAX) {
        return -EFBIG;
    }
    do {
        n = pwrite(fd, buf, size, offset);
    } while (n < 0 && errno == EINTR);
    if (n > 0 && FSDEV_LOCAL(fs)->writeout) {
        /* Begin writing now, so that the host's cache does not fill with what is not written. */
        sync_file_range(fd, offset, n, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
    }
    return n < 0 ? -errno : n;
}

/* What the kernel returns; the C library has no name for it that is the same everywhere. */
typedef struct DirEntry {
    uint64_t ino, next;
    uint16_t len;
    uint8_t type;
    char name[];
} DirEntry;

static int local_readdir(FsBackend *fs, int fd, uint64_t offset, FsDirEntryFn fn, void *opaque)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    g_autofree char *buf = g_malloc(DIR_BUFFER);

    if (offset > INT64_MAX || lseek(fd, offset, SEEK_SET) < 0) {
        return -EINVAL;
    }
    for (;;) {
        long n = syscall(SYS_getdents64, fd, buf, DIR_BUFFER);

        if (n <= 0) {
            return n < 0 ? -errno : 0;
        }
        for (long at = 0; at < n;) {
            DirEntry *d = (DirEntry *)(buf + at);

            if (!local_reserved_name(s, d->name) &&
                !fn(opaque, d->name, local_is_mapped(s) ? DT_UNKNOWN : d->type, d->ino, d->next)) {
                return 0;
            }
            at += d->len;
        }
    }
}

static int local_fstat(FsBackend *fs, int fd, const char *path, struct stat *st)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    struct stat named;

    if (fstat(fd, st) != 0) {
        return -errno;
    }
    if (s->security == SECURITY_MAPPED_XATTR) {
        return local_cred_load(s, -1, NULL, fd, st);
    }
    /* What is kept in files goes by the name. */
    if (s->security == SECURITY_MAPPED_FILE && local_stat(fs, path, &named) == 0 &&
        named.st_ino == st->st_ino && named.st_dev == st->st_dev) {
        *st = named;
    }
    return 0;
}

static int local_truncate(FsBackend *fs, int fd, uint64_t size)
{
    if (size > INT64_MAX) {
        return -EFBIG;
    }
    return ftruncate(fd, size) != 0 ? -errno : 0;
}

static int local_fsync(FsBackend *fs, int fd, bool data_only)
{
    return (data_only ? fdatasync(fd) : fsync(fd)) < 0 ? -errno : 0;
}

static void local_close(FsBackend *fs, int fd)
{
    close(fd);
}

/* ---- Life ---- */

static bool parse_mode(const char *key, const char *text, unsigned *mode, Error **errp)
{
    char *end;
    unsigned long v;

    if (!text) {
        return true;
    }
    v = strtoul(text, &end, 8);
    if (!*text || *end || v > 0777) {
        error_setg(errp, "'%s' is '%s', expected an octal mode from 0 to 0777", key, text);
        return false;
    }
    *mode = v;
    return true;
}

static bool check_properties(FsLocal *s, Error **errp)
{
    if (!s->path || !*s->path) {
        error_setg(errp, "'path' is missing: the directory to share");
        return false;
    }
    if (s->security == SECURITY_UNSET && !s->readonly) {
        error_setg(errp, "'security_model' is missing (there are: passthrough, mapped-xattr, "
                         "mapped-file, none)");
        return false;
    }
    if (s->security == SECURITY_UNSET) {
        s->security = SECURITY_NONE;
    }
    if ((s->fmode_text || s->dmode_text) && !local_is_mapped(s)) {
        error_setg(errp, "'%s' goes with security_model=mapped-xattr and mapped-file only",
                   s->fmode_text ? "fmode" : "dmode");
        return false;
    }
    s->fmode = 0600;
    s->dmode = 0700;
    return parse_mode("fmode", s->fmode_text, &s->fmode, errp) &&
           parse_mode("dmode", s->dmode_text, &s->dmode, errp);
}

static bool local_complete(Object *obj, Error **errp)
{
    FsLocal *s = FSDEV_LOCAL(obj);
    struct stat st;

    if (!check_properties(s, errp)) {
        return false;
    }
    s->root = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->root < 0 || fstatat(s->root, "", &st, AT_EMPTY_PATH) != 0) {
        error_setg_errno(errp, errno, "cannot share '%s'", s->path);
        return false;
    }
    s->root_dev = st.st_dev;
    s->has_openat2 = local_probe_openat2(s->root);
    return true;
}

static void local_init(Object *obj)
{
    FsLocal *s = FSDEV_LOCAL(obj);

    s->root = -1;
    g_mutex_init(&s->lock);
    s->devs = g_hash_table_new(NULL, NULL);
}

static void local_finalize(Object *obj)
{
    FsLocal *s = FSDEV_LOCAL(obj);

    if (s->root >= 0) {
        close(s->root);
    }
    g_hash_table_unref(s->devs);
    g_mutex_clear(&s->lock);
}

static const EnumName security_names[] = {
    { "auto", SECURITY_UNSET, "none, for what is only read" },
    { "passthrough", SECURITY_PASSTHROUGH, "files have the owner and mode that the guest gives" },
    { "mapped-xattr", SECURITY_MAPPED_XATTR, "owner and mode are kept in extended attributes" },
    { "mapped", SECURITY_MAPPED_XATTR, "the same" },
    { "mapped-file", SECURITY_MAPPED_FILE, "owner and mode are kept in files" },
    { "none", SECURITY_NONE, "as passthrough, but owners that cannot be set are not" },
    { NULL }
};

static const EnumName multidevs_names[] = {
    { "remap", MULTIDEVS_REMAP, "inode numbers of other file systems are changed" },
    { "forbid", MULTIDEVS_FORBID, "other file systems are not shown" },
    { "warn", MULTIDEVS_WARN, "inode numbers may be the same" },
    { NULL }
};

static const EnumName writeout_names[] = {
    { "off", 0, "when the host likes" }, { "immediate", 1, "begin writing at once" }, { NULL }
};

static const Property local_props[] = {
    PROP_STR("path", FsLocal, path, NULL, "the directory to share"),
    PROP_ENUM("security_model", FsLocal, security, SECURITY_UNSET, security_names,
              "where owner and mode of files are kept"),
    PROP_BOOL("readonly", FsLocal, readonly, false, "the guest may not change anything"),
    PROP_STR("fmode", FsLocal, fmode_text, NULL, "mapped: mode of files on the host (0600)"),
    PROP_STR("dmode", FsLocal, dmode_text, NULL, "mapped: mode of directories on the host (0700)"),
    PROP_ENUM("multidevs", FsLocal, multidevs, MULTIDEVS_REMAP, multidevs_names,
              "what to do about file systems mounted below the directory"),
    PROP_ENUM("writeout", FsLocal, writeout, 0, writeout_names, "when data goes to the disk"),
    PROP_END
};

static void local_class_init(ObjectClass *klass, const void *data)
{
    FsBackendClass *fc = FS_BACKEND_CLASS(klass);

    klass->props = local_props;
    user_creatable_set_complete(klass, local_complete);
    fc->stat = local_stat;
    fc->file_id = local_file_id;
    fc->open = local_open;
    fc->readlink = local_readlink;
    fc->statfs = local_statfs;
    fc->getxattr = local_getxattr;
    fc->setxattr = local_setxattr;
    fc->read = local_read;
    fc->write = local_write;
    fc->readdir = local_readdir;
    fc->fstat = local_fstat;
    fc->truncate = local_truncate;
    fc->fsync = local_fsync;
    fc->close = local_close;
    local_class_init_make(fc);
}

static const char *const fs_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo fs_types[] = {
    {
        .name = TYPE_FS_BACKEND,
        .parent = TYPE_OBJECT,
        .abstract = true,
        .instance_size = sizeof(FsBackend),
        .class_size = sizeof(FsBackendClass),
        .interfaces = fs_interfaces,
    },
    {
        .name = TYPE_FSDEV_LOCAL,
        .parent = TYPE_FS_BACKEND,
        .desc = "directory of the host",
        .instance_size = sizeof(FsLocal),
        .instance_init = local_init,
        .instance_finalize = local_finalize,
        .class_init = local_class_init,
    },
};
type_init_array(fs_types);
