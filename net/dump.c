/*
 * -object filter-dump: the frames of a network, into a file that tcpdump and Wireshark read.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/net-int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hw/core/clock.h"
#include "qom/property.h"
#include "qom/user-creatable.h"

#define TYPE_FILTER_DUMP "filter-dump"
OBJECT_DECLARE_SIMPLE(FilterDump, FILTER_DUMP, TYPE_FILTER_DUMP)

enum { QUEUE_ALL, QUEUE_RX, QUEUE_TX };

struct FilterDump {
    Object parent_obj;
    Object *netdev;
    char *file;
    uint32_t maxlen;
    int queue;
    bool on;

    NetFilter filter;
    NetBackend *nb; /* referenced; NULL until complete */
    int fd;
};

/* The file format: headers in the writer's byte order, which the magic number tells. */
struct pcap_file {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, sigfigs, snaplen, linktype;
};
struct pcap_record {
    uint32_t sec, usec, caplen, len;
};
#define PCAP_MAGIC 0xa1b2c3d4
#define LINKTYPE_ETHERNET 1

/* Each frame with one write, so that nothing is missing however the process ends. */
static void dump_frame(NetFilter *f, bool from_guest, const uint8_t *data, size_t len)
{
    FilterDump *d = (FilterDump *)((char *)f - offsetof(FilterDump, filter));
    int64_t now = clock_get_ns(CLOCK_HOST);
    struct pcap_record rec = { now / 1000000000, now % 1000000000 / 1000, MIN(len, d->maxlen),
                               len };
    struct iovec iov[2] = { { &rec, sizeof(rec) }, { (void *)data, rec.caplen } };
    ssize_t n;

    /* As seen from the network: the guest transmits what it receives there. */
    if (!d->on || d->fd < 0 || d->queue == (from_guest ? QUEUE_TX : QUEUE_RX)) {
        return;
    }
    n = writev(d->fd, iov, 2);
    if (n != (ssize_t)(sizeof(rec) + rec.caplen)) {
        error_report("%s '%s': cannot write to '%s': %s; no more frames are kept",
                     TYPE_FILTER_DUMP, d->parent_obj.name, d->file,
                     n < 0 ? strerror(errno) : "no space");
        close(d->fd);
        d->fd = -1;
    }
}

static bool dump_complete(Object *obj, Error **errp)
{
    FilterDump *d = FILTER_DUMP(obj);
    struct pcap_file head = { .magic = PCAP_MAGIC, .major = 2, .minor = 4,
                              .snaplen = d->maxlen, .linktype = LINKTYPE_ETHERNET };

    if (!d->netdev || !d->file || !*d->file) {
        error_setg(errp, "property '%s' is missing", d->netdev ? "file" : "netdev");
        return false;
    }
    d->fd = open(d->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (d->fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", d->file);
        return false;
    }
    if (write(d->fd, &head, sizeof(head)) != (ssize_t)sizeof(head)) {
        error_setg_errno(errp, errno, "cannot write to '%s'", d->file);
        return false;
    }
    d->nb = NETDEV(d->netdev);
    net_add_filter(d->nb, &d->filter);
    return true;
}

static void dump_init(Object *obj)
{
    FILTER_DUMP(obj)->fd = -1;
    FILTER_DUMP(obj)->filter.frame = dump_frame;
}

static void dump_finalize(Object *obj)
{
    FilterDump *d = FILTER_DUMP(obj);

    if (d->nb) {
        net_remove_filter(d->nb, &d->filter);
    }
    if (d->fd >= 0) {
        close(d->fd);
    }
}

static const EnumName queue_names[] = {
    { "all", QUEUE_ALL, NULL }, { "rx", QUEUE_RX, "from the guest" },
    { "tx", QUEUE_TX, "to the guest" }, { NULL },
};

static const Property dump_props[] = {
    PROP_LINK("netdev", FilterDump, netdev, TYPE_NETDEV, "/netdevs", "the network (-netdev id=)"),
    PROP_STR("file", FilterDump, file, NULL, "file to write, in the format pcap"),
    PROP_U32("maxlen", FilterDump, maxlen, 65536, 1, 1 << 20, "bytes kept of each frame"),
    PROP_ENUM("queue", FilterDump, queue, QUEUE_ALL, queue_names, "which direction"),
    { PROP_(prop_bool, "status", FilterDump, on), .def.u = 1, .flags = PROP_LATE,
      .help = "on, or off for a pause" },
    PROP_END
};

static void dump_class_init(ObjectClass *klass, const void *data)
{
    klass->props = dump_props;
    user_creatable_set_complete(klass, dump_complete);
    user_creatable_set_late(klass);
}

static const char *const dump_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo dump_type = {
    .name = TYPE_FILTER_DUMP,
    .parent = TYPE_OBJECT,
    .desc = "writes the frames of a network to a file",
    .instance_size = sizeof(FilterDump),
    .class_init = dump_class_init,
    .instance_init = dump_init,
    .instance_finalize = dump_finalize,
    .interfaces = dump_interfaces,
};
type_init(dump_type);
