/*
 * virtio-gpu: commands with good and bad arguments, what is shown, formats, the pointer, memory
 * limits; ramfb: places and forms, what changes, nonsense.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-rig.h"

#include "hw/nvram/fw_cfg.h"
#include "ui/console.h"

#define CMD RIG_FREE
#define RESP (RIG_FREE + 0x80000)
#define PIXELS (RIG_RAM + 8 * MiB)
#define ROOM 1088

enum { INFO = 0x100, CREATE, UNREF, SCANOUT, FLUSH, TRANSFER, ATTACH, DETACH, CAPSET, CAPSET2, EDID,
       UPDATE_CURSOR = 0x300, MOVE_CURSOR,
       OK = 0x1100, OK_INFO, OK_EDID = 0x1104,
       UNSPEC = 0x1200, NO_MEMORY, BAD_SCANOUT, BAD_RESOURCE, BAD_CONTEXT, BAD_PARAMETER };

typedef struct GPU {
    Rig *r;
    Ring ctrl, cursor;
    uint8_t resp[ROOM];
    unsigned len; /* of the last response */
} GPU;

static void start(GPU *g)
{
    rig_negotiate(g->r, 0);
    ring_setup(&g->ctrl, g->r, 0, 64);
    ring_setup(&g->cursor, g->r, 1, 16);
    rig_driver_ok(g->r);
}

static GPU *gpu_new(const char *const *props)
{
    GPU *g = g_new0(GPU, 1);

    g->r = rig_new(true); /* it does not matter: there is no legacy interface */
    rig_plug(g->r, "virtio-gpu-device", props);
    g_assert_cmpint(rd(g->r, R_DEVICE_ID), ==, 16);
    start(g);
    return g;
}

static void gpu_free(GPU *g)
{
    rig_free(g->r);
    g_free(g);
}

/* Sends raw bytes with room for an answer; the answer's type, 0 if there is none. */
static uint32_t send_raw(GPU *g, const void *cmd, size_t len, size_t room)
{
    Seg segs[] = { { CMD, len, false }, { RESP, room, true } };

    rig_poke(g->r, CMD, cmd, len);
    ring_add(&g->ctrl, segs, room ? 2 : 1);
    ring_kick(&g->ctrl);
    g->len = ring_take(&g->ctrl, NULL);
    memset(g->resp, 0, sizeof(g->resp));
    rig_peek(g->r, RESP, g->resp, g->len);
    return g->len >= 4 ? ld32_le(g->resp) : 0;
}

/* A command of 32-bit words behind the header. */
#define SEND(g, type, ...)                                                              \
    ({                                                                                  \
        uint32_t words_[] = { type, 0, 0, 0, 0, 0, ##__VA_ARGS__ };                     \
        for (size_t i_ = 0; i_ < G_N_ELEMENTS(words_); i_++)                            \
            words_[i_] = GUINT32_TO_LE(words_[i_]);                                     \
        send_raw(g, words_, sizeof(words_), ROOM);                                      \
    })

#define LO(a) ((uint32_t)(a))
#define HI(a) ((uint32_t)((uint64_t)(a) >> 32))

static uint32_t pixel(DisplayConsole *con, unsigned x, unsigned y)
{
    const DisplaySurface *s;
    uint32_t p;

    console_refresh(con);
    s = console_lock(con);
    p = s->pixels[y * (s->stride / 4) + x] & 0xffffff;
    console_unlock(con);
    return p;
}

static void put_pixel(GPU *g, unsigned width, unsigned x, unsigned y, uint32_t p)
{
    p = GUINT32_TO_LE(p);
    rig_poke(g->r, PIXELS + 4 * (y * width + x), &p, 4);
}

/* Resource 1 of 64x32 with backing, on scanout 0. */
static void show(GPU *g)
{
    g_assert_cmphex(SEND(g, CREATE, 1, 2, 64, 32), ==, OK);
    g_assert_cmphex(SEND(g, ATTACH, 1, 1, LO(PIXELS), HI(PIXELS), 64 * 32 * 4, 0), ==, OK);
    g_assert_cmphex(SEND(g, SCANOUT, 0, 0, 64, 32, 0, 1), ==, OK);
}

static void test_info(void)
{
    static const char *const props[] = { "xres", "1024", "yres", "600", "max_outputs", "2", NULL };
    GPU *g = gpu_new(props);
    uint8_t sum = 0;

    g_assert_cmpint(rd(g->r, R_VERSION), ==, 2);
    g_assert_cmpint(rd(g->r, R_CONFIG + 8), ==, 2);
    g_assert_cmphex(SEND(g, INFO), ==, OK_INFO);
    g_assert_cmpint(g->len, ==, 24 + 16 * 24);
    g_assert_cmpint(ld32_le(g->resp + 24 + 8), ==, 1024);
    g_assert_cmpint(ld32_le(g->resp + 24 + 12), ==, 600);
    g_assert_cmpint(ld32_le(g->resp + 24 + 16), ==, 1);
    g_assert_cmpint(ld32_le(g->resp + 48 + 16), ==, 0); /* nobody looks at the second */
    g_assert_cmphex(SEND(g, EDID, 0, 0), ==, OK_EDID);
    g_assert_cmpint(g->len, ==, 24 + 8 + 1024);
    g_assert_cmpint(ld32_le(g->resp + 24), ==, 128);
    for (unsigned i = 0; i < 128; i++) {
        sum += g->resp[32 + i];
    }
    g_assert_cmpint(sum, ==, 0);
    g_assert_cmpint(g->resp[32 + 56] | (g->resp[32 + 58] & 0xf0) << 4, ==, 1024);
    g_assert_cmphex(SEND(g, EDID, 2, 0), ==, BAD_PARAMETER);
    /* A viewer's window: event, interrupt, new size. */
    g_assert_cmpint(rd(g->r, R_CONFIG), ==, 0);
    console_viewer_size(console_by_index(1), 800, 480);
    g_assert_cmpint(rd(g->r, R_CONFIG), ==, 1);
    g_assert_cmpint(rd(g->r, R_ISR) & VIRTIO_ISR_CONFIG, !=, 0);
    SEND(g, INFO);
    g_assert_cmpint(ld32_le(g->resp + 48 + 8), ==, 800);
    g_assert_cmpint(ld32_le(g->resp + 48 + 16), ==, 1);
    wr(g->r, R_CONFIG + 4, 1);
    g_assert_cmpint(rd(g->r, R_CONFIG), ==, 0);
    gpu_free(g);
}

static void test_show(void)
{
    GPU *g = gpu_new(NULL);
    DisplayConsole *con = console_by_index(0);

    g_assert_true(con && console_by_name("virtio-gpu-device.0") == con);
    show(g);
    put_pixel(g, 64, 5, 3, 0x00123456);
    g_assert_cmphex(pixel(con, 5, 3), ==, 0);
    g_assert_cmphex(SEND(g, TRANSFER, 0, 0, 64, 32, 0, 0, 1, 0), ==, OK);
    g_assert_cmphex(SEND(g, FLUSH, 0, 0, 64, 32, 1, 0), ==, OK);
    g_assert_cmphex(pixel(con, 5, 3), ==, 0x123456);
    g_assert_cmpint(console_lock(con)->width, ==, 64);
    console_unlock(con);
    /* A part: offset is that of its first byte, rows are as wide as the resource's. */
    put_pixel(g, 64, 40, 20, 0x00abcdef);
    put_pixel(g, 64, 39, 20, 0x00ffffff);
    g_assert_cmphex(SEND(g, TRANSFER, 40, 20, 2, 2, 4 * (20 * 64 + 40), 0, 1, 0), ==, OK);
    g_assert_cmphex(pixel(con, 40, 20), ==, 0); /* not flushed */
    g_assert_cmphex(SEND(g, FLUSH, 40, 20, 1, 1, 1, 0), ==, OK);
    g_assert_cmphex(pixel(con, 40, 20), ==, 0xabcdef);
    g_assert_cmphex(pixel(con, 39, 20), ==, 0);
    /* Part of a resource on the output. */
    g_assert_cmphex(SEND(g, SCANOUT, 32, 16, 32, 16, 0, 1), ==, OK);
    g_assert_cmphex(pixel(con, 8, 4), ==, 0xabcdef);
    /* The resource goes, and the picture with it. */
    g_assert_cmphex(SEND(g, UNREF, 1, 0), ==, OK);
    g_assert_cmphex(pixel(con, 8, 4), ==, 0);
    g_assert_cmpint(console_lock(con)->width, ==, 640);
    console_unlock(con);
    /* A reset forgets everything. */
    show(g);
    wr(g->r, R_STATUS, 0);
    console_refresh(con);
    start(g);
    show(g);
    gpu_free(g);
}

static void test_formats(void)
{
    /* Bytes 11 22 33 44 of a pixel, as each format understands them. */
    static const struct {
        uint32_t format, shows;
    } f[] = { { 1, 0x332211 }, { 2, 0x332211 }, { 3, 0x223344 }, { 4, 0x223344 },
              { 67, 0x112233 }, { 68, 0x443322 }, { 121, 0x443322 }, { 134, 0x112233 } };
    GPU *g = gpu_new(NULL);
    uint8_t bytes[4] = { 0x11, 0x22, 0x33, 0x44 };

    for (size_t i = 0; i < G_N_ELEMENTS(f); i++) {
        rig_poke(g->r, PIXELS, bytes, 4);
        g_assert_cmphex(SEND(g, CREATE, 9, f[i].format, 16, 16), ==, OK);
        g_assert_cmphex(SEND(g, ATTACH, 9, 1, LO(PIXELS), HI(PIXELS), 1024, 0), ==, OK);
        g_assert_cmphex(SEND(g, TRANSFER, 0, 0, 16, 16, 0, 0, 9, 0), ==, OK);
        g_assert_cmphex(SEND(g, SCANOUT, 0, 0, 16, 16, 0, 9), ==, OK);
        g_assert_cmphex(pixel(console_by_index(0), 0, 0), ==, f[i].shows);
        g_assert_cmphex(SEND(g, UNREF, 9, 0), ==, OK);
    }
    gpu_free(g);
}

static void test_bad_arguments(void)
{
    GPU *g = gpu_new(NULL);

    show(g);
    g_assert_cmphex(SEND(g, CREATE, 0, 2, 16, 16), ==, BAD_RESOURCE);
    g_assert_cmphex(SEND(g, CREATE, 1, 2, 16, 16), ==, BAD_RESOURCE);
    g_assert_cmphex(SEND(g, CREATE, 2, 5, 16, 16), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, CREATE, 2, 2, 0, 16), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, CREATE, 2, 2, 0x40000001, 4), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, CREATE, 2, 2, 0xffffffff, 0xffffffff), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, UNREF, 2, 0), ==, BAD_RESOURCE);
    g_assert_cmphex(SEND(g, SCANOUT, 0, 0, 64, 32, 1, 1), ==, BAD_SCANOUT);
    g_assert_cmphex(SEND(g, SCANOUT, 0, 0, 64, 32, 0xffffffff, 0), ==, BAD_SCANOUT);
    g_assert_cmphex(SEND(g, SCANOUT, 0, 0, 64, 32, 0, 7), ==, BAD_RESOURCE);
    g_assert_cmphex(SEND(g, SCANOUT, 1, 0, 64, 32, 0, 1), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, SCANOUT, 0, 0, 8, 32, 0, 1), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, SCANOUT, 0xfffffff0, 0, 0x20, 32, 0, 1), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, FLUSH, 0, 1, 64, 32, 1, 0), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, FLUSH, 0xffffffff, 0xffffffff, 2, 2, 1, 0), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, FLUSH, 0, 0, 1, 1, 8, 0), ==, BAD_RESOURCE);
    g_assert_cmphex(SEND(g, TRANSFER, 0, 0, 65, 1, 0, 0, 1, 0), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, TRANSFER, 0xffffffff, 0, 2, 1, 0, 0, 1, 0), ==, BAD_PARAMETER);
    g_assert_cmphex(SEND(g, TRANSFER, 0, 0, 64, 32, 0xffffffff, 0xffffffff, 1, 0), ==,
                    BAD_PARAMETER);
    /* Beyond the end of the backing there is nothing to copy. */
    g_assert_cmphex(SEND(g, TRANSFER, 0, 0, 64, 32, 0xfffffff0, 0x7fffffff, 1, 0), ==, OK);
    g_assert_cmphex(SEND(g, TRANSFER, 3, 0, 5, 32, 8100, 0, 1, 0), ==, OK);
    g_assert_cmphex(SEND(g, ATTACH, 1, 0), ==, UNSPEC); /* it has one */
    g_assert_cmphex(SEND(g, DETACH, 1, 0), ==, OK);
    g_assert_cmphex(SEND(g, DETACH, 1, 0), ==, BAD_RESOURCE);
    g_assert_cmphex(SEND(g, TRANSFER, 0, 0, 64, 32, 0, 0, 1, 0), ==, BAD_RESOURCE);
    g_assert_cmphex(SEND(g, ATTACH, 1, 2, LO(PIXELS), 0, 64, 0), ==, UNSPEC); /* one is missing */
    g_assert_cmphex(SEND(g, ATTACH, 1, 0xffffffff), ==, UNSPEC);
    g_assert_cmphex(SEND(g, ATTACH, 1, 1, LO(RIG_TRAP), 0, 64, 0), ==, UNSPEC);
    g_assert_cmphex(SEND(g, ATTACH, 1, 1, 0xfffffff0, 0xffffffff, 64, 0), ==, UNSPEC);
    g_assert_cmphex(SEND(g, ATTACH, 1, 2, LO(PIXELS), 0, 0, 0, LO(PIXELS), 0, 64, 0), ==, OK);
    g_assert_cmphex(SEND(g, TRANSFER, 0, 0, 64, 32, 0, 0, 1, 0), ==, OK);
    g_assert_cmphex(SEND(g, CAPSET, 0, 0), ==, UNSPEC);
    g_assert_cmphex(SEND(g, 0x105u << 16), ==, UNSPEC);
    g_assert_false(rig_broken(g->r));
    gpu_free(g);
}

/* Commands and answers of every length. */
static void test_lengths(void)
{
    GPU *g = gpu_new(NULL);
    uint8_t cmd[200] = { 0 };

    show(g);
    for (uint32_t type = 0x100; type <= 0x10b; type++) {
        for (size_t len = 1; len < 80; len++) {
            st32_le(cmd, type);
            g_assert_cmphex(send_raw(g, cmd, len, ROOM), !=, 0);
            if (len < 24) {
                g_assert_cmphex(ld32_le(g->resp), ==, UNSPEC);
            }
        }
    }
    for (size_t room = 0; room < 60; room++) {
        st32_le(cmd, INFO);
        send_raw(g, cmd, 24, room);
        g_assert_cmpint(g->len, ==, room);
    }
    /* A fence comes back, a flag that is none does not. */
    st32_le(cmd, INFO);
    st32_le(cmd + 4, 0xff);
    st64_le(cmd + 8, 0x1122334455667788ull);
    g_assert_cmphex(send_raw(g, cmd, 24, ROOM), ==, OK_INFO);
    g_assert_cmphex(ld32_le(g->resp + 4), ==, 1);
    g_assert_cmphex(ld64_le(g->resp + 8), ==, 0x1122334455667788ull);
    g_assert_false(rig_broken(g->r));
    gpu_free(g);
}

static void test_hostmem(void)
{
    static const char *const props[] = { "max_hostmem", "1M", NULL };
    GPU *g = gpu_new(props);
    unsigned made = 0;

    g_assert_cmphex(SEND(g, CREATE, 1, 2, 512, 512), ==, OK);
    g_assert_cmphex(SEND(g, CREATE, 2, 2, 1, 1), ==, NO_MEMORY);
    g_assert_cmphex(SEND(g, ATTACH, 1, 1, LO(PIXELS), 0, 4096, 0), ==, NO_MEMORY);
    g_assert_cmphex(SEND(g, UNREF, 1, 0), ==, OK);
    /* Small ones cost, too. */
    while (SEND(g, CREATE, made + 1, 2, 1, 1) == OK) {
        g_assert_cmpint(++made, <=, 256);
    }
    g_assert_cmpint(made, ==, 256);
    for (unsigned i = 0; i < made; i++) {
        g_assert_cmphex(SEND(g, UNREF, i + 1, 0), ==, OK);
    }
    /* Backing counts, and counts back. */
    for (int i = 0; i < 100; i++) {
        g_assert_cmphex(SEND(g, CREATE, 1, 2, 500, 500), ==, OK);
        g_assert_cmphex(SEND(g, ATTACH, 1, 1, LO(PIXELS), 0, 4096, 0), ==, OK);
        if (i % 2) {
            g_assert_cmphex(SEND(g, DETACH, 1, 0), ==, OK);
        }
        g_assert_cmphex(SEND(g, UNREF, 1, 0), ==, OK);
    }
    gpu_free(g);
}

static void cursor_command(GPU *g, uint32_t type, uint32_t scanout, uint32_t x, uint32_t y,
                           uint32_t res, uint32_t hot)
{
    uint32_t words[] = { type, 0, 0, 0, 0, 0, scanout, x, y, 0, res, hot, hot, 0 };
    Seg s = { CMD, sizeof(words), false };

    rig_poke(g->r, CMD, words, sizeof(words));
    ring_add(&g->cursor, &s, 1);
    ring_kick(&g->cursor);
    g_assert_cmpint(ring_take(&g->cursor, NULL), ==, 0);
}

static void test_cursor(void)
{
    GPU *g = gpu_new(NULL);
    DisplayConsole *con = console_by_index(0);
    const ConsoleCursor *c;
    Seg tiny = { CMD, 3, false };

    show(g);
    put_pixel(g, 64, 1, 0, 0x80ff0000);
    g_assert_cmphex(SEND(g, CREATE, 5, 1, 64, 64), ==, OK);
    g_assert_cmphex(SEND(g, ATTACH, 5, 1, LO(PIXELS), 0, 64 * 64 * 4, 0), ==, OK);
    g_assert_cmphex(SEND(g, TRANSFER, 0, 0, 64, 64, 0, 0, 5, 0), ==, OK);
    cursor_command(g, UPDATE_CURSOR, 0, 10, 20, 5, 63);
    console_refresh(con);
    console_lock(con);
    c = console_lock_cursor(con);
    g_assert_true(c->defined && c->visible);
    g_assert_cmpint(c->w, ==, 64);
    g_assert_cmpint(c->x, ==, 10);
    g_assert_cmpint(c->hot_y, ==, 63);
    g_assert_cmphex(c->argb[1], ==, 0x80ff0000);
    console_unlock(con);
    cursor_command(g, MOVE_CURSOR, 0, 11, 0xffffffff, 0, 0);
    console_refresh(con);
    g_assert_cmpint(console_lock_cursor(con)->y, ==, -1);
    g_assert_true(console_lock_cursor(con)->defined);
    /* Nonsense. */
    cursor_command(g, UPDATE_CURSOR, 1, 0, 0, 5, 0);
    cursor_command(g, UPDATE_CURSOR, 0xffffffff, 0, 0, 5, 0);
    cursor_command(g, 0x302, 0, 0, 0, 5, 0);
    ring_add(&g->cursor, &tiny, 1);
    ring_kick(&g->cursor);
    g_assert_cmpint(ring_take(&g->cursor, NULL), ==, 0);
    cursor_command(g, UPDATE_CURSOR, 0, 0, 0, 99, 0xffffffff);
    console_refresh(con);
    g_assert_false(console_lock_cursor(con)->defined);
    g_assert_cmphex(SEND(g, CREATE, 6, 1, 65, 64), ==, OK);
    cursor_command(g, UPDATE_CURSOR, 0, 0, 0, 6, 0);
    console_refresh(con);
    g_assert_false(console_lock_cursor(con)->defined);
    g_assert_false(rig_broken(g->r));
    gpu_free(g);
}

/* Many small flushes between two looks. */
static void test_many_flushes(void)
{
    GPU *g = gpu_new(NULL);

    show(g);
    pixel(console_by_index(0), 0, 0);
    for (unsigned i = 0; i < 600; i++) {
        put_pixel(g, 64, i * 7 % 64, i * 5 % 32, 0x10000 + i);
        SEND(g, TRANSFER, i * 7 % 64, i * 5 % 32, 1, 1, 4 * (i * 5 % 32 * 64 + i * 7 % 64), 0, 1, 0);
        g_assert_cmphex(SEND(g, FLUSH, i * 7 % 64, i * 5 % 32, 1, 1, 1, 0), ==, OK);
    }
    for (unsigned i = 590; i < 600; i++) {
        g_assert_cmphex(pixel(console_by_index(0), i * 7 % 64, i * 5 % 32), ==, 0x10000 + i);
    }
    gpu_free(g);
}

/* ---- ramfb ---- */

#define FW_CFG_BASE 0x10100000ull
#define PICTURE (RIG_RAM + 2 * MiB + 100 * 4)

static unsigned damaged_rows;

static void count_damage(void *opaque, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    damaged_rows += h;
}

static void ignore_size(void *opaque, uint32_t w, uint32_t h)
{
}

static void ignore(void *opaque)
{
}

static void ramfb_set(Rig *r, uint64_t addr, const char *fourcc, uint32_t w, uint32_t h,
                      uint32_t stride)
{
    uint8_t config[28] = { 0 }, command[16];
    uint8_t dir[4];
    unsigned item = 0x20;

    st64_be(config, addr);
    memcpy(config + 8, fourcc, 4);
    st32_be(config + 8, ld32_le(config + 8));
    st32_be(config + 16, w);
    st32_be(config + 20, h);
    st32_be(config + 24, stride);
    rig_poke(r, RIG_FREE + 0x100, config, sizeof(config));
    st32_be(command, item << 16 | 0x08 | 0x10); /* select, write */
    st32_be(command + 4, sizeof(config));
    st64_be(command + 8, RIG_FREE + 0x100);
    rig_poke(r, RIG_FREE, command, sizeof(command));
    g_assert_cmpint(address_space_st(&r->as, FW_CFG_BASE + 0x10, htobe64(RIG_FREE), 8), ==,
                    MEMTX_OK);
    rig_peek(r, RIG_FREE, dir, 4);
    g_assert_cmphex(ld32_be(dir), ==, 0);
}

static void test_ramfb(void)
{
    Rig *r = rig_new(false);
    DeviceState *fw_cfg = DEVICE(object_new_known(TYPE_FW_CFG));
    DeviceState *dev = DEVICE(object_new_known("ramfb"));
    const ConsoleViewer v = { count_damage, ignore_size, NULL, ignore, r };
    DisplayConsole *con;
    uint32_t p = GUINT32_TO_LE(0x00abcdef);
    Error *err = NULL;

    g_assert_false(device_realize(dev, &err)); /* no fw_cfg */
    error_free(err);
    fw_cfg->dma_as = dev->dma_as = &r->as;
    object_add_child(object_container("/machine"), "fw_cfg", fw_cfg, NULL);
    g_assert_true(device_realize(fw_cfg, NULL));
    device_map(fw_cfg, 0, &r->root, FW_CFG_BASE);
    g_assert_true(device_realize(dev, NULL));
    device_reset(fw_cfg);
    device_reset(dev);
    con = console_by_name("ramfb.0");
    console_refresh(con);

    rig_poke(r, PICTURE + 4 * (3 * 200 + 7), &p, 4);
    ramfb_set(r, PICTURE, "XR24", 160, 100, 800);
    g_assert_cmphex(pixel(con, 7, 3), ==, 0xabcdef);
    /* Only what was written to is drawn again, wherever rows and pages begin. */
    console_viewer_add(con, &v);
    damaged_rows = 0;
    console_refresh(con);
    g_assert_cmpint(damaged_rows, ==, 0);
    for (unsigned y = 0; y < 100; y++) {
        p = GUINT32_TO_LE(0x10000 + y);
        rig_poke(r, PICTURE + 800 * y + 4 * 159, &p, 4);
        damaged_rows = 0;
        g_assert_cmphex(pixel(con, 159, y), ==, 0x10000 + y);
        g_assert_cmpint(damaged_rows, >, 0);
        g_assert_cmpint(damaged_rows, <=, 8);
    }
    rig_poke(r, PICTURE + 800 * 20, &p, 4);
    rig_poke(r, PICTURE + 800 * 80, &p, 4);
    damaged_rows = 0;
    g_assert_cmphex(pixel(con, 0, 80), ==, 0x10000 + 99);
    g_assert_cmphex(pixel(con, 0, 20), ==, 0x10000 + 99);
    g_assert_cmpint(damaged_rows, <=, 16);
    console_viewer_remove(con, r);

    /* Other forms, and what is none. */
    ramfb_set(r, PICTURE, "RG16", 160, 100, 0);
    console_refresh(con);
    ramfb_set(r, RIG_RAM + RIG_RAM_SIZE - 160 * 100 * 4, "XR24", 160, 100, 0);
    pixel(con, 159, 99);
    static const struct {
        uint64_t addr;
        const char *fourcc;
        uint32_t w, h, stride;
    } bad[] = {
        { RIG_RAM + RIG_RAM_SIZE - 160 * 100 * 4 + 4, "XR24", 160, 100, 0 },
        { RIG_TRAP, "XR24", 16, 16, 0 }, { UINT64_MAX - 3, "XR24", 16, 16, 0 },
        { PICTURE, "ABCD", 16, 16, 0 }, { PICTURE, "XR24", 0, 16, 0 },
        { PICTURE, "XR24", 16384, 16384, 0 }, { PICTURE, "XR24", 16, 16, 63 },
        { PICTURE, "XR24", 16, 16, 66 }, { PICTURE, "XR24", 16, 16, 0xffffffff },
        { PICTURE, "XR24", 0xffffffff, 0xffffffff, 0xffffffff }, { PICTURE + 1, "XR24", 16, 16, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        ramfb_set(r, PICTURE, "XR24", 32, 32, 0);
        console_refresh(con);
        g_assert_cmpint(console_lock(con)->width, ==, 32);
        console_unlock(con);
        ramfb_set(r, bad[i].addr, bad[i].fourcc, bad[i].w, bad[i].h, bad[i].stride);
        console_refresh(con);
        g_assert_cmpint(console_lock(con)->width, ==, 640); /* off */
        console_unlock(con);
    }
    device_unrealize(dev);
    object_unref(dev);
    g_assert_false(ram_block_page_watched(r->ram.ram, PICTURE - RIG_RAM));
    object_unparent(fw_cfg);
    object_unref(fw_cfg);
    rig_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-gpu/info", test_info);
    g_test_add_func("/virtio-gpu/show", test_show);
    g_test_add_func("/virtio-gpu/formats", test_formats);
    g_test_add_func("/virtio-gpu/bad-arguments", test_bad_arguments);
    g_test_add_func("/virtio-gpu/lengths", test_lengths);
    g_test_add_func("/virtio-gpu/hostmem", test_hostmem);
    g_test_add_func("/virtio-gpu/cursor", test_cursor);
    g_test_add_func("/virtio-gpu/many-flushes", test_many_flushes);
    g_test_add_func("/ramfb/all", test_ramfb);
    return g_test_run();
}
