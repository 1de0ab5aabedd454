/*
 * The monitor's command profile.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/profile.h"

#include "monitor/internal.h"
#include "util/keyval.h"

static void show(Monitor *mon)
{
    g_autoptr(GString) out = g_string_new(NULL);

    profile_info(out);
    monitor_write(mon, out->str, out->len);
}

static void write_file(Monitor *mon)
{
    Error *err = NULL;

    if (!profile_write(&err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    }
}

void monitor_cmd_profile(Monitor *mon, const char *args)
{
    static const char *const words[] = { "on", "off", "write", "reset", NULL };
    const char *near;

    if (!profile_active()) {
        monitor_printf(mon, "there is no -profile\n");
    } else if (!*args) {
        show(mon);
    } else if (g_str_equal(args, "on") || g_str_equal(args, "off")) {
        profile_switch(g_str_equal(args, "on"));
    } else if (g_str_equal(args, "write")) {
        write_file(mon);
    } else if (g_str_equal(args, "reset")) {
        profile_reset();
    } else {
        near = nearest_name(args, words);
        monitor_printf(mon, "profile: expected on, off, write or reset, not '%s'", args);
        if (near) {
            monitor_printf(mon, " (did you mean '%s'?)", near);
        }
        monitor_printf(mon, "\n");
    }
}
