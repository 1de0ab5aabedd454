/*
 * Building a flattened device tree by path. Thin over libfdt; errors (no room, bad path) are
 * remembered and reported once, by fdt_builder_finish().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_FDT_H
#define VIREO_HW_CORE_FDT_H

#include <glib.h>
#include <stdint.h>

#include "util/error.h"

typedef struct FDTBuilder FDTBuilder;

FDTBuilder *fdt_builder_new(void);
/* The number that the first phandle gets, 1 if not set. */
void fdt_set_first_phandle(FDTBuilder *b, uint32_t n);
/* From a file given with -dtb: checked with fdt_check_full(). */
FDTBuilder *fdt_builder_from_file(const char *path, Error **errp);
void fdt_builder_free(FDTBuilder *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FDTBuilder, fdt_builder_free)

/* Creates a node and its missing parents; an existing one is fine. printf-style path. */
void fdt_node(FDTBuilder *b, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
bool fdt_has_node(FDTBuilder *b, const char *path);

/* Setters; the node is made if it is missing. */
void fdt_set_empty(FDTBuilder *b, const char *node, const char *prop);
void fdt_set_u32(FDTBuilder *b, const char *node, const char *prop, uint32_t v);
void fdt_set_u64(FDTBuilder *b, const char *node, const char *prop, uint64_t v);
void fdt_set_str(FDTBuilder *b, const char *node, const char *prop, const char *v);
void fdt_set_bytes(FDTBuilder *b, const char *node, const char *prop, const void *v, int len);
/* n 32-bit cells, host order in the array. */
void fdt_set_cells(FDTBuilder *b, const char *node, const char *prop, const uint32_t *v, int n);
/* fdt_cells(b, node, prop, 1, 2, 3): the same with the values listed. */
#define fdt_cells(b, node, prop, ...)                                                     \
    fdt_set_cells(b, node, prop, (const uint32_t[]){ __VA_ARGS__ },                       \
                  (int)(sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)))
/* "reg" with 2 address and 2 size cells. */
void fdt_set_reg(FDTBuilder *b, const char *node, uint64_t addr, uint64_t size);
/* A list of strings, NULL-terminated. */
void fdt_set_strv(FDTBuilder *b, const char *node, const char *prop, const char *const *v);

/* "interrupt-parent" and "interrupts" of a device with one level-triggered line; nothing if it has
 * no interrupt parent. cells: of the parent, 1 (PLIC) or 2 (APLIC). */
static inline void fdt_set_interrupts(FDTBuilder *b, const char *node, uint32_t parent,
                                      unsigned cells, uint32_t irq)
{
    if (parent) {
        fdt_set_u32(b, node, "interrupt-parent", parent);
        fdt_set_cells(b, node, "interrupts", (const uint32_t[]){ irq, 4 /* level, high */ },
                      (int)cells);
    }
}

/* "numa-node-id", if the machine has NUMA: node_plus_1 as in DeviceFDTContext. */
static inline void fdt_set_numa_node(FDTBuilder *b, const char *node, int node_plus_1)
{
    if (node_plus_1) {
        fdt_set_u32(b, node, "numa-node-id", (uint32_t)node_plus_1 - 1);
    }
}

/* The node's phandle, made on first use ("phandle" property). */
uint32_t fdt_phandle(FDTBuilder *b, const char *node);

/* Packs; returns the blob (g_free()) and its size, or NULL with errp. */
void *fdt_builder_finish(FDTBuilder *b, int *size, Error **errp);

#endif
