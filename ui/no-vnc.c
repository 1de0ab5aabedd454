/*
 * Builds without libvncserver.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ui/vnc.h"

bool vnc_server_new(const char *spec, Error **errp)
{
    if (!g_strcmp0(spec, "none")) {
        return true;
    }
    error_setg(errp, "VNC is not built in (libvncserver was not there)");
    return false;
}

void vnc_stop_all(void)
{
}

bool vnc_set_password(const char *password, Error **errp)
{
    error_setg(errp, "VNC is not built in");
    return false;
}

void vnc_print(GString *out)
{
    g_string_append(out, "Server: disabled\n");
}
