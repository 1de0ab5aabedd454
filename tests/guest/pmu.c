/*
 * Performance counters: exact counts, filtering by mode, overflow and its interrupt.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define LCOFI (1ul << 13)
#define OF (1ul << 63)
#define MINH (1ul << 62)
#define SINH (1ul << 61)
#define UINH (1ul << 60)
#define CYCLES 1ul
#define INSTRUCTIONS 2ul
#define DTLB_READ_MISS 0x10019ul
#define DTLB_WRITE_MISS 0x1001bul
#define ITLB_MISS 0x10021ul
#define SCOUNTOVF "0xda0"

static volatile u64 n_taken, taken_count, taken_ovf;

static void note(u64 cause)
{
    CHECK_EQ(cause, IRQ | 13);
    taken_count = csr_read("mhpmcounter3");
    taken_ovf = csr_read(SCOUNTOVF);
    csr_clear("mip", LCOFI);
    n_taken++;
}

static void quiet(void)
{
    csr_write("mhpmevent3", 0);
    csr_write("mhpmevent4", 0);
    csr_write(MCOUNTINHIBIT, 0);
    csr_write("mie", 0);
    csr_write("mideleg", 0);
    csr_clear("mip", LCOFI);
    csr_clear("mstatus", MSTATUS_MIE | MSTATUS_SIE);
    n_taken = 0;
    hart()->on_irq = note;
}

static void test_registers(void)
{
    quiet();
    csr_write("mhpmevent3", INSTRUCTIONS | OF | MINH | SINH | UINH);
    CHECK_EQ(csr_read("mhpmevent3"), INSTRUCTIONS | OF | MINH | SINH | UINH);
    CHECK_EQ(csr_read(SCOUNTOVF), 1ul << 3);
    /* An event that nothing counts leaves the field, but not the other bits. */
    csr_write("mhpmevent3", 0x12345);
    CHECK_EQ(csr_read("mhpmevent3"), INSTRUCTIONS);
    CHECK_EQ(csr_read(SCOUNTOVF), 0);
    csr_set("mie", LCOFI);
    CHECK_EQ(csr_read("mie"), LCOFI);
    csr_write("mideleg", LCOFI);
    CHECK_EQ(csr_read("mideleg") & ~0x1444ul, LCOFI); /* but for what H delegates always */
    CHECK_EQ(csr_read("sie"), LCOFI);
    csr_set("mip", LCOFI);
    CHECK_EQ(csr_read("sip"), LCOFI);
    csr_clear("sip", LCOFI);
    CHECK_EQ(csr_read("mip") & LCOFI, 0);
    csr_write("mideleg", 0);
    CHECK_EQ(csr_read("sie"), 0);
}

static void test_instructions(void)
{
    u64 a, b, c, d;

    quiet();
    csr_write("mhpmevent3", INSTRUCTIONS);
    csr_write("mhpmcounter3", 0);
    __asm__ volatile("csrr %0, minstret\n csrr %1, mhpmcounter3\n"
                     "li t0, 1000\n 1: addi t0, t0, -1\n bnez t0, 1b\n"
                     "csrr %2, mhpmcounter3\n csrr %3, minstret"
                     : "=r"(a), "=r"(b), "=r"(c), "=r"(d) : : "t0", "memory");
    CHECK_EQ(d - a, 2004);
    CHECK_EQ(c - b, 2002);
    /* It stands while it is inhibited. */
    csr_write(MCOUNTINHIBIT, 1 << 3);
    a = csr_read("mhpmcounter3");
    b = csr_read("mhpmcounter3");
    CHECK_EQ(a, b);
}

static u64 spin(u64 n)
{
    for (u64 i = 0; i < n; i++) {
        __asm__ volatile("nop");
    }
    return 0;
}

static void test_filters(void)
{
    static const struct {
        unsigned mode;
        u64 bit;
    } modes[] = { { MODE_S, SINH }, { MODE_U, UINH } };
    u64 before, delta;

    quiet();
    csr_write("mhpmevent3", INSTRUCTIONS | MINH);
    before = csr_read("mhpmcounter3");
    spin(1000);
    CHECK_EQ(csr_read("mhpmcounter3"), before);
    for (unsigned i = 0; i < 2; i++) {
        /* All of the mode's, little else. */
        csr_write("mhpmevent3", INSTRUCTIONS | MINH);
        csr_write("mhpmcounter3", 0);
        run_in(modes[i].mode, spin, 10000);
        delta = csr_read("mhpmcounter3");
        CHECK(delta >= 30000 && delta < 60000);
        /* Each filter for itself. */
        csr_write("mhpmevent3", INSTRUCTIONS | MINH | modes[i].bit);
        csr_write("mhpmcounter3", 0);
        run_in(modes[i].mode, spin, 10000);
        CHECK_EQ(csr_read("mhpmcounter3"), 0);
        csr_write("mhpmevent3", INSTRUCTIONS | modes[i].bit);
        csr_write("mhpmcounter3", 0);
        run_in(modes[i].mode, spin, 10000);
        CHECK(csr_read("mhpmcounter3") < 5000);
        /* Cycles of one mode are part of all. */
        csr_write("mhpmevent3", CYCLES | MINH);
        csr_write("mhpmevent4", CYCLES);
        csr_write("mhpmcounter3", 0);
        csr_write("mhpmcounter4", 0);
        run_in(modes[i].mode, spin, 10000);
        u64 part = csr_read("mhpmcounter3"), all = csr_read("mhpmcounter4");
        CHECK(part > 0 && part < all);
    }
}

static void test_instruction_overflow(void)
{
    static const u64 after[] = { 10, 1000, 50000, 3000000 };

    for (unsigned i = 0; i < 4; i++) {
        quiet();
        csr_write("mhpmevent3", INSTRUCTIONS);
        csr_write("mhpmcounter3", -after[i]);
        csr_set("mie", LCOFI);
        csr_set("mstatus", MSTATUS_MIE);
        while (!n_taken) {
        }
        /* Within the block where it happens; far away the host's timer may come late. */
        CHECK(taken_count < (after[i] > 1000000 ? OF : 1000));
        CHECK_EQ(taken_ovf, 1ul << 3);
        CHECK_EQ(csr_read("mhpmevent3"), INSTRUCTIONS | OF);
        /* Once, until OF is cleared. */
        csr_write("mhpmcounter3", -10ul);
        spin(100);
        CHECK_EQ(n_taken, 1);
        CHECK(csr_read("mhpmcounter3") < 10000);
        csr_write("mhpmcounter3", -10ul);
        csr_clear("mhpmevent3", OF);
        spin(100);
        CHECK_EQ(n_taken, 2);
    }
}

static void test_cycle_overflow(void)
{
    quiet();
    csr_write("mhpmevent3", CYCLES);
    csr_write("mhpmcounter3", -2000000ul); /* 2 ms */
    csr_set("mie", LCOFI);
    csr_set("mstatus", MSTATUS_MIE);
    while (!n_taken) {
    }
    CHECK(taken_count < OF); /* past it, however late the host's timer was */
    /* The hart may sleep meanwhile. */
    csr_clear("mhpmevent3", OF); /* first: an overflow while it is set is not told */
    csr_write("mhpmcounter3", -2000000ul);
    while (n_taken < 2) {
        __asm__ volatile("wfi");
    }
    /* Reading shows it at once, whoever is to be told. */
    csr_clear("mie", LCOFI);
    csr_clear("mhpmevent3", OF);
    csr_write("mhpmcounter3", -1000ul);
    while (csr_read("mhpmcounter3") >> 63) {
    }
    CHECK_EQ(csr_read(SCOUNTOVF), 1ul << 3);
    CHECK_EQ(csr_read("mip") & LCOFI, LCOFI);
}

static u8 pages[64 * 4096] __attribute__((aligned(4096)));

static void test_misses(void)
{
    u64 reads, writes;

    quiet();
    csr_write("mhpmevent3", DTLB_READ_MISS);
    csr_write("mhpmevent4", DTLB_WRITE_MISS);
    for (unsigned i = 0; i < 64; i++) {
        st8((u64)pages + 4096 * i, 1);
    }
    sfence_all();
    reads = csr_read("mhpmcounter3");
    writes = csr_read("mhpmcounter4");
    for (unsigned i = 0; i < 64; i++) {
        ld8((u64)pages + 4096 * i);
    }
    reads = csr_read("mhpmcounter3") - reads;
    writes = csr_read("mhpmcounter4") - writes;
    CHECK(reads >= 64 && reads < 80);
    CHECK(writes < 16);
    sfence_all();
    writes = csr_read("mhpmcounter4");
    for (unsigned i = 0; i < 64; i++) {
        st8((u64)pages + 4096 * i, 1);
    }
    writes = csr_read("mhpmcounter4") - writes;
    CHECK(writes >= 64 && writes < 80);
    /* Overflow at the miss itself. */
    csr_write("mhpmcounter3", -32ul);
    csr_set("mie", LCOFI);
    csr_set("mstatus", MSTATUS_MIE);
    sfence_all();
    for (unsigned i = 0; i < 64 && !n_taken; i++) {
        ld8((u64)pages + 4096 * i);
    }
    CHECK_EQ(n_taken, 1);
    CHECK(taken_count < 4);
    quiet();
    csr_write("mhpmevent3", ITLB_MISS);
    csr_write("mhpmcounter3", 0);
    sfence_all();
    spin(10);
    CHECK(csr_read("mhpmcounter3") >= 1);
}

static volatile u64 s_taken, s_ovf;

static void note_s(u64 cause)
{
    CHECK_EQ(cause, IRQ | 13);
    s_ovf = csr_read(SCOUNTOVF);
    csr_clear("sip", LCOFI);
    s_taken++;
}

static u64 wait_in_s(u64 n)
{
    csr_set("sie", LCOFI);
    csr_set("sstatus", MSTATUS_SIE);
    while (s_taken < n) {
    }
    csr_clear("sstatus", MSTATUS_SIE);
    return csr_read(SCOUNTOVF);
}

/* As Linux uses it: delegated, M not counted, OF seen through mcounteren. */
static void test_delegated(void)
{
    quiet();
    s_taken = 0;
    hart()->on_irq = note_s;
    csr_write("mideleg", LCOFI);
    csr_write("mcounteren", 1 << 3);
    csr_write("mhpmevent3", INSTRUCTIONS | MINH);
    csr_write("mhpmcounter3", -20000ul);
    CHECK_EQ(run_in(MODE_S, wait_in_s, 1), 1 << 3);
    CHECK_EQ(s_ovf, 1 << 3);
    csr_write("mcounteren", 0);
    csr_write("mhpmcounter3", -20000ul);
    csr_clear("mhpmevent3", OF);
    CHECK_EQ(run_in(MODE_S, wait_in_s, 2), 0);
    CHECK_EQ(csr_read(SCOUNTOVF), 1 << 3);
    csr_write("mideleg", 0);
}

int main(void)
{
    test_registers();
    test_instructions();
    test_filters();
    test_instruction_overflow();
    test_cycle_overflow();
    test_misses();
    test_delegated();
    pass();
}
