/*
 * Errors for user-facing calls: one line of text, built where the facts are known.
 *
 * A function that can fail for a reason the user should read takes `Error **errp` as its last
 * argument and returns false or NULL on failure. errp may be NULL: the caller does not want the
 * text. *errp must be NULL on entry; on failure it owns a new Error which the caller frees.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_ERROR_H
#define VIREO_UTIL_ERROR_H

#include <glib.h>
#include <stdbool.h>

typedef struct Error Error;

/* Sets *errp to a new error. The text is one line without a final full stop or newline. */
void error_setg(Error **errp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* As error_setg(), with ": " and strerror(os_errno) appended. */
void error_setg_errno(Error **errp, int os_errno, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/* Puts text in front of an error that is already set; no-op if errp or *errp is NULL. */
void error_prepend(Error **errp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* The text; owned by err. */
const char *error_get_pretty(const Error *err);

/* Frees err; NULL is allowed. */
void error_free(Error *err);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Error, error_free)

/* Prints "PROGRAM: TEXT\n" on stderr in one write; takes and frees err. Any thread. */
void error_report_err(Error *err);

/* The same for a text of the moment. Text that does not fit one line has its newlines replaced. */
void error_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* "PROGRAM: warning: TEXT\n" on stderr. */
void warn_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* Puts the time of day (UTC) and, if it is not NULL, the guest's name in front of every line that
 * error_report() and warn_report() print from now on. The name stays the caller's. */
void error_set_format(bool timestamp, const char *guest_name);

/* The name that error_report() prints; the default is "qemu-system-riscv64". */
void error_set_progname(const char *argv0);

#endif
