/*
 * The objects behind -drive and -blockdev: options, and what they come to.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <string.h>

#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/bits.h"
#include "util/keyval.h"

enum { MEDIA_DISK, MEDIA_CDROM };

/* ---- What the options come to ---- */

static bool one_of(const char *a, const char *name_a, const char *b, const char *name_b,
                   Error **errp)
{
    if (a && b) {
        error_setg(errp, "'%s' and '%s' exclude each other", name_a, name_b);
    }
    return !a || !b;
}

/* cache=MODE sets three switches, each of which can be set alone too. */
static void choose_cache(BlockBackend *blk, bool *direct)
{
    bool wb = blk->cache != CACHE_WRITETHROUGH && blk->cache != CACHE_DIRECTSYNC;
    bool no_flush = blk->cache == CACHE_UNSAFE;

    *direct = blk->cache == CACHE_NONE || blk->cache == CACHE_DIRECTSYNC;
    *direct = blk->direct ? blk->direct == ON_OFF_AUTO_ON : *direct;
    no_flush = blk->no_flush ? blk->no_flush == ON_OFF_AUTO_ON : no_flush;
    blk->write_cache = blk->writeback ? blk->writeback == ON_OFF_AUTO_ON : wb;
    blk->flushes = !no_flush;
}

static bool check_options(BlockBackend *blk, Error **errp)
{
    if (blk->throttle) {
        error_setg(errp, "throttling is not supported yet");
        return false;
    }
    if (blk->format && strcmp(blk->format, "raw") && !block_driver_is_null(blk->format)) {
        static const char *const names[] = { "raw", NULL };
        const char *near = nearest_name(blk->format, names);

        error_setg(errp, "format '%s' is not supported%s, only 'raw' is%s", blk->format,
                   near ? "" : " yet", near ? " (did you mean 'raw'?)" : "");
        return false;
    }
    return block_driver_check(blk->driver, errp) && block_driver_check(blk->file_driver, errp) &&
           one_of(blk->format, "format", blk->driver, "driver", errp);
}

static bool open_own(BlockBackend *blk, const char *name, Error **errp)
{
    const char *driver = blk->driver && strcmp(blk->driver, "raw") ? blk->driver
                         : blk->file_driver ? blk->file_driver : blk->format;
    BlockOpen o = {
        .driver = driver, .writer = !blk->read_only && !blk->snapshot,
        .auto_read_only = blk->auto_read_only, .force_share = blk->force_share,
        .locking = blk->locking, .probe_format = !blk->format && !blk->driver, .options = blk,
    };

    choose_cache(blk, &o.direct);
    if (!block_driver_is_null(driver) && (!name || !*name)) {
        error_setg(errp, "property '%s' is missing",
                   object_dynamic_cast(blk, TYPE_BLOCK_NODE) ? "filename" : "file");
        return false;
    }
    if (blk->force_share && o.writer) {
        error_setg(errp, "force-share=on needs read-only=on");
        return false;
    }
    if (name && g_str_has_prefix(name, "file:")) {
        name += strlen("file:");
    }
    o.name = name;
    blk->node = block_file_open(&o, errp);
    if (!blk->snapshot) {
        blk->read_only = !o.writer;
    }
    return blk->node != NULL;
}

/* driver=raw,file=NODE: the same file, of which the node below is not used directly any more. */
static bool open_lower(BlockBackend *blk, const char *name, Error **errp)
{
    Object *obj = object_child(object_container("/drives"), name);
    BlockBackend *lower = obj ? object_dynamic_cast(obj, TYPE_BLOCK_BACKEND) : NULL;
    bool direct;

    if (!lower || lower == blk) {
        error_setg(errp, "file=%s: there is no node of that name (node-name= of an earlier "
                   "-blockdev)", name);
        return false;
    }
    if (!blk->read_only && lower->read_only) {
        if (!blk->auto_read_only) {
            error_setg(errp, "file=%s: that node is read-only (read-only=on here too would do)",
                       name);
            return false;
        }
        blk->read_only = true;
    }
    if (!blk_attach(lower, blk->parent_obj.name, errp)) {
        return false;
    }
    choose_cache(blk, &direct);
    blk->flushes = blk->flushes && lower->flushes;
    object_ref(lower);
    blk->lower = lower;
    blk->node = block_file_ref(lower->node);
    return true;
}

static bool open_node(BlockBackend *blk, Error **errp)
{
    bool is_node = object_dynamic_cast(blk, TYPE_BLOCK_NODE) != NULL;

    if (!one_of(blk->file, "file", blk->filename,
                is_node ? "filename" : "file.filename", errp)) {
        return false;
    }
    if (is_node && !blk->driver) {
        error_setg(errp, "'driver' is missing");
        return false;
    }
    if (is_node && blk->file) {
        if (strcmp(blk->driver, "raw")) {
            error_setg(errp, "driver '%s' has no 'file' (it has: filename)", blk->driver);
            return false;
        }
        return open_lower(blk, blk->file, errp);
    }
    return open_own(blk, blk->filename ? blk->filename : blk->file, errp);
}

static bool choose_part(BlockBackend *blk, Error **errp)
{
    bool null = block_driver_is_null(blk->driver) || block_driver_is_null(blk->format) ||
                block_driver_is_null(blk->file_driver);
    uint64_t end;

    blk->size = blk->node->bytes;
    if (null || (!blk->offset && !blk->length)) {
        blk->offset = 0;
        return true;
    }
    if (blk->offset % BLOCK_SECTOR || blk->length % BLOCK_SECTOR) {
        error_setg(errp, "'offset' and 'size' must be multiples of 512");
        return false;
    }
    if (blk->offset >= blk->size || !u64_add(blk->offset, blk->length, &end) || end > blk->size) {
        error_setg(errp, "'offset' and 'size' are outside '%s', which has %" G_GINT64_MODIFIER
                   "u bytes", blk->node->name, blk->size);
        return false;
    }
    blk->size = blk->length ? blk->length : blk->size - blk->offset;
    return true;
}

static void undo(BlockBackend *blk)
{
    g_clear_pointer(&blk->node, block_file_unref);
    if (blk->lower) {
        blk_detach(blk->lower);
        object_unref(blk->lower);
        blk->lower = NULL;
    }
}

static bool blk_complete(Object *obj, Error **errp)
{
    BlockBackend *blk = BLOCK_BACKEND(obj);

    if (blk->media == MEDIA_CDROM) {
        blk->read_only = true;
    }
    if (blk->read_only) {
        blk->snapshot = false; /* there is nothing to keep apart */
    }
    if (!check_options(blk, errp) || !open_node(blk, errp) || !choose_part(blk, errp)) {
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
    undo(blk);
    return false;
}

static bool blk_can_delete(Object *obj, Error **errp)
{
    BlockBackend *blk = BLOCK_BACKEND(obj);

    if (blk->owner) {
        error_setg(errp, "drive '%s' is in use by '%s'", obj->name, blk->owner);
    }
    return !blk->owner;
}

static void blk_instance_finalize(Object *obj)
{
    BlockBackend *blk = BLOCK_BACKEND(obj);

    blk_pool_stop(blk);
    overlay_free(blk->overlay);
    undo(blk);
    g_free(blk->owner);
}

/* ---- Properties ---- */

static const EnumName cache_names[] = {
    { "writeback", CACHE_WRITEBACK, "writes are safe after a flush" },
    { "none", CACHE_NONE, "the same, without the host's page cache" },
    { "writethrough", CACHE_WRITETHROUGH, "writes are safe when they complete" },
    { "directsync", CACHE_DIRECTSYNC, "the same, without the host's page cache" },
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
    { "threads", AIO_THREADS, NULL }, { "native", AIO_NATIVE, "as io_uring" },
    { "io_uring", AIO_URING, "threads where the host has none" }, { NULL }
};

static const EnumName media_names[] = {
    { "disk", MEDIA_DISK, NULL }, { "cdrom", MEDIA_CDROM, "read-only" }, { NULL }
};

static const EnumName locking_names[] = {
    { "auto", LOCKING_AUTO, "where the file system can" }, { "on", LOCKING_ON, NULL },
    { "off", LOCKING_OFF, NULL }, { NULL }
};

static const EnumName werror_names[] = {
    { "enospc", BLOCK_ON_ERROR_ENOSPC, "stop if there is no space, else report" },
    { "report", BLOCK_ON_ERROR_REPORT, "the guest gets an I/O error" },
    { "ignore", BLOCK_ON_ERROR_IGNORE, "the guest is told that all is well" },
    { "stop", BLOCK_ON_ERROR_STOP, "the machine stops, cont tries again" },
    { "auto", BLOCK_ON_ERROR_AUTO, NULL }, { NULL }
};

static const EnumName rerror_names[] = {
    { "report", BLOCK_ON_ERROR_REPORT, "the guest gets an I/O error" },
    { "ignore", BLOCK_ON_ERROR_IGNORE, "the guest is told that all is well" },
    { "stop", BLOCK_ON_ERROR_STOP, "the machine stops, cont tries again" },
    { "auto", BLOCK_ON_ERROR_AUTO, NULL }, { NULL }
};

#define ON_OFF(name_, field_, help_) \
    { PROP_(prop_on_off_auto, name_, BlockBackend, field_), .help = (help_) }
#define HIDDEN(type_, name_, field_) \
    { PROP_(type_, name_, BlockBackend, field_), .flags = PROP_HIDDEN }
#define HIDDEN_ENUM(name_, field_, names_) \
    { PROP_(prop_enum, name_, BlockBackend, field_), .names = (names_), .flags = PROP_HIDDEN }

/* Of both. What is set for the file of a raw node in one go (file.KEY) is set for the node. */
static const Property blk_props[] = {
    PROP_BOOL("read-only", BlockBackend, read_only, false, "the guest cannot write"),
    PROP_BOOL("auto-read-only", BlockBackend, auto_read_only, false,
              "read-only if the file cannot be opened for writing"),
    PROP_BOOL("force-share", BlockBackend, force_share, false,
              "read a file that others write"),
    PROP_ENUM("discard", BlockBackend, discard, 0, discard_names,
              "whether discarded blocks are given back"),
    PROP_ENUM("detect-zeroes", BlockBackend, detect_zeroes, DETECT_ZEROES_OFF, zeroes_names,
              "whether written zeroes are treated apart"),
    PROP_ENUM("aio", BlockBackend, aio, AIO_THREADS, aio_names, "how requests reach the host"),
    ON_OFF("cache.direct", direct, "without the host's page cache"),
    ON_OFF("cache.no-flush", no_flush, "flushes do nothing"),
    PROP_STR("file.driver", BlockBackend, file_driver, NULL, "file, host_device or null-co"),
    PROP_STR("file.filename", BlockBackend, filename, NULL, "image file or block device"),
    PROP_ENUM("file.locking", BlockBackend, locking, LOCKING_AUTO, locking_names,
              "whether the file is locked against other users"),
    HIDDEN_ENUM("file.aio", aio, aio_names),
    HIDDEN_ENUM("file.discard", discard, discard_names),
    HIDDEN_ENUM("file.detect-zeroes", detect_zeroes, zeroes_names),
    HIDDEN(prop_bool, "file.read-only", read_only),
    HIDDEN(prop_bool, "file.auto-read-only", auto_read_only),
    HIDDEN(prop_bool, "file.force-share", force_share),
    HIDDEN(prop_on_off_auto, "file.cache.direct", direct),
    HIDDEN(prop_on_off_auto, "file.cache.no-flush", no_flush),
    { PROP_(prop_size, "file.size", BlockBackend, length), .flags = PROP_HIDDEN },
    HIDDEN(prop_bool, "file.read-zeroes", read_zeroes),
    { PROP_(prop_u64, "file.latency-ns", BlockBackend, latency_ns), .flags = PROP_HIDDEN,
      .max = 10000000000ull },
    PROP_SIZE("offset", BlockBackend, offset, 0, 0, INT64_MAX, "raw: first byte of the disk"),
    PROP_SIZE("size", BlockBackend, length, 0, 0, INT64_MAX,
              "raw: bytes of the disk, 0 for all; null-co: its size"),
    PROP_BOOL("read-zeroes", BlockBackend, read_zeroes, false, "null-co: reads give zeroes"),
    PROP_U64("latency-ns", BlockBackend, latency_ns, 0, 0, 10000000000ull,
             "null-co: time that a request takes"),
    PROP_END
};

static const Property drive_props[] = {
    PROP_STR("file", BlockBackend, file, NULL, "image file or block device"),
    PROP_STR("format", BlockBackend, format, NULL, "raw"),
    PROP_STR("driver", BlockBackend, driver, NULL, "raw, file, host_device or null-co"),
    PROP_BOOL("readonly", BlockBackend, read_only, false, "as read-only"),
    PROP_BOOL("snapshot", BlockBackend, snapshot, false, "changes vanish at the end"),
    PROP_ENUM("cache", BlockBackend, cache, CACHE_WRITEBACK, cache_names,
              "when written data is safe"),
    ON_OFF("cache.writeback", writeback, "writes are safe after a flush only"),
    PROP_ENUM("media", BlockBackend, media, MEDIA_DISK, media_names, "kind of drive"),
    PROP_ENUM("werror", BlockBackend, werror, BLOCK_ON_ERROR_AUTO, werror_names,
              "what follows when the host cannot write"),
    PROP_ENUM("rerror", BlockBackend, rerror, BLOCK_ON_ERROR_AUTO, rerror_names,
              "what follows when the host cannot read"),
    PROP_END
};

static const Property node_props[] = {
    PROP_STR("driver", BlockBackend, driver, NULL, "raw, file, host_device or null-co"),
    PROP_STR("filename", BlockBackend, filename, NULL, "file, host_device: the file"),
    PROP_STR("file", BlockBackend, file, NULL, "raw: the node below; or file.driver= and so on"),
    PROP_ENUM("locking", BlockBackend, locking, LOCKING_AUTO, locking_names,
              "whether the file is locked against other users"),
    PROP_END
};

static void blk_class_init(ObjectClass *klass, const void *data)
{
    klass->props = blk_props;
    user_creatable_set_complete(klass, blk_complete);
    user_creatable_set_can_delete(klass, blk_can_delete);
}

static void props_class_init(ObjectClass *klass, const void *props)
{
    klass->props = props;
}

static const char *const blk_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo blk_types[] = {
    {
        .name = TYPE_BLOCK_BACKEND,
        .parent = TYPE_OBJECT,
        .abstract = true,
        .instance_size = sizeof(BlockBackend),
        .class_size = sizeof(BlockBackendClass),
        .class_init = blk_class_init,
        .instance_finalize = blk_instance_finalize,
        .interfaces = blk_interfaces,
    },
    {
        .name = TYPE_BLOCK_DRIVE,
        .parent = TYPE_BLOCK_BACKEND,
        .desc = "disk image (-drive)",
        .class_init = props_class_init,
        .class_data = drive_props,
    },
    {
        .name = TYPE_BLOCK_NODE,
        .parent = TYPE_BLOCK_BACKEND,
        .desc = "disk image (-blockdev)",
        .class_init = props_class_init,
        .class_data = node_props,
    },
};
type_init_array(blk_types);
