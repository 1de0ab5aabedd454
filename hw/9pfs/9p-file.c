/*
 * 9P: requests on open files, directories and extended attributes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/9pfs/9p.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "util/byteorder.h"

#define BACKEND(r) FS_BACKEND_GET_CLASS((r)->s->fs)

#define LOCK_SUCCESS 0
#define LOCK_TYPE_UNLOCK 2
#define XATTR_MAX 65536

/* The protocol has the numbers of Linux's generic flags, which a host need not have. */
static int open_flags(uint32_t flags)
{
    static const struct {
        uint32_t wire;
        int host;
    } map[] = {
        { 0200, O_EXCL }, { 01000, O_TRUNC }, { 02000, O_APPEND }, { 010000, O_DSYNC },
        { 0200000, O_DIRECTORY }, { 04000000, O_SYNC },
    };
    int host = (flags & 3) == 1 ? O_WRONLY : (flags & 3) == 2 ? O_RDWR : O_RDONLY;

    for (unsigned i = 0; i < G_N_ELEMENTS(map); i++) {
        host |= flags & map[i].wire ? map[i].host : 0;
    }
    /* Every write says where it goes. */
    return host & ~O_APPEND;
}

/* Takes fd, or an error, for the fid. */
static int opened(P9Req *r, P9Fid *fid, int fd, const struct stat *st)
{
    if (fd < 0) {
        r->s->open_files--;
        return fd;
    }
    fid->fd = fd;
    fid->kind = S_ISDIR(st->st_mode) ? FID_DIR : FID_FILE;
    fid->dev = st->st_dev;
    p9_put_u32(r, 0); /* iounit: as much as a message holds */
    return 0;
}

int p9_lopen(P9Req *r)
{
    uint32_t id = p9_u32(r), flags = p9_u32(r);
    struct stat st;
    int ret = 0, host = open_flags(flags);
    P9Fid *fid = p9_fid(r->s, id, &ret);

    if (r->bad || !fid) {
        return ret;
    }
    if (fid->kind != FID_PATH) {
        return -EINVAL;
    }
    ret = BACKEND(r)->stat(r->s->fs, fid->path, &st);
    if (ret == 0) {
        ret = p9_put_qid(r, &st);
    }
    if (ret < 0) {
        return ret;
    }
    if (S_ISDIR(st.st_mode)) {
        host = O_RDONLY | O_DIRECTORY;
    } else if (!S_ISREG(st.st_mode)) {
        return -ENXIO; /* under the mapped models the host's file may be regular */
    }
    if (!p9_may_open(r->s)) {
        return -EMFILE;
    }
    return opened(r, fid, BACKEND(r)->open(r->s->fs, fid->path, host & ~O_EXCL), &st);
}

int p9_lcreate(P9Req *r)
{
    uint32_t id = p9_u32(r);
    const char *name = p9_str(r);
    uint32_t flags = p9_u32(r), mode = p9_u32(r), gid = p9_u32(r);
    g_autofree char *path = NULL;
    struct stat st;
    int ret = 0, fd;
    P9Fid *fid = p9_fid(r->s, id, &ret);

    if (r->bad || !fid) {
        return ret;
    }
    if (fid->kind != FID_PATH) {
        return -EINVAL;
    }
    path = p9_join(fid->path, name, &ret);
    if (!path) {
        return ret;
    }
    if (!p9_may_open(r->s)) {
        return -EMFILE;
    }
    const FsCred cred = { fid->uid, gid, S_IFREG | (mode & 07777), 0 };
    fd = BACKEND(r)->create(r->s->fs, fid->path, name, open_flags(flags), &cred);
    if (fd >= 0) {
        ret = BACKEND(r)->stat(r->s->fs, path, &st);
        if (ret == 0) {
            ret = p9_put_qid(r, &st);
        }
        if (ret < 0) {
            BACKEND(r)->close(r->s->fs, fd);
            fd = ret;
        } else {
            p9_fid_move(r->s, fid, path);
        }
    }
    return opened(r, fid, fd, &st);
}

int p9_read(P9Req *r)
{
    uint32_t id = p9_u32(r);
    uint64_t offset = p9_u64(r);
    uint32_t count = p9_u32(r);
    size_t at = r->out_len, room;
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, id, &ret);
    ssize_t n;

    if (r->bad || !fid) {
        return ret;
    }
    p9_put_u32(r, 0);
    if (r->full) {
        return 0;
    }
    room = MIN(count, r->out_max - r->out_len);
    if (fid->kind == FID_FILE) {
        n = BACKEND(r)->read(r->s->fs, fid->fd, r->out + r->out_len, room, offset);
    } else if (fid->kind == FID_XATTR_READ) {
        n = offset < fid->size ? MIN(room, fid->size - offset) : 0;
        memcpy(r->out + r->out_len, fid->value + (n ? offset : 0), n);
    } else {
        return -EINVAL;
    }
    if (n < 0) {
        return n;
    }
    st32_le(r->out + at, n);
    p9_put_room(r, n);
    return 0;
}

int p9_write(P9Req *r)
{
    uint32_t id = p9_u32(r);
    uint64_t offset = p9_u64(r);
    uint32_t count = p9_u32(r);
    const uint8_t *data = p9_bytes(r, count);
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, id, &ret);
    ssize_t n;

    if (r->bad || !fid) {
        return ret;
    }
    if (fid->kind == FID_FILE) {
        n = BACKEND(r)->write(r->s->fs, fid->fd, data, count, offset);
    } else if (fid->kind == FID_XATTR_WRITE) {
        if (offset != fid->done || count > fid->size - fid->done) {
            return -ENOSPC;
        }
        memcpy(fid->value + offset, data, count);
        fid->done += n = count;
    } else {
        return -EINVAL;
    }
    if (n < 0) {
        return n;
    }
    p9_put_u32(r, n);
    return 0;
}

typedef struct Listing {
    P9Req *r;
    P9Fid *fid;
    size_t end; /* of the room that the client has */
    bool cut;   /* an entry had no room */
} Listing;

static bool add_entry(void *opaque, const char *name, unsigned type, uint64_t ino, uint64_t next)
{
    Listing *l = opaque;
    P9Req *r = l->r;
    mode_t mode = type == DT_DIR ? S_IFDIR : type == DT_LNK ? S_IFLNK : S_IFREG;
    uint8_t qid[13] = { 0 }, *p;

    if (r->out_len + sizeof(qid) + 8 + 1 + 2 + strlen(name) > l->end) {
        l->cut = true;
        return false;
    }
    /* Above the shared directory is what is none of the guest's business, its number too. */
    if (g_str_equal(name, "..") && !*l->fid->path) {
        ino = 1;
    }
    p9_qid(r->s, l->fid->dev, ino, mode, qid);
    p = p9_put_room(r, sizeof(qid));
    memcpy(p, qid, sizeof(qid));
    p9_put_u64(r, next);
    p9_put_u8(r, type);
    p9_put_str(r, name);
    return true;
}

int p9_readdir(P9Req *r)
{
    uint32_t id = p9_u32(r);
    uint64_t offset = p9_u64(r);
    uint32_t count = p9_u32(r);
    size_t at = r->out_len;
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, id, &ret);
    Listing l = { .r = r, .fid = fid };

    if (r->bad || !fid) {
        return ret;
    }
    if (fid->kind != FID_DIR) {
        return -EINVAL;
    }
    p9_put_u32(r, 0);
    l.end = MIN(r->out_max, r->out_len + (size_t)count);
    ret = BACKEND(r)->readdir(r->s->fs, fid->fd, offset, add_entry, &l);
    if (ret < 0) {
        return ret;
    }
    if (r->full) {
        return 0;
    }
    if (l.cut && r->out_len == at + 4) {
        return -EINVAL; /* no room for a single entry: it would look like the end */
    }
    st32_le(r->out + at, r->out_len - at - 4);
    return 0;
}

int p9_fsync(P9Req *r)
{
    uint32_t id = p9_u32(r);
    /* Clients from before the field was added do not send it. */
    bool data_only = r->in_at < r->in_len && p9_u32(r);
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, id, &ret);

    if (r->bad || !fid) {
        return ret;
    }
    return fid->fd < 0 ? -EINVAL : BACKEND(r)->fsync(r->s->fs, fid->fd, data_only);
}

/* The guest is the one client: its own kernel knows all locks there are. */
int p9_lock(P9Req *r)
{
    int ret = 0;

    if (p9_fid(r->s, p9_u32(r), &ret)) {
        p9_put_u8(r, LOCK_SUCCESS);
    }
    return ret;
}

int p9_getlock(P9Req *r)
{
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, p9_u32(r), &ret);
    uint64_t start, length;
    uint32_t process;
    const char *client;

    p9_u8(r);
    start = p9_u64(r);
    length = p9_u64(r);
    process = p9_u32(r);
    client = p9_str(r);
    if (r->bad || !fid) {
        return ret;
    }
    p9_put_u8(r, LOCK_TYPE_UNLOCK);
    p9_put_u64(r, start);
    p9_put_u64(r, length);
    p9_put_u32(r, process);
    p9_put_str(r, client);
    return 0;
}

/* ---- Extended attributes ---- */

int p9_xattrwalk(P9Req *r)
{
    uint32_t id = p9_u32(r), new_id = p9_u32(r);
    const char *name = p9_str(r);
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, id, &ret), *x;
    ssize_t size, n;

    if (r->bad || !fid) {
        return ret;
    }
    name = *name ? name : NULL; /* all names */
    size = BACKEND(r)->getxattr(r->s->fs, fid->path, name, NULL, 0);
    if (size < 0) {
        return size;
    }
    if (!p9_may_keep(r->s, size)) {
        return -ENOMEM;
    }
    x = p9_fid_new(r->s, new_id, fid->path, fid->uid, &ret);
    if (!x) {
        r->s->xattr_bytes -= size;
        return ret;
    }
    x->kind = FID_XATTR_READ;
    x->value = g_malloc0(size + 1);
    x->size = size;
    n = size ? BACKEND(r)->getxattr(r->s->fs, fid->path, name, x->value, size) : 0;
    if (n < 0) {
        p9_fid_clunk(r->s, new_id);
        return n;
    }
    r->s->xattr_bytes -= size - n; /* it has become shorter */
    x->size = n;
    p9_put_u64(r, n);
    return 0;
}

int p9_xattrcreate(P9Req *r)
{
    uint32_t id = p9_u32(r);
    const char *name = p9_str(r);
    uint64_t size = p9_u64(r);
    uint32_t flags = p9_u32(r);
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, id, &ret);

    if (r->bad || !fid) {
        return ret;
    }
    if (fid->kind != FID_PATH || flags > 2 || !*name) {
        return -EINVAL;
    }
    if (size > XATTR_MAX) {
        return -E2BIG;
    }
    if (!p9_may_keep(r->s, size)) {
        return -ENOSPC;
    }
    fid->kind = FID_XATTR_WRITE;
    fid->xattr = g_strdup(name);
    fid->value = g_malloc0(size + 1);
    fid->size = size;
    fid->done = 0;
    fid->xflags = flags; /* XATTR_CREATE and XATTR_REPLACE have the same numbers */
    return 0;
}
