/*
 * The accelerator kvm on a kernel made of a few functions: the order of calls, interrupted calls,
 * failures, and exits that no real kernel gives on demand. The CPU is a toy without registers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "util/byteorder.h"

enum { FD_DEV = 10, FD_VM = 11, FD_VCPU = 20, PAGE = 4096, RAM_BASE = 0x80000000 };

/* What a KVM_RUN does; the script's end asks the vCPU to leave. */
typedef struct Step {
    int ret;
    void (*fill)(struct kvm_run *run);
} Step;

static struct {
    MachineState *ms;
    CPUState *cpu;
    AccelState *accel;
    GString *log;
    const Step *script;
    /* The host. */
    bool riscv;
    int open_err, version, fail_err, most_vcpus, gpa_bits, nr_slots, manual;
    const char *cpuinfo, *modules, *fail; /* fail: the call that gets fail_err */
    unsigned eintr, calls, missing_cap;
    uint8_t run[3 * PAGE] __attribute__((aligned(PAGE)));
    /* KVM_RUN waits until it is kicked. */
    bool waits, signalled;
    GMutex lock;
    GCond cond;
    unsigned entered;
    /* The toy CPU. */
    unsigned gets, puts, irqs;
    bool clock;
    KVMPutLevel level;
    KVMExitResult result;
    unsigned last_exit;
    /* A device. */
    uint64_t reg, reg_addr;
    unsigned reg_size;
    ShutdownCause cause;
    unsigned shutdowns, resets;
    uint64_t dirty;
} t;

static struct kvm_run *run_page(void)
{
    return (struct kvm_run *)t.run;
}

/* ---- The kernel ---- */

static int capability(unsigned cap)
{
    if (cap == t.missing_cap) {
        return 0;
    }
    switch (cap) {
    case KVM_CAP_MAX_VCPUS:
        return t.most_vcpus;
    case KVM_CAP_NR_VCPUS:
        return 4;
    case KVM_CAP_VM_GPA_BITS:
        return t.gpa_bits;
    case KVM_CAP_NR_MEMSLOTS:
        return t.nr_slots;
    case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
        return t.manual;
    case KVM_CAP_IOEVENTFD:
        return 0;
    default:
        return 1; /* for COALESCED_MMIO: the page */
    }
}

static int logged(const char *name, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

static int logged(const char *name, const char *fmt, ...)
{
    va_list ap;

    g_string_append(t.log, name);
    va_start(ap, fmt);
    g_string_append_vprintf(t.log, fmt, ap);
    va_end(ap);
    g_string_append_c(t.log, ' ');
    return t.fail && !strcmp(t.fail, name) ? -t.fail_err : 0;
}

static int run_waiting(void)
{
    int r = 0;

    g_mutex_lock(&t.lock);
    t.entered++;
    while (!r) {
        if (__atomic_load_n(&run_page()->immediate_exit, __ATOMIC_SEQ_CST) || t.signalled) {
            r = -EINTR;
        } else {
            g_cond_wait(&t.cond, &t.lock);
        }
    }
    t.signalled = false;
    g_mutex_unlock(&t.lock);
    return r;
}

static int run_vcpu(void)
{
    Step s;

    if (t.waits) {
        return run_waiting();
    }
    if (run_page()->immediate_exit) {
        logged("settle", "%s", "");
        return -EINTR;
    }
    if (!t.script || (!t.script->fill && !t.script->ret)) {
        cpu_attention(t.cpu, CPU_ATTN_EXIT);
        return -EINTR;
    }
    s = *t.script++;
    memset(t.run + offsetof(struct kvm_run, mmio), 0, 256);
    if (s.fill) {
        s.fill(run_page());
    }
    return s.ret;
}

static int dirty_log(uint64_t bitmap)
{
    *(uint64_t *)(uintptr_t)bitmap = t.dirty;
    t.dirty = t.manual ? t.dirty : 0;
    return 0;
}

static int vm_ioctl(unsigned long request, void *arg)
{
    const struct kvm_userspace_memory_region *r = arg;
    const struct kvm_clear_dirty_log *c = arg;

    switch (request) {
    case KVM_CREATE_VCPU:
        return logged("vcpu", "%u", (unsigned)(uintptr_t)arg) < 0 ? -t.fail_err : FD_VCPU;
    case KVM_SET_USER_MEMORY_REGION:
        return logged("slot", "%u@%" PRIx64 "+%" PRIx64 "%s%s", r->slot,
                      (uint64_t)r->guest_phys_addr, (uint64_t)r->memory_size,
                      r->flags & KVM_MEM_READONLY ? "r" : "",
                      r->flags & KVM_MEM_LOG_DIRTY_PAGES ? "l" : "");
    case KVM_ENABLE_CAP:
        return logged("enable", "%s", "");
    case KVM_GET_DIRTY_LOG:
        logged("get", "%s", "");
        return dirty_log(((struct kvm_dirty_log *)arg)->dirty_bitmap);
    case KVM_CLEAR_DIRTY_LOG:
        t.dirty = 0;
        return logged("clear", "%" PRIu64 "+%u", (uint64_t)c->first_page, c->num_pages);
    case KVM_REGISTER_COALESCED_MMIO:
    case KVM_UNREGISTER_COALESCED_MMIO:
        return logged(request == KVM_REGISTER_COALESCED_MMIO ? "zone" : "unzone", "%s", "");
    default:
        return -ENOTTY;
    }
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
    if (t.eintr && request != KVM_RUN && ++t.calls % t.eintr == 0) {
        return -EINTR;
    }
    if (request == KVM_CHECK_EXTENSION) {
        return capability((unsigned)(uintptr_t)arg);
    }
    if (fd == FD_VM) {
        return vm_ioctl(request, arg);
    }
    switch (request) {
    case KVM_GET_API_VERSION:
        return t.version;
    case KVM_CREATE_VM:
        return logged("vm", "%s", "") < 0 ? -t.fail_err : FD_VM;
    case KVM_GET_VCPU_MMAP_SIZE:
        return sizeof(t.run);
    case KVM_RUN:
        return run_vcpu();
    default:
        return -ENOTTY;
    }
}

static int fake_open(const char *path, int flags)
{
    if (t.eintr && ++t.calls % t.eintr == 0) {
        return -EINTR;
    }
    return t.open_err ? -t.open_err : FD_DEV;
}

static int fake_close(int fd)
{
    return 0;
}

static void *fake_mmap(int fd, size_t size, int *err)
{
    *err = ENOMEM;
    return t.fail && !strcmp(t.fail, "mmap") ? NULL : t.run;
}

static void fake_munmap(void *p, size_t size)
{
}

static void fake_receive(void)
{
}

static void fake_send(pthread_t thread)
{
    g_mutex_lock(&t.lock);
    t.signalled = true;
    g_cond_broadcast(&t.cond);
    g_mutex_unlock(&t.lock);
}

static char *fake_text(const char *path)
{
    return g_strdup(strstr(path, "cpuinfo") ? t.cpuinfo : t.modules);
}

static bool fake_riscv(void)
{
    return t.riscv;
}

static const KVMSys fake_sys = {
    .open = fake_open, .close = fake_close, .ioctl = fake_ioctl, .mmap = fake_mmap,
    .munmap = fake_munmap, .kick_receive = fake_receive, .kick_send = fake_send,
    .read_text = fake_text, .riscv_host = fake_riscv, .page_size = PAGE,
};

/* ---- The CPU, the machine, a device ---- */

static bool toy_put(CPUState *cpu, KVMPutLevel level, Error **errp)
{
    t.puts++;
    t.level = level;
    return true;
}

static bool toy_get(CPUState *cpu, Error **errp)
{
    t.gets++;
    return true;
}

static void toy_interrupts(CPUState *cpu)
{
    t.irqs++;
}

static KVMExitResult toy_exit(CPUState *cpu, struct kvm_run *run, Error **errp)
{
    t.last_exit = run->exit_reason;
    if (t.result == KVM_EXIT_FAILED) {
        error_setg(errp, "toy failure");
    }
    return t.result;
}

static void toy_clock(CPUState *cpu, bool running)
{
    t.clock = running;
}

static void toy_explain(CPUState *cpu, int err, GString *out)
{
    g_string_append(out, "fld ft0, 0(a0)");
}

static const KVMCPUOps toy_ops = {
    .put = toy_put, .get = toy_get, .put_interrupts = toy_interrupts, .handle_exit = toy_exit,
    .clock = toy_clock, .explain_failure = toy_explain,
};

static void toy_cpu_class(ObjectClass *klass, const void *data)
{
    CPU_CLASS(klass)->kvm_ops = &toy_ops;
}

static void toy_machine_class(ObjectClass *klass, const void *data)
{
    MACHINE_CLASS(klass)->name = "toykvm";
    MACHINE_CLASS(klass)->cpu_type = "toykvm-cpu";
}

static const TypeInfo toy_cpu = { .name = "toykvm-cpu", .parent = TYPE_CPU,
                                  .instance_size = sizeof(CPUState), .class_init = toy_cpu_class };
static const TypeInfo toy_machine = { .name = "toykvm-machine", .parent = TYPE_MACHINE,
                                      .instance_size = sizeof(MachineState),
                                      .class_init = toy_machine_class };
type_init(toy_cpu)
type_init(toy_machine)

static MemTxResult reg_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    t.reg_addr = addr;
    t.reg_size = size;
    *value = t.reg;
    return MEMTX_OK;
}

static MemTxResult reg_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    t.reg_addr = addr;
    t.reg_size = size;
    t.reg = value;
    return MEMTX_OK;
}

static const MemoryRegionOps reg_ops = { .read = reg_read, .write = reg_write };

static void on_shutdown(ShutdownCause cause, int exit_code)
{
    t.shutdowns++;
    t.cause = cause;
}

static void on_reset(ShutdownCause cause)
{
    t.resets++;
    t.cause = cause;
}

static const MachineRunOps run_ops = { .request_shutdown = on_shutdown, .request_reset = on_reset };
static MemoryRegion rom, chip, dev;

/* A host that has everything, and a machine with RAM, ROM, a flash chip and a register. */
static void setup(void)
{
    memset(&t, 0, sizeof(t));
    t.log = g_string_new(NULL);
    t.riscv = true;
    t.version = KVM_API_VERSION;
    t.most_vcpus = 8;
    t.gpa_bits = 41;
    t.nr_slots = 16;
    t.missing_cap = ~0u;
    kvm_sys_replace(&fake_sys);
    machine_set_run_ops(&run_ops);
    t.ms = MACHINE(object_new_known("toykvm-machine"));
    t.ms->smp.cpus = t.ms->smp.max_cpus = 1;
    memory_region_init(&t.ms->system_memory, NULL, "all", UINT64_MAX);
    address_space_init(&t.ms->as, &t.ms->system_memory, "memory");
    g_assert_true(memory_region_init_ram(&t.ms->ram, NULL, "ram", 64 * PAGE, NULL));
    g_assert_true(memory_region_init_rom(&rom, NULL, "rom", PAGE, NULL));
    g_assert_true(memory_region_init_rom_device(&chip, NULL, &reg_ops, NULL, "chip", PAGE, NULL));
    memory_region_init_io(&dev, NULL, &reg_ops, NULL, NULL, "dev", PAGE);
    memory_region_add_subregion(&t.ms->system_memory, RAM_BASE, &t.ms->ram);
    memory_region_add_subregion(&t.ms->system_memory, 0x1000, &rom);
    memory_region_add_subregion(&t.ms->system_memory, 0x4000, &chip);
    memory_region_add_subregion(&t.ms->system_memory, 0x8000, &dev);
}

static char *try_accel(void)
{
    const char *specs[] = { "kvm", NULL };
    unsigned failed;
    Error *err = NULL;
    char *text;

    t.accel = accel_choose(specs, t.ms, &failed, &err);
    text = err ? g_strdup(error_get_pretty(err)) : NULL;
    error_free(err);
    return text;
}

static char *try_vcpu(void)
{
    Error *err = NULL;
    char *text;

    t.cpu = CPU(object_new_known("toykvm-cpu"));
    t.cpu->as = &t.ms->as;
    cpu_list_add(t.cpu);
    t.cpu->accel = ACCEL_CLASS(((Object *)t.accel)->klass);
    t.cpu->accel_kick = t.cpu->accel->kick;
    this_cpu = t.cpu;
    t.cpu->accel->cpu_create(t.cpu, &err);
    text = err ? g_strdup(error_get_pretty(err)) : NULL;
    error_free(err);
    return text;
}

static void start(void)
{
    g_autofree char *why = try_accel();
    g_autofree char *why_not = why ? NULL : try_vcpu();

    g_assert_cmpstr(why, ==, NULL);
    g_assert_cmpstr(why_not, ==, NULL);
}

static void finish(void)
{
    if (t.cpu) {
        t.cpu->accel->cpu_destroy(t.cpu);
        cpu_list_remove(t.cpu);
        object_unref(t.cpu);
        this_cpu = NULL;
    }
    if (t.accel) {
        object_unref(t.accel);
    }
    g_assert_null(kvm_state());
    memory_region_destroy(&rom);
    memory_region_destroy(&chip);
    memory_region_destroy(&dev);
    memory_region_destroy(&t.ms->ram);
    address_space_destroy(&t.ms->as);
    memory_region_destroy(&t.ms->system_memory);
    object_unref(t.ms);
    flatview_reclaim();
    kvm_sys_replace(NULL);
    g_string_free(t.log, TRUE);
}

static CPUExit run(const Step *script)
{
    t.script = script;
    return t.cpu->accel->exec(t.cpu);
}

#define assert_contains(text, part)                                                         \
    do {                                                                                    \
        if (!(text) || !strstr(text, part)) {                                               \
            g_error("'%s' is not in '%s'", part, (text) ? (text) : "(null)");               \
        }                                                                                   \
    } while (0)

/* ---- Why not ---- */

static void test_reasons(void)
{
    static const struct {
        bool foreign;
        int err, version;
        const char *isa, *modules, *why;
    } rows[] = {
        { true, 0, 12, "rv64imafdch", "", "KVM runs guests of the host's own architecture" },
        { false, ENOENT, 12, "rv64imafdc_zicsr_h_zbb", "", "no hypervisor extension" },
        { false, ENODEV, 12, "rv64imafdc", "", "no hypervisor extension" },
        { false, ENOENT, 12, "rv64imafdch_zicsr", "", "try modprobe kvm" },
        { false, ENOENT, 12, NULL, NULL, "try modprobe kvm" },
        { false, ENOENT, 12, "rv64imafdch", "fat 1\nkvm 159744 0 - Live\n", "in a container" },
        { false, ENODEV, 12, "rv64imafdch", "", "no driver answers" },
        { false, EACCES, 12, "rv64imafdch", "", "no permission to open /dev/kvm" },
        { false, EPERM, 12, "rv64imafdch", "", "no permission to open /dev/kvm" },
        { false, EMFILE, 12, "rv64imafdch", "", "cannot open /dev/kvm: Too many open files" },
        { false, 0, 11, "rv64imafdch", "", "speaks version 11 of the interface, 12 is needed" },
        { false, 0, -ENOTTY, "rv64imafdch", "", "does not answer like KVM" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *cpuinfo = rows[i].isa ? g_strdup_printf("hart\t: 0\nisa\t\t: %s\n",
                                                                 rows[i].isa) : NULL;
        setup();
        t.riscv = !rows[i].foreign;
        t.open_err = rows[i].err;
        t.version = rows[i].version;
        t.cpuinfo = cpuinfo;
        t.modules = rows[i].modules;
        g_autofree char *why = try_accel();
        assert_contains(why, "accelerator 'kvm' cannot be used: ");
        assert_contains(why, rows[i].why);
        finish();
    }
}

/* The second of the list is taken. */
static void test_fallback(void)
{
    const char *specs[] = { "kvm", "tcg,tb-size=2", NULL };
    unsigned failed;
    AccelState *accel;

    setup();
    t.riscv = false;
    accel = accel_choose(specs, t.ms, &failed, NULL);
    g_assert_nonnull(accel);
    g_assert_cmpstr(ACCEL_CLASS(((Object *)accel)->klass)->name, ==, "tcg");
    g_assert_false(t.ms->smode);
    object_unref(accel);
    finish();
}

static void fails(const char *call, int err, const char *why)
{
    t.fail = call;
    t.fail_err = err;
    g_autofree char *got = try_accel();
    g_autofree char *later = got ? NULL : try_vcpu();
    assert_contains(got ? got : later, why);
    finish();
}

static void test_limits(void)
{
    static const unsigned caps[] = { KVM_CAP_USER_MEMORY, KVM_CAP_ONE_REG, KVM_CAP_MP_STATE,
                                     KVM_CAP_IMMEDIATE_EXIT, KVM_CAP_READONLY_MEM,
                                     KVM_CAP_SYNC_MMU };

    for (size_t i = 0; i < G_N_ELEMENTS(caps); i++) {
        setup();
        t.missing_cap = caps[i];
        fails(NULL, 0, "this host's KVM lacks a capability: ");
    }
    setup();
    t.ms->smp.max_cpus = 9;
    fails(NULL, 0, "-smp 9: this host's KVM allows 8 vCPUs");
    setup();
    t.ms->firmware = g_strdup("fw.bin");
    fails(NULL, 0, "-bios fw.bin: there is no M-mode under KVM");
    setup();
    t.gpa_bits = 31;
    fails(NULL, 0, "'ram' ends at 0x80040000, but the stage-2 translation of this host reaches "
                   "0x80000000 only: use less memory (-m)");
    setup();
    t.nr_slots = 2;
    fails(NULL, 0, "no memory slot left for");
    setup();
    fails("vm", ENOMEM, "KVM cannot make a VM: Cannot allocate memory");
    setup();
    fails("slot", EINVAL, "KVM refused 'rom', 4 KiB at 0x1000: Invalid argument");
    setup();
    fails("vcpu", EEXIST, "KVM cannot make the vCPU: File exists");
    setup();
    fails("mmap", 0, "KVM: cannot map the state of the vCPU: Cannot allocate memory");
}

/* ---- Memory ---- */

static void test_slots(void)
{
    setup();
    start();
    g_assert_cmpstr(t.log->str, ==, "vm slot0@1000+1000r slot1@4000+1000r slot2@80000000+40000 "
                                    "vcpu0 ");
    g_string_truncate(t.log, 0);
    memory_region_rom_device_set_romd(&chip, false); /* its slot goes, its writes are collected */
    memory_region_set_address(&rom, 0x2000);
    memory_region_rom_device_set_romd(&chip, true);
    g_assert_cmpstr(t.log->str, ==, "slot1@4000+0r zone slot0@1000+0r slot0@2000+1000r unzone "
                                    "slot1@4000+1000r ");
    g_string_truncate(t.log, 0);
    memory_region_set_enabled(&dev, false);
    g_assert_cmpstr(t.log->str, ==, "");
    finish();
}

/* Every call is interrupted sometimes: the same things happen. */
static void test_eintr(void)
{
    for (unsigned n = 2; n < 6; n++) {
        setup();
        t.eintr = n;
        start();
        g_assert_cmpstr(t.log->str, ==, "vm slot0@1000+1000r slot1@4000+1000r "
                                        "slot2@80000000+40000 vcpu0 ");
        finish();
    }
}

static void test_dirty(int manual)
{
    RAMBlock *b;
    unsigned long pages[1];

    setup();
    t.manual = manual;
    start();
    b = t.ms->ram.ram;
    g_string_truncate(t.log, 0);
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x2000, 0x3000, pages));
    g_assert_cmphex(pages[0], ==, 7); /* never asked for before */
    g_assert_cmpstr(t.log->str, ==, manual ? "slot2@80000000+40000l get clear0+64 "
                                           : "slot2@80000000+40000l get ");
    g_assert_false(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x2000, 0x3000, pages));
    t.dirty = 1 << 3 | 1 << 9; /* the guest writes */
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x2000, 0x3000, pages));
    g_assert_cmphex(pages[0], ==, 2);
    g_assert_false(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x2000, 0x3000, pages));
    g_string_truncate(t.log, 0);
    ram_block_set_dirty(b, DIRTY_DISPLAY, 0x2000, 0x3000);
    g_assert_cmpstr(t.log->str, ==, "slot2@80000000+40000 "); /* no longer */
    finish();
}

static void test_dirty_plain(void)
{
    test_dirty(0);
}

static void test_dirty_manual(void)
{
    test_dirty(3);
}

/* ---- Exits ---- */

static void mmio(struct kvm_run *run, uint64_t addr, unsigned len, bool write, uint64_t v)
{
    run->exit_reason = KVM_EXIT_MMIO;
    run->mmio.phys_addr = addr;
    run->mmio.len = len;
    run->mmio.is_write = write;
    stn_le(run->mmio.data, 8, v);
}

static void write_dev(struct kvm_run *run)
{
    mmio(run, 0x8010, 4, true, 0xffffffff12345678);
}

static void read_dev(struct kvm_run *run)
{
    mmio(run, 0x8020, 2, false, 0);
}

static void bad_len(struct kvm_run *run)
{
    mmio(run, 0x8020, 3, false, 0);
}

static void read_hole(struct kvm_run *run)
{
    mmio(run, 0x100000, 8, false, ~0ull);
}

static void test_mmio(void)
{
    setup();
    start();
    g_assert_cmpint(run((const Step[]){ { 0, write_dev }, { 0 } }), ==, CPU_EXIT_ATTENTION);
    g_assert_cmphex(t.reg, ==, 0x12345678);
    g_assert_cmphex(t.reg_addr, ==, 0x10);
    g_assert_cmpuint(t.reg_size, ==, 4);
    t.reg = 0xabcd;
    run((const Step[]){ { 0, read_dev }, { 0 } });
    g_assert_cmphex(ldn_le(run_page()->mmio.data, 2), ==, 0xabcd);
    run((const Step[]){ { 0, read_hole }, { 0 } });
    g_assert_cmphex(ldn_le(run_page()->mmio.data, 8), ==, 0);
    g_assert_cmpint(run((const Step[]){ { 0, bad_len }, { 0 } }), ==, CPU_EXIT_ERROR);
    finish();
}

/* A write that makes the vCPU leave: the kernel finishes it first. */
static void write_and_leave(struct kvm_run *run)
{
    write_dev(run);
    cpu_attention(t.cpu, CPU_ATTN_EXIT);
}

static void test_settle(void)
{
    setup();
    start();
    g_string_truncate(t.log, 0);
    g_assert_cmpint(run((const Step[]){ { 0, write_and_leave }, { 0 } }), ==, CPU_EXIT_ATTENTION);
    g_assert_cmpstr(t.log->str, ==, "settle ");
    g_string_truncate(t.log, 0);
    run((const Step[]){ { -EINTR, NULL }, { -EAGAIN, NULL }, { 0 } });
    g_assert_cmpstr(t.log->str, ==, "");
    finish();
}

#define REASON(name, number)                                                                \
    static void name(struct kvm_run *run)                                                   \
    {                                                                                       \
        run->exit_reason = number;                                                          \
    }
REASON(exit_sbi, KVM_EXIT_RISCV_SBI)
REASON(exit_csr, KVM_EXIT_RISCV_CSR)
REASON(exit_debug, KVM_EXIT_DEBUG)
REASON(exit_intr, KVM_EXIT_INTR)
REASON(exit_fail, KVM_EXIT_FAIL_ENTRY)
REASON(exit_internal, KVM_EXIT_INTERNAL_ERROR)
REASON(exit_unknown, KVM_EXIT_UNKNOWN)
REASON(exit_hlt, 5)
REASON(exit_far, 4000000000u)

static void test_exits(void)
{
    static const Step bad[] = {
        { 0, exit_fail }, { 0, exit_internal }, { 0, exit_unknown }, { 0, exit_hlt },
        { 0, exit_far }, { -EFAULT, NULL }, { -EOPNOTSUPP, NULL }, { -EIO, NULL }, { -EINVAL, NULL },
    };

    setup();
    start();
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        const Step script[] = { bad[i], { 0 } };
        g_assert_cmpint(run(script), ==, CPU_EXIT_ERROR);
    }
    t.result = KVM_EXIT_RESUME;
    g_assert_cmpint(run((const Step[]){ { 0, exit_intr }, { 0, exit_sbi }, { 0 } }), ==,
                    CPU_EXIT_ATTENTION);
    g_assert_cmpuint(t.last_exit, ==, KVM_EXIT_RISCV_SBI);
    run((const Step[]){ { 0, exit_csr }, { 0 } });
    g_assert_cmpuint(t.last_exit, ==, KVM_EXIT_RISCV_CSR);
    t.result = KVM_EXIT_STOPPED;
    g_assert_cmpint(run((const Step[]){ { 0, exit_debug }, { 0 } }), ==, CPU_EXIT_DEBUG);
    t.result = KVM_EXIT_FAILED;
    g_assert_cmpint(run((const Step[]){ { 0, exit_sbi }, { 0 } }), ==, CPU_EXIT_ERROR);
    /* A suspend leaves at once, and the call is completed. */
    g_string_truncate(t.log, 0);
    t.result = KVM_EXIT_ATTENTION;
    g_assert_cmpint(run((const Step[]){ { 0, exit_sbi }, { 0 } }), ==, CPU_EXIT_ATTENTION);
    g_assert_cmpstr(t.log->str, ==, "settle ");
    finish();
}

static void event(struct kvm_run *run, uint32_t type, uint64_t reason)
{
    run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
    run->system_event.type = type;
    run->system_event.ndata = 1;
    run->system_event.data[0] = reason;
}

static void event_shutdown(struct kvm_run *run)
{
    event(run, KVM_SYSTEM_EVENT_SHUTDOWN, 0);
}

static void event_reset(struct kvm_run *run)
{
    event(run, KVM_SYSTEM_EVENT_RESET, 1);
}

static void event_odd(struct kvm_run *run)
{
    event(run, 77, 0);
}

static void test_events(void)
{
    setup();
    start();
    g_assert_cmpint(run((const Step[]){ { 0, event_shutdown }, { 0 } }), ==, CPU_EXIT_ATTENTION);
    g_assert_cmpuint(t.shutdowns, ==, 1);
    g_assert_cmpint(t.cause, ==, SHUTDOWN_GUEST_SHUTDOWN);
    g_assert_cmpint(run((const Step[]){ { 0, event_reset }, { 0 } }), ==, CPU_EXIT_ATTENTION);
    g_assert_cmpuint(t.resets, ==, 1);
    g_assert_cmpint(t.cause, ==, SHUTDOWN_GUEST_RESET);
    g_assert_cmpint(run((const Step[]){ { 0, event_odd }, { 0 } }), ==, CPU_EXIT_ERROR);
    finish();
}

/* ---- Registers ---- */

static void test_state(void)
{
    setup();
    start();
    t.cpu->accel->run_changed(t.accel, true);
    g_assert_true(t.clock);
    t.cpu->accel->run_changed(t.accel, false);
    g_assert_false(t.clock);
    t.cpu->accel->state_out(t.cpu);
    g_assert_cmpuint(t.gets, ==, 0); /* the struct has what reset made */
    run((const Step[]){ { 0 } });
    g_assert_cmpuint(t.puts, ==, 1);
    g_assert_cmpint(t.level, ==, KVM_PUT_RESET);
    t.cpu->accel->state_out(t.cpu);
    t.cpu->accel->state_out(t.cpu);
    g_assert_cmpuint(t.gets, ==, 1);
    run((const Step[]){ { 0 } });
    g_assert_cmpuint(t.puts, ==, 1); /* only read */
    t.cpu->accel->state_out(t.cpu);
    t.cpu->accel->state_in(t.cpu);
    run((const Step[]){ { 0 } });
    g_assert_cmpuint(t.puts, ==, 2);
    g_assert_cmpint(t.level, ==, KVM_PUT_CHANGED);
    t.cpu->accel->state_reset(t.cpu);
    t.cpu->accel->state_in(t.cpu); /* does not make it less */
    run((const Step[]){ { 0 } });
    g_assert_cmpint(t.level, ==, KVM_PUT_RESET);
    finish();
}

/* ---- The ring ---- */

static void fill_ring(struct kvm_run *run)
{
    struct kvm_coalesced_mmio_ring *ring = (void *)(t.run + PAGE);

    for (unsigned i = 0; i < 3; i++) {
        struct kvm_coalesced_mmio *e = &ring->mmio[(ring->last + i) % 170];

        *e = (struct kvm_coalesced_mmio){ .phys_addr = 0x8000 + 4 * i, .len = 4 };
        e->data[0] = (uint8_t)(10 + i);
    }
    ring->last = (ring->last + 3) % 170;
    read_dev(run); /* sees what the last of them wrote */
}

static void test_ring(void)
{
    struct kvm_coalesced_mmio_ring *ring = (void *)(t.run + PAGE);

    setup();
    start();
    ring->first = ring->last = 168; /* wraps: there is room for 170 in a page */
    run((const Step[]){ { 0, fill_ring }, { 0 } });
    g_assert_cmphex(ldn_le(run_page()->mmio.data, 2), ==, 12);
    g_assert_cmpuint(ring->first, ==, 1);
    g_assert_cmpuint(ring->first, ==, ring->last);
    finish();
}

/* ---- Kicks ---- */

static gpointer vcpu_thread(gpointer data)
{
    unsigned n = GPOINTER_TO_UINT(data);

    this_cpu = t.cpu;
    for (unsigned i = 0; i < n; i++) {
        if (t.cpu->accel->exec(t.cpu) != CPU_EXIT_ATTENTION) {
            break;
        }
        __atomic_fetch_add(&t.calls, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* Kicks at all moments of a KVM_RUN: each makes exec() return, or is one with the next. */
static void test_kick(void)
{
    enum { ROUNDS = 3000 };
    GThread *thread;

    setup();
    start();
    this_cpu = NULL;
    t.waits = true;
    thread = g_thread_new("vcpu", vcpu_thread, GUINT_TO_POINTER(ROUNDS));
    for (unsigned i = 0; i < ROUNDS; i++) {
        gint64 end = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;

        for (volatile unsigned spin = 0; spin < (i * 37) % 1500; spin++) {
        }
        cpu_kick(t.cpu);
        while (__atomic_load_n(&t.calls, __ATOMIC_SEQ_CST) <= i) {
            g_assert_cmpint(g_get_monotonic_time(), <, end);
            g_thread_yield();
        }
    }
    g_thread_join(thread);
    this_cpu = t.cpu;
    finish();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm/reasons", test_reasons);
    g_test_add_func("/kvm/fallback", test_fallback);
    g_test_add_func("/kvm/limits", test_limits);
    g_test_add_func("/kvm/slots", test_slots);
    g_test_add_func("/kvm/eintr", test_eintr);
    g_test_add_func("/kvm/dirty", test_dirty_plain);
    g_test_add_func("/kvm/dirty-manual", test_dirty_manual);
    g_test_add_func("/kvm/mmio", test_mmio);
    g_test_add_func("/kvm/settle", test_settle);
    g_test_add_func("/kvm/exits", test_exits);
    g_test_add_func("/kvm/events", test_events);
    g_test_add_func("/kvm/state", test_state);
    g_test_add_func("/kvm/ring", test_ring);
    g_test_add_func("/kvm/kick", test_kick);
    return g_test_run();
}
