/*
 * Disassembles hexadecimal words from standard input, one a line, at consecutive addresses from 0:
 * the side of ours in the comparison with objdump (compare-objdump).
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "target/riscv/isa.h"

int main(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    unsigned insn;
    uint64_t pc = 0;

    while (scanf("%x", &insn) == 1) {
        g_string_truncate(out, 0);
        riscv_disas_insn(insn, pc, RISCV_EXT_ALL, out);
        puts(out->str);
        pc += (insn & 3) == 3 ? 4 : 2;
    }
    return 0;
}
