/*
 * A CPU's registers as a debugger wants them: by number, and described in XML (the target description of
 * the GDB remote protocol). All of it only while the vCPU is paused.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_CPU_DEBUG_H
#define VIREO_HW_CORE_CPU_DEBUG_H

#include "hw/core/cpu.h"

typedef struct CPUDebugOps {
    const char *arch;  /* "riscv:rv64" */
    unsigned nr_core;  /* registers 0 .. nr_core - 1 are those that are always read together */
    /* Appends the n-th feature, an XML element, and returns a file name for it; NULL behind the last. */
    const char *(*feature)(CPUState *cpu, unsigned n, GString *xml);
    /* Appends the bytes of a register in the guest's order, without side effects; false: there is no
     * such register, or it cannot be read now. */
    bool (*read)(CPUState *cpu, unsigned reg, GByteArray *out);
    /* Sets it from bytes, as the register's own rules allow; returns how many it took, 0 if it is
     * not there, cannot be written or wants more. */
    unsigned (*write)(CPUState *cpu, unsigned reg, const uint8_t *bytes, size_t len);
} CPUDebugOps;

#endif
