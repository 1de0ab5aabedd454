/*
 * NOR flash: identified, programmed and erased; code that runs from it, is replaced and runs again,
 * while the other hart runs from the other bank all the time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define BANK0 0x20000000ul
#define BANK1 0x22000000ul
#define SECTOR 0x40000ul
#define READY 0x00800080u
#define ROUNDS 100

typedef u64 code_fn(u64);

static volatile u64 go, stop, calls;

static void command(u64 bank, u32 cmd)
{
    st32(bank, cmd | cmd << 16);
}

static void program(u64 addr, u32 value)
{
    u64 bank = addr & ~(BANK1 - BANK0 - 1);

    command(bank, 0x40);
    st32(addr, value);
    CHECK_EQ(ld32(addr), READY);
    command(bank, 0xff);
    CHECK_EQ(ld32(addr), value);
}

static void program_buffered(u64 addr, const u32 *words, u32 n)
{
    u64 bank = addr & ~(BANK1 - BANK0 - 1);

    st32(addr, 0x00e800e8);
    CHECK_EQ(ld32(addr), READY);
    st32(addr, (n - 1) | (n - 1) << 16);
    for (u32 i = 0; i < n; i++) {
        st32(addr + 4 * i, words[i]);
    }
    st32(addr, 0x00d000d0);
    CHECK_EQ(ld32(addr), READY);
    command(bank, 0xff);
}

static void erase(u64 addr)
{
    u64 bank = addr & ~(BANK1 - BANK0 - 1);

    st32(addr, 0x00200020);
    st32(addr, 0x00d000d0);
    CHECK_EQ(ld32(addr), READY);
    command(bank, 0xff);
    CHECK_EQ(ld32(addr), 0xffffffffu);
}

static void test_identify(void)
{
    for (u64 bank = BANK0; bank <= BANK1; bank += BANK1 - BANK0) {
        command(bank, 0x90);
        CHECK_EQ(ld32(bank), 0x00890089u);
        CHECK_EQ(ld32(bank + 4), 0x00180018u);
        command(bank, 0x98);
        CHECK_EQ(ld32(bank + 0x10 * 4), 0x00510051u);
        CHECK_EQ(ld32(bank + 0x27 * 4), 0x00180018u);
        command(bank, 0xff);
    }
    /* Each bank is in a mode of its own. */
    command(BANK0, 0x70);
    CHECK_EQ(ld32(BANK0), READY);
    CHECK_EQ(ld32(BANK1), 0);
    command(BANK0, 0xff);
    CHECK_EQ(ld32(BANK0), 0);
}

/* Calls code in the second bank, which never changes. */
void other_hart(u64 id)
{
    while (!go) {
        pause();
    }
    fence();
    for (u64 n = 0; !stop; n++) {
        CHECK_EQ(((code_fn *)BANK1)(n), n + 5);
        calls++;
    }
    fence();
    stop = 2;
    for (;;) {
        pause();
    }
}

/* addi a0, a0, n; ret */
static u32 add_insn(u32 n)
{
    return n << 20 | 10 << 15 | 10 << 7 | 0x13;
}

#define RET 0x00008067u

static void test_code(void)
{
    u64 at = BANK0 + 3 * SECTOR;

    for (u32 n = 1; n <= ROUNDS; n++) {
        if (n & 1) {
            erase(at);
            program(at, add_insn(n));
            program(at + 4, RET);
        } else {
            u32 words[2] = { add_insn(n), RET };
            program_buffered(at, words, 2);
        }
        __asm__ volatile("fence.i" : : : "memory");
        for (u64 i = 0; i < 50; i++) {
            CHECK_EQ(((code_fn *)at)(i), i + n);
        }
    }
    CHECK_EQ(ld32(at + SECTOR), 0);
    CHECK_EQ(ld32(at - 4), 0);
}

/* Words of every size, and across two. */
static void test_sizes(void)
{
    u64 at = BANK0 + 8 * SECTOR;

    erase(at);
    st32(at, 0x40);
    st16(at + 2, 0x1234);
    st32(at, 0x40);
    st8(at + 1, 0x56);
    st32(at, 0x40);
    st64(at + 8, 0x1122334455667788ul);
    command(BANK0, 0xff);
    CHECK_EQ(ld32(at), 0x123456ffu);
    CHECK_EQ(ld64(at + 8), 0x1122334455667788ul);
    CHECK_EQ(ld32(at + 12), 0x11223344u);
}

/* An atomic operation needs memory that can be written. */
static void test_atomic(void)
{
    hart()->trap.count = 0;
    __asm__ volatile("amoadd.w zero, %0, (%1)" : : "r"(1), "r"(BANK0) : "memory");
    CHECK_EQ(hart()->trap.count, 1);
    CHECK_EQ(hart()->trap.cause, 7);
}

int main(void)
{
    u64 before;

    test_identify();
    program(BANK1, add_insn(5));
    program(BANK1 + 4, RET);
    __asm__ volatile("fence.i" : : : "memory");
    go = 1;
    fence();
    test_code();
    test_sizes();
    test_atomic();
    before = calls;
    while (calls == before) {
        pause();
    }
    stop = 1;
    while (stop != 2) {
        pause();
    }
    pass();
}
