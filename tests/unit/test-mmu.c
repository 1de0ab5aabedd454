/*
 * The page walker against hand-made tables in RAM: every level of every mode, permissions, reserved
 * encodings, A and D, Svnapot, Svpbmt, PMP on the way, and the explanation that the debugger gets.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tests/unit/riscv-fixture.h"

#define ROOT (RAM_BASE + 0x10000)
#define TABLE(n) (ROOT + 0x1000 * (1 + (n)))
#define PAGE (RAM_BASE + 0x400000)
#define ALL (PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D)
#define KERNEL (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)

static const unsigned modes[] = { SATP_SV39, SATP_SV48, SATP_SV57 };

static unsigned levels_of(unsigned mode)
{
    return mode - SATP_SV39 + 3;
}

static uint64_t pte(hwaddr pa, uint64_t flags)
{
    return (pa >> 12) << 10 | flags;
}

static hwaddr entry_of(unsigned mode, unsigned level, vaddr va)
{
    unsigned top = levels_of(mode) - 1;
    hwaddr table = level == top ? ROOT : TABLE(level);

    return table + 8 * ((va >> (12 + 9 * level)) & 511);
}

/* Pointers down to `level`, and there the leaf. */
static void map(Hart *h, unsigned mode, vaddr va, unsigned level, uint64_t leaf)
{
    for (unsigned l = levels_of(mode) - 1; l > level; l--)
        ram_put(h, entry_of(mode, l, va), pte(TABLE(l - 1), PTE_V));
    ram_put(h, entry_of(mode, level, va), leaf);
}

static void start(Hart *h, const char *spec, unsigned mode)
{
    hart_init(h, spec);
    /* One PMP entry that lets S and U do everything. */
    csr_put(h, 0x3B0, UINT64_MAX);
    csr_put(h, 0x3A0, 0x1F);
    csr_put(h, 0x180, (uint64_t)mode << 60 | ROOT >> 12);
    hart_set_priv(h, PRV_S);
}

/* -1 and *out, or the cause. */
static int walk(Hart *h, vaddr va, MMUAccess access, TLBFill *out)
{
    TLBFill fill;

    if (riscv_tlb_fill(h->env, va, access, 1, out ? out : &fill))
        return -1;
    g_assert_cmphex(h->env->exc_tval, ==, va);
    return (int)h->env->exc_cause;
}

static const int page_fault[] = { EXC_LOAD_PAGE_FAULT, EXC_STORE_PAGE_FAULT, EXC_INST_PAGE_FAULT };
static const int access_fault[] = { EXC_LOAD_ACCESS_FAULT, EXC_STORE_ACCESS_FAULT,
                                    EXC_INST_ACCESS_FAULT };

static void test_levels(void)
{
    for (size_t m = 0; m < G_N_ELEMENTS(modes); m++) {
        for (unsigned level = 0; level < levels_of(modes[m]); level++) {
            uint64_t size = 1ULL << (12 + 9 * level);
            vaddr va = 0x0000002ABCDEF123ULL; /* canonical in all modes */
            hwaddr base = level ? 0 : PAGE;
            TLBFill fill;
            Hart h;

            start(&h, "rv64,svpbmt=on,svnapot=on", modes[m]);
            map(&h, modes[m], va, level, pte(base, KERNEL));
            g_assert_cmpint(walk(&h, va, MMU_LOAD, &fill), ==, -1);
            g_assert_cmphex(fill.pa, ==, base | (va & (size - 1)));
            g_assert_cmpuint(fill.page_bits, ==, 12 + 9 * level);
            g_assert_cmpuint(fill.prot, ==, PAGE_READ | PAGE_WRITE | PAGE_EXEC);
            g_assert_false(fill.global);
            if (level) { /* a superpage that is not aligned to its size */
                map(&h, modes[m], va, level, pte(0x1000, KERNEL));
                g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_PAGE_FAULT);
                map(&h, modes[m], va, level, pte(size >> 1, KERNEL));
                g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_PAGE_FAULT);
            }
            hart_done(&h);
        }
    }
}

static void test_canonical(void)
{
    for (size_t m = 0; m < G_N_ELEMENTS(modes); m++) {
        unsigned bits = 12 + 9 * levels_of(modes[m]);
        vaddr high = ~0ULL << (bits - 1);
        Hart h;

        start(&h, "rv64,svpbmt=on,svnapot=on", modes[m]);
        map(&h, modes[m], high, 0, pte(PAGE, KERNEL));
        g_assert_cmpint(walk(&h, high, MMU_LOAD, NULL), ==, -1);
        for (int a = MMU_LOAD; a <= MMU_FETCH; a++) {
            g_assert_cmpint(walk(&h, high ^ 1ULL << 63, a, NULL), ==, page_fault[a]);
            g_assert_cmpint(walk(&h, high ^ 1ULL << (bits - 1), a, NULL), ==, page_fault[a]);
            g_assert_cmpint(walk(&h, 1ULL << bits, a, NULL), ==, page_fault[a]);
        }
        hart_done(&h);
    }
}

/* R W X U SUM MXR priv access: all of them against the rule written out in one line. */
static void test_permission(void)
{
    const vaddr va = 0x12345000;
    Hart h;

    start(&h, "rv64,svpbmt=on,svnapot=on", SATP_SV39);
    for (unsigned bits = 0; bits < 16; bits++) {
        uint64_t flags = (uint64_t)bits << 1; /* R W X U */
        bool r = bits & 1, w = bits & 2, x = bits & 4, u = bits & 8;

        if (!(r || x))
            continue; /* a pointer, or reserved */
        map(&h, SATP_SV39, va, 0, pte(PAGE, flags | PTE_V | PTE_A | PTE_D));
        for (unsigned s = 0; s < 24; s++) {
            bool sum = s & 1, mxr = s & 2, user = s & 4;
            MMUAccess access = s >> 3;
            bool rwx = access == MMU_LOAD ? r || (mxr && x) : access == MMU_STORE ? w : x;
            bool mode = user ? u : !u || (sum && access != MMU_FETCH);
            bool reserved = w && !r;

            h.env->mstatus &= ~(MSTATUS_SUM | MSTATUS_MXR);
            h.env->mstatus |= (sum ? MSTATUS_SUM : 0) | (mxr ? MSTATUS_MXR : 0);
            hart_set_priv(&h, user ? PRV_U : PRV_S);
            g_assert_cmpint(walk(&h, va, access, NULL), ==,
                            rwx && mode && !reserved ? -1 : page_fault[access]);
        }
    }
    hart_done(&h);
}

static void test_reserved(void)
{
    const vaddr va = 0x12345000;
    Hart h;

    start(&h, "rv64,svpbmt=off,svnapot=off", SATP_SV39);
    map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL));
    g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, -1);
    map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL & ~PTE_V));
    g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_PAGE_FAULT);
    map(&h, SATP_SV39, va, 0, pte(PAGE, PTE_V)); /* a pointer at the last level */
    g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_PAGE_FAULT);
    for (unsigned bit = 54; bit < 64; bit++) {
        map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL) | 1ULL << bit);
        g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_PAGE_FAULT);
    }
    map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL | 3 << 8)); /* RSW is software's */
    g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, -1);
    static const uint64_t in_pointer[] = { PTE_D, PTE_A, PTE_U, PTE_N, 1ULL << 61, 1ULL << 54 };
    for (size_t i = 0; i < G_N_ELEMENTS(in_pointer); i++) {
        ram_put(&h, entry_of(SATP_SV39, 1, va), pte(TABLE(0), PTE_V | in_pointer[i]));
        g_assert_cmpint(walk(&h, va, MMU_FETCH, NULL), ==, EXC_INST_PAGE_FAULT);
    }
    /* G of a pointer makes everything below it global. */
    TLBFill fill;
    ram_put(&h, entry_of(SATP_SV39, 1, va), pte(TABLE(0), PTE_V | PTE_G));
    g_assert_cmpint(walk(&h, va, MMU_LOAD, &fill), ==, -1);
    g_assert_true(fill.global);
    hart_done(&h);
}

static void test_accessed_dirty(void)
{
    const vaddr va = 0x12345000;
    const hwaddr at = entry_of(SATP_SV39, 0, va);
    TLBFill fill;
    Hart h;

    /* Hardware updates. */
    start(&h, "rv64,svpbmt=on,svnapot=on", SATP_SV39);
    map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL & ~(PTE_A | PTE_D)));
    g_assert_cmpint(walk(&h, va, MMU_LOAD, &fill), ==, -1);
    g_assert_cmphex(ram_get(&h, at), ==, pte(PAGE, KERNEL & ~PTE_D));
    g_assert_cmpuint(fill.prot, ==, PAGE_READ | PAGE_EXEC); /* the store must set D */
    g_assert_cmpint(walk(&h, va, MMU_STORE, &fill), ==, -1);
    g_assert_cmphex(ram_get(&h, at), ==, pte(PAGE, KERNEL));
    g_assert_cmpuint(fill.prot, ==, PAGE_READ | PAGE_WRITE | PAGE_EXEC);
    /* A refused access sets nothing. */
    map(&h, SATP_SV39, va, 0, pte(PAGE, PTE_V | PTE_R));
    g_assert_cmpint(walk(&h, va, MMU_STORE, NULL), ==, EXC_STORE_PAGE_FAULT);
    g_assert_cmphex(ram_get(&h, at), ==, pte(PAGE, PTE_V | PTE_R));
    /* ADUE off: faults. */
    hart_set_priv(&h, PRV_M);
    csr_op(&h, 0x30A, CSR_CLEAR, MENVCFG_ADUE, false, true, NULL, NULL);
    hart_set_priv(&h, PRV_S);
    for (int a = MMU_LOAD; a <= MMU_FETCH; a++) {
        map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL & ~PTE_A));
        g_assert_cmpint(walk(&h, va, a, NULL), ==, page_fault[a]);
        map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL & ~PTE_D));
        g_assert_cmpint(walk(&h, va, a, NULL), ==, a == MMU_STORE ? page_fault[a] : -1);
    }
    hart_done(&h);

    start(&h, "rv64,svadu=off,svade=on", SATP_SV39);
    map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL & ~PTE_A));
    g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_PAGE_FAULT);
    hart_done(&h);
}

static void test_napot(void)
{
    const vaddr va = 0x12340000;
    TLBFill fill;
    Hart h;

    start(&h, "rv64,svpbmt=on,svnapot=on", SATP_SV39);
    for (unsigned n = 0; n < 16; n++) {
        map(&h, SATP_SV39, va + n * 0x1000, 0, pte(PAGE + 0x8000, KERNEL | PTE_N));
        g_assert_cmpint(walk(&h, va + n * 0x1000 + 0x123, MMU_LOAD, &fill), ==, -1);
        g_assert_cmphex(fill.pa, ==, PAGE + n * 0x1000 + 0x123);
        g_assert_cmpuint(fill.page_bits, ==, 16);
        map(&h, SATP_SV39, va, 0, pte(PAGE + n * 0x1000, KERNEL | PTE_N));
        g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, n == 8 ? -1 : EXC_LOAD_PAGE_FAULT);
    }
    map(&h, SATP_SV39, va, 1, pte(0x80000000, KERNEL | PTE_N));
    g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_PAGE_FAULT);
    hart_done(&h);
}

static void test_pbmt(void)
{
    const vaddr va = 0x12340000;
    Hart h;

    start(&h, "rv64,svpbmt=on,svnapot=on", SATP_SV39);
    for (unsigned on = 0; on < 2; on++) {
        hart_set_priv(&h, PRV_M);
        csr_op(&h, 0x30A, on ? CSR_SET : CSR_CLEAR, MENVCFG_PBMTE, false, true, NULL, NULL);
        hart_set_priv(&h, PRV_S);
        for (uint64_t type = 0; type < 4; type++) {
            bool good = type == 0 || (on && type != 3);
            map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL) | type << 61);
            g_assert_cmpint(walk(&h, va, MMU_STORE, NULL), ==, good ? -1 : EXC_STORE_PAGE_FAULT);
        }
    }
    hart_done(&h);
}

/* Tables that are not RAM, or that PMP closes: an access fault of the access's own kind. */
static void test_access_faults(void)
{
    const vaddr va = 0x12345000;
    Hart h;

    start(&h, "rv64,svpbmt=on,svnapot=on", SATP_SV39);
    map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL));
    for (int a = MMU_LOAD; a <= MMU_FETCH; a++) {
        ram_put(&h, entry_of(SATP_SV39, 1, va), pte(0x10000000, PTE_V));
        g_assert_cmpint(walk(&h, va, a, NULL), ==, access_fault[a]);
    }
    map(&h, SATP_SV39, va, 0, pte(PAGE, KERNEL & ~(PTE_A | PTE_D)));
    hart_set_priv(&h, PRV_M);
    csr_put(&h, 0x3A0, 0);
    csr_put(&h, 0x3B0, TABLE(0) >> 2 | 0x1FF); /* 4 KiB of leaves: none, then read-only */
    csr_put(&h, 0x3B1, UINT64_MAX);
    csr_put(&h, 0x3A0, 0x1F18);
    hart_set_priv(&h, PRV_S);
    for (int a = MMU_LOAD; a <= MMU_FETCH; a++)
        g_assert_cmpint(walk(&h, va, a, NULL), ==, access_fault[a]);
    hart_set_priv(&h, PRV_M);
    csr_put(&h, 0x3A0, 0x1F19);
    hart_set_priv(&h, PRV_S);
    g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_ACCESS_FAULT); /* A not writable */
    g_assert_cmphex(ram_get(&h, entry_of(SATP_SV39, 0, va)), ==,
                    pte(PAGE, KERNEL & ~(PTE_A | PTE_D)));
    hart_done(&h);
}

static void test_mprv_and_keys(void)
{
    const vaddr va = 0x12345000;
    TLBKey data, fetch;
    TLBFill fill;
    Hart h;

    start(&h, "rv64,svpbmt=on,svnapot=on", SATP_SV39);
    map(&h, SATP_SV39, va, 0, pte(PAGE, ALL));
    hart_set_priv(&h, PRV_M);
    g_assert_cmpint(walk(&h, PAGE, MMU_LOAD, &fill), ==, -1);
    g_assert_cmphex(fill.pa, ==, PAGE);
    csr_put(&h, 0x300, MSTATUS_MPRV | (uint64_t)PRV_U << 11);
    g_assert_cmpint(walk(&h, va, MMU_LOAD, &fill), ==, -1);
    g_assert_cmphex(fill.pa, ==, PAGE);
    g_assert_cmpint(walk(&h, PAGE, MMU_FETCH, &fill), ==, -1);
    g_assert_cmphex(fill.pa, ==, PAGE);
    riscv_tlb_keys(h.env, &data, &fetch);
    g_assert_cmphex(data.root, !=, 0);
    g_assert_cmphex(fetch.root, ==, 0);
    csr_put(&h, 0x300, MSTATUS_MPRV | (uint64_t)PRV_S << 11);
    g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, EXC_LOAD_PAGE_FAULT); /* U page, no SUM */
    csr_put(&h, 0x300, 0);
    hart_set_priv(&h, PRV_S);
    riscv_tlb_keys(h.env, &data, &fetch);
    uint32_t plain = data.mode;
    h.env->mstatus |= MSTATUS_SUM;
    riscv_tlb_keys(h.env, &data, &fetch);
    g_assert_cmphex(data.mode, !=, plain);
    csr_put(&h, 0x180, (uint64_t)SATP_SV39 << 60 | 7ULL << 44 | ROOT >> 12);
    riscv_tlb_keys(h.env, &data, &fetch);
    g_assert_cmpuint(data.asid, ==, 7);
    hart_done(&h);
}

static void test_explain(void)
{
    g_autoptr(GString) why = g_string_new(NULL);
    const vaddr va = 0x12345678;
    hwaddr pa = 0;
    Hart h;

    start(&h, "rv64,svpbmt=on,svnapot=on", SATP_SV39);
    map(&h, SATP_SV39, va, 0, pte(PAGE, PTE_V | PTE_R));
    g_assert_true(riscv_translate_debug(CPU(h.cpu), va, &pa, why));
    g_assert_cmphex(pa, ==, PAGE + 0x678);
    g_assert_cmphex(ram_get(&h, entry_of(SATP_SV39, 0, va)), ==, pte(PAGE, PTE_V | PTE_R));
    g_assert_nonnull(strstr(why->str, "Sv39, root 0x80010000, ASID 0"));
    g_assert_nonnull(strstr(why->str, "level 2: entry at 0x80010000"));
    g_string_truncate(why, 0);
    g_assert_false(riscv_translate_debug(CPU(h.cpu), va + 0x1000, &pa, why));
    g_assert_nonnull(strstr(why->str, "page fault: V=0 in the entry"));
    hart_done(&h);
}

/* The list of what is mapped: neighbours join, the upper half is sign-extended, and tables that point to
 * themselves come to an end. */
static void test_dump(void)
{
    static const char *const want[] = {
        "0000000000401000 0000000080400000 0000000000002000 rwx--ad\n",
        "0000000000403000 0000000080402000 0000000000001000 r------\n",
        "0000000040000000 0000000000000000 0000000040000000 rwx--ad\n",
        "ffffffffc0000000 0000000040000000 0000000040000000 rwxu-ad\n",
    };
    g_autoptr(GString) out = g_string_new(NULL);
    const char *at;
    Hart h;

    start(&h, "rv64,svpbmt=on,svnapot=on", SATP_SV39);
    map(&h, SATP_SV39, 0x401000, 0, pte(PAGE, KERNEL));
    map(&h, SATP_SV39, 0x402000, 0, pte(PAGE + 0x1000, KERNEL));
    map(&h, SATP_SV39, 0x403000, 0, pte(PAGE + 0x2000, PTE_V | PTE_R));
    map(&h, SATP_SV39, 0x40000000, 2, pte(0, KERNEL));
    map(&h, SATP_SV39, ~0ULL << 30, 2, pte(0x40000000, ALL));
    riscv_dump_mappings(CPU(h.cpu), out);
    at = out->str;
    for (size_t i = 0; i < G_N_ELEMENTS(want); i++) {
        at = strstr(at, want[i]);
        g_assert_nonnull(at);
    }
    g_assert_cmpstr(at + strlen(want[3]), ==, "");

    for (unsigned i = 0; i < 512; i++) {
        ram_put(&h, ROOT + 8 * i, pte(ROOT, PTE_V));
    }
    g_string_truncate(out, 0);
    riscv_dump_mappings(CPU(h.cpu), out);
    g_assert_nonnull(strstr(out->str, "... and more"));
    hart_done(&h);
}

/* Each mode's field, MXR, and both kinds of extension, against the rules written out. */
static void test_pointer_masking(void)
{
    static const unsigned bits[] = { 0, 0, 7, 16 };
    static const unsigned regs[] = { 0x747, 0x30A, 0x10A, 0x60A };
    const vaddr va = 0xA5B6F12345678ABCULL;
    Hart h;

    start(&h, "rv64,smmpm=on,smnpm=on,ssnpm=on", SATP_SV39);
    for (unsigned n = 0; n < 4096; n++) {
        unsigned field[4] = { n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3 };
        bool mxr = n >> 8 & 1, vs_mxr = n >> 9 & 1, paged = n >> 10 & 1;

        for (unsigned i = 0; i < 4; i++) {
            hart_set_priv(&h, PRV_M);
            csr_put(&h, regs[i], 0);
            csr_put(&h, regs[i], (uint64_t)field[i] << 32);
            g_assert_cmphex(csr_read(&h, regs[i]) >> 32 & 3, ==, field[i] == 1 ? 0 : field[i]);
        }
        h.env->mstatus = (h.env->mstatus & ~MSTATUS_MXR) | (mxr ? MSTATUS_MXR : 0);
        h.env->vsstatus = vs_mxr ? MSTATUS_MXR : 0;
        h.env->satp = h.env->vsatp = paged ? (uint64_t)SATP_SV39 << 60 : 0;
        for (unsigned m = 0; m < 5; m++) {
            static const struct { uint8_t priv, virt, reg; } modes_[] = {
                { PRV_M, 0, 0 }, { PRV_S, 0, 1 }, { PRV_U, 0, 2 }, { PRV_S, 1, 3 }, { PRV_U, 1, 2 },
            };
            bool off = m && (mxr || (vs_mxr && modes_[m].virt));
            unsigned want = off ? 0 : bits[field[modes_[m].reg]];
            uint64_t kept = va << want >> want, sign = va << want >> 63;

            g_assert_cmpuint(riscv_masked_bits(h.env, modes_[m].priv, modes_[m].virt), ==, want);
            if (want && m && paged && sign)
                kept |= ~(~0ULL >> want);
            g_assert_cmphex(riscv_masked_address(h.env, modes_[m].priv, modes_[m].virt, va), ==, kept);
        }
    }
    hart_done(&h);
}

/* Svrsw60t59b: ignored in leaves and pointers, of G-stage too; the bits below stay reserved. */
static void test_software_bits(void)
{
    const vaddr va = 0x12345000;

    for (unsigned on = 0; on < 2; on++) {
        Hart h;

        start(&h, on ? "rv64,svrsw60t59b=on" : "rv64", SATP_SV39);
        for (unsigned guest = 0; guest < 2; guest++) {
            uint64_t flags = KERNEL | (guest ? PTE_U : 0);

            h.env->virt = guest;
            h.env->hgatp = (uint64_t)SATP_SV39 << 60 | ROOT >> 12;
            for (unsigned bit = 54; bit < 61; bit++) {
                int want = on && bit >= 59 ? -1 : guest ? EXC_LOAD_GUEST_PAGE_FAULT : EXC_LOAD_PAGE_FAULT;

                map(&h, SATP_SV39, va, 0, pte(PAGE, flags) | 1ULL << bit);
                g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, want);
                map(&h, SATP_SV39, va, 0, pte(PAGE, flags));
                ram_put(&h, entry_of(SATP_SV39, 1, va), pte(TABLE(0), PTE_V) | 1ULL << bit);
                g_assert_cmpint(walk(&h, va, MMU_LOAD, NULL), ==, want);
            }
        }
        h.env->virt = false;
        hart_done(&h);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mmu/levels", test_levels);
    g_test_add_func("/mmu/canonical", test_canonical);
    g_test_add_func("/mmu/permission", test_permission);
    g_test_add_func("/mmu/reserved", test_reserved);
    g_test_add_func("/mmu/accessed-dirty", test_accessed_dirty);
    g_test_add_func("/mmu/napot", test_napot);
    g_test_add_func("/mmu/pbmt", test_pbmt);
    g_test_add_func("/mmu/access-faults", test_access_faults);
    g_test_add_func("/mmu/mprv-keys", test_mprv_and_keys);
    g_test_add_func("/mmu/explain", test_explain);
    g_test_add_func("/mmu/dump", test_dump);
    g_test_add_func("/mmu/pointer-masking", test_pointer_masking);
    g_test_add_func("/mmu/software-bits", test_software_bits);
    return g_test_run();
}
