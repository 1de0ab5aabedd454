/*
 * The kernel's AIA: interrupt files of the harts, and the APLIC in front of them unless
 * kernel-irqchip=split. Made in two steps. While the board is made: the device and its sizes, so that
 * what the host cannot do is said before anything starts, and so that the device tree tells the truth.
 * When all vCPUs exist: the address of each one's file, and INIT, after which nothing can be changed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/irq.h"

#include <errno.h>
#include <inttypes.h>

static struct KVMAIA *the_aia(void)
{
    return kvm_state() ? kvm_state()->aia : NULL;
}

static int attribute(unsigned long request, uint32_t group, uint64_t attr, void *value)
{
    struct kvm_device_attr arg = { .group = group, .attr = attr, .addr = (uintptr_t)value };
    struct KVMAIA *aia = the_aia();

    return aia && aia->fd >= 0 ? kvm_fd_ioctl(aia->fd, request, &arg) : -ENODEV;
}

static int get_config(uint64_t attr, uint32_t *value)
{
    return attribute(KVM_GET_DEVICE_ATTR, KVM_AIA_GRP_CONFIG, attr, value);
}

static bool set_config(uint64_t attr, uint32_t value, const char *what, Error **errp)
{
    int r = attribute(KVM_SET_DEVICE_ATTR, KVM_AIA_GRP_CONFIG, attr, &value);

    if (r < 0) {
        error_setg_errno(errp, -r, "aia=aplic-imsic: the kernel refuses %s %u", what, value);
    }
    return r >= 0;
}

static bool set_address(uint64_t attr, hwaddr addr, Error **errp)
{
    uint64_t value = addr;
    int r = attribute(KVM_SET_DEVICE_ATTR, KVM_AIA_GRP_ADDR, attr, &value);

    if (r < 0) {
        error_setg_errno(errp, -r, "aia=aplic-imsic: the kernel refuses address 0x%" PRIx64, addr);
    }
    return r >= 0;
}

static const char *mode_name(void)
{
    static const char *const names[] = { "emulated", "accelerated by the host's interrupt files",
                                         "accelerated where the host has an interrupt file free" };
    struct KVMAIA *aia = the_aia();

    return aia && aia->mode < G_N_ELEMENTS(names) ? names[aia->mode] : "?";
}

/* ---- The first step ---- */

static bool create_device(struct KVMAIA *aia, Error **errp)
{
    struct kvm_create_device arg = { .type = KVM_DEV_TYPE_RISCV_AIA };
    int r = kvm_vm_ioctl(KVM_CREATE_DEVICE, &arg);

    if (r == -ENODEV || r == -EINVAL) {
        error_setg(errp, "aia=aplic-imsic: the host has no AIA that its kernel could give to guests; "
                   "use aia=aplic or aia=none");
        return false;
    }
    if (r < 0) {
        error_setg_errno(errp, -r, "aia=aplic-imsic: cannot make the kernel's interrupt controller");
        return false;
    }
    aia->fd = (int)arg.fd;
    return true;
}

/* Where the CPUs have no interrupt files for guests the kernel knows only emulation, which it has
 * chosen already; asking for anything else is an error then. */
static bool choose_mode(struct KVMAIA *aia, Error **errp)
{
    uint32_t want = kvm_riscv_aia();
    int r;

    if (get_config(KVM_AIA_CONFIG_MODE, &aia->mode) < 0) {
        aia->mode = KVM_AIA_MODE_EMUL;
    }
    if (want == aia->mode) {
        return true;
    }
    r = attribute(KVM_SET_DEVICE_ATTR, KVM_AIA_GRP_CONFIG, KVM_AIA_CONFIG_MODE, &want);
    if (r == -EINVAL && want == KVM_AIA_MODE_AUTO) {
        return true;
    }
    if (r == -EINVAL && want == KVM_AIA_MODE_HWACCEL) {
        error_setg(errp, "-accel kvm,riscv-aia=hwaccel: the host's CPUs have no interrupt files for "
                   "guests; use riscv-aia=auto or emul");
        return false;
    }
    if (r < 0) {
        error_setg_errno(errp, -r, "-accel kvm,riscv-aia=");
        return false;
    }
    aia->mode = want;
    return true;
}

static bool choose_ids(HostAIAConfig *c, Error **errp)
{
    uint32_t most;

    /* What the kernel has before it is told is what the host can do. */
    if (get_config(KVM_AIA_CONFIG_IDS, &most) >= 0 && most < c->ids) {
        c->ids = most;
    }
    if (c->ids < c->sources) {
        error_setg(errp, "aia=aplic-imsic: the host's interrupt files have %u identities, and the board "
                   "has %u interrupts; use kernel-irqchip=split", c->ids, c->sources);
        return false;
    }
    return set_config(KVM_AIA_CONFIG_IDS, c->ids, "identities:", errp);
}

static bool init_device(void *opaque, Error **errp);

static bool aia_create(HostAIAConfig *c, Error **errp)
{
    struct KVMAIA *aia = the_aia();

    if (!create_device(aia, errp) || !choose_mode(aia, errp) || !choose_ids(c, errp) ||
        !set_config(KVM_AIA_CONFIG_SRCS, c->sources, "sources:", errp) ||
        !set_config(KVM_AIA_CONFIG_GROUP_BITS, c->group_bits, "group bits:", errp) ||
        (c->group_bits &&
         !set_config(KVM_AIA_CONFIG_GROUP_SHIFT, c->group_shift, "group shift", errp)) ||
        !set_config(KVM_AIA_CONFIG_HART_BITS, c->hart_bits, "hart bits:", errp) ||
        !set_config(KVM_AIA_CONFIG_GUEST_BITS, c->guest_bits, "guest bits:", errp) ||
        (c->sources && !set_address(KVM_AIA_ADDR_APLIC, c->aplic, errp))) {
        return false;
    }
    aia->config = *c;
    kvm_when_ready(init_device, aia);
    return true;
}

/* ---- The second step ---- */

static bool init_device(void *opaque, Error **errp)
{
    struct KVMAIA *aia = opaque;
    const HostAIAConfig *c = &aia->config;
    int r;

    for (unsigned n = 0; n < c->nr_harts; n++) {
        if (!set_address(KVM_AIA_ADDR_IMSIC(n), c->imsic[n], errp)) {
            return false;
        }
    }
    r = attribute(KVM_SET_DEVICE_ATTR, KVM_AIA_GRP_CTRL, KVM_AIA_CTRL_INIT, NULL);
    if (r < 0) {
        error_setg_errno(errp, -r, "aia=aplic-imsic: the kernel cannot start its interrupt controller");
        return false;
    }
    g_mutex_lock(&aia->lock);
    __atomic_store_n(&aia->ready, true, __ATOMIC_RELEASE);
    r = aia->routes->len ? kvm_routes_commit(aia) : 0;
    g_mutex_unlock(&aia->lock);
    if (r < 0) {
        error_setg_errno(errp, -r, "the kernel refuses the table of interrupts");
        return false;
    }
    if (c->ready) {
        c->ready(c->opaque);
    }
    return true;
}

/* ---- At work ---- */

static bool aia_ready(void)
{
    struct KVMAIA *aia = the_aia();

    return aia && __atomic_load_n(&aia->ready, __ATOMIC_ACQUIRE);
}

static void aia_set_line(unsigned source, bool level)
{
    struct kvm_irq_level arg = { .irq = source, .level = level };

    if (aia_ready()) {
        kvm_vm_ioctl(KVM_IRQ_LINE, &arg);
    }
}

static void aia_send_msi(hwaddr addr, uint32_t data)
{
    struct kvm_msi arg = {
        .address_lo = (uint32_t)addr,
        .address_hi = (uint32_t)(addr >> 32),
        .data = data,
    };

    if (aia_ready()) {
        kvm_vm_ioctl(KVM_SIGNAL_MSI, &arg); /* an address that is no file's: lost, as on a bus */
    }
}

static bool aia_get_aplic(unsigned offset, uint32_t *value)
{
    return aia_ready() && attribute(KVM_GET_DEVICE_ATTR, KVM_AIA_GRP_APLIC, offset, value) >= 0;
}

static bool aia_set_aplic(unsigned offset, uint32_t value)
{
    return aia_ready() && attribute(KVM_SET_DEVICE_ATTR, KVM_AIA_GRP_APLIC, offset, &value) >= 0;
}

static bool aia_get_imsic(unsigned hart, unsigned reg, uint64_t *value)
{
    return aia_ready() && attribute(KVM_GET_DEVICE_ATTR, KVM_AIA_GRP_IMSIC,
                                    KVM_AIA_IMSIC_ATTR(hart, reg), value) >= 0;
}

static bool aia_set_imsic(unsigned hart, unsigned reg, uint64_t value)
{
    return aia_ready() && attribute(KVM_SET_DEVICE_ATTR, KVM_AIA_GRP_IMSIC,
                                    KVM_AIA_IMSIC_ATTR(hart, reg), &value) >= 0;
}

#define HOST_AIA_OPS                                                                        \
    .create = aia_create, .set_line = aia_set_line, .send_msi = aia_send_msi,               \
    .add_route = kvm_route_add, .remove_route = kvm_route_remove,                           \
    .set_irqfd = kvm_route_irqfd, .get_aplic = aia_get_aplic, .set_aplic = aia_set_aplic,   \
    .get_imsic = aia_get_imsic, .set_imsic = aia_set_imsic, .mode = mode_name

static const HostAIA whole = { HOST_AIA_OPS };
static const HostAIA split = { HOST_AIA_OPS, .split = true };

void kvm_aia_init(KVMState *s)
{
    if (s->irqchip == KVM_IRQCHIP_OFF) {
        return;
    }
    s->aia = g_new0(struct KVMAIA, 1);
    s->aia->fd = -1;
    g_mutex_init(&s->aia->lock);
    s->aia->routes = g_array_new(FALSE, FALSE, sizeof(KVMRoute));
    s->ms->host_aia = s->irqchip == KVM_IRQCHIP_SPLIT ? &split : &whole;
}

void kvm_aia_free(KVMState *s)
{
    if (s->aia) {
        if (s->aia->fd >= 0) {
            kvm_fd_close(s->aia->fd);
        }
        g_array_unref(s->aia->routes);
        g_mutex_clear(&s->aia->lock);
        g_clear_pointer(&s->aia, g_free);
        s->ms->host_aia = NULL;
    }
}
