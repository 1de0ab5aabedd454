/*
 * What the files of block/ share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BLOCK_INT_H
#define VIREO_BLOCK_INT_H

#include <pthread.h>

#include "backend/block.h"
#include "qom/object.h"
#include "util/error.h"

typedef enum CacheMode {
    CACHE_WRITEBACK,
    CACHE_NONE,
    CACHE_WRITETHROUGH,
    CACHE_DIRECTSYNC,
    CACHE_UNSAFE,
} CacheMode;

typedef enum BlockLocking { LOCKING_AUTO, LOCKING_ON, LOCKING_OFF } BlockLocking;
typedef enum BlockAio { AIO_THREADS, AIO_NATIVE, AIO_URING } BlockAio;

typedef enum DetectZeroes { DETECT_ZEROES_OFF, DETECT_ZEROES_ON, DETECT_ZEROES_UNMAP } DetectZeroes;

/*
 * What is below a back end: a file, a block device, or nothing (null-co). Shared by a raw node and
 * the node of its file.
 */
typedef struct BlockFile {
    unsigned ref;        /* main thread */
    char *name;
    int fd;              /* -1: null */
    bool is_blkdev;
    bool direct;         /* O_DIRECT */
    uint32_t align;      /* of offsets and lengths with it; else 1 */
    uint32_t mem_align;  /* of buffers with it */
    bool read_zeroes;    /* null: reads give zeroes */
    uint64_t latency_ns; /* null */
    uint64_t bytes;      /* a multiple of 512 */
    unsigned missing;    /* of the last sector, which the file has only part of */
    pthread_rwlock_t edges; /* direct: held by writers; exclusively where blocks are read first
                             * (not a GRWLock: sanitizers know this one) */
} BlockFile;

/* The changes of a snapshot=on disk: an unlinked file, and a bit per granule that lives in it. */
#define OVERLAY_GRANULE 4096

typedef struct Overlay {
    int fd;
    uint64_t size;          /* bytes, of the disk */
    unsigned long *present; /* atomic; a set bit is never cleared */
    GMutex write_lock;      /* one writer; readers need only the bits */
} Overlay;

/* A list of requests, first in first out. */
typedef struct ReqList {
    BlockRequest *head, **tail;
} ReqList;

#define BLK_MAX_THREADS 8

typedef struct BlkPool {
    GMutex lock;
    GCond work;          /* for the threads */
    GCond progress;      /* for those who wait */
    ReqList pending;     /* submitted, not begun */
    ReqList finished;    /* done() is to come */
    unsigned threads, started, idle;
    BlockRequest *running[BLK_MAX_THREADS]; /* what each thread carries out, or NULL */
    uint64_t in_flight;  /* submitted, done() not run yet */
    bool quit;
    GPtrArray *handles;  /* GThread */
    int event_fd;        /* readable: there is something to reap, or finished is not empty */
    GSource *source;
    struct BlkUring *uring; /* NULL: threads do all */
} BlkPool;

struct BlockBackend {
    Object parent_obj;

    /* properties */
    char *file;          /* -drive: the image; -blockdev: the node below */
    char *filename, *format, *driver, *file_driver;
    char *throttle;
    bool read_only, auto_read_only, snapshot, force_share;
    int cache;
    int direct, no_flush, writeback; /* OnOffAuto, of cache.* */
    int discard; /* bool, as an enum property has it */
    int detect_zeroes;
    int aio;
    int media;
    int locking;
    int werror, rerror;
    uint64_t offset, length; /* of a part of the file; length 0: all */
    bool read_zeroes;
    uint64_t latency_ns;

    BlockFile *node;     /* NULL until complete */
    BlockBackend *lower; /* whose node it is, if not our own; referenced */
    uint64_t size;       /* atomic */
    bool write_cache, flushes;
    Overlay *overlay;    /* NULL without snapshot=on */
    char *owner;         /* the device attached, or the node above, or NULL */
    const BlockDevOps *ops;
    void *ops_opaque;
    BlkPool pool;
    bool pool_running;
};

struct BlockBackendClass {
    ObjectClass parent_class;
};

/* file.c: opening. */
typedef struct BlockOpen {
    const char *name, *driver; /* driver: raw, file, host_device, null-co, null-aio or NULL */
    bool writer, auto_read_only, direct, probe_format, force_share;
    BlockLocking locking;
    const BlockBackend *options; /* of null */
} BlockOpen;
/* Clears o->writer if the file is opened only for reading after all. */
BlockFile *block_file_open(BlockOpen *o, Error **errp);
BlockFile *block_file_ref(BlockFile *f);
void block_file_unref(BlockFile *f); /* NULL allowed */
bool block_driver_check(const char *driver, Error **errp);
bool block_driver_is_null(const char *driver);

/* I/O on a node, whatever it is. All return 0 or a negative errno and leave iov as it was. */
int block_file_preadv(BlockFile *f, const struct iovec *iov, int cnt, uint64_t offset);
int block_file_pwritev(BlockFile *f, const struct iovec *iov, int cnt, uint64_t offset);
int block_file_discard(BlockFile *f, uint64_t offset, uint64_t bytes);
int block_file_write_zeroes(BlockFile *f, uint64_t offset, uint64_t bytes, bool may_unmap);
int block_file_sync(BlockFile *f);
/* Whether a request can go to a direct file as it is. */
bool block_file_aligned(const BlockFile *f, const struct iovec *iov, int cnt, uint64_t offset);

/* raw.c: the same on a descriptor. */
int raw_preadv(int fd, const struct iovec *iov, int cnt, uint64_t offset);
int raw_pwritev(int fd, const struct iovec *iov, int cnt, uint64_t offset);
uint64_t iov_bytes(const struct iovec *iov, int cnt);

/* raw-lock.c: refuses a file that another drive or process writes. */
bool raw_lock(int fd, const BlockOpen *o, Error **errp);

/* overlay.c */
Overlay *overlay_new(uint64_t size, Error **errp);
void overlay_free(Overlay *o);
int overlay_preadv(Overlay *o, BlockBackend *blk, struct iovec *iov, int iovcnt, uint64_t offset);
int overlay_pwritev(Overlay *o, BlockBackend *blk, struct iovec *iov, int iovcnt, uint64_t offset,
                    uint64_t bytes);
int overlay_write_zeroes(Overlay *o, BlockBackend *blk, uint64_t offset, uint64_t bytes);

/* request.c: carries out one request on an I/O thread; leaves its iov as it was. */
int blk_execute(BlockBackend *blk, BlockRequest *req);

/* pool.c */
bool blk_pool_start(BlockBackend *blk, Error **errp);
void blk_pool_stop(BlockBackend *blk);

/* uring.c, or no-uring.c; the pool's lock is held. */
#define BLK_URING_DEPTH 256
typedef struct BlkUring BlkUring;
/* NULL if the host has none. Completions make event_fd readable. */
BlkUring *blk_uring_new(int event_fd);
void blk_uring_free(BlkUring *u); /* nothing in flight; NULL allowed */
/* False: the threads must do it. */
bool blk_uring_submit(BlkUring *u, BlockBackend *blk, BlockRequest *req);
/* The next that ended, or NULL; *redo: the threads must do it again. Waits if `wait` and any is in
 * flight. */
BlockRequest *blk_uring_reap(BlkUring *u, bool wait, bool *redo);
bool blk_uring_busy(const BlkUring *u, bool (*match)(BlockRequest *req, void *opaque),
                    void *opaque);

#endif
