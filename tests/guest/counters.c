/*
 * cycle and instret by mode, exactly (Smcntrpmf), and counters that M gives away (Smcdeleg, Ssccfg).
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define MCYCLECFG "0x321"
#define MINSTRETCFG "0x322"
#define SCOUNTINHIBIT "0x120"
#define SCOUNTOVF "0xda0"
#define SISELECT "0x150"
#define SIREG "0x151"
#define SIREG2 "0x152"
#define VSISELECT "0x250"
#define MSTATUS_MPV (1ul << 39)
#define OF (1ul << 63)
#define MINH (1ul << 62)
#define SINH (1ul << 61)
#define UINH (1ul << 60)
#define VSINH (1ul << 59)
#define VUINH (1ul << 58)
#define ALL (MINH | SINH | UINH | VSINH | VUINH)
#define CDE (1ul << 60)
#define INSTRUCTIONS 2ul
#define ILLEGAL 2
#define VIRTUAL 22
#define NONE (~0ul)

enum { U, S, VU, VS };
static const u64 inhibit[] = { UINH, SINH, VUINH, VSINH };

static u64 run_as(unsigned who, u64 (*fn)(u64), u64 arg)
{
    csr_clear("mstatus", MSTATUS_MPV);
    if (who >= VU)
        csr_set("mstatus", MSTATUS_MPV);
    return run_in(who & 1 ? MODE_S : MODE_U, fn, arg);
}

/* As many instructions, and one that raises an exception at the place `trap` (-1: none); then ret, and
 * in leave_mode li, which is two, and an ecall that does not retire. */
static u32 stub[64] __attribute__((aligned(256)));
#define LEAVES 3

static void make_stub(unsigned n, int trap)
{
    for (unsigned i = 0; i < n; i++)
        stub[i] = (int)i == trap ? 0xffffffff : 0x00000013;
    stub[n] = 0x00008067;
    __asm__ volatile("fence.i" : : : "memory");
}

static u64 count(unsigned who, u64 filter)
{
    csr_write(MINSTRETCFG, filter);
    csr_write("minstret", 0);
    run_as(who, (u64 (*)(u64))stub, 0);
    return csr_read("minstret");
}

static void test_exact(void)
{
    for (unsigned who = U; who <= VS; who++) {
        for (unsigned n = 0; n < 40; n++) {
            u64 all, mine, rest;

            make_stub(n, -1);
            mine = count(who, ALL & ~inhibit[who]);
            CHECK_EQ(mine, n + LEAVES);
            all = count(who, 0);
            rest = count(who, inhibit[who]);
            CHECK_EQ(all, mine + rest);
            CHECK_EQ(count(who, ALL & ~MINH), rest);
            CHECK_EQ(count(who, ALL), 0);
            /* One that raises an exception does not retire, wherever it stands; m_trap goes on after it. */
            for (unsigned at = 0; at < n; at += 13) {
                make_stub(n, (int)at);
                CHECK_EQ(count(who, ALL & ~inhibit[who]), n + LEAVES - 1);
            }
        }
    }
    /* A write is what the next instruction reads, and stands while M is left out. */
    csr_write(MINSTRETCFG, MINH);
    csr_write("minstret", 77);
    CHECK_EQ(csr_read("minstret"), 77);
    CHECK_EQ(csr_read("minstret"), 77);
    csr_write(MINSTRETCFG, 0);
    csr_write("minstret", 77);
    CHECK_EQ(csr_read("minstret"), 77);
}

/* With -icount shift=0 a cycle is an instruction. */
static bool cycle_is_insn(void)
{
    u64 c, i, c2, i2;

    c = csr_read("mcycle");
    i = csr_read("minstret");
    for (volatile u64 n = 0; n < 3000; n++) {
    }
    c2 = csr_read("mcycle");
    i2 = csr_read("minstret");
    return c2 - c == i2 - i;
}

static u64 spin(u64 n)
{
    for (u64 i = 0; i < n; i++)
        __asm__ volatile("nop");
    return 0;
}

static void test_cycles(void)
{
    bool lockstep = cycle_is_insn();
    u64 a;

    csr_write(MCYCLECFG, MINH);
    a = csr_read("mcycle");
    spin(1000);
    CHECK_EQ(csr_read("mcycle"), a);
    for (unsigned who = U; who <= VS; who++) {
        u64 mine, other;

        csr_write(MCYCLECFG, ALL & ~inhibit[who]);
        csr_write(MINSTRETCFG, ALL & ~inhibit[who]);
        csr_write("mcycle", 0);
        csr_write("minstret", 0);
        run_as(who, spin, 20000);
        mine = csr_read("mcycle");
        other = csr_read("minstret");
        CHECK(mine > 0);
        CHECK(other >= 60000 && other < 60100);
        if (lockstep)
            CHECK(mine <= other + 2 && other <= mine + 2);
        csr_write(MCYCLECFG, ALL);
        csr_write("mcycle", 5);
        run_as(who, spin, 1000);
        CHECK_EQ(csr_read("mcycle"), 5);
    }
    csr_write(MCYCLECFG, ~0ul);
    CHECK_EQ(csr_read(MCYCLECFG), ALL);
    csr_write(MINSTRETCFG, ~0ul);
    CHECK_EQ(csr_read(MINSTRETCFG), ALL);
    csr_write(MCYCLECFG, 0);
    csr_write(MINSTRETCFG, 0);
}

/* ---- Delegation ---- */

static void expect(unsigned who, u32 insn, u64 cause, int line)
{
    stub[0] = insn;
    stub[1] = 0x00008067;
    __asm__ volatile("fence.i" : : : "memory");
    hart()->trap.count = 0;
    hart()->trap.cause = NONE;
    run_as(who, (u64 (*)(u64))stub, 0);
    if (hart()->trap.cause != cause)
        fail_at(__FILE__, line, "cause", hart()->trap.cause, cause);
}
#define EXPECT(who, insn, cause) expect(who, insn, cause, __LINE__)
#define CSRR(n) ((u32)(n) << 20 | 0x2573) /* csrr a0, n */

static const u32 windows[] = { 0x151, 0x152, 0x153, 0x155, 0x156, 0x157 };

static void test_who(void)
{
    for (unsigned cde = 0; cde < 2; cde++) {
        for (u64 select = 0x40; select <= 0x5f; select++) {
            u64 n = select - 0x40;

            csr_write(MENVCFG, cde ? CDE : 0);
            csr_write(SISELECT, select);
            csr_write(VSISELECT, select);
            for (unsigned given = 0; given < 2; given++) {
                csr_write("mcounteren", given ? ~0ul : 0);
                for (unsigned i = 0; i < 6; i++) {
                    bool there = cde && given && n != 1 && n < 19 && i < 2;

                    EXPECT(S, CSRR(windows[i]), there ? NONE : ILLEGAL);
                    EXPECT(U, CSRR(windows[i]), ILLEGAL);
                    EXPECT(VS, CSRR(windows[i]), cde ? VIRTUAL : ILLEGAL);
                    EXPECT(VU, CSRR(windows[i]), VIRTUAL);
                    EXPECT(S, CSRR(windows[i] + 0x100), ILLEGAL);
                    EXPECT(VS, CSRR(windows[i] + 0x100), VIRTUAL);
                    EXPECT(VU, CSRR(windows[i] + 0x100), VIRTUAL);
                }
            }
        }
        EXPECT(S, CSRR(0x120), cde ? NONE : ILLEGAL);
        EXPECT(U, CSRR(0x120), ILLEGAL);
        EXPECT(VS, CSRR(0x120), cde ? VIRTUAL : ILLEGAL);
        EXPECT(VU, CSRR(0x120), cde ? VIRTUAL : ILLEGAL);
        EXPECT(S, CSRR(0xda0), NONE);
        EXPECT(VS, CSRR(0xda0), cde ? VIRTUAL : NONE);
        EXPECT(VU, CSRR(0xda0), VIRTUAL);
        if (!cde) {
            EXPECT_TRAP(ILLEGAL, csr_read(SCOUNTINHIBIT));
            EXPECT_TRAP(ILLEGAL, csr_read(SIREG));
        }
    }
}

#define DELEGATED (1ul << 2 | 1ul << 3 | 1ul << 5)

static u64 in_s(u64 arg)
{
    u64 a, b;

    csr_write(SCOUNTINHIBIT, ~0ul);
    CHECK_EQ(csr_read(SCOUNTINHIBIT), DELEGATED);
    csr_write(SISELECT, 0x43);
    csr_write(SIREG2, INSTRUCTIONS | ALL | OF);
    CHECK_EQ(csr_read(SIREG2), INSTRUCTIONS | (ALL & ~MINH) | OF);
    CHECK_EQ(csr_read(SCOUNTOVF), 1ul << 3);
    csr_write(SIREG2, INSTRUCTIONS | OF);
    csr_write(SIREG, 1000);
    CHECK_EQ(csr_read(SIREG), 1000);
    CHECK_EQ(csr_read("hpmcounter3"), 1000);
    csr_clear(SCOUNTINHIBIT, 1ul << 3);
    a = csr_read("hpmcounter3");
    b = csr_read(SIREG);
    CHECK_EQ(b - a, 1);
    csr_set(SCOUNTINHIBIT, 1ul << 3);
    csr_write(SISELECT, 0x42);
    csr_clear(SCOUNTINHIBIT, 1ul << 2);
    csr_write(SIREG, 5000);
    a = csr_read("instret");
    b = csr_read(SIREG);
    CHECK_EQ(a, 5000);
    CHECK_EQ(b, 5001);
    csr_write(SIREG2, SINH);
    CHECK_EQ(csr_read(SIREG2), SINH);
    a = csr_read(SIREG);
    CHECK_EQ(csr_read(SIREG), a);
    csr_write(SIREG2, 0);
    csr_clear(SCOUNTINHIBIT, ~0ul);
    return arg + 1;
}

static void test_delegated(void)
{
    csr_write(MENVCFG, CDE);
    csr_write("mcounteren", DELEGATED);
    csr_write(MCOUNTINHIBIT, 1ul << 0 | 1ul << 4);
    csr_write("mhpmevent3", MINH);
    csr_write(MINSTRETCFG, MINH);
    CHECK_EQ(run_in(MODE_S, in_s, 8), 9);
    CHECK_EQ(csr_read(MCOUNTINHIBIT), 1ul << 0 | 1ul << 4);
    CHECK_EQ(csr_read("mhpmevent3"), INSTRUCTIONS | OF | MINH);
    CHECK_EQ(csr_read(MINSTRETCFG), MINH);
    csr_write(MCOUNTINHIBIT, 0);
    csr_write(MINSTRETCFG, 0);
    csr_write(MENVCFG, 0);
}

/* ---- The overflow interrupt as M makes it up for S, and the hypervisor for its guest ---- */

#define LCOFI (1ul << 13)

static void test_virtual_lcofi(void)
{
    csr_write("mideleg", 0);
    csr_write("0x308", LCOFI); /* mvien */
    csr_write("0x309", LCOFI); /* mvip */
    CHECK_EQ(csr_read("0x309") & LCOFI, LCOFI);
    CHECK_EQ(csr_read("sip") & LCOFI, LCOFI);
    csr_set("sie", LCOFI);
    CHECK_EQ(csr_read("sie") & LCOFI, LCOFI);
    CHECK_EQ(csr_read("0xdb0") >> 16, 13); /* stopi */
    csr_clear("sip", LCOFI);
    CHECK_EQ(csr_read("0x309") & LCOFI, 0);
    CHECK_EQ(csr_read("0xdb0"), 0);
    csr_clear("sie", LCOFI);
    csr_write("0x308", 0);

    /* hideleg takes what S has been given, and not for longer. */
    csr_write("0x603", LCOFI);
    CHECK_EQ(csr_read("0x603"), 0);
    for (unsigned real = 0; real < 2; real++) {
        if (real)
            csr_write("mideleg", LCOFI);
        else
            csr_write("0x308", LCOFI);
        csr_write("0x603", LCOFI);
        CHECK_EQ(csr_read("0x603"), LCOFI);
        csr_write("0x204", LCOFI);
        CHECK_EQ(csr_read("sie"), LCOFI);
        if (real)
            csr_set("mip", LCOFI);
        else
            csr_write("0x309", LCOFI);
        CHECK_EQ(csr_read("0x244"), LCOFI);
        CHECK_EQ(csr_read("sip"), LCOFI);
        CHECK_EQ(csr_read("0xdb0"), 0);
        CHECK_EQ(csr_read("0xeb0") >> 16, 13);
        csr_clear("0x244", LCOFI);
        CHECK_EQ(csr_read("sip"), 0);
        CHECK_EQ(csr_read("0xeb0"), 0);
        csr_clear("sie", LCOFI);
        CHECK_EQ(csr_read("0x204"), 0);
        csr_write("0x308", 0);
        csr_write("mideleg", 0);
        CHECK_EQ(csr_read("0x603"), 0);
    }

    csr_write("0x608", LCOFI); /* hvien */
    csr_write("0x645", LCOFI); /* hvip */
    CHECK_EQ(csr_read("0x244"), LCOFI); /* vsip */
    csr_write("0x204", LCOFI); /* vsie */
    CHECK_EQ(csr_read("0x204"), LCOFI);
    CHECK_EQ(csr_read("0xeb0") >> 16, 13); /* vstopi */
    csr_clear("0x244", LCOFI);
    CHECK_EQ(csr_read("0x645"), 0);
    CHECK_EQ(csr_read("0xeb0"), 0);
    csr_write("0x204", 0);
    csr_write("0x608", 0);
}

int main(void)
{
    csr_write("0x30c", ~0ul); /* mstateen0 */
    csr_write("0x60c", ~0ul); /* hstateen0 */
    csr_write("0x606", ~0ul); /* hcounteren */
    test_exact();
    test_cycles();
    test_who();
    test_delegated();
    test_virtual_lcofi();
    return 0;
}
