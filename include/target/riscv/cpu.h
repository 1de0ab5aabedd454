/*
 * The RISC-V CPU: architectural state of a hart, neutral of what runs it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_CPU_H
#define VIREO_TARGET_RISCV_CPU_H

#include "accel/tcg/tcg-cpu.h"
#include "hw/core/clock.h"
#include "hw/core/cpu.h"
#include "hw/core/machine.h"
#include "target/riscv/sbi-hart.h"
#include "hw/core/imsic.h"

#define TYPE_RISCV_CPU "riscv-cpu"
#define RISCV_CPU_TYPE_SUFFIX "-riscv-cpu"
OBJECT_DECLARE_SIMPLE(RISCVCPU, RISCV_CPU, TYPE_RISCV_CPU)

typedef enum RISCVPriv { PRV_U = 0, PRV_S = 1, PRV_M = 3 } RISCVPriv;

/* Index of x[] that writes to x0 are directed to by the decoder. */
#define TARGET_REG_SINK 32

#define RISCV_MAX_PMP 64
#define RISCV_TRIGGERS 4
#define RISCV_MIN_VLEN 128
#define RISCV_MAX_VLEN 1024
#define RISCV_PMP_KNOWN 64 /* a power of two */

/* What follows from vtype and the configuration. Compiled code writes the first ten bytes as they lie. */
typedef struct RISCVVecConfig {
    uint32_t vlmax;  /* of vtype; 0 with vill; follows from vtype, as the rest does */
    uint16_t vlenb;  /* bytes of a register; follows from vlen */
    uint8_t sew;     /* log2 of bytes of an element */
    int8_t lmul;     /* log2, -3 to 3 */
    uint8_t align;   /* what registers of a group must not have set, and 32 with vill */
    uint8_t fp;      /* bits by sew: floating point of that width exists */
} RISCVVecConfig;

typedef struct CPUArchState CPURISCVState;

struct CPUArchState {
    CPUTCGState tcg;    /* first: accel/tcg finds it there */

    uint64_t x[33];     /* x0 stays 0; x[32] is the sink */
    uint64_t f[32];     /* NaN-boxed */
    uint64_t pc;        /* while the hart is outside exec(); inside, tcg.pc leads */
    uint8_t fflags;     /* accrued exceptions, 5 bits; read through fp_get_fflags() */
    uint8_t frm;        /* 0..7; 5..7 are reserved and make dynamic rounding illegal */
    uint8_t fp_fast;    /* inside exec(): roundings the host's FPU is set to; see fpu/fpu.h */
    uint8_t fp_fast_fma;
    uint32_t fp_host_control; /* the host's own FPU control word, kept while inside exec() */
    uint8_t priv;       /* RISCVPriv */
    bool virt;          /* V: a guest runs, priv is VS or VU */
    bool elp;           /* Zicfilp: the next instruction must be a landing pad */
    uint8_t hlv;        /* HLV_*: loads and stores act as a guest's for one instruction */

    /* Vectors. Register n begins at byte n * vlenb of vreg, so that a group is one piece. */
    uint64_t vstart, vl, vtype, vxrm, vxsat; /* vtype: VTYPE_VILL alone, or a legal setting */
    RISCVVecConfig vcfg;
    const struct VecKernels *vk; /* the loops for this host */
    const struct VecGroups *vg;  /* the same over element groups */
    const struct VecFpKernels *vf; /* and of floating point; NULL: none */

    /* LR/SC: address of the reservation (UINT64_MAX: none), its size and the value read. */
    uint64_t reserve_addr, reserve_value;
    uint8_t reserve_size;

    /* The exception being raised. */
    uint64_t exc_cause, exc_tval;
    uint64_t exc_gpa;    /* of a guest-page fault: the guest physical address */
    uint32_t exc_tinst;  /* its pseudoinstruction; 0: the instruction's own access */
    bool exc_gva;        /* exc_tval is a guest virtual address */
    const char *exc_why; /* the rule that refused, for the log; NULL: not noted */

    /* Extensions in force: those of the configuration less what misa has switched off. Asked
     * through riscv_ext_on(); follows from misa. */
    uint64_t ext_on[4];

    /* CSRs as csr.def has them. */
    uint64_t mstatus, misa, medeleg, mideleg, mie, mtvec, mscratch, mepc, mcause, mtval;
    uint64_t mip;       /* atomic: devices set bits from their threads */
    uint64_t mip_sw;    /* SEIP as software wrote it, beside the line that mip has */
    uint64_t mnscratch, mnepc, mncause;
    uint64_t mnstatus;  /* without Smrnmi NMIE is always 1 */
    uint64_t nmi_lines; /* atomic: levels of the lines */
    uint64_t nmi_edges; /* atomic: asked for by the monitor and not taken yet */
    /* Debug triggers; see trigger.c. */
    uint64_t tselect, tcontrol, scontext, mcontext;
    uint64_t tdata1[RISCV_TRIGGERS], tdata2[RISCV_TRIGGERS], tdata3[RISCV_TRIGGERS];
    uint64_t trigger_counted; /* instret, plus 1, at the last instruction that icount has counted */
    uint8_t trigger_modes;    /* in which instructions are looked at; follows, as the next three */
    bool trigger_data, trigger_traps; /* loads and stores are looked at; traps are */
    bool trigger_insns;       /* every instruction is; otherwise those at these addresses */
    vaddr trigger_pc[RISCV_TRIGGERS]; /* 1 if unused */
    uint64_t mcounteren, mcountinhibit, menvcfg, mseccfg, mconfigptr;
    uint64_t ssp;       /* Zicfiss: the shadow stack's pointer */
    uint64_t stvec, sscratch, sepc, scause, stval, satp, scounteren, senvcfg, stimecmp;
    uint64_t mstateen[4];
    uint64_t sstateen0; /* the others have no bits */
    uint64_t jvt;
    /* Hypervisor. The vs* registers stand in for the s* registers while V=1; nothing is swapped. */
    uint64_t hstatus, hedeleg, hideleg, hgeie, hcounteren, htimedelta, htval, htinst, hgatp;
    uint64_t henvcfg, hstateen[4], mtval2, mtinst;
    uint64_t hvip;      /* read by other threads: atomic */
    uint64_t hgeip;     /* atomic: lines of guest external interrupts */
    uint64_t vsstatus, vstvec, vsscratch, vsepc, vscause, vstval, vsatp, vstimecmp;
    /* Advanced interrupt architecture; see aia.c. */
    uint64_t miselect, siselect, vsiselect;
    uint64_t mvien, mvip;   /* SEIP of mvip is in mip_sw */
    uint64_t sie_virt;      /* sie of what mvien gives and mideleg does not */
    uint64_t hvien, hvictl;
    uint64_t vsie_virt;     /* vsie of what hvien gives */
    uint8_t miprio[64], siprio[64], hviprio[64]; /* by interrupt number; 0: default order */
    bool miprio_any, siprio_any; /* some are not 0; follow from the arrays */
    uint64_t pmpaddr[RISCV_MAX_PMP];
    uint8_t pmpcfg[RISCV_MAX_PMP];
    /* A counter that runs is kept as its distance from its source, one that stands as its value;
     * see pmu.c. [0] cycle, [2] instret, [3..31] by number. */
    uint64_t counter[32];
    uint64_t mhpmevent[32];
    uint64_t mcyclecfg, minstretcfg;
    uint64_t tlb_misses[3]; /* by MMUAccess: page walks made */
    /* Of the counters; see pmu.c. All but pmu_due follows from the registers. */
    uint32_t pmu_running, pmu_armed, pmu_armed_misses; /* by counter number */
    bool pmu_filtered;      /* some counter does not run in every mode */
    bool pmu_due;           /* atomic: the timer fired */
    uint64_t pmu_seen[32];  /* value of an armed counter when last looked at */

    /* pmpcfg and pmpaddr decoded; follows from them. */
    struct {
        uint64_t first, last; /* addresses covered, inclusive; first > last: none */
        uint8_t cfg;
    } pmp_region[RISCV_MAX_PMP];
    unsigned nr_pmp; /* entries up to the last that is on */
    /* What S and U may do in pieces of 2 MiB that no entry cuts; see pmp.c. */
    struct {
        uint64_t tag; /* number of the piece plus 1 */
        uint8_t prot; /* PAGE_* */
    } pmp_known[RISCV_PMP_KNOWN];
    unsigned pte_hint; /* where in the FlatView the last page table was */

    /* Control transfer records; see ctr.c. */
    uint64_t mctrctl, vsctrctl, sctrstatus, sctrdepth;
    uint64_t ctr_source[256], ctr_target[256], ctr_data[256];
    uint64_t ctr_cycles; /* since the last record; while counting the distance from the clock */
    bool ctr_counting;   /* the mode is recorded */
    bool ctr_timed;      /* the next record has a count */
    bool ctr_on;         /* traps have to look; follows from the registers */

    uint64_t vreg[32 * RISCV_MAX_VLEN / 64] __attribute__((aligned(16))); /* see vstart */
};

typedef struct RISCVKVM RISCVKVM; /* target/riscv/kvm */
#define RISCV_KVM_OTHER 64

/* What a vCPU has under KVM beside the registers of the architecture. */
typedef struct RISCVKVMSaved {
    uint64_t time;     /* of the guest */
    bool timer_on;     /* stimecmp is armed */
    uint32_t mp_state; /* KVM_MP_STATE_* */
    /* Registers that we have no name for, by KVM's number; 0: none. */
    uint64_t other_id[RISCV_KVM_OTHER], other[RISCV_KVM_OTHER];
} RISCVKVMSaved;

/* Properties whose default is the host's under KVM. */
enum {
    RISCV_GIVEN_MVENDORID = 1 << 0,
    RISCV_GIVEN_MARCHID = 1 << 1,
    RISCV_GIVEN_MIMPID = 1 << 2,
    RISCV_GIVEN_CBOM = 1 << 3,
    RISCV_GIVEN_CBOP = 1 << 4,
    RISCV_GIVEN_CBOZ = 1 << 5,
    RISCV_GIVEN_VLEN = 1 << 6,
};

struct RISCVCPU {
    CPUState parent_obj;
    CPURISCVState env;
    uint64_t ext[4];        /* extensions on, by number in the extension table (ext.def) */
    uint64_t ext_chosen[4]; /* those the user set, on or off */
    uint64_t profiles;      /* claimed, bits by RISCVProfile */
    bool strict;            /* what they do not allow is an error, not a warning */
    uint64_t hartid;
    Timebase *timebase;     /* the board's; set before realize */
    uint64_t resetvec;      /* pc after reset; set by the board */
    uint64_t rnmi_interrupt_vector, rnmi_exception_vector;
    /* The guest starts in S-mode and has no firmware of its own: that is KVM, or ours. */
    bool smode;
    bool sbi_builtin;       /* that is ours: target/riscv/sbi/firmware.h */
    RISCVSModeStart start;  /* with smode; set by the board */
    const FirmwareConsole *console; /* for the SBI; NULL: none */
    RISCVSbi sbi;
    RISCVKVM *kvm;          /* NULL without KVM */
    RISCVKVMSaved kvm_saved;
    Timer pmu_timer;        /* a counter may overflow then */
    Timer stimer;           /* Sstc: raises STIP at stimecmp */
    Timer vstimer;          /* and VSTIP at vstimecmp */
    uint8_t geilen;         /* guest external interrupts there are, at most 63; set by the board */
    /* Interrupt files of this hart; set by the board before it runs. NULL: none. */
    const IMSICLink *imsic_m, *imsic_s;

    /* Properties. */
    bool mmu, pmp, sv39, sv48, sv57, misa_w, short_isa, debug;
    uint8_t sv_chosen;                      /* sv39, sv48, sv57 as given: bits 0, 1, 2 */
    uint8_t num_pmp_regions;                /* 0, 16 or 64 */
    uint16_t vlen, elen;                    /* bits */
    uint16_t cbom_blocksize, cbop_blocksize, cboz_blocksize;
    uint32_t pmu_mask;                      /* mhpmcounters that exist, by number */
    uint32_t mvendorid;
    uint64_t mstatus_mask;                  /* writable bits; follows from the extensions */
    uint64_t marchid, mimpid;
    int priv_spec, vext_spec;
    uint8_t pmu_num;                        /* another way to say pmu_mask */
    uint8_t given;                          /* RISCV_GIVEN_*: set by the user */
    char *not_yet;                          /* where properties of what is to come point; NULL */
};

static inline CPURISCVState *riscv_env(CPUState *cpu)
{
    return &((RISCVCPU *)cpu)->env;
}

static inline RISCVCPU *env_cpu(CPURISCVState *env)
{
    return container_of(env, RISCVCPU, env);
}

/* Exception causes and interrupt numbers: target/riscv/causes.h. */

/* Raises a synchronous exception at the instruction being run (tcg.cur); does not return. */
_Noreturn void riscv_raise(CPURISCVState *env, uint64_t cause, uint64_t tval);
/* Illegal instruction, with the instruction's bits as tval. */
_Noreturn void riscv_raise_illegal(CPURISCVState *env, const TCGOp *op);

/* Virtual instruction: a guest may not, but its hypervisor could; the same tval. */
_Noreturn void riscv_raise_virtual(CPURISCVState *env, const TCGOp *op);

/* Interrupt input lines of the CPU device (DeviceClass.irq_in) are numbered like mip bits; from
 * IRQ_GUEST0 on they are bits of hgeip. */

/* Something that decides on interrupts changed (mip, mie, mstatus, mideleg, priv): sets
 * CPU_ATTN_IRQ, and says so, if one can be taken now. vCPU thread. */
bool riscv_update_interrupts(CPURISCVState *env);

/* A new CPU, not yet realized, of what -cpu says: "NAME,property=value,...". One reference. */
RISCVCPU *riscv_cpu_create_from_spec(const char *spec, Error **errp);

#endif
