/*
 * -accel tcg,verify=on: whatever compiled code did is done again by the interpreter, and compared.
 *
 * Compiled code runs first, and for real: with its own way to memory, which is what is to be tested.
 * Before it writes to a page for the first time, the page is copied; what devices answer is noted. It
 * comes out by itself, or after so many jumps back. Then the interpreter runs as many instructions from
 * the state that compiled code began with, on a copy of the vCPU (the shadow): it sees the copies of
 * pages, writes to them only, and is given the devices' answers again. What is then in the shadow and the
 * copies must be in the vCPU and in memory.
 *
 * The machine itself is never taken back, so devices notice nothing. One vCPU runs at a time. What a
 * device wrote to memory meanwhile, or code that was dropped, makes a run that cannot be compared.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_VERIFY_H
#define VIREO_ACCEL_TCG_JIT_VERIFY_H

#include "accel/tcg/jit/jit.h"

#define VERIFY_PAGES 64
#define VERIFY_ACCESSES 64
#define VERIFY_TRAIL 16

typedef struct VerifyPage {
    uint8_t *host;      /* of the page itself */
    uint64_t ram_addr;  /* for the report */
    uint8_t copy[TARGET_PAGE_SIZE] __attribute__((aligned(16))); /* for atomics of 16 bytes */
} VerifyPage;

/* An access that went to a device. */
typedef struct VerifyAccess {
    hwaddr pa;
    uint64_t value;
    MemTxResult result;
    uint8_t size;
    bool store;
} VerifyAccess;

struct Verify {
    TCGCPU shadow_cpu;   /* c->env is the shadow */
    CPUArchState *shadow;
    TLBEntry *no_entries;
    struct JumpCache *no_blocks;
    sigjmp_buf unwind;
    GString *wrong;      /* what differs; empty: nothing yet */
    const char *lost;    /* why this run cannot be repeated; NULL: it can */
    unsigned n_pages, n_accesses, access_at;
    unsigned n_trail;    /* blocks that the interpreter has come to */
    TranslationBlock *trail[VERIFY_TRAIL];
    uint32_t random;
    VerifyAccess access[VERIFY_ACCESSES];
    VerifyPage page[VERIFY_PAGES];
    uint64_t n_runs, n_verified, n_lost; /* runs, instructions compared, runs not compared */
};

/* ---- verify-report.c ---- */
/* Tells the user what is wrong with the run of so many instructions that began at tb, and ends the machine. */
void verify_report(TCGCPU *c, const TranslationBlock *tb, uint64_t insns);

#endif
