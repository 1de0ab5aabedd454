/*
 * SMBIOS: the tables that name the machine and its parts to the guest (DMTF DSP0134, version 3.0), and
 * what the user wants in them (-smbios).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_SMBIOS_SMBIOS_H
#define VIREO_HW_SMBIOS_SMBIOS_H

#include "hw/core/machine.h"
#include "hw/nvram/fw_cfg.h"
#include "util/keyval.h"

/* What -smbios said. */
#define TYPE_SMBIOS "smbios"
OBJECT_DECLARE_SIMPLE(Smbios, SMBIOS, TYPE_SMBIOS)

/* That of the machine, made on first use; it lives as long as the machine. */
Smbios *smbios_get(MachineState *ms);

/* One -smbios: type=N and fields of it, or file=FILE with one finished structure. */
bool smbios_option(Smbios *s, KeyVals *kv, Error **errp);

/* What the board knows. */
typedef struct SmbiosBoard {
    const char *product, *version; /* unless -smbios says otherwise */
    uint16_t processor_family;
    hwaddr ram_base;
} SmbiosBoard;

/* Gives the tables and their entry point to fw_cfg. */
bool smbios_publish(Smbios *s, const SmbiosBoard *board, MachineState *ms, FWCfgState *fw,
                    Error **errp);

#endif
