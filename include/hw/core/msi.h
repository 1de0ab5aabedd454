/*
 * Where the message-signalled interrupts of a machine go: what the interrupt controllers and
 * buses that send them are given by the board.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_MSI_H
#define VIREO_HW_CORE_MSI_H

#include "softmmu/memory.h"

typedef struct MSITarget {
    /* A 32-bit little-endian write of data to addr, which may be any address at all. Any thread, with
     * the sender's lock held; takes none but the receiving interrupt file's. */
    void (*send)(void *opaque, hwaddr addr, uint32_t data);
    void *opaque;
} MSITarget;

#endif
