/*
 * Monitor commands for displays, keyboards and mice.
 *
 * SPDX-License-Identifier: MIT
 */
#include <linux/input-event-codes.h>
#include <string.h>

#include "monitor/internal.h"
#include "ui/console.h"
#include "ui/input.h"
#include "ui/vnc.h"
#include "util/keyval.h"

#define CHORD_MAX 16
#define HOLD_MS 100

/* ---- Keyboard ---- */

static void unknown_key(Monitor *mon, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near;

    for (unsigned i = 0; key_name_at(i); i++) {
        g_ptr_array_add(names, (char *)key_name_at(i));
    }
    g_ptr_array_add(names, NULL);
    near = nearest_name(name, (const char *const *)names->pdata);
    if (near) {
        monitor_printf(mon, "no key '%s' (did you mean '%s'?)\n", name, near);
    } else {
        monitor_printf(mon, "no key '%s' (keys are named as in ctrl-alt-f1)\n", name);
    }
}

void monitor_cmd_sendkey(Monitor *mon, const char *args)
{
    g_autofree char *chord = monitor_next_word(&args);
    uint16_t codes[CHORD_MAX];
    unsigned n = 0;
    uint64_t hold = HOLD_MS;
    Error *err = NULL;

    if (!chord) {
        monitor_printf(mon, "sendkey: the keys are missing, as in: sendkey ctrl-alt-f1\n");
        return;
    }
    if (*args && !parse_u64("hold", args, 1, 60000, &hold, &err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
        return;
    }
    g_auto(GStrv) names = g_strsplit(chord, "-", -1);
    for (char **name = names; *name; name++) {
        uint16_t code = key_from_name(g_str_equal(*name, "<") ? "less" : *name);

        if (!code) {
            unknown_key(mon, *name);
            return;
        }
        if (n == CHORD_MAX) {
            monitor_printf(mon, "sendkey: more than %d keys at once\n", CHORD_MAX);
            return;
        }
        codes[n++] = code;
    }
    input_type_chord(codes, n, hold);
}

/* ---- Pointer ---- */

static bool parse_step(Monitor *mon, const char **args, int *value)
{
    g_autofree char *word = monitor_next_word(args);
    char *end = NULL;
    gint64 v = word ? g_ascii_strtoll(word, &end, 10) : 0;

    if (word && (*end || v < -32768 || v > 32767)) {
        monitor_printf(mon, "mouse_move: '%s' is not a number from -32768 to 32767\n", word);
        return false;
    }
    *value = (int)v;
    return true;
}

void monitor_cmd_mouse_move(Monitor *mon, const char *args)
{
    int dx, dy, dz;

    if (!*args) {
        monitor_printf(mon, "mouse_move: dx and dy are missing\n");
        return;
    }
    if (!parse_step(mon, &args, &dx) || !parse_step(mon, &args, &dy) ||
        !parse_step(mon, &args, &dz)) {
        return;
    }
    const InputEvent events[] = {
        { INPUT_REL, REL_X, dx }, { INPUT_REL, REL_Y, dy }, { INPUT_WHEEL, REL_WHEEL, -dz },
    };
    input_send(events, dz ? 3 : 2);
}

void monitor_cmd_mouse_button(Monitor *mon, const char *args)
{
    static const uint16_t codes[] = { BTN_LEFT, BTN_RIGHT, BTN_MIDDLE };
    InputEvent events[3];
    unsigned n = 0;
    uint64_t state;
    Error *err = NULL;

    if (!parse_u64("mouse_button", args, 0, 7, &state, &err)) {
        monitor_printf(mon, "%s (1 left, 2 right, 4 middle, added up)\n", error_get_pretty(err));
        error_free(err);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        bool down = state >> i & 1;

        if (down != (mon->buttons >> i & 1)) {
            events[n++] = (InputEvent){ INPUT_BUTTON, codes[i], down };
        }
    }
    mon->buttons = state;
    input_send(events, n);
}

void monitor_cmd_mouse_set(Monitor *mon, const char *args)
{
    uint64_t index;
    Error *err = NULL;

    if (!parse_u64("mouse_set", args, 0, UINT32_MAX, &index, &err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    } else if (!input_select_mouse(index)) {
        monitor_printf(mon, "no mouse %s (info mice lists them)\n", args);
    }
}

void monitor_info_mice(Monitor *mon, const char *args)
{
    GString *out = g_string_new(NULL);

    input_print_mice(out);
    monitor_write(mon, out->str, out->len);
    g_string_free(out, TRUE);
}

/* ---- Pictures ---- */

/* screendump FILE [-f png|ppm] [console] */
void monitor_cmd_screendump(Monitor *mon, const char *args)
{
    g_autofree char *path = monitor_next_word(&args);
    g_autofree char *word = monitor_next_word(&args);
    g_autofree char *format = NULL, *which = NULL;
    ScreenFormat f = SCREEN_PPM;
    DisplayConsole *con;
    Error *err = NULL;

    if (!path) {
        monitor_printf(mon, "screendump: the file name is missing\n");
        return;
    }
    if (word && g_str_equal(word, "-f")) {
        format = monitor_next_word(&args);
        which = monitor_next_word(&args);
    } else {
        which = g_steal_pointer(&word);
    }
    if (format && g_str_equal(format, "png")) {
        f = SCREEN_PNG;
    } else if (word && (!format || strcmp(format, "ppm"))) {
        monitor_printf(mon, "screendump: no format '%s' (there are: png, ppm)\n",
                       format ? format : "");
        return;
    }
    con = which ? console_by_name(which) : console_by_index(0);
    if (!con) {
        monitor_printf(mon, which ? "screendump: no console '%s'\n"
                                  : "screendump: the machine has no display%s\n",
                       which ? which : "");
    } else if (!console_screendump(con, path, f, &err)) {
        monitor_printf(mon, "screendump: %s\n", error_get_pretty(err));
        error_free(err);
    }
}

/* ---- VNC ---- */

static void vnc_password(Monitor *mon, const char *password)
{
    Error *err = NULL;

    if (!vnc_set_password(password, &err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    } else if (strlen(password) > 8) {
        monitor_printf(mon, "VNC uses the first 8 characters only\n");
    }
}

void monitor_cmd_set_password(Monitor *mon, const char *args)
{
    g_autofree char *protocol = monitor_next_word(&args);

    if (!protocol || strcmp(protocol, "vnc")) {
        monitor_printf(mon, "set_password: expected: set_password vnc PASSWORD\n");
    } else {
        vnc_password(mon, args);
    }
}

void monitor_cmd_change(Monitor *mon, const char *args)
{
    g_autofree char *what = monitor_next_word(&args);
    g_autofree char *which = monitor_next_word(&args);

    if (!what || strcmp(what, "vnc") || !which || strcmp(which, "password")) {
        monitor_printf(mon, "change: expected: change vnc password PASSWORD\n");
    } else {
        vnc_password(mon, args);
    }
}

void monitor_info_vnc(Monitor *mon, const char *args)
{
    GString *out = g_string_new(NULL);

    vnc_print(out);
    monitor_write(mon, out->str, out->len);
    g_string_free(out, TRUE);
}
