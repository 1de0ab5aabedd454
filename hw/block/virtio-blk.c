/*
 * virtio-blk: a disk (VIRTIO 1.3, 5.2), features, configuration and life cycle. Requests are
 * virtio-blk-req.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/block/virtio-blk.h"

#include <string.h>

#include "hw/core/bootorder.h"
#include "util/bits.h"
#include "util/byteorder.h"

/* Offsets in the configuration space. */
enum {
    CFG_CAPACITY = 0,
    CFG_SEG_MAX = 12,
    CFG_CYLINDERS = 16,
    CFG_HEADS = 18,
    CFG_SECTORS = 19,
    CFG_BLK_SIZE = 20,
    CFG_PHYS_EXP = 24,
    CFG_MIN_IO = 26,
    CFG_OPT_IO = 28,
    CFG_WCE = 32,
    CFG_NUM_QUEUES = 34,
    CFG_MAX_DISCARD = 36,
    CFG_MAX_DISCARD_SEG = 40,
    CFG_DISCARD_ALIGN = 44,
    CFG_MAX_ZEROES = 48,
    CFG_MAX_ZEROES_SEG = 52,
    CFG_ZEROES_UNMAP = 56,
    CFG_SIZE = 60,
};

/* ---- Features and configuration ---- */

static uint64_t blk_features(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);
    uint64_t f = BIT_ULL(F_SEG_MAX) | BIT_ULL(F_GEOMETRY) | BIT_ULL(F_BLK_SIZE) |
                 BIT_ULL(F_TOPOLOGY);

    f |= s->config_wce ? BIT_ULL(F_CONFIG_WCE) : 0;
    f |= s->config_wce || blk_write_cache(s->blk) ? BIT_ULL(F_FLUSH) : 0;
    f |= blk_read_only(s->blk) ? BIT_ULL(F_RO) : 0;
    f |= s->num_queues > 1 ? BIT_ULL(F_MQ) : 0;
    f |= s->discard ? BIT_ULL(F_DISCARD) : 0;
    f |= s->write_zeroes ? BIT_ULL(F_WRITE_ZEROES) : 0;
    return f;
}

static void blk_set_features(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    /* 5.2.5.2: a driver that cannot flush must have its writes safe when they complete. */
    s->wce = virtio_has_feature(vdev, F_FLUSH) && blk_write_cache(s->blk);
}

static void blk_get_config(VirtIODevice *vdev, uint8_t *c)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);
    uint64_t sectors = blk_size(s->blk) / BLOCK_SECTOR;
    uint64_t cylinders = sectors / (16 * 63);
    unsigned exp = 0;

    while (s->logical_block_size << exp < s->physical_block_size) {
        exp++;
    }
    st64_le(c + CFG_CAPACITY, sectors);
    st32_le(c + CFG_SEG_MAX, s->queue_size - 2);
    st16_le(c + CFG_CYLINDERS, MAX(MIN(cylinders, 16383), 2));
    c[CFG_HEADS] = 16;
    c[CFG_SECTORS] = 63;
    st32_le(c + CFG_BLK_SIZE, s->logical_block_size);
    c[CFG_PHYS_EXP] = exp;
    st16_le(c + CFG_MIN_IO, s->min_io_size / s->logical_block_size);
    st32_le(c + CFG_OPT_IO, s->opt_io_size / s->logical_block_size);
    c[CFG_WCE] = s->wce;
    st16_le(c + CFG_NUM_QUEUES, s->num_queues);
    if (s->discard) {
        st32_le(c + CFG_MAX_DISCARD, s->max_discard_sectors);
        st32_le(c + CFG_MAX_DISCARD_SEG, 1);
        st32_le(c + CFG_DISCARD_ALIGN, s->logical_block_size / BLOCK_SECTOR);
    }
    if (s->write_zeroes) {
        st32_le(c + CFG_MAX_ZEROES, s->max_write_zeroes_sectors);
        st32_le(c + CFG_MAX_ZEROES_SEG, 1);
        c[CFG_ZEROES_UNMAP] = 1;
    }
}

static void blk_set_config(VirtIODevice *vdev, unsigned off, const uint8_t *buf, unsigned size)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    if (off != CFG_WCE || !virtio_has_feature(vdev, F_CONFIG_WCE)) {
        device_guest_error(s, "write of %u bytes at 0x%x of the configuration", size, off);
        return;
    }
    /* What is cached when it goes off is flushed by the first write: fdatasync takes all. */
    s->wce = buf[0] & 1;
}

/* ---- Properties ---- */

static bool check_block_size(const char *name, uint64_t *v, uint64_t def, Error **errp)
{
    if (*v == 0) {
        *v = def;
    }
    if (!is_pow2(*v) || *v < 512 || *v > 2 * MiB) {
        error_setg(errp, "property '%s' is %" G_GINT64_MODIFIER
                   "u, expected a power of two from 512 to 2 MiB", name, *v);
        return false;
    }
    return true;
}

static bool check_properties(VirtIOBlk *s, Error **errp)
{
    if (!s->drive) {
        error_setg(errp, "property 'drive' is missing: it names a disk given with -drive");
        return false;
    }
    if (!check_block_size("logical_block_size", &s->logical_block_size, 512, errp) ||
        !check_block_size("physical_block_size", &s->physical_block_size,
                          s->logical_block_size, errp)) {
        return false;
    }
    if (s->physical_block_size < s->logical_block_size) {
        error_setg(errp, "property 'physical_block_size' is smaller than 'logical_block_size'");
        return false;
    }
    if (blk_size(BLOCK_BACKEND(s->drive)) % s->logical_block_size) {
        error_setg(errp, "the size of drive '%s' is not a multiple of its logical_block_size",
                   s->drive->name);
        return false;
    }
    return true;
}

/* ---- The iothread ---- */

/* The driver has put something into a queue: the iothread takes it from there. */
static void kick_iothread(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    if (s->source) {
        s->kicked[vq->index] = true;
        g_source_set_ready_time(s->source, 0);
    }
}

typedef struct BlkSource {
    GSource source; /* first */
    VirtIOBlk *s;
} BlkSource;

static gboolean source_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    VirtIOBlk *s = ((BlkSource *)source)->s;
    VirtIODevice *vdev = &s->parent_obj;

    g_source_set_ready_time(source, -1);
    virtio_lock(vdev);
    for (unsigned i = 0; i < vdev->nr_vq; i++) {
        if (s->kicked[i]) {
            s->kicked[i] = false;
            if (virtio_queue_live(&vdev->vq[i])) {
                virtio_blk_handle(vdev, &vdev->vq[i]);
            }
        }
    }
    virtio_unlock(vdev);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

static void start_iothread(VirtIOBlk *s)
{
    GMainContext *context = iothread_hold(s->iothread);

    s->kicked = g_new0(bool, s->parent_obj.nr_vq);
    s->source = g_source_new(&source_funcs, sizeof(BlkSource));
    ((BlkSource *)s->source)->s = s;
    g_source_attach(s->source, context);
    blk_set_context(s->blk, context);
    s->parent_obj.context = context;
    iothread_sync(s->iothread); /* it has seen all that was set up here */
}

static void stop_iothread(VirtIOBlk *s)
{
    GSource *source = s->source;

    virtio_lock(&s->parent_obj);
    s->source = NULL;
    virtio_unlock(&s->parent_obj);
    g_source_destroy(source);
    g_source_unref(source);
    iothread_sync(s->iothread);
    s->parent_obj.context = NULL;
    g_clear_pointer(&s->kicked, g_free);
    iothread_release(s->iothread);
}

/* ---- Life cycle ---- */

static bool blk_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);
    const char *id = vdev->parent_obj.id;

    if (!check_properties(s, errp) ||
        !blk_attach(BLOCK_BACKEND(s->drive), id ? id : TYPE_VIRTIO_BLK, errp)) {
        return false;
    }
    s->blk = BLOCK_BACKEND(s->drive);
    s->iothread = s->iothread_link ? IOTHREAD(s->iothread_link) : NULL;
    blk_set_dev_ops(s->blk, &virtio_blk_dev_ops, s);
    s->wce = blk_write_cache(s->blk);
    if (s->num_queues == UINT16_MAX) {
        s->num_queues = 1; /* as many as suit the transport */
    }
    for (unsigned i = 0; i < s->num_queues; i++) {
        virtio_add_queue(vdev, s->iothread ? kick_iothread : virtio_blk_handle);
    }
    if (s->iothread) {
        start_iothread(s);
    }
    return true;
}

static void blk_unrealize(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    blk_detach(s->blk);
    if (s->iothread) {
        stop_iothread(s);
    }
    s->blk = NULL;
}

static void blk_reset(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    s->wce = blk_write_cache(s->blk);
}

static bool changed_num_queues(Object *obj, const Property *prop, Error **errp)
{
    uint16_t n = VIRTIO_BLK(obj)->num_queues;

    if (n != UINT16_MAX && (n == 0 || n > VIRTIO_MAX_QUEUES)) {
        error_setg(errp, "property 'num-queues' is %u, expected 1 to %u", n, VIRTIO_MAX_QUEUES);
        return false;
    }
    return true;
}

/* A split ring's size is a power of two. */
static bool changed_queue_size(Object *obj, const Property *prop, Error **errp)
{
    uint16_t n = VIRTIO_BLK(obj)->queue_size;

    if (!is_pow2(n)) {
        error_setg(errp, "property 'queue-size' is %u, expected a power of two", n);
        return false;
    }
    return true;
}

static const StateField blk_rows[] = {
    S_BOOL(VirtIOBlk, wce),
    /* The back end is drained before a save; after a reset its completions still count. */
    S_U64(VirtIOBlk, in_flight, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_BOOL(VirtIOBlk, throttled, .flags = STATE_TRANSIENT),
    S_BOOL(VirtIOBlk, paused, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_END
};
static const StateTable blk_state = { .name = TYPE_VIRTIO_BLK, .fields = blk_rows };

static const EnumName on_error_names[] = {
    { "auto", BLOCK_ON_ERROR_AUTO, "as the drive says" },
    { "report", BLOCK_ON_ERROR_REPORT, "the guest gets an I/O error" },
    { "ignore", BLOCK_ON_ERROR_IGNORE, "the guest is told that all is well" },
    { "stop", BLOCK_ON_ERROR_STOP, "the machine stops, cont tries again" },
    { "enospc", BLOCK_ON_ERROR_ENOSPC, "stop if there is no space, else report" },
    { NULL }
};

static const Property blk_props[] = {
    PROP_BOOTINDEX,
    PROP_LINK("drive", VirtIOBlk, drive, TYPE_BLOCK_BACKEND, "/drives", "the disk (-drive id=)"),
    PROP_STR("serial", VirtIOBlk, serial, NULL, "serial number, 20 bytes"),
    { PROP_(prop_u16, "num-queues", VirtIOBlk, num_queues), .def.u = UINT16_MAX,
      .help = "queues, 65535 for as many as suit", .changed = changed_num_queues },
    { PROP_(prop_u16, "queue-size", VirtIOBlk, queue_size), .def.u = 256, .min = 4,
      .max = VIRTQUEUE_MAX_SIZE, .changed = changed_queue_size,
      .help = "segments of a request, and two more" },
    PROP_SIZE("logical_block_size", VirtIOBlk, logical_block_size, 0, 0, 2 * MiB,
              "unit of requests; 0: 512 bytes"),
    PROP_SIZE("physical_block_size", VirtIOBlk, physical_block_size, 0, 0, 2 * MiB,
              "unit that the guest should prefer; 0: the same"),
    PROP_SIZE("min_io_size", VirtIOBlk, min_io_size, 0, 0, 32 * MiB, "smallest efficient request"),
    PROP_SIZE("opt_io_size", VirtIOBlk, opt_io_size, 0, 0, UINT32_MAX, "best size of a request"),
    PROP_LINK("iothread", VirtIOBlk, iothread_link, TYPE_IOTHREAD, "/objects",
              "the thread that serves the queues (-object iothread)"),
    PROP_ENUM("werror", VirtIOBlk, werror, BLOCK_ON_ERROR_AUTO, on_error_names,
              "what follows when the host cannot write"),
    PROP_ENUM("rerror", VirtIOBlk, rerror, BLOCK_ON_ERROR_AUTO, on_error_names,
              "what follows when the host cannot read"),
    PROP_BOOL("config-wce", VirtIOBlk, config_wce, true, "the guest may switch the write cache"),
    PROP_BOOL("discard", VirtIOBlk, discard, true, "offer discard"),
    PROP_BOOL("write-zeroes", VirtIOBlk, write_zeroes, true, "offer write-zeroes"),
    PROP_U32("max-discard-sectors", VirtIOBlk, max_discard_sectors, 4194303, 1, 4194303,
             "most sectors of one discard"),
    PROP_U32("max-write-zeroes-sectors", VirtIOBlk, max_write_zeroes_sectors, 4194303, 1, 4194303,
             "most sectors of one write-zeroes"),
    PROP_END
};

static char *blk_boot_name(DeviceState *dev)
{
    return g_strdup("disk@0,0");
}

static void blk_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    klass->props = blk_props;
    klass->state = &blk_state;
    vdc->parent_class.category = DEVICE_CATEGORY_STORAGE;
    vdc->parent_class.boot_name = blk_boot_name;
    vdc->device_id = VIRTIO_ID_BLK;
    vdc->config_len = CFG_SIZE;
    vdc->realize = blk_realize;
    vdc->unrealize = blk_unrealize;
    vdc->get_features = blk_features;
    vdc->set_features = blk_set_features;
    vdc->get_config = blk_get_config;
    vdc->set_config = blk_set_config;
    vdc->quiesce = virtio_blk_quiesce;
    vdc->reset = blk_reset;
}

static const TypeInfo blk_type = {
    .name = TYPE_VIRTIO_BLK,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio disk",
    .instance_size = sizeof(VirtIOBlk),
    .class_init = blk_class_init,
};
type_init(blk_type);
