/*
 * RV64I: the base integer instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"
#include "target/riscv/insn-fn.h"

/* The translator added pc to auipc's immediate, and made that of jal and jalr the return address. */
EXEC(lui) { RD = IMM; }
EXEC(auipc) { RD = IMM; }
EXEC_JUMP(jal) { RD = IMM; }

/* The offset comes from the instruction's bits; 16-bit forms have none, and their upper half is 0. */
EXEC_LOOKUP(jalr)
{
    vaddr target = RS1 + (int64_t)((int32_t)op->insn >> 20);
    RD = IMM;
    env->tcg.pc = target & ~1ULL;
}

EXEC_BRANCH(beq) { return RS1 == RS2; }
EXEC_BRANCH(bne) { return RS1 != RS2; }
EXEC_BRANCH(blt) { return (int64_t)RS1 < (int64_t)RS2; }
EXEC_BRANCH(bge) { return (int64_t)RS1 >= (int64_t)RS2; }
EXEC_BRANCH(bltu) { return RS1 < RS2; }
EXEC_BRANCH(bgeu) { return RS1 >= RS2; }

EXEC_LOAD(lb, 8) { RD = (int64_t)(int8_t)value; }
EXEC_LOAD(lh, 16) { RD = (int64_t)(int16_t)value; }
EXEC_LOAD(lw, 32) { RD = SEXT32(value); }
EXEC_LOAD(ld, 64) { RD = value; }
EXEC_LOAD(lbu, 8) { RD = value; }
EXEC_LOAD(lhu, 16) { RD = value; }
EXEC_LOAD(lwu, 32) { RD = value; }
EXEC_STORE(sb, 8) { return RS2; }
EXEC_STORE(sh, 16) { return RS2; }
EXEC_STORE(sw, 32) { return RS2; }
EXEC_STORE(sd, 64) { return RS2; }

EXEC(addi) { RD = RS1 + IMM; }
EXEC(slti) { RD = (int64_t)RS1 < (int64_t)IMM; }
EXEC(sltiu) { RD = RS1 < IMM; }
EXEC(xori) { RD = RS1 ^ IMM; }
EXEC(ori) { RD = RS1 | IMM; }
EXEC(andi) { RD = RS1 & IMM; }
EXEC(slli) { RD = RS1 << (IMM & 63); }
EXEC(srli) { RD = RS1 >> (IMM & 63); }
EXEC(srai) { RD = (int64_t)RS1 >> (IMM & 63); }
EXEC(addiw) { RD = SEXT32(RS1 + IMM); }
EXEC(slliw) { RD = SEXT32((uint32_t)RS1 << (IMM & 31)); }
EXEC(srliw) { RD = SEXT32((uint32_t)RS1 >> (IMM & 31)); }
EXEC(sraiw) { RD = SEXT32((int32_t)RS1 >> (IMM & 31)); }

EXEC(add) { RD = RS1 + RS2; }
EXEC(sub) { RD = RS1 - RS2; }
EXEC(sll) { RD = RS1 << (RS2 & 63); }
EXEC(slt) { RD = (int64_t)RS1 < (int64_t)RS2; }
EXEC(sltu) { RD = RS1 < RS2; }
EXEC(xor) { RD = RS1 ^ RS2; }
EXEC(srl) { RD = RS1 >> (RS2 & 63); }
EXEC(sra) { RD = (int64_t)RS1 >> (RS2 & 63); }
EXEC(or) { RD = RS1 | RS2; }
EXEC(and) { RD = RS1 & RS2; }
EXEC(addw) { RD = SEXT32(RS1 + RS2); }
EXEC(subw) { RD = SEXT32(RS1 - RS2); }
EXEC(sllw) { RD = SEXT32((uint32_t)RS1 << (RS2 & 31)); }
EXEC(srlw) { RD = SEXT32((uint32_t)RS1 >> (RS2 & 31)); }
EXEC(sraw) { RD = SEXT32((int32_t)RS1 >> (RS2 & 31)); }

/* What may follow in a sequence: the row, the state after it, the handler for all of it. */
typedef struct FuseStep {
    uint16_t row, next;
    TCGOpFn fn, fn_to; /* fn_to: its rs1 is what the one before computed */
} FuseStep;

#include "target/riscv/insn-fused.h" /* generated: handlers of bodies above, fuse_steps, fuse_first */

unsigned riscv_insn_fuse(unsigned state, unsigned row, bool forward, TCGOpFn *fn)
{
    if (state >= ARRAY_SIZE(fuse_first) - 1)
        return 0;
    for (unsigned i = fuse_first[state]; i < fuse_first[state + 1]; i++) {
        if (fuse_steps[i].row == row) {
            *fn = forward ? fuse_steps[i].fn_to : fuse_steps[i].fn;
            return fuse_steps[i].next;
        }
    }
    return 0;
}
