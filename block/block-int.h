/*
 * What the files of block/ share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BLOCK_INT_H
#define VIREO_BLOCK_INT_H

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

typedef enum DetectZeroes { DETECT_ZEROES_OFF, DETECT_ZEROES_ON, DETECT_ZEROES_UNMAP } DetectZeroes;

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
    int event_fd;        /* readable: finished is not empty */
    GSource *source;
} BlkPool;

struct BlockBackend {
    Object parent_obj;

    /* properties */
    char *file;
    char *format;
    bool read_only;
    bool snapshot;
    int cache;
    int discard; /* bool, as an enum property has it */
    int detect_zeroes;
    int aio;
    int media;

    int fd;              /* -1 until complete */
    bool is_blkdev;
    uint64_t size;
    Overlay *overlay;    /* NULL without snapshot=on */
    char *owner;         /* the device attached, or NULL */
    BlkPool pool;
    bool pool_running;
};

struct BlockBackendClass {
    ObjectClass parent_class;
};

/* raw.c: opening, and I/O on a file. All return 0 or a negative errno. */
bool raw_open(BlockBackend *blk, Error **errp);
int raw_preadv(int fd, struct iovec *iov, int iovcnt, uint64_t offset);
int raw_pwritev(int fd, struct iovec *iov, int iovcnt, uint64_t offset);
int raw_discard(BlockBackend *blk, uint64_t offset, uint64_t bytes);
int raw_write_zeroes(int fd, uint64_t offset, uint64_t bytes, bool may_unmap);

/* raw-lock.c: refuses a file that another drive or process writes. */
bool raw_lock(int fd, const char *file, bool writer, Error **errp);

/* overlay.c */
Overlay *overlay_new(uint64_t size, Error **errp);
void overlay_free(Overlay *o);
int overlay_preadv(Overlay *o, int base_fd, struct iovec *iov, int iovcnt, uint64_t offset);
int overlay_pwritev(Overlay *o, int base_fd, struct iovec *iov, int iovcnt, uint64_t offset,
                    uint64_t bytes);
int overlay_write_zeroes(Overlay *o, int base_fd, uint64_t offset, uint64_t bytes);

/* request.c: carries out one request on an I/O thread. */
int blk_execute(BlockBackend *blk, BlockRequest *req);

/* pool.c */
bool blk_pool_start(BlockBackend *blk, Error **errp);
void blk_pool_stop(BlockBackend *blk);

#endif
