/*
 * virtio input devices: what keyboard, mouse and tablet share, and what each says of itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INPUT_VIRTIO_INPUT_H
#define VIREO_HW_INPUT_VIRTIO_INPUT_H

#include "backend/input.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_INPUT "virtio-input-device"
OBJECT_DECLARE(VirtIOInput, VirtIOInputClass, VIRTIO_INPUT, TYPE_VIRTIO_INPUT)

#define VIRTIO_INPUT_DATA_MAX 128 /* bytes of one answer of the configuration space */
#define VIRTIO_INPUT_PENDING 256

/* As the guest sees it, in host byte order. */
typedef struct VirtIOInputEvent {
    uint16_t type, code;
    uint32_t value;
} VirtIOInputEvent;

struct VirtIOInput {
    VirtIODevice parent_obj;
    char *serial;
    bool wheel_axis;

    InputDevice *input;
    VirtQueue *evt, *sts;

    uint8_t select, subsel;
    uint32_t leds;
    /* Events for which the driver has given no buffer yet: whole groups, oldest first. */
    uint32_t nr_pending;
    VirtIOInputEvent pending[VIRTIO_INPUT_PENDING];
};

/* Bits of one EV_BITS or PROP_BITS answer are set with this; codes beyond it do not exist. */
static inline void virtio_input_set_bit(uint8_t *bitmap, unsigned code)
{
    if (code < VIRTIO_INPUT_DATA_MAX * 8) {
        bitmap[code / 8] |= 1u << (code % 8);
    }
}

struct VirtIOInputClass {
    VirtIODeviceClass parent_class;
    const char *name;          /* ID_NAME */
    uint16_t product, version; /* ID_DEVIDS */
    unsigned kinds;            /* InputKind */
    /* Sets the bits of the codes of that type (EV_KEY ...) that the device can send or take. */
    void (*event_bits)(VirtIOInput *s, uint8_t type, uint8_t *bitmap);
};

#endif
