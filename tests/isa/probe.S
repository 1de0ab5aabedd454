/*
 * One short run of a stub in any privilege mode and virtualisation state, ended by whatever trap comes
 * first. See csr-walk.c and words.c.
 *
 * SPDX-License-Identifier: MIT
 */
    .option norvc
    .bss
    .align 4
area: .space 256

    .text
/*
 * void probe_run(u64 *io, u64 mode, void *stub)
 * io[0], io[1] go to a1, a4 first, and come back in io[0..4]: a2, a3, mcause, mepc, mtval.
 * mode: 3 is M, 1 HS, 0 U, 5 VS, 4 VU. All but M are entered by sret, since QEMU from version 8 does not
 * let mstatus.MPV be written.
 */
    .globl probe_run
probe_run:
    la t0, area
    sd ra, 0(t0)
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
    sd s\r, (8 + 8 * \r)(t0)
    .endr
    sd sp, 104(t0)
    sd tp, 112(t0)
    sd a0, 120(t0)
    csrr t1, mtvec
    sd t1, 128(t0)
    csrr t1, mstatus
    sd t1, 136(t0)
    la t1, probe_trap
    csrw mtvec, t1
    li t1, 0x19aa       /* MPP, SPP, and what would let interrupts in */
    csrc mstatus, t1
    li t1, 3
    beq a1, t1, 1f
    andi t1, a1, 1
    slli t1, t1, 8
    csrs mstatus, t1
    csrw sepc, a2
    li t1, 4
    bltu a1, t1, 2f
    li t1, 0x80
    csrs 0x600, t1      /* hstatus.SPV */
    j 2f
1:  slli t1, t1, 11
    csrs mstatus, t1
    csrw mepc, a2
2:
    ld a4, 8(a0)
    li a2, 0
    li a3, 0
    andi t1, a1, 3
    ld a1, 0(a0)
    addi t1, t1, -3
    beqz t1, 1f
    sret
1:  mret

    .align 2
probe_trap:
    la t0, area
    ld a0, 120(t0)
    sd a2, 0(a0)
    sd a3, 8(a0)
    csrr t1, mcause
    sd t1, 16(a0)
    csrr t1, mepc
    sd t1, 24(a0)
    csrr t1, mtval
    sd t1, 32(a0)
    ld t1, 128(t0)
    csrw mtvec, t1
    ld t1, 136(t0)
    csrw mstatus, t1
    ld ra, 0(t0)
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
    ld s\r, (8 + 8 * \r)(t0)
    .endr
    ld sp, 104(t0)
    ld tp, 112(t0)
    ret

/* Tells a model that looks at tohost, and has no test finisher, that this is the end. */
    .globl tohost_end
tohost_end:
    la t0, tohost
    li t1, 1
    sd t1, 0(t0)
    li t1, 200000
1:  addi t1, t1, -1
    bnez t1, 1b
    ret

    .section .tohost, "aw", @progbits
    .align 6
    .globl tohost
tohost: .dword 0
    .align 6
    .globl fromhost
fromhost: .dword 0
