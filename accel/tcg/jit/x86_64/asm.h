/*
 * Writing x86-64 instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_X86_64_ASM_H
#define VIREO_ACCEL_TCG_JIT_X86_64_ASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum X86Reg {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
} X86Reg;

/* Code is written at p and will run at p + delta. When there is no room, full is set, and what was written
 * is worth nothing: more is written over it. There is room for one instruction at least. Operands off RBP are
 * told by the distance from that which RBP is bias bytes behind. */
typedef struct Asm {
    uint8_t *p, *start, *end;
    ptrdiff_t delta;
    int32_t bias;
    bool full;
} Asm;

/* An opcode: its last byte, the map before it (0: none), a mandatory prefix (0: none). */
#define X86_OP(prefix, map, byte) ((unsigned)(prefix) << 16 | (map) << 8 | (byte))
#define X86_L (1u << 24) /* VEX: 256 bits */
enum { MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3 };

/* Conditions, as in the low bits of jcc. */
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE,
       CC_LE, CC_G };

/* Operations of the classic group, by their number in it. */
enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
/* The same for shifts by a constant or by cl. */
enum { SH_ROL, SH_ROR, SH_SHL = 4, SH_SHR, SH_SAR = 7 };

/* Where the byte at p will be when it runs. */
static inline const uint8_t *asm_here(const Asm *a)
{
    return a->p + a->delta;
}

void asm_byte(Asm *a, unsigned byte);
void asm_imm32(Asm *a, uint32_t v);
void asm_imm64(Asm *a, uint64_t v);
void asm_ret(Asm *a);
void asm_push_imm(Asm *a, int8_t v);
/* C may use instructions that are slow while the upper halves of vector registers are not zero. */
void asm_vzeroupper(Asm *a);

/*
 * An instruction with a ModRM byte; w: 64-bit operands. reg is the register field (or a number that
 * extends the opcode). byte8 marks reg as an 8-bit register, which needs a prefix for some.
 */
void asm_rr(Asm *a, unsigned op, bool w, unsigned reg, unsigned rm);
void asm_rm(Asm *a, unsigned op, bool w, unsigned reg, unsigned base, int32_t disp);
void asm_rx(Asm *a, unsigned op, bool w, unsigned reg, unsigned base, unsigned index,
            unsigned scale, int32_t disp);
/* Operand at an address near the code; tail: bytes of immediate that follow. */
void asm_rip(Asm *a, unsigned op, bool w, unsigned reg, const void *where, unsigned tail);
/* The same two with an 8-bit register. */
void asm_rx8(Asm *a, unsigned op, unsigned reg, unsigned base, unsigned index, int32_t disp);
void asm_rr8(Asm *a, unsigned op, unsigned reg, unsigned rm);
/* VEX-coded: reg, vvvv, rm; v is 0 where there is none. */
void asm_vex_rm(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned base, int32_t disp);
void asm_vex_rx(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned base,
                unsigned index, int32_t disp);
void asm_vex_rip(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, const void *where);
void asm_vex_rr(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned rm);
/* Moves of 16 or 32 bytes, any of 32 registers; byte: 6f to load, 7f to store. */
void asm_ymm(Asm *a, unsigned l, unsigned d, unsigned s);
/* What VEX and EVEX code alike but for w, which VEX ignores: any of 32 registers. */
void asm_ymm_op(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned rm);
void asm_ymm_mem(Asm *a, unsigned byte, unsigned l, unsigned reg, unsigned base, int32_t disp);

void asm_mov(Asm *a, unsigned d, unsigned s);
void asm_mov32(Asm *a, unsigned d, unsigned s);
/* The shortest form; flags are kept. */
void asm_mov_imm(Asm *a, unsigned d, uint64_t v);
void asm_load(Asm *a, unsigned d, unsigned base, int32_t disp);
void asm_store(Asm *a, unsigned base, int32_t disp, unsigned s);
void asm_lea(Asm *a, unsigned d, unsigned base, int32_t disp);
void asm_alu(Asm *a, unsigned alu, bool w, unsigned d, unsigned s);
void asm_alu_imm(Asm *a, unsigned alu, bool w, unsigned d, int32_t imm);
void asm_alu_load(Asm *a, unsigned alu, bool w, unsigned d, unsigned base, int32_t disp);
void asm_alu_mem_imm(Asm *a, unsigned alu, bool w, unsigned base, int32_t disp, int32_t imm);
void asm_shift_imm(Asm *a, unsigned sh, bool w, unsigned d, unsigned n);
void asm_shift_cl(Asm *a, unsigned sh, bool w, unsigned d);
/* Flags of al & mask. */
void asm_test_al(Asm *a, uint8_t mask);
void asm_setcc(Asm *a, unsigned cc, unsigned d);

/* Jumps. A forward one gives back its place, to be aimed by asm_aim() at where the code then is. */
uint8_t *asm_jcc(Asm *a, unsigned cc);
uint8_t *asm_jmp(Asm *a);
void asm_aim(Asm *a, uint8_t *place);
void asm_aim_at(Asm *a, uint8_t *place, const uint8_t *target);
void asm_jcc_to(Asm *a, unsigned cc, const void *target);
void asm_jmp_to(Asm *a, const void *target);
void asm_call_to(Asm *a, const void *target);
/* d = s rotated right by n; flags are kept. */
void asm_rorx(Asm *a, unsigned d, unsigned s, unsigned n);
/* Through a register: for C functions, which may be far. */
void asm_call_far(Asm *a, unsigned scratch, const void *target);

#endif
