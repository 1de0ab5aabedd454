/*
 * "riscv.sifive.plic": input lines are sources, output lines are contexts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INTC_SIFIVE_PLIC_H
#define VIREO_HW_INTC_SIFIVE_PLIC_H

#define TYPE_SIFIVE_PLIC "riscv.sifive.plic"

#endif
