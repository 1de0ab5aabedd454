/*
 * The board's own devices under random accesses of every size, and the ways that are particular to
 * each: more than a hundred scenarios for a device, and after each the device still does its work.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define FINISHER 0x100000ul
#define RTC 0x101000ul
#define FW_CFG 0x10100000ul
#define FLASH(n) (0x20000000ul + 0x2000000 * (n))
#define RAM 0x80000000ul
#define ROUNDS 256

static u64 seed = 1;

static u32 rnd(void)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (u32)(seed >> 33);
}

static u64 rnd64(void)
{
    static const u64 favourites[] = { 0, 1, ~0ul, 0x80000000, 0xffffffff, 1ul << 63, 0xff, 0xffff };
    return rnd() & 1 ? favourites[rnd() % 8] : (u64)rnd() << 32 ^ rnd();
}

/* Some accesses anywhere in a window, also across its end. */
static void scatter(u64 base, u64 size)
{
    for (u32 n = 1 + rnd() % 16; n; n--) {
        u64 at = base + rnd() % size;
        if (rnd() & 1)
            at &= ~7ul;
        switch (rnd() & 7) {
        case 0: st8(at, (u8)rnd64()); break;
        case 1: st16(at, (u16)rnd64()); break;
        case 2: case 3: st32(at, (u32)rnd64()); break;
        case 4: st64(at, rnd64()); break;
        case 5: ld8(at); ld16(at); break;
        case 6: ld32(at); break;
        case 7: ld64(at); break;
        }
    }
}

/* ---- The serial port: in loopback, so that the log stays readable ---- */

static void attack_uart(void)
{
    for (u32 i = 0; i < ROUNDS; i++) {
        for (u32 n = rnd() % 16; n; n--) {
            st8(UART + 4, (u8)rnd() | 0x10);
            u32 reg = rnd() % 8;
            if (reg != 4)
                st8(UART + reg, (u8)rnd());
            ld8(UART + rnd() % 0x100);
            ld32(UART + rnd() % 0x100);
        }
        st8(UART + 4, 0x10);
        st8(UART + 3, 3);
        st8(UART + 1, 0);
        st8(UART + 2, 7); /* FIFOs on and empty */
        st8(UART + 0, (u8)i);
        u64 end = ld64(CLINT_MTIME) + 10000000;
        while (!(ld8(UART + 5) & 1))
            CHECK(ld64(CLINT_MTIME) < end);
        CHECK_EQ(ld8(UART + 0), (u8)i);
    }
    st8(UART + 4, 3);
}

static void attack_plic(void)
{
    for (u32 i = 0; i < ROUNDS; i++) {
        scatter(PLIC, i & 1 ? 0x600000 : 0x2100);
        if (i & 2)
            scatter(PLIC + 0x200000, 0x4010);
        st32(PLIC + 0x200000, 7);
        CHECK_EQ(ld32(PLIC + 0x200000), 7);
        st32(PLIC + 4 * 10, 1);
        CHECK_EQ(ld32(PLIC + 4 * 10), 1);
        st32(PLIC + 4 * 10, 0);
    }
}

static void attack_clint(void)
{
    for (u32 i = 0; i < ROUNDS; i++) {
        scatter(CLINT, i & 1 ? 0x10000 : 0x4010);
        scatter(CLINT + 0xbff0, 16);
        st32(CLINT_MSIP(0), 1);
        CHECK(csr_read("mip") & 8);
        st32(CLINT_MSIP(0), 0);
        CHECK(!(csr_read("mip") & 8));
        st64(CLINT_MTIME, 1000);
        st64(CLINT_MTIMECMP(0), 0);
        CHECK(csr_read("mip") & 0x80);
        st64(CLINT_MTIMECMP(0), ~0ul);
        CHECK(!(csr_read("mip") & 0x80));
    }
}

static u64 rtc_ns(void)
{
    u64 low = ld32(RTC);
    return (u64)ld32(RTC + 4) << 32 | low;
}

static void attack_rtc(void)
{
    for (u32 i = 0; i < ROUNDS; i++) {
        scatter(RTC, 0x1000);
        st32(RTC + 4, 0x10000000);
        st32(RTC, 0);
        u64 was = rtc_ns();
        CHECK_EQ(was >> 60, 1);
        CHECK(rtc_ns() >= was);
        st32(RTC + 0x14, 1); /* no alarm */
    }
}

static void attack_finisher(void)
{
    for (u32 i = 0; i < ROUNDS; i++) {
        u32 v = (u32)rnd64();
        u32 low = v & 0xffff;
        if (low == 0x5555 || low == 0x3333 || low == 0x7777)
            v ^= 0x8000;
        st32(FINISHER, v);
        st8(FINISHER + rnd() % 4, (u8)v);
        st16(FINISHER + 2, (u16)v);
        st64(FINISHER + 8 + rnd() % 0x800, rnd64());
        ld64(FINISHER + rnd() % 0x1000);
    }
}

/* ---- Firmware configuration: items by number, and DMA ---- */

static u32 be32(u32 v)
{
    return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}

static u64 be64(u64 v)
{
    return (u64)be32((u32)v) << 32 | be32((u32)(v >> 32));
}

static void fw_dma(u64 where, u32 control, u32 length, u64 address)
{
    static struct {
        u32 control, length;
        u64 address;
    } request __attribute__((aligned(16)));
    request.control = be32(control);
    request.length = be32(length);
    request.address = be64(address);
    fence();
    u64 at = where ? where : (u64)&request;
    st32(FW_CFG + 16, be32((u32)(at >> 32)));
    st32(FW_CFG + 20, be32((u32)at));
    fence();
    if (!where) /* done at once, or refused */
        CHECK((((volatile u32 *)&request)[0] & ~be32(1)) == 0);
}

static void fw_signature(void)
{
    static u32 signature;
    st16(FW_CFG + 8, 0);
    CHECK_EQ(ld8(FW_CFG), 'Q');
    CHECK_EQ(ld8(FW_CFG), 'E');
    fw_dma(0, 0x0000000a, 4, (u64)&signature);
    fence();
    CHECK_EQ(*(volatile u32 *)&signature, 0x554d4551);
}

static void attack_fw_cfg(void)
{
    static const u64 places[] = { 0, UART, 0x1000, FLASH(0), RAM + (128ul << 20) - 8, ~0ul - 7, 1ul << 63,
                                  PLIC, FW_CFG };
    static u8 sink[4096];
    static const u32 lengths[] = { 0, 1, 4, 4096, 0x7fffffff, 0x80000000, 0xffffffff };
    for (u32 i = 0; i < ROUNDS; i++) {
        scatter(FW_CFG, 0x18);
        st16(FW_CFG + 8, (u16)rnd());
        for (u32 n = rnd() % 64; n; n--)
            ld8(FW_CFG);
        fw_dma(places[1 + rnd() % 8], 0, 0, 0);
        u32 control = rnd() & 0x1f;
        if (rnd() & 1)
            control |= (rnd() & 1 ? 0x8000 : rnd() % 0x40) << 16;
        /* Into memory that is this program's to lose, or where DMA must not go. */
        bool mine = rnd() & 1;
        fw_dma(0, control, mine ? lengths[rnd() % 4] : lengths[rnd() % 7],
               mine ? (u64)sink : places[rnd() % 9]);
        fw_signature();
    }
}

/* ---- Flash: commands in any order ---- */

static void attack_flash(u64 base)
{
    static const u8 commands[] = { 0x10, 0x20, 0x28, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98, 0xd0, 0xe8, 0xf0,
                                   0xff, 0x01, 0x2f };
    for (u32 i = 0; i < ROUNDS; i++) {
        for (u32 n = rnd() % 24; n; n--) {
            u64 at = base + (rnd() % 0x2000000 & ~3u);
            u32 c = rnd() & 3 ? commands[rnd() % sizeof(commands)] : rnd() & 0xff;
            if (rnd() & 7)
                st32(at, c << 16 | c);
            else
                st8(at + rnd() % 4, (u8)c);
            ld32(at);
            ld64(at & ~7ul);
        }
        scatter(base, 0x2000000 - 16);
        for (u32 n = 0; n < 600; n++) /* the rest of a buffer that was begun, and out of anything else */
            st32(base, 0x00ff00ff);
        st32(base, 0x00500050);
        st32(base, 0x00980098);
        CHECK_EQ(ld8(base + 0x40), 'Q');
        CHECK_EQ(ld8(base + 0x44), 'R');
        CHECK_EQ(ld8(base + 0x48), 'Y');
        st32(base, 0x00ff00ff);
    }
}

int main(void)
{
    attack_uart();
    attack_plic();
    attack_clint();
    attack_rtc();
    attack_finisher();
    attack_fw_cfg();
    attack_flash(FLASH(0));
    attack_flash(FLASH(1));
    pass();
}
