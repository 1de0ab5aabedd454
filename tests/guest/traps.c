/*
 * Exceptions: causes, values, where they are handled, what the status registers keep; which
 * instructions are illegal in which mode.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

static u64 do_ecall(u64 arg)
{
    __asm__ volatile("li a7, 0; ecall" : : : "a7", "memory");
    return arg + 1;
}

static void test_ecall(void)
{
    EXPECT_TRAP_AT(11, 0, do_ecall(0));
    EXPECT_TRAP_AT(9, 0, CHECK_EQ(run_in(MODE_S, do_ecall, 41), 42));
    EXPECT_TRAP_AT(8, 0, CHECK_EQ(run_in(MODE_U, do_ecall, 41), 42));
    CHECK_EQ(hart()->trap.handler, MODE_M);
}

static void test_illegal(void)
{
    EXPECT_TRAP_AT(2, 0x00000000, INSN16(0x0000));
    EXPECT_TRAP_AT(2, 0xffffffff, INSN(0xffffffff));
    EXPECT_TRAP_AT(2, 0x8000, INSN16(0x8000)); /* a reserved 16-bit encoding */
    EXPECT_TRAP_AT(2, 0xfff45073, INSN(0xfff45073)); /* csrrwi of no register */
    EXPECT_TRAP_AT(2, 0xc0001073, INSN(0xc0001073)); /* csrw cycle, zero: read-only */
    EXPECT_NO_TRAP(INSN(0xc0002073));                /* csrrs zero, cycle, zero only reads */
}

static void test_breakpoint(void)
{
    EXPECT_TRAP(3, __asm__ volatile(".option push\n.option norvc\nebreak\n.option pop"));
    CHECK_EQ(hart()->trap.tval, hart()->trap.epc);
    EXPECT_TRAP(3, __asm__ volatile("c.ebreak"));
    CHECK_EQ(hart()->trap.tval, hart()->trap.epc);
}

static void test_access_fault(void)
{
    EXPECT_TRAP_AT(5, 0x08000000, ld32(0x08000000));
    EXPECT_TRAP_AT(7, 0x08000008, st64(0x08000008, 1));
    EXPECT_TRAP_AT(5, 0xfffffffffffff000, ld8(0xfffffffffffff000));
    EXPECT_TRAP_AT(1, 0x08000000, ((void (*)(void))0x08000000)());
    CHECK_EQ(hart()->trap.epc, 0x08000000);
    /* An exception leaves the destination alone. */
    EXPECT_TRAP(5, CHECK_EQ(ld64(0x08000000), 0xdeaddeaddeaddead));
}

/* ---- Status ---- */

static u64 status_in_mode(u64 unused)
{
    (void)unused;
    __asm__ volatile("ebreak" : : : "memory");
    return 0;
}

static void test_status(void)
{
    csr_set("mstatus", MSTATUS_MPIE);
    for (unsigned mode = 0; mode <= 3; mode++) {
        if (mode == 2) {
            continue;
        }
        csr_set("mstatus", MSTATUS_MPIE);
        EXPECT_TRAP(3, run_in(mode, status_in_mode, 0));
        CHECK_EQ(hart()->trap.status >> 11 & 3, mode);
        /* mret moved MPIE to MIE, the trap moved it back and cleared MIE. */
        CHECK_EQ(hart()->trap.status & MSTATUS_MIE, 0);
        CHECK_EQ(hart()->trap.status & MSTATUS_MPIE, MSTATUS_MPIE);
    }
    csr_clear("mstatus", MSTATUS_MPIE | MSTATUS_MIE);
    EXPECT_TRAP(3, run_in(MODE_U, status_in_mode, 0));
    CHECK_EQ(hart()->trap.status & MSTATUS_MPIE, 0);
    /* MPP holds only modes that exist. */
    csr_set("mstatus", MSTATUS_MPP);
    csr_clear("mstatus", 1ul << 11);
    CHECK((csr_read("mstatus") >> 11 & 3) != 2);
}

static u64 do_sret(u64 unused)
{
    (void)unused;
    u64 there;
    __asm__ volatile("la %0, 1f; csrw sepc, %0; sret; 1: csrr %0, sstatus" : "=&r"(there)
                     : : "memory");
    return there;
}

static u64 only_sret(u64 unused)
{
    __asm__ volatile("sret" : : : "memory");
    return unused;
}

static void test_sret(void)
{
    /* sret from S with SPP=1 stays in S; SPIE goes to SIE, SPIE becomes 1, SPP becomes 0. */
    csr_set("mstatus", MSTATUS_SPP | MSTATUS_SPIE);
    csr_clear("mstatus", MSTATUS_SIE);
    u64 status = run_in(MODE_S, do_sret, 0);
    CHECK_EQ(status & MSTATUS_SIE, MSTATUS_SIE);
    CHECK_EQ(status & MSTATUS_SPIE, MSTATUS_SPIE);
    CHECK_EQ(status & MSTATUS_SPP, 0);
    csr_clear("mstatus", MSTATUS_SIE | MSTATUS_SPIE);
    /* With SPP=0 it lands in U, where sstatus is out of reach. */
    EXPECT_TRAP(2, run_in(MODE_S, do_sret, 0));
    CHECK_EQ(hart()->trap.status >> 11 & 3, MODE_U);
    csr_set("mstatus", MSTATUS_TSR);
    EXPECT_TRAP_AT(2, 0x10200073, run_in(MODE_S, do_sret, 0));
    csr_clear("mstatus", MSTATUS_TSR);
    EXPECT_TRAP_AT(2, 0x10200073, run_in(MODE_U, only_sret, 0));
}

/* ---- Privilege ---- */

#define IN_MODE(name, insn)                                                   \
    static u64 name(u64 a)                                                    \
    {                                                                         \
        __asm__ volatile(insn : "+r"(a) : : "memory");                        \
        return a;                                                             \
    }
IN_MODE(read_mstatus, "csrr %0, mstatus")
IN_MODE(read_sstatus, "csrr %0, sstatus")
IN_MODE(read_satp, "csrr %0, satp")
IN_MODE(write_satp, "csrw satp, %0")
IN_MODE(do_sfence, "sfence.vma")
IN_MODE(do_mret, "mret")
IN_MODE(do_wfi, "wfi")
IN_MODE(read_cycle, "csrr %0, cycle")
IN_MODE(read_time, "csrr %0, time")
IN_MODE(read_instret, "csrr %0, instret")

static void test_privilege(void)
{
    EXPECT_NO_TRAP(read_mstatus(0));
    EXPECT_TRAP(2, run_in(MODE_S, read_mstatus, 0));
    EXPECT_TRAP(2, run_in(MODE_U, read_mstatus, 0));
    EXPECT_NO_TRAP(run_in(MODE_S, read_sstatus, 0));
    EXPECT_TRAP(2, run_in(MODE_U, read_sstatus, 0));
    EXPECT_TRAP(2, run_in(MODE_S, do_mret, 0));
    EXPECT_TRAP(2, run_in(MODE_U, do_mret, 0));
    EXPECT_TRAP(2, run_in(MODE_U, do_sfence, 0));
    EXPECT_NO_TRAP(run_in(MODE_S, do_sfence, 0));
    csr_set("mstatus", MSTATUS_TVM);
    EXPECT_TRAP(2, run_in(MODE_S, do_sfence, 0));
    EXPECT_TRAP(2, run_in(MODE_S, read_satp, 0));
    EXPECT_TRAP(2, run_in(MODE_S, write_satp, 0));
    EXPECT_NO_TRAP(read_satp(0); do_sfence(0));
    csr_clear("mstatus", MSTATUS_TVM);
    EXPECT_NO_TRAP(run_in(MODE_S, read_satp, 0));
    csr_set("mstatus", MSTATUS_TW);
    EXPECT_TRAP(2, run_in(MODE_S, do_wfi, 0));
    EXPECT_TRAP(2, run_in(MODE_U, do_wfi, 0));
    csr_clear("mstatus", MSTATUS_TW);
}

static void test_counters(void)
{
    csr_write("mcounteren", 0);
    csr_write("scounteren", 7);
    EXPECT_TRAP(2, run_in(MODE_S, read_cycle, 0));
    EXPECT_TRAP(2, run_in(MODE_U, read_time, 0));
    csr_write("mcounteren", 7);
    EXPECT_NO_TRAP(run_in(MODE_S, read_cycle, 0); run_in(MODE_U, read_instret, 0));
    csr_write("scounteren", 2);
    EXPECT_NO_TRAP(run_in(MODE_S, read_cycle, 0); run_in(MODE_U, read_time, 0));
    EXPECT_TRAP(2, run_in(MODE_U, read_cycle, 0));
    EXPECT_TRAP(2, run_in(MODE_U, read_instret, 0));
    csr_write("scounteren", 7);
}

/* ---- Delegation ---- */

static void test_delegation(void)
{
    csr_write("medeleg", 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8);
    EXPECT_TRAP(3, run_in(MODE_S, status_in_mode, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    CHECK_EQ(hart()->trap.status & MSTATUS_SPP, MSTATUS_SPP);
    EXPECT_TRAP(3, run_in(MODE_U, status_in_mode, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    CHECK_EQ(hart()->trap.status & MSTATUS_SPP, 0);
    EXPECT_TRAP(2, run_in(MODE_U, read_sstatus, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    EXPECT_TRAP(8, run_in(MODE_U, do_ecall, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    /* Not delegated, and never to a lower mode than the one it comes from. */
    EXPECT_TRAP(9, run_in(MODE_S, do_ecall, 0));
    CHECK_EQ(hart()->trap.handler, MODE_M);
    EXPECT_TRAP(3, status_in_mode(0));
    CHECK_EQ(hart()->trap.handler, MODE_M);
    /* ecall from M cannot be delegated. */
    csr_write("medeleg", ~0ul);
    CHECK_EQ(csr_read("medeleg") & (1 << 11), 0);
    csr_write("medeleg", 0);
}

static void test_mprv(void)
{
    static u64 word = 0x1122334455667788;

    /* MPRV with MPP = U: loads and stores are checked as in U, here by PMP alone. */
    csr_write("pmpcfg0", 0x1e);
    csr_write("pmpaddr0", ((u64)&word >> 2) & ~1ul);
    /* Entry 0 forbids nothing to M; entry 1 opens the rest. */
    csr_write("pmpaddr1", ~0ul);
    csr_write("pmpcfg0", 0x1f10);
    csr_clear("mstatus", MSTATUS_MPP);
    csr_set("mstatus", MSTATUS_MPRV);
    EXPECT_TRAP_AT(5, (u64)&word, ld32((u64)&word));
    csr_clear("mstatus", MSTATUS_MPRV);
    EXPECT_NO_TRAP(CHECK_EQ(ld32((u64)&word), 0x55667788));
    csr_write("pmpcfg0", 0x1f);
    csr_write("pmpaddr0", ~0ul);
}

int main(void)
{
    test_ecall();
    test_illegal();
    test_breakpoint();
    test_access_fault();
    test_status();
    test_sret();
    test_privilege();
    test_counters();
    test_delegation();
    test_mprv();
    return 0;
}
