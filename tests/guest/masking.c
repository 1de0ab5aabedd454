/*
 * Pointer masking: fields of the registers and their legal values, which accesses ignore upper bits
 * in each mode, sign and zero extension, what trap values hold, MXR, MPRV, fences of pages that were
 * touched under several tags, and a hypervisor's loads of guest memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define HENVCFG "0x60a"
#define HSTATUS "0x600"
#define HGATP "0x680"
#define VSATP "0x280"
#define VSSTATUS "0x200"
#define MSECCFG "0x747"
#define MSTATUS_MPV (1ul << 39)
#define SPVP (1ul << 8)
#define HU (1ul << 9)

#define OPEN (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define PMM(n) ((u64)(n) << 32)
#define HUPMM(n) ((u64)(n) << 48)
#define TAG(n) ((u64)(n) << 56) /* within 7 bits and their sign when n is even */

static u64 *page, *other, *root;
static const u64 low = 0x1234567000, high = ~0ul << 38 | 0x1234567000;

#define FIELD(csr, shift)                                                     \
    do {                                                                      \
        u64 keep_ = csr_read(csr);                                            \
        csr_clear(csr, 3ul << (shift));                                       \
        CHECK_EQ(csr_read(csr) >> (shift) & 3, 0);                            \
        csr_set(csr, 2ul << (shift));                                         \
        CHECK_EQ(csr_read(csr) >> (shift) & 3, 2);                            \
        csr_write(csr, (keep_ & ~(3ul << (shift))) | 1ul << (shift));         \
        CHECK(csr_read(csr) >> ((shift) & 63) != 1);                          \
        csr_set(csr, 3ul << (shift));                                         \
        CHECK_EQ(csr_read(csr) >> (shift) & 3, 3);                            \
        csr_clear(csr, 3ul << (shift));                                       \
        CHECK_EQ(csr_read(csr), keep_);                                       \
    } while (0)

static void test_fields(void)
{
    FIELD(MENVCFG, 32);
    FIELD(SENVCFG, 32);
    FIELD(HENVCFG, 32);
    FIELD(MSECCFG, 32);
    FIELD(HSTATUS, 48);
}

/* ---- M ---- */

static void test_machine(void)
{
    u64 a = (u64)page;

    page[0] = 0x1234;
    EXPECT_TRAP_AT(5, a | TAG(0x02), ld64(a | TAG(0x02)));
    csr_set(MSECCFG, PMM(2));
    EXPECT_NO_TRAP(CHECK_EQ(ld64(a | TAG(0x02)), 0x1234));
    EXPECT_NO_TRAP(CHECK_EQ(ld64(a | TAG(0xfe)), 0x1234));
    EXPECT_NO_TRAP(st64((a + 8) | TAG(0x80), 5));
    CHECK_EQ(page[1], 5);
    /* Zeroes: also where a virtual address would get ones. */
    EXPECT_TRAP_AT(5, 1ul << 56 | a, ld64(0xfful << 56 | a));
    EXPECT_TRAP_AT(7, 1ul << 56 | a, st64(0xfful << 56 | a, 0));
    csr_set(MSECCFG, PMM(3));
    EXPECT_NO_TRAP(CHECK_EQ(ld64(a | TAG(0xff)), 0x1234));
    EXPECT_TRAP_AT(5, 1ul << 47 | a, ld64(0xffff8ul << 44 | a));
    /* MXR is not M's. */
    csr_set("mstatus", MSTATUS_MXR);
    EXPECT_NO_TRAP(CHECK_EQ(ld64(a | TAG(0xff)), 0x1234));
    csr_clear("mstatus", MSTATUS_MXR);
    /* Across two pages under one tag, and misaligned. */
    EXPECT_NO_TRAP(st64((a + 0xffd) | TAG(0x55), 0x1122334455667788));
    EXPECT_NO_TRAP(CHECK_EQ(ld64((a + 0xffd) | TAG(0xaa)), 0x1122334455667788));
    CHECK_EQ(ld64(a + 0xffd), 0x1122334455667788);
    /* An address at the end of what the tag leaves: the next byte is at 0, where nothing is. */
    EXPECT_TRAP(5, ld64(0xfffffffffffffffcul));
    csr_clear(MSECCFG, PMM(3));
    EXPECT_TRAP_AT(5, a | TAG(0xff), ld64(a | TAG(0xff)));
}

static u64 amo_swap(u64 addr, u64 v)
{
    u64 old = 0xdead;
    __asm__ volatile("amoswap.d %0, %2, (%1)" : "+r"(old) : "r"(addr), "r"(v) : "memory");
    return old;
}

static u64 reserve_and_store(u64 from, u64 to, u64 v)
{
    u64 failed = 0xdead, old;
    __asm__ volatile("lr.d %1, (%2)\nsc.d %0, %4, (%3)"
                     : "+r"(failed), "=&r"(old) : "r"(from), "r"(to), "r"(v) : "memory");
    return failed;
}

static void test_kinds(void)
{
    u64 a = (u64)page;

    csr_set(MSECCFG, PMM(3));
    page[4] = 7;
    EXPECT_NO_TRAP(CHECK_EQ(amo_swap((a + 32) | TAG(9), 8), 7));
    CHECK_EQ(page[4], 8);
    EXPECT_NO_TRAP(CHECK_EQ(reserve_and_store((a + 32) | TAG(9), (a + 32) | TAG(9), 9), 0));
    EXPECT_NO_TRAP(CHECK_EQ(reserve_and_store((a + 32) | TAG(1), (a + 32) | TAG(2), 10), 0));
    CHECK_EQ(page[4], 10);
    EXPECT_NO_TRAP(CHECK(reserve_and_store((a + 32) | TAG(1), (a + 40) | TAG(1), 11)));
    CHECK_EQ(page[4], 10);
    EXPECT_TRAP_AT(6, a + 33, amo_swap((a + 33) | TAG(9), 8));
    csr_set("mstatus", MSTATUS_FS);
    EXPECT_NO_TRAP(({
        u64 tagged = (a + 32) | TAG(3);
        __asm__ volatile("fld ft0, 0(%0)\nfsd ft0, 8(%0)" : : "r"(tagged) : "memory");
    }));
    CHECK_EQ(page[5], 10);
    /* cbo.zero of the block at a0 */
    page[8] = 1;
    EXPECT_NO_TRAP(({
        register u64 a0 __asm__("a0") = (a + 64) | TAG(4);
        __asm__ volatile(".4byte 0x0045200f" : : "r"(a0) : "memory");
    }));
    CHECK_EQ(page[8], 0);
    csr_clear(MSECCFG, PMM(3));
}

/* Fetches, trap vectors and CSRs have nothing to do with it. */
static void test_fetch(void)
{
    csr_set(MSECCFG, PMM(3));
    hart()->abandon = 1;
    EXPECT_TRAP_AT(1, (u64)page | TAG(1), run_in(MODE_M, (u64 (*)(u64))((u64)page | TAG(1)), 0));
    csr_write("stval", TAG(1) | 8);
    CHECK_EQ(csr_read("stval"), TAG(1) | 8);
    csr_clear(MSECCFG, PMM(3));
}

/* ---- S and U ---- */

static u64 cbo_inval(u64 addr)
{
    register u64 a0 __asm__("a0") = addr;
    __asm__ volatile(".4byte 0x0005200f" : : "r"(a0) : "memory");
    return 0;
}

static u64 load_here(u64 addr)
{
    return ld64(addr);
}

static void test_bare(void)
{
    u64 a = (u64)page;

    csr_write("satp", 0);
    page[0] = 0x77;
    for (unsigned mode = MODE_U; mode <= MODE_S; mode++) {
        EXPECT_TRAP_AT(5, a | TAG(2), run_in(mode, load_here, a | TAG(2)));
        if (mode == MODE_S)
            csr_set(MENVCFG, PMM(2));
        else
            csr_set(SENVCFG, PMM(2));
        EXPECT_NO_TRAP(CHECK_EQ(run_in(mode, load_here, a | TAG(2)), 0x77));
        EXPECT_NO_TRAP(CHECK_EQ(load_as(mode, a | TAG(2)), 0x77));
        EXPECT_TRAP_AT(5, a | 1ul << 56, run_in(mode, load_here, a | TAG(3)));
        /* Though it has no effect on permissions here. */
        csr_set("mstatus", MSTATUS_MXR);
        EXPECT_TRAP_AT(5, a | TAG(2), run_in(mode, load_here, a | TAG(2)));
        EXPECT_TRAP_AT(5, a | TAG(2), load_as(mode, a | TAG(2)));
        csr_clear("mstatus", MSTATUS_MXR);
        /* The other mode and M have no part in it. */
        EXPECT_TRAP_AT(5, a | TAG(2), run_in(mode ^ 1, load_here, a | TAG(2)));
        EXPECT_TRAP_AT(5, a | TAG(2), ld64(a | TAG(2)));
        csr_clear(MENVCFG, PMM(3));
        csr_clear(SENVCFG, PMM(3));
    }
}

static void map(u64 va, u64 entry)
{
    *pt_entry(root, 3, va, 0) = entry;
}

static void flush_page(u64 va)
{
    __asm__ volatile("sfence.vma %0, zero" : : "r"(va) : "memory");
}

static void test_paged(void)
{
    map(low, pte((u64)page, OPEN));
    map(high, pte((u64)other, OPEN));
    csr_write("satp", pt_satp(root, 3, 0));
    sfence_all();
    page[0] = 1;
    other[0] = 2;
    EXPECT_TRAP_AT(13, low | TAG(2), load_as(MODE_S, low | TAG(2)));
    csr_set(MENVCFG, PMM(2));
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low | TAG(2)), 1));
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low | TAG(0xfe)), 1));
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, high & ~TAG(0xfe)), 2));
    EXPECT_NO_TRAP(store_as(MODE_S, (high & ~TAG(0xfe)) + 16, 3));
    CHECK_EQ(other[2], 3);
    /* Sign extension decides which half it is, and what the trap value is. */
    EXPECT_TRAP_AT(13, low + 0x1000, load_as(MODE_S, low + 0x1000 + TAG(0xfe)));
    EXPECT_TRAP_AT(15, high + 0x1000, store_as(MODE_S, (high + 0x1000) & ~TAG(0xfe), 0));
    EXPECT_TRAP_AT(13, ~0ul << 56 | low, load_as(MODE_S, low | TAG(3)));
    csr_set(MENVCFG, PMM(3));
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low | TAG(3)), 1));
    EXPECT_TRAP_AT(13, ~0ul << 47 | low, load_as(MODE_S, low | 0x8000ul << 32));
    csr_set(MENVCFG, 0xf0);
    EXPECT_NO_TRAP(run_in(MODE_S, cbo_inval, low | TAG(3)));
    EXPECT_TRAP_AT(15, low + 0x1000, run_in(MODE_S, cbo_inval, (low + 0x1000) | TAG(3)));
    csr_clear(MENVCFG, 0xf0);
    csr_set("mstatus", MSTATUS_MXR);
    EXPECT_TRAP_AT(13, low | TAG(3), load_as(MODE_S, low | TAG(3)));
    csr_clear("mstatus", MSTATUS_MXR);
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low | TAG(3)), 1));
}

/* A page that was touched under several tags is forgotten under all of them. */
static void test_fences(void)
{
    for (unsigned tag = 0; tag < 20; tag++)
        EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low | TAG(tag)), 1));
    map(low, pte((u64)other, OPEN));
    flush_page(low);
    for (unsigned tag = 0; tag < 20; tag++)
        EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low | TAG(tag)), 2));
    /* A large page, by an address elsewhere in it. */
    *pt_entry(root, 3, low + 0x200000, 1) = pte((u64)page & ~0x1ffffful, OPEN);
    sfence_all();
    u64 in_large = ((low + 0x200000) & ~0x1ffffful) + ((u64)page & 0x1fffff);
    for (unsigned tag = 0; tag < 8; tag++)
        EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, in_large | TAG(tag)), 1));
    *pt_entry(root, 3, low + 0x200000, 1) = 0;
    flush_page((low + 0x200000) | 0xffff8);
    for (unsigned tag = 0; tag < 8; tag++)
        EXPECT_TRAP_AT(13, in_large, load_as(MODE_S, in_large | TAG(tag)));
    map(low, pte((u64)page, OPEN));
    sfence_all();
    csr_clear(MENVCFG, PMM(3));
    EXPECT_TRAP_AT(13, low | TAG(3), load_as(MODE_S, low | TAG(3)));
}

static void test_user(void)
{
    map(low, pte((u64)page, OPEN | PTE_U));
    sfence_all();
    csr_set(SENVCFG, PMM(3));
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_U, low | TAG(3)), 1));
    /* S with SUM goes by its own setting. */
    csr_set("mstatus", MSTATUS_SUM);
    EXPECT_TRAP_AT(13, low | TAG(3), load_as(MODE_S, low | TAG(3)));
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low), 1));
    csr_clear("mstatus", MSTATUS_SUM);
    csr_clear(SENVCFG, PMM(3));
    EXPECT_TRAP_AT(13, low | TAG(3), load_as(MODE_U, low | TAG(3)));
    csr_write("satp", 0);
    sfence_all();
}

/* ---- Guests ---- */

static u64 hlv_d(u64 addr)
{
    register u64 a0 __asm__("a0") = addr;
    __asm__ volatile(".4byte 0x6c054573" : "+r"(a0) : : "memory"); /* hlv.d a0, (a0) */
    return a0;
}

static u64 load_as_guest(unsigned mode, u64 addr)
{
    u64 v;

    csr_set("mstatus", MSTATUS_MPV);
    v = load_as(mode, addr);
    csr_clear("mstatus", MSTATUS_MPV);
    return v;
}

static void test_guest(void)
{
    map(low, pte((u64)page, OPEN | PTE_U));
    map(high, pte((u64)other, OPEN));
    csr_write(HGATP, 0);
    csr_write(VSATP, pt_satp(root, 3, 0));
    __asm__ volatile(".4byte 0x22000073" : : : "memory"); /* hfence.vvma */
    page[0] = 1;
    other[0] = 2;
    /* VS: henvcfg; VU: senvcfg */
    csr_set(HENVCFG, PMM(2));
    EXPECT_NO_TRAP(CHECK_EQ(load_as_guest(MODE_S, high & ~TAG(0xfe)), 2));
    EXPECT_TRAP_AT(13, low | TAG(2), load_as_guest(MODE_U, low | TAG(2)));
    csr_set(HSTATUS, SPVP);
    EXPECT_NO_TRAP(CHECK_EQ(hlv_d(high & ~TAG(0xfe)), 2));
    csr_set(VSSTATUS, MSTATUS_MXR);
    EXPECT_TRAP_AT(13, high & ~TAG(0xfe), hlv_d(high & ~TAG(0xfe)));
    csr_clear(VSSTATUS, MSTATUS_MXR);
    csr_clear(HSTATUS, SPVP);
    EXPECT_TRAP_AT(13, low | TAG(2), hlv_d(low | TAG(2)));
    csr_clear(HENVCFG, PMM(3));
    csr_set(SENVCFG, PMM(2));
    EXPECT_NO_TRAP(CHECK_EQ(hlv_d(low | TAG(2)), 1));
    EXPECT_NO_TRAP(CHECK_EQ(load_as_guest(MODE_U, low | TAG(2)), 1));
    EXPECT_TRAP_AT(13, high & ~TAG(0xfe), load_as_guest(MODE_S, high & ~TAG(0xfe)));
    /* In U it is HUPMM that says. */
    csr_set(HSTATUS, HU);
    EXPECT_TRAP_AT(13, low | TAG(2), run_in(MODE_U, hlv_d, low | TAG(2)));
    csr_clear(SENVCFG, PMM(3));
    csr_set(HSTATUS, HUPMM(3));
    EXPECT_NO_TRAP(CHECK_EQ(run_in(MODE_U, hlv_d, low | TAG(3)), 1));
    EXPECT_TRAP_AT(13, low | TAG(2), hlv_d(low | TAG(2)));
    csr_clear(HSTATUS, HUPMM(3) | HU);
    /* Guest physical addresses are extended with zeroes. */
    csr_write(VSATP, 0);
    csr_set(HENVCFG, PMM(2));
    EXPECT_NO_TRAP(CHECK_EQ(load_as_guest(MODE_S, (u64)page | TAG(2)), 1));
    EXPECT_TRAP_AT(5, (u64)page | 1ul << 56, load_as_guest(MODE_S, (u64)page | TAG(3)));
    csr_clear(HENVCFG, PMM(3));
}

int main(void)
{
    page = page_alloc();
    other = page_alloc();
    root = pt_new(3, OPEN);
    csr_write("pmpaddr0", ~0ul);
    csr_write("pmpcfg0", 0x1f);
    test_fields();
    test_machine();
    test_kinds();
    test_fetch();
    test_bare();
    test_paged();
    test_fences();
    test_user();
    test_guest();
    return 0;
}
