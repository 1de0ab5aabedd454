/*
 * -smp and -m.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_SMP_H
#define VIREO_SYSTEM_SMP_H

#include "hw/core/machine.h"

/* Fills *t from the texts of all -smp options (char *), later ones winning, and checks it. */
bool smp_parse(GPtrArray *texts, unsigned max_cpus, CPUTopology *t, Error **errp);

/* The size of RAM in bytes from the texts of all -m options; def if there are none. */
bool memory_parse(GPtrArray *texts, uint64_t def, uint64_t max, uint64_t *size, Error **errp);

#endif
