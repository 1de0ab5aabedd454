/*
 * Keys and pointer of VNC clients.
 *
 * Clients send what is printed on the key that was pressed, with Shift already applied, as X11
 * keysyms; guests want the key. Both are taken to have a US keyboard, and Shift is pressed or let go
 * for the guest where the client's keyboard has the character elsewhere.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ui/vnc-int.h"

#include <linux/input-event-codes.h>

#include "ui/input.h"

static bool is_down(VncServer *s, uint16_t code)
{
    GHashTableIter it;
    gpointer value;

    g_hash_table_iter_init(&it, s->pressed);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        if (GPOINTER_TO_UINT(value) == code) {
            return true;
        }
    }
    return false;
}

/* Presses a key with Shift in the position that the character needs. */
static void press(VncServer *s, uint32_t keysym, uint16_t code, int shift)
{
    bool left = is_down(s, KEY_LEFTSHIFT), right = is_down(s, KEY_RIGHTSHIFT);
    bool letter = g_ascii_isalpha(keysym < 128 ? (char)keysym : 0);

    /* Caps Lock does it for letters. */
    if (shift < 0 || (letter && (input_leds() & INPUT_LED_CAPS)) || shift == (left || right)) {
        input_key(code, true);
        return;
    }
    if (shift) {
        input_key(KEY_LEFTSHIFT, true);
        input_key(code, true);
        input_key(KEY_LEFTSHIFT, false);
        return;
    }
    if (left) {
        input_key(KEY_LEFTSHIFT, false);
    }
    if (right) {
        input_key(KEY_RIGHTSHIFT, false);
    }
    input_key(code, true);
    if (left) {
        input_key(KEY_LEFTSHIFT, true);
    }
    if (right) {
        input_key(KEY_RIGHTSHIFT, true);
    }
}

/* What is let go is the key that was pressed: its character may be another one by now. */
static void key(VncServer *s, uint32_t keysym, bool down)
{
    gpointer id = GUINT_TO_POINTER(keysym);
    int shift;
    uint16_t code;

    if (!down) {
        code = GPOINTER_TO_UINT(g_hash_table_lookup(s->pressed, id));
        if (!code) {
            /* "A" was pressed, Shift was let go, and now "a" is. */
            code = key_from_keysym(keysym, &shift);
            if (!code || !is_down(s, code)) {
                return;
            }
            id = GUINT_TO_POINTER(keysym < 128 && g_ascii_isupper((char)keysym)
                                      ? (uint32_t)g_ascii_tolower((char)keysym)
                                      : keysym < 128 ? (uint32_t)g_ascii_toupper((char)keysym)
                                                     : keysym);
        }
        g_hash_table_remove(s->pressed, id);
        input_key(code, false);
        return;
    }
    code = key_from_keysym(keysym, &shift);
    if (code) {
        g_hash_table_insert(s->pressed, id, GUINT_TO_POINTER(code));
        press(s, keysym, code, shift);
    }
}

static void release_all(VncServer *s)
{
    GHashTableIter it;
    gpointer value;

    g_hash_table_iter_init(&it, s->pressed);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        input_key(GPOINTER_TO_UINT(value), false);
        g_hash_table_iter_remove(&it);
    }
}

/* Bits 0 to 2 are left, middle, right; 3 and 4 the wheel, pressed and let go once a notch. */
static void pointer(VncServer *s, const VncInput *in)
{
    static const uint16_t codes[] = { BTN_LEFT, BTN_MIDDLE, BTN_RIGHT };
    InputEvent e[8];
    unsigned n = 0;
    uint8_t changed = in->buttons ^ s->buttons, pressed = in->buttons & changed;

    if (input_is_absolute()) {
        e[n++] = (InputEvent){ INPUT_ABS, ABS_X,
                               (int)((uint64_t)in->x * INPUT_ABS_MAX / MAX(in->width - 1, 1)) };
        e[n++] = (InputEvent){ INPUT_ABS, ABS_Y,
                               (int)((uint64_t)in->y * INPUT_ABS_MAX / MAX(in->height - 1, 1)) };
    } else if (in->x != s->last_x || in->y != s->last_y) {
        e[n++] = (InputEvent){ INPUT_REL, REL_X, in->x - s->last_x };
        e[n++] = (InputEvent){ INPUT_REL, REL_Y, in->y - s->last_y };
    }
    for (unsigned i = 0; i < 3; i++) {
        if (changed >> i & 1) {
            e[n++] = (InputEvent){ INPUT_BUTTON, codes[i], in->buttons >> i & 1 };
        }
    }
    if (pressed & 0x18) {
        e[n++] = (InputEvent){ INPUT_WHEEL, REL_WHEEL, pressed & 0x08 ? 1 : -1 };
    }
    s->buttons = in->buttons;
    s->last_x = in->x;
    s->last_y = in->y;
    if (n) {
        input_send(e, n);
    }
}

void vnc_input_deliver(VncServer *s, const VncInput *in)
{
    switch (in->kind) {
    case VNC_KEY:
        key(s, in->keysym, in->down);
        break;
    case VNC_POINTER:
        pointer(s, in);
        break;
    case VNC_RELEASE_ALL:
        release_all(s);
        break;
    case VNC_SIZE:
        if (s->con) {
            console_viewer_size(s->con, in->width, in->height);
        }
        break;
    }
}

void vnc_input_queue(VncServer *s, const VncInput *in)
{
    g_mutex_lock(&s->lock);
    if (s->nr_input < VNC_MAX_INPUT) {
        s->input[s->nr_input++] = *in;
        vnc_schedule_main(s);
    }
    g_mutex_unlock(&s->lock);
}
