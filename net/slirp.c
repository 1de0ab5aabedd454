/*
 * -netdev user on libslirp, which is not thread-safe: all of it runs on the main thread, in one
 * source of the main loop that polls libslirp's sockets and takes what the guest sends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/net-int.h"

#include <errno.h>
#include <libslirp.h>
#include <string.h>

#include "hw/core/clock.h"
#include "util/bits.h"

/* The old name is deprecated since 4.9; a socket is an int here under both. */
#if SLIRP_CHECK_VERSION(4, 9, 0)
#define POLLFDS_FILL slirp_pollfds_fill_socket
#else
#define POLLFDS_FILL slirp_pollfds_fill
#endif

/* Frames of the guest taken in one round of the main loop. */
#define BATCH 256

typedef struct SlirpNet {
    GSource source; /* first */
    UserNet *un;
    Slirp *slirp;
    GPtrArray *polls;     /* GPollFD *, in the source; slot numbers are libslirp's indexes */
    guint used;           /* slots asked for in this round */
    int64_t deadline_us;  /* when libslirp wants to be called, INT64_MAX if not */
} SlirpNet;

typedef struct SlirpTimer {
    Timer timer;
    SlirpTimerCb cb;
    void *opaque;
} SlirpTimer;

/* ---- What libslirp asks of us ---- */

static ssize_t cb_send_packet(const void *buf, size_t len, void *opaque)
{
    SlirpNet *sn = opaque;

    net_deliver(&sn->un->parent_obj, buf, len);
    return len;
}

static void cb_guest_error(const char *msg, void *opaque)
{
    SlirpNet *sn = opaque;

    log_guest_error(&sn->un->limit, TYPE_NETDEV_USER, "%s", msg);
}

static int64_t cb_clock(void *opaque)
{
    return clock_get_ns(CLOCK_MONO);
}

static void timer_fired(void *opaque)
{
    SlirpTimer *t = opaque;

    t->cb(t->opaque);
}

static void *cb_timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
    SlirpTimer *t = g_new0(SlirpTimer, 1);

    t->cb = cb;
    t->opaque = cb_opaque;
    timer_init(&t->timer, CLOCK_MONO, timer_fired, t);
    return t;
}

static void cb_timer_free(void *timer, void *opaque)
{
    SlirpTimer *t = timer;

    timer_del(&t->timer);
    g_free(t);
}

static void cb_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    SlirpTimer *t = timer;

    timer_mod_ns(&t->timer, expire_ms * 1000000);
}

static void cb_register_fd(int fd, void *opaque)
{
}

static void cb_unregister_fd(int fd, void *opaque)
{
}

static void cb_notify(void *opaque)
{
    SlirpNet *sn = opaque;

    g_source_set_ready_time(&sn->source, 0);
}

static const SlirpCb callbacks = {
    .send_packet = cb_send_packet,
    .guest_error = cb_guest_error,
    .clock_get_ns = cb_clock,
    .timer_new = cb_timer_new,
    .timer_free = cb_timer_free,
    .timer_mod = cb_timer_mod,
    .register_poll_fd = cb_register_fd,
    .unregister_poll_fd = cb_unregister_fd,
    .notify = cb_notify,
};

/* ---- Polling ---- */

static const struct {
    int slirp;
    gushort glib;
} event_map[] = {
    { SLIRP_POLL_IN, G_IO_IN },   { SLIRP_POLL_OUT, G_IO_OUT }, { SLIRP_POLL_PRI, G_IO_PRI },
    { SLIRP_POLL_ERR, G_IO_ERR }, { SLIRP_POLL_HUP, G_IO_HUP },
};

/* Adding a descriptor to a source wakes the main loop, so the slots are changed only when
 * libslirp's set of sockets has changed. */
static int add_poll(int fd, int events, void *opaque)
{
    SlirpNet *sn = opaque;
    GPollFD *p;

    if (sn->used == sn->polls->len) {
        p = g_new0(GPollFD, 1);
        p->fd = fd;
        g_ptr_array_add(sn->polls, p);
        g_source_add_poll(&sn->source, p);
    }
    p = g_ptr_array_index(sn->polls, sn->used);
    if (p->fd != fd) {
        g_source_remove_poll(&sn->source, p);
        p->fd = fd;
        g_source_add_poll(&sn->source, p);
    }
    p->events = 0;
    p->revents = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(event_map); i++) {
        if (events & event_map[i].slirp) {
            p->events |= event_map[i].glib;
        }
    }
    return sn->used++;
}

static int get_revents(int idx, void *opaque)
{
    SlirpNet *sn = opaque;
    GPollFD *p = g_ptr_array_index(sn->polls, idx);
    int r = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(event_map); i++) {
        if (p->revents & event_map[i].glib) {
            r |= event_map[i].slirp;
        }
    }
    return r;
}

static void drop_polls(SlirpNet *sn, guint from)
{
    while (sn->polls->len > from) {
        GPollFD *p = g_ptr_array_steal_index(sn->polls, sn->polls->len - 1);

        g_source_remove_poll(&sn->source, p);
        g_free(p);
    }
}

static gboolean source_prepare(GSource *source, gint *timeout)
{
    SlirpNet *sn = (SlirpNet *)source;
    uint32_t ms = UINT32_MAX;

    sn->used = 0;
    POLLFDS_FILL(sn->slirp, &ms, add_poll, sn);
    drop_polls(sn, sn->used);
    if (ms >= INT32_MAX) {
        *timeout = -1;
        sn->deadline_us = INT64_MAX;
    } else {
        *timeout = ms;
        sn->deadline_us = g_source_get_time(source) + (int64_t)ms * 1000;
    }
    return FALSE;
}

static gboolean source_check(GSource *source)
{
    SlirpNet *sn = (SlirpNet *)source;

    for (guint i = 0; i < sn->polls->len; i++) {
        if (((GPollFD *)g_ptr_array_index(sn->polls, i))->revents) {
            return TRUE;
        }
    }
    return g_source_get_time(source) >= sn->deadline_us;
}

static gboolean source_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    SlirpNet *sn = (SlirpNet *)source;
    NetBackend *nb = &sn->un->parent_obj;
    unsigned n = 0;
    Frame *f;

    g_source_set_ready_time(source, -1);
    slirp_pollfds_poll(sn->slirp, 0, get_revents, sn);
    while (n < BATCH && (f = net_take(nb))) {
        slirp_input(sn->slirp, f->data, (int)f->len);
        g_free(f);
        n++;
    }
    net_service(nb);
    if (n == BATCH) {
        g_source_set_ready_time(source, 0); /* the rest after the other sources had their turn */
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
    .prepare = source_prepare,
    .check = source_check,
    .dispatch = source_dispatch,
};

/* ---- Start and stop ---- */

bool user_net_forward(UserNet *un, const HostFwd *f, bool on, Error **errp)
{
    SlirpNet *sn = un->impl;

    errno = 0;
    if (on && slirp_add_hostfwd(sn->slirp, f->udp, f->host_addr, f->host_port, f->guest_addr,
                                f->guest_port) < 0) {
        error_setg_errno(errp, errno ? errno : EADDRINUSE,
                         "cannot set up host forwarding rule '%s'", f->text);
        return false;
    }
    if (!on && slirp_remove_hostfwd(sn->slirp, f->udp, f->host_addr, f->host_port) < 0) {
        error_setg(errp, "there is no host forwarding rule '%s'", f->text);
        return false;
    }
    return true;
}

static bool add_forwards(UserNet *un, Error **errp)
{
    for (guint i = 0; un->hostfwd && i < un->hostfwd->len; i++) {
        if (!user_net_forward(un, g_ptr_array_index(un->hostfwd, i), true, errp)) {
            return false;
        }
    }
    return true;
}

bool user_net_start(UserNet *un, Error **errp)
{
    SlirpConfig cfg = {
        .version = 1,
        .restricted = un->restricted,
        .in_enabled = un->ipv4,
        .vnetwork = un->a_net,
        .vnetmask = un->a_mask,
        .vhost = un->a_host,
        .in6_enabled = un->ipv6,
        .vprefix_addr6 = un->a6_net,
        .vprefix_len = un->a6_prefix,
        .vhost6 = un->a6_host,
        .vhostname = un->hostname,
        .tftp_server_name = un->tftp_server_name,
        .tftp_path = un->tftp,
        .bootfile = un->bootfile,
        .vdhcp_start = un->a_dhcp,
        .vnameserver = un->a_dns,
        .vnameserver6 = un->a6_dns,
        .vdnssearch = un->dnssearch ? (const char **)un->dnssearch->pdata : NULL,
        .vdomainname = un->domainname,
    };
    SlirpNet *sn = (SlirpNet *)g_source_new(&source_funcs, sizeof(*sn));

    g_source_set_name(&sn->source, "slirp");
    sn->un = un;
    sn->polls = g_ptr_array_new();
    sn->deadline_us = INT64_MAX;
    un->impl = sn;
    sn->slirp = slirp_new(&cfg, &callbacks, sn);
    if (!sn->slirp) {
        error_setg(errp, "libslirp refuses this configuration");
        user_net_stop(un);
        return false;
    }
    if (!add_forwards(un, errp)) {
        user_net_stop(un);
        return false;
    }
    un->parent_obj.source = &sn->source;
    g_source_attach(&sn->source, NULL);
    return true;
}

void user_net_stop(UserNet *un)
{
    SlirpNet *sn = un->impl;

    if (!sn) {
        return;
    }
    g_mutex_lock(&un->parent_obj.lock);
    un->parent_obj.source = NULL;
    g_mutex_unlock(&un->parent_obj.lock);
    drop_polls(sn, 0);
    g_ptr_array_unref(sn->polls);
    if (sn->slirp) {
        slirp_cleanup(sn->slirp);
    }
    g_source_destroy(&sn->source);
    g_source_unref(&sn->source);
    un->impl = NULL;
}

char *user_net_info(UserNet *un)
{
    SlirpNet *sn = un->impl;

    return sn ? slirp_connection_info(sn->slirp) : NULL;
}
