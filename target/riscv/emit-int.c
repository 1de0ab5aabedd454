/*
 * Fast forms of I, M, A and the bit-manipulation extensions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/emit.h"

#include "target/riscv/bits.h"
#include "target/riscv/mode.h"

#define REG(name, ir) EMIT(name) { ir_op2(b, IR_##ir, D, A, B); }
#define IMM(name, ir) EMIT(name) { ir_op2i(b, IR_##ir, D, A, op->imm); }
#define ONE(name, ir) EMIT(name) { ir_op1(b, IR_##ir, D, A); }

/* The translator added pc to auipc's immediate, and made that of jal and jalr the return address. */
EMIT(lui) { ir_const(b, D, op->imm); }
EMIT(auipc) { ir_const(b, D, op->imm); }

/* By the calling convention x1 and x5 hold return addresses. */
static bool links(unsigned reg)
{
    return reg == 1 || reg == 5;
}

static void write_link(IRBuilder *b, const TCGOp *op)
{
    if (links(D))
        ir_link(b, D, op->imm);
    else
        ir_const(b, D, op->imm);
}

EMIT(jal) { write_link(b, op); }
EMIT(jalr)
{
    ir_jump_to(b, A, (int32_t)op->insn >> 20, links(A) && !links(D));
    write_link(b, op);
}

EMIT(beq) { ir_branch(b, IR_EQ, A, B); }
EMIT(bne) { ir_branch(b, IR_NE, A, B); }
EMIT(blt) { ir_branch(b, IR_LT, A, B); }
EMIT(bge) { ir_branch(b, IR_GE, A, B); }
EMIT(bltu) { ir_branch(b, IR_LTU, A, B); }
EMIT(bgeu) { ir_branch(b, IR_GEU, A, B); }

EMIT(lb) { ir_load(b, D, A, op->imm, 1, true); }
EMIT(lh) { ir_load(b, D, A, op->imm, 2, true); }
EMIT(lw) { ir_load(b, D, A, op->imm, 4, true); }
EMIT(ld) { ir_load(b, D, A, op->imm, 8, false); }
EMIT(lbu) { ir_load(b, D, A, op->imm, 1, false); }
EMIT(lhu) { ir_load(b, D, A, op->imm, 2, false); }
EMIT(lwu) { ir_load(b, D, A, op->imm, 4, false); }
EMIT(sb) { ir_store(b, A, op->imm, B, 1); }
EMIT(sh) { ir_store(b, A, op->imm, B, 2); }
EMIT(sw) { ir_store(b, A, op->imm, B, 4); }
EMIT(sd) { ir_store(b, A, op->imm, B, 8); }

IMM(addi, add)
IMM(slti, slt)
IMM(sltiu, sltu)
IMM(xori, xor)
IMM(ori, or)
IMM(andi, and)
IMM(slli, sll)
IMM(srli, srl)
IMM(srai, sra)
IMM(addiw, addw)
IMM(slliw, sllw)
IMM(srliw, srlw)
IMM(sraiw, sraw)
REG(add, add)
REG(sub, sub)
REG(sll, sll)
REG(slt, slt)
REG(sltu, sltu)
REG(xor, xor)
REG(srl, srl)
REG(sra, sra)
REG(or, or)
REG(and, and)
REG(addw, addw)
REG(subw, subw)
REG(sllw, sllw)
REG(srlw, srlw)
REG(sraw, sraw)

REG(mul, mul)
REG(mulh, mulh)
REG(mulhu, mulhu)
REG(mulhsu, mulhsu)
REG(mulw, mulw)
REG(div, div)
REG(divu, divu)
REG(rem, rem)
REG(remu, remu)
REG(divw, divw)
REG(divuw, divuw)
REG(remw, remw)
REG(remuw, remuw)

REG(sh1add, sh1add)
REG(sh2add, sh2add)
REG(sh3add, sh3add)
REG(add_uw, add_uw)
REG(sh1add_uw, sh1add_uw)
REG(sh2add_uw, sh2add_uw)
REG(sh3add_uw, sh3add_uw)
IMM(slli_uw, slli_uw)

REG(andn, andn)
REG(orn, orn)
REG(xnor, xnor)
ONE(clz, clz)
ONE(ctz, ctz)
ONE(cpop, cpop)
ONE(clzw, clzw)
ONE(ctzw, ctzw)
ONE(cpopw, cpopw)
ONE(sext_b, sext_b)
ONE(sext_h, sext_h)
ONE(zext_h, zext_h)
ONE(rev8, rev8)
REG(min, min)
REG(minu, minu)
REG(max, max)
REG(maxu, maxu)
REG(rol, rol)
REG(ror, ror)
IMM(rori, ror)
REG(rolw, rolw)
REG(rorw, rorw)
IMM(roriw, rorw)

REG(bclr, bclr)
IMM(bclri, bclr)
REG(bext, bext)
IMM(bexti, bext)
REG(binv, binv)
IMM(binvi, binv)
REG(bset, bset)
IMM(bseti, bset)

REG(czero_eqz, czero_eqz)
REG(czero_nez, czero_nez)

#define AMO(name, how, size) EMIT(name) { ir_amo(b, IR_AMO_##how, D, A, B, size); }
AMO(amoswap_w, SWAP, 4)
AMO(amoadd_w, ADD, 4)
AMO(amoand_w, AND, 4)
AMO(amoor_w, OR, 4)
AMO(amoxor_w, XOR, 4)
AMO(amomin_w, MIN, 4)
AMO(amomax_w, MAX, 4)
AMO(amominu_w, MINU, 4)
AMO(amomaxu_w, MAXU, 4)
AMO(amoswap_d, SWAP, 8)
AMO(amoadd_d, ADD, 8)
AMO(amoand_d, AND, 8)
AMO(amoor_d, OR, 8)
AMO(amoxor_d, XOR, 8)
AMO(amomin_d, MIN, 8)
AMO(amomax_d, MAX, 8)
AMO(amominu_d, MINU, 8)
AMO(amomaxu_d, MAXU, 8)

EMIT(lr_w) { ir_load_reserved(b, D, A, 4); }
EMIT(lr_d) { ir_load_reserved(b, D, A, 8); }
EMIT(sc_w) { ir_store_conditional(b, D, A, B, 4); }
EMIT(sc_d) { ir_store_conditional(b, D, A, B, 8); }

/* HS and M: in other modes more than one register may forbid it. */
EMIT(cbo_zero)
{
    uint32_t mode = ir_mode(b);
    unsigned size = env_cpu(ir_env(b))->cboz_blocksize;

    if ((mode & MODE_VIRT) || mode_priv(mode) == PRV_U || size < 16 || size > 128)
        ir_call(b);
    else
        ir_zero(b, A, size, offsetof(CPURISCVState, menvcfg),
                mode_priv(mode) == PRV_S ? ENVCFG_CBZE : 0);
}

/* As EXEC(fence): only a fence between stores and loads asks for something. */
EMIT(fence)
{
    if ((op->imm & 0x50) && (op->imm & 0x0a) && (op->imm & 0xf00) != 0x800)
        ir_fence(b);
}
