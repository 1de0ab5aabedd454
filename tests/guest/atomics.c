/*
 * Atomics: each AMO, LR and SC on one hart; counters, locks and store order between two.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define AMO(name, insn)                                                       \
    static u64 name(void *p, u64 v)                                           \
    {                                                                         \
        u64 old;                                                              \
        __asm__ volatile(insn " %0, %2, (%1)" : "=r"(old) : "r"(p), "r"(v) : "memory"); \
        return old;                                                           \
    }
#define AMO2(op) AMO(op##_w, #op ".w.aqrl") AMO(op##_d, #op ".d")
AMO2(amoswap)
AMO2(amoadd)
AMO2(amoxor)
AMO2(amoand)
AMO2(amoor)
AMO2(amomin)
AMO2(amomax)
AMO2(amominu)
AMO2(amomaxu)
AMO(sc_w, "sc.w")
AMO(sc_d, "sc.d")

static u64 lr_w(const void *p)
{
    u64 v = 0xdead;
    __asm__ volatile("lr.w %0, (%1)" : "+r"(v) : "r"(p) : "memory");
    return v;
}

static u64 lr_d(const void *p)
{
    u64 v = 0xdead;
    __asm__ volatile("lr.d %0, (%1)" : "+r"(v) : "r"(p) : "memory");
    return v;
}

struct amo_case {
    u64 (*fn)(void *, u64);
    bool wide;
    u64 memory, operand, result;
};

static void test_amo(void)
{
    static const struct amo_case cases[] = {
        { amoswap_w, 0, 0x11111111ffffffff, 0x2222222233333333, 0x1111111133333333 },
        { amoswap_d, 1, 1, ~0ul, ~0ul },
        { amoadd_w, 0, 0x55555555ffffffff, 1, 0x5555555500000000 },
        { amoadd_d, 1, 0xffffffff, 1, 0x100000000 },
        { amoxor_w, 0, 0x00000000f0f0f0f0, ~0ul, 0x000000000f0f0f0f },
        { amoxor_d, 1, 0xf0f0f0f0f0f0f0f0, ~0ul, 0x0f0f0f0f0f0f0f0f },
        { amoand_w, 0, ~0ul, 0x0ff0, 0xffffffff00000ff0 },
        { amoand_d, 1, ~0ul, 0x0ff0, 0x0ff0 },
        { amoor_w, 0, 0, 0x80000000, 0x80000000 },
        { amoor_d, 1, 1, 2, 3 },
        { amomin_w, 0, 0x80000000, 1, 0x80000000 },
        { amomin_w, 0, 5, 0xffffffff80000000, 0x80000000 },
        { amomin_w, 0, 5, 0x00000001ffffffff, 0xffffffff }, /* only the low word counts */
        { amomin_d, 1, 5, ~0ul, ~0ul },
        { amomax_w, 0, 0x80000000, 1, 1 },
        { amomax_d, 1, 0x8000000000000000, 1, 1 },
        { amominu_w, 0, 0x80000000, 1, 1 },
        { amominu_d, 1, ~0ul, 7, 7 },
        { amomaxu_w, 0, 0x80000000, 1, 0x80000000 },
        { amomaxu_w, 0, 1, 0xffffffff80000000, 0x80000000 },
        { amomaxu_d, 1, ~0ul, 7, ~0ul },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct amo_case *c = &cases[i];
        u64 m = c->memory;
        u64 old = c->fn(&m, c->operand);
        CHECK_EQ(old, c->wide ? c->memory : (u64)(long)(int)c->memory);
        CHECK_EQ(m, c->result);
    }
}

static void test_reservation(void)
{
    static u64 m[64] __attribute__((aligned(512)));

    m[0] = 0xffffffff80000001;
    CHECK_EQ(lr_w(m), 0xffffffff80000001);
    CHECK_EQ(sc_w(m, 5), 0);
    CHECK_EQ(m[0], 0xffffffff00000005);
    CHECK_EQ(sc_w(m, 6), 1); /* the reservation is used up */
    CHECK_EQ(m[0], 0xffffffff00000005);
    CHECK_EQ(lr_d(m), 0xffffffff00000005);
    CHECK_EQ(sc_d(m, 7), 0);
    CHECK_EQ(m[0], 7);
    /* Another place: fails, and takes the reservation with it. */
    lr_d(m);
    CHECK_EQ(sc_d(&m[32], 9), 1);
    CHECK_EQ(sc_d(m, 9), 1);
    CHECK_EQ(m[0], 7);
    CHECK_EQ(m[32], 0);
}

static void test_faults(void)
{
    static u64 m[2];
    u64 a = (u64)m;

    EXPECT_TRAP_AT(6, a + 1, amoadd_w((void *)(a + 1), 1));
    EXPECT_TRAP_AT(6, a + 4, amoadd_d((void *)(a + 4), 1));
    EXPECT_TRAP_AT(4, a + 2, lr_w((void *)(a + 2)));
    EXPECT_TRAP_AT(6, a + 4, sc_d((void *)(a + 4), 0));
    EXPECT_TRAP_AT(7, 0x08000000, amoswap_w((void *)0x08000000, 0));
    EXPECT_TRAP_AT(5, 0x08000000, lr_d((void *)0x08000000));
    CHECK_EQ(m[0] | m[1], 0);
}

/* ---- Two harts ---- */

#define ROUNDS 20000

static volatile u64 go, done;
static u64 count_amo, count_llsc, count_locked;
static u32 count_w;
static volatile u32 lock;
static volatile u64 box[2][16] __attribute__((aligned(128)));
static volatile u64 seen[2][ROUNDS];
static volatile u64 round_of[2][16];

static void meet(u64 me, u64 round)
{
    round_of[me][0] = round;
    fence();
    while (round_of[!me][0] < round) {
        pause();
    }
    fence();
}

static void count(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        amoadd_d(&count_amo, 1);
        amoadd_w(&count_w, 3);
        u64 fail;
        do {
            u64 v = lr_d(&count_llsc);
            fail = sc_d(&count_llsc, v + 1);
        } while (fail);
        while (amoswap_w((void *)&lock, 1)) {
            pause();
        }
        count_locked++;
        fence();
        amoswap_w((void *)&lock, 0);
    }
}

/* Each hart stores to its box, fences, and reads the other's: at least one sees the other's store. */
static void store_buffer(u64 me)
{
    for (u64 i = 0; i < ROUNDS / 10; i++) {
        meet(me, 2 * i + 1);
        __asm__ volatile("sd %2, 0(%0)\nfence rw, rw\nld t0, 0(%1)\nsd t0, 0(%3)"
                         : : "r"(&box[me]), "r"(&box[!me]), "r"(i + 1), "r"(&seen[me][i])
                         : "t0", "memory");
        meet(me, 2 * i + 2);
    }
}

void other_hart(u64 id)
{
    if (id != 1) {
        return;
    }
    while (!go) {
        pause();
    }
    count();
    store_buffer(1);
    fence();
    done = 1;
}

static void test_harts(void)
{
    go = 1;
    count();
    store_buffer(0);
    while (!done) {
        pause();
    }
    fence();
    CHECK_EQ(count_amo, 2 * ROUNDS);
    CHECK_EQ(count_w, 6 * ROUNDS);
    CHECK_EQ(count_llsc, 2 * ROUNDS);
    CHECK_EQ(count_locked, 2 * ROUNDS);
    for (u64 i = 0; i < ROUNDS / 10; i++) {
        CHECK(seen[0][i] == i + 1 || seen[1][i] == i + 1);
    }
}

int main(void)
{
    test_amo();
    test_reservation();
    test_faults();
    test_harts();
    return 0;
}
