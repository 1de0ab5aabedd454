/*
 * The human monitor's front end: character device, line editor, output buffer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/monitor.h"

#include <stdarg.h>

#include "config-host.h"
#include "monitor/internal.h"

#define OUT_MAX (16u << 20) /* a peer that never reads does not eat more of our memory than this */

static void flush(Monitor *mon)
{
    if (mon->out->len) {
        size_t n = chr_write(mon->chr, mon->out->data, mon->out->len);
        g_byte_array_remove_range(mon->out, 0, (guint)n);
    }
}

void monitor_write(Monitor *mon, const char *text, size_t len)
{
    for (size_t i = 0; i < len && mon->out->len < OUT_MAX; i++) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) {
            g_byte_array_append(mon->out, (const uint8_t *)"\r", 1);
        }
        g_byte_array_append(mon->out, (const uint8_t *)&text[i], 1);
    }
}

void monitor_printf(Monitor *mon, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    monitor_write(mon, text, strlen(text));
}

static void on_echo(void *opaque, const char *text, size_t len)
{
    monitor_write(opaque, text, len);
}

static void on_line(void *opaque, const char *line)
{
    Monitor *mon = opaque;

    monitor_run_line(mon, line);
    readline_show(mon->rl);
}

static const char **on_complete(void *opaque, const char *start)
{
    return monitor_complete(opaque, start);
}

static size_t can_receive(void *opaque)
{
    Monitor *mon = opaque;
    return mon->out->len ? 0 : 256; /* not faster than the answers are read */
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    Monitor *mon = opaque;
    readline_input(mon->rl, buf, len);
    flush(mon);
}

/* Somebody looks: who we are, the first time, and the prompt. */
static void greet(Monitor *mon)
{
    if (!mon->greeted) {
        monitor_printf(mon, "Vireo %s monitor - type 'help' for more information\n",
                       VIREO_VERSION);
    } else {
        monitor_printf(mon, "\n");
    }
    mon->greeted = true;
    readline_show(mon->rl);
    flush(mon);
}

static void event(void *opaque, ChrEvent event)
{
    Monitor *mon = opaque;

    switch (event) {
    case CHR_EVENT_OPENED:
        mon->greeted = false;
        if (!mon->unfocused) {
            greet(mon);
        }
        break;
    case CHR_EVENT_FOCUS:
        mon->unfocused = false;
        greet(mon);
        break;
    case CHR_EVENT_UNFOCUS:
        mon->unfocused = true;
        break;
    case CHR_EVENT_CLOSED:
        readline_clear(mon->rl);
        g_byte_array_set_size(mon->out, 0);
        break;
    default:
        break;
    }
}

static void writable(void *opaque)
{
    Monitor *mon = opaque;

    flush(mon);
    if (!mon->out->len) {
        chr_accept_input(mon->chr);
    }
}

static void monitor_free(void *opaque)
{
    Monitor *mon = opaque;

    readline_free(mon->rl);
    g_byte_array_unref(mon->out);
    g_free(mon);
}

/* Lives as long as the character device. */
bool monitor_new(Chardev *chr, Error **errp)
{
    static const ReadlineOps ops = { on_echo, on_line, on_complete };
    Monitor *mon = g_new0(Monitor, 1);
    const ChrFrontend fe = { can_receive, receive, event, writable, mon, monitor_free };

    mon->chr = chr;
    mon->fmt = 'x';
    mon->size = 'w';
    mon->out = g_byte_array_new();
    mon->rl = readline_new(&ops, mon, "(qemu) ");
    if (!chr_attach(chr, &fe, errp)) {
        monitor_free(mon);
        return false;
    }
    return true;
}

static void no_echo(void *opaque, const char *text, size_t len)
{
}

char *monitor_run_to_string(const char *line, int cpu_index)
{
    static const ReadlineOps ops = { no_echo, NULL, NULL };
    Monitor mon = { .fmt = 'x', .size = 'w', .cpu = cpu_index };
    GString *text = g_string_new(NULL);

    mon.out = g_byte_array_new();
    mon.rl = readline_new(&ops, &mon, "");
    monitor_run_line(&mon, line);
    for (guint i = 0; i < mon.out->len; i++) {
        if (mon.out->data[i] && mon.out->data[i] != '\r') {
            g_string_append_c(text, (char)mon.out->data[i]);
        }
    }
    readline_free(mon.rl);
    g_byte_array_unref(mon.out);
    return g_string_free(text, FALSE);
}
