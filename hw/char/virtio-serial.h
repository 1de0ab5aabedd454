/*
 * What virtio-serial-device and its ports share. All of it is guarded by the virtio device's lock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CHAR_VIRTIO_SERIAL_H
#define VIREO_HW_CHAR_VIRTIO_SERIAL_H

#include "backend/chardev.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_SERIAL "virtio-serial-device"
#define TYPE_VIRTIO_SERIAL_BUS "virtio-serial-bus"
#define TYPE_VIRTIO_SERIAL_PORT "virtio-serial-port"
OBJECT_DECLARE_SIMPLE(VirtIOSerial, VIRTIO_SERIAL, TYPE_VIRTIO_SERIAL)
OBJECT_DECLARE(VirtIOSerialPort, VirtIOSerialPortClass, VIRTIO_SERIAL_PORT,
               TYPE_VIRTIO_SERIAL_PORT)

/* A pair of queues each, and a pair for control. */
#define VIRTIO_SERIAL_MAX_PORTS (VIRTIO_MAX_QUEUES / 2 - 1)
#define VIRTIO_SERIAL_AUTO UINT32_MAX

/* What the driver is still to be told of a port, in this order. */
enum {
    TELL_ADD = 1 << 0,
    TELL_CONSOLE = 1 << 1,
    TELL_NAME = 1 << 2,
    TELL_OPEN = 1 << 3, /* whether the host's side is open: the state when it is told */
    TELL_ALL = TELL_ADD | TELL_CONSOLE | TELL_NAME | TELL_OPEN,
};

struct VirtIOSerial {
    VirtIODevice parent_obj;
    uint32_t max_ports;
    bool emergency_write;

    VirtQueue *control_in, *control_out;
    VirtIOSerialPort *ports[VIRTIO_SERIAL_MAX_PORTS]; /* by number */
    bool ready;                                       /* the driver can be told of ports */
    uint8_t removed[VIRTIO_SERIAL_MAX_PORTS];         /* ports to tell it of that are gone */
};

struct VirtIOSerialPort {
    DeviceState parent_obj;
    uint32_t nr;     /* property; settled at realize */
    bool nr_was_auto;
    char *name;
    Object *chardev;

    VirtIOSerial *serial;
    VirtQueue *in, *out;
    bool host_open;
    bool guest_open;
    uint8_t tell;      /* TELL_ */
    uint64_t out_done; /* bytes of the chain at the head of `out` that were written */
    bool input_held;   /* input waits for the driver */
};

struct VirtIOSerialPortClass {
    DeviceClass parent_class;
    bool is_console;
};

static inline bool virtio_serial_port_is_console(VirtIOSerialPort *port)
{
    return VIRTIO_SERIAL_PORT_GET_CLASS(port)->is_console;
}

/* Takes the port into the device; settles its number. */
bool virtio_serial_add_port(VirtIOSerial *s, VirtIOSerialPort *port, Error **errp);
void virtio_serial_remove_port(VirtIOSerialPort *port);
/* Tells the driver what it is still to be told, as far as it has given buffers. */
void virtio_serial_tell(VirtIOSerial *s);

/* The driver has given buffers to read from, or to fill. */
void virtio_serial_port_output(VirtIOSerialPort *port);
void virtio_serial_port_input(VirtIOSerialPort *port);
void virtio_serial_port_guest_open(VirtIOSerialPort *port, bool open);
/* As after a reset of the device by its driver. */
void virtio_serial_port_guest_reset(VirtIOSerialPort *port);

#endif
