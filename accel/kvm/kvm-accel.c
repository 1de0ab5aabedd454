/*
 * The accelerator "kvm": its properties, and the making of the VM.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "accel/debug.h"
#include "accel/kvm/irq.h"

static bool check_machine(MachineState *ms, Error **errp)
{
    const char *bios = ms->firmware;

    if (bios && strcmp(bios, "none") && strcmp(bios, "default") && strcmp(bios, "builtin")) {
        error_setg(errp, "-bios %s: there is no M-mode under KVM that firmware could run in; the guest "
                   "starts at its -kernel, in S-mode (leave -bios out, or say -bios none)", bios);
        return false;
    }
    return true;
}

static bool check_vcpus(KVMState *s, Error **errp)
{
    unsigned wanted = MAX(s->ms->smp.max_cpus, s->ms->smp.cpus);
    unsigned most = (unsigned)kvm_check_extension(KVM_CAP_MAX_VCPUS);
    unsigned good = (unsigned)kvm_check_extension(KVM_CAP_NR_VCPUS);

    most = most ? most : good ? good : 4; /* what the interface says about kernels that do not say */
    if (wanted > most) {
        error_setg(errp, "-smp %u: this host's KVM allows %u vCPUs", wanted, most);
        return false;
    }
    if (good && wanted > good) {
        warn_report("-smp %u: more vCPUs than this host has CPUs (%u); they will wait for each other",
                    wanted, good);
    }
    return true;
}

static bool create_vm(KVMState *s, Error **errp)
{
    int r;

    do {
        s->fd = kvm_sys()->open("/dev/kvm", O_RDWR);
    } while (s->fd == -EINTR);
    if (s->fd < 0) {
        error_setg_errno(errp, -s->fd, "cannot open /dev/kvm");
        return false;
    }
    s->vmfd = kvm_ioctl(KVM_CREATE_VM, NULL);
    if (s->vmfd < 0) {
        error_setg_errno(errp, -s->vmfd, "KVM cannot make a VM");
        return false;
    }
    r = kvm_ioctl(KVM_GET_VCPU_MMAP_SIZE, NULL);
    if (r < (int)sizeof(struct kvm_run)) {
        error_setg(errp, "KVM says %d bytes for the state of a vCPU, at least %zu are needed", r,
                   sizeof(struct kvm_run));
        return false;
    }
    s->run_size = (size_t)r;
    s->ring_page = (unsigned)kvm_check_extension(KVM_CAP_COALESCED_MMIO);
    if ((s->ring_page + 1) * kvm_page_size() > s->run_size) {
        s->ring_page = 0;
    }
    return true;
}

static void destroy_vm(KVMState *s)
{
    kvm_ioeventfd_free(s);
    kvm_aia_free(s);
    g_clear_pointer(&s->slots, kvm_slots_free);
    if (s->vmfd >= 0) {
        kvm_sys()->close(s->vmfd);
    }
    if (s->fd >= 0) {
        kvm_sys()->close(s->fd);
    }
    s->vmfd = s->fd = -1;
    if (kvm_state() == s) {
        kvm_set_state(NULL);
        object_unref(s->ms);
    }
    s->ms = NULL;
}

static bool kvm_init_machine(AccelState *accel, MachineState *ms, Error **errp)
{
    KVMState *s = KVM_STATE(accel);
    ObjectClass *cpu = object_class_by_name(MACHINE_GET_CLASS(ms)->cpu_type);

    s->ms = ms;
    s->ops = cpu ? CPU_CLASS(cpu)->kvm_ops : NULL;
    if (!s->ops) {
        error_setg(errp, "the CPUs of this machine do not run under KVM");
        return false;
    }
    if (!check_machine(ms, errp)) {
        return false;
    }
    kvm_set_state(s);
    object_ref(ms); /* the board may go first */
    if (!create_vm(s, errp) || !kvm_check_capabilities(errp) || !check_vcpus(s, errp)) {
        destroy_vm(s);
        return false;
    }
    s->slots = kvm_slots_new();
    if (s->ops->init_machine && !s->ops->init_machine(ms, errp)) {
        destroy_vm(s);
        return false;
    }
    kvm_aia_init(s);
    kvm_ioeventfd_init(s);
    ms->smode = true;
    return true;
}

static void cpu_destroy(CPUState *cpu)
{
    KVMCPU *c = kvm_cpu(cpu);
    KVMState *s = c ? c->s : NULL;
    bool last;

    if (!s) {
        return;
    }
    kvm_vcpu_destroy(cpu);
    g_mutex_lock(&s->lock);
    last = s->nr_vcpus > 0 && --s->nr_vcpus == 0;
    g_mutex_unlock(&s->lock);
    if (last) {
        kvm_slots_detach(s->slots);
    }
}

static void kvm_run_changed(AccelState *accel, bool running)
{
    KVMState *s = KVM_STATE(accel);

    if (cpu_list()->nr && kvm_cpu(cpu_list()->cpus[0]) && s->ops->clock) {
        s->ops->clock(cpu_list()->cpus[0], running);
    }
}

/* ---- The type ---- */

static const EnumName irqchip_names[] = {
    { "on", KVM_IRQCHIP_ON, "in the kernel, if the host can and the machine has messages" },
    { "off", KVM_IRQCHIP_OFF, "all of them in this process" },
    { "split", KVM_IRQCHIP_SPLIT, "APLICs in this process, IMSICs in the kernel" },
    { NULL },
};

static const EnumName aia_names[] = {
    { "auto", KVM_AIA_MODE_AUTO, "by hardware where it can" },
    { "emul", KVM_AIA_MODE_EMUL, "each access traps" },
    { "hwaccel", KVM_AIA_MODE_HWACCEL, "by the guest interrupt files of the hardware" },
    { NULL },
};

static const Property kvm_props[] = {
    PROP_ENUM("kernel-irqchip", KVMState, irqchip, KVM_IRQCHIP_ON, irqchip_names,
              "where interrupt controllers are: on, off or split"),
    PROP_ENUM("riscv-aia", KVMState, aia_mode, KVM_AIA_MODE_AUTO, aia_names,
              "how the kernel makes IMSICs: auto, emul or hwaccel"),
    PROP_END,
};

static void kvm_instance_init(Object *obj)
{
    KVMState *s = KVM_STATE(obj);

    s->fd = s->vmfd = -1;
    s->when_ready = g_array_new(FALSE, FALSE, sizeof(KVMReady));
    s->debug_points = g_array_new(FALSE, FALSE, sizeof(DebugPoint));
    g_mutex_init(&s->lock);
    g_mutex_init(&s->ring_lock);
}

static void kvm_instance_finalize(Object *obj)
{
    KVMState *s = KVM_STATE(obj);

    destroy_vm(s);
    g_array_unref(s->when_ready);
    g_array_unref(s->debug_points);
    g_mutex_clear(&s->lock);
    g_mutex_clear(&s->ring_lock);
}

static void kvm_class_init(ObjectClass *klass, const void *data)
{
    AccelClass *ac = ACCEL_CLASS(klass);

    ac->name = "kvm";
    ac->available = kvm_available;
    ac->init_machine = kvm_init_machine;
    ac->cpu_create = kvm_vcpu_create;
    ac->cpu_destroy = cpu_destroy;
    ac->exec = kvm_exec;
    ac->kick = kvm_kick;
    ac->state_in = kvm_state_in;
    ac->state_out = kvm_state_out;
    ac->state_reset = kvm_state_reset;
    ac->run_changed = kvm_run_changed;
    ac->debug_changed = kvm_debug_changed;
    ac->no_step = true; /* RISC-V's KVM refuses it */
    klass->props = kvm_props;
}

static const TypeInfo kvm_type = {
    .name = TYPE_KVM_ACCEL,
    .parent = TYPE_ACCEL,
    .desc = "runs the guest on the host's CPU",
    .instance_size = sizeof(KVMState),
    .class_init = kvm_class_init,
    .instance_init = kvm_instance_init,
    .instance_finalize = kvm_instance_finalize,
};
type_init(kvm_type);
