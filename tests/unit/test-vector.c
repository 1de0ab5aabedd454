/*
 * The vector unit: vsetvl, which encodings are reserved, and what loops over elements leave alone. What
 * instructions compute is compared with another emulator by tests/random/run.py --vlen.
 *
 * SPDX-License-Identifier: MIT
 */
#include "riscv-fixture.h"

#include "target/riscv/insn-fn.h"
#include "target/riscv/isa.h"
#include "target/riscv/vector/kernels.h"
#include "target/riscv/vector/vector.h"

static const TCGOp *stop(CPUArchState *env, const TCGOp *op)
{
    return NULL;
}

/* Runs one instruction; the cause that it raised, or -1. */
static int64_t run(Hart *h, uint32_t insn)
{
    RISCVOperands o;
    unsigned row = riscv_decode(insn, h->env->ext_on, &o);
    TCGOp ops[2] = { { .fn = riscv_insn_fn(row), .imm = o.imm, .insn = insn, .len = 4 },
                     { .fn = stop, .len = 4 } };

    if (row == 0)
        return EXC_ILLEGAL_INST;
    ops[0].rd = (riscv_insn_flags(row) & INSN_RD_X) && o.rd == 0 ? TARGET_REG_SINK : o.rd;
    ops[0].rs1 = o.rs1;
    ops[0].rs2 = o.rs2;
    ops[0].rs3 = o.rs3;
    ops[0].aux = o.aux;
    return RAISED(h, {
        const TCGOp *next = ops[0].fn(h->env, &ops[0]);
        g_assert_true(!next || next == &ops[1]);
    });
}

static void hart_with_vectors(Hart *h, const char *spec)
{
    hart_init(h, spec);
    h->env->mstatus |= MSTATUS_VS | MSTATUS_FS;
    riscv_mode_update(h->env);
}

/* vsetvli x5, x6, vtype */
static uint64_t vset(Hart *h, uint64_t avl, unsigned vtype)
{
    h->env->x[6] = avl;
    g_assert_cmpint(run(h, 0x00037057 | 5 << 7 | vtype << 20), ==, -1);
    g_assert_cmphex(h->env->x[5], ==, h->env->vl);
    return h->env->vl;
}

enum { E8 = 0, E16 = 8, E32 = 16, E64 = 24, M1 = 0, M2 = 1, M4 = 2, M8 = 3, MF8 = 5, MF4 = 6, MF2 = 7 };

static void test_vsetvl(void)
{
    static const unsigned vlens[] = { 128, 256, 512, 1024 };

    for (size_t i = 0; i < G_N_ELEMENTS(vlens); i++) {
        g_autofree char *spec = g_strdup_printf("rv64,v=on,vlen=%u", vlens[i]);
        unsigned vlen = vlens[i];
        Hart h;

        hart_with_vectors(&h, spec);
        g_assert_cmphex(h.env->vtype, ==, VTYPE_VILL);
        g_assert_cmpuint(csr_read(&h, 0xC22), ==, vlen / 8);
        g_assert_cmpuint(vset(&h, UINT64_MAX, E8 | M8), ==, vlen);
        g_assert_cmpuint(vset(&h, 5, E8 | M8), ==, 5);
        g_assert_cmpuint(vset(&h, UINT64_MAX, E64 | M1), ==, vlen / 64);
        g_assert_cmpuint(vset(&h, UINT64_MAX, E8 | MF8), ==, vlen / 64);
        g_assert_cmpuint(vset(&h, UINT64_MAX, E32 | MF2), ==, vlen / 64);
        /* No element is larger than LMUL * ELEN; 4 is no LMUL; bits from 8 up are reserved. */
        static const unsigned bad[] = { E16 | MF8, E64 | MF2, E32 | MF4, E8 | 4, 32, 1 << 8 };
        for (size_t k = 0; k < G_N_ELEMENTS(bad); k++) {
            g_assert_cmpuint(vset(&h, 7, E8), ==, 7);
            g_assert_cmpuint(vset(&h, 7, bad[k]), ==, 0);
            g_assert_cmphex(h.env->vtype, ==, VTYPE_VILL);
        }
        hart_done(&h);
    }
}

/* Whether encodings are legal under a vtype. */
static void test_legality(void)
{
    static const struct {
        unsigned vtype;
        uint32_t insn;
        bool legal;
    } rows[] = {
        { E8 | M1, 0x022180d7, true },  /* vadd.vv v1, v2, v3 */
        { E8 | M2, 0x022180d7, false }, /* groups begin at even registers */
        { E8 | M2, 0x02420157, true },  /* vadd.vv v2, v4, v4 */
        { E8 | M1, 0x00218057, false }, /* vadd.vv v0, v2, v3, v0.t */
        { E8 | M1, 0x000180d7, false }, /* vadd.vv v1, v0, v3, v0.t: v0 with two widths */
        { E8 | M1, 0x002180d7, true },  /* vadd.vv v1, v2, v3, v0.t */
        { E64 | M1, 0xc6412157, false }, /* vwadd.vv v2, v4, v2: no width of 128 bits */
        { E8 | M1, 0xc6422157, true },  /* vwadd.vv v2, v4, v4 */
        { E8 | M1, 0xc632a157, true },  /* vwadd.vv v2, v3, v5: overlaps the highest part */
        { E8 | M1, 0xc622a157, false }, /* vwadd.vv v2, v2, v5: and the lowest */
        { E8 | M8, 0xc6812057, false }, /* a group of 16 registers */
        { E8 | M1, 0x32402257, false }, /* vrgather.vv v4, v4, v0: onto its source */
    };
    Hart h;

    hart_with_vectors(&h, "rv64,v=on");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        vset(&h, 4, rows[i].vtype);
        int64_t cause = run(&h, rows[i].insn);
        if (cause != (rows[i].legal ? -1 : EXC_ILLEGAL_INST))
            g_error("row %zu: cause %d", i, (int)cause);
        vset(&h, 4, 0xff); /* with vill nothing is */
        g_assert_cmpint(run(&h, rows[i].insn), ==, EXC_ILLEGAL_INST);
    }
    hart_done(&h);
}

/* Element groups: whole ones, of the right width, that have room; what must not overlap. */
static void test_groups(void)
{
    static const struct {
        unsigned vtype;
        uint32_t insn;
        uint8_t vl, vstart;
        bool legal;
    } rows[] = {
        { E32 | M1, 0xa22120f7, 4, 0, true },   /* vaesem.vv v1, v2 */
        { E32 | M1, 0xa22120f7, 3, 0, false },  /* no whole group */
        { E32 | M1, 0xa22120f7, 4, 2, false },
        { E32 | M2, 0xa2412177, 8, 4, true },
        { E64 | M1, 0xa22120f7, 2, 0, false },
        { E32 | MF2, 0xa22120f7, 0, 0, false }, /* no room, even for none */
        { E32 | M1, 0xa62120f7, 4, 0, true },   /* vaesem.vs v1, v2 */
        { E32 | M1, 0xa6212177, 4, 0, false },  /* vaesem.vs v2, v2 */
        { E32 | M2, 0xa6312177, 4, 0, false },  /* vaesem.vs v2, v3: in vd's group */
        { E32 | M2, 0xa6512177, 4, 0, true },   /* vaesem.vs v2, v5: any register */
        { E32 | M1, 0xbe21a0f7, 4, 0, true },   /* vsha2cl.vv v1, v2, v3 */
        { E32 | M1, 0xbe20a0f7, 4, 0, false },  /* vsha2cl.vv v1, v2, v1 */
        { E64 | M1, 0xbe21a0f7, 2, 0, false },  /* a group needs two registers */
        { E64 | M2, 0xbe432177, 4, 0, true },   /* vsha2cl.vv v2, v4, v6 */
        { E32 | M1, 0x8221a0f7, 4, 0, false },  /* vsm3me.vv v1, v2, v3: groups of 256 bits */
        { E32 | M2, 0x82412177, 8, 0, true },   /* vsm3me.vv v2, v4, v2 */
        { E32 | M2, 0x82222177, 8, 0, false },  /* vsm3me.vv v2, v2, v4 */
        { E32 | M2, 0x82412177, 4, 0, false },
        { E64 | M1, 0x3221a0d7, 2, 0, true },   /* vclmul.vv v1, v2, v3 */
        { E32 | M1, 0x3221a0d7, 4, 0, false },
        { E8 | M1, 0xf6412157, 4, 0, false },   /* vwmacc.vv v2, v2, v4: read with two widths */
        { E8 | M1, 0xc632a157, 4, 0, true },    /* vwadd.vv v2, v3, v5 is not */
        { E8 | M1, 0xf632a157, 4, 0, false },   /* vwmacc.vv v2, v5, v3 */
    };
    Hart h;

    hart_with_vectors(&h, "max,vlen=128");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        vset(&h, rows[i].vl, rows[i].vtype);
        h.env->vstart = rows[i].vstart;
        int64_t cause = run(&h, rows[i].insn);
        if (cause != (rows[i].legal ? -1 : EXC_ILLEGAL_INST))
            g_error("row %zu: cause %d", i, (int)cause);
        h.env->vstart = 0;
    }
    hart_done(&h);
}

/* Elements before vstart, masked off and in the tail keep their values. */
static void test_undisturbed(void)
{
    Hart h;
    uint8_t *v1, *v2;

    hart_with_vectors(&h, "rv64,v=on");
    v1 = riscv_vreg(h.env, 1);
    v2 = riscv_vreg(h.env, 2);
    for (unsigned start = 0; start < 16; start++) {
        for (unsigned vl = 0; vl <= 16; vl++) {
            vset(&h, vl, E8);
            memset(v1, 0xaa, 16);
            memset(v2, 1, 16);
            riscv_vreg(h.env, 0)[0] = 0x6d;
            riscv_vreg(h.env, 0)[1] = 0xb6;
            h.env->vstart = start;
            h.env->mstatus &= ~MSTATUS_VS | (1ULL << 9);
            g_assert_cmpint(run(&h, 0x002100d7), ==, -1); /* vadd.vv v1, v2, v2, v0.t */
            for (unsigned i = 0; i < 16; i++) {
                bool on = i >= start && i < vl && (0xb66d >> i & 1);
                g_assert_cmpuint(v1[i], ==, on ? 2 : 0xaa);
            }
            g_assert_cmpuint(h.env->vstart, ==, 0);
            g_assert_cmphex(h.env->mstatus & MSTATUS_VS, ==, MSTATUS_VS);
        }
    }
    hart_done(&h);
}

#ifdef __x86_64__
/* Both sets of loops compute the same, for every length. */
static void test_kernels(void)
{
    uint64_t a[64], b[64], c[64], d[64];

    if (riscv_vec_kernels() == &vec_kernels_base)
        return;
    for (unsigned k = 0; k < VK_NR; k++) {
        for (unsigned n = 0; n < 4 * 33; n++) {
            unsigned sew = n % 4, count = n / 4;
            VecFn *x = vec_kernels_base.op[k].vv[sew], *y = vec_kernels_avx2.op[k].vv[sew];

            if (!x)
                continue;
            for (unsigned i = 0; i < 64; i++) {
                a[i] = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
                b[i] = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
                c[i] = d[i] = (uint64_t)g_test_rand_int();
            }
            x(c, a, b, count);
            y(d, a, b, count);
            g_assert_cmpmem(c, sizeof(c), d, sizeof(d));
        }
    }
}

#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/vsetvl", test_vsetvl);
    g_test_add_func("/vector/legality", test_legality);
    g_test_add_func("/vector/groups", test_groups);
    g_test_add_func("/vector/undisturbed", test_undisturbed);
#ifdef __x86_64__
    g_test_add_func("/vector/kernels", test_kernels);
#endif
    return g_test_run();
}
