/*
 * Non-maskable interrupts and unexpected traps, from outside the guest: lines, priority, the
 * critical-error state, what a reset leaves.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tests/unit/riscv-fixture.h"

#define RNMI "rv64,smrnmi=on,rnmi-interrupt-vector=0x81000000,rnmi-exception-vector=0x81000100"

enum { MNEPC = 0x741, MNCAUSE = 0x742, MNSTATUS = 0x744 };

static void set_line(Hart *h, int n, bool level)
{
    DEVICE_GET_CLASS(h->cpu)->irq_in(h->cpu, n, level);
}

static bool press(Hart *h, char **text)
{
    Error *err = NULL;
    bool ok = CPU_GET_CLASS(h->cpu)->nmi(CPU(h->cpu), &err);

    *text = ok ? NULL : g_strdup(error_get_pretty(err));
    error_free(err);
    return ok;
}

static void run_at(Hart *h, RISCVPriv priv, vaddr pc)
{
    hart_set_priv(h, priv);
    h->env->tcg.pc = pc;
}

static void test_taken(void)
{
    g_autofree char *text = NULL;
    Hart h;

    hart_init(&h, RNMI);
    g_assert_cmphex(csr_read(&h, MNSTATUS), ==, 0);
    g_assert_true(press(&h, &text));
    /* It waits for NMIE, but ends a wfi. */
    g_assert_true(riscv_has_work(CPU(h.cpu)));
    g_assert_cmpint(riscv_pending_interrupt(h.env), ==, -1);
    run_at(&h, PRV_M, 0x80000100);
    g_assert_false(riscv_take_interrupt(h.env));
    csr_put(&h, MNSTATUS, MNSTATUS_NMIE);
    g_assert_cmpint(riscv_pending_interrupt(h.env), ==, 0);
    run_at(&h, PRV_S, 0x80000100);
    g_assert_true(riscv_take_interrupt(h.env));
    g_assert_cmpint(h.env->priv, ==, PRV_M);
    g_assert_cmphex(h.env->tcg.pc, ==, 0x81000000);
    g_assert_cmphex(csr_read(&h, MNEPC), ==, 0x80000100);
    g_assert_cmphex(csr_read(&h, MNCAUSE), ==, CAUSE_INTERRUPT);
    g_assert_cmphex(csr_read(&h, MNSTATUS), ==, 1 << 11);
    /* Once. */
    g_assert_false(riscv_has_work(CPU(h.cpu)));
    riscv_mnret(h.env, &h.op);
    g_assert_cmphex(h.env->mnstatus, ==, 1 << 11 | MNSTATUS_NMIE);
    g_assert_cmpint(h.env->priv, ==, PRV_S);
    g_assert_cmphex(h.env->tcg.pc, ==, 0x80000100);
    g_assert_false(riscv_take_interrupt(h.env));
    hart_done(&h);
}

/* A line goes on until it falls; lower numbers and non-maskable ones first. */
static void test_lines(void)
{
    Hart h;

    hart_init(&h, RNMI);
    csr_put(&h, MNSTATUS, MNSTATUS_NMIE);
    csr_put(&h, 0x304, MIP_MSIP);
    h.env->mstatus |= MSTATUS_MIE;
    set_line(&h, IRQ_M_SOFT, true);
    set_line(&h, IRQ_NMI0 + 5, true);
    set_line(&h, IRQ_NMI0 + 2, true);
    set_line(&h, IRQ_NMI0 + IRQ_NMI_LINES, true); /* there is none */
    for (int round = 0; round < 2; round++) {
        run_at(&h, PRV_M, 0x80000200);
        g_assert_true(riscv_take_interrupt(h.env));
        g_assert_cmphex(csr_read(&h, MNCAUSE), ==, CAUSE_INTERRUPT | (round ? 5 : 2));
        /* Everything else waits. */
        g_assert_false(riscv_take_interrupt(h.env));
        set_line(&h, IRQ_NMI0 + (round ? 5 : 2), false);
        riscv_mnret(h.env, &h.op);
    }
    g_assert_true(riscv_take_interrupt(h.env));
    g_assert_cmphex(csr_read(&h, 0x342), ==, CAUSE_INTERRUPT | IRQ_M_SOFT);
    hart_done(&h);
}

static void raise_illegal(Hart *h)
{
    h->env->exc_cause = EXC_ILLEGAL_INST;
    h->env->exc_tval = 0x1234;
    riscv_deliver_exception(h->env);
}

static void expect_critical(Hart *h, vaddr pc)
{
    CPUState *cpu = CPU(h->cpu);
    uint64_t mepc = h->env->mepc, status = h->env->mstatus;

    raise_illegal(h);
    g_assert_true(cpu->critical_error && cpu->halted);
    g_assert_cmphex(h->env->tcg.pc, ==, pc);
    g_assert_cmphex(h->env->mepc, ==, mepc);
    g_assert_cmphex(h->env->mstatus, ==, status);
    set_line(h, IRQ_NMI0, true);
    g_assert_false(riscv_has_work(cpu));
    g_assert_false(riscv_take_interrupt(h->env));
    set_line(h, IRQ_NMI0, false);
    device_reset(DEVICE(h->cpu));
    g_assert_false(cpu->critical_error || cpu->halted);
}

static void test_critical(void)
{
    Hart h;

    /* Smdbltrp alone: MDT is set after reset. */
    hart_init(&h, "rv64,smdbltrp=on");
    g_assert_cmphex(csr_read(&h, 0x300) & MSTATUS_MDT, ==, MSTATUS_MDT);
    run_at(&h, PRV_M, 0x80000300);
    expect_critical(&h, 0x80000300);
    csr_put(&h, 0x300, 0);
    csr_put(&h, 0x305, 0x80000400);
    run_at(&h, PRV_M, 0x80000300);
    raise_illegal(&h);
    g_assert_cmphex(h.env->tcg.pc, ==, 0x80000400);
    g_assert_cmphex(csr_read(&h, 0x300) & MSTATUS_MDT, ==, MSTATUS_MDT);
    expect_critical(&h, 0x80000400);
    hart_done(&h);

    /* With Smrnmi its handler is asked first; a trap in that is the end. */
    hart_init(&h, RNMI ",smdbltrp=on");
    csr_put(&h, MNSTATUS, MNSTATUS_NMIE);
    run_at(&h, PRV_M, 0x80000300);
    raise_illegal(&h);
    g_assert_cmphex(h.env->tcg.pc, ==, 0x81000000);
    g_assert_cmphex(csr_read(&h, MNCAUSE), ==, EXC_ILLEGAL_INST);
    g_assert_cmphex(csr_read(&h, MNSTATUS), ==, 3 << 11);
    csr_put(&h, 0x300, 0); /* MDT is not what matters then */
    expect_critical(&h, 0x81000000);
    hart_done(&h);

    /* Smrnmi alone: exceptions of M go on, to another place. */
    hart_init(&h, RNMI);
    run_at(&h, PRV_M, 0x80000300);
    raise_illegal(&h);
    g_assert_cmphex(h.env->tcg.pc, ==, 0x81000100);
    g_assert_cmphex(csr_read(&h, 0x341), ==, 0x80000300);
    run_at(&h, PRV_S, 0x80000300);
    raise_illegal(&h);
    g_assert_cmphex(h.env->tcg.pc, ==, 0);
    hart_done(&h);
}

static void test_absent(void)
{
    g_autofree char *text = NULL;
    uint64_t v;
    Hart h;

    hart_init(&h, "rv64");
    g_assert_false(press(&h, &text));
    g_assert_cmpstr(text, ==,
                    "CPU 0 takes no non-maskable interrupts: extension 'smrnmi' is off");
    set_line(&h, IRQ_NMI0, true);
    g_assert_false(riscv_has_work(CPU(h.cpu)));
    g_assert_false(csr_get(&h, MNSTATUS, &v));
    hart_done(&h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rnmi/taken", test_taken);
    g_test_add_func("/rnmi/lines", test_lines);
    g_test_add_func("/rnmi/critical", test_critical);
    g_test_add_func("/rnmi/absent", test_absent);
    return g_test_run();
}
