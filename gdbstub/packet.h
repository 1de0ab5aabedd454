/*
 * Packets of the remote protocol: framing, checksums, escapes, run lengths, hexadecimal.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_GDBSTUB_PACKET_H
#define VIREO_GDBSTUB_PACKET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX 0x4000 /* bytes of a packet, both ways; what qSupported says */

typedef enum GDBInput {
    GDB_INPUT_MORE,      /* nothing complete yet */
    GDB_INPUT_PACKET,    /* reader->data, len bytes and a NUL behind them */
    GDB_INPUT_TOO_LONG,  /* a good packet, but longer than GDB_PACKET_MAX */
    GDB_INPUT_BAD,       /* wrong checksum or form: ask for it again */
    GDB_INPUT_ACK,
    GDB_INPUT_NACK,
    GDB_INPUT_INTERRUPT, /* Ctrl-C between packets */
} GDBInput;

typedef struct GDBReader {
    enum { GDB_IDLE, GDB_DATA, GDB_ESCAPE, GDB_REPEAT, GDB_SUM1, GDB_SUM2 } state;
    uint8_t sum, said;
    bool bad, too_long;
    bool no_sum; /* checksums do not count (QStartNoAckMode) */
    size_t len;
    char data[GDB_PACKET_MAX + 1];
} GDBReader;

/* Takes one byte. */
GDBInput gdb_reader_byte(GDBReader *r, uint8_t byte);

/* Appends "$DATA#SUM", with what must be escaped. */
void gdb_frame(GString *out, const char *data, size_t len);

/* -1: not a hexadecimal digit. */
int gdb_hex_digit(char c);
void gdb_hex_append(GString *out, const void *bytes, size_t len);
/* Reads len bytes, two digits each; false (with nothing said about bytes) if there is something else. */
bool gdb_hex_bytes(const char *hex, void *bytes, size_t len);
/* Cuts a hexadecimal number of 1 to 16 digits off *p. */
bool gdb_hex_number(const char **p, uint64_t *value);

#endif
