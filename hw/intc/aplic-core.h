/*
 * The register machine of one interrupt domain of an APLIC (AIA specification, chapter 4): sources,
 * pending and enable bits, targets, and per hart what direct delivery needs. No lock, no I/O; lines,
 * messages and the parent domain are callbacks.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INTC_APLIC_CORE_H
#define VIREO_HW_INTC_APLIC_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/intc/riscv_aplic.h"

/* Registers of the domain that every kind of access can reach. */
enum {
    APLIC_DOMAINCFG = 0x0000,
    APLIC_SOURCECFG = 0x0004, /* of source 1 */
    APLIC_MMSIADDRCFG = 0x1BC0,
    APLIC_MMSIADDRCFGH = 0x1BC4,
    APLIC_SMSIADDRCFG = 0x1BC8,
    APLIC_SMSIADDRCFGH = 0x1BCC,
    APLIC_SETIP = 0x1C00,
    APLIC_SETIPNUM = 0x1CDC,
    APLIC_IN_CLRIP = 0x1D00,
    APLIC_CLRIPNUM = 0x1DDC,
    APLIC_SETIE = 0x1E00,
    APLIC_SETIENUM = 0x1EDC,
    APLIC_CLRIE = 0x1F00,
    APLIC_CLRIENUM = 0x1FDC,
    APLIC_SETIPNUM_LE = 0x2000,
    APLIC_SETIPNUM_BE = 0x2004,
    APLIC_GENMSI = 0x3000,
    APLIC_TARGET = 0x3004, /* of source 1 */
};

/* Registers of a hart's structure, from APLIC_IDC_BASE on. */
enum {
    APLIC_IDELIVERY = 0x00,
    APLIC_IFORCE = 0x04,
    APLIC_ITHRESHOLD = 0x08,
    APLIC_TOPI = 0x18,
    APLIC_CLAIMI = 0x1C,
};

#define APLIC_DOMAINCFG_RO 0x80000000u
#define APLIC_DOMAINCFG_IE (1u << 8)
#define APLIC_DOMAINCFG_DM (1u << 2)
#define APLIC_SOURCECFG_D (1u << 10)
#define APLIC_MSIADDRCFGH_L (1u << 31)

typedef enum APLICMode {
    APLIC_INACTIVE = 0,
    APLIC_DETACHED = 1,
    APLIC_EDGE1 = 4,
    APLIC_EDGE0 = 5,
    APLIC_LEVEL1 = 6,
    APLIC_LEVEL0 = 7,
} APLICMode;

typedef struct APLICCore {
    uint32_t nr_sources; /* source 0 included, which does not exist */
    uint32_t words;      /* of 32 sources each */
    uint32_t nr_harts;
    uint32_t iprio_mask; /* 2^IPRIOLEN - 1 */
    bool msi;            /* delivers messages, else lines */
    bool machine;        /* level of the domain */
    bool root, leaf;

    uint32_t domaincfg; /* IE only */
    uint32_t genmsi;
    uint32_t mmsiaddrcfg, mmsiaddrcfgh, smsiaddrcfg, smsiaddrcfgh; /* of a machine-level root */
    uint32_t *sourcecfg; /* [nr_sources] atomic: the child looks at D */
    uint32_t *target;    /* [nr_sources] */
    uint32_t *pending, *enable; /* [words] */
    uint32_t *input;     /* [words] the lines as they are */
    uint32_t *idelivery, *iforce, *ithreshold; /* [nr_harts] */

    void (*set_line)(void *opaque, unsigned hart, bool level);
    void (*send_msi)(void *opaque, unsigned hart, unsigned guest, uint32_t eiid);
    /* Whether the parent has delegated the source to this domain. Of a root: not called. */
    bool (*delegated)(void *opaque, uint32_t source);
    /* The domain has taken a source back from its child. */
    void (*taken_back)(void *opaque, uint32_t source);
    void *opaque;
} APLICCore;

/* The fields up to `leaf` and the callbacks are set. */
void aplic_core_init(APLICCore *p);
void aplic_core_destroy(APLICCore *p);

/* What the state table's reset leaves: lines to the harts fall. */
void aplic_core_refresh(APLICCore *p);

/* A 32-bit access; false if there is no such register (reads give 0 then). */
bool aplic_core_read(APLICCore *p, uint64_t addr, uint32_t *value);
bool aplic_core_write(APLICCore *p, uint64_t addr, uint32_t value);

/* Input line of a source, 1 .. nr_sources - 1. */
void aplic_core_set_line(APLICCore *p, uint32_t source, bool level);
/* The parent has taken the source back. */
void aplic_core_lose_source(APLICCore *p, uint32_t source);

/* The mode of a source in this domain. */
APLICMode aplic_core_mode(const APLICCore *p, uint32_t source);
/* The value of a hart's topi. */
uint32_t aplic_core_topi(const APLICCore *p, unsigned hart);
/* The address formula as a root's registers give it, for its own level or for S. */
APLICAddress aplic_core_address(const APLICCore *p, bool machine);
uint64_t aplic_msi_address(const APLICAddress *a, unsigned hart, unsigned guest);

#endif
