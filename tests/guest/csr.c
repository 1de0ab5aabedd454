/*
 * Control and status registers: what they hold after any write, which exist, counters.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

/* What is left of all ones and of zero. */
#define CHECK_WARL(csr, ones, zero)                                           \
    do {                                                                      \
        u64 saved_ = csr_read(csr);                                           \
        csr_write(csr, ~0ul);                                                 \
        CHECK_EQ(csr_read(csr), ones);                                        \
        csr_write(csr, 0);                                                    \
        CHECK_EQ(csr_read(csr), zero);                                        \
        csr_write(csr, saved_);                                               \
    } while (0)

static void test_identity(void)
{
    CHECK_EQ(csr_read("mhartid"), 0);
    CHECK_EQ(csr_read("misa") >> 62, 2);
    CHECK_EQ(csr_read("misa") & 0x14112d, 0x14112d); /* A C D F I M S U */
    EXPECT_TRAP(2, csr_write("mvendorid", 0));
    EXPECT_TRAP(2, csr_write("mhartid", 0));
    EXPECT_NO_TRAP((void)csr_read("marchid"); (void)csr_read("mimpid"); (void)csr_read("0xf15"));
    EXPECT_TRAP(2, csr_read("0x3c0 + 0x30")); /* beyond pmpaddr63 */
    EXPECT_TRAP(2, csr_read("0x7ff"));
    EXPECT_TRAP(2, csr_read("0xc80")); /* cycleh is for RV32 */
    EXPECT_TRAP(2, csr_read("0x5a9")); /* beside scontext */
}

static void test_scratch(void)
{
    csr_write("mscratch", 0x0123456789abcdef);
    CHECK_EQ(csr_swap("mscratch", ~0ul), 0x0123456789abcdef);
    csr_write("mscratch", hart());
    CHECK_WARL("sscratch", ~0ul, 0);
    CHECK_WARL("mtval", ~0ul, 0);
    CHECK_WARL("stval", ~0ul, 0);
    CHECK_WARL("mepc", ~1ul, 0);
    CHECK_WARL("sepc", ~1ul, 0);
    csr_write("sscratch", 0xf0);
    csr_set("sscratch", 0x0f);
    CHECK_EQ(csr_read("sscratch"), 0xff);
    csr_clear("sscratch", 0x3c);
    CHECK_EQ(csr_read("sscratch"), 0xc3);
    u64 old;
    __asm__ volatile("csrrwi %0, sscratch, 21" : "=r"(old));
    CHECK_EQ(old, 0xc3);
    __asm__ volatile("csrrsi %0, sscratch, 10" : "=r"(old));
    CHECK_EQ(old, 21);
    __asm__ volatile("csrrci %0, sscratch, 1" : "=r"(old));
    CHECK_EQ(old, 31);
    CHECK_EQ(csr_read("sscratch"), 30);
    csr_write("sscratch", hart());
}

static void test_mstatus(void)
{
    u64 saved = csr_read("mstatus");

    csr_write("mstatus", 0);
    CHECK_EQ(csr_read("mstatus"), 0xaul << 32); /* UXL and SXL are 64 */
    CHECK_EQ(csr_read("sstatus"), 2ul << 32);
    csr_write("mstatus", ~0ul & ~MSTATUS_MPRV & ~MSTATUS_MIE & ~MSTATUS_SIE);
    u64 s = csr_read("mstatus");
    CHECK_EQ(s >> 32 & 0xf, 0xa);
    CHECK_EQ(s & 0x7e79a0, 0x7c79a0 | (s & 0x20000)); /* TSR TW TVM MXR SUM FS MPP SPP MPIE SPIE */
    CHECK_EQ(s & MSTATUS_SD, MSTATUS_SD);
    CHECK_EQ(s & 0x55, 0); /* reserved, U-mode interrupts, UBE */
    CHECK_EQ(s & (3 << 15), 0); /* XS */
    s = csr_read("sstatus");
    CHECK_EQ(s & ~(3ul << 9), MSTATUS_SD | 2ul << 32 | MSTATUS_MXR | MSTATUS_SUM | MSTATUS_FS |
             MSTATUS_SPP | MSTATUS_SPIE);
    csr_write("sstatus", 0);
    s = csr_read("mstatus");
    CHECK_EQ(s & MSTATUS_MPP, MSTATUS_MPP); /* out of its reach */
    CHECK_EQ(s & MSTATUS_TVM, MSTATUS_TVM);
    CHECK_EQ(s & (MSTATUS_MXR | MSTATUS_SUM | MSTATUS_FS), 0);
    csr_write("mstatus", saved);
}

static void test_vectors(void)
{
    csr_write("stvec", 0x80001235);
    CHECK_EQ(csr_read("stvec"), 0x80001235);
    csr_write("stvec", 0x80002000);
    CHECK_EQ(csr_read("stvec"), 0x80002000);
    csr_write("stvec", 0x80004002); /* a mode that does not exist */
    CHECK_EQ(csr_read("stvec") & 2, 0);
    csr_write("stvec", s_vector);
}

static void test_satp(void)
{
    csr_write("satp", SATP_SV39 | 0xfffful << 44 | ~0ul >> 20);
    CHECK_EQ(csr_read("satp"), SATP_SV39 | 0xfffful << 44 | ~0ul >> 20);
    csr_write("satp", 0);
    CHECK_EQ(csr_read("satp"), 0);
    csr_write("satp", 15ul << 60 | 5);
    CHECK_EQ(csr_read("satp"), 0);
}

static void test_interrupt_enables(void)
{
    st64(CLINT_MTIMECMP(0), ~0ul);
    csr_write("mideleg", ~0ul);
    CHECK_EQ(csr_read("mideleg") & 0xbbb, 0x222);
    csr_write("mie", ~0ul);
    CHECK_EQ(csr_read("mie") & 0xaaa, 0xaaa);
    CHECK_EQ(csr_read("sie") & 0xaaa, 0x222);
    csr_write("sie", 0);
    CHECK_EQ(csr_read("mie") & 0xaaa, 0x888);
    csr_write("mie", 0);
    csr_write("mip", ~0ul);
    CHECK_EQ(csr_read("mip") & 0xaaa, 0x222);
    csr_write("mip", 0);
    CHECK_EQ(csr_read("mip") & 0xaaa, 0);
    csr_write("mideleg", 0);
    csr_write("mcounteren", ~0ul);
    csr_write("scounteren", ~0ul);
    CHECK_EQ(csr_read("mcounteren") & 7, 7); /* which hpmcounters there are is free */
    CHECK_EQ(csr_read("mcounteren") >> 32, 0);
    CHECK_EQ(csr_read("mcounteren"), csr_read("scounteren"));
}

static u64 set_medeleg(u64 v)
{
    csr_write("medeleg", v);
    v = csr_read("medeleg");
    csr_write("medeleg", 0);
    return v;
}

/* ---- Counters ---- */

static void test_instret(void)
{
    u64 a, b;

    /* Each instruction counts once. */
    __asm__ volatile(".align 2\ncsrr %0, instret\nnop\nnop\nnop\ncsrr %1, instret"
                     : "=&r"(a), "=&r"(b));
    CHECK_EQ(b - a, 4);
    __asm__ volatile("csrr %0, minstret\nli t0, 1000\n1: addi t0, t0, -1\nbnez t0, 1b\n"
                     "csrr %1, minstret" : "=&r"(a), "=&r"(b) : : "t0");
    CHECK_EQ(b - a, 2002);
    /* A write is not followed by the writing instruction's own increment. */
    __asm__ volatile("csrw minstret, zero\ncsrr %0, minstret" : "=r"(a));
    CHECK_EQ(a, 0);
    __asm__ volatile("csrw minstret, %1\nnop\ncsrr %0, minstret" : "=r"(a) : "r"(-1ul));
    CHECK_EQ(a, 0);
    /* An instruction that traps does not retire: the handler's own are the same for both. */
    csr_write(MCOUNTINHIBIT, 4);
    a = csr_read("minstret");
    __asm__ volatile("nop; nop");
    CHECK_EQ(csr_read("minstret"), a);
    csr_write(MCOUNTINHIBIT, 0);
}

static void test_cycle(void)
{
    u64 a = csr_read("mcycle"), b = csr_read("mcycle");

    CHECK(b > a);
    csr_write("mcycle", 1ul << 40);
    a = csr_read("cycle");
    CHECK(a >= 1ul << 40 && a < (1ul << 40) + 100000000);
    csr_write(MCOUNTINHIBIT, 1);
    a = csr_read("mcycle");
    CHECK_EQ(csr_read("mcycle"), a);
    csr_write(MCOUNTINHIBIT, 0);
    CHECK_EQ(csr_read(MCOUNTINHIBIT), 0);
    a = csr_read("time");
    while (csr_read("time") == a) {
    }
    EXPECT_TRAP(2, csr_write("time", 0));
}

int main(void)
{
    test_identity();
    test_scratch();
    test_mstatus();
    test_vectors();
    test_satp();
    test_interrupt_enables();
    CHECK_EQ(set_medeleg(~0ul) & 0xb3ff, 0xb3ff);
    CHECK_EQ(set_medeleg(~0ul) & (1 << 11 | 1 << 14), 0);
    test_instret();
    test_cycle();
    return 0;
}
