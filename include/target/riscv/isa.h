/*
 * Decoding and disassembling, generated from target/riscv/isa/ *.insn.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_ISA_H
#define VIREO_TARGET_RISCV_ISA_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The operands of an instruction, as in TCGOp. x0 as destination is 0 here. */
typedef struct RISCVOperands {
    int64_t imm;
    uint8_t rd, rs1, rs2, rs3, aux;
} RISCVOperands;

/* What a row says beyond its bits. */
enum {
    INSN_LOAD = 1 << 0,
    INSN_STORE = 1 << 1,
    INSN_TRAP = 1 << 2,
    INSN_BRANCH = 1 << 3,
    INSN_JUMP = 1 << 4,
    INSN_EXIT = 1 << 5,
    INSN_PCREL = 1 << 6,
    INSN_NEXT = 1 << 7,
    INSN_FS = 1 << 8,      /* mstatus.FS must not be Off */
    INSN_FSW = 1 << 9,     /* and becomes Dirty */
    INSN_HINT = 1 << 10,
    INSN_RM = 1 << 11,     /* aux is a rounding mode, 0-4 or 7 */
    INSN_RD_X = 1 << 12,   /* rd is an integer register */
    INSN_VS = 1 << 13,     /* mstatus.VS must not be Off */
};

/*
 * The row (RISCVInsn in the generated insn-list.h) that the bits are an instruction of, with its
 * operands; 0 (INSN_illegal) if there is none among the extensions whose bits are set in ext
 * (numbers of target/riscv/ext.h). insn: 16 bits zero-extended if the lowest two are not 11.
 */
unsigned riscv_decode(uint32_t insn, const uint64_t *ext, RISCVOperands *o);

/* All extensions, for those who do not ask what the hart has; where two use the same encodings, the
 * common one (Zcd, not Zcmp and Zcmt). */
extern const uint64_t riscv_ext_all[4];
#define RISCV_EXT_ALL riscv_ext_all

/* The row's name as in the manual, and its INSN_ flags. */
const char *riscv_insn_name(unsigned row);
unsigned riscv_insn_flags(unsigned row);

/* Appends the instruction at pc in the syntax of objdump, "addi\ta0,a0,1"; the bare bits if there
 * is none. */
void riscv_disas_insn(uint32_t insn, uint64_t pc, const uint64_t *ext, GString *out);

#endif
