/*
 * Consoles from the viewers' side. Main thread, unless said otherwise.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UI_CONSOLE_H
#define VIREO_UI_CONSOLE_H

#include <glib.h>

#include "backend/display.h"

/* Callbacks on the main thread while the picture changes; the console's lock is held. */
typedef struct ConsoleViewer {
    void (*damage)(void *opaque, uint32_t x, uint32_t y, uint32_t w, uint32_t h);
    /* The surface is another one; damage() for all of it follows. */
    void (*resize)(void *opaque, uint32_t w, uint32_t h);
    void (*cursor)(void *opaque); /* shape or place; may be NULL */
    /* The console is going away. */
    void (*gone)(void *opaque);
    void *opaque;
} ConsoleViewer;

typedef struct ConsoleCursor {
    bool defined, visible;
    uint32_t w, h, hot_x, hot_y;
    int32_t x, y;
    uint32_t argb[DISPLAY_CURSOR_MAX * DISPLAY_CURSOR_MAX];
} ConsoleCursor;

/* By number, from 0; or by name. NULL if there is none. */
DisplayConsole *console_by_index(unsigned index);
DisplayConsole *console_by_name(const char *name);
const char *console_name(const DisplayConsole *con);

/* Asks the device for the present picture. */
void console_refresh(DisplayConsole *con);
/* While there are viewers the console refreshes itself some 30 times a second. */
void console_viewer_add(DisplayConsole *con, const ConsoleViewer *v);
void console_viewer_remove(DisplayConsole *con, void *opaque);
void console_viewer_size(DisplayConsole *con, uint32_t w, uint32_t h);

/* The picture, as of the last refresh; held until console_unlock(). Any thread. */
const DisplaySurface *console_lock(DisplayConsole *con);
const ConsoleCursor *console_lock_cursor(DisplayConsole *con); /* the lock is held already */
void console_unlock(DisplayConsole *con);

typedef enum ScreenFormat { SCREEN_PPM, SCREEN_PNG } ScreenFormat;
/* Writes the present picture to a file. */
bool console_screendump(DisplayConsole *con, const char *path, ScreenFormat format, Error **errp);

#endif
