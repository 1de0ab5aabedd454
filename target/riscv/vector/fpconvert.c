/*
 * Conversions between floating point and integers, and between widths.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/fp.h"

/* To an integer of any width, saturated, with only NV raised then. */
static uint64_t to_int(const FpFormat *f, uint64_t a, unsigned bits, bool sign, FpEnv *e)
{
    FpEnv mine = { .rm = e->rm };
    uint64_t r;

    if (bits >= 32) {
        return ieee_to_int(f, a, bits, sign, e);
    }
    r = ieee_to_int(f, a, 32, sign, &mine);
    if (sign) {
        int64_t high = (1 << (bits - 1)) - 1, v = (int32_t)r;
        if (v > high || v < -high - 1) {
            mine.flags = FP_NV;
            r = (uint64_t)(v > high ? high : -high - 1);
        }
    } else if ((uint32_t)r >> bits) {
        mine.flags = FP_NV;
        r = (1u << bits) - 1;
    }
    e->flags |= mine.flags;
    return r;
}

typedef enum Kind { TO_INT, FROM_INT, FLOAT, FLOAT_ODD } Kind;

/* To odd: truncated, and the lowest bit set if that lost anything. */
static uint64_t convert(const FpFormat *to, const FpFormat *from, uint64_t a, bool odd, FpEnv *e)
{
    FpEnv mine = { .rm = odd ? FP_RTZ : e->rm };
    uint64_t r = ieee_convert(to, from, a, &mine);

    if (odd && (mine.flags & FP_NX))
        r |= 1;
    e->flags |= mine.flags;
    return r;
}

/* Widths in log2 of bytes. */
typedef struct Conversion {
    Kind kind;
    bool sign;
    unsigned from, to;
} Conversion;

static uint64_t one(const Conversion *c, const void *src, unsigned i, FpEnv *e)
{
    uint64_t a = vec_get(src, c->from, i);

    switch (c->kind) {
    case TO_INT:
        return to_int(vec_format(c->from), a, 8u << c->to, c->sign, e);
    case FROM_INT:
        return c->sign ? ieee_from_i64(vec_format(c->to), vec_get_signed(src, c->from, i), e)
                       : ieee_from_u64(vec_format(c->to), a, e);
    default:
        return convert(vec_format(c->to), vec_format(c->from), a, c->kind == FLOAT_ODD, e);
    }
}

/* The frequent ones on the host's FPU. */
#define QUICK(test, what)                                                                   \
    if (test) {                                                                             \
        for (unsigned i = start; i < n; i++) {                                              \
            uint64_t a, d = 0;                                                              \
            if (!vec_active(env, op, i))                                                    \
                continue;                                                                   \
            a = c->kind == FROM_INT ? (uint64_t)vec_get_signed(VRS2, c->from, i)            \
                                    : vec_fp_get(VRS2, c->from, i);                         \
            if (!fp_try_##what(env, &v, &d, &a))                                            \
                fp_exact_##what(env, &v, &d, &a);                                           \
            vec_put(VRD, c->to, i, d);                                                      \
        }                                                                                   \
        return true;                                                                        \
    }

static bool quick(CPURISCVState *env, const TCGOp *op, const Conversion *c, unsigned rm)
{
    TCGOp v = vec_rounding(op, rm);
    unsigned start = (unsigned)env->vstart, n = (unsigned)env->vl;
    bool same32 = c->from == 2 && c->to == 2, same64 = c->from == 3 && c->to == 3;

    QUICK(c->kind == TO_INT && same32 && c->sign, to_i32_32)
    QUICK(c->kind == TO_INT && same64 && c->sign, to_i64_64)
    QUICK(c->kind == FROM_INT && same32 && c->sign, from_i32_32)
    QUICK(c->kind == FROM_INT && same64 && c->sign, from_i64_64)
    QUICK(c->kind == FLOAT && c->from == 2 && c->to == 3, widen)
    QUICK(c->kind == FLOAT && c->from == 3 && c->to == 2, narrow)
    QUICK(c->kind == FROM_INT && c->sign && c->from == 2 && c->to == 3, from_i32_64)
    QUICK(c->kind == TO_INT && c->sign && c->from == 3 && c->to == 2, to_i32_64)
    return false;
}

/* diff: how much wider the result is, in powers of two. rm: FP_DYN or FP_RTZ. */
static void run(CPURISCVState *env, const TCGOp *op, Kind kind, bool sign, int diff, unsigned rm)
{
    int lmul = env->vcfg.lmul, slmul = diff < 0 ? lmul + 1 : lmul, dlmul = diff > 0 ? lmul + 1 : lmul;
    unsigned sew = env->vcfg.sew;
    Conversion c = { kind, sign, diff < 0 ? sew + 1 : sew, diff > 0 ? sew + 1 : sew };
    FpEnv e = { .rm = rm == FP_DYN ? env->frm : rm };

    vec_require(env, op, env->vcfg.vlmax && env->frm <= FP_RMM && MAX(c.from, c.to) <= 3 &&
                             vec_aligned(op->rd, dlmul) && vec_mask_ok(op, op->rd) &&
                             vec_aligned(op->rs2, slmul) && vec_mask_ok(op, op->rs2) &&
                             vec_dest_ok(op->rd, dlmul, c.to, op->rs2, slmul, c.from));
    if (kind != FROM_INT)
        vec_require(env, op, (env->vcfg.fp >> c.from & 1) ||
                                 (kind == FLOAT && c.from == 1 && riscv_ext_on(env, EXT_ZVFHMIN)));
    if (kind != TO_INT)
        vec_require(env, op, (env->vcfg.fp >> c.to & 1) ||
                                 (kind == FLOAT && c.to == 1 && riscv_ext_on(env, EXT_ZVFHMIN)));
    vec_require(env, op, MAX(c.from, c.to) < 3 || riscv_ext_on(env, EXT_ZVE64X));
    if (!quick(env, op, &c, rm)) {
        for (unsigned i = (unsigned)env->vstart; i < env->vl; i++)
            if (vec_active(env, op, i))
                vec_put(VRD, c.to, i, one(&c, VRS2, i, &e));
        env->fflags |= (uint8_t)e.flags;
    }
    vec_done(env);
}

#define CONVERT(prefix, f, diff)                                                            \
    EXEC(prefix##_xu_f_##f) { run(env, op, TO_INT, false, diff, FP_DYN); }                  \
    EXEC(prefix##_x_f_##f) { run(env, op, TO_INT, true, diff, FP_DYN); }                    \
    EXEC(prefix##_rtz_xu_f_##f) { run(env, op, TO_INT, false, diff, FP_RTZ); }              \
    EXEC(prefix##_rtz_x_f_##f) { run(env, op, TO_INT, true, diff, FP_RTZ); }                \
    EXEC(prefix##_f_xu_##f) { run(env, op, FROM_INT, false, diff, FP_DYN); }                \
    EXEC(prefix##_f_x_##f) { run(env, op, FROM_INT, true, diff, FP_DYN); }
CONVERT(vfcvt, v, 0)
CONVERT(vfwcvt, v, 1)
CONVERT(vfncvt, w, -1)
EXEC(vfwcvt_f_f_v) { run(env, op, FLOAT, true, 1, FP_DYN); }
EXEC(vfncvt_f_f_w) { run(env, op, FLOAT, true, -1, FP_DYN); }
EXEC(vfncvt_rod_f_f_w) { run(env, op, FLOAT_ODD, true, -1, FP_DYN); }
