/*
 * A descriptor that is signalled, by eventfd(2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "util/event-notifier.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool event_notifier_init(EventNotifier *e, Error **errp)
{
    e->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (e->fd < 0) {
        error_setg_errno(errp, errno, "cannot make an event descriptor");
        return false;
    }
    return true;
}

void event_notifier_destroy(EventNotifier *e)
{
    if (e->fd >= 0) {
        close(e->fd);
        e->fd = -1;
    }
}

void event_notifier_set(EventNotifier *e)
{
    const uint64_t one = 1;
    ssize_t n;

    /* EAGAIN: the count is at its end, so it is signalled already. */
    do {
        n = write(e->fd, &one, sizeof(one));
    } while (n < 0 && errno == EINTR);
}

bool event_notifier_test_and_clear(EventNotifier *e)
{
    uint64_t count;
    ssize_t n;

    do {
        n = read(e->fd, &count, sizeof(count));
    } while (n < 0 && errno == EINTR);
    return n == sizeof(count);
}
