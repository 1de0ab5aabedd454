/*
 * x86-64 instructions: prefixes, ModRM, SIB, displacements. Intel SDM volume 2, chapter 2.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/asm.h"

#include <string.h>

#define LONGEST 16 /* bytes of an instruction, at most */

/* Once for each instruction: if there is no room left for one, what follows is written over the start. */
static inline void begin(Asm *a)
{
    if (__builtin_expect(a->end - a->p < LONGEST, 0)) {
        a->full = true;
        a->p = a->start;
    }
}

/* Within an instruction. */
static inline void put8(Asm *a, unsigned byte)
{
    *a->p++ = (uint8_t)byte;
}

static inline void put32(Asm *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}

static inline void put64(Asm *a, uint64_t v)
{
    memcpy(a->p, &v, 8);
    a->p += 8;
}

void asm_byte(Asm *a, unsigned byte)
{
    begin(a);
    put8(a, byte);
}

void asm_imm32(Asm *a, uint32_t v)
{
    begin(a);
    put32(a, v);
}

void asm_imm64(Asm *a, uint64_t v)
{
    begin(a);
    put64(a, v);
}

void asm_push_imm(Asm *a, int8_t v)
{
    begin(a);
    put8(a, 0x6a);
    put8(a, (uint8_t)v);
}

void asm_ret(Asm *a)
{
    asm_byte(a, 0xc3);
}

void asm_vzeroupper(Asm *a)
{
    begin(a);
    put8(a, 0xc5);
    put8(a, 0xf8);
    put8(a, 0x77);
}

/* Prefixes and opcode. force: a REX prefix even if it would be empty. */
static inline void opcode(Asm *a, unsigned op, bool w, unsigned reg, unsigned index, unsigned base,
                          bool force)
{
    unsigned rex = 0x40 | w << 3 | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1);
    unsigned map = op >> 8 & 0xff;
    uint8_t *p;

    begin(a);
    p = a->p; /* bytes may alias anything, so a->p itself would be loaded and stored for each */
    if (op >> 16)
        *p++ = (uint8_t)(op >> 16);
    if (rex != 0x40 || force)
        *p++ = (uint8_t)rex;
    if (map) {
        *p++ = 0x0f;
        if (map != MAP_0F)
            *p++ = map == MAP_0F38 ? 0x38 : 0x3a;
    }
    *p++ = (uint8_t)op;
    a->p = p;
}

static inline void modrm(Asm *a, unsigned mod, unsigned reg, unsigned rm)
{
    put8(a, mod << 6 | (reg & 7) << 3 | (rm & 7));
}

static inline int32_t biased(const Asm *a, unsigned base, int32_t disp)
{
    return base == RBP ? disp - a->bias : disp;
}

static inline unsigned disp_mod(unsigned base, int32_t disp)
{
    if (!disp && (base & 7) != RBP)
        return 0;
    return disp == (int8_t)disp ? 1 : 2;
}

static inline void displacement(Asm *a, unsigned mod, int32_t disp)
{
    if (mod == 1)
        put8(a, (uint8_t)disp);
    else if (mod == 2)
        put32(a, (uint32_t)disp);
}

void asm_rr(Asm *a, unsigned op, bool w, unsigned reg, unsigned rm)
{
    opcode(a, op, w, reg, 0, rm, false);
    modrm(a, 3, reg, rm);
}

void asm_rr8(Asm *a, unsigned op, unsigned reg, unsigned rm)
{
    opcode(a, op, false, reg, 0, rm, true);
    modrm(a, 3, reg, rm);
}

void asm_rm(Asm *a, unsigned op, bool w, unsigned reg, unsigned base, int32_t disp)
{
    disp = biased(a, base, disp);
    unsigned mod = disp_mod(base, disp);

    opcode(a, op, w, reg, 0, base, false);
    modrm(a, mod, reg, base);
    if ((base & 7) == RSP)
        put8(a, 0x24);
    displacement(a, mod, disp);
}

static void memory_x(Asm *a, unsigned reg, unsigned base, unsigned index, unsigned scale,
                     int32_t disp)
{
    disp = biased(a, base, disp);
    unsigned mod = disp_mod(base, disp);

    modrm(a, mod, reg, 4);
    put8(a, scale << 6 | (index & 7) << 3 | (base & 7));
    displacement(a, mod, disp);
}

void asm_rx(Asm *a, unsigned op, bool w, unsigned reg, unsigned base, unsigned index,
            unsigned scale, int32_t disp)
{
    opcode(a, op, w, reg, index, base, false);
    memory_x(a, reg, base, index, scale, disp);
}

void asm_rx8(Asm *a, unsigned op, unsigned reg, unsigned base, unsigned index, int32_t disp)
{
    opcode(a, op, false, reg, index, base, true);
    memory_x(a, reg, base, index, 0, disp);
}

void asm_rip(Asm *a, unsigned op, bool w, unsigned reg, const void *where, unsigned tail)
{
    opcode(a, op, w, reg, 0, 0, false);
    modrm(a, 0, reg, 5);
    put32(a, (uint32_t)((const uint8_t *)where - (asm_here(a) + 4 + tail)));
}

/* The three-byte form; index and base: registers of the operand in memory. */
static void vex(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned index, unsigned base)
{
    unsigned prefix = op >> 16 & 0xff, pp = prefix == 0x66 ? 1 : prefix == 0xf3 ? 2 : prefix ? 3 : 0;

    begin(a);
    put8(a, 0xc4);
    put8(a, (~reg >> 3 & 1) << 7 | (~index >> 3 & 1) << 6 | (~base >> 3 & 1) << 5 |
                (op >> 8 & 0xff));
    put8(a, w << 7 | (~v & 15) << 3 | (op & X86_L ? 4u : 0u) | pp);
    put8(a, op & 0xff);
}

void asm_vex_rr(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned rm)
{
    vex(a, op, w, reg, v, 0, rm);
    modrm(a, 3, reg, rm);
}

void asm_vex_rm(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned base, int32_t disp)
{
    disp = biased(a, base, disp);
    unsigned mod = disp_mod(base, disp);

    vex(a, op, w, reg, v, 0, base);
    modrm(a, mod, reg, base);
    if ((base & 7) == RSP)
        put8(a, 0x24);
    displacement(a, mod, disp);
}

void asm_vex_rx(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned base,
                unsigned index, int32_t disp)
{
    vex(a, op, w, reg, v, index, base);
    memory_x(a, reg, base, index, 0, disp);
}

void asm_vex_rip(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, const void *where)
{
    vex(a, op, w, reg, v, 0, 0);
    modrm(a, 0, reg, 5);
    put32(a, (uint32_t)((const uint8_t *)where - (asm_here(a) + 4)));
}

/* EVEX, for registers from 16 on; no mask. memory: rm is a base register. */
static void evex(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned rm, bool memory)
{
    unsigned prefix = op >> 16 & 0xff, pp = prefix == 0x66 ? 1 : prefix == 0xf3 ? 2 : prefix ? 3 : 0;
    unsigned x = memory ? 1 : ~rm >> 4 & 1;

    begin(a);
    put8(a, 0x62);
    put8(a, (~reg >> 3 & 1) << 7 | x << 6 | (~rm >> 3 & 1) << 5 | (~reg >> 4 & 1) << 4 | (op >> 8 & 7));
    put8(a, w << 7 | (~v & 15) << 3 | 4 | pp);
    put8(a, (op & X86_L ? 1u << 5 : 0) | (~v >> 4 & 1) << 3);
    put8(a, op & 0xff);
    modrm(a, memory ? 2 : 3, reg & 15, rm & 15);
}

void asm_ymm_op(Asm *a, unsigned op, bool w, unsigned reg, unsigned v, unsigned rm)
{
    if (reg < 16 && v < 16 && rm < 16)
        asm_vex_rr(a, op, w, reg, v, rm);
    else
        evex(a, op, w, reg, v, rm, false);
}

void asm_ymm(Asm *a, unsigned l, unsigned d, unsigned s)
{
    if (d == s)
        return;
    if (d < 16 && s < 16)
        asm_vex_rr(a, X86_OP(0x66, MAP_0F, 0x6f) | (l ? X86_L : 0), false, d, 0, s);
    else
        evex(a, X86_OP(0xf3, MAP_0F, 0x6f) | (l ? X86_L : 0), true, d, 0, s, false);
}

void asm_ymm_mem(Asm *a, unsigned byte, unsigned l, unsigned reg, unsigned base, int32_t disp)
{
    if (reg < 16) {
        asm_vex_rm(a, X86_OP(0xf3, MAP_0F, byte) | (l ? X86_L : 0), false, reg, 0, base, disp);
    } else {
        evex(a, X86_OP(0xf3, MAP_0F, byte) | (l ? X86_L : 0), true, reg, 0, base, true);
        asm_imm32(a, (uint32_t)biased(a, base, disp));
    }
}

void asm_mov(Asm *a, unsigned d, unsigned s)
{
    if (d != s)
        asm_rr(a, 0x8b, true, d, s);
}

void asm_mov32(Asm *a, unsigned d, unsigned s)
{
    asm_rr(a, 0x8b, false, d, s);
}

void asm_mov_imm(Asm *a, unsigned d, uint64_t v)
{
    if (v == (uint32_t)v) {
        opcode(a, 0xb8 | (d & 7), false, 0, 0, d, false);
        put32(a, (uint32_t)v);
    } else if ((int64_t)v == (int32_t)v) {
        asm_rr(a, 0xc7, true, 0, d);
        put32(a, (uint32_t)v);
    } else {
        opcode(a, 0xb8 | (d & 7), true, 0, 0, d, false);
        put64(a, v);
    }
}

void asm_load(Asm *a, unsigned d, unsigned base, int32_t disp)
{
    asm_rm(a, 0x8b, true, d, base, disp);
}

void asm_store(Asm *a, unsigned base, int32_t disp, unsigned s)
{
    asm_rm(a, 0x89, true, s, base, disp);
}

void asm_lea(Asm *a, unsigned d, unsigned base, int32_t disp)
{
    if (biased(a, base, disp))
        asm_rm(a, 0x8d, true, d, base, disp);
    else
        asm_mov(a, d, base);
}

void asm_alu(Asm *a, unsigned alu, bool w, unsigned d, unsigned s)
{
    asm_rr(a, alu << 3 | 3, w, d, s);
}

void asm_alu_imm(Asm *a, unsigned alu, bool w, unsigned d, int32_t imm)
{
    if (imm == (int8_t)imm) {
        asm_rr(a, 0x83, w, alu, d);
        put8(a, (uint8_t)imm);
    } else {
        asm_rr(a, 0x81, w, alu, d);
        put32(a, (uint32_t)imm);
    }
}

void asm_alu_load(Asm *a, unsigned alu, bool w, unsigned d, unsigned base, int32_t disp)
{
    asm_rm(a, alu << 3 | 3, w, d, base, disp);
}

void asm_alu_mem_imm(Asm *a, unsigned alu, bool w, unsigned base, int32_t disp, int32_t imm)
{
    if (imm == (int8_t)imm) {
        asm_rm(a, 0x83, w, alu, base, disp);
        put8(a, (uint8_t)imm);
    } else {
        asm_rm(a, 0x81, w, alu, base, disp);
        put32(a, (uint32_t)imm);
    }
}

void asm_shift_imm(Asm *a, unsigned sh, bool w, unsigned d, unsigned n)
{
    asm_rr(a, 0xc1, w, sh, d);
    put8(a, n);
}

void asm_shift_cl(Asm *a, unsigned sh, bool w, unsigned d)
{
    asm_rr(a, 0xd3, w, sh, d);
}

void asm_test_al(Asm *a, uint8_t mask)
{
    begin(a);
    put8(a, 0xa8);
    put8(a, mask);
}

void asm_setcc(Asm *a, unsigned cc, unsigned d)
{
    asm_rr8(a, X86_OP(0, MAP_0F, 0x90 | cc), 0, d);
}

void asm_rorx(Asm *a, unsigned d, unsigned s, unsigned n)
{
    asm_vex_rr(a, X86_OP(0xf2, MAP_0F3A, 0xf0), true, d, 0, s);
    put8(a, n);
}

/* ---- Jumps ---- */

uint8_t *asm_jcc(Asm *a, unsigned cc)
{
    begin(a);
    put8(a, 0x0f);
    put8(a, 0x80 | cc);
    put32(a, 0);
    return a->p - 4;
}

uint8_t *asm_jmp(Asm *a)
{
    begin(a);
    put8(a, 0xe9);
    put32(a, 0);
    return a->p - 4;
}

void asm_aim_at(Asm *a, uint8_t *place, const uint8_t *target)
{
    int32_t distance = (int32_t)(target - (place + a->delta + 4));

    if (!a->full)
        memcpy(place, &distance, 4);
}

void asm_aim(Asm *a, uint8_t *place)
{
    asm_aim_at(a, place, asm_here(a));
}

/* With a distance of 8 bits, if it is that near. */
static bool short_jump(Asm *a, unsigned op, const void *target)
{
    ptrdiff_t distance = (const uint8_t *)target - (asm_here(a) + 2);

    if (distance != (int8_t)distance)
        return false;
    begin(a);
    put8(a, op);
    put8(a, (uint8_t)distance);
    return true;
}

void asm_jcc_to(Asm *a, unsigned cc, const void *target)
{
    if (short_jump(a, 0x70 | cc, target))
        return;
    uint8_t *place = asm_jcc(a, cc);

    asm_aim_at(a, place, target);
}

void asm_jmp_to(Asm *a, const void *target)
{
    if (short_jump(a, 0xeb, target))
        return;
    uint8_t *place = asm_jmp(a);

    asm_aim_at(a, place, target);
}

void asm_call_to(Asm *a, const void *target)
{
    begin(a);
    put8(a, 0xe8);
    put32(a, 0);
    asm_aim_at(a, a->p - 4, target);
}

void asm_call_far(Asm *a, unsigned scratch, const void *target)
{
    asm_mov_imm(a, scratch, (uintptr_t)target);
    asm_rr(a, 0xff, false, 2, scratch);
}
