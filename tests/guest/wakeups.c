/*
 * Wake-ups that must not be lost, on two to four harts for two seconds: each asks others at random by software
 * interrupts and waits for their answers, asleep in wfi, or in loops that do nothing, or that let interrupts in for an
 * instruction only, in M-mode and S-mode; or for a timer that is due about when it falls asleep. In between
 * they fight for a lock of LR and SC, whose line others store to.
 *
 * A hart that waits for long has lost a wake-up: its timer says so.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define MIP_SSIP (1ul << 1)
#define MIP_MSIP (1ul << 3)
#define MIP_MTIP (1ul << 7)
#define SECOND 10000000ul
#define TOO_LONG (20 * SECOND)

static struct {
    volatile u64 asked[MAX_HARTS];    /* by this hart, of each */
    volatile u64 answered[MAX_HARTS]; /* by this hart, to each */
    volatile u64 ready, done;
    volatile u64 ticks, woken_s;      /* of its handlers */
    volatile bool watching;           /* the timer is not what it waits for */
    u64 random, n_locked, n_added;
} of[MAX_HARTS] __attribute__((aligned(64)));

static volatile u64 go, n_harts, until;
/* All on one line. */
static struct {
    volatile u64 lock, counter, sum, noise[MAX_HARTS];
} fought __attribute__((aligned(64)));

static u64 now(void)
{
    return csr_read("time");
}

static u64 chance(u64 id, u64 n)
{
    of[id].random = of[id].random * 6364136223846793005ul + 1442695040888963407ul;
    return (of[id].random >> 33) % n;
}

static void watch(u64 id)
{
    of[id].watching = true;
    st64(CLINT_MTIMECMP(id), now() + TOO_LONG);
}

static void answer(u64 id)
{
    for (u64 who = 0; who < MAX_HARTS; who++) {
        u64 n = of[who].asked[id];

        if (of[id].answered[who] != n) {
            of[id].answered[who] = n;
            fence();
            st32(CLINT_MSIP(who), 1);
        }
    }
}

static void on_irq(u64 cause)
{
    u64 id = hart()->id;

    switch (cause) {
    case IRQ | 1:
        csr_clear("sip", MIP_SSIP);
        of[id].woken_s++;
        break;
    case IRQ | 3:
        st32(CLINT_MSIP(id), 0);
        fence();
        answer(id);
        csr_set("mip", MIP_SSIP); /* for who is in S-mode */
        break;
    default:
        CHECK(!of[id].watching);
        st64(CLINT_MTIMECMP(id), ~0ul);
        of[id].ticks++;
        break;
    }
}

/* ---- Ways to wait, with interrupts off outside ---- */

static bool waits(u64 id, u64 whom)
{
    return of[whom].answered[id] != of[id].asked[whom];
}

static void asleep(u64 id, u64 whom)
{
    while (waits(id, whom)) {
        __asm__ volatile("wfi");
        csr_set("mstatus", MSTATUS_MIE);
        csr_clear("mstatus", MSTATUS_MIE);
    }
}

static void spinning(u64 id, u64 whom)
{
    csr_set("mstatus", MSTATUS_MIE);
    while (waits(id, whom)) {
    }
    csr_clear("mstatus", MSTATUS_MIE);
}

static void glancing(u64 id, u64 whom)
{
    while (waits(id, whom)) {
        csr_set("mstatus", MSTATUS_MIE);
        csr_clear("mstatus", MSTATUS_MIE);
    }
}

static void (*const ways[])(u64, u64) = { asleep, spinning, glancing };

static void ask(u64 id)
{
    u64 whom = (id + 1 + chance(id, n_harts - 1)) % n_harts;

    of[id].asked[whom]++;
    fence();
    st32(CLINT_MSIP(whom), 1);
    ways[chance(id, 3)](id, whom);
}

/* The timer comes before, while or after the hart falls asleep. */
static void tick(u64 id)
{
    u64 was = of[id].ticks;

    of[id].watching = false;
    st64(CLINT_MTIMECMP(id), now() + chance(id, 100));
    while (of[id].ticks == was) {
        __asm__ volatile("wfi");
        csr_set("mstatus", MSTATUS_MIE);
        csr_clear("mstatus", MSTATUS_MIE);
    }
    watch(id);
}

/* In S-mode M-mode's interrupts are let in anyway, and its handler leaves one for S-mode. */
static u64 in_s_mode(u64 asleep)
{
    u64 id = hart()->id, was = of[id].woken_s;

    st32(CLINT_MSIP(id), 1);
    while (of[id].woken_s == was) {
        if (asleep) {
            __asm__ volatile("wfi");
        }
        csr_set("sstatus", MSTATUS_SIE);
        csr_clear("sstatus", MSTATUS_SIE);
    }
    return 0;
}

/* ---- The lock ---- */

static void fight(u64 id)
{
    u64 one = 1, t;

    __asm__ volatile("1: lr.d.aq %0, (%1)\nbnez %0, 1b\nsc.d %0, %2, (%1)\nbnez %0, 1b\n"
                     : "=&r"(t) : "r"(&fought.lock), "r"(one) : "memory");
    fought.counter++;
    __asm__ volatile("amoswap.d.rl zero, zero, (%0)" : : "r"(&fought.lock) : "memory");
    of[id].n_locked++;
    fought.noise[id]++;
    if (id & 1) {
        __asm__ volatile("amoadd.d zero, %1, (%0)" : : "r"(&fought.sum), "r"(one) : "memory");
    } else {
        __asm__ volatile("1: lr.d %0, (%1)\nadd %0, %0, %2\nsc.d %0, %0, (%1)\nbnez %0, 1b\n"
                         : "=&r"(t) : "r"(&fought.sum), "r"(one) : "memory");
    }
    of[id].n_added++;
}

static void run(u64 id)
{
    watch(id);
    csr_write("mideleg", MIP_SSIP);
    csr_write("mie", MIP_SSIP | MIP_MSIP | MIP_MTIP);
    of[id].random = id;
    for (u64 n = 0; now() < until; n++) {
        ask(id);
        if (n % 4 == 0) {
            tick(id);
        }
        if (n % 8 == 0) {
            run_in(MODE_S, in_s_mode, n % 16 == 0);
        }
        csr_set("mstatus", MSTATUS_MIE);
        for (u64 i = chance(id, 16); i; i--) {
            fight(id);
        }
        csr_clear("mstatus", MSTATUS_MIE);
    }
    of[id].done = 1;
    csr_set("mstatus", MSTATUS_MIE);
    for (u64 i = 0; i < n_harts; i++) {
        while (!of[i].done) { /* answers meanwhile */
        }
    }
    csr_clear("mstatus", MSTATUS_MIE);
}

void other_hart(u64 id)
{
    hart()->on_irq = on_irq;
    of[id].ready = 1;
    while (!go) {
        pause();
    }
    if (id < n_harts) {
        run(id);
        of[id].done = 2;
    }
}

int main(void)
{
    u64 start = now(), n = 1, locked = 0, added = 0;

    hart()->on_irq = on_irq;
    while (n < MAX_HARTS && now() - start < SECOND / 2) { /* those that there are */
        n += of[n].ready;
    }
    CHECK(n >= 2);
    n_harts = n;
    until = now() + 2 * SECOND;
    fence();
    go = 1;
    run(0);
    for (u64 i = 1; i < n; i++) {
        while (of[i].done != 2) {
            pause();
        }
    }
    fence();
    for (u64 i = 0; i < n; i++) {
        locked += of[i].n_locked;
        added += of[i].n_added;
        CHECK_EQ(fought.noise[i], of[i].n_locked);
        CHECK(of[i].ticks > 0 && of[i].woken_s > 0);
    }
    CHECK_EQ(fought.counter, locked);
    CHECK_EQ(fought.sum, added);
    return 0;
}
