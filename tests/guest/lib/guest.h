/*
 * What the test programs of tests/guest share: checks, traps, privilege modes, page tables, devices.
 *
 * A program runs on the bare machine in M-mode. Exceptions that it provokes are recorded in
 * hart()->trap and skipped, so that a test does something and looks at what happened. The first
 * check that fails is printed and ends the run with exit status 1.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GUEST_H
#define GUEST_H

#include "offsets.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

#define MODE_U 0
#define MODE_S 1
#define MODE_M 3

/* A trap that was taken. */
struct trap {
    u64 cause, epc, tval, count;
    u64 status;  /* mstatus or sstatus as the handler found it */
    u64 handler; /* mode that handled it */
};

struct hart {
    u64 id, m_stack, s_stack, return_sp;
    u64 m_regs[32], s_regs[32];
    volatile struct trap trap;
    volatile u64 resume;             /* if not 0: where to go on after the next trap */
    volatile u64 abandon;            /* the next exception ends run_in(), which returns 0 */
    void (*volatile on_irq)(u64 cause); /* called for interrupts; otherwise they are masked off */
} __attribute__((aligned(HART_SIZE)));

extern struct hart harts[MAX_HARTS];

static inline struct hart *hart(void)
{
    struct hart *h;
    __asm__ volatile("mv %0, tp" : "=r"(h));
    return h;
}

#define csr_read(csr)                                                         \
    ({                                                                        \
        u64 v_;                                                               \
        __asm__ volatile("csrr %0, " csr : "=r"(v_) : : "memory");            \
        v_;                                                                   \
    })
#define csr_write(csr, v) __asm__ volatile("csrw " csr ", %0" : : "r"((u64)(v)) : "memory")
#define csr_set(csr, v) __asm__ volatile("csrs " csr ", %0" : : "r"((u64)(v)) : "memory")
#define csr_clear(csr, v) __asm__ volatile("csrc " csr ", %0" : : "r"((u64)(v)) : "memory")
#define csr_swap(csr, v)                                                      \
    ({                                                                        \
        u64 v_;                                                               \
        __asm__ volatile("csrrw %0, " csr ", %1" : "=r"(v_) : "r"((u64)(v)) : "memory"); \
        v_;                                                                   \
    })
/* Registers that the assembler may not know. */
#define MENVCFG "0x30a"
#define SENVCFG "0x10a"
#define STIMECMP "0x14d"
#define MCOUNTINHIBIT "0x320"

static inline void fence(void)
{
    __asm__ volatile("fence rw, rw" : : : "memory");
}

/* For loops that wait for another hart. */
static inline void pause(void)
{
    __asm__ volatile(".4byte 0x0100000f" : : : "memory");
}

static inline void sfence_all(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

/* ---- Bits ---- */

#define MSTATUS_SIE (1ul << 1)
#define MSTATUS_MIE (1ul << 3)
#define MSTATUS_SPIE (1ul << 5)
#define MSTATUS_MPIE (1ul << 7)
#define MSTATUS_SPP (1ul << 8)
#define MSTATUS_MPP (3ul << 11)
#define MSTATUS_FS (3ul << 13)
#define MSTATUS_MPRV (1ul << 17)
#define MSTATUS_SUM (1ul << 18)
#define MSTATUS_MXR (1ul << 19)
#define MSTATUS_TVM (1ul << 20)
#define MSTATUS_TW (1ul << 21)
#define MSTATUS_TSR (1ul << 22)
#define MSTATUS_SD (1ul << 63)
#define IRQ (1ul << 63)
#define MENVCFG_STCE (1ul << 63)
#define MENVCFG_PBMTE (1ul << 62)
#define MENVCFG_ADUE (1ul << 61)

/* ---- Checks ---- */

void puts(const char *s);
void put_hex(u64 v);
void put_short(u64 v); /* without 0x and leading zeroes */
_Noreturn void pass(void);
_Noreturn void fail_at(const char *file, int line, const char *what, u64 got, u64 want);

#define CHECK(cond)                                                           \
    do {                                                                      \
        if (!(cond))                                                          \
            fail_at(__FILE__, __LINE__, #cond, 0, 1);                         \
    } while (0)
#define CHECK_EQ(got, want)                                                   \
    do {                                                                      \
        u64 got_ = (u64)(got), want_ = (u64)(want);                           \
        if (got_ != want_)                                                    \
            fail_at(__FILE__, __LINE__, #got, got_, want_);                   \
    } while (0)

/* Does what is in the statement and checks that it trapped with this cause (and value). */
#define EXPECT_TRAP(cause_, ...)                                              \
    do {                                                                      \
        hart()->trap.count = 0;                                               \
        hart()->trap.cause = ~0ul;                                            \
        __VA_ARGS__;                                                          \
        CHECK_EQ(hart()->trap.cause, cause_);                                 \
        CHECK_EQ(hart()->trap.count, 1);                                      \
    } while (0)
#define EXPECT_TRAP_AT(cause_, tval_, ...)                                    \
    do {                                                                      \
        EXPECT_TRAP(cause_, __VA_ARGS__);                                     \
        CHECK_EQ(hart()->trap.tval, tval_);                                   \
    } while (0)
#define EXPECT_NO_TRAP(...)                                                   \
    do {                                                                      \
        hart()->trap.count = 0;                                               \
        hart()->trap.cause = ~0ul;                                            \
        __VA_ARGS__;                                                          \
        CHECK_EQ(hart()->trap.cause, ~0ul);                                   \
    } while (0)

/* ---- Modes, harts ---- */

/* Runs fn(arg) in a mode, from M-mode. The hart's mstatus is kept but for MPP and what traps do. */
u64 run_in(unsigned mode, u64 (*fn)(u64), u64 arg);
void m_vector(void);
void s_vector(void);
int main(void);
void hart_init(u64 id);
/* What harts other than 0 run; the default waits for ever. */
void other_hart(u64 id);

/* ---- Accesses that may trap; the loads return 0xdead... if they did ---- */

#define ACCESS_LOAD_(name, type, insn)                                        \
    static inline type name(u64 addr)                                         \
    {                                                                         \
        u64 v = 0xdeaddeaddeaddeadul;                                         \
        __asm__ volatile(".option push\n.option norvc\n" insn " %0, 0(%1)\n.option pop" \
                         : "+r"(v) : "r"(addr) : "memory");                   \
        return (type)v;                                                       \
    }
#define ACCESS_STORE_(name, type, insn)                                       \
    static inline void name(u64 addr, type v)                                 \
    {                                                                         \
        __asm__ volatile(".option push\n.option norvc\n" insn " %1, 0(%0)\n.option pop" \
                         : : "r"(addr), "r"((u64)v) : "memory");              \
    }
ACCESS_LOAD_(ld8, u8, "lbu")
ACCESS_LOAD_(ld16, u16, "lhu")
ACCESS_LOAD_(ld32, u32, "lwu")
ACCESS_LOAD_(ld64, u64, "ld")
ACCESS_STORE_(st8, u8, "sb")
ACCESS_STORE_(st16, u16, "sh")
ACCESS_STORE_(st32, u32, "sw")
ACCESS_STORE_(st64, u64, "sd")

/* Loads and stores of 64 bits as another mode would do them, by MPRV. From M-mode. */
static inline u64 load_as(unsigned mode, u64 addr)
{
    u64 v = 0xdeaddeaddeaddeadul;
    __asm__ volatile("csrc mstatus, %2; csrs mstatus, %3; ld %0, 0(%1); csrc mstatus, %2"
                     : "+r"(v)
                     : "r"(addr), "r"(MSTATUS_MPRV | MSTATUS_MPP),
                       "r"(MSTATUS_MPRV | (u64)mode << 11) : "memory");
    return v;
}
static inline void store_as(unsigned mode, u64 addr, u64 v)
{
    __asm__ volatile("csrc mstatus, %2; csrs mstatus, %3; sd %0, 0(%1); csrc mstatus, %2"
                     : : "r"(v), "r"(addr), "r"(MSTATUS_MPRV | MSTATUS_MPP),
                       "r"(MSTATUS_MPRV | (u64)mode << 11) : "memory");
}

/* One instruction given by its bits. */
#define INSN(bits) __asm__ volatile(".4byte " #bits : : : "memory")
#define INSN16(bits) __asm__ volatile(".2byte " #bits : : : "memory")

/* ---- Devices ---- */

#define CLINT 0x2000000ul
#define CLINT_MSIP(h) (CLINT + 4 * (h))
#define CLINT_MTIMECMP(h) (CLINT + 0x4000 + 8 * (h))
#define CLINT_MTIME (CLINT + 0xbff8)
#define PLIC 0xc000000ul
#define UART 0x10000000ul

/* ---- Page tables ---- */

#define PTE_V 1ul
#define PTE_R 2ul
#define PTE_W 4ul
#define PTE_X 8ul
#define PTE_U 16ul
#define PTE_G 32ul
#define PTE_A 64ul
#define PTE_D 128ul
#define PTE_N (1ul << 63)
#define PTE_PBMT(n) ((u64)(n) << 61)
#define SATP_SV39 (8ul << 60)
#define SATP_SV48 (9ul << 60)
#define SATP_SV57 (10ul << 60)

/* A fresh root (levels 3 for Sv39 to 5 for Sv57) in which all of the first 4 GiB but RAM's first
 * 64 MiB (where programs live) is absent, those being mapped onto themselves with these flags. */
u64 *pt_new(unsigned levels, u64 flags);
/* The entry for va at a level (0: 4 KiB pages), tables above it made as needed. */
u64 *pt_entry(u64 *root, unsigned levels, u64 va, unsigned level);
static inline u64 pte(u64 pa, u64 flags)
{
    return (pa >> 12) << 10 | flags;
}
u64 pt_satp(const u64 *root, unsigned levels, u64 asid);
/* A zeroed page that nothing else uses. */
void *page_alloc(void);

#endif
