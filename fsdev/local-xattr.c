/*
 * The "local" back end: extended attributes. Under the mapped models the guest has the "user."
 * names only, without those in which the back end keeps its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fsdev/local.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LIST_MAX (64 * 1024)

static bool visible(const FsLocal *s, const char *name)
{
    return !local_is_mapped(s) ||
           (g_str_has_prefix(name, "user.") && !g_str_has_prefix(name, "user.virtfs."));
}

static ssize_t list(FsLocal *s, const char *proc, char *out, size_t size)
{
    g_autofree char *all = g_malloc(LIST_MAX);
    ssize_t len = listxattr(proc, all, LIST_MAX), n = 0;

    if (len < 0) {
        return -errno;
    }
    for (char *p = all; p < all + len; p += strlen(p) + 1) {
        size_t l = strlen(p) + 1;

        if (!visible(s, p)) {
            continue;
        }
        if (out) {
            if (n + l > size) {
                return -ERANGE;
            }
            memcpy(out + n, p, l);
        }
        n += l;
    }
    return n;
}

ssize_t local_getxattr(FsBackend *fs, const char *path, const char *name, void *buf, size_t size)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    char proc[PROC_PATH_SIZE];
    int fd = local_open_path(s, path, O_PATH);
    ssize_t ret;

    if (fd < 0) {
        return fd;
    }
    local_proc_path(fd, proc);
    if (!name) {
        ret = list(s, proc, buf, size);
    } else if (!visible(s, name)) {
        ret = -EOPNOTSUPP;
    } else {
        ret = getxattr(proc, name, buf, buf ? size : 0);
        ret = ret < 0 ? -errno : ret;
    }
    close(fd);
    return ret;
}

int local_setxattr(FsBackend *fs, const char *path, const char *name, const void *buf, size_t size,
                   int flags)
{
    FsLocal *s = FSDEV_LOCAL(fs);
    char proc[PROC_PATH_SIZE];
    int fd, ret;

    if (s->readonly || !visible(s, name)) {
        return s->readonly ? -EROFS : -EOPNOTSUPP;
    }
    fd = local_open_path(s, path, O_PATH);
    if (fd < 0) {
        return fd;
    }
    local_proc_path(fd, proc);
    ret = buf ? setxattr(proc, name, buf, size, flags) : removexattr(proc, name);
    ret = ret < 0 ? -errno : 0;
    close(fd);
    return ret;
}
