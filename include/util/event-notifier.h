/*
 * A descriptor that one side signals and the other waits for: what the kernel can drive as well as
 * we can (KVM's ioeventfd and irqfd).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_EVENT_NOTIFIER_H
#define VIREO_UTIL_EVENT_NOTIFIER_H

#include <stdbool.h>

#include "util/error.h"

typedef struct EventNotifier {
    int fd;
} EventNotifier;

bool event_notifier_init(EventNotifier *e, Error **errp);
void event_notifier_destroy(EventNotifier *e);
/* Signals; any number of signals before the next look are one. Any thread, never blocks. */
void event_notifier_set(EventNotifier *e);
/* Whether it was signalled since the last look. */
bool event_notifier_test_and_clear(EventNotifier *e);

#endif
