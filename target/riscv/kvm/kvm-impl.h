/*
 * The RISC-V CPU under KVM: what the files of this folder share. target/riscv/kvm.h is for the others.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_KVM_IMPL_H
#define VIREO_TARGET_RISCV_KVM_IMPL_H

#include "accel/kvm/abi.h"
#include "accel/kvm/kvm-cpu.h"
#include "target/riscv/ext.h"
#include "target/riscv/kvm/kvm.h"

/* ---- host.c: what a vCPU of this host has, asked once of a vCPU on the side ---- */

typedef struct RISCVKVMHost {
    uint64_t on[4];        /* extensions that a new vCPU has */
    uint64_t given[4];     /* and that the kernel named itself, the others follow from them */
    uint64_t known[4];     /* those that the kernel has a switch or an answer for */
    uint64_t change[4];    /* those that can be switched */
    uint64_t mvendorid, marchid, mimpid;
    uint64_t frequency;    /* of time, Hz; 0: the kernel does not say */
    unsigned satp_mode;    /* the largest: SATP_SV39 ... */
    unsigned cbom, cbop, cboz; /* bytes; 0: the kernel does not say */
    unsigned vlenb;        /* bytes; 0: no vectors */
} RISCVKVMHost;

/* A new one, shared by all vCPUs: g_rc_box_release(). */
RISCVKVMHost *riscv_kvm_host_new(Error **errp);

/* KVM's numbers of extensions. The n-th, EXT_END_ if it is none of ours; false behind the last. */
bool riscv_kvm_ext(unsigned n, unsigned *ext);

/* ---- regs.c: which registers there are, in the order in which they are written ---- */

typedef enum KVMRegUse {
    KVM_REG_SETTING, /* decided before the vCPU runs; not part of its state */
    KVM_REG_STATE,   /* kept in our own state, by load and store */
    KVM_REG_KEPT,    /* saved and written back as it is */
} KVMRegUse;

typedef struct KVMRegKind {
    uint8_t type, subtype;
    uint8_t use;   /* KVMRegUse */
    uint8_t order; /* of writing */
    uint16_t count; /* indices from 0; those behind are kept */
    const char *name;
    /* Between the kernel's bytes and our state. store: false if it is not to be written now. */
    void (*load)(RISCVCPU *cpu, unsigned index, const uint8_t *bytes, unsigned size);
    bool (*store)(RISCVCPU *cpu, unsigned index, uint8_t *bytes, unsigned size);
} KVMRegKind;

typedef struct KVMReg {
    uint64_t id;
    const KVMRegKind *kind; /* NULL: of a type that we do not know */
    uint8_t use, order;
    bool current;  /* `at` has what the kernel has */
    bool gone;     /* the kernel lists it but does not give it */
    uint32_t size; /* bytes */
    uint32_t at;   /* in RISCVKVM.values and .first */
} KVMReg;

struct RISCVKVM {
    RISCVKVMHost *host;
    KVMReg *regs;
    unsigned nr_regs;
    uint8_t *values;     /* what the kernel had when last looked at */
    uint8_t *first;      /* and when the vCPU was new */
    bool stopped;        /* of the first vCPU: the machine stands, and its clock at */
    uint64_t stopped_at;
    bool line_known, line; /* what the kernel was last told of S-external */
    GArray *patches;     /* of KVMPatch; of the first vCPU: debug.c */
};

/* Makes the list for a vCPU whose settings are done, and reads every register. */
bool riscv_kvm_regs_init(RISCVCPU *cpu, Error **errp);
void riscv_kvm_regs_free(RISCVKVM *k);
/* "csr sepc", "core 3", "type 12 subtype 0 number 5". */
void riscv_kvm_reg_name(uint64_t id, GString *out);

/* ---- state.c ---- */

bool riscv_kvm_put(CPUState *cpu, KVMPutLevel level, Error **errp);
bool riscv_kvm_get(CPUState *cpu, Error **errp);
void riscv_kvm_put_interrupts(CPUState *cpu);
void riscv_kvm_clock(CPUState *cpu, bool running);
/* One of 64 bits, past the struct: for exits. Negative: -errno. */
int riscv_kvm_read(RISCVCPU *cpu, uint64_t id, uint64_t *value);
int riscv_kvm_write(RISCVCPU *cpu, uint64_t id, uint64_t value);

/* ---- vcpu.c ---- */

bool riscv_kvm_init_machine(MachineState *ms, Error **errp);
bool riscv_kvm_init_vcpu(CPUState *cpu, Error **errp);

/* ---- exit.c, debug.c, failure.c ---- */

KVMExitResult riscv_kvm_handle_exit(CPUState *cpu, struct kvm_run *run, Error **errp);
KVMExitResult riscv_kvm_debug_exit(CPUState *cpu, Error **errp);
bool riscv_kvm_debug_point(CPUState *cpu, DebugKind kind, vaddr addr, bool insert, Error **errp);
void riscv_kvm_explain_failure(CPUState *cpu, int err, GString *out);

#endif
