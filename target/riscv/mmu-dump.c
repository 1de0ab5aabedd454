/*
 * "info mem": what the page tables of a hart map.
 *
 * The tables are the guest's and may be anything, also tables of each other: the number of tables read
 * and of lines written is bounded.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/mmu.h"

#include <inttypes.h>

#include "target/riscv/bits.h"
#include "util/byteorder.h"

#define MAX_TABLES 65536
#define MAX_LINES 10000
#define ATTR_BITS (PTE_R | PTE_W | PTE_X | PTE_U | PTE_G | PTE_A | PTE_D)

typedef struct Dump {
    AddressSpace *as;
    GString *out;
    unsigned va_bits, tables, lines;
    /* The range being gathered; size 0: none. */
    uint64_t va, pa, size, attr;
} Dump;

static void flush_range(Dump *d)
{
    static const char letters[] = "rwxugad"; /* bits 1 to 7 of an entry */
    char attr[8];

    if (d->size && d->lines++ < MAX_LINES) {
        for (unsigned i = 0; i < 7; i++) {
            attr[i] = d->attr & (PTE_R << i) ? letters[i] : '-';
        }
        attr[7] = 0;
        g_string_append_printf(d->out, "%016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %s\n", d->va,
                               d->pa, d->size, attr);
    }
    d->size = 0;
}

static void add_page(Dump *d, uint64_t va, uint64_t pa, uint64_t size, uint64_t attr)
{
    if (d->size && d->va + d->size == va && d->pa + d->size == pa && d->attr == attr) {
        d->size += size;
        return;
    }
    flush_range(d);
    d->va = va;
    d->pa = pa;
    d->size = size;
    d->attr = attr;
}

static void dump_table(Dump *d, hwaddr table, uint64_t va, unsigned level)
{
    uint64_t span = 1ULL << (12 + 9 * level); /* bytes that an entry maps */
    uint8_t entries[4096];

    if (d->tables++ >= MAX_TABLES || !address_space_read_ram(d->as, table, entries, 4096)) {
        return;
    }
    for (unsigned i = 0; i < 512 && d->lines <= MAX_LINES; i++) {
        uint64_t pte = ld64_le(entries + 8 * i), at = va + i * span;
        hwaddr pa = PTE_PPN(pte) << 12;

        if (!(pte & PTE_V)) {
            continue;
        }
        if (at >> (d->va_bits - 1) & 1) {
            at |= ~0ULL << d->va_bits; /* virtual addresses are sign-extended */
        }
        if (!(pte & (PTE_R | PTE_W | PTE_X))) {
            if (level > 0) {
                dump_table(d, pa, at, level - 1);
            }
            continue;
        }
        if ((pte & PTE_N) && level == 0) { /* one of sixteen entries that map 64 KiB (Svnapot) */
            pa = (pa & ~0xFFFFULL) | (at & 0xFFFF);
        }
        add_page(d, at, pa & ~(span - 1), span, pte & ATTR_BITS);
    }
}

void riscv_dump_mappings(CPUState *cpu, GString *out)
{
    uint64_t satp = riscv_env(cpu)->satp;
    Dump d = { .as = cpu->as, .out = out };
    unsigned levels;

    if (SATP_MODE(satp) == SATP_BARE) {
        g_string_append(out, "no translation: satp.MODE is Bare\n");
        return;
    }
    levels = SATP_MODE(satp) - SATP_SV39 + 3;
    d.va_bits = 12 + 9 * levels;
    g_string_append(out, "vaddr            paddr            size             attr\n"
                         "---------------- ---------------- ---------------- -------\n");
    dump_table(&d, SATP_PPN(satp) << 12, 0, levels - 1);
    flush_range(&d);
    if (d.lines > MAX_LINES || d.tables > MAX_TABLES) {
        g_string_append(out, "... and more\n");
    }
}
