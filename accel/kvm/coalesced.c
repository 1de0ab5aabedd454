/*
 * Coalesced writes: the kernel keeps stores to some registers in a ring, and the guest runs on. They
 * reach the device before anything that could see the difference: every exit empties the ring first.
 *
 * Flash chips profit while they are programmed: a buffer is filled by hundreds of stores, then the
 * guest polls a status register, and that load is an exit. A chip that is read as memory (romd) is left
 * out: loads do not leave the guest then, and would pass the stores.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/internal.h"

#include "util/byteorder.h"

void kvm_coalesce(KVMState *s, const FlatRange *range, bool add)
{
    struct kvm_coalesced_mmio_zone zone = { .addr = range->start };
    uint64_t size = range->last - range->start + 1;

    if (!s->ring_page || range->mr->kind != MR_ROM_DEVICE || range->direct || size > UINT32_MAX) {
        return;
    }
    zone.size = (uint32_t)size;
    /* Without it each store is an exit, that is all. */
    kvm_vm_ioctl(add ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO, &zone);
}

void kvm_drain(KVMState *s, AddressSpace *as)
{
    struct kvm_coalesced_mmio_ring *ring = __atomic_load_n(&s->ring, __ATOMIC_ACQUIRE);
    uint32_t room, first;

    if (!ring || __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE) ==
                     __atomic_load_n(&ring->first, __ATOMIC_RELAXED)) {
        return;
    }
    room = (uint32_t)((kvm_page_size() - sizeof(*ring)) / sizeof(ring->mmio[0]));
    g_mutex_lock(&s->ring_lock);
    first = ring->first;
    while (first < room && first != __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE)) {
        const struct kvm_coalesced_mmio *e = &ring->mmio[first];

        if (e->len == 1 || e->len == 2 || e->len == 4 || e->len == 8) {
            address_space_st(as, e->phys_addr, ldn_le(e->data, e->len), e->len);
        }
        first = (first + 1) % room;
        /* After the entry was read: the kernel may use its place again. */
        __atomic_store_n(&ring->first, first, __ATOMIC_RELEASE);
    }
    g_mutex_unlock(&s->ring_lock);
}
