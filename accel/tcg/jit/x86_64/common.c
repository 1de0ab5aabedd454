/*
 * What all regions share: the way in and out, looking up a computed address, calls of bodies.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

static const uint8_t saved[] = { RBX, RBP, R12, R13, R14, R15 };

static int32_t env_x(const Jit *j, unsigned var)
{
    return (int32_t)(j->model->x_offset + 8 * var);
}

static void spill_all(Jit *j, Asm *a)
{
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (x86_convention[h] != JIT_NONE)
            asm_store(a, ENV, env_x(j, x86_convention[h]), h);
    }
}

static void fill_all(Jit *j, Asm *a)
{
    asm_load(a, TLB, ENV, ENV_TCG(tlb));
    for (unsigned h = 0; h < X86_REGS; h++) {
        if (x86_convention[h] != JIT_NONE)
            asm_load(a, h, ENV, env_x(j, x86_convention[h]));
    }
}

static void push(Asm *a, unsigned reg)
{
    asm_rr(a, 0xff, false, 6, reg);
}

static void pop(Asm *a, unsigned reg)
{
    asm_rr(a, 0x8f, false, 0, reg);
}

/* const TCGOp *run(CPUArchState *env, const void *code) */
static void write_run(Jit *j, Asm *a)
{
    j->run = asm_here(a);
    for (unsigned n = 0; n < ARRAY_SIZE(saved); n++)
        push(a, saved[n]);
    asm_alu_imm(a, ALU_SUB, true, RSP, FRAME);
    asm_lea(a, ENV, RDI, a->bias);
    asm_mov(a, RAX, RSI);
    fill_all(j, a);
    asm_rr(a, 0xff, false, 4, RAX);
}

/* Back to C with rax. Returns the place for when env has the guest registers already. */
static const uint8_t *write_out(Jit *j, Asm *a)
{
    const uint8_t *spilled;

    spill_all(j, a);
    spilled = asm_here(a);
    asm_vzeroupper(a);
    asm_alu_imm(a, ALU_ADD, true, RSP, FRAME);
    for (unsigned n = ARRAY_SIZE(saved); n-- > 0;)
        pop(a, saved[n]);
    asm_ret(a);
    return spilled;
}

/* Exits: rdx is the JitExit. */
static void write_exits(Jit *j, Asm *a, const uint8_t *out)
{
    j->exit_interpret = asm_here(a);
    asm_load(a, RAX, RDX, offsetof(JitExit, target));
    asm_test_al(a, JIT_LINKED);
    uint8_t *unlinked = asm_jcc(a, CC_E);
    asm_alu_imm(a, ALU_SUB, true, RAX, JIT_LINKED);
    asm_store(a, ENV, ENV_TCG(tb), RAX);
    asm_alu_imm(a, ALU_ADD, true, RAX, TCG_TB_OPS);
    asm_jmp_to(a, out);

    j->exit_unlinked = asm_here(a);
    asm_load(a, RAX, RDX, offsetof(JitExit, target));
    asm_test_al(a, JIT_LINKED);
    uint8_t *linked = asm_jcc(a, CC_NE);
    asm_aim(a, unlinked);
    asm_store(a, ENV, ENV_TCG(pc), RAX);
    asm_store(a, ENV, ENV_TCG(jit_exit), RDX);
    asm_alu(a, ALU_XOR, false, RAX, RAX);
    asm_jmp_to(a, out);
    /* One that is linked comes here for attention, or because another page is there now. */
    asm_aim(a, linked);
    asm_load(a, RAX, RAX, (int32_t)offsetof(TranslationBlock, pc) - JIT_LINKED);
    asm_jmp_to(a, j->lookup);

    /* rdx: the JitSite of the operation where the interpreter takes over. */
    j->interpret = asm_here(a);
    asm_load(a, RAX, RDX, offsetof(JitSite, tb));
    asm_store(a, ENV, ENV_TCG(tb), RAX);
    asm_load(a, RAX, RDX, offsetof(JitSite, op));
    asm_jmp_to(a, out);
}

unsigned x86_attention(const Jit *j, Asm *a)
{
    if (j->verify) {
        asm_alu_mem_imm(a, ALU_SUB, false, ENV, ENV_TCG(verify_left), 1);
        return CC_S; /* and whoever looks again finds it so */
    }
    asm_alu_mem_imm(a, ALU_CMP, false, ENV, j->attention_offset, 0);
    return CC_NE;
}

/* In a routine that was called, the frame is 8 bytes further away. */
enum { F = 8 };

static void store_imm32(Asm *a, int32_t disp, uint32_t v)
{
    asm_rm(a, 0xc7, false, 0, ENV, disp);
    asm_imm32(a, v);
}

/* rdx: the JitSite, whose op is a copy with a stop behind it. */
static void write_call_body(Jit *j, Asm *a, const uint8_t *out_spilled)
{
    j->call_body = asm_here(a);
    asm_rm(a, 0xff, false, 2, RDX, offsetof(JitSite, spill));
    asm_vzeroupper(a);
    asm_store(a, RSP, F + FRAME_SITE, RDX);
    store_imm32(a, ENV_TCG(jit_calls), 1);
    asm_load(a, RAX, RDX, offsetof(JitSite, tb));
    asm_store(a, ENV, ENV_TCG(tb), RAX);
    asm_alu_imm(a, ALU_SUB, true, RSP, 8);
    if (JIT_TELLS_SANITIZER) {
        asm_mov_imm(a, RDI, (uintptr_t)j);
        asm_call_far(a, RAX, (const void *)jit_body_begins);
        asm_load(a, RDX, RSP, 8 + F + FRAME_SITE);
    }
    asm_load(a, RSI, RDX, offsetof(JitSite, op));
    asm_lea(a, RDI, ENV, 0);
    asm_rm(a, 0xff, false, 2, RDX, offsetof(JitSite, fn));
    asm_alu_imm(a, ALU_ADD, true, RSP, 8);
    asm_load(a, RDX, RSP, F + FRAME_SITE);
    store_imm32(a, ENV_TCG(jit_calls), 0);
    asm_load(a, RCX, RDX, offsetof(JitSite, op));
    asm_alu_imm(a, ALU_ADD, true, RCX, sizeof(TCGOp));
    asm_alu(a, ALU_CMP, true, RAX, RCX);
    uint8_t *gone = asm_jcc(a, CC_NE);
    asm_rm(a, 0xff, false, 4, RDX, offsetof(JitSite, fill));
    /* It has left the block on its own: to tcg.pc, or for the main loop. */
    asm_aim(a, gone);
    asm_alu_imm(a, ALU_ADD, true, RSP, 8);
    asm_mov_imm(a, RCX, (uintptr_t)&tcg_op_lookup);
    asm_alu(a, ALU_CMP, true, RAX, RCX);
    asm_jcc_to(a, CC_NE, out_spilled);
    fill_all(j, a);
    asm_load(a, RAX, ENV, ENV_TCG(pc));
    asm_jmp_to(a, j->lookup);
}

Asm x86_draft(const Jit *j)
{
    uint8_t *p = j->draft;

    return (Asm){ .p = p, .start = p, .end = p + JIT_ROOM, .delta = j->code + j->code_used - p,
                  .bias = x86_env_bias(j->model) };
}

bool x86_init(Jit *j)
{
    Asm a = x86_draft(j);
    const uint8_t *out, *spilled;

    write_run(j, &a);
    out = asm_here(&a);
    spilled = write_out(j, &a);
    j->spill = asm_here(&a);
    spill_all(j, &a);
    asm_ret(&a);
    j->fill = asm_here(&a);
    fill_all(j, &a);
    asm_ret(&a);
    x86_lookup_init(j, &a, out);
    write_exits(j, &a, out);
    write_call_body(j, &a, spilled);
    x86_access_init(j, &a);
    if (a.full || !jit_code_put(j, j->code_used, (size_t)(a.p - a.start)))
        return false;
    j->code_used = align_up(j->code_used + (size_t)(a.p - a.start), 16);
    return x86_count_init(j) && x86_vector_init(j);
}
