/*
 * Profiles. What they mandate of extensions that follow by implication (Zmmul from M) or are facts of
 * this implementation (Ziccif, Ssccptr, ...) is not repeated here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/profile.h"

#include <stdarg.h>

#include "target/riscv/ext.h"

#define L(...) ((const uint8_t[]){ __VA_ARGS__, EXT_END_ })

const RISCVProfileRow riscv_profile_rows[PROFILE_NR] = {
    [PROFILE_RVA20U64] = {
        "rva20u64", "Profile of 2020 for user mode", -1, false, 10, false,
        L(EXT_I, EXT_M, EXT_A, EXT_F, EXT_D, EXT_C, EXT_U, EXT_ZICSR, EXT_ZICNTR),
    },
    [PROFILE_RVA20S64] = {
        "rva20s64", "Profile of 2020 with supervisor mode", PROFILE_RVA20U64, true, 11, false,
        L(EXT_S, EXT_ZIFENCEI, EXT_SVADE),
    },
    [PROFILE_RVA22U64] = {
        "rva22u64", "Profile of 2022 for user mode", PROFILE_RVA20U64, false, 12, true,
        L(EXT_B, EXT_ZIHPM, EXT_ZIHINTPAUSE, EXT_ZICBOM, EXT_ZICBOP, EXT_ZICBOZ, EXT_ZFHMIN,
          EXT_ZKT),
    },
    [PROFILE_RVA22S64] = {
        "rva22s64", "Profile of 2022 with supervisor mode", PROFILE_RVA22U64, true, 12, true,
        L(EXT_S, EXT_ZIFENCEI, EXT_SVADE, EXT_SVPBMT, EXT_SVINVAL),
    },
    [PROFILE_RVA23U64] = {
        "rva23u64", "Profile of 2023 for user mode", PROFILE_RVA22U64, false, 13, true,
        L(EXT_V, EXT_ZVFHMIN, EXT_ZVBB, EXT_ZVKT, EXT_ZIHINTNTL, EXT_ZICOND, EXT_ZIMOP, EXT_ZCMOP,
          EXT_ZCB, EXT_ZFA, EXT_ZAWRS, EXT_SUPM),
    },
    /* Smstateen and H make Sha. */
    [PROFILE_RVA23S64] = {
        "rva23s64", "Profile of 2023 with supervisor mode", PROFILE_RVA23U64, true, 13, true,
        L(EXT_S, EXT_H, EXT_ZIFENCEI, EXT_SVADE, EXT_SVNAPOT, EXT_SVPBMT, EXT_SVINVAL, EXT_SSTC,
          EXT_SSCOFPMF, EXT_SSNPM, EXT_SMSTATEEN),
    },
};

bool riscv_profile_has(RISCVProfile profile, unsigned ext)
{
    for (int p = (int)profile; p >= 0; p = riscv_profile_rows[p].base)
        for (const uint8_t *e = riscv_profile_rows[p].exts; *e != EXT_END_; e++)
            if (*e == ext)
                return true;
    return false;
}

/* What a profile does not allow: an error if the user wants it strictly, or else a warning, once for all
 * harts. Returns whether to go on. */
static G_GNUC_PRINTF(3, 4) bool complain(const RISCVCPU *cpu, Error **errp, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    if (cpu->strict) {
        error_setg(errp, "%s", text);
        return false;
    }
    if (cpu->parent_obj.cpu_index == 0)
        warn_report("-cpu: %s", text);
    return true;
}

bool riscv_profiles_apply(RISCVCPU *cpu, Error **errp)
{
    if (cpu->strict && !cpu->profiles) {
        error_setg(errp, "strict=on needs a profile: -cpu rva23s64,strict=on or rva23s64=on");
        return false;
    }
    for (unsigned p = 0; p < PROFILE_NR; p++) {
        if (!((cpu->profiles >> p) & 1))
            continue;
        for (unsigned e = 0; e < EXT_NR; e++) {
            if (!riscv_profile_has(p, e) || ext_get(cpu->ext, e))
                continue;
            if (!ext_get(cpu->ext_chosen, e))
                ext_put(cpu->ext, e, true);
            else if (!complain(cpu, errp, "profile '%s' mandates '%s', which is switched off (%s=off: "
                               "without claiming the profile)", riscv_profile_rows[p].name,
                               riscv_ext_rows[e].name, riscv_profile_rows[p].name))
                return false;
        }
    }
    return true;
}

bool riscv_profiles_check(const RISCVCPU *cpu, Error **errp)
{
    const struct {
        const char *name;
        unsigned size;
    } blocks[] = {
        { "cbom_blocksize", cpu->cbom_blocksize },
        { "cbop_blocksize", cpu->cbop_blocksize },
        { "cboz_blocksize", cpu->cboz_blocksize },
    };

    for (unsigned p = 0; p < PROFILE_NR; p++) {
        const RISCVProfileRow *row = &riscv_profile_rows[p];

        if (!((cpu->profiles >> p) & 1))
            continue;
        for (size_t i = 0; row->blocks64 && i < G_N_ELEMENTS(blocks); i++) {
            if (blocks[i].size != 64 &&
                !complain(cpu, errp, "profile '%s' mandates cache blocks of 64 bytes, not %s=%u",
                          row->name, blocks[i].name, blocks[i].size))
                return false;
        }
        if (cpu->priv_spec < row->spec &&
            !complain(cpu, errp, "profile '%s' needs priv_spec=v1.%d.0 or later", row->name,
                      row->spec))
            return false;
        if (row->supervisor && !(cpu->mmu && cpu->sv39) &&
            !complain(cpu, errp, "profile '%s' mandates Sv39, which is off (%s)", row->name,
                      cpu->mmu ? "sv39=off" : "mmu=off"))
            return false;
    }
    return true;
}
