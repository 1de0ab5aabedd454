/*
 * Zcmp's register lists, for the instructions and the disassembler.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_ZCM_H
#define VIREO_TARGET_RISCV_ZCM_H

/* Registers of a list (4 to 15): ra alone, with s0, ... to s9, and then s10 and s11 at once. */
static inline unsigned riscv_zcmp_saved(unsigned list)
{
    return list == 15 ? 13 : list - 3;
}

/* What sp is moved by: the registers' place, a multiple of 16, and some more. */
static inline unsigned riscv_zcmp_stack(unsigned list, unsigned more)
{
    return ((riscv_zcmp_saved(list) * 8 + 15) & ~15u) + more;
}

#endif
