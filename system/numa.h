/*
 * -numa.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_NUMA_H
#define VIREO_SYSTEM_NUMA_H

#include "hw/core/machine.h"

/* Fills ms->numa from the texts of -numa and gives every CPU its node. ms->smp and ms->ram_size
 * are set. */
bool numa_parse(GPtrArray *texts, MachineState *ms, Error **errp);

#endif
