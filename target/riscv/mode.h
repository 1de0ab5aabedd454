/*
 * The mode word: everything besides the instruction's bits that decides at translation time what an
 * instruction means. It is part of the key of translation blocks, lives in env->tcg.mode, and is
 * brought up to date by what changes it (riscv_mode_update()), never recomputed at a block lookup.
 *
 * What is rarely looked at or changes often stays out of it and is checked when the instruction
 * runs: frm, mcounteren, the cbo enables of menvcfg and senvcfg, TVM, TW, TSR.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_MODE_H
#define VIREO_TARGET_RISCV_MODE_H

#include "target/riscv/cpu.h"
#include "target/riscv/ext.h"

enum {
    MODE_PRIV_MASK = 3 << 0, /* RISCVPriv */
    MODE_VIRT = 1 << 2,      /* V = 1 */
    MODE_FS = 1 << 3,        /* FS is not Off: floating-point instructions are legal; with V=1 both */
    MODE_VS = 1 << 4,        /* the same for vectors */
    /* With V=1: the first instruction that makes FS (VS) Dirty has two registers to change and is
     * translated so that it does; see riscv_fs_dirty(). */
    MODE_FS_CLEAN = 1 << 5,
    MODE_VS_CLEAN = 1 << 6,
    MODE_CTR = 1 << 28,      /* control transfers are recorded: ctr.h */
    /* Bits 8..15: single-letter extensions that the hart has but misa has switched off. Decoding
     * does not read these bits: riscv_ext_on() answers with them considered. */
    MODE_MISA_OFF_A = 1 << 8,
    MODE_MISA_OFF_B = 1 << 9,
    MODE_MISA_OFF_C = 1 << 10,
    MODE_MISA_OFF_D = 1 << 11,
    MODE_MISA_OFF_F = 1 << 12,
    MODE_MISA_OFF_M = 1 << 13,
    MODE_MISA_OFF_V = 1 << 14,
    MODE_MISA_OFF_H = 1 << 15,
    /* A debug trigger of this hart looks at instructions in this mode: see trigger.h. */
    MODE_TRIGGERS = 1 << 24,
    MODE_LPE = 1 << 16, /* Zicfilp is active: indirect jumps expect a landing pad */
    MODE_ELP = 1 << 17, /* one is expected now: the block is that one instruction */
    MODE_SSE = 1 << 18, /* Zicfiss is active */
};

static inline RISCVPriv mode_priv(uint32_t mode)
{
    return (RISCVPriv)(mode & MODE_PRIV_MASK);
}

/* Whether an extension is there and misa has not switched it off. This is the question to ask when
 * an instruction is translated. Without C (EXT_ZCA) jump targets must be multiples of 4. */
static inline bool riscv_ext_on(const CPURISCVState *env, RISCVExt ext)
{
    return (env->ext_on[ext / 64] >> (ext % 64)) & 1;
}

/* Recomputes env->tcg.mode from priv, virt, mstatus, misa. Whoever changes one of those calls it. */
void riscv_mode_update(CPURISCVState *env);

/*
 * A floating-point instruction that writes an f register or fflags calls this: FS becomes Dirty.
 * The mode word does not change (FS is not Off, or the instruction would not have been legal), so
 * the block goes on. SD is derived when mstatus is read. In a guest vsstatus.FS is Dirty already:
 * while it was not, MODE_FS_CLEAN had the translator put op_dirty_first() in the instruction's place.
 */
static inline void riscv_fs_dirty(CPURISCVState *env)
{
    env->mstatus |= 3ULL << 13;
}

/* The same for VS and what writes a vector register or a vector CSR. */
static inline void riscv_vs_dirty(CPURISCVState *env)
{
    env->mstatus |= 3ULL << 9;
}

#endif
