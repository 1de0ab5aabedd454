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
#ifndef BASE
#define BASE 0x80000000     /* another hart's program is elsewhere */
#endif
#define POOL (BASE + 0x2000)    /* constants to load: 4 KiB */
#define DATA (BASE + 0x3000)    /* memory to load and store: 8 KiB */
#define REGS (BASE + 0x5000)    /* first values: x0..x31, f0..f31 */
#define CONFIG (BASE + 0x5200)  /* see generate.py */
#define STATE (BASE + 0x6000)
#define BODY (BASE + 0x10000)
#define SAVE 0              /* offsets in STATE: 64 cells, the x registers and then f */
#define HASH 512
#define TRAPS 520
#define LINK 528
#define BEFORE 536          /* instret when a checkpoint or a trap began, and all that was spent there */
#define OVERHEAD 544
#define VECTORS (BASE + 0xa000) /* where the vector registers are stored to be looked at */
#define STACK (BASE + 0xb000)   /* shadow stack, or the table of cm.jt: 4 KiB */
#define ALIAS 0x40000000    /* all memory once more, for S, with page tables */
#define OTHER 0x80200000    /* where hart 1 begins */
#define SHARED 0x80400000   /* what both harts count in: 4 KiB, and a word in which hart 0 says that it has ended */
#define ENDED 0x80401000
#define ENVCFG 64           /* offsets in CONFIG */
#define HSTATUS 0x600
#define HGATP 0x680
#define VSSTATUS 0x200
#define VSATP 0x280
#define HENVCFG 0x60a
#define HEDELEG 0x602
#define VSTVEC 0x205
#define HTINST 0x64a
#define HTVAL 0x643
#define HCOUNTEREN 0x606
#define MSECCFG 0x747
#define SSP 0x011
#define JVT 0x017
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
#ifndef NO_F
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd f\r, (SAVE + 256 + 8 * \r)(x2)
    .endr
#endif
.endm

/* A checkpoint or a trap begins, and ends: how many instructions it took is not counted. By x8, x30. */
.macro NOT_COUNTED
    csrr x8, instret
    sd x8, BEFORE(x2)
.endm
.macro COUNTED
    csrr x8, instret
    ld x30, BEFORE(x2)
    sub x8, x8, x30
    ld x30, OVERHEAD(x2)
    add x8, x8, x30
    sd x8, OVERHEAD(x2)
.endm

/* x8 = a cell of CONFIG, where x2 is that of STATE. */
.macro CELL offset
    li x8, CONFIG - STATE + \offset
    add x8, x8, x2
    ld x8, 0(x8)
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
    la t0, trap
    csrw mtvec, t0
#if BASE != OTHER
    /* Hart 1 has its own, if there is an instruction. */
    csrr t0, mhartid
    beqz t0, 1f
    li t1, 1
    bne t0, t1, park
    li t1, OTHER
    lw t0, 0(t1)
    beqz t0, park
    jr t1
1:
#endif
    csrw satp, zero
    li t0, 3 << 13
    csrs mstatus, t0
    li t0, 0xf0
    csrw 0x30a, t0
#ifndef NO_F
    csrw fcsr, zero
#endif
    li t0, 4
    csrw mcounteren, t0
    csrw scounteren, t0
    csrw mscratch, zero
    csrw sscratch, zero
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, CONFIG
    ld t1, 40(t0)
    csrw medeleg, t1
    la t1, trap_s
    ld t2, 32(t0)
    bnez t2, 1f             /* a guest's S is not translated by what the alias is in */
    ld t2, 56(t0)
    add t1, t1, t2
1:  csrw stvec, t1
    ld t1, ENVCFG(t0)
    csrs 0x30a, t1
    ld t1, ENVCFG + 8(t0)
    csrw 0x10a, t1
    ld t1, ENVCFG + 24(t0)
    beqz t1, 1f
    csrw MSECCFG, t1
1:  ld t1, ENVCFG + 32(t0)
    beqz t1, 1f
    csrw SSP, t1
1:  ld t1, ENVCFG + 40(t0)
    beqz t1, 1f
    csrw JVT, t1
1:  ld t1, 16(t0)
    csrw satp, t1
    sfence.vma
    ld t1, 24(t0)
    slli t1, t1, 9
    csrs mstatus, t1
    /* Where there is no such register the trap is skipped. */
    li t1, -1
    csrw 0x30c, t1          /* mstateen0 */
    csrw 0x10c, t1          /* sstateen0 */
    ld t1, 8(t0)
    li t2, 3 << 11 | 0xa0   /* and the interrupt enables that xret would bring back */
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
    ld t1, ENVCFG + 16(t0)
    ori t1, t1, 0xf0
    csrw HENVCFG, t1
    li t1, 4
    csrw HCOUNTEREN, t1
    li t1, -1
    csrw 0x60c, t1          /* hstateen0 */
    ld t1, 48(t0)
    csrw HEDELEG, t1
    la t1, trap_vs
    ld t3, 56(t0)
    add t1, t1, t3
    csrw VSTVEC, t1
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
    csrw mcause, zero       /* what was skipped is not the program's */
    csrw mtval, zero
    sd zero, TRAPS(t0)
    sd zero, OVERHEAD(t0)
    csrr t1, instret
    addi t1, t1, 72         /* what comes before the body */
    sd t1, OVERHEAD(t0)
    li x31, REGS
#ifndef NO_F
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld f\r, (256 + 8 * \r)(x31)
    .endr
#endif
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
    NOT_COUNTED
    ld x31, HASH(x2)
    MIX_VECTORS
    li x2, STATE
#ifndef NO_F
    csrr x8, fcsr
    MIX x8
#endif
    CELL ENVCFG + 32
    beqz x8, 1f
    csrr x8, SSP
    MIX x8
1:  li x2, STATE
1:  ld x8, 0(x2)
    MIX x8
    addi x2, x2, 8
    andi x8, x2, 511
    bnez x8, 1b
    li x2, STATE
    sd x31, HASH(x2)
    ld x31, LINK(x2)
    COUNTED
    li x2, DATA + 0x800
    li x8, DATA + 0xc00
    li x30, POOL + 0x800
    jr x31

/*
 * Traps: what the registers say goes into the hash, and the instruction is skipped. x2 is STATE, as this
 * mode sees it.
 */
.macro TRAP_BEGINS p
    auipc x2, 0
    li x30, ALIAS
    and x2, x2, x30
    li x30, STATE
    add x2, x2, x30
    NOT_COUNTED
    ld x31, HASH(x2)
    csrr x8, \p\()cause
    MIX x8
    csrr x8, \p\()epc
    MIX x8
    csrr x8, \p\()tval
    MIX x8
    CELL 24
    beqz x8, 1f
    csrr x8, vstart
    MIX x8
    csrw vstart, zero
1:
.endm

/* status bits, and another expected landing pad is forgotten */
.macro MIX_STATUS reg, bits, elp
    csrr x8, \reg
    li x30, \bits
    and x8, x8, x30
    MIX x8
    li x8, \elp
    csrc \reg, x8
.endm

/* The registers for guests' faults, which htinst describes where QEMU knows the instruction (none of
 * Zcb's). */
.macro MIX_GUEST val, inst, cause
    csrr x8, \val
    MIX x8
    csrr x8, \cause
    andi x8, x8, ~2
    addi x8, x8, -21        /* guest-page faults of loads and stores */
    bnez x8, 1f
    csrr x8, \inst
    andi x30, x8, 2
    beqz x30, 1f
    MIX x8
1:
.endm

/* How long is the instruction? The alias is read by S where U may read. */
.macro TRAP_ENDS p
    sd x31, HASH(x2)
    ld x31, TRAPS(x2)
    addi x31, x31, 1
    sd x31, TRAPS(x2)
    li x30, ALIAS
    and x30, x2, x30
    csrr x8, \p\()epc
    add x30, x30, x8
    lhu x31, 0(x30)
    andi x31, x31, 3
    addi x31, x31, -3
    snez x31, x31
    slli x31, x31, 1
    addi x8, x8, 4
    sub x8, x8, x31
    csrw \p\()epc, x8
    COUNTED
    POINTERS
.endm

    .align 2
trap:
    csrr x8, mcause
    addi x30, x8, -8
    li x31, 4
    bltu x30, x31, finish
    TRAP_BEGINS m
    MIX_STATUS mstatus, 0x20000001880, 1 << 41
    CELL 32
    beqz x8, 2f
    MIX_GUEST MTVAL2, MTINST, mcause
2:  TRAP_ENDS m
    mret

    .align 2
trap_s:
    TRAP_BEGINS s
    MIX_STATUS sstatus, 0x800120, 1 << 23
    CELL 32
    beqz x8, 2f
    csrr x8, HSTATUS
    andi x8, x8, 0x1c0
    MIX x8
    MIX_GUEST HTVAL, HTINST, scause
2:  TRAP_ENDS s
    sret

    .align 2
trap_vs:
    TRAP_BEGINS s
    MIX_STATUS sstatus, 0x800120, 1 << 23
    TRAP_ENDS s
    sret

finish:
    SAVE_ALL
    mv s1, x2
    csrr s5, instret
#if BASE == OTHER
    li s2, ENDED            /* hart 0 prints first */
4:  lw s3, 0(s2)
    beqz s3, 4b
    fence rw, rw
#endif
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
#ifndef NO_F
    li a1, 0x6373
    csrr a0, fcsr
    call print
#endif
    li a1, 0x696e
    ld a0, OVERHEAD(s1)
    sub a0, s5, a0
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
    li s2, STACK
    li s3, STACK + 0x1000
1:  ld s4, 0(s2)
    MIX s4
    addi s2, s2, 8
    bltu s2, s3, 1b
#if BASE == OTHER
    li s2, SHARED
    li s3, SHARED + 0x1000
1:  ld s4, 0(s2)
    MIX s4
    addi s2, s2, 8
    bltu s2, s3, 1b
#endif
    mv a0, x31
    li a1, 0x6d65
    call print
    ld a0, HASH(s1)
    li a1, 0x6861
    call print
#if BASE != OTHER
    li t0, OTHER
    lw t1, 0(t0)
    beqz t1, 1f
    fence rw, rw
    li t0, ENDED
    sw t1, 0(t0)
    j park
1:
#endif
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
