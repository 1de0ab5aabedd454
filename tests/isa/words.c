/*
 * Executes words one by one in U-mode, where nothing can go wrong: every word is followed by c.ebreak, all
 * registers point into pages of data, and nothing else is mapped. For each it notes the exception and
 * where, mtval, and for arithmetic the registers; a hash of 65,536 of them (a block) is printed.
 * words.py compares ours with other models, and asks for the outcomes of a block that differs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

void word_run(u64 *regs, u64 va);
void clear_vectors(u64 vtype);
void tohost_end(void);

#define MAX_SKIPS 64
#define SLOT_VA 0x40000000ul
#define DATA_VA 0x50000000ul
#define PER_PAGE 256

/* Where words are laid out, page after page: a translator that drops code whenever its page is written to would
 * do little else with a single one. */
#define POOL 0x82000000ul
#define POOL_PAGES 16384ul

/* words.py finds the first word in the file and sets the rest. */
static volatile struct {
    u64 magic;
    u64 kind;    /* 0 all of 16 bits, 1 random ones of 32, 2 those one bit away from a row's */
    u64 seed, blocks, detail, vectors, skips;
    struct { u32 mask, bits; } skip[MAX_SKIPS];
} params = { .magic = 0x7364726f776f6572, .blocks = 1 };

static const struct row {
    u32 mask, bits;
} rows[] = {
#include "words-rows.h"
};

static u8 data[8192] __attribute__((aligned(4096)));
static u32 words[PER_PAGE];
static u64 regs[32], hash, legal, skipped, n_pages, *slot_pte;

static u64 state;
static u64 rnd(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1d;
}

static void mix(u64 v)
{
    hash = (hash ^ v) * 0x100000001b3;
    hash ^= hash >> 29;
}

static u32 insn_size(u32 word)
{
    return (word & 3) == 3 ? 4 : 2;
}

/* Jumps go 8 bytes on, so that they find a c.ebreak. */
static u32 tame(u32 w)
{
    if ((w & 0x7f) == 0x6f) {
        return (w & 0xfff) | 4 << 21;
    }
    if ((w & 0x7f) == 0x63) {
        return (w & ~0xfe000f80u) | 4 << 8;
    }
    if ((w & 0xe003) == 0xa001) {
        return 0xa001 | 1 << 5;
    }
    if ((w & 0xc003) == 0xc001) {
        return (w & ~0x1c7cu) | 1 << 10;
    }
    return w;
}

static u32 next_word(u64 n)
{
    u64 r = rnd();

    if (params.kind == 0) {
        return n & 0xffff;
    }
    if (params.kind == 2) {
        const struct row *row = &rows[(r >> 40) % (sizeof(rows) / sizeof(rows[0]))];
        u32 w = row->bits | ((u32)r & ~row->mask);

        if ((row->bits & 3) != 3) {
            w &= 0xffff;
        }
        return w ^ 1u << (rnd() >> 20) % 32;
    }
    return (u32)r | 3;
}

static bool is_vector(u32 w)
{
    u32 width = w >> 12 & 7;

    return (w & 0x7f) == 0x57 || (w & 0x7f) == 0x77 ||
           (((w & 0x7f) == 0x07 || (w & 0x7f) == 0x27) && (width == 0 || width >= 5));
}

/* Indexed stores whose data and indices may be one register, read with two widths: reserved (V, 5.2), but
 * no other model cares. */
static bool stores_its_index(u32 w)
{
    return is_vector(w) && (w & 0x7f) == 0x27 && (w & 1 << 26) &&
           (((w >> 20) - (w >> 7)) & 31) - 8 >= 16;
}

/* The same of an accumulator and a narrower source, and of two sources: Spike does not care, nor QEMU of
 * all. */
static bool reads_two_widths(u32 w)
{
    u32 form = w >> 12 & 7, funct6 = w >> 26, vd = w >> 7, vs1 = w >> 15, vs2 = w >> 20;
    bool vv = form == 0 || form == 1 || form == 2;

    if ((w & 0x7f) != 0x57) {
        return false;
    }
    if (funct6 >= 0x3c && form != 0 && form != 3 && form != 4) {
        return ((vs2 - vd) & 31) < 8 || (vv && ((vs1 - vd) & 31) < 8);
    }
    return vv && (funct6 == 0x0e || (funct6 == 0x17 && form == 2) ||
                  (funct6 >= 0x2c && funct6 <= 0x37)) &&
           (((vs1 - vs2) & 31) < 8 || ((vs2 - vs1) & 31) < 8);
}

static bool skip(u32 w)
{
    if (stores_its_index(w) || reads_two_widths(w)) {
        return true;
    }
    for (u64 i = 0; i < params.skips; i++) {
        if ((w & params.skip[i].mask) == params.skip[i].bits) {
            return true;
        }
    }
    return false;
}

/* Arithmetic on x registers alone, whose results are the same everywhere. */
static bool is_plain(u32 w)
{
    if ((w & 3) != 3) {
        return (w & 3) == 1 || (w & 0xe003) == 2 || (w & 0xe003) == 0x8002 || (w & 0xe003) == 0;
    }
    switch (w & 0x7f) {
    case 0x13: case 0x1b: case 0x33: case 0x3b: case 0x37: case 0x17: case 0x0f:
        return true;
    }
    return false;
}

static void put_field(u64 v)
{
    put_short(v);
    puts(" ");
}

static void look_at(unsigned slot, u64 n)
{
    static const u64 vtypes[] = { 0, 8, 16, 24, 1, 10, 0xcf, 0xd3, 0x0b, 7, 0x18, 0x5e };
    u32 w = words[slot];
    u64 va = SLOT_VA + 16 * slot, cause, epc, tval, sum = 0;

    if (params.vectors && is_vector(w)) {
        clear_vectors(vtypes[n % (sizeof(vtypes) / sizeof(vtypes[0]))]);
    }
    csr_write("fcsr", 0);
    for (unsigned i = 1; i < 32; i++) {
        regs[i] = DATA_VA + 0x1000 - 0x400 + 64 * i;
    }
    word_run(regs, va);
    cause = csr_read("mcause");
    epc = csr_read("mepc") - va;
    tval = csr_read("mtval");
    if (cause == 3) {
        tval = 0; /* either way is right */
        legal += epc != 0;
        for (unsigned i = 1; i < 32 && is_plain(w); i++) {
            sum = (sum ^ regs[i]) * 0x100000001b3;
            sum ^= sum >> 31;
        }
    }
    mix(w);
    mix(cause << 32 ^ epc);
    mix(tval);
    mix(sum);
    if (params.detail) {
        put_field(w);
        put_field(cause);
        put_field(epc & 0xffff);
        put_field(tval);
        put_field(sum);
        puts("\n");
    }
}

static void run_page(u64 first)
{
    u64 pa = POOL + 4096 * (n_pages++ % POOL_PAGES);
    u16 *page = (u16 *)pa;
    unsigned used = 0;

    *slot_pte = pte(pa, PTE_V | PTE_U | PTE_X | PTE_R | PTE_A);
    sfence_all();
    while (used < PER_PAGE) {
        u32 w = tame(next_word(first + used));

        if (skip(w)) {
            w = 1; /* c.nop, so that the numbers stay what they are */
            skipped++;
        }
        words[used] = w;
        for (unsigned i = 0; i < 8; i++) {
            page[8 * used + i] = 0x9002;
        }
        page[8 * used] = (u16)w;
        if (insn_size(w) == 4) {
            page[8 * used + 1] = (u16)(w >> 16);
        }
        used++;
    }
    __asm__ volatile("fence.i" : : : "memory");
    for (unsigned i = 0; i < PER_PAGE; i++) {
        look_at(i, first + i);
    }
}

int main(void)
{
    u64 *root = pt_new(3, 0);

    slot_pte = pt_entry(root, 3, SLOT_VA, 0);
    for (u64 i = 0; i < 2; i++) {
        *pt_entry(root, 3, DATA_VA + 4096 * i, 0) =
            pte((u64)data + 4096 * i, PTE_V | PTE_U | PTE_R | PTE_W | PTE_A | PTE_D);
    }
    csr_write("mie", 0);
    csr_set("mstatus", MSTATUS_FS | 3 << 9 | MSTATUS_TW);
    csr_write("mcounteren", 0);
    csr_write(MENVCFG, 0xf0);
    csr_write(SENVCFG, 0xf0);
    csr_write("0x30c", ~0ul); /* mstateen0 and sstateen0, where they are */
    csr_write("0x10c", ~0ul);
    csr_write("satp", pt_satp(root, 3, 0));
    sfence_all();
    state = params.seed * 0x9e3779b97f4a7c15 + 1;
    for (u64 block = 0; block < params.blocks; block++) {
        hash = params.seed + block;
        legal = skipped = 0;
        if (params.kind) {
            state = (params.seed + block) * 0x9e3779b97f4a7c15 | 1;
        }
        for (u64 n = 0; n < 65536; n += PER_PAGE) {
            run_page(n);
        }
        puts("= ");
        put_field(params.seed + block);
        put_field(hash);
        put_field(legal);
        put_field(skipped);
        puts("\n");
    }
    csr_write("satp", 0);
    puts("PASS\n");
    tohost_end();
    return 0;
}
