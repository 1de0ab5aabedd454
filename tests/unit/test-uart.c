/*
 * The 16550A's register machine, driven without a CPU or a character device.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>

#include "hw/char/serial-core.h"

static SerialCore u;

static uint8_t rd(unsigned reg)
{
    return serial_core_read(&u, reg);
}

static void wr(unsigned reg, uint8_t v)
{
    serial_core_write(&u, reg, v);
}

static void fresh(void)
{
    memset(&u, 0xff, sizeof(u));
    serial_core_reset(&u);
}

static void receive(const char *text)
{
    serial_core_receive(&u, (const uint8_t *)text, strlen(text));
}

static void test_reset(void)
{
    fresh();
    g_assert_cmphex(rd(UART_IER), ==, 0);
    g_assert_cmphex(rd(UART_IIR), ==, IIR_NONE);
    g_assert_cmphex(rd(UART_LCR), ==, 0);
    g_assert_cmphex(rd(UART_LSR), ==, LSR_THRE | LSR_TEMT);
    g_assert_cmphex(rd(UART_MSR), ==, MSR_CTS | MSR_DSR | MSR_DCD);
    g_assert_false(serial_core_irq(&u));
    g_assert_true(serial_core_valid(&u));
}

static void test_divisor_latch(void)
{
    fresh();
    wr(UART_IER, 0x05);
    wr(UART_LCR, LCR_DLAB | 3);
    wr(UART_DLL, 0x34);
    wr(UART_DLM, 0x12);
    g_assert_cmphex(u.divisor, ==, 0x1234);
    g_assert_cmphex(rd(UART_DLL), ==, 0x34);
    g_assert_cmphex(rd(UART_DLM), ==, 0x12);
    wr(UART_LCR, 3);
    g_assert_cmphex(rd(UART_IER), ==, 0x05); /* untouched behind the latch */
    g_assert_cmpuint(u.tx_len, ==, 0);
}

static void test_transmit(void)
{
    size_t len;

    fresh();
    wr(UART_THR, 'a');
    g_assert_cmphex(rd(UART_LSR) & (LSR_THRE | LSR_TEMT), ==, 0);
    g_assert_cmpint(serial_core_tx(&u, &len)[0], ==, 'a');
    g_assert_cmpuint(len, ==, 1);
    /* Nobody takes it: the register stays busy, and a second write replaces the character. */
    wr(UART_THR, 'b');
    g_assert_cmpint(serial_core_tx(&u, &len)[0], ==, 'b');
    g_assert_cmpuint(len, ==, 1);
    serial_core_tx_done(&u, 1);
    g_assert_cmphex(rd(UART_LSR) & LSR_THRE, ==, LSR_THRE);
}

static void test_transmit_fifo(void)
{
    size_t len;

    fresh();
    wr(UART_FCR, FCR_ENABLE);
    wr(UART_IER, IER_THRI);
    g_assert_cmphex(rd(UART_IIR), ==, IIR_FIFO | IIR_THRI);
    for (int i = 0; i < 20; i++) {
        wr(UART_THR, (uint8_t)('a' + i));
    }
    g_assert_cmpint(serial_core_tx(&u, &len)[15], ==, 'a' + 15);
    g_assert_cmpuint(len, ==, SERIAL_FIFO_SIZE); /* what did not fit is lost */
    g_assert_false(serial_core_irq(&u));

    serial_core_tx_done(&u, 10); /* part of it: still not empty */
    g_assert_cmphex(rd(UART_LSR) & LSR_THRE, ==, 0);
    g_assert_false(serial_core_irq(&u));
    g_assert_cmpint(serial_core_tx(&u, &len)[0], ==, 'k');
    serial_core_tx_done(&u, 6);
    g_assert_true(serial_core_irq(&u));
    serial_core_tx_done(&u, 6); /* nothing left: nothing happens */

    wr(UART_THR, 'x');
    wr(UART_FCR, FCR_ENABLE | FCR_CLEAR_TX);
    serial_core_tx(&u, &len);
    g_assert_cmpuint(len, ==, 0);
}

static void test_thre_interrupt(void)
{
    fresh();
    g_assert_false(serial_core_irq(&u));
    wr(UART_IER, IER_THRI); /* enabling it while empty makes it due */
    g_assert_true(serial_core_irq(&u));
    g_assert_cmphex(rd(UART_IIR), ==, IIR_THRI);
    g_assert_false(serial_core_irq(&u)); /* reading it acknowledged it */
    g_assert_cmphex(rd(UART_IIR), ==, IIR_NONE);
    wr(UART_IER, 0);
    wr(UART_IER, IER_THRI);
    g_assert_true(serial_core_irq(&u));
    wr(UART_THR, 'x'); /* so does writing the register */
    g_assert_false(serial_core_irq(&u));
    serial_core_tx_done(&u, 1);
    g_assert_true(serial_core_irq(&u));
}

static void test_receive_single(void)
{
    fresh();
    wr(UART_IER, IER_RDI);
    g_assert_cmpuint(serial_core_rx_room(&u), ==, 1);
    receive("A");
    g_assert_cmpuint(serial_core_rx_room(&u), ==, 0);
    g_assert_cmphex(rd(UART_IIR), ==, IIR_RDI);
    g_assert_cmphex(rd(UART_LSR) & LSR_DR, ==, LSR_DR);
    receive("B"); /* overrun: the new character takes the place of the old */
    wr(UART_IER, IER_RLSI | IER_RDI);
    g_assert_cmphex(rd(UART_IIR), ==, IIR_RLSI);
    g_assert_cmphex(rd(UART_LSR) & LSR_OE, ==, LSR_OE);
    g_assert_cmphex(rd(UART_LSR) & LSR_OE, ==, 0); /* reading cleared it */
    g_assert_cmphex(rd(UART_IIR), ==, IIR_RDI);
    g_assert_cmpint(rd(UART_RBR), ==, 'B');
    g_assert_cmphex(rd(UART_LSR) & LSR_DR, ==, 0);
    g_assert_cmpint(rd(UART_RBR), ==, 0);
    g_assert_false(serial_core_irq(&u));
}

static void test_receive_fifo_trigger(void)
{
    static const unsigned level[4] = { 1, 4, 8, 14 };

    for (unsigned t = 0; t < 4; t++) {
        fresh();
        wr(UART_FCR, (uint8_t)(FCR_ENABLE | t << 6));
        wr(UART_IER, IER_RDI);
        for (unsigned i = 1; i <= SERIAL_FIFO_SIZE; i++) {
            g_assert_cmpuint(serial_core_rx_room(&u), ==, SERIAL_FIFO_SIZE - i + 1);
            receive("z");
            g_assert_cmpint(serial_core_irq(&u), ==, i >= level[t]);
        }
        receive("!"); /* overrun keeps the old ones */
        for (unsigned i = SERIAL_FIFO_SIZE; i > 0; i--) {
            g_assert_cmpint(rd(UART_RBR), ==, 'z');
        }
        g_assert_cmphex(rd(UART_LSR) & (LSR_DR | LSR_OE), ==, LSR_OE);
    }
}

static void test_receive_timeout(void)
{
    fresh();
    wr(UART_FCR, FCR_ENABLE | 0x80);
    wr(UART_IER, IER_RDI);
    g_assert_false(serial_core_wants_timeout(&u));
    receive("ab");
    g_assert_true(serial_core_wants_timeout(&u));
    g_assert_false(serial_core_irq(&u));
    serial_core_timeout(&u);
    g_assert_cmphex(rd(UART_IIR), ==, IIR_FIFO | IIR_TIMEOUT);
    g_assert_false(serial_core_wants_timeout(&u));
    g_assert_cmpint(rd(UART_RBR), ==, 'a');
    g_assert_false(serial_core_irq(&u)); /* a read starts the wait again */
    g_assert_true(serial_core_wants_timeout(&u));
    g_assert_cmpint(rd(UART_RBR), ==, 'b');
    g_assert_false(serial_core_wants_timeout(&u));

    /* 8n1 at 115200 baud: four times ten bits. Divisor 0 must not divide. */
    wr(UART_LCR, LCR_DLAB | 3);
    wr(UART_DLL, 2);
    g_assert_cmpuint(serial_core_timeout_ns(&u), ==, 40 * 32 * 1000000000ull / SERIAL_CLOCK_HZ);
    wr(UART_DLL, 0);
    g_assert_cmpuint(serial_core_timeout_ns(&u), >, 0);
}

static void test_break(void)
{
    fresh();
    wr(UART_FCR, FCR_ENABLE);
    wr(UART_IER, IER_RLSI);
    receive("x");
    serial_core_receive_break(&u);
    /* The break is behind a good character: flagged for the FIFO, not yet for the reader. */
    g_assert_cmphex(rd(UART_LSR) & (LSR_BI | LSR_FIFO_ERR), ==, LSR_FIFO_ERR);
    g_assert_false(serial_core_irq(&u));
    g_assert_cmpint(rd(UART_RBR), ==, 'x');
    g_assert_cmphex(rd(UART_IIR), ==, IIR_FIFO | IIR_RLSI);
    g_assert_cmphex(rd(UART_LSR) & LSR_BI, ==, LSR_BI);
    g_assert_cmphex(rd(UART_LSR) & (LSR_BI | LSR_FIFO_ERR), ==, 0);
    g_assert_cmpint(rd(UART_RBR), ==, 0);
    g_assert_cmphex(rd(UART_LSR) & LSR_DR, ==, 0);
}

static void test_loopback(void)
{
    size_t len;

    fresh();
    wr(UART_FCR, FCR_ENABLE);
    wr(UART_MCR, MCR_LOOP | MCR_RTS | MCR_OUT2);
    g_assert_cmphex(rd(UART_MSR) & 0xf0, ==, MSR_CTS | MSR_DCD); /* Linux looks for this */
    wr(UART_THR, 'L');
    serial_core_tx(&u, &len);
    g_assert_cmpuint(len, ==, 0); /* nothing leaves */
    g_assert_cmphex(rd(UART_LSR), ==, LSR_DR | LSR_THRE | LSR_TEMT);
    g_assert_cmpint(rd(UART_RBR), ==, 'L');
    g_assert_cmpuint(serial_core_rx_room(&u), ==, 0); /* and nothing enters */
    receive("no");
    serial_core_receive_break(&u);
    g_assert_cmphex(rd(UART_LSR) & LSR_DR, ==, 0);
    wr(UART_LCR, LCR_BREAK);
    g_assert_cmphex(rd(UART_LSR) & LSR_BI, ==, LSR_BI);

    wr(UART_MCR, MCR_LOOP | MCR_OUT1);
    rd(UART_MSR);
    wr(UART_IER, IER_MSI);
    wr(UART_MCR, MCR_LOOP);
    g_assert_cmphex(rd(UART_IIR), ==, IIR_FIFO | IIR_MSI);
    g_assert_cmphex(rd(UART_MSR), ==, MSR_TERI); /* ring indicator's trailing edge */
    g_assert_cmphex(rd(UART_MSR), ==, 0);
    g_assert_false(serial_core_irq(&u));
    wr(UART_MCR, 0);
    g_assert_cmphex(rd(UART_MSR), ==, MSR_CTS | MSR_DSR | MSR_DCD | MSR_DCTS | MSR_DDSR | MSR_DDCD);
}

static void test_priorities(void)
{
    fresh();
    wr(UART_FCR, FCR_ENABLE);
    wr(UART_IER, 0x0f);
    wr(UART_MCR, MCR_LOOP);
    for (int i = 0; i < 17; i++) {
        wr(UART_THR, 'x');
    }
    g_assert_cmphex(rd(UART_IIR) & 0x0f, ==, IIR_RLSI);
    rd(UART_LSR);
    g_assert_cmphex(rd(UART_IIR) & 0x0f, ==, IIR_RDI);
    wr(UART_FCR, FCR_ENABLE | FCR_CLEAR_RX);
    g_assert_cmphex(rd(UART_IIR) & 0x0f, ==, IIR_THRI);
    g_assert_cmphex(rd(UART_IIR) & 0x0f, ==, IIR_MSI);
    rd(UART_MSR);
    g_assert_cmphex(rd(UART_IIR) & 0x0f, ==, IIR_NONE);
}

/* Any sequence of accesses keeps the state one that can be run, loaded and saved. */
static void test_random(void)
{
    GRand *r = g_rand_new_with_seed(1);
    size_t len;

    fresh();
    for (int i = 0; i < 200000; i++) {
        switch (g_rand_int_range(r, 0, 5)) {
        case 0:
            rd((unsigned)g_rand_int_range(r, 0, 8));
            break;
        case 1:
        case 2:
            wr((unsigned)g_rand_int_range(r, 0, 8), (uint8_t)g_rand_int(r));
            break;
        case 3:
            receive(&"abcdefghijklmnopqrstuvwxyz"[g_rand_int_range(r, 0, 26)]);
            break;
        default:
            serial_core_tx(&u, &len);
            serial_core_tx_done(&u, len ? (size_t)g_rand_int_range(r, 0, (int)len + 1) : 0);
            serial_core_timeout(&u);
            break;
        }
        g_assert_true(serial_core_valid(&u));
        g_assert_cmpint(serial_core_irq(&u), ==, (rd(UART_IIR) & IIR_NONE) == 0);
    }
    g_rand_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uart/reset", test_reset);
    g_test_add_func("/uart/divisor-latch", test_divisor_latch);
    g_test_add_func("/uart/transmit", test_transmit);
    g_test_add_func("/uart/transmit-fifo", test_transmit_fifo);
    g_test_add_func("/uart/thre-interrupt", test_thre_interrupt);
    g_test_add_func("/uart/receive-single", test_receive_single);
    g_test_add_func("/uart/receive-fifo-trigger", test_receive_fifo_trigger);
    g_test_add_func("/uart/receive-timeout", test_receive_timeout);
    g_test_add_func("/uart/break", test_break);
    g_test_add_func("/uart/loopback", test_loopback);
    g_test_add_func("/uart/priorities", test_priorities);
    g_test_add_func("/uart/random", test_random);
    return g_test_run();
}
