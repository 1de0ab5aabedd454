/*
 * Every CSR number in every privilege mode and virtualisation state: whether it can be read and
 * written (else which exception), with everything that can be opened to lower modes open, all closed,
 * and open but to guests; and what it holds after 0, all ones, walking ones and walking zeroes have
 * been written to it. csr-walk.py compares the output with other models'.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

void probe_run(u64 *io, u64 mode, void *stub);
void tohost_end(void);

enum { GOT, BACK, CAUSE, EPC, TVAL, IO };

static const struct mode {
    const char *name;
    u64 mode, ecall;
} modes[] = {
    { "M", 3, 11 }, { "S", 1, 9 }, { "U", 0, 8 }, { "VS", 5, 10 }, { "VU", 4, 8 },
};

/* csr-walk.py finds the first word in the file, and says what a model does not stand. */
static volatile struct {
    u64 magic;
    u64 no_triggers;    /* tdata1 is not to be written: QEMU ends with an assertion at unknown types */
    u64 no_odd_pmm;     /* nor is the reserved value 1 to PMM: QEMU 11 does at that */
} params = { .magic = 0x6b6c61772d727363 };

static u32 stub[4] __attribute__((aligned(16)));
static bool has_h;

/* csrrw a2, csr, a1; csrrw a3, csr, a2; ecall */
static void make_swap(unsigned csr)
{
    stub[0] = csr << 20 | 11 << 15 | 1 << 12 | 12 << 7 | 0x73;
    stub[1] = csr << 20 | 12 << 15 | 1 << 12 | 13 << 7 | 0x73;
    stub[2] = 0x00000073;
    __asm__ volatile("fence.i" : : : "memory");
}

/* csrrs a2, csr, x0; ecall */
static void make_read(unsigned csr)
{
    stub[0] = csr << 20 | 2 << 12 | 12 << 7 | 0x73;
    stub[1] = 0x00000073;
    __asm__ volatile("fence.i" : : : "memory");
}

/* 0 if the stub came to its ecall, else the cause and 0x100 for each instruction before. */
static u64 run(const struct mode *m, u64 value, u64 *io)
{
    u64 offset;

    io[0] = value;
    io[1] = 0;
    probe_run(io, m->mode, stub);
    if (io[CAUSE] == m->ecall) {
        return 0;
    }
    offset = io[EPC] - (u64)stub;
    if (offset > 12) {
        offset = 12;
    }
    csr_write("mie", 0);
    csr_write("satp", 0);
    if (has_h) {
        csr_write("0x280", 0);
        csr_write("0x680", 0);
    }
    return io[CAUSE] | offset << 6;
}

/* Values that move by themselves, or tell where the program is. */
static bool is_volatile(unsigned csr)
{
    return (csr >= 0xb00 && csr < 0xb20) || (csr >= 0xc00 && csr < 0xc20) || csr == 0x15 ||
           csr == 0xda0;
}

static bool is_place(unsigned csr)
{
    return (csr >= 0x340 && csr <= 0x34b) || csr == 0x305 || csr == 0x105 || csr == 0x140 || csr == 0x300;
}

/* Bits that would lock us out for good. */
static u64 dangerous(unsigned csr)
{
    if (csr >= 0x3a0 && csr <= 0x3af) {
        return 0x8080808080808080;
    }
    if (csr == 0x300) {
        return 1ul << 42;   /* MDT: the next trap would be a double one */
    }
    if (csr == 0x747) {
        return 7 | (params.no_odd_pmm ? 1ul << 32 : 0);
    }
    if (csr == 0x10a || csr == 0x30a || csr == 0x60a) {
        return params.no_odd_pmm ? 1ul << 32 : 0;
    }
    return 0;
}

static void walk(const struct mode *m, unsigned csr)
{
    u64 avoid = dangerous(csr), io[IO], zeroes, all, set = 0, cleared = 0, side = 0, traps = 0;

    traps += run(m, 0, io) != 0;
    zeroes = io[BACK];
    traps += run(m, ~avoid, io) != 0;
    all = io[BACK];
    for (unsigned bit = 0; bit < 64; bit++) {
        u64 one = 1ul << bit;

        if (one & avoid) {
            continue;
        }
        traps += run(m, one, io) != 0;
        set |= io[BACK] & one;
        side |= (io[BACK] ^ zeroes) & ~one;
        traps += run(m, ~one & ~avoid, io) != 0;
        cleared |= ~io[BACK] & one;
    }
    puts(" 0:");
    put_short(zeroes);
    puts(" 1:");
    put_short(all);
    puts(" set:");
    put_short(set);
    puts(" cleared:");
    put_short(cleared);
    puts(" side:");
    put_short(side);
    puts(" traps:");
    put_short(traps);
}

static void look_at(const char *config, const struct mode *m, unsigned csr, bool walking)
{
    u64 io[IO], r, w, start;

    make_read(csr);
    r = run(m, 0, io);
    start = io[GOT];
    make_swap(csr);
    w = run(m, start, io);
    if ((r & 63) == 2 && (w & 63) == 2) {
        return;
    }
    puts(config);
    puts(" ");
    puts(m->name);
    puts(" ");
    put_short(csr);
    puts(" r:");
    put_short(r);
    puts(" w:");
    put_short(w);
    if (walking && !r && !is_volatile(csr) && !(params.no_triggers && csr >= 0x7a0 && csr <= 0x7af)) {
        if (!is_place(csr)) {
            puts(" start:");
            put_short(start);
        }
        if (!w) {
            walk(m, csr);
        }
    }
    puts("\n");
}

static void enables(u64 m, u64 s, u64 h);

static void look_at_all(const char *config, bool walking, u64 e_m, u64 e_s, u64 e_h)
{
    for (unsigned i = 0; i < (has_h ? 5 : 3); i++) {
        /* Anew: a bit that was closed above for a while may or may not have been lost below. */
        enables(e_m, e_s, e_h);
        for (unsigned csr = 0; csr < 4096; csr++) {
            look_at(config, &modes[i], csr, walking);
        }
    }
}

/* Registers that a model does not have are skipped by the trap handler. */
static void enables(u64 m, u64 s, u64 h)
{
    csr_write("0x30c", m);      /* mstateen0 */
    csr_write("0x30d", m);
    csr_write("0x30e", m);
    csr_write("0x30f", m);
    csr_write("mcounteren", m);
    csr_write(MENVCFG, m & ~(1ul << 59)); /* without DTE: SDT would make traps of S double ones */
    if (has_h) {
        csr_write("0x60c", h);  /* hstateen0 */
        csr_write("0x60d", h);
        csr_write("0x60e", h);
        csr_write("0x60f", h);
        csr_write("0x606", h);  /* hcounteren */
        csr_write("0x60a", h & ~(1ul << 59)); /* henvcfg */
    }
    csr_write("0x10c", s);      /* sstateen0 */
    csr_write("0x10d", s);
    csr_write("0x10e", s);
    csr_write("0x10f", s);
    csr_write("scounteren", s);
    csr_write(SENVCFG, s);
}

int main(void)
{
    csr_clear("mstatus", 1ul << 42); /* MDT */
    hart()->trap.count = 0;
    csr_set("0x744", 8);        /* mnstatus.NMIE */
    csr_write("mie", 0);
    csr_write("mideleg", ~0ul);
    /* No timer is due. */
    *(volatile u64 *)CLINT_MTIMECMP(0) = ~0ul;
    csr_set(MENVCFG, MENVCFG_STCE);
    csr_write(STIMECMP, ~0ul);
    hart()->trap.count = 0;
    csr_write("0x602", 0);
    has_h = !hart()->trap.count;
    if (has_h) {
        csr_write("0x603", ~0ul);
        csr_write("0x24d", ~0ul); /* vstimecmp */
        csr_write("0x200", MSTATUS_FS | 3 << 9); /* vsstatus */
    }
    csr_set("mstatus", MSTATUS_FS | 3 << 9);
    csr_write("0x106", 0);
    look_at_all("open", true, ~0ul, ~0ul, ~0ul);
    look_at_all("closed", false, 0, 0, 0);
    csr_set("mstatus", MSTATUS_TVM);
    if (has_h) {
        csr_set("0x600", 7ul << 20); /* hstatus: VTSR, VTW, VTVM */
    }
    look_at_all("noguest", false, ~0ul, ~0ul, 0);
    csr_clear("mstatus", MSTATUS_TVM | MSTATUS_FS | 3 << 9);
    if (has_h) {
        csr_write("0x600", 0);
    }
    look_at_all("nouser", false, ~0ul, 0, ~0ul);
    puts("PASS\n");
    tohost_end();
    return 0;
}
