/*
 * A console's picture as a file: PPM, and PNG where libpng is there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ui/console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config-host.h"

#ifdef CONFIG_PNG
#include <png.h>
#endif

static void row_to_rgb(const DisplaySurface *s, uint32_t y, uint8_t *rgb)
{
    const uint32_t *row = s->pixels + (size_t)y * (s->stride / 4);

    for (uint32_t x = 0; x < s->width; x++) {
        *rgb++ = row[x] >> 16;
        *rgb++ = row[x] >> 8;
        *rgb++ = row[x];
    }
}

static bool write_ppm(FILE *f, const DisplaySurface *s, Error **errp)
{
    g_autofree uint8_t *rgb = g_malloc((size_t)s->width * 3);

    fprintf(f, "P6\n%u %u\n255\n", s->width, s->height);
    for (uint32_t y = 0; y < s->height; y++) {
        row_to_rgb(s, y, rgb);
        fwrite(rgb, 3, s->width, f);
    }
    return true; /* the caller looks at ferror() */
}

#ifdef CONFIG_PNG
static bool write_png(FILE *f, const DisplaySurface *s, Error **errp)
{
    g_autofree uint8_t *rgb = g_malloc((size_t)s->width * 3);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;

    /* libpng reports errors by a jump to here. */
    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        error_setg(errp, "libpng cannot write the picture");
        return false;
    }
    png_init_io(png, f);
    png_set_IHDR(png, info, s->width, s->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 3);
    png_write_info(png, info);
    for (uint32_t y = 0; y < s->height; y++) {
        row_to_rgb(s, y, rgb);
        png_write_row(png, rgb);
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return true;
}
#else
static bool write_png(FILE *f, const DisplaySurface *s, Error **errp)
{
    error_setg(errp, "PNG is not built in (libpng was not there); there is: ppm");
    return false;
}
#endif

bool console_screendump(DisplayConsole *con, const char *path, ScreenFormat format, Error **errp)
{
    bool (*write)(FILE *, const DisplaySurface *, Error **) =
        format == SCREEN_PNG ? write_png : write_ppm;
    FILE *f = fopen(path, "wbe");
    bool ok;

    if (!f) {
        error_setg_errno(errp, errno, "cannot write '%s'", path);
        return false;
    }
    console_refresh(con);
    ok = write(f, console_lock(con), errp);
    console_unlock(con);
    if (ok && (fflush(f) || ferror(f))) {
        error_setg_errno(errp, errno, "cannot write '%s'", path);
        ok = false;
    }
    fclose(f);
    return ok;
}
