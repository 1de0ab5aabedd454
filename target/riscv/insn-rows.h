/*
 * The instruction tables as data, for the tests and for random programs; generated insn-rows.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_INSN_ROWS_H
#define VIREO_TARGET_RISCV_INSN_ROWS_H

#include <stdint.h>

enum { ROW_RD, ROW_RS1, ROW_RS2, ROW_RS3, ROW_IMM, ROW_AUX };

/* An operand's place: its bit ranges, the highest first, shifted left and then biased. */
typedef struct InsnRowField {
    uint8_t operand;
    char kind;       /* u unsigned, s signed, c constant (the bias) */
    uint8_t shift;
    int64_t bias;
    uint8_t n_ranges;
    struct {
        uint8_t high, low;
    } ranges[8];
} InsnRowField;

typedef struct InsnRow {
    uint8_t width;        /* 16 or 32 */
    uint32_t mask, bits;  /* the fixed ones */
    const char *requires; /* extension expression, "" for none */
    uint16_t over;        /* the row that it is tried before, or 0 */
    uint8_t n_excludes;   /* not this row if an operand has that value */
    struct {
        uint8_t operand;
        int64_t value;
    } excludes[4];
    uint8_t n_fields;
    InsnRowField fields[6];
} InsnRow;

extern const InsnRow riscv_insn_rows[]; /* INSN_NR of them; [0] is empty */

#endif
