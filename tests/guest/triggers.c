/*
 * Debug triggers: the registers' fields, breakpoints and watchpoints by every match, chains, sizes,
 * modes, contexts, instruction counts, triggers on traps, and what guards a handler.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define TSELECT "0x7a0"
#define TDATA1 "0x7a1"
#define TDATA2 "0x7a2"
#define TDATA3 "0x7a3"
#define TINFO "0x7a4"
#define TCONTROL "0x7a5"
#define MCONTEXT "0x7a8"
#define SCONTEXT "0x5a8"
#define HCONTEXT "0x6a8"
#define TYPE(n) ((u64)(n) << 60)
#define OFF TYPE(15)
#define LOAD 1ul
#define STORE 2ul
#define EXECUTE 4ul
#define U_BIT (1ul << 3)
#define S_BIT (1ul << 4)
#define M_BIT (1ul << 6)
#define MATCH(n) ((u64)(n) << 7)
#define CHAIN (1ul << 11)
#define SIZE(n) ((u64)(n) << 16)
#define HIT2 (1ul << 20)
#define HIT6 (1ul << 22)
#define MTE 8ul
#define MPTE 0x80ul
#define BREAK 3

static volatile u64 data[16] __attribute__((aligned(128)));

static void set(unsigned n, u64 t1, u64 t2)
{
    csr_write(TSELECT, n);
    csr_write(TDATA1, OFF);
    csr_write(TDATA3, 0);
    csr_write(TDATA2, t2);
    csr_write(TDATA1, t1);
}

static u64 get(unsigned n)
{
    csr_write(TSELECT, n);
    return csr_read(TDATA1);
}

static void all_off(void)
{
    for (unsigned i = 0; i < 4; i++)
        set(i, OFF, 0);
}

static void test_registers(void)
{
    unsigned n = 0;

    for (;; n++) {
        csr_write(TSELECT, n);
        if (csr_read(TSELECT) != n)
            break;
        CHECK_EQ(csr_read(TDATA1), OFF);
        CHECK_EQ(csr_read(TINFO), 0x100807c);
    }
    CHECK_EQ(n, 4);
    csr_write(TSELECT, 0);
    csr_write(TDATA1, 0);
    CHECK_EQ(csr_read(TDATA1), OFF);
    csr_write(TDATA1, ~0ul);
    CHECK_EQ(csr_read(TDATA1), OFF);
    /* dmode, action, timing, maskmax and NAPOT are not for mcontrol. */
    csr_write(TDATA1, TYPE(2) | (~0ul >> 4 & ~MATCH(15)) | MATCH(1));
    CHECK_EQ(csr_read(TDATA1), TYPE(2) | HIT2 | CHAIN | M_BIT | S_BIT | U_BIT | 7);
    csr_write(TDATA1, TYPE(6) | (~0ul >> 4 & ~MATCH(15) & ~SIZE(7)) | MATCH(9) | SIZE(5));
    CHECK_EQ(csr_read(TDATA1) & ~(3ul << 23), TYPE(6) | HIT6 | MATCH(9) | SIZE(5) | CHAIN | M_BIT |
                                              S_BIT | U_BIT | 7 | (csr_read(TDATA1) & 1ul << 25));
    /* The largest NAPOT range. */
    csr_write(TDATA2, ~0ul);
    CHECK_EQ(csr_read(TDATA2), ~(1ul << 62));
    csr_write(TDATA1, OFF);
    csr_write(TDATA2, ~0ul);
    CHECK_EQ(csr_read(TDATA2), ~0ul);
    csr_write(TDATA1, TYPE(3) | (~0ul >> 4 & ~0x3ful));
    CHECK_EQ(csr_read(TDATA1) & ~(3ul << 25), TYPE(3) | 0x1ffffc0);
    csr_write(TDATA1, TYPE(5) | ~0ul >> 4);
    CHECK_EQ(csr_read(TDATA1) & ~(3ul << 11), TYPE(5) | 1ul << 58 | 0x2c0);
    csr_write(TDATA1, OFF);
    csr_write(TDATA3, ~0ul);
    CHECK_EQ(csr_read(TDATA3) & 7, 4); /* sselect 3 is reserved */
    csr_write(TSELECT, 3); /* the last has no next to chain to */
    csr_write(TDATA1, TYPE(2) | CHAIN);
    CHECK_EQ(csr_read(TDATA1), TYPE(2));
    csr_write(TDATA1, 0);
    csr_write(SCONTEXT, ~0ul);
    CHECK_EQ(csr_read(SCONTEXT), 0xffffffff);
    csr_write(SCONTEXT, 0);
    csr_write(MCONTEXT, ~0ul);
    bool h = csr_read("misa") >> 7 & 1;
    CHECK_EQ(csr_read(MCONTEXT), h ? 0x3fff : 0x1fff);
    if (h) {
        csr_write(HCONTEXT, 5);
        CHECK_EQ(csr_read(MCONTEXT), 5);
    } else {
        EXPECT_TRAP(2, csr_read(HCONTEXT));
    }
    csr_write(MCONTEXT, 0);
    csr_write(TCONTROL, ~0ul);
    CHECK_EQ(csr_read(TCONTROL), MTE | MPTE);
    csr_write(TCONTROL, 0);
    all_off();
}

/* ---- Addresses ---- */

__attribute__((noinline)) static u64 target(u64 a)
{
    __asm__ volatile("" : : : "memory");
    return a + 1;
}

static u64 call_target(u64 a)
{
    return target(a) + 1;
}

static u64 load_data(u64 i)
{
    return ld64((u64)&data[i]);
}

/* Only that load, not even of a constant. */
static u64 load_byte(u64 addr)
{
    __asm__ volatile(".option push\n.option norvc\nlbu %0, 0(%0)\n.option pop"
                     : "+r"(addr) : : "memory");
    return addr;
}

static u64 store_data(u64 i)
{
    st64((u64)&data[i], i);
    return i;
}

#define FIRES(tval_, ...) EXPECT_TRAP_AT(BREAK, tval_, __VA_ARGS__)

static void test_addresses(unsigned type)
{
    u64 t = TYPE(type), d = (u64)data;

    csr_write(TCONTROL, MTE);
    set(0, t | EXECUTE | M_BIT, (u64)target);
    FIRES((u64)target, call_target(1));
    CHECK_EQ(hart()->trap.epc, (u64)target);
    CHECK(get(0) & (type == 2 ? HIT2 : HIT6));
    EXPECT_NO_TRAP(load_data(0)); /* nothing else */
    EXPECT_NO_TRAP(run_in(MODE_S, call_target, 1));
    set(0, t | EXECUTE | S_BIT, (u64)target);
    EXPECT_NO_TRAP(call_target(1));
    FIRES((u64)target, run_in(MODE_S, call_target, 1));
    EXPECT_NO_TRAP(run_in(MODE_U, call_target, 1));
    set(0, t | EXECUTE | U_BIT, (u64)target);
    FIRES((u64)target, run_in(MODE_U, call_target, 1));

    /* Any byte of the access; loads, stores, and both in an AMO. */
    set(0, t | LOAD | M_BIT, d + 8 + 3);
    FIRES(d + 8, CHECK_EQ(load_data(1), 0xdeaddeaddeaddead));
    EXPECT_NO_TRAP(load_data(0); load_data(2); store_data(1));
    all_off();
}

static void test_data(unsigned type)
{
    u64 t = TYPE(type) | M_BIT, d = (u64)data, v;

    csr_write(TCONTROL, MTE);
    data[3] = 77;
    set(0, t | STORE, d + 24);
    FIRES(d + 24, store_data(3));
    EXPECT_NO_TRAP(v = load_data(3));
    CHECK_EQ(v, 77);
    FIRES(d + 24, __asm__ volatile("amoadd.d %0, %0, (%1)" : : "r"(0ul), "r"(d + 24) : "memory"));
    set(0, t | LOAD, d + 24);
    FIRES(d + 24, __asm__ volatile("amoadd.d %0, %0, (%1)" : : "r"(0ul), "r"(d + 24) : "memory"));
    FIRES(d + 24, __asm__ volatile("lr.d t0, (%0)" : : "r"(d + 24) : "memory", "t0"));
    FIRES(d + 21, ld32(d + 21));
    /* Greater or equal, less: a chain makes a range of them. */
    set(0, t | LOAD | MATCH(2) | CHAIN, d + 16);
    set(1, t | LOAD | MATCH(3), d + 32);
    EXPECT_NO_TRAP(load_data(1); load_data(4); store_data(2));
    FIRES(d + 16, load_data(2));
    FIRES(d + 31, load_byte(d + 31));
    EXPECT_NO_TRAP(load_byte(d + 32));
    set(0, OFF, 0); /* alone it would match most of what a program loads */
    set(1, t | LOAD | MATCH(3), 0x08000010);
    FIRES(0x08000008, ld32(0x08000008));
    EXPECT_NO_TRAP(load_data(2));
    set(1, OFF, 0);
    /* Sizes. */
    set(0, t | LOAD | SIZE(3), d + 40);
    EXPECT_NO_TRAP(load_data(5));
    FIRES(d + 40, ld32(d + 40));
    /* Masks: of the lower half its lowest byte; in U, where nothing else is loaded. */
    t ^= M_BIT ^ U_BIT;
    set(0, t | LOAD | MATCH(4), 0xfful << 32 | ((d + 48) & 0xff));
    EXPECT_NO_TRAP(run_in(MODE_U, load_byte, d + 49));
    FIRES(d + 48, run_in(MODE_U, load_byte, d + 48));
    set(0, t | LOAD | MATCH(5), 0xfffffffful << 32 | 1);
    EXPECT_NO_TRAP(run_in(MODE_U, load_byte, d + 48));
    FIRES(0x123456789, run_in(MODE_U, load_byte, 0x123456789));
    set(0, t | LOAD | MATCH(8), d + 48);
    EXPECT_NO_TRAP(run_in(MODE_U, load_byte, d + 48));
    FIRES(d + 8, run_in(MODE_U, load_byte, d + 8));
    set(0, OFF, 0);
}

static void test_napot(void)
{
    u64 d = (u64)data;

    csr_write(TCONTROL, MTE);
    set(2, TYPE(6) | M_BIT | LOAD | MATCH(1), (d + 64) | 15); /* 32 bytes */
    EXPECT_NO_TRAP(load_byte(d + 63); load_byte(d + 96));
    FIRES(d + 64, load_byte(d + 64));
    FIRES(d + 95, load_byte(d + 95));
    set(2, TYPE(6) | M_BIT | EXECUTE | 1ul << 21, 0x00150513); /* addi a0, a0, 1: by its opcode */
    FIRES(hart()->trap.epc, __asm__ volatile(".4byte 0x00150513" : : : "a0"));
    EXPECT_NO_TRAP(__asm__ volatile(".4byte 0x00250513" : : : "a0"));
    all_off();
}

/* A trigger comes before the fault of its own address, and not without its page's. */
#define CBO(n, addr) \
    __asm__ volatile(".insn i 0x0f, 2, x0, %0, " #n : : "r"(addr) : "memory")

/* Cache operations are stores of a block, whichever size is asked for; prefetches are nothing. */
static void test_cache_blocks(void)
{
    u64 t = TYPE(6) | M_BIT, d = (u64)data; /* 128 bytes, two blocks of 64 */

    csr_write(TCONTROL, MTE);
    set(0, t | STORE, d + 64 + 24);
    FIRES(d + 64, CBO(0, d + 64)); /* inval, clean, flush, zero */
    FIRES(d + 64, CBO(1, d + 64 + 8));
    FIRES(d + 64, CBO(2, d + 127));
    FIRES(d + 64, CBO(4, d + 64));
    EXPECT_NO_TRAP(CBO(0, d); CBO(1, d + 63); CBO(2, d); CBO(4, d + 8));
    EXPECT_NO_TRAP(__asm__ volatile(".insn s 0x13, 6, x3, 0x40(%0)" : : "r"(d))); /* prefetch.w */
    set(0, t | STORE | SIZE(5), d + 64);
    EXPECT_NO_TRAP(CBO(1, d + 64); CBO(4, d + 64));
    set(0, t | LOAD, d + 64);
    EXPECT_NO_TRAP(CBO(0, d + 64); CBO(1, d + 64); CBO(2, d + 64); CBO(4, d + 64));
    /* Data values are not compared: select is for opcodes. */
    set(0, t | STORE | 1ul << 21, 77);
    CHECK_EQ(get(0) >> 21 & 1, 0);
    set(0, t | LOAD | EXECUTE | 1ul << 21, 77);
    CHECK_EQ(get(0) >> 21 & 1, 0);
    all_off();
}

static void test_faults(void)
{
    csr_write(TCONTROL, MTE);
    set(0, TYPE(2) | M_BIT | LOAD, 0x08000000);
    FIRES(0x08000000, ld32(0x08000000));
    EXPECT_TRAP_AT(5, 0x08000010, ld32(0x08000010));
    all_off();
}

static void test_contexts(void)
{
    u64 t = TYPE(6) | M_BIT | EXECUTE;

    csr_write(TCONTROL, MTE);
    set(0, t, (u64)target);
    csr_write(TDATA3, 4ul << 48 | 9ul << 51); /* mcontext = 9 */
    EXPECT_NO_TRAP(call_target(0));
    csr_write(MCONTEXT, 9);
    FIRES((u64)target, call_target(0));
    csr_write(TDATA3, 0x1234ul << 2 | 1); /* scontext = 0x1234 */
    EXPECT_NO_TRAP(call_target(0));
    csr_write(SCONTEXT, 0x1234);
    FIRES((u64)target, call_target(0));
    csr_write(SCONTEXT, 0x1299);
    EXPECT_NO_TRAP(call_target(0));
    csr_write(TDATA3, 1ul << 36 | 0x1234ul << 2 | 1); /* but for its lowest byte */
    FIRES((u64)target, call_target(0));
    csr_write(TDATA3, ~(7ul << 48)); /* 13 bits, 4 bytes that may be left out, and 32 bits of scontext */
    CHECK_EQ(csr_read(TDATA3) & ~3ul, 0xfff800f3fffffffc);
    csr_write(TDATA3, 5ul << 2 | 2); /* ASID 5 */
    EXPECT_NO_TRAP(call_target(0));
    csr_write("satp", 5ul << 44); /* bare, but an ASID */
    FIRES((u64)target, call_target(0));
    csr_write("satp", 0);
    csr_write(SCONTEXT, 0);
    csr_write(MCONTEXT, 0);
    all_off();
}

/* ---- Guards ---- */

static u64 call_with_sie(u64 sie)
{
    if (sie)
        csr_set("sstatus", MSTATUS_SIE);
    u64 r = call_target(1);
    csr_clear("sstatus", MSTATUS_SIE);
    return r;
}

static void test_guards(void)
{
    set(0, TYPE(2) | EXECUTE | M_BIT | S_BIT, (u64)target);
    /* M: by its interrupts, or by tcontrol, which traps stack. */
    csr_write(TCONTROL, 0);
    csr_clear("mstatus", MSTATUS_MIE);
    EXPECT_NO_TRAP(call_target(1));
    csr_set("mstatus", MSTATUS_MIE);
    FIRES((u64)target, call_target(1));
    CHECK_EQ(hart()->trap.status & MSTATUS_MIE, 0);
    csr_clear("mstatus", MSTATUS_MIE);
    EXPECT_NO_TRAP(call_target(1));
    csr_write(TCONTROL, MTE);
    FIRES((u64)target, call_target(1));
    CHECK_EQ(csr_read(TCONTROL), MTE | MPTE);
    csr_write(TCONTROL, MTE);
    EXPECT_TRAP(2, INSN(0xffffffff));
    CHECK_EQ(csr_read(TCONTROL), MTE | MPTE);
    csr_write(TCONTROL, MPTE);
    EXPECT_TRAP(2, INSN(0xffffffff));
    CHECK_EQ(csr_read(TCONTROL), 0);
    /* S: only where it handles them itself. */
    FIRES((u64)target, run_in(MODE_S, call_with_sie, 0));
    CHECK_EQ(hart()->trap.handler, MODE_M);
    csr_write("medeleg", 1ul << BREAK);
    EXPECT_NO_TRAP(run_in(MODE_S, call_with_sie, 0));
    FIRES((u64)target, run_in(MODE_S, call_with_sie, 1));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    csr_write("medeleg", 0);
    all_off();
}

/* ---- Counts ---- */

static u64 three(u64 a)
{
    __asm__ volatile(".option push\n.option norvc\naddi %0, %0, 1\naddi %0, %0, 1\n"
                     "addi %0, %0, 1\n.option pop" : "+r"(a));
    return a;
}

static void test_count(void)
{
    /* After n instructions of U, before the next one, which the handler skips. */
    for (u64 n = 1; n <= 2; n++) {
        set(0, TYPE(3) | n << 10 | 1ul << 6, 0);
        EXPECT_TRAP_AT(BREAK, 0, CHECK_EQ(run_in(MODE_U, three, 5), 7));
        CHECK_EQ(hart()->trap.epc, (u64)three + 4 * n);
        CHECK_EQ(get(0), TYPE(3) | 1ul << 24 | 1ul << 6);
    }
    /* Pending: at once. */
    set(0, TYPE(3) | 1ul << 8 | 1ul << 6, 0);
    EXPECT_TRAP_AT(BREAK, 0, CHECK_EQ(run_in(MODE_U, three, 5), 7));
    CHECK_EQ(hart()->trap.epc, (u64)three);
    /* The trap of an instruction counts as well; the handler runs undisturbed. */
    set(0, TYPE(3) | 0x3ffful << 10 | 1ul << 6, 0);
    hart()->trap.count = 0;
    run_in(MODE_U, three, 0);
    CHECK_EQ(hart()->trap.count, 0);
    u64 left = get(0) >> 10 & 0x3fff;
    CHECK(left < 0x3fff - 4 && left > 0x3fff - 20);
    all_off();
}

/* ---- Traps ---- */

static u64 illegal(u64 a)
{
    INSN(0xffffffff);
    return a;
}

static void test_etrigger(void)
{
    /* S handles illegal instructions, M breakpoints: that one comes before S's handler. */
    csr_write("medeleg", 1ul << 2);
    set(0, TYPE(5) | 1ul << 6, 1ul << 2);
    hart()->trap.count = 0;
    hart()->resume = (u64)s_vector;
    run_in(MODE_U, illegal, 0);
    CHECK_EQ(hart()->trap.count, 2);
    CHECK_EQ(hart()->trap.cause, 2); /* the last is S's own */
    CHECK_EQ(get(0), TYPE(5) | 1ul << 58 | 1ul << 6);
    /* Not from S, where it is not enabled; and never in M's handler. */
    set(0, TYPE(5) | 1ul << 6, 1ul << 2);
    EXPECT_TRAP(2, run_in(MODE_S, illegal, 0));
    csr_write("medeleg", 0);
    set(0, TYPE(5) | 1ul << 9, 1ul << 2);
    csr_write(TCONTROL, MTE);
    EXPECT_TRAP(2, illegal(0));
    all_off();
}

int main(void)
{
    hart()->trap.count = 0;
    csr_read(TSELECT);
    if (hart()->trap.count) { /* debug=off */
        EXPECT_TRAP(2, csr_read(TINFO));
        return 0;
    }
    test_registers();
    test_addresses(2);
    test_addresses(6);
    test_data(2);
    test_data(6);
    test_napot();
    test_cache_blocks();
    test_faults();
    test_contexts();
    test_guards();
    test_count();
    test_etrigger();
    return 0;
}
