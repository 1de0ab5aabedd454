/*
 * Interrupt lines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/irq.h"

#include <stddef.h>

void irq_connect(IRQ *irq, IRQHandler handler, void *opaque, int n)
{
    irq->handler = handler;
    irq->opaque = opaque;
    irq->n = n;
    if (handler && __atomic_load_n(&irq->level, __ATOMIC_RELAXED)) {
        handler(opaque, n, true);
    }
}

void irq_set(IRQ *irq, bool level)
{
    /* The driver's lock orders writers; the store is atomic for those who only look. */
    if (__atomic_load_n(&irq->level, __ATOMIC_RELAXED) == level) {
        return;
    }
    __atomic_store_n(&irq->level, level, __ATOMIC_RELAXED);
    if (irq->handler) {
        irq->handler(irq->opaque, irq->n, level);
    }
}

void irq_pulse(IRQ *irq)
{
    irq_set(irq, true);
    irq_set(irq, false);
}
