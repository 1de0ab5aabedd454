/*
 * Page tables of three to five levels: translation, permissions, superpages, reserved encodings,
 * accessed and dirty bits, Svnapot, Svpbmt, address spaces, faults on the tables themselves.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define RWXAD (PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define OPEN (RWXAD | PTE_V)

static unsigned levels;
static u64 *root;
static u64 low, high; /* a canonical address in each half, not used otherwise */
static u64 *page;     /* what gets mapped there */

static u64 va_bits(void)
{
    return 12 + 9 * levels;
}

static void map(u64 va, u64 entry)
{
    *pt_entry(root, levels, va, 0) = entry;
    sfence_all();
}

static void test_translation(void)
{
    page[0] = 0x1234;
    map(low, pte((u64)page, OPEN));
    map(high, pte((u64)page, OPEN));
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low), 0x1234));
    EXPECT_NO_TRAP(store_as(MODE_S, high + 8, 77));
    CHECK_EQ(page[1], 77);
    CHECK_EQ(load_as(MODE_S, low + 8), 77);
    /* M-mode without MPRV is not translated. */
    CHECK_EQ(ld64((u64)page), 0x1234);
    EXPECT_TRAP_AT(13, low + 0x1000, load_as(MODE_S, low + 0x1000));
    EXPECT_TRAP_AT(15, high - 0x1000, store_as(MODE_S, high - 0x1000, 0));
}

static void test_canonical(void)
{
    u64 bad[] = { low | 1ul << (va_bits() - 1), low | 1ul << 63, low | 1ul << va_bits(),
                  high & ~(1ul << 63), high & ~(1ul << va_bits()) };

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (bad[i] == low || bad[i] == high) {
            continue; /* where both halves agree in that bit */
        }
        EXPECT_TRAP_AT(13, bad[i], load_as(MODE_S, bad[i]));
        EXPECT_TRAP_AT(15, bad[i], store_as(MODE_S, bad[i], 0));
        hart()->abandon = 1;
        EXPECT_TRAP_AT(12, bad[i], run_in(MODE_S, (u64 (*)(u64))bad[i], 0));
    }
}

/* ---- Permissions ---- */

extern u8 leave_mode[];

/* Whether an access (0 load, 1 store, 2 fetch) by a mode is allowed by an entry's flags. */
static bool allowed(u64 flags, unsigned mode, unsigned access, bool sum, bool mxr)
{
    if ((flags & (PTE_R | PTE_W)) == PTE_W || !(flags & (PTE_R | PTE_W | PTE_X))) {
        return false;
    }
    if (mode == MODE_U && !(flags & PTE_U)) {
        return false;
    }
    if (mode == MODE_S && (flags & PTE_U) && (access == 2 || !sum)) {
        return false;
    }
    switch (access) {
    case 0:
        return (flags & PTE_R) || (mxr && (flags & PTE_X));
    case 1:
        return flags & PTE_W;
    default:
        return flags & PTE_X;
    }
}

static void try_access(u64 flags, unsigned mode, unsigned access, bool sum, bool mxr)
{
    static const u64 causes[] = { 13, 15, 12 };
    u64 want = allowed(flags, mode, access, sum, mxr) ? ~0ul : causes[access];

    csr_clear("mstatus", MSTATUS_SUM | MSTATUS_MXR);
    csr_set("mstatus", (sum ? MSTATUS_SUM : 0) | (mxr ? MSTATUS_MXR : 0));
    hart()->trap.cause = ~0ul;
    if (access == 0) {
        load_as(mode, low);
    } else if (access == 1) {
        store_as(mode, low + 64, 1);
    } else {
        hart()->abandon = 1;
        run_in(mode, (u64 (*)(u64))low, 0);
        hart()->abandon = 0;
    }
    if (hart()->trap.cause != want) {
        puts("flags, mode, access: ");
        put_hex(flags);
        put_hex(mode);
        put_hex(access);
        puts("\n");
    }
    CHECK_EQ(hart()->trap.cause, want);
}

static void test_permissions(void)
{
    /* The page holds the code that comes back to M-mode. */
    for (unsigned i = 0; i < 16; i++) {
        ((u8 *)page)[i] = leave_mode[i];
    }
    __asm__ volatile("fence.i");
    for (u64 rwxu = 0; rwxu < 16; rwxu++) {
        u64 flags = rwxu << 1;
        map(low, pte((u64)page, flags | PTE_V | PTE_A | PTE_D));
        for (unsigned i = 0; i < 24; i++) {
            try_access(flags, i & 1 ? MODE_S : MODE_U, i >> 3, i & 2, i & 4);
        }
    }
    csr_clear("mstatus", MSTATUS_SUM | MSTATUS_MXR);
}

/* ---- Shapes of entries ---- */

static void test_superpages(void)
{
    for (unsigned level = 1; level < levels; level++) {
        u64 size = 1ul << (12 + 9 * level);
        u64 va = (level == levels - 1 ? 3 : 5) * size; /* slots not used so far */
        u64 pa = (u64)page & ~(size - 1), offset = (u64)page & (size - 1);
        u64 *e = pt_entry(root, levels, va, level);
        CHECK_EQ(*e, 0);
        page[0] = 0x5000 + level;
        *e = pte(pa, OPEN);
        sfence_all();
        EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, va + offset), 0x5000 + level));
        *e = pte(pa | 1ul << (12 + 9 * level - 1), OPEN); /* misaligned */
        sfence_all();
        EXPECT_TRAP_AT(13, va + offset, load_as(MODE_S, va + offset));
        *e = pte(pa | 0x1000, OPEN);
        sfence_all();
        EXPECT_TRAP_AT(13, va + offset, load_as(MODE_S, va + offset));
        *e = 0;
        sfence_all();
    }
}

static void test_reserved(void)
{
    u64 good = pte((u64)page, OPEN);
    u64 *pointer = pt_entry(root, levels, low, 1), kept = *pointer;

    map(low, good & ~PTE_V);
    EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    map(low, pte((u64)page, PTE_V)); /* a pointer at the last level */
    EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    for (unsigned bit = 54; bit < 61; bit++) {
        if (bit == 59 || bit == 60) {
            continue; /* for software, or reserved, by version (Svrsw60t59b) */
        }
        map(low, good | 1ul << bit);
        EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    }
    map(low, good | 3ul << 8); /* RSW is free */
    EXPECT_NO_TRAP(load_as(MODE_S, low));
    map(low, good);
    for (unsigned i = 0; i < 3; i++) {
        static const u64 flags[] = { PTE_A, PTE_D, PTE_U };
        *pointer = kept | flags[i];
        sfence_all();
        EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    }
    *pointer = kept | PTE_N;
    sfence_all();
    EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    *pointer = kept;
    sfence_all();
    EXPECT_NO_TRAP(load_as(MODE_S, low));
}

static void test_accessed_dirty(void)
{
    u64 bare = pte((u64)page, PTE_V | PTE_R | PTE_W | PTE_X);

    csr_clear(MENVCFG, MENVCFG_ADUE);
    map(low, bare);
    EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    map(low, bare | PTE_A);
    EXPECT_NO_TRAP(load_as(MODE_S, low));
    EXPECT_TRAP_AT(15, low, store_as(MODE_S, low, 0));
    CHECK_EQ(*pt_entry(root, levels, low, 0), bare | PTE_A);

    csr_set(MENVCFG, MENVCFG_ADUE);
    if (!(csr_read(MENVCFG) & MENVCFG_ADUE)) {
        return;
    }
    map(low, bare);
    EXPECT_NO_TRAP(load_as(MODE_S, low));
    CHECK_EQ(*pt_entry(root, levels, low, 0), bare | PTE_A);
    EXPECT_NO_TRAP(store_as(MODE_S, low, 0));
    CHECK_EQ(*pt_entry(root, levels, low, 0), bare | PTE_A | PTE_D);
    map(low, bare);
    EXPECT_NO_TRAP(store_as(MODE_S, low, 0));
    CHECK_EQ(*pt_entry(root, levels, low, 0), bare | PTE_A | PTE_D);
    /* Nothing is set where the access is refused. */
    map(low, bare & ~PTE_W);
    EXPECT_TRAP_AT(15, low, store_as(MODE_S, low, 0));
    CHECK_EQ(*pt_entry(root, levels, low, 0), bare & ~PTE_W);
    csr_clear(MENVCFG, MENVCFG_ADUE);
}

static void test_napot(void)
{
    static u64 block[2 * 65536 / 8] __attribute__((aligned(65536)));
    u64 va = low & ~0xfffful;

    for (unsigned i = 0; i < 16; i++) {
        block[i * 512] = 0xb0 + i;
        *pt_entry(root, levels, va + i * 4096, 0) = pte((u64)block | 0x8000, OPEN) | PTE_N;
    }
    sfence_all();
    for (unsigned i = 0; i < 16; i++) {
        EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, va + i * 4096), 0xb0 + i));
    }
    map(va, pte((u64)block | 0x4000, OPEN) | PTE_N); /* a size that is reserved */
    EXPECT_TRAP_AT(13, va, load_as(MODE_S, va));
    map(va, pte((u64)block | 0x9000, OPEN) | PTE_N);
    EXPECT_TRAP_AT(13, va, load_as(MODE_S, va));
    for (unsigned i = 0; i < 16; i++) {
        *pt_entry(root, levels, va + i * 4096, 0) = 0;
    }
    sfence_all();
}

static void test_pbmt(void)
{
    u64 good = pte((u64)page, OPEN);
    u64 *pointer = pt_entry(root, levels, low, 1), kept = *pointer;

    page[0] = 0x9b;
    csr_clear(MENVCFG, MENVCFG_PBMTE);
    for (unsigned n = 1; n < 4; n++) {
        map(low, good | PTE_PBMT(n));
        EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    }
    csr_set(MENVCFG, MENVCFG_PBMTE);
    sfence_all();
    for (unsigned n = 1; n < 3; n++) {
        map(low, good | PTE_PBMT(n));
        EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, low), 0x9b));
    }
    map(low, good | PTE_PBMT(3));
    EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    map(low, good);
    *pointer = kept | PTE_PBMT(1);
    sfence_all();
    EXPECT_TRAP_AT(13, low, load_as(MODE_S, low));
    *pointer = kept;
    csr_clear(MENVCFG, MENVCFG_PBMTE);
    sfence_all();
}

/* ---- Address spaces ---- */

/* sinval.vma between sfence.w.inval and sfence.inval.ir does what sfence.vma does. */
static void test_svinval(void)
{
    u64 *page2 = page_alloc();

    page[0] = 1;
    page2[0] = 2;
    map(low, pte((u64)page, OPEN));
    CHECK_EQ(load_as(MODE_S, low), 1);
    *pt_entry(root, levels, low, 0) = pte((u64)page2, OPEN);
    __asm__ volatile("mv a0, %0\n.4byte 0x18000073\n.4byte 0x16050073\n.4byte 0x18100073"
                     : : "r"(low) : "a0", "memory");
    CHECK_EQ(load_as(MODE_S, low), 2);
}

static void test_asid(void)
{
    u64 *other = pt_new(levels, OPEN), *page2 = page_alloc();
    u64 satp1 = pt_satp(root, levels, 1), satp2 = pt_satp(other, levels, 2);

    page[0] = 1;
    page2[0] = 2;
    map(low, pte((u64)page, OPEN));
    *pt_entry(other, levels, low, 0) = pte((u64)page2, OPEN);
    for (unsigned i = 0; i < 4; i++) {
        csr_write("satp", satp1);
        CHECK_EQ(load_as(MODE_S, low), 1);
        csr_write("satp", satp2);
        CHECK_EQ(load_as(MODE_S, low), 2);
    }
    /* sfence.vma of one page in one address space makes a change there visible. */
    *pt_entry(root, levels, low, 0) = pte((u64)page2, OPEN);
    __asm__ volatile("sfence.vma %0, %1" : : "r"(low), "r"(1ul) : "memory");
    csr_write("satp", satp1);
    CHECK_EQ(load_as(MODE_S, low), 2);
    *pt_entry(root, levels, low, 0) = pte((u64)page, OPEN);
    __asm__ volatile("sfence.vma zero, %0" : : "r"(1ul) : "memory");
    CHECK_EQ(load_as(MODE_S, low), 1);
    /* A global page is there in both; its change needs a fence that spares no globals. */
    *pt_entry(root, levels, low, 0) = *pt_entry(other, levels, low, 0) =
        pte((u64)page, OPEN | PTE_G);
    sfence_all();
    CHECK_EQ(load_as(MODE_S, low), 1);
    csr_write("satp", satp2);
    CHECK_EQ(load_as(MODE_S, low), 1);
    *pt_entry(root, levels, low, 0) = *pt_entry(other, levels, low, 0) =
        pte((u64)page2, OPEN | PTE_G);
    __asm__ volatile("sfence.vma %0, zero" : : "r"(low) : "memory");
    CHECK_EQ(load_as(MODE_S, low), 2);
    csr_write("satp", pt_satp(root, levels, 0));
    sfence_all();
    CHECK_EQ(load_as(MODE_S, low), 2);
}

/* A walk that PMP refuses is an access fault, of the kind of the original access. */
static void test_table_faults(void)
{
    u64 *pointer = pt_entry(root, levels, low, 1), kept = *pointer;
    u64 table = kept >> 10 << 12;

    csr_write("pmpaddr1", ~0ul);
    csr_write("pmpaddr0", table >> 2 | 0x1ff);
    csr_write("pmpcfg0", 0x1f18);
    sfence_all();
    EXPECT_TRAP_AT(5, low, load_as(MODE_S, low));
    EXPECT_TRAP_AT(7, low + 8, store_as(MODE_S, low + 8, 0));
    hart()->abandon = 1;
    EXPECT_TRAP_AT(1, low, run_in(MODE_S, (u64 (*)(u64))low, 0));
    csr_write("pmpcfg0", 0x1f);
    csr_write("pmpaddr0", ~0ul);
    sfence_all();
    *pointer = pte(0x08000000, PTE_V); /* nothing is there */
    sfence_all();
    EXPECT_TRAP_AT(5, low, load_as(MODE_S, low));
    *pointer = kept;
    sfence_all();
}

/* An instruction that lies in two pages, of which the second is absent. */
static void test_fetch_across(void)
{
    u64 va = low & ~0x1ffful;

    *(u16 *)((u64)page + 0xffe) = 0x0013; /* the first half of a 32-bit nop */
    __asm__ volatile("fence.i");
    map(va, pte((u64)page, OPEN));
    map(va + 0x1000, 0);
    hart()->abandon = 1;
    EXPECT_TRAP_AT(12, va + 0x1000, run_in(MODE_S, (u64 (*)(u64))(va + 0xffe), 0));
    CHECK_EQ(hart()->trap.epc, va + 0xffe);
}

static void test_misaligned_across(void)
{
    u64 va = low & ~0x1ffful, *page2 = page_alloc();

    map(va, pte((u64)page, OPEN));
    map(va + 0x1000, pte((u64)page2, OPEN));
    EXPECT_NO_TRAP(store_as(MODE_S, va + 0xffd, 0x1122334455667788));
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, va + 0xffd), 0x1122334455667788));
    CHECK_EQ(page[511] >> 40, 0x667788);
    CHECK_EQ(page2[0], 0x1122334455);
    /* Nothing is stored in the first page if the second refuses. */
    map(va + 0x1000, pte((u64)page2, OPEN & ~PTE_W));
    EXPECT_TRAP_AT(15, va + 0x1000, store_as(MODE_S, va + 0xffd, 0));
    CHECK_EQ(page[511] >> 40, 0x667788);
    map(va + 0x1000, 0);
    EXPECT_TRAP_AT(13, va + 0x1000, load_as(MODE_S, va + 0xffd));
    map(va, 0);
    EXPECT_TRAP_AT(13, va + 0xffd, load_as(MODE_S, va + 0xffd));
}

static void run_all(void)
{
    root = pt_new(levels, OPEN);
    csr_write("satp", pt_satp(root, levels, 0));
    CHECK_EQ(csr_read("satp"), pt_satp(root, levels, 0));
    sfence_all();
    low = 0x1234567000;
    high = ~0ul << (va_bits() - 1) | 0x7654321000;
    test_translation();
    test_canonical();
    test_permissions();
    test_superpages();
    test_reserved();
    test_accessed_dirty();
    test_napot();
    test_pbmt();
    test_svinval();
    test_asid();
    test_table_faults();
    test_fetch_across();
    test_misaligned_across();
    csr_write("satp", 0);
    sfence_all();
}

int main(void)
{
    page = page_alloc();
    csr_clear(MENVCFG, MENVCFG_ADUE);
    for (levels = 3; levels <= 5; levels++) {
        run_all();
    }
    /* A mode that does not exist leaves satp as it was. */
    csr_write("satp", 5ul << 60 | 1);
    CHECK_EQ(csr_read("satp"), 0);
    return 0;
}
