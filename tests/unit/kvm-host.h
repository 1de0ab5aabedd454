/*
 * A kernel with KVM for tests of the CPU model: vCPUs are tables of registers, what a host has is decided
 * by the test, and every write to the vCPU under test is logged.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_UNIT_KVM_HOST_H
#define VIREO_TESTS_UNIT_KVM_HOST_H

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "accel/kvm/internal.h"
#include "riscv-fixture.h"
#include "target/riscv/kvm/kvm-impl.h"

enum { FD_DEV = 10, FD_VM = 11, FD_SIDE_VM = 12, FD_SIDE_VCPU = 13, FD_VCPU = 20 };

#define ISA(n) KVM_REG64(KVM_REG_TYPE_ISA_EXT, KVM_REG_EXT_SINGLE, n)
#define SBI(n) KVM_REG64(KVM_REG_TYPE_SBI_EXT, KVM_REG_EXT_SINGLE, n)
#define CONFIG(n) KVM_REG64(KVM_REG_TYPE_CONFIG, 0, n)
#define CORE(n) KVM_REG64(KVM_REG_TYPE_CORE, 0, n)
#define CSRS(n) KVM_REG64(KVM_REG_TYPE_CSR, 0, n)
#define TIMER(n) KVM_REG64(KVM_REG_TYPE_TIMER, 0, n)
#define FP_F(n) KVM_REG32(KVM_REG_TYPE_FP_F, 0, n)
#define FP_D(n) KVM_REG64(KVM_REG_TYPE_FP_D, 0, n)
#define FCSR_D KVM_REG32(KVM_REG_TYPE_FP_D, 0, 32)

typedef struct FakeReg {
    uint64_t id;
    uint8_t bytes[40]; /* of the largest, and a guard behind it */
    bool switchable;   /* of an extension */
    bool fixed;        /* may be written with the value that it has */
    int get_err, set_err;
} FakeReg;

static struct {
    GArray *host;  /* of FakeReg: what a new vCPU has */
    GArray *vcpus[2]; /* the one on the side, the one under test */
    GString *log;
    KVMState state;
    KVMCPU kcpu;
    uint32_t mp_state;
    uint32_t irq;  /* the last KVM_INTERRUPT */
    unsigned irqs, lists;
    int list_err, prctl_get;
    unsigned prctls;
    Hart hart;
    GArray *ready;
} k;

static FakeReg *fake_reg(GArray *regs, uint64_t id)
{
    for (guint i = 0; i < regs->len; i++)
        if (g_array_index(regs, FakeReg, i).id == id)
            return &g_array_index(regs, FakeReg, i);
    return NULL;
}

/* Of the host, made if it is not there. */
static FakeReg *host_reg(uint64_t id, uint64_t value)
{
    FakeReg *reg = fake_reg(k.host, id), new = { .id = id };

    if (!reg) {
        memset(new.bytes, 0xee, sizeof(new.bytes));
        memset(new.bytes, 0, KVM_REG_BYTES(id));
        g_array_append_val(k.host, new);
        reg = &g_array_index(k.host, FakeReg, k.host->len - 1);
    }
    memcpy(reg->bytes, &value, MIN(KVM_REG_BYTES(id), 8));
    return reg;
}

static uint64_t vcpu_value(uint64_t id)
{
    FakeReg *reg = fake_reg(k.vcpus[1], id);
    uint64_t v = 0;

    g_assert_nonnull(reg);
    memcpy(&v, reg->bytes, MIN(KVM_REG_BYTES(id), 8));
    return v;
}

static void vcpu_set(uint64_t id, uint64_t value)
{
    FakeReg *reg = fake_reg(k.vcpus[1], id);

    g_assert_nonnull(reg);
    memcpy(reg->bytes, &value, MIN(KVM_REG_BYTES(id), 8));
}

static int fake_get(GArray *regs, const struct kvm_one_reg *r)
{
    FakeReg *reg = fake_reg(regs, r->id);

    if (!reg)
        return -ENOENT;
    if (!reg->get_err)
        memcpy((void *)(uintptr_t)r->addr, reg->bytes, KVM_REG_BYTES(r->id));
    return -reg->get_err;
}

static int fake_set(GArray *regs, const struct kvm_one_reg *r)
{
    FakeReg *reg = fake_reg(regs, r->id);
    const void *value = (const void *)(uintptr_t)r->addr;
    unsigned size = KVM_REG_BYTES(r->id);
    bool same = reg && !memcmp(reg->bytes, value, size);

    if (regs == k.vcpus[1])
        g_string_append_printf(k.log, "%x.%x.%x ", KVM_REG_TYPE(r->id), KVM_REG_SUBTYPE(r->id),
                               KVM_REG_INDEX(r->id));
    if (!reg)
        return -ENOENT;
    if (reg->set_err)
        return -reg->set_err;
    if (!same && (reg->fixed || (KVM_REG_TYPE(r->id) == KVM_REG_TYPE_ISA_EXT && !reg->switchable)))
        return -EINVAL;
    /* As the kernel has it: an idle timer is not switched off. */
    if (r->id == TIMER(KVM_REG_TIMER_STATE) && same && !*(const uint8_t *)value)
        return -EINVAL;
    memcpy(reg->bytes, value, size);
    return 0;
}

static int fake_list(struct kvm_reg_list *list)
{
    unsigned room = (unsigned)list->n, n = 0;

    k.lists++;
    if (k.list_err)
        return -k.list_err;
    for (guint i = 0; i < k.vcpus[1]->len; i++, n++)
        if (n < room)
            list->reg[n] = g_array_index(k.vcpus[1], FakeReg, i).id;
    list->n = n;
    return room < n ? -E2BIG : 0;
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
    GArray *regs = k.vcpus[fd == FD_VCPU];

    if (request == KVM_CREATE_VM)
        return FD_SIDE_VM;
    if (request == KVM_CREATE_VCPU) {
        g_assert_cmpint(fd, ==, FD_SIDE_VM);
        return FD_SIDE_VCPU;
    }
    g_assert_true(fd == FD_VCPU || fd == FD_SIDE_VCPU);
    switch (request) {
    case KVM_GET_ONE_REG:
        return fake_get(regs, arg);
    case KVM_SET_ONE_REG:
        return fake_set(regs, arg);
    case KVM_GET_REG_LIST:
        return fake_list(arg);
    case KVM_GET_MP_STATE:
        ((struct kvm_mp_state *)arg)->mp_state = k.mp_state;
        return 0;
    case KVM_SET_MP_STATE:
        k.mp_state = ((struct kvm_mp_state *)arg)->mp_state;
        g_string_append(k.log, "mp ");
        return 0;
    case KVM_INTERRUPT:
        k.irq = ((struct kvm_interrupt *)arg)->irq;
        k.irqs++;
        return 0;
    default:
        return -ENOTTY;
    }
}

static int fake_close(int fd)
{
    return 0;
}

static int fake_prctl(int what, unsigned long value)
{
    k.prctls++;
    return what == 70 ? k.prctl_get : 0;
}

static const KVMSys fake_sys = { .ioctl = fake_ioctl, .close = fake_close, .prctl = fake_prctl };

/* Linux 6.12 on a CPU with RV64GC, bit manipulation, cache blocks, Sstc; nothing of it but Zicboz, Svpbmt
 * and D, F, V, H can be switched. */
static void host_default(void)
{
    static const uint8_t there[] = { 0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21,
                                     22, 24 };
    static const uint8_t switches[] = { 2, 3, 4, 7, 11, 12, 15 };

    for (size_t i = 0; i < sizeof(there); i++)
        host_reg(ISA(there[i]), 1);
    for (size_t i = 0; i < sizeof(switches); i++)
        if (fake_reg(k.host, ISA(switches[i])))
            host_reg(ISA(switches[i]), 1)->switchable = true;
    for (unsigned i = 0; i < 11; i++)
        host_reg(SBI(i), i != KVM_SBI_DBCN);
    host_reg(CONFIG(KVM_REG_CONFIG_ISA), 0x112d);
    host_reg(CONFIG(KVM_REG_CONFIG_ZICBOM_BLOCK), 64)->fixed = true;
    host_reg(CONFIG(KVM_REG_CONFIG_ZICBOZ_BLOCK), 64)->fixed = true;
    host_reg(CONFIG(KVM_REG_CONFIG_MVENDORID), 0x489);
    host_reg(CONFIG(KVM_REG_CONFIG_MARCHID), 7);
    host_reg(CONFIG(KVM_REG_CONFIG_MIMPID), 3);
    host_reg(CONFIG(KVM_REG_CONFIG_SATP_MODE), SATP_SV48)->fixed = true;
    for (unsigned i = 0; i < 33; i++)
        host_reg(CORE(i), 0);
    for (unsigned i = 0; i < 11; i++)
        host_reg(CSRS(i), 0);
    /* In the order that the kernel has, which is not that of writing. */
    host_reg(TIMER(KVM_REG_TIMER_FREQUENCY), 10000000)->fixed = true;
    host_reg(TIMER(KVM_REG_TIMER_TIME), 0);
    host_reg(TIMER(KVM_REG_TIMER_COMPARE), 0);
    host_reg(TIMER(KVM_REG_TIMER_STATE), 0);
    for (unsigned i = 0; i < 33; i++)
        host_reg(FP_F(i), 0);
    for (unsigned i = 0; i < 32; i++)
        host_reg(FP_D(i), 0);
    host_reg(FCSR_D, 0);
}

static void host_begin(void)
{
    memset(&k, 0, sizeof(k));
    k.log = g_string_new(NULL);
    k.host = g_array_new(false, false, sizeof(FakeReg));
    k.ready = g_array_new(false, false, sizeof(KVMReady));
    k.state = (KVMState){ .fd = FD_DEV, .vmfd = FD_VM, .when_ready = k.ready };
    k.prctl_get = -EINVAL;
    kvm_sys_replace(&fake_sys);
    kvm_set_state(&k.state);
    host_default();
}

/* The vCPUs have what the host has by now. */
static void host_ready(void)
{
    for (unsigned i = 0; i < 2; i++) {
        k.vcpus[i] = g_array_new(false, false, sizeof(FakeReg));
        g_array_append_vals(k.vcpus[i], k.host->data, k.host->len);
    }
}

/* A vCPU of what -cpu says, as the accelerator makes it. */
static void host_start(const char *spec)
{
    Error *err = NULL;

    host_ready();
    hart_init(&k.hart, spec);
    k.kcpu = (KVMCPU){ .cpu = &k.hart.cpu->parent_obj, .s = &k.state, .fd = FD_VCPU };
    k.hart.cpu->parent_obj.accel_state = &k.kcpu;
    cpu_list_add(k.kcpu.cpu);
    if (!riscv_kvm_ops.init_vcpu(k.kcpu.cpu, &err))
        g_error("%s", error_get_pretty(err));
}

static void host_end(void)
{
    if (k.kcpu.cpu) {
        cpu_list_remove(k.kcpu.cpu);
        k.kcpu.cpu->accel_state = NULL;
        hart_done(&k.hart);
    }
    for (unsigned i = 0; i < 2; i++)
        if (k.vcpus[i])
            g_array_free(k.vcpus[i], true);
    g_array_free(k.host, true);
    g_array_free(k.ready, true);
    g_string_free(k.log, true);
    kvm_set_state(NULL);
    kvm_sys_replace(NULL);
}

/* Why a vCPU of that spec cannot be made, NULL: it can; g_free(). *said: what went to stderr. */
static char *host_refusal(const char *spec, char **said)
{
    Error *err = NULL;
    RISCVCPU *cpu;
    char *text = NULL;
    FILE *f = tmpfile();
    int old = dup(2);

    if (!k.vcpus[0])
        host_ready();
    fflush(stderr);
    dup2(fileno(f), 2);
    cpu = riscv_cpu_create_from_spec(spec, &err);
    if (cpu && device_realize(DEVICE(cpu), &err))
        device_unrealize(DEVICE(cpu));
    if (cpu)
        object_unref(cpu);
    dup2(old, 2);
    close(old);
    if (err)
        text = g_strdup(error_get_pretty(err));
    error_free(err);
    if (said) {
        char line[4096];
        size_t n;

        rewind(f);
        n = fread(line, 1, sizeof(line) - 1, f);
        line[n] = '\0';
        *said = g_strdup(line);
    }
    fclose(f);
    return text;
}

#endif
