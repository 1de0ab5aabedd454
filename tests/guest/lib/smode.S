/*
 * Entry and trap vector of S-mode programs, which run on a firmware: lib/smode.h.
 *
 * SPDX-License-Identifier: MIT
 */
    .section .text.start, "ax"
    .globl _start
_start:
    /* a0: hart, a1: device tree. The first hart comes here, the others to hart_entry. */
    la t1, __bss_start
    la t2, __bss_end
1:  sd zero, 0(t1)
    addi t1, t1, 8
    bltu t1, t2, 1b
    la t0, s_entry
    csrw stvec, t0
    la sp, stacks
    li t0, 16384
    addi t1, a0, 1
    mul t1, t1, t0
    add sp, sp, t1
    mv tp, a0
    call main
2:  wfi
    j 2b

    /* HSM start: a0 hart, a1 what was given. */
    .globl hart_entry
    .balign 4
hart_entry:
    csrr a2, satp
    csrr a3, sstatus
    la t0, s_entry
    csrw stvec, t0
    la sp, stacks
    li t0, 16384
    addi t1, a0, 1
    mul t1, t1, t0
    add sp, sp, t1
    mv tp, a0
    call hart_main
3:  wfi
    j 3b

    /* Non-retentive resume: into the function in a1, on the hart's stack. */
    .globl resume_entry
    .balign 4
resume_entry:
    la t0, s_entry
    csrw stvec, t0
    la t1, resume_context
    ld sp, 0(t1)
    ld ra, 8(t1)
    ld s0, 16(t1)
    ld s1, 24(t1)
    ld s2, 32(t1)
    ld s3, 40(t1)
    mv tp, a0
    mv a0, a1
    ret

    /* u64 sleep_and_resume(u64 ext, u64 fn, u64 type, u64 opaque): what resume_entry found in a1, or
     * 1 << 63 | error if the call came back. */
    .globl sleep_and_resume
sleep_and_resume:
    la t1, resume_context
    sd sp, 0(t1)
    sd ra, 8(t1)
    sd s0, 16(t1)
    sd s1, 24(t1)
    sd s2, 32(t1)
    sd s3, 40(t1)
    mv a7, a0
    mv a6, a1
    mv a0, a2
    la a1, resume_entry
    mv a2, a3
    ecall
    li t0, 1
    slli t0, t0, 63
    or a0, a0, t0
    ret

    .balign 4
s_entry:
    addi sp, sp, -256
    .irp r, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\r, (8 * \r)(sp)
    .endr
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call s_trap
    csrw sepc, a0
    .irp r, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\r, (8 * \r)(sp)
    .endr
    addi sp, sp, 256
    sret

    /* A handler of software events: a6 hart, a7 argument. Everything is kept but a6 and a7. */
    .globl event_entry
    .balign 4
event_entry:
    addi sp, sp, -256
    .irp r, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\r, (8 * \r)(sp)
    .endr
    mv a0, a6
    mv a1, a7
    call event_handler
    .irp r, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\r, (8 * \r)(sp)
    .endr
    addi sp, sp, 256
    li a7, 0x535345
    li a6, 6
    ecall
    unimp

    .bss
    .balign 16
resume_context: .space 48
    .globl stacks
    .balign 16
stacks: .space 16384 * 8
