/*
 * Monitor commands for the memory balloon.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include "hw/virtio/virtio-balloon.h"
#include "monitor/internal.h"
#include "util/keyval.h"

static VirtIOBalloon *balloon(Monitor *mon)
{
    Error *err = NULL;
    VirtIOBalloon *s = virtio_balloon_find(&err);

    if (!s) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    }
    return s;
}

void monitor_cmd_balloon(Monitor *mon, const char *args)
{
    VirtIOBalloon *s = balloon(mon);
    uint64_t bytes;
    Error *err = NULL;

    if (!s) {
        return;
    }
    if (!parse_size("balloon", args, 'M', &bytes, &err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
        return;
    }
    virtio_balloon_set_target(s, bytes);
}

void monitor_info_balloon(Monitor *mon, const char *args)
{
    VirtIOBalloon *s = balloon(mon);
    g_autoptr(GString) stats = g_string_new(NULL);

    if (s) {
        monitor_printf(mon, "balloon: actual=%" PRIu64 "\n", virtio_balloon_actual(s) >> 20);
        virtio_balloon_stats(s, stats);
        monitor_write(mon, stats->str, stats->len);
    }
}
