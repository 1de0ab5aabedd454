/*
 * Numbers of exceptions and interrupts, as mcause and scause hold them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_CAUSES_H
#define VIREO_TARGET_RISCV_CAUSES_H

enum RISCVException {
    EXC_INST_MISALIGNED = 0,
    EXC_INST_ACCESS_FAULT = 1,
    EXC_ILLEGAL_INST = 2,
    EXC_BREAKPOINT = 3,
    EXC_LOAD_MISALIGNED = 4,
    EXC_LOAD_ACCESS_FAULT = 5,
    EXC_STORE_MISALIGNED = 6, /* stores, AMOs, SC, cbo */
    EXC_STORE_ACCESS_FAULT = 7,
    EXC_ECALL_U = 8,
    EXC_ECALL_S = 9,
    EXC_ECALL_VS = 10,
    EXC_ECALL_M = 11,
    EXC_INST_PAGE_FAULT = 12,
    EXC_LOAD_PAGE_FAULT = 13,
    EXC_STORE_PAGE_FAULT = 15,
    EXC_DOUBLE_TRAP = 16, /* Ssdbltrp: mtval2 has the cause of the trap that was one too many */
    EXC_SOFTWARE_CHECK = 18, /* landing pads and shadow stacks */
    EXC_INST_GUEST_PAGE_FAULT = 20,
    EXC_LOAD_GUEST_PAGE_FAULT = 21,
    EXC_VIRTUAL_INST = 22,
    EXC_STORE_GUEST_PAGE_FAULT = 23,
};

/* Bit numbers of mip and mie, and the input lines of the CPU device. */
enum RISCVInterrupt {
    IRQ_S_SOFT = 1,
    IRQ_VS_SOFT = 2,
    IRQ_M_SOFT = 3,
    IRQ_S_TIMER = 5,
    IRQ_VS_TIMER = 6,
    IRQ_M_TIMER = 7,
    IRQ_S_EXT = 9,
    IRQ_VS_EXT = 10,
    IRQ_M_EXT = 11,
    IRQ_S_GUEST_EXT = 12, /* some guest's external interrupt, for the hypervisor */
    IRQ_LCOF = 13,
    IRQ_GUEST0 = 64, /* input lines only: 64 + n is guest external interrupt n, a bit of hgeip */
    IRQ_NMI0 = 128,  /* the same: 128 + n is non-maskable interrupt n, which mncause names */
    IRQ_NMI_LINES = 16,
};

#define MIP_SSIP (1ULL << IRQ_S_SOFT)
#define MIP_MSIP (1ULL << IRQ_M_SOFT)
#define MIP_STIP (1ULL << IRQ_S_TIMER)
#define MIP_MTIP (1ULL << IRQ_M_TIMER)
#define MIP_SEIP (1ULL << IRQ_S_EXT)
#define MIP_MEIP (1ULL << IRQ_M_EXT)
#define MIP_LCOFIP (1ULL << IRQ_LCOF)
#define MIP_VSSIP (1ULL << IRQ_VS_SOFT)
#define MIP_VSTIP (1ULL << IRQ_VS_TIMER)
#define MIP_VSEIP (1ULL << IRQ_VS_EXT)
#define MIP_SGEIP (1ULL << IRQ_S_GUEST_EXT)
#define MIP_VS (MIP_VSSIP | MIP_VSTIP | MIP_VSEIP) /* for VS, one bit above those for S */
#define MIP_H (MIP_VS | MIP_SGEIP) /* what H brings: in hip and hie, not in sip and sie */

#define CAUSE_INTERRUPT (1ULL << 63)

/* "illegal instruction", "supervisor timer", ...; for logs. cause as in mcause. */
const char *riscv_cause_name(unsigned long long cause);

#endif
