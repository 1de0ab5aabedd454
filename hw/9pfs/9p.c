/*
 * 9P2000.L: sessions, walking, and the table of requests. The protocol is described in the
 * documentation of diod and in Linux's client; numbers of errors and flags are Linux's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/9pfs/9p.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "util/byteorder.h"

#define VERSION "9P2000.L"
#define NO_FID UINT32_MAX
#define MAX_WALK 16
#define R_LERROR 7

void p9_session_init(P9Session *s, FsBackend *fs)
{
    struct rlimit limit = { .rlim_cur = 256 };

    getrlimit(RLIMIT_NOFILE, &limit);
    *s = (P9Session){
        .fs = fs,
        .fids = g_hash_table_new(NULL, NULL),
        .max_open = MIN(limit.rlim_cur / 2, 16384), /* others need some too */
    };
}

void p9_session_destroy(P9Session *s)
{
    p9_session_reset(s);
    g_hash_table_unref(s->fids);
}

static int p9_version(P9Req *r)
{
    uint32_t msize = p9_u32(r);
    const char *version = p9_str(r);
    bool known = g_str_equal(version, VERSION);

    if (r->bad) {
        return 0;
    }
    if (msize < P9_MSIZE_MIN) {
        return -EMSGSIZE;
    }
    p9_session_reset(r->s);
    msize = MIN(msize, P9_MSIZE_MAX);
    r->s->msize = known ? msize : 0;
    p9_put_u32(r, msize);
    p9_put_str(r, known ? VERSION : "unknown");
    return 0;
}

static int p9_auth(P9Req *r)
{
    return -EOPNOTSUPP; /* nobody has to prove anything */
}

static int p9_flush(P9Req *r)
{
    return 0; /* requests are served one after the other: the old one is done */
}

static int p9_attach(P9Req *r)
{
    uint32_t id = p9_u32(r);
    uint32_t afid = p9_u32(r);
    uint32_t uid;
    struct stat st;
    int ret;

    p9_str(r); /* who, by name */
    p9_str(r); /* what: there is one tree */
    uid = p9_u32(r);
    if (r->bad) {
        return 0;
    }
    if (afid != NO_FID) {
        return -EINVAL;
    }
    ret = FS_BACKEND_GET_CLASS(r->s->fs)->stat(r->s->fs, "", &st);
    if (ret == 0) {
        ret = p9_put_qid(r, &st);
    }
    if (ret == 0) {
        p9_fid_new(r->s, id, "", uid, &ret);
    }
    return ret;
}

/* One step from path; NULL with *ret. */
static char *step(P9Session *s, const char *path, const char *name, struct stat *st, int *ret)
{
    const char *last;
    char *next;

    if (g_str_equal(name, ".")) {
        next = g_strdup(path);
    } else if (g_str_equal(name, "..")) {
        next = p9_parent(path, &last); /* of the root: the root */
    } else {
        next = p9_join(path, name, ret);
    }
    if (next && (*ret = FS_BACKEND_GET_CLASS(s->fs)->stat(s->fs, next, st)) < 0) {
        g_clear_pointer(&next, g_free);
    }
    return next;
}

/* Goes as far as it can: an error only if not even the first name is there. */
static int walk_names(P9Req *r, char **path, unsigned count, unsigned *done)
{
    int ret = 0;

    for (*done = 0; *done < count; ++*done) {
        struct stat st;
        const char *name = p9_str(r);
        char *next = r->bad ? NULL : step(r->s, *path, name, &st, &ret);

        if (!next) {
            break;
        }
        g_free(*path);
        *path = next;
        ret = p9_put_qid(r, &st);
        if (ret < 0) {
            break;
        }
    }
    return *done ? 0 : ret;
}

static int p9_walk(P9Req *r)
{
    uint32_t id = p9_u32(r), new_id = p9_u32(r);
    unsigned count = p9_u16(r), done = 0;
    size_t count_at = r->out_len;
    g_autofree char *path = NULL;
    int ret = 0;
    P9Fid *fid = p9_fid(r->s, id, &ret);

    if (r->bad || !fid) {
        return ret;
    }
    if (count > MAX_WALK || (fid->kind != FID_PATH && count)) {
        return -EINVAL;
    }
    if (new_id == id && fid->kind != FID_PATH) {
        return -EINVAL;
    }
    if (new_id != id && g_hash_table_contains(r->s->fids, GUINT_TO_POINTER(new_id))) {
        return -EINVAL;
    }
    path = g_strdup(fid->path);
    p9_put_u16(r, 0);
    ret = walk_names(r, &path, count, &done);
    if (ret < 0 || r->bad || r->full) {
        return ret;
    }
    st16_le(r->out + count_at, done);
    if (done < count) {
        return 0; /* the new fid is not made */
    }
    if (new_id == id) {
        p9_fid_move(r->s, fid, path);
    } else {
        p9_fid_new(r->s, new_id, path, fid->uid, &ret);
    }
    return ret;
}

static int p9_clunk(P9Req *r)
{
    uint32_t id = p9_u32(r);

    return r->bad ? 0 : p9_fid_clunk(r->s, id);
}

static const struct {
    uint8_t type;
    P9Fn fn;
} requests[] = {
    { 8, p9_statfs },     { 12, p9_lopen },     { 14, p9_lcreate },  { 16, p9_symlink },
    { 18, p9_mknod },     { 20, p9_rename },    { 22, p9_readlink }, { 24, p9_getattr },
    { 26, p9_setattr },   { 30, p9_xattrwalk }, { 32, p9_xattrcreate }, { 40, p9_readdir },
    { 50, p9_fsync },     { 52, p9_lock },      { 54, p9_getlock },  { 70, p9_link },
    { 72, p9_mkdir },     { 74, p9_renameat },  { 76, p9_unlinkat }, { 100, p9_version },
    { 102, p9_auth },     { 104, p9_attach },   { 108, p9_flush },   { 110, p9_walk },
    { 116, p9_read },     { 118, p9_write },    { 120, p9_clunk },   { 122, p9_remove },
};

static int dispatch(P9Req *r, uint8_t type)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
        if (requests[i].type == type) {
            int ret = r->s->msize || type == 100 ? requests[i].fn(r) : -EINVAL;

            /* What did not fit may have been done; the client learns that it cannot know. */
            return ret < 0 ? ret : r->bad ? -EINVAL : r->full ? -EMSGSIZE : 0;
        }
    }
    return -EOPNOTSUPP;
}

size_t p9_serve(P9Session *s, const uint8_t *in, size_t in_len, uint8_t *out, size_t out_max)
{
    P9Req r = {
        .s = s, .in = in, .in_len = in_len, .in_at = P9_HEADER,
        .out = out, .out_max = s->msize ? MIN(out_max, s->msize) : out_max, .out_len = P9_HEADER,
        .strings = g_ptr_array_new_with_free_func(g_free),
    };
    uint8_t type = in[4];
    int ret = dispatch(&r, type);

    if (ret < 0) {
        type = R_LERROR - 1;
        r.out_len = P9_HEADER;
        r.full = false;
        p9_put_u32(&r, -ret);
    }
    st32_le(out, r.out_len);
    out[4] = type + 1;
    memcpy(out + 5, in + 5, 2); /* the tag */
    g_ptr_array_unref(r.strings);
    return r.out_len;
}
