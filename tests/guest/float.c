/*
 * Floating point seen from the system: FS, fcsr, rounding modes that do not exist, NaN boxing, flags
 * across traps and modes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define FS_OFF 0ul
#define FS_INITIAL (1ul << 13)
#define FS_CLEAN (2ul << 13)
#define FS_DIRTY (3ul << 13)

static void set_fs(u64 fs)
{
    csr_clear("mstatus", MSTATUS_FS);
    csr_set("mstatus", fs);
}

static u64 get_fs(void)
{
    u64 s = csr_read("mstatus");
    CHECK_EQ(s >> 63, (s & MSTATUS_FS) == FS_DIRTY);
    return s & MSTATUS_FS;
}

static u64 get_fa0(void)
{
    u64 v;
    __asm__ volatile("fmv.x.d %0, fa0" : "=r"(v));
    return v;
}

#define SET(reg, bits) __asm__ volatile("fmv.d.x " #reg ", %0" : : "r"((u64)(bits)))
#define ASM(text) __asm__ volatile(".option push\n.option norvc\n" text "\n.option pop" : : : "memory")

static void test_off(void)
{
    static u64 word;

    set_fs(FS_OFF);
    CHECK_EQ(get_fs(), FS_OFF);
    EXPECT_TRAP_AT(2, 0x02b57553, ASM("fadd.d fa0, fa0, fa1"));
    EXPECT_TRAP(2, ASM("fmv.x.w zero, fa0"));
    EXPECT_TRAP(2, __asm__ volatile("fld fa0, 0(%0)" : : "r"(&word)));
    EXPECT_TRAP(2, __asm__ volatile("fsw fa0, 0(%0)" : : "r"(&word)));
    EXPECT_TRAP(2, INSN16(0x2108)); /* c.fld fa0, 0(a0) */
    EXPECT_TRAP(2, csr_read("fcsr"));
    EXPECT_TRAP(2, csr_write("frm", 0));
    EXPECT_TRAP(2, csr_read("fflags"));
}

static void test_dirty(void)
{
    static u64 word;

    set_fs(FS_CLEAN);
    EXPECT_NO_TRAP(ASM("fmv.x.d zero, fa0"); (void)csr_read("fcsr"));
    EXPECT_NO_TRAP(__asm__ volatile("fsd fa0, 0(%0)" : : "r"(&word)));
    CHECK_EQ(get_fs(), FS_CLEAN);
    EXPECT_NO_TRAP(ASM("fsgnj.d fa0, fa0, fa0"));
    CHECK_EQ(get_fs(), FS_DIRTY);
    set_fs(FS_INITIAL);
    EXPECT_NO_TRAP(__asm__ volatile("fld fa0, 0(%0)" : : "r"(&word)));
    CHECK_EQ(get_fs(), FS_DIRTY);
    set_fs(FS_CLEAN);
    EXPECT_NO_TRAP(csr_write("fflags", 1));
    CHECK_EQ(get_fs(), FS_DIRTY);
    /* A load that faults changes nothing. */
    set_fs(FS_CLEAN);
    EXPECT_TRAP(5, __asm__ volatile("fld fa0, 0(%0)" : : "r"(0x08000000ul)));
    CHECK_EQ(get_fs(), FS_CLEAN);
}

static void test_fcsr(void)
{
    set_fs(FS_DIRTY);
    csr_write("fcsr", ~0ul);
    CHECK_EQ(csr_read("fcsr"), 0xff);
    CHECK_EQ(csr_read("frm"), 7);
    CHECK_EQ(csr_read("fflags"), 0x1f);
    csr_write("frm", 2);
    csr_write("fflags", 9);
    CHECK_EQ(csr_read("fcsr"), 0x49);
    csr_write("fcsr", 0);
}

static void test_rounding(void)
{
    SET(fa1, 0x3ff0000000000000);
    SET(fa2, 0x4008000000000000);
    csr_write("fcsr", 0);
    ASM("fdiv.d fa0, fa1, fa2");
    CHECK_EQ(get_fa0(), 0x3fd5555555555555);
    ASM("fdiv.d fa0, fa1, fa2, rup");
    CHECK_EQ(get_fa0(), 0x3fd5555555555556);
    csr_write("frm", 3);
    ASM("fdiv.d fa0, fa1, fa2");
    CHECK_EQ(get_fa0(), 0x3fd5555555555556);
    ASM("fdiv.d fa0, fa1, fa2, rne");
    CHECK_EQ(get_fa0(), 0x3fd5555555555555);
    /* 1 + 2^-53 is a tie. */
    SET(fa2, 0x3ca0000000000000);
    csr_write("frm", 4);
    ASM("fadd.d fa0, fa1, fa2");
    CHECK_EQ(get_fa0(), 0x3ff0000000000001);
    ASM("fadd.d fa0, fa1, fa2, rne");
    CHECK_EQ(get_fa0(), 0x3ff0000000000000);
    for (u64 rm = 5; rm < 8; rm++) {
        csr_write("frm", rm);
        EXPECT_TRAP_AT(2, 0x02c5f553, ASM("fadd.d fa0, fa1, fa2"));
        EXPECT_NO_TRAP(ASM("fadd.d fa0, fa1, fa2, rtz; fmin.d fa0, fa1, fa2; feq.d zero, fa1, fa2"));
    }
    csr_write("frm", 0);
    EXPECT_TRAP(2, INSN(0x02c5d553)); /* fadd.d with rm = 5 */
    EXPECT_TRAP(2, INSN(0x02c5e553));
    EXPECT_TRAP(2, INSN(0x06c5f553)); /* a format that is not there (quad) */
}

static void test_boxing(void)
{
    static u64 word = 0x1234567840490fdb;

    __asm__ volatile("flw fa0, 0(%0)" : : "r"(&word));
    CHECK_EQ(get_fa0(), 0xffffffff40490fdb);
    __asm__ volatile("fmv.w.x fa0, %0" : : "r"(word));
    CHECK_EQ(get_fa0(), 0xffffffff40490fdb);
    /* What is not boxed counts as NaN for arithmetic, not for moves and stores. */
    SET(fa1, 0x000000003f800000);
    SET(fa2, 0xffffffff3f800000);
    ASM("fadd.s fa0, fa1, fa2");
    CHECK_EQ(get_fa0(), 0xffffffff7fc00000);
    ASM("fsgnjn.s fa0, fa2, fa1");
    CHECK_EQ(get_fa0(), 0xffffffffbf800000);
    u64 v;
    __asm__ volatile("fclass.s %0, fa1" : "=r"(v));
    CHECK_EQ(v, 1 << 9);
    __asm__ volatile("fmv.x.w %0, fa1" : "=r"(v));
    CHECK_EQ(v, 0x3f800000);
    __asm__ volatile("fsw fa1, 0(%0)" : : "r"(&word) : "memory");
    CHECK_EQ(word, 0x123456783f800000);
    ASM("fmin.s fa0, fa1, fa2");
    CHECK_EQ(get_fa0(), 0xffffffff3f800000);
}

static u64 divide_by_zero(u64 unused)
{
    SET(fa1, 0x3ff0000000000000);
    SET(fa2, 0);
    ASM("fdiv.d fa0, fa1, fa2");
    __asm__ volatile("ebreak");
    ASM("fsqrt.d fa0, fa0"); /* of infinity: no flag */
    return csr_read("fflags") + unused;
}

static void test_flags(void)
{
    csr_write("fflags", 0);
    SET(fa1, 0x3ff0000000000000);
    SET(fa2, 0x4008000000000000);
    ASM("fdiv.d fa0, fa1, fa2");
    CHECK_EQ(csr_read("fflags"), 1);
    EXPECT_TRAP(3, CHECK_EQ(run_in(MODE_U, divide_by_zero, 0), 9));
    CHECK_EQ(csr_swap("fflags", 0x10), 9);
    CHECK_EQ(csr_read("fflags"), 0x10);
    /* Flags raised between two exceptions are kept. */
    csr_write("fflags", 0);
    SET(fa2, 0x4008000000000000);
    for (unsigned i = 0; i < 100; i++) {
        ASM("fdiv.d fa0, fa1, fa2");
        EXPECT_TRAP(3, __asm__ volatile("ebreak"));
        CHECK_EQ(csr_swap("fflags", 0), 1);
    }
}

int main(void)
{
    test_off();
    test_dirty();
    test_fcsr();
    test_rounding();
    test_boxing();
    test_flags();
    return 0;
}
