/*
 * Semihosting, the host's side: files and console for the calls of the guest.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_SEMIHOSTING_H
#define VIREO_SYSTEM_SEMIHOSTING_H

#include "backend/chardev.h"
#include "hw/core/machine.h"
#include "hw/core/semihosting.h"
#include "system/options.h"

/* -semihosting and -semihosting-config, after the chardevs exist and before the vCPUs run. */
bool semihosting_start(const Options *o, MachineState *ms, Error **errp);
/* Closes the guest's files and lets the chardev go; no vCPU runs. */
void semihosting_end(void);

/* ---- semihosting-files.c: what handles stand for. Any vCPU's thread. ---- */

typedef struct SemihostFiles SemihostFiles;

/* chr: the console, or NULL for standard error without input. */
SemihostFiles *semihost_files_new(Chardev *chr, Error **errp);
void semihost_files_free(SemihostFiles *f);

/* Handles are 1 and up; -1 and errno on failure. mode: 0 to 11, fopen's from r to a+b. */
int semihost_open(SemihostFiles *f, const char *name, unsigned mode);
int semihost_close(SemihostFiles *f, uint64_t handle);
/* Bytes moved, or -1. *again: there is no input yet, and no mistake either. */
ssize_t semihost_read(SemihostFiles *f, uint64_t handle, void *buf, size_t len, bool *again);
ssize_t semihost_write(SemihostFiles *f, uint64_t handle, const void *buf, size_t len);
int semihost_seek(SemihostFiles *f, uint64_t handle, uint64_t pos);
int64_t semihost_length(SemihostFiles *f, uint64_t handle);
int semihost_is_tty(SemihostFiles *f, uint64_t handle);

/* The console itself, whatever is open. */
void semihost_console_write(SemihostFiles *f, const void *buf, size_t len);
ssize_t semihost_console_read(SemihostFiles *f, void *buf, size_t len, bool *again);

#endif
