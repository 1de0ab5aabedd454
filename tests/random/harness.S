/*
 * What surrounds a random program: sets registers, runs the body a number of times, skips what
 * traps, keeps a running hash of everything, prints the state at the end. generate.py fills in the
 * tables and the body, and knows the addresses below.
 *
 * Constant throughout the body, and so free to use and restore here: x2, x8, x30 and x31. The body
 * uses x29 for addresses of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#define POOL 0x80002000     /* constants to load: 4 KiB */
#define DATA 0x80003000     /* memory to load and store: 8 KiB */
#define REGS 0x80005000     /* first values: x0..x31, f0..f31 */
#define CONFIG 0x80005200   /* number of iterations, mstatus.MPP, satp, whether there are vectors, hgatp */
#define STATE 0x80006000
#define BODY 0x80010000
#define SAVE 0              /* offsets in STATE: 64 cells, the x registers and then f */
#define HASH 512
#define TRAPS 520
#define LINK 528
#define VECTORS 0x8000a000  /* where the vector registers are stored to be looked at */
#define HSTATUS 0x600
#define HGATP 0x680
#define VSSTATUS 0x200
#define VSATP 0x280
#define HENVCFG 0x60a
#define MTINST 0x34a
#define MTVAL2 0x34b
#define UART 0x10000000
#define FINISHER 0x100000

.macro POINTERS
    li x2, DATA + 0x800
    li x8, DATA + 0xc00
    li x30, POOL + 0x800
    li x31, DATA + 0x1000
.endm

/* x31 = hash of x31 and reg, by x30. */
.macro MIX reg
    xor x31, x31, \reg
    li x30, 0x100000001b3
    mul x31, x31, x30
    srli x30, x31, 29
    xor x31, x31, x30
.endm

/* All registers to SAVE, by x2. Those that are constant in the body count as 0. */
.macro SAVE_ALL
    li x2, STATE
    .irp r, 1,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
    sd x\r, (SAVE + 8 * \r)(x2)
    .endr
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd f\r, (SAVE + 256 + 8 * \r)(x2)
    .endr
.endm

/* The vector unit into the hash in x31, by x2, x8, x30; nothing is constant afterwards. */
.macro MIX_VECTORS
    .option push
    .option arch, +v
    li x8, CONFIG
    ld x8, 24(x8)
    beqz x8, 9f
    csrr x8, vstart
    MIX x8
    csrw vstart, zero
    csrr x8, vl
    MIX x8
    csrr x8, vtype
    MIX x8
    csrr x8, vcsr
    MIX x8
    li x2, VECTORS
    csrr x8, vlenb
    slli x8, x8, 3
    vs8r.v v0, (x2)
    add x2, x2, x8
    vs8r.v v8, (x2)
    add x2, x2, x8
    vs8r.v v16, (x2)
    add x2, x2, x8
    vs8r.v v24, (x2)
    add x2, x2, x8
    /* The hash of a word is not the work: from the end down to a page's beginning. */
8:  addi x2, x2, -8
    ld x8, 0(x2)
    MIX x8
    li x30, VECTORS
    bne x2, x30, 8b
9:
    .option pop
.endm

    .section .text
    .option norvc
    .globl _start
_start:
    j begin
    .org 0x10
    j iteration_end
    .org 0x20
    j checkpoint

begin:
    csrr t0, mhartid
    bnez t0, park
    la t0, trap
    csrw mtvec, t0
    csrw satp, zero
    li t0, 3 << 13
    csrs mstatus, t0
    li t0, 0xf0
    csrw 0x30a, t0
    csrw fcsr, zero
    csrw mscratch, zero
    csrw sscratch, zero
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, CONFIG
    ld t1, 16(t0)
    csrw satp, t1
    sfence.vma
    ld t1, 24(t0)
    slli t1, t1, 9
    csrs mstatus, t1
    ld t1, 8(t0)
    li t2, 3 << 11
    csrc mstatus, t2
    csrs mstatus, t1
    la t4, start_body
    /* With an hgatp the body is a guest's, and satp is vsatp. In by way of HS: QEMU 10 drops what is
     * written to mstatus.MPV. */
    ld t1, 32(t0)
    beqz t1, 1f
    csrw HGATP, t1
    ld t1, 16(t0)
    csrw VSATP, t1
    csrw satp, zero
    li t1, 3 << 13
    csrs VSSTATUS, t1
    li t1, 0xf0
    csrw HENVCFG, t1
    li t1, 1 << 7
    csrs HSTATUS, t1        /* SPV */
    ld t1, 8(t0)
    srli t1, t1, 3
    csrs mstatus, t1        /* SPP, from MPP */
    csrc mstatus, t2
    li t1, 1 << 11
    csrs mstatus, t1
    csrw sepc, t4
    la t4, enter_guest
    .word 0x62000073        /* hfence.gvma */
    .word 0x22000073        /* hfence.vvma */
1:  csrw mepc, t4
    li t0, STATE
    li t1, 0x7e57
    sd t1, HASH(t0)
    sd zero, TRAPS(t0)
    li x31, REGS
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld f\r, (256 + 8 * \r)(x31)
    .endr
    .irp r, 1,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
    ld x\r, (8 * \r)(x31)
    .endr
    mret
enter_guest:
    sret
start_body:
    j run

/* Reached by a jump at the end of the body. */
iteration_end:
    li x31, CONFIG
    ld x30, 0(x31)
    addi x30, x30, -1
    sd x30, 0(x31)
    beqz x30, 1f
run:
    POINTERS
    /* Absolute, so that no register is needed. */
    j BODY
1:  ecall                   /* the trap handler knows that this is the end */

/* Reached by jal x31: mixes all registers into the hash. The caller restores x31, from x8. */
checkpoint:
    SAVE_ALL
    sd x31, LINK(x2)
    ld x31, HASH(x2)
    MIX_VECTORS
    li x2, STATE
    csrr x8, fcsr
    MIX x8
1:  ld x8, 0(x2)
    MIX x8
    addi x2, x2, 8
    andi x8, x2, 511
    bnez x8, 1b
    li x2, STATE
    sd x31, HASH(x2)
    ld x31, LINK(x2)
    li x2, DATA + 0x800
    li x8, DATA + 0xc00
    li x30, POOL + 0x800
    jr x31

    .align 2
trap:
    li x2, STATE
    csrr x8, mcause
    addi x30, x8, -8
    li x31, 4
    bltu x30, x31, finish
    ld x31, HASH(x2)
    MIX x8
    csrr x8, mepc
    MIX x8
    csrr x8, mtval
    MIX x8
    li x30, CONFIG
    ld x30, 24(x30)
    beqz x30, 1f
    csrr x8, vstart
    MIX x8
    csrw vstart, zero
1:  li x30, CONFIG
    ld x30, 32(x30)
    beqz x30, 1f
    csrr x8, MTVAL2
    MIX x8
    csrr x8, mcause
    andi x8, x8, ~2
    addi x8, x8, -21        /* guest-page faults of loads and stores */
    bnez x8, 1f
    csrr x8, MTINST
    andi x30, x8, 2         /* QEMU knows none of Zcb's */
    beqz x30, 1f
    MIX x8
1:  sd x31, HASH(x2)
    ld x31, TRAPS(x2)
    addi x31, x31, 1
    sd x31, TRAPS(x2)
    csrr x8, mepc
    lhu x31, 0(x8)
    andi x31, x31, 3
    addi x31, x31, -3
    snez x31, x31
    slli x31, x31, 1
    addi x8, x8, 4
    sub x8, x8, x31
    csrw mepc, x8
    POINTERS
    mret

finish:
    SAVE_ALL
    mv s1, x2
    li s2, 0
1:  slli s3, s2, 3
    add s3, s3, s1
    ld a0, SAVE(s3)
    li a1, 0x7800
    andi a2, s2, 31
    add a1, a1, a2
    sltiu a2, s2, 32
    bnez a2, 2f
    li a2, 0x6600 - 0x7800
    add a1, a1, a2
2:  call print
    addi s2, s2, 1
    sltiu a2, s2, 64
    bnez a2, 1b
    li a1, 0x6373
    csrr a0, fcsr
    call print
    li a1, 0x7472
    ld a0, TRAPS(s1)
    call print
    /* Memory. */
    li x31, 0x7e57
    li s2, DATA
    li s3, DATA + 0x2000
1:  ld s4, 0(s2)
    MIX s4
    addi s2, s2, 8
    bltu s2, s3, 1b
    mv a0, x31
    li a1, 0x6d65
    call print
    ld a0, HASH(s1)
    li a1, 0x6861
    call print
    li t0, FINISHER
    li t1, 0x5555
    sw t1, 0(t0)
park:
    wfi
    j park

/* Prints a line: 4 digits of a1, 16 digits of a0. */
print:
    mv t6, ra
    mv t5, a0
    slli a0, a1, 48
    li t4, 4
    call digits
    mv a0, t5
    li t4, 16
    call digits
    li a2, 10
    call putc
    mv ra, t6
    ret
digits:
    mv t3, ra
1:  srli a2, a0, 60
    slli a0, a0, 4
    li t0, 10
    blt a2, t0, 2f
    addi a2, a2, 39
2:  addi a2, a2, 48
    call putc
    addi t4, t4, -1
    bnez t4, 1b
    mv ra, t3
    ret
putc:
    li t0, UART
1:  lbu t1, 5(t0)
    andi t1, t1, 0x20
    beqz t1, 1b
    sb a2, 0(t0)
    ret
