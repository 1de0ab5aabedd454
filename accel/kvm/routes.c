/*
 * What the kernel does by itself with an interrupt's number (GSI): those below the number of sources
 * are inputs of its APLIC, those above are messages that event descriptors send.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/irq.h"

#include <errno.h>

int kvm_routes_commit(struct KVMAIA *aia)
{
    unsigned pins = aia->config.sources ? aia->config.sources + 1 : 0;
    unsigned nr = pins + aia->routes->len;
    g_autofree struct kvm_irq_routing *table =
        g_malloc0(sizeof(*table) + nr * sizeof(struct kvm_irq_routing_entry));

    /* The table replaces the one before, so that the lines are in each. */
    for (unsigned i = 0; i < pins; i++) {
        table->entries[i] = (struct kvm_irq_routing_entry){
            .gsi = i, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { 0, i }
        };
    }
    for (unsigned i = 0; i < aia->routes->len; i++) {
        const KVMRoute *r = &g_array_index(aia->routes, KVMRoute, i);

        table->entries[pins + i] = (struct kvm_irq_routing_entry){
            .gsi = (uint32_t)r->gsi,
            .type = KVM_IRQ_ROUTING_MSI,
            .u.msi = { .address_lo = (uint32_t)r->addr, .address_hi = (uint32_t)(r->addr >> 32),
                       .data = r->data },
        };
    }
    table->nr = nr;
    return kvm_vm_ioctl(KVM_SET_GSI_ROUTING, table);
}

static bool has_gsi(const struct KVMAIA *aia, int gsi)
{
    for (unsigned i = 0; i < aia->routes->len; i++) {
        if (g_array_index(aia->routes, KVMRoute, i).gsi == gsi) {
            return true;
        }
    }
    return false;
}

int kvm_route_add(hwaddr addr, uint32_t data)
{
    struct KVMAIA *aia = kvm_state()->aia;
    KVMRoute route = { (int)(aia->config.sources ? aia->config.sources + 1 : 0), addr, data };
    int r = 0;

    g_mutex_lock(&aia->lock);
    while (has_gsi(aia, route.gsi)) {
        route.gsi++;
    }
    if (route.gsi >= kvm_check_extension(KVM_CAP_IRQ_ROUTING)) {
        r = -ENOSPC;
    } else {
        g_array_append_val(aia->routes, route);
        /* Before INIT the kernel would forget it again: that makes a table of its own. */
        if (__atomic_load_n(&aia->ready, __ATOMIC_ACQUIRE) && (r = kvm_routes_commit(aia)) < 0) {
            g_array_set_size(aia->routes, aia->routes->len - 1);
        }
    }
    g_mutex_unlock(&aia->lock);
    return r < 0 ? r : route.gsi;
}

void kvm_route_remove(int gsi)
{
    struct KVMAIA *aia = kvm_state()->aia;

    g_mutex_lock(&aia->lock);
    for (unsigned i = 0; i < aia->routes->len; i++) {
        if (g_array_index(aia->routes, KVMRoute, i).gsi == gsi) {
            g_array_remove_index(aia->routes, i);
            if (__atomic_load_n(&aia->ready, __ATOMIC_ACQUIRE)) {
                kvm_routes_commit(aia);
            }
            break;
        }
    }
    g_mutex_unlock(&aia->lock);
}

bool kvm_route_irqfd(int gsi, const EventNotifier *e, bool on)
{
    struct kvm_irqfd irqfd = {
        .fd = (uint32_t)e->fd,
        .gsi = (uint32_t)gsi,
        .flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
    };

    return kvm_vm_ioctl(KVM_IRQFD, &irqfd) >= 0;
}
