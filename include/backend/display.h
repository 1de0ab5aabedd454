/*
 * What a display device may ask of the host: a place to show its picture. Implemented in ui/.
 *
 * The picture is pulled: nothing is drawn until somebody looks. Then the console calls refresh() and
 * the device copies into the console's surface what has changed since the last time. Meanwhile the
 * device only remembers where that is, so a guest's display traffic costs nothing without viewers,
 * and no viewer ever reads memory that a vCPU is writing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BACKEND_DISPLAY_H
#define VIREO_BACKEND_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

typedef struct DisplayConsole DisplayConsole;

/* Largest picture that is shown, in pixels per side. */
#define DISPLAY_MAX_SIDE 16384
#define DISPLAY_CURSOR_MAX 64

/* The picture: 0x??RRGGBB in host byte order; the top byte says nothing. */
typedef struct DisplaySurface {
    uint32_t width, height;
    uint32_t stride; /* bytes, a multiple of 4 */
    uint32_t *pixels;
} DisplaySurface;

/* The device's callbacks: main thread, no lock held. */
typedef struct DisplayDevice {
    /* Brings the console up to date, by the calls marked "refresh" below. */
    void (*refresh)(void *opaque);
    /* A viewer's window has this size now: the device may tell its guest. NULL: it cannot. */
    void (*viewer_size)(void *opaque, uint32_t width, uint32_t height);
    void *opaque;
} DisplayDevice;

/* A console for one output, named for the user ("virtio-gpu-device.0"). Main thread. */
DisplayConsole *console_new(const char *name, const DisplayDevice *dev);
void console_free(DisplayConsole *con); /* NULL allowed */

/*
 * Refresh: the surface to draw in, of this size, held until console_draw_end(). If the size has
 * changed the surface is new, black, and all of it counts as damaged: *fresh says so. NULL if there
 * is no memory or a side is 0 or over DISPLAY_MAX_SIDE.
 */
DisplaySurface *console_draw_begin(DisplayConsole *con, uint32_t width, uint32_t height,
                                   bool *fresh);
/* This part was drawn; clipped to the surface. */
void console_draw_damage(DisplayConsole *con, uint32_t x, uint32_t y, uint32_t w, uint32_t h);
void console_draw_end(DisplayConsole *con);
/* Refresh: the output is off. Shows an empty picture. */
void console_off(DisplayConsole *con);
/* Refresh: the shape of the pointer, 0xAARRGGBB with alpha not multiplied in, at most
 * DISPLAY_CURSOR_MAX a side; NULL: no pointer. */
void console_cursor(DisplayConsole *con, const uint32_t *argb, uint32_t w, uint32_t h,
                    uint32_t hot_x, uint32_t hot_y);
/* Refresh: where the guest has put the pointer. */
void console_cursor_move(DisplayConsole *con, int32_t x, int32_t y, bool visible);

#endif
