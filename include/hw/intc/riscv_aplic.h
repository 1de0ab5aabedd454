/*
 * "riscv.aplic": one interrupt domain of an advanced platform-level interrupt controller. Input lines
 * are sources; those of the root are connected, and it hands them on to its child. Output line n
 * goes to hart hartid-base + n in direct delivery mode.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INTC_RISCV_APLIC_H
#define VIREO_HW_INTC_RISCV_APLIC_H

#include "hw/core/device.h"
#include "hw/core/msi.h"

#define TYPE_RISCV_APLIC "riscv.aplic"

enum { APLIC_MAX_SOURCES = 1024, APLIC_IDC_BASE = 0x4000, APLIC_IDC_SIZE = 32 };

/* How a hart index becomes the address of the hart's interrupt file, in the terms of the AIA
 * specification: base page and shifts and widths as in mmsiaddrcfg and smsiaddrcfg. */
typedef struct APLICAddress {
    uint64_t base_ppn;
    unsigned lhxs, lhxw, hhxs, hhxw;
} APLICAddress;

/* All before the child is realized. */
void riscv_aplic_set_parent(DeviceState *child, DeviceState *parent);
/* Where the domain's messages go (msimode=on); lives as long as the device. */
void riscv_aplic_set_msi(DeviceState *dev, const MSITarget *msi);
/* The addresses of a root that no firmware programs, a supervisor domain under KVM. */
void riscv_aplic_set_address(DeviceState *dev, const APLICAddress *address);

#endif
