/*
 * The process.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <sys/resource.h>

#include "gdbstub/gdbstub.h"
#include "system/config.h"
#include "system/cpus.h"
#include "system/mainloop.h"
#include "system/options.h"
#include "system/process.h"
#include "system/profile.h"
#include "system/startup.h"

static int fail(Error *err)
{
    error_report_err(err);
    return 1;
}

/*
 * Takes as many descriptors as are allowed. Below some, libraries end the process in their own
 * way when they cannot have one.
 */
static bool raise_descriptor_limit(Error **errp)
{
    const rlim_t least = 64;
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) != 0) {
        return true;
    }
    if (l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
    if (l.rlim_cur < least) {
        error_setg(errp, "only %llu file descriptors are allowed, at least %llu are needed "
                         "(ulimit -n)",
                   (unsigned long long)l.rlim_cur, (unsigned long long)least);
        return false;
    }
    return true;
}

/* Builds, runs and dismantles the machine; the exit status. */
static int run(const Options *o)
{
    Error *err = NULL;
    int status = 0;
    StartupResult result = process_begin(o, &err) ? startup(o, &err) : STARTUP_FAILED;

    if (result == STARTUP_RUN && !process_confine(o, &err)) {
        profile_end(true);
        result = STARTUP_FAILED;
    }
    if (result == STARTUP_RUN) {
        process_ready(o);
        if (!o->start_paused) {
            vm_start();
        }
        status = main_loop_run();
        gdbstub_exit(status);
    }
    teardown();
    process_end();
    return result == STARTUP_FAILED ? fail(err) : status;
}

int main(int argc, char **argv)
{
    g_autoptr(Options) o = options_new();
    Error *err = NULL;
    bool ok;

    signals_block();
    if (!options_parse(o, argc, argv, &err)) {
        return fail(err);
    }
    if (!options_apply_config(o, &err)) {
        return fail(err);
    }
    if (help_requested(o, &ok, &err)) {
        return ok ? 0 : fail(err);
    }
    if (!raise_descriptor_limit(&err)) {
        return fail(err);
    }
    return run(o);
}
