/*
 * 9P: the numbers by which the client knows files. How many there are, what their paths and
 * attributes take and how many are open is bounded, whatever the client does.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/9pfs/9p.h"

#include <errno.h>
#include <string.h>

#define MAX_FIDS 65536
#define MAX_PATH_BYTES (32 * 1024 * 1024)
#define MAX_XATTR_BYTES (4 * 1024 * 1024)
#define MAX_PATH 4096
#define MAX_NAME 255

P9Fid *p9_fid(P9Session *s, uint32_t id, int *ret)
{
    P9Fid *fid = g_hash_table_lookup(s->fids, GUINT_TO_POINTER(id));

    if (!fid) {
        *ret = -EBADF;
    }
    return fid;
}

P9Fid *p9_fid_new(P9Session *s, uint32_t id, const char *path, uint32_t uid, int *ret)
{
    P9Fid *fid;

    if (g_hash_table_contains(s->fids, GUINT_TO_POINTER(id))) {
        *ret = -EINVAL;
        return NULL;
    }
    if (g_hash_table_size(s->fids) >= MAX_FIDS || s->path_bytes + strlen(path) > MAX_PATH_BYTES) {
        *ret = -ENFILE;
        return NULL;
    }
    fid = g_new0(P9Fid, 1);
    fid->path = g_strdup(path);
    fid->uid = uid;
    fid->fd = -1;
    s->path_bytes += strlen(path);
    g_hash_table_insert(s->fids, GUINT_TO_POINTER(id), fid);
    return fid;
}

static int write_xattr(P9Session *s, P9Fid *fid)
{
    if (fid->done != fid->size) {
        return -EINVAL;
    }
    return FS_BACKEND_GET_CLASS(s->fs)->setxattr(s->fs, fid->path, fid->xattr,
                                                 fid->size ? fid->value : NULL, fid->size,
                                                 fid->xflags);
}

static void fid_free(P9Session *s, P9Fid *fid)
{
    if (fid->fd >= 0) {
        FS_BACKEND_GET_CLASS(s->fs)->close(s->fs, fid->fd);
        s->open_files--;
    }
    s->path_bytes -= strlen(fid->path);
    s->xattr_bytes -= fid->value ? fid->size : 0;
    g_free(fid->path);
    g_free(fid->xattr);
    g_free(fid->value);
    g_free(fid);
}

int p9_fid_clunk(P9Session *s, uint32_t id)
{
    int ret = 0;
    P9Fid *fid = p9_fid(s, id, &ret);

    if (fid) {
        ret = fid->kind == FID_XATTR_WRITE ? write_xattr(s, fid) : 0;
        g_hash_table_remove(s->fids, GUINT_TO_POINTER(id));
        fid_free(s, fid);
    }
    return ret;
}

void p9_fid_move(P9Session *s, P9Fid *fid, const char *path)
{
    char *copy = g_strdup(path);

    s->path_bytes += strlen(copy) - strlen(fid->path);
    g_free(fid->path);
    fid->path = copy;
}

void p9_fids_renamed(P9Session *s, const char *old_path, const char *new_path)
{
    size_t len = strlen(old_path);
    GHashTableIter it;
    gpointer value;

    g_hash_table_iter_init(&it, s->fids);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        P9Fid *fid = value;

        if (!strncmp(fid->path, old_path, len) && (!fid->path[len] || fid->path[len] == '/')) {
            g_autofree char *path = g_strconcat(new_path, fid->path + len, NULL);

            p9_fid_move(s, fid, path);
        }
    }
}

bool p9_may_open(P9Session *s)
{
    if (s->open_files >= s->max_open) {
        return false;
    }
    s->open_files++;
    return true;
}

bool p9_may_keep(P9Session *s, uint64_t bytes)
{
    if (bytes > MAX_XATTR_BYTES || s->xattr_bytes + bytes > MAX_XATTR_BYTES) {
        return false;
    }
    s->xattr_bytes += bytes;
    return true;
}

void p9_session_reset(P9Session *s)
{
    GHashTableIter it;
    gpointer value;

    g_hash_table_iter_init(&it, s->fids);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        g_hash_table_iter_steal(&it);
        fid_free(s, value);
    }
    s->msize = 0;
}

char *p9_join(const char *dir, const char *name, int *ret)
{
    if (!*name || strchr(name, '/')) {
        *ret = -ENOENT;
        return NULL;
    }
    if (g_str_equal(name, ".") || g_str_equal(name, "..")) {
        *ret = -EISDIR;
        return NULL;
    }
    if (strlen(name) > MAX_NAME || strlen(dir) + strlen(name) + 2 > MAX_PATH) {
        *ret = -ENAMETOOLONG;
        return NULL;
    }
    return *dir ? g_strdup_printf("%s/%s", dir, name) : g_strdup(name);
}

char *p9_parent(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash ? slash + 1 : path;
    return slash ? g_strndup(path, slash - path) : g_strdup("");
}
