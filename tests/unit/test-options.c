/*
 * The command line: the table of options, -smp and -m.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/options.h"

#include <string.h>

#include "system/smp.h"
#include "util/bits.h"

static bool parse(Options *o, const char *line, Error **errp)
{
    g_auto(GStrv) argv = NULL;
    int argc;

    g_assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    return options_parse(o, argc, argv, errp);
}

static Options *parse_ok(const char *line)
{
    Options *o = options_new();
    Error *err = NULL;

    g_test_message("%s", line);
    g_assert_true(parse(o, line, &err));
    g_assert_null(err);
    return o;
}

static void parse_fails(const char *line, const char *want)
{
    g_autoptr(Options) o = options_new();
    Error *err = NULL;

    g_assert_false(parse(o, line, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, want);
    error_free(err);
}

static void test_kinds(void)
{
    g_autoptr(Options) o = parse_ok("q -M virt -machine aia=none -cpu rv64 -m 1G -S -enable-kvm "
                                    "--accel tcg -kernel 'a b' -append 'x=1 y' -device d1 "
                                    "-device d2 -nographic -serial none -display none");

    g_assert_cmpuint(o->machine->len, ==, 2);
    g_assert_cmpstr(o->machine->pdata[1], ==, "aia=none");
    g_assert_cmpstr(o->cpu, ==, "rv64");
    g_assert_true(o->start_paused && o->nographic);
    g_assert_false(o->nodefaults || o->no_reboot);
    g_assert_cmpstr(o->accel->pdata[0], ==, "kvm");
    g_assert_cmpstr(o->accel->pdata[1], ==, "tcg");
    g_assert_cmpstr(o->kernel, ==, "a b");
    g_assert_cmpstr(o->append, ==, "x=1 y");
    g_assert_cmpstr(o->device->pdata[0], ==, "d1");
    g_assert_cmpstr(o->device->pdata[1], ==, "d2");
    g_assert_cmpuint(o->warnings->len, ==, 0);
}

static void test_last_counts(void)
{
    g_autoptr(Options) o = parse_ok("q -kernel a -kernel b");

    g_assert_cmpstr(o->kernel, ==, "b");
    g_assert_cmpuint(o->warnings->len, ==, 1);
    g_assert_cmpstr(o->warnings->pdata[0], ==,
                    "-kernel is given more than once; the last one counts");
}

static void test_errors(void)
{
    parse_fails("q -kernle x", "unknown option '-kernle' (did you mean '-kernel'?)");
    parse_fails("q --qqqqqqqqqqqq", "unknown option '--qqqqqqqqqqqq' (-help lists all)");
    parse_fails("q disk.img",
                "'disk.img' is not an option (a disk is given as -drive file=disk.img)");
    parse_fails("q -", "'-' is not an option (a disk is given as -drive file=-)");
    parse_fails("q -S -cpu", "-cpu: the argument is missing (-cpu NAME[,PROP=VALUE])");
}

static void test_help(void)
{
    g_autoptr(GString) s = g_string_new(NULL);

    options_help(s);
    for (const Option *opt = option_table; opt->name; opt++) {
        g_autofree char *line = g_strdup_printf("\n  -%s", opt->name);

        g_assert_nonnull(opt->help);
        g_assert_nonnull(strstr(s->str, line));
        g_assert_cmpint(opt->kind == OPTION_FLAG || opt->kind == OPTION_FIXED, ==, !opt->arg);
    }
}

/* No option may hide another, by name or by alias. */
static void test_names(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (const Option *opt = option_table; opt->name; opt++) {
        g_assert_true(g_hash_table_add(seen, (char *)opt->name));
        g_assert_true(!opt->alias || g_hash_table_add(seen, (char *)opt->alias));
    }
}

static void test_prepend(void)
{
    Error *err = NULL;
    g_autofree char *big = g_strnfill(65536, 'x');

    error_setg(&err, "wrong");
    option_prepend(&err, "device", big);
    g_assert_true(g_str_has_prefix(error_get_pretty(err), "-device xxx"));
    g_assert_true(g_str_has_suffix(error_get_pretty(err), "x...: wrong"));
    g_assert_cmpuint(strlen(error_get_pretty(err)), <, 300);
    error_free(err);
}

static GPtrArray *texts(const char *a, const char *b)
{
    GPtrArray *list = g_ptr_array_new();

    if (a) {
        g_ptr_array_add(list, (char *)a);
    }
    if (b) {
        g_ptr_array_add(list, (char *)b);
    }
    return list;
}

static void test_smp(void)
{
    static const struct {
        const char *first, *second;
        unsigned cpus, max, sockets, clusters, cores, threads; /* cpus 0: an error */
    } rows[] = {
        { NULL, NULL, 1, 1, 1, 1, 1, 1 },
        { "4", NULL, 4, 4, 1, 1, 4, 1 },
        { "512", NULL, 512, 512, 1, 1, 512, 1 },
        { "8,sockets=2", NULL, 8, 8, 2, 1, 4, 1 },
        { "8,threads=2,cores=2", NULL, 8, 8, 2, 1, 2, 2 },
        { "sockets=2,clusters=2,cores=3,threads=1", NULL, 12, 12, 2, 2, 3, 1 },
        { "2,maxcpus=4", NULL, 2, 4, 1, 1, 4, 1 },
        { "cores=2", "4", 4, 4, 2, 1, 2, 1 },
        { "4", "8", 8, 8, 1, 1, 8, 1 },
        { "7,sockets=2", NULL, 0 },
        { "4,maxcpus=2", NULL, 0 },
        { "513", NULL, 0 },
        { "0", NULL, 0 },
        { "", NULL, 0 },
        { "2,threads=0", NULL, 0 },
        { "sockets=65535,clusters=65535,cores=65535,threads=65535", NULL, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) list = texts(rows[i].first, rows[i].second);
        CPUTopology t;
        Error *err = NULL;
        bool ok = smp_parse(list, 512, &t, &err);

        g_test_message("%s", rows[i].first ? rows[i].first : "");
        g_assert_cmpint(ok, ==, rows[i].cpus != 0);
        if (ok) {
            g_assert_cmpuint(t.cpus, ==, rows[i].cpus);
            g_assert_cmpuint(t.max_cpus, ==, rows[i].max);
            g_assert_cmpuint(t.sockets, ==, rows[i].sockets);
            g_assert_cmpuint(t.clusters, ==, rows[i].clusters);
            g_assert_cmpuint(t.cores, ==, rows[i].cores);
            g_assert_cmpuint(t.threads, ==, rows[i].threads);
        } else {
            g_assert_true(g_str_has_prefix(error_get_pretty(err), "-smp"));
            error_free(err);
        }
    }
}

static void test_memory(void)
{
    static const struct {
        const char *first, *second;
        uint64_t size; /* 0: an error */
    } rows[] = {
        { NULL, NULL, 128 * MiB },    { "1G", NULL, GiB },
        { "512", NULL, 512 * MiB },   { "size=2G", NULL, 2 * GiB },
        { "1G", "2G", 2 * GiB },      { "64G", NULL, 64 * GiB },
        { "1.5G", NULL, 1536 * MiB }, { "0", NULL, 0 },
        { "65G", NULL, 0 },           { "1000B", NULL, 0 },
        { "x", NULL, 0 },             { "1G,slots=1", NULL, 0 },
        { "1G,sise=1", NULL, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) list = texts(rows[i].first, rows[i].second);
        uint64_t size;
        Error *err = NULL;
        bool ok = memory_parse(list, 128 * MiB, 64 * GiB, &size, &err);

        g_test_message("%s", rows[i].first ? rows[i].first : "");
        g_assert_cmpint(ok, ==, rows[i].size != 0);
        if (ok) {
            g_assert_cmpuint(size, ==, rows[i].size);
        }
        error_free(err);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/kinds", test_kinds);
    g_test_add_func("/options/last-counts", test_last_counts);
    g_test_add_func("/options/errors", test_errors);
    g_test_add_func("/options/help", test_help);
    g_test_add_func("/options/names", test_names);
    g_test_add_func("/options/prepend", test_prepend);
    g_test_add_func("/options/smp", test_smp);
    g_test_add_func("/options/memory", test_memory);
    return g_test_run();
}
