/*
 * Building and reading device trees.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/fdt.h"

#include <glib/gstdio.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/byteorder.h"

static void *finish(FDTBuilder *b, int *size)
{
    Error *err = NULL;
    void *blob = fdt_builder_finish(b, size, &err);

    if (!blob) {
        g_error("%s", error_get_pretty(err));
    }
    g_assert_cmpint(fdt_check_full(blob, *size), ==, 0);
    return blob;
}

static const void *prop(const void *blob, const char *path, const char *name, int *len)
{
    int node = fdt_path_offset(blob, path);

    g_assert_cmpint(node, >=, 0);
    return fdt_getprop(blob, node, name, len);
}

static void test_build(void)
{
    g_autoptr(FDTBuilder) b = fdt_builder_new();
    g_autofree void *blob = NULL;
    static const char *const compat[] = { "ns16550a", "other", NULL };
    const uint8_t *p;
    uint32_t intc, again;
    int size, len;

    fdt_node(b, "/cpus/cpu@%d", 3);
    fdt_set_str(b, "/", "compatible", "riscv-virtio");
    fdt_set_u32(b, "/cpus/cpu@3", "reg", 1);
    fdt_set_u32(b, "/cpus/cpu@3", "reg", 3); /* replaces */
    fdt_set_u64(b, "/chosen", "linux,initrd-start", 0x123456789abcdef0);
    fdt_set_reg(b, "/soc/serial@10000000", 0x10000000, 0x100);
    fdt_set_strv(b, "/soc/serial@10000000", "compatible", compat);
    fdt_cells(b, "/soc/serial@10000000", "interrupts", 10, 0xdeadbeef);
    fdt_set_empty(b, "/soc", "ranges");
    intc = fdt_phandle(b, "/soc/plic@c000000");
    again = fdt_phandle(b, "/soc/plic@c000000");
    g_assert_cmpuint(intc, !=, 0);
    g_assert_cmpuint(intc, ==, again);
    g_assert_cmpuint(fdt_phandle(b, "/cpus/cpu@3"), !=, intc);
    g_assert_true(fdt_has_node(b, "/soc/plic@c000000"));
    g_assert_false(fdt_has_node(b, "/soc/plic"));

    blob = finish(b, &size);
    g_assert_cmpint(size, ==, fdt_totalsize(blob));
    p = prop(blob, "/cpus/cpu@3", "reg", &len);
    g_assert_cmpmem(p, len, "\0\0\0\3", 4);
    p = prop(blob, "/chosen", "linux,initrd-start", &len);
    g_assert_cmpmem(p, len, "\x12\x34\x56\x78\x9a\xbc\xde\xf0", 8);
    p = prop(blob, "/soc/serial@10000000", "reg", &len);
    g_assert_cmpmem(p, len, "\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\1\0", 16);
    p = prop(blob, "/soc/serial@10000000", "compatible", &len);
    g_assert_cmpmem(p, len, "ns16550a\0other", 15);
    p = prop(blob, "/soc/serial@10000000", "interrupts", &len);
    g_assert_cmpmem(p, len, "\0\0\0\x0a\xde\xad\xbe\xef", 8);
    g_assert_nonnull(prop(blob, "/soc", "ranges", &len));
    g_assert_cmpint(len, ==, 0);
    g_assert_cmpuint(fdt_get_phandle(blob, fdt_path_offset(blob, "/soc/plic@c000000")), ==, intc);
}

/* As many harts as a machine may have, and more than the first guess of the blob's size. */
static void test_large(void)
{
    g_autoptr(FDTBuilder) b = fdt_builder_new();
    g_autofree void *blob = NULL;
    g_autofree char *isa = g_strnfill(600, 'z');
    int size;

    for (int i = 0; i < 512; i++) {
        g_autofree char *node = g_strdup_printf("/cpus/cpu@%x", i);
        fdt_set_str(b, node, "riscv,isa", isa);
        fdt_set_u32(b, node, "reg", i);
        fdt_phandle(b, node);
    }
    blob = finish(b, &size);
    g_assert_cmpint(size, >, 512 * 600);
    g_assert_cmpint(fdt_path_offset(blob, "/cpus/cpu@1ff"), >=, 0);
}

static void test_bad_path(void)
{
    static const char *const bad[] = { "cpus", "", "/a//b", "//" };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(FDTBuilder) b = fdt_builder_new();
        Error *err = NULL;
        int size;

        fdt_set_u32(b, bad[i], "x", 1);
        fdt_set_u32(b, "/fine", "x", 1);
        g_assert_null(fdt_builder_finish(b, &size, &err));
        g_assert_nonnull(strstr(error_get_pretty(err), "path"));
        error_free(err);
    }
}

static char *write_temp(const void *data, gsize size)
{
    char *path = g_strdup("/tmp/vireo-fdt-XXXXXX");
    int fd = g_mkstemp(path);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
    close(fd);
    return path;
}

static FDTBuilder *read_back(const void *data, gsize size, Error **errp)
{
    g_autofree char *path = write_temp(data, size);
    FDTBuilder *b = fdt_builder_from_file(path, errp);

    g_unlink(path);
    return b;
}

static void *sample(int *size)
{
    g_autoptr(FDTBuilder) b = fdt_builder_new();

    fdt_set_str(b, "/", "model", "sample");
    fdt_set_u32(b, "/a/b", "x", 7);
    fdt_phandle(b, "/a");
    fdt_phandle(b, "/a/b");
    return finish(b, size);
}

static void test_file(void)
{
    int size, again_size;
    g_autofree void *blob = sample(&size);
    g_autoptr(FDTBuilder) b = read_back(blob, size, NULL);
    g_autofree void *again = NULL;

    g_assert_nonnull(b);
    again = finish(b, &again_size);
    g_assert_cmpmem(again, again_size, blob, size);
    g_assert_cmpuint(fdt_phandle(b, "/c"), ==, 3); /* after those in the file */
    g_assert_cmpuint(fdt_phandle(b, "/a"), ==, 1);
}

static void expect_error(const void *data, gsize size, const char *words)
{
    Error *err = NULL;

    g_assert_null(read_back(data, size, &err));
    if (!strstr(error_get_pretty(err), words)) {
        g_error("'%s' does not say '%s'", error_get_pretty(err), words);
    }
    g_assert_null(strchr(error_get_pretty(err), '\n'));
    error_free(err);
}

static void test_bad_files(void)
{
    int size;
    g_autofree uint8_t *blob = sample(&size);
    g_autofree uint8_t *deep = g_malloc0(1 << 20);
    uint8_t junk[64] = { 1, 2, 3 };
    Error *err = NULL;

    expect_error(junk, sizeof(junk), "not a device tree");
    expect_error("", 0, "empty");
    expect_error(blob, 3, "not a device tree");
    expect_error(blob, 20, "truncated");
    expect_error(blob, size - 1, "truncated");
    blob[4] = 0x7f; /* total size beyond the file */
    expect_error(blob, size, "truncated");
    blob[4] = 0;
    blob[11] = 3; /* structure block not where it can be */
    expect_error(blob, size, "damaged");
    g_assert_null(fdt_builder_from_file("/", &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "directory"));
    error_free(err);

    fdt_create(deep, 1 << 20);
    fdt_finish_reservemap(deep);
    fdt_begin_node(deep, "");
    for (int i = 0; i < 100; i++) {
        fdt_begin_node(deep, "n");
    }
    for (int i = 0; i <= 100; i++) {
        fdt_end_node(deep);
    }
    fdt_finish(deep);
    expect_error(deep, fdt_totalsize(deep), "nested");
}

/* Lengths that wrap around the size of the tree: libfdt before 1.7 lets some of them pass. */
static void test_wrapping_lengths(void)
{
    int size;
    g_autofree uint8_t *blob = sample(&size);
    unsigned seen = 0;

    for (int at = fdt_off_dt_struct(blob); at < size - 12; at += 4) {
        uint32_t old = ld32_be(blob + at + 4);

        if (ld32_be(blob + at) != FDT_PROP || old > 16) {
            continue;
        }
        for (uint32_t less = 0; less <= 64; less++) {
            st32_be(blob + at + 4, UINT32_MAX - less);
            expect_error(blob, size, "damaged");
        }
        st32_be(blob + at + 4, old);
        seen++;
    }
    g_assert_cmpuint(seen, ==, 4);
}

/* Whatever a file holds, there is an answer; run under the sanitizers this finds the rest. */
static void test_mutated_files(void)
{
    int size;
    g_autofree uint8_t *blob = sample(&size);
    g_autofree uint8_t *copy = g_malloc(size);
    GRand *rand = g_rand_new_with_seed(42);
    unsigned good = 0;

    for (unsigned i = 0; i < 2000; i++) {
        Error *err = NULL;
        FDTBuilder *b;

        memcpy(copy, blob, size);
        for (int n = g_rand_int_range(rand, 1, 4); n; n--) {
            copy[g_rand_int_range(rand, 0, size)] ^= 1 << g_rand_int_range(rand, 0, 8);
        }
        b = read_back(copy, size, &err);
        if (b) {
            int again;
            g_free(fdt_builder_finish(b, &again, NULL));
            fdt_builder_free(b);
            good++;
        } else {
            g_assert_nonnull(err);
            error_free(err);
        }
    }
    g_assert_cmpuint(good, >, 0);
    g_assert_cmpuint(good, <, 2000);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fdt/build", test_build);
    g_test_add_func("/fdt/large", test_large);
    g_test_add_func("/fdt/bad-path", test_bad_path);
    g_test_add_func("/fdt/file", test_file);
    g_test_add_func("/fdt/bad-files", test_bad_files);
    g_test_add_func("/fdt/wrapping-lengths", test_wrapping_lengths);
    g_test_add_func("/fdt/mutated-files", test_mutated_files);
    return g_test_run();
}
