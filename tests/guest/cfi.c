/*
 * Control-flow integrity. Landing pads: which jumps expect one, what is one, in every mode, over traps
 * and returns. Shadow stacks: the instructions, who may use them, every kind of access against every kind
 * of page in both stages, PMP, A and D. And both while they are switched off.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define HENVCFG "0x60a"
#define HSTATUS "0x600"
#define HGATP "0x680"
#define VSATP "0x280"
#define MSECCFG "0x747"
#define SSP "0x011"
#define MSTATUS_SPELP (1ul << 23)
#define MSTATUS_MPV (1ul << 39)
#define MSTATUS_MPELP (1ul << 41)
#define LPE 4ul
#define SSE 8ul
#define MLPE (1ul << 10)
#define CHECK_FAILED 18
#define NONE (~0ul)
#define VIRTUAL 22
#define OPEN (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)

enum { U, S, VU, VS, M, WHOS };

static u64 run_as(unsigned who, u64 (*fn)(u64), u64 arg)
{
    csr_clear("mstatus", MSTATUS_MPV | MSTATUS_MPELP);
    if (who == VU || who == VS)
        csr_set("mstatus", MSTATUS_MPV);
    return run_in(who == M ? MODE_M : who & 1 ? MODE_S : MODE_U, fn, arg);
}

/* ---- Landing pads ---- */

static void set_lpe(unsigned who, bool on)
{
    csr_clear(MENVCFG, LPE);
    csr_clear(SENVCFG, LPE);
    csr_clear(HENVCFG, LPE);
    csr_clear(MSECCFG, MLPE);
    if (!on)
        return;
    if (who == M)
        csr_set(MSECCFG, MLPE);
    else if (who == S)
        csr_set(MENVCFG, LPE);
    else if (who == VS)
        csr_set(HENVCFG, LPE);
    else
        csr_set(SENVCFG, LPE);
}

#define JR(reg) (0x67u | (u32)(reg) << 15)             /* jr reg */
#define JALR(rd, reg) (0x67u | (rd) << 7 | (u32)(reg) << 15)
#define LPAD(label) ((u32)(label) << 12 | 0x17u)
#define RET 0x00008067u
#define NOP 0x00000013u
#define MV(rd, rs) (0x13u | (u32)(rd) << 7 | (u32)(rs) << 15)
#define LUI(rd, imm) (0x37u | (u32)(rd) << 7 | (u32)(imm) << 12)

static u32 stub[16] __attribute__((aligned(64)));
#define TARGET ((u64)&stub[8])

/* Goes to TARGET by `jump` with rs1 = its address, where `landing` and a return are. */
static void make(unsigned reg, u32 jump, u32 landing, u32 label)
{
    unsigned n = 0;

    stub[n++] = MV(6, 1); /* t1 keeps ra */
    stub[n++] = LUI(7, label);
    if (reg != 10)
        stub[n++] = MV(reg, 10);
    stub[n++] = jump;
    stub[8] = landing;
    stub[9] = MV(1, 6);
    stub[10] = RET;
    __asm__ volatile("fence.i" : : : "memory");
}

static void expect_at(unsigned who, u64 cause, int line)
{
    struct hart *h = hart();

    h->trap.count = 0;
    h->trap.cause = NONE;
    h->abandon = 1;
    run_as(who, (u64 (*)(u64))stub, TARGET);
    h->abandon = 0;
    if (h->trap.cause != cause)
        fail_at(__FILE__, line, "cause", h->trap.cause, cause);
    if (cause != CHECK_FAILED)
        return;
    CHECK_EQ(h->trap.tval, 2);
    CHECK_EQ(h->trap.epc, TARGET);
    CHECK(h->trap.status & MSTATUS_MPELP);
}
#define EXPECT(who, cause) expect_at(who, cause, __LINE__)

static void test_jumps(unsigned who)
{
    set_lpe(who, false);
    make(10, JR(10), NOP, 0);
    EXPECT(who, NONE);
    make(10, JR(10), LPAD(5), 0);
    EXPECT(who, NONE);
    /* Another mode's switch is of no concern, unless both share it. */
    for (unsigned other = U; other < WHOS; other++) {
        set_lpe(other, true);
        make(10, JR(10), NOP, 0);
        EXPECT(who, other == who || ((other ^ who) == 2 && !(who & 1)) ? CHECK_FAILED : NONE);
    }
    set_lpe(who, true);
    for (unsigned reg = 5; reg < 32; reg++) {
        if (reg == 6 || (reg >= 8 && reg < 10))
            continue;
        u64 cause = reg == 5 || reg == 7 ? NONE : CHECK_FAILED;
        make(reg, JR(reg), NOP, 0);
        EXPECT(who, cause);
        make(reg, JALR(1, reg), NOP, 0);
        EXPECT(who, cause);
        if (reg == 7)
            continue;
        make(reg, JR(reg), LPAD(0), 0);
        EXPECT(who, NONE);
        make(reg, 0x00010001 | reg << 7 | 0x8002u | 0x00010000, NOP, 0); /* c.jr reg; c.nop */
        stub[reg != 10 ? 3 : 2] = 0x00010000u | 0x8002u | reg << 7;
        __asm__ volatile("fence.i" : : : "memory");
        EXPECT(who, cause);
        stub[reg != 10 ? 3 : 2] = 0x00010000u | 0x9002u | reg << 7; /* c.jalr reg */
        __asm__ volatile("fence.i" : : : "memory");
        EXPECT(who, cause);
    }
    make(1, JR(1), NOP, 0);
    EXPECT(who, NONE);
}

static void test_labels(unsigned who)
{
    set_lpe(who, true);
    make(10, JR(10), LPAD(0x12345), 0x12345);
    EXPECT(who, NONE);
    make(10, JR(10), LPAD(0xfffff), 0xfffff);
    EXPECT(who, NONE);
    make(10, JR(10), LPAD(0x12345), 0x12344);
    EXPECT(who, CHECK_FAILED);
    make(10, JR(10), LPAD(0x12345), 0);
    EXPECT(who, CHECK_FAILED);
    make(10, JR(10), LPAD(0), 0x12345);
    EXPECT(who, NONE);
    /* auipc with a destination is none; nor are bits that make no instruction, which come second */
    make(10, JR(10), LPAD(0) | 5 << 7, 0);
    EXPECT(who, CHECK_FAILED);
    make(10, JR(10), 0, 0);
    EXPECT(who, CHECK_FAILED);
    make(10, JR(10), 0x00000073, 0); /* ecall */
    EXPECT(who, CHECK_FAILED);
    /* Without a jump a pad is nothing, whatever its label. */
    make(10, LPAD(7), NOP, 0);
    stub[3] = RET;
    __asm__ volatile("fence.i" : : : "memory");
    EXPECT(who, NONE);
    /* Two bytes off: the halves of a pad in the middle of other things */
    make(10, 0x00250067, NOP, 0); /* jr 2(a0) */
    stub[8] = 0x00170001; /* c.nop; first half of lpad 0 */
    stub[9] = 0x00010000;
    __asm__ volatile("fence.i" : : : "memory");
    struct hart *h = hart();
    h->abandon = 1;
    h->trap.cause = NONE;
    run_as(who, (u64 (*)(u64))stub, TARGET);
    h->abandon = 0;
    CHECK_EQ(h->trap.cause, CHECK_FAILED);
    CHECK_EQ(h->trap.epc, TARGET + 2);
    set_lpe(who, false);
}

static u64 nothing(u64 arg)
{
    return arg;
}

/* What a trap stacks, a return restores, if the mode it returns to still has pads on. */
static void test_stacked(void)
{
    struct hart *h = hart();

    for (unsigned on = 0; on < 2; on++) {
        set_lpe(S, on);
        h->abandon = 1;
        h->trap.cause = NONE;
        csr_set("mstatus", MSTATUS_MPELP);
        csr_clear("mstatus", MSTATUS_MPV);
        run_in(MODE_S, nothing, 0);
        h->abandon = 0;
        CHECK_EQ(h->trap.cause, on ? CHECK_FAILED : NONE);
        CHECK(!(csr_read("mstatus") & MSTATUS_MPELP));
        if (on)
            CHECK_EQ(h->trap.epc, (u64)nothing);
    }
    /* A target that cannot be fetched comes first, and it is still expected. */
    set_lpe(S, true);
    make(10, JR(10), NOP, 0);
    h->abandon = 1;
    EXPECT_TRAP_AT(1, 0x08000000, run_as(S, (u64 (*)(u64))stub, 0x08000000));
    CHECK(h->trap.status & MSTATUS_MPELP);
    /* Delegated: S finds it in sstatus, and goes on at a pad. */
    static u32 pad[2] __attribute__((aligned(8))) = { LPAD(0), RET };
    csr_set("medeleg", 1ul << CHECK_FAILED);
    CHECK(csr_read("medeleg") & 1ul << CHECK_FAILED);
    for (unsigned who = U; who <= S; who++) {
        set_lpe(who, true);
        h->resume = (u64)pad;
        EXPECT_TRAP_AT(CHECK_FAILED, 2, run_as(who, (u64 (*)(u64))stub, TARGET));
        CHECK_EQ(h->trap.handler, MODE_S);
        CHECK_EQ(h->trap.epc, TARGET);
        CHECK(h->trap.status & MSTATUS_SPELP);
        CHECK(!(csr_read("sstatus") & MSTATUS_SPELP));
    }
    csr_clear("medeleg", 1ul << CHECK_FAILED);
    set_lpe(S, false);
}

/* ---- Shadow stacks ---- */

enum Kind { LOAD, STORE, AMO, LR, SSPUSH, SSPOPCHK, SSAMOSWAP, CBO, FETCH, CPUSH, CPOPCHK, KINDS };

/* One access of addr; in any mode. */
static u64 access_kind(u64 kind, u64 addr)
{
    register u64 a0 __asm__("a0") = addr;
    register u64 a1 __asm__("a1") = 0;
    register u64 t0 __asm__("t0") = 0x5a5a;
    register u64 ra __asm__("ra");

    switch (kind) {
    case LOAD:
        __asm__ volatile("ld a1, 0(a0)" : "+r"(a1) : "r"(a0) : "memory");
        break;
    case STORE:
        __asm__ volatile("sd t0, 0(a0)" : : "r"(a0), "r"(t0) : "memory");
        break;
    case AMO:
        __asm__ volatile("amoadd.d a1, a1, (a0)" : "+r"(a1) : "r"(a0) : "memory");
        break;
    case LR:
        __asm__ volatile("lr.d a1, (a0)" : "+r"(a1) : "r"(a0) : "memory");
        break;
    case SSPUSH: /* sspush t0 */
        csr_write(SSP, addr + 8);
        __asm__ volatile(".4byte 0xce504073" : : "r"(t0) : "memory");
        a1 = csr_read(SSP);
        break;
    case SSPOPCHK: /* sspopchk t0 */
        csr_write(SSP, addr);
        __asm__ volatile(".4byte 0xcdc2c073" : : "r"(t0) : "memory");
        a1 = csr_read(SSP);
        break;
    case SSAMOSWAP: /* ssamoswap.d a1, t0, (a0) */
        __asm__ volatile(".4byte 0x485535af" : "+r"(a1) : "r"(a0), "r"(t0) : "memory");
        break;
    case CBO: /* cbo.clean (a0) */
        __asm__ volatile(".4byte 0x0015200f" : : "r"(a0) : "memory");
        break;
    case FETCH:
        ((void (*)(void))addr)();
        break;
    case CPUSH: /* c.sspush ra */
        csr_write(SSP, addr + 8);
        ra = 0x5a5a;
        __asm__ volatile(".2byte 0x6081" : : "r"(ra) : "memory");
        a1 = csr_read(SSP);
        break;
    case CPOPCHK: /* c.sspopchk t0 */
        csr_write(SSP, addr);
        __asm__ volatile(".2byte 0x6281" : : "r"(t0) : "memory");
        a1 = csr_read(SSP);
        break;
    }
    return a1;
}

static u64 what_kind;
static u64 do_access(u64 addr)
{
    return access_kind(what_kind, addr);
}

/* The cause that an access ends in, or NONE; *result: what it gave. */
static u64 try(unsigned who, enum Kind kind, u64 addr, u64 *result)
{
    struct hart *h = hart();
    u64 v;

    what_kind = kind;
    h->trap.cause = NONE;
    h->trap.count = 0;
    h->abandon = 1;
    v = run_as(who, do_access, addr);
    h->abandon = 0;
    if (result)
        *result = v;
    return h->trap.cause;
}

static u64 *page, *root, *user_root, *g_root;
static const u64 va = 0x1234567000;

static bool is_shadow(enum Kind k)
{
    return k == SSPUSH || k == SSPOPCHK || k == SSAMOSWAP || k == CPUSH || k == CPOPCHK;
}

/* By the algorithm of the privileged specification, in its order. flags: V R W X U A D. */
static u64 rule(u64 flags, bool user, enum Kind k, bool sse)
{
    bool r = flags & PTE_R, w = flags & PTE_W, x = flags & PTE_X, u = flags & PTE_U;
    bool shadow_page = w && !r && !x;
    bool store = k == STORE || k == AMO || k == CBO || is_shadow(k);
    u64 page_fault = k == FETCH ? 12 : store ? 15 : 13;
    u64 access_fault = k == FETCH ? 1 : store ? 7 : 5;

    if (w && !r && !(sse && !x))
        return page_fault;
    if (!r && !w && !x)
        return page_fault; /* a pointer at the last level */
    if (user != u)
        return page_fault;
    if (is_shadow(k)) {
        if (shadow_page)
            return NONE;
        return r && !w && !x ? page_fault : access_fault;
    }
    if (shadow_page)
        return k == LOAD || k == LR ? NONE : access_fault;
    switch (k) {
    case LOAD:
    case LR:
        return r ? NONE : page_fault;
    case CBO:
        return r || w ? NONE : page_fault;
    case FETCH:
        return x ? NONE : page_fault;
    default:
        return w ? NONE : page_fault;
    }
}

static void set_leaf(u64 entry)
{
    *pt_entry(root, 3, va, 0) = entry;
    sfence_all();
    INSN(0x22000073); /* hfence.vvma */
}

static void check_case(unsigned who, u64 flags, enum Kind k, u64 want)
{
    u64 v, got;

    page[0] = k == FETCH ? RET : 0x5a5a;
    page[1] = 0x1111;
    __asm__ volatile("fence.i" : : : "memory");
    got = try(who, k, va, &v);
    if (got != want) {
        puts("who, flags, access: ");
        put_hex(who);
        put_hex(flags);
        put_hex(k);
        puts("\n");
    }
    CHECK_EQ(got, want);
    if (want != NONE) {
        CHECK_EQ(hart()->trap.tval, va);
        return;
    }
    if (k == SSPUSH || k == CPUSH)
        CHECK_EQ(v, va);
    else if (k == SSPOPCHK || k == CPOPCHK)
        CHECK_EQ(v, va + 8);
    else if (k == SSAMOSWAP)
        CHECK_EQ(v, 0x5a5a);
    CHECK_EQ(page[1], 0x1111);
}

static void test_pages(unsigned who)
{
    bool user = who == U || who == VU;
    u64 *kept = root;

    if (user) { /* where it can run */
        root = user_root;
        csr_write("satp", pt_satp(root, 3, 0));
        csr_write(VSATP, pt_satp(root, 3, 0));
    }
    for (u64 rwxu = 0; rwxu < 16; rwxu++) {
        u64 flags = rwxu << 1;

        set_leaf(pte((u64)page, flags | PTE_V | PTE_A | PTE_D));
        for (enum Kind k = LOAD; k < KINDS; k++)
            check_case(who, flags, k, rule(flags, user, k, true));
    }
    root = kept;
    csr_write("satp", pt_satp(root, 3, 0));
    csr_write(VSATP, pt_satp(root, 3, 0));
}

static void all_sse(bool on)
{
    if (on) {
        csr_set(MENVCFG, SSE);
        csr_set(HENVCFG, SSE);
        csr_set(SENVCFG, SSE);
    } else {
        csr_clear(SENVCFG, SSE);
        csr_clear(HENVCFG, SSE);
        csr_clear(MENVCFG, SSE);
    }
}

static void test_fields(void)
{
    csr_write(SSP, ~0ul);
    CHECK_EQ(csr_read(SSP), ~7ul);
    all_sse(false);
    csr_set(SENVCFG, SSE);
    csr_set(HENVCFG, SSE);
    CHECK(!(csr_read(SENVCFG) & SSE));
    CHECK(!(csr_read(HENVCFG) & SSE));
    all_sse(true);
    CHECK(csr_read(SENVCFG) & SSE);
    CHECK(csr_read(HENVCFG) & SSE);
}

/* The pointer, and what follows of a check that fails. */
static void test_pop(unsigned who)
{
    u64 v;

    set_leaf(pte((u64)page, PTE_V | PTE_W | PTE_A | PTE_D | (who & 1 ? 0 : PTE_U)));
    page[0] = 0x1234;
    CHECK_EQ(try(who, SSPOPCHK, va, &v), CHECK_FAILED);
    CHECK_EQ(hart()->trap.tval, 3);
    CHECK_EQ(csr_read(SSP), va);
    CHECK_EQ(try(who, SSPUSH, va + 8, &v), NONE);
    CHECK_EQ(page[1], 0x5a5a);
    CHECK_EQ(v, va + 8);
    /* A push that faults leaves the pointer. */
    CHECK_EQ(try(who, SSPUSH, va - 8, &v), 15);
    CHECK_EQ(hart()->trap.tval, va - 8);
    CHECK_EQ(csr_read(SSP), va);
    page[0] = 0xffffffff80000000;
    CHECK_EQ(try(who, SSAMOSWAP, va, &v), NONE);
    CHECK_EQ(v, 0xffffffff80000000);
    CHECK_EQ(page[0], 0x5a5a);
    CHECK_EQ(try(who, SSAMOSWAP, va + 4, &v), 6);
}

/* A and D: a push sets both, a pop only A. */
static void test_dirty(void)
{
    u64 *e = pt_entry(root, 3, va, 0), bare = PTE_V | PTE_W;

    csr_set(MENVCFG, MENVCFG_ADUE);
    page[0] = 0x5a5a;
    set_leaf(pte((u64)page, bare));
    CHECK_EQ(try(S, SSPOPCHK, va, NULL), NONE);
    CHECK_EQ(*e & (PTE_A | PTE_D), PTE_A);
    CHECK_EQ(try(S, SSPUSH, va, NULL), NONE);
    CHECK_EQ(*e & (PTE_A | PTE_D), PTE_A | PTE_D);
    csr_clear(MENVCFG, MENVCFG_ADUE);
    set_leaf(pte((u64)page, bare | PTE_A));
    CHECK_EQ(try(S, SSPOPCHK, va, NULL), NONE);
    CHECK_EQ(try(S, SSPUSH, va, NULL), 15);
    set_leaf(pte((u64)page, bare));
    CHECK_EQ(try(S, SSPOPCHK, va, NULL), 15);
}

static u64 read_ssp(u64 arg)
{
    return csr_read(SSP);
}

static u64 ssrdp(u64 arg)
{
    register u64 a0 __asm__("a0") = 77;
    __asm__ volatile(".4byte 0xcdc04573" : "+r"(a0)); /* ssrdp a0 */
    return a0;
}

/* sspush, sspopchk, c.sspush, c.sspopchk: nothing at all while switched off. */
static u64 be_operations(u64 arg)
{
    INSN(0xce104073); /* sspush x1 */
    INSN(0xcdc2c073); /* sspopchk x5 */
    INSN16(0x6081);
    INSN16(0x6281);
    return arg;
}

static u64 cause_of(unsigned who, u64 (*fn)(u64), u64 arg, u64 *v)
{
    struct hart *h = hart();
    u64 r;

    h->trap.cause = NONE;
    h->abandon = 1;
    r = run_as(who, fn, arg);
    h->abandon = 0;
    if (v)
        *v = r;
    return h->trap.cause;
}

static void test_switches(void)
{
    set_leaf(pte((u64)page, PTE_V | PTE_W | PTE_A | PTE_D));
    for (unsigned bits = 0; bits < 8; bits++) {
        all_sse(true);
        if (!(bits & 1))
            csr_clear(SENVCFG, SSE);
        if (!(bits & 2))
            csr_clear(HENVCFG, SSE);
        if (!(bits & 4))
            csr_clear(MENVCFG, SSE);
        for (unsigned who = U; who < WHOS; who++) {
            bool m = bits & 4, h = m && (bits & 2), s = m && (bits & 1);
            bool on = who == M ? false : who == S ? m : who == VS ? h : who == U ? s : s && h;
            u64 refused = who == M || on ? NONE : !m || who < VU ? 2 : VIRTUAL, v;

            csr_write(SSP, 0x1238);
            CHECK_EQ(cause_of(who, read_ssp, 0, &v), refused);
            CHECK_EQ(cause_of(who, ssrdp, 0, &v), NONE);
            CHECK_EQ(v, on ? 0x1238 : 0);
            if (!on) {
                CHECK_EQ(cause_of(who, be_operations, 5, &v), NONE);
                CHECK_EQ(csr_read(SSP), 0x1238);
            }
            if (refused != NONE)
                CHECK_EQ(try(who, SSAMOSWAP, va, NULL), refused);
            if (who == M)
                CHECK_EQ(try(who, SSAMOSWAP, va, NULL), 7);
        }
        /* Without menvcfg.SSE the page's encoding is reserved. */
        csr_write("satp", pt_satp(root, 3, 0));
        CHECK_EQ(try(S, LOAD, va, NULL), bits & 4 ? NONE : 13);
        CHECK_EQ(try(S, STORE, va, NULL), bits & 4 ? 7 : 15);
        csr_write("satp", 0);
    }
    all_sse(true);
}

static void test_guest(void)
{
    static const u64 g_flags[] = { PTE_R, PTE_R | PTE_W, PTE_W, PTE_R | PTE_X };

    csr_write(VSATP, pt_satp(root, 3, 0));
    csr_write(HGATP, 0);
    test_pages(VS);
    test_pages(VU);
    test_pop(VS);
    /* Not in a guest whose hypervisor has not switched them on. */
    csr_clear(HENVCFG, SSE);
    set_leaf(pte((u64)page, PTE_V | PTE_W | PTE_A | PTE_D));
    CHECK_EQ(try(VS, LOAD, va, NULL), 13);
    csr_set(HENVCFG, SSE);
    CHECK_EQ(try(VS, LOAD, va, NULL), NONE);
    /* G-stage: read and write, both. */
    g_root = (u64 *)(((u64)g_root + 0x3fff) & ~0x3ffful);
    g_root[2] = pte(0x80000000, OPEN | PTE_U);
    csr_write(HGATP, SATP_SV39 | (u64)g_root >> 12);
    set_leaf(pte(0x60000000, PTE_V | PTE_W | PTE_A | PTE_D));
    for (unsigned i = 0; i < 4; i++) {
        *pt_entry(g_root, 3, 0x60000000, 0) = pte((u64)page, g_flags[i] | PTE_V | PTE_U | PTE_A | PTE_D);
        INSN(0x62000073); /* hfence.gvma */
        for (enum Kind k = LOAD; k < KINDS; k++) {
            bool shadow = is_shadow(k), readable = g_flags[i] & PTE_R;
            u64 want = k == CBO || k == STORE || k == AMO ? 7 : k == FETCH ? 1
                       : shadow ? (i == 1 ? NONE : 23) : readable ? NONE : 21;
            page[0] = 0x5a5a;
            CHECK_EQ(try(VS, k, va, NULL), want);
        }
    }
    csr_write(HGATP, 0);
    csr_write(VSATP, 0);
    CHECK_EQ(try(VS, SSPUSH, (u64)page, NULL), 7);
    CHECK_EQ(try(VS, SSPOPCHK, (u64)page, NULL), 7);
    INSN(0x62000073);
}

static void test_bare(void)
{
    csr_write("satp", 0);
    CHECK_EQ(try(S, SSPUSH, (u64)page, NULL), 7);
    CHECK_EQ(try(S, SSPOPCHK, (u64)page, NULL), 7);
    CHECK_EQ(try(U, SSAMOSWAP, (u64)page, NULL), 7);
    csr_write("satp", pt_satp(root, 3, 0));
    /* Devices are no place for a shadow stack. */
    set_leaf(pte(UART, PTE_V | PTE_W | PTE_A | PTE_D));
    CHECK_EQ(try(S, SSPUSH, va, NULL), 7);
    CHECK_EQ(try(S, SSPOPCHK, va, NULL), 7);
    /* PMP must grant both, even to a pop. */
    set_leaf(pte((u64)page, PTE_V | PTE_W | PTE_A | PTE_D));
    csr_write("pmpaddr1", ~0ul);
    csr_write("pmpaddr0", (u64)page >> 2 | 0x1ff);
    csr_write("pmpcfg0", 0x1f19); /* NAPOT R, then all */
    sfence_all();
    page[0] = 0x5a5a;
    CHECK_EQ(try(S, LOAD, va, NULL), NONE);
    CHECK_EQ(try(S, SSPOPCHK, va, NULL), 7);
    CHECK_EQ(try(S, SSPUSH, va, NULL), 7);
    csr_write("pmpcfg0", 0x1f1b);
    sfence_all();
    CHECK_EQ(try(S, SSPOPCHK, va, NULL), NONE);
    csr_write("pmpaddr0", ~0ul);
    csr_write("pmpcfg0", 0x1f);
    sfence_all();
}

int main(void)
{
    page = page_alloc();
    root = pt_new(3, OPEN);
    user_root = pt_new(3, OPEN | PTE_U);
    for (unsigned i = 0; i < 7; i++) { /* 16 KiB in a row, aligned, are in it */
        u64 *p = page_alloc();
        if (i == 0)
            g_root = p;
    }
    csr_set(MENVCFG, 0xf0);
    csr_set(HENVCFG, 0xf0);
    csr_set(SENVCFG, 0xf0);
    for (unsigned who = U; who < WHOS; who++) {
        test_jumps(who);
        test_labels(who);
    }
    test_stacked();
    test_fields();
    csr_write("satp", pt_satp(root, 3, 0));
    sfence_all();
    test_pages(S);
    test_pages(U);
    test_pop(S);
    test_dirty();
    test_bare();
    test_guest();
    csr_write("satp", 0);
    test_switches();
    return 0;
}
