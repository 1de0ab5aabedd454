/*
 * The board's devices as a guest meets them: UART in loopback with its interrupts through the PLIC,
 * the real-time clock and its alarm, access sizes, and addresses where nothing is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define RTC 0x101000ul
#define FINISHER 0x100000ul
#define VIRTIO(n) (0x10001000ul + 0x1000 * (n))
#define LOAD_FAULT 5
#define STORE_FAULT 7
#define MIP_MEIP (1ul << 11)

enum { RBR = 0, THR = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7 };

static u64 now(void)
{
    return ld64(CLINT_MTIME);
}

/* Waits for the PLIC to say that M-mode has an interrupt; false after a second. */
static bool wait_meip(void)
{
    for (u64 end = now() + 10000000; now() < end;) {
        if (csr_read("mip") & MIP_MEIP)
            return true;
    }
    return false;
}

static void plic_enable(u32 source)
{
    st32(PLIC + 4 * source, 1);
    st32(PLIC + 0x2000 + source / 32 * 4, 1u << source % 32);
    st32(PLIC + 0x200000, 0);
}

/* Claims, and expects that source. The caller completes. */
static void expect_claim(u32 source)
{
    CHECK(wait_meip());
    CHECK_EQ(ld32(PLIC + 0x200004), source);
    CHECK_EQ(csr_read("mip") & MIP_MEIP, 0);
}

static void complete(u32 source)
{
    st32(PLIC + 0x200004, source);
}

static void test_uart_registers(void)
{
    st8(UART + SCR, 0x5a);
    CHECK_EQ(ld8(UART + SCR), 0x5a);
    st8(UART + LCR, 0x83);
    st8(UART + 0, 0x0c);
    st8(UART + 1, 0x01);
    CHECK_EQ(ld8(UART + 0), 0x0c);
    CHECK_EQ(ld8(UART + 1), 0x01);
    st8(UART + LCR, 0x03);
    CHECK_EQ(ld8(UART + IER), 0);
    st8(UART + FCR, 0x07);
    CHECK_EQ(ld8(UART + IIR), 0xc1);
    CHECK_EQ(ld8(UART + LSR) & 0x60, 0x60);
    CHECK_EQ(ld8(UART + MSR) & 0xf0, 0xb0);
}

static void test_uart_loopback(void)
{
    st8(UART + MCR, 0x10);
    st8(UART + FCR, 0x87); /* FIFO cleared, trigger at 8 */
    plic_enable(10);
    st8(UART + IER, 1);
    for (u32 i = 0; i < 8; i++) {
        CHECK_EQ(csr_read("mip") & MIP_MEIP, 0);
        st8(UART + THR, (u8)('a' + i));
    }
    expect_claim(10);
    CHECK_EQ(ld8(UART + IIR), 0xc4);
    complete(10); /* the line is still high */
    expect_claim(10);
    for (u32 i = 0; i < 8; i++) {
        CHECK_EQ(ld8(UART + LSR) & 1, 1);
        CHECK_EQ(ld8(UART + RBR), 'a' + i);
    }
    complete(10);
    CHECK_EQ(csr_read("mip") & MIP_MEIP, 0);
    CHECK_EQ(ld8(UART + IIR), 0xc1);

    /* Fewer than the trigger level: the receive timeout brings them. */
    st8(UART + THR, '!');
    CHECK_EQ(ld8(UART + IIR), 0xc1);
    expect_claim(10);
    CHECK_EQ(ld8(UART + IIR), 0xcc);
    CHECK_EQ(ld8(UART + RBR), '!');
    complete(10);

    /* Transmitter empty: due when enabled, gone when read. */
    st8(UART + IER, 2);
    expect_claim(10);
    CHECK_EQ(ld8(UART + IIR), 0xc2);
    complete(10);
    CHECK_EQ(csr_read("mip") & MIP_MEIP, 0);
    st8(UART + IER, 0);
    st8(UART + MCR, 0);
}

static u64 rtc_ns(void)
{
    u64 low = ld32(RTC);
    return low | (u64)ld32(RTC + 4) << 32;
}

static void test_rtc(void)
{
    u64 t = rtc_ns(), ticks = now();

    CHECK(t > 1600000000000000000ul); /* later than 2020 */
    while (now() < ticks + 100000) {
    }
    u64 passed = rtc_ns() - t;
    CHECK(passed >= 9000000 && passed < 5000000000ul); /* 10 ms of the other clock */

    plic_enable(11);
    st32(RTC + 0x10, 1);
    t = rtc_ns() + 20000000;
    st32(RTC + 0x0c, (u32)(t >> 32));
    st32(RTC + 0x08, (u32)t);
    CHECK_EQ(ld32(RTC + 0x18), 1);
    expect_claim(11);
    CHECK(rtc_ns() >= t);
    CHECK_EQ(ld32(RTC + 0x18), 0);
    st32(RTC + 0x1c, 1);
    complete(11);
    CHECK_EQ(csr_read("mip") & MIP_MEIP, 0);

    /* Set to the year 2033, as Linux sets it: high half first. */
    t = 2000000000000000000ul;
    st32(RTC + 4, (u32)(t >> 32));
    st32(RTC + 0, (u32)t);
    CHECK(rtc_ns() - t < 10000000000ul);
}

static void test_sizes(void)
{
    EXPECT_TRAP(LOAD_FAULT, ld8(PLIC + 4));
    EXPECT_TRAP(LOAD_FAULT, ld64(PLIC + 8));
    EXPECT_TRAP_AT(STORE_FAULT, PLIC + 0x200004, st16(PLIC + 0x200004, 1));
    EXPECT_TRAP(LOAD_FAULT, ld64(CLINT_MSIP(0)));
    EXPECT_TRAP(LOAD_FAULT, ld16(CLINT_MTIME));
    EXPECT_TRAP(LOAD_FAULT, ld8(RTC));
    EXPECT_TRAP(STORE_FAULT, st8(FINISHER, 0x55));
    EXPECT_TRAP(STORE_FAULT, st64(FINISHER, 0x5555));
    EXPECT_NO_TRAP(CHECK_EQ(ld32(FINISHER), 0));
    EXPECT_NO_TRAP(ld64(CLINT_MTIME));
    for (u32 n = 0; n < 8; n++) {
        CHECK_EQ(ld32(VIRTIO(n)), 0x74726976);
        EXPECT_TRAP(LOAD_FAULT, ld32(VIRTIO(n) + 0x200));
    }
    EXPECT_TRAP(LOAD_FAULT, ld32(0x80000));
    EXPECT_TRAP(STORE_FAULT, st32(0x1000, 0)); /* the mask ROM */
    EXPECT_NO_TRAP(CHECK_EQ(ld32(0x1000), 0x00000297));
    EXPECT_TRAP_AT(LOAD_FAULT, UART + 8, ld8(UART + 8));
}

/* What means nothing is ignored: nobody is hurt, nothing hangs. */
static void test_nonsense(void)
{
    for (u64 off = 0; off < 0x600000; off += 0x3004) {
        st32(PLIC + (off & ~3ul), 0xffffffff);
        ld32(PLIC + (off & ~3ul));
    }
    for (u64 off = 0x4000; off < 0xc000; off += 8) {
        if (CLINT + off != CLINT_MTIME)
            st64(CLINT + off, ~0ul);
        ld64(CLINT + off);
    }
    for (u32 i = 0; i < 0x24; i += 4) {
        st32(RTC + i, 0xffffffff);
        ld32(RTC + i);
    }
    st32(FINISHER, 0x1234);
    st32(FINISHER + 4, 0x5555);
}

int main(void)
{
    csr_write("mie", 0);
    test_uart_registers();
    test_uart_loopback();
    test_rtc();
    test_sizes();
    test_nonsense();
    pass();
}
