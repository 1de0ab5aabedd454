/*
 * Floating point: the host's FPU against the integer arithmetic on every pair of corner operands and
 * on random ones, in every rounding mode, results and flags; and both against known answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <inttypes.h>

#include "target/riscv/fpu/ops.h"

typedef uint64_t Operation(CPURISCVState *env, const TCGOp *op, uint64_t a, uint64_t b, uint64_t c);

typedef struct Row {
    const char *name;
    unsigned width;    /* of the operands; 0: an integer */
    unsigned operands;
    Operation *fn;
} Row;

/* The short form first, as the handlers do; its operands and results are registers. */
#define WRAP(name, in, out, args)                                                            \
    static uint64_t t_##name(CPURISCVState *env, const TCGOp *op, uint64_t a, uint64_t b,    \
                             uint64_t c)                                                     \
    {                                                                                        \
        uint64_t d, ra = in(a), rb = in(b), rc = in(c);                                      \
        (void)rb;                                                                            \
        (void)rc;                                                                            \
        if (!fp_try_##name args) {                                                           \
            fp_exact_##name args;                                                            \
        }                                                                                    \
        return out(d);                                                                       \
    }
#define PLAIN(v) (v)
#define WRAP1(name, in, out) WRAP(name, in, out, (env, op, &d, &ra))
#define WRAP2(name, in, out) WRAP(name, in, out, (env, op, &d, &ra, &rb))
#define WRAP3(name, in, out) WRAP(name, in, out, (env, op, &d, &ra, &rb, &rc))
static uint64_t boxed_result(uint64_t v)
{
    g_assert_cmphex(v >> 32, ==, 0xffffffff);
    return (uint32_t)v;
}
#define BOXED_32(v) boxed_result(v)
#define BOXED_64(v) (v)
#define WRAP_FORMAT(bits)                                                                    \
    WRAP2(add##bits, fp_box##bits, BOXED_##bits) WRAP2(sub##bits, fp_box##bits, BOXED_##bits) \
    WRAP2(mul##bits, fp_box##bits, BOXED_##bits) WRAP2(div##bits, fp_box##bits, BOXED_##bits) \
    WRAP1(sqrt##bits, fp_box##bits, BOXED_##bits)                                            \
    WRAP2(min##bits, fp_box##bits, BOXED_##bits) WRAP2(max##bits, fp_box##bits, BOXED_##bits) \
    WRAP2(eq##bits, fp_box##bits, PLAIN) WRAP2(lt##bits, fp_box##bits, PLAIN)                \
    WRAP2(le##bits, fp_box##bits, PLAIN)                                                     \
    WRAP3(fmadd##bits, fp_box##bits, BOXED_##bits) WRAP3(fmsub##bits, fp_box##bits, BOXED_##bits) \
    WRAP3(fnmadd##bits, fp_box##bits, BOXED_##bits)                                          \
    WRAP3(fnmsub##bits, fp_box##bits, BOXED_##bits)                                          \
    WRAP1(to_i32_##bits, fp_box##bits, PLAIN) WRAP1(to_u32_##bits, fp_box##bits, PLAIN)      \
    WRAP1(to_i64_##bits, fp_box##bits, PLAIN) WRAP1(to_u64_##bits, fp_box##bits, PLAIN)      \
    WRAP1(from_i32_##bits, PLAIN, BOXED_##bits) WRAP1(from_u32_##bits, PLAIN, BOXED_##bits)  \
    WRAP1(from_i64_##bits, PLAIN, BOXED_##bits) WRAP1(from_u64_##bits, PLAIN, BOXED_##bits)
WRAP_FORMAT(32)
WRAP_FORMAT(64)
WRAP1(widen, fp_box32, PLAIN)
WRAP1(narrow, PLAIN, boxed_result)

#define ROW(name, width, operands) { #name, width, operands, t_##name }
#define ROWS(bits)                                                                           \
    ROW(add##bits, bits, 2), ROW(sub##bits, bits, 2), ROW(mul##bits, bits, 2),               \
    ROW(div##bits, bits, 2), ROW(sqrt##bits, bits, 1), ROW(min##bits, bits, 2),              \
    ROW(max##bits, bits, 2), ROW(eq##bits, bits, 2), ROW(lt##bits, bits, 2),                 \
    ROW(le##bits, bits, 2), ROW(fmadd##bits, bits, 3), ROW(fmsub##bits, bits, 3),            \
    ROW(fnmadd##bits, bits, 3), ROW(fnmsub##bits, bits, 3), ROW(to_i32_##bits, bits, 1),     \
    ROW(to_u32_##bits, bits, 1), ROW(to_i64_##bits, bits, 1), ROW(to_u64_##bits, bits, 1),   \
    ROW(from_i32_##bits, 0, 1), ROW(from_u32_##bits, 0, 1), ROW(from_i64_##bits, 0, 1),      \
    ROW(from_u64_##bits, 0, 1)
static const Row rows[] = { ROWS(32), ROWS(64), ROW(widen, 32, 1), ROW(narrow, 64, 1) };

/* ---- Operands ---- */

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void put_both(GArray *t, const FpFormat *f, uint64_t v)
{
    uint64_t negative = v | 1ULL << (f->width - 1);
    g_array_append_val(t, v);
    g_array_append_val(t, negative);
}

/* Around each number that something changes at: that number and its neighbours, of both signs. */
static GArray *corners(const FpFormat *f)
{
    GArray *t = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    int bias = (1 << (f->exp_bits - 1)) - 1, p = f->frac_bits;
    uint64_t one = (uint64_t)bias << p, unit = 1ULL << p, inf = (2ULL * bias + 1) << p;
    const int powers[] = { -1, 0, 1, 31, 32, 63, 64, 1 - bias, -bias / 2, p, -p - 1, bias };
    const uint64_t single[] = {
        0, 1, 2, unit >> 1, unit - 1,                                /* subnormals */
        inf, inf + 1, inf + (unit >> 1), inf + unit - 1,             /* infinity and NaNs */
        inf + (unit >> 2), inf - 1,
        one + unit / 2, one + unit + unit / 2, one + unit + unit / 4, /* 1.5, 3, 2.5 */
        one + 2 * unit + unit / 8,                                    /* 4.5 */
        one - unit + unit / 2,                                        /* 0.75 */
        one + 0x5555 * (unit >> 10), one + unit / 3,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(single); i++) {
        put_both(t, f, single[i]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(powers); i++) {
        if (powers[i] > bias) {
            continue;
        }
        uint64_t v = one + (uint64_t)powers[i] * unit;
        put_both(t, f, v - 1);
        put_both(t, f, v);
        put_both(t, f, v + 1);
    }
    return t;
}

static GArray *integers(void)
{
    GArray *t = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (int i = 0; i < 64; i++) {
        for (int d = -2; d <= 2; d++) {
            uint64_t v = (1ULL << i) + (uint64_t)d, n = 0 - v;
            g_array_append_val(t, v);
            g_array_append_val(t, n);
        }
    }
    return t;
}

/* A random number with exponents near each other more often than not. */
static uint64_t random_operand(unsigned width)
{
    uint64_t v = random64(), kind = random64();

    if (width == 0) {
        return v >> (kind & 63);
    }
    const FpFormat *f = width == 32 ? &fp_binary32 : &fp_binary64;
    if (width == 32) {
        v &= 0xffffffff;
    }
    if (kind & 1) {
        uint64_t exp = (1u << (f->exp_bits - 1)) - 8 + ((kind >> 8) & 15);
        v = deposit64(v, f->frac_bits, f->exp_bits, exp);
    } else if (kind & 2) {
        v = deposit64(v, f->frac_bits, f->exp_bits, (kind >> 8) & 3);
    }
    if (kind & 4) {
        v &= ~MASK_ULL((kind >> 16) % f->frac_bits);
    }
    return v;
}

/* ---- Fast against exact ---- */

typedef struct Result {
    uint64_t value;
    unsigned flags;
} Result;

static Result run(CPURISCVState *env, const Row *r, unsigned rm, bool dynamic, const uint64_t *x)
{
    TCGOp op = { .aux = dynamic ? FP_DYN : (uint8_t)rm };
    Result res;

    if (env->fp_fast == 0) {
        env->frm = (uint8_t)rm;
    }
    fp_set_fflags(env, 0);
    res.value = r->fn(env, &op, x[0], x[1], x[2]);
    res.flags = fp_get_fflags(env);
    return res;
}

static void compare(CPURISCVState *fast, CPURISCVState *exact, const Row *r, unsigned rm,
                    const uint64_t *x)
{
    /* On the fast side the mode is dynamic, static, or static with another one in frm. */
    bool dynamic = x[0] & 1;
    if (!dynamic && (x[0] & 2)) {
        fp_set_frm(fast, (rm + 1 + (x[0] >> 2 & 3)) % 5);
    }
    Result a = run(fast, r, rm, dynamic, x), b = run(exact, r, rm, false, x);
    if (fast->frm != rm) {
        fp_set_frm(fast, rm);
    }

    if (a.value != b.value || a.flags != b.flags) {
        g_test_message("%s rm %u of %" PRIx64 " %" PRIx64 " %" PRIx64 ": %" PRIx64
                       " flags %x, in integers %" PRIx64 " flags %x", r->name, rm, x[0], x[1], x[2],
                       a.value, a.flags, b.value, b.flags);
        g_test_fail();
    }
}

typedef struct Both {
    CPURISCVState *fast, *exact;
} Both;

static void compare_corners(Both *e, const Row *r, unsigned rm, const GArray *t)
{
    const uint64_t *v = (const uint64_t *)t->data;
    unsigned step = r->operands == 3 ? 5 : 1;

    for (unsigned i = 0; i < t->len; i += step) {
        if (r->operands == 1) {
            compare(e->fast, e->exact, r, rm, (uint64_t[]){ v[i], 0, 0 });
            continue;
        }
        for (unsigned j = 0; j < t->len; j += step) {
            if (r->operands == 2) {
                compare(e->fast, e->exact, r, rm, (uint64_t[]){ v[i], v[j], 0 });
                continue;
            }
            for (unsigned k = 0; k < t->len; k += 3) {
                compare(e->fast, e->exact, r, rm, (uint64_t[]){ v[i], v[j], v[k] });
            }
        }
    }
}

static void test_fast(void)
{
    GArray *t32 = corners(&fp_binary32), *t64 = corners(&fp_binary64), *ti = integers();
    Both e = { g_new0(CPURISCVState, 1), g_new0(CPURISCVState, 1) };

    for (unsigned rm = FP_RNE; rm <= FP_RMM; rm++) {
        e.fast->frm = (uint8_t)rm;
        fp_exec_enter(e.fast);
        for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
            const Row *r = &rows[i];
            compare_corners(&e, r, rm, r->width == 0 ? ti : r->width == 32 ? t32 : t64);
            for (unsigned n = 0; n < 20000; n++) {
                uint64_t x[3];
                for (unsigned k = 0; k < 3; k++) {
                    x[k] = random_operand(r->width);
                }
                compare(e.fast, e.exact, r, rm, x);
            }
        }
        fp_exec_leave(e.fast);
    }
    g_array_unref(t32);
    g_array_unref(t64);
    g_array_unref(ti);
    g_free(e.fast);
    g_free(e.exact);
}

/* ---- Known answers ---- */

typedef struct Known {
    const char *op;
    uint64_t x[3];
    uint64_t result[5]; /* by rounding mode */
    unsigned flags;
    unsigned other_modes, other_flags; /* the modes (by bit) whose flags differ, and theirs */
} Known;

#define ALL(v) { v, v, v, v, v }
#define QNAN 0x7ff8000000000000
#define SNAN 0x7ff4000000000000
#define INF 0x7ff0000000000000
#define LARGEST 0x7fefffffffffffff
#define ONE 0x3ff0000000000000
#define NEG 0x8000000000000000

static const Known known[] = {
    { "add64", { ONE, ONE }, ALL(0x4000000000000000), 0 },
    { "add64", { ONE, 0x3c90000000000000 }, /* 1 + 2^-54: less than half a unit */
      { ONE, ONE, ONE, ONE + 1, ONE }, FP_NX },
    { "add64", { ONE, 0x3ca0000000000000 }, /* 1 + 2^-53: half a unit */
      { ONE, ONE, ONE, ONE + 1, ONE + 1 }, FP_NX },
    { "add64", { ONE | NEG, 0xbca0000000000000 },
      { ONE | NEG, ONE | NEG, (ONE | NEG) + 1, ONE | NEG, (ONE | NEG) + 1 }, FP_NX },
    { "add64", { ONE, ONE | NEG }, { 0, 0, NEG, 0, 0 }, 0 },
    { "sub64", { INF, INF }, ALL(QNAN), FP_NV },
    { "add64", { LARGEST, LARGEST }, { INF, LARGEST, LARGEST, INF, INF }, FP_OF | FP_NX },
    { "add64", { QNAN | NEG | 5, ONE }, ALL(QNAN), 0 },
    { "add64", { SNAN, ONE }, ALL(QNAN), FP_NV },
    { "mul64", { INF, 0 }, ALL(QNAN), FP_NV },
    /* The smallest normal times (1 - 2^-53): rounds up to it, and is not tiny only where rounding
     * with an unbounded exponent gets there too. */
    { "mul64", { 0x0010000000000000, 0x3fefffffffffffff },
      { 0x0010000000000000, 0x000fffffffffffff, 0x000fffffffffffff, 0x0010000000000000,
        0x0010000000000000 }, FP_UF | FP_NX },
    { "mul64", { 1, 1 }, { 0, 0, 0, 1, 0 }, FP_UF | FP_NX },
    { "mul64", { 1, 0x3fe0000000000000 }, { 0, 0, 0, 1, 1 }, FP_UF | FP_NX },
    { "div64", { ONE, 0 }, ALL(INF), FP_DZ },
    { "div64", { ONE | NEG, 0 }, ALL(INF | NEG), FP_DZ },
    { "div64", { 0, 0 }, ALL(QNAN), FP_NV },
    { "div64", { ONE, 0x4008000000000000 }, /* 1/3 */
      { 0x3fd5555555555555, 0x3fd5555555555555, 0x3fd5555555555555, 0x3fd5555555555556,
        0x3fd5555555555555 }, FP_NX },
    { "sqrt64", { 0x4000000000000000 },
      { 0x3ff6a09e667f3bcd, 0x3ff6a09e667f3bcc, 0x3ff6a09e667f3bcc, 0x3ff6a09e667f3bcd,
        0x3ff6a09e667f3bcd }, FP_NX },
    { "sqrt64", { NEG }, ALL(NEG), 0 },
    { "sqrt64", { ONE | NEG }, ALL(QNAN), FP_NV },
    { "fmadd64", { INF, 0, QNAN }, ALL(QNAN), FP_NV },
    { "fmadd64", { ONE, ONE, ONE | NEG }, { 0, 0, NEG, 0, 0 }, 0 },
    { "fnmadd64", { ONE, ONE, ONE }, ALL(0xc000000000000000), 0 },
    { "fnmsub64", { ONE, ONE, ONE }, { 0, 0, NEG, 0, 0 }, 0 },
    { "fmsub64", { ONE + 1, ONE + 1, ONE + 2 }, ALL(0x3970000000000000), 0 }, /* 2^-104 */
    { "min64", { 0, NEG }, ALL(NEG), 0 },
    { "max64", { NEG, 0 }, ALL(0), 0 },
    { "min64", { SNAN, ONE }, ALL(ONE), FP_NV },
    { "max64", { ONE, QNAN }, ALL(ONE), 0 },
    { "max64", { QNAN | NEG, QNAN | 1 }, ALL(QNAN), 0 },
    { "eq64", { QNAN, QNAN }, ALL(0), 0 },
    { "eq64", { SNAN, ONE }, ALL(0), FP_NV },
    { "eq64", { 0, NEG }, ALL(1), 0 },
    { "lt64", { QNAN, ONE }, ALL(0), FP_NV },
    { "lt64", { NEG, 0 }, ALL(0), 0 },
    { "le64", { 0, NEG }, ALL(1), 0 },
    { "le64", { ONE, ONE | NEG }, ALL(0), 0 },
    { "to_i32_64", { QNAN | NEG }, ALL(0x7fffffff), FP_NV },
    { "to_i32_64", { INF | NEG }, ALL(0xffffffff80000000), FP_NV },
    { "to_i32_64", { 0xc1e0000000000000 }, ALL(0xffffffff80000000), 0 },
    { "to_i32_64", { 0x41e0000000000000 }, ALL(0x7fffffff), FP_NV },
    { "to_i32_64", { 0x4004000000000000 }, { 2, 2, 2, 3, 3 }, FP_NX },
    { "to_i32_64", { 0xc004000000000000 },
      { (uint64_t)-2, (uint64_t)-2, (uint64_t)-3, (uint64_t)-2, (uint64_t)-3 }, FP_NX },
    { "to_u32_64", { 0xbfe0000000000000 | 1 }, /* just beyond -0.5 */
      ALL(0), FP_NX, 1 << FP_RNE | 1 << FP_RDN | 1 << FP_RMM, FP_NV },
    { "to_u32_64", { 0x41efffffffe00000 }, ALL(0xffffffffffffffff), 0 },
    { "to_u64_64", { 0xbff0000000000000 }, ALL(0), FP_NV },
    { "to_u64_64", { 0x43f0000000000000 }, ALL(0xffffffffffffffff), FP_NV },
    { "to_u64_64", { 0x43e0000000000000 }, ALL(NEG), 0 },
    { "to_i64_64", { 0x43e0000000000000 }, ALL(0x7fffffffffffffff), FP_NV },
    { "from_u64_32", { 0xffffffffffffffff },
      { 0x5f800000, 0x5f7fffff, 0x5f7fffff, 0x5f800000, 0x5f800000 }, FP_NX },
    { "from_i64_64", { 0x0020000000000001 }, /* 2^53 + 1 */
      { 0x4340000000000000, 0x4340000000000000, 0x4340000000000000, 0x4340000000000001,
        0x4340000000000001 }, FP_NX },
    { "widen", { 0x7fa00000 }, ALL(QNAN), FP_NV },
    { "widen", { 0x00000001 }, ALL(0x36a0000000000000), 0 },
    { "narrow", { 0xfff8000000000001 }, ALL(0x7fc00000), 0 },
    { "narrow", { LARGEST }, { 0x7f800000, 0x7f7fffff, 0x7f7fffff, 0x7f800000, 0x7f800000 },
      FP_OF | FP_NX },
    { "narrow", { 0x380fffffffffffff }, /* just below the smallest normal */
      { 0x00800000, 0x007fffff, 0x007fffff, 0x00800000, 0x00800000 },
      FP_NX, 1 << FP_RTZ | 1 << FP_RDN, FP_UF | FP_NX },
};

static const Row *row_by_name(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    g_assert_not_reached();
}

static void check_known(CPURISCVState *env, const Known *k, unsigned rm)
{
    Result r = run(env, row_by_name(k->op), rm, true, k->x);
    unsigned flags = k->other_modes >> rm & 1 ? k->other_flags : k->flags;

    if (r.value != k->result[rm] || r.flags != flags) {
        g_test_message("%s rm %u of %" PRIx64 " %" PRIx64 " %" PRIx64 ": %" PRIx64
                       " flags %x, expected %" PRIx64 " flags %x", k->op, rm, k->x[0], k->x[1],
                       k->x[2], r.value, r.flags, k->result[rm], flags);
        g_test_fail();
    }
}

static void test_known(void)
{
    CPURISCVState *env = g_new0(CPURISCVState, 1);

    for (unsigned rm = FP_RNE; rm <= FP_RMM; rm++) {
        for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
            check_known(env, &known[i], rm);
        }
        fp_set_frm(env, rm);
        fp_exec_enter(env);
        for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
            check_known(env, &known[i], rm);
        }
        fp_exec_leave(env);
    }
    g_free(env);
}

/* Numbers of 16 bits are few enough to try all of them by way of a wider format. */
static void test_half(void)
{
    for (unsigned rm = FP_RNE; rm <= FP_RMM; rm++) {
        for (unsigned a = 0; a < 0x10000; a++) {
            FpEnv e = { .rm = rm };
            uint64_t wide = ieee_convert(&fp_binary64, &fp_binary16, a, &e);
            uint64_t back = ieee_convert(&fp_binary16, &fp_binary64, wide, &e);
            bool nan = (a & 0x7fff) > 0x7c00;
            g_assert_cmphex(back, ==, nan ? 0x7e00 : a);
            g_assert_cmphex(e.flags, ==, nan && !(a & 0x200) ? FP_NV : 0);
            /* A product of two halves is exact in binary64. */
            uint64_t b = random64() & 0xffff;
            FpEnv direct = { .rm = rm }, around = { .rm = rm };
            uint64_t wide_b = ieee_convert(&fp_binary64, &fp_binary16, b, &around);
            wide = ieee_convert(&fp_binary64, &fp_binary16, a, &around);
            wide = ieee_mul(&fp_binary64, wide, wide_b, &around);
            g_assert_cmphex(ieee_mul(&fp_binary16, a, b, &direct), ==,
                            ieee_convert(&fp_binary16, &fp_binary64, wide, &around));
            g_assert_cmphex(direct.flags, ==, around.flags);
        }
    }
}

static void test_class(void)
{
    const struct { uint64_t v; unsigned bit; } t[] = {
        { INF | NEG, 0 }, { ONE | NEG, 1 }, { NEG | 1, 2 }, { NEG, 3 }, { 0, 4 }, { 1, 5 },
        { 0x000fffffffffffff, 5 }, { 0x0010000000000000, 6 }, { LARGEST, 6 }, { INF, 7 }, { SNAN, 8 },
        { INF + 1, 8 }, { QNAN, 9 }, { QNAN | NEG, 9 },
    };
    for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
        g_assert_cmphex(ieee_class(&fp_binary64, t[i].v), ==, 1u << t[i].bit);
    }
    g_assert_cmphex(ieee_class(&fp_binary32, 0x7f800001), ==, 1 << 8);
    g_assert_cmphex(ieee_class(&fp_binary32, 0x80000000), ==, 1 << 3);
    g_assert_cmphex(fp_unbox32(0xffffffff3f800000), ==, 0x3f800000);
    g_assert_cmphex(fp_unbox32(0xfffffffe3f800000), ==, 0x7fc00000);
}

/* Flags accrue across operations, survive a change of frm and of ownership, and go when written. */
static void test_flags(void)
{
    CPURISCVState *env = g_new0(CPURISCVState, 1);
    TCGOp dyn = { .aux = FP_DYN };

    fp_set_fflags(env, FP_OF);
    fp_exec_enter(env);
    t_div64(env, &dyn, ONE, 0, 0);
    g_assert_cmphex(fp_get_fflags(env), ==, FP_OF | FP_DZ);
    t_div64(env, &dyn, ONE, 0x4008000000000000, 0);
    fp_set_frm(env, FP_RUP);
    g_assert_cmphex(t_div64(env, &dyn, ONE, 0x4008000000000000, 0), ==, 0x3fd5555555555556);
    fp_exec_leave(env);
    g_assert_cmphex(env->fflags, ==, FP_OF | FP_DZ | FP_NX);
    fp_exec_enter(env);
    fp_set_fflags(env, 0);
    g_assert_cmphex(fp_get_fflags(env), ==, 0);
    t_sqrt64(env, &dyn, ONE | NEG, 0, 0);
    g_assert_cmphex(fp_get_fflags(env), ==, FP_NV);
    fp_exec_leave(env);
    /* The host is as it was. */
    volatile double one = 1, three = 3;
    double third = one / three;
    g_assert_cmpint(memcmp(&third, &(uint64_t){ 0x3fd5555555555555 }, 8), ==, 0);
    g_free(env);
}

/* A narrow operand that is not boxed is a NaN to the short form as well. */
static void test_unboxed(void)
{
    CPURISCVState *env = g_new0(CPURISCVState, 1);
    TCGOp dyn = { .aux = FP_DYN };
    uint64_t bad = 0x000000003f800000, good = fp_box32(0x3f800000), d = 0;

    fp_exec_enter(env);
    g_assert_false(fp_try_add32(env, &dyn, &d, &good, &bad));
    g_assert_false(fp_try_fmadd32(env, &dyn, &d, &good, &good, &bad));
    g_assert_false(fp_try_eq32(env, &dyn, &d, &bad, &bad));
    g_assert_false(fp_try_to_i32_32(env, &dyn, &d, &bad));
    fp_exact_to_i32_32(env, &dyn, &d, &bad);
    g_assert_cmphex(d, ==, 0x7fffffff);
    fp_exact_max32(env, &dyn, &d, &bad, &good);
    g_assert_cmphex(d, ==, good);
    fp_exec_leave(env);
    g_free(env);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fpu/known", test_known);
    g_test_add_func("/fpu/class", test_class);
    g_test_add_func("/fpu/half", test_half);
    g_test_add_func("/fpu/flags", test_flags);
    g_test_add_func("/fpu/unboxed", test_unboxed);
    g_test_add_func("/fpu/fast", test_fast);
    return g_test_run();
}
