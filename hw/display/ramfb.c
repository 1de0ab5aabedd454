/*
 * ramfb: a picture in the guest's RAM. Firmware writes its place and form to the fw_cfg file
 * "etc/ramfb"; what changes in it is found by dirty bits.
 *
 * A vCPU only leaves the 28 bytes here; everything else happens on the main thread when somebody looks.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pixman.h>
#include <string.h>

#include "backend/display.h"
#include "hw/core/device.h"
#include "hw/nvram/fw_cfg.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define TYPE_RAMFB "ramfb"
OBJECT_DECLARE_SIMPLE(RamFB, RAMFB, TYPE_RAMFB)

#define FILE_NAME "etc/ramfb"
/* Big-endian: address (64 bits), format, flags, width, height, stride. */
#define CONFIG_BYTES 28
#define MAX_BYTES (256 * MiB)
#define PAGE 4096u

struct RamFB {
    DeviceState parent_obj;

    uint8_t config[CONFIG_BYTES]; /* with the device's lock */
    bool changed;                 /* the same */

    /* Main thread. */
    DisplayConsole *con;
    pixman_format_code_t format;
    uint32_t width, height, stride;
    uint8_t *host;      /* NULL: no picture */
    RAMBlock *block;
    uint64_t offset;    /* of the picture in the block */
    uint64_t bytes;
    bool redraw;
    unsigned long *pages;
};

#define FOURCC(a, b, c, d) ((uint32_t)(a) | (b) << 8 | (c) << 16 | (uint32_t)(d) << 24)

/* Little-endian in memory. On big-endian hosts the colours of those that differ would be wrong. */
static const struct {
    uint32_t fourcc;
    pixman_format_code_t format;
    unsigned bytes;
} formats[] = {
    { FOURCC('X', 'R', '2', '4'), PIXMAN_x8r8g8b8, 4 },
    { FOURCC('A', 'R', '2', '4'), PIXMAN_x8r8g8b8, 4 },
    { FOURCC('X', 'B', '2', '4'), PIXMAN_x8b8g8r8, 4 },
    { FOURCC('A', 'B', '2', '4'), PIXMAN_x8b8g8r8, 4 },
    { FOURCC('R', 'G', '2', '4'), PIXMAN_r8g8b8, 3 },
    { FOURCC('B', 'G', '2', '4'), PIXMAN_b8g8r8, 3 },
    { FOURCC('R', 'G', '1', '6'), PIXMAN_r5g6b5, 2 },
};

/* ---- Where the picture is; main thread, no lock held ---- */

static void drop_picture(RamFB *s)
{
    if (s->host) {
        ram_block_set_dirty(s->block, DIRTY_DISPLAY, s->offset, s->bytes);
        dma_unmap(s->parent_obj.dma_as, s->host, s->bytes, false, 0);
    }
    g_clear_pointer(&s->pages, g_free);
    s->host = NULL;
}

static void take_picture(RamFB *s, const uint8_t *c)
{
    uint64_t addr = ld64_be(c);
    uint32_t fourcc = ld32_be(c + 8), w = ld32_be(c + 16), h = ld32_be(c + 20);
    uint32_t stride = ld32_be(c + 24);
    unsigned bytes = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].fourcc == fourcc) {
            s->format = formats[i].format;
            bytes = formats[i].bytes;
        }
    }
    if (!bytes || !w || !h || w > DISPLAY_MAX_SIDE || h > DISPLAY_MAX_SIDE) {
        if (addr || w || h) {
            device_guest_error(s, "picture of %ux%u in format 0x%08x", w, h, fourcc);
        }
        return;
    }
    /* pixman wants rows to begin at words. */
    stride = stride ? stride : w * bytes;
    if (stride < w * bytes || stride % 4 || stride > MAX_BYTES || addr % 4) {
        device_guest_error(s, "picture at 0x%" G_GINT64_MODIFIER "x with rows of %u bytes", addr,
                           stride);
        return;
    }
    s->bytes = (uint64_t)stride * (h - 1) + w * bytes;
    if (s->bytes > MAX_BYTES) {
        device_guest_error(s, "picture of %ux%u is too large", w, h);
        return;
    }
    s->host = dma_map(s->parent_obj.dma_as, addr, s->bytes, false);
    s->block = s->host ? ram_block_from_host(s->host, &s->offset) : NULL;
    if (!s->block) {
        device_guest_error(s, "picture at 0x%" G_GINT64_MODIFIER "x is not in RAM", addr);
        if (s->host) {
            dma_unmap(s->parent_obj.dma_as, s->host, s->bytes, false, 0);
            s->host = NULL;
        }
        return;
    }
    s->width = w;
    s->height = h;
    s->stride = stride;
    s->pages = g_malloc0(s->bytes / PAGE / 8 + 2 * sizeof(unsigned long));
    s->redraw = true;
}

/* ---- Drawing ---- */

static void draw_rows(RamFB *s, pixman_image_t *from, pixman_image_t *to, uint32_t y0, uint32_t y1)
{
    pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, to, 0, (int)y0, 0, 0, 0, (int)y0,
                             (int)s->width, (int)(y1 - y0));
    console_draw_damage(s->con, 0, y0, s->width, y1 - y0);
}

/* The rows that lie on pages that were written to, in runs. */
static void draw_dirty(RamFB *s, pixman_image_t *from, pixman_image_t *to)
{
    uint64_t skew = s->offset % PAGE, nr = (skew + s->bytes + PAGE - 1) / PAGE;
    uint32_t from_row = 0, to_row = 0;

    for (uint64_t p = 0; p < nr; p++) {
        if (!(s->pages[p / (8 * sizeof(long))] >> (p % (8 * sizeof(long))) & 1)) {
            continue;
        }
        uint64_t first = p * PAGE > skew ? p * PAGE - skew : 0, last = (p + 1) * PAGE - skew - 1;
        uint32_t y0 = first / s->stride, y1 = MIN(last / s->stride + 1, s->height);

        if (y0 > to_row) {
            if (to_row > from_row) {
                draw_rows(s, from, to, from_row, to_row);
            }
            from_row = y0;
        }
        to_row = MAX(to_row, y1);
    }
    if (to_row > from_row) {
        draw_rows(s, from, to, from_row, to_row);
    }
}

static void draw(RamFB *s, const DisplaySurface *surface, bool all)
{
    pixman_image_t *from = pixman_image_create_bits_no_clear(s->format, (int)s->width,
                                                             (int)s->height, (uint32_t *)s->host,
                                                             (int)s->stride);
    pixman_image_t *to = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, (int)surface->width,
                                                           (int)surface->height, surface->pixels,
                                                           (int)surface->stride);

    if (from && to) {
        if (all) {
            draw_rows(s, from, to, 0, s->height);
        } else {
            draw_dirty(s, from, to);
        }
    }
    if (from) {
        pixman_image_unref(from);
    }
    if (to) {
        pixman_image_unref(to);
    }
}

static void ramfb_refresh(void *opaque)
{
    RamFB *s = opaque;
    uint8_t config[CONFIG_BYTES];
    DisplaySurface *surface;
    bool changed, dirty, fresh;

    g_mutex_lock(&s->parent_obj.lock);
    changed = s->changed;
    s->changed = false;
    memcpy(config, s->config, sizeof(config));
    g_mutex_unlock(&s->parent_obj.lock);
    if (changed) {
        drop_picture(s);
        take_picture(s, config);
    }
    if (!s->host) {
        console_off(s->con);
        return;
    }
    /* What is written from here on is seen the next time. */
    dirty = ram_block_collect_dirty(s->block, DIRTY_DISPLAY, s->offset, s->bytes, s->pages);
    surface = console_draw_begin(s->con, s->width, s->height, &fresh);
    if (surface) {
        if (dirty || fresh || s->redraw) {
            draw(s, surface, fresh || s->redraw);
            s->redraw = false;
        }
        console_draw_end(s->con);
    }
}

/* ---- Life cycle ---- */

static void config_written(void *opaque, const uint8_t *data, uint32_t len, uint32_t first,
                           uint32_t count)
{
    RamFB *s = opaque;

    g_mutex_lock(&s->parent_obj.lock);
    memcpy(s->config, data, MIN(len, CONFIG_BYTES));
    s->changed = true;
    g_mutex_unlock(&s->parent_obj.lock);
}

static bool ramfb_realize(DeviceState *dev, Error **errp)
{
    RamFB *s = RAMFB(dev);
    const DisplayDevice dd = { ramfb_refresh, NULL, s };
    FWCfgState *fw_cfg = fw_cfg_find();
    g_autofree char *name = g_strdup_printf("%s.0", dev->id ? dev->id : TYPE_RAMFB);

    if (!fw_cfg) {
        error_setg(errp, "ramfb needs fw_cfg, which this board does not have");
        return false;
    }
    if (!fw_cfg_add_writable(fw_cfg, FILE_NAME, CONFIG_BYTES, config_written, s, errp)) {
        return false;
    }
    s->con = console_new(name, &dd);
    return true;
}

static void ramfb_unrealize(DeviceState *dev)
{
    RamFB *s = RAMFB(dev);

    console_free(s->con);
    s->con = NULL;
    drop_picture(s);
}

static void ramfb_reset(DeviceState *dev)
{
    RAMFB(dev)->changed = true;
}

static void ramfb_post_load(Object *obj)
{
    RAMFB(obj)->changed = true;
}

static const StateField ramfb_rows[] = {
    S_BYTES(RamFB, config, CONFIG_BYTES),
    S_BOOL(RamFB, changed, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_END
};

static const StateTable ramfb_state = {
    .name = TYPE_RAMFB, .fields = ramfb_rows, .post_load = ramfb_post_load,
};

static void ramfb_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->state = &ramfb_state;
    dc->category = DEVICE_CATEGORY_DISPLAY;
    dc->user_creatable = true;
    dc->realize = ramfb_realize;
    dc->unrealize = ramfb_unrealize;
    dc->reset = ramfb_reset;
}

static const TypeInfo ramfb_type = {
    .name = TYPE_RAMFB,
    .parent = TYPE_DEVICE,
    .desc = "picture in RAM, set up by firmware through fw_cfg",
    .instance_size = sizeof(RamFB),
    .class_init = ramfb_class_init,
};
type_init(ramfb_type);
