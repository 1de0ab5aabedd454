/*
 * Option text, values and suggestions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "util/keyval.h"

#include <string.h>

static KeyVals *ok(const char *text, const char *implied, bool bare)
{
    Error *err = NULL;
    KeyVals *kv = keyval_parse(text, implied, bare, &err);

    if (err) {
        g_test_message("%s: %s", text, error_get_pretty(err));
    }
    g_assert_null(err);
    g_assert_nonnull(kv);
    return kv;
}

static void expect_error(const char *text, const char *implied, bool bare, const char *want)
{
    Error *err = NULL;

    g_assert_null(keyval_parse(text, implied, bare, &err));
    g_assert_nonnull(err);
    g_assert_cmpstr(error_get_pretty(err), ==, want);
    error_free(err);
}

static void test_parse(void)
{
    g_autoptr(KeyVals) kv = ok("virt,aclint=on,dumpdtb=a,,b=c", "type", false);

    g_assert_cmpstr(keyval_get(kv, "type"), ==, "virt");
    g_assert_cmpstr(keyval_get(kv, "aclint"), ==, "on");
    g_assert_cmpstr(keyval_get(kv, "dumpdtb"), ==, "a,b=c");
    g_assert_null(keyval_get(kv, "accel"));
    g_assert_cmpuint(kv->list->len, ==, 3);
}

static void test_json(void)
{
    g_autoptr(KeyVals) kv =
        ok(" {\"driver\": \"raw\", \"file\": {\"driver\": \"file\", \"filename\": \"a,b\"},"
           " \"read-only\": true, \"share\": false, \"size\": 4096,"
           " \"addr\": [{\"host\": \"h\"}, 7], \"hostfwd\": [{\"str\": \"x\"}, {\"str\": \"y\"}]}",
           "type", false);
    const char *const want[][2] = {
        { "driver", "raw" },     { "file.driver", "file" },  { "file.filename", "a,b" },
        { "read-only", "on" },   { "share", "off" },         { "size", "4096" },
        { "addr.0.host", "h" },  { "addr.1", "7" },          { "hostfwd", "x" },
        { "hostfwd", "y" },
    };

    g_assert_cmpuint(kv->list->len, ==, G_N_ELEMENTS(want));
    for (guint i = 0; i < kv->list->len; i++) {
        const KeyVal *p = g_ptr_array_index(kv->list, i);

        g_assert_cmpstr(p->key, ==, want[i][0]);
        g_assert_cmpstr(p->value, ==, want[i][1]);
    }
    expect_error("{\"a\": null}", NULL, false, "JSON: 'a' is null");
    expect_error("{\"a\": {\"b\": 1.5}}", NULL, false,
                 "JSON: 'a.b' is a fraction (a whole number is expected)");
    expect_error("{\"a\": 1, \"a\": 2}", NULL, false,
                 "JSON: duplicate object key near '\"a\"' (line 1, column 12)");
    expect_error("{\"\": 1}", NULL, false, "JSON: a name is empty");
    expect_error("{\"a\": 1} b", NULL, false,
                 "JSON: end of file expected near 'b' (line 1, column 10)");
    expect_error("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
                 "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}}", NULL, false,
                 "JSON: more than 16 levels deep");
}

static void test_bare(void)
{
    g_autoptr(KeyVals) kv = ok("rv64,help", "type", false);
    g_autoptr(KeyVals) help = ok("help", "driver", false);
    g_autoptr(KeyVals) question = ok("?", NULL, false);
    g_autoptr(KeyVals) bare = ok("stdio,signal", "backend", true);
    g_autoptr(KeyVals) keyed = ok("file=x", "backend", false);
    g_autoptr(KeyVals) empty = ok("", NULL, false);

    g_assert_cmpstr(keyval_get(kv, "help"), ==, "on");
    g_assert_cmpstr(keyval_get(help, "help"), ==, "on");
    g_assert_null(keyval_get(help, "driver"));
    g_assert_cmpstr(keyval_get(question, "help"), ==, "on");
    g_assert_cmpstr(keyval_get(bare, "signal"), ==, "on");
    g_assert_cmpstr(keyval_get(keyed, "file"), ==, "x");
    g_assert_cmpuint(empty->list->len, ==, 0);
}

static void test_parse_errors(void)
{
    expect_error("virt,foo", "type", false, "'foo' has no value (expected foo=VALUE)");
    expect_error("a=1,a=2", NULL, false, "'a' is given twice");
    expect_error("=1", NULL, false, "'=1': there is no key before '='");
}

static void test_trailing_comma(void)
{
    /* A comma at the very end closes the last part, as users' scripts write it. */
    g_autoptr(KeyVals) kv = ok("a=1,", NULL, false);
    Error *err = NULL;
    g_autoptr(KeyVals) doubled = ok("a=1,,", NULL, false);

    g_assert_cmpuint(kv->list->len, ==, 1);
    g_assert_cmpstr(keyval_get(doubled, "a"), ==, "1,");
    g_assert_null(keyval_parse("a=1,\xff=2", NULL, false, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "the text is not valid UTF-8");
    error_free(err);
}

static void test_repeat(void)
{
    Error *err = NULL;
    g_autoptr(KeyVals) kv = keyval_parse_list("user,h=1,h=2", "type", false, &err);

    g_assert_nonnull(kv);
    g_assert_cmpuint(kv->list->len, ==, 3);
    g_assert_cmpstr(keyval_get(kv, "h"), ==, "1");
}

static void test_used(void)
{
    static const char *const known[] = { "drive", "serial", NULL };
    g_autoptr(KeyVals) kv = ok("drive=a,drvie=b", NULL, false);
    g_autoptr(KeyVals) far = ok("qqqqqqqq=b", NULL, false);
    Error *err = NULL;

    g_assert_cmpstr(keyval_take(kv, "drive"), ==, "a");
    g_assert_false(keyval_check_used(kv, known, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "no property 'drvie' (did you mean 'drive'?)");
    g_clear_pointer(&err, error_free);
    g_assert_false(keyval_check_used(far, known, &err));
    g_assert_cmpstr(error_get_pretty(err), ==,
                    "no property 'qqqqqqqq' (there are: drive, serial)");
    g_clear_pointer(&err, error_free);
    keyval_take(kv, "drvie");
    g_assert_true(keyval_check_used(kv, known, &err));
}

static void test_bool(void)
{
    bool v = false;
    Error *err = NULL;

    g_assert_true(parse_bool("k", "on", &v, NULL) && v);
    g_assert_true(parse_bool("k", "n", &v, NULL) && !v);
    g_assert_true(parse_bool("k", "true", &v, NULL) && v);
    g_assert_false(parse_bool("readonly", "On", &v, &err));
    g_assert_cmpstr(error_get_pretty(err), ==,
                    "invalid value 'On' for 'readonly': expected 'on' or 'off'");
    error_free(err);
    g_assert_true(v);
}

static void test_numbers(void)
{
    uint64_t u = 0;
    int64_t i = 0;
    Error *err = NULL;

    g_assert_true(parse_u64("k", "18446744073709551615", 0, UINT64_MAX, &u, NULL));
    g_assert_cmpuint(u, ==, UINT64_MAX);
    g_assert_true(parse_u64("k", "0x1F", 0, 100, &u, NULL));
    g_assert_cmpuint(u, ==, 31);
    g_assert_true(parse_u64("k", "017", 0, 100, &u, NULL));
    g_assert_cmpuint(u, ==, 15);
    g_assert_true(parse_u64("k", "0", 0, 100, &u, NULL));
    g_assert_false(parse_u64("k", "18446744073709551616", 0, UINT64_MAX, &u, NULL));
    g_assert_false(parse_u64("k", "", 0, 10, &u, NULL));
    g_assert_false(parse_u64("k", "0x", 0, 10, &u, NULL));
    g_assert_false(parse_u64("k", "08", 0, 10, &u, NULL));
    g_assert_false(parse_u64("k", "1 ", 0, 10, &u, NULL));
    g_assert_false(parse_u64("k", "-1", 0, 10, &u, NULL));
    g_assert_false(parse_u64("k", "+1", 0, 10, &u, NULL));
    g_assert_cmpuint(u, ==, 0);
    g_assert_false(parse_u64("cpus", "11", 1, 10, &u, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "value '11' for 'cpus' is out of range (1 to 10)");
    g_clear_pointer(&err, error_free);
    g_assert_true(parse_i64("k", "-9223372036854775808", INT64_MIN, INT64_MAX, &i, NULL));
    g_assert_cmpint(i, ==, INT64_MIN);
    g_assert_true(parse_i64("k", "-5", -5, 5, &i, NULL));
    g_assert_cmpint(i, ==, -5);
    g_assert_false(parse_i64("k", "9223372036854775808", INT64_MIN, INT64_MAX, &i, NULL));
    g_assert_false(parse_i64("k", "--1", -5, 5, &i, NULL));
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        char suffix;
        bool ok;
        uint64_t value;
    } rows[] = {
        { "512", 'M', true, 512ULL << 20 },
        { "512", 'B', true, 512 },
        { "2G", 'M', true, 2ULL << 30 },
        { "2g", 'M', true, 2ULL << 30 },
        { "1.5G", 'M', true, 3ULL << 29 },
        { "0.5k", 'B', true, 512 },
        { "15E", 'B', true, 15ULL << 60 },
        { "0x100", 'B', true, 256 },
        { "0", 'M', true, 0 },
        { "16E", 'B', false, 0 },
        { "18446744073709551616", 'B', false, 0 },
        { "1.5", 'M', false, 0 },
        { "1.5B", 'M', false, 0 },
        { "2Q", 'M', false, 0 },
        { "2GB", 'M', false, 0 },
        { "-1", 'M', false, 0 },
        { "", 'M', false, 0 },
        { "G", 'M', false, 0 },
        { "1 G", 'M', false, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t v = 77;

        g_test_message("%s", rows[i].text);
        g_assert_cmpint(parse_size("k", rows[i].text, rows[i].suffix, &v, NULL), ==, rows[i].ok);
        g_assert_cmpuint(v, ==, rows[i].ok ? rows[i].value : 77);
    }
}

static void test_nearest(void)
{
    static const char *const names[] = { "virtio-blk-device", "virtio-net-device", "drive", "id",
                                         NULL };

    g_assert_cmpstr(nearest_name("drvie", names), ==, "drive");
    g_assert_cmpstr(nearest_name("virtio-blk-devcie", names), ==, "virtio-blk-device");
    g_assert_cmpstr(nearest_name("di", names), ==, "id");
    g_assert_null(nearest_name("completely-else", names));
    g_assert_null(nearest_name("q", names));
}

static void test_error_text(void)
{
    Error *err = NULL;
    char *big = g_strnfill(70000, 'x');

    error_setg(&err, "a\nb\x1b[2J\xff");
    g_assert_cmpstr(error_get_pretty(err), ==, "a; b\\x1b[2J\\xff");
    error_prepend(&err, "-m %d: ", 1);
    g_assert_cmpstr(error_get_pretty(err), ==, "-m 1: a; b\\x1b[2J\\xff");
    g_clear_pointer(&err, error_free);
    error_setg(&err, "begin %s end", big);
    g_assert_cmpuint(strlen(error_get_pretty(err)), ==, 603);
    g_assert_true(g_str_has_prefix(error_get_pretty(err), "begin xxx"));
    g_assert_true(g_str_has_suffix(error_get_pretty(err), "xxx end"));
    error_free(err);
    g_free(big);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keyval/parse", test_parse);
    g_test_add_func("/keyval/bare", test_bare);
g_test_add_func("/keyval/json", test_json);
    g_test_add_func("/keyval/errors", test_parse_errors);
    g_test_add_func("/keyval/commas", test_trailing_comma);
    g_test_add_func("/keyval/repeat", test_repeat);
    g_test_add_func("/keyval/used", test_used);
    g_test_add_func("/keyval/bool", test_bool);
    g_test_add_func("/keyval/numbers", test_numbers);
    g_test_add_func("/keyval/sizes", test_sizes);
    g_test_add_func("/keyval/nearest", test_nearest);
    g_test_add_func("/error/text", test_error_text);
    return g_test_run();
}
