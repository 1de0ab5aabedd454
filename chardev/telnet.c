/*
 * The telnet protocol as far as a character terminal needs it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chardev/telnet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, BREAK = 243, SE = 240 };
enum { OPT_BINARY = 0, OPT_ECHO = 1, OPT_SUPPRESS_GO_AHEAD = 3 };

void telnet_start(TelnetState *t, int fd)
{
    static const uint8_t hello[] = {
        IAC, WILL, OPT_ECHO,   IAC, WILL, OPT_SUPPRESS_GO_AHEAD,
        IAC, WILL, OPT_BINARY, IAC, DO,   OPT_BINARY,
    };

    memset(t, 0, sizeof(*t));
    /* Into an empty socket buffer; a peer that is gone already is noticed by the next read. */
    (void)!send(fd, hello, sizeof(hello), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The byte after IAC. True: it is data, a 0xff. */
static bool command(TelnetState *t, Chardev *chr, uint8_t c)
{
    t->at = TELNET_DATA;
    switch (c) {
    case IAC:
        return true;
    case WILL:
    case WONT:
    case DO:
    case DONT:
        t->at = TELNET_OPTION; /* answers to what telnet_start() asked; there is no more to agree */
        break;
    case SB:
        t->at = TELNET_SUB;
        break;
    case BREAK:
        chr_send_event(chr, CHR_EVENT_BREAK);
        break;
    default:
        break;
    }
    return false;
}

size_t telnet_input(TelnetState *t, Chardev *chr, uint8_t *buf, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t c = buf[i];

        switch (t->at) {
        case TELNET_DATA:
            if (c == IAC) {
                t->at = TELNET_IAC;
            } else {
                buf[n++] = c;
            }
            break;
        case TELNET_IAC:
            if (command(t, chr, c)) {
                buf[n++] = c;
            }
            break;
        case TELNET_OPTION:
            t->at = TELNET_DATA;
            break;
        case TELNET_SUB:
            t->at = c == IAC ? TELNET_SUB_IAC : TELNET_SUB;
            break;
        case TELNET_SUB_IAC:
            t->at = c == SE ? TELNET_DATA : TELNET_SUB;
            break;
        }
    }
    return n;
}

ssize_t telnet_send(TelnetState *t, int fd, const uint8_t *buf, size_t len)
{
    static const uint8_t pair[] = { IAC, IAC };
    const uint8_t *iac = memchr(buf, IAC, len);
    ssize_t n;

    if (iac != buf) {
        return send(fd, buf, iac ? (size_t)(iac - buf) : len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    n = send(fd, pair, t->half ? 1 : 2, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
        return n;
    }
    if (!t->half && n == 1) {
        t->half = true;
        errno = EAGAIN;
        return -1;
    }
    t->half = false;
    return 1;
}
