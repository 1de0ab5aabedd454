/*
 * The AML builder.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/acpi/aml.h"

#include <stdbool.h>
#include <string.h>

#include "util/bits.h"
#include "util/byteorder.h"

enum {
    OP_NAME = 0x08,
    OP_BYTE = 0x0a,
    OP_WORD = 0x0b,
    OP_DWORD = 0x0c,
    OP_STRING = 0x0d,
    OP_QWORD = 0x0e,
    OP_SCOPE = 0x10,
    OP_BUFFER = 0x11,
    OP_PACKAGE = 0x12,
    OP_METHOD = 0x14,
    OP_EXTENDED = 0x5b,
    OP_DEVICE = 0x82, /* after OP_EXTENDED */
    OP_IF = 0xa0,
};

typedef struct Opened {
    guint at;       /* where the length belongs */
    bool resources; /* an end tag and the buffer's size are missing too */
} Opened;

void aml_init(Aml *a)
{
    a->out = g_byte_array_new();
    a->open = g_array_new(false, false, sizeof(Opened));
}

void aml_clear(Aml *a)
{
    g_byte_array_unref(a->out);
    g_array_unref(a->open);
}

static void byte(Aml *a, uint8_t v)
{
    g_byte_array_append(a->out, &v, 1);
}

/* A number in its shortest form, into at most 9 bytes. */
static unsigned encode_int(uint8_t *to, uint64_t v)
{
    unsigned len = v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 4 : 8;
    static const uint8_t prefix[] = { [1] = OP_BYTE, [2] = OP_WORD, [4] = OP_DWORD,
                                      [8] = OP_QWORD };

    if (v <= 1) { /* ZeroOp, OneOp */
        to[0] = (uint8_t)v;
        return 1;
    }
    to[0] = prefix[len];
    v = htole64(v);
    memcpy(to + 1, &v, len);
    return len + 1;
}

static void insert(Aml *a, guint at, const uint8_t *bytes, unsigned len)
{
    g_byte_array_append(a->out, bytes, len);
    memmove(a->out->data + at + len, a->out->data + at, a->out->len - len - at);
    memcpy(a->out->data + at, bytes, len);
}

/* The length of what follows and of itself: the low 4 or 6 bits in the first byte, with the number of
 * bytes after it in the upper two bits. */
static unsigned encode_length(uint8_t *to, uint32_t contents)
{
    unsigned more = 1;
    uint32_t v;

    if (contents + 1 < 1 << 6) {
        to[0] = (uint8_t)(contents + 1);
        return 1;
    }
    while (more < 3 && contents + 1 + more >= 1u << (4 + 8 * more)) {
        more++;
    }
    v = contents + 1 + more;
    to[0] = (uint8_t)(more << 6 | (v & 0xf));
    for (unsigned i = 1; i <= more; i++) {
        to[i] = (uint8_t)(v >> (4 + 8 * (i - 1)));
    }
    return 1 + more;
}

static void open_here(Aml *a, bool resources)
{
    const Opened o = { a->out->len, resources };

    g_array_append_val(a->open, o);
}

/* One name; shorter than four characters it is filled up with underscores. */
static void segment(Aml *a, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < 4; i++) {
        byte(a, i < len ? (uint8_t)name[i] : '_');
    }
}

void aml_open_scope(Aml *a, const char *path)
{
    byte(a, OP_SCOPE);
    open_here(a, false);
    if (*path == '\\') {
        byte(a, '\\');
        path++;
    }
    segment(a, path);
}

void aml_open_device(Aml *a, const char *name)
{
    byte(a, OP_EXTENDED);
    byte(a, OP_DEVICE);
    open_here(a, false);
    segment(a, name);
}

void aml_open_package(Aml *a, uint8_t elements)
{
    byte(a, OP_PACKAGE);
    open_here(a, false);
    byte(a, elements);
}

void aml_open_method(Aml *a, const char *name, unsigned args)
{
    byte(a, OP_METHOD);
    open_here(a, false);
    segment(a, name);
    byte(a, (uint8_t)(1 << 3 | args)); /* serialized */
}

void aml_open_if(Aml *a)
{
    byte(a, OP_IF);
    open_here(a, false);
}

void aml_open_resources(Aml *a)
{
    byte(a, OP_BUFFER);
    open_here(a, true);
}

void aml_close(Aml *a)
{
    const Opened o = g_array_index(a->open, Opened, a->open->len - 1);
    uint8_t bytes[9];

    g_array_set_size(a->open, a->open->len - 1);
    if (o.resources) {
        byte(a, 0x79); /* end tag */
        byte(a, 0);    /* no checksum */
        insert(a, o.at, bytes, encode_int(bytes, a->out->len - o.at));
    }
    insert(a, o.at, bytes, encode_length(bytes, a->out->len - o.at));
}

void aml_name(Aml *a, const char *name)
{
    byte(a, OP_NAME);
    segment(a, name);
}

void aml_int(Aml *a, uint64_t v)
{
    uint8_t bytes[9];

    g_byte_array_append(a->out, bytes, encode_int(bytes, v));
}

void aml_str(Aml *a, const char *text)
{
    byte(a, OP_STRING);
    g_byte_array_append(a->out, (const uint8_t *)text, (guint)strlen(text) + 1);
}

void aml_buffer(Aml *a, const void *data, uint32_t len)
{
    byte(a, OP_BUFFER);
    open_here(a, false);
    aml_int(a, len);
    g_byte_array_append(a->out, data, len);
    aml_close(a);
}

void aml_uuid(Aml *a, const char *text)
{
    /* Where each byte of the text goes: the first three groups are little-endian numbers. */
    static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    uint8_t bytes[16] = { 0 };
    unsigned n = 0;

    for (const char *c = text; *c && n < 32; c++) {
        if (g_ascii_isxdigit(*c)) {
            uint8_t *b = &bytes[place[n / 2]];
            *b = (uint8_t)(*b << 4 | g_ascii_xdigit_value(*c));
            n++;
        }
    }
    aml_buffer(a, bytes, sizeof(bytes));
}

void aml_ref(Aml *a, const char *name)
{
    segment(a, name);
}

void aml_op(Aml *a, unsigned op)
{
    byte(a, (uint8_t)op);
}

void aml_name_int(Aml *a, const char *name, uint64_t v)
{
    aml_name(a, name);
    aml_int(a, v);
}

void aml_name_str(Aml *a, const char *name, const char *text)
{
    aml_name(a, name);
    aml_str(a, text);
}

void aml_memory32(Aml *a, uint32_t base, uint32_t len)
{
    uint8_t d[12] = { 0x86, 9, 0, 1 /* read and write */ };

    st32_le(d + 4, base);
    st32_le(d + 8, len);
    g_byte_array_append(a->out, d, sizeof(d));
}

void aml_interrupt(Aml *a, uint32_t gsi)
{
    /* Extended interrupt descriptor: consumer, level, active high, exclusive; one number. */
    uint8_t d[9] = { 0x89, 6, 0, 1, 1 };

    st32_le(d + 5, gsi);
    g_byte_array_append(a->out, d, sizeof(d));
}

void aml_passed_on(Aml *a, AmlSpace space, unsigned bits, uint64_t first, uint64_t len,
                   uint64_t offset)
{
    static const uint8_t specific[] = { [AML_MEMORY] = 1 /* read and write */,
                                        [AML_IO] = 3 /* all of it */, [AML_BUS_NUMBERS] = 0 };
    const uint64_t numbers[] = { 0 /* granularity */, first, first + len - 1, offset, len };
    unsigned width = bits / 8;

    /* Address space descriptors: producer, both ends fixed. */
    byte(a, bits == 16 ? 0x88 : bits == 32 ? 0x87 : 0x8a);
    byte(a, (uint8_t)(3 + ARRAY_SIZE(numbers) * width));
    byte(a, 0);
    byte(a, (uint8_t)space);
    byte(a, 0x0c);
    byte(a, specific[space]);
    for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
        uint64_t v = htole64(numbers[i]);
        g_byte_array_append(a->out, (const uint8_t *)&v, width);
    }
}

char *aml_numbered(const char *stem, unsigned n)
{
    return g_strdup_printf("%s%0*X", stem, (int)(4 - strlen(stem)), n);
}
