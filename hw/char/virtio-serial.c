/*
 * virtio-serial: consoles and ports (VIRTIO 1.3, 5.3). The queues, the control messages, the
 * configuration; virtio-serial-port.c has the ports.
 *
 * Control messages wait as flags of their port until the driver has a buffer for them, so none is
 * lost and none needs memory. Data waits in its queue, or in the character device.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/char/virtio-serial.h"

#include <string.h>

#include "util/byteorder.h"

#define VIRTIO_ID_CONSOLE 3

enum { F_SIZE = 0, F_MULTIPORT = 1, F_EMERG_WRITE = 2 };

enum {
    DEVICE_READY = 0,
    DEVICE_ADD = 1,
    DEVICE_REMOVE = 2,
    PORT_READY = 3,
    CONSOLE_PORT = 4,
    PORT_OPEN = 6,
    PORT_NAME = 7,
};
#define CONTROL_SIZE 8
#define NAME_MAX_LEN 255

enum { CFG_MAX_PORTS = 4, CFG_EMERG_WRITE = 8, CFG_SIZE = 12 };

/* Drivers fill whole rings with a page per entry. */
#define DATA_QUEUE_SIZE 128
#define CONTROL_QUEUE_SIZE 32

/* ---- Telling the driver ---- */

/* Sends one control message; false if there is no buffer for it. */
static bool send(VirtIOSerial *s, unsigned nr, unsigned event, unsigned value, const char *name)
{
    uint8_t msg[CONTROL_SIZE + NAME_MAX_LEN + 1] = { 0 };
    size_t len = CONTROL_SIZE;
    VirtQueueElement *e = virtqueue_pop(s->control_in, sizeof(*e));

    if (!e) {
        return false;
    }
    st32_le(msg, nr);
    st16_le(msg + 4, event);
    st16_le(msg + 6, value);
    if (name) {
        g_strlcpy((char *)msg + CONTROL_SIZE, name, NAME_MAX_LEN + 1);
        len += strlen((char *)msg + CONTROL_SIZE) + 1;
    }
    if (e->out_num || e->in_len < len) {
        virtio_error(&s->parent_obj, "control buffer of %u bytes, %zu are needed",
                     (unsigned)e->in_len, len);
        virtqueue_drop(s->control_in, e);
        g_free(e);
        return false;
    }
    iov_copy_in(e->in_sg, e->in_num, 0, msg, len);
    virtqueue_push(s->control_in, e, len);
    g_free(e);
    return true;
}

static bool tell_port(VirtIOSerial *s, VirtIOSerialPort *port)
{
    while (port->tell) {
        unsigned what = port->tell & -port->tell;
        bool sent;

        switch (what) {
        case TELL_ADD:
            sent = send(s, port->nr, DEVICE_ADD, 1, NULL);
            break;
        case TELL_CONSOLE:
            sent = send(s, port->nr, CONSOLE_PORT, 1, NULL);
            break;
        case TELL_NAME:
            sent = send(s, port->nr, PORT_NAME, 1, port->name);
            break;
        default:
            sent = send(s, port->nr, PORT_OPEN, port->host_open, NULL);
            break;
        }
        if (!sent) {
            return false;
        }
        port->tell &= ~what;
    }
    return true;
}

void virtio_serial_tell(VirtIOSerial *s)
{
    if (!s->ready) {
        return;
    }
    for (unsigned i = 0; i < s->max_ports; i++) {
        if (s->removed[i]) {
            if (!send(s, i, DEVICE_REMOVE, 1, NULL)) {
                break;
            }
            s->removed[i] = false;
        }
        if (s->ports[i] && !tell_port(s, s->ports[i])) {
            break;
        }
    }
    virtqueue_notify(s->control_in);
}

/* ---- Queues ---- */

static void data_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerial *s = VIRTIO_SERIAL(vdev);
    VirtIOSerialPort *port = s->ports[vq->index < 2 ? 0 : vq->index / 2 - 1];

    if (!port) {
        return; /* what is in the queue of no port stays there until there is one, or a reset */
    }
    if (vq->index & 1) {
        virtio_serial_port_output(port);
    } else {
        virtio_serial_port_input(port);
    }
}

static void control_in_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    virtio_serial_tell(VIRTIO_SERIAL(vdev));
}

static void device_ready(VirtIOSerial *s, bool ok)
{
    s->ready = ok;
    for (unsigned i = 0; i < s->max_ports; i++) {
        if (s->ports[i]) {
            s->ports[i]->tell = ok ? TELL_ADD : 0;
        }
    }
}

static void port_ready(VirtIOSerialPort *port, bool ok)
{
    if (!ok) {
        device_guest_error(port, "the driver could not set up port %u", port->nr);
        return;
    }
    port->tell |= virtio_serial_port_is_console(port) ? TELL_CONSOLE : 0;
    port->tell |= port->name ? TELL_NAME : 0;
    port->tell |= port->host_open ? TELL_OPEN : 0;
}

static void control(VirtIOSerial *s, const uint8_t *msg)
{
    unsigned nr = ld32_le(msg), event = ld16_le(msg + 4), value = ld16_le(msg + 6);
    VirtIOSerialPort *port = nr < s->max_ports ? s->ports[nr] : NULL;

    if (event == DEVICE_READY) {
        device_ready(s, value);
    } else if (!port) {
        device_guest_error(s, "control message %u for port %u, which does not exist", event, nr);
    } else if (event == PORT_READY) {
        port_ready(port, value);
    } else if (event == PORT_OPEN) {
        virtio_serial_port_guest_open(port, value);
    } else {
        device_guest_error(s, "control message %u is not known", event);
    }
}

static void control_out_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerial *s = VIRTIO_SERIAL(vdev);

    for (unsigned n = 0;; n++) {
        uint8_t msg[CONTROL_SIZE];
        VirtQueueElement *e;

        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            break;
        }
        if (iov_copy_out(e->out_sg, e->out_num, 0, msg, sizeof(msg)) < sizeof(msg)) {
            virtio_error(vdev, "control message of %u bytes", (unsigned)e->out_len);
            virtqueue_drop(vq, e);
            g_free(e);
            return;
        }
        control(s, msg);
        virtqueue_push(vq, e, 0);
        g_free(e);
    }
    virtqueue_notify(vq);
    virtio_serial_tell(s);
}

/* ---- Ports ---- */

static bool choose_number(VirtIOSerial *s, VirtIOSerialPort *port, Error **errp)
{
    bool console = virtio_serial_port_is_console(port);

    if (port->nr != VIRTIO_SERIAL_AUTO) {
        if (port->nr >= s->max_ports) {
            error_setg(errp, "property 'nr' is %u, expected less than the %u of max_ports",
                       port->nr, s->max_ports);
            return false;
        }
        if (port->nr == 0 && !console) {
            error_setg(errp, "port number 0 is for a virtconsole");
            return false;
        }
        if (s->ports[port->nr]) {
            error_setg(errp, "port number %u is in use already", port->nr);
            return false;
        }
        return true;
    }
    for (unsigned i = console ? 0 : 1; i < s->max_ports; i++) {
        if (!s->ports[i]) {
            port->nr = i;
            port->nr_was_auto = true;
            return true;
        }
    }
    error_setg(errp, "no free port: max_ports is %u%s", s->max_ports,
               console ? "" : ", and port 0 is for a virtconsole");
    return false;
}

bool virtio_serial_add_port(VirtIOSerial *s, VirtIOSerialPort *port, Error **errp)
{
    unsigned first;

    if (!choose_number(s, port, errp)) {
        return false;
    }
    first = port->nr ? 2 * port->nr + 2 : 0;
    port->serial = s;
    port->in = virtio_queue(&s->parent_obj, first);
    port->out = virtio_queue(&s->parent_obj, first + 1);
    virtio_lock(&s->parent_obj);
    s->ports[port->nr] = port;
    port->tell = s->ready ? TELL_ADD : 0;
    virtio_serial_tell(s);
    virtio_unlock(&s->parent_obj);
    return true;
}

void virtio_serial_remove_port(VirtIOSerialPort *port)
{
    VirtIOSerial *s = port->serial;

    virtio_lock(&s->parent_obj);
    s->ports[port->nr] = NULL;
    s->removed[port->nr] = s->ready && !(port->tell & TELL_ADD);
    virtio_serial_tell(s);
    virtio_unlock(&s->parent_obj);
    if (port->nr_was_auto) {
        port->nr = VIRTIO_SERIAL_AUTO;
        port->nr_was_auto = false;
    }
}

/* ---- Features and configuration ---- */

static uint64_t serial_features(VirtIODevice *vdev)
{
    VirtIOSerial *s = VIRTIO_SERIAL(vdev);

    return (s->max_ports > 1 ? BIT_ULL(F_MULTIPORT) : 0) |
           (s->emergency_write ? BIT_ULL(F_EMERG_WRITE) : 0);
}

static void serial_get_config(VirtIODevice *vdev, uint8_t *c)
{
    st32_le(c + CFG_MAX_PORTS, VIRTIO_SERIAL(vdev)->max_ports);
}

static void serial_set_config(VirtIODevice *vdev, unsigned off, const uint8_t *buf, unsigned size)
{
    VirtIOSerial *s = VIRTIO_SERIAL(vdev);

    if (off != CFG_EMERG_WRITE || !s->emergency_write) {
        device_guest_error(s, "write of %u bytes at 0x%x of the configuration", size, off);
        return;
    }
    /* 5.3.4: at any time, to the first console there is. */
    for (unsigned i = 0; i < s->max_ports; i++) {
        VirtIOSerialPort *port = s->ports[i];

        if (port && virtio_serial_port_is_console(port)) {
            if (port->chardev) {
                chr_write(CHARDEV(port->chardev), buf, 1);
            }
            return;
        }
    }
}

/* ---- Life cycle ---- */

static void add_queue(VirtIODevice *vdev, unsigned size,
                      void (*handle)(VirtIODevice *vdev, VirtQueue *vq))
{
    VirtQueue *vq = virtio_add_queue(vdev, handle);

    vq->num = vq->num_max = size;
}

static int count_bus(Object *obj, void *opaque)
{
    *(unsigned *)opaque += object_dynamic_cast(obj, TYPE_VIRTIO_SERIAL_BUS) != NULL;
    return 0;
}

static void make_bus(DeviceState *dev)
{
    g_autofree char *name = NULL;
    unsigned n = 0;

    if (dev->buses->len) {
        return; /* realized before */
    }
    object_walk(object_root(), count_bus, &n);
    name = dev->id ? g_strdup_printf("%s.0", dev->id)
                   : g_strdup_printf(TYPE_VIRTIO_SERIAL_BUS ".%u", n);
    bus_new(TYPE_VIRTIO_SERIAL_BUS, dev, name);
}

static bool serial_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIOSerial *s = VIRTIO_SERIAL(vdev);

    /* 5.3.2: port 0, control, then the other ports. */
    for (unsigned i = 0; i <= s->max_ports; i++) {
        if (i == 1) {
            add_queue(vdev, CONTROL_QUEUE_SIZE, control_in_handle);
            add_queue(vdev, CONTROL_QUEUE_SIZE, control_out_handle);
        } else {
            add_queue(vdev, DATA_QUEUE_SIZE, data_handle);
            add_queue(vdev, DATA_QUEUE_SIZE, data_handle);
        }
    }
    s->control_in = virtio_queue(vdev, 2);
    s->control_out = virtio_queue(vdev, 3);
    make_bus(&vdev->parent_obj);
    return true;
}

static void serial_reset(VirtIODevice *vdev)
{
    VirtIOSerial *s = VIRTIO_SERIAL(vdev);

    for (unsigned i = 0; i < s->max_ports; i++) {
        if (s->ports[i]) {
            virtio_serial_port_guest_reset(s->ports[i]);
        }
    }
}

static const StateField serial_rows[] = {
    S_BOOL(VirtIOSerial, ready),
    S_BYTES(VirtIOSerial, removed, VIRTIO_SERIAL_MAX_PORTS),
    S_END
};
static const StateTable serial_state = { .name = TYPE_VIRTIO_SERIAL, .fields = serial_rows };

static const Property serial_props[] = {
    PROP_U32("max_ports", VirtIOSerial, max_ports, 31, 1, VIRTIO_SERIAL_MAX_PORTS,
             "most ports; 1: a single console"),
    PROP_BOOL("emergency-write", VirtIOSerial, emergency_write, true,
              "a register that prints a character"),
    PROP_END
};

static void serial_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    klass->props = serial_props;
    klass->state = &serial_state;
    vdc->parent_class.category = DEVICE_CATEGORY_BRIDGE;
    vdc->device_id = VIRTIO_ID_CONSOLE;
    vdc->config_len = CFG_SIZE;
    vdc->realize = serial_realize;
    vdc->get_features = serial_features;
    vdc->get_config = serial_get_config;
    vdc->set_config = serial_set_config;
    vdc->reset = serial_reset;
}

static const TypeInfo serial_types[] = {
    {
        .name = TYPE_VIRTIO_SERIAL_BUS,
        .parent = TYPE_BUS,
    },
    {
        .name = TYPE_VIRTIO_SERIAL,
        .parent = TYPE_VIRTIO_DEVICE,
        .desc = "virtio consoles and serial ports",
        .instance_size = sizeof(VirtIOSerial),
        .class_init = serial_class_init,
    },
};
type_init_array(serial_types);
