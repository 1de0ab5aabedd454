/*
 * -netdev tap: a network interface of the host. The kernel does the offloads, through the header in
 * front of each frame; several queues are several descriptors of one interface.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/bits.h"
#include "util/keyval.h"

#define TYPE_NETDEV_TAP "netdev-tap"
OBJECT_DECLARE_SIMPLE(TapNet, TAP_NET, TYPE_NETDEV_TAP)

#define TUN_DEVICE "/dev/net/tun"
#define DEFAULT_SCRIPT "/etc/qemu-ifup"
#define DEFAULT_DOWNSCRIPT "/etc/qemu-ifdown"
#define TAP_MAX_QUEUES 256
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* In front of each frame, in the host's byte order. */
typedef struct TapHeader {
    uint8_t flags, gso;
    uint16_t hdr_len, gso_size, csum_start, csum_offset;
} TapHeader;

struct TapNet {
    NetBackend parent_obj;
    char *ifname, *script, *downscript, *fd, *fds, *br, *helper;
    bool vhost, vnet_hdr;
    uint32_t queues;
    uint64_t sndbuf;

    char name[IFNAMSIZ]; /* of the interface */
    bool ours;           /* made by us: scripts are run */
    int *fd_of;          /* by queue */
    gpointer *tag_of;
    unsigned nr;
    GSource *source;
    Frame *out;          /* what the interface had no room for */
};

/* ---- Frames ---- */

static void receive(TapNet *t, unsigned queue, uint8_t *buf)
{
    for (unsigned n = 0; n < NET_BATCH && !net_congested(&t->parent_obj); n++) {
        TapHeader h = { 0 };
        struct iovec iov[2] = { { &h, sizeof(h) }, { buf, NET_MAX_FRAME } };
        int front = t->parent_obj.vnet ? 0 : 1;
        ssize_t len = readv(t->fd_of[queue], iov + front, 2 - front);
        NetOffload off = { .flags = h.flags, .gso = h.gso, .hdr_len = h.hdr_len,
                           .gso_size = h.gso_size, .csum_start = h.csum_start,
                           .csum_offset = h.csum_offset };

        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len < 0 && errno == EBADFD) {
            /* The interface was deleted: poll() would report that for ever. */
            g_source_remove_unix_fd(t->source, t->tag_of[queue]);
            t->tag_of[queue] = NULL;
            return;
        }
        len -= front ? 0 : (ssize_t)sizeof(h);
        if (len <= 0) {
            return;
        }
        net_deliver_offload(&t->parent_obj, queue, &off, buf, len);
    }
    g_source_set_ready_time(t->source, 0);
}

/* False: no room now. */
static bool send_one(TapNet *t, const Frame *f)
{
    TapHeader h = { .flags = f->off.flags, .gso = f->off.gso, .hdr_len = f->off.hdr_len,
                    .gso_size = f->off.gso_size, .csum_start = f->off.csum_start,
                    .csum_offset = f->off.csum_offset };
    struct iovec iov[2] = { { &h, sizeof(h) }, { (void *)f->data, f->len } };
    int front = t->parent_obj.vnet ? 0 : 1;
    ssize_t n;

    do {
        n = writev(t->fd_of[f->queue % t->nr], iov + front, 2 - front);
    } while (n < 0 && errno == EINTR);
    return n >= 0 || errno != EAGAIN; /* other errors: the kernel did not like the frame */
}

static void transmit(TapNet *t)
{
    for (unsigned n = 0; n < NET_BATCH; n++) {
        if (!t->out) {
            t->out = net_take(&t->parent_obj);
        }
        if (!t->out || !send_one(t, t->out)) {
            return;
        }
        g_clear_pointer(&t->out, g_free);
    }
    g_source_set_ready_time(t->source, 0);
}

static void ready(void *opaque)
{
    TapNet *t = opaque;
    NetBackend *nb = &t->parent_obj;
    g_autofree uint8_t *buf = g_malloc(NET_MAX_FRAME);

    net_service(nb);
    for (unsigned i = 0; i < t->nr && !net_congested(nb); i++) {
        if (t->tag_of[i]) {
            receive(t, i, buf);
        }
    }
    transmit(t);
    net_service(nb);
    for (unsigned i = 0; i < t->nr; i++) {
        if (!t->tag_of[i]) {
            continue;
        }
        g_source_modify_unix_fd(t->source, t->tag_of[i],
                                (net_congested(nb) ? 0 : G_IO_IN) |
                                (t->out && t->out->queue % t->nr == i ? G_IO_OUT : 0));
    }
}

/* ---- What the card accepts; any thread ---- */

static void tap_set_accept(NetBackend *nb, uint32_t accept)
{
    static const struct {
        uint32_t accept;
        unsigned tun;
    } map[] = {
        { NET_ACCEPT_CSUM, TUN_F_CSUM }, { NET_ACCEPT_TSO4, TUN_F_TSO4 },
        { NET_ACCEPT_TSO6, TUN_F_TSO6 }, { NET_ACCEPT_ECN, TUN_F_TSO_ECN },
        { NET_ACCEPT_UFO, TUN_F_UFO },
    };
    TapNet *t = TAP_NET(nb);
    unsigned flags = 0, uso = 0;

    for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
        flags |= accept & map[i].accept ? map[i].tun : 0;
    }
    if (!(flags & TUN_F_CSUM)) {
        flags = 0; /* the kernel insists: segments need checksums */
    }
    /* Kernels take both or none; old ones do not know them, nor, since 4.14, do some know UFO. */
    if ((accept & NET_ACCEPT_USO4) && (accept & NET_ACCEPT_USO6) && flags) {
        uso = TUN_F_USO4 | TUN_F_USO6;
    }
    for (unsigned i = 0; i < t->nr && nb->vnet; i++) {
        if (ioctl(t->fd_of[i], TUNSETOFFLOAD, flags | uso) &&
            ioctl(t->fd_of[i], TUNSETOFFLOAD, flags) &&
            ioctl(t->fd_of[i], TUNSETOFFLOAD, flags & ~TUN_F_UFO)) {
            ioctl(t->fd_of[i], TUNSETOFFLOAD, 0);
        }
    }
}

/* The kernel spreads frames over attached queues only. */
static void tap_set_queues(NetBackend *nb, unsigned queues)
{
    TapNet *t = TAP_NET(nb);

    for (unsigned i = 0; i < t->nr && t->nr > 1; i++) {
        struct ifreq ifr = { .ifr_flags = i < queues ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE };

        ioctl(t->fd_of[i], TUNSETQUEUE, &ifr); /* fails if it is so already */
    }
}

/* ---- Opening ---- */

static bool setup_fd(TapNet *t, int fd, bool vnet, Error **errp)
{
    int size = sizeof(TapHeader), sndbuf = t->sndbuf ? (int)MIN(t->sndbuf, INT32_MAX) : INT32_MAX;

    if (vnet && ioctl(fd, TUNSETVNETHDRSZ, &size)) {
        error_setg_errno(errp, errno, "cannot set the size of the frame header");
        return false;
    }
    ioctl(fd, TUNSETSNDBUF, &sndbuf);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    t->fd_of[t->nr++] = fd;
    return true;
}

static bool open_queue(TapNet *t, Error **errp)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", TUN_DEVICE);
        return false;
    }
    ifr.ifr_flags |= t->vnet_hdr ? IFF_VNET_HDR : 0;
    ifr.ifr_flags |= t->queues > 1 ? IFF_MULTI_QUEUE : 0;
    g_strlcpy(ifr.ifr_name, t->name[0] ? t->name : t->ifname ? t->ifname : "tap%d", IFNAMSIZ);
    if (ioctl(fd, TUNSETIFF, &ifr)) {
        error_setg_errno(errp, errno, "cannot make the interface '%s'%s", ifr.ifr_name,
                         errno == EPERM ? " (that needs the capability NET_ADMIN, or an "
                                          "interface made for this user)" : "");
        close(fd);
        return false;
    }
    g_strlcpy(t->name, ifr.ifr_name, IFNAMSIZ);
    t->ours = true;
    if (!setup_fd(t, fd, t->vnet_hdr, errp)) {
        close(fd);
        return false;
    }
    t->parent_obj.vnet = t->vnet_hdr;
    return true;
}

static bool take_fd(TapNet *t, const char *key, const char *text, Error **errp)
{
    struct ifreq ifr = { 0 };
    uint64_t fd;

    if (!parse_u64(key, text, 0, INT32_MAX, &fd, errp)) {
        return false;
    }
    if (ioctl((int)fd, TUNGETIFF, &ifr) || !(ifr.ifr_flags & IFF_TAP)) {
        error_setg(errp, "%s=%s: the descriptor is no tap interface", key, text);
        return false;
    }
    if (t->nr && t->parent_obj.vnet != !!(ifr.ifr_flags & IFF_VNET_HDR)) {
        error_setg(errp, "%s=%s: the descriptors differ in IFF_VNET_HDR", key, text);
        return false;
    }
    g_strlcpy(t->name, ifr.ifr_name, IFNAMSIZ);
    t->parent_obj.vnet = ifr.ifr_flags & IFF_VNET_HDR;
    return setup_fd(t, (int)fd, t->parent_obj.vnet, errp);
}

static bool check_options(TapNet *t, Error **errp)
{
    if (t->vhost) {
        error_setg(errp, "vhost=on is not supported");
    } else if (t->br || t->helper) {
        error_setg(errp, "'%s' is not supported: make the interface and its bridge before, and "
                   "give ifname=", t->br ? "br" : "helper");
    } else if (t->fd && t->fds) {
        error_setg(errp, "'fd' and 'fds' exclude each other");
    } else if ((t->fd || t->fds) && (t->ifname || t->script || t->downscript || t->queues > 1)) {
        error_setg(errp, "'%s' excludes 'ifname', 'script', 'downscript' and 'queues'",
                   t->fd ? "fd" : "fds");
    } else if (t->ifname && (!*t->ifname || strlen(t->ifname) >= IFNAMSIZ)) {
        error_setg(errp, "ifname=%s: a name has 1 to %d characters", t->ifname, IFNAMSIZ - 1);
    } else {
        return true;
    }
    return false;
}

static bool open_all(TapNet *t, Error **errp)
{
    g_auto(GStrv) list = t->fds ? g_strsplit(t->fds, ":", -1) : NULL;
    guint n = list ? g_strv_length(list) : t->fd ? 1 : t->queues;

    if (n == 0 || n > TAP_MAX_QUEUES) {
        error_setg(errp, "'fds' has %u descriptors, expected 1 to %u", n, TAP_MAX_QUEUES);
        return false;
    }
    t->fd_of = g_new(int, n);
    for (guint i = 0; i < n; i++) {
        if (!(list ? take_fd(t, "fds", list[i], errp) : t->fd ? take_fd(t, "fd", t->fd, errp)
                   : open_queue(t, errp))) {
            return false;
        }
    }
    return true;
}

/* The script gets the interface's name. One that is not named is run if it is there. */
static bool run_script(TapNet *t, const char *named, const char *standard, Error **errp)
{
    const char *script = named ? named : standard;
    char *argv[] = { (char *)script, t->name, NULL };
    GError *err = NULL;
    int status;

    if (!t->ours || !*script || !strcmp(script, "no") || (!named && access(script, X_OK))) {
        return true;
    }
    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &err)) {
        error_setg(errp, "cannot run the script '%s': %s", script, err->message);
        g_error_free(err);
        return false;
    }
    if (status) {
        error_setg(errp, "the script '%s' failed for interface '%s'", script, t->name);
    }
    return status == 0;
}

static bool tap_complete(Object *obj, Error **errp)
{
    TapNet *t = TAP_NET(obj);

    if (!check_options(t, errp) || !open_all(t, errp) ||
        !run_script(t, t->script, DEFAULT_SCRIPT, errp)) {
        return false;
    }
    t->parent_obj.queues = t->nr;
    t->tag_of = g_new(gpointer, t->nr);
    t->source = net_source_new("net-tap", ready, t);
    for (unsigned i = 0; i < t->nr; i++) {
        t->tag_of[i] = g_source_add_unix_fd(t->source, t->fd_of[i], G_IO_IN);
    }
    net_source_start(t->source, &t->parent_obj);
    net_set_accept(&t->parent_obj, 0);
    net_set_queues(&t->parent_obj, 1);
    return true;
}

static void tap_finalize(Object *obj)
{
    TapNet *t = TAP_NET(obj);
    Error *err = NULL;

    if (t->source && !run_script(t, t->downscript, DEFAULT_DOWNSCRIPT, &err)) {
        error_report_err(err);
    }
    net_source_stop(&t->source, &t->parent_obj);
    for (unsigned i = 0; i < t->nr; i++) {
        close(t->fd_of[i]);
    }
    g_free(t->fd_of);
    g_free(t->tag_of);
    g_free(t->out);
}

static char *tap_describe(NetBackend *nb)
{
    TapNet *t = TAP_NET(nb);

    return g_strdup_printf("tap,ifname=%s,queues=%u%s", t->name, t->nr,
                           nb->vnet ? "" : ",vnet_hdr=off");
}

static const Property tap_props[] = {
    PROP_STR("ifname", TapNet, ifname, NULL, "name of the interface; made if it is not there"),
    PROP_STR("script", TapNet, script, NULL,
             "program that sets the interface up, or no (default: " DEFAULT_SCRIPT
             " if it is there)"),
    PROP_STR("downscript", TapNet, downscript, NULL,
             "program run at the end, or no (default: " DEFAULT_DOWNSCRIPT " if it is there)"),
    PROP_STR("fd", TapNet, fd, NULL, "number of an open descriptor of an interface"),
    PROP_STR("fds", TapNet, fds, NULL, "the same for several queues, with colons between"),
    PROP_U32("queues", TapNet, queues, 1, 1, TAP_MAX_QUEUES, "queues of the interface"),
    PROP_BOOL("vnet_hdr", TapNet, vnet_hdr, true, "the host's kernel does the offloads"),
    PROP_BOOL("vhost", TapNet, vhost, false, "only off is supported"),
    PROP_SIZE("sndbuf", TapNet, sndbuf, 0, 0, 0, "bytes on their way; 0: no limit"),
    { PROP_(prop_str, "br", TapNet, br), .flags = PROP_HIDDEN },
    { PROP_(prop_str, "helper", TapNet, helper), .flags = PROP_HIDDEN },
    PROP_END
};

static void tap_class_init(ObjectClass *klass, const void *data)
{
    NetBackendClass *nc = NETDEV_CLASS(klass);

    klass->props = tap_props;
    nc->describe = tap_describe;
    nc->set_accept = tap_set_accept;
    nc->set_queues = tap_set_queues;
    user_creatable_set_complete(klass, tap_complete);
}

static const TypeInfo tap_type = {
    .name = TYPE_NETDEV_TAP,
    .parent = TYPE_NETDEV,
    .desc = "interface of the host's kernel",
    .instance_size = sizeof(TapNet),
    .class_init = tap_class_init,
    .instance_finalize = tap_finalize,
};
type_init(tap_type);
