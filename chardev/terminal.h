/*
 * The controlling terminal in raw mode.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_CHARDEV_TERMINAL_H
#define VIREO_CHARDEV_TERMINAL_H

#include <stdbool.h>

/* Puts fd's terminal into raw mode: keys come one by one, without echo. With signals, Ctrl-C and
 * Ctrl-Z keep their meaning. No-op if fd is no terminal. */
void terminal_raw(int fd, bool signals);

#endif
