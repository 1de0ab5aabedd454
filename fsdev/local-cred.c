/*
 * Owner, mode and device number of files under the mapped security models, where all files of the
 * host belong to whoever runs the emulator.
 *
 * mapped-xattr keeps them in extended attributes user.virtfs.uid, gid, mode (32 bits each) and rdev
 * (64 bits), little-endian. mapped-file keeps them in a file of the same name in a directory
 * .virtfs_metadata beside it, as lines "virtfs.uid=N"; for the exported directory itself in
 * .virtfs_metadata_root in it. Both are what QEMU writes, so trees can be taken from one to the other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fsdev/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "util/byteorder.h"

#define META_DIR ".virtfs_metadata"
#define META_ROOT ".virtfs_metadata_root"
#define META_MAX 256

bool local_reserved_name(const FsLocal *s, const char *name)
{
    return s->security == SECURITY_MAPPED_FILE &&
           (g_str_equal(name, META_DIR) || g_str_equal(name, META_ROOT));
}

/* ---- In extended attributes ---- */

static const struct {
    const char *name;
    unsigned size;
} xattrs[] = {
    { "user.virtfs.uid", 4 }, { "user.virtfs.gid", 4 }, { "user.virtfs.mode", 4 },
    { "user.virtfs.rdev", 8 },
};

static void xattr_load(int fd, uint64_t values[4], bool have[4])
{
    char path[PROC_PATH_SIZE];

    local_proc_path(fd, path);
    for (unsigned i = 0; i < G_N_ELEMENTS(xattrs); i++) {
        uint8_t raw[8] = { 0 };

        have[i] = getxattr(path, xattrs[i].name, raw, sizeof(raw)) == (ssize_t)xattrs[i].size;
        values[i] = ld64_le(raw);
    }
}

static int xattr_store(int fd, const uint64_t values[4])
{
    char path[PROC_PATH_SIZE];

    local_proc_path(fd, path);
    for (unsigned i = 0; i < G_N_ELEMENTS(xattrs); i++) {
        uint8_t raw[8];

        st64_le(raw, values[i]);
        if (setxattr(path, xattrs[i].name, raw, xattrs[i].size, 0) != 0) {
            return -errno;
        }
    }
    return 0;
}

/* ---- In files ---- */

static const char *const keys[] = { "virtfs.uid", "virtfs.gid", "virtfs.mode", "virtfs.rdev" };

/* Opens what holds the metadata of dirfd/name. */
static int meta_open(int dirfd, const char *name, int flags)
{
    int dir, fd;

    if (!name) {
        fd = openat(dirfd, META_ROOT, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
        return fd < 0 ? -errno : fd;
    }
    if ((flags & O_CREAT) && mkdirat(dirfd, META_DIR, 0700) != 0 && errno != EEXIST) {
        return -errno;
    }
    dir = openat(dirfd, META_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) {
        return -errno;
    }
    fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0) {
        fd = -errno;
    }
    close(dir);
    return fd;
}

static void meta_load(int dirfd, const char *name, uint64_t values[4], bool have[4])
{
    int fd = meta_open(dirfd, name, O_RDONLY);
    char text[META_MAX + 1];
    ssize_t n = fd < 0 ? 0 : read(fd, text, META_MAX);
    g_auto(GStrv) rows = NULL;

    if (fd >= 0) {
        close(fd);
    }
    text[MAX(n, 0)] = 0;
    rows = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        have[i] = false;
        for (char **r = rows; *r; r++) {
            size_t len = strlen(keys[i]);

            if (!strncmp(*r, keys[i], len) && (*r)[len] == '=') {
                values[i] = g_ascii_strtoull(*r + len + 1, NULL, 10);
                have[i] = true;
            }
        }
    }
}

static int meta_store(int dirfd, const char *name, const uint64_t values[4])
{
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = meta_open(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC), ret = 0;

    if (fd < 0) {
        return fd;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_string_append_printf(text, "%s=%" G_GINT64_MODIFIER "u\n", keys[i], values[i]);
    }
    if (write(fd, text->str, text->len) != (ssize_t)text->len) {
        ret = errno ? -errno : -EIO;
    }
    close(fd);
    return ret;
}

static int meta_dir(int dirfd, bool make)
{
    int dir;

    if (make && mkdirat(dirfd, META_DIR, 0700) != 0 && errno != EEXIST) {
        return -errno;
    }
    dir = openat(dirfd, META_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return dir < 0 ? -errno : dir;
}

/* ---- Either ---- */

int local_cred_load(FsLocal *s, int dirfd, const char *name, int fd, struct stat *st)
{
    uint64_t v[4] = { 0 };
    bool have[4] = { false };

    if (s->security == SECURITY_MAPPED_XATTR) {
        xattr_load(fd, v, have);
    } else if (s->security == SECURITY_MAPPED_FILE) {
        meta_load(dirfd, name, v, have);
    }
    if (have[0]) {
        st->st_uid = v[0];
    }
    if (have[1]) {
        st->st_gid = v[1];
    }
    /* A type that the file of the host cannot stand for is not believed. */
    if (have[2] && S_ISDIR(v[2]) == S_ISDIR(st->st_mode)) {
        st->st_mode = v[2];
    }
    if (have[3]) {
        st->st_rdev = v[3];
    }
    return 0;
}

int local_cred_store(FsLocal *s, int dirfd, const char *name, int fd, const FsCred *cred)
{
    const uint64_t v[4] = { cred->uid, cred->gid, cred->mode, cred->rdev };

    return s->security == SECURITY_MAPPED_XATTR ? xattr_store(fd, v) : meta_store(dirfd, name, v);
}

/* With extended attributes there is nothing to do: they are the file's. */
static int meta_both(FsLocal *s, int old_dirfd, const char *old_name, int dirfd, const char *name,
                     int (*fn)(int, const char *, int, const char *))
{
    int from, to, ret = 0;

    if (s->security != SECURITY_MAPPED_FILE) {
        return 0;
    }
    from = meta_dir(old_dirfd, false);
    if (from < 0) {
        return 0; /* it had none */
    }
    to = meta_dir(dirfd, true);
    if (to < 0) {
        ret = to;
    } else {
        unlinkat(to, name, 0);
        if (fn(from, old_name, to, name) != 0 && errno != ENOENT) {
            ret = -errno;
        }
        close(to);
    }
    close(from);
    return ret;
}

static int do_link(int from, const char *old_name, int to, const char *name)
{
    return linkat(from, old_name, to, name, 0);
}

int local_cred_moved(FsLocal *s, int old_dirfd, const char *old_name, int dirfd, const char *name)
{
    return meta_both(s, old_dirfd, old_name, dirfd, name, renameat);
}

int local_cred_linked(FsLocal *s, int old_dirfd, const char *old_name, int dirfd, const char *name)
{
    return meta_both(s, old_dirfd, old_name, dirfd, name, do_link);
}

void local_cred_removed(FsLocal *s, int dirfd, const char *name)
{
    int dir = s->security == SECURITY_MAPPED_FILE ? meta_dir(dirfd, false) : -1;

    if (dir >= 0) {
        unlinkat(dir, name, 0);
        close(dir);
    }
}

void local_cred_clean_dir(FsLocal *s, int dirfd, const char *name)
{
    int dir;

    if (s->security != SECURITY_MAPPED_FILE) {
        return;
    }
    dir = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir >= 0) {
        unlinkat(dir, META_DIR, AT_REMOVEDIR); /* fails if there is something left in it */
        close(dir);
    }
}
