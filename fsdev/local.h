/*
 * What the files of the "local" back end share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_FSDEV_LOCAL_H
#define VIREO_FSDEV_LOCAL_H

#include "backend/fs.h"

#define TYPE_FSDEV_LOCAL "fsdev-local"
OBJECT_DECLARE_SIMPLE(FsLocal, FSDEV_LOCAL, TYPE_FSDEV_LOCAL)

typedef enum FsSecurity {
    SECURITY_UNSET,
    SECURITY_PASSTHROUGH,
    SECURITY_MAPPED_XATTR,
    SECURITY_MAPPED_FILE,
    SECURITY_NONE,
} FsSecurity;

typedef enum FsMultidevs { MULTIDEVS_REMAP, MULTIDEVS_FORBID, MULTIDEVS_WARN } FsMultidevs;

struct FsLocal {
    FsBackend parent_obj;
    char *path;
    int security;      /* FsSecurity */
    int multidevs;     /* FsMultidevs */
    int writeout;      /* 1: immediate */
    bool readonly;
    char *fmode_text, *dmode_text;
    unsigned fmode, dmode;
    int root;          /* O_PATH descriptor of the exported directory */
    bool has_openat2;
    uint64_t root_dev;
    GMutex lock;
    GHashTable *devs;  /* device number -> number of the device, from 1 */
};

static inline bool local_is_mapped(const FsLocal *s)
{
    return s->security == SECURITY_MAPPED_XATTR || s->security == SECURITY_MAPPED_FILE;
}

/* ---- local-path.c: from paths to descriptors; -errno ---- */

bool local_probe_openat2(int root);
/* Opens path with O_NOFOLLOW and O_CLOEXEC added; symbolic links on the way are errors. */
int local_open_path(FsLocal *s, const char *path, int flags);
/* An O_PATH descriptor of a directory. */
int local_open_dir(FsLocal *s, const char *path);
/* Path of what an O_PATH descriptor stands for, for calls that take no descriptor. */
#define PROC_PATH_SIZE 40
void local_proc_path(int fd, char path[PROC_PATH_SIZE]);
/* The directory part of a path and its last part. path is not empty. */
char *local_split(const char *path, const char **name);

/* ---- local-cred.c: owner, mode and device number that only the guest sees ---- */

/* Whether the name is for the back end itself. */
bool local_reserved_name(const FsLocal *s, const char *name);
/* Overlays st with what is stored for the file called name in dirfd, which fd is open for (O_PATH
 * will do); name NULL: the exported directory. */
int local_cred_load(FsLocal *s, int dirfd, const char *name, int fd, struct stat *st);
/* Stores them. */
int local_cred_store(FsLocal *s, int dirfd, const char *name, int fd, const FsCred *cred);
/* Follows a file that was renamed, or linked, or is gone. */
int local_cred_moved(FsLocal *s, int old_dirfd, const char *old_name, int dirfd, const char *name);
int local_cred_linked(FsLocal *s, int old_dirfd, const char *old_name, int dirfd,
                      const char *name);
void local_cred_removed(FsLocal *s, int dirfd, const char *name);
/* Before a directory is removed: its own store, or nothing would ever be empty. */
void local_cred_clean_dir(FsLocal *s, int dirfd, const char *name);

/* ---- local-xattr.c, local-make.c: their part of the class ---- */
ssize_t local_getxattr(FsBackend *fs, const char *path, const char *name, void *buf, size_t size);
int local_setxattr(FsBackend *fs, const char *path, const char *name, const void *buf,
                   size_t size, int flags);
void local_class_init_make(FsBackendClass *fc);

#endif
