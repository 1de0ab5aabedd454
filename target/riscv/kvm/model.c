/*
 * What -cpu says, against what the host has. KVM can hide few extensions: most have no switch in the
 * architecture, and stay executable whatever the guest is told.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm-impl.h"

#include <string.h>

#include "target/riscv/bits.h"
#include "target/riscv/cpu-impl.h"
#include "target/riscv/profile.h"
#include "util/bits.h"

/* Encodings that every hart executes, and promises of M mode, which a guest does not have. */
static bool is_hint(unsigned e)
{
    return e == EXT_ZICBOP || e == EXT_ZIHINTPAUSE || e == EXT_ZIHINTNTL;
}

static bool of_m_mode(unsigned e)
{
    return riscv_ext_rows[e].name[0] == 's' && riscv_ext_rows[e].name[1] == 'm' &&
           e != EXT_SMSTATEEN && e != EXT_SMNPM;
}

static bool is_host_model(const RISCVCPU *cpu)
{
    return !strcmp(object_class_name(((const Object *)cpu)->klass), "host" RISCV_CPU_TYPE_SUFFIX);
}

/* ---- Before the configuration is completed ---- */

static bool take_number(RISCVCPU *cpu, unsigned given, const char *name, uint64_t asked,
                        uint64_t host, Error **errp)
{
    if (!host || !(cpu->given & given) || asked == host)
        return true;
    error_setg(errp, "%s=%" G_GUINT64_FORMAT ": this host has %" G_GUINT64_FORMAT ", and KVM cannot "
               "give another", name, asked, host);
    return false;
}

static bool take_sizes(RISCVCPU *cpu, const RISCVKVMHost *host, Error **errp)
{
    if (!take_number(cpu, RISCV_GIVEN_CBOM, "cbom_blocksize", cpu->cbom_blocksize, host->cbom, errp) ||
        !take_number(cpu, RISCV_GIVEN_CBOP, "cbop_blocksize", cpu->cbop_blocksize, host->cbop, errp) ||
        !take_number(cpu, RISCV_GIVEN_CBOZ, "cboz_blocksize", cpu->cboz_blocksize, host->cboz, errp) ||
        !take_number(cpu, RISCV_GIVEN_VLEN, "vlen", cpu->vlen, host->vlenb * 8, errp))
        return false;
    if (host->cbom)
        cpu->cbom_blocksize = (uint16_t)host->cbom;
    if (host->cboz)
        cpu->cboz_blocksize = (uint16_t)host->cboz;
    if (host->cbop)
        cpu->cbop_blocksize = (uint16_t)host->cbop;
    if (host->vlenb * 8 > RISCV_MAX_VLEN && ext_get(cpu->ext, EXT_V)) {
        error_setg(errp, "the host's vectors have %u bits; up to %d are supported (v=off does without)",
                   host->vlenb * 8, RISCV_MAX_VLEN);
        return false;
    }
    if (host->vlenb && host->vlenb * 8 <= RISCV_MAX_VLEN)
        cpu->vlen = (uint16_t)(host->vlenb * 8);
    return true;
}

static bool take_satp(RISCVCPU *cpu, const RISCVKVMHost *host, Error **errp)
{
    static const char *const names[] = { "sv39", "sv48", "sv57" };
    bool *modes[] = { &cpu->sv39, &cpu->sv48, &cpu->sv57 };

    for (unsigned i = 0; i < 3; i++) {
        if (!*modes[i] || host->satp_mode >= SATP_SV39 + i)
            continue;
        if ((cpu->sv_chosen >> i) & 1) {
            error_setg(errp, "%s=on: guests of this host have %s at most", names[i],
                       names[host->satp_mode - SATP_SV39]);
            return false;
        }
        *modes[i] = false;
    }
    return true;
}

static bool off_by_choice(const RISCVCPU *cpu, unsigned e)
{
    return ext_get(cpu->ext_chosen, e) && !ext_get(cpu->ext, e);
}

bool riscv_kvm_config_begin(RISCVCPU *cpu, Error **errp)
{
    CPUState *first = cpu_list()->nr ? cpu_list()->cpus[0] : NULL;
    bool host_model = is_host_model(cpu);
    const RISCVKVMHost *host;

    if (!kvm_enabled()) {
        if (host_model)
            error_setg(errp, "CPU model 'host' needs the accelerator kvm");
        return !host_model;
    }
    cpu->kvm = g_new0(RISCVKVM, 1);
    if (first && ((RISCVCPU *)first)->kvm)
        cpu->kvm->host = g_rc_box_acquire(((RISCVCPU *)first)->kvm->host);
    else
        cpu->kvm->host = riscv_kvm_host_new(errp);
    host = cpu->kvm->host;
    if (!host)
        return false;
    if (off_by_choice(cpu, EXT_S) || off_by_choice(cpu, EXT_U)) {
        error_setg(errp, "a KVM guest runs in the modes S and U: they cannot be switched off");
        return false;
    }
    for (unsigned e = 0; e < EXT_NR; e++)
        if (host_model && !ext_get(cpu->ext_chosen, e))
            ext_put(cpu->ext, e, ext_get(host->given, e));
    ext_put(cpu->ext, EXT_S, true);
    ext_put(cpu->ext, EXT_U, true);
    /* Without M mode there is no PMP for the guest to see, and no counters to program. */
    cpu->pmp = false;
    cpu->num_pmp_regions = 0;
    if (!(cpu->given & RISCV_GIVEN_MVENDORID) && host_model)
        cpu->mvendorid = (uint32_t)host->mvendorid;
    if (!(cpu->given & RISCV_GIVEN_MARCHID) && host_model)
        cpu->marchid = host->marchid;
    if (!(cpu->given & RISCV_GIVEN_MIMPID) && host_model)
        cpu->mimpid = host->mimpid;
    return take_sizes(cpu, host, errp) && take_satp(cpu, host, errp);
}

/* ---- When it is complete ---- */

static void add_name(GString *list, const char *name)
{
    g_string_append_printf(list, "%s%s", list->len ? ", " : "", name);
}

/* The profile that wants the extension, or NULL. */
static const char *mandated_by(const RISCVCPU *cpu, unsigned e)
{
    for (unsigned p = 0; p < PROFILE_NR; p++)
        if (((cpu->profiles >> p) & 1) && riscv_profile_has(p, e))
            return riscv_profile_rows[p].name;
    return NULL;
}

/* Extensions that the guest is to have and the host does not give. Those that nobody insists on go,
 * and what needs them. */
static bool check_missing(RISCVCPU *cpu, const RISCVKVMHost *host, GString *dropped, Error **errp)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    const char *profile = NULL;

    for (unsigned e = 0; e < EXT_NR; e++) {
        ExtStatus status = riscv_ext_rows[e].status;
        bool can = ext_get(host->on, e) || (ext_get(host->known, e) && ext_get(host->change, e));

        if (!ext_get(cpu->ext, e) || can || status == EXT_NAMED || status == EXT_MODE || is_hint(e))
            continue;
        /* Nor has a guest guests of its own, unless it is said that it should. */
        if ((of_m_mode(e) || e == EXT_H) && !ext_get(cpu->ext_chosen, e) && !mandated_by(cpu, e)) {
            ext_put(cpu->ext, e, false);
        } else if (mandated_by(cpu, e) || ext_get(cpu->ext_chosen, e) ||
                   (riscv_ext_rows[e].name[1] == '\0' && e != EXT_V)) {
            profile = profile ? profile : mandated_by(cpu, e);
            add_name(missing, riscv_ext_rows[e].name);
        } else {
            ext_put(cpu->ext, e, false);
            add_name(dropped, riscv_ext_rows[e].name);
        }
    }
    if (!missing->len)
        return riscv_ext_finalize_any(cpu->ext, cpu->ext_chosen, errp);
    if (profile)
        error_setg(errp, "profile '%s' mandates what KVM guests of this host lack: %s", profile,
                   missing->str);
    else
        error_setg(errp, "KVM guests of this host lack: %s (-cpu host takes what there is)",
                   missing->str);
    return false;
}

/* What the guest is not to have, and can use all the same. */
static void list_unhidden(const RISCVCPU *cpu, const RISCVKVMHost *host, GString *list)
{
    static const char *const modes[] = { "sv48", "sv57" };
    const bool on[] = { cpu->sv48, cpu->sv57 };

    for (unsigned e = 0; e < EXT_NR; e++) {
        /* Without what it needs it is gone with that. */
        if (ext_get(host->given, e) && !ext_get(cpu->ext, e) && !ext_get(host->change, e) &&
            !is_hint(e) && riscv_ext_missing(cpu->ext, e) == EXT_END_)
            add_name(list, riscv_ext_rows[e].name);
    }
    for (unsigned i = 0; i < 2; i++)
        if (!on[i] && host->satp_mode >= SATP_SV48 + i)
            add_name(list, modes[i]);
}

bool riscv_kvm_config_check(RISCVCPU *cpu, Error **errp)
{
    g_autoptr(GString) dropped = g_string_new(NULL), unhidden = g_string_new(NULL);
    const RISCVKVMHost *host;

    if (!cpu->kvm)
        return true;
    host = cpu->kvm->host;
    if (!check_missing(cpu, host, dropped, errp))
        return false;
    list_unhidden(cpu, host, unhidden);
    if (cpu->parent_obj.cpu_index > 0)
        return true; /* the first vCPU has said it */
    if (dropped->len)
        warn_report("-cpu: KVM guests of this host do not have %s: the guest is told so", dropped->str);
    if (unhidden->len)
        warn_report("-cpu: KVM cannot hide %s from the guest: not in the device tree, but usable",
                    unhidden->str);
    return true;
}

void riscv_kvm_add_named(RISCVCPU *cpu)
{
    const RISCVKVMHost *host = cpu->kvm->host;
    bool given = ext_get(host->given, EXT_ZICCRSE);

    /* How the host's memory and harts behave is not ours to promise; what KVM says and what follows
     * from the numbers is. */
    for (unsigned e = 0; e < EXT_NR; e++)
        if (riscv_ext_rows[e].status == EXT_NAMED && !g_str_has_prefix(riscv_ext_rows[e].name, "zvl"))
            ext_put(cpu->ext, e, false);
    ext_put(cpu->ext, EXT_ZICCRSE, given);
    ext_put(cpu->ext, EXT_ZIC64B, host->cbom == 64 && host->cboz == 64 &&
                                      (!host->cbop || host->cbop == 64));
    ext_put(cpu->ext, EXT_SSSTATEEN, ext_get(cpu->ext, EXT_SMSTATEEN));
}

void riscv_kvm_unrealize(RISCVCPU *cpu)
{
    RISCVKVM *k = cpu->kvm;

    if (!k)
        return;
    cpu->kvm = NULL;
    riscv_kvm_regs_free(k);
    if (k->patches)
        g_array_free(k->patches, true);
    if (k->host)
        g_rc_box_release(k->host);
    g_free(k);
}

uint64_t riscv_kvm_frequency(const RISCVCPU *cpu)
{
    return cpu->kvm ? cpu->kvm->host->frequency : 0;
}
