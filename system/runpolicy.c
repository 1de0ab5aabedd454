/*
 * -action, -no-reboot and -no-shutdown: what follows what the guest does.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/runpolicy.h"

#include <string.h>

#include "util/keyval.h"

static const struct {
    const char *event;
    size_t offset;
    struct {
        const char *name;
        int value;
    } actions[5];
} rows[] = {
    { "reboot", offsetof(RunPolicy, reboot),
      { { "reset", REBOOT_RESET }, { "shutdown", REBOOT_SHUTDOWN } } },
    { "shutdown", offsetof(RunPolicy, shutdown),
      { { "poweroff", SHUTDOWN_POWEROFF }, { "pause", SHUTDOWN_PAUSE } } },
    { "panic", offsetof(RunPolicy, panic),
      { { "shutdown", PANIC_SHUTDOWN }, { "pause", PANIC_PAUSE },
        { "exit-failure", PANIC_EXIT_FAILURE }, { "none", PANIC_NONE } } },
};

static bool set_event(RunPolicy *p, size_t row, const char *value, Error **errp)
{
    GString *all = g_string_new(NULL);

    for (size_t i = 0; rows[row].actions[i].name; i++) {
        if (!strcmp(rows[row].actions[i].name, value)) {
            *(int *)((char *)p + rows[row].offset) = rows[row].actions[i].value;
            g_string_free(all, TRUE);
            return true;
        }
        g_string_append_printf(all, "%s%s", i ? ", " : "", rows[row].actions[i].name);
    }
    error_setg(errp, "no action '%s' for '%s' (there are: %s)", value, rows[row].event, all->str);
    g_string_free(all, TRUE);
    return false;
}

static bool parse_action(RunPolicy *p, const char *text, Error **errp)
{
    const char *known[G_N_ELEMENTS(rows) + 1] = { NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, NULL, false, errp);

    if (!kv) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = keyval_take(kv, rows[i].event);

        known[i] = rows[i].event;
        if (value && !set_event(p, i, value, errp)) {
            return false;
        }
    }
    return keyval_check_used(kv, known, errp);
}

bool run_policy_parse(const Options *o, RunPolicy *p, Error **errp)
{
    *p = (RunPolicy){ .reboot = o->no_reboot ? REBOOT_SHUTDOWN : REBOOT_RESET,
                      .shutdown = o->no_shutdown ? SHUTDOWN_PAUSE : SHUTDOWN_POWEROFF,
                      .panic = PANIC_SHUTDOWN };
    for (guint i = 0; i < o->action->len; i++) {
        if (!parse_action(p, o->action->pdata[i], errp)) {
            option_prepend(errp, "action", o->action->pdata[i]);
            return false;
        }
    }
    return true;
}
