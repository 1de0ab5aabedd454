/*
 * The hypervisor extension: who may do what with V=1, registers that stand in for others, delegation
 * to VS, interrupts of a guest, both stages of translation and their faults, loads and stores of guest
 * memory, fences.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define HSTATUS "0x600"
#define HEDELEG "0x602"
#define HIDELEG "0x603"
#define HIE "0x604"
#define HTIMEDELTA "0x605"
#define HCOUNTEREN "0x606"
#define HENVCFG "0x60a"
#define HTVAL "0x643"
#define HIP "0x644"
#define HVIP "0x645"
#define HTINST "0x64a"
#define HGATP "0x680"
#define VSSTATUS "0x200"
#define VSIE "0x204"
#define VSTVEC "0x205"
#define VSSCRATCH "0x240"
#define VSEPC "0x241"
#define VSCAUSE "0x242"
#define VSTVAL "0x243"
#define VSIP "0x244"
#define VSTIMECMP "0x24d"
#define VSATP "0x280"
#define MTINST "0x34a"
#define MTVAL2 "0x34b"

#define MSTATUS_GVA (1ul << 38)
#define MSTATUS_MPV (1ul << 39)
#define GVA (1ul << 6)
#define SPV (1ul << 7)
#define SPVP (1ul << 8)
#define HU (1ul << 9)
#define VTVM (1ul << 20)
#define VTW (1ul << 21)
#define VTSR (1ul << 22)
#define VSSI (1ul << 2)
#define VSTI (1ul << 6)
#define VSEI (1ul << 10)
#define NONE (~0ul)
#define VIRTUAL 22

enum { U, S, VU, VS };

static u64 run_as(unsigned who, u64 (*fn)(u64), u64 arg)
{
    csr_clear("mstatus", MSTATUS_MPV);
    if (who >= VU)
        csr_set("mstatus", MSTATUS_MPV);
    return run_in(who & 1 ? MODE_S : MODE_U, fn, arg);
}

/* ---- Virtual and illegal instructions ---- */

static u32 stub[2] __attribute__((aligned(16)));
static u64 scratch[64] __attribute__((aligned(512)));

static void make_stub(u32 insn)
{
    stub[0] = insn;
    stub[1] = 0x00008067; /* ret */
    __asm__ volatile("fence.i" : : : "memory");
}

static void expect(unsigned who, u32 insn, u64 cause, int line)
{
    make_stub(insn);
    hart()->trap.count = 0;
    hart()->trap.cause = NONE;
    run_as(who, (u64 (*)(u64))stub, (u64)scratch);
    if (hart()->trap.cause != cause)
        fail_at(__FILE__, line, "cause", hart()->trap.cause, cause);
    if ((cause == 2 || cause == VIRTUAL) && hart()->trap.tval != insn)
        fail_at(__FILE__, line, "tval", hart()->trap.tval, insn);
    if (cause != NONE)
        CHECK_EQ(!!(hart()->trap.status & MSTATUS_MPV), who >= VU);
}
#define EXPECT(who, insn, cause) expect(who, insn, cause, __LINE__)
#define CSRR(n) ((u32)(n) << 20 | 0x2573)        /* csrr a0, n */
#define CSRW(n) ((u32)(n) << 20 | 0x1073)        /* csrw n, zero */
#define HLV_W 0x68054573u                        /* hlv.w a0, (a0) */
#define HFENCE_VVMA 0x22000073u
#define HFENCE_GVMA 0x62000073u
#define SFENCE 0x12000073u
#define SINVAL 0x16000073u
#define SFENCE_W_INVAL 0x18000073u
#define SRET 0x10200073u
#define WFI 0x10500073u
#define CBO_ZERO 0x0045200fu                     /* cbo.zero (a0) */
#define CBO_INVAL 0x0005200fu
#define FADD 0x02007053u                         /* fadd.d ft0, ft0, ft0 */

static void test_registers_kept(void)
{
    for (unsigned who = VU; who <= VS; who++) {
        EXPECT(who, CSRR(0x600), VIRTUAL);
        EXPECT(who, CSRR(0x680), VIRTUAL);
        EXPECT(who, CSRR(0x200), VIRTUAL);
        EXPECT(who, CSRW(0x280), VIRTUAL);
        EXPECT(who, CSRR(0x300), 2);
        EXPECT(who, CSRR(0xe12), VIRTUAL);
        EXPECT(who, CSRW(0xe12), 2); /* cannot be written in HS either */
        EXPECT(who, CSRR(0x6ff), 2);
    }
    EXPECT(U, CSRR(0x600), 2);
    EXPECT(S, CSRR(0x600), NONE);
    EXPECT(VU, CSRR(0x100), VIRTUAL);
    EXPECT(VS, CSRR(0x100), NONE);
    /* VTVM is for the guest's satp, TVM for the hypervisor's. */
    csr_set("mstatus", MSTATUS_TVM);
    EXPECT(S, CSRR(0x180), 2);
    EXPECT(S, CSRR(0x680), 2);
    EXPECT(S, CSRR(0x280), NONE);
    EXPECT(VS, CSRR(0x180), NONE);
    EXPECT(VS, CSRR(0x680), VIRTUAL);
    EXPECT(VU, CSRR(0x180), VIRTUAL);
    EXPECT(S, SFENCE, 2);
    EXPECT(VS, SFENCE, NONE);
    EXPECT(S, HFENCE_GVMA, 2);
    EXPECT(S, HFENCE_VVMA, NONE);
    csr_clear("mstatus", MSTATUS_TVM);
    csr_set(HSTATUS, VTVM);
    EXPECT(VS, CSRR(0x180), VIRTUAL);
    EXPECT(VS, SFENCE, VIRTUAL);
    EXPECT(VS, SINVAL, VIRTUAL);
    EXPECT(VS, SFENCE_W_INVAL, NONE);
    EXPECT(S, CSRR(0x180), NONE);
    csr_clear(HSTATUS, VTVM);
}

static void test_instructions_kept(void)
{
    for (unsigned who = VU; who <= VS; who++) {
        EXPECT(who, HLV_W, VIRTUAL);
        EXPECT(who, HFENCE_VVMA, VIRTUAL);
        EXPECT(who, HFENCE_GVMA, VIRTUAL);
    }
    EXPECT(U, HLV_W, 2);
    EXPECT(U, HFENCE_VVMA, 2);
    csr_set(HSTATUS, HU);
    EXPECT(U, HLV_W, NONE);
    EXPECT(VU, HLV_W, VIRTUAL);
    csr_clear(HSTATUS, HU);
    EXPECT(S, HLV_W, NONE);
    EXPECT(VU, SFENCE, VIRTUAL);
    EXPECT(VU, SFENCE_W_INVAL, VIRTUAL);
    EXPECT(VU, SRET, VIRTUAL);
    EXPECT(U, SRET, 2);
    csr_set(HSTATUS, VTSR | VTW);
    EXPECT(VS, SRET, VIRTUAL);
    EXPECT(VS, WFI, VIRTUAL);
    EXPECT(VU, WFI, VIRTUAL);
    csr_set("mstatus", MSTATUS_TW);
    EXPECT(VS, WFI, 2);
    EXPECT(VU, WFI, 2);
    csr_clear("mstatus", MSTATUS_TW);
    csr_clear(HSTATUS, VTSR | VTW);
}

static void test_enables(void)
{
    csr_write("mcounteren", 7);
    csr_write(HCOUNTEREN, 0);
    csr_write("scounteren", 7);
    EXPECT(S, CSRR(0xc00), NONE);
    EXPECT(VS, CSRR(0xc00), VIRTUAL);
    csr_write(HCOUNTEREN, 7);
    EXPECT(VS, CSRR(0xc00), NONE);
    EXPECT(VU, CSRR(0xc01), NONE);
    csr_write("scounteren", 0);
    EXPECT(VU, CSRR(0xc00), VIRTUAL);
    EXPECT(U, CSRR(0xc00), 2);
    csr_write("mcounteren", 0);
    EXPECT(VS, CSRR(0xc00), 2);
    EXPECT(VU, CSRR(0xc00), 2);
    csr_write("mcounteren", 7);

    csr_set(MENVCFG, MENVCFG_STCE);
    csr_write(HENVCFG, 0);
    EXPECT(VS, CSRR(0x14d), VIRTUAL);
    csr_write(HENVCFG, MENVCFG_STCE);
    EXPECT(VS, CSRR(0x14d), NONE);
    csr_write(HCOUNTEREN, 5);
    EXPECT(VS, CSRR(0x14d), VIRTUAL);
    EXPECT(S, CSRR(0x14d), NONE);
    csr_clear(MENVCFG, MENVCFG_STCE);
    EXPECT(VS, CSRR(0x14d), 2);
    CHECK_EQ(csr_read(HENVCFG) & MENVCFG_STCE, 0);

    csr_write(HENVCFG, 0);
    EXPECT(VS, CBO_ZERO, 2);
    csr_set(MENVCFG, 0xf0);
    EXPECT(S, CBO_ZERO, NONE);
    EXPECT(VS, CBO_ZERO, VIRTUAL);
    EXPECT(VS, CBO_INVAL, VIRTUAL);
    csr_set(HENVCFG, 0xf0);
    EXPECT(VS, CBO_ZERO, NONE);
    EXPECT(VS, CBO_INVAL, NONE);
    EXPECT(VU, CBO_ZERO, VIRTUAL);
    EXPECT(U, CBO_ZERO, 2);
    csr_write(SENVCFG, 0xf0);
    EXPECT(VU, CBO_ZERO, NONE);
    csr_write(SENVCFG, 0);
    csr_write(HENVCFG, 0);
    csr_clear(MENVCFG, 0xf0);
}

static void test_float(void)
{
    csr_clear("mstatus", MSTATUS_FS);
    csr_clear(VSSTATUS, MSTATUS_FS);
    EXPECT(VS, FADD, 2);
    csr_set(VSSTATUS, 1 << 13);
    EXPECT(VS, FADD, 2);
    csr_clear(VSSTATUS, MSTATUS_FS);
    csr_set("mstatus", 1 << 13);
    EXPECT(VS, FADD, 2);
    EXPECT(S, FADD, NONE);
    CHECK_EQ(csr_read(VSSTATUS) & MSTATUS_FS, 0);
    csr_clear("mstatus", 1 << 14);
    csr_set(VSSTATUS, 1 << 13);
    EXPECT(VS, FADD, NONE);
    CHECK_EQ(csr_read(VSSTATUS) & (MSTATUS_FS | MSTATUS_SD), MSTATUS_FS | MSTATUS_SD);
    CHECK_EQ(csr_read("mstatus") & MSTATUS_FS, MSTATUS_FS);
    csr_clear(VSSTATUS, 1 << 14);
    EXPECT(VS, 0x00101073 /* csrw fflags, zero */, NONE);
    CHECK_EQ(csr_read(VSSTATUS) & MSTATUS_FS, MSTATUS_FS);
}

/* ---- Registers that stand in for others ---- */

static u64 write_guest_registers(u64 arg)
{
    csr_write("sscratch", arg);
    csr_write("scause", 77);
    csr_write("stval", 78);
    csr_set("sstatus", MSTATUS_SUM | MSTATUS_MXR);
    csr_write("sie", ~0ul);
    csr_write("sip", ~0ul);
    return csr_read("sie") << 32 | csr_read("sip");
}

static void test_stand_ins(void)
{
    u64 tp = csr_read("sscratch");

    csr_write("scause", 1);
    csr_write("stval", 2);
    csr_write("sstatus", 0);
    csr_write(HIDELEG, VSSI | VSEI);
    csr_write(HVIP, VSEI | VSTI);
    csr_write("mie", 0);
    CHECK_EQ(run_as(VS, write_guest_registers, 1234), 0x202ul << 32 | 0x202);
    CHECK_EQ(csr_read(VSSCRATCH), 1234);
    CHECK_EQ(csr_read(VSCAUSE), 77);
    CHECK_EQ(csr_read(VSTVAL), 78);
    CHECK_EQ(csr_read(VSSTATUS) & (MSTATUS_SUM | MSTATUS_MXR), MSTATUS_SUM | MSTATUS_MXR);
    CHECK_EQ(csr_read("sscratch"), tp);
    CHECK_EQ(csr_read("scause"), 1);
    CHECK_EQ(csr_read("stval"), 2);
    CHECK_EQ(csr_read("sstatus") & (MSTATUS_SUM | MSTATUS_MXR), 0);
    CHECK_EQ(csr_read(HIE), VSSI | VSEI);
    CHECK_EQ(csr_read(HIP), VSSI | VSEI | VSTI);
    CHECK_EQ(csr_read(HVIP), VSSI | VSEI | VSTI);
    CHECK_EQ(csr_read("mie"), VSSI | VSEI);
    CHECK_EQ(csr_read("sie"), 0);
    CHECK_EQ(csr_read(VSIP), 0x202);
    csr_write(VSIP, 0);
    CHECK_EQ(csr_read(HVIP), VSEI | VSTI);
    csr_write("mideleg", 0);
    CHECK_EQ(csr_read("mideleg") & (VSSI | VSTI | VSEI), VSSI | VSTI | VSEI);
    csr_write(HVIP, 0);
    csr_write("mie", 0);
    csr_write(HIDELEG, 0);
    csr_write(VSSTATUS, 0);
}

/* ---- Where traps go ---- */

static u64 do_ebreak(u64 arg)
{
    __asm__ volatile(".4byte 0x00100073"); /* ebreak */
    return arg;
}

static u64 do_ecall(u64 arg)
{
    register u64 a7 __asm__("a7") = 0;
    __asm__ volatile("ecall" : : "r"(a7) : "a0", "memory");
    return arg;
}

static void guest_vectors(void)
{
    csr_write(VSTVEC, csr_read("stvec"));
    csr_write(VSSCRATCH, csr_read("sscratch"));
}

static void test_delegation(void)
{
    guest_vectors();
    EXPECT_TRAP(10, run_as(VS, do_ecall, 0));
    CHECK_EQ(hart()->trap.status & (MSTATUS_MPV | MSTATUS_MPP | MSTATUS_GVA),
             MSTATUS_MPV | 1 << 11);
    EXPECT_TRAP(8, run_as(VU, do_ecall, 0));
    EXPECT_TRAP(9, run_as(S, do_ecall, 0));
    CHECK_EQ(hart()->trap.status & MSTATUS_MPV, 0);
    EXPECT_TRAP(3, run_as(VS, do_ebreak, 0));
    CHECK_EQ(hart()->trap.status & MSTATUS_GVA, MSTATUS_GVA);

    csr_write("medeleg", 1 << 3 | 1 << 10);
    csr_write(HSTATUS, 0);
    EXPECT_TRAP(10, run_as(VS, do_ecall, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    csr_write("medeleg", 1 << 3);
    csr_write(HSTATUS, 0);
    EXPECT_TRAP(3, run_as(VS, do_ebreak, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    CHECK_EQ(csr_read(HSTATUS) & (GVA | SPV | SPVP), GVA | SPVP); /* sret cleared SPV */
    EXPECT_TRAP(3, run_as(VU, do_ebreak, 0));
    CHECK_EQ(csr_read(HSTATUS) & (GVA | SPV | SPVP), GVA);
    csr_set(HSTATUS, SPVP);
    EXPECT_TRAP(3, run_as(S, do_ebreak, 0));
    CHECK_EQ(csr_read(HSTATUS) & (GVA | SPV | SPVP), SPVP);

    csr_write("scause", 0);
    csr_write(HEDELEG, 1 << 3);
    EXPECT_TRAP(3, run_as(VU, do_ebreak, 0));
    CHECK_EQ(hart()->trap.handler, MODE_S);
    CHECK_EQ(csr_read(VSCAUSE), 3);
    CHECK_EQ(csr_read("scause"), 0);
    CHECK_EQ(csr_read(VSTVAL), csr_read(VSEPC) - 4); /* the handler went past it */
    EXPECT_TRAP(3, run_as(S, do_ebreak, 0));
    CHECK_EQ(csr_read("scause"), 3);
    csr_write(HEDELEG, ~0ul);
    CHECK_EQ(csr_read(HEDELEG), 0xb1ff);
    csr_write(HEDELEG, 0);
    csr_write("medeleg", 0);
}

/* ---- Interrupts ---- */

static volatile u64 irq_cause, irq_vs_cause;

static void note_irq(u64 cause)
{
    irq_cause = cause;
    irq_vs_cause = csr_read("scause"); /* from VS: vscause */
    csr_write("sie", 0);
    csr_write("sip", 0);
}

static u64 with_interrupts(u64 arg)
{
    csr_set("sstatus", MSTATUS_SIE);
    __asm__ volatile("nop; nop");
    csr_clear("sstatus", MSTATUS_SIE);
    return arg;
}

static void note_irq_hs(u64 cause)
{
    irq_cause = cause;
    csr_write(HIE, 0);
}

static void test_interrupts(void)
{
    static const u64 bits[] = { VSSI, VSTI, VSEI };

    guest_vectors();
    for (unsigned i = 0; i < 3; i++) {
        u64 code = i == 0 ? 1 : i == 1 ? 5 : 9;

        hart()->on_irq = note_irq;
        csr_write(HIDELEG, VSSI | VSTI | VSEI);
        csr_write(HVIP, bits[i]);
        csr_write(HIE, bits[i]);
        irq_cause = 0;
        run_as(S, with_interrupts, 0); /* not while V=0 */
        CHECK_EQ(irq_cause, 0);
        run_as(VS, with_interrupts, 0);
        CHECK_EQ(irq_cause, IRQ | code);
        CHECK_EQ(irq_vs_cause, IRQ | code);

        /* Not delegated it is the hypervisor's. */
        hart()->on_irq = note_irq_hs;
        csr_write(HIDELEG, 0);
        csr_write(HVIP, bits[i]);
        csr_write(HIE, bits[i]);
        irq_cause = 0;
        run_as(VS, with_interrupts, 0);
        CHECK_EQ(irq_cause, IRQ | (code + 1));
        csr_write(HVIP, 0);
    }
    hart()->on_irq = NULL;
}

static void test_timer(void)
{
    csr_set(MENVCFG, MENVCFG_STCE);
    csr_write(HENVCFG, MENVCFG_STCE);
    csr_write(HTIMEDELTA, 0);
    csr_write(VSTIMECMP, ~0ul);
    CHECK_EQ(csr_read(HIP) & VSTI, 0);
    csr_write(VSTIMECMP, 0);
    CHECK_EQ(csr_read(HIP) & VSTI, VSTI);
    csr_write(VSTIMECMP, 1ul << 62);
    CHECK_EQ(csr_read(HIP) & VSTI, 0);
    csr_write(HTIMEDELTA, 1ul << 62); /* time of the guest has passed it */
    CHECK_EQ(csr_read(HIP) & VSTI, VSTI);
    csr_write(HTIMEDELTA, -1ul << 62); /* far before */
    u64 at = csr_read("time") + 2000;
    csr_write(VSTIMECMP, (-1ul << 62) + at);
    u64 early = csr_read(HIP) & VSTI;
    if (csr_read("time") < at) /* a busy host may have let it pass */
        CHECK_EQ(early, 0);
    while (!(csr_read("mip") & VSTI))
        ;
    csr_write(HVIP, VSTI);
    csr_write(HENVCFG, 0);
    CHECK_EQ(csr_read(HIP) & VSTI, VSTI);
    csr_write(HVIP, 0);
    CHECK_EQ(csr_read(HIP) & VSTI, 0);
    csr_write(HTIMEDELTA, 0);
}

/* ---- Two stages ---- */

#define RWXAD (PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define OPEN (RWXAD | PTE_V)

static u64 g_root[2048] __attribute__((aligned(16384)));
static u64 *vs_root, *page;
static u64 gva, gpa;

#define HLV(name, f7, rs2)                                                                 \
    static inline u64 name(u64 addr)                                                       \
    {                                                                                      \
        u64 v = 0xdeaddeaddeaddeadul;                                                      \
        __asm__ volatile(".insn r 0x73, 4, " #f7 ", %0, %1, x" #rs2                       \
                         : "+r"(v) : "r"(addr) : "memory");                                \
        return v;                                                                          \
    }
HLV(hlv_b, 0x30, 0)
HLV(hlv_bu, 0x30, 1)
HLV(hlv_h, 0x32, 0)
HLV(hlv_hu, 0x32, 1)
HLV(hlvx_hu, 0x32, 3)
HLV(hlv_w, 0x34, 0)
HLV(hlv_wu, 0x34, 1)
HLV(hlvx_wu, 0x34, 3)
HLV(hlv_d, 0x36, 0)
#define HSV(name, f7)                                                                      \
    static inline void name(u64 addr, u64 v)                                               \
    {                                                                                      \
        __asm__ volatile(".insn r 0x73, 4, " #f7 ", x0, %0, %1"                           \
                         : : "r"(addr), "r"(v) : "memory");                                \
    }
HSV(hsv_b, 0x31)
HSV(hsv_h, 0x33)
HSV(hsv_w, 0x35)
HSV(hsv_d, 0x37)

static void hfence_vvma(void)
{
    INSN(0x22000073);
}

static void hfence_gvma(void)
{
    INSN(0x62000073);
}

static void map_vs(u64 va, u64 entry)
{
    *pt_entry(vs_root, 3, va, 0) = entry;
    hfence_vvma();
}

static void map_g(u64 addr, u64 entry)
{
    *pt_entry(g_root, 3, addr, 0) = entry;
    hfence_gvma();
}

static void set_up_stages(void)
{
    vs_root = pt_new(3, OPEN);
    page = page_alloc();
    /* Guest physical memory of the program and its tables is itself. */
    g_root[2] = pte(0x80000000, OPEN | PTE_U);
    gva = 0x40000000;
    gpa = 0x60000000;
    map_vs(gva, pte(gpa, OPEN));
    map_g(gpa, pte((u64)page, OPEN | PTE_U));
    csr_write(VSATP, pt_satp(vs_root, 3, 1));
    csr_write(HGATP, SATP_SV39 | 1ul << 44 | (u64)g_root >> 12);
    csr_set(HSTATUS, SPVP);
    hfence_gvma();
}

static void test_hlv(void)
{
    page[0] = 0x8182838485868788;
    EXPECT_NO_TRAP(CHECK_EQ(hlv_d(gva), 0x8182838485868788));
    CHECK_EQ(hlv_w(gva), 0xffffffff85868788);
    CHECK_EQ(hlv_wu(gva), 0x85868788);
    CHECK_EQ(hlv_h(gva), 0xffffffffffff8788);
    CHECK_EQ(hlv_hu(gva), 0x8788);
    CHECK_EQ(hlv_b(gva), 0xffffffffffffff88);
    CHECK_EQ(hlv_bu(gva), 0x88);
    CHECK_EQ(hlvx_hu(gva + 2), 0x8586);
    CHECK_EQ(hlvx_wu(gva), 0x85868788);
    EXPECT_NO_TRAP(hsv_d(gva + 8, 0x1122334455667788));
    hsv_w(gva + 8, 1);
    hsv_h(gva + 14, 2);
    hsv_b(gva + 13, 3);
    CHECK_EQ(page[1], 0x0002034400000001);
    /* After it M is itself again. */
    CHECK_EQ(ld64((u64)page), 0x8182838485868788);
}

/* A load in VS, for its own sake. */
extern u8 leave_mode[];

static u64 guest_load(u64 addr)
{
    return ld64(addr);
}

static void check_fault(u64 cause, u64 tval, u64 addr, u64 inst, int line)
{
    if (hart()->trap.cause != cause)
        fail_at(__FILE__, line, "cause", hart()->trap.cause, cause);
    if (hart()->trap.tval != tval)
        fail_at(__FILE__, line, "tval", hart()->trap.tval, tval);
    if (csr_read(HTVAL) != addr >> 2)
        fail_at(__FILE__, line, "htval", csr_read(HTVAL), addr >> 2);
    if (csr_read(HTINST) != inst)
        fail_at(__FILE__, line, "htinst", csr_read(HTINST), inst);
    CHECK_EQ(csr_read(HSTATUS) & GVA, GVA);
}
#define FAULT(cause_, tval, addr, inst, ...)                                                \
    do {                                                                                   \
        hart()->trap.cause = NONE;                                                         \
        __VA_ARGS__;                                                                       \
        check_fault(cause_, tval, addr, inst, __LINE__);                                    \
    } while (0)

/* lw a0, 0x7f(a1) and others of one address each, as the guest runs them with a1 in a0. */
static u64 run_guest_insn(u32 insn, u64 a0)
{
    make_stub(insn);
    return run_as(VS, (u64 (*)(u64))stub, a0);
}

static void test_guest_faults(void)
{
    u64 at = gva + 0x18, at_gpa = gpa + 0x18;

    map_g(gpa, 0);
    EXPECT_TRAP_AT(21, at, hlv_d(at)); /* from M, to M */
    CHECK_EQ(csr_read(MTVAL2), at_gpa >> 2);
    CHECK_EQ(csr_read(MTINST) & ~0xf80ul, 0x6c004073);
    CHECK_EQ(hart()->trap.status & (MSTATUS_MPV | MSTATUS_GVA), MSTATUS_GVA);
    csr_write("medeleg", 0xb0b000);
    FAULT(21, at, at_gpa, 0x3503, run_guest_insn(0x01853503, gva)); /* ld a0, 24(a0) */
    FAULT(21, at, at_gpa, 0x3501, run_guest_insn(0x80826d08, gva)); /* c.ld a0, 24(a0); c.jr ra */
    FAULT(23, at, at_gpa, 0xa02023, run_guest_insn(0x00a52c23, gva)); /* sw a0, 24(a0) */
    FAULT(23, gva, gpa, 0x00a0252f, run_guest_insn(0x00a5252f, gva)); /* amoadd.w a0, a0, (a0) */
    FAULT(21, gva, gpa, 0x68004573, run_as(S, (u64 (*)(u64))stub, (make_stub(HLV_W), gva)));
    hart()->resume = (u64)leave_mode;
    FAULT(20, gva, gpa, 0, run_as(VS, (u64 (*)(u64))gva, 0));

    /* A fault of the first stage writes no guest physical address. */
    map_g(gpa, pte((u64)page, OPEN | PTE_U));
    map_vs(gva, 0);
    FAULT(13, gva, 0, 0x3503, run_guest_insn(0x00053503, gva));
    map_vs(gva, pte(gpa, OPEN));

    /* Across a page: the second half is at fault. */
    map_vs(gva + 0x1000, pte(gpa + 0x1000, OPEN));
    map_g(gpa + 0x1000, 0);
    FAULT(21, gva + 0x1000, gpa + 0x1000, 0x3503 | 4 << 15,
          run_guest_insn(0x00053503, gva + 0xffc));

    /* U=0 in G-stage, and addresses that are too wide. */
    map_g(gpa, pte((u64)page, OPEN));
    FAULT(21, gva, gpa, 0x3503, run_guest_insn(0x00053503, gva));
    map_g(gpa, pte((u64)page, OPEN | PTE_U));
    map_vs(gva, pte(1ul << 41, OPEN));
    FAULT(21, gva, 1ul << 41, 0x3503, run_guest_insn(0x00053503, gva));
    map_vs(gva, pte(1ul << 40, OPEN)); /* within the wider root */
    g_root[1024] = pte(0x80000000, OPEN | PTE_U);
    hfence_gvma();
    EXPECT_NO_TRAP(CHECK_EQ(run_guest_insn(0x00053503, gva), ld64(0x80000000)));
    g_root[1024] = 0;
    map_vs(gva, pte(gpa, OPEN));
}

/* The tables of VS-stage are guest physical too. */
static void test_implicit_faults(void)
{
    u64 *leaf = pt_entry(vs_root, 3, gva, 0), table = (u64)leaf & ~0xffful;
    u64 hole = 0x61000000;
    u64 *middle = pt_entry(vs_root, 3, gva, 1), was = *middle;

    *middle = pte(hole, PTE_V);
    hfence_vvma();
    FAULT(21, gva, hole + ((u64)leaf & 0xfff), 0x3000, run_guest_insn(0x00053503, gva));
    FAULT(23, gva, hole + ((u64)leaf & 0xfff), 0x3000, run_guest_insn(0x00a53023, gva));
    /* Readable but not writable, which matters when A is to be set. */
    map_g(hole, pte(table, PTE_V | PTE_R | PTE_U | PTE_A | PTE_D));
    EXPECT_NO_TRAP(run_guest_insn(0x00053503, gva));
    csr_set(MENVCFG, MENVCFG_ADUE);
    csr_write(HENVCFG, MENVCFG_ADUE);
    *leaf = pte(gpa, PTE_V | PTE_R | PTE_W);
    hfence_vvma();
    FAULT(21, gva, hole + ((u64)leaf & 0xfff), 0x3020, run_guest_insn(0x00053503, gva));
    csr_write(HENVCFG, 0);
    FAULT(13, gva, 0, 0x3503, run_guest_insn(0x00053503, gva)); /* A=0 and no update */
    csr_write(HENVCFG, MENVCFG_ADUE);
    *middle = was;
    hfence_vvma();
    EXPECT_NO_TRAP(run_guest_insn(0x00053503, gva));
    CHECK_EQ(*leaf, pte(gpa, PTE_V | PTE_R | PTE_W | PTE_A));
    EXPECT_NO_TRAP(run_guest_insn(0x00a53023, gva));
    CHECK_EQ(*leaf, pte(gpa, PTE_V | PTE_R | PTE_W | PTE_A | PTE_D));
    /* G-stage has menvcfg's. */
    map_g(gpa, pte((u64)page, PTE_V | PTE_R | PTE_W | PTE_X | PTE_U));
    csr_write(HENVCFG, 0);
    EXPECT_NO_TRAP(run_guest_insn(0x00053503, gva));
    CHECK_EQ(*pt_entry(g_root, 3, gpa, 0), pte((u64)page, OPEN | PTE_U) & ~PTE_D);
    csr_clear(MENVCFG, MENVCFG_ADUE);
    FAULT(23, gva, gpa, 0xa03023, run_guest_insn(0x00a53023, gva));
    map_g(gpa, pte((u64)page, OPEN | PTE_U));
    map_vs(gva, pte(gpa, OPEN));
    csr_write("medeleg", 0);
}

/* R, W, X of both stages, MXR of both levels, hlvx. */
static void try_stages(u64 vs, u64 g, bool vs_mxr, bool hs_mxr)
{
    bool vs_read = (vs & PTE_R) || ((vs_mxr || hs_mxr) && (vs & PTE_X));
    bool g_read = (g & PTE_R) || (hs_mxr && (g & PTE_X));

    map_vs(gva, pte(gpa, vs | PTE_V | PTE_A | PTE_D));
    map_g(gpa, pte((u64)page, g | PTE_V | PTE_A | PTE_D | PTE_U));
    csr_clear(VSSTATUS, MSTATUS_MXR);
    csr_clear("mstatus", MSTATUS_MXR);
    csr_set(VSSTATUS, vs_mxr ? MSTATUS_MXR : 0);
    csr_set("mstatus", hs_mxr ? MSTATUS_MXR : 0);
    hart()->trap.cause = NONE;
    hlv_d(gva);
    CHECK_EQ(hart()->trap.cause, !vs_read ? 13 : !g_read ? 21 : NONE);
    hart()->trap.cause = NONE;
    hlvx_wu(gva);
    CHECK_EQ(hart()->trap.cause, !(vs & PTE_X) ? 13 : !(g & PTE_X) ? 21 : NONE);
    hart()->trap.cause = NONE;
    hsv_d(gva, 1);
    CHECK_EQ(hart()->trap.cause, !(vs & PTE_W) ? 15 : !(g & PTE_W) ? 23 : NONE);
}

static void test_permissions(void)
{
    static const u64 kinds[] = { PTE_R, PTE_R | PTE_W, PTE_X, PTE_R | PTE_X, RWXAD };

    for (unsigned i = 0; i < 25; i++)
        for (unsigned mxr = 0; mxr < 4; mxr++)
            try_stages(kinds[i % 5], kinds[i / 5], mxr & 1, mxr & 2);
    csr_clear(VSSTATUS, MSTATUS_MXR);
    csr_clear("mstatus", MSTATUS_MXR);
    map_g(gpa, pte((u64)page, OPEN | PTE_U));

    /* U pages of the guest: SPVP and vsstatus.SUM; the hypervisor's SUM has no say. */
    map_vs(gva, pte(gpa, OPEN | PTE_U));
    csr_set("mstatus", MSTATUS_SUM);
    EXPECT_TRAP(13, hlv_d(gva));
    csr_set(VSSTATUS, MSTATUS_SUM);
    EXPECT_NO_TRAP(hlv_d(gva));
    csr_clear(VSSTATUS, MSTATUS_SUM);
    csr_clear("mstatus", MSTATUS_SUM);
    csr_clear(HSTATUS, SPVP);
    EXPECT_NO_TRAP(hlv_d(gva));
    map_vs(gva, pte(gpa, OPEN));
    EXPECT_TRAP(13, hlv_d(gva));
    csr_set(HSTATUS, SPVP);

    /* MPRV with MPV does as the guest would. */
    csr_set("mstatus", MSTATUS_MPV);
    page[0] = 4711;
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, gva), 4711));
    csr_clear("mstatus", MSTATUS_MPV);
    EXPECT_NO_TRAP(CHECK_EQ(load_as(MODE_S, (u64)page), 4711)); /* satp is bare */
}

/* Translations of another VMID, or of the hypervisor, stay when one machine's go. */
static void test_fences(void)
{
    u64 *other = page_alloc(), *e = pt_entry(g_root, 3, gpa, 0);
    u64 one = csr_read(HGATP), two = one + (1ul << 44);

    page[0] = 1;
    other[0] = 2;
    CHECK_EQ(hlv_d(gva), 1);
    *e = pte((u64)other, OPEN | PTE_U);
    hfence_gvma();
    CHECK_EQ(hlv_d(gva), 2);
    *e = pte((u64)page, OPEN | PTE_U);
    __asm__ volatile(".insn r 0x73, 0, 0x31, x0, %0, %1" : : "r"(gpa >> 2), "r"(1ul) : "memory");
    CHECK_EQ(hlv_d(gva), 1);
    csr_write(HGATP, two);
    CHECK_EQ(hlv_d(gva), 1);
    map_vs(gva, pte(gpa + 0x2000, OPEN));
    map_g(gpa + 0x2000, pte((u64)other, OPEN | PTE_U));
    CHECK_EQ(hlv_d(gva), 2);
    csr_write(HGATP, one);
    hfence_vvma();
    CHECK_EQ(hlv_d(gva), 2);
    map_vs(gva, pte(gpa, OPEN));
    CHECK_EQ(run_as(VS, guest_load, gva), 1);
    /* sfence.vma in VS is the guest's own. */
    *pt_entry(vs_root, 3, gva, 0) = pte(gpa + 0x2000, OPEN);
    make_stub(SFENCE);
    run_as(VS, (u64 (*)(u64))stub, 0);
    CHECK_EQ(hlv_d(gva), 2);
    map_vs(gva, pte(gpa, OPEN));
}

#define FENCE(f7, rs1, rs2)                                                                 \
    __asm__ volatile(".insn r 0x73, 0, " #f7 ", x0, " rs1 ", " rs2 : : "r"(addr), "r"(id) : "memory")

/* hfence.vvma and hfence.gvma; id ~0: any. */
static void vvma(u64 addr, u64 id)
{
    if (id == ~0ul)
        FENCE(0x11, "%0", "x0");
    else if (!addr)
        FENCE(0x11, "x0", "%1");
    else
        FENCE(0x11, "%0", "%1");
}

static void gvma(u64 addr, u64 id)
{
    addr >>= 2;
    if (id == ~0ul)
        FENCE(0x31, "%0", "x0");
    else if (!addr)
        FENCE(0x31, "x0", "%1");
    else
        FENCE(0x31, "%0", "%1");
}

/* One address, one ASID, one VMID, of the current machine or another one. */
static void test_exact_fences(void)
{
    u64 *other = page_alloc(), *e = pt_entry(vs_root, 3, gva, 0), *g = pt_entry(g_root, 3, gpa, 0);
    u64 here = pte(gpa, OPEN), there = pte(gpa + 0x2000, OPEN);
    u64 one = csr_read(VSATP), two = (one & ~(0xfffful << 44)) | 7ul << 44;
    u64 machine = csr_read(HGATP), next = machine + (2ul << 44);

    page[0] = 1;
    other[0] = 2;
    map_g(gpa + 0x2000, pte((u64)other, OPEN | PTE_U));
    CHECK_EQ(hlv_d(gva), 1);
    *e = there;
    vvma(gva + 0xff8, ~0ul);
    CHECK_EQ(hlv_d(gva), 2);
    *e = here;
    vvma(0, one >> 44 & 0xffff);
    CHECK_EQ(hlv_d(gva), 1);
    csr_write(VSATP, two);
    CHECK_EQ(hlv_d(gva), 1);
    csr_write(VSATP, one);
    *e = there;
    vvma(gva, 7); /* the other address space of this machine */
    csr_write(VSATP, two);
    CHECK_EQ(hlv_d(gva), 2);
    csr_write(VSATP, one);
    vvma(gva, one >> 44 & 0xffff);
    CHECK_EQ(hlv_d(gva), 2);
    /* A global entry goes with a fence of the address in all address spaces. */
    *e = here | PTE_G;
    hfence_vvma();
    CHECK_EQ(hlv_d(gva), 1);
    *e = there | PTE_G;
    vvma(gva, ~0ul);
    CHECK_EQ(hlv_d(gva), 2);
    *e = here;
    hfence_vvma();

    /* G-stage: by address, and of another machine. */
    *g = pte((u64)other, OPEN | PTE_U);
    gvma(gpa + 0x18, ~0ul);
    CHECK_EQ(hlv_d(gva), 2);
    csr_write(HGATP, next);
    CHECK_EQ(hlv_d(gva), 2);
    csr_write(HGATP, machine);
    *g = pte((u64)page, OPEN | PTE_U);
    gvma(gpa, next >> 44 & 0x3fff);
    csr_write(HGATP, next);
    CHECK_EQ(hlv_d(gva), 1);
    csr_write(HGATP, machine);
    gvma(0, machine >> 44 & 0x3fff);
    CHECK_EQ(hlv_d(gva), 1);
    /* The machine's own physical addresses, without VS-stage. */
    csr_write(VSATP, 0);
    CHECK_EQ(hlv_d(gpa), 1);
    *g = pte((u64)other, OPEN | PTE_U);
    gvma(gpa, machine >> 44 & 0x3fff);
    CHECK_EQ(hlv_d(gpa), 2);
    *g = pte((u64)page, OPEN | PTE_U);
    gvma(gpa, ~0ul);
    csr_write(VSATP, one);
}

/* Any address of a large page stands for all of it. */
static void test_large_fences(void)
{
    u64 *middle = pt_entry(vs_root, 3, gva, 1), *g_middle = pt_entry(g_root, 3, gpa, 1);
    u64 was = *middle, g_was = *g_middle, at[] = { 0, 0x1000, 0x1ff000 };

    for (unsigned i = 0; i < 3; i++) {
        st64(0x84000000 + at[i], 1);
        st64(0x84200000 + at[i], 2);
        st64(0x84400000 + at[i], 3);
    }
    *middle = pte(gpa, OPEN);
    *g_middle = pte(0x84000000, OPEN | PTE_U);
    g_middle[1] = pte(0x84400000, OPEN | PTE_U);
    hfence_gvma();
    hfence_vvma();
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(hlv_d(gva + at[i]), 1);
    *g_middle = pte(0x84200000, OPEN | PTE_U);
    gvma(gpa + 0x5000, ~0ul);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(hlv_d(gva + at[i]), 2);
    *middle = pte(gpa + 0x200000, OPEN);
    vvma(gva + 0x7000, ~0ul);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(hlv_d(gva + at[i]), 3);
    *middle = was;
    *g_middle = g_was;
    g_middle[1] = 0;
    hfence_gvma();
    hfence_vvma();
}

static void test_modes(void)
{
    csr_write(VSATP, 0);
    csr_write(HGATP, 0);
    page[0] = 99;
    EXPECT_NO_TRAP(CHECK_EQ(hlv_d((u64)page), 99));
    /* An unknown mode of hgatp changes the rest, one of vsatp nothing. */
    csr_write(HGATP, 5ul << 60 | 7);
    CHECK_EQ(csr_read(HGATP), 4);
    csr_write(HGATP, 0);
    csr_write(VSATP, 5ul << 60 | 7);
    CHECK_EQ(csr_read(VSATP), 0);
    csr_write(HGATP, ~0ul >> 4 | SATP_SV57);
    CHECK_EQ(csr_read(HGATP), (SATP_SV57 | ~0ul >> 4) & ~3ul & ~(3ul << 58));
    csr_write(HGATP, 0);
    hfence_gvma();
}

int main(void)
{
    csr_write("mie", 0);
    test_registers_kept();
    test_instructions_kept();
    test_enables();
    test_float();
    test_stand_ins();
    test_delegation();
    test_interrupts();
    test_timer();
    set_up_stages();
    test_hlv();
    test_guest_faults();
    test_implicit_faults();
    test_permissions();
    test_fences();
    test_exact_fences();
    test_large_fences();
    test_modes();
    return 0;
}
