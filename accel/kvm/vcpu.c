/*
 * A vCPU: made on its thread, kicked out of the guest, its registers fetched and written back.
 *
 * Where the truth about registers is: with `synced` in the CPU's struct, else in the kernel. Whoever wants
 * to read calls state_out() first, which fetches them once; whoever wrote calls state_in(), and they are
 * written before the next KVM_RUN, which makes the struct stale.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/internal.h"

#include <errno.h>

static bool map_run(KVMCPU *c, Error **errp)
{
    int err = 0;

    c->run = kvm_sys()->mmap(c->fd, c->s->run_size, &err);
    if (!c->run) {
        error_setg_errno(errp, err, "KVM: cannot map the state of the vCPU");
    }
    return c->run != NULL;
}

/* The last one that starts tells those who wait for all of them. */
static bool count_vcpu(KVMCPU *c, Error **errp)
{
    KVMState *s = c->s;
    bool last;

    g_mutex_lock(&s->lock);
    s->nr_vcpus++;
    if (!s->ring && s->ring_page) {
        uint8_t *run = (uint8_t *)c->run;

        __atomic_store_n(&s->ring, (void *)(run + s->ring_page * kvm_page_size()),
                         __ATOMIC_RELEASE);
    }
    last = s->nr_vcpus == cpu_list()->nr && !s->ready;
    s->ready |= last;
    g_mutex_unlock(&s->lock);
    for (guint i = 0; last && i < s->when_ready->len; i++) {
        const KVMReady *r = &g_array_index(s->when_ready, KVMReady, i);

        if (!r->fn(r->opaque, errp)) {
            return false;
        }
    }
    return true;
}

static void interrupts_changed(CPUState *cpu)
{
    kvm_put_interrupts(cpu);
}

/* Leaves everything to kvm_vcpu_destroy() when it fails. */
static bool create(KVMCPU *c, Error **errp)
{
    CPUState *cpu = c->cpu;

    c->fd = kvm_vm_ioctl(KVM_CREATE_VCPU, (void *)(uintptr_t)cpu->cpu_index);
    if (c->fd < 0) {
        error_setg_errno(errp, -c->fd, "KVM cannot make the vCPU");
        return false;
    }
    return map_run(c, errp) && (!c->s->ops->init_vcpu || c->s->ops->init_vcpu(cpu, errp)) &&
           count_vcpu(c, errp);
}

bool kvm_vcpu_create(CPUState *cpu, Error **errp)
{
    KVMState *s = kvm_state();
    KVMCPU *c;

    if (!kvm_slots_attach(s->slots, cpu->as, errp)) {
        return false;
    }
    c = g_new0(KVMCPU, 1);
    *c = (KVMCPU){ .cpu = cpu, .s = s, .fd = -1, .thread = pthread_self(), .synced = true,
                   .dirty = true, .level = KVM_PUT_RESET };
    g_mutex_init(&c->irq_lock);
    kvm_sys()->kick_receive();
    cpu->accel_waits = true; /* WFI and stopped harts wait in the kernel */
    __atomic_store_n(&cpu->accel_state, c, __ATOMIC_RELEASE);
    if (!create(c, errp)) {
        kvm_vcpu_destroy(cpu);
        return false;
    }
    __atomic_store_n(&cpu->accel_attention, interrupts_changed, __ATOMIC_RELEASE);
    return true;
}

void kvm_vcpu_destroy(CPUState *cpu)
{
    KVMCPU *c = kvm_cpu(cpu);

    if (!c) {
        return;
    }
    __atomic_store_n(&cpu->accel_attention, NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&cpu->accel_state, NULL, __ATOMIC_RELEASE);
    g_mutex_lock(&c->s->lock);
    /* The ring lies in the mapping of one of them; nothing runs that could write to it. */
    __atomic_store_n(&c->s->ring, NULL, __ATOMIC_RELEASE);
    g_mutex_unlock(&c->s->lock);
    if (c->run) {
        kvm_sys()->munmap(c->run, c->s->run_size);
    }
    if (c->fd >= 0) {
        kvm_sys()->close(c->fd);
    }
    g_mutex_clear(&c->irq_lock);
    g_free(c);
}

/*
 * Makes KVM_RUN come back, now or, if the vCPU is on its way there, at once. The vCPU does, in this order:
 *
 *   1. immediate_exit = 0      2. take the attention word      3. KVM_RUN, if nothing is wanted
 *
 * and a kick: a. set attention (done by the caller)  b. immediate_exit = 1  c. send the signal.
 * If a comes before 2, the vCPU sees it there. Else b comes after 1, so nobody takes the 1 away: either the
 * kernel sees it when it enters KVM_RUN, or it has passed that point, and then the signal finds the
 * vCPU's thread in the kernel, where a pending signal ends KVM_RUN. A signal that comes between 2 and 3 is
 * spent on the empty handler, but then b has been before it. All sequentially consistent.
 */
void kvm_kick(CPUState *cpu)
{
    KVMCPU *c = kvm_cpu(cpu);

    if (c && c->run) {
        __atomic_store_n(&c->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        kvm_sys()->kick_send(c->thread);
    }
}

void kvm_put_interrupts(CPUState *cpu)
{
    KVMCPU *c = kvm_cpu(cpu);

    if (c && c->s->ops->put_interrupts) {
        g_mutex_lock(&c->irq_lock);
        c->s->ops->put_interrupts(cpu);
        g_mutex_unlock(&c->irq_lock);
    }
}

/* ---- Registers ---- */

static void mark_dirty(CPUState *cpu, KVMPutLevel level)
{
    KVMCPU *c = kvm_cpu(cpu);

    if (c) {
        c->level = c->dirty ? MAX(c->level, level) : level;
        c->dirty = c->synced = true;
    }
}

void kvm_state_in(CPUState *cpu)
{
    mark_dirty(cpu, KVM_PUT_CHANGED);
}

void kvm_state_reset(CPUState *cpu)
{
    mark_dirty(cpu, KVM_PUT_RESET);
}

void kvm_state_out(CPUState *cpu)
{
    KVMCPU *c = kvm_cpu(cpu);
    Error *err = NULL;

    if (!c || c->synced) {
        return;
    }
    if (c->s->ops->get(cpu, &err)) {
        c->synced = true;
    } else {
        warn_report("KVM: the registers of vCPU %d cannot be read: %s", cpu->cpu_index,
                    error_get_pretty(err));
        error_free(err);
    }
}
