/*
 * A directory of the host that a device shows to the guest. Implemented in fsdev/.
 *
 * Paths are relative to that directory, "" is the directory itself; they have no empty part, no "."
 * and no "..", and a `name` has no slash. Whatever they say, nothing outside the directory is
 * reached, and no symbolic link of the host is followed. Functions return 0, a descriptor or a
 * number of bytes, or -errno. They may block on the disk: not for vCPU threads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BACKEND_FS_H
#define VIREO_BACKEND_FS_H

#include <sys/stat.h>
#include <sys/statfs.h>

#include "qom/object.h"

#define TYPE_FS_BACKEND "fs-backend"
#define FSDEV_CONTAINER "/fsdevs"
OBJECT_DECLARE(FsBackend, FsBackendClass, FS_BACKEND, TYPE_FS_BACKEND)

struct FsBackend {
    Object parent_obj;
};

/* Whose a file is, and what it is, as the guest sees it. */
typedef struct FsCred {
    uint32_t uid, gid, mode; /* mode with the type */
    uint64_t rdev;
} FsCred;

typedef enum FsAttrFlags {
    FS_ATTR_MODE = 1 << 0,
    FS_ATTR_UID = 1 << 1,
    FS_ATTR_GID = 1 << 2,
    FS_ATTR_SIZE = 1 << 3,
    FS_ATTR_TIMES = 1 << 4,
} FsAttrFlags;

typedef struct FsAttr {
    unsigned set; /* FsAttrFlags */
    uint32_t mode, uid, gid;
    uint64_t size;
    struct timespec times[2]; /* of access and modification, as utimensat(2) has them */
} FsAttr;

/* One entry of a directory; false stops. type is that of readdir(3), next the offset behind it. */
typedef bool (*FsDirEntryFn)(void *opaque, const char *name, unsigned type, uint64_t ino,
                             uint64_t next);

struct FsBackendClass {
    ObjectClass parent_class;
    int (*stat)(FsBackend *fs, const char *path, struct stat *st);
    /* A number that no other file has, for the inode; -ENODEV if the file may not be shown. */
    int (*file_id)(FsBackend *fs, uint64_t dev, uint64_t ino, uint64_t *id);
    /* Regular files and directories only; flags are those of open(2), without O_CREAT. */
    int (*open)(FsBackend *fs, const char *path, int flags);
    /* A regular file; an existing one is opened unless O_EXCL is in flags. */
    int (*create)(FsBackend *fs, const char *dir, const char *name, int flags,
                  const FsCred *cred);
    /* A directory, special file or (with target) symbolic link, as cred->mode says. */
    int (*make)(FsBackend *fs, const char *dir, const char *name, const FsCred *cred,
                const char *target);
    ssize_t (*readlink)(FsBackend *fs, const char *path, char *buf, size_t size);
    int (*link)(FsBackend *fs, const char *old_dir, const char *old_name, const char *dir,
                const char *name);
    int (*rename)(FsBackend *fs, const char *old_dir, const char *old_name, const char *dir,
                  const char *name);
    int (*unlink)(FsBackend *fs, const char *dir, const char *name, bool directory);
    int (*setattr)(FsBackend *fs, const char *path, const FsAttr *attr);
    int (*statfs)(FsBackend *fs, const char *path, struct statfs *st);
    /* name NULL: the names. buf NULL: only the size. */
    ssize_t (*getxattr)(FsBackend *fs, const char *path, const char *name, void *buf, size_t size);
    /* buf NULL: removes it. */
    int (*setxattr)(FsBackend *fs, const char *path, const char *name, const void *buf,
                    size_t size, int flags);
    /* On what open or create returned. */
    ssize_t (*read)(FsBackend *fs, int fd, void *buf, size_t size, uint64_t offset);
    ssize_t (*write)(FsBackend *fs, int fd, const void *buf, size_t size, uint64_t offset);
    int (*readdir)(FsBackend *fs, int fd, uint64_t offset, FsDirEntryFn fn, void *opaque);
    /* path is what it was opened by, and may name something else by now, or nothing. */
    int (*fstat)(FsBackend *fs, int fd, const char *path, struct stat *st);
    int (*truncate)(FsBackend *fs, int fd, uint64_t size);
    int (*fsync)(FsBackend *fs, int fd, bool data_only);
    void (*close)(FsBackend *fs, int fd);
};

#endif
