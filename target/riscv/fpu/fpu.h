/*
 * A hart's floating-point unit: its flags and rounding mode, and whose turn the host's FPU is.
 *
 * Inside exec() the host's control word follows frm, its exceptions stay masked, and its sticky
 * flags collect fflags; they are folded into env->fflags when somebody asks and at the end of
 * exec(). Outside exec(), with a rounding mode that the host does not have, and on hosts without a
 * fast path every operation is done in integers. Devices, which also run on a vCPU's thread inside
 * exec(), get a control word of their own (util/host-fp.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_FPU_FPU_H
#define VIREO_TARGET_RISCV_FPU_FPU_H

#include "target/riscv/cpu.h"
#include "target/riscv/fpu/ieee.h"

/*
 * Bits of env->fp_fast: bit r says that an operation with rm = r may be done by the host's FPU as it
 * is set now; r = 7 is the dynamic mode. Bit 5, which no legal instruction asks for, says that the
 * host's FPU is the guest's at all: enough for what does not round. fp_fast_fma is the same for
 * fused multiply-add.
 */
enum { FP_ANY = 5 };

/* TCGCPUOps.exec_enter and exec_leave. */
void fp_exec_enter(CPURISCVState *env);
void fp_exec_leave(CPURISCVState *env);

/* fflags and frm as the CSRs have them. vCPU thread, or vCPU paused. Marking FS dirty is the
 * caller's. */
unsigned fp_get_fflags(CPURISCVState *env);
void fp_set_fflags(CPURISCVState *env, unsigned flags);
void fp_set_frm(CPURISCVState *env, unsigned frm);

#endif
