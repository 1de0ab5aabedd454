/*
 * Extensions: the table, and what follows from a set of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/ext.h"

#include <string.h>

#include "target/riscv/isa.h"
#include "util/bits.h"

#define NONE ((const uint8_t[]){ EXT_END_ })
#define L(...) ((const uint8_t[]){ __VA_ARGS__, EXT_END_ })
const RISCVExtRow riscv_ext_rows[EXT_NR] = {
#define EXT(id, name_, version_, status_, models_, requires_, implies_, help_) \
    [EXT_##id] = { .name = (name_), .version = (version_), .status = (status_), \
                   .models = (models_), .requires = requires_, .implies = implies_, \
                   .help = (help_) },
#include "target/riscv/ext.def"
#undef EXT
};
#undef NONE
#undef L

_Static_assert(EXT_NR < EXT_END_ && EXT_NR <= 4 * 64, "RISCVCPU.ext is too small");

/* What two extensions imply together. */
static const struct {
    uint8_t with[2], implied;
} pair_rules[] = {
    { { EXT_C, EXT_D }, EXT_ZCD },
    { { EXT_SMNPM, EXT_S }, EXT_SSPM },
    { { EXT_SUPM, EXT_S }, EXT_SSNPM }, /* without S: user_masking() */
};

/* Extensions whose instructions are coded alike. */
static const uint8_t conflicts[][2] = {
    { EXT_ZCMP, EXT_ZCD },
    { EXT_ZCMT, EXT_ZCD },
};

#define BIT_IN(word, ext) ((ext) / 64 == (word) ? 1ULL << (ext) % 64 : 0)
#define WORD_OF_ALL(word) ~(BIT_IN(word, EXT_ZCMP) | BIT_IN(word, EXT_ZCMT))
const uint64_t riscv_ext_all[4] = { WORD_OF_ALL(0), WORD_OF_ALL(1), WORD_OF_ALL(2), WORD_OF_ALL(3) };

static bool is_letter(unsigned ext)
{
    return riscv_ext_rows[ext].name[1] == '\0';
}

bool riscv_ext_check_done(unsigned ext, Error **errp)
{
    const RISCVExtRow *row = &riscv_ext_rows[ext];

    if (row->status == EXT_TODO) {
        error_setg(errp, "extension '%s' (%s) is not implemented yet", row->name, row->help);
        return false;
    }
    return true;
}

/* Whether an extension is nothing but its parts. */
static bool only_parts(unsigned e)
{
    static const uint8_t names[] = { EXT_B, EXT_ZK, EXT_ZKN, EXT_ZKS, EXT_ZVKN, EXT_ZVKNC, EXT_ZVKNG,
                                     EXT_ZVKS, EXT_ZVKSC, EXT_ZVKSG };

    return memchr(names, (int)e, sizeof(names)) != NULL;
}

/* Whether the user switched off one of the extensions that e includes. */
static bool lacks_part(const uint64_t *set, const uint64_t *chosen, unsigned e)
{
    for (const uint8_t *i = riscv_ext_rows[e].implies; *i != EXT_END_; i++)
        if ((ext_get(chosen, *i) && !ext_get(set, *i)) || lacks_part(set, chosen, *i))
            return true;
    return false;
}

/* A group that nobody asked for is not there without one of its parts: max,zknd=off drops Zkn and Zk. */
static void drop_groups(uint64_t *set, const uint64_t *chosen)
{
    for (unsigned e = 0; e < EXT_NR; e++)
        if (only_parts(e) && ext_get(set, e) && !ext_get(chosen, e) && lacks_part(set, chosen, e))
            ext_put(set, e, false);
}

static bool imply(uint64_t *set, const uint64_t *chosen, unsigned by, unsigned ext, bool *again,
                  Error **errp)
{
    if (ext_get(set, ext))
        return true;
    if (ext_get(chosen, ext)) {
        error_setg(errp, "extension '%s' includes '%s', which is switched off",
                   riscv_ext_rows[by].name, riscv_ext_rows[ext].name);
        return false;
    }
    ext_put(set, ext, true);
    *again = true;
    return true;
}

/* Without S it is M that controls pointer masking in U. */
static bool user_masking(uint64_t *set, const uint64_t *chosen, bool *again, Error **errp)
{
    if (ext_get(set, EXT_S))
        return true;
    if (ext_get(set, EXT_SUPM))
        return imply(set, chosen, EXT_SUPM, EXT_SMNPM, again, errp);
    return !ext_get(set, EXT_SMNPM) || !ext_get(set, EXT_U) ||
           imply(set, chosen, EXT_SMNPM, EXT_SUPM, again, errp);
}

static bool follow_implications(uint64_t *set, const uint64_t *chosen, Error **errp)
{
    bool again = true;

    while (again) {
        again = false;
        for (unsigned e = 0; e < EXT_NR; e++) {
            if (!ext_get(set, e))
                continue;
            for (const uint8_t *i = riscv_ext_rows[e].implies; *i != EXT_END_; i++)
                if (!imply(set, chosen, e, *i, &again, errp))
                    return false;
        }
        for (size_t i = 0; i < ARRAY_SIZE(pair_rules); i++) {
            const uint8_t *with = pair_rules[i].with;
            if (ext_get(set, with[0]) && ext_get(set, with[1]) &&
                !imply(set, chosen, with[0], pair_rules[i].implied, &again, errp))
                return false;
        }
        if (!user_masking(set, chosen, &again, errp))
            return false;
    }
    return true;
}

/* The first extension that e requires and set lacks, or EXT_END_. */
static unsigned missing_for(const uint64_t *set, unsigned e)
{
    for (const uint8_t *r = riscv_ext_rows[e].requires; *r != EXT_END_; r++)
        if (!ext_get(set, *r))
            return *r;
    return EXT_END_;
}

/* A default that nobody asked for goes with what it needs: -cpu rv64,s=off drops Sstc. */
static void drop_defaults(uint64_t *set, const uint64_t *chosen)
{
    bool again = true;

    while (again) {
        again = false;
        for (unsigned e = 0; e < EXT_NR; e++) {
            if (ext_get(set, e) && !ext_get(chosen, e) && (!is_letter(e) || e == EXT_H) &&
                missing_for(set, e) != EXT_END_) {
                ext_put(set, e, false);
                again = true;
            }
        }
    }
}

unsigned riscv_ext_missing(const uint64_t *set, unsigned ext)
{
    return missing_for(set, ext);
}

void riscv_ext_complete(uint64_t *set)
{
    static const uint64_t none[4];

    /* Twice: names are made of names. */
    for (unsigned round = 0; round < 2; round++) {
        follow_implications(set, none, NULL);
        for (unsigned e = 0; e < EXT_NR; e++) {
            const uint8_t *i = riscv_ext_rows[e].implies;

            while (*i != EXT_END_ && ext_get(set, *i))
                i++;
            if (only_parts(e) && *i == EXT_END_)
                ext_put(set, e, true);
        }
    }
}

static bool check_conflicts(const uint64_t *set, Error **errp)
{
    for (size_t i = 0; i < ARRAY_SIZE(conflicts); i++) {
        const uint8_t *c = conflicts[i];

        if (ext_get(set, c[0]) && ext_get(set, c[1])) {
            error_setg(errp, "extensions '%s' and '%s' use the same encodings%s",
                       riscv_ext_rows[c[0]].name, riscv_ext_rows[c[1]].name,
                       c[1] == EXT_ZCD ? " (without zcd: d=off, or c=off,zca=on)" : "");
            return false;
        }
    }
    return true;
}

static bool finalize(uint64_t *set, const uint64_t *chosen, bool any, Error **errp)
{
    if (!ext_get(set, EXT_I) && !ext_get(set, EXT_E)) {
        error_setg(errp, "one of the extensions 'i' and 'e' is needed");
        return false;
    }
    drop_groups(set, chosen);
    if (!follow_implications(set, chosen, errp))
        return false;
    drop_defaults(set, chosen);
    for (unsigned e = 0; e < EXT_NR; e++) {
        unsigned missing;

        if (!ext_get(set, e))
            continue;
        if (!any && !riscv_ext_check_done(e, errp))
            return false;
        missing = missing_for(set, e);
        if (missing != EXT_END_) {
            error_setg(errp, "extension '%s' needs '%s', which is off", riscv_ext_rows[e].name,
                       riscv_ext_rows[missing].name);
            return false;
        }
    }
    return check_conflicts(set, errp);
}

bool riscv_ext_finalize(uint64_t *set, const uint64_t *chosen, Error **errp)
{
    return finalize(set, chosen, false, errp);
}

bool riscv_ext_finalize_any(uint64_t *set, const uint64_t *chosen, Error **errp)
{
    return finalize(set, chosen, true, errp);
}

/* The privileged specification that an extension came with or after; QEMU draws the same lines. */
static unsigned ext_spec(unsigned e)
{
    static const uint8_t v10[] = { EXT_ZICNTR, EXT_ZICSR, EXT_ZIFENCEI, EXT_ZIHINTNTL,
                                   EXT_ZIHINTPAUSE, EXT_ZIHPM };
    static const uint8_t v11[] = { EXT_ZICCAMOA, EXT_ZICCIF, EXT_ZICCLSM, EXT_ZICCRSE, EXT_SSCCPTR,
                                   EXT_SVADE, EXT_ZFH, EXT_ZFHMIN };
    static const uint8_t v13[] = { EXT_ZIMOP, EXT_ZCMOP, EXT_ZABHA, EXT_ZALASR, EXT_ZAMA16B,
                                   EXT_SVVPTC, EXT_SMMPM, EXT_SMNPM, EXT_SSNPM, EXT_SSPM,
                                   EXT_SUPM, EXT_ZICFISS, EXT_SVRSW60T59B, EXT_SMDBLTRP, EXT_SSDBLTRP };

    if (is_letter(e) || riscv_ext_rows[e].status == EXT_MODE || memchr(v10, (int)e, sizeof(v10)))
        return 10;
    return memchr(v11, (int)e, sizeof(v11)) ? 11 : memchr(v13, (int)e, sizeof(v13)) ? 13 : 12;
}

static bool part_of_letter(const uint64_t *set, unsigned ext)
{
    if (ext == EXT_ZCD)
        return ext_get(set, EXT_C) && ext_get(set, EXT_D);
    for (unsigned e = 0; e < EXT_NR; e++) {
        if (!is_letter(e) || !ext_get(set, e))
            continue;
        for (const uint8_t *i = riscv_ext_rows[e].implies; *i != EXT_END_; i++)
            if (*i == ext)
                return true;
    }
    return false;
}

bool riscv_ext_limit(uint64_t *set, const uint64_t *chosen, unsigned spec, Error **errp)
{
    for (unsigned e = 0; e < EXT_NR; e++) {
        if (!ext_get(set, e) || ext_spec(e) <= spec || part_of_letter(set, e))
            continue;
        if (ext_get(chosen, e)) {
            error_setg(errp, "extension '%s' needs priv_spec=v1.%u.0 or later",
                       riscv_ext_rows[e].name, ext_spec(e));
            return false;
        }
        ext_put(set, e, false);
    }
    drop_defaults(set, chosen);
    return true;
}

void riscv_ext_told(const RISCVCPU *cpu, uint64_t *out)
{
    memcpy(out, cpu->ext, sizeof(cpu->ext));
    for (unsigned e = 0; e < EXT_NR; e++)
        if ((int)ext_spec(e) > cpu->priv_spec)
            ext_put(out, e, false);
}

void riscv_ext_add_named(uint64_t *set, bool blocks64, unsigned vlen)
{
    static const uint8_t zvl[] = { EXT_ZVL32B, EXT_ZVL64B, EXT_ZVL128B, EXT_ZVL256B, EXT_ZVL512B,
                                   EXT_ZVL1024B };
    bool csr = ext_get(set, EXT_ZICSR), s = ext_get(set, EXT_S);
    bool h = ext_get(set, EXT_H), counted = ext_get(set, EXT_ZICNTR);
    bool atomics = ext_get(set, EXT_ZAAMO) && ext_get(set, EXT_ZALRSC);

    ext_put(set, EXT_ZIC64B, blocks64 && (ext_get(set, EXT_ZICBOM) || ext_get(set, EXT_ZICBOZ)));
    ext_put(set, EXT_ZICCAMOA, atomics);
    ext_put(set, EXT_ZICCIF, csr);
    ext_put(set, EXT_ZICCLSM, csr);
    ext_put(set, EXT_ZICCRSE, ext_get(set, EXT_ZALRSC));
    ext_put(set, EXT_ZA64RS, ext_get(set, EXT_ZALRSC));
    ext_put(set, EXT_SSCCPTR, s);
    ext_put(set, EXT_SSCOUNTERENW, s && ext_get(set, EXT_ZICNTR));
    ext_put(set, EXT_SSSTATEEN, s && ext_get(set, EXT_SMSTATEEN));
    ext_put(set, EXT_SSTVALA, s);
    ext_put(set, EXT_SSTVECD, s);
    ext_put(set, EXT_SSU64XL, s);
    for (size_t i = 0; i < ARRAY_SIZE(zvl); i++)
        ext_put(set, zvl[i], ext_get(set, EXT_ZVE32X) && vlen >= 32u << i);
    ext_put(set, EXT_SHCOUNTERENW, h && counted);
    ext_put(set, EXT_SHGATPA, h);
    ext_put(set, EXT_SHTVALA, h);
    ext_put(set, EXT_SHVSATPA, h);
    ext_put(set, EXT_SHVSTVALA, h);
    ext_put(set, EXT_SHVSTVECD, h);
    ext_put(set, EXT_SHA, h && counted && ext_get(set, EXT_SMSTATEEN));
}

static bool shown(const uint64_t *set, unsigned e)
{
    return ext_get(set, e) && riscv_ext_rows[e].status != EXT_MODE;
}

char *riscv_ext_isa_string(const uint64_t *set)
{
    GString *s = g_string_new("rv64");

    for (unsigned e = 0; e < EXT_NR; e++) {
        if (!shown(set, e))
            continue;
        if (!is_letter(e))
            g_string_append_c(s, '_');
        g_string_append(s, riscv_ext_rows[e].name);
    }
    return g_string_free(s, FALSE);
}

const char **riscv_ext_isa_list(const uint64_t *set)
{
    const char **list = g_new0(const char *, EXT_NR + 1);
    unsigned n = 0;

    for (unsigned e = 0; e < EXT_NR; e++)
        if (shown(set, e))
            list[n++] = riscv_ext_rows[e].name;
    return list;
}

uint64_t riscv_ext_misa(const uint64_t *set)
{
    uint64_t misa = 2ULL << 62; /* MXL: 64 bits */

    for (unsigned e = 0; e < EXT_NR; e++)
        if (is_letter(e) && e != EXT_G && ext_get(set, e))
            misa |= BIT_ULL(riscv_ext_rows[e].name[0] - 'a');
    return misa;
}

/* With all that it includes: V takes Zve64d along, and that Zve32x. */
static void drop(uint64_t *set, unsigned e)
{
    ext_put(set, e, false);
    for (const uint8_t *i = riscv_ext_rows[e].implies; *i != EXT_END_; i++)
        drop(set, *i);
}

void riscv_ext_without(const uint64_t *set, uint64_t off, uint64_t *out)
{
    bool again = true;

    memcpy(out, set, 4 * sizeof(*out));
    for (unsigned e = 0; e < EXT_NR; e++) {
        if (!is_letter(e) || !((off >> (riscv_ext_rows[e].name[0] - 'a')) & 1))
            continue;
        drop(out, e);
    }
    while (again) {
        again = false;
        for (unsigned e = 0; e < EXT_NR; e++) {
            if (ext_get(out, e) && missing_for(out, e) != EXT_END_) {
                ext_put(out, e, false);
                again = true;
            }
        }
    }
}
