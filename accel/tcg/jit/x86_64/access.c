/*
 * Memory accesses out of line: routines that all regions share.
 *
 * rax is the guest's address, rdx the number of the access (jit.h), rcx what is stored; what is loaded comes
 * back in rax. rcx and rdx are lost, all else is kept. The head is found by where the call returns to and how
 * far behind the head that is, in units of 16 bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/emit.h"

/* In a routine that was called, the frame is 8 bytes further away. */
enum { F = 8 };

/* For info jit. */
static void count(const Jit *j, Asm *a, size_t field)
{
    if (j->counts)
        asm_rip(a, 0xff, true, 0, (const uint8_t *)j->counts + field, 0); /* inc */
}

static int32_t tag(bool store)
{
    return 8 * (store ? MMU_STORE : MMU_LOAD);
}

/* C does it. Returns the place for when rdx, and for a store rcx, is in the frame already. */
static const uint8_t *write_slow(Jit *j, Asm *a, bool store)
{
    enum { SHIFT = 4 };
    const uint8_t *kept;

    j->access[store].slow = asm_here(a);
    asm_store(a, RSP, F + FRAME_ACCESS, RDX);
    if (store)
        asm_store(a, RSP, F + FRAME_VALUE, RCX);
    kept = asm_here(a);
    asm_load(a, RDX, RSP, F + FRAME_ACCESS);
    asm_load(a, RCX, RSP, 0);
    asm_shift_imm(a, SH_SHR, false, RDX, JIT_ACCESS_FAR);
    asm_shift_imm(a, SH_SHL, false, RDX, SHIFT);
    asm_alu_imm(a, ALU_AND, true, RCX, -(1 << SHIFT));
    asm_alu(a, ALU_SUB, true, RCX, RDX);
    asm_store(a, RSP, F + FRAME_SPARE, RCX);
    asm_rm(a, 0xff, false, 2, RCX, offsetof(JitHead, spill));
    asm_vzeroupper(a);
    asm_lea(a, RDI, ENV, 0);
    asm_mov(a, RSI, RAX);
    if (store) {
        asm_load(a, RDX, RSP, F + FRAME_VALUE);
        asm_rm(a, 0x8b, false, R8, RSP, F + FRAME_ACCESS);
    } else {
        asm_mov(a, RDX, RCX);
        asm_rm(a, 0x8b, false, RCX, RSP, F + FRAME_ACCESS);
    }
    asm_alu_imm(a, ALU_SUB, true, RSP, 8);
    asm_call_far(a, RAX, store ? (const void *)jit_store_slow : (const void *)jit_load_slow);
    asm_alu_imm(a, ALU_ADD, true, RSP, 8);
    asm_load(a, RDX, RSP, F + FRAME_SPARE);
    asm_rm(a, 0xff, false, 4, RDX, offsetof(JitHead, fill));
    return kept;
}

/* The access itself, at rax + rcx. */
static void do_load(Asm *a, unsigned kind)
{
    static const unsigned op[] = {
        X86_OP(0, MAP_0F, 0xb6), X86_OP(0, MAP_0F, 0xb7), 0x8b, 0x8b,
        X86_OP(0, MAP_0F, 0xbe), X86_OP(0, MAP_0F, 0xbf), 0x63, 0x8b,
    };
    bool boxed = kind == (JIT_ACCESS_SIGN | 3);

    asm_rx(a, op[kind], kind >= 3 && !boxed, RAX, RAX, RCX, 0, 0);
    if (boxed) {
        asm_mov_imm(a, RCX, 0xffffffff00000000);
        asm_alu(a, ALU_OR, true, RAX, RCX);
    }
}

static void do_store(Asm *a, unsigned kind)
{
    asm_load(a, RDX, RSP, F + FRAME_VALUE);
    if (kind == 0)
        asm_rx8(a, 0x88, RDX, RAX, RCX, 0);
    else
        asm_rx(a, kind == 1 ? X86_OP(0x66, 0, 0x89) : 0x89, kind == 3, RDX, RAX, RCX, 0, 0);
}

static void write_plain(Jit *j, Asm *a, bool store, unsigned kind, const uint8_t *slow)
{
    j->access[store].plain[kind] = asm_here(a);
    asm_store(a, RSP, F + FRAME_ACCESS, RDX);
    if (store)
        asm_store(a, RSP, F + FRAME_VALUE, RCX);
    count(j, a, offsetof(JitMemCounts, checks));
    x86_tlb_entry(a, RCX, RAX);
    asm_lea(a, RDX, RAX, (int32_t)jit_access_bytes(kind) - 1);
    asm_alu_imm(a, ALU_AND, true, RDX, (int32_t)TARGET_PAGE_MASK);
    asm_rx(a, ALU_CMP << 3 | 3, true, RDX, TLB, RCX, 0, tag(store));
    asm_jcc_to(a, CC_NE, slow);
    asm_rx(a, 0x8b, true, RCX, TLB, RCX, 0, offsetof(TLBEntry, addend));
    count(j, a, offsetof(JitMemCounts, made) + store * sizeof(uint64_t));
    if (store)
        do_store(a, kind);
    else
        do_load(a, kind);
    asm_ret(a);
}

/* d = the window whose number is so far from rsp */
static void window_at(Asm *a, unsigned d, int32_t number)
{
    enum { SHIFT = 5 };
    _Static_assert(sizeof(TLBWindow) == 1 << SHIFT, "windows are found by a shift");

    asm_rm(a, 0x8b, false, d, RSP, number);
    asm_shift_imm(a, SH_SHL, false, d, SHIFT);
    asm_rx(a, 0x8d, true, d, TLB, d, 0, -(int32_t)sizeof(TLBFront));
}

/*
 * A window, whose number was pushed, becomes the page of rax if the TLB has it; rcx and rdx are kept. A window
 * for stores is published before the TLB is looked at again: a thread that marks the page as code marks the TLB
 * first and looks for windows second (tlb_protect_page()). frame: how far away that is, behind the number.
 */
static uint8_t *move(const Jit *j, Asm *a, bool store, int32_t frame, uint8_t *no[2])
{
    asm_store(a, RSP, frame + FRAME_ACCESS, RDX);
    asm_store(a, RSP, frame + FRAME_VALUE, RCX);
    asm_store(a, RSP, frame + FRAME_SPARE, RAX);
    count(j, a, offsetof(JitMemCounts, window_missed) + store * sizeof(uint64_t));
    x86_tlb_entry(a, RCX, RAX);
    asm_mov(a, RDX, RAX);
    asm_alu_imm(a, ALU_AND, true, RDX, (int32_t)TARGET_PAGE_MASK);
    asm_rx(a, ALU_CMP << 3 | 3, true, RDX, TLB, RCX, 0, tag(store));
    no[0] = asm_jcc(a, CC_NE);
    window_at(a, RAX, frame - 8);
    asm_store(a, RAX, offsetof(TLBWindow, page), RDX);
    asm_rx(a, 0x8b, true, RDX, TLB, RCX, 0, offsetof(TLBEntry, addend));
    asm_store(a, RAX, offsetof(TLBWindow, addend), RDX);
    asm_mov_imm(a, RDX, TLB_WINDOW_ROOM);
    if (!store) {
        asm_store(a, RAX, offsetof(TLBWindow, room), RDX);
        return asm_jmp(a);
    }
    asm_rm(a, 0x87, true, RDX, RAX, offsetof(TLBWindow, room)); /* xchg is a barrier */
    asm_load(a, RDX, RAX, offsetof(TLBWindow, page));
    asm_rx(a, ALU_CMP << 3 | 3, true, RDX, TLB, RCX, 0, tag(store));
    uint8_t *moved = asm_jcc(a, CC_E);
    asm_rm(a, 0xc7, true, 0, RAX, offsetof(TLBWindow, room));
    asm_imm32(a, 0);
    no[1] = asm_jmp(a);
    return moved;
}

static void restore(Asm *a, int32_t frame)
{
    asm_load(a, RDX, RSP, frame + FRAME_ACCESS);
    asm_load(a, RCX, RSP, frame + FRAME_VALUE);
}

/* The number goes, too. */
static void ret_number(Asm *a)
{
    asm_byte(a, 0xc2);
    asm_byte(a, 8);
    asm_byte(a, 0);
}

/* For a check that is good for several accesses: carry, and rax is the distance from the page, if the window
 * has moved and 8 bytes are in it. */
static void write_move(Jit *j, Asm *a, bool store)
{
    enum { G = 16 };
    uint8_t *no[2] = { NULL, NULL }, *moved;

    j->access[store].move = asm_here(a);
    moved = move(j, a, store, G, no);
    for (unsigned n = 0; n < ARRAY_SIZE(no); n++) {
        if (no[n])
            asm_aim(a, no[n]);
    }
    asm_alu(a, ALU_XOR, false, RAX, RAX); /* and no carry */
    uint8_t *out = asm_jmp(a);
    asm_aim(a, moved);
    asm_load(a, RAX, RSP, G + FRAME_SPARE);
    asm_alu_imm(a, ALU_AND, false, RAX, (int32_t)TARGET_PAGE_SIZE - 1);
    asm_alu_imm(a, ALU_CMP, false, RAX, TLB_WINDOW_ROOM);
    asm_aim(a, out);
    restore(a, G);
    ret_number(a);
}

/* In front of an access of its own. */
static const uint8_t *write_move_alone(const Jit *j, Asm *a, bool store)
{
    enum { G = 24 };
    const uint8_t *start = asm_here(a);
    uint8_t *no[2] = { NULL, NULL }, *moved = move(j, a, store, G, no);

    asm_aim(a, moved);
    for (unsigned n = 0; n < ARRAY_SIZE(no); n++) {
        if (no[n])
            asm_aim(a, no[n]);
    }
    asm_load(a, RAX, RSP, G + FRAME_SPARE);
    restore(a, G);
    asm_ret(a);
    return start;
}

static void write_moving(Jit *j, Asm *a, bool store, unsigned kind, const uint8_t *move)
{
    j->access[store].moving[kind] = asm_here(a);
    asm_call_to(a, move);
    asm_rm(a, 0x8f, false, 0, RSP, 0); /* pop: the return address to where the number is */
    asm_jmp_to(a, j->access[store].plain[kind]);
}

/*
 * A window that was guessed, whose number was pushed, has missed as often as it may; it becomes the page in rax
 * with the addend in h. If that took long it opens, else it is closed until as many misses as will not matter.
 * rcx and rdx are kept.
 */
static void write_try_window(Jit *j, Asm *a, unsigned h)
{
    enum { MISSES = 8, MISSES_CLOSED = 8192, CYCLES = 256 * MISSES, NUMBER = 8, G = 16 };
    unsigned s = h == RDX ? RCX : RDX;

    j->try_window[h == RDX] = asm_here(a);
    asm_store(a, RSP, G + FRAME_VALUE, RCX);
    asm_store(a, RSP, G + FRAME_ACCESS, RDX);
    window_at(a, s, NUMBER);
    asm_store(a, s, offsetof(TLBWindow, page), RAX);
    asm_store(a, s, offsetof(TLBWindow, addend), h);
    asm_mov(a, RCX, s);
    asm_byte(a, 0x0f); /* rdtsc */
    asm_byte(a, 0x31);
    asm_mov32(a, RDX, RAX);
    asm_alu_load(a, ALU_SUB, false, RDX, RCX, offsetof(TLBWindow, time));
    asm_rm(a, 0x89, false, RAX, RCX, offsetof(TLBWindow, time));
    asm_alu_imm(a, ALU_CMP, false, RDX, CYCLES);
    uint8_t *often = asm_jcc(a, CC_B);
    asm_rm(a, 0xc7, false, 0, RCX, offsetof(TLBWindow, left));
    asm_imm32(a, MISSES - 1);
    asm_rm(a, 0xc7, true, 0, RCX, offsetof(TLBWindow, room));
    asm_imm32(a, TLB_WINDOW_ROOM);
    asm_rm(a, 0xc7, true, 0, TLB, (int32_t)offsetof(TLBFront, any_guess) - (int32_t)sizeof(TLBFront));
    asm_imm32(a, 1);
    uint8_t *opened = asm_jmp(a);
    asm_aim(a, often);
    asm_rm(a, 0xc7, false, 0, RCX, offsetof(TLBWindow, left));
    asm_imm32(a, MISSES_CLOSED - 1);
    asm_rm(a, 0xc7, true, 0, RCX, offsetof(TLBWindow, room));
    asm_imm32(a, 0);
    asm_aim(a, opened);
    restore(a, G);
    ret_number(a);
}

void x86_access_init(Jit *j, Asm *a)
{
    for (unsigned store = 0; store < 2; store++) {
        const uint8_t *slow = write_slow(j, a, store), *move = write_move_alone(j, a, store);

        for (unsigned kind = 0; kind < (store ? JIT_ACCESS_SIGN : JIT_ACCESS_KINDS); kind++) {
            write_plain(j, a, store, kind, slow);
            write_moving(j, a, store, kind, move);
        }
        write_move(j, a, store);
    }
    write_try_window(j, a, RCX);
    write_try_window(j, a, RDX);
}
