/*
 * Memory for compiled code: what is put there is there, by either way to write it, and nothing is writable and
 * executable at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>
#include <sys/resource.h>

#include "accel/tcg/jit/jit.h"

#define SIZE (8 * MiB)

/* How the mapping that p is in may be used: "r-xp" and the like. */
static char *rights_of(const void *p)
{
    g_autofree char *maps = NULL;
    g_auto(GStrv) lines = NULL;
    uintptr_t at = (uintptr_t)p;

    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    lines = g_strsplit(maps, "\n", -1);
    for (char **l = lines; *l && **l; l++) {
        char *end;
        uint64_t from = g_ascii_strtoull(*l, &end, 16), to = g_ascii_strtoull(end + 1, &end, 16);
        if (from <= at && at < to)
            return g_strndup(end + 1, 4);
    }
    return NULL;
}

static void put(Jit *j, size_t at, size_t size, uint8_t byte)
{
    memset(j->draft, byte, size);
    g_assert_true(jit_code_put(j, at, size));
}

/* files: what the process may open; with none there is no /proc/self/mem. */
static bool init(Jit *j, bool files)
{
    struct rlimit limit, none;
    bool made;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    none = limit;
    none.rlim_cur = 0;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, files ? &limit : &none), ==, 0);
    made = jit_cache_init(j, SIZE);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    return made;
}

static void test_put(gconstpointer files)
{
    g_autofree char *code = NULL, *rw = NULL, *data = NULL;
    Jit j = { 0 };

    g_assert_true(init(&j, files != NULL));
    if (!files)
        g_assert_nonnull(j.code_rw);
    put(&j, 0, 100, 0x11);
    put(&j, SIZE - JIT_ROOM, JIT_ROOM, 0x22);
    put(&j, 3 * MiB - 5, 10, 0x33); /* over the end of a page */
    g_assert_cmphex(j.code[0], ==, 0x11);
    g_assert_cmphex(j.code[99], ==, 0x11);
    g_assert_cmphex(j.code[100], ==, 0);
    g_assert_cmphex(j.code[3 * MiB - 6], ==, 0);
    g_assert_cmphex(j.code[3 * MiB - 5], ==, 0x33);
    g_assert_cmphex(j.code[3 * MiB + 4], ==, 0x33);
    g_assert_cmphex(j.code[3 * MiB + 5], ==, 0);
    g_assert_cmphex(j.code[SIZE - 1], ==, 0x22);
    put(&j, 50, 10, 0x44); /* where something was */
    g_assert_cmphex(j.code[49], ==, 0x11);
    g_assert_cmphex(j.code[50], ==, 0x44);
    g_assert_cmphex(j.code[60], ==, 0x11);
    code = rights_of(j.code);
    g_assert_cmpint(strncmp(code, "r-x", 3), ==, 0);
    data = rights_of(j.data);
    g_assert_cmpint(strncmp(data, "rw-", 3), ==, 0);
    if (j.code_rw) {
        rw = rights_of(j.code_rw);
        g_assert_cmpint(strncmp(rw, "rw-", 3), ==, 0);
    }
    jit_cache_free(&j);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/jit-cache/as-the-host-has-it", "files", test_put);
    g_test_add_data_func("/jit-cache/second-mapping", NULL, test_put);
    return g_test_run();
}
