/*
 * A server of the 9P2000.L protocol over a directory of the host: no transport, no lock, no thread.
 * All of a session is used by one thread at a time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_9PFS_9P_H
#define VIREO_HW_9PFS_9P_H

#include "backend/fs.h"

#define P9_HEADER 7               /* size, type, tag */
#define P9_MSIZE_MAX (512 * 1024) /* longest message */
#define P9_MSIZE_MIN 4096

typedef struct P9Session {
    FsBackend *fs;
    uint32_t msize;         /* as agreed; 0: no version was agreed on */
    GHashTable *fids;       /* number -> P9Fid */
    uint64_t path_bytes;    /* of all fids' paths */
    uint64_t xattr_bytes;   /* of all fids' attributes being read or written */
    unsigned open_files, max_open;
} P9Session;

/* A request and its answer. Fields are taken and added one by one; what does not fit is remembered
 * and becomes an error of the whole. */
typedef struct P9Req {
    P9Session *s;
    const uint8_t *in;
    size_t in_len, in_at;
    uint8_t *out;
    size_t out_max, out_len;
    bool bad;           /* the request ended too early, or has a text that is none */
    bool full;          /* the answer is too long */
    GPtrArray *strings; /* texts of the request */
} P9Req;

void p9_session_init(P9Session *s, FsBackend *fs);
/* Forgets every fid, as a new version negotiation does. */
void p9_session_reset(P9Session *s);
void p9_session_destroy(P9Session *s);

/* Serves one message, whose size field was checked against in_len. out has room for out_max, at
 * least P9_HEADER + 4. Returns the length of the answer. */
size_t p9_serve(P9Session *s, const uint8_t *in, size_t in_len, uint8_t *out, size_t out_max);

/* ---- Private to hw/9pfs ---- */

typedef enum P9FidKind { FID_PATH, FID_FILE, FID_DIR, FID_XATTR_READ, FID_XATTR_WRITE } P9FidKind;

typedef struct P9Fid {
    P9FidKind kind;
    char *path;
    uint32_t uid;     /* of who attached */
    int fd;           /* FID_FILE, FID_DIR */
    uint64_t dev;     /* FID_DIR: of the directory */
    char *xattr;      /* name */
    uint8_t *value;   /* of the attribute */
    uint64_t size, done;
    int xflags;
} P9Fid;

/* ---- 9p-msg.c ---- */
uint8_t p9_u8(P9Req *r);
uint16_t p9_u16(P9Req *r);
uint32_t p9_u32(P9Req *r);
uint64_t p9_u64(P9Req *r);
const char *p9_str(P9Req *r);
const uint8_t *p9_bytes(P9Req *r, size_t len);
void p9_put_u8(P9Req *r, uint8_t v);
void p9_put_u16(P9Req *r, uint16_t v);
void p9_put_u32(P9Req *r, uint32_t v);
void p9_put_u64(P9Req *r, uint64_t v);
void p9_put_str(P9Req *r, const char *text);
/* Room for len bytes, or NULL. */
uint8_t *p9_put_room(P9Req *r, size_t len);
/* 0, or -errno for a file that may not be shown. */
int p9_put_qid(P9Req *r, const struct stat *st);
int p9_qid(P9Session *s, uint64_t dev, uint64_t ino, mode_t mode, uint8_t qid[13]);

/* ---- 9p-fid.c ---- */
/* The fid, or NULL with *ret = -EBADF. */
P9Fid *p9_fid(P9Session *s, uint32_t id, int *ret);
/* A new fid; NULL with *ret if the number is taken or there are too many. */
P9Fid *p9_fid_new(P9Session *s, uint32_t id, const char *path, uint32_t uid, int *ret);
/* Writes an attribute that was being written, closes, forgets. */
int p9_fid_clunk(P9Session *s, uint32_t id);
/* The fid stands for another path from now on. */
void p9_fid_move(P9Session *s, P9Fid *fid, const char *path);
/* Fids below old_path follow it to new_path. */
void p9_fids_renamed(P9Session *s, const char *old_path, const char *new_path);
/* Counts an open file; false if there are too many. */
bool p9_may_open(P9Session *s);
/* Whether so many more bytes of attributes may be kept. */
bool p9_may_keep(P9Session *s, uint64_t bytes);

/* dir/name, or NULL with *ret if the name is none or the path becomes too long. */
char *p9_join(const char *dir, const char *name, int *ret);
char *p9_parent(const char *path, const char **name);

/* ---- Requests: 0 or -errno ---- */
typedef int (*P9Fn)(P9Req *r);
/* 9p-file.c: on open files. */
int p9_lopen(P9Req *r);
int p9_lcreate(P9Req *r);
int p9_read(P9Req *r);
int p9_write(P9Req *r);
int p9_readdir(P9Req *r);
int p9_fsync(P9Req *r);
int p9_lock(P9Req *r);
int p9_getlock(P9Req *r);
int p9_xattrwalk(P9Req *r);
int p9_xattrcreate(P9Req *r);
/* 9p-names.c: on names and attributes. */
int p9_symlink(P9Req *r);
int p9_mknod(P9Req *r);
int p9_mkdir(P9Req *r);
int p9_rename(P9Req *r);
int p9_renameat(P9Req *r);
int p9_readlink(P9Req *r);
int p9_getattr(P9Req *r);
int p9_setattr(P9Req *r);
int p9_statfs(P9Req *r);
int p9_link(P9Req *r);
int p9_unlinkat(P9Req *r);
int p9_remove(P9Req *r);

#endif
