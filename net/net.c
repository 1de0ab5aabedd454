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
    f->queue = 0;
    f->off = (NetOffload){ 0 };
    return f;
}

/* ---- Frame queues ---- */

static bool queue_full(const FrameQueue *q)
{
    return q->q.length >= q->max || q->bytes >= NET_MAX_QUEUED_BYTES;
}

static void queue_push(FrameQueue *q, Frame *f)
{
    q->bytes += f->len;
    g_queue_push_tail(&q->q, f);
}

static Frame *queue_pop(FrameQueue *q)
{
    Frame *f = g_queue_pop_head(&q->q);

    q->bytes -= f ? f->len : 0;
    return f;
}

static void queue_clear(FrameQueue *q)
{
    Frame *f;

    while ((f = queue_pop(q))) {
        g_free(f);
    }
}

/* ---- The card ---- */

bool net_attach(NetBackend *nb, const NetFrontend *fe, Error **errp)
{
    if (nb->attached) {
        error_setg(errp, "netdev '%s' is in use by another network card", nb->parent_obj.name);
        return false;
    }
    nb->attached = true;
    nb->fe = *fe;
    nb->owner = g_strdup(fe->name ? fe->name : "");
    nb->fe.name = nb->owner;
    return true;
}

void net_detach(NetBackend *nb, void *opaque)
{
    if (nb->attached && nb->fe.opaque == opaque) {
        nb->attached = false;
        memset(&nb->fe, 0, sizeof(nb->fe));
        g_clear_pointer(&nb->owner, g_free);
        queue_clear(&nb->to_guest);
        net_set_accept(nb, 0);
        net_set_queues(nb, 1);
    }
}

unsigned net_queues(const NetBackend *nb)
{
    return nb->queues;
}

void net_set_accept(NetBackend *nb, uint32_t accept)
{
    NetBackendClass *nc = NETDEV_GET_CLASS(nb);

    __atomic_store_n(&nb->accept, accept, __ATOMIC_RELAXED);
    if (nc->set_accept) {
        nc->set_accept(nb, accept);
    }
}

void net_set_queues(NetBackend *nb, unsigned queues)
{
    NetBackendClass *nc = NETDEV_GET_CLASS(nb);

    if (nc->set_queues) {
        nc->set_queues(nb, queues);
    }
}

/* Lock held. */
static void wake(NetBackend *nb)
{
    if (nb->source) {
        g_source_set_ready_time(nb->source, 0);
    }
}

bool net_send(NetBackend *nb, unsigned queue, const NetOffload *off, const struct iovec *iov,
              int cnt)
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
    f->queue = queue;
    if (off) {
        f->off = *off;
    }
    len = 0;
    for (int i = 0; i < cnt; i++) {
        memcpy(f->data + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    g_mutex_lock(&nb->lock);
    ok = !queue_full(&nb->to_net);
    if (ok) {
        queue_push(&nb->to_net, f);
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

/* ---- For the monitor ---- */

char *net_describe(NetBackend *nb)
{
    NetBackendClass *nc = NETDEV_GET_CLASS(nb);

    return nc->describe ? nc->describe(nb) : g_strdup(object_type_name(nb));
}

const char *net_owner(const NetBackend *nb)
{
    return nb->owner;
}

bool net_link_up(const NetBackend *nb)
{
    return !nb->link_down;
}

void net_set_link(NetBackend *nb, bool up)
{
    if (nb->link_down != !up) {
        nb->link_down = !up;
        if (nb->fe.link) {
            nb->fe.link(nb->fe.opaque, up);
        }
    }
}

void net_announce(NetBackend *nb)
{
    if (nb->fe.announce) {
        nb->fe.announce(nb->fe.opaque);
    }
}

/* ---- From the guest ---- */

static void show_filters(NetBackend *nb, bool from_guest, const uint8_t *data, size_t len)
{
    for (guint i = 0; i < nb->filters->len; i++) {
        NetFilter *f = g_ptr_array_index(nb->filters, i);

        f->frame(f, from_guest, data, len);
    }
}

/* The next segment of the frame being cut, or NULL when it is done with. */
static Frame *next_segment(NetBackend *nb)
{
    Frame *f = frame_new(net_segments_room(&nb->segments));

    f->len = net_segments_next(&nb->segments, f->data);
    f->queue = nb->cut->queue;
    if (f->len) {
        return f;
    }
    g_free(f);
    g_clear_pointer(&nb->cut, g_free);
    return NULL;
}

static Frame *take_any(NetBackend *nb)
{
    for (;;) {
        Frame *f = nb->cut ? next_segment(nb) : NULL;

        if (f) {
            return f;
        }
        g_mutex_lock(&nb->lock);
        f = queue_pop(&nb->to_net);
        g_mutex_unlock(&nb->lock);
        if (!f || nb->vnet || !net_offload_pending(&f->off)) {
            return f;
        }
        /* Cut only now, so that what waits stays as small as it came. */
        if (net_segments_begin(&nb->segments, &f->off, f->data, f->len)) {
            nb->cut = f;
        } else {
            g_free(f);
        }
    }
}

Frame *net_take(NetBackend *nb)
{
    Frame *f;

    while ((f = take_any(nb))) {
        if (!nb->link_down) {
            show_filters(nb, true, f->data, f->len);
            return f;
        }
        g_free(f);
    }
    return NULL;
}

/* ---- To the guest ---- */

static void deliver(NetBackend *nb, unsigned queue, const NetOffload *off, const uint8_t *buf,
                    size_t len)
{
    Frame *f;

    if (!nb->to_guest.q.length && nb->fe.receive(nb->fe.opaque, queue, off, buf, len)) {
        return;
    }
    if (!queue_full(&nb->to_guest)) {
        f = frame_new(len);
        f->queue = queue;
        f->off = *off;
        memcpy(f->data, buf, len);
        queue_push(&nb->to_guest, f);
    }
}

static bool accepted(NetBackend *nb, const NetOffload *off)
{
    uint32_t need = off->flags & NET_F_NEEDS_CSUM ? NET_ACCEPT_CSUM : 0;

    switch (off->gso & ~NET_GSO_ECN) {
    case NET_GSO_TCPV4:
        need |= NET_ACCEPT_TSO4;
        break;
    case NET_GSO_TCPV6:
        need |= NET_ACCEPT_TSO6;
        break;
    case NET_GSO_UDP:
        need |= NET_ACCEPT_UFO;
        break;
    case NET_GSO_UDP_L4:
        need |= NET_ACCEPT_USO4 | NET_ACCEPT_USO6;
        break;
    }
    need |= off->gso & NET_GSO_ECN ? NET_ACCEPT_ECN : 0;
    return !(need & ~__atomic_load_n(&nb->accept, __ATOMIC_RELAXED));
}

void net_deliver_offload(NetBackend *nb, unsigned queue, const NetOffload *off, const uint8_t *buf,
                         size_t len)
{
    static const NetOffload none;
    NetSegments s;

    if (!nb->fe.receive || nb->link_down || len > NET_MAX_FRAME || len == 0) {
        return;
    }
    show_filters(nb, false, buf, len);
    if (!net_offload_pending(off)) {
        NetOffload valid = { .flags = NET_F_DATA_VALID };
        bool say = off && (off->flags & NET_F_DATA_VALID) &&
                   (__atomic_load_n(&nb->accept, __ATOMIC_RELAXED) & NET_ACCEPT_CSUM);

        deliver(nb, queue, say ? &valid : &none, buf, len);
    } else if (accepted(nb, off)) {
        deliver(nb, queue, off, buf, len);
    } else if (net_segments_begin(&s, off, buf, len)) {
        g_autofree uint8_t *out = g_malloc(net_segments_room(&s));
        size_t n;

        while ((n = net_segments_next(&s, out))) {
            deliver(nb, queue, &none, out, n);
        }
    }
}

void net_deliver(NetBackend *nb, const uint8_t *buf, size_t len)
{
    net_deliver_offload(nb, 0, NULL, buf, len);
}

bool net_congested(const NetBackend *nb)
{
    return nb->to_guest.q.length > 0;
}

void net_service(NetBackend *nb)
{
    bool starved, retry;

    g_mutex_lock(&nb->lock);
    starved = nb->starved && nb->to_net.q.length < nb->to_net.max / 2 &&
              nb->to_net.bytes < NET_MAX_QUEUED_BYTES / 2;
    if (starved) {
        nb->starved = false;
    }
    retry = nb->can_receive;
    nb->can_receive = false;
    g_mutex_unlock(&nb->lock);

    while (retry && nb->to_guest.q.length) {
        Frame *f = g_queue_peek_head(&nb->to_guest.q);

        /* The card may accept less than when the frame came: another driver. */
        if (nb->fe.receive && accepted(nb, &f->off) &&
            !nb->fe.receive(nb->fe.opaque, f->queue, &f->off, f->data, f->len)) {
            break;
        }
        g_free(queue_pop(&nb->to_guest));
    }
    if (starved && nb->fe.writable) {
        nb->fe.writable(nb->fe.opaque);
    }
}

void net_add_filter(NetBackend *nb, NetFilter *f)
{
    g_ptr_array_add(nb->filters, f);
}

void net_remove_filter(NetBackend *nb, NetFilter *f)
{
    g_ptr_array_remove(nb->filters, f);
}

/* ---- The object ---- */

static void net_instance_init(Object *obj)
{
    NetBackend *nb = NETDEV(obj);

    g_mutex_init(&nb->lock);
    g_queue_init(&nb->to_net.q);
    g_queue_init(&nb->to_guest.q);
    nb->to_net.max = MAX_TO_NET;
    nb->to_guest.max = MAX_TO_GUEST;
    nb->queues = 1;
    nb->filters = g_ptr_array_new();
}

static void net_instance_finalize(Object *obj)
{
    NetBackend *nb = NETDEV(obj);

    queue_clear(&nb->to_net);
    queue_clear(&nb->to_guest);
    g_free(nb->cut);
    g_free(nb->owner);
    g_ptr_array_unref(nb->filters);
    g_mutex_clear(&nb->lock);
}

static bool net_can_delete(Object *obj, Error **errp)
{
    NetBackend *nb = NETDEV(obj);

    if (nb->attached) {
        error_setg(errp, "netdev '%s' is in use by '%s'", obj->name, nb->owner);
    } else if (nb->filters->len) {
        error_setg(errp, "netdev '%s' is in use by a filter", obj->name);
    }
    return !nb->attached && !nb->filters->len;
}

static void net_class_init(ObjectClass *klass, const void *data)
{
    user_creatable_set_can_delete(klass, net_can_delete);
}

static const char *const net_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo net_type = {
    .name = TYPE_NETDEV,
    .parent = TYPE_OBJECT,
    .abstract = true,
    .instance_size = sizeof(NetBackend),
    .class_size = sizeof(NetBackendClass),
    .class_init = net_class_init,
    .instance_init = net_instance_init,
    .instance_finalize = net_instance_finalize,
    .interfaces = net_interfaces,
};
type_init(net_type);
