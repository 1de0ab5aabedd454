/*
 * Line editing for a terminal that may be anything from a person to a script: bytes in, echo and
 * whole lines out. Knows nothing of commands or devices.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_MONITOR_READLINE_H
#define VIREO_MONITOR_READLINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define READLINE_MAX 4095   /* bytes of one line */
#define READLINE_HISTORY 64

typedef struct Readline Readline;

typedef struct ReadlineOps {
    void (*echo)(void *opaque, const char *text, size_t len);
    /* A line was entered; line is empty for a bare Enter. The prompt is shown by the owner. */
    void (*line)(void *opaque, const char *line);
    /* Words that begin with what stands before the cursor (a NULL-terminated array, strings
     * owned by the callee); NULL: none. May be NULL. */
    const char **(*complete)(void *opaque, const char *start);
} ReadlineOps;

Readline *readline_new(const ReadlineOps *ops, void *opaque, const char *prompt);
void readline_free(Readline *rl);

/* Shows the prompt and what has been typed so far. */
void readline_show(Readline *rl);
/* Forgets the line that is being typed. */
void readline_clear(Readline *rl);
void readline_input(Readline *rl, const uint8_t *buf, size_t len);

/* The n-th line of the history, 0 the oldest; NULL past the end. */
const char *readline_history(const Readline *rl, unsigned n);

#endif
