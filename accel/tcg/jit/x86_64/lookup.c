/*
 * Where a computed address leads: the jump cache, asked without leaving compiled code.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

enum {
    PC = offsetof(JumpEntry, pc), TAG = offsetof(JumpEntry, tag), CODE = offsetof(JumpEntry, code),
    TB = offsetof(JumpEntry, tb),
    ENTRY = FRAME_VALUE, /* where the entry is kept */
    MISSES = 6,
};
_Static_assert(sizeof(JumpEntry) == 32 && !offsetof(JumpCache, entry), "write_entry() computes its place");

typedef struct LookUp {
    Asm *a;
    uint8_t *miss[MISSES]; /* jumps to where C looks */
    unsigned n_misses;
} LookUp;

static void miss_if(LookUp *l, unsigned cc)
{
    l->miss[l->n_misses++] = asm_jcc(l->a, cc);
}

/* rcx = the entry of rax */
static void write_entry(Asm *a)
{
    /* Twice jump_cache_index(), times half of what one takes. */
    asm_mov(a, RCX, RAX);
    asm_shift_imm(a, SH_SHR, true, RCX, JUMP_CACHE_BITS - 1);
    asm_alu(a, ALU_XOR, false, RCX, RAX);
    asm_alu_imm(a, ALU_AND, false, RCX, 2 * ((1 << JUMP_CACHE_BITS) - 1));
    asm_shift_imm(a, SH_SHL, false, RCX, 4);
    asm_alu_load(a, ALU_ADD, true, RCX, ENV, ENV_TCG(jump_cache));
}

/* The entry is the address's and has its tag. */
static const uint8_t *write_good(LookUp *l, const uint8_t *out)
{
    Asm *a = l->a;
    const uint8_t *good = asm_here(a);

    asm_load(a, RDX, RCX, CODE);
    asm_rr(a, 0x85, true, RDX, RDX);
    uint8_t *unknown = asm_jcc(a, CC_E);
    asm_rr(a, 0xff, false, 4, RDX);

    asm_aim(a, unknown);
    asm_load(a, RDX, RCX, TB);
    asm_alu_load(a, ALU_CMP, true, RAX, RDX, offsetof(TranslationBlock, key_pc));
    miss_if(l, CC_NE);
    asm_load(a, RAX, RDX, offsetof(TranslationBlock, jit_code));
    asm_rr(a, 0x85, true, RAX, RAX);
    uint8_t *compiled = asm_jcc(a, CC_NE);
    asm_store(a, ENV, ENV_TCG(tb), RDX);
    asm_lea(a, RAX, RDX, TCG_TB_OPS);
    asm_jmp_to(a, out);

    /* Who drops the code clears tb->jit_code first and the entry second: see jump_cache_forget_code(). */
    asm_aim(a, compiled);
    asm_store(a, RCX, CODE, RAX);
    asm_byte(a, 0x0f); /* mfence */
    asm_byte(a, 0xae);
    asm_byte(a, 0xf0);
    asm_alu_load(a, ALU_CMP, true, RAX, RDX, offsetof(TranslationBlock, jit_code));
    uint8_t *same = asm_jcc(a, CC_E);
    asm_rm(a, 0xc7, true, 0, RCX, CODE);
    asm_imm32(a, 0);
    asm_aim(a, same);
    asm_rr(a, 0xff, false, 4, RAX);
    return good;
}

/* The entry is the address's, rdx its block, and the mode the block's; the tag is another. It gets it if the
 * fetch TLB agrees with the block. */
static const uint8_t *write_page(LookUp *l, const uint8_t *good)
{
    Asm *a = l->a;
    const uint8_t *page = asm_here(a);

    asm_alu_load(a, ALU_CMP, true, RAX, RDX, offsetof(TranslationBlock, key_pc));
    miss_if(l, CC_NE);
    asm_store(a, RSP, ENTRY, RCX);
    asm_rorx(a, RCX, RAX, TLB_INDEX_SHIFT);
    asm_alu_load(a, ALU_AND, false, RCX, ENV, ENV_TCG(tlb_fetch_mask));
    asm_alu_load(a, ALU_ADD, true, RCX, ENV, ENV_TCG(tlb_fetch));
    asm_alu_imm(a, ALU_AND, true, RAX, (int32_t)TARGET_PAGE_MASK);
    asm_alu_load(a, ALU_CMP, true, RAX, RCX, 8 * MMU_FETCH);
    asm_load(a, RAX, RDX, offsetof(TranslationBlock, pc));
    miss_if(l, CC_NE);
    asm_load(a, RCX, RCX, offsetof(TLBEntry, addend));
    asm_alu_load(a, ALU_CMP, true, RCX, RDX, offsetof(TranslationBlock, addend));
    miss_if(l, CC_NE);
    asm_load(a, RCX, RSP, ENTRY);
    asm_load(a, RDX, ENV, ENV_TCG(mode));
    asm_store(a, RCX, TAG, RDX);
    asm_jmp_to(a, good);
    return page;
}

/*
 * The same questions that jump_cache_probe() asks in C. rax: the target. There are JUMP_CACHE_WAYS entries to
 * look at, all but the first out of the way. The block itself is looked at only where its code is not known,
 * or the tag is another.
 */
void x86_lookup_init(Jit *j, Asm *a, const uint8_t *out)
{
    LookUp l = { .a = a };
    const uint8_t *good, *page;
    uint8_t *other[2], *stale;

    j->lookup = asm_here(a);
    miss_if(&l, x86_attention(j, a));
    write_entry(a);
    asm_alu_load(a, ALU_CMP, true, RAX, RCX, PC);
    other[0] = asm_jcc(a, CC_NE);
    asm_load(a, RDX, ENV, ENV_TCG(mode));
    asm_alu_load(a, ALU_CMP, true, RDX, RCX, TAG);
    stale = asm_jcc(a, CC_NE);
    good = write_good(&l, out);
    page = write_page(&l, good);
    for (unsigned way = 0; way < JUMP_CACHE_WAYS; way++) {
        if (way) {
            asm_aim(a, other[0]);
            asm_aim(a, other[1]);
            asm_alu_imm(a, ALU_XOR, true, RCX, (int32_t)(sizeof(JumpEntry) * (way ^ (way - 1))));
            asm_alu_load(a, ALU_CMP, true, RAX, RCX, PC);
            other[0] = asm_jcc(a, CC_NE);
            asm_load(a, RDX, ENV, ENV_TCG(mode));
            asm_alu_load(a, ALU_CMP, true, RDX, RCX, TAG);
            asm_jcc_to(a, CC_E, good);
        } else {
            asm_aim(a, stale);
        }
        asm_load(a, RDX, RCX, TB);
        asm_load(a, RAX, ENV, ENV_TCG(mode));
        asm_alu_load(a, ALU_CMP, false, RAX, RDX, offsetof(TranslationBlock, mode));
        asm_load(a, RAX, RCX, PC);
        asm_jcc_to(a, CC_E, page);
        other[1] = asm_jmp(a);
    }
    asm_aim(a, other[0]);
    asm_aim(a, other[1]);
    while (l.n_misses)
        asm_aim(a, l.miss[--l.n_misses]);
    asm_store(a, ENV, ENV_TCG(pc), RAX);
    asm_alu(a, ALU_XOR, false, RAX, RAX);
    asm_jmp_to(a, out);
}
