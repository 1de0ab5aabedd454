/*
 * From paths to descriptors, without leaving the exported directory: the kernel resolves the path
 * below it (openat2 with RESOLVE_BENEATH) and follows no link, so a link that appears between two
 * steps gains nobody anything. Where there is no openat2, the path is walked part by part.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fsdev/local.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int do_openat2(int root, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

    return fd < 0 ? -errno : fd;
}

bool local_probe_openat2(int root)
{
    int fd = do_openat2(root, ".", O_PATH | O_CLOEXEC);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static int walk(int root, const char *path, int flags)
{
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    const char *p = path;

    while (at >= 0) {
        const char *slash = strchr(p, '/');
        g_autofree char *part = slash ? g_strndup(p, slash - p) : g_strdup(*p ? p : ".");
        int next;

        if (g_str_equal(part, "..")) {
            close(at);
            return -EXDEV;
        }
        next = openat(at, part, slash ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC : flags);
        if (next < 0) {
            next = -errno;
        }
        close(at);
        if (next < 0 || !slash) {
            return next;
        }
        at = next;
        p = slash + 1;
    }
    return -errno;
}

int local_open_path(FsLocal *s, const char *path, int flags)
{
    int fd;

    flags |= O_NOFOLLOW | O_CLOEXEC;
    if (!s->has_openat2) {
        return walk(s->root, path, flags);
    }
    do {
        fd = do_openat2(s->root, *path ? path : ".", flags);
    } while (fd == -EAGAIN || fd == -EINTR); /* somebody renames on the way */
    return fd;
}

int local_open_dir(FsLocal *s, const char *path)
{
    return local_open_path(s, path, O_PATH | O_DIRECTORY);
}

void local_proc_path(int fd, char path[PROC_PATH_SIZE])
{
    snprintf(path, PROC_PATH_SIZE, "/proc/self/fd/%d", fd);
}

char *local_split(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash ? slash + 1 : path;
    return slash ? g_strndup(path, slash - path) : g_strdup("");
}
