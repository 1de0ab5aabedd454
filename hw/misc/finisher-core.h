/*
 * What a write to the SiFive test finisher asks for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_MISC_FINISHER_CORE_H
#define VIREO_HW_MISC_FINISHER_CORE_H

#include <stdint.h>

typedef enum FinisherAction {
    FINISHER_NOTHING,
    FINISHER_PASS,
    FINISHER_FAIL,
    FINISHER_RESET,
} FinisherAction;

/* Decodes a write at offset addr: the low half is the command, the high half the exit code. */
static inline FinisherAction finisher_decode(uint64_t addr, uint32_t value, int *code)
{
    *code = (int)(value >> 16);
    if (addr != 0) {
        return FINISHER_NOTHING;
    }
    switch (value & 0xffff) {
    case 0x5555:
        return FINISHER_PASS;
    case 0x3333:
        return FINISHER_FAIL;
    case 0x7777:
        return FINISHER_RESET;
    default:
        return FINISHER_NOTHING;
    }
}

#endif
