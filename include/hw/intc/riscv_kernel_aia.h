/*
 * "riscv.kernel-aia": the AIA that the accelerator's kernel plays (hw/core/host-aia.h), as a device of the
 * machine: it has the input lines, and its registers are reset, saved and shown like any other's.
 * Windows are the APLIC, if that is in the kernel, and the interrupt files.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INTC_RISCV_KERNEL_AIA_H
#define VIREO_HW_INTC_RISCV_KERNEL_AIA_H

#include "hw/core/device.h"
#include "hw/core/host-aia.h"
#include "hw/core/msi.h"

#define TYPE_RISCV_KERNEL_AIA "riscv.kernel-aia"

enum { KERNEL_APLIC_SIZE = 0x4000 };

/* Before realize. config->ready and opaque are the device's own; imsic[] is copied. */
void riscv_kernel_aia_configure(DeviceState *dev, const HostAIA *host, const HostAIAConfig *config);
/* After realize: what the kernel can do of what was asked for. */
const HostAIAConfig *riscv_kernel_aia_config(DeviceState *dev);
/* Sends messages to its interrupt files; lives as long as the device. */
const MSITarget *riscv_kernel_aia_msi(DeviceState *dev);

#endif
