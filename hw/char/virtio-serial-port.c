/*
 * The ports of virtio-serial: virtconsole, which Linux calls hvcN, and virtserialport, a named
 * channel (/dev/vportNpM).
 *
 * Output that the character device does not take at once stays in the queue: the port remembers
 * how much of the chain at its head is written. Input waits in the character device until the
 * driver has buffers and, for a virtserialport, somebody in the guest has opened it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/char/virtio-serial.h"

/* Bytes of input taken at once. */
#define INPUT_MAX 4096

/* ---- From the guest ---- */

/* Writes the chain from where the last attempt ended; false if the peer is busy. */
static bool write_chain(VirtIOSerialPort *port, VirtQueueElement *e)
{
    uint64_t off = 0;

    for (unsigned i = 0; i < e->out_num; i++) {
        const struct iovec *v = &e->out_sg[i];
        size_t skip = port->out_done > off ? MIN(port->out_done - off, v->iov_len) : 0;
        size_t n = v->iov_len - skip;
        size_t took = n && port->chardev
            ? chr_write(CHARDEV(port->chardev), (const uint8_t *)v->iov_base + skip, n) : n;

        off += v->iov_len;
        if (took < n) {
            port->out_done = off - n + took;
            return false;
        }
    }
    port->out_done = 0;
    return true;
}

void virtio_serial_port_output(VirtIOSerialPort *port)
{
    VirtQueue *vq = port->out;

    for (unsigned n = 0;; n++) {
        VirtQueueElement *e;

        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            break;
        }
        if (!write_chain(port, e)) {
            virtqueue_unpop(vq, e); /* writable() goes on */
            break;
        }
        virtqueue_push(vq, e, 0);
        g_free(e);
    }
    virtqueue_notify(vq);
}

static void port_writable(void *opaque)
{
    VirtIOSerialPort *port = opaque;

    virtio_lock(&port->serial->parent_obj);
    if (virtio_queue_live(port->out)) {
        virtio_serial_port_output(port);
    }
    virtio_unlock(&port->serial->parent_obj);
}

/* ---- To the guest ---- */

void virtio_serial_port_input(VirtIOSerialPort *port)
{
    if (port->input_held) {
        port->input_held = false;
        chr_accept_input(CHARDEV(port->chardev));
    }
}

/* Lock held. Room in the next chain, which stays where it is. */
static size_t input_room(VirtIOSerialPort *port)
{
    VirtQueueElement *e;
    size_t room;

    if (!virtio_queue_live(port->in) || !port->guest_open) {
        return 0;
    }
    e = virtqueue_pop(port->in, sizeof(*e));
    if (!e) {
        return 0;
    }
    if (!e->in_num) {
        virtio_error(&port->serial->parent_obj, "port %u: input buffer that cannot be written",
                     port->nr);
    }
    room = MIN(e->in_len, INPUT_MAX);
    virtqueue_unpop(port->in, e);
    return room;
}

static size_t port_can_receive(void *opaque)
{
    VirtIOSerialPort *port = opaque;
    size_t room;

    virtio_lock(&port->serial->parent_obj);
    room = input_room(port);
    port->input_held = !room;
    virtio_unlock(&port->serial->parent_obj);
    return room;
}

static void port_receive(void *opaque, const uint8_t *buf, size_t len)
{
    VirtIOSerialPort *port = opaque;

    virtio_lock(&port->serial->parent_obj);
    /* More than one chain only if the driver has changed the one that was looked at. What finds no
     * room any more because of a reset is lost with the rest of the driver's past. */
    while (len) {
        VirtQueueElement *e = virtqueue_pop(port->in, sizeof(*e));
        size_t n;

        if (!e) {
            break;
        }
        n = iov_copy_in(e->in_sg, e->in_num, 0, buf, len);
        virtqueue_push(port->in, e, n);
        g_free(e);
        if (!n) {
            break;
        }
        buf += n;
        len -= n;
    }
    virtqueue_notify(port->in);
    virtio_unlock(&port->serial->parent_obj);
}

/* ---- Opening and closing ---- */

static void port_event(void *opaque, ChrEvent event)
{
    VirtIOSerialPort *port = opaque;
    bool open = event == CHR_EVENT_OPENED;

    if ((!open && event != CHR_EVENT_CLOSED) || virtio_serial_port_is_console(port)) {
        return; /* the host's end of a console is always open */
    }
    virtio_lock(&port->serial->parent_obj);
    if (port->host_open != open) {
        port->host_open = open;
        if (port->serial->ready) {
            port->tell |= TELL_OPEN;
            virtio_serial_tell(port->serial);
        }
    }
    virtio_unlock(&port->serial->parent_obj);
}

void virtio_serial_port_guest_open(VirtIOSerialPort *port, bool open)
{
    port->guest_open = open;
    if (open) {
        virtio_serial_port_input(port);
    }
}

void virtio_serial_port_guest_reset(VirtIOSerialPort *port)
{
    /* A driver that knows of one console only never says that it has opened it. */
    port->guest_open = virtio_serial_port_is_console(port);
    port->out_done = 0;
    port->tell = 0;
}

/* ---- Life cycle ---- */

static bool attach(VirtIOSerialPort *port, Error **errp)
{
    const ChrFrontend fe = {
        .can_receive = port_can_receive,
        .receive = port_receive,
        .event = port_event,
        .writable = port_writable,
        .opaque = port,
    };

    return !port->chardev || chr_attach(CHARDEV(port->chardev), &fe, errp);
}

static bool port_realize(DeviceState *dev, Error **errp)
{
    VirtIOSerialPort *port = VIRTIO_SERIAL_PORT(dev);
    VirtIOSerial *s = VIRTIO_SERIAL(dev->parent_bus->owner);

    port->host_open = port->guest_open = virtio_serial_port_is_console(port);
    if (!virtio_serial_add_port(s, port, errp)) {
        return false;
    }
    if (!attach(port, errp)) {
        virtio_serial_remove_port(port);
        return false;
    }
    return true;
}

static void port_unrealize(DeviceState *dev)
{
    VirtIOSerialPort *port = VIRTIO_SERIAL_PORT(dev);

    if (port->chardev) {
        chr_detach(CHARDEV(port->chardev), port);
    }
    virtio_serial_remove_port(port);
}

static void port_reset(DeviceState *dev)
{
    VirtIOSerialPort *port = VIRTIO_SERIAL_PORT(dev);

    virtio_lock(&port->serial->parent_obj);
    virtio_serial_port_guest_reset(port);
    virtio_unlock(&port->serial->parent_obj);
}

static char *port_describe(DeviceState *dev)
{
    VirtIOSerialPort *port = VIRTIO_SERIAL_PORT(dev);

    return g_strdup_printf("port %u, guest %s, host %s, throttle %s", port->nr,
                           port->guest_open ? "on" : "off", port->host_open ? "on" : "off",
                           port->out_done ? "on" : "off");
}

static const StateField port_rows[] = {
    S_BOOL(VirtIOSerialPort, guest_open),
    S_U8(VirtIOSerialPort, tell, .max = TELL_ALL),
    S_U64(VirtIOSerialPort, out_done, .max = VIRTQUEUE_MAX_BYTES),
    /* Of the host's side: as it is here and now. */
    S_BOOL(VirtIOSerialPort, host_open, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_BOOL(VirtIOSerialPort, input_held, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_END
};
static const StateTable port_state = { .name = TYPE_VIRTIO_SERIAL_PORT, .fields = port_rows };

static const Property port_props[] = {
    PROP_LINK("chardev", VirtIOSerialPort, chardev, TYPE_CHARDEV, "/chardevs",
              "the host's side (-chardev id=)"),
    PROP_U32("nr", VirtIOSerialPort, nr, VIRTIO_SERIAL_AUTO, 0, UINT32_MAX,
             "number of the port; 4294967295: the next"),
    PROP_STR("name", VirtIOSerialPort, name, NULL, "what the guest calls the port"),
    PROP_END
};

static void port_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = port_props;
    klass->state = &port_state;
    dc->bus_type = TYPE_VIRTIO_SERIAL_BUS;
    dc->category = DEVICE_CATEGORY_INPUT;
    dc->hotpluggable = true;
    dc->realize = port_realize;
    dc->unrealize = port_unrealize;
    dc->reset = port_reset;
    dc->describe = port_describe;
}

static void virtserialport_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->user_creatable = true;
}

static void virtconsole_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->user_creatable = true;
    VIRTIO_SERIAL_PORT_CLASS(klass)->is_console = true;
}

static const TypeInfo port_types[] = {
    {
        .name = TYPE_VIRTIO_SERIAL_PORT,
        .parent = TYPE_DEVICE,
        .abstract = true,
        .instance_size = sizeof(VirtIOSerialPort),
        .class_size = sizeof(VirtIOSerialPortClass),
        .class_init = port_class_init,
    },
    {
        .name = "virtserialport",
        .parent = TYPE_VIRTIO_SERIAL_PORT,
        .desc = "named serial port of a virtio-serial-device",
        .class_init = virtserialport_class_init,
    },
    {
        .name = "virtconsole",
        .parent = TYPE_VIRTIO_SERIAL_PORT,
        .desc = "console of a virtio-serial-device",
        .class_init = virtconsole_class_init,
    },
};
type_init_array(port_types);
