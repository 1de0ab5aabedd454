/*
 * The log of -d ITEMS and -D FILE, and the rate limit for lines that a guest causes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_LOG_H
#define VIREO_UTIL_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

typedef enum LogMask {
    LOG_IN_ASM = 1 << 0,       /* guest code as it is decoded */
    LOG_INT = 1 << 1,          /* interrupts and exceptions taken */
    LOG_EXEC = 1 << 2,         /* each block as it is entered */
    LOG_CPU = 1 << 3,          /* registers before each block */
    LOG_MMU = 1 << 4,          /* page walks and their outcome */
    LOG_GUEST_ERRORS = 1 << 5, /* what the guest does that hardware would not define */
    LOG_UNIMP = 1 << 6,        /* what the guest asks for and we do not have */
    LOG_OP = 1 << 7,           /* pre-decoded operations */
    LOG_FPU = 1 << 8,          /* with cpu: floating-point registers too */
    LOG_PAGE = 1 << 9,         /* the memory map as it changes */
    LOG_NOCHAIN = 1 << 10,     /* do not chain blocks, so that exec shows every one */
    LOG_TRACE = 1 << 11,       /* device register accesses */
    LOG_VNC = 1 << 12,         /* what the VNC server says */
    LOG_SBI = 1 << 13,         /* calls of the SBI and their results */
    LOG_OP_OPT = 1 << 14,      /* operations of compiled regions, optimised */
    LOG_OUT_ASM = 1 << 15,     /* host code of compiled regions */
    LOG_ICOUNT = 1 << 16,      /* what -icount counted, at the end */
} LogMask;

/* The items switched on. Written by log_set_mask() only; read without a lock. */
extern unsigned log_mask_active;

static inline bool log_enabled(unsigned mask)
{
    return (__atomic_load_n(&log_mask_active, __ATOMIC_RELAXED) & mask) != 0;
}

/* Parses "int,mmu" as of -d; an unknown item names the nearest. Any thread. */
bool log_parse_items(const char *items, unsigned *mask, Error **errp);
void log_set_mask(unsigned mask);

/* Directs the log to a file ("%d" in the name becomes the process id); NULL means stderr. */
bool log_set_file(const char *path, Error **errp);

/* One row per item, for -d help; name NULL ends the table. */
typedef struct LogItem {
    unsigned mask;
    const char *name;
    const char *help;
} LogItem;
extern const LogItem log_items[];

/* Writes to the log if any bit of mask is on; whole lines, atomically between threads. */
void log_printf(unsigned mask, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/*
 * What a guest can cause at will is limited to 10 lines a second for each LogLimit; what was
 * dropped is counted and reported with the next line let through. Zero-initialised. Any thread.
 */
typedef struct LogLimit {
    int64_t window_start_us;
    uint32_t in_window;
    uint32_t dropped;
} LogLimit;

/* A guest error of the thing called `who` (usually a device's type name). */
void log_guest_error(LogLimit *limit, const char *who, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* The same under LOG_UNIMP. */
void log_unimp(LogLimit *limit, const char *who, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

#endif
