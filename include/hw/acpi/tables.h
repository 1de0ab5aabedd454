/*
 * ACPI tables, as the firmware gets them: one file with the tables, one with the root pointer, and a
 * script that says where addresses and checksums belong once the firmware has found room for them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_ACPI_TABLES_H
#define VIREO_HW_ACPI_TABLES_H

#include "hw/nvram/fw_cfg.h"

typedef struct AcpiTables {
    GByteArray *data;   /* "etc/acpi/tables" */
    GByteArray *loader; /* "etc/table-loader" */
    GArray *listed;     /* uint32_t: offsets of the tables that XSDT lists */
} AcpiTables;

void acpi_tables_init(AcpiTables *t);
void acpi_tables_clear(AcpiTables *t);

/* Begins a table with its header, returns its offset; the contents are appended; then its end. */
uint32_t acpi_begin(AcpiTables *t, const char *signature, uint8_t revision);
/* listed: whether it is reached through XSDT. */
void acpi_end(AcpiTables *t, uint32_t table, bool listed);

void acpi_u8(AcpiTables *t, uint8_t v);
void acpi_u16(AcpiTables *t, uint16_t v);
void acpi_u32(AcpiTables *t, uint32_t v);
void acpi_u64(AcpiTables *t, uint64_t v);
void acpi_bytes(AcpiTables *t, const void *data, uint32_t len);
void acpi_zeros(AcpiTables *t, uint32_t len);
/* A register in memory (generic address structure), accessed in units of `width` bits. */
void acpi_register(AcpiTables *t, uint64_t addr, uint8_t bits, uint8_t width);
/* Eight bytes that will hold the address of the table at that offset. */
void acpi_address_of(AcpiTables *t, uint32_t table);

/* Writes XSDT and the root pointer, and gives the three files to fw_cfg. */
bool acpi_tables_publish(AcpiTables *t, FWCfgState *fw, Error **errp);

#endif
