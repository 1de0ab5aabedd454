/*
 * From options to a machine that is ready to run, and back.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_STARTUP_H
#define VIREO_SYSTEM_STARTUP_H

#include "hw/core/machine.h"
#include "system/options.h"

/* What a successful step means for main(). */
typedef enum StartupResult {
    STARTUP_FAILED, /* *errp says why */
    STARTUP_RUN,
    STARTUP_DONE,   /* there was only something to print or to write */
} StartupResult;

/* Builds everything, in the order that the parts need each other; the machine is paused. */
StartupResult startup(const Options *o, Error **errp);

/* Ends vCPU threads, flushes disks, frees the machine and every back end. Also after a failure. */
void teardown(void);

/* ---- The steps ---- */

/* The class that -M names; its properties are in *props (all -M options merged). */
MachineClass *machine_choose(const Options *o, KeyVals **props, Error **errp);

/* A device that -drive if=virtio or -nic implies. */
typedef struct ImpliedDevice {
    const char *option; /* who implies it, for errors */
    char *text;         /* that option's argument */
    char *device;       /* for device_add() */
} ImpliedDevice;
void implied_device_free(gpointer d);

/* -object, -chardev, -drive, -netdev, -nic: each makes its objects, and appends the devices it
 * implies (ImpliedDevice) to `devices`. */
bool backends_create(const Options *o, MachineClass *mc, GPtrArray *devices, Error **errp);

/* -serial and -monitor. Fills ms->serial; the chardevs that want a monitor go to `monitors`. */
bool consoles_create(const Options *o, MachineState *ms, GPtrArray *monitors, Error **errp);

/* -display, -vnc, -vga: what is wrong whatever the machine, and then the servers, which need its
 * display devices. */
bool displays_check(const Options *o, Error **errp);
bool displays_create(const Options *o, Error **errp);

/* -icount, after the accelerator was chosen. */
bool icount_option(const Options *o, MachineState *ms, Error **errp);

/* -perfmap, -jitdump, -profile: last, because they make files that stay. */
bool observe_options(const Options *o, MachineState *ms, Error **errp);

/* -device TYPE,PROP=VALUE on the running or half-built machine. NULL + errp. */
DeviceState *device_add(const char *text, Error **errp);

/* The same on a machine that has been started, for types of devices that guests expect to come and
 * go; and taking one away, by its id. Main thread. */
bool device_hot_add(const char *text, Error **errp);
bool device_hot_del(const char *id, Error **errp);

/* What -object, -chardev and -netdev make, while the machine runs; and removing
 * one by its id, unless something uses it. `option` is without the dash. Main thread. */
bool backend_hot_add(const char *option, const char *text, Error **errp);
bool backend_hot_del(const char *option, const char *id, Error **errp);

/* If any option asks for help, prints it and returns true. */
bool help_requested(const Options *o, bool *ok, Error **errp);

#endif
