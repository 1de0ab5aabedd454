/*
 * Interrupt lines. A line has one driver and one receiver; the level is filtered for edges, so a
 * receiver is called only when the level changes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_IRQ_H
#define VIREO_HW_CORE_IRQ_H

#include <stdbool.h>
#include <stdint.h>

/* Called with the driver's lock held, on the driver's thread. Takes the receiver's own lock.
 * Lock order: device, then interrupt controller, then nothing. */
typedef void (*IRQHandler)(void *opaque, int n, bool level);

typedef struct IRQ {
    IRQHandler handler; /* NULL: not connected */
    void *opaque;
    int n;
    bool level;         /* as last driven; atomic */
} IRQ;

/* Connects before the machine runs. A line already high is delivered at once. */
void irq_connect(IRQ *irq, IRQHandler handler, void *opaque, int n);

/* Drives the line; does nothing if the level is unchanged. Any thread that holds the driver's lock. */
void irq_set(IRQ *irq, bool level);

static inline void irq_raise(IRQ *irq)
{
    irq_set(irq, true);
}

static inline void irq_lower(IRQ *irq)
{
    irq_set(irq, false);
}

/* High, then low: for edge-triggered receivers. */
void irq_pulse(IRQ *irq);

#endif
