/*
 * Debug triggers as the parts of the CPU model see them: the mode word, the pages that are watched,
 * guests, counting, what is raised and where it goes. The guest's view: tests/guest/triggers.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "target/riscv/trigger.h"
#include "tests/unit/riscv-fixture.h"

enum { TSELECT = 0x7A0, TDATA1, TDATA2, TDATA3, TCONTROL = 0x7A5, MCONTEXT = 0x7A8,
       SCONTEXT = 0x5A8, HCONTEXT = 0x6A8 };

#define TYPE(n) ((uint64_t)(n) << 60)
#define IN_M (1ULL << 6)
#define IN_S (1ULL << 4)
#define IN_U (1ULL << 3)
#define IN_VS (1ULL << 24)
#define IN_VU (1ULL << 23)

static void set(Hart *h, unsigned n, uint64_t tdata1, uint64_t tdata2)
{
    hart_set_priv(h, PRV_M);
    h->env->virt = false;
    csr_put(h, TSELECT, n);
    csr_put(h, TDATA1, 0);
    csr_put(h, TDATA2, tdata2);
    csr_put(h, TDATA1, tdata1);
    csr_put(h, TCONTROL, TCONTROL_MTE);
}

static bool in_mode(Hart *h, RISCVPriv priv, bool virt)
{
    h->env->virt = virt;
    hart_set_priv(h, priv);
    return h->env->tcg.mode & MODE_TRIGGERS;
}

/* Only the modes that something is armed in are others than before. */
static void test_mode(void)
{
    Hart h;

    hart_init(&h, "rv64");
    g_assert_false(in_mode(&h, PRV_M, false));
    set(&h, 0, TYPE(6) | MC_EXECUTE | IN_U | IN_VS, 0x1000);
    g_assert_false(in_mode(&h, PRV_M, false));
    g_assert_false(in_mode(&h, PRV_S, false));
    g_assert_true(in_mode(&h, PRV_U, false));
    g_assert_true(in_mode(&h, PRV_S, true));
    g_assert_false(in_mode(&h, PRV_U, true));
    set(&h, 0, TYPE(6) | MC_LOAD | MC_STORE | IN_U, 0x1000);
    g_assert_false(in_mode(&h, PRV_U, false));
    set(&h, 0, TYPE(3) | IN_M << 3, 0); /* icount of 0 */
    g_assert_false(in_mode(&h, PRV_M, false));
    set(&h, 0, TYPE(3) | 1 << ICOUNT_COUNT_SHIFT | IN_M << 3, 0);
    g_assert_true(in_mode(&h, PRV_M, false));
    /* A write that changes the mode ends the block; one of a register that is not shown does not. */
    set(&h, 0, 0, 0);
    uint64_t effects = 0;
    csr_op(&h, TDATA1, CSR_WRITE, TYPE(2) | MC_EXECUTE | IN_M, false, true, NULL, &effects);
    g_assert_cmphex(effects, ==, CSR_EFFECT_LOOKUP);
    device_reset(DEVICE(h.cpu));
    g_assert_false(in_mode(&h, PRV_M, false));
    hart_done(&h);
}

static void test_pages(void)
{
    CPURISCVState *env;
    Hart h;

    hart_init(&h, "rv64");
    env = h.env;
    g_assert_false(riscv_trigger_watches(env, 0, UINT64_MAX));
    set(&h, 0, TYPE(6) | MC_LOAD | IN_U, 0x5008);
    g_assert_true(riscv_trigger_watches(env, 0x5000, 0x5FFF));
    g_assert_false(riscv_trigger_watches(env, 0x4000, 0x4FFF));
    g_assert_false(riscv_trigger_watches(env, 0x6000, 0x6FFF));
    /* A chain watches where all of it does. */
    set(&h, 0, TYPE(6) | MC_LOAD | IN_U | 2 << 7 | MC_CHAIN, 0x5008);
    set(&h, 1, TYPE(6) | MC_LOAD | IN_U | 3 << 7, 0x7008);
    for (vaddr page = 0x3000; page < 0xA000; page += 0x1000)
        g_assert_true(riscv_trigger_watches(env, page, page + 0xFFF) ==
                      (page >= 0x5000 && page <= 0x7000));
    set(&h, 1, 0, 0);
    g_assert_false(riscv_trigger_watches(env, 0x5000, 0x5FFF));
    set(&h, 0, TYPE(6) | MC_STORE | IN_U | 1 << 7, 0x1FFFF); /* NAPOT: 0 to 0x3FFFF */
    g_assert_true(riscv_trigger_watches(env, 0x3F000, 0x3FFFF));
    g_assert_false(riscv_trigger_watches(env, 0x40000, 0x40FFF));
    set(&h, 0, TYPE(6) | MC_STORE | IN_U | 12 << 7, 0); /* by a mask: everywhere */
    g_assert_true(riscv_trigger_watches(env, 0, 0xFFF));
    hart_done(&h);
}

static int64_t access_data(Hart *h, vaddr va, unsigned size, bool load, bool store)
{
    return RAISED(h, riscv_trigger_access(h->env, va, size, load, store));
}

static void test_guest(void)
{
    Hart h;
    uint64_t v;

    hart_init(&h, "rv64,smstateen=on");
    set(&h, 0, TYPE(6) | MC_STORE | IN_VU, 0x8000);
    in_mode(&h, PRV_U, false);
    g_assert_cmpint(access_data(&h, 0x8000, 8, false, true), ==, -1);
    in_mode(&h, PRV_U, true);
    g_assert_cmpint(access_data(&h, 0x8000, 8, true, false), ==, -1);
    g_assert_cmpint(access_data(&h, 0x7FFC, 8, false, true), ==, EXC_BREAKPOINT);
    g_assert_cmphex(h.env->exc_tval, ==, 0x7FFC);
    g_assert_true(h.env->exc_gva);
    /* A VMID, and the ASID of the guest. */
    h.env->hgatp = 7ULL << 44;
    h.env->vsatp = 3ULL << 44;
    h.env->tdata3[0] = 2ULL << 48 | 3ULL << 51 | 3 << 2 | 2;
    g_assert_cmpint(access_data(&h, 0x8000, 8, false, true), ==, -1);
    h.env->tdata3[0] = 6ULL << 48 | 3ULL << 51 | 3 << 2 | 2; /* VMID {3, 1} */
    g_assert_cmpint(access_data(&h, 0x8000, 8, false, true), ==, EXC_BREAKPOINT);
    h.env->satp = 3ULL << 44;
    h.env->vsatp = 0;
    g_assert_cmpint(access_data(&h, 0x8000, 8, false, true), ==, -1);
    /* VS handles breakpoints itself: not while its interrupts are off. */
    set(&h, 0, TYPE(6) | MC_STORE | IN_VS, 0x8000);
    h.env->tdata3[0] = 0;
    in_mode(&h, PRV_S, true);
    h.env->medeleg = h.env->hedeleg = 1 << EXC_BREAKPOINT;
    g_assert_cmpint(access_data(&h, 0x8000, 8, false, true), ==, -1);
    h.env->vsstatus |= MSTATUS_SIE;
    g_assert_cmpint(access_data(&h, 0x8000, 8, false, true), ==, EXC_BREAKPOINT);
    h.env->vsstatus = h.env->hedeleg = 0;
    g_assert_cmpint(access_data(&h, 0x8000, 8, false, true), ==, EXC_BREAKPOINT);
    /* The guest's scontext is scontext, not hcontext; bit 57 keeps it from it. */
    g_assert_false(csr_get(&h, SCONTEXT, &v));
    g_assert_cmpint(h.env->exc_cause, ==, EXC_ILLEGAL_INST);
    h.env->mstateen[0] = STATEEN_CONTEXT;
    g_assert_false(csr_get(&h, SCONTEXT, &v));
    g_assert_cmpint(h.env->exc_cause, ==, EXC_VIRTUAL_INST);
    h.env->hstateen[0] = STATEEN_CONTEXT;
    g_assert_true(csr_put(&h, SCONTEXT, 0x77));
    g_assert_cmphex(h.env->scontext, ==, 0x77);
    g_assert_cmphex(h.env->mcontext, ==, 0);
    g_assert_false(csr_get(&h, HCONTEXT, &v));
    g_assert_cmpint(h.env->exc_cause, ==, EXC_VIRTUAL_INST);
    hart_done(&h);
}

/* An instruction counts once, however often it is begun; so does a trap. */
static void test_count(void)
{
    Hart h;

    hart_init(&h, "rv64");
    set(&h, 0, TYPE(3) | 5 << ICOUNT_COUNT_SHIFT | IN_U << 3, 0);
    in_mode(&h, PRV_U, false);
    riscv_trigger_insn(h.env, 0x13, 4);
    riscv_trigger_insn(h.env, 0x13, 4);
    g_assert_cmpint((h.env->tdata1[0] & ICOUNT_COUNT) >> ICOUNT_COUNT_SHIFT, ==, 4);
    h.env->tcg.icount++;
    riscv_trigger_insn(h.env, 0x13, 4);
    g_assert_cmpint((h.env->tdata1[0] & ICOUNT_COUNT) >> ICOUNT_COUNT_SHIFT, ==, 3);
    /* A page fault of a fetch, and an interrupt. */
    h.env->exc_cause = EXC_INST_PAGE_FAULT;
    riscv_deliver_exception(h.env);
    g_assert_cmpint((h.env->tdata1[0] & ICOUNT_COUNT) >> ICOUNT_COUNT_SHIFT, ==, 2);
    in_mode(&h, PRV_U, false);
    h.env->mie = MIP_MSIP;
    riscv_mip_change(h.env, MIP_MSIP, 0);
    g_assert_true(riscv_take_interrupt(h.env));
    g_assert_cmpint((h.env->tdata1[0] & ICOUNT_COUNT) >> ICOUNT_COUNT_SHIFT, ==, 1);
    in_mode(&h, PRV_U, false);
    riscv_trigger_insn(h.env, 0x13, 4);
    g_assert_cmphex(h.env->tdata1[0], ==, TYPE(3) | ICOUNT_PENDING | IN_U << 3);
    h.env->tcg.icount++;
    g_assert_cmpint(RAISED(&h, riscv_trigger_insn(h.env, 0x13, 4)), ==, EXC_BREAKPOINT);
    g_assert_cmphex(h.env->exc_tval, ==, 0);
    g_assert_cmphex(h.env->tdata1[0], ==, TYPE(3) | ICOUNT_HIT | IN_U << 3);
    hart_done(&h);
}

/* A breakpoint comes before the fault of its own fetch; a trigger on an interrupt before its handler. */
static void test_traps(void)
{
    Hart h;

    hart_init(&h, "rv64");
    set(&h, 0, TYPE(2) | MC_EXECUTE | IN_U, 0x4000);
    csr_put(&h, 0x305, 0x80000100);
    in_mode(&h, PRV_U, false);
    h.env->tcg.pc = 0x4000;
    h.env->exc_cause = EXC_INST_PAGE_FAULT;
    h.env->exc_tval = 0x4000;
    riscv_deliver_exception(h.env);
    g_assert_cmpint(csr_read(&h, 0x342), ==, EXC_BREAKPOINT);
    g_assert_cmphex(csr_read(&h, 0x343), ==, 0x4000);

    set(&h, 0, TYPE(4) | IN_U << 3, 1 << IRQ_S_SOFT);
    csr_put(&h, 0x303, MIP_SSIP);
    csr_put(&h, 0x304, MIP_SSIP);
    csr_put(&h, 0x105, 0x80000200);
    in_mode(&h, PRV_U, false);
    h.env->tcg.pc = 0x5000;
    riscv_mip_change(h.env, MIP_SSIP, 0);
    g_assert_true(riscv_take_interrupt(h.env));
    g_assert_cmphex(h.env->tcg.pc, ==, 0x80000100);
    g_assert_cmphex(csr_read(&h, 0x341), ==, 0x80000200);
    g_assert_cmphex(csr_read(&h, 0x343), ==, 0);
    g_assert_cmphex(csr_read(&h, 0x141), ==, 0x5000);
    g_assert_cmphex(csr_read(&h, 0x142), ==, CAUSE_INTERRUPT | IRQ_S_SOFT);
    /* tcontrol's stack is one deep. */
    g_assert_cmphex(csr_read(&h, TCONTROL), ==, TCONTROL_MPTE);
    riscv_mret(h.env, &h.op);
    g_assert_cmphex(h.env->tcontrol, ==, TCONTROL_MPTE | TCONTROL_MTE);
    hart_done(&h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trigger/mode", test_mode);
    g_test_add_func("/trigger/pages", test_pages);
    g_test_add_func("/trigger/guest", test_guest);
    g_test_add_func("/trigger/count", test_count);
    g_test_add_func("/trigger/traps", test_traps);
    return g_test_run();
}
