/*
 * Loads and stores across pages; fault-only-first loads, of every width and number of fields, where they meet the end of what can be
 * loaded: a page that is not there, within an element and between fields, and a few bytes that PMP closes.
 * What loads compute otherwise is compared with another emulator by tests/random/run.py --vlen.
 *
 * A segment is loaded whole or not at all. Of the first one the manual leaves that open.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define OPEN (PTE_V | PTE_R | PTE_W | PTE_A | PTE_D)
#define VS (3ul << 9)
#define VLENB 16 /* vlen=128 on the command line */
#define OLD 0xee
#define MASKED 4 /* of call() */

static u64 *root;
static u64 low = 0x1234567000, end = 0x1234568000; /* the first page and what follows it */
static u8 *page, *page2;
static u8 regs[8 * VLENB] __attribute__((aligned(16)));

/* vlseg<nf>e<8 << eew>ff.v v8, (a0) and a return, by eew and nf; then the same masked. */
extern u8 loads[];
__asm__(".option push\n.option norvc\n.balign 8\n"
        "loads:\n"
        ".irp vm, 1, 0\n.irp width, 0, 5, 6, 7\n.irp nf, 0, 1, 2, 3, 4, 5, 6, 7\n"
        ".4byte \\nf << 29 | \\vm << 25 | 0x10 << 20 | 10 << 15 | \\width << 12 | 8 << 7 | 7\n"
        "ret\n"
        ".endr\n.endr\n.endr\n.option pop\n");

/* Loads as S-mode would, into registers that hold OLD; their bytes are in regs then. The new vl. */
static u64 call(unsigned kind, unsigned nf, unsigned avl, u64 va)
{
    unsigned eew = kind & 3;
    void *fn = loads + 8 * (kind * 8 + nf - 1);
    register u64 a0 __asm__("a0") = va;
    u64 vl;

    for (unsigned i = 0; i < sizeof regs; i++) {
        regs[i] = OLD;
    }
    __asm__ volatile(".option push\n.option arch, +v\n"
                     "vl8re8.v v8, (%2)\n"
                     "li t0, 0xfe\n"
                     "vsetivli zero, 1, e16, m1, ta, ma\n"
                     "vmv.s.x v0, t0\n"
                     "vsetvl zero, %3, %4\n"
                     "csrc mstatus, %5\n"
                     "csrs mstatus, %6\n"
                     "jalr %7\n"
                     "csrc mstatus, %5\n"
                     "csrr %1, vl\n"
                     "vs8r.v v8, (%2)\n"
                     ".option pop"
                     : "+r"(a0), "=&r"(vl)
                     : "r"(regs), "r"((u64)avl), "r"((u64)eew << 3), "r"(MSTATUS_MPRV | MSTATUS_MPP),
                       "r"(MSTATUS_MPRV | (u64)MODE_S << 11), "r"(fn)
                     : "ra", "t0", "memory");
    CHECK_EQ(csr_read("vstart"), 0);
    return vl;
}

static u8 byte_at(u64 va)
{
    return (u8)(va * 37 >> 3 ^ va);
}

/* Elements first to n are in the registers, and nothing else. */
static void check_regs(unsigned eew, unsigned nf, u64 va, unsigned first, unsigned n)
{
    for (unsigned f = 0; f < 8; f++) {
        for (unsigned b = 0; b < VLENB; b++) {
            unsigned i = b >> eew;
            u64 at = va + ((u64)(i * nf + f) << eew) + (b & ((1u << eew) - 1));
            CHECK_EQ(regs[f * VLENB + b], f < nf && i >= first && i < n ? byte_at(at) : OLD);
        }
    }
}

static void map_second(bool there)
{
    *pt_entry(root, 3, end, 0) = there ? pte((u64)page2, OPEN) : 0;
    sfence_all();
}

/* room bytes can be loaded, or all. */
static void try_end(unsigned eew, unsigned nf, unsigned room, bool there)
{
    unsigned max = VLENB >> eew, n = room / (nf << eew);
    u64 va = end - room;

    if (there || n > max) {
        n = max;
    }
    if (n == 0) {
        EXPECT_TRAP_AT(13, end, CHECK_EQ(call(eew, nf, max, va), max));
    } else {
        EXPECT_NO_TRAP(CHECK_EQ(call(eew, nf, max, va), n));
    }
    check_regs(eew, nf, va, 0, n);
    /* With element 0 off none traps. It may be the only one. */
    if (n == 0) {
        n = 1;
    }
    EXPECT_NO_TRAP(CHECK_EQ(call(eew | MASKED, nf, max, va), n));
    check_regs(eew, nf, va, 1, n > 8 ? 8 : n);
}

static void test_page_end(void)
{
    for (unsigned there = 0; there < 2; there++) {
        map_second(there);
        for (unsigned eew = 0; eew < 4; eew++) {
            for (unsigned nf = 1; nf <= 8; nf++) {
                for (unsigned room = 1; room <= 3 * nf << eew; room++) {
                    try_end(eew, nf, room, there);
                }
            }
        }
    }
}

/* The rule for the 4 bytes, and one for all else. */
static void set_pmp(u64 cfg)
{
    csr_write("pmpcfg0", 0x1f00 | cfg);
    sfence_all();
}

/* PMP refuses 4 bytes of a page, or has a rule of its own for them. */
static void test_pmp(void)
{
    u64 va = low + 64;

    map_second(true);
    csr_write("pmpaddr1", ~0ul);
    set_pmp(0x1f);
    csr_write("pmpaddr0", (u64)(page + 64) >> 2);
    set_pmp(0x10); /* NA4 */
    for (unsigned eew = 0; eew < 4; eew++) {
        unsigned max = VLENB >> eew;
        for (unsigned n = 1; n < max; n++) {
            EXPECT_NO_TRAP(CHECK_EQ(call(eew, 1, max, va - (n << eew)), n));
            check_regs(eew, 1, va - (n << eew), 0, n);
        }
        EXPECT_TRAP_AT(5, va, call(eew, 1, max, va));
    }
    EXPECT_TRAP_AT(5, va, call(2, 2, 4, va - 4));
    check_regs(2, 2, va - 4, 0, 0);
    EXPECT_NO_TRAP(CHECK_EQ(call(2, 2, 4, va - 12), 1));
    check_regs(2, 2, va - 12, 0, 1);
    /* A segment may be in two regions if none of its fields is. */
    set_pmp(0x11);
    EXPECT_NO_TRAP(CHECK_EQ(call(2, 2, 4, va - 12), 4));
    check_regs(2, 2, va - 12, 0, 4);
}

/* ---- Loads and stores over two pages that do not follow one another in memory ---- */

enum { COPY = 0x2000, FROM = 0xf80, STEPS = 0xa0, GROUP = 4 * VLENB };

/* Group by group, each a byte further; again and again, so that it is compiled. */
static void copy_bytewise(u64 va, unsigned rounds)
{
    __asm__ volatile(".option push\n.option arch, +v\n"
                     "csrc mstatus, %4\ncsrs mstatus, %5\n"
                     "1: mv t0, %1\nli t1, %2\n"
                     "2: vsetvli t2, zero, e8, m4, ta, ma\n"
                     "vle8.v v8, (t0)\nadd t2, t0, %3\nvse8.v v8, (t2)\n"
                     "vle8.v v12, (t0)\nvadd.vi v16, v12, 1\n"
                     "addi t0, t0, 1\naddi t1, t1, -1\nbnez t1, 2b\n"
                     "addi %0, %0, -1\nbnez %0, 1b\n"
                     "csrc mstatus, %4\n"
                     ".option pop"
                     : "+r"(rounds)
                     : "r"(va), "i"(STEPS), "r"((u64)COPY), "r"(MSTATUS_MPRV | MSTATUS_MPP),
                       "r"(MSTATUS_MPRV | (u64)MODE_S << 11)
                     : "t0", "t1", "t2", "memory");
}

static void test_two_pages(void)
{
    u8 *to2 = page_alloc(), *to = page_alloc();

    map_second(true);
    *pt_entry(root, 3, low + COPY, 0) = pte((u64)to, OPEN);
    *pt_entry(root, 3, end + COPY, 0) = pte((u64)to2, OPEN);
    sfence_all();
    EXPECT_NO_TRAP(copy_bytewise(low + FROM, 20));
    for (unsigned i = 0; i < 4096; i++) {
        to[i] = to2[i] = 0;
    }
    EXPECT_NO_TRAP(copy_bytewise(low + FROM, 1));
    for (unsigned i = 0; i < 8192; i++) {
        bool copied = i >= FROM && i < FROM + STEPS - 1 + GROUP;
        CHECK_EQ(i < 4096 ? to[i] : to2[i - 4096], copied ? byte_at(low + i) : 0);
    }
}

int main(void)
{
    page2 = page_alloc();
    page = page_alloc();
    for (unsigned i = 0; i < 4096; i++) {
        page[i] = byte_at(low + i);
        page2[i] = byte_at(end + i);
    }
    csr_set("mstatus", VS);
    root = pt_new(3, OPEN);
    *pt_entry(root, 3, low, 0) = pte((u64)page, OPEN);
    csr_write("satp", pt_satp(root, 3, 0));
    sfence_all();
    test_page_end();
    test_two_pages();
    test_pmp();
    return 0;
}
