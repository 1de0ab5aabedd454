/*
 * The disassembler: walks the forms that the instruction tables give, in the syntax of objdump.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/translate.h"

#include <inttypes.h>
#include <string.h>

#include "target/riscv/csr.h"
#include "target/riscv/disas-forms.h"
#include "target/riscv/fpu/ieee.h"
#include "target/riscv/isa.h"
#include "target/riscv/mode.h"
#include "target/riscv/zcm.h"

static const char *const x_names[32] = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
    "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

static const char *const f_names[32] = {
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0",
    "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5",
    "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};

static int64_t operand(const RISCVOperands *o, unsigned which)
{
    switch (which) {
    case DISAS_RD:
        return o->rd;
    case DISAS_RS1:
        return o->rs1;
    case DISAS_RS2:
        return o->rs2;
    case DISAS_RS3:
        return o->rs3;
    case DISAS_AUX:
        return o->aux;
    default:
        return o->imm;
    }
}

static bool form_fits(const DisasForm *form, const RISCVOperands *o)
{
    for (unsigned i = 0; i < form->n_conds; i++) {
        int64_t other = form->conds[i].other == DISAS_CONST ? form->conds[i].value
                                                            : operand(o, form->conds[i].other);
        if (operand(o, form->conds[i].operand) != other)
            return false;
    }
    return true;
}

static void put_register(GString *out, unsigned n, unsigned f, unsigned v)
{
    if (v)
        g_string_append_printf(out, "v%u", n & 31);
    else
        g_string_append(out, f ? f_names[n & 31] : x_names[n & 31]);
}

/* The device and memory sets of fence: any of i, o, r, w. */
static void put_fence_set(GString *out, unsigned set)
{
    for (unsigned i = 0; i < 4; i++) {
        if (set & (8 >> i))
            g_string_append_c(out, "iorw"[i]);
    }
    if (!set)
        g_string_append(out, "unknown");
}

static void put_csr(GString *out, unsigned csr)
{
    const char *name = riscv_csr_name(csr);
    if (name)
        g_string_append(out, name);
    else
        g_string_append_printf(out, "0x%x", csr);
}

static void put_rounding(GString *out, unsigned rm)
{
    static const char *const names[] = { "rne", "rtz", "rdn", "rup", "rmm", "5", "6", "dyn" };

    /* Dynamic is what no mode stands for; the comma before it goes. */
    if (rm == 7) {
        if (out->len && out->str[out->len - 1] == ',')
            g_string_truncate(out, out->len - 1);
        return;
    }
    g_string_append(out, names[rm & 7]);
}

/* Unmasked is what no mask stands for. */
static void put_mask(GString *out, unsigned vm)
{
    if (vm)
        g_string_truncate(out, out->len - 1);
    else
        g_string_append(out, "v0.t");
}

static void put_vtype(GString *out, unsigned vtype)
{
    static const char *const lmul[8] = { "m1", "m2", "m4", "m8", NULL, "mf8", "mf4", "mf2" };

    if (vtype >> 8 || (vtype >> 3 & 7) > 3 || (vtype & 7) == 4)
        g_string_append_printf(out, "%u", vtype);
    else
        g_string_append_printf(out, "e%u,%s,%s,%s", 8u << (vtype >> 3 & 7), lmul[vtype & 7],
                               vtype & 0x40 ? "ta" : "tu", vtype & 0x80 ? "ma" : "mu");
}

/* A constant of fli, as objdump prints it. */
static void put_constant(GString *out, unsigned number)
{
    uint64_t bits = ieee_constant(&fp_binary64, number);
    double value;

    memcpy(&value, &bits, sizeof(value));
    if (number == 1 || number >= 30)
        g_string_append(out, number == 1 ? "min" : number == 30 ? "inf" : "nan");
    else
        g_string_append_printf(out, "%a", value);
}

/* ra, and s0 to the last one: "ra,s0-s11". */
static void put_register_list(GString *out, unsigned list)
{
    unsigned last = riscv_zcmp_saved(list) - 1;

    g_string_append(out, "ra");
    if (last > 0)
        g_string_append(out, last > 1 ? ",s0-" : ",");
    if (last > 0)
        g_string_append_printf(out, "s%u", last - 1);
}

static void put_word(GString *out, const char *word, size_t len, const RISCVOperands *o,
                     unsigned classes, uint64_t pc)
{
#define IS(text) (len == sizeof(text) - 1 && !memcmp(word, text, len))
    if (IS("rd"))
        put_register(out, o->rd, classes & DISAS_F_RD, classes & DISAS_V_RD);
    else if (IS("rs1"))
        put_register(out, o->rs1, classes & DISAS_F_RS1, classes & DISAS_V_RS1);
    else if (IS("rs2"))
        put_register(out, o->rs2, classes & DISAS_F_RS2, classes & DISAS_V_RS2);
    else if (IS("rs3"))
        put_register(out, o->rs3, classes & DISAS_F_RS3, 0);
    else if (IS("imm"))
        g_string_append_printf(out, "%" PRId64, o->imm);
    else if (IS("ximm"))
        g_string_append_printf(out, "0x%" PRIx64, (uint64_t)o->imm);
    else if (IS("uimm"))
        g_string_append_printf(out, "0x%" PRIx64, ((uint64_t)o->imm >> 12) & 0xfffff);
    else if (IS("target"))
        g_string_append_printf(out, "0x%" PRIx64, pc + (uint64_t)o->imm);
    else if (IS("csr"))
        put_csr(out, (unsigned)o->imm);
    else if (IS("zimm"))
        g_string_append_printf(out, "%u", o->aux);
    else if (IS("pred"))
        put_fence_set(out, (unsigned)(o->imm >> 4) & 15);
    else if (IS("succ"))
        put_fence_set(out, (unsigned)o->imm & 15);
    else if (IS("rlist"))
        put_register_list(out, o->aux);
    else if (IS("stack"))
        g_string_append_printf(out, "%u", riscv_zcmp_stack(o->aux, (unsigned)o->imm));
    else if (IS("sreg1"))
        g_string_append_printf(out, "s%u", o->aux & 7);
    else if (IS("sreg2"))
        g_string_append_printf(out, "s%u", (unsigned)o->imm & 7);
    else if (IS("constant"))
        put_constant(out, o->aux);
    else if (IS("mask"))
        put_mask(out, o->aux);
    else if (IS("vtype"))
        put_vtype(out, (unsigned)o->imm);
    else if (IS("rm"))
        put_rounding(out, o->aux);
    else
        g_string_append_len(out, word, (gssize)len);
#undef IS
}

static void put_operands(GString *out, const char *text, const RISCVOperands *o, unsigned classes,
                         uint64_t pc)
{
    while (*text) {
        size_t len = 0;
        while (g_ascii_isalnum(text[len]))
            len++;
        if (len) {
            put_word(out, text, len, o, classes, pc);
            text += len;
        } else {
            g_string_append_c(out, *text++);
        }
    }
}

void riscv_disas_insn(uint32_t insn, uint64_t pc, const uint64_t *ext, GString *out)
{
    RISCVOperands o;
    unsigned row = riscv_decode(insn, ext, &o);

    if (row == 0) {
        if ((insn & 0xffff) == 0)
            g_string_append(out, "unimp");
        else if ((insn & 3) == 3)
            g_string_append_printf(out, ".4byte\t0x%x", insn);
        else
            g_string_append_printf(out, ".2byte\t0x%x", insn & 0xffff);
        return;
    }
    const DisasForm *form = &riscv_disas_forms[riscv_disas_rows[row].first];
    unsigned classes = riscv_disas_rows[row].classes;
    while (!form_fits(form, &o))
        form++;
    put_operands(out, form->mnemonic, &o, classes, pc);
    if (classes & DISAS_AQRL) {
        static const char *const suffix[4] = { "", ".rl", ".aq", ".aqrl" };
        g_string_append(out, suffix[o.aux & 3]);
    }
    if (form->operands[0]) {
        g_string_append_c(out, '\t');
        put_operands(out, form->operands, &o, classes, pc);
    }
}

unsigned riscv_disas(CPUState *cpu, vaddr va, const uint8_t *bytes, unsigned len, GString *out)
{
    if (len < 2)
        return 0;
    uint32_t insn = bytes[0] | (uint32_t)bytes[1] << 8;
    unsigned insn_len = riscv_insn_len((uint16_t)insn);
    if (len < insn_len)
        return 0;
    if (insn_len == 4)
        insn |= (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    riscv_disas_insn(insn, va, riscv_env(cpu)->ext_on, out);
    return insn_len;
}
