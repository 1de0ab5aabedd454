/*
 * The files by which Linux's perf knows code that was made at run time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_PERF_H
#define VIREO_ACCEL_TCG_JIT_PERF_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

typedef struct PerfFile PerfFile;

/* /tmp/perf-PID.map: a line for each piece of code. */
PerfFile *perf_map_open(Error **errp);
/* jit-PID.dump in the current folder: the code too, and when it was made. */
PerfFile *perf_dump_open(Error **errp);
/* Code of this name is at addr, to be read and run. */
void perf_file_add(PerfFile *f, const char *name, const void *addr, size_t size);
/* perf reads the file after the process has ended: it stays, unless keep is false. */
void perf_file_close(PerfFile *f, bool keep);

#endif
