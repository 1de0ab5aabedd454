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

/* Without a fence.i a loop sees what it has changed in itself late, but not never (Ziccid). */
static void test_without_fence(void)
{
    for (u32 i = 1; i < 20; i++) {
        code[0] = li_a0(0);
        code[1] = 0xfff60613; /* addi a2, a2, -1 */
        code[2] = 0x00061463; /* bnez a2, 8 */
        code[3] = 0x00d5a023; /* sw a3, 0(a1) */
        code[4] = 0xfe0508e3; /* beqz a0, -16 */
        code[5] = RET;
        fence_i();
        u64 got = ((u64 (*)(u64, u64, u64, u64))code)(0, (u64)code, 300 * i, li_a0(i));
        CHECK_EQ(got, i);
    }
    code[0] = RET;
    fence_i();
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

/* Hart 1 does job(turn) whenever turn is not 0, after a fence.i of its own. */
static volatile u64 turn, answer;
static u64 (*volatile job)(u64 n);

void other_hart(u64 id)
{
    if (id != 1) {
        return;
    }
    for (;;) {
        while (!turn) {
            pause();
        }
        fence();
        fence_i();
        answer = job(turn);
        fence();
        turn = 0;
    }
}

static void start_job(u64 (*fn)(u64 n), u64 n)
{
    job = fn;
    fence();
    turn = n;
}

static void end_job(void)
{
    while (turn) {
        pause();
    }
    fence();
}

static u64 call_code(u64 n)
{
    return call(code);
}

static void test_other_hart(void)
{
    for (u64 n = 1; n <= 1000; n++) {
        code[0] = li_a0((u32)n);
        code[1] = RET;
        start_job(call_code, n);
        end_job();
        CHECK_EQ(answer, n);
    }
}

/* As kernels patch themselves: one instruction of code that another hart is running all the time. That
 * one may see it at any moment, and has to once it was told and has executed fence.i. */
static volatile u64 asked, seen;

static u64 run_while_patched(u64 last)
{
    u64 wrong = 0;

    while (seen != last) {
        u64 want = asked;
        if (want != seen) {
            fence();
            fence_i();
            wrong += call(code) != want;
            fence();
            seen = want;
        }
        for (int i = 0; i < 40; i++) {
            u64 v = call(code);
            wrong += v != seen && v != seen + 1;
        }
    }
    return wrong;
}

static void test_patch_running(void)
{
    enum { PATCHES = 100 };

    code[0] = li_a0(0);
    code[1] = RET;
    asked = seen = 0;
    start_job(run_while_patched, PATCHES);
    for (u32 n = 1; n <= PATCHES; n++) {
        *(volatile u32 *)code = li_a0(n);
        fence();
        asked = n;
        while (seen != n) {
            *(volatile u32 *)&code[600] = n; /* and data beside it */
        }
    }
    end_job();
    CHECK_EQ(answer, 0);
}

/* More code than a small cache holds, written again and again, run by both harts at once. */
enum { FUNCTIONS = 4096 };
static u32 many[FUNCTIONS][8] __attribute__((aligned(4096)));

static u64 sum_many(u64 n)
{
    u64 sum = 0;

    for (u64 i = 0; i < 3 * FUNCTIONS; i++) {
        sum += call(many[i * 5 % FUNCTIONS]);
    }
    return sum;
}

static void test_churn(void)
{
    for (u32 round = 0; round < 6; round++) {
        u64 sum = 0;
        for (u32 i = 0; i < FUNCTIONS; i++) {
            many[i][0] = li_a0((i + round) % 1024);
            many[i][1] = RET;
            sum += 3 * ((i + round) % 1024);
        }
        fence_i();
        start_job(sum_many, 1);
        CHECK_EQ(sum_many(1), sum);
        end_job();
        CHECK_EQ(answer, sum);
    }
}

int main(void)
{
    test_rewrite();
    test_data_beside_code();
    test_without_fence();
    test_own_block();
    test_alias();
    test_other_hart();
    test_patch_running();
    test_churn();
    return 0;
}
