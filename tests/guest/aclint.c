/*
 * ACLINT: software interrupts of both kinds and timers from one hart to another, whether four harts
 * share the devices or two sockets have their own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define SOCKET_STRIDE 0x10000ul
#define SSWI 0x2f00000ul
#define SSWI_STRIDE 0x4000ul
#define MIP_SSIP (1ul << 1)
#define MIP_MSIP (1ul << 3)
#define MIP_MTIP (1ul << 7)
#define ROUNDS 200

static volatile u64 go, per_socket, soft[MAX_HARTS], s_soft[MAX_HARTS], timers[MAX_HARTS];

static u64 mswi(u64 hart)
{
    return CLINT + hart / per_socket * SOCKET_STRIDE + hart % per_socket * 4;
}

static u64 mtimecmp(u64 hart)
{
    return CLINT + 0x4000 + hart / per_socket * SOCKET_STRIDE + hart % per_socket * 8;
}

static u64 sswi(u64 hart)
{
    return SSWI + hart / per_socket * SSWI_STRIDE + hart % per_socket * 4;
}

/* What a hart sees of its own devices, and then what others send, until it is told to stop. */
void other_hart(u64 id)
{
    while (!go) {
        pause();
    }
    fence();
    st64(mtimecmp(id), ~0ul);
    CHECK_EQ(csr_read("mip") & (MIP_MSIP | MIP_MTIP), 0);
    st64(mtimecmp(id), 0);
    CHECK_EQ(csr_read("mip") & MIP_MTIP, MIP_MTIP);
    st64(mtimecmp(id), ~0ul);
    timers[id]++;
    for (;;) {
        u64 pending = csr_read("mip");

        if (pending & MIP_SSIP) {
            csr_clear("mip", MIP_SSIP);
            fence();
            s_soft[id]++;
        }
        if (pending & MIP_MSIP) {
            st32(mswi(id), 0);
            fence();
            soft[id]++;
        }
        pause();
    }
}

static void wait_for(volatile u64 *count, u64 n)
{
    while (*count != n) {
        pause();
    }
    fence();
}

static void test_between_harts(void)
{
    for (u64 n = 1; n <= ROUNDS; n++) {
        for (u64 h = 1; h < MAX_HARTS; h++) {
            st32(sswi(h), 1);
            wait_for(&s_soft[h], n);
            st32(mswi(h), 1);
            wait_for(&soft[h], n);
        }
        for (u64 h = 1; h < MAX_HARTS; h++) {
            CHECK_EQ(s_soft[h], n);
            CHECK_EQ(soft[h], n);
            CHECK_EQ(timers[h], 1);
        }
        CHECK_EQ(csr_read("mip") & (MIP_SSIP | MIP_MSIP), 0);
    }
}

static volatile u64 taken;

static void on_irq(u64 cause)
{
    CHECK_EQ(cause, IRQ | 1);
    csr_clear("sip", MIP_SSIP);
    taken++;
}

/* Delegated, and cleared by the supervisor that it was for. */
static u64 in_s_mode(u64 arg)
{
    csr_write("sie", MIP_SSIP);
    csr_set("sstatus", MSTATUS_SIE);
    for (u64 n = 1; n <= 20; n++) {
        st32(sswi(0), 1);
        while (taken != n) {
            pause();
        }
        CHECK_EQ(ld32(sswi(0)), 0);
    }
    csr_clear("sstatus", MSTATUS_SIE);
    return 0;
}

static void test_own(void)
{
    st32(sswi(0), 0);
    CHECK_EQ(csr_read("mip") & MIP_SSIP, 0);
    st32(sswi(0), 1);
    CHECK_EQ(csr_read("mip") & MIP_SSIP, MIP_SSIP);
    CHECK_EQ(ld32(sswi(0)), 0);
    st32(sswi(0), 0); /* does not take it back */
    CHECK_EQ(csr_read("mip") & MIP_SSIP, MIP_SSIP);
    csr_clear("mip", MIP_SSIP);
    CHECK_EQ(csr_read("mip") & MIP_SSIP, 0);
    hart()->on_irq = on_irq;
    csr_write("mideleg", MIP_SSIP);
    run_in(MODE_S, in_s_mode, 0);
    CHECK_EQ(taken, 20);
}

/* Registers behind the last hart's take nothing and give zeros. */
static void test_behind(void)
{
    u64 last = MAX_HARTS - 1;

    st32(mswi(last) + 4, 1);
    st32(sswi(last) + 4, 1);
    st64(mtimecmp(last) + 8, 0);
    CHECK_EQ(ld32(mswi(last) + 4), 0);
    CHECK_EQ(ld64(mtimecmp(last) + 8), 0);
    EXPECT_TRAP(7, st8(sswi(0), 1));
    EXPECT_TRAP(5, ld64(mswi(0)));
}

int main(void)
{
    hart()->trap.count = 0;
    ld32(CLINT + SOCKET_STRIDE);
    per_socket = hart()->trap.count ? MAX_HARTS : MAX_HARTS / 2;
    fence();
    st64(mtimecmp(0), ~0ul);
    test_own();
    go = 1;
    fence();
    for (u64 h = 1; h < MAX_HARTS; h++) {
        wait_for(&timers[h], 1);
    }
    test_between_harts();
    test_behind();
    pass();
}
