/*
 * The registers as "info registers" and -d cpu show them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu-impl.h"

#include <inttypes.h>

#include "target/riscv/bits.h"
#include "target/riscv/csr.h"
#include "target/riscv/ext.h"
#include "target/riscv/vector/vector.h"

static const char *const x_names[32] = {
    "x0/zero", "x1/ra",  "x2/sp",  "x3/gp",  "x4/tp",   "x5/t0",   "x6/t1",  "x7/t2",
    "x8/s0",   "x9/s1",  "x10/a0", "x11/a1", "x12/a2",  "x13/a3",  "x14/a4", "x15/a5",
    "x16/a6",  "x17/a7", "x18/s2", "x19/s3", "x20/s4",  "x21/s5",  "x22/s6", "x23/s7",
    "x24/s8",  "x25/s9", "x26/s10", "x27/s11", "x28/t3", "x29/t4", "x30/t5", "x31/t6",
};

static const char *const f_names[32] = {
    "f0/ft0",  "f1/ft1",  "f2/ft2",  "f3/ft3",  "f4/ft4",   "f5/ft5",   "f6/ft6",   "f7/ft7",
    "f8/fs0",  "f9/fs1",  "f10/fa0", "f11/fa1", "f12/fa2",  "f13/fa3",  "f14/fa4",  "f15/fa5",
    "f16/fa6", "f17/fa7", "f18/fs2", "f19/fs3", "f20/fs4",  "f21/fs5",  "f22/fs6",  "f23/fs7",
    "f24/fs8", "f25/fs9", "f26/fs10", "f27/fs11", "f28/ft8", "f29/ft9", "f30/ft10", "f31/ft11",
};

static void dump_file(GString *out, const char *const *names, const uint64_t *regs)
{
    for (unsigned i = 0; i < 32; i++)
        g_string_append_printf(out, " %-8s %016" PRIx64 "%s", names[i], regs[i],
                               i % 4 == 3 ? "\n" : "");
}

static void dump_csrs(CPURISCVState *env, GString *out)
{
    /* Under KVM there is no M mode to show. */
    static const char *const s_mode[] = {
        "sstatus", "sip", "sie", "stvec", "sepc", "scause", "stval", "sscratch", "satp",
        "scounteren", "senvcfg",
    };
    static const char *const shown[] = {
        "mhartid", "mstatus", "hstatus", "vsstatus", "mip", "mie", "hvip", "mideleg", "hideleg",
        "medeleg", "hedeleg", "mtvec", "stvec", "vstvec", "mepc", "sepc", "vsepc", "mcause",
        "scause", "vscause", "mtval", "stval", "vstval", "mtval2", "htval", "mscratch",
        "sscratch", "vsscratch", "satp", "vsatp", "hgatp", "ssp",
    };
    bool kvm = env_cpu(env)->kvm != NULL;
    const char *const *names = kvm ? s_mode : shown;

    for (size_t i = 0; i < (kvm ? G_N_ELEMENTS(s_mode) : G_N_ELEMENTS(shown)); i++) {
        uint64_t v;
        int csr = riscv_csr_by_name(names[i]);
        if (csr >= 0 && riscv_csr_read_debug(env, (unsigned)csr, &v))
            g_string_append_printf(out, " %-8s %016" PRIx64 "\n", names[i], v);
    }
    if (kvm)
        g_string_append_printf(out, " %-8s %016" PRIx64 "\n %-8s %016" PRIx64 "%s\n %-8s %s\n",
                               "time", env_cpu(env)->kvm_saved.time, "timer", env->stimecmp,
                               env_cpu(env)->kvm_saved.timer_on || ext_get(env_cpu(env)->ext, EXT_SSTC)
                                   ? ""
                                   : " (off)",
                               "mode",
                               env->priv == PRV_S ? "S" : "U");
}

/* Each register as one number, its highest byte first. */
static void dump_vectors(CPURISCVState *env, GString *out)
{
    g_string_append_printf(out, " %-8s %016" PRIx64 "\n %-8s %016" PRIx64 "\n %-8s %016" PRIx64 "\n",
                           "vstart", env->vstart, "vl", env->vl, "vtype", env->vtype);
    g_string_append_printf(out, " %-8s %016" PRIx64 "\n %-8s %016x\n", "vcsr",
                           env->vxrm << VCSR_VXRM_SHIFT | env->vxsat, "vlenb", env->vcfg.vlenb);
    for (unsigned n = 0; n < 32; n++) {
        const uint8_t *bytes = riscv_vreg(env, n);

        g_string_append_printf(out, " v%-7u ", n);
        for (unsigned i = env->vcfg.vlenb; i-- > 0;)
            g_string_append_printf(out, "%02x", bytes[i]);
        g_string_append_c(out, '\n');
    }
}

static void dump(CPURISCVState *env, vaddr pc, GString *out, unsigned flags)
{
    g_string_append_printf(out, " V      =   %d\n", env->virt);
    if (ext_get(env_cpu(env)->ext, EXT_ZICFILP))
        g_string_append_printf(out, " elp    =   %d\n", env->elp);
    g_string_append_printf(out, " pc       %016" PRIx64 "\n", pc);
    if (flags & CPU_DUMP_CSR)
        dump_csrs(env, out);
    dump_file(out, x_names, env->x);
    if ((flags & CPU_DUMP_FPU) && ext_get(env_cpu(env)->ext, EXT_F)) {
        uint64_t fcsr = 0;
        riscv_csr_read_debug(env, 0x003, &fcsr);
        g_string_append_printf(out, " %-8s %016" PRIx64 "\n", "fcsr", fcsr);
        dump_file(out, f_names, env->f);
    }
    if ((flags & CPU_DUMP_VPU) && ext_get(env_cpu(env)->ext, EXT_ZVE32X))
        dump_vectors(env, out);
}

void riscv_cpu_dump(CPUState *cpu, GString *out, unsigned flags)
{
    CPURISCVState *env = riscv_env(cpu);

    dump(env, env->pc, out, flags);
}

void riscv_env_dump(CPURISCVState *env, GString *out)
{
    dump(env, env->tcg.pc, out, 0);
}
