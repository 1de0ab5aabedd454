/*
 * The object behind -drive.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/bits.h"

enum { MEDIA_DISK, MEDIA_CDROM };

uint64_t blk_size(BlockBackend *blk)
{
    return blk->size;
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
    return blk->cache != CACHE_WRITETHROUGH && blk->cache != CACHE_DIRECTSYNC;
}

bool blk_attach(BlockBackend *blk, const char *owner, Error **errp)
{
    if (blk->fd < 0) {
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

void blk_detach(BlockBackend *blk)
{
    blk_drain(blk);
    g_free(blk->owner);
    blk->owner = NULL;
}

char *blk_describe(BlockBackend *blk)
{
    return g_strdup_printf("%s (raw%s%s, %" G_GINT64_MODIFIER "u bytes)%s%s", blk->file,
                           blk->read_only ? ", read-only" : "", blk->snapshot ? ", snapshot" : "",
                           blk->size, blk->owner ? ", attached to " : "",
                           blk->owner ? blk->owner : "");
}

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
        error_report("drive '%s': cannot flush '%s': %s", blk->parent_obj.name, blk->file,
                     strerror(-r));
    }
}

void blk_drain_all(void)
{
    for_each(blk_drain);
}

void blk_flush_all(void)
{
    for_each(flush_one);
}

/* ---- The object ---- */

static bool blk_complete(Object *obj, Error **errp)
{
    BlockBackend *blk = BLOCK_BACKEND(obj);

    if (blk->media == MEDIA_CDROM) {
        blk->read_only = true;
    }
    if (blk->read_only) {
        blk->snapshot = false; /* there is nothing to keep apart */
    }
    if (!raw_open(blk, errp)) {
        goto fail;
    }
    if (blk->snapshot) {
        blk->overlay = overlay_new(blk->size, errp);
        if (!blk->overlay) {
            goto fail;
        }
    }
    if (blk_pool_start(blk, errp)) {
        return true;
    }
fail:
    if (blk->fd >= 0) {
        close(blk->fd);
        blk->fd = -1;
    }
    return false;
}

static void blk_instance_init(Object *obj)
{
    BLOCK_BACKEND(obj)->fd = -1;
}

static void blk_instance_finalize(Object *obj)
{
    BlockBackend *blk = BLOCK_BACKEND(obj);

    blk_pool_stop(blk);
    overlay_free(blk->overlay);
    if (blk->fd >= 0) {
        close(blk->fd);
    }
    g_free(blk->owner);
}

static const EnumName cache_names[] = {
    { "writeback", CACHE_WRITEBACK, "writes are safe after a flush" },
    { "none", CACHE_NONE, "as writeback" },
    { "writethrough", CACHE_WRITETHROUGH, "writes are safe when they complete" },
    { "directsync", CACHE_DIRECTSYNC, "as writethrough" },
    { "unsafe", CACHE_UNSAFE, "flushes do nothing" },
    { NULL }
};

static const EnumName discard_names[] = {
    { "ignore", false, "the guest's discards do nothing" },
    { "off", false, "as ignore" },
    { "unmap", true, "they make holes in the file" },
    { "on", true, "as unmap" },
    { NULL }
};

static const EnumName zeroes_names[] = {
    { "off", DETECT_ZEROES_OFF, NULL },
    { "on", DETECT_ZEROES_ON, "blocks of zeroes are allocated without data" },
    { "unmap", DETECT_ZEROES_UNMAP, "with discard=unmap they make holes" },
    { NULL }
};

static const EnumName aio_names[] = {
    { "threads", 0, NULL }, { "native", 1, "as threads" }, { "io_uring", 2, "as threads" },
    { NULL }
};

static const EnumName media_names[] = {
    { "disk", MEDIA_DISK, NULL }, { "cdrom", MEDIA_CDROM, "read-only" }, { NULL }
};

static const Property blk_props[] = {
    PROP_STR("file", BlockBackend, file, NULL, "image file or block device"),
    PROP_STR("format", BlockBackend, format, NULL, "raw"),
    PROP_BOOL("readonly", BlockBackend, read_only, false, "the guest cannot write"),
    { PROP_(prop_bool, "read-only", BlockBackend, read_only), .flags = PROP_HIDDEN },
    PROP_BOOL("snapshot", BlockBackend, snapshot, false, "changes vanish at the end"),
    PROP_ENUM("cache", BlockBackend, cache, CACHE_WRITEBACK, cache_names,
              "when written data is safe"),
    PROP_ENUM("discard", BlockBackend, discard, 0, discard_names,
              "whether discarded blocks are given back"),
    PROP_ENUM("detect-zeroes", BlockBackend, detect_zeroes, DETECT_ZEROES_OFF, zeroes_names,
              "whether written zeroes are treated apart"),
    PROP_ENUM("aio", BlockBackend, aio, 0, aio_names, "how requests reach the host"),
    PROP_ENUM("media", BlockBackend, media, MEDIA_DISK, media_names, "kind of drive"),
    PROP_END
};

static void blk_class_init(ObjectClass *klass, const void *data)
{
    klass->props = blk_props;
    user_creatable_set_complete(klass, blk_complete);
}

static const char *const blk_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo blk_type = {
    .name = TYPE_BLOCK_BACKEND,
    .parent = TYPE_OBJECT,
    .desc = "disk image",
    .instance_size = sizeof(BlockBackend),
    .class_size = sizeof(BlockBackendClass),
    .class_init = blk_class_init,
    .instance_init = blk_instance_init,
    .instance_finalize = blk_instance_finalize,
    .interfaces = blk_interfaces,
};
type_init(blk_type);
