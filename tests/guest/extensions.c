/*
 * Extensions that the compiler does not know: Zacas, Zabha, Zama16b, Zalasr, Zimop, Zcmop, Zfh, Zfa. Run with
 * all of them, and with Zama16b off, which mvendorid = 1 announces.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

/* ---- Atomics ---- */

#define AMO(name, funct5, funct3)                                             \
    __attribute__((unused)) static u64 name(void *p, u64 v)                                         \
    {                                                                         \
        u64 old;                                                              \
        __asm__ volatile(".insn r 0x2f, " #funct3 ", " #funct5 " << 2, %0, %1, %2" \
                         : "=r"(old) : "r"(p), "r"(v) : "memory");            \
        return old;                                                           \
    }
#define AMO2(name, funct5) \
    AMO(name##_b, funct5, 0) AMO(name##_h, funct5, 1) AMO(name##_w, funct5, 2) AMO(name##_d, funct5, 3)
AMO2(amoswap, 1)
AMO2(amoadd, 0)
AMO2(amoxor, 4)
AMO2(amoand, 12)
AMO2(amoor, 8)
AMO2(amomin, 16)
AMO2(amomax, 20)
AMO2(amominu, 24)
AMO2(amomaxu, 28)

#define CAS(name, funct3)                                                     \
    static u64 name(void *p, u64 expected, u64 v)                             \
    {                                                                         \
        __asm__ volatile(".insn r 0x2f, " #funct3 ", 0x16, %0, %1, %2" /* aq */ \
                         : "+r"(expected) : "r"(p), "r"(v) : "memory");       \
        return expected;                                                      \
    }
CAS(cas_b, 0)
CAS(cas_h, 1)
CAS(cas_w, 2)
CAS(cas_d, 3)

static bool zama16b;
static u64 m[8] __attribute__((aligned(64)));

static void set(u64 a, u64 b)
{
    m[0] = a;
    m[1] = b;
}

static void check(u64 a, u64 b)
{
    CHECK_EQ(m[0], a);
    CHECK_EQ(m[1], b);
}

static void test_cas(void)
{
    set(0xffffffff80000001, 5);
    CHECK_EQ(cas_w(m, 0x1234567880000001, 0x7777777712345678), 0xffffffff80000001);
    check(0xffffffff12345678, 5);
    CHECK_EQ(cas_w(m, 1, 2), 0x12345678); /* another value is there */
    check(0xffffffff12345678, 5);
    CHECK_EQ(cas_d(m, 0xffffffff12345678, 9), 0xffffffff12345678);
    check(9, 5);
    CHECK_EQ(cas_d(m, 8, 1), 9);
    CHECK_EQ(cas_h((char *)m + 2, 0xabcd0000, 0x18001), 0);
    check(0x80010009, 5);
    CHECK_EQ(cas_h((char *)m + 2, 0, 0), 0xffffffffffff8001);
    CHECK_EQ(cas_b((char *)m + 3, 0xf80, 0x7f), 0xffffffffffffff80);
    check(0x7f010009, 5);
    /* x0: expects 0, and what is found is not written. */
    set(0, 0);
    u64 zero;
    __asm__ volatile(".insn r 0x2f, 3, 0x14, x0, %1, %1\nmv %0, x0"
                     : "=r"(zero) : "r"(m) : "memory");
    check((u64)m, 0);
    __asm__ volatile(".insn r 0x2f, 3, 0x14, x0, %1, x0\nmv %0, x0"
                     : "+r"(zero) : "r"(m) : "memory");
    check((u64)m, 0);
    CHECK_EQ(zero, 0);
}

static bool cas_q(u64 e0, u64 e1, u64 v0, u64 v1, u64 found0, u64 found1)
{
    register u64 a2 __asm__("a2") = e0;
    register u64 a3 __asm__("a3") = e1;
    register u64 a4 __asm__("a4") = v0;
    register u64 a5 __asm__("a5") = v1;
    __asm__ volatile(".insn r 0x2f, 4, 0x17, a2, %2, a4"
                     : "+r"(a2), "+r"(a3) : "r"(m), "r"(a4), "r"(a5) : "memory");
    return a2 == found0 && a3 == found1;
}

static void test_cas_q(void)
{
    set(1, 2);
    CHECK(cas_q(1, 3, 7, 8, 1, 2));
    CHECK(cas_q(0, 2, 7, 8, 1, 2));
    check(1, 2);
    CHECK(cas_q(1, 2, 7, 8, 1, 2));
    check(7, 8);
    /* Pairs that begin with x0 are two zeros. ra and t0 stand beside. */
    u64 ra;
    __asm__ volatile("mv t2, ra\nli ra, 77\n.insn r 0x2f, 4, 0x14, x0, %1, a4\nmv %0, ra\nmv ra, t2"
                     : "=&r"(ra) : "r"(m) : "memory", "t2");
    CHECK_EQ(ra, 77);
    check(7, 8);
    register u64 a2 __asm__("a2") = 7;
    register u64 a3 __asm__("a3") = 8;
    __asm__ volatile("mv t2, ra\nli ra, 77\n.insn r 0x2f, 4, 0x14, a2, %2, x0\nmv ra, t2"
                     : "+r"(a2), "+r"(a3) : "r"(m) : "memory", "t2");
    __asm__ volatile("sd %0, 16(%2)\nsd %1, 24(%2)" : : "r"(a2), "r"(a3), "r"(m) : "memory");
    check(0, 0);
    CHECK(m[2] == 7 && m[3] == 8);
    __asm__ volatile("li a2, 7\nli a3, 8\n.insn r 0x2f, 4, 0x14, x0, %0, a2"
                     : : "r"(m) : "memory", "a2", "a3");
    check(7, 8);
    EXPECT_TRAP_AT(2, 0x28c546af, INSN(0x28c546af)); /* odd rd */
    EXPECT_TRAP_AT(2, 0x28d5462f, INSN(0x28d5462f)); /* odd rs2 */
    EXPECT_TRAP_AT(6, (u64)m + 8, __asm__ volatile(".insn r 0x2f, 4, 0x14, x0, %0, x0" : : "r"(m + 1)));
    check(7, 8);
}

struct small_case {
    u64 (*fn)(void *, u64);
    unsigned size;
    u64 memory, operand, result;
};

static void test_small(void)
{
    static const struct small_case cases[] = {
        { amoswap_b, 1, 0x80, 0x1ff, 0xff },   { amoswap_h, 2, 0x8000, 0x1fffe, 0xfffe },
        { amoadd_b, 1, 0xff, 2, 1 },           { amoadd_h, 2, 0xffff, 2, 1 },
        { amoxor_b, 1, 0xf0, 0x3ff, 0x0f },    { amoxor_h, 2, 0xf0f0, 0xffff, 0x0f0f },
        { amoand_b, 1, 0xff, 0x8c, 0x8c },     { amoand_h, 2, 0xff00, 0x0ff0, 0x0f00 },
        { amoor_b, 1, 0x80, 1, 0x81 },         { amoor_h, 2, 0x8000, 1, 0x8001 },
        { amomin_b, 1, 0x80, 1, 0x80 },        { amomin_h, 2, 5, 0x8000, 0x8000 },
        { amomax_b, 1, 0x80, 1, 1 },           { amomax_h, 2, 0x7fff, 0xffff, 0x7fff },
        { amominu_b, 1, 0x80, 0x101, 1 },      { amominu_h, 2, 0x8000, 0xffff, 0x8000 },
        { amomaxu_b, 1, 0x80, 0x101, 0x80 },   { amomaxu_h, 2, 0x8000, 0xffff, 0xffff },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct small_case *c = &cases[i];
        for (unsigned at = 0; at < 16; at += c->size) {
            unsigned shift = 8 * (at & 7);
            u64 mask = ((1ul << 8 * c->size) - 1) << shift;
            set(0x5555555555555555, 0x5555555555555555);
            m[at / 8] = (m[at / 8] & ~mask) | c->memory << shift;
            u64 old = c->fn((char *)m + at, c->operand);
            CHECK_EQ(old, c->size == 1 ? (u64)(long)(signed char)c->memory
                                       : (u64)(long)(short)c->memory);
            CHECK_EQ(m[at / 8], (0x5555555555555555 & ~mask) | c->result << shift);
            CHECK_EQ(m[!(at / 8)], 0x5555555555555555);
        }
    }
}

static void test_misaligned(void)
{
    char *p = (char *)m;

    set(0, 0);
    EXPECT_TRAP_AT(6, (u64)p + 9, amoadd_d(p + 9, 1)); /* beyond 16 bytes */
    EXPECT_TRAP_AT(6, (u64)p + 14, amoadd_w(p + 14, 1));
    EXPECT_TRAP_AT(6, (u64)p + 15, cas_h(p + 15, 0, 1));
    EXPECT_TRAP_AT(6, (u64)p + 4,
                   __asm__ volatile("sc.d zero, zero, (%0)" : : "r"(p + 4) : "memory"));
    if (!zama16b) {
        EXPECT_TRAP_AT(6, (u64)p + 1, amoadd_d(p + 1, 1));
        EXPECT_TRAP_AT(6, (u64)p + 1, amoswap_h(p + 1, 1));
        EXPECT_TRAP_AT(6, (u64)p + 2, cas_w(p + 2, 0, 1));
        check(0, 0);
        return;
    }
    /* Every place within the 16 bytes, against the same operation on aligned memory. */
    for (unsigned size = 2; size <= 8; size *= 2) {
        for (unsigned at = 0; at + size <= 16; at++) {
            u64 old = 0, aligned = 0, result = 0;
            set(0x8122334455667788, 0x99aabbccddeeff00);
            for (unsigned i = 0; i < size; i++) {
                old |= (u64)(u8)p[at + i] << 8 * i;
            }
            aligned = old;
            u64 want = size == 2 ? amomax_h(&aligned, 0x1234) : size == 4
                       ? amoadd_w(&aligned, 0x80000000) : cas_d(&aligned, old, 0x0102030405060708);
            u64 got = size == 2 ? amomax_h(p + at, 0x1234) : size == 4
                      ? amoadd_w(p + at, 0x80000000) : cas_d(p + at, old, 0x0102030405060708);
            CHECK_EQ(got, want);
            for (unsigned i = 0; i < size; i++) {
                result |= (u64)(u8)p[at + i] << 8 * i;
                p[at + i] = old >> 8 * i;
            }
            CHECK_EQ(result, aligned);
            check(0x8122334455667788, 0x99aabbccddeeff00);
        }
    }
}

/* Two harts: one stores, one looks; both count. All of it misaligned, within 16 bytes. */
#define ROUNDS 20000
static u64 shared[4] __attribute__((aligned(64)));
static volatile u64 go, done;

void other_hart(u64 id)
{
    if (id != 1) {
        return;
    }
    while (!go) {
        pause();
    }
    for (u64 i = 0; i < ROUNDS; i++) {
        st64((u64)shared + 5, -(i & 1));
        amoadd_w((char *)shared + 18, 1);
    }
    fence();
    done = 1;
}

static void test_harts(void)
{
    go = 1;
    while (!done) {
        u64 v = ld64((u64)shared + 5);
        CHECK(v == 0 || v == ~0ul);
    }
    fence();
    for (u64 i = 0; i < ROUNDS; i++) {
        amoadd_w((char *)shared + 18, 1);
    }
    CHECK_EQ(shared[2], 2ul * ROUNDS << 16);
}

/* ---- May-be-operations ---- */

static void test_mop(void)
{
    u64 v = 5;
    register u64 a1 __asm__("a1") = 7;
    __asm__ volatile("mv a0, %0\n.4byte 0xcdf5c573\nmv %0, a0" : "+r"(v) : "r"(a1) : "a0");
    CHECK_EQ(v, 0); /* mop.r.31 a0, a1 */
    v = 5;
    __asm__ volatile("mv a0, %0\n.4byte 0x82b5c573\nmv %0, a0" : "+r"(v) : "r"(a1) : "a0");
    CHECK_EQ(v, 0); /* mop.rr.0 a0, a1, a1 */
    __asm__ volatile("mv t2, ra\nli ra, 9\n.2byte 0x6081\nmv %0, ra\nmv ra, t2" : "=&r"(v) : : "t2");
    CHECK_EQ(v, 9); /* c.mop.1, which has the place of c.lui ra */
    EXPECT_TRAP(2, INSN16(0x6801)); /* c.lui a6 with immediate 0 */
}

/* ---- Floating point ---- */

static u64 get_fa0(void)
{
    u64 v;
    __asm__ volatile("fmv.x.d %0, fa0" : "=r"(v));
    return v;
}

#define SET(reg, bits) __asm__ volatile("fmv.d.x " #reg ", %0" : : "r"((u64)(bits)))
/* An operation on fa1 and fa2 (or with the number that is in its rs2 field) gives fa0, or flags. */
#define OP(rm, funct7, rs2) __asm__ volatile(".insn r 0x53, " #rm ", " #funct7 ", fa0, fa1, " #rs2)
#define OP_X(rm, funct7, rs2)                                                 \
    ({                                                                        \
        u64 v_;                                                               \
        __asm__ volatile(".insn r 0x53, " #rm ", " #funct7 ", %0, fa1, " #rs2 : "=r"(v_)); \
        v_;                                                                   \
    })
#define BOX16 0xffffffffffff0000ul
#define BOX32 0xffffffff00000000ul

static void expect(u64 value, u64 flags)
{
    CHECK_EQ(get_fa0(), value);
    CHECK_EQ(csr_swap("fflags", 0), flags);
}

static void test_half(void)
{
    static u64 word = 0x123456789abc8001;
    u64 v;

    csr_write("fcsr", 0);
    __asm__ volatile(".insn i 0x07, 1, fa0, 0(%0)" : : "r"(&word)); /* flh */
    expect(BOX16 | 0x8001, 0);
    CHECK_EQ(get_fa0(), BOX16 | 0x8001);
    SET(fa2, 0x77777777777743ff);
    __asm__ volatile(".insn s 0x27, 1, fa2, 0(%0)" : : "r"(&word) : "memory"); /* fsh */
    CHECK_EQ(word, 0x123456789abc43ff);
    SET(fa1, 0x8123);
    CHECK_EQ(OP_X(0, 0x72, f0), 0xffffffffffff8123); /* fmv.x.h: boxed or not */
    __asm__ volatile(".insn r 0x53, 0, 0x7a, fa0, %0, x0" : : "r"(0x77777777ul)); /* fmv.h.x */
    expect(BOX16 | 0x7777, 0);

    SET(fa1, BOX16 | 0x3c00);
    SET(fa2, BOX16 | 0x0001);
    OP(0, 0x02, fa2); /* 1 + 2^-24 */
    expect(BOX16 | 0x3c00, 1);
    OP(3, 0x02, fa2);
    expect(BOX16 | 0x3c01, 1);
    SET(fa2, 0x3c00); /* not boxed: a NaN, but a quiet one */
    OP(0, 0x02, fa2);
    expect(BOX16 | 0x7e00, 0);
    SET(fa2, BOX32 | 0x3c00);
    OP(0, 0x02, fa2);
    expect(BOX16 | 0x7e00, 0);
    SET(fa1, BOX16 | 0x7bff);
    SET(fa2, BOX16 | 0x7bff);
    OP(0, 0x02, fa2);
    expect(BOX16 | 0x7c00, 5);
    SET(fa2, BOX16 | 0);
    OP(0, 0x0e, fa2); /* 65504 / 0 */
    expect(BOX16 | 0x7c00, 8);
    csr_write("frm", 5);
    EXPECT_TRAP_AT(2, 0x04c5f553, INSN(0x04c5f553)); /* fadd.h, dynamic */
    EXPECT_NO_TRAP(INSN(0x04c58553));
    csr_write("fcsr", 0);

    /* From and to the other formats. */
    SET(fa1, BOX32 | 0x477ff000); /* 65520: half a unit above the largest */
    OP(0, 0x22, f0);
    expect(BOX16 | 0x7c00, 5);
    OP(1, 0x22, f0);
    expect(BOX16 | 0x7bff, 1);
    SET(fa1, BOX32 | 0x33000000); /* 2^-25 */
    OP(0, 0x22, f0);
    expect(BOX16, 3);
    OP(4, 0x22, f0);
    expect(BOX16 | 1, 3);
    SET(fa1, 0x7ff4000000000000);
    OP(0, 0x22, f1); /* fcvt.h.d of a signaling NaN */
    expect(BOX16 | 0x7e00, 16);
    SET(fa1, BOX16 | 0x8001);
    OP(0, 0x20, f2); /* fcvt.s.h of -2^-24 */
    expect(BOX32 | 0xb3800000, 0);
    OP(0, 0x21, f2);
    expect(0xbe70000000000000, 0);
    SET(fa1, BOX16 | 0xfbff);
    CHECK_EQ(OP_X(0, 0x62, f0), (u64)-65504l);
    CHECK_EQ(OP_X(0, 0x62, f1), 0);
    CHECK_EQ(csr_swap("fflags", 0), 16);
    __asm__ volatile(".insn r 0x53, 0, 0x6a, fa0, %0, x2" : : "r"(65519ul)); /* fcvt.h.l */
    expect(BOX16 | 0x7bff, 1);
    __asm__ volatile(".insn r 0x53, 0, 0x6a, fa0, %0, x2" : : "r"(65520ul));
    expect(BOX16 | 0x7c00, 5);
    v = OP_X(1, 0x72, f0); /* fclass.h */
    CHECK_EQ(v, 1 << 1);
}

static void test_zfa(void)
{
    static const u32 singles[32] = {
        0xbf800000, 0x00800000, 0x37800000, 0x38000000, 0x3b800000, 0x3c000000, 0x3d800000,
        0x3e000000, 0x3e800000, 0x3ea00000, 0x3ec00000, 0x3ee00000, 0x3f000000, 0x3f200000,
        0x3f400000, 0x3f600000, 0x3f800000, 0x3fa00000, 0x3fc00000, 0x3fe00000, 0x40000000,
        0x40200000, 0x40400000, 0x40800000, 0x41000000, 0x41800000, 0x43000000, 0x43800000,
        0x47000000, 0x47800000, 0x7f800000, 0x7fc00000,
    };
#define FLI(n) __asm__ volatile(".insn r 0x53, 0, 0x78, fa0, x" #n ", x1"); expect(BOX32 | singles[n], 0);
    FLI(0) FLI(1) FLI(2) FLI(3) FLI(4) FLI(5) FLI(6) FLI(7) FLI(8) FLI(9) FLI(10) FLI(11) FLI(12)
    FLI(13) FLI(14) FLI(15) FLI(16) FLI(17) FLI(18) FLI(19) FLI(20) FLI(21) FLI(22) FLI(23) FLI(24)
    FLI(25) FLI(26) FLI(27) FLI(28) FLI(29) FLI(30) FLI(31)
    __asm__ volatile(".insn r 0x53, 0, 0x79, fa0, x1, x1"); /* fli.d, the smallest normal number */
    expect(0x0010000000000000, 0);
    __asm__ volatile(".insn r 0x53, 0, 0x7a, fa0, x2, x1"); /* fli.h 2^-16, which is subnormal */
    expect(BOX16 | 0x0100, 0);
    __asm__ volatile(".insn r 0x53, 0, 0x7a, fa0, x29, x1"); /* fli.h 65536, which is none */
    expect(BOX16 | 0x7c00, 0);

    SET(fa1, 0x3ff0000000000000);
    SET(fa2, 0x7ff8000000000001);
    OP(2, 0x15, fa2); /* fminm.d: the NaN wins */
    expect(0x7ff8000000000000, 0);
    SET(fa2, 0x8000000000000000);
    OP(2, 0x15, fa2);
    expect(0x8000000000000000, 0);
    OP(3, 0x15, fa2);
    expect(0x3ff0000000000000, 0);
    SET(fa2, 0x7ff8000000000000);
    CHECK_EQ(OP_X(4, 0x51, fa2), 0); /* fleq.d: quiet */
    CHECK_EQ(csr_swap("fflags", 0), 0);
    SET(fa2, 0x7ff4000000000000);
    CHECK_EQ(OP_X(5, 0x51, fa2), 0);
    CHECK_EQ(csr_swap("fflags", 0), 16);
    SET(fa1, 0xc004000000000000); /* -2.5 */
    OP(0, 0x21, f4); /* fround.d: no flag */
    expect(0xc000000000000000, 0);
    OP(4, 0x21, f5); /* froundnx.d to the larger magnitude */
    expect(0xc008000000000000, 1);
    SET(fa1, 0xbfd0000000000000); /* -0.25 */
    OP(3, 0x21, f5);
    expect(0x8000000000000000, 1);
    OP(2, 0x21, f4);
    expect(0xbff0000000000000, 0);
    SET(fa1, 0x4330000000000001); /* 2^52 + 1 is an integer */
    OP(0, 0x21, f5);
    expect(0x4330000000000001, 0);
    CHECK_EQ(OP_X(1, 0x61, f8), 1); /* fcvtmod.w.d */
    CHECK_EQ(csr_swap("fflags", 0), 16);
    SET(fa1, 0xc1e0000000200000); /* -2^31 - 1 */
    CHECK_EQ(OP_X(1, 0x61, f8), 0x7fffffff);
    CHECK_EQ(csr_swap("fflags", 0), 16);
    SET(fa1, 0xc1e0000000080000); /* -2^31 - 0.25 */
    CHECK_EQ(OP_X(1, 0x61, f8), 0xffffffff80000000);
    CHECK_EQ(csr_swap("fflags", 0), 1);
    SET(fa1, 0x7ff0000000000000);
    CHECK_EQ(OP_X(1, 0x61, f8), 0);
    CHECK_EQ(csr_swap("fflags", 0), 16);
    SET(fa1, 0x4340000000000000 + (11ul << 52)); /* 2^64 */
    CHECK_EQ(OP_X(1, 0x61, f8), 0);
}

/* ---- Zalasr ---- */

#define ACQUIRE(name, funct3)                                                 \
    static u64 name(const void *p)                                            \
    {                                                                         \
        u64 v = 0x5eed;                                                       \
        __asm__ volatile(".insn r 0x2f, " #funct3 ", 0x1a, %0, %1, x0" : "+r"(v) : "r"(p) : "memory"); \
        return v;                                                             \
    }
#define RELEASE(name, funct3)                                                 \
    static void name(void *p, u64 v)                                          \
    {                                                                         \
        __asm__ volatile(".insn r 0x2f, " #funct3 ", 0x1d, x0, %0, %1" : : "r"(p), "r"(v) : "memory"); \
    }
ACQUIRE(lb_aq, 0) ACQUIRE(lh_aq, 1) ACQUIRE(lw_aq, 2) ACQUIRE(ld_aq, 3)
RELEASE(sb_rl, 0) RELEASE(sh_rl, 1) RELEASE(sw_rl, 2) RELEASE(sd_rl, 3)

static void test_acquire_release(void)
{
    char *p = (char *)m;

    set(0x8182838485868788, 0);
    CHECK_EQ(lb_aq(p + 1), 0xffffffffffffff87);
    CHECK_EQ(lh_aq(p + 2), 0xffffffffffff8586);
    CHECK_EQ(lw_aq(p + 4), 0xffffffff81828384);
    CHECK_EQ(ld_aq(p), 0x8182838485868788);
    sd_rl(p, 0x1111111122222222);
    sw_rl(p + 4, 0x9999999933333333);
    sh_rl(p + 2, 0x4444);
    sb_rl(p + 1, 0x1ff);
    check(0x333333334444ff22, 0);
    /* Without aq a load is reserved, without rl a store; so is rd or rs2 other than 0. */
    EXPECT_TRAP(2, INSN(0x3005352f));
    EXPECT_TRAP(2, INSN(0x3205352f));
    EXPECT_TRAP(2, INSN(0x3415352f));
    EXPECT_TRAP(2, INSN(0x38a5302f));
    EXPECT_TRAP(2, INSN(0x3ca5302f));
    EXPECT_TRAP(2, INSN(0x3aa530af));
    set(0x8182838485868788, 1);
    if (zama16b) {
        EXPECT_NO_TRAP(CHECK_EQ(ld_aq(p + 1), 0x0181828384858687));
        EXPECT_NO_TRAP(sh_rl(p + 7, 0x203));
        check(0x0382838485868788, 2);
    } else {
        EXPECT_TRAP_AT(4, (u64)p + 1, ld_aq(p + 1));
        EXPECT_TRAP_AT(6, (u64)p + 7, sh_rl(p + 7, 0));
    }
    EXPECT_TRAP_AT(4, (u64)p + 15, lh_aq(p + 15));
    EXPECT_TRAP_AT(6, (u64)p + 14, sw_rl(p + 14, 0));
}

int main(void)
{
    zama16b = csr_read("mvendorid") == 0;
    csr_set("mstatus", MSTATUS_FS);
    test_cas();
    test_cas_q();
    test_small();
    test_misaligned();
    if (zama16b) {
        test_harts();
    }
    test_acquire_release();
    test_mop();
    test_half();
    test_zfa();
    return 0;
}
