/*
 * -icount: virtual time that counts instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/startup.h"

#include <string.h>

#include "accel/icount.h"
#include "util/keyval.h"

static bool parse_shift(const char *text, int *shift, Error **errp)
{
    uint64_t n;

    if (!text || !strcmp(text, "auto")) {
        *shift = ICOUNT_SHIFT_AUTO;
        return true;
    }
    if (!g_ascii_isdigit(*text)) {
        error_setg(errp, "shift=%s: a number from 0 to %d is needed, or auto", text, ICOUNT_MAX_SHIFT);
        return false;
    }
    if (!parse_u64("shift", text, 0, ICOUNT_MAX_SHIFT, &n, errp)) {
        return false;
    }
    *shift = (int)n;
    return true;
}

/* What is not there yet, said as such. */
static bool no_replay(KeyVals *kv, Error **errp)
{
    static const char *const keys[] = { "rr", "rrfile", "rrsnapshot" };

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *value = keyval_take(kv, keys[i]);
        if (value) {
            error_setg(errp, "%s=%s: record and replay are not supported yet", keys[i], value);
            return false;
        }
    }
    return true;
}

static bool parse(const char *text, IcountConfig *config, Error **errp)
{
    static const char *const known[] = { "shift", "sleep", "align", "rr", "rrfile", "rrsnapshot",
                                         NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, "shift", false, errp);
    const char *sleep, *align;

    *config = (IcountConfig){ .sleep = true };
    if (!kv || !parse_shift(keyval_take(kv, "shift"), &config->shift, errp)) {
        return false;
    }
    sleep = keyval_take(kv, "sleep");
    align = keyval_take(kv, "align");
    if ((sleep && !parse_bool("sleep", sleep, &config->sleep, errp)) ||
        (align && !parse_bool("align", align, &config->align, errp)) || !no_replay(kv, errp) ||
        !keyval_check_used(kv, known, errp)) {
        return false;
    }
    if (config->shift == ICOUNT_SHIFT_AUTO && (config->align || !config->sleep)) {
        error_setg(errp, "shift=auto follows the host's time: it excludes %s",
                   config->align ? "align=on" : "sleep=off");
        return false;
    }
    if (config->align && !config->sleep) {
        error_setg(errp, "align=on waits for the host's time, and sleep=off does not: choose one");
        return false;
    }
    return true;
}

bool icount_option(const Options *o, MachineState *ms, Error **errp)
{
    IcountConfig config;

    if (!o->icount || (parse(o->icount, &config, errp) && accel_set_icount(ms->accel, &config, errp))) {
        return true;
    }
    option_prepend(errp, "icount", o->icount);
    return false;
}
