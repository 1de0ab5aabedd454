/*
 * What the two files of hw/smbios/ share: the fields that users may set, and structures being built.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_SMBIOS_SMBIOS_INT_H
#define VIREO_HW_SMBIOS_SMBIOS_INT_H

#include "hw/smbios/smbios.h"

typedef enum SmbiosKind {
    SMBIOS_TEXT,    /* a string; the byte at `at` is its number */
    SMBIOS_NUMBER,  /* of `size` bytes */
    SMBIOS_UUID,
    SMBIOS_RELEASE, /* MAJOR.MINOR, a byte each */
    SMBIOS_BIT,     /* on or off: bit `size` of the byte */
    SMBIOS_VALUE,   /* a string of type 11, one of many */
    SMBIOS_PATH,    /* the same from a file */
} SmbiosKind;

/* A field that -smbios type=TYPE,NAME= sets. */
typedef struct SmbiosField {
    uint8_t type;
    const char *name;
    SmbiosKind kind;
    uint8_t at;   /* offset in the structure */
    uint8_t size;
} SmbiosField;

/* One value given for one field. */
typedef struct SmbiosSetting {
    const SmbiosField *field;
    unsigned option; /* settings of one -smbios have the same number */
    char *text;
    uint64_t number;
    uint8_t uuid[16];
} SmbiosSetting;

struct Smbios {
    Object parent_obj;
    GPtrArray *settings; /* SmbiosSetting, in the order given */
    GPtrArray *files;    /* GByteArray: finished structures */
    unsigned options;    /* how many -smbios with type= there were */
};

#endif
