/*
 * Control transfer records: what is recorded of each kind of transfer, in which modes, filters, traps
 * between modes that are recorded and modes that are not, emulation of a return-address stack, freezing,
 * the ring, and who may see it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define MCTRCTL "0x34e"
#define SCTRCTL "0x14e"
#define VSCTRCTL "0x24e"
#define SCTRSTATUS "0x14f"
#define SCTRDEPTH "0x15f"
#define SISELECT "0x150"
#define SIREG "0x151"
#define SIREG2 "0x152"
#define SIREG3 "0x153"
#define VSISELECT "0x250"
#define VSIREG "0x251"
#define MSTATEEN0 "0x30c"
#define HSTATEEN0 "0x60c"
#define MSTATUS_MPV (1ul << 39)

#define CTL_U 1ul
#define CTL_S 2ul
#define CTL_M 4ul
#define RASEMU (1ul << 7)
#define STE (1ul << 8)
#define MTE (1ul << 9)
#define BPFRZ (1ul << 11)
#define LCOFIFRZ (1ul << 12)
#define FILTER(type) (1ul << (32 + (type)))
#define FROZEN (1ul << 31)
#define STATEEN_CTR (1ul << 54)
#define CCV (1ul << 15)
#define ILLEGAL 2
#define VIRTUAL 22
#define NONE (~0ul)

enum { EXC = 1, INTR, TRET, NTBR, TKBR, INDCALL = 8, DIRCALL, INDJMP, DIRJMP, SWAP, RET, INDLJMP, DIRLJMP };
void leave_mode(void);

enum { U, S, VU, VS };

static void sctrclr(void)
{
    INSN(0x10400073);
}

static u64 run_as(unsigned who, u64 (*fn)(u64), u64 arg)
{
    csr_clear("mstatus", MSTATUS_MPV);
    if (who >= VU)
        csr_set("mstatus", MSTATUS_MPV);
    return run_in(who & 1 ? MODE_S : MODE_U, fn, arg);
}

static void fresh(u64 ctl, u64 vsctl)
{
    csr_write(MCTRCTL, 0);
    csr_write(VSCTRCTL, 0);
    csr_write(SCTRSTATUS, 0);
    csr_write(SCTRDEPTH, 0);
    sctrclr();
    csr_write(VSCTRCTL, vsctl);
    csr_write(MCTRCTL, ctl);
}

/* Logical entry n; recording has stopped. */
static void expect_at(int line, u64 n, u64 source, u64 target, unsigned type)
{
    u64 data;

    csr_write(SISELECT, 0x200 + n);
    data = csr_read(SIREG3);
    if ((data & 15) != type)
        fail_at(__FILE__, line, "type", data & 15, type);
    if (csr_read(SIREG) != (source | 1))
        fail_at(__FILE__, line, "source", csr_read(SIREG), source | 1);
    if (csr_read(SIREG2) != target)
        fail_at(__FILE__, line, "target", csr_read(SIREG2), target);
}
#define EXPECT(n, source, target, type) \
    expect_at(__LINE__, n, (u64)(source), (u64)(target), type)

static void expect_end(int line, u64 n)
{
    csr_write(SISELECT, 0x200 + n);
    if (csr_read(SIREG) & 1)
        fail_at(__FILE__, line, "one more", csr_read(SIREG3), 0);
}
#define EXPECT_END(n) expect_end(__LINE__, n)

/* ---- Every kind, in M ---- */

extern char k_nt[], k_nt_next[], k_tk[], k_tk_to[], k_j[], k_j_to[], k_jal[], k_sub[], k_ret[],
    k_back[], k_jr[], k_jr_to[], k_jalr[], k_swap[], k_swap_to[], k_swap2[], k_link[], k_link_to[],
    k_ilink[], k_ilink_to[], k_c[], k_c_to[], k_oret[], k_oret_to[];

/* Recording is on from the first csrs to the last csrc. */
__attribute__((noinline)) static void kinds(u64 on)
{
    __asm__ volatile(
        ".option push\n.option norvc\n"
        "csrs " MCTRCTL ", %0\n"
        "li t1, 1\n"
        ".globl k_nt\nk_nt: beqz t1, 9f\n"
        ".globl k_nt_next\nk_nt_next: nop\n"
        ".globl k_tk\nk_tk: bltu zero, t1, k_tk_to\n nop\n"
        ".globl k_tk_to\nk_tk_to: nop\n"
        ".globl k_j\nk_j: j k_j_to\n nop\n"
        ".globl k_j_to\nk_j_to: nop\n"
        ".globl k_jal\nk_jal: jal ra, k_sub\n"
        ".globl k_back\nk_back: la t2, k_jr_to\n"
        ".globl k_jr\nk_jr: jr t2\n nop\n"
        ".globl k_jr_to\nk_jr_to: la t2, k_sub\n"
        ".globl k_jalr\nk_jalr: jalr ra, t2\n"
        "la t0, k_swap_to\n"
        ".globl k_swap\nk_swap: jalr ra, t0\n nop\n" /* x1, x5 */
        ".globl k_swap_to\nk_swap_to:\n"
        ".globl k_link\nk_link: jal t2, k_link_to\n nop\n"
        ".globl k_link_to\nk_link_to: la t2, k_ilink_to\n"
        ".globl k_ilink\nk_ilink: jalr t1, t2\n nop\n"
        ".globl k_ilink_to\nk_ilink_to: la t0, k_oret_to\n"
        ".globl k_oret\nk_oret: jalr t2, t0\n nop\n" /* x7, x5: a return */
        ".globl k_oret_to\nk_oret_to:\n"
        ".option rvc\n"
        ".globl k_c\nk_c: c.j k_c_to\n c.nop\n"
        ".globl k_c_to\nk_c_to: c.nop\n"
        ".option norvc\n"
        "csrc " MCTRCTL ", %0\n"
        "j 9f\n"
        ".globl k_sub\nk_sub: nop\n"
        ".globl k_ret\nk_ret: ret\n"
        "9:\n"
        ".option pop\n"
        : : "r"(on) : "t0", "t1", "t2", "ra", "memory");
}

static const struct {
    char *source, *target;
    unsigned type;
} wanted[] = { /* the youngest first */
    { k_c, k_c_to, DIRJMP },      { k_oret, k_oret_to, RET },   { k_ilink, k_ilink_to, INDLJMP },
    { k_link, k_link_to, DIRLJMP }, { k_swap, k_swap_to, SWAP }, { k_ret, k_jalr + 4, RET },
    { k_jalr, k_sub, INDCALL },   { k_jr, k_jr_to, INDJMP },    { k_ret, k_back, RET },
    { k_jal, k_sub, DIRCALL },    { k_j, k_j_to, DIRJMP },      { k_tk, k_tk_to, TKBR },
    { k_nt, k_nt_next, NTBR },
};
#define N_WANTED (sizeof(wanted) / sizeof(wanted[0]))

static void test_kinds(void)
{
    for (int twice = 0; twice < 2; twice++) { /* with the blocks there already */
        fresh(FILTER(NTBR), 0);
        kinds(CTL_M);
        for (unsigned i = 0; i < N_WANTED; i++)
            EXPECT(i, wanted[i].source, wanted[i].target, wanted[i].type);
        EXPECT_END(N_WANTED);
        CHECK_EQ(csr_read(SCTRSTATUS), N_WANTED);
        /* Off: nothing. */
        fresh(FILTER(NTBR), 0);
        kinds(0);
        EXPECT_END(0);
    }
    /* Each filter takes its kind away, and NTBREN brings one. */
    for (unsigned type = 1; type <= 15; type++) {
        u64 n = 0;

        if (type == 6 || type == 7)
            continue;
        fresh(FILTER(type), 0);
        CHECK_EQ(csr_read(MCTRCTL), FILTER(type));
        kinds(CTL_M);
        for (unsigned i = 0; i < N_WANTED; i++)
            if (wanted[i].type == NTBR ? type == NTBR : wanted[i].type != type) {
                EXPECT(n, wanted[i].source, wanted[i].target, wanted[i].type);
                n++;
            }
        EXPECT_END(n);
    }
    /* Frozen: nothing. */
    fresh(0, 0);
    csr_write(SCTRSTATUS, FROZEN);
    kinds(CTL_M);
    EXPECT_END(0);
    CHECK_EQ(csr_read(SCTRSTATUS), FROZEN);
}

/* ---- The ring ---- */

static void test_ring(void)
{
    for (u64 d = 0; d < 8; d++) {
        u64 depth = 16ul << (d < 5 ? d : 4);

        fresh(0, 0);
        csr_write(SCTRDEPTH, 4);
        csr_write(SCTRDEPTH, d | 0xffff8);
        CHECK_EQ(csr_read(SCTRDEPTH), d < 5 ? d : 4);
        csr_write(SCTRSTATUS, NONE);
        CHECK_EQ(csr_read(SCTRSTATUS), FROZEN | (depth - 1));
        csr_write(SCTRSTATUS, 3);
        for (u64 i = 0; i < 256; i++) {
            csr_write(SISELECT, 0x200 + i);
            csr_write(SIREG, i << 8 | 1);
            csr_write(SIREG2, NONE);
            csr_write(SIREG3, NONE);
            csr_write("0x155", NONE);
            CHECK_EQ(csr_read(SIREG), i < depth ? i << 8 | 1 : 0);
            CHECK_EQ(csr_read(SIREG2), i < depth ? ~1ul : 0);
            CHECK_EQ(csr_read(SIREG3), i < depth ? 0xffff800ful : 0);
            CHECK_EQ(csr_read("0x155"), 0);
            CHECK_EQ(csr_read("0x156"), 0);
            CHECK_EQ(csr_read("0x157"), 0);
            csr_write(VSISELECT, 0x200 + i);
            CHECK_EQ(csr_read(VSIREG), i < depth ? i << 8 | 1 : 0);
        }
        /* What was 0 is 1 after one more. */
        csr_write(SCTRSTATUS, 4);
        csr_write(SISELECT, 0x201);
        CHECK_EQ(csr_read(SIREG), 1);
        sctrclr();
        for (u64 i = 0; i < 256; i++) {
            csr_write(SISELECT, 0x200 + i);
            CHECK_EQ(csr_read(SIREG) | csr_read(SIREG2) | csr_read(SIREG3), 0);
        }
    }
    /* Round and round: the ring wraps, and shows the last 16. */
    fresh(0, 0);
    for (unsigned i = 0; i < 5; i++)
        kinds(CTL_M);
    CHECK_EQ(csr_read(SCTRSTATUS), 5 * (N_WANTED - 1) % 16);
    for (unsigned i = 0; i < 16; i++)
        EXPECT(i, wanted[i % (N_WANTED - 1)].source, wanted[i % (N_WANTED - 1)].target,
               wanted[i % (N_WANTED - 1)].type);
}

/* ---- RAS emulation ---- */

extern char r_a[], r_b[], r_swap[], r_swap_to[], r_f[], r_g[];

__attribute__((noinline)) static void calls(u64 on)
{
    __asm__ volatile(
        ".option push\n.option norvc\n"
        "csrs " MCTRCTL ", %0\n"
        "jal ra, 8f\n"                       /* returns: leaves nothing */
        ".globl r_a\nr_a: jal ra, r_f\n"
        ".globl r_f\nr_f: nop\n"
        ".globl r_b\nr_b: jal t0, r_g\n"
        ".globl r_g\nr_g: nop\n"
        "jal t2, 7f\n"                       /* neither call nor return */
        "7: la ra, r_swap_to\n"
        ".globl r_swap\nr_swap: jalr t0, ra\n nop\n" /* takes the place of r_b's */
        ".globl r_swap_to\nr_swap_to: jal ra, 8f\n"
        "csrc " MCTRCTL ", %0\n"
        "j 9f\n"
        "8: ret\n"
        "9:\n"
        ".option pop\n"
        : : "r"(on) : "t0", "t1", "t2", "ra", "memory");
}

static void test_ras(void)
{
    u64 ignored = RASEMU | FILTER(DIRCALL) | FILTER(INDCALL) | FILTER(RET) | FILTER(SWAP);

    fresh(ignored, 0);
    calls(CTL_M);
    EXPECT(0, r_swap, r_swap_to, SWAP);
    EXPECT(1, r_a, r_f, DIRCALL);
    EXPECT_END(2);
    CHECK_EQ(csr_read(SCTRSTATUS), 2);
    /* What was popped is the last of the ring, and not valid. */
    csr_write(SISELECT, 0x20f);
    CHECK(csr_read(SIREG) != 0);
    CHECK_EQ(csr_read(SIREG) & 1, 0);
    /* Below the bottom the pointer wraps. */
    fresh(RASEMU, 0);
    kinds(CTL_M);
    CHECK_EQ(csr_read(SCTRSTATUS), 15); /* two calls, three returns, one swap */
}

/* ---- Modes and traps ---- */

static u64 leave(u64 arg)
{
    return arg;
}

/* The oldest entry of the type; its source and target. The trap that ends run_in() returns to M, too. */
static bool find(unsigned type, u64 *source, u64 *target)
{
    for (u64 i = 16; i--;) {
        csr_write(SISELECT, 0x200 + i);
        if ((csr_read(SIREG) & 1) && (csr_read(SIREG3) & 15) == type) {
            *source = csr_read(SIREG) & ~1ul;
            *target = csr_read(SIREG2);
            return true;
        }
    }
    return false;
}

#define ONLY_TRAPS \
    (FILTER(TKBR) | FILTER(INDCALL) | FILTER(DIRCALL) | FILTER(INDJMP) | FILTER(DIRJMP) | FILTER(SWAP) | \
     FILTER(RET) | FILTER(INDLJMP) | FILTER(DIRLJMP))

static void test_modes(void)
{
    static const u64 ctl[] = { CTL_U, CTL_S, CTL_U, CTL_S };
    u64 source, target;

    for (unsigned who = U; who <= VS; who++) {
        bool v = who >= VU;

        for (unsigned bits = 0; bits < 64; bits++) {
            bool from_on = bits & 1, m_on = bits & 2, mte = bits & 4, ste = bits & 8, vste = bits & 16;
            bool inhibit = bits & 32, seen;
            u64 low = from_on ? ctl[who] : 0;
            u64 filters = ONLY_TRAPS | (inhibit ? FILTER(EXC) | FILTER(TRET) : 0);
            u64 m = filters | (m_on ? CTL_M : 0) | (mte ? MTE : 0) | (ste ? STE : 0);
            bool outward = mte && (who == S || ste) && (who != VU || vste);

            if (v)
                fresh(m, filters | low | (vste ? STE : 0));
            else
                fresh(m | low, 0);
            CHECK_EQ(run_as(who, leave, 7), 7);
            csr_write(MCTRCTL, 0);
            /* mret into the mode */
            seen = find(TRET, &source, &target);
            CHECK_EQ(seen, m_on && !inhibit);
            if (seen)
                CHECK_EQ(target, from_on ? (u64)leave : 0);
            /* the ecall out of it */
            seen = find(EXC, &source, &target);
            CHECK_EQ(seen, m_on ? !inhibit : from_on && outward);
            if (seen) {
                CHECK_EQ(source != 0, from_on);
                CHECK_EQ(target, m_on ? (u64)m_vector : 0);
            }
        }
    }
    /* Only the modes that are on. */
    fresh(CTL_U, CTL_S);
    run_as(S, leave, 0);
    run_as(VU, leave, 0);
    EXPECT_END(0);
    run_as(U, leave, 0);
    csr_write(SISELECT, 0x200);
    CHECK_EQ(csr_read(SIREG2), (u64)leave_mode);
    CHECK_EQ(csr_read(SIREG3) & 15, RET);
    EXPECT_END(1);
    run_as(VS, leave, 0);
    csr_write(SISELECT, 0x200);
    CHECK_EQ(csr_read(SIREG2), (u64)leave_mode);
    EXPECT_END(2);
}

/* ---- Freezing ---- */

static void on_irq(u64 cause)
{
    CHECK_EQ(cause, IRQ | 13);
    csr_clear("mip", 1ul << 13);
}

static void test_freeze(void)
{
    u64 source, target;

    for (unsigned freeze = 0; freeze < 2; freeze++) {
        fresh(ONLY_TRAPS | CTL_M | (freeze ? BPFRZ | LCOFIFRZ : 0), 0);
        EXPECT_TRAP(3, __asm__ volatile(".4byte 0x00100073" : : : "memory"));
        csr_clear(MCTRCTL, CTL_M);
        CHECK_EQ(csr_read(SCTRSTATUS) & FROZEN, freeze ? FROZEN : 0);
        CHECK_EQ(find(EXC, &source, &target), !freeze);

        fresh(ONLY_TRAPS | CTL_M | (freeze ? BPFRZ | LCOFIFRZ : 0), 0);
        hart()->on_irq = on_irq;
        csr_write("mie", 1ul << 13);
        csr_set("mip", 1ul << 13);
        csr_set("mstatus", MSTATUS_MIE);
        csr_clear("mstatus", MSTATUS_MIE);
        csr_clear(MCTRCTL, CTL_M);
        csr_write("mie", 0);
        CHECK_EQ(csr_read(SCTRSTATUS) & FROZEN, freeze ? FROZEN : 0);
        CHECK_EQ(find(INTR, &source, &target), !freeze);
        if (!freeze)
            CHECK_EQ(target, (u64)m_vector);
    }
    csr_write(SCTRSTATUS, 0);
}

/* ---- Cycles ---- */

static void test_cycles(void)
{
    fresh(0, 0);
    kinds(CTL_M);
    for (u64 i = 0; i < N_WANTED - 1; i++) {
        csr_write(SISELECT, 0x200 + i);
        /* The first after a write of the control register has no count. */
        CHECK_EQ(csr_read(SIREG3) & CCV, i < N_WANTED - 2 ? CCV : 0);
    }
}

/* ---- Who may ---- */

static u32 stub[2] __attribute__((aligned(16)));

static void may(int line, unsigned who, u32 insn, u64 cause)
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
#define MAY(who, insn, cause) may(__LINE__, who, insn, cause)
#define CSRR(n) ((u32)(n) << 20 | 0x2573)
#define SCTRCLR 0x10400073u

static void test_access(void)
{
    fresh(0, 0);
    csr_write(SISELECT, 0x200);
    csr_write(VSISELECT, 0x200);
    for (unsigned bits = 0; bits < 4; bits++) {
        bool m = bits & 1, h = bits & 2;
        u64 s = m ? NONE : ILLEGAL, vs = !m ? ILLEGAL : h ? NONE : VIRTUAL;
        u64 other = m ? VIRTUAL : ILLEGAL;

        csr_write(MSTATEEN0, ~0ul & (m ? ~0ul : ~STATEEN_CTR));
        csr_write(HSTATEEN0, ~0ul & (h ? ~0ul : ~STATEEN_CTR));
        CHECK_EQ(csr_read(HSTATEEN0) & STATEEN_CTR, m && h ? STATEEN_CTR : 0);
        for (u32 csr = 0x14e; csr <= 0x14f; csr++) {
            MAY(S, CSRR(csr), s);
            MAY(U, CSRR(csr), ILLEGAL);
            MAY(VS, CSRR(csr), vs);
            MAY(VU, CSRR(csr), other);
        }
        MAY(S, CSRR(0x24e), s);
        MAY(VS, CSRR(0x24e), other);
        MAY(VU, CSRR(0x24e), other);
        MAY(S, CSRR(0x15f), s);
        MAY(VS, CSRR(0x15f), other);
        MAY(VU, CSRR(0x15f), other);
        MAY(S, CSRR(0x34e), ILLEGAL);
        MAY(VS, CSRR(0x34e), ILLEGAL);
        for (u32 csr = 0x151; csr <= 0x157; csr++) {
            if (csr == 0x154)
                continue;
            MAY(S, CSRR(csr), s);
            MAY(S, CSRR(csr + 0x100), s);
            MAY(U, CSRR(csr), ILLEGAL);
            MAY(VS, CSRR(csr), vs);
            MAY(VS, CSRR(csr + 0x100), VIRTUAL);
            MAY(VU, CSRR(csr), VIRTUAL);
        }
        MAY(S, SCTRCLR, s);
        MAY(U, SCTRCLR, ILLEGAL);
        MAY(VS, SCTRCLR, vs);
        MAY(VU, SCTRCLR, other);
    }
    csr_write(MSTATEEN0, ~0ul);
    csr_write(HSTATEEN0, ~0ul);
    /* Masks; S's view has nothing of M. */
    csr_write(MCTRCTL, NONE & ~(CTL_M | CTL_S | CTL_U));
    CHECK_EQ(csr_read(MCTRCTL), 0xff3e00001b80ul);
    CHECK_EQ(csr_read(SCTRCTL), 0xff3e00001980ul);
    csr_write(SCTRCTL, 0);
    CHECK_EQ(csr_read(MCTRCTL), MTE);
    csr_write(SCTRCTL, CTL_M | MTE | STE);
    CHECK_EQ(csr_read(MCTRCTL), MTE | STE);
    csr_write(VSCTRCTL, NONE);
    CHECK_EQ(csr_read(VSCTRCTL), 0xff3e00001983ul);
    fresh(0, 0);
}

int main(void)
{
    csr_write(MSTATEEN0, ~0ul);
    csr_write(HSTATEEN0, ~0ul);
    test_kinds();
    test_ring();
    test_ras();
    test_modes();
    test_freeze();
    test_cycles();
    test_access();
    return 0;
}
