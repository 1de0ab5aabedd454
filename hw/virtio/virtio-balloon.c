/*
 * virtio-balloon: memory that the guest lends to the host (VIRTIO 1.3, 5.5).
 *
 * Pages that come in through the inflate queue, or as free pages through the reporting queue, are
 * given back to the host with dma_discard(). Deflating needs nothing: a page that is touched
 * again is there again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtio-balloon.h"

#include <string.h>

#include "hw/core/clock.h"
#include "hw/core/machine.h"
#include "util/byteorder.h"

#define VIRTIO_ID_BALLOON 5

enum { F_STATS_VQ = 1, F_DEFLATE_ON_OOM = 2, F_PAGE_POISON = 4, F_REPORTING = 5 };

enum { CFG_NUM_PAGES = 0, CFG_ACTUAL = 4, CFG_POISON = 12, CFG_SIZE = 16 };

#define PAGE_BITS 12 /* of page numbers, whatever pages guest and host have */
#define PFNS_AT_ONCE 256
#define STAT_SIZE 10

static const char *const stat_names[] = {
    "stat-swap-in", "stat-swap-out", "stat-major-faults", "stat-minor-faults", "stat-free-memory",
    "stat-total-memory", "stat-available-memory", "stat-disk-caches", "stat-htlb-pgalloc",
    "stat-htlb-pgfail",
};
#define NR_STATS G_N_ELEMENTS(stat_names)
#define STAT_UNKNOWN UINT64_MAX

struct VirtIOBalloon {
    VirtIODevice parent_obj;
    uint32_t interval;     /* property: seconds between two looks at the statistics; 0: none */

    VirtQueue *stats_vq;
    Timer timer;
    uint32_t num_pages;    /* what the host wants to have */
    uint32_t actual;       /* what the guest says it has given */
    uint32_t poison;
    uint64_t stats[NR_STATS];
    uint64_t stats_time;   /* of the last statistics, in seconds since 1970; 0: none yet */
};

/* ---- Pages ---- */

/* A run of pages that can be discarded with one call. */
typedef struct Run {
    uint64_t first, count;
} Run;

static void end_run(VirtIOBalloon *s, Run *run)
{
    if (run->count && !dma_discard(DEVICE(s)->dma_as, run->first << PAGE_BITS,
                                   run->count << PAGE_BITS)) {
        device_guest_error(s, "page 0x%" G_GINT64_MODIFIER "x is not RAM", run->first);
    }
    run->count = 0;
}

static void add_page(VirtIOBalloon *s, Run *run, uint32_t pfn)
{
    if (run->count && pfn == run->first + run->count) {
        run->count++;
    } else if (run->count && (uint64_t)pfn + 1 == run->first) {
        run->first--;
        run->count++;
    } else {
        end_run(s, run);
        *run = (Run){ .first = pfn, .count = 1 };
    }
}

static void inflate(VirtIOBalloon *s, VirtQueueElement *e)
{
    uint8_t raw[PFNS_AT_ONCE * 4];
    Run run = { 0 };
    size_t off = 0, n;

    while ((n = iov_copy_out(e->out_sg, e->out_num, off, raw, sizeof(raw)) / 4)) {
        for (size_t i = 0; i < n; i++) {
            add_page(s, &run, ld32_le(raw + 4 * i));
        }
        off += 4 * n;
    }
    end_run(s, &run);
}

/* The buffers are the free pages themselves. */
static void report(VirtIOBalloon *s, VirtQueueElement *e)
{
    if (virtio_has_feature(&s->parent_obj, F_PAGE_POISON) && s->poison) {
        return; /* 5.5.6.7: they would have to come back poisoned */
    }
    for (unsigned i = 0; i < e->in_num; i++) {
        uint64_t offset;
        RAMBlock *block = ram_block_from_host(e->in_sg[i].iov_base, &offset);

        if (block) {
            ram_block_discard(block, offset, e->in_sg[i].iov_len);
        }
    }
}

static void serve(VirtIODevice *vdev, VirtQueue *vq, void (*fn)(VirtIOBalloon *, VirtQueueElement *))
{
    /* A chain can name a great many pages: the others get their turn in between. */
    for (unsigned n = 0;; n++) {
        VirtQueueElement *e;

        if (n == 16) {
            virtqueue_kick_later(vq);
            break;
        }
        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            break;
        }
        if (fn) {
            fn(VIRTIO_BALLOON(vdev), e);
        }
        virtqueue_push(vq, e, 0);
        g_free(e);
    }
    virtqueue_notify(vq);
}

static void inflate_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    serve(vdev, vq, inflate);
}

static void deflate_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    serve(vdev, vq, NULL);
}

static void report_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    serve(vdev, vq, report);
}

/* ---- Statistics ---- */

static void arm(VirtIOBalloon *s)
{
    if (s->interval) {
        timer_mod_ns(&s->timer, clock_get_ns(CLOCK_VIRTUAL) + s->interval * INT64_C(1000000000));
    }
}

/* The driver's one buffer stays in its queue until the next statistics are wanted. */
static void stats_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOBalloon *s = VIRTIO_BALLOON(vdev);
    VirtQueueElement *e = virtqueue_pop(vq, sizeof(*e));
    uint8_t raw[64 * STAT_SIZE];
    size_t len;

    if (!e) {
        return;
    }
    len = iov_copy_out(e->out_sg, e->out_num, 0, raw, sizeof(raw));
    for (unsigned i = 0; i < NR_STATS; i++) {
        s->stats[i] = STAT_UNKNOWN;
    }
    for (size_t off = 0; off + STAT_SIZE <= len; off += STAT_SIZE) {
        unsigned tag = ld16_le(raw + off);

        if (tag < NR_STATS) {
            s->stats[tag] = ld64_le(raw + off + 2);
        }
    }
    s->stats_time = g_get_real_time() / G_USEC_PER_SEC;
    virtqueue_unpop(vq, e);
    if (!timer_pending(&s->timer)) {
        arm(s);
    }
}

static void ask_stats(void *opaque)
{
    VirtIOBalloon *s = opaque;
    VirtIODevice *vdev = &s->parent_obj;
    VirtQueueElement *e;

    virtio_lock(vdev);
    e = virtqueue_pop(s->stats_vq, sizeof(*e));
    if (e) {
        virtqueue_push(s->stats_vq, e, 0);
        g_free(e);
        virtqueue_notify(s->stats_vq);
        arm(s);
        if (!virtqueue_empty(s->stats_vq)) { /* or asks to be told of the answer */
            stats_handle(vdev, s->stats_vq);
        }
    }
    virtio_unlock(vdev);
}

static bool changed_interval(Object *obj, const Property *prop, Error **errp)
{
    VirtIOBalloon *s = VIRTIO_BALLOON(obj);

    if (s->parent_obj.parent_obj.realized) {
        virtio_lock(&s->parent_obj);
        timer_del(&s->timer);
        arm(s);
        virtio_unlock(&s->parent_obj);
    }
    return true;
}

void virtio_balloon_stats(VirtIOBalloon *s, GString *out)
{
    virtio_lock(&s->parent_obj);
    for (unsigned i = 0; s->stats_time && i < NR_STATS; i++) {
        if (s->stats[i] != STAT_UNKNOWN) {
            g_string_append_printf(out, "%s=%" G_GINT64_MODIFIER "u\n", stat_names[i],
                                   s->stats[i]);
        }
    }
    virtio_unlock(&s->parent_obj);
}

/* ---- For the monitor ---- */

static int find(Object *obj, void *opaque)
{
    VirtIOBalloon *s = object_dynamic_cast(obj, TYPE_VIRTIO_BALLOON);

    if (s && s->parent_obj.parent_obj.realized) {
        *(VirtIOBalloon **)opaque = s;
        return 1;
    }
    return 0;
}

VirtIOBalloon *virtio_balloon_find(Error **errp)
{
    VirtIOBalloon *s = NULL;

    object_walk(object_root(), find, &s);
    if (!s) {
        error_setg(errp, "the machine has no balloon (-device " TYPE_VIRTIO_BALLOON ")");
    }
    return s;
}

static uint64_t ram_size(void)
{
    return current_machine() ? current_machine()->ram_size : 0;
}

void virtio_balloon_set_target(VirtIOBalloon *s, uint64_t bytes)
{
    uint64_t ram = ram_size();

    virtio_lock(&s->parent_obj);
    s->num_pages = MIN((ram - MIN(bytes, ram)) >> PAGE_BITS, UINT32_MAX);
    virtio_notify_config(&s->parent_obj);
    virtio_unlock(&s->parent_obj);
}

uint64_t virtio_balloon_actual(VirtIOBalloon *s)
{
    uint64_t ram = ram_size(), given;

    virtio_lock(&s->parent_obj);
    given = (uint64_t)s->actual << PAGE_BITS;
    virtio_unlock(&s->parent_obj);
    return ram - MIN(given, ram);
}

static char *balloon_describe(DeviceState *dev)
{
    VirtIOBalloon *s = VIRTIO_BALLOON(dev);

    return g_strdup_printf("wants %u pages of the guest, has %u", s->num_pages, s->actual);
}

/* ---- Features and configuration ---- */

static void balloon_get_config(VirtIODevice *vdev, uint8_t *c)
{
    VirtIOBalloon *s = VIRTIO_BALLOON(vdev);

    st32_le(c + CFG_NUM_PAGES, s->num_pages);
    st32_le(c + CFG_ACTUAL, s->actual);
    st32_le(c + CFG_POISON, s->poison);
}

static uint32_t write_part(uint32_t old, unsigned off, const uint8_t *buf, unsigned size)
{
    uint8_t raw[4];

    st32_le(raw, old);
    memcpy(raw + off, buf, size);
    return ld32_le(raw);
}

static void balloon_set_config(VirtIODevice *vdev, unsigned off, const uint8_t *buf, unsigned size)
{
    VirtIOBalloon *s = VIRTIO_BALLOON(vdev);

    /* Drivers of the legacy interface write single bytes. */
    if (range_within(off - CFG_ACTUAL, size, 4)) {
        s->actual = write_part(s->actual, off - CFG_ACTUAL, buf, size);
    } else if (range_within(off - CFG_POISON, size, 4) &&
               virtio_has_feature(vdev, F_PAGE_POISON)) {
        s->poison = write_part(s->poison, off - CFG_POISON, buf, size);
    } else {
        device_guest_error(s, "write of %u bytes at 0x%x of the configuration", size, off);
    }
}

/* ---- Life cycle ---- */

static bool balloon_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIOBalloon *s = VIRTIO_BALLOON(vdev);

    if (virtio_balloon_find(NULL)) {
        error_setg(errp, "the machine has a balloon already");
        return false;
    }
    virtio_add_queue(vdev, inflate_handle);
    virtio_add_queue(vdev, deflate_handle);
    s->stats_vq = virtio_add_queue(vdev, stats_handle);
    if (vdev->offered[0] & BIT_ULL(F_REPORTING)) {
        virtio_add_queue(vdev, report_handle);
    }
    timer_init(&s->timer, CLOCK_VIRTUAL, ask_stats, s);
    return true;
}

static void balloon_unrealize(VirtIODevice *vdev)
{
    timer_del(&VIRTIO_BALLOON(vdev)->timer);
}

static void balloon_reset(VirtIODevice *vdev)
{
    timer_del(&VIRTIO_BALLOON(vdev)->timer);
}

static void balloon_post_load(Object *obj)
{
    arm(VIRTIO_BALLOON(obj));
}

static uint64_t balloon_features(VirtIODevice *vdev)
{
    return BIT_ULL(F_STATS_VQ);
}

static const StateField balloon_rows[] = {
    S_U32(VirtIOBalloon, num_pages, .flags = STATE_NO_RESET), /* the host still wants it */
    S_U32(VirtIOBalloon, actual),
    S_U32(VirtIOBalloon, poison),
    { STATE_(VirtIOBalloon, stats), .type = STATE_U64, .count = NR_STATS, .reset = STAT_UNKNOWN },
    S_U64(VirtIOBalloon, stats_time),
    S_END
};
static const StateTable balloon_state = {
    .name = TYPE_VIRTIO_BALLOON, .fields = balloon_rows, .post_load = balloon_post_load,
};

#define FEATURE(name_, bit_, on_, help_) \
    { PROP_(prop_bit, name_, VirtIOBalloon, parent_obj.offered), .bit = (bit_), \
      .def.u = (on_), .help = (help_) }

static const Property balloon_props[] = {
    FEATURE("deflate-on-oom", F_DEFLATE_ON_OOM, 0, "the guest may take pages back when it is short"),
    FEATURE("page-poison", F_PAGE_POISON, 1, "the guest may say what it fills free pages with"),
    FEATURE("free-page-reporting", F_REPORTING, 0, "the guest reports pages that it does not use"),
    { PROP_(prop_u32, "guest-stats-polling-interval", VirtIOBalloon, interval), .flags = PROP_LATE,
      .changed = changed_interval, .max = 1 << 20,
      .help = "seconds between looks at the guest's statistics; 0: none" },
    PROP_END
};

static void balloon_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    klass->props = balloon_props;
    klass->state = &balloon_state;
    vdc->parent_class.category = DEVICE_CATEGORY_MISC;
    vdc->parent_class.describe = balloon_describe;
    vdc->device_id = VIRTIO_ID_BALLOON;
    vdc->config_len = CFG_SIZE;
    vdc->realize = balloon_realize;
    vdc->unrealize = balloon_unrealize;
    vdc->get_features = balloon_features;
    vdc->get_config = balloon_get_config;
    vdc->set_config = balloon_set_config;
    vdc->reset = balloon_reset;
}

static const TypeInfo balloon_type = {
    .name = TYPE_VIRTIO_BALLOON,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio memory balloon",
    .instance_size = sizeof(VirtIOBalloon),
    .class_init = balloon_class_init,
};
type_init(balloon_type);
