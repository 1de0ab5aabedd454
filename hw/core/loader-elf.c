/*
 * ELF executables.
 *
 * SPDX-License-Identifier: MIT
 */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "hw/core/loader-internal.h"
#include "hw/core/symbols.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define MAX_LOAD_SEGMENTS 64
#define HEADERS_MAX (64 * KiB) /* with what linkers add to reach the next page */
#define HEADERS_GRAIN (4 * KiB)

/* One PT_LOAD, whatever the class of the file. */
typedef struct ElfLoad {
    uint64_t offset, filesz, memsz, vaddr, paddr;
} ElfLoad;

typedef struct ElfFile {
    const char *name; /* for errors */
    const uint8_t *data;
    uint64_t size;
    bool is64;
    uint64_t entry, phoff;
    unsigned phnum, phentsize;
    ElfLoad load[MAX_LOAD_SEGMENTS];
    unsigned nr_load;
} ElfFile;

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case EM_386:
        return "i386";
    case EM_X86_64:
        return "x86-64";
    case EM_ARM:
        return "ARM";
    case EM_AARCH64:
        return "AArch64";
    case EM_MIPS:
        return "MIPS";
    case EM_PPC64:
        return "PowerPC64";
    case EM_S390:
        return "s390";
    }
    return NULL;
}

static bool bad(const ElfFile *f, Error **errp, const char *why)
{
    error_setg(errp, "%s: %s", f->name, why);
    return false;
}

static bool parse_header(ElfFile *f, Error **errp)
{
    const uint8_t *d = f->data;
    unsigned machine, type;

    if (f->size < EI_NIDENT || memcmp(d, ELFMAG, SELFMAG) != 0) {
        return bad(f, errp, "not an ELF file");
    }
    f->is64 = d[EI_CLASS] == ELFCLASS64;
    if (d[EI_CLASS] != ELFCLASS64 && d[EI_CLASS] != ELFCLASS32) {
        return bad(f, errp, "damaged ELF file: unknown class");
    }
    if (d[EI_DATA] != ELFDATA2LSB) {
        return bad(f, errp, "big-endian ELF file; a little-endian one is needed");
    }
    if (f->size < (f->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr))) {
        return bad(f, errp, "truncated ELF file: the header is cut off");
    }
    type = ld16_le(d + offsetof(Elf64_Ehdr, e_type));
    machine = ld16_le(d + offsetof(Elf64_Ehdr, e_machine));
    if (machine != EM_RISCV) {
        const char *known = machine_name(machine);
        error_setg(errp, "%s: ELF file for %s (machine %u), not for RISC-V", f->name,
                   known ? known : "another processor", machine);
        return false;
    }
    if (type != ET_EXEC && type != ET_DYN) {
        return bad(f, errp, type == ET_REL ? "ELF object file, not an executable: link it first"
                                           : "ELF file that is not an executable");
    }
    if (f->is64) {
        f->entry = ld64_le(d + offsetof(Elf64_Ehdr, e_entry));
        f->phoff = ld64_le(d + offsetof(Elf64_Ehdr, e_phoff));
        f->phentsize = ld16_le(d + offsetof(Elf64_Ehdr, e_phentsize));
        f->phnum = ld16_le(d + offsetof(Elf64_Ehdr, e_phnum));
    } else {
        f->entry = ld32_le(d + offsetof(Elf32_Ehdr, e_entry));
        f->phoff = ld32_le(d + offsetof(Elf32_Ehdr, e_phoff));
        f->phentsize = ld16_le(d + offsetof(Elf32_Ehdr, e_phentsize));
        f->phnum = ld16_le(d + offsetof(Elf32_Ehdr, e_phnum));
    }
    if (f->phnum == 0) {
        return bad(f, errp, "ELF file without program headers");
    }
    if (f->phentsize != (f->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr))) {
        return bad(f, errp, "damaged ELF file: wrong size of program headers");
    }
    if (!range_within(f->phoff, (uint64_t)f->phnum * f->phentsize, f->size)) {
        return bad(f, errp, "truncated ELF file: program headers lie beyond its end");
    }
    return true;
}

static bool parse_loads(ElfFile *f, Error **errp)
{
    for (unsigned i = 0; i < f->phnum; i++) {
        const uint8_t *p = f->data + f->phoff + (uint64_t)i * f->phentsize;
        ElfLoad s;

        if (ld32_le(p) != PT_LOAD) {
            continue;
        }
        if (f->is64) {
            s = (ElfLoad){
                .offset = ld64_le(p + offsetof(Elf64_Phdr, p_offset)),
                .filesz = ld64_le(p + offsetof(Elf64_Phdr, p_filesz)),
                .memsz = ld64_le(p + offsetof(Elf64_Phdr, p_memsz)),
                .vaddr = ld64_le(p + offsetof(Elf64_Phdr, p_vaddr)),
                .paddr = ld64_le(p + offsetof(Elf64_Phdr, p_paddr)),
            };
        } else {
            s = (ElfLoad){
                .offset = ld32_le(p + offsetof(Elf32_Phdr, p_offset)),
                .filesz = ld32_le(p + offsetof(Elf32_Phdr, p_filesz)),
                .memsz = ld32_le(p + offsetof(Elf32_Phdr, p_memsz)),
                .vaddr = ld32_le(p + offsetof(Elf32_Phdr, p_vaddr)),
                .paddr = ld32_le(p + offsetof(Elf32_Phdr, p_paddr)),
            };
        }
        if (s.memsz == 0 && s.filesz == 0) {
            continue;
        }
        if (s.filesz > s.memsz) {
            error_setg(errp, "%s: damaged ELF file: segment %u is larger in the file than in memory",
                       f->name, i);
            return false;
        }
        if (!range_within(s.offset, s.filesz, f->size)) {
            error_setg(errp, "%s: truncated ELF file: segment %u lies beyond its end", f->name, i);
            return false;
        }
        if (f->nr_load == MAX_LOAD_SEGMENTS) {
            error_setg(errp, "%s: ELF file with more than %d segments to load", f->name,
                       MAX_LOAD_SEGMENTS);
            return false;
        }
        f->load[f->nr_load++] = s;
    }
    if (!f->nr_load) {
        return bad(f, errp, "ELF file without anything to load");
    }
    return true;
}

/*
 * A linker that is told only where the code goes (-Ttext=0x80000000) puts the headers of the file
 * into a segment of their own at its usual address, or onto the page before the code. Nobody
 * reads them there: what lies before memory of a segment that begins with the headers is left out.
 */
static void leave_out_headers(ImageLoader *l, ElfFile *f)
{
    unsigned n = 0;

    for (unsigned i = 0; i < f->nr_load; i++) {
        ElfLoad s = f->load[i];
        uint64_t skip = 0, end;

        if (s.offset == 0 && u64_add(s.paddr, s.memsz, &end)) {
            while (skip < s.filesz && skip < HEADERS_MAX &&
                   !address_space_has_ram(l->as, s.paddr + skip, s.memsz - skip)) {
                skip += MIN(HEADERS_GRAIN - (s.paddr + skip) % HEADERS_GRAIN, s.filesz - skip);
            }
            if (f->entry - s.vaddr < skip ||
                (skip < s.memsz &&
                 !address_space_has_ram(l->as, s.paddr + skip, s.memsz - skip))) {
                skip = 0; /* not headers: let the error name it */
            }
        }
        s.offset += skip;
        s.filesz -= skip;
        s.memsz -= skip;
        s.vaddr += skip;
        s.paddr += skip;
        if (s.memsz) {
            f->load[n++] = s;
        }
    }
    f->nr_load = n;
}

/* Every segment inside [lo, hi), none over another; gives the extent and the physical entry. */
static bool check_placement(const ElfFile *f, hwaddr lo, hwaddr hi, LoadedImage *out, Error **errp)
{
    uint64_t first = UINT64_MAX, end = 0;
    bool has_entry = false;

    for (unsigned i = 0; i < f->nr_load; i++) {
        const ElfLoad *s = &f->load[i];
        uint64_t s_end;

        if (!u64_add(s->paddr, s->memsz, &s_end) || s->paddr < lo || s_end > hi) {
            error_setg(errp,
                       "%s: segment of 0x%" PRIx64 " bytes at 0x%" PRIx64
                       " does not fit in memory (0x%" PRIx64 "-0x%" PRIx64 ")",
                       f->name, s->memsz, s->paddr, lo, hi - 1);
            return false;
        }
        for (unsigned j = 0; j < i; j++) {
            const ElfLoad *t = &f->load[j];
            if (s->paddr < t->paddr + t->memsz && t->paddr < s_end) {
                error_setg(errp, "%s: damaged ELF file: segments at 0x%" PRIx64 " and 0x%" PRIx64
                           " overlap", f->name, t->paddr, s->paddr);
                return false;
            }
        }
        /* Linked at a virtual address, started at the physical one. */
        if (f->entry >= s->vaddr && f->entry - s->vaddr < s->memsz && !has_entry) {
            out->entry = s->paddr + (f->entry - s->vaddr);
            has_entry = true;
        }
        first = MIN(first, s->paddr);
        end = MAX(end, s_end);
    }
    if (!has_entry) {
        error_setg(errp, "%s: the entry point 0x%" PRIx64 " is in none of the ELF file's segments",
                   f->name, f->entry);
        return false;
    }
    out->addr = first;
    out->size = end - first;
    return true;
}

bool loader_put_elf(ImageLoader *l, const char *name, GBytes *data, hwaddr lo, hwaddr hi,
                    LoadedImage *out, Error **errp)
{
    gsize size;
    ElfFile f = { .name = name, .data = g_bytes_get_data(data, &size) };
    LoadedImage image = { .name = NULL };
    SymbolSegment segments[MAX_LOAD_SEGMENTS];

    f.size = size;
    if (!parse_header(&f, errp) || !parse_loads(&f, errp)) {
        return false;
    }
    leave_out_headers(l, &f);
    if (!check_placement(&f, lo, hi, &image, errp)) {
        return false;
    }
    for (unsigned i = 0; i < f.nr_load; i++) {
        if (!loader_check_free(l, name, f.load[i].paddr, f.load[i].memsz, errp)) {
            return false;
        }
    }
    for (unsigned i = 0; i < f.nr_load; i++) {
        const ElfLoad *s = &f.load[i];
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(data, s->offset, s->filesz);

        image.name = loader_add(l, name, s->paddr, s->memsz, part);
    }
    for (unsigned i = 0; i < f.nr_load; i++) {
        segments[i] = (SymbolSegment){ f.load[i].vaddr, f.load[i].paddr, f.load[i].memsz };
    }
    symbols_add_elf(f.data, f.size, segments, f.nr_load);
    image.is_elf64 = f.is64;
    image.is_elf32 = !f.is64;
    *out = image;
    return true;
}

bool load_elf(ImageLoader *l, const char *what, const char *path, hwaddr lo, hwaddr hi,
              LoadedImage *out, Error **errp)
{
    g_autofree char *name = g_strdup_printf("%s %s", what, path);
    /* Debug sections may make the file larger than the memory that it loads into. */
    g_autoptr(GBytes) data = loader_read(what, path, 4 * GiB, errp);

    return data && loader_put_elf(l, name, data, lo, hi, out, errp);
}
