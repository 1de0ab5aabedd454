/*
 * The process.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "system/mainloop.h"
#include "system/options.h"
#include "system/startup.h"

static int fail(Error *err)
{
    error_report_err(err);
    return 1;
}

/* Builds, runs and dismantles the machine; the exit status. */
static int run(const Options *o)
{
    Error *err = NULL;
    int status = 0;

    switch (startup(o, &err)) {
    case STARTUP_FAILED:
        teardown();
        return fail(err);
    case STARTUP_DONE:
        break;
    case STARTUP_RUN:
        status = main_loop_run();
        break;
    }
    teardown();
    return status;
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
    if (help_requested(o, &ok, &err)) {
        return ok ? 0 : fail(err);
    }
    return run(o);
}
