/*
 * virtio-blk: a disk (VIRTIO 1.3, 5.2). Requests go to the back end's I/O threads and are returned
 * on the main thread; a reset waits until the threads have let go of guest memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "backend/block.h"
#include "hw/virtio/virtio.h"

#include <errno.h>
#include <string.h>

#include "hw/core/bootorder.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define TYPE_VIRTIO_BLK "virtio-blk-device"
OBJECT_DECLARE_SIMPLE(VirtIOBlk, VIRTIO_BLK, TYPE_VIRTIO_BLK)

#define VIRTIO_ID_BLK 2

enum {
    F_SEG_MAX = 2,
    F_GEOMETRY = 4,
    F_RO = 5,
    F_BLK_SIZE = 6,
    F_FLUSH = 9,
    F_TOPOLOGY = 10,
    F_CONFIG_WCE = 11,
    F_MQ = 12,
    F_DISCARD = 13,
    F_WRITE_ZEROES = 14,
};

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
#define T_BARRIER 0x80000000u /* legacy: a hint that needs nothing of us */
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

#define HEADER_SIZE 16
#define ID_BYTES 20
#define RANGE_SIZE 16
#define RANGE_F_UNMAP 1

/* Bytes in flight after which chains stay in their queues: what a stop or an exit waits for. */
#define MAX_IN_FLIGHT GiB

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

struct VirtIOBlk {
    VirtIODevice parent_obj;

    Object *drive;
    BlockBackend *blk;  /* the same, attached */
    char *serial;
    uint16_t num_queues;
    uint16_t queue_size;
    uint64_t logical_block_size, physical_block_size, min_io_size, opt_io_size;
    uint32_t max_discard_sectors, max_write_zeroes_sectors;
    bool config_wce, discard, write_zeroes;

    bool wce;           /* writes may stay in a cache; the driver may change it */
    uint64_t in_flight; /* bytes that the back end is reading or writing */
    bool throttled;     /* a queue was left because of that */
};

typedef struct BlkReq {
    VirtQueueElement elem;
    BlockRequest req;
    VirtIOBlk *dev;     /* referenced while the back end has it */
    struct iovec *iov;
    uint8_t *status;    /* in guest memory, mapped by elem */
} BlkReq;

/* ---- Completion ---- */

/* Lock held. Frees r. */
static void complete(BlkReq *r, uint8_t status)
{
    VirtQueue *vq = r->elem.vq;

    if (!virtqueue_elem_stale(&r->elem)) {
        *r->status = status;
    }
    virtqueue_push(vq, &r->elem, MIN(r->elem.in_len, UINT32_MAX));
    g_free(r->iov);
    g_free(r);
}

/* Lock held: the back end is done with so many bytes. */
static void release(VirtIOBlk *s, uint64_t bytes)
{
    s->in_flight -= bytes;
    if (s->throttled && s->in_flight < MAX_IN_FLIGHT) {
        s->throttled = false;
        for (unsigned i = 0; i < s->parent_obj.nr_vq; i++) {
            virtqueue_kick_later(&s->parent_obj.vq[i]);
        }
    }
}

static void io_done(BlockRequest *req, int ret)
{
    BlkReq *r = req->opaque;
    VirtIOBlk *s = r->dev;
    VirtIODevice *vdev = &s->parent_obj;
    VirtQueue *vq = r->elem.vq;
    bool stale;

    virtio_lock(vdev);
    release(s, req->iov ? req->bytes : 0);
    stale = virtqueue_elem_stale(&r->elem);
    complete(r, ret == 0 ? S_OK : ret == -ENOTSUP ? S_UNSUPP : S_IOERR);
    if (!stale) {
        virtqueue_notify(vq);
    }
    virtio_unlock(vdev);
    object_unref(s);
}

static void submit(BlkReq *r, BlockOp op, uint64_t offset, uint64_t bytes)
{
    r->req.op = op;
    r->req.offset = offset;
    r->req.bytes = bytes;
    r->req.iov = r->iov;
    r->req.fua = !r->dev->wce;
    r->req.done = io_done;
    r->req.opaque = r;
    r->dev->in_flight += r->iov ? bytes : 0;
    object_ref(r->dev);
    blk_submit(r->dev->blk, &r->req);
}

/* ---- Requests ---- */

/* Sectors to bytes; false if the range is not on the disk. */
static bool to_bytes(VirtIOBlk *s, uint64_t sector, uint64_t bytes, uint64_t *offset)
{
    return u64_mul(sector, BLOCK_SECTOR, offset) && range_within(*offset, bytes, blk_size(s->blk));
}

static void read_write(VirtIOBlk *s, BlkReq *r, bool write, uint64_t sector)
{
    VirtQueueElement *e = &r->elem;
    uint64_t bytes = write ? e->out_len - HEADER_SIZE : e->in_len - 1;
    uint64_t offset;

    if (bytes % s->logical_block_size || !to_bytes(s, sector, bytes, &offset) ||
        offset % s->logical_block_size || (write && blk_read_only(s->blk))) {
        complete(r, S_IOERR);
        return;
    }
    r->iov = g_new(struct iovec, write ? e->out_num : e->in_num);
    r->req.iovcnt = write ? iov_slice(r->iov, e->out_sg, e->out_num, HEADER_SIZE, bytes)
                          : iov_slice(r->iov, e->in_sg, e->in_num, 0, bytes);
    submit(r, write ? BLOCK_WRITE : BLOCK_READ, offset, bytes);
}

/* 5.2.6: one range per request, as the configuration says. */
static void discard_or_zero(VirtIOBlk *s, BlkReq *r, bool zero)
{
    uint32_t max = zero ? s->max_write_zeroes_sectors : s->max_discard_sectors;
    uint8_t raw[RANGE_SIZE];
    uint64_t offset, bytes;
    uint32_t flags;

    if (!(zero ? s->write_zeroes : s->discard) || r->elem.out_len != HEADER_SIZE + RANGE_SIZE) {
        complete(r, S_UNSUPP);
        return;
    }
    iov_copy_out(r->elem.out_sg, r->elem.out_num, HEADER_SIZE, raw, sizeof(raw));
    bytes = (uint64_t)ld32_le(raw + 8) * BLOCK_SECTOR;
    flags = ld32_le(raw + 12);
    if (flags & ~(zero ? RANGE_F_UNMAP : 0)) {
        complete(r, S_UNSUPP);
    } else if (bytes > (uint64_t)max * BLOCK_SECTOR || blk_read_only(s->blk) ||
               !to_bytes(s, ld64_le(raw), bytes, &offset)) {
        complete(r, S_IOERR);
    } else {
        r->req.may_unmap = flags & RANGE_F_UNMAP;
        submit(r, zero ? BLOCK_WRITE_ZEROES : BLOCK_DISCARD, offset, bytes);
    }
}

static void get_id(VirtIOBlk *s, BlkReq *r)
{
    char id[ID_BYTES] = { 0 };

    if (s->serial) {
        memcpy(id, s->serial, MIN(strlen(s->serial), sizeof(id)));
    }
    iov_copy_in(r->elem.in_sg, r->elem.in_num, 0, id, MIN(r->elem.in_len - 1, sizeof(id)));
    complete(r, S_OK);
}

/* Whether the chain has a header and room for the status, which is found here. */
static bool parse_frame(BlkReq *r, uint8_t header[HEADER_SIZE])
{
    VirtQueueElement *e = &r->elem;
    struct iovec *last;

    if (e->out_len < HEADER_SIZE || e->in_len < 1) {
        return false;
    }
    iov_copy_out(e->out_sg, e->out_num, 0, header, HEADER_SIZE);
    last = &e->in_sg[e->in_num - 1];
    r->status = (uint8_t *)last->iov_base + last->iov_len - 1;
    return true;
}

static void start_request(VirtIOBlk *s, BlkReq *r)
{
    uint8_t header[HEADER_SIZE];

    r->dev = s;
    if (!parse_frame(r, header)) {
        virtio_error(&s->parent_obj, "request without header or status");
        virtqueue_drop(r->elem.vq, &r->elem);
        g_free(r);
        return;
    }
    switch (ld32_le(header) & ~T_BARRIER) {
    case T_IN:
        read_write(s, r, false, ld64_le(header + 8));
        break;
    case T_OUT:
        read_write(s, r, true, ld64_le(header + 8));
        break;
    case T_FLUSH:
        submit(r, BLOCK_FLUSH, 0, 0);
        break;
    case T_GET_ID:
        get_id(s, r);
        break;
    case T_DISCARD:
        discard_or_zero(s, r, false);
        break;
    case T_WRITE_ZEROES:
        discard_or_zero(s, r, true);
        break;
    default:
        complete(r, S_UNSUPP);
        break;
    }
}

static void blk_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    for (unsigned n = 0;; n++) {
        BlkReq *r;

        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        if (s->in_flight >= MAX_IN_FLIGHT) {
            s->throttled = true; /* release() goes on */
            break;
        }
        r = virtqueue_pop(vq, sizeof(*r));
        if (!r) {
            break;
        }
        start_request(s, r);
    }
    virtqueue_notify(vq); /* of those that needed no I/O */
}

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

/* ---- Life cycle ---- */

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

static bool blk_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);
    const char *id = vdev->parent_obj.id;

    if (!check_properties(s, errp) ||
        !blk_attach(BLOCK_BACKEND(s->drive), id ? id : TYPE_VIRTIO_BLK, errp)) {
        return false;
    }
    s->blk = BLOCK_BACKEND(s->drive);
    s->wce = blk_write_cache(s->blk);
    if (s->num_queues == UINT16_MAX) {
        s->num_queues = 1; /* as many as suit the transport */
    }
    for (unsigned i = 0; i < s->num_queues; i++) {
        virtio_add_queue(vdev, blk_handle);
    }
    return true;
}

static void blk_unrealize(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    blk_detach(s->blk);
    s->blk = NULL;
}

static bool is_stale(BlockRequest *req, void *opaque)
{
    return virtqueue_elem_stale(&((BlkReq *)req->opaque)->elem);
}

static void blk_quiesce(VirtIODevice *vdev)
{
    blk_cancel(VIRTIO_BLK(vdev)->blk, is_stale, NULL);
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
    S_END
};
static const StateTable blk_state = { .name = TYPE_VIRTIO_BLK, .fields = blk_rows };

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
    vdc->quiesce = blk_quiesce;
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
