/*
 * The CSR table: what each register lets software write, who may access it, and the side effects of
 * the six instructions. Expectations are from the privileged specification, not from csr.def.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tests/unit/riscv-fixture.h"

typedef struct Expect {
    unsigned first, count;
    uint64_t writable; /* bits that follow a write of ones and zeroes, one at a time */
    uint64_t fixed;    /* value of the other bits after reset */
} Expect;

#define X64 UINT64_MAX
#define XLEN64 (2ULL << 32 | 2ULL << 34)
#define MISA_RV64 (2ULL << 62 | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8 | 1 << 12 | 1 << 18 | 1 << 20)

/* Those whose bits can be walked one at a time; the others have tests of their own. */
static const Expect walk[] = {
    { 0x001, 1, 0x1F, 0 },
    { 0x002, 1, 0x7, 0 },
    { 0x003, 1, 0xFF, 0 },
    { 0x106, 1, 0x7FFFF, 0 },           /* scounteren: CY TM IR and 16 counters */
    { 0x10A, 1, 0xC1, 0 },              /* senvcfg: CBIE apart, since 2 is reserved */
    { 0x140, 1, X64, 0 },
    { 0x141, 1, X64 & ~1ULL, 0 },
    { 0x142, 1, X64, 0 },
    { 0x143, 1, X64, 0 },
    { 0x302, 1, 0xB3FF, 0 },            /* medeleg */
    { 0x303, 1, 0x222, 0 },             /* mideleg */
    { 0x304, 1, 0xAAA, 0 },             /* mie */
    { 0x306, 1, 0x7FFFF, 0 },
    { 0x30A, 1, 0xE0000000000000C1, 0 }, /* menvcfg: STCE PBMTE ADUE CBZE CBCFE FIOM */
    { 0x320, 1, 0x7FFFD, 0 },
    { 0x340, 1, X64, 0 },
    { 0x341, 1, X64 & ~1ULL, 0 },
    { 0x342, 1, X64, 0 },
    { 0x343, 1, X64, 0 },
    { 0x344, 1, 0x222, 0 },             /* mip: SSIP STIP SEIP, STCE being off */
    { 0x3B0, 16, (1ULL << 54) - 1, 0 },
    { 0x301, 1, 0, MISA_RV64 },
    { 0xF11, 5, 0, 0 },
};

static void walk_one(Hart *h, unsigned csr, const Expect *e)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t one = 1ULL << bit, v;

        v = csr_write_read(h, csr, one);
        g_assert_cmphex(v & e->writable, ==, one & e->writable);
        v = csr_write_read(h, csr, ~one);
        g_assert_cmphex(v & e->writable, ==, ~one & e->writable);
    }
    g_assert_true(csr_put(h, csr, 0));
}

/* Double traps: what three registers have with them. */
static const Expect walk_dbltrp[] = {
    { 0x30A, 1, 0xE8000000000000C1, 0 }, /* menvcfg: DTE */
    { 0x34B, 1, X64, 0 },                /* mtval2 */
    { 0x740, 1, X64, 0 },
    { 0x741, 1, X64 & ~1ULL, 0 },
    { 0x742, 1, X64, 0 },
};

/* With H: what it adds, and what it adds to. */
static const Expect walk_h[] = {
    { 0x302, 1, 0xF0B7FF, 0 },          /* medeleg */
    { 0x303, 1, 0x222, 0x1444 },        /* mideleg: those of VS and SGEI are always delegated */
    { 0x304, 1, 0x1EEE, 0 },            /* mie */
    { 0x344, 1, 0x226, 0 },             /* mip: VSSIP too */
    { 0x301, 1, 0, MISA_RV64 | 1 << 7 },
    { 0x34A, 2, X64, 0 },               /* mtinst, mtval2 */
    { 0x600, 1, 0x7003C0, 2ULL << 32 }, /* hstatus: VTSR VTW VTVM HU SPVP SPV GVA; VSXL */
    { 0x602, 1, 0xB1FF, 0 },            /* hedeleg */
    { 0x603, 1, 0x444, 0 },             /* hideleg */
    { 0x604, 1, 0x1444, 0 },            /* hie */
    { 0x605, 1, X64, 0 },
    { 0x606, 1, 0x7FFFF, 0 },           /* hcounteren */
    { 0x607, 1, 0, 0 },                 /* hgeie: no guest external interrupts */
    { 0x60A, 1, 0x20000000000000C1, 0 }, /* henvcfg: menvcfg has ADUE, but not STCE, at reset */
    { 0x643, 1, X64, 0 },
    { 0x644, 1, 0x4, 0 },               /* hip: VSSIP */
    { 0x645, 1, 0x444, 0 },             /* hvip */
    { 0x64A, 1, X64, 0 },
    { 0x200, 1, 0xC6122, 2ULL << 32 },  /* vsstatus: MXR SUM FS SPP SPIE SIE; UXL */
    { 0x204, 1, 0, 0 },                 /* vsie: nothing is delegated */
    { 0x240, 1, X64, 0 },
    { 0x241, 1, X64 & ~1ULL, 0 },
    { 0x242, 2, X64, 0 },
    { 0x244, 1, 0, 0 },
    { 0xE12, 1, 0, 0 },
};

static void walk_all(const char *cpu, const Expect *rows, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        const Expect *e = &rows[i];
        for (unsigned n = 0; n < e->count; n++) {
            Hart h;
            uint64_t before;

            hart_init(&h, cpu);
            h.env->mstatus |= MSTATUS_FS;
            before = csr_read(&h, e->first + n);
            if ((e->first & 0xC00) == 0xC00) {
                g_assert_false(csr_put(&h, e->first + n, 0));
            } else {
                walk_one(&h, e->first + n, e);
                g_assert_cmphex(csr_write_read(&h, e->first + n, 0) & ~e->writable, ==, e->fixed);
                if (e->writable == 0)
                    g_assert_cmphex(before, ==, e->fixed);
            }
            hart_done(&h);
        }
    }
}

static void test_walk(void)
{
    walk_all("rv64,svpbmt=on,h=off", walk, G_N_ELEMENTS(walk));
    walk_all("rv64,svpbmt=on", walk_h, G_N_ELEMENTS(walk_h));
    walk_all("rv64,svpbmt=on,h=off,ssdbltrp=on,smrnmi=on", walk_dbltrp, G_N_ELEMENTS(walk_dbltrp));
}

static void test_mstatus(void)
{
    const uint64_t plain = MSTATUS_SIE | MSTATUS_MIE | MSTATUS_SPIE | MSTATUS_MPIE | MSTATUS_SPP |
                           MSTATUS_MPRV | MSTATUS_SUM | MSTATUS_MXR | MSTATUS_TVM | MSTATUS_TW |
                           MSTATUS_TSR;
    Hart h;

    hart_init(&h, "rv64,h=off");
    g_assert_cmphex(csr_read(&h, 0x300), ==, XLEN64);
    g_assert_cmphex(csr_write_read(&h, 0x300, X64), ==,
                    XLEN64 | plain | MSTATUS_MPP | MSTATUS_FS | MSTATUS_SD);
    g_assert_cmphex(csr_read(&h, 0x100), ==,
                    (2ULL << 32) | MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS |
                        MSTATUS_SUM | MSTATUS_MXR | MSTATUS_SD);
    g_assert_cmphex(csr_write_read(&h, 0x300, 0), ==, XLEN64);
    /* MPP: 2 is no mode, and what was there stays. */
    for (unsigned was = 0; was < 4; was++) {
        for (unsigned now = 0; now < 4; now++) {
            if (was == 2)
                continue;
            csr_put(&h, 0x300, (uint64_t)was << 11);
            g_assert_cmphex(csr_write_read(&h, 0x300, (uint64_t)now << 11), ==,
                            XLEN64 | (uint64_t)(now == 2 ? was : now) << 11);
        }
    }
    /* SD follows FS = Dirty only. */
    for (uint64_t fs = 0; fs < 4; fs++)
        g_assert_cmphex(csr_write_read(&h, 0x300, fs << 13), ==,
                        XLEN64 | fs << 13 | (fs == 3 ? MSTATUS_SD : 0));
    /* sstatus reaches nothing of M. */
    csr_put(&h, 0x300, 0);
    csr_put(&h, 0x100, X64);
    g_assert_cmphex(csr_read(&h, 0x300), ==,
                    XLEN64 | MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM |
                        MSTATUS_MXR | MSTATUS_SD);
    hart_done(&h);

    /* Without S and U nothing of them can be set. */
    hart_init(&h, "rv64i,zicsr=on");
    g_assert_cmphex(csr_write_read(&h, 0x300, X64), ==, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP);
    g_assert_cmphex(csr_write_read(&h, 0x300, 0), ==, MSTATUS_MPP);
    g_assert_false(csr_put(&h, 0x100, 0));
    g_assert_false(csr_put(&h, 0x302, 0));
    g_assert_false(csr_put(&h, 0x30A, 0));
    hart_done(&h);
}

static void test_stateen(void)
{
    uint64_t v;
    Hart h;

    hart_init(&h, "rv64");
    for (unsigned n = 0; n < 4; n++) {
        g_assert_false(csr_get(&h, 0x30C + n, &v));
        g_assert_false(csr_get(&h, 0x10C + n, &v));
    }
    hart_done(&h);

    hart_init(&h, "rv64,smstateen=on");
    for (unsigned n = 0; n < 4; n++) {
        g_assert_cmphex(csr_read(&h, 0x30C + n), ==, 0);
        g_assert_cmphex(csr_write_read(&h, 0x10C + n, X64), ==, 0);
        hart_set_priv(&h, PRV_S);
        g_assert_false(csr_get(&h, 0x10C + n, &v));
        g_assert_false(csr_put(&h, 0x10C + n, 0));
        g_assert_false(csr_get(&h, 0x30C + n, &v));
        hart_set_priv(&h, PRV_M);
        g_assert_cmphex(csr_write_read(&h, 0x30C + n, X64), ==,
                        n ? STATEEN_SE : STATEEN_SE | STATEEN_ENVCFG | STATEEN_CONTEXT);
        hart_set_priv(&h, PRV_S);
        g_assert_cmphex(csr_write_read(&h, 0x10C + n, X64), ==, 0);
        hart_set_priv(&h, PRV_U);
        g_assert_false(csr_get(&h, 0x10C + n, &v));
        hart_set_priv(&h, PRV_M);
        csr_put(&h, 0x30C + n, 0);
    }
    /* ENVCFG has senvcfg, for S only. */
    g_assert_true(csr_put(&h, 0x10A, 1));
    hart_set_priv(&h, PRV_S);
    g_assert_false(csr_get(&h, 0x10A, &v));
    g_assert_false(csr_put(&h, 0x10A, 0));
    hart_set_priv(&h, PRV_M);
    csr_put(&h, 0x30C, STATEEN_ENVCFG);
    hart_set_priv(&h, PRV_S);
    g_assert_cmphex(csr_read(&h, 0x10A), ==, 1);
    g_assert_true(csr_put(&h, 0x10A, 0));
    hart_set_priv(&h, PRV_M);
    device_reset(DEVICE(h.cpu));
    g_assert_cmphex(csr_read(&h, 0x30C), ==, 0);
    hart_done(&h);
}

/* Registers that came with 1.11 and 1.12. */
static void test_priv_spec(void)
{
    static const struct {
        const char *spec;
        bool has[4]; /* mcountinhibit, menvcfg, senvcfg, mconfigptr */
    } cases[] = {
        { "rv64,priv_spec=v1.10.0", { false, false, false, false } },
        { "rv64,priv_spec=v1.11.0", { true, false, false, false } },
        { "rv64,priv_spec=v1.12.0", { true, true, true, true } },
        { "rv64,priv_spec=v1.13.0", { true, true, true, true } },
    };
    static const unsigned csrs[] = { 0x320, 0x30A, 0x10A, 0xF15 };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t v;
        Hart h;

        hart_init(&h, cases[i].spec);
        for (unsigned n = 0; n < 4; n++)
            g_assert_cmpint(csr_get(&h, csrs[n], &v), ==, cases[i].has[n]);
        /* What a letter includes is there, told or not. */
        g_assert_true(riscv_ext_on(h.env, EXT_ZAAMO));
        g_assert_cmpint(riscv_ext_on(h.env, EXT_ZBA), ==, cases[i].has[1]);
        hart_done(&h);
    }
}

static void test_satp(void)
{
    static const struct {
        const char *spec;
        unsigned modes; /* bit per MODE value that can be set */
    } cases[] = {
        { "rv64", 1 << 0 | 1 << 8 | 1 << 9 | 1 << 10 },
        { "rv64,sv57=off", 1 << 0 | 1 << 8 | 1 << 9 },
        { "rv64,sv57=off,sv48=off", 1 << 0 | 1 << 8 },
        { "rv64,mmu=off", 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Hart h;

        hart_init(&h, cases[i].spec);
        for (uint64_t mode = 0; mode < 16; mode++) {
            uint64_t was = 0x8000123412341234 & (cases[i].modes ? X64 : 0);
            uint64_t v = mode << 60 | 0x0FFF555566667777;
            bool legal = (cases[i].modes >> mode) & 1;

            csr_put(&h, 0x180, 0x8000123412341234);
            g_assert_cmphex(csr_read(&h, 0x180), ==, was);
            g_assert_cmphex(csr_write_read(&h, 0x180, v), ==, legal ? v : was);
        }
        hart_done(&h);
    }
}

static void test_tvec_envcfg(void)
{
    static const unsigned tvec[] = { 0x305, 0x105 }, envcfg[] = { 0x30A, 0x10A };
    Hart h;

    hart_init(&h, "rv64");
    for (unsigned i = 0; i < 2; i++) {
        csr_put(&h, tvec[i], 0x80001234);
        g_assert_cmphex(csr_read(&h, tvec[i]), ==, 0x80001234);
        g_assert_cmphex(csr_write_read(&h, tvec[i], 0x80005679), ==, 0x80005679);
        for (unsigned bad = 2; bad < 4; bad++)
            g_assert_cmphex(csr_write_read(&h, tvec[i], 0x90000000 | bad), ==, 0x80005679);
        for (uint64_t cbie = 0; cbie < 4; cbie++) {
            csr_put(&h, envcfg[i], 1 << 4);
            g_assert_cmphex(csr_write_read(&h, envcfg[i], cbie << 4), ==,
                            (cbie == 2 ? 1 : cbie) << 4);
        }
    }
    hart_done(&h);
}

typedef struct Range {
    uint16_t first, last;
} Range;

static const Range exist[] = {
    { 0x001, 0x003 }, { 0x100, 0x100 }, { 0x104, 0x106 }, { 0x10A, 0x10A }, { 0x140, 0x144 },
    { 0x14D, 0x14D }, { 0x180, 0x180 }, { 0x300, 0x306 }, { 0x30A, 0x30A }, { 0x320, 0x320 },
    { 0x323, 0x33F }, { 0x340, 0x344 }, { 0x3A0, 0x3A0 }, { 0x3A2, 0x3A2 }, { 0x3B0, 0x3BF },
    { 0x5A8, 0x5A8 }, { 0x7A0, 0x7A5 }, { 0x7A8, 0x7A8 }, { 0xB00, 0xB00 },
    { 0xB02, 0xB12 }, { 0xC00, 0xC12 }, { 0xF11, 0xF15 },
};
/* And with H. */
static const Range exist_h[] = {
    { 0x200, 0x200 }, { 0x204, 0x205 }, { 0x240, 0x244 }, { 0x24D, 0x24D }, { 0x280, 0x280 },
    { 0x34A, 0x34B }, { 0x600, 0x600 }, { 0x602, 0x607 }, { 0x60A, 0x60A }, { 0x643, 0x645 },
    { 0x64A, 0x64A }, { 0x680, 0x680 }, { 0x6A8, 0x6A8 }, { 0xE12, 0xE12 },
};

static bool in_ranges(unsigned csr, const Range *r, size_t nr)
{
    for (size_t i = 0; i < nr; i++)
        if (csr >= r[i].first && csr <= r[i].last)
            return true;
    return false;
}

/* -1: allowed; else the exception. */
static int wanted(bool known, unsigned csr, RISCVPriv priv, bool virt)
{
    unsigned least = (csr >> 8) & 3;

    if (!known)
        return EXC_ILLEGAL_INST;
    if (!virt)
        return priv >= (least == 2 ? PRV_S : least) ? -1 : EXC_ILLEGAL_INST;
    if (least == PRV_M)
        return EXC_ILLEGAL_INST;
    return priv >= least ? -1 : EXC_VIRTUAL_INST;
}

/* Every number: who may read it in each mode, and that what is in no list does not exist. */
static void look_at_permissions(const char *cpu, bool with_h)
{
    static const RISCVPriv privs[] = { PRV_U, PRV_S, PRV_M, PRV_U, PRV_S };
    Hart h;

    hart_init(&h, cpu);
    csr_put(&h, 0x306, X64);
    csr_put(&h, 0x106, X64);
    csr_put(&h, 0x30A, 1ULL << 63);
    csr_put(&h, 0x300, 3 << 13);
    if (with_h) {
        csr_put(&h, 0x606, X64);
        csr_put(&h, 0x60A, 1ULL << 63);
        csr_put(&h, 0x200, 3 << 13);
    }
    for (unsigned csr = 0; csr < 4096; csr++) {
        bool known = in_ranges(csr, exist, G_N_ELEMENTS(exist)) ||
                     (with_h && in_ranges(csr, exist_h, G_N_ELEMENTS(exist_h)));

        for (unsigned p = 0; p < (with_h ? 5 : 3); p++) {
            int want = wanted(known, csr, privs[p], p >= 3), got = -1;
            uint64_t v;

            h.env->virt = p >= 3;
            hart_set_priv(&h, privs[p]);
            if (!csr_get(&h, csr, &v))
                got = (int)h.env->exc_cause;
            if (got != want)
                g_error("%s: csr %#x from mode %u, V=%d: exception %d, expected %d", cpu, csr,
                        privs[p], p >= 3, got, want);
            h.env->virt = false;
            hart_set_priv(&h, PRV_M);
            g_assert_true((riscv_csr_name(csr) != NULL) || !known);
        }
    }
    hart_done(&h);
}

static void test_permission(void)
{
    look_at_permissions("rv64,h=off", false);
    look_at_permissions("rv64", true);
}

static void test_counteren(void)
{
    Hart h;

    hart_init(&h, "rv64");
    for (unsigned n = 0; n < 3; n++) {
        uint64_t v;
        for (unsigned m = 0; m < 4; m++) {
            csr_put(&h, 0x306, m & 1 ? 1 << n : 0);
            csr_put(&h, 0x106, m & 2 ? 1 << n : 0);
            hart_set_priv(&h, PRV_S);
            g_assert_cmpint(csr_get(&h, 0xC00 + n, &v), ==, (m & 1) != 0);
            hart_set_priv(&h, PRV_U);
            g_assert_cmpint(csr_get(&h, 0xC00 + n, &v), ==, m == 3);
            hart_set_priv(&h, PRV_M);
            g_assert_true(csr_get(&h, 0xC00 + n, &v));
        }
    }
    /* stimecmp from S: TM and STCE. */
    for (unsigned m = 0; m < 4; m++) {
        csr_put(&h, 0x306, m & 1 ? 2 : 0);
        csr_put(&h, 0x30A, m & 2 ? 1ULL << 63 : 0);
        hart_set_priv(&h, PRV_S);
        g_assert_cmpint(csr_put(&h, 0x14D, X64), ==, m == 3);
        hart_set_priv(&h, PRV_M);
        g_assert_true(csr_put(&h, 0x14D, X64));
    }
    hart_done(&h);
}

static void test_checks(void)
{
    uint64_t v, effects;
    Hart h;

    hart_init(&h, "rv64");
    /* FS Off hides the floating-point registers even from M. */
    g_assert_false(csr_get(&h, 0x003, &v));
    csr_put(&h, 0x300, 1 << 13);
    g_assert_true(csr_put(&h, 0x003, 0));
    g_assert_cmphex(csr_read(&h, 0x300) & MSTATUS_FS, ==, MSTATUS_FS);
    /* TVM takes satp from S. */
    hart_set_priv(&h, PRV_S);
    g_assert_true(csr_get(&h, 0x180, &v));
    h.env->mstatus |= MSTATUS_TVM;
    g_assert_false(csr_get(&h, 0x180, &v));
    hart_set_priv(&h, PRV_M);
    /* A read-only register may be read by the set and clear forms with x0, never written. */
    g_assert_true(csr_op(&h, 0xF14, CSR_SET, 0, true, false, &v, NULL));
    g_assert_false(csr_op(&h, 0xF14, CSR_SET, 0, true, true, &v, NULL));
    g_assert_false(csr_op(&h, 0xF14, CSR_WRITE, 0, false, true, &v, NULL));
    /* Set and clear. */
    csr_put(&h, 0x340, 0xF0F0);
    g_assert_true(csr_op(&h, 0x340, CSR_SET, 0x00FF, true, true, &v, &effects));
    g_assert_cmphex(v, ==, 0xF0F0);
    g_assert_cmphex(effects, ==, 0);
    g_assert_cmphex(csr_read(&h, 0x340), ==, 0xF0FF);
    g_assert_true(csr_op(&h, 0x340, CSR_CLEAR, 0xFF00, true, true, &v, NULL));
    g_assert_cmphex(csr_read(&h, 0x340), ==, 0x00FF);
    /* What a write of mstatus changes for the block. */
    csr_put(&h, 0x300, 0);
    g_assert_true(csr_op(&h, 0x300, CSR_SET, 1 << 13, true, true, &v, &effects));
    g_assert_cmphex(effects, ==, CSR_EFFECT_LOOKUP);
    g_assert_true(csr_op(&h, 0x300, CSR_SET, 3 << 13, true, true, &v, &effects));
    g_assert_cmphex(effects, ==, 0);
    hart_done(&h);
}

static void test_interrupts(void)
{
    uint64_t v, effects;
    Hart h;

    hart_init(&h, "rv64");
    /* SEIP: the line and software's bit are two, reading shows either. */
    DEVICE_GET_CLASS(h.cpu)->irq_in(h.cpu, IRQ_S_EXT, true);
    g_assert_cmphex(csr_read(&h, 0x344), ==, MIP_SEIP);
    g_assert_true(csr_op(&h, 0x344, CSR_CLEAR, MIP_SEIP, true, true, &v, NULL));
    g_assert_cmphex(csr_read(&h, 0x344), ==, MIP_SEIP);
    /* Setting another bit must not make the line's SEIP software's. */
    csr_op(&h, 0x344, CSR_SET, MIP_SSIP, true, true, &v, NULL);
    DEVICE_GET_CLASS(h.cpu)->irq_in(h.cpu, IRQ_S_EXT, false);
    g_assert_cmphex(csr_read(&h, 0x344), ==, MIP_SSIP);
    csr_op(&h, 0x344, CSR_SET, MIP_SEIP, true, true, &v, NULL);
    DEVICE_GET_CLASS(h.cpu)->irq_in(h.cpu, IRQ_S_EXT, true);
    DEVICE_GET_CLASS(h.cpu)->irq_in(h.cpu, IRQ_S_EXT, false);
    g_assert_cmphex(csr_read(&h, 0x344), ==, MIP_SSIP | MIP_SEIP);
    csr_put(&h, 0x344, 0);

    /* sip and sie show and change what is delegated. */
    csr_put(&h, 0x303, MIP_SSIP | MIP_SEIP);
    csr_put(&h, 0x344, MIP_SSIP | MIP_STIP);
    csr_put(&h, 0x304, 0xAAA);
    g_assert_cmphex(csr_read(&h, 0x144), ==, MIP_SSIP);
    g_assert_cmphex(csr_read(&h, 0x104), ==, MIP_SSIP | MIP_SEIP);
    csr_put(&h, 0x104, 0);
    g_assert_cmphex(csr_read(&h, 0x304), ==, 0xAAA & ~(MIP_SSIP | MIP_SEIP));
    csr_put(&h, 0x144, 0);
    g_assert_cmphex(csr_read(&h, 0x344), ==, MIP_STIP);

    /* Priority: external, software, timer; M before S; delegation and enables by mode. */
    csr_put(&h, 0x303, 0x222);
    csr_put(&h, 0x304, 0xAAA);
    riscv_mip_change(h.env, 0xAAA, 0);
    h.env->mstatus &= ~(MSTATUS_MIE | MSTATUS_SIE);
    hart_set_priv(&h, PRV_M);
    g_assert_cmpint(riscv_pending_interrupt(h.env), ==, -1);
    static const int order[] = { 11, 3, 7, 9, 1, 5 };
    hart_set_priv(&h, PRV_U);
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmpint(riscv_pending_interrupt(h.env), ==, order[i]);
        riscv_mip_change(h.env, 0, 1ULL << order[i]);
    }
    riscv_mip_change(h.env, MIP_SSIP, 0);
    hart_set_priv(&h, PRV_S);
    g_assert_cmpint(riscv_pending_interrupt(h.env), ==, -1);
    g_assert_true(csr_op(&h, 0x100, CSR_SET, MSTATUS_SIE, true, true, &v, &effects));
    g_assert_cmphex(effects, ==, CSR_EFFECT_IRQ);
    g_assert_cmpint(riscv_pending_interrupt(h.env), ==, IRQ_S_SOFT);
    hart_done(&h);
}

static void test_sstc(void)
{
    Hart h;

    hart_init(&h, "rv64");
    timebase_write(&h.timebase, 1000);
    csr_put(&h, 0x344, MIP_STIP);
    csr_put(&h, 0x14D, 2000);
    csr_put(&h, 0x30A, 1ULL << 63);
    g_assert_cmphex(csr_read(&h, 0x344) & MIP_STIP, ==, 0);
    g_assert_true(timer_pending(&h.cpu->stimer));
    csr_put(&h, 0x344, MIP_STIP); /* read-only now */
    g_assert_cmphex(csr_read(&h, 0x344) & MIP_STIP, ==, 0);
    timebase_write(&h.timebase, 2000);
    g_assert_cmphex(csr_read(&h, 0x344) & MIP_STIP, ==, MIP_STIP);
    csr_put(&h, 0x14D, X64);
    g_assert_cmphex(csr_read(&h, 0x344) & MIP_STIP, ==, 0);
    csr_put(&h, 0x14D, 1);
    g_assert_cmphex(csr_read(&h, 0x344) & MIP_STIP, ==, MIP_STIP);
    g_assert_cmpuint(csr_read(&h, 0xC01), >=, 2000);
    hart_done(&h);
}

static void test_counters(void)
{
    Hart h;

    hart_init(&h, "rv64");
    h.env->tcg.icount = 1000;
    g_assert_cmpuint(csr_read(&h, 0xB02), ==, 1000);
    csr_put(&h, 0xB02, 5); /* the next instruction reads 5 */
    h.env->tcg.icount++;
    g_assert_cmpuint(csr_read(&h, 0xB02), ==, 5);
    csr_put(&h, 0x320, 4);
    h.env->tcg.icount += 100;
    g_assert_cmpuint(csr_read(&h, 0xB02), ==, 5);
    csr_put(&h, 0xB02, 77);
    g_assert_cmpuint(csr_read(&h, 0xC02), ==, 77);
    csr_put(&h, 0x320, 0);
    h.env->tcg.icount += 3;
    g_assert_cmpuint(csr_read(&h, 0xB02), ==, 80);
    /* A programmable counter counts what its event says, from where it stood. */
    csr_put(&h, 0xB03, 10);
    h.env->tcg.icount += 5;
    g_assert_cmpuint(csr_read(&h, 0xB03), ==, 10);
    csr_put(&h, 0x323, 2);
    h.env->tcg.icount += 5;
    g_assert_cmpuint(csr_read(&h, 0xC03), ==, 15);
    g_assert_cmpuint(csr_write_read(&h, 0x323, 12345), ==, 2);
    g_assert_cmpuint(csr_write_read(&h, 0x33F, 1), ==, 0); /* no such counter */
    hart_done(&h);
}

static void test_counter_filters(void)
{
    const uint64_t inh = 7ULL << 60;
    uint64_t v;
    Hart h;

    hart_init(&h, "rv64,smcntrpmf=on,h=off");
    for (unsigned csr = 0x321; csr <= 0x322; csr++) {
        g_assert_cmphex(csr_write_read(&h, csr, X64), ==, inh);
        g_assert_cmphex(csr_write_read(&h, csr, 0), ==, 0);
    }
    h.env->tcg.icount = 500;
    csr_put(&h, 0x322, 1ULL << 62); /* MINH */
    v = csr_read(&h, 0xB02);
    h.env->tcg.icount += 10;
    g_assert_cmpuint(csr_read(&h, 0xB02), ==, v);
    csr_put(&h, 0xB02, 9); /* an instruction that is not counted does not count itself either */
    g_assert_cmpuint(csr_read(&h, 0xB02), ==, 9);
    csr_put(&h, 0x322, 1ULL << 61);
    h.env->tcg.icount += 10;
    g_assert_cmpuint(csr_read(&h, 0xB02), ==, 19);
    device_reset(DEVICE(h.cpu));
    g_assert_cmphex(csr_read(&h, 0x322), ==, 0);
    hart_done(&h);

    hart_init(&h, "rv64i,zicsr=on,smcntrpmf=on");
    g_assert_cmphex(csr_write_read(&h, 0x321, X64), ==, 1ULL << 62);
    hart_done(&h);
    hart_init(&h, "rv64");
    g_assert_false(csr_get(&h, 0x321, &v));
    g_assert_false(csr_get(&h, 0x120, &v));
    g_assert_cmphex(csr_write_read(&h, 0x30A, 1ULL << 60) & 1ULL << 60, ==, 0);
    hart_done(&h);
}

/* siselect 0x40 to 0x5F: which of sireg to sireg6 are there, and what is behind them. */
static void test_delegation(void)
{
    static const unsigned windows[] = { 0x151, 0x152, 0x153, 0x155, 0x156, 0x157 };
    static const char *const cpus[] = {
        "rv64,ssccfg=on,smcntrpmf=on,h=off", "rv64,smcdeleg=on,h=off", "rv64,ssccfg=on,zihpm=off,h=off",
        "rv64,ssccfg=on,smcntrpmf=on,zicntr=off,h=off",
    };

    for (unsigned c = 0; c < G_N_ELEMENTS(cpus); c++) {
        Hart h;

        hart_init(&h, cpus[c]);
        for (unsigned at = 0; at < 4 * 32; at++) {
            unsigned n = at & 31;
            bool cde = at & 32, given = at & 64, fixed = n < 3;

            csr_put(&h, 0x30A, cde ? 1ULL << 60 : 0);
            csr_put(&h, 0x306, given ? 1ULL << n : 0);
            csr_put(&h, 0x150, 0x40 + n);
            for (unsigned i = 0; i < 6; i++) {
                bool there = cde && given && n != 1 && n < 19 && i < 2 &&
                             (fixed ? c != 3 && (i == 0 || c == 0) : c != 2);
                uint64_t v;

                g_assert_cmpint(csr_get(&h, windows[i], &v), ==, there);
                hart_set_priv(&h, PRV_S);
                g_assert_cmpint(csr_get(&h, windows[i], &v), ==, there);
                g_assert_cmpint(csr_put(&h, windows[i], 0), ==, there);
                hart_set_priv(&h, PRV_U);
                g_assert_false(csr_get(&h, windows[i], &v));
                hart_set_priv(&h, PRV_M);
            }
        }
        hart_done(&h);
    }
}

static void test_misa(void)
{
    Hart h;

    hart_init(&h, "rv64,h=off,x-misa-w=on");
    g_assert_cmphex(csr_read(&h, 0x301), ==, MISA_RV64);
    g_assert_cmphex(csr_write_read(&h, 0x301, MISA_RV64 & ~(1ULL << 5)), ==,
                    MISA_RV64 & ~(1ULL << 5 | 1ULL << 3)); /* D goes with F */
    g_assert_false(riscv_ext_on(h.env, EXT_D));
    g_assert_false(riscv_ext_on(h.env, EXT_ZCD));
    g_assert_false(csr_put(&h, 0x003, 0));
    g_assert_true(h.env->tcg.mode & MODE_MISA_OFF_F);
    csr_put(&h, 0x301, X64);
    g_assert_cmphex(csr_read(&h, 0x301), ==, MISA_RV64);
    g_assert_true(riscv_ext_on(h.env, EXT_ZCD));
    /* C stays while the next instruction would be misaligned. */
    h.env->pc = 0x80000002;
    g_assert_cmphex(csr_write_read(&h, 0x301, MISA_RV64 & ~(1ULL << 2)), ==, MISA_RV64);
    h.env->pc = 0x80000004;
    csr_put(&h, 0x341, 0x80000006);
    g_assert_cmphex(csr_write_read(&h, 0x301, MISA_RV64 & ~(1ULL << 2)), ==,
                    MISA_RV64 & ~(1ULL << 2));
    g_assert_cmphex(csr_read(&h, 0x341), ==, 0x80000004);
    hart_done(&h);
}

static void test_state(void)
{
    g_autoptr(GByteArray) a = g_byte_array_new(), b = g_byte_array_new();
    Error *err = NULL;
    Hart h;

    hart_init(&h, "rv64");
    csr_put(&h, 0x340, 0x123456789);
    csr_put(&h, 0x180, 8ULL << 60 | 0x80000);
    csr_put(&h, 0x3B3, 0x777);
    object_state_save(h.cpu, a);
    device_reset(DEVICE(h.cpu));
    g_assert_cmphex(csr_read(&h, 0x340), ==, 0);
    g_assert_cmphex(csr_read(&h, 0x3B3), ==, 0);
    g_assert_cmphex(h.env->pc, ==, h.cpu->resetvec);
    if (!object_state_load(h.cpu, a->data, a->len, &err))
        g_error("%s", error_get_pretty(err));
    g_assert_cmphex(csr_read(&h, 0x340), ==, 0x123456789);
    object_state_save(h.cpu, b);
    g_assert_cmpmem(a->data, a->len, b->data, b->len);
    hart_done(&h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csr/walk", test_walk);
    g_test_add_func("/csr/mstatus", test_mstatus);
    g_test_add_func("/csr/satp", test_satp);
    g_test_add_func("/csr/stateen", test_stateen);
    g_test_add_func("/csr/priv-spec", test_priv_spec);
    g_test_add_func("/csr/tvec-envcfg", test_tvec_envcfg);
    g_test_add_func("/csr/permission", test_permission);
    g_test_add_func("/csr/counteren", test_counteren);
    g_test_add_func("/csr/checks", test_checks);
    g_test_add_func("/csr/interrupts", test_interrupts);
    g_test_add_func("/csr/sstc", test_sstc);
    g_test_add_func("/csr/counters", test_counters);
    g_test_add_func("/csr/counter-filters", test_counter_filters);
    g_test_add_func("/csr/delegation", test_delegation);
    g_test_add_func("/csr/misa", test_misa);
    g_test_add_func("/csr/state", test_state);
    return g_test_run();
}
