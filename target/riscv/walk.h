/*
 * The page table walker, which serves the running guest and the debugger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_WALK_H
#define VIREO_TARGET_RISCV_WALK_H

#include "target/riscv/mmu.h"

typedef enum WalkResult {
    WALK_OK,
    WALK_PAGE_FAULT,
    WALK_GUEST_PAGE_FAULT,
    WALK_ACCESS_FAULT,
} WalkResult;

typedef struct Walk {
    CPURISCVState *env;
    RISCVPriv priv;
    bool virt;    /* two stages */
    bool hlvx;    /* a load that needs X instead of R */
    bool shadow;  /* of a shadow stack; its faults are those of a store */
    bool cbo;     /* by a cache-block operation */
    MMUAccess access;
    bool debug;   /* no permissions, no A and D */
    bool dry;     /* A and D are not written */
    GString *why; /* NULL: not asked */
    const char *reason; /* of a fault */
    uint64_t gpa;   /* of a guest-page fault */
    uint32_t tinst; /* its pseudoinstruction: 0 if the access itself faulted */
} Walk;

#define EXPLAIN(w, ...)                                       \
    do {                                                      \
        if (unlikely((w)->why))                               \
            g_string_append_printf((w)->why, __VA_ARGS__);    \
    } while (0)

/* The translation alone. */
WalkResult riscv_walk(Walk *w, vaddr va, TLBFill *out);
/* The walk, then PMP for what it found. */
WalkResult riscv_look_up(Walk *w, vaddr va, unsigned size, TLBFill *out);

#endif
