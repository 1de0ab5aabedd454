/*
 * 9P: requests on names and on the attributes of files.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/9pfs/9p.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#define BACKEND(r) FS_BACKEND_GET_CLASS((r)->s->fs)

#define MAGIC 0x01021997
#define GETATTR_BASIC 0x7ff
#define REMOVE_DIR 0x200

enum {
    SETATTR_MODE = 1 << 0,
    SETATTR_UID = 1 << 1,
    SETATTR_GID = 1 << 2,
    SETATTR_SIZE = 1 << 3,
    SETATTR_ATIME = 1 << 4,
    SETATTR_MTIME = 1 << 5,
    SETATTR_ATIME_SET = 1 << 7,
    SETATTR_MTIME_SET = 1 << 8,
};

/* ---- Making ---- */

static int make(P9Req *r, uint32_t dir_id, const char *name, FsCred *cred, const char *target)
{
    int ret = 0;
    P9Fid *dir = p9_fid(r->s, dir_id, &ret);
    g_autofree char *path = NULL;
    struct stat st;

    if (r->bad || !dir) {
        return ret;
    }
    path = p9_join(dir->path, name, &ret);
    if (!path) {
        return ret == -EISDIR ? -EEXIST : ret;
    }
    cred->uid = dir->uid;
    ret = BACKEND(r)->make(r->s->fs, dir->path, name, cred, target);
    if (ret == 0) {
        ret = BACKEND(r)->stat(r->s->fs, path, &st);
    }
    return ret < 0 ? ret : p9_put_qid(r, &st);
}

int p9_symlink(P9Req *r)
{
    uint32_t dir = p9_u32(r);
    const char *name = p9_str(r), *target = p9_str(r);
    FsCred cred = { .mode = S_IFLNK | 0777, .gid = p9_u32(r) };

    return !r->bad && !*target ? -ENOENT : make(r, dir, name, &cred, target);
}

int p9_mknod(P9Req *r)
{
    uint32_t dir = p9_u32(r);
    const char *name = p9_str(r);
    uint32_t mode = p9_u32(r), major_nr = p9_u32(r), minor_nr = p9_u32(r);
    FsCred cred = { .mode = mode & (S_IFMT | 07777), .rdev = makedev(major_nr, minor_nr),
                    .gid = p9_u32(r) };

    if (!r->bad && (S_ISDIR(mode) || S_ISLNK(mode))) {
        return -EINVAL;
    }
    if (!(mode & S_IFMT)) {
        cred.mode |= S_IFREG;
    }
    return make(r, dir, name, &cred, NULL);
}

int p9_mkdir(P9Req *r)
{
    uint32_t dir = p9_u32(r);
    const char *name = p9_str(r);
    uint32_t mode = p9_u32(r);
    FsCred cred = { .mode = S_IFDIR | (mode & 07777), .gid = p9_u32(r) };

    return make(r, dir, name, &cred, NULL);
}

/* ---- Renaming, linking, removing ---- */

static int rename_to(P9Req *r, const char *old_path, const char *dir, const char *name)
{
    g_autofree char *copy = g_strdup(old_path), *old_dir = NULL, *path = NULL;
    const char *old_name;
    int ret = 0;

    if (!*copy) {
        return -EBUSY; /* the root */
    }
    old_dir = p9_parent(copy, &old_name);
    path = p9_join(dir, name, &ret);
    if (!path) {
        return ret;
    }
    ret = BACKEND(r)->rename(r->s->fs, old_dir, old_name, dir, name);
    if (ret == 0) {
        p9_fids_renamed(r->s, copy, path);
    }
    return ret;
}

int p9_rename(P9Req *r)
{
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, p9_u32(r), &ret), *dir = p9_fid(r->s, p9_u32(r), &ret);
    const char *name = p9_str(r);

    return r->bad || !fid || !dir ? ret : rename_to(r, fid->path, dir->path, name);
}

int p9_renameat(P9Req *r)
{
    int ret = 0;
    P9Fid *old_dir = p9_fid(r->s, p9_u32(r), &ret), *dir;
    const char *old_name = p9_str(r), *name;
    g_autofree char *old_path = NULL;

    dir = p9_fid(r->s, p9_u32(r), &ret);
    name = p9_str(r);
    if (r->bad || !old_dir || !dir) {
        return ret;
    }
    old_path = p9_join(old_dir->path, old_name, &ret);
    return old_path ? rename_to(r, old_path, dir->path, name) : ret;
}

int p9_link(P9Req *r)
{
    int ret = 0;
    P9Fid *dir = p9_fid(r->s, p9_u32(r), &ret), *fid = p9_fid(r->s, p9_u32(r), &ret);
    const char *name = p9_str(r), *old_name;
    g_autofree char *path = NULL, *old_dir = NULL;

    if (r->bad || !dir || !fid) {
        return ret;
    }
    if (!*fid->path) {
        return -EPERM;
    }
    path = p9_join(dir->path, name, &ret);
    if (!path) {
        return ret;
    }
    old_dir = p9_parent(fid->path, &old_name);
    return BACKEND(r)->link(r->s->fs, old_dir, old_name, dir->path, name);
}

int p9_unlinkat(P9Req *r)
{
    int ret = 0;
    P9Fid *dir = p9_fid(r->s, p9_u32(r), &ret);
    const char *name = p9_str(r);
    uint32_t flags = p9_u32(r);
    g_autofree char *path = NULL;

    if (r->bad || !dir) {
        return ret;
    }
    path = p9_join(dir->path, name, &ret);
    if (!path || (flags & ~REMOVE_DIR)) {
        return path ? -EINVAL : ret == -EISDIR ? -EINVAL : ret;
    }
    return BACKEND(r)->unlink(r->s->fs, dir->path, name, flags & REMOVE_DIR);
}

int p9_remove(P9Req *r)
{
    uint32_t id = p9_u32(r);
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, id, &ret);
    g_autofree char *dir = NULL;
    const char *name;
    struct stat st;

    if (r->bad || !fid) {
        return ret;
    }
    if (!*fid->path) {
        ret = -EBUSY;
    } else {
        dir = p9_parent(fid->path, &name);
        ret = BACKEND(r)->stat(r->s->fs, fid->path, &st);
        if (ret == 0) {
            ret = BACKEND(r)->unlink(r->s->fs, dir, name, S_ISDIR(st.st_mode));
        }
    }
    p9_fid_clunk(r->s, id); /* whatever came of it */
    return ret;
}

/* ---- Attributes ---- */

int p9_readlink(P9Req *r)
{
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, p9_u32(r), &ret);
    char buf[4096];
    struct stat st;
    ssize_t n;

    if (r->bad || !fid) {
        return ret;
    }
    ret = BACKEND(r)->stat(r->s->fs, fid->path, &st);
    if (ret < 0 || !S_ISLNK(st.st_mode)) {
        return ret < 0 ? ret : -EINVAL;
    }
    n = BACKEND(r)->readlink(r->s->fs, fid->path, buf, sizeof(buf) - 1);
    if (n < 0) {
        return n;
    }
    buf[n] = 0;
    p9_put_str(r, buf);
    return 0;
}

static void put_time(P9Req *r, const struct timespec *t)
{
    p9_put_u64(r, t->tv_sec);
    p9_put_u64(r, t->tv_nsec);
}

int p9_getattr(P9Req *r)
{
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, p9_u32(r), &ret);
    static const struct timespec never;
    struct stat st;

    p9_u64(r); /* what is wanted: the basic things come with any of them */
    if (r->bad || !fid) {
        return ret;
    }
    /* An open file may have lost its name. */
    ret = fid->fd >= 0 ? BACKEND(r)->fstat(r->s->fs, fid->fd, fid->path, &st)
                       : BACKEND(r)->stat(r->s->fs, fid->path, &st);
    p9_put_u64(r, GETATTR_BASIC);
    if (ret < 0 || (ret = p9_put_qid(r, &st)) < 0) {
        return ret;
    }
    p9_put_u32(r, st.st_mode);
    p9_put_u32(r, st.st_uid);
    p9_put_u32(r, st.st_gid);
    p9_put_u64(r, st.st_nlink);
    p9_put_u64(r, st.st_rdev);
    p9_put_u64(r, st.st_size);
    p9_put_u64(r, st.st_blksize);
    p9_put_u64(r, st.st_blocks);
    put_time(r, &st.st_atim);
    put_time(r, &st.st_mtim);
    put_time(r, &st.st_ctim);
    put_time(r, &never); /* of birth */
    p9_put_u64(r, 0);    /* generation */
    p9_put_u64(r, 0);    /* version of the data */
    return 0;
}

static struct timespec get_time(P9Req *r, bool change, bool given)
{
    uint64_t sec = p9_u64(r), nsec = p9_u64(r);

    if (!change || !given) {
        return (struct timespec){ .tv_nsec = change ? UTIME_NOW : UTIME_OMIT };
    }
    return (struct timespec){ .tv_sec = sec, .tv_nsec = MIN(nsec, 999999999) };
}

int p9_setattr(P9Req *r)
{
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, p9_u32(r), &ret);
    uint32_t valid = p9_u32(r);
    FsAttr a = { 0 };

    a.mode = p9_u32(r);
    a.uid = p9_u32(r);
    a.gid = p9_u32(r);
    a.size = p9_u64(r);
    a.times[0] = get_time(r, valid & SETATTR_ATIME, valid & SETATTR_ATIME_SET);
    a.times[1] = get_time(r, valid & SETATTR_MTIME, valid & SETATTR_MTIME_SET);
    a.set = (valid & SETATTR_MODE ? FS_ATTR_MODE : 0) | (valid & SETATTR_UID ? FS_ATTR_UID : 0) |
            (valid & SETATTR_GID ? FS_ATTR_GID : 0) | (valid & SETATTR_SIZE ? FS_ATTR_SIZE : 0) |
            (valid & (SETATTR_ATIME | SETATTR_MTIME) ? FS_ATTR_TIMES : 0);
    if (r->bad || !fid) {
        return ret;
    }
    /* An open file may have lost its name; one that is open for reading only has to be found by it. */
    if ((a.set & FS_ATTR_SIZE) && fid->kind == FID_FILE &&
        BACKEND(r)->truncate(r->s->fs, fid->fd, a.size) == 0) {
        a.set &= ~FS_ATTR_SIZE;
        ret = a.set ? BACKEND(r)->setattr(r->s->fs, fid->path, &a) : 0;
        return ret == -ENOENT && !(a.set & ~FS_ATTR_TIMES) ? 0 : ret;
    }
    return BACKEND(r)->setattr(r->s->fs, fid->path, &a);
}

int p9_statfs(P9Req *r)
{
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, p9_u32(r), &ret);
    struct statfs st;

    if (r->bad || !fid) {
        return ret;
    }
    ret = BACKEND(r)->statfs(r->s->fs, fid->path, &st);
    if (ret < 0) {
        return ret;
    }
    p9_put_u32(r, MAGIC);
    p9_put_u32(r, st.f_bsize);
    p9_put_u64(r, st.f_blocks);
    p9_put_u64(r, st.f_bfree);
    p9_put_u64(r, st.f_bavail);
    p9_put_u64(r, st.f_files);
    p9_put_u64(r, st.f_ffree);
    p9_put_u64(r, 0); /* fsid: of the host, and none of the guest's business */
    p9_put_u32(r, st.f_namelen);
    return 0;
}
