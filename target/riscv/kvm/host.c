/*
 * What the vCPUs of this host have. Nothing is assumed of the kernel's version: a vCPU of a VM on the side
 * is asked for every register, and every extension is switched to and fro once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm-impl.h"

#include <errno.h>

#include "target/riscv/bits.h"
#include "util/bits.h"

/* In the order of KVM's numbers. Those behind Zawrs came after Linux 6.12. EXT_END_: RV32 only. */
static const uint8_t kvm_exts[] = {
    EXT_A, EXT_C, EXT_D, EXT_F, EXT_H, EXT_I, EXT_M, EXT_SVPBMT, EXT_SSTC, EXT_SVINVAL,
    EXT_ZIHINTPAUSE, EXT_ZICBOM, EXT_ZICBOZ, EXT_ZBB, EXT_SSAIA, EXT_V, EXT_SVNAPOT, EXT_ZBA,
    EXT_ZBS, EXT_ZICNTR, EXT_ZICSR, EXT_ZIFENCEI, EXT_ZIHPM, EXT_SMSTATEEN, EXT_ZICOND, EXT_ZBC,
    EXT_ZBKB, EXT_ZBKC, EXT_ZBKX, EXT_ZKND, EXT_ZKNE, EXT_ZKNH, EXT_ZKR, EXT_ZKSED, EXT_ZKSH,
    EXT_ZKT, EXT_ZVBB, EXT_ZVBC, EXT_ZVKB, EXT_ZVKG, EXT_ZVKNED, EXT_ZVKNHA, EXT_ZVKNHB,
    EXT_ZVKSED, EXT_ZVKSH, EXT_ZVKT, EXT_ZFH, EXT_ZFHMIN, EXT_ZIHINTNTL, EXT_ZVFH, EXT_ZVFHMIN,
    EXT_ZFA, EXT_ZTSO, EXT_ZACAS, EXT_SSCOFPMF, EXT_ZIMOP, EXT_ZCA, EXT_ZCB, EXT_ZCD, EXT_END_,
    EXT_ZCMOP, EXT_ZAWRS, EXT_SMNPM, EXT_SSNPM, EXT_SVADE, EXT_SVADU, EXT_SVVPTC, EXT_ZABHA,
    EXT_ZICCRSE, EXT_ZAAMO, EXT_ZALRSC, EXT_ZICBOP, EXT_ZFBFMIN, EXT_ZVFBFMIN, EXT_ZVFBFWMA,
    EXT_END_, EXT_END_, EXT_ZALASR,
};

bool riscv_kvm_ext(unsigned n, unsigned *ext)
{
    *ext = n < ARRAY_SIZE(kvm_exts) ? kvm_exts[n] : EXT_END_;
    return n < ARRAY_SIZE(kvm_exts);
}

static int get_reg(int fd, uint64_t id, uint64_t *value)
{
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

    *value = 0;
    return kvm_fd_ioctl(fd, KVM_GET_ONE_REG, &reg);
}

static int set_reg(int fd, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

    return kvm_fd_ioctl(fd, KVM_SET_ONE_REG, &reg);
}

static uint64_t config(int fd, unsigned index)
{
    uint64_t value;

    return get_reg(fd, KVM_REG64(KVM_REG_TYPE_CONFIG, 0, index), &value) < 0 ? 0 : value;
}

static void ask_extensions(RISCVKVMHost *host, int fd)
{
    unsigned ext;

    for (unsigned n = 0; riscv_kvm_ext(n, &ext); n++) {
        uint64_t id = KVM_REG64(KVM_REG_TYPE_ISA_EXT, KVM_REG_EXT_SINGLE, n), value;

        if (ext == EXT_END_ || get_reg(fd, id, &value) < 0)
            continue;
        ext_put(host->known, ext, true);
        ext_put(host->on, ext, value != 0);
        ext_put(host->given, ext, value != 0);
        if (set_reg(fd, id, !value) == 0 && set_reg(fd, id, value != 0) == 0)
            ext_put(host->change, ext, true);
    }
    /* S and U are what a guest is made of. */
    ext_put(host->on, EXT_S, true);
    ext_put(host->on, EXT_U, true);
    riscv_ext_complete(host->on);
}

static void ask_config(RISCVKVMHost *host, int fd)
{
    uint64_t mode, value;

    host->mvendorid = config(fd, KVM_REG_CONFIG_MVENDORID);
    host->marchid = config(fd, KVM_REG_CONFIG_MARCHID);
    host->mimpid = config(fd, KVM_REG_CONFIG_MIMPID);
    host->cbom = (unsigned)config(fd, KVM_REG_CONFIG_ZICBOM_BLOCK);
    host->cboz = (unsigned)config(fd, KVM_REG_CONFIG_ZICBOZ_BLOCK);
    host->cbop = (unsigned)config(fd, KVM_REG_CONFIG_ZICBOP_BLOCK);
    /* A kernel that does not say has Sv39 at least: KVM does not load without. */
    mode = config(fd, KVM_REG_CONFIG_SATP_MODE);
    host->satp_mode = mode >= SATP_SV39 && mode <= SATP_SV57 ? (unsigned)mode : SATP_SV39;
    if (get_reg(fd, KVM_REG64(KVM_REG_TYPE_TIMER, 0, KVM_REG_TIMER_FREQUENCY), &value) == 0)
        host->frequency = value;
    if (ext_get(host->on, EXT_V) &&
        get_reg(fd, KVM_REG64(KVM_REG_TYPE_VECTOR, 0, KVM_REG_VECTOR_VLENB), &value) == 0)
        host->vlenb = (unsigned)value;
}

RISCVKVMHost *riscv_kvm_host_new(Error **errp)
{
    RISCVKVMHost *host;
    int vm = kvm_ioctl(KVM_CREATE_VM, NULL), vcpu;

    if (vm < 0) {
        error_setg_errno(errp, -vm, "cannot make a VM to see what the host's CPUs have");
        return NULL;
    }
    vcpu = kvm_fd_ioctl(vm, KVM_CREATE_VCPU, NULL);
    if (vcpu < 0) {
        error_setg_errno(errp, -vcpu, "cannot make a vCPU to see what the host's CPUs have");
        kvm_fd_close(vm);
        return NULL;
    }
    host = g_rc_box_new0(RISCVKVMHost);
    ask_extensions(host, vcpu);
    ask_config(host, vcpu);
    kvm_fd_close(vcpu);
    kvm_fd_close(vm);
    return host;
}
