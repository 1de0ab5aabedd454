/*
 * The monitor's line editor: keys in, lines and a screen out. The screen is a one-line terminal
 * model, so that what is shown is compared with what is meant.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/readline.h"

static Readline *rl;
static GPtrArray *lines;
static char screen[8192];
static size_t column;

/* Printable characters, CR, LF, ESC [ K (erase to the end) and ESC [ n D (left). */
static void on_echo(void *opaque, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\r') {
            column = 0;
        } else if (text[i] == '\n') {
            memset(screen, 0, sizeof(screen));
        } else if (text[i] == 27) {
            char *end;
            long n = strtol(text + i + 2, &end, 10);
            if (*end == 'K') {
                memset(screen + column, 0, sizeof(screen) - column);
            } else if (*end == 'D') {
                column -= (size_t)n;
            }
            i = (size_t)(end - text);
        } else {
            screen[column++] = text[i];
        }
    }
}

static void on_line(void *opaque, const char *line)
{
    g_ptr_array_add(lines, g_strdup(line));
    readline_show(rl);
}

static const char **on_complete(void *opaque, const char *start)
{
    static const char *const words[] = { "stop", "system_powerdown", "system_reset", NULL };
    GPtrArray *list = g_ptr_array_new();

    for (size_t i = 0; words[i]; i++) {
        if (g_str_has_prefix(words[i], start)) {
            g_ptr_array_add(list, (void *)words[i]);
        }
    }
    g_ptr_array_add(list, NULL);
    return (const char **)g_ptr_array_free(list, FALSE);
}

static void start(void)
{
    static const ReadlineOps ops = { on_echo, on_line, on_complete };

    lines = g_ptr_array_new_with_free_func(g_free);
    memset(screen, 0, sizeof(screen));
    column = 0;
    rl = readline_new(&ops, NULL, "> ");
    readline_show(rl);
}

static void finish(void)
{
    readline_free(rl);
    g_ptr_array_unref(lines);
}

static void type(const char *keys)
{
    readline_input(rl, (const uint8_t *)keys, strlen(keys));
}

static void expect_line(const char *text)
{
    g_assert_cmpuint(lines->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(lines, 0), ==, text);
    g_ptr_array_set_size(lines, 0);
}

static void expect_screen(const char *text, size_t cursor)
{
    g_assert_cmpstr(screen, ==, text);
    g_assert_cmpuint(column, ==, cursor);
}

static void test_lines(void)
{
    start();
    expect_screen("> ", 2);
    type("info cpus");
    expect_screen("> info cpus", 11);
    type("\r");
    expect_line("info cpus");
    expect_screen("> ", 2);
    type("\n"); /* belongs to the CR */
    g_assert_cmpuint(lines->len, ==, 0);
    type("\n");
    expect_line("");
    type("a\r\nb\n");
    g_assert_cmpuint(lines->len, ==, 2);
    finish();
}

static void test_editing(void)
{
    start();
    type("abcd\x7f\x08");
    expect_screen("> ab", 4);
    type("\033[D\033[DX");
    expect_screen("> Xab", 3);
    type("\005Y");
    expect_screen("> XabY", 6);
    type("\001\004");
    expect_screen("> abY", 2);
    type("\033[3~\033[F!\033[H?");
    expect_screen("> ?bY!", 3);
    type("\013");
    expect_screen("> ?", 3);
    type("one two  three\027");
    expect_screen("> ?one two  ", 12);
    type("\025");
    expect_screen("> ", 2);
    type("\x7f\x7f\033[D\033[C\004");
    expect_screen("> ", 2);
    type("x\003");
    expect_screen("> ", 2);
    type("\r");
    expect_line("");
    finish();
}

static void test_history(void)
{
    start();
    type("one\rtwo\rtwo\r\r");
    g_ptr_array_set_size(lines, 0);
    type("new\033[A");
    expect_screen("> two", 5);
    type("\020");
    expect_screen("> one", 5);
    type("\033[A\033[A");
    expect_screen("> one", 5);
    type("\033[B\016");
    expect_screen("> new", 5); /* what was being typed is still there */
    type("\016\r");
    expect_line("new");
    type("\033OA\033OA!\r"); /* an edited line of the history is a new one */
    expect_line("two!");
    g_assert_cmpstr(readline_history(rl, 1), ==, "two");
    g_assert_cmpstr(readline_history(rl, 3), ==, "two!");
    g_assert_null(readline_history(rl, 4));
    for (int i = 0; i < 200; i++) {
        g_autofree char *line = g_strdup_printf("line %d\r", i);
        type(line);
    }
    g_assert_cmpstr(readline_history(rl, 0), ==, "line 136");
    g_assert_null(readline_history(rl, READLINE_HISTORY));
    finish();
}

static void test_completion(void)
{
    start();
    type("sy\t");
    expect_screen("> system_", 9);
    type("r\t");
    expect_screen("> system_reset ", 15);
    type("\025zz\t");
    expect_screen("> zz", 4);
    finish();
}

static void test_limits(void)
{
    start();
    for (int i = 0; i < READLINE_MAX + 100; i++) {
        type("z");
    }
    type("\r");
    g_assert_cmpuint(strlen(g_ptr_array_index(lines, 0)), ==, READLINE_MAX);

    /* Any bytes: the line only ever holds printable ones. */
    GRand *r = g_rand_new_with_seed(3);
    for (int i = 0; i < 100000; i++) {
        uint8_t c = (uint8_t)g_rand_int_range(r, 0, i & 1 ? 256 : 40);
        readline_input(rl, &c, 1);
    }
    for (guint i = 0; i < lines->len; i++) {
        for (const char *p = g_ptr_array_index(lines, i); *p; p++) {
            g_assert_true(*p >= ' ' && *p < 127);
        }
    }
    g_rand_free(r);
    finish();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/readline/lines", test_lines);
    g_test_add_func("/readline/editing", test_editing);
    g_test_add_func("/readline/history", test_history);
    g_test_add_func("/readline/completion", test_completion);
    g_test_add_func("/readline/limits", test_limits);
    return g_test_run();
}
