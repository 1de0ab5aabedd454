/*
 * chardev-mux: several front ends (a serial port and the monitor) on one back end. All of them
 * write; one at a time has the keyboard, and Ctrl-A c passes it on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chardev/chardev-int.h"
#include "hw/core/machine.h"
#include "qom/user-creatable.h"
#include "system/chardev.h"

#define MUX_MAX 4
#define MUX_ESCAPE 1 /* Ctrl-A */
/* Keys for a front end that is busy. Beyond this the back end is not read, and nothing is lost;
 * but until then Ctrl-A is seen even if the guest is dead. */
#define MUX_BUFFER 65536

OBJECT_DECLARE_SIMPLE(MuxChardev, MUX_CHARDEV, TYPE_CHARDEV_MUX)

typedef struct MuxSlot {
    ChrFrontend fe;
    bool used;
    GByteArray *keys; /* not taken yet */
} MuxSlot;

struct MuxChardev {
    Chardev parent_obj;
    Object *base; /* Chardev */
    MuxSlot slots[MUX_MAX];
    unsigned focus;
    bool escaped;       /* the last key was Ctrl-A */
    bool attached_base;
    /* Time stamps at line starts; `lock` of the base class guards it. */
    bool stamps, line_start;
    int64_t stamp_zero_us;
};

static const Property mux_props[] = {
    PROP_LINK("chardev", MuxChardev, base, TYPE_CHARDEV, CHARDEV_CONTAINER, "the back end"),
    PROP_END,
};

static void say(MuxChardev *m, const char *text)
{
    chr_write(CHARDEV(m->base), (const uint8_t *)text, strlen(text));
}

static void mux_event(MuxSlot *s, ChrEvent event)
{
    if (s->used && s->fe.event) {
        s->fe.event(s->fe.opaque, event);
    }
}

/* Gives waiting keys to a front end, as many as it takes. */
static void pump_slot(MuxSlot *s)
{
    while (s->used && s->keys->len) {
        size_t room = s->fe.can_receive ? s->fe.can_receive(s->fe.opaque) : 0;
        uint8_t buf[512];

        room = MIN(room, MIN(s->keys->len, sizeof(buf)));
        if (!room) {
            return;
        }
        memcpy(buf, s->keys->data, room);
        g_byte_array_remove_range(s->keys, 0, room);
        s->fe.receive(s->fe.opaque, buf, room);
    }
}

/* Also to those that have lost the keyboard since: what was typed for them is still theirs. */
static void pump(MuxChardev *m)
{
    for (unsigned i = 0; i < MUX_MAX; i++) {
        pump_slot(&m->slots[i]);
    }
}

/* The next front end after the one in focus, or that one if it is alone. */
static unsigned next_used(const MuxChardev *m)
{
    unsigned i = m->focus;

    do {
        i = (i + 1) % MUX_MAX;
    } while (!m->slots[i].used && i != m->focus);
    return i;
}

static void next_focus(MuxChardev *m)
{
    unsigned old = m->focus;

    m->focus = next_used(m);
    if (m->focus != old) {
        mux_event(&m->slots[old], CHR_EVENT_UNFOCUS);
        mux_event(&m->slots[m->focus], CHR_EVENT_FOCUS);
    }
}

static void toggle_stamps(MuxChardev *m)
{
    Chardev *chr = CHARDEV(m);

    g_mutex_lock(&chr->lock);
    m->stamps = !m->stamps;
    m->line_start = true;
    m->stamp_zero_us = g_get_monotonic_time();
    g_mutex_unlock(&chr->lock);
}

static void command(MuxChardev *m, uint8_t key)
{
    switch (key) {
    case 'x':
        say(m, "\r\nterminated by Ctrl-A x\r\n");
        machine_request_shutdown(SHUTDOWN_HOST_UI, 0);
        break;
    case 'c':
        next_focus(m);
        break;
    case 'b':
        mux_event(&m->slots[m->focus], CHR_EVENT_BREAK);
        break;
    case 't':
        toggle_stamps(m);
        break;
    case MUX_ESCAPE:
        g_byte_array_append(m->slots[m->focus].keys, &key, 1);
        break;
    case 'h':
    case '?':
        say(m, "\r\n"
               "Ctrl-A h       this help\r\n"
               "Ctrl-A x       end the emulator\r\n"
               "Ctrl-A c       switch between the console and the monitor\r\n"
               "Ctrl-A b       send a break\r\n"
               "Ctrl-A t       switch time stamps on or off\r\n"
               "Ctrl-A Ctrl-A  send Ctrl-A\r\n");
        break;
    default:
        break;
    }
}

static size_t mux_can_receive(void *opaque)
{
    MuxChardev *m = opaque;
    guint waiting = m->slots[m->focus].keys->len;

    return waiting < MUX_BUFFER ? MUX_BUFFER - waiting : 0;
}

static void mux_receive(void *opaque, const uint8_t *buf, size_t len)
{
    MuxChardev *m = opaque;

    for (size_t i = 0; i < len; i++) {
        if (m->escaped) {
            m->escaped = false;
            pump(m); /* keys before the command go to whom they were meant for */
            command(m, buf[i]);
        } else if (buf[i] == MUX_ESCAPE) {
            m->escaped = true;
        } else {
            g_byte_array_append(m->slots[m->focus].keys, &buf[i], 1);
        }
    }
    pump(m);
}

static void mux_base_event(void *opaque, ChrEvent event)
{
    MuxChardev *m = opaque;

    for (unsigned i = 0; i < MUX_MAX; i++) {
        mux_event(&m->slots[i], event);
    }
    m->parent_obj.connected = event == CHR_EVENT_OPENED ||
                              (m->parent_obj.connected && event != CHR_EVENT_CLOSED);
}

static void mux_writable(void *opaque)
{
    MuxChardev *m = opaque;

    for (unsigned i = 0; i < MUX_MAX; i++) {
        if (m->slots[i].used && m->slots[i].fe.writable) {
            m->slots[i].fe.writable(m->slots[i].fe.opaque);
        }
    }
}

/* ---- Towards the front ends ---- */

/* A stamp that does not fit is left out: the line matters more. */
static void stamp(MuxChardev *m)
{
    int64_t ms = (g_get_monotonic_time() - m->stamp_zero_us) / 1000;
    char text[48];
    int n = snprintf(text, sizeof(text), "[%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "] ",
                     ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);

    chr_write(CHARDEV(m->base), (const uint8_t *)text, n);
}

static size_t write_stamped(MuxChardev *m, const uint8_t *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        const uint8_t *nl = memchr(buf + done, '\n', len - done);
        size_t part = nl ? (size_t)(nl - buf) + 1 - done : len - done;
        size_t n;

        if (m->line_start) {
            stamp(m);
        }
        n = chr_write(CHARDEV(m->base), buf + done, part);
        done += n;
        m->line_start = nl && n == part;
        if (n < part) {
            break;
        }
    }
    return done;
}

static size_t mux_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    MuxChardev *m = MUX_CHARDEV(chr);
    size_t n;

    g_mutex_lock(&chr->lock); /* keeps the lines of front ends apart while stamps are on */
    n = m->stamps ? write_stamped(m, buf, len) : chr_write(CHARDEV(m->base), buf, len);
    g_mutex_unlock(&chr->lock);
    return n;
}

static bool mux_attach(Chardev *chr, const ChrFrontend *fe, Error **errp)
{
    MuxChardev *m = MUX_CHARDEV(chr);

    for (unsigned i = 0; i < MUX_MAX; i++) {
        MuxSlot *s = &m->slots[i];

        if (s->used) {
            continue;
        }
        s->fe = *fe;
        s->used = true;
        if (!m->slots[m->focus].used) {
            m->focus = i;
        }
        if (i != m->focus) {
            mux_event(s, CHR_EVENT_UNFOCUS); /* so that it does not speak up when opened */
        }
        if (chr->connected) {
            mux_event(s, CHR_EVENT_OPENED);
        }
        return true;
    }
    error_setg(errp, "chardev '%s' has %d front ends already", chr->parent_obj.name, MUX_MAX);
    return false;
}

static void mux_detach(Chardev *chr, void *opaque)
{
    MuxChardev *m = MUX_CHARDEV(chr);

    for (unsigned i = 0; i < MUX_MAX; i++) {
        MuxSlot *s = &m->slots[i];

        if (s->used && s->fe.opaque == opaque) {
            s->used = false;
            g_byte_array_set_size(s->keys, 0);
            if (i == m->focus) {
                m->focus = next_used(m); /* in silence: usually everything is being taken down */
            }
            return;
        }
    }
}

static bool mux_in_use(Chardev *chr)
{
    for (unsigned i = 0; i < MUX_MAX; i++) {
        if (MUX_CHARDEV(chr)->slots[i].used) {
            return true;
        }
    }
    return false;
}

static void mux_accept_input(Chardev *chr)
{
    MuxChardev *m = MUX_CHARDEV(chr);

    pump(m);
    if (m->base) {
        chr_accept_input(CHARDEV(m->base));
    }
}

static bool mux_complete(Object *obj, Error **errp)
{
    MuxChardev *m = MUX_CHARDEV(obj);
    ChrFrontend fe = {
        .can_receive = mux_can_receive,
        .receive = mux_receive,
        .event = mux_base_event,
        .writable = mux_writable,
        .opaque = m,
    };

    if (!m->base) {
        error_setg(errp, "property 'chardev' is missing (chardev=ID)");
        return false;
    }
    m->attached_base = chr_attach(CHARDEV(m->base), &fe, errp);
    return m->attached_base;
}

static void mux_init(Object *obj)
{
    for (unsigned i = 0; i < MUX_MAX; i++) {
        MUX_CHARDEV(obj)->slots[i].keys = g_byte_array_new();
    }
}

static void mux_finalize(Object *obj)
{
    MuxChardev *m = MUX_CHARDEV(obj);

    if (m->attached_base) {
        chr_detach(CHARDEV(m->base), m);
    }
    for (unsigned i = 0; i < MUX_MAX; i++) {
        if (m->slots[i].used && m->slots[i].fe.gone) {
            m->slots[i].fe.gone(m->slots[i].fe.opaque);
        }
        g_byte_array_unref(m->slots[i].keys);
    }
}

static void mux_class_init(ObjectClass *klass, const void *data)
{
    ChardevClass *k = CHARDEV_CLASS(klass);

    klass->props = mux_props;
    k->write = mux_write;
    k->attach = mux_attach;
    k->detach = mux_detach;
    k->in_use = mux_in_use;
    k->accept_input = mux_accept_input;
    user_creatable_set_complete(klass, mux_complete);
}

static const TypeInfo mux_info = {
    .name = TYPE_CHARDEV_MUX,
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(MuxChardev),
    .desc = "several front ends on one back end, switched with Ctrl-A",
    .class_init = mux_class_init,
    .instance_init = mux_init,
    .instance_finalize = mux_finalize,
};
type_init(mux_info);
