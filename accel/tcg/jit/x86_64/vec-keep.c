/*
 * Vectors: pieces of the guest's registers that a block keeps in registers of the host.
 *
 * Which piece is in which register is settled for a block before it is written: those that its operations name
 * most. What others than these read or write as a whole (masks, indices, operands of another width)
 * stays in the state. A piece is *valid* once its register holds it, and *dirty* while the state does not.
 *
 * State is precise where anybody may look: what leaves the block, and what calls C, stores dirty pieces
 * first, out of line; what comes back loads those that the code there counts on. A block that is a loop of its
 * own counts on all of them, from its second round on without a load.
 *
 * Registers are those of xmm6 to xmm15 that hold no scalar nor the count, and xmm16 to xmm31 where there is
 * AVX-512; what has no EVEX form copies from and to those.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/x86_64/vec.h"

enum { GRANULE = 16, GRANULES = 1024 };
enum Kind { NONE, WHOLE, UPPER, HALF, ELSEWHERE }; /* of 32 bytes the first half and the second; of 16 */

typedef struct Plan {
    uint32_t base;            /* offset of the first granule */
    uint8_t kind[GRANULES];
    bool written[GRANULES];
    uint16_t count[GRANULES];
} Plan;

/* ---- What a block does ---- */

static void elsewhere(Plan *p, uint32_t offset, uint32_t bytes)
{
    unsigned first = (offset - p->base) / GRANULE, last = (offset + bytes - 1 - p->base) / GRANULE;

    for (unsigned g = first; g <= last && g < GRANULES; g++) {
        unsigned kind = p->kind[g];
        p->kind[g] = ELSEWHERE;
        if (kind == WHOLE && g + 1 < GRANULES)
            p->kind[g + 1] = ELSEWHERE;
        else if (kind == UPPER)
            p->kind[g - 1] = ELSEWHERE;
    }
}

static void piece(Plan *p, uint32_t offset, unsigned l, bool write)
{
    unsigned g = (offset - p->base) / GRANULE, kind;

    if (g + 1 >= GRANULES)
        return;
    kind = p->kind[g];
    if ((offset - p->base) % GRANULE || (kind != NONE && kind != (l ? WHOLE : HALF)) ||
        (l && kind == NONE && p->kind[g + 1] != NONE)) {
        elsewhere(p, offset, l ? 32 : 16);
        return;
    }
    p->kind[g] = l ? WHOLE : HALF;
    if (l)
        p->kind[g + 1] = UPPER;
    p->count[g]++;
    p->written[g] |= write;
}

static void pieces(Plan *p, const VecEmit *x, uint32_t offset, bool write)
{
    for (unsigned k = 0; k < x->n_pieces; k++) {
        Piece s = vec_piece(x, k);
        piece(p, offset + s.at, s.l, write);
    }
}

static void look_at(Plan *p, const VecEmit *x, const VecUse *u)
{
    const IRVec *v = x->v;
    uint32_t all = MAX(v->n << v->size, 32u);

    if (u->mask)
        elsewhere(p, v->mask, 32);
    if (u->d)
        u->d == VEC_PIECES ? pieces(p, x, v->d, true) : elsewhere(p, v->d, all);
    if (u->a)
        u->a == VEC_PIECES ? pieces(p, x, v->a, false) : elsewhere(p, v->a, MAX(all, v->n * 8));
    if (u->b)
        u->b == VEC_PIECES ? pieces(p, x, v->b, false) : elsewhere(p, v->b, all);
}

static uint32_t lowest(const VecEmit *x, const VecUse *u, uint32_t low)
{
    const IRVec *v = x->v;

    low = u->mask ? MIN(low, v->mask) : low;
    low = u->d ? MIN(low, v->d) : low;
    low = u->a ? MIN(low, v->a) : low;
    return u->b ? MIN(low, v->b) : low;
}

/* ---- Registers ---- */

static uint32_t free_registers(const Emit *e)
{
    uint32_t regs = 0;

    for (unsigned h = XMM_FIRST_VECTORS; h < X86_REGS; h++)
        regs |= e->fvar[h] == JIT_NONE && h != e->count ? 1u << h : 0;
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        regs |= 0xffff0000;
    return regs;
}

static void assign(Emit *e, Plan *p, X86KeepMap *m)
{
    for (uint32_t regs = free_registers(e); regs; regs &= regs - 1) {
        unsigned best = GRANULES, h = (unsigned)__builtin_ctz(regs);

        for (unsigned g = 0; g < GRANULES; g++) {
            if ((p->kind[g] == WHOLE || p->kind[g] == HALF) && p->count[g] > 1 &&
                (best == GRANULES || p->count[g] > p->count[best]))
                best = g;
        }
        if (best == GRANULES)
            break;
        m->regs |= 1u << h;
        m->written |= p->written[best] ? 1u << h : 0;
        m->wide |= p->kind[best] == WHOLE ? 1u << h : 0;
        m->offset[h] = p->base + best * GRANULE;
        p->kind[best] = ELSEWHERE;
    }
}

/* Whether the block leads back to itself, and calls nothing on the way. */
static bool own_loop(const Region *r, unsigned block)
{
    bool loop = false;

    for (unsigned n = 0; n < r->n_edges; n++)
        loop |= r->edges[n].block == (int)block && r->edges[n].from == block && r->edges[n].backward;
    for (unsigned k = r->blocks[block].first; k < r->blocks[block].end; k++)
        loop &= r->insns[k].op != IR_call;
    return loop;
}

static void plan(Emit *e, unsigned block, X86KeepMap *m)
{
    static const Plan none;
    Plan p = none;
    VecEmit x;
    VecUse u;

    p.base = UINT32_MAX;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned k = e->r->blocks[block].first; k < e->r->blocks[block].end; k++) {
            const IRInsn *i = &e->r->insns[k];
            if (i->op != IR_vector)
                continue;
            u = vec_use(&x, &e->r->vec[i->target]);
            if (pass == 0)
                p.base = lowest(&x, &u, p.base) & ~(uint32_t)(GRANULE - 1);
            else
                look_at(&p, &x, &u);
        }
    }
    assign(e, &p, m);
}

static int find(const Emit *e, uint32_t offset, unsigned l)
{
    const X86KeepMap *m = &e->keep[e->kept.block];

    for (uint32_t regs = e->kept.off ? 0 : m->regs; regs; regs &= regs - 1) {
        unsigned h = (unsigned)__builtin_ctz(regs);
        if (m->offset[h] == offset && (m->wide >> h & 1) == l)
            return (int)h;
    }
    return -1;
}

/* ---- Moving ---- */

static void from_env(Emit *e, unsigned h)
{
    const X86KeepMap *m = &e->keep[e->kept.block];

    asm_ymm_mem(&e->a, 0x6f, m->wide >> h & 1, h, ENV, (int32_t)m->offset[h]);
}

static void load_missing(Emit *e, uint32_t wanted)
{
    for (uint32_t regs = wanted & ~e->kept.valid; regs; regs &= regs - 1)
        from_env(e, (unsigned)__builtin_ctz(regs));
    e->kept.valid |= wanted;
}

void x86_keep_flush(Emit *e)
{
    const X86KeepMap *m = &e->keep[e->kept.block];

    for (uint32_t regs = e->kept.dirty; regs; regs &= regs - 1) {
        unsigned h = (unsigned)__builtin_ctz(regs);
        asm_ymm_mem(&e->a, 0x7f, m->wide >> h & 1, h, ENV, (int32_t)m->offset[h]);
    }
    e->kept.dirty = 0;
}

void x86_keep_lost(Emit *e)
{
    e->kept.valid = e->kept.dirty = 0;
}

void x86_keep_restore(Emit *e, const X86Kept *to)
{
    load_missing(e, to->valid);
}

bool x86_keep_enter(Emit *e, unsigned block)
{
    X86KeepMap *m = &e->keep[block];

    e->kept = (X86Kept){ .block = (uint8_t)block };
    memset(m, 0, sizeof(*m));
    if (!e->r->n_vecs)
        return false;
    plan(e, block, m);
    if (!m->regs || !own_loop(e->r, block))
        return false;
    m->loop = true;
    load_missing(e, m->regs);
    e->kept.dirty = m->written;
    return true;
}

bool x86_keep_loops(Emit *e, int block)
{
    const X86KeepMap *m = &e->keep[e->kept.block];

    if (block != e->kept.block || !m->loop) {
        x86_keep_flush(e);
        return false;
    }
    load_missing(e, m->regs);
    return true;
}

/* ---- For the lowerings ---- */

void v_load(VecEmit *x, unsigned l, unsigned d, uint32_t env_offset)
{
    int h = find(x->e, env_offset, l);

    if (h < 0) {
        asm_ymm_mem(x->a, 0x6f, l, d, ENV, (int32_t)env_offset);
        return;
    }
    load_missing(x->e, 1u << h);
    asm_ymm(x->a, l, d, (unsigned)h);
}

unsigned v_source_any(VecEmit *x, unsigned l, unsigned scratch, uint32_t env_offset)
{
    int h = find(x->e, env_offset, l);

    if (h >= 0) {
        load_missing(x->e, 1u << h);
        return (unsigned)h;
    }
    v_load(x, l, scratch, env_offset);
    return scratch;
}

unsigned v_source(VecEmit *x, unsigned l, unsigned scratch, uint32_t env_offset)
{
    unsigned h = v_source_any(x, l, scratch, env_offset);

    if (h < X86_REGS)
        return h;
    asm_ymm(x->a, l, scratch, h);
    return scratch;
}

unsigned v_target(VecEmit *x, unsigned l, unsigned scratch, uint32_t env_offset)
{
    int h = find(x->e, env_offset, l);

    if (h < 0)
        return scratch;
    x->e->kept.valid |= 1u << h;
    x->e->kept.dirty |= 1u << h;
    return (unsigned)h;
}

void v_store(VecEmit *x, unsigned l, uint32_t env_offset, unsigned s)
{
    unsigned h = v_target(x, l, s, env_offset);

    if (h != s)
        asm_ymm(x->a, l, h, s);
    else
        asm_ymm_mem(x->a, 0x7f, l, s, ENV, (int32_t)env_offset);
}
