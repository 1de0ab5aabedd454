/*
 * Interrupts of one hart: CLINT, PLIC, Sstc, software bits; priority, delegation, vectors, wfi.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define MIP_SSIP (1ul << 1)
#define MIP_MSIP (1ul << 3)
#define MIP_STIP (1ul << 5)
#define MIP_MTIP (1ul << 7)
#define MIP_SEIP (1ul << 9)
#define MIP_MEIP (1ul << 11)

static volatile u64 taken[16], n_taken;

/* Notes what came and masks it. */
static void note_m(u64 cause)
{
    taken[n_taken++ & 15] = cause & ~IRQ;
    csr_clear("mie", 1ul << (cause & 63));
}

static void note_s(u64 cause)
{
    taken[n_taken++ & 15] = cause & ~IRQ;
    csr_clear("sie", 1ul << (cause & 63));
}

static void quiet(void)
{
    csr_write("mie", 0);
    csr_write("mideleg", 0);
    csr_clear("mstatus", MSTATUS_MIE | MSTATUS_SIE);
    csr_clear("mip", MIP_SSIP | MIP_STIP | MIP_SEIP);
    st32(CLINT_MSIP(0), 0);
    st64(CLINT_MTIMECMP(0), ~0ul);
    csr_clear(MENVCFG, MENVCFG_STCE);
    n_taken = 0;
    hart()->on_irq = note_m;
}

static void wait_for(u64 bits)
{
    while ((csr_read("mip") & bits) != bits) {
    }
}

static void test_software(void)
{
    quiet();
    st32(CLINT_MSIP(0), 1);
    wait_for(MIP_MSIP);
    csr_set("mie", MIP_MSIP);
    CHECK_EQ(n_taken, 0); /* MIE is clear */
    csr_set("mstatus", MSTATUS_MIE);
    CHECK_EQ(n_taken, 1);
    CHECK_EQ(hart()->trap.cause, IRQ | 3);
    CHECK_EQ(hart()->trap.status & MSTATUS_MIE, 0);
    st32(CLINT_MSIP(0), 0xfffffffe); /* only bit 0 is there */
    CHECK_EQ(ld32(CLINT_MSIP(0)), 0);
    CHECK_EQ(csr_read("mip") & MIP_MSIP, 0);
}

static void test_timer(void)
{
    quiet();
    u64 now = ld64(CLINT_MTIME);
    CHECK_EQ(csr_read("mip") & MIP_MTIP, 0);
    st64(CLINT_MTIMECMP(0), now + 20000); /* 2 ms */
    csr_set("mie", MIP_MTIP);
    csr_set("mstatus", MSTATUS_MIE);
    while (!n_taken) {
    }
    CHECK_EQ(taken[0], 7);
    CHECK(ld64(CLINT_MTIME) >= now + 20000);
    CHECK(csr_read("mip") & MIP_MTIP);
    /* The same with wfi and through a 32-bit write of each half. */
    n_taken = 0;
    st64(CLINT_MTIMECMP(0), ~0ul);
    CHECK_EQ(csr_read("mip") & MIP_MTIP, 0);
    csr_set("mie", MIP_MTIP);
    now = csr_read("time") + 20000;
    st32(CLINT_MTIMECMP(0), (u32)now);
    st32(CLINT_MTIMECMP(0) + 4, (u32)(now >> 32));
    while (!n_taken) {
        __asm__ volatile("wfi");
    }
    CHECK(csr_read("time") >= now);
    /* Time in the CSR and in the device is the same. */
    u64 t1 = csr_read("time"), t2 = ld64(CLINT_MTIME), t3 = csr_read("time");
    CHECK(t1 <= t2 && t2 <= t3);
}

/* wfi ends with a pending interrupt that mie enables, even if mstatus.MIE forbids to take it. */
static void test_wfi(void)
{
    quiet();
    csr_set("mie", MIP_MTIP);
    st64(CLINT_MTIMECMP(0), ld64(CLINT_MTIME) + 10000);
    while (!(csr_read("mip") & MIP_MTIP)) {
        __asm__ volatile("wfi");
    }
    CHECK_EQ(n_taken, 0);
}

static u64 spin_until_taken(u64 want)
{
    while (n_taken < want) {
    }
    return n_taken;
}

static void test_priority(void)
{
    static const u64 order[] = { 3, 7, 9, 1, 5 };

    quiet();
    st32(CLINT_MSIP(0), 1);
    st64(CLINT_MTIMECMP(0), 0);
    csr_set("mip", MIP_SSIP | MIP_STIP | MIP_SEIP);
    wait_for(MIP_MSIP | MIP_MTIP);
    csr_write("mie", ~0ul);
    csr_set("mstatus", MSTATUS_MIE);
    CHECK_EQ(n_taken, 5);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQ(taken[i], order[i]);
    }
    csr_clear("mstatus", MSTATUS_MIE);
}

static void test_delegation(void)
{
    quiet();
    csr_write("mideleg", ~0ul);
    CHECK_EQ(csr_read("mideleg") & 0xaaa & ~MIP_SSIP & ~MIP_STIP & ~MIP_SEIP, 0);
    csr_write("mideleg", MIP_SSIP | MIP_STIP | MIP_SEIP);
    hart()->on_irq = note_s;
    csr_set("mip", MIP_SSIP | MIP_STIP);
    csr_set("sie", MIP_SSIP | MIP_STIP);
    /* Delegated interrupts are not taken in M, whatever MIE says. */
    csr_set("mstatus", MSTATUS_MIE | MSTATUS_SIE | MSTATUS_MPIE);
    CHECK_EQ(n_taken, 0);
    CHECK_EQ(run_in(MODE_S, spin_until_taken, 2), 2);
    CHECK_EQ(taken[0], 1);
    CHECK_EQ(taken[1], 5);
    CHECK_EQ(hart()->trap.handler, MODE_S);
    /* SIE off: not in S, but in U. */
    n_taken = 0;
    csr_clear("mstatus", MSTATUS_SIE);
    csr_set("sie", MIP_SSIP);
    run_in(MODE_S, spin_until_taken, 0);
    CHECK_EQ(n_taken, 0);
    CHECK_EQ(run_in(MODE_U, spin_until_taken, 1), 1);
    csr_clear("mstatus", MSTATUS_MIE);
    /* What is not delegated does not show in sip and sie. */
    csr_write("mideleg", MIP_SSIP);
    csr_write("mie", ~0ul);
    CHECK_EQ(csr_read("sie") & 0xaaa, MIP_SSIP);
    CHECK_EQ(csr_read("sip") & 0xaaa, MIP_SSIP);
    /* S may clear SSIP, not STIP. */
    csr_write("mie", 0);
    csr_write("mideleg", MIP_SSIP | MIP_STIP | MIP_SEIP);
    csr_set("mip", MIP_SEIP);
    csr_clear("sip", ~0ul);
    CHECK_EQ(csr_read("sip") & 0xaaa, MIP_STIP | MIP_SEIP);
}

extern char vectors[];
extern volatile u64 vector_hit;
__asm__(".align 8\n"
        "vectors:\n"
        ".option push\n.option norvc\n"
        "j m_vector\n" /* exceptions */
        ".rept 15\n j 1f\n .endr\n"
        ".option pop\n"
        "1: csrw mscratch, t0\n"
        "   csrr t0, mcause\n"
        "   sd t0, vector_hit, t1\n"
        "   csrw mie, zero\n"
        "   csrr t0, mscratch\n"
        "   csrw mscratch, tp\n"
        "   mret\n"
        ".data\n.align 3\nvector_hit: .dword 0\n.text\n");

static void test_vectored(void)
{
    quiet();
    csr_write("mtvec", (u64)vectors | 1);
    CHECK_EQ(csr_read("mtvec"), (u64)vectors | 1);
    csr_set("mip", MIP_STIP);
    csr_write("mie", MIP_STIP);
    __asm__ volatile("csrs mstatus, %0" : : "r"(MSTATUS_MIE) : "memory", "t0", "t1");
    CHECK_EQ(vector_hit, IRQ | 5);
    csr_clear("mstatus", MSTATUS_MIE);
    EXPECT_TRAP(3, __asm__ volatile("ebreak")); /* by the base */
    csr_write("mtvec", m_vector);
}

static void test_sstc(void)
{
    quiet();
    csr_set(MENVCFG, MENVCFG_STCE);
    if (!(csr_read(MENVCFG) & MENVCFG_STCE)) {
        return;
    }
    csr_write(STIMECMP, ~0ul);
    CHECK_EQ(csr_read("mip") & MIP_STIP, 0);
    csr_set("mip", MIP_STIP); /* read-only now */
    CHECK_EQ(csr_read("mip") & MIP_STIP, 0);
    csr_write(STIMECMP, 0);
    CHECK_EQ(csr_read("mip") & MIP_STIP, MIP_STIP);
    u64 when = csr_read("time") + 20000;
    csr_write(STIMECMP, when);
    CHECK_EQ(csr_read("mip") & MIP_STIP, 0);
    csr_write("mideleg", MIP_STIP);
    csr_write("mie", MIP_STIP);
    csr_set("mstatus", MSTATUS_SIE);
    hart()->on_irq = note_s;
    CHECK_EQ(run_in(MODE_S, spin_until_taken, 1), 1);
    CHECK_EQ(taken[0], 5);
    CHECK(csr_read("time") >= when);
    csr_clear(MENVCFG, MENVCFG_STCE);
    csr_write("mideleg", 0);
}

/* ---- PLIC, with the UART (source 10) as the device that asks ---- */

#define PLIC_PRIORITY(n) (PLIC + 4 * (n))
#define PLIC_PENDING(n) (PLIC + 0x1000 + (n) / 32 * 4)
#define PLIC_ENABLE(ctx) (PLIC + 0x2000 + 0x80 * (ctx))
#define PLIC_THRESHOLD(ctx) (PLIC + 0x200000 + 0x1000 * (ctx))
#define PLIC_CLAIM(ctx) (PLIC_THRESHOLD(ctx) + 4)
#define UART_SOURCE 10

static void test_plic(unsigned ctx, u64 bit)
{
    quiet();
    st32(PLIC_PRIORITY(UART_SOURCE), 3);
    CHECK_EQ(ld32(PLIC_PRIORITY(UART_SOURCE)), 3);
    st32(PLIC_ENABLE(ctx), 1 << UART_SOURCE);
    st32(PLIC_THRESHOLD(ctx), 0);
    CHECK_EQ(csr_read("mip") & bit, 0);
    CHECK_EQ(ld32(PLIC_CLAIM(ctx)), 0);
    st8(UART + 1, 2); /* transmitter empty */
    wait_for(bit);
    CHECK(ld32(PLIC_PENDING(UART_SOURCE)) & 1 << UART_SOURCE);
    st32(PLIC_THRESHOLD(ctx), 3); /* not above it */
    CHECK_EQ(csr_read("mip") & bit, 0);
    st32(PLIC_THRESHOLD(ctx), 2);
    wait_for(bit);
    st32(PLIC_PRIORITY(UART_SOURCE), 0); /* never interrupts */
    CHECK_EQ(csr_read("mip") & bit, 0);
    st32(PLIC_PRIORITY(UART_SOURCE), 7);
    wait_for(bit);
    st32(PLIC_ENABLE(ctx), 0);
    CHECK_EQ(csr_read("mip") & bit, 0);
    st32(PLIC_ENABLE(ctx), 1 << UART_SOURCE);
    wait_for(bit);
    CHECK_EQ(ld32(PLIC_CLAIM(ctx)), UART_SOURCE);
    CHECK_EQ(csr_read("mip") & bit, 0);
    CHECK_EQ(ld32(PLIC_CLAIM(ctx)), 0);
    st8(UART + 1, 0);
    st32(PLIC_CLAIM(ctx), UART_SOURCE);
    CHECK_EQ(csr_read("mip") & bit, 0);
    CHECK_EQ(ld32(PLIC_PENDING(UART_SOURCE)) & 1 << UART_SOURCE, 0);
    st32(PLIC_ENABLE(ctx), 0);
    st32(PLIC_PRIORITY(UART_SOURCE), 0);
}

/* A loop of which a part is compiled, with the jump back, and a part may not be (a register that is a clock): there
 * is no end to it but the interrupt's. */
static void test_loop_in_parts(void)
{
    u64 rounds = 300;

    quiet();
    st64(CLINT_MTIMECMP(0), ld64(CLINT_MTIME) + 20000);
    csr_set("mie", MIP_MTIP);
    csr_set("mstatus", MSTATUS_MIE);
    __asm__ volatile("   la t1, 3f\n"
                     "1: jr t1\n" /* at first the part below is come to by an indirect jump */
                     "2: csrr t2, time\n"
                     "   j 3f\n"
                     "3: addi %0, %0, -1\n"
                     "   bgtz %0, 1b\n"
                     "   ld t2, %1\n"
                     "   beqz t2, 2b\n"
                     : "+r"(rounds) : "m"(n_taken) : "t1", "t2", "memory");
    CHECK_EQ(taken[0], 7);
}

int main(void)
{
    test_software();
    test_timer();
    test_loop_in_parts();
    test_wfi();
    test_priority();
    test_delegation();
    test_vectored();
    test_sstc();
    test_plic(0, MIP_MEIP);
    test_plic(1, MIP_SEIP);
    return 0;
}
