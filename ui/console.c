/*
 * Consoles: where a display device's picture is kept for those who look at it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ui/console.h"

#include <string.h>

#define REFRESH_MS 33
/* What a console shows before its device has drawn anything, and while the output is off. */
#define EMPTY_WIDTH 640
#define EMPTY_HEIGHT 480

struct DisplayConsole {
    char *name;
    DisplayDevice dev;
    GMutex lock; /* surface and cursor: the main thread changes them, viewers' threads read */
    DisplaySurface surface;
    ConsoleCursor cursor;
    bool off;
    GPtrArray *viewers; /* ConsoleViewer; main thread */
    guint timer;
};

/* Main thread. */
static GPtrArray *consoles;

#define FOREACH_VIEWER(con, v)                                                   \
    for (guint i_ = 0; i_ < (con)->viewers->len; i_++)                           \
        for (const ConsoleViewer *v = (con)->viewers->pdata[i_]; v; v = NULL)

static bool surface_alloc(DisplaySurface *s, uint32_t width, uint32_t height)
{
    uint32_t *pixels = g_try_malloc0_n((size_t)width * height, sizeof(uint32_t));

    if (!pixels) {
        return false;
    }
    g_free(s->pixels);
    *s = (DisplaySurface){ width, height, width * 4, pixels };
    return true;
}

DisplayConsole *console_new(const char *name, const DisplayDevice *dev)
{
    DisplayConsole *con = g_new0(DisplayConsole, 1);

    con->name = g_strdup(name);
    con->dev = *dev;
    con->viewers = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&con->lock);
    con->surface = (DisplaySurface){ EMPTY_WIDTH, EMPTY_HEIGHT, EMPTY_WIDTH * 4,
                                     g_new0(uint32_t, EMPTY_WIDTH * EMPTY_HEIGHT) };
    con->off = true;
    if (!consoles) {
        consoles = g_ptr_array_new();
    }
    g_ptr_array_add(consoles, con);
    return con;
}

void console_free(DisplayConsole *con)
{
    if (!con) {
        return;
    }
    while (con->viewers->len) {
        ConsoleViewer v = *(ConsoleViewer *)con->viewers->pdata[0];

        console_viewer_remove(con, v.opaque);
        v.gone(v.opaque);
    }
    g_ptr_array_remove(consoles, con);
    g_ptr_array_unref(con->viewers);
    g_mutex_clear(&con->lock);
    g_free(con->surface.pixels);
    g_free(con->name);
    g_free(con);
}

/* ---- The device's side ---- */

static void changed_size(DisplayConsole *con)
{
    FOREACH_VIEWER(con, v) {
        v->resize(v->opaque, con->surface.width, con->surface.height);
    }
}

DisplaySurface *console_draw_begin(DisplayConsole *con, uint32_t width, uint32_t height,
                                   bool *fresh)
{
    *fresh = con->off || con->surface.width != width || con->surface.height != height;
    if (!width || !height || width > DISPLAY_MAX_SIDE || height > DISPLAY_MAX_SIDE) {
        return NULL;
    }
    g_mutex_lock(&con->lock);
    if (*fresh) {
        if (!surface_alloc(&con->surface, width, height)) {
            g_mutex_unlock(&con->lock);
            return NULL;
        }
        con->off = false;
        changed_size(con);
        console_draw_damage(con, 0, 0, width, height);
    }
    return &con->surface;
}

void console_draw_damage(DisplayConsole *con, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    const DisplaySurface *s = &con->surface;

    if (x >= s->width || y >= s->height) {
        return;
    }
    w = MIN(w, s->width - x);
    h = MIN(h, s->height - y);
    FOREACH_VIEWER(con, v) {
        v->damage(v->opaque, x, y, w, h);
    }
}

void console_draw_end(DisplayConsole *con)
{
    g_mutex_unlock(&con->lock);
}

void console_off(DisplayConsole *con)
{
    if (con->off) {
        return;
    }
    g_mutex_lock(&con->lock);
    if (!surface_alloc(&con->surface, EMPTY_WIDTH, EMPTY_HEIGHT)) {
        memset(con->surface.pixels, 0, (size_t)con->surface.stride * con->surface.height);
    }
    con->off = true;
    con->cursor.defined = con->cursor.visible = false;
    changed_size(con);
    console_draw_damage(con, 0, 0, con->surface.width, con->surface.height);
    FOREACH_VIEWER(con, v) {
        if (v->cursor) {
            v->cursor(v->opaque);
        }
    }
    g_mutex_unlock(&con->lock);
}

static void cursor_changed(DisplayConsole *con)
{
    FOREACH_VIEWER(con, v) {
        if (v->cursor) {
            v->cursor(v->opaque);
        }
    }
}

void console_cursor(DisplayConsole *con, const uint32_t *argb, uint32_t w, uint32_t h,
                    uint32_t hot_x, uint32_t hot_y)
{
    ConsoleCursor *c = &con->cursor;

    g_mutex_lock(&con->lock);
    c->defined = argb && w && h && w <= DISPLAY_CURSOR_MAX && h <= DISPLAY_CURSOR_MAX;
    if (c->defined) {
        c->w = w;
        c->h = h;
        c->hot_x = MIN(hot_x, w - 1);
        c->hot_y = MIN(hot_y, h - 1);
        memcpy(c->argb, argb, (size_t)w * h * 4);
    }
    cursor_changed(con);
    g_mutex_unlock(&con->lock);
}

void console_cursor_move(DisplayConsole *con, int32_t x, int32_t y, bool visible)
{
    ConsoleCursor *c = &con->cursor;

    if (c->x == x && c->y == y && c->visible == visible) {
        return;
    }
    g_mutex_lock(&con->lock);
    c->x = x;
    c->y = y;
    c->visible = visible;
    cursor_changed(con);
    g_mutex_unlock(&con->lock);
}

/* ---- The viewers' side ---- */

DisplayConsole *console_by_index(unsigned index)
{
    return consoles && index < consoles->len ? consoles->pdata[index] : NULL;
}

DisplayConsole *console_by_name(const char *name)
{
    for (guint i = 0; consoles && i < consoles->len; i++) {
        DisplayConsole *con = consoles->pdata[i];

        if (g_str_equal(con->name, name)) {
            return con;
        }
    }
    return NULL;
}

const char *console_name(const DisplayConsole *con)
{
    return con->name;
}

void console_refresh(DisplayConsole *con)
{
    con->dev.refresh(con->dev.opaque);
}

static gboolean refresh_cb(gpointer opaque)
{
    console_refresh(opaque);
    return G_SOURCE_CONTINUE;
}

void console_viewer_add(DisplayConsole *con, const ConsoleViewer *v)
{
    g_ptr_array_add(con->viewers, g_memdup2(v, sizeof(*v)));
    if (!con->timer) {
        con->timer = g_timeout_add(REFRESH_MS, refresh_cb, con);
    }
    console_refresh(con);
    g_mutex_lock(&con->lock);
    v->resize(v->opaque, con->surface.width, con->surface.height);
    v->damage(v->opaque, 0, 0, con->surface.width, con->surface.height);
    if (v->cursor) {
        v->cursor(v->opaque);
    }
    g_mutex_unlock(&con->lock);
}

void console_viewer_remove(DisplayConsole *con, void *opaque)
{
    for (guint i = 0; i < con->viewers->len; i++) {
        if (((ConsoleViewer *)con->viewers->pdata[i])->opaque == opaque) {
            g_ptr_array_remove_index(con->viewers, i);
            break;
        }
    }
    if (!con->viewers->len && con->timer) {
        g_source_remove(con->timer);
        con->timer = 0;
    }
}

void console_viewer_size(DisplayConsole *con, uint32_t w, uint32_t h)
{
    if (con->dev.viewer_size) {
        con->dev.viewer_size(con->dev.opaque, w, h);
    }
}

const DisplaySurface *console_lock(DisplayConsole *con)
{
    g_mutex_lock(&con->lock);
    return &con->surface;
}

const ConsoleCursor *console_lock_cursor(DisplayConsole *con)
{
    return &con->cursor;
}

void console_unlock(DisplayConsole *con)
{
    g_mutex_unlock(&con->lock);
}
