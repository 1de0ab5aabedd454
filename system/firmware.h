/*
 * What the user tells the firmware.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_FIRMWARE_H
#define VIREO_SYSTEM_FIRMWARE_H

#include "hw/core/machine.h"
#include "system/options.h"

/* -boot: properties of the machine, before it is built. */
bool boot_options(const Options *o, MachineState *ms, Error **errp);

/* -fw_cfg: files of the board's fw_cfg, after it is built. */
bool fw_cfg_options(const Options *o, Error **errp);

/* -smbios, before the machine is built. */
bool smbios_options(const Options *o, MachineState *ms, Error **errp);

#endif
