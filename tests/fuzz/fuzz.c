/*
 * What the fuzz harnesses share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "system/mainloop.h"
#include "system/startup.h"

static void confine(void)
{
    const struct rlimit no_files = { 1 << 20, 1 << 20 }; /* bytes that a file may have */
    const char *dir = getenv("FUZZ_ROOT");

    setrlimit(RLIMIT_FSIZE, &no_files);
    if (!dir) {
        return; /* one input, run by hand */
    }
    if (chdir(dir) != 0 || (getuid() == 0 && (chroot(dir) != 0 || setgid(65534) != 0 ||
                                              setuid(65534) != 0))) {
        perror(dir);
        exit(1);
    }
}

void fuzz_start(const char *command_line)
{
    g_autofree char *line = g_strconcat("fuzz ", command_line, NULL);
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    Options *o = options_new();
    Error *err = NULL;

    signals_block();
    confine();
    if (!options_parse(o, (int)g_strv_length(argv), argv, &err) || startup(o, &err) != STARTUP_RUN) {
        error_report_err(err);
        exit(1);
    }
}
