/*
 * Interrupts and notifications that the kernel handles: private to accel/kvm.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_KVM_IRQ_H
#define VIREO_ACCEL_KVM_IRQ_H

#include "accel/kvm/internal.h"
#include "hw/core/host-aia.h"

/* When the VM exists, before the board is made: leaves the kernel's AIA in ms->host_aia, unless
 * kernel-irqchip=off. Whether the host has it is found out when a board asks for it. */
void kvm_aia_init(KVMState *s);
void kvm_aia_free(KVMState *s);

/* Event descriptors of memory regions go to the kernel from now on. */
void kvm_ioeventfd_init(KVMState *s);
void kvm_ioeventfd_free(KVMState *s);

/* ---- Shared by irqchip.c and routes.c ---- */

typedef struct KVMRoute {
    int gsi;
    hwaddr addr;
    uint32_t data;
} KVMRoute;

struct KVMAIA {
    int fd;               /* of the device in the VM; -1: not made */
    HostAIAConfig config;
    uint32_t mode;        /* KVM_AIA_MODE_* */
    bool ready;           /* atomic: INIT was done */
    GMutex lock;          /* guards the rest */
    GArray *routes;       /* of KVMRoute: messages */
};

int kvm_route_add(hwaddr addr, uint32_t data);
void kvm_route_remove(int gsi);
bool kvm_route_irqfd(int gsi, const EventNotifier *e, bool on);
/* Hands the whole table to the kernel; 0 or -errno. Lock held. */
int kvm_routes_commit(struct KVMAIA *aia);

#endif
