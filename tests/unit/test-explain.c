/*
 * Answers to "why": each rule that makes an instruction illegal is named by the instruction that the
 * engine refuses for it; accesses and interrupts are explained as they would end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "target/riscv/explain.h"
#include "tests/unit/riscv-fixture.h"

static void assert_has(GString *text, const char *part)
{
    if (!strstr(text->str, part))
        g_error("'%s' is not in:\n%s", part, text->str);
}

#define CSRR(csr) ((uint32_t)(csr) << 20 | 2 << 12 | 10 << 7 | 0x73)
#define CSRW(csr) ((uint32_t)(csr) << 20 | 10 << 15 | 1 << 12 | 0x73)

static void test_illegal(void)
{
    static const struct {
        const char *spec;
        RISCVPriv priv;
        uint64_t status;
        uint32_t insn;
        const char *why;
    } cases[] = {
        { "rv64", PRV_M, 0, 0, "all bits are zero" },
        { "rv64", PRV_M, 0, 0xFFFFFFFF, "reserved encoding" },
        { "rv64,zbb=off", PRV_M, 0, 0x60051513, "clz: needs zbb, which is off" },
        { "rv64i,zicsr=on", PRV_M, 0, 0x02B50533, "mul: needs zmmul, which is off" },
        { "rv64", PRV_M, 0, 0x02B57553, "fadd.d: mstatus.FS=0" },
        { "rv64", PRV_M, 0, CSRR(0x003), "csrrs fcsr: mstatus.FS=0" },
        { "rv64", PRV_S, MSTATUS_TVM, CSRR(0x180), "csrrs satp: mstatus.TVM=1" },
        { "rv64", PRV_S, MSTATUS_TVM, 0x12000073, "sfence.vma: mstatus.TVM=1" },
        { "rv64", PRV_S, MSTATUS_TSR, 0x10200073, "sret: mstatus.TSR=1" },
        { "rv64", PRV_S, MSTATUS_TW, 0x10500073, "wfi: mstatus.TW=1" },
        { "rv64", PRV_U, 0, 0x10500073, "wfi: needs S mode" },
        { "rv64", PRV_S, 0, 0x30200073, "mret: needs M mode" },
        { "rv64", PRV_S, 0, CSRR(0x300), "csrrs mstatus: needs M mode" },
        { "rv64", PRV_U, 0, CSRR(0x100), "csrrs sstatus: needs S mode" },
        { "rv64", PRV_M, 0, CSRW(0xF14), "csrrw mhartid: cannot be written" },
        { "rv64", PRV_M, 0, CSRR(0x7FF), "csrrs 0x7ff: there is no such register" },
        { "rv64", PRV_M, 0, CSRR(0x747), "csrrs mseccfg: no extension that needs it is on (smepmp, smmpm, zicfilp, zkr)" },
        { "rv64", PRV_M, 0, CSRR(0x3C0), "csrrs pmpaddr16: there is no such PMP entry" },
        { "rv64", PRV_S, 0, CSRR(0xC00), "csrrs cycle: mcounteren.CY=0" },
        { "rv64", PRV_S, 0, CSRR(0xC05), "csrrs hpmcounter5: mcounteren.HPM5=0" },
        { "rv64", PRV_M, 0, CSRR(0xB1F), "csrrs mhpmcounter31: there is no such counter" },
        { "rv64", PRV_S, 0, CSRR(0x14D), "csrrs stimecmp: menvcfg.STCE=0" },
        { "rv64,smstateen=on", PRV_S, 0, CSRR(0x10A), "csrrs senvcfg: mstateen0.ENVCFG=0" },
        { "rv64,smstateen=on", PRV_S, 0, CSRR(0x10D), "csrrs sstateen1: mstateen1 bit 63 is 0" },
        { "rv64", PRV_S, 0, 0x0045200F, "cbo.zero: menvcfg.CBZE=0" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        Hart h;

        hart_init(&h, cases[i].spec);
        h.env->mstatus |= cases[i].status;
        hart_set_priv(&h, cases[i].priv);
        riscv_explain_illegal(h.env, cases[i].insn, out);
        assert_has(out, cases[i].why);
        /* What is said of a CSR is what the access meets. */
        if ((cases[i].insn & 0x7F) == 0x73 && (cases[i].insn >> 12 & 7) != 0) {
            uint64_t v;
            bool write = (cases[i].insn >> 12 & 7) == 1;

            g_assert_false(csr_op(&h, cases[i].insn >> 20, write ? CSR_WRITE : CSR_SET, 0, true,
                                  write, &v, NULL));
        }
        hart_done(&h);
    }
}

static void test_interrupts(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    CPUState *cpu;
    Hart h;

    hart_init(&h, "rv64");
    cpu = &h.cpu->parent_obj;
    riscv_explain_interrupts(cpu, out);
    assert_has(out, "nothing is pending");

    g_string_truncate(out, 0);
    csr_put(&h, 0x303, MIP_SSIP);
    csr_put(&h, 0x304, MIP_SSIP | MIP_MTIP | MIP_MSIP);
    riscv_mip_change(h.env, MIP_SSIP | MIP_MTIP | MIP_MSIP | MIP_MEIP, 0);
    riscv_explain_interrupts(cpu, out);
    assert_has(out, "1 supervisor software: to S, not taken: it is delegated to S, and the hart is in M");
    assert_has(out, "3 machine software: to M, not taken: the hart is in M with mstatus.MIE=0");
    assert_has(out, "11 machine external: to M, not taken: its bit in mie is 0");

    g_string_truncate(out, 0);
    h.env->mstatus |= MSTATUS_MIE;
    riscv_explain_interrupts(cpu, out);
    assert_has(out, "3 machine software: to M, taken next");
    assert_has(out, "7 machine timer: to M, waits: 3 machine software comes first");

    g_string_truncate(out, 0);
    riscv_mip_change(h.env, 0, MIP_MTIP | MIP_MSIP | MIP_MEIP);
    hart_set_priv(&h, PRV_S);
    riscv_explain_interrupts(cpu, out);
    assert_has(out, "to S, not taken: the hart is in S with mstatus.SIE=0");
    g_string_truncate(out, 0);
    hart_set_priv(&h, PRV_U);
    riscv_explain_interrupts(cpu, out);
    assert_has(out, "1 supervisor software: to S, taken next");
    hart_done(&h);
}

#define ROOT RAM_BASE
#define LEAF_TABLE (RAM_BASE + 0x2000)

static bool explain(Hart *h, vaddr va, CPUAccessKind kind, char mode, GString *out)
{
    g_string_truncate(out, 0);
    return riscv_explain_access(&h->cpu->parent_obj, va, kind, mode, out);
}

static void test_access(void)
{
    const uint64_t leaf = (RAM_BASE + 0x5000) >> 2 | PTE_V | PTE_R | PTE_W | PTE_U;
    g_autoptr(GString) out = g_string_new(NULL);
    Hart h;

    hart_init(&h, "rv64");
    csr_put(&h, 0x3BF, UINT64_MAX);
    csr_put(&h, 0x3A2, 0x1FULL << 56);
    ram_put(&h, ROOT, (RAM_BASE + 0x1000) >> 2 | PTE_V);
    ram_put(&h, RAM_BASE + 0x1000, LEAF_TABLE >> 2 | PTE_V);
    ram_put(&h, LEAF_TABLE + 8, leaf);
    csr_put(&h, 0x180, (uint64_t)SATP_SV39 << 60 | ROOT >> 12);

    g_assert_true(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'u', out));
    assert_has(out, "load at 0x1234 from U mode");
    assert_has(out, "level 2: entry at 0x80000000");
    assert_has(out, "level 0: entry at 0x80002008");
    assert_has(out, "A is set in the entry (menvcfg.ADUE=1)");
    assert_has(out, "PMP 15: 0-");
    assert_has(out, "PMP: it decides: U may rwx");
    assert_has(out, "memory: RAM 'ram' + 0x5234");
    g_assert_cmphex(ram_get(&h, LEAF_TABLE + 8), ==, leaf); /* only said, not done */
    g_assert_true(explain(&h, 0x1234, CPU_ACCESS_STORE, 'u', out));
    assert_has(out, "A and D are set in the entry");

    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 's', out));
    assert_has(out, "page fault: U=1 in the entry, the access is from S, and mstatus.SUM=0");
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_FETCH, 'u', out));
    assert_has(out, "page fault: X=0 in the entry");
    g_assert_false(explain(&h, 0x3000, CPU_ACCESS_LOAD, 'u', out));
    assert_has(out, "page fault: V=0 in the entry");
    g_assert_false(explain(&h, 1ULL << 40, CPU_ACCESS_LOAD, 'u', out));
    assert_has(out, "not canonical");
    csr_put(&h, 0x30A, 0);
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'u', out));
    assert_has(out, "page fault: A=0 in the entry, and menvcfg.ADUE=0");
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'm', out));
    assert_has(out, "no translation in M mode");
    assert_has(out, "memory: nothing at 0x1234");

    /* PMP: the entry that decides, and one that is cut. */
    csr_put(&h, 0x3B0, (RAM_BASE + 0x5000) >> 2);
    csr_put(&h, 0x3B1, (RAM_BASE + 0x8000) >> 2 | 0x1FF);
    csr_put(&h, 0x3A0, PMP_NA4 << 3 | (uint64_t)(PMP_NAPOT << 3 | PMP_R) << 8);
    ram_put(&h, LEAF_TABLE + 8, leaf | PTE_A | PTE_D);
    g_assert_false(explain(&h, 0x1000, CPU_ACCESS_LOAD, 'u', out));
    assert_has(out, "PMP 0: 0x80005000-0x80005003 NA4 ---: matches\n");
    assert_has(out, "U may ---, refused");
    assert_has(out, "access fault: PMP refuses the access");
    g_assert_true(explain(&h, 0x1004, CPU_ACCESS_LOAD, 'u', out));
    assert_has(out, "PMP 0: 0x80005000-0x80005003 NA4 ---: does not match\n");
    assert_has(out, "PMP 1: 0x80008000-0x80008fff NAPOT r--: does not match\n");
    g_assert_true(explain(&h, RAM_BASE + 0x5000, CPU_ACCESS_LOAD, 'm', out));
    assert_has(out, "it is not locked, so it does not bind M");
    hart_done(&h);
}

/* Both stages, for a guest that is not running: what each of its walks went through. */
static void test_guest_access(void)
{
    const uint64_t g_root = RAM_BASE + 0x8000, vs_root = RAM_BASE + 0x10000;
    const uint64_t open = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
    const uint64_t vs_leaf = 0x60005000 >> 2 | open;
    g_autoptr(GString) out = g_string_new(NULL);
    Hart h;

    hart_init(&h, "rv64,h=off");
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'S', out));
    assert_has(out, "the hypervisor extension (h) is off");
    hart_done(&h);

    hart_init(&h, "rv64,h=on");
    csr_put(&h, 0x3BF, UINT64_MAX);
    csr_put(&h, 0x3A2, 0x1FULL << 56);
    /* Guest physical 0x80000000 is itself, with the tables of VS-stage; 0x60005000 is 0x80005000. */
    ram_put(&h, g_root + 8 * 2, RAM_BASE >> 2 | open | PTE_U);
    ram_put(&h, g_root + 8 * 1, (RAM_BASE + 0xc000) >> 2 | PTE_V);
    ram_put(&h, RAM_BASE + 0xc000 + 8 * 256, (RAM_BASE + 0xd000) >> 2 | PTE_V);
    ram_put(&h, RAM_BASE + 0xd000 + 8 * 5, (RAM_BASE + 0x5000) >> 2 | (open & ~PTE_W) | PTE_U);
    ram_put(&h, vs_root, (RAM_BASE + 0x11000) >> 2 | PTE_V);
    ram_put(&h, RAM_BASE + 0x11000, (RAM_BASE + 0x12000) >> 2 | PTE_V);
    ram_put(&h, RAM_BASE + 0x12000 + 8, vs_leaf);
    csr_put(&h, 0x680, (uint64_t)SATP_SV39 << 60 | 7ULL << 44 | g_root >> 12);
    csr_put(&h, 0x280, (uint64_t)SATP_SV39 << 60 | 3ULL << 44 | vs_root >> 12);

    g_assert_true(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'S', out));
    assert_has(out, "load at 0x1234 from VS mode");
    assert_has(out, "VS-stage Sv39, root 0x80010000, ASID 3");
    assert_has(out, "G-stage Sv39x4, root 0x80008000, VMID 7");
    assert_has(out, "guest physical address 0x60005234");
    assert_has(out, "level 0: entry at 0x8000d028");
    assert_has(out, "memory: RAM 'ram' + 0x5234");
    g_assert_true(explain(&h, 0x1234, CPU_ACCESS_FETCH, 'S', out));

    /* Each stage refuses for reasons of its own. */
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_STORE, 'S', out));
    assert_has(out, "guest-page fault: W=0 in the entry");
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'U', out));
    assert_has(out, "load at 0x1234 from VU mode");
    assert_has(out, "\npage fault: U=0 in the entry, and the access is from U");
    ram_put(&h, RAM_BASE + 0x12000 + 8, vs_leaf | PTE_U);
    g_assert_true(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'U', out));
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'S', out));
    assert_has(out, "the access is from VS, and vsstatus.SUM=0");
    ram_put(&h, RAM_BASE + 0x12000 + 8, vs_leaf & ~PTE_A);
    csr_put(&h, 0x60A, 0);
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'S', out));
    assert_has(out, "\npage fault: A=0 in the entry, and henvcfg.ADUE=0");
    ram_put(&h, RAM_BASE + 0x12000 + 8, 0x40000000 >> 2 | open);
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'S', out));
    assert_has(out, "guest physical address 0x40000234");
    assert_has(out, "guest-page fault: V=0 in the entry");
    /* A table of VS-stage that G-stage does not map. */
    ram_put(&h, vs_root, 0x20000000 >> 2 | PTE_V);
    g_assert_false(explain(&h, 0x1234, CPU_ACCESS_LOAD, 'S', out));
    assert_has(out, "level 2: entry at 0x80010000");
    assert_has(out, "guest-page fault: V=0 in the entry");
    /* Bare stages. */
    csr_put(&h, 0x280, 0);
    g_assert_true(explain(&h, 0x60005234, CPU_ACCESS_LOAD, 'U', out));
    assert_has(out, "memory: RAM 'ram' + 0x5234");
    g_assert_false(explain(&h, 1ULL << 41, CPU_ACCESS_LOAD, 'S', out));
    assert_has(out, "guest-page fault: the guest physical address is too wide");
    /* The hypervisor itself is not asked. */
    g_assert_true(explain(&h, RAM_BASE, CPU_ACCESS_LOAD, 's', out));
    assert_has(out, "no translation in bare mode");
    hart_done(&h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain/illegal", test_illegal);
    g_test_add_func("/explain/interrupts", test_interrupts);
    g_test_add_func("/explain/access", test_access);
    g_test_add_func("/explain/guest-access", test_guest_access);
    return g_test_run();
}
