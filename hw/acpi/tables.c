/*
 * ACPI tables and the script for their loader.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/acpi/tables.h"

#include <string.h>

#include "util/byteorder.h"

#define FILE_TABLES "etc/acpi/tables"
#define FILE_RSDP "etc/acpi/rsdp"
#define FILE_LOADER "etc/table-loader"
#define CHECKSUM_AT 9

/* Commands of the loader's script, 128 bytes each. */
enum { LOADER_ALLOCATE = 1, LOADER_ADD_POINTER = 2, LOADER_ADD_CHECKSUM = 3 };
enum { ZONE_HIGH = 1, ZONE_FSEG = 2 };
#define COMMAND_LEN 128

static const char oem_id[6] = { 'V', 'I', 'R', 'E', 'O', ' ' };
static const char oem_table_id[8] = { 'V', 'I', 'R', 'T', ' ', ' ', ' ', ' ' };

void acpi_tables_init(AcpiTables *t)
{
    t->data = g_byte_array_new();
    t->loader = g_byte_array_new();
    t->listed = g_array_new(false, false, sizeof(uint32_t));
}

void acpi_tables_clear(AcpiTables *t)
{
    g_byte_array_unref(t->data);
    g_byte_array_unref(t->loader);
    g_array_unref(t->listed);
}

/* ---- The script ---- */

static void allocate(AcpiTables *t, const char *file, uint32_t align, uint8_t zone)
{
    uint8_t c[COMMAND_LEN] = { 0 };

    st32_le(c, LOADER_ALLOCATE);
    memcpy(c + 4, file, strlen(file));
    st32_le(c + 60, align);
    c[64] = zone;
    /* All of them come first. */
    g_byte_array_prepend(t->loader, c, sizeof(c));
}

/* The `size` bytes at `at` of file `in` hold an offset in `to`, whose address is to be added. */
static void add_pointer(AcpiTables *t, const char *in, const char *to, uint32_t at, uint8_t size)
{
    uint8_t c[COMMAND_LEN] = { 0 };

    st32_le(c, LOADER_ADD_POINTER);
    memcpy(c + 4, in, strlen(in));
    memcpy(c + 60, to, strlen(to));
    st32_le(c + 116, at);
    c[120] = size;
    g_byte_array_append(t->loader, c, sizeof(c));
}

static void add_checksum(AcpiTables *t, const char *file, uint32_t at, uint32_t start,
                         uint32_t len)
{
    uint8_t c[COMMAND_LEN] = { 0 };

    st32_le(c, LOADER_ADD_CHECKSUM);
    memcpy(c + 4, file, strlen(file));
    st32_le(c + 60, at);
    st32_le(c + 64, start);
    st32_le(c + 68, len);
    g_byte_array_append(t->loader, c, sizeof(c));
}

/* ---- Tables ---- */

void acpi_bytes(AcpiTables *t, const void *data, uint32_t len)
{
    g_byte_array_append(t->data, data, len);
}

void acpi_zeros(AcpiTables *t, uint32_t len)
{
    guint at = t->data->len;

    g_byte_array_set_size(t->data, at + len);
    memset(t->data->data + at, 0, len);
}

void acpi_u8(AcpiTables *t, uint8_t v)
{
    acpi_bytes(t, &v, 1);
}

void acpi_u16(AcpiTables *t, uint16_t v)
{
    v = htole16(v);
    acpi_bytes(t, &v, sizeof(v));
}

void acpi_u32(AcpiTables *t, uint32_t v)
{
    v = htole32(v);
    acpi_bytes(t, &v, sizeof(v));
}

void acpi_u64(AcpiTables *t, uint64_t v)
{
    v = htole64(v);
    acpi_bytes(t, &v, sizeof(v));
}

void acpi_register(AcpiTables *t, uint64_t addr, uint8_t bits, uint8_t width)
{
    acpi_u8(t, 0); /* system memory */
    acpi_u8(t, bits);
    acpi_u8(t, 0);
    acpi_u8(t, width == 8 ? 1 : width == 16 ? 2 : width == 32 ? 3 : 4);
    acpi_u64(t, addr);
}

void acpi_address_of(AcpiTables *t, uint32_t table)
{
    add_pointer(t, FILE_TABLES, FILE_TABLES, t->data->len, 8);
    acpi_u64(t, table);
}

uint32_t acpi_begin(AcpiTables *t, const char *signature, uint8_t revision)
{
    uint32_t table = t->data->len;

    acpi_bytes(t, signature, 4);
    acpi_u32(t, 0); /* length */
    acpi_u8(t, revision);
    acpi_u8(t, 0);  /* checksum */
    acpi_bytes(t, oem_id, sizeof(oem_id));
    acpi_bytes(t, oem_table_id, sizeof(oem_table_id));
    acpi_u32(t, 1);
    acpi_bytes(t, "VREO", 4); /* the compiler */
    acpi_u32(t, 1);
    return table;
}

void acpi_end(AcpiTables *t, uint32_t table, bool listed)
{
    uint32_t len = t->data->len - table;

    st32_le(t->data->data + table + 4, len);
    add_checksum(t, FILE_TABLES, table + CHECKSUM_AT, table, len);
    if (listed) {
        g_array_append_val(t->listed, table);
    }
}

/* ---- The files ---- */

static uint8_t *root_pointer(AcpiTables *t, uint32_t xsdt)
{
    uint8_t *p = g_malloc0(36);

    memcpy(p, "RSD PTR ", 8);
    memcpy(p + 9, oem_id, sizeof(oem_id));
    p[15] = 2;          /* revision */
    st32_le(p + 20, 36); /* length */
    st64_le(p + 24, xsdt);
    /* The first checksum is that of ACPI 1.0's structure, without the address. */
    add_checksum(t, FILE_RSDP, 8, 0, 20);
    add_pointer(t, FILE_RSDP, FILE_TABLES, 24, 8);
    add_checksum(t, FILE_RSDP, 32, 0, 36);
    return p;
}

bool acpi_tables_publish(AcpiTables *t, FWCfgState *fw, Error **errp)
{
    uint32_t xsdt = acpi_begin(t, "XSDT", 1);

    for (guint i = 0; i < t->listed->len; i++) {
        acpi_address_of(t, g_array_index(t->listed, uint32_t, i));
    }
    acpi_end(t, xsdt, false);

    uint8_t *rsdp = root_pointer(t, xsdt);
    allocate(t, FILE_TABLES, 64, ZONE_HIGH);
    allocate(t, FILE_RSDP, 16, ZONE_FSEG);
    return fw_cfg_add_file(fw, FILE_TABLES, g_memdup2(t->data->data, t->data->len), t->data->len,
                           errp) &&
           fw_cfg_add_file(fw, FILE_RSDP, rsdp, 36, errp) &&
           fw_cfg_add_file(fw, FILE_LOADER, g_memdup2(t->loader->data, t->loader->len),
                           t->loader->len, errp);
}
