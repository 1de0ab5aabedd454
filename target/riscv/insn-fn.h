/*
 * The handler that runs a row of the instruction tables (generated insn-fn.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_INSN_FN_H
#define VIREO_TARGET_RISCV_INSN_FN_H

#include "target/riscv/insn-list.h" /* generated */

/* NULL for INSN_illegal. */
TCGOpFn riscv_insn_fn(unsigned row);

#endif
