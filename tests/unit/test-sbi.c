/*
 * The SBI calls that KVM hands to user space: console, memory that a guest names, suspend, probing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "riscv-fixture.h"

#include "target/riscv/sbi/sbi.h"

/* A console with room for some bytes, and some that were typed. */
typedef struct Console {
    GString *out;
    size_t room;
    const char *in;
} Console;

static size_t con_write(void *opaque, const uint8_t *buf, size_t len)
{
    Console *c = opaque;
    size_t n = MIN(len, c->room);

    g_string_append_len(c->out, (const char *)buf, (gssize)n);
    c->room -= n;
    return n;
}

static size_t con_read(void *opaque, uint8_t *buf, size_t len)
{
    Console *c = opaque;
    size_t n = MIN(len, strlen(c->in));

    memcpy(buf, c->in, n);
    c->in += n;
    return n;
}

static SBICall call(Hart *h, uint64_t ext, uint64_t fn, uint64_t a0, uint64_t a1, uint64_t a2)
{
    SBICall c = { .ext = ext, .fn = fn, .args = { a0, a1, a2 } };

    g_assert_cmpint(riscv_sbi_user_call(h->cpu, &c), ==, SBI_RETURN);
    return c;
}

static void expect(Hart *h, int64_t error, uint64_t value, uint64_t ext, uint64_t fn, uint64_t a0,
                   uint64_t a1, uint64_t a2)
{
    SBICall c = call(h, ext, fn, a0, a1, a2);

    g_assert_cmpint(c.error, ==, error);
    if (!error)
        g_assert_cmphex(c.value, ==, value);
}

static void test_console(void)
{
    Console con = { .out = g_string_new(NULL), .room = 4, .in = "xyz" };
    const FirmwareConsole fc = { con_write, con_read, &con };
    SBICall c;
    Hart h;

    hart_init(&h, "rv64");
    ram_put(&h, RAM_BASE, 0x6867666564636261); /* abcdefgh */
    /* Nobody there: what is written is gone, and nothing is typed. */
    expect(&h, SBI_SUCCESS, 8, SBI_DBCN, 0, 8, RAM_BASE, 0);
    expect(&h, SBI_SUCCESS, 0, SBI_DBCN, 1, 8, RAM_BASE, 0);
    h.cpu->console = &fc;
    /* What fits. */
    expect(&h, SBI_SUCCESS, 4, SBI_DBCN, 0, 8, RAM_BASE, 0);
    g_assert_cmpstr(con.out->str, ==, "abcd");
    expect(&h, SBI_SUCCESS, 0, SBI_DBCN, 0, 8, RAM_BASE, 0);
    /* A byte that finds no room is an error, and the next one does not wait for it. */
    expect(&h, SBI_ERR_FAILED, 0, SBI_DBCN, 2, 'A', 0, 0);
    g_assert_true(h.cpu->sbi.console_stuck);
    expect(&h, SBI_ERR_FAILED, 0, SBI_DBCN, 2, 'A', 0, 0);
    con.room = 2;
    expect(&h, SBI_SUCCESS, 0, SBI_DBCN, 2, 'B', 0, 0);
    g_assert_false(h.cpu->sbi.console_stuck);
    /* Legacy calls leave a1 alone. */
    c = call(&h, SBI_LEGACY_PUTCHAR, 0, 'C', 77, 0);
    g_assert_cmpint(c.error, ==, 0);
    g_assert_cmphex(c.value, ==, 77);
    g_assert_cmpstr(con.out->str, ==, "abcdBC");
    c = call(&h, SBI_LEGACY_GETCHAR, 0, 0, 78, 0);
    g_assert_cmpint(c.error, ==, 'x');
    g_assert_cmphex(c.value, ==, 78);
    expect(&h, SBI_SUCCESS, 2, SBI_DBCN, 1, 100, RAM_BASE + 8, 0);
    g_assert_cmphex(ram_get(&h, RAM_BASE + 8) & 0xffff, ==, 0x7a79);
    g_assert_cmpint(call(&h, SBI_LEGACY_GETCHAR, 0, 0, 0, 0).error, ==, -1);
    hart_done(&h);
    g_string_free(con.out, TRUE);
}

/* What the built-in firmware has done before S begins. */
static void test_machine(void)
{
    uint64_t v;
    Hart h;

    hart_init(&h, "max,smrnmi=on,smdbltrp=on");
    h.cpu->smode = h.cpu->sbi_builtin = true;
    device_reset(DEVICE(h.cpu));
    g_assert_cmpint(h.env->priv, ==, PRV_S);
    g_assert_true(csr_op(&h, 0x015, CSR_WRITE, 0, true, true, &v, NULL)); /* seed */
    g_assert_true(h.env->mnstatus & MNSTATUS_NMIE);
    g_assert_false(h.env->mstatus & MSTATUS_MDT);
    hart_done(&h);
}

static void test_memory(void)
{
    Hart h;

    hart_init(&h, "rv64");
    for (uint64_t fn = 0; fn < 2; fn++) {
        expect(&h, SBI_ERR_INVALID_PARAM, 0, SBI_DBCN, fn, 8, RAM_BASE, 1);
        expect(&h, SBI_ERR_INVALID_PARAM, 0, SBI_DBCN, fn, 8, RAM_BASE - 4, 0);
        expect(&h, SBI_ERR_INVALID_PARAM, 0, SBI_DBCN, fn, 8, RAM_BASE + RAM_SIZE - 4, 0);
        expect(&h, SBI_ERR_INVALID_PARAM, 0, SBI_DBCN, fn, UINT64_MAX, RAM_BASE, 0);
        expect(&h, SBI_ERR_INVALID_PARAM, 0, SBI_DBCN, fn, 8, UINT64_MAX - 3, 0);
        expect(&h, SBI_ERR_INVALID_PARAM, 0, SBI_DBCN, fn, UINT64_MAX - RAM_BASE + 2, RAM_BASE, 0);
        expect(&h, SBI_SUCCESS, 0, SBI_DBCN, fn, 0, 0, 0);
    }
    expect(&h, SBI_ERR_NOT_SUPPORTED, 0, SBI_DBCN, 3, 0, 0, 0);
    hart_done(&h);
}

static void test_probe(void)
{
    Hart h;

    hart_init(&h, "rv64");
    expect(&h, SBI_SUCCESS, 1, SBI_BASE, 3, SBI_DBCN, 0, 0);
    expect(&h, SBI_SUCCESS, 1, SBI_BASE, 3, SBI_SUSP, 0, 0);
    expect(&h, SBI_SUCCESS, 0, SBI_BASE, 3, SBI_MPXY, 0, 0);
    expect(&h, SBI_SUCCESS, 0, SBI_BASE, 3, SBI_VENDOR, 0, 0);
    expect(&h, SBI_SUCCESS, 0, SBI_BASE, 3, SBI_EXPERIMENTAL_LAST, 0, 0);
    expect(&h, SBI_ERR_NOT_SUPPORTED, 0, SBI_VENDOR + 5, 0, 0, 0, 0);
    expect(&h, SBI_ERR_NOT_SUPPORTED, 0, SBI_MPXY, 0, 0, 0, 0);
    expect(&h, SBI_ERR_NOT_SUPPORTED, 0, SBI_BASE, 9, 0, 0, 0);
    expect(&h, SBI_ERR_NOT_SUPPORTED, 0, SBI_SUSP, 1, 0, 0, 0);
    hart_done(&h);
}

static unsigned sleeps, wakes;

static void asleep(void)
{
    sleeps++;
}

static void awake(void)
{
    wakes++;
}

static const MachineRunOps ops = { .request_suspend = asleep, .request_wakeup = awake };

static void test_suspend(void)
{
    SBICall c = { .ext = SBI_SUSP };
    Hart h;

    hart_init(&h, "rv64");
    machine_set_run_ops(&ops);
    g_assert_cmpint(riscv_sbi_user_call(h.cpu, &c), ==, SBI_LEAVE);
    g_assert_cmpint(c.error, ==, SBI_SUCCESS);
    g_assert_cmpuint(sleeps, ==, 1);
    g_assert_cmpuint(wakes, ==, 0);
    /* A line that rises wakes the machine, one that falls does not. */
    DEVICE_GET_CLASS(h.cpu)->irq_in(h.cpu, IRQ_S_EXT, false);
    g_assert_cmpuint(wakes, ==, 0);
    DEVICE_GET_CLASS(h.cpu)->irq_in(h.cpu, IRQ_S_EXT, true);
    g_assert_cmpuint(wakes, ==, 1);
    /* While it is high there is no sleep. */
    g_assert_cmpint(riscv_sbi_user_call(h.cpu, &c), ==, SBI_RETURN);
    g_assert_cmpuint(sleeps, ==, 1);
    machine_set_run_ops(NULL);
    hart_done(&h);
}

static void test_names(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    riscv_sbi_append_name(SBI_DBCN, 0, out);
    g_string_append_c(out, ' ');
    riscv_sbi_append_name(SBI_LEGACY_PUTCHAR, 99, out);
    g_string_append_c(out, ' ');
    riscv_sbi_append_name(SBI_HSM, 1000, out);
    g_string_append_c(out, ' ');
    riscv_sbi_append_name(0x9000001, 2, out);
    g_assert_cmpstr(out->str, ==, "DBCN.write legacy.putchar HSM.1000 0x9000001.2");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sbi/console", test_console);
    g_test_add_func("/sbi/memory", test_memory);
    g_test_add_func("/sbi/machine", test_machine);
    g_test_add_func("/sbi/probe", test_probe);
    g_test_add_func("/sbi/suspend", test_suspend);
    g_test_add_func("/sbi/names", test_names);
    return g_test_run();
}
