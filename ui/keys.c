/*
 * Keys: their codes, their names, and what a US keyboard prints on them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ui/input.h"

#include <linux/input-event-codes.h>

/* X11 keysyms: Latin-1 is its own code, the rest is 0xffxx. */
typedef struct Key {
    uint16_t code;
    const char *name;
    uint32_t plain, shifted; /* keysyms; shifted 0: Shift does not matter */
} Key;

static const Key keys[] = {
    { KEY_LEFTSHIFT, "shift", 0xffe1 },
    { KEY_RIGHTSHIFT, "shift_r", 0xffe2 },
    { KEY_LEFTALT, "alt", 0xffe9 },
    { KEY_RIGHTALT, "alt_r", 0xffea },
    { KEY_LEFTCTRL, "ctrl", 0xffe3 },
    { KEY_RIGHTCTRL, "ctrl_r", 0xffe4 },
    { KEY_COMPOSE, "menu", 0xff67 },
    { KEY_ESC, "esc", 0xff1b },
    { KEY_1, "1", '1', '!' },
    { KEY_2, "2", '2', '@' },
    { KEY_3, "3", '3', '#' },
    { KEY_4, "4", '4', '$' },
    { KEY_5, "5", '5', '%' },
    { KEY_6, "6", '6', '^' },
    { KEY_7, "7", '7', '&' },
    { KEY_8, "8", '8', '*' },
    { KEY_9, "9", '9', '(' },
    { KEY_0, "0", '0', ')' },
    { KEY_MINUS, "minus", '-', '_' },
    { KEY_EQUAL, "equal", '=', '+' },
    { KEY_BACKSPACE, "backspace", 0xff08 },
    { KEY_TAB, "tab", 0xff09 },
    { KEY_Q, "q", 'q', 'Q' },
    { KEY_W, "w", 'w', 'W' },
    { KEY_E, "e", 'e', 'E' },
    { KEY_R, "r", 'r', 'R' },
    { KEY_T, "t", 't', 'T' },
    { KEY_Y, "y", 'y', 'Y' },
    { KEY_U, "u", 'u', 'U' },
    { KEY_I, "i", 'i', 'I' },
    { KEY_O, "o", 'o', 'O' },
    { KEY_P, "p", 'p', 'P' },
    { KEY_LEFTBRACE, "bracket_left", '[', '{' },
    { KEY_RIGHTBRACE, "bracket_right", ']', '}' },
    { KEY_ENTER, "ret", 0xff0d },
    { KEY_A, "a", 'a', 'A' },
    { KEY_S, "s", 's', 'S' },
    { KEY_D, "d", 'd', 'D' },
    { KEY_F, "f", 'f', 'F' },
    { KEY_G, "g", 'g', 'G' },
    { KEY_H, "h", 'h', 'H' },
    { KEY_J, "j", 'j', 'J' },
    { KEY_K, "k", 'k', 'K' },
    { KEY_L, "l", 'l', 'L' },
    { KEY_SEMICOLON, "semicolon", ';', ':' },
    { KEY_APOSTROPHE, "apostrophe", '\'', '"' },
    { KEY_GRAVE, "grave_accent", '`', '~' },
    { KEY_BACKSLASH, "backslash", '\\', '|' },
    { KEY_Z, "z", 'z', 'Z' },
    { KEY_X, "x", 'x', 'X' },
    { KEY_C, "c", 'c', 'C' },
    { KEY_V, "v", 'v', 'V' },
    { KEY_B, "b", 'b', 'B' },
    { KEY_N, "n", 'n', 'N' },
    { KEY_M, "m", 'm', 'M' },
    { KEY_COMMA, "comma", ',', '<' },
    { KEY_DOT, "dot", '.', '>' },
    { KEY_SLASH, "slash", '/', '?' },
    { KEY_KPASTERISK, "asterisk", 0xffaa },
    { KEY_SPACE, "spc", ' ' },
    { KEY_CAPSLOCK, "caps_lock", 0xffe5 },
    { KEY_F1, "f1", 0xffbe },
    { KEY_F2, "f2", 0xffbf },
    { KEY_F3, "f3", 0xffc0 },
    { KEY_F4, "f4", 0xffc1 },
    { KEY_F5, "f5", 0xffc2 },
    { KEY_F6, "f6", 0xffc3 },
    { KEY_F7, "f7", 0xffc4 },
    { KEY_F8, "f8", 0xffc5 },
    { KEY_F9, "f9", 0xffc6 },
    { KEY_F10, "f10", 0xffc7 },
    { KEY_F11, "f11", 0xffc8 },
    { KEY_F12, "f12", 0xffc9 },
    { KEY_NUMLOCK, "num_lock", 0xff7f },
    { KEY_SCROLLLOCK, "scroll_lock", 0xff14 },
    { KEY_KPSLASH, "kp_divide", 0xffaf },
    { KEY_KPASTERISK, "kp_multiply", 0xffaa },
    { KEY_KPMINUS, "kp_subtract", 0xffad },
    { KEY_KPPLUS, "kp_add", 0xffab },
    { KEY_KPENTER, "kp_enter", 0xff8d },
    { KEY_KPDOT, "kp_decimal", 0xffae, 0xff9f },
    { KEY_KP0, "kp_0", 0xffb0, 0xff9e },
    { KEY_KP1, "kp_1", 0xffb1, 0xff9c },
    { KEY_KP2, "kp_2", 0xffb2, 0xff99 },
    { KEY_KP3, "kp_3", 0xffb3, 0xff9b },
    { KEY_KP4, "kp_4", 0xffb4, 0xff96 },
    { KEY_KP5, "kp_5", 0xffb5, 0xff9d },
    { KEY_KP6, "kp_6", 0xffb6, 0xff98 },
    { KEY_KP7, "kp_7", 0xffb7, 0xff95 },
    { KEY_KP8, "kp_8", 0xffb8, 0xff97 },
    { KEY_KP9, "kp_9", 0xffb9, 0xff9a },
    { KEY_KPCOMMA, "kp_comma", 0xffac },
    { KEY_KPEQUAL, "kp_equals", 0xffbd },
    { KEY_102ND, "less", 0 },
    { KEY_SYSRQ, "print", 0xff61 },
    { KEY_SYSRQ, "sysrq", 0xff15 },
    { KEY_PAUSE, "pause", 0xff13 },
    { KEY_HOME, "home", 0xff50 },
    { KEY_PAGEUP, "pgup", 0xff55 },
    { KEY_PAGEDOWN, "pgdn", 0xff56 },
    { KEY_END, "end", 0xff57 },
    { KEY_LEFT, "left", 0xff51 },
    { KEY_UP, "up", 0xff52 },
    { KEY_DOWN, "down", 0xff54 },
    { KEY_RIGHT, "right", 0xff53 },
    { KEY_INSERT, "insert", 0xff63 },
    { KEY_DELETE, "delete", 0xffff },
    { KEY_LEFTMETA, "meta_l", 0xffeb },
    { KEY_RIGHTMETA, "meta_r", 0xffec },
    { KEY_STOP, "stop", 0xff69 },
    { KEY_AGAIN, "again", 0xff66 },
    { KEY_PROPS, "props", 0 },
    { KEY_UNDO, "undo", 0xff65 },
    { KEY_FRONT, "front", 0 },
    { KEY_COPY, "copy", 0 },
    { KEY_OPEN, "open", 0 },
    { KEY_PASTE, "paste", 0 },
    { KEY_FIND, "find", 0xff68 },
    { KEY_CUT, "cut", 0 },
    { KEY_HELP, "help", 0xff6a },
    { KEY_POWER, "power", 0 },
    { KEY_SLEEP, "sleep", 0 },
    { KEY_WAKEUP, "wake", 0 },
    { KEY_MUTE, "audiomute", 0 },
    { KEY_VOLUMEUP, "volumeup", 0 },
    { KEY_VOLUMEDOWN, "volumedown", 0 },
    { KEY_PLAYPAUSE, "audioplay", 0 },
    { KEY_STOPCD, "audiostop", 0 },
    { KEY_NEXTSONG, "audionext", 0 },
    { KEY_PREVIOUSSONG, "audioprev", 0 },
    { KEY_RO, "ro", 0 },
    { KEY_YEN, "yen", 0xa5 },
    { KEY_HENKAN, "henkan", 0 },
    { KEY_MUHENKAN, "muhenkan", 0 },
    { KEY_KATAKANAHIRAGANA, "hiragana", 0 },
    { KEY_HANGEUL, "lang1", 0 },
    { KEY_HANJA, "lang2", 0 },
};

/* Keysyms beside those of the table. */
static const struct {
    uint32_t keysym;
    uint16_t code;
} aliases[] = {
    { 0xfe20, KEY_TAB },        /* ISO_Left_Tab: what Shift makes of Tab */
    { 0xffe7, KEY_LEFTMETA },   /* Meta_L */
    { 0xffe8, KEY_RIGHTMETA },
    { 0xffed, KEY_LEFTMETA },   /* Hyper_L */
    { 0xfe03, KEY_RIGHTALT },   /* ISO_Level3_Shift */
    { 0xff7e, KEY_RIGHTALT },   /* Mode_switch */
    { 0xff0a, KEY_ENTER },      /* Linefeed */
    { 0xff6b, KEY_PAUSE },      /* Break */
    { 0xff80, KEY_SPACE },      /* KP_Space */
};

const char *key_name_at(unsigned index)
{
    return index < G_N_ELEMENTS(keys) ? keys[index].name : NULL;
}

uint16_t input_key_at(unsigned index)
{
    return index < G_N_ELEMENTS(keys) ? keys[index].code : 0;
}

const char *key_name(uint16_t code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].code == code) {
            return keys[i].name;
        }
    }
    return NULL;
}

uint16_t key_from_name(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (g_str_equal(keys[i].name, name)) {
            return keys[i].code;
        }
    }
    return 0;
}

uint16_t key_from_keysym(uint32_t keysym, int *shift)
{
    *shift = -1;
    for (size_t i = 0; keysym && i < G_N_ELEMENTS(keys); i++) {
        const Key *k = &keys[i];

        if (k->plain == keysym || k->shifted == keysym) {
            /* What Shift or Num Lock makes of the keypad is the guest's business. */
            if (k->shifted && keysym < 0x100) {
                *shift = k->shifted == keysym;
            }
            return k->code;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (aliases[i].keysym == keysym) {
            return aliases[i].code;
        }
    }
    return 0;
}
