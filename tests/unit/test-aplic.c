/*
 * The APLIC's register machine against its specification: source modes and pending bits in both
 * delivery modes, delegation, priorities and thresholds, messages and their addresses, and a random
 * comparison of topi with a slow model.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>

#include "hw/intc/aplic-core.h"

#define SOURCES 96
#define HARTS 3

static APLICCore root, leaf; /* leaf: the child of root */
static bool line[HARTS];
static struct {
    unsigned count, hart, guest;
    uint32_t eiid;
} sent;

static void set_line(void *opaque, unsigned hart, bool level)
{
    if (opaque == &root) {
        line[hart] = level;
    }
}

static void send_msi(void *opaque, unsigned hart, unsigned guest, uint32_t eiid)
{
    sent.count++;
    sent.hart = hart;
    sent.guest = guest;
    sent.eiid = eiid;
}

static bool delegated(void *opaque, uint32_t source)
{
    return root.sourcecfg[source] & APLIC_SOURCECFG_D;
}

static void taken_back(void *opaque, uint32_t source)
{
    aplic_core_lose_source(&leaf, source);
}

static void init(APLICCore *p, bool msi)
{
    memset(p, 0, sizeof(*p));
    p->nr_sources = SOURCES;
    p->nr_harts = HARTS;
    p->iprio_mask = 255;
    p->msi = msi;
    p->machine = p->root = p == &root;
    p->leaf = p == &leaf;
    p->set_line = set_line;
    p->send_msi = send_msi;
    p->delegated = delegated;
    p->taken_back = taken_back;
    p->opaque = p;
    aplic_core_init(p);
}

static void fresh(bool msi)
{
    init(&root, msi);
    init(&leaf, msi);
    memset(line, 0, sizeof(line));
    memset(&sent, 0, sizeof(sent));
}

static void done(void)
{
    aplic_core_destroy(&root);
    aplic_core_destroy(&leaf);
}

static uint32_t rd(APLICCore *p, uint64_t addr)
{
    uint32_t v;
    g_assert_true(aplic_core_read(p, addr, &v));
    return v;
}

static void wr(APLICCore *p, uint64_t addr, uint32_t v)
{
    g_assert_true(aplic_core_write(p, addr, v));
}

static uint64_t sourcecfg(unsigned n)
{
    return APLIC_SOURCECFG + (n - 1) * 4;
}

static uint64_t target(unsigned n)
{
    return APLIC_TARGET + (n - 1) * 4;
}

static uint64_t idc(unsigned hart, unsigned reg)
{
    return APLIC_IDC_BASE + hart * APLIC_IDC_SIZE + reg;
}

static bool pending(unsigned n)
{
    return rd(&root, APLIC_SETIP + n / 32 * 4) >> (n % 32) & 1;
}

static bool input(unsigned n)
{
    return rd(&root, APLIC_IN_CLRIP + n / 32 * 4) >> (n % 32) & 1;
}

static void test_registers(void)
{
    static const uint64_t none[] = { 0x1000, 0x1BBC, 0x1BD0, 0x1C00 + 12, 0x1CD8, 0x2008, 0x3FFC,
                                     APLIC_IDC_BASE + HARTS * APLIC_IDC_SIZE, 0x400C, 0x4014 };
    uint32_t v;

    fresh(false);
    g_assert_cmphex(rd(&root, APLIC_DOMAINCFG), ==, 0x80000000);
    wr(&root, APLIC_DOMAINCFG, 0xFFFFFFFF);
    g_assert_cmphex(rd(&root, APLIC_DOMAINCFG), ==, 0x80000100);
    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        g_assert_false(aplic_core_read(&root, none[i], &v));
        g_assert_cmphex(v, ==, 0);
        g_assert_false(aplic_core_write(&root, none[i], 0xFFFFFFFF));
    }
    /* An inactive source has nothing. */
    wr(&root, target(5), 0xFFFFFFFF);
    wr(&root, APLIC_SETIENUM, 5);
    wr(&root, APLIC_SETIPNUM, 5);
    g_assert_cmphex(rd(&root, target(5)), ==, 0);
    g_assert_cmphex(rd(&root, APLIC_SETIE), ==, 0);
    g_assert_false(pending(5));
    /* Reserved modes, bits that are not there; priority 0 is 1. */
    wr(&root, sourcecfg(5), 2);
    g_assert_cmphex(rd(&root, sourcecfg(5)), ==, 0);
    wr(&root, sourcecfg(5), 0xFFFFFBFE);
    g_assert_cmphex(rd(&root, sourcecfg(5)), ==, APLIC_LEVEL1);
    wr(&root, target(5), 0x00040000);
    g_assert_cmphex(rd(&root, target(5)), ==, 0x00040001);
    wr(&root, sourcecfg(5), 0);
    g_assert_cmphex(rd(&root, target(5)), ==, 0);
    /* Numbers that are none, and the big-endian port. */
    for (unsigned reg = 0; reg < 2; reg++) {
        wr(&root, reg ? APLIC_SETIPNUM : APLIC_SETIENUM, 0);
        wr(&root, reg ? APLIC_SETIPNUM : APLIC_SETIENUM, SOURCES);
        wr(&root, reg ? APLIC_SETIPNUM : APLIC_SETIENUM, 0xFFFFFFFF);
    }
    wr(&root, sourcecfg(1), APLIC_DETACHED);
    wr(&root, APLIC_SETIPNUM_BE, 0x01000000);
    g_assert_false(pending(1));
    wr(&root, APLIC_SETIPNUM_LE, 1);
    g_assert_true(pending(1));
    done();
}

/* What sets and clears the pending bit, by mode (AIA, 4.7). */
static void test_modes(void)
{
    static const struct {
        APLICMode mode;
        bool msi, rise, fall, by_write_low, by_write_high, clear_high;
    } rows[] = {
        /* pending after: line rose; line fell again; setip while low; setip while high; clrip while
         * high */
        { APLIC_DETACHED, false, false, false, true, true, false },
        { APLIC_EDGE1, false, true, true, true, true, false },
        { APLIC_LEVEL1, false, true, false, false, true, true },
        { APLIC_DETACHED, true, false, false, true, true, false },
        { APLIC_EDGE1, true, true, true, true, true, false },
        { APLIC_LEVEL1, true, true, false, false, true, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (int inverted = 0; inverted < (rows[i].mode == APLIC_DETACHED ? 1 : 2); inverted++) {
            bool high = !inverted;

            fresh(rows[i].msi);
            aplic_core_set_line(&root, 40, !high);
            wr(&root, sourcecfg(40), rows[i].mode + (unsigned)inverted);
            g_assert_false(pending(40));
            wr(&root, APLIC_SETIPNUM, 40);
            g_assert_cmpint(pending(40), ==, rows[i].by_write_low);
            wr(&root, APLIC_CLRIPNUM, 40);
            g_assert_false(pending(40));
            aplic_core_set_line(&root, 40, high);
            g_assert_cmpint(pending(40), ==, rows[i].rise);
            g_assert_cmpint(input(40), ==, rows[i].mode != APLIC_DETACHED);
            wr(&root, APLIC_IN_CLRIP + 4, 1u << 8);
            g_assert_cmpint(pending(40), ==, rows[i].clear_high);
            wr(&root, APLIC_SETIP + 4, 1u << 8);
            g_assert_cmpint(pending(40), ==, rows[i].by_write_high);
            wr(&root, APLIC_IN_CLRIP + 4, 1u << 8);
            aplic_core_set_line(&root, 40, !high);
            g_assert_false(pending(40));
            aplic_core_set_line(&root, 40, high);
            aplic_core_set_line(&root, 40, !high);
            g_assert_cmpint(pending(40), ==, rows[i].fall);
            done();
        }
    }
}

static void enable(unsigned n, APLICMode mode, unsigned hart, uint32_t prio)
{
    wr(&root, sourcecfg(n), mode);
    wr(&root, target(n), hart << 18 | prio);
    wr(&root, APLIC_SETIENUM, n);
}

static void test_direct(void)
{
    fresh(false);
    enable(7, APLIC_EDGE1, 1, 5);
    enable(3, APLIC_LEVEL1, 1, 5);
    enable(90, APLIC_EDGE1, 1, 4);
    wr(&root, APLIC_SETIPNUM, 7);
    g_assert_cmphex(rd(&root, idc(1, APLIC_TOPI)), ==, 7 << 16 | 5);
    g_assert_false(line[1]); /* neither IE nor idelivery */
    wr(&root, idc(1, APLIC_IDELIVERY), 0xFF);
    g_assert_cmphex(rd(&root, idc(1, APLIC_IDELIVERY)), ==, 1);
    g_assert_false(line[1]);
    wr(&root, APLIC_DOMAINCFG, APLIC_DOMAINCFG_IE);
    g_assert_true(line[1]);
    g_assert_false(line[0]);
    /* Equal priority: the smaller number; then the smaller priority. */
    aplic_core_set_line(&root, 3, true);
    g_assert_cmphex(rd(&root, idc(1, APLIC_TOPI)), ==, 3 << 16 | 5);
    wr(&root, APLIC_SETIPNUM, 90);
    g_assert_cmphex(rd(&root, idc(1, APLIC_TOPI)), ==, 90 << 16 | 4);
    /* The threshold is the first that does not count. */
    wr(&root, idc(1, APLIC_ITHRESHOLD), 5);
    g_assert_cmphex(rd(&root, idc(1, APLIC_CLAIMI)), ==, 90 << 16 | 4);
    g_assert_false(pending(90));
    g_assert_cmphex(rd(&root, idc(1, APLIC_TOPI)), ==, 0);
    g_assert_false(line[1]);
    wr(&root, idc(1, APLIC_ITHRESHOLD), 6);
    g_assert_true(line[1]);
    /* A claim does not clear a level. */
    g_assert_cmphex(rd(&root, idc(1, APLIC_CLAIMI)), ==, 3 << 16 | 5);
    g_assert_true(pending(3));
    aplic_core_set_line(&root, 3, false);
    g_assert_cmphex(rd(&root, idc(1, APLIC_CLAIMI)), ==, 7 << 16 | 5);
    g_assert_false(line[1]);
    /* A forced interrupt ends with the claim that finds nothing. */
    wr(&root, idc(1, APLIC_IFORCE), 1);
    g_assert_true(line[1]);
    g_assert_cmphex(rd(&root, idc(1, APLIC_CLAIMI)), ==, 0);
    g_assert_cmphex(rd(&root, idc(1, APLIC_IFORCE)), ==, 0);
    g_assert_false(line[1]);
    /* To another hart, and to one that is not there. */
    wr(&root, APLIC_SETIPNUM, 7);
    g_assert_true(line[1]);
    wr(&root, idc(2, APLIC_IDELIVERY), 1);
    wr(&root, target(7), 2 << 18 | 1);
    g_assert_false(line[1]);
    g_assert_true(line[2]);
    wr(&root, target(7), 0xFFFC0001);
    g_assert_false(line[2]);
    g_assert_cmpuint(sent.count, ==, 0);
    done();
}

static void test_delegation(void)
{
    fresh(false);
    /* What was not given to the child is not there for it. */
    wr(&leaf, sourcecfg(9), APLIC_LEVEL1);
    g_assert_cmphex(rd(&leaf, sourcecfg(9)), ==, 0);
    enable(9, APLIC_EDGE1, 0, 1);
    wr(&root, APLIC_SETIPNUM, 9);
    wr(&root, sourcecfg(9), APLIC_SOURCECFG_D | 3);
    g_assert_cmphex(rd(&root, sourcecfg(9)), ==, APLIC_SOURCECFG_D);
    g_assert_false(pending(9));
    g_assert_cmphex(rd(&root, target(9)), ==, 0);
    /* A leaf has nobody to delegate to. */
    wr(&leaf, sourcecfg(9), APLIC_EDGE1);
    g_assert_cmphex(rd(&leaf, sourcecfg(9)), ==, APLIC_EDGE1);
    wr(&leaf, sourcecfg(9), APLIC_SOURCECFG_D);
    g_assert_cmphex(rd(&leaf, sourcecfg(9)), ==, 0);
    wr(&leaf, sourcecfg(9), APLIC_EDGE1);
    wr(&leaf, APLIC_SETIPNUM, 9);
    wr(&leaf, APLIC_SETIENUM, 9);
    g_assert_cmphex(rd(&leaf, APLIC_SETIP), ==, 1u << 9);
    /* Taken back, it is gone there. */
    wr(&root, sourcecfg(9), APLIC_EDGE1);
    g_assert_cmphex(rd(&leaf, sourcecfg(9)), ==, 0);
    g_assert_cmphex(rd(&leaf, APLIC_SETIP), ==, 0);
    g_assert_cmphex(rd(&leaf, APLIC_SETIE), ==, 0);
    g_assert_cmphex(rd(&leaf, target(9)), ==, 0);
    done();
}

static void test_messages(void)
{
    uint32_t v;

    fresh(true);
    g_assert_cmphex(rd(&root, APLIC_DOMAINCFG), ==, 0x80000004);
    enable(4, APLIC_LEVEL1, 2, 0);
    wr(&root, target(4), 2 << 18 | 3 << 12 | 77);
    g_assert_cmphex(rd(&root, target(4)), ==, 2 << 18 | 77); /* no guests for M */
    aplic_core_set_line(&root, 4, true);
    g_assert_true(pending(4));
    g_assert_cmpuint(sent.count, ==, 0);
    wr(&root, APLIC_DOMAINCFG, APLIC_DOMAINCFG_IE);
    g_assert_cmpuint(sent.count, ==, 1);
    g_assert_cmpuint(sent.hart, ==, 2);
    g_assert_cmpuint(sent.eiid, ==, 77);
    g_assert_false(pending(4));
    /* Once for each rise; asked for again while the line is high, and not while it is low. */
    wr(&root, APLIC_SETIPNUM, 4);
    g_assert_cmpuint(sent.count, ==, 2);
    aplic_core_set_line(&root, 4, false);
    wr(&root, APLIC_SETIPNUM, 4);
    g_assert_cmpuint(sent.count, ==, 2);
    aplic_core_set_line(&root, 4, true);
    g_assert_cmpuint(sent.count, ==, 3);
    /* S has guests; genmsi does not need IE. */
    wr(&root, sourcecfg(11), APLIC_SOURCECFG_D);
    wr(&leaf, sourcecfg(11), APLIC_DETACHED);
    wr(&leaf, target(11), 1 << 18 | 5 << 12 | 9);
    wr(&leaf, APLIC_SETIENUM, 11);
    wr(&leaf, APLIC_SETIPNUM, 11);
    wr(&leaf, APLIC_GENMSI, 0xFFFFFFFF);
    g_assert_cmphex(rd(&leaf, APLIC_GENMSI), ==, 0xFFFC07FF); /* never busy */
    g_assert_cmpuint(sent.count, ==, 4);
    g_assert_cmpuint(sent.eiid, ==, 0x7FF);
    wr(&leaf, APLIC_DOMAINCFG, APLIC_DOMAINCFG_IE);
    g_assert_cmpuint(sent.count, ==, 5);
    g_assert_cmpuint(sent.guest, ==, 5);
    /* No structures for harts. */
    g_assert_false(aplic_core_read(&root, idc(0, APLIC_TOPI), &v));
    done();
}

static void test_addresses(void)
{
    APLICAddress a;
    uint32_t v;

    fresh(true);
    g_assert_false(aplic_core_read(&leaf, APLIC_MMSIADDRCFG, &v));
    wr(&root, APLIC_MMSIADDRCFG, 0x24000);
    wr(&root, APLIC_MMSIADDRCFGH, 0x7FFFFFFF);
    g_assert_cmphex(rd(&root, APLIC_MMSIADDRCFGH), ==, 0x1F77FFFF);
    wr(&root, APLIC_MMSIADDRCFGH, 1u << 16 | 4u << 12); /* HHXS 0, HHXW 1, LHXW 4 */
    wr(&root, APLIC_SMSIADDRCFG, 0x28000);
    wr(&root, APLIC_SMSIADDRCFGH, 3u << 20); /* LHXS 3 */
    a = aplic_core_address(&root, true);
    g_assert_cmphex(aplic_msi_address(&a, 0, 0), ==, 0x24000000);
    g_assert_cmphex(aplic_msi_address(&a, 0x13, 0), ==, 0x25003000);
    a = aplic_core_address(&root, false);
    g_assert_cmphex(aplic_msi_address(&a, 0x13, 6), ==, 0x29000000 + 0x3000 * 8 + 0x6000);
    /* Locked. */
    wr(&root, APLIC_MMSIADDRCFGH, 0x80000000);
    wr(&root, APLIC_MMSIADDRCFGH, 0);
    wr(&root, APLIC_MMSIADDRCFG, 1);
    wr(&root, APLIC_SMSIADDRCFG, 1);
    wr(&root, APLIC_SMSIADDRCFGH, 1);
    g_assert_cmphex(rd(&root, APLIC_MMSIADDRCFGH), ==, 0x80000000);
    g_assert_cmphex(rd(&root, APLIC_MMSIADDRCFG), ==, 0x24000);
    g_assert_cmphex(rd(&root, APLIC_SMSIADDRCFG), ==, 0x28000);
    g_assert_cmphex(rd(&root, APLIC_SMSIADDRCFGH), ==, 3u << 20);
    done();
}

/* topi the slow way, and with it the line. */
static uint32_t model_topi(unsigned hart)
{
    uint32_t best = 0, best_prio = 256, threshold = root.ithreshold[hart];

    for (unsigned n = 1; n < SOURCES; n++) {
        uint32_t t = rd(&root, target(n)), prio = t & 255;
        bool on = rd(&root, APLIC_SETIE + n / 32 * 4) >> (n % 32) & 1;

        if (on && pending(n) && t >> 18 == hart && (!threshold || prio < threshold) &&
            prio < best_prio) {
            best = n;
            best_prio = prio;
        }
    }
    return best ? best << 16 | best_prio : 0;
}

static void test_random(void)
{
    static const uint32_t regs[] = { APLIC_SETIPNUM, APLIC_CLRIPNUM, APLIC_SETIENUM, APLIC_CLRIENUM,
                                     APLIC_SETIPNUM_LE };

    fresh(false);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned n = (unsigned)g_test_rand_int_range(1, SOURCES);
        unsigned hart = (unsigned)g_test_rand_int_range(0, HARTS);

        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            wr(&root, sourcecfg(n), (uint32_t)g_test_rand_int_range(0, 8));
            break;
        case 1:
            wr(&root, target(n), hart << 18 | (uint32_t)g_test_rand_int_range(0, 256));
            break;
        case 2:
            wr(&root, idc(hart, APLIC_ITHRESHOLD), (uint32_t)g_test_rand_int_range(0, 256));
            break;
        case 3:
            wr(&root, idc(hart, g_test_rand_int_range(0, 4) ? APLIC_IDELIVERY : APLIC_IFORCE),
               (uint32_t)g_test_rand_int_range(0, 2));
            break;
        case 4:
            wr(&root, APLIC_DOMAINCFG, g_test_rand_int_range(0, 4) ? APLIC_DOMAINCFG_IE : 0);
            break;
        case 5:
            g_assert_cmphex(model_topi(hart), ==, rd(&root, idc(hart, APLIC_CLAIMI)));
            break;
        case 6:
            aplic_core_set_line(&root, n, g_test_rand_int_range(0, 2));
            break;
        default:
            wr(&root, regs[g_test_rand_int_range(0, G_N_ELEMENTS(regs))], n);
            break;
        }
        for (unsigned h = 0; h < HARTS; h++) {
            uint32_t topi = model_topi(h);

            g_assert_cmphex(rd(&root, idc(h, APLIC_TOPI)), ==, topi);
            g_assert_cmpint(line[h], ==, root.domaincfg && root.idelivery[h] &&
                                             (root.iforce[h] || topi));
        }
        i += 9; /* the model is slow */
    }
    done();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aplic/registers", test_registers);
    g_test_add_func("/aplic/modes", test_modes);
    g_test_add_func("/aplic/direct", test_direct);
    g_test_add_func("/aplic/delegation", test_delegation);
    g_test_add_func("/aplic/messages", test_messages);
    g_test_add_func("/aplic/addresses", test_addresses);
    g_test_add_func("/aplic/random", test_random);
    return g_test_run();
}
