/*
 * "riscv.imsic": the interrupt files of one hart at one privilege level, a page of 4 KiB each. Output
 * line 0 is the level's external interrupt, line n that of guest n.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INTC_RISCV_IMSIC_H
#define VIREO_HW_INTC_RISCV_IMSIC_H

#include "hw/core/device.h"
#include "hw/core/imsic.h"

#define TYPE_RISCV_IMSIC "riscv.imsic"

enum {
    IMSIC_PAGE = 0x1000,
    IMSIC_MAX_FILES = 64,
    IMSIC_MAX_IDS = 2048, /* identity 0 included, which does not exist */
};

/* What the hart's CSRs go through; lives as long as the device, after realize. */
const IMSICLink *riscv_imsic_link(DeviceState *dev);
/* A message for a file, as a write to its page delivers it. Any thread; takes the device's lock.
 * False if there is no such file or identity. */
bool riscv_imsic_msi(DeviceState *dev, unsigned file, uint32_t identity);

#endif
