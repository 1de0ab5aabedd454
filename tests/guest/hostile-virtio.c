/*
 * A driver that means harm. Every virtio device that the board has is given more than a hundred malformed
 * sequences of registers, rings, descriptors and requests. After each, the device must come back with
 * a reset and serve a proper request; a bystander is asked now and then whether it still does.
 *
 * The scenarios are made by loops and by a generator with a fixed seed: the same in every run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define SLOT(n) (0x10001000ul + 0x1000 * (n))
#define SLOTS 8
#define SECOND 10000000ul /* ticks of mtime */

enum { MAGIC = 0x00, VERSION = 0x04, DEVICE = 0x08, FEATURES = 0x10, FEATURES_SEL = 0x14,
       DRV_FEATURES = 0x20, DRV_FEATURES_SEL = 0x24, PAGE_SIZE = 0x28, SEL = 0x30, NUM_MAX = 0x34,
       NUM = 0x38, ALIGN = 0x3c, PFN = 0x40, READY = 0x44, NOTIFY = 0x50, ISR = 0x60, ACK = 0x64,
       STATUS = 0x70, DESC = 0x80, AVAIL = 0x90, USED = 0xa0, QUEUE_RESET = 0xc0, CONFIG = 0x100 };
enum { ID_NET = 1, ID_BLK = 2, ID_CONSOLE = 3, ID_RNG = 4, ID_BALLOON = 5, ID_9P = 9, ID_GPU = 16,
       ID_INPUT = 18 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { F_INDIRECT = 28, F_EVENT_IDX = 29, F_VERSION_1 = 32, F_PACKED = 34 };

struct desc {
    u64 addr;
    u32 len;
    u16 flags, next;
};

#define QSIZE 8
static struct {
    struct desc desc[QSIZE];
    u16 avail[3 + QSIZE];
    struct {
        u16 flags, idx;
        struct {
            u32 id, len;
        } ring[QSIZE];
        u16 event;
    } used __attribute__((aligned(4)));
} __attribute__((aligned(4096))) ring[4];

static u8 buffer[8192] __attribute__((aligned(4096)));
static struct desc table[64] __attribute__((aligned(4096)));
static u64 base;      /* of the slot under attack */
static bool legacy;
static u64 scenarios; /* against this device */
static u64 seed;

static u32 rnd(void)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (u32)(seed >> 33);
}

static u64 now(void)
{
    return ld64(CLINT_MTIME);
}

static void zero(void *p, u64 n)
{
    for (u64 i = 0; i < n; i++)
        ((volatile u8 *)p)[i] = 0;
}

/* ---- A proper driver ---- */

static void set_features(u64 want)
{
    st32(base + STATUS, 0);
    CHECK_EQ(ld32(base + STATUS), 0);
    st32(base + STATUS, 3);
    for (u32 i = 0; i < 2; i++) {
        st32(base + FEATURES_SEL, i);
        u32 offered = ld32(base + FEATURES);
        st32(base + DRV_FEATURES_SEL, i);
        st32(base + DRV_FEATURES, offered & (u32)(want >> 32 * i));
    }
    st32(base + STATUS, 11);
}

static void put_address(u64 reg, u64 addr)
{
    st32(base + reg, (u32)addr);
    st32(base + reg + 4, (u32)(addr >> 32));
}

static void setup_queue(u32 q)
{
    zero(&ring[q], sizeof(ring[q]));
    st32(base + SEL, q);
    if (legacy) {
        st32(base + PAGE_SIZE, 4096);
        st32(base + NUM, QSIZE);
        st32(base + ALIGN, 4); /* the used ring follows at the next multiple */
        st32(base + PFN, (u32)((u64)&ring[q] / 4096));
        return;
    }
    st32(base + NUM, QSIZE);
    put_address(DESC, (u64)ring[q].desc);
    put_address(AVAIL, (u64)ring[q].avail);
    put_address(USED, (u64)&ring[q].used);
    st32(base + READY, 1);
}

static u64 wanted = 1ul << F_VERSION_1 | 1ul << F_INDIRECT;

static u32 queue_max(u32 q)
{
    st32(base + SEL, q);
    return ld32(base + NUM_MAX);
}

/* Reset, features, the first queues ready, running. */
static void start(void)
{
    set_features(wanted);
    if (!legacy)
        CHECK(ld32(base + STATUS) & 8);
    for (u32 q = 0; q < 4; q++)
        if (queue_max(q) >= QSIZE)
            setup_queue(q);
    st32(base + STATUS, 15);
    CHECK_EQ(ld32(base + STATUS) & 0x4f, legacy ? 15 : 15);
}

static void put(u32 q, u32 slot, u64 addr, u32 len, u32 flags, u32 next)
{
    ring[q].desc[slot % QSIZE] = (struct desc){ addr, len, (u16)flags, (u16)next };
}

static void submit(u32 q, u32 head)
{
    u16 idx = ring[q].avail[1];
    ring[q].avail[2 + idx % QSIZE] = (u16)head;
    fence();
    ((volatile u16 *)ring[q].avail)[1] = (u16)(idx + 1);
    fence();
    st32(base + NOTIFY, q);
}

/* Waits until n buffers were used; false after so many ticks. */
static bool wait_ticks(u32 q, u16 n, u64 ticks)
{
    for (u64 end = now() + ticks; now() < end;)
        if (((volatile u16 *)&ring[q].used)[1] == n)
            return true;
    return false;
}

static bool wait_used(u32 q, u16 n)
{
    return wait_ticks(q, n, 10 * SECOND);
}

/* A balloon is given page numbers, read at any alignment: those of this program would be its end. */
static void spare_own_pages(void)
{
    if (ld32(base + DEVICE) != ID_BALLOON)
        return;
    for (u32 k = 0; k < sizeof(buffer); k++)
        buffer[k] = 0xff;
}

/* A request that the device has to answer, on a machine that was just started. */
static void serve(void)
{
    u32 id = ld32(base + DEVICE);
    zero(buffer, 512);
    start();
    switch (id) {
    case ID_BLK: /* read sector 0 */
        put(0, 0, (u64)buffer, 16, NEXT, 1);
        put(0, 1, (u64)buffer + 512, 512, NEXT | WRITE, 2);
        put(0, 2, (u64)buffer + 2048, 1, WRITE, 0);
        buffer[2048] = 0xff;
        submit(0, 0);
        CHECK(wait_used(0, 1));
        CHECK_EQ(((volatile u8 *)buffer)[2048], 0);
        CHECK_EQ(ring[0].used.ring[0].len, 513);
        break;
    case ID_NET: /* send a frame to nobody */
        put(1, 0, (u64)buffer, 12 + 60, 0, 0);
        buffer[12 + 12] = 0x88; /* an EtherType for experiments */
        buffer[12 + 13] = 0xb5;
        submit(1, 0);
        CHECK(wait_used(1, 1));
        break;
    case ID_RNG:
        put(0, 0, (u64)buffer, 64, WRITE, 0);
        submit(0, 0);
        CHECK(wait_used(0, 1));
        CHECK(ring[0].used.ring[0].len);
        break;
    case ID_CONSOLE: /* port 0 takes output; control messages only if that was negotiated */
        put(1, 0, (u64)"", 1, 0, 0);
        submit(1, 0);
        CHECK(wait_used(1, 1));
        break;
    case ID_BALLOON: /* a page is taken back */
        *(u32 *)buffer = 0x87f00;
        put(1, 0, (u64)buffer, 4, 0, 0);
        submit(1, 0);
        CHECK(wait_used(1, 1));
        break;
    case ID_GPU: /* GET_DISPLAY_INFO */
        *(u32 *)buffer = 0x100;
        put(0, 0, (u64)buffer, 24, NEXT, 1);
        put(0, 1, (u64)buffer + 512, 408, WRITE, 0);
        submit(0, 0);
        CHECK(wait_used(0, 1));
        CHECK_EQ(*(volatile u32 *)(buffer + 512), 0x1101);
        break;
    case ID_9P: { /* Tversion, answered with Rversion */
        static const u8 version[] = { 21, 0, 0, 0, 100, 0xff, 0xff, 0, 16, 0, 0, 8, 0,
                                      '9', 'P', '2', '0', '0', '0', '.', 'L' };
        for (u32 i = 0; i < sizeof(version); i++)
            buffer[i] = version[i];
        put(0, 0, (u64)buffer, sizeof(version), NEXT, 1);
        put(0, 1, (u64)buffer + 512, 512, WRITE, 0);
        submit(0, 0);
        CHECK(wait_used(0, 1));
        CHECK_EQ(((volatile u8 *)buffer)[516], 101);
        break;
    }
    case ID_INPUT: /* a status event: taken */
        put(1, 0, (u64)buffer, 8, 0, 0);
        submit(1, 0);
        CHECK(wait_used(1, 1));
        break;
    default:
        CHECK_EQ(id, 0);
    }
}

static u64 bystander;

/* The attack is over: the device comes back, and now and then, whether the others still work. */
static void recover(void)
{
    serve();
    if (++scenarios % 16 == 0 && bystander) {
        u64 was = base;
        bool was_legacy = legacy;
        /* The rings are the same memory: a device that still lives may answer what is meant for the
         * other, in its own time. */
        st32(base + STATUS, 0);
        base = bystander;
        legacy = ld32(base + VERSION) == 1;
        serve();
        base = was;
        legacy = was_legacy;
    }
    start(); /* ready for the next attack */
}

/* ---- Registers ---- */

static void attack_registers(void)
{
    static const u32 values[] = { 0, 1, 0xffffffff, 0x80000000, 0x10000, 0x7fffffff };
    for (u64 reg = 0; reg < 0x200; reg += 4) {
        for (u32 i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            st32(base + reg, values[i]);
            ld32(base + reg);
        }
        recover();
    }
    for (u32 i = 0; i < 64; i++) { /* sizes and alignments that registers do not have */
        u64 at = base + rnd() % 0x208;
        st8(at, (u8)rnd());
        st16(at, (u16)rnd());
        st64(at, rnd());
        ld8(at), ld16(at), ld64(at);
        recover();
    }
}

static void attack_status(void)
{
    for (u32 i = 0; i < 64; i++) {
        for (u32 n = rnd() % 6; n; n--) {
            st32(base + STATUS, rnd() & 0xff);
            st32(base + DRV_FEATURES_SEL, rnd() % 4);
            st32(base + DRV_FEATURES, rnd());
            st32(base + NOTIFY, rnd() % 8);
            st32(base + SEL, rnd() % 6);
            st32(base + (rnd() & 1 ? READY : QUEUE_RESET), rnd() & 1);
        }
        recover();
    }
}

/* ---- Rings ---- */

static const u64 places[] = {
    0, 0x10000000 /* the serial port */, 0x1000 /* ROM */, 0x20000000 /* flash */, 0x10001000,
    0x80000000 + (128ul << 20) - 8 /* the end of RAM */, 0x80000000 + (128ul << 20), ~0ul - 15,
    1ul << 63, 0x87f00001 /* memory, misaligned */, 0x0c000000,
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static void attack_rings(void)
{
    static const u32 sizes[] = { 0, 3, QSIZE, 1024, 0x8000, 0x10000, 0xffffffff };
    static const u64 regs[] = { DESC, AVAIL, USED };
    for (u32 n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
        for (u32 p = 0; p < PLACES; p++) {
            set_features(wanted);
            for (u32 q = 0; q < 2; q++) {
                st32(base + SEL, q);
                st32(base + NUM, sizes[n]);
                if (legacy) {
                    st32(base + ALIGN, p & 1 ? 4096 : sizes[n]);
                    st32(base + PFN, (u32)(places[p] / 4096));
                    continue;
                }
                put_address(DESC, (u64)ring[q].desc);
                put_address(AVAIL, (u64)ring[q].avail);
                put_address(USED, (u64)&ring[q].used);
                put_address(regs[(p + n) % 3], places[p]);
                st32(base + READY, 1);
            }
            st32(base + STATUS, 15);
            submit(0, 0);
            submit(1, 0);
            st32(base + NUM, 0x400); /* too late */
            put_address(DESC, 0x10000000);
            st32(base + NOTIFY, 0);
            recover();
        }
    }
}

/* ---- Chains ---- */

static u64 somewhere(void)
{
    return rnd() & 3 ? (u64)buffer + rnd() % 4096 : places[rnd() % PLACES];
}

static u32 some_length(void)
{
    static const u32 lengths[] = { 0, 1, 4, 8, 15, 16, 24, 512, 4096, 0x7fffffff, 0xffffffff, 0x80000000 };
    return lengths[rnd() % (sizeof(lengths) / sizeof(lengths[0]))];
}

/* One scenario: what is in the ring is handed over, with heads that may not exist. */
static void hand_over(u32 q)
{
    submit(q, 0);
    if (rnd() % 4 == 0)
        submit(q, rnd());
    if (rnd() % 8 == 0) {
        ((volatile u16 *)ring[q].avail)[1] += (u16)(rnd() % 3 ? QSIZE + 1 : rnd());
        st32(base + NOTIFY, q);
    }
    recover();
}

static void attack_chains(u32 q)
{
    /* Known shapes first. */
    put(q, 0, (u64)buffer, 16, NEXT, 0); /* to itself */
    hand_over(q);
    put(q, 0, (u64)buffer, 16, NEXT, 1); /* round and round */
    put(q, 1, (u64)buffer, 16, NEXT | WRITE, 0);
    hand_over(q);
    put(q, 0, (u64)buffer, 16, NEXT, QSIZE); /* out of the table */
    hand_over(q);
    put(q, 0, (u64)buffer, 16, NEXT, 0xffff);
    hand_over(q);
    put(q, 0, (u64)buffer, 16, NEXT | WRITE, 1); /* written before read */
    put(q, 1, (u64)buffer, 16, 0, 0);
    hand_over(q);
    for (u32 i = 0; i < 4; i++) { /* more bytes than there is memory */
        put(q, 0, (u64)buffer, 0xffffffff, NEXT | (i & 1 ? WRITE : 0), 1);
        put(q, 1, (u64)buffer, 0xffffffff, i & 2 ? WRITE : 0, 0);
        hand_over(q);
    }
    /* Tables of descriptors. */
    static const u32 sizes[] = { 0, 1, 15, 16, 17, 24, 1024, 0xfffffff0, 0xffffffff };
    for (u32 i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (u32 k = 0; k < 64; k++)
            table[k] = (struct desc){ somewhere(), some_length(), (u16)(rnd() & 7), (u16)rnd() };
        put(q, 0, (u64)table, sizes[i], INDIRECT, 0);
        hand_over(q);
        put(q, 0, (u64)table, sizes[i], INDIRECT | NEXT | WRITE, 1);
        hand_over(q);
        table[0] = (struct desc){ (u64)table, 1024, INDIRECT, 0 }; /* a table in itself */
        put(q, 0, (u64)table, sizes[i], INDIRECT, 0);
        hand_over(q);
        table[0] = (struct desc){ (u64)buffer, 16, NEXT, 0 };
        put(q, 0, (u64)table, sizes[i], INDIRECT, 0);
        hand_over(q);
    }
    for (u32 p = 0; p < PLACES; p++) {
        put(q, 0, places[p], 1024, INDIRECT, 0);
        hand_over(q);
        put(q, 0, places[p], 4096, NEXT, 1);
        put(q, 1, places[p], 4096, WRITE, 0);
        hand_over(q);
    }
    /* Then anything. */
    for (u32 i = 0; i < 40; i++) {
        for (u32 k = 0; k < QSIZE; k++)
            put(q, k, somewhere(), some_length(), rnd() & 7, rnd() % (QSIZE + 1));
        hand_over(q);
    }
}

/* ---- Requests: well-formed chains with headers that make no sense ---- */

static void attack_requests(u32 q)
{
    static const u32 words[] = { 0, 1, 2, 3, 4, 8, 11, 13, 0x100, 0x101, 0x102, 0x103, 0x104, 0x105,
                                 0x106, 0x107, 0x300, 0x301, 512, 4096, 0x7fffffff, 0x80000000,
                                 0xffffffff };
    for (u32 i = 0; i < 150; i++) {
        for (u32 k = 0; k < 64; k++)
            ((u32 *)buffer)[k] = rnd() & 1 ? words[rnd() % (sizeof(words) / 4)] : rnd();
        if (rnd() & 1) /* a 9p message: its length, and a type that there is */
            ((u32 *)buffer)[0] = rnd() % 300, buffer[4] = (u8)(rnd() & ~1u);
        spare_own_pages();
        u32 out = rnd() % 256, in = rnd() % 1024, cut = out ? rnd() % out : 0;
        put(q, 0, (u64)buffer, cut, NEXT, 1);
        put(q, 1, (u64)buffer + cut, out - cut, NEXT, 2);
        put(q, 2, (u64)buffer + 4096, in, WRITE | (rnd() & NEXT), 3);
        put(q, 3, (u64)buffer + 2048, rnd() % 3, WRITE, 0);
        submit(q, 0);
        submit(q, rnd() & 1);
        if (rnd() & 1)
            wait_ticks(q, 1, SECOND / 10000); /* some are never answered */
        recover();
    }
}

static void attack(void)
{
    u32 id = ld32(base + DEVICE);
    scenarios = 0;
    seed = id;
    legacy = ld32(base + VERSION) == 1;
    spare_own_pages();
    serve();
    start();
    attack_registers();
    attack_status();
    attack_rings();
    for (u32 q = 0; q < 4; q++) {
        if (queue_max(q) < QSIZE)
            continue;
        attack_chains(q);
        attack_requests(q);
    }
    CHECK(scenarios >= 100);
    puts("device ");
    put_hex(id);
    puts(": ");
    put_hex(scenarios);
    puts(" scenarios\n");
}

int main(void)
{
    u32 attacked = 0;
    for (u32 n = 0; n < SLOTS; n++)
        if (ld32(SLOT(n) + DEVICE) == ID_RNG)
            bystander = SLOT(n);
    CHECK(bystander);
    for (u32 n = 0; n < SLOTS; n++) {
        base = SLOT(n);
        CHECK_EQ(ld32(base + MAGIC), 0x74726976);
        if (ld32(base + DEVICE)) {
            attack();
            attacked++;
        }
    }
    CHECK(attacked > 1);
    pass();
}
