/*
 * The boundary between the KVM accelerator and a CPU model: what accel/kvm gives (a vCPU's file
 * descriptor and registers by number) and what the CPU model supplies (which registers there are).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_KVM_KVM_CPU_H
#define VIREO_ACCEL_KVM_KVM_CPU_H

#include "hw/core/cpu.h"
#include "hw/core/machine.h"

struct kvm_run; /* accel/kvm/abi.h: our own definitions, so that this builds on every host */

/* What is written into a vCPU before it runs on. */
typedef enum KVMPutLevel {
    KVM_PUT_CHANGED, /* the registers that a debugger or an SBI answer may have changed */
    KVM_PUT_RESET,   /* a whole vCPU, as after power-on; time is left alone */
    KVM_PUT_FULL,    /* and time: loaded state */
} KVMPutLevel;

/* What the CPU model made of an exit. */
typedef enum KVMExitResult {
    KVM_EXIT_RESUME,    /* go on */
    KVM_EXIT_ATTENTION, /* leave exec(): a request was made (shutdown, reset, suspend) */
    KVM_EXIT_STOPPED,   /* for the debugger: cpu->debug says what it was */
    KVM_EXIT_FAILED,    /* errp says why; the machine pauses with an internal error */
} KVMExitResult;

/* CPUClass.kvm_ops of the machine's CPU type. All called on the vCPU's thread, but for init_machine (main
 * thread), put_interrupts, debug_point (whoever runs the debugger), and get and put of a vCPU that is
 * paused (main thread). */
typedef struct KVMCPUOps {
    /* After KVM_CREATE_VM and before the first vCPU: what the process and the VM need for this CPU
     * model (vectors unlocked, stage-2 mode), and whether the host can run it. */
    bool (*init_machine)(MachineState *ms, Error **errp);
    /* Once, after KVM_CREATE_VCPU: identity, extensions, SBI switches. */
    bool (*init_vcpu)(CPUState *cpu, Error **errp);
    bool (*put)(CPUState *cpu, KVMPutLevel level, Error **errp);
    bool (*get)(CPUState *cpu, Error **errp);
    /* Interrupt inputs changed: tells the kernel (KVM_INTERRUPT). Any thread, one at a time for each
     * vCPU: looks at the inputs as they are now. */
    void (*put_interrupts)(CPUState *cpu);
    /* The machine stops, or goes on: the guest's clock does not count what lies between. All vCPUs are
     * paused; cpu is the first. Main thread. NULL: it counts. */
    void (*clock)(CPUState *cpu, bool running);
    /* RISCV_SBI, RISCV_CSR and DEBUG exits. */
    KVMExitResult (*handle_exit)(CPUState *cpu, struct kvm_run *run, Error **errp);
    /* A breakpoint of the debugger is put into guest memory or taken out, all vCPUs paused. cpu: the vCPU
     * whose page tables say where. Kinds that this CPU cannot do under KVM fail with the reason. */
    bool (*debug_point)(CPUState *cpu, DebugKind kind, vaddr addr, bool insert, Error **errp);
    /* KVM_RUN failed with an errno that says that the kernel could not emulate the instruction at pc:
     * appends pc, address, instruction text and why. */
    void (*explain_failure)(CPUState *cpu, int err, GString *out);
} KVMCPUOps;

/* ---- Given by accel/kvm; calls restart after EINTR; a failure is -errno. ---- */

int kvm_ioctl(unsigned long request, void *arg);                   /* on /dev/kvm */
int kvm_vm_ioctl(unsigned long request, void *arg);
/* On a file descriptor that one of these calls returned: a device of the VM, or a VM made on the side
 * to ask what a vCPU of this host has, and its vCPU. Any thread. */
int kvm_fd_ioctl(int fd, unsigned long request, void *arg);
void kvm_fd_close(int fd);
int kvm_vcpu_ioctl(CPUState *cpu, unsigned long request, void *arg);
/* One register, by KVM's number, which also says its size in bytes. */
int kvm_get_one_reg(CPUState *cpu, uint64_t id, void *value);
int kvm_set_one_reg(CPUState *cpu, uint64_t id, const void *value);
/* KVM_CHECK_EXTENSION on the VM, or on the device before there is one; 0: no. */
int kvm_check_extension(unsigned cap);
bool kvm_enabled(void); /* this machine runs with KVM */

/* -accel kvm,kernel-irqchip=,riscv-aia=. */
typedef enum KVMIrqchip { KVM_IRQCHIP_ON, KVM_IRQCHIP_OFF, KVM_IRQCHIP_SPLIT } KVMIrqchip;
KVMIrqchip kvm_irqchip(void);
unsigned kvm_riscv_aia(void); /* KVM_AIA_MODE_* */

/* fn is called when all vCPUs exist and none has run yet, on a vCPU's thread; its failure is one of
 * starting the machine. Main thread, while the machine is made. */
void kvm_when_ready(bool (*fn)(void *opaque, Error **errp), void *opaque);

#endif
