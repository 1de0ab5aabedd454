/*
 * Extensions: numbers, the table's rows, and what follows from a configuration.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_EXT_H
#define VIREO_TARGET_RISCV_EXT_H

#include "target/riscv/cpu.h"

typedef enum RISCVExt {
#define EXT(id, name, version, status, models, requires, implies, help) EXT_##id,
#include "target/riscv/ext.def"
#undef EXT
    EXT_NR,
    EXT_END_ = 255, /* ends a list of extensions */
} RISCVExt;

typedef enum ExtStatus { EXT_DONE, EXT_TODO, EXT_NAMED, EXT_MODE } ExtStatus;

/* CPU models, as bits of RISCVExtRow.models. */
enum { ON_RV64 = 1 << 0, ON_MAX = 1 << 1, ON_RV64I = 1 << 2 };

typedef struct RISCVExtRow {
    const char *name;
    const char *version;
    ExtStatus status;
    unsigned models;
    const uint8_t *requires; /* ended by EXT_END_ */
    const uint8_t *implies;
    const char *help;
} RISCVExtRow;

extern const RISCVExtRow riscv_ext_rows[EXT_NR];

static inline bool ext_get(const uint64_t *set, unsigned ext)
{
    return (set[ext / 64] >> (ext % 64)) & 1;
}

static inline void ext_put(uint64_t *set, unsigned ext, bool on)
{
    set[ext / 64] = (set[ext / 64] & ~(1ULL << (ext % 64))) | ((uint64_t)on << (ext % 64));
}

/*
 * Completes and checks a configuration: follows implications, refuses what contradicts (the error
 * says which extension needs which) and what is not implemented. `chosen` holds the extensions
 * that the user set, on or off; set is changed.
 */
bool riscv_ext_finalize(uint64_t *set, const uint64_t *chosen, Error **errp);
/* The same for a CPU that is not ours: what is not implemented here is allowed. */
bool riscv_ext_finalize_any(uint64_t *set, const uint64_t *chosen, Error **errp);
/* Adds what follows from a set that is there: parts of its extensions, and names for all parts of
 * something. */
void riscv_ext_complete(uint64_t *set);
/* The first extension that `ext` needs and the set lacks, or EXT_END_. */
unsigned riscv_ext_missing(const uint64_t *set, unsigned ext);
/*
 * What the privileged specification (10 to 13: v1.10 to v1.13) is too old for: an extension that the
 * user asked for is an error, the others go. What a letter includes stays, but is not told.
 */
bool riscv_ext_limit(uint64_t *set, const uint64_t *chosen, unsigned spec, Error **errp);
/* What the device tree and ACPI tell of a CPU: its extensions without the names that are younger than
 * its privileged specification. out: four words, as RISCVCPU.ext. */
void riscv_ext_told(const RISCVCPU *cpu, uint64_t *out);
/* Switches on the named features that a finished set has; blocks64: all cache blocks are 64 bytes;
 * vlen: bits of a vector register, if there are any. */
void riscv_ext_add_named(uint64_t *set, bool blocks64, unsigned vlen);
/* "extension 'v' (Vectors) is not implemented yet", if so. */
bool riscv_ext_check_done(unsigned ext, Error **errp);

/* "rv64imafdc_zicbom_...", in the table's order; g_free(). */
char *riscv_ext_isa_string(const uint64_t *set);
/* The extensions' names as riscv,isa-extensions lists them, NULL-terminated; g_free() the array. */
const char **riscv_ext_isa_list(const uint64_t *set);
/* misa's value for a set: MXL and the letters. */
uint64_t riscv_ext_misa(const uint64_t *set);
/* The set without what the letters switched off in misa (bits of `off`) take with them. */
void riscv_ext_without(const uint64_t *set, uint64_t off, uint64_t *out);

#endif
