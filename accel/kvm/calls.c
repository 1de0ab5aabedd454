/*
 * Calls of the kernel for the CPU model and interrupt controllers: include/accel/kvm/kvm-cpu.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/internal.h"

#include <errno.h>

/* What there is one of in the process. */
static KVMState *the_vm;

KVMState *kvm_state(void)
{
    return the_vm;
}

void kvm_set_state(KVMState *s)
{
    the_vm = s;
}

bool kvm_enabled(void)
{
    return the_vm != NULL;
}

int kvm_fd_ioctl(int fd, unsigned long request, void *arg)
{
    int r;

    do {
        r = kvm_sys()->ioctl(fd, request, arg);
    } while (r == -EINTR);
    return r;
}

void kvm_fd_close(int fd)
{
    kvm_sys()->close(fd);
}

int kvm_ioctl(unsigned long request, void *arg)
{
    return the_vm ? kvm_fd_ioctl(the_vm->fd, request, arg) : -ENODEV;
}

int kvm_vm_ioctl(unsigned long request, void *arg)
{
    return the_vm && the_vm->vmfd >= 0 ? kvm_fd_ioctl(the_vm->vmfd, request, arg) : -ENODEV;
}

int kvm_vcpu_ioctl(CPUState *cpu, unsigned long request, void *arg)
{
    KVMCPU *c = kvm_cpu(cpu);

    return c ? kvm_fd_ioctl(c->fd, request, arg) : -ENODEV;
}

int kvm_get_one_reg(CPUState *cpu, uint64_t id, void *value)
{
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

    return kvm_vcpu_ioctl(cpu, KVM_GET_ONE_REG, &reg);
}

int kvm_set_one_reg(CPUState *cpu, uint64_t id, const void *value)
{
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

    return kvm_vcpu_ioctl(cpu, KVM_SET_ONE_REG, &reg);
}

int kvm_check_extension(unsigned cap)
{
    void *arg = (void *)(uintptr_t)cap; /* the number itself */
    int r = -ENODEV;

    if (the_vm && the_vm->vmfd >= 0) {
        r = kvm_vm_ioctl(KVM_CHECK_EXTENSION, arg);
    }
    /* Kernels without CHECK_EXTENSION on a VM do not know the call. */
    if (r < 0) {
        r = kvm_ioctl(KVM_CHECK_EXTENSION, arg);
    }
    return MAX(r, 0);
}

KVMIrqchip kvm_irqchip(void)
{
    return the_vm ? (KVMIrqchip)the_vm->irqchip : KVM_IRQCHIP_OFF;
}

unsigned kvm_riscv_aia(void)
{
    return the_vm ? (unsigned)the_vm->aia_mode : KVM_AIA_MODE_AUTO;
}

void kvm_when_ready(bool (*fn)(void *opaque, Error **errp), void *opaque)
{
    KVMReady ready = { fn, opaque };

    g_array_append_val(the_vm->when_ready, ready);
}
