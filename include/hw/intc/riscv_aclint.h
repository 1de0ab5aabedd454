/*
 * The core-local interruptor in its two halves: software interrupts ("riscv.aclint.swi") and the
 * timer ("riscv.aclint.mtimer"). Output line n of each goes to hart hartid-base + n. They describe
 * themselves as one SiFive CLINT, or with property "part" and "aclint" as the devices of the ACLINT
 * specification, which has one for supervisor software interrupts too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INTC_RISCV_ACLINT_H
#define VIREO_HW_INTC_RISCV_ACLINT_H

#include "hw/core/clock.h"
#include "hw/core/device.h"

#define TYPE_RISCV_ACLINT_SWI "riscv.aclint.swi"
#define TYPE_RISCV_ACLINT_MTIMER "riscv.aclint.mtimer"

#define RISCV_ACLINT_MAX_HARTS 4095
#define RISCV_ACLINT_SWI_SIZE 0x4000
#define RISCV_ACLINT_MTIMER_SIZE 0x8000 /* compare registers, then mtime in its last 8 bytes */

/* The counter that the timer shows as mtime. Before realize. */
void riscv_aclint_mtimer_set_timebase(DeviceState *dev, Timebase *tb);

#endif
