/*
 * NOR flash: the register machine by itself, and the device with an image behind it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/block.h"
#include "hw/block/pflash-core.h"
#include "hw/block/pflash_cfi01.h"
#include "hw/core/device.h"
#include "qom/user-creatable.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define SECTOR (256 * KiB)
#define SIZE (32 * MiB)

static uint8_t *array;
static PflashCore core;

static void setup(void)
{
    memset(array, 0, SIZE);
    core = (PflashCore){
        .array = array, .size = SIZE, .sector_len = SECTOR, .width = 4, .device_width = 2,
    };
    pflash_core_init(&core);
}

static PflashChange change;

static bool wr(uint64_t addr, uint64_t value)
{
    return pflash_core_write(&core, addr, value, 4, &change);
}

static uint32_t rd(uint64_t addr)
{
    return (uint32_t)pflash_core_read(&core, addr, 4);
}

static void test_ids(void)
{
    setup();
    g_assert_true(wr(0, 0x900090));
    g_assert_cmphex(rd(0), ==, 0x00890089);
    g_assert_cmphex(rd(4), ==, 0x00180018);
    g_assert_cmphex(rd(8), ==, 0);                    /* not locked */
    g_assert_cmphex(rd(SECTOR * 3 + 4), ==, 0x00180018); /* every block has them */
    g_assert_true(wr(0, 0x98)); /* a command in the low byte is enough, from any read mode */
    g_assert_cmphex(rd(0x10 * 4), ==, 0x00510051);
    g_assert_cmphex(rd(0x11 * 4), ==, 0x00520052);
    g_assert_cmphex(rd(0x12 * 4), ==, 0x00590059);
    g_assert_cmphex(rd(0x27 * 4), ==, 0x00180018);  /* 16 MiB each of two chips */
    g_assert_cmphex(rd(0x2d * 4), ==, 0x007f007f);  /* 128 sectors */
    g_assert_cmphex(rd(0x30 * 4), ==, 0x00020002);  /* of 128 KiB per chip */
    g_assert_cmphex(rd(0x3f * 4), ==, 0x00010001);
    g_assert_cmphex(rd(0x40 * 4), ==, 0);
    g_assert_cmphex(pflash_core_read(&core, 0x40, 1), ==, 0x51);
    g_assert_cmphex(pflash_core_read(&core, 0x42, 2), ==, 0x51);
    g_assert_cmphex(pflash_core_read(&core, 0x40, 8), ==, 0x0052005200510051);
    g_assert_true(wr(0, 0xff));
    g_assert_cmphex(rd(0x40), ==, 0);
    g_assert_cmpint(core.mode, ==, PFLASH_ARRAY);
}

static void test_program(void)
{
    setup();
    g_assert_true(wr(8, 0x400040));
    g_assert_cmphex(rd(0), ==, 0x00800080);
    g_assert_true(wr(8, 0x12345678));
    g_assert_cmpuint(change.at, ==, 8);
    g_assert_cmpuint(change.len, ==, 4);
    g_assert_cmphex(rd(8), ==, 0x00800080); /* the status until READ ARRAY */
    wr(0, 0xff);
    g_assert_cmphex(rd(8), ==, 0x12345678);
    g_assert_true(pflash_core_write(&core, 0x101, 0x10, 1, &change));
    g_assert_true(pflash_core_write(&core, 0x101, 0xab, 1, &change));
    wr(0, 0xff);
    g_assert_cmphex(rd(0x100), ==, 0xab00);
}

static void test_erase(void)
{
    setup();
    wr(SECTOR + 4, 0x20);
    g_assert_cmphex(rd(0), ==, 0x00800080);
    g_assert_cmphex(array[SECTOR], ==, 0);
    g_assert_true(wr(SECTOR + 4, 0xd0));
    g_assert_cmpuint(change.at, ==, SECTOR);
    g_assert_cmpuint(change.len, ==, SECTOR);
    wr(0, 0xff);
    g_assert_cmphex(rd(SECTOR - 4), ==, 0);
    g_assert_cmphex(rd(SECTOR), ==, UINT32_MAX);
    g_assert_cmphex(rd(2 * SECTOR - 4), ==, UINT32_MAX);
    g_assert_cmphex(rd(2 * SECTOR), ==, 0);
    /* READ ARRAY instead of the confirmation ends it; anything else is an error. */
    wr(0, 0x20);
    g_assert_true(wr(0, 0xff));
    g_assert_cmpint(core.mode, ==, PFLASH_ARRAY);
    wr(0, 0x20);
    g_assert_false(wr(0, 0x33));
    g_assert_cmphex(rd(0), ==, 0x00b000b0);
    g_assert_cmphex(array[0], ==, 0);
    wr(0, 0x50);
    wr(0, 0x70);
    g_assert_cmphex(rd(0), ==, 0x00800080);
}

static void buffered(uint64_t at, unsigned words, uint32_t value)
{
    wr(at, 0xe8);
    wr(at, words - 1);
    for (unsigned i = 0; i < words; i++) {
        wr(at + i * 4, value + i);
    }
}

static void test_buffer(void)
{
    setup();
    buffered(0x40010, 4, 0x11110000);
    g_assert_cmphex(rd(0), ==, 0x00800080);
    g_assert_cmphex(ld32_le(array + 0x40010), ==, 0); /* not before the confirmation */
    g_assert_true(wr(0x40010, 0xd0));
    g_assert_cmphex(rd(0), ==, 0x00800080);
    wr(0, 0xff);
    g_assert_cmphex(rd(0x4000c), ==, 0);
    g_assert_cmphex(rd(0x40010), ==, 0x11110000);
    g_assert_cmphex(rd(0x4001c), ==, 0x11110003);
    g_assert_cmphex(rd(0x40020), ==, 0);

    buffered(0x50000, 1024, 7); /* the whole buffer */
    wr(0x50000, 0xd0);
    wr(0, 0xff);
    g_assert_cmphex(rd(0x50000 + 4092), ==, 7 + 1023);

    wr(0, 0xe8); /* more than it holds */
    g_assert_false(wr(0, 1024));
    g_assert_cmphex(rd(0), ==, 0x00b000b0);
    wr(0, 0x50);

    wr(0x60000, 0xe8); /* words of two blocks */
    wr(0x60000, 1);
    wr(0x60000, 1);
    wr(0x61000, 2);
    g_assert_true(wr(0x60000, 0xd0));
    g_assert_cmphex(rd(0), ==, 0x00900090);
    g_assert_cmpuint(change.len, ==, 0);
    g_assert_cmphex(ld32_le(array + 0x60000), ==, 0);
    wr(0, 0x50);

    buffered(0x70000, 2, 5); /* not confirmed */
    g_assert_false(wr(0x70000, 0x12));
    g_assert_cmphex(rd(0), ==, 0x00b000b0);
    g_assert_cmphex(ld32_le(array + 0x70000), ==, 0);

    wr(0, 0x50);
    wr(SIZE - 4, 0xe8); /* the last block */
    wr(SIZE - 4, 0);
    wr(SIZE - 4, 99);
    wr(SIZE - 4, 0xd0);
    g_assert_cmpuint(ld32_le(array + SIZE - 4), ==, 99);
}

static void test_read_only(void)
{
    setup();
    core.read_only = true;
    wr(0, 0x40);
    wr(0, 1);
    g_assert_cmphex(rd(0), ==, 0x00900090);
    wr(0, 0x50);
    wr(0, 0x20);
    wr(0, 0xd0);
    g_assert_cmphex(rd(0), ==, 0x00a000a0);
    wr(0, 0x50);
    buffered(0, 1, 1);
    wr(0, 0xd0);
    g_assert_cmphex(rd(0), ==, 0x00900090);
    g_assert_cmphex(ld32_le(array), ==, 0);
}

static void test_locks(void)
{
    setup();
    wr(0, 0x60);
    g_assert_true(wr(0, 0x01));
    g_assert_cmphex(rd(0), ==, 0x00800080);
    wr(0, 0x60);
    g_assert_true(wr(0, 0xd0));
    wr(0, 0x60);
    g_assert_false(wr(0, 0x77));
    g_assert_cmphex(rd(0), ==, 0x00b000b0);
    wr(0, 0xff);
    g_assert_false(wr(0, 0x77)); /* no command at all */
    g_assert_cmpint(core.mode, ==, PFLASH_ARRAY);
}

/* Whatever is written where: what changed lies inside, and reads stay inside. */
static void test_random(void)
{
    static const uint8_t commands[] = { 0xff, 0x90, 0x98, 0x70, 0x50, 0x40, 0x10, 0xe8, 0xe8,
                                        0x20, 0x60, 0xd0, 0xd0, 0x01, 0x00, 0xf0 };
    setup();
    for (unsigned i = 0; i < 300000; i++) {
        unsigned size = 1u << g_test_rand_int_range(0, 4);
        uint64_t addr = (g_test_rand_int_range(0, 4) ? (uint64_t)g_test_rand_int() % SIZE
                                                     : SIZE - 8) & ~(uint64_t)(size - 1);
        uint64_t value = g_test_rand_int_range(0, 2)
            ? commands[g_test_rand_int_range(0, G_N_ELEMENTS(commands))]
            : (uint64_t)g_test_rand_int_range(0, 20);

        pflash_core_write(&core, addr, value, size, &change);
        g_assert_true(range_within(change.at, change.len, SIZE));
        g_assert_cmpint(core.mode, <, PFLASH_NR_MODES);
        g_assert_cmphex(core.status & PFLASH_STATUS_READY, !=, 0);
        pflash_core_read(&core, addr, size);
    }
}

/* ---- The device ---- */

static AddressSpace as;
static MemoryRegion root;

static BlockBackend *new_drive(const char *id, const char *file, const char *more)
{
    g_autofree char *text = g_strdup_printf("file=%s%s", file, more);
    g_autoptr(KeyVals) kv = keyval_parse(text, NULL, false, NULL);
    Error *err = NULL;
    Object *obj = user_creatable_new("block-drive", "/drives", id, kv, &err);

    g_assert_null(err);

    return BLOCK_BACKEND(obj);
}

static DeviceState *new_flash(const char *drive, Error **errp)
{
    DeviceState *dev = DEVICE(object_new_known(TYPE_PFLASH_CFI01));

    object_add_child(object_root(), "flash", dev, NULL);
    object_unref(dev);
    if (drive) {
        object_property_set_known(dev, "drive", drive);
    }
    if (!device_realize(dev, errp)) {
        object_unparent(dev);
        return NULL;
    }
    device_map(dev, 0, &root, 0x20000000);
    device_reset(dev);
    return dev;
}

static uint64_t peek(hwaddr addr)
{
    uint64_t v = 0;

    g_assert_cmpint(address_space_ld(&as, addr, &v, 4), ==, MEMTX_OK);
    return v;
}

static void poke(hwaddr addr, uint64_t v)
{
    g_assert_cmpint(address_space_st(&as, addr, v, 4), ==, MEMTX_OK);
}

static void remove_flash(DeviceState *dev)
{
    device_unrealize(dev);
    object_unparent(dev);
    flatview_reclaim();
}

static bool is_direct(void)
{
    const FlatRange *r = flatview_lookup(address_space_view(&as), 0x20000000, NULL);

    return r && r->direct && r->readonly;
}

static void test_device(void)
{
    g_autofree char *file = NULL;
    int fd = g_file_open_tmp("flash-XXXXXX", &file, NULL);
    uint8_t byte = 0x42, back[4];
    Error *err = NULL;

    g_assert_cmpint(ftruncate(fd, SIZE), ==, 0);
    g_assert_cmpint(pwrite(fd, &byte, 1, 0x1000), ==, 1);
    new_drive("code", file, "");
    DeviceState *dev = new_flash("code", &err);
    g_assert_nonnull(dev);
    g_assert_cmphex(peek(0x20001000), ==, 0x42);
    g_assert_true(is_direct());

    poke(0x20000000, 0x40); /* word program, written through */
    g_assert_false(is_direct());
    g_assert_cmphex(peek(0x20001000), ==, 0x00800080);
    poke(0x20001ffc, 0xcafef00d);
    g_assert_cmpint(pread(fd, back, 4, 0x1ffc), ==, 4);
    g_assert_cmphex(ld32_le(back), ==, 0xcafef00d);

    /* A state that waits for a word is saved and goes on where it was. */
    g_autoptr(GByteArray) saved = g_byte_array_new();
    poke(0x20000000, 0x70);
    poke(0x20000000, 0xe8);
    poke(0x20000000, 1);
    poke(0x20000000, 0x11);
    object_state_save(dev, saved);
    device_reset(dev);
    g_assert_true(is_direct());
    g_assert_cmphex(peek(0x20001ffc), ==, 0xcafef00d);
    g_assert_true(object_state_load(dev, saved->data, saved->len, NULL));
    g_assert_false(is_direct());
    poke(0x20000004, 0x22);
    poke(0x20000000, 0xd0);
    poke(0x20000000, 0xff);
    g_assert_cmphex(peek(0x20000000), ==, 0x11);
    g_assert_cmphex(peek(0x20000004), ==, 0x22);
    remove_flash(dev);

    /* And is there the next time; read-only, nothing changes. */
    object_unparent(object_resolve_path("/drives/code"));
    new_drive("code", file, ",readonly=on");
    dev = new_flash("code", &err);
    g_assert_cmphex(peek(0x20000004), ==, 0x22);
    poke(0x20000000, 0x20);
    poke(0x20000000, 0xd0);
    g_assert_cmphex(peek(0x20000000), ==, 0x00a000a0);
    remove_flash(dev);
    object_unparent(object_resolve_path("/drives/code"));

    g_assert_cmpint(ftruncate(fd, SIZE - 512), ==, 0);
    new_drive("short", file, "");
    g_assert_null(new_flash("short", &err));
    g_assert_cmpstr(error_get_pretty(err), ==,
                    "drive 'short' has 33553920 bytes, a flash bank has exactly 33554432 "
                    "(truncate -s 32M makes a file that long)");
    error_free(err);
    close(fd);
    g_unlink(file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    array = g_malloc(SIZE);
    memory_region_init(&root, NULL, "root", UINT64_MAX);
    address_space_init(&as, &root, "memory");
    g_test_add_func("/pflash/ids", test_ids);
    g_test_add_func("/pflash/program", test_program);
    g_test_add_func("/pflash/erase", test_erase);
    g_test_add_func("/pflash/buffer", test_buffer);
    g_test_add_func("/pflash/read-only", test_read_only);
    g_test_add_func("/pflash/locks", test_locks);
    g_test_add_func("/pflash/random", test_random);
    g_test_add_func("/pflash/device", test_device);
    return g_test_run();
}
