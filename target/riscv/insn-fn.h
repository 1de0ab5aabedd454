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
/* The row whose body a compressed row runs; any other row itself. */
unsigned riscv_insn_body(unsigned row);

/*
 * Sequences with a handler of their own. The state after one row is that row (of riscv_insn_body());
 * 0 has seen nothing. Returns the state with one more, and the handler for the first operation of
 * the sequence; 0 if there is no such sequence. forward: rs1 of the row is rd of the one before.
 */
unsigned riscv_insn_fuse(unsigned state, unsigned row, bool forward, TCGOpFn *fn);

#endif
