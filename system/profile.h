/*
 * The profiler of guests: -profile.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_PROFILE_H
#define VIREO_SYSTEM_PROFILE_H

#include "hw/core/cpu.h"
#include "hw/core/machine.h"

/* From FILE[,hz=N][,kernel=FILE[@N]][,user=FILE[@N]]...; vCPUs exist and do not run. */
bool profile_start(const char *text, MachineState *ms, Error **errp);
/* cpu->sample_due was set: takes the sample. On the vCPU's thread, outside exec(), no lock held. */
void profile_take(CPUState *cpu);

/* For the monitor. False: there is no -profile. Main thread. */
bool profile_active(void);
/* Writes what there is to the file now. */
bool profile_write(Error **errp);
/* Samples are taken, or not; the machine goes on. */
void profile_switch(bool on);
/* Forgets all samples. */
void profile_reset(void);
/* Appends a line of how many there are. */
void profile_info(GString *out);

/* The machine stands still for good: writes the file. cancel: it never ran, nothing stays behind. */
void profile_end(bool cancel);

#endif
