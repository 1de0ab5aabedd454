/*
 * Control and status registers. csr.def has one row each; everything here works from its rows.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_CSR_H
#define VIREO_TARGET_RISCV_CSR_H

#include "target/riscv/cpu.h"

typedef enum CSRKind { CSR_WRITE, CSR_SET, CSR_CLEAR } CSRKind;

/* What a write changed, for the instruction that made it. */
enum {
    CSR_EFFECT_LOOKUP = 1, /* mode word or mapping: leave the block with TCG_EXIT_LOOKUP */
    CSR_EFFECT_IRQ = 2,    /* an interrupt may be possible now: leave with TCG_EXIT_MAIN */
};

/* Returned in two registers, so that the caller's tail call is not hindered by a local's address. */
typedef struct CSRResult {
    uint64_t old;     /* zero if not read */
    uint64_t effects; /* CSR_EFFECT_*; 0: the block goes on with the next operation */
} CSRResult;

/*
 * One of the six CSR instructions. csr is the number (12 bits), operand the value of rs1 or the
 * immediate. do_read is false for csrrw[i] with rd = x0, do_write is false for csrr[sc][i] with
 * rs1 = x0 (or immediate 0): the side effects of what is not asked for do not happen. Raises
 * illegal instruction, without return and with nothing changed, if the access is not allowed.
 *
 * With effects the body sets tcg.pc to the next instruction and leaves the block; rd is written
 * before. CSR instructions therefore need not end a block when they are translated.
 */
CSRResult riscv_csr_insn(CPURISCVState *env, const TCGOp *op, unsigned csr, CSRKind kind,
                         uint64_t operand, bool do_read, bool do_write);

/* Access for debuggers and firmware: as M-mode would, without side effects on reads. False if
 * there is no such register or it is read-only. */
bool riscv_csr_read_debug(CPURISCVState *env, unsigned csr, uint64_t *value);
bool riscv_csr_write_debug(CPURISCVState *env, unsigned csr, uint64_t value);
/* Appends why an instruction in the present mode may not access the register: "satp: mstatus.TVM=1". */
void riscv_csr_explain(CPURISCVState *env, unsigned csr, bool writes, GString *out);
/* The offset in env of a register of S or M that is nothing but its value: reading it, or writing it too,
 * does nothing else, whatever the state, for who has the privilege. 0: it is none. virt: with V=1. */
unsigned riscv_csr_plain(unsigned csr, bool virt, bool write);
/* "mstatus", or NULL for a number that has no row; the number of a name, or -1. */
const char *riscv_csr_name(unsigned csr);
int riscv_csr_by_name(const char *name);

#endif
