/*
 * The CPU model under KVM: registers between the kernel and our state, settings, -cpu against what the
 * host has, breakpoints and other exits, failures explained.
 *
 * SPDX-License-Identifier: MIT
 */
#include "kvm-host.h"

#include "accel/debug.h"

static void put(KVMPutLevel level)
{
    Error *err = NULL;

    g_string_truncate(k.log, 0);
    if (!riscv_kvm_ops.put(k.kcpu.cpu, level, &err))
        g_error("%s", error_get_pretty(err));
}

static void get(void)
{
    Error *err = NULL;

    if (!riscv_kvm_ops.get(k.kcpu.cpu, &err))
        g_error("%s", error_get_pretty(err));
}

/* ---- Registers ---- */

static void test_order(void)
{
    g_auto(GStrv) words = NULL;
    unsigned last = 0, n;

    host_begin();
    host_start("host");
    k.hart.cpu->kvm_saved.timer_on = true;
    put(KVM_PUT_FULL);
    words = g_strsplit(k.log->str, " ", -1);
    n = g_strv_length(words);
    /* Nothing of settings (1, 7, 8), then core (2), csr (3), fp (6), and the timer (4) as the last. */
    for (unsigned i = 0; i + 5 < n; i++) {
        unsigned type = words[i][0] - '0';

        g_assert_true(type == 2 || type == 3 || type == 6);
        g_assert_cmpuint(type, >=, last);
        last = type;
    }
    g_assert_true(g_str_has_suffix(k.log->str, "4.0.1 4.0.2 4.0.3 mp "));
    /* After a reset time goes on; switching off an idle timer is refused, which is no failure. */
    k.hart.cpu->kvm_saved.timer_on = false;
    vcpu_set(TIMER(KVM_REG_TIMER_STATE), 0);
    put(KVM_PUT_RESET);
    g_assert_true(g_str_has_suffix(k.log->str, "4.0.2 4.0.3 mp "));
    g_assert_null(strstr(k.log->str, "4.0.1"));
    host_end();
}

static void test_values(void)
{
    CPURISCVState *env;

    host_begin();
    host_start("host");
    env = k.hart.env;
    for (unsigned i = 0; i < 32; i++) {
        vcpu_set(CORE(i), 0x1000 + i * 4);
        vcpu_set(FP_D(i), 0x4000000000000000 + i);
        vcpu_set(FP_F(i), 0xbad); /* another view of the same: not for us */
    }
    vcpu_set(CORE(32), 0);
    vcpu_set(FCSR_D, 0x5 | 2 << 5);
    for (unsigned i = 0; i < 11; i++)
        vcpu_set(CSRS(i), 0x100 * i);
    vcpu_set(CSRS(0), MSTATUS_SPP | MSTATUS_SUM | MSTATUS_FS | MSTATUS_SD | MSTATUS_UXL_64);
    vcpu_set(CSRS(1), MIP_SSIP | MIP_STIP | MIP_SEIP);
    vcpu_set(CSRS(7), MIP_STIP);
    vcpu_set(CSRS(8), 9ULL << 60 | 0x1234);
    vcpu_set(TIMER(KVM_REG_TIMER_TIME), 777);
    vcpu_set(TIMER(KVM_REG_TIMER_COMPARE), 888);
    vcpu_set(TIMER(KVM_REG_TIMER_STATE), 1);
    k.mp_state = KVM_MP_STATE_STOPPED;
    get();
    g_assert_cmphex(env->pc, ==, 0x1000);
    g_assert_cmphex(env->x[31], ==, 0x1000 + 31 * 4);
    g_assert_cmpuint(env->priv, ==, PRV_U);
    g_assert_cmphex(env->f[31], ==, 0x400000000000001f);
    g_assert_cmpuint(env->fflags, ==, 5);
    g_assert_cmpuint(env->frm, ==, 2);
    g_assert_cmphex(env->sepc, ==, 0x400);
    g_assert_cmphex(env->satp, ==, 9ULL << 60 | 0x1234);
    g_assert_cmphex(env->mip & MIP_STIP, ==, MIP_STIP);
    g_assert_cmphex(env->mie, ==, MIP_SSIP | MIP_STIP | MIP_SEIP);
    g_assert_cmphex(env->stimecmp, ==, 888);
    g_assert_cmpuint(k.hart.cpu->kvm_saved.time, ==, 777);
    g_assert_cmpuint(k.hart.cpu->kvm_saved.mp_state, ==, KVM_MP_STATE_STOPPED);

    /* What has not changed is not written; what has is, with its size and no byte more. */
    put(KVM_PUT_CHANGED);
    g_assert_cmpstr(k.log->str, ==, "");
    env->fflags = 31;
    env->x[10] = 42;
    env->mstatus &= ~MSTATUS_SUM;
    put(KVM_PUT_CHANGED);
    g_assert_cmpstr(k.log->str, ==, "2.0.a 3.0.0 6.0.20 ");
    g_assert_cmphex(vcpu_value(FCSR_D), ==, 31 | 2 << 5);
    g_assert_cmphex(fake_reg(k.vcpus[1], FCSR_D)->bytes[4], ==, 0xee);
    g_assert_cmphex(vcpu_value(CSRS(0)), ==, MSTATUS_SPP | MSTATUS_FS | MSTATUS_SD | MSTATUS_UXL_64);
    g_assert_cmphex(vcpu_value(FP_F(1)), ==, 0xbad);
    host_end();
}

/* Of types and numbers that we have never heard of, as large as they like. */
static void test_unknown(void)
{
    const uint64_t other = KVM_REG64(12, 3, 5), new_csr = CSRS(11),
                   fwft = KVM_REG64(KVM_REG_TYPE_SBI_STATE, 1, 0),
                   read_only = KVM_REG64(12, 3, 6),
                   wide = KVM_REG_RISCV | 4ULL << KVM_REG_SIZE_SHIFT | 13ULL << KVM_REG_TYPE_SHIFT;
    g_autoptr(GByteArray) saved = g_byte_array_new();
    Error *err = NULL;

    host_begin();
    host_reg(other, 1);
    host_reg(new_csr, 2);
    host_reg(fwft, 3);
    host_reg(read_only, 4)->set_err = EINVAL;
    host_reg(wide, 5);
    host_reg(KVM_REG64(12, 3, 7), 6)->get_err = ENOENT;
    host_start("host");
    vcpu_set(other, 11);
    vcpu_set(new_csr, 12);
    vcpu_set(fwft, 13);
    vcpu_set(wide, 15);
    get();
    object_state_save(k.hart.cpu, saved);
    /* A reset gives them the values of a new vCPU. */
    put(KVM_PUT_RESET);
    g_assert_cmpuint(vcpu_value(other), ==, 1);
    g_assert_cmpuint(vcpu_value(new_csr), ==, 2);
    g_assert_cmpuint(vcpu_value(fwft), ==, 3);
    g_assert_cmpuint(vcpu_value(wide), ==, 5);
    /* Loading gives them back. */
    get();
    if (!object_state_load(k.hart.cpu, saved->data, saved->len, &err))
        g_error("%s", error_get_pretty(err));
    put(KVM_PUT_FULL);
    g_assert_cmpuint(vcpu_value(other), ==, 11);
    g_assert_cmpuint(vcpu_value(new_csr), ==, 12);
    g_assert_cmpuint(vcpu_value(fwft), ==, 13);
    g_assert_cmpuint(vcpu_value(read_only), ==, 4);
    g_assert_null(strstr(k.log->str, "c.3.7"));
    host_end();
}

static void test_failures(void)
{
    static const struct {
        int get_err, set_err;
        const char *text;
    } cases[] = {
        { 0, EINVAL, "KVM does not let register 'csr sepc' be written: Invalid argument" },
        { EINVAL, 0, "KVM does not let register 'csr sepc' be read: Invalid argument" },
        { ENOENT, 0, NULL }, /* it went with an extension */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Error *err = NULL;
        bool ok;

        host_begin();
        host_start("host");
        fake_reg(k.vcpus[1], CSRS(4))->get_err = cases[i].get_err;
        fake_reg(k.vcpus[1], CSRS(4))->set_err = cases[i].set_err;
        ok = cases[i].set_err ? riscv_kvm_ops.put(k.kcpu.cpu, KVM_PUT_FULL, &err)
                              : riscv_kvm_ops.get(k.kcpu.cpu, &err);
        g_assert_cmpint(ok, ==, !cases[i].text);
        g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, cases[i].text);
        error_free(err);
        host_end();
    }
}

/* Kernels before 6.6 do not list registers. */
static void test_no_list(void)
{
    host_begin();
    k.list_err = EINVAL;
    host_start("host");
    vcpu_set(CORE(0), 0x80200000);
    vcpu_set(FP_D(3), 3);
    get();
    g_assert_cmphex(k.hart.env->pc, ==, 0x80200000);
    g_assert_cmphex(k.hart.env->f[3], ==, 3);
    host_end();
}

static void test_vector(void)
{
    const unsigned vlenb = 32;
    const uint64_t v9 = KVM_REG_RISCV | 5ULL << KVM_REG_SIZE_SHIFT |
                        (uint64_t)KVM_REG_TYPE_VECTOR << KVM_REG_TYPE_SHIFT | (KVM_REG_VECTOR_V0 + 9);
#define VEC(n) KVM_REG64(KVM_REG_TYPE_VECTOR, 0, KVM_REG_VECTOR_##n)

    host_begin();
    host_reg(ISA(15), 1)->switchable = true;
    host_reg(VEC(VSTART), 0);
    host_reg(VEC(VL), 0);
    host_reg(VEC(VTYPE), 1ULL << 63);
    host_reg(VEC(VCSR), 0);
    host_reg(VEC(VLENB), vlenb)->fixed = true;
    host_reg(v9, 0);
    host_start("host");
    g_assert_cmpuint(k.hart.cpu->vlen, ==, 256);
    memset(fake_reg(k.vcpus[1], v9)->bytes, 0x5a, vlenb);
    vcpu_set(VEC(VTYPE), 3 << 3);
    vcpu_set(VEC(VL), 4);
    vcpu_set(VEC(VCSR), 5);
    get();
    g_assert_cmphex(k.hart.env->vreg[9 * vlenb / 8 + 3], ==, 0x5a5a5a5a5a5a5a5a);
    g_assert_cmpuint(k.hart.env->vl, ==, 4);
    g_assert_cmpuint(k.hart.env->vxrm, ==, 2);
    g_assert_cmpuint(k.hart.env->vxsat, ==, 1);
    k.hart.env->vreg[9 * vlenb / 8 + 3] = 1;
    put(KVM_PUT_CHANGED);
    g_assert_cmpstr(k.log->str, ==, "9.0.f ");
    g_assert_cmphex(fake_reg(k.vcpus[1], v9)->bytes[24], ==, 1);
    g_assert_cmphex(fake_reg(k.vcpus[1], v9)->bytes[23], ==, 0x5a);
    g_assert_cmphex(fake_reg(k.vcpus[1], v9)->bytes[32], ==, 0xee);
    host_end();
}

/* ---- Reset and interrupts ---- */

static void test_reset(void)
{
    host_begin();
    host_start("host");
    k.hart.cpu->start = (RISCVSModeStart){ .entry = 0x80200000, .fdt = 0x87e00000, .boot = true };
    k.hart.cpu->hartid = 3;
    vcpu_set(CSRS(8), 123);
    get();
    device_reset(DEVICE(k.hart.cpu));
    put(KVM_PUT_RESET);
    g_assert_cmphex(vcpu_value(CORE(0)), ==, 0x80200000);
    g_assert_cmphex(vcpu_value(CORE(10)), ==, 3);
    g_assert_cmphex(vcpu_value(CORE(11)), ==, 0x87e00000);
    g_assert_cmphex(vcpu_value(CORE(32)), ==, 1);
    g_assert_cmphex(vcpu_value(CSRS(8)), ==, 0);
    g_assert_cmphex(vcpu_value(TIMER(KVM_REG_TIMER_COMPARE)), ==, UINT64_MAX);
    g_assert_cmpuint(k.mp_state, ==, KVM_MP_STATE_RUNNABLE);
    k.hart.cpu->start.boot = false;
    device_reset(DEVICE(k.hart.cpu));
    put(KVM_PUT_RESET);
    g_assert_cmpuint(k.mp_state, ==, KVM_MP_STATE_STOPPED);
    host_end();
}

static void test_interrupts(void)
{
    CPUState *cpu;

    host_begin();
    host_start("host");
    cpu = k.kcpu.cpu;
    riscv_kvm_ops.put_interrupts(cpu);
    g_assert_cmphex(k.irq, ==, KVM_INTERRUPT_UNSET);
    riscv_kvm_ops.put_interrupts(cpu);
    g_assert_cmpuint(k.irqs, ==, 1); /* nothing new to tell */
    __atomic_fetch_or(&k.hart.env->mip, MIP_SEIP, __ATOMIC_SEQ_CST);
    riscv_kvm_ops.put_interrupts(cpu);
    g_assert_cmphex(k.irq, ==, KVM_INTERRUPT_SET);
    /* What the kernel says of sip does not touch the line, and writing sip says it anew. */
    get();
    g_assert_cmphex(k.hart.env->mip & MIP_SEIP, ==, MIP_SEIP);
    put(KVM_PUT_FULL);
    g_assert_cmpuint(k.irqs, ==, 3);
    g_assert_cmphex(k.irq, ==, KVM_INTERRUPT_SET);
    host_end();
}

/* ---- -cpu against the host ---- */

static void test_host_model(void)
{
    RISCVCPU *cpu;
    g_autofree char *isa = NULL;

    host_begin();
    host_start("host,zicboz=off,v=off");
    cpu = k.hart.cpu;
    g_assert_true(ext_get(cpu->ext, EXT_ZBA));
    g_assert_true(ext_get(cpu->ext, EXT_ZALRSC)); /* a part of a */
    g_assert_false(ext_get(cpu->ext, EXT_ZFH));
    g_assert_false(ext_get(cpu->ext, EXT_SVADU));
    g_assert_false(ext_get(cpu->ext, EXT_ZICCLSM)); /* nobody says so */
    g_assert_true(cpu->sv48 && !cpu->sv57);
    g_assert_cmpuint(cpu->mvendorid, ==, 0x489);
    g_assert_cmpuint(vcpu_value(ISA(12)), ==, 0);
    g_assert_cmpuint(vcpu_value(ISA(11)), ==, 1);
    g_assert_cmpuint(vcpu_value(SBI(KVM_SBI_DBCN)), ==, 1);
    g_assert_cmpuint(riscv_kvm_frequency(cpu), ==, 10000000);
    isa = riscv_ext_isa_string(cpu->ext);
    g_assert_true(g_str_has_prefix(isa, "rv64imafdc_"));
    g_assert_null(strstr(isa, "zicboz"));
    g_assert_null(strchr(isa, 'h') && strstr(isa, "dch_") ? isa : NULL);
    host_end();

    host_begin();
    host_start("host,mvendorid=5");
    g_assert_cmpuint(vcpu_value(CONFIG(KVM_REG_CONFIG_MVENDORID)), ==, 5);
    g_assert_cmpuint(vcpu_value(CONFIG(KVM_REG_CONFIG_MARCHID)), ==, 7);
    host_end();
}

static void test_refusals(void)
{
    static const struct {
        const char *spec, *text;
    } cases[] = {
        { "host", NULL },
        { "host,h=on", "KVM guests of this host lack: h (-cpu host takes what there is)" },
        { "host,zfh=on,zacas=on",
          "KVM guests of this host lack: zacas, zfh (-cpu host takes what there is)" },
        { "host,v=on", "KVM guests of this host lack: v (-cpu host takes what there is)" },
        { "host,sv57=on", "sv57=on: guests of this host have sv48 at most" },
        { "host,sv39=on", NULL },
        { "host,s=off", "a KVM guest runs in the modes S and U: they cannot be switched off" },
        { "host,cbom_blocksize=32",
          "cbom_blocksize=32: this host has 64, and KVM cannot give another" },
        { "host,cbom_blocksize=64", NULL },
        { "host,a=off,zaamo=on", NULL },
        { "rva20s64,svade=on", "profile 'rva20s64' mandates what KVM guests of this host lack: svade" },
        { "rva22s64",
          "profile 'rva22s64' mandates what KVM guests of this host lack: zfhmin, zkt, svade" },
        { "rv64", NULL },
        { "max", NULL },
        { "rv64,smepmp=on", "extension 'smepmp' needs PMP, which is off" },
    };

    host_begin();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = host_refusal(cases[i].spec, NULL);

        g_test_message("-cpu %s", cases[i].spec);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
    host_end();
}

static void test_warnings(void)
{
    g_autofree char *quiet = NULL, *named = NULL, *unhidden = NULL, *hidden = NULL;

    host_begin();
    g_assert_null(host_refusal("host", &quiet));
    g_assert_cmpstr(quiet, ==, "");
    g_assert_null(host_refusal("host,zicboz=off", &hidden));
    g_assert_cmpstr(hidden, ==, "");
    g_assert_null(host_refusal("host,zba=off,zbs=off", &unhidden));
    g_assert_nonnull(strstr(unhidden, "KVM cannot hide zba, zbs from the guest: not in the device "
                                      "tree, but usable"));
    g_assert_null(host_refusal("rv64", &named));
    g_assert_nonnull(strstr(named, "guests of this host do not have zawrs, zfa, zbc, svadu, svvptc"));
    host_end();
}

static void test_no_kvm(void)
{
    Error *err = NULL;

    g_assert_null(riscv_cpu_create_from_spec("host", &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "CPU model 'host' needs the accelerator kvm");
    error_free(err);
}

static void test_unlock_vectors(void)
{
    static const struct {
        int now;
        unsigned calls;
    } cases[] = { { -EINVAL, 1 }, { 2, 1 }, { 0, 2 } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        host_begin();
        k.prctl_get = cases[i].now;
        g_assert_true(riscv_kvm_ops.init_machine(NULL, NULL));
        g_assert_cmpuint(k.prctls, ==, cases[i].calls);
        host_end();
    }
}

/* ---- Exits ---- */

static KVMExitResult exit_with(unsigned reason, struct kvm_run *run, char **why)
{
    Error *err = NULL;
    KVMExitResult result;

    run->exit_reason = reason;
    result = riscv_kvm_ops.handle_exit(k.kcpu.cpu, run, &err);
    if (why)
        *why = err ? g_strdup(error_get_pretty(err)) : NULL;
    error_free(err);
    return result;
}

static void test_ebreak(void)
{
    struct kvm_run run = { 0 };
    Error *err = NULL;

    host_begin();
    host_start("host");
    /* From U with interrupts on: nobody put a breakpoint there, so the guest has its trap. */
    vcpu_set(CORE(0), 0x10500);
    vcpu_set(CORE(32), 0);
    vcpu_set(CSRS(0), MSTATUS_SIE | MSTATUS_SPP | MSTATUS_SUM);
    vcpu_set(CSRS(2), 0xffffffff80001001); /* vectored */
    g_assert_cmpint(exit_with(KVM_EXIT_DEBUG, &run, NULL), ==, KVM_EXIT_RESUME);
    g_assert_cmphex(vcpu_value(CORE(0)), ==, 0xffffffff80001000);
    g_assert_cmphex(vcpu_value(CORE(32)), ==, 1);
    g_assert_cmphex(vcpu_value(CSRS(0)), ==, MSTATUS_SPIE | MSTATUS_SUM);
    g_assert_cmphex(vcpu_value(CSRS(4)), ==, 0x10500);
    g_assert_cmphex(vcpu_value(CSRS(5)), ==, EXC_BREAKPOINT);
    g_assert_cmphex(vcpu_value(CSRS(6)), ==, 0x10500);
    /* From S, interrupts off. */
    vcpu_set(CORE(0), 0xffffffff80002000);
    vcpu_set(CSRS(0), 0);
    g_assert_cmpint(exit_with(KVM_EXIT_DEBUG, &run, NULL), ==, KVM_EXIT_RESUME);
    g_assert_cmphex(vcpu_value(CSRS(0)), ==, MSTATUS_SPP);
    g_assert_cmphex(vcpu_value(CSRS(4)), ==, 0xffffffff80002000);
    /* The debugger's own. */
    vcpu_set(CORE(0), 0x80001000);
    g_assert_true(debug_insert(DEBUG_BREAK_SW, 0x80001000, 4, &err));
    g_assert_cmpint(exit_with(KVM_EXIT_DEBUG, &run, NULL), ==, KVM_EXIT_STOPPED);
    g_assert_cmpint(k.kcpu.cpu->debug.stop, ==, CPU_STOP_POINT);
    g_assert_cmphex(k.kcpu.cpu->debug.addr, ==, 0x80001000);
    g_assert_cmphex(vcpu_value(CORE(0)), ==, 0x80001000);
    debug_remove_all();
    host_end();
}

static void test_patches(void)
{
    CPUState *cpu;
    uint64_t before = 0x4501051305134501; /* c.li a0, 0; addi a0, a0, ...; c.li */
    Error *err = NULL;

    host_begin();
    host_start("host");
    cpu = k.kcpu.cpu;
    ram_put(&k.hart, RAM_BASE, before);
    g_assert_true(riscv_kvm_ops.debug_point(cpu, DEBUG_BREAK_SW, RAM_BASE, true, &err));
    g_assert_true(riscv_kvm_ops.debug_point(cpu, DEBUG_BREAK_SW, RAM_BASE + 2, true, &err));
    g_assert_cmphex(ram_get(&k.hart, RAM_BASE), ==, 0x4501001000739002);
    g_assert_true(riscv_kvm_ops.debug_point(cpu, DEBUG_BREAK_SW, RAM_BASE, false, &err));
    g_assert_true(riscv_kvm_ops.debug_point(cpu, DEBUG_BREAK_SW, RAM_BASE + 2, false, &err));
    g_assert_cmphex(ram_get(&k.hart, RAM_BASE), ==, before);
    g_assert_false(riscv_kvm_ops.debug_point(cpu, DEBUG_BREAK_SW, 0x1000, true, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "no breakpoint at 0x1000: no memory is mapped there now");
    g_clear_pointer(&err, error_free);
    g_assert_false(riscv_kvm_ops.debug_point(cpu, DEBUG_WATCH_WRITE, RAM_BASE, true, &err));
    g_assert_cmpstr(error_get_pretty(err), ==,
                    "KVM on RISC-V has no watchpoints: software breakpoints work");
    error_free(err);
    host_end();
}

static void test_exits(void)
{
    struct kvm_run run = { 0 };
    g_autofree char *why = NULL;

    host_begin();
    host_start("host");
    run.riscv_csr.csr_num = 0x015;
    g_assert_cmpint(exit_with(KVM_EXIT_RISCV_CSR, &run, NULL), ==, KVM_EXIT_RESUME);
    g_assert_cmphex(run.riscv_csr.ret_value >> 16, ==, 2u << 14); /* ES16 */
    run.riscv_csr.csr_num = 0x123;
    g_assert_cmpint(exit_with(KVM_EXIT_RISCV_CSR, &run, &why), ==, KVM_EXIT_FAILED);
    g_assert_cmpstr(why, ==, "KVM leaves CSR 0x123 to us, which only seed is known to be");
    memset(&run, 0, sizeof(run));
    run.riscv_sbi.extension_id = 0x0900abcd;
    g_assert_cmpint(exit_with(KVM_EXIT_RISCV_SBI, &run, NULL), ==, KVM_EXIT_RESUME);
    g_assert_cmpint((int64_t)run.riscv_sbi.ret[0], ==, -2);
    host_end();
}

static void test_explain(void)
{
    static const struct {
        uint32_t insn;
        const char *text;
    } cases[] = {
        { 0x00053007, "at pc 0x80000000: instruction 'fld ft0,0(a0)' (00053007), address 0x10000001, "
                      "not RAM: KVM does not emulate a floating-point access on a device; use integer "
                      "loads and stores for devices" },
        { 0x00052503, "at pc 0x80000000: instruction 'lw a0,0(a0)' (00052503), address 0x10000001, not "
                      "RAM: KVM does not emulate a misaligned access to a device; align it to its "
                      "size" },
        { 0x00b5252f, "at pc 0x80000000: instruction 'amoadd.w a0,a1,(a0)' (00b5252f), address "
                      "0x10000001, not RAM: KVM does not emulate an atomic on a device; atomics work "
                      "on memory only" },
    };

    host_begin();
    host_start("host");
    vcpu_set(CORE(0), RAM_BASE);
    vcpu_set(CORE(10), 0x10000001);
    vcpu_set(CORE(32), 1);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(NULL);

        ram_put(&k.hart, RAM_BASE, cases[i].insn);
        riscv_kvm_ops.explain_failure(k.kcpu.cpu, EOPNOTSUPP, text);
        g_assert_cmpstr(text->str, ==, cases[i].text);
    }
    host_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm-cpu/order", test_order);
    g_test_add_func("/kvm-cpu/values", test_values);
    g_test_add_func("/kvm-cpu/unknown", test_unknown);
    g_test_add_func("/kvm-cpu/failures", test_failures);
    g_test_add_func("/kvm-cpu/no-list", test_no_list);
    g_test_add_func("/kvm-cpu/vector", test_vector);
    g_test_add_func("/kvm-cpu/reset", test_reset);
    g_test_add_func("/kvm-cpu/interrupts", test_interrupts);
    g_test_add_func("/kvm-cpu/host-model", test_host_model);
    g_test_add_func("/kvm-cpu/refusals", test_refusals);
    g_test_add_func("/kvm-cpu/warnings", test_warnings);
    g_test_add_func("/kvm-cpu/no-kvm", test_no_kvm);
    g_test_add_func("/kvm-cpu/unlock-vectors", test_unlock_vectors);
    g_test_add_func("/kvm-cpu/ebreak", test_ebreak);
    g_test_add_func("/kvm-cpu/patches", test_patches);
    g_test_add_func("/kvm-cpu/exits", test_exits);
    g_test_add_func("/kvm-cpu/explain", test_explain);
    return g_test_run();
}
