/*
 * Network back ends: the queues between a card, on any thread, and the main loop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/net-int.h"

#include <string.h>

#include "qom/user-creatable.h"

/* Frames from the guest: more than a card's ring holds, so that one burst fits. */
#define MAX_TO_NET 2048
#define MAX_TO_GUEST 4096

static Frame *frame_new(size_t len)
{
    Frame *f = g_malloc(sizeof(*f) + len);

    f->len = len;
    return f;
}

bool net_attach(NetBackend *nb, const NetFrontend *fe, Error **errp)
{
    if (nb->attached) {
        error_setg(errp, "netdev '%s' is in use by another network card", nb->parent_obj.name);
        return false;
    }
    nb->attached = true;
    nb->fe = *fe;
    return true;
}

static void queue_clear(FrameQueue *q)
{
    Frame *f;

    while ((f = g_queue_pop_head(&q->q))) {
        g_free(f);
    }
}

void net_detach(NetBackend *nb, void *opaque)
{
    if (nb->attached && nb->fe.opaque == opaque) {
        nb->attached = false;
        memset(&nb->fe, 0, sizeof(nb->fe));
        queue_clear(&nb->to_guest);
    }
}

/* Lock held. */
static void wake(NetBackend *nb)
{
    if (nb->source) {
        g_source_set_ready_time(nb->source, 0);
    }
}

bool net_send(NetBackend *nb, const struct iovec *iov, int cnt)
{
    size_t len = 0;
    Frame *f;
    bool ok;

    for (int i = 0; i < cnt; i++) {
        len += iov[i].iov_len;
    }
    if (len > NET_MAX_FRAME || len == 0) {
        return true;
    }
    f = frame_new(len);
    len = 0;
    for (int i = 0; i < cnt; i++) {
        memcpy(f->data + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    g_mutex_lock(&nb->lock);
    ok = nb->to_net.q.length < nb->to_net.max;
    if (ok) {
        g_queue_push_tail(&nb->to_net.q, f);
    } else {
        nb->starved = true;
    }
    wake(nb);
    g_mutex_unlock(&nb->lock);
    if (!ok) {
        g_free(f);
    }
    return ok;
}

void net_can_receive(NetBackend *nb)
{
    g_mutex_lock(&nb->lock);
    nb->can_receive = true;
    wake(nb);
    g_mutex_unlock(&nb->lock);
}

char *net_describe(NetBackend *nb)
{
    NetBackendClass *nc = NETDEV_GET_CLASS(nb);

    return nc->describe ? nc->describe(nb) : g_strdup(object_type_name(nb));
}

Frame *net_take(NetBackend *nb)
{
    Frame *f;

    g_mutex_lock(&nb->lock);
    f = g_queue_pop_head(&nb->to_net.q);
    g_mutex_unlock(&nb->lock);
    return f;
}

void net_deliver(NetBackend *nb, const uint8_t *buf, size_t len)
{
    Frame *f;

    if (!nb->fe.receive || len > NET_MAX_FRAME) {
        return;
    }
    if (!nb->to_guest.q.length && nb->fe.receive(nb->fe.opaque, buf, len)) {
        return;
    }
    if (nb->to_guest.q.length < nb->to_guest.max) {
        f = frame_new(len);
        memcpy(f->data, buf, len);
        g_queue_push_tail(&nb->to_guest.q, f);
    }
}

void net_service(NetBackend *nb)
{
    bool starved, retry;

    g_mutex_lock(&nb->lock);
    starved = nb->starved && nb->to_net.q.length < nb->to_net.max / 2;
    if (starved) {
        nb->starved = false;
    }
    retry = nb->can_receive;
    nb->can_receive = false;
    g_mutex_unlock(&nb->lock);

    while (retry && nb->to_guest.q.length) {
        Frame *f = g_queue_peek_head(&nb->to_guest.q);

        if (nb->fe.receive && !nb->fe.receive(nb->fe.opaque, f->data, f->len)) {
            break;
        }
        g_free(g_queue_pop_head(&nb->to_guest.q));
    }
    if (starved && nb->fe.writable) {
        nb->fe.writable(nb->fe.opaque);
    }
}

static void net_instance_init(Object *obj)
{
    NetBackend *nb = NETDEV(obj);

    g_mutex_init(&nb->lock);
    g_queue_init(&nb->to_net.q);
    g_queue_init(&nb->to_guest.q);
    nb->to_net.max = MAX_TO_NET;
    nb->to_guest.max = MAX_TO_GUEST;
}

static void net_instance_finalize(Object *obj)
{
    NetBackend *nb = NETDEV(obj);

    queue_clear(&nb->to_net);
    queue_clear(&nb->to_guest);
    g_mutex_clear(&nb->lock);
}

static const char *const net_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo net_type = {
    .name = TYPE_NETDEV,
    .parent = TYPE_OBJECT,
    .abstract = true,
    .instance_size = sizeof(NetBackend),
    .class_size = sizeof(NetBackendClass),
    .instance_init = net_instance_init,
    .instance_finalize = net_instance_finalize,
    .interfaces = net_interfaces,
};
type_init(net_type);
