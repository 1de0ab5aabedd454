/*
 * 16550A UART: the register machine.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/char/serial-core.h"

#include <string.h>

static bool fifo_on(const SerialCore *s)
{
    return s->fcr & FCR_ENABLE;
}

static unsigned fifo_size(const SerialCore *s)
{
    return fifo_on(s) ? SERIAL_FIFO_SIZE : 1;
}

/* Characters that must wait before the data interrupt rises. */
static unsigned rx_trigger(const SerialCore *s)
{
    static const uint8_t level[4] = { 1, 4, 8, 14 };
    return fifo_on(s) ? level[s->fcr >> 6] : 1;
}

static void rx_clear(SerialCore *s)
{
    s->rx_head = s->rx_len = 0;
    s->rx_timeout = false;
}

static void rx_push(SerialCore *s, uint8_t c, bool brk)
{
    unsigned size = fifo_size(s);

    if (s->rx_len >= size) {
        s->overrun = LSR_OE;
        if (fifo_on(s)) {
            return; /* the FIFO keeps the old characters */
        }
        s->rx_len = 0; /* without it the new one takes the place of the old */
    }
    unsigned at = (s->rx_head + s->rx_len) % SERIAL_FIFO_SIZE;
    s->rx[at] = c;
    s->rx_break[at] = brk;
    s->rx_len++;
    s->rx_timeout = false;
}

static uint8_t rx_pop(SerialCore *s)
{
    if (s->rx_len == 0) {
        return 0;
    }
    uint8_t c = s->rx[s->rx_head];
    s->rx_break[s->rx_head] = 0;
    s->rx_head = (s->rx_head + 1) % SERIAL_FIFO_SIZE;
    s->rx_len--;
    s->rx_timeout = false;
    return c;
}

static uint8_t lsr(const SerialCore *s)
{
    uint8_t v = s->overrun;

    if (s->rx_len > 0) {
        v |= LSR_DR;
        /* The error bits are those of the character that is read next. */
        if (s->rx_break[s->rx_head]) {
            v |= LSR_BI;
        }
    }
    if (s->tx_len == 0) {
        v |= LSR_THRE | LSR_TEMT;
    }
    for (unsigned i = 0; fifo_on(s) && i < s->rx_len; i++) {
        if (s->rx_break[(s->rx_head + i) % SERIAL_FIFO_SIZE]) {
            v |= LSR_FIFO_ERR;
        }
    }
    return v;
}

/* The interrupt with the highest priority, as IIR names it. */
static uint8_t iir(const SerialCore *s)
{
    if ((s->ier & IER_RLSI) && (lsr(s) & (LSR_OE | LSR_BI))) {
        return IIR_RLSI;
    }
    if ((s->ier & IER_RDI) && s->rx_len >= rx_trigger(s)) {
        return IIR_RDI;
    }
    if ((s->ier & IER_RDI) && s->rx_timeout) {
        return IIR_TIMEOUT;
    }
    if ((s->ier & IER_THRI) && s->thre_pending) {
        return IIR_THRI;
    }
    if ((s->ier & IER_MSI) && (s->msr & (MSR_DCTS | MSR_DDSR | MSR_TERI | MSR_DDCD))) {
        return IIR_MSI;
    }
    return IIR_NONE;
}

/* The modem inputs: our own outputs in loopback, else a peer that is always ready. */
static void update_msr(SerialCore *s)
{
    uint8_t lines = MSR_CTS | MSR_DSR | MSR_DCD;
    if (s->mcr & MCR_LOOP) {
        lines = (s->mcr & MCR_DTR ? MSR_DSR : 0) | (s->mcr & MCR_RTS ? MSR_CTS : 0) |
                (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
    }
    uint8_t change = s->msr ^ lines;
    s->msr = lines | (s->msr & 0x0f) | (change & MSR_CTS ? MSR_DCTS : 0) |
             (change & MSR_DSR ? MSR_DDSR : 0) | (change & MSR_DCD ? MSR_DDCD : 0) |
             (change & MSR_RI && !(lines & MSR_RI) ? MSR_TERI : 0);
}

void serial_core_reset(SerialCore *s)
{
    memset(s, 0, sizeof(*s));
    s->divisor = 12;
    s->mcr = MCR_OUT2;
    s->msr = MSR_CTS | MSR_DSR | MSR_DCD;
}

uint8_t serial_core_read(SerialCore *s, unsigned reg)
{
    bool dlab = s->lcr & LCR_DLAB;
    uint8_t v;

    switch (reg) {
    case UART_RBR:
        return dlab ? s->divisor & 0xff : rx_pop(s);
    case UART_IER:
        return dlab ? s->divisor >> 8 : s->ier;
    case UART_IIR:
        v = iir(s);
        if (v == IIR_THRI) {
            s->thre_pending = false; /* reading it as the source acknowledges it */
        }
        return v | (fifo_on(s) ? IIR_FIFO : 0);
    case UART_LCR:
        return s->lcr;
    case UART_MCR:
        return s->mcr;
    case UART_LSR:
        v = lsr(s);
        s->overrun = 0;
        if (s->rx_len > 0) {
            s->rx_break[s->rx_head] = 0;
        }
        return v;
    case UART_MSR:
        v = s->msr;
        s->msr &= 0xf0;
        return v;
    default:
        return s->scr;
    }
}

static void write_thr(SerialCore *s, uint8_t c)
{
    s->thre_pending = false;
    if (s->mcr & MCR_LOOP) {
        rx_push(s, c, false);
        s->thre_pending = true;
        return;
    }
    if (s->tx_len >= fifo_size(s)) {
        /* The guest did not wait for THRE: a full FIFO drops the character, the single holding
         * register is overwritten. */
        if (!fifo_on(s)) {
            s->tx[0] = c;
        }
        return;
    }
    s->tx[s->tx_len++] = c;
}

static void write_fcr(SerialCore *s, uint8_t v)
{
    bool toggled = (v ^ s->fcr) & FCR_ENABLE;

    if (toggled || (v & FCR_CLEAR_RX)) {
        rx_clear(s);
    }
    if ((toggled || (v & FCR_CLEAR_TX)) && s->tx_len > 0) {
        s->tx_len = 0;
        s->thre_pending = true;
    }
    /* The trigger level can only be set while the FIFO is on. */
    s->fcr = v & FCR_ENABLE ? v & (FCR_ENABLE | 0xc0) : 0;
}

void serial_core_write(SerialCore *s, unsigned reg, uint8_t v)
{
    bool dlab = s->lcr & LCR_DLAB;

    switch (reg) {
    case UART_THR:
        if (dlab) {
            s->divisor = (s->divisor & 0xff00) | v;
        } else {
            write_thr(s, v);
        }
        break;
    case UART_IER:
        if (dlab) {
            s->divisor = (s->divisor & 0xff) | v << 8;
            break;
        }
        /* Switched on while the transmitter is empty, the interrupt is due at once. */
        if ((v & ~s->ier & IER_THRI) && s->tx_len == 0) {
            s->thre_pending = true;
        }
        s->ier = v & 0x0f;
        break;
    case UART_FCR:
        write_fcr(s, v);
        break;
    case UART_LCR:
        if ((s->mcr & MCR_LOOP) && (v & ~s->lcr & LCR_BREAK)) {
            rx_push(s, 0, true);
        }
        s->lcr = v;
        break;
    case UART_MCR:
        s->mcr = v & 0x1f;
        update_msr(s);
        break;
    case UART_SCR:
        s->scr = v;
        break;
    default:
        break; /* LSR and MSR: factory test only */
    }
}

size_t serial_core_rx_room(const SerialCore *s)
{
    unsigned size = fifo_size(s);
    return (s->mcr & MCR_LOOP) || s->rx_len >= size ? 0 : size - s->rx_len;
}

size_t serial_core_take(SerialCore *s, uint8_t *buf, size_t len)
{
    size_t n = 0;

    while (n < len && s->rx_len > 0) {
        buf[n++] = rx_pop(s);
    }
    return n;
}

void serial_core_receive(SerialCore *s, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len && !(s->mcr & MCR_LOOP); i++) {
        rx_push(s, buf[i], false);
    }
}

void serial_core_receive_break(SerialCore *s)
{
    if (!(s->mcr & MCR_LOOP)) {
        rx_push(s, 0, true);
    }
}

const uint8_t *serial_core_tx(const SerialCore *s, size_t *len)
{
    *len = s->tx_len;
    return s->tx;
}

void serial_core_tx_done(SerialCore *s, size_t len)
{
    if (len == 0 || s->tx_len == 0) {
        return;
    }
    if (len > s->tx_len) {
        len = s->tx_len;
    }
    s->tx_len -= len;
    memmove(s->tx, s->tx + len, s->tx_len);
    if (s->tx_len == 0) {
        s->thre_pending = true;
    }
}

bool serial_core_wants_timeout(const SerialCore *s)
{
    return fifo_on(s) && (s->ier & IER_RDI) && s->rx_len > 0 && s->rx_len < rx_trigger(s) &&
           !s->rx_timeout;
}

uint64_t serial_core_timeout_ns(const SerialCore *s)
{
    /* Start bit, 5 to 8 data bits, parity, stop bits; 16 clocks times the divisor each. */
    uint64_t bits = 1 + 5 + (s->lcr & 3) + (s->lcr & LCR_PARITY ? 1 : 0) +
                    (s->lcr & LCR_STOP2 ? 2 : 1);
    uint64_t clocks = 16 * (s->divisor ? s->divisor : 1);
    return 4 * bits * clocks * 1000000000ull / SERIAL_CLOCK_HZ;
}

void serial_core_timeout(SerialCore *s)
{
    if (serial_core_wants_timeout(s)) {
        s->rx_timeout = true;
    }
}

bool serial_core_irq(const SerialCore *s)
{
    return iir(s) != IIR_NONE;
}

bool serial_core_valid(const SerialCore *s)
{
    return s->rx_head < SERIAL_FIFO_SIZE && s->rx_len <= fifo_size(s) &&
           s->tx_len <= fifo_size(s) && s->ier <= 0x0f && s->mcr <= 0x1f;
}
