/*
 * Breakpoints and watchpoints, whatever runs the vCPUs. They are by virtual address, hold for every
 * vCPU and every address space, and leave guest memory alone.
 *
 * A vCPU that meets one stops before the instruction (breakpoint) or before the access is made
 * (watchpoint): exec() returns CPU_EXIT_DEBUG, and CPUState.debug says what it was. Loads, stores and
 * atomics of instructions are watched; page walks, fetches and devices are not.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_DEBUG_H
#define VIREO_ACCEL_DEBUG_H

#include "accel/accel.h"

typedef struct DebugPoint {
    DebugKind kind;
    vaddr addr, len; /* len of a breakpoint does not count */
} DebugPoint;

/* Both do nothing and succeed if it is so already. Any thread that is outside exec() and holds no
 * lock; takes an exclusive section. Translated code and TLBs follow. */
bool debug_insert(DebugKind kind, vaddr addr, vaddr len, Error **errp);
bool debug_remove(DebugKind kind, vaddr addr, vaddr len, Error **errp);
void debug_remove_all(void);

/* All of them, in the order in which they were set; valid until one is set or removed. */
const DebugPoint *debug_points(unsigned *nr);

/* Drops what the accelerator has derived from guest code, as after a change of what -d shows. The
 * same conditions. */
void debug_flush_code(void);

/* ---- For accelerators; on a vCPU's thread inside exec(), or in an exclusive section ---- */

/* The breakpoint at pc, or NULL. */
const DebugPoint *debug_break_at(vaddr pc);
/* Whether any watchpoint touches the bytes from first to last. */
bool debug_watches(vaddr first, vaddr last);
/* The watchpoint that such an access meets, or NULL. */
const DebugPoint *debug_watch_at(vaddr va, unsigned size, bool load, bool store);

#endif
