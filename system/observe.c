/*
 * What looks at the run from outside: -perfmap, -jitdump and -profile.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/startup.h"

#include "accel/accel.h"
#include "system/profile.h"

static bool observe(const char *option, AccelState *accel, AccelObserve what, Error **errp)
{
    const AccelClass *ac = ACCEL_CLASS(accel->parent_obj.klass);

    if (!ac->observe) {
        error_setg(errp, "accelerator '%s' compiles nothing that perf could be told of", ac->name);
    } else if (ac->observe(accel, what, errp)) {
        return true;
    }
    option_prepend(errp, option, NULL);
    return false;
}

static bool profile_option(const Options *o, MachineState *ms, Error **errp)
{
    if (o->icount) {
        error_setg(errp, "it would disturb what -icount counts: choose one");
    } else if (profile_start(o->profile, ms, errp)) {
        return true;
    }
    option_prepend(errp, "profile", o->profile);
    return false;
}

bool observe_options(const Options *o, MachineState *ms, Error **errp)
{
    return (!o->perfmap || observe("perfmap", ms->accel, ACCEL_PERFMAP, errp)) &&
           (!o->jitdump || observe("jitdump", ms->accel, ACCEL_JITDUMP, errp)) &&
           (!o->profile || profile_option(o, ms, errp));
}
