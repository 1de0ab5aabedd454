/*
 * Smepmp: every row of the table of MML, by accesses that M and S make; locking; and state enables.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define MSECCFG "0x747"
#define MML 1ul
#define MMWP 2ul
#define RLB 4ul
#define R 1
#define W 2
#define X 4
#define NAPOT 0x18
#define TOR 8
#define LOCK 0x80

static u8 page[4096] __attribute__((aligned(4096)));
extern char __text_end[];

static u64 nothing(u64 a)
{
    return a;
}

static void set_cfg(unsigned i, u64 cfg)
{
    u64 v = csr_read("pmpcfg0");
    csr_write("pmpcfg0", (v & ~(0xfful << 8 * i)) | cfg << 8 * i);
}

static unsigned cfg_of(unsigned i)
{
    return csr_read("pmpcfg0") >> 8 * i & 0xff;
}

/* Which of load, store and fetch a mode may make in the page, as R, W, X; every refusal is an access
 * fault. */
static unsigned rights(unsigned mode)
{
    static const u64 causes[] = { 5, 7, 1 };
    u64 a = (u64)page;
    unsigned r = 0;

    for (unsigned i = 0; i < 3; i++) {
        hart()->trap.cause = ~0ul;
        if (i == 0) {
            load_as(mode, a + 512);
        } else if (i == 1) {
            store_as(mode, a + 512, 0);
        } else if (mode == MODE_M) {
            ((u64 (*)(u64))a)(5);
        } else {
            run_in(mode, (u64 (*)(u64))a, 5);
        }
        if (hart()->trap.cause == ~0ul) {
            r |= 1u << i;
        } else {
            CHECK_EQ(hart()->trap.cause, causes[i]);
        }
    }
    return r;
}

/* L R W X as the specification writes them; what M may; what S and U may. */
static const u8 table[16][2] = {
    { 0, 0 }, { 0, X }, { R | W, R }, { R | W, R | W },
    { 0, R }, { 0, R | X }, { 0, R | W }, { 0, R | W | X },
    { 0, 0 }, { X, 0 }, { X, X }, { R | X, X },
    { R, 0 }, { R | X, 0 }, { R | W, 0 }, { R, R },
};

static void test_table(void)
{
    for (unsigned row = 0; row < 16; row++) {
        u64 cfg = NAPOT | (row & 8 ? LOCK : 0) | (row & 4 ? R : 0) | (row & 2 ? W : 0) |
                  (row & 1 ? X : 0);
        set_cfg(0, cfg);
        CHECK_EQ(cfg_of(0), cfg);
        sfence_all();
        CHECK_EQ(rights(MODE_M), table[row][0]);
        CHECK_EQ(rights(MODE_S), table[row][1]);
        CHECK_EQ(rights(MODE_U), table[row][1]);
    }
    set_cfg(0, 0);
}

/* Where no entry matches: S nothing, M data only; with MMWP M would lose the devices too. */
static void test_no_match(void)
{
    set_cfg(0, 0);
    sfence_all();
    CHECK_EQ(rights(MODE_M), R | W);
    CHECK_EQ(rights(MODE_S), 0);
}

static void test_sticky(void)
{
    csr_write(MSECCFG, 0);
    CHECK_EQ(csr_read(MSECCFG), MML); /* RLB was cleared, MML stays */
    /* The text's entry is locked: RLB cannot come back, and nothing executable can be added for M. */
    csr_write(MSECCFG, MML | RLB);
    CHECK_EQ(csr_read(MSECCFG), MML);
    set_cfg(6, LOCK | NAPOT | X);
    CHECK_EQ(cfg_of(6), 0);
    set_cfg(6, LOCK | NAPOT | R);
    CHECK_EQ(cfg_of(6), LOCK | NAPOT | R);
    set_cfg(6, 0);
    CHECK_EQ(cfg_of(6), LOCK | NAPOT | R);
    csr_write("pmpaddr6", 0x1234);
    CHECK_EQ(csr_read("pmpaddr6"), 0);
}

static u64 touch_senvcfg(u64 arg)
{
    csr_write(SENVCFG, arg);
    return csr_read(SENVCFG);
}

static u64 touch_sstateen(u64 arg)
{
    csr_write("0x10c", arg);
    csr_write("0x10f", arg);
    return csr_read("0x10c") | csr_read("0x10f");
}

static void test_stateen(void)
{
    CHECK_EQ(csr_read("0x30c"), 0);
    EXPECT_TRAP(2, csr_write("0x310", 0)); /* there are four */
    hart()->trap.count = 0;
    run_in(MODE_S, touch_senvcfg, 1);
    CHECK_EQ(hart()->trap.count, 2);
    CHECK_EQ(hart()->trap.cause, 2);
    csr_write("0x30c", 1ul << 62);
    EXPECT_NO_TRAP(CHECK_EQ(run_in(MODE_S, touch_senvcfg, 1), 1));
    hart()->trap.count = 0;
    run_in(MODE_S, touch_sstateen, 0);
    CHECK_EQ(hart()->trap.count, 4);
    csr_write("0x30c", 1ul << 63);
    csr_write("0x30f", 1ul << 63);
    EXPECT_NO_TRAP(run_in(MODE_S, touch_sstateen, 0));
    hart()->trap.count = 0;
    run_in(MODE_S, touch_senvcfg, 1);
    CHECK_EQ(hart()->trap.count, 2);
}

int main(void)
{
    u64 a = (u64)page;
    u8 *from = (u8 *)nothing;

    csr_write("pmpaddr15", ~0ul);
    csr_write("pmpcfg2", (u64)(NAPOT | R | W | X) << 56);
    test_stateen();

    for (unsigned i = 0; i < 64; i++) {
        page[i] = from[i];
    }
    __asm__ volatile("fence.i");
    CHECK_EQ(csr_read(MSECCFG), 0);
    csr_write(MSECCFG, RLB);
    /* The text for both, read by M, executed by both; everything else is shared data (W and X). */
    csr_write("pmpaddr0", a >> 2 | 0x1ff);
    csr_write("pmpaddr1", 0x80000000ul >> 2);
    csr_write("pmpaddr2", (u64)__text_end >> 2);
    csr_write("pmpaddr3", a >> 2);
    csr_write("pmpaddr4", (a + 4096) >> 2);
    csr_write("pmpaddr5", ~0ul);
    csr_write("pmpcfg2", 0);
    set_cfg(2, LOCK | TOR | R | X);
    csr_write(MSECCFG, RLB | MML);
    set_cfg(2, LOCK | TOR | W | X);
    set_cfg(3, TOR | W | X);
    set_cfg(5, TOR | W | X);
    sfence_all();
    test_table();
    test_no_match();
    test_sticky();
    pass();
}
