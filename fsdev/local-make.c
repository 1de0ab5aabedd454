/*
 * The "local" back end: making, naming and changing files.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fsdev/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int check_change(FsLocal *s, const char *name)
{
    if (s->readonly) {
        return -EROFS;
    }
    return name && local_reserved_name(s, name) ? -EINVAL : 0;
}

static int check_errno(int ret)
{
    return ret < 0 ? -errno : ret;
}

/* The mode of what fd, which may be an O_PATH descriptor, is open for. */
static int change_mode(int fd, unsigned mode)
{
    char path[PROC_PATH_SIZE];

    if (syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH) == 0) {
        return 0;
    }
    if (errno != ENOSYS && errno != EPERM) {
        return -errno;
    }
    local_proc_path(fd, path);
    return check_errno(chmod(path, mode));
}

/* Gives a new file to whom it shall belong. */
static int own(FsLocal *s, int dirfd, const char *name, int fd, const FsCred *cred)
{
    int ret;

    if (local_is_mapped(s)) {
        return local_cred_store(s, dirfd, name, fd, cred);
    }
    ret = check_errno(fchownat(fd, "", cred->uid, cred->gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
    if (ret < 0 && s->security != SECURITY_NONE) {
        return ret;
    }
    return S_ISLNK(cred->mode) ? 0 : change_mode(fd, cred->mode & 07777);
}

static int local_create(FsBackend *fs, const char *dir, const char *name, int flags,
                        const FsCred *cred)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    unsigned mode = local_is_mapped(s) ? s->fmode : cred->mode & 07777;
    int ret = check_change(s, name), dirfd, fd;

    if (ret < 0 || (dirfd = local_open_dir(s, dir)) < 0) {
        return ret < 0 ? ret : dirfd;
    }
    flags |= O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    fd = openat(dirfd, name, flags | O_CREAT | O_EXCL, mode | S_IRUSR | S_IWUSR);
    if (fd < 0 && errno == EEXIST && !(flags & O_EXCL)) {
        g_autofree char *path = *dir ? g_strdup_printf("%s/%s", dir, name) : g_strdup(name);

        close(dirfd);
        return FS_BACKEND_GET_CLASS(fs)->open(fs, path, flags);
    }
    if (fd < 0) {
        fd = -errno;
    } else if ((ret = own(s, dirfd, name, fd, cred)) < 0) {
        unlinkat(dirfd, name, 0);
        close(fd);
        fd = ret;
    }
    close(dirfd);
    return fd;
}

/* Under the mapped models links and special files are regular files, a link's text is its content. */
static int make_stand_in(FsLocal *s, int dirfd, const char *name, const char *target)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, s->fmode);
    size_t len = target ? strlen(target) : 0;
    int ret = 0;

    if (fd < 0) {
        return -errno;
    }
    if (len && write(fd, target, len) != (ssize_t)len) {
        ret = -EIO;
        unlinkat(dirfd, name, 0);
    }
    close(fd);
    return ret;
}

static int make_node(FsLocal *s, int dirfd, const char *name, const FsCred *cred,
                     const char *target)
{
    bool mapped = local_is_mapped(s);

    if (S_ISDIR(cred->mode)) {
        return check_errno(mkdirat(dirfd, name, mapped ? s->dmode : cred->mode & 07777));
    }
    if (mapped) {
        return make_stand_in(s, dirfd, name, target);
    }
    if (target) {
        return check_errno(symlinkat(target, dirfd, name));
    }
    return check_errno(mknodat(dirfd, name, cred->mode & (S_IFMT | 07777), cred->rdev));
}

static int local_make(FsBackend *fs, const char *dir, const char *name, const FsCred *cred,
                      const char *target)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    int ret = check_change(s, name), dirfd, fd;

    if (ret < 0 || (dirfd = local_open_dir(s, dir)) < 0) {
        return ret < 0 ? ret : dirfd;
    }
    ret = make_node(s, dirfd, name, cred, target);
    if (ret == 0) {
        fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        ret = fd < 0 ? -errno : own(s, dirfd, name, fd, cred);
        if (fd >= 0) {
            close(fd);
        }
        if (ret < 0) {
            unlinkat(dirfd, name, S_ISDIR(cred->mode) ? AT_REMOVEDIR : 0);
        }
    }
    close(dirfd);
    return ret;
}

/* Calls fn with both directories open. */
static int with_two(FsBackend *fs, const char *old_dir, const char *old_name, const char *dir,
                    const char *name, int (*fn)(FsLocal *s, int, const char *, int, const char *))
{
    FsLocal *s = FSDEV_LOCAL(fs);
    int ret = check_change(s, name), from, to;

    if (ret < 0 || local_reserved_name(s, old_name)) {
        return ret < 0 ? ret : -EINVAL;
    }
    from = local_open_dir(s, old_dir);
    if (from < 0) {
        return from;
    }
    to = local_open_dir(s, dir);
    if (to >= 0) {
        ret = fn(s, from, old_name, to, name);
        close(to);
    } else {
        ret = to;
    }
    close(from);
    return ret;
}

static int do_link(FsLocal *s, int from, const char *old_name, int to, const char *name)
{
    int ret = check_errno(linkat(from, old_name, to, name, 0));

    if (ret == 0 && (ret = local_cred_linked(s, from, old_name, to, name)) < 0) {
        unlinkat(to, name, 0);
    }
    return ret;
}

static int do_rename(FsLocal *s, int from, const char *old_name, int to, const char *name)
{
    int ret;

    /* A directory in the way may hold nothing but its metadata. */
    local_cred_clean_dir(s, to, name);
    ret = check_errno(renameat(from, old_name, to, name));
    return ret < 0 ? ret : local_cred_moved(s, from, old_name, to, name);
}

static int local_link(FsBackend *fs, const char *old_dir, const char *old_name, const char *dir,
                      const char *name)
{
    return with_two(fs, old_dir, old_name, dir, name, do_link);
}

static int local_rename(FsBackend *fs, const char *old_dir, const char *old_name, const char *dir,
                        const char *name)
{
    if (g_str_equal(old_dir, dir) && g_str_equal(old_name, name)) {
        return check_change(FSDEV_LOCAL(fs), name);
    }
    return with_two(fs, old_dir, old_name, dir, name, do_rename);
}

static int local_unlink(FsBackend *fs, const char *dir, const char *name, bool directory)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    int ret = check_change(s, name), dirfd;

    if (ret < 0 || (dirfd = local_open_dir(s, dir)) < 0) {
        return ret < 0 ? ret : dirfd;
    }
    if (directory) {
        local_cred_clean_dir(s, dirfd, name);
    }
    ret = check_errno(unlinkat(dirfd, name, directory ? AT_REMOVEDIR : 0));
    if (ret == 0) {
        local_cred_removed(s, dirfd, name);
    }
    close(dirfd);
    return ret;
}

/* ---- Attributes ---- */

static int set_mapped(FsLocal *s, const char *path, int fd, const FsAttr *a)
{
    const char *name = NULL;
    g_autofree char *dir = *path ? local_split(path, &name) : g_strdup("");
    struct stat st;
    int dirfd, ret;

    if (fstatat(fd, "", &st, AT_EMPTY_PATH) != 0) {
        return -errno;
    }
    if (S_ISLNK(st.st_mode)) {
        return -EOPNOTSUPP; /* a link of the host's */
    }
    dirfd = local_open_dir(s, dir);
    if (dirfd < 0) {
        return dirfd;
    }
    local_cred_load(s, dirfd, name, fd, &st);
    const FsCred cred = {
        .uid = a->set & FS_ATTR_UID ? a->uid : st.st_uid,
        .gid = a->set & FS_ATTR_GID ? a->gid : st.st_gid,
        .mode = a->set & FS_ATTR_MODE ? (st.st_mode & S_IFMT) | (a->mode & 07777) : st.st_mode,
        .rdev = st.st_rdev,
    };
    ret = local_cred_store(s, dirfd, name, fd, &cred);
    close(dirfd);
    return ret;
}

static int set_real(FsLocal *s, int fd, const FsAttr *a)
{
    int ret = 0;

    if (a->set & (FS_ATTR_UID | FS_ATTR_GID)) {
        ret = check_errno(fchownat(fd, "", a->set & FS_ATTR_UID ? a->uid : (uid_t)-1,
                                   a->set & FS_ATTR_GID ? a->gid : (gid_t)-1, AT_EMPTY_PATH));
        if (s->security == SECURITY_NONE) {
            ret = 0;
        }
    }
    /* After the owner, whose change may clear bits. */
    return ret == 0 && (a->set & FS_ATTR_MODE) ? change_mode(fd, a->mode & 07777) : ret;
}

static int set_times(int fd, const struct timespec times[2])
{
    char path[PROC_PATH_SIZE];

    if (utimensat(fd, "", times, AT_EMPTY_PATH) == 0) {
        return 0;
    }
    local_proc_path(fd, path);
    return check_errno(utimensat(AT_FDCWD, path, times, 0));
}

static int set_size(FsBackend *fs, const char *path, uint64_t size)
{
    int fd, ret;

    if (size > INT64_MAX) {
        return -EFBIG;
    }
    fd = FS_BACKEND_GET_CLASS(fs)->open(fs, path, O_WRONLY);
    if (fd < 0) {
        return fd;
    }
    ret = check_errno(ftruncate(fd, size));
    close(fd);
    return ret;
}

static int local_setattr(FsBackend *fs, const char *path, const FsAttr *a)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    int ret = check_change(s, NULL), fd;

    if (ret < 0 || (fd = local_open_path(s, path, O_PATH)) < 0) {
        return ret < 0 ? ret : fd;
    }
    if (a->set & (FS_ATTR_MODE | FS_ATTR_UID | FS_ATTR_GID)) {
        ret = local_is_mapped(s) ? set_mapped(s, path, fd, a) : set_real(s, fd, a);
    }
    if (ret == 0 && (a->set & FS_ATTR_SIZE)) {
        ret = set_size(fs, path, a->size);
    }
    if (ret == 0 && (a->set & FS_ATTR_TIMES)) {
        ret = set_times(fd, a->times);
    }
    close(fd);
    return ret;
}

void local_class_init_make(FsBackendClass *fc)
{
    fc->create = local_create;
    fc->make = local_make;
    fc->link = local_link;
    fc->rename = local_rename;
    fc->unlink = local_unlink;
    fc->setattr = local_setattr;
}
