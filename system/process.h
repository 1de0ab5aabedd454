/*
 * What the process as a whole is: its name, id file, being a daemon, its rights, its memory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_PROCESS_H
#define VIREO_SYSTEM_PROCESS_H

#include "system/options.h"

/*
 * Before anything is opened, while there is one thread: -daemonize (from here on this is the child;
 * the parent waits for process_ready() and ends with the child's status), -name, -msg, -overcommit,
 * -run-with user= and chroot= are checked. False leaves nothing behind.
 */
bool process_begin(const Options *o, Error **errp);

/* Everything has been opened: -pidfile, then -run-with chroot= and user=. Once. */
bool process_confine(const Options *o, Error **errp);

/* The machine is about to run: lets the parent of a daemon go, standard input, output and error
 * become /dev/null. */
void process_ready(const Options *o);

/* Removes the pidfile. */
void process_end(void);

/* -name guest=, or NULL. Owned by the process. */
const char *process_guest_name(void);

#endif
