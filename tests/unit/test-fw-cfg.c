/*
 * The items for the firmware, through the registers as a guest's hart reaches them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>

#include "hw/core/machine.h"
#include "hw/nvram/fw_cfg.h"
#include "util/byteorder.h"

#define BASE 0x10000000ull
#define RAM 0x80000000ull
#define RAM_SIZE 0x10000ull
#define COMMAND (RAM + 0x100)
#define BUFFER (RAM + 0x1000)

typedef struct Rig {
    MemoryRegion root, ram;
    AddressSpace as;
    FWCfgState *s;
    unsigned writes;
    uint32_t first, count, len;
    uint8_t seen[16];
} Rig;

static void set_up(Rig *r, gconstpointer no_dma)
{
    memory_region_init(&r->root, NULL, "system", UINT64_MAX);
    g_assert_true(memory_region_init_ram(&r->ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(&r->root, RAM, &r->ram);
    address_space_init(&r->as, &r->root, "memory");
    r->s = FW_CFG(object_new_known(TYPE_FW_CFG));
    DEVICE(r->s)->dma_as = &r->as;
    if (no_dma) {
        object_property_set_known(r->s, "dma_enabled", "off");
    }
    g_assert_true(device_realize(DEVICE(r->s), NULL));
    device_map(DEVICE(r->s), 0, &r->root, BASE);
    device_reset(DEVICE(r->s));
}

static void tear_down(Rig *r, gconstpointer data)
{
    object_unref(r->s);
    address_space_destroy(&r->as);
    memory_region_destroy(&r->ram);
    memory_region_destroy(&r->root);
}

static uint64_t in(Rig *r, hwaddr reg, unsigned size)
{
    uint64_t v = 0;
    g_assert_cmpint(address_space_ld(&r->as, BASE + reg, &v, size), ==, MEMTX_OK);
    return v;
}

static void out(Rig *r, hwaddr reg, uint64_t v, unsigned size)
{
    g_assert_cmpint(address_space_st(&r->as, BASE + reg, v, size), ==, MEMTX_OK);
}

static void choose(Rig *r, uint16_t item)
{
    out(r, 8, htobe16(item), 2);
}

/* One command; the control word that the device leaves. */
static uint32_t dma(Rig *r, uint32_t control, uint32_t len, hwaddr addr)
{
    uint8_t c[16];

    st32_be(c, control);
    st32_be(c + 4, len);
    st64_be(c + 8, addr);
    g_assert_true(dma_write(&r->as, COMMAND, c, sizeof(c)));
    out(r, 0x10, htobe64(COMMAND), 8);
    g_assert_true(dma_read(&r->as, COMMAND, c, 4));
    return ld32_be(c);
}

static void expect(Rig *r, hwaddr addr, const void *bytes, size_t len)
{
    g_autofree uint8_t *is = g_malloc(len);

    g_assert_true(dma_read(&r->as, addr, is, len));
    g_assert_cmpmem(is, len, bytes, len);
}

static void test_registers(Rig *r, gconstpointer data)
{
    choose(r, FW_CFG_SIGNATURE);
    g_assert_cmphex(in(r, 0, 1), ==, 'Q');
    g_assert_cmphex(in(r, 0, 2), ==, 'E' | 'M' << 8);
    g_assert_cmphex(in(r, 0, 4), ==, 'U'); /* and zeros behind the end */
    g_assert_cmphex(in(r, 0, 8), ==, 0);
    choose(r, FW_CFG_ID);
    g_assert_cmphex(in(r, 0, 4), ==, 3);
    g_assert_cmphex(in(r, 0x10, 8), ==, be64toh(0x51454d5520434647ull));
    g_assert_cmphex(in(r, 0x14, 4), ==, be32toh(0x20434647));
    fw_cfg_add_u16(r->s, FW_CFG_NB_CPUS, 5);
    choose(r, FW_CFG_NB_CPUS | 0x4000); /* bit 14 does not count */
    g_assert_cmphex(in(r, 0, 8), ==, 5);
    choose(r, 0x8000); /* bit 15 is another set of items */
    g_assert_cmphex(in(r, 0, 8), ==, 0);
    choose(r, 0x3fff);
    g_assert_cmphex(in(r, 0, 8), ==, 0);
    /* What there is not. */
    uint64_t v;
    g_assert_cmpint(address_space_ld(&r->as, BASE + 8, &v, 2), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_ld(&r->as, BASE + 4, &v, 4), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_st(&r->as, BASE + 8, 0, 4), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_st(&r->as, BASE + 0x10, 0, 2), ==, MEMTX_DECODE_ERROR);
    choose(r, FW_CFG_SIGNATURE);
    out(r, 0, 0, 8);
    g_assert_cmphex(in(r, 0, 4), ==, 0x554d4551);
}

static void test_no_dma(Rig *r, gconstpointer data)
{
    uint64_t v;

    choose(r, FW_CFG_ID);
    g_assert_cmphex(in(r, 0, 4), ==, 1);
    g_assert_cmpint(address_space_ld(&r->as, BASE + 0x10, &v, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_st(&r->as, BASE + 0x10, 0, 8), ==, MEMTX_DECODE_ERROR);
}

static void test_directory(Rig *r, gconstpointer data)
{
    static const char *const names[] = { "opt/b", "etc/z", "opt/a", "bootorder" };
    static const char *const sorted[] = { "bootorder", "etc/z", "opt/a", "opt/b" };
    g_autofree char *longest = g_strnfill(FW_CFG_MAX_FILE_NAME, 'x');
    g_autofree char *longer = g_strnfill(FW_CFG_MAX_FILE_NAME + 1, 'x');
    g_autoptr(Error) err = NULL;

    for (size_t i = 0; i < 4; i++) {
        g_assert_true(fw_cfg_add_file(r->s, names[i], g_strdup(names[i]),
                                      (uint32_t)strlen(names[i]), NULL));
    }
    choose(r, FW_CFG_FILE_DIR);
    g_assert_cmphex(in(r, 0, 4), ==, be32toh(4));
    for (unsigned i = 0; i < 4; i++) {
        char name[56];
        g_assert_cmphex(in(r, 0, 4), ==, be32toh((uint32_t)strlen(sorted[i])));
        g_assert_cmphex(in(r, 0, 2), ==, be16toh((uint16_t)(0x20 + i)));
        g_assert_cmphex(in(r, 0, 2), ==, 0);
        for (unsigned k = 0; k < sizeof(name); k += 8) {
            stn_le(name + k, 8, in(r, 0, 8));
        }
        g_assert_cmpstr(name, ==, sorted[i]);
    }
    g_assert_cmphex(dma(r, 0x22 << 16 | 8 | 2, 5, BUFFER), ==, 0);
    expect(r, BUFFER, "opt/a", 5);

    g_assert_false(fw_cfg_add_file(r->s, "opt/a", NULL, 0, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "there is a firmware file 'opt/a' already");
    g_assert_false(fw_cfg_add_file(r->s, "", NULL, 0, NULL));
    g_assert_false(fw_cfg_add_file(r->s, longer, NULL, 0, NULL));
    g_assert_true(fw_cfg_add_file(r->s, longest, NULL, 0, NULL));
    for (unsigned i = 5; i < 32; i++) {
        g_autofree char *name = g_strdup_printf("opt/%u", i);
        g_assert_true(fw_cfg_add_file(r->s, name, NULL, 0, NULL));
    }
    g_assert_false(fw_cfg_add_file(r->s, "opt/more", g_malloc(1), 1, NULL));
}

static void test_dma_read(Rig *r, gconstpointer data)
{
    uint8_t zeros[0x3000] = { 0 }, ones[0x3000];

    memset(ones, 0xff, sizeof(ones));
    g_assert_true(dma_write(&r->as, BUFFER, ones, sizeof(ones)));
    g_assert_true(fw_cfg_add_file(r->s, "f", g_strdup("0123456789"), 10, NULL));
    g_assert_cmphex(dma(r, 0x20 << 16 | 8 | 2, 4, BUFFER), ==, 0);
    g_assert_cmphex(dma(r, 2, 1, BUFFER + 4), ==, 0);
    g_assert_cmphex(dma(r, 4, 2, 0), ==, 0); /* skip */
    g_assert_cmphex(in(r, 0, 1), ==, '7');   /* the registers go on where DMA stopped */
    g_assert_cmphex(dma(r, 2, 0x2000, BUFFER + 5), ==, 0);
    expect(r, BUFFER, "0123489\0\0", 9);
    expect(r, BUFFER + 8, zeros, 0x1ffd);
    expect(r, BUFFER + 0x2005, "\xff", 1);
    /* Nothing to do is well done; so is reading to the end of all lengths without a buffer. */
    g_assert_cmphex(dma(r, 0, 5, 0), ==, 0);
    g_assert_cmphex(dma(r, 2, 0, 0), ==, 0);
    g_assert_cmphex(dma(r, 4, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(dma(r, 4, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(in(r, 0, 8), ==, 0);
    /* Not RAM, or not all of it; a device; the end of the address space. */
    g_assert_cmphex(dma(r, 0x20 << 16 | 8 | 2, 10, 0x1000), ==, 1);
    g_assert_cmphex(dma(r, 0x20 << 16 | 8 | 2, 10, RAM + RAM_SIZE - 9), ==, 1);
    g_assert_cmphex(dma(r, 0x20 << 16 | 8 | 2, UINT32_MAX, BUFFER), ==, 1);
    g_assert_cmphex(dma(r, 0x20 << 16 | 8 | 2, 10, BASE), ==, 1);
    g_assert_cmphex(dma(r, 0x20 << 16 | 8 | 2, 10, UINT64_MAX - 4), ==, 1);
}

static void test_dma_register(Rig *r, gconstpointer data)
{
    uint8_t c[16] = { 0, 0, 0, 10, 0, 0, 0, 4 }; /* select 0, read 4 bytes */

    st64_be(c + 8, BUFFER);
    g_assert_true(dma_write(&r->as, COMMAND, c, sizeof(c)));
    out(r, 0x10, 0, 4);
    out(r, 0x14, htobe32((uint32_t)COMMAND), 4);
    expect(r, BUFFER, "QEMU", 4);
    expect(r, COMMAND, "\0\0\0\0", 4);
    /* The upper half counts once. */
    out(r, 0x10, htobe32(1), 4);
    out(r, 0x14, htobe32((uint32_t)COMMAND), 4);
    expect(r, COMMAND, "\0\0\0\0", 4);
    c[3] = 2;
    g_assert_true(dma_write(&r->as, COMMAND, c, sizeof(c)));
    out(r, 0x14, htobe32((uint32_t)COMMAND), 4);
    expect(r, COMMAND, "\0\0\0\0", 4);
    /* A command that is not, or not wholly, in RAM. */
    out(r, 0x10, 0, 8);
    out(r, 0x10, UINT64_MAX, 8);
    out(r, 0x10, htobe64(BASE), 8);
    out(r, 0x10, htobe64(RAM + RAM_SIZE - 8), 8);
    expect(r, RAM + RAM_SIZE - 8, "\0\0\0\1", 4);
}

static void written(void *opaque, const uint8_t *bytes, uint32_t len, uint32_t first,
                    uint32_t count)
{
    Rig *r = opaque;

    r->writes++;
    r->first = first;
    r->count = count;
    r->len = len;
    memcpy(r->seen, bytes, MIN(len, sizeof(r->seen)));
}

static void test_write(Rig *r, gconstpointer data)
{
    static const uint32_t to_w = 0x21u << 16 | 8; /* select "w" */
    g_autoptr(GByteArray) saved = g_byte_array_new();
    uint32_t len;

    g_assert_true(fw_cfg_add_writable(r->s, "w", 8, written, r, NULL));
    g_assert_true(fw_cfg_add_writable(r->s, "z", 4, NULL, NULL, NULL));
    g_assert_true(fw_cfg_add_file(r->s, "a", g_strdup("abcd"), 4, NULL));
    g_assert_true(dma_write(&r->as, BUFFER, "12345678", 8));
    g_assert_cmphex(dma(r, to_w | 16, 8, BUFFER), ==, 0);
    g_assert_cmpuint(r->writes, ==, 1);
    g_assert_cmpuint(r->len, ==, 8);
    g_assert_cmpmem(r->seen, 8, "12345678", 8);
    g_assert_cmphex(dma(r, to_w | 4, 6, 0), ==, 0);
    g_assert_cmphex(dma(r, 16, 2, BUFFER), ==, 0);
    g_assert_cmpuint(r->first, ==, 6);
    g_assert_cmpuint(r->count, ==, 2);
    g_assert_cmpmem(r->seen, 8, "12345612", 8);
    g_assert_cmphex(dma(r, 0x22u << 16 | 8 | 16, 4, BUFFER + 2), ==, 0);
    g_assert_cmpmem(fw_cfg_file(r->s, "z", &len), 4, "3456", 4);
    /* Too much, from nowhere, to what is not there or not to be written: all of it is refused. */
    g_assert_cmphex(dma(r, to_w | 16, 9, BUFFER), ==, 1);
    g_assert_cmphex(dma(r, to_w | 16, UINT32_MAX, BUFFER), ==, 1);
    g_assert_cmphex(dma(r, to_w | 16, 8, RAM + RAM_SIZE - 7), ==, 1);
    g_assert_cmphex(dma(r, 0x20u << 16 | 8 | 16, 4, BUFFER), ==, 1);
    g_assert_cmphex(dma(r, 0x30u << 16 | 8 | 16, 4, BUFFER), ==, 1);
    g_assert_cmphex(dma(r, 8 | 16, 4, BUFFER), ==, 1);
    g_assert_cmpuint(r->writes, ==, 2);
    g_assert_cmpmem(fw_cfg_file(r->s, "w", &len), 8, "12345612", 8);
    g_assert_cmpmem(fw_cfg_file(r->s, "a", &len), 4, "abcd", 4);
    /* State. */
    object_state_save(r->s, saved);
    device_reset(DEVICE(r->s));
    g_assert_cmpmem(fw_cfg_file(r->s, "w", &len), 8, "\0\0\0\0\0\0\0\0", 8);
    g_assert_true(object_state_load(r->s, saved->data, saved->len, NULL));
    g_assert_cmpmem(fw_cfg_file(r->s, "w", &len), 8, "12345612", 8);
}

/* Whatever is written to the registers and stands in memory: the items that are only read stay. */
static void test_random(Rig *r, gconstpointer data)
{
    GRand *rand = g_rand_new_with_seed(1);
    uint32_t len;

    g_assert_true(fw_cfg_add_writable(r->s, "w", 100, NULL, NULL, NULL));
    g_assert_true(fw_cfg_add_file(r->s, "a", g_strdup("abcd"), 4, NULL));
    for (unsigned i = 0; i < 100000; i++) {
        unsigned size = 1u << g_rand_int_range(rand, 0, 4);
        hwaddr reg = (hwaddr)g_rand_int_range(rand, 0, 24) / size * size;
        uint64_t v;

        if (g_rand_boolean(rand)) {
            uint32_t control = g_rand_int(rand) & 0x003f001f;
            uint32_t n = g_rand_int(rand) >> g_rand_int_range(rand, 0, 32);
            dma(r, control, n, RAM + 0x1000 + (g_rand_int(rand) & 0xffff));
        } else {
            address_space_st(&r->as, BASE + reg, (uint64_t)g_rand_int(rand) << 32 |
                             g_rand_int(rand), size);
            address_space_ld(&r->as, BASE + reg, &v, size);
        }
    }
    g_assert_cmpmem(fw_cfg_file(r->s, "a", &len), 4, "abcd", 4);
    choose(r, FW_CFG_SIGNATURE);
    g_assert_cmphex(in(r, 0, 4), ==, 0x554d4551);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, fn, arg) g_test_add("/fw_cfg/" name, Rig, arg, set_up, fn, tear_down)
    ADD("registers", test_registers, NULL);
    ADD("no-dma", test_no_dma, "no DMA");
    ADD("directory", test_directory, NULL);
    ADD("dma-read", test_dma_read, NULL);
    ADD("dma-register", test_dma_register, NULL);
    ADD("write", test_write, NULL);
    ADD("random", test_random, NULL);
    return g_test_run();
}
