/*
 * Runs what is at SLOT in U-mode, with all registers from a table, until the first trap. See words.c.
 *
 * SPDX-License-Identifier: MIT
 */
    .option norvc
    .bss
    .align 4
saved: .space 128

    .text
/* void word_run(u64 *regs, u64 va): regs[0] to mepc's place; regs[1..31] are set, and hold what was left;
 * the trap itself is in the CSRs afterwards. */
    .globl word_run
word_run:
    la t0, saved
    sd ra, 0(t0)
    sd sp, 8(t0)
    sd gp, 16(t0)
    sd tp, 24(t0)
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
    sd s\r, (32 + 8 * \r)(t0)
    .endr
    la t1, word_trap
    csrrw t1, mtvec, t1
    la t2, old_vector
    sd t1, 0(t2)
    csrrw t1, mscratch, a0
    la t2, old_scratch
    sd t1, 0(t2)
    csrw mepc, a1
    li t1, 0x1800
    csrc mstatus, t1
    mv x31, a0
    .irp r, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\r, (8 * \r)(x31)
    .endr
    mret

    .align 2
word_trap:
    csrrw x31, mscratch, x31
    .irp r, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    sd x\r, (8 * \r)(x31)
    .endr
    csrr t0, mscratch
    sd t0, 248(x31)
    la t0, old_vector
    ld t0, 0(t0)
    csrw mtvec, t0
    la t0, old_scratch
    ld t0, 0(t0)
    csrw mscratch, t0
    la t0, saved
    ld ra, 0(t0)
    ld sp, 8(t0)
    ld gp, 16(t0)
    ld tp, 24(t0)
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
    ld s\r, (32 + 8 * \r)(t0)
    .endr
    ret

/* void clear_vectors(u64 vtype): all vector registers zero, then vl = VLMAX (if there is that vtype). */
    .globl clear_vectors
clear_vectors:
    .option push
    .option arch, +v
    csrw vstart, zero
    vsetvli t0, zero, e8, m8, ta, ma
    vmv.v.i v0, 0
    vmv.v.i v8, 0
    vmv.v.i v16, 0
    vmv.v.i v24, 0
    vsetvl t0, zero, a0
    .option pop
    ret

    .bss
    .align 3
old_vector: .space 8
old_scratch: .space 8
