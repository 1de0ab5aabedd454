/*
 * Physical memory protection: matching, priority, permissions, locking.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define R 1
#define W 2
#define X 4
#define TOR 8
#define NA4 0x10
#define NAPOT 0x18
#define LOCK 0x80

static u64 area[4096] __attribute__((aligned(32768)));

/* Entries 0 to 7 are the tests', 15 lets the lower modes reach everything else. */
static void set_cfg(unsigned i, u64 cfg)
{
    u64 v = csr_read("pmpcfg0");
    csr_write("pmpcfg0", (v & ~(0xfful << 8 * i)) | cfg << 8 * i);
}

static void reset(void)
{
    csr_write("pmpcfg0", 0);
    csr_write("pmpaddr15", ~0ul);
    csr_write("pmpcfg2", (u64)(NAPOT | R | W | X) << 56);
    sfence_all();
}

/* Which of load and store are allowed to S, as R and W. */
static unsigned rights(u64 addr)
{
    unsigned r = 0;

    hart()->trap.cause = ~0ul;
    load_as(MODE_S, addr);
    if (hart()->trap.cause == ~0ul) {
        r |= R;
    } else {
        CHECK_EQ(hart()->trap.cause, 5);
        CHECK_EQ(hart()->trap.tval, addr);
    }
    hart()->trap.cause = ~0ul;
    store_as(MODE_S, addr, 0);
    if (hart()->trap.cause == ~0ul) {
        r |= W;
    } else {
        CHECK_EQ(hart()->trap.cause, 7);
        CHECK_EQ(hart()->trap.tval, addr);
    }
    return r;
}

static void test_napot(void)
{
    u64 a = (u64)area;

    reset();
    for (unsigned order = 3; order <= 14; order++) {
        u64 size = 1ul << order, base = a + (order < 14 ? size : 0);
        csr_write("pmpaddr0", base >> 2 | (size / 8 - 1));
        set_cfg(0, NAPOT | R);
        sfence_all();
        CHECK_EQ(rights(base), R);
        CHECK_EQ(rights(base + size - 8), R);
        CHECK_EQ(rights(base + size), R | W);
        if (base != a) {
            CHECK_EQ(rights(base - 8), R | W);
        }
    }
}

static void test_tor(void)
{
    u64 a = (u64)area;

    reset();
    csr_write("pmpaddr0", (a + 64) >> 2);
    csr_write("pmpaddr1", (a + 128) >> 2);
    set_cfg(1, TOR | R);
    sfence_all();
    CHECK_EQ(rights(a + 56), R | W);
    CHECK_EQ(rights(a + 64), R);
    CHECK_EQ(rights(a + 120), R);
    CHECK_EQ(rights(a + 128), R | W);
    /* A range whose top is not above its bottom matches nothing. */
    csr_write("pmpaddr1", (a + 64) >> 2);
    sfence_all();
    CHECK_EQ(rights(a + 64), R | W);
    csr_write("pmpaddr0", (a + 256) >> 2);
    sfence_all();
    CHECK_EQ(rights(a + 64), R | W);
    /* The bottom of entry 0 is address 0. */
    set_cfg(1, 0);
    csr_write("pmpaddr0", (a + 8) >> 2);
    set_cfg(0, TOR | R);
    sfence_all();
    CHECK_EQ(rights(a), R);
    CHECK_EQ(rights(a + 8), R | W);
}

static void test_na4(void)
{
    u64 a = (u64)area;

    reset();
    csr_write("pmpaddr0", (a + 16) >> 2);
    set_cfg(0, NA4 | R | W | X);
    sfence_all();
    /* An access that an entry matches in part fails, whatever it permits. */
    CHECK_EQ(rights(a + 16), 0);
    CHECK_EQ(rights(a + 12), 0);
    CHECK_EQ(rights(a + 8), R | W);
    CHECK_EQ(rights(a + 24), R | W);
}

static void test_priority(void)
{
    u64 a = (u64)area;

    reset();
    csr_write("pmpaddr0", (a + 64) >> 2 | 7); /* 64 bytes */
    csr_write("pmpaddr1", a >> 2 | 0x1ff);    /* the page */
    set_cfg(0, NAPOT | R | W);
    set_cfg(1, NAPOT);
    sfence_all();
    CHECK_EQ(rights(a + 64), R | W);
    CHECK_EQ(rights(a), 0);
    CHECK_EQ(rights(a + 128), 0);
    set_cfg(0, NAPOT);
    set_cfg(1, NAPOT | R | W);
    sfence_all();
    CHECK_EQ(rights(a + 64), 0);
    CHECK_EQ(rights(a), R | W);
}

static u64 nothing(u64 a)
{
    return a;
}

static void test_permissions(void)
{
    u64 a = (u64)area;
    u8 *code = (u8 *)area;

    for (unsigned i = 0; i < 64; i++) {
        code[i] = ((u8 *)nothing)[i];
    }
    __asm__ volatile("fence.i");
    reset();
    csr_write("pmpaddr0", a >> 2 | 0x1ff);
    for (unsigned p = 0; p < 8; p++) {
        if ((p & (R | W)) == W) {
            continue; /* reserved */
        }
        set_cfg(0, NAPOT | p);
        sfence_all();
        CHECK_EQ(rights(a + 512), p & (R | W));
        hart()->trap.cause = ~0ul;
        run_in(MODE_S, (u64 (*)(u64))a, 5);
        CHECK_EQ(hart()->trap.cause, p & X ? ~0ul : 1);
    }
    /* M-mode is not bound by an entry that is not locked. */
    set_cfg(0, NAPOT);
    EXPECT_NO_TRAP(ld64(a); st64(a + 1024, 1));
}

static u64 load_here(u64 addr)
{
    return ld64(addr);
}

static void test_no_match(void)
{
    u64 a = (u64)area;

    /* Only the code, the stacks and the hart's data are open; the rest fails in S, not in M. */
    reset();
    csr_write("pmpcfg2", 0);
    csr_write("pmpaddr0", a >> 2);
    csr_write("pmpaddr1", (a + 4096) >> 2);
    csr_write("pmpaddr2", ~0ul >> 10);
    csr_write("pmpcfg0", (u64)(TOR | R | W | X) << 16 | (TOR | R | W | X));
    sfence_all();
    EXPECT_TRAP_AT(5, a + 8, run_in(MODE_S, load_here, a + 8));
    EXPECT_NO_TRAP(ld64(a + 8));
    EXPECT_NO_TRAP(run_in(MODE_S, load_here, a + 4096));
}

static void test_registers(void)
{
    reset();
    csr_write("pmpaddr3", ~0ul);
    CHECK_EQ(csr_read("pmpaddr3") & ~0ul >> 10, ~0ul >> 10); /* 56 bits of address */
    csr_write("pmpaddr3", 0x123);
    CHECK_EQ(csr_read("pmpaddr3"), 0x123);
    set_cfg(3, 0x60 | NAPOT | R); /* bits 5 and 6 are 0 */
    CHECK_EQ(csr_read("pmpcfg0") >> 24 & 0xff, NAPOT | R);
    set_cfg(3, 0);
    EXPECT_TRAP(2, csr_read("0x3a1")); /* odd pmpcfg are not there in RV64 */
}

/* There are 16 entries or 64; the registers of the others read as zero or do not exist. */
static void test_number(void)
{
    u64 a = (u64)area;

    reset();
    hart()->trap.cause = ~0ul;
    csr_write("pmpaddr63", ~0ul);
    if (hart()->trap.cause != ~0ul) {
        CHECK_EQ(hart()->trap.cause, 2);
        EXPECT_TRAP(2, csr_write("pmpaddr16", 0));
        EXPECT_TRAP(2, csr_write("0x3a4", 0));
        return;
    }
    if (!csr_read("pmpaddr63")) {
        csr_write("pmpaddr16", ~0ul);
        CHECK_EQ(csr_read("pmpaddr16"), 0);
        return;
    }
    csr_write("0x3ae", (u64)(NAPOT | R | W | X) << 56); /* pmpcfg14: entries 56 to 63 */
    csr_write("pmpcfg2", 0); /* entry 63 does entry 15's work, behind 40 */
    csr_write("pmpaddr40", a >> 2 | 0x1ff);
    csr_write("0x3aa", NAPOT | R);
    sfence_all();
    CHECK_EQ(rights(a), R);
    CHECK_EQ(rights(a + 4096), R | W);
    csr_write("0x3aa", 0);
    csr_write("0x3ae", 0);
}

/* Locked entries stay until reset, so this comes last. */
static void test_lock(void)
{
    u64 a = (u64)area;

    reset();
    csr_write("pmpaddr1", a >> 2 | 0x1ff);
    set_cfg(1, LOCK | NAPOT | R);
    sfence_all();
    EXPECT_NO_TRAP(ld64(a));
    EXPECT_TRAP_AT(7, a, st64(a, 1));
    csr_write("pmpaddr1", 0);
    CHECK_EQ(csr_read("pmpaddr1"), a >> 2 | 0x1ff);
    set_cfg(1, 0);
    CHECK_EQ(csr_read("pmpcfg0") >> 8 & 0xff, LOCK | NAPOT | R);
    csr_write("pmpaddr0", 5); /* not the bottom of a locked TOR */
    CHECK_EQ(csr_read("pmpaddr0"), 5);
    csr_write("pmpaddr3", (a + 4096) >> 2);
    csr_write("pmpaddr4", (a + 8192) >> 2);
    set_cfg(4, LOCK | TOR);
    csr_write("pmpaddr3", 0);
    CHECK_EQ(csr_read("pmpaddr3"), (a + 4096) >> 2);
    sfence_all();
    EXPECT_TRAP_AT(5, a + 4096, ld64(a + 4096));
    EXPECT_NO_TRAP(ld64(a + 8192));
}

int main(void)
{
    test_registers();
    test_napot();
    test_tor();
    test_na4();
    test_priority();
    test_permissions();
    test_no_match();
    test_number();
    test_lock();
    return 0;
}
