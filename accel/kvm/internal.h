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

typedef struct KVMReady {
    bool (*fn)(void *opaque, Error **errp);
    void *opaque;
} KVMReady;

struct KVMState {
    AccelState parent_obj;
    int irqchip;  /* KVMIrqchip */
    int aia_mode; /* KVM_AIA_MODE_* */

    MachineState *ms;
    const KVMCPUOps *ops;
    int fd, vmfd;         /* /dev/kvm and the VM; -1: not open */
    size_t run_size;      /* of the mapping of a vCPU */
    unsigned ring_page;   /* of the ring of coalesced writes in it; 0: none */
    KVMSlots *slots;
    struct KVMAIA *aia;         /* irq.h; NULL: kernel-irqchip=off */
    MemoryListener *ioeventfds; /* NULL: the kernel takes none */
    GArray *debug_points; /* of DebugPoint: those in guest memory */
    GArray *when_ready;   /* of KVMReady; main thread while the machine is made */

    GMutex lock;          /* guards the rest */
    unsigned nr_vcpus;    /* that exist */
    bool ready;           /* all of them, and when_ready has been called */
    struct kvm_coalesced_mmio_ring *ring; /* atomic; of the first vCPU, there is one for the VM */
    GMutex ring_lock;     /* held by who empties it; never taken by handlers of devices */
};

typedef struct KVMCPU {
    CPUState *cpu;
    KVMState *s;
    int fd;
    struct kvm_run *run;
    pthread_t thread;
    GMutex irq_lock;      /* one put_interrupts() at a time */
    /* vCPU thread, or it is paused. */
    bool synced;          /* the CPU's struct holds the truth; what the kernel has may be older */
    bool dirty;           /* and it must be written before the vCPU runs on */
    KVMPutLevel level;    /* how much of it */
    bool pending;         /* the kernel has to complete an exit before registers may be read */
} KVMCPU;

/* calls.c: the VM of the process, or NULL. */
KVMState *kvm_state(void);
void kvm_set_state(KVMState *s);

static inline KVMCPU *kvm_cpu(CPUState *cpu)
{
    return __atomic_load_n((KVMCPU **)&cpu->accel_state, __ATOMIC_ACQUIRE);
}

/* probe.c: whether KVM can be used here; *reason says why not (accel/accel.h). */
bool kvm_available(char **reason);
/* Whether the VM has what we cannot do without. */
bool kvm_check_capabilities(Error **errp);

/* slots.c: guest memory as the kernel knows it, from the view of an address space. */
KVMSlots *kvm_slots_new(void);
void kvm_slots_free(KVMSlots *m);
bool kvm_slots_attach(KVMSlots *m, AddressSpace *as, Error **errp);
void kvm_slots_detach(KVMSlots *m);

/* coalesced.c: writes that the kernel collects. Zones come from the memory listener. */
void kvm_coalesce(KVMState *s, const FlatRange *range, bool add);
void kvm_drain(KVMState *s, AddressSpace *as);

/* vcpu.c */
bool kvm_vcpu_create(CPUState *cpu, Error **errp);
void kvm_vcpu_destroy(CPUState *cpu);
void kvm_kick(CPUState *cpu);
void kvm_state_in(CPUState *cpu);
void kvm_state_out(CPUState *cpu);
void kvm_state_reset(CPUState *cpu);
void kvm_put_interrupts(CPUState *cpu);

/* run.c */
CPUExit kvm_exec(CPUState *cpu);

/* debug.c */
bool kvm_debug_changed(AccelState *accel, bool code, bool data, Error **errp);

#endif
