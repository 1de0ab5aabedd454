/*
 * Entry, trap vectors and privilege changes of the test programs.
 *
 * tp points to the hart's struct hart (lib/guest.h) in every mode; mscratch and sscratch hold it
 * while the hart is outside a trap handler.
 *
 * SPDX-License-Identifier: MIT
 */
#include "offsets.h"

    .section .text.start, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    li t1, MAX_HARTS
    bgeu t0, t1, park
    la tp, harts
    li t1, HART_SIZE
    mul t1, t1, t0
    add tp, tp, t1
    li t1, STACK_SIZE
    la sp, stacks
    addi t2, t0, 1
    mul t2, t2, t1
    add sp, sp, t2
    bnez t0, 2f

    la t1, __bss_start
    la t2, __bss_end
1:  sd zero, 0(t1)
    addi t1, t1, 8
    bltu t1, t2, 1b
    la t1, bss_ready
    li t2, 1
    fence rw, rw
    sw t2, 0(t1)
2:  la t1, bss_ready
    lw t2, 0(t1)
    beqz t2, 2b
    fence rw, rw

    sd t0, HART_ID(tp)
    csrw mscratch, tp
    csrw sscratch, tp
    la t1, m_vector
    csrw mtvec, t1
    la t1, s_vector
    csrw stvec, t1
    csrw medeleg, zero
    csrw mideleg, zero
    csrw mie, zero
    csrw satp, zero
    /* Everything is open to the lower modes until a test closes it. */
    li t1, -1
    csrw pmpaddr0, t1
    li t1, 0x1f
    csrw pmpcfg0, t1
    mv s0, t0
    mv a0, t0
    call hart_init
    bnez s0, 3f
    call main
    call pass
3:  mv a0, s0
    call other_hart
park:
    wfi
    j park

    .data
bss_ready: .word 0
    .text

.macro SAVE area
    .irp r, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\r, (\area + 8 * \r)(tp)
    .endr
.endm
.macro RESTORE area
    .irp r, 1,2,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\r, (\area + 8 * \r)(tp)
    .endr
.endm

    .align 2
    .globl m_vector
m_vector:
    csrrw tp, mscratch, tp
    sd sp, (HART_M_REGS + 16)(tp)
    SAVE HART_M_REGS
    csrr t0, mscratch
    sd t0, (HART_M_REGS + 32)(tp)
    csrw mscratch, tp
    ld sp, HART_M_STACK(tp)
    mv a0, tp
    call m_trap
    ld t0, (HART_M_REGS + 32)(tp)
    RESTORE HART_M_REGS
    ld tp, (HART_M_REGS + 32)(tp)
    mret

    .align 2
    .globl s_vector
s_vector:
    csrrw tp, sscratch, tp
    sd sp, (HART_S_REGS + 16)(tp)
    SAVE HART_S_REGS
    csrr t0, sscratch
    sd t0, (HART_S_REGS + 32)(tp)
    csrw sscratch, tp
    ld sp, HART_S_STACK(tp)
    mv a0, tp
    call s_trap
    RESTORE HART_S_REGS
    ld tp, (HART_S_REGS + 32)(tp)
    sret

/*
 * unsigned long run_in(unsigned mode, unsigned long (*fn)(unsigned long), unsigned long arg)
 * Runs fn(arg) in U (0), S (1) or M (3); returns what it returns. From M-mode only.
 */
    .globl run_in
run_in:
    addi sp, sp, -112
    sd ra, 0(sp)
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
    sd s\r, (8 + 8 * \r)(sp)
    .endr
    sd sp, HART_RETURN_SP(tp)
    li t0, 3 << 11
    csrc mstatus, t0
    slli t1, a0, 11
    csrs mstatus, t1
    csrw mepc, a1
    mv a0, a2
    la ra, leave_mode
    mret

/* Where fn returns to: an ecall that m_trap knows, whichever mode it comes from. */
    .globl leave_mode
leave_mode:
    li a7, RETURN_MAGIC
    ecall
    j .

/* m_trap sends the hart here, in M-mode, with the result in a0. */
    .globl run_in_done
run_in_done:
    ld sp, HART_RETURN_SP(tp)
    ld ra, 0(sp)
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
    ld s\r, (8 + 8 * \r)(sp)
    .endr
    addi sp, sp, 112
    ret
