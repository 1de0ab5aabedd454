/*
 * APLIC and IMSIC as software drives them: delegation, the UART's line and messages between two harts,
 * in direct and in MSI delivery (which of them the board has is told by domaincfg), guest files,
 * indirect registers, priorities and virtual interrupts, and values that make no sense.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define APLIC_M 0xc000000ul
#define APLIC_S 0xd000000ul
#define SOURCECFG(d, n) ((d) + 4 * (n))
#define TARGET(d, n) ((d) + 0x3000 + 4 * (n))
#define SETIPNUM 0x1cdc
#define CLRIPNUM 0x1ddc
#define SETIENUM 0x1edc
#define CLRIENUM 0x1fdc
#define GENMSI 0x3000
#define IDC(d, hart) ((d) + 0x4000 + 32 * (hart))
#define IDELIVERY 0
#define IFORCE 4
#define ITHRESHOLD 8
#define TOPI 0x18
#define CLAIMI 0x1c
#define DELEGATE 0x400
#define DETACHED 1
#define EDGE1 4
#define LEVEL1 6

#define IMSIC_M 0x24000000ul
#define IMSIC_S 0x28000000ul
#define M_FILE(hart) (IMSIC_M + 0x1000 * (hart))
#define S_FILE(hart) (IMSIC_S + (0x1000ul << GUEST_BITS) * (hart))
#define GUEST_BITS 2 /* aia-guests=3 */

#define MISELECT "0x350"
#define MIREG "0x351"
#define MTOPEI "0x35c"
#define MTOPI "0xfb0"
#define MVIEN "0x308"
#define MVIP "0x309"
#define SISELECT "0x150"
#define SIREG "0x151"
#define STOPEI "0x15c"
#define STOPI "0xdb0"
#define EIDELIVERY 0x70
#define EITHRESHOLD 0x72
#define EIP 0x80
#define EIE 0xc0

#define UART_SOURCE 10
#define MEIP (1ul << 11)
#define SEIP (1ul << 9)
#define SSIP (1ul << 1)
#define ILLEGAL 2

static bool has_imsic;
static volatile u64 got[2], n_got[2]; /* by hart: the last identity claimed */

static void wait_line(u64 bits, bool high)
{
    while (!(csr_read("mip") & bits) == high) {
    }
}

static void uart_line(bool high)
{
    st8(UART + 1, high ? 2 : 0); /* the transmitter is empty: asks if it may */
}

static u64 mireg(u64 reg)
{
    csr_write(MISELECT, reg);
    return csr_read(MIREG);
}

static void set_mireg(u64 reg, u64 v)
{
    csr_write(MISELECT, reg);
    csr_write(MIREG, v);
}

static void set_sireg(u64 reg, u64 v)
{
    csr_write(SISELECT, reg);
    csr_write(SIREG, v);
}

/* ---- Domains ---- */

static void test_domains(void)
{
    u64 dm = has_imsic ? 4 : 0;

    CHECK_EQ(ld32(APLIC_M), 0x80000000 | dm);
    CHECK_EQ(ld32(APLIC_S), 0x80000000 | dm);
    /* All of a source there is to be written, and what stays. */
    for (u64 n = 1; n <= 96; n++) {
        st32(SOURCECFG(APLIC_M, n), 0xffffffff);
        CHECK_EQ(ld32(SOURCECFG(APLIC_M, n)), DELEGATE);
        st32(SOURCECFG(APLIC_S, n), 0xffffffff); /* nobody below */
        CHECK_EQ(ld32(SOURCECFG(APLIC_S, n)), 0);
        st32(SOURCECFG(APLIC_S, n), LEVEL1);
        st32(TARGET(APLIC_S, n), 0xffffffff);
        CHECK_EQ(ld32(TARGET(APLIC_S, n)), has_imsic ? 0xfffff7ff : 0xfffc0007);
        st32(SOURCECFG(APLIC_M, n), 0);
        CHECK_EQ(ld32(SOURCECFG(APLIC_S, n)), 0);
        CHECK_EQ(ld32(TARGET(APLIC_S, n)), 0);
    }
    st32(SOURCECFG(APLIC_M, 97), DELEGATE);
    CHECK_EQ(ld32(SOURCECFG(APLIC_M, 97)), 0);
    /* Every word of both, with what hurts most, domains off. */
    for (u64 at = 0; at < 0x8000; at += 4) {
        if (at < 0x1bc0 || at > 0x1bcc) /* these lock themselves */
            st32(APLIC_M + at, 0xffffffff);
        st32(APLIC_S + at, 0xffffffff);
        ld32(APLIC_M + at);
        ld32(APLIC_S + at);
    }
    EXPECT_TRAP(5, ld8(APLIC_M));
    EXPECT_TRAP(7, st64(APLIC_S, 0));
    for (u64 n = 1; n <= 96; n++)
        st32(SOURCECFG(APLIC_M, n), 0);
    st32(APLIC_M, 0);
    st32(APLIC_S, 0);
}

static u64 m_line(void)
{
    return csr_read("mip") & (MEIP | SEIP);
}

static void test_direct(void)
{
    for (u64 h = 0; h < 2; h++) {
        for (u64 reg = IDELIVERY; reg <= ITHRESHOLD; reg += 4) {
            st32(IDC(APLIC_M, h) + reg, 0);
            st32(IDC(APLIC_S, h) + reg, 0);
        }
    }
    st32(SOURCECFG(APLIC_M, UART_SOURCE), LEVEL1);
    st32(TARGET(APLIC_M, UART_SOURCE), 7);
    st32(APLIC_M + SETIENUM, UART_SOURCE);
    st32(IDC(APLIC_M, 0) + IDELIVERY, 1);
    st32(APLIC_M, 0x100);
    CHECK_EQ(m_line(), 0);
    uart_line(true);
    wait_line(MEIP, true);
    CHECK_EQ(ld32(IDC(APLIC_M, 0) + CLAIMI), UART_SOURCE << 16 | 7);
    CHECK_EQ(m_line(), MEIP); /* a level stays */
    st32(IDC(APLIC_M, 0) + ITHRESHOLD, 7);
    wait_line(MEIP, false);
    st32(IDC(APLIC_M, 0) + ITHRESHOLD, 0);
    wait_line(MEIP, true);
    uart_line(false);
    wait_line(MEIP, false);
    CHECK_EQ(ld32(IDC(APLIC_M, 0) + CLAIMI), 0);
    /* To S, which finds it high already. */
    uart_line(true);
    st32(SOURCECFG(APLIC_M, UART_SOURCE), DELEGATE);
    wait_line(MEIP, false);
    st32(SOURCECFG(APLIC_S, UART_SOURCE), LEVEL1);
    st32(APLIC_S + SETIENUM, UART_SOURCE);
    st32(IDC(APLIC_S, 0) + IDELIVERY, 1);
    CHECK_EQ(m_line(), 0);
    st32(APLIC_S, 0x100);
    wait_line(SEIP, true);
    CHECK_EQ(ld32(IDC(APLIC_S, 0) + TOPI), UART_SOURCE << 16 | 1);
    uart_line(false);
    wait_line(SEIP, false);
    /* A spurious one. */
    st32(IDC(APLIC_S, 0) + IFORCE, 1);
    wait_line(SEIP, true);
    CHECK_EQ(ld32(IDC(APLIC_S, 0) + CLAIMI), 0);
    wait_line(SEIP, false);
    EXPECT_TRAP(ILLEGAL, csr_read(MTOPEI)); /* no interrupt files */
}

/* ---- Messages ---- */

static void msi_addresses(void)
{
    st32(APLIC_M + 0x1bc0, IMSIC_M >> 12);
    st32(APLIC_M + 0x1bc4, 1 << 12); /* LHXW: two harts */
    st32(APLIC_M + 0x1bc8, IMSIC_S >> 12);
    st32(APLIC_M + 0x1bcc, GUEST_BITS << 20);
}

static void test_file(void)
{
    set_mireg(EIDELIVERY, 1);
    set_mireg(EITHRESHOLD, 0);
    set_mireg(EIE, ~0ul);
    CHECK_EQ(mireg(EIE), ~1ul);
    EXPECT_TRAP(ILLEGAL, mireg(EIE + 1));
    EXPECT_NO_TRAP(CHECK_EQ(mireg(EIE + 8), 0)); /* beyond 255 */
    st32(M_FILE(0), 33);
    wait_line(MEIP, true);
    st32(M_FILE(0), 17);
    st32(M_FILE(0), 0);
    st32(M_FILE(0), 256);
    st32(M_FILE(0), 0xffffffff);
    st32(M_FILE(0) + 4, 5);
    while (csr_read(MTOPEI) != (17 << 16 | 17)) {
    }
    CHECK_EQ(csr_read(MTOPI), 0); /* mie has no MEIE */
}

static void test_topi(void)
{
    csr_write("mie", MEIP);
    CHECK_EQ(csr_read(MTOPI), 11 << 16 | 17);
    CHECK_EQ(csr_swap(MTOPEI, 0), 17 << 16 | 17);
    CHECK_EQ(csr_read(MTOPI), 11 << 16 | 33);
    /* A software interrupt before it, after it, and of the same number. */
    csr_write("mideleg", 0);
    csr_write("mie", MEIP | SSIP);
    csr_set("mip", SSIP);
    CHECK_EQ(csr_read(MTOPI), 11 << 16 | 33);
    set_mireg(0x30, 32 << 8);
    CHECK_EQ(csr_read(MTOPI), 1 << 16 | 32);
    set_mireg(0x30, 33 << 8);
    CHECK_EQ(csr_read(MTOPI), 11 << 16 | 33);
    set_mireg(0x30, 0);
    CHECK_EQ(csr_swap(MTOPEI, 0), 33 << 16 | 33);
    CHECK_EQ(csr_read(MTOPI), 1 << 16 | 255);
    csr_clear("mip", SSIP);
    CHECK_EQ(csr_read(MTOPI), 0);
    CHECK_EQ(csr_read("mip") & MEIP, 0);
    csr_write("mie", 0);
}

static u64 in_s(u64 unused)
{
    set_sireg(EIE, ~0ul);
    set_sireg(EIDELIVERY, 1);
    return csr_swap(STOPEI, 0);
}

static void test_forwarded(void)
{
    msi_addresses();
    st32(SOURCECFG(APLIC_M, UART_SOURCE), DELEGATE);
    st32(SOURCECFG(APLIC_S, UART_SOURCE), LEVEL1);
    st32(TARGET(APLIC_S, UART_SOURCE), 60);
    st32(APLIC_S + SETIENUM, UART_SOURCE);
    st32(APLIC_S, 0x100);
    CHECK_EQ(run_in(MODE_S, in_s, 0), 0);
    uart_line(true);
    wait_line(SEIP, true);
    CHECK_EQ(run_in(MODE_S, in_s, 0), 60 << 16 | 60);
    wait_line(SEIP, false); /* once for each rise */
    st32(APLIC_S + SETIPNUM, UART_SOURCE);
    wait_line(SEIP, true);
    CHECK_EQ(run_in(MODE_S, in_s, 0), 60 << 16 | 60);
    uart_line(false);
    st32(APLIC_S + SETIPNUM, UART_SOURCE);
    CHECK_EQ(run_in(MODE_S, in_s, 0), 0);
    st32(APLIC_S + GENMSI, 5);
    CHECK_EQ(run_in(MODE_S, in_s, 0), 5 << 16 | 5);
    /* Guests' files are there; what a message asks of nobody is lost. */
    for (u64 guest = 1; guest <= 3; guest++)
        EXPECT_NO_TRAP(st32(S_FILE(1) + 0x1000 * guest, 9));
    for (u64 bits = 0; bits < 64; bits++) {
        st32(TARGET(APLIC_S, UART_SOURCE), 1u << (bits & 31));
        st32(APLIC_S + GENMSI, 1u << (bits & 31));
        uart_line(true);
        uart_line(false);
    }
    /* Locked, with an address that is that of the APLIC itself and of RAM. */
    st32(APLIC_M + 0x1bc8, APLIC_S >> 12);
    st32(APLIC_S + GENMSI, 0);
    st32(APLIC_M + 0x1bc8, (u32)((u64)main >> 12));
    st32(APLIC_S + GENMSI, 1);
    msi_addresses();
    st32(APLIC_M + 0x1bc4, 1u << 31 | 1 << 12);
    st32(APLIC_M + 0x1bc8, 0);
    CHECK_EQ(ld32(APLIC_M + 0x1bc8), IMSIC_S >> 12);
    while (run_in(MODE_S, in_s, 0)) {
    }
}

static void test_filtered(void)
{
    csr_write(MVIEN, SEIP);
    hart()->trap.count = 0;
    run_in(MODE_S, in_s, 0);
    CHECK_EQ(hart()->trap.count, 3); /* each of its accesses */
    CHECK_EQ(hart()->trap.cause, ILLEGAL);
    csr_write(MVIP, SEIP);
    CHECK_EQ(csr_read("sip"), SEIP);
    CHECK_EQ(csr_read("mip") & SEIP, 0);
    csr_write("sie", SEIP);
    CHECK_EQ(csr_read(STOPI), 9 << 16 | 255); /* none of the controller's */
    csr_write("sie", 0);
    csr_write(MVIP, 0);
    csr_write(MVIEN, 0);
}

/* An external interrupt that no file gives a number comes after all that have one (AIA, 5.4.1). */
static void test_no_number(void)
{
    csr_write("mideleg", SEIP | SSIP);
    csr_write("mie", SEIP | SSIP);
    csr_set("mip", SEIP | SSIP);
    CHECK_EQ(csr_read(STOPI) >> 16, 9);
    set_sireg(0x30, 200 << 8);
    CHECK_EQ(csr_read(STOPI), 1 << 16 | 200);
    csr_clear("mip", SSIP);
    CHECK_EQ(csr_read(STOPI), 9 << 16 | 255);
    set_sireg(0x30, 0);
    csr_clear("mip", SEIP);
    csr_write("mie", 0);
    csr_write("mideleg", 0);
}

/* ---- Two harts send each other messages ---- */

static void on_message(u64 cause)
{
    u64 id = csr_swap(MTOPEI, 0) >> 16;

    if (id) {
        got[hart()->id] = id;
        n_got[hart()->id]++;
        st32(M_FILE(1 - hart()->id), (u32)(id % 255 + 1));
    }
}

static void listen(void)
{
    hart()->on_irq = on_message;
    set_mireg(EIDELIVERY, 1);
    for (u64 i = 0; i < 8; i += 2)
        set_mireg(EIE + i, ~0ul);
    csr_write("mie", MEIP);
    csr_set("mstatus", MSTATUS_MIE);
}

void other_hart(u64 id)
{
    if ((ld32(APLIC_M) & 4) && id == 1) {
        listen();
        n_got[1] = 1; /* ready */
    }
    for (;;)
        __asm__ volatile("wfi");
}

static void test_ping_pong(void)
{
    while (!n_got[1])
        pause();
    listen();
    st32(M_FILE(1), 1);
    while (n_got[0] < 2000)
        __asm__ volatile("wfi");
    csr_write("mie", 0);
    CHECK(n_got[1] >= 2000);
}

int main(void)
{
    has_imsic = ld32(APLIC_M) & 4;
    test_domains();
    if (!has_imsic) {
        test_direct();
        test_no_number();
        pass();
    }
    test_file();
    test_topi();
    test_forwarded();
    test_filtered();
    test_ping_pong();
    pass();
}
