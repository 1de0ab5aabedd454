/*
 * The library of the test programs; see guest.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guest.h"

struct hart harts[MAX_HARTS];
u8 stacks[MAX_HARTS][STACK_SIZE] __attribute__((aligned(16)));
static u8 trap_stacks[MAX_HARTS][2][4096] __attribute__((aligned(16)));
static u8 pages[256][4096] __attribute__((aligned(4096)));
static unsigned pages_used;

_Static_assert(sizeof(struct hart) == HART_SIZE, "HART_SIZE");
_Static_assert(__builtin_offsetof(struct hart, m_regs) == HART_M_REGS, "HART_M_REGS");
_Static_assert(__builtin_offsetof(struct hart, s_regs) == HART_S_REGS, "HART_S_REGS");

extern char run_in_done[];

/* ---- Output and outcome ---- */

static void putc(char c)
{
    while (!(*(volatile u8 *)(UART + 5) & 0x20)) {
    }
    *(volatile u8 *)UART = (u8)c;
}

void puts(const char *s)
{
    while (*s) {
        putc(*s++);
    }
}

void put_hex(u64 v)
{
    puts("0x");
    for (int shift = 60; shift >= 0; shift -= 4) {
        putc("0123456789abcdef"[v >> shift & 15]);
    }
}

void put_short(u64 v)
{
    int shift = 60;

    while (shift && !(v >> shift)) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        putc("0123456789abcdef"[v >> shift & 15]);
    }
}

static _Noreturn void finish(u32 code)
{
    *(volatile u32 *)0x100000 = code;
    for (;;) {
        __asm__ volatile("wfi");
    }
}

_Noreturn void pass(void)
{
    puts("PASS\n");
    finish(0x5555);
}

static void put_dec(unsigned v)
{
    if (v >= 10) {
        put_dec(v / 10);
    }
    putc((char)('0' + v % 10));
}

/* An ecall for m_trap, with a0 to a4 and a7. */
static void ask_m_mode(const u64 *regs)
{
    register u64 a0 __asm__("a0") = regs[10];
    register u64 a1 __asm__("a1") = regs[11];
    register u64 a2 __asm__("a2") = regs[12];
    register u64 a3 __asm__("a3") = regs[13];
    register u64 a4 __asm__("a4") = regs[14];
    register u64 a7 __asm__("a7") = regs[17];
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7) : "memory");
}

/* A lower mode cannot reach the devices, so the M-mode handler is asked to do it. */
_Noreturn void fail_at(const char *file, int line, const char *what, u64 got, u64 want)
{
    u64 regs[32] = { [10] = (u64)file, (u64)line, (u64)what, got, want, [17] = RETURN_MAGIC + 1 };

    ask_m_mode(regs);
    for (;;) {
    }
}

static _Noreturn void report(const u64 *regs)
{
    const struct hart *h = hart();

    csr_write("satp", 0);
    csr_clear("mstatus", MSTATUS_MPRV);
    puts((const char *)regs[10]);
    puts(":");
    put_dec((unsigned)regs[11]);
    puts(": hart ");
    put_dec((unsigned)h->id);
    puts(": ");
    puts((const char *)regs[12]);
    puts(" is ");
    put_hex(regs[13]);
    puts(", not ");
    put_hex(regs[14]);
    puts("; last trap: cause ");
    put_hex(h->trap.cause);
    puts(" epc ");
    put_hex(h->trap.epc);
    puts(" tval ");
    put_hex(h->trap.tval);
    puts("\nFAIL\n");
    finish(1 << 16 | 0x3333);
}

/* ---- Traps ---- */

static u64 insn_length(u64 pc)
{
    return (*(const u16 *)pc & 3) == 3 ? 4 : 2;
}

/* Where to go on after an exception: after the instruction, or after the call of an address that
 * could not be fetched from. Code is mapped where it is, so the pc can be read as it stands. */
static u64 after(struct hart *h, const u64 *regs, u64 cause, u64 epc)
{
    u64 pc = h->resume;

    h->resume = 0;
    if (pc) {
        return pc;
    }
    if (cause == 0 || cause == 1 || cause == 12) {
        return regs[1];
    }
    return epc + insn_length(epc);
}

static void record(struct hart *h, u64 cause, u64 epc, u64 tval, u64 status, u64 mode)
{
    h->trap.cause = cause;
    h->trap.epc = epc;
    h->trap.tval = tval;
    h->trap.status = status;
    h->trap.handler = mode;
    h->trap.count++;
}

void m_trap(struct hart *h)
{
    u64 cause = csr_read("mcause"), epc = csr_read("mepc");
    bool is_ecall = cause >= 8 && cause <= 11;

    if (is_ecall && h->m_regs[17] == RETURN_MAGIC) {
        csr_set("mstatus", MSTATUS_MPP);
        csr_write("mepc", run_in_done);
        return;
    }
    if (is_ecall && h->m_regs[17] == RETURN_MAGIC + 1) {
        report(h->m_regs);
    }
    record(h, cause, epc, csr_read("mtval"), csr_read("mstatus"), MODE_M);
    if (!(cause & IRQ) && h->abandon) {
        h->abandon = 0;
        h->m_regs[10] = 0;
        csr_clear("mstatus", 1ul << 41); /* MPELP: there is no landing pad in run_in_done */
        csr_set("mstatus", MSTATUS_MPP);
        csr_write("mepc", run_in_done);
    } else if (!(cause & IRQ)) {
        csr_write("mepc", after(h, h->m_regs, cause, epc));
    } else if (h->on_irq) {
        h->on_irq(cause);
    } else {
        csr_clear("mie", 1ul << (cause & 63));
    }
}

void s_trap(struct hart *h)
{
    u64 cause = csr_read("scause"), epc = csr_read("sepc");

    if ((cause == 8 || cause == 10) &&
        (h->s_regs[17] == RETURN_MAGIC || h->s_regs[17] == RETURN_MAGIC + 1)) {
        ask_m_mode(h->s_regs);
    }
    record(h, cause, epc, csr_read("stval"), csr_read("sstatus"), MODE_S);
    if (!(cause & IRQ)) {
        csr_write("sepc", after(h, h->s_regs, cause, epc));
    } else if (h->on_irq) {
        h->on_irq(cause);
    } else {
        csr_clear("sie", 1ul << (cause & 63));
    }
}

__attribute__((weak)) void other_hart(u64 id)
{
    (void)id;
}

/* Called by start.S on each hart before anything can trap. */
void hart_init(u64 id)
{
    harts[id].m_stack = (u64)(trap_stacks[id][0] + sizeof trap_stacks[id][0]);
    harts[id].s_stack = (u64)(trap_stacks[id][1] + sizeof trap_stacks[id][1]);
}

/* ---- Page tables ---- */

void *page_alloc(void)
{
    if (pages_used == sizeof pages / sizeof pages[0]) {
        fail_at(__FILE__, __LINE__, "pages left", 0, 1);
    }
    u64 *p = (u64 *)pages[pages_used++];
    for (unsigned i = 0; i < 512; i++) {
        p[i] = 0;
    }
    return p;
}

u64 *pt_entry(u64 *root, unsigned levels, u64 va, unsigned level)
{
    u64 *table = root;

    for (unsigned l = levels - 1; l > level; l--) {
        u64 *e = &table[va >> (12 + 9 * l) & 511];
        if (!(*e & PTE_V)) {
            *e = pte((u64)page_alloc(), PTE_V);
        }
        table = (u64 *)(*e >> 10 << 12);
    }
    return &table[va >> (12 + 9 * level) & 511];
}

u64 *pt_new(unsigned levels, u64 flags)
{
    u64 *root = page_alloc();

    for (u64 va = 0x80000000; va < 0x84000000; va += 0x200000) {
        *pt_entry(root, levels, va, 1) = pte(va, flags);
    }
    return root;
}

u64 pt_satp(const u64 *root, unsigned levels, u64 asid)
{
    return (u64)(levels + 5) << 60 | asid << 44 | (u64)root >> 12;
}
