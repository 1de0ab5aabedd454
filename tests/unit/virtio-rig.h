/*
 * A virtio driver without a CPU: a memory map with RAM, a ROM and a trap device, a virtio-mmio
 * transport with a device behind it, and rings driven by hand. All register accesses go through the
 * address space as a CPU's would.
 *
 * With RIG_RING=packed in the environment, or RIG_RING=packed,in_order, modern devices are given those
 * properties and the rings are what was negotiated: the tests of devices run over every format.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_VIRTIO_RIG_H
#define VIREO_TESTS_VIRTIO_RIG_H

#include <glib.h>
#include <string.h>

#include "hw/core/clock.h"
#include "hw/virtio/virtio-mmio.h"
#include "util/byteorder.h"

#define RIG_RAM 0x80000000ull
#define RIG_RAM_SIZE (16 * MiB)
#define RIG_MMIO 0x10001000ull
#define RIG_TRAP 0x10002000ull /* counts accesses; no DMA may reach it */
#define RIG_ROM 0x20000000ull
/* Feature bits that RIG_RING may add. */
#define RIG_FORMATS (BIT_ULL(VIRTIO_F_RING_PACKED) | BIT_ULL(VIRTIO_F_IN_ORDER) | \
                     BIT_ULL(VIRTIO_F_NOTIFICATION_DATA))
#define RIG_FREE (RIG_RAM + 4 * MiB) /* test data; rings are below */

#define D_NEXT 1
#define D_WRITE 2
#define D_INDIRECT 4

enum {
    R_VERSION = 0x04, R_DEVICE_ID = 0x08, R_FEATURES = 0x10, R_FEATURES_SEL = 0x14,
    R_DRV_FEATURES = 0x20, R_DRV_FEATURES_SEL = 0x24, R_PAGE_SIZE = 0x28, R_QUEUE_SEL = 0x30,
    R_NUM_MAX = 0x34, R_NUM = 0x38, R_ALIGN = 0x3c, R_PFN = 0x40, R_READY = 0x44,
    R_NOTIFY = 0x50, R_ISR = 0x60, R_ACK = 0x64, R_STATUS = 0x70, R_DESC = 0x80, R_AVAIL = 0x90,
    R_USED = 0xa0, R_QUEUE_RESET = 0xc0, R_GENERATION = 0xfc, R_CONFIG = 0x100,
};

typedef struct Rig {
    MemoryRegion root, ram, rom, trap;
    AddressSpace as;
    DeviceState *transport;
    DeviceState *dev;
    unsigned trapped;
    bool irq;
    unsigned irqs; /* rising edges */
    uint64_t features;
} Rig;

typedef struct Ring {
    Rig *rig;
    unsigned index, num;
    uint64_t desc, avail, used;
    uint16_t avail_idx, used_seen;
    unsigned next_free; /* descriptors are handed out in turn */
    /* Packed: next_free is the place too, and the id of a chain is where it begins. */
    bool packed, avail_wrap, used_wrap;
    unsigned used_at;
    uint16_t slots[1024]; /* of the chain that begins there */
} Ring;

typedef struct Seg {
    uint64_t addr;
    uint32_t len;
    bool write;
} Seg;

/* Whether this run repeats the tests over another ring: those that take long and have nothing to do with
 * rings need not be among them. */
static inline bool rig_again(void)
{
    return g_getenv("RIG_RING") != NULL;
}

/* ---- Memory and registers ---- */

static inline void rig_poke(Rig *r, uint64_t addr, const void *p, size_t len)
{
    g_assert_true(address_space_write_rom(&r->as, addr, p, len));
}

static inline void rig_peek(Rig *r, uint64_t addr, void *p, size_t len)
{
    g_assert_true(address_space_read_ram(&r->as, addr, p, len));
}

static inline uint16_t rig_peek16(Rig *r, uint64_t addr)
{
    uint8_t b[2];

    rig_peek(r, addr, b, 2);
    return ld16_le(b);
}

static inline void rig_poke16(Rig *r, uint64_t addr, uint16_t v)
{
    uint8_t b[2];

    st16_le(b, v);
    rig_poke(r, addr, b, 2);
}

static inline uint64_t rig_read(Rig *r, unsigned reg, unsigned size)
{
    uint64_t v = 0;

    g_assert_cmpint(address_space_ld(&r->as, RIG_MMIO + reg, &v, size), ==, MEMTX_OK);
    return v;
}

static inline uint32_t rd(Rig *r, unsigned reg)
{
    return rig_read(r, reg, 4);
}

static inline void wr(Rig *r, unsigned reg, uint32_t v)
{
    g_assert_cmpint(address_space_st(&r->as, RIG_MMIO + reg, v, 4), ==, MEMTX_OK);
}

/* ---- Set-up ---- */

static inline MemTxResult trap_read(void *opaque, hwaddr addr, uint64_t *v, unsigned size)
{
    ((Rig *)opaque)->trapped++;
    *v = 0;
    return MEMTX_OK;
}

static inline MemTxResult trap_write(void *opaque, hwaddr addr, uint64_t v, unsigned size)
{
    ((Rig *)opaque)->trapped++;
    return MEMTX_OK;
}

static inline void rig_irq(void *opaque, int n, bool level)
{
    Rig *r = opaque;

    r->irq = level;
    r->irqs += level;
}

static const MemoryRegionOps rig_trap_ops = { .read = trap_read, .write = trap_write };

/* Unrealized transport in a fresh memory map. */
static inline Rig *rig_new(bool legacy)
{
    Rig *r = g_new0(Rig, 1);

    memory_region_init(&r->root, NULL, "system", UINT64_MAX);
    g_assert_true(memory_region_init_ram(&r->ram, NULL, "ram", RIG_RAM_SIZE, NULL));
    g_assert_true(memory_region_init_rom(&r->rom, NULL, "rom", 64 * KiB, NULL));
    memory_region_init_io(&r->trap, NULL, &rig_trap_ops, r, NULL, "trap", 0x1000);
    memory_region_add_subregion(&r->root, RIG_RAM, &r->ram);
    memory_region_add_subregion(&r->root, RIG_ROM, &r->rom);
    memory_region_add_subregion(&r->root, RIG_TRAP, &r->trap);
    address_space_init(&r->as, &r->root, "rig");

    r->transport = DEVICE(object_new_known(TYPE_VIRTIO_MMIO));
    object_property_set_known(r->transport, "force-legacy", legacy ? "on" : "off");
    r->transport->dma_as = &r->as;
    g_assert_true(device_realize(r->transport, NULL));
    device_map(r->transport, 0, &r->root, RIG_MMIO);
    irq_connect(&r->transport->irq_out[0], rig_irq, r, 0);
    return r;
}

/* A device with properties ("name", "value", ..., NULL), not yet realized. */
static inline DeviceState *rig_device(Rig *r, const char *type, const char *const *props)
{
    DeviceState *dev = DEVICE(object_new_known(type));

    for (; props && *props; props += 2) {
        Error *err = NULL;

        if (!object_property_set_str(dev, props[0], props[1], &err)) {
            g_error("%s", error_get_pretty(err));
        }
    }
    if (rd(r, R_VERSION) == 2 && g_getenv("RIG_RING")) {
        g_auto(GStrv) formats = g_strsplit(g_getenv("RIG_RING"), ",", -1);

        for (unsigned i = 0; formats[i]; i++) {
            object_property_set_known(dev, formats[i], "on");
        }
    }
    g_assert_true(bus_attach(g_ptr_array_index(r->transport->buses, 0), dev, NULL));
    return dev;
}

static inline void rig_plug(Rig *r, const char *type, const char *const *props)
{
    Error *err = NULL;

    r->dev = rig_device(r, type, props);
    if (!device_realize(r->dev, &err)) {
        g_error("%s", error_get_pretty(err));
    }
    device_reset(r->transport);
}

static inline void rig_free(Rig *r)
{
    g_assert_cmpint(r->trapped, ==, 0);
    if (r->dev) {
        device_unrealize(r->dev);
        bus_detach(r->dev);
        object_unref(r->dev);
    }
    device_unrealize(r->transport);
    object_unref(r->transport);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    address_space_destroy(&r->as);
    memory_region_destroy(&r->trap);
    memory_region_destroy(&r->rom);
    memory_region_destroy(&r->ram);
    memory_region_destroy(&r->root);
    g_free(r);
}

/* ---- The driver's initialisation ---- */

static inline uint64_t rig_offered(Rig *r)
{
    uint64_t f;

    wr(r, R_FEATURES_SEL, 0);
    f = rd(r, R_FEATURES);
    wr(r, R_FEATURES_SEL, 1);
    return f | (uint64_t)rd(r, R_FEATURES) << 32;
}

/* Reset up to the choice of features; `drop` are offered bits not to take. */
static inline void rig_negotiate(Rig *r, uint64_t drop)
{
    bool legacy = rd(r, R_VERSION) == 1;

    wr(r, R_STATUS, 0);
    g_assert_cmphex(rd(r, R_STATUS), ==, 0);
    wr(r, R_STATUS, VIRTIO_S_ACKNOWLEDGE);
    wr(r, R_STATUS, VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER);
    r->features = rig_offered(r) & ~drop;
    wr(r, R_DRV_FEATURES_SEL, 0);
    wr(r, R_DRV_FEATURES, r->features);
    if (!legacy) {
        wr(r, R_DRV_FEATURES_SEL, 1);
        wr(r, R_DRV_FEATURES, r->features >> 32);
        wr(r, R_STATUS, VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_FEATURES_OK);
        g_assert_cmphex(rd(r, R_STATUS) & VIRTIO_S_FEATURES_OK, !=, 0);
    } else {
        wr(r, R_PAGE_SIZE, 4096);
    }
}

static inline void rig_driver_ok(Rig *r)
{
    wr(r, R_STATUS, rd(r, R_STATUS) | VIRTIO_S_DRIVER_OK);
}

static inline bool rig_broken(Rig *r)
{
    return rd(r, R_STATUS) & VIRTIO_S_NEEDS_RESET;
}

static inline void ring_place(Ring *q, Rig *r, unsigned index, unsigned num)
{
    static const uint8_t zero[4096];

    memset(q, 0, sizeof(*q));
    q->rig = r;
    q->packed = r->features & BIT_ULL(VIRTIO_F_RING_PACKED);
    q->avail_wrap = q->used_wrap = true;
    q->index = index;
    q->num = num;
    q->desc = RIG_RAM + 0x40000 * (uint64_t)index;
    q->avail = q->desc + 16 * (uint64_t)num;
    q->avail = align_up(q->avail, 4);
    q->used = align_up(q->avail + 6 + 2 * (uint64_t)num, 4096);
    for (uint64_t a = q->desc; a < q->used + 0x4000; a += sizeof(zero)) {
        rig_poke(r, a, zero, sizeof(zero));
    }
}

static inline void ring_write_layout(Ring *q)
{
    Rig *r = q->rig;

    wr(r, R_QUEUE_SEL, q->index);
    wr(r, R_NUM, q->num);
    wr(r, R_DESC, q->desc);
    wr(r, R_DESC + 4, q->desc >> 32);
    wr(r, R_AVAIL, q->avail);
    wr(r, R_AVAIL + 4, q->avail >> 32);
    wr(r, R_USED, q->used);
    wr(r, R_USED + 4, q->used >> 32);
}

static inline void ring_setup(Ring *q, Rig *r, unsigned index, unsigned num)
{
    ring_place(q, r, index, num);
    if (rd(r, R_VERSION) == 1) {
        wr(r, R_QUEUE_SEL, index);
        wr(r, R_NUM, num);
        wr(r, R_ALIGN, 4096);
        wr(r, R_PFN, q->desc / 4096);
        g_assert_cmphex(rd(r, R_PFN), ==, q->desc / 4096);
    } else {
        ring_write_layout(q);
        wr(r, R_READY, 1);
    }
}

/* ---- Chains ---- */

static inline void desc_put(Rig *r, uint64_t table, unsigned i, uint64_t addr, uint32_t len,
                            uint16_t flags, uint16_t next)
{
    uint8_t d[16];

    st64_le(d, addr);
    st32_le(d + 8, len);
    st16_le(d + 12, flags);
    st16_le(d + 14, next);
    rig_poke(r, table + 16 * (uint64_t)i, d, sizeof(d));
}

/* The same in a packed ring or table. */
static inline void packed_put(Rig *r, uint64_t table, unsigned i, uint64_t addr, uint32_t len,
                              uint16_t id, uint16_t flags)
{
    desc_put(r, table, i, addr, len, id, flags);
}

#define D_AVAIL (1 << 7)
#define D_USED (1 << 15)

/* The flag bits that make a descriptor available in this round. */
static inline uint16_t packed_avail(const Ring *q)
{
    return q->avail_wrap ? D_AVAIL : D_USED;
}

static inline void packed_advance(Ring *q, unsigned n)
{
    q->next_free += n;
    if (q->next_free >= q->num) {
        q->next_free -= q->num;
        q->avail_wrap = !q->avail_wrap;
    }
}

/* Makes a head available without notifying. */
static inline void ring_publish(Ring *q, unsigned head)
{
    rig_poke16(q->rig, q->avail + 4 + 2 * (uint64_t)(q->avail_idx % q->num), head);
    rig_poke16(q->rig, q->avail + 2, ++q->avail_idx);
}

static inline void ring_kick(Ring *q)
{
    uint32_t where = q->packed ? q->next_free | (uint32_t)q->avail_wrap << 15 : q->avail_idx;
    bool data = q->rig->features & BIT_ULL(VIRTIO_F_NOTIFICATION_DATA);

    wr(q->rig, R_NOTIFY, q->index | (data ? where << 16 : 0));
}

/* Writes a chain into the next descriptors; returns its head. */
static inline unsigned ring_chain(Ring *q, const Seg *segs, unsigned n)
{
    unsigned head = q->next_free;

    for (unsigned i = 0; i < n; i++) {
        unsigned at = (head + i) % q->num;

        desc_put(q->rig, q->desc, at, segs[i].addr, segs[i].len,
                 (segs[i].write ? D_WRITE : 0) | (i + 1 < n ? D_NEXT : 0), (at + 1) % q->num);
    }
    q->next_free = (head + n) % q->num;
    return head;
}

/* 2.8.6: the flags of the first are written last. */
static inline unsigned packed_add(Ring *q, const Seg *segs, unsigned n)
{
    unsigned head = q->next_free;
    uint16_t first = 0;

    for (unsigned i = 0; i < n; i++) {
        uint16_t flags = packed_avail(q) | (segs[i].write ? D_WRITE : 0) |
                         (i + 1 < n ? D_NEXT : 0);
        unsigned at = q->next_free;

        if (i == 0) {
            first = flags;
            flags = rig_peek16(q->rig, q->desc + 16 * (uint64_t)at + 14);
        }
        packed_put(q->rig, q->desc, at, segs[i].addr, segs[i].len, head, flags);
        packed_advance(q, 1);
    }
    rig_poke16(q->rig, q->desc + 16 * (uint64_t)head + 14, first);
    q->slots[head] = n;
    return head;
}

/* Both formats: a chain of these segments, available; what ring_take() calls it. */
static inline unsigned ring_add(Ring *q, const Seg *segs, unsigned n)
{
    unsigned head;

    if (q->packed) {
        return packed_add(q, segs, n);
    }
    head = ring_chain(q, segs, n);
    ring_publish(q, head);
    return head;
}

/* Both formats: the same through an indirect table, which is written at `table`. */
static inline unsigned ring_add_table(Ring *q, uint64_t table, const Seg *segs, unsigned n)
{
    unsigned head = q->next_free;

    for (unsigned i = 0; i < n; i++) {
        uint16_t flags = segs[i].write ? D_WRITE : 0;

        if (q->packed) {
            packed_put(q->rig, table, i, segs[i].addr, segs[i].len, 0, flags);
        } else {
            desc_put(q->rig, table, i, segs[i].addr, segs[i].len,
                     flags | (i + 1 < n ? D_NEXT : 0), i + 1);
        }
    }
    if (q->packed) {
        packed_put(q->rig, q->desc, head, table, 16 * n, head, D_INDIRECT | packed_avail(q));
        packed_advance(q, 1);
        q->slots[head] = 1;
    } else {
        desc_put(q->rig, q->desc, head, table, 16 * n, D_INDIRECT, 0);
        q->next_free = (head + 1) % q->num;
        ring_publish(q, head);
    }
    return head;
}

static inline bool packed_is_used(Ring *q, unsigned at, bool wrap)
{
    uint16_t flags = rig_peek16(q->rig, q->desc + 16 * (uint64_t)at + 14);

    return !!(flags & D_AVAIL) == wrap && !!(flags & D_USED) == wrap;
}

/* How many chains have come back since the ring was made, modulo 2^16. */
static inline uint16_t ring_used_idx(Ring *q)
{
    unsigned at = q->used_at, n = 0, moved = 0;
    bool wrap = q->used_wrap;

    if (!q->packed) {
        return rig_peek16(q->rig, q->used + 2);
    }
    while (moved < q->num && packed_is_used(q, at, wrap)) {
        unsigned slots = q->slots[rig_peek16(q->rig, q->desc + 16 * (uint64_t)at + 12) % q->num];

        n++;
        moved += slots;
        at += slots;
        if (at >= q->num) {
            at -= q->num;
            wrap = !wrap;
        }
    }
    return q->used_seen + n;
}

/* The length of the next used element; its head in *head. There must be one. */
static inline uint32_t ring_take(Ring *q, unsigned *head)
{
    uint8_t e[8];
    unsigned id;

    g_assert_cmpint(ring_used_idx(q), !=, q->used_seen);
    if (q->packed) {
        rig_peek(q->rig, q->desc + 16 * (uint64_t)q->used_at + 8, e, 8);
        id = ld16_le(e + 4);
        g_assert_cmpuint(id, <, q->num);
        q->used_at += q->slots[id];
        if (q->used_at >= q->num) {
            q->used_at -= q->num;
            q->used_wrap = !q->used_wrap;
        }
        q->used_seen++;
        if (head) {
            *head = id;
        }
        return ld32_le(e);
    }
    rig_peek(q->rig, q->used + 4 + 8 * (uint64_t)(q->used_seen % q->num), e, 8);
    q->used_seen++;
    if (head) {
        *head = ld32_le(e);
    }
    return ld32_le(e + 4);
}

/* Runs the main loop until an element has come back; fails after a hundred seconds. */
static inline uint32_t ring_wait(Ring *q, unsigned *head)
{
    int64_t end = g_get_monotonic_time() + 100 * G_USEC_PER_SEC;

    while (ring_used_idx(q) == q->used_seen) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        timers_run();
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(100);
        }
    }
    return ring_take(q, head);
}

static inline void ring_settle(void)
{
    for (int i = 0; i < 20; i++) {
        timers_run();
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
}

#endif
