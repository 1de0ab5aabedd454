/*
 * The debugger's connection: a front end of a character device that takes packets and sends answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gdbstub/gdbstub.h"

#include <string.h>

#include "gdbstub/internal.h"
#include "system/chardev.h"

#define CHARDEV_ID "gdb"
#define OUT_MAX (16u << 20) /* a peer that never reads does not eat more of our memory than this */

/* The debugger's server: there is one machine to debug. */
static GDBStub *stub_now;

/* ---- Output ---- */

static void flush(GDBStub *stub)
{
    if (stub->out->len) {
        size_t n = chr_write(stub->chr, stub->out->data, stub->out->len);
        g_byte_array_remove_range(stub->out, 0, (guint)n);
    }
}

static void put(GDBStub *stub, const char *bytes, size_t len)
{
    if (stub->out->len + len <= OUT_MAX) {
        g_byte_array_append(stub->out, (const uint8_t *)bytes, (guint)len);
    }
    flush(stub);
}

void gdb_send(GDBStub *stub, const char *data, size_t len)
{
    g_string_truncate(stub->last, 0);
    gdb_frame(stub->last, data, len);
    put(stub, stub->last->str, stub->last->len);
}

/* ---- Input ---- */

static void answer(GDBStub *stub, GDBInput what)
{
    bool now;

    if (!stub->no_ack) {
        put(stub, "+", 1);
    }
    gdb_halt(stub);
    g_string_truncate(stub->reply, 0);
    stub->busy = true;
    now = what == GDB_INPUT_PACKET ? gdb_command(stub, stub->reader.data, stub->reader.len)
                                   : gdb_error(stub, GDB_EINVAL);
    stub->busy = false;
    if (now) {
        gdb_send(stub, stub->reply->str, stub->reply->len);
    }
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    GDBStub *stub = opaque;

    for (size_t i = 0; i < len && stub->connected; i++) {
        GDBInput what = gdb_reader_byte(&stub->reader, buf[i]);

        switch (what) {
        case GDB_INPUT_PACKET:
        case GDB_INPUT_TOO_LONG:
            answer(stub, what);
            break;
        case GDB_INPUT_BAD:
            put(stub, "-", 1);
            break;
        case GDB_INPUT_NACK:
            put(stub, stub->last->str, stub->last->len);
            break;
        case GDB_INPUT_INTERRUPT:
            if (run_state_is_running()) {
                vm_stop(RUN_STATE_PAUSED);
            }
            break;
        case GDB_INPUT_MORE:
        case GDB_INPUT_ACK:
            break;
        }
    }
}

static size_t can_receive(void *opaque)
{
    GDBStub *stub = opaque;

    return stub->out->len ? 0 : 4096; /* not faster than the answers are read */
}

static void writable(void *opaque)
{
    GDBStub *stub = opaque;

    flush(stub);
    if (!stub->out->len) {
        chr_accept_input(stub->chr);
    }
}

/* ---- Connections ---- */

static void begin(GDBStub *stub)
{
    gdb_forget(stub);
    memset(&stub->reader, 0, offsetof(GDBReader, data));
    stub->no_ack = stub->multiprocess = stub->swbreak = stub->hwbreak = false;
    stub->cpu_g = stub->cpu_c = stub->next_thread = 0;
    stub->step_flags = GDB_STEP_ENABLE | GDB_STEP_NO_IRQ | GDB_STEP_NO_TIMER;
    g_clear_pointer(&stub->xml, g_hash_table_unref);
    g_string_truncate(stub->last, 0);
    stub->connected = stub->attached = true;
    gdb_halt(stub);
}

static void event(void *opaque, ChrEvent event)
{
    GDBStub *stub = opaque;

    switch (event) {
    case CHR_EVENT_OPENED:
        begin(stub);
        break;
    case CHR_EVENT_CLOSED:
        /* Nobody is there to see a stop: the machine stays as it is, but meets no breakpoints. */
        stub->connected = false;
        gdb_forget(stub);
        g_byte_array_set_size(stub->out, 0);
        break;
    default:
        break;
    }
}

static void stub_free(void *opaque)
{
    GDBStub *stub = opaque;

    gdb_forget(stub);
    run_state_remove_listener(gdb_run_state, stub);
    if (stub->report) {
        g_source_remove(stub->report);
    }
    g_clear_pointer(&stub->xml, g_hash_table_unref);
    g_byte_array_unref(stub->out);
    g_string_free(stub->reply, TRUE);
    g_string_free(stub->last, TRUE);
    g_free(stub);
    stub_now = NULL;
}

static void stop_server(void)
{
    GDBStub *stub = stub_now;
    Chardev *chr = stub->chr;
    bool own = stub->own_chardev;

    chr_detach(chr, stub);
    stub_free(stub);
    if (own) {
        object_unparent(chr);
    }
}

/* ---- Starting ---- */

/* A socket waits for the debugger unless it is said otherwise; a debugger wants every byte at once. */
static char *complete_form(const char *form)
{
    static const struct {
        const char *key, *value;
        bool tcp_only;
    } defaults[] = { { "server", "on" }, { "wait", "off" }, { "nodelay", "on", true } };
    bool tcp = g_str_has_prefix(form, "tcp:") && strchr(form + 4, ':');
    GString *s = g_string_new(form);

    for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
        g_autofree char *key = g_strconcat(",", defaults[i].key, NULL);
        if ((tcp || (g_str_has_prefix(form, "unix:") && !defaults[i].tcp_only)) &&
            !strstr(form, key) && !strstr(form, ",nowait")) {
            g_string_append_printf(s, "%s=%s", key, defaults[i].value);
        }
    }
    return g_string_free(s, FALSE);
}

bool gdbstub_start(const char *form, Error **errp)
{
    const ChrFrontend callbacks = { can_receive, receive, event, writable, NULL, stub_free };
    g_autofree char *complete = complete_form(form);
    ChrFrontend fe = callbacks;
    GDBStub *stub;
    Chardev *chr;
    bool monitor;

    if (stub_now && stub_now->busy) {
        error_setg(errp, "the debugger's own connection cannot be changed by itself");
        return false;
    }
    if (!cpu_list()->nr || !gdb_ops(gdb_cpu(0))) {
        error_setg(errp, "this machine has no CPU to debug");
        return false;
    }
    if (stub_now) {
        stop_server();
    }
    if (!chardev_new_short(CHARDEV_ID, complete, &chr, &monitor, errp)) {
        return false;
    }
    if (!chr) {
        return true;
    }
    stub = g_new0(GDBStub, 1);
    stub->chr = chr;
    stub->own_chardev = !g_str_has_prefix(form, "chardev:");
    stub->out = g_byte_array_new();
    stub->reply = g_string_new(NULL);
    stub->last = g_string_new(NULL);
    fe.opaque = stub;
    stub_now = stub;
    run_state_add_listener(gdb_run_state, stub);
    if (!chr_attach(chr, &fe, errp)) {
        bool own = stub->own_chardev;
        stub_free(stub);
        if (own) {
            object_unparent(chr);
        }
        return false;
    }
    return true;
}

void gdbstub_exit(int status)
{
    g_autofree char *text = g_strdup_printf("W%02x", status & 0xff);

    if (stub_now && stub_now->connected) {
        gdb_send(stub_now, text, strlen(text));
        stub_now->connected = false;
    }
}
