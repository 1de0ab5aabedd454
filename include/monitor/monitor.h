/*
 * The human monitor: a front end of a character device.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_MONITOR_MONITOR_H
#define VIREO_MONITOR_MONITOR_H

#include "backend/chardev.h"

/* Attaches a monitor to chr; false if chr has its front end already. Main thread. */
bool monitor_new(Chardev *chr, Error **errp);

/* Runs one line as on CPU cpu_index, and returns what it printed, lines ending in "\n". Main thread. */
char *monitor_run_to_string(const char *line, int cpu_index);

#endif
