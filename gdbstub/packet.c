/*
 * Packets of the remote protocol.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gdbstub/packet.h"

#include <string.h>

#define ESCAPE '}'
#define ESCAPE_XOR 0x20

int gdb_hex_digit(char c)
{
    return g_ascii_xdigit_value(c);
}

void gdb_hex_append(GString *out, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        uint8_t b = ((const uint8_t *)bytes)[i];
        g_string_append_c(out, digits[b >> 4]);
        g_string_append_c(out, digits[b & 15]);
    }
}

bool gdb_hex_bytes(const char *hex, void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = gdb_hex_digit(hex[2 * i]);
        int low = high < 0 ? -1 : gdb_hex_digit(hex[2 * i + 1]);
        if (low < 0) {
            return false;
        }
        ((uint8_t *)bytes)[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool gdb_hex_number(const char **p, uint64_t *value)
{
    unsigned n = 0;
    int digit;

    *value = 0;
    while ((digit = gdb_hex_digit((*p)[n])) >= 0) {
        if (++n > 16) {
            return false;
        }
        *value = *value << 4 | (unsigned)digit;
    }
    *p += n;
    return n > 0;
}

static void add(GDBReader *r, uint8_t byte)
{
    if (r->len < GDB_PACKET_MAX) {
        r->data[r->len++] = (char)byte;
    } else {
        r->too_long = true;
    }
}

static void start(GDBReader *r)
{
    r->state = GDB_DATA;
    r->len = 0;
    r->sum = 0;
    r->bad = r->too_long = false;
}

/* The count of a run is a printable character: how many more of the last byte, plus 29. */
static void repeat(GDBReader *r, uint8_t count)
{
    if (count < 32 || count > 126 || !r->len) {
        r->bad = true;
        return;
    }
    for (unsigned i = 0; i < count - 29u; i++) {
        add(r, (uint8_t)r->data[r->len - 1]);
    }
}

static GDBInput finish(GDBReader *r)
{
    r->state = GDB_IDLE;
    r->data[r->len] = 0;
    if (r->bad || (!r->no_sum && r->said != r->sum)) {
        return GDB_INPUT_BAD;
    }
    return r->too_long ? GDB_INPUT_TOO_LONG : GDB_INPUT_PACKET;
}

static GDBInput idle_byte(GDBReader *r, uint8_t byte)
{
    switch (byte) {
    case '$':
        start(r);
        return GDB_INPUT_MORE;
    case '+':
        return GDB_INPUT_ACK;
    case '-':
        return GDB_INPUT_NACK;
    case 3:
        return GDB_INPUT_INTERRUPT;
    default:
        return GDB_INPUT_MORE; /* noise on the line */
    }
}

static void data_byte(GDBReader *r, uint8_t byte)
{
    switch (byte) {
    case '#':
        r->state = GDB_SUM1;
        return;
    case '$': /* what came so far was cut off */
        start(r);
        return;
    case ESCAPE:
        r->state = GDB_ESCAPE;
        break;
    case '*':
        r->state = GDB_REPEAT;
        break;
    default:
        add(r, byte);
        break;
    }
    r->sum += byte;
}

GDBInput gdb_reader_byte(GDBReader *r, uint8_t byte)
{
    switch (r->state) {
    case GDB_IDLE:
        return idle_byte(r, byte);
    case GDB_DATA:
        data_byte(r, byte);
        return GDB_INPUT_MORE;
    case GDB_ESCAPE:
    case GDB_REPEAT:
        if (byte == '#') {
            r->bad = true;
            r->state = GDB_SUM1;
            return GDB_INPUT_MORE;
        }
        r->sum += byte;
        if (r->state == GDB_ESCAPE) {
            add(r, byte ^ ESCAPE_XOR);
        } else {
            repeat(r, byte);
        }
        r->state = GDB_DATA;
        return GDB_INPUT_MORE;
    case GDB_SUM1:
        r->bad |= gdb_hex_digit((char)byte) < 0;
        r->said = (uint8_t)((unsigned)gdb_hex_digit((char)byte) << 4);
        r->state = GDB_SUM2;
        return GDB_INPUT_MORE;
    case GDB_SUM2:
        r->bad |= gdb_hex_digit((char)byte) < 0;
        r->said |= (uint8_t)gdb_hex_digit((char)byte);
        return finish(r);
    }
    return GDB_INPUT_MORE;
}

void gdb_frame(GString *out, const char *data, size_t len)
{
    uint8_t sum = 0;

    g_string_append_c(out, '$');
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)data[i];
        if (memchr("#$}*", byte, 4)) {
            g_string_append_c(out, ESCAPE);
            sum += ESCAPE;
            byte ^= ESCAPE_XOR;
        }
        g_string_append_c(out, (char)byte);
        sum += byte;
    }
    g_string_append_printf(out, "#%02x", sum);
}
