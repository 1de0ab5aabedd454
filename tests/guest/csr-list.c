/*
 * Lists what every CSR number answers: who may read it, whether M may write it, its value at the
 * start, the bits that followed walking ones and stayed set against walking zeroes. csr-list.py
 * compares the output.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

static u32 stub[4] __attribute__((aligned(16)));
typedef u64 (*stub_fn)(u64);

/* csrrs a0, csr, x0 or csrrw a0, csr, a0; then ret. */
static void make_stub(unsigned csr, bool write)
{
    stub[0] = csr << 20 | (write ? 10 << 15 : 0) | (write ? 1 : 2) << 12 | 10 << 7 | 0x73;
    stub[1] = 0x00008067;
    __asm__ volatile("fence.i" : : : "memory");
}

/* Whether the stub ran without a trap in a mode. */
static bool legal_in(unsigned mode)
{
    hart()->trap.count = 0;
    run_in(mode, (stub_fn)stub, 0);
    return hart()->trap.count == 0;
}

static u64 run_stub(u64 a)
{
    return ((stub_fn)stub)(a);
}

/* Counters move by themselves: only who may access them is told. */
static bool is_counter(unsigned csr)
{
    return (csr >= 0xb00 && csr < 0xb20) || (csr >= 0xc00 && csr < 0xc20);
}

/* Bits that would lock us out. */
static u64 dangerous(unsigned csr)
{
    if (csr >= 0x3a0 && csr <= 0x3af)
        return 0x8080808080808080; /* locks */
    return 0;
}

static void walk(unsigned csr, u64 *ones, u64 *zeroes)
{
    u64 saved, avoid = dangerous(csr);

    make_stub(csr, false);
    saved = run_stub(0);
    *ones = 0;
    *zeroes = ~0ul;
    for (unsigned bit = 0; bit < 64; bit++) {
        u64 one = 1ul << bit, v;

        if (one & avoid)
            continue;
        make_stub(csr, true);
        run_stub(one);
        v = run_stub(saved);
        *ones |= v & one;
        run_stub(~one & ~avoid);
        v = run_stub(saved);
        *zeroes &= v | ~one;
    }
}

static void list(unsigned csr, bool m, bool s, bool u)
{
    u64 value, ones, zeroes;
    bool w;

    csr_clear("mstatus", MSTATUS_MIE); /* run_in() set it */
    csr_write("mepc", 0);              /* and left its address here */
    make_stub(csr, false);
    value = m ? run_stub(0) : 0;
    make_stub(csr, true);
    hart()->trap.count = 0;
    if (m)
        run_stub(value);
    w = m && !hart()->trap.count;
    put_hex(csr);
    puts(m ? " M" : " -");
    puts(s ? "S" : "-");
    puts(u ? "U" : "-");
    puts(w ? "W" : "-");
    if (!is_counter(csr)) {
        puts(" ");
        put_hex(value);
        if (w) {
            walk(csr, &ones, &zeroes);
            puts(" ");
            put_hex(ones);
            puts(" ");
            put_hex(zeroes);
        }
    }
    puts("\n");
}

int main(void)
{
    csr_write("mcounteren", ~0ul);
    csr_write("scounteren", ~0ul);
    csr_write("mie", 0);
    csr_set(MENVCFG, MENVCFG_STCE);
    csr_set("mstatus", 1 << 13);
    for (unsigned csr = 0; csr < 4096; csr++) {
        bool m, s, u;

        make_stub(csr, false);
        m = legal_in(MODE_M);
        s = legal_in(MODE_S);
        u = legal_in(MODE_U);
        if (m || s || u)
            list(csr, m, s, u);
    }
    return 0;
}
