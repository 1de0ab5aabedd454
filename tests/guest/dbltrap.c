/*
 * Traps that come where no trap may come: Ssdbltrp with and without a guest, Smdbltrp with Smrnmi's
 * handler, and the registers and return of Smrnmi.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define MNSCRATCH "0x740"
#define MNEPC "0x741"
#define MNCAUSE "0x742"
#define MNSTATUS "0x744"
#define MTVAL2 "0x34b"
#define HEDELEG "0x602"
#define HENVCFG "0x60a"
#define VSSTATUS "0x200"
#define VSTVEC "0x205"
#define VSSCRATCH "0x240"
#define SDT (1ul << 24)
#define MDT (1ul << 42)
#define MPV (1ul << 39)
#define DTE (1ul << 59)
#define NMIE (1ul << 3)
#define MNPP (3ul << 11)
#define ILLEGAL INSN(0xffffffff)
#define MNRET __asm__ volatile(".4byte 0x70200073" : : : "memory")

/* Where rnmi-interrupt-vector and rnmi-exception-vector point: see meson.build. */
#define RNMI_VECTOR 0x81000000ul
#define RNMI_EXCEPTION_VECTOR 0x81000100ul

static u64 illegal(u64 a)
{
    ILLEGAL;
    return a;
}

/* An illegal instruction while a trap into S is one too many. */
static u64 illegal_with_sdt(u64 a)
{
    csr_set("sstatus", SDT);
    ILLEGAL;
    a = csr_read("sstatus") & SDT;
    csr_clear("sstatus", SDT);
    return a;
}

static u64 read_sstatus(u64 a)
{
    return csr_read("sstatus");
}

static void test_sdt(void)
{
    csr_write("medeleg", 1ul << 2 | 1ul << 16);
    CHECK_EQ(csr_read("medeleg"), 1ul << 2);
    /* Without DTE there is no SDT. */
    csr_clear(MENVCFG, DTE);
    csr_set("sstatus", SDT);
    CHECK_EQ(csr_read("sstatus") & SDT, 0);
    EXPECT_TRAP(2, CHECK_EQ(run_in(MODE_S, illegal_with_sdt, 0), 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    CHECK_EQ(hart()->trap.status & SDT, 0);

    csr_set(MENVCFG, DTE);
    CHECK_EQ(csr_read(MENVCFG) & DTE, DTE);
    /* SIE and SDT exclude each other. */
    csr_set("sstatus", MSTATUS_SIE);
    csr_set("sstatus", SDT);
    CHECK_EQ(csr_read("sstatus") & (SDT | MSTATUS_SIE), SDT);
    csr_set("sstatus", MSTATUS_SIE);
    CHECK_EQ(csr_read("mstatus") & (SDT | MSTATUS_SIE), SDT);
    csr_clear("sstatus", SDT);
    CHECK_EQ(csr_read("sstatus") & (SDT | MSTATUS_SIE), 0);
    /* The handler finds SDT set, sret clears it. */
    EXPECT_TRAP_AT(2, 0xffffffff, run_in(MODE_S, illegal, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    CHECK_EQ(hart()->trap.status & SDT, SDT);
    CHECK_EQ(csr_read("sstatus") & SDT, 0);
    /* A second one goes to M. */
    EXPECT_TRAP_AT(16, 0xffffffff, CHECK_EQ(run_in(MODE_S, illegal_with_sdt, 0), SDT));
    CHECK_EQ(hart()->trap.handler, MODE_M);
    CHECK_EQ(hart()->trap.status & MSTATUS_MPP, 1ul << 11);
    hart()->abandon = 1; /* no ecall after it */
    EXPECT_TRAP(16, run_in(MODE_S, illegal_with_sdt, 0));
    CHECK_EQ(csr_read(MTVAL2), 2);
    CHECK_EQ(csr_read("sstatus") & SDT, SDT);
    /* mret to U ends it, mret to S does not. */
    csr_set("mstatus", SDT);
    CHECK_EQ(run_in(MODE_S, read_sstatus, 0) & SDT, SDT);
    EXPECT_TRAP(2, run_in(MODE_U, illegal, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    /* Without DTE it is gone, not hidden. */
    csr_set("mstatus", SDT);
    csr_clear(MENVCFG, DTE);
    csr_set(MENVCFG, DTE);
    CHECK_EQ(csr_read("mstatus") & SDT, 0);
}

static u64 vs_double(u64 a)
{
    return illegal_with_sdt(a);
}

static void test_guest(void)
{
    if (!(csr_read("misa") >> 7 & 1))
        return;
    csr_write(HEDELEG, 1ul << 2);
    csr_write(VSTVEC, s_vector);
    csr_write(VSSCRATCH, hart());
    csr_clear(HENVCFG, DTE);
    csr_set(VSSTATUS, SDT);
    CHECK_EQ(csr_read(VSSTATUS) & SDT, 0);
    csr_set(HENVCFG, DTE);
    CHECK_EQ(csr_read(HENVCFG) & DTE, DTE);
    csr_set("mstatus", MPV);
    EXPECT_TRAP(2, run_in(MODE_S, illegal, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    CHECK_EQ(hart()->trap.status & SDT, SDT);
    csr_set("mstatus", MPV);
    hart()->abandon = 1;
    EXPECT_TRAP_AT(16, 0xffffffff, run_in(MODE_S, vs_double, 0));
    CHECK_EQ(hart()->trap.handler, MODE_M);
    CHECK_EQ(hart()->trap.status & MPV, MPV);
    CHECK_EQ(csr_read(MTVAL2), 2);
    /* To VU: both are cleared. */
    csr_set(VSSTATUS, SDT);
    csr_set("mstatus", SDT | MPV);
    EXPECT_TRAP(2, run_in(MODE_U, illegal, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    CHECK_EQ(csr_read("mstatus") & SDT, 0);
    CHECK_EQ(csr_read(VSSTATUS) & SDT, 0);
    /* menvcfg takes henvcfg's away. */
    csr_set(VSSTATUS, SDT);
    csr_clear(MENVCFG, DTE);
    CHECK_EQ(csr_read(HENVCFG) & DTE, 0);
    CHECK_EQ(csr_read(VSSTATUS) & SDT, 0);
    csr_clear("mstatus", MPV);
}

/* ---- M ---- */

static volatile u64 rnmi_count, rnmi_cause, rnmi_status, rnmi_epc, rnmi_vector;

/* Comes here from the vector, with what it must not touch saved on the stack. */
__asm__(".text\n.align 2\nrnmi_entry:\n"
        "csrw 0x740, t0\nli t0, 1\nj 1f\n"
        "rnmi_exception_entry:\ncsrw 0x740, t0\nli t0, 2\n"
        "1: addi sp, sp, -256\n"
        ".irp r, 1,3,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "sd x\\r, 8 * \\r(sp)\n.endr\n"
        "mv a0, t0\ncall rnmi_handler\n"
        ".irp r, 1,3,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "ld x\\r, 8 * \\r(sp)\n.endr\n"
        "addi sp, sp, 256\ncsrr t0, 0x740\n.4byte 0x70200073\n");
extern char rnmi_entry[], rnmi_exception_entry[];

void rnmi_handler(u64 vector);
void rnmi_handler(u64 vector)
{
    rnmi_vector = vector;
    rnmi_count++;
    rnmi_cause = csr_read(MNCAUSE);
    rnmi_status = csr_read(MNSTATUS);
    rnmi_epc = csr_read(MNEPC);
    csr_write(MNEPC, rnmi_epc + 4);
}

/* ld t6, 12(pc); jr t6; the address. */
static void make_vector(u64 at, const char *to)
{
    volatile u32 *code = (volatile u32 *)at;

    code[0] = 0x00000f97;
    code[1] = 0x010fbf83;
    code[2] = 0x000f8067;
    *(volatile u64 *)(at + 16) = (u64)to;
    __asm__ volatile("fence.i" : : : "memory");
}

static void test_rnmi_registers(void)
{
    csr_write(MNSCRATCH, 0x123456789abcdef0);
    CHECK_EQ(csr_read(MNSCRATCH), 0x123456789abcdef0);
    csr_write(MNEPC, ~0ul);
    CHECK_EQ(csr_read(MNEPC), ~1ul);
    csr_write(MNCAUSE, 1ul << 63 | 5);
    CHECK_EQ(csr_read(MNCAUSE), 1ul << 63 | 5);
    /* Off after reset; on for good once it was set. */
    CHECK_EQ(csr_read(MNSTATUS) & NMIE, 0);
    csr_set(MNSTATUS, NMIE);
    csr_write(MNSTATUS, 2ul << 11);
    CHECK_EQ(csr_read(MNSTATUS), NMIE); /* MNPP: 2 is no mode */
    csr_write(MNSTATUS, MNPP | 1ul << 7);
    CHECK_EQ(csr_read(MNSTATUS) & (NMIE | MNPP), NMIE | MNPP);
    CHECK_EQ(csr_read(MNSTATUS) >> 7 & 1, csr_read("misa") >> 7 & 1);
}

static u64 do_mnret(u64 a)
{
    MNRET;
    return a;
}

static void test_mnret(void)
{
    EXPECT_TRAP_AT(2, 0x70200073, run_in(MODE_S, do_mnret, 0));
    EXPECT_TRAP_AT(2, 0x70200073, run_in(MODE_U, do_mnret, 0));
    /* From M to S: MPRV is cleared, MDT too. */
    csr_write("medeleg", 0);
    csr_write(MNEPC, illegal);
    csr_clear(MNSTATUS, MNPP);
    csr_set(MNSTATUS, 1ul << 11);
    csr_clear(MNSTATUS, 1ul << 7);
    hart()->abandon = 1;
    EXPECT_TRAP(2, run_in(MODE_M, do_mnret, 0));
    CHECK_EQ(hart()->trap.status & MSTATUS_MPP, 1ul << 11);
}

static void test_mdt(void)
{
    CHECK_EQ(csr_read("mstatus") & MDT, 0);
    csr_set("mstatus", MSTATUS_MIE);
    csr_set("mstatus", MDT);
    CHECK_EQ(csr_read("mstatus") & (MDT | MSTATUS_MIE), MDT);
    csr_set("mstatus", MSTATUS_MIE);
    CHECK_EQ(csr_read("mstatus") & (MDT | MSTATUS_MIE), MDT);
    /* The trap goes to the handler of non-maskable interrupts, and leaves M's registers alone. */
    csr_write("mcause", 77);
    csr_write("mepc", 0x1234);
    u64 here;
    __asm__ volatile("la %0, 1f\n.option push\n.option norvc\n1: .4byte 0xffffffff\n.option pop"
                     : "=&r"(here) : : "memory", "t6");
    CHECK_EQ(rnmi_count, 1);
    CHECK_EQ(rnmi_vector, 1);
    CHECK_EQ(rnmi_cause, 2);
    CHECK_EQ(rnmi_epc, here);
    CHECK_EQ(rnmi_status, MNPP);
    CHECK_EQ(csr_read("mcause"), 77);
    CHECK_EQ(csr_read("mepc"), 0x1234);
    CHECK_EQ(csr_read(MNSTATUS), MNPP | NMIE);
    CHECK_EQ(csr_read("mstatus") & MDT, MDT); /* mnret to M leaves it */
    csr_clear("mstatus", MDT);
    csr_clear("mstatus", MSTATUS_MIE);
    /* An ordinary trap sets it for its handler, mret clears it. */
    EXPECT_TRAP(2, ILLEGAL);
    CHECK_EQ(hart()->trap.status & MDT, MDT);
    CHECK_EQ(csr_read("mstatus") & MDT, 0);
    CHECK_EQ(rnmi_count, 1);
}

/* Before NMIE is set, without Smdbltrp: exceptions of M have a vector of their own, those of other modes
 * have not; interrupts wait. */
static void test_nmie_off(void)
{
    make_vector(RNMI_EXCEPTION_VECTOR, (const char *)m_vector);
    csr_write("mtvec", RNMI_VECTOR);
    EXPECT_TRAP(2, __asm__ volatile(".4byte 0xffffffff" : : : "memory", "t6"));
    csr_write("mtvec", m_vector);
    make_vector(RNMI_EXCEPTION_VECTOR, rnmi_exception_entry);
    EXPECT_TRAP(2, run_in(MODE_S, illegal, 0));
    *(volatile u32 *)CLINT_MSIP(0) = 1;
    csr_write("mie", 8);
    EXPECT_NO_TRAP(csr_set("mstatus", MSTATUS_MIE));
    /* MPRV counts for nothing: S could not read this through its page table. */
    csr_write("satp", SATP_SV39);
    CHECK_EQ(load_as(MODE_S, (u64)&rnmi_count), 0);
    csr_write("satp", 0);
    EXPECT_TRAP(1ul << 63 | 3, csr_set(MNSTATUS, NMIE));
    csr_clear("mstatus", MSTATUS_MIE);
    *(volatile u32 *)CLINT_MSIP(0) = 0;
}

int main(void)
{
    bool mdt = csr_read("mstatus") & MDT;

    csr_clear("mstatus", MDT);
    if (mdt) {
        make_vector(RNMI_VECTOR, rnmi_entry);
        test_rnmi_registers();
        test_mnret();
        test_mdt();
    } else {
        hart()->trap.count = 0;
        INSN(0x74002073); /* csrr zero, mnscratch */
        if (!hart()->trap.count) {
            test_nmie_off();
            test_mnret();
        } else {
            CHECK_EQ(hart()->trap.cause, 2);
        }
    }
    csr_write("medeleg", 0);
    test_sdt();
    test_guest();
    return 0;
}
