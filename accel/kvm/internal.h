/*
 * What the files of accel/kvm share: the VM and its vCPUs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_KVM_INTERNAL_H
#define VIREO_ACCEL_KVM_INTERNAL_H

#include "accel/accel.h"
#include "accel/kvm/abi.h"
#include "accel/kvm/kvm-cpu.h"
#include "accel/kvm/sys.h"

#define TYPE_KVM_ACCEL "kvm" ACCEL_TYPE_SUFFIX
OBJECT_DECLARE_SIMPLE(KVMState, KVM_STATE, TYPE_KVM_ACCEL)

typedef struct KVMSlots KVMSlots; /* slots.c */

struct KVMState {
    AccelState parent_obj;
    int irqchip;  /* KVMIrqchip */
    int aia_mode; /* KVM_AIA_MODE_* */

    MachineState *ms;
    const KVMCPUOps *ops;
    int fd, vmfd;         /* /dev/kvm and the VM; -1: not open */
    size_t run_size;      /* of the mapping of a vCPU */
    unsigned ring_page;   /* of the coalesced MMIO ring in it; 0: none */
    unsigned max_vcpus;
    KVMSlots *slots;
    struct KVMAIA *aia;         /* irq.h; NULL: kernel-irqchip=off */
    MemoryListener *ioeventfds; /* NULL: the kernel takes none */

    GMutex lock;          /* guards the rest */
    unsigned nr_vcpus;    /* created */
    bool ready;           /* the functions of kvm_when_ready() were called */
    GArray *when_ready;   /* of KVMReady */
};

typedef struct KVMReady {
    bool (*fn)(void *opaque, Error **errp);
    void *opaque;
} KVMReady;

typedef struct KVMCPU {
    CPUState *cpu;
    KVMState *s;
    int fd;
    struct kvm_run *run;
    pthread_t thread;
    GMutex irq_lock;
    bool synced;          /* the CPU's struct holds the truth; the kernel's may be older */
    bool dirty;           /* and it must be written before the vCPU runs on */
    KVMPutLevel level;    /* how much of it */
} KVMCPU;

/* The VM of the process, or NULL. */
KVMState *kvm_state(void);
void kvm_set_state(KVMState *s);

static inline KVMCPU *kvm_cpu(CPUState *cpu)
{
    return cpu->accel_state;
}

#endif
