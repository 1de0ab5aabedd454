/*
 * Names of guest addresses, from the symbol tables of the ELF files that were loaded. Filled before the
 * machine runs, read by any thread after that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_SYMBOLS_H
#define VIREO_HW_CORE_SYMBOLS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

/* Where a segment that was linked at vaddr was loaded. */
typedef struct SymbolSegment {
    uint64_t vaddr, paddr, size;
} SymbolSegment;

/*
 * Takes the names from an ELF file for RISC-V. A file without a symbol table, or with a damaged one,
 * adds nothing. Symbols are known at the address they were linked to and, where a segment was
 * loaded elsewhere, there too: code runs at both before and after it switches on paging.
 */
void symbols_add_elf(const uint8_t *data, uint64_t size, const SymbolSegment *segments,
                     unsigned nr_segments);
void symbols_clear(void);

/* ---- Tables of one's own ---- */

typedef struct SymbolTable SymbolTable;
SymbolTable *symbol_table_new(void);
void symbol_table_free(SymbolTable *t);
/*
 * Takes the names from a file: an ELF file for RISC-V, stripped but for its dynamic symbols perhaps, or text
 * as in System.map and /proc/kallsyms. Addresses are `offset` higher than the file says. A file without
 * symbols is an error.
 */
bool symbol_table_add_file(SymbolTable *t, const char *path, uint64_t offset, Error **errp);
/* As symbol_at() and symbol_find(). */
const char *symbol_table_at(const SymbolTable *t, uint64_t addr, uint64_t *offset);
bool symbol_table_find(const SymbolTable *t, const char *name, uint64_t *addr);

/* ---- The table of what was loaded ---- */

/* The symbol that covers addr: its name, valid until symbols_clear(), and the distance from it. NULL
 * if there is none. */
const char *symbol_at(uint64_t addr, uint64_t *offset);
/* The address of a name as it was linked. */
bool symbol_find(const char *name, uint64_t *addr);
/* Appends " <name+0x12>" if there is a symbol. */
void symbol_append(GString *out, uint64_t addr);

#endif
