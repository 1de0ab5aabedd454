/*
 * The SMBIOS tables.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/smbios/smbios.h"

#include <string.h>

#include "hw/smbios/smbios-int.h"
#include "util/bits.h"
#include "util/byteorder.h"

/* The largest memory device; SMBIOS gives its size in MiB in 31 bits. */
#define DIMM_MAX (1ull << 40)
#define NO_HANDLE 0xfffe /* of an error structure: not provided */
#define SPEED_MHZ 2000

/* Structures being written. The fixed part is filled in by offset; strings follow it. */
typedef struct Builder {
    Smbios *s;
    GByteArray *out;
    guint at;         /* of the structure being written */
    uint8_t strings;  /* it has */
} Builder;

static uint8_t *field(Builder *b, unsigned at)
{
    return b->out->data + b->at + at;
}

/* Begins a structure; false if a file takes its place. */
static bool begin(Builder *b, uint8_t type, uint8_t len, uint16_t handle)
{
    for (guint i = 0; i < b->s->files->len; i++) {
        if (((GByteArray *)b->s->files->pdata[i])->data[0] == type) {
            return false;
        }
    }
    b->at = b->out->len;
    b->strings = 0;
    g_byte_array_set_size(b->out, b->at + len);
    memset(field(b, 0), 0, len);
    field(b, 0)[0] = type;
    field(b, 0)[1] = len;
    st16_le(field(b, 2), handle);
    return true;
}

static void append_string(Builder *b, const char *text)
{
    g_byte_array_append(b->out, (const uint8_t *)text, (guint)strlen(text) + 1);
    b->strings++;
}

/* An empty string is none: number 0. */
static void string(Builder *b, unsigned at, const char *text)
{
    if (text && *text && b->strings < UINT8_MAX) {
        append_string(b, text);
        *field(b, at) = b->strings;
    } else {
        *field(b, at) = 0;
    }
}

static void end(Builder *b)
{
    static const uint8_t zeros[2];

    g_byte_array_append(b->out, zeros, b->strings ? 1 : 2);
}

/* The last value given for a field, or NULL. */
static const SmbiosSetting *setting(const Builder *b, unsigned type, unsigned at)
{
    for (guint i = b->s->settings->len; i-- > 0;) {
        const SmbiosSetting *v = b->s->settings->pdata[i];
        if (v->field->type == type && v->field->at == at) {
            return v;
        }
    }
    return NULL;
}

static bool has_settings(const Builder *b, unsigned type)
{
    for (guint i = 0; i < b->s->settings->len; i++) {
        if (((SmbiosSetting *)b->s->settings->pdata[i])->field->type == type) {
            return true;
        }
    }
    return false;
}

/* What the user gave, else the default. */
static void text(Builder *b, unsigned at, const char *def)
{
    const SmbiosSetting *v = setting(b, *field(b, 0), at);

    string(b, at, v ? v->text : def);
}

static uint64_t number(const Builder *b, unsigned type, unsigned at, uint64_t def)
{
    const SmbiosSetting *v = setting(b, type, at);

    return v ? v->number : def;
}

static void bios(Builder *b)
{
    if (!has_settings(b, 0) || !begin(b, 0, 0x18, 0)) {
        return;
    }
    uint64_t release = number(b, 0, 0x14, 0);
    st16_le(field(b, 0x06), 0xe800);
    *field(b, 0x0a) = 1 << 3;           /* its characteristics are not known */
    *field(b, 0x13) = 1 << 2 | 1 << 4;  /* content may be distributed; a virtual machine */
    *field(b, 0x13) |= (uint8_t)(number(b, 0, 0x13, 0) << 3);
    st16_le(field(b, 0x14), (uint16_t)release);
    st16_le(field(b, 0x16), 0xffff);    /* no embedded controller */
    text(b, 0x04, NULL);
    text(b, 0x05, NULL);
    text(b, 0x08, NULL);
    end(b);
}

/* The first three parts of a UUID are little-endian numbers here. */
static void put_uuid(uint8_t *to, const uint8_t from[16])
{
    static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

    for (unsigned i = 0; i < 16; i++) {
        to[i] = from[place[i]];
    }
}

static void system_information(Builder *b, const SmbiosBoard *board, const MachineState *ms)
{
    if (!begin(b, 1, 0x1b, 0x100)) {
        return;
    }
    const SmbiosSetting *uuid = setting(b, 1, 0x08);
    put_uuid(field(b, 0x08), uuid ? uuid->uuid : ms->uuid);
    *field(b, 0x18) = 6; /* woken by the power switch */
    text(b, 0x04, "QEMU");
    text(b, 0x05, board->product);
    text(b, 0x06, board->version);
    text(b, 0x07, NULL);
    text(b, 0x19, NULL);
    text(b, 0x1a, NULL);
    end(b);
}

static void base_board(Builder *b, const SmbiosBoard *board)
{
    if (!has_settings(b, 2) || !begin(b, 2, 0x0f, 0x200)) {
        return;
    }
    *field(b, 0x09) = 1;            /* hosts the rest */
    st16_le(field(b, 0x0b), 0x300); /* the enclosure */
    *field(b, 0x0d) = 0x0a;         /* motherboard */
    text(b, 0x04, "QEMU");
    text(b, 0x05, board->product);
    text(b, 0x06, board->version);
    text(b, 0x07, NULL);
    text(b, 0x08, NULL);
    text(b, 0x0a, NULL);
    end(b);
}

static void enclosure(Builder *b, const SmbiosBoard *board)
{
    if (!begin(b, 3, 0x16, 0x300)) {
        return;
    }
    *field(b, 0x05) = 1; /* other */
    *field(b, 0x09) = 3; /* safe: so it is, and its power, and its temperature */
    *field(b, 0x0a) = 3;
    *field(b, 0x0b) = 3;
    *field(b, 0x0c) = 2; /* security is not known */
    text(b, 0x04, "QEMU");
    text(b, 0x06, board->version);
    text(b, 0x07, NULL);
    text(b, 0x08, NULL);
    text(b, 0x15, NULL);
    end(b);
}

/* "PREFIX N" */
static void numbered(Builder *b, unsigned at, const char *def, unsigned n)
{
    const SmbiosSetting *v = setting(b, *field(b, 0), at);
    const char *prefix = v ? v->text : def;
    g_autofree char *full = prefix ? g_strdup_printf("%s %u", prefix, n) : NULL;

    string(b, at, full);
}

static void processor(Builder *b, const SmbiosBoard *board, const CPUTopology *smp, unsigned n)
{
    unsigned cores = smp->clusters * smp->cores, threads = cores * smp->threads;
    uint64_t family = number(b, 4, 0x28, board->processor_family);

    if (!begin(b, 4, 0x30, (uint16_t)(0x400 + n))) {
        return;
    }
    *field(b, 0x05) = 3; /* a central processor */
    *field(b, 0x06) = family < 0xfe ? (uint8_t)family : 0xfe; /* 0xfe: the long field has it */
    st64_le(field(b, 0x08), number(b, 4, 0x08, 0));
    st16_le(field(b, 0x14), (uint16_t)number(b, 4, 0x14, SPEED_MHZ));
    st16_le(field(b, 0x16), (uint16_t)number(b, 4, 0x16, SPEED_MHZ));
    *field(b, 0x18) = 0x41; /* populated and enabled */
    *field(b, 0x19) = 1;    /* socket: other */
    memset(field(b, 0x1a), 0xff, 6); /* nothing is said of caches */
    *field(b, 0x23) = (uint8_t)MIN(cores, 255);
    *field(b, 0x24) = (uint8_t)MIN(cores, 255);
    *field(b, 0x25) = (uint8_t)MIN(threads, 255);
    st16_le(field(b, 0x26), 2); /* characteristics are not known */
    st16_le(field(b, 0x28), (uint16_t)family);
    st16_le(field(b, 0x2a), (uint16_t)cores);
    st16_le(field(b, 0x2c), (uint16_t)cores);
    st16_le(field(b, 0x2e), (uint16_t)threads);
    numbered(b, 0x04, "CPU", n);
    text(b, 0x07, "QEMU");
    text(b, 0x10, board->version);
    text(b, 0x20, NULL);
    text(b, 0x21, NULL);
    text(b, 0x22, NULL);
    end(b);
}

/* Each -smbios type=8 is a connector. */
static void ports(Builder *b)
{
    for (unsigned option = 1; option <= b->s->options; option++) {
        bool begun = false;

        for (guint i = 0; i < b->s->settings->len; i++) {
            const SmbiosSetting *v = b->s->settings->pdata[i];
            if (v->option != option || v->field->type != 8) {
                continue;
            }
            if (!begun && !begin(b, 8, 0x09, (uint16_t)(0x800 + option))) {
                return;
            }
            begun = true;
            if (v->field->kind == SMBIOS_TEXT) {
                string(b, v->field->at, v->text);
            } else {
                *field(b, v->field->at) = (uint8_t)v->number;
            }
        }
        if (begun) {
            end(b);
        }
    }
}

static void oem_strings(Builder *b)
{
    if (!has_settings(b, 11) || !begin(b, 11, 0x05, 0xe00)) {
        return;
    }
    for (guint i = 0; i < b->s->settings->len; i++) {
        const SmbiosSetting *v = b->s->settings->pdata[i];
        if (v->field->type == 11 && *v->text && b->strings < UINT8_MAX) {
            append_string(b, v->text);
        }
    }
    *field(b, 0x04) = b->strings;
    end(b);
}

static void memory_array(Builder *b, uint64_t size, unsigned devices)
{
    if (!begin(b, 16, 0x17, 0x1000)) {
        return;
    }
    bool large = size >> 10 >= 0x80000000;
    *field(b, 0x04) = 1; /* location: other */
    *field(b, 0x05) = 3; /* system memory */
    *field(b, 0x06) = 6; /* errors of several bits are corrected */
    st32_le(field(b, 0x07), large ? 0x80000000 : (uint32_t)(size >> 10));
    st16_le(field(b, 0x0b), NO_HANDLE);
    st16_le(field(b, 0x0d), (uint16_t)devices);
    st64_le(field(b, 0x0f), large ? size : 0);
    end(b);
}

static void memory_device(Builder *b, uint64_t size, unsigned n)
{
    uint64_t mib = size >> 20;

    if (!begin(b, 17, 0x28, (uint16_t)(0x1100 + n))) {
        return;
    }
    st16_le(field(b, 0x04), 0x1000); /* the array */
    st16_le(field(b, 0x06), NO_HANDLE);
    st16_le(field(b, 0x08), 0xffff); /* widths are not known */
    st16_le(field(b, 0x0a), 0xffff);
    st16_le(field(b, 0x0c), mib < 0x7fff ? (uint16_t)mib : 0x7fff);
    *field(b, 0x0e) = 9; /* DIMM */
    *field(b, 0x12) = 7; /* RAM */
    st16_le(field(b, 0x13), 2); /* other */
    st16_le(field(b, 0x15), (uint16_t)number(b, 17, 0x15, 0));
    st32_le(field(b, 0x1c), mib < 0x7fff ? 0 : (uint32_t)mib);
    st16_le(field(b, 0x20), (uint16_t)number(b, 17, 0x15, 0));
    numbered(b, 0x10, "DIMM", n);
    numbered(b, 0x11, NULL, n);
    text(b, 0x17, "QEMU");
    text(b, 0x18, NULL);
    text(b, 0x19, NULL);
    text(b, 0x1a, NULL);
    end(b);
}

static void memory_range(Builder *b, hwaddr base, uint64_t size)
{
    uint64_t first = base >> 10, last = (base + size - 1) >> 10;

    if (!begin(b, 19, 0x1f, 0x1300)) {
        return;
    }
    if (last < UINT32_MAX) {
        st32_le(field(b, 0x04), (uint32_t)first);
        st32_le(field(b, 0x08), (uint32_t)last);
    } else {
        st32_le(field(b, 0x04), UINT32_MAX);
        st32_le(field(b, 0x08), UINT32_MAX);
        st64_le(field(b, 0x0f), base);
        st64_le(field(b, 0x17), base + size - 1);
    }
    st16_le(field(b, 0x0c), 0x1000);
    *field(b, 0x0e) = 1; /* one device makes a row */
    end(b);
}

static void memory(Builder *b, const SmbiosBoard *board, uint64_t size)
{
    unsigned devices = (unsigned)MIN((size + DIMM_MAX - 1) / DIMM_MAX, 256);

    memory_array(b, size, devices);
    for (unsigned n = 0; n < devices; n++) {
        memory_device(b, MIN(size - n * DIMM_MAX, DIMM_MAX), n);
    }
    memory_range(b, board->ram_base, size);
}

static uint8_t *entry_point(uint32_t len)
{
    uint8_t *p = g_malloc0(24);

    memcpy(p, "_SM3_", 5);
    p[6] = 24;
    p[7] = 3;  /* version 3.0 */
    p[10] = 1; /* revision of this structure */
    st32_le(p + 12, len);
    return p; /* the firmware fills in address and checksum */
}

bool smbios_publish(Smbios *s, const SmbiosBoard *board, MachineState *ms, FWCfgState *fw,
                    Error **errp)
{
    Builder b = { .s = s, .out = g_byte_array_new() };

    bios(&b);
    system_information(&b, board, ms);
    base_board(&b, board);
    enclosure(&b, board);
    for (unsigned n = 0; n < ms->smp.sockets; n++) {
        processor(&b, board, &ms->smp, n);
    }
    ports(&b);
    oem_strings(&b);
    memory(&b, board, ms->ram_size);
    if (begin(&b, 32, 0x0b, 0x2000)) { /* the last boot was without error */
        end(&b);
    }
    for (guint i = 0; i < s->files->len; i++) {
        const GByteArray *f = s->files->pdata[i];
        g_byte_array_append(b.out, f->data, f->len);
    }
    if (begin(&b, 127, 0x04, 0x7f00)) {
        end(&b);
    }
    uint32_t len = b.out->len;
    return fw_cfg_add_file(fw, "etc/smbios/smbios-tables", g_byte_array_free(b.out, FALSE), len,
                           errp) &&
           fw_cfg_add_file(fw, "etc/smbios/smbios-anchor", entry_point(len), 24, errp);
}
