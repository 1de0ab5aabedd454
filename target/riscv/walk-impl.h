/*
 * What walk.c and walk-leaf.c share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_WALK_IMPL_H
#define VIREO_TARGET_RISCV_WALK_IMPL_H

#include "target/riscv/walk.h"

typedef enum StageKind { STAGE_S, STAGE_VS, STAGE_G } StageKind;

/* One stage of translation: where its tables are, and what it asks. */
typedef struct Stage {
    StageKind kind;
    uint64_t atp;     /* satp, vsatp or hgatp */
    MMUAccess access; /* of a table of the stage before: what that wants; else the access's own */
    RISCVPriv priv;
    bool sum, mxr, hlvx, pbmte, adue;
    bool sse;         /* there are pages of shadow stacks */
    bool shadow, cbo; /* as in Walk */
} Stage;

/* ---- walk-leaf.c ---- */
/* PAGE_* by MMUAccess. */
extern const uint8_t walk_access_prot[];
/* Of the next, NULL: nothing is against it; else what is, in words. */
/* Encodings of any entry that are reserved, or need an extension that is off. */
const char *walk_reserved_entry(const CPURISCVState *env, const Stage *s, uint64_t pte);
/* Whether U and SUM allow the access. */
const char *walk_mode_permission(const Stage *s, uint64_t pte);
/* The rules of shadow stacks that end in an access fault; G-stage knows no shadow stacks. */
const char *walk_shadow_permission(const Stage *s, uint64_t pte);
/* Whether MXR, R, W, X allow the access; *prot receives what they allow at all. */
const char *walk_leaf_permission(const Stage *s, uint64_t pte, unsigned *prot);
/* Leaves that cannot be at that level. */
const char *walk_bad_leaf(uint64_t pte, unsigned level);
/* Where va is in the page of the leaf, and how large that is. */
void walk_leaf_address(uint64_t pte, vaddr va, unsigned level, TLBFill *out);

#endif
