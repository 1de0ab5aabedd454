/*
 * virtio keyboard, mouse and tablet: what each of them can do.
 *
 * SPDX-License-Identifier: MIT
 */
#include <linux/input-event-codes.h>

#include "hw/input/virtio-input.h"

static const uint16_t buttons[] = { BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA };

/* ---- Keyboard ---- */

static void keyboard_bits(VirtIOInput *s, uint8_t type, uint8_t *bitmap)
{
    uint16_t code;

    switch (type) {
    case EV_KEY:
        for (unsigned i = 0; (code = input_key_at(i)); i++) {
            virtio_input_set_bit(bitmap, code);
        }
        break;
    case EV_REP: /* the guest's input core repeats the keys itself */
        virtio_input_set_bit(bitmap, REP_DELAY);
        virtio_input_set_bit(bitmap, REP_PERIOD);
        break;
    case EV_LED:
        virtio_input_set_bit(bitmap, LED_NUML);
        virtio_input_set_bit(bitmap, LED_CAPSL);
        virtio_input_set_bit(bitmap, LED_SCROLLL);
        break;
    }
}

static void keyboard_class_init(ObjectClass *klass, const void *data)
{
    VirtIOInputClass *ic = VIRTIO_INPUT_CLASS(klass);

    ic->name = "QEMU Virtio Keyboard";
    ic->product = 1;
    ic->version = 1;
    ic->kinds = INPUT_KEY;
    ic->event_bits = keyboard_bits;
}

/* ---- Pointers ---- */

static void button_bits(VirtIOInput *s, uint8_t *bitmap)
{
    for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++) {
        virtio_input_set_bit(bitmap, buttons[i]);
    }
    if (!s->wheel_axis) {
        virtio_input_set_bit(bitmap, BTN_GEAR_UP);
        virtio_input_set_bit(bitmap, BTN_GEAR_DOWN);
    }
}

static void mouse_bits(VirtIOInput *s, uint8_t type, uint8_t *bitmap)
{
    switch (type) {
    case EV_KEY:
        button_bits(s, bitmap);
        break;
    case EV_REL:
        virtio_input_set_bit(bitmap, REL_X);
        virtio_input_set_bit(bitmap, REL_Y);
        if (s->wheel_axis) {
            virtio_input_set_bit(bitmap, REL_WHEEL);
        }
        break;
    }
}

static void tablet_bits(VirtIOInput *s, uint8_t type, uint8_t *bitmap)
{
    switch (type) {
    case EV_KEY:
        button_bits(s, bitmap);
        break;
    case EV_REL:
        if (s->wheel_axis) {
            virtio_input_set_bit(bitmap, REL_WHEEL);
        }
        break;
    case EV_ABS:
        virtio_input_set_bit(bitmap, ABS_X);
        virtio_input_set_bit(bitmap, ABS_Y);
        break;
    }
}

static const Property pointer_props[] = {
    PROP_BOOL("wheel-axis", VirtIOInput, wheel_axis, true,
              "the wheel is an axis; off: two buttons, as in old versions of QEMU"),
    PROP_END
};

static void mouse_class_init(ObjectClass *klass, const void *data)
{
    VirtIOInputClass *ic = VIRTIO_INPUT_CLASS(klass);

    klass->props = pointer_props;
    ic->name = "QEMU Virtio Mouse";
    ic->product = 2;
    ic->version = 2;
    ic->kinds = INPUT_REL | INPUT_BUTTON | INPUT_WHEEL;
    ic->event_bits = mouse_bits;
}

static void tablet_class_init(ObjectClass *klass, const void *data)
{
    VirtIOInputClass *ic = VIRTIO_INPUT_CLASS(klass);

    klass->props = pointer_props;
    ic->name = "QEMU Virtio Tablet";
    ic->product = 3;
    ic->version = 2;
    ic->kinds = INPUT_ABS | INPUT_BUTTON | INPUT_WHEEL;
    ic->event_bits = tablet_bits;
}

static const TypeInfo hid_types[] = {
    {
        .name = "virtio-keyboard-device",
        .parent = TYPE_VIRTIO_INPUT,
        .desc = "virtio keyboard",
        .class_init = keyboard_class_init,
    },
    {
        .name = "virtio-mouse-device",
        .parent = TYPE_VIRTIO_INPUT,
        .desc = "virtio mouse",
        .class_init = mouse_class_init,
    },
    {
        .name = "virtio-tablet-device",
        .parent = TYPE_VIRTIO_INPUT,
        .desc = "virtio pointer with absolute coordinates",
        .class_init = tablet_class_init,
    },
};
type_init_array(hid_types);
