/*
 * PMP: the registers' locks and reserved values, and the check against a slow model that looks at
 * one byte at a time.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tests/unit/riscv-fixture.h"

#define CFG(i) (0x3A0 + (i) / 8 * 2)
#define ADDR(i) (0x3B0 + (i))

static void set_cfg(Hart *h, unsigned i, uint8_t cfg)
{
    uint64_t v = csr_read(h, CFG(i));

    v &= ~(0xFFULL << (i % 8 * 8));
    csr_put(h, CFG(i), v | (uint64_t)cfg << (i % 8 * 8));
}

static uint8_t get_cfg(Hart *h, unsigned i)
{
    return csr_read(h, CFG(i)) >> (i % 8 * 8);
}

static void test_registers(void)
{
    Hart h;
    uint64_t v;

    hart_init(&h, "rv64");
    for (unsigned cfg = 0; cfg < 256; cfg++) {
        bool reserved = (cfg & 3) == PMP_W;

        if (cfg & PMP_L)
            continue;
        set_cfg(&h, 5, 1);
        set_cfg(&h, 5, cfg);
        g_assert_cmphex(get_cfg(&h, 5), ==, reserved ? 1 : cfg & 0x1F);
    }
    /* A lock holds the entry's configuration and address until reset. */
    csr_put(&h, ADDR(5), 0x1111);
    set_cfg(&h, 5, PMP_L | PMP_NA4 << 3);
    set_cfg(&h, 5, 0);
    csr_put(&h, ADDR(5), 0x2222);
    g_assert_cmphex(get_cfg(&h, 5), ==, PMP_L | PMP_NA4 << 3);
    g_assert_cmphex(csr_read(&h, ADDR(5)), ==, 0x1111);
    g_assert_cmphex(csr_write_read(&h, ADDR(4), 0x3333), ==, 0x3333);
    /* A locked TOR entry holds the address below it too. */
    set_cfg(&h, 9, PMP_L | PMP_TOR << 3);
    csr_put(&h, ADDR(8), 0x4444);
    g_assert_cmphex(csr_read(&h, ADDR(8)), ==, 0);
    g_assert_cmphex(csr_write_read(&h, ADDR(7), 0x5555), ==, 0x5555);
    device_reset(DEVICE(h.cpu));
    g_assert_cmphex(get_cfg(&h, 5), ==, 0);
    g_assert_false(csr_get(&h, ADDR(16), &v));
    g_assert_false(csr_get(&h, 0x3A1, &v));
    g_assert_false(csr_get(&h, 0x3A4, &v));
    hart_done(&h);

    hart_init(&h, "rv64,num-pmp-regions=64");
    g_assert_true(csr_get(&h, ADDR(63), &v));
    g_assert_true(csr_get(&h, 0x3AE, &v));
    g_assert_false(csr_get(&h, 0x3AF, &v));
    set_cfg(&h, 63, 0x1F);
    g_assert_cmphex(get_cfg(&h, 63), ==, 0x1F);
    hart_done(&h);

    hart_init(&h, "rv64,pmp=off");
    g_assert_false(csr_get(&h, ADDR(0), &v));
    g_assert_false(csr_get(&h, 0x3A0, &v));
    hart_done(&h);
}

/* The specification's rule for one byte: the lowest entry that matches, or -1. */
static int slow_match(Hart *h, uint64_t byte)
{
    for (int i = 0; i < 16; i++) {
        uint8_t cfg = h->env->pmpcfg[i];
        uint64_t addr = h->env->pmpaddr[i], lo, size;

        switch (PMP_A(cfg)) {
        case PMP_TOR:
            lo = i ? h->env->pmpaddr[i - 1] << 2 : 0;
            if (byte >= lo && byte < addr << 2)
                return i;
            break;
        case PMP_NA4:
            if (byte >> 2 == addr)
                return i;
            break;
        case PMP_NAPOT:
            size = 8;
            while (addr & 1) {
                addr >>= 1;
                size <<= 1;
            }
            lo = (h->env->pmpaddr[i] << 2) & ~(size - 1);
            if (byte >= lo && byte - lo < size)
                return i;
            break;
        }
    }
    return -1;
}

static bool slow_check(Hart *h, uint64_t pa, unsigned size, RISCVPriv priv, unsigned need)
{
    int first = slow_match(h, pa), by = first;
    uint8_t cfg;

    /* The lowest entry that matches any byte must match all of them. */
    for (unsigned n = 1; n < size; n++) {
        int other = slow_match(h, pa + n);
        if (other != first) {
            if (first == -1 || (other != -1 && other < first))
                by = other;
            first = -2;
        }
    }
    if (first == -2)
        return false;
    if (by == -1)
        return priv == PRV_M;
    cfg = h->env->pmpcfg[by];
    if (priv == PRV_M && !(cfg & PMP_L))
        return true;
    return (cfg & 7 & need) == need;
}

static void test_random(void)
{
    static const RISCVPriv privs[] = { PRV_U, PRV_S, PRV_M };
    GRand *rand = g_rand_new_with_seed(20240607);

    for (unsigned round = 0; round < 300; round++) {
        /* Entries of bytes to pages, and of pages to many MiB. */
        unsigned scale = round & 1 ? 11 : 0;
        Hart h;

        hart_init(&h, "rv64");
        for (unsigned i = 0; i < 16; i++) {
            uint64_t addr = (RAM_BASE >> 2) + ((uint64_t)g_rand_int_range(rand, 0, 0x1000) << scale);
            if (g_rand_int_range(rand, 0, 3) == 0)
                addr |= (1ULL << (g_rand_int_range(rand, 0, 14) + scale)) - 1;
            csr_put(&h, ADDR(i), addr);
        }
        for (unsigned i = 0; i < 16; i++)
            set_cfg(&h, i, g_rand_int_range(rand, 0, 2) ? g_rand_int(rand) & 0x9F : 0);
        for (unsigned n = 0; n < 2000; n++) {
            unsigned size = 1u << g_rand_int_range(rand, 0, 4);
            uint64_t pa = RAM_BASE + ((int64_t)g_rand_int_range(rand, -64, 0x4040) * (1 << scale));
            unsigned need = 1u << g_rand_int_range(rand, 0, 3);
            RISCVPriv priv = privs[g_rand_int_range(rand, 0, 3)];
            unsigned prot, bits = 12;

            pa = (pa + g_rand_int_range(rand, -8, 8)) & ~(uint64_t)(size - 1);
            bool got = riscv_pmp_check(h.env, pa, size, priv, need, &prot, &bits);

            g_assert_cmpint(got, ==, slow_check(&h, pa, size, priv, need));
            /* If the answer is said to hold for the page, it does. */
            for (unsigned k = 0; bits == 12 && k < 8; k++) {
                uint64_t other = (pa & ~0xFFFULL) + g_rand_int_range(rand, 0, 4096);
                g_assert_cmpint(got, ==, slow_check(&h, other, 1, priv, need));
            }
        }
        hart_done(&h);
    }
    g_rand_free(rand);
}

static void test_edges(void)
{
    unsigned prot, bits;
    Hart h;

    hart_init(&h, "rv64");
    /* With entries implemented and none matching, S and U may nothing, M everything. */
    g_assert_false(riscv_pmp_check(h.env, RAM_BASE, 4, PRV_S, PAGE_READ, &prot, NULL));
    g_assert_true(riscv_pmp_check(h.env, RAM_BASE, 4, PRV_M, PAGE_READ, &prot, NULL));
    /* NAPOT of all ones covers all there is, TOR of equal addresses nothing. */
    csr_put(&h, ADDR(0), UINT64_MAX);
    set_cfg(&h, 0, 0x1F);
    g_assert_true(riscv_pmp_check(h.env, (1ULL << 56) - 8, 8, PRV_U, PAGE_EXEC, &prot, NULL));
    g_assert_true(riscv_pmp_check(h.env, 0, 8, PRV_U, PAGE_EXEC, &prot, NULL));
    set_cfg(&h, 0, 0);
    csr_put(&h, ADDR(1), RAM_BASE >> 2);
    csr_put(&h, ADDR(2), RAM_BASE >> 2);
    set_cfg(&h, 2, PMP_TOR << 3 | 7);
    g_assert_false(riscv_pmp_check(h.env, RAM_BASE, 4, PRV_S, PAGE_READ, &prot, NULL));
    csr_put(&h, ADDR(2), (RAM_BASE >> 2) - 1); /* top below bottom */
    g_assert_false(riscv_pmp_check(h.env, RAM_BASE - 4, 4, PRV_S, PAGE_READ, &prot, NULL));
    /* TOR of entry 0 begins at 0. */
    csr_put(&h, ADDR(0), 0x1000 >> 2);
    set_cfg(&h, 0, PMP_TOR << 3 | PMP_R);
    g_assert_true(riscv_pmp_check(h.env, 0, 4, PRV_S, PAGE_READ, &prot, NULL));
    g_assert_false(riscv_pmp_check(h.env, 0x1000, 4, PRV_S, PAGE_READ, &prot, NULL));
    /* A page that an entry cuts holds for one access; others do, whatever the mapping's size. */
    csr_put(&h, ADDR(3), UINT64_MAX);
    set_cfg(&h, 3, 0x1F);
    bits = 21;
    g_assert_true(riscv_pmp_check(h.env, RAM_BASE, 4, PRV_S, PAGE_READ, &prot, &bits));
    g_assert_cmpuint(bits, ==, 21);
    csr_put(&h, ADDR(1), (RAM_BASE + 0x100000) >> 2);
    set_cfg(&h, 1, PMP_NA4 << 3);
    bits = 21;
    g_assert_true(riscv_pmp_check(h.env, RAM_BASE, 4, PRV_S, PAGE_READ, &prot, &bits));
    g_assert_cmpuint(bits, ==, 21);
    g_assert_true(riscv_pmp_check(h.env, RAM_BASE + 0x100FFC, 4, PRV_S, PAGE_READ, &prot, &bits));
    g_assert_cmpuint(bits, <, 12);
    hart_done(&h);
    hart_init(&h, "rv64,pmp=off");
    g_assert_true(riscv_pmp_check(h.env, RAM_BASE, 4, PRV_U, PAGE_READ, &prot, NULL));
    hart_done(&h);
}

#define MSECCFG 0x747

static unsigned rights(Hart *h, hwaddr pa, RISCVPriv priv)
{
    unsigned prot;

    riscv_pmp_check(h->env, pa, 4, priv, 0, &prot, NULL);
    return prot;
}

static unsigned parse_rights(const char *s)
{
    return (strchr(s, 'r') ? PAGE_READ : 0) | (strchr(s, 'w') ? PAGE_WRITE : 0) |
           (strchr(s, 'x') ? PAGE_EXEC : 0);
}

/* The table of the specification: L R W X as there, then what M and what S and U may. */
static void test_mml(void)
{
    static const char *const table[16][3] = {
        { "0000", "", "" },   { "0001", "", "x" },   { "0010", "rw", "r" }, { "0011", "rw", "rw" },
        { "0100", "", "r" },  { "0101", "", "rx" },  { "0110", "", "rw" },  { "0111", "", "rwx" },
        { "1000", "", "" },   { "1001", "x", "" },   { "1010", "x", "x" },  { "1011", "rx", "x" },
        { "1100", "r", "" },  { "1101", "rx", "" },  { "1110", "rw", "" },  { "1111", "r", "r" },
    };

    for (unsigned i = 0; i < 16; i++) {
        const char *bits = table[i][0];
        uint8_t cfg = PMP_NA4 << 3 | (bits[0] == '1' ? PMP_L : 0) | (bits[1] == '1' ? PMP_R : 0) |
                      (bits[2] == '1' ? PMP_W : 0) | (bits[3] == '1' ? PMP_X : 0);
        unsigned m = parse_rights(table[i][1]), su = parse_rights(table[i][2]);
        bool m_code = cfg & PMP_L && (m & PAGE_EXEC);
        Hart h;

        hart_init(&h, "rv64,smepmp=on");
        csr_put(&h, ADDR(2), RAM_BASE >> 2);
        csr_put(&h, MSECCFG, MSECCFG_MML);
        set_cfg(&h, 2, cfg);
        /* Without RLB no rule can be added that lets M execute. */
        g_assert_cmphex(get_cfg(&h, 2), ==, m_code ? 0 : cfg);
        if (m_code) {
            csr_put(&h, MSECCFG, MSECCFG_RLB);
            set_cfg(&h, 2, cfg);
            g_assert_cmphex(get_cfg(&h, 2), ==, cfg);
        }
        g_assert_cmphex(rights(&h, RAM_BASE, PRV_M), ==, m);
        g_assert_cmphex(rights(&h, RAM_BASE, PRV_S), ==, su);
        g_assert_cmphex(rights(&h, RAM_BASE, PRV_U), ==, su);
        /* Where nothing matches M may not execute, and with MMWP do nothing. */
        g_assert_cmphex(rights(&h, RAM_BASE + 4, PRV_M), ==, PAGE_READ | PAGE_WRITE);
        g_assert_cmphex(rights(&h, RAM_BASE + 4, PRV_S), ==, 0);
        csr_put(&h, MSECCFG, MSECCFG_MML | MSECCFG_MMWP);
        g_assert_cmphex(rights(&h, RAM_BASE + 4, PRV_M), ==, 0);
        g_assert_cmphex(rights(&h, RAM_BASE, PRV_M), ==, m);
        hart_done(&h);
    }
}

static void test_mseccfg(void)
{
    uint64_t v;
    Hart h;

    hart_init(&h, "rv64");
    g_assert_false(csr_get(&h, MSECCFG, &v));
    hart_done(&h);

    hart_init(&h, "rv64,smepmp=on");
    g_assert_cmphex(csr_read(&h, MSECCFG), ==, 0);
    g_assert_cmphex(csr_write_read(&h, MSECCFG, ~7ULL), ==, 0);
    hart_set_priv(&h, PRV_S);
    g_assert_false(csr_get(&h, MSECCFG, &v));
    hart_set_priv(&h, PRV_M);
    /* RLB lets locked entries be changed, and comes and goes while it is set. */
    g_assert_cmphex(csr_write_read(&h, MSECCFG, MSECCFG_RLB), ==, MSECCFG_RLB);
    set_cfg(&h, 3, PMP_L | PMP_TOR << 3 | PMP_R);
    csr_put(&h, ADDR(3), 0x1234);
    csr_put(&h, ADDR(2), 0x1000);
    set_cfg(&h, 3, PMP_L | PMP_TOR << 3 | PMP_W | PMP_R);
    g_assert_cmphex(get_cfg(&h, 3), ==, (PMP_L | PMP_TOR << 3 | PMP_W | PMP_R));
    g_assert_cmphex(csr_read(&h, ADDR(3)), ==, 0x1234);
    g_assert_cmphex(csr_read(&h, ADDR(2)), ==, 0x1000);
    g_assert_cmphex(csr_write_read(&h, MSECCFG, 0), ==, 0);
    /* With a locked entry it cannot be set again, and the lock binds. */
    g_assert_cmphex(csr_write_read(&h, MSECCFG, MSECCFG_RLB), ==, 0);
    set_cfg(&h, 3, 0);
    csr_put(&h, ADDR(2), 0);
    g_assert_cmphex(get_cfg(&h, 3), ==, (PMP_L | PMP_TOR << 3 | PMP_W | PMP_R));
    g_assert_cmphex(csr_read(&h, ADDR(2)), ==, 0x1000);
    /* MML and MMWP stay. */
    g_assert_cmphex(csr_write_read(&h, MSECCFG, MSECCFG_MMWP), ==, MSECCFG_MMWP);
    g_assert_cmphex(csr_write_read(&h, MSECCFG, 0), ==, MSECCFG_MMWP);
    g_assert_cmphex(csr_write_read(&h, MSECCFG, MSECCFG_MML), ==, MSECCFG_MML | MSECCFG_MMWP);
    /* W without R has a meaning now. */
    set_cfg(&h, 5, PMP_NA4 << 3 | PMP_W);
    g_assert_cmphex(get_cfg(&h, 5), ==, PMP_NA4 << 3 | PMP_W);
    device_reset(DEVICE(h.cpu));
    g_assert_cmphex(csr_read(&h, MSECCFG), ==, 0);
    g_assert_cmphex(csr_write_read(&h, MSECCFG, MSECCFG_RLB), ==, MSECCFG_RLB);
    hart_done(&h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pmp/registers", test_registers);
    g_test_add_func("/pmp/random", test_random);
    g_test_add_func("/pmp/edges", test_edges);
    g_test_add_func("/pmp/mml", test_mml);
    g_test_add_func("/pmp/mseccfg", test_mseccfg);
    return g_test_run();
}
