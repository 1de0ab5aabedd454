/*
 * Memory backends: what the guest's RAM and a file have in common.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "hw/core/hostmem.h"
#include "qom/user-creatable.h"
#include "util/bits.h"

static char *dir;

static MemoryBackend *make(const char *type, const char *id, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse(text, NULL, false, NULL);
    Object *obj = user_creatable_new(type, "/objects", id, kv, errp);

    return obj ? MEMORY_BACKEND(obj) : NULL;
}

static uint8_t *host(MemoryBackend *mb)
{
    MemoryRegion *mr = memory_backend_take(mb, NULL);

    g_assert_nonnull(mr);
    g_assert_cmpuint(mr->size, ==, memory_backend_size(mb));
    return mr->ram->host;
}

static void drop(const char *id)
{
    object_unparent(object_child(object_container("/objects"), id));
    flatview_reclaim();
}

static void expect_refused(const char *type, const char *text, const char *want)
{
    Error *err = NULL;

    g_assert_null(make(type, "x", text, &err));
    if (!strstr(error_get_pretty(err), want)) {
        g_error("'%s' is not in: %s", want, error_get_pretty(err));
    }
    error_free(err);
    g_assert_null(object_child(object_container("/objects"), "x"));
}

static void test_ram(void)
{
    Error *err = NULL;
    MemoryBackend *mb = make(TYPE_MEMORY_BACKEND_RAM, "a",
                             "size=3M,prealloc=on,prealloc-threads=2,merge=off,dump=off", &err);
    g_autofree uint8_t *zeros = g_malloc0(3 * MiB);
    uint8_t *p = host(mb);

    g_assert_cmpmem(p, 3 * MiB, zeros, 3 * MiB);
    p[3 * MiB - 1] = 1;
    g_assert_null(memory_backend_take(mb, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "memory backend 'a' is in use already");
    g_clear_pointer(&err, error_free);
    g_assert_false(user_creatable_delete("/objects", "a", &err));
    g_clear_pointer(&err, error_free);
    drop("a");
    mb = make(TYPE_MEMORY_BACKEND_RAM, "b", "size=1M,share=on", NULL);
    host(mb)[5] = 1;
    drop("b");
    expect_refused(TYPE_MEMORY_BACKEND_RAM, "", "'size' is missing");
    expect_refused(TYPE_MEMORY_BACKEND_RAM, "size=5000", "multiple of 4K");
    expect_refused(TYPE_MEMORY_BACKEND_RAM, "size=4E", "cannot allocate");
    expect_refused(TYPE_MEMORY_BACKEND_RAM, "size=1M,policy=bind", "needs 'host-nodes'");
    expect_refused(TYPE_MEMORY_BACKEND_RAM, "size=1M,host-nodes=0", "needs a 'policy'");
    expect_refused(TYPE_MEMORY_BACKEND_RAM, "size=1M,policy=bind,host-nodes=2-1", "out of range");
}

static void test_file(void)
{
    g_autofree char *path = g_build_filename(dir, "ram", NULL);
    g_autofree char *shared = g_strdup_printf("size=1M,mem-path=%s,share=on", path);
    g_autofree char *private = g_strdup_printf("size=1M,mem-path=%s", path);
    g_autofree char *readonly = g_strdup_printf("size=8K,offset=4K,mem-path=%s,readonly=on", path);
    g_autofree char *discard = g_strdup_printf("%s,discard-data=on", shared);
    g_autofree char *long_one = g_strdup_printf("size=2M,mem-path=%s", path);
    g_autofree char *odd = g_strdup_printf("size=1M,offset=5,mem-path=%s", path);
    g_autofree char *folder = g_strdup_printf("size=1M,mem-path=%s,share=on,align=4M", dir);
    char back[6] = "";
    int fd;

    memcpy(host(make(TYPE_MEMORY_BACKEND_FILE, "a", shared, NULL)) + 4096, "hello", 5);
    drop("a");
    fd = open(path, O_RDWR);
    g_assert_cmpint(pread(fd, back, 5, 4096), ==, 5);
    g_assert_cmpstr(back, ==, "hello");

    /* Not shared: the file's bytes are there, what is written stays here. */
    uint8_t *p = host(make(TYPE_MEMORY_BACKEND_FILE, "a", private, NULL));
    g_assert_cmpmem(p + 4096, 5, "hello", 5);
    p[4096] = 'j';
    drop("a");
    p = host(make(TYPE_MEMORY_BACKEND_FILE, "a", readonly, NULL));
    g_assert_cmpmem(p, 5, "hello", 5);
    p[0] = 'j';
    drop("a");
    g_assert_cmpint(pread(fd, back, 5, 4096), ==, 5);
    g_assert_cmpstr(back, ==, "hello");

    expect_refused(TYPE_MEMORY_BACKEND_FILE, long_one, "has 1048576 bytes, 2097152 are needed");
    expect_refused(TYPE_MEMORY_BACKEND_FILE, odd, "multiple of the page size");
    expect_refused(TYPE_MEMORY_BACKEND_FILE, "size=1M", "'mem-path' is missing");
    expect_refused(TYPE_MEMORY_BACKEND_FILE, "size=1M,mem-path=/dev/null", "neither a file");
    expect_refused(TYPE_MEMORY_BACKEND_FILE, "size=1M,mem-path=/no/where", "cannot open");

    make(TYPE_MEMORY_BACKEND_FILE, "a", discard, NULL);
    drop("a");
    p = host(make(TYPE_MEMORY_BACKEND_FILE, "a", folder, NULL));
    g_assert_cmpuint((uintptr_t)p % (4 * MiB), ==, 0);
    p[0] = 1;
    drop("a");
    close(fd);
    g_unlink(path);
    g_assert_cmpint(g_rmdir(dir), ==, 0); /* nothing is left in it */
}

static void test_memfd(void)
{
    MemoryBackend *mb = make(TYPE_MEMORY_BACKEND_MEMFD, "a", "size=2M", NULL);

    host(mb)[2 * MiB - 1] = 1;
    drop("a");
    expect_refused(TYPE_MEMORY_BACKEND_MEMFD, "size=1M,hugetlb=on", "multiple of the page size");
    expect_refused(TYPE_MEMORY_BACKEND_MEMFD, "size=2M,hugetlbsize=2M", "needs hugetlb=on");
    expect_refused(TYPE_MEMORY_BACKEND_MEMFD, "size=2M,hugetlb=on,hugetlbsize=3M", "power of two");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("hostmem-XXXXXX", NULL);
    g_test_add_func("/hostmem/ram", test_ram);
    g_test_add_func("/hostmem/file", test_file);
    g_test_add_func("/hostmem/memfd", test_memfd);
    return g_test_run();
}
