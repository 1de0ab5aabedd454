/*
 * The lowerings of vectors: every integer operation and comparison of the list, on each width and several
 * lengths, with and without a mask and a shorter vl, against the same done element by element. Floating point
 * and memory are compared by random programs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/jit-rig.h"

#define BYTES IR_VEC_BYTES /* of a register group */

typedef struct Env {
    CPUTCGState tcg;
    uint64_t started;     /* vstart of the last body */
    uint64_t x[33], f[32];
    uint64_t vl, vstart;
    uint32_t attention, bodies;
    uint8_t v[4][BYTES]; /* v0, d, a, b */
} Env;

typedef struct Fixture {
    Jit *j;
    Region *r;
    Env *env;
    TranslationBlock *tb;
} Fixture;

enum { SCALAR = 10 }; /* a variable */

static const TCGOp *body_fn(CPUArchState *env, const TCGOp *op)
{
    ((Env *)env)->bodies++;
    ((Env *)env)->started = ((Env *)env)->vstart;
    ((Env *)env)->vstart = 0;
    return op + 1;
}

static TCGOpFn body(const TCGOp *op)
{
    return body_fn;
}

static const TCGJitOps model = {
    .body = body,
    .x_offset = offsetof(Env, x),
    .f_offset = offsetof(Env, f),
};

static bool set_up(Fixture *f)
{
    f->j = jit_rig_new(&model, offsetof(Env, attention), true);
    if (!f->j)
        return false;
    f->r = g_new0(Region, 1);
    f->env = g_new0(Env, 1);
    f->tb = jit_rig_tb(0);
    return true;
}

static void tear_down(Fixture *f)
{
    jit_rig_free(f->j);
    g_free(f->r);
    g_free(f->env);
    g_free(f->tb);
}

static const void *compile_all(Fixture *f, const IRVec *v, unsigned count, unsigned a)
{
    IRBuilder b = jit_rig_begin(f->j, f->r, f->tb);

    jit_rig_block(&b, f->tb);
    for (unsigned n = 0; n < count; n++)
        ir_vector(&b, &v[n], JIT_NONE, a);
    ir_append(&b, IR_interpret);
    return jit_rig_finish(f->j, f->r, false);
}

static const void *compile(Fixture *f, const IRVec *v, unsigned a)
{
    return compile_all(f, v, 1, a);
}

static uint64_t get(const uint8_t *p, unsigned size, unsigned i)
{
    uint64_t v = 0;

    memcpy(&v, p + (i << size), 1u << size);
    return v;
}

static int64_t extend(uint64_t v, unsigned size)
{
    return sextract64(v, 0, 8u << size);
}

/* One element; for comparisons a bit. */
static uint64_t one(unsigned op, unsigned size, uint64_t d, uint64_t a, uint64_t b)
{
    unsigned bits = 8u << size, n = b & (bits - 1);
    int64_t sa = extend(a, size), sb = extend(b, size);

    switch (op) {
    case IRV_add: return a + b;
    case IRV_sub: return a - b;
    case IRV_rsub: return b - a;
    case IRV_and: return a & b;
    case IRV_or: return a | b;
    case IRV_xor: return a ^ b;
    case IRV_minu: return MIN(a, b);
    case IRV_min: return (uint64_t)MIN(sa, sb);
    case IRV_maxu: return MAX(a, b);
    case IRV_max: return (uint64_t)MAX(sa, sb);
    case IRV_mul: return a * b;
    case IRV_mulh: return (uint64_t)((__int128)sa * sb >> bits);
    case IRV_mulhu: return (uint64_t)((unsigned __int128)a * b >> bits);
    case IRV_sll: return a << n;
    case IRV_srl: return a >> n;
    case IRV_sra: return (uint64_t)(sa >> n);
    case IRV_macc: return d + a * b;
    case IRV_nmsac: return d - a * b;
    case IRV_madd: return a + d * b;
    case IRV_nmsub: return a - d * b;
    case IRV_seq: return a == b;
    case IRV_sne: return a != b;
    case IRV_sltu: return a < b;
    case IRV_slt: return sa < sb;
    case IRV_sleu: return a <= b;
    case IRV_sle: return sa <= sb;
    case IRV_sgtu: return a > b;
    case IRV_sgt: return sa > sb;
    case IRV_mov: return b;
    default: g_assert_not_reached();
    }
}

static bool is_compare(unsigned op)
{
    return op >= IRV_seq && op <= IRV_sgt;
}

static void expect(const Env *before, const IRVec *v, unsigned vl, uint8_t *want)
{
    memcpy(want, before->v[1], BYTES);
    for (unsigned i = 0; i < MIN(vl, v->n); i++) {
        uint64_t b = v->from == IRV_REG   ? get(before->v[3], v->size, i)
                     : v->from == IRV_IMM ? (uint64_t)v->imm
                                          : before->x[SCALAR];
        uint64_t r;

        if (v->masked && !(before->v[0][i / 8] >> (i & 7) & 1))
            continue;
        if (v->size < 3)
            b &= (1ULL << (8u << v->size)) - 1;
        r = one(v->op, v->size, get(before->v[1], v->size, i), get(before->v[2], v->size, i), b);
        if (is_compare(v->op))
            want[i / 8] = (uint8_t)((want[i / 8] & ~(1u << (i & 7))) | (unsigned)r << (i & 7));
        else
            memcpy(want + (i << v->size), &r, 1u << v->size);
    }
}

/* Random bytes, many of them at the ends of what there is. */
static void fill(uint8_t *p)
{
    static const uint8_t corners[] = { 0, 1, 0x7f, 0x80, 0xff };

    for (unsigned i = 0; i < BYTES; i++)
        p[i] = g_test_rand_int() & 1 ? corners[g_test_rand_int_range(0, 5)] : (uint8_t)g_test_rand_int();
}

static void check(Fixture *f, const IRVec *v)
{
    const void *code = compile(f, v, v->from == IRV_INT ? SCALAR : JIT_NONE);
    uint8_t want[BYTES];

    for (unsigned round = 0; round < 6; round++) {
        Env before;

        for (unsigned n = 0; n < 4; n++)
            fill(f->env->v[n]);
        f->env->x[SCALAR] = get(f->env->v[3], 3, 0);
        f->env->vl = v->vl ? (round & 1 ? v->n : (unsigned)g_test_rand_int_range(0, (int)v->n + 1)) : 1;
        before = *f->env;
        expect(&before, v, v->vl ? (unsigned)before.vl : v->n, want);
        f->j->backend->run(f->j, (CPUArchState *)f->env, code);
        g_assert_cmpuint(f->env->bodies, ==, 0);
        if (memcmp(want, f->env->v[1], BYTES))
            g_error("%s, %u elements of %u bytes, b is %u, masked %d, vl %u", ir_vec_name(v->op), v->n,
                    1u << v->size, v->from, v->masked, (unsigned)before.vl);
        g_assert_cmpmem(before.v[2], 2 * BYTES, f->env->v[2], 2 * BYTES);
    }
}

static void test_integers(void)
{
    static const uint16_t lengths[] = { 8, 16, 32, 48, 64, BYTES };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned op = IRV_add; op <= IRV_mov; op++)
        for (unsigned how = 0; how < 4 * 3 * 4 * G_N_ELEMENTS(lengths); how++) {
            IRVec v = {
                .op = (uint8_t)op, .size = how & 3, .from = (uint8_t)(how / 4 % 3 == 2 ? IRV_IMM : how / 4 % 3),
                .masked = how / 12 & 1, .n = lengths[how / 48] >> (how & 3),
                .mask = offsetof(Env, v), .d = offsetof(Env, v[1]), .a = offsetof(Env, v[2]),
                .b = offsetof(Env, v[3]), .vl_offset = offsetof(Env, vl),
                .start_offset = offsetof(Env, vstart), .imm = (int)(how % 31) - 15,
            };
            if (how / 24 & 1)
                v.vl = v.n;
            if (how & 4)
                v.likely = v.n / 2;
            if (v.n && f.j->backend->has_vector(&v))
                check(&f, &v);
        }
    tear_down(&f);
}

/* ---- Several in one block, which keeps pieces in registers ---- */

enum { CHAIN = 8 };

static IRVec random_op(unsigned vl)
{
    IRVec v = {
        .op = (uint8_t)g_test_rand_int_range(IRV_add, IRV_mov + 1), .size = (uint8_t)g_test_rand_int_range(0, 4),
        .from = g_test_rand_int_range(0, 3) ? IRV_REG : IRV_IMM, .masked = g_test_rand_int_range(0, 4) == 0,
        .mask = offsetof(Env, v), .vl_offset = offsetof(Env, vl), .start_offset = offsetof(Env, vstart),
        .imm = g_test_rand_int_range(-16, 16),
    };
    uint32_t *reg[] = { &v.d, &v.a, &v.b };

    for (unsigned n = 0; n < 3; n++)
        *reg[n] = (uint32_t)offsetof(Env, v[g_test_rand_int_range(1, 4)]);
    v.n = (g_test_rand_bit() ? BYTES : 16u << g_test_rand_int_range(0, 4)) >> v.size;
    if (is_compare(v.op))
        v.d = v.mask;
    if (vl <= v.n && g_test_rand_bit()) { /* it is never more than fits */
        v.vl = v.n;
        v.likely = g_test_rand_bit() ? MIN(vl, v.n) : 0;
    }
    return v;
}

/* The operation in the state itself; operands lie in front of or at the result. */
static void apply(Env *env, const IRVec *v)
{
    Env was = *env;
    const uint8_t *a = (const uint8_t *)&was + v->a, *b = (const uint8_t *)&was + v->b;
    uint8_t *d = (uint8_t *)env + v->d;

    for (unsigned i = 0; i < (v->vl ? MIN(env->vl, v->n) : v->n); i++) {
        uint64_t y = v->from == IRV_REG ? get(b, v->size, i) : (uint64_t)v->imm, r;

        if (v->masked && !(was.v[0][i / 8] >> (i & 7) & 1))
            continue;
        if (v->size < 3)
            y &= (1ULL << (8u << v->size)) - 1;
        r = one(v->op, v->size, get(d, v->size, i), get(a, v->size, i), y);
        if (is_compare(v->op))
            d[i / 8] = (uint8_t)((d[i / 8] & ~(1u << (i & 7))) | (unsigned)r << (i & 7));
        else
            memcpy(d + (i << v->size), &r, 1u << v->size);
    }
}

static void test_chains(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned round = 0; round < 2000; round++) {
        unsigned vl = (unsigned)g_test_rand_int_range(0, round & 1 ? 20 : BYTES + 1);
        IRVec v[CHAIN];
        Env want;

        for (unsigned n = 0; n < CHAIN; n++) {
            do
                v[n] = random_op(vl);
            while (!f.j->backend->has_vector(&v[n]));
        }
        for (unsigned n = 0; n < 4; n++)
            fill(f.env->v[n]);
        f.env->vl = vl;
        want = *f.env;
        for (unsigned n = 0; n < CHAIN; n++)
            apply(&want, &v[n]);
        f.j->backend->run(f.j, (CPUArchState *)f.env, compile_all(&f, v, CHAIN, JIT_NONE));
        g_assert_cmpuint(f.env->bodies, ==, 0);
        g_assert_cmpmem(want.v, sizeof(want.v), f.env->v, sizeof(want.v));
    }
    tear_down(&f);
}

/* A NaN as an addend: the body begins with the pieces that are not written, those before it are. */
static void test_nan_addend(void)
{
    static const uint64_t nan = 0x7ff8000000000001, two = 0x4000000000000000, six = 0x4018000000000000;
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned at = 0; at < BYTES / 8; at++) {
        IRVec v = {
            .op = IRV_fmacc, .size = 3, .n = BYTES / 8, .from = IRV_REG, .mask = offsetof(Env, v),
            .d = offsetof(Env, v[1]), .a = offsetof(Env, v[2]), .b = offsetof(Env, v[3]),
            .vl_offset = offsetof(Env, vl), .start_offset = offsetof(Env, vstart),
        };
        for (unsigned n = 1; n < 4; n++)
            for (unsigned i = 0; i < BYTES / 8; i++)
                memcpy(f.env->v[n] + 8 * i, n == 1 && i == at ? &nan : &two, 8);
        f.env->bodies = 0;
        f.j->backend->run(f.j, (CPUArchState *)f.env, compile(&f, &v, JIT_NONE));
        g_assert_cmpuint(f.env->bodies, ==, 1);
        g_assert_cmpuint(f.env->started, <=, at);
        for (unsigned i = 0; i < BYTES / 8; i++)
            g_assert_cmphex(get(f.env->v[1], 3, i), ==, i < f.env->started ? six : i == at ? nan : two);
    }
    tear_down(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jit-vec/integers", test_integers);
    g_test_add_func("/jit-vec/chains", test_chains);
    g_test_add_func("/jit-vec/nan-addend", test_nan_addend);
    return g_test_run();
}
