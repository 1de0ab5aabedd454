/*
 * The register machine of a 16550A: no lock, no I/O. The shell around it moves bytes between the
 * FIFOs and a character device, keeps the receive timeout and drives the interrupt line.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CHAR_SERIAL_CORE_H
#define VIREO_HW_CHAR_SERIAL_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_FIFO_SIZE 16
#define SERIAL_CLOCK_HZ 3686400 /* input clock; one sixteenth of it over the divisor is the rate */

enum {
    UART_RBR = 0, UART_THR = 0, UART_DLL = 0,
    UART_IER = 1, UART_DLM = 1,
    UART_IIR = 2, UART_FCR = 2,
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCR = 7,
    UART_NR_REGS = 8,
};

enum {
    IER_RDI = 0x01, IER_THRI = 0x02, IER_RLSI = 0x04, IER_MSI = 0x08,

    IIR_NONE = 0x01, IIR_MSI = 0x00, IIR_THRI = 0x02, IIR_RDI = 0x04, IIR_RLSI = 0x06,
    IIR_TIMEOUT = 0x0c, IIR_FIFO = 0xc0,

    FCR_ENABLE = 0x01, FCR_CLEAR_RX = 0x02, FCR_CLEAR_TX = 0x04,

    LCR_STOP2 = 0x04, LCR_PARITY = 0x08, LCR_BREAK = 0x40, LCR_DLAB = 0x80,

    MCR_DTR = 0x01, MCR_RTS = 0x02, MCR_OUT1 = 0x04, MCR_OUT2 = 0x08, MCR_LOOP = 0x10,

    LSR_DR = 0x01, LSR_OE = 0x02, LSR_BI = 0x10, LSR_THRE = 0x20, LSR_TEMT = 0x40,
    LSR_FIFO_ERR = 0x80,

    MSR_DCTS = 0x01, MSR_DDSR = 0x02, MSR_TERI = 0x04, MSR_DDCD = 0x08,
    MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80,
};

typedef struct SerialCore {
    uint8_t ier, fcr, lcr, mcr, msr, scr;
    uint16_t divisor;
    uint8_t overrun;     /* LSR.OE, until LSR is read */
    bool thre_pending;   /* the transmitter-empty interrupt has not been acknowledged */
    bool rx_timeout;     /* the receive timeout has struck and no character was read since */
    /* Receive FIFO: a ring of characters, each with its break flag. */
    uint8_t rx[SERIAL_FIFO_SIZE];
    uint8_t rx_break[SERIAL_FIFO_SIZE];
    uint8_t rx_head, rx_len;
    /* Transmit FIFO: characters that the character device has not taken yet, oldest first. */
    uint8_t tx[SERIAL_FIFO_SIZE];
    uint8_t tx_len;
} SerialCore;

/* Power-on state; modem lines say that a peer is there and ready. */
void serial_core_reset(SerialCore *s);

/* Register access, reg 0..7. */
uint8_t serial_core_read(SerialCore *s, unsigned reg);
void serial_core_write(SerialCore *s, unsigned reg, uint8_t value);

/* Characters from outside that there is room for; 0 in loopback, where the input is cut off. */
size_t serial_core_rx_room(const SerialCore *s);
/* Takes the oldest characters that wait, as reads of RBR would. */
size_t serial_core_take(SerialCore *s, uint8_t *buf, size_t len);
/* Characters that came in; those beyond rx_room() are lost, as an overrun says. */
void serial_core_receive(SerialCore *s, const uint8_t *buf, size_t len);
/* A break came in. */
void serial_core_receive_break(SerialCore *s);

/* What waits to go out, oldest first; and how many of those have gone. */
const uint8_t *serial_core_tx(const SerialCore *s, size_t *len);
void serial_core_tx_done(SerialCore *s, size_t len);

/* Whether the receive timeout should run (characters wait below the trigger level), how long it
 * is (four character times, in ns), and that it has passed. */
bool serial_core_wants_timeout(const SerialCore *s);
uint64_t serial_core_timeout_ns(const SerialCore *s);
void serial_core_timeout(SerialCore *s);

/* The level of the interrupt line. */
bool serial_core_irq(const SerialCore *s);

/* Whether a state that came from outside (a saved one) can be run. */
bool serial_core_valid(const SerialCore *s);

#endif
