/*
 * The base class of character devices: the output ring and the front end.
 *
 * chr_write() runs on vCPU threads under a device's lock, so it only copies into the ring and asks
 * the main loop, which writes to the file descriptor and may find it busy.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chardev/chardev-int.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "qom/user-creatable.h"
#include "system/chardev.h"

/* ---- The front end ---- */

bool chr_attach(Chardev *chr, const ChrFrontend *fe, Error **errp)
{
    ChardevClass *k = CHARDEV_GET_CLASS(chr);

    if (k->attach) {
        return k->attach(chr, fe, errp);
    }
    if (chr->attached) {
        error_setg(errp, "chardev '%s' is in use already", chr->parent_obj.name);
        return false;
    }
    chr->fe = *fe;
    chr->attached = true;
    if (chr->connected) {
        chr_send_event(chr, CHR_EVENT_OPENED);
    }
    chr_accept_input(chr);
    return true;
}

void chr_detach(Chardev *chr, void *opaque)
{
    ChardevClass *k = CHARDEV_GET_CLASS(chr);

    if (k->detach) {
        k->detach(chr, opaque);
    } else if (chr->attached && chr->fe.opaque == opaque) {
        chr->attached = false;
        memset(&chr->fe, 0, sizeof(chr->fe));
    }
}

size_t chr_can_receive(Chardev *chr)
{
    return chr->attached && chr->fe.can_receive ? chr->fe.can_receive(chr->fe.opaque) : 0;
}

void chr_deliver(Chardev *chr, const uint8_t *buf, size_t len)
{
    if (chr->attached && chr->fe.receive) {
        chr->fe.receive(chr->fe.opaque, buf, len);
    }
}

void chr_send_event(Chardev *chr, ChrEvent event)
{
    if (chr->attached && chr->fe.event) {
        chr->fe.event(chr->fe.opaque, event);
    }
}

/* ---- Input ---- */

static gboolean pull_input(gpointer data)
{
    Chardev *chr = data;
    ChardevClass *k = CHARDEV_GET_CLASS(chr);

    /* Cleared first: a request that comes while this one is served gets its own turn. */
    __atomic_store_n(&chr->pulling, false, __ATOMIC_SEQ_CST);
    if (k->accept_input) {
        k->accept_input(chr);
    }
    return G_SOURCE_REMOVE;
}

void chr_accept_input(Chardev *chr)
{
    if (!__atomic_exchange_n(&chr->pulling, true, __ATOMIC_SEQ_CST)) {
        g_idle_add_full(G_PRIORITY_DEFAULT, pull_input, object_ref(chr), object_unref);
    }
}

/* ---- Output ---- */

static gboolean drain_on_loop(gpointer data);

static gboolean drain_on_fd(gint fd, GIOCondition cond, gpointer data)
{
    CHARDEV(data)->out_tag = 0;
    return drain_on_loop(data);
}

/* Takes up to len bytes of the ring without removing them. */
static size_t ring_peek(Chardev *chr, uint8_t *buf, size_t len)
{
    size_t n = MIN(len, chr->used);
    size_t first = MIN(n, CHR_RING_SIZE - chr->head);

    memcpy(buf, chr->ring + chr->head, first);
    memcpy(buf + first, chr->ring, n - first);
    return n;
}

static void ring_drop(Chardev *chr, size_t n)
{
    chr->head = (chr->head + n) % CHR_RING_SIZE;
    chr->used -= n;
}

/* The copy of logfile=; a disk that is full loses it, not the console. */
static void log_output(Chardev *chr, const uint8_t *buf, size_t len)
{
    while (chr->log_fd >= 0 && len) {
        ssize_t n = write(chr->log_fd, buf, len);

        if (n < 0 && errno != EINTR) {
            break;
        }
        buf += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
}

/* Writes until the ring is empty or the peer is busy; false if it is busy. Main thread, which
 * alone removes bytes, so the lock is not held over the write. */
static bool drain(Chardev *chr)
{
    ChardevClass *k = CHARDEV_GET_CLASS(chr);
    uint8_t buf[4096];

    for (;;) {
        bool connected;
        size_t len;
        ssize_t n;

        g_mutex_lock(&chr->lock);
        len = chr->used ? ring_peek(chr, buf, sizeof(buf)) : 0;
        if (!len) {
            chr->draining = false;
            g_mutex_unlock(&chr->lock);
            return true;
        }
        connected = chr->connected;
        g_mutex_unlock(&chr->lock);

        n = connected ? k->output(chr, buf, len) : (ssize_t)len;
        if (n == -EAGAIN) {
            return false;
        }
        log_output(chr, buf, n < 0 ? len : (size_t)n);
        g_mutex_lock(&chr->lock);
        /* A peer that is gone for good swallows the rest; output() may have emptied the ring. */
        ring_drop(chr, n < 0 ? chr->used : MIN((size_t)n, chr->used));
        g_mutex_unlock(&chr->lock);
    }
}

static void tell_writable(Chardev *chr)
{
    bool owed;

    g_mutex_lock(&chr->lock);
    owed = chr->was_full && chr->used < CHR_RING_SIZE / 2;
    if (owed) {
        chr->was_full = false;
    }
    g_mutex_unlock(&chr->lock);
    if (owed && chr->attached && chr->fe.writable) {
        chr->fe.writable(chr->fe.opaque);
    }
}

static gboolean drain_on_loop(gpointer data)
{
    Chardev *chr = data;
    ChardevClass *k = CHARDEV_GET_CLASS(chr);

    if (!chr->out_tag && !drain(chr)) {
        int fd = k->out_fd(chr);

        if (fd >= 0) {
            chr->out_tag = g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd,
                                              G_IO_OUT | G_IO_ERR | G_IO_HUP, drain_on_fd,
                                              object_ref(chr), object_unref);
        }
    }
    tell_writable(chr);
    return G_SOURCE_REMOVE;
}

size_t chr_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    ChardevClass *k = CHARDEV_GET_CLASS(chr);
    size_t n, tail, first;
    bool start;

    if (k->write) {
        return k->write(chr, buf, len);
    }
    g_mutex_lock(&chr->lock);
    if (!chr->connected && chr->log_fd < 0) {
        g_mutex_unlock(&chr->lock);
        return len;
    }
    if (!chr->ring) {
        chr->ring = g_malloc(CHR_RING_SIZE);
    }
    n = MIN(len, CHR_RING_SIZE - chr->used);
    tail = (chr->head + chr->used) % CHR_RING_SIZE;
    first = MIN(n, CHR_RING_SIZE - tail);
    memcpy(chr->ring + tail, buf, first);
    memcpy(chr->ring, buf + first, n - first);
    chr->used += n;
    chr->was_full |= n < len;
    start = n && !chr->draining;
    chr->draining |= start;
    g_mutex_unlock(&chr->lock);
    if (start) {
        g_idle_add_full(G_PRIORITY_DEFAULT, drain_on_loop, object_ref(chr), object_unref);
    }
    return n;
}

void chr_set_connected(Chardev *chr, bool connected)
{
    bool changed;

    if (!connected && chr->out_tag) {
        g_source_remove(chr->out_tag); /* its descriptor is closed */
        chr->out_tag = 0;
    }
    g_mutex_lock(&chr->lock);
    changed = chr->connected != connected;
    chr->connected = connected;
    if (!connected) {
        chr->used = 0;
        chr->draining = false;
    }
    g_mutex_unlock(&chr->lock);
    if (changed) {
        chr_send_event(chr, connected ? CHR_EVENT_OPENED : CHR_EVENT_CLOSED);
        tell_writable(chr);
    }
}

void chr_flush(Chardev *chr, int timeout_ms)
{
    ChardevClass *k = CHARDEV_GET_CLASS(chr);
    int64_t end = g_get_monotonic_time() + timeout_ms * 1000LL;

    while (k->output && !drain(chr)) {
        struct pollfd p = { .fd = k->out_fd(chr), .events = POLLOUT };
        int64_t left = end - g_get_monotonic_time();

        if (left <= 0 || p.fd < 0 || (poll(&p, 1, (int)(left / 1000) + 1) < 0 && errno != EINTR)) {
            break;
        }
    }
}

static int flush_one(Object *obj, void *opaque)
{
    Chardev *chr = object_dynamic_cast(obj, TYPE_CHARDEV);

    if (chr) {
        chr_flush(chr, *(int *)opaque);
    }
    return 0;
}

void chardev_flush_all(int timeout_ms)
{
    object_walk(object_container(CHARDEV_CONTAINER), flush_one, &timeout_ms);
}

/* ---- For the monitor ---- */

char *chardev_describe(Chardev *chr)
{
    ChardevClass *k = CHARDEV_GET_CLASS(chr);
    g_autofree char *text = k->describe ? k->describe(chr) : NULL;

    return text ? g_steal_pointer(&text)
                : g_strdup(object_type_name(chr) + strlen(CHARDEV_TYPE_PREFIX));
}

size_t chardev_inject(Chardev *chr, const uint8_t *buf, size_t len)
{
    size_t done = 0, n;

    while (done < len && (n = MIN(chr_can_receive(chr), len - done))) {
        chr_deliver(chr, buf + done, n);
        done += n;
    }
    return done;
}

void chardev_send_break(Chardev *chr)
{
    chr_send_event(chr, CHR_EVENT_BREAK);
}

bool chardev_in_use(Chardev *chr)
{
    ChardevClass *k = CHARDEV_GET_CLASS(chr);

    return k->in_use ? k->in_use(chr) : chr->attached;
}

static void chardev_init(Object *obj)
{
    g_mutex_init(&CHARDEV(obj)->lock);
    CHARDEV(obj)->log_fd = -1;
}

static void chardev_finalize(Object *obj)
{
    Chardev *chr = CHARDEV(obj);

    if (chr->attached && chr->fe.gone) {
        chr->fe.gone(chr->fe.opaque);
    }
    g_mutex_clear(&CHARDEV(obj)->lock);
    if (chr->log_fd >= 0) {
        close(chr->log_fd);
    }
    g_free(CHARDEV(obj)->ring);
}

static bool open_log(Object *obj, const Property *prop, Error **errp)
{
    Chardev *chr = CHARDEV(obj);
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK;

    if (chr->log_fd >= 0) {
        close(chr->log_fd);
        chr->log_fd = -1;
    }
    if (!chr->log_path) {
        return true;
    }
    chr->log_fd = open(chr->log_path, flags | (chr->log_append ? O_APPEND : O_TRUNC), 0666);
    if (chr->log_fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", chr->log_path);
        return false;
    }
    return true;
}

static const Property chardev_props[] = {
    { PROP_(prop_bool, "logappend", Chardev, log_append),
      .help = "keep what the log file holds (before logfile=)" },
    { PROP_(prop_str, "logfile", Chardev, log_path), .changed = open_log,
      .help = "file that a copy of the output is written to" },
    PROP_END,
};

static bool chardev_can_delete(Object *obj, Error **errp)
{
    bool in_use = chardev_in_use(CHARDEV(obj));

    if (in_use) {
        error_setg(errp, "chardev '%s' is in use", obj->name);
    }
    return !in_use;
}

static void chardev_class_init(ObjectClass *klass, const void *data)
{
    klass->props = chardev_props;
    user_creatable_set_can_delete(klass, chardev_can_delete);
}

static const char *const chardev_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo chardev_info = {
    .name = TYPE_CHARDEV,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(Chardev),
    .class_size = sizeof(ChardevClass),
    .abstract = true,
    .class_init = chardev_class_init,
    .instance_init = chardev_init,
    .instance_finalize = chardev_finalize,
    .interfaces = chardev_interfaces,
};
type_init(chardev_info);
