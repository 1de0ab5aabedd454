/*
 * -readconfig and -set.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_CONFIG_H
#define VIREO_SYSTEM_CONFIG_H

#include "system/options.h"

/*
 * Adds what the files of -readconfig say as if it had been written on the command line behind all
 * else, then changes what -set GROUP.ID.KEY=VALUE names. The error names the option, file and line.
 */
bool options_apply_config(Options *o, Error **errp);

#endif
