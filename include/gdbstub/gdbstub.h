/*
 * The server of the GDB remote protocol: -gdb, -s, and the monitor's gdbserver.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_GDBSTUB_GDBSTUB_H
#define VIREO_GDBSTUB_GDBSTUB_H

#include "util/error.h"

#define GDBSTUB_DEFAULT "tcp::1234"

/*
 * Waits for a debugger at a character device in its short form (tcp:HOST:PORT, unix:PATH, stdio,
 * chardev:ID ...); a socket is a server unless the form says something else. "none": no more. An
 * earlier one ends. Main thread, once the machine is there.
 */
bool gdbstub_start(const char *form, Error **errp);

/* The process ends: tells the debugger with which status. */
void gdbstub_exit(int status);

#endif
