/*
 * The telnet protocol as far as a character terminal needs it: RFC 854, 857 (echo), 858 (go ahead).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_CHARDEV_TELNET_H
#define VIREO_CHARDEV_TELNET_H

#include "chardev/chardev-int.h"

typedef struct TelnetState {
    enum { TELNET_DATA, TELNET_IAC, TELNET_OPTION, TELNET_SUB, TELNET_SUB_IAC } at;
    bool half; /* the first of two 0xff bytes was sent, the second is owed */
} TelnetState;

/* A peer has connected: asks it to send each key at once and not to echo. */
void telnet_start(TelnetState *t, int fd);
/* Takes commands out of the input; a BREAK goes to the front end. The bytes that stay. */
size_t telnet_input(TelnetState *t, Chardev *chr, uint8_t *buf, size_t len);
/* As send(2) without blocking, with 0xff doubled; counts the bytes of buf. */
ssize_t telnet_send(TelnetState *t, int fd, const uint8_t *buf, size_t len);

#endif
