/*
 * What a disk device may ask of the host. Implemented in block/.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BACKEND_BLOCK_H
#define VIREO_BACKEND_BLOCK_H

#include <sys/uio.h>

#include "qom/object.h"

#define TYPE_BLOCK_BACKEND "block-backend"
OBJECT_DECLARE(BlockBackend, BlockBackendClass, BLOCK_BACKEND, TYPE_BLOCK_BACKEND)

/* The types behind -drive and -blockdev. */
#define TYPE_BLOCK_DRIVE "block-drive"
#define TYPE_BLOCK_NODE "block-node"

#define BLOCK_SECTOR 512

typedef enum BlockOp {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_DISCARD,
    BLOCK_WRITE_ZEROES,
} BlockOp;

/*
 * One request. The caller owns it and what it points to until `done` has been called, exactly once,
 * on the main thread (or in the context of blk_set_context()), with no lock held; ret is 0 or a
 * negative errno. The buffers may be used again for another try then.
 */
typedef struct BlockRequest {
    BlockOp op;
    uint64_t offset;         /* bytes */
    uint64_t bytes;          /* for READ and WRITE the total of iov */
    struct iovec *iov;
    int iovcnt;
    bool may_unmap;          /* WRITE_ZEROES */
    bool fua;                /* WRITE, WRITE_ZEROES: on stable storage before done() */
    void (*done)(struct BlockRequest *req, int ret);
    void *opaque;
    /* private to block/ */
    BlockBackend *blk;
    struct BlockRequest *next;
    int ret;
} BlockRequest;

/* Hands req to the back end's I/O threads. Out-of-range and read-only violations come back through
 * done() like other errors. Any thread. */
void blk_submit(BlockBackend *blk, BlockRequest *req);

/* At once, on the calling thread, for devices whose medium is memory (flash). 0 or a negative errno.
 * Writes are on stable storage if the cache mode wants that. Any thread. */
int blk_pread(BlockBackend *blk, uint64_t offset, void *buf, uint64_t bytes);
int blk_pwrite(BlockBackend *blk, uint64_t offset, const void *buf, uint64_t bytes);

uint64_t blk_size(BlockBackend *blk);      /* bytes, a multiple of 512 */
uint64_t blk_image_bytes(BlockBackend *blk); /* blk_size() without what its last sector lacks */
bool blk_read_only(BlockBackend *blk);
bool blk_discard_enabled(BlockBackend *blk); /* discard=unmap */
/* Whether writes may stay in a cache until a flush: off with cache=writethrough and directsync. */
bool blk_write_cache(BlockBackend *blk);

/* What to do about an error of the host: werror= and rerror=. */
typedef enum BlockOnError {
    BLOCK_ON_ERROR_AUTO,   /* of a device: what the drive says; of the drive: the default */
    BLOCK_ON_ERROR_REPORT, /* the guest gets an I/O error */
    BLOCK_ON_ERROR_IGNORE, /* the guest is told that all is well */
    BLOCK_ON_ERROR_STOP,   /* the machine stops; `cont` tries again */
    BLOCK_ON_ERROR_ENOSPC, /* the same if there is no space, else report: default of writes */
} BlockOnError;

/* REPORT, IGNORE or STOP, for an error of a device whose own property says `device`. */
BlockOnError blk_error_action(BlockBackend *blk, BlockOnError device, bool is_write, int err);

/* What a device wants to know; main thread, no lock held; any may be NULL. */
typedef struct BlockDevOps {
    void (*pause)(void *opaque);   /* the machine stops: nothing is to be submitted after this */
    void (*resume)(void *opaque);  /* it goes on */
    void (*resized)(void *opaque); /* blk_size() has changed */
} BlockDevOps;

/* One device per back end. */
bool blk_attach(BlockBackend *blk, const char *owner, Error **errp);
/* After blk_attach(); ends with blk_detach(). */
void blk_set_dev_ops(BlockBackend *blk, const BlockDevOps *ops, void *opaque);
/* done() runs in this context from now on; NULL: on the main thread. Main thread, nothing in
 * flight. */
void blk_set_context(BlockBackend *blk, GMainContext *context);
void blk_detach(BlockBackend *blk);
/* Ends the requests that match: those not begun with -ECANCELED, the others by waiting until the
 * I/O threads have let go of them. Their done() is still to come. Any thread, locks of devices may
 * be held; match is called with the back end's lock held. */
void blk_cancel(BlockBackend *blk, bool (*match)(BlockRequest *req, void *opaque), void *opaque);
/* Waits until nothing is in flight and every done() has run. Main thread, no lock held. */
void blk_drain(BlockBackend *blk);
/* Used by stop, start and exit; main thread. Pausing also drains; flushing drains. */
void blk_pause_all(void);
void blk_resume_all(void);
void blk_drain_all(void);
void blk_flush_all(void);

/* ---- For the monitor; main thread ---- */

/* Lines for "info block"; g_free(). */
char *blk_describe(BlockBackend *blk);
/* The device attached, or NULL. */
const char *blk_owner(BlockBackend *blk);
/* Makes the disk larger or smaller, and the file of a raw image with it. */
bool blk_resize(BlockBackend *blk, uint64_t bytes, Error **errp);

#endif
