/*
 * "cfi.pflash01": a bank of NOR flash, the shell of hw/block/pflash-core.c. While it is in its read
 * mode the array is RAM to the reader: loads, and code that runs from it, are as fast as anywhere.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/block/pflash_cfi01.h"

#include <inttypes.h>
#include <string.h>

#include "backend/block.h"
#include "hw/block/pflash-core.h"
#include "hw/core/device.h"
#include "util/bits.h"

OBJECT_DECLARE_SIMPLE(PflashCFI01, PFLASH_CFI01, TYPE_PFLASH_CFI01)

/* The image is written in pieces of this size and alignment, which suits every cache mode. */
#define IMAGE_GRANULE 4096

struct PflashCFI01 {
    DeviceState parent_obj;
    PflashCore core;
    MemoryRegion mr;
    Object *drive; /* BlockBackend, or NULL: nothing outlives the process */
    uint32_t num_blocks, sector_length;
    uint8_t width, device_width;
    char *region_name;
    bool image_failed; /* said once that the image cannot be written */
};

/* Writes what changed to the image before the guest sees the operation end. */
static void write_through(PflashCFI01 *s, const PflashChange *change)
{
    uint64_t from = align_down(change->at, IMAGE_GRANULE);
    uint64_t to = MIN(align_up(change->at + change->len, IMAGE_GRANULE), s->core.size);
    int r;

    if (!s->drive) {
        return;
    }
    r = blk_pwrite(BLOCK_BACKEND(s->drive), from, s->core.array + from, to - from);
    if (r == 0) {
        return;
    }
    s->core.status |= change->len == s->core.sector_len ? PFLASH_STATUS_ERASE_ERROR
                                                        : PFLASH_STATUS_PROGRAM_ERROR;
    if (!s->image_failed) {
        s->image_failed = true;
        warn_report("%s: cannot write to drive '%s': %s", DEVICE(s)->parent_obj.name,
                    s->drive->name, strerror(-r));
    }
}

static MemTxResult pflash_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    *value = pflash_core_read(&((PflashCFI01 *)opaque)->core, addr, size);
    return MEMTX_OK;
}

static MemTxResult pflash_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PflashCFI01 *s = opaque;
    bool array = s->core.mode == PFLASH_ARRAY;
    PflashChange change;

    if (!pflash_core_write(&s->core, addr, value, size, &change)) {
        device_guest_error(s, "write of 0x%" PRIx64 " at 0x%" PRIx64 ", which is no command there",
                           value, addr);
    }
    if (change.len) {
        ram_block_mark_dirty(s->mr.ram, change.at, change.len); /* code may have run from it */
        write_through(s, &change);
    }
    if (array != (s->core.mode == PFLASH_ARRAY)) {
        memory_region_rom_device_set_romd(&s->mr, !array);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps pflash_ops = {
    .read = pflash_read,
    .write = pflash_write,
    .valid = { .min = 1, .max = 8 },
};

/* ---- Life ---- */

static bool check_geometry(const PflashCFI01 *s, Error **errp)
{
    unsigned chips = s->device_width ? s->width / s->device_width : 0;
    uint64_t size = (uint64_t)s->num_blocks * s->sector_length;

    if (!is_pow2(s->width) || !is_pow2(s->device_width) || s->device_width > s->width) {
        error_setg(errp, "width %u and device-width %u: powers of two are wanted, the second not "
                   "above the first", s->width, s->device_width);
        return false;
    }
    if (!is_pow2(s->sector_length) || s->sector_length % (IMAGE_GRANULE * chips) ||
        !is_pow2(size)) {
        error_setg(errp, "num-blocks %u of sector-length %u: powers of two are wanted, sectors of "
                   "at least %" PRIu64, s->num_blocks, s->sector_length,
                   (uint64_t)IMAGE_GRANULE * chips);
        return false;
    }
    return true;
}

/* The image must fill the bank: one that is too short would lose what is written behind its end, of
 * one that is too long the guest would see the wrong part. */
static bool load_image(PflashCFI01 *s, Error **errp)
{
    BlockBackend *blk = BLOCK_BACKEND(s->drive);
    int r;

    if (blk_image_bytes(blk) != s->core.size) {
        error_setg(errp, "drive '%s' has %" PRIu64 " bytes, a flash bank has exactly %" PRIu64
                   " (truncate -s %" PRIu64 "M makes a file that long)", s->drive->name,
                   blk_image_bytes(blk), s->core.size, s->core.size >> 20);
        return false;
    }
    if (!blk_attach(blk, DEVICE(s)->parent_obj.name, errp)) {
        return false;
    }
    s->core.read_only = blk_read_only(blk);
    r = blk_pread(blk, 0, s->core.array, s->core.size);
    if (r) {
        error_setg(errp, "cannot read drive '%s': %s", s->drive->name, strerror(-r));
        blk_detach(blk);
    }
    return r == 0;
}

static bool pflash_realize(DeviceState *dev, Error **errp)
{
    PflashCFI01 *s = PFLASH_CFI01(dev);
    uint64_t size = (uint64_t)s->num_blocks * s->sector_length;

    if (!check_geometry(s, errp) ||
        !memory_region_init_rom_device(&s->mr, s, &pflash_ops, s,
                                       s->region_name ? s->region_name : TYPE_PFLASH_CFI01, size,
                                       errp)) {
        return false;
    }
    s->mr.lock = &dev->lock;
    s->core.array = s->mr.ram->host;
    s->core.size = size;
    s->core.sector_len = s->sector_length;
    s->core.width = s->width;
    s->core.device_width = s->device_width;
    if (s->drive && !load_image(s, errp)) {
        memory_region_destroy(&s->mr);
        return false;
    }
    pflash_core_init(&s->core);
    device_add_mmio(dev, &s->mr);
    return true;
}

static void pflash_unrealize(DeviceState *dev)
{
    PflashCFI01 *s = PFLASH_CFI01(dev);

    if (s->drive) {
        blk_detach(BLOCK_BACKEND(s->drive));
    }
    s->core.array = NULL;
}

static void pflash_reset(DeviceState *dev)
{
    memory_region_rom_device_set_romd(&PFLASH_CFI01(dev)->mr, true);
}

static void pflash_post_load(Object *obj)
{
    PflashCFI01 *s = PFLASH_CFI01(obj);

    memory_region_rom_device_set_romd(&s->mr, s->core.mode == PFLASH_ARRAY);
}

static bool pflash_check(const Object *scratch, Error **errp)
{
    const PflashCore *c = &((const PflashCFI01 *)scratch)->core;

    if (c->buffer_at % c->buffer_size || c->buffer_at > c->size - c->buffer_size ||
        c->buffer_left > c->buffer_size / c->width) {
        error_setg(errp, "the buffered write is outside the flash");
        return false;
    }
    return true;
}

static char *pflash_describe(DeviceState *dev)
{
    PflashCFI01 *s = PFLASH_CFI01(dev);

    return g_strdup_printf("%" PRIu64 " MiB, drive %s%s", s->core.size >> 20,
                           s->drive ? s->drive->name : "none",
                           s->core.read_only ? " (read-only)" : "");
}

static const Property pflash_props[] = {
    PROP_LINK("drive", PflashCFI01, drive, TYPE_BLOCK_BACKEND, "/drives",
              "image of the same size; without one the flash is empty and forgets"),
    PROP_U32("num-blocks", PflashCFI01, num_blocks, 128, 1, 65536, "sectors"),
    PROP_U32("sector-length", PflashCFI01, sector_length, 256 * KiB, 4096, 16 * MiB,
             "bytes of a sector, all chips together"),
    { PROP_(prop_u8, "width", PflashCFI01, width), .def.u = 4, .min = 1, .max = 4,
      .help = "bytes of the bank that are written at once" },
    { PROP_(prop_u8, "device-width", PflashCFI01, device_width), .def.u = 2, .min = 1, .max = 4,
      .help = "bytes of one chip that are written at once" },
    PROP_STR("name", PflashCFI01, region_name, NULL, "name of its memory"),
    PROP_END,
};

static const StateField pflash_fields[] = {
    S_U8(PflashCFI01, core.mode, .max = PFLASH_NR_MODES - 1),
    S_U8(PflashCFI01, core.status, .reset = PFLASH_STATUS_READY),
    S_U32(PflashCFI01, core.buffer_left),
    S_BOOL(PflashCFI01, core.buffer_begun),
    S_BOOL(PflashCFI01, core.buffer_bad),
    S_U64(PflashCFI01, core.buffer_at),
    S_BYTES(PflashCFI01, core.buffer, PFLASH_BUFFER_MAX),
    S_BYTES(PflashCFI01, core.buffer_valid, PFLASH_BUFFER_MAX / 8),
    S_END,
};

static const StateTable pflash_state = {
    .name = TYPE_PFLASH_CFI01,
    .fields = pflash_fields,
    .check = pflash_check,
    .post_load = pflash_post_load,
};

static void pflash_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = pflash_props;
    klass->state = &pflash_state;
    dc->category = DEVICE_CATEGORY_STORAGE;
    dc->realize = pflash_realize;
    dc->unrealize = pflash_unrealize;
    dc->reset = pflash_reset;
    dc->describe = pflash_describe;
}

static const TypeInfo pflash_info = {
    .name = TYPE_PFLASH_CFI01,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(PflashCFI01),
    .desc = "parallel NOR flash with the Intel command set (CFI)",
    .class_init = pflash_class_init,
};

type_init(pflash_info)
