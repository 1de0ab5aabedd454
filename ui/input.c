/*
 * Input: which device gets what is typed and pointed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ui/input.h"

#include "system/cpus.h"

struct InputDevice {
    InputFrontend fe;
    unsigned index; /* for the user; never used again */
    unsigned leds;  /* atomic */
};

/* Main thread, but the lights: the newest first, or the one that the user chose. */
static struct {
    GPtrArray *devices; /* InputDevice, by precedence */
    unsigned next_index;
    unsigned leds; /* atomic: of the keyboard in use */
} input;

#define MAX_TOGETHER 16

InputDevice *input_register(const InputFrontend *fe)
{
    InputDevice *dev = g_new0(InputDevice, 1);

    dev->fe = *fe;
    if (!input.devices) {
        input.devices = g_ptr_array_new();
    }
    if (fe->kinds & INPUT_BUTTON) {
        dev->index = ++input.next_index;
    }
    g_ptr_array_insert(input.devices, 0, dev);
    return dev;
}

static InputDevice *first_of(InputKind kind)
{
    for (guint i = 0; input.devices && i < input.devices->len; i++) {
        InputDevice *dev = input.devices->pdata[i];

        if (dev->fe.kinds & kind) {
            return dev;
        }
    }
    return NULL;
}

static void leds_changed(void)
{
    InputDevice *dev = first_of(INPUT_KEY);

    __atomic_store_n(&input.leds, dev ? __atomic_load_n(&dev->leds, __ATOMIC_RELAXED) : 0,
                     __ATOMIC_RELAXED);
}

void input_unregister(InputDevice *dev)
{
    if (dev) {
        g_ptr_array_remove(input.devices, dev);
        g_free(dev);
        leds_changed();
    }
}

void input_set_leds(InputDevice *dev, unsigned leds)
{
    __atomic_store_n(&dev->leds, leds, __ATOMIC_RELAXED);
    __atomic_store_n(&input.leds, leds, __ATOMIC_RELAXED);
}

unsigned input_leds(void)
{
    return __atomic_load_n(&input.leds, __ATOMIC_RELAXED);
}

static InputDevice *target_of(const InputEvent *e)
{
    InputDevice *dev = first_of(e->kind == INPUT_WHEEL ? INPUT_BUTTON : e->kind);

    return dev && (dev->fe.kinds & e->kind) ? dev : NULL;
}

void input_send(const InputEvent *events, unsigned count)
{
    InputEvent part[MAX_TOGETHER];

    if (run_state() != RUN_STATE_RUNNING) {
        return;
    }
    count = MIN(count, MAX_TOGETHER);
    for (guint d = 0; input.devices && d < input.devices->len; d++) {
        InputDevice *dev = input.devices->pdata[d];
        unsigned n = 0;

        for (unsigned i = 0; i < count; i++) {
            if (target_of(&events[i]) == dev) {
                part[n++] = events[i];
            }
        }
        if (n) {
            dev->fe.events(dev->fe.opaque, part, n);
        }
    }
}

void input_key(uint16_t code, bool down)
{
    InputEvent e = { INPUT_KEY, code, down };

    input_send(&e, 1);
}

typedef struct Chord {
    unsigned count;
    uint16_t codes[MAX_TOGETHER];
} Chord;

static gboolean release_chord(gpointer opaque)
{
    Chord *c = opaque;

    for (unsigned i = c->count; i-- > 0;) {
        input_key(c->codes[i], false);
    }
    return G_SOURCE_REMOVE;
}

void input_type_chord(const uint16_t *codes, unsigned count, unsigned hold_ms)
{
    Chord *c = g_new0(Chord, 1);

    c->count = MIN(count, MAX_TOGETHER);
    for (unsigned i = 0; i < c->count; i++) {
        c->codes[i] = codes[i];
        input_key(codes[i], true);
    }
    g_timeout_add_full(G_PRIORITY_DEFAULT, hold_ms, release_chord, c, g_free);
}

bool input_is_absolute(void)
{
    InputDevice *dev = first_of(INPUT_BUTTON);

    return dev && (dev->fe.kinds & INPUT_ABS);
}

void input_print_mice(GString *out)
{
    InputDevice *current = first_of(INPUT_BUTTON);
    bool any = false;

    for (guint i = 0; input.devices && i < input.devices->len; i++) {
        const InputDevice *dev = input.devices->pdata[i];

        if (dev->fe.kinds & INPUT_BUTTON) {
            g_string_append_printf(out, "%c Mouse #%u: %s%s\n", dev == current ? '*' : ' ',
                                   dev->index, dev->fe.name,
                                   dev->fe.kinds & INPUT_ABS ? " (absolute)" : "");
            any = true;
        }
    }
    if (!any) {
        g_string_append(out, "No mouse devices connected\n");
    }
}

bool input_select_mouse(unsigned index)
{
    for (guint i = 0; input.devices && i < input.devices->len; i++) {
        InputDevice *dev = input.devices->pdata[i];

        if (dev->index == index && (dev->fe.kinds & INPUT_BUTTON)) {
            g_ptr_array_remove_index(input.devices, i);
            g_ptr_array_insert(input.devices, 0, dev);
            return true;
        }
    }
    return false;
}
