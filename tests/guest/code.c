/*
 * Code that changes: written and run on one hart, in the block being run, beside data, through
 * another mapping, and by one hart for another.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define RET 0x00008067u

static u32 code[2048] __attribute__((aligned(8192)));

static u32 li_a0(u32 v)
{
    return v << 20 | 0x513; /* addi a0, zero, v */
}

static u64 call(const void *f)
{
    return ((u64 (*)(u64))f)(0);
}

static void fence_i(void)
{
    __asm__ volatile("fence.i" : : : "memory");
}

static void test_rewrite(void)
{
    for (u32 i = 0; i < 500; i++) {
        code[0] = li_a0(i);
        code[1] = RET;
        fence_i();
        CHECK_EQ(call(code), i);
    }
    /* Half of an instruction; across a page border. */
    u32 *edge = (u32 *)((u64)code + 4094);
    for (u32 i = 0; i < 100; i++) {
        *(u16 *)edge = (u16)li_a0(i);
        *((u16 *)edge + 1) = (u16)(li_a0(i) >> 16);
        *(u32 *)((u64)edge + 4) = RET;
        fence_i();
        CHECK_EQ(call(edge), i);
    }
}

/* A loop whose code and data share a page: data writes must neither break nor freeze it. */
static void test_data_beside_code(void)
{
    u32 *data = &code[512];

    code[0] = 0x0005a503; /* lw a0, 0(a1) */
    code[1] = 0x00150513; /* addi a0, a0, 1 */
    code[2] = 0x00a5a023; /* sw a0, 0(a1) */
    code[3] = 0xfff60613; /* addi a2, a2, -1 */
    code[4] = 0xfe0618e3; /* bnez a2, -16 */
    code[5] = RET;
    fence_i();
    *data = 0;
    ((u64 (*)(u64, u64, u64))code)(0, (u64)data, 20000);
    CHECK_EQ(*data, 20000);
}

/* Stores to the instruction after next in the very block, then fence.i. */
static void test_own_block(void)
{
    code[0] = 0x00b52423; /* sw a1, 8(a0) */
    code[1] = 0x0000100f; /* fence.i */
    code[2] = 0;
    code[3] = RET;
    for (u32 i = 0; i < 50; i++) {
        fence_i();
        u64 r = ((u64 (*)(u64, u64))code)((u64)code, li_a0(i));
        CHECK_EQ(r, i);
        code[2] = li_a0(0x7ff);
    }
}

/* The same page at two virtual addresses: written through one, run through the other. */
static void test_alias(void)
{
    u64 flags = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
    u64 *root = pt_new(3, flags), va = 0x1200000000;

    *pt_entry(root, 3, va, 0) = pte((u64)code, flags);
    csr_write("satp", pt_satp(root, 3, 0));
    sfence_all();
    for (u32 i = 0; i < 50; i++) {
        code[0] = li_a0(i);
        code[1] = RET;
        fence_i();
        CHECK_EQ(run_in(MODE_S, (u64 (*)(u64))va, 0), i);
        /* And to another page under the same address. */
        code[1024] = li_a0(i + 1000);
        code[1025] = RET;
        *pt_entry(root, 3, va, 0) = pte((u64)&code[1024], flags);
        __asm__ volatile("sfence.vma\nfence.i" : : : "memory");
        CHECK_EQ(run_in(MODE_S, (u64 (*)(u64))va, 0), i + 1000);
        *pt_entry(root, 3, va, 0) = pte((u64)code, flags);
        sfence_all();
    }
    csr_write("satp", 0);
}

static volatile u64 turn, answer;

/* Runs the code each time it is told to, after a fence.i of its own. */
void other_hart(u64 id)
{
    if (id != 1) {
        return;
    }
    for (u64 n = 1; n <= 1000; n++) {
        while (turn != n) {
            pause();
        }
        fence();
        fence_i();
        answer = call(code);
        fence();
        turn = 0;
    }
}

static void test_other_hart(void)
{
    for (u64 n = 1; n <= 1000; n++) {
        code[0] = li_a0((u32)n);
        code[1] = RET;
        fence();
        turn = n;
        while (turn) {
            pause();
        }
        fence();
        CHECK_EQ(answer, n);
    }
}

int main(void)
{
    test_rewrite();
    test_data_beside_code();
    test_own_block();
    test_alias();
    test_other_hart();
    return 0;
}
