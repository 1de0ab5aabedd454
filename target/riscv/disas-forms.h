/*
 * What the disassembler prints: forms by row, generated from the instruction tables.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_DISAS_FORMS_H
#define VIREO_TARGET_RISCV_DISAS_FORMS_H

#include <stdint.h>

/* A condition compares an operand with a constant or with another operand. */
enum {
    DISAS_RD,
    DISAS_RS1,
    DISAS_RS2,
    DISAS_RS3,
    DISAS_IMM,
    DISAS_AUX,
    DISAS_CONST,
};

typedef struct DisasForm {
    const char *mnemonic;
    const char *operands; /* see formats.insn for the words */
    uint8_t n_conds;      /* all must hold */
    struct {
        uint8_t operand, other;
        int64_t value;
    } conds[4];
} DisasForm;

/* Which registers are floating-point ones, and whether aux is acquire and release. */
enum {
    DISAS_F_RD = 1 << 0,
    DISAS_F_RS1 = 1 << 1,
    DISAS_F_RS2 = 1 << 2,
    DISAS_F_RS3 = 1 << 3,
    DISAS_AQRL = 1 << 4,
    DISAS_V_RD = 1 << 5,
    DISAS_V_RS1 = 1 << 6,
    DISAS_V_RS2 = 1 << 7,
};

/* The forms of a row stand together, from the special ones to the plain one (no conditions). */
typedef struct DisasRow {
    uint16_t first;
    uint8_t classes;
} DisasRow;

extern const DisasForm riscv_disas_forms[];
extern const DisasRow riscv_disas_rows[];

#endif
