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

/* The symbol that covers addr: its name, valid until symbols_clear(), and the distance from it. NULL
 * if there is none. */
const char *symbol_at(uint64_t addr, uint64_t *offset);
/* The address of a name as it was linked. */
bool symbol_find(const char *name, uint64_t *addr);
/* Appends " <name+0x12>" if there is a symbol. */
void symbol_append(GString *out, uint64_t addr);

#endif
