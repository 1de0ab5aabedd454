/*
 * Input from the side of those who type and point, and the names of keys. Main thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UI_INPUT_H
#define VIREO_UI_INPUT_H

#include <glib.h>

#include "backend/input.h"

/* Events that happen together; each goes to the device of its kind. Those for which there is none
 * are dropped, all are while the machine is stopped. */
void input_send(const InputEvent *events, unsigned count);
void input_key(uint16_t code, bool down);

/* Presses the keys in order and, after hold_ms, lets them go in the opposite order. */
void input_type_chord(const uint16_t *codes, unsigned count, unsigned hold_ms);

/* Whether the pointer that would get events is an absolute one. */
bool input_is_absolute(void);
/* Lights of the keyboard that gets the keys: INPUT_LED_*. Any thread. */
unsigned input_leds(void);

/* "* Mouse #2: name (absolute)" lines. */
void input_print_mice(GString *out);
/* Events go to pointer #index from now on; false if there is none. */
bool input_select_mouse(unsigned index);

/* Names as QEMU's monitor and QMP have them ("ret", "ctrl", "kp_0"); NULL or 0 if there is none. */
const char *key_name(uint16_t code);
uint16_t key_from_name(const char *name);
/* The names in order, NULL after the last. */
const char *key_name_at(unsigned index);

/* The key of an X11 keysym on a US keyboard, 0 if there is none. *shift: 1 the keysym needs Shift,
 * 0 it must not be held, -1 it does not matter. */
uint16_t key_from_keysym(uint32_t keysym, int *shift);

#endif
