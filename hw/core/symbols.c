/*
 * Names of guest addresses.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/symbols.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/bits.h"
#include "util/byteorder.h"

#define MAX_SYMBOLS (4u << 20)
#define MAX_FILE (1u << 30)
#define MAX_REACH 0x100000 /* of a symbol that does not say its size */

typedef struct Symbol {
    uint64_t addr, size;
    const char *name;
    uint8_t rank;  /* of those at the same address the lowest is shown */
    bool physical; /* where the segment was loaded, not where it was linked */
} Symbol;

struct SymbolTable {
    GArray *list;        /* of Symbol, by address */
    GStringChunk *names;
};

static SymbolTable symbols; /* of what was loaded */

/* A section header of either class. */
typedef struct Section {
    uint32_t type, link;
    uint64_t offset, size;
} Section;

typedef struct SymbolFile {
    const uint8_t *data;
    uint64_t size, shoff;
    unsigned shnum;
    bool is64;
} SymbolFile;

static bool parse_header(SymbolFile *f)
{
    const uint8_t *d = f->data;
    uint64_t entry;

    if (f->size < sizeof(Elf64_Ehdr))
        return false;
    f->is64 = d[EI_CLASS] == ELFCLASS64;
    if (f->is64) {
        f->shoff = ld64_le(d + offsetof(Elf64_Ehdr, e_shoff));
        f->shnum = ld16_le(d + offsetof(Elf64_Ehdr, e_shnum));
        entry = ld16_le(d + offsetof(Elf64_Ehdr, e_shentsize));
    } else {
        f->shoff = ld32_le(d + offsetof(Elf32_Ehdr, e_shoff));
        f->shnum = ld16_le(d + offsetof(Elf32_Ehdr, e_shnum));
        entry = ld16_le(d + offsetof(Elf32_Ehdr, e_shentsize));
    }
    return f->shnum && entry == (f->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)) &&
           range_within(f->shoff, f->shnum * entry, f->size);
}

/* False if it is not there or lies beyond the file. */
static bool read_section(const SymbolFile *f, unsigned n, Section *s)
{
    const uint8_t *p;

    if (n >= f->shnum)
        return false;
    if (f->is64) {
        p = f->data + f->shoff + n * sizeof(Elf64_Shdr);
        s->type = ld32_le(p + offsetof(Elf64_Shdr, sh_type));
        s->link = ld32_le(p + offsetof(Elf64_Shdr, sh_link));
        s->offset = ld64_le(p + offsetof(Elf64_Shdr, sh_offset));
        s->size = ld64_le(p + offsetof(Elf64_Shdr, sh_size));
    } else {
        p = f->data + f->shoff + n * sizeof(Elf32_Shdr);
        s->type = ld32_le(p + offsetof(Elf32_Shdr, sh_type));
        s->link = ld32_le(p + offsetof(Elf32_Shdr, sh_link));
        s->offset = ld32_le(p + offsetof(Elf32_Shdr, sh_offset));
        s->size = ld32_le(p + offsetof(Elf32_Shdr, sh_size));
    }
    return range_within(s->offset, s->size, f->size);
}

static void add(SymbolTable *t, uint64_t addr, uint64_t size, const char *name, uint8_t rank,
                const SymbolSegment *segments, unsigned nr)
{
    Symbol s = { addr, size, g_string_chunk_insert(t->names, name), rank, false };

    g_array_append_val(t->list, s);
    for (unsigned i = 0; i < nr; i++) {
        const SymbolSegment *g = &segments[i];

        if (g->vaddr != g->paddr && addr >= g->vaddr && addr - g->vaddr < g->size) {
            s.addr = g->paddr + (addr - g->vaddr);
            s.physical = true;
            g_array_append_val(t->list, s);
            break;
        }
    }
}

/* Functions before data before labels, global before local. -1: nothing to show. */
static int symbol_rank(unsigned info, unsigned shndx, const char *name)
{
    int rank;

    if (shndx == SHN_UNDEF || !*name || *name == '$' || g_str_has_prefix(name, ".L"))
        return -1;
    switch (info & 15) {
    case STT_FUNC:
        rank = 0;
        break;
    case STT_OBJECT:
        rank = 2;
        break;
    case STT_NOTYPE:
        rank = 4;
        break;
    default:
        return -1;
    }
    return rank + (info >> 4 == STB_LOCAL);
}

/* What a file says goes to `offset` higher. */
static void read_symbols(SymbolTable *t, const SymbolFile *f, const Section *table, const Section *strings,
                         uint64_t offset, const SymbolSegment *segments, unsigned nr)
{
    const uint64_t entry = f->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    const char *text = (const char *)f->data + strings->offset;
    uint64_t count = MIN(table->size / entry, MAX_SYMBOLS);

    /* A table that does not end with a zero could lead beyond the file. */
    if (!strings->size || text[strings->size - 1] != '\0')
        return;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *p = f->data + table->offset + i * entry;
        uint32_t name = ld32_le(p);
        unsigned info, shndx;
        uint64_t value, size;
        int rank;

        if (f->is64) {
            info = p[offsetof(Elf64_Sym, st_info)];
            shndx = ld16_le(p + offsetof(Elf64_Sym, st_shndx));
            value = ld64_le(p + offsetof(Elf64_Sym, st_value));
            size = ld64_le(p + offsetof(Elf64_Sym, st_size));
        } else {
            info = p[offsetof(Elf32_Sym, st_info)];
            shndx = ld16_le(p + offsetof(Elf32_Sym, st_shndx));
            value = ld32_le(p + offsetof(Elf32_Sym, st_value));
            size = ld32_le(p + offsetof(Elf32_Sym, st_size));
        }
        if (name >= strings->size || shndx == SHN_ABS)
            continue;
        rank = symbol_rank(info, shndx, text + name);
        if (rank >= 0)
            add(t, value + offset, size, text + name, rank, segments, nr);
    }
}

static int compare(gconstpointer pa, gconstpointer pb)
{
    const Symbol *a = pa, *b = pb;

    if (a->addr != b->addr)
        return a->addr < b->addr ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void table_init(SymbolTable *t)
{
    if (t->list)
        return;
    t->list = g_array_new(FALSE, FALSE, sizeof(Symbol));
    t->names = g_string_chunk_new(64 * 1024);
}

static void table_clear(SymbolTable *t)
{
    g_clear_pointer(&t->list, g_array_unref);
    g_clear_pointer(&t->names, g_string_chunk_free);
}

/* The symbols of the first table of this type. */
static bool add_section(SymbolTable *t, const SymbolFile *f, uint32_t type, uint64_t offset,
                        const SymbolSegment *segments, unsigned nr)
{
    Section table, strings;

    for (unsigned n = 0; n < f->shnum; n++) {
        if (!read_section(f, n, &table) || table.type != type)
            continue;
        if (read_section(f, table.link, &strings) && strings.type == SHT_STRTAB)
            read_symbols(t, f, &table, &strings, offset, segments, nr);
        return true;
    }
    return false;
}

void symbols_add_elf(const uint8_t *data, uint64_t size, const SymbolSegment *segments,
                     unsigned nr_segments)
{
    SymbolFile f = { .data = data, .size = size };

    if (!parse_header(&f))
        return;
    table_init(&symbols);
    add_section(&symbols, &f, SHT_SYMTAB, 0, segments, nr_segments);
    g_array_sort(symbols.list, compare);
}

void symbols_clear(void)
{
    table_clear(&symbols);
}

const char *symbol_table_at(const SymbolTable *t, uint64_t addr, uint64_t *offset)
{
    guint lo = 0, hi = t->list ? t->list->len : 0;
    const Symbol *s;

    /* The last one at or below addr; from there to the best of those at the same address. */
    while (lo < hi) {
        guint mid = lo + (hi - lo) / 2;

        if (g_array_index(t->list, Symbol, mid).addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return NULL;
    s = &g_array_index(t->list, Symbol, lo - 1);
    while (s > &g_array_index(t->list, Symbol, 0) && s[-1].addr == s->addr)
        s--;
    *offset = addr - s->addr;
    return *offset < (s->size ? s->size : MAX_REACH) ? s->name : NULL;
}

bool symbol_table_find(const SymbolTable *t, const char *name, uint64_t *addr)
{
    for (guint i = 0; t->list && i < t->list->len; i++) {
        const Symbol *s = &g_array_index(t->list, Symbol, i);

        if (!s->physical && !strcmp(s->name, name)) {
            *addr = s->addr;
            return true;
        }
    }
    return false;
}

const char *symbol_at(uint64_t addr, uint64_t *offset)
{
    return symbol_table_at(&symbols, addr, offset);
}

bool symbol_find(const char *name, uint64_t *addr)
{
    return symbol_table_find(&symbols, name, addr);
}

void symbol_append(GString *out, uint64_t addr)
{
    uint64_t offset;
    const char *name = symbol_at(addr, &offset);

    if (name && offset)
        g_string_append_printf(out, " <%s+0x%" PRIx64 ">", name, offset);
    else if (name)
        g_string_append_printf(out, " <%s>", name);
}

/* ---- Tables of one's own ---- */

SymbolTable *symbol_table_new(void)
{
    SymbolTable *t = g_new0(SymbolTable, 1);

    table_init(t);
    return t;
}

void symbol_table_free(SymbolTable *t)
{
    if (!t)
        return;
    table_clear(t);
    g_free(t);
}

/* "ffffffff80002000 T _start [module]": the letter says what it is. */
static void add_line(SymbolTable *t, char *line, uint64_t offset)
{
    char *end, *name;
    uint64_t addr = g_ascii_strtoull(line, &end, 16);
    int rank;

    if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ' || !addr)
        return;
    name = end + 3;
    name[strcspn(name, " \t\r")] = 0;
    rank = symbol_rank(strchr("tTwW", end[1]) ? STT_FUNC : STT_OBJECT, 1, name);
    if (rank >= 0 && t->list->len < MAX_SYMBOLS)
        add(t, addr + offset, 0, name, (uint8_t)rank, NULL, 0);
}

static void add_text(SymbolTable *t, char *text, uint64_t offset)
{
    char *line, *rest = text;

    while ((line = strsep(&rest, "\n")))
        add_line(t, line, offset);
}

static bool add_elf(SymbolTable *t, const uint8_t *data, uint64_t size, uint64_t offset, Error **errp)
{
    SymbolFile f = { .data = data, .size = size };

    if (!parse_header(&f)) {
        error_setg(errp, "an ELF file without sections, or damaged");
        return false;
    }
    if (ld16_le(data + offsetof(Elf64_Ehdr, e_machine)) != EM_RISCV) {
        error_setg(errp, "an ELF file, but not for RISC-V");
        return false;
    }
    if (!add_section(t, &f, SHT_SYMTAB, offset, NULL, 0))
        add_section(t, &f, SHT_DYNSYM, offset, NULL, 0);
    return true;
}

/* NULL: it cannot be read, and errno says why. */
static char *read_file(const char *path, gsize *size)
{
    FILE *f = fopen(path, "re");
    g_autoptr(GByteArray) all = g_byte_array_new();
    uint8_t buf[64 * 1024];
    size_t n;

    if (!f)
        return NULL;
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0 && all->len < MAX_FILE)
        g_byte_array_append(all, buf, (guint)n);
    if (ferror(f) || all->len >= MAX_FILE) {
        int err = ferror(f) ? errno : EFBIG;
        fclose(f);
        errno = err;
        return NULL;
    }
    fclose(f);
    *size = all->len;
    g_byte_array_append(all, (const uint8_t *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&all), FALSE);
}

bool symbol_table_add_file(SymbolTable *t, const char *path, uint64_t offset, Error **errp)
{
    g_autofree char *data = NULL;
    guint before = t->list->len;
    gsize size;

    data = read_file(path, &size);
    if (!data) {
        error_setg(errp, "cannot read '%s': %s", path, g_strerror(errno));
        return false;
    }
    if (size > 4 && !memcmp(data, ELFMAG, SELFMAG)) {
        if (!add_elf(t, (const uint8_t *)data, size, offset, errp)) {
            error_prepend(errp, "'%s': ", path);
            return false;
        }
    } else {
        add_text(t, data, offset);
    }
    if (t->list->len == before) {
        error_setg(errp, "'%s' has no symbols: it is to be an ELF file for RISC-V, System.map, or "
                   "/proc/kallsyms as root sees it", path);
        return false;
    }
    g_array_sort(t->list, compare);
    return true;
}
