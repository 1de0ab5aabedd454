/*
 * The interrupt files of an incoming MSI controller (IMSIC) as the hart that they belong to sees
 * them: through CSRs. The device gives the functions, the board hands them to the CPU.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_IMSIC_H
#define VIREO_HW_CORE_IMSIC_H

#include <stdbool.h>
#include <stdint.h>

/* One privilege level's files: file 0 is the level's own, 1 .. nr_files - 1 are those of guests. */
typedef struct IMSICLink {
    void *opaque;
    unsigned nr_files;
    /*
     * Register `reg` (0x70 .. 0xff, as miselect has it, the odd numbers of the arrays apart, which
     * the caller refuses) of a file: gives its value, then changes the bits of mask to those of value.
     * Either all at once.
     */
    uint64_t (*access)(void *opaque, unsigned file, unsigned reg, uint64_t value, uint64_t mask);
    /* The identity that mtopei reports; 0: none. */
    unsigned (*top)(void *opaque, unsigned file);
    /* Clears the pending bit of an identity. */
    void (*claim)(void *opaque, unsigned file, unsigned identity);
} IMSICLink;

#endif
