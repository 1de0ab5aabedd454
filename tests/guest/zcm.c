/*
 * Zcmp and Zcmt, run without D, whose encodings they have: push and pop of every register list, double
 * moves, jumps through the table, faults in the middle, jvt and who may use it. QEMU 10 differs in two
 * places: it jumps to odd addresses after cm.popretz, and jvt keeps what is written to its mode.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

/* sp, ra, s0 to s11, a0, a1. */
struct regs {
    u64 sp, ra, s[12], a[2];
};
struct regs regs_in, regs_out, regs_kept;

#define EACH_S(insn, base)                                                    \
    insn " s0, 16(" base ")\n" insn " s1, 24(" base ")\n" insn " s2, 32(" base ")\n"          \
    insn " s3, 40(" base ")\n" insn " s4, 48(" base ")\n" insn " s5, 56(" base ")\n"          \
    insn " s6, 64(" base ")\n" insn " s7, 72(" base ")\n" insn " s8, 80(" base ")\n"          \
    insn " s9, 88(" base ")\n" insn " s10, 96(" base ")\n" insn " s11, 104(" base ")\n"
#define EACH(insn, base) insn " sp, 0(" base ")\n" insn " ra, 8(" base ")\n" EACH_S(insn, base)

/* Runs one 16-bit instruction with regs_in, and leaves what it made of them in regs_out. A jump goes to
 * NAME_after (by ra, or through the table). */
#define RUNNER(name, bits)                                                    \
    void run_##name(void);                                                    \
    extern char name##_insn[], name##_after[];                                \
    __asm__(".text\n.balign 4\nrun_" #name ":\nla t0, regs_kept\n" EACH("sd", "t0")            \
            "la t0, regs_in\nld a0, 112(t0)\nld a1, 120(t0)\n" EACH("ld", "t0") #name "_insn:\n" \
            ".2byte " #bits "\nunimp\n" #name "_after:\nla t0, regs_out\n" EACH("sd", "t0")     \
            "sd a0, 112(t0)\nsd a1, 120(t0)\nla t0, regs_kept\n" EACH("ld", "t0") "ret\n")
/* The same for one that goes on behind itself. */
#define PLAIN(name, bits)                                                     \
    void run_##name(void);                                                    \
    extern char name##_insn[];                                                \
    __asm__(".text\n.balign 4\nrun_" #name ":\nla t0, regs_kept\n" EACH("sd", "t0")            \
            "la t0, regs_in\nld a0, 112(t0)\nld a1, 120(t0)\n" EACH("ld", "t0") #name "_insn:\n" \
            ".2byte " #bits "\nla t0, regs_out\n" EACH("sd", "t0")                              \
            "sd a0, 112(t0)\nsd a1, 120(t0)\nla t0, regs_kept\n" EACH("ld", "t0") "ret\n")

PLAIN(push4, 0xb842);  PLAIN(push5, 0xb856);  PLAIN(push9, 0xb892); PLAIN(push14, 0xb8e2);
PLAIN(push15, 0xb8fe); PLAIN(pop4, 0xba42);   PLAIN(pop6, 0xba6a);  PLAIN(pop14, 0xbae6);
PLAIN(pop15, 0xbaf2);
RUNNER(popret7, 0xbe72);
RUNNER(popretz5, 0xbc5e);
PLAIN(mvsa01, 0xacbe);   /* s1 = a0, s7 = a1 */
PLAIN(mva01s, 0xad76);   /* a0 = s2, a1 = s5 */
PLAIN(mva01s_same, 0xadee); /* both from s3 */
RUNNER(jt, 0xa00e);      /* 3 */
RUNNER(jalt, 0xa386);    /* 225 */

static u64 stack[64] __attribute__((aligned(16)));
static u64 table[256] __attribute__((aligned(64)));

static void prepare(void)
{
    regs_in.sp = (u64)(stack + 40);
    regs_in.ra = 0x1000;
    for (unsigned i = 0; i < 12; i++)
        regs_in.s[i] = 0x2000 + i;
    regs_in.a[0] = 0x3000;
    regs_in.a[1] = 0x3001;
    for (unsigned i = 0; i < 64; i++)
        stack[i] = 0x5000 + i;
}

/* ra and the first n of s were stored below sp, and nothing else. */
static void check_push(void (*fn)(void), unsigned n, unsigned size)
{
    prepare();
    fn();
    CHECK_EQ(regs_out.sp, regs_in.sp - size);
    CHECK_EQ(regs_out.ra, regs_in.ra);
    for (unsigned i = 0; i < 12; i++)
        CHECK_EQ(regs_out.s[i], regs_in.s[i]);
    for (unsigned i = 0; i < 64; i++) {
        u64 want = i >= 40 || i < 40 - n - 1 ? 0x5000 + i : i == 40 - n - 1 ? 0x1000 : 0x2000 + i - (40 - n);
        CHECK_EQ(stack[i], want);
    }
}

static void check_pop(void (*fn)(void), unsigned n, unsigned size, u64 ra, u64 a0)
{
    unsigned top = 40 + size / 8;

    prepare();
    stack[top - n - 1] = ra;
    fn();
    CHECK_EQ(regs_out.sp, regs_in.sp + size);
    CHECK_EQ(regs_out.ra, ra);
    for (unsigned i = 0; i < 12; i++)
        CHECK_EQ(regs_out.s[i], i < n ? 0x5000 + top - n + i : 0x2000 + i);
    CHECK_EQ(regs_out.a[0], a0);
    CHECK_EQ(regs_out.a[1], 0x3001);
}

static void test_push_pop(void)
{
    check_push(run_push4, 0, 16);
    check_push(run_push5, 1, 32);
    check_push(run_push9, 5, 48);
    check_push(run_push14, 10, 96);
    check_push(run_push15, 12, 160);
    check_pop(run_pop4, 0, 16, 0x77, 0x3000);
    check_pop(run_pop6, 2, 64, 0x77, 0x3000);
    check_pop(run_pop14, 10, 112, 0x77, 0x3000);
    check_pop(run_pop15, 12, 112, 0x77, 0x3000);
    check_pop(run_popret7, 3, 32, (u64)popret7_after, 0x3000);
    check_pop(run_popretz5, 1, 64, (u64)popretz5_after | 1, 0);
    EXPECT_TRAP_AT(2, 0xb832, INSN16(0xb832)); /* list 3 */
    EXPECT_TRAP_AT(2, 0xbe02, INSN16(0xbe02));
}

/* A fault leaves sp, and registers that would have been loaded, as they were. */
static void test_faults(void)
{
    prepare();
    regs_in.sp = 0x18;
    EXPECT_TRAP_AT(7, 0x10, run_push9());
    CHECK_EQ(hart()->trap.epc, (u64)push9_insn);
    CHECK_EQ(regs_out.sp, 0x18);
    regs_in.sp = 0x88000000ul - 64; /* the list's lower part is in RAM, of which there are 128 MiB */
    EXPECT_TRAP(5, run_pop15());
    CHECK_EQ(regs_out.sp, regs_in.sp);
    CHECK_EQ(regs_out.ra, 0x1000);
    for (unsigned i = 0; i < 12; i++)
        CHECK_EQ(regs_out.s[i], 0x2000 + i);
}

static void test_moves(void)
{
    prepare();
    run_mvsa01();
    CHECK_EQ(regs_out.s[1], 0x3000);
    CHECK_EQ(regs_out.s[7], 0x3001);
    CHECK_EQ(regs_out.s[0], 0x2000);
    run_mva01s();
    CHECK_EQ(regs_out.a[0], 0x2002);
    CHECK_EQ(regs_out.a[1], 0x2005);
    run_mva01s_same();
    CHECK_EQ(regs_out.a[0], 0x2003);
    CHECK_EQ(regs_out.a[1], 0x2003);
    EXPECT_TRAP_AT(2, 0xac22, INSN16(0xac22)); /* cm.mvsa01 s0,s0 */
}

#define JVT "0x017"
#define MSTATEEN0 "0x30c"
#define SSTATEEN0 "0x10c"
#define STATEEN_JVT (1ul << 2)
#define STATEEN_SE (1ul << 63)

static u64 jump(u64 arg)
{
    run_jt();
    return 1;
}

static u64 read_jvt(u64 arg)
{
    return csr_read(JVT);
}

static u64 set_sstateen(u64 v)
{
    csr_write(SSTATEEN0, v);
    return csr_read(SSTATEEN0);
}

static void test_table(void)
{
    csr_write(JVT, ~0ul);
    CHECK_EQ(csr_read(JVT), ~63ul);
    csr_write(JVT, table);
    table[3] = (u64)jt_after | 1;
    table[225] = (u64)jalt_after;
    __asm__ volatile("fence.i" : : : "memory");
    prepare();
    run_jt();
    CHECK_EQ(regs_out.ra, 0x1000);
    run_jalt();
    CHECK_EQ(regs_out.ra, (u64)jalt_insn + 2);
    /* No table: the fetch faults, and the link is not written. */
    csr_write(JVT, 0);
    hart()->resume = (u64)jalt_after;
    EXPECT_TRAP_AT(1, 225 * 8, run_jalt());
    CHECK_EQ(hart()->trap.epc, (u64)jalt_insn);
    CHECK_EQ(regs_out.ra, 0x1000);
    csr_write(JVT, table);
}

static void test_state_enable(void)
{
    csr_write(MSTATEEN0, STATEEN_SE);
    EXPECT_TRAP(2, run_in(MODE_S, read_jvt, 0));
    hart()->resume = (u64)jt_after;
    EXPECT_TRAP(2, run_in(MODE_S, jump, 0));
    CHECK_EQ(run_in(MODE_S, set_sstateen, STATEEN_JVT), 0);
    csr_write(MSTATEEN0, STATEEN_SE | STATEEN_JVT);
    EXPECT_NO_TRAP(CHECK_EQ(run_in(MODE_S, read_jvt, 0), (u64)table));
    EXPECT_NO_TRAP(CHECK_EQ(run_in(MODE_S, jump, 0), 1));
    EXPECT_TRAP(2, run_in(MODE_U, read_jvt, 0));
    CHECK_EQ(run_in(MODE_S, set_sstateen, ~0ul), STATEEN_JVT);
    EXPECT_NO_TRAP(CHECK_EQ(run_in(MODE_U, jump, 0), 1));
}

/* As control transfer records have them (Smctr). */
static void recorded(void (*fn)(void), const char *insn, const char *after, unsigned type)
{
    bool found = false;

    csr_write("0x14f", 0);
    INSN(0x10400073); /* sctrclr */
    csr_write("0x34e", 4); /* mctrctl: M */
    fn();
    csr_write("0x34e", 0);
    for (u64 i = 0; i < 16 && !found; i++) {
        csr_write("0x150", 0x200 + i);
        found = csr_read("0x151") == ((u64)insn | 1);
    }
    CHECK(found);
    CHECK_EQ(csr_read("0x152"), (u64)after);
    CHECK_EQ(csr_read("0x153") & 15, type);
}

static void test_records(void)
{
    prepare();
    stack[40] = (u64)popret7_after; /* 3 saved, 32 bytes */
    recorded(run_popret7, popret7_insn, popret7_after, 13);
    prepare();
    stack[46] = (u64)popretz5_after; /* 1 saved, 64 bytes */
    recorded(run_popretz5, popretz5_insn, popretz5_after, 13);
    prepare();
    recorded(run_jt, jt_insn, jt_after, 11);
    recorded(run_jalt, jalt_insn, jalt_after, 9);
}

int main(void)
{
    test_push_pop();
    test_faults();
    test_moves();
    test_table();
    test_records();
    test_state_enable();
    return 0;
}
