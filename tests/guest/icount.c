/*
 * Time that counts instructions, 1 ns each (-icount shift=0): time and instret go together, timers
 * come when they are due, and sleep takes no instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define TICK_NS 100
#define MIP_MTIP (1ul << 7)

static volatile u64 came, at_time, at_instret;

static void on_irq(u64 cause)
{
    CHECK_EQ(cause, IRQ | 7);
    at_time = csr_read("time");
    at_instret = csr_read("instret");
    came++;
    st64(CLINT_MTIMECMP(0), ~0ul);
}

static void goes_together(void)
{
    u64 t0 = csr_read("time"), i0 = csr_read("instret");
    u64 dt, di;

    for (volatile u64 n = 0; n < 10000; n++) {
    }
    dt = (csr_read("time") - t0) * TICK_NS;
    di = csr_read("instret") - i0;
    CHECK(dt + TICK_NS >= di && di + TICK_NS >= dt);
}

/* The way into the handler takes a few instructions, no more than two ticks' worth. */
static void comes_in_time(void)
{
    for (u64 n = 1; n <= 50; n++) {
        u64 was = came, when = csr_read("time") + 20 + 7 * n;

        st64(CLINT_MTIMECMP(0), when);
        csr_set("mstatus", MSTATUS_MIE);
        while (came == was) {
        }
        csr_clear("mstatus", MSTATUS_MIE);
        CHECK(at_time >= when && at_time <= when + 2);
    }
}

static void sleeps(void)
{
    u64 t0 = csr_read("time"), i0 = csr_read("instret");

    st64(CLINT_MTIMECMP(0), t0 + 100000); /* 10 ms */
    __asm__ volatile("wfi");
    CHECK(csr_read("time") - (t0 + 100000) <= 1);
    CHECK(csr_read("instret") - i0 < 1000);
}

int main(void)
{
    hart()->on_irq = on_irq;
    st64(CLINT_MTIMECMP(0), ~0ul);
    csr_write("mie", MIP_MTIP);
    goes_together();
    comes_in_time();
    sleeps();
    return 0;
}
