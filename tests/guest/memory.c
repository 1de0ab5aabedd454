/*
 * Loads and stores in M-mode: every size at every offset around a page border, extension of the
 * result, faults in mid-access, cache-block zeroing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

static u8 area[8192] __attribute__((aligned(4096)));

static u64 expected(u64 addr, unsigned size)
{
    u64 v = 0;
    for (unsigned i = 0; i < size; i++) {
        v |= (u64)(u8)((addr + i) * 37) << 8 * i;
    }
    return v;
}

static void fill(void)
{
    for (unsigned i = 0; i < sizeof area; i++) {
        area[i] = (u8)(((u64)area + i) * 37);
    }
}

static void test_loads(void)
{
    fill();
    for (u64 a = (u64)area + 4096 - 16; a < (u64)area + 4096 + 16; a++) {
        CHECK_EQ(ld8(a), expected(a, 1));
        CHECK_EQ(ld16(a), expected(a, 2));
        CHECK_EQ(ld32(a), expected(a, 4));
        CHECK_EQ(ld64(a), expected(a, 8));
        long v;
        __asm__ volatile("lb %0, 0(%1)" : "=r"(v) : "r"(a));
        CHECK_EQ(v, (long)(signed char)expected(a, 1));
        __asm__ volatile("lh %0, 0(%1)" : "=r"(v) : "r"(a));
        CHECK_EQ(v, (long)(short)expected(a, 2));
        __asm__ volatile("lw %0, 0(%1)" : "=r"(v) : "r"(a));
        CHECK_EQ(v, (long)(int)expected(a, 4));
    }
}

static void test_stores(void)
{
    for (unsigned size = 1; size <= 8; size *= 2) {
        for (u64 a = (u64)area + 4096 - 16; a < (u64)area + 4096 + 8; a++) {
            u64 v = 0xa5a6a7a8a9aaabac;
            fill();
            switch (size) {
            case 1:
                st8(a, (u8)v);
                break;
            case 2:
                st16(a, (u16)v);
                break;
            case 4:
                st32(a, (u32)v);
                break;
            default:
                st64(a, v);
            }
            for (u64 b = a - 8; b < a + 16; b++) {
                u8 want = b >= a && b < a + size ? (u8)(v >> 8 * (b - a)) : (u8)(b * 37);
                CHECK_EQ(ld8(b), want);
            }
        }
    }
}

/* A misaligned access that leaves RAM fails as a whole. */
static void test_ends(void)
{
    u64 end = 0x88000000; /* with 128 MiB */

    EXPECT_TRAP(5, ld64(end - 4));
    EXPECT_TRAP(7, st64(end - 4, 0));
    EXPECT_NO_TRAP(CHECK_EQ(ld32(end - 4), 0));
}

static void test_cbo_zero(void)
{
    u64 a = (u64)area + 64;

    csr_set(MENVCFG, 0xf0);
    fill();
    __asm__ volatile("mv t0, %0\n.4byte 0x0042a00f" : : "r"(a + 5) : "t0", "memory"); /* cbo.zero */
    for (unsigned i = 0; i < 64; i++) {
        CHECK_EQ(ld8(a + i), 0);
    }
    CHECK_EQ(ld8(a - 1), expected(a - 1, 1));
    CHECK_EQ(ld8(a + 64), expected(a + 64, 1));
    EXPECT_TRAP(7, __asm__ volatile("li t0, 0x08000000\n.4byte 0x0042a00f" : : : "t0", "memory"));
}

int main(void)
{
    test_loads();
    test_stores();
    test_ends();
    test_cbo_zero();
    return 0;
}
