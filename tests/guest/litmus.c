/*
 * Litmus tests of the memory model on two to four harts: what RVWMO forbids is never seen, and that harts
 * do run at the same time is: a store that is passed by a later load. litmus-tso.c is this with Ztso: then
 * what that forbids is not seen either.
 *
 * Each test runs many rounds over slots of fresh variables; in each, harts wait for each other for a moment.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#ifndef TSO
#define TSO 0
#endif
#define SLOTS 128
#define BATCHES 24
/* Of the 10 MHz clock: how long to wait for what may be seen. It is printed, no more: harts that the host never runs
 * at the same time do not show it. */
#define PATIENCE (3ul * 10000000)
#define SPINS 20000 /* in a batch: the other hart may have no processor to run on */

struct slot {
    volatile u64 x, pad0[7];
    volatile u64 y, pad1[7];
    u64 r[MAX_HARTS][2], pad2[8];
};
static struct slot slots[SLOTS] __attribute__((aligned(64)));
static volatile u64 at[MAX_HARTS][8]; /* the slot that each is at */
static volatile u64 arrived, phase;

typedef void Body(struct slot *s, u64 *r);
struct test {
    const char *name;
    unsigned harts;
    Body *body[MAX_HARTS];
    bool (*forbidden)(const struct slot *s);
    bool (*relaxed)(const struct slot *s); /* allowed, and to be seen; NULL: not asked */
    bool only_tso;                         /* forbidden with Ztso only */
};

/* ---- What the harts do: one asm statement each, so that nothing comes between ---- */

#define BODY(name, insns)                                                     \
    static void name(struct slot *s, u64 *r)                                  \
    {                                                                         \
        u64 r0 = 0, r1 = 0, one = 1, two = 2, t;                              \
        __asm__ volatile(insns                                                \
                         : "+&r"(r0), "+&r"(r1), "=&r"(t)                     \
                         : "r"(&s->x), "r"(&s->y), "r"(one), "r"(two) : "memory"); \
        r[0] = r0;                                                            \
        r[1] = r1;                                                            \
    }
#define X "(%3)"
#define Y "(%4)"
#define ONE "%5"
#define TWO "%6"
#define T "%2"
#define R0 "%0"
#define R1 "%1"
#define ST(v, where) "sd " v ", 0" where "\n"
#define LD(r, where) "ld " r ", 0" where "\n"
#define FENCE(a, b) "fence " a ", " b "\n"
#define AMO(op, r, v, where) op " " r ", " v ", " where "\n"
/* A store by LR and SC, until it succeeds. */
#define LRSC(lr, sc, v, where) "1: " lr " " T ", " where "\n" sc " " T ", " v ", " where "\nbnez " T ", 1b\n"

BODY(mp_write, ST(ONE, X) ST(ONE, Y))
BODY(mp_read, LD(R0, Y) LD(R1, X))
BODY(mp_write_fence, ST(ONE, X) FENCE("w", "w") ST(ONE, Y))
BODY(mp_read_fence, LD(R0, Y) FENCE("r", "r") LD(R1, X))
BODY(mp_write_release, ST(ONE, X) AMO("amoswap.d.rl", T, ONE, Y))
BODY(mp_read_acquire, AMO("amoadd.d.aq", R0, "zero", Y) LD(R1, X))
BODY(mp_write_sc, ST(ONE, X) LRSC("lr.d", "sc.d.rl", ONE, Y))
BODY(mp_read_lr, "lr.d.aq " R0 ", " Y "\n" LD(R1, X))
BODY(mp_read_address, LD(R0, Y) "xor " T ", " R0 ", " R0 "\nadd " T ", " T ", %3\nld " R1 ", 0(" T ")\n")
BODY(mp_write_tso, ST(ONE, X) "fence.tso\n" ST(ONE, Y))
BODY(mp_read_tso, LD(R0, Y) "fence.tso\n" LD(R1, X))
BODY(sb_x, ST(ONE, X) LD(R0, Y))
BODY(sb_y, ST(ONE, Y) LD(R0, X))
BODY(sb_x_fence, ST(ONE, X) FENCE("rw", "rw") LD(R0, Y))
BODY(sb_y_fence, ST(ONE, Y) FENCE("w", "r") LD(R0, X))
BODY(sb_x_amo, AMO("amoswap.d.aqrl", T, ONE, X) LD(R0, Y))
BODY(sb_y_amo, AMO("amoor.d.aq", T, ONE, Y) LD(R0, X))
BODY(sb_x_rcsc, AMO("amoswap.d.rl", T, ONE, X) AMO("amoadd.d.aq", R0, "zero", Y))
BODY(sb_y_rcsc, AMO("amomax.d.rl", T, ONE, Y) "lr.d.aq " R0 ", " X "\n")
BODY(lb_x, LD(R0, X) ST(ONE, Y))
BODY(lb_y, LD(R0, Y) ST(ONE, X))
BODY(lb_x_fence, LD(R0, X) FENCE("r", "w") ST(ONE, Y))
BODY(lb_y_data, LD(R0, Y) "xor " T ", " R0 ", " R0 "\naddi " T ", " T ", 1\n" ST(T, X))
BODY(two_x, ST(ONE, X) FENCE("w", "w") ST(TWO, Y))
BODY(two_y, ST(ONE, Y) FENCE("w", "w") ST(TWO, X))
BODY(s_write, ST(TWO, X) FENCE("w", "w") ST(ONE, Y))
BODY(r_write, ST(TWO, Y) FENCE("rw", "rw") LD(R0, X))
BODY(write_x, ST(ONE, X))
BODY(write_y, ST(ONE, Y))
BODY(co_read, "mv " T ", %3\nld " R0 ", 0(" T ")\nld " R1 ", 0(%3)\n")
BODY(co_read_amo, AMO("amoor.d", R0, "zero", X) LD(R1, X))
BODY(wrc_forward, LD(R0, X) FENCE("rw", "w") ST(R0, Y))
BODY(iriw_xy, LD(R0, X) FENCE("r", "r") LD(R1, Y))
BODY(iriw_yx, LD(R0, Y) FENCE("r", "r") LD(R1, X))
/* Of a store between LR and SC: either SC fails, or the store comes after it. */
BODY(lrsc_swap, "lr.d " R0 ", " X "\nsc.d " R1 ", " ONE ", " X "\n")
BODY(lrsc_store, ST(TWO, X))

/* ---- What is forbidden ---- */

#define R(hart, n) (s->r[hart][n])
#define OUTCOME(name, condition)                                              \
    static bool name(const struct slot *s) { return condition; }
OUTCOME(mp, R(1, 0) == 1 && R(1, 1) == 0)
OUTCOME(sb, R(0, 0) == 0 && R(1, 0) == 0)
OUTCOME(lb, R(0, 0) == 1 && R(1, 0) == 1)
OUTCOME(two, s->x == 1 && s->y == 1)
OUTCOME(st, R(1, 0) == 1 && s->x == 2)
OUTCOME(rw, R(1, 0) == 0 && s->y == 2)
OUTCOME(co, R(1, 0) == 1 && R(1, 1) == 0)
OUTCOME(wrc, R(1, 0) == 1 && R(2, 0) == 1 && R(2, 1) == 0)
OUTCOME(iriw, R(2, 0) == 1 && R(2, 1) == 0 && R(3, 0) == 1 && R(3, 1) == 0)
OUTCOME(lrsc, R(0, 1) ? s->x != 2 : R(0, 0) == 0 ? s->x != 2 : s->x != 1)

static const struct test tests[] = {
    { "MP", 2, { mp_write, mp_read }, mp, NULL, true },
    { "MP, fences", 2, { mp_write_fence, mp_read_fence }, mp },
    { "MP, rl and aq", 2, { mp_write_release, mp_read_acquire }, mp },
    { "MP, SC.rl and LR.aq", 2, { mp_write_sc, mp_read_lr }, mp },
    { "MP, address dependency", 2, { mp_write_fence, mp_read_address }, mp },
    { "MP, fence.tso", 2, { mp_write_tso, mp_read_tso }, mp },
    { "SB", 2, { sb_x, sb_y }, NULL, sb },
    { "SB, fences", 2, { sb_x_fence, sb_y_fence }, sb },
    { "SB, AMOs", 2, { sb_x_amo, sb_y_amo }, sb },
    { "SB, rl and aq", 2, { sb_x_rcsc, sb_y_rcsc }, sb },
    { "LB", 2, { lb_x, lb_y }, lb, NULL, true },
    { "LB, fence and data dependency", 2, { lb_x_fence, lb_y_data }, lb },
    { "2+2W, fences", 2, { two_x, two_y }, two },
    { "S, fence and data dependency", 2, { s_write, lb_y_data }, st },
    { "R, fences", 2, { mp_write_fence, r_write }, rw },
    { "CoRR", 2, { write_x, co_read }, co },
    { "CoRR, AMO", 2, { write_x, co_read_amo }, co },
    { "LR/SC and a store", 2, { lrsc_swap, lrsc_store }, lrsc },
    { "WRC", 3, { write_x, wrc_forward, mp_read_fence }, wrc },
    { "IRIW", 4, { write_x, write_y, iriw_xy, iriw_yx }, iriw },
};
#define N_TESTS (sizeof(tests) / sizeof(tests[0]))

/* ---- Rounds ---- */

static volatile u64 more; /* written between the second barrier and the third only */

/* All harts of the machine: those that a test has no part for do nothing. */
static void barrier(void)
{
    u64 mine = phase;

    if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == MAX_HARTS) {
        arrived = 0;
        __atomic_store_n(&phase, mine + 1, __ATOMIC_SEQ_CST);
        return;
    }
    while (__atomic_load_n(&phase, __ATOMIC_SEQ_CST) == mine) {
        pause();
    }
}

static void run_batch(u64 id, const struct test *t)
{
    u64 spins = SPINS;

    if (id >= t->harts) {
        return;
    }
    for (u64 i = 0; i < SLOTS; i++) {
        at[id][0] = i + 1;
        for (u64 k = 0; k < t->harts; k++) {
            while (at[k][0] < i + 1 && spins) {
                spins--;
            }
        }
        t->body[id](&slots[i], slots[i].r[id]);
    }
}

static void reset(void)
{
    for (u64 i = 0; i < SLOTS; i++) {
        slots[i].x = slots[i].y = 0;
    }
    for (u64 id = 0; id < MAX_HARTS; id++) {
        at[id][0] = 0;
    }
}

static u64 count(bool (*outcome)(const struct slot *s))
{
    u64 n = 0;

    for (u64 i = 0; outcome && i < SLOTS; i++) {
        n += outcome(&slots[i]);
    }
    return n;
}

static void say(const struct test *t, u64 forbidden, u64 relaxed)
{
    puts(t->name);
    puts(": forbidden ");
    put_hex(forbidden);
    if (t->relaxed) {
        puts(", reordered ");
        put_hex(relaxed);
    }
    puts("\n");
}

/* Hart 0 leads. */
static void lead(const struct test *t)
{
    u64 forbidden = 0, relaxed = 0;

    u64 left = BATCHES, start = csr_read("time");
    do {
        reset();
        barrier();
        run_batch(0, t);
        barrier();
        forbidden += count(t->forbidden);
        relaxed += count(t->relaxed);
        left -= left != 0;
        more = left || (t->relaxed && !relaxed && csr_read("time") - start < PATIENCE);
        barrier();
    } while (more);
    say(t, forbidden, relaxed);
    if (!t->only_tso || TSO) {
        CHECK_EQ(forbidden, 0);
    }
}

static void follow(u64 id, const struct test *t)
{
    do {
        barrier();
        run_batch(id, t);
        barrier();
        barrier();
    } while (more);
}

/* ---- Sums that come out right only if nothing is lost ---- */

#define ADDS 20000
static volatile u64 sum_amo, sum_lrsc, sum_locked, lock;
static volatile u32 sum_word;

static void add_up(void)
{
    for (u64 n = 0; n < ADDS; n++) {
        u64 t;
        __asm__ volatile("amoadd.d zero, %1, (%0)" : : "r"(&sum_amo), "r"(1ul) : "memory");
        __asm__ volatile("amoadd.w zero, %1, (%0)" : : "r"(&sum_word), "r"(1ul) : "memory");
        __asm__ volatile("1: lr.d %0, (%1)\naddi %0, %0, 1\nsc.d %0, %0, (%1)\nbnez %0, 1b"
                         : "=&r"(t) : "r"(&sum_lrsc) : "memory");
        if (n % 8 == 0) {
            do {
                __asm__ volatile("amoswap.w.aq %0, %2, (%1)" : "=&r"(t) : "r"(&lock), "r"(1ul) : "memory");
                if (t) {
                    pause();
                }
            } while (t);
            sum_locked++;
            __asm__ volatile("amoswap.w.rl zero, zero, (%0)" : : "r"(&lock) : "memory");
        }
    }
}

static void run(u64 id)
{
    for (u64 n = 0; n < N_TESTS; n++) {
        if (id == 0) {
            lead(&tests[n]);
        } else {
            follow(id, &tests[n]);
        }
    }
    barrier();
    add_up();
    barrier();
}

void other_hart(u64 id)
{
    run(id);
}

int main(void)
{
    run(0);
    CHECK_EQ(sum_amo, MAX_HARTS * ADDS);
    CHECK_EQ(sum_word, MAX_HARTS * ADDS);
    CHECK_EQ(sum_lrsc, MAX_HARTS * ADDS);
    CHECK_EQ(sum_locked, MAX_HARTS * ADDS / 8);
    return 0;
}
