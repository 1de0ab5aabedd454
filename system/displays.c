/*
 * -display, -vnc, -vga.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/startup.h"

#include <string.h>

#include "ui/vnc.h"
#include "util/keyval.h"

/* What a display of QEMU's is called, and not here. */
static bool check_display(const char *text, Error **errp)
{
    g_autofree char *name = g_strndup(text, strcspn(text, ",="));
    static const char *const known[] = { "none", "vnc", NULL };
    const char *near;

    if (g_str_equal(text, "none") || g_str_has_prefix(text, "vnc=")) {
        return true;
    }
    near = nearest_name(name, known);
    if (g_str_equal(name, "vnc")) {
        error_setg(errp, "write vnc=HOST:DISPLAY");
    } else if (near) {
        error_setg(errp, "no display '%s' (did you mean '%s'?)", name, near);
    } else {
        error_setg(errp, "no display '%s' (there are: none, vnc=HOST:DISPLAY)", name);
    }
    return false;
}

bool displays_check(const Options *o, Error **errp)
{
    if (o->display && !check_display(o->display, errp)) {
        option_prepend(errp, "display", o->display);
        return false;
    }
    if (o->vga && strcmp(o->vga, "none")) {
        error_setg(errp, "-vga %s: there is no VGA on this board (there are: none; "
                   "-device virtio-gpu-device is a graphics card)", o->vga);
        return false;
    }
    return true;
}

bool displays_create(const Options *o, Error **errp)
{
    if (o->display && g_str_has_prefix(o->display, "vnc=") &&
        !vnc_server_new(o->display + strlen("vnc="), errp)) {
        option_prepend(errp, "display", o->display);
        return false;
    }
    for (guint i = 0; i < o->vnc->len; i++) {
        const char *spec = g_ptr_array_index(o->vnc, i);

        if (!vnc_server_new(spec, errp)) {
            option_prepend(errp, "vnc", spec);
            return false;
        }
    }
    return true;
}
