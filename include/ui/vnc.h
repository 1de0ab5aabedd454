/*
 * The VNC server. Main thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UI_VNC_H
#define VIREO_UI_VNC_H

#include <glib.h>

#include "util/error.h"

/* Starts a server as -vnc says: "HOST:DISPLAY[,OPTION=VALUE]", "unix:PATH[,...]", "none". After the
 * display devices were made. */
bool vnc_server_new(const char *spec, Error **errp);
/* Ends all of them: before devices go. */
void vnc_stop_all(void);

/* The password of every server that asks for one; "": nobody gets in. False if none asks. */
bool vnc_set_password(const char *password, Error **errp);
/* For "info vnc". */
void vnc_print(GString *out);

#endif
