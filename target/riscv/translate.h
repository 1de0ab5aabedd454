/*
 * Decoding, as the CPU model hands it to the translator and the debugger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_TRANSLATE_H
#define VIREO_TARGET_RISCV_TRANSLATE_H

#include "accel/tcg/translate.h"

/* TCGCPUOps.translate_insn and insn_len. */
void riscv_translate_insn(TBBuilder *b, uint32_t insn, unsigned len);
unsigned riscv_insn_len(uint16_t parcel);
/* CPUClass.disas. */
unsigned riscv_disas(CPUState *cpu, vaddr va, const uint8_t *bytes, unsigned len, GString *out);

#endif
