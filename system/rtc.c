/*
 * -rtc: the wall clock of the guest.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/rtc.h"

#include <string.h>
#include <time.h>

#include "hw/core/clock.h"
#include "util/keyval.h"

#define NS_PER_S INT64_C(1000000000)

static bool parse_clock(const char *name, ClockType *clock, Error **errp)
{
    static const struct {
        const char *name;
        ClockType clock;
    } rows[] = {
        { "host", CLOCK_HOST },  /* follows the host's wall clock, also when that is set */
        { "rt", CLOCK_MONO },    /* runs evenly, also while the machine is stopped */
        { "vm", CLOCK_VIRTUAL }, /* stands still while the machine is stopped */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!name || !strcmp(name, rows[i].name)) {
            *clock = rows[i].clock;
            return true;
        }
    }
    error_setg(errp, "no clock '%s' (there are: host, rt, vm)", name);
    return false;
}

/* Seconds east of UTC that this machine's clocks show at the moment. */
static int64_t local_offset(void)
{
    time_t now = time(NULL);
    struct tm tm;

    localtime_r(&now, &tm);
    return tm.tm_gmtoff;
}

/* What the clock shows now, ns since the epoch. */
static bool parse_base(const char *base, int64_t *now_ns, Error **errp)
{
    int64_t host = clock_get_ns(CLOCK_HOST);
    struct tm tm = { .tm_mday = 1 };
    const char *end;

    if (!base || !strcmp(base, "utc")) {
        *now_ns = host;
        return true;
    }
    if (!strcmp(base, "localtime")) {
        *now_ns = host + local_offset() * NS_PER_S;
        return true;
    }
    end = strptime(base, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!end) {
        memset(&tm, 0, sizeof(tm));
        end = strptime(base, "%Y-%m-%d", &tm);
    }
    /* The clocks of guests count nanoseconds since 1970 in 63 bits. */
    if (!end || *end || tm.tm_year < 70 || tm.tm_year > 361) {
        error_setg(errp, "no time '%s' (expected utc, localtime, or a date from 1970 to 2261 like "
                         "2024-05-31 or 2024-05-31T12:00:00)", base);
        return false;
    }
    *now_ns = (int64_t)timegm(&tm) * NS_PER_S;
    return true;
}

static bool parse_rtc(const char *text, Error **errp)
{
    static const char *const known[] = { "base", "clock", "driftfix", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, "base", false, errp);
    const char *driftfix;
    ClockType clock;
    int64_t now;

    if (!kv || !parse_clock(keyval_take(kv, "clock"), &clock, errp) ||
        !parse_base(keyval_take(kv, "base"), &now, errp)) {
        return false;
    }
    driftfix = keyval_take(kv, "driftfix");
    if (driftfix && strcmp(driftfix, "none")) {
        error_setg(errp, "driftfix=%s is for clocks that interrupt at a rate (there is: none)",
                   driftfix);
        return false;
    }
    if (!keyval_check_used(kv, known, errp)) {
        return false;
    }
    clock_rtc_set(clock, now - clock_get_ns(clock));
    return true;
}

bool rtc_option(const Options *o, Error **errp)
{
    if (o->rtc && !parse_rtc(o->rtc, errp)) {
        option_prepend(errp, "rtc", o->rtc);
        return false;
    }
    return true;
}
