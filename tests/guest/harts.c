/*
 * Interrupts between four harts: each passes a token on to the next by its software interrupt, asleep in
 * wfi until its turn; timers on all of them; a fence on one hart for what another changed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define MIP_MSIP (1ul << 3)
#define MIP_MTIP (1ul << 7)
#define ROUNDS 500

static volatile u64 go, token, rounds[MAX_HARTS], ticks[MAX_HARTS], ready[MAX_HARTS];

static void on_irq(u64 cause)
{
    u64 id = hart()->id;

    if (cause == (IRQ | 3)) {
        st32(CLINT_MSIP(id), 0);
        fence();
        rounds[id]++;
    } else {
        ticks[id]++;
        st64(CLINT_MTIMECMP(id), ~0ul);
    }
}

/* Sleeps until the count has gone beyond what it was; interrupts are taken only while it sleeps, so
 * that none comes between the look and wfi. */
static void wait_beyond(volatile u64 *count, u64 was)
{
    while (*count == was) {
        __asm__ volatile("wfi");
        csr_set("mstatus", MSTATUS_MIE);
        csr_clear("mstatus", MSTATUS_MIE);
    }
}

static void pass_token(u64 id)
{
    u64 next = (id + 1) % MAX_HARTS;

    token = next;
    fence();
    st32(CLINT_MSIP(next), 1);
}

static void ring(u64 id)
{
    for (u64 n = 0; n < ROUNDS; n++) {
        if (id != 0 || n != 0) {
            wait_beyond(&rounds[id], id == 0 ? n - 1 : n);
            CHECK_EQ(token, id);
        }
        pass_token(id);
    }
    if (id == 0) {
        wait_beyond(&rounds[0], ROUNDS - 1);
    }
}

static void ticking(u64 id)
{
    for (u64 n = 0; n < 20; n++) {
        u64 when = csr_read("time") + 2000 * (id + 1);
        st64(CLINT_MTIMECMP(id), when);
        wait_beyond(&ticks[id], n);
        CHECK(csr_read("time") >= when);
    }
}

static void run(u64 id)
{
    hart()->on_irq = on_irq;
    csr_write("mie", MIP_MSIP | MIP_MTIP);
    st64(CLINT_MTIMECMP(id), ~0ul);
    ready[id] = 1;
    fence();
    while (!go && id != 0) {
        pause();
    }
    ring(id);
    ticking(id);
    fence();
    ready[id] = 2;
}

void other_hart(u64 id)
{
    run(id);
}

int main(void)
{
    for (u64 i = 1; i < MAX_HARTS; i++) {
        while (!ready[i]) {
            pause();
        }
    }
    go = 1;
    run(0);
    for (u64 i = 1; i < MAX_HARTS; i++) {
        while (ready[i] != 2) {
            pause();
        }
    }
    return 0;
}
