/*
 * The state around vectors: vl, vtype, and what a block counts on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/vec.h"

void vec_expect(Emit *e, const IRInsn *i)
{
    Stub *s = x86_stub(e, STUB_INTERPRET, i);

    asm_alu_mem_imm(&e->a, ALU_CMP, true, ENV, i->target, (int32_t)i->imm);
    s->froms[s->n_from++] = asm_jcc(&e->a, CC_NE);
}

void vec_set_env(Emit *e, const IRInsn *i)
{
    Asm *a = &e->a;

    if (i->size == 8 && i->imm == (int32_t)i->imm) {
        asm_rm(a, 0xc7, true, 0, ENV, i->target);
        asm_imm32(a, (uint32_t)i->imm);
        return;
    }
    asm_mov_imm(a, RAX, (uint64_t)i->imm);
    asm_rm(a, i->size == 2 ? X86_OP(0x66, 0, 0x89) : i->size == 1 ? 0x88 : 0x89, i->size == 8, RAX, ENV,
           i->target);
}

void vec_unless(Emit *e, const IRInsn *i)
{
    Stub *s = x86_stub(e, STUB_VEC_SET, i);

    asm_alu_mem_imm(&e->a, ALU_CMP, true, ENV, i->target, (int32_t)i->imm);
    s->from = asm_jcc(&e->a, CC_NE);
    s->after = asm_here(&e->a);
    e->unless = i + i->size;
}

void vec_set_stub(Emit *e, const Stub *s)
{
    asm_aim(&e->a, s->from);
    for (unsigned n = 1; n <= s->insn->size; n++)
        vec_set_env(e, s->insn + n);
    asm_jmp_to(&e->a, s->after);
}

void vec_clamp(Emit *e, const IRInsn *i)
{
    Asm *a = &e->a;

    if (i->a == JIT_NONE)
        asm_load(a, RAX, ENV, i->target);
    else
        x86_copy(e, i->a, RAX);
    asm_mov_imm(a, RCX, (uint64_t)i->imm);
    asm_alu(a, ALU_CMP, true, RAX, RCX);
    asm_rr(a, X86_OP(0, MAP_0F, 0x40 | CC_A), true, RAX, RCX); /* cmova */
    asm_store(a, ENV, i->target, RAX);
    x86_define(e, i->d, RAX);
}
