/*
 * Fences, environment calls and the privileged instructions. What they mean is in trap.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/ctr.h"
#include "target/riscv/exec.h"
#include "target/riscv/semihost.h"
#include "target/riscv/trap.h"

/* imm: fm in bits 11-8, predecessor set in 7-4, successor set in 3-0, each I O R W. Only a store that
 * must be seen before a later load needs more from the host than the order of acquire and release. */
EXEC(fence)
{
    bool store_before = op->imm & 0x50, load_after = op->imm & 0x0a;
    bool tso = (op->imm & 0xf00) == 0x800;
    if (store_before && load_after && !tso)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    else
        __atomic_thread_fence(__ATOMIC_ACQ_REL);
}

EXEC_RAISE(ecall) { riscv_ecall(env); }

/* Through the main loop: a semihosting call may have ended the run. */
EXEC_MAIN(ebreak)
{
    if (op->len == 2 || !riscv_semihost(env))
        riscv_ebreak(env);
}

/* Interrupts that they make possible have asked for attention. */
EXEC_LOOKUP(mret) { riscv_mret(env, op); }
EXEC_LOOKUP(sret) { riscv_sret(env, op); }
EXEC_LOOKUP(mnret) { riscv_mnret(env, op); }
EXEC_MAIN(wfi) { riscv_wfi(env, op); }

EXEC_LOOKUP(sfence_vma)
{
    riscv_sfence_vma(env, op);
    env->tcg.pc = NEXT_PC;
}

EXEC_LOOKUP(sinval_vma)
{
    riscv_sfence_vma(env, op);
    env->tcg.pc = NEXT_PC;
}

EXEC(sctrclr) { riscv_sctrclr(env, op); }

EXEC(sfence_w_inval) { riscv_sfence_inval(env, op); }
EXEC(sfence_inval_ir) { riscv_sfence_inval(env, op); }
