/*
 * Privileged instructions, as their bodies call them. All of them run on the vCPU's thread inside a
 * block whose tcg.cur is stored, check that they are legal in the current mode, and raise (without
 * returning) if not. See also riscv_raise() and riscv_raise_illegal() in cpu.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_TRAP_H
#define VIREO_TARGET_RISCV_TRAP_H

#include "target/riscv/aia.h"
#include "target/riscv/causes.h"

/* "U", "S", "M", "VU", "VS". */
const char *riscv_mode_name(RISCVPriv priv, bool virt);

void riscv_ecall(CPURISCVState *env);
_Noreturn void riscv_ebreak(CPURISCVState *env); /* ebreak and c.ebreak; tval is its address */

/* Return from a trap. Set tcg.pc, privilege and mode word; end with TCG_EXIT_MAIN(env, op). */
void riscv_mret(CPURISCVState *env, const TCGOp *op);
void riscv_sret(CPURISCVState *env, const TCGOp *op);
void riscv_mnret(CPURISCVState *env, const TCGOp *op);

/* wfi: sets cpu->halted if there is nothing to wake up for. tcg.pc is set to the next
 * instruction; end with TCG_EXIT_MAIN(env, op). */
void riscv_wfi(CPURISCVState *env, const TCGOp *op);

/* wrs.nto (no_timeout) and wrs.sto: returns after a short pause, or at once if the reservation is
 * gone; the hart never halts. The block goes on. */
void riscv_wrs(CPURISCVState *env, const TCGOp *op, bool no_timeout);

/* sfence.vma and sinval.vma with the numbers in op->rs1 and op->rs2 (x0 means all). The mapping may
 * have changed: set tcg.pc to the next instruction and end with TCG_EXIT_LOOKUP(env, op). */
void riscv_sfence_vma(CPURISCVState *env, const TCGOp *op);
/* sfence.w.inval and sfence.inval.ir: order nothing here, but are illegal in U. The block goes on. */
void riscv_sfence_inval(CPURISCVState *env, const TCGOp *op);

/* Cache-block operations: whether menvcfg and senvcfg allow them here; raises if not. The block
 * size in bytes for address alignment is cpu->cbom_blocksize and cpu->cboz_blocksize. */
typedef enum RISCVCbo { CBO_INVAL, CBO_CLEAN_FLUSH, CBO_ZERO } RISCVCbo;
void riscv_cbo_check(CPURISCVState *env, const TCGOp *op, RISCVCbo kind);

/* The address after the instruction being run, and the instructions retired so far (instret); both
 * also right while no instruction is being run. */
vaddr riscv_next_pc(CPURISCVState *env);
uint64_t riscv_instret(CPURISCVState *env);

/* Changes the mode between blocks, outside a trap; the caller sees to the mode word and the TLB. */
void riscv_set_priv(CPURISCVState *env, RISCVPriv to);

/* TCGCPUOps of the same names. */
void riscv_deliver_exception(CPURISCVState *env);
bool riscv_take_interrupt(CPURISCVState *env);
/* The interrupt that would be taken now (its number, of a non-maskable one 0), or -1. */
int riscv_pending_interrupt(const CPURISCVState *env);
/* The same, and the level that it is taken at; that of VS is numbered as the guest sees it. */
int riscv_next_interrupt(const CPURISCVState *env, RISCVIrqLevel *level);
/* CPUClass.has_work: an enabled interrupt is pending, whatever mstatus says. Any thread. */
bool riscv_has_work(CPUState *cpu);

/* Sets and clears mip bits as devices do; any thread. Wakes the vCPU if the bits changed. */
void riscv_mip_change(CPURISCVState *env, uint64_t set, uint64_t clear);
/* The same for the lines of guest external interrupts. */
void riscv_hgeip_change(CPURISCVState *env, uint64_t set, uint64_t clear);

#endif
