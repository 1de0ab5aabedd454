/*
 * The hypervisor's instructions: loads and stores of guest memory, fences, and what the trap
 * registers show of an instruction that touched guest memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/hyp.h"

#include "target/riscv/bits.h"
#include "target/riscv/insn-fn.h"
#include "target/riscv/isa.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"

/* ---- hlv, hlvx, hsv ---- */

void riscv_hlv_begin(CPURISCVState *env, const TCGOp *op, bool executable)
{
    if (env->virt)
        riscv_raise_virtual(env, op);
    if (env->priv == PRV_U && !(env->hstatus & HSTATUS_HU))
        riscv_raise_illegal(env, op);
    env->hlv = executable ? HLV_EXECUTABLE : HLV_ON;
    riscv_tlb_switch(env);
}

void riscv_hlv_end(CPURISCVState *env)
{
    env->hlv = HLV_OFF;
    riscv_tlb_switch(env);
}

/* ---- Fences ---- */

static void check_fence(CPURISCVState *env, const TCGOp *op, bool tvm)
{
    if (env->virt)
        riscv_raise_virtual(env, op);
    if (env->priv == PRV_U || (tvm && env->priv == PRV_S && (env->mstatus & MSTATUS_TVM)))
        riscv_raise_illegal(env, op);
}

void riscv_guest_fence(CPURISCVState *env, const TCGOp *op)
{
    uint32_t vm = riscv_guest_asid(env, 0), vm_mask = ~(uint32_t)0xFFFF;
    uint32_t asid = vm | (env->x[op->rs2] & 0xFFFF);

    if (op->rs1)
        tcg_tlb_flush_page_match(env, env->x[op->rs1], op->rs2 ? asid : vm,
                                 op->rs2 ? UINT32_MAX : vm_mask, !op->rs2);
    else
        tcg_tlb_flush_match(env, op->rs2 ? asid : vm, op->rs2 ? UINT32_MAX : vm_mask, !op->rs2);
}

void riscv_hfence_vvma(CPURISCVState *env, const TCGOp *op)
{
    check_fence(env, op, false);
    riscv_guest_fence(env, op);
}

/* Entries are not tagged with guest physical addresses: all of the machine goes. */
void riscv_hfence_gvma(CPURISCVState *env, const TCGOp *op)
{
    uint32_t vmid = (env->x[op->rs2] & 0x3FFF) << ASID_VMID_SHIFT;
    uint32_t mask = ASID_VIRT | (op->rs2 ? 0x3FFFu << ASID_VMID_SHIFT : 0);

    check_fence(env, op, true);
    tcg_tlb_flush_match(env, ASID_VIRT | vmid, mask, true);
}

/* ---- Transformed instructions ---- */

enum {
    OP_LOAD = 0x03,
    OP_LOAD_FP = 0x07,
    OP_STORE = 0x23,
    OP_STORE_FP = 0x27,
    OP_AMO = 0x2F,
    OP_SYSTEM = 0x73,
};

static uint32_t load_form(const RISCVOperands *o, unsigned opcode, unsigned funct3)
{
    return opcode | (uint32_t)o->rd << 7 | funct3 << 12;
}

static uint32_t store_form(const RISCVOperands *o, unsigned opcode, unsigned funct3)
{
    return opcode | funct3 << 12 | (uint32_t)o->rs2 << 20;
}

/* The 32-bit form without address operands of a compressed load or store. */
static uint32_t expanded(unsigned row, const RISCVOperands *o)
{
    switch (riscv_insn_body(row)) {
    case INSN_lb:
        return load_form(o, OP_LOAD, 0);
    case INSN_lh:
        return load_form(o, OP_LOAD, 1);
    case INSN_lw:
        return load_form(o, OP_LOAD, 2);
    case INSN_ld:
        return load_form(o, OP_LOAD, 3);
    case INSN_lbu:
        return load_form(o, OP_LOAD, 4);
    case INSN_lhu:
        return load_form(o, OP_LOAD, 5);
    case INSN_fld:
        return load_form(o, OP_LOAD_FP, 3);
    case INSN_sb:
        return store_form(o, OP_STORE, 0);
    case INSN_sh:
        return store_form(o, OP_STORE, 1);
    case INSN_sw:
        return store_form(o, OP_STORE, 2);
    case INSN_sd:
        return store_form(o, OP_STORE, 3);
    case INSN_fsd:
        return store_form(o, OP_STORE_FP, 3);
    default:
        return 0;
    }
}

/* A vector load or store has the opcode of a floating-point one and no such form. */
static bool is_vector(uint32_t insn)
{
    unsigned width = insn >> 12 & 7;

    return width == 0 || width > 4;
}

uint32_t riscv_transformed_insn(CPURISCVState *env, vaddr va)
{
    const TCGOp *op = env->tcg.cur;
    uint32_t insn = op->insn, form;
    RISCVOperands o;
    uint64_t start;

    if (op->len == 0)
        return 0;
    riscv_decode(insn, env->ext_on, &o);
    start = env->x[o.rs1];
    if (op->len == 2) {
        form = expanded(riscv_decode(insn, env->ext_on, &o), &o) & ~2u;
        if (!form)
            return 0;
        return form | (uint32_t)((va - start - (uint64_t)o.imm) & 31) << 15;
    }
    switch (insn & 0x7F) {
    case OP_LOAD_FP:
    case OP_STORE_FP:
        if (is_vector(insn))
            return 0;
        start += (uint64_t)o.imm;
        form = insn & ((insn & 0x20) ? 0x1F0707Fu : 0x7FFFu);
        break;
    case OP_LOAD:
        start += (uint64_t)o.imm;
        form = insn & 0x7FFFu;
        break;
    case OP_STORE:
        start += (uint64_t)o.imm;
        form = insn & 0x1F0707Fu;
        break;
    case OP_AMO:
        form = insn & ~(31u << 15);
        break;
    case OP_SYSTEM: /* hlv, hlvx, hsv */
        if ((insn >> 12 & 7) != 4 || insn >> 31) /* those with bit 31 are shadow stacks' */
            return 0;
        form = insn & ~(31u << 15);
        break;
    default:
        return 0;
    }
    return form | (uint32_t)((va - start) & 31) << 15;
}
