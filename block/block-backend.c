/*
 * What devices, the run state and the monitor ask of a back end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/bits.h"

uint64_t blk_size(BlockBackend *blk)
{
    return __atomic_load_n(&blk->size, __ATOMIC_RELAXED);
}

uint64_t blk_image_bytes(BlockBackend *blk)
{
    return blk_size(blk) - (blk->node ? blk->node->missing : 0);
}

bool blk_read_only(BlockBackend *blk)
{
    return blk->read_only;
}

bool blk_discard_enabled(BlockBackend *blk)
{
    return blk->discard;
}

bool blk_write_cache(BlockBackend *blk)
{
    return blk->write_cache;
}

const char *blk_owner(BlockBackend *blk)
{
    return blk->owner;
}

bool blk_attach(BlockBackend *blk, const char *owner, Error **errp)
{
    if (!blk->node) {
        error_setg(errp, "drive '%s' is not open", blk->parent_obj.name);
        return false;
    }
    if (blk->owner) {
        error_setg(errp, "drive '%s' is in use by '%s' already", blk->parent_obj.name, blk->owner);
        return false;
    }
    blk->owner = g_strdup(owner);
    return true;
}

void blk_set_dev_ops(BlockBackend *blk, const BlockDevOps *ops, void *opaque)
{
    blk->ops = ops;
    blk->ops_opaque = opaque;
}

void blk_detach(BlockBackend *blk)
{
    blk_drain(blk);
    blk_set_context(blk, NULL);
    blk->ops = NULL;
    g_clear_pointer(&blk->owner, g_free);
}

BlockOnError blk_error_action(BlockBackend *blk, BlockOnError device, bool is_write, int err)
{
    BlockOnError a = device;

    if (a == BLOCK_ON_ERROR_AUTO) {
        a = is_write ? blk->werror : blk->rerror;
    }
    if (a == BLOCK_ON_ERROR_AUTO) {
        a = is_write ? BLOCK_ON_ERROR_ENOSPC : BLOCK_ON_ERROR_REPORT;
    }
    if (a == BLOCK_ON_ERROR_ENOSPC) {
        a = err == -ENOSPC ? BLOCK_ON_ERROR_STOP : BLOCK_ON_ERROR_REPORT;
    }
    return a;
}

char *blk_describe(BlockBackend *blk)
{
    GString *s = g_string_new(NULL);

    g_string_append_printf(s, "%s: %s (%s%s%s, %" G_GINT64_MODIFIER "u bytes)\n",
                           blk->parent_obj.name, blk->node->name,
                           blk->driver ? blk->driver : "raw",
                           blk->read_only ? ", read-only" : "", blk->overlay ? ", snapshot" : "",
                           blk_size(blk));
    if (blk->owner) {
        g_string_append_printf(s, "    Attached to:      %s\n", blk->owner);
    }
    g_string_append_printf(s, "    Cache mode:       %s%s%s\n",
                           blk->write_cache ? "writeback" : "writethrough",
                           blk->node->direct ? ", direct" : "",
                           blk->flushes ? "" : ", ignore flushes");
    if (blk->detect_zeroes) {
        g_string_append_printf(s, "    Detect zeroes:    %s\n",
                               blk->detect_zeroes == DETECT_ZEROES_ON ? "on" : "unmap");
    }
    return g_string_free(s, FALSE);
}

bool blk_resize(BlockBackend *blk, uint64_t bytes, Error **errp)
{
    if (bytes == 0 || bytes % BLOCK_SECTOR || bytes > INT64_MAX - BLOCK_SECTOR) {
        error_setg(errp, "size %" G_GINT64_MODIFIER "u is not a multiple of 512 from 512 up",
                   bytes);
        return false;
    }
    if (blk->read_only || blk->overlay || blk->lower || blk->offset || blk->node->is_blkdev) {
        error_setg(errp, "drive '%s' cannot change its size: it is %s", blk->parent_obj.name,
                   blk->node->is_blkdev ? "a block device" : blk->overlay ? "a snapshot"
                   : blk->read_only ? "read-only" : "a part of another");
        return false;
    }
    blk_drain(blk);
    if (blk->node->fd >= 0 && ftruncate(blk->node->fd, bytes)) {
        error_setg_errno(errp, errno, "cannot change the size of '%s'", blk->node->name);
        return false;
    }
    blk->node->bytes = bytes;
    __atomic_store_n(&blk->size, bytes, __ATOMIC_RELAXED);
    if (blk->ops && blk->ops->resized) {
        blk->ops->resized(blk->ops_opaque);
    }
    return true;
}

/* ---- All of them ---- */

static void for_each(void (*fn)(BlockBackend *blk))
{
    Object *drives = object_resolve_path("/drives");

    for (guint i = 0; drives && drives->children && i < drives->children->len; i++) {
        BlockBackend *blk =
            object_dynamic_cast(g_ptr_array_index(drives->children, i), TYPE_BLOCK_BACKEND);

        if (blk && blk->pool_running) {
            fn(blk);
        }
    }
}

static void flush_one(BlockBackend *blk)
{
    BlockRequest req = { .op = BLOCK_FLUSH };
    int r;

    blk_drain(blk);
    r = blk_execute(blk, &req);
    if (r) {
        error_report("drive '%s': cannot flush '%s': %s", blk->parent_obj.name, blk->node->name,
                     strerror(-r));
    }
}

static void pause_one(BlockBackend *blk)
{
    if (blk->ops && blk->ops->pause) {
        blk->ops->pause(blk->ops_opaque);
    }
    blk_drain(blk);
}

static void resume_one(BlockBackend *blk)
{
    if (blk->ops && blk->ops->resume) {
        blk->ops->resume(blk->ops_opaque);
    }
}

void blk_pause_all(void)
{
    for_each(pause_one);
}

void blk_resume_all(void)
{
    for_each(resume_one);
}

void blk_drain_all(void)
{
    for_each(blk_drain);
}

void blk_flush_all(void)
{
    for_each(flush_one);
}
