/*
 * Why the kernel gave up on an instruction. KVM on RISC-V emulates plain loads and stores of integer
 * registers to devices, naturally aligned; everything else that goes there ends KVM_RUN with an error.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm-impl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "insn-list.h"
#include "softmmu/memory.h"
#include "target/riscv/isa.h"
#include "target/riscv/translate.h"
#include "util/byteorder.h"

enum {
    OPC_LOAD_FP = 0x07,
    OPC_MISC_MEM = 0x0f,
    OPC_STORE_FP = 0x27,
    OPC_AMO = 0x2f,
};

/* 0 bytes: nothing can be read there. */
static unsigned fetch(CPUState *cs, vaddr pc, uint32_t *insn)
{
    uint8_t bytes[4] = { 0 };
    unsigned len = 0;
    hwaddr pa;

    /* The second half may lie on another page. */
    for (unsigned i = 0; i < 4; i += 2) {
        if (!CPU_GET_CLASS(cs)->translate_debug(cs, pc + i, &pa, NULL) ||
            !address_space_read_ram(cs->as, pa, bytes + i, 2))
            break;
        len += 2;
        if (i == 0 && riscv_insn_len((uint16_t)(bytes[0] | bytes[1] << 8)) == 2)
            break;
    }
    *insn = ld32_le(bytes);
    return len;
}

static const char *kind_of(uint32_t insn, const char **advice)
{
    unsigned opcode = insn & 0x7f, width = (insn >> 12) & 7;
    bool vector = width == 0 || width >= 5;

    *advice = "use integer loads and stores for devices";
    if ((insn & 3) != 3) {
        unsigned f3 = (insn >> 13) & 7;

        return f3 == 1 || f3 == 5 ? "a floating-point access" : NULL;
    }
    switch (opcode) {
    case OPC_LOAD_FP:
    case OPC_STORE_FP:
        return vector ? "a vector access" : "a floating-point access";
    case OPC_AMO:
        *advice = "atomics work on memory only";
        return "an atomic";
    case OPC_MISC_MEM:
        *advice = "cache-block operations work on memory only";
        return width == 2 ? "a cache-block operation" : NULL;
    default:
        return NULL;
    }
}

/* The address that a load or store goes to; false: the instruction is none. */
static bool target_of(const CPURISCVState *env, uint32_t insn, vaddr *va, unsigned *size)
{
    RISCVOperands o;
    unsigned row = riscv_decode(insn, RISCV_EXT_ALL, &o);
    bool compressed = (insn & 3) != 3;

    if (row == INSN_illegal || !(riscv_insn_flags(row) & (INSN_LOAD | INSN_STORE)))
        return false;
    *va = env->x[o.rs1];
    if (!compressed && (insn & 0x7f) == OPC_AMO)
        o.imm = 0;
    *va += (uint64_t)o.imm;
    *size = compressed ? 0 : 1u << ((insn >> 12) & 3);
    return true;
}

static void explain_access(CPUState *cs, uint32_t insn, GString *out)
{
    const CPURISCVState *env = riscv_env(cs);
    const char *advice, *kind = kind_of(insn, &advice);
    vaddr va;
    hwaddr pa;
    unsigned size;

    if (!target_of(env, insn, &va, &size)) {
        if (kind)
            g_string_append_printf(out, ": KVM does not emulate %s; %s", kind, advice);
        return;
    }
    g_string_append_printf(out, ", address %#" PRIx64, va);
    if (!CPU_GET_CLASS(cs)->translate_debug(cs, va, &pa, NULL)) {
        g_string_append(out, ", which is not mapped now");
    } else {
        uint8_t byte;

        if (pa != va)
            g_string_append_printf(out, " (physical %#" PRIx64 ")", pa);
        if (address_space_read_ram(cs->as, pa, &byte, 1))
            g_string_append(out, " in RAM");
        else
            g_string_append(out, ", not RAM");
    }
    if (kind)
        g_string_append_printf(out, ": KVM does not emulate %s on a device; %s", kind, advice);
    else if (size && (va & (size - 1)))
        g_string_append(out, ": KVM does not emulate a misaligned access to a device; "
                             "align it to its size");
    else
        g_string_append(out, ": KVM does not emulate this on a device; plain integer loads and "
                             "stores of 1, 2, 4 and 8 bytes work");
}

void riscv_kvm_explain_failure(CPUState *cs, int err, GString *out)
{
    CPURISCVState *env = riscv_env(cs);
    g_autoptr(Error) get_error = NULL;
    uint32_t insn;
    unsigned len;

    if (!riscv_kvm_get(cs, &get_error)) {
        g_string_append_printf(out, "the vCPU cannot be looked at (%s)", error_get_pretty(get_error));
        return;
    }
    g_string_append_printf(out, "at pc %#" PRIx64 ": ", env->pc);
    len = fetch(cs, env->pc, &insn);
    if (!len) {
        g_string_append(out, "no memory is there to fetch an instruction from: the guest jumped to a "
                             "device or a hole, which this host's kernel cannot turn into a trap");
        return;
    }
    if (len == 4 || (insn & 3) != 3) {
        GString *text = g_string_new(NULL);

        riscv_disas_insn((insn & 3) == 3 ? insn : insn & 0xffff, env->pc, RISCV_EXT_ALL, text);
        g_strdelimit(text->str, "\t", ' ');
        g_string_append_printf(out, "instruction '%s' (%0*x)", text->str, (insn & 3) == 3 ? 8 : 4,
                               (insn & 3) == 3 ? insn : insn & 0xffff);
        g_string_free(text, true);
    }
    explain_access(cs, (insn & 3) == 3 ? insn : insn & 0xffff, out);
}
