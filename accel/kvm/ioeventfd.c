/*
 * Event descriptors of memory regions, for the kernel: a store of the guest signals them and the
 * vCPU runs on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/irq.h"

static int tell(const MemoryEventfd *e, uint32_t flags)
{
    struct kvm_ioeventfd arg = {
        .datamatch = e->match ? e->data : 0,
        .addr = e->addr,
        .len = e->size,
        .fd = e->fd,
        .flags = flags | (e->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0),
    };

    return kvm_vm_ioctl(KVM_IOEVENTFD, &arg);
}

/* If the kernel has no room, or does not like it, stores come to the region's handler as before. */
static void eventfd_add(MemoryListener *l, const MemoryEventfd *e)
{
    if (tell(e, 0) < 0 && log_enabled(LOG_TRACE)) {
        log_printf(LOG_TRACE, "kvm: no event descriptor for 0x%" G_GINT64_MODIFIER "x\n", e->addr);
    }
}

static void eventfd_del(MemoryListener *l, const MemoryEventfd *e)
{
    tell(e, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

void kvm_ioeventfd_init(KVMState *s)
{
    if (kvm_check_extension(KVM_CAP_IOEVENTFD)) {
        s->ioeventfds = g_new0(MemoryListener, 1);
        *s->ioeventfds = (MemoryListener){
            .name = "kvm-ioeventfd",
            .priority = 20, /* after the memory slots */
            .eventfd_add = eventfd_add,
            .eventfd_del = eventfd_del,
        };
        memory_listener_register(s->ioeventfds, &s->ms->as);
    }
}

void kvm_ioeventfd_free(KVMState *s)
{
    if (s->ioeventfds) {
        memory_listener_unregister(s->ioeventfds, &s->ms->as);
        g_clear_pointer(&s->ioeventfds, g_free);
    }
}
