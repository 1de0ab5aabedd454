/*
 * Fields of control and status registers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_BITS_H
#define VIREO_TARGET_RISCV_BITS_H

#define MSTATUS_SIE (1ULL << 1)
#define MSTATUS_MIE (1ULL << 3)
#define MSTATUS_SPIE (1ULL << 5)
#define MSTATUS_UBE (1ULL << 6)
#define MSTATUS_MPIE (1ULL << 7)
#define MSTATUS_SPP (1ULL << 8)
#define MSTATUS_VS (3ULL << 9)
#define MSTATUS_MPP_SHIFT 11
#define MSTATUS_MPP (3ULL << MSTATUS_MPP_SHIFT)
#define MSTATUS_FS (3ULL << 13)
#define MSTATUS_XS (3ULL << 15)
#define MSTATUS_MPRV (1ULL << 17)
#define MSTATUS_SUM (1ULL << 18)
#define MSTATUS_MXR (1ULL << 19)
#define MSTATUS_TVM (1ULL << 20)
#define MSTATUS_TW (1ULL << 21)
#define MSTATUS_TSR (1ULL << 22)
#define MSTATUS_SPELP (1ULL << 23) /* Zicfilp: a landing pad was expected */
#define MSTATUS_SDT (1ULL << 24) /* Ssdbltrp: a trap into S would be one too many */
#define MSTATUS_UXL (3ULL << 32)
#define MSTATUS_SXL (3ULL << 34)
#define MSTATUS_GVA (1ULL << 38) /* H: mtval is a guest virtual address */
#define MSTATUS_MPV (1ULL << 39) /* H: V before the trap */
#define MSTATUS_MPELP (1ULL << 41) /* Zicfilp: the same in a trap into M */
#define MSTATUS_MDT (1ULL << 42) /* Smdbltrp: the same for M */
#define MSTATUS_UXL_64 (2ULL << 32)
#define MSTATUS_SXL_64 (2ULL << 34)
#define MSTATUS_SD (1ULL << 63)

/* What of mstatus sstatus shows, and what of that it can change. */
#define SSTATUS_WRITE                                                                       \
    (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_VS | MSTATUS_FS | MSTATUS_SUM |     \
     MSTATUS_MXR | MSTATUS_SPELP | MSTATUS_SDT)
#define SSTATUS_READ (SSTATUS_WRITE | MSTATUS_UBE | MSTATUS_XS | MSTATUS_UXL | MSTATUS_SD)

#define VTYPE_VILL (1ULL << 63)
#define VTYPE_VMA (1ULL << 7)
#define VTYPE_VTA (1ULL << 6)
#define VTYPE_VSEW(v) (((v) >> 3) & 7)
#define VTYPE_VLMUL(v) ((v) & 7)
#define VCSR_VXSAT (1ULL << 0)
#define VCSR_VXRM_SHIFT 1

#define ENVCFG_FIOM (1ULL << 0)
#define ENVCFG_LPE (1ULL << 2) /* landing pads */
#define ENVCFG_SSE (1ULL << 3) /* shadow stacks */
#define ENVCFG_CBIE (3ULL << 4)
#define ENVCFG_CBCFE (1ULL << 6)
#define ENVCFG_CBZE (1ULL << 7)
/* Pointer masking: in menvcfg, senvcfg, henvcfg and mseccfg alike. */
#define ENVCFG_PMM_SHIFT 32
#define ENVCFG_PMM (3ULL << ENVCFG_PMM_SHIFT)
#define PMM_RESERVED 1
#define ENVCFG_CBO (ENVCFG_CBIE | ENVCFG_CBCFE | ENVCFG_CBZE)
#define MENVCFG_DTE (1ULL << 59)
#define MENVCFG_CDE (1ULL << 60)
#define MENVCFG_ADUE (1ULL << 61)
#define MENVCFG_PBMTE (1ULL << 62)
#define MENVCFG_STCE (1ULL << 63)

/* Indirect registers: what miselect and its like hold, and their ranges. */
#define ISELECT_MASK 0xFFFULL
enum { ISELECT_IPRIO = 0x30, ISELECT_IPRIO_LAST = 0x3F, ISELECT_IMSIC = 0x70, ISELECT_IMSIC_LAST = 0xFF };
enum { ISELECT_COUNTER = 0x40, ISELECT_COUNTER_LAST = 0x5F };
enum { ISELECT_CTR = 0x200, ISELECT_CTR_LAST = 0x2FF };
/* What M can filter or make up for S (AIA, mvien): SSI, SEI and the local interrupts. */
#define LOCAL_INTERRUPTS (~0x1FFFULL)
#define HVICTL_VTI (1ULL << 30)
#define HVICTL_MASK (HVICTL_VTI | 0xFFFULL << 16 | 0x3FF)
#define MVIEN_MASK (MIP_SSIP | MIP_SEIP | LOCAL_INTERRUPTS)

#define COUNTER_CY (1ULL << 0)
#define COUNTER_TM (1ULL << 1)
#define COUNTER_IR (1ULL << 2)

#define SATP_MODE(v) ((v) >> 60)
#define SATP_ASID(v) (((v) >> 44) & 0xFFFF)
#define SATP_PPN(v) ((v) & ((1ULL << 44) - 1))
enum { SATP_BARE = 0, SATP_SV39 = 8, SATP_SV48 = 9, SATP_SV57 = 10 };

#define PTE_V (1ULL << 0)
#define PTE_R (1ULL << 1)
#define PTE_W (1ULL << 2)
#define PTE_X (1ULL << 3)
#define PTE_U (1ULL << 4)
#define PTE_G (1ULL << 5)
#define PTE_A (1ULL << 6)
#define PTE_D (1ULL << 7)
#define PTE_PPN(v) (((v) >> 10) & ((1ULL << 44) - 1))
#define PTE_RESERVED (0x7FULL << 54) /* bits 60:54 */
#define PTE_RSW60T59 (3ULL << 59) /* of these, software's with Svrsw60t59b */
#define PTE_PBMT (3ULL << 61)
#define PTE_N (1ULL << 63)

#define PMP_R (1u << 0)
#define PMP_W (1u << 1)
#define PMP_X (1u << 2)
#define PMP_A(cfg) (((cfg) >> 3) & 3)
#define PMP_L (1u << 7)
enum { PMP_OFF = 0, PMP_TOR = 1, PMP_NA4 = 2, PMP_NAPOT = 3 };

/* Smepmp */
#define MSECCFG_MML (1ULL << 0)
#define MSECCFG_MMWP (1ULL << 1)
#define MSECCFG_RLB (1ULL << 2)
#define MSECCFG_MLPE (1ULL << 10) /* Zicfilp */
#define MSECCFG_USEED (1ULL << 8)
#define MSECCFG_SSEED (1ULL << 9)

/* Smrnmi */
#define MNSTATUS_NMIE (1ULL << 3)
#define MNSTATUS_MNPV (1ULL << 7)
#define MNSTATUS_MNPELP (1ULL << 9) /* Zicfilp */
#define MNSTATUS_MNPP_SHIFT 11
#define MNSTATUS_MNPP (3ULL << MNSTATUS_MNPP_SHIFT)

/* mstateen0 and sstateen0; bit 63 is in all of mstateen0 to 3. */
#define STATEEN_JVT (1ULL << 2)
#define STATEEN_CTR (1ULL << 54)
#define STATEEN_CONTEXT (1ULL << 57) /* scontext and hcontext */
#define STATEEN_IMSIC (1ULL << 58)
#define STATEEN_AIA (1ULL << 59)
#define STATEEN_CSRIND (1ULL << 60)
#define STATEEN_ENVCFG (1ULL << 62)
#define STATEEN_SE (1ULL << 63)

/* Control transfer records: mctrctl, and without M and MTE sctrctl and vsctrctl. From bit 33 on filters,
 * by type of transfer: ctr.h. */
#define CTRCTL_U (1ULL << 0)
#define CTRCTL_S (1ULL << 1)
#define CTRCTL_M (1ULL << 2)
#define CTRCTL_RASEMU (1ULL << 7)
#define CTRCTL_STE (1ULL << 8)
#define CTRCTL_MTE (1ULL << 9)
#define CTRCTL_BPFRZ (1ULL << 11)
#define CTRCTL_LCOFIFRZ (1ULL << 12)
#define CTRCTL_MASK (0x1B87ULL | 0xFF3EULL << 32)
#define CTRSTATUS_WRPTR 0xFFULL
#define CTRSTATUS_FROZEN (1ULL << 31)
#define CTRDEPTH_MAX 4 /* 256 entries */

/* What can be delegated: everything but ecall from M (11) and what we never raise; with H also what
 * that brings (10, 20 to 23). */
#define MEDELEG_MASK 0xB3FFULL
#define MEDELEG_H_MASK 0xF00400ULL
#define DELEG_SOFTWARE_CHECK (1ULL << 18) /* with Zicfilp or Zicfiss, also in hedeleg */
#define MIDELEG_MASK (MIP_SSIP | MIP_STIP | MIP_SEIP)

/* ---- Hypervisor ---- */

#define HSTATUS_GVA (1ULL << 6)
#define HSTATUS_SPV (1ULL << 7)
#define HSTATUS_SPVP (1ULL << 8)
#define HSTATUS_HU (1ULL << 9)
#define HSTATUS_VGEIN_SHIFT 12
#define HSTATUS_VGEIN (63ULL << HSTATUS_VGEIN_SHIFT)
#define HSTATUS_VTVM (1ULL << 20)
#define HSTATUS_VTW (1ULL << 21)
#define HSTATUS_VTSR (1ULL << 22)
#define HSTATUS_VSXL_64 (2ULL << 32)
#define HSTATUS_HUPMM_SHIFT 48
#define HSTATUS_HUPMM (3ULL << HSTATUS_HUPMM_SHIFT) /* of hlv and hsv in U, as for VU */
#define HSTATUS_WRITE                                                                       \
    (HSTATUS_GVA | HSTATUS_SPV | HSTATUS_SPVP | HSTATUS_HU | HSTATUS_VTVM | HSTATUS_VTW |   \
     HSTATUS_VTSR)

/* What VS can be given: not its own calls' cause, nor what the hypervisor alone handles. */
#define HEDELEG_MASK 0xB1FFULL

#define HGATP_MODE(v) ((v) >> 60)
#define HGATP_VMID(v) (((v) >> 44) & 0x3FFF)
#define HGATP_PPN(v) ((v) & ((1ULL << 44) - 4)) /* the root is 16 KiB, aligned */

#endif
