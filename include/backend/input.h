/*
 * What an input device may ask of the host: events from whoever types and points. Implemented in ui/.
 *
 * Codes are those of Linux's evdev (KEY_A, BTN_LEFT, REL_X, ABS_X), which virtio-input hands to the
 * guest as they are.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BACKEND_INPUT_H
#define VIREO_BACKEND_INPUT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct InputDevice InputDevice;

typedef enum InputKind {
    INPUT_KEY = 1 << 0,    /* code KEY_*, value 1 down, 0 up */
    INPUT_BUTTON = 1 << 1, /* code BTN_*, value 1 down, 0 up */
    INPUT_REL = 1 << 2,    /* code REL_X or REL_Y */
    INPUT_ABS = 1 << 3,    /* code ABS_X or ABS_Y, 0 to INPUT_ABS_MAX over the whole picture */
    INPUT_WHEEL = 1 << 4,  /* code REL_WHEEL or REL_HWHEEL; goes where the buttons go */
} InputKind;

#define INPUT_ABS_MAX 0x7fff

typedef struct InputEvent {
    InputKind kind;
    uint16_t code;
    int32_t value;
} InputEvent;

/* Lights of a keyboard. */
#define INPUT_LED_NUM (1u << 0)
#define INPUT_LED_CAPS (1u << 1)
#define INPUT_LED_SCROLL (1u << 2)

/* The device's callbacks: main thread, no lock held. */
typedef struct InputFrontend {
    const char *name;  /* for "info mice" */
    unsigned kinds;    /* InputKind it takes; others are not sent */
    /* count events that belong together; what is true of the device after them all. */
    void (*events)(void *opaque, const InputEvent *events, unsigned count);
    void *opaque;
} InputFrontend;

/* Events go to the device of their kind that was chosen, else to the one that came last. Main
 * thread. */
InputDevice *input_register(const InputFrontend *fe);
void input_unregister(InputDevice *dev); /* NULL allowed */
/* The codes of the keys that may come, 0 after the last; some are listed twice. */
uint16_t input_key_at(unsigned index);
/* The guest switched the lights: INPUT_LED_*. Any thread. */
void input_set_leds(InputDevice *dev, unsigned leds);

#endif
