/*
 * The command line: one table of options, and what was given.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_OPTIONS_H
#define VIREO_SYSTEM_OPTIONS_H

#include <stddef.h>

#include "util/error.h"

/* What was given, not yet looked into: texts as written. Lists hold char *, in order. */
typedef struct Options {
    GPtrArray *machine, *accel, *memory, *smp, *numa; /* merged, later ones win */
    char *cpu;
    char *kernel, *initrd, *append, *dtb, *bios;
    GPtrArray *drive, *blockdev, *device, *netdev, *nic, *net, *object, *chardev, *serial, *monitor;
    GPtrArray *fsdev, *virtfs;
    GPtrArray *mon, *global, *gdb, *boot, *fw_cfg, *smbios;
    GPtrArray *vnc;
    char *display, *vga;
    bool nographic, nodefaults, no_reboot, no_shutdown, snapshot, start_paused;
    char *log_items, *log_file;
    GPtrArray *action, *readconfig, *set, *data_dirs;
    char *mem_path;
    bool mem_prealloc;
    char *name, *icount, *seed, *uuid, *rtc, *pidfile, *run_with, *overcommit, *msg;
    char *semihosting_config;
    bool daemonize, ignored, semihosting;
    bool perfmap, jitdump;
    char *profile;
    bool help, version;
    GPtrArray *warnings; /* options of which only the last counts, given more than once */
} Options;

typedef enum OptionKind {
    OPTION_FLAG, /* bool */
    OPTION_TEXT, /* char *; the last one counts */
    OPTION_LIST, /* GPtrArray * of char * */
    OPTION_FIXED, /* no argument; appends `fixed` to a GPtrArray * */
} OptionKind;

/* One row per option; the parser, -help and the manual are made from it. */
typedef struct Option {
    const char *name;  /* without the dash */
    const char *alias; /* or NULL */
    OptionKind kind;
    size_t offset;     /* of the field in Options */
    const char *arg;   /* form of the argument, for help; NULL: none */
    const char *help;
    const char *fixed; /* OPTION_FIXED */
    const char *group; /* heading that starts here in help, or NULL */
} Option;

extern const Option option_table[]; /* name NULL ends it */

Options *options_new(void);
void options_free(Options *o);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Options, options_free)

/* Reads argv[1..]; stops at the first error. */
bool options_parse(Options *o, int argc, char **argv, Error **errp);

/* Stores an option by its name without the dash, as if it had come last on the command line. */
bool options_add(Options *o, const char *name, const char *value, Error **errp);
/* The texts of an option that may be repeated; NULL if there is no such option. Owned by o. */
GPtrArray *options_list(Options *o, const char *name);

/* Appends the text of -help. */
void options_help(GString *out);

/* Puts "-NAME VALUE: " in front of an error, a very long value shortened. */
void option_prepend(Error **errp, const char *name, const char *value);

#endif
