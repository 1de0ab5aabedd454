/*
 * Masks, and instructions that are not the plain case.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

/* Eight bits to eight bytes of 0 or 255. */
static inline uint64_t spread(uint8_t bits)
{
    uint64_t v = (bits * 0x0101010101010101ULL) & 0x8040201008040201ULL;

    /* Each byte is 0 or one bit: the carry into bit 7 says which. */
    v = ((v + 0x7f7f7f7f7f7f7f7fULL) | v) & 0x8080808080808080ULL;
    return (v >> 7) * 255;
}

void vec_expand_mask(CPURISCVState *env, const TCGOp *op, uint8_t *m, unsigned n)
{
    const uint8_t *v0 = (const uint8_t *)env->vreg;
    unsigned start = (unsigned)MIN(env->vstart, n);

    if (UNMASKED(op)) {
        memset(m, 255, n);
    } else {
        for (unsigned i = 0; i < n; i += 8) {
            uint64_t v = spread(v0[i / 8]);
            memcpy(m + i, &v, 8);
        }
    }
    memset(m, 0, start);
}

void vec_blend(CPURISCVState *env, const TCGOp *op, void *d, const void *t, unsigned sew)
{
    uint64_t start = env->vstart, n = env->vl;
    VecBuf m;

    if (start >= n)
        return;
    if (UNMASKED(op)) {
        memcpy((uint8_t *)d + (start << sew), (const uint8_t *)t + (start << sew),
               (n - start) << sew);
        return;
    }
    vec_expand_mask(env, op, m, (unsigned)n);
    env->vk->blend[sew](d, t, m, n);
}

static inline uint8_t gather_bits(const uint8_t *t)
{
    uint64_t v;

    memcpy(&v, t, 8);
    return (uint8_t)((v & 0x0101010101010101ULL) * 0x0102040810204080ULL >> 56);
}

void vec_put_bits(CPURISCVState *env, const TCGOp *op, uint8_t *d, const uint8_t *t, bool masked)
{
    const uint8_t *v0 = (const uint8_t *)env->vreg;
    unsigned i = (unsigned)env->vstart, n = (unsigned)env->vl;

    for (; i < n; i += 8 - (i & 7)) {
        unsigned at = i / 8;
        uint8_t keep = (uint8_t)((1u << (i & 7)) - 1), take = gather_bits(t + at * 8);

        if (n - at * 8 < 8)
            keep |= (uint8_t)(0xffu << (n - at * 8));
        if (masked)
            keep |= (uint8_t)~v0[at];
        d[at] = (uint8_t)((d[at] & keep) | (take & ~keep));
    }
}

void vec_run_slow(CPURISCVState *env, const TCGOp *op, VecFn *fn, void *d, const void *a,
                  const void *b, unsigned dsew)
{
    VecBuf t;

    if (env->vstart >= env->vl)
        return;
    memcpy(t, d, env->vl << dsew);
    fn(t, a, b, env->vl);
    vec_blend(env, op, d, t, dsew);
}
