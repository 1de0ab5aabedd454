/*
 * Errors for user-facing calls.
 *
 * SPDX-License-Identifier: MIT
 */
#include "util/error.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* Longer texts come from hostile or mistaken input: of those, the two ends are kept. */
#define ERROR_TEXT_HEAD 300
#define ERROR_TEXT_TAIL 300

struct Error {
    char *text;
};

static const char *progname = "qemu-system-riscv64";
/* -msg: set once by main(). */
static bool timestamps;
static const char *guest;

void error_set_progname(const char *argv0)
{
    const char *slash = strrchr(argv0, '/');

    progname = slash ? slash + 1 : argv0;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Cuts the middle out of a long text, between characters. */
static void shorten(GString *s)
{
    size_t from = ERROR_TEXT_HEAD, to;

    if (s->len <= ERROR_TEXT_HEAD + ERROR_TEXT_TAIL) {
        return;
    }
    to = s->len - ERROR_TEXT_TAIL;
    while (is_continuation(s->str[from])) {
        from--;
    }
    while (is_continuation(s->str[to])) {
        to++;
    }
    g_string_erase(s, from, to - from);
    g_string_insert(s, from, "...");
}

/* One printable line of bounded length: what came from outside must not drive the terminal. */
static char *one_line(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p;) {
        gunichar c = g_utf8_get_char_validated(p, -1);

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(out, "\\x%02x", (unsigned char)*p++);
            continue;
        }
        if (c == '\n' && p[1]) {
            g_string_append(out, "; ");
        } else if (c >= ' ' && g_unichar_iscntrl(c) == FALSE) {
            g_string_append_unichar(out, c);
        } else if (c != '\n') {
            g_string_append_printf(out, "\\x%02x", (unsigned)c);
        }
        p = g_utf8_next_char(p);
    }
    shorten(out);
    return g_string_free(out, FALSE);
}

static Error *error_take(char *text)
{
    Error *err = g_new(Error, 1);

    err->text = one_line(text);
    g_free(text);
    return err;
}

void error_setg(Error **errp, const char *fmt, ...)
{
    va_list ap;

    if (!errp || *errp) {
        return;
    }
    va_start(ap, fmt);
    *errp = error_take(g_strdup_vprintf(fmt, ap));
    va_end(ap);
}

void error_setg_errno(Error **errp, int os_errno, const char *fmt, ...)
{
    va_list ap;
    char *text;

    if (!errp || *errp) {
        return;
    }
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    *errp = error_take(g_strdup_printf("%s: %s", text, g_strerror(os_errno)));
    g_free(text);
}

void error_prepend(Error **errp, const char *fmt, ...)
{
    va_list ap;
    char *front;
    Error *old;

    if (!errp || !*errp) {
        return;
    }
    va_start(ap, fmt);
    front = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    old = *errp;
    *errp = error_take(g_strconcat(front, old->text, NULL));
    g_free(front);
    error_free(old);
}

const char *error_get_pretty(const Error *err)
{
    return err->text;
}

void error_free(Error *err)
{
    if (err) {
        g_free(err->text);
        g_free(err);
    }
}

void error_set_format(bool timestamp, const char *guest_name)
{
    timestamps = timestamp;
    guest = guest_name;
}

static void report(const char *kind, const char *text)
{
    g_autoptr(GDateTime) now = timestamps ? g_date_time_new_now_utc() : NULL;
    g_autofree char *time = now ? g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ ") : g_strdup("");
    char *line = g_strdup_printf("%s%s%s%s: %s%s\n", time, guest ? guest : "", guest ? " " : "",
                                 progname, kind, text);
    size_t len = strlen(line), done = 0;

    while (done < len) {
        ssize_t n = write(STDERR_FILENO, line + done, len - done);

        if (n <= 0) {
            break; /* stderr is gone; there is nowhere left to complain */
        }
        done += n;
    }
    g_free(line);
}

void error_report_err(Error *err)
{
    report("", err->text);
    error_free(err);
}

static void G_GNUC_PRINTF(2, 0) vreport(const char *kind, const char *fmt, va_list ap)
{
    char *text = g_strdup_vprintf(fmt, ap);
    char *line = one_line(text);

    report(kind, line);
    g_free(line);
    g_free(text);
}

void error_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vreport("", fmt, ap);
    va_end(ap);
}

void warn_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vreport("warning: ", fmt, ap);
    va_end(ap);
}
