/*
 * Building AML, the byte code of ACPI (ACPI 6.5, chapter 20), as far as a description of hardware needs
 * it: scopes, devices, names, packages, resources.
 *
 * aml_open_*() begins something that has contents, aml_close() ends the innermost; its length goes
 * where AML wants it. After aml_name() comes the object that is named: a number, a string, a
 * package.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_ACPI_AML_H
#define VIREO_HW_ACPI_AML_H

#include <glib.h>
#include <stdint.h>

typedef struct Aml {
    GByteArray *out;
    GArray *open; /* private: what has been begun */
} Aml;

void aml_init(Aml *a);
void aml_clear(Aml *a);

/* path: names of four characters, "\\_SB" for the root of devices; shorter ones are filled up. */
void aml_open_scope(Aml *a, const char *path);
void aml_open_device(Aml *a, const char *name);
void aml_open_package(Aml *a, uint8_t elements);
/* A method, which nobody enters a second time before it ends. */
void aml_open_method(Aml *a, const char *name, unsigned args);
/* What follows is the condition, then what is done if it holds. */
void aml_open_if(Aml *a);
/* A buffer with resource descriptors, as _CRS wants it. */
void aml_open_resources(Aml *a);
void aml_close(Aml *a);

void aml_name(Aml *a, const char *name);
void aml_int(Aml *a, uint64_t v);
void aml_str(Aml *a, const char *text);
void aml_buffer(Aml *a, const void *data, uint32_t len);
/* "daffd814-6eba-4d8c-8a91-bc9bbf4aa301" as the buffer that ToUUID() makes. */
void aml_uuid(Aml *a, const char *text);

/* A name that stands for what it names: an element of a package, an operand. */
void aml_ref(Aml *a, const char *name);
/* Code is written as it is read: an operation, its operands, where the result goes. */
typedef enum AmlOp {
    AML_NOWHERE = 0x00,      /* for a result that nobody needs */
    AML_LOCAL0 = 0x60,
    AML_ARG0 = 0x68,         /* and the others after it */
    AML_STORE = 0x70,        /* what, where */
    AML_AND = 0x7b,
    AML_OR = 0x7d,
    AML_DWORD_FIELD = 0x8a,  /* of which buffer, offset in bytes, name */
    AML_NOT = 0x92,
    AML_EQUAL = 0x93,
    AML_RETURN = 0xa4,
} AmlOp;
void aml_op(Aml *a, unsigned op);

void aml_name_int(Aml *a, const char *name, uint64_t v);
void aml_name_str(Aml *a, const char *name, const char *text);

/* Resources: a register window below 4 GiB, and a level-triggered line. */
void aml_memory32(Aml *a, uint32_t base, uint32_t len);
void aml_interrupt(Aml *a, uint32_t gsi);
/* What a bridge passes on: [first, first + len) on its far side, which is `offset` higher on the near
 * one. Numbers are of 16, 32 or 64 bits. */
typedef enum AmlSpace { AML_MEMORY, AML_IO, AML_BUS_NUMBERS } AmlSpace;
void aml_passed_on(Aml *a, AmlSpace space, unsigned bits, uint64_t first, uint64_t len,
                   uint64_t offset);

/* "AB", 1 -> "AB01" in hexadecimal, up to four characters; for names of equal devices. */
char *aml_numbered(const char *stem, unsigned n);

/* What a device needs to know to describe itself (DeviceClass.acpi). */
typedef struct DeviceACPIContext {
    uint64_t base, size; /* of its first window */
    unsigned n;          /* among equal devices */
    uint32_t irq;        /* interrupt number, 0: none */
} DeviceACPIContext;

#endif
