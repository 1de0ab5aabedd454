/*
 * What follows when the guest reboots, powers off or reports a failure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_RUNPOLICY_H
#define VIREO_SYSTEM_RUNPOLICY_H

#include "system/options.h"

typedef struct RunPolicy {
    enum { REBOOT_RESET, REBOOT_SHUTDOWN } reboot;
    enum { SHUTDOWN_POWEROFF, SHUTDOWN_PAUSE } shutdown;
    /* A failure that the guest reported; SHUTDOWN: as a power-off, with the guest's status. */
    enum { PANIC_SHUTDOWN, PANIC_PAUSE, PANIC_EXIT_FAILURE, PANIC_NONE } panic;
} RunPolicy;

/* -action, and -no-reboot and -no-shutdown which are short for parts of it. */
bool run_policy_parse(const Options *o, RunPolicy *p, Error **errp);

#endif
