/*
 * Registers for the debugger. Numbers are those that GDB's own description of RISC-V has: x0 to x31, pc,
 * f0 to f31, 65 plus the number of a CSR, and the privilege behind the CSRs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu-impl.h"

#include "target/riscv/bits.h"
#include "target/riscv/csr.h"
#include "target/riscv/fpu/fpu.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/vector/vector.h"
#include "util/byteorder.h"

/* Not REG_PC: the C library of a RISC-V host has that in <sys/ucontext.h>. */
enum {
    GDB_PC = 32,
    GDB_F0 = 33,
    GDB_CSR0 = 65,
    GDB_PRIV = GDB_CSR0 + 4096,
    GDB_V0, /* to v31 */
    CSR_FFLAGS = 1,
    CSR_FCSR = 3,
};

static const char *const x_names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "fp", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

static const char *const f_names[32] = {
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6",  "ft7",  "fs0", "fs1", "fa0",
    "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7",  "fs2",  "fs3", "fs4", "fs5",
    "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};

/* ---- Description ---- */

static void reg(GString *xml, const char *name, unsigned bits, const char *type, unsigned number)
{
    g_string_append_printf(xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>\n", name,
                           bits, type, number);
}

static void feature_cpu(GString *xml)
{
    g_string_append(xml, "<feature name=\"org.gnu.gdb.riscv.cpu\">\n");
    for (unsigned i = 0; i < 32; i++)
        reg(xml, x_names[i], 64,
            i == 1 ? "code_ptr" : i >= 2 && i <= 4 ? "data_ptr" : i == 8 ? "data_ptr" : "int", i);
    reg(xml, "pc", 64, "code_ptr", GDB_PC);
}

static void feature_fpu(CPURISCVState *env, GString *xml)
{
    bool d = ext_get(env_cpu(env)->ext, EXT_D);

    g_string_append(xml, "<feature name=\"org.gnu.gdb.riscv.fpu\">\n");
    if (d)
        g_string_append(xml, "<union id=\"riscv_double\">"
                             "<field name=\"float\" type=\"ieee_single\"/>"
                             "<field name=\"double\" type=\"ieee_double\"/></union>\n");
    for (unsigned i = 0; i < 32; i++)
        reg(xml, f_names[i], d ? 64 : 32, d ? "riscv_double" : "ieee_single", GDB_F0 + i);
    for (unsigned csr = CSR_FFLAGS; csr <= CSR_FCSR; csr++)
        reg(xml, riscv_csr_name(csr), 32, "int", GDB_CSR0 + csr);
}

static void feature_csr(CPURISCVState *env, GString *xml)
{
    uint64_t value;

    g_string_append(xml, "<feature name=\"org.gnu.gdb.riscv.csr\">\n");
    for (unsigned csr = 0; csr < 4096; csr++) {
        /* A guest of KVM has no M mode, and no hypervisor. */
        if (env_cpu(env)->kvm && ((csr >> 8) & 3) > PRV_S)
            continue;
        if ((csr < CSR_FFLAGS || csr > CSR_FCSR) && riscv_csr_read_debug(env, csr, &value))
            reg(xml, riscv_csr_name(csr), 64, "int", GDB_CSR0 + csr);
    }
}

/* A register as elements of each size. */
static void feature_vector(CPURISCVState *env, GString *xml)
{
    static const struct {
        const char *id, *type;
        unsigned bits;
    } views[] = {
        { "quads", "uint128", 128 }, { "longs", "uint64", 64 }, { "words", "uint32", 32 },
        { "shorts", "uint16", 16 },  { "bytes", "uint8", 8 },
    };
    unsigned vlen = env_cpu(env)->vlen;

    g_string_append(xml, "<feature name=\"org.gnu.gdb.riscv.vector\">\n");
    for (size_t i = 0; i < G_N_ELEMENTS(views); i++)
        g_string_append_printf(xml, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>\n", views[i].id,
                               views[i].type, vlen / views[i].bits);
    g_string_append(xml, "<union id=\"riscv_vector\">");
    for (size_t i = 0; i < G_N_ELEMENTS(views); i++)
        g_string_append_printf(xml, "<field name=\"%s\" type=\"%s\"/>", views[i].id, views[i].id);
    g_string_append(xml, "</union>\n");
    for (unsigned n = 0; n < 32; n++) {
        g_autofree char *name = g_strdup_printf("v%u", n);
        reg(xml, name, vlen, "riscv_vector", GDB_V0 + n);
    }
}

static const char *debug_feature(CPUState *cpu, unsigned n, GString *xml)
{
    CPURISCVState *env = riscv_env(cpu);
    bool fpu = ext_get(env_cpu(env)->ext, EXT_F);
    const char *name;

    if (n > 0 && !fpu)
        n++;
    switch (n) {
    case 0:
        feature_cpu(xml);
        name = "riscv-cpu.xml";
        break;
    case 1:
        feature_fpu(env, xml);
        name = "riscv-fpu.xml";
        break;
    case 2:
        feature_csr(env, xml);
        name = "riscv-csr.xml";
        break;
    case 3:
        g_string_append(xml, "<feature name=\"org.gnu.gdb.riscv.virtual\">\n");
        reg(xml, "priv", 64, "int", GDB_PRIV);
        name = "riscv-virtual.xml";
        break;
    case 4:
        if (!ext_get(env_cpu(env)->ext, EXT_ZVE32X))
            return NULL;
        feature_vector(env, xml);
        name = "riscv-vector.xml";
        break;
    default:
        return NULL;
    }
    g_string_append(xml, "</feature>\n");
    return name;
}

/* ---- Values ---- */

static bool is_fcsr(unsigned r)
{
    return r >= GDB_CSR0 + CSR_FFLAGS && r <= GDB_CSR0 + CSR_FCSR;
}

/* Bytes; 0: there is no such register. */
static unsigned reg_size(CPURISCVState *env, unsigned r)
{
    const uint64_t *ext = env_cpu(env)->ext;

    if (r >= GDB_F0 && r < GDB_CSR0)
        return ext_get(ext, EXT_D) ? 8 : ext_get(ext, EXT_F) ? 4 : 0;
    if (is_fcsr(r))
        return ext_get(ext, EXT_F) ? 4 : 0;
    if (r >= GDB_V0 && r < GDB_V0 + 32)
        return ext_get(ext, EXT_ZVE32X) ? env->vcfg.vlenb : 0;
    return r <= GDB_PRIV ? 8 : 0;
}

/* fflags, frm and fcsr are there for the debugger even while mstatus.FS is Off. */
static uint64_t fcsr_read(CPURISCVState *env, unsigned csr)
{
    unsigned flags = fp_get_fflags(env);

    return csr == CSR_FFLAGS ? flags : csr == CSR_FCSR ? env->frm << 5 | flags : env->frm;
}

static bool debug_read(CPUState *cpu, unsigned r, GByteArray *out)
{
    CPURISCVState *env = riscv_env(cpu);
    unsigned size = reg_size(env, r);
    uint64_t v;

    if (!size)
        return false;
    if (r >= GDB_V0) {
        g_byte_array_append(out, riscv_vreg(env, r - GDB_V0), size);
        return true;
    }
    if (r < GDB_PC)
        v = env->x[r];
    else if (r == GDB_PC)
        v = env->pc;
    else if (r < GDB_CSR0)
        v = env->f[r - GDB_F0];
    else if (r == GDB_PRIV)
        v = env->priv;
    else if (is_fcsr(r))
        v = fcsr_read(env, r - GDB_CSR0);
    else if (!riscv_csr_read_debug(env, r - GDB_CSR0, &v))
        return false;
    v = htole64(v);
    g_byte_array_append(out, (const uint8_t *)&v, size);
    return true;
}

static bool write_priv(CPURISCVState *env, uint64_t v)
{
    if (v != PRV_M && !(v == PRV_S && riscv_ext_on(env, EXT_S)) &&
        !(v == PRV_U && riscv_ext_on(env, EXT_U)))
        return false;
    env->priv = (uint8_t)v;
    riscv_mode_update(env);
    riscv_tlb_switch(env);
    riscv_update_interrupts(env);
    return true;
}

static unsigned debug_write(CPUState *cpu, unsigned r, const uint8_t *bytes, size_t len)
{
    CPURISCVState *env = riscv_env(cpu);
    unsigned size = reg_size(env, r);
    uint64_t v = 0;

    if (!size || len < size)
        return 0;
    if (r >= GDB_V0) {
        memcpy(riscv_vreg(env, r - GDB_V0), bytes, size);
        return size;
    }
    memcpy(&v, bytes, size);
    v = le64toh(v);
    if (r < GDB_PC) {
        if (r)
            env->x[r] = v;
    } else if (r == GDB_PC) {
        env->pc = v & (riscv_ext_on(env, EXT_ZCA) ? ~1ULL : ~3ULL);
    } else if (r < GDB_CSR0) {
        env->f[r - GDB_F0] = size == 4 ? v | 0xffffffff00000000ULL : v;
    } else if (r == GDB_PRIV) {
        return write_priv(env, v) ? size : 0;
    } else if (!riscv_csr_write_debug(env, r - GDB_CSR0, v)) {
        return 0;
    }
    return size;
}

const CPUDebugOps riscv_debug_ops = {
    .arch = "riscv:rv64",
    .nr_core = GDB_F0,
    .feature = debug_feature,
    .read = debug_read,
    .write = debug_write,
};
