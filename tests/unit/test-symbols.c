/*
 * Tables of symbols from files: maps as text, ELF files, what is neither.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/symbols.h"

#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *write_file(const void *data, size_t size)
{
    char *path = NULL;
    int fd = g_file_open_tmp("symbols-XXXXXX", &path, NULL);

    g_assert_cmpint(write(fd, data, size), ==, (ssize_t)size);
    close(fd);
    return path;
}

static void check_at(const SymbolTable *t, uint64_t addr, const char *name, uint64_t distance)
{
    uint64_t offset = 0;

    g_assert_cmpstr(symbol_table_at(t, addr, &offset), ==, name);
    if (name)
        g_assert_cmphex(offset, ==, distance);
}

static void test_map(void)
{
    static const char text[] = "ffffffff80000000 T _start\n"
                               "ffffffff80000100 t inner\t[module]\r\n"
                               "ffffffff80000100 D data_here\n"
                               "0000000000000000 A nothing\n"
                               "not a line\n"
                               "ffffffff80000200 D init_task\n"
                               "ffffffff80000300 T last";
    g_autofree char *path = write_file(text, sizeof(text) - 1);
    SymbolTable *t = symbol_table_new();
    Error *err = NULL;
    uint64_t addr;

    g_assert_true(symbol_table_add_file(t, path, 0x1000, &err));
    check_at(t, 0xffffffff80001000, "_start", 0);
    check_at(t, 0xffffffff800010ff, "_start", 0xff);
    check_at(t, 0xffffffff80001104, "inner", 4);
    check_at(t, 0xffffffff80001310, "last", 0x10);
    check_at(t, 0xffffffff80000fff, NULL, 0);
    check_at(t, 0x80000000, NULL, 0);
    g_assert_true(symbol_table_find(t, "init_task", &addr));
    g_assert_cmphex(addr, ==, 0xffffffff80001200);
    g_assert_false(symbol_table_find(t, "nothing", &addr));
    symbol_table_free(t);
    g_unlink(path);
}

static void check_refused(const void *data, size_t size, const char *why)
{
    g_autofree char *path = write_file(data, size);
    SymbolTable *t = symbol_table_new();
    Error *err = NULL;

    g_assert_false(symbol_table_add_file(t, path, 0, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), why));
    error_free(err);
    symbol_table_free(t);
    g_unlink(path);
}

static void test_refused(void)
{
    /* kallsyms as everybody sees it. */
    static const char hidden[] = "0000000000000000 T _start\n0000000000000000 T main\n";
    Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB },
                     .e_machine = EM_X86_64, .e_shoff = sizeof(h), .e_shnum = 1,
                     .e_shentsize = sizeof(Elf64_Shdr) };
    uint8_t elf[sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr)] = { 0 };

    check_refused(hidden, sizeof(hidden) - 1, "has no symbols");
    check_refused("", 0, "has no symbols");
    memcpy(elf, &h, sizeof(h));
    check_refused(elf, sizeof(elf), "not for RISC-V");
    check_refused(elf, sizeof(h), "damaged");
    h.e_machine = EM_RISCV;
    memcpy(elf, &h, sizeof(h));
    check_refused(elf, sizeof(elf), "has no symbols");
}

static void test_not_readable(void)
{
    SymbolTable *t = symbol_table_new();
    Error *err = NULL;

    g_assert_false(symbol_table_add_file(t, "/nowhere/at/all", 0, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "No such file"));
    error_free(err);
    err = NULL;
    g_assert_false(symbol_table_add_file(t, "/", 0, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "Is a directory"));
    error_free(err);
    symbol_table_free(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/symbols/map", test_map);
    g_test_add_func("/symbols/refused", test_refused);
    g_test_add_func("/symbols/not-readable", test_not_readable);
    return g_test_run();
}
