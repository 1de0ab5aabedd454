/*
 * Profiles: names for sets of extensions that systems agree to have (RVA20, RVA22, RVA23). Each is a CPU model
 * and a boolean property of every model.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_PROFILE_H
#define VIREO_TARGET_RISCV_PROFILE_H

#include "target/riscv/cpu.h"

typedef enum RISCVProfile {
    PROFILE_RVA20U64,
    PROFILE_RVA20S64,
    PROFILE_RVA22U64,
    PROFILE_RVA22S64,
    PROFILE_RVA23U64,
    PROFILE_RVA23S64,
    PROFILE_NR,
} RISCVProfile;

typedef struct RISCVProfileRow {
    const char *name;
    const char *help;
    int base;               /* the profile that it includes; -1: none */
    bool supervisor;        /* mandates Sv39 */
    int spec;               /* privileged specification that it needs: 10 for v1.10 */
    bool blocks64;          /* mandates cache blocks of 64 bytes */
    const uint8_t *exts;    /* beyond those of the base; ended by EXT_END_ */
} RISCVProfileRow;

extern const RISCVProfileRow riscv_profile_rows[PROFILE_NR];

/* Whether the profile mandates the extension, itself or by its base. */
bool riscv_profile_has(RISCVProfile profile, unsigned ext);
/*
 * Switches on what the claimed profiles (RISCVCPU.profiles) mandate. What the user switched off stays
 * off, with a warning that names the profile; with RISCVCPU.strict it is an error.
 */
bool riscv_profiles_apply(RISCVCPU *cpu, Error **errp);
/* After the configuration is complete: cache blocks, specification and virtual memory are as mandated,
 * or there is a warning, or an error. */
bool riscv_profiles_check(const RISCVCPU *cpu, Error **errp);

#endif
