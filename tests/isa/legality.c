/*
 * Runs one instance of every row of the instruction tables in each mode, with FS on and off, and prints
 * which were illegal instructions. legality.py makes the instances and knows what to expect.
 *
 * While the instruction runs a0 and sp point to a buffer, and a1 to what follows the instruction.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

static const struct word {
    const char *name;
    u32 insn;
    const char *avoid; /* modes in which it is not run */
} words[] = {
#include "legality-words.h"
};

static u32 stub[16] __attribute__((aligned(64)));
static u64 buffer[256] __attribute__((aligned(4096)));
typedef u64 (*stub_fn)(u64);

/* mv t0, ra; mv t1, sp; mv sp, a0; auipc a1, 0; addi a1, a1, 8 + length; INSTRUCTION; mv sp, t1; jr t0 */
static void make_stub(u32 insn)
{
    static const u32 head[] = { 0x00008293, 0x00010313, 0x00050113, 0x00000597 };
    bool is_long = (insn & 3) == 3;
    unsigned n = 0;

    for (unsigned i = 0; i < 4; i++) {
        stub[n++] = head[i];
    }
    stub[n++] = is_long ? 0x00c58593 : 0x00a58593;
    /* A 16-bit instruction is followed by c.nop. */
    stub[n++] = is_long ? insn : insn | 0x00010000;
    stub[n++] = 0x00030113;
    stub[n++] = 0x00028067;
    __asm__ volatile("fence.i" : : : "memory");
}

static bool avoided(const struct word *w, char mode)
{
    for (const char *p = w->avoid; *p; p++) {
        if (*p == mode) {
            return true;
        }
    }
    return false;
}

static char try_in(const struct word *w, unsigned mode)
{
    static const char letters[] = { 'U', 'S', '?', 'M' };

    if (avoided(w, letters[mode])) {
        return '-';
    }
    hart()->trap.count = 0;
    hart()->trap.cause = ~0ul;
    run_in(mode, (stub_fn)stub, (u64)buffer);
    return hart()->trap.count && hart()->trap.cause == 2 ? 'i' : '.';
}

int main(void)
{
    csr_write("mie", 0);
    csr_write(MENVCFG, 0);
    csr_write(SENVCFG, 0);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const struct word *w = &words[i];
        char line[8] = { 0 };
        unsigned n = 0;

        make_stub(w->insn);
        for (unsigned fs = 0; fs < 2; fs++) {
            csr_clear("mstatus", MSTATUS_FS);
            if (!fs) {
                csr_set("mstatus", 1 << 13);
            }
            line[n++] = try_in(w, MODE_M);
            line[n++] = try_in(w, MODE_S);
            line[n++] = try_in(w, MODE_U);
        }
        puts(w->name);
        puts(" ");
        puts(line);
        puts("\n");
    }
    return 0;
}
