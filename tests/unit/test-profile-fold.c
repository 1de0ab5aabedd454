/*
 * Folded stacks: what is made of a sample, and of a sample and a note that disagree.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/profile-fold.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Functions of 256 bytes each. */
static const char map[] = "0000000000001000 T start\n"
                          "0000000000001100 T main\n"
                          "0000000000001200 T outer\n"
                          "0000000000001300 T inner\n"
                          "0000000000001400 T with;odd name\n"
                          "0000000000001500 T end\n";

enum { START = 0x1000, MAIN = 0x1100, OUTER = 0x1200, INNER = 0x1300, ODD = 0x1400 };

static void begin(Fold *f)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("fold-XXXXXX", &path, NULL);

    g_assert_cmpint(write(fd, map, sizeof(map) - 1), ==, (ssize_t)sizeof(map) - 1);
    close(fd);
    memset(f, 0, sizeof(*f));
    fold_init(f);
    f->kernel = symbol_table_new();
    g_assert_true(symbol_table_add_file(f->kernel, path, 0, NULL));
    g_unlink(path);
}

/* What one sample of M mode makes. */
static void check(const char *expected, vaddr noted, vaddr link, unsigned n, const vaddr *pc)
{
    CPUNote note = { noted, 3 };
    CPUSample s = { .mode = 'm', .link = link, .n = n };
    g_autoptr(GString) out = g_string_new(NULL);
    Fold f;

    begin(&f);
    memcpy(s.pc, pc, n * sizeof(*pc));
    fold_add(&f, NULL, noted ? &note : NULL, &s);
    fold_print(&f, out);
    g_assert_cmpstr(out->str, ==, expected);
    g_assert_cmpuint(f.n_samples, ==, 1);
    fold_clear(&f);
}

#define STACK(...) G_N_ELEMENTS(((const vaddr[]){ __VA_ARGS__ })), (const vaddr[]){ __VA_ARGS__ }

static void test_agree(void)
{
    check("M-mode;start;main;outer 1\n", 0, 0, STACK(OUTER + 8, MAIN + 8, START + 8));
    check("M-mode;start;main;outer 1\n", OUTER + 20, 0, STACK(OUTER + 8, MAIN + 8, START + 8));
    check("M-mode;0x12 1\n", 0, 0, STACK(0x12));
    check("M-mode;with_odd 1\n", 0, 0, STACK(ODD + 2)); /* a name ends at a space */
}

static void test_disagree(void)
{
    /* It has called since. */
    check("M-mode;start;main 1\n", MAIN + 4, 0, STACK(OUTER + 8, MAIN + 8, START + 8));
    /* It has returned since. */
    check("M-mode;start;main;outer;inner 1\n", INNER + 4, 0, STACK(OUTER + 8, MAIN + 8, START + 8));
    /* It has returned, and another function has begun. */
    check("M-mode;start;main;inner 1\n", INNER + 4, MAIN + 8, STACK(OUTER, START + 8));
}

static void test_begun(void)
{
    /* outer has no frame yet: the chain says start, the return address main. */
    check("M-mode;start;main;outer 1\n", 0, MAIN + 8, STACK(OUTER, START + 8));
    /* It has one: the return address may be anything. */
    check("M-mode;start;outer 1\n", 0, MAIN + 8, STACK(OUTER + 8, START + 8));
}

static void test_processes(void)
{
    static const struct {
        CPUSample s;
        const char *name;
    } cases[] = {
        { { .mode = 's', .n = 1 }, "unpaged;0x0 1\n" },
        { { .mode = 'u', .space = 0x80200000, .n = 1 }, "root_0x80200000;0x0 1\n" },
        { { .mode = 's', .space = 0x80200000, .asid = 7, .n = 1 }, "asid_7_root_0x80200000;0x0_[k] 1\n" },
        { { .mode = 'S', .space = 0x4000, .asid = 7, .vmid = 3, .n = 1 }, "guest_3;asid_7_root_0x4000;0x0_[k] 1\n" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        CPUSample s = cases[i].s;
        Fold f;

        begin(&f);
        fold_add(&f, NULL, NULL, &s);
        fold_print(&f, out);
        g_assert_cmpstr(out->str, ==, cases[i].name);
        fold_clear(&f);
    }
}

static void test_counts(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Fold f;

    begin(&f);
    for (unsigned i = 0; i < 5; i++) {
        CPUSample s = { .mode = 'm', .n = 2, .pc = { i < 3 ? INNER + i : OUTER, MAIN + i } };
        fold_add(&f, NULL, NULL, &s);
    }
    fold_print(&f, out);
    g_assert_cmpstr(out->str, ==, "M-mode;main;inner 3\nM-mode;main;outer 2\n");
    fold_reset(&f);
    g_string_truncate(out, 0);
    fold_print(&f, out);
    g_assert_cmpstr(out->str, ==, "");
    fold_clear(&f);
}

/* As deep as it goes, and one more. */
static void test_deep(void)
{
    CPUSample s = { .mode = 'm', .n = CPU_SAMPLE_FRAMES, .link = MAIN + 8 };
    g_autoptr(GString) out = g_string_new(NULL);
    Fold f;

    begin(&f);
    for (unsigned i = 1; i < CPU_SAMPLE_FRAMES; i++)
        s.pc[i] = OUTER + 8;
    s.pc[0] = INNER;
    fold_add(&f, NULL, NULL, &s);
    fold_print(&f, out);
    g_assert_true(g_str_has_suffix(out->str, ";outer;main;inner 1\n"));
    fold_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile-fold/agree", test_agree);
    g_test_add_func("/profile-fold/disagree", test_disagree);
    g_test_add_func("/profile-fold/begun", test_begun);
    g_test_add_func("/profile-fold/processes", test_processes);
    g_test_add_func("/profile-fold/counts", test_counts);
    g_test_add_func("/profile-fold/deep", test_deep);
    return g_test_run();
}
